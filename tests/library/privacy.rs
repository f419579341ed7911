//! What a proof, a proof file, and what is printed of a run reveal: no word that is not in the statement.
//!
//! That a proof reveals nothing at all is halo2's property. Here is what a mistake in this crate would break: words
//! that are written into a proof, a file, or a message in any of their forms, and what of a proof depends on the
//! secrets.

use std::collections::BTreeSet;
use std::error::Error;

use halo2_proofs::circuit::{Cell, Value};
use halo2_proofs::plonk::ConstraintSystem;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::halo2::{
    ChipError, InstructionCells, MachineInput, OpcodeCell, ProgramInput, WordCell,
};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::Witness;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::file::ProofFile;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{self, Inputs, Job, RunError, Trace};
use halo2curves::bn256::Fr;
use halo2curves::serde::SerdeObject;

const STACK: InstructionSet = InstructionSet::STACK;
const FULL: InstructionSet = InstructionSet::FULL;

/// The product of two secrets, which is public; their sum and other words come and go. The third secret says which
/// way the run goes.
const PRODUCT: &str = "secret\nsecret\nover\nover\nadd\nmuli 3\ninv\npop\n\
                       secret\njnz 12\nnop\nnop\nmul\ndup\nwrite";

/// A word of full size, another one for each number.
fn large(number: u64) -> Fr {
    let start = Fr::from(0x1234_5678_9abc_def1 + number);
    (0..5).fold(start, |word, _| word.square() + Fr::from(number))
}

/// What [`PRODUCT`] gives.
fn product() -> Fr {
    large(0)
}

/// The run with this first factor.
fn run(factor: Fr, jumps: bool) -> Trace<Fr> {
    let program = asm::assemble(PRODUCT).unwrap();
    let other = product() * factor.invert().unwrap();
    let inputs = Inputs {
        public: vec![],
        secret: vec![factor, other, Fr::from(u64::from(jumps))],
    };
    Job::new(&program, FULL, &inputs).trace().unwrap()
}

/// The words of a run that are neither small nor stated: what its stack and its witness hold.
fn private_words(trace: &Trace<Fr>) -> Vec<Fr> {
    let statement = Statement::of(trace);
    let arguments = statement
        .program
        .instructions()
        .iter()
        .map(|own| own.argument);
    let stated: Vec<Fr> = arguments
        .chain([statement.output])
        .chain(statement.tape)
        .collect();
    let witness = Witness::new(trace, trace.steps()).unwrap();
    let columns = witness
        .columns()
        .iter()
        .flat_map(|(_, column)| column.clone());
    let stack = trace.rows().iter().flat_map(|row| row.window);
    let small = |word: &Fr| word.to_integer().bits() < 64 || (-*word).to_integer().bits() < 64;
    let mut words: Vec<Fr> = stack.chain(columns).collect();
    words.retain(|word| !small(word) && !stated.contains(word) && !stated.contains(&-*word));
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.to_integer()));
    words
}

/// The 32 bytes of a word as they could stand in a file: in either order, and as the field keeps them.
fn byte_forms(word: &Fr) -> [Vec<u8>; 4] {
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    let (bytes, raw) = (word.to_le_bytes().to_vec(), word.to_raw_bytes());
    [reversed(&bytes), reversed(&raw), bytes, raw]
}

fn holds(bytes: &[u8], words: &[Fr]) -> bool {
    let mut forms = words.iter().flat_map(byte_forms);
    forms.any(|form| bytes.windows(form.len()).any(|own| own == form))
}

