//! The table of instructions, and [`InstructionSet`]: which of them a circuit has.
//!
//! An instruction is declared once, below, in `instructions!`: its code, its mnemonic, whether it
//! reads its argument, how it changes the depth of the stack, how many words it needs, and its
//! [`Relation`], a function of its [`Operands`]. The assembler, the interpreter, the constraints and
//! `docs/isa.md` are all read off this table.
//!
//! A relation is *affine* in the words of the window, the argument, the hint and the result, and has one
//! product of two such. That is what lets it become gates of degree 2 under a flag (see
//! [`crate::frame`]).

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::algebra::{Algebra, Formula};
use crate::text::excerpt;

/// What a relation may be made of.
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
    fn zero(self, zero: A) -> Self {
        Relation { zero, ..self }
    }

    /// A new top with a product.
    #[inline]
    fn times(self, factor: A, cofactor: Cofactor) -> Self {
        Relation {
            factor,
            cofactor,
            ..self
        }
    }

    /// The tests of the factor and the cofactor.
    #[inline]
    fn tests(self, factor_test: A, cofactor_test: A) -> Self {
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
fn branch<A: Algebra>(x: &impl Operands<A>, is_zero: A) -> Relation<A> {
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
fn is_zero<A: Algebra>(x: A, result: A) -> Relation<A> {
    Relation::top(A::constant(1))
        .times(x, Cofactor::Hint)
        .tests(result.clone(), result)
}

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

/// What is compiled for each instruction.
pub(crate) trait Specialised {
    /// What it gives.
    type Output;

    /// What it does for the instruction with this place in [`Opcode::ALL`].
    fn call<const OPCODE: usize>(self) -> Self::Output;
}

macro_rules! instructions {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $code:expr, $mnemonic:literal, $argument:ident, $effect:ident, needs $needs:literal,
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
            pub const fn code(self) -> u64 {
                match self { $(Opcode::$name => $code,)+ }
            }

            /// The name that the assembler reads.
            pub const fn mnemonic(self) -> &'static str {
                match self { $(Opcode::$name => $mnemonic,)+ }
            }

            /// Whether the instruction reads its argument.
            pub const fn takes_argument(self) -> bool {
                match self { $(Opcode::$name => instructions!(@argument $argument),)+ }
            }

            /// Whether the argument is the address of an instruction.
            pub const fn takes_address(self) -> bool {
                match self { $(Opcode::$name => instructions!(@address $argument),)+ }
            }

            /// How the depth of the stack changes.
            pub const fn effect(self) -> Effect {
                match self { $(Opcode::$name => Effect::$effect,)+ }
            }

            /// How many words the stack must hold.
            pub const fn needs(self) -> usize {
                match self { $(Opcode::$name => $needs,)+ }
            }

            /// What is wrong where the instruction's tests or its obligation fail; `None` if it has
            /// none.
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
                match self { $(Opcode::$name => specialised.call::<{ Opcode::$name as usize }>(),)+ }
            }

            /// What the instruction does to the window.
            ///
            /// A `pop` of the last word leaves the second one on top, which is 0 then.
            #[inline(always)]
            pub fn relation<A: Algebra>(self, operands: &impl Operands<A>) -> Relation<A> {
                match self { $(Opcode::$name => { let $operands = operands; $relation })+ }
            }
        }
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
        Relation::top(x.hint() + A::constant(1))
            .times(A::constant(0) - x.word(0), Cofactor::Hint)
            .zero(x.result() - x.hint())
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
}

/// What a relation reads and has, found by reading it as text.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    /// The number of words of the window.
    words: usize,
    factor: bool,
    /// Whether the cofactor is another than the second word.
    cofactor: bool,
    factor_test: bool,
    cofactor_test: bool,
    obligation: bool,
    /// Whether it asks where in the program it stands.
    control: bool,
    /// Whether a word comes from the public tape or goes there.
    tape: bool,
    /// Whether the new top comes from outside.
    outside: bool,
    hint: bool,
    /// Whether the new top depends on the hint otherwise than by the product.
    top_reads_hint: bool,
    target: Target,
}

