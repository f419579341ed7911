//! Which instruction a row executes.

use ff::Field;
use halo2_stack_vm::isa::{Effect, Opcode, Target};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::{
    DECODE, FLAG, Kind, UNWINDS, any_row, flagged, given, given_argument, instead, row, runnable,
    with_target,
};
use crate::claim::Claim;
use crate::forger::{Below, Forger, Product, Scene};
use crate::programs::{below, pick, pushes, source, word, writable};

/// Two flags that cancel: together they are 1, and the opcode that they encode is the given one.
fn cancelling(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = any_row(scene, rng);
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    let (a, b) = (pick(rng, &opcodes)?, pick(rng, &opcodes)?);
    let code = |opcode: Opcode| Fr::from(opcode.encoded());
    let given = code(given(scene, at));
    let inverse = Option::<Fr>::from((code(a) - code(b)).invert())?;
    let flag = (given - code(b)) * inverse;
    if flag == Fr::ZERO || flag == Fr::ONE {
        return None;
    }
    let argument = given_argument(scene, at);
    let flags = [(a, flag), (b, Fr::ONE - flag)];
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// A fraction of an instruction, the rest of which is idle.
fn fraction(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = any_row(scene, rng);
    let opcode = flagged(scene, rng);
    let idle = Fr::from(Opcode::IDLE.encoded());
    let given = Fr::from(given(scene, at).encoded());
    let whole = Fr::from(opcode.encoded()) - idle;
    let flag = (given - idle) * Option::<Fr>::from(whole.invert())?;
    if flag == Fr::ZERO || flag == Fr::ONE {
        return None;
    }
    let argument = given_argument(scene, at);
    Some(scene.tampered(at, |forger| {
        forger.combine(&[(opcode, flag)], argument, Product::default())
    }))
}

/// Two flags, if possible such as encode the given opcode.
fn two_flags(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    let sum =
        |a: Opcode, b: Opcode| (a.encoded() + b.encoded()).checked_sub(Opcode::IDLE.encoded());
    let mut fitting = vec![];
    for at in 0..scene.rows() {
        for (i, a) in opcodes.iter().enumerate() {
            for b in &opcodes[..i] {
                if sum(*a, *b) == Some(given(scene, at).encoded()) {
                    fitting.push((at, *a, *b));
                }
            }
        }
    }
    let (at, a, b) = match pick(rng, &fitting) {
        Some(fitting) => fitting,
        None => (any_row(scene, rng), opcodes[0], opcodes[1]),
    };
    let argument = given_argument(scene, at);
    let flags = [(a, Fr::ONE), (b, Fr::ONE)];
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// Flags of which one is -1 and the others are 1, such that they encode the given opcode.
fn minus(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    let minus = pick(rng, &opcodes)?;
    let others: Vec<_> = opcodes.into_iter().filter(|own| *own != minus).collect();
    let code = |opcode: Opcode| i128::from(opcode.encoded());
    let mut fitting = vec![];
    let mut cancelling = vec![];
    for at in 0..scene.rows() {
        let given = code(given(scene, at));
        for (i, a) in others.iter().enumerate() {
            // With one other flag the row is idle too, and may be so although it is given halt.
            let executed = code(*a) - code(minus) + code(Opcode::IDLE);
            if executed == given || executed == given + 1 {
                fitting.push((at, *a, None));
                if a.effect() == minus.effect() {
                    cancelling.push((at, *a, None));
                }
            }
            for b in &others[..i] {
                if code(*a) + code(*b) - code(minus) == given {
                    fitting.push((at, *a, Some(*b)));
                }
            }
        }
    }
    // Where the effects cancel, the rest of the run is most likely to go well.
    let (at, a, b) = match pick(rng, &cancelling) {
        Some(cancelling) if below(rng, 2) == 0 => cancelling,
        _ => pick(rng, &fitting)?,
    };
    let mut flags = vec![(minus, -Fr::ONE), (a, Fr::ONE)];
    flags.extend(b.map(|b| (b, Fr::ONE)));
    let argument = given_argument(scene, at);
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// The flag of an instruction with which, less as much of another, the opcode is its own.
fn undone(own: Opcode, other: Opcode) -> Option<Fr> {
    let code = |opcode: Opcode| Fr::from(opcode.encoded());
    let apart = Option::<Fr>::from((code(own) - code(other)).invert())?;
    Some((code(own) - code(Opcode::IDLE)) * apart)
}

/// Another instruction on a row that is given one which leaves everything as it is: as much of that one's own flag
/// is set that the two encode its opcode.
fn instead_of_nothing(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let idle = |own: &Opcode| {
        let plain = own.effect() == Effect::Keep && own.target() == Target::Following;
        plain && own.takes_argument() && own.needs() == 1 && own.fault().is_none()
    };
    let own = writable(scene.set()).into_iter().find(idle)?;
    let other = flagged(scene, rng);
    if other == own {
        return None;
    }
    let code = |opcode: Opcode| Fr::from(opcode.encoded());
    let whole = Option::<Fr>::from((code(own) - code(Opcode::IDLE)).invert())?;
    let flag = (code(own) - code(other)) * whole;
    let mut program = pushes(scene.set(), &vec![Fr::ONE; other.needs().max(1)]);
    program.push((own, Fr::ZERO));
    if program.len() + other.needs() + 2 > scene.rows() {
        return None;
    }
    let mut forger = scene.forger_of(program);
    forger.go_to(other.needs().max(1));
    let flags = [(other, Fr::ONE), (own, flag)];
    forger.combine(&flags, Fr::ZERO, Product::default());
    Some(forger.finish())
}

/// An instruction where `halt` is given. Where it is looked up, the machine goes on so far before it as the opcodes are apart, and
/// so has to have that many rows twice.
fn instead_of_halt(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let other = flagged(scene, rng);
    let mut program = pushes(scene.set(), &vec![Fr::ONE; other.needs()]);
    let back = match scene.machine.shape().fetches() {
        true => other.encoded() as usize,
        false => 1,
    };
    while program.len() + 1 < back {
        program.push((Opcode::IDLE, Fr::ZERO));
    }
    let at = program.len();
    program.extend([(Opcode::Halt, Fr::ZERO); 2]);
    // What is executed twice may push all words again.
    if other == Opcode::Halt || program.len() + back + 2 * other.needs() > scene.rows() {
        return None;
    }
    let mut forger = scene.forger_of(program);
    forger.go_to(at);
    forger.execute(other, Fr::ZERO);
    Some(forger.finish())
}

/// Nothing instead of an instruction: its own flag and another's encode its opcode, while their
/// effects cancel.
fn nothing_done(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    // What returns to where the run goes on anyway changes nothing either.
    if scene.honest.columns.fetch.is_some() && below(rng, 4) == 0 {
        let other = with_target(scene, rng, Target::Top)?;
        let plain = |own: &Opcode| {
            let effect = own.effect() == other.effect() && own.needs() <= 1;
            effect && own.target() == Target::Following && own.fault().is_none() && !own.uses_tape()
        };
        let own = writable(scene.set()).into_iter().find(plain)?;
        let program = vec![(source(scene.set()), Fr::from(2)), (own, Fr::ZERO)];
        let mut forger = scene.forger_of(program);
        forger.go_to(1);
        let flag = undone(own, other)?;
        forger.combine(&[(own, flag), (other, -flag)], Fr::ZERO, Product::default());
        return Some(forger.finish());
    }
    let mut fitting = vec![];
    for (at, (own, _)) in scene.given[..scene.length].iter().enumerate() {
        let fits = |other: &Opcode| {
            *own != Opcode::IDLE
                && other != own
                && other.effect() == own.effect()
                && other.needs() <= scene.depths[at]
        };
        fitting.extend(
            scene
                .machine
                .shape()
                .flagged()
                .filter(fits)
                .map(|other| (at, *own, other)),
        );
    }
    let (at, own, other) = pick(rng, &fitting)?;
    let flag = undone(own, other)?;
    let argument = given_argument(scene, at);
    let flags = [(own, flag), (other, -flag)];
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// While it unwinds, the machine takes a cell that was never made, of the key that it has at hand,
/// and then takes -1 of it: another word stands under the top, and the sum is as before.
fn taken_back(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = scene.executed.iter().position(|own| *own == Opcode::Halt)?;
    // With so many words all presence flags are 1 while the forged ones pass through them.
    let deep = scene.depths[at] >= scene.set().presence();
    if !deep || scene.steps + 2 > scene.rows() {
        return None;
    }
    let lowest = word(rng);
    Some(scene.tampered(at, |forger| {
        forger.forced.push_back(Below {
            lowest,
            present: Fr::ONE,
            link: forger.link,
        });
        forger.execute(Opcode::Halt, Fr::ZERO);
        forger.combine(&[(Opcode::Halt, -Fr::ONE)], Fr::ZERO, Product::default());
        forger.depth += 1;
    }))
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "another opcode executed than given",
        rejected_by: &[FLAG],
        forge: |scene, rng| {
            let (at, opcode) = (any_row(scene, rng), flagged(scene, rng));
            if opcode == given(scene, at) {
                return None;
            }
            let argument = given_argument(scene, at);
            Some(scene.tampered(at, |forger| forger.execute(opcode, argument)))
        },
    },
    Kind {
        name: "another opcode that has the same needs",
        rejected_by: &[DECODE, FLAG],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| row < scene.length)?;
            let own = scene.executed[at];
            let others: Vec<_> = scene
                .set()
                .opcodes()
                .filter(|o| *o != own && (o.effect(), o.needs()) == (own.effect(), own.needs()))
                .collect();
            let opcode = pick(rng, &others)?;
            let argument = word(rng);
            Some(scene.tampered(at, |forger| forger.execute(opcode, argument)))
        },
    },
    Kind {
        name: "idle instead of an instruction",
        rejected_by: &[DECODE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row < scene.length && scene.executed[row] != Opcode::IDLE
            })?;
            Some(scene.tampered(at, Forger::idle))
        },
    },
    Kind {
        name: "idle from a row on",
        rejected_by: &[DECODE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row < scene.length && scene.executed[row] != Opcode::IDLE
            })?;
            instead(scene, at, Forger::idle)
        },
    },
    Kind {
        name: "early halt",
        rejected_by: &[DECODE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row < scene.length && scene.depths[row] >= 2
            })?;
            instead(scene, at, |forger| match forger.depth >= 2 {
                true => forger.execute(Opcode::Halt, Fr::ZERO),
                false => forger.idle(),
            })
        },
    },
    Kind {
        name: "late halt",
        rejected_by: &[FLAG],
        forge: |scene, rng| {
            let mut fitting = vec![];
            for at in scene.length..scene.rows() {
                let opcodes = runnable(scene, scene.depths[at]);
                fitting.extend(opcodes.into_iter().map(|opcode| (at, opcode)));
            }
            let (at, opcode) = pick(rng, &fitting)?;
            let argument = word(rng);
            if opcode == Opcode::IDLE {
                return None;
            }
            Some(scene.tampered(at, |forger| forger.execute(opcode, argument)))
        },
    },
    Kind {
        name: "flags that cancel",
        rejected_by: &[FLAG],
        forge: cancelling,
    },
    Kind {
        name: "a fraction of a flag",
        rejected_by: &[FLAG],
        forge: fraction,
    },
    Kind {
        name: "a flag that is -1",
        rejected_by: &[FLAG],
        forge: minus,
    },
    Kind {
        name: "two flags at once",
        rejected_by: &[FLAG],
        forge: two_flags,
    },
    Kind {
        name: "an instruction where one that changes nothing is given",
        rejected_by: &[FLAG],
        forge: instead_of_nothing,
    },
    Kind {
        name: "an instruction where halt is given",
        rejected_by: &[FLAG],
        forge: instead_of_halt,
    },
    Kind {
        name: "flags that together do nothing",
        rejected_by: &[FLAG],
        forge: nothing_done,
    },
    Kind {
        name: "an unwinding of a word that never was, taken back",
        rejected_by: &[UNWINDS],
        forge: taken_back,
    },
];
