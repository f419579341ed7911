//! Runs that are written down, row by row.

use std::fmt;

use super::machine::{Decoded, Machine, fast};
use super::run::Numbers;
use super::{Cell, Inputs, Job, Outcome, RunError};
use crate::algebra::{Number, Word};
use crate::isa::{Effect, InstructionSet, Opcode};
use crate::poseidon;
use crate::program::Program;

impl<F: Word> Job<'_, F> {
    /// Runs the program and writes down every row.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails; [`RunError::TooManyRows`] as soon as it has made as
    /// many steps as a trace may have rows, and does not end there.
    pub fn trace(&self) -> Result<Trace<F>, RunError> {
        // A run takes no room, and says how much a trace takes.
        let limit = self.max_rows as u64;
        let run = self.clone().max_steps(self.max_steps.min(limit));
        let numbers = self.numbers()?;
        let rows = match run.run_on(&numbers) {
            Ok(outcome) => outcome.rows as u64,
            Err(RunError::TooManySteps { .. }) if run.max_steps < self.max_steps => limit + 1,
            Err(error) => return Err(error),
        };
        if rows > limit {
            return Err(RunError::TooManyRows {
                rows,
                limit: self.max_rows,
            });
        }
        // What has run does nothing that the machine would have to go on from regardless.
        self.write_trace(&numbers, rows as usize)
    }

    /// The trace of a machine that goes on where a program fails: it takes zeros from an empty stack or tape,
    /// skips what it does not know, passes all tests, and goes to the end of the program instead of out of it. A
    /// circuit rejects it, and so tells by which constraint.
    ///
    /// # Errors
    ///
    /// If there are fewer instructions than steps, or more rows than are admitted.
    pub fn trace_past_failure(&self) -> Result<Trace<F>, RunError> {
        self.write_trace(&self.numbers()?, 0)
    }

    /// Writes down every row, of which there are probably so many.
    fn write_trace(
        &self,
        Numbers { code, inputs }: &Numbers<F>,
        rows: usize,
    ) -> Result<Trace<F>, RunError> {
        let instructions = self.instructions()?;
        let addresses = code.instructions.len();
        let mut machine = Machine::new(code, inputs, self);
        let mut writer = TraceWriter {
            rows: Vec::with_capacity(rows + 1),
            links: Links::default(),
        };
        let end = Decoded::new(Some(Opcode::Halt), Number::zero(), addresses, fast);
        let argument = |pc: usize| instructions.get(pc).map_or(F::zero(), |own| own.argument);
        let mut steps = 0;
        while let Some(instruction) = code.instructions.get(machine.pc) {
            let opcode = match instruction.opcode {
                Some(Opcode::Halt) => break,
                Some(opcode) => opcode,
                None => Opcode::IDLE,
            };
            if steps >= self.max_rows {
                return Err(RunError::TooManySteps {
                    limit: self.max_rows as u64,
                    pc: machine.pc,
                });
            }
            writer.row(&machine, opcode, argument(machine.pc));
            let _ = machine.execute(instruction, addresses, steps);
            writer.accessed(&machine, opcode);
            steps += 1;
        }
        let halt = machine.pc;
        let outcome = machine.outcome(steps).map(Number::word);
        if outcome.rows > self.max_rows {
            return Err(RunError::TooManyRows {
                rows: outcome.rows as u64,
                limit: self.max_rows,
            });
        }
        let end = code.instructions.get(halt).unwrap_or(&end);
        while machine.depth() >= Opcode::Halt.needs() {
            writer.row(&machine, Opcode::Halt, argument(halt));
            // It drops a word, and has no way to fail.
            let _ = machine.execute(end, addresses, steps);
            machine.pc = halt;
        }
        writer.row(&machine, Opcode::Halt, argument(halt));
        let touched = machine.memory.touched();
        Ok(Trace {
            program: Program::from(instructions.to_vec()),
            outcome,
            set: self.set,
            rows: writer.rows,
            memory: touched
                .map(|(address, cell)| (address, cell.map(Number::word)))
                .collect(),
        })
    }
}

/// The rows where the words under the window came there: the column `link` of each state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Those of the states under the present one.
    below: Vec<u32>,
    /// That of the present one.
    pub(crate) link: u32,
}

impl Links {
    /// A step with this effect, that leads to row `next`.
    pub(crate) fn step(&mut self, effect: Effect, next: u32) {
        match effect {
            Effect::Grow => {
                self.below.push(self.link);
                self.link = next;
            }
            Effect::Keep => {}
            Effect::Shrink => self.link = self.below.pop().unwrap_or(0),
        }
    }
}

