//! The interpreter and the tracer: the relations of [`crate::isa`] read on field values.

use std::fmt;

use crate::algebra::Word;
use crate::isa::{Cofactor, Effect, InstructionSet, Opcode, Operands, Relation};
use crate::program::{Instruction, Program};

/// Why a program does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The stack holds fewer words than the instruction needs.
    #[error("step {step}: `{opcode}` needs {needs} on the stack, but it holds {depth}", needs = words(*.needs))]
    StackUnderflow {
        /// The step, counted from 0.
        step: usize,
        /// The instruction.
        opcode: Opcode,
        /// How many words it needs.
        needs: usize,
        /// How many there are.
        depth: usize,
    },
    /// What the instruction demands of its operands does not hold.
    #[error("step {step} (stack depth {depth}): `{opcode}` fails: {fault}")]
    Fault {
        /// The step, counted from 0.
        step: usize,
        /// The instruction.
        opcode: Opcode,
        /// The depth of the stack.
        depth: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// The instruction set has no such instruction.
    #[error(
        "step {step} (stack depth {depth}): opcode {opcode}{} is not in the instruction set `{set}`",
        Opcode::from_code(*.opcode).map_or(String::new(), |own| format!(" (`{own}`)"))
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
            RunError::Fault { .. } => "fault",
            RunError::InvalidOpcode { .. } => "invalid_opcode",
            RunError::StepsOutOfRange { .. } => "steps_out_of_range",
            RunError::TooManyRows { .. } => "too_many_rows",
        }
    }

    /// The step at which the run ends; for a program that is too short, the first one it lacks.
    pub fn step(&self) -> usize {
        match self {
            RunError::StackUnderflow { step, .. }
            | RunError::Fault { step, .. }
            | RunError::InvalidOpcode { step, .. } => *step,
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
struct Values<'a, F> {
    /// The stack, from the bottom up, at least [`InstructionSet::MAX_WINDOW`] words.
    stack: &'a [F],
    argument: F,
    hint: F,
    result: F,
}

impl<F: Word> Operands<F> for Values<'_, F> {
    #[inline]
    fn word(&self, place: usize) -> F {
        let place = self.stack.len().checked_sub(place + 1);
        place
            .and_then(|place| self.stack.get(place))
            .copied()
            .unwrap_or(F::zero())
    }
    #[inline]
    fn argument(&self) -> F {
        self.argument
    }
    #[inline]
    fn hint(&self) -> F {
        self.hint
    }
    #[inline]
    fn result(&self) -> F {
        self.result
    }
}

/// An instruction's relation on words.
#[derive(Clone, Copy)]
pub(crate) struct Step<F> {
    /// The new top.
    result: F,
    /// What comes under the new top, if that is moved.
    second: Option<F>,
    third: Option<F>,
    pub(crate) factor: F,
    pub(crate) cofactor: F,
}

impl<F: Word> Step<F> {
    /// What an instruction makes of a stack, from the bottom up.
    #[inline]
    pub(crate) fn of(opcode: Opcode, stack: &[F], argument: F) -> Self {
        let mut values = Values {
            stack,
            argument,
            hint: F::zero(),
            result: F::zero(),
        };
        let Relation {
            mut top,
            second,
            third,
            factor,
            cofactor,
            ..
        } = opcode.relation(&values);
        let cofactor = match cofactor {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            Cofactor::Hint => {
                values.hint = F::zero() - factor.inverse().unwrap_or(F::zero());
                top = opcode.relation(&values).top;
                values.hint
            }
            Cofactor::Zero => F::zero(),
        };
        Step {
            result: match cofactor == F::zero() {
                true => top,
                false => top + factor * cofactor,
            },
            second,
            third,
            factor,
            cofactor,
        }
    }

    /// What the step tests: the tests of the factor and of the cofactor, and what must be zero.
    pub(crate) fn tests(&self, opcode: Opcode, stack: &[F], argument: F) -> [F; 3] {
        let relation = opcode.relation(&Values {
            stack,
            argument,
            hint: self.cofactor,
            result: self.result,
        });
        [relation.factor_test, relation.cofactor_test, relation.zero]
    }

    /// Whether the tests pass.
    fn holds(&self, opcode: Opcode, stack: &[F], argument: F) -> bool {
        let [factor_test, cofactor_test, zero] = self.tests(opcode, stack, argument);
        [
            self.factor * factor_test,
            self.cofactor * cofactor_test,
            zero,
        ] == [F::zero(); 3]
    }
}

/// A stack and what an instruction does to it.
struct Machine<F> {
    set: InstructionSet,
    /// The words, from the bottom up, on as many zeros as a window has words, so that the window of
    /// an empty stack is there too.
    stack: Vec<F>,
    max_depth: usize,
}

/// The zeros under a stack.
const PADDING: usize = InstructionSet::MAX_WINDOW;

impl<F: Word> Machine<F> {
    fn new(set: InstructionSet) -> Self {
        Machine {
            set,
            stack: vec![F::zero(); PADDING],
            max_depth: 0,
        }
    }

    #[inline]
    fn depth(&self) -> usize {
        self.stack.len() - PADDING
    }