impl Opcode {
    /// The instruction that a row executes when no flag is set.
    pub const IDLE: Opcode = Opcode::Nop;

    /// The instruction with this code, if there is one.
    pub fn from_code(code: u64) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.code() == code)
    }

    /// The instruction with this mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.mnemonic() == mnemonic)
    }

    /// How the circuit writes the instruction: `halt` is 0 and code c is c + 1.
    ///
    /// halo2 pads instance columns with zeros, so what it pads is `halt`.
    pub const fn encoded(self) -> u64 {
        match self {
            Opcode::Halt => 0,
            _ => self.code() + 1,
        }
    }

    /// The instruction that the circuit writes as `encoded`, if there is one.
    pub fn from_encoded(encoded: u64) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.encoded() == encoded)
    }

    /// The stack effect in the notation of Forth, written from the relation: `a b -- a + b`.
    pub fn stack_effect(self) -> String {
        // The words that are taken, from the lowest on.
        let names = ["a", "b", "c", "d"];
        let needs = self.needs();
        let word = |place: usize| match needs.checked_sub(place + 1) {
            Some(own) => Formula::name(names[own]),
            None => Formula::name("0"),
        };
        struct Named<W>(W);
        impl<W: Fn(usize) -> Formula> Operands<Formula> for Named<W> {
            fn word(&self, place: usize) -> Formula {
                self.0(place)
            }
            fn argument(&self) -> Formula {
                Formula::name("x")
            }
            fn hint(&self) -> Formula {
                Formula::name("h")
            }
            fn result(&self) -> Formula {
                Formula::name("y")
            }
            fn following(&self) -> Formula {
                Formula::name("next")
            }
            fn jumps(&self) -> Formula {
                Formula::name("j")
            }
        }
        let relation = self.relation(&Named(word));
        let product = relation.factor.clone()
            * match relation.cofactor {
                Cofactor::Second => word(1),
                Cofactor::Argument => Formula::name("x"),
                Cofactor::Hint => Formula::name("h"),
                Cofactor::Zero => Formula::constant(0),
            };
        let result = match self {
            Opcode::Inv => Formula::name("1/a"),
            Opcode::Eq => Formula::name("a = b"),
            Opcode::Iszero => Formula::name("a = 0"),
            _ => relation.top + product,
        };
        let mut left: Vec<String> = match self.effect() {
            // What grows the stack leaves what it reads.
            Effect::Grow => (0..needs).rev().map(|own| word(own).to_string()).collect(),
            Effect::Keep if needs == 0 => vec![],
            Effect::Keep => [relation.third, relation.second]
                .into_iter()
                .flatten()
                .map(|own| own.to_string())
                .collect(),
            Effect::Shrink => vec![],
        };
        if needs > 0 && (self.effect(), needs) != (Effect::Shrink, 1)
            || self.effect() == Effect::Grow
        {
            left.push(result.to_string());
        }
        let taken = names[..needs].iter().map(|name| format!("{name} "));
        let left = left.iter().map(|own| format!(" {own}"));
        format!(
            "{}--{}",
            taken.collect::<String>(),
            left.collect::<String>()
        )
    }

    /// Which instruction the program goes on with.
    pub fn target(self) -> Target {
        self.uses().target
    }

    /// Whether the instruction takes a word from the public tape or puts one there.
    pub fn uses_tape(self) -> bool {
        self.uses().tape
    }

    /// Whether the new top depends on the hint otherwise than by the product.
    pub(crate) fn result_reads_hint(self) -> bool {
        self.uses().top_reads_hint
    }

    /// Whether the word that the instruction pushes comes from a tape.
    pub fn takes_word(self) -> bool {
        self.uses().outside
    }

    /// What the relation reads and has.
    fn uses(self) -> Uses {
        static ALL: OnceLock<Vec<Uses>> = OnceLock::new();
        let all = ALL.get_or_init(|| Opcode::ALL.iter().map(|own| own.find_uses()).collect());
        all.get(self as usize).copied().unwrap_or_default()
    }

    fn find_uses(self) -> Uses {
        struct Marked;
        impl Operands<Formula> for Marked {
            fn word(&self, place: usize) -> Formula {
                Formula::name(format!("word{place}"))
            }
            fn argument(&self) -> Formula {
                Formula::name("argument")
            }
            fn hint(&self) -> Formula {
                Formula::name("hint")
            }
            fn result(&self) -> Formula {
                Formula::name("result")
            }
            fn following(&self) -> Formula {
                Formula::name("following")
            }
            fn jumps(&self) -> Formula {
                Formula::name("jumps")
            }
        }
        let Relation {
            top,
            second,
            third,
            factor,
            cofactor,
            factor_test,
            cofactor_test,
            zero,
            target,
            tape,
        } = self.relation(&Marked);
        let zero_formula = Formula::constant(0);
        let texts = [&top, &factor, &factor_test, &cofactor_test, &zero];
        let texts = texts.into_iter().chain(&second).chain(&third);
        let texts: Vec<String> = texts.map(Formula::to_string).collect();
        let read = (0..InstructionSet::MAX_WINDOW).rev().find(|place| {
            texts
                .iter()
                .any(|own| own.contains(&format!("word{place}")))
        });
        let written = match (&second, &third) {
            (_, Some(_)) => 3,
            (Some(_), _) => 2,
            _ => 0,
        };
        Uses {
            words: read.map_or(0, |place| place + 1).max(written),
            factor: factor != zero_formula,
            cofactor: factor != zero_formula && cofactor != Cofactor::Second,
            factor_test: factor_test != zero_formula,
            cofactor_test: cofactor_test != zero_formula,
            obligation: zero != zero_formula,
            control: target != Target::Following
                || texts.iter().any(|own| own.contains("following")),
            tape: tape.is_some(),
            outside: top == Formula::name("result"),
            hint: factor != zero_formula && cofactor == Cofactor::Hint,
            top_reads_hint: top.to_string().contains("hint"),
            target,
        }
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mnemonic())
    }
}

