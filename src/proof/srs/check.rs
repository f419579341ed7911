//! Whether points are what a structured reference string must have: on the curve, the powers of one
//! secret, and in the Lagrange basis the same powers.

use ff::{BatchInvert, Field, PrimeField};
use group::cofactor::CofactorGroup;
use group::prime::PrimeCurveAffine;
use group::{Curve, Group, GroupEncoding};
use halo2_proofs::arithmetic::best_multiexp;
use halo2curves::CurveAffine;
use halo2curves::bn256::{Bn256, Fq, Fq2, Fr, G1, G1Affine, G2Affine, G2Prepared};
use halo2curves::serde::SerdeObject;
use pairing::{MillerLoopResult, MultiMillerLoop};
use rand_chacha::ChaCha20Rng;
use rand_core::{OsRng, RngCore, SeedableRng};

/// The length of a point of G1 with both coordinates.
pub(crate) const G1_BYTES: usize = 64;
/// The length of a point of G2 with both coordinates.
pub(crate) const G2_BYTES: usize = 128;

/// What is wrong with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PointProblem {
    /// A coordinate is not below the field's prime.
    NotCanonical,
    /// The coordinates don't satisfy the curve's equation.
    NotOnCurve,
    /// It is on the curve, but not in the subgroup of prime order.
    NotInSubgroup,
    /// It is the point at infinity.
    Identity,
    /// The bits of its compressed encoding that are none of the coordinate's are not the ones that
    /// the point has.
    Flags,
}

impl std::fmt::Display for PointProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PointProblem::NotCanonical => "has a coordinate that is not below the field's prime",
            PointProblem::NotOnCurve => "is not on the curve",
            PointProblem::NotInSubgroup => "is not in the subgroup of prime order",
            PointProblem::Identity => "is the point at infinity",
            PointProblem::Flags => "has flags that its encoding does not have",
        })
    }
}

/// A point of G1 but the identity, from its coordinates in Montgomery form, least significant byte
/// first. The curve has no points outside the group.
pub(crate) fn g1(bytes: &[u8]) -> Result<G1Affine, PointProblem> {
    let (x, y) = bytes.split_at(bytes.len() / 2);
    let (Some(x), Some(y)) = (Fq::from_raw_bytes(x), Fq::from_raw_bytes(y)) else {
        return Err(PointProblem::NotCanonical);
    };
    on_curve(G1Affine { x, y })
}

/// A point of G2 but the identity, from its coordinates in Montgomery form, least significant byte
/// first.
pub(crate) fn g2(bytes: &[u8]) -> Result<G2Affine, PointProblem> {
    let (x, y) = bytes.split_at(bytes.len() / 2);
    let (Some(x), Some(y)) = (Fq2::from_raw_bytes(x), Fq2::from_raw_bytes(y)) else {
        return Err(PointProblem::NotCanonical);
    };
    in_subgroup(on_curve(G2Affine { x, y })?)
}

/// A point from its compressed encoding, of which there is one: a coordinate, least significant byte
/// first, with two flags in the most significant bits.
///
/// halo2's own reader ignores a flag where it does not matter. It may be the identity; of G2, it need
/// not be in the subgroup.
pub(crate) fn compressed<C: GroupEncoding>(bytes: &[u8]) -> Result<C, PointProblem> {
    let mut encoding = C::Repr::default();
    if encoding.as_ref().len() != bytes.len() {
        return Err(PointProblem::NotCanonical);
    }
    encoding.as_mut().copy_from_slice(bytes);
    // The fork's own reader panics where a coordinate of G2 is too large.
    if let Some(last) = encoding.as_mut().last_mut() {
        *last &= 0b0011_1111;
    }
    let is_canonical = |part: &[u8]| {
        let mut repr = <Fq as PrimeField>::Repr::default();
        repr.as_mut().copy_from_slice(part);
        bool::from(Fq::from_repr(repr).is_some())
    };
    if !encoding.as_ref().chunks_exact(32).all(is_canonical) {
        return Err(PointProblem::NotCanonical);
    }
    encoding.as_mut().copy_from_slice(bytes);
    match C::from_bytes(&encoding).into_option() {
        Some(point) if point.to_bytes().as_ref() == bytes => Ok(point),
        Some(_) => Err(PointProblem::Flags),
        None => Err(PointProblem::NotOnCurve),
    }
}

