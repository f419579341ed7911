//! Jumps, and the instructions that are looked up.

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Opcode, Target};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::output::slipped;
use super::{
    COFACTOR_TEST, FACTOR_TEST, FETCHED, FLOW, JUMPS, Kind, LAST_FETCHED, LAST_HALT, PROVIDED,
    START_PC, SUM_END, TESTED, TOP, ZERO, any_row, given_argument, nonzero, row, runnable,
    with_product_at, with_target,
};
use crate::claim::{Claim, Slip};
use crate::forger::{Forger, Product, Scene};
use crate::programs::{Step, below, pick, pushes, source, word};

/// Another jump, and a product to go with it, on a row whose instruction has a target that `fits`.
fn with_jump(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    fits: impl Fn(Target) -> bool,
    jumps: impl FnOnce(&mut ChaCha8Rng, Fr) -> Fr,
    product: Product,
) -> Option<Claim> {
    let fetch = scene.honest.columns.fetch.as_ref()?;
    let at = row(scene, rng, |row| fits(scene.executed[row].target()))?;
    let jumps = Some(jumps(rng, fetch.jumps[at]));
    with_product_at(scene, at, Product { jumps, ..product })
}

/// A machine that comes to a row on which it looks an instruction up.
fn looking<'a>(
    scene: &Scene<'a>,
    rng: &mut ChaCha8Rng,
    holds: impl Fn(usize) -> bool,
) -> Option<(Forger<'a>, usize)> {
    scene.honest.columns.fetch.as_ref()?;
    let at = row(scene, rng, holds)?;
    let mut forger = scene.forger();
    forger.go_to(at);
    Some((forger, at))
}

/// The run of another program that has control flow, whose own statement it is.
fn stating(scene: &Scene, program: Vec<Step>) -> Option<Claim> {
    scene.honest.columns.fetch.as_ref()?;
    if program.len() > scene.machine.program_rows {
        return None;
    }
    Some(scene.forger_of(program).finish())
}

