//! Words of 32 and 64 bits: two of them a row, in limbs that are looked up, what the limbs have in common, and a power of two.
//!
//! ```text
//! low = low_0 + 2^b * low_1 + ...     high, both and rest are made of high_i, both_i and rest_i so
//! every step:  looked_i * limbs(low_i, high_i, both_i, 3 * counts) = 1
//!              answered * limbs(left, right, common, kind) = answers
//!              checked_i * limbs(rest_2i, rest_2i+1, joint_i, 0) = 1
//!              raised * limbs(exponent, power, 0, 1 + wide + 3 * zeros) = 1
//!              low and high are what an instruction says that they are, or 0, unless it computes them
//!              rest is what an instruction says that it is, or 0
//! limbs(x, y, z, k) = epsilon + x + gamma * y + gamma^2 * z + gamma^3 * k
//! ```
//!
//! `left`, `right`, `common` and `kind` are fixed. Rows of the kind 0 are all pairs of limbs of b bits, and the bits that both have; those of
//! the kind 1 are `(e, 2^e, 0)` for e from 0 to 31, those of the kind 2 the same to 63, of the kind 4 to 32 and of the kind 5 to 64, and those
//! of the kind 3 are each limb and how many of its bits are 1. Rows after them hold the pair of zeros again. `counts` is 1 where the row
//! executes an instruction that counts the bits that are 1, `zeros` where it counts the zeros at an end of a word, and `wide` where it
//! executes one with a power of two and words of 64 bits. A set that has none of these has no `kind`, which is 0 then.
//!
//! In a set with words of 64 bits `low` and `high` have as many, and an instruction with words of 32 bits has them in the lower halves.
//! The upper half of `high` is 0 there, and the one of `low` is its third word, or 0.
//!
//! # Lemma: low and high are words, and both is what they have in common
//!
//! Write L for the multiset of the tuples that steps look up, T for that of the table, each of its rows as often as `answers` says,
//! a number that the prover states. The [theorem of the sum](crate::air::logup) says that every tuple occurs in L and in T equally
//! often, as elements of F. Its number in L is one of at most `rows * limbs`, far below the characteristic, and so it is
//! not 0 in F if the tuple occurs there. Then it is a row of the table, of its kind. Where no bits are counted, `low_i` and `high_i` are integers of b
//! bits, and `both_i` is `low_i AND high_i`. There are as many of each as b goes into 32 or 64, so `low`, `high` and `both` are integers below 2^32
//! or 2^64, none of which wraps around in F, each of one sequence of limbs, and `both = low AND high`, for AND acts on each bit alone. In the
//! same way `rest`, where a set has it, is such a word. Where bits are counted `low` is a word too, and `high_i` is the number of ones in
//! `low_i`. And `power` is 2 to the `exponent`, which is an integer, less than 32 or 64 where a word is shifted by so
//! many bits, and at most that where zeros are counted.
//!
//! # Lemma: an instruction determines them
//!
//! R is 2^32 or 2^64, the square of which is less than the characteristic.
//!
//! An instruction that *splits* a value v demands that its result is r, where its new top is `r + v - low - R * high`: so
//! `low + R * high = v`. As the left side is less than R^2, v is the integer `low + R * high`, and of that there is one pair; if v has another
//! representative, there is none.
//!
//! One that *divides* a by b demands `a = low * b + high` in the same way, and that `rest = b - 1 - high` is a word too. So b is
//! `high + 1 + rest`, an integer from 1 to 2 R - 1 which is larger than `high`; `low * b + high` is less than 2 R^2, and so a is that
//! integer, and `low` and `high` are its quotient and remainder by b. Without the third word `high` could be larger than b.
//!
//! A word that is *reduced* is v or `v - R`, as its carry, which is 0 or 1, says: both are words for no v.
//!
//! One that gives a word a the sign of another, s, splits `a + R / 2` where s is not negative, with `high = 0`, and so a is at least -R / 2 and less than R / 2;
//! else `R - a`. Which of both, the carry of the third word says: that is `2 s`, less than 2 R and reduced, so that s is an integer less than R, or half
//! an odd number below 2 R in the field, and the carry is 1 if `2 s` is R or more.
//!
//! The number of bits above the highest 1 is determined as [`leading`](crate::isa::Opcode::Clz32) says; that below the lowest 1 of a word a, by
//! `a + R = 2^e * (2 * low + 1)`: all of it are integers below 4 R^2, and there is one such e for an integer that is not 0.
//!
//! For all others `low` and `high` are what the instruction says, or 0. So the operands of an instruction that splits need not be words: its
//! result is what the table of instructions says of them, or the row is unsatisfiable.

