//! What proofs cost in figures that do not depend on the machine.
//!
//! - `msm`: **MSM-equivalents**, the time of a proof over that of one multi-scalar multiplication of
//!   random scalars with the points of the same parameters, as many as the circuit has rows.
//! - `verify`: the time to verify a short program in a large circuit over that in a small one.
//! - `memory`: the peak memory of proving.
//!
//! `cargo bench --bench cost` measures all of them, `cargo bench --bench cost -- msm` one. Times are
//! medians of runs that alternate, so that what else the machine does meets both alike; it should
//! still be quiet.

#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use ff::Field;
use halo2_proofs::arithmetic::best_multiexp;
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_stack_vm::circuit::{Binding, CircuitParams, StackVmCircuit, Statement};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Cost, ProvingKey};
use halo2curves::bn256::Fr;
use rand_core::OsRng;

fn circuit(k: u32) -> CircuitParams {
    CircuitParams::new(k, InstructionSet::STACK, Binding::Public).expect("k is in range")
}

fn keys(k: u32) -> (KzgParams, ProvingKey<Kzg>) {
    let params = support::kzg_params(k);
    let key = Kzg::keygen(&params, circuit(k)).expect("the sizes agree");
    (params, key)
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// MSM-equivalents of a straight line that fills three quarters of the rows.
fn msm(quick: bool) {
    let (k, runs) = if quick { (8, 3) } else { (14, 15) };
    let trace = support::straight_run(support::three_quarters(k));
    let instances = Statement::of(&trace)
        .instances()
        .expect("every opcode is small");
    let (params, key) = keys(k);
    let witnessed = StackVmCircuit::new(circuit(k), &trace).expect("the run fits");
    let scalars: Vec<Fr> = params
        .inner()
        .get_g()
        .iter()
        .map(|_| Fr::random(OsRng))
        .collect();

    let [mut proves, mut creates, mut msms] = [(); 3].map(|()| vec![]);
    for _ in 0..runs {
        proves.push(time(|| {
            Kzg::prove(&params, &key, &trace).expect("the run fits")
        }));
        msms.push(time(|| best_multiexp(&scalars, params.inner().get_g())));
        creates.push(time(|| {
            Kzg::create_proof(&params, &key, witnessed.clone(), &instances)
                .expect("halo2 proves it")
        }));
        msms.push(time(|| best_multiexp(&scalars, params.inner().get_g())));
    }
    let msm = median(msms);
    let steps = trace.outcome().steps;
    println!("MSM-equivalents (KZG, set stack, public program, k = {k}, {steps} instructions)");
    println!("  one MSM       {:9.2} ms", milliseconds(msm));
    for (name, times) in [("prove", proves), ("create_proof", creates)] {
        let time = median(times);
        println!(
            "  {name:13} {:9.2} ms = {:.2} MSM-equivalents, {:.0} instructions/s",
            milliseconds(time),
            time.as_secs_f64() / msm.as_secs_f64(),
            steps as f64 / time.as_secs_f64(),
        );
    }
    println!(
        "  proof         {:6} bytes",
        Cost::of(circuit(k)).kzg_proof_bytes
    );
}

/// Verification costs what the program is long, not what the circuit has rows.
fn verify(quick: bool) {
    let (sizes, runs) = if quick { ([8, 10], 5) } else { ([8, 16], 101) };
    let trace = support::straight_run(100);
    let statement = Statement::of(&trace);
    let circuits = sizes.map(|k| {
        let (params, key) = keys(k);
        let proof = Kzg::prove(&params, &key, &trace).expect("the run fits");
        (params, key, proof)
    });
    let mut times = [vec![], vec![]];
    for _ in 0..runs {
        for ((params, key, proof), times) in circuits.iter().zip(&mut times) {
            times.push(time(|| {
                Kzg::verify(params, key.verifying_key(), &statement, proof).expect("valid")
            }));
        }
    }
    let [small, large] = times.map(median);
    println!("verification of 100 instructions (KZG, set stack, public program)");
    for (k, time) in sizes.into_iter().zip([small, large]) {
        println!("  k = {k:2}        {:9.2} ms", milliseconds(time));
    }
    println!(
        "  ratio         {:9.2}",
        large.as_secs_f64() / small.as_secs_f64()
    );
}

/// The peak memory of a proof, parameters and key included.
fn memory(quick: bool) {
    let k = if quick { 10 } else { 16 };
    let trace = support::straight_run(support::three_quarters(k));
    let (params, key) = keys(k);
    // Forgets the peak of key generation, where the system can.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let proof = Kzg::prove(&params, &key, &trace).expect("the run fits");
    black_box(proof);
    println!("peak memory of proving (KZG, set stack, public program, k = {k})");
    match peak_kilobytes() {
        Some(peak) => println!("  VmHWM         {:9.1} MB", peak as f64 * 1024.0 / 1e6),
        None => println!("  unknown: there is no /proc/self/status"),
    }
}

/// The most memory that the process had.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The name of a measurement, and the measurement.
type Measurement = (&'static str, fn(quick: bool));

fn main() {
    // Memory first, for the process has not had any yet.
    let all: [Measurement; 3] = [("memory", memory), ("msm", msm), ("verify", verify)];
    let asked: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for name in &asked {
        assert!(
            all.iter().any(|(known, _)| known == name),
            "there is no measurement `{name}`: it is memory, msm or verify"
        );
    }
    let quick = support::quick();
    for (name, measure) in all {
        if asked.is_empty() || asked.iter().any(|own| own == name) {
            measure(quick);
        }
    }
}