/// A point of G2 but the identity, from its compressed encoding.
pub(crate) fn compressed_g2(bytes: &[u8]) -> Result<G2Affine, PointProblem> {
    in_subgroup(on_curve(compressed(bytes)?)?)
}

fn in_subgroup(point: G2Affine) -> Result<G2Affine, PointProblem> {
    if !bool::from(point.to_curve().is_torsion_free()) {
        return Err(PointProblem::NotInSubgroup);
    }
    Ok(point)
}

fn on_curve<C: CurveAffine>(point: C) -> Result<C, PointProblem> {
    if bool::from(point.is_identity()) {
        Err(PointProblem::Identity)
    } else if !bool::from(point.is_on_curve()) {
        Err(PointProblem::NotOnCurve)
    } else {
        Ok(point)
    }
}

/// Scalars of 128 random bits: that a combination by them vanishes whose terms don't has probability
/// 2^-128.
pub(crate) fn random_scalars(count: usize) -> Vec<Fr> {
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    let mut rng = ChaCha20Rng::from_seed(seed);
    (0..count)
        .map(|_| Fr::from_raw([rng.next_u64(), rng.next_u64(), 0, 0]))
        .collect()
}

/// Whether each point is the one before times the secret of `s_g2`, that is
/// `e(sum r_i g_{i+1}, G2) = e(sum r_i g_i, s_g2)` for random `r_i`.
///
/// `s_g2` must be in the subgroup, and no point the identity.
pub(crate) fn are_powers(g: &[G1Affine], s_g2: &G2Affine) -> bool {
    let [_, next @ ..] = g else {
        return false;
    };
    let random = random_scalars(next.len());
    let left = best_multiexp(&random, next).to_affine();
    let right = (-best_multiexp(&random, &g[..next.len()])).to_affine();
    Bn256::multi_miller_loop(&[
        (&left, &G2Prepared::from_affine(G2Affine::generator())),
        (&right, &G2Prepared::from_affine(*s_g2)),
    ])
    .final_exponentiation()
    .is_identity()
    .into()
}

/// Whether the points are the Lagrange basis of the powers: [`agree`], of all points of both. No point may be
/// the identity.
pub(crate) fn is_lagrange_basis(k: u32, g: &[G1Affine], lagrange: &[G1Affine]) -> bool {
    if g.len() != 1 << k || lagrange.len() != g.len() {
        return false;
    }
    agree(
        k,
        |coefficients| best_multiexp(&coefficients, g),
        |values| best_multiexp(&values, lagrange),
    )
}

/// Whether a random polynomial has the same commitment in two bases: in `g`, to which its coefficients are
/// committed, and in `lagrange`, to which its values at the `2^k`-th roots of unity are.
///
/// The polynomial is `p(X) = 1 + r X + ... + (r X)^(n-1)`, for `n = 2^k` and a random `r` of the whole field from
/// the operating system. Its value at a root of unity `w` is `(r^n - 1) / (r w - 1)`, so that no transform is
/// needed. With `w` the generator of the roots of unity, the commitments are
///
/// ```text
/// sum over i of r^i g_i     and     sum over j of p(w^j) lagrange_j = sum over i of r^i (sum over j of w^(ij) lagrange_j)
/// ```
///
/// The points are the Lagrange basis if and only if `g_i = sum over j of w^(ij) lagrange_j` for every `i`: that is
/// the discrete Fourier transform, which is invertible. If it does not hold for some `i`, then the difference of
/// the commitments is a polynomial in `r`, of degree `n - 1` at most, that is not zero; its coefficients are in a
/// group of prime order `|F|`, so that it has no more roots than its degree. So **every** point of both bases is
/// checked, and a wrong one is taken with a probability of at most `(n - 1) / |F|`: below `2^-229` for `k = 24`.
///
/// To verify many equations by a random combination of them is from Bellare, Garay and Rabin, *Fast Batch
/// Verification for Modular Exponentiation and Digital Signatures*, EUROCRYPT 1998 (the small exponents test);
/// here the powers of one random element are in the place of independent ones, for the values are cheap then.
pub(crate) fn agree(
    k: u32,
    commit: impl FnOnce(Vec<Fr>) -> G1,
    commit_lagrange: impl FnOnce(Vec<Fr>) -> G1,
) -> bool {
    let n = 1 << k;
    let r = Fr::random(OsRng);
    let committed = commit(powers_from(Fr::ONE, r, n));
    let mut values = powers_from(r, root_of_unity(k), n);
    for value in &mut values {
        *value -= Fr::ONE;
    }
    values.batch_invert();
    let factor = r.pow_vartime([1u64 << k]) - Fr::ONE;
    for value in &mut values {
        *value *= factor;
    }
    committed == commit_lagrange(values)
}

