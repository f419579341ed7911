//! Exactly one byte string is a proof, and no bytes make the library panic.

use halo2_proofs::circuit::{Cell, Value};
use halo2_proofs::plonk::ConstraintSystem;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::chip::{ChipError, InstructionCells, WordCell};
use halo2_stack_vm::circuit::{Binding, CircuitParams, StackVmCircuit, Statement};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::file::{BackendName, FileError, ParametersKind, ProofFile, VERSION};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Parameters, ProvingKey};
use halo2_stack_vm::vm::{self, Trace};
use halo2_stack_vm::witness::Witness;
use halo2curves::bn256::Fr;
use halo2curves::serde::SerdeObject;
use proptest::prelude::*;
use rayon::prelude::*;

const STACK: InstructionSet = InstructionSet::STACK;

fn setting<B: Backend>(params: &B::Parameters) -> (ProvingKey<B>, Statement<Fr>, Vec<u8>) {
    let circuit = CircuitParams::new(params.k(), STACK, Binding::Public).unwrap();
    let key = B::keygen(params, circuit).unwrap();
    let program: Program<Fr> = [(1, 3), (1, 6), (3, 0)]
        .into_iter()
        .map(|(opcode, argument)| Instruction {
            opcode,
            argument: Fr::from(argument),
        })
        .collect();
    let trace = Trace::new(&program, None, STACK).unwrap();
    let proof = B::prove(params, &key, &trace).unwrap();
    (key, Statement::of(&trace), proof)
}

/// Every single-bit flip, every truncation, and trailing bytes.
fn one_encoding<B: Backend>(params: &B::Parameters)
where
    B::Parameters: Sync,
{
    let (key, statement, proof) = setting::<B>(params);
    let key = key.verifying_key();
    let accepted = |proof: &[u8]| B::verify(params, key, &statement, proof).is_ok();
    assert!(accepted(&proof));
    let flips = (0..8 * proof.len()).into_par_iter().filter(|bit| {
        let mut flipped = proof.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        accepted(&flipped)
    });
    assert_eq!(flips.count(), 0, "flips accepted");
    let cuts = (0..proof.len()).into_par_iter();
    assert_eq!(cuts.filter(|length| accepted(&proof[..*length])).count(), 0);
    for extra in [1, 31, 32, 64] {
        let mut longer = proof.clone();
        longer.resize(proof.len() + extra, 0);
        assert!(!accepted(&longer));
    }
}

#[test]
fn a_kzg_proof_has_one_encoding() {
    one_encoding::<Kzg>(&KzgParams::insecure_dev(4).unwrap());
}

#[test]
fn an_ipa_proof_has_one_encoding() {
    one_encoding::<Ipa>(&IpaParams::setup(4).unwrap());
}

/// The instance columns have one shape: what halo2 would take for the same columns, zeros appended,
/// is no statement.
#[test]
fn padded_instances_can_not_be_stated() {
    let params = IpaParams::setup(4).unwrap();
    let (key, statement, proof) = setting::<Ipa>(&params);
    let mut instances = statement.instances().unwrap();
    instances[0].push(Fr::zero());
    // IPA commits to the columns, and these commitments are the same.
    assert!(Ipa::verify_proof(&params, key.verifying_key(), &instances, &proof).is_ok());
    let mut padded = statement.program.instructions().to_vec();
    padded.push(Instruction {
        opcode: u64::MAX,
        argument: Fr::zero(),
    });
    let statement = Statement {
        program: Program::from(padded),
        output: statement.output,
    };
    assert!(Ipa::verify(&params, key.verifying_key(), &statement, &proof).is_err());
}

fn proof_file() -> ProofFile {
    let params = IpaParams::setup(4).unwrap();
    let (key, statement, proof) = setting::<Ipa>(&params);
    ProofFile {
        backend: BackendName::Ipa,
        parameters: ParametersKind::Transparent,
        parameters_digest: params.digest(),
        key_digest: key.verifying_key().digest(),
        circuit: key.verifying_key().circuit(),
        program_digest: statement.program.digest(),
        steps: statement.program.len(),
        statement,
        proof,
    }
}

#[test]
fn a_proof_file_round_trips() {
    let file = proof_file();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.proof.json");
    file.write(&path).unwrap();
    assert_eq!(ProofFile::read(&path).unwrap(), file);
    assert!(file.check().is_ok());
}

