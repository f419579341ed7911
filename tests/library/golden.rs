//! Golden files: what the circuits are and what they cost. A change of either fails here until it is
//! accepted with `UPDATE_EXPECT=1`.
//!
//! A change of a verifying key's digest is one for the changelog: older proofs no longer verify.

use std::fmt::Write;

use expect_test::{ExpectFile, expect_file};
use halo2_proofs::plonk::{Circuit, ConstraintSystem};
use halo2_stack_vm::algebra::Definition;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{Carry, InstructionSet, Opcode, Piece};
use halo2_stack_vm::machine::manual;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::proof::{Backend, Cost, Parameters};
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;

use super::support;

fn circuit(k: u32, set: InstructionSet, binding: Binding) -> CircuitParams {
    CircuitParams::new(k, set, binding).expect("k is in range")
}

/// The sets that have a name, and that of the Fibonacci loop: what little a loop takes.
fn sets() -> Vec<(&'static str, InstructionSet)> {
    let fibonacci = support::fibonacci(1).smallest_set();
    let named = InstructionSet::NAMED.iter().copied();
    named.chain([("loop", fibonacci)]).collect()
}

#[test]
fn the_reference_manual_is_current() {
    expect_file!["../../docs/isa.md"].assert_eq(&manual::reference::<Fr>());
}

