//! 32-bit words: two of them a row, in limbs that are looked up, and what the limbs have in common.
//!
//! ```text
//! low = low_0 + 2^b * low_1 + ...     high, both and rest are made of high_i, both_i and rest_i so
//! every step:  looked_i * limbs(low_i, high_i, both_i) = 1
//!              answered * limbs(left, right, common) = answers
//!              checked_i * limbs(rest_2i, rest_2i+1, joint_i) = 1
//!              low and high are what an instruction says that they are, or 0, unless it splits a value or divides
//!              rest is what an instruction says that it is, or 0
//! limbs(x, y, z) = epsilon + x + gamma * y + gamma^2 * z
//! ```
//!
//! `left`, `right` and `common` are fixed: their rows are all pairs of limbs of b bits, and the bits that both have. Rows
//! after them hold the pair of zeros again.
//!
//! # Lemma: low and high are 32-bit words, and both is what they have in common
//!
//! Write L for the multiset of the triples that steps look up, T for that of the table, each of its rows as often as `answers` says,
//! a number that the prover states. The [theorem of the sum](crate::air::logup) says that every triple occurs in L and in T equally
//! often, as elements of F. Its number in L is one of at most `rows * limbs`, far below the characteristic, and so it is
//! not 0 in F if the triple occurs there. Then it is a row of the table: `low_i` and `high_i` are integers of b bits, and `both_i`
//! is `low_i AND high_i`. There are 32 / b of each, so `low`, `high` and `both` are integers below 2^32, none of
//! which wraps around in F, each of one sequence of limbs, and `both = low AND high`, for AND acts on each bit alone. In the same way
//! `rest`, where a set has it, is a 32-bit word.
//!
//! # Lemma: an instruction determines them
//!
//! An instruction that *splits* a value v demands that its result is r, where its new top is `r + v - low - 2^32 * high`: so
//! `low + 2^32 * high = v`. As the left side is less than 2^64, which is less than the characteristic, v is the
//! integer `low + 2^32 * high`, and of that there is one pair; if v has another representative, there is none.
//!
//! One that *divides* a by b demands `a = low * b + high` in the same way, and that `rest = b - 1 - high` is a 32-bit word too. So b is
//! `high + 1 + rest`, an integer from 1 to 2^33 - 1 which is larger than `high`; `low * b + high` is less than 2^66, and so a is that
//! integer, and `low` and `high` are its quotient and remainder by b. Without the third word `high` could be larger than b.
//!
//! For all others `low` and `high` are what the instruction says, or 0. So the operands of an instruction that splits need not be 32-bit words: its
//! result is what the table of instructions says of them, or the row is unsatisfiable.

use super::window::{Challenges, Window, missing};
use super::{Column, Columns, Event, Part, count};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Rows, Sign};
use crate::algebra::{Algebra, Word};
use crate::isa::{Double, Shape};

/// The bus of the limbs.
pub(super) static BUS: Bus = Bus { name: "limbs" };

/// The words of a row, in limbs, and the table in which those are looked up.
pub(super) struct Words;

