//! What proofs cost in figures that do not depend on the machine.
//!
//! - `msm`: **MSM-equivalents**, the time of a proof over that of one multi-scalar multiplication of
//!   random scalars with the points of the same parameters, as many as the circuit has rows.
//! - `sets`: the same of programs with words, a memory and hashes, each with the smallest set that has what it uses, beside the Fibonacci loop with
//!   `full`, and with every instruction that there is. The runs fill three quarters of the rows, but for that of SHA-256.
//! - `verify`: the time to verify a short program in a large circuit over that in a small one.
//! - `prover`: the time of a proof over that of the fork's own `create_proof` with the same key, in turn in one process;
//!   `prover-16` its last two lines, `prover-18` the same for larger circuits, `phases` where its time goes, `keygen` the
//!   same for keys.
//! - `memory`: the peak memory of proving; `memory-low` with `Prover::low_memory`, `memory-fork` that of the fork's prover,
//!   `memory-14`, `memory-18` and `memory-20` with another set and size. Each takes a process of its own.
//!
//! `cargo bench --bench cost` measures all but what repeats another or wants a process of its own, `cargo bench --bench
//! cost -- msm` one. Times are medians of runs that alternate, so that what else the machine does meets both alike; it should
//! still be quiet.

#[path = "support/range.rs"]
mod range;
#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use ff::Field;
use halo2_axiom_prover::{Phase, Progress, Prover, Way};
use halo2_proofs::arithmetic::best_multiexp;
use halo2_proofs::plonk::{self, Circuit};
use halo2_proofs::poly::commitment::{self, CommitmentScheme, Params, ParamsProver};
use halo2_proofs::poly::ipa::commitment::IPACommitmentScheme;
use halo2_proofs::poly::ipa::multiopen::ProverIPA;
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2_proofs::transcript::{Blake2bWrite, Challenge255, TranscriptWriterBuffer};
use halo2_stack_vm::asm::{assemble, parse_word};
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Cost, ProvingKey};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
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

/// What is proved to see what a circuit costs.
struct Workload {
    name: &'static str,
    /// What is counted: instructions, or iterations of a loop.
    unit: &'static str,
    binding: Binding,
    trace: Trace<Fr>,
    count: usize,
}

/// Runs that fill three quarters of the rows.
fn workloads(k: u32) -> Vec<Workload> {
    let steps = support::three_quarters(k);
    let straight = |name, set, binding| Workload {
        name,
        unit: "instructions",
        binding,
        trace: support::straight_run(steps, set),
        count: steps,
    };
    let iterations = support::fibonacci_iterations(steps);
    let fibonacci = |name, set: Option<InstructionSet>, binding| Workload {
        name,
        unit: "iterations",
        binding,
        trace: support::fibonacci_run(iterations, set),
        count: iterations,
    };
    use Binding::{Fixed, Public};
    vec![
        straight("stack, public", InstructionSet::STACK, Public),
        straight("stack, fixed", InstructionSet::STACK, Fixed),
        straight("field, public", InstructionSet::FIELD, Public),
        straight("full, public", InstructionSet::FULL, Public),
        fibonacci(
            "Fibonacci loop, full, public",
            Some(InstructionSet::FULL),
            Public,
        ),
        fibonacci("Fibonacci loop, auto, public", None, Public),
        fibonacci("Fibonacci loop, auto, fixed", None, Fixed),
    ]
}

/// A chain of hashes.
const CHAIN: &str =
    ".const N 1\npush 1\npush N\nnext: swap\npush 1\nhash\nswap\naddi -1\ndup\njnz next";

