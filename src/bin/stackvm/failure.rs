//! What goes wrong, for people and for machines.

use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use halo2_stack_vm::asm::AsmErrors;
use halo2_stack_vm::text::{escaped, shown_path, source_line};

use crate::Report;
use crate::program_failure::ProgramFailure;
use crate::render::{ERROR, line_around, rejection, titled};

/// Why a command does not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The program does not run: exit code 1.
    Program(Box<ProgramFailure>),
    /// The program can't be built into a circuit, as not all of it runs: exit code 1.
    Wiring {
        kind: &'static str,
        step: Option<usize>,
        message: String,
    },
    /// The statement is false: the run gives another output than the one that was stated. Exit code 1.
    Unsatisfied(Unsatisfied),
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

/// A run gives another output than was stated, and a circuit rejects it.
#[derive(Debug)]
pub struct Unsatisfied {
    pub output: String,
    pub stated: String,
    pub rejected_by: Vec<String>,
}

impl Unsatisfied {
    fn message(&self) -> String {
        let Unsatisfied { output, stated, .. } = self;
        let rejection = rejection(&self.rejected_by);
        format!("the output is {output} and not {stated}; {rejection}")
    }
}

impl From<ProgramFailure> for Failure {
    fn from(failure: ProgramFailure) -> Self {
        Failure::Program(Box::new(failure))
    }
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

    /// What was asked for, where there is some of it all the same.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Failure::Program(program) => program.report(),
            _ => None,
        }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Program(_)
            | Failure::Wiring { .. }
            | Failure::Unsatisfied(_)
            | Failure::Rejected { .. } => 1,
            Failure::Input { .. } | Failure::Assembly { .. } => 2,
        }
    }

    pub fn json(&self) -> Value {
        let error =
            |kind: &str, message: &str| json!({"error": {"kind": kind, "message": message}});
        match self {
            Failure::Program(program) => program.json(),
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
            Failure::Unsatisfied(own) => {
                let mut value = error("unsatisfied", &own.message());
                value["error"]["output"] = json!(own.output);
                value["error"]["rejected_by"] = json!(own.rejected_by);
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
            Failure::Program(program) => return Some(program.text()),
            Failure::Unsatisfied(own) => return Some(format!("{ERROR}: {}", own.message())),
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

/// The errors of a program's text, each with its line and the offending text underlined.
fn render(path: &Path, source: &str, errors: &AsmErrors) -> String {
    let path = shown_path(path);
    let errors_shown = || errors.errors().iter().take(MOST_SHOWN);
    // The renderer looks at all of its source for each of its snippets.
    let lines: Vec<_> = errors_shown()
        .map(|error| {
            let (line, span) = line_around(source, &error.span);
            source_line(line, span)
        })
        .collect();
    let titles: Vec<_> = errors_shown()
        .map(|error| escaped(&error.kind.to_string()))
        .collect();
    let report: Vec<Group> = errors_shown()
        .zip(&titles)
        .zip(&lines)
        .map(|((error, title), (line, span))| {
            let label = error
                .suggestion()
                .map_or(String::new(), |known| format!("did you mean `{known}`?"));
            Level::ERROR.primary_title(title.as_str()).element(
                Snippet::source(line)
                    .line_start(error.line)
                    .path(path.clone())
                    .annotation(AnnotationKind::Primary.span(span.clone()).label(label)),
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
