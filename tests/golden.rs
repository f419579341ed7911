//! Golden files: what the circuits are and what they cost. A change of either fails here until it is
//! accepted with `UPDATE_EXPECT=1`.
//!
//! A change of a verifying key's digest is one for the changelog: older proofs no longer verify.

use std::fmt::Write;

use expect_test::{ExpectFile, expect_file};
use halo2_proofs::plonk::{Circuit, ConstraintSystem};
use halo2_stack_vm::algebra::Definition;
use halo2_stack_vm::circuit::{Binding, CircuitParams, StackVmCircuit};
use halo2_stack_vm::docs;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::proof::{Backend, Cost, Parameters};
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;

#[path = "../benches/support/mod.rs"]
mod support;

const BINDINGS: [Binding; 2] = [Binding::Public, Binding::Cells];

fn circuit(k: u32, set: InstructionSet, binding: Binding) -> CircuitParams {
    CircuitParams::new(k, set, binding).expect("k is in range")
}

#[test]
fn the_reference_manual_is_current() {
    expect_file!["../docs/isa.md"].assert_eq(&docs::reference());
}

#[test]
fn the_cost_of_a_circuit_is_as_recorded() {
    let mut text = String::from(
        "set   binding  k  degree advice fixed instance lookups permuted constraints   kzg   ipa\n",
    );
    for (name, set) in InstructionSet::NAMED {
        for binding in BINDINGS {
            for k in [6, 10, 16] {
                let cost = Cost::of(circuit(k, *set, binding));
                writeln!(
                    text,
                    "{name:5} {:6} {k:>3} {:>7} {:>6} {:>5} {:>8} {:>7} {:>8} {:>11} {:>5} {:>5}",
                    binding.name(),
                    cost.degree,
                    cost.advice_columns,
                    cost.fixed_columns,
                    cost.instance_columns,
                    cost.lookups,
                    cost.permutation_columns,
                    cost.constraints,
                    cost.kzg_proof_bytes,
                    cost.ipa_proof_bytes,
                )
                .expect("a string grows");
            }
        }
    }
    expect_file!["golden/cost.txt"].assert_eq(&text);
}

/// What no change may make worse, whatever the golden files say.
#[test]
fn the_default_circuit_keeps_its_promises() {
    for k in [6, 10, 16] {
        let cost = Cost::of(circuit(k, InstructionSet::STACK, Binding::Public));
        assert_eq!(cost.degree, 3);
        assert!(cost.advice_columns <= 14, "{}", cost.advice_columns);
        assert_eq!(cost.lookups, 0);
        assert_eq!(cost.permutation_columns, 0);
        assert!(cost.kzg_proof_bytes <= 1450, "{}", cost.kzg_proof_bytes);
    }
}

#[test]
fn seed_public() {
    check_constraint_system(
        InstructionSet::SEED,
        Binding::Public,
        expect_file!["golden/seed-public.txt"],
    );
}

#[test]
fn seed_cells() {
    check_constraint_system(
        InstructionSet::SEED,
        Binding::Cells,
        expect_file!["golden/seed-cells.txt"],
    );
}

#[test]
fn stack_public() {
    check_constraint_system(
        InstructionSet::STACK,
        Binding::Public,
        expect_file!["golden/stack-public.txt"],
    );
}

#[test]
fn stack_cells() {
    check_constraint_system(
        InstructionSet::STACK,
        Binding::Cells,
        expect_file!["golden/stack-cells.txt"],
    );
}

#[test]
fn field_public() {
    check_constraint_system(
        InstructionSet::FIELD,
        Binding::Public,
        expect_file!["golden/field-public.txt"],
    );
}

#[test]
fn field_cells() {
    check_constraint_system(
        InstructionSet::FIELD,
        Binding::Cells,
        expect_file!["golden/field-cells.txt"],
    );
}

/// The size at which the digests are taken.
const K: u32 = 6;

