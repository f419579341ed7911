//! Hashes: Poseidon's permutation on rows of its own, beside the trace, and the rows that ask for one.
//!
//! A permutation stands on seven rows, beginning with one whose number is a multiple of seven. A row has twelve S-boxes: the first and the last one four full rounds
//! each, the four rows after the first twelve partial ones, and the sixth row nine. `at_0` to `at_6` are fixed: 1 on the row of a permutation with this
//! number, all of whose rows are steps, and else 0.
//!
//! ```text
//! every step:  square_i = sbox_i^2     fourth_i = square_i^2     fifth_i = fourth_i * sbox_i
//!              live is 0 or 1, and the same on all rows of a permutation
//!              on row r of one, a cell = a sum of constants times fifth_i and aside_j + live * a constant of r
//!              digest is the hash on the last row, and the same on the others
//!              hashed * digests(second, top, top') = hashes
//!              permuted * digests(sbox_1 - live * c, sbox_2 - live * d, digest) = at_0 * live
//! digests(l, r, h) = theta + l + gamma * r + gamma^2 * h
//! ```
//!
//! `hashes` is 1 where the row executes an instruction that hashes, else 0, and c and d are what is added to the inputs before the first round. The
//! other words of a state are never in cells of their own: a partial round changes one word by more than a linear form, so what a row's S-boxes are given is a
//! linear form of the fifth powers before it and of two words of the state, `aside_0` and `aside_1`.
//!
//! # Lemma: the new top is the hash of the two topmost words
//!
//! The [theorem of the sum](crate::air::logup) says that each tuple that a row asks for is sent as often, as elements of F. It is asked for at
//! most `rows` times, far below the characteristic, so if it is asked for it is sent: by a row on which `at_0` and `live` are not 0. That is the first
//! row of seven that are all steps, on which `at_0` to `at_6` are 1 in turn. `live` is 1 there, and so on all of them; `fifth_i` is the fifth power of `sbox_i`; and
//! each cell is what the rounds make of those before it. `sbox_0` is the first round's constant, for the first word of the first state is 0, and `sbox_1`
//! and `sbox_2` are the two words of the tuple with theirs. So `digest` is the hash of the tuple's first two words on the last row, and, being the same on
//! all seven, on the first. That is what `top'` is where an instruction hashes `second` and `top`.
//!
//! *What stays open to a prover*: which permutation stands where, and what stands where `live` is 0 and on rows after those of the last one. It changes
//! nothing.

mod rules;

use std::sync::Arc;

use rayon::prelude::*;

pub use crate::poseidon::ROWS;
pub use rules::{ASIDE, PermutationRow, Rule, Rules, SBOXES};

use super::window::{Challenges, Window, there};
use super::{Column, Columns, Event, Part, bit};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Sign};
use crate::algebra::{Algebra, Word};
use crate::isa::Opcode;

/// The bus of the hashes.
pub(super) static BUS: Bus = Bus { name: "digests" };

/// The permutations, and the rows that ask for their hashes.
pub(super) struct Hashes;

/// The permutations of a run, of each of its hashes in order: some at a time, for they take more room than the columns in which they stand.
#[derive(Clone, Debug)]
pub(super) struct Permutations<F> {
    /// The number of the first one that is here.
    first: usize,
    made: Vec<([PermutationRow<F>; ROWS], F)>,
}

impl<F> Default for Permutations<F> {
    /// None.
    fn default() -> Self {
        Permutations {
            first: 0,
            made: vec![],
        }
    }
}

impl<F: Word> Permutations<F> {
    /// How many are made at a time.
    const AT_A_TIME: usize = 512;

    /// Makes those of a row of the machine, and some after them, unless they are here; all hashes have these inputs. Rows come in their order.
    pub(super) fn go_to(&mut self, row: usize, inputs: &[[F; 2]]) {
        let number = row / ROWS;
        if !row.is_multiple_of(ROWS) || number < self.first + self.made.len() {
            return;
        }
        let Some(next) = inputs.get(number..).filter(|own| !own.is_empty()) else {
            return;
        };
        let rules = Rules::of_field();
        let next = next.par_iter().take(Self::AT_A_TIME);
        self.first = number;
        self.made = next.map(|own| rules.permutation(*own)).collect();
    }

    /// What stands on a row of the machine, and the hash; none if that is a row of no permutation in use.
    fn row(&self, row: usize) -> Option<(&PermutationRow<F>, F)> {
        let number = (row / ROWS).checked_sub(self.first)?;
        let (rows, digest) = self.made.get(number)?;
        Some((rows.get(row % ROWS)?, *digest))
    }
}

/// Which row of a permutation a row of a machine with so many steps is; none if not all rows of that would be steps, since the lemma
/// needs all of them.
pub fn place(row: usize, steps: usize) -> Option<usize> {
    (row / ROWS < steps / ROWS).then_some(row % ROWS)
}

/// The same as what stands in the columns `at_0` to `at_6`.
pub fn at<F: Word>(row: usize, steps: usize) -> [F; ROWS] {
    let own = place(row, steps);
    std::array::from_fn(|place| bit(own == Some(place)))
}

/// What the constraints see of permutations beside columns.
#[derive(Clone, Debug)]
pub struct Permuting<A> {
    /// Which row of a permutation this row is: one of these is 1, or none.
    pub at: [A; ROWS],
    /// What the cells are.
    pub rules: Arc<Rules<A>>,
}

