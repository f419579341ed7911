//! The words of the stack, their flags and the cells that they come from.

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Effect, Opcode};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::{
    FOURTH, HAS, Kind, LINK, NEEDS, NONEMPTY, SECOND, START, START_LINK, SUM_END, THIRD, TOP,
    after, any_row, instead, nonzero, row,
};
use crate::claim::Claim;
use crate::forger::{Below, Forger, Scene};
use crate::programs::{below, pick, word, writable};

/// A row on which the stack shrinks.
fn shrinking(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<usize> {
    row(scene, rng, |row| {
        scene.executed[row].effect() == Effect::Shrink
    })
}

/// Another link after a step that shrinks the stack.
fn relinked(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    link: impl FnOnce(&Forger, &mut ChaCha8Rng) -> Option<Fr>,
) -> Option<Claim> {
    let row = shrinking(scene, rng)?;
    let mut forger = scene.forger();
    forger.go_to(row + 1);
    forger.link = link(&forger, rng)?;
    Some(forger.finish())
}

/// A machine that comes to an instruction put into the program where the stack holds `depth` words;
/// one that `fits`.
pub(super) fn put_in<'a>(
    scene: &Scene<'a>,
    rng: &mut ChaCha8Rng,
    depth: usize,
    fits: impl Fn(Opcode) -> bool,
) -> Option<Forger<'a>> {
    let mut opcodes = writable(scene.set());
    opcodes.retain(|opcode| fits(*opcode));
    let opcode = pick(rng, &opcodes)?;
    // One more for the instruction, and one for a word that it may leave to be unwound. What follows it has
    // another address then.
    let room = scene.is_straight()
        && scene.program.len() < scene.machine.program_rows
        && scene.steps + 1 < scene.rows();
    let at = row(scene, rng, |row| {
        room && row <= scene.length && scene.depths[row] == depth
    })?;
    let mut program = scene.program.clone();
    program.insert(at, (opcode, word(rng)));
    let mut forger = scene.forger_of(program);
    forger.go_to(at);
    Some(forger)
}

/// What takes so many words and leaves one less.
fn takes(needs: usize) -> impl Fn(Opcode) -> bool {
    move |opcode| opcode.needs() == needs && opcode.effect() == Effect::Shrink
}

/// The cells of the second and the third word from the top are taken in the wrong order: either
/// their links are exchanged, or what they hold.
fn reordered(scene: &Scene, rng: &mut ChaCha8Rng, exchange: fn(&mut Forger)) -> Option<Claim> {
    let at = row(scene, rng, |row| {
        scene.depths[row] >= 4 && scene.executed[row].effect() == Effect::Shrink
    })?;
    Some(scene.tampered(at, exchange))
}

/// The key that a link is.
fn key(link: Fr) -> u64 {
    link.to_u64().expect("a key")
}

fn exchange_links(forger: &mut Forger) {
    // Top to bottom: the cell that is taken, a, b. It shall go on with b, then a, then what b would.
    let taken = forger.linked().expect("a cell");
    let mut a = forger.cells[&key(taken.link)];
    let mut b = forger.cells[&key(a.link)];
    let (to_a, to_b) = (taken.link, a.link);
    a.link = b.link;
    b.link = to_a;
    forger.cells.insert(key(to_a), a);
    forger.cells.insert(key(to_b), b);
    forger.forced.push_back(Below {
        link: to_b,
        ..taken
    });
}

fn exchange_contents(forger: &mut Forger) {
    let first = forger.linked().expect("a cell");
    let second = forger.cells[&key(first.link)];
    forger.forced.extend([second, first]);
}

/// What stands under the top after a step that shrinks the stack is another word.
pub(super) fn lost_word(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let row = shrinking(scene, rng)?;
    let other = nonzero(rng);
    after(scene, row, |forger| {
        let lowest = forger.lowest();
        forger.words[lowest] += other;
    })
}

/// Idle rows between the words that are unwound, on which the link goes to another cell: the words
/// come back in another order.
fn relinked_idly(scene: &Scene) -> Option<Claim> {
    let at = (scene.length..scene.rows().checked_sub(4)?).find(|row| scene.depths[*row] == 3)?;
    let mut forger = scene.forger();
    forger.go_to(at);
    let first = forger.link;
    let second = forger.linked()?.link;
    for link in [second, first] {
        forger.idle();
        forger.link = link;
        forger.execute(Opcode::Halt, Fr::ZERO);
    }
    forger.idle();
    forger.link = forger.cells.keys().next().map(|key| Fr::from(*key))?;
    instead_from(forger, scene.rows())
}

/// Idle to the end.
fn instead_from(mut forger: Forger, rows: usize) -> Option<Claim> {
    while forger.row() < rows {
        forger.idle();
    }
    Some(forger.finish())
}

