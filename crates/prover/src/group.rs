//! Transforms of points: the Lagrange basis of parameters that come with powers only.
//!
//! A transform multiplies a point by a root of unity in every butterfly. Many points of a layer are multiplied side by
//! side, in affine coordinates, each by its own half-length scalars: an addition costs six multiplications instead of
//! some sixteen, and there are half as many doublings. Scalars are in non-adjacent form: Solinas, "Efficient Arithmetic on
//! Koblitz Curves" (2000), section 4.

use ff::Field;
use halo2curves::CurveAffine;
use rayon::prelude::*;

use crate::curve::{Batch, Point};
use crate::domain::{Domain, bit_reversed};
use crate::endomorphism::{Endomorphism, limbs, split};

/// How many points are multiplied side by side.
const LANES: usize = 1 << 9;
/// How many bits of a scalar are taken at once.
const WIDTH: u32 = 5;
/// How many multiples of a point digits have: the odd ones below half of `2^WIDTH`.
const MULTIPLES: usize = 1 << (WIDTH - 2);

/// The points that values on the domain are committed with, of those that coefficients are.
pub(crate) fn to_lagrange<C: CurveAffine>(
    domain: &Domain<C::ScalarExt>,
    points: &[Point<C::Base>],
) -> Vec<Point<C::Base>> {
    // sum_i c_i G_i with c = the inverse transform of v: the points are transformed by the same, symmetric, matrix.
    let n = points.len();
    let endomorphism = Endomorphism::of::<C>();
    let mut own = points.to_vec();
    let mut half = n / 2;
    while half > 0 {
        let roots = &domain.inverse_roots(half);
        // The first layer scales, too: its sums, and with the roots its differences.
        let scale = (half == n / 2).then_some(domain.size_inverse);
        // Butterflies: the low ones are summed, the high ones are differences times a root.
        let old = own;
        let pairs = n / 2;
        let at = |pair: usize| {
            let (block, i) = (pair / half, pair % half);
            (2 * half * block + i, 2 * half * block + i + half, i)
        };
        let outs: Vec<[Vec<Point<C::Base>>; 2]> = (0..pairs.div_ceil(LANES))
            .into_par_iter()
            .map(|chunk| {
                let first = chunk * LANES;
                let count = LANES.min(pairs - first);
                let mut batch = Batch::new();
                let mut sums = vec![Point::INFINITY; count];
                let mut differences = vec![Point::INFINITY; count];
                batch.add(
                    C::a(),
                    count,
                    &mut sums[..],
                    |_, i| {
                        let (low, high, _) = at(first + i);
                        (old[low], old[high])
                    },
                    |sums, i, sum| sums[i] = sum,
                );
                batch.add(
                    C::a(),
                    count,
                    &mut differences[..],
                    |_, i| {
                        let (low, high, _) = at(first + i);
                        (old[low], old[high].negated_if(true))
                    },
                    |differences, i, sum| differences[i] = sum,
                );
                if let Some(scale) = scale {
                    multiply::<C>(&mut batch, endomorphism.as_ref(), &mut sums, |_| scale);
                }
                // Most points of the last layers are multiplied by 1.
                let root = |i: usize| roots[at(first + i).2];
                let others: Vec<usize> = (0..count)
                    .filter(|i| scale.is_some() || at(first + i).2 != 0)
                    .collect();
                let mut products: Vec<_> = others.iter().map(|i| differences[*i]).collect();
                multiply::<C>(&mut batch, endomorphism.as_ref(), &mut products, |i| {
                    root(others[i]) * scale.unwrap_or(C::ScalarExt::ONE)
                });
                for (i, product) in others.into_iter().zip(products) {
                    differences[i] = product;
                }
                [sums, differences]
            })
            .collect();
        own = vec![Point::INFINITY; n];
        for (chunk, [sums, differences]) in outs.into_iter().enumerate() {
            for (i, (sum, difference)) in sums.into_iter().zip(differences).enumerate() {
                let (low, high, _) = at(chunk * LANES + i);
                own[low] = sum;
                own[high] = difference;
            }
        }
        half /= 2;
    }
    (0..n).map(|i| own[bit_reversed(i, domain.k)]).collect()
}

