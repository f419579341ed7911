//! [`MachineParams`]: the size of a machine, what it has room for, and the columns that its verifier states.

use super::hash;
use crate::algebra::Word;
use crate::isa::InstructionSet;
use crate::program::Program;

/// The size of a machine and the instructions that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MachineParams {
    /// The number of steps, those that unwind the stack included; at least one. The memory has a cell, and hashes a seventh of their room, for each:
    /// [`Trace::machine_rows`](crate::vm::Trace::machine_rows) is what a run needs. The machine occupies one row more.
    pub rows: usize,
    /// The instruction set.
    pub set: InstructionSet,
}

/// A machine has no room for a program or a public tape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The program has more instructions than there is room for.
    #[error("the program has {instructions} instructions, but the circuit has room for {room}")]
    Program {
        /// The number of instructions.
        instructions: usize,
        /// [`MachineParams::program_rows`].
        room: usize,
    },
    /// The public tape has more words than the machine has steps.
    #[error("the public tape has {words} words, but the circuit has room for {room}")]
    Tape {
        /// The number of words.
        words: usize,
        /// [`MachineParams::tape_rows`].
        room: usize,
    },
    /// The run makes more hashes than the machine has room for.
    #[error("the run makes {hashes} hashes, but the circuit has room for {room}")]
    Hashes {
        /// The number of hashes.
        hashes: usize,
        /// [`MachineParams::hashes`].
        room: usize,
    },
    /// There are words on a tape that the machine has not.
    #[error("there are {words} words on the public tape, but the instruction set has no tape")]
    NoTape {
        /// The number of words.
        words: usize,
    },
}

impl MachineParams {
    /// The most instructions of a program.
    ///
    /// With control flow, the halt after the program has a row of its own.
    pub fn program_rows(&self) -> usize {
        self.rows
            .saturating_sub(usize::from(self.set.has_control()))
    }

    /// The most words of a public tape.
    pub fn tape_rows(&self) -> usize {
        if self.set.has_tape() { self.rows } else { 0 }
    }

    /// The most hashes of a run: each has a permutation on rows of its own, beside those of the steps.
    pub fn hashes(&self) -> usize {
        match self.set.hashes() {
            true => self.rows / hash::ROWS,
            false => 0,
        }
    }

    /// Checks that there is room for a program of so many instructions.
    ///
    /// # Errors
    ///
    /// [`LengthError::Program`]
    pub fn check_program(&self, instructions: usize) -> Result<(), LengthError> {
        let room = self.program_rows();
        match instructions > room {
            true => Err(LengthError::Program { instructions, room }),
            false => Ok(()),
        }
    }

    /// Checks that there is room for a public tape of so many words.
    ///
    /// # Errors
    ///
    /// [`LengthError::Tape`] or [`LengthError::NoTape`].
    pub fn check_tape(&self, words: usize) -> Result<(), LengthError> {
        let room = self.tape_rows();
        match words > room {
            true if !self.set.has_tape() => Err(LengthError::NoTape { words }),
            true => Err(LengthError::Tape { words, room }),
            false => Ok(()),
        }
    }

    /// Checks that there is room for so many hashes.
    ///
    /// # Errors
    ///
    /// [`LengthError::Hashes`]
    pub fn check_hashes(&self, hashes: usize) -> Result<(), LengthError> {
        let room = self.hashes();
        match hashes > room {
            true => Err(LengthError::Hashes { hashes, room }),
            false => Ok(()),
        }
    }

    /// What the verifier of a machine with a public program states of a program: the opcodes, from
    /// the machine's first row on, and the arguments, from its second row on. The rest of the machine's rows
    /// is zeros.
    ///
    /// # Errors
    ///
    /// [`LengthError::Program`]: of a program that is too long, the machine would only see its beginning.
    pub fn program_columns<F: Word>(
        &self,
        program: &Program<F>,
    ) -> Result<[Vec<F>; 2], LengthError> {
        self.check_program(program.len())?;
        let (opcodes, arguments) = program.stated(self.set).into_iter().unzip();
        Ok([opcodes, arguments])
    }

    /// What the verifier of a machine with a public tape in an instance column states of a public tape, from the machine's
    /// first row on: its words and a 1; nothing, if the set has no tape. The rest of the machine's rows is
    /// zeros.
    ///
    /// # Errors
    ///
    /// [`LengthError`]: of a tape that is too long, the machine would only see its beginning.
    pub fn tape_column<F: Word>(&self, tape: &[F]) -> Result<Option<Vec<F>>, LengthError> {
        self.check_tape(tape.len())?;
        Ok(self.set.has_tape().then(|| tape_column(tape)))
    }
}

/// What stands on the column of the public tape: its words, and a 1 to say that there are no more.
pub fn tape_column<F: Word>(tape: &[F]) -> Vec<F> {
    tape.iter().copied().chain([F::one()]).collect()
}
