//! Secrets that everybody knows: the one of the development parameters, and those of parameters that
//! lie about. Who knows the secret can prove anything.

use std::collections::HashMap;
use std::sync::OnceLock;

use blake2b_simd::blake2b;
use ff::{BatchInvert, Field, FromUniformBytes, PrimeField, WithSmallOrderMulGroup};
use group::prime::PrimeCurveAffine;
use group::{Curve, Group};
use halo2_proofs::arithmetic::best_multiexp;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1, G1Affine, G2Affine};
use rand_chacha::{ChaCha8Rng, ChaCha12Rng, ChaCha20Rng};
use rand_core::{RngCore, SeedableRng, impls};
use rayon::prelude::*;

use super::check;

/// What the secret of the development parameters is derived from.
pub(crate) const DEV_SEED: &str =
    "halo2-stack-vm: insecure development parameters over bn254, version 1";

/// The secret of the development parameters: the BLAKE2b-512 hash of the seed as an integer, least
/// significant byte first, modulo the order of the group.
pub(crate) fn dev_secret() -> Fr {
    Fr::from_uniform_bytes(blake2b(DEV_SEED.as_bytes()).as_array())
}

/// The secret of the development parameters in G2.
pub(crate) fn dev_s_g2() -> G2Affine {
    (G2Affine::generator() * dev_secret()).to_affine()
}

/// The two bases of the development parameters.
pub(crate) struct DevBases {
    pub(crate) g: Vec<G1Affine>,
    pub(crate) lagrange: Vec<G1Affine>,
}

impl DevBases {
    /// Multiplies the generator by the powers of the secret and by the values of the Lagrange
    /// polynomials at it.
    pub(crate) fn new(k: u32) -> Self {
        let table = FixedBase::get();
        DevBases {
            g: table.multiples(&power_scalars(k)),
            lagrange: table.multiples(&lagrange_scalars(k)),
        }
    }

    /// Whether a random combination of each basis is the generator times that of its scalars. No point
    /// may be the identity.
    pub(crate) fn are_valid(&self, k: u32) -> bool {
        let are_multiples = |points: &[G1Affine], scalars: Vec<Fr>| {
            if points.len() != scalars.len() {
                return false;
            }
            let random = check::random_scalars(scalars.len());
            let expected: Fr = random.iter().zip(&scalars).map(|(r, s)| r * s).sum();
            drop(scalars);
            best_multiexp(&random, points) == G1::generator() * expected
        };
        are_multiples(&self.g, power_scalars(k))
            && are_multiples(&self.lagrange, lagrange_scalars(k))
    }

    pub(crate) fn into_params(self, k: u32) -> ParamsKZG<Bn256> {
        params(k, self.g, self.lagrange, dev_s_g2())
    }
}

/// halo2's parameters out of their parts.
pub(crate) fn params(
    k: u32,
    g: Vec<G1Affine>,
    lagrange: Vec<G1Affine>,
    s_g2: G2Affine,
) -> ParamsKZG<Bn256> {
    // The one constructor from parts is a method; nothing of its receiver is used.
    ParamsKZG::setup(1, ChaCha8Rng::from_seed([0; 32])).from_parts(
        k,
        g,
        Some(lagrange),
        G2Affine::generator(),
        s_g2,
    )
}

/// `tau^i`.
fn power_scalars(k: u32) -> Vec<Fr> {
    let secret = dev_secret();
    std::iter::successors(Some(Fr::ONE), |power| Some(power * secret))
        .take(1 << k)
        .collect()
}

/// `L_i(tau) = omega^i (tau^n - 1) / (n (tau - omega^i))`.
fn lagrange_scalars(k: u32) -> Vec<Fr> {
    let secret = dev_secret();
    let omega = check::root_of_unity(k);
    let roots: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |root| Some(root * omega))
        .take(1 << k)
        .collect();
    // The secret is no root of unity: a test says so for all of them.
    let mut scalars: Vec<Fr> = roots.iter().map(|root| secret - root).collect();
    scalars.batch_invert();
    let factor =
        (secret.pow_vartime([1u64 << k]) - Fr::ONE) * Fr::TWO_INV.pow_vartime([u64::from(k)]);
    for (scalar, root) in scalars.iter_mut().zip(&roots) {
        *scalar *= factor * root;
    }
    scalars
}

