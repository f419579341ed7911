//! What goes wrong, for people and for machines.

use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use halo2_stack_vm::asm::AsmErrors;
use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::text::{escaped, shown_path, source_line};
use halo2_stack_vm::vm::RunError;

/// Why a command does not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The program does not run: exit code 1.
    Program {
        error: RunError,
        line: Option<Box<SourceLine>>,
        /// The constraints by which the circuit rejects it, where that was asked.
        rejected_by: Vec<String>,
    },
    /// The program can't be built into a circuit, as not all of it runs: exit code 1.
    Wiring {
        kind: &'static str,
        step: Option<usize>,
        message: String,
    },
    /// The statement is false: exit code 1.
    Unsatisfied { rejected_by: Vec<String> },
    /// A proof is not accepted: exit code 1, and `{"valid": false, ...}`.
    Rejected { report: Value, reason: String },
    /// Wrong usage or unreadable input: exit code 2.
    Input { kind: &'static str, message: String },
    /// A program's text has errors: exit code 2.
    Assembly {
        path: PathBuf,
        source: String,
        errors: AsmErrors,
    },
}

/// The line of the instruction that fails.
#[derive(Debug)]
pub struct SourceLine {
    pub path: PathBuf,
    /// Counted from 1.
    pub number: usize,
    pub text: String,
}

impl Failure {
    pub fn input(kind: &'static str, message: impl Into<String>) -> Self {
        Failure::Input {
            kind,
            message: message.into(),
        }
    }

    /// A file that can't be used.
    pub fn file(kind: &'static str, path: &Path, problem: impl std::fmt::Display) -> Self {
        Self::input(kind, format!("{}: {problem}", shown_path(path)))
    }

    /// With the constraints by which the circuit rejects a program that does not run.
    pub fn rejected_by(mut self, constraints: Vec<String>) -> Self {
        if let Failure::Program { rejected_by, .. } = &mut self {
            *rejected_by = constraints;
        }
        self
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Program { .. }
            | Failure::Wiring { .. }
            | Failure::Unsatisfied { .. }
            | Failure::Rejected { .. } => 1,
            Failure::Input { .. } | Failure::Assembly { .. } => 2,
        }
    }

    pub fn json(&self) -> Value {
        let error =
            |kind: &str, message: &str| json!({"error": {"kind": kind, "message": message}});
        match self {
            Failure::Program {
                error: run,
                line,
                rejected_by,
            } => {
                let mut value = error(run.kind(), &run.to_string());
                if let Some(step) = run.step() {
                    value["error"]["step"] = step.into();
                }
                if let Some(pc) = run.pc() {
                    value["error"]["pc"] = pc.into();
                }
                if let Some(line) = line {
                    value["error"]["line"] = line.number.into();
                }
                if !rejected_by.is_empty() {
                    value["error"]["rejected_by"] = json!(rejected_by);
                }
                value
            }
            Failure::Wiring {
                kind,
                step,
                message,
            } => {
                let mut value = error(kind, message);
                if let Some(step) = step {
                    value["error"]["step"] = (*step).into();
                }
                value
            }
            Failure::Unsatisfied { rejected_by } => {
                let mut value = error("unsatisfied", &rejection(rejected_by));
                value["error"]["rejected_by"] = json!(rejected_by);
                value
            }
            Failure::Input { kind, message } => error(kind, message),
            Failure::Rejected { report, .. } => report.clone(),
            Failure::Assembly { path, errors, .. } => {
                let mut value = error("assembly", &format!("{}: {errors}", shown_path(path)));
                value["error"]["errors"] = errors
                    .errors()
                    .iter()
                    .map(|error| {
                        json!({
                            "line": error.line,
                            "column": error.column,
                            "message": error.kind.to_string(),
                            "suggestion": error.suggestion(),
                        })
                    })
                    .collect();
                value
            }
        }
    }

    /// What people are told on standard error; with `json`, the JSON says it.
    pub fn text(&self, json: bool) -> Option<String> {
        let message = match self {
            _ if json => return None,
            Failure::Rejected { reason, .. } => reason.clone(),
            Failure::Program {
                error,
                line,
                rejected_by,
            } => {
                let message = format!("{error}{}", advice(error));
                let mut text = match line {
                    Some(line) => render_line(&message, line),
                    None => titled(&message),
                };
                if !rejected_by.is_empty() {
                    text += &format!("\n{}", rejection(rejected_by));
                }
                return Some(text);
            }
            Failure::Unsatisfied { rejected_by } => {
                return Some(format!("{ERROR}: {}", rejection(rejected_by)));
            }
            Failure::Wiring { message, .. } | Failure::Input { message, .. } => message.clone(),
            Failure::Assembly {
                path,
                source,
                errors,
            } => return Some(render(path, source, errors)),
        };
        Some(titled(&message))
    }
}