/// Each field of the file, edited: it is refused as such, or the statement is found to be another.
#[test]
fn an_edited_field_is_noticed() {
    let file = proof_file();
    let text = file.to_json().unwrap();
    let version = format!("\"version\": {VERSION}");
    let zeros = "0".repeat(64);
    let parameters = hex::encode(file.parameters_digest);
    let program = hex::encode(file.program_digest);
    let proof = hex::encode(&file.proof);
    // The verifying key's digest and a proof of the right length are for the verifier: tests/cli.rs.
    let edits = [
        (parameters.as_str(), zeros.as_str()),
        (program.as_str(), zeros.as_str()),
        (proof.as_str(), &proof[2..]),
        (proof.as_str(), &proof[1..]),
        ("\"public\"", "\"cells\""),
        ("halo2-stack-vm proof", "halo2-stack-vm prof"),
        (version.as_str(), "\"version\": 1"),
        ("\"ipa\"", "\"ipb\""),
        ("\"transparent\"", "\"opaque\""),
        ("\"k\": 4", "\"k\": 3"),
        ("\"k\": 4", "\"k\": 4294967295"),
        ("\"stack\"", "\"heap\""),
        ("\"public\"", "\"private\""),
        ("[1,\"3\"]", "[1,\"4\"]"),
        ("[1,\"3\"]", "[1,\"03\"]"),
        ("[1,\"3\"]", "[1,\"-3\"]"),
        ("[1,\"3\"]", "[1,3]"),
        ("[1,\"3\"]", "[2,\"3\"]"),
        ("\"steps\": 3", "\"steps\": 2"),
        ("\"output\": \"18\"", "\"output\": \"\""),
        ("\"output\": \"18\"", "\"outputs\": \"18\""),
    ];
    for (from, to) in edits {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from}");
        match ProofFile::from_json(&edited) {
            Ok(file) => assert!(file.check().is_err(), "{from} -> {to}"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn a_cut_proof_file_is_refused() {
    let text = proof_file().to_json().unwrap();
    for length in 0..text.trim_end().len() {
        assert!(ProofFile::from_json(&text[..length]).is_err(), "{length}");
    }
    assert!(matches!(
        ProofFile::from_json("{\"format\": \"zip\", \"version\": 1}"),
        Err(FileError::Format { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        prop_assert!(ProofFile::from_json(&text).is_err());
    }

    /// A changed byte anywhere in a file is refused by the reader, noticed by the check, or leaves
    /// something that is another statement, key, or proof: never the same file.
    #[test]
    fn a_changed_byte_is_another_file(at in 0usize..4000, byte in 32u8..127) {
        use std::sync::OnceLock;
        static FILE: OnceLock<(ProofFile, String)> = OnceLock::new();
        let (file, text) = FILE.get_or_init(|| {
            let file = proof_file();
            let text = file.to_json().unwrap();
            (file, text)
        });
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        let old = std::mem::replace(&mut bytes[at], byte);
        prop_assume!(!old.is_ascii_whitespace() && !byte.is_ascii_whitespace() && old != byte);
        if let Ok(changed) = ProofFile::from_json(&String::from_utf8(bytes).unwrap()) {
            prop_assert_ne!(&changed, file);
        }
    }
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
        opcode: cell,
        argument: cell,
    });
    let witness = Witness::new(&trace, 20).unwrap();
    see(&witness);
    let params = CircuitParams::new(5, STACK, Binding::Public).unwrap();
    let circuit = StackVmCircuit::new(params, &trace).unwrap();
    see(&circuit);

    // Errors, with their sources, while such words are on the stack.
    let mut errors: Vec<Box<dyn std::error::Error>> = vec![];
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
        let defiant = Trace::defiant(&program, None, STACK).unwrap();
        let circuit = StackVmCircuit::new(params, &defiant).unwrap();
        let error = circuit.check(&Statement::of(&defiant)).unwrap_err();
        errors.push(ChipError::from(error.clone()).into());
        errors.push(halo2_proofs::plonk::Error::from(ChipError::from(error.clone())).into());
        errors.push(error.into());
    }
    errors.push(vm::run(&program, Some(10), STACK).unwrap_err().into());
    errors.push(Witness::new(&trace, 5).unwrap_err().into());
    errors.push(witness.check(&program, Fr::from(2)).unwrap_err().into());
    let mut forged = witness;
    forged.columns_mut().words[0][5] += Fr::one();
    errors.push(forged.check(&program, Fr::one()).unwrap_err().into());

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
