//! Parameters: made, read from files, refused, kept in a cache.

mod poisoned;

use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ff::Field;
use group::Curve;
use halo2_proofs::poly::EvaluationDomain;
use halo2_proofs::poly::commitment::{Blind, Params, ParamsProver};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_stack_vm::proof::Parameters;
use halo2_stack_vm::proof::cache::{Cache, CacheOutcome};
use halo2_stack_vm::proof::ipa::IpaParams;
use halo2_stack_vm::proof::kzg::{KzgParams, SrsOrigin};
use halo2_stack_vm::proof::srs::{ParamsError, PointProblem, SrsError};
use halo2curves::bn256::{Bn256, Fq, Fr, G1, G1Affine, G2, G2Affine};
use halo2curves::pairing::Engine;
use halo2curves::serde::SerdeObject;
use rand_chacha::{ChaCha8Rng, ChaCha12Rng, ChaCha20Rng};
use rand_core::{OsRng, SeedableRng};
use tempfile::TempDir;

/// The published file of a ceremony.
fn ceremony() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hermez-bn254-8.ptau")
}

/// Files in a directory that goes away.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join("srs");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, bytes: &[u8], k: u32) -> Result<KzgParams, SrsError> {
        let path = self.write(bytes);
        KzgParams::from_srs(&path, k).map_err(|error| match error {
            ParamsError::File {
                path: named,
                reason,
            } => {
                assert_eq!(named, path);
                reason
            }
            other => panic!("{other}"),
        })
    }

    /// Refused, and within a second: how.
    fn refused(&self, bytes: &[u8], k: u32) -> SrsError {
        let start = Instant::now();
        let error = match self.read(bytes, k) {
            Ok(_) => panic!("accepted"),
            Err(error) => error,
        };
        assert!(start.elapsed() < Duration::from_secs(1), "{error}");
        error
    }
}

/// What every structured reference string satisfies.
fn assert_consistent(params: &KzgParams) {
    let inner = params.inner();
    let k = inner.k();
    assert_eq!(params.k(), k);
    let g = inner.get_g();
    assert_eq!(g.len(), 1 << k);
    assert_eq!(g[0], G1Affine::generator());
    assert_eq!(inner.g2(), G2Affine::generator());
    for i in [0, (1 << k) - 2] {
        assert_eq!(
            Bn256::pairing(&g[i + 1], &inner.g2()),
            Bn256::pairing(&g[i], &inner.s_g2())
        );
    }
    let domain = EvaluationDomain::new(1, k);
    let values = (0..1 << k).map(|_| Fr::random(OsRng)).collect();
    let values = domain.lagrange_from_vec(values);
    let committed = inner.commit_lagrange(&values, Blind::default());
    let coefficients = domain.lagrange_to_coeff(values);
    assert_eq!(committed, inner.commit(&coefficients, Blind::default()));
}

fn raw_bytes(params: &ParamsKZG<Bn256>) -> Vec<u8> {
    let mut bytes = Vec::new();
    params.write(&mut bytes).unwrap();
    bytes
}

fn same(left: &KzgParams, right: &KzgParams) -> bool {
    left.digest() == right.digest() && raw_bytes(left.inner()) == raw_bytes(right.inner())
}

/// A `.ptau` file of a secret, with the sections that are read and one that is not.
fn ptau(secret: Fr, power: u32) -> Vec<u8> {
    let powers: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |power| Some(power * secret))
        .take((2 << power) - 1)
        .collect();
    let mut header = 32u32.to_le_bytes().to_vec();
    header.extend(prime());
    header.extend(power.to_le_bytes());
    header.extend(28u32.to_le_bytes());
    let g1: Vec<u8> = powers
        .iter()
        .flat_map(|power| (G1::generator() * power).to_affine().to_raw_bytes())
        .collect();
    let g2: Vec<u8> = powers[..1 << power]
        .iter()
        .flat_map(|power| (G2::generator() * power).to_affine().to_raw_bytes())
        .collect();
    // The order of sections is free.
    container(&[(3, &g2), (7, b"contributions"), (1, &header), (2, &g1)])
}