/// The run of a program whose constant N says how much it does, in three quarters of the rows.
fn filling(k: u32, text: &str, constant: &str) -> Trace<Fr> {
    let run = |n: usize| {
        let program = support::with_number(text, constant, n);
        let trace = Trace::new(&program, None, program.smallest_set()).expect("it runs");
        (trace.machine_rows() <= support::three_quarters(k)).then_some(trace)
    };
    let mut fits = 1;
    while run(2 * fits).is_some() {
        fits *= 2;
    }
    let mut step = fits / 2;
    while step > 0 {
        fits += if run(fits + step).is_some() { step } else { 0 };
        step /= 2;
    }
    run(fits).expect("it fits")
}

/// Programs that use what some sets have.
fn of_sets(k: u32) -> Vec<Workload> {
    let workload = |name, trace: Trace<Fr>| Workload {
        name,
        unit: "instructions",
        binding: Binding::Public,
        count: trace.outcome().steps,
        trace,
    };
    let full = |set| {
        let iterations = support::fibonacci_iterations(support::three_quarters(k));
        support::fibonacci_run(iterations, Some(set))
    };
    let xorshift = filling(k, include_str!("../programs/xorshift.svm"), ".const N 5\n");
    let sieve = filling(k, include_str!("../programs/sieve.svm"), ".const N 30\n");
    let sha256 = include_str!("../programs/sha256.svm");
    let secret = sha256
        .lines()
        .find_map(|line| line.strip_prefix("# secret: "))
        .expect("the message");
    let words = secret.split_whitespace();
    let inputs = Inputs {
        public: vec![],
        secret: words.map(|own| parse_word(own).expect("a word")).collect(),
    };
    let program = assemble::<Fr>(sha256).expect("a program");
    let sha256 = Job::new(&program, program.smallest_set(), &inputs).trace();
    let mut workloads = vec![
        workload("Fibonacci loop, full", full(InstructionSet::FULL)),
        workload("xorshift, 32-bit words", xorshift),
        workload("sieve, memory", sieve),
        workload("chain of hashes", filling(k, CHAIN, ".const N 1\n")),
        workload(
            "SHA-256, words, memory and frames",
            sha256.expect("it runs"),
        ),
        workload(
            "Fibonacci loop, every instruction",
            full(InstructionSet::of(Opcode::ALL)),
        ),
    ];
    let smallest = |own: &Workload| CircuitParams::for_trace(&own.trace, own.binding);
    workloads.retain(|own| smallest(own).is_ok_and(|circuit| circuit.k() <= k));
    workloads
}

/// MSM-equivalents.
fn msm(quick: bool) {
    let k = if quick { 8 } else { 14 };
    equivalents(k, if quick { 3 } else { 9 }, workloads(k));
}

/// MSM-equivalents of what sets have.
fn sets(quick: bool) {
    let k = if quick { 8 } else { 14 };
    equivalents(k, if quick { 1 } else { 5 }, of_sets(k));
}

fn equivalents(k: u32, runs: usize, workloads: Vec<Workload>) {
    println!("MSM-equivalents (KZG, k = {k}, medians of {runs})");
    let params = support::kzg_params(k);
    let scalars: Vec<Fr> = params
        .inner()
        .get_g()
        .iter()
        .map(|_| Fr::random(OsRng))
        .collect();
    for workload in workloads {
        let Workload {
            name,
            unit,
            binding,
            trace,
            count,
        } = workload;
        let Prepared {
            key,
            circuit,
            instances,
        } = prepared::<Kzg>(k, &params, binding, &trace);
        let [mut proves, mut creates, mut msms] = [(); 3].map(|()| vec![]);
        for _ in 0..runs {
            proves.push(time(|| {
                Kzg::prove(&params, &key, &trace).expect("the run fits")
            }));
            msms.push(time(|| best_multiexp(&scalars, params.inner().get_g())));
            creates.push(time(|| {
                Kzg::create_proof(&key, circuit.clone(), &instances).expect("it is proved")
            }));
            msms.push(time(|| best_multiexp(&scalars, params.inner().get_g())));
        }
        let msm = median(msms);
        let cost = Cost::of(key.verifying_key().circuit());
        println!(
            "{name}: {} rows, {} advice columns, degree {}, proof of {} bytes; one MSM {:.1} ms",
            trace.steps(),
            cost.advice_columns,
            cost.degree,
            cost.kzg_proof_bytes,
            milliseconds(msm)
        );
        for (what, times) in [("prove", proves), ("create_proof", creates)] {
            let time = median(times);
            println!(
                "  {what:13} {:9.2} ms = {:.2} MSM-equivalents, {:.0} {unit}/s",
                milliseconds(time),
                time.as_secs_f64() / msm.as_secs_f64(),
                count as f64 / time.as_secs_f64(),
            );
        }
    }
}

