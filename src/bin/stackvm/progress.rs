//! What is going on, on a terminal: the phase of the work, on standard error.

use std::time::Duration;

use indicatif::ProgressBar;

use halo2_stack_vm::text::escaped;

/// Shows the phase that the work is in. Nothing is shown where standard error is no terminal.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }

    pub fn phase(&self, name: impl Into<std::borrow::Cow<'static, str>>) {
        self.0.set_message(name);
    }

    /// Prints a warning above the progress.
    pub fn warn(&self, text: &str) {
        self.0.suspend(|| {
            anstream::eprintln!("\x1b[1;33mwarning\x1b[0m: {}", escaped(text));
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
