//! An instruction's relation, read on the values of a field or on integers.

use std::marker::PhantomData;

use super::values::{Hint, Topmost, Values, Words, exponent, one, zero};
use crate::algebra::{Algebra, Computed};
use crate::isa::{
    Address, CELL_BYTES, Carry, Cofactor, Opcode, Operands, Operation, Relation, Rest, Target,
};

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

impl<F: Computed> Accessed<F> {
    /// What has this address.
    #[inline(always)]
    fn at(address: &Address<F>) -> Self {
        let (cell, offset) = match address {
            Address::Cell(cell) => (*cell, None),
            Address::Byte(byte) => match byte.as_u64() {
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
            new: zero(),
        }
    }
}

/// An instruction, known when this is compiled or not.
pub(crate) trait Relates {
    fn opcode(&self) -> Opcode;

    /// [`Opcode::relation`].
    fn relation<A: Algebra>(&self, operands: &impl Operands<A>) -> Relation<A>;
}

/// An instruction that is known when this is compiled.
pub(super) struct Known<O>(PhantomData<O>);

impl<O> Known<O> {
    pub(super) const IT: Self = Known(PhantomData);
}

impl<O: Operation> Relates for Known<O> {
    #[inline(always)]
    fn opcode(&self) -> Opcode {
        O::OPCODE
    }

    #[inline(always)]
    fn relation<A: Algebra>(&self, operands: &impl Operands<A>) -> Relation<A> {
        O::relation(operands)
    }
}

impl Relates for Opcode {
    fn opcode(&self) -> Opcode {
        *self
    }

    fn relation<A: Algebra>(&self, operands: &impl Operands<A>) -> Relation<A> {
        Opcode::relation(*self, operands)
    }
}

/// What a step starts from.
#[derive(Clone, Copy)]
pub(crate) struct Start<F> {
    /// The topmost words.
    pub(crate) stack: Topmost<F>,
    pub(crate) argument: F,
    /// What comes from a tape, or a hash.
    pub(crate) word: F,
    /// The instruction's address.
    pub(crate) pc: usize,
    pub(crate) frame: F,
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
    /// Where the frame is afterwards.
    pub(super) frame: F,
}

impl<F: Computed> Step<F> {
    /// What an instruction makes of what is there; `relates` says what its relation is.
    ///
    /// `cell` says what stands in a cell of the memory. What is `PLAIN` computes with no words in limbs.
    #[inline(always)]
    pub(super) fn of<const PLAIN: bool>(
        relates: &impl Relates,
        start: Start<F>,
        cell: impl FnOnce(F) -> F,
    ) -> Self {
        let Start {
            stack,
            argument,
            word,
            pc,
            frame,
        } = start;
        let mut values = Values {
            stack,
            argument,
            hint: Hint::Is(zero()),
            result: word,
            following: pc + 1,
            jumps: one(),
            words: Words::None,
            rest: 0,
            carries: [false; 3],
            exponent: 0,
            frame,
            old: zero(),
            new: zero(),
            offset: None,
        };
        let told = relates.relation(&values);
        let width = told.width;
        let mut access = told.access.as_ref().map(|own| Accessed::at(&own.address));
        if let Some(own) = &access {
            values.offset = own.offset;
            values.old = cell(own.cell);
        }
        let mut holds = true;
        let mut raised = None;
        if !PLAIN && let Some(power) = &told.power {
            raised = exponent(width, power);
            holds = raised.is_some();
            values.exponent = raised.unwrap_or(0);
        }
        // A factor may be made of it; if it is made of the two words instead, it is found again.
        if !PLAIN && let Some(rest @ Rest::Reduced(_)) = &told.rest {
            let _ = values.third(width, rest);
        }
        // What is known by now is read off a relation of its own, unless there is no more to know: one that is assigned to would
        // be kept on the stack, where a processor waits for what it has just written.
        let more = told.access.is_some() || told.power.is_some() || told.rest.is_some();
        let told = if more {
            relates.relation(&values)
        } else {
            told
        };
        let target = told.target;
        let jumps = match target {
            Target::Argument => true,
            // The test of the factor says, for a row that jumps, whether the top has to be 0.
            Target::Branch => (told.factor == zero()) == (told.factor_test == one()),
            Target::Following | Target::Top => false,
        };
        values.jumps = if jumps { one() } else { zero() };
        let kind = told.cofactor;
        let mut factor = told.factor;
        let mut cofactor = match kind {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            Cofactor::Power => values.power(),
            Cofactor::Uncarried => one::<F>() - values.carry(Carry::Rest),
            Cofactor::Scale => values.scale(),
            // It is known once the words are.
            Cofactor::Low | Cofactor::Hint | Cofactor::Zero => zero(),
        };
        let mut product = match kind {
            Cofactor::Second | Cofactor::Argument | Cofactor::Power | Cofactor::Uncarried => {
                factor * cofactor
            }
            // A hint is -1 / factor. It is computed only where the new top needs it.
            Cofactor::Hint if factor != zero() => {
                values.hint = Hint::Of(factor);
                zero::<F>() - one()
            }
            Cofactor::Low | Cofactor::Scale | Cofactor::Hint | Cofactor::Zero => zero(),
        };
        let mut words_hold = None;
        if !PLAIN && let Some(own) = &told.double {
            let words = values.double(width, own, product);
            if let Some(words) = words {
                values.words = Words::new(own, product, words);
            }
            holds &= words.is_some();
            let told = relates.relation(&values);
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
        let told = if more {
            relates.relation(&values)
        } else {
            told
        };
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
            frame: told.frame.unwrap_or(frame),
        }
    }

