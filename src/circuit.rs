//! [`StackVmCircuit`]: the machine alone in a circuit, and what its verifier is told.

use std::sync::Arc;

use ff::PrimeField;
use halo2_proofs::circuit::{Cell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Any, Circuit, Column, ConstraintSystem, Error, Instance};

use crate::algebra::Word;
use crate::halo2::{
    CircuitLayout, InstructionCells, MachineInput, OpcodeCell, OutputBinding, ProgramBinding,
    ProgramInput, StackVmChip, StackVmConfig, TapeBinding, WordCell,
};
use crate::isa::{InstructionSet, Opcode, Shape};
use crate::machine::{LengthError, MachineParams, Schedule, Witness, WitnessError};
use crate::program::{CanonicalProgram, NotCanonical, Program};
use crate::vm::{RunError, Trace};

/// How a circuit binds its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Binding {
    /// In instance columns that the gates read directly.
    #[default]
    Public,
    /// In advice columns, each cell of which is copied. [`StackVmCircuit`] copies them from its
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
        Self::for_steps(trace.steps().max(listed), set, binding)
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
        self.binding.shape(self.set)
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

/// What a proof proves: that this program, run to its end, gives this output and leaves this public tape.
///
/// A run of only some steps is the run of the program cut after them ([`Program::cut`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<F> {
    /// The program, as the circuit sees it.
    pub program: CanonicalProgram<F>,
    /// The word at the bottom of the stack after it, or 0.
    pub output: F,
    /// The words that the run reads and writes publicly, in order.
    pub tape: Vec<F>,
}

/// Why a statement is none of a circuit's, or none of a key's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The circuit has no room for the program or the public tape.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// The program has instructions that the circuit does not see.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The key holds another program.
    #[error("the key is one of another program, the one with digest {}", hex::encode(.key))]
    OtherProgram {
        /// The digest of the program in the key.
        key: [u8; 32],
    },
    /// The key holds no program, so that one has to be stated.
    #[error("the key holds no program, so that the statement has to have one")]
    NoProgram,
}

impl<F: Word> Statement<F> {
    /// What a trace proves where the verifier is told the program.
    pub fn of(trace: &Trace<F>) -> Self {
        Statement {
            program: trace.program().canonical(trace.set()),
            output: trace.outcome().output,
            tape: trace.outcome().tape.clone(),
        }
    }

    /// The same with what another circuit sees of the program: a key that holds a straight line sees less of its
    /// end.
    pub fn in_circuit(self, circuit: CircuitParams) -> Self {
        let program = self.program.into_canonical(circuit.shape());
        Statement { program, ..self }
    }

    /// The instance columns of a circuit: the opcodes; the output and the arguments; and, if the set has one, the
    /// public tape with a 1 after it. Where the program is fixed, only the output and the tape.
    ///
    /// They are as long as the program and the tape, not as the circuit: halo2 pads them with zeros.
    ///
    /// # Errors
    ///
    /// If the circuit has no room for the program or the tape, or does not see all of the program.
    pub fn instances(&self, circuit: CircuitParams) -> Result<Vec<Vec<F>>, StatementError> {
        instances(Some(&self.program), self.output, &self.tape, circuit)
    }
}

/// The instance columns where the program is fixed: the output and, if the set has one, the public tape.
///
/// # Errors
///
/// If the circuit has no room for the tape, or its binding is another.
pub fn outcome_instances<F: Word>(
    output: F,
    tape: &[F],
    circuit: CircuitParams,
) -> Result<Vec<Vec<F>>, StatementError> {
    instances(None, output, tape, circuit)
}

/// The instance columns of a statement; where the program is fixed, it may be left out.
pub(crate) fn instances<F: Word>(
    program: Option<&CanonicalProgram<F>>,
    output: F,
    tape: &[F],
    circuit: CircuitParams,
) -> Result<Vec<Vec<F>>, StatementError> {
    let machine = circuit.machine();
    if let Some(program) = program {
        program.check(circuit.set)?;
        machine.check_program(program.len())?;
    }
    let tape = machine.tape_column(tape)?;
    let mut columns: Vec<_> = std::iter::once(vec![output]).chain(tape).collect();
    if circuit.binding != Binding::Fixed {
        let program = program.ok_or(StatementError::NoProgram)?;
        let [opcodes, arguments] = machine.program_columns(program)?;
        columns[0].extend(arguments);
        columns.insert(0, opcodes);
    }
    Ok(columns)
}

/// Why there is no circuit with a program in its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A fixed program needs to be given, and for the other bindings none.
    #[error("a key of the binding `{}` is made {} a program", .0.name(), if *.0 == Binding::Fixed { "of" } else { "without" })]
    Program(Binding),
    /// No run of the program can be proved in this circuit.
    #[error("the program can't be fixed in a key: {0}")]
    Schedule(#[from] RunError),
    /// The circuit has no room for the program.
    #[error(transparent)]
    Length(#[from] LengthError),
}

/// What keys are made from: the parameters of a circuit and, where it is fixed, its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<F> {
    params: CircuitParams,
    program: Option<Arc<CanonicalProgram<F>>>,
}