impl Part for Hashes {
    const BUS: Option<&'static Bus> = Some(&BUS);

    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        match &window.permuting {
            Some(own) => vec![sboxes(window), rounds(window, own)],
            None => vec![],
        }
    }

    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let (row, Some(Permuting { at, rules })) = (&window.row, &window.permuting) else {
            return;
        };
        let Challenges { theta, gamma, .. } = &window.challenges;
        let message = |left: A, right: A, digest: A| {
            Message::new(theta, gamma, left, [Some(right), Some(digest), None])
        };
        let live = there(row.live.as_ref(), "whether a permutation is in use");
        let input = |place: usize| {
            let own = there(row.sbox.get(1 + place), "an S-box");
            own - live.clone() * rules.added[place].clone()
        };
        let mut emit = |name, sign, count, message, placement| {
            emit(Interaction::of_step(
                &BUS, name, sign, count, message, placement,
            ));
        };
        if let Some(hashed) = &row.hashed {
            let [top, second] = [&row.words[0], &row.words[1]].map(A::clone);
            emit(
                "hashed = 1 / (the two topmost words and the new top), 0 if it is not their hash",
                Sign::Receive,
                window.executing(Opcode::hashes).named("hashes"),
                message(second, top, window.next.top().clone()),
                Placement::own(Column::Hashed, hashed),
            );
        }
        if let Some(permuted) = &row.permuted {
            let digest = there(row.digest.as_ref(), "a hash");
            emit(
                "permuted = 1 / (the inputs of the permutation that begins here and its hash), 0 if none does",
                Sign::Send,
                at[0].clone() * live.clone(),
                message(input(0), input(1), digest),
                Placement::own(Column::Permuted, permuted),
            );
        }
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let (Some(live), Some(digest), Some(_)) =
            (&mut columns.live, &mut columns.digest, &event.executed)
        else {
            return;
        };
        let own = event.permutations.row(live.len());
        live.push(bit(own.is_some()));
        digest.push(own.map_or(F::zero(), |(_, digest)| digest));
        let word = |of: fn(&PermutationRow<F>) -> &[F], place: usize| {
            let word = own.and_then(|(row, _)| of(row).get(place));
            word.copied().unwrap_or(F::zero())
        };
        let fill = |columns: &mut [Vec<F>], of: fn(&PermutationRow<F>) -> &[F]| {
            for (place, column) in columns.iter_mut().enumerate() {
                column.push(word(of, place));
            }
        };
        fill(&mut columns.sbox, |row| &row.sboxes);
        fill(&mut columns.square, |row| &row.squares);
        fill(&mut columns.fourth, |row| &row.fourths);
        fill(&mut columns.aside, |row| &row.aside);
    }
}

/// The powers of the inputs.
fn sboxes<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let (row, step) = (&window.row, window.step());
    let mut constraints = vec![];
    let powers = row.square.iter().zip(&row.fourth);
    for (i, (sbox, (square, fourth))) in row.sbox.iter().zip(powers).enumerate() {
        for (name, power, of) in [
            (format!("square_{i} = sbox_{i}^2"), square, sbox),
            (format!("fourth_{i} = square_{i}^2"), fourth, square),
        ] {
            let own = power.clone() - of.clone() * of.clone();
            constraints.push(Constraint {
                name: name.into(),
                polynomial: step.clone() * own,
            });
        }
    }
    Gate {
        name: "S-boxes",
        constraints,
    }
}

/// What the cells of a permutation are.
fn rounds<A: Algebra>(window: &Window<A>, Permuting { at, rules }: &Permuting<A>) -> Gate<A> {
    let Window { row, next, .. } = window;
    let live = there(row.live.as_ref(), "whether a permutation is in use");
    let fifth = |i: usize| {
        let [sbox, fourth] = [&row.sbox, &row.fourth].map(|own| there(own.get(i), "an S-box"));
        fourth * sbox
    };
    let mut constraints = vec![];
    let mut constrain = |name: String, polynomial| {
        constraints.push(Constraint {
            name: name.into(),
            polynomial,
        });
    };
    for rule in &rules.all {
        let own = if rule.next { next } else { row };
        let cell = there(own.get(rule.target), "a cell of a permutation");
        let (mut holds, mut constant) = (A::constant(0), A::constant(0));
        let mut rows = String::new();
        for (row, own) in &rule.constants {
            holds = holds + at[*row].clone();
            constant = constant + at[*row].clone() * own.clone();
            rows += &format!("{}{row}", if rows.is_empty() { "" } else { ", " });
        }
        let form = rule.form(fifth, &row.aside);
        let prime = if rule.next { "'" } else { "" };
        constrain(
            format!(
                "{}{prime} is what the rounds make of the words before it, on row {rows}",
                rule.target
            ),
            holds * (cell - form) - constant * live.clone(),
        );
    }
    let ends = ROWS - 1;
    let goes_on = at[..ends].iter().cloned();
    let goes_on = goes_on.fold(A::constant(0), |sum, own| sum + own);
    for (name, own, next) in [
        (
            "live' = live, unless a permutation ends here",
            &row.live,
            &next.live,
        ),
        (
            "digest' = digest, unless a permutation ends here",
            &row.digest,
            &next.digest,
        ),
    ] {
        let [own, next] = [own, next].map(|own| there(own.as_ref(), "a permutation"));
        constrain(name.into(), goes_on.clone() * (next - own));
    }
    constrain(
        "live is 0 or 1".into(),
        window.step() * (live.clone() * (A::constant(1) - live.clone())),
    );
    Gate {
        name: "rounds",
        constraints,
    }
}