    /// Whether the cofactor is the prover's word.
    pub(crate) fn is_hinted(&self) -> bool {
        self.hinted
    }

    /// What the step tests, with this cofactor: the tests of the factor and of the cofactor, and what must be zero.
    #[inline(always)]
    pub(crate) fn tests(
        &self,
        relates: &impl Relates,
        stack: Topmost<F>,
        argument: F,
        cofactor: F,
    ) -> [F; 3] {
        let values = Values {
            stack,
            argument,
            hint: Hint::Is(cofactor),
            result: self.result,
            following: 0,
            jumps: if self.jumps { one() } else { zero() },
            words: match self.words_hold {
                Some(_) => Words::Computed(self.double),
                None => Words::None,
            },
            rest: self.rest,
            carries: self.carries,
            exponent: self.exponent.unwrap_or(0),
            frame: zero(),
            old: zero(),
            new: zero(),
            offset: self.access.as_ref().and_then(|own| own.offset),
        };
        let told = relates.relation(&values);
        [told.factor_test, told.cofactor_test, told.zero]
    }

    /// Whether the tests pass, if the instruction has any.
    #[inline(always)]
    pub(super) fn holds(&self, relates: &impl Relates, stack: Topmost<F>, argument: F) -> bool {
        if relates.opcode().fault().is_none() {
            return true;
        }
        // What it says is zero is so, if there are such words.
        if let Some(holds) = self.words_hold {
            return holds;
        }
        let cofactor = match self.hinted {
            true => zero::<F>() - self.factor.inverted().unwrap_or(zero()),
            false => self.cofactor,
        };
        let [factor_test, cofactor_test, zero] = self.tests(relates, stack, argument, cofactor);
        passes(self.factor, factor_test)
            && passes(cofactor, cofactor_test)
            && zero == F::constant(0)
    }

    /// [`Step::of`] for an instruction that is not known when this is compiled.
    pub(crate) fn of_any(opcode: Opcode, start: Start<F>, cell: &mut dyn FnMut(F) -> F) -> Self {
        Step::of::<false>(&opcode, start, cell)
    }
}

/// Whether a test is passed: what it tests is 0, or it is.
#[inline(always)]
fn passes<F: Computed>(tested: F, test: F) -> bool {
    test == zero() || tested == zero()
}
