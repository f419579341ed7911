//! Relations of instructions that compute with words in limbs, and that access the memory.

use super::relation::{
    Access, Address, Carry, Cofactor, Double, Operands, Piece, Power, Relation, Rest, Width,
};
use crate::algebra::Algebra;

/// A result made of the two words of `value` and the product that is put to it.
///
/// The new top is `result + value + product - low - radix * high`, and it is demanded to be `result`: that makes the two words
/// those of the value and the product. Each value below the square of the radix has one such pair, and others have none.
#[inline(always)]
pub(super) fn split<A: Algebra>(
    x: &impl Operands<A>,
    width: Width,
    value: A,
    result: A,
) -> Relation<A> {
    let top = result.clone() + value.clone() - x.pair(width);
    Relation {
        width,
        double: Some(Double::Split(value)),
        ..Relation::top(top).zero(x.result() - result)
    }
}

/// A result made of the two words of a product.
#[inline(always)]
pub(super) fn multiplied<A: Algebra>(
    x: &impl Operands<A>,
    width: Width,
    factor: A,
    cofactor: Cofactor,
    result: A,
) -> Relation<A> {
    split(x, width, A::constant(0), result).times(factor, cofactor)
}

/// A result made of the two words of the second word, shifted to the left by as many bits as the top says.
#[inline(always)]
pub(super) fn to_the_left<A: Algebra>(
    x: &impl Operands<A>,
    width: Width,
    result: A,
) -> Relation<A> {
    Relation {
        power: Some(Power::Of(x.word(0))),
        ..multiplied(x, width, x.power(), Cofactor::Second, result)
    }
}

/// The power with which a product's high word is what is shifted to the right by as many bits as the top says: half of 2 to the bits that are
/// left.
#[inline(always)]
fn right<A: Algebra>(x: &impl Operands<A>, width: Width) -> Option<Power<A>> {
    Some(Power::Of(x.bits(width) - A::constant(1) - x.word(0)))
}

/// The second word, shifted to the right by as many bits as the top says.
#[inline(always)]
pub(super) fn to_the_right<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    let factor = A::constant(2) * x.power();
    Relation {
        power: right(x, width),
        ..multiplied(x, width, factor, Cofactor::Second, x.high(width))
    }
}

/// The same of a word with a sign.
#[inline(always)]
pub(super) fn signed_to_the_right<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    Relation {
        power: right(x, width),
        ..shifted(x, width, x.word(1), x.power(), Cofactor::Power)
    }
}

/// The number of ones of the top.
#[inline(always)]
pub(super) fn ones<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    Relation {
        width,
        double: Some(Double::Ones(x.word(0))),
        ..Relation::top(x.ones(width))
    }
}

/// A result made of two words, which have to be such words.
#[inline(always)]
pub(super) fn bitwise<A: Algebra>(width: Width, low: A, high: A, result: A) -> Relation<A> {
    Relation {
        width,
        double: Some(Double::Pair(low, high)),
        ..Relation::top(result)
    }
}

/// A result made of the two words of the second word less the top and the radix more: of these the high one is 0 where
/// something is borrowed, else 1.
#[inline(always)]
pub(super) fn borrow<A: Algebra>(x: &impl Operands<A>, width: Width, result: A) -> Relation<A> {
    let high = x.high(width);
    let value = x.word(1) - x.word(0) + x.radix(width);
    split(x, width, value, result)
        .times(high.clone(), Cofactor::Zero)
        .tests(high - A::constant(1), A::constant(0))
}

/// Whether the second word is less than the top, both with signs.
///
/// With half the radix more, modulo the radix, they are in the order of numbers without signs: these are `low` and `high`. Then
/// `high + radix - 1 - low` is the radix or more if `low` is less.
#[inline(always)]
pub(super) fn less<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    let difference = x.high(width) + x.radix(width) - A::constant(1) - x.low(width);
    Relation {
        width,
        double: Some(Double::Reduced(
            x.word(1) + x.half(width),
            x.word(0) + x.half(width),
        )),
        rest: Some(Rest::Reduced(difference)),
        ..Relation::top(x.carry(Carry::Rest))
    }
}

/// A word with a sign, shifted to the right: half the radix more it is a number without a sign, u, which is the third word. The high word of
/// `2 u * factor` is u shifted, which is `factor` more than the result, but for the radix if the word is negative.
#[inline(always)]
pub(super) fn shifted<A: Algebra>(
    x: &impl Operands<A>,
    width: Width,
    word: A,
    factor: A,
    cofactor: Cofactor,
) -> Relation<A> {
    let negative = x.radix(width) * x.carry(Carry::Rest);
    let result = x.high(width) - factor + negative;
    Relation {
        rest: Some(Rest::Reduced(word + x.half(width))),
        ..multiplied(x, width, A::constant(2) * x.rest(width), cofactor, result)
    }
}