impl Part for Words {
    const BUS: Option<&'static Bus> = Some(&BUS);

    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        let has = window.shape.set.has_words();
        has.then(|| gate(window)).into_iter().collect()
    }

    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let row = &window.row;
        let Challenges { epsilon, gamma, .. } = &window.challenges;
        let message = |[left, right, common]: [&A; 3]| {
            let rest = [Some(right.clone()), Some(common.clone()), None];
            Message::new(epsilon, gamma, left.clone(), rest)
        };
        let limbs = row.low.iter().zip(&row.high).zip(&row.both);
        for (i, (((low, high), both), looked)) in limbs.zip(&row.looked).enumerate() {
            emit(Interaction {
                bus: &BUS,
                name: "looked = 1 / (the limbs of this row)",
                sign: Sign::Receive,
                count: A::constant(1),
                message: message([low, high, both]),
                rows: Rows::Step,
                placement: Placement::own(Column::Looked(i), looked),
            });
        }
        let pairs = row.rest.chunks_exact(2).zip(&row.joint);
        for (i, ((pair, joint), checked)) in pairs.zip(&row.checked).enumerate() {
            emit(Interaction {
                bus: &BUS,
                name: "checked = 1 / (two limbs of this row's third word)",
                sign: Sign::Receive,
                count: A::constant(1),
                message: message([&pair[0], &pair[1], joint]),
                rows: Rows::Step,
                placement: Placement::own(Column::Checked(i), checked),
            });
        }
        match (&row.answers, &row.answered, &window.table) {
            (Some(answers), Some(answered), Some([left, right, common])) => emit(Interaction {
                bus: &BUS,
                name: "answered = answers / (the limbs of this row of the table)",
                sign: Sign::Send,
                count: answers.clone(),
                message: message([left, right, common]).named("table"),
                rows: Rows::Step,
                placement: Placement::own(Column::Answered, answered),
            }),
            (None, None, None) => {}
            _ => missing("a table of limbs"),
        }
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let (Some(answers), Some(executed)) = (&mut columns.answers, &event.executed) else {
            return;
        };
        let shape = event.shape;
        let mut look_up = |left: u64, right: u64| {
            let place = left + (right << shape.limb_bits);
            count(answers, event.rows, place as usize);
            [left, right, left & right].map(F::constant)
        };
        let [low, high] = executed.step.double.map(|word| limbs(shape, word));
        let all = columns.low.iter_mut().zip(&mut columns.high);
        let all = all.zip(&mut columns.both).zip(low.zip(high));
        for (((low, high), both), (own_low, own_high)) in all {
            let limbs = look_up(own_low, own_high);
            for (column, limb) in [low, high, both].into_iter().zip(limbs) {
                column.push(limb);
            }
        }
        let rest: Vec<u64> = limbs(shape, executed.step.rest).collect();
        let pairs = columns.rest.chunks_exact_mut(2).zip(&mut columns.joint);
        for ((pair, joint), own) in pairs.zip(rest.chunks_exact(2)) {
            let [left, right, common] = look_up(own[0], own[1]);
            pair[0].push(left);
            pair[1].push(right);
            joint.push(common);
        }
    }
}

/// The limbs of a word, the least significant one first.
fn limbs(shape: Shape, word: u32) -> impl Iterator<Item = u64> {
    let bits = shape.limb_bits;
    let places = (0..shape.limbs() as u32).map(move |place| place * bits);
    places.map(move |place| u64::from(word >> place) & ((1 << bits) - 1))
}

/// A row of the table of limbs: a left and a right one, and the bits that both have.
pub fn table_row(shape: Shape, row: usize) -> [u64; 3] {
    if row >= shape.table_rows() {
        return [0; 3];
    }
    let row = row as u64;
    let (left, right) = (row & ((1 << shape.limb_bits) - 1), row >> shape.limb_bits);
    [left, right, left & right]
}

/// The word that limbs make.
pub(super) fn word<A: Algebra>(shape: Shape, limbs: &[A], name: &'static str) -> A {
    // Horner's rule.
    let base = A::constant(1 << shape.limb_bits);
    let more = limbs.iter().rev().cloned();
    let word = more.reduce(|word, limb| limb + base.clone() * word);
    let word = word.unwrap_or_else(|| missing("a 32-bit word"));
    word.named(name)
}

/// What the two words are where no value is split into them.
fn gate<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let (shape, row, step) = (window.shape, &window.row, window.step());
    let splits = window.flags(|opcode| {
        let double = window.relation(opcode).double;
        let computed = matches!(double, Some(Double::Split(_) | Double::Quotient(..)));
        computed.then(|| A::constant(1))
    });
    let said = |high: bool| {
        window.flags(|opcode| match window.relation(opcode).double? {
            Double::Split(_) | Double::Quotient(..) => None,
            Double::Pair(_, own) if high => Some(own),
            Double::Pair(own, _) => Some(own),
        })
    };
    let words = [
        (
            "low is the instruction's, 0 if it has none, unless it splits a value or divides",
            &row.low,
            "low",
        ),
        (
            "high is the instruction's, 0 if it has none, unless it splits a value or divides",
            &row.high,
            "high",
        ),
    ];
    let constraints = words
        .into_iter()
        .enumerate()
        .map(|(i, (name, limbs, field))| {
            let unsplit = A::constant(1) - splits.clone();
            let own = unsplit * word(shape, limbs, field) - said(i == 1);
            Constraint::new(name, step.clone() * own)
        });
    let mut constraints: Vec<_> = constraints.collect();
    if !row.rest.is_empty() {
        let said = window.flags(|opcode| window.relation(opcode).rest);
        constraints.push(Constraint::new(
            "rest is the instruction's, 0 if it has none",
            step * (word(shape, &row.rest, "rest") - said),
        ));
    }
    Gate {
        name: "words",
        constraints,
    }
}
