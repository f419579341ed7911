//! The same answers everywhere: the vectors and random programs, in the interpreter, in an
//! independent evaluator, in the circuit, and in real proofs.

use std::path::Path;

use halo2_proofs::dev::MockProver;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::circuit::{Binding, CircuitParams, StackVmCircuit, Statement};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{self, Trace};
use halo2curves::bn256::Fr;
use num_bigint::BigUint;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    instr: Vec<(u64, String)>,
    steps: usize,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Out(String),
    Error(String),
}

impl Vector {
    fn program(&self) -> Program<Fr> {
        let word = |text: &str| {
            let integer = BigUint::parse_bytes(text.as_bytes(), 10).unwrap();
            Fr::from_integer(&integer).unwrap()
        };
        self.instr
            .iter()
            .map(|(opcode, argument)| Instruction {
                opcode: *opcode,
                argument: word(argument),
            })
            .collect()
    }
}

/// The vectors, or none, with a message, where they are absent.
fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/seed.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
            assert!(!vectors.is_empty());
            vectors
        }
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            vec![]
        }
    }
}

#[path = "../fuzz/evaluator.rs"]
mod evaluator;
use evaluator::evaluate;

const SEED: InstructionSet = InstructionSet::SEED;

fn traces(vectors: &[Vector]) -> Vec<(&Vector, Trace<Fr>)> {
    vectors
        .iter()
        .filter_map(|vector| {
            let trace = Trace::new(&vector.program(), Some(vector.steps), SEED).ok()?;
            Some((vector, trace))
        })
        .collect()
}

