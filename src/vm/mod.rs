//! The interpreter and the tracer: the relations of [`crate::isa`] read on field values.
//!
//! [`Job`] is a run that is to be made. It is made at once ([`Job::run`]), written down row by row ([`Job::trace`]),
//! or made step by step ([`Job::stepper`]). [`session`] steps through one in both directions, and [`Profile`] counts
//! where its steps are spent. Nothing here prints.

use std::fmt;

use crate::algebra::Word;
use crate::isa::InstructionSet;
use crate::program::{Instruction, Program};

mod calls;
mod error;
mod machine;
mod memory;
mod profile;
mod run;
pub mod session;
mod small;
mod step;
mod stepper;
mod trace;
mod values;

pub use calls::CallStack;
pub use error::RunError;
pub use memory::{Cell, MAX_CELLS};
pub use profile::Profile;
pub use run::Job;
pub(crate) use step::{Start, Step};
pub use stepper::{Snapshot, Stepper};
pub(crate) use trace::Links;
pub use trace::{Trace, TraceRow};
pub(crate) use values::piece_of;

/// The most rows that a trace can have: a row's number is 32 bits wide.
pub const MAX_ROWS: usize = u32::MAX as usize;

/// What a run is given beside its program.
///
/// Its [`Debug`](fmt::Debug) form shows no word.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Inputs<F> {
    /// The words that `read` pushes, in order. They are public, as is what `write` writes.
    pub public: Vec<F>,
    /// The words that `secret` pushes, in order. A proof reveals nothing of them but what follows from the
    /// statement.
    pub secret: Vec<F>,
}

impl<F> Inputs<F> {
    /// Nothing.
    pub const fn none() -> Self {
        Inputs {
            public: vec![],
            secret: vec![],
        }
    }
}

impl<F: Word> Inputs<F> {
    /// The same with the number of its words before the public tape and before the private one, where that is asked for.
    pub fn counted(self, [public, secret]: [bool; 2]) -> Self {
        let counted = |mut tape: Vec<F>, counts: bool| {
            if counts {
                tape.insert(0, F::constant(tape.len() as u64));
            }
            tape
        };
        Inputs {
            public: counted(self.public, public),
            secret: counted(self.secret, secret),
        }
    }
}

impl<F> fmt::Debug for Inputs<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("public", &self.public.len())
            .field("secret", &self.secret.len())
            .finish()
    }
}

/// What a run gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<F> {
    /// The word at the bottom of the stack, or 0 if the stack is empty.
    pub output: F,
    /// The number of instructions executed.
    pub steps: usize,
    /// The most words that the stack held.
    pub max_depth: usize,
    /// The number of rows that a machine needs for the run: its steps, and one for each word above the bottom
    /// one that is left.
    pub rows: usize,
    /// The public tape: what was read and written, in order.
    pub tape: Vec<F>,
    /// The number of cells that the memory must have: one more than the largest address that was accessed, 0 if none was. A
    /// machine has a cell for each of its rows.
    pub cells: usize,
    /// The number of hashes that it makes.
    pub hashes: usize,
}

impl<W> Outcome<W> {
    /// The same with words of another kind.
    fn map<F>(self, word: impl Fn(W) -> F) -> Outcome<F> {
        Outcome {
            output: word(self.output),
            steps: self.steps,
            max_depth: self.max_depth,
            rows: self.rows,
            tape: self.tape.into_iter().map(word).collect(),
            cells: self.cells,
            hashes: self.hashes,
        }
    }
}

/// The first `steps` instructions of a program, or all of them.
///
/// # Errors
///
/// If the program is shorter, or no straight line.
pub fn cut<F: Word>(
    program: &Program<F>,
    steps: Option<usize>,
) -> Result<&[Instruction<F>], RunError> {
    let instructions = program.instructions();
    let Some(steps) = steps else {
        return Ok(instructions);
    };
    if program.smallest_set().has_control() {
        return Err(RunError::StepsOfLoop);
    }
    instructions.get(..steps).ok_or(RunError::StepsOutOfRange {
        steps,
        instructions: instructions.len(),
    })
}

/// Runs the first `steps` instructions of a program that is given no inputs, or all of it.
///
/// # Errors
///
/// [`RunError`], with the step at which the program fails.
pub fn run<F: Word>(
    program: &Program<F>,
    steps: Option<usize>,
    set: InstructionSet,
) -> Result<Outcome<F>, RunError> {
    Job::new(program, set, &Inputs::none()).cut(steps).run()
}
