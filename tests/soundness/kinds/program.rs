//! The program that is stated, in instance columns and in cells.

use ff::Field;
use halo2_stack_vm::isa::Opcode;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::{
    ADDRESS, AFTER_HALT, ARGUMENT_COPY, COFACTOR, DECODE, FLAG, FRAME, HIGH, Kind, LAST_HALT,
    OPCODE_COPY, PADDING_ARGUMENT, PADDING_COPY, SUM_END, TOP, USED, ZERO, address, nonzero, row,
    runnable,
};
use crate::claim::Claim;
use crate::forger::Scene;
use crate::programs::{self, Step, below, pick, pushes, random, word};

/// The honest witness of another program, for the scene's statement.
fn run_of(scene: &Scene, program: Vec<Step>) -> Option<Claim> {
    if !programs::fits(scene.machine, &program) {
        return None;
    }
    // A run that idles before it unwinds is one of the scene's own program, whatever its secrets are.
    let read = |opcode: Opcode| {
        scene.machine.shape().fetches() || opcode.takes_argument() || opcode.uses_tape()
    };
    let same = |(own, step): (&Step, &Step)| own == step || own.0 == step.0 && !read(own.0);
    let own = scene.program.len();
    if program.len() >= own
        && scene.program.iter().zip(&program).all(same)
        && program[own..]
            .iter()
            .all(|(opcode, _)| *opcode == Opcode::IDLE)
    {
        return None;
    }
    let mut claim = Scene::new(scene.machine, program).honest;
    claim.given = scene.honest.given.clone();
    claim.tape = scene.honest.tape.clone();
    claim.cells = scene.honest.cells.clone();
    Some(claim)
}

/// The program's cells say something else on a row, and the machine executes it.
fn other_cell(scene: &Scene, rng: &mut ChaCha8Rng, holds: impl Fn(usize) -> bool) -> Option<Claim> {
    scene.machine.program?;
    let at = row(scene, rng, holds)?;
    let opcodes = runnable(scene, scene.depths[at]);
    let step = (pick(rng, &opcodes)?, word(rng));
    let mut forger = scene.forger();
    forger.go_to(at);
    let address = address(scene, &forger)?;
    let stated = Fr::from(scene.set().stated(step.0));
    if scene.honest.cells[address] == [stated, step.1] {
        return None;
    }
    forger.claimed = Some([Fr::from(step.0.encoded()), step.1]);
    forger.execute(step.0, step.1);
    let mut claim = forger.finish();
    claim.cells[address] = [stated, step.1];
    Some(claim)
}

/// Where the outer circuit's cells end, instructions go on, and the last cell is a copy of the first
/// of them. Where the scene's program is shorter, it is one that leaves a word or none, so that nothing is to unwind.
fn padded(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    scene.machine.program?;
    let from = scene.machine.program_rows;
    let straight = !scene.machine.shape().fetches();
    if !straight || from == scene.rows() {
        return None;
    }
    let own = scene.program.len() == from && below(rng, 2) == 0;
    let mut forger = match own {
        true => scene.forger(),
        false => {
            let words: Vec<_> = (0..below(rng, from.min(1) + 1))
                .map(|_| word(rng))
                .collect();
            let mut program = pushes(scene.set(), &words);
            program.resize(from, (Opcode::IDLE, Fr::ZERO));
            scene.forger_of(program)
        }
    };
    forger.go_to(from);
    let mut cells = vec![];
    for _ in from..scene.rows() {
        let opcode = match own {
            true => pick(rng, &runnable(scene, forger.depth))?,
            false => Opcode::IDLE,
        };
        let argument = word(rng);
        forger.execute(opcode, argument);
        cells.push([Fr::from(opcode.encoded()), argument]);
    }
    let mut claim = forger.finish();
    let (first, rows) = (cells[0][0], scene.rows());
    claim.cells[from..rows].copy_from_slice(&cells);
    claim.cells[rows][0] = first;
    Some(claim)
}

/// Whether a key of the scene's set has no such instruction: one of a straight line has `pop` in any case.
fn lacks(scene: &Scene, encoded: u64) -> bool {
    let set = scene.machine.host.binding().canonical_set(scene.set());
    !set.opcodes().any(|opcode| opcode.encoded() == encoded)
}