use super::window::{Challenges, Window, missing, there};
use super::{Column, Columns, Event, Part, bit, count};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Sign};
use crate::algebra::{Algebra, Word, integer};
use crate::isa::{Carry, Double, Opcode, Power, Relation, Rest, Shape, Width};

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
        let (shape, row) = (window.shape, &window.row);
        let Challenges { epsilon, gamma, .. } = &window.challenges;
        let message = |[left, right, common]: [A; 3], kind: Option<A>| {
            Message::new(epsilon, gamma, left, [Some(right), Some(common), kind])
        };
        let mut receive = |name, message, placement| {
            emit(Interaction::of_step(
                &BUS,
                name,
                Sign::Receive,
                A::constant(1),
                message,
                placement,
            ));
        };
        let counts = shape.set.has_ones().then(|| {
            let counts = window.executing(Opcode::counts_ones);
            (A::constant(ONES) * counts).named("counts")
        });
        let limbs = row.low.iter().zip(&row.high).zip(&row.both);
        for (i, (((low, high), both), looked)) in limbs.zip(&row.looked).enumerate() {
            receive(
                "looked = 1 / (the limbs of this row)",
                message([low, high, both].map(A::clone), counts.clone()),
                Placement::own(Column::Looked(i), looked),
            );
        }
        let pairs = row.rest.chunks_exact(2).zip(&row.joint);
        for (i, ((pair, joint), checked)) in pairs.zip(&row.checked).enumerate() {
            receive(
                "checked = 1 / (two limbs of this row's third word)",
                message([&pair[0], &pair[1], joint].map(A::clone), None),
                Placement::own(Column::Checked(i), checked),
            );
        }
        if let (Some(exponent), Some(power), Some(raised)) =
            (&row.exponent, &row.power, &row.raised)
        {
            let wide = window.executing(|own| own.uses_power() && own.width() == Width::W64);
            let zeros = window.executing(Opcode::counts_zeros);
            let kind = A::constant(POWERS) + wide + A::constant(COUNTS - POWERS) * zeros;
            let entries = [exponent.clone(), power.clone(), A::constant(0)];
            receive(
                "raised = 1 / (the power of two of this row)",
                message(entries, Some(kind)),
                Placement::own(Column::Raised, raised),
            );
        }
        match (&row.answers, &row.answered, &window.table) {
            (Some(answers), Some(answered), Some([left, right, common, kind])) => {
                let kind = shape.has_kinds().then(|| kind.clone());
                emit(Interaction::of_step(
                    &BUS,
                    "answered = answers / (the limbs of this row of the table)",
                    Sign::Send,
                    answers.clone(),
                    message([left, right, common].map(A::clone), kind).named("table"),
                    Placement::own(Column::Answered, answered),
                ));
            }
            (None, None, None) => {}
            _ => missing("a table of limbs"),
        }
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let (Some(answers), Some(executed)) = (&mut columns.answers, &event.executed) else {
            return;
        };
        let (shape, opcode, step) = (event.shape, executed.opcode, &executed.step);
        let mut look_up = |place: usize| count(answers, event.rows, place);
        let pair = |left: u64, right: u64| (left + (right << shape.limb_bits)) as usize;
        let [mut low, high] = step.double;
        let full = opcode.width() == shape.set.width();
        if !full {
            low |= step.rest << Width::W32.bits();
        }
        let [low, high] = [low, high].map(|word| limbs(shape, word));
        let all = columns.low.iter_mut().zip(&mut columns.high);
        let all = all.zip(&mut columns.both).zip(low.zip(high));
        for (((low, high), both), (left, right)) in all {
            let (place, limbs) = match opcode.counts_ones() {
                true => {
                    let ones = left.count_ones();
                    (place(shape, ONES, left as usize), [left, ones.into(), 0])
                }
                false => (pair(left, right), [left, right, left & right]),
            };
            look_up(place);
            for (column, limb) in [low, high, both].into_iter().zip(limbs) {
                column.push(F::constant(limb));
            }
        }
        let rest: Vec<u64> = limbs(shape, if full { step.rest } else { 0 }).collect();
        let pairs = columns.rest.chunks_exact_mut(2).zip(&mut columns.joint);
        for ((columns, joint), own) in pairs.zip(rest.chunks_exact(2)) {
            look_up(pair(own[0], own[1]));
            columns[0].push(F::constant(own[0]));
            columns[1].push(F::constant(own[1]));
            joint.push(F::constant(own[0] & own[1]));
        }
        let carries = [
            &mut columns.low_carry,
            &mut columns.high_carry,
            &mut columns.rest_carry,
        ];
        for (column, carry) in carries.into_iter().zip(step.carries) {
            column.iter_mut().for_each(|column| column.push(bit(carry)));
        }
        if let (Some(exponent), Some(power)) = (&mut columns.exponent, &mut columns.power) {
            let own = step.exponent.unwrap_or(0);
            let kind = match opcode.counts_zeros() {
                true => COUNTS,
                false => POWERS,
            };
            let wide = opcode.uses_power() && opcode.width() == Width::W64;
            let kind = kind + u64::from(wide);
            look_up(place(shape, kind, own as usize));
            exponent.push(F::constant(own.into()));
            power.push(integer(1 << own));
        }
    }
}

