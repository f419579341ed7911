//! Files of the cache with the right checksum, in which few points of many are wrong: never taken, whatever
//! randomness they are checked with. With generators of which somebody knows a relation, commitments bind nothing.

use std::io::Cursor;

use group::prime::PrimeCurveAffine;
use group::{Curve, Group, GroupEncoding};
use halo2_proofs::arithmetic::g_to_lagrange;
use halo2_proofs::poly::commitment::{Params, ParamsProver};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_stack_vm::proof::Parameters;
use halo2_stack_vm::proof::cache::{read_insecure_dev, read_ipa, read_srs};
use halo2_stack_vm::proof::ipa::IpaParams;
use halo2_stack_vm::proof::kzg::KzgParams;
use halo2curves::bn256::{Bn256, G1, G1Affine};
use halo2curves::serde::SerdeObject;
use rand_core::OsRng;

/// How often a file for `2^k` rows is offered: a check that samples would take one of so many small ones. The large ones
/// are there for their size.
fn tries(k: u32) -> std::ops::Range<usize> {
    0..if k < 10 { 10 } else { 2 }
}

/// Two bases of as many points.
#[derive(Clone)]
struct Bases {
    g: Vec<G1Affine>,
    lagrange: Vec<G1Affine>,
}

impl Bases {
    fn of(g: &[G1Affine]) -> Self {
        Bases {
            g: g.to_vec(),
            lagrange: lagrange_of(g),
        }
    }
}

fn lagrange_of(g: &[G1Affine]) -> Vec<G1Affine> {
    g_to_lagrange(
        g.iter().map(PrimeCurveAffine::to_curve).collect(),
        g.len().ilog2(),
    )
}

/// What is wrong, and how it is made so.
type Forgery = (&'static str, fn(&mut [G1Affine]));

/// One or two points of many are changed. The last two keep the sum of all points.
const FORGERIES: [Forgery; 4] = [
    ("a point is another one's copy", |points| {
        points[points.len() - 1] = points[points.len() - 2];
    }),
    ("a point is another one's negative", |points| {
        points[1] = -points[points.len() / 2];
    }),
    ("two points are swapped", |points| {
        points.swap(points.len() / 3, points.len() - 2);
    }),
    ("what one point gets, another one loses", |points| {
        let i = points.len() / 2;
        let moved = G1::random(OsRng);
        points[i] = (points[i] + moved).to_affine();
        points[i + 1] = (points[i + 1] - moved).to_affine();
    }),
];

/// The file of a cache, with the right checksum.
fn file(kind: u32, k: u32, digest: [u8; 32], payload: &[u8]) -> Vec<u8> {
    let mut file = b"SVMCACHE".to_vec();
    for integer in [1, kind, k] {
        file.extend(u32::to_le_bytes(integer));
    }
    file.extend(digest);
    file.extend((payload.len() as u64).to_le_bytes());
    let mut state = blake2b_simd::Params::new()
        .hash_length(32)
        .personal(b"StackVm.Cache")
        .to_state();
    state.update(&file).update(payload);
    file.extend(state.finalize().as_bytes());
    file.extend(payload);
    file
}

fn raw<'p>(points: impl IntoIterator<Item = &'p G1Affine>) -> Vec<u8> {
    let bytes = points.into_iter().map(SerdeObject::to_raw_bytes);
    bytes.collect::<Vec<_>>().concat()
}

/// The honest bases are taken each time; none in which one basis is forged, nor both consistently.
fn only_honest_are_taken(honest: &Bases, is_taken: impl Fn(&Bases) -> bool) {
    let k = honest.g.len().ilog2();
    assert!((0..3).all(|_| is_taken(honest)), "k = {k}");
    let refused = |bases: &Bases, forgery: &str, what: &str| {
        let taken = tries(k).filter(|_| is_taken(bases)).count();
        assert_eq!(taken, 0, "k = {k}: {forgery} in {what}");
    };
    for (name, forge) in FORGERIES {
        let mut forged = honest.clone();
        forge(&mut forged.lagrange);
        refused(&forged, name, "the Lagrange basis");
        let mut forged = honest.clone();
        forge(&mut forged.g);
        refused(&forged, name, "the generators");
        refused(&Bases::of(&forged.g), name, "both bases");
    }
}

