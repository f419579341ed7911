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
    /// For a word that an instruction needs twice.
    Scratch,
    /// How many words are left on a tape.
    Left(u64),
    /// A word of TinyRAM's own memory.
    Memory(u64),
}

/// The argument of an instruction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Argument {
    Number(i64),
    /// Where an instruction of TinyRAM begins; that after the last one is the end of the program.
    Entry(usize),
    /// A place in what an instruction is made of.
    Place(usize),
    Cell(Cell),
    /// An entry of the table of powers of two.
    Power(u64),
    /// The table of entries.
    Entries,
}

use Argument::{Entries, Entry, Number, Place, Power};

/// The powers of two in a program's table: from 2^0 to that of as many bits as a product has above the lowest ones.
const POWERS: u64 = 33;

/// What a program becomes. It is gone through twice: first to find out where everything stands, then to write it, for what would be kept
/// in between is as large as the program.
pub(super) struct Lowering<'t, F> {
    pub text: &'t Source,
    /// The number of instructions so far.
    length: usize,
    /// What is written; nothing the first time.
    written: Option<Written<F>>,
    /// The line of what is written.
    pub line: usize,
    /// Where each instruction of the text begins, and where the program ends.
    entries: Vec<usize>,
    /// Where places are.
    places: Vec<usize>,
    /// The number of places so far.
    named: usize,
    /// Whether powers of two are looked up.
    powers: bool,
    /// Whether a jump goes to where a register says.
    jumps_to_register: bool,
    pub reads: [bool; 2],
}

struct Written<F> {
    instructions: Vec<Instruction<F>>,
    /// The line of each.
    lines: Vec<u32>,
    messages: Vec<(usize, String)>,
    /// The number of instructions before the tables.
    end: usize,
}

impl<'t, F: Word> Lowering<'t, F> {
    /// Of a program that reads these tapes.
    pub fn new(text: &'t Source, reads: [bool; 2]) -> Self {
        Lowering {
            text,
            length: 0,
            written: None,
            line: 1,
            entries: Vec::with_capacity(text.instructions.len() + 1),
            places: vec![],
            named: 0,
            powers: false,
            jumps_to_register: false,
            reads,
        }
    }

    /// From here on what is made is written.
    pub fn write(&mut self) {
        let end = self.length;
        let all = end + self.table_of_powers() as usize + self.table_of_entries().len();
        self.written = Some(Written {
            instructions: Vec::with_capacity(all),
            lines: Vec::with_capacity(all),
            messages: vec![],
            end,
        });
        (self.length, self.named, self.line) = (0, 0, 1);
    }

    pub fn emit(&mut self, opcode: Opcode, argument: Argument) {
        self.powers |= matches!(argument, Power(_));
        self.jumps_to_register |= matches!(argument, Entries);
        self.length += 1;
        let Some(end) = self.written.as_ref().map(|own| own.end) else {
            return;
        };
        let instruction = Instruction::new(opcode, self.word(argument, end));
        // A text has fewer lines than bytes, and no reader takes more of those.
        let line = u32::try_from(self.line).unwrap_or(u32::MAX);
        if let Some(written) = &mut self.written {
            written.instructions.push(instruction);
            written.lines.push(line);
        }
    }

    pub fn plain(&mut self, opcodes: &[Opcode]) {
        for opcode in opcodes {
            self.emit(*opcode, Number(0));
        }
    }

    /// The last instruction's message.
    pub fn message(&mut self, message: &str) {
        if let Some(written) = &mut self.written {
            written.messages.push((self.length - 1, message.into()));
        }
    }

    /// The next instruction of the text begins here.
    pub fn entry(&mut self) {
        if self.written.is_none() {
            self.entries.push(self.length);
        }
    }

    /// A place that is not known yet.
    pub fn ahead(&mut self) -> usize {
        self.named += 1;
        if self.written.is_none() {
            self.places.push(0);
        }
        self.named - 1
    }

    /// The place is here.
    pub fn here(&mut self, place: usize) {
        self.places[place] = self.length;
    }

    fn table_of_powers(&self) -> u64 {
        if self.powers { POWERS } else { 0 }
    }

    fn table_of_entries(&self) -> &[usize] {
        match self.jumps_to_register {
            true => &self.entries[..self.text.instructions.len()],
            false => &[],
        }
    }

    /// The word that an argument is, in a program whose tables begin after so many instructions.
    fn word(&self, argument: Argument, end: usize) -> F {
        let first_power = end as u64;
        let first_entry = first_power + self.table_of_powers();
        let cells = || first_entry + self.table_of_entries().len() as u64;
        let registers = self.text.registers;
        let cell = |cell: Cell| match cell {
            Cell::Register(number) => number,
            Cell::Flag => registers,
            Cell::Scratch => registers + 1,
            Cell::Left(tape) => registers + 2 + tape,
            Cell::Memory(word) => registers + 4 + word,
        };
        match argument {
            Number(number) if number < 0 => F::zero() - F::constant(number.unsigned_abs()),
            Number(number) => F::constant(number.unsigned_abs()),
            Entry(number) => F::constant(self.entries[number] as u64),
            Place(place) => F::constant(self.places[place] as u64),
            Argument::Cell(own) => F::constant(cells() + cell(own)),
            Power(number) => F::constant(first_power + number),
            Entries => F::constant(first_entry),
        }
    }

    /// The program: what was written, the tables that it uses, and then the cells of what it computes with.
    pub fn finish(mut self) -> TinyRam<F> {
        let powers = (0..self.table_of_powers()).map(|places| 1 << places);
        let entries = self.table_of_entries().iter().map(|own| *own as u64);
        let tables: Vec<u64> = powers.chain(entries).collect();
        let mut labels = self.text.labels.clone();
        for label in &mut labels {
            label.address = self.entries[label.address];
        }
        let written = self.written.take();
        let (mut instructions, mut lines, messages) = match written {
            Some(own) => (own.instructions, own.lines, own.messages),
            None => (vec![], vec![], vec![]),
        };
        let tables = tables.into_iter().map(F::constant).map(Instruction::data);
        instructions.extend(tables);
        lines.resize(instructions.len(), 1);
        TinyRam {
            program: Program::from(instructions),
            symbols: Symbols {
                labels,
                lines,
                messages,
            },
            reads: self.reads,
        }
    }
}