fn container(sections: &[(u32, &[u8])]) -> Vec<u8> {
    let mut bytes = b"ptau".to_vec();
    bytes.extend(1u32.to_le_bytes());
    bytes.extend((sections.len() as u32).to_le_bytes());
    for (kind, section) in sections {
        bytes.extend(kind.to_le_bytes());
        bytes.extend((section.len() as u64).to_le_bytes());
        bytes.extend(*section);
    }
    bytes
}

fn prime() -> [u8; 32] {
    use ff::PrimeField;
    let mut prime = (-Fq::ONE).to_repr();
    prime[0] += 1;
    prime
}

/// Where the section of a type is in a `.ptau` file.
fn section(bytes: &[u8], kind: u32) -> Range<usize> {
    let mut offset = 12;
    loop {
        let size = u64::from_le_bytes(bytes[offset + 4..offset + 12].try_into().unwrap()) as usize;
        let range = offset + 12..offset + 12 + size;
        if bytes[offset..offset + 4] == kind.to_le_bytes() {
            return range;
        }
        offset = range.end;
    }
}

#[test]
fn development_parameters_are_what_they_say() {
    for k in [1, 2, 5, 9] {
        let params = KzgParams::insecure_dev(k).unwrap();
        assert_eq!(params.origin(), SrsOrigin::InsecureDev);
        assert_consistent(&params);
        // One secret for all sizes.
        assert_eq!(
            params.digest(),
            KzgParams::insecure_dev(3).unwrap().digest()
        );
    }
}

/// The documented derivation, done independently.
#[test]
fn the_development_secret_can_be_derived_by_anybody() {
    use ff::PrimeField;
    let hash = blake2b_simd::blake2b(KzgParams::INSECURE_DEV_SEED.as_bytes());
    let secret = hash.as_bytes().iter().rev().fold(Fr::ZERO, |sum, byte| {
        sum * Fr::from(256) + Fr::from(u64::from(*byte))
    });
    let params = KzgParams::insecure_dev(4).unwrap();
    assert_eq!(
        params.inner().s_g2(),
        (G2::generator() * secret).to_affine()
    );
    let n_inverse = Fr::from(16).invert().unwrap();
    let omega = Fr::ROOT_OF_UNITY.pow_vartime([1u64 << (Fr::S - 4)]);
    let root = omega.pow_vartime([3u64]);
    let lagrange = root
        * (secret.pow_vartime([16u64]) - Fr::ONE)
        * n_inverse
        * (secret - root).invert().unwrap();
    let domain = EvaluationDomain::new(1, 4);
    let mut indicator = domain.empty_lagrange();
    indicator[3] = Fr::ONE;
    assert_eq!(
        params.inner().commit_lagrange(&indicator, Blind::default()),
        G1::generator() * lagrange
    );
}

#[test]
fn sizes_are_checked() {
    let files = Files::new();
    let path = files.write(&[]);
    let cache = Cache::at(files.0.path());
    for k in [0, 25, 32, 64, u32::MAX] {
        let refused = [
            KzgParams::insecure_dev(k).err(),
            KzgParams::from_srs(&path, k).err(),
            IpaParams::setup(k).err(),
            cache.ipa(k).err(),
            cache.insecure_dev(k).err(),
            cache.srs(&path, k).err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(ParamsError::K { k: found }) if found == k));
        }
    }
}

#[test]
fn the_ceremony_is_read() {
    let path = ceremony();
    let digest = KzgParams::from_srs(&path, 8).unwrap().digest();
    for k in 1..=8 {
        let params = KzgParams::from_srs(&path, k).unwrap();
        assert_eq!(params.origin(), SrsOrigin::Ceremony);
        assert_consistent(&params);
        assert_eq!(params.digest(), digest);
    }
    let error = KzgParams::from_srs(&path, 9).unwrap_err();
    assert!(matches!(
        &error,
        ParamsError::File {
            reason: SrsError::TooSmall {
                power: 8,
                needed: 9
            },
            ..
        }
    ));
    let text = error.to_string();
    for part in ["hermez-bn254-8.ptau", "k = 8", "k = 9", "larger ceremony"] {
        assert!(text.contains(part), "{text}");
    }
}

