//! [`Relation`]: what an instruction does to the words of the window, as a function of its [`Operands`].

use crate::algebra::Algebra;

/// What a relation may be made of.
///
/// ```
/// use halo2_stack_vm::isa::{Opcode, Operands};
/// use halo2_stack_vm::algebra::Algebra;
/// use halo2curves::bn256::Fr;
///
/// /// 3 under 4, the instruction at address 6, which jumps.
/// struct State;
///
/// impl Operands<Fr> for State {
///     fn word(&self, place: usize) -> Fr {
///         Fr::from([4, 3, 0, 0][place])
///     }
///     fn argument(&self) -> Fr {
///         Fr::from(10)
///     }
///     fn hint(&self) -> Fr {
///         Fr::from(0)
///     }
///     fn result(&self) -> Fr {
///         Fr::from(7)
///     }
///     fn following(&self) -> Fr {
///         Fr::from(7)
///     }
///     fn jumps(&self) -> Fr {
///         Fr::from(1)
///     }
///     fn low(&self) -> Fr {
///         Fr::from(7)
///     }
///     fn high(&self) -> Fr {
///         Fr::from(0)
///     }
///     fn both(&self) -> Fr {
///         Fr::from(0)
///     }
///     fn old(&self) -> Fr {
///         Fr::from(9)
///     }
/// }
///
/// // word(0) + word(1), word(0) + argument(), following(), result()
/// assert_eq!(Opcode::Add.relation(&State).top, Fr::from(7));
/// assert_eq!(Opcode::Addi.relation(&State).top, Fr::from(14));
/// assert_eq!(Opcode::Call.relation(&State).top, Fr::from(7));
/// assert_eq!(Opcode::Read.relation(&State).tape, Some(Fr::from(7)));
/// // hint() + 1; a jump where the top is 0 tests what jumps() says.
/// assert_eq!(Opcode::Inv.relation(&State).top, Fr::from(1));
/// assert_eq!(Opcode::Jz.relation(&State).factor_test, Fr::from(1));
/// // low() is the sum of 3 and 4 but for high() times radix(); the result is it.
/// assert_eq!(Opcode::Add32.relation(&State).top, Fr::from(7));
/// // both() is what 3 and 4 have in common: no bit.
/// assert_eq!(Opcode::And32.relation(&State).top, Fr::from(0));
/// // old() is what the cell with the address 4 holds.
/// assert_eq!(Opcode::Load.relation(&State).top, Fr::from(9));
/// ```
pub trait Operands<A: Algebra> {
    /// The word so far below the top of the stack, 0 if there is none.
    fn word(&self, place: usize) -> A;
    /// The instruction's argument.
    fn argument(&self) -> A;
    /// The prover's word: -1 / factor, or 0 if the factor is 0. Only [`Cofactor::Hint`] has one.
    fn hint(&self) -> A;
    /// The new top. Only tests and obligations may read it, and the new top of an instruction whose new
    /// top comes from outside.
    fn result(&self) -> A;
    /// The address of the next instruction in the program.
    fn following(&self) -> A;
    /// 1 if the row jumps to its argument, else 0.
    fn jumps(&self) -> A;
    /// The low word of the row's [`Double`], at least 0 and less than [`radix`](Operands::radix).
    fn low(&self) -> A;
    /// The high word of it.
    fn high(&self) -> A;
    /// The bits that both have: `low AND high`.
    fn both(&self) -> A;
    /// The word in the cell of the memory that the instruction accesses, before it does.
    fn old(&self) -> A;
    /// How many values a word of a [`Double`] has: `2^32`.
    fn radix(&self) -> A {
        A::constant(RADIX)
    }
    /// Both words as one: `low + radix * high`.
    fn pair(&self) -> A {
        self.low() + self.radix() * self.high()
    }
}

/// The bits of the words that a [`Double`] has two of.
pub const WORD_BITS: u32 = 32;
/// How many values such a word has.
pub const RADIX: u64 = 1 << WORD_BITS;

/// What two 32-bit words an instruction computes with. They are in limbs that are looked up, and so they are known to be
/// such words whatever the operands are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Double<A> {
    /// `low + radix * high` is this and the [product](Relation::factor).
    Split(A),
    /// These two are `low` and `high`.
    Pair(A, A),
    /// `low` is the first divided by the second, rounded down, and `high` is what is left.
    Quotient(A, A),
}

/// What the factor of an instruction is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cofactor {
    /// The word below the top.
    Second,
    /// The low word of the row's [`Double`].
    Low,
    /// The argument.
    Argument,
    /// The prover's word, [`Operands::hint`].
    Hint,
    /// Nothing: the product is 0.
    Zero,
}

/// Which instruction a program goes on with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Target {
    /// The one that follows.
    #[default]
    Following,
    /// The one whose address is the argument.
    Argument,
    /// The one whose address is the argument if [`Operands::jumps`], which the relation determines, is 1;
    /// else the one that follows.
    Branch,
    /// The one whose address is the top.
    Top,
}

/// The cell of the memory that an instruction accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<A> {
    /// Its address.
    pub address: A,
    /// What stands there afterwards.
    pub new: A,
}

