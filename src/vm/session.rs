//! Looking into runs: [`Session`] steps through one, forward and backward.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Job, RunError, Snapshot, Stepper};
use crate::algebra::Word;

/// Why a [`Session`] stands where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As many steps were made as were asked for.
    Stepped,
    /// The next instruction is one at which to stop.
    Breakpoint,
    /// The last step put another word into a cell of the memory that is watched.
    Watchpoint {
        /// The address of the cell.
        address: u32,
    },
    /// This is the first state of the run: there is nothing before it.
    Start,
    /// The run has ended: there is nothing after it.
    End,
    /// The next step fails.
    Failed(RunError),
    /// It was interrupted: see [`Session::interrupted_by`].
    Interrupted,
}

/// When and how densely states are kept.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// The number of steps between two states at first.
    interval: usize,
    /// The most states.
    states: usize,
    /// The most words in all states together.
    words: usize,
}

const BUDGET: Budget = Budget {
    interval: 1 << 10,
    states: 1 << 7,
    // 128 MB.
    words: 1 << 22,
};

/// After how many steps a session looks whether it is interrupted.
const STEPS_BETWEEN_LOOKS: usize = 1 << 10;

/// A run that is stepped through, forward and backward.
///
/// A step back is made forward, from a state that was kept. States are kept every so many steps, less and less
/// densely as the run grows longer, so that they take bounded room, and going back anywhere costs a small part
/// of what going there took.
///
/// ```
/// use halo2_proofs::halo2curves::bn256::Fr;
/// use halo2_stack_vm::vm::session::{Session, Stop};
/// use halo2_stack_vm::isa::InstructionSet;
/// use halo2_stack_vm::vm::{Inputs, Job};
///
/// let program = halo2_stack_vm::asm::assemble::<Fr>("push 2\npush 3\nadd\nadd")?;
/// let inputs = Inputs::none();
/// let mut session = Session::new(&Job::new(&program, InstructionSet::STACK, &inputs))?;
/// session.break_at(2);
/// assert_eq!(session.resume(), Stop::Breakpoint);
/// assert_eq!(session.state().stack(), [Fr::from(2), Fr::from(3)]);
/// // The second `add` finds one word only.
/// assert!(matches!(session.resume(), Stop::Failed(_)));
/// assert_eq!(session.state().stack(), [Fr::from(5)]);
/// session.back(2);
/// assert_eq!(session.state().stack(), [Fr::from(2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session<'a, F> {
    stepper: Stepper<'a, F>,
    breakpoints: BTreeSet<usize>,
    watched: BTreeSet<u32>,
    /// States that were passed, the first one of the run among them, in order.
    kept: Vec<Snapshot<'a, F>>,
    budget: Budget,
    interrupted: Arc<AtomicBool>,
}

impl<'a, F: Word> Session<'a, F> {
    /// A session at the start of a run.
    ///
    /// # Errors
    ///
    /// As [`Job::stepper`]; what is wrong with the run itself is found where it goes wrong.
    pub fn new(job: &Job<'a, F>) -> Result<Self, RunError> {
        Self::with_budget(job, BUDGET)
    }

    fn with_budget(job: &Job<'a, F>, budget: Budget) -> Result<Self, RunError> {
        let stepper = job.stepper()?;
        Ok(Session {
            kept: vec![stepper.state().clone()],
            stepper,
            breakpoints: BTreeSet::new(),
            watched: BTreeSet::new(),
            budget,
            interrupted: Arc::default(),
        })
    }

    /// The same session, whose commands end soon with [`Stop::Interrupted`] while a flag is set. The run is at one of
    /// its states then, and the session can go on once the flag is not set any more. To set it and to clear it is the
    /// business of others, such as the handler of a signal.
    pub fn interrupted_by(self, flag: Arc<AtomicBool>) -> Self {
        Session {
            interrupted: flag,
            ..self
        }
    }

