//! The running sum: why the words that come back from below are those that went there, and how the
//! output reaches the first row.
//!
//! # The rule
//!
//! With challenges alpha, gamma and beta drawn after everything else is committed to, let
//!
//! ```text
//! den(w, x, y, z) = alpha + w + gamma * x + gamma^2 * y + gamma^3 * z
//!
//! every step:  made * den(index', lowest, present, link) = grow
//!              (sum' - sum + made) * den(link, lowest', present', link') = shrink
//! first row:   sum = beta * output
//! last row:    (sum - beta * top) * (alpha + link) + nonempty = 0
//! ```
//!
//! where `lowest` is the lowest word of the window, `present` the last presence flag, and `grow` and
//! `shrink` are 1 on the steps that make or take a cell. This is the logarithmic
//! derivative of Haböck, *Multivariate lookups based on logarithmic derivatives*, ePrint 2022/1530,
//! section 3, with the multiplicity of every cell known: made once, taken once, but for the bottom one.
//! Hence no lookup argument, no sorting, no timestamps and no column of multiplicities.
//!
//! # Why it is sound
//!
//! Say that all constraints hold, and write M for the multiset of the cells made and T for that of
//! the cells taken.
//!
//! *Denominators.* Every cell is committed to before alpha is drawn, so one of the at most
//! `2 * rows + 1` denominators is zero with probability at most `(2 * rows + 1) / |F|`. Otherwise
//! `made` and `sum` are what the rules above say, and the last rule states, with
//! `S = (sum over T of 1/den) - (sum over M of 1/den)`,
//!
//! ```text
//! beta * (output - top) + S = -nonempty / (alpha + link)        (*)
//! ```
//!
//! *Output.* For given alpha and gamma, (*) holds for at most one beta unless `output = top` on the
//! last row: with probability at most `1 / |F|`, a wrong output goes through.
//!
//! *Cells.* Let `output = top`. Then (*) says that as functions evaluated at alpha and gamma,
//! the fractions of M equal those of T and `nonempty / (alpha + link)`. Distinct cells have, but for
//! `3 / |F|` a pair of them, distinct `w + gamma x + gamma^2 y + gamma^3 z`; and fractions
//! `1/(alpha + c)` with distinct c are linearly independent over F. Their coefficients are numbers
//! of rows, far below the characteristic. So, but for a probability of `O(rows^2 / |F|)`,
//! `M = T + nonempty * {(link, 0, 0, 0)}`, as numbers of each cell.
//!
//! *State.* By the frame's rules `grow` and `shrink` are 0 or 1, and the step that makes a cell gives
//! it its own `index'`, which is at least 1, so no two cells of M share their first entry, and none has
//! 0 there. Let n be `present` on the first row, where the words and `link` are 0, and so are the
//! presence flags if there are several. By induction over the rows, on row i the window, the flags and
//! `link` are those of the honest machine, but that n stands for `present` where the honest machine has
//! what was there on the first row: a step that keeps or grows moves them as the frame says; a step that
//! shrinks moves them up, and takes a cell whose first entry is this row's `link`. That is, by
//! induction, either 0 (a `pop` on the empty stack, see below) or the `index'` of the step that last
//! covered what is now lowest in the window, and then the cell is what stood there: the state that the
//! honest machine returns to. In particular `link` never names a later row.
//!
//! *The empty stack.* M has no cell of key 0, so if T has one, the last rule's cell must cancel it:
//! `link = 0` on the last row, all the cells of key 0 that are taken are `(0, 0, 0, 0)`, and `nonempty` is
//! minus their number. But after the last of them the state is that of a first row with n = 0, and from
//! there on `nonempty` is 0 wherever `link` is: a contradiction. So a `pop` on the empty stack is
//! unsatisfiable. And n is 0: with several flags the frame says so; with one, if the
//! final stack is empty, (*) says that `n / alpha` is nothing, and if not, its bottom cell, `(link, 0, n, 0)`,
//! is the one of the last rule, `(link, 0, 0, 0)`.
//!
//! *Needs.* What keeps the depth or grows it demands the presence flag of the words that it needs. What
//! shrinks it demands that of one word less after the step: on a stack of one word less than needed,
//! the flag that comes up, from the window or from a cell, is 0.
//!
//! *End.* A machine whose final stack holds d words has made d cells more than it has taken. By the
//! multiset equation d is 1 if `nonempty`, else 0; so everything above the bottom word is unwound,
//! whatever the prover prefers, and `top` on the last row is the bottom word, or 0.
//!
//! Where the output is not bound, beta does not occur, and the last argument is that of the cells.

use crate::algebra::{Algebra, Word, batch_invert};
use crate::frame::{self, Challenges, Constraint, Gate, OutputBinding, Window};
use crate::isa::Effect;
use crate::row::Row;