/// Which instructions a circuit has. `nop` and `halt` are in every set.
///
/// A circuit pays only for what its set has: one boolean advice column an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstructionSet {
    members: u64,
}

impl InstructionSet {
    /// `nop push add mul`: the instructions of the teaching circuit that this machine starts from.
    pub const SEED: InstructionSet = InstructionSet::of(&[Opcode::Push, Opcode::Add, Opcode::Mul]);
    /// [`SEED`](Self::SEED) and `pop`.
    pub const STACK: InstructionSet =
        InstructionSet::of(&[Opcode::Push, Opcode::Add, Opcode::Mul, Opcode::Pop]);

    /// All that computes and moves words.
    pub const FIELD: InstructionSet = InstructionSet {
        // The codes from `nop` to `pick3`.
        members: (1 << (Opcode::Pick3.encoded() + 1)) - 1,
    };
    /// Everything: also jumps and calls, the public tape and secrets.
    pub const FULL: InstructionSet = InstructionSet::of(Opcode::ALL);

    /// The sets that have a name.
    pub const NAMED: &'static [(&'static str, InstructionSet)] = &[
        ("seed", Self::SEED),
        ("stack", Self::STACK),
        ("field", Self::FIELD),
        ("full", Self::FULL),
    ];

    /// The most words that a window has.
    pub const MAX_WINDOW: usize = 4;

    /// The set of these instructions, and of `nop` and `halt`, which are in every set.
    pub const fn of(opcodes: &[Opcode]) -> InstructionSet {
        let mut members = 1 << Opcode::Nop.encoded() | 1 << Opcode::Halt.encoded();
        let mut i = 0;
        while i < opcodes.len() {
            members |= 1 << opcodes[i].encoded();
            i += 1;
        }
        InstructionSet { members }
    }

    /// The set that has this instruction too.
    pub const fn with(self, opcode: Opcode) -> InstructionSet {
        InstructionSet {
            members: self.members | 1 << opcode.encoded(),
        }
    }

    /// The number of words in columns, those that cells hold not counted: two, or as many as an
    /// instruction of the set reads.
    pub fn window(self) -> usize {
        let words = self.opcodes().map(|opcode| opcode.uses().words);
        words.fold(2, usize::max)
    }

    /// The number of presence flags in columns: flag i says that the stack holds more than i words. What
    /// shrinks the stack shows that it had enough words by what it leaves.
    pub fn presence(self) -> usize {
        let flags = self.opcodes().map(|opcode| match opcode.effect() {
            Effect::Shrink => opcode.needs().saturating_sub(1),
            Effect::Grow | Effect::Keep => opcode.needs(),
        });
        flags.fold(1, usize::max)
    }

    /// Whether a product is computed.
    pub fn has_factor(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().factor)
    }

    /// Whether some product has another cofactor than the second word.
    pub fn has_cofactor(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().cofactor)
    }

    /// Whether some factor is tested.
    pub fn has_factor_test(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().factor_test)
    }

    /// Whether some cofactor is tested.
    pub fn has_cofactor_test(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().cofactor_test)
    }

    /// Whether some instruction says that something is zero.
    pub fn has_obligation(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().obligation)
    }

    /// Whether some cofactor is a hint.
    pub fn has_hint(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().hint)
    }

    /// Whether the set has control flow: instructions that jump, or push addresses. A circuit of such a
    /// set has a program counter, and looks instructions up in the program.
    pub fn has_control(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().control)
    }

    /// How a circuit of the set is told an instruction: see [`Program::stated`](crate::program::Program::stated).
    pub fn stated(self, opcode: Opcode) -> u64 {
        opcode.encoded() + u64::from(self.has_control())
    }

    /// Whether the set has instructions that use the public tape.
    pub fn has_tape(self) -> bool {
        self.opcodes().any(|opcode| opcode.uses().tape)
    }

    /// Whether `opcode` is in the set.
    pub const fn contains(self, opcode: Opcode) -> bool {
        self.members >> opcode.encoded() & 1 == 1
    }

    /// The instructions of the set, in the order of the table.
    pub fn opcodes(self) -> impl Iterator<Item = Opcode> + Clone {
        Opcode::ALL
            .iter()
            .copied()
            .filter(move |opcode| self.contains(*opcode))
    }

    /// The set's instruction with this code.
    pub fn decode(self, code: u64) -> Option<Opcode> {
        Opcode::from_code(code).filter(|opcode| self.contains(*opcode))
    }

    /// The set as an integer: bit `i`, the least significant one being bit 0, says whether the
    /// instruction that is [encoded](Opcode::encoded) as `i` is in the set.
    pub const fn members(self) -> u64 {
        self.members
    }

    /// The set that [`members`](Self::members) gives as this integer; `None` if a bit is one of no
    /// instruction, or `nop` or `halt` is missing.
    pub fn from_members(members: u64) -> Option<InstructionSet> {
        let set = InstructionSet { members };
        let known = set
            .opcodes()
            .fold(0, |known, opcode| known | 1 << opcode.encoded());
        let complete = set.contains(Opcode::Nop) && set.contains(Opcode::Halt);
        (complete && known == members).then_some(set)
    }

    /// The set's name or, if it has none, the mnemonics of its instructions but `nop`, with commas
    /// between. [`FromStr`] reads both.
    pub fn name(self) -> String {
        if let Some((name, _)) = Self::NAMED.iter().find(|(_, set)| *set == self) {
            return (*name).to_owned();
        }
        let written = self.opcodes().filter(|opcode| *opcode != Opcode::Halt);
        let mnemonics: Vec<_> = written.map(Opcode::mnemonic).collect();
        match &mnemonics[..] {
            // Every set has it; a list needs something.
            [alone] => (*alone).to_owned(),
            list => list[1..].join(","),
        }
    }
}

