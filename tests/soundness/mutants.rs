//! The running sum with one of its terms left out: what is rejected for no other reason is accepted
//! then. The gates are those of the crate, read on values, with the term set to zero wherever it
//! stands; the second phase is solved for from the gates themselves.

use ff::Field;
use halo2_stack_vm::frame::{OutputBinding, Source, Window};
use halo2_stack_vm::row::Row;
use halo2_stack_vm::sum;
use halo2curves::bn256::Fr;

use crate::check::Violation;
use crate::machine::{Claim, Machine};

/// A term of the running sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The number of the row that made a cell, by which it is taken.
    Key,
    /// The word in a cell.
    Lowest,
    /// The presence flag in a cell.
    Present,
    /// The link in a cell.
    Link,
    /// The output, at both ends of the sum.
    Output,
}

impl Term {
    /// All of them.
    pub const ALL: [Term; 5] = [
        Term::Key,
        Term::Lowest,
        Term::Present,
        Term::Link,
        Term::Output,
    ];

    /// The terms of a machine's sum.
    pub fn of(machine: &Machine) -> impl Iterator<Item = Term> {
        let output = machine.binds_output();
        Term::ALL
            .into_iter()
            .filter(move |term| output || *term != Term::Output)
    }
}

/// A constraint of the sum.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Made,
    Taken,
    Start,
    End,
}

/// The terms without which a claim would be accepted that the sum alone rejects.
pub fn accepting(machine: &Machine, claim: &Claim, violations: &[Violation]) -> Vec<Term> {
    let of_the_sum = |violation: &Violation| {
        let name = machine.checker.name(violation.rule);
        name.contains("('cells')") || name.contains("('boundaries')")
    };
    if claim.slip.is_some() || !violations.iter().all(of_the_sum) {
        return vec![];
    }
    Term::of(machine)
        .filter(|term| accepts(machine, claim, *term))
        .collect()
}

/// Whether the sum without a term ends as it should.
pub fn accepts(machine: &Machine, claim: &Claim, term: Term) -> bool {
    let mut columns = claim.columns.clone();
    columns.made = vec![Fr::ZERO; machine.rows + 1];
    columns.sum = vec![Fr::ZERO; machine.rows + 1];
    let value = |columns: &Row<Vec<Fr>>, row: usize, part: Part| {
        constraint(&window(machine, claim, columns, row), term, part)
    };
    let mut unsolvable = false;
    let mut solve = |columns: &mut Row<Vec<Fr>>,
                     unknown: fn(&mut Row<Vec<Fr>>) -> &mut Vec<Fr>,
                     place: usize,
                     row: usize,
                     part: Part| {
        let at_zero = value(columns, row, part);
        unknown(columns)[place] = Fr::ONE;
        let slope = value(columns, row, part) - at_zero;
        let inverse = Option::<Fr>::from(slope.invert());
        unsolvable |= inverse.is_none() && at_zero != Fr::ZERO;
        unknown(columns)[place] = -at_zero * inverse.unwrap_or(Fr::ZERO);
    };
    solve(&mut columns, |c| &mut c.sum, 0, 0, Part::Start);
    for row in 0..machine.rows {
        solve(&mut columns, |c| &mut c.made, row, row, Part::Made);
        solve(&mut columns, |c| &mut c.sum, row + 1, row, Part::Taken);
    }
    !unsolvable && value(&columns, machine.rows, Part::End) == Fr::ZERO
}

/// What a constraint of the sum is on a row without a term.
fn constraint(window: &Window<Fr>, term: Term, part: Part) -> Fr {
    fn last(words: &mut [Fr]) -> &mut Fr {
        words.last_mut().expect("a word")
    }
    let mut window = window.clone();
    match (term, part) {
        (Term::Key, Part::Made) => window.index[1] = Fr::ZERO,
        (Term::Key, Part::Taken | Part::End) => window.row.link = Fr::ZERO,
        (Term::Lowest, Part::Made) => *last(&mut window.row.words) = Fr::ZERO,
        (Term::Lowest, Part::Taken) => *last(&mut window.next.words) = Fr::ZERO,
        (Term::Present, Part::Made) => *last(&mut window.row.present) = Fr::ZERO,
        (Term::Present, Part::Taken) => *last(&mut window.next.present) = Fr::ZERO,
        (Term::Link, Part::Made) => window.row.link = Fr::ZERO,
        (Term::Link, Part::Taken) => window.next.link = Fr::ZERO,
        (Term::Output, _) => window.challenges.beta = Fr::ZERO,
        _ => {}
    }
    let gate = match part {
        Part::Made | Part::Taken => sum::cells(&window),
        Part::Start | Part::End => sum::boundaries(&window),
    };
    let second = matches!(part, Part::Taken | Part::End);
    gate.constraints[usize::from(second)].polynomial
}

/// What the constraints see of a row.
fn window(machine: &Machine, claim: &Claim, columns: &Row<Vec<Fr>>, row: usize) -> Window<Fr> {
    let rows = machine.rows;
    let at = |row: usize| columns.map(|_, column| column.get(row).copied().unwrap_or(Fr::ZERO));
    let fixed = |row: usize, value: usize| {
        let value = if row <= rows { value as u64 } else { 0 };
        Fr::from(value)
    };
    let [opcode, argument] = claim.cells[row];
    Window {
        set: machine.set,
        rows: Fr::from(rows as u64),
        row: at(row),
        next: at(row + 1),
        index: [fixed(row, row), fixed(row + 1, row + 1)],
        follows: [fixed(row, usize::from(row > 0)), fixed(row + 1, 1)],
        source: Source {
            opcode,
            argument,
            next_opcode: None,
        },
        output: match machine.binds_output() {
            true => OutputBinding::Bound(claim.output),
            false => OutputBinding::Open,
        },
        challenges: machine.challenges,
    }
}
