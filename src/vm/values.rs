//! The operands of a step, as values of a field or integers.

use crate::algebra::{Computed, integer};
use crate::isa::{CELL_BYTES, Carry, Double, InstructionSet, Operands, Piece, Power, Rest, Width};

/// The topmost words of a stack, from the top down.
pub(crate) type Topmost<F> = [F; InstructionSet::MAX_WINDOW];

/// The operands of an instruction as words.
pub(super) struct Values<F> {
    pub(super) stack: Topmost<F>,
    pub(super) argument: F,
    pub(super) hint: Hint<F>,
    pub(super) result: F,
    pub(super) following: usize,
    pub(super) jumps: F,
    pub(super) words: Words<F>,
    pub(super) rest: u64,
    pub(super) carries: [bool; 3],
    pub(super) exponent: u32,
    pub(super) frame: F,
    pub(super) old: F,
    pub(super) new: F,
    /// The byte of its cell that it accesses.
    pub(super) offset: Option<usize>,
}

#[inline(always)]
pub(super) fn zero<F: Computed>() -> F {
    F::constant(0)
}

#[inline(always)]
pub(super) fn one<F: Computed>() -> F {
    F::constant(1)
}

/// The prover's word.
#[derive(Clone, Copy)]
pub(super) enum Hint<F> {
    Is(F),
    /// -1 over this factor, computed where it is read.
    Of(F),
}

/// The two words in limbs of a step: as words of the field where an operand is one, for that is what a conversion costs.
#[derive(Clone, Copy)]
pub(super) enum Words<F> {
    None,
    /// Those of this value.
    Of(F, [u64; 2]),
    /// These operands.
    Operands([F; 2], [u64; 2]),
    Computed([u64; 2]),
}

impl<F: Computed> Words<F> {
    #[inline(always)]
    pub(super) fn new(double: &Double<F>, product: F, words: [u64; 2]) -> Self {
        match double {
            Double::Split(value) => Words::Of(*value + product, words),
            Double::Pair(low, high) => Words::Operands([*low, *high], words),
            _ => Words::Computed(words),
        }
    }

    #[inline(always)]
    pub(super) fn numbers(&self) -> [u64; 2] {
        match self {
            Words::None => [0; 2],
            Words::Of(_, own) | Words::Operands(_, own) | Words::Computed(own) => *own,
        }
    }
}

impl<F: Computed> Operands<F> for Values<F> {
    #[inline(always)]
    fn word(&self, place: usize) -> F {
        self.stack.get(place).map_or(zero(), F::read)
    }
    #[inline(always)]
    fn argument(&self) -> F {
        self.argument.read()
    }
    #[inline(always)]
    fn hint(&self) -> F {
        match self.hint {
            Hint::Is(own) => own,
            Hint::Of(factor) => zero::<F>() - factor.inverted().unwrap_or(zero()),
        }
    }
    #[inline(always)]
    fn result(&self) -> F {
        self.result
    }
    #[inline(always)]
    fn following(&self) -> F {
        F::constant(self.following as u64)
    }
    #[inline(always)]
    fn jumps(&self) -> F {
        self.jumps
    }
    #[inline(always)]
    fn low(&self, _: Width) -> F {
        match self.words {
            Words::None => zero(),
            Words::Of(value, [_, 0]) => value,
            Words::Operands([low, _], _) => low,
            Words::Of(_, [low, _]) | Words::Computed([low, _]) => F::constant(low),
        }
    }
    #[inline(always)]
    fn high(&self, _: Width) -> F {
        match self.words {
            Words::None => zero(),
            Words::Operands([_, high], _) => high,
            Words::Of(_, [_, high]) | Words::Computed([_, high]) => F::constant(high),
        }
    }
    #[inline(always)]
    fn both(&self, _: Width) -> F {
        let [low, high] = self.words.numbers();
        F::constant(low & high)
    }
    #[inline(always)]
    fn rest(&self, _: Width) -> F {
        F::constant(self.rest)
    }
    #[inline(always)]
    fn ones(&self, _: Width) -> F {
        let [low, _] = self.words.numbers();
        F::constant(low.count_ones().into())
    }
    #[inline(always)]
    fn carry(&self, carry: Carry) -> F {
        match self.carries[carry as usize] {
            true => one(),
            false => zero(),
        }
    }
    #[inline(always)]
    fn exponent(&self) -> F {
        F::constant(self.exponent.into())
    }
    #[inline(always)]
    fn power(&self) -> F {
        integer(1 << self.exponent)
    }
    #[inline(always)]
    fn pair(&self, width: Width) -> F {
        match self.words {
            Words::None => zero(),
            Words::Of(value, _) => value,
            Words::Operands(..) | Words::Computed(_) => {
                self.low(width) + self.radix(width) * self.high(width)
            }
        }
    }
    #[inline(always)]
    fn frame(&self) -> F {
        self.frame
    }
    #[inline(always)]
    fn old(&self) -> F {
        self.old
    }
    #[inline(always)]
    fn updated(&self) -> F {
        self.new
    }
    #[inline(always)]
    fn offset(&self) -> F {
        F::constant(self.offset.unwrap_or(0) as u64)
    }
    #[inline(always)]
    fn scale(&self) -> F {
        F::constant(self.offset.map_or(0, |own| 1 << (8 * own)))
    }
    #[inline(always)]
    fn found(&self, piece: Piece) -> F {
        let [low, _] = self.words.numbers();
        F::constant(self.offset.map_or(0, |own| piece_of(low, own, piece)))
    }
    #[inline(always)]
    fn lowest(&self, piece: Piece) -> F {
        let [_, high] = self.words.numbers();
        F::constant(piece_of(high, 0, piece))
    }
    #[inline(always)]
    fn last_byte(&self) -> F {
        F::constant(u64::from(self.offset == Some(CELL_BYTES - 1)))
    }
}

