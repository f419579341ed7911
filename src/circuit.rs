//! [`StackVmCircuit`]: the machine alone in a circuit, and what its verifier is told.

use std::sync::Arc;

use ff::PrimeField;
use halo2_proofs::circuit::{Cell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Any, Circuit, Column, ConstraintSystem, Error, Instance};

use crate::algebra::Word;
use crate::chip::{
    InstructionCells, MachineParams, OutputColumn, ProgramColumns, StackVmChip, StackVmConfig,
    WordCell, usable_rows,
};
use crate::isa::{InstructionSet, Opcode};
use crate::program::Program;
use crate::vm::Trace;
use crate::witness::{Witness, WitnessError};

/// How a circuit binds its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Binding {
    /// In instance columns that the gates read directly.
    #[default]
    Public,
    /// In advice columns, each cell of which is copied. [`StackVmCircuit`] copies them from its
    /// instance columns, an outer circuit from wherever it likes.
    Cells,
}

impl Binding {
    /// The binding's name.
    pub const fn name(self) -> &'static str {
        match self {
            Binding::Public => "public",
            Binding::Cells => "cells",
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
    /// No circuit has so many rows.
    #[error(
        "the run needs {rows} rows, its unwinding included; the largest circuit (k = {MAX_K}) has {}",
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
    /// [`SizeError::K`] if `k` is not between [`MIN_K`] and [`MAX_K`].
    pub fn new(k: u32, set: InstructionSet, binding: Binding) -> Result<Self, SizeError> {
        if !(MIN_K..=MAX_K).contains(&k) {
            return Err(SizeError::K { k });
        }
        Ok(CircuitParams { k, set, binding })
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
        let k = (MIN_K..=MAX_K)
            .find(|k| machine_rows(*k) >= steps)
            .ok_or(SizeError::Rows { rows: steps })?;
        Ok(CircuitParams { k, set, binding })
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

/// What a proof proves: that this program, run to its end, gives this output.
///
/// A run of only some steps is the run of the program cut after them ([`Program::cut`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<F> {
    /// The program.
    pub program: Program<F>,
    /// The word at the bottom of the stack after it, or 0.
    pub output: F,
}

impl<F: Word> Statement<F> {
    /// What a trace proves.
    pub fn of(trace: &Trace<F>) -> Self {
        Statement {
            program: trace.program().clone(),
            output: trace.outcome().output,
        }
    }

    /// The instance columns: the encoded opcodes; the output and the arguments. `None` if an opcode
    /// can't be encoded.
    ///
    /// They are as long as the program, not as the circuit: halo2 pads them with zeros, and zero is
    /// `halt`.
    pub fn instances(&self) -> Option<Vec<Vec<F>>> {
        let instructions = self.program.instructions();
        let opcodes = instructions
            .iter()
            .map(|instruction| instruction.opcode.checked_add(1).map(F::constant))
            .collect::<Option<_>>()?;
        let arguments = instructions.iter().map(|instruction| instruction.argument);
        Some(vec![
            opcodes,
            std::iter::once(self.output).chain(arguments).collect(),
        ])
    }
}

/// The columns of a [`StackVmCircuit`].
#[derive(Clone, Debug)]
pub struct CircuitConfig {
    vm: StackVmConfig,
    usable_rows: usize,
    opcode: Column<Instance>,
    argument: Column<Instance>,
}

impl CircuitConfig {
    /// The machine's columns.
    pub fn machine(&self) -> &StackVmConfig {
        &self.vm
    }
}

/// A machine alone in a circuit.
///
/// Its keys depend on [`CircuitParams`] alone.
#[derive(Clone, Debug)]
pub struct StackVmCircuit<F: PrimeField> {
    params: CircuitParams,
    program: Value<Program<F>>,
    witness: Value<Arc<Witness<F>>>,
}

impl<F: PrimeField + Word> StackVmCircuit<F> {
    /// The circuit without a witness, for key generation.
    pub fn empty(params: CircuitParams) -> Self {
        StackVmCircuit {
            params,
            program: Value::unknown(),
            witness: Value::unknown(),
        }
    }

    /// The circuit with a run as its witness.
    ///
    /// # Errors
    ///
    /// If the run is longer than the machine, or one of another instruction set.
    pub fn new(params: CircuitParams, trace: &Trace<F>) -> Result<Self, WitnessError> {
        if trace.set() != params.set {
            return Err(WitnessError::WrongSet {
                run: trace.set(),
                circuit: params.set,
            });
        }
        let witness = Witness::new(trace, params.rows())?;
        Ok(Self::with_witness(params, trace.program().clone(), witness))
    }

    /// The circuit with this witness, be it honest or not.
    pub fn with_witness(params: CircuitParams, program: Program<F>, witness: Witness<F>) -> Self {
        StackVmCircuit {
            params,
            program: Value::known(program),
            witness: Value::known(Arc::new(witness)),
        }
    }

    /// Checks every constraint of the machine on every row, without halo2.
    ///
    /// # Errors
    ///
    /// [`WitnessError::Unsatisfied`] with the first constraint that does not hold.
    pub fn check(&self, statement: &Statement<F>) -> Result<(), WitnessError> {
        let mut result = Ok(());
        self.witness
            .as_ref()
            .map(|witness| result = witness.check(&statement.program, statement.output));
        result
    }

    /// The program cells of the binding by cells: one for every step, copied from the instance
    /// columns, so that the keys do not depend on the program's length.
    fn program_cells(&self, config: &CircuitConfig) -> Vec<InstructionCells<F>> {
        let word = |column: Column<Instance>, row: usize, value: Value<F>| WordCell {
            cell: Cell {
                row_offset: row,
                column: Column::<Any>::from(column),
            },
            value,
        };
        (0..self.params.rows())
            .map(|row| {
                let instruction = self
                    .program
                    .as_ref()
                    .map(|program| program.instructions().get(row).copied());
                let opcode = instruction.map(|own| {
                    own.map_or(F::from(Opcode::Halt.encoded()), |own| {
                        F::from(own.opcode) + F::ONE
                    })
                });
                let argument = instruction.map(|own| own.map_or(F::ZERO, |own| own.argument));
                InstructionCells {
                    opcode: word(config.opcode, row, opcode),
                    argument: word(config.argument, row + 1, argument),
                }
            })
            .collect()
    }
}

impl<F: PrimeField + Word> Circuit<F> for StackVmCircuit<F> {
    type Config = CircuitConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = CircuitParams;

    fn without_witnesses(&self) -> Self {
        Self::empty(self.params)
    }

    fn params(&self) -> CircuitParams {
        self.params
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<F>,
        params: CircuitParams,
    ) -> CircuitConfig {
        let opcode = meta.instance_column();
        let argument = meta.instance_column();
        let program = match params.binding {
            Binding::Public => ProgramColumns::Public { opcode, argument },
            Binding::Cells => {
                meta.enable_equality(opcode);
                meta.enable_equality(argument);
                ProgramColumns::cells(meta)
            }
        };
        let machine = MachineParams {
            rows: params.rows(),
            set: params.set,
        };
        let output = OutputColumn::Instance(argument);
        let vm = StackVmConfig::configure(meta, machine, program, output);
        CircuitConfig {
            vm,
            usable_rows: usable_rows(params.k, meta),
            opcode,
            argument,
        }
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> CircuitConfig {
        Self::configure_with_params(meta, CircuitParams::default())
    }

    fn synthesize(
        &self,
        config: CircuitConfig,
        mut layouter: impl Layouter<F>,
    ) -> Result<(), Error> {
        let cells = match self.params.binding {
            Binding::Public => None,
            Binding::Cells => Some(self.program_cells(&config)),
        };
        let chip = StackVmChip::new(config.vm, config.usable_rows);
        let witness = self.witness.as_ref().map(Arc::as_ref);
        layouter.assign_region(
            || "stack machine",
            |mut region| {
                chip.assign(&mut region, 0, cells.as_deref(), witness)?;
                Ok(())
            },
        )
    }
}
