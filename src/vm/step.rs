//! An instruction's relation, read on field values.

use crate::algebra::Word;
use crate::isa::{Access, Cofactor, Double, Opcode, Operands, Target};

/// The operands of an instruction as words.
struct Values<'a, F> {
    /// The stack, from the bottom up.
    stack: &'a [F],
    argument: F,
    hint: F,
    result: F,
    following: usize,
    jumps: F,
    words: Words<F>,
    old: F,
}

/// The two 32-bit words of a step: as words of the field where an operand is one, for that is what a conversion costs.
#[derive(Clone, Copy)]
enum Words<F> {
    None,
    /// Those of this value.
    Of(F, [u32; 2]),
    /// These operands.
    Operands([F; 2], [u32; 2]),
    Computed([u32; 2]),
}

impl<F: Word> Words<F> {
    #[inline(always)]
    fn new(double: &Double<F>, product: F, words: [u32; 2]) -> Self {
        match double {
            Double::Split(value) => Words::Of(*value + product, words),
            Double::Pair(low, high) => Words::Operands([*low, *high], words),
            Double::Quotient(..) => Words::Computed(words),
        }
    }

    #[inline(always)]
    fn numbers(&self) -> [u32; 2] {
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
        self.hint
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
    fn low(&self) -> F {
        match self.words {
            Words::None => F::zero(),
            Words::Of(value, [_, 0]) => value,
            Words::Operands([low, _], _) => low,
            Words::Of(_, [low, _]) | Words::Computed([low, _]) => F::constant(low.into()),
        }
    }
    #[inline(always)]
    fn high(&self) -> F {
        match self.words {
            Words::None => F::zero(),
            Words::Operands([_, high], _) => high,
            Words::Of(_, [_, high]) | Words::Computed([_, high]) => F::constant(high.into()),
        }
    }
    #[inline(always)]
    fn both(&self) -> F {
        let [low, high] = self.words.numbers();
        F::constant((low & high).into())
    }
    #[inline(always)]
    fn pair(&self) -> F {
        match self.words {
            Words::None => F::zero(),
            Words::Of(value, _) => value,
            Words::Operands(..) | Words::Computed(_) => self.low() + self.radix() * self.high(),
        }
    }
    #[inline(always)]
    fn old(&self) -> F {
        self.old
    }
}

/// The low and the high word that an instruction computes with, if there are such words; `product` is that of its relation.
#[inline(always)]
fn double<F: Word>(double: &Double<F>, product: F) -> Option<[u32; 2]> {
    let word = |value: &F| value.to_u64().and_then(|own| u32::try_from(own).ok());
    match double {
        Double::Split(value) => {
            let value = (*value + product).to_u64()?;
            Some([value as u32, (value >> 32) as u32])
        }
        Double::Pair(low, high) => Some([word(low)?, word(high)?]),
        Double::Quotient(dividend, divisor) => {
            let [dividend, divisor] = [dividend.to_u128()?, divisor.to_u128()?];
            let (low, high) = (dividend.checked_div(divisor)?, dividend % divisor);
            // What is left is less than the divisor, and the difference has to be a word too.
            u32::try_from(divisor - 1 - high).ok()?;
            Some([u32::try_from(low).ok()?, u32::try_from(high).ok()?])
        }
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
    /// The two 32-bit words that it computes with; zeros if it does not, or if there are no such words.
    pub(crate) double: [u32; 2],
    /// Of an instruction that computes with them, whether there are, and its factor passes its test.
    words_hold: Option<bool>,
    /// The third one; 0 if there is none.
    pub(crate) rest: u32,
    /// The cell that it accesses, and what is put there.
    pub(crate) access: Option<Access<F>>,
}

impl<F: Word> Step<F> {
    /// What an instruction makes of a stack, from the bottom up.
    ///
    /// `word` is what comes from a tape, `pc` the instruction's address, `cell` says what stands in a cell of the memory.
    #[inline(always)]
    pub(crate) fn of(
        opcode: Opcode,
        stack: &[F],
        argument: F,
        word: F,
        pc: usize,
        cell: impl FnOnce(F) -> F,
    ) -> Self {
        let mut values = Values {
            stack,
            argument,
            hint: F::zero(),
            result: word,
            following: pc + 1,
            jumps: F::one(),
            words: Words::None,
            old: F::zero(),
        };
        let mut relation = opcode.relation(&values);
        if let Some(access) = &relation.access {
            values.old = cell(access.address);
            relation = opcode.relation(&values);
        }
        let target = relation.target;
        let mut factor = relation.factor;
        let jumps = match target {
            Target::Argument => true,
            // The test of the factor says, for a row that jumps, whether the top has to be 0.
            Target::Branch => (factor == F::zero()) == (relation.factor_test == F::one()),
            Target::Following | Target::Top => false,
        };
        values.jumps = if jumps { F::one() } else { F::zero() };
        let mut relation = match target {
            Target::Branch => opcode.relation(&values),
            _ => relation,
        };
        let hinted = relation.cofactor == Cofactor::Hint;
        let mut cofactor = match relation.cofactor {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            // It is known once the words are.
            Cofactor::Low | Cofactor::Hint | Cofactor::Zero => F::zero(),
        };
        let mut product = match relation.cofactor {
            Cofactor::Second | Cofactor::Argument => factor * cofactor,
            // A hint is -1 / factor. It is computed only where the new top needs it.
            Cofactor::Hint if factor != F::zero() => {
                if opcode.result_reads_hint() {
                    values.hint = F::zero() - factor.inverse().unwrap_or(F::zero());
                    relation = opcode.relation(&values);
                }
                F::zero() - F::one()
            }
            Cofactor::Low | Cofactor::Hint | Cofactor::Zero => F::zero(),
        };
        let mut words_hold = None;
        if let Some(own) = &relation.double {
            let words = double(own, product);
            if let Some(words) = words {
                values.words = Words::new(own, product, words);
            }
            relation = opcode.relation(&values);
            factor = relation.factor;
            let passes = factor * relation.factor_test == F::zero();
            words_hold = Some(words.is_some() && passes);
            if relation.cofactor == Cofactor::Low {
                cofactor = values.low();
                product = factor * cofactor;
            }
        }
        let rest = relation.rest.and_then(|own| own.to_u64());
        let rest = rest.and_then(|own| u32::try_from(own).ok());
        Step {
            result: match relation.cofactor {
                Cofactor::Zero => relation.top,
                _ => relation.top + product,
            },
            second: relation.second,
            third: relation.third,
            target,
            jumps,
            factor,
            cofactor,
            hinted,
            double: values.words.numbers(),
            words_hold,
            rest: rest.unwrap_or(0),
            access: relation.access,
        }
    }

    /// Whether the cofactor is the prover's word.
    pub(crate) fn is_hinted(&self) -> bool {
        self.hinted
    }

    /// What the step tests, with this cofactor: the tests of the factor and of the cofactor, and what must be
    /// zero.
    #[inline(always)]
    pub(crate) fn tests(&self, opcode: Opcode, stack: &[F], argument: F, cofactor: F) -> [F; 3] {
        let relation = opcode.relation(&Values {
            stack,
            argument,
            hint: cofactor,
            result: self.result,
            following: 0,
            jumps: if self.jumps { F::one() } else { F::zero() },
            words: match self.words_hold {
                Some(_) => Words::Computed(self.double),
                None => Words::None,
            },
            old: F::zero(),
        });
        [relation.factor_test, relation.cofactor_test, relation.zero]
    }

    /// Whether the tests pass.
    #[inline(always)]
    pub(super) fn holds(&self, opcode: Opcode, stack: &[F], argument: F) -> bool {
        // What it says is zero is so, if there are such words.
        if let Some(holds) = self.words_hold {
            return holds;
        }
        let cofactor = match self.hinted {
            true => F::zero() - self.factor.inverse().unwrap_or(F::zero()),
            false => self.cofactor,
        };
        let [factor_test, cofactor_test, zero] = self.tests(opcode, stack, argument, cofactor);
        [self.factor * factor_test, cofactor * cofactor_test, zero] == [F::zero(); 3]
    }
}
