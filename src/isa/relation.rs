//! [`Relation`]: what an instruction does to the words of the window, as a function of its [`Operands`].

use crate::algebra::{Algebra, integer};

/// What a relation may be made of.
///
/// ```
/// use halo2_stack_vm::isa::{Carry, Opcode, Operands, Piece, Width};
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
///     fn low(&self, _: Width) -> Fr {
///         Fr::from(7)
///     }
///     fn high(&self, _: Width) -> Fr {
///         Fr::from(0)
///     }
///     fn both(&self, _: Width) -> Fr {
///         Fr::from(0)
///     }
///     fn rest(&self, _: Width) -> Fr {
///         Fr::from(0)
///     }
///     fn ones(&self, _: Width) -> Fr {
///         Fr::from(0)
///     }
///     fn carry(&self, _: Carry) -> Fr {
///         Fr::from(0)
///     }
///     fn exponent(&self) -> Fr {
///         Fr::from(4)
///     }
///     fn power(&self) -> Fr {
///         Fr::from(16)
///     }
///     fn frame(&self) -> Fr {
///         Fr::from(100)
///     }
///     fn old(&self) -> Fr {
///         Fr::from(9)
///     }
///     fn updated(&self) -> Fr {
///         Fr::from(9)
///     }
///     fn offset(&self) -> Fr {
///         Fr::from(0)
///     }
///     fn scale(&self) -> Fr {
///         Fr::from(1)
///     }
///     fn found(&self, _: Piece) -> Fr {
///         Fr::from(9)
///     }
///     fn lowest(&self, _: Piece) -> Fr {
///         Fr::from(0)
///     }
///     fn last_byte(&self) -> Fr {
///         Fr::from(0)
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
/// // 3 times power(), which is 2^4, is low() but for high() times radix(), which is another demand.
/// assert_eq!(Opcode::Shl32.relation(&State).factor, Fr::from(16));
/// // frame() is where the frame's cell 0 is, and frame() + argument() where the cell 10 is.
/// assert_eq!(Opcode::Frame.relation(&State).frame, Some(Fr::from(110)));
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
    fn low(&self, width: Width) -> A;
    /// The high word of it.
    fn high(&self, width: Width) -> A;
    /// The bits that both have: `low AND high`.
    fn both(&self, width: Width) -> A;
    /// The row's third word.
    fn rest(&self, width: Width) -> A;
    /// How many bits of the low word are 1. Only [`Double::Ones`] has it.
    fn ones(&self, width: Width) -> A;
    /// Whether what a word is made of is the radix or more, 0 or 1.
    fn carry(&self, carry: Carry) -> A;
    /// The exponent of the row's power of two; 0 if the instruction has none.
    fn exponent(&self) -> A;
    /// Two to the exponent.
    fn power(&self) -> A;
    /// The address of the frame's cell 0.
    fn frame(&self) -> A;
    /// The word in the cell of the memory that the instruction accesses, before it does.
    fn old(&self) -> A;
    /// The word in that cell afterwards.
    fn updated(&self) -> A;
    /// Which byte of that cell the instruction accesses, from 0 to 3; 0 if it accesses whole cells.
    fn offset(&self) -> A;
    /// 256 to that, and 0 if it accesses whole cells.
    fn scale(&self) -> A;
    /// The byte of the low word with this number, or the half that begins with it; 0 if there is none.
    fn found(&self, piece: Piece) -> A;
    /// The lowest byte of the high word, or its lower half.
    fn lowest(&self, piece: Piece) -> A;
    /// 1 if the byte is the last one of its cell, else 0.
    fn last_byte(&self) -> A;
    /// How many values a word of a [`Double`] has: `2^32` or `2^64`.
    #[inline(always)]
    fn radix(&self, width: Width) -> A {
        integer(width.radix())
    }
    /// Half of that.
    #[inline(always)]
    fn half(&self, width: Width) -> A {
        integer(width.radix() / 2)
    }
    /// The number of bits of a word.
    #[inline(always)]
    fn bits(&self, width: Width) -> A {
        A::constant(width.bits().into())
    }
    /// Both words as one: `low + radix * high`.
    #[inline(always)]
    fn pair(&self, width: Width) -> A {
        self.low(width) + self.radix(width) * self.high(width)
    }
}