/// A proof by the fork's own prover.
fn fork<'p, S, P>(
    params: &'p S::ParamsProver,
    key: &plonk::ProvingKey<G1Affine>,
    circuit: impl Circuit<Fr>,
    instances: &[Vec<Fr>],
) -> Vec<u8>
where
    S: CommitmentScheme<Scalar = Fr, Curve = G1Affine>,
    S::ParamsProver: Sync,
    P: commitment::Prover<'p, S>,
{
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    plonk::create_proof::<S, P, _, _, _, _>(
        params,
        key,
        &[circuit],
        &[&columns],
        OsRng,
        &mut transcript,
    )
    .expect("the fork proves it");
    transcript.finalize()
}

/// Times two ways of making proofs in turn, and prints how they compare.
fn compare(name: &str, runs: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
    let mut times = [vec![], vec![]];
    for _ in 0..runs {
        times[0].push(time(&mut ours));
        times[1].push(time(&mut theirs));
    }
    let [own, fork] = times.map(median);
    println!(
        "{name} ratio {:.2} ({:.1} ms, the fork {:.1} ms, medians of {runs}, {} threads)",
        own.as_secs_f64() / fork.as_secs_f64(),
        milliseconds(own),
        milliseconds(fork),
        std::thread::available_parallelism().map_or(1, usize::from)
    );
}

/// A run, its key and what is stated of it.
struct Prepared<B> {
    key: ProvingKey<B>,
    circuit: StackVmCircuit<Fr>,
    instances: Vec<Vec<Fr>>,
}

impl<B> Prepared<B> {
    fn columns(&self) -> Vec<&[Fr]> {
        self.instances.iter().map(Vec::as_slice).collect()
    }
}

/// The circuit of a run, and its instance columns.
fn stated(k: u32, binding: Binding, trace: &Trace<Fr>) -> (StackVmCircuit<Fr>, Vec<Vec<Fr>>) {
    let circuit = CircuitParams::new(k, trace.set(), binding).expect("k is in range");
    let source =
        KeySource::for_program(circuit, trace.program()).expect("the program can be fixed");
    let statement = Statement::of(trace);
    (
        StackVmCircuit::new(source, trace).expect("the run fits"),
        statement.instances(circuit).expect("the circuit has room"),
    )
}

/// The fork's key of a circuit, which may hold its witness.
fn fork_key<'p, P: Params<'p, G1Affine> + Sync>(
    params: &P,
    circuit: &impl Circuit<Fr>,
) -> plonk::ProvingKey<G1Affine> {
    let vk = plonk::keygen_vk(params, circuit).expect("a key");
    plonk::keygen_pk(params, vk, circuit).expect("a key")
}

fn prepared<B: Backend>(
    k: u32,
    params: &B::Parameters,
    binding: Binding,
    trace: &Trace<Fr>,
) -> Prepared<B> {
    let (circuit, instances) = stated(k, binding, trace);
    Prepared {
        key: B::keygen_of(params, circuit.source()).expect("the sizes agree"),
        instances,
        circuit,
    }
}

fn compare_kzg(name: &str, runs: usize, params: &KzgParams, own: Prepared<Kzg>) {
    let Prepared {
        key,
        circuit,
        instances,
    } = own;
    let theirs = fork_key(params.inner(), &circuit);
    compare(
        name,
        runs,
        || drop(Kzg::create_proof(&key, circuit.clone(), &instances).expect("it is proved")),
        || {
            drop(fork::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>>(
                params.inner(),
                &theirs,
                circuit.clone(),
                &instances,
            ));
        },
    );
}

