//! Runs: what is to be run, and the interpreter's loop.

use super::machine::{Code, Failure, Machine, fast};
use super::{Inputs, MAX_ROWS, Outcome, RunError, cut};
use crate::algebra::{Number, Word};
use crate::isa::{InstructionSet, Opcode};
use crate::program::{Instruction, Program};

/// A run that is to be made: a program, and what it is given.
#[derive(Clone, Debug)]
pub struct Job<'a, F> {
    program: &'a Program<F>,
    pub(super) set: InstructionSet,
    steps: Option<usize>,
    pub(super) inputs: &'a Inputs<F>,
    pub(super) whole_tape: bool,
    pub(super) max_steps: u64,
    max_words: usize,
    pub(super) max_rows: usize,
}

/// A program and the words that its run is given, as numbers.
pub(super) struct Numbers<F> {
    pub(super) code: Code<Number<F>>,
    pub(super) inputs: Inputs<Number<F>>,
}

impl<'a, F: Word> Job<'a, F> {
    /// The run of a program that may use the instructions of a set, and is given these inputs.
    pub fn new(program: &'a Program<F>, set: InstructionSet, inputs: &'a Inputs<F>) -> Self {
        Job {
            program,
            set,
            steps: None,
            inputs,
            whole_tape: false,
            max_steps: MAX_ROWS as u64,
            max_words: MAX_ROWS,
            max_rows: MAX_ROWS,
        }
    }

    /// Cuts the program after so many instructions, if that is not `None`.
    pub fn cut(self, steps: Option<usize>) -> Self {
        Job { steps, ..self }
    }

    /// Says that the public words that the run is given are the whole tape: also what is written, in its place
    /// between what is read. A word that is written must be the one that stands there.
    pub fn whole_tape(self) -> Self {
        Job {
            whole_tape: true,
            ..self
        }
    }

    /// Ends the run with an error if it takes more steps. Without it, that is 2^32 - 1.
    pub fn max_steps(self, max_steps: u64) -> Self {
        Job { max_steps, ..self }
    }

    /// Ends the run with an error where the stack, the public tape and the memory hold more words together, and so bounds the
    /// room that it takes. Without it, that is [`MAX_ROWS`].
    pub fn max_words(self, max_words: usize) -> Self {
        Job { max_words, ..self }
    }

    /// The most rows that a trace may have: a run that makes more hashes than there is room for in so many rows ends with an error too. Without it,
    /// that is [`MAX_ROWS`].
    pub fn max_rows(self, max_rows: usize) -> Self {
        Job {
            max_rows: max_rows.min(MAX_ROWS),
            ..self
        }
    }

    /// The instructions that the run may execute.
    pub(super) fn instructions(&self) -> Result<&'a [Instruction<F>], RunError> {
        cut(self.program, self.steps)
    }

    /// Runs the program.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails.
    pub fn run(&self) -> Result<Outcome<F>, RunError> {
        self.run_on(&self.numbers()?)
    }

    /// The program and the words that the run is given, as numbers.
    pub(super) fn numbers(&self) -> Result<Numbers<F>, RunError> {
        let code = Code::new(self.instructions()?, self.set, Number::new, fast);
        let numbers = |words: &[F]| words.iter().copied().map(Number::new).collect();
        let inputs = Inputs {
            public: numbers(&self.inputs.public),
            secret: numbers(&self.inputs.secret),
        };
        Ok(Numbers { code, inputs })
    }

    /// Runs the program, given it and its inputs as numbers.
    pub(super) fn run_on(
        &self,
        Numbers { code, inputs }: &Numbers<F>,
    ) -> Result<Outcome<F>, RunError> {
        let mut machine = Machine::new(code, inputs, self);
        let mut steps = 0;
        while self.advance(code, &mut machine, steps)? {
            steps += 1;
        }
        Ok(machine.outcome(steps).map(Number::word))
    }

    /// Executes the next instruction; `false` if the run has ended before it.
    #[inline(always)]
    pub(super) fn advance<W: Word>(
        &self,
        code: &Code<W>,
        machine: &mut Machine<'_, W>,
        steps: usize,
    ) -> Result<bool, RunError> {
        let instruction = match code.instructions.get(machine.pc) {
            Some(instruction) if instruction.opcode != Some(Opcode::Halt) => instruction,
            _ => {
                machine.check_used(steps)?;
                return Ok(false);
            }
        };
        let Some(opcode) = instruction.opcode else {
            return Err(self.invalid(machine, steps));
        };
        if steps as u64 == self.max_steps {
            return Err(RunError::TooManySteps {
                limit: self.max_steps,
                pc: machine.pc,
            });
        }
        let (pc, depth) = (machine.pc, machine.depth());
        if let Err(failure) = machine.execute(instruction, code.instructions.len(), steps) {
            return Err(self.failed(failure, opcode, steps, pc, depth));
        }
        if machine.words() > self.max_words {
            return Err(RunError::TooManyWords {
                step: steps,
                pc,
                limit: self.max_words,
            });
        }
        Ok(true)
    }

    fn invalid<W: Word>(&self, machine: &Machine<'_, W>, step: usize) -> RunError {
        let instruction = self.program.instructions().get(machine.pc);
        RunError::InvalidOpcode {
            step,
            pc: machine.pc,
            opcode: instruction.map_or(0, |own| own.opcode),
            depth: machine.depth(),
            set: self.set,
        }
    }

    #[cold]
    fn failed(
        &self,
        failure: Failure,
        opcode: Opcode,
        step: usize,
        pc: usize,
        depth: usize,
    ) -> RunError {
        match failure {
            Failure::Underflow => RunError::StackUnderflow {
                step,
                pc,
                opcode,
                needs: opcode.needs(),
                depth,
            },
            Failure::Fault => RunError::Fault {
                step,
                pc,
                opcode,
                depth,
                fault: opcode.fault().unwrap_or("its operands are wrong"),
            },
            Failure::Outside => RunError::OutsideProgram {
                step,
                pc,
                opcode,
                instructions: self.program.len(),
            },
            Failure::OutsideMemory => RunError::OutsideMemory { step, pc, opcode },
            Failure::OtherWord => RunError::OtherWord { step, pc },
            Failure::TooManyHashes => RunError::TooManyRows {
                rows: self.max_rows as u64 + 1,
                limit: self.max_rows,
            },
            Failure::TapeEnd => RunError::TapeEnd {
                step,
                pc,
                opcode,
                words: match opcode {
                    Opcode::Secret => self.inputs.secret.len(),
                    _ => self.inputs.public.len(),
                },
            },
        }
    }
}
