//! [`Program`]: a list of instructions; [`CanonicalProgram`]: what a circuit sees of one, and its digest.

use std::fmt;
use std::ops::Deref;

use crate::algebra::Word;
use crate::isa::{Effect, InstructionSet, Opcode, Shape};

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

impl<F> Instruction<F> {
    /// The opcode of what is data, and can't be executed.
    pub const DATA: u64 = u32::MAX as u64;

    /// A word for the memory: the cell whose address is that of an instruction holds its argument at first. It is an error
    /// to execute it.
    pub fn data(word: F) -> Self {
        Instruction {
            opcode: Self::DATA,
            argument: word,
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
            None if self.opcode == Self::DATA => write!(f, ".word {argument}"),
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

    /// The number of instructions that a machine of this shape sees.
    ///
    /// - With control flow, all of them.
    /// - Without, those before the first `halt`: what follows is never executed, and is left out of what the
    ///   verifier states.
    /// - Where a straight line is fixed in a key, those at its end neither that do what the machine does at the end
    ///   of every program: `pop` while more than one word is left and then `nop`, with the argument 0.
    pub fn canonical_len(&self, shape: impl Into<Shape>) -> usize {
        let shape = shape.into();
        if shape.set.has_control() {
            return self.len();
        }
        let is_halt = |own: &Instruction<F>| own.opcode == Opcode::Halt.code();
        let end = self.instructions.iter().position(is_halt);
        let end = end.unwrap_or(self.len());
        if !shape.straight {
            return end;
        }
        let (mut depth, mut seen) = (0usize, 0);
        for (at, instruction) in self.instructions[..end].iter().enumerate() {
            let opcode = Opcode::from_code(instruction.opcode);
            let implied = match depth >= Opcode::Halt.needs() {
                true => Opcode::Pop,
                false => Opcode::IDLE,
            };
            if opcode != Some(implied) || instruction.argument != F::zero() {
                seen = at + 1;
            }
            depth = match opcode.map(Opcode::effect) {
                Some(Effect::Grow) => depth + 1,
                Some(Effect::Shrink) => depth.saturating_sub(1),
                // No key has a program with an unknown instruction.
                Some(Effect::Keep) | None => depth,
            };
        }
        seen
    }

    /// What a machine of this shape sees of the program.
    pub fn canonical(&self, shape: impl Into<Shape>) -> CanonicalProgram<F> {
        let seen = self.canonical_len(shape);
        CanonicalProgram(Program::from(self.instructions[..seen].to_vec()))
    }

    /// The same, without a copy.
    pub fn into_canonical(mut self, shape: impl Into<Shape>) -> CanonicalProgram<F> {
        self.instructions.truncate(self.canonical_len(shape));
        CanonicalProgram(self)
    }
}

/// What a machine sees of a program: [`Program::canonical`].
///
/// Of all programs that are the same to the machine, it is the shortest. Only such programs have a digest, so that
/// there are no two digests for one proof.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CanonicalProgram<F>(Program<F>);

impl<F> Deref for CanonicalProgram<F> {
    type Target = Program<F>;

    fn deref(&self) -> &Program<F> {
        &self.0
    }
}

/// A program has instructions that the circuit does not see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the program has {instructions} instructions, of which the circuit sees the first {canonical}: nothing is proved \
     of the others, so leave them out"
)]
pub struct NotCanonical {
    /// The number of instructions.
    pub instructions: usize,
    /// [`Program::canonical_len`]
    pub canonical: usize,
}

impl<F: Word> CanonicalProgram<F> {
    /// Takes a program that a machine of this shape sees all of.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] if it does not.
    pub fn new(program: Program<F>, shape: impl Into<Shape>) -> Result<Self, NotCanonical> {
        let program = CanonicalProgram(program);
        program.check(shape)?;
        Ok(program)
    }

    /// Checks that a machine of this shape, which may be another than the program was made for, sees all of it.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] if it does not.
    pub fn check(&self, shape: impl Into<Shape>) -> Result<(), NotCanonical> {
        let (instructions, canonical) = (self.len(), self.canonical_len(shape));
        match instructions == canonical {
            true => Ok(()),
            false => Err(NotCanonical {
                instructions,
                canonical,
            }),
        }
    }

    /// What a machine of another shape sees of it, without a copy.
    pub fn into_canonical(self, shape: impl Into<Shape>) -> Self {
        self.0.into_canonical(shape)
    }

    /// What identifies the program: the BLAKE2b-256 hash, personalised `StackVm.Program`, of the
    /// number of instructions and of each instruction, opcodes and numbers as 8 bytes and arguments
    /// as 32, least significant first.
    pub fn digest(&self) -> [u8; 32] {
        let mut state = blake2b_simd::Params::new()
            .hash_length(32)
            .personal(b"StackVm.Program")
            .to_state();
        state.update(&(self.len() as u64).to_le_bytes());
        for instruction in self.instructions() {
            state.update(&instruction.opcode.to_le_bytes());
            state.update(&instruction.argument.to_le_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(state.finalize().as_bytes());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm;
    use halo2curves::bn256::Fr;

    const STACK: InstructionSet = InstructionSet::STACK;

    fn program(source: &str) -> Program<Fr> {
        asm::assemble(source).unwrap()
    }

    #[test]
    fn a_program_is_what_the_machine_sees_of_it() {
        let fixed = Shape::fixed(STACK);
        for (source, public, wired) in [
            ("", 0, 0),
            ("push 1\npush 2\nmul", 3, 3),
            ("push 1\nhalt", 1, 1),
            ("halt\npush 1\nhalt\nnop", 0, 0),
            // The last `pop` leaves a word, as the machine itself would; that of the only word does not.
            ("push 1\npush 2\npop", 3, 2),
            ("push 1\npop", 2, 2),
            (
                "push 1\npush 2\npush 3\npop\npop\nnop\nnop\nhalt\nadd",
                7,
                3,
            ),
            ("push 1\npush 2\nnop\npop\nnop", 5, 3),
            ("nop\nnop\npush 1\nnop", 4, 3),
            ("nop\nnop", 2, 0),
        ] {
            let program = program(source);
            assert_eq!(program.canonical_len(STACK), public, "{source}");
            assert_eq!(program.canonical_len(fixed), wired, "{source}");
            // With control flow any instruction may be executed, or read as an address.
            let full = [
                InstructionSet::FULL.into(),
                Shape::fixed(InstructionSet::FULL),
            ];
            for shape in full {
                assert_eq!(program.canonical_len(shape), program.len(), "{source}");
            }
            assert_eq!(
                program.canonical(STACK),
                program.clone().into_canonical(STACK)
            );
            assert_eq!(
                program.canonical(fixed).canonical(fixed),
                program.canonical(fixed)
            );
        }
        // An argument is seen, be it read or not.
        let mut odd = program("push 1\nnop").instructions().to_vec();
        odd[1].argument = Fr::one();
        assert_eq!(Program::from(odd).canonical_len(fixed), 2);
    }

    #[test]
    fn what_the_machine_does_not_see_is_refused() {
        let whole = program("push 1\nhalt\npush 2");
        let seen = CanonicalProgram::new(program("push 1"), STACK).unwrap();
        assert_eq!(whole.canonical(STACK), seen);
        let error = CanonicalProgram::new(whole.clone(), STACK).unwrap_err();
        assert_eq!((error.instructions, error.canonical), (3, 1));
        let full = CanonicalProgram::new(whole, InstructionSet::FULL).unwrap();
        assert_eq!(full.check(STACK), Err(error));
        assert_ne!(full.digest(), seen.digest());
    }
}
