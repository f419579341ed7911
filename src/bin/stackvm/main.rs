//! `stackvm`: runs, checks, proves and verifies programs of the stack machine.
//!
//! It parses arguments, calls the library and prints; the logic is the library's.

mod arguments;
mod check;
mod circuit;
mod debug;
mod digest;
mod failure;
mod file;
mod info;
mod interrupt;
mod isa;
mod keygen;
mod labels;
mod output;
mod parameters;
mod profile;
mod program_failure;
mod progress;
mod prove;
mod render;
mod run;
mod source;
mod table;
mod tape;
mod text;
mod verify;
mod words;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use failure::Failure;
use halo2_stack_vm::text::escaped;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(error),
    };
    let json = arguments.json;
    // A file goes there, which may be a pipe into another command.
    let aside = match &arguments.command {
        Command::Prove(own) => output::is_standard_output(&prove::proof_path(own)),
        Command::Keygen(own) => output::is_standard_output(&own.output),
        _ => false,
    };
    let result = match &arguments.command {
        Command::Run(own) => run::run(own, json),
        Command::Check(own) => check::check(own),
        // It prints as it goes on.
        Command::Debug(own) => match debug::debug(own, json) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(failure) => Err(failure),
        },
        Command::Profile(own) => profile::profile(own),
        Command::Prove(own) => prove::prove(own),
        Command::Keygen(own) => keygen::keygen(own),
        Command::Verify(own) => verify::verify(own),
        Command::Digest(own) => digest::digest(own),
        Command::Isa => isa::isa(),
        Command::Info(own) => info::info(own),
    };
    let (report, code) = match result {
        Ok(report) => (Ok(report), 0),
        Err(failure) => {
            let code = failure.exit_code();
            (Err(failure), code)
        }
    };
    match print_aside(json, aside, report) {
        Ok(()) => ExitCode::from(code),
        // Whoever reads has closed the pipe, as `head` does: that is no failure of the program's.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(error) => {
            // There is nowhere left to tell it if this fails too.
            let _ = writeln!(std::io::stderr(), "error: can't print the result: {error}");
            ExitCode::from(2)
        }
    }
}

/// Help, or what is wrong with the arguments; in JSON, if that is among them.
fn usage(error: clap::Error) -> ExitCode {
    let error = match error.use_stderr() {
        true => shown(error),
        false => error,
    };
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let message = error.render().to_string();
        let failure = Failure::input("usage", message.trim_start_matches("error: ").trim_end());
        let code = failure.exit_code();
        return match print(true, Err(failure)) {
            Ok(()) => ExitCode::from(code),
            Err(_) => ExitCode::from(2),
        };
    }
    match error.print() {
        Ok(()) if !error.use_stderr() => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

/// What is wrong with the arguments, with arguments in it that can be shown: one may be the name of a stranger's file.
fn shown(error: clap::Error) -> clap::Error {
    let arguments = std::env::args_os().map(|own| escaped(&own.to_string_lossy()));
    match Arguments::try_parse_from(arguments) {
        Err(shown) if shown.use_stderr() => shown,
        // One is not UTF-8, and is not shown.
        _ => clap::Error::raw(error.kind(), "an argument can't be read\n")
            .with_cmd(&Arguments::command()),
    }
}

/// What a command has to say.
#[derive(Debug)]
struct Report {
    text: String,
    json: serde_json::Value,
}

fn print(json: bool, report: Result<Report, Failure>) -> std::io::Result<()> {
    print_aside(json, false, report)
}

/// Prints a report or a failure; `aside`, all of it on standard error.
fn print_aside(json: bool, aside: bool, report: Result<Report, Failure>) -> std::io::Result<()> {
    let mut out: Box<dyn Write> = match aside {
        true => Box::new(anstream::stderr()),
        false => Box::new(anstream::stdout()),
    };
    let mut err = anstream::stderr();
    match report {
        Ok(report) if json => writeln!(out, "{}", report.json)?,
        Ok(report) => writeln!(out, "{}", report.text.trim_end())?,
        Err(failure) => {
            if json {
                writeln!(out, "{}", failure.json())?;
            } else if let Some(report) = failure.report() {
                writeln!(out, "{}", report.text.trim_end())?;
                out.flush()?;
            }
            if let Some(text) = failure.text(json) {
                writeln!(err, "{text}")?;
            }
        }
    }
    out.flush()
}