/// Multiplies each point by its scalar.
pub(crate) fn multiply<C: CurveAffine>(
    batch: &mut Batch<C::Base>,
    endomorphism: Option<&Endomorphism<C::Base>>,
    points: &mut [Point<C::Base>],
    scalar: impl Fn(usize) -> C::ScalarExt,
) {
    let count = points.len();
    // The digits at each bit, of both parts: which point, and what it is multiplied with.
    let mut digits: Vec<[Vec<(u32, i32)>; 2]> = vec![];
    for i in 0..count {
        for (which, part) in split(endomorphism, &limbs(&scalar(i)))
            .into_iter()
            .enumerate()
        {
            // Without an endomorphism the second part is the upper half.
            let from = match endomorphism {
                Some(_) => 0,
                None => 128 * which,
            };
            non_adjacent(part.magnitude, |bit, digit| {
                let bit = from + bit as usize;
                if bit >= digits.len() {
                    digits.resize_with(bit + 1, Default::default);
                }
                let digit = if part.negative { -digit } else { digit };
                digits[bit][which].push((i as u32, digit));
            });
        }
    }
    let mut doubles = points.to_vec();
    batch.double(C::a(), &mut doubles);
    let mut multiples = vec![points.to_vec()];
    for multiple in 1..MULTIPLES {
        let mut next = vec![Point::INFINITY; count];
        batch.add(
            C::a(),
            count,
            &mut next[..],
            |_, i| (multiples[multiple - 1][i], doubles[i]),
            |next, i, sum| next[i] = sum,
        );
        multiples.push(next);
    }
    let zeta = endomorphism.map(|own| own.zeta);
    points.fill(Point::INFINITY);
    for (number, digits) in digits.iter().rev().enumerate() {
        if number > 0 {
            batch.double(C::a(), points);
        }
        for (which, digits) in digits.iter().enumerate() {
            batch.add(
                C::a(),
                digits.len(),
                points,
                |points, i| {
                    let (own, digit) = digits[i];
                    let mut point = multiples[digit.unsigned_abs() as usize / 2][own as usize];
                    if let (Some(zeta), 1) = (zeta, which) {
                        point.x *= zeta;
                    }
                    (points[own as usize], point.negated_if(digit < 0))
                },
                |points, i, sum| points[digits[i].0 as usize] = sum,
            );
        }
    }
}

/// The digits of a number that are not 0, with their bits, lowest first: odd ones between `-2^(WIDTH - 1)` and
/// `2^(WIDTH - 1)`, at least `WIDTH` bits apart.
fn non_adjacent(mut number: u128, mut put: impl FnMut(u32, i32)) {
    let mut bit = 0;
    while number != 0 {
        bit += number.trailing_zeros();
        number >>= number.trailing_zeros();
        let low = (number & ((1 << WIDTH) - 1)) as i32;
        number >>= WIDTH;
        let negative = low > 1 << (WIDTH - 1);
        number += u128::from(negative);
        put(bit, if negative { low - (1 << WIDTH) } else { low });
        bit += WIDTH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ff::PrimeField;
    use group::prime::PrimeCurveAffine;
    use halo2_proofs::poly::commitment::{Blind, Params, ParamsProver};
    use halo2_proofs::poly::ipa::commitment::ParamsIPA;
    use halo2_proofs::poly::{LagrangeCoeff, Polynomial};
    use halo2curves::bn256::{Fr, G1Affine};
    use halo2curves::secp256r1::Secp256r1Affine;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn products<C: CurveAffine>() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let edges = [C::ScalarExt::ZERO, C::ScalarExt::ONE, -C::ScalarExt::ONE];
        let random = (0..30).map(|_| C::ScalarExt::random(&mut rng));
        let scalars: Vec<_> = edges.into_iter().chain(random).collect();
        let random =
            (0..scalars.len()).map(|_| (C::generator() * C::ScalarExt::random(&mut rng)).into());
        let mut points: Vec<C> = random.collect();
        points[4] = C::identity();
        let mut own: Vec<_> = points.iter().map(Point::of).collect();
        let endomorphism = Endomorphism::of::<C>();
        multiply::<C>(&mut Batch::new(), endomorphism.as_ref(), &mut own, |i| {
            scalars[i]
        });
        for ((own, point), scalar) in own.into_iter().zip(points).zip(scalars) {
            assert_eq!(own.to_affine::<C>().to_curve(), point * scalar);
        }
    }

    #[test]
    fn digits_add_up() {
        for number in [
            0,
            1,
            15,
            16,
            17,
            31,
            0x1234_5678_9abc,
            u128::MAX,
            u128::MAX - 14,
        ] {
            let mut sum = Fr::ZERO;
            non_adjacent(number, |bit, digit| {
                assert!(digit & 1 == 1 && digit.unsigned_abs() < 1 << (WIDTH - 1));
                let own =
                    Fr::from(2).pow([u64::from(bit)]) * Fr::from(u64::from(digit.unsigned_abs()));
                sum += if digit < 0 { -own } else { own };
            });
            assert_eq!(sum, Fr::from_u128(number));
        }
    }

    #[test]
    fn points_are_multiplied_side_by_side() {
        products::<G1Affine>();
        products::<Secp256r1Affine>();
    }

    #[test]
    fn the_lagrange_basis_is_the_fork_s() {
        for k in [1, 4, 6] {
            let params = ParamsIPA::<G1Affine>::new(k);
            let points: Vec<_> = params.get_g().iter().map(Point::of).collect();
            let own = to_lagrange::<G1Affine>(&Domain::new(k), &points);
            for (i, own) in own.into_iter().enumerate() {
                let mut unit = vec![Fr::ZERO; 1 << k];
                unit[i] = Fr::ONE;
                let unit = Polynomial::<Fr, LagrangeCoeff>::new(unit);
                let theirs = params.commit_lagrange(&unit, Blind(Fr::ZERO));
                assert_eq!(own.to_affine::<G1Affine>().to_curve(), theirs);
            }
        }
    }
}
