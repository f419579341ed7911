//! The checker against halo2's `MockProver`, on the same tables.

use std::collections::BTreeMap;

use halo2_proofs::circuit::{Cell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use halo2curves::bn256::Fr;

use crate::check::Table;
use crate::machine::Machine;
use crate::record::{Place, Recording};

/// A circuit that assigns a table, with the constraints of another circuit.
#[derive(Debug)]
struct Replay<'a, C> {
    circuit: C,
    table: &'a Table,
    recording: &'a Recording,
}

impl<C: Circuit<Fr>> Circuit<Fr> for Replay<'_, C> {
    type Config = usize;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = C::Params;

    fn params(&self) -> C::Params {
        self.circuit.params()
    }

    fn without_witnesses(&self) -> Self {
        unreachable!("no keys are made of a replay")
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> usize {
        C::configure(meta);
        meta.blinding_factors() + 1
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: C::Params) -> usize {
        C::configure_with_params(meta, params);
        meta.blinding_factors() + 1
    }

    fn synthesize(&self, unusable: usize, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let cell = |(column, row_offset): Place| Cell { row_offset, column };
        layouter.assign_region(
            || "replay",
            |mut region| {
                let (fixed, advice) = &self.recording.columns;
                for (index, column) in advice {
                    let values = &self.table.advice[*index];
                    for (row, value) in values[..values.len() - unusable].iter().enumerate() {
                        region.assign_advice(*column, row, Value::known(*value));
                    }
                }
                for ((index, row), value) in &self.recording.fixed {
                    region.assign_fixed(fixed[index], *row, *value);
                }
                for (left, right) in &self.recording.copies {
                    region.constrain_equal(cell(*left), cell(*right));
                }
                Ok(())
            },
        )
    }
}

/// Asserts that a machine's checker and `MockProver` find the same constraints violated, each on as
/// many rows.
pub fn assert_agreement<C: Circuit<Fr>>(
    machine: &Machine,
    circuit: C,
    recording: &Recording,
    table: &Table,
) {
    let usable = table.instance[0].len() - 6;
    let instance = table
        .instance
        .iter()
        .map(|column| column[..usable].to_vec());
    let replay = Replay {
        circuit,
        table,
        recording,
    };
    let mock = MockProver::run(machine.k, &replay, instance.collect()).unwrap();
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for violation in machine.checker.violations(table) {
        let name = match machine.checker.is_copy(violation.rule) {
            true => "copy",
            false => machine.checker.name(violation.rule),
        };
        *expected.entry(name.into()).or_default() += 1;
    }
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for failure in mock.verify().err().unwrap_or_default() {
        let name = match failure {
            VerifyFailure::ConstraintNotSatisfied { constraint, .. } => constraint.to_string(),
            VerifyFailure::Permutation { .. } => "copy".into(),
            other => panic!("{other}"),
        };
        *found.entry(name).or_default() += 1;
    }
    // Of a broken copy `MockProver` counts every cell of the cycle that differs from the next.
    let broken = |counts: &mut BTreeMap<String, usize>| counts.remove("copy").is_some();
    assert_eq!(broken(&mut expected), broken(&mut found));
    assert_eq!(expected, found);
}
