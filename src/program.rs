//! [`Program`]: a list of instructions, what a run of it executes, and its digest.

use std::fmt;

use crate::algebra::Word;
use crate::isa::{InstructionSet, Opcode};

/// An opcode and its argument.
///
/// The opcode is any number: it is an error only where it is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<F> {
    /// The code of the instruction, see [`Opcode::code`].
    pub opcode: u64,
    /// The argument, which only some instructions read.
    pub argument: F,
}

impl<F: Word> Instruction<F> {
    /// The instruction `opcode argument`.
    pub fn new(opcode: Opcode, argument: F) -> Self {
        Instruction {
            opcode: opcode.code(),
            argument,
        }
    }
}

impl<F: Word> Instruction<F> {
    /// The opcode, [encoded](Opcode::encoded); of an opcode that no instruction has, its number and 1.
    pub fn encoded(&self) -> F {
        match Opcode::from_code(self.opcode) {
            Some(opcode) => F::constant(opcode.encoded()),
            None => F::constant(self.opcode) + F::one(),
        }
    }
}

impl<F: Word> fmt::Display for Instruction<F> {
    /// As the assembler reads it, for opcodes that it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let argument = self.argument.to_text();
        match Opcode::from_code(self.opcode) {
            Some(opcode) if opcode.takes_argument() => write!(f, "{opcode} {argument}"),
            Some(opcode) => write!(f, "{opcode}"),
            None => write!(f, "({}, {argument})", self.opcode),
        }
    }
}

/// A list of instructions.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Program<F> {
    instructions: Vec<Instruction<F>>,
}

impl<F> From<Vec<Instruction<F>>> for Program<F> {
    fn from(instructions: Vec<Instruction<F>>) -> Self {
        Program { instructions }
    }
}

impl<F> FromIterator<Instruction<F>> for Program<F> {
    fn from_iter<I: IntoIterator<Item = Instruction<F>>>(instructions: I) -> Self {
        Program {
            instructions: instructions.into_iter().collect(),
        }
    }
}

impl<F: Word> Program<F> {
    /// The instructions, in order.
    pub fn instructions(&self) -> &[Instruction<F>] {
        &self.instructions
    }

    /// The number of instructions.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether there are no instructions.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// The program cut after `steps` instructions: what a run of `steps` steps *is*. `None` if the
    /// program is shorter.
    pub fn cut(&self, steps: usize) -> Option<Self> {
        let instructions = self.instructions.get(..steps)?.to_vec();
        Some(Program { instructions })
    }

    /// The smallest set that has the program's instructions. Codes that no instruction has are left out.
    pub fn smallest_set(&self) -> InstructionSet {
        let opcodes = self
            .instructions
            .iter()
            .filter_map(|instruction| Opcode::from_code(instruction.opcode));
        InstructionSet::of(&opcodes.collect::<Vec<_>>())
    }

    /// The program as a circuit is told it, each instruction as an opcode and an argument. What follows is
    /// zeros.
    ///
    /// Without control flow, opcodes are [encoded](Opcode::encoded), and what follows the first `halt`, which is
    /// never executed, is left out. With control flow, opcodes are one more than that, so that 0 is no
    /// instruction, and one `halt` more follows the program: its end, where it may jump to.
    pub fn stated(&self, set: InstructionSet) -> Vec<(F, F)> {
        let instructions = self.instructions.iter();
        if set.has_control() {
            let end = (F::constant(set.stated(Opcode::Halt)), F::zero());
            let stated = |own: &Instruction<F>| (own.encoded() + F::one(), own.argument);
            return instructions.map(stated).chain([end]).collect();
        }
        instructions
            .take_while(|own| own.opcode != Opcode::Halt.code())
            .map(|own| (own.encoded(), own.argument))
            .collect()
    }

    /// What identifies the program: the BLAKE2b-256 hash, personalised `StackVm.Program`, of the
    /// number of instructions and of each instruction, opcodes and numbers as 8 bytes and arguments
    /// as 32, least significant first.
    pub fn digest(&self) -> [u8; 32] {
        let mut state = blake2b_simd::Params::new()
            .hash_length(32)
            .personal(b"StackVm.Program")
            .to_state();
        state.update(&(self.instructions.len() as u64).to_le_bytes());
        for instruction in &self.instructions {
            state.update(&instruction.opcode.to_le_bytes());
            state.update(&instruction.argument.to_le_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(state.finalize().as_bytes());
        digest
    }
}
