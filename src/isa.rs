//! The table of instructions, and [`InstructionSet`]: which of them a circuit has.
//!
//! An instruction is declared once, below, in `instructions!`: its code, its mnemonic, whether it
//! reads its argument, how it changes the depth of the stack, how many words it needs, and its
//! relation, that is the new top as a function of its [`Operands`]. The assembler, the interpreter,
//! the constraints and `docs/isa.md` are all read off this table.
//!
//! A relation is *affine* in the two topmost words, the argument and the product of the two topmost
//! words. That is what lets it become a gate of degree 2 under a flag (see [`crate::frame`]).

use std::fmt;
use std::str::FromStr;

use crate::algebra::{Algebra, Formula};

/// What an instruction may compute its new top from.
pub trait Operands<A: Algebra> {
    /// The word at the top of the stack, 0 if there is none.
    fn top(&self) -> A;
    /// The word below the top, 0 if there is none.
    fn second(&self) -> A;
    /// The instruction's argument.
    fn argument(&self) -> A;
    /// `second * top`.
    fn product(&self) -> A;
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

macro_rules! instructions {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $code:expr, $mnemonic:literal, $argument:ident, $effect:ident, needs $needs:literal,
        |$operands:ident| $top:expr;
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

            /// The code that a program writes, or `None` for what only the machine itself executes.
            pub const fn code(self) -> Option<u64> {
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

            /// How the depth of the stack changes.
            pub const fn effect(self) -> Effect {
                match self { $(Opcode::$name => Effect::$effect,)+ }
            }

            /// How many words the stack must hold.
            pub const fn needs(self) -> u32 {
                match self { $(Opcode::$name => $needs,)+ }
            }

            /// What the instruction does, in a sentence.
            pub const fn summary(self) -> &'static str {
                match self { $(Opcode::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// The relation: the word at the top after the instruction.
            ///
            /// A `pop` of the last word leaves `second`, which is 0 then.
            #[inline]
            pub fn new_top<A: Algebra>(self, operands: &impl Operands<A>) -> A {
                match self { $(Opcode::$name => { let $operands = operands; $top })+ }
            }
        }
    };
    (@argument plain) => { false };
    (@argument word) => { true };
}

instructions! {
    /// Does nothing.
    Nop = Some(0), "nop", plain, Keep, needs 0, |x| x.top();
    /// Pushes its argument.
    Push = Some(1), "push", word, Grow, needs 0, |x| x.argument();
    /// Replaces the two topmost words by their sum.
    Add = Some(2), "add", plain, Shrink, needs 2, |x| x.second() + x.top();
    /// Replaces the two topmost words by their product.
    Mul = Some(3), "mul", plain, Shrink, needs 2, |x| x.product();
    /// Drops the top.
    Pop = Some(4), "pop", plain, Shrink, needs 1, |x| x.second();
    /// What the machine executes after the last instruction: drops the top until one word is left, which is the output.
    Halt = None, "halt", plain, Shrink, needs 2, |x| x.second();
}

impl Opcode {
    /// The instruction that a row executes when no flag is set.
    pub const IDLE: Opcode = Opcode::Nop;

    /// The instruction with this code, if there is one.
    pub fn from_code(code: u64) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.code() == Some(code))
    }

