//! Programs that bring every instruction of a set into every situation, and random ones. All are
//! read off the table of instructions.

use ff::Field;
use halo2_stack_vm::isa::{Effect, InstructionSet, Opcode, Target};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::vm::{Inputs, Job, RunError, Trace};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;

use crate::machine::Machine;
use crate::sets::is_source;

/// An instruction and its argument.
pub type Step = (Opcode, Fr);

/// The program of some steps.
pub fn program(steps: &[Step]) -> Program<Fr> {
    let instruction = |(opcode, argument): &Step| Instruction::new(*opcode, *argument);
    steps.iter().map(instruction).collect()
}

/// How an effect changes the depth.
pub fn change(opcode: Opcode) -> isize {
    match opcode.effect() {
        Effect::Grow => 1,
        Effect::Keep => 0,
        Effect::Shrink => -1,
    }
}

/// More steps than any machine here has rows.
pub const MAX_STEPS: u64 = 300;

/// The run of a program. What reads a word of a tape finds its own argument there, which it does not read itself, and
/// where it is executed again the next number. `None` if the run fails.
pub fn run(set: InstructionSet, steps: &[Step]) -> Option<Trace<Fr>> {
    let program = program(steps);
    let mut inputs = Inputs::default();
    let mut read = vec![0; steps.len()];
    loop {
        match Job::new(&program, set, &inputs)
            .max_steps(MAX_STEPS)
            .trace()
        {
            Ok(trace) => return Some(trace),
            Err(RunError::TapeEnd { pc, opcode, .. }) => {
                let word = steps[pc].1 + Fr::from(read[pc]);
                read[pc] += 1;
                match opcode.uses_tape() {
                    true => inputs.public.push(word),
                    false => inputs.secret.push(word),
                }
            }
            Err(_) => return None,
        }
    }
}

/// The rows of a run, unwinding included, of a program that runs.
pub fn steps(set: InstructionSet, program: &[Step]) -> usize {
    run(set, program).expect("a program that runs").steps()
}

/// The instructions that programs of a set write, but `halt`.
pub fn writable(set: InstructionSet) -> Vec<Opcode> {
    set.opcodes()
        .filter(|opcode| *opcode != Opcode::Halt)
        .collect()
}

/// Whether no instruction of a program is one of control flow.
pub fn is_straight(program: &[Step]) -> bool {
    let opcodes: Vec<_> = program.iter().map(|own| own.0).collect();
    !InstructionSet::of(&opcodes).has_control()
}

/// What puts its argument on the stack, whatever stands there: `push`, or what reads a word of a tape, which is its
/// argument in every [`run`] here. There is one in every set that is tried.
pub fn source(set: InstructionSet) -> Opcode {
    let mut opcodes = set.opcodes();
    opcodes
        .find(|own| is_source(*own))
        .expect("a source of words")
}

/// The instructions that put these words on the stack.
pub fn pushes(set: InstructionSet, words: &[Fr]) -> Vec<Step> {
    let source = source(set);
    words.iter().map(|word| (source, *word)).collect()
}

/// A number below `bound`.
pub fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    (rng.next_u64() % bound as u64) as usize
}

/// One of the items.
pub fn pick<T: Copy>(rng: &mut ChaCha8Rng, items: &[T]) -> Option<T> {
    (!items.is_empty()).then(|| items[below(rng, items.len())])
}

/// A word: often a small one.
pub fn word(rng: &mut ChaCha8Rng) -> Fr {
    match below(rng, 4) {
        0 => Fr::from(rng.next_u64() % 3),
        1 => Fr::from(rng.next_u64() % 100),
        2 => -Fr::from(1 + rng.next_u64() % 3),
        _ => Fr::random(rng),
    }
}

/// Whether a program runs.
pub fn runs(set: InstructionSet, program: &[Step]) -> bool {
    run(set, program).is_some()
}

/// Whether a program runs and fits into a machine.
pub fn fits(machine: &Machine, program: &[Step]) -> bool {
    let fits = |trace: Trace<Fr>| trace.machine_rows() <= machine.rows;
    program.len() <= machine.program_rows && run(machine.set, program).is_some_and(fits)
}

fn address(at: usize) -> Fr {
    Fr::from(at as u64)
}

