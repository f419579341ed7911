//! [`Witness`]: a trace laid out in the machine's columns, as plain data.
//!
//! Synthesis only copies a witness into the circuit, so whoever wants to forge a cell changes it here.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use rayon::prelude::*;

use super::hash::Permutations;
use super::{
    Challenges, Columns, Event, Executed, LengthError, MachineParams, PublicInputs, Shape, Walk,
    fill_row, fill_second_phase, gates, tape_column,
};
use crate::air::Constraint;
use crate::algebra::{Word, batch_invert};
use crate::isa::{InstructionSet, Opcode};
use crate::program::Program;
use crate::vm::Trace;

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
    /// The machine has no such cell in its memory.
    #[error(
        "the run accesses the memory's cell {}, but the machine has one for each of its {rows} rows alone",
        .cells.saturating_sub(1)
    )]
    TooFewCells {
        /// The cells that the run needs.
        cells: usize,
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
    /// The machine has no room for the run's hashes, or for the program or the public tape that are stated.
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
        constraint: Cow<'static, str>,
    },
}

/// The values of the machine's columns, from its first row to its last.
///
/// Its [`Debug`](fmt::Debug) form shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Witness<F> {
    shape: Shape,
    columns: Columns<Vec<F>>,
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

impl<F: Word> Witness<F> {
    /// Lays a trace out in a machine of `rows` steps that may run any program; what it does not need is idle.
    /// The second-phase columns are empty.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TooFewRows`] if the trace is longer, [`WitnessError::TooFewCells`] if it accesses a cell that the
    /// machine has not, [`LengthError::Hashes`] if it makes more hashes than the machine has room for.
    pub fn new(trace: &Trace<F>, rows: usize) -> Result<Self, WitnessError> {
        Self::of_shape(trace, rows, trace.set().into())
    }

    /// The same in a machine of a given shape.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TooFewRows`] if the trace is longer, [`WitnessError::TooFewCells`] if it accesses a cell that the
    /// machine has not, [`LengthError::Hashes`] if it makes more hashes than there is room for, [`WitnessError::WrongSet`] if it is one of
    /// another set.
    pub fn of_shape(trace: &Trace<F>, rows: usize, shape: Shape) -> Result<Self, WitnessError> {
        if trace.set() != shape.set {
            return Err(WitnessError::WrongSet {
                run: trace.set(),
                circuit: shape.set,
            });
        }
        let shape = shape.of_rows(rows);
        let steps = trace.steps();
        if rows < steps {
            return Err(WitnessError::TooFewRows {
                needed: steps,
                rows,
            });
        }
        let cells = trace.outcome().cells;
        if rows < cells {
            return Err(WitnessError::TooFewCells { cells, rows });
        }
        let set = shape.set;
        MachineParams { rows, set }.check_hashes(trace.outcome().hashes)?;
        let hashes: Vec<_> = trace.hashes().collect();
        let mut permutations = Permutations::default();
        let mut columns = Columns::new(shape, |_| Vec::with_capacity(rows + 1));
        let run = trace.rows();
        let executed = |number: usize| match run.get(number) {
            Some(row) if number < steps => Executed::new(row, row.opcode, run.get(number + 1)),
            // The run is over: the row before it idles.
            _ => Executed::new(&run[steps], Opcode::IDLE, None),
        };
        let mut inverses = match columns.cofactor.is_some() && shape.set.has_hint() {
            true => {
                let hinted = (0..steps).map(executed).filter(|own| own.step.is_hinted());
                let mut factors: Vec<F> = hinted.map(|own| own.step.factor).collect();
                batch_invert(&mut factors);
                factors
            }
            false => vec![],
        }
        .into_iter();
        for number in 0..=rows {
            // What is executed is what is given, but that the machine idles on a halt.
            let row = &run[number.min(steps)];
            let executed = (number < rows).then(|| {
                let executed = executed(number);
                let hint = match executed.step.is_hinted() {
                    true => Some(F::zero() - inverses.next().unwrap_or(F::zero())),
                    false => None,
                };
                executed.with_hint(hint, shape)
            });
            permutations.go_to(number, &hashes);
            let event = Event {
                shape,
                rows,
                row,
                given: match number < steps {
                    true => row.opcode,
                    false => Opcode::Halt,
                },
                executed,
                memory: trace.memory(),
                permutations: &permutations,
            };
            fill_row(&event, &mut columns);
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
    /// ([`Extent::State`](super::Extent::State)), one for the final one; those of the second
    /// phase are empty until [`Witness::fill`].
    pub fn columns(&self) -> &Columns<Vec<F>> {
        &self.columns
    }

    /// The columns, to be forged.
    pub fn columns_mut(&mut self) -> &mut Columns<Vec<F>> {
        &mut self.columns
    }

    /// Fills the second-phase columns.
    pub fn fill(&mut self, challenges: &Challenges<F>, output: Option<F>) {
        let inputs = PublicInputs {
            output,
            listing: &self.listing,
            tape: &self.tape,
        };
        fill_second_phase(self.shape, &mut self.columns, challenges, inputs);
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
            epsilon: word(0xfb),
            zeta: word(0x1d),
            eta: word(0x3f),
            theta: word(0x61),
        };
        let mut witness = Witness {
            listing: program.stated(self.shape.set),
            tape: tape_column(tape),
            ..self.clone()
        };
        witness.fill(&challenges, Some(output));
        let walk = Walk {
            shape: self.shape,
            columns: &witness.columns,
            challenges,
            inputs: PublicInputs {
                output: Some(output),
                listing: &witness.listing,
                tape: &witness.tape,
            },
        };
        const CHUNK: usize = 256;
        let starts = (0..=self.rows()).step_by(CHUNK).collect::<Vec<_>>();
        let violation = starts.into_par_iter().find_map_first(|start| {
            let end = (start + CHUNK).min(self.rows() + 1);
            violation(&walk, start..end)
        });
        match violation {
            Some(violation) => Err(violation),
            None => Ok(()),
        }
    }
}

/// The first constraint that does not hold on some rows.
fn violation<F: Word>(walk: &Walk<'_, F>, rows: Range<usize>) -> Option<WitnessError> {
    let mut window = walk.window(rows.start);
    for row in rows.clone() {
        if row > rows.start {
            window.advance(&walk.row(row));
        }
        for gate in gates(&window) {
            let broken = |own: &Constraint<F>| own.polynomial != F::zero();
            if let Some(constraint) = gate.constraints.into_iter().find(broken) {
                return Some(WitnessError::Unsatisfied {
                    row,
                    gate: gate.name,
                    constraint: constraint.name,
                });
            }
        }
    }
    None
}