    /// The instruction with this mnemonic, if a program may write it.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.code().is_some() && opcode.mnemonic() == mnemonic)
    }

    /// How the circuit writes the instruction: `halt` is 0 and code c is c + 1.
    ///
    /// halo2 pads instance columns with zeros, so what it pads is `halt`.
    pub const fn encoded(self) -> u64 {
        match self.code() {
            Some(code) => code + 1,
            None => 0,
        }
    }

    /// The instruction that the circuit writes as `encoded`, if there is one.
    pub fn from_encoded(encoded: u64) -> Option<Opcode> {
        match encoded.checked_sub(1) {
            Some(code) => Opcode::from_code(code),
            None => Some(Opcode::Halt),
        }
    }

    /// The coefficient of the product in the relation, by which the instruction's `factor` is
    /// `coefficient * top`. As relations are affine, it is the relation's value where the product is
    /// 1 and all else 0.
    #[inline]
    pub fn product_coefficient<A: Algebra>(self) -> A {
        struct ProductAlone;
        impl<A: Algebra> Operands<A> for ProductAlone {
            fn top(&self) -> A {
                A::constant(0)
            }
            fn second(&self) -> A {
                A::constant(0)
            }
            fn argument(&self) -> A {
                A::constant(0)
            }
            fn product(&self) -> A {
                A::constant(1)
            }
        }
        self.new_top(&ProductAlone)
    }

    /// The stack effect in the notation of Forth, written from the relation: `a b -- a + b`.
    pub fn stack_effect(self) -> String {
        struct Named;
        impl Operands<Formula> for Named {
            fn top(&self) -> Formula {
                Formula::name("b")
            }
            fn second(&self) -> Formula {
                Formula::name("a")
            }
            fn argument(&self) -> Formula {
                Formula::name("x")
            }
            fn product(&self) -> Formula {
                Formula::name("a * b")
            }
        }
        let taken = ["", "a ", "a b "][(self.needs() as usize).min(2)];
        let left = match (self.effect(), self.needs()) {
            (Effect::Keep, 0) | (Effect::Shrink, 1) => String::new(),
            _ => format!(" {}", self.new_top(&Named)),
        };
        format!("{taken}--{left}")
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

    /// The sets that have a name.
    pub const NAMED: &'static [(&'static str, InstructionSet)] =
        &[("seed", Self::SEED), ("stack", Self::STACK)];

    const fn of(opcodes: &[Opcode]) -> InstructionSet {
        let mut members = 1 << Opcode::Nop as u8 | 1 << Opcode::Halt as u8;
        let mut i = 0;
        while i < opcodes.len() {
            members |= 1 << opcodes[i] as u8;
            i += 1;
        }
        InstructionSet { members }
    }

    /// Whether `opcode` is in the set.
    pub const fn contains(self, opcode: Opcode) -> bool {
        self.members >> opcode as u8 & 1 == 1
    }

    /// The instructions of the set, in the order of the table.
    pub fn opcodes(self) -> impl Iterator<Item = Opcode> + Clone {
        Opcode::ALL
            .iter()
            .copied()
            .filter(move |opcode| self.contains(*opcode))
    }

    /// The instructions that have a flag of their own, in the order of the flags: all but `nop`,
    /// which is what a row does when no flag is set.
    pub fn flagged(self) -> impl Iterator<Item = Opcode> + Clone {
        self.opcodes().filter(|opcode| *opcode != Opcode::IDLE)
    }

    /// The set's instruction with this code.
    pub fn decode(self, code: u64) -> Option<Opcode> {
        Opcode::from_code(code).filter(|opcode| self.contains(*opcode))
    }

    /// The set as an integer: bit `i`, the least significant one being bit 0, says whether the table's
    /// instruction `i` is in the set.
    pub const fn members(self) -> u64 {
        self.members
    }

    /// The set that [`members`](Self::members) gives as this integer; `None` if a bit is one of no
    /// instruction, or `nop` or `halt` is missing.
    pub fn from_members(members: u64) -> Option<InstructionSet> {
        let set = InstructionSet { members };
        let known = set
            .opcodes()
            .fold(0, |known, opcode| known | 1 << opcode as u8);
        let complete = set.contains(Opcode::Nop) && set.contains(Opcode::Halt);
        (complete && known == members).then_some(set)
    }

    /// The set's name.
    pub fn name(self) -> &'static str {
        Self::NAMED
            .iter()
            .find(|(_, set)| *set == self)
            .map_or("unnamed", |(name, _)| name)
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
        f.write_str(self.name())
    }
}

/// No instruction set has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no instruction set `{name}`; the sets are {}", named_sets())]
pub struct UnknownSet {
    /// The name that was asked for.
    pub name: String,
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

    fn from_str(name: &str) -> Result<Self, UnknownSet> {
        Self::NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, set)| *set)
            .ok_or_else(|| UnknownSet { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_mnemonics_are_distinct_and_round_trip() {
        for opcode in Opcode::ALL {
            assert_eq!(Opcode::from_encoded(opcode.encoded()), Some(*opcode));
            if let Some(code) = opcode.code() {
                assert_eq!(Opcode::from_code(code), Some(*opcode));
                assert_eq!(Opcode::from_mnemonic(opcode.mnemonic()), Some(*opcode));
            }
        }
    }

    #[test]
    fn halt_is_not_for_programs() {
        assert_eq!(Opcode::from_mnemonic("halt"), None);
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
                "a b -- a * b",
                "a --",
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
        for refused in [0, all + 1, u64::MAX, all ^ 1, all ^ 1 << Opcode::Halt as u8] {
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