/// The number of bits of the words that an instruction computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 32 bits.
    #[default]
    W32,
    /// 64 bits.
    W64,
}

impl Width {
    /// The number of bits.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        match self {
            Width::W32 => 32,
            Width::W64 => 64,
        }
    }

    /// How many words there are: two to the number of bits.
    #[inline(always)]
    pub const fn radix(self) -> u128 {
        1 << self.bits()
    }

    /// The word that an integer is, if it is one.
    #[inline(always)]
    pub fn word(self, value: u128) -> Option<u64> {
        u64::try_from(value).ok().filter(|_| value < self.radix())
    }
}

/// A word that is made of a value by taking the radix off, if that is not larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carry {
    /// The low word.
    Low,
    /// The high word.
    High,
    /// The third word.
    Rest,
}

impl Carry {
    /// All of them.
    pub const ALL: [Carry; 3] = [Carry::Low, Carry::High, Carry::Rest];
}

/// A piece of a 32-bit word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// One of its four bytes.
    Byte,
    /// Two of them, one after the other.
    Half,
}

impl Piece {
    /// The number of bytes.
    #[inline(always)]
    pub const fn bytes(self) -> usize {
        match self {
            Piece::Byte => 1,
            Piece::Half => 2,
        }
    }
}

/// The bytes of a cell of the memory, of which those with lower numbers are less significant.
pub const CELL_BYTES: usize = 4;

/// What two words an instruction computes with. They are in limbs that are looked up, and so they are known to be
/// such words whatever the operands are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Double<A> {
    /// `low + radix * high` is this and the [product](Relation::factor).
    Split(A),
    /// These two are `low` and `high`.
    Pair(A, A),
    /// These two are `low` and `high`, but for a radix where [`Operands::carry`] is 1.
    Reduced(A, A),
    /// `low` is the first divided by the second, rounded down, and `high` is what is left.
    Quotient(A, A),
    /// `high` is the first, and the second is the row's [power](Relation::power) times an odd number, `2 * low + 1`.
    Odd(A, A),
    /// `low` is this, and each limb of `high` says how many bits of the one of `low` are 1.
    Ones(A),
}

/// What a third word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest<A> {
    /// This.
    Said(A),
    /// This, but for a radix where [`Operands::carry`] is 1.
    Reduced(A),
}

/// The exponent of a power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power<A> {
    /// This, which is less than the number of bits of a word.
    Of(A),
    /// That of the largest power that is not larger than this, at most the number of bits.
    Floor(A),
    /// That of the largest power that divides this, at most the number of bits.
    Divisor(A),
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
    /// The row's power of two.
    Power,
    /// 1 where the third word is not a value less the radix, else 0.
    Uncarried,
    /// 256 to the number of the byte that is accessed: [`Operands::scale`].
    Scale,
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

/// The address of what an instruction accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<A> {
    /// That of a cell.
    Cell(A),
    /// That of a byte: four times the address of its cell, and its [offset](Operands::offset) there.
    Byte(A),
}

/// The cell of the memory that an instruction accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<A> {
    /// Its address.
    pub address: Address<A>,
    /// What stands there afterwards; `None` if the relation determines it otherwise.
    pub new: Option<A>,
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
    /// The size of the words that it computes with.
    pub width: Width,
    /// The two words that it computes with; both are 0 where it has none.
    pub double: Option<Double<A>>,
    /// What has to be a word beside these two; `None` if nothing has to.
    pub rest: Option<Rest<A>>,
    /// The power of two that it computes with; 1 where it has none.
    pub power: Option<Power<A>>,
    /// The cell of the memory that it accesses.
    pub access: Option<Access<A>>,
    /// The address of the frame's cell 0 afterwards; `None` if it stays.
    pub frame: Option<A>,
    /// Whether the new top is the [hash](crate::poseidon::hash) of the second word and the top.
    pub hashes: bool,
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
            width: Width::W32,
            double: None,
            rest: None,
            power: None,
            access: None,
            frame: None,
            hashes: false,
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
