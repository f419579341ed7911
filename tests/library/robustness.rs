//! Exactly one byte string is a proof, and no bytes make the library panic.

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{Binding, CircuitParams, Statement};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::file::{FileError, ProofFile, VERSION};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Parameters, ProvingKey};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::Fr;
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
    let mut instances = statement.instances(key.verifying_key().circuit()).unwrap();
    instances[0].push(Fr::zero());
    // IPA commits to the columns, and these commitments are the same.
    assert!(Ipa::verify_proof(&params, key.verifying_key(), &instances, &proof).is_ok());
    let mut padded = statement.program.instructions().to_vec();
    padded.push(Instruction {
        opcode: u64::MAX,
        argument: Fr::zero(),
    });
    let statement = Statement {
        program: Program::from(padded).canonical(STACK),
        output: statement.output,
        tape: vec![],
    };
    assert!(Ipa::verify(&params, key.verifying_key(), &statement, &proof).is_err());
}

fn proof_file() -> ProofFile {
    let params = IpaParams::setup(4).unwrap();
    let (key, statement, proof) = setting::<Ipa>(&params);
    ProofFile::new(&params, key.verifying_key(), statement, proof)
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
    let text = file.to_json();
    let version = format!("\"version\": {VERSION}");
    let zeros = "0".repeat(64);
    let parameters = hex::encode(file.parameters_digest);
    let program = hex::encode(file.program_digest);
    let proof = hex::encode(&file.proof);
    // The verifying key's digest and a proof of the right length are for the verifier: tests/cli/usage.rs.
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
        ("\"tape\": []", "\"tape\": [\"0\"]"),
        ("\"tape\": []", "\"tape\": [0]"),
        ("\"tape\": []", "\"tape\": [\"\"]"),
        ("\"tape\": []", "\"tape\": [[]]"),
        ("\"tape\": []", "\"tape\": {}"),
        ("\"tape\": []", "\"tape\": \"\""),
        ("\"tape\": []", "\"tape\": null"),
        ("\"tape\": []", "\"steps\": 3"),
        ("\"tape\": []", "\"tape\": [], \"tape\": []"),
        ("\"public\"", "\"fixed\""),
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

/// What a tape may hold: so many words as the circuit has rows, each in its one form.
#[test]
fn an_edited_tape_is_noticed() {
    let program = asm::assemble("read\nread\nadd\nwrite").unwrap();
    let inputs = Inputs {
        public: [3, 4].map(Fr::from).to_vec(),
        secret: vec![],
    };
    let set = InstructionSet::FULL;
    let trace = Job::new(&program, set, &inputs).trace().unwrap();
    let params = IpaParams::setup(4).unwrap();
    let circuit = CircuitParams::new(4, set, Binding::Public).unwrap();
    let key = Ipa::keygen(&params, circuit).unwrap();
    let statement = Statement::of(&trace);
    let proof = Ipa::prove(&params, &key, &trace).unwrap();
    let file = ProofFile::new(&params, key.verifying_key(), statement, proof);
    let verified = |file: &ProofFile| file.verify::<Ipa>(&params, key.verifying_key()).is_ok();
    let text = file.to_json();
    let honest = "\"tape\": [\"3\",\"4\",\"7\"]";
    assert_eq!(ProofFile::from_json(&text).unwrap(), file);
    assert!(verified(&file) && text.contains(honest));
    for (edit, refused) in [
        ("[\"3\",\"4\",\"8\"]", false),
        ("[\"3\",\"4\",\"7\",\"0\"]", false),
        ("[\"3\",\"4\"]", false),
        ("[\"4\",\"3\",\"7\"]", false),
        ("[]", false),
        ("[\"3\",\"4\",\"07\"]", true),
        ("[\"3\",\"4\",\"-7\"]", true),
        ("[\"3\",\"4\",\"0x7\"]", true),
        ("[\"3\",\"4\",7]", true),
        ("[\"3\",\"4\",\"7\",]", true),
        ("[[\"3\",\"4\",\"7\"]]", true),
    ] {
        let edited = text.replacen(honest, &format!("\"tape\": {edit}"), 1);
        match ProofFile::from_json(&edited) {
            Ok(other) => assert!(!refused && other != file && !verified(&other), "{edit}"),
            Err(error) => assert!(refused, "{edit}: {error}"),
        }
    }
    // The modulus, and the largest word.
    let largest = (-Fr::one()).to_integer();
    let with = |word: String| text.replacen(honest, &format!("\"tape\": [\"{word}\"]"), 1);
    assert!(ProofFile::from_json(&with(largest.to_string())).is_ok());
    assert!(ProofFile::from_json(&with((largest + 1u8).to_string())).is_err());
    // More words than rows.
    let mut longer = file.clone();
    longer.tape = vec![Fr::zero(); circuit.rows()];
    assert!(longer.check().is_ok() && !verified(&longer));
    longer.tape.push(Fr::zero());
    assert_eq!(longer.check().unwrap_err().field, "tape");
    // Words where the set has no tape.
    let mut without = proof_file();
    assert!(without.check().is_ok());
    without.tape = vec![Fr::zero()];
    assert_eq!(without.check().unwrap_err().field, "tape");
}

#[test]
fn a_cut_proof_file_is_refused() {
    let text = proof_file().to_json();
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
            let text = file.to_json();
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