fn proofs_hide<B: Backend>(params: &B::Parameters) {
    const PROOFS: usize = 3;
    let traces = [run(large(1), true), run(large(2), false)];
    let statement = Statement::of(&traces[0]);
    assert_eq!(statement, Statement::of(&traces[1]));
    assert_eq!(
        (statement.output, &statement.tape[..]),
        (product(), &[product()][..])
    );
    assert_ne!(traces[0].steps(), traces[1].steps());
    let words = traces.each_ref().map(private_words);
    for (own, number) in words.iter().zip([1, 2]) {
        // The secrets, what comes of them, and what a prover computes besides.
        let (a, b) = (large(number), product() * large(number).invert().unwrap());
        let sum = (a + b) * Fr::from(3);
        for word in [
            a,
            b,
            a + b,
            sum,
            sum.invert().unwrap(),
            -sum.invert().unwrap(),
        ] {
            assert!(own.contains(&word) || own.contains(&-word), "{word:?}");
        }
    }
    let words = words.concat();
    let texts = forms(&words);

    for binding in Binding::ALL {
        let circuit = CircuitParams::new(5, FULL, binding).unwrap();
        let source = KeySource::for_program(circuit, &statement.program).unwrap();
        let key = B::keygen_of(params, &source).unwrap();
        let mut proofs = BTreeSet::new();
        for trace in traces.iter().cycle().take(2 * PROOFS) {
            let instances = Statement::of(trace).instances(circuit).unwrap();
            assert_eq!(instances, statement.instances(circuit).unwrap());
            let proof = B::prove(params, &key, trace).unwrap();
            B::verify(params, key.verifying_key(), &statement, &proof).unwrap();
            let own = Statement::of(trace);
            let file = ProofFile::new(params, key.verifying_key(), own, proof.clone());
            let text = file.to_json();
            // The search finds a word that is public, and one that is put there.
            assert!(
                forms(&[product()])
                    .iter()
                    .any(|form| text.contains(form.as_str()))
            );
            for word in &words[..4] {
                for form in byte_forms(word) {
                    let mut leaking = proof.clone();
                    leaking.splice(77..77, form);
                    assert!(holds(&leaking, &words));
                    let file = ProofFile {
                        proof: leaking,
                        ..file.clone()
                    };
                    let text = file.to_json();
                    assert!(texts.iter().any(|form| text.contains(form.as_str())));
                }
            }
            // And none that is not.
            assert!(!holds(&proof, &words));
            assert!(!holds(text.as_bytes(), &words));
            let found = texts.iter().find(|form| text.contains(form.as_str()));
            assert_eq!(found, None);
            proofs.insert(proof);
        }
        // No two are the same, not even of one run; and all are as long.
        assert_eq!(proofs.len(), 2 * PROOFS);
        let lengths: BTreeSet<_> = proofs.iter().map(Vec::len).collect();
        assert_eq!(lengths.len(), 1);
    }
}

#[test]
fn kzg_proofs_hide_the_secrets() {
    proofs_hide::<Kzg>(&KzgParams::insecure_dev(5).unwrap());
}

#[test]
fn ipa_proofs_hide_the_secrets() {
    proofs_hide::<Ipa>(&IpaParams::setup(5).unwrap());
}

/// A program whose output is public and 1, and the words that its run has besides, all of them computed.
fn secretive() -> (Program<Fr>, Vec<Fr>) {
    let (a, b) = (
        Fr::from(0x1234_5678_9abc_def1),
        Fr::from(0xfedc_ba98_7654_3211),
    );
    let program = [
        (1, Fr::one()),
        (1, a),
        (1, b),
        (3, Fr::zero()),
        (1, a),
        (2, Fr::zero()),
        (1, b),
        (3, Fr::zero()),
        (4, Fr::zero()),
    ];
    let program = program
        .into_iter()
        .map(|(opcode, argument)| Instruction { opcode, argument })
        .collect();
    (program, vec![a * b, a * b + a, (a * b + a) * b])
}

/// The words in every form in which they could be printed.
fn forms(words: &[Fr]) -> Vec<String> {
    let written = |bytes: &[u8]| -> Vec<String> {
        // Bytes may be written as hexadecimal digits or as a list of numbers.
        let list: Vec<String> = bytes.iter().take(12).map(u8::to_string).collect();
        vec![
            hex::encode(bytes),
            hex::encode_upper(bytes),
            list.join(", "),
        ]
    };
    let of = |word: &Fr| {
        let integer = word.to_integer();
        let limbs = integer.to_u64_digits();
        let mut forms = vec![integer.to_string()];
        forms.extend(written(&integer.to_bytes_le()));
        forms.extend(written(&integer.to_bytes_be()));
        // The limbs of an integer, and of the Montgomery form in which the field keeps its words.
        let raw = word.to_raw_bytes();
        forms.extend(written(&raw));
        forms.extend(written(&raw.iter().rev().copied().collect::<Vec<u8>>()));
        let raw = raw
            .chunks_exact(8)
            .map(|limb| u64::from_le_bytes(limb.try_into().unwrap()));
        for limb in limbs.into_iter().chain(raw).filter(|limb| *limb > 1 << 32) {
            forms.push(limb.to_string());
            forms.push(format!("{limb:x}"));
        }
        forms
    };
    words.iter().flat_map(of).collect()
}