impl Default for InstructionSet {
    /// [`InstructionSet::STACK`].
    fn default() -> Self {
        Self::STACK
    }
}

impl fmt::Debug for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.opcodes()).finish()
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// No instruction set has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no instruction set `{name}`; the sets are {}, or instructions with commas between{}",
    named_sets(),
    .unknown.as_ref().map_or(String::new(), |own| format!(", but `{own}` is no instruction"))
)]
pub struct UnknownSet {
    /// The beginning of the name that was asked for.
    pub name: String,
    /// Of a list, the beginning of what is no instruction.
    pub unknown: Option<String>,
}

fn named_sets() -> String {
    let names: Vec<_> = InstructionSet::NAMED
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    names.join(", ")
}

impl FromStr for InstructionSet {
    type Err = UnknownSet;

    /// A name, or a list of mnemonics with commas between.
    fn from_str(name: &str) -> Result<Self, UnknownSet> {
        if let Some((_, set)) = Self::NAMED.iter().find(|(known, _)| *known == name) {
            return Ok(*set);
        }
        let list = name.split(',').map(str::trim);
        let opcodes: Result<Vec<_>, &str> = list
            .map(|own| Opcode::from_mnemonic(own).ok_or(own))
            .collect();
        let opcodes = opcodes.map_err(|unknown| UnknownSet {
            name: excerpt(name),
            unknown: name.contains(',').then(|| excerpt(unknown)),
        })?;
        Ok(InstructionSet::of(&opcodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_mnemonics_are_distinct_and_round_trip() {
        for opcode in Opcode::ALL {
            assert_eq!(Opcode::from_encoded(opcode.encoded()), Some(*opcode));
            assert_eq!(Opcode::from_code(opcode.code()), Some(*opcode));
            assert_eq!(Opcode::from_mnemonic(opcode.mnemonic()), Some(*opcode));
        }
    }

    #[test]
    fn what_halo2_pads_is_halt() {
        assert_eq!(Opcode::Halt.encoded(), 0);
    }

    #[test]
    fn stack_effects_come_from_the_relations() {
        let effects: Vec<_> = Opcode::ALL.iter().map(|o| o.stack_effect()).collect();
        assert_eq!(
            effects,
            [
                "--",
                "-- x",
                "a b -- a + b",
                "a b -- b * a",
                "a --",
                "a b -- a - b",
                "a -- -a",
                "a -- 1/a",
                "a b -- a = b",
                "a -- a = 0",
                "a -- 1 - a",
                "a b -- b * a",
                "a b -- a + b - b * a",
                "a -- a + x",
                "a -- a * x",
                "a --",
                "a --",
                "a -- a a",
                "a b -- b a",
                "a b -- a b a",
                "a b c -- b c a",
                "a b c -- a b c a",
                "a b c d -- a b c d a",
                "--",
                "a --",
                "a --",
                "-- next",
                "a --",
                "-- y",
                "a --",
                "-- y",
                "a b -- a"
            ]
        );
    }

    #[test]
    fn a_set_is_its_members() {
        for (_, set) in InstructionSet::NAMED {
            assert_eq!(InstructionSet::from_members(set.members()), Some(*set));
        }
        let all = (1 << Opcode::ALL.len()) - 1;
        assert!(InstructionSet::from_members(all).is_some());
        for refused in [
            0,
            all + 1,
            u64::MAX,
            all ^ 1,
            all ^ 1 << Opcode::Nop.encoded(),
        ] {
            assert_eq!(InstructionSet::from_members(refused), None, "{refused:b}");
        }
    }

    #[test]
    fn seed_has_no_pop() {
        assert_eq!(InstructionSet::SEED.decode(4), None);
        assert_eq!(InstructionSet::STACK.decode(4), Some(Opcode::Pop));
        assert_eq!("stack".parse(), Ok(InstructionSet::STACK));
        assert!("stak".parse::<InstructionSet>().is_err());
    }
}