const ERROR: &str = "\x1b[1;31merror\x1b[0m";

/// A message, which is one line whatever it quotes.
fn titled(message: &str) -> String {
    format!("{ERROR}: {}", escaped(message))
}

/// By which constraints a circuit rejects a run.
fn rejection(constraints: &[String]) -> String {
    let names = constraints
        .iter()
        .map(|name| format!("\n  {}", escaped(name)));
    format!("the circuit rejects the run:{}", names.collect::<String>())
}

/// What a user can do about a program that does not run.
pub fn advice(error: &RunError) -> &'static str {
    match error {
        RunError::InvalidOpcode { opcode, .. } if Opcode::from_code(*opcode).is_some() => {
            "; choose a set that has it with --set full, or --set auto"
        }
        RunError::TapeEnd { opcode, .. } if *opcode == Opcode::Secret => {
            ", with --secret-file or --secret"
        }
        RunError::TapeEnd { .. } => ", with --input or --input-file",
        RunError::TooManySteps { .. } => {
            "; if it is none without end, allow more of them with --max-steps"
        }
        _ => "",
    }
}

/// A path as it can be pasted into a shell's command line, where its characters can all be shown.
pub fn pasted(path: &Path) -> String {
    let text = path.display().to_string();
    let text = match text.starts_with('-') {
        true => format!("./{text}"),
        false => text,
    };
    let quoted = match cfg!(windows) {
        true => format!("\"{text}\""),
        false => shlex::try_quote(&text).map_or(text.clone(), |own| own.into_owned()),
    };
    escaped(&quoted)
}

/// How many errors of a text are shown.
const MOST_SHOWN: usize = 20;

/// The line of a text in which a piece is, cut if it is long, and the place of the piece in it.
fn line_around<'s>(source: &'s str, span: &Range<usize>) -> (&'s str, Range<usize>) {
    const LONGEST: usize = 1000;
    let start = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = source[start..]
        .find('\n')
        .map_or(source.len(), |at| start + at);
    let line = source[start..end].trim_end_matches('\r');
    let cut = (0..=line.len().min(LONGEST))
        .rev()
        .find(|at| line.is_char_boundary(*at));
    let line = &line[..cut.unwrap_or(0)];
    let within = |at: usize| (at - start).min(line.len());
    (line, within(span.start)..within(span.end))
}

/// An error of a run, with the instruction underlined that fails.
fn render_line(message: &str, line: &SourceLine) -> String {
    let text = &line.text;
    // Names end with a colon, and comments begin with `#`: there is neither in an instruction.
    let code = text.split('#').next().unwrap_or_default().trim_end();
    let start = code.rfind(':').map_or(0, |colon| colon + 1);
    let start = code.len() - code[start..].trim_start().len();
    let (text, span) = line_around(text, &(start..code.len()));
    let (text, span) = source_line(text, span);
    let message = escaped(message);
    let report = Level::ERROR.primary_title(&message).element(
        Snippet::source(&text)
            .line_start(line.number)
            .path(shown_path(&line.path))
            .annotation(AnnotationKind::Primary.span(span)),
    );
    Renderer::styled().render(&[report]).to_string()
}

/// The errors of a program's text, each with its line and the offending text underlined.
fn render(path: &Path, source: &str, errors: &AsmErrors) -> String {
    let path = shown_path(path);
    let titles: Vec<_> = errors
        .errors()
        .iter()
        .map(|error| escaped(&error.kind.to_string()))
        .collect();
    let report: Vec<Group> = errors
        .errors()
        .iter()
        .zip(&titles)
        .take(MOST_SHOWN)
        .map(|(error, title)| {
            // The renderer looks at all of its source for each of its snippets.
            let (line, span) = line_around(source, &error.span);
            let (line, span) = source_line(line, span);
            let label = error
                .suggestion()
                .map_or(String::new(), |known| format!("did you mean `{known}`?"));
            Level::ERROR.primary_title(title.as_str()).element(
                Snippet::source(line)
                    .line_start(error.line)
                    .path(path.clone())
                    .annotation(AnnotationKind::Primary.span(span).label(label)),
            )
        })
        .collect();
    let mut text = Renderer::styled().render(&report).to_string();
    if errors.errors().len() > MOST_SHOWN {
        // The assembler has an end of its own.
        text += "\n... and more errors";
    }
    text
}
