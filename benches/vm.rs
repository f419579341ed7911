//! What comes before a proof: the interpreter, the tracer, and the witness.
//!
//! `cargo bench --bench vm`

#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::Challenges;
use halo2_stack_vm::machine::Witness;
use halo2_stack_vm::machine::{Binding, CircuitParams};
use halo2_stack_vm::vm::{self, Trace};
use halo2curves::bn256::Fr;

fn run(c: &mut Criterion) {
    let steps = if support::quick() { 10_000 } else { 1_000_000 };
    let program = support::straight_line(steps);
    let set = InstructionSet::STACK;
    let mut group = c.benchmark_group("run");
    group.throughput(Throughput::Elements(steps as u64));
    group.bench_function(format!("interpreter/{steps}"), |b| {
        b.iter(|| vm::run(black_box(&program), None, set).expect("it runs"))
    });
    group.bench_function(format!("trace/{steps}"), |b| {
        b.iter(|| Trace::new(black_box(&program), None, set).expect("it runs"))
    });
    group.finish();
}

/// The Fibonacci loop, in the interpreter and as a loop of Rust on the same field: their ratio is what the
/// machine costs where nothing is proved. A step is an instruction; the loop has seven an iteration.
fn looping(c: &mut Criterion) {
    let iterations = if support::quick() { 1_000 } else { 1_000_000 };
    let program = support::fibonacci(iterations);
    let set = program.smallest_set();
    let mut group = c.benchmark_group("loop");
    let outcome = vm::run(&program, None, set).expect("it runs");
    group.throughput(Throughput::Elements(outcome.steps as u64));
    group.bench_function(format!("interpreter/{iterations}"), |b| {
        b.iter(|| vm::run(black_box(&program), None, set).expect("it runs"))
    });
    let native = |iterations: Fr| {
        let (mut a, mut b, mut n) = (Fr::zero(), Fr::one(), iterations);
        while n != Fr::zero() {
            (a, b) = (b, a + b);
            n -= Fr::one();
        }
        a
    };
    assert_eq!(native(Fr::from(iterations as u64)), outcome.output);
    group.bench_function(format!("native/{iterations}"), |b| {
        b.iter(|| native(black_box(Fr::from(iterations as u64))))
    });
    group.finish();
}

fn witness(c: &mut Criterion) {
    let k = if support::quick() { 8 } else { 14 };
    let steps = support::three_quarters(k);
    let trace = support::straight_run(steps, InstructionSet::STACK);
    let rows = CircuitParams::new(k, trace.set(), Binding::Public)
        .expect("k is in range")
        .rows();
    let output = trace.outcome().output;
    let challenges = Challenges {
        alpha: Fr::from(1 << 40),
        gamma: Fr::from(1 << 50),
        beta: Fr::from(1 << 60),
        // No constraint of the set reads these.
        delta: Fr::one(),
        rho: Fr::one(),
    };
    let witness = || Witness::new(black_box(&trace), rows).expect("it fits");
    let mut group = c.benchmark_group("witness");
    group.throughput(Throughput::Elements(steps as u64));
    group.bench_function(format!("first phase/k={k}"), |b| b.iter(witness));
    group.bench_function(format!("second phase/k={k}"), |b| {
        let mut witness = witness();
        b.iter(|| witness.fill(black_box(&challenges), Some(output)))
    });
    group.bench_function(format!("check/k={k}"), |b| {
        let witness = witness();
        b.iter(|| {
            witness
                .check(trace.program(), output, &[])
                .expect("it holds")
        })
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = run, looping, witness
}
criterion_main!(benches);
