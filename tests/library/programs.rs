//! The programs in `programs/`: each gives what its first lines say, in the interpreter, under every binding
//! and by real proofs; and one key proves all of them.
//!
//! Those lines, which begin with `;` in a program of TinyRAM, are `# output: N`, `# input: ...` (the words that `read` pushes), `# secret: ...` (the private
//! tape), of a program that reads or writes, `# tape: ...` (the public tape afterwards) and, where that is told elsewhere, `# steps: N`.

use std::path::Path;
use std::time::Instant;

use halo2_proofs::dev::MockProver;
use halo2_stack_vm::asm::{self, TinyRam};
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::WitnessError;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, VerifyError};
use halo2_stack_vm::vm::{Inputs, Job, RunError, Trace};
use halo2curves::bn256::Fr;

/// A program and what its file says of it.
struct Example {
    name: String,
    program: Program<Fr>,
    inputs: Inputs<Fr>,
    output: Fr,
    tape: Vec<Fr>,
    steps: Option<Fr>,
}

impl Example {
    fn trace(&self, set: InstructionSet) -> Trace<Fr> {
        let job = Job::new(&self.program, set, &self.inputs);
        job.trace()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// All of them.
fn examples() -> Vec<Example> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let mut examples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            let tinyram = path.extension().is_some_and(|own| own == "tinyram");
            let comment = if tinyram { ';' } else { '#' };
            let words = |field: &str| -> Option<Vec<Fr>> {
                let start = format!("{comment} {field}:");
                let line = source.lines().find_map(|line| line.strip_prefix(&start))?;
                let words = line.split_whitespace();
                Some(words.map(|word| asm::parse_word(word).unwrap()).collect())
            };
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let output = words("output").unwrap_or_else(|| panic!("{name}: no output"));
            let (program, counted) = match tinyram {
                true => TinyRam::assemble(&source).map(|own| (own.program, own.reads)),
                false => asm::assemble(&source).map(|own| (own, [false; 2])),
            }
            .unwrap_or_else(|error| panic!("{name}: {error}"));
            let inputs = Inputs {
                public: words("input").unwrap_or_default(),
                secret: words("secret").unwrap_or_default(),
            };
            Example {
                program,
                inputs: inputs.counted(counted),
                output: output[0],
                tape: words("tape").unwrap_or_default(),
                steps: words("steps").map(|own| own[0]),
                name,
            }
        })
        .collect();
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(examples.len() >= 17);
    examples
}

#[test]
fn the_programs_give_what_they_say() {
    for example in examples() {
        let set = example.program.smallest_set();
        let trace = example.trace(set);
        let outcome = trace.outcome();
        assert_eq!(outcome.output, example.output, "{}", example.name);
        assert_eq!(outcome.tape, example.tape, "{}", example.name);
        let steps = Fr::from(outcome.steps as u64);
        assert!(
            example.steps.is_none_or(|own| own == steps),
            "{}",
            example.name
        );
        // A larger set gives the same.
        let larger = example.trace(InstructionSet::of(Opcode::ALL));
        assert_eq!(larger.outcome(), outcome, "{}", example.name);
        for binding in Binding::ALL {
            let params = CircuitParams::for_trace(&trace, binding).unwrap();
            // Of larger ones there are real proofs below; this takes longer than those.
            if params.k() > 12 {
                continue;
            }
            let source = KeySource::for_program(params, &example.program).unwrap();
            let instances = Statement::of(&trace).instances(params).unwrap();
            let circuit = StackVmCircuit::new(source, &trace).unwrap();
            let mock = MockProver::run(params.k(), &circuit, instances).unwrap();
            assert_eq!(mock.verify(), Ok(()), "{}, {binding:?}", example.name);
        }
    }
}

/// Proves an example with a key, and shows that the proof is one of no other output and no other tape.
fn prove<B: Backend>(
    params: &B::Parameters,
    key: &halo2_stack_vm::proof::ProvingKey<B>,
    example: &Example,
    trace: &Trace<Fr>,
) {
    let statement = Statement::of(trace).in_circuit(key.verifying_key().circuit());
    let proof = B::prove(params, key, trace).unwrap();
    let verify =
        |statement: &Statement<Fr>| B::verify(params, key.verifying_key(), statement, &proof);
    verify(&statement).unwrap_or_else(|error| panic!("{}: {error}", example.name));
    let mut falsehoods = vec![Statement {
        output: statement.output + Fr::one(),
        ..statement.clone()
    }];
    for word in 0..statement.tape.len() {
        let mut other = statement.clone();
        other.tape[word] += Fr::one();
        falsehoods.push(other);
    }
    for falsehood in falsehoods {
        let refused = verify(&falsehood).unwrap_err();
        assert!(
            matches!(refused, VerifyError::Invalid(_)),
            "{}: {refused}",
            example.name
        );
    }
}

