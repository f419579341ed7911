//! Flags of two instructions that together encode the given opcode: as much of the wrong one, and as much of the given
//! one, that the machine's state and its cells come out as if that were an instruction.

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Effect, Opcode};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::{FLAG, Kind, flagged};
use crate::claim::Claim;
use crate::forger::{Below, Forger, Product, Scene};
use crate::programs::{Step, below, pick, pushes, word};

/// How much of two flags is set.
struct Mixture {
    wrong: Opcode,
    given: Opcode,
    /// Of each.
    amounts: [Fr; 2],
    /// How many cells are taken less than none: they are taken once more each, later.
    untaken: usize,
}

impl Mixture {
    /// A mixture of two instructions, if there is one after which the cells can come out even.
    fn new(wrong: Opcode, given: Opcode, rng: &mut ChaCha8Rng) -> Option<Self> {
        Self::of(wrong, given, rng).filter(|own| own.amounts[0] != Fr::ZERO)
    }

    fn of(wrong: Opcode, given: Opcode, rng: &mut ChaCha8Rng) -> Option<Self> {
        let code = |own: Opcode| Fr::from(own.encoded()) - Fr::from(Opcode::IDLE.encoded());
        let untaken = 1 + below(rng, 2);
        let less = -Fr::from(untaken as u64);
        let mixture = |amounts: [Fr; 2], untaken: usize| Mixture {
            wrong,
            given,
            amounts,
            untaken,
        };
        if given == Opcode::IDLE || wrong == given {
            return None;
        }
        let effects = (wrong.effect(), given.effect());
        // Where halt is given, the row is idle but for the wrong one.
        if given == Opcode::Halt {
            return Some(match wrong.effect() {
                Effect::Keep => mixture([word(rng), Fr::ZERO], 0),
                Effect::Shrink if below(rng, 2) == 0 => mixture([less, Fr::ZERO], untaken),
                Effect::Grow | Effect::Shrink => mixture([Fr::ONE, Fr::ZERO], 0),
            });
        }
        // The wrong one has so much of a code as the given one lacks: a * code(wrong) = (1 - g) * code(given).
        let ratio = code(given) * Option::<Fr>::from(code(wrong).invert())?;
        let of_given = |g: Fr| [(Fr::ONE - g) * ratio, g];
        let of_wrong = |a: Fr| {
            let part = Option::<Fr>::from(ratio.invert())?;
            Some([a, Fr::ONE - a * part])
        };
        let total = |total: Fr| {
            let apart = Option::<Fr>::from((Fr::ONE - ratio).invert())?;
            Some(of_given((total - ratio) * apart))
        };
        Some(match effects {
            (Effect::Keep, Effect::Keep) => mixture(of_given(word(rng)), 0),
            (Effect::Keep, Effect::Shrink) if below(rng, 2) == 0 => {
                mixture(of_given(less), untaken)
            }
            (Effect::Keep, _) => mixture(of_given(Fr::ZERO), 0),
            (Effect::Shrink, Effect::Keep) if below(rng, 2) == 0 => {
                mixture(of_wrong(less)?, untaken)
            }
            (_, Effect::Keep) => mixture(of_wrong(Fr::ONE)?, 0),
            (Effect::Shrink, Effect::Shrink) if below(rng, 2) == 0 => {
                mixture(total(less)?, untaken)
            }
            (Effect::Grow, Effect::Grow) | (Effect::Shrink, Effect::Shrink) => {
                mixture(total(Fr::ZERO)?, 0)
            }
            // Nothing is pushed, and cells are taken less than none, if that is a number of cells.
            (Effect::Shrink, Effect::Grow) => {
                let untaken = usize::try_from((-ratio).to_u64()?).ok()?;
                mixture(of_given(Fr::ZERO), untaken)
            }
            (Effect::Grow, Effect::Shrink) => return None,
        })
    }
}

/// A run that comes to a mixture behind some words, and goes on from it honestly.
struct Run<'a, 's> {
    scene: &'s Scene<'a>,
    mixture: Mixture,
    /// How many instructions that do nothing stand before the words, and behind the mixture.
    idle: [usize; 2],
}

