//! The table of instructions.

use super::relation::{
    Address, Carry, Cofactor, Double, Operands, Piece, Relation, Rest, Target, Width, branch,
    is_zero,
};
use super::words::{
    accessing, bitwise, borrow, leading, less, loaded, local, multiplied, ones, quotient, shifted,
    signed_to_the_right, split, stored, to_the_left, to_the_right, trailing, with_sign,
};
use crate::algebra::Algebra;

use Width::{W32, W64};

/// How an instruction changes the depth of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// One word more: the new top stands on the old one.
    Grow,
    /// As many words as before: the new top takes the place of the old one.
    Keep,
    /// One word less: the new top takes the place of the two topmost words.
    Shrink,
}

/// An instruction as a type, for which its own code is compiled.
pub(crate) trait Operation {
    /// Which instruction it is.
    const OPCODE: Opcode;

    /// [`Opcode::relation`].
    fn relation<A: Algebra>(operands: &impl Operands<A>) -> Relation<A>;
}

/// What is compiled for each instruction.
pub(crate) trait Specialised {
    /// What it gives.
    type Output;

    /// What it does for an instruction.
    fn call<O: Operation>(self) -> Self::Output;
}

macro_rules! instructions {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $code:literal, $mnemonic:literal, $argument:ident, $effect:ident, needs $needs:literal,
        $(else $fault:literal,)?
        |$operands:ident| $relation:expr;
    )+) => {
        /// An instruction of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Opcode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Opcode {
            /// Every instruction, in the order of the table.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$name),+];

            /// The code that a program writes.
            #[inline(always)]
            pub const fn code(self) -> u64 {
                match self { $(Opcode::$name => $code,)+ }
            }

            /// The instruction with this code, if there is one.
            pub const fn from_code(code: u64) -> Option<Opcode> {
                match code {
                    $($code => Some(Opcode::$name),)+
                    _ => None,
                }
            }

            /// The name that the assembler reads.
            pub const fn mnemonic(self) -> &'static str {
                match self { $(Opcode::$name => $mnemonic,)+ }
            }

            /// Whether the instruction reads its argument.
            #[inline(always)]
            pub const fn takes_argument(self) -> bool {
                match self { $(Opcode::$name => instructions!(@argument $argument),)+ }
            }

            /// Whether the argument is the address of an instruction.
            #[inline(always)]
            pub const fn takes_address(self) -> bool {
                match self { $(Opcode::$name => instructions!(@address $argument),)+ }
            }

            /// How the depth of the stack changes.
            #[inline(always)]
            pub const fn effect(self) -> Effect {
                match self { $(Opcode::$name => Effect::$effect,)+ }
            }

            /// How many words the stack must hold.
            #[inline(always)]
            pub const fn needs(self) -> usize {
                match self { $(Opcode::$name => $needs,)+ }
            }

            /// What is wrong where the instruction's tests or its obligation fail; `None` if it has
            /// none.
            #[inline(always)]
            pub const fn fault(self) -> Option<&'static str> {
                match self { $(Opcode::$name => instructions!(@fault $($fault)?),)+ }
            }

            /// What the instruction does, in a sentence.
            pub const fn summary(self) -> &'static str {
                match self { $(Opcode::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// Calls what is compiled for each instruction.
            #[inline(always)]
            pub(crate) fn specialise<S: Specialised>(self, specialised: S) -> S::Output {
                match self { $(Opcode::$name => specialised.call::<operations::$name>(),)+ }
            }

            /// What the instruction does to the window.
            ///
            /// A `pop` of the last word leaves the second one on top, which is 0 then.
            pub fn relation<A: Algebra>(self, operands: &impl Operands<A>) -> Relation<A> {
                match self { $(Opcode::$name => operations::$name::relation(operands),)+ }
            }
        }

        /// The instructions as types.
        mod operations {
            $(pub(super) enum $name {})+
        }

        $(
            impl Operation for operations::$name {
                const OPCODE: Opcode = Opcode::$name;

                #[inline(always)]
                fn relation<A: Algebra>($operands: &impl Operands<A>) -> Relation<A> {
                    $relation
                }
            }
        )+
    };
    (@argument plain) => { false };
    (@argument word) => { true };
    (@argument address) => { true };
    (@address address) => { true };
    (@address $other:ident) => { false };
    (@fault) => { None };
    (@fault $fault:literal) => { Some($fault) };
}

