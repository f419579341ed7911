//! The running sum with one of its terms left out: what is rejected for no other reason is accepted
//! then. The gates are those of the crate, read on values, with the term set to zero wherever it
//! stands; the second phase is solved for from the gates themselves.

use ff::Field;
use halo2_stack_vm::frame::{Gate, OutputBinding, Source, Window};
use halo2_stack_vm::isa::{Effect, Opcode};
use halo2_stack_vm::row::{Cell, Row};
use halo2_stack_vm::sum;
use halo2curves::bn256::Fr;

use crate::check::Violation;
use crate::claim::Claim;
use crate::machine::Machine;

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
    /// The address of an instruction.
    Address,
    /// The opcode of an instruction.
    Opcode,
    /// The argument of an instruction.
    Argument,
}

impl Term {
    /// The terms of a machine's sum.
    pub fn of(machine: &Machine) -> Vec<Term> {
        let shape = machine.shape();
        let mut terms = vec![Term::Key, Term::Lowest];
        if !shape.wired {
            terms.extend([Term::Present, Term::Link]);
        }
        if machine.binds_output() {
            terms.push(Term::Output);
        }
        if shape.fetches() {
            terms.extend([Term::Address, Term::Opcode, Term::Argument]);
        }
        terms
    }
}

/// Whether it is the sum alone that rejects a claim.
pub fn of_the_sum(machine: &Machine, claim: &Claim, violations: &[Violation]) -> bool {
    let of_the_sum = |violation: &Violation| {
        let name = machine.checker.name(violation.rule);
        let gates = ["('cells')", "('boundaries')", "('instructions')"];
        gates.iter().any(|gate| name.contains(gate))
    };
    claim.slip.is_none() && violations.iter().all(of_the_sum)
}

/// Whether the sum without a term ends as it should.
pub fn accepts(machine: &Machine, claim: &Claim, term: Term) -> bool {
    let rows = machine.rows;
    let mut columns = claim.columns.clone();
    let unknowns = [Cell::Made, Cell::Fetched, Cell::Provided, Cell::Sum];
    for cell in unknowns {
        if let Some(column) = columns.get_mut(cell) {
            *column = vec![Fr::ZERO; rows + 1];
        }
    }
    let value = |columns: &Row<Vec<Fr>>, row: usize, name: &str| {
        constraint(&window(machine, claim, columns, row), term, name)
    };
    let mut unsolvable = false;
    // Each unknown stands in one constraint, and linearly.
    let mut solve =
        |columns: &mut Row<Vec<Fr>>, cell: Cell, place: usize, row: usize, name: &str| {
            if columns.get_mut(cell).is_none() {
                return;
            }
            let at_zero = value(columns, row, name);
            columns.get_mut(cell).expect("a column")[place] = Fr::ONE;
            let slope = value(columns, row, name) - at_zero;
            let inverse = Option::<Fr>::from(slope.invert());
            unsolvable |= inverse.is_none() && at_zero != Fr::ZERO;
            let solution = -at_zero * inverse.unwrap_or(Fr::ZERO);
            columns.get_mut(cell).expect("a column")[place] = solution;
        };
    solve(&mut columns, Cell::Sum, 0, 0, "the sum starts");
    for row in 0..rows {
        solve(&mut columns, Cell::Made, row, row, "made = ");
        solve(&mut columns, Cell::Fetched, row, row, "executes)");
        solve(&mut columns, Cell::Provided, row, row, "provided = uses");
        solve(&mut columns, Cell::Sum, row + 1, row, "sum' - sum");
    }
    solve(&mut columns, Cell::Fetched, rows, rows, "on the last row");
    !unsolvable && value(&columns, rows, "the sum ends") == Fr::ZERO
}

