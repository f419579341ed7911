//! What there is to say of a program that does not run.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::program::Instruction;
use halo2_stack_vm::text::{escaped, shown_path, source_line};
use halo2_stack_vm::vm::{CallStack, RunError, Snapshot};

use crate::Report;
use crate::labels::{Labels, SourceLine};
use crate::render::{line_around, rejection, titled};
use crate::text::{TOP, counted, decimals, stack_line};

/// Whether the words on the stack of a run are shown: they may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackWords {
    Shown,
    Hidden,
}

/// Why a program does not run, and where.
#[derive(Debug)]
pub struct ProgramFailure {
    error: RunError,
    line: Option<SourceLine>,
    /// What the program says of the instruction that fails, without characters that command a terminal.
    message: Option<String>,
    /// Where a run is that does not end: the last label before it.
    region: Option<String>,
    /// The words on the stack before it, from the bottom up.
    stack: Option<Vec<Fr>>,
    calls: Calls,
    /// The constraints by which the circuit rejects it, where that was asked.
    rejected_by: Vec<String>,
    /// What was asked for, up to the step that fails.
    report: Option<Report>,
}

impl From<RunError> for ProgramFailure {
    /// What the error alone says.
    fn from(error: RunError) -> Self {
        ProgramFailure {
            error,
            line: None,
            message: None,
            region: None,
            stack: None,
            calls: Calls::default(),
            rejected_by: vec![],
            report: None,
        }
    }
}

impl ProgramFailure {
    /// The same with what the program's text says of the place.
    pub fn of_text(mut self, labels: &Labels) -> Self {
        if let Some(pc) = self.error.pc() {
            // An instruction that is only next is not to blame.
            if let RunError::TooManySteps { .. } = self.error {
                self.region = labels.region(pc).map(escaped);
            } else {
                self.line = labels.source_line(pc);
                self.message = labels.message(pc).map(escaped);
            }
        }
        self
    }

    /// The same with the state before the step that fails.
    pub fn at(
        mut self,
        state: &Snapshot<'_, Fr>,
        words: StackWords,
        labels: &Labels,
        instructions: &[Instruction<Fr>],
    ) -> Self {
        if words == StackWords::Shown {
            self.stack = Some(state.stack().to_vec());
        }
        self.calls = Calls::new(state.calls(), labels, instructions);
        self
    }

    /// The same with what was asked for, as far as there is some of it.
    pub fn with_report(self, report: Report) -> Self {
        let report = Some(report);
        ProgramFailure { report, ..self }
    }

    /// The same with the constraints by which the circuit rejects the run.
    pub fn rejected_by(self, rejected_by: Vec<String>) -> Self {
        ProgramFailure {
            rejected_by,
            ..self
        }
    }

    /// What was asked for, up to the step that fails.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// The error in JSON, beside what was asked for.
    pub fn json(&self) -> Value {
        let report = self.report.as_ref().map(|report| report.json.clone());
        let mut value = report.unwrap_or(json!({}));
        value["error"] = self.error_json();
        value
    }

    fn error_json(&self) -> Value {
        let run = &self.error;
        let mut error = json!({"kind": run.kind(), "message": run.to_string()});
        if let Some(step) = run.step() {
            error["step"] = step.into();
        }
        if let Some(pc) = run.pc() {
            error["pc"] = pc.into();
        }
        if let Some(line) = &self.line {
            error["line"] = line.number.into();
        }
        if let Some(region) = &self.region {
            error["label"] = region.as_str().into();
        }
        if let Some(message) = &self.message {
            error["program_message"] = message.as_str().into();
        }
        if let Some(stack) = &self.stack {
            let top: Vec<Fr> = stack.iter().rev().take(TOP).copied().collect();
            error["depth"] = stack.len().into();
            error["top"] = decimals(&top);
        }
        if self.calls.count > 0 {
            error["call_depth"] = self.calls.count.into();
            error["calls"] = self.calls.json();
        }
        if !self.rejected_by.is_empty() {
            error["rejected_by"] = json!(self.rejected_by);
        }
        error
    }

    /// What is wrong, in a line.
    pub fn title(&self) -> String {
        let region = self.region.as_ref();
        let region = region.map_or(String::new(), |own| format!(", behind the label `{own}`"));
        let mut title = format!("{}{region}{}", self.error, advice(&self.error));
        if let Some(message) = &self.message {
            title += &format!(": \"{message}\"");
        }
        title
    }

    /// What people are told.
    pub fn text(&self) -> String {
        let title = self.title();
        let mut text = match &self.line {
            Some(line) => render_line(&title, line),
            None => titled(&title),
        };
        let stack = self.stack.as_deref().map(stack_line);
        let notes = stack.into_iter().chain(self.calls.lines());
        for note in notes {
            text += &format!("\n{}", escaped(&note));
        }
        if !self.rejected_by.is_empty() {
            text += &format!("\n{}", rejection(&self.rejected_by));
        }
        text
    }
}

/// What a user can do about a program that does not run.
pub fn advice(error: &RunError) -> &'static str {
    match error {
        RunError::InvalidOpcode { opcode, .. } if Opcode::from_code(*opcode).is_some() => {
            "; --set auto takes the instructions that the program has"
        }
        RunError::TapeEnd { opcode, .. } if *opcode == Opcode::Secret => {
            ", with --secret-file or --secret"
        }
        RunError::TapeEnd { .. } => ", with --input or --input-file",
        RunError::TooManySteps { .. } => "; if it ends at all, allow more of them with --max-steps",
        _ => "",
    }
}