#[test]
fn the_interpreter_gives_what_the_vectors_say() {
    for vector in vectors() {
        let name = &vector.name;
        let outcome = vm::run(&vector.program(), Some(vector.steps), SEED);
        match (&vector.expect, outcome) {
            (Expect::Out(expected), Ok(outcome)) => {
                assert_eq!(&outcome.output.to_integer().to_string(), expected, "{name}");
                assert_eq!(outcome.steps, vector.steps, "{name}");
            }
            (Expect::Error(expected), Err(error)) => assert_eq!(error.kind(), expected, "{name}"),
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
    }
}

fn mock_verdict(
    params: CircuitParams,
    trace: &Trace<Fr>,
    statement: &Statement<Fr>,
) -> Result<(), Vec<String>> {
    let circuit = StackVmCircuit::new(params, trace).unwrap();
    let instances = statement.instances().unwrap();
    let mock = MockProver::run(params.k(), &circuit, instances).unwrap();
    mock.verify()
        .map_err(|failures| failures.iter().map(ToString::to_string).collect())
}

#[test]
fn the_circuit_accepts_the_outputs_of_the_vectors_and_no_other() {
    let vectors = vectors();
    for (vector, trace) in traces(&vectors) {
        for binding in [Binding::Public, Binding::Cells] {
            let params = CircuitParams::for_steps(trace.steps(), SEED, binding).unwrap();
            let mut statement = Statement::of(&trace);
            assert_eq!(
                mock_verdict(params, &trace, &statement),
                Ok(()),
                "{}",
                vector.name
            );
            statement.output += Fr::one();
            let failures = mock_verdict(params, &trace, &statement).unwrap_err();
            assert_eq!(failures.len(), 1, "{}: {failures:?}", vector.name);
            assert!(
                failures[0].contains("the sum starts as beta * output"),
                "{failures:?}"
            );
        }
    }
}

/// A prover who goes on where the interpreter stops is rejected by the rule that was broken.
#[test]
fn the_circuit_rejects_what_the_vectors_call_errors() {
    for vector in vectors() {
        let expected = match &vector.expect {
            Expect::Error(kind) if kind == "stack_underflow" => [
                "there is a word where one is needed, before the step or after it",
                "sum ends as beta * top less the bottom word's cell",
            ],
            Expect::Error(kind) if kind == "invalid_opcode" => [
                "the given instruction is executed, unless it is halt",
                "the given instruction is executed, unless it is halt",
            ],
            // A run beyond the program can't be stated.
            _ => continue,
        };
        let trace = Trace::defiant(&vector.program(), Some(vector.steps), SEED).unwrap();
        for binding in [Binding::Public, Binding::Cells] {
            let params = CircuitParams::for_steps(trace.steps(), SEED, binding).unwrap();
            let failures = mock_verdict(params, &trace, &Statement::of(&trace)).unwrap_err();
            assert!(
                failures
                    .iter()
                    .any(|f| expected.iter().any(|name| f.contains(name))),
                "{}: {failures:?}",
                vector.name
            );
        }
    }
}

/// Every vector that fits a circuit of 2^6 rows, proved for real with one key.
fn prove_vectors<B: Backend>(params: &B::Parameters, binding: Binding) {
    let circuit = CircuitParams::new(6, SEED, binding).unwrap();
    let key = B::keygen(params, circuit).unwrap();
    let vectors = vectors();
    let mut proved = 0;
    for (vector, trace) in traces(&vectors) {
        if trace.steps() > circuit.rows() {
            continue;
        }
        let proof = B::prove(params, &key, &trace).unwrap();
        let Expect::Out(expected) = &vector.expect else {
            panic!("{} has no output", vector.name);
        };
        let mut statement = Statement {
            program: vector.program().cut(vector.steps).unwrap(),
            output: asm::parse_word(expected).unwrap(),
        };
        let verdict = B::verify(params, key.verifying_key(), &statement, &proof);
        assert!(verdict.is_ok(), "{}: {verdict:?}", vector.name);
        statement.output += Fr::one();
        let verdict = B::verify(params, key.verifying_key(), &statement, &proof);
        assert!(verdict.is_err(), "{}", vector.name);
        proved += 1;
    }
    assert!(vectors.is_empty() || proved >= 40, "only {proved} proved");
}

#[test]
fn kzg_proves_the_vectors() {
    let params = KzgParams::insecure_dev(6).unwrap();
    prove_vectors::<Kzg>(&params, Binding::Public);
    prove_vectors::<Kzg>(&params, Binding::Cells);
}

#[test]
fn ipa_proves_the_vectors() {
    let params = IpaParams::setup(6).unwrap();
    prove_vectors::<Ipa>(&params, Binding::Public);
    prove_vectors::<Ipa>(&params, Binding::Cells);
}

/// The sets under test, and how many codes they have.
const SETS: [(InstructionSet, u64); 2] = [(InstructionSet::STACK, 5), (InstructionSet::FIELD, 23)];

/// Instructions of a set with so many codes, most of them such that the program does not underflow.
fn instruction(codes: u64) -> impl Strategy<Value = (u64, BigUint)> {
    let argument = prop_oneof![
        (0u8..2).prop_map(BigUint::from),
        any::<u8>().prop_map(BigUint::from),
        any::<[u8; 31]>().prop_map(|bytes| BigUint::from_bytes_le(&bytes)),
        (1u8..4).prop_map(|below| Fr::modulus() - below),
    ];
    let opcode = prop_oneof![
        1 => Just(0u64),
        10 => Just(1),
        4 => Just(2),
        4 => Just(3),
        2 => Just(4),
        if codes > 5 { 20 } else { 0 } => 5..codes.max(6),
        1 => prop_oneof![Just(codes), any::<u64>()].prop_perturb(|code, mut rng| {
            if rng.random_ratio(1, 8) { code } else { 1 }
        }),
    ];
    (opcode, argument)
}

/// A program, the set that it is run in, and how many codes that has.
fn program_in_a_set() -> impl Strategy<Value = (Vec<(u64, BigUint)>, InstructionSet, u64)> {
    prop::sample::select(&SETS[..]).prop_flat_map(|(set, codes)| {
        let instructions = prop::collection::vec(instruction(codes), 0..24);
        (instructions, Just(set), Just(codes))
    })
}

fn program_of(instructions: &[(u64, BigUint)]) -> Program<Fr> {
    instructions
        .iter()
        .map(|(opcode, argument)| Instruction {
            opcode: *opcode,
            argument: Fr::from_integer(argument).unwrap(),
        })
        .collect()
}

/// How many random programs each test takes; a million and ten thousand in the long mode.
fn cases(quick: u32, long: u32) -> ProptestConfig {
    let cases = match std::env::var_os("STACKVM_TEST_LONG") {
        Some(_) => long,
        None => quick,
    };
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(cases(20_000, 1_000_000))]

    #[test]
    fn the_interpreter_agrees_with_an_independent_evaluator(
        (instructions, set, codes) in program_in_a_set()
    ) {
        let outcome = vm::run(&program_of(&instructions), None, set);
        match (evaluate(&instructions, codes), outcome) {
            (Ok(expected), Ok(outcome)) => prop_assert_eq!(outcome.output.to_integer(), expected),
            (Err(expected), Err(error)) => prop_assert_eq!(error.kind(), expected),
            (expected, outcome) => prop_assert!(false, "{expected:?}, but {outcome:?}"),
        }
    }
}

