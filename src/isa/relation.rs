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
}

/// What the factor of an instruction is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cofactor {
    /// The word below the top.
    Second,
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
}

impl<A: Algebra> Relation<A> {
    /// A new top without a product, and nothing else.
    #[inline]
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
        }
    }

    /// What follows where something must be zero.
    #[inline]
    pub(super) fn zero(self, zero: A) -> Self {
        Relation { zero, ..self }
    }

    /// A new top with a product.
    #[inline]
    pub(super) fn times(self, factor: A, cofactor: Cofactor) -> Self {
        Relation {
            factor,
            cofactor,
            ..self
        }
    }

    /// The tests of the factor and the cofactor.
    #[inline]
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
pub(super) fn is_zero<A: Algebra>(x: A, result: A) -> Relation<A> {
    Relation::top(A::constant(1))
        .times(x, Cofactor::Hint)
        .tests(result.clone(), result)
}