/// What an instruction does to the words of the window, and what must hold for it.
///
/// The new top is `top + factor * cofactor`.
#[derive(Clone, Debug)]
pub struct Relation<A> {
    /// The new top, but for the product.
    pub top: A,
    /// What comes under the new top, for an instruction that keeps the depth; `None` if it stays.
    pub second: Option<A>,
    /// The word below that.
    pub third: Option<A>,
    /// The first factor of the product.
    pub factor: A,
    /// The second one.
    pub cofactor: Cofactor,
    /// What must be 0 unless the factor is.
    pub factor_test: A,
    /// What must be 0 unless the cofactor is.
    pub cofactor_test: A,
    /// What must be 0.
    pub zero: A,
    /// The instruction that comes next.
    pub target: Target,
    /// The word that the instruction takes from the tape or puts there.
    pub tape: Option<A>,
    /// The two words that it computes with; both are 0 where it has none.
    pub double: Option<Double<A>>,
    /// What has to be a 32-bit word beside these two; `None` if nothing has to.
    pub rest: Option<A>,
    /// The cell of the memory that it accesses.
    pub access: Option<Access<A>>,
}

impl<A: Algebra> Relation<A> {
    /// A new top without a product, and nothing else.
    #[inline(always)]
    pub fn top(top: A) -> Self {
        Relation {
            top,
            second: None,
            third: None,
            factor: A::constant(0),
            cofactor: Cofactor::Zero,
            factor_test: A::constant(0),
            cofactor_test: A::constant(0),
            zero: A::constant(0),
            target: Target::Following,
            tape: None,
            double: None,
            rest: None,
            access: None,
        }
    }

    /// What follows where something must be zero.
    #[inline(always)]
    pub(super) fn zero(self, zero: A) -> Self {
        Relation { zero, ..self }
    }

    /// A new top with a product.
    #[inline(always)]
    pub(super) fn times(self, factor: A, cofactor: Cofactor) -> Self {
        Relation {
            factor,
            cofactor,
            ..self
        }
    }

    /// The tests of the factor and the cofactor.
    #[inline(always)]
    pub(super) fn tests(self, factor_test: A, cofactor_test: A) -> Self {
        Relation {
            factor_test,
            cofactor_test,
            ..self
        }
    }
}

/// A jump to the argument that drops the top, if `jumps` is what says whether the top is 0.
///
/// The new top is `second + 1 + top * h - jumps`, and it is demanded to be `second`: that makes `jumps`
/// the 1 or 0 that the hint shows, as in [`is_zero`].
#[inline(always)]
pub(super) fn branch<A: Algebra>(x: &impl Operands<A>, is_zero: A) -> Relation<A> {
    Relation {
        target: Target::Branch,
        ..Relation::top(x.word(1) + A::constant(1) - is_zero.clone())
            .times(x.word(0), Cofactor::Hint)
            .tests(is_zero.clone(), is_zero)
            .zero(x.result() - x.word(1))
    }
}

/// 1 if `x` is 0, else 0: with h = -1/x the top is 1 + x h; `x * top = 0` makes h that, and
/// `h * top = 0` leaves no choice where x is 0.
#[inline(always)]
pub(super) fn is_zero<A: Algebra>(x: A, result: A) -> Relation<A> {
    Relation::top(A::constant(1))
        .times(x, Cofactor::Hint)
        .tests(result.clone(), result)
}

/// A result made of the two words of `value` and the product that is put to it.
///
/// The new top is `result + value + product - low - radix * high`, and it is demanded to be `result`: that makes the two words
/// those of the value and the product. Each value below the square of the radix has one such pair, and others have none.
#[inline(always)]
pub(super) fn split<A: Algebra>(x: &impl Operands<A>, value: A, result: A) -> Relation<A> {
    let top = result.clone() + value.clone() - x.pair();
    Relation {
        double: Some(Double::Split(value)),
        ..Relation::top(top).zero(x.result() - result)
    }
}

/// A result made of two words, which have to be 32-bit words.
#[inline(always)]
pub(super) fn bitwise<A: Algebra>(low: A, high: A, result: A) -> Relation<A> {
    Relation {
        double: Some(Double::Pair(low, high)),
        ..Relation::top(result)
    }
}

/// A result made of the two words of the second word less the top and the radix more: of these the high one is 0 where
/// something is borrowed, else 1.
#[inline(always)]
pub(super) fn borrow<A: Algebra>(x: &impl Operands<A>, result: A) -> Relation<A> {
    split(x, x.word(1) - x.word(0) + x.radix(), result)
        .times(x.high(), Cofactor::Zero)
        .tests(x.high() - A::constant(1), A::constant(0))
}

/// A new top, and an access to a cell that then holds `new`.
#[inline(always)]
pub(super) fn accessing<A: Algebra>(top: A, address: A, new: A) -> Relation<A> {
    Relation {
        access: Some(Access { address, new }),
        ..Relation::top(top)
    }
}

/// A result made of the quotient of the second word by the top, and of what is left.
///
/// The new top is `result + second - low * top - high`, and it is demanded to be `result`: so `second = low * top + high`. That
/// what is left is less than the top is what `rest` says, `top - 1 - high`: so there is one such pair, if there is one.
#[inline(always)]
pub(super) fn quotient<A: Algebra>(x: &impl Operands<A>, result: A) -> Relation<A> {
    let top = result.clone() + x.word(1) - x.high();
    Relation {
        double: Some(Double::Quotient(x.word(1), x.word(0))),
        rest: Some(x.word(0) - A::constant(1) - x.high()),
        ..Relation::top(top).zero(x.result() - result)
    }
    .times(A::constant(0) - x.word(0), Cofactor::Low)
}