instructions! {
    /// Does nothing.
    Nop = 0, "nop", plain, Keep, needs 0, |x| Relation::top(x.word(0));
    /// Pushes its argument.
    Push = 1, "push", word, Grow, needs 0, |x| Relation::top(x.argument());
    /// Replaces the two topmost words by their sum.
    Add = 2, "add", plain, Shrink, needs 2, |x| Relation::top(x.word(1) + x.word(0));
    /// Replaces the two topmost words by their product.
    Mul = 3, "mul", plain, Shrink, needs 2, |x| {
        Relation::top(A::constant(0)).times(x.word(0), Cofactor::Second)
    };
    /// Drops the top.
    Pop = 4, "pop", plain, Shrink, needs 1, |x| Relation::top(x.word(1));
    /// Replaces the two topmost words by the lower one less the upper one.
    Sub = 5, "sub", plain, Shrink, needs 2, |x| Relation::top(x.word(1) - x.word(0));
    /// Negates the top.
    Neg = 6, "neg", plain, Keep, needs 1, |x| Relation::top(A::constant(0) - x.word(0));
    /// Replaces the top by its inverse; an error if it is 0.
    Inv = 7, "inv", plain, Keep, needs 1, else "the top is 0, which has no inverse", |x| {
        // With h = 1 / top the product is -1, and the result is h.
        let inverse = x.hint();
        Relation::top(inverse.clone() + A::constant(1))
            .times(A::constant(0) - x.word(0), Cofactor::Hint)
            .zero(x.result() - inverse)
    };
    /// Replaces the two topmost words by 1 if they are equal, else by 0.
    Eq = 8, "eq", plain, Shrink, needs 2, |x| {
        is_zero(x.word(0) - x.word(1), x.result())
    };
    /// Replaces the top by 1 if it is 0, else by 0.
    Iszero = 9, "iszero", plain, Keep, needs 1, |x| {
        is_zero(x.word(0), x.result())
    };
    /// Replaces the top, 0 or 1, by 1 or 0.
    Not = 10, "not", plain, Keep, needs 1, else "the top is neither 0 nor 1", |x| {
        Relation::top(A::constant(1) - x.word(0))
            .times(x.word(0), Cofactor::Zero)
            .tests(x.result(), A::constant(0))
    };
    /// Replaces the two topmost words, each 0 or 1, by 1 if both are 1, else by 0.
    And = 11, "and", plain, Shrink, needs 2, else "one of the two topmost words is neither 0 nor 1", |x| {
        Relation::top(A::constant(0))
            .times(x.word(0), Cofactor::Second)
            .tests(A::constant(1) - x.word(0), A::constant(1) - x.word(1))
    };
    /// Replaces the two topmost words, each 0 or 1, by 0 if both are 0, else by 1.
    Or = 12, "or", plain, Shrink, needs 2, else "one of the two topmost words is neither 0 nor 1", |x| {
        Relation::top(x.word(1) + x.word(0))
            .times(A::constant(0) - x.word(0), Cofactor::Second)
            .tests(A::constant(1) - x.word(0), A::constant(1) - x.word(1))
    };
    /// Adds its argument to the top.
    Addi = 13, "addi", word, Keep, needs 1, |x| Relation::top(x.word(0) + x.argument());
    /// Multiplies the top by its argument.
    Muli = 14, "muli", word, Keep, needs 1, |x| {
        Relation::top(A::constant(0)).times(x.word(0), Cofactor::Argument)
    };
    /// Drops the top; an error unless it is 1.
    Assert = 15, "assert", plain, Shrink, needs 1, else "the top is not 1", |x| {
        Relation::top(x.word(1)).zero(x.word(0) - A::constant(1))
    };
    /// Drops the top; an error unless it is the argument.
    AssertEq = 16, "assert_eq", word, Shrink, needs 1, else "the top is not the argument", |x| {
        Relation::top(x.word(1)).zero(x.word(0) - x.argument())
    };
    /// Pushes a copy of the top.
    Dup = 17, "dup", plain, Grow, needs 1, |x| Relation::top(x.word(0));
    /// Exchanges the two topmost words.
    Swap = 18, "swap", plain, Keep, needs 2, |x| Relation {
        second: Some(x.word(0)),
        ..Relation::top(x.word(1))
    };
    /// Pushes a copy of the word below the top.
    Over = 19, "over", plain, Grow, needs 2, |x| Relation::top(x.word(1));
    /// Brings the third word to the top.
    Rot = 20, "rot", plain, Keep, needs 3, |x| Relation {
        second: Some(x.word(0)),
        third: Some(x.word(1)),
        ..Relation::top(x.word(2))
    };
    /// Pushes a copy of the third word.
    Pick2 = 21, "pick2", plain, Grow, needs 3, |x| Relation::top(x.word(2));
    /// Pushes a copy of the fourth word.
    Pick3 = 22, "pick3", plain, Grow, needs 4, |x| Relation::top(x.word(3));
    /// Goes on at the argument.
    Jump = 23, "jump", address, Keep, needs 0, |x| Relation {
        target: Target::Argument,
        ..Relation::top(x.word(0))
    };
    /// Drops the top, and goes on at the argument if it was 0.
    Jz = 24, "jz", address, Shrink, needs 1, |x| branch(x, x.jumps());
    /// Drops the top, and goes on at the argument if it was not 0.
    Jnz = 25, "jnz", address, Shrink, needs 1, |x| branch(x, A::constant(1) - x.jumps());
    /// Pushes the address of the next instruction, and goes on at the argument.
    Call = 26, "call", address, Grow, needs 0, |x| Relation {
        target: Target::Argument,
        ..Relation::top(x.following())
    };
    /// Drops the top, and goes on at that address; an error if the program has no such address.
    Ret = 27, "ret", plain, Shrink, needs 1, |x| Relation {
        target: Target::Top,
        ..Relation::top(x.word(1))
    };
    /// Pushes the next word of the public tape.
    Read = 28, "read", plain, Grow, needs 0, |x| Relation {
        tape: Some(x.result()),
        ..Relation::top(x.result())
    };
    /// Drops the top, which becomes the next word of the public tape.
    Write = 29, "write", plain, Shrink, needs 1, |x| Relation {
        tape: Some(x.word(0)),
        ..Relation::top(x.word(1))
    };
    /// Pushes the next word of the private tape.
    Secret = 30, "secret", plain, Grow, needs 0, |x| Relation::top(x.result());
    /// Ends the run, as does the end of the program: the machine drops the top until one word is left, which is the output.
    Halt = 31, "halt", plain, Shrink, needs 2, |x| Relation::top(x.word(1));
    /// Replaces the two topmost words by their sum modulo 2^32; an error if the sum is 2^64 or more.
    Add32 = 32, "add32", plain, Shrink, needs 2, else "the sum is 2^64 or more", |x| {
        split(x, W32, x.word(1) + x.word(0), x.low(W32))
    };
    /// Replaces the two topmost 32-bit words by the lower one less the upper one, modulo 2^32; an error unless the difference is at least -2^32 and less than 2^32.
    Sub32 = 33, "sub32", plain, Shrink, needs 2, else "the two topmost words differ by more than 32-bit words", |x| {
        borrow(x, W32, x.low(W32))
    };
    /// Replaces the two topmost words by their product modulo 2^32; an error if the product is 2^64 or more.
    Mul32 = 34, "mul32", plain, Shrink, needs 2, else "the product is 2^64 or more", |x| {
        multiplied(x, W32, x.word(0), Cofactor::Second, x.low(W32))
    };
    /// Replaces the two topmost words by their product divided by 2^32, rounded down; an error if the product is 2^64 or more.
    Mulhi32 = 35, "mulhi32", plain, Shrink, needs 2, else "the product is 2^64 or more", |x| {
        multiplied(x, W32, x.word(0), Cofactor::Second, x.high(W32))
    };
    /// Replaces the two topmost 32-bit words by 1 if the lower one is less than the upper one, else by 0; an error unless the difference is at least -2^32 and less than 2^32.
    Lt32 = 36, "lt32", plain, Shrink, needs 2, else "the two topmost words differ by more than 32-bit words", |x| {
        borrow(x, W32, A::constant(1) - x.high(W32))
    };
    /// Replaces the two topmost words by the bits that both have; an error unless they are 32-bit words.
    And32 = 37, "and32", plain, Shrink, needs 2, else "one of the two topmost words is 2^32 or more", |x| {
        bitwise(W32, x.word(1), x.word(0), x.both(W32))
    };
    /// Replaces the two topmost words by the bits that one of them has; an error unless they are 32-bit words.
    Or32 = 38, "or32", plain, Shrink, needs 2, else "one of the two topmost words is 2^32 or more", |x| {
        bitwise(W32, x.word(1), x.word(0), x.low(W32) + x.high(W32) - x.both(W32))
    };
    /// Replaces the two topmost words by the bits that one of them has and the other has not; an error unless they are 32-bit words.
    Xor32 = 39, "xor32", plain, Shrink, needs 2, else "one of the two topmost words is 2^32 or more", |x| {
        bitwise(W32, x.word(1), x.word(0), x.low(W32) + x.high(W32) - A::constant(2) * x.both(W32))
    };
    /// Adds its argument to the top, modulo 2^32; an error if the sum is 2^64 or more.
    Addi32 = 40, "addi32", word, Keep, needs 1, else "the sum is 2^64 or more", |x| {
        split(x, W32, x.word(0) + x.argument(), x.low(W32))
    };
    /// Multiplies the top by its argument, modulo 2^32: with 2^n, a shift to the left; an error if the product is 2^64 or more.
    Muli32 = 41, "muli32", word, Keep, needs 1, else "the product is 2^64 or more", |x| {
        multiplied(x, W32, x.word(0), Cofactor::Argument, x.low(W32))
    };
    /// Multiplies the top by its argument and divides by 2^32, rounded down: with 2^(32 - n), a shift to the right; an error if the product is 2^64 or more.
    Mulhii32 = 42, "mulhii32", word, Keep, needs 1, else "the product is 2^64 or more", |x| {
        multiplied(x, W32, x.word(0), Cofactor::Argument, x.high(W32))
    };
    /// Multiplies the top by its argument and adds the high 32 bits of the product to the low ones: with 2^n, a rotation to the left; an error if the product is 2^64 or more.
    Rotli32 = 43, "rotli32", word, Keep, needs 1, else "the product is 2^64 or more", |x| {
        multiplied(x, W32, x.word(0), Cofactor::Argument, x.low(W32) + x.high(W32))
    };
    /// Leaves the top as it is; an error unless it is a 32-bit word.
    Assert32 = 44, "assert32", plain, Keep, needs 1, else "the top is 2^32 or more", |x| bitwise(W32, x.word(0), A::constant(0), x.word(0));
    /// Replaces the top, an address, by the word in that cell of the memory; an error if the memory has no such cell.
    Load = 45, "load", plain, Keep, needs 1, |x| accessing(x.old(), Address::Cell(x.word(0)), x.old());
    /// Drops the top, an address, and puts a copy of the word below it into that cell of the memory; an error if the memory has no such cell.
    Store = 46, "store", plain, Shrink, needs 2, |x| accessing(x.word(1), Address::Cell(x.word(0)), x.word(1));
    /// Pushes the word in the cell of the memory whose address is the argument; an error if the memory has no such cell.
    Get = 47, "get", word, Grow, needs 0, |x| accessing(x.old(), Address::Cell(x.argument()), x.old());
    /// Drops the top and puts it into the cell of the memory whose address is the argument; an error if the memory has no such cell.
    Put = 48, "put", word, Shrink, needs 1, |x| accessing(x.word(1), Address::Cell(x.argument()), x.word(0));
    /// Replaces the two topmost 32-bit words by the lower one divided by the upper one, rounded down; an error if that is 0, or if quotient or divisor is too large.
    Div32 = 49, "div32", plain, Shrink, needs 2, else "the top is 0, or a word is too large", |x| quotient(x, W32, x.low(W32));
    /// Replaces the two topmost 32-bit words by what the lower one leaves when it is divided by the upper one; an error if that is 0, or if quotient or divisor is too large.
    Rem32 = 50, "rem32", plain, Shrink, needs 2, else "the top is 0, or a word is too large", |x| quotient(x, W32, x.high(W32));
    /// Replaces the top by the bits that it and the argument have; an error unless they are 32-bit words.
    Andi32 = 51, "andi32", word, Keep, needs 1, else "the top or the argument is 2^32 or more", |x| {
        bitwise(W32, x.word(0), x.argument(), x.both(W32))
    };
    /// Replaces the top by the bits that it or the argument has; an error unless they are 32-bit words.
    Ori32 = 52, "ori32", word, Keep, needs 1, else "the top or the argument is 2^32 or more", |x| {
        bitwise(W32, x.word(0), x.argument(), x.low(W32) + x.high(W32) - x.both(W32))
    };
    /// Replaces the top by the bits that one of it and the argument has and the other has not; an error unless they are 32-bit words.
    Xori32 = 53, "xori32", word, Keep, needs 1, else "the top or the argument is 2^32 or more", |x| {
        bitwise(W32, x.word(0), x.argument(), x.low(W32) + x.high(W32) - A::constant(2) * x.both(W32))
    };
    /// Replaces the two topmost 32-bit words by 1 if the lower one is less than the upper one, both modulo 2^32 and with signs, else by 0; an error unless they are at least -2^31 and less than 2^32 + 2^31.
    Lts32 = 54, "lts32", plain, Shrink, needs 2, else "one of the two topmost words is no 32-bit word", |x| less(x, W32);
    /// Replaces the two topmost words by the lower one times 2 to the upper one, modulo 2^32; an error if the upper one is more than 31, or if the product is 2^64 or more.
    Shl32 = 55, "shl32", plain, Shrink, needs 2, else "the top is more than 31, or a word is too large", |x| to_the_left(x, W32, x.low(W32));
    /// Replaces the two topmost words by the lower one, a 32-bit word, shifted to the right by so many bits as the upper one says; an error if that is more than 31, or if the lower one is too large.
    Shr32 = 56, "shr32", plain, Shrink, needs 2, else "the top is more than 31, or a word is too large", |x| to_the_right(x, W32);
    /// Replaces the two topmost words by the lower one, a 32-bit word, rotated to the left by so many bits as the upper one says; an error if that is more than 31, or if the lower one is too large.
    Rotl32 = 57, "rotl32", plain, Shrink, needs 2, else "the top is more than 31, or a word is too large", |x| to_the_left(x, W32, x.low(W32) + x.high(W32));
    /// Replaces the two topmost words by the lower one, a 32-bit word with a sign, shifted to the right by so many bits as the upper one says; an error if that is more than 31, or unless the lower one is at least -2^31 and less than 2^32 + 2^31.
    Shrs32 = 58, "shrs32", plain, Shrink, needs 2, else "the top is more than 31, or the one below it is no 32-bit word", |x| signed_to_the_right(x, W32);
    /// Shifts the top, a 32-bit word with a sign, to the right: by n bits if the argument is 2^(31 - n); an error unless the top is at least -2^31 and less than 2^32 + 2^31, or if the argument is too large.
    Shrsi32 = 59, "shrsi32", word, Keep, needs 1, else "the top is no 32-bit word, or the argument is too large", |x| {
        shifted(x, W32, x.word(0), x.argument(), Cofactor::Argument)
    };
    /// Replaces the top, a 32-bit word, by the number of its highest bits that are 0; an error if it is no such word.
    Clz32 = 60, "clz32", plain, Keep, needs 1, else "the top is 2^32 or more", |x| leading(x, W32);
    /// Replaces the top, a 32-bit word, by the number of its lowest bits that are 0; an error if it is no such word.
    Ctz32 = 61, "ctz32", plain, Keep, needs 1, else "the top is 2^32 or more", |x| trailing(x, W32);
    /// Replaces the top, a 32-bit word, by the number of its bits that are 1; an error if it is no such word.
    Popcnt32 = 62, "popcnt32", plain, Keep, needs 1, else "the top is 2^32 or more", |x| ones(x, W32);
    /// Makes a 64-bit word of the top, a 32-bit word with a sign; an error if it is no such word.
    Extends32 = 63, "extends32", plain, Keep, needs 1, else "the top is 2^32 or more", |x| Relation {
        rest: Some(Rest::Reduced(x.word(0) + x.half(W32))),
        double: Some(Double::Pair(x.word(0), A::constant(0))),
        ..Relation::top(x.rest(W32) - x.half(W32) + x.radix(W64) * x.carry(Carry::Rest))
    };
    /// Replaces the two topmost words by their sum modulo 2^64; an error if the sum is 2^128 or more.
    Add64 = 64, "add64", plain, Shrink, needs 2, else "the sum is 2^128 or more", |x| {
        split(x, W64, x.word(1) + x.word(0), x.low(W64))
    };
    /// Replaces the two topmost 64-bit words by the lower one less the upper one, modulo 2^64; an error unless the difference is at least -2^64 and less than 2^64.
    Sub64 = 65, "sub64", plain, Shrink, needs 2, else "the two topmost words differ by more than 64-bit words", |x| {
        borrow(x, W64, x.low(W64))
    };
    /// Replaces the two topmost words by their product modulo 2^64; an error if the product is 2^128 or more.
    Mul64 = 66, "mul64", plain, Shrink, needs 2, else "the product is 2^128 or more", |x| {
        multiplied(x, W64, x.word(0), Cofactor::Second, x.low(W64))
    };
    /// Replaces the two topmost words by their product divided by 2^64, rounded down; an error if the product is 2^128 or more.
    Mulhi64 = 67, "mulhi64", plain, Shrink, needs 2, else "the product is 2^128 or more", |x| {
        multiplied(x, W64, x.word(0), Cofactor::Second, x.high(W64))
    };
    /// Replaces the two topmost 64-bit words by 1 if the lower one is less than the upper one, else by 0; an error unless the difference is at least -2^64 and less than 2^64.
    Lt64 = 68, "lt64", plain, Shrink, needs 2, else "the two topmost words differ by more than 64-bit words", |x| {
        borrow(x, W64, A::constant(1) - x.high(W64))
    };
    /// Replaces the two topmost 64-bit words by 1 if the lower one is less than the upper one, both modulo 2^64 and with signs, else by 0; an error unless they are at least -2^63 and less than 2^64 + 2^63.
    Lts64 = 69, "lts64", plain, Shrink, needs 2, else "one of the two topmost words is no 64-bit word", |x| less(x, W64);
    /// Replaces the two topmost words by the bits that both have; an error unless they are 64-bit words.
    And64 = 70, "and64", plain, Shrink, needs 2, else "one of the two topmost words is 2^64 or more", |x| {
        bitwise(W64, x.word(1), x.word(0), x.both(W64))
    };
    /// Replaces the two topmost words by the bits that one of them has; an error unless they are 64-bit words.
    Or64 = 71, "or64", plain, Shrink, needs 2, else "one of the two topmost words is 2^64 or more", |x| {
        bitwise(W64, x.word(1), x.word(0), x.low(W64) + x.high(W64) - x.both(W64))
    };
    /// Replaces the two topmost words by the bits that one of them has and the other has not; an error unless they are 64-bit words.
    Xor64 = 72, "xor64", plain, Shrink, needs 2, else "one of the two topmost words is 2^64 or more", |x| {
        bitwise(W64, x.word(1), x.word(0), x.low(W64) + x.high(W64) - A::constant(2) * x.both(W64))
    };
    /// Replaces the two topmost 64-bit words by the lower one divided by the upper one, rounded down; an error if that is 0, or if quotient or divisor is too large.
    Div64 = 73, "div64", plain, Shrink, needs 2, else "the top is 0, or a word is too large", |x| quotient(x, W64, x.low(W64));
    /// Replaces the two topmost 64-bit words by what the lower one leaves when it is divided by the upper one; an error if that is 0, or if quotient or divisor is too large.
    Rem64 = 74, "rem64", plain, Shrink, needs 2, else "the top is 0, or a word is too large", |x| quotient(x, W64, x.high(W64));
    /// Adds its argument to the top, modulo 2^64; an error if the sum is 2^128 or more.
    Addi64 = 75, "addi64", word, Keep, needs 1, else "the sum is 2^128 or more", |x| {
        split(x, W64, x.word(0) + x.argument(), x.low(W64))
    };
    /// Multiplies the top by its argument, modulo 2^64: with 2^n, a shift to the left; an error if the product is 2^128 or more.
    Muli64 = 76, "muli64", word, Keep, needs 1, else "the product is 2^128 or more", |x| {
        multiplied(x, W64, x.word(0), Cofactor::Argument, x.low(W64))
    };
    /// Multiplies the top by its argument and divides by 2^64, rounded down: with 2^(64 - n), a shift to the right; an error if the product is 2^128 or more.
    Mulhii64 = 77, "mulhii64", word, Keep, needs 1, else "the product is 2^128 or more", |x| {
        multiplied(x, W64, x.word(0), Cofactor::Argument, x.high(W64))
    };
    /// Multiplies the top by its argument and adds the high 64 bits of the product to the low ones: with 2^n, a rotation to the left; an error if the product is 2^128 or more.
    Rotli64 = 78, "rotli64", word, Keep, needs 1, else "the product is 2^128 or more", |x| {
        multiplied(x, W64, x.word(0), Cofactor::Argument, x.low(W64) + x.high(W64))
    };
    /// Replaces the two topmost words by the lower one times 2 to the upper one, modulo 2^64; an error if the upper one is more than 63, or if the product is 2^128 or more.
    Shl64 = 79, "shl64", plain, Shrink, needs 2, else "the top is more than 63, or a word is too large", |x| to_the_left(x, W64, x.low(W64));
    /// Replaces the two topmost words by the lower one, a 64-bit word, shifted to the right by so many bits as the upper one says; an error if that is more than 63, or if the lower one is too large.
    Shr64 = 80, "shr64", plain, Shrink, needs 2, else "the top is more than 63, or a word is too large", |x| to_the_right(x, W64);
    /// Replaces the two topmost words by the lower one, a 64-bit word, rotated to the left by so many bits as the upper one says; an error if that is more than 63, or if the lower one is too large.
    Rotl64 = 81, "rotl64", plain, Shrink, needs 2, else "the top is more than 63, or a word is too large", |x| to_the_left(x, W64, x.low(W64) + x.high(W64));
    /// Replaces the two topmost words by the lower one, a 64-bit word with a sign, shifted to the right by so many bits as the upper one says; an error if that is more than 63, or unless the lower one is at least -2^63 and less than 2^64 + 2^63.
    Shrs64 = 82, "shrs64", plain, Shrink, needs 2, else "the top is more than 63, or the one below it is no 64-bit word", |x| signed_to_the_right(x, W64);
    /// Shifts the top, a 64-bit word with a sign, to the right: by n bits if the argument is 2^(63 - n); an error unless the top is at least -2^63 and less than 2^64 + 2^63, or if the argument is too large.
    Shrsi64 = 83, "shrsi64", word, Keep, needs 1, else "the top is no 64-bit word, or the argument is too large", |x| {
        shifted(x, W64, x.word(0), x.argument(), Cofactor::Argument)
    };
    /// Replaces the top, a 64-bit word, by the number of its highest bits that are 0; an error if it is no such word.
    Clz64 = 84, "clz64", plain, Keep, needs 1, else "the top is 2^64 or more", |x| leading(x, W64);
    /// Replaces the top, a 64-bit word, by the number of its lowest bits that are 0; an error if it is no such word.
    Ctz64 = 85, "ctz64", plain, Keep, needs 1, else "the top is 2^64 or more", |x| trailing(x, W64);
    /// Replaces the top, a 64-bit word, by the number of its bits that are 1; an error if it is no such word.
    Popcnt64 = 86, "popcnt64", plain, Keep, needs 1, else "the top is 2^64 or more", |x| ones(x, W64);
    /// Leaves the top as it is; an error unless it is a 64-bit word.
    Assert64 = 87, "assert64", plain, Keep, needs 1, else "the top is 2^64 or more", |x| bitwise(W64, x.word(0), A::constant(0), x.word(0));
    /// Replaces the top, the address of a byte, by that byte of the memory: byte 4 i + j is byte j of the cell i, from the least significant one on; an error if the memory has no such cell, or if no 32-bit word is in it.
    Load8 = 88, "load8", plain, Keep, needs 1, else "the cell holds no 32-bit word", |x| loaded(x, Piece::Byte);
    /// Replaces the top, the address of a byte, by 2 bytes of the memory from that one on, the least significant one first; an error if they are not in one cell, or not in a 32-bit word.
    Load16 = 89, "load16", plain, Keep, needs 1, else "the 2 bytes are not in one cell, or that holds no 32-bit word", |x| loaded(x, Piece::Half);
    /// Replaces the top, the address of a byte, by the word in the cell of the memory that begins with it; an error if none does.
    Load32 = 90, "load32", plain, Keep, needs 1, else "no cell begins with this byte", |x| {
        accessing(x.old(), Address::Byte(x.word(0)), x.old()).zero(x.offset())
    };
    /// Drops the top, the address of a byte, and puts the lowest byte of the word below it into the memory there; an error if the memory has no such cell, or unless both are 32-bit words, what it holds and what is put there.
    Store8 = 91, "store8", plain, Shrink, needs 2, else "the cell or the word below the top holds no 32-bit word", |x| stored(x, Piece::Byte);
    /// Drops the top, the address of a byte, and puts the 2 lowest bytes of the word below it into the memory from there on; an error if they are not in one cell, or unless both are 32-bit words, what it holds and what is put there.
    Store16 = 92, "store16", plain, Shrink, needs 2, else "the 2 bytes are not in one cell, or a word is no 32-bit word", |x| stored(x, Piece::Half);
    /// Drops the top, the address of a byte, and puts a copy of the word below it into the cell of the memory that begins with it; an error if none does.
    Store32 = 93, "store32", plain, Shrink, needs 2, else "no cell begins with this byte", |x| {
        accessing(x.word(1), Address::Byte(x.word(0)), x.word(1)).zero(x.offset())
    };
    /// Replaces the two topmost words by their hash: circomlib's Poseidon of the lower one and the upper one.
    Hash = 94, "hash", plain, Shrink, needs 2, |x| Relation {
        hashes: true,
        ..Relation::top(x.result())
    };
    /// Moves the frame by its argument: adds it to the address of the frame's cell 0, which is 0 at first.
    Frame = 95, "frame", word, Keep, needs 0, |x| Relation {
        frame: Some(x.frame() + x.argument()),
        ..Relation::top(x.word(0))
    };
    /// Pushes the word in the cell of the frame whose number is the argument; an error if the memory has no such cell.
    GetLocal = 96, "get_local", word, Grow, needs 0, |x| accessing(x.old(), local(x), x.old());
    /// Drops the top and puts it into the cell of the frame whose number is the argument; an error if the memory has no such cell.
    PutLocal = 97, "put_local", word, Shrink, needs 1, |x| accessing(x.word(1), local(x), x.word(0));
    /// Puts a copy of the top into the cell of the frame whose number is the argument; an error if the memory has no such cell.
    TeeLocal = 98, "tee_local", word, Keep, needs 1, |x| accessing(x.word(0), local(x), x.word(0));
    /// Drops the top, a 32-bit word with a sign, and negates the word below it modulo 2^32 if that is negative, 2^31 or more; an error if twice the top is 2^33 or more, or the word below it more than 2^32, or, if the top is not negative, not less than 2^31 and at least -2^31.
    Sign32 = 99, "sign32", plain, Shrink, needs 2, else "the top is 2^32 or more, or the one below it is too large", |x| with_sign(x, W32);
    /// Drops the top, a 64-bit word with a sign, and negates the word below it modulo 2^64 if that is negative, 2^63 or more; an error if twice the top is 2^65 or more, or the word below it more than 2^64, or, if the top is not negative, not less than 2^63 and at least -2^63.
    Sign64 = 100, "sign64", plain, Shrink, needs 2, else "the top is 2^64 or more, or the one below it is too large", |x| with_sign(x, W64);
}
