//! The running sum with one entry of a bus's tuples left out: what is rejected for no other reason is accepted
//! then. The interactions are those of the crate, read on values; whether the sum can end as it should is computed
//! from their fractions.

use std::sync::Arc;

use ff::{Field, PrimeField};
use halo2_stack_vm::air::{Interaction, Rows, Sign};
use halo2_stack_vm::algebra::batch_invert;
use halo2_stack_vm::machine::hash::{self, ROWS, Rules};
use halo2_stack_vm::machine::words::table_row;
use halo2_stack_vm::machine::{
    Challenges, Column, Columns, Output, Reader, Shape, Window, interactions,
};
use halo2curves::bn256::Fr;

use crate::check::Violation;
use crate::claim::Claim;
use crate::machine::Machine;

/// A term of the running sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The output, at both ends of the sum.
    Output,
    /// An entry of the tuples of a bus, by the bus's name and its number.
    Entry(&'static str, usize),
}

impl Term {
    /// The terms of a machine's sum, read off its interactions.
    pub fn of(machine: &Machine) -> Vec<Term> {
        let mut terms = vec![];
        if machine.binds_output() {
            terms.push(Term::Output);
        }
        let nothing = Nothing(machine.shape());
        let window = Window::read(machine.shape(), Fr::ZERO, &nothing);
        interactions(&window, &mut |own: Interaction<Fr, Column>| {
            for entry in 0..own.message.entries() {
                let term = Term::Entry(own.bus.name, entry);
                if !terms.contains(&term) {
                    terms.push(term);
                }
            }
        });
        terms
    }
}

/// Rows on which nothing stands, to see what the interactions are.
struct Nothing(Shape);

impl Reader<Fr> for Nothing {
    fn columns(&self, _: bool) -> Columns<Fr> {
        Columns::new(self.0, |_| Fr::ZERO)
    }

    fn index(&self, _: bool) -> Fr {
        Fr::ZERO
    }

    fn follows(&self, _: bool) -> Fr {
        Fr::ZERO
    }

    fn opcode(&self) -> Fr {
        Fr::ZERO
    }

    fn next_opcode(&self) -> Option<Fr> {
        None
    }

    fn argument(&self) -> Fr {
        Fr::ZERO
    }

    fn tape(&self) -> Fr {
        Fr::ZERO
    }

    fn table(&self) -> [Fr; 4] {
        [Fr::ZERO; 4]
    }

    fn at(&self) -> [Fr; ROWS] {
        [Fr::ZERO; ROWS]
    }

    fn rules(&self) -> Arc<Rules<Fr>> {
        Rules::of_field()
    }

    fn output(&self) -> Output<Fr> {
        Output::Open
    }

    fn challenges(&self) -> Challenges<Fr> {
        let none = Fr::ZERO;
        Challenges {
            alpha: none,
            gamma: none,
            beta: none,
            delta: none,
            rho: none,
            epsilon: none,
            zeta: none,
            eta: none,
            theta: none,
        }
    }
}

/// Whether it is the sum alone that rejects a claim.
pub fn of_the_sum(machine: &Machine, claim: &Claim, violations: &[Violation]) -> bool {
    let of_the_sum = |violation: &Violation| {
        let name = machine.checker.name(violation.rule);
        let gates = [
            "('cells')",
            "('boundaries')",
            "('instructions')",
            "('limbs')",
            "('memory')",
            "('ages')",
            "('digests')",
        ];
        gates.iter().any(|gate| name.contains(gate))
    };
    claim.slip.is_none() && violations.iter().all(of_the_sum)
}

