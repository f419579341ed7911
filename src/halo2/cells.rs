//! The cells that a chip and an outer circuit hand each other.

use std::fmt;

use ff::PrimeField;
use halo2_proofs::circuit::{self, AssignedCell, Region, Value};
use halo2_proofs::plonk::{Advice, Assigned, Column, Fixed};

use crate::algebra::Word;
use crate::isa::{InstructionSet, Opcode};
use crate::program::Program;

/// A cell of the circuit and its value: what a chip and an outer circuit hand each other.
///
/// The value is a copy. The fork's own assigned cells point into the prover's columns, and are not to
/// be kept longer than these.
///
/// Its [`Debug`](fmt::Debug) form shows no value, for the outer circuit may keep it private.
#[derive(Clone, Copy)]
pub struct WordCell<F: PrimeField> {
    /// The cell, in a column with equality enabled.
    pub cell: circuit::Cell,
    /// Its value.
    pub value: Value<F>,
}

impl<F: PrimeField> fmt::Debug for WordCell<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordCell")
            .field("cell", &self.cell)
            .finish_non_exhaustive()
    }
}

impl<F: PrimeField> WordCell<F> {
    /// A word that is part of the verifying key: assigns it to a fixed column with equality enabled.
    pub fn fixed(region: &mut Region<'_, F>, column: Column<Fixed>, row: usize, word: F) -> Self {
        WordCell {
            cell: region.assign_fixed(column, row, word),
            value: Value::known(word),
        }
    }

    /// Assigns the word to an advice cell with equality enabled, and constrains the two to be equal.
    pub fn copy_advice(
        &self,
        region: &mut Region<'_, F>,
        column: Column<Advice>,
        offset: usize,
    ) -> Self {
        let copy = region.assign_advice(column, offset, self.value);
        region.constrain_equal(copy.cell(), self.cell);
        WordCell::from(&copy)
    }
}

impl<F: PrimeField> From<&AssignedCell<&Assigned<F>, F>> for WordCell<F> {
    fn from(assigned: &AssignedCell<&Assigned<F>, F>) -> Self {
        WordCell {
            cell: assigned.cell(),
            value: assigned.value().map(|value| value.evaluate()),
        }
    }
}

impl<F: PrimeField> From<&AssignedCell<F, F>> for WordCell<F> {
    fn from(assigned: &AssignedCell<F, F>) -> Self {
        WordCell {
            cell: assigned.cell(),
            value: assigned.value().copied(),
        }
    }
}

/// A cell that holds an opcode, and for which kind of instruction set it is encoded.
#[derive(Clone, Copy, Debug)]
pub struct OpcodeCell<F: PrimeField> {
    word: WordCell<F>,
    set: InstructionSet,
}

impl<F: PrimeField> OpcodeCell<F> {
    /// An opcode that is part of the verifying key, for a machine with this instruction set: assigns it, encoded, to a
    /// fixed column with equality enabled.
    pub fn fixed(
        region: &mut Region<'_, F>,
        column: Column<Fixed>,
        row: usize,
        set: InstructionSet,
        opcode: Opcode,
    ) -> Self {
        let encoded = F::from(set.stated(opcode));
        Self::encoded(WordCell::fixed(region, column, row, encoded), set)
    }

    /// A cell that holds an opcode as [`InstructionSet::stated`] encodes it for this set.
    ///
    /// Sets with control flow have another encoding than sets without: a machine refuses the cells of the other kind.
    pub fn encoded(word: WordCell<F>, set: InstructionSet) -> Self {
        OpcodeCell { word, set }
    }

    /// The cell.
    pub fn word(&self) -> &WordCell<F> {
        &self.word
    }

    /// The instruction set for which the opcode is encoded.
    pub fn set(&self) -> InstructionSet {
        self.set
    }
}

/// An instruction that the outer circuit hands over as two cells.
///
/// Where the set has a memory, both are bound whatever the instruction is: the memory's cell with the address of an instruction holds its argument
/// at first.
#[derive(Clone, Copy, Debug)]
pub struct InstructionCells<F: PrimeField> {
    /// The opcode.
    pub opcode: OpcodeCell<F>,
    /// The argument.
    pub argument: WordCell<F>,
}

impl<F: PrimeField> InstructionCells<F> {
    /// A program that is part of the verifying key, such as one of the assembler's, for a machine with this instruction set:
    /// assigns its opcodes, encoded, and its arguments to two fixed columns with equality enabled, from the region's first row
    /// on. Another cell of the circuit can then be put in an argument's place.
    ///
    /// Without control flow, what follows the first `halt` is never executed, and is left out. There is no proof of a run that comes
    /// to an instruction which the set lacks.
    pub fn fixed(
        region: &mut Region<'_, F>,
        [opcodes, arguments]: [Column<Fixed>; 2],
        set: InstructionSet,
        program: &Program<F>,
    ) -> Vec<Self>
    where
        F: Word,
    {
        // The chip says where the program ends.
        let stated = program.stated(set).into_iter().take(program.len());
        stated
            .enumerate()
            .map(|(row, (opcode, argument))| InstructionCells {
                opcode: OpcodeCell::encoded(WordCell::fixed(region, opcodes, row, opcode), set),
                argument: WordCell::fixed(region, arguments, row, argument),
            })
            .collect()
    }
}

/// What an outer circuit says that a machine executes.
#[derive(Clone, Copy, Debug)]
pub enum ProgramInput<'a, F: PrimeField> {
    /// What the instance columns state.
    Public,
    /// The outer circuit's cells: as many instructions as it likes up to the machine's rows. The chip
    /// constrains what follows them: without control flow that is `halt`; with control flow it is one `halt`,
    /// and then nothing that could be executed.
    Cells(&'a [InstructionCells<F>]),
    /// The outer circuit's cells, one instruction for each of the machine's steps: what follows the program
    /// included, and stated as [`Program::stated`] does.
    Listing(&'a [InstructionCells<F>]),
    /// A program for the key.
    Fixed(&'a Program<F>),
}

/// What an outer circuit binds a machine to.
#[derive(Clone, Copy, Debug)]
pub struct MachineInput<'a, F: PrimeField> {
    /// The program.
    pub program: ProgramInput<'a, F>,
    /// The words of the public tape, where it is one of cells: all that is read and written, in order.
    pub tape: &'a [WordCell<F>],
}

impl<'a, F: PrimeField> From<ProgramInput<'a, F>> for MachineInput<'a, F> {
    /// A program without a tape, or with one that the verifier states.
    fn from(program: ProgramInput<'a, F>) -> Self {
        MachineInput { program, tape: &[] }
    }
}