/// The kinds of rows of the table, but for pairs of limbs, which are of the kind 0.
const POWERS: u64 = 1;
const ONES: u64 = 3;
const COUNTS: u64 = 4;

/// The row of the table with an exponent, or a limb, in rows of a kind.
fn place(shape: Shape, kind: u64, own: usize) -> usize {
    let before = shape.table_kinds().into_iter().take(kind as usize);
    before.sum::<usize>() + own
}

/// The limbs of a word, the least significant one first.
fn limbs(shape: Shape, word: u64) -> impl Iterator<Item = u64> {
    let bits = shape.limb_bits;
    let places = (0..shape.limbs() as u32).map(move |place| place * bits);
    places.map(move |place| word >> place & ((1 << bits) - 1))
}

/// A row of the table: a left and a right limb, the bits that both have, and the kind 0; or a limb, the number of its bits that are 1, 0, and the
/// kind 3; or an exponent, two to it, 0, and another kind.
pub fn table_row(shape: Shape, row: usize) -> [u128; 4] {
    let mut own = row;
    for (kind, rows) in (0..).zip(shape.table_kinds()) {
        if own < rows {
            let [left, right, common] = entries(shape, kind, own);
            return [left, right, common, kind.into()];
        }
        own -= rows;
    }
    [0; 4]
}

/// A row of a kind, which is the one with this number among them.
fn entries(shape: Shape, kind: u64, row: usize) -> [u128; 3] {
    match kind {
        0 => {
            let (left, right) = (row & ((1 << shape.limb_bits) - 1), row >> shape.limb_bits);
            [left, right, left & right].map(|limb| limb as u128)
        }
        ONES => [row as u128, row.count_ones().into(), 0],
        _ => [row as u128, 1 << row, 0],
    }
}

/// As many entries as the rows of the table have; 0 if there is none.
pub fn table_entries(shape: Shape) -> usize {
    match (shape.set.has_words(), shape.has_kinds()) {
        (false, _) => 0,
        (true, false) => 3,
        (true, true) => 4,
    }
}

/// The word that limbs make.
pub(super) fn word<A: Algebra>(shape: Shape, limbs: &[A], name: &'static str) -> A {
    // Horner's rule.
    let base = A::constant(1 << shape.limb_bits);
    let more = limbs.iter().rev().cloned();
    let word = more.reduce(|word, limb| limb + base.clone() * word);
    let word = word.unwrap_or_else(|| missing("a word"));
    word.named(name)
}

