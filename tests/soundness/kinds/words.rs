//! 32-bit words, their limbs, and the table in which those are looked up.

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::machine::Column;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;

use super::{
    ANSWERED, CHECKED, HIGH, Kind, LOOKED, LOW, REST, SUM_END, TESTED, TOP, ZERO, any_row, failing,
    given_argument, nonzero, row, that, with_product_at,
};
use crate::claim::{Claim, Slip};
use crate::forger::{Limbs, Product, Scene, rest};
use crate::programs::{below, pushes, word};

/// The words that stand on a row of the honest run.
fn own(scene: &Scene, at: usize) -> Option<Limbs> {
    let columns = &scene.honest.columns;
    columns.answers.as_ref()?;
    let limbs = [&columns.low, &columns.high, &columns.both];
    Some(Limbs(
        limbs.map(|own| own.iter().map(|limb| limb[at]).collect()),
    ))
}

/// A row with other limbs, from which what it computes follows.
fn with_limbs(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    fits: impl Fn(Opcode) -> bool,
    change: impl FnOnce(&mut ChaCha8Rng, &mut [Vec<Fr>; 3]),
) -> Option<Claim> {
    let at = row(scene, rng, |row| fits(scene.executed[row]))?;
    let mut limbs = own(scene, at)?;
    change(rng, &mut limbs.0);
    let product = Product {
        limbs: Some(limbs),
        ..Product::default()
    };
    with_product_at(scene, at, product)
}

/// The same with other words, whose limbs are limbs. The one that `keeps` names stays.
fn with_words(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    fits: impl Fn(Opcode) -> bool,
    keeps: Option<usize>,
) -> Option<Claim> {
    let shape = scene.machine.shape();
    with_limbs(scene, rng, fits, |rng, limbs| {
        // Often of few bits, as words of programs are.
        let mask = [3, u32::MAX][below(rng, 2)];
        let Limbs(other) = Limbs::of(shape, [rng.next_u32() & mask, rng.next_u32() & mask]);
        for i in (0..2).filter(|i| Some(*i) != keeps) {
            limbs[i].clone_from(&other[i]);
        }
        let [low, high, both] = limbs;
        for ((low, high), both) in low.iter().zip(high).zip(both) {
            // Limbs are small numbers.
            let common = low.to_u64().zip(high.to_u64()).map(|(a, b)| a & b);
            *both = Fr::from(common.expect("limbs"));
        }
    })
}

/// Makes the same word of limbs that are none: what is taken from one is put to the next.
fn carry(scene: &Scene, rng: &mut ChaCha8Rng, limbs: &mut [Fr]) {
    let base = Fr::from(1 << scene.machine.shape().limb_bits);
    let limb = below(rng, limbs.len() - 1);
    let carry = [Fr::ONE, -Fr::ONE, Fr::from(2)][below(rng, 3)];
    limbs[limb] += carry * base;
    limbs[limb + 1] -= carry;
}

/// The same low or high word of limbs that are none.
fn carried(scene: &Scene, rng: &mut ChaCha8Rng, word: usize) -> Option<Claim> {
    let change =
        |rng: &mut ChaCha8Rng, limbs: &mut [Vec<Fr>; 3]| carry(scene, rng, &mut limbs[word]);
    with_limbs(scene, rng, |_| true, change)
}

/// A false row, and a fraction that makes the sum end as it must.
fn slipped(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    slip: impl FnOnce(usize, usize) -> Slip,
) -> Option<Claim> {
    let limbs = scene.honest.columns.low.len();
    if limbs == 0 {
        return None;
    }
    let word = below(rng, 2);
    let mut claim = carried(scene, rng, word)?;
    let low = &claim.columns.low;
    let honest = &scene.honest.columns;
    let differs = |(limb, row): &(usize, usize)| {
        low[*limb][*row] != honest.low[*limb][*row]
            || claim.columns.high[*limb][*row] != honest.high[*limb][*row]
    };
    let mut places = (0..limbs).flat_map(|limb| (0..scene.rows()).map(move |row| (limb, row)));
    let (limb, at) = places.find(differs)?;
    claim.slip = Some(slip(limb, at));
    Some(claim)
}

