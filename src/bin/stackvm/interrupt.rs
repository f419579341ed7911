//! Ctrl-C during a session.

use std::io::Write;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of what Ctrl-C ends.
const INTERRUPTED: i32 = 130;

/// What Ctrl-C does: it interrupts a command that runs, and ends the process where none does, but on a terminal, where a
/// fresh prompt is shown. While a command does not react, the second Ctrl-C ends the process.
pub struct Interrupts {
    /// Whether the command is to stop.
    flag: Arc<AtomicBool>,
    /// Whether a command runs, and none is waited for.
    running: Arc<AtomicBool>,
}

impl Interrupts {
    /// From now on Ctrl-C does this. `prompt` is what is shown on a terminal.
    pub fn handle(prompt: Option<&'static str>) -> Self {
        let interrupts = Interrupts {
            flag: Arc::new(AtomicBool::new(false)),
            running: Arc::new(AtomicBool::new(true)),
        };
        let (flag, running) = (interrupts.flag.clone(), interrupts.running.clone());
        // Where it can't be handled, Ctrl-C ends the process as it does everywhere.
        let _ = ctrlc::set_handler(move || match (running.load(Ordering::SeqCst), prompt) {
            (true, _) if flag.swap(true, Ordering::SeqCst) => exit(INTERRUPTED),
            (true, _) => {}
            (false, None) => exit(INTERRUPTED),
            (false, Some(prompt)) => {
                // What was typed is gone: the terminal has discarded it.
                let mut out = std::io::stdout();
                let _ = write!(out, "\n{prompt}");
                let _ = out.flush();
            }
        });
        interrupts
    }

    /// What is set where a command is to stop.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.flag.clone()
    }

    /// Waits for a command.
    pub fn wait<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.running.store(false, Ordering::SeqCst);
        let command = wait();
        self.flag.store(false, Ordering::SeqCst);
        self.running.store(true, Ordering::SeqCst);
        command
    }
}
