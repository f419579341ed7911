//! The endomorphism of a curve `y^2 = x^3 + b`: `(x, y) -> (zeta x, y)` multiplies a point by a cube root of 1, `lambda`.
//! So a scalar is split into two of half its length, `k = k1 + lambda k2`.
//!
//! Gallant, Lambert, Vanstone, "Faster Point Multiplication on Elliptic Curves with Efficient Endomorphisms" (2001),
//! section 4: a short basis of the lattice of the `(x, y)` with `x + lambda y = 0`, found by Euclid's algorithm, and the
//! lattice's vector near `(k, 0)`.

use ff::{Field, PrimeField, WithSmallOrderMulGroup};
use group::Group;
use halo2curves::{CurveAffine, CurveExt};
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// How scalars are split.
#[derive(Clone, Debug)]
pub(crate) struct Endomorphism<F> {
    /// What the x coordinate is multiplied by.
    pub zeta: F,
    /// `round(2^256 |b2| / r)` and `round(2^256 |b1| / r)`.
    g1: Limbs,
    g2: Limbs,
    /// Whether the two coefficients are negative.
    negative: [bool; 2],
    /// The basis, modulo 2^256.
    a1: Limbs,
    b1: Limbs,
    a2: Limbs,
    b2: Limbs,
}

/// A number below 2^256, little endian; or one modulo 2^256 that may be negative.
pub(crate) type Limbs = [u64; 4];

/// The lower or the upper half of a number.
pub(crate) fn half(limbs: &Limbs, upper: bool) -> u128 {
    let at = 2 * usize::from(upper);
    u128::from(limbs[at]) | u128::from(limbs[at + 1]) << 64
}

/// A part of a scalar: its absolute value, which has at most [`HALF_BITS`] bits, and its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub magnitude: u128,
    pub negative: bool,
}

/// The bits of a scalar.
pub(crate) fn limbs<F: PrimeField>(scalar: &F) -> Limbs {
    let repr = scalar.to_repr();
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(repr.as_ref().chunks(8)) {
        let mut own = [0; 8];
        own[..bytes.len()].copy_from_slice(bytes);
        *limb = u64::from_le_bytes(own);
    }
    limbs
}

/// The two halves of a scalar: those that an endomorphism gives, or else the lower and the upper half of its bits.
pub(crate) fn split<F: WithSmallOrderMulGroup<3>>(
    endomorphism: Option<&Endomorphism<F>>,
    scalar: &Limbs,
) -> [Part; 2] {
    match endomorphism {
        Some(own) => own.split(scalar),
        None => [false, true].map(|upper| Part {
            magnitude: half(scalar, upper),
            negative: false,
        }),
    }
}

fn big(limbs: &Limbs) -> BigUint {
    let digits = limbs
        .iter()
        .flat_map(|own| [*own as u32, (own >> 32) as u32]);
    BigUint::new(digits.collect())
}

fn wrapped(number: &BigInt) -> Limbs {
    let modulus = BigInt::one() << 256;
    let number = number.mod_floor(&modulus);
    let mut limbs = [0; 4];
    for (limb, digit) in limbs.iter_mut().zip(number.iter_u64_digits()) {
        *limb = digit;
    }
    limbs
}

/// `a * b`, all of it.
fn product(a: &Limbs, b: &Limbs) -> [u64; 8] {
    let mut out = [0; 8];
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, b) in b.iter().enumerate() {
            let sum = u128::from(*a) * u128::from(*b) + u128::from(out[i + j]) + carry;
            out[i + j] = sum as u64;
            carry = sum >> 64;
        }
        out[i + 4] = carry as u64;
    }
    out
}

/// `a * b` modulo 2^256.
fn wrapping_product(a: &Limbs, b: &Limbs) -> Limbs {
    let all = product(a, b);
    [all[0], all[1], all[2], all[3]]
}

fn wrapping_sub(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 4];
    let mut borrow = false;
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        let (first, one) = a.overflowing_sub(*b);
        let (second, two) = first.overflowing_sub(u64::from(borrow));
        *out = second;
        borrow = one || two;
    }
    out
}

fn negated_if(a: Limbs, negated: bool) -> Limbs {
    match negated {
        true => wrapping_sub(&[0; 4], &a),
        false => a,
    }
}