    /// The topmost words, from the top down.
    fn window(&self) -> [F; InstructionSet::MAX_WINDOW] {
        let mut window = [F::zero(); InstructionSet::MAX_WINDOW];
        for (word, own) in window.iter_mut().zip(self.stack.iter().rev()) {
            *word = *own;
        }
        window
    }

    #[inline]
    fn decode(&self, step: usize, instruction: &Instruction<F>) -> Result<Opcode, RunError> {
        let opcode = self
            .set
            .decode(instruction.opcode)
            .ok_or(RunError::InvalidOpcode {
                step,
                opcode: instruction.opcode,
                depth: self.depth(),
                set: self.set,
            })?;
        if self.depth() < opcode.needs() {
            return Err(RunError::StackUnderflow {
                step,
                opcode,
                needs: opcode.needs(),
                depth: self.depth(),
            });
        }
        Ok(opcode)
    }

    /// Executes an instruction whose needs are met, and says whether its tests pass.
    #[inline]
    fn execute(&mut self, opcode: Opcode, argument: F) -> bool {
        let step = Step::of(opcode, &self.stack, argument);
        let holds = opcode.fault().is_none() || step.holds(opcode, &self.stack, argument);
        match opcode.effect() {
            Effect::Grow => {
                self.stack.push(step.result);
                self.max_depth = self.max_depth.max(self.depth());
                return holds;
            }
            Effect::Keep => {}
            // On the empty stack for a defiant trace only.
            Effect::Shrink if self.depth() == 0 => {}
            Effect::Shrink => {
                self.stack.pop();
            }
        }
        let moved = [Some(step.result), step.second, step.third];
        for (word, moved) in self.stack.iter_mut().rev().zip(moved) {
            if let Some(moved) = moved {
                *word = moved;
            }
        }
        holds
    }

    /// The word at the bottom of the stack, 0 if there is none.
    fn bottom(&self) -> F {
        let bottom = self.stack.get(PADDING);
        bottom.or(self.stack.last()).copied().unwrap_or(F::zero())
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

/// The error of a step whose tests fail.
fn fault(step: usize, opcode: Opcode, depth: usize) -> RunError {
    RunError::Fault {
        step,
        opcode,
        depth,
        fault: opcode.fault().unwrap_or("its operands are wrong"),
    }
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
        let depth = machine.depth();
        if !machine.execute(opcode, instruction.argument) {
            return Err(fault(step, opcode, depth));
        }
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
    /// The argument that it reads, if it reads one.
    pub argument: F,
    /// The number of words on the stack.
    pub depth: u32,
    /// The topmost words, from the top down, 0 where there is none.
    pub window: [F; InstructionSet::MAX_WINDOW],
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
        Self::with(program, steps, set, Machine::decode, true)
    }

    /// The trace of a machine that goes on where a program fails: it takes zeros from an empty stack,
    /// skips what it does not know, and passes all tests. A circuit rejects it, and so tells by which constraint.
    ///
    /// # Errors
    ///
    /// If there are fewer instructions than `steps`, or more rows than a machine can have.
    pub fn defiant(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
    ) -> Result<Self, RunError> {
        let decode = |_: &Machine<F>, _, instruction: &Instruction<F>| {
            Ok(set.decode(instruction.opcode).unwrap_or(Opcode::IDLE))
        };
        Self::with(program, steps, set, decode, false)
    }

    fn with(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
        decode: impl Fn(&Machine<F>, usize, &Instruction<F>) -> Result<Opcode, RunError>,
        tested: bool,
    ) -> Result<Self, RunError> {
        let instructions = executed(program, steps)?;
        let mut machine = Machine::new(set);
        let mut rows = Vec::with_capacity(instructions.len() + 1);
        // The link of every state under the present one, as `Machine::below` has their words.
        let mut links: Vec<u32> = vec![];
        let mut link = 0;
        let mut execute = |machine: &mut Machine<F>, opcode: Opcode, argument: F| {
            let depth = machine.depth();
            rows.push(TraceRow {
                opcode,
                argument,
                // A machine has no more words than rows.
                depth: depth as u32,
                window: machine.window(),
                link,
            });
            let next = u32::try_from(rows.len()).map_err(|_| RunError::TooManyRows {
                rows: rows.len() + depth,
            })?;
            match opcode.effect() {
                Effect::Grow => {
                    links.push(link);
                    link = next;
                }
                Effect::Keep => {}
                Effect::Shrink => link = links.pop().unwrap_or(0),
            }
            if !machine.execute(opcode, argument) && tested {
                return Err(fault(rows.len() - 1, opcode, depth));
            }
            Ok(())
        };
        for (step, instruction) in instructions.iter().enumerate() {
            let opcode = decode(&machine, step, instruction)?;
            execute(&mut machine, opcode, instruction.argument)?;
        }
        while machine.depth() >= Opcode::Halt.needs() {
            execute(&mut machine, Opcode::Halt, F::zero())?;
        }
        rows.push(TraceRow {
            opcode: Opcode::Halt,
            argument: F::zero(),
            depth: machine.depth() as u32,
            window: machine.window(),
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
