//! What goes wrong, for people and for machines.

use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use halo2_stack_vm::asm::AsmErrors;
use halo2_stack_vm::vm::RunError;

/// Why a command does not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The program does not run: exit code 1.
    Program(RunError),
    /// The statement is false: exit code 1.
    False {
        kind: &'static str,
        step: Option<usize>,
        message: String,
    },
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

impl Failure {
    pub fn input(kind: &'static str, message: impl Into<String>) -> Self {
        Failure::Input {
            kind,
            message: message.into(),
        }
    }

    /// A file that can't be used.
    pub fn file(kind: &'static str, path: &Path, problem: impl std::fmt::Display) -> Self {
        Self::input(kind, format!("{}: {problem}", path.display()))
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Program(_) | Failure::False { .. } | Failure::Rejected { .. } => 1,
            Failure::Input { .. } | Failure::Assembly { .. } => 2,
        }
    }

    pub fn json(&self) -> Value {
        let error =
            |kind: &str, message: &str| json!({"error": {"kind": kind, "message": message}});
        match self {
            Failure::Program(run) => json!({"error": {
                "kind": run.kind(),
                "step": run.step(),
                "message": run.to_string(),
            }}),
            Failure::False {
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
            Failure::Input { kind, message } => error(kind, message),
            Failure::Rejected { report, .. } => report.clone(),
            Failure::Assembly { path, errors, .. } => {
                let mut value = error("assembly", &format!("{}: {errors}", path.display()));
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
            Failure::Program(run) => run.to_string(),
            Failure::False { message, .. } | Failure::Input { message, .. } => message.clone(),
            Failure::Assembly {
                path,
                source,
                errors,
            } => return Some(render(path, source, errors)),
        };
        Some(format!("\x1b[1;31merror\x1b[0m: {message}"))
    }
}

/// How many errors of a text are shown.
const MOST_SHOWN: usize = 20;

/// The errors of a program's text, each with its line and the offending text underlined.
fn render(path: &Path, source: &str, errors: &AsmErrors) -> String {
    let path = path.display().to_string();
    let titles: Vec<_> = errors
        .errors()
        .iter()
        .map(|error| error.kind.to_string())
        .collect();
    let report: Vec<Group> = errors
        .errors()
        .iter()
        .zip(&titles)
        .take(MOST_SHOWN)
        .map(|(error, title)| {
            let label = error
                .suggestion()
                .map_or(String::new(), |known| format!("did you mean `{known}`?"));
            Level::ERROR.primary_title(title.as_str()).element(
                Snippet::source(source).path(path.clone()).annotation(
                    AnnotationKind::Primary
                        .span(error.span.clone())
                        .label(label),
                ),
            )
        })
        .collect();
    let mut text = Renderer::styled().render(&report).to_string();
    if errors.errors().len() > MOST_SHOWN {
        text += &format!(
            "\n... and {} errors more",
            errors.errors().len() - MOST_SHOWN
        );
    }
    text
}
