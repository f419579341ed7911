//! The last steps of a proof: evaluations at a point, and their openings.

use std::hash::Hash;

use ff::Field;
use halo2curves::CurveAffine;
use rayon::prelude::*;

use super::{Challenges, Circuit, Committed, Job};
use crate::error::Error;
use crate::evaluations::Evaluations;
use crate::opening::{Opened, Query};
use crate::parameters::Way;
use crate::progress::Phase;

impl<C: CurveAffine> Job<'_, C>
where
    C::ScalarExt: Hash,
{
    /// Evaluates everything at a point, and opens it.
    pub(super) fn open(
        &mut self,
        circuits: &[Circuit<C::ScalarExt>],
        random: &Committed<C::ScalarExt>,
        pieces: Vec<Committed<C::ScalarExt>>,
        challenges: &[C::ScalarExt],
        own: Challenges<C::ScalarExt>,
        x: C::ScalarExt,
    ) -> Result<(), Error> {
        let prover = self.prover;
        let (system, domain) = (prover.system(), &prover.domain);
        let power = x.pow_vartime([domain.size() as u64]);
        if power == C::ScalarExt::ONE || x == C::ScalarExt::ZERO {
            return Err(Error::Challenge(
                "the evaluation point is one of the domain",
            ));
        }
        // The pieces put together: the quotient, less a multiple of the vanishing polynomial.
        let mut quotient = vec![C::ScalarExt::ZERO; domain.size()];
        let mut quotient_blind = C::ScalarExt::ZERO;
        for piece in pieces.into_iter().rev() {
            quotient
                .par_iter_mut()
                .zip(&piece.values)
                .with_min_len(1 << 10)
                .for_each(|(own, other)| *own = *own * power + other);
            quotient_blind = quotient_blind * power + piece.blind;
        }
        domain.evaluate(&mut quotient);
        let quotient = Committed {
            values: quotient,
            blind: quotient_blind,
        };
        let fixed_blind = C::ScalarExt::ONE;
        let mut queries: Vec<Query<'_, C::ScalarExt>> = vec![];
        let mut ask = |values, blind, rotation| {
            queries.push(Query {
                values,
                blind,
                rotation,
            });
        };
        let last = -(system.blinding_factors() as i32 + 1);
        for circuit in circuits {
            if self.way.opens_instances() {
                for (column, rotation) in system.instance_queries() {
                    ask(&circuit.instance[column.index()], fixed_blind, rotation.0);
                }
            }
            for (column, rotation) in system.advice_queries() {
                let column = column.index();
                ask(&circuit.advice[column], circuit.blinds[column], rotation.0);
            }
            for product in &circuit.products {
                ask(&product.values, product.blind, 0);
                ask(&product.values, product.blind, 1);
            }
            for product in circuit.products.iter().rev().skip(1) {
                ask(&product.values, product.blind, last);
            }
            for lookup in &circuit.lookups {
                let [product, input, table] = &lookup.columns;
                let of = [
                    (product, 0),
                    (input, 0),
                    (table, 0),
                    (input, -1),
                    (product, 1),
                ];
                for (own, rotation) in of {
                    ask(&own.values, own.blind, rotation);
                }
            }
        }
        for (column, rotation) in system.fixed_queries() {
            ask(&prover.fixed[column.index()], fixed_blind, rotation.0);
        }
        for images in &prover.permutation.images {
            ask(images, fixed_blind, 0);
        }
        ask(&quotient.values, quotient.blind, 0);
        ask(&random.values, random.blind, 0);
        let opened = Opened::new(domain, x, queries);

        let evaluations = Evaluations {
            prover,
            opened: &opened,
            x,
            opens_instances: self.way.opens_instances(),
        };
        self.write_evaluations(&evaluations, circuits, random)?;
        if self.check {
            let expected = evaluations.gates(circuits, challenges, own);
            let found = evaluations.at(&quotient.values, 0) * (power - C::ScalarExt::ONE);
            if expected != found {
                return Err(Error::Unsatisfied);
            }
        }
        self.enter(Phase::Opening);
        let _span = tracing::info_span!("open").entered();
        match self.way {
            Way::Shplonk => opened.shplonk(&prover.committer, self.transcript),
            Way::Gwc => opened.gwc(&prover.committer, self.transcript),
            Way::Ipa => opened.ipa(&prover.committer, domain, self.rng, self.transcript),
        }
    }

    fn write_evaluations(
        &mut self,
        evaluations: &Evaluations<'_, '_, C>,
        circuits: &[Circuit<C::ScalarExt>],
        random: &Committed<C::ScalarExt>,
    ) -> Result<(), Error> {
        let prover = self.prover;
        let system = prover.system();
        let last = -(system.blinding_factors() as i32 + 1);
        let mut write = |values: &[C::ScalarExt], rotation: i32| {
            self.transcript
                .write_scalar(evaluations.at(values, rotation))
        };
        if self.way.opens_instances() {
            for circuit in circuits {
                for (column, rotation) in system.instance_queries() {
                    write(&circuit.instance[column.index()], rotation.0)?;
                }
            }
        }
        for circuit in circuits {
            for (column, rotation) in system.advice_queries() {
                write(&circuit.advice[column.index()], rotation.0)?;
            }
        }
        for (column, rotation) in system.fixed_queries() {
            write(&prover.fixed[column.index()], rotation.0)?;
        }
        write(&random.values, 0)?;
        for images in &prover.permutation.images {
            write(images, 0)?;
        }
        for circuit in circuits {
            for (set, product) in circuit.products.iter().enumerate() {
                write(&product.values, 0)?;
                write(&product.values, 1)?;
                if set + 1 < circuit.products.len() {
                    write(&product.values, last)?;
                }
            }
        }
        for lookup in circuits.iter().flat_map(|own| &own.lookups) {
            let [product, input, table] = &lookup.columns;
            let of = [
                (product, 0),
                (product, 1),
                (input, 0),
                (input, -1),
                (table, 0),
            ];
            for (own, rotation) in of {
                write(&own.values, rotation)?;
            }
        }
        Ok(())
    }
}
