//! The public tape: the words that the rows read and write are those that are stated, in order, and as many.
//!
//! # Lemma
//!
//! `tape` and `stated` are the values at rho of polynomials: `tape` of the one whose coefficients are the
//! words that are used and then 1, `stated` of the one whose coefficients are what is stated, which are the
//! words, 1, and zeros. If the two values are equal, then but for a probability of rows / field size the polynomials are:
//! the last coefficient of each that is not 0 is its 1, so there are as many words, and they are the same.

use super::window::{Window, missing};
use super::{Column, Part, TapeFold, Walk};
use crate::air::{Constraint, Gate};
use crate::algebra::{Algebra, Word};

/// The folds of the public tape.
pub(super) struct Tape;

impl Part for Tape {
    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        match (&window.row.fold, &window.next.fold, &window.tape) {
            (Some(fold), Some(next), Some(stated)) => vec![gate(window, fold, next, stated)],
            (None, None, None) => vec![],
            _ => missing("the public tape"),
        }
    }

    /// From the last row up.
    fn fold<F: Word>(walk: &Walk<'_, F>) -> Vec<(Column, Vec<F>)> {
        if walk.columns.fold.is_none() {
            return vec![];
        }
        let rho = walk.challenges.rho;
        let steps = walk.steps();
        let stated_on = |row: usize| walk.inputs.tape.get(row).copied().unwrap_or(F::zero());
        let uses = |row: usize| {
            let flags = walk.columns.flags.iter();
            let mut tape = flags.filter(|(opcode, _)| opcode.uses_tape());
            tape.any(|(_, flag)| flag.get(row).is_some_and(|flag| *flag != F::zero()))
        };
        let mut tape = vec![F::one(); steps + 1];
        let mut stated = vec![stated_on(steps); steps + 1];
        let mut window = walk.window(steps);
        for row in (0..steps).rev() {
            stated[row] = stated_on(row) + rho * stated[row + 1];
            tape[row] = tape[row + 1];
            if uses(row) {
                window.load(&walk.row(row));
                tape[row] = tape[row] + used(&window, &tape[row + 1]);
            }
        }
        vec![(Column::Tape, tape), (Column::Stated, stated)]
    }
}

/// What the fold of the words that are used changes by on this row, given that of the next one.
fn used<A: Algebra>(window: &Window<A>, next: &A) -> A {
    let rho = &window.challenges.rho;
    window.flags(|opcode| {
        let word = window.relation(opcode).tape?;
        Some(word + rho.clone() * next.clone() - next.clone())
    })
}

fn gate<A: Algebra>(
    window: &Window<A>,
    fold: &TapeFold<A>,
    next: &TapeFold<A>,
    here: &A,
) -> Gate<A> {
    let TapeFold { tape, stated } = fold;
    let rho = &window.challenges.rho;
    let step = window.step();
    let used = used(window, &next.tape);
    Gate {
        name: "tape",
        constraints: vec![
            Constraint {
                name: "tape = the word used + rho * tape', tape' if none is".into(),
                polynomial: step.clone() * (tape.clone() - next.tape.clone() - used),
            },
            Constraint {
                name: "stated = what is stated here + rho * stated'".into(),
                polynomial: step
                    * (stated.clone() - here.clone() - rho.clone() * next.stated.clone()),
            },
            Constraint {
                name: "tape = 1 on the last row".into(),
                polynomial: window.last() * (tape.clone() - A::constant(1)),
            },
            Constraint {
                name: "stated = what is stated here on the last row".into(),
                polynomial: window.last() * (stated.clone() - here.clone()),
            },
            Constraint {
                name: "what is used is what is stated".into(),
                polynomial: window.first() * (tape.clone() - stated.clone()),
            },
        ],
    }
}
