//! The running sum: why the words that come back from below are those that went there, why the instructions
//! that are executed are those of the program, and how the output reaches the first row.
//!
//! # The rule
//!
//! With challenges alpha, gamma, delta and beta drawn after everything else is committed to, let
//!
//! ```text
//! cell(w, x, y, z)     = alpha + w + gamma * x + gamma^2 * y + gamma^3 * z
//! instruction(a, o, b) = delta + a + gamma * o + gamma^2 * b
//!
//! every step:  made * cell(index', lowest, present, link) = grow
//!              fetched * instruction(pc, opcode + 1, argument) = 1
//!              provided * instruction(index, listed_opcode, listed_argument) = uses
//!              (sum' - sum + made - fetched + provided) * cell(link, lowest', present', link') = shrink
//! first row:   sum = beta * output
//! last row:    fetched * instruction(pc, opcode + 1, argument) = 1
//!              (sum + fetched - beta * top) * (alpha + link) + nonempty = 0
//! ```
//!
//! where `lowest` is the lowest word of the window, `present` the last presence flag, and `grow` and
//! `shrink` are 1 on the steps that make or take a cell. A set without control flow has neither `fetched` nor
//! `provided`: each row is given its own instruction. This is the logarithmic derivative of Haböck, *Multivariate
//! lookups based on logarithmic derivatives*, ePrint 2022/1530, section 3, for two relations in one sum. Of a
//! cell the multiplicity is known: made once, taken once, but for the bottom one. Of a listed instruction it is
//! `uses`, a number that the prover states. Hence no lookup argument, no sorting and no timestamps.
//!
//! A term of the sum costs one column of the second phase; that of the cell that is taken is what the sum itself
//! changes by.
//!
//! # Why it is sound
//!
//! Say that all constraints hold, and write M for the multiset of the cells made, T for that of the cells
//! taken, E for that of the instructions looked up, the last row's included, and P for the listed instructions,
//! each as often as its `uses` say.
//!
//! *Denominators.* Every tuple is committed to before the challenges are drawn, so one of the at most
//! `4 * rows + 2` denominators is zero with probability at most `(4 * rows + 2) / |F|`. Otherwise the fractions
//! and `sum` are what the rules above say, and the last rule states, with
//! `S = (sum over T of 1/cell) - (sum over M of 1/cell)` and
//! `R = (sum over E of 1/instruction) - (sum over P of 1/instruction)`,
//!
//! ```text
//! beta * (output - top) + S + R = -nonempty / (alpha + link)        (*)
//! ```
//!
//! *Terms apart.* S does not depend on delta, nor R on alpha, and neither on beta: (*) is a sum of a function of
//! beta, one of alpha and gamma, and one of delta and gamma. Multiplied by all denominators it is a polynomial of
//! degree `O(rows)`; if it is not zero as a polynomial, it is zero at the challenges with probability
//! `O(rows / |F|)`. If it is, then for given gamma each of the three is constant; and a sum of
//! fractions with the degree of a denominator above that of its numerator is constant only if it is 0. So
//! `output = top` on the last row, `R = 0`, and `S = -nonempty / (alpha + link)`. The two
//! challenges alpha and delta are what tells the relations apart, as tags would.
//!
//! *Instructions.* Distinct tuples have, but for `2 / |F|` a pair of them, distinct
//! `a + gamma o + gamma^2 b`; and fractions `1/(delta + c)` with distinct c are linearly independent over F. So
//! `R = 0` says that every tuple occurs in E and in P equally often, as elements of F. Its number in E is one of
//! at most `rows + 1`, far below the characteristic, and so it is not 0 in F if the tuple occurs there. Then it
//! occurs in P: it is listed at the address `pc`, of which there is one for every `index`. So whatever `uses`
//! say, a row executes an instruction that the listing has at `pc`; and `uses` are those numbers, for the
//! listed tuples are distinct. What is listed as 0 is no instruction: `opcode + 1 = 0` leaves all flags 0 and
//! demands that `nop` is given. With `pc = 0` on the first row, the flow of [`frame`] and
//! `halt` on the last row, the rows are those of the program from its first instruction to a `halt` that it has.
//! A jump or a return to what is no address leads to a lookup of what is not listed.
//!
//! *Cells.* `S = -nonempty / (alpha + link)` says that as functions evaluated at alpha and gamma, the fractions of
//! M equal those of T and `nonempty / (alpha + link)`. Distinct cells have, but for
//! `3 / |F|` a pair of them, distinct `w + gamma x + gamma^2 y + gamma^3 z`; their fractions are
//! linearly independent as above, and their coefficients are numbers of rows. So, but for a probability of
//! `O(rows^2 / |F|)`, `M = T + nonempty * {(link, 0, 0, 0)}`, as numbers of each cell.
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
//! Where the output is not bound, beta does not occur, and the rest is as above.
//!
//! # A machine that is wired
//!
//! Where a straight line is in the key, flags and links are fixed columns, and the key is made only of a program
//! that finds the words it needs. A cell is `(w, x)`, its key and its word, and as no step both makes one and
//! takes one, the sum changes by one fraction a row:
//!
//! ```text
//! every row:   (sum' - sum) * (grow * cell(index', lowest) + shrink * cell(link, lowest')
//!                              + step - grow - shrink) = shrink - grow
//! ```
//!
//! Outside the machine all of these are 0. The cells' keys are known to be right, so that M = T says that a word
//! comes back where it went; what is in the columns is then the honest machine's by induction.

