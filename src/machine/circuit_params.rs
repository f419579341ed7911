//! [`CircuitParams`]: what the keys of a stand-alone circuit depend on.

use super::{MachineParams, Shape};
use crate::algebra::Word;
use crate::isa::{InstructionSet, Opcode};
use crate::vm::Trace;

/// How a circuit binds its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Binding {
    /// In instance columns that the gates read directly.
    #[default]
    Public,
    /// In advice columns, each cell of which is copied. The stand-alone circuit copies them from its
    /// instance columns, an outer circuit from wherever it likes.
    Cells,
    /// In fixed columns: the key is one of this program.
    Fixed,
}

impl Binding {
    /// The binding's name.
    pub const fn name(self) -> &'static str {
        match self {
            Binding::Public => "public",
            Binding::Cells => "cells",
            Binding::Fixed => "fixed",
        }
    }

    /// All bindings.
    pub const ALL: [Binding; 3] = [Binding::Public, Binding::Cells, Binding::Fixed];

    /// The binding with this name.
    pub fn from_name(name: &str) -> Option<Binding> {
        Binding::ALL.into_iter().find(|own| own.name() == name)
    }

    /// The set that keys and files name for a machine whose program is bound so.
    ///
    /// A machine whose key holds a straight line unwinds the stack by the flag of `pop`, and so is the same whether
    /// its set has `pop` or not: by name it has.
    pub fn canonical_set(self, set: InstructionSet) -> InstructionSet {
        match self.shape(set).straight {
            true => set.and(&[Opcode::Pop]),
            false => set,
        }
    }

    /// The shape of a machine whose program is bound so.
    pub fn shape(self, set: InstructionSet) -> Shape {
        match self {
            Binding::Public | Binding::Cells => set.into(),
            Binding::Fixed => Shape::fixed(set),
        }
    }
}

/// What a circuit's keys depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CircuitParams {
    k: u32,
    set: InstructionSet,
    binding: Binding,
}

/// There is no circuit of this size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// `k` is out of range.
    #[error("k = {k} is out of range: it must be at least {MIN_K} and at most {MAX_K}")]
    K {
        /// The logarithm of the number of rows.
        k: u32,
    },
    /// The circuit has no room for the table of limbs.
    #[error(
        "k = {k} is too small for the instruction set, whose table needs {table} rows: k must be at least {least}"
    )]
    Table {
        /// The logarithm of the number of rows.
        k: u32,
        /// The rows of the smallest table.
        table: usize,
        /// The smallest `k` of a circuit of the set.
        least: u32,
    },
    /// No circuit has so many rows.
    #[error(
        "the run needs {rows} rows, its unwinding, its memory and its hashes included; the largest circuit (k = {MAX_K}) has {}",
        machine_rows(MAX_K)
    )]
    Rows {
        /// The number of rows that the run needs.
        rows: usize,
    },
}

/// The smallest `k`.
pub const MIN_K: u32 = 4;
/// The largest `k`: what proving it takes is far beyond one machine's memory.
pub const MAX_K: u32 = 24;

/// The rows of a circuit that are not steps: six that blind, and the final state.
const RESERVED_ROWS: usize = 7;

const fn machine_rows(k: u32) -> usize {
    (1 << k) - RESERVED_ROWS
}

impl CircuitParams {
    /// A circuit of `2^k` rows.
    ///
    /// # Errors
    ///
    /// [`SizeError::K`] if `k` is not between [`MIN_K`] and [`MAX_K`], [`SizeError::Table`] if it is less than
    /// [`least_k`](Self::least_k).
    pub fn new(k: u32, set: InstructionSet, binding: Binding) -> Result<Self, SizeError> {
        if !(MIN_K..=MAX_K).contains(&k) {
            return Err(SizeError::K { k });
        }
        let least = Self::least_k(set);
        if k < least {
            let table = Shape::least_table_rows(set);
            return Err(SizeError::Table { k, table, least });
        }
        Ok(CircuitParams { k, set, binding })
    }

    /// The smallest circuit with room for a run.
    ///
    /// # Errors
    ///
    /// [`SizeError::Rows`] if there is none.
    pub fn for_trace<F: Word>(trace: &Trace<F>, binding: Binding) -> Result<Self, SizeError> {
        let set = trace.set();
        // Those too that are not executed; the end of a program with control flow needs a row too.
        let seen = trace.program().canonical_len(binding.shape(set));
        let listed = seen + usize::from(set.has_control());
        Self::for_steps(trace.machine_rows().max(listed), set, binding)
    }

    /// The smallest circuit with room for `steps` steps, those that unwind the stack included.
    ///
    /// # Errors
    ///
    /// [`SizeError::Rows`] if there is none.
    pub fn for_steps(
        steps: usize,
        set: InstructionSet,
        binding: Binding,
    ) -> Result<Self, SizeError> {
        let k = (Self::least_k(set)..=MAX_K)
            .find(|k| machine_rows(*k) >= steps)
            .ok_or(SizeError::Rows { rows: steps })?;
        Ok(CircuitParams { k, set, binding })
    }

    /// The smallest `k` of a circuit of a set: some have a table for which there must be room.
    pub fn least_k(set: InstructionSet) -> u32 {
        let table = Shape::least_table_rows(set);
        let mut sizes = MIN_K..MAX_K;
        sizes.find(|k| machine_rows(*k) >= table).unwrap_or(MAX_K)
    }

    /// The logarithm of the number of rows of the circuit.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// The number of steps of the machine: all that the circuit has room for.
    pub fn rows(&self) -> usize {
        machine_rows(self.k)
    }

    /// The instruction set.
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// How the program is bound.
    pub fn binding(&self) -> Binding {
        self.binding
    }

    /// The most instructions of a program.
    pub fn program_rows(&self) -> usize {
        self.machine().program_rows()
    }

    /// The most words of a public tape.
    pub fn tape_rows(&self) -> usize {
        self.machine().tape_rows()
    }

    /// The size of the machine.
    pub fn machine(&self) -> MachineParams {
        MachineParams {
            rows: self.rows(),
            set: self.set,
        }
    }

    /// The shape of the machine.
    pub fn shape(&self) -> Shape {
        self.binding.shape(self.set).of_rows(self.rows())
    }

    /// The circuit by the one name that its key goes by: with [`Binding::canonical_set`].
    pub fn canonical(self) -> Self {
        let set = self.binding.canonical_set(self.set);
        CircuitParams { set, ..self }
    }
}

impl Default for CircuitParams {
    fn default() -> Self {
        CircuitParams {
            k: MIN_K,
            set: InstructionSet::default(),
            binding: Binding::default(),
        }
    }
}