/// The byte of a 32-bit word with this number, or it and the next one; 0 if that is not there.
#[inline(always)]
pub(crate) fn piece_of(word: u64, offset: usize, piece: Piece) -> u64 {
    match offset + piece.bytes() <= CELL_BYTES {
        true => word >> (8 * offset) & ((1 << (8 * piece.bytes())) - 1),
        false => 0,
    }
}

/// The word of a size that a value is, if it is one.
#[inline(always)]
fn word<F: Computed>(width: Width, value: &F) -> Option<u64> {
    value.as_u64().and_then(|own| width.word(own.into()))
}

/// The quotient of a dividend below 2^129, which is as large as one of 64-bit words can be, and what is left.
#[inline(always)]
fn divide<F: Computed>(dividend: &F, divisor: u128) -> Option<[u128; 2]> {
    if let Some(dividend) = dividend.as_u128() {
        return Some([dividend.checked_div(divisor)?, dividend % divisor]);
    }
    // It is 2^128 - 1, 1, and a number that has 128 bits.
    let more = (*dividend - integer(u128::MAX) - one()).as_u128()?;
    let quotient = u128::MAX
        .checked_div(divisor)?
        .checked_add(more / divisor)?;
    let left = (u128::MAX % divisor)
        .checked_add(more % divisor)?
        .checked_add(1)?;
    Some([quotient.checked_add(left / divisor)?, left % divisor])
}

/// A value less the radix, if that is no larger, and whether it was taken off; none if the value is twice the radix or more.
#[inline(always)]
fn reduce<F: Computed>(width: Width, value: &F) -> Option<(u64, bool)> {
    let value = value.as_u128()?;
    let carry = value >= width.radix();
    let word = width.word(if carry { value - width.radix() } else { value })?;
    Some((word, carry))
}

/// The exponent of a power of two, if there is such a one.
#[inline(always)]
pub(super) fn exponent<F: Computed>(width: Width, power: &Power<F>) -> Option<u32> {
    let (exponent, most) = match power {
        Power::Of(own) => {
            let own = own.as_u64().and_then(|own| u32::try_from(own).ok());
            (own?, width.bits() - 1)
        }
        Power::Floor(value) => (value.as_u128()?.checked_ilog2()?, width.bits()),
        Power::Divisor(value) => (value.as_u128()?.trailing_zeros(), width.bits()),
    };
    Some(exponent).filter(|own| *own <= most)
}

impl<F: Computed> Values<F> {
    /// The low and the high word that an instruction computes with, if there are such words; `product` is that of its relation.
    #[inline(always)]
    pub(super) fn double(
        &mut self,
        width: Width,
        double: &Double<F>,
        product: F,
    ) -> Option<[u64; 2]> {
        match double {
            Double::Split(value) => {
                let value = (*value + product).as_u128()?;
                let low = value & (width.radix() - 1);
                Some([width.word(low)?, width.word(value >> width.bits())?])
            }
            Double::Pair(low, high) => Some([word(width, low)?, word(width, high)?]),
            Double::Reduced(low, high) => {
                let [low, high] = [reduce(width, low)?, reduce(width, high)?];
                (self.carries[0], self.carries[1]) = (low.1, high.1);
                Some([low.0, high.0])
            }
            Double::Quotient(dividend, divisor) => {
                let [quotient, left] = divide(dividend, divisor.as_u128()?)?;
                Some([width.word(quotient)?, width.word(left)?])
            }
            Double::Odd(high, value) => {
                let odd = value.as_u128()? >> self.exponent;
                Some([width.word(odd >> 1)?, word(width, high)?])
            }
            Double::Ones(low) => Some([word(width, low)?, 0]),
        }
    }

    /// The third word that an instruction computes with, if there is such a word.
    #[inline(always)]
    pub(super) fn third(&mut self, width: Width, rest: &Rest<F>) -> Option<()> {
        match rest {
            Rest::Said(own) => self.rest = word(width, own)?,
            Rest::Reduced(value) => {
                let (own, carry) = reduce(width, value)?;
                self.rest = own;
                self.carries[2] = carry;
            }
        }
        Some(())
    }
}
