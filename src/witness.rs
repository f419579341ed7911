//! [`Witness`]: a trace laid out in the machine's columns, as plain data.
//!
//! Synthesis only copies a witness into the circuit, so whoever wants to forge a cell changes it here.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;

use crate::algebra::{Word, batch_invert};
use crate::frame::{Challenges, Constraint, OutputBinding, Source, Window};
use crate::isa::{InstructionSet, Opcode};
use crate::machine::{LengthError, MachineParams, tape_column};
use crate::program::Program;
use crate::row::{Row, Shape};
use crate::sum::{self, Stated};
use crate::vm::{Step, Trace, TraceRow};

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
    /// The witness was laid out for a machine whose program is, or is not, fixed in its key.
    #[error("the witness is one of a machine whose program is bound in another way")]
    WrongShape,
    /// The run is one of another program than the one in the key.
    #[error("the run is one of another program than the one that the key holds")]
    WrongProgram,
    /// The machine has no room for the program or the public tape that are stated.
    #[error(transparent)]
    Length(#[from] LengthError),
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

/// The values of the machine's columns, from its first row to its last.
///
/// Its [`Debug`](fmt::Debug) form shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Witness<F> {
    shape: Shape,
    columns: Row<Vec<F>>,
    /// The program as a circuit is told it.
    listing: Vec<(F, F)>,
    /// The public tape and its end.
    tape: Vec<F>,
}

impl<F> fmt::Debug for Witness<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness")
            .field("shape", &self.shape)
            .field("rows", &self.columns.top().len().saturating_sub(1))
            .finish_non_exhaustive()
    }
}

/// A row of a trace as its step computes with it.
struct Executed<F> {
    opcode: Opcode,
    stack: [F; InstructionSet::MAX_WINDOW],
    argument: F,
    step: Step<F>,
}

impl<F: Word> Executed<F> {
    fn new(row: &TraceRow<F>, opcode: Opcode, next: Option<&TraceRow<F>>) -> Self {
        let mut stack = row.window;
        stack.reverse();
        // What comes from a tape is what then stands on top.
        let word = match next {
            Some(next) if opcode.takes_word() => next.window[0],
            _ => F::zero(),
        };
        let step = Step::of(opcode, &stack, row.argument, word, row.pc as usize);
        Executed {
            opcode,
            stack,
            argument: row.argument,
            step,
        }
    }
}

impl<F: Word> Witness<F> {
    /// Lays a trace out in a machine of `rows` steps that may run any program; what it does not need is idle.
    /// The second-phase columns are empty.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TooFewRows`] if the trace is longer.
    pub fn new(trace: &Trace<F>, rows: usize) -> Result<Self, WitnessError> {
        Self::of_shape(trace, rows, trace.set().into())
    }

    /// The same in a machine of a given shape.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TooFewRows`] if the trace is longer, [`WitnessError::WrongSet`] if it is one of another
    /// set.
    pub fn of_shape(trace: &Trace<F>, rows: usize, shape: Shape) -> Result<Self, WitnessError> {
        if trace.set() != shape.set {
            return Err(WitnessError::WrongSet {
                run: trace.set(),
                circuit: shape.set,
            });
        }
        let Some(idle) = rows.checked_sub(trace.steps()) else {
            return Err(WitnessError::TooFewRows {
                needed: trace.steps(),
                rows,
            });
        };
        let mut columns = Row::new(shape, |_| Vec::with_capacity(rows + 1));
        let bit = |bit: bool| if bit { F::one() } else { F::zero() };
        let run = trace.rows();
        let executed = |i: usize| match run.get(i) {
            Some(row) if i < trace.steps() => Executed::new(row, row.opcode, run.get(i + 1)),
            // The run is over: the row before it idles.
            _ => Executed::new(&run[trace.steps()], Opcode::IDLE, None),
        };
        let mut inverses = match columns.cofactor.is_some() && shape.set.has_hint() {
            true => {
                let steps = (0..trace.steps()).map(executed);
                let hinted = steps.filter(|own| own.step.is_hinted());
                let mut factors: Vec<F> = hinted.map(|own| own.step.factor).collect();
                batch_invert(&mut factors);
                factors.into_iter()
            }
            false => vec![].into_iter(),
        };
        let padding = run.last().into_iter().cycle().take(idle);
        let mut uses = vec![0u64; rows];
        for (i, row) in run.iter().chain(padding).enumerate() {
            for (column, word) in columns.words.iter_mut().zip(row.window) {
                column.push(word);
            }
            columns.link.push(F::constant(row.link.into()));
            for (column, least) in columns.present.iter_mut().zip(0..) {
                column.push(bit(row.depth > least));
            }
            // What is executed is what is given, but that the machine idles on a halt.
            let executed = executed(i);
            let given = match i < trace.steps() {
                true => row.opcode,
                false => Opcode::Halt,
            };
            if let Some(fetch) = &mut columns.fetch {
                fetch.pc.push(F::constant(row.pc.into()));
                fetch.opcode.push(F::constant(given.encoded()));
                fetch.argument.push(row.argument);
                if let Some(uses) = uses.get_mut(row.pc as usize) {
                    *uses += 1;
                }
            }
            if i == rows {
                // The final state: there is no step.
                break;
            }
            for (opcode, flag) in &mut columns.flags {
                flag.push(bit(*opcode == shape.flag_of(executed.opcode)));
            }
            let Executed {
                opcode,
                stack,
                argument,
                step,
            } = executed;
            let hint = step
                .is_hinted()
                .then(|| F::zero() - inverses.next().unwrap_or(F::zero()));
            let cofactor = match columns.factor {
                // Only a hint stands in a column of its own.
                None => hint.unwrap_or(F::zero()),
                Some(_) => hint.unwrap_or(step.cofactor),
            };
            let [factor_test, cofactor_test, _] = step.tests(opcode, &stack, argument, cofactor);
            let products = [
                (&mut columns.factor, step.factor),
                (&mut columns.cofactor, cofactor),
                (&mut columns.factor_test, factor_test),
                (&mut columns.cofactor_test, cofactor_test),
            ];
            for (column, value) in products {
                column.iter_mut().for_each(|column| column.push(value));
            }
            if let Some(fetch) = &mut columns.fetch {
                fetch.jumps.push(bit(step.jumps));
            }
        }
        if let Some(fetch) = &mut columns.fetch {
            fetch.uses = uses.into_iter().map(F::constant).collect();
        }
        Ok(Witness {
            shape,
            columns,
            listing: trace.program().stated(shape.set),
            tape: tape_column(&trace.outcome().tape),
        })
    }

