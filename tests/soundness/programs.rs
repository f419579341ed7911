//! Programs that bring every instruction of a set into every situation, and random ones. All are
//! read off the table of instructions.

use ff::Field;
use halo2_stack_vm::isa::{Effect, InstructionSet, Opcode};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;

use crate::machine::Machine;

/// An instruction and its argument.
pub type Step = (Opcode, Fr);

/// How an effect changes the depth.
pub fn change(opcode: Opcode) -> isize {
    match opcode.effect() {
        Effect::Grow => 1,
        Effect::Keep => 0,
        Effect::Shrink => -1,
    }
}

/// The depth of the stack after a program.
pub fn depth(program: &[Step]) -> usize {
    let depth = program
        .iter()
        .map(|(opcode, _)| change(*opcode))
        .sum::<isize>();
    usize::try_from(depth).expect("a program that runs")
}

/// The steps of a run, unwinding included.
pub fn steps(program: &[Step]) -> usize {
    program.len() + depth(program).saturating_sub(1)
}

/// The instructions that programs of a set write.
pub fn writable(set: InstructionSet) -> Vec<Opcode> {
    set.opcodes()
        .filter(|opcode| opcode.code().is_some())
        .collect()
}

/// What grows the stack without needing any of it.
pub fn push() -> Opcode {
    let grows = |opcode: &&Opcode| opcode.effect() == Effect::Grow && opcode.needs() == 0;
    *Opcode::ALL.iter().find(grows).expect("a push")
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

/// Programs in which every instruction stands before every small depth, on the first row and on the
/// last, next to every other, in a machine that is full or has idle rows, and programs of extreme
/// shapes.
pub fn systematic(machine: &Machine, rng: &mut ChaCha8Rng) -> Vec<Vec<Step>> {
    let set = machine.set;
    let nops = |count: usize| vec![(Opcode::IDLE, Fr::ZERO); count];
    let mut pushes = |count: usize| -> Vec<Step> {
        (0..count)
            .map(|_| (push(), Fr::random(&mut *rng)))
            .collect()
    };
    let opcodes = writable(set);
    // The machine is full if this many nops stand in front.
    let room = |program: &[Step]| {
        let steps = machine.rows.checked_sub(steps(program))?;
        Some(steps.min(machine.program_rows.checked_sub(program.len())?))
    };
    let full = |program: &[Step]| room(program).map(|room| [nops(room), program.to_vec()].concat());
    let mut programs = vec![vec![]];
    programs.extend(full(&[]));
    for opcode in &opcodes {
        for depth in opcode.needs() as usize..=3 {
            let mut program = pushes(depth);
            program.push((*opcode, pushes(1)[0].1));
            programs.extend(full(&program));
            programs.push(program);
        }
        for other in &opcodes {
            let mut program = pushes(3);
            let argument = pushes(1)[0].1;
            program.extend([(*opcode, argument), (*other, argument + Fr::ONE)]);
            programs.push(program);
        }
    }
    let deepest = pushes(machine.rows.div_ceil(2).min(machine.program_rows));
    for opcode in &opcodes {
        let mut program = deepest.clone();
        while program.len() < machine.program_rows && depth(&program) >= opcode.needs() as usize {
            program.push((*opcode, Fr::ONE));
        }
        programs.push(program);
    }
    programs.push(deepest);
    programs.retain(|program| room(program).is_some());
    programs
}

/// A random program that fits.
pub fn random(machine: &Machine, rng: &mut ChaCha8Rng) -> Vec<Step> {
    let length = below(rng, machine.program_rows + 1);
    let opcodes = writable(machine.set);
    let mut program = vec![];
    while program.len() < length {
        let depth = depth(&program);
        let fits: Vec<_> = opcodes
            .iter()
            .copied()
            .filter(|opcode| opcode.needs() as usize <= depth)
            .collect();
        let opcode = match depth < 3 && rng.next_u32() % 2 == 0 {
            true => push(),
            false => pick(rng, &fits).expect("nop"),
        };
        program.push((opcode, word(rng)));
        if steps(&program) > machine.rows {
            program.pop();
            break;
        }
    }
    program
}