impl<'a> Run<'a, '_> {
    /// The machine after the mixture, which has this argument.
    fn mixed(&self, words: &[Fr], argument: Fr) -> Option<Forger<'a>> {
        let scene = self.scene;
        let Mixture { wrong, given, .. } = self.mixture;
        let [front, tail] = self.idle.map(|own| vec![(Opcode::IDLE, Fr::ZERO); own]);
        let mut program: Vec<Step> = [front, pushes(scene.set(), words)].concat();
        let at = program.len();
        // A straight line has no halt in it.
        if given != Opcode::Halt || scene.set().has_control() {
            program.push((given, argument));
            program.extend(tail);
        }
        if program.len() > scene.machine.program_rows {
            return None;
        }
        let mut forger = scene.forger_of(program);
        forger.go_to(at);
        let [a, g] = self.mixture.amounts;
        let flags = [(wrong, a), (given, g)];
        let flags = &flags[..if g == Fr::ZERO { 1 } else { 2 }];
        let link = forger.link;
        let (_, argument) = forger.instruction();
        forger.combine(flags, argument, Product::default());
        for _ in 0..self.mixture.untaken {
            let (lowest, last) = (forger.lowest(), forger.last_present());
            forger.forced.push_back(Below {
                lowest: forger.words[lowest],
                present: forger.present[last],
                link,
            });
            forger.depth += 1;
        }
        Some(forger)
    }
}

/// A mixture, with an argument or a word with which it goes on at some address.
fn mixed(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    if scene.machine.shape().straight {
        return None;
    }
    let control = scene.set().has_control();
    let wrong = flagged(scene, rng);
    let all: Vec<_> = scene.set().opcodes().collect();
    let given = match below(rng, 3) {
        0 => Opcode::Halt,
        _ => pick(rng, &all)?,
    };
    let mixture = Mixture::new(wrong, given, rng)?;
    let depth = wrong.needs().max(given.needs()) + below(rng, 3);
    // Often such that there is little to refuse, or that what moves words leaves them as they are.
    let small = [Fr::ZERO, Fr::ONE][below(rng, 2)];
    let mut words = vec![small; depth];
    if below(rng, 2) == 0 {
        words.fill_with(|| word(rng));
    }
    let room = scene.machine.program_rows.checked_sub(depth + 1)?;
    // Where halt is given, what is executed leads back by its code.
    let back = usize::try_from(wrong.encoded().saturating_sub(Opcode::IDLE.encoded())).ok()?;
    let front = match below(rng, 2) {
        0 if control && given == Opcode::Halt => back.saturating_sub(depth) + below(rng, 2),
        _ => below(rng, room + 1),
    };
    let tail = below(rng, room.checked_sub(front)? + 1);
    let addresses = front + depth + 1 + tail;
    let run = Run {
        scene,
        mixture,
        idle: [front, tail],
    };
    let top = words.last().copied().unwrap_or(Fr::ZERO);
    let mut argument = [Fr::ZERO, Fr::ONE, top, word(rng)][below(rng, 4)];
    let forger = run.mixed(&words, argument)?;
    if scene.honest.columns.fetch.is_none() {
        return Some(forger.finish());
    }
    // Where it goes on is affine in the argument, or in the top.
    let to = Fr::from(below(rng, addresses + 1) as u64);
    let change = run.mixed(&words, argument + Fr::ONE)?.pc - forger.pc;
    if let Some(inverse) = Option::<Fr>::from(change.invert()) {
        argument += (to - forger.pc) * inverse;
    } else if let Some(last) = words.last_mut() {
        *last += Fr::ONE;
        let change = run.mixed(&words, argument)?.pc - forger.pc;
        let last = words.last_mut()?;
        *last -= Fr::ONE;
        if let Some(inverse) = Option::<Fr>::from(change.invert()) {
            *last += (to - forger.pc) * inverse;
        }
    }
    Some(run.mixed(&words, argument)?.finish())
}

/// The kinds.
pub const KINDS: &[Kind] = &[Kind {
    name: "flags of two instructions that encode the given one",
    rejected_by: &[FLAG],
    forge: mixed,
}];
