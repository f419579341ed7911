//! Keys, proofs and verification, with both backends.
//!
//! `cargo bench --bench prove`

#[path = "support/mod.rs"]
mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::Kzg;

fn backend<B: Backend>(c: &mut Criterion, setup: impl Fn(u32) -> B::Parameters) {
    let sizes = if support::quick() { [6, 8] } else { [10, 14] };
    for k in sizes {
        let steps = support::three_quarters(k);
        let trace = support::straight_run(steps, InstructionSet::STACK);
        let statement = Statement::of(&trace);
        let binding = Binding::Public;
        let circuit = CircuitParams::new(k, trace.set(), binding).expect("k is in range");
        let instances = statement.instances(circuit).expect("the circuit has room");
        let params = setup(k);
        let key = B::keygen(&params, circuit).expect("the sizes agree");
        let proof = B::prove(&params, &key, &trace).expect("the run fits");

        let mut group = c.benchmark_group(format!("{}/k={k}", B::NAME));
        group.bench_function("keygen", |b| {
            b.iter(|| B::keygen(&params, circuit).expect("the sizes agree"))
        });
        // Of a program as long as the run, whose length is what verification costs.
        group.bench_function("verify", |b| {
            b.iter(|| B::verify(&params, key.verifying_key(), &statement, &proof).expect("valid"))
        });
        group.throughput(Throughput::Elements(steps as u64));
        group.bench_function("prove", |b| {
            b.iter(|| B::prove(&params, &key, &trace).expect("the run fits"))
        });
        // Without laying the witness out and checking it.
        let witnessed =
            StackVmCircuit::new(KeySource::unfixed(circuit).expect("it is public"), &trace)
                .expect("the run fits");
        group.bench_function("create_proof", |b| {
            b.iter(|| {
                B::create_proof(&key, witnessed.clone(), &instances).expect("halo2 proves it")
            })
        });
        group.finish();
    }
}

fn kzg(c: &mut Criterion) {
    backend::<Kzg>(c, support::kzg_params);
}

fn ipa(c: &mut Criterion) {
    backend::<Ipa>(c, |k| IpaParams::setup(k).expect("k is in range"));
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = kzg, ipa
}
criterion_main!(benches);
