//! The interpreter and the tracer: the relations of [`crate::isa`] read on field values.

use std::fmt;

use crate::algebra::Word;
use crate::isa::{Effect, InstructionSet, Opcode, Operands};
use crate::program::{Instruction, Program};

/// Why a program does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The stack holds fewer words than the instruction needs.
    #[error("step {step}: `{opcode}` needs {needs} on the stack, but it holds {depth}", needs = words(*.needs as usize))]
    StackUnderflow {
        /// The step, counted from 0.
        step: usize,
        /// The instruction.
        opcode: Opcode,
        /// How many words it needs.
        needs: u32,
        /// How many there are.
        depth: usize,
    },
    /// The instruction set has no such instruction.
    #[error(
        "step {step} (stack depth {depth}): opcode {opcode} is not in the instruction set `{set}`"
    )]
    InvalidOpcode {
        /// The step, counted from 0.
        step: usize,
        /// The code of the instruction.
        opcode: u64,
        /// The depth of the stack.
        depth: usize,
        /// The instruction set.
        set: InstructionSet,
    },
    /// The program ends before the run does.
    #[error("{steps} steps were asked for, but the program has {instructions} instructions")]
    StepsOutOfRange {
        /// The number of steps asked for.
        steps: usize,
        /// The number of instructions.
        instructions: usize,
    },
    /// The run has more rows than a machine can count.
    #[error("the run needs {rows} rows, more than a machine can have ({MAX_ROWS})")]
    TooManyRows {
        /// The number of rows that the run needs.
        rows: usize,
    },
}

/// The most rows that a trace can have: a row's number is 32 bits wide.
pub const MAX_ROWS: usize = u32::MAX as usize;

fn words(count: usize) -> String {
    match count {
        1 => "1 word".into(),
        _ => format!("{count} words"),
    }
}

impl RunError {
    /// The error's name in machine-readable output.
    pub fn kind(&self) -> &'static str {
        match self {
            RunError::StackUnderflow { .. } => "stack_underflow",
            RunError::InvalidOpcode { .. } => "invalid_opcode",
            RunError::StepsOutOfRange { .. } => "steps_out_of_range",
            RunError::TooManyRows { .. } => "too_many_rows",
        }
    }

    /// The step at which the run ends; for a program that is too short, the first one it lacks.
    pub fn step(&self) -> usize {
        match self {
            RunError::StackUnderflow { step, .. } | RunError::InvalidOpcode { step, .. } => *step,
            RunError::StepsOutOfRange { instructions, .. } => *instructions,
            RunError::TooManyRows { rows } => *rows,
        }
    }
}

/// What a run gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<F> {
    /// The word at the bottom of the stack, or 0 if the stack is empty.
    pub output: F,
    /// The number of instructions executed.
    pub steps: usize,
    /// The most words that the stack held.
    pub max_depth: usize,
}

/// The operands of an instruction as words.
struct Values<F> {
    top: F,
    second: F,
    argument: F,
}

impl<F: Word> Operands<F> for Values<F> {
    #[inline]
    fn top(&self) -> F {
        self.top
    }
    #[inline]
    fn second(&self) -> F {
        self.second
    }
    #[inline]
    fn argument(&self) -> F {
        self.argument
    }
    #[inline]
    fn product(&self) -> F {
        self.second * self.top
    }
}

/// A stack and what an instruction does to it.
struct Machine<F> {
    set: InstructionSet,
    /// The words under the top, with a zero at the very bottom, so that an empty stack has a
    /// `second` too.
    below: Vec<F>,
    top: F,
    depth: usize,
    max_depth: usize,
}

impl<F: Word> Machine<F> {
    fn new(set: InstructionSet) -> Self {
        Machine {
            set,
            below: vec![],
            top: F::zero(),
            depth: 0,
            max_depth: 0,
        }
    }

    fn second(&self) -> F {
        self.below.last().copied().unwrap_or(F::zero())
    }

    #[inline]
    fn decode(&self, step: usize, instruction: &Instruction<F>) -> Result<Opcode, RunError> {
        let opcode = self
            .set
            .decode(instruction.opcode)
            .ok_or(RunError::InvalidOpcode {
                step,
                opcode: instruction.opcode,
                depth: self.depth,
                set: self.set,
            })?;
        if self.depth < opcode.needs() as usize {
            return Err(RunError::StackUnderflow {
                step,
                opcode,
                needs: opcode.needs(),
                depth: self.depth,
            });
        }
        Ok(opcode)
    }

    /// Executes an instruction whose needs are met.
    #[inline]
    fn execute(&mut self, opcode: Opcode, argument: F) {
        let new_top = opcode.new_top(&Values {
            top: self.top,
            second: self.second(),
            argument,
        });
        match opcode.effect() {
            Effect::Grow => {
                self.below.push(self.top);
                self.depth += 1;
                self.max_depth = self.max_depth.max(self.depth);
            }
            Effect::Keep => {}
            Effect::Shrink => {
                self.below.pop();
                // Saturates for a defiant trace only.
                self.depth = self.depth.saturating_sub(1);
            }
        }
        self.top = new_top;
    }

    /// The word at the bottom of the stack, 0 if there is none.
    fn bottom(&self) -> F {
        // Under the first word lies the zero that was on top of the empty stack.
        self.below.get(1).copied().unwrap_or(self.top)
    }
}