/// A proof by a prover, which tells `progress` of its phases.
fn ours(
    prover: &Prover<G1Affine>,
    circuit: &impl Circuit<Fr>,
    columns: &[&[Fr]],
    progress: &mut dyn Progress,
) -> Vec<u8> {
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    let circuits = std::slice::from_ref(circuit);
    prover
        .create_proof(
            Way::Shplonk,
            circuits,
            &[columns],
            &mut OsRng,
            &mut transcript,
            progress,
        )
        .expect("it is proved");
    transcript.finalize()
}

/// Compares the proofs of all workloads.
fn compare_workloads(k: u32, runs: usize) {
    println!("proofs compared with the fork's (KZG, k = {k})");
    let params = support::kzg_params(k);
    for workload in workloads(k) {
        let own = prepared(k, &params, workload.binding, &workload.trace);
        compare_kzg(workload.name, runs, &params, own);
    }
}

fn prover(quick: bool) {
    let (k, runs) = if quick { (8, 1) } else { (14, 7) };
    compare_workloads(k, runs);
    let trace = support::straight_run(support::three_quarters(k), InstructionSet::STACK);
    let ipa = IpaParams::setup(k).expect("k is in range");
    let Prepared {
        key,
        circuit,
        instances,
    } = prepared::<Ipa>(k, &ipa, Binding::Public, &trace);
    let theirs = fork_key(ipa.inner(), &circuit);
    compare(
        "stack, public, IPA",
        runs.min(5),
        || drop(Ipa::create_proof(&key, circuit.clone(), &instances).expect("it is proved")),
        || {
            drop(fork::<IPACommitmentScheme<G1Affine>, ProverIPA<_>>(
                ipa.inner(),
                &theirs,
                circuit.clone(),
                &instances,
            ));
        },
    );
    prover_16(quick);
}

/// Circuits of 2^16 rows, which `prover` compares too.
fn prover_16(quick: bool) {
    let (k, runs) = if quick { (8, 1) } else { (16, 7) };
    println!("proofs compared with the fork's (KZG, k = {k})");
    let (name, params, own) = idle(k);
    compare_kzg(&name, runs, &params, own);
    let circuit = range::ranges(k);
    let key = fork_key(params.inner(), &circuit);
    let prover = Prover::keygen(params.inner(), &circuit).expect("a key");
    compare(
        &format!("range checks of halo2-base, k = {k}"),
        runs.min(5),
        || drop(ours(&prover, &circuit, &[], &mut ())),
        || {
            drop(fork::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>>(
                params.inner(),
                &key,
                circuit.clone(),
                &[],
            ));
        },
    );
}

fn prover_18(quick: bool) {
    let (k, runs) = if quick { (8, 1) } else { (18, 3) };
    compare_workloads(k, runs);
}

/// Proving keys, from parameters to what the first proof can start from.
fn keygen(quick: bool) {
    for k in if quick { [6, 8] } else { [14, 16] } {
        println!("proving keys compared with the fork's (KZG, k = {k})");
        let params = support::kzg_params(k);
        for workload in workloads(k).into_iter().take(4) {
            let (circuit, _) = stated(k, workload.binding, &workload.trace);
            compare(
                workload.name,
                if quick { 1 } else { 5 },
                || drop(Kzg::keygen_of(&params, circuit.source()).expect("a key")),
                || drop(fork_key(params.inner(), &circuit)),
            );
        }
    }
}