    /// The machine for which the witness is laid out.
    pub fn shape(&self) -> Shape {
        self.shape
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
        let stated = Stated {
            output,
            listing: &self.listing,
            tape: &self.tape,
        };
        sum::fill(&mut self.columns, challenges, stated);
    }

    /// Checks every constraint on every row, against the program whose run this is, its output, and the public
    /// tape.
    ///
    /// # Errors
    ///
    /// [`WitnessError::Unsatisfied`] with the first constraint that does not hold, [`WitnessError::Length`] if
    /// the machine has no room for the program or the tape.
    pub fn check(&self, program: &Program<F>, output: F, tape: &[F]) -> Result<(), WitnessError> {
        let machine = MachineParams {
            rows: self.rows(),
            set: self.shape.set,
        };
        machine.check_program(program.len())?;
        machine.check_tape(tape.len())?;
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
            delta: word(0xb7),
            rho: word(0xd9),
        };
        let mut witness = Witness {
            listing: program.stated(self.shape.set),
            tape: tape_column(tape),
            ..self.clone()
        };
        witness.fill(&challenges, Some(output));
        const CHUNK: usize = 256;
        let starts = (0..=self.rows()).step_by(CHUNK).collect::<Vec<_>>();
        let violation = starts.into_par_iter().find_map_first(|start| {
            let rows = start..(start + CHUNK).min(self.rows() + 1);
            witness.violation(rows, output, challenges)
        });
        match violation {
            Some(violation) => Err(violation),
            None => Ok(()),
        }
    }

    /// The first constraint that does not hold on some rows.
    fn violation(
        &self,
        checked: Range<usize>,
        output: F,
        challenges: Challenges<F>,
    ) -> Option<WitnessError> {
        let rows = self.rows();
        let at = |i: usize| {
            self.columns
                .map(|_, column| column.get(i).copied().unwrap_or(F::zero()))
        };
        let fixed = |i: usize, value: u64| F::constant(if i <= rows { value } else { 0 });
        let nothing = (F::zero(), F::zero());
        let mut window = Window {
            shape: self.shape,
            rows: F::constant(rows as u64),
            row: at(checked.start),
            next: at(checked.start),
            index: [F::zero(); 2],
            follows: [F::zero(); 2],
            source: Source::Wired {
                argument: F::zero(),
            },
            tape: None,
            output: OutputBinding::Bound(output),
            challenges,
        };
        for i in checked {
            let next = at(i + 1);
            // It starts as the first of the rows.
            window.row = std::mem::replace(&mut window.next, next);
            window.index = [fixed(i, i as u64), fixed(i + 1, i as u64 + 1)];
            window.follows = [fixed(i, u64::from(i > 0)), fixed(i + 1, 1)];
            let (opcode, argument) = self.listing.get(i).copied().unwrap_or(nothing);
            let argument = match self.shape.wired && i == rows {
                true => F::constant(u64::from(self.columns.link[rows] != F::zero())),
                false => argument,
            };
            window.source = Source::of(self.shape, opcode, argument, None);
            window.tape = Some(self.tape.get(i).copied().unwrap_or(F::zero()));
            for gate in sum::gates(&window) {
                let broken = |own: &&Constraint<F>| own.polynomial != F::zero();
                if let Some(constraint) = gate.constraints.iter().find(broken) {
                    return Some(WitnessError::Unsatisfied {
                        row: i,
                        gate: gate.name,
                        constraint: constraint.name,
                    });
                }
            }
        }
        None
    }
}