/// The Lagrange bases of a prepared file are used, and are those that would be computed.
#[test]
fn a_prepared_file_is_as_good_as_an_unprepared_one() {
    let path = ceremony();
    let files = Files::new();
    let bytes = fs::read(&path).unwrap();
    let part = |kind| &bytes[section(&bytes, kind)];
    let unprepared = container(&[(1, part(1)), (2, part(2)), (3, part(3))]);
    let cache = Cache::at(files.0.path().join("cache"));
    for k in [1, 5, 8] {
        let prepared = cache.srs(&path, k).unwrap();
        assert!(matches!(prepared.outcome, CacheOutcome::NotNeeded));
        let unprepared = cache.srs(files.write(&unprepared), k).unwrap();
        assert!(matches!(unprepared.outcome, CacheOutcome::Stored));
        assert!(same(&prepared.params, &unprepared.params));
    }

    // Bases that are bad are computed, even those that are bad points.
    let bases = section(&bytes, 12);
    for (at, flip) in [(300 * 64, 1), (400 * 64 + 63, 0x80), (255 * 64 + 5, 4)] {
        let mut damaged = bytes.clone();
        damaged[bases.start + at] ^= flip;
        let damaged = cache.srs(files.write(&damaged), 8).unwrap();
        assert!(matches!(damaged.outcome, CacheOutcome::Found));
        assert!(same(
            &damaged.params,
            &KzgParams::from_srs(&path, 8).unwrap()
        ));
    }
}

#[test]
fn the_ceremony_in_halos_form_is_the_same() {
    let path = ceremony();
    let files = Files::new();
    let raw = raw_bytes(KzgParams::from_srs(&path, 8).unwrap().inner());
    for k in [1, 4, 7, 8] {
        let ptau = KzgParams::from_srs(&path, k).unwrap();
        assert!(same(&ptau, &files.read(&raw, k).unwrap()));
    }
    assert!(matches!(
        files.refused(&raw, 9),
        SrsError::TooSmall {
            power: 8,
            needed: 9
        }
    ));
}

#[test]
fn a_ceremony_of_our_own_is_read_in_both_forms() {
    let files = Files::new();
    let secret = Fr::random(OsRng);
    let bytes = ptau(secret, 4);
    for k in 1..=4 {
        let params = files.read(&bytes, k).unwrap();
        assert_consistent(&params);
        assert_eq!(
            params.inner().get_g()[1],
            (G1::generator() * secret).to_affine()
        );
    }
    let setup = ParamsKZG::<Bn256>::setup(4, OsRng);
    let params = files.read(&raw_bytes(&setup), 4).unwrap();
    assert_eq!(raw_bytes(params.inner()), raw_bytes(&setup));
}

#[test]
fn cut_files_are_refused() {
    let files = Files::new();
    let secret = Fr::random(OsRng);
    let setup = ParamsKZG::<Bn256>::setup(4, OsRng);
    for bytes in [ptau(secret, 4), raw_bytes(&setup)] {
        assert!(files.read(&bytes, 2).is_ok());
        let cuts = (0..200).chain((200..bytes.len()).step_by(61));
        for cut in cuts.chain([bytes.len() - 1]) {
            let error = files.refused(&bytes[..cut], 2);
            assert!(
                matches!(error, SrsError::UnknownFormat | SrsError::Malformed { .. }),
                "{cut}: {error}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(
            files.refused(&longer, 2),
            SrsError::Malformed { .. }
        ));
    }
}

