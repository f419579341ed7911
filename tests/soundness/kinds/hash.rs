//! Hashes, and the permutations that make them.

use ff::Field;
use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::machine::Column;
use halo2_stack_vm::machine::hash::{ROWS, Rules};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::{
    DIGEST_ON, HASHED, Kind, LIVE, LIVE_ON, PERMUTED, ROUNDS, SQUARE, SUM_END, any_row,
    given_argument, nonzero, row, that,
};
use crate::claim::{Claim, Slip};
use crate::forger::{Permutation, Product, Scene, put_permutation};
use crate::programs::{below, pick, pushes, word};

/// A row that hashes, the number of its hash, and the two words.
fn hashing(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<(usize, usize, [Fr; 2])> {
    let hashes = |row: usize| scene.executed[row].hashes();
    let at = row(scene, rng, hashes)?;
    let number = (0..at).filter(|row| hashes(*row)).count();
    let words = &scene.honest.columns.words;
    Some((at, number, [words[1][at], words[0][at]]))
}

/// A row that says that this is its hash.
fn claiming(scene: &Scene, at: usize, digest: Fr) -> Claim {
    let (opcode, argument) = (scene.executed[at], given_argument(scene, at));
    let product = Product {
        digest: Some(digest),
        ..Product::default()
    };
    scene.tampered(at, |forger| {
        forger.combine(&[(opcode, Fr::ONE)], argument, product);
    })
}

/// A hash that another permutation makes than the one of these words.
fn permuting(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    permute: impl FnOnce(&mut ChaCha8Rng, [Fr; 2]) -> Permutation,
) -> Option<(Claim, usize)> {
    let (at, number, inputs) = hashing(scene, rng)?;
    let permutation = permute(rng, inputs);
    let mut claim = claiming(scene, at, permutation.1);
    put_permutation(&mut claim.columns, number, Some(permutation));
    Some((claim, number))
}

/// A permutation with another cell in some column, from which the rest follows.
fn with_another(scene: &Scene, rng: &mut ChaCha8Rng, columns: fn(Column) -> bool) -> Option<Claim> {
    let (claim, _) = permuting(scene, rng, |rng, inputs| {
        let rules = Rules::of_field();
        let mut cells = vec![];
        rules.permutation_with(inputs, [Fr::ONE; ROWS], |row, column, own| {
            cells.extend(columns(column).then_some((row, column)));
            own
        });
        let chosen = pick(rng, &cells).expect("cells");
        let other = nonzero(rng);
        rules.permutation_with(inputs, [Fr::ONE; ROWS], |row, column, own| {
            match (row, column) == chosen {
                true => own + other,
                false => own,
            }
        })
    })?;
    Some(claim)
}

/// A false hash, and a fraction that makes the sum end as it must.
fn slipped(scene: &Scene, rng: &mut ChaCha8Rng, column: Column) -> Option<Claim> {
    let (at, ..) = hashing(scene, rng)?;
    let mut claim = claiming(scene, at, word(rng));
    claim.slip = Some(Slip::Fraction(column, any_row(scene, rng)));
    Some(claim)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "a word that is not the hash",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (at, ..) = hashing(scene, rng)?;
            Some(claiming(scene, at, word(rng)))
        },
    },
    Kind {
        name: "the hash of the words in the other order, or of others",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (claim, _) = permuting(scene, rng, |rng, [left, right]| {
                let others = [[right, left], [left + Fr::ONE, right], [left, word(rng)]];
                Rules::of_field().permutation(others[below(rng, 3)])
            })?;
            Some(claim)
        },
    },
    Kind {
        name: "the input of an S-box that is not what the rounds make, or a word beside it",
        rejected_by: &[ROUNDS],
        forge: |scene, rng| {
            with_another(scene, rng, |column| {
                matches!(column, Column::Sbox(_) | Column::Aside(_) | Column::Digest)
            })
        },
    },
    Kind {
        name: "a power that is none",
        rejected_by: &[SQUARE],
        forge: |scene, rng| {
            with_another(scene, rng, |column| {
                matches!(column, Column::Square(_) | Column::Fourth(_))
            })
        },
    },
    Kind {
        name: "a hash that changes on its way to the first row",
        rejected_by: &[DIGEST_ON],
        forge: |scene, rng| {
            let (at, number, _) = hashing(scene, rng)?;
            let other = word(rng);
            let mut claim = claiming(scene, at, other);
            let rows = 1 + below(rng, ROWS - 1);
            let digest = claim.columns.digest.as_mut()?;
            digest[number * ROWS..][..rows].fill(other);
            Some(claim)
        },
    },
    Kind {
        name: "a permutation that is in use on its first rows alone",
        rejected_by: &[LIVE_ON],
        forge: |scene, rng| {
            // What is not in use has no constants.
            let rows = 1 + below(rng, ROWS - 1);
            let live = std::array::from_fn(|row| Fr::from(u64::from(row < rows)));
            let (mut claim, number) = permuting(scene, rng, |_, inputs| {
                Rules::of_field().permutation_with(inputs, live, |_, _, own| own)
            })?;
            let live = claim.columns.live.as_mut()?;
            live[number * ROWS + rows..][..ROWS - rows].fill(Fr::ZERO);
            Some(claim)
        },
    },
    Kind {
        name: "a permutation that is in use twice, with twice its constants",
        rejected_by: &[LIVE],
        forge: |scene, rng| {
            let opcode = that(scene, rng, Opcode::hashes)?;
            let two = Fr::from(2);
            let inputs = [word(rng), word(rng)];
            let once = [pushes(scene.set(), &inputs), vec![(opcode, Fr::ZERO)]].concat();
            let program = [once.clone(), once.clone()].concat();
            // Honestly it would take another permutation, for which there may be no room.
            if scene.rows() < program.len() + 1 || scene.machine.program_rows < program.len() {
                return None;
            }
            let twice = Rules::of_field().permutation_with(inputs, [two; ROWS], |_, _, own| own);
            let mut forger = scene.forger_of(program.clone());
            while forger.row() < program.len() {
                match program[forger.row()] {
                    (own, argument) if own == opcode => {
                        let product = Product {
                            digest: Some(twice.1),
                            ..Product::default()
                        };
                        forger.combine(&[(opcode, Fr::ONE)], argument, product);
                    }
                    _ => forger.step(),
                }
            }
            let mut claim = forger.finish();
            put_permutation(&mut claim.columns, 0, Some(twice));
            let live = claim.columns.live.as_mut()?;
            live[..ROWS].fill(two);
            for number in 1..scene.rows() / ROWS {
                put_permutation(&mut claim.columns, number, None);
            }
            Some(claim)
        },
    },
    Kind {
        name: "a hash that nobody asked for",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            let live = claim.columns.live.as_ref()?;
            let free: Vec<_> = (0..scene.rows() / ROWS)
                .filter(|number| live[number * ROWS] == Fr::ZERO)
                .collect();
            let number = pick(rng, &free)?;
            let permutation = Rules::of_field().permutation([word(rng), word(rng)]);
            put_permutation(&mut claim.columns, number, Some(permutation));
            Some(claim)
        },
    },
    Kind {
        name: "a hash without a permutation",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            let (_, number, _) = hashing(scene, rng)?;
            put_permutation(&mut claim.columns, number, None);
            Some(claim)
        },
    },
    Kind {
        name: "the fraction of a hash that makes the sum end as it must",
        rejected_by: &[HASHED],
        forge: |scene, rng| slipped(scene, rng, Column::Hashed),
    },
    Kind {
        name: "the fraction of a permutation that makes the sum end as it must",
        rejected_by: &[PERMUTED],
        forge: |scene, rng| slipped(scene, rng, Column::Permuted),
    },
];
