//! Programs as text.

use num_bigint::BigUint;

use crate::algebra::Word;
use crate::isa::Opcode;
use crate::program::{Instruction, Program};

/// What the text form can't say. [`to_json`](super::to_json) can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisassembleError {
    /// No instruction has this code, so there is no mnemonic to write.
    #[error(
        "instruction {index} (counted from 0) has opcode {opcode}, for which there is no mnemonic; write the program as JSON"
    )]
    UnknownOpcode {
        /// The place of the instruction in the program, counted from 0.
        index: usize,
        /// The code.
        opcode: u64,
    },
    /// The instruction takes no argument, so there is no way to write the one it has.
    #[error(
        "instruction {index} (counted from 0), `{opcode}`, takes no argument but has {argument}; write the program as JSON, or with the argument 0"
    )]
    IgnoredArgument {
        /// The place of the instruction in the program, counted from 0.
        index: usize,
        /// The instruction.
        opcode: Opcode,
        /// Its argument.
        argument: BigUint,
    },
    /// The instruction goes to where the program has no instruction.
    #[error(
        "instruction {index} (counted from 0), `{opcode}`, goes to {address}, which is no address of the program; write the program as JSON"
    )]
    NoAddress {
        /// The place of the instruction in the program, counted from 0.
        index: usize,
        /// The instruction.
        opcode: Opcode,
        /// Its argument.
        address: BigUint,
    },
}

/// Writes a program in text form, such that [`assemble`](super::assemble) gives the same program again.
///
/// Arguments are as [`Word::to_text`] writes them. Addresses that the program goes to have labels, `L` and the
/// address.
///
/// # Errors
///
/// [`DisassembleError`], if the program has an unknown opcode, an argument other than 0 where the
/// instruction takes none, or an address that is none: as text it would be another program.
pub fn disassemble<F: Word>(program: &Program<F>) -> Result<String, DisassembleError> {
    let address = |instruction: &Instruction<F>| {
        let address = instruction.argument.to_u64()?;
        usize::try_from(address)
            .ok()
            .filter(|address| *address <= program.len())
    };
    let mut targets = vec![false; program.len() + 1];
    for instruction in program.instructions() {
        let opcode = Opcode::from_code(instruction.opcode);
        if let Some(target) = opcode
            .filter(|opcode| opcode.takes_address())
            .and_then(|_| address(instruction))
            .and_then(|address| targets.get_mut(address))
        {
            *target = true;
        }
    }
    let mut text = String::new();
    let label = |text: &mut String, index: usize| {
        if targets.get(index).copied().unwrap_or(false) {
            text.push_str(&format!("L{index}:\n"));
        }
    };
    for (index, instruction) in program.instructions().iter().enumerate() {
        let Instruction { opcode, argument } = *instruction;
        if opcode == Instruction::<F>::DATA {
            label(&mut text, index);
            text.push_str(&format!(".word {}\n", argument.to_text()));
            continue;
        }
        let opcode =
            Opcode::from_code(opcode).ok_or(DisassembleError::UnknownOpcode { index, opcode })?;
        label(&mut text, index);
        text.push_str(opcode.mnemonic());
        if opcode.takes_address() {
            let target = address(instruction).ok_or_else(|| DisassembleError::NoAddress {
                index,
                opcode,
                address: argument.to_integer(),
            })?;
            text.push_str(&format!(" L{target}"));
        } else if opcode.takes_argument() {
            text.push(' ');
            text.push_str(&argument.to_text());
        } else if argument != F::zero() {
            return Err(DisassembleError::IgnoredArgument {
                index,
                opcode,
                argument: argument.to_integer(),
            });
        }
        text.push('\n');
    }
    label(&mut text, program.len());
    Ok(text)
}