/// What is printed of a run shows no word that the run computed: neither the forms for debugging nor
/// errors.
#[test]
fn witness_words_are_not_printed() {
    let (program, words) = secretive();
    let forms = forms(&words);
    let shown = |text: &str| forms.iter().any(|form| text.contains(form.as_str()));
    // The search finds a word where one is.
    for word in &words {
        assert!(shown(&format!("{word:?}")) && shown(&word.to_integer().to_string()));
        assert!(shown(&format!("{:?}", word.to_le_bytes())));
    }
    let mut texts: Vec<String> = vec![];
    let mut see = |value: &dyn std::fmt::Debug| {
        texts.push(format!("{value:?}"));
        texts.push(format!("{value:#?}"));
    };

    let trace = Trace::new(&program, None, STACK).unwrap();
    assert!(trace.rows().iter().any(|row| row.window[0] == words[2]));
    assert!(trace.rows().iter().any(|row| row.window[1] == words[1]));
    see(&trace);
    see(&trace.rows());
    see(&trace.outcome());
    see(&Statement::of(&trace));
    let cell = Cell {
        row_offset: 1,
        column: ConstraintSystem::<Fr>::default().fixed_column().into(),
    };
    let cell = WordCell {
        cell,
        value: Value::known(words[0]),
    };
    see(&cell);
    see(&InstructionCells {
        opcode: OpcodeCell::encoded(cell, InstructionSet::STACK),
        argument: cell,
    });
    let witness = Witness::new(&trace, 20).unwrap();
    see(&witness);
    let params = CircuitParams::new(5, STACK, Binding::Public).unwrap();
    let source = KeySource::unfixed(params).unwrap();
    let circuit = StackVmCircuit::new(source.clone(), &trace).unwrap();
    see(&circuit);

    // Errors, with their sources, while such words are on the stack.
    let mut errors: Vec<Box<dyn Error>> = vec![];
    for wrong in [(3, 2), (99, 1)] {
        // The first underflows the stack, the second is no instruction.
        let start = program.instructions()[..6].iter().copied();
        let argument = Fr::zero();
        let end = Instruction {
            opcode: wrong.0,
            argument,
        };
        let program: Program<Fr> = start.chain(std::iter::repeat_n(end, wrong.1)).collect();
        errors.push(Trace::new(&program, None, STACK).unwrap_err().into());
        let inputs = Inputs::none();
        let past_failure = Job::new(&program, STACK, &inputs)
            .trace_past_failure()
            .unwrap();
        let circuit = StackVmCircuit::new(source.clone(), &past_failure).unwrap();
        let error = circuit.check(&Statement::of(&past_failure)).unwrap_err();
        errors.push(ChipError::from(error.clone()).into());
        errors.push(halo2_proofs::plonk::Error::from(ChipError::from(error.clone())).into());
        errors.push(error.into());
    }
    errors.push(vm::run(&program, Some(10), STACK).unwrap_err().into());
    errors.push(Witness::new(&trace, 5).unwrap_err().into());
    errors.push(
        witness
            .check(&program, Fr::from(2), &[])
            .unwrap_err()
            .into(),
    );
    let mut forged = witness;
    forged.columns_mut().words[0][5] += Fr::one();
    errors.push(forged.check(&program, Fr::one(), &[]).unwrap_err().into());

    let small = KzgParams::insecure_dev(4).unwrap();
    let key = Kzg::keygen(
        &small,
        CircuitParams::new(4, STACK, Binding::Public).unwrap(),
    )
    .unwrap();
    let instructions = program.instructions().iter().copied();
    let long: Program<Fr> = instructions.cycle().take(900).collect();
    let long = Trace::new(&long, None, STACK).unwrap();
    errors.push(Kzg::prove(&small, &key, &long).unwrap_err().into());
    let seed = Trace::new(&program, Some(8), InstructionSet::SEED).unwrap();
    errors.push(Kzg::prove(&small, &key, &seed).unwrap_err().into());
    let other = KzgParams::insecure_dev(5).unwrap();
    let short = Trace::new(&program, Some(8), STACK).unwrap();
    errors.push(Kzg::prove(&other, &key, &short).unwrap_err().into());
    let statement = Statement::of(&trace);
    let error = Kzg::verify(&small, key.verifying_key(), &statement, &[0; 100]);
    errors.push(error.unwrap_err().into());

    for error in &errors {
        let mut source = Some(error.as_ref());
        while let Some(error) = source {
            see(&error);
            see(&error.to_string());
            source = error.source();
        }
    }
    assert!(texts.len() > 50);
    for text in texts {
        assert!(!shown(&text), "{text}");
    }
}

