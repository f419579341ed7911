//! Where what a machine is bound to stands: its program, its output and its public tape.

use halo2_proofs::plonk::{Column, Instance};

use crate::isa::InstructionSet;
use crate::machine::Shape;

/// Where a machine's program stands.
///
/// Columns of cells and fixed columns are the configuration's own: it allocates as many as the instruction set asks
/// for, and no two configurations share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramBinding {
    /// The verifier states it: in instance columns that the gates read directly, on the machine's own
    /// rows. Instruction i of a machine at offset o stands in `opcode` on row o + i and in `argument`
    /// on row o + i + 1.
    ///
    /// The machine reads no further than its own rows: whoever makes the columns makes sure that there is
    /// room for the program, as [`MachineParams::program_columns`](crate::machine::MachineParams::program_columns)
    /// does.
    Public {
        /// Encoded opcodes.
        opcode: Column<Instance>,
        /// Arguments.
        argument: Column<Instance>,
    },
    /// The outer circuit binds it: in two advice columns of the first phase into which the chip copies the outer
    /// circuit's cells.
    Cells,
    /// The key holds it: in fixed columns.
    Fixed,
}

impl ProgramBinding {
    /// The shape of a machine with such a program.
    pub fn shape(self, set: InstructionSet) -> Shape {
        match self {
            ProgramBinding::Public { .. } | ProgramBinding::Cells => set.into(),
            ProgramBinding::Fixed => Shape::fixed(set),
        }
    }
}

/// Where a machine's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputBinding {
    /// To this instance column, on the machine's first row; without a permutation argument. It may be
    /// the column of the arguments, which leaves that row free.
    Instance(Column<Instance>),
    /// Back to the caller, as an assigned cell that it can copy.
    Cell,
}

/// Where the public tape stands, if the instruction set has one: the words that are read and written, in order, and
/// a 1 after the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TapeBinding {
    /// The verifier states it: in an instance column that the gates read directly, on the machine's own
    /// rows. Word i of a machine at offset o stands on row o + i, and the 1 after the last word.
    ///
    /// The machine reads no further than its own rows: whoever makes the column makes sure that there is
    /// room for the tape, as [`MachineParams::tape_column`](crate::machine::MachineParams::tape_column) does.
    Instance(Column<Instance>),
    /// The outer circuit binds it: in an advice column of the first phase into which the chip copies the outer
    /// circuit's cells.
    #[default]
    Cells,
}
