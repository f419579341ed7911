//! An instruction's relation, read on field values.

use crate::algebra::{Word, integer};
use crate::isa::{
    Address, CELL_BYTES, Carry, Cofactor, Double, Operands, Operation, Piece, Power, Rest, Target,
    Width,
};

/// The operands of an instruction as words.
struct Values<'a, F> {
    /// The stack, from the bottom up.
    stack: &'a [F],
    argument: F,
    hint: Hint<F>,
    result: F,
    following: usize,
    jumps: F,
    words: Words<F>,
    rest: u64,
    carries: [bool; 3],
    exponent: u32,
    old: F,
    new: F,
    /// The byte of its cell that it accesses.
    offset: Option<usize>,
}

/// The prover's word.
#[derive(Clone, Copy)]
enum Hint<F> {
    Is(F),
    /// -1 over this factor, computed where it is read.
    Of(F),
}

/// The two words in limbs of a step: as words of the field where an operand is one, for that is what a conversion costs.
#[derive(Clone, Copy)]
enum Words<F> {
    None,
    /// Those of this value.
    Of(F, [u64; 2]),
    /// These operands.
    Operands([F; 2], [u64; 2]),
    Computed([u64; 2]),
}

impl<F: Word> Words<F> {
    #[inline(always)]
    fn new(double: &Double<F>, product: F, words: [u64; 2]) -> Self {
        match double {
            Double::Split(value) => Words::Of(*value + product, words),
            Double::Pair(low, high) => Words::Operands([*low, *high], words),
            _ => Words::Computed(words),
        }
    }

    #[inline(always)]
    fn numbers(&self) -> [u64; 2] {
        match self {
            Words::None => [0; 2],
            Words::Of(_, own) | Words::Operands(_, own) | Words::Computed(own) => *own,
        }
    }
}

impl<F: Word> Operands<F> for Values<'_, F> {
    #[inline(always)]
    fn word(&self, place: usize) -> F {
        let place = self.stack.len().wrapping_sub(place + 1);
        self.stack.get(place).map_or(F::zero(), F::load)
    }
    #[inline(always)]
    fn argument(&self) -> F {
        self.argument.load()
    }
    #[inline(always)]
    fn hint(&self) -> F {
        match self.hint {
            Hint::Is(own) => own,
            Hint::Of(factor) => F::zero() - factor.inverse().unwrap_or(F::zero()),
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
            Words::None => F::zero(),
            Words::Of(value, [_, 0]) => value,
            Words::Operands([low, _], _) => low,
            Words::Of(_, [low, _]) | Words::Computed([low, _]) => F::constant(low),
        }
    }
    #[inline(always)]
    fn high(&self, _: Width) -> F {
        match self.words {
            Words::None => F::zero(),
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
            true => F::one(),
            false => F::zero(),
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
            Words::None => F::zero(),
            Words::Of(value, _) => value,
            Words::Operands(..) | Words::Computed(_) => {
                self.low(width) + self.radix(width) * self.high(width)
            }
        }
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

/// The cell of the memory that a step accesses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accessed<F> {
    /// Its address.
    pub(crate) cell: F,
    /// The byte of it that is accessed, or with which what is accessed begins, where it has the address of a byte.
    pub(crate) offset: Option<usize>,
    /// What stands there afterwards.
    pub(crate) new: F,
}

impl<F: Word> Accessed<F> {
    /// What has this address.
    #[inline(always)]
    fn at(address: &Address<F>) -> Self {
        let (cell, offset) = match address {
            Address::Cell(cell) => (*cell, None),
            Address::Byte(byte) => match byte.to_u64() {
                Some(byte) => {
                    let [cell, offset] = [byte / CELL_BYTES as u64, byte % CELL_BYTES as u64];
                    (F::constant(cell), Some(offset as usize))
                }
                // The memory has no such byte, nor has it a cell with this address.
                None => (*byte, Some(0)),
            },
        };
        Accessed {
            cell,
            offset,
            new: F::zero(),
        }
    }
}

/// The word of a size that a value is, if it is one.
#[inline(always)]
fn word<F: Word>(width: Width, value: &F) -> Option<u64> {
    value.to_u64().and_then(|own| width.word(own.into()))
}

