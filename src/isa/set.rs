//! [`InstructionSet`]: which instructions a circuit has.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::{Carry, Effect, Opcode, Piece, Width};
use crate::text::excerpt;

/// Which instructions a circuit has. `nop` and `halt` are in every set.
///
/// A circuit pays only for what its set has: one boolean advice column an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstructionSet {
    members: u128,
}

/// Whether some instruction of a set has this fact: which ones have it is found out once, for this is asked on every row.
macro_rules! any {
    ($set:expr, $fact:ident) => {{
        static HAVING: OnceLock<u128> = OnceLock::new();
        let having = HAVING.get_or_init(|| {
            let having = Opcode::ALL.iter().filter(|own| own.facts().$fact);
            having.fold(0, |members, own| members | 1 << own.encoded())
        });
        $set.members & having != 0
    }};
}

impl InstructionSet {
    /// `nop push add mul`: the instructions of the teaching circuit that this machine starts from.
    pub const SEED: InstructionSet = InstructionSet::of(&[Opcode::Push, Opcode::Add, Opcode::Mul]);
    /// [`SEED`](Self::SEED) and `pop`.
    pub const STACK: InstructionSet =
        InstructionSet::of(&[Opcode::Push, Opcode::Add, Opcode::Mul, Opcode::Pop]);

    /// All that computes and moves words: [`STACK`](Self::STACK) and 18 more.
    pub const FIELD: InstructionSet = Self::STACK.and(&[
        Opcode::Sub,
        Opcode::Neg,
        Opcode::Inv,
        Opcode::Eq,
        Opcode::Iszero,
        Opcode::Not,
        Opcode::And,
        Opcode::Or,
        Opcode::Addi,
        Opcode::Muli,
        Opcode::Assert,
        Opcode::AssertEq,
        Opcode::Dup,
        Opcode::Swap,
        Opcode::Over,
        Opcode::Rot,
        Opcode::Pick2,
        Opcode::Pick3,
    ]);
    /// [`FIELD`](Self::FIELD), jumps and calls, the public tape and secrets.
    pub const FULL: InstructionSet = Self::FIELD.and(&[
        Opcode::Jump,
        Opcode::Jz,
        Opcode::Jnz,
        Opcode::Call,
        Opcode::Ret,
        Opcode::Read,
        Opcode::Write,
        Opcode::Secret,
    ]);