    /// The run.
    pub fn run(&self) -> &Stepper<'a, F> {
        &self.stepper
    }

    /// Where the run is.
    pub fn state(&self) -> &Snapshot<'a, F> {
        self.stepper.state()
    }

    /// The addresses at which to stop, in order.
    pub fn breakpoints(&self) -> impl Iterator<Item = usize> {
        self.breakpoints.iter().copied()
    }

    /// Stops before the instruction at this address from now on, or at the end of the program; `false` if it did
    /// before.
    pub fn break_at(&mut self, address: usize) -> bool {
        self.breakpoints.insert(address)
    }

    /// Stops there no longer; `false` if it did not before.
    pub fn clear(&mut self, address: usize) -> bool {
        self.breakpoints.remove(&address)
    }

    /// Whether it stops there.
    pub fn is_breakpoint(&self, address: usize) -> bool {
        self.breakpoints.contains(&address)
    }

    /// Stops from now on after each step that puts another word into this cell of the memory; `false` if it did before.
    pub fn watch(&mut self, address: u32) -> bool {
        self.watched.insert(address)
    }

    /// Watches the cell no longer; `false` if it did not before.
    pub fn unwatch(&mut self, address: u32) -> bool {
        self.watched.remove(&address)
    }

    /// The addresses of the cells that are watched, in order.
    pub fn watched(&self) -> impl Iterator<Item = u32> {
        self.watched.iter().copied()
    }

    /// The watched cell into which the last step put another word.
    fn changed(&self) -> Option<u32> {
        let changed = self.state().changed()?;
        self.watched.contains(&changed).then_some(changed)
    }

    /// Makes so many steps, whatever breakpoints there are.
    pub fn forward(&mut self, steps: usize) -> Stop {
        for _ in 0..steps {
            if let Err(stop) = self.advance() {
                return stop;
            }
        }
        Stop::Stepped
    }

    /// Makes steps until the next instruction is one at which to stop, or a watched cell changes; at least one.
    pub fn resume(&mut self) -> Stop {
        loop {
            if let Err(stop) = self.advance() {
                return stop;
            }
            if let Some(address) = self.changed() {
                return Stop::Watchpoint { address };
            }
            if self.is_breakpoint(self.state().pc()) {
                return Stop::Breakpoint;
            }
        }
    }

    /// Undoes so many steps, whatever breakpoints there are.
    pub fn back(&mut self, steps: usize) -> Stop {
        match self.state().steps().checked_sub(steps) {
            Some(step) => self.go_to(step),
            None => {
                self.restart();
                Stop::Start
            }
        }
    }

    /// Undoes steps until the next instruction is one at which to stop, or the step before it changed a watched cell; at least
    /// one, if there is one.
    pub fn reverse(&mut self) -> Stop {
        let mut until = self.state().steps();
        while until > 0 {
            // From a state that was kept to where the last search began.
            self.restore_before(until - 1);
            let from = self.state().steps();
            let mut found = None;
            let mut changed = None;
            while self.state().steps() < until {
                let stop = match changed.take() {
                    Some(address) => Some(Stop::Watchpoint { address }),
                    None if self.is_breakpoint(self.state().pc()) => Some(Stop::Breakpoint),
                    None => None,
                };
                if let Some(stop) = stop {
                    found = Some((self.state().steps(), stop));
                }
                match self.advance() {
                    Ok(()) => changed = self.changed(),
                    Err(Stop::Interrupted) => return Stop::Interrupted,
                    Err(_) => break,
                }
            }
            if let Some((found, stop)) = found {
                return match self.go_to(found) {
                    Stop::Interrupted => Stop::Interrupted,
                    _ => stop,
                };
            }
            until = from;
        }
        self.restart();
        Stop::Start
    }

    /// Goes to where the run has made so many steps, or to the end or a failure that comes before.
    pub fn go_to(&mut self, step: usize) -> Stop {
        if step < self.state().steps() {
            self.restore_before(step);
        }
        self.forward(step - self.state().steps())
    }

    /// Goes to the start.
    pub fn restart(&mut self) {
        self.restore_before(0);
    }

    /// Why the run can't go on, if it can't: it has ended, or the next step fails. The run stays where it is.
    pub fn obstacle(&mut self) -> Option<Stop> {
        match self.stepper.peek() {
            Ok(true) => None,
            Ok(false) => Some(Stop::End),
            Err(error) => Some(Stop::Failed(error)),
        }
    }

    /// Goes to the last state that was kept of those with at most so many steps.
    fn restore_before(&mut self, step: usize) {
        let after = self.kept.partition_point(|kept| kept.steps() <= step);
        if let Some(kept) = after.checked_sub(1).and_then(|last| self.kept.get(last)) {
            self.stepper.restore(kept);
        }
    }

    /// Makes a step.
    fn advance(&mut self) -> Result<(), Stop> {
        let looks = self.state().steps().is_multiple_of(STEPS_BETWEEN_LOOKS);
        if looks && self.interrupted.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        match self.stepper.step() {
            Ok(true) => {
                self.keep();
                Ok(())
            }
            Ok(false) => Err(Stop::End),
            Err(error) => Err(Stop::Failed(error)),
        }
    }

    /// Keeps the state, if its time has come.
    fn keep(&mut self) {
        let state = self.stepper.state();
        let steps = state.steps();
        if !steps.is_multiple_of(self.budget.interval) || words(state) > self.budget.words {
            return;
        }
        if self.kept.last().is_none_or(|last| last.steps() < steps) {
            self.kept.push(state.clone());
            while self.kept.len() > self.budget.states.max(1)
                || self.kept.len() > 1
                    && self.kept.iter().map(words).sum::<usize>() > self.budget.words
            {
                self.budget.interval = self.budget.interval.saturating_mul(2);
                let interval = self.budget.interval;
                self.kept.retain(|kept| kept.steps() % interval == 0);
            }
        }
    }
}

/// The number of words that a state holds; a call takes no more room than one.
fn words<F: Word>(state: &Snapshot<'_, F>) -> usize {
    state.stack().len() + state.tape().len() + state.calls().len() + state.memory_room()
}

#[cfg(test)]
mod tests;