/// Where a proof's time goes.
fn phases(quick: bool) {
    let (k, runs) = if quick { (8, 1) } else { (14, 7) };
    println!("phases of proofs (KZG, k = {k}, medians of {runs})");
    let params = support::kzg_params(k);
    for workload in workloads(k) {
        let own = prepared::<Kzg>(k, &params, workload.binding, &workload.trace);
        print_phases(workload.name, runs, own);
    }
    let (name, _, own) = idle(if quick { 8 } else { 16 });
    print_phases(&name, runs, own);
}

fn print_phases(name: &str, runs: usize, own: Prepared<Kzg>) {
    let columns = own.columns();
    let mut times = vec![vec![]; Phase::ALL.len()];
    for _ in 0..runs {
        let mut entered = vec![];
        let mut note = |_: Phase| entered.push(Instant::now());
        black_box(ours(own.key.prover(), &own.circuit, &columns, &mut note));
        entered.push(Instant::now());
        for (times, pair) in times.iter_mut().zip(entered.windows(2)) {
            times.push(pair[1] - pair[0]);
        }
    }
    let memory = own.key.prover().memory() as f64 / 1e6;
    println!("{name}, {memory:.0} MB kept");
    for (phase, times) in Phase::ALL.into_iter().zip(times) {
        println!(
            "  {:12} {:9.2} ms",
            format!("{phase:?}"),
            milliseconds(median(times))
        );
    }
}

/// A machine that idles most of the time.
fn idle(k: u32) -> (String, KzgParams, Prepared<Kzg>) {
    let params = support::kzg_params(k);
    let trace = support::straight_run(1 << (k - 4), InstructionSet::STACK);
    let own = prepared(k, &params, Binding::Public, &trace);
    let name = format!("stack, public, k = {k}, a run of 2^{} rows", k - 4);
    (name, params, own)
}

/// Verification costs what the program is long, not what the circuit has rows; and nothing for a program that
/// is fixed.
fn verify(quick: bool) {
    let (sizes, runs) = if quick { ([8, 10], 5) } else { ([8, 16], 101) };
    let trace = support::straight_run(100, InstructionSet::STACK);
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
    println!("verification of 100 instructions (KZG, set stack, public program)");
    ratio(sizes.map(|k| format!("k = {k}")), times);

    let k = if quick { 10 } else { 16 };
    let params = support::kzg_params(k);
    let lengths = [100, support::three_quarters(k)];
    let circuit =
        CircuitParams::new(k, InstructionSet::STACK, Binding::Fixed).expect("k is in range");
    let fixed = lengths.map(|length| {
        let trace = support::straight_run(length, InstructionSet::STACK);
        let source =
            KeySource::for_program(circuit, trace.program()).expect("the program can be fixed");
        let key = Kzg::keygen_of(&params, &source).expect("the sizes agree");
        let proof = Kzg::prove(&params, &key, &trace).expect("the run fits");
        (key, trace.outcome().output, proof)
    });
    let mut times = [vec![], vec![]];
    for _ in 0..runs {
        for ((key, output, proof), times) in fixed.iter().zip(&mut times) {
            times.push(time(|| {
                Kzg::verify_outcome(&params, key.verifying_key(), *output, &[], proof)
                    .expect("valid")
            }));
        }
    }
    println!("verification (KZG, k = {k}, set stack, fixed program)");
    ratio(
        lengths.map(|length| format!("{length} instructions")),
        times,
    );
}

/// Prints two medians and how they compare.
fn ratio(names: [String; 2], times: [Vec<Duration>; 2]) {
    let [small, large] = times.map(median);
    for (name, time) in names.into_iter().zip([small, large]) {
        println!("  {name:<20} {:9.2} ms", milliseconds(time));
    }
    println!(
        "  {:<20} {:9.2}",
        "ratio",
        large.as_secs_f64() / small.as_secs_f64()
    );
}

/// Forgets the peak of what was before, where the system can.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn print_peak(what: &str) {
    print_kilobytes(what, peak_kilobytes());
}

