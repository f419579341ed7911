//! A key file is read as the key that was written, or refused, whatever its bytes.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ff::{Field, PrimeField};
use group::prime::PrimeCurveAffine;
use group::{Curve, GroupEncoding};
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_stack_vm::asm;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, MIN_K, Statement};
use halo2_stack_vm::proof::file::{
    BackendName, FileError, FileVerifyError, ParametersKind, ProofFile, VERSION,
};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::srs::PointProblem;
use halo2_stack_vm::proof::{Backend, Cost, VerifyError};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::{Bn256, Fq, Fq2, Fr, G1Affine, G2Affine};
use rand_core::OsRng;

const K: u32 = MIN_K;
/// What the readers here admit.
const MAX_K: u32 = 17;

const STACK: InstructionSet = InstructionSet::STACK;

fn circuit(set: InstructionSet, binding: Binding) -> CircuitParams {
    let k = K.max(CircuitParams::least_k(set));
    CircuitParams::new(k, set, binding).unwrap()
}

fn ipa_params() -> IpaParams {
    IpaParams::setup(K).unwrap()
}

fn dev_params() -> KzgParams {
    KzgParams::insecure_dev(K).unwrap()
}

/// Parameters of a secret that was thrown away, read from a file as a ceremony's are.
fn ceremony_params() -> KzgParams {
    static PARAMS: OnceLock<KzgParams> = OnceLock::new();
    let read = || {
        let file = tempfile::NamedTempFile::new().unwrap();
        let made = ParamsKZG::<Bn256>::setup(K, OsRng);
        made.write(&mut file.as_file()).unwrap();
        KzgParams::from_srs(file.path(), K).unwrap()
    };
    PARAMS.get_or_init(read).clone()
}

/// The program that a key holds, if it holds one.
const PROGRAM: &str = "push 3\npush 6\nmul";

fn source(circuit: CircuitParams, source: &str) -> KeySource<Fr> {
    KeySource::for_program(circuit, &asm::assemble(source).unwrap()).unwrap()
}

fn ipa_key(circuit: CircuitParams) -> KeyFile {
    KeyFile::of_ipa(&Ipa::keygen_vk_of(&ipa_params(), &source(circuit, PROGRAM)).unwrap())
}

fn kzg_key(params: &KzgParams, circuit: CircuitParams) -> KeyFile {
    kzg_key_of(params, &source(circuit, PROGRAM))
}

fn kzg_key_of(params: &KzgParams, source: &KeySource<Fr>) -> KeyFile {
    KeyFile::of_kzg(&Kzg::keygen_vk_of(params, source).unwrap(), params).unwrap()
}

/// A key of each backend and each kind of parameters.
fn keys(circuit: CircuitParams) -> [KeyFile; 3] {
    [
        ipa_key(circuit),
        kzg_key(&dev_params(), circuit),
        kzg_key(&ceremony_params(), circuit),
    ]
}

fn read(bytes: &[u8]) -> Result<KeyFile, FileError> {
    KeyFile::read_from(bytes, MAX_K)
}

fn refused(bytes: &[u8]) -> FileError {
    let error = read(bytes).unwrap_err();
    assert!(!error.to_string().is_empty());
    error
}

// Where things are.
const VERSION_AT: usize = 8;
const BACKEND_AT: usize = 12;
const KIND_AT: usize = 16;
const K_AT: usize = 20;
const BINDING_AT: usize = 24;
const SET_AT: usize = 28;
const PARAMS_DIGEST_AT: usize = 36;
const KEY_DIGEST_AT: usize = 68;
const PROGRAM_DIGEST_AT: usize = 100;
const HEADER: usize = 132;
const S_G2_AT: usize = HEADER + 32;
const CHECKSUM: usize = 32;

fn blake2b(personal: &[u8], bytes: &[u8]) -> [u8; 32] {
    let hash = blake2b_simd::Params::new()
        .hash_length(32)
        .personal(personal)
        .hash(bytes);
    hash.as_bytes().try_into().unwrap()
}

