//! What comes before a proof: the interpreter, the tracer, and the witness.
//!
//! `cargo bench --bench vm`

#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halo2_stack_vm::circuit::{Binding, CircuitParams};
use halo2_stack_vm::frame::Challenges;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::vm::{self, Trace};
use halo2_stack_vm::witness::Witness;
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
    targets = run, witness
}
criterion_main!(benches);
