//! [`StackVmInstructions`]: what a circuit can ask of a stack machine.

use ff::PrimeField;
use halo2_proofs::circuit::{Chip, Layouter, Value};
use halo2_proofs::plonk::Error;

use super::{ChipError, InstructionCells, MachineInput, ProgramInput, StackVmChip, WordCell};
use crate::algebra::Word;
use crate::isa::{InstructionSet, Opcode};
use crate::machine::{MachineParams, Witness};
use crate::program::{Instruction, Program};
use crate::vm::{Inputs, Job};

/// What a circuit can ask of a stack machine.
pub trait StackVmInstructions<F: PrimeField>: Chip<F> {
    /// Runs a program of cells in a machine at row `offset` and returns its output.
    ///
    /// The program is traced in each of the prover's passes, which takes a hundredth of the proof's
    /// time; [`StackVmChip::assign`] takes a witness made once.
    ///
    /// ```
    #[doc = include_str!("doctest/before.txt")]
    /// // `cells` is the program: push x, push x, mul.
    /// let output = vm.run(layouter.namespace(|| "machine"), 0, &cells)?;
    #[doc = include_str!("doctest/after.txt")]
    /// ```
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        program: &[InstructionCells<F>],
    ) -> Result<WordCell<F>, Error> {
        let program = ProgramInput::Cells(program);
        self.run_with(layouter, offset, program.into(), Value::known(&[]))
    }

    /// The same of a program of cells or of the key, with a public tape, all of whose words the outer circuit has as
    /// cells, those that are read and those that are written; and with the words of the private one.
    ///
    /// ```
    #[doc = include_str!("doctest/before.txt")]
    /// let input = MachineInput::from(ProgramInput::Cells(&cells));
    /// let secrets = Value::known(&[][..]);
    /// let output = vm.run_with(layouter.namespace(|| "machine"), 0, input, secrets)?;
    #[doc = include_str!("doctest/after.txt")]
    /// ```
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run_with(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        input: MachineInput<'_, F>,
        secrets: Value<&[F]>,
    ) -> Result<WordCell<F>, Error>;

    /// Runs a program in a machine at row `offset`, of which a witness was made, and returns its output.
    ///
    /// ```
    #[doc = include_str!("doctest/before.txt")]
    /// let input = MachineInput::from(ProgramInput::Cells(&cells));
    /// // Made once, outside of `synthesize`, which the prover calls twice.
    /// let program = asm::assemble(&format!("push {x}\npush {x}\nmul"))?;
    /// let trace = Trace::new(&program, None, InstructionSet::SEED)?;
    /// let witness = Witness::new(&trace, config.vm.params().rows)?;
    /// let machine = layouter.namespace(|| "machine");
    /// let output = vm.run_witness(machine, 0, input, Value::known(&witness))?;
    #[doc = include_str!("doctest/after.txt")]
    /// ```
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run_witness(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        input: MachineInput<'_, F>,
        witness: Value<&Witness<F>>,
    ) -> Result<WordCell<F>, Error>;
}

/// The program that cells hold: the instructions before the first `halt`, or with control flow all of them.
///
/// # Errors
///
/// If an opcode cell holds no opcode, or without control flow an instruction follows a `halt`.
fn decode<F: Word>(cells: &[(F, F)], set: InstructionSet) -> Result<Program<F>, ChipError> {
    let mut program = vec![];
    let mut halted = false;
    for (instruction, (opcode, argument)) in cells.iter().enumerate() {
        let stated = opcode
            .to_u64()
            .ok_or(ChipError::NotAnOpcode { instruction })?;
        let halt = set.stated(Opcode::Halt);
        let Some(past_halt) = stated.checked_sub(halt) else {
            // With control flow, 0 is what no row executes.
            return Err(ChipError::NotAnOpcode { instruction });
        };
        match past_halt.checked_sub(1) {
            None if set.has_control() => program.push(Instruction::new(Opcode::Halt, *argument)),
            None => halted = true,
            Some(_) if halted => return Err(ChipError::AfterHalt { instruction }),
            // `halt` is encoded in one way only.
            Some(code) if code == Opcode::Halt.code() => {
                return Err(ChipError::NotAnOpcode { instruction });
            }
            Some(code) => program.push(Instruction {
                opcode: code,
                argument: *argument,
            }),
        }
    }
    Ok(Program::from(program))
}

impl<F: PrimeField + Word> StackVmInstructions<F> for StackVmChip {
    fn run_with(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        input: MachineInput<'_, F>,
        secrets: Value<&[F]>,
    ) -> Result<WordCell<F>, Error> {
        // Said before the program is run, so that keys and proofs fail alike.
        self.check_input(input.program, input.tape)?;
        let MachineParams { rows, set } = self.machine();
        let shape = self.shape();
        let program: Value<Result<Program<F>, ChipError>> = match input.program {
            ProgramInput::Cells(cells) => {
                let values: Value<Vec<_>> = cells
                    .iter()
                    .map(|cells| cells.opcode.word().value.zip(cells.argument.value))
                    .collect();
                values.map(|values| decode(&values, set))
            }
            ProgramInput::Fixed(program) => Value::known(Ok(program.clone())),
            // Which one it is does not stand there; `run_witness` takes its run.
            ProgramInput::Public | ProgramInput::Listing(_) => {
                let stated = "program is one that is stated: make a witness of its run";
                return Err(ChipError::WrongBinding(stated).into());
            }
        };
        let words: Value<Vec<F>> = input.tape.iter().map(|cell| cell.value).collect();
        let mut failure = None;
        let witness = program
            .zip(words)
            .zip(secrets)
            .map(|((program, words), secrets)| {
                let witness = program.and_then(|program| {
                    let inputs = Inputs {
                        public: words,
                        secret: secrets.to_vec(),
                    };
                    let job = Job::new(&program, set, &inputs).whole_tape();
                    Ok(Witness::of_shape(&job.trace()?, rows, shape)?)
                });
                witness.map_err(|error| failure = Some(error)).ok()
            });
        if let Some(error) = failure {
            return Err(error.into());
        }
        // Without a failure there is a witness wherever the program is known.
        let witness = witness.and_then(|witness| witness.map_or(Value::unknown(), Value::known));
        self.run_witness(layouter, offset, input, witness.as_ref())
    }

    fn run_witness(
        &self,
        mut layouter: impl Layouter<F>,
        offset: usize,
        input: MachineInput<'_, F>,
        witness: Value<&Witness<F>>,
    ) -> Result<WordCell<F>, Error> {
        layouter.assign_region(
            || "stack machine",
            |mut region| {
                let output = self.assign(&mut region, offset, input, witness)?;
                Ok(output.ok_or(ChipError::OutputIsNotACell)?)
            },
        )
    }
}