#[test]
fn the_cost_of_a_circuit_is_as_recorded() {
    let mut text = String::from(
        "set   binding  k  degree advice fixed instance lookups permuted constraints   kzg   ipa\n",
    );
    for (name, set) in sets() {
        for binding in Binding::ALL {
            for k in [6, 10, 16] {
                let cost = Cost::of(circuit(k, set, binding));
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
    expect_file!["../golden/cost.txt"].assert_eq(&text);
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

/// What one instruction more costs. Where it brings no operand that is new to the set, that is its flag: one
/// column, which is committed to and opened once, and which no other circuit has.
#[test]
fn an_instruction_costs_a_column_at_most() {
    const ALL: InstructionSet = InstructionSet::of(Opcode::ALL);
    let columns = |set: InstructionSet| {
        let tests = [
            set.has_factor(),
            set.has_cofactor(),
            set.has_factor_test(),
            set.has_cofactor_test(),
            set.has_control(),
            set.has_tape(),
            set.has_words(),
            set.has_rest(),
            set.has_power(),
            set.has_power() || set.has_ones(),
            set.has_bytes(),
            set.has_piece(Piece::Byte),
            set.has_piece(Piece::Half),
            set.hashes(),
        ];
        let carries = Carry::ALL.map(|carry| set.has_carry(carry));
        (set.window(), set.presence(), tests, set.width(), carries)
    };
    let mut text = String::from("instruction binding  degree advice fixed constraints   kzg\n");
    let mut plain = 0;
    for opcode in Opcode::ALL {
        let others = Opcode::ALL.iter().filter(|own| *own != opcode);
        let without = InstructionSet::of(&others.copied().collect::<Vec<_>>());
        for binding in Binding::ALL {
            let cost = |set| Cost::of(circuit(10, set, binding));
            let (more, less) = (cost(ALL), cost(without));
            let added = more.advice_columns - less.advice_columns;
            let bytes = more.kzg_proof_bytes - less.kzg_proof_bytes;
            writeln!(
                text,
                "{:11} {:6} {:>8} {added:>6} {:>5} {:>11} {bytes:>5}",
                opcode.mnemonic(),
                binding.name(),
                more.degree - less.degree,
                more.fixed_columns - less.fixed_columns,
                more.constraints - less.constraints,
            )
            .expect("a string grows");
            if columns(without) == columns(ALL) {
                // `nop` and `halt` are in every set.
                let expected = usize::from(without != ALL);
                assert_eq!(added, expected, "{opcode}");
                // A point and a scalar.
                assert_eq!(bytes, 2 * 32 * expected, "{opcode}");
                assert_eq!(more.degree, less.degree, "{opcode}");
                assert_eq!(more.fixed_columns, less.fixed_columns, "{opcode}");
                plain += expected;
            }
        }
    }
    assert!(plain >= 3 * 42, "{plain}");
    expect_file!["../golden/instructions.txt"].assert_eq(&text);
}

#[test]
fn seed_public() {
    check_constraint_system(
        InstructionSet::SEED,
        Binding::Public,
        expect_file!["../golden/seed-public.txt"],
    );
}

#[test]
fn seed_cells() {
    check_constraint_system(
        InstructionSet::SEED,
        Binding::Cells,
        expect_file!["../golden/seed-cells.txt"],
    );
}

#[test]
fn stack_public() {
    check_constraint_system(
        InstructionSet::STACK,
        Binding::Public,
        expect_file!["../golden/stack-public.txt"],
    );
}

#[test]
fn stack_cells() {
    check_constraint_system(
        InstructionSet::STACK,
        Binding::Cells,
        expect_file!["../golden/stack-cells.txt"],
    );
}

#[test]
fn field_public() {
    check_constraint_system(
        InstructionSet::FIELD,
        Binding::Public,
        expect_file!["../golden/field-public.txt"],
    );
}

#[test]
fn field_cells() {
    check_constraint_system(
        InstructionSet::FIELD,
        Binding::Cells,
        expect_file!["../golden/field-cells.txt"],
    );
}

/// With limbs of two bits, for which the circuit has room.
#[test]
fn words_public() {
    check_constraint_system(
        InstructionSet::of(&[Opcode::Push, Opcode::Sub32, Opcode::Xor32]),
        Binding::Public,
        expect_file!["../golden/words-public.txt"],
    );
}

#[test]
fn stack_fixed() {
    check_constraint_system(
        InstructionSet::STACK,
        Binding::Fixed,
        expect_file!["../golden/stack-fixed.txt"],
    );
}

#[test]
fn field_fixed() {
    check_constraint_system(
        InstructionSet::FIELD,
        Binding::Fixed,
        expect_file!["../golden/field-fixed.txt"],
    );
}

#[test]
fn full_public() {
    check_constraint_system(
        InstructionSet::FULL,
        Binding::Public,
        expect_file!["../golden/full-public.txt"],
    );
}

#[test]
fn full_cells() {
    check_constraint_system(
        InstructionSet::FULL,
        Binding::Cells,
        expect_file!["../golden/full-cells.txt"],
    );
}

#[test]
fn full_fixed() {
    check_constraint_system(
        InstructionSet::FULL,
        Binding::Fixed,
        expect_file!["../golden/full-fixed.txt"],
    );
}

#[test]
fn loop_public() {
    check_constraint_system(
        support::fibonacci(1).smallest_set(),
        Binding::Public,
        expect_file!["../golden/loop-public.txt"],
    );
}

#[test]
fn hash_public() {
    check_constraint_system(
        InstructionSet::of(&[Opcode::Push, Opcode::Hash]),
        Binding::Public,
        expect_file!["../golden/hash-public.txt"],
    );
}

/// The size at which the digests are taken.
const K: u32 = 6;

/// A program of a set, for a key that holds one.
fn program(set: InstructionSet) -> Program<Fr> {
    match set.has_control() {
        true => support::fibonacci(support::fibonacci_iterations(50)),
        false => support::straight_line(13),
    }
}

fn check_constraint_system(set: InstructionSet, binding: Binding, golden: ExpectFile) {
    golden.assert_eq(&constraint_system(set, binding));
}

/// Everything that a verifying key depends on but the generators: the constraints as text with their
/// degrees, the queries, and digests of what halo2 makes of them.
fn constraint_system(set: InstructionSet, binding: Binding) -> String {
    let circuit = circuit(K, set, binding);
    let mut cs = ConstraintSystem::<Fr>::default();
    StackVmCircuit::configure_with_params(&mut cs, circuit);
    let gates = manual::gates::<Fr>(circuit.shape(), binding);

    let mut lines = vec![];
    for Definition { name, text } in manual::definitions(&gates) {
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
    let source = KeySource::for_program(circuit, &program(set)).expect("the program fits");
    let key = Ipa::keygen_vk_of(&IpaParams::setup(K).unwrap(), &source).expect("the sizes agree");
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
    let source = KeySource::for_program(circuit, trace.program()).expect("the program fits");
    let key = B::keygen_of(params, &source).expect("the sizes agree");
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
    for (_, set) in sets() {
        let trace = Trace::new(&program(set), None, set).expect("it runs to its end");
        for binding in Binding::ALL {
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