impl<F: WithSmallOrderMulGroup<3>> Endomorphism<F> {
    /// That of a curve; `None` where it has none, or its scalars are too long.
    pub fn of<C: CurveAffine<Base = F>>() -> Option<Self> {
        if C::a() != C::Base::ZERO || C::ScalarExt::NUM_BITS > 256 {
            return None;
        }
        let generator = C::generator().to_curve();
        if bool::from(generator.is_identity()) {
            return None;
        }
        let image = generator.endo();
        let root = C::ScalarExt::ZETA;
        let lambda = [root, root.square()]
            .into_iter()
            .find(|own| generator * own == image)?;
        // What the curve's own endomorphism does to the x coordinate.
        let [from, to] = [generator, image].map(|own| {
            let affine: C = own.into();
            Option::<halo2curves::Coordinates<C>>::from(affine.coordinates()).map(|own| *own.x())
        });
        let zeta = to? * Option::<F>::from(from?.invert())?;

        let modulus = BigInt::from(big(&limbs(&-C::ScalarExt::ONE)) + 1u32);
        let lambda = BigInt::from(big(&limbs(&lambda)));
        // Remainders of Euclid's algorithm for the modulus and lambda, with r = s * modulus + t * lambda.
        let mut rows = vec![(modulus.clone(), BigInt::zero()), (lambda, BigInt::one())];
        let small = |own: &BigInt| own * own < modulus;
        while !small(&rows[rows.len() - 2].0) {
            let [(r0, t0), (r1, t1)] = [&rows[rows.len() - 2], &rows[rows.len() - 1]];
            let quotient = r0 / r1;
            let next = (r0 - &quotient * r1, t0 - &quotient * t1);
            rows.push(next);
        }
        // The last three: the last that is not small, and the two after it.
        let [.., before, first, after] = &rows[..] else {
            return None;
        };
        let norm = |(r, t): &(BigInt, BigInt)| r * r + t * t;
        let second = match norm(before) <= norm(after) {
            true => before,
            false => after,
        };
        let (a1, b1) = (first.0.clone(), -&first.1);
        let (a2, b2) = (second.0.clone(), -&second.1);
        // (k, 0) = c1 (a1, b1) + c2 (a2, b2), with c1 = b2 k / d and c2 = -b1 k / d, d = a1 b2 - a2 b1 = +-modulus.
        let determinant = &a1 * &b2 - &a2 * &b1;
        if determinant.abs() != modulus {
            return None;
        }
        let sign = determinant.signum();
        let scaled = |own: &BigInt| ((own.abs() << 256) + &modulus / 2) / &modulus;
        let (c1, c2) = (&b2 * &sign, -&b1 * &sign);
        Some(Endomorphism {
            zeta,
            g1: wrapped(&scaled(&c1)),
            g2: wrapped(&scaled(&c2)),
            negative: [c1.sign() == Sign::Minus, c2.sign() == Sign::Minus],
            a1: wrapped(&a1),
            b1: wrapped(&b1),
            a2: wrapped(&a2),
            b2: wrapped(&b2),
        })
    }

    /// The two halves of a scalar: the sum of the first and of `lambda` times the second.
    pub fn split(&self, scalar: &Limbs) -> [Part; 2] {
        let rounded = |g: &Limbs, negative: bool| {
            let all = product(scalar, g);
            // The bit below the point rounds.
            let (low, carry) = all[4].overflowing_add(all[3] >> 63);
            let mut own = [low, all[5], all[6], all[7]];
            let mut carry = carry;
            for limb in &mut own[1..] {
                let (sum, over) = limb.overflowing_add(u64::from(carry));
                (*limb, carry) = (sum, over);
            }
            negated_if(own, negative)
        };
        let c1 = rounded(&self.g1, self.negative[0]);
        let c2 = rounded(&self.g2, self.negative[1]);
        let k1 = wrapping_sub(
            &wrapping_sub(scalar, &wrapping_product(&c1, &self.a1)),
            &wrapping_product(&c2, &self.a2),
        );
        let k2 = wrapping_sub(
            &wrapping_sub(&[0; 4], &wrapping_product(&c1, &self.b1)),
            &wrapping_product(&c2, &self.b2),
        );
        [k1, k2].map(|own| {
            let negative = own[3] >> 63 == 1;
            let own = negated_if(own, negative);
            debug_assert_eq!([own[2], own[3]], [0, 0]);
            Part {
                magnitude: half(&own, false),
                negative,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::{Fr, G1Affine};
    use halo2curves::secp256k1::Secp256k1Affine;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn splits<C: CurveAffine>(lambda_of: impl Fn(&Endomorphism<C::Base>) -> C::ScalarExt) {
        let own = Endomorphism::of::<C>().expect("the curve has one");
        let lambda = lambda_of(&own);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let edges = [
            C::ScalarExt::ZERO,
            C::ScalarExt::ONE,
            -C::ScalarExt::ONE,
            lambda,
            -lambda,
        ];
        let random = (0..10_000).map(|_| C::ScalarExt::random(&mut rng));
        for scalar in edges.into_iter().chain(random) {
            let [one, two] = own.split(&limbs(&scalar)).map(|part| {
                let value = C::ScalarExt::from_u128(part.magnitude);
                if part.negative { -value } else { value }
            });
            assert_eq!(one + lambda * two, scalar);
        }
    }

    fn lambda<C: CurveAffine>(own: &Endomorphism<C::Base>) -> C::ScalarExt {
        let point = C::generator();
        let coordinates =
            Option::<halo2curves::Coordinates<C>>::from(point.coordinates()).expect("a point");
        let image = C::from_xy(*coordinates.x() * own.zeta, *coordinates.y()).expect("a point");
        let root = C::ScalarExt::ZETA;
        let both = [root, root.square()];
        let found = both
            .into_iter()
            .find(|root| (point * *root) == image.to_curve());
        found.expect("a cube root of 1")
    }

    #[test]
    fn scalars_are_split_into_halves() {
        splits::<G1Affine>(lambda::<G1Affine>);
        splits::<Secp256k1Affine>(lambda::<Secp256k1Affine>);
        assert_eq!(Fr::NUM_BITS, 254);
    }
}
