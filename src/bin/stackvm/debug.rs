//! The commands that step through a run. What they do is [`Session`]'s; here they are read, and their answers
//! are written.

mod memory;

use std::io::{self, BufRead, IsTerminal, Read, Write};

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::program::Instruction;
use halo2_stack_vm::text::escaped;
use halo2_stack_vm::vm::session::{Session, Stop};

use crate::arguments::DebugArguments;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::labels::Labels;
use crate::program_failure::{Calls, ProgramFailure, StackWords};
use crate::source::RunRequest;
use crate::table::{Align, table};
use crate::text::{TOP, decimal, decimals, stack_line};
use crate::{Report, print};

/// What a session is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Step,
    Back,
    Continue,
    Reverse,
    Goto,
    Restart,
    Break,
    Delete,
    Breakpoints,
    Where,
    List,
    Stack,
    Tape,
    Memory,
    Watch,
    Unwatch,
    Help,
    Quit,
}

/// The commands: name, short form, argument, and what they do.
const COMMANDS: &[(Command, &str, &str, &str, &str)] = &[
    (Command::Step, "step", "s", "[N]", "make N steps, or one"),
    (Command::Back, "back", "b", "[N]", "undo N steps, or one"),
    (
        Command::Continue,
        "continue",
        "c",
        "",
        "make steps up to a breakpoint, a change of a watched cell, the end, or an error",
    ),
    (
        Command::Reverse,
        "reverse",
        "r",
        "",
        "undo steps back to a breakpoint, a change of a watched cell, or the start",
    ),
    (
        Command::Goto,
        "goto",
        "g",
        "STEP",
        "go to where so many steps are made",
    ),
    (Command::Restart, "restart", "re", "", "go to the start"),
    (
        Command::Break,
        "break",
        "br",
        "LABEL|PC",
        "stop before this instruction from now on",
    ),
    (
        Command::Delete,
        "delete",
        "d",
        "[LABEL|PC]",
        "stop there no longer; without a place: nowhere",
    ),
    (
        Command::Breakpoints,
        "breakpoints",
        "bp",
        "",
        "print where it stops",
    ),
    (
        Command::Where,
        "where",
        "w",
        "",
        "print the step, the next instruction, the top of the stack, and the calls that it is in",
    ),
    (
        Command::List,
        "list",
        "l",
        "[N]",
        "print the program, N instructions before the next one and after it, or 5",
    ),
    (
        Command::Stack,
        "stack",
        "st",
        "[N]",
        "print the N topmost words of the stack, or all, from the top down",
    ),
    (
        Command::Tape,
        "tape",
        "t",
        "",
        "print the public tape, and what is not read yet",
    ),
    (
        Command::Memory,
        "memory",
        "m",
        "[ADDRESS]",
        "print a cell of the memory, or all that were accessed",
    ),
    (
        Command::Watch,
        "watch",
        "wa",
        "ADDRESS",
        "stop after each step that changes this cell of the memory",
    ),
    (
        Command::Unwatch,
        "unwatch",
        "un",
        "[ADDRESS]",
        "stop for this cell no longer; without an address: for none",
    ),
    (Command::Help, "help", "h", "", "print this"),
    (Command::Quit, "quit", "q", "", "end the session"),
];

/// How many instructions are listed before the next one and after it.
const AROUND: usize = 5;
/// The longest line that is read.
const MAX_LINE: usize = 1 << 12;
/// What asks for a command on a terminal.
const PROMPT: &str = "(stackvm) ";

/// Steps through a run as standard input says.
pub fn debug(arguments: &DebugArguments, json: bool) -> Result<(), Failure> {
    let request = RunRequest::read(&arguments.program, true)?;
    let session = Session::new(&request.job()).map_err(ProgramFailure::from)?;
    let terminal = io::stdin().is_terminal() && !json;
    let prompt = terminal.then_some(PROMPT);
    let interrupts = Interrupts::handle(prompt);
    let debugger = Debugger {
        session: session.interrupted_by(interrupts.flag()),
        labels: &request.labels,
    };
    match debugger.talk(json, prompt, &interrupts) {
        Ok(()) => Ok(()),
        // Whoever reads has closed the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::input("io", format!("the session ends: {error}"))),
    }
}

