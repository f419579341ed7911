//! [`CircuitLayout`]: what the chip has to know of the circuit around it.

use ff::PrimeField;
use halo2_proofs::circuit;
use halo2_proofs::plonk::{Any, Column, ConstraintSystem};

use super::ChipError;

/// What the chip has to know of the circuit around it: its usable rows, and the columns that have equality enabled.
///
/// Make it last in `configure`, for it depends on every column and gate of the circuit.
#[derive(Clone, Debug)]
pub struct CircuitLayout {
    usable_rows: usize,
    equality: Vec<Column<Any>>,
}

impl CircuitLayout {
    /// The layout of a circuit of `2^k` rows, all of whose columns and gates are configured.
    ///
    /// `k` is the one of the parameters with which keys are made and proofs created: with a larger one the chip would
    /// assign rows that the circuit has not, on which the fork panics.
    pub fn of<F: PrimeField>(k: u32, meta: &ConstraintSystem<F>) -> Self {
        let rows = 1usize.checked_shl(k).unwrap_or(usize::MAX);
        CircuitLayout {
            usable_rows: rows.saturating_sub(meta.blinding_factors() + 1),
            equality: meta.permutation().get_columns(),
        }
    }

    /// The number of rows that may be assigned: `2^k` less those that blind.
    pub fn usable_rows(&self) -> usize {
        self.usable_rows
    }

    /// That a cell can be copied.
    pub(super) fn check_equality(&self, cell: circuit::Cell) -> Result<(), ChipError> {
        match self.equality.contains(&cell.column) {
            true => Ok(()),
            false => Err(ChipError::NoEquality {
                column: cell.column,
                row: cell.row_offset,
            }),
        }
    }
}
