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
mod tests {
    use super::*;
    use crate::isa::{InstructionSet, Opcode};
    use crate::program::{Instruction, Program};
    use crate::vm::Inputs;
    use halo2curves::bn256::Fr;

    const SMALL: Budget = Budget {
        interval: 2,
        states: 4,
        words: 60,
    };

    fn program(instructions: &[(Opcode, u64)]) -> Program<Fr> {
        let instruction =
            |(opcode, argument): &(Opcode, u64)| Instruction::new(*opcode, Fr::from(*argument));
        instructions.iter().map(instruction).collect()
    }

    /// Reads n, and then n words; writes each, adds secrets to it, and leaves it on the stack.
    fn busy() -> Program<Fr> {
        program(&[
            (Opcode::Read, 0),
            // 1: the number of words left, on a growing stack
            (Opcode::Dup, 0),
            (Opcode::Jz, 12),
            (Opcode::Read, 0),
            (Opcode::Dup, 0),
            (Opcode::Write, 0),
            (Opcode::Secret, 0),
            (Opcode::Add, 0),
            (Opcode::Swap, 0),
            (Opcode::Push, 1),
            (Opcode::Sub, 0),
            (Opcode::Jump, 1),
            (Opcode::Pop, 0),
        ])
    }

    fn inputs(words: u64) -> Inputs<Fr> {
        Inputs {
            public: std::iter::once(words)
                .chain(1..=words)
                .map(Fr::from)
                .collect(),
            secret: (0..words).map(Fr::from).collect(),
        }
    }