/// Nothing is done where an instruction is given, or an opcode that the set lacks, and the run goes on where that leads
/// to: with control flow, at an address as much further on as the opcode is a number.
fn passed_over(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let depth = below(rng, 3);
    let room = scene.machine.program_rows.checked_sub(depth + 1)?;
    let tail = below(rng, room + 1);
    let last = match scene.set().has_control() {
        true => tail + 1,
        false => Opcode::ALL.len() + 1,
    };
    let first = Opcode::IDLE.encoded() + 1;
    let own = |code: u64| Opcode::from_encoded(code).filter(|own| scene.set().contains(*own));
    let codes = first..=last as u64;
    let codes: Vec<_> = codes
        .filter(|code| own(*code).is_some() || lacks(scene, *code))
        .collect();
    let code = pick(rng, &codes)?;
    let own = own(code);
    let words: Vec<_> = (0..depth).map(|_| word(rng)).collect();
    let mut program = pushes(scene.set(), &words);
    program.push((own.unwrap_or(Opcode::IDLE), word(rng)));
    program.resize(depth + 1 + tail, (Opcode::IDLE, Fr::ZERO));
    let mut forger = scene.forger_of(program);
    forger.go_to(depth);
    let (_, argument) = forger.instruction();
    forger.claimed = Some([Fr::from(code), argument]);
    forger.idle();
    let mut claim = forger.finish();
    let stated = Fr::from(code) + Fr::from(scene.set().stated(Opcode::Halt));
    claim.given[depth][0] = stated;
    claim.cells[depth][0] = stated;
    Some(claim)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "the argument of another instruction",
        rejected_by: &[TOP, COFACTOR, ZERO, ADDRESS, HIGH, FRAME],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| scene.executed[row].takes_argument())?;
            let other = pick(rng, &scene.program)?.1;
            Some(scene.tampered(at, |forger| forger.execute(scene.executed[at], other)))
        },
    },
    Kind {
        name: "the run of another program",
        rejected_by: &[DECODE, FLAG, TOP, COFACTOR, ZERO, SUM_END, USED, FRAME],
        forge: |scene, rng| run_of(scene, random(scene.machine, rng)),
    },
    Kind {
        name: "the run of the program without its last instruction",
        rejected_by: &[DECODE, SUM_END, USED],
        forge: |scene, _| {
            let (_, shorter) = scene.program.split_last()?;
            run_of(scene, shorter.to_vec())
        },
    },
    Kind {
        name: "the run of no program at all",
        rejected_by: &[DECODE, SUM_END, USED],
        forge: |scene, _| run_of(scene, vec![]),
    },
    Kind {
        name: "an opcode that the set lacks",
        rejected_by: &[DECODE, SUM_END],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| row < scene.length)?;
            let mut forger = scene.forger();
            forger.go_to(at);
            let at = address(scene, &forger)?;
            let mut claim = scene.honest.clone();
            let encoded = Opcode::ALL.iter().map(|opcode| opcode.encoded());
            let lacking: Vec<_> = encoded
                // It is stated as one more where there is control flow.
                .chain([1 + Opcode::ALL.len() as u64, u64::MAX - 1])
                .filter(|own| lacks(scene, *own))
                .collect();
            let stated = scene.set().stated(Opcode::Halt);
            let opcode = Fr::from(pick(rng, &lacking)?) + Fr::from(stated);
            claim.given[at][0] = opcode;
            claim.cells[at][0] = opcode;
            Some(claim)
        },
    },
    Kind {
        name: "nothing where something is given",
        rejected_by: &[DECODE],
        forge: passed_over,
    },
    Kind {
        name: "cells that say another instruction",
        rejected_by: &[OPCODE_COPY, ARGUMENT_COPY],
        forge: |scene, rng| other_cell(scene, rng, |row| row < scene.length),
    },
    Kind {
        name: "cells that say another argument",
        rejected_by: &[ARGUMENT_COPY],
        forge: |scene, rng| {
            scene.machine.program?;
            let at = row(scene, rng, |row| scene.executed[row].takes_argument())?;
            let argument = word(rng);
            let mut forger = scene.forger();
            forger.go_to(at);
            let address = address(scene, &forger)?;
            let opcode = scene.executed[at];
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            let mut claim = forger.finish();
            claim.cells[address][1] = argument;
            Some(claim)
        },
    },
    Kind {
        name: "cells after the program that say an instruction",
        rejected_by: &[OPCODE_COPY, PADDING_COPY, AFTER_HALT],
        forge: |scene, rng| other_cell(scene, rng, |row| row >= scene.length),
    },
    Kind {
        name: "cells that go on after the program's to the final row",
        rejected_by: &[LAST_HALT],
        forge: padded,
    },
    Kind {
        name: "an instruction on the row after the program's cells",
        rejected_by: &[PADDING_COPY],
        forge: |scene, rng| {
            let program_rows = scene.machine.program_rows;
            if scene.program.len() < program_rows || scene.machine.shape().fetches() {
                return None;
            }
            other_cell(scene, rng, |row| row == program_rows)
        },
    },
    Kind {
        name: "a program that goes on after halt",
        rejected_by: &[AFTER_HALT],
        forge: |scene, rng| {
            scene.machine.program.filter(|_| scene.is_straight())?;
            if scene.set().has_control() {
                return None;
            }
            let at = row(scene, rng, |row| row + 1 < scene.length)?;
            let mut program = scene.program.clone();
            program[at] = (Opcode::Halt, Fr::ZERO);
            Some(scene.forger_of(program).finish())
        },
    },
    Kind {
        name: "an instruction on the final row",
        rejected_by: &[LAST_HALT],
        forge: |scene, rng| {
            scene.machine.program?;
            if scene.machine.shape().fetches() {
                return None;
            }
            let mut claim = scene.honest.clone();
            claim.cells[scene.rows()][0] = Fr::from(1 + below(rng, 9) as u64);
            Some(claim)
        },
    },
    Kind {
        name: "cells that list an instruction after the program's",
        rejected_by: &[OPCODE_COPY, PADDING_COPY, ARGUMENT_COPY, PADDING_ARGUMENT],
        forge: |scene, rng| {
            scene.machine.program?;
            scene.honest.columns.fetch.as_ref()?;
            let at = row(scene, rng, |row| row > scene.program.len())?;
            let mut claim = scene.honest.clone();
            match below(rng, 2) {
                0 => claim.cells[at][0] += Fr::from(1 + below(rng, 3) as u64),
                _ => claim.cells[at][1] += nonzero(rng),
            }
            Some(claim)
        },
    },
];