    /// The sets that have a name. They are frozen: their keys never change within a version of the format, and what is
    /// new makes new sets.
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
        let members = 1 << Opcode::Nop.encoded() | 1 << Opcode::Halt.encoded();
        InstructionSet { members }.and(opcodes)
    }

    /// The set and these instructions.
    pub const fn and(self, opcodes: &[Opcode]) -> InstructionSet {
        let mut members = self.members;
        let mut i = 0;
        while i < opcodes.len() {
            members |= 1 << opcodes[i].encoded();
            i += 1;
        }
        InstructionSet { members }
    }

    /// The number of words in columns, those that cells hold not counted: two, or as many as an
    /// instruction of the set reads.
    pub fn window(self) -> usize {
        let words = self.facts().map(|facts| facts.window);
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
        any!(self, factor)
    }

    /// Whether some product has another cofactor than the second word.
    pub fn has_cofactor(self) -> bool {
        any!(self, cofactor)
    }

    /// Whether some factor is tested.
    pub fn has_factor_test(self) -> bool {
        any!(self, factor_test)
    }

    /// Whether some cofactor is tested.
    pub fn has_cofactor_test(self) -> bool {
        any!(self, cofactor_test)
    }

    /// Whether some instruction says that something is zero.
    pub fn has_obligation(self) -> bool {
        any!(self, obligation)
    }

    /// Whether some cofactor is a hint.
    pub fn has_hint(self) -> bool {
        any!(self, hint)
    }

    /// Whether the set has control flow: instructions that jump, or push addresses, or access the memory, in which the program's
    /// arguments stand at first. A circuit of such a set has a program counter, and looks instructions up in the program.
    pub fn has_control(self) -> bool {
        any!(self, control)
    }

    /// Whether some instruction goes on elsewhere than at the one that follows it.
    pub fn jumps(self) -> bool {
        any!(self, jumps)
    }

    /// How a circuit of the set is told an instruction: see [`Program::stated`](crate::program::Program::stated).
    pub fn stated(self, opcode: Opcode) -> u64 {
        opcode.encoded() + u64::from(self.has_control())
    }

    /// Whether the set has instructions that use the public tape.
    pub fn has_tape(self) -> bool {
        any!(self, tape)
    }

    /// Whether the set has instructions that hash.
    pub fn hashes(self) -> bool {
        any!(self, hashes)
    }

    /// Whether the set has instructions that have to do with the frame.
    pub fn has_frame(self) -> bool {
        any!(self, frame)
    }

    /// Whether the set has instructions that access the memory.
    pub fn has_memory(self) -> bool {
        any!(self, memory)
    }

    /// Whether some of these do so by the addresses of bytes.
    pub fn has_bytes(self) -> bool {
        any!(self, bytes)
    }

    /// Whether some instruction finds such a piece of what a cell holds.
    pub fn has_piece(self, piece: Piece) -> bool {
        match piece {
            Piece::Byte => any!(self, byte),
            Piece::Half => any!(self, half),
        }
    }

    /// Whether the set has instructions that compute with words of 32 or 64 bits.
    pub fn has_words(self) -> bool {
        any!(self, words)
    }

    /// The size of the largest words that instructions of the set compute with.
    pub fn width(self) -> Width {
        match any!(self, wide) {
            true => Width::W64,
            false => Width::W32,
        }
    }

    /// Whether some instruction of the set has a third word as large as the largest ones. A smaller one stands in the
    /// upper half of a row's low word, which an instruction with small words does not use.
    pub fn has_rest(self) -> bool {
        match self.width() {
            Width::W32 => any!(self, rest),
            Width::W64 => any!(self, wide_rest),
        }
    }

    /// Whether some instruction of the set makes this word of a value by taking the radix off.
    pub fn has_carry(self, carry: Carry) -> bool {
        match carry {
            Carry::Low => any!(self, low_carry),
            Carry::High => any!(self, high_carry),
            Carry::Rest => any!(self, rest_carry),
        }
    }

    /// Whether the set has instructions that compute with powers of two.
    pub fn has_power(self) -> bool {
        any!(self, power)
    }

    /// Whether some instruction shifts 64-bit words by as many bits as a word says.
    pub fn has_wide_shift(self) -> bool {
        any!(self, wide_shift)
    }

    /// Whether some instruction counts the zeros at an end of words of this size.
    pub fn has_count(self, width: Width) -> bool {
        match width {
            Width::W32 => any!(self, count),
            Width::W64 => any!(self, wide_count),
        }
    }

    /// Whether some instruction counts the bits of a word that are 1.
    pub fn has_ones(self) -> bool {
        any!(self, ones)
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
    pub const fn members(self) -> u128 {
        self.members
    }

    /// The set that [`members`](Self::members) gives as this integer; `None` if a bit is one of no
    /// instruction, or `nop` or `halt` is missing.
    pub fn from_members(members: u128) -> Option<InstructionSet> {
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
    .unknown.as_ref().map_or(String::new(), |name| format!(", but `{name}` is no instruction"))
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
            .map(|name| Opcode::from_mnemonic(name).ok_or(name))
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
    fn a_set_is_its_members() {
        for (_, set) in InstructionSet::NAMED {
            assert_eq!(InstructionSet::from_members(set.members()), Some(*set));
        }
        let all = InstructionSet::of(Opcode::ALL).members();
        assert!(InstructionSet::from_members(all).is_some());
        for refused in [
            0,
            all + 1,
            u128::MAX,
            all ^ 1,
            all ^ 1 << Opcode::Nop.encoded(),
        ] {
            assert_eq!(InstructionSet::from_members(refused), None, "{refused:b}");
        }
    }

    #[test]
    fn named_sets_are_frozen() {
        let members = InstructionSet::NAMED.iter();
        let members: Vec<_> = members.map(|(name, set)| (*name, set.members())).collect();
        let frozen = [
            ("seed", 0x1f),
            ("stack", 0x3f),
            ("field", 0xff_ffff),
            ("full", 0xffff_ffff),
        ];
        assert_eq!(members, frozen);
    }

    #[test]
    fn seed_has_no_pop() {
        assert_eq!(InstructionSet::SEED.decode(4), None);
        assert_eq!(InstructionSet::STACK.decode(4), Some(Opcode::Pop));
        assert_eq!("stack".parse(), Ok(InstructionSet::STACK));
        assert!("stak".parse::<InstructionSet>().is_err());
    }
}