use crate::algebra::{Algebra, Word, batch_invert};
use crate::frame::{self, Challenges, Constraint, Gate, OutputBinding, Source, Window};
use crate::isa::Effect;
use crate::row::{Cell, Row};

impl<A: Algebra> Challenges<A> {
    /// The denominator of the cell `(row, lowest, present, link)`, or of `(row, lowest)` in a machine that is
    /// wired.
    pub fn cell(&self, row: A, lowest: A, rest: Option<(A, A)>) -> A {
        let gamma = || self.gamma.clone();
        // Horner's rule for alpha + row + gamma lowest + gamma^2 present + gamma^3 link.
        let words = match rest {
            Some((present, link)) => lowest + gamma() * (present + gamma() * link),
            None => lowest,
        };
        self.alpha.clone() + row + gamma() * words
    }

    /// The denominator of the instruction `(address, opcode, argument)`, its opcode as it is listed.
    pub fn instruction(&self, address: A, opcode: A, argument: A) -> A {
        let gamma = || self.gamma.clone();
        self.delta.clone() + address + gamma() * (opcode + gamma() * argument)
    }

    /// The denominator of the cell with this key that holds what a state has at the bottom of its window.
    fn cell_of(&self, key: A, state: &Row<A>) -> A {
        let rest = state.last_present();
        let rest = rest.map(|present| (present.clone(), state.link.clone()));
        self.cell(key, state.lowest().clone(), rest)
    }
}

/// Every step adds the fractions of the cell that it takes and of the instruction that it looks up, and
/// subtracts those of the cell that it makes and of the instruction that it provides.
pub fn cells<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window {
        row,
        next,
        challenges,
        ..
    } = window;
    let step = window.step();
    let made_cell = challenges.cell_of(window.index[1].clone(), row);
    let made_cell = made_cell.named("made_cell");
    let taken_cell = challenges.cell_of(row.link.clone(), next);
    let taken_cell = taken_cell.named("taken_cell");
    let change = next.sum.clone() - row.sum.clone();
    let Some(made) = &row.made else {
        // Flags that are fixed are 0 outside the machine, and a step makes a cell or takes one, or neither.
        let (grow, shrink) = (window.effect(Effect::Grow), window.effect(Effect::Shrink));
        let neither = step - grow.clone() - shrink.clone();
        let cell = grow.clone() * made_cell + shrink.clone() * taken_cell + neither;
        return Gate {
            name: "cells",
            constraints: vec![Constraint {
                name: "sum' - sum = 1 / (the cell this row takes), -1 / (the cell it makes), or 0",
                polynomial: change * cell - (shrink - grow),
            }],
        };
    };
    let taken = change + made.clone();
    let (name, taken) = match &row.fetch {
        None => (
            "sum' - sum + made = 1 / (the cell this row takes), 0 if it takes none",
            taken,
        ),
        Some(fetch) => (
            "sum' - sum + made - fetched + provided = 1 / (the cell this row takes), 0 if it takes none",
            taken - fetch.fetched.clone() + fetch.provided.clone(),
        ),
    };
    Gate {
        name: "cells",
        constraints: vec![
            Constraint {
                name: "made = 1 / (the cell this row makes), 0 if it makes none",
                polynomial: step.clone() * (made.clone() * made_cell - window.effect(Effect::Grow)),
            },
            Constraint {
                name,
                polynomial: step * (taken * taken_cell - window.effect(Effect::Shrink)),
            },
        ],
    }
}