/// Programs in which every instruction stands before every small depth, on the first row and on the
/// last, next to many others, in a machine that is full or has idle rows, on random words, ones and
/// zeros, jumping forward, backward and to the end, and programs of extreme shapes.
pub fn systematic(machine: &Machine, rng: &mut ChaCha8Rng) -> Vec<Vec<Step>> {
    let set = machine.set;
    let nops = |count: usize| vec![(Opcode::IDLE, Fr::ZERO); count];
    let pushes = |words: &[Fr]| pushes(set, words);
    let opcodes = writable(set);
    let mut programs = vec![];
    // Both as they are and behind so many nops that the machine is full. A program is made for the address
    // that it begins at.
    let mut add = |make: Make| {
        let program = make(0);
        if !fits(machine, &program) {
            return;
        }
        let rows = machine.rows - steps(set, &program);
        let room = rows.min(machine.program_rows - program.len());
        let full = [nops(room), make(room)].concat();
        programs.push(program);
        if room > 0 && fits(machine, &full) {
            programs.push(full);
        }
    };
    add(&|_| vec![]);
    for (i, opcode) in opcodes.iter().enumerate() {
        for depth in opcode.needs()..=opcode.needs().max(3) {
            let random: Vec<_> = (0..=depth).map(|_| Fr::random(&mut *rng)).collect();
            let ones = vec![Fr::ONE; depth + 1];
            let zeros = vec![Fr::ZERO; depth + 1];
            let tested = opcode.fault().is_some() || is_hinted(*opcode);
            let mut left = if tested { 3 } else { 1 };
            for words in [random, ones, zeros] {
                // Where it goes on is the next instruction.
                let make = |front: usize| {
                    let mut program = pushes(&words[..depth]);
                    let next = address(front + depth + 1);
                    if opcode.target() == Target::Top {
                        program[depth - 1].1 = next;
                    }
                    let argument = match opcode.takes_address() {
                        true => next,
                        false => words[depth],
                    };
                    program.push((*opcode, argument));
                    program
                };
                if left > 0 && runs(set, &make(0)) {
                    add(&make);
                    left -= 1;
                }
            }
        }
        for other in (0..opcodes.len().min(5)).map(|j| opcodes[(i + j) % opcodes.len()]) {
            let depth = opcode.needs().max(3);
            let mut program = pushes(&vec![Fr::ONE; depth]);
            let both = [*opcode, other].into_iter().enumerate();
            let both = both.map(|(j, own)| match own.takes_address() {
                true => (own, address(depth + j + 1)),
                false => (own, Fr::ONE),
            });
            program.extend(both);
            if fits(machine, &program) {
                add(&|_| program.clone());
            }
        }
        if set.has_control() {
            jumping(set, *opcode, &mut add);
        }
    }
    let deepest = pushes(&vec![
        Fr::ONE;
        machine.rows.div_ceil(2).min(machine.program_rows)
    ]);
    for opcode in &opcodes {
        let mut program = deepest.clone();
        while program.len() < machine.program_rows {
            program.push((*opcode, Fr::ONE));
            if !fits(machine, &program) {
                program.pop();
                break;
            }
        }
        add(&|_| program.clone());
    }
    add(&|_| deepest.clone());
    programs
}

/// Makes a program for the address that it begins at.
type Make<'a> = &'a dyn Fn(usize) -> Vec<Step>;

/// Programs in which an instruction jumps over others, back, to the end, and away from it.
fn jumping(set: InstructionSet, opcode: Opcode, add: &mut dyn FnMut(Make)) {
    let source = source(set);
    let nop = (Opcode::IDLE, Fr::ZERO);
    let halt = (Opcode::Halt, Fr::ZERO);
    if opcode.target() == Target::Following {
        // Around an explicit halt.
        add(&|_| {
            vec![
                (source, Fr::ONE),
                (source, Fr::ONE),
                halt,
                (opcode, Fr::ONE),
            ]
        });
        return;
    }
    for word in [Fr::ZERO, Fr::ONE] {
        // Where the top is an address, it is the one that others have as their argument.
        let jump = |to: usize| -> Vec<Step> {
            let top = match opcode.target() {
                Target::Top => address(to),
                _ => word,
            };
            vec![(source, top), (opcode, address(to))]
        };
        // Over a push and a halt.
        add(&|front| [jump(front + 4), vec![(source, Fr::ONE), halt, nop]].concat());
        // To the end, past instructions.
        add(&|front| [jump(front + 4), vec![(source, Fr::ONE), nop]].concat());
        // Forward, then back to a halt before it.
        add(&|front| {
            let over = jump(front + 4);
            [over, vec![halt, nop], jump(front + 2)].concat()
        });
    }
    // A loop of two rounds, which a word ends that is another in the second.
    if opcode.target() == Target::Branch {
        let mut again = set.opcodes().filter(|own| own.takes_word());
        if let Some(read) = again.next() {
            for word in [Fr::ZERO, -Fr::ONE] {
                add(&|front| vec![(read, word), (opcode, address(front))]);
            }
        }
        if [Opcode::Addi, Opcode::Dup]
            .iter()
            .all(|own| set.contains(*own))
        {
            add(&|front| {
                let minus = (Opcode::Addi, -Fr::ONE);
                let again = (opcode, address(front + 1));
                vec![(source, Fr::from(2)), minus, (Opcode::Dup, Fr::ZERO), again]
            });
        }
    }
}

/// Whether an instruction has a hint.
pub fn is_hinted(opcode: Opcode) -> bool {
    InstructionSet::of(&[opcode]).has_hint()
}

/// A random program that fits and runs.
pub fn random(machine: &Machine, rng: &mut ChaCha8Rng) -> Vec<Step> {
    let length = below(rng, machine.program_rows + 1);
    let opcodes = writable(machine.set);
    let mut program: Vec<Step> = vec![];
    // An instruction that does not run is taken back; there are that many tries.
    for _ in 0..2 * length {
        if program.len() == length {
            break;
        }
        let depth = run(machine.set, &program).map_or(0, |trace| {
            trace.rows()[trace.outcome().steps].depth as usize
        });
        let fitting: Vec<_> = opcodes
            .iter()
            .copied()
            .filter(|opcode| opcode.needs() <= depth)
            .collect();
        let opcode = match depth < 3 && rng.next_u32().is_multiple_of(2) {
            true => source(machine.set),
            false => pick(rng, &fitting).expect("nop"),
        };
        let argument = match opcode.takes_address() {
            true => address(below(rng, program.len() + 2)),
            false => word(rng),
        };
        // Sometimes what it would jump over stands there too.
        let steps = match opcode.target() {
            Target::Argument | Target::Branch if below(rng, 2) == 0 => {
                let over = address(program.len() + 2);
                let other = pick(rng, &fitting).expect("nop");
                vec![(opcode, over), (other, argument)]
            }
            Target::Top => {
                let own = address(below(rng, program.len() + 3));
                vec![(source(machine.set), own), (opcode, Fr::ZERO)]
            }
            _ => vec![(opcode, argument)],
        };
        let before = program.len();
        program.extend(steps);
        if !fits(machine, &program) {
            program.truncate(before);
        }
    }
    program
}
