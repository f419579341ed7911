//! What a program of TinyRAM becomes, as it is made.

use super::super::symbols::Symbols;
use super::TinyRam;
use super::text::Source;
use crate::algebra::Word;
use crate::isa::Opcode;
use crate::program::{Instruction, Program};

/// A cell of the memory after the program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Register(u64),
    Flag,
    /// For words that an instruction needs twice.
    Scratch(u64),
    /// How many words are left on a tape.
    Left(u64),
    /// The words of TinyRAM's own memory.
    Memory,
}

/// The argument of an instruction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Argument {
    Number(i64),
    /// Where an instruction of TinyRAM begins; that after the last one is the end of the program.
    Entry(usize),
    /// A place in what an instruction is made of.
    Place(usize),
    /// A cell, so far after its first one.
    Cell(Cell, u64),
    /// An entry of the table of powers of two.
    Power(u64),
    /// The table of entries.
    Entries,
}

use Argument::{Entries, Entry, Number, Place, Power};

/// The instruction sequence that is being made.
pub(super) struct Lowering<'t> {
    pub text: &'t Source,
    pub code: Vec<(Opcode, Argument)>,
    /// The line of each.
    pub lines: Vec<u32>,
    pub line: usize,
    pub messages: Vec<(usize, String)>,
    pub entries: Vec<usize>,
    /// Where places are, once that is known.
    pub places: Vec<usize>,
    /// Whether a jump goes to where a register says.
    pub jumps_to_register: bool,
    pub reads: [bool; 2],
}

impl Lowering<'_> {
    pub fn emit(&mut self, opcode: Opcode, argument: Argument) {
        self.code.push((opcode, argument));
        // A text has fewer lines than bytes, and no reader takes more of those.
        self.lines
            .push(u32::try_from(self.line).unwrap_or(u32::MAX));
    }

    pub fn plain(&mut self, opcodes: &[Opcode]) {
        for opcode in opcodes {
            self.emit(*opcode, Number(0));
        }
    }

    /// The last instruction's message.
    pub fn message(&mut self, message: impl Into<String>) {
        self.messages.push((self.code.len() - 1, message.into()));
    }

    /// A place that is not known yet.
    pub fn ahead(&mut self) -> usize {
        self.places.push(0);
        self.places.len() - 1
    }

    /// The place is here.
    pub fn here(&mut self, place: usize) {
        self.places[place] = self.code.len();
    }

    /// The program: what is executed, the tables that it uses, and then the cells of what it computes with.
    pub fn finish<F: Word>(self) -> TinyRam<F> {
        let powers = self
            .code
            .iter()
            .any(|(_, argument)| matches!(argument, Power(_)));
        let powers = 0..if powers { 33u32 } else { 0 };
        let first_power = self.code.len() as u64;
        let first_entry = first_power + powers.len() as u64;
        let entries = match self.jumps_to_register {
            true => &self.entries[..self.text.instructions.len()],
            false => &[],
        };
        let cells = first_entry + entries.len() as u64;
        let registers = self.text.registers;
        let cell = |cell: Cell| match cell {
            Cell::Register(number) => number,
            Cell::Flag => registers,
            Cell::Scratch(number) => registers + 1 + number,
            Cell::Left(tape) => registers + 2 + tape,
            Cell::Memory => registers + 4,
        };
        let word = |argument: Argument| match argument {
            Number(number) if number < 0 => F::zero() - F::constant(number.unsigned_abs()),
            Number(number) => F::constant(number.unsigned_abs()),
            Entry(number) => F::constant(self.entries[number] as u64),
            Place(place) => F::constant(self.places[place] as u64),
            Argument::Cell(own, after) => F::constant(cells + cell(own) + after),
            Power(number) => F::constant(first_power + number),
            Entries => F::constant(first_entry),
        };
        let code = self.code.iter();
        let code = code.map(|(opcode, argument)| Instruction::new(*opcode, word(*argument)));
        let powers = powers.map(|places| Instruction::data(F::constant(1 << places)));
        let entries = entries.iter();
        let entries = entries.map(|own| Instruction::data(F::constant(*own as u64)));
        let instructions: Vec<_> = code.chain(powers).chain(entries).collect();
        let mut lines = self.lines;
        lines.resize(instructions.len(), 1);
        let mut labels = self.text.labels.clone();
        for label in &mut labels {
            label.address = self.entries[label.address];
        }
        TinyRam {
            program: Program::from(instructions),
            symbols: Symbols {
                labels,
                lines,
                messages: self.messages,
            },
            reads: self.reads,
        }
    }
}
