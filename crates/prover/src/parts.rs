//! What the parts of a proof take at least, of many tries: `cargo test --release -p halo2-axiom-prover --features asm --lib -- --ignored --nocapture parts`.

use std::hint::black_box;
use std::time::Instant;

use ff::Field;
use group::Group;
use halo2_proofs::arithmetic::best_multiexp;
use halo2curves::bn256::{Fr, G1, G1Affine};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::commit::{Committer, Lagrange};
use crate::curve::Point;
use crate::domain::Domain;
use crate::endomorphism::Endomorphism;
use crate::msm::Bases;
use crate::parameters::Points;

fn time<T>(name: &str, mut work: impl FnMut() -> T) {
    let times = (0..15)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .min();
    let least = times.unwrap_or_default();
    println!("{name:40} {:9.2} ms", least.as_secs_f64() * 1e3);
}

#[test]
#[ignore = "it measures"]
fn parts() {
    // `PARTS_K` is another size.
    let k = std::env::var("PARTS_K").map_or(14, |own| own.parse().expect("a number"));
    let n = 1usize << k;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let points: Vec<G1Affine> = {
        let mut own = vec![G1::random(&mut rng)];
        while own.len() < n {
            let last = own[own.len() - 1];
            own.push(last.double() + own[0]);
        }
        let mut affine = vec![G1Affine::default(); n];
        group::Curve::batch_normalize(&own, &mut affine);
        affine
    };
    let random: Vec<Fr> = (0..n).map(|_| Fr::random(&mut rng)).collect();
    let flags: Vec<Fr> = (0..n).map(|_| Fr::from(rng.next_u64() % 2)).collect();
    let sparse: Vec<Fr> = (0..n)
        .map(|_| Fr::from(u64::from(rng.next_u64() % 32 == 0)))
        .collect();
    let words: Vec<Fr> = (0..n)
        .map(|_| Fr::from(rng.next_u64() % (1 << 14)))
        .collect();
    let small: Vec<Fr> = (0..n as u64).map(Fr::from).collect();
    let domain = Domain::<Fr>::new(k);
    for threads in [1, 2] {
        println!("{threads} threads");
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            let own = points.iter().map(Point::of).collect();
            let bases = Bases::<G1Affine>::new(own, Endomorphism::of::<G1Affine>());
            time("the fork's sum, random", || best_multiexp(&random, &points));
            time("sum, random", || bases.sum(&random));
            time("sum, flags", || bases.sum(&flags));
            time("sum, sparse flags", || bases.sum(&sparse));
            time("sum, 14-bit words", || bases.sum(&words));
            time("the points", || {
                let own = points.iter().map(Point::of).collect();
                Bases::<G1Affine>::new(own, bases.endomorphism().cloned())
            });
            let of = Points {
                k,
                coefficients: points.clone(),
                lagrange: Some(points.clone()),
                blinds: None,
            };
            let committer = Committer::<G1Affine>::new(&of, Lagrange::new(&of, &domain), n - 7);
            time("commitment, random", || committer.values(&random, Fr::ONE));
            time("commitment, flags", || committer.values(&flags, Fr::ONE));
            time("commitment, sparse flags", || {
                committer.values(&sparse, Fr::ONE)
            });
            time("commitment, counting", || committer.values(&small, Fr::ONE));
            let mut values = random.clone();
            time("inverse transform", || domain.interpolate(&mut values));
            time("forward transform", || domain.evaluate(&mut values));
            let coset = domain.coset(Fr::from(7));
            time("transform onto a coset", || {
                domain.evaluate_on(&coset, &values)
            });
            let theirs = halo2_proofs::poly::EvaluationDomain::<Fr>::new(3, k);
            time("the fork's inverse transform", || {
                theirs.lagrange_to_coeff(theirs.lagrange_from_vec(random.clone()))
            });
            time("Lagrange basis", || {
                crate::group::to_lagrange::<G1Affine>(&Domain::new(10), &bases.points(1 << 10))
            });
        });
    }
    let (mut a, b) = (random[0], random[1]);
    let start = Instant::now();
    for _ in 0..10_000_000 {
        a *= b;
    }
    black_box(a);
    println!(
        "a multiplication {:.1} ns",
        start.elapsed().as_secs_f64() * 100.0
    );
    let mut many = random.clone();
    let start = Instant::now();
    for _ in 0..600 {
        for own in &mut many[..1 << 10] {
            *own *= b;
        }
    }
    black_box(&many);
    println!(
        "one of independent ones {:.1} ns",
        start.elapsed().as_secs_f64() * 1e9 / 600.0 / 1024.0
    );
    let start = Instant::now();
    for _ in 0..600 {
        for own in &mut many[..1 << 10] {
            *own += b;
        }
    }
    black_box(&many);
    println!(
        "an addition {:.1} ns",
        start.elapsed().as_secs_f64() * 1e9 / 600.0 / 1024.0
    );
    let start = Instant::now();
    for _ in 0..10_000 {
        a = black_box(a).invert().unwrap_or(b);
    }
    println!("an inversion {:.0} ns", start.elapsed().as_secs_f64() * 1e5);
}
