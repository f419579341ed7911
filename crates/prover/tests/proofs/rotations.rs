//! Rotations by more than a round, and selectors where they can't be.

use halo2_axiom_prover::{Error, keygen_vk};
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{self, Advice, Circuit, Column, ConstraintSystem, Fixed, Instance};
use halo2_proofs::poly::Rotation;
use halo2curves::bn256::Fr;

use crate::{kzg, proves};

const K: u32 = 4;

/// Two columns whose next words are equal: one asks for it by 1, the other by 1 less a round.
#[derive(Clone)]
struct Around;

impl Circuit<Fr> for Around {
    type Config = (Column<Fixed>, [Column<Advice>; 2], Column<Instance>);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Around
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let on = meta.fixed_column();
        let words = [(); 2].map(|()| meta.advice_column());
        let instance = meta.instance_column();
        meta.enable_equality(words[0]);
        meta.enable_equality(instance);
        meta.create_gate("equal", |meta| {
            let on = meta.query_fixed(on, Rotation::cur());
            let [one, other] = words.map(|own| meta.query_advice(own, Rotation::cur()));
            let next = meta.query_advice(words[0], Rotation(1));
            let around = meta.query_advice(words[1], Rotation(1 - (1 << K)));
            vec![on.clone() * (one - other), on * (next - around)]
        });
        (on, words, instance)
    }

    fn synthesize(
        &self,
        (on, words, instance): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), plonk::Error> {
        let cell = layouter.assign_region(
            || "words",
            |mut region| {
                region.assign_fixed(on, 0, Fr::one());
                let mut cell = None;
                for row in 0..2 {
                    for column in words {
                        let word = Value::known(Fr::from(3 + row as u64));
                        let own = region.assign_advice(column, row, word);
                        cell.get_or_insert(own.cell());
                    }
                }
                Ok(cell.expect("it is assigned"))
            },
        )?;
        layouter.constrain_instance(cell, instance, 0);
        Ok(())
    }
}

#[test]
fn rotations_by_a_round_are_the_same_point() {
    let [right, wrong] = [[Fr::from(3)], [Fr::from(4)]];
    proves(K, &[Around], &[&[&right]], &[&[&wrong]]);
}

/// A lookup that reads a simple selector, of which the fork makes no key, but a panic.
struct Simple;

impl Circuit<Fr> for Simple {
    type Config = ();
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Simple
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) {
        let (word, table) = (meta.advice_column(), meta.fixed_column());
        let simple = meta.selector();
        meta.lookup_any("chosen", |meta| {
            let chosen = meta.query_selector(simple) * meta.query_advice(word, Rotation::cur());
            vec![(chosen, meta.query_fixed(table, Rotation::cur()))]
        });
    }

    fn synthesize(&self, (): (), _: impl Layouter<Fr>) -> Result<(), plonk::Error> {
        Ok(())
    }
}

#[test]
fn a_simple_selector_of_a_lookup_is_an_error() {
    let error = keygen_vk(&kzg(K), &Simple).expect_err("it is refused");
    assert!(
        matches!(&error, Error::SimpleSelector(name) if name == "chosen"),
        "{error}"
    );
}