struct Debugger<'a> {
    session: Session<'a, Fr>,
    labels: &'a Labels,
}

impl Debugger<'_> {
    fn talk(mut self, json: bool, prompt: Option<&str>, interrupts: &Interrupts) -> io::Result<()> {
        let mut input = io::stdin().lock();
        print(json, Ok(self.view(None)))?;
        let mut last = String::new();
        loop {
            if let Some(prompt) = prompt {
                let mut out = io::stdout();
                out.write_all(prompt.as_bytes())?;
                out.flush()?;
            }
            let Some(mut line) = interrupts.wait(|| read_line(&mut input))? else {
                if prompt.is_some() {
                    io::stdout().write_all(b"\n")?;
                }
                return Ok(());
            };
            if line.trim().is_empty() {
                if prompt.is_none() {
                    continue;
                }
                line.clone_from(&last);
            } else {
                last.clone_from(&line);
            }
            let answer = match line.len() < MAX_LINE {
                true => self.answer(&line),
                false => Err(format!("a line has fewer than {MAX_LINE} bytes")),
            };
            match answer {
                Ok(Some(report)) => print(json, Ok(report))?,
                Ok(None) => return Ok(()),
                Err(problem) => {
                    let kind = json!({"kind": "usage", "message": problem});
                    let report = Report {
                        text: format!("error: {problem}"),
                        json: json!({ "error": kind }),
                    };
                    print(json, Ok(report))?;
                }
            }
        }
    }

    /// What a line is answered; `None` if it ends the session.
    fn answer(&mut self, line: &str) -> Result<Option<Report>, String> {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else {
            return Ok(Some(self.view(None)));
        };
        let argument = words.next();
        let known = COMMANDS.iter().find(|own| own.1 == name || own.2 == name);
        let Some((command, name, _, form, _)) = known else {
            let help = help();
            return Err(format!(
                "there is no command `{}`\n{}",
                quoted(name),
                help.text
            ));
        };
        if words.next().is_some() || argument.is_some() && form.is_empty() {
            return Err(format!(
                "it is written `{}`",
                format!("{name} {form}").trim_end()
            ));
        }
        let number = |default: usize| match argument {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| format!("`{}` is no number that {name} takes", quoted(text))),
        };
        let session = &mut self.session;
        let stop = match command {
            Command::Step => session.forward(number(1)?),
            Command::Back => session.back(number(1)?),
            Command::Continue => session.resume(),
            Command::Reverse => session.reverse(),
            Command::Goto if argument.is_none() => {
                return Err("it is written `goto STEP`: how many steps are to be made?".into());
            }
            Command::Goto => session.go_to(number(0)?),
            Command::Restart => {
                session.restart();
                Stop::Start
            }
            Command::Break => return self.set_breakpoint(argument).map(Some),
            Command::Delete => return self.delete(argument).map(Some),
            Command::Breakpoints => return Ok(Some(self.breakpoints())),
            Command::Where => return Ok(Some(self.place())),
            Command::List => return Ok(Some(self.list(number(AROUND)?))),
            Command::Stack => return Ok(Some(self.stack(number(usize::MAX)?))),
            Command::Tape => return Ok(Some(self.tape())),
            Command::Memory => return self.memory(argument).map(Some),
            Command::Watch => return self.watch(argument).map(Some),
            Command::Unwatch => return self.unwatch(argument).map(Some),
            Command::Help => return Ok(Some(help())),
            Command::Quit => return Ok(None),
        };
        Ok(Some(self.view(Some(stop))))
    }

    fn instruction(&self, address: usize) -> Option<&Instruction<Fr>> {
        self.session.run().instructions().get(address)
    }

    /// An instruction as it is written, or the end of the program.
    fn written(&self, address: usize) -> String {
        match self.instruction(address) {
            Some(instruction) => self.labels.instruction(instruction),
            None => "(end)".into(),
        }
    }

    /// Where the run is, and the calls that it is in.
    fn place(&mut self) -> Report {
        let Report { mut text, mut json } = self.view(None);
        let calls = self.calls();
        for line in calls.lines() {
            text += &format!("\n{line}");
        }
        json["call_depth"] = calls.count().into();
        json["calls"] = calls.json();
        Report { text, json }
    }

    /// The calls that the run is in.
    fn calls(&self) -> Calls {
        let instructions = self.session.run().instructions();
        Calls::new(self.session.state().calls(), self.labels, instructions)
    }

    /// Where the run is and, if a command led there, why it stopped.
    fn view(&mut self, stop: Option<Stop>) -> Report {
        let obstacle = self.session.obstacle();
        let state = self.session.state();
        let (step, pc) = (state.steps(), state.pc());
        let depth = state.stack().len();
        let top: Vec<Fr> = state.stack().iter().rev().take(TOP).copied().collect();
        let mut json = json!({
            "step": step,
            "pc": pc,
            "region": self.labels.region(pc),
            "instruction": self.written(pc),
            "depth": depth,
            "top": decimals(&top),
        });
        let mut text = match &stop {
            Some(Stop::Breakpoint) => "breakpoint\n".into(),
            Some(Stop::Watchpoint { address }) => {
                let word = state.cell(*address).to_text();
                format!("cell {address} is now {word}\n")
            }
            Some(Stop::Start) => "the start of the run\n".into(),
            Some(Stop::Interrupted) => "interrupted\n".into(),
            _ => String::new(),
        };
        let place = self.labels.place(pc);
        text += &format!("step {step}, pc {place}: {}\n", self.written(pc));
        text += &stack_line(state.stack());
        json["stop"] = match stop {
            None | Some(Stop::Stepped) => Value::Null,
            Some(Stop::Breakpoint) => "breakpoint".into(),
            Some(Stop::Watchpoint { .. }) => "watchpoint".into(),
            Some(Stop::Start) => "start".into(),
            Some(Stop::End) => "end".into(),
            Some(Stop::Failed(_)) => "error".into(),
            Some(Stop::Interrupted) => "interrupted".into(),
        };
        if let Some(Stop::Watchpoint { address }) = stop {
            json["cell"] = address.into();
        }
        match obstacle {
            Some(Stop::Failed(error)) => {
                let instructions = self.session.run().instructions();
                let failure = ProgramFailure::from(error).of_text(self.labels).at(
                    self.session.state(),
                    StackWords::Hidden,
                    self.labels,
                    instructions,
                );
                text += &format!("\nerror: {}", failure.title());
                json["error"] = failure.json()["error"].take();
            }
            Some(Stop::End) => {
                let output = decimal(state.outcome().output);
                text += &format!("\nthe run has ended: output {output}");
                json["output"] = output.into();
            }
            _ => {}
        }
        Report { text, json }
    }

    /// The address of a label, or the one that is written.
    fn address(&self, place: &str) -> Result<usize, String> {
        let end = self.session.run().instructions().len();
        let address = self.labels.address(place).or_else(|| place.parse().ok());
        address.filter(|own| *own <= end).ok_or_else(|| {
            format!(
                "`{}` is neither a label nor an address: those are 0 to {end} (the end)",
                quoted(place)
            )
        })
    }

    fn set_breakpoint(&mut self, place: Option<&str>) -> Result<Report, String> {
        let Some(place) = place else {
            return Err("it is written `break LABEL|PC`: where is it to stop?".into());
        };
        let address = self.address(place)?;
        self.session.break_at(address);
        Ok(Report {
            text: format!("it stops before pc {}", self.labels.place(address)),
            json: self.breakpoints().json,
        })
    }

    fn delete(&mut self, place: Option<&str>) -> Result<Report, String> {
        match place {
            None => {
                let all: Vec<_> = self.session.breakpoints().collect();
                for address in all {
                    self.session.clear(address);
                }
            }
            Some(place) => {
                let address = self.address(place)?;
                if !self.session.clear(address) {
                    return Err(format!(
                        "there is no breakpoint at pc {}",
                        self.labels.place(address)
                    ));
                }
            }
        }
        Ok(self.breakpoints())
    }

    fn breakpoints(&self) -> Report {
        let breakpoints = || self.session.breakpoints();
        let mut lines: Vec<String> = breakpoints()
            .map(|own| format!("pc {}: {}", self.labels.place(own), self.written(own)))
            .collect();
        if lines.is_empty() {
            lines.push("there are no breakpoints".into());
        }
        Report {
            text: lines.join("\n"),
            json: json!({ "breakpoints": breakpoints().collect::<Vec<_>>() }),
        }
    }

    /// The instructions around the next one, which is marked, as breakpoints are.
    fn list(&self, around: usize) -> Report {
        let pc = self.session.state().pc();
        let end = self.session.run().instructions().len();
        let addresses = pc.saturating_sub(around)..=pc.saturating_add(around).min(end);
        let width = end.to_string().len();
        let mut lines = vec![];
        let mut listed = vec![];
        for address in addresses {
            let label = self.labels.label_at(address);
            let instruction = self.written(address);
            let (next, breakpoint) = (address == pc, self.session.is_breakpoint(address));
            if let Some(label) = label {
                lines.push(format!("{label}:"));
            }
            let marks = [(next, '>'), (breakpoint, '*')];
            let marks: String = marks
                .map(|(is, mark)| if is { mark } else { ' ' })
                .iter()
                .collect();
            lines.push(format!("{marks} {address:>width$}  {instruction}"));
            listed.push(json!({
                "address": address,
                "label": label,
                "instruction": instruction,
                "next": next,
                "breakpoint": breakpoint,
            }));
        }
        Report {
            text: lines.join("\n"),
            json: json!({ "instructions": listed }),
        }
    }

    fn stack(&self, most: usize) -> Report {
        let stack = self.session.state().stack();
        let top: Vec<Fr> = stack.iter().rev().take(most).copied().collect();
        let lines = top.iter().map(Word::to_text);
        let text = match stack {
            [] => "the stack is empty".into(),
            _ => lines.collect::<Vec<_>>().join("\n"),
        };
        Report {
            text,
            json: json!({ "depth": stack.len(), "stack": decimals(&top) }),
        }
    }

    fn tape(&self) -> Report {
        let (state, inputs) = (self.session.state(), self.session.run().inputs());
        let unread = |words: &[Fr], read: usize| words.get(read..).unwrap_or_default().to_vec();
        let public = unread(&inputs.public, state.public_read());
        let secret = unread(&inputs.secret, state.secret_read());
        Report {
            text: format!(
                "public tape: {}\nnot read yet: {}\nsecrets not read yet: {}",
                list(state.tape()),
                list(&public),
                list(&secret),
            ),
            json: json!({
                "tape": decimals(state.tape()),
                "unread": decimals(&public),
                "unread_secrets": decimals(&secret),
            }),
        }
    }
}