/// Multiples of the generator of G1 by a table of `digit * 256^position`, so that a product takes 32
/// additions.
struct FixedBase {
    /// The 255 multiples of each position.
    table: Vec<G1Affine>,
}

/// The digits but zero.
const DIGITS: usize = 255;
/// How many points are normalised with one inversion.
const BATCH: usize = 1 << 10;

impl FixedBase {
    /// The table, which is made once.
    fn get() -> &'static Self {
        static TABLE: OnceLock<FixedBase> = OnceLock::new();
        TABLE.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut table = Vec::with_capacity(32 * DIGITS);
        let mut base = G1::generator();
        for _ in 0..32 {
            let mut multiple = base;
            for _ in 0..DIGITS {
                table.push(multiple);
                multiple += base;
            }
            base = multiple;
        }
        FixedBase {
            table: normalised(&table),
        }
    }

    /// The generator times a scalar.
    fn multiple(&self, scalar: &Fr) -> G1 {
        self.table
            .chunks_exact(DIGITS)
            .zip(scalar.to_repr())
            .filter(|(_, digit)| *digit != 0)
            .fold(G1::identity(), |sum, (multiples, digit)| {
                sum + multiples[usize::from(digit) - 1]
            })
    }

    fn multiples(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let mut points = vec![G1Affine::identity(); scalars.len()];
        points
            .par_chunks_mut(BATCH)
            .zip(scalars.par_chunks(BATCH))
            .for_each(|(points, scalars)| {
                let sums: Vec<G1> = scalars.iter().map(|scalar| self.multiple(scalar)).collect();
                G1::batch_normalize(&sums, points);
            });
        points
    }
}

fn normalised(points: &[G1]) -> Vec<G1Affine> {
    let mut affine = vec![G1Affine::identity(); points.len()];
    G1::batch_normalize(points, &mut affine);
    affine
}

/// The largest integer that is looked for as a secret, and its negative.
const SMALL: i64 = 1 << 16;

/// Seeds of 64 bits that people take; they are looked for as secrets themselves, too.
const SEEDS: [u64; 12] = [
    1234,
    1337,
    12345,
    31337,
    123456,
    1234567,
    12345678,
    123456789,
    1234567890,
    0xdead_beef,
    0xcafe_babe,
    u64::MAX,
];
/// All seeds of 64 bits below this are looked for too.
const SMALL_SEEDS: u64 = 1024;

/// The seed of `ark_std::test_rng`.
const ARK_TEST_SEED: [u8; 32] = [
    1, 0, 0, 0, 23, 0, 0, 0, 200, 1, 0, 0, 210, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0,
];

/// What the secret is of which the second power is given, if it is one that everybody knows.
pub(crate) fn known(power: &G1Affine) -> Option<String> {
    if let Some(small) = small(power) {
        return Some(format!("the integer {small}"));
    }
    static NAMES: OnceLock<HashMap<[u8; 64], String>> = OnceLock::new();
    NAMES.get_or_init(names).get(&key(power)).cloned()
}

/// A point as a key of a map.
fn key(point: &G1Affine) -> [u8; 64] {
    let mut key = [0; 64];
    let (x, y) = key.split_at_mut(32);
    x.copy_from_slice(point.x.to_repr().as_ref());
    y.copy_from_slice(point.y.to_repr().as_ref());
    key
}

