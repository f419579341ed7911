//! [`StackVmCircuit`]: the machine alone in a circuit.

use std::sync::Arc;

use ff::PrimeField;
use halo2_proofs::circuit::{Cell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Any, Circuit, Column, ConstraintSystem, Error, Instance};

use super::{
    CircuitLayout, InstructionCells, MachineInput, OpcodeCell, OutputBinding, ProgramBinding,
    ProgramInput, StackVmChip, StackVmConfig, TapeBinding, WordCell,
};
use crate::algebra::Word;
use crate::machine::{Binding, CircuitParams, KeySource, Statement, Witness, WitnessError};
use crate::program::Program;
use crate::vm::Trace;

/// The columns of a [`StackVmCircuit`].
#[derive(Clone, Debug)]
pub struct CircuitConfig {
    vm: StackVmConfig,
    layout: CircuitLayout,
    /// Those of the program, if it is stated: the opcodes and the arguments.
    stated: Option<[Column<Instance>; 2]>,
}

impl CircuitConfig {
    /// The machine's columns.
    pub fn machine(&self) -> &StackVmConfig {
        &self.vm
    }
}

/// A machine alone in a circuit.
///
/// Its keys depend on its [`KeySource`] alone.
#[derive(Clone, Debug)]
pub struct StackVmCircuit<F: PrimeField> {
    source: KeySource<F>,
    program: Value<Program<F>>,
    witness: Value<Arc<Witness<F>>>,
}

impl<F: PrimeField + Word> StackVmCircuit<F> {
    /// The circuit without a witness, for key generation.
    pub fn empty(source: KeySource<F>) -> Self {
        StackVmCircuit {
            source,
            program: Value::unknown(),
            witness: Value::unknown(),
        }
    }

    /// What the circuit's keys are made from.
    pub fn source(&self) -> &KeySource<F> {
        &self.source
    }

    /// The circuit with a run as its witness.
    ///
    /// # Errors
    ///
    /// If the run is longer than the machine, one of another instruction set, or of another program than the
    /// one in the key.
    pub fn new(source: KeySource<F>, trace: &Trace<F>) -> Result<Self, WitnessError> {
        let params = source.params();
        if let Some(own) = source.program()
            && *own != trace.program().canonical(params.shape())
        {
            return Err(WitnessError::WrongProgram);
        }
        let witness = Witness::of_shape(trace, params.rows(), params.shape())?;
        Ok(Self::with_witness(source, trace.program().clone(), witness))
    }

    /// The circuit with this witness, be it honest or not.
    pub fn with_witness(source: KeySource<F>, program: Program<F>, witness: Witness<F>) -> Self {
        StackVmCircuit {
            source,
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
        let Statement {
            program,
            output,
            tape,
        } = statement;
        let mut result = Ok(());
        self.witness
            .as_ref()
            .map(|witness| result = witness.check(program, *output, tape));
        result
    }

    /// The program cells of the binding by cells: one for every step, copied from the instance
    /// columns, so that the keys do not depend on the program's length.
    fn program_cells(&self, [opcode, argument]: [Column<Instance>; 2]) -> Vec<InstructionCells<F>> {
        let params = self.source.params();
        let word = |column: Column<Instance>, row: usize, value: Value<F>| WordCell {
            cell: Cell {
                row_offset: row,
                column: Column::<Any>::from(column),
            },
            value,
        };
        let stated = self.program.as_ref().map(|own| own.stated(params.set()));
        (0..params.rows())
            .map(|row| {
                let instruction = stated.as_ref().map(|own| own.get(row).copied());
                let instruction = instruction.map(|own| own.unwrap_or((F::ZERO, F::ZERO)));
                InstructionCells {
                    opcode: OpcodeCell::encoded(
                        word(opcode, row, instruction.map(|own| own.0)),
                        params.set(),
                    ),
                    argument: word(argument, row + 1, instruction.map(|own| own.1)),
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
        Self::empty(self.source.clone())
    }

    fn params(&self) -> CircuitParams {
        self.source.params()
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<F>,
        params: CircuitParams,
    ) -> CircuitConfig {
        let stated =
            (params.binding() != Binding::Fixed).then(|| [(); 2].map(|()| meta.instance_column()));
        let (program, output) = match stated {
            None => (ProgramBinding::Fixed, meta.instance_column()),
            Some([opcode, argument]) if params.binding() == Binding::Public => {
                (ProgramBinding::Public { opcode, argument }, argument)
            }
            Some([opcode, argument]) => {
                meta.enable_equality(opcode);
                meta.enable_equality(argument);
                (ProgramBinding::Cells, argument)
            }
        };
        let machine = params.machine();
        let output = OutputBinding::Instance(output);
        let tape = match params.set().has_tape() {
            true => TapeBinding::Instance(meta.instance_column()),
            // There is none.
            false => TapeBinding::default(),
        };
        let vm = StackVmConfig::configure(meta, machine, program, output, tape);
        CircuitConfig {
            vm,
            layout: CircuitLayout::of(params.k(), meta),
            stated,
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
        let cells = match (self.source.params().binding(), config.stated) {
            (Binding::Cells, Some(stated)) => self.program_cells(stated),
            _ => vec![],
        };
        let program = match (self.source.program(), self.source.params().binding()) {
            (Some(program), _) => ProgramInput::Fixed(program),
            (None, Binding::Cells) => ProgramInput::Listing(&cells),
            (None, _) => ProgramInput::Public,
        };
        let chip = StackVmChip::new(config.vm, config.layout);
        let witness = self.witness.as_ref().map(Arc::as_ref);
        layouter.assign_region(
            || "stack machine",
            |mut region| {
                chip.assign(&mut region, 0, MachineInput::from(program), witness)?;
                Ok(())
            },
        )
    }
}