/// A word on the empty stack that is not there, for what takes two words; and gone again at the end.
fn phantom(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let opcodes = writable(scene.set());
    let with = |effect: Effect, needs: usize| {
        let fits = |opcode: &&Opcode| opcode.effect() == effect && opcode.needs() == needs;
        opcodes
            .iter()
            .copied()
            .filter(|opcode| fits(&opcode))
            .collect::<Vec<_>>()
    };
    let grows = pick(rng, &with(Effect::Grow, 0))?;
    let shrinks = pick(rng, &with(Effect::Shrink, 2))?;
    let argument = word(rng);
    let nop = (Opcode::IDLE, Fr::ZERO);
    let program = vec![nop, (grows, argument), (shrinks, argument), nop];
    let mut forger = scene.forger_of(program);
    forger.go_to(1);
    forger.present[0] = Fr::ONE;
    forger.go_to(4);
    forger.present[0] = Fr::ZERO;
    Some(forger.finish())
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        // A hash is bound by the sum alone.
        name: "wrong top",
        rejected_by: &[TOP, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), nonzero(rng));
            after(scene, row, |forger| forger.words[0] += other)
        },
    },
    Kind {
        name: "wrong word under the top",
        rejected_by: &[SECOND, THIRD, FOURTH, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), nonzero(rng));
            let place = 1 + below(rng, scene.set().window() - 1);
            after(scene, row, |forger| forger.words[place] += other)
        },
    },
    Kind {
        name: "wrong link",
        rejected_by: &[LINK, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), nonzero(rng));
            after(scene, row, |forger| forger.link += other)
        },
    },
    Kind {
        name: "wrong presence flag",
        rejected_by: &[NONEMPTY, HAS, NEEDS, SUM_END],
        forge: |scene, rng| {
            let row = any_row(scene, rng);
            let count = below(rng, scene.set().presence());
            after(scene, row, |forger| {
                forger.present[count] = Fr::ONE - forger.present[count]
            })
        },
    },
    Kind {
        name: "a word that comes back changed",
        rejected_by: &[SUM_END],
        forge: lost_word,
    },
    Kind {
        name: "the state of another row",
        rejected_by: &[TOP, SECOND, THIRD, FOURTH, LINK, NONEMPTY, HAS, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), any_row(scene, rng));
            let mut source = scene.forger();
            source.go_to(other);
            after(scene, row, |forger| {
                forger.words = source.words;
                forger.present = source.present;
                forger.link = source.link;
            })
        },
    },
    Kind {
        name: "a word on the stack from the start",
        rejected_by: &[START],
        forge: |scene, rng| {
            let word = nonzero(rng);
            Some(scene.tampered(0, |forger| forger.words[0] = word))
        },
    },
    Kind {
        name: "another word from the start",
        rejected_by: &[START],
        forge: |scene, rng| {
            let word = nonzero(rng);
            let place = 1 + below(rng, scene.set().window() - 1);
            Some(scene.tampered(0, |forger| forger.words[place] = word))
        },
    },
    Kind {
        name: "words present from the start",
        rejected_by: &[START, SUM_END],
        forge: |scene, rng| {
            let count = below(rng, scene.set().presence());
            Some(scene.tampered(0, |forger| forger.present[count] = Fr::ONE))
        },
    },
    Kind {
        name: "a link from the start",
        rejected_by: &[START_LINK],
        forge: |scene, rng| {
            let link = Fr::from(1 + below(rng, scene.rows()) as u64);
            Some(scene.tampered(0, |forger| forger.link = link))
        },
    },
    Kind {
        name: "a word borrowed from the future",
        rejected_by: &[START_LINK],
        forge: |scene, rng| {
            // The first step takes the cell that the second one makes.
            let opcodes = writable(scene.set());
            let with = |effect: Effect, needs: usize| {
                let fits = |opcode: &&Opcode| opcode.effect() == effect && opcode.needs() == needs;
                opcodes.iter().find(fits).copied()
            };
            let steps = [
                (with(Effect::Shrink, 1)?, Fr::ZERO),
                (with(Effect::Grow, 0)?, word(rng)),
            ];
            let mut forger = scene.forger_of(steps.to_vec());
            forger.link = Fr::from(2);
            Some(forger.finish())
        },
    },
    Kind {
        name: "swapped operands",
        rejected_by: &[TOP, SECOND, THIRD, FOURTH, SUM_END],
        forge: |scene, rng| {
            let row = row(scene, rng, |row| scene.depths[row + 1] >= 2)?;
            after(scene, row, |forger| forger.words.swap(0, 1))
        },
    },
    Kind {
        name: "no unwinding",
        rejected_by: &[SUM_END],
        forge: |scene, _| {
            let at = scene.executed.iter().position(|own| *own == Opcode::Halt)?;
            instead(scene, at, Forger::idle)
        },
    },
    Kind {
        name: "unwinding one word less",
        rejected_by: &[SUM_END],
        forge: |scene, _| {
            let at = scene
                .executed
                .iter()
                .rposition(|own| *own == Opcode::Halt)?;
            instead(scene, at, Forger::idle)
        },
    },
    Kind {
        name: "unwinding one word more",
        rejected_by: &[NEEDS],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row >= scene.length && scene.depths[row] < 2
            })?;
            Some(scene.tampered(at, |forger| forger.execute(Opcode::Halt, Fr::ZERO)))
        },
    },
    Kind {
        name: "unwinding one word more, as if there were another",
        rejected_by: &[NONEMPTY, SUM_END],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row >= scene.length && scene.depths[row] < 2
            })?;
            Some(scene.tampered(at, |forger| {
                forger.execute(Opcode::Halt, Fr::ZERO);
                forger.present[0] = Fr::ONE;
            }))
        },
    },
    Kind {
        name: "link to another live cell",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |forger, rng| {
                let keys: Vec<_> = forger.cells.keys().copied().collect();
                let key = Fr::from(pick(rng, &keys)?);
                (key != forger.link).then_some(key)
            })
        },
    },
    Kind {
        name: "link to a row of the future",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |forger, rng| {
                let room = scene.rows() - forger.row() + 1;
                Some(Fr::from((forger.row() + 1 + below(rng, room)) as u64))
            })
        },
    },
    Kind {
        name: "link to 0",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |forger, _| {
                (forger.link != Fr::ZERO).then_some(Fr::ZERO)
            })
        },
    },
    Kind {
        name: "link to a row outside the machine",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |_, rng| {
                let beyond = scene.rows() + 1 + below(rng, 1 << scene.machine.k);
                Some([Fr::from(beyond as u64), -Fr::ONE][below(rng, 2)])
            })
        },
    },
    Kind {
        name: "what another cell holds",
        rejected_by: &[SUM_END, NEEDS],
        forge: |scene, rng| {
            let at = shrinking(scene, rng)?;
            let mut forger = scene.forger();
            forger.go_to(at);
            let others: Vec<_> = forger.cells.values().copied().collect();
            let other = pick(rng, &others)?;
            forger.forced.push_back(other);
            Some(forger.finish())
        },
    },
    Kind {
        name: "the same cell taken twice",
        rejected_by: &[SUM_END, NEEDS],
        forge: |scene, rng| {
            let at = shrinking(scene, rng)?;
            let mut forger = scene.forger();
            forger.go_to(at);
            let link = forger.link;
            forger.step();
            forger.link = link;
            Some(forger.finish())
        },
    },
    Kind {
        name: "cells linked in another order",
        rejected_by: &[SUM_END],
        forge: |scene, rng| reordered(scene, rng, exchange_links),
    },
    Kind {
        name: "cells whose contents are exchanged",
        rejected_by: &[SUM_END],
        forge: |scene, rng| reordered(scene, rng, exchange_contents),
    },
    Kind {
        name: "an instruction that needs more words than there are",
        rejected_by: &[],
        forge: |scene, rng| {
            let depth = below(rng, scene.set().window().max(scene.set().presence()));
            let needs_more = |opcode: Opcode| opcode.needs() > depth;
            Some(put_in(scene, rng, depth, needs_more)?.finish())
        },
    },
    Kind {
        name: "a word taken from the empty stack",
        rejected_by: &[SUM_END],
        forge: |scene, rng| Some(put_in(scene, rng, 0, takes(1))?.finish()),
    },
    Kind {
        name: "two words taken of one",
        rejected_by: &[NEEDS],
        forge: |scene, rng| Some(put_in(scene, rng, 1, takes(2))?.finish()),
    },
    Kind {
        name: "two words taken of none",
        rejected_by: &[NEEDS],
        forge: |scene, rng| Some(put_in(scene, rng, 0, takes(2))?.finish()),
    },
    Kind {
        name: "two words taken of one, as if there were another",
        rejected_by: &[NONEMPTY, SUM_END],
        forge: |scene, rng| {
            let mut forger = put_in(scene, rng, 1, takes(2))?;
            forger.step();
            forger.present[0] = Fr::ONE;
            Some(forger.finish())
        },
    },
    Kind {
        name: "the last word hidden",
        rejected_by: &[NONEMPTY, HAS, SUM_END],
        forge: |scene, _| {
            let from = (scene.length..scene.rows()).find(|row| scene.depths[*row] == 1)?;
            Some(scene.tampered(from, |forger| forger.present[0] = Fr::ZERO))
        },
    },
    Kind {
        name: "links changed on idle rows",
        rejected_by: &[LINK],
        forge: |scene, _| relinked_idly(scene),
    },
    Kind {
        name: "a word that comes out of nothing and vanishes again",
        rejected_by: &[NONEMPTY, HAS],
        forge: phantom,
    },
    Kind {
        name: "garbage in an idle row",
        rejected_by: &[TOP, SECOND, THIRD, FOURTH, LINK, NONEMPTY, HAS],
        forge: |scene, rng| {
            let first = scene.steps;
            let row = row(scene, rng, |row| row >= first)?;
            let mut garbage = || word(rng);
            after(scene, row, |forger| {
                forger.words.fill_with(&mut garbage);
                forger.present.fill_with(&mut garbage);
                forger.link = garbage();
            })
        },
    },
];
