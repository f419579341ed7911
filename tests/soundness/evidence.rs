//! What rejections tell about the constraints: which of them some forgery needs.

use std::collections::BTreeMap;

use ff::Field;
use halo2_stack_vm::machine::hash;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::check::{Rule, Table, Violation};
use crate::machine::Machine;

/// By what a constraint is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// On the first row of the machine.
    First,
    /// On every row that a step leads on from.
    Step,
    /// On the final row.
    Last,
    /// On some rows of each permutation: those whose numbers there are bits of this.
    Permutation(u8),
    /// A copy.
    Copy(Rule),
}

/// By what each constraint of a machine is switched on: seen on a table of random values, on which a
/// constraint holds nowhere but where it is off.
pub fn selectors(machine: &Machine) -> BTreeMap<Rule, Selector> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let rows = 1 << machine.k;
    let mut random = |columns: usize| -> Vec<Vec<Fr>> {
        let mut column = || (0..rows).map(|_| Fr::random(&mut rng)).collect();
        (0..columns).map(|_| column()).collect()
    };
    let table = Table {
        advice: random(machine.advice_columns()),
        instance: random(machine.instances()),
    };
    let mut places: BTreeMap<Rule, Vec<usize>> = BTreeMap::new();
    for violation in machine.checker.violations_everywhere(&table) {
        places
            .entry(violation.rule)
            .or_default()
            .push(violation.row);
    }
    let steps: Vec<_> = (machine.offset..machine.offset + machine.rows).collect();
    let selector = |rule: Rule| {
        let rows = places.get(&rule).map_or(&[][..], Vec::as_slice);
        match rows {
            _ if machine.checker.is_copy(rule) => Selector::Copy(rule),
            _ if rows == steps => Selector::Step,
            [row] if *row == machine.offset => Selector::First,
            [row] if *row == machine.offset + machine.rows => Selector::Last,
            // Where the machine is wired, a constraint of instructions that the program lacks is off.
            _ if machine.shape().straight
                && of_permutations(machine, rows).is_none()
                && rows.iter().all(|row| steps.contains(row)) =>
            {
                Selector::Step
            }
            _ => of_permutations(machine, rows)
                .unwrap_or_else(|| panic!("{} is on on rows {rows:?}", machine.checker.name(rule))),
        }
    };
    machine
        .checker
        .rules()
        .map(|rule| (rule, selector(rule)))
        .collect()
}

/// What switches on these rows, if they are those of all permutations with some numbers there.
fn of_permutations(machine: &Machine, rows: &[usize]) -> Option<Selector> {
    let place = |row: usize| match machine.set.hashes() {
        true => hash::place(row, machine.rows),
        false => None,
    };
    let places = rows
        .iter()
        .map(|row| place(row.checked_sub(machine.offset)?));
    let bits = places
        .into_iter()
        .try_fold(0u8, |all, own| Some(all | 1 << own?))?;
    let all = !rows.is_empty() && rows_of_permutations(machine, bits).eq(rows.iter().copied());
    all.then_some(Selector::Permutation(bits))
}

/// The rows of all permutations whose numbers there are these bits.
pub fn rows_of_permutations(machine: &Machine, bits: u8) -> impl Iterator<Item = usize> {
    let on = move |row: &usize| {
        let place = hash::place(*row, machine.rows);
        place.is_some_and(|own| bits >> own & 1 == 1)
    };
    let rows = (0..machine.rows).filter(on);
    rows.map(|row| machine.offset + row)
}

/// How often something was seen: in all, and with a false statement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// In all.
    pub all: u64,
    /// With a false statement; the others are false witnesses of true ones.
    pub false_statements: u64,
}

impl Count {
    fn add(&mut self, false_statement: bool) {
        self.all += 1;
        self.false_statements += u64::from(false_statement);
    }

    fn merge(&mut self, other: Count) {
        self.all += other.all;
        self.false_statements += other.false_statements;
    }
}

/// Which forgeries would be accepted if something were not there.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// For each constraint, the forgeries that it alone rejects.
    pub alone: BTreeMap<Rule, Count>,
    /// For each kind of selector and row, the forgeries that only constraints reject that it
    /// switches on there.
    pub there: BTreeMap<(Selector, usize), Count>,
}

impl Evidence {
    /// Takes note of a rejection.
    pub fn note(
        &mut self,
        selectors: &BTreeMap<Rule, Selector>,
        violations: &[Violation],
        false_statement: bool,
    ) {
        let Some(first) = violations.first() else {
            return;
        };
        if violations.iter().all(|other| other.rule == first.rule) {
            self.alone
                .entry(first.rule)
                .or_default()
                .add(false_statement);
        }
        let place = |violation: &Violation| (selectors[&violation.rule], violation.row);
        if violations.iter().all(|other| place(other) == place(first)) {
            self.there
                .entry(place(first))
                .or_default()
                .add(false_statement);
        }
    }

    /// The evidence of both.
    pub fn merge(mut self, other: Evidence) -> Evidence {
        for (rule, count) in other.alone {
            self.alone.entry(rule).or_default().merge(count);
        }
        for (place, count) in other.there {
            self.there.entry(place).or_default().merge(count);
        }
        self
    }
}