/// The file with other bytes at some places, and the checksum of what is there then.
fn forged(honest: &[u8], edits: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for (at, new) in edits {
        bytes[*at..at + new.len()].copy_from_slice(new);
    }
    summed(bytes)
}

fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - CHECKSUM;
    let checksum = blake2b(b"StackVm.Key", &bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

/// The digest of the parameters with this point.
fn params_digest(s_g2: &G2Affine) -> [u8; 32] {
    let generator = G2Affine::generator().to_bytes();
    let parts = [b"kzg bn254", generator.as_ref(), s_g2.to_bytes().as_ref()]
        .map(|part| [&(part.len() as u64).to_le_bytes(), part].concat())
        .concat();
    blake2b(b"StackVm.Params", &parts)
}

/// The KZG file with other parameters.
fn with_params(honest: &[u8], kind: u32, s_g1: &G1Affine, s_g2: &G2Affine) -> Vec<u8> {
    forged(
        honest,
        &[
            (KIND_AT, &kind.to_le_bytes()),
            (PARAMS_DIGEST_AT, &params_digest(s_g2)),
            (HEADER, s_g1.to_bytes().as_ref()),
            (S_G2_AT, s_g2.to_bytes().as_ref()),
        ],
    )
}

fn with_secret(honest: &[u8], kind: u32, secret: Fr) -> Vec<u8> {
    let s_g1 = (G1Affine::generator() * secret).to_affine();
    let s_g2 = (G2Affine::generator() * secret).to_affine();
    with_params(honest, kind, &s_g1, &s_g2)
}

const CEREMONY: u32 = 2;
const INSECURE_DEV: u32 = 3;

#[test]
fn a_key_file_round_trips() {
    for (_, set) in InstructionSet::NAMED.iter().copied() {
        for binding in Binding::ALL {
            for key in keys(circuit(set, binding)) {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("a.vkey");
                assert!(!KeyFile::has_form(&path));
                key.write(&path).unwrap();
                assert!(KeyFile::has_form(&path));
                let found = KeyFile::read(&path, K).unwrap();
                assert_eq!(found.backend(), key.backend());
                assert_eq!(found.parameters(), key.parameters());
                assert_eq!(found.circuit(), circuit(set, binding).canonical());
                assert_eq!(found.digest(), key.digest());
                assert_eq!(found.program(), key.program());
                let program = asm::assemble::<Fr>(PROGRAM).unwrap();
                let program = program.canonical(set).digest();
                let fixed = binding == Binding::Fixed;
                assert_eq!(found.program(), fixed.then_some(program));
                assert_eq!(found.parameters_digest(), key.parameters_digest());
                assert_eq!(found.to_bytes(), key.to_bytes());
                println!(
                    "{} {} {}: {} bytes",
                    key.backend().name(),
                    set,
                    binding.name(),
                    key.to_bytes().len()
                );
            }
        }
    }
}

/// Every set that a file can name has a circuit, so that no file makes the reader panic.
#[test]
fn every_set_of_members_has_a_circuit() {
    // The first six instructions in every combination, and others that hash to many.
    let all = InstructionSet::of(Opcode::ALL).members();
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let many = (0..200u128).map(|i| i.wrapping_mul(ODD) >> 20 & all | 3);
    let mut sets = 0;
    for members in (0..64).chain(many) {
        for binding in Binding::ALL {
            if let Some(set) = InstructionSet::from_members(members) {
                Cost::of(circuit(set, binding));
                sets += 1;
            }
        }
    }
    assert!(sets > 600);
}

fn proved<B: Backend>(params: &B::Parameters) -> ProofFile {
    let trace = Trace::new(&asm::assemble(PROGRAM).unwrap(), None, STACK).unwrap();
    proved_run::<B>(params, &trace, Binding::Public)
}

fn proved_run<B: Backend>(
    params: &B::Parameters,
    trace: &Trace<Fr>,
    binding: Binding,
) -> ProofFile {
    let circuit = circuit(trace.set(), binding);
    let source = KeySource::for_program(circuit, trace.program()).unwrap();
    let key = B::keygen_of(params, &source).unwrap();
    let proof = B::prove(params, &key, trace).unwrap();
    ProofFile::new(params, key.verifying_key(), Statement::of(trace), proof)
}

fn proofs() -> [ProofFile; 3] {
    [
        proved::<Ipa>(&ipa_params()),
        proved::<Kzg>(&dev_params()),
        proved::<Kzg>(&ceremony_params()),
    ]
}

#[test]
fn a_key_from_a_file_verifies() {
    let generators = ipa_params();
    for (key, proof) in keys(circuit(STACK, Binding::Public)).iter().zip(proofs()) {
        let key = read(&key.to_bytes()).unwrap();
        key.verify(&proof, None).unwrap();
        // KZG has none.
        let verdict = key.verify(&proof, Some(&generators));
        assert_eq!(verdict.is_ok(), key.backend() == BackendName::Ipa);
        let mut false_output = proof.clone();
        false_output.output += Fr::ONE;
        assert!(matches!(
            key.verify(&false_output, None),
            Err(FileVerifyError::Verify(VerifyError::Invalid(_)))
        ));
        let mut edited = proof.clone();
        edited.program_digest[0] ^= 1;
        assert!(matches!(
            key.verify(&edited, None),
            Err(FileVerifyError::Contradiction(_))
        ));
        let mut longer = proof.clone();
        longer.proof.push(0);
        assert!(key.verify(&longer, None).is_err());
    }
    let other = IpaParams::setup(K + 1).unwrap();
    assert!(matches!(
        keys(circuit(STACK, Binding::Public))[0].verify(&proofs()[0], Some(&other)),
        Err(FileVerifyError::Contradiction(other)) if other.field == "parameters_digest"
    ));
}

#[test]
fn a_proof_of_another_key_is_refused_by_name() {
    let [ipa, dev, ceremony] = proofs();
    let key = kzg_key(&dev_params(), circuit(STACK, Binding::Public));
    key.verify(&dev, None).unwrap();
    let differs = |key: &KeyFile, proof: &ProofFile| match key.verify(proof, None) {
        Err(FileVerifyError::Contradiction(other)) => other.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(differs(&key, &ipa), "backend");
    assert_eq!(differs(&key, &ceremony), "parameters");
    let seed = kzg_key(
        &dev_params(),
        circuit(InstructionSet::SEED, Binding::Public),
    );
    assert_eq!(differs(&seed, &dev), "instruction_set");
    let cells = kzg_key(&dev_params(), circuit(STACK, Binding::Cells));
    assert_eq!(differs(&cells, &dev), "binding");
    let larger = KzgParams::insecure_dev(K + 1).unwrap();
    let larger = kzg_key(
        &larger,
        CircuitParams::new(K + 1, STACK, Binding::Public).unwrap(),
    );
    assert_eq!(differs(&larger, &dev), "k");
    let mut edited = dev.clone();
    edited.parameters_digest[0] ^= 1;
    assert_eq!(differs(&key, &edited), "parameters_digest");
    let mut edited = dev.clone();
    edited.key_digest[0] ^= 1;
    assert_eq!(differs(&key, &edited), "verifying_key_digest");
}

/// A proof of another program is none of a key that holds one.
#[test]
fn a_proof_of_another_program_is_refused() {
    let params = dev_params();
    let run = |source: &str| Trace::new(&asm::assemble(source).unwrap(), None, STACK).unwrap();
    let proof = |source: &str| proved_run::<Kzg>(&params, &run(source), Binding::Fixed);
    let key = kzg_key(&params, circuit(STACK, Binding::Fixed));
    let key = read(&key.to_bytes()).unwrap();
    let own = proof(PROGRAM);
    key.verify(&own, None).unwrap();

    let other = proof("push 6\npush 3\nmul");
    assert_eq!(own.output, other.output);
    let differs = |proof: &ProofFile| match key.verify(proof, None) {
        Err(FileVerifyError::Contradiction(other)) => other.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(differs(&other), "program_digest");
    // It claims this program's digest, and this key's too.
    let mut claims = other.clone();
    claims.program_digest = own.program_digest;
    assert_eq!(differs(&claims), "verifying_key_digest");
    claims.key_digest = own.key_digest;
    assert!(matches!(
        key.verify(&claims, None),
        Err(FileVerifyError::Verify(VerifyError::Invalid(_)))
    ));
    // Under a key file that states the other program, what is checked is still the key.
    let lies = forged(
        &key.to_bytes(),
        &[(PROGRAM_DIGEST_AT, &other.program_digest)],
    );
    let lies = read(&lies).unwrap();
    assert_eq!(lies.program(), Some(other.program_digest));
    let mut claims = other.clone();
    claims.key_digest = own.key_digest;
    assert!(matches!(
        lies.verify(&claims, None),
        Err(FileVerifyError::Verify(VerifyError::Invalid(_)))
    ));
}

/// Without a program in the key there is no digest of one.
#[test]
fn a_program_digest_without_a_program_is_refused() {
    for binding in [Binding::Public, Binding::Cells] {
        for key in keys(circuit(STACK, binding)) {
            let honest = key.to_bytes();
            assert_eq!(honest[PROGRAM_DIGEST_AT..HEADER], [0; 32]);
            assert_eq!(read(&honest).unwrap().program(), None);
            for at in [0, 13, 31] {
                let error = refused(&forged(&honest, &[(PROGRAM_DIGEST_AT + at, &[1])]));
                assert!(matches!(
                    error,
                    FileError::Field {
                        field: "program_digest",
                        ..
                    }
                ));
            }
        }
    }
}

/// A key of another binding's length that states this one.
#[test]
fn a_key_file_that_changes_its_binding_is_refused() {
    for set in [STACK, InstructionSet::FULL] {
        for key in keys(circuit(set, Binding::Fixed)) {
            let honest = key.to_bytes();
            for binding in [1u32, 2] {
                let number = (BINDING_AT, &binding.to_le_bytes()[..]);
                assert!(matches!(
                    refused(&forged(&honest, &[number])),
                    FileError::Field {
                        field: "program_digest",
                        ..
                    }
                ));
                let zeros = (PROGRAM_DIGEST_AT, &[0; 32][..]);
                assert!(matches!(
                    refused(&forged(&honest, &[number, zeros])),
                    FileError::Length { .. }
                ));
            }
        }
    }
}

/// The tape of a proof file is what is verified.
#[test]
fn a_key_from_a_file_verifies_tapes() {
    let params = dev_params();
    let program = asm::assemble("read\nsecret\nmul\nwrite\nread").unwrap();
    let inputs = Inputs {
        public: [6, 8].map(Fr::from).to_vec(),
        secret: vec![Fr::from(7)],
    };
    let job = Job::new(&program, InstructionSet::FULL, &inputs);
    let trace = job.trace().unwrap();
    for binding in Binding::ALL {
        let circuit = circuit(InstructionSet::FULL, binding);
        let source = KeySource::for_program(circuit, &program).unwrap();
        let key = read(&kzg_key_of(&params, &source).to_bytes()).unwrap();
        let proof = proved_run::<Kzg>(&params, &trace, binding);
        key.verify(&proof, None).unwrap();
        assert_eq!(proof.tape, [6, 42, 8].map(Fr::from));
        let with_tape = |tape: Vec<Fr>| {
            let mut other = proof.clone();
            other.tape = tape;
            key.verify(&other, None)
        };
        let tape = &proof.tape;
        for other in [
            [&tape[..], &[Fr::ZERO]].concat(),
            tape[..2].to_vec(),
            [6, 43, 8].map(Fr::from).to_vec(),
        ] {
            assert!(matches!(
                with_tape(other),
                Err(FileVerifyError::Verify(VerifyError::Invalid(_)))
            ));
        }
        assert!(matches!(
            with_tape(vec![Fr::ZERO; circuit.rows() + 1]),
            Err(FileVerifyError::Contradiction(contradiction)) if contradiction.field == "tape"
        ));
    }
}

#[test]
fn a_key_goes_with_its_parameters() {
    let key = Kzg::keygen_vk(&dev_params(), circuit(STACK, Binding::Public)).unwrap();
    assert!(matches!(
        KeyFile::of_kzg(&key, &ceremony_params()),
        Err(FileError::WrongParams)
    ));
}

/// With KZG, a key of one digest is a key with any parameters; their fingerprints differ.
#[test]
fn a_fingerprint_covers_all_of_a_key_file() {
    let circuit = circuit(InstructionSet::STACK, Binding::Public);
    let [ipa, kzg, dev] = keys(circuit);
    let mut fingerprints = vec![];
    for key in [&ipa, &kzg, &dev] {
        let bytes = key.to_bytes();
        assert_eq!(key.fingerprint(), bytes[bytes.len() - 32..]);
        let found = read(&bytes).unwrap();
        assert_eq!(found.fingerprint(), key.fingerprint());
        fingerprints.push(key.fingerprint());
    }
    // Whoever drew this secret can prove anything with it.
    let other = [&kzg, &dev]
        .into_iter()
        .find(|key| key.parameters() == ParametersKind::Ceremony)
        .expect("one is of a ceremony");
    let secret = Fr::from_raw([3, 1, 4, 1]);
    let other_params = read(&with_secret(&other.to_bytes(), CEREMONY, secret)).unwrap();
    assert_eq!(other_params.digest(), other.digest());
    assert_ne!(other_params.parameters_digest(), other.parameters_digest());
    fingerprints.push(other_params.fingerprint());
    let distinct: std::collections::BTreeSet<_> = fingerprints.iter().collect();
    assert_eq!(distinct.len(), 4);
}

/// Every truncation, every single bit, with the honest checksum and with the right one, and bytes at the
/// end.
#[test]
fn a_key_has_one_encoding() {
    for key in keys(circuit(STACK, Binding::Cells)) {
        let honest = key.to_bytes();
        assert!(read(&honest).is_ok());
        for length in 0..honest.len() {
            let error = refused(&honest[..length]);
            assert!(matches!(
                error,
                FileError::Format { .. } | FileError::Length { .. }
            ));
        }
        for bit in 0..8 * honest.len() {
            let mut flipped = honest.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(&flipped);
            if bit / 8 < honest.len() - CHECKSUM {
                refused(&summed(flipped));
            }
        }
        for extra in [1, 31, 32, 100_000] {
            let mut longer = honest.clone();
            longer.resize(honest.len() + extra, 0);
            let expected = honest.len();
            assert!(matches!(refused(&longer), FileError::Length { expected: e } if e == expected));
            assert!(matches!(refused(&summed(longer)), FileError::Length { .. }));
        }
    }
}

/// A set with instructions beyond the first 63 takes 8 bytes more, and only such a one.
#[test]
fn a_set_of_many_instructions_is_read_as_it_is_written() {
    let set = STACK.and(&[Opcode::Addi64]);
    let circuit = circuit(set, Binding::Public);
    let key = kzg_key(&dev_params(), circuit);
    let honest = key.to_bytes();
    let read_again = read(&honest).unwrap();
    assert_eq!(read_again.circuit(), circuit);
    assert_eq!(read_again.fingerprint(), key.fingerprint());
    let first = STACK.members() as u64 | 1 << 63;
    let more = (set.members() >> 63) as u64;
    assert_eq!(
        honest[SET_AT..SET_AT + 16],
        [first, more].map(u64::to_le_bytes).concat()
    );
    for more in [0, more | 1 << 63, more | 1 << 62, u64::MAX] {
        let error = refused(&forged(&honest, &[(SET_AT + 8, &more.to_le_bytes())]));
        let FileError::Field { field, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(field, "instruction_set");
    }
    for len in 0..honest.len() {
        refused(&honest[..len]);
    }
}

#[test]
fn a_lying_header_is_refused() {
    let public = circuit(STACK, Binding::Public);
    for key in keys(public) {
        let honest = key.to_bytes();
        assert!(read(&forged(&honest, &[])).is_ok());
        let number =
            |at: usize, number: u32| refused(&forged(&honest, &[(at, &number.to_le_bytes())]));
        let field = |error: FileError| match error {
            FileError::Field { field, .. } => field,
            other => panic!("{other:?}"),
        };
        let contradiction = |error: FileError| match error {
            FileError::Contradiction(contradiction) => contradiction.field,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            number(VERSION_AT, VERSION + 1),
            FileError::Version { found } if found == VERSION + 1
        ));
        for (at, name) in [
            (BACKEND_AT, "backend"),
            (KIND_AT, "parameters"),
            (BINDING_AT, "binding"),
        ] {
            assert_eq!(field(number(at, 0)), name);
            assert_eq!(field(number(at, 9)), name);
        }
        // The other backend has no such parameters.
        let backend = 3 - u32::from(honest[BACKEND_AT]);
        assert_eq!(field(number(BACKEND_AT, backend)), "parameters");
        for k in [0, 3, 25, u32::MAX] {
            assert_eq!(field(number(K_AT, k)), "k");
        }
        assert!(matches!(
            number(K_AT, MAX_K + 1),
            FileError::LargeCircuit {
                k: 18,
                max_k: MAX_K
            }
        ));
        assert!(matches!(number(K_AT, K + 1), FileError::OtherCircuit));
        assert!(matches!(number(BINDING_AT, 2), FileError::Length { .. }));
        let set = |members: u64| refused(&forged(&honest, &[(SET_AT, &members.to_le_bytes())]));
        let [stack, seed] = [STACK, InstructionSet::SEED].map(|own| own.members() as u64);
        // What follows the most significant bit are more instructions, and here there are none such.
        for members in [0, 1, u64::MAX, stack | 1 << 63] {
            assert_eq!(field(set(members)), "instruction_set");
        }
        assert_eq!(contradiction(set(seed)), "verifying_key_digest");
        for (at, name) in [
            (PARAMS_DIGEST_AT, "parameters_digest"),
            (KEY_DIGEST_AT, "verifying_key_digest"),
        ] {
            assert_eq!(
                contradiction(refused(&forged(&honest, &[(at, &[7; 32])]))),
                name
            );
        }

        // The key's own part: another k, where both say so; another circuit's; selectors; a length.
        let inner = honest.len() - CHECKSUM - 10 - 2 * 32;
        let k = [6, 0, 0, 0];
        let grown = refused(&forged(&honest, &[(K_AT, &k), (inner + 1, &k)]));
        match key.backend() {
            BackendName::Ipa => assert_eq!(contradiction(grown), "parameters_digest"),
            BackendName::Kzg => assert_eq!(contradiction(grown), "verifying_key_digest"),
        }
        for at in [0, 5, 6, 9] {
            assert!(matches!(
                refused(&forged(&honest, &[(inner + at, &[honest[inner + at] ^ 1])])),
                FileError::OtherCircuit
            ));
        }
        let point = |bytes: &[u8]| match refused(&forged(&honest, &[(inner + 10, bytes)])) {
            FileError::Point { offset, problem } => {
                assert_eq!(offset, inner + 10);
                problem
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(point(&[255; 32]), PointProblem::NotCanonical);
        let modulus = {
            let mut bytes = (-Fq::one()).to_repr();
            bytes[0] += 1;
            bytes
        };
        assert_eq!(point(&modulus), PointProblem::NotCanonical);
        assert_eq!(point(&off_curve()), PointProblem::NotOnCurve);
        let mut flagged: [u8; 32] = honest[inner + 10..inner + 42].try_into().unwrap();
        flagged[31] |= 0x80;
        assert_eq!(point(&flagged), PointProblem::Flags);
        // A point of the group, but another one.
        let other = G1Affine::generator().to_bytes();
        let other = refused(&forged(&honest, &[(inner + 10, other.as_ref())]));
        assert_eq!(contradiction(other), "verifying_key_digest");
    }
}

/// A coordinate of no point.
fn off_curve() -> [u8; 32] {
    (1u8..)
        .map(|x| {
            let mut bytes = [0; 32];
            bytes[0] = x;
            bytes
        })
        .find(|bytes| {
            let mut encoding = <G1Affine as GroupEncoding>::Repr::default();
            encoding.as_mut().copy_from_slice(bytes);
            bool::from(G1Affine::from_bytes(&encoding).is_none())
        })
        .unwrap()
}

/// The key of a larger circuit, cut to the length of the right one.
#[test]
fn another_circuits_key_is_refused() {
    let params = dev_params();
    let public = kzg_key(&params, circuit(STACK, Binding::Public)).to_bytes();
    let seed = kzg_key(&params, circuit(InstructionSet::SEED, Binding::Public)).to_bytes();
    let larger = KzgParams::insecure_dev(K + 1).unwrap();
    let larger = kzg_key(
        &larger,
        CircuitParams::new(K + 1, STACK, Binding::Public).unwrap(),
    );
    let inner = public.len() - CHECKSUM - 10 - 2 * 32;
    let body = |other: &[u8]| other[inner + 10..inner + 74].to_vec();
    for other in [&seed, &larger.to_bytes()] {
        // The fixed columns of the two sets are the same; those of another size are not.
        let swapped = forged(&public, &[(inner + 10, &body(other))]);
        if swapped != public {
            assert!(matches!(
                refused(&swapped),
                FileError::Contradiction(contradiction)
                    if contradiction.field == "verifying_key_digest"
            ));
        }
        // Its digest too.
        let swapped = forged(
            &swapped,
            &[(KEY_DIGEST_AT, &other[KEY_DIGEST_AT..KEY_DIGEST_AT + 32])],
        );
        assert!(matches!(
            refused(&swapped),
            FileError::Contradiction(contradiction)
                if contradiction.field == "verifying_key_digest"
        ));
    }
}

#[test]
fn parameters_that_lie_are_refused() {
    let honest = kzg_key(&ceremony_params(), circuit(STACK, Binding::Public)).to_bytes();
    let dev = kzg_key(&dev_params(), circuit(STACK, Binding::Public)).to_bytes();
    let parameters_digest = |error: FileError| match error {
        FileError::Contradiction(contradiction) => {
            assert_eq!(contradiction.field, "parameters_digest");
        }
        other => panic!("{other:?}"),
    };
    let known = |error: FileError| match error {
        FileError::KnownSecret { secret } => secret,
        other => panic!("{other:?}"),
    };
    let problem = |error: FileError, at: usize| match error {
        FileError::Point { offset, problem } => {
            assert_eq!(offset, at);
            problem
        }
        other => panic!("{other:?}"),
    };
    // Another secret than the digest's.
    let other = (G2Affine::generator() * Fr::from(1 << 40)).to_affine();
    parameters_digest(refused(&forged(
        &honest,
        &[(S_G2_AT, other.to_bytes().as_ref())],
    )));
    // Another secret in G1 than in G2.
    let s_g1 = (G1Affine::generator() * Fr::from(1 << 41)).to_affine();
    assert!(matches!(
        refused(&with_params(&honest, CEREMONY, &s_g1, &other)),
        FileError::NotPowers
    ));
    assert!(matches!(
        refused(&forged(&honest, &[(HEADER, s_g1.to_bytes().as_ref())])),
        FileError::NotPowers
    ));
    // Development parameters that claim to be a ceremony's, and the reverse.
    let claimed = refused(&forged(&dev, &[(KIND_AT, &CEREMONY.to_le_bytes())]));
    assert!(known(claimed).contains("development"));
    parameters_digest(refused(&forged(
        &honest,
        &[(KIND_AT, &INSECURE_DEV.to_le_bytes())],
    )));
    parameters_digest(refused(&with_secret(&dev, INSECURE_DEV, Fr::from(7))));
    // Known secrets.
    assert!(known(refused(&with_secret(&honest, CEREMONY, Fr::from(7)))).contains("the integer 7"));
    assert!(known(refused(&with_secret(&honest, CEREMONY, -Fr::ONE))).contains("the integer -1"));
    // A secret of one's own is no lie that could be seen: it is why the file's maker is trusted. The
    // fixed columns are committed to with another one then, and nobody can tell.
    assert!(read(&with_secret(&honest, CEREMONY, Fr::from(1 << 40))).is_ok());
    // Points of no use.
    let zero = with_secret(&honest, CEREMONY, Fr::ZERO);
    assert_eq!(problem(refused(&zero), HEADER), PointProblem::Identity);
    let s_g1 = G1Affine::generator();
    let zero = with_params(&honest, CEREMONY, &s_g1, &G2Affine::identity());
    assert_eq!(problem(refused(&zero), S_G2_AT), PointProblem::Identity);
    let outside = (1u64..)
        .map(|x| Fq2 {
            c0: Fq::from(x),
            c1: Fq::one(),
        })
        .find_map(|x| {
            let b = G2Affine::generator();
            let b = b.y.square() - b.x.square() * b.x;
            let y = Option::<Fq2>::from((x.square() * x + b).sqrt())?;
            Some(G2Affine { x, y })
        })
        .unwrap();
    let outside = with_params(&honest, CEREMONY, &s_g1, &outside);
    assert_eq!(
        problem(refused(&outside), S_G2_AT),
        PointProblem::NotInSubgroup
    );
    let raw = |at: usize, bytes: &[u8]| problem(refused(&forged(&honest, &[(at, bytes)])), at);
    assert_eq!(raw(HEADER, &[255; 32]), PointProblem::NotCanonical);
    assert_eq!(raw(HEADER, &off_curve()), PointProblem::NotOnCurve);
    assert_eq!(raw(S_G2_AT, &[255; 64]), PointProblem::NotCanonical);
}

/// What a few bytes can cost a reader.
#[test]
fn a_large_claim_is_refused_at_once() {
    let honest = kzg_key(&dev_params(), circuit(STACK, Binding::Public)).to_bytes();
    let claims = |k: u32| {
        let inner = honest.len() - CHECKSUM - 10 - 2 * 32;
        let k = k.to_le_bytes();
        forged(&honest, &[(K_AT, &k), (inner + 1, &k)])
    };
    assert!(honest.len() < 340);
    for (k, limit) in [(24, 1), (17, 10)] {
        let bytes = claims(k);
        let start = Instant::now();
        let error = refused(&bytes);
        let elapsed = start.elapsed();
        println!("k = {k}: refused in {elapsed:?}: {error}");
        assert_eq!(k > MAX_K, matches!(error, FileError::LargeCircuit { .. }));
        assert!(elapsed < Duration::from_secs(limit), "{elapsed:?}");
    }
    // The search for known secrets, and what has no end.
    let own = kzg_key(&ceremony_params(), circuit(STACK, Binding::Public)).to_bytes();
    let start = Instant::now();
    assert!(read(&own).is_ok());
    println!("a ceremony's key: read in {:?}", start.elapsed());
    assert!(matches!(
        KeyFile::read_from(std::io::repeat(b's'), MAX_K),
        Err(FileError::Format { .. })
    ));
    let endless = std::io::Read::chain(&own[..], std::io::repeat(0));
    assert!(matches!(
        KeyFile::read_from(endless, MAX_K),
        Err(FileError::Length { .. })
    ));
}