fn each_is_proved<B: Backend>(params: impl Fn(u32) -> B::Parameters) {
    for example in examples() {
        let trace = example.trace(example.program.smallest_set());
        for binding in [Binding::Public, Binding::Fixed] {
            let circuit = CircuitParams::for_trace(&trace, binding).unwrap();
            let params = params(circuit.k());
            let source = KeySource::for_program(circuit, &example.program).unwrap();
            let key = B::keygen_of(&params, &source).unwrap();
            prove::<B>(&params, &key, &example, &trace);
        }
    }
}

#[test]
fn each_is_proved_with_kzg() {
    each_is_proved::<Kzg>(|k| KzgParams::insecure_dev(k).unwrap());
}

#[test]
fn each_is_proved_with_ipa() {
    each_is_proved::<Ipa>(|k| IpaParams::setup(k).unwrap());
}

/// One verifying key for all programs of a set.
fn one_key_proves_all(set: InstructionSet, least: usize) {
    let all = examples();
    let fits = |example: &&Example| {
        let own = example.program.smallest_set().members();
        own & !set.members() == 0
    };
    let traces: Vec<_> = all
        .iter()
        .filter(fits)
        .map(|example| (example, example.trace(set)))
        .collect();
    assert!(traces.len() >= least, "{} programs", traces.len());
    let sizes = traces.iter().map(|(_, trace)| {
        let circuit = CircuitParams::for_trace(trace, Binding::Public);
        circuit.unwrap().k()
    });
    let k = sizes.max().unwrap();
    let params = KzgParams::insecure_dev(k).unwrap();
    let circuit = CircuitParams::new(k, set, Binding::Public).unwrap();
    let key = Kzg::keygen(&params, circuit).unwrap();
    let start = Instant::now();
    for (example, trace) in &traces {
        prove::<Kzg>(&params, &key, example, trace);
    }
    println!(
        "{set}: one key of k = {k} proved {} programs in {:.1} s",
        traces.len(),
        start.elapsed().as_secs_f64()
    );
}

#[test]
fn one_key_proves_every_program_of_a_set() {
    one_key_proves_all(InstructionSet::STACK, 6);
    one_key_proves_all(InstructionSet::FULL, 17);
}

/// The private tape of `collatz.svm` for a number: for each step the bits of the half, then the parity.
fn collatz_secrets(mut n: u64) -> Vec<Fr> {
    const BITS: u32 = 5;
    let mut secrets = vec![];
    while n != 1 {
        let half = n / 2;
        assert_eq!(half >> BITS, 0, "{n} is too large");
        secrets.extend((0..BITS).rev().map(|bit| Fr::from(half >> bit & 1)));
        secrets.push(Fr::from(n % 2));
        n = if n.is_multiple_of(2) { half } else { 3 * n + 1 };
    }
    secrets
}

/// Whether every constraint of the circuit holds for a run: by the checker of witnesses and by halo2's.
fn satisfies(trace: &Trace<Fr>, binding: Binding) -> bool {
    let statement = Statement::of(trace);
    let params = CircuitParams::for_trace(trace, binding).unwrap();
    let source = KeySource::for_program(params, trace.program()).unwrap();
    let circuit = StackVmCircuit::new(source, trace).unwrap();
    let checked = circuit.check(&statement);
    assert!(
        matches!(checked, Ok(()) | Err(WitnessError::Unsatisfied { .. })),
        "{checked:?}"
    );
    let instances = statement.instances(params).unwrap();
    let mock = MockProver::run(params.k(), &circuit, instances).unwrap();
    assert_eq!(mock.verify().is_ok(), checked.is_ok(), "{checked:?}");
    checked.is_ok()
}