/// What a constraint of the sum, told by a part of its name, is on a row without a term.
fn constraint(window: &Window<Fr>, term: Term, name: &str) -> Fr {
    fn last(words: &mut [Fr]) -> &mut Fr {
        words.last_mut().expect("a word")
    }
    let mut window = window.clone();
    // What tells the rows apart is read elsewhere. A cell that is made and one that is taken stand in one constraint where the machine is wired.
    let row_is_made = name != "sum' - sum" || window.shape.wired && grows(&window);
    let ends = name == "the sum ends";
    match term {
        // There a cell's content is known.
        Term::Lowest | Term::Present | Term::Link if ends => {}
        Term::Key if row_is_made && !ends => window.index[1] = Fr::ZERO,
        Term::Key => window.row.link = Fr::ZERO,
        Term::Lowest if row_is_made => *last(&mut window.row.words) = Fr::ZERO,
        Term::Lowest => *last(&mut window.next.words) = Fr::ZERO,
        Term::Present if row_is_made => *last(&mut window.row.present) = Fr::ZERO,
        Term::Present => *last(&mut window.next.present) = Fr::ZERO,
        Term::Link if row_is_made => window.row.link = Fr::ZERO,
        Term::Link => window.next.link = Fr::ZERO,
        Term::Output => window.challenges.beta = Fr::ZERO,
        Term::Address | Term::Opcode | Term::Argument => {
            if let (Some(fetch), Source::Listed { opcode, argument }) =
                (&mut window.row.fetch, &mut window.source)
            {
                match term {
                    Term::Address => {
                        fetch.pc = Fr::ZERO;
                        if name == "provided = uses" {
                            window.index[0] = Fr::ZERO;
                        }
                    }
                    Term::Opcode => {
                        fetch.opcode = Fr::ZERO;
                        *opcode = Fr::ONE;
                    }
                    _ => {
                        fetch.argument = Fr::ZERO;
                        *argument = Fr::ZERO;
                    }
                }
            }
        }
    }
    let fixed = |gate: Gate<Fr>| -> Option<Fr> {
        let own = gate
            .constraints
            .iter()
            .find(|own| own.name.contains(name))?;
        Some(own.polynomial)
    };
    let gates = [
        Some(sum::cells(&window)),
        sum::instructions(&window),
        Some(sum::boundaries(&window)),
    ];
    let value = gates.into_iter().flatten().find_map(fixed);
    value.expect("a constraint of the sum")
}

/// Whether a row makes a cell.
fn grows(window: &Window<Fr>) -> bool {
    let effect =
        |(opcode, flag): &(Opcode, Fr)| opcode.effect() == Effect::Grow && *flag == Fr::ONE;
    window.row.flags.iter().any(effect)
}

/// What the constraints see of a row.
fn window(machine: &Machine, claim: &Claim, columns: &Row<Vec<Fr>>, row: usize) -> Window<Fr> {
    let rows = machine.rows;
    let at = |row: usize| columns.map(|_, column| column.get(row).copied().unwrap_or(Fr::ZERO));
    let fixed = |row: usize, value: usize| {
        let value = if row <= rows { value as u64 } else { 0 };
        Fr::from(value)
    };
    let listed = machine.listing(claim).get(row).copied();
    let [opcode, mut argument] = listed.unwrap_or([Fr::ZERO; 2]);
    let shape = machine.shape();
    if shape.wired && row == rows {
        argument = Fr::from(u64::from(columns.link[rows] != Fr::ZERO));
    }
    let tape = machine.seen_tape(claim).get(row).copied();
    Window {
        shape,
        rows: Fr::from(rows as u64),
        row: at(row),
        next: at(row + 1),
        index: [fixed(row, row), fixed(row + 1, row + 1)],
        follows: [fixed(row, usize::from(row > 0)), fixed(row + 1, 1)],
        source: Source::of(shape, opcode, argument, None),
        tape: Some(tape.unwrap_or(Fr::ZERO)),
        output: match machine.binds_output() {
            true => OutputBinding::Bound(claim.output),
            false => OutputBinding::Open,
        },
        challenges: machine.challenges,
    }
}