/// Cuts a program to the steps of a run: all of it, if `steps` is `None`.
fn executed<F: Word>(
    program: &Program<F>,
    steps: Option<usize>,
) -> Result<&[Instruction<F>], RunError> {
    let steps = steps.unwrap_or(program.len());
    program
        .instructions()
        .get(..steps)
        .ok_or(RunError::StepsOutOfRange {
            steps,
            instructions: program.len(),
        })
}

/// Runs the first `steps` instructions of a program, or all of them. Uses no memory but the stack's.
///
/// # Errors
///
/// [`RunError`], with the step at which the program fails.
pub fn run<F: Word>(
    program: &Program<F>,
    steps: Option<usize>,
    set: InstructionSet,
) -> Result<Outcome<F>, RunError> {
    let instructions = executed(program, steps)?;
    let mut machine = Machine::new(set);
    for (step, instruction) in instructions.iter().enumerate() {
        let opcode = machine.decode(step, instruction)?;
        machine.execute(opcode, instruction.argument);
    }
    Ok(Outcome {
        output: machine.bottom(),
        steps: instructions.len(),
        max_depth: machine.max_depth,
    })
}

/// A row of a trace: the state before a step, and what the step executes.
///
/// Its [`Debug`](fmt::Debug) form shows no word of the stack, for a trace is a witness.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceRow<F> {
    /// The instruction that the step executes; [`Opcode::Halt`] where the machine unwinds, and on
    /// the final state.
    pub opcode: Opcode,
    /// The number of words on the stack.
    pub depth: u32,
    /// The word at the top, 0 if there is none.
    pub top: F,
    /// The word below the top, 0 if there is none.
    pub second: F,
    /// See [`crate::row::Cell::Link`].
    pub link: u32,
}

impl<F> fmt::Debug for TraceRow<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceRow")
            .field("opcode", &self.opcode)
            .field("depth", &self.depth)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// A run, row by row: its steps, then the machine's own steps that unwind the stack, then the final
/// state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace<F> {
    program: Program<F>,
    outcome: Outcome<F>,
    set: InstructionSet,
    rows: Vec<TraceRow<F>>,
}

impl<F: Word> Trace<F> {
    /// Runs the first `steps` instructions of a program, or all of them, and writes down every row.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails.
    pub fn new(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
    ) -> Result<Self, RunError> {
        Self::with(program, steps, set, Machine::decode)
    }

    /// The trace of a machine that goes on where a program fails: it takes zeros from an empty stack
    /// and skips what it does not know. A circuit rejects it, and so tells by which constraint.
    ///
    /// # Errors
    ///
    /// If there are fewer instructions than `steps`, or more rows than a machine can have.
    pub fn defiant(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
    ) -> Result<Self, RunError> {
        Self::with(program, steps, set, |_, _, instruction| {
            Ok(set.decode(instruction.opcode).unwrap_or(Opcode::IDLE))
        })
    }

    fn with(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
        decode: impl Fn(&Machine<F>, usize, &Instruction<F>) -> Result<Opcode, RunError>,
    ) -> Result<Self, RunError> {
        let instructions = executed(program, steps)?;
        let mut machine = Machine::new(set);
        let mut rows = Vec::with_capacity(instructions.len() + 1);
        // The link of every state under the present one, as `Machine::below` has their words.
        let mut links: Vec<u32> = vec![];
        let mut link = 0;
        let mut execute = |machine: &mut Machine<F>, opcode: Opcode, argument: F| {
            rows.push(TraceRow {
                opcode,
                // A machine has no more words than rows.
                depth: machine.depth as u32,
                top: machine.top,
                second: machine.second(),
                link,
            });
            let next = u32::try_from(rows.len()).map_err(|_| RunError::TooManyRows {
                rows: rows.len() + machine.depth,
            })?;
            match opcode.effect() {
                Effect::Grow => {
                    links.push(link);
                    link = next;
                }
                Effect::Keep => {}
                Effect::Shrink => link = links.pop().unwrap_or(0),
            }
            machine.execute(opcode, argument);
            Ok(())
        };
        for (step, instruction) in instructions.iter().enumerate() {
            let opcode = decode(&machine, step, instruction)?;
            execute(&mut machine, opcode, instruction.argument)?;
        }
        while machine.depth >= Opcode::Halt.needs() as usize {
            execute(&mut machine, Opcode::Halt, F::zero())?;
        }
        rows.push(TraceRow {
            opcode: Opcode::Halt,
            depth: machine.depth as u32,
            top: machine.top,
            second: machine.second(),
            link,
        });
        Ok(Trace {
            program: Program::from(instructions.to_vec()),
            outcome: Outcome {
                output: machine.bottom(),
                steps: instructions.len(),
                max_depth: machine.max_depth,
            },
            set,
            rows,
        })
    }

    /// The program cut to the steps of the run.
    pub fn program(&self) -> &Program<F> {
        &self.program
    }

    /// What the run gives.
    pub fn outcome(&self) -> Outcome<F> {
        self.outcome
    }

    /// The instruction set that the run may use.
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// The rows, the final state included.
    pub fn rows(&self) -> &[TraceRow<F>] {
        &self.rows
    }

    /// The number of steps that a machine needs for this run, unwinding included.
    pub fn steps(&self) -> usize {
        self.rows.len() - 1
    }
}