#[test]
fn flipped_bits_are_noticed() {
    let files = Files::new();
    let k = 3;
    let secret = Fr::random(OsRng);
    let setup = ParamsKZG::<Bn256>::setup(k, OsRng);

    // The bits of the bytes in turn; a stride that has no factor in common with the form.
    let raw = raw_bytes(&setup);
    for at in (0..4).chain((4..raw.len()).step_by(29)) {
        let mut damaged = raw.clone();
        damaged[at] ^= 1 << (at % 8);
        files.refused(&damaged, k);
    }

    let ptau = ptau(secret, k);
    let honest = files.read(&ptau, k).unwrap();
    let g1 = section(&ptau, 2);
    let g2 = section(&ptau, 3);
    let unread = [
        // The powers that a circuit of this size does not need.
        g1.start + 64 * (1 << k)..g1.end,
        g2.start + 128 * 2..g2.end,
        section(&ptau, 7),
        // The power of the whole ceremony may be any that is not smaller.
        section(&ptau, 1).end - 4..section(&ptau, 1).end,
        // The type of the section that is not needed.
        section(&ptau, 7).start - 12..section(&ptau, 7).start - 8,
    ];
    let headers =
        [1, 2, 3, 7].map(|kind| section(&ptau, kind).start - 12..section(&ptau, kind).start);
    let all = (0..12)
        .chain(headers.into_iter().flatten())
        .chain(section(&ptau, 1))
        .chain((0..ptau.len()).step_by(61));
    for at in all {
        let mut damaged = ptau.clone();
        damaged[at] ^= 1 << (at % 8);
        if unread.iter().any(|range| range.contains(&at)) {
            if let Ok(params) = files.read(&damaged, k) {
                assert!(same(&params, &honest), "byte {at}");
            }
        } else {
            files.refused(&damaged, k);
        }
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let files = Files::new();
    let good = ptau(Fr::random(OsRng), 3);
    let with = |at: usize, bytes: &[u8]| {
        let mut damaged = good.clone();
        damaged[at..at + bytes.len()].copy_from_slice(bytes);
        files.refused(&damaged, 3)
    };
    let malformed = |error: SrsError| {
        assert!(matches!(error, SrsError::Malformed { .. }), "{error}");
    };
    let header = section(&good, 1).start;

    // Sizes of sections.
    for kind in [1, 2, 3, 7] {
        let size = section(&good, kind).start - 8;
        for huge in [
            u64::MAX,
            u64::MAX - 100,
            1 << 63,
            1 << 40,
            good.len() as u64,
            0,
        ] {
            malformed(with(size, &huge.to_le_bytes()));
        }
    }
    // The version, the number of sections.
    malformed(with(4, &2u32.to_le_bytes()));
    malformed(with(4, &0u32.to_le_bytes()));
    for count in [0u32, 1, 3, 5, 64, 65, u32::MAX] {
        malformed(with(8, &count.to_le_bytes()));
    }
    // The curve.
    for n8 in [0u32, 31, 48, u32::MAX] {
        assert!(matches!(
            with(header, &n8.to_le_bytes()),
            SrsError::WrongCurve
        ));
    }
    use ff::PrimeField;
    let other_prime = (-Fr::ONE).to_repr();
    assert!(matches!(
        with(header + 4, &other_prime),
        SrsError::WrongCurve
    ));
    // The power, and one larger than the whole ceremony's.
    for power in [0u32, 2, 4, 28, 29, 32, 63, 64, u32::MAX] {
        malformed(with(header + 36, &power.to_le_bytes()));
    }
    malformed(with(header + 40, &2u32.to_le_bytes()));

    // Sections that are there twice, or not.
    let part = |kind| (kind, &good[section(&good, kind)]);
    let all = [part(1), part(2), part(3)];
    assert!(files.read(&container(&all), 3).is_ok());
    for i in 0..3 {
        let twice: Vec<_> = all.iter().chain([&all[i]]).copied().collect();
        malformed(files.refused(&container(&twice), 3));
        let mut without = all.to_vec();
        without.remove(i);
        malformed(files.refused(&container(&without), 3));
    }
    // Many empty sections.
    malformed(files.refused(&container(&vec![(9, &[][..]); 100_000]), 3));

    // The size of halo2's form.
    let raw = raw_bytes(&ParamsKZG::setup(3, OsRng));
    for (k, unknown) in [
        (0u32, true),
        (2, false),
        (4, false),
        (28, false),
        (29, true),
    ] {
        let mut damaged = raw.clone();
        damaged[..4].copy_from_slice(&k.to_le_bytes());
        match files.refused(&damaged, 3) {
            SrsError::UnknownFormat if unknown => {}
            SrsError::Malformed { .. } if !unknown => {}
            error => panic!("{k}: {error}"),
        }
    }
}

/// A file of holes is large and costs nothing.
#[test]
fn large_files_of_zeros_are_refused_at_once() {
    let files = Files::new();
    for start in [
        &b"ptau\x01\0\0\0\xff\xff\xff\xff"[..],
        b"ptau\x01\0\0\0\x40\0\0\0",
        &24u32.to_le_bytes(),
        b"",
    ] {
        let path = files.0.path().join("holes");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(start).unwrap();
        file.set_len(4 + (128 << 24) + 256).unwrap();
        let start = Instant::now();
        assert!(KzgParams::from_srs(&path, 24).is_err());
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn points_that_are_no_powers_are_refused() {
    let files = Files::new();
    let k = 3;
    let secret = Fr::random(OsRng);
    let good = ptau(secret, k);
    let g1 = |i: usize| section(&good, 2).start + 64 * i;
    let g2 = |i: usize| section(&good, 3).start + 128 * i;
    let with = |at: usize, bytes: &[u8]| {
        let mut damaged = good.clone();
        damaged[at..at + bytes.len()].copy_from_slice(bytes);
        files.refused(&damaged, k)
    };

    // Other points of the group.
    for i in 1..8 {
        let other = G1Affine::random(OsRng).to_raw_bytes();
        assert!(matches!(with(g1(i), &other), SrsError::NotPowers), "{i}");
    }
    for i in 1..7 {
        let mut swapped = good[g1(i)..g1(i + 2)].to_vec();
        swapped.rotate_left(64);
        assert!(matches!(with(g1(i), &swapped), SrsError::NotPowers), "{i}");
    }
    let other = G1Affine::random(OsRng).to_raw_bytes();
    assert!(matches!(
        with(g1(0), &other),
        SrsError::WrongGenerator { group: "G1" }
    ));
    let other = G2Affine::random(OsRng).to_raw_bytes();
    assert!(matches!(with(g2(1), &other), SrsError::NotPowers));
    assert!(matches!(
        with(g2(0), &other),
        SrsError::WrongGenerator { group: "G2" }
    ));

    // No points of the group.
    let problem = |error| match error {
        SrsError::Point { offset, problem } => (offset as usize, problem),
        error => panic!("{error}"),
    };
    for at in [g1(2), g1(7), g2(0), g2(1)] {
        let len = if at >= g1(0) { 64 } else { 128 };
        let mut off = good[at..at + len].to_vec();
        off[len / 2 + 1] ^= 1;
        assert_eq!(problem(with(at, &off)), (at, PointProblem::NotOnCurve));
        assert_eq!(
            problem(with(at, &vec![0; len])),
            (at, PointProblem::Identity)
        );
        // A coordinate and the prime is as good a coordinate, in another form.
        let mut carry = 0;
        let larger: Vec<u8> = good[at..at + 32]
            .iter()
            .zip(prime())
            .map(|(byte, prime)| {
                carry += u16::from(*byte) + u16::from(prime);
                let sum = carry as u8;
                carry >>= 8;
                sum
            })
            .collect();
        assert_eq!(problem(with(at, &larger)), (at, PointProblem::NotCanonical));
    }

    // On the twist, outside the subgroup.
    let outside = (1u64..)
        .find_map(|x| {
            use halo2curves::CurveAffine;
            let x = halo2curves::bn256::Fq2 {
                c0: Fq::from(x),
                c1: Fq::ONE,
            };
            let y = (x.square() * x + G2Affine::b()).sqrt().into_option()?;
            Some(G2Affine { x, y })
        })
        .unwrap();
    assert_eq!(
        problem(with(g2(1), &outside.to_raw_bytes())),
        (g2(1), PointProblem::NotInSubgroup)
    );
}

#[test]
fn a_lagrange_basis_of_other_powers_is_refused() {
    let files = Files::new();
    let good = raw_bytes(&ParamsKZG::setup(3, OsRng));
    let basis = |i: usize| 4 + 64 * (8 + i);
    for i in [0, 3, 6] {
        let mut swapped = good.clone();
        swapped[basis(i)..basis(i + 2)].rotate_left(64);
        assert!(matches!(
            files.refused(&swapped, 3),
            SrsError::WrongLagrange
        ));
        let mut identity = good.clone();
        identity[basis(i)..basis(i + 1)].fill(0);
        assert!(matches!(
            files.refused(&identity, 3),
            SrsError::Point {
                problem: PointProblem::Identity,
                ..
            }
        ));
        // It is not read for another size.
        assert!(files.read(&identity, 2).is_ok());
    }
}

#[test]
fn known_secrets_are_refused() {
    let files = Files::new();
    let known = |bytes: &[u8]| match files.refused(bytes, 3) {
        SrsError::KnownSecret { secret } => secret,
        error => panic!("{error}"),
    };

    // Generators with seeds that people take.
    let setups = [
        ParamsKZG::setup(3, ChaCha20Rng::from_seed(Default::default())),
        ParamsKZG::setup(3, ChaCha20Rng::seed_from_u64(0)),
        ParamsKZG::setup(3, ChaCha20Rng::seed_from_u64(42)),
        ParamsKZG::setup(3, ChaCha12Rng::from_seed([0; 32])),
        ParamsKZG::setup(3, ChaCha12Rng::seed_from_u64(1)),
        ParamsKZG::setup(3, ChaCha8Rng::from_seed([0; 32])),
        ParamsKZG::setup(3, ChaCha8Rng::seed_from_u64(1337)),
    ];
    for setup in setups {
        let secret = known(&raw_bytes(&setup));
        assert!(secret.contains("seeded with"), "{secret}");
    }

    // The development parameters, and a smaller size of them.
    for k in [3, 5] {
        let dev = KzgParams::insecure_dev(k).unwrap();
        assert!(known(&raw_bytes(dev.inner())).contains("development"));
    }

    // Small integers.
    for (secret, name) in [
        (Fr::ZERO, "0"),
        (Fr::ONE, "1"),
        (-Fr::ONE, "-1"),
        (Fr::from(2), "2"),
        (Fr::from(12345), "12345"),
        (-Fr::from(65536), "-65536"),
    ] {
        let text = known(&ptau(secret, 3));
        assert_eq!(text, format!("the integer {name}"));
    }
    // Roots of unity: in the Lagrange basis, all points but one would be the identity.
    use ff::PrimeField;
    for order in [2, 3] {
        let root = Fr::ROOT_OF_UNITY.pow_vartime([1u64 << (Fr::S - order)]);
        assert!(known(&ptau(root, 3)).contains("root of unity"));
    }

    // Whatever the order, and however small the file.
    use ff::{Field, WithSmallOrderMulGroup};
    for constant in [
        Fr::ROOT_OF_UNITY,
        Fr::ROOT_OF_UNITY.invert().unwrap(),
        Fr::ROOT_OF_UNITY.pow_vartime([1u64 << (Fr::S - 5)]),
        Fr::ROOT_OF_UNITY.pow_vartime([1u64 << (Fr::S - 6)]),
        Fr::ZETA,
        -Fr::ZETA,
        Fr::ZETA.square(),
        Fr::DELTA,
        Fr::TWO_INV,
        Fr::MULTIPLICATIVE_GENERATOR,
        Fr::from(1_234_567),
        -Fr::from(0xdead_beef),
        Fr::from(u64::MAX),
    ] {
        known(&ptau(constant, 3));
    }

    let text = files.refused(&ptau(Fr::from(7), 3), 3).to_string();
    for part in ["publicly known", "the integer 7", "real ceremony"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_is_no_file_of_parameters_is_refused() {
    let files = Files::new();
    for bytes in [
        &b""[..],
        b"pta",
        b"Not parameters, but a text of some length.",
        &[0; 1000],
        &[255; 1000],
    ] {
        let error = files.refused(bytes, 4);
        assert!(matches!(error, SrsError::UnknownFormat), "{error}");
    }
    assert!(matches!(
        files.refused(b"ptau", 4),
        SrsError::Malformed { offset: 4, .. }
    ));
    let refused = |path: &Path| match KzgParams::from_srs(path, 4) {
        Err(ParamsError::File { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused(files.0.path()), SrsError::NotAFile));
    assert!(matches!(
        refused(&files.0.path().join("none")),
        SrsError::Io(_)
    ));
    #[cfg(unix)]
    assert!(matches!(
        refused(Path::new("/dev/zero")),
        SrsError::NotAFile
    ));
}

/// The one file in a directory.
fn only_file(dir: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn a_cache_keeps_development_parameters() {
    let dir = Files::new();
    let cache = Cache::at(dir.0.path().join("a/b"));
    let first = cache.insecure_dev(4).unwrap();
    assert!(matches!(first.outcome, CacheOutcome::Stored));
    let second = cache.insecure_dev(4).unwrap();
    assert!(matches!(second.outcome, CacheOutcome::Found));
    assert_eq!(second.params.origin(), SrsOrigin::InsecureDev);
    assert_consistent(&second.params);
    let direct = KzgParams::insecure_dev(4).unwrap();
    assert!(same(&first.params, &direct));
    assert!(same(&second.params, &direct));
    only_file(cache.dir().unwrap());
}

#[test]
fn a_cache_keeps_generators() {
    let dir = Files::new();
    let cache = Cache::at(dir.0.path());
    let bytes = |params: &IpaParams| {
        let mut bytes = Vec::new();
        params.inner().write(&mut bytes).unwrap();
        bytes
    };
    for k in [1, 4] {
        let direct = IpaParams::setup(k).unwrap();
        let first = cache.ipa(k).unwrap();
        assert!(matches!(first.outcome, CacheOutcome::Stored));
        let second = cache.ipa(k).unwrap();
        assert!(matches!(second.outcome, CacheOutcome::Found));
        assert_eq!(bytes(&first.params), bytes(&direct));
        assert_eq!(bytes(&second.params), bytes(&direct));
        assert_eq!(second.params.digest(), direct.digest());
    }
}

#[test]
fn a_cache_keeps_the_lagrange_basis_of_a_ceremony() {
    let files = Files::new();
    let cache = Cache::at(files.0.path().join("cache"));
    let bytes = ptau(Fr::random(OsRng), 4);
    let path = files.write(&bytes);
    let first = cache.srs(&path, 3).unwrap();
    assert!(matches!(first.outcome, CacheOutcome::Stored));
    let second = cache.srs(&path, 3).unwrap();
    assert!(matches!(second.outcome, CacheOutcome::Found));
    assert_eq!(second.params.origin(), SrsOrigin::Ceremony);
    assert_consistent(&second.params);
    assert!(same(&first.params, &second.params));
    let kept = only_file(cache.dir().unwrap());

    // The ceremony's file is still read and checked.
    let mut damaged = bytes.clone();
    damaged[section(&bytes, 2).start + 64 * 3] ^= 1;
    assert!(cache.srs(files.write(&damaged), 3).is_err());
    fs::remove_file(&path).unwrap();
    assert!(cache.srs(&path, 3).is_err());

    // Another ceremony has another basis, even under the name of the first.
    let other = files.write(&ptau(Fr::random(OsRng), 4));
    let third = cache.srs(&other, 3).unwrap();
    assert!(matches!(third.outcome, CacheOutcome::Stored));
    let name = fs::read_dir(cache.dir().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| *path != kept)
        .unwrap();
    fs::copy(&kept, &name).unwrap();
    let third = cache.srs(&other, 3).unwrap();
    assert!(matches!(third.outcome, CacheOutcome::Stored));
    assert_consistent(&third.params);
}

#[test]
fn damaged_cache_files_are_replaced() {
    let dir = Files::new();
    let srs = dir.write(&ptau(Fr::random(OsRng), 3));
    type Get = Box<dyn Fn(&Cache) -> CacheOutcome>;
    let kinds: [(&str, Get); 3] = [
        (
            "dev",
            Box::new(|cache| {
                let loaded = cache.insecure_dev(2).unwrap();
                assert_consistent(&loaded.params);
                loaded.outcome
            }),
        ),
        ("ipa", Box::new(|cache| cache.ipa(2).unwrap().outcome)),
        (
            "srs",
            Box::new(move |cache| {
                let loaded = cache.srs(&srs, 2).unwrap();
                assert_consistent(&loaded.params);
                loaded.outcome
            }),
        ),
    ];
    let mut kept = Vec::new();
    for (name, get) in &kinds {
        let cache = Cache::at(dir.0.path().join(format!("cache-{name}")));
        assert!(matches!(get(&cache), CacheOutcome::Stored));
        let path = only_file(cache.dir().unwrap());
        let good = fs::read(&path).unwrap();

        let mut damaged: Vec<Vec<u8>> = vec![
            vec![],
            vec![0; good.len()],
            [&good[..], &[0]].concat(),
            b"something else".to_vec(),
        ];
        damaged.extend((0..good.len()).step_by(101).map(|cut| good[..cut].to_vec()));
        damaged.extend((0..good.len()).step_by(41).map(|at| {
            let mut damaged = good.clone();
            damaged[at] ^= 1 << (at % 8);
            damaged
        }));
        for damaged in damaged {
            fs::write(&path, &damaged).unwrap();
            assert!(matches!(get(&cache), CacheOutcome::Stored));
            assert_eq!(fs::read(&path).unwrap(), good);
        }
        assert!(matches!(get(&cache), CacheOutcome::Found));
        only_file(cache.dir().unwrap());
        kept.push((path, good));
    }

    // One kind in the place of another; another k in the place of this.
    for (i, (path, good)) in kept.iter().enumerate() {
        let (_, other) = &kept[(i + 1) % kept.len()];
        fs::write(path, other).unwrap();
        let cache = Cache::at(path.parent().unwrap());
        assert!(matches!(kinds[i].1(&cache), CacheOutcome::Stored));
        assert_eq!(&fs::read(path).unwrap(), good);
    }
    let cache = Cache::at(dir.0.path().join("cache-dev"));
    let of_two = kept[0].0.clone();
    cache.insecure_dev(3).unwrap();
    let of_three = fs::read_dir(cache.dir().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| *path != of_two)
        .unwrap();
    fs::copy(of_three, &of_two).unwrap();
    assert!(matches!(
        cache.insecure_dev(2).unwrap().outcome,
        CacheOutcome::Stored
    ));
}

#[test]
fn a_cache_that_cant_be_written_is_no_error() {
    let files = Files::new();
    let in_the_way = files.write(b"a file, not a directory");
    let srs = files.0.path().join("own");
    fs::write(&srs, ptau(Fr::random(OsRng), 3)).unwrap();
    let check = |outcome: CacheOutcome, dir: &Path| match outcome {
        CacheOutcome::NotStored(error) => {
            assert!(error.path.starts_with(dir));
            let text = error.to_string();
            assert!(text.contains(dir.to_str().unwrap()), "{text}");
        }
        other => panic!("{other:?}"),
    };
    for dir in [in_the_way.clone(), in_the_way.join("below")] {
        let cache = Cache::at(&dir);
        let dev = cache.insecure_dev(3).unwrap();
        assert_consistent(&dev.params);
        check(dev.outcome, &dir);
        let own = cache.srs(&srs, 3).unwrap();
        assert_consistent(&own.params);
        check(own.outcome, &dir);
        check(cache.ipa(3).unwrap().outcome, &dir);
    }

    // A directory where the file should be.
    let cache = Cache::at(files.0.path().join("cache"));
    cache.insecure_dev(3).unwrap();
    let path = only_file(cache.dir().unwrap());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    check(cache.insecure_dev(3).unwrap().outcome, cache.dir().unwrap());
    only_file(cache.dir().unwrap());
}

#[test]
fn many_may_use_a_cache_at_once() {
    let dir = Files::new();
    let cache = Cache::at(dir.0.path().join("cache"));
    let direct = KzgParams::insecure_dev(4).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let loaded = cache.insecure_dev(4).unwrap();
                    assert!(same(&loaded.params, &direct));
                    assert!(!matches!(loaded.outcome, CacheOutcome::NotStored(_)));
                    let path = cache.dir().unwrap().join("kzg-insecure-dev-4.params");
                    // Somebody clears the cache.
                    let _ = fs::remove_file(path);
                }
            });
        }
    });
}
