//! 32-bit words, their limbs, and the table in which those are looked up.

use ff::{Field, PrimeField};
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Carry, Opcode, Width};
use halo2_stack_vm::machine::Column;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;

use super::{
    ANSWERED, CARRY_BIT, CARRY_UNUSED, CHECKED, EXPONENT, HIGH, Kind, LOOKED, LOW, RAISED, REST,
    SUM_END, TESTED, TOP, UPPER_HIGH, UPPER_LOW, ZERO, any_row, failing, given_argument, nonzero,
    row, that, with_product_at,
};
use crate::claim::{Claim, Slip};
use crate::forger::{Limbs, Product, Scene, as_word, made, rest};
use crate::programs::{below, pick, pushes, word};

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
        let mask = [3, u32::MAX.into(), u64::MAX][below(rng, 3)];
        let Limbs(other) = Limbs::of(shape, [rng.next_u64() & mask, rng.next_u64() & mask]);
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

/// The third word of a row of the honest run, wherever it stands.
fn own_third(scene: &Scene, at: usize, width: Width) -> Option<Fr> {
    let shape = scene.machine.shape();
    let columns = &scene.honest.columns;
    let (limbs, first) = match width == shape.set.width() {
        true => (&columns.rest, 0),
        false => (&columns.low, shape.limbs_of(width)),
    };
    let limbs: Vec<Fr> = limbs.iter().skip(first).map(|limb| limb[at]).collect();
    (!limbs.is_empty()).then(|| made(shape, &limbs))
}

/// The carries of a row of the honest run.
fn own_carries(scene: &Scene, at: usize) -> [Fr; 3] {
    let columns = &scene.honest.columns;
    Carry::ALL.map(|carry| columns.carry(carry).map_or(Fr::ZERO, |own| own[at]))
}

/// A row with another power.
fn with_power(scene: &Scene, at: usize, power: [Fr; 2]) -> Option<Claim> {
    let product = Product {
        power: Some(power),
        ..Product::default()
    };
    with_product_at(scene, at, product)
}