#[test]
fn generators() {
    for k in [4, 9, 11] {
        let params = IpaParams::setup(k).unwrap();
        let mut payload = Vec::new();
        params.inner().write(&mut payload).unwrap();
        let read = |payload: &[u8]| read_ipa(Cursor::new(file(1, k, params.digest(), payload)), k);
        let w_and_u = &payload[4 + ((2 * 32) << k)..];
        let honest = Bases::of(params.inner().get_g());
        only_honest_are_taken(&honest, |bases| {
            let mut payload = k.to_le_bytes().to_vec();
            for point in bases.g.iter().chain(&bases.lagrange) {
                payload.extend(point.to_bytes().as_ref());
            }
            payload.extend(w_and_u);
            read(&payload).is_some()
        });

        // The generators of the blinding factor and of the inner product.
        let [w, u] = [&w_and_u[..32], &w_and_u[32..]];
        let first = &payload[4..36];
        for pair in [[u, w], [w, w], [u, u], [first, u], [w, first]] {
            let forged = [&payload[..payload.len() - 64], &pair.concat()].concat();
            assert!(tries(k).all(|_| read(&forged).is_none()), "k = {k}");
        }
    }
}

#[test]
fn development_parameters() {
    for k in [4, 9] {
        let params = KzgParams::insecure_dev(k).unwrap();
        let honest = Bases::of(params.inner().get_g());
        only_honest_are_taken(&honest, |bases| {
            let payload = raw(bases.g.iter().chain(&bases.lagrange));
            let file = file(2, k, params.digest(), &payload);
            read_insecure_dev(Cursor::new(file), k).is_some()
        });
    }
}

/// The powers are the ceremony's, which is read too: only the Lagrange basis is in the cache.
#[test]
fn the_lagrange_basis_of_a_ceremony() {
    for k in [4, 9] {
        // The file of a larger size has no Lagrange basis for this one.
        let mut ceremony = Vec::new();
        let setup = ParamsKZG::<Bn256>::setup(k + 1, OsRng);
        setup.write(&mut ceremony).unwrap();
        let digest = KzgParams::from_srs_contents(Cursor::new(&ceremony), k)
            .unwrap()
            .digest();
        let is_taken = |lagrange: &[G1Affine]| {
            let file = file(3, k, digest, &raw(lagrange));
            read_srs(Cursor::new(&ceremony), Cursor::new(file), k)
                .unwrap()
                .is_some()
        };
        let honest = lagrange_of(&setup.get_g()[..1 << k]);
        assert!((0..3).all(|_| is_taken(&honest)), "k = {k}");
        for (name, forge) in FORGERIES {
            let mut forged = honest.clone();
            forge(&mut forged);
            let taken = tries(k).filter(|_| is_taken(&forged)).count();
            assert_eq!(taken, 0, "k = {k}: {name}");
        }
    }
}

/// A forged file of powers, whose Lagrange basis is the one of the forged powers.
#[test]
fn the_powers_of_a_ceremony() {
    for k in [4, 9] {
        let setup = ParamsKZG::<Bn256>::setup(k, OsRng);
        let mut honest = Vec::new();
        setup.write(&mut honest).unwrap();
        let (bases, g2) = honest.split_at(4 + ((2 * 64) << k));
        let of_powers = |g: &[G1Affine]| {
            let points = raw(g.iter().chain(&lagrange_of(g)));
            [&bases[..4], &points, g2].concat()
        };
        let is_taken =
            |contents: &[u8]| KzgParams::from_srs_contents(Cursor::new(contents), k).is_ok();
        assert_eq!(of_powers(setup.get_g()), honest);
        assert!((0..3).all(|_| is_taken(&honest)), "k = {k}");
        for (name, forge) in FORGERIES {
            let mut forged = setup.get_g().to_vec();
            forge(&mut forged);
            let contents = of_powers(&forged);
            let taken = tries(k).filter(|_| is_taken(&contents)).count();
            assert_eq!(taken, 0, "k = {k}: {name}");
        }
    }
}
