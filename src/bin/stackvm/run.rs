//! `stackvm run`.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::vm::{Outcome, RunError};

use crate::Report;
use crate::arguments::RunArguments;
use crate::failure::Failure;
use crate::program_failure::StackWords;
use crate::source::RunRequest;
use crate::table::{Align, table};
use crate::text::{counted, decimal, decimals, tape_line};

/// The most rows of which `run --trace` prints every step.
const MAX_TRACE_ROWS: usize = 1 << 20;

pub fn run(arguments: &RunArguments, as_json: bool) -> Result<Report, Failure> {
    let request = RunRequest::read(&arguments.program, false)?;
    let result = match arguments.trace {
        false => request.job().run(),
        true => short_run(&request)?,
    };
    let trace = || match arguments.trace {
        false => Report {
            text: String::new(),
            json: json!({}),
        },
        true => trace(&request, as_json),
    };
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => {
            let failure = request.failure(error, StackWords::Shown);
            return Err(match arguments.trace {
                false => failure.into(),
                true => failure.with_report(trace()).into(),
            });
        }
    };
    let Report { mut text, mut json } = trace();
    json["output"] = decimal(outcome.output).into();
    json["steps"] = outcome.steps.into();
    json["max_depth"] = outcome.max_depth.into();
    json["rows"] = outcome.rows.into();
    json["tape"] = decimals(&outcome.tape);
    let memory = match outcome.cells.checked_sub(1) {
        Some(last) => {
            json["cells"] = outcome.cells.into();
            format!(", cells of the memory up to {last}")
        }
        None => String::new(),
    };
    let hashes = match outcome.hashes {
        0 => String::new(),
        hashes => {
            json["hashes"] = hashes.into();
            format!(", {hashes} hash{}", if hashes == 1 { "" } else { "es" })
        }
    };
    text += &format!(
        "output {}\n{}, at most {} on the stack{memory}{hashes}{}",
        decimal(outcome.output),
        counted(outcome.steps, "step"),
        counted(outcome.max_depth, "word"),
        tape_line(&outcome.tape),
    );
    Ok(Report { text, json })
}

/// What a run gives whose steps are to be shown.
fn short_run(request: &RunRequest) -> Result<Result<Outcome<Fr>, RunError>, Failure> {
    const LIMIT: u64 = MAX_TRACE_ROWS as u64;
    let result = request.job().max_steps(request.max_steps.min(LIMIT)).run();
    let too_long = match &result {
        Ok(outcome) => outcome.rows > MAX_TRACE_ROWS,
        Err(RunError::TooManySteps { .. }) => request.max_steps > LIMIT,
        Err(_) => false,
    };
    match too_long {
        false => Ok(result),
        true => Err(Failure::input(
            "size",
            format!(
                "the run has more than {MAX_TRACE_ROWS} rows, its unwinding included, the most that --trace \
                 prints: look at it with `stackvm debug`"
            ),
        )),
    }
}

/// The steps of a run, those before the one that fails if it does. Of a long trace only one form is made: the text, or
/// the JSON.
fn trace(request: &RunRequest, as_json: bool) -> Report {
    let steps = || steps(request);
    let mut text = String::new();
    let mut json = json!({});
    match as_json {
        true => json["trace"] = steps().map(|step| step.json()).collect(),
        false => text = table(&STEP_COLUMNS, || steps().map(Step::cells)) + "\n",
    }
    Report { text, json }
}

/// A step of a trace, as it is shown: the stack is what the step leaves.
struct Step {
    number: usize,
    pc: usize,
    instruction: String,
    depth: usize,
    /// The two words on top, as many as there are.
    top: [Option<Fr>; 2],
}

const STEP_COLUMNS: [(&str, Align); 6] = [
    ("step", Align::Right),
    ("pc", Align::Right),
    ("instruction", Align::Left),
    ("depth", Align::Right),
    ("top", Align::Left),
    ("second", Align::Left),
];

impl Step {
    fn json(&self) -> Value {
        let [top, second] = self.top.map(|word| word.map(decimal));
        json!({
            "step": self.number,
            "pc": self.pc,
            "instruction": self.instruction,
            "depth": self.depth,
            "top": top,
            "second": second,
        })
    }

    fn cells(self) -> [String; 6] {
        let (number, pc, depth) = (self.number, self.pc, self.depth);
        let [number, pc, depth] = [number.to_string(), pc.to_string(), depth.to_string()];
        let text = |word: Option<Fr>| word.map_or("-".into(), |word| word.to_text());
        let [top, second] = self.top.map(text);
        [number, pc, self.instruction, depth, top, second]
    }
}

/// The steps of a run, up to its end or to the one that fails.
fn steps(request: &RunRequest) -> impl Iterator<Item = Step> {
    let mut stepper = request.job().stepper().ok();
    std::iter::from_fn(move || {
        let stepper = stepper.as_mut()?;
        let (number, pc) = (stepper.state().steps(), stepper.state().pc());
        if stepper.step() != Ok(true) {
            return None;
        }
        let executed = stepper.instructions().get(pc)?;
        let stack = stepper.state().stack();
        let mut words = stack.iter().rev().copied();
        Some(Step {
            number,
            pc,
            instruction: request.labels.instruction(executed),
            depth: stack.len(),
            top: [words.next(), words.next()],
        })
    })
}