impl<F: Word> Template<F> {
    /// The template of a circuit in whose key the program is.
    ///
    /// # Errors
    ///
    /// If the circuit's binding is another, or the program is none of which a run can be proved there.
    pub fn fixed(params: CircuitParams, program: Program<F>) -> Result<Self, TemplateError> {
        if params.binding != Binding::Fixed {
            return Err(TemplateError::Program(params.binding));
        }
        let program = program.into_canonical(params.shape());
        params.machine().check_program(program.len())?;
        if params.shape().straight {
            Schedule::new(&program, params.set, params.rows())?;
        }
        Ok(Template {
            params,
            program: Some(Arc::new(program)),
        })
    }

    /// The template of a circuit for any program.
    ///
    /// # Errors
    ///
    /// If the circuit's binding is [`Binding::Fixed`].
    pub fn unfixed(params: CircuitParams) -> Result<Self, TemplateError> {
        match params.binding {
            Binding::Fixed => Err(TemplateError::Program(Binding::Fixed)),
            Binding::Public | Binding::Cells => Ok(Template {
                params,
                program: None,
            }),
        }
    }

    /// The template for a program, which is in the key only if the binding says so.
    ///
    /// # Errors
    ///
    /// As [`Template::fixed`].
    pub fn for_program(params: CircuitParams, program: &Program<F>) -> Result<Self, TemplateError> {
        match params.binding {
            Binding::Fixed => Self::fixed(params, program.clone()),
            Binding::Public | Binding::Cells => Self::unfixed(params),
        }
    }

    /// The circuit's parameters.
    pub fn params(&self) -> CircuitParams {
        self.params
    }

    /// The program in the key.
    pub fn program(&self) -> Option<&CanonicalProgram<F>> {
        self.program.as_deref()
    }
}

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
/// Its keys depend on its [`Template`] alone.
#[derive(Clone, Debug)]
pub struct StackVmCircuit<F: PrimeField> {
    template: Template<F>,
    program: Value<Program<F>>,
    witness: Value<Arc<Witness<F>>>,
}

impl<F: PrimeField + Word> StackVmCircuit<F> {
    /// The circuit without a witness, for key generation.
    pub fn empty(template: Template<F>) -> Self {
        StackVmCircuit {
            template,
            program: Value::unknown(),
            witness: Value::unknown(),
        }
    }

    /// The circuit with a run as its witness.
    ///
    /// # Errors
    ///
    /// If the run is longer than the machine, one of another instruction set, or of another program than the
    /// one in the key.
    pub fn new(template: Template<F>, trace: &Trace<F>) -> Result<Self, WitnessError> {
        let params = template.params;
        if let Some(own) = template.program()
            && *own != trace.program().canonical(params.shape())
        {
            return Err(WitnessError::WrongProgram);
        }
        let witness = Witness::of_shape(trace, params.rows(), params.shape())?;
        Ok(Self::with_witness(
            template,
            trace.program().clone(),
            witness,
        ))
    }

    /// The circuit with this witness, be it honest or not.
    pub fn with_witness(template: Template<F>, program: Program<F>, witness: Witness<F>) -> Self {
        StackVmCircuit {
            template,
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
        let params = self.template.params;
        let word = |column: Column<Instance>, row: usize, value: Value<F>| WordCell {
            cell: Cell {
                row_offset: row,
                column: Column::<Any>::from(column),
            },
            value,
        };
        let stated = self.program.as_ref().map(|own| own.stated(params.set));
        (0..params.rows())
            .map(|row| {
                let instruction = stated.as_ref().map(|own| own.get(row).copied());
                let instruction = instruction.map(|own| own.unwrap_or((F::ZERO, F::ZERO)));
                InstructionCells {
                    opcode: OpcodeCell::encoded(
                        word(opcode, row, instruction.map(|own| own.0)),
                        params.set,
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
        Self::empty(self.template.clone())
    }

    fn params(&self) -> CircuitParams {
        self.template.params
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<F>,
        params: CircuitParams,
    ) -> CircuitConfig {
        let stated =
            (params.binding != Binding::Fixed).then(|| [(); 2].map(|()| meta.instance_column()));
        let (program, output) = match stated {
            None => (ProgramBinding::Fixed, meta.instance_column()),
            Some([opcode, argument]) if params.binding == Binding::Public => {
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
        let tape = match params.set.has_tape() {
            true => TapeBinding::Instance(meta.instance_column()),
            // There is none.
            false => TapeBinding::default(),
        };
        let vm = StackVmConfig::configure(meta, machine, program, output, tape);
        CircuitConfig {
            vm,
            layout: CircuitLayout::of(params.k, meta),
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
        let cells = match (self.template.params.binding, config.stated) {
            (Binding::Cells, Some(stated)) => self.program_cells(stated),
            _ => vec![],
        };
        let program = match (self.template.program(), self.template.params.binding) {
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
