//! Sessions.

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
    let limit = RunError::TooManySteps { limit: 50, pc: 0 };
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
