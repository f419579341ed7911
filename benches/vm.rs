//! What comes before a proof: the interpreter, the tracer and the witness; and keys, proofs and verification with both
//! backends.
//!
//! `cargo bench --bench vm`, or with a part of a name after `--`.

#[path = "support/mod.rs"]
mod support;

use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{Binding, Challenges, CircuitParams, KeySource, Statement, Witness};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{self, Inputs, Job, Trace};
use halo2curves::bn256::Fr;

fn main() {
    let divan = divan::Divan::default().sample_count(10).sample_size(1);
    let divan = match support::quick() {
        true => divan.max_time(Duration::from_millis(200)),
        false => divan,
    };
    divan.config_with_args().main();
}

const SET: InstructionSet = InstructionSet::STACK;
static NO_INPUTS: Inputs<Fr> = Inputs::none();

/// A straight line.
mod run {
    use super::*;

    fn steps() -> usize {
        if support::quick() { 10_000 } else { 1_000_000 }
    }

    #[divan::bench]
    fn interpreter(bencher: Bencher) {
        let program = support::straight_line(steps());
        let bencher = bencher.counter(ItemsCount::new(steps()));
        bencher.bench_local(|| vm::run(black_box(&program), None, SET).expect("it runs"));
    }

    #[divan::bench]
    fn trace(bencher: Bencher) {
        let program = support::straight_line(steps());
        let bencher = bencher.counter(ItemsCount::new(steps()));
        bencher.bench_local(|| Trace::new(black_box(&program), None, SET).expect("it runs"));
    }
}

/// The Fibonacci loop, in the interpreter and as a loop of Rust on the same field: their ratio is what the
/// machine costs where nothing is proved. A step is an instruction; the loop has seven an iteration.
mod looping {
    use super::*;

    fn iterations() -> usize {
        if support::quick() { 1_000 } else { 1_000_000 }
    }

    fn steps() -> ItemsCount {
        let program = support::fibonacci(iterations());
        let outcome = vm::run(&program, None, program.smallest_set()).expect("it runs");
        assert_eq!(loop_of_rust(Fr::from(iterations() as u64)), outcome.output);
        ItemsCount::new(outcome.steps)
    }

    fn loop_of_rust(iterations: Fr) -> Fr {
        let (mut a, mut b, mut n) = (Fr::zero(), Fr::one(), iterations);
        while n != Fr::zero() {
            (a, b) = (b, a + b);
            n -= Fr::one();
        }
        a
    }

    #[divan::bench]
    fn interpreter(bencher: Bencher) {
        let program = support::fibonacci(iterations());
        let set = program.smallest_set();
        let bencher = bencher.counter(steps());
        bencher.bench_local(|| vm::run(black_box(&program), None, set).expect("it runs"));
    }

    fn run_program(bencher: Bencher, text: &str, own: &str, number: usize) {
        let program = support::with_number(text, own, number);
        let set = program.smallest_set();
        let job = Job::new(&program, set, &NO_INPUTS).max_steps(u64::MAX);
        let steps = job.run().expect("it runs").steps;
        let bencher = bencher.counter(ItemsCount::new(steps));
        bencher.bench_local(|| black_box(&job).run().expect("it runs"));
    }

    /// A generator of random numbers that shifts and xors 32-bit words: of 15 steps an iteration, six compute with such words.
    #[divan::bench]
    fn words(bencher: Bencher) {
        let text = include_str!("../programs/xorshift.svm");
        run_program(bencher, text, ".const N 5\n", iterations() / 4);
    }

    /// The sieve of Eratosthenes, in the memory.
    #[divan::bench]
    fn memory(bencher: Bencher) {
        let text = include_str!("../programs/sieve.svm");
        run_program(bencher, text, ".const N 30\n", iterations() / 10);
    }

    #[divan::bench]
    fn native(bencher: Bencher) {
        let iterations = Fr::from(iterations() as u64);
        let bencher = bencher.counter(steps());
        bencher.bench_local(|| loop_of_rust(black_box(iterations)));
    }
}

/// A run in three quarters of the rows of a circuit of `2^k` rows.
fn straight_run(k: u32) -> Trace<Fr> {
    support::straight_run(support::three_quarters(k), SET)
}

fn circuit(k: u32) -> CircuitParams {
    CircuitParams::new(k, SET, Binding::Public).expect("k is in range")
}

mod witness {
    use super::*;