/// Of these terms, those without which the sum ends as it should: without which the fractions of all rows and what is carried add up to 0.
pub fn accepted_without(machine: &Machine, claim: &Claim, terms: &[Term]) -> Vec<Term> {
    if terms.is_empty() {
        return vec![];
    }
    let rows = machine.rows;
    let columns = &claim.columns;
    let mut all = vec![];
    for row in 0..=rows {
        let window = window(machine, claim, columns, row);
        interactions(&window, &mut |own: Interaction<Fr, Column>| {
            let there = match own.rows {
                Rows::Step => row < rows,
                Rows::StepAndLast(_) => true,
                Rows::Last => row == rows,
            };
            if there && own.count != Fr::ZERO {
                all.push(own);
            }
        });
    }
    let count = |own: &Interaction<Fr, Column>| match own.sign {
        Sign::Send => -own.count,
        Sign::Receive => own.count,
    };
    let whole: Vec<_> = all.iter().map(|own| own.message.denominator()).collect();
    // A fraction without a value can't be made.
    let total = |of: &dyn Fn(&Interaction<Fr, Column>) -> Option<Fr>| -> Option<Fr> {
        let own = |(own, whole): (&Interaction<Fr, Column>, &Fr)| of(own).unwrap_or(*whole);
        let mut denominators: Vec<_> = all.iter().zip(&whole).map(own).collect();
        if denominators.contains(&Fr::ZERO) {
            return None;
        }
        batch_invert(&mut denominators);
        let fractions = all.iter().zip(&denominators);
        Some(fractions.map(|(own, inverse)| count(own) * inverse).sum())
    };
    let carried = match machine.binds_output() {
        true => machine.challenges.beta * (claim.output - columns.top()[rows]),
        false => Fr::ZERO,
    };
    let accepted = |term: &Term| match term {
        Term::Output => total(&|_| None) == Some(Fr::ZERO),
        Term::Entry(bus, entry) => {
            let without = |own: &Interaction<Fr, Column>| {
                let message = own.message.clone();
                (own.bus.name == *bus).then(|| message.without(*entry).denominator())
            };
            total(&without).is_some_and(|total| carried + total == Fr::ZERO)
        }
    };
    terms.iter().copied().filter(accepted).collect()
}

/// A row of a claim.
struct ClaimRow<'a> {
    machine: &'a Machine,
    claim: &'a Claim,
    columns: &'a Columns<Vec<Fr>>,
    row: usize,
}

impl ClaimRow<'_> {
    fn inside(&self, next: bool, value: impl Fn(usize) -> usize) -> Fr {
        let row = self.row + usize::from(next);
        let value = if row <= self.machine.rows {
            value(row)
        } else {
            0
        };
        Fr::from(value as u64)
    }

    fn listed(&self) -> [Fr; 2] {
        let listed = self.machine.listing(self.claim).get(self.row).copied();
        listed.unwrap_or([Fr::ZERO; 2])
    }
}

impl Reader<Fr> for ClaimRow<'_> {
    fn columns(&self, next: bool) -> Columns<Fr> {
        let row = self.row + usize::from(next);
        let at = |column: &Vec<Fr>| column.get(row).copied().unwrap_or(Fr::ZERO);
        self.columns.map(|_, column| at(column))
    }

    fn index(&self, next: bool) -> Fr {
        self.inside(next, |row| row)
    }

    fn follows(&self, next: bool) -> Fr {
        self.inside(next, |row| usize::from(row > 0))
    }

    fn opcode(&self) -> Fr {
        self.listed()[0]
    }

    fn next_opcode(&self) -> Option<Fr> {
        None
    }

    fn argument(&self) -> Fr {
        let rows = self.machine.rows;
        if self.machine.shape().straight && self.row == rows {
            return Fr::from(u64::from(self.columns.link[rows] != Fr::ZERO));
        }
        self.listed()[1]
    }

    fn table(&self) -> [Fr; 4] {
        match self.row < self.machine.rows {
            true => table_row(self.machine.shape(), self.row).map(Fr::from_u128),
            false => [Fr::ZERO; 4],
        }
    }

    fn at(&self) -> [Fr; ROWS] {
        hash::at(self.row, self.machine.rows)
    }

    fn rules(&self) -> Arc<Rules<Fr>> {
        Rules::of_field()
    }

    fn tape(&self) -> Fr {
        let tape = self.machine.seen_tape(self.claim).get(self.row).copied();
        tape.unwrap_or(Fr::ZERO)
    }

    fn output(&self) -> Output<Fr> {
        match self.machine.binds_output() {
            true => Output::Bound(self.claim.output),
            false => Output::Open,
        }
    }

    fn challenges(&self) -> Challenges<Fr> {
        self.machine.challenges
    }
}

/// What the constraints see of a row.
pub fn window(
    machine: &Machine,
    claim: &Claim,
    columns: &Columns<Vec<Fr>>,
    row: usize,
) -> Window<Fr> {
    let rows = Fr::from(machine.rows as u64);
    let from = ClaimRow {
        machine,
        claim,
        columns,
        row,
    };
    Window::read(machine.shape(), rows, &from)
}