/// What a prover gives in secret is checked by the program: words with which it would say something false are
/// refused, at the instruction that is there for it, and by the circuit when the machine runs on.
#[test]
fn false_secrets_are_refused() {
    let words = |words: &[i64]| -> Vec<Fr> {
        let word = |own: &i64| match *own < 0 {
            true => -Fr::from(own.unsigned_abs()),
            false => Fr::from(own.unsigned_abs()),
        };
        words.iter().map(word).collect()
    };
    // 2 is even, and one step from 1. Were it odd, 7 would come next, and its 16 steps.
    let two = collatz_secrets(2);
    let odd = |half: &[Fr]| [half, &[Fr::one()], &collatz_secrets(7)].concat();
    let field_half = Fr::from(2).invert().unwrap();
    let no_bit = [[Fr::zero(); 4].as_slice(), &[field_half]].concat();
    let examples = examples();
    let own = |name: &str| {
        let example = examples.iter().find(|example| example.name == name);
        example.unwrap_or_else(|| panic!("no {name}"))
    };
    let secrets = |name: &str| own(name).inputs.secret.clone();
    let with = |name: &str, at: usize, word: i64| {
        let mut secrets = secrets(name);
        secrets[at] = words(&[word])[0];
        secrets
    };
    let public = |name: &str| own(name).inputs.public.clone();
    use Opcode::{AssertEq, Not};
    // What is public, what an honest prover gives, and what others do, with the instruction that refuses it.
    let cases = [
        (
            "vote",
            public("vote"),
            secrets("vote"),
            vec![
                (with("vote", 4, 2), Not),
                // The honest tally, by a vote less than none.
                (words(&[1, 1, 1, 1, -1]), Not),
            ],
        ),
        (
            "power",
            public("power"),
            secrets("power"),
            vec![
                // 29 in place of 13.
                (with("power", 0, 1), AssertEq),
                (with("power", 1, 2), Not),
            ],
        ),
        (
            "merkle",
            public("merkle"),
            secrets("merkle"),
            vec![
                (with("merkle", 0, 43), AssertEq),
                (with("merkle", 1, 8), AssertEq),
                (with("merkle", 2, 1), AssertEq),
                (with("merkle", 4, 2), Not),
            ],
        ),
        (
            "merkle_path",
            public("merkle_path"),
            secrets("merkle_path"),
            vec![
                (with("merkle_path", 0, 43), AssertEq),
                (with("merkle_path", 1, 8), AssertEq),
                // From the other side.
                (with("merkle_path", 2, 1), AssertEq),
            ],
        ),
        (
            "collatz",
            words(&[2]),
            two.clone(),
            vec![(odd(&two[..5]), AssertEq), (odd(&no_bit), Not)],
        ),
    ];
    for (name, public, honest, falsehoods) in cases {
        let program = &own(name).program;
        let set = program.smallest_set();
        let inputs = |secret| Inputs {
            public: public.clone(),
            secret,
        };
        let honest = inputs(honest);
        let honest = Job::new(program, set, &honest).trace().unwrap();
        for binding in Binding::ALL {
            assert!(satisfies(&honest, binding), "{name}, {binding:?}");
        }
        for (at, (secret, by)) in falsehoods.into_iter().enumerate() {
            let inputs = inputs(secret);
            let job = Job::new(program, set, &inputs);
            let refused = job.run().unwrap_err();
            assert!(
                matches!(refused, RunError::Fault { opcode, .. } if opcode == by),
                "{name}, {at}: {refused}"
            );
            let past_failure = job.trace_past_failure().unwrap();
            for binding in Binding::ALL {
                assert!(
                    !satisfies(&past_failure, binding),
                    "{name}, {at}, {binding:?}"
                );
            }
        }
    }
}

/// Two runs that differ in one iteration differ in its rows.
#[test]
fn a_fibonacci_number_takes_at_most_nine_rows_an_iteration() {
    let source = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/fibonacci.svm"),
    );
    let source = source.unwrap();
    let rows = |iterations: usize| {
        let source = source.replace(".const N 20", &format!(".const N {iterations}"));
        let program = asm::assemble::<Fr>(&source).unwrap();
        let trace = Trace::new(&program, None, program.smallest_set()).unwrap();
        trace.steps()
    };
    assert_ne!(rows(20), rows(21), "the constant is there");
    for iterations in [20, 100, 1000] {
        assert!(rows(iterations + 1) - rows(iterations) <= 9);
    }
}