/// A program that goes round and round. A call in a circle fills the stack, but not if the circle is so large that it
/// is done once.
fn circle(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Vec<Step>> {
    let targets = [Target::Argument, Target::Branch, Target::Top];
    let target = pick(rng, &targets)?;
    let opcode = with_target(scene, rng, target)?;
    let words = opcode
        .needs()
        .max(usize::from(opcode.target() == Target::Top));
    let room = scene.machine.program_rows.checked_sub(words + 1)?;
    let front = match below(rng, 2) {
        0 => room,
        _ => below(rng, room + 1),
    };
    let to = Fr::from(below(rng, front + 1) as u64);
    let tops = match opcode.target() {
        Target::Top => [to, to],
        _ => [Fr::ZERO, Fr::ONE],
    };
    let mut program = vec![(Opcode::IDLE, Fr::ZERO); front];
    program.extend(pushes(scene.set(), &vec![pick(rng, &tops)?; words]));
    program.push((opcode, to));
    Some(program)
}

/// A word that is no address of a program of so many instructions.
fn no_address(scene: &Scene, rng: &mut ChaCha8Rng, length: usize) -> Fr {
    // Its end has an address too, wherever the machine has it.
    let listed = scene.machine.listed(&vec![[Fr::ZERO; 2]; length + 1]);
    let far = listed.len() + below(rng, 2 * scene.rows());
    [Fr::from(far as u64), -Fr::ONE, Fr::random(&mut *rng)][below(rng, 3)]
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "another pc after a step",
        rejected_by: &[FLOW],
        forge: |scene, rng| {
            let (mut forger, _) = looking(scene, rng, |_| true)?;
            forger.step();
            forger.pc = match below(rng, 2) {
                0 => forger.pc + nonzero(rng),
                _ => Fr::from(below(rng, scene.program.len() + 1) as u64),
            };
            Some(forger.finish())
        },
    },
    Kind {
        name: "another pc from the start",
        rejected_by: &[START_PC],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            let pc = Fr::from(1 + below(rng, scene.program.len() + 1) as u64);
            Some(scene.tampered(0, |forger| forger.pc = pc))
        },
    },
    Kind {
        name: "a pc that moves where the run is over",
        rejected_by: &[FLOW],
        forge: |scene, rng| {
            let (mut forger, _) = looking(scene, rng, |row| row >= scene.length)?;
            forger.step();
            forger.pc = Fr::from(below(rng, scene.program.len() + 1) as u64);
            Some(forger.finish())
        },
    },
    Kind {
        name: "a jump the other way",
        rejected_by: &[TESTED, TOP, ZERO],
        forge: |scene, rng| {
            let (branch, other) = (|own| own == Target::Branch, |_: &mut _, own| Fr::ONE - own);
            with_jump(scene, rng, branch, other, Product::default())
        },
    },
    Kind {
        name: "a jump the other way, without a hint",
        rejected_by: &[TESTED, TOP, ZERO],
        forge: |scene, rng| {
            let (branch, other) = (|own| own == Target::Branch, |_: &mut _, own| Fr::ONE - own);
            let without = Product {
                cofactor: Some(Fr::ZERO),
                ..Product::default()
            };
            with_jump(scene, rng, branch, other, without)
        },
    },
    Kind {
        name: "half a jump",
        rejected_by: &[TESTED, TOP, ZERO],
        forge: |scene, rng| {
            let branch = |own| own == Target::Branch;
            with_jump(scene, rng, branch, |rng, _| word(rng), Product::default())
        },
    },
    Kind {
        name: "a jump the other way, untested, that drops another word",
        rejected_by: &[FACTOR_TEST, COFACTOR_TEST, ZERO],
        forge: |scene, rng| {
            let (branch, other) = (|own| own == Target::Branch, |_: &mut _, own| Fr::ONE - own);
            let untested = Product {
                factor_test: Some(Fr::ZERO),
                cofactor_test: Some(Fr::ZERO),
                ..Product::default()
            };
            with_jump(scene, rng, branch, other, untested)
        },
    },
    Kind {
        name: "a jump by what does not jump, or none by what does",
        rejected_by: &[JUMPS],
        forge: |scene, rng| {
            let fixed = |own| own != Target::Branch;
            let jumps = |rng: &mut _, own| [Fr::ONE - own, word(rng)][below(rng, 2)];
            with_jump(scene, rng, fixed, jumps, Product::default())
        },
    },
    Kind {
        name: "an instruction that is not listed",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |_| true)?;
            let opcode = pick(rng, &runnable(scene, scene.depths[at]))?;
            let argument = [given_argument(scene, at), word(rng)][below(rng, 2)];
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            Some(forger.finish())
        },
    },
    Kind {
        name: "an argument that is not listed",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |row| row < scene.length)?;
            let argument = given_argument(scene, at) + nonzero(rng);
            let opcode = scene.executed[at];
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            Some(forger.finish())
        },
    },
    Kind {
        name: "the instruction of another address",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |_| true)?;
            let (opcode, argument) = pick(rng, &scene.program)?;
            if opcode.needs() > scene.depths[at] || opcode == Opcode::Halt {
                return None;
            }
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            Some(forger.finish())
        },
    },
    Kind {
        name: "the instruction of another address, counted there",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |row| row < scene.length)?;
            let address = below(rng, scene.program.len());
            let (opcode, argument) = scene.program[address];
            if opcode.needs() > scene.depths[at] || opcode == Opcode::Halt {
                return None;
            }
            let pc = usize::try_from(forger.pc.to_u64()?).ok()?;
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            let mut claim = forger.finish();
            let uses = &mut claim.columns.fetch.as_mut()?.uses;
            uses[pc] -= Fr::ONE;
            uses[address] += Fr::ONE;
            Some(claim)
        },
    },
    Kind {
        name: "a halt that is not listed",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, _) = looking(scene, rng, |row| row < scene.length)?;
            while forger.row() < scene.rows() {
                let (_, argument) = forger.instruction();
                forger.claimed = Some([Fr::ZERO, argument]);
                match forger.depth >= 2 {
                    true => forger.execute(Opcode::Halt, argument),
                    false => forger.idle(),
                }
            }
            let (_, argument) = forger.instruction();
            forger.claimed = Some([Fr::ZERO, argument]);
            Some(forger.finish())
        },
    },
    Kind {
        name: "an instruction that is used more often, or less, than it says",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            let (at, other) = (any_row(scene, rng), nonzero(rng));
            let mut claim = scene.honest.clone();
            claim.columns.fetch.as_mut()?.uses[at] += other;
            Some(claim)
        },
    },
    Kind {
        name: "an instruction that looks up nothing",
        rejected_by: &[FETCHED, LAST_FETCHED],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            let at = below(rng, scene.rows() + 1);
            let (mut forger, _) = looking(scene, rng, |row| row == at.min(scene.rows() - 1))?;
            if at < scene.rows() {
                let opcode = pick(rng, &runnable(scene, scene.depths[at]))?;
                if scene.given[at] == (opcode, Fr::ZERO) {
                    return None;
                }
                forger.claimed = Some([Fr::from(opcode.encoded()), Fr::ZERO]);
                forger.execute(opcode, Fr::ZERO);
                claim = forger.finish();
            } else {
                let fetch = claim.columns.fetch.as_mut()?;
                fetch.argument[at] += nonzero(rng);
            }
            claim.slip = Some(Slip::Fetched(at));
            Some(claim)
        },
    },
    Kind {
        name: "fractions of an instruction that make the sum end as it must",
        rejected_by: &[PROVIDED],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            slipped(scene, rng, Slip::Provided)
        },
    },
    Kind {
        name: "the fraction of an instruction that makes the sum end as it must",
        rejected_by: &[FETCHED],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            slipped(scene, rng, Slip::Fetched)
        },
    },
    Kind {
        name: "a run that does not come to its end",
        rejected_by: &[LAST_HALT],
        forge: |scene, rng| {
            let circle = circle(scene, rng)?;
            stating(scene, circle)
        },
    },
    Kind {
        name: "an instruction on the last row that it should end at",
        rejected_by: &[LAST_HALT],
        forge: |scene, _| {
            let rows = scene.rows();
            let fetch = scene.honest.columns.fetch.as_ref()?;
            // Without jumps it is enough that the program counter goes on.
            scene.set().jumps().then_some(())?;
            let own = (0..rows).find(|row| fetch.opcode[*row] != Fr::ZERO)?;
            let mut claim = scene.honest.clone();
            let tuple = [fetch.pc[own], fetch.opcode[own], fetch.argument[own]];
            // One that is listed, so that the sum does not mind: only what was looked up there is not any more.
            let fetch = claim.columns.fetch.as_mut()?;
            let before = usize::try_from(fetch.pc[rows].to_u64()?).ok()?;
            let now = usize::try_from(tuple[0].to_u64()?).ok()?;
            fetch.uses[before] -= Fr::ONE;
            fetch.uses[now] += Fr::ONE;
            [fetch.pc[rows], fetch.opcode[rows], fetch.argument[rows]] = tuple;
            Some(claim)
        },
    },
    Kind {
        name: "a jump out of the program",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let jump = with_target(scene, rng, Target::Argument)?;
            let to = no_address(scene, rng, 2);
            stating(scene, vec![(source(scene.set()), word(rng)), (jump, to)])
        },
    },
    Kind {
        name: "a return to what is no address",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let ret = with_target(scene, rng, Target::Top)?;
            let to = no_address(scene, rng, 2);
            stating(scene, vec![(source(scene.set()), to), (ret, Fr::ZERO)])
        },
    },
];
