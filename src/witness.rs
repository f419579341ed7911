//! [`Witness`]: a trace laid out in the machine's columns, as plain data.
//!
//! Synthesis only copies a witness into the circuit, so whoever wants to forge a cell changes it here.

use std::fmt;

use rayon::prelude::*;

use crate::algebra::Word;
use crate::frame::{Challenges, Constraint, OutputBinding, Source, Window};
use crate::isa::{InstructionSet, Opcode};
use crate::program::Program;
use crate::row::Row;
use crate::sum;
use crate::vm::{Step, Trace};

/// Why a witness can't be made, or is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The machine has fewer rows than the run needs.
    #[error("the run needs {needed} rows, its unwinding included, but the machine has {rows}")]
    TooFewRows {
        /// The rows that the run needs.
        needed: usize,
        /// The rows of the machine.
        rows: usize,
    },
    /// The witness was laid out for a machine of another size.
    #[error("the witness is one of a machine of {witness} rows, but the machine has {rows}")]
    WrongSize {
        /// The rows for which the witness was laid out.
        witness: usize,
        /// The rows of the machine.
        rows: usize,
    },
    /// The run uses an instruction set that the circuit does not have.
    #[error("the run is one of the instruction set `{run}`, but the circuit has `{circuit}`")]
    WrongSet {
        /// The instruction set of the run.
        run: InstructionSet,
        /// The instruction set of the circuit.
        circuit: InstructionSet,
    },
    /// A constraint does not hold.
    #[error("row {row}: the constraint \"{constraint}\" of the gate \"{gate}\" does not hold")]
    Unsatisfied {
        /// The row of the machine.
        row: usize,
        /// The gate.
        gate: &'static str,
        /// The constraint.
        constraint: &'static str,
    },
}

/// The values of the machine's advice columns, from its first row to its last.
///
/// Its [`Debug`](fmt::Debug) form shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Witness<F> {
    set: InstructionSet,
    columns: Row<Vec<F>>,
}

impl<F> fmt::Debug for Witness<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness")
            .field("set", &self.set)
            .field("rows", &self.columns.top().len().saturating_sub(1))
            .finish_non_exhaustive()
    }
}

impl<F: Word> Witness<F> {
    /// Lays a trace out in a machine of `rows` steps; what it does not need is idle. The second-phase
    /// columns are empty.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TooFewRows`] if the trace is longer.
    pub fn new(trace: &Trace<F>, rows: usize) -> Result<Self, WitnessError> {
        let Some(idle) = rows.checked_sub(trace.steps()) else {
            return Err(WitnessError::TooFewRows {
                needed: trace.steps(),
                rows,
            });
        };
        let set = trace.set();
        let mut columns = Row::new(set, |_| Vec::with_capacity(rows + 1));
        let bit = |bit: bool| if bit { F::one() } else { F::zero() };
        let run = trace.rows().iter();
        let padding = trace.rows().last().into_iter().cycle().take(idle);
        for (i, row) in run.chain(padding).enumerate() {
            for (column, word) in columns.words.iter_mut().zip(row.window) {
                column.push(word);
            }
            columns.link.push(F::constant(row.link.into()));
            for (column, least) in columns.present.iter_mut().zip(0..) {
                column.push(bit(row.depth > least));
            }
            if i == rows {
                // The final state: there is no step.
                break;
            }
            let executed = match i < trace.steps() {
                true => row.opcode,
                false => Opcode::IDLE,
            };
            for (opcode, flag) in &mut columns.flags {
                flag.push(bit(*opcode == executed));
            }
            let mut stack = row.window;
            stack.reverse();
            let step = Step::of(executed, &stack, row.argument);
            let [factor_test, cofactor_test, _] = step.tests(executed, &stack, row.argument);
            let products = [
                (&mut columns.factor, step.factor),
                (&mut columns.cofactor, step.cofactor),
                (&mut columns.factor_test, factor_test),
                (&mut columns.cofactor_test, cofactor_test),
            ];
            for (column, value) in products {
                column.iter_mut().for_each(|column| column.push(value));
            }
        }
        Ok(Witness { set, columns })
    }

    /// The instruction set.
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// The number of steps of the machine.
    pub fn rows(&self) -> usize {
        self.columns.top().len().saturating_sub(1)
    }

    /// The columns, each with an entry for every step and, if it tells of the state
    /// ([`Cell::is_of_step`](crate::row::Cell::is_of_step)), one for the final one; those of the second
    /// phase are empty until [`Witness::fill`].
    pub fn columns(&self) -> &Row<Vec<F>> {
        &self.columns
    }

    /// The columns, to be forged.
    pub fn columns_mut(&mut self) -> &mut Row<Vec<F>> {
        &mut self.columns
    }

    /// Fills the second-phase columns.
    pub fn fill(&mut self, challenges: &Challenges<F>, output: Option<F>) {
        sum::fill(&mut self.columns, challenges, output);
    }

    /// Checks every constraint on every row, against the program whose run this is and its output.
    ///
    /// # Errors
    ///
    /// [`WitnessError::Unsatisfied`] with the first constraint that does not hold.
    pub fn check(&self, program: &Program<F>, output: F) -> Result<(), WitnessError> {
        // Any challenges serve an honest witness; these are no small numbers, so that
        // an accidental zero of a denominator is out of the question.
        let word = |byte| {
            let mut bytes = [byte; 32];
            bytes[31] = 0;
            F::from_le_bytes(&bytes).unwrap_or(F::one())
        };
        let challenges = Challenges {
            alpha: word(0x51),
            gamma: word(0x73),
            beta: word(0x95),
        };
        let mut witness = self.clone();
        witness.fill(&challenges, Some(output));
        let violation = (0..=self.rows())
            .into_par_iter()
            .find_map_first(|i| witness.violation(i, program, output, challenges));
        match violation {
            Some(violation) => Err(violation),
            None => Ok(()),
        }
    }

    /// The first constraint that does not hold on row `i`.
    fn violation(
        &self,
        i: usize,
        program: &Program<F>,
        output: F,
        challenges: Challenges<F>,
    ) -> Option<WitnessError> {
        let rows = self.rows();
        let at = |i: usize| {
            self.columns
                .map(|_, column| column.get(i).copied().unwrap_or(F::zero()))
        };
        let fixed = |i: usize, value: u64| F::constant(if i <= rows { value } else { 0 });
        let instruction = program.instructions().get(i);
        let window = Window {
            set: self.set,
            rows: F::constant(rows as u64),
            row: at(i),
            next: at(i + 1),
            index: [fixed(i, i as u64), fixed(i + 1, i as u64 + 1)],
            follows: [fixed(i, u64::from(i > 0)), fixed(i + 1, 1)],
            source: Source {
                opcode: instruction.map_or(F::constant(Opcode::Halt.encoded()), |own| {
                    F::constant(own.opcode) + F::one()
                }),
                argument: instruction.map_or(F::zero(), |own| own.argument),
                next_opcode: None,
            },
            output: OutputBinding::Bound(output),
            challenges,
        };
        sum::gates(&window).iter().find_map(|gate| {
            let broken = |constraint: &&Constraint<F>| constraint.polynomial != F::zero();
            let constraint = gate.constraints.iter().find(broken)?;
            Some(WitnessError::Unsatisfied {
                row: i,
                gate: gate.name,
                constraint: constraint.name,
            })
        })
    }
}
