//! Why a program does not run.

use super::MAX_CELLS;
use crate::isa::{CELL_BYTES, InstructionSet, Opcode};
use crate::program::Instruction;
use crate::text::counted;

/// Why a program does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The stack holds fewer words than the instruction needs.
    #[error("step {step}{}: `{opcode}` needs {needs} on the stack, but it holds {depth}", at(.step, .pc), needs = counted(*.needs, "word"))]
    StackUnderflow {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
        /// How many words it needs.
        needs: usize,
        /// How many there are.
        depth: usize,
    },
    /// What the instruction demands of its operands does not hold.
    #[error("step {step}{} (stack depth {depth}): `{opcode}` fails: {fault}", at(.step, .pc))]
    Fault {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
        /// The depth of the stack.
        depth: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// The instruction set has no such instruction.
    #[error(
        "step {step}{} (stack depth {depth}): {}", at(.step, .pc), not_in_set(*.opcode, *.set)
    )]
    InvalidOpcode {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The code of the instruction.
        opcode: u64,
        /// The depth of the stack.
        depth: usize,
        /// The instruction set.
        set: InstructionSet,
    },
    /// An instruction goes on where the program has no instruction.
    #[error(
        "step {step}{}: `{opcode}` leads out of the program, whose addresses are 0 to {instructions} \
         (its end){}",
        at(.step, .pc), if *.opcode == Opcode::Ret { ": the top is none of them" } else { "" }
    )]
    OutsideProgram {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
        /// The number of instructions.
        instructions: usize,
    },
    /// An instruction accesses a cell that no memory has.
    #[error(
        "step {step}{}: `{opcode}` accesses a cell that no memory has: addresses are 0 to {}",
        at(.step, .pc), last_address(*.opcode)
    )]
    OutsideMemory {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
    },
    /// The tape that the instruction reads has no further word.
    #[error(
        "step {step}{}: `{opcode}` finds no further word on its tape, which has {}: give the run more",
        at(.step, .pc), counted(*.words, "word")
    )]
    TapeEnd {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction: `read` or `secret`.
        opcode: Opcode,
        /// The number of words on the tape.
        words: usize,
    },
    /// The tape that the run is given states another word than the one that the instruction writes.
    #[error("step {step}{}: `write` writes another word than the one that the tape states", at(.step, .pc))]
    OtherWord {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
    },
    /// The run ends before all that it was given is read.
    #[error(
        "the run ends after {} with {} unread on the {tape} tape: give it fewer, or read them",
        counted(*.steps, "step"), counted(*.unread, "word")
    )]
    Unread {
        /// The number of steps of the run.
        steps: usize,
        /// The tape: `public` or `private`.
        tape: &'static str,
        /// How many words are left.
        unread: usize,
    },
    /// The program ends before the run does.
    #[error(
        "a run of {} was asked for, but the program has {}",
        counted(*.steps, "step"), counted(*.instructions, "instruction")
    )]
    StepsOutOfRange {
        /// The number of steps asked for.
        steps: usize,
        /// The number of instructions.
        instructions: usize,
    },
    /// A number of steps was asked for, but the program is no straight line that it could cut.
    #[error(
        "only a program that neither jumps nor accesses the memory can be cut after a number of steps"
    )]
    StepsOfLoop,
    /// The run does not end.
    #[error("the run has not ended after {}, and is at pc {pc}", counted(*.limit, "step"))]
    TooManySteps {
        /// The most steps that were admitted.
        limit: u64,
        /// The address of the instruction that would be next.
        pc: usize,
    },
    /// The run holds more words than are admitted.
    #[error(
        "step {step}{}: the stack, the public tape and the memory have more than {limit} words together, the most that are \
         admitted", at(.step, .pc)
    )]
    TooManyWords {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The most words that were admitted.
        limit: usize,
    },
    /// The run has more rows than are admitted.
    #[error(
        "the run needs {} rows, its unwinding included, and at most {limit} are admitted",
        if *.rows == *.limit as u64 + 1 { format!("more than {limit}") } else { .rows.to_string() }
    )]
    TooManyRows {
        /// The number of rows that the run needs; `limit + 1` if it has more steps than `limit`, or more hashes than there is room for, for it is not
        /// run to its end then.
        rows: u64,
        /// The most rows.
        limit: usize,
    },
}

/// Where a step is, if its number does not say so.
fn at(step: &usize, pc: &usize) -> String {
    match step == pc {
        true => String::new(),
        false => format!(" (pc {pc})"),
    }
}

/// The largest address that a memory has for an instruction: that of a cell, or of a byte.
fn last_address(opcode: Opcode) -> usize {
    match opcode.uses_bytes() {
        true => MAX_CELLS * CELL_BYTES - 1,
        false => MAX_CELLS - 1,
    }
}

/// What is wrong with an opcode.
fn not_in_set(opcode: u64, set: InstructionSet) -> String {
    let name = match Opcode::from_code(opcode) {
        Some(own) => format!(" (`{own}`)"),
        None if opcode == Instruction::<()>::DATA => {
            return "here is data, which is not executed; `halt` ends a program before its data"
                .into();
        }
        None => String::new(),
    };
    format!("opcode {opcode}{name} is not in the instruction set `{set}`")
}

impl RunError {
    /// The error's name in machine-readable output.
    pub fn kind(&self) -> &'static str {
        match self {
            RunError::StackUnderflow { .. } => "stack_underflow",
            RunError::Fault { .. } => "fault",
            RunError::InvalidOpcode { .. } => "invalid_opcode",
            RunError::OutsideProgram { .. } => "outside_program",
            RunError::OutsideMemory { .. } => "outside_memory",
            RunError::TapeEnd { .. } => "tape_end",
            RunError::OtherWord { .. } => "other_word",
            RunError::Unread { .. } => "unread",
            RunError::StepsOutOfRange { .. } => "steps_out_of_range",
            RunError::StepsOfLoop => "steps_of_loop",
            RunError::TooManySteps { .. } => "too_many_steps",
            RunError::TooManyWords { .. } => "too_many_words",
            RunError::TooManyRows { .. } => "too_many_rows",
        }
    }

    /// The step at which the run fails, if it is at one; for a program that is too short, the first one it
    /// lacks.
    pub fn step(&self) -> Option<usize> {
        match self {
            RunError::StackUnderflow { step, .. }
            | RunError::Fault { step, .. }
            | RunError::InvalidOpcode { step, .. }
            | RunError::OutsideProgram { step, .. }
            | RunError::OutsideMemory { step, .. }
            | RunError::TapeEnd { step, .. }
            | RunError::OtherWord { step, .. }
            | RunError::TooManyWords { step, .. } => Some(*step),
            RunError::Unread { steps, .. } => Some(*steps),
            RunError::StepsOutOfRange { instructions, .. } => Some(*instructions),
            RunError::StepsOfLoop
            | RunError::TooManySteps { .. }
            | RunError::TooManyRows { .. } => None,
        }
    }

    /// The address of the instruction that fails, or before which the run was ended; if it is at one.
    pub fn pc(&self) -> Option<usize> {
        match self {
            RunError::StackUnderflow { pc, .. }
            | RunError::Fault { pc, .. }
            | RunError::InvalidOpcode { pc, .. }
            | RunError::OutsideProgram { pc, .. }
            | RunError::OutsideMemory { pc, .. }
            | RunError::TapeEnd { pc, .. }
            | RunError::OtherWord { pc, .. }
            | RunError::TooManySteps { pc, .. }
            | RunError::TooManyWords { pc, .. } => Some(*pc),
            _ => None,
        }
    }
}
