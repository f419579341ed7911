//! Transforms of points: the Lagrange basis of parameters that come with powers only.
//!
//! A transform multiplies a point by a root of unity in every butterfly. All points of a layer are multiplied side by
//! side, in affine coordinates, each by its own half-length scalars: an addition costs six multiplications instead of
//! some sixteen, and there are half as many doublings.

use halo2curves::CurveAffine;
use rayon::prelude::*;

use crate::curve::{Batch, Point};
use crate::domain::{Domain, bit_reversed};
use crate::endomorphism::{Endomorphism, Part, limbs, split};

/// How many points are multiplied side by side.
const LANES: usize = 1 << 9;
/// How many bits of a scalar are taken at once.
const WIDTH: u32 = 4;

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
        let roots = domain.inverse_roots(half);
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
                if half > 1 {
                    let scalars = |i: usize| roots[at(first + i).2];
                    multiply::<C>(&mut batch, endomorphism.as_ref(), &mut differences, scalars);
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
    let scale = domain.size_inverse;
    own.par_chunks_mut(LANES).for_each(|chunk| {
        multiply::<C>(&mut Batch::new(), endomorphism.as_ref(), chunk, |_| scale);
    });
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
    let parts: Vec<[Part; 2]> = (0..count)
        .map(|i| split(endomorphism, &limbs(&scalar(i))))
        .collect();
    // The multiples of each point that digits have: signed ones, unless the parts are cut out of the scalar.
    let largest: usize = match endomorphism {
        Some(_) => 1 << (WIDTH - 1),
        None => (1 << WIDTH) - 1,
    };
    let mut tables = vec![points.to_vec()];
    for multiple in 2..=largest {
        let mut next = vec![Point::INFINITY; count];
        batch.add(
            C::a(),
            count,
            &mut next[..],
            |_, i| {
                (
                    tables[multiple.div_ceil(2) - 1][i],
                    tables[multiple / 2 - 1][i],
                )
            },
            |next, i, sum| next[i] = sum,
        );
        tables.push(next);
    }
    let zeta = endomorphism.map(|own| own.zeta);
    let windows = match endomorphism {
        Some(_) => (128 + 1u32).div_ceil(WIDTH),
        None => 128 / WIDTH,
    };
    // Without an endomorphism the upper halves are worked off before the lower ones.
    let passes: &[&[usize]] = match endomorphism {
        Some(_) => &[&[0, 1]],
        None => &[&[1], &[0]],
    };
    points.fill(Point::INFINITY);
    for which in passes {
        for window in (0..windows).rev() {
            for _ in 0..WIDTH {
                batch.add(
                    C::a(),
                    count,
                    points,
                    |points, i| (points[i], points[i]),
                    |points, i, sum| points[i] = sum,
                );
            }
            for part in *which {
                let addend = |i: usize| {
                    let own = parts[i][*part];
                    let digit = match endomorphism {
                        Some(_) => crate::msm::digit(own.magnitude, WIDTH, window),
                        None => (own.magnitude >> (window * WIDTH) & 15) as i32,
                    };
                    let mut point = match digit.unsigned_abs() as usize {
                        0 => return Point::INFINITY,
                        digit => tables[digit - 1][i],
                    };
                    if let (Some(zeta), 1) = (zeta, *part) {
                        point.x *= zeta;
                    }
                    point.negated_if((digit < 0) != own.negative)
                };
                batch.add(
                    C::a(),
                    count,
                    points,
                    |points, i| (points[i], addend(i)),
                    |points, i, sum| points[i] = sum,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ff::Field;
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