/// The instructions that are executed are those of the program, where they are looked up.
pub fn instructions<A: Algebra>(window: &Window<A>) -> Option<Gate<A>> {
    let fetch = window.row.fetch.as_ref()?;
    let Source::Listed { opcode, argument } = &window.source else {
        return None;
    };
    let looked_up = window.challenges.instruction(
        fetch.pc.clone(),
        fetch.opcode.clone() + A::constant(1),
        fetch.argument.clone(),
    );
    let looked_up = looked_up.named("looked_up");
    let listed =
        window
            .challenges
            .instruction(window.index[0].clone(), opcode.clone(), argument.clone());
    let listed = listed.named("listed");
    let fetched = fetch.fetched.clone() * looked_up - A::constant(1);
    Some(Gate {
        name: "instructions",
        constraints: vec![
            Constraint {
                name: "fetched = 1 / (the instruction this row executes)",
                polynomial: window.step() * fetched.clone(),
            },
            Constraint {
                name: "fetched = 1 / (the instruction at pc) on the last row",
                polynomial: window.last() * fetched,
            },
            Constraint {
                name: "provided = uses / (the instruction listed here)",
                polynomial: window.step() * (fetch.provided.clone() * listed - fetch.uses.clone()),
            },
        ],
    })
}

/// What the sum is on the first and the last row.
pub fn boundaries<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Row {
        link, sum, fetch, ..
    } = &window.row;
    let (top, nonempty) = (window.row.top(), window.nonempty());
    let Challenges { alpha, beta, .. } = &window.challenges;
    // The last row looks an instruction up too, and no step adds its fraction.
    let end = match fetch {
        None => sum.clone(),
        Some(fetch) => sum.clone() + fetch.fetched.clone(),
    };
    let (at_first, at_last) = match &window.output {
        OutputBinding::Bound(output) => (
            sum.clone() - beta.clone() * output.clone(),
            end - beta.clone() * top.clone(),
        ),
        OutputBinding::Open => (sum.clone(), end),
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
                polynomial: window.last() * (at_last * (alpha.clone() + link.clone()) + nonempty),
            },
        ],
    }
}

/// All gates of a circuit: the frame's and these.
pub fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
    let decode = (!window.shape.wired).then(|| frame::decode(window));
    let gates = [
        decode,
        Some(frame::relation(window)),
        Some(frame::stack(window)),
        Some(frame::start(window)),
        Some(cells(window)),
        Some(boundaries(window)),
        frame::flow(window),
        instructions(window),
        frame::tape(window),
    ];
    gates.into_iter().flatten().collect()
}

/// What is stated beside a witness, as the second phase needs it.
#[derive(Clone, Copy, Debug)]
pub struct Stated<'a, F> {
    /// What the sum starts from, if the output is bound.
    pub output: Option<F>,
    /// The listing of the program: opcodes as they are listed, and arguments; zeros follow it.
    pub listing: &'a [(F, F)],
    /// What stands on the public tape: its words, then a 1; zeros follow it.
    pub tape: &'a [F],
}

impl<F: Word> Row<Vec<F>> {
    /// The sum of the flags of some instructions, on each of the first rows.
    ///
    /// A forged witness is filled as the constraints demand, where that is possible.
    fn flagged(&self, steps: usize, opcodes: impl Fn(crate::isa::Opcode) -> bool) -> Vec<F> {
        let mut total = vec![F::zero(); steps];
        for (_, flag) in self.flags.iter().filter(|(opcode, _)| opcodes(*opcode)) {
            for (total, flag) in total.iter_mut().zip(flag) {
                if *flag != F::zero() {
                    *total = *total + *flag;
                }
            }
        }
        total
    }

    /// The state on a row as far as a cell holds it.
    fn cell(&self, key: F, row: usize, challenges: &Challenges<F>) -> F {
        let present = self.last_present();
        let rest = present.map(|present| (present[row], self.link[row]));
        challenges.cell(key, self.lowest()[row], rest)
    }
}