    /// The states of a run, found without a session, and why it ends.
    fn states<'a>(job: &Job<'a, Fr>) -> (Vec<Snapshot<'a, Fr>>, Stop) {
        let mut stepper = job.stepper().unwrap();
        let mut states = vec![stepper.state().clone()];
        loop {
            match stepper.step() {
                Ok(true) => states.push(stepper.state().clone()),
                Ok(false) => return (states, Stop::End),
                Err(error) => return (states, Stop::Failed(error)),
            }
        }
    }

    #[test]
    fn a_step_back_leads_to_the_same_state() {
        let program = busy();
        let inputs = inputs(20);
        let job = Job::new(&program, InstructionSet::FULL, &inputs);
        let (states, end) = states(&job);
        let outcome = job.run().unwrap();
        assert_eq!((states.len() - 1, end), (outcome.steps, Stop::End));
        for budget in [SMALL, BUDGET] {
            let mut session = Session::with_budget(&job, budget).unwrap();
            for (step, state) in states.iter().enumerate() {
                assert_eq!(session.state(), state);
                for back in [1, 2, 7, step] {
                    let stop = session.back(back);
                    let reached = step.saturating_sub(back);
                    assert_eq!(stop == Stop::Start, back > step);
                    assert_eq!(session.state(), &states[reached]);
                    assert_eq!(session.forward(step - reached), Stop::Stepped);
                    assert_eq!(session.state(), state);
                }
                if step + 1 < states.len() {
                    assert_eq!(session.obstacle(), None);
                    assert_eq!(session.forward(1), Stop::Stepped);
                }
            }
            assert_eq!(session.forward(1), Stop::End);
            assert_eq!(session.obstacle(), Some(Stop::End));
            assert_eq!(session.state().outcome(), outcome);
            assert_eq!(session.go_to(5), Stop::Stepped);
            assert_eq!(session.state(), &states[5]);
            assert_eq!(session.go_to(1000), Stop::End);
            session.restart();
            assert_eq!(session.state(), &states[0]);
            assert_eq!(session.back(1), Stop::Start);
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let program = busy();
        let inputs = inputs(300);
        let job = Job::new(&program, InstructionSet::FULL, &inputs);
        let mut session = Session::with_budget(&job, SMALL).unwrap();
        while session.forward(1) == Stop::Stepped {
            let kept = &session.kept;
            assert!(kept.len() <= SMALL.states);
            assert!(kept.iter().map(words).sum::<usize>() <= SMALL.words);
            assert_eq!(kept[0].steps(), 0);
            assert!(kept.is_sorted_by_key(Snapshot::steps));
        }
        assert!(session.state().steps() > 3000);
    }

    #[test]
    fn watched_cells_stop_both_ways() {
        // Cell 1 becomes 7, stays 7, becomes 8; cell 2 becomes 9.
        let put = |word, address| [(Opcode::Push, word), (Opcode::Put, address)];
        let program = program(&[put(7, 1), put(7, 1), put(9, 2), put(8, 1)].concat());
        let inputs = Inputs::none();
        let job = Job::new(&program, program.smallest_set(), &inputs);
        let (states, _) = states(&job);
        let mut session = Session::with_budget(&job, SMALL).unwrap();
        assert!(session.watch(1) && !session.watch(1));
        let watchpoint = Stop::Watchpoint { address: 1 };
        for (step, word) in [(2, 7), (8, 8)] {
            assert_eq!(session.resume(), watchpoint);
            assert_eq!(session.state().steps(), step);
            assert_eq!(session.state().cell(1), Fr::from(word));
        }
        assert_eq!(session.resume(), Stop::End);
        let cells: Vec<_> = session.state().memory().collect();
        assert_eq!(cells, [(1, Fr::from(8)), (2, Fr::from(9))]);
        // At the end there is nothing after the last change, so that the one before it is the next one back.
        assert_eq!(session.reverse(), watchpoint);
        assert_eq!(session.state(), &states[2]);
        assert_eq!(session.reverse(), Stop::Start);
        session.watch(2);
        assert_eq!(session.watched().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(session.resume(), watchpoint);
        assert_eq!(session.resume(), Stop::Watchpoint { address: 2 });
        assert!(session.unwatch(1) && session.unwatch(2) && !session.unwatch(2));
        assert_eq!(session.resume(), Stop::End);
        // A step that is looked at and not made changes nothing.
        session.back(1);
        let before = session.state().clone();
        assert_eq!(session.obstacle(), None);
        assert_eq!(session.state(), &before);
        assert_eq!(session.state().cell(1), Fr::from(7));
    }

    #[test]
    fn breakpoints_stop_both_ways() {
        let program = busy();
        let inputs = inputs(6);
        let job = Job::new(&program, InstructionSet::FULL, &inputs);
        let (states, _) = states(&job);
        let at = |addresses: &[usize]| -> Vec<usize> {
            let states = states
                .iter()
                .filter(|state| addresses.contains(&state.pc()));
            states.map(Snapshot::steps).collect()
        };
        let mut session = Session::with_budget(&job, SMALL).unwrap();
        for address in [5, 11] {
            assert!(session.break_at(address));
            assert!(!session.break_at(address));
        }
        assert_eq!(session.breakpoints().collect::<Vec<_>>(), [5, 11]);
        let expected = at(&[5, 11]);
        assert_eq!(expected.len(), 12);
        for step in &expected {
            assert_eq!(session.resume(), Stop::Breakpoint);
            assert_eq!(session.state().steps(), *step);
        }
        assert_eq!(session.resume(), Stop::End);
        for step in expected.iter().rev() {
            assert_eq!(session.reverse(), Stop::Breakpoint);
            assert_eq!(session.state(), &states[*step]);
        }
        assert_eq!(session.reverse(), Stop::Start);
        assert_eq!(session.reverse(), Stop::Start);
        assert!(session.clear(11) && !session.clear(11));
        for step in at(&[5]) {
            assert_eq!(session.resume(), Stop::Breakpoint);
            assert_eq!(session.state().steps(), step);
        }
        // The end of the program is an address too.
        session.break_at(program.len());
        assert_eq!(session.resume(), Stop::Breakpoint);
        assert_eq!(session.resume(), Stop::End);
        // And so is the first one.
        session.break_at(0);
        session.clear(5);
        assert_eq!(session.reverse(), Stop::Breakpoint);
        assert_eq!(session.state(), &states[0]);
    }

    /// Whatever an instruction has done before it fails is undone.
    #[test]
    fn a_step_that_fails_changes_nothing() {
        use Opcode::{
            Add, Assert, Call, Inv, Jump, Jz, Pop, Push, Read, Ret, Rot, Secret, Swap, Write,
        };
        let failing: [&[(Opcode, u64)]; 12] = [
            &[(Push, 1), (Add, 0)],
            &[(Pop, 0)],
            &[(Push, 1), (Push, 2), (Rot, 0)],
            &[(Push, 1), (Swap, 0)],
            &[(Push, 5), (Push, 0), (Inv, 0)],
            &[(Push, 5), (Push, 3), (Assert, 0)],
            &[(Push, 0), (Jz, 99)],
            &[(Jump, 99)],
            &[(Push, 7), (Call, 99)],
            &[(Push, 99), (Ret, 0)],
            &[(Push, 5), (Write, 0), (Read, 0)],
            &[(Push, 5), (Write, 0), (Write, 0)],
        ];
        let none = Inputs::none();
        for instructions in failing {
            let program = program(instructions);
            let job = Job::new(&program, InstructionSet::FULL, &none);
            let (states, end) = states(&job);
            let error = job.run().unwrap_err();
            assert_eq!(end, Stop::Failed(error), "{instructions:?}");
            assert_eq!(states.len(), instructions.len());
            let mut session = Session::new(&job).unwrap();
            for _ in 0..3 {
                assert_eq!(session.resume(), end);
                assert_eq!(session.state(), states.last().unwrap());
                assert_eq!(session.obstacle(), Some(end.clone()));
                assert_eq!(session.state(), states.last().unwrap());
                session.back(1);
                assert_eq!(session.state(), &states[states.len().saturating_sub(2)]);
            }
        }
        // Words that are left over are found at the end.
        let program = program(&[(Secret, 0)]);
        let inputs = Inputs {
            public: vec![],
            secret: vec![Fr::from(1), Fr::from(2)],
        };
        let job = Job::new(&program, InstructionSet::FULL, &inputs);
        let mut session = Session::new(&job).unwrap();
        assert!(matches!(
            session.resume(),
            Stop::Failed(RunError::Unread { .. })
        ));
        assert_eq!(session.state().secret_read(), 1);
    }

    #[test]
    fn limits_stop_a_session() {
        let program = program(&[(Opcode::Push, 1), (Opcode::Jump, 0)]);
        let none = Inputs::none();
        let job = Job::new(&program, InstructionSet::FULL, &none);
        let words = Job::max_words(job.clone(), 100);
        let error = words.run().unwrap_err();
        assert_eq!(
            error,
            RunError::TooManyWords {
                step: 200,
                pc: 0,
                limit: 100
            }
        );
        let mut session = Session::new(&words).unwrap();
        assert_eq!(session.resume(), Stop::Failed(error));
        assert_eq!(session.state().stack().len(), 100);
        let mut session = Session::new(&job.max_steps(50)).unwrap();
        let limit = RunError::TooManySteps { limit: 50 };
        assert_eq!(session.resume(), Stop::Failed(limit));
        assert_eq!(session.state().steps(), 50);
    }

    #[test]
    fn an_interrupted_session_goes_on() {
        // Counts up on the stack, for ever.
        let program = program(&[(Opcode::Push, 0), (Opcode::Addi, 1), (Opcode::Jump, 1)]);
        let none = Inputs::none();
        let job = Job::new(&program, InstructionSet::FULL, &none);
        let flag = Arc::new(AtomicBool::new(false));
        let mut session = Session::with_budget(&job, SMALL)
            .unwrap()
            .interrupted_by(flag.clone());
        session.break_at(0);
        assert_eq!(session.forward(10_000), Stop::Stepped);
        let state = session.state().clone();
        flag.store(true, Ordering::Relaxed);
        // Soon, and from wherever it is.
        assert_eq!(session.resume(), Stop::Interrupted);
        assert!(session.state().steps() - 10_000 <= STEPS_BETWEEN_LOOKS);
        assert_eq!(session.forward(1_000_000), Stop::Interrupted);
        assert_eq!(session.go_to(1_000_000), Stop::Interrupted);
        assert_eq!(session.reverse(), Stop::Interrupted);
        assert!(session.state().steps() < 12_000);
        // What takes no time is not interrupted.
        session.restart();
        assert_eq!(session.state().steps(), 0);
        flag.store(false, Ordering::Relaxed);
        assert_eq!(session.breakpoints().collect::<Vec<_>>(), [0]);
        assert_eq!(session.go_to(10_000), Stop::Stepped);
        assert_eq!(session.state(), &state);
        assert_eq!(session.reverse(), Stop::Breakpoint);
        assert_eq!(session.state().steps(), 0);
    }
}
