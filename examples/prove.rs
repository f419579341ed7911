//! Proves and verifies from Rust, with both backends: secret votes are counted, and the tally is public.
//!
//! Run it with `cargo run --release --example prove`.

use halo2_stack_vm::asm;
use halo2_stack_vm::machine::{Binding, CircuitParams, Statement};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::Fr;

/// Proves a run, verifies the proof, and verifies it again for another tally, which must fail.
fn prove_and_verify<B: Backend>(
    params: &B::Parameters,
    circuit: CircuitParams,
    trace: &Trace<Fr>,
) -> Result<(), Box<dyn std::error::Error>> {
    // One key serves every program of the instruction set that fits.
    let key = B::keygen(params, circuit)?;
    let proof = B::prove(params, &key, trace)?;

    // The verifier has the program, the output and the public tape, and not the votes.
    let statement = Statement::of(trace);
    B::verify(params, key.verifying_key(), &statement, &proof)?;
    let another = Statement {
        output: statement.output + Fr::one(),
        ..statement
    };
    assert!(B::verify(params, key.verifying_key(), &another, &proof).is_err());
    println!("{}: a proof of {} bytes", B::NAME, proof.len());
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = asm::assemble(include_str!("../programs/vote.svm"))?;
    let inputs = Inputs {
        public: vec![Fr::from(5)],
        secret: [1, 0, 1, 1, 0].map(Fr::from).to_vec(),
    };
    // A program that fails says at which step, and nothing is proved.
    let trace = Job::new(&program, program.smallest_set(), &inputs).trace()?;
    assert_eq!(trace.outcome().output, Fr::from(3));

    let circuit = CircuitParams::for_trace(&trace, Binding::Public)?;
    prove_and_verify::<Ipa>(&IpaParams::setup(circuit.k())?, circuit, &trace)?;
    // Everybody knows the secret of these: real ones come from a ceremony (`Cache::srs`).
    prove_and_verify::<Kzg>(&KzgParams::insecure_dev(circuit.k())?, circuit, &trace)
}
