//! Against the same without vectors. On a processor that lacks the instructions there is nothing to compare.

use ff::Field as _;
use halo2curves::pasta::{self, EpAffine, EqAffine};
use halo2curves::{bn256, bn256::G1Affine};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::*;
use crate::domain::Domain;
use crate::endomorphism::Endomorphism;
use crate::plan::{BLOCK, Operand, Operation, Step};

/// Numbers at the edges, and others.
fn element<F: ff::PrimeField>(rng: &mut ChaCha8Rng) -> F {
    match rng.next_u32() % 12 {
        0 => F::ZERO,
        1 => F::ONE,
        2 => -F::ONE,
        3 => F::TWO_INV,
        4 => -F::TWO_INV,
        5 => F::from(rng.next_u64() % 16),
        6 => -F::from(rng.next_u64()),
        _ => F::random(rng),
    }
}

fn steps_agree<F: ff::PrimeField>() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    const REGISTERS: usize = 6;
    let Some(mut vectors) = Registers::new::<F>(REGISTERS) else {
        assert!(!is_there());
        return;
    };
    for _ in 0..30 {
        let columns: Vec<Vec<F>> = (0..4)
            .map(|_| (0..BLOCK).map(|_| element(&mut rng)).collect())
            .collect();
        let scalars: Vec<F> = (0..4).map(|_| element(&mut rng)).collect();
        // A register is written before it is read.
        let mut expected: Vec<Vec<F>> = vec![];
        let mut steps = vec![];
        for number in 0..60 {
            let operand = |rng: &mut ChaCha8Rng, known: usize| match rng.next_u32() % 4 {
                0 => Operand::Query(rng.next_u32() as usize % 4),
                1 => Operand::Scalar(rng.next_u32() as usize % 4),
                _ if known == 0 => Operand::Query(0),
                _ => Operand::Register(rng.next_u32() as usize % known),
            };
            let known = expected.len();
            let (a, b) = (operand(&mut rng, known), operand(&mut rng, known));
            let scalar = rng.next_u32() as usize % 4;
            let register = match known < REGISTERS {
                true => known,
                false => rng.next_u32() as usize % REGISTERS,
            };
            let operation = match rng.next_u32() % 6 {
                0 => Operation::Add(a, b),
                1 => Operation::Subtract(a, b),
                2 => Operation::Multiply(a, b),
                3 => Operation::Negate(a),
                4 if number >= REGISTERS => Operation::AddScaled(scalar, a),
                _ => Operation::Scaled(scalar, a),
            };
            let at = |operand: Operand, row: usize| match operand {
                Operand::Register(own) => expected[own][row],
                Operand::Query(own) => columns[own][row],
                Operand::Scalar(own) => scalars[own],
            };
            let values: Vec<F> = (0..BLOCK)
                .map(|row| match operation {
                    Operation::Add(a, b) => at(a, row) + at(b, row),
                    Operation::Subtract(a, b) => at(a, row) - at(b, row),
                    Operation::Multiply(a, b) => at(a, row) * at(b, row),
                    Operation::Negate(a) => -at(a, row),
                    Operation::AddScaled(scalar, a) => {
                        expected[register][row] + scalars[scalar] * at(a, row)
                    }
                    Operation::Scaled(scalar, a) => scalars[scalar] * at(a, row),
                })
                .collect();
            match expected.get_mut(register) {
                Some(own) => *own = values,
                None => expected.push(values),
            }
            steps.push(Step {
                operation,
                register,
            });
        }
        let slices: Vec<&[F]> = columns.iter().map(Vec::as_slice).collect();
        vectors.run(&steps, &scalars, &slices);
        let mut found = vec![F::ZERO; BLOCK];
        for (register, expected) in expected.iter().enumerate() {
            vectors.read(register, &mut found);
            assert_eq!(found, *expected);
        }
    }
}

#[test]
fn steps_on_blocks_agree() {
    steps_agree::<bn256::Fr>();
    steps_agree::<bn256::Fq>();
    steps_agree::<pasta::Fp>();
    steps_agree::<pasta::Fq>();
}

fn transforms_agree<F: ff::PrimeField>() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for k in [7, 8, 9, 10, 15] {
        let (own, plain) = (Domain::<F>::new(k), Domain::<F>::with(k, None));
        let values: Vec<F> = (0..own.size()).map(|_| element(&mut rng)).collect();
        let all = |domain: &Domain<F>| {
            let coset = domain.coset(F::MULTIPLICATIVE_GENERATOR);
            let mut coefficients = values.clone();
            domain.interpolate(&mut coefficients);
            let on = domain.evaluate_on(&coset, &coefficients);
            let mut back = on.clone();
            domain.interpolate_on(&coset, &mut back);
            [coefficients, on, back]
        };
        assert_eq!(all(&own), all(&plain), "{k}");
    }
}

#[test]
fn transforms_of_all_fields_agree() {
    transforms_agree::<bn256::Fr>();
    transforms_agree::<pasta::Fp>();
    transforms_agree::<pasta::Fq>();
}

