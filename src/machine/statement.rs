//! [`Statement`]: what a proof proves, and the instance columns that say so.

use super::{Binding, CircuitParams, LengthError};
use crate::algebra::Word;
use crate::program::{CanonicalProgram, NotCanonical};
use crate::vm::Trace;

/// What a proof proves: that this program, run to its end, gives this output and leaves this public tape.
///
/// A run of only some steps is the run of the program cut after them ([`Program::cut`](crate::program::Program::cut)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<F> {
    /// The program, as the circuit sees it.
    pub program: CanonicalProgram<F>,
    /// The word at the bottom of the stack after it, or 0.
    pub output: F,
    /// The words that the run reads and writes publicly, in order.
    pub tape: Vec<F>,
}

/// Why a statement is none of a circuit's, or none of a key's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The circuit has no room for the program or the public tape.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// The program has instructions that the circuit does not see.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The key holds another program.
    #[error("the key is one of another program, the one with digest {}", hex::encode(.key))]
    OtherProgram {
        /// The digest of the program in the key.
        key: [u8; 32],
    },
    /// The key holds no program, so that one has to be stated.
    #[error("the key holds no program, so that the statement has to have one")]
    NoProgram,
}

impl<F: Word> Statement<F> {
    /// What a trace proves where the verifier is told the program.
    pub fn of(trace: &Trace<F>) -> Self {
        Statement {
            program: trace.program().canonical(trace.set()),
            output: trace.outcome().output,
            tape: trace.outcome().tape.clone(),
        }
    }

    /// The same with what another circuit sees of the program: a key that holds a straight line sees less of its
    /// end.
    pub fn in_circuit(self, circuit: CircuitParams) -> Self {
        let program = self.program.into_canonical(circuit.shape());
        Statement { program, ..self }
    }

    /// The instance columns of a circuit: the opcodes; the output and the arguments; and, if the set has one, the
    /// public tape with a 1 after it. Where the program is fixed, only the output and the tape.
    ///
    /// They are as long as the program and the tape, not as the circuit: halo2 pads them with zeros.
    ///
    /// # Errors
    ///
    /// If the circuit has no room for the program or the tape, or does not see all of the program.
    pub fn instances(&self, circuit: CircuitParams) -> Result<Vec<Vec<F>>, StatementError> {
        instances(Some(&self.program), self.output, &self.tape, circuit)
    }
}

/// The instance columns where the program is fixed: the output and, if the set has one, the public tape.
///
/// # Errors
///
/// If the circuit has no room for the tape, or its binding is another.
pub fn outcome_instances<F: Word>(
    output: F,
    tape: &[F],
    circuit: CircuitParams,
) -> Result<Vec<Vec<F>>, StatementError> {
    instances(None, output, tape, circuit)
}

/// The instance columns of a statement; where the program is fixed, it may be left out.
pub(crate) fn instances<F: Word>(
    program: Option<&CanonicalProgram<F>>,
    output: F,
    tape: &[F],
    circuit: CircuitParams,
) -> Result<Vec<Vec<F>>, StatementError> {
    let machine = circuit.machine();
    if let Some(program) = program {
        program.check(circuit.set())?;
        machine.check_program(program.len())?;
    }
    let tape = machine.tape_column(tape)?;
    let mut columns: Vec<_> = std::iter::once(vec![output]).chain(tape).collect();
    if circuit.binding() != Binding::Fixed {
        let program = program.ok_or(StatementError::NoProgram)?;
        let [opcodes, arguments] = machine.program_columns(program)?;
        columns[0].extend(arguments);
        columns.insert(0, opcodes);
    }
    Ok(columns)
}