/// The integer of small absolute value of which the point is the multiple.
fn small(power: &G1Affine) -> Option<i64> {
    if bool::from(power.is_identity()) {
        return Some(0);
    }
    // Every such integer is a multiple of `STEP` and a remainder of at most half of it, so that few
    // points have to be compared: the remainders' and those that a multiple away from the power are.
    const STEP: i64 = 256;
    const MULTIPLES: i64 = SMALL / STEP;
    type Remainders = HashMap<[u8; 64], i64>;
    static REMAINDERS: OnceLock<Remainders> = OnceLock::new();
    let remainders = REMAINDERS.get_or_init(|| {
        let range = -STEP / 2..=STEP / 2;
        let scalars: Vec<Fr> = range.clone().map(of_integer).collect();
        let points = FixedBase::get().multiples(&scalars);
        points.iter().map(key).zip(range).collect()
    });
    let table = FixedBase::get();
    let step = table.multiple(&of_integer(STEP));
    let first = table.multiple(&of_integer(SMALL)) + power;
    let points: Vec<G1> = std::iter::successors(Some(first), |point| Some(point - step))
        .take(2 * MULTIPLES as usize + 1)
        .collect();
    (-MULTIPLES..=MULTIPLES)
        .zip(normalised(&points))
        .find_map(|(multiple, point)| Some(multiple * STEP + remainders.get(&key(&point))?))
        .filter(|integer| integer.abs() <= SMALL)
}

fn of_integer(integer: i64) -> Fr {
    let magnitude = Fr::from(integer.unsigned_abs());
    if integer < 0 { -magnitude } else { magnitude }
}

/// The second powers of the other secrets that everybody knows.
fn names() -> HashMap<[u8; 64], String> {
    let mut secrets = vec![
        (
            dev_secret(),
            "the one of this crate's development parameters".into(),
        ),
        (
            Fr::random(XorShift::of_tests()),
            "drawn from XorShift with the seed of many a test".into(),
        ),
    ];
    secrets.extend(constants());
    secrets.extend(seeded::<ChaCha20Rng>("ChaCha20"));
    secrets.extend(seeded::<ChaCha12Rng>("ChaCha12 (StdRng)"));
    secrets.extend(seeded::<ChaCha8Rng>("ChaCha8"));
    let (secrets, names): (Vec<Fr>, Vec<String>) = secrets.into_iter().unzip();
    let points = FixedBase::get().multiples(&secrets);
    points.iter().map(key).zip(names).collect()
}

/// The field's own constants, and integers that people take that are not small.
fn constants() -> Vec<(Fr, String)> {
    let inverse = |word: Fr| word.invert().unwrap_or(Fr::ZERO);
    let mut constants = vec![
        (Fr::ZETA, "a cube root of 1".to_owned()),
        (Fr::ZETA.square(), "a cube root of 1".to_owned()),
        (Fr::DELTA, "the field's constant DELTA".to_owned()),
        (Fr::TWO_INV, "the inverse of 2".to_owned()),
        (
            Fr::MULTIPLICATIVE_GENERATOR,
            "the field's multiplicative generator".to_owned(),
        ),
    ];
    constants.extend((0..Fr::S).map(|j| {
        let root = Fr::ROOT_OF_UNITY.pow_vartime([1u64 << j]);
        (root, format!("a root of unity of order 2^{}", Fr::S - j))
    }));
    let integers = SEEDS
        .iter()
        .map(|own| (Fr::from(*own), format!("the integer {own}")));
    constants.extend(integers);
    let variants = constants.into_iter().flat_map(|(word, name)| {
        [
            (-word, format!("-1 times {name}")),
            (inverse(word), format!("the inverse of {name}")),
            (word, name),
        ]
    });
    variants.collect()
}

/// The secrets that `ParamsKZG::setup(k, rng)` draws with seeds that people take.
fn seeded<R: RngCore + SeedableRng<Seed = [u8; 32]>>(
    generator: &str,
) -> impl Iterator<Item = (Fr, String)> {
    let integers = (0..SMALL_SEEDS).chain(SEEDS);
    let integers = integers.map(|seed| (R::seed_from_u64(seed), format!("the integer {seed}")));
    let bytes = (0..=u8::MAX).map(|byte| {
        let name = format!("bytes that are all {byte}");
        (R::from_seed([byte; 32]), name)
    });
    let ark = (
        R::from_seed(ARK_TEST_SEED),
        "the seed of ark_std::test_rng".to_string(),
    );
    integers.chain(bytes).chain([ark]).map(move |(rng, seed)| {
        (
            Fr::random(rng),
            format!("drawn from {generator} seeded with {seed}"),
        )
    })
}

/// Marsaglia's generator of period 2^128 - 1, as the `rand_xorshift` crate has it.
struct XorShift([u32; 4]);

