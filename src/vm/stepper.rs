//! Runs that are made step by step.

use std::fmt;

use super::machine::{Code, Machine, any};
use super::{CallStack, Inputs, Job, Outcome, RunError};
use crate::algebra::Word;
use crate::isa::{InstructionSet, Opcode};
use crate::program::Instruction;

impl<'a, F: Word> Job<'a, F> {
    /// The run, to be made step by step.
    ///
    /// # Errors
    ///
    /// If there are fewer instructions than the steps to which the program is to be cut, or it can't be cut.
    pub fn stepper(&self) -> Result<Stepper<'a, F>, RunError> {
        let instructions = self.instructions()?;
        let code = Code::new(instructions, self.set, |word| word, any);
        Ok(Stepper {
            job: self.clone(),
            instructions,
            state: Snapshot {
                machine: Machine::new(&code, self.inputs, self),
                steps: 0,
                calls: CallStack::default(),
            },
            code,
        })
    }
}

/// A run that is made step by step, and that can be looked at in between: see [`Job::stepper`].
///
/// Its [`Debug`](fmt::Debug) form shows no word.
#[derive(Clone)]
pub struct Stepper<'a, F> {
    job: Job<'a, F>,
    instructions: &'a [Instruction<F>],
    code: Code<F>,
    state: Snapshot<'a, F>,
}

/// A state of a run, to which its [`Stepper`] can go back.
///
/// Its [`Debug`](fmt::Debug) form shows no word.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot<'a, F> {
    machine: Machine<'a, F>,
    steps: usize,
    calls: CallStack,
}

impl<F> fmt::Debug for Snapshot<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("steps", &self.steps)
            .field("pc", &self.machine.pc)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Stepper<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepper")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<F: Word> Snapshot<'_, F> {
    /// The number of steps that the run has made.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The address of the instruction that is next.
    pub fn pc(&self) -> usize {
        self.machine.pc
    }

    /// The words on the stack, from the bottom up.
    pub fn stack(&self) -> &[F] {
        self.machine.stack()
    }

    /// The public tape: what was read and written, in order.
    pub fn tape(&self) -> &[F] {
        &self.machine.tape
    }

    /// The number of words that were read from the public inputs.
    pub fn public_read(&self) -> usize {
        self.machine.read
    }

    /// The number of words that were read from the secret inputs.
    pub fn secret_read(&self) -> usize {
        self.machine.secrets
    }

    /// The address of the frame's cell 0.
    pub fn frame(&self) -> F {
        self.machine.frame
    }

    /// The cells of the memory that were accessed, by their addresses.
    pub fn memory(&self) -> impl Iterator<Item = (u32, F)> {
        let touched = self.machine.memory.touched();
        touched.map(|(address, cell)| (address, cell.word))
    }

    /// The word in a cell of the memory.
    pub fn cell(&self, address: u32) -> F {
        self.machine.memory.cell(address).word
    }

    /// The number of cells of the memory for which there is room.
    pub(super) fn memory_room(&self) -> usize {
        self.machine.memory.room()
    }

    /// The cell of the memory into which the last step put another word.
    pub(super) fn changed(&self) -> Option<u32> {
        let (address, before) = self.machine.accessed?;
        (self.cell(address) != before.word).then_some(address)
    }

    /// The calls that have not returned.
    pub fn calls(&self) -> &CallStack {
        &self.calls
    }

    /// What the run gives if it ends here.
    pub fn outcome(&self) -> Outcome<F> {
        self.machine.outcome(self.steps)
    }
}

impl<'a, F: Word> Stepper<'a, F> {
    /// The instructions that the run may execute.
    pub fn instructions(&self) -> &'a [Instruction<F>] {
        self.instructions
    }

    /// The instruction set that the run may use.
    pub fn set(&self) -> InstructionSet {
        self.job.set
    }

    /// What the run is given.
    pub fn inputs(&self) -> &'a Inputs<F> {
        self.job.inputs
    }

    /// Where the run is.
    pub fn state(&self) -> &Snapshot<'a, F> {
        &self.state
    }

    /// Makes a step; `false` if there is none, because the run has ended.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the step fails. The run then stays where it is.
    pub fn step(&mut self) -> Result<bool, RunError> {
        let Snapshot {
            machine,
            steps,
            calls,
        } = &mut self.state;
        let before = machine.before();
        let pc = machine.pc;
        let result = self.job.advance(&self.code, machine, *steps);
        match &result {
            Ok(true) => {
                *steps += 1;
                match self
                    .code
                    .instructions
                    .get(pc)
                    .and_then(|executed| executed.opcode)
                {
                    Some(Opcode::Call) => calls.call(pc),
                    Some(Opcode::Ret) => calls.ret(machine.pc),
                    _ => {}
                }
                calls.bound(machine.depth());
            }
            Ok(false) => {}
            Err(_) => machine.undo(&before),
        }
        result
    }

    /// What [`Stepper::step`] would give. The run stays where it is.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the next step fails.
    pub fn peek(&mut self) -> Result<bool, RunError> {
        let Snapshot { machine, steps, .. } = &mut self.state;
        let before = machine.before();
        let result = self.job.advance(&self.code, machine, *steps);
        machine.undo(&before);
        result
    }

    /// Goes to a state of this run.
    pub fn restore(&mut self, state: &Snapshot<'a, F>) {
        self.state.clone_from(state);
    }
}