fn check_constraint_system(set: InstructionSet, binding: Binding, golden: ExpectFile) {
    golden.assert_eq(&constraint_system(set, binding));
}

/// Everything that a verifying key depends on but the generators: the constraints as text with their
/// degrees, the queries, and digests of what halo2 makes of them.
fn constraint_system(set: InstructionSet, binding: Binding) -> String {
    let circuit = circuit(K, set, binding);
    let mut cs = ConstraintSystem::<Fr>::default();
    StackVmCircuit::configure_with_params(&mut cs, circuit);
    let gates = docs::gates(set, binding);

    let mut lines = vec![];
    for Definition { name, text } in docs::definitions(&gates) {
        lines.push(format!("{name} = {text}"));
    }
    // The text is that of the circuit's own gates, in the same order.
    assert_eq!(gates.len(), cs.gates().len());
    for (gate, own) in gates.iter().zip(cs.gates()) {
        assert_eq!(gate.name, own.name());
        assert_eq!(gate.constraints.len(), own.polynomials().len());
        lines.push(format!("\n{}", gate.name));
        for (i, constraint) in gate.constraints.iter().enumerate() {
            assert_eq!(constraint.name, own.constraint_name(i));
            let degree = own.polynomials()[i].degree();
            lines.push(format!("  {} (degree {degree})", constraint.name));
            lines.push(format!("    {} = 0", constraint.polynomial));
        }
    }
    lines.push("\nqueries".into());
    lines.push(format!("  advice {}", cs.advice_queries().len()));
    lines.push(format!("  fixed {}", cs.fixed_queries().len()));
    lines.push(format!("  instance {}", cs.instance_queries().len()));

    let pinned = blake2b_simd::Params::new()
        .hash_length(32)
        .hash(format!("{:?}", cs.pinned()).as_bytes());
    // IPA's generators are the same for everybody, so its key is too.
    let key = Ipa::keygen_vk(&IpaParams::setup(K).unwrap(), circuit).expect("the sizes agree");
    lines.push(format!("\nblake2b-256 digests at k = {K}"));
    lines.push(format!("  constraint system {}", pinned.to_hex()));
    lines.push(format!("  IPA verifying key {}", hex::encode(key.digest())));
    lines.join("\n") + "\n"
}

fn check_proof_length<B: Backend>(
    params: &B::Parameters,
    trace: &Trace<Fr>,
    binding: Binding,
    predicted: impl Fn(&Cost) -> usize,
) {
    let circuit = circuit(params.k(), trace.set(), binding);
    let key = B::keygen(params, circuit).expect("the sizes agree");
    let proof = B::prove(params, &key, trace).expect("the run fits");
    assert_eq!(
        proof.len(),
        predicted(&Cost::of(circuit)),
        "{} {} {}",
        B::NAME,
        trace.set(),
        binding.name()
    );
}

#[test]
fn proofs_are_as_long_as_predicted() {
    let kzg = support::kzg_params(K);
    let ipa = IpaParams::setup(K).unwrap();
    for (_, set) in InstructionSet::NAMED {
        let program = support::straight_line(13);
        let trace = Trace::new(&program, None, *set).expect("a straight line runs to its end");
        for binding in BINDINGS {
            check_proof_length::<Kzg>(&kzg, &trace, binding, |cost| cost.kzg_proof_bytes);
            check_proof_length::<Ipa>(&ipa, &trace, binding, |cost| cost.ipa_proof_bytes);
        }
    }
}

/// The README's lines of embedding stand in the example that is run.
#[test]
fn the_readme_quotes_the_example() {
    let read = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let (readme, example) = (read("README.md"), read("examples/embed.rs"));
    let excerpt = readme.split("```rust,ignore\n").nth(1).unwrap();
    let excerpt = excerpt.split("```").next().unwrap();
    let lines: Vec<_> = excerpt
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    assert!(lines.len() >= 6);
    for line in lines {
        assert!(example.contains(line), "{line}");
    }
}
