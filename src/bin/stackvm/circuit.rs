//! The run that was asked for, and the circuit that has room for it.

use halo2_proofs::halo2curves::bn256::Fr;

use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{
    Binding, CircuitParams, KeySource, KeySourceError, MAX_K, SizeError,
};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::vm::{self, Outcome, RunError, Trace};

use crate::arguments::{CircuitArguments, InfoArguments, SetChoice};
use crate::failure::Failure;
use crate::program_failure::{ProgramFailure, StackWords};
use crate::source::RunRequest;

/// The rows of the largest circuit.
pub fn largest_circuit() -> usize {
    let set = InstructionSet::default();
    CircuitParams::new(MAX_K, set, Binding::default()).map_or(0, |own| own.rows())
}

/// Makes a run and writes down every row, if there is a circuit with room for them.
pub fn trace(request: &RunRequest) -> Result<Trace<Fr>, RunError> {
    request.job().max_rows(largest_circuit()).trace()
}

/// A run that can't be proved.
pub fn unproved(request: &RunRequest, error: RunError, words: StackWords) -> Failure {
    match error {
        // It is not run to its end.
        RunError::TooManyRows { rows, limit } if rows == limit as u64 + 1 => Failure::input(
            "size",
            format!(
                "the run needs more than {limit} rows, its unwinding included, and the largest circuit \
                 (k = {MAX_K}) has no more: if it is without end, `stackvm debug` shows where it is"
            ),
        ),
        RunError::TooManyRows { rows, .. } => {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            Failure::input("size", SizeError::Rows { rows }.to_string())
        }
        error => request.failure(error, words).into(),
    }
}

/// The circuit that was asked for, or the smallest that has room for the run.
pub fn circuit(arguments: &CircuitArguments, trace: &Trace<Fr>) -> Result<CircuitParams, Failure> {
    let binding = arguments.binding.into();
    let smallest = CircuitParams::for_trace(trace, binding)
        .map_err(|error| Failure::input("size", error.to_string()))?;
    match arguments.k {
        Some(k) if k < smallest.k() => {
            let listed = trace.program().stated(trace.set()).len();
            let Outcome { cells, hashes, .. } = trace.outcome();
            let needs = match trace.machine_rows() {
                rows if rows < listed => {
                    format!("the program needs {listed} rows, its end included")
                }
                rows if rows == trace.steps() => {
                    format!("the run needs {rows} rows, its unwinding included")
                }
                rows if rows == *cells => {
                    let last = rows - 1;
                    format!(
                        "the run accesses cells of the memory up to {last}, for which it takes {rows} rows"
                    )
                }
                rows => format!("the run makes {hashes} hashes, for which it takes {rows} rows"),
            };
            Err(Failure::input(
                "size",
                format!(
                    "a circuit of k = {k} is too small: {needs}, and so k = {}",
                    smallest.k(),
                ),
            ))
        }
        Some(k) => CircuitParams::new(k, trace.set(), binding)
            .map_err(|error| Failure::input("size", error.to_string())),
        None => Ok(smallest),
    }
}

/// The key_source of a circuit for a program.
pub fn key_source(circuit: CircuitParams, program: &Program<Fr>) -> Result<KeySource<Fr>, Failure> {
    KeySource::for_program(circuit, program).map_err(|error| match &error {
        KeySourceError::Schedule(run) if !matches!(run, RunError::TooManyRows { .. }) => {
            Failure::Wiring {
                kind: run.kind(),
                step: run.step(),
                message: error.to_string(),
            }
        }
        _ => Failure::input("size", error.to_string()),
    })
}

/// A program cut after so many instructions, if that was asked for.
pub fn cut(program: Program<Fr>, steps: Option<usize>) -> Result<Program<Fr>, Failure> {
    // No instruction fails here.
    let cut = vm::cut(&program, steps).map_err(ProgramFailure::from)?;
    Ok(Program::from(cut.to_vec()))
}

/// The circuit that was asked for.
pub fn stated_circuit(arguments: &InfoArguments) -> Result<CircuitParams, Failure> {
    let set = match arguments.set {
        SetChoice::Given(set) => set,
        SetChoice::StackOrAuto => InstructionSet::STACK,
        SetChoice::Auto => {
            let problem = "--set auto finds the set of a program, and there is none: name a set";
            return Err(Failure::input("usage", problem));
        }
    };
    CircuitParams::new(arguments.k, set, arguments.binding.into())
        .map_err(|error| Failure::input("size", error.to_string()))
}
