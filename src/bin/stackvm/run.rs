//! `stackvm run`.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::program::Instruction;
use halo2_stack_vm::vm::{RunError, Trace};

use crate::Report;
use crate::arguments::RunArguments;
use crate::failure::Failure;
use crate::source::RunRequest;
use crate::table::{Align, table};
use crate::text::{counted, decimal, decimals, tape_line};

/// The most rows of which `run --trace` prints every step.
const MAX_TRACE_ROWS: usize = 1 << 20;

/// Of a long trace only one form is made: the text, or the JSON.
pub fn run(arguments: &RunArguments, as_json: bool) -> Result<Report, Failure> {
    let request = RunRequest::read(&arguments.program, false)?;
    let mut text = String::new();
    let mut json = json!({});
    let outcome = match arguments.trace {
        false => {
            let run = request.job().run();
            run.map_err(|error| request.labels.failure(error))?
        }
        true => {
            let trace = request.job().max_rows(MAX_TRACE_ROWS).trace();
            let trace = trace.map_err(|error| match error {
                RunError::TooManyRows { rows, limit } => Failure::input(
                    "size",
                    format!(
                        "the run has {rows} rows, its unwinding included, and --trace prints {limit} \
                         at most: look at it with `stackvm debug`"
                    ),
                ),
                error => request.labels.failure(error),
            })?;
            let steps = || steps(&trace, &request);
            match as_json {
                true => json["trace"] = steps().map(|step| step.json()).collect(),
                false => text = table(&STEP_COLUMNS, || steps().map(Step::cells)) + "\n",
            }
            trace.outcome().clone()
        }
    };
    json["output"] = decimal(outcome.output).into();
    json["steps"] = outcome.steps.into();
    json["max_depth"] = outcome.max_depth.into();
    json["rows"] = outcome.rows.into();
    json["tape"] = decimals(&outcome.tape);
    text += &format!(
        "output {}\n{}, at most {} on the stack{}",
        decimal(outcome.output),
        counted(outcome.steps, "step"),
        counted(outcome.max_depth, "word"),
        tape_line(&outcome.tape),
    );
    Ok(Report { text, json })
}

/// A step of a trace, as it is shown: the stack is what the step leaves.
struct Step {
    number: usize,
    pc: u32,
    instruction: String,
    depth: u32,
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

/// The steps that were executed, in the order in which they were.
fn steps(trace: &Trace<Fr>, request: &RunRequest) -> impl Iterator<Item = Step> {
    let rows = trace.rows();
    let after = rows.iter().skip(1);
    let executed = rows.iter().take(trace.outcome().steps);
    executed
        .zip(after)
        .enumerate()
        .map(move |(number, (row, after))| Step {
            number,
            pc: row.pc,
            instruction: request
                .labels
                .instruction(&Instruction::new(row.opcode, row.argument)),
            depth: after.depth,
            top: [0, 1].map(|place| (after.depth > place).then(|| after.window[place as usize])),
        })
}