    fn k() -> u32 {
        if support::quick() { 8 } else { 14 }
    }

    fn laid_out(trace: &Trace<Fr>) -> Witness<Fr> {
        Witness::new(black_box(trace), circuit(k()).rows()).expect("it fits")
    }

    #[divan::bench]
    fn first_phase(bencher: Bencher) {
        let trace = straight_run(k());
        let bencher = bencher.counter(ItemsCount::new(trace.steps()));
        bencher.bench_local(|| laid_out(&trace));
    }

    #[divan::bench]
    fn second_phase(bencher: Bencher) {
        let trace = straight_run(k());
        let challenges = Challenges {
            alpha: Fr::from(1 << 40),
            gamma: Fr::from(1 << 50),
            beta: Fr::from(1 << 60),
            // No constraint of the set reads these.
            delta: Fr::one(),
            rho: Fr::one(),
            epsilon: Fr::one(),
            zeta: Fr::one(),
            eta: Fr::one(),
            theta: Fr::one(),
        };
        let mut witness = laid_out(&trace);
        let output = Some(trace.outcome().output);
        let bencher = bencher.counter(ItemsCount::new(trace.steps()));
        bencher.bench_local(|| witness.fill(black_box(&challenges), output));
    }

    #[divan::bench]
    fn check(bencher: Bencher) {
        let trace = straight_run(k());
        let witness = laid_out(&trace);
        let output = trace.outcome().output;
        let bencher = bencher.counter(ItemsCount::new(trace.steps()));
        let check = || witness.check(trace.program(), output, &[]);
        bencher.bench_local(|| check().expect("it holds"));
    }
}

/// A backend with parameters of any size.
trait AnySize: Backend {
    fn setup(k: u32) -> Self::Parameters;
}

impl AnySize for Kzg {
    fn setup(k: u32) -> KzgParams {
        support::kzg_params(k)
    }
}

impl AnySize for Ipa {
    fn setup(k: u32) -> IpaParams {
        IpaParams::setup(k).expect("k is in range")
    }
}

/// Keys, proofs and verification.
mod backend {
    use super::*;

    fn sizes() -> [u32; 2] {
        if support::quick() { [6, 8] } else { [10, 14] }
    }

    #[divan::bench(types = [Kzg, Ipa], args = sizes())]
    fn keygen<B: AnySize>(bencher: Bencher, k: u32) {
        let params = B::setup(k);
        bencher.bench_local(|| B::keygen(&params, circuit(k)).expect("the sizes agree"));
    }

    #[divan::bench(types = [Kzg, Ipa], args = sizes())]
    fn prove<B: AnySize>(bencher: Bencher, k: u32) {
        let (params, trace) = (B::setup(k), straight_run(k));
        let key = B::keygen(&params, circuit(k)).expect("the sizes agree");
        let bencher = bencher.counter(ItemsCount::new(trace.steps()));
        bencher.bench_local(|| B::prove(&params, &key, &trace).expect("the run fits"));
    }

    /// Without laying the witness out and checking it.
    #[divan::bench(types = [Kzg, Ipa], args = sizes())]
    fn create_proof<B: AnySize>(bencher: Bencher, k: u32) {
        let (params, trace) = (B::setup(k), straight_run(k));
        let key = B::keygen(&params, circuit(k)).expect("the sizes agree");
        let source = KeySource::unfixed(circuit(k)).expect("it is public");
        let witnessed = StackVmCircuit::new(source, &trace).expect("the run fits");
        let statement = Statement::of(&trace);
        let instances = statement.instances(circuit(k)).expect("there is room");
        let bencher = bencher.counter(ItemsCount::new(trace.steps()));
        let create = || B::create_proof(&key, witnessed.clone(), &instances);
        bencher.bench_local(|| create().expect("halo2 proves it"));
    }

    /// Of a program as long as the run, whose length is what verification costs.
    #[divan::bench(types = [Kzg, Ipa], args = sizes())]
    fn verify<B: AnySize>(bencher: Bencher, k: u32) {
        let (params, trace) = (B::setup(k), straight_run(k));
        let key = B::keygen(&params, circuit(k)).expect("the sizes agree");
        let proof = B::prove(&params, &key, &trace).expect("the run fits");
        let statement = Statement::of(&trace);
        let verify = || B::verify(&params, key.verifying_key(), &statement, &proof);
        bencher.bench_local(|| verify().expect("valid"));
    }
}