/// Fills the second-phase columns of a witness.
///
/// The entry of `sum` after the last step is the final sum.
pub fn fill<F: Word>(columns: &mut Row<Vec<F>>, challenges: &Challenges<F>, stated: Stated<'_, F>) {
    let steps = columns.top().len().saturating_sub(1);
    let grow = columns.flagged(steps, |opcode| opcode.effect() == Effect::Grow);
    let shrink = columns.flagged(steps, |opcode| opcode.effect() == Effect::Shrink);
    let looks_up = columns.fetch.is_some();
    // The denominator of the cell that each step makes, then of the one that it takes, of the instruction
    // that each row looks up and of the one that it provides; zero, which inverts to itself, where there is
    // none.
    let lookups = if looks_up { steps + 1 } else { 0 };
    let mut inverses = vec![F::zero(); 2 * steps + 2 * lookups];
    let (made, rest) = inverses.split_at_mut(steps);
    let (taken, rest) = rest.split_at_mut(steps);
    let (fetched, provided) = rest.split_at_mut(lookups);
    let mut index = F::zero();
    for i in 0..steps {
        index = index + F::one();
        if grow[i] != F::zero() {
            made[i] = columns.cell(index, i, challenges);
        }
        if shrink[i] != F::zero() {
            taken[i] = columns.cell(columns.link[i], i + 1, challenges);
        }
    }
    if let Some(fetch) = &columns.fetch {
        let mut index = F::zero();
        for i in 0..=steps {
            fetched[i] =
                challenges.instruction(fetch.pc[i], fetch.opcode[i] + F::one(), fetch.argument[i]);
            if i < steps && fetch.uses[i] != F::zero() {
                let (opcode, argument) = stated
                    .listing
                    .get(i)
                    .copied()
                    .unwrap_or((F::zero(), F::zero()));
                provided[i] = challenges.instruction(index, opcode, argument);
            }
            index = index + F::one();
        }
    }
    batch_invert(&mut inverses);
    let (made, rest) = inverses.split_at(steps);
    let (taken, rest) = rest.split_at(steps);
    let (fetched, provided) = rest.split_at(lookups);
    if let Some(fetch) = &mut columns.fetch {
        fetch.fetched = fetched.to_vec();
        let provided = provided.iter().zip(&fetch.uses);
        fetch.provided = provided.map(|(fraction, uses)| *fraction * *uses).collect();
    }
    let mut sum = stated
        .output
        .map_or(F::zero(), |output| challenges.beta * output);
    columns.sum.clear();
    let made: Vec<F> = grow
        .iter()
        .zip(made)
        .map(|(grow, own)| *grow * *own)
        .collect();
    for (i, fraction) in made.iter().enumerate() {
        columns.sum.push(sum);
        sum = sum + shrink[i] * taken[i] - *fraction;
        if let Some(fetch) = &columns.fetch {
            sum = sum + fetch.fetched[i] - fetch.provided[i];
        }
    }
    columns.sum.push(sum);
    if let Some(own) = &mut columns.made {
        *own = made;
    }
    fill_tape(columns, challenges.rho, stated.tape);
}

/// Fills the folds of the public tape, from the last row up.
fn fill_tape<F: Word>(columns: &mut Row<Vec<F>>, rho: F, stated: &[F]) {
    if columns.folds.is_none() {
        return;
    }
    let steps = columns.top().len().saturating_sub(1);
    let here = |row: usize| stated.get(row).copied().unwrap_or(F::zero());
    let mut tape = vec![F::one(); steps + 1];
    let mut folded = vec![here(steps); steps + 1];
    for row in (0..steps).rev() {
        let mut used = F::zero();
        for (opcode, flag) in columns.flags.iter().filter(|(own, _)| own.uses_tape()) {
            let flag = flag.get(row).copied().unwrap_or(F::zero());
            if flag == F::zero() {
                continue;
            }
            // What goes to the tape is the top, what comes from it the next one.
            let word = match opcode.effect() {
                Effect::Grow => columns.top()[row + 1],
                Effect::Keep | Effect::Shrink => columns.top()[row],
            };
            used = used + flag * (word + rho * tape[row + 1] - tape[row + 1]);
        }
        tape[row] = tape[row + 1] + used;
        folded[row] = here(row) + rho * folded[row + 1];
    }
    for (cell, column) in [(Cell::Tape, tape), (Cell::Stated, folded)] {
        if let Some(own) = columns.get_mut(cell) {
            *own = column;
        }
    }
}
