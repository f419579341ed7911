//! [`ChipError`]: why a machine can't be assigned.

use std::ops::Range;

use halo2_proofs::plonk::{Any, Column, Error};

use crate::isa::InstructionSet;
use crate::machine::{LengthError, WitnessError};
use crate::vm::RunError;

/// Why a machine can't be assigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipError {
    /// The machine would reach beyond the circuit's usable rows.
    #[error("a machine on rows {} to {} does not fit a circuit of {usable} usable rows", rows.start, rows.end - 1)]
    OutOfRange {
        /// The rows of the machine.
        rows: Range<usize>,
        /// The number of usable rows.
        usable: usize,
    },
    /// Another machine in the same columns has some of the rows.
    #[error(
        "the machine's rows {} to {} overlap those of another machine of the same configuration, {} to {}: give each \
         rows of its own, or a `StackVmConfig` of its own",
        rows.start, rows.end - 1, other.start, other.end - 1
    )]
    Overlap {
        /// The rows of the machine.
        rows: Range<usize>,
        /// The rows of the other one.
        other: Range<usize>,
    },
    /// The machine has no rows, so that no constraint would hold on its output.
    #[error(
        "the machine has no rows: give it as many as its longest run has steps, and at least one"
    )]
    NoRows,
    /// The machine has no room for its table of limbs.
    #[error(
        "a machine of this instruction set has a table of {table} rows at least, but this one has {rows}: give it as many"
    )]
    NoTable {
        /// The rows of the machine.
        rows: usize,
        /// The rows of the smallest table.
        table: usize,
    },
    /// The set has hashes, and the field is none for which they are made.
    #[error(
        "the instruction set has `hash`, which is no hash in this field: Poseidon with fifth powers and 65 rounds is one of fields of \
         250 to 256 bits in which each element has a fifth root"
    )]
    NoHash,
    /// There is no room for the program, for its hashes, or for the tape.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// An opcode cell holds no opcode.
    #[error("instruction {instruction}: its opcode cell holds no encoded opcode of 64 bits")]
    NotAnOpcode {
        /// The number of the instruction, from 0.
        instruction: usize,
    },
    /// An instruction follows a `halt`.
    #[error("instruction {instruction} follows a halt")]
    AfterHalt {
        /// The number of the instruction, from 0.
        instruction: usize,
    },
    /// The configuration has no columns for the kind of program or tape that the chip was given.
    #[error("the machine's {0}")]
    WrongBinding(&'static str),
    /// A cell is in a column that has no equality enabled, so that it can't be copied.
    #[error(
        "the cell on row {row} of {column:?} can't be copied into the machine: call `meta.enable_equality` for its \
         column in `configure`, before `CircuitLayout::of`"
    )]
    NoEquality {
        /// The column.
        column: Column<Any>,
        /// The row.
        row: usize,
    },
    /// An opcode is encoded for another kind of instruction set.
    #[error(
        "instruction {instruction}: its opcode is encoded for the set `{encoded}`, and the machine has `{machine}`: \
         with control flow opcodes are encoded otherwise than without"
    )]
    OtherEncoding {
        /// The number of the instruction, from 0.
        instruction: usize,
        /// The set for which the opcode is encoded.
        encoded: InstructionSet,
        /// The set of the machine.
        machine: InstructionSet,
    },
    /// There is no key of a machine with this program.
    #[error("the program can't be fixed in a key: {0}")]
    Schedule(RunError),
    /// The configuration sends the output to an instance column.
    #[error("the machine's output is configured as an instance cell, so it is no cell to copy")]
    OutputIsNotACell,
    /// The program fails.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is no witness of the run for this machine.
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

impl ChipError {
    /// The chip's error that halo2's carries, if it carries one.
    pub fn of(error: &Error) -> Option<&ChipError> {
        match error {
            Error::Transcript(error) => error.get_ref()?.downcast_ref(),
            _ => None,
        }
    }
}

impl From<ChipError> for Error {
    /// halo2's one error that carries another. [`ChipError::of`] takes it out again.
    fn from(error: ChipError) -> Self {
        Error::from(std::io::Error::other(error))
    }
}