/// The quotient of a dividend below 2^129, which is as large as one of 64-bit words can be, and what is left.
#[inline(always)]
fn divide<F: Word>(dividend: &F, divisor: u128) -> Option<[u128; 2]> {
    if let Some(dividend) = dividend.to_u128() {
        return Some([dividend.checked_div(divisor)?, dividend % divisor]);
    }
    // It is 2^128 - 1, 1, and a number that has 128 bits.
    let more = (*dividend - integer(u128::MAX) - F::one()).to_u128()?;
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
fn reduce<F: Word>(width: Width, value: &F) -> Option<(u64, bool)> {
    let value = value.to_u128()?;
    let carry = value >= width.radix();
    let word = width.word(if carry { value - width.radix() } else { value })?;
    Some((word, carry))
}

/// The exponent of a power of two, if there is such a one.
#[inline(always)]
fn exponent<F: Word>(width: Width, power: &Power<F>) -> Option<u32> {
    let (exponent, most) = match power {
        Power::Of(own) => {
            let own = own.to_u64().and_then(|own| u32::try_from(own).ok());
            (own?, width.bits() - 1)
        }
        Power::Floor(value) => (value.to_u128()?.checked_ilog2()?, width.bits()),
        Power::Divisor(value) => (value.to_u128()?.trailing_zeros(), width.bits()),
    };
    Some(exponent).filter(|own| *own <= most)
}

impl<F: Word> Values<'_, F> {
    /// The low and the high word that an instruction computes with, if there are such words; `product` is that of its relation.
    #[inline(always)]
    fn double(&mut self, width: Width, double: &Double<F>, product: F) -> Option<[u64; 2]> {
        match double {
            Double::Split(value) => {
                let value = (*value + product).to_u128()?;
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
                let [quotient, left] = divide(dividend, divisor.to_u128()?)?;
                Some([width.word(quotient)?, width.word(left)?])
            }
            Double::Odd(high, value) => {
                let odd = value.to_u128()? >> self.exponent;
                Some([width.word(odd >> 1)?, word(width, high)?])
            }
            Double::Ones(low) => Some([word(width, low)?, 0]),
        }
    }

    /// The third word that an instruction computes with, if there is such a word.
    #[inline(always)]
    fn third(&mut self, width: Width, rest: &Rest<F>) -> Option<()> {
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

/// An instruction's relation on words.
#[derive(Clone, Copy)]
pub(crate) struct Step<F> {
    /// The new top.
    pub(super) result: F,
    /// What comes under the new top, if that is moved.
    pub(super) second: Option<F>,
    pub(super) third: Option<F>,
    pub(super) target: Target,
    pub(crate) jumps: bool,
    pub(crate) factor: F,
    /// What the factor is multiplied by; 0 if it is a hint, -1 over the factor.
    pub(crate) cofactor: F,
    hinted: bool,
    /// The two words in limbs that it computes with; zeros if it does not, or if there are no such words.
    pub(crate) double: [u64; 2],
    /// Of an instruction that computes with them, whether there are, and its factor passes its test.
    words_hold: Option<bool>,
    /// The third one; 0 if there is none.
    pub(crate) rest: u64,
    /// Which of the three are values less the radix.
    pub(crate) carries: [bool; 3],
    /// The exponent of the power of two that it computes with.
    pub(crate) exponent: Option<u32>,
    /// The cell that it accesses, and what is put there.
    pub(crate) access: Option<Accessed<F>>,
}

impl<F: Word> Step<F> {
    /// What an instruction makes of a stack, from the bottom up.
    ///
    /// `word` is what comes from a tape, `pc` the instruction's address, `cell` says what stands in a cell of the memory.
    #[inline(always)]
    pub(crate) fn of<O: Operation>(
        stack: &[F],
        argument: F,
        word: F,
        pc: usize,
        cell: impl FnOnce(F) -> F,
    ) -> Self {
        let mut values = Values {
            stack,
            argument,
            hint: Hint::Is(F::zero()),
            result: word,
            following: pc + 1,
            jumps: F::one(),
            words: Words::None,
            rest: 0,
            carries: [false; 3],
            exponent: 0,
            old: F::zero(),
            new: F::zero(),
            offset: None,
        };
        let told = O::relation(&values);
        let width = told.width;
        let mut access = told.access.as_ref().map(|own| Accessed::at(&own.address));
        if let Some(own) = &access {
            values.offset = own.offset;
            values.old = cell(own.cell);
        }
        let mut holds = true;
        let mut raised = None;
        if let Some(power) = &told.power {
            raised = exponent(width, power);
            holds = raised.is_some();
            values.exponent = raised.unwrap_or(0);
        }
        // A factor may be made of it; if it is made of the two words instead, it is found again.
        if let Some(rest @ Rest::Reduced(_)) = &told.rest {
            let _ = values.third(width, rest);
        }
        // What is known by now is read off a relation of its own, unless there is no more to know: one that is assigned to would
        // be kept on the stack, where a processor waits for what it has just written.
        let more = told.access.is_some() || told.power.is_some() || told.rest.is_some();
        let told = if more { O::relation(&values) } else { told };
        let target = told.target;
        let jumps = match target {
            Target::Argument => true,
            // The test of the factor says, for a row that jumps, whether the top has to be 0.
            Target::Branch => (told.factor == F::zero()) == (told.factor_test == F::one()),
            Target::Following | Target::Top => false,
        };
        values.jumps = if jumps { F::one() } else { F::zero() };
        let kind = told.cofactor;
        let mut factor = told.factor;
        let mut cofactor = match kind {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            Cofactor::Power => values.power(),
            Cofactor::Scale => values.scale(),
            // It is known once the words are.
            Cofactor::Low | Cofactor::Hint | Cofactor::Zero => F::zero(),
        };
        let mut product = match kind {
            Cofactor::Second | Cofactor::Argument | Cofactor::Power => factor * cofactor,
            // A hint is -1 / factor. It is computed only where the new top needs it.
            Cofactor::Hint if factor != F::zero() => {
                values.hint = Hint::Of(factor);
                F::zero() - F::one()
            }
            Cofactor::Low | Cofactor::Scale | Cofactor::Hint | Cofactor::Zero => F::zero(),
        };
        let mut words_hold = None;
        if let Some(own) = &told.double {
            let words = values.double(width, own, product);
            if let Some(words) = words {
                values.words = Words::new(own, product, words);
            }
            holds &= words.is_some();
            let told = O::relation(&values);
            if let Some(rest) = &told.rest {
                holds &= values.third(width, rest).is_some();
            }
            factor = told.factor;
            holds &= passes(factor, told.factor_test);
            match kind {
                Cofactor::Low => {
                    cofactor = values.low(width);
                    product = factor * cofactor;
                }
                Cofactor::Scale => {
                    product = factor * cofactor;
                    values.new = values.old + product;
                }
                _ => {}
            }
            words_hold = Some(holds && passes(cofactor, told.cofactor_test));
        }
        let more = told.double.is_some() || target == Target::Branch || kind == Cofactor::Hint;
        let told = if more { O::relation(&values) } else { told };
        if let Some(own) = &mut access {
            own.new = told.access.and_then(|own| own.new).unwrap_or(values.new);
        }
        Step {
            result: match kind {
                Cofactor::Zero => told.top,
                _ => told.top + product,
            },
            second: told.second,
            third: told.third,
            target,
            jumps,
            factor,
            cofactor,
            hinted: kind == Cofactor::Hint,
            double: values.words.numbers(),
            words_hold,
            rest: values.rest,
            carries: values.carries,
            exponent: raised,
            access,
        }
    }

    /// Whether the cofactor is the prover's word.
    pub(crate) fn is_hinted(&self) -> bool {
        self.hinted
    }

    /// What the step tests, with this cofactor: the tests of the factor and of the cofactor, and what must be
    /// zero.
    #[inline(always)]
    pub(crate) fn tests<O: Operation>(&self, stack: &[F], argument: F, cofactor: F) -> [F; 3] {
        let values = Values {
            stack,
            argument,
            hint: Hint::Is(cofactor),
            result: self.result,
            following: 0,
            jumps: if self.jumps { F::one() } else { F::zero() },
            words: match self.words_hold {
                Some(_) => Words::Computed(self.double),
                None => Words::None,
            },
            rest: self.rest,
            carries: self.carries,
            exponent: self.exponent.unwrap_or(0),
            old: F::zero(),
            new: F::zero(),
            offset: self.access.as_ref().and_then(|own| own.offset),
        };
        let told = O::relation(&values);
        [told.factor_test, told.cofactor_test, told.zero]
    }

    /// Whether the tests pass.
    #[inline(always)]
    pub(super) fn holds<O: Operation>(&self, stack: &[F], argument: F) -> bool {
        // What it says is zero is so, if there are such words.
        if let Some(holds) = self.words_hold {
            return holds;
        }
        let cofactor = match self.hinted {
            true => F::zero() - self.factor.inverse().unwrap_or(F::zero()),
            false => self.cofactor,
        };
        let [factor_test, cofactor_test, zero] = self.tests::<O>(stack, argument, cofactor);
        passes(self.factor, factor_test) && passes(cofactor, cofactor_test) && zero == F::zero()
    }
}

/// Whether a test is passed: what it tests is 0, or it is.
#[inline(always)]
fn passes<F: Word>(tested: F, test: F) -> bool {
    test == F::zero() || tested == F::zero()
}
