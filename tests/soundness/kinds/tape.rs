//! The public tape.

use ff::Field;
use halo2_stack_vm::isa::Opcode;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::{
    Kind, STATED, STATED_END, TAPE, TAPE_COPY, TAPE_END, TAPE_END_COPY, USED, after, nonzero, row,
};
use crate::claim::{Claim, Slip};
use crate::forger::Scene;
use crate::programs::{Step, below, source, word, writable};

/// Another statement of the public tape.
fn other_tape(scene: &Scene, change: impl FnOnce(&mut Vec<Fr>) -> Option<()>) -> Option<Claim> {
    if !scene.set().has_tape() {
        return None;
    }
    let mut claim = scene.honest.clone();
    change(&mut claim.tape)?;
    (claim.tape != scene.honest.tape).then_some(claim)
}

/// The run of a program on a tape that stands in the cells, for the tape that is stated.
fn on_other_tape(scene: &Scene, program: Vec<Step>, tape: Vec<Fr>) -> Option<Claim> {
    scene.machine.tape?;
    if program.len() > scene.machine.program_rows || tape.len() > scene.rows() + 1 {
        return None;
    }
    let mut claim = scene.forger_of(program).on_tape(tape.clone()).finish();
    claim.tape = scene.honest.tape.clone();
    claim.taped = Some(tape);
    Some(claim)
}

/// What uses a word of the public tape: reads it, or writes it there.
fn using(scene: &Scene, word: Fr) -> Vec<Step> {
    let opcodes = writable(scene.set());
    let mut uses = opcodes.into_iter().filter(|own| own.uses_tape());
    match uses.clone().find(|own| own.takes_word()) {
        Some(read) => vec![(read, word)],
        None => {
            let write = uses.next().map(|own| (own, Fr::ZERO));
            let source = (source(scene.set()), word);
            [source].into_iter().chain(write).collect()
        }
    }
}

/// A false tape, and a second phase that hides it.
fn tape_slipped(scene: &Scene, rng: &mut ChaCha8Rng, slip: Slip) -> Option<Claim> {
    let at = below(rng, scene.honest.tape.len());
    let other = nonzero(rng);
    let mut claim = other_tape(scene, |tape| {
        tape[at] += other;
        Some(())
    })?;
    claim.slip = Some(slip);
    Some(claim)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "another word on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let (at, other) = (below(rng, scene.honest.tape.len()), nonzero(rng));
            other_tape(scene, |tape| {
                tape[at] += other;
                Some(())
            })
        },
    },
    Kind {
        name: "a word more on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let at = below(rng, scene.honest.tape.len());
            let word = [Fr::ZERO, word(rng)][below(rng, 2)];
            if scene.honest.tape.len() > scene.rows() {
                return None;
            }
            other_tape(scene, |tape| {
                tape.insert(at, word);
                Some(())
            })
        },
    },
    Kind {
        name: "a word less on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let words = scene.honest.tape.len() - 1;
            if words == 0 {
                return None;
            }
            let at = below(rng, words);
            other_tape(scene, |tape| {
                tape.remove(at);
                Some(())
            })
        },
    },
    Kind {
        name: "a tape without an end",
        rejected_by: &[USED],
        forge: |scene, _| other_tape(scene, |tape| tape.pop().map(|_| ())),
    },
    Kind {
        name: "words of the tape in another order",
        rejected_by: &[USED],
        forge: |scene, rng| {
            if !scene.set().has_tape() {
                return None;
            }
            let first = word(rng);
            let second = first + nonzero(rng);
            let program = [using(scene, first), using(scene, second)].concat();
            let mut claim = scene.forger_of(program).finish();
            claim.tape.swap(0, 1);
            Some(claim)
        },
    },
    Kind {
        name: "another word read than stands on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let reads = |own: Opcode| own.uses_tape() && own.takes_word();
            let at = row(scene, rng, |row| reads(scene.executed[row]))?;
            let other = nonzero(rng);
            after(scene, at, |forger| forger.words[0] += other)
        },
    },
    Kind {
        name: "a false tape, hidden where the words used are folded",
        rejected_by: &[TAPE],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::Tape),
    },
    Kind {
        name: "a false tape, hidden where the words stated are folded",
        rejected_by: &[STATED],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::Stated),
    },
    Kind {
        name: "a false tape, hidden where the words used end",
        rejected_by: &[TAPE_END],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::TapeEnd),
    },
    Kind {
        name: "a false tape, hidden where the words stated end",
        rejected_by: &[STATED_END],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::StatedEnd),
    },
    Kind {
        name: "cells of the tape with another word than the outer circuit's",
        rejected_by: &[TAPE_COPY],
        forge: |scene, rng| {
            let words = scene.honest.tape.len() - 1;
            if words == 0 {
                return None;
            }
            let mut tape = scene.honest.tape.clone();
            tape[below(rng, words)] += nonzero(rng);
            let used = tape[..words].iter();
            let program = used.flat_map(|word| using(scene, *word)).collect();
            on_other_tape(scene, program, tape)
        },
    },
    Kind {
        name: "cells of the tape with more words than the outer circuit's",
        rejected_by: &[TAPE_END_COPY],
        forge: |scene, rng| {
            if !scene.is_straight() {
                return None;
            }
            // The first of them may look like the end.
            let more = 1 + below(rng, 3);
            let mut words = vec![Fr::ONE; 1];
            words.resize_with(more, || [Fr::ZERO, word(rng)][below(rng, 2)]);
            let mut program = scene.program.clone();
            program.extend(words.iter().flat_map(|word| using(scene, *word)));
            let mut tape = scene.honest.tape.clone();
            let end = tape.len() - 1;
            tape.splice(end..end, words);
            on_other_tape(scene, program, tape)
        },
    },
    Kind {
        name: "cells of the tape with fewer words than the outer circuit's",
        rejected_by: &[TAPE_END_COPY],
        forge: |scene, rng| {
            let words = scene.honest.tape.len() - 1;
            if words == 0 {
                return None;
            }
            let fewer = below(rng, words);
            let mut tape = scene.honest.tape[..fewer].to_vec();
            tape.push(Fr::ONE);
            let used = tape[..fewer].iter();
            let program = used.flat_map(|word| using(scene, *word)).collect();
            on_other_tape(scene, program, tape)
        },
    },
];