/// The second word, negated modulo the radix if the top, a word with a sign, is negative: half the radix or more.
///
/// With p for 1 where it is not, which the carry of the third word says, twice the top, the two words are those of
/// `radix - second + p * (2 second - radix / 2)`: of `second + radix / 2` where p is 1, and then `high` has to be 0. The result is
/// `low - p * radix / 2`.
#[inline(always)]
pub(super) fn with_sign<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    let positive = A::constant(1) - x.carry(Carry::Rest);
    let result = x.low(width) - x.half(width) * positive;
    let factor = A::constant(2) * x.word(1) - x.half(width);
    Relation {
        rest: Some(Rest::Reduced(A::constant(2) * x.word(0))),
        ..split(x, width, x.radix(width) - x.word(1), result)
            .times(factor, Cofactor::Uncarried)
            .tests(A::constant(0), x.high(width))
    }
}

/// The number of bits above the highest 1 of the top: so many less than all as the top has bits.
///
/// It has p bits if `low = 2^p - 1 - top` and `high = 2 top + 1 - 2^p` are not negative. Both being words, `2^p - 1 - 2 low` is not
/// negative, and so the top is an integer that is not, and less than 2^p.
#[inline(always)]
pub(super) fn leading<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    let value = A::constant(2) * x.word(0) + A::constant(1);
    let missing = x.power() - A::constant(1) - x.word(0);
    let more = value.clone() - x.power();
    Relation {
        power: Some(Power::Floor(value)),
        ..bitwise(width, missing, more, x.bits(width) - x.exponent())
    }
}

/// The bits below the lowest 1 of the top: the top and the radix more is a power of two times `2 * low + 1`.
///
/// The new top is `exponent + top + radix - power - 2 * power * low`, and it is demanded to be `exponent`. `high` is the top, which
/// has to be a word.
#[inline(always)]
pub(super) fn trailing<A: Algebra>(x: &impl Operands<A>, width: Width) -> Relation<A> {
    let value = x.word(0) + x.radix(width);
    let top = x.exponent() + value.clone() - x.power();
    Relation {
        width,
        double: Some(Double::Odd(x.word(0), value.clone())),
        power: Some(Power::Divisor(value)),
        ..Relation::top(top).zero(x.result() - x.exponent())
    }
    .times(A::constant(0) - A::constant(2) * x.power(), Cofactor::Low)
}

/// A new top, and an access to a cell that then holds `new`.
#[inline(always)]
pub(super) fn accessing<A: Algebra>(top: A, address: Address<A>, new: A) -> Relation<A> {
    Relation {
        access: Some(Access {
            address,
            new: Some(new),
        }),
        ..Relation::top(top)
    }
}

/// The address of the frame's cell whose number is the argument.
#[inline(always)]
pub(super) fn local<A: Algebra>(x: &impl Operands<A>) -> Address<A> {
    Address::Cell(x.frame() + x.argument())
}

/// A piece of the memory's word whose first byte has the address on top. A half does not begin with a cell's last byte.
#[inline(always)]
pub(super) fn loaded<A: Algebra>(x: &impl Operands<A>, piece: Piece) -> Relation<A> {
    let none = A::constant(0);
    Relation {
        double: Some(Double::Pair(x.old(), none.clone())),
        ..accessing(x.found(piece), Address::Byte(x.word(0)), x.old())
    }
    // The scale is not 0.
    .times(none.clone(), Cofactor::Scale)
    .tests(none, crossing(x, piece))
}

/// The lowest piece of the second word, put into the memory where the address is on top.
///
/// The new top is `second + old + scale * (lowest - found) - new`, and it is demanded to be `second`: so `new` is the old word with
/// another piece.
#[inline(always)]
pub(super) fn stored<A: Algebra>(x: &impl Operands<A>, piece: Piece) -> Relation<A> {
    let (value, address) = (x.word(1), Address::Byte(x.word(0)));
    let access = Access { address, new: None };
    Relation {
        double: Some(Double::Pair(x.old(), value.clone())),
        access: Some(access),
        ..Relation::top(value.clone() + x.old() - x.updated()).zero(x.result() - value)
    }
    .times(x.lowest(piece) - x.found(piece), Cofactor::Scale)
    // The scale is not 0.
    .tests(A::constant(0), crossing(x, piece))
}

/// 1 if a piece that begins with this byte is not in one cell.
#[inline(always)]
fn crossing<A: Algebra>(x: &impl Operands<A>, piece: Piece) -> A {
    match piece {
        Piece::Byte => A::constant(0),
        Piece::Half => x.last_byte(),
    }
}

/// A result made of the quotient of the second word by the top, and of what is left.
///
/// The new top is `result + second - low * top - high`, and it is demanded to be `result`: so `second = low * top + high`. That
/// what is left is less than the top is what `rest` says, `top - 1 - high`: so there is one such pair, if there is one.
#[inline(always)]
pub(super) fn quotient<A: Algebra>(x: &impl Operands<A>, width: Width, result: A) -> Relation<A> {
    let top = result.clone() + x.word(1) - x.high(width);
    Relation {
        width,
        double: Some(Double::Quotient(x.word(1), x.word(0))),
        rest: Some(Rest::Said(x.word(0) - A::constant(1) - x.high(width))),
        ..Relation::top(top).zero(x.result() - result)
    }
    .times(A::constant(0) - x.word(0), Cofactor::Low)
}