/// Runs that fail on a secret word, and their errors.
fn failing(secret: Fr) -> Vec<(Program<Fr>, Inputs<Fr>, RunError)> {
    let other = |public: Vec<Fr>, secrets: usize| Inputs {
        public,
        secret: vec![secret; secrets],
    };
    let cases = [
        // To a secret address; a false assertion of each kind; no truth value; no inverse.
        ("push 0\nsecret\nret", other(vec![], 1)),
        ("push 0\nsecret\nassert", other(vec![], 1)),
        ("push 0\nsecret\nassert_eq 5", other(vec![], 1)),
        ("push 0\nsecret\nnot", other(vec![], 1)),
        ("push 0\nsecret\npush 1\nand", other(vec![], 1)),
        ("push 0\nsecret\ndup\nor", other(vec![], 1)),
        ("push 0\nsecret\ndup\nsub\ninv", other(vec![], 1)),
        // With it on the stack or the tape: too few words, none, a loop, a jump to nowhere, no instruction.
        ("push 0\nsecret\nrot", other(vec![], 1)),
        ("push 0\nsecret\nread", other(vec![], 1)),
        ("push 0\nsecret\nsecret", other(vec![], 1)),
        ("push 0\nsecret", other(vec![], 2)),
        ("push 0\nsecret", other(vec![secret], 1)),
        ("push 0\nsecret\njump 2", other(vec![], 1)),
        ("push 0\nsecret\njump 0", other(vec![], 1)),
        ("push 0\nsecret\ncall 0", other(vec![], 1)),
    ];
    let of = |(source, inputs): (&str, Inputs<Fr>)| {
        let program: Program<Fr> = asm::assemble(source).unwrap();
        // As text, a program goes nowhere else than to its addresses.
        let outside = |own: &Instruction<Fr>| Instruction {
            argument: own.argument + Fr::from(9 * u64::from(source.ends_with(" 0"))),
            ..*own
        };
        let program: Program<Fr> = match source.ends_with(" 0") {
            true => program.instructions().iter().map(outside).collect(),
            false => program,
        };
        let job = Job::new(&program, FULL, &inputs).max_steps(100);
        let error = job.run().unwrap_err();
        assert_eq!(job.trace().as_ref(), Err(&error));
        (program, inputs, error)
    };
    let mut failing: Vec<_> = cases.into_iter().map(of).collect();
    // A word is written that is not the one that is stated.
    let program = asm::assemble("push 0\nsecret\nwrite").unwrap();
    let inputs = other(vec![secret + Fr::one()], 1);
    let error = Job::new(&program, FULL, &inputs).whole_tape().run();
    failing.push((program, inputs.clone(), error.unwrap_err()));
    // An opcode of which there is no instruction.
    let start = asm::assemble::<Fr>("push 0\nsecret").unwrap();
    let program = Program::from(vec![
        start.instructions()[0],
        start.instructions()[1],
        Instruction {
            opcode: 99,
            argument: Fr::zero(),
        },
    ]);
    let error = Job::new(&program, FULL, &inputs).run();
    failing.push((program, inputs, error.unwrap_err()));
    failing
}