/// The word of a size that limbs make, which may be those of a larger one; the names are those of a word of 32 bits and of one of 64.
pub(super) fn word_of<A: Algebra>(
    shape: Shape,
    limbs: &[A],
    width: Width,
    [small, large]: [&'static str; 2],
) -> A {
    let own = limbs.get(..shape.limbs_of(width));
    let name = match width {
        Width::W32 => small,
        Width::W64 => large,
    };
    word(shape, own.unwrap_or_default(), name)
}

/// The upper half of a word of 64 bits.
pub(super) fn upper<A: Algebra>(shape: Shape, limbs: &[A], name: &'static str) -> A {
    let own = limbs.get(shape.limbs_of(Width::W32)..);
    word(shape, own.unwrap_or_default(), name)
}

/// What some bytes of a word make, whose limbs are given.
pub(super) fn bytes_of<A: Algebra>(shape: Shape, limbs: &[A], bytes: std::ops::Range<usize>) -> A {
    let of_byte = 8usize.checked_div(shape.limb_bits as usize).unwrap_or(0);
    let own = limbs.get(bytes.start * of_byte..bytes.end * of_byte);
    // Horner's rule, without a name: there are many such.
    let base = A::constant(1 << shape.limb_bits);
    let own = own.unwrap_or_default().iter().rev().cloned();
    let made = own.reduce(|made, limb| limb + base.clone() * made);
    made.unwrap_or_else(|| missing("the bytes of a word"))
}

/// A word that is a value less the radix where its carry is 1.
fn reduced<A: Algebra>(window: &Window<A>, value: A, width: Width, carry: Carry) -> A {
    let carry = there(window.row.carry(carry), "a carry");
    value - integer::<A>(width.radix()) * carry
}

/// What a relation says that the low and the high word are, each if it says so.
fn said<A: Algebra>(window: &Window<A>, relation: Relation<A>) -> [Option<A>; 2] {
    let width = relation.width;
    match relation.double {
        None | Some(Double::Split(_) | Double::Quotient(..)) => [None, None],
        Some(Double::Pair(low, high)) => [Some(low), Some(high)],
        Some(Double::Reduced(low, high)) => [
            Some(reduced(window, low, width, Carry::Low)),
            Some(reduced(window, high, width, Carry::High)),
        ],
        Some(Double::Odd(high, _)) => [None, Some(high)],
        Some(Double::Ones(low)) => [Some(low), None],
    }
}

/// What the third word is, of an instruction with words of this size that says so; else 0.
fn said_rest<A: Algebra>(window: &Window<A>, width: Width) -> A {
    window.flags(|opcode| {
        let relation = window.relation(opcode);
        match relation.rest.filter(|_| relation.width == width)? {
            Rest::Said(word) => Some(word),
            Rest::Reduced(word) => Some(reduced(window, word, width, Carry::Rest)),
        }
    })
}

/// What the words of a row are, where they are not computed, its carries, and the exponent of its power of two.
fn gate<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let (shape, row, step) = (window.shape, &window.row, window.step());
    let wide_set = shape.set.width() == Width::W64;
    let mut constraints = vec![];
    let mut constrain = |name, own: A| {
        constraints.push(Constraint::new(name, step.clone() * own));
    };
    const NAMES: [&str; 2] = [
        "low is the instruction's, 0 if it has none, unless it is computed",
        "high is the instruction's, 0 if it has none, unless it is computed",
    ];
    const UPPER: [&str; 2] = [
        "the upper half of low is the third word of an instruction with 32-bit words, 0 if it has none",
        "the upper half of high is 0 where words have 32 bits",
    ];
    for (i, limbs) in [&row.low, &row.high].into_iter().enumerate() {
        let says = |opcode: Opcode| {
            let [low, high] = said(window, window.relation(opcode));
            if i == 0 { low } else { high }
        };
        let computed = window
            .executing(|opcode| window.relation(opcode).double.is_some() && says(opcode).is_none());
        let small = word_of(shape, limbs, Width::W32, [["low", "high"][i]; 2]);
        let said = window.flags(says);
        let mut own = (A::constant(1) - computed) * small - said;
        if wide_set {
            let upper = upper(shape, limbs, ["upper_low", "upper_high"][i]);
            let large = window.executing(|own| own.width() == Width::W64 && says(own).is_some());
            own = own + integer::<A>(Width::W32.radix()) * (large * upper);
        }
        constrain(NAMES[i], own);
    }
    if wide_set {
        let small = A::constant(1) - window.executing(|own| own.width() == Width::W64);
        let own = small.clone() * upper(shape, &row.low, "upper_low");
        constrain(UPPER[0], own - said_rest(window, Width::W32));
        constrain(UPPER[1], small * upper(shape, &row.high, "upper_high"));
    }
    if !row.rest.is_empty() {
        let said = said_rest(window, shape.set.width());
        let own = word(shape, &row.rest, "rest") - said;
        constrain("rest is the instruction's, 0 if it has none", own);
    }
    for (carry, [is_bit, unused]) in Carry::ALL.into_iter().zip(CARRIES) {
        let Some(own) = row.carry(carry) else {
            continue;
        };
        let users = window.executing(|opcode| opcode.carries(carry));
        constrain(is_bit, own.clone() * (A::constant(1) - own.clone()));
        constrain(unused, (A::constant(1) - users) * own.clone());
    }
    if let Some(exponent) = &row.exponent {
        let computed = window.executing(Opcode::counts_zeros);
        let said = window.flags(|opcode| match window.relation(opcode).power? {
            Power::Of(own) => Some(own),
            Power::Floor(_) | Power::Divisor(_) => None,
        });
        constrain(
            "exponent is the instruction's, 0 if it has none, unless it is computed",
            (A::constant(1) - computed) * exponent.clone() - said,
        );
    }
    Gate {
        name: "words",
        constraints,
    }
}

/// What the constraints of the carries say.
const CARRIES: [[&str; 2]; 3] = [
    [
        "low_carry is 0 or 1",
        "low_carry = 0 where low is no value less the radix",
    ],
    [
        "high_carry is 0 or 1",
        "high_carry = 0 where high is no value less the radix",
    ],
    [
        "rest_carry is 0 or 1",
        "rest_carry = 0 where rest is no value less the radix",
    ],
];
