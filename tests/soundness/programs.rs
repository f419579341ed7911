//! Programs that bring every instruction of a set into every situation, and random ones. All are
//! read off the table of instructions.

use ff::Field;
use halo2_stack_vm::isa::{Cofactor, Effect, InstructionSet, Opcode, Operands};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::vm;
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

/// Whether a program runs.
pub fn runs(set: InstructionSet, program: &[Step]) -> bool {
    let instruction = |(opcode, argument): &Step| Instruction::new(*opcode, *argument);
    let program: Option<Program<Fr>> = program.iter().map(instruction).collect();
    vm::run(&program.expect("what programs write"), None, set).is_ok()
}

/// Programs in which every instruction stands before every small depth, on the first row and on the
/// last, next to many others, in a machine that is full or has idle rows, on random words, ones and
/// zeros, and programs of extreme shapes.
pub fn systematic(machine: &Machine, rng: &mut ChaCha8Rng) -> Vec<Vec<Step>> {
    let set = machine.set;
    let nops = |count: usize| vec![(Opcode::IDLE, Fr::ZERO); count];
    let pushes = |words: &[Fr]| -> Vec<Step> { words.iter().map(|own| (push(), *own)).collect() };
    let opcodes = writable(set);
    // The machine is full if this many nops stand in front.
    let room = |program: &[Step]| {
        let steps = machine.rows.checked_sub(steps(program))?;
        Some(steps.min(machine.program_rows.checked_sub(program.len())?))
    };
    let full = |program: &[Step]| room(program).map(|room| [nops(room), program.to_vec()].concat());
    let mut programs = vec![vec![]];
    programs.extend(full(&[]));
    for (i, opcode) in opcodes.iter().enumerate() {
        for depth in opcode.needs()..=opcode.needs().max(3) {
            let random: Vec<_> = (0..=depth).map(|_| Fr::random(&mut *rng)).collect();
            let ones = vec![Fr::ONE; depth + 1];
            let zeros = vec![Fr::ZERO; depth + 1];
            let choices = [random, ones, zeros].into_iter().map(|words| {
                let mut program = pushes(&words[..depth]);
                program.push((*opcode, words[depth]));
                program
            });
            let mut choices: Vec<_> = choices.filter(|program| runs(set, program)).collect();
            if opcode.fault().is_none() && !is_hinted(*opcode) {
                choices.truncate(1);
            }
            for program in choices {
                programs.extend(full(&program));
                programs.push(program);
            }
        }
        for other in (0..opcodes.len().min(5)).map(|j| opcodes[(i + j) % opcodes.len()]) {
            let depth = opcode.needs().max(3);
            let mut program = pushes(&vec![Fr::ONE; depth]);
            program.extend([(*opcode, Fr::ONE), (other, Fr::ONE)]);
            if runs(set, &program) {
                programs.push(program);
            }
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
            if !runs(set, &program) || steps(&program) > machine.rows {
                program.pop();
                break;
            }
        }
        programs.push(program);
    }
    programs.push(deepest);
    programs.retain(|program| room(program).is_some());
    programs
}

/// Whether an instruction has a hint.
pub fn is_hinted(opcode: Opcode) -> bool {
    /// Operands that say nothing, for what does not depend on them.
    struct Nothing;
    impl Operands<Fr> for Nothing {
        fn word(&self, _: usize) -> Fr {
            Fr::ZERO
        }
        fn argument(&self) -> Fr {
            Fr::ZERO
        }
        fn hint(&self) -> Fr {
            Fr::ZERO
        }
        fn result(&self) -> Fr {
            Fr::ZERO
        }
    }
    opcode.relation(&Nothing).cofactor == Cofactor::Hint
}

/// A random program that fits and runs.
pub fn random(machine: &Machine, rng: &mut ChaCha8Rng) -> Vec<Step> {
    let length = below(rng, machine.program_rows + 1);
    let opcodes = writable(machine.set);
    let mut program = vec![];
    while program.len() < length {
        let depth = depth(&program);
        let fits: Vec<_> = opcodes
            .iter()
            .copied()
            .filter(|opcode| opcode.needs() <= depth)
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
        if !runs(machine.set, &program) {
            program.pop();
        }
    }
    program
}