impl<A: Algebra> Challenges<A> {
    /// The denominator of the cell `(row, lowest, present, link)`.
    pub fn denominator(&self, row: A, lowest: A, present: A, link: A) -> A {
        let gamma = || self.gamma.clone();
        // Horner's rule for alpha + row + gamma lowest + gamma^2 present + gamma^3 link.
        self.alpha.clone() + row + gamma() * (lowest + gamma() * (present + gamma() * link))
    }
}

/// Every step adds the fraction of the cell that it takes and subtracts that of the cell it makes.
pub fn cells<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window { row, next, .. } = window;
    let step = window.step();
    let made_cell = window.challenges.denominator(
        window.index[1].clone(),
        row.lowest().clone(),
        row.last_present().clone(),
        row.link.clone(),
    );
    let made_cell = made_cell.named("made_cell");
    let taken_cell = window.challenges.denominator(
        row.link.clone(),
        next.lowest().clone(),
        next.last_present().clone(),
        next.link.clone(),
    );
    let taken_cell = taken_cell.named("taken_cell");
    let taken = next.sum.clone() - row.sum.clone() + row.made.clone();
    Gate {
        name: "cells",
        constraints: vec![
            Constraint {
                name: "made = 1 / (the cell this row makes), 0 if it makes none",
                polynomial: step.clone()
                    * (row.made.clone() * made_cell - window.effect(Effect::Grow)),
            },
            Constraint {
                name: "sum' - sum + made = 1 / (the cell this row takes), 0 if it takes none",
                polynomial: step * (taken * taken_cell - window.effect(Effect::Shrink)),
            },
        ],
    }
}

/// What the sum is on the first and the last row.
pub fn boundaries<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Row { link, sum, .. } = &window.row;
    let (top, nonempty) = (window.row.top(), window.row.nonempty());
    let Challenges { alpha, beta, .. } = &window.challenges;
    let (at_first, at_last) = match &window.output {
        OutputBinding::Bound(output) => (
            sum.clone() - beta.clone() * output.clone(),
            sum.clone() - beta.clone() * top.clone(),
        ),
        OutputBinding::Open => (sum.clone(), sum.clone()),
    };
    Gate {
        name: "boundaries",
        constraints: vec![
            Constraint {
                name: "the sum starts as beta * output",
                polynomial: window.first() * at_first,
            },
            Constraint {
                name: "the sum ends as beta * top less the bottom word's cell",
                polynomial: window.last()
                    * (at_last * (alpha.clone() + link.clone()) + nonempty.clone()),
            },
        ],
    }
}

/// All gates of a circuit: the frame's and these.
pub fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
    vec![
        frame::decode(window),
        frame::relation(window),
        frame::stack(window),
        frame::start(window),
        cells(window),
        boundaries(window),
    ]
}

/// Fills the second-phase columns of a witness: `made` and `sum` on every row.
///
/// `output` is what the sum starts from, if the output is bound. The entry of `sum` after the last step
/// is the final sum.
pub fn fill<F: Word>(columns: &mut Row<Vec<F>>, challenges: &Challenges<F>, output: Option<F>) {
    let steps = columns.top().len().saturating_sub(1);
    // An effect on a row is the sum of its flags, so that a forged witness is filled as the
    // constraints demand where that is possible.
    let effect = |effect: Effect| -> Vec<F> {
        let mut total = vec![F::zero(); steps];
        for (opcode, flag) in &columns.flags {
            if opcode.effect() == effect {
                for (total, flag) in total.iter_mut().zip(flag) {
                    *total = *total + *flag;
                }
            }
        }
        total
    };
    let (grow, shrink) = (effect(Effect::Grow), effect(Effect::Shrink));
    // The denominator of the cell that each step makes, then of the one that it takes; zero, which
    // inverts to itself, where there is none.
    let mut inverses = vec![F::zero(); 2 * steps];
    let (made, taken) = inverses.split_at_mut(steps);
    let mut index = F::zero();
    for i in 0..steps {
        index = index + F::one();
        if grow[i] != F::zero() {
            made[i] = challenges.denominator(
                index,
                columns.lowest()[i],
                columns.last_present()[i],
                columns.link[i],
            );
        }
        if shrink[i] != F::zero() {
            taken[i] = challenges.denominator(
                columns.link[i],
                columns.lowest()[i + 1],
                columns.last_present()[i + 1],
                columns.link[i + 1],
            );
        }
    }
    batch_invert(&mut inverses);
    let (made, taken) = inverses.split_at(steps);
    let mut sum = output.map_or(F::zero(), |output| challenges.beta * output);
    columns.made.clear();
    columns.sum.clear();
    for i in 0..steps {
        let fraction = grow[i] * made[i];
        columns.made.push(fraction);
        columns.sum.push(sum);
        sum = sum + shrink[i] * taken[i] - fraction;
    }
    columns.sum.push(sum);
}
