//! What the text of a program says of its addresses.

use std::path::{Path, PathBuf};

use halo2_proofs::halo2curves::bn256::Fr;

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm::{self, Symbols};
use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::program::Instruction;

/// The text that a program was assembled from, and what it says of addresses; nothing, if it is in JSON.
#[derive(Debug, Default)]
pub struct Labels(Option<Text>);

/// A line of a program's text.
#[derive(Debug)]
pub struct SourceLine {
    pub path: PathBuf,
    /// Counted from 1.
    pub number: usize,
    pub text: String,
}

#[derive(Debug)]
struct Text {
    path: PathBuf,
    source: String,
    symbols: Symbols,
}

impl Labels {
    /// Those of a program that was assembled from the text in a file.
    pub fn new(path: &Path, source: String, symbols: Symbols) -> Self {
        let path = path.into();
        Labels(Some(Text {
            path,
            source,
            symbols,
        }))
    }

    fn symbols(&self) -> Option<&Symbols> {
        self.0.as_ref().map(|text| &text.symbols)
    }

    /// The label of an address.
    pub fn label_at(&self, address: usize) -> Option<&str> {
        self.symbols()?.label_at(address)
    }

    /// The address of a label.
    pub fn address(&self, name: &str) -> Option<usize> {
        self.symbols()?.address(name)
    }

    /// The last label at an address or before it.
    pub fn region(&self, address: usize) -> Option<&str> {
        let label = self.symbols()?.region(address)?;
        Some(&label.name)
    }

    /// The line of the instruction at an address, counted from 1.
    pub fn line(&self, address: usize) -> Option<usize> {
        self.symbols()?.line(address)
    }

    /// The same with its text and its file.
    pub fn source_line(&self, address: usize) -> Option<SourceLine> {
        let text = self.0.as_ref()?;
        let number = text.symbols.line(address)?;
        Some(SourceLine {
            path: text.path.clone(),
            number,
            text: asm::lines(&text.source).nth(number - 1)?.into(),
        })
    }

    /// The message of the instruction at an address.
    pub fn message(&self, address: usize) -> Option<&str> {
        self.symbols()?.message(address)
    }

    /// An instruction, with the label of the address that is its argument.
    pub fn instruction(&self, instruction: &Instruction<Fr>) -> String {
        let opcode = Opcode::from_code(instruction.opcode).filter(|own| own.takes_address());
        let address = instruction.argument.to_u64();
        let label = address.and_then(|own| self.label_at(usize::try_from(own).ok()?));
        match (opcode, label) {
            (Some(opcode), Some(label)) => format!("{opcode} {label}"),
            _ => instruction.to_string(),
        }
    }

    /// An address, with how it stands to the last label before it.
    pub fn place(&self, address: usize) -> String {
        let region = self.region(address);
        let distance = region.and_then(|own| address.checked_sub(self.address(own)?));
        match (region, distance) {
            (Some(label), Some(0)) => format!("{address} ({label})"),
            (Some(label), Some(distance)) => format!("{address} ({label} + {distance})"),
            _ => address.to_string(),
        }
    }
}