impl XorShift {
    /// Seeded as in the tests of several proof systems.
    fn of_tests() -> Self {
        XorShift([0x5dbe_6259, 0x8d31_3d76, 0x3237_db17, 0xe5bc_0654])
    }
}

impl RngCore for XorShift {
    fn next_u32(&mut self) -> u32 {
        let [x, y, z, w] = self.0;
        let t = x ^ (x << 11);
        let next = w ^ (w >> 19) ^ t ^ (t >> 8);
        self.0 = [y, z, w, next];
        next
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_u32(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        impls::fill_bytes_via_next(self, bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_secret_is_no_root_of_unity() {
        // The order of every root of unity that a circuit may have divides 2^28.
        assert_ne!(dev_secret().pow_vartime([1 << Fr::S]), Fr::ONE);
    }

    /// What anybody can compute from the documented derivation.
    #[test]
    fn the_development_secret_is_pinned() {
        let digest = blake2b(DEV_SEED.as_bytes());
        let integer = num_bigint::BigUint::from_bytes_le(digest.as_bytes());
        let order = num_bigint::BigUint::from_bytes_le((-Fr::ONE).to_repr().as_ref()) + 1u8;
        assert_eq!(
            (integer % order).to_bytes_le(),
            num_bigint::BigUint::from_bytes_le(dev_secret().to_repr().as_ref()).to_bytes_le()
        );
        expect_test::expect!["0x0ac130eda94898d97a6934c0d3566e18ad14aac3d5caf773ff67dfa3c375c366"]
            .assert_eq(&format!("{:?}", dev_secret()));
    }

    #[test]
    fn the_table_multiplies() {
        let table = FixedBase::get();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut scalars = vec![Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(256), Fr::from(255)];
        scalars.extend((0..20).map(|_| Fr::random(&mut rng)));
        let multiples = table.multiples(&scalars);
        for (scalar, multiple) in scalars.iter().zip(multiples) {
            assert_eq!((G1::generator() * scalar).to_affine(), multiple);
        }
    }

    #[test]
    fn altered_development_bases_are_noticed() {
        for k in [1, 5] {
            let honest = DevBases::new(k);
            assert!(honest.are_valid(k));
            assert!(!honest.are_valid(k + 1));
            let mut swapped = DevBases::new(k);
            swapped.g.swap(0, 1);
            assert!(!swapped.are_valid(k));
            let mut swapped = DevBases::new(k);
            swapped.lagrange.swap(0, 1);
            assert!(!swapped.are_valid(k));
        }
    }

    #[test]
    fn xorshift_is_the_usual_one() {
        let mut rng = XorShift([0x0d0e_0f10, 0x090a_0b0c, 0x0506_0708, 0x0102_0304]);
        let numbers = [(); 4].map(|()| rng.next_u32());
        assert_eq!(numbers, [2081028795, 620940381, 269070770, 16943764]);
    }

    #[test]
    fn known_secrets_are_named() {
        let name = |secret: Fr| known(&(G1::generator() * secret).to_affine());
        let found = |secret: Fr, what: &str| {
            let name = name(secret).unwrap_or_else(|| panic!("not found: {what}"));
            assert!(name.contains(what), "{name}: not {what}");
        };
        found(Fr::ZERO, "the integer 0");
        found(Fr::ONE, "the integer 1");
        found(-Fr::ONE, "the integer -1");
        found(Fr::from(65536), "the integer 65536");
        found(-Fr::from(65535), "the integer -65535");
        found(dev_secret(), "development");
        found(
            Fr::random(ChaCha20Rng::from_seed(Default::default())),
            "ChaCha20 seeded with bytes that are all 0",
        );
        found(
            Fr::random(ChaCha12Rng::seed_from_u64(42)),
            "ChaCha12 (StdRng) seeded with the integer 42",
        );
        found(
            Fr::random(ChaCha8Rng::seed_from_u64(0xdead_beef)),
            "ChaCha8 seeded with the integer 3735928559",
        );
        found(Fr::random(XorShift::of_tests()), "XorShift");
        assert_eq!(name(Fr::from(65537)), None);
        assert_eq!(name(Fr::random(rand_core::OsRng)), None);
    }
}