/// Another quotient and remainder, that come to the same dividend; what is no word is all in the first limb.
fn another_quotient(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    other: impl Fn(Fr, Fr, Fr) -> [Fr; 2],
) -> Option<Claim> {
    const DIVISIONS: [Opcode; 4] = [Opcode::Div32, Opcode::Rem32, Opcode::Div64, Opcode::Rem64];
    let at = row(scene, rng, |row| DIVISIONS.contains(&scene.executed[row]))?;
    let shape = scene.machine.shape();
    let honest = own(scene, at)?;
    let width = scene.executed[at].width();
    let [low, high, _] = honest.words(shape, width);
    let divisor = scene.honest.columns.top()[at];
    let words = other(low, high, divisor);
    let small = words.map(|own| as_word(width, own));
    let mut limbs = Limbs::of(shape, small.map(|own| own.unwrap_or(0)));
    for i in 0..2 {
        if small[i].is_none() {
            limbs.0[i][0] = words[i];
        }
    }
    // The third word of an instruction with small words stands above the low one.
    if width != shape.set.width() {
        limbs.put_third(shape, divisor - Fr::ONE - words[1]);
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
        rejected_by: &[LOW, UPPER_LOW, TOP, ZERO, SUM_END],
        forge: |scene, rng| with_words(scene, rng, |_| true, Some(1)),
    },
    Kind {
        name: "a high word where there is none, or another",
        rejected_by: &[HIGH, UPPER_HIGH, TOP, ZERO, SUM_END],
        forge: |scene, rng| with_words(scene, rng, |_| true, Some(0)),
    },
    Kind {
        name: "other words",
        rejected_by: &[LOW, HIGH, UPPER_LOW, UPPER_HIGH, TOP, ZERO, SUM_END],
        forge: |scene, rng| with_words(scene, rng, |_| true, None),
    },
    Kind {
        name: "other words of an instruction that computes with them",
        rejected_by: &[LOW, HIGH, UPPER_LOW, UPPER_HIGH, TOP, ZERO, SUM_END],
        forge: |scene, rng| with_words(scene, rng, Opcode::uses_words, None),
    },
    Kind {
        name: "an upper half where words have 32 bits, or another",
        rejected_by: &[UPPER_LOW, UPPER_HIGH, TOP, ZERO],
        forge: |scene, rng| {
            let shape = scene.machine.shape();
            let half = shape.limbs_of(Width::W32);
            if half == shape.limbs() {
                return None;
            }
            let small = |opcode: Opcode| opcode.width() == Width::W32;
            with_limbs(scene, rng, small, |rng, [low, high, both]| {
                let limb = half + below(rng, half);
                let other = Fr::from(1 + below(rng, (1 << shape.limb_bits) - 1) as u64);
                let (changed, kept) = match below(rng, 2) {
                    0 => (low, high),
                    _ => (high, low),
                };
                changed[limb] = if changed[limb] == other {
                    Fr::ZERO
                } else {
                    other
                };
                let common = changed[limb].to_u64().zip(kept[limb].to_u64());
                both[limb] = Fr::from(common.map_or(0, |(a, b)| a & b));
            })
        },
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
        rejected_by: &[TESTED, ZERO, LOW, HIGH, EXPONENT, SUM_END],
        forge: |scene, rng| {
            let opcode = that(scene, rng, Opcode::uses_words)?;
            let radix = Fr::from_u128(opcode.width().radix());
            let large = |rng: &mut ChaCha8Rng| {
                let high = Fr::from(below(rng, 4) as u64);
                high * radix + Fr::from(u64::from(rng.next_u32() % 4))
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
        rejected_by: &[TOP, ZERO, LOW, HIGH, UPPER_LOW, UPPER_HIGH, REST, SUM_END],
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
        rejected_by: &[REST, UPPER_LOW],
        forge: |scene, rng| {
            let at = any_row(scene, rng);
            let mask = [3, u32::MAX.into()][below(rng, 2)];
            let other = Fr::from(rng.next_u64() & mask);
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
    Kind {
        name: "a carry that is neither 0 nor 1, with which another word is the value",
        rejected_by: &[CARRY_BIT],
        forge: |scene, rng| {
            let carry = pick(rng, &Carry::ALL)?;
            let carried = scene.honest.columns.carry(carry)?;
            let reduces = |row: usize| scene.executed[row].carries(carry);
            let at = row(scene, rng, reduces)?;
            let width = scene.executed[at].width();
            let bits = u64::MAX >> (64 - width.bits());
            let radix = Fr::from_u128(width.radix());
            let mut carries = own_carries(scene, at);
            let mut limbs = own(scene, at)?;
            let shape = scene.machine.shape();
            let other = Fr::from(rng.next_u64() & bits);
            let honest = match carry {
                Carry::Low | Carry::High => limbs.words(shape, width)[carry as usize],
                Carry::Rest => own_third(scene, at, width)?,
            };
            // The value is the word and the carry times the radix.
            let value = honest + carried[at] * radix;
            let inverse = Option::<Fr>::from(radix.invert())?;
            carries[carry as usize] = (value - other) * inverse;
            let mut product = Product {
                carries: Some(carries),
                ..Product::default()
            };
            if carry != Carry::Rest {
                let words = limbs.words(shape, width).map(|own| as_word(width, own));
                let mut words = [words[0]?, words[1]?];
                words[carry as usize] = as_word(width, other)?;
                let upper = limbs.0[0].split_off(shape.limbs_of(width));
                limbs = Limbs::of(shape, words);
                let start = shape.limbs_of(width);
                limbs.0[0][start..].clone_from_slice(&upper);
                product.limbs = Some(limbs);
            }
            with_product_at(scene, at, product)
        },
    },
    Kind {
        name: "a carry that is 1 where it is 0, or 0 where it is 1",
        rejected_by: &[CARRY_UNUSED, LOW, HIGH, UPPER_LOW, REST, TOP, ZERO, SUM_END],
        forge: |scene, rng| {
            let carry = pick(rng, &Carry::ALL)?;
            let own = scene.honest.columns.carry(carry)?;
            let at = any_row(scene, rng);
            let mut carries = own_carries(scene, at);
            carries[carry as usize] = Fr::ONE - own[at];
            let product = Product {
                carries: Some(carries),
                ..Product::default()
            };
            with_product_at(scene, at, product)
        },
    },
    Kind {
        name: "another exponent, and two to it",
        rejected_by: &[EXPONENT, LOW, HIGH, TOP, ZERO, REST, SUM_END],
        forge: |scene, rng| {
            let own = scene.honest.columns.exponent.as_ref()?;
            let at = any_row(scene, rng);
            let other = Fr::from(below(rng, 66) as u64);
            if other == own[at] {
                return None;
            }
            let power = Fr::from_u128(1 << other.to_u64()?);
            with_power(scene, at, [other, power])
        },
    },
    Kind {
        name: "another exponent where there is none",
        rejected_by: &[EXPONENT],
        forge: |scene, rng| {
            scene.honest.columns.exponent.as_ref()?;
            let idle = |row: usize| !scene.executed[row].uses_power();
            let at = row(scene, rng, idle)?;
            let other = 1 + below(rng, 31) as u64;
            with_power(scene, at, [Fr::from(other), Fr::from(1 << other)])
        },
    },
    Kind {
        name: "a power that is not two to its exponent",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let own = scene.honest.columns.exponent.as_ref()?;
            let raises = |row: usize| scene.executed[row].uses_power();
            // Where nothing depends on it too.
            let at = match below(rng, 2) {
                0 => row(scene, rng, raises)?,
                _ => any_row(scene, rng),
            };
            let honest = scene.honest.columns.power.as_ref()?[at];
            let other = [honest + honest, honest + nonzero(rng), Fr::ZERO][below(rng, 3)];
            with_power(scene, at, [own[at], other])
        },
    },
    Kind {
        name: "the fraction of a power that makes the sum end as it must",
        rejected_by: &[RAISED],
        forge: |scene, rng| {
            let own = scene.honest.columns.exponent.as_ref()?;
            let at = any_row(scene, rng);
            let other = scene.honest.columns.power.as_ref()?[at] + nonzero(rng);
            let mut claim = with_power(scene, at, [own[at], other])?;
            claim.slip = Some(Slip::Fraction(Column::Raised, at));
            Some(claim)
        },
    },
    Kind {
        name: "a shift by as many places as a word has, or by some more",
        rejected_by: &[SUM_END, ZERO, TOP],
        forge: |scene, rng| {
            let shifts = |own: Opcode| own.needs() == 2 && own.uses_power();
            let opcode = that(scene, rng, shifts)?;
            let places = opcode.width().bits() + below(rng, 3) as u32;
            let words = [
                Fr::from(u64::from(rng.next_u32())),
                Fr::from(u64::from(places)),
            ];
            let mut program = pushes(scene.set(), &words);
            program.push((opcode, Fr::ZERO));
            failing(scene, program, 2)
        },
    },
    Kind {
        name: "a count of bits that are not so many",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            with_limbs(scene, rng, Opcode::counts_ones, |rng, [_, high, _]| {
                let limb = below(rng, high.len());
                high[limb] += nonzero(rng);
            })
        },
    },
];