/// `first`, `first * ratio`, `first * ratio^2` and so on.
fn powers_from(first: Fr, ratio: Fr, count: usize) -> Vec<Fr> {
    let mut powers = Vec::with_capacity(count);
    powers.extend(std::iter::successors(Some(first), |power| Some(power * ratio)).take(count));
    powers
}

/// The generator of the group of `2^k`-th roots of unity on which a Lagrange basis is taken.
pub(crate) fn root_of_unity(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::G2;

    fn powers(secret: Fr, count: usize) -> Vec<G1Affine> {
        std::iter::successors(Some(Fr::ONE), |power| Some(power * secret))
            .take(count)
            .map(|power| (G1::generator() * power).to_affine())
            .collect()
    }

    #[test]
    fn only_powers_of_the_secret_are_powers() {
        let secret = Fr::from(77);
        let s_g2 = (G2::generator() * secret).to_affine();
        let g = powers(secret, 16);
        assert!(are_powers(&g, &s_g2));
        assert!(!are_powers(&g, &G2Affine::generator()));
        for i in 0..16 {
            let mut other = g.clone();
            other[i] = (other[i] + G1Affine::generator()).to_affine();
            if bool::from(other[i].is_identity()) {
                continue;
            }
            assert!(!are_powers(&other, &s_g2), "power {i}");
        }
        assert!(!are_powers(&[], &s_g2));
    }

    #[test]
    fn only_the_lagrange_basis_is_one() {
        let g = powers(Fr::from(77), 8);
        let lagrange: Vec<G1Affine> = halo2_proofs::arithmetic::g_to_lagrange(
            g.iter().map(PrimeCurveAffine::to_curve).collect(),
            3,
        );
        assert!(is_lagrange_basis(3, &g, &lagrange));
        assert!(!is_lagrange_basis(3, &g, &g));
        assert!(!is_lagrange_basis(2, &g, &lagrange));
        let mut swapped = lagrange;
        swapped.swap(2, 5);
        assert!(!is_lagrange_basis(3, &g, &swapped));
    }

    #[test]
    fn points_are_checked() {
        let good = G1Affine::generator().to_raw_bytes();
        assert_eq!(g1(&good), Ok(G1Affine::generator()));
        assert_eq!(g1(&[0; G1_BYTES]), Err(PointProblem::Identity));
        assert_eq!(g1(&[255; G1_BYTES]), Err(PointProblem::NotCanonical));
        let mut off = good;
        off[40] ^= 1;
        assert_eq!(g1(&off), Err(PointProblem::NotOnCurve));

        let good = G2Affine::generator().to_raw_bytes();
        assert_eq!(g2(&good), Ok(G2Affine::generator()));
        assert_eq!(g2(&[0; G2_BYTES]), Err(PointProblem::Identity));
        assert_eq!(g2(&[255; G2_BYTES]), Err(PointProblem::NotCanonical));
        let mut off = good;
        off[100] ^= 1;
        assert_eq!(g2(&off), Err(PointProblem::NotOnCurve));

        // The twist has a cofactor: nearly all of its points are outside the subgroup.
        let outside = (1u64..)
            .map(|x| Fq2 {
                c0: Fq::from(x),
                c1: Fq::ONE,
            })
            .find_map(|x| {
                let y = (x.square() * x + G2Affine::b()).sqrt().into_option()?;
                Some(G2Affine { x, y })
            })
            .unwrap();
        assert_eq!(
            g2(&outside.to_raw_bytes()),
            Err(PointProblem::NotInSubgroup)
        );
    }
}
