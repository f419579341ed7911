//! What `synthesize` assigns, written down: a halo2 backend that only records, and refuses what a
//! prover would silently accept (a cell of a blinding row, a cell written twice with two values).

use std::collections::BTreeMap;

use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Challenge, Circuit, Column, ConstraintSystem, Error, Fixed,
    FloorPlanner, Instance, Selector,
};
use halo2curves::bn256::Fr;

/// A column of any kind and a row.
pub type Place = (Column<Any>, usize);

/// What a circuit assigns, over all its phases.
#[derive(Debug, Default)]
pub struct Recording {
    /// The fixed cells that were assigned.
    pub fixed: BTreeMap<(usize, usize), Fr>,
    /// The advice cells that were assigned, `None` where their value is unknown.
    pub advice: BTreeMap<(usize, usize), Option<Fr>>,
    /// The columns of these cells, by number.
    pub columns: (
        BTreeMap<usize, Column<Fixed>>,
        BTreeMap<usize, Column<Advice>>,
    ),
    /// The cells that must be equal.
    pub copies: Vec<(Place, Place)>,
    /// The advice cells that were assigned once more, to the same value.
    pub rewritten: Vec<(usize, usize)>,
}

/// Configures a circuit and records what it assigns in both phases, with these challenges.
pub fn record<C: Circuit<Fr>>(
    k: u32,
    circuit: &C,
    challenges: &[Fr],
) -> (ConstraintSystem<Fr>, C::Config, Recording) {
    let mut cs = ConstraintSystem::default();
    let config = C::configure_with_params(&mut cs, circuit.params());
    let mut recorder = Recorder {
        usable: (1 << k) - (cs.blinding_factors() + 1),
        phase: 0,
        challenges,
        recording: Recording::default(),
    };
    for phase in 0..=cs.advice_column_phase().into_iter().max().unwrap_or(0) {
        recorder.phase = phase;
        let constants = cs.constants().clone();
        C::FloorPlanner::synthesize(&mut recorder, circuit, config.clone(), constants).unwrap();
    }
    (cs, config, recorder.recording)
}

struct Recorder<'a> {
    usable: usize,
    phase: u8,
    challenges: &'a [Fr],
    recording: Recording,
}

impl Recorder<'_> {
    fn check(&self, row: usize) {
        assert!(row < self.usable, "row {row} is not usable");
    }
}

impl Assignment<Fr> for Recorder<'_> {
    fn assign_advice<'v>(
        &mut self,
        column: Column<Advice>,
        row: usize,
        to: Value<Assigned<Fr>>,
    ) -> Value<&'v Assigned<Fr>> {
        self.check(row);
        // A prover commits to a column at the end of its phase: what other passes write is lost.
        if column.column_type().phase() == self.phase {
            let mut known = None;
            to.map(|value| known = Some(value.evaluate()));
            let place = (column.index(), row);
            self.recording.columns.1.insert(column.index(), column);
            if let Some(before) = self.recording.advice.insert(place, known) {
                assert_eq!(before, known, "{place:?} is written twice");
                self.recording.rewritten.push(place);
            }
        }
        // No circuit here reads back what it has assigned.
        Value::unknown()
    }

    fn assign_fixed(&mut self, column: Column<Fixed>, row: usize, to: Assigned<Fr>) {
        self.check(row);
        assert_eq!(self.phase, 0, "fixed cells are assigned in the first pass");
        let place = (column.index(), row);
        self.recording.columns.0.insert(column.index(), column);
        let before = self.recording.fixed.insert(place, to.evaluate());
        assert_eq!(before, None, "fixed {place:?} is written twice");
    }

    fn copy(&mut self, left: Column<Any>, left_row: usize, right: Column<Any>, right_row: usize) {
        self.check(left_row);
        self.check(right_row);
        // Keys are made from the first pass.
        if self.phase == 0 {
            let copy = ((left, left_row), (right, right_row));
            self.recording.copies.push(copy);
        }
    }

    fn get_challenge(&self, challenge: Challenge) -> Value<Fr> {
        match self.phase > challenge.phase() {
            true => Value::known(self.challenges[challenge.index()]),
            false => Value::unknown(),
        }
    }

    fn query_instance(&self, _: Column<Instance>, _: usize) -> Result<Value<Fr>, Error> {
        panic!("no circuit here reads an instance cell")
    }

    fn fill_from_row(
        &mut self,
        _: Column<Fixed>,
        _: usize,
        _: Value<Assigned<Fr>>,
    ) -> Result<(), Error> {
        panic!("no circuit here has a lookup table")
    }

    fn enable_selector<A, AR>(&mut self, _: A, _: &Selector, _: usize) -> Result<(), Error>
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        panic!("no circuit here has a selector")
    }

    fn enter_region<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn annotate_column<A, AR>(&mut self, _: A, _: Column<Any>)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
    }

    fn exit_region(&mut self) {}

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self, _: Option<String>) {}
}