/// The third word of a row of the honest run.
fn own_rest(scene: &Scene, at: usize) -> Option<[Vec<Fr>; 2]> {
    let columns = &scene.honest.columns;
    let at = |own: &Vec<Vec<Fr>>| own.iter().map(|limb| limb[at]).collect();
    (!columns.rest.is_empty()).then(|| [at(&columns.rest), at(&columns.joint)])
}

/// A row with another third word.
fn with_rest(scene: &Scene, at: usize, rest: [Vec<Fr>; 2]) -> Option<Claim> {
    if scene.honest.columns.rest.is_empty() {
        return None;
    }
    let product = Product {
        rest: Some(rest),
        ..Product::default()
    };
    with_product_at(scene, at, product)
}

/// The same third word of limbs that are none.
fn carried_rest(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = any_row(scene, rng);
    let [mut limbs, joint] = own_rest(scene, at)?;
    carry(scene, rng, &mut limbs);
    with_rest(scene, at, [limbs, joint])
}

/// Another quotient and remainder, that come to the same dividend; what is no word is all in the first limb.
fn another_quotient(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    other: impl Fn(Fr, Fr, Fr) -> [Fr; 2],
) -> Option<Claim> {
    let divides = |row: usize| [Opcode::Div32, Opcode::Rem32].contains(&scene.executed[row]);
    let at = row(scene, rng, divides)?;
    let shape = scene.machine.shape();
    let honest = own(scene, at)?;
    let [low, high, _] = honest.words(shape);
    let divisor = scene.honest.columns.top()[at];
    let words = other(low, high, divisor);
    let small = words.map(|own| own.to_u64().and_then(|own| u32::try_from(own).ok()));
    let mut limbs = Limbs::of(shape, small.map(|own| own.unwrap_or(0)));
    for i in 0..2 {
        if small[i].is_none() {
            limbs.0[i][0] = words[i];
        }
    }
    let product = Product {
        limbs: Some(limbs),
        ..Product::default()
    };
    with_product_at(scene, at, product)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "a low word where there is none, or another",
        rejected_by: &[LOW, TOP, ZERO],
        forge: |scene, rng| with_words(scene, rng, |_| true, Some(1)),
    },
    Kind {
        name: "a high word where there is none, or another",
        rejected_by: &[HIGH, TOP, ZERO],
        forge: |scene, rng| with_words(scene, rng, |_| true, Some(0)),
    },
    Kind {
        name: "other words",
        rejected_by: &[LOW, HIGH, TOP, ZERO, SUM_END],
        forge: |scene, rng| with_words(scene, rng, |_| true, None),
    },
    Kind {
        name: "other words of an instruction that computes with them",
        rejected_by: &[LOW, HIGH, TOP, ZERO, SUM_END],
        forge: |scene, rng| with_words(scene, rng, Opcode::uses_words, None),
    },
    Kind {
        name: "limbs of the low word that are none",
        rejected_by: &[SUM_END],
        forge: |scene, rng| carried(scene, rng, 0),
    },
    Kind {
        name: "limbs of the high word that are none",
        rejected_by: &[SUM_END],
        forge: |scene, rng| carried(scene, rng, 1),
    },
    Kind {
        name: "bits that not both words have",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            with_limbs(
                scene,
                rng,
                |_| true,
                |rng, [.., both]| {
                    let limb = below(rng, both.len());
                    both[limb] += [Fr::ONE, -Fr::ONE, word(rng)][below(rng, 3)];
                },
            )
        },
    },
    Kind {
        name: "bits that not both words have, in an instruction that combines them",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            with_limbs(scene, rng, Opcode::uses_words, |rng, [.., both]| {
                let limb = below(rng, both.len());
                both[limb] += nonzero(rng);
            })
        },
    },
    Kind {
        name: "an answer that nobody asked for",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            let at = any_row(scene, rng);
            claim.columns.answers.as_mut()?[at] += nonzero(rng);
            Some(claim)
        },
    },
    Kind {
        name: "the answer of another row of the table",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let rows = scene.machine.shape().table_rows();
            let mut claim = scene.honest.clone();
            let own = claim.columns.answers.as_mut()?;
            let from = below(rng, rows);
            let to = (from + 1 + below(rng, rows - 1)) % rows;
            if own[from] == Fr::ZERO {
                return None;
            }
            own[from] -= Fr::ONE;
            own[to] += Fr::ONE;
            Some(claim)
        },
    },
    Kind {
        name: "the fraction of limbs that makes the sum end as it must",
        rejected_by: &[LOOKED],
        forge: |scene, rng| {
            slipped(scene, rng, |limb, row| {
                Slip::Fraction(Column::Looked(limb), row)
            })
        },
    },
    Kind {
        name: "fractions of the table that make the sum end as it must",
        rejected_by: &[ANSWERED],
        forge: |scene, rng| slipped(scene, rng, |_, row| Slip::Fraction(Column::Answered, row)),
    },
    Kind {
        name: "operands that are no 32-bit words, but a few times as large",
        rejected_by: &[TESTED, ZERO, LOW, HIGH, SUM_END],
        forge: |scene, rng| {
            let opcode = that(scene, rng, Opcode::uses_words)?;
            let large = |rng: &mut ChaCha8Rng| {
                let high = below(rng, 4) as u64;
                Fr::from(high << 32 | u64::from(rng.next_u32() % 4))
            };
            let words: Vec<_> = (0..opcode.needs()).map(|_| large(rng)).collect();
            let mut program = pushes(scene.set(), &words);
            program.push((opcode, word(rng)));
            failing(scene, program, opcode.needs())
        },
    },
    Kind {
        // Those of a division may be another quotient and what it leaves, which is too much.
        name: "another instruction's words",
        rejected_by: &[TOP, ZERO, LOW, HIGH, REST, SUM_END],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| scene.executed[row].uses_words())?;
            let from = row(scene, rng, |row| scene.executed[row].uses_words())?;
            let product = Product {
                limbs: Some(own(scene, from)?),
                ..Product::default()
            };
            with_product_at(scene, at, product)
        },
    },
    Kind {
        name: "a result that the words are not those of",
        rejected_by: &[TOP, ZERO],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| scene.executed[row].uses_words())?;
            let (opcode, argument) = (scene.executed[at], given_argument(scene, at));
            let other = nonzero(rng);
            let claim = scene.tampered(at, |forger| {
                forger.execute(opcode, argument);
                forger.words[0] += other;
            });
            Some(claim)
        },
    },
    Kind {
        name: "a third word where there is none, or another",
        rejected_by: &[REST],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            let mask = [3, u32::MAX][below(rng, 2)];
            let other = Fr::from(u64::from(rng.next_u32() & mask));
            with_rest(scene, at, rest(scene.machine.shape(), other))
        },
    },
    Kind {
        name: "limbs of the third word that are none",
        rejected_by: &[SUM_END],
        forge: carried_rest,
    },
    Kind {
        name: "bits that not both limbs of the third word have",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            let [limbs, mut joint] = own_rest(scene, at)?;
            let pair = below(rng, joint.len());
            joint[pair] += [Fr::ONE, -Fr::ONE, word(rng)][below(rng, 3)];
            with_rest(scene, at, [limbs, joint])
        },
    },
    Kind {
        name: "the fraction of two limbs of the third word that makes the sum end as it must",
        rejected_by: &[CHECKED],
        forge: |scene, rng| {
            let mut claim = carried_rest(scene, rng)?;
            let pair = below(rng, claim.columns.joint.len());
            let at = any_row(scene, rng);
            claim.slip = Some(Slip::Fraction(Column::Checked(pair), at));
            Some(claim)
        },
    },
    Kind {
        name: "a remainder that is larger than the divisor",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            another_quotient(scene, rng, |low, high, divisor| {
                [low - Fr::ONE, high + divisor]
            })
        },
    },
    Kind {
        name: "a quotient that is no word",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let other = Fr::from(1 + below(rng, 3) as u64);
            another_quotient(scene, rng, |low, high, divisor| {
                // The field has a quotient for each remainder.
                let inverse = Option::<Fr>::from(divisor.invert()).unwrap_or(Fr::ZERO);
                [low - other * inverse, high + other]
            })
        },
    },
];