proptest! {
    #![proptest_config(cases(300, 10_000))]

    #[test]
    fn the_circuit_agrees_with_an_independent_evaluator(
        (instructions, set, codes) in program_in_a_set()
    ) {
        let program = program_of(&instructions);
        let trace = Trace::defiant(&program, None, set).unwrap();
        let params = CircuitParams::for_steps(trace.steps(), set, Binding::Public).unwrap();
        let expected = evaluate(&instructions, codes);
        let mut statement = Statement::of(&trace);
        if let Ok(expected) = &expected {
            statement.output = Fr::from_integer(expected).unwrap();
        }
        if statement.instances().is_some() {
            let verdict = mock_verdict(params, &trace, &statement);
            prop_assert_eq!(verdict.is_ok(), expected.is_ok(), "{:?}", verdict);
        }
    }
}

/// As many random programs, proved for real with one key a backend.
fn prove_random<B: Backend>(
    params: &B::Parameters,
    (set, codes): (InstructionSet, u64),
    programs: u32,
) {
    let circuit = CircuitParams::new(5, set, Binding::Public).unwrap();
    let key = B::keygen(params, circuit).unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(instruction(codes), 0..13);
    let mut proved = 0;
    while proved < programs {
        let instructions = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(expected) = evaluate(&instructions, codes) else {
            continue;
        };
        let trace = Trace::new(&program_of(&instructions), None, set).unwrap();
        let proof = B::prove(params, &key, &trace).unwrap();
        let statement = Statement {
            program: program_of(&instructions),
            output: Fr::from_integer(&expected).unwrap(),
        };
        B::verify(params, key.verifying_key(), &statement, &proof).unwrap();
        proved += 1;
    }
}

#[test]
fn real_proofs_agree_with_an_independent_evaluator() {
    let programs = match std::env::var_os("STACKVM_TEST_LONG") {
        Some(_) => 1000,
        None => 50,
    };
    for set in SETS {
        prove_random::<Kzg>(&KzgParams::insecure_dev(5).unwrap(), set, programs);
        prove_random::<Ipa>(&IpaParams::setup(5).unwrap(), set, programs);
    }
}

/// Every program in `programs/` gives what its first line says.
#[test]
fn the_programs_give_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let expected = source
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# output: "));
        let expected = expected.unwrap_or_else(|| panic!("{}: no output", path.display()));
        let program = asm::assemble::<Fr>(&source).unwrap();
        // The smallest set has all that the program needs, and a larger one gives the same.
        let trace = Trace::new(&program, None, program.smallest_set()).unwrap();
        let outcome = vm::run(&program, None, InstructionSet::FIELD);
        assert_eq!(outcome, Ok(trace.outcome()));
        let statement = Statement::of(&trace);
        assert_eq!(
            statement.output.to_integer().to_string(),
            expected,
            "{}",
            path.display()
        );
        let params = CircuitParams::for_steps(trace.steps(), trace.set(), Binding::Public).unwrap();
        assert_eq!(
            mock_verdict(params, &trace, &statement),
            Ok(()),
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 9);
}
