//! Against sums one by one.

use group::prime::PrimeCurveAffine;
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::pasta::EpAffine;
use halo2curves::secp256r1::Secp256r1Affine;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::*;

fn bases<C: CurveAffine>(points: &[C]) -> Bases<C> {
    Bases::new(
        points.iter().map(Point::of).collect(),
        Endomorphism::of::<C>(),
    )
}

fn naive<C: CurveAffine>(points: &[C], scalars: &[C::ScalarExt]) -> C::CurveExt {
    points
        .iter()
        .zip(scalars)
        .map(|(point, scalar)| *point * *scalar)
        .sum()
}

fn point<C: CurveAffine>(rng: &mut ChaCha8Rng) -> C {
    (C::generator() * C::ScalarExt::random(rng)).into()
}

/// Points and scalars as columns and forgers have them: repeated, opposite, infinity; 0, 1, -1, small ones, wide ones.
fn mixed<C: CurveAffine>(rng: &mut ChaCha8Rng, count: usize) -> (Vec<C>, Vec<C::ScalarExt>) {
    let few: Vec<C> = (0..3).map(|_| point(rng)).collect();
    let common = C::ScalarExt::random(&mut *rng);
    let points = (0..count)
        .map(|_| match rng.next_u32() % 8 {
            0 => C::identity(),
            1 => few[rng.next_u32() as usize % 3],
            2 => -few[rng.next_u32() as usize % 3],
            _ => point(rng),
        })
        .collect();
    let scalars = (0..count)
        .map(|_| match rng.next_u32() % 8 {
            0 => C::ScalarExt::ZERO,
            1 => C::ScalarExt::ONE,
            2 => -C::ScalarExt::ONE,
            3 => C::ScalarExt::from(rng.next_u64() % 100),
            4 => -C::ScalarExt::from(rng.next_u64()),
            5 => common,
            _ => C::ScalarExt::random(&mut *rng),
        })
        .collect();
    (points, scalars)
}

fn agrees<C: CurveAffine>(seed: u64, counts: &[usize]) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for count in counts {
        let (points, scalars) = mixed::<C>(&mut rng, *count);
        assert_eq!(
            bases(&points).sum(&scalars),
            naive(&points, &scalars),
            "{count}"
        );
    }
}

#[test]
fn sums_of_all_kinds_agree() {
    agrees::<G1Affine>(1, &[0, 1, 2, 3, 30, 100, 300, 1000]);
    agrees::<EpAffine>(2, &[0, 1, 2, 3, 30, 100, 300]);
    // No endomorphism.
    agrees::<Secp256r1Affine>(3, &[0, 1, 2, 3, 30, 100, 300]);
}

#[test]
fn windows_of_every_width_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let points: Vec<G1Affine> = (0..500).map(|_| point(&mut rng)).collect();
    let own = bases(&points);
    for bits in (1..64).step_by(3) {
        let scalars: Vec<_> = (0..points.len())
            .map(|_| Fr::from(rng.next_u64() >> (64 - bits)))
            .collect();
        assert_eq!(own.sum(&scalars), naive(&points, &scalars), "{bits}");
    }
    let equal = vec![Fr::random(&mut rng); points.len()];
    assert_eq!(own.sum(&equal), naive(&points, &equal));
    let all: Vec<_> = points.iter().map(|_| Fr::random(&mut rng)).collect();
    assert_eq!(own.sum(&all), naive(&points, &all));
}

#[test]
fn prefixes_are_summed() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (points, _) = mixed::<G1Affine>(&mut rng, 77);
    let sums = bases(&points).prefix_sums(points.len());
    let mut sum = G1::identity();
    for (point, own) in points.iter().zip(sums) {
        sum += point;
        assert_eq!(own.to_affine::<G1Affine>().to_curve(), sum);
    }
}

proptest! {
    #[test]
    fn digits_are_those_of_the_number(number: u128, width in 1u32..=16) {
        let windows = (bits(number) + 1).div_ceil(width);
        let half = 1i64 << (width - 1);
        let mut value = num_bigint::BigInt::from(0);
        for (i, digit) in digits(number, width, windows).enumerate() {
            let digit = i64::from(digit);
            prop_assert!(-half < digit && digit <= half);
            value += num_bigint::BigInt::from(digit) << (i as u32 * width);
        }
        prop_assert_eq!(value, num_bigint::BigInt::from(number));
    }

    #[test]
    fn random_sums_agree(seed: u64, count in 0usize..200) {
        agrees::<G1Affine>(seed, &[count]);
    }
}
