//! The same answers everywhere: the vectors and random programs, in the interpreter, in an
//! independent evaluator, in the circuit, and in real proofs.

use std::path::Path;

use ff::Field;
use halo2_proofs::dev::MockProver;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, MIN_K, Statement};
use halo2_stack_vm::poseidon::ROWS;
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{self, Inputs, Job, Outcome, RunError, Trace};
use halo2curves::bn256::Fr;
use num_bigint::BigUint;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde::Deserialize;

use super::entries::evaluator::{Ended, Evaluated, Given, evaluate, modulus};

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

/// Programs with the answers they must give, computed independently of this project.
fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seed.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty());
    vectors
}

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
    let source = KeySource::for_program(params, trace.program()).unwrap();
    let circuit = StackVmCircuit::new(source, trace).unwrap();
    let instances = statement.instances(params).unwrap();
    let mock = MockProver::run(params.k(), &circuit, instances).unwrap();
    mock.verify()
        .map_err(|failures| failures.iter().map(ToString::to_string).collect())
}

#[test]
fn the_circuit_accepts_the_outputs_of_the_vectors_and_no_other() {
    let vectors = vectors();
    for (vector, trace) in traces(&vectors) {
        for binding in Binding::ALL {
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
        let (program, inputs) = (vector.program(), Inputs::none());
        let job = Job::new(&program, SEED, &inputs).cut(Some(vector.steps));
        let trace = job.trace_past_failure().unwrap();
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
        // There is no key of such a program.
        let params = CircuitParams::for_steps(trace.steps(), SEED, Binding::Fixed).unwrap();
        assert!(KeySource::fixed(params, trace.program().clone()).is_err());
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
            program: vector.program().cut(vector.steps).unwrap().canonical(SEED),
            output: asm::parse_word(expected).unwrap(),
            tape: vec![],
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

/// The sets under test, and how many codes they have, `halt` not counted.
const SETS: [(InstructionSet, u64); 4] = [
    (InstructionSet::STACK, 5),
    (InstructionSet::FIELD, 23),
    (InstructionSet::FULL, 31),
    (InstructionSet::of(Opcode::ALL), 101),
];
/// Where the codes of control flow and tapes begin.
const JUMP: u64 = 23;
const HALT: u64 = 31;

/// What random programs are made of.
#[derive(Clone, Debug)]
enum Piece {
    /// An instruction.
    Plain(u64, BigUint),
    /// A jump of this code, to the place that is so many 256ths of the program from its start.
    Wild(u64, u8),
    /// Done so many times: a counter is pushed first and counted down at the end.
    Count(u8, Vec<Piece>),
    /// Done until a word that is read, or is given secretly, is 0.
    Until(bool, Vec<Piece>),
    /// Done if the top is 0, or if it is not.
    If(bool, Vec<Piece>),
    /// Called so many times, one after the other.
    Call(u8, Vec<Piece>),
}

type Instructions = Vec<(u64, BigUint)>;

/// The pieces as instructions.
fn flattened(pieces: &[Piece]) -> Instructions {
    let mut program = vec![];
    let mut wild = vec![];
    append(pieces, &mut program, &mut wild);
    // To every address, the end, and one that the program has not.
    let addresses = program.len() + 2;
    for (at, place) in wild {
        program[at].1 = BigUint::from(usize::from(place) * addresses / 256);
    }
    program
}

fn append(pieces: &[Piece], program: &mut Instructions, wild: &mut Vec<(usize, u8)>) {
    let zero = BigUint::ZERO;
    for piece in pieces {
        let start = program.len();
        match piece {
            Piece::Plain(code, argument) => program.push((*code, argument.clone())),
            Piece::Wild(code, place) => {
                wild.push((start, *place));
                program.push((*code, zero.clone()));
            }
            Piece::Count(times, body) => {
                program.push((1, BigUint::from(*times)));
                append(body, program, wild);
                program.push((13, modulus() - 1u8));
                program.push((17, zero.clone()));
                program.push((25, BigUint::from(start + 1)));
                program.push((4, zero.clone()));
            }
            Piece::Until(secret, body) => {
                append(body, program, wild);
                program.push((if *secret { 30 } else { 28 }, zero.clone()));
                program.push((25, BigUint::from(start)));
            }
            Piece::If(zero_top, body) => {
                program.push((if *zero_top { 25 } else { 24 }, zero.clone()));
                append(body, program, wild);
                program[start].1 = BigUint::from(program.len());
            }
            Piece::Call(times, body) => {
                let (calls, jump) = (start..start + usize::from(*times), usize::from(*times));
                program.extend(calls.map(|_| (26, BigUint::from(start + jump + 1))));
                program.push((23, zero.clone()));
                append(body, program, wild);
                program.push((27, zero.clone()));
                program[start + jump].1 = BigUint::from(program.len());
            }
        }
    }
}

fn word() -> impl Strategy<Value = BigUint> + Clone {
    prop_oneof![
        4 => (0u8..2).prop_map(BigUint::from),
        2 => any::<u8>().prop_map(BigUint::from),
        1 => any::<u32>().prop_map(BigUint::from),
        1 => any::<u64>().prop_map(BigUint::from),
        1 => any::<[u8; 31]>().prop_map(|bytes| BigUint::from_bytes_le(&bytes)),
        1 => (1u8..4).prop_map(|below| modulus() - below),
    ]
}

/// Instructions of a set with so many codes, most of them such that the program does not underflow.
fn instruction(codes: u64) -> impl Strategy<Value = Piece> {
    let computing = codes.min(JUMP);
    let opcode = prop_oneof![
        2 => Just(0u64),
        30 => Just(1),
        8 => Just(2),
        8 => Just(3),
        4 => Just(4),
        if computing > 5 { 30 } else { 0 } => 5..computing.max(6),
        if codes > JUMP { 16 } else { 0 } => 28u64..31,
        if codes > HALT { 14 } else { 0 } => HALT + 1..codes.max(HALT + 2),
        1 => prop_oneof![4 => Just(HALT), 1 => Just(codes), 1 => any::<u64>()].prop_perturb(
            |code, mut rng| if rng.random_ratio(1, 2) { code } else { 1 }
        ),
    ];
    (opcode, word()).prop_map(|(code, argument)| Piece::Plain(code, argument))
}

/// What leaves the stack as it was, but for what lies on it already.
fn neutral() -> impl Strategy<Value = Vec<Piece>> {
    let plain = |code| Piece::Plain(code, BigUint::ZERO);
    let add = move |argument: BigUint| Piece::Plain(13, argument);
    prop_oneof![
        word().prop_map(move |own| vec![Piece::Plain(1, own), plain(29)]),
        Just(vec![plain(28), plain(30), plain(3), plain(29)]),
        // With the word under a loop's counter or an address, if there is one.
        word().prop_map(move |own| vec![plain(18), add(own), plain(18)]),
        word().prop_map(move |own| vec![plain(18), Piece::Plain(14, own), plain(18)]),
        Just(vec![plain(19), plain(29)]),
        Just(vec![plain(17), plain(9), plain(4)]),
        Just(vec![plain(28), Piece::If(true, vec![plain(0)])]),
    ]
}

/// Pieces of a set with so many codes, of which most do not fail.
fn pieces(codes: u64) -> BoxedStrategy<Vec<Piece>> {
    if codes <= JUMP {
        return prop::collection::vec(instruction(codes), 0..24).boxed();
    }
    let neutral = || prop::collection::vec(neutral(), 0..3).prop_map(|own| own.concat());
    let arbitrary = prop::collection::vec(instruction(codes), 0..5).boxed();
    let body = prop_oneof![
        6 => neutral(),
        1 => arbitrary.clone(),
        // One in the other.
        2 => (neutral(), 1u8..3, neutral()).prop_map(|(mut body, times, inner)| {
            body.push(Piece::Call(times, inner));
            body
        }),
        1 => (neutral(), 1u8..4, neutral()).prop_map(|(mut body, times, inner)| {
            body.push(Piece::Count(times, inner));
            body
        }),
    ]
    .boxed();
    let piece = prop_oneof![
        24 => instruction(codes),
        2 => (1u8..5, body.clone()).prop_map(|(times, body)| Piece::Count(times, body)),
        2 => (any::<bool>(), body.clone()).prop_map(|(secret, body)| Piece::Until(secret, body)),
        2 => (any::<bool>(), arbitrary).prop_map(|(zero, body)| Piece::If(zero, body)),
        2 => (1u8..4, body).prop_map(|(times, body)| Piece::Call(times, body)),
        1 => (23u64..28, any::<u8>()).prop_perturb(|(code, place), mut rng| {
            match rng.random_ratio(1, 2) {
                true => Piece::Wild(code, place),
                false => Piece::Plain(0, BigUint::ZERO),
            }
        }),
    ];
    // Words to begin with: most programs need them.
    let start = prop::collection::vec(word().prop_map(|own| Piece::Plain(1, own)), 0..8);
    (start, prop::collection::vec(piece, 0..10))
        .prop_map(|(start, pieces)| [start, pieces].concat())
        .boxed()
}

/// A program and what it is given.
#[derive(Clone, Debug)]
struct Case {
    set: InstructionSet,
    codes: u64,
    program: Instructions,
    public: Vec<BigUint>,
    secret: Vec<BigUint>,
    limit: u64,
}

impl Case {
    fn evaluate(&self) -> Evaluated {
        evaluate(Given {
            program: &self.program,
            codes: self.codes,
            public: &self.public,
            secret: &self.secret,
            limit: self.limit,
        })
    }

    /// The same in the smallest set, where the set is that of all instructions: circuits of many sets.
    fn in_a_small_set(self) -> Self {
        let set = match self.set == SETS[3].0 {
            true => self.program().smallest_set(),
            false => self.set,
        };
        Case { set, ..self }
    }

    /// With tapes as long as the run needs: zeros follow, and what is not read is taken away.
    fn with_whole_tapes(mut self) -> Self {
        let most = self.limit as usize + 1;
        for tape in [&mut self.public, &mut self.secret] {
            tape.resize(most, BigUint::ZERO);
        }
        let Evaluated { read, secrets, .. } = self.evaluate();
        self.public.truncate(read);
        self.secret.truncate(secrets);
        self
    }

    fn program(&self) -> Program<Fr> {
        let instruction = |(opcode, argument): &(u64, BigUint)| Instruction {
            opcode: *opcode,
            argument: Fr::from_integer(argument).unwrap(),
        };
        self.program.iter().map(instruction).collect()
    }

    fn inputs(&self) -> Inputs<Fr> {
        Inputs {
            public: words(&self.public),
            secret: words(&self.secret),
        }
    }
}

fn words(integers: &[BigUint]) -> Vec<Fr> {
    let words = integers.iter().map(|own| Fr::from_integer(own).unwrap());
    words.collect()
}

/// A program of a set that is run for so many steps at most. Three tapes in four are as long as they should.
fn case((set, codes): (InstructionSet, u64), limit: u64) -> impl Strategy<Value = Case> {
    let tape = || prop::collection::vec(word(), 0..12);
    (pieces(codes), tape(), tape(), 0u8..4).prop_map(move |(pieces, public, secret, whole)| {
        let case = Case {
            set,
            codes,
            program: flattened(&pieces),
            public,
            secret,
            limit,
        };
        match whole {
            0 => case,
            _ => case.with_whole_tapes(),
        }
    })
}

/// Half of them of the set with control flow.
fn case_in_a_set(limit: u64) -> impl Strategy<Value = Case> {
    let [stack, field, full, all] = SETS;
    prop_oneof![
        1 => case(stack, limit),
        1 => case(field, limit),
        2 => case(full, limit),
        2 => case(all, limit),
    ]
}

/// The most steps of a random run: they fit a circuit of 2^7 rows.
const LIMIT: u64 = 100;

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

/// The random programs are worth their time: most end, many jump, and those that end execute every instruction.
#[test]
fn random_programs_are_of_all_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = case(SETS[3], LIMIT);
    let (mut ended, mut repeated, mut written) = (0, 0, 0);
    let mut executed = 1u128 << HALT;
    let mut errors = std::collections::BTreeMap::new();
    const CASES: u32 = 8000;
    for _ in 0..CASES {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        let run = case.evaluate();
        match run.verdict {
            Ok(own) => {
                ended += 1;
                repeated += u32::from(own.steps > case.program.len());
                written += u32::from(!own.tape.is_empty());
                executed |= run.executed;
            }
            Err(error) => *errors.entry(error).or_insert(0) += 1,
        }
    }
    println!("{ended} end, {repeated} repeat, {written} have a tape; {errors:?}");
    assert!(ended > CASES / 3 && repeated > CASES / 10 && written > CASES / 8);
    assert_eq!(executed, (1 << SETS[3].1) - 1, "{executed:b}");
    for error in [
        "invalid_opcode",
        "stack_underflow",
        "fault",
        "outside_program",
        "outside_memory",
        "tape_end",
        "unread",
        "too_many_steps",
    ] {
        assert!(errors.get(error).is_some_and(|own| *own >= 5), "{error}");
    }
}

proptest! {
    #![proptest_config(cases(20_000, 1_000_000))]

    #[test]
    fn the_interpreter_agrees_with_an_independent_evaluator(case in case_in_a_set(LIMIT)) {
        let (program, inputs) = (case.program(), case.inputs());
        let job = Job::new(&program, case.set, &inputs).max_steps(case.limit);
        match (case.evaluate().verdict, job.run()) {
            (Ok(expected), Ok(outcome)) => {
                prop_assert_eq!(outcome.output.to_integer(), expected.output);
                prop_assert_eq!(outcome.steps, expected.steps);
                prop_assert_eq!(outcome.max_depth, expected.deepest);
                prop_assert_eq!(outcome.cells, expected.cells);
                prop_assert_eq!(outcome.hashes, expected.hashes);
                prop_assert_eq!(outcome.rows, expected.steps + expected.left.saturating_sub(1));
                prop_assert_eq!(&outcome.tape, &words(&expected.tape));
                let traced = job.trace();
                prop_assert_eq!(Ok(&outcome), traced.as_ref().map(Trace::outcome));
                prop_assert_eq!(step_by_step(&job), Ok(outcome.clone()));
                // The same run, told the whole tape.
                let inputs = Inputs { public: outcome.tape.clone(), ..inputs };
                let again = Job::new(&program, case.set, &inputs).whole_tape().run();
                prop_assert_eq!(again, Ok(outcome));
            }
            (Err(expected), Err(error)) => {
                prop_assert_eq!(error.kind(), expected);
                prop_assert_eq!(job.trace().err(), Some(error.clone()));
                prop_assert_eq!(step_by_step(&job), Err(error));
            }
            (expected, outcome) => prop_assert!(false, "{expected:?}, but {outcome:?}"),
        }
    }
}

/// What a run gives that is made step by step: by what is compiled for all instructions, in the place of what is for each.
fn step_by_step(job: &Job<'_, Fr>) -> Result<Outcome<Fr>, RunError> {
    let mut stepper = job.stepper()?;
    while stepper.step()? {}
    Ok(stepper.state().outcome())
}

/// Each instruction on all of these, with all of these as argument and in the memory: both ways to run it say the same.
#[test]
fn what_is_compiled_for_an_instruction_agrees_with_what_is_for_all() {
    let power = |exponent: u64| Fr::from(2).pow([exponent]);
    let mut numbers = vec![Fr::from(0), Fr::from(1), Fr::from(5), power(200)];
    for exponent in [4, 31, 32, 33, 63, 64, 65, 127, 128] {
        numbers.extend([power(exponent), power(exponent) - Fr::from(1)]);
    }
    numbers.extend(numbers.clone().into_iter().map(|own| -own));
    let set = InstructionSet::of(Opcode::ALL);
    let none = Inputs::none();
    let mut results = [0, 0];
    for opcode in Opcode::ALL.iter().copied().filter(|own| own.needs() <= 2) {
        for (x, y) in numbers
            .iter()
            .flat_map(|x| numbers.iter().map(move |y| (*x, *y)))
        {
            // What stands in the memory has the address of the second instruction, in cells and in bytes.
            let cell = Instruction {
                opcode: Instruction::<Fr>::DATA,
                argument: y,
            };
            let push = |word: Fr| Instruction::new(Opcode::Push, word);
            let program = Program::from(match opcode.uses_memory() && opcode.needs() < 2 {
                true => vec![
                    push(Fr::from(3)),
                    Instruction::new(opcode, x),
                    Instruction::new(Opcode::Halt, x),
                    cell,
                ],
                false => vec![
                    push(x),
                    push(y),
                    Instruction::new(opcode, x),
                    Instruction::new(Opcode::Halt, y),
                ],
            });
            let job = Job::new(&program, set, &none).max_steps(20);
            let result = job.run();
            assert_eq!(result, step_by_step(&job), "{opcode} {x:?} {y:?}");
            results[usize::from(result.is_ok())] += 1;
        }
    }
    assert!(results.iter().all(|own| *own > 10_000), "{results:?}");
}

/// An instruction that is added to the table is not silently left out: this fails until the evaluator knows it.
#[test]
fn the_evaluator_knows_every_opcode() {
    let set = InstructionSet::of(Opcode::ALL);
    for opcode in Opcode::ALL.iter().filter(|own| **own != Opcode::Halt) {
        let one = BigUint::from(1u8);
        let mut program = vec![(Opcode::Push.code(), one.clone()); InstructionSet::MAX_WINDOW];
        let end = BigUint::from(program.len() + 1);
        let argument = if opcode.takes_address() { end } else { one };
        program.push((opcode.code(), argument));
        let case = Case {
            set,
            codes: u64::MAX,
            program,
            public: vec![],
            secret: vec![],
            limit: 20,
        };
        let case = case.with_whole_tapes();
        let verdict = case.evaluate().verdict;
        assert_ne!(verdict, Err("invalid_opcode"), "{opcode}");
        let inputs = case.inputs();
        let program = case.program();
        let run = Job::new(&program, set, &inputs).max_steps(case.limit).run();
        match (verdict, run) {
            (Ok(expected), Ok(outcome)) => {
                assert_eq!(outcome.output.to_integer(), expected.output, "{opcode}");
                assert_eq!(outcome.tape, words(&expected.tape), "{opcode}");
            }
            (Err(expected), Err(error)) => assert_eq!(error.kind(), expected, "{opcode}"),
            (expected, outcome) => panic!("{opcode}: {expected:?}, but {outcome:?}"),
        }
    }
}

/// What a run proves, as the evaluator sees it.
fn stated(case: &Case, ended: &Ended) -> Statement<Fr> {
    Statement {
        program: case.program().canonical(case.set),
        output: Fr::from_integer(&ended.output).unwrap(),
        tape: words(&ended.tape),
    }
}

/// Statements that differ from a true one by one word.
fn false_ones(honest: &Statement<Fr>, set: InstructionSet) -> Vec<Statement<Fr>> {
    let with = |change: &dyn Fn(&mut Statement<Fr>)| {
        let mut other = honest.clone();
        change(&mut other);
        other
    };
    let mut others = vec![with(&|own| own.output += Fr::one())];
    if set.has_tape() {
        others.push(with(&|own| own.tape.push(Fr::zero())));
    }
    if !honest.tape.is_empty() {
        let middle = honest.tape.len() / 2;
        others.push(with(&|own| own.tape[middle] -= Fr::one()));
        others.push(with(&|own| own.tape.truncate(honest.tape.len() - 1)));
    }
    others
}

proptest! {
    #![proptest_config(cases(300, 10_000))]

    /// Under each binding a run is accepted if the evaluator ends it, with what the evaluator gives, and no other
    /// statement of it.
    #[test]
    fn the_circuit_agrees_with_an_independent_evaluator(case in case_in_a_set(LIMIT)) {
        let case = case.with_whole_tapes().in_a_small_set();
        let (program, inputs) = (case.program(), case.inputs());
        let expected = case.evaluate().verdict;
        // Whoever goes on where a run fails need not come to an end.
        let most = 2 * LIMIT as usize;
        let past_failure = Job::new(&program, case.set, &inputs).max_rows(most).trace_past_failure();
        prop_assert!(past_failure.is_ok() || expected.is_err(), "{past_failure:?}");
        prop_assume!(expected != Err("too_many_steps"));
        let Ok(trace) = past_failure else { return Ok(()); };
        for binding in Binding::ALL {
            let params = CircuitParams::for_trace(&trace, binding).unwrap();
            let source = KeySource::for_program(params, trace.program());
            match &expected {
                Ok(expected) => {
                    let statement = stated(&case, expected);
                    prop_assert_eq!(mock_verdict(params, &trace, &statement), Ok(()));
                    for other in false_ones(&statement, case.set) {
                        prop_assert!(mock_verdict(params, &trace, &other).is_err(), "{other:?}");
                    }
                }
                // Some programs that fail have no key.
                Err(_) if source.is_err() => {}
                Err(expected) => {
                    let verdict = mock_verdict(params, &trace, &Statement::of(&trace));
                    prop_assert!(verdict.is_err(), "{expected}");
                }
            }
        }
    }
}

/// The size of circuits that are proved.
const PROVED_K: u32 = 5;

/// All instructions that a circuit of that size has room for: those with powers of two have a larger table.
fn small() -> (InstructionSet, u64) {
    let fits = |own: &&Opcode| CircuitParams::least_k(InstructionSet::of(&[**own])) <= PROVED_K;
    let opcodes: Vec<_> = Opcode::ALL.iter().filter(fits).copied().collect();
    (InstructionSet::of(&opcodes), SETS[3].1)
}

/// As many random programs, proved for real: with one key, or with one each where it holds the program.
fn prove_random<B: Backend>(
    params: &B::Parameters,
    set: (InstructionSet, u64),
    binding: Binding,
    programs: u32,
) {
    let circuit = CircuitParams::new(PROVED_K, set.0, binding).unwrap();
    let mut key = None;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = case(set, circuit.rows() as u64);
    let mut proved = 0;
    while proved < programs {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(expected) = case.evaluate().verdict else {
            continue;
        };
        if case.program().smallest_set().members() & !set.0.members() != 0 {
            continue;
        }
        // Three in four have a tape, where there is one.
        if set.0.has_tape() && expected.tape.is_empty() && proved % 4 != 0 {
            continue;
        }
        let rows = expected.steps + expected.left.saturating_sub(1);
        let rows = rows.max(expected.cells).max(expected.hashes * ROWS);
        if rows > circuit.rows() || case.program.len() > circuit.program_rows() {
            continue;
        }
        let (program, inputs) = (case.program(), case.inputs());
        let Ok(source) = KeySource::for_program(circuit, &program) else {
            // An instruction that is never executed may be none of the set.
            continue;
        };
        if binding == Binding::Fixed || key.is_none() {
            key = Some(B::keygen_of(params, &source).unwrap());
        }
        let key = key.as_ref().unwrap();
        let trace = Job::new(&program, set.0, &inputs).trace().unwrap();
        let proof = B::prove(params, key, &trace).unwrap();
        let statement = stated(&case, &expected).in_circuit(circuit);
        B::verify(params, key.verifying_key(), &statement, &proof).unwrap();
        for other in false_ones(&statement, set.0) {
            let verdict = B::verify(params, key.verifying_key(), &other, &proof);
            assert!(verdict.is_err(), "{other:?}");
        }
        proved += 1;
    }
}

fn prove_random_of<B: Backend>(params: &B::Parameters) {
    // In the long mode, four thousand with the two backends for the sets without control flow, and as many with it.
    let times = match std::env::var_os("STACKVM_TEST_LONG") {
        Some(_) => 50,
        None => 1,
    };
    let all = small();
    for set in [SETS[0], SETS[1], SETS[2], all] {
        prove_random::<B>(params, set, Binding::Public, 20 * times);
    }
    prove_random::<B>(params, SETS[2], Binding::Cells, 10 * times);
    prove_random::<B>(params, SETS[1], Binding::Fixed, 5 * times);
    prove_random::<B>(params, SETS[2], Binding::Fixed, 5 * times);
    prove_random::<B>(params, all, Binding::Cells, 5 * times);
}

#[test]
fn kzg_proofs_agree_with_an_independent_evaluator() {
    prove_random_of::<Kzg>(&KzgParams::insecure_dev(PROVED_K).unwrap());
}

#[test]
fn ipa_proofs_agree_with_an_independent_evaluator() {
    prove_random_of::<Ipa>(&IpaParams::setup(PROVED_K).unwrap());
}

/// With control flow what stands after `halt` is stated too: there is room for it in the circuit of a run that never
/// reaches it. A straight line needs none.
#[test]
fn the_circuit_of_a_run_has_room_for_the_whole_program() {
    let source = format!("push 7\nhalt\n{}", "nop\n".repeat(20));
    let program = asm::assemble::<Fr>(&source).unwrap();
    for (set, _) in SETS {
        let trace = Trace::new(&program, None, set).unwrap();
        assert_eq!(trace.steps(), 1);
        for binding in Binding::ALL {
            let circuit = CircuitParams::for_trace(&trace, binding).unwrap();
            assert_eq!(circuit.k() > MIN_K, set.has_control());
            let params = KzgParams::insecure_dev(circuit.k()).unwrap();
            let source = KeySource::for_program(circuit, &program).unwrap();
            let key = Kzg::keygen_of(&params, &source).unwrap();
            let proof = Kzg::prove(&params, &key, &trace).unwrap();
            let statement = Statement::of(&trace).in_circuit(circuit);
            Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap();
        }
    }
}