/// Errors of runs with secrets, and the forms for debugging of what holds them, show none.
#[test]
fn secrets_are_not_printed() {
    const WRITE: u64 = 29;
    let secret = large(7);
    let next = secret + Fr::one();
    let forms = forms(&[
        secret,
        next,
        -secret,
        secret + secret,
        secret.invert().unwrap(),
    ]);
    let shown = |text: &str| forms.iter().any(|form| text.contains(form.as_str()));
    assert!(shown(&format!("{:?}", Some(secret))) && shown(&format!("{:?}", vec![next])));
    let mut texts: Vec<String> = vec![];
    let mut see = |value: &dyn std::fmt::Debug| {
        texts.push(format!("{value:?}"));
        texts.push(format!("{value:#?}"));
    };

    let mut kinds = BTreeSet::new();
    let mut errors: Vec<Box<dyn Error>> = vec![];
    for (program, inputs, error) in failing(secret) {
        kinds.insert(error.kind());
        let job = Job::new(&program, FULL, &inputs);
        see(&inputs);
        see(&job);
        see(&job.clone().whole_tape());
        errors.push(ChipError::from(error.clone()).into());
        errors.push(halo2_proofs::plonk::Error::from(ChipError::from(error.clone())).into());
        errors.push(error.into());
        // Whoever goes on all the same; the one who writes the secret down makes it public.
        if program.instructions().iter().any(|own| own.opcode == WRITE) {
            continue;
        }
        let Ok(past_failure) = job.max_rows(50).trace_past_failure() else {
            continue;
        };
        see(&past_failure);
        see(&past_failure.rows());
        for binding in Binding::ALL {
            let params = CircuitParams::for_trace(&past_failure, binding).unwrap();
            let source = KeySource::for_program(params, &program).unwrap();
            let circuit = StackVmCircuit::new(source, &past_failure).unwrap();
            see(&circuit);
            if let Err(error) = circuit.check(&Statement::of(&past_failure)) {
                errors.push(ChipError::from(error.clone()).into());
                errors.push(error.into());
            }
        }
        see(&Witness::new(&past_failure, 60).unwrap());
    }
    let expected = [
        "fault",
        "invalid_opcode",
        "other_word",
        "outside_program",
        "stack_underflow",
        "tape_end",
        "too_many_steps",
        "unread",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);

    // What a chip is handed.
    let cell = Cell {
        row_offset: 1,
        column: ConstraintSystem::<Fr>::default().fixed_column().into(),
    };
    let cell = WordCell {
        cell,
        value: Value::known(secret),
    };
    let cells = [InstructionCells {
        opcode: OpcodeCell::encoded(cell, InstructionSet::STACK),
        argument: cell,
    }];
    let tape = [cell, cell];
    see(&MachineInput {
        program: ProgramInput::Cells(&cells),
        tape: &tape,
    });

    // A prover whose run does not fit, or is not one of the key's program.
    let params = KzgParams::insecure_dev(4).unwrap();
    let trace = run(secret, true);
    for (binding, program) in [
        (Binding::Public, trace.program().clone()),
        (Binding::Fixed, asm::assemble("secret").unwrap()),
    ] {
        let circuit = CircuitParams::new(4, FULL, binding).unwrap();
        let source = KeySource::for_program(circuit, &program);
        let source = source.unwrap_or_else(|_| KeySource::unfixed(circuit).unwrap());
        let key = Kzg::keygen_of(&params, &source).unwrap();
        see(&key);
        errors.push(Kzg::prove(&params, &key, &trace).unwrap_err().into());
    }

    for error in &errors {
        let mut source = Some(error.as_ref());
        while let Some(error) = source {
            see(&error);
            see(&error.to_string());
            source = error.source();
        }
    }
    assert!(texts.len() > 300, "{}", texts.len());
    for text in texts {
        assert!(!shown(&text), "{text}");
    }
}
