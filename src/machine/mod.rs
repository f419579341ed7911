//! The machine as data, whatever proves it: its size, its columns, its parts, and what is on its rows.
//!
//! This file is the list of its parts. A part is a file with the columns, the gates, the interactions and the argument of one
//! concern; what is here puts them together.

mod circuit_params;
mod columns;
mod core;
mod frame;
pub mod hash;
mod key_source;
pub mod manual;
pub mod memory;
mod params;
pub mod program;
mod schedule;
pub mod stack;
mod statement;
pub mod tape;
mod walk;
pub mod window;
mod witness;
pub mod words;

pub use crate::isa::Shape;
pub use circuit_params::{Binding, CircuitParams, MAX_K, MIN_K, SizeError};
pub use columns::{Cells, Column, Columns, Extent, Fetch, Phase, TapeFold};
pub use key_source::{KeySource, KeySourceError};
pub use params::{LengthError, MachineParams, tape_column};
pub use schedule::Schedule;
pub(crate) use statement::instances;
pub use statement::{Statement, StatementError, outcome_instances};
pub use walk::{PublicInputs, fill_second_phase};
pub use window::{Challenges, Given, Output, Reader, Window};
pub use witness::{Witness, WitnessError};

use walk::Walk;

use crate::air::logup::{Carry, LogUp};
use crate::air::{Bus, Gate, Interaction};
use crate::algebra::{Algebra, Word};
use crate::isa::{InstructionSet, Opcode};
use crate::vm::{Cell, Start, Step, TraceRow};

/// A concern of the machine.
trait Part {
    /// The bus on which its rows send and receive.
    const BUS: Option<&'static Bus> = None;
    /// Whether its interactions end the sum, which carries the output.
    const ENDS_SUM: bool = false;

    /// What must hold on every row, the interactions left out.
    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>>;

    /// What a row sends and receives, in the same order on every row.
    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let _ = (window, emit);
    }

    /// Fills its columns of the first phase on a row.
    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let _ = (event, columns);
    }

    /// Its columns of the second phase that are no fractions.
    fn fold<F: Word>(walk: &Walk<'_, F>) -> Vec<(Column, Vec<F>)> {
        let _ = walk;
        vec![]
    }
}

macro_rules! parts {
    ($($part:ty),+ $(,)?) => {
        /// All gates of a machine, in the order in which a circuit has them.
        pub fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
            let sum = logup(window);
            let mut gates = vec![];
            $(
                gates.extend(<$part>::gates(window));
                if let Some(bus) = <$part>::BUS {
                    gates.extend(Some(sum.gate(bus)).filter(|own| !own.constraints.is_empty()));
                }
                if <$part>::ENDS_SUM {
                    gates.push(sum.boundaries(&carry(window)));
                }
            )+
            gates
        }

        /// All that a row sends and receives.
        pub fn interactions<A: Algebra>(
            window: &Window<A>,
            emit: &mut dyn FnMut(Interaction<A, Column>),
        ) {
            $(<$part>::interactions(window, emit);)+
        }

        /// Fills all columns of the first phase on a row.
        fn fill_row<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
            $(<$part>::fill(event, columns);)+
        }

        /// All columns of the second phase that are no fractions.
        fn folds<F: Word>(walk: &Walk<'_, F>) -> Vec<(Column, Vec<F>)> {
            let mut all = vec![];
            $(all.extend(<$part>::fold(walk));)+
            all
        }
    };
}

parts![
    core::Core,
    stack::Stack,
    program::Program,
    tape::Tape,
    words::Words,
    memory::Memory,
    memory::Ages,
    frame::Frame,
    hash::Hashes,
];

/// The gates of the interactions.
pub fn logup<A: Algebra>(window: &Window<A>) -> LogUp<A, Column> {
    let mut all = vec![];
    interactions(window, &mut |own| all.push(own));
    let sum = [&window.row, &window.next].map(|columns| columns.sum.clone());
    LogUp::new(window.selectors(), sum, all)
}

/// What the sum carries: the output, from the last row to the first.
pub fn carry<A: Algebra>(window: &Window<A>) -> Carry<A> {
    let beta = &window.challenges.beta;
    Carry {
        names: [
            "the sum starts as beta * output",
            "the sum ends as beta * top less the bottom word's cell",
        ],
        ends: match &window.output {
            Output::Bound(output) => {
                let top = window.row.top().clone();
                Some([beta.clone() * output.clone(), beta.clone() * top])
            }
            Output::Open => None,
        },
    }
}

/// Counts one more in the row `place` of a column of so many rows; what is no row of it is not counted.
fn count<F: Word>(column: &mut Vec<F>, rows: usize, place: usize) {
    if column.is_empty() {
        *column = vec![F::zero(); rows];
    }
    if let Some(count) = column.get_mut(place) {
        *count = *count + F::one();
    }
}

fn bit<F: Word>(bit: bool) -> F {
    if bit { F::one() } else { F::zero() }
}

/// What happens on a row of a run, from which the parts fill their columns.
struct Event<'a, F> {
    shape: Shape,
    /// The number of steps of the machine.
    rows: usize,
    /// The state before the step.
    row: &'a TraceRow<F>,
    /// The instruction that the row is given.
    given: Opcode,
    /// The step; none on the final row.
    executed: Option<Executed<F>>,
    /// The cells of the memory that the run accesses, by their addresses, as they are in the end.
    memory: &'a [(u32, Cell<F>)],
    /// The permutations of its hashes.
    permutations: &'a hash::Permutations<F>,
}

/// A step as it computes.
struct Executed<F> {
    opcode: Opcode,
    step: Step<F>,
    /// The cofactor's column: where products need no columns, only a hint stands in one.
    cofactor: F,
    /// The tests of the factor and of the cofactor, and what must be zero.
    tests: [F; 3],
    stack: [F; InstructionSet::MAX_WINDOW],
    argument: F,
}

impl<F: Word> Executed<F> {
    /// The step of a row that executes this instruction; `next` is the row after it.
    fn new(row: &TraceRow<F>, opcode: Opcode, next: Option<&TraceRow<F>>) -> Self {
        // What comes from a tape, and a hash, is what then stands on top.
        let word = match next {
            Some(next) if opcode.top_is_given() => next.window[0],
            _ => F::zero(),
        };
        let stack = row.window;
        let start = Start {
            stack,
            argument: row.argument,
            word,
            pc: row.pc as usize,
            frame: row.frame,
        };
        Executed {
            opcode,
            step: Step::of_any(opcode, start, &mut |_| row.old),
            cofactor: F::zero(),
            tests: [F::zero(); 3],
            stack,
            argument: row.argument,
        }
    }

    /// The same with what depends on the hint, if the step has one.
    fn with_hint(self, hint: Option<F>, shape: Shape) -> Self {
        let cofactor = match shape.straight {
            true => hint.unwrap_or(F::zero()),
            false => hint.unwrap_or(self.step.cofactor),
        };
        let (stack, argument) = (self.stack, self.argument);
        Executed {
            cofactor,
            tests: self.step.tests(&self.opcode, stack, argument, cofactor),
            ..self
        }
    }
}