fn print_kilobytes(what: &str, kilobytes: Option<u64>) {
    match kilobytes {
        Some(peak) => println!("  {what:13} {:9.1} MB", peak as f64 * 1024.0 / 1e6),
        None => println!("  unknown: there is no /proc/self/status"),
    }
}

/// The peak memory of key generation and of a proof, parameters and key included.
fn memory_of(k: u32, set: InstructionSet, low: bool) {
    println!("peak memory (KZG, set {set}, public program, k = {k})");
    let trace = support::straight_run(support::three_quarters(k), set);
    let params = support::kzg_params(k);
    forget_peak();
    let own = prepared::<Kzg>(k, &params, Binding::Public, &trace);
    print_peak("keys");
    let mut peaks = vec![];
    forget_peak();
    let mut note = |phase: Phase| {
        peaks.push((phase, peak_kilobytes()));
        forget_peak();
    };
    let columns = own.columns();
    let prover = own.key.prover().clone().low_memory(low);
    black_box(ours(&prover, &own.circuit, &columns, &mut note));
    peaks.push((Phase::Opening, peak_kilobytes()));
    let of_proof = peaks.iter().filter_map(|(_, own)| *own).max();
    print_kilobytes("proof", of_proof);
    // What was noted as a phase began is of the one before.
    for pair in peaks.windows(2) {
        print_kilobytes(&format!("  {:?}", pair[0].0), pair[1].1);
    }
}

fn memory(quick: bool) {
    memory_of(if quick { 10 } else { 16 }, InstructionSet::STACK, false);
}

fn memory_low(quick: bool) {
    memory_of(if quick { 10 } else { 16 }, InstructionSet::STACK, true);
}

fn memory_14(quick: bool) {
    memory_of(if quick { 8 } else { 14 }, InstructionSet::FULL, false);
}

fn memory_18(quick: bool) {
    memory_of(if quick { 8 } else { 18 }, InstructionSet::FULL, false);
}

fn memory_20(quick: bool) {
    memory_of(if quick { 8 } else { 20 }, InstructionSet::FULL, false);
}

/// The same by the fork.
fn memory_fork(quick: bool) {
    let k = if quick { 10 } else { 16 };
    println!("peak memory of the fork (KZG, set stack, public program, k = {k})");
    let trace = support::straight_run(support::three_quarters(k), InstructionSet::STACK);
    let params = support::kzg_params(k);
    let (circuit, instances) = stated(k, Binding::Public, &trace);
    forget_peak();
    let key = fork_key(params.inner(), &circuit);
    print_peak("keys");
    forget_peak();
    let proof = fork::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>>(
        params.inner(),
        &key,
        circuit,
        &instances,
    );
    black_box(proof);
    print_peak("proof");
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

/// What is measured only when it is asked for, or quick: it takes a process of its own, or is a part of another.
const ASKED: [&str; 6] = [
    "memory-fork",
    "memory-low",
    "memory-14",
    "memory-18",
    "memory-20",
    "prover-16",
];

fn main() {
    // Memory first, for the process has not had any yet.
    let all: [Measurement; 14] = [
        ("memory", memory),
        ("memory-fork", memory_fork),
        ("memory-low", memory_low),
        ("memory-14", memory_14),
        ("memory-18", memory_18),
        ("memory-20", memory_20),
        ("msm", msm),
        ("sets", sets),
        ("prover", prover),
        ("prover-16", prover_16),
        ("prover-18", prover_18),
        ("phases", phases),
        ("keygen", keygen),
        ("verify", verify),
    ];
    let asked: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for name in &asked {
        let known: Vec<_> = all.iter().map(|(own, _)| *own).collect();
        assert!(
            known.contains(&name.as_str()),
            "there is no measurement `{name}`: it is one of {}",
            known.join(", ")
        );
    }
    let quick = support::quick();
    for (name, measure) in all {
        let unasked = asked.is_empty() && (quick || !ASKED.contains(&name));
        if unasked || asked.iter().any(|own| own == name) {
            measure(quick);
        }
    }
}
