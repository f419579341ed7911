//! `stackvm check`.

use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::json;

use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::machine::Statement;
use halo2_stack_vm::proof::Cost;
use halo2_stack_vm::vm::{RunError, Trace};

use crate::Report;
use crate::arguments::CheckArguments;
use crate::circuit::{circuit, key_source, largest_circuit, trace, unproved};
use crate::failure::{Failure, Unsatisfied};
use crate::program_failure::StackWords;
use crate::progress::Progress;
use crate::source::RunRequest;
use crate::text::{decimal, decimals, tape_line};

/// How many steps a run may go on after one that fails, to show which constraint rejects it.
const STEPS_PAST_FAILURE: usize = 1 << 16;

/// The run that goes on where the program fails, if it is one that a circuit can reject: not if it is without
/// end, or lacks words, or has words left.
fn trace_past_failure(request: &RunRequest, error: &RunError) -> Option<Trace<Fr>> {
    let step = match error {
        RunError::StackUnderflow { step, .. }
        | RunError::Fault { step, .. }
        | RunError::InvalidOpcode { step, .. }
        | RunError::OutsideProgram { step, .. } => *step,
        _ => return None,
    };
    // It unwinds a word for each step at most.
    let rows = 2 * step.saturating_add(STEPS_PAST_FAILURE);
    let job = request.job().max_rows(rows.min(largest_circuit()));
    job.trace_past_failure().ok()
}

pub fn check(arguments: &CheckArguments) -> Result<Report, Failure> {
    let request = RunRequest::read(&arguments.program, false)?;
    let (trace, failed) = match trace(&request) {
        Ok(trace) => (trace, None),
        Err(error) => match trace_past_failure(&request, &error) {
            Some(trace) => (trace, Some(error)),
            None => return Err(unproved(&request, error, StackWords::Shown)),
        },
    };
    let failure = |error: RunError| request.failure(error, StackWords::Shown);
    let made = circuit(&arguments.circuit, &trace)
        .and_then(|params| Ok((params, key_source(params, trace.program())?)));
    let (params, key_source) = match (made, &failed) {
        (Ok(made), _) => made,
        // That the program fails is what there is to say.
        (Err(_), Some(error)) => return Err(failure(error.clone()).into()),
        (Err(failure), None) => return Err(failure),
    };
    let mut statement = Statement::of(&trace);
    if let Some(output) = &arguments.output {
        statement.output = asm::parse_word(output)
            .map_err(|error| Failure::input("usage", format!("--output: {error}")))?;
    }
    let progress = Progress::new();
    progress.phase(format!("checking 2^{} rows", params.k()));
    let internal = |error: String| Failure::input("internal", error);
    let circuit = StackVmCircuit::new(key_source, &trace).map_err(|e| internal(e.to_string()))?;
    let instances = statement
        .instances(params)
        .map_err(|error| internal(error.to_string()))?;
    let mock = MockProver::run(params.k(), &circuit, instances)
        .map_err(|error| internal(error.to_string()))?;
    let verdict = mock.verify();
    drop(progress);
    match (verdict, failed) {
        (Ok(()), None) => {
            let cost = Cost::of(params);
            Ok(Report {
                text: format!(
                    "all {} constraints hold on all 2^{} rows; the output is {}{}",
                    cost.constraints,
                    params.k(),
                    decimal(statement.output),
                    tape_line(&statement.tape),
                ),
                json: json!({
                    "satisfied": true,
                    "k": params.k(),
                    "constraints": cost.constraints,
                    "output": decimal(statement.output),
                    "tape": decimals(&statement.tape),
                }),
            })
        }
        (Ok(()), Some(error)) => Err(internal(format!(
            "the program fails ({error}), but the circuit accepts a run of it: this is a hole in \
             the circuit, please report it"
        ))),
        (Err(failures), Some(error)) => Err(failure(error).rejected_by(violated(&failures)).into()),
        (Err(failures), None) => Err(Failure::Unsatisfied(Unsatisfied {
            output: decimal(trace.outcome().output),
            stated: decimal(statement.output),
            rejected_by: violated(&failures),
        })),
    }
}

/// Each violated constraint once, with the first row on which it does not hold.
fn violated(failures: &[VerifyFailure]) -> Vec<String> {
    let mut names: Vec<(String, String)> = vec![];
    for failure in failures {
        let (name, place) = match failure {
            VerifyFailure::ConstraintNotSatisfied {
                constraint,
                location,
                ..
            } => (constraint.to_string(), location.to_string()),
            other => (other.to_string(), String::new()),
        };
        if names.iter().all(|(known, _)| *known != name) {
            names.push((name, place));
        }
    }
    names
        .into_iter()
        .map(|(name, place)| format!("{name} {place}").trim_end().to_string())
        .collect()
}