fn sums_agree<C: CurveAffine>(counts: &[usize]) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for count in counts {
        // Some come again, some as opposites, some are infinity.
        let fresh = |rng: &mut ChaCha8Rng| {
            let point: C = (C::generator() * C::ScalarExt::from(rng.next_u64())).into();
            Point::of(&point)
        };
        let mut points: Vec<Point<C::Base>> = vec![];
        for _ in 0..*count {
            let old = points.get(rng.next_u32() as usize % points.len().max(1));
            let old = old.copied().unwrap_or(Point::INFINITY);
            points.push(match rng.next_u32() % 8 {
                0 => Point::INFINITY,
                1 => old,
                2 => old.negated_if(true),
                _ => fresh(&mut rng),
            });
        }
        let distinct: Vec<Point<C::Base>> = (0..*count).map(|_| fresh(&mut rng)).collect();
        for points in [points, distinct] {
            let endomorphism = Endomorphism::of::<C>();
            let own = crate::msm::Bases::<C>::new(points.clone(), endomorphism.clone());
            assert_eq!(own.points(*count)[..], points);
            let plain = crate::msm::Bases::<C>::without_vectors(points, endomorphism);
            let common = C::ScalarExt::random(&mut rng);
            for kind in 0..3 {
                let scalars: Vec<C::ScalarExt> = (0..*count)
                    .map(|_| match kind {
                        0 => element(&mut rng),
                        1 => common,
                        _ => C::ScalarExt::from(rng.next_u64() % 2),
                    })
                    .collect();
                assert_eq!(own.sum(&scalars), plain.sum(&scalars), "{count}, {kind}");
            }
        }
    }
}

/// Points that are the same or opposite where none is infinity: what was begun without a thought of them is begun again.
#[test]
fn sums_with_late_exceptions_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let count = 3 * SECTION + 11;
    let mut distinct = vec![];
    let mut point: bn256::G1 = G1Affine::generator() * bn256::Fr::random(&mut rng);
    for _ in 0..count {
        point += G1Affine::generator();
        distinct.push(Point::of(&G1Affine::from(point)));
    }
    let endomorphism = Endomorphism::of::<G1Affine>();
    // In the first chunk of additions, in a later one, in the last group, in the second round; and none.
    let places = [0, SECTION + 2, count - 3 - count % 2, usize::MAX];
    for place in places {
        for opposite in [false, true] {
            let mut points = distinct.clone();
            match place {
                usize::MAX if opposite => {
                    // a + b, a + b
                    let pair = [points[8], points[9]];
                    points[10..12].copy_from_slice(&pair);
                }
                usize::MAX => {}
                _ => points[place + 1] = points[place].negated_if(opposite),
            }
            let own = crate::msm::Bases::<G1Affine>::new(points.clone(), endomorphism.clone());
            let plain =
                crate::msm::Bases::<G1Affine>::without_vectors(points, endomorphism.clone());
            // All in one slot; and in four.
            for buckets in [1, 4] {
                let scalars: Vec<_> = (0..count)
                    .map(|i| bn256::Fr::from((i as u64 / 64) % buckets + 1))
                    .collect();
                assert_eq!(own.sum(&scalars), plain.sum(&scalars), "{place}, {buckets}");
            }
        }
    }
}

#[test]
fn sums_of_all_curves_agree() {
    // Beyond a section; and so many that windows have the buckets for lanes.
    sums_agree::<G1Affine>(&[1, 2, 7, 8, 9, 17, 200, 5000, 20_000]);
    sums_agree::<EpAffine>(&[1, 9, 200, 5000]);
    sums_agree::<EqAffine>(&[1, 9, 200, 5000]);
}

fn additions_agree<C: CurveAffine>() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let Some(mut own) = Additions::new::<C::Base>() else {
        assert!(!is_there());
        return;
    };
    let points: Vec<Point<C::Base>> = (0..20)
        .map(|i| match i {
            0 => Point::INFINITY,
            _ => {
                let point: C = (C::generator() * C::ScalarExt::random(&mut rng)).into();
                Point::of(&point)
            }
        })
        .collect();
    let mut any = || {
        let point = points[rng.next_u32() as usize % points.len()];
        point.negated_if(rng.next_u32() % 2 == 0)
    };
    for count in [1, 8, 13, 700] {
        let pairs: Vec<_> = (0..count).map(|_| [any(), any()]).collect();
        let mut sums = vec![];
        own.sums(&pairs, &mut sums);
        for ([left, right], sum) in pairs.iter().zip(&sums) {
            let [left, right, sum] = [left, right, sum].map(|own| own.to_affine::<C>().to_curve());
            assert_eq!(left + right, sum);
        }
    }
}

#[test]
fn additions_of_all_curves_agree() {
    additions_agree::<G1Affine>();
    additions_agree::<EpAffine>();
    additions_agree::<EqAffine>();
}