/// The calls that a run is in.
#[derive(Debug, Default)]
pub struct Calls {
    count: usize,
    /// The last ones and the first ones, the last first.
    shown: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    /// Counted from 1, the last call.
    number: usize,
    pc: usize,
    region: Option<String>,
    line: Option<usize>,
    /// How it is shown.
    text: String,
}

/// How many of the last calls are shown, and how many of the first.
const SHOWN_CALLS: usize = 4;

impl Calls {
    pub fn new(calls: &CallStack, labels: &Labels, instructions: &[Instruction<Fr>]) -> Self {
        let count = calls.len();
        let numbered = || calls.innermost_first().zip(1..);
        let last = numbered().take(SHOWN_CALLS);
        let first = numbered().skip(SHOWN_CALLS.max(count.saturating_sub(SHOWN_CALLS)));
        let call = |(pc, number): (usize, usize)| {
            let line = labels.line(pc);
            let on_line = line.map_or(String::new(), |line| format!(", line {line}"));
            let instruction = instructions.get(pc).map(|call| labels.instruction(call));
            Call {
                number,
                pc,
                region: labels.region(pc).map(str::to_owned),
                line,
                text: format!(
                    "called from pc {}{on_line}: {}",
                    labels.place(pc),
                    instruction.unwrap_or_default()
                ),
            }
        };
        Calls {
            count,
            shown: last.chain(first).map(call).collect(),
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// A line for each call that is shown.
    pub fn lines(&self) -> Vec<String> {
        let between = self.count - self.shown.len();
        let mut lines: Vec<String> = self.shown.iter().map(|call| call.text.clone()).collect();
        if between > 0 {
            lines.insert(
                SHOWN_CALLS,
                format!("... {} more ...", counted(between, "call")),
            );
        }
        lines
    }

    pub fn json(&self) -> Value {
        let calls = self.shown.iter().map(|call| {
            json!({
                "number": call.number,
                "pc": call.pc,
                "region": call.region,
                "line": call.line,
            })
        });
        calls.collect()
    }
}

/// An error of a run, with the instruction underlined that fails.
fn render_line(title: &str, line: &SourceLine) -> String {
    let text = &line.text;
    // Names end with a colon, comments begin with `#`, and messages with a quote: there is none in an instruction.
    let code = text.split(['#', '"']).next().unwrap_or_default().trim_end();
    let start = code.rfind(':').map_or(0, |colon| colon + 1);
    let start = code.len() - code[start..].trim_start().len();
    let (text, span) = line_around(text, &(start..code.len()));
    let (text, span) = source_line(text, span);
    let title = escaped(title);
    let report = Level::ERROR.primary_title(&title).element(
        Snippet::source(&text)
            .line_start(line.number)
            .path(shown_path(&line.path))
            .annotation(AnnotationKind::Primary.span(span)),
    );
    Renderer::styled().render(&[report]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_stack_vm::asm::{Assembly, assemble_with_symbols};
    use halo2_stack_vm::isa::InstructionSet;
    use halo2_stack_vm::vm::{Inputs, Job};

    /// The calls of a recursion of so many, as text and as JSON.
    fn calls(depth: u64) -> (Vec<String>, Value) {
        let source = format!(
            "push {depth}\ncall down\nhalt\ndown: swap\naddi -1\ndup\njz end\ncall down\nend: push 0\ninv"
        );
        let Assembly { program, symbols } = assemble_with_symbols::<Fr>(&source).unwrap();
        let labels = Labels::new("a.svm".as_ref(), source, symbols);
        let inputs = Inputs::none();
        let mut stepper = Job::new(&program, InstructionSet::FULL, &inputs)
            .stepper()
            .unwrap();
        while stepper.step() == Ok(true) {}
        let calls = Calls::new(stepper.state().calls(), &labels, program.instructions());
        assert_eq!(calls.count() as u64, depth);
        (calls.lines(), calls.json())
    }

    #[test]
    fn few_calls_are_shown_whole_and_many_by_their_ends() {
        let (lines, json) = calls(2);
        let expected = [
            "called from pc 7 (down + 4), line 8: call down",
            "called from pc 1, line 2: call down",
        ];
        assert_eq!(lines, expected);
        let expected = json!([
            {"number": 1, "pc": 7, "region": "down", "line": 8},
            {"number": 2, "pc": 1, "region": null, "line": 2},
        ]);
        assert_eq!(json, expected);
        for depth in 1..=8 {
            let (lines, _) = calls(depth);
            assert_eq!(lines.len() as u64, depth);
            assert_eq!(lines.iter().filter(|line| line.contains("...")).count(), 0);
        }
        let (lines, json) = calls(9);
        assert_eq!((lines.len(), &lines[4][..]), (9, "... 1 call more ..."));
        assert_eq!(json[3]["number"], 4);
        assert_eq!(json[4]["number"], 6);
        let (lines, json) = calls(10_000);
        assert_eq!((lines.len(), &lines[4][..]), (9, "... 9992 calls more ..."));
        assert_eq!(lines[8], "called from pc 1, line 2: call down");
        assert_eq!(
            (json[7]["number"].as_u64(), json[8].is_null()),
            (Some(10_000), true)
        );
    }
}
