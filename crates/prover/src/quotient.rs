//! The quotient: columns on the cosets, and all constraints on a block of rows at a time.

use std::hash::Hash;

use ff::PrimeField;
use halo2curves::CurveAffine;
use rayon::prelude::*;

use crate::plan::{BLOCK, Columns};
use crate::proof::{Challenges, Circuit};
use crate::prover::{FixedOn, Setup};

/// The columns of a circuit as `n` times their coefficients, in bit-reversed order.
pub(crate) struct Coefficients<F> {
    advice: Vec<Vec<F>>,
    instance: Vec<Vec<F>>,
    products: Vec<Vec<F>>,
    lookups: Vec<Vec<F>>,
}

/// What `of` makes of each column's values.
pub(crate) fn columns<F: Send + Sync>(
    circuit: &Circuit<F>,
    of: impl Fn(&[F]) -> Vec<F> + Sync,
) -> Coefficients<F> {
    let each = |columns: &[Vec<F>]| columns.par_iter().map(|own| of(own)).collect();
    Coefficients {
        advice: each(&circuit.advice),
        instance: each(&circuit.instance),
        products: circuit
            .products
            .par_iter()
            .map(|own| of(&own.values))
            .collect(),
        lookups: circuit
            .lookups
            .par_iter()
            .flat_map_iter(|own| own.columns.iter().map(|own| of(&own.values)))
            .collect(),
    }
}

/// The columns' coefficients.
pub(crate) fn coefficients<C: CurveAffine>(
    prover: &Setup<C>,
    circuit: &Circuit<C::ScalarExt>,
) -> Coefficients<C::ScalarExt> {
    columns(circuit, |values| {
        let mut own = values.to_vec();
        prover.domain.interpolate(&mut own);
        own
    })
}

/// The columns on a coset, with no room for coefficients beside them.
pub(crate) fn columns_on<C: CurveAffine>(
    prover: &Setup<C>,
    circuit: &Circuit<C::ScalarExt>,
    fixed: &FixedOn<C::ScalarExt>,
) -> Coefficients<C::ScalarExt> {
    columns(circuit, |values| {
        let mut own = values.to_vec();
        prover.domain.interpolate(&mut own);
        prover.domain.evaluate_on_in_place(&fixed.coset, &mut own);
        own
    })
}

impl<F: PrimeField + Hash> Coefficients<F> {
    pub fn on<C: CurveAffine<ScalarExt = F>>(&self, prover: &Setup<C>, fixed: &FixedOn<F>) -> Self {
        let on = |columns: &[Vec<F>]| -> Vec<Vec<F>> {
            let own = columns.par_iter();
            own.map(|own| prover.domain.evaluate_on(&fixed.coset, own))
                .collect()
        };
        Coefficients {
            advice: on(&self.advice),
            instance: on(&self.instance),
            products: on(&self.products),
            lookups: on(&self.lookups),
        }
    }

    /// Adds the constraints of a circuit to those before, on a coset.
    pub fn combine<C: CurveAffine<ScalarExt = F>>(
        &self,
        prover: &Setup<C>,
        fixed: &FixedOn<F>,
        gates: &[F],
        lookups: &[Vec<F>],
        challenges: Challenges<F>,
        values: &mut [F],
    ) {
        let Challenges { beta, gamma, y, .. } = challenges;
        let n = prover.domain.size();
        let columns = Columns {
            fixed: &fixed.fixed,
            advice: &self.advice,
            instance: &self.instance,
        };
        let permutation = &prover.permutation;
        let gate_count: usize = prover
            .system()
            .gates()
            .iter()
            .map(|gate| gate.polynomials().len())
            .sum();
        let before = y.pow_vartime([gate_count as u64]);
        let delta_start = beta * fixed.coset.shift;
        let [on_first, on_last, on_active] = fixed.selectors();
        values.par_chunks_mut(BLOCK).enumerate().for_each_init(
            || {
                let rooms: Vec<_> = prover.lookups.iter().map(|own| own.plan.room()).collect();
                (prover.gates.room(), rooms)
            },
            |(room, rooms), (block, out)| {
                let from = block * BLOCK;
                let rows = out.len();
                for value in out.iter_mut() {
                    *value *= before;
                }
                prover
                    .gates
                    .run(gates, columns, from, rows, room, |_, value| {
                        for (row, out) in out.iter_mut().enumerate() {
                            *out += value.at(row);
                        }
                    });
                if let (Some(first), Some(last)) = (self.products.first(), self.products.last()) {
                    let mut name = delta_start * prover.domain.omega.pow_vartime([from as u64]);
                    for (i, out) in out.iter_mut().enumerate() {
                        let row = from + i;
                        let next = (row + 1) % n;
                        let end = (row + prover.usable) % n;
                        let mut value = *out;
                        value = value * y + (F::ONE - first[row]) * on_first[row];
                        value = value * y + (last[row].square() - last[row]) * on_last[row];
                        for pair in self.products.windows(2) {
                            value = value * y + (pair[1][row] - pair[0][end]) * on_first[row];
                        }
                        let mut own = name;
                        let sets = permutation.columns.chunks(permutation.set);
                        let images = fixed.images.chunks(permutation.set);
                        for ((sources, images), product) in sets.zip(images).zip(&self.products) {
                            let (mut left, mut right) = (product[next], product[row]);
                            for (source, images) in sources.iter().zip(images) {
                                let cell = columns.get(*source)[row] + gamma;
                                left *= cell + beta * images[row];
                                right *= cell + own;
                                own *= F::DELTA;
                            }
                            value = value * y + (left - right) * on_active[row];
                        }
                        *out = value;
                        name *= prover.domain.omega;
                    }
                }
                for (number, lookup) in prover.lookups.iter().enumerate() {
                    let [product, input, table] = [0, 1, 2].map(|i| &self.lookups[3 * number + i]);
                    let mut compressed = [[F::ZERO; BLOCK]; 2];
                    lookup.plan.run(
                        &lookups[number],
                        columns,
                        from,
                        rows,
                        &mut rooms[number],
                        |i, value| {
                            for (row, out) in compressed[i][..rows].iter_mut().enumerate() {
                                *out = value.at(row);
                            }
                        },
                    );
                    for (i, out) in out.iter_mut().enumerate() {
                        let row = from + i;
                        let (next, previous) = ((row + 1) % n, (row + n - 1) % n);
                        let [first, last, active] = [on_first[row], on_last[row], on_active[row]];
                        let [z, a, s] = [product[row], input[row], table[row]];
                        let mut value = *out;
                        value = value * y + (F::ONE - z) * first;
                        value = value * y + (z.square() - z) * last;
                        let left = product[next] * (a + beta) * (s + gamma);
                        let right = z * (compressed[0][i] + beta) * (compressed[1][i] + gamma);
                        value = value * y + (left - right) * active;
                        value = value * y + (a - s) * first;
                        value = value * y + (a - s) * (a - input[previous]) * active;
                        *out = value;
                    }
                }
            },
        );
    }
}
