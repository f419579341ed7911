//! What the verifier will compute of the evaluations: whether the constraints hold.

use std::hash::Hash;

use ff::{Field, PrimeField};
use halo2_proofs::plonk::Expression;
use halo2curves::CurveAffine;

use crate::opening::Opened;
use crate::plan::Source;
use crate::proof::{Challenges, Circuit};
use crate::prover::Setup;

/// The values of columns at the point and its rotations.
pub(crate) struct Evaluations<'e, 'q, C: CurveAffine> {
    pub prover: &'e Setup<C>,
    pub opened: &'e Opened<'q, C::ScalarExt>,
    pub x: C::ScalarExt,
    /// Whether instance columns are opened.
    pub opens_instances: bool,
}

impl<C: CurveAffine> Evaluations<'_, '_, C>
where
    C::ScalarExt: Hash,
{
    pub fn at(&self, values: &[C::ScalarExt], rotation: i32) -> C::ScalarExt {
        self.opened.evaluation(values, rotation)
    }

    /// What the verifier expects the quotient times the vanishing polynomial to be.
    pub fn gates(
        &self,
        circuits: &[Circuit<C::ScalarExt>],
        challenges: &[C::ScalarExt],
        own: Challenges<C::ScalarExt>,
    ) -> C::ScalarExt {
        type F<C> = <C as CurveAffine>::ScalarExt;
        let Challenges {
            theta,
            beta,
            gamma,
            y,
        } = own;
        let prover = self.prover;
        let weights = self.opened.weights();
        let first = weights[0];
        let last = weights[prover.usable];
        let active: F<C> = weights[..prover.usable].iter().sum();
        let mut total = F::<C>::ZERO;
        for circuit in circuits {
            let value = |source: Source, rotation: i32| match source {
                Source::Fixed(column) => self.at(&prover.fixed[column], rotation),
                Source::Advice(column) => self.at(&circuit.advice[column], rotation),
                Source::Instance(column) => match self.opens_instances {
                    true => self.at(&circuit.instance[column], rotation),
                    false => self.opened.compute(&circuit.instance[column], rotation),
                },
            };
            let evaluate = |expression: &Expression<F<C>>| {
                expression.evaluate(
                    &|constant| constant,
                    &|_| unreachable!("a key has no selectors, but fixed columns"),
                    &|query| value(Source::Fixed(query.column_index()), query.rotation().0),
                    &|query| value(Source::Advice(query.column_index()), query.rotation().0),
                    &|query| value(Source::Instance(query.column_index()), query.rotation().0),
                    &|challenge| challenges[challenge.index()],
                    &|a| -a,
                    &|a, b| a + b,
                    &|a, b| a * b,
                    &|a, scale| a * scale,
                )
            };
            let mut add = |value: F<C>| total = total * y + value;
            for gate in prover.system().gates() {
                gate.polynomials().iter().for_each(|own| add(evaluate(own)));
            }
            let rotation = -(prover.system().blinding_factors() as i32 + 1);
            if let (Some(from), Some(to)) = (circuit.products.first(), circuit.products.last()) {
                add((F::<C>::ONE - self.at(&from.values, 0)) * first);
                let end = self.at(&to.values, 0);
                add((end.square() - end) * last);
                for pair in circuit.products.windows(2) {
                    let before = self.at(&pair[0].values, rotation);
                    add((self.at(&pair[1].values, 0) - before) * first);
                }
                let permutation = &prover.permutation;
                let mut name = beta * self.x;
                let sets = permutation.columns.chunks(permutation.set);
                let images = permutation.images.chunks(permutation.set);
                for ((sources, images), product) in sets.zip(images).zip(&circuit.products) {
                    let mut left = self.at(&product.values, 1);
                    let mut right = self.at(&product.values, 0);
                    for (source, images) in sources.iter().zip(images) {
                        // A column in the permutation is queried where it stands.
                        let cell = value(*source, 0) + gamma;
                        left *= cell + beta * self.at(images, 0);
                        right *= cell + name;
                        name *= F::<C>::DELTA;
                    }
                    add((left - right) * active);
                }
            }
            for (lookup, own) in prover.system().lookups().iter().zip(&circuit.lookups) {
                let [product, input, table] = &own.columns;
                let compressed =
                    [lookup.input_expressions(), lookup.table_expressions()].map(|own| {
                        own.iter()
                            .fold(F::<C>::ZERO, |sum, one| sum * theta + evaluate(one))
                    });
                let [z, a, s] = [product, input, table].map(|own| self.at(&own.values, 0));
                add((F::<C>::ONE - z) * first);
                add((z.square() - z) * last);
                let left = self.at(&product.values, 1) * (a + beta) * (s + gamma);
                let right = z * (compressed[0] + beta) * (compressed[1] + gamma);
                add((left - right) * active);
                add((a - s) * first);
                add((a - s) * (a - self.at(&input.values, -1)) * active);
            }
        }
        total
    }
}