/// A trace that is being written.
struct TraceWriter<F> {
    rows: Vec<TraceRow<F>>,
    links: Links,
}

impl<F: Word> TraceWriter<F> {
    fn row(&mut self, machine: &Machine<'_, Number<F>>, opcode: Opcode, argument: F) {
        self.rows.push(TraceRow {
            opcode,
            argument,
            // No machine has more rows than 32 bits count, nor more words than rows.
            pc: machine.pc as u32,
            depth: machine.depth() as u32,
            window: machine.topmost_as(|own| own.word()),
            link: self.links.link,
            old: F::zero(),
            before: 0,
            frame: machine.frame.word(),
        });
        self.links.step(opcode.effect(), self.rows.len() as u32);
    }

    /// What the step of the last row found in the cell that it accessed.
    fn accessed(&mut self, machine: &Machine<'_, Number<F>>, opcode: Opcode) {
        if !opcode.uses_memory() {
            return;
        }
        if let (Some(row), Some((_, cell))) = (self.rows.last_mut(), machine.accessed) {
            row.old = cell.word.word();
            row.before = cell.last;
        }
    }
}

/// A row of a trace: the state before a step, and what the step executes.
///
/// Its [`Debug`](fmt::Debug) form shows no word of the stack, for a trace is a witness.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceRow<F> {
    /// The instruction that the step executes; [`Opcode::Halt`] where the machine unwinds, and on
    /// the final state.
    pub opcode: Opcode,
    /// The argument of the instruction.
    pub argument: F,
    /// The address of the instruction.
    pub pc: u32,
    /// The number of words on the stack.
    pub depth: u32,
    /// The topmost words, from the top down, 0 where there is none.
    pub window: [F; InstructionSet::MAX_WINDOW],
    /// The row on which the word lowest in the window came there; 0 for none.
    pub link: u32,
    /// The word in the cell that the step accesses, before it does; 0 if it accesses none.
    pub old: F,
    /// The row that accessed that cell last, counted from 1; 0 for none.
    pub before: u32,
    /// The address of the frame's cell 0.
    pub frame: F,
}

impl<F> fmt::Debug for TraceRow<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceRow")
            .field("opcode", &self.opcode)
            .field("pc", &self.pc)
            .field("depth", &self.depth)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// A run, row by row: its steps, then the machine's own steps that unwind the stack, then the final
/// state.
///
/// Its [`Debug`](fmt::Debug) form shows no word of the stack, for a trace is a witness.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace<F> {
    program: Program<F>,
    outcome: Outcome<F>,
    set: InstructionSet,
    rows: Vec<TraceRow<F>>,
    memory: Vec<(u32, Cell<F>)>,
}

impl<F: fmt::Debug> fmt::Debug for Trace<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a run that goes on regardless, the output may be any word of the stack.
        f.debug_struct("Trace")
            .field("program", &self.program)
            .field("set", &self.set)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl<F: Word> Trace<F> {
    /// Runs the first `steps` instructions of a program that is given no inputs, or all of it, and writes down
    /// every row. [`Job::trace`] takes inputs.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails.
    pub fn new(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
    ) -> Result<Self, RunError> {
        Job::new(program, set, &Inputs::none()).cut(steps).trace()
    }

    /// The program, cut to the steps of the run if that was asked for.
    pub fn program(&self) -> &Program<F> {
        &self.program
    }

    /// What the run gives.
    pub fn outcome(&self) -> &Outcome<F> {
        &self.outcome
    }

    /// The instruction set that the run may use.
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// The rows, the final state included.
    pub fn rows(&self) -> &[TraceRow<F>] {
        &self.rows
    }

    /// The cells of the memory that were accessed, by their addresses, as they are in the end.
    pub fn memory(&self) -> &[(u32, Cell<F>)] {
        &self.memory
    }

    /// The number of steps that a machine must have for this run, for the cells that it accesses, and for its hashes.
    pub fn machine_rows(&self) -> usize {
        let hashes = self.outcome.hashes * poseidon::ROWS;
        self.steps().max(self.outcome.cells).max(hashes)
    }

    /// The two words of each hash that the run makes, in order.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = [F; 2]> {
        let rows = self.rows.iter().filter(|row| row.opcode.hashes());
        rows.map(|row| [row.window[1], row.window[0]])
    }

    /// The number of steps that a machine needs for this run, unwinding included.
    pub fn steps(&self) -> usize {
        self.rows.len() - 1
    }
}