fn list(words: &[Fr]) -> String {
    match words {
        [] => "nothing".into(),
        _ => words
            .iter()
            .map(Word::to_text)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// The beginning of what a user wrote, fit to be printed.
fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let mut start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() {
        start += "...";
    }
    escaped(&start)
}

fn help() -> Report {
    let lines = || {
        COMMANDS.iter().map(|(_, name, short, argument, help)| {
            let form = format!("{name} {argument}");
            [form.trim_end().into(), (*short).into(), (*help).into()]
        })
    };
    let columns = [
        ("command", Align::Left),
        ("short", Align::Left),
        ("what it does", Align::Left),
    ];
    let names: Value = COMMANDS.iter().map(|own| own.1).collect();
    Report {
        text: table(&columns, lines)
            + "On a terminal an empty line repeats the last command. Ctrl-C stops a command that takes long; at the \
               prompt, what is typed is discarded. `quit` or Ctrl-D ends the session.",
        json: json!({ "commands": names }),
    }
}

/// A line, or the first [`MAX_LINE`] bytes of a longer one, whose rest is skipped; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = vec![];
    if input
        .by_ref()
        .take(MAX_LINE as u64)
        .read_until(b'\n', &mut line)?
        == 0
    {
        return Ok(None);
    }
    if line.len() == MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}
