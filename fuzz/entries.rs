//! What is fuzzed: one function an entry point. Each takes any bytes, and panics on a finding.
//!
//! The targets of the fuzzer and `tests/library/fuzz.rs` both include this file.

use std::io::Cursor;
use std::sync::OnceLock;

use halo2_proofs::dev::MockProver;
use halo2_proofs::poly::commitment::Params;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm::{self, AsmErrors, TinyRam};
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, MIN_K, Statement};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::cache::{self, Cache};
use halo2_stack_vm::proof::file::{BackendName, ProofFile};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Parameters, VerifyingKey};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::{Fq, Fr};
use num_bigint::BigUint;

use self::evaluator::{Given, evaluate, modulus};

#[path = "evaluator.rs"]
pub mod evaluator;

/// What is wrong with a text can be shown where it is.
fn refused(source: &str, errors: &AsmErrors) {
    assert!(!errors.errors().is_empty());
    for error in errors.errors() {
        // Whoever shows the error cuts the source there.
        assert!(source.get(error.span.clone()).is_some(), "{error:?}");
        assert!((1..=asm::lines(source).count().max(1)).contains(&error.line));
        error.to_string();
        error.suggestion();
    }
}

/// Any text is assembled or refused, also as a program of TinyRAM; what is assembled is the same after a disassembly.
pub fn assembler(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    match TinyRam::<Fr>::assemble(&source) {
        Ok(TinyRam {
            program, symbols, ..
        }) => assert!(symbols.line(program.len() - 1).is_some()),
        Err(errors) => refused(&source, &errors),
    }
    match asm::assemble_with_symbols::<Fr>(&source) {
        Ok(asm::Assembly { program, symbols }) => {
            assert_eq!(asm::assemble(&source).as_ref(), Ok(&program));
            let lines = asm::lines(&source).count();
            for address in 0..program.len() {
                assert!((1..=lines).contains(&symbols.line(address).unwrap()));
                let message = symbols.message(address).unwrap_or_default();
                assert!(message.chars().count() <= 200);
            }
            for label in symbols.labels() {
                assert!(label.address <= program.len());
                assert_eq!(symbols.address(&label.name), Some(label.address));
            }
            let text = asm::disassemble(&program).unwrap();
            assert_eq!(asm::assemble(&text).as_ref(), Ok(&program), "{text}");
            assert_eq!(asm::disassemble(&program), Ok(text));
        }
        Err(errors) => refused(&source, &errors),
    }
}

/// Any text is a program in JSON or refused; what is read is the same once written.
pub fn json_program(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    match asm::from_json::<Fr>(&source) {
        Ok(program) => {
            let text = asm::to_json(&program);
            assert_eq!(asm::from_json(&text).as_ref(), Ok(&program), "{text}");
            // Where there is a text form too, it says the same.
            if let Ok(text) = asm::disassemble(&program) {
                assert_eq!(asm::assemble(&text), Ok(program), "{text}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Any text is a proof file or refused; what is read is the same once written, and what the smallest
/// circuit's verifier accepts is true.
pub fn proof_file(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let file = match ProofFile::from_json(&source) {
        Ok(file) => file,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let text = file.to_json();
    // Old files have a fixed program too, which is left out now.
    let is_fixed = file.circuit.binding() == Binding::Fixed;
    let program = file.program.clone().filter(|_| !is_fixed);
    let written = ProofFile {
        program,
        ..file.clone()
    };
    assert_eq!(ProofFile::from_json(&text).unwrap(), written, "{text}");
    if let Err(contradiction) = file.check() {
        assert_ne!(contradiction.stated, contradiction.found);
    }
    if file.circuit.k() != MIN_K {
        return;
    }
    let set = file.circuit.set();
    let program = match is_fixed {
        true => asm::assemble(fixed_program(set))
            .unwrap()
            .canonical(file.circuit.shape()),
        false => file.program.clone().unwrap(),
    };
    let statement = Statement {
        program,
        output: file.output,
        tape: file.tape.clone(),
    };
    let accepted = match file.backend {
        BackendName::Kzg => accepts(kzg(), &file, &statement),
        BackendName::Ipa => accepts(ipa(), &file, &statement),
    };
    if accepted {
        assert_true(&statement, set);
    }
}

/// Panics unless a statement is true. No other words were read than those of its tape; of secrets, the settings'
/// programs have none.
fn assert_true(statement: &Statement<Fr>, set: InstructionSet) {
    let words = |words: &[Fr]| words.iter().map(Word::to_integer).collect::<Vec<_>>();
    let program = integers(&statement.program);
    let tape = words(&statement.tape);
    // Of what is on the tape, the words that are read are those that no `write` has put there.
    let mut public = vec![];
    loop {
        let run = evaluate(Given {
            program: &program,
            codes: codes(set),
            public: &public,
            secret: &[],
            limit: 1 << MIN_K,
        });
        match (run.verdict, tape.get(run.tape)) {
            (Err("tape_end"), Some(word)) => public.push(word.clone()),
            (verdict, _) => {
                let ended = verdict.unwrap();
                assert_eq!(ended.output, statement.output.to_integer());
                assert_eq!(ended.tape, tape);
                return;
            }
        }
    }
}

/// Whether the verifier accepts a file's proof of a statement, whatever digests the file names; what accepts the file
/// accepts the statement.
fn accepts<B: Backend>(setting: &Setting<B>, file: &ProofFile, statement: &Statement<Fr>) -> bool {
    let params = &setting.params;
    let own = |key: &&VerifyingKey<B>| key.circuit() == file.circuit;
    let keys = setting.keys.iter().filter(own);
    let accepted = |key| {
        let accepted = B::verify(params, key, statement, &file.proof).is_ok();
        assert!(accepted || file.verify::<B>(params, key).is_err());
        accepted
    };
    keys.filter(|key| accepted(key)).count() > 0
}

/// Of all bytes, only the honest proof is accepted.
///
/// The first byte says which backend's, and whether the others are a proof or a list of edits of the
/// honest one: few of a fuzzer's own bytes are points and scalars.
pub fn proof_bytes(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else {
        return;
    };
    if mode & 1 == 0 {
        one_proof(kzg(), mode & 2 == 0, rest);
    } else {
        one_proof(ipa(), mode & 2 == 0, rest);
    }
}

fn one_proof<B: Backend>(setting: &Setting<B>, is_proof: bool, bytes: &[u8]) {
    let proof = if is_proof {
        bytes.to_vec()
    } else {
        edited(&setting.proof, bytes)
    };
    let key = &setting.keys[0];
    let verdict = B::verify(&setting.params, key, &setting.statement, &proof);
    assert_eq!(verdict.is_ok(), proof == setting.proof, "{verdict:?}");
}

/// The length of an encoded scalar or point.
const ELEMENT: usize = 32;

/// A proof with edits, of four bytes each: what to do, then where and with what.
fn edited(honest: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut proof = honest.to_vec();
    for edit in edits.chunks_exact(4) {
        let [kind, a, b, c] = [edit[0], edit[1], edit[2], edit[3]];
        let position = usize::from(u16::from_le_bytes([a, b]));
        let elements = proof.len() / ELEMENT;
        if elements == 0 {
            break;
        }
        let element = |index: u8| usize::from(index) % elements * ELEMENT;
        match kind % 5 {
            0 => {
                let position = position % proof.len();
                proof[position] ^= c;
            }
            1 => proof.copy_within(element(a)..element(a) + ELEMENT, element(b)),
            2 => proof.truncate(position),
            3 => proof.resize(proof.len() + usize::from(a), b),
            // The same element, written differently.
            _ => {
                let modulus = if c & 1 == 0 {
                    Fr::modulus()
                } else {
                    Fq::modulus()
                };
                let place = &mut proof[element(a)..element(a) + ELEMENT];
                let mut sum = (BigUint::from_bytes_le(place) + modulus).to_bytes_le();
                sum.resize(ELEMENT, 0);
                place.copy_from_slice(&sum);
            }
        }
    }
    proof
}

/// Keys of the smallest circuits, and an honest proof of the first.
struct Setting<B: Backend> {
    params: B::Parameters,
    keys: Vec<VerifyingKey<B>>,
    statement: Statement<Fr>,
    proof: Vec<u8>,
}

/// What the keys are of.
fn templates() -> Vec<KeySource<Fr>> {
    let mut templates = vec![];
    for set in [
        InstructionSet::STACK,
        InstructionSet::SEED,
        InstructionSet::FULL,
    ] {
        let program = asm::assemble(fixed_program(set)).unwrap();
        for binding in Binding::ALL {
            let circuit = CircuitParams::new(MIN_K, set, binding).unwrap();
            templates.push(KeySource::for_program(circuit, &program).unwrap());
        }
    }
    templates
}

/// The program that a key of a set holds, if it holds one.
fn fixed_program(set: InstructionSet) -> &'static str {
    match set.has_control() {
        true => "read\ncall 4\nwrite\nhalt\nswap\nmuli 3\nswap\nret",
        false => "push 3\npush 6\nmul",
    }
}

impl<B: Backend> Setting<B> {
    fn new(params: B::Parameters) -> Self {
        let templates = templates();
        let keys = templates
            .iter()
            .map(|source| B::keygen_vk_of(&params, source).unwrap())
            .collect();
        let program = asm::assemble("push 3\npush 6\nmul").unwrap();
        let trace = Trace::new(&program, None, InstructionSet::STACK).unwrap();
        let key = B::keygen_of(&params, &templates[0]).unwrap();
        let proof = B::prove(&params, &key, &trace).unwrap();
        Setting {
            params,
            keys,
            statement: Statement::of(&trace),
            proof,
        }
    }
}

fn kzg() -> &'static Setting<Kzg> {
    static SETTING: OnceLock<Setting<Kzg>> = OnceLock::new();
    SETTING.get_or_init(|| Setting::new(KzgParams::insecure_dev(MIN_K).unwrap()))
}

fn ipa() -> &'static Setting<Ipa> {
    static SETTING: OnceLock<Setting<Ipa>> = OnceLock::new();
    SETTING.get_or_init(|| Setting::new(IpaParams::setup(MIN_K).unwrap()))
}

/// The largest `k` of a key file that is read.
const KEY_MAX_K: u32 = 6;

/// Any bytes are refused, or are an honest key file.
///
/// The first byte says whether the others are a file, or one whose last 32 bytes are to be its checksum:
/// few damaged files have the checksum of what they hold, whoever forges one does.
pub fn key_file(data: &[u8]) {
    let Some((mode, file)) = data.split_first() else {
        return;
    };
    let mut file = file.to_vec();
    if mode & 1 == 1 {
        let Some(end) = file.len().checked_sub(32) else {
            return;
        };
        let checksum = blake2b_simd::Params::new()
            .hash_length(32)
            .personal(b"StackVm.Key")
            .hash(&file[..end]);
        file[end..].copy_from_slice(checksum.as_bytes());
    }
    match KeyFile::read_from(&file[..], KEY_MAX_K) {
        Ok(key) => {
            assert_eq!(key.to_bytes(), file);
            // Which program a key holds is the file's word alone.
            let program = blank_program(&file);
            let known = honest_keys().iter().map(|own| blank_program(own));
            let fixed = key.circuit().binding() == Binding::Fixed;
            assert_eq!(key.program().is_some(), fixed);
            assert!(
                honest_keys().contains(&file) || fixed && known.clone().any(|own| own == program)
            );
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(!honest_keys().contains(&file), "{error}");
        }
    }
}

/// A key file without the digest of its program and its checksum.
fn blank_program(file: &[u8]) -> Vec<u8> {
    const AT: usize = 100;
    [&file[..AT], &file[AT + 32..file.len() - 32]].concat()
}

/// The key files of the smallest circuits, of the parameters that the corpus has.
fn honest_keys() -> &'static [Vec<u8>] {
    static KEYS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let ceremony = honest_params(MIN_K);
        fn of_kzg(key: &VerifyingKey<Kzg>, params: &KzgParams) -> KeyFile {
            KeyFile::of_kzg(key, params).unwrap()
        }
        let mut keys: Vec<_> = ipa().keys.iter().map(KeyFile::of_ipa).collect();
        for (key, source) in kzg().keys.iter().zip(templates()) {
            keys.push(of_kzg(key, &kzg().params));
            let key = Kzg::keygen_vk_of(&ceremony, &source).unwrap();
            keys.push(of_kzg(&key, &ceremony));
        }
        keys.iter().map(KeyFile::to_bytes).collect()
    })
}

/// A file in halo2's raw form, of a secret that was thrown away.
const HONEST_SRS: &[u8] = include_bytes!("corpus/parameters/raw-4");
/// The largest `k` that it serves.
const SRS_K: u32 = 4;
/// What the files of a cache start with.
const CACHE_MAGIC: &[u8] = b"SVMCACHE";
/// The magic, version, kind, `k`, digest and length; then there is a checksum.
const CACHE_START: usize = 8 + 4 + 4 + 4 + 32 + 8;
const CACHE_HEADER: usize = CACHE_START + 32;

/// Any bytes as a ceremony's file, or as a file of the cache: whatever parameters come out are the
/// honest ones.
///
/// The inputs hold one secret, of which no other file can be made without knowing it. They are read
/// from memory; for one in 4096, the cache is asked too, which waits for the disk.
pub fn parameters(data: &[u8]) {
    if !data.starts_with(CACHE_MAGIC) || data.len() < CACHE_HEADER {
        for k in 1..=SRS_K {
            if let Ok(params) = KzgParams::from_srs_contents(Cursor::new(data), k) {
                assert_eq!(written(params.inner()), honest_srs(k), "k = {k}");
            }
        }
        return;
    }
    cached(data);
    // Few damaged files have the checksum of what they hold; whoever forges one does.
    let mut forged = data.to_vec();
    let (start, payload) = (&data[..CACHE_START], &data[CACHE_HEADER..]);
    let checksum = blake2b_simd::Params::new()
        .hash_length(32)
        .personal(b"StackVm.Cache")
        .to_state()
        .update(start)
        .update(payload)
        .finalize();
    forged[CACHE_START..CACHE_HEADER].copy_from_slice(checksum.as_bytes());
    cached(&forged);
    if checksum.as_bytes().starts_with(&[0]) && checksum.as_bytes()[1] < 16 {
        cached_on_disk(data);
        cached_on_disk(&forged);
    }
}

/// The kind and size that the bytes state as a file of the cache.
fn stated(data: &[u8]) -> (u8, u32) {
    let k = 1 + u32::from(data[16]).wrapping_sub(1) % (SRS_K - 1);
    (data[12] % 3, k)
}

/// The bytes as the cache's file of the kind and size that they state.
fn cached(data: &[u8]) {
    let (kind, k) = stated(data);
    let file = Cursor::new(data);
    match kind {
        0 => {
            let params = cache::read_srs(Cursor::new(HONEST_SRS), file, k).unwrap();
            if let Some(params) = params {
                assert_eq!(written(params.inner()), honest_srs(k), "k = {k}");
            }
        }
        1 => {
            if let Some(params) = cache::read_ipa(file, k) {
                assert_eq!(written(params.inner()), honest_ipa(k));
            }
        }
        _ => {
            if let Some(params) = cache::read_insecure_dev(file, k) {
                assert_eq!(written(params.inner()), honest_dev(k));
            }
        }
    }
}

/// The bytes in a folder, where the cache has its file of the kind and size that they state.
pub fn cached_on_disk(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cache = Cache::at(folder);
    let (kind, k) = stated(data);
    let name = match kind {
        0 => lagrange_file(k),
        1 => format!("ipa-{k}.params"),
        _ => format!("kzg-insecure-dev-{k}.params"),
    };
    std::fs::write(folder.join(&name), data).unwrap();
    match kind {
        0 => {
            let path = folder.join("srs");
            std::fs::write(&path, HONEST_SRS).unwrap();
            let loaded = cache.srs(&path, k).unwrap();
            assert_eq!(written(loaded.params.inner()), honest_srs(k), "k = {k}");
        }
        1 => {
            let loaded = cache.ipa(k).unwrap();
            assert_eq!(written(loaded.params.inner()), honest_ipa(k));
        }
        _ => {
            let loaded = cache.insecure_dev(k).unwrap();
            assert_eq!(written(loaded.params.inner()), honest_dev(k));
        }
    }
    // What was there and no good is replaced under the same name, and nothing else is left.
    let others = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|found| *found != name && found != "srs");
    assert_eq!(others.count(), 0);
}

/// The name of the cache's file for the Lagrange basis of the honest file.
fn lagrange_file(k: u32) -> String {
    static DIGEST: OnceLock<String> = OnceLock::new();
    let digest = DIGEST.get_or_init(|| {
        let digest = honest_params(1).digest();
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    });
    format!("kzg-lagrange-{digest}-{k}.params")
}

fn honest_params(k: u32) -> KzgParams {
    KzgParams::from_srs_contents(Cursor::new(HONEST_SRS), k).unwrap()
}

/// What the honest file gives for `k`.
fn honest_srs(k: u32) -> &'static [u8] {
    static HONEST: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    every(&HONEST, k, |k| written(honest_params(k).inner()))
}

fn honest_ipa(k: u32) -> &'static [u8] {
    static HONEST: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    every(&HONEST, k, |k| {
        written(IpaParams::setup(k).unwrap().inner())
    })
}

fn honest_dev(k: u32) -> &'static [u8] {
    static HONEST: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    every(&HONEST, k, |k| {
        written(KzgParams::insecure_dev(k).unwrap().inner())
    })
}

/// What `make` gives for `k`, made once for every `k`.
fn every(made: &'static OnceLock<Vec<Vec<u8>>>, k: u32, make: fn(u32) -> Vec<u8>) -> &'static [u8] {
    &made.get_or_init(|| (1..=SRS_K).map(make).collect())[k as usize - 1]
}

fn written<'p, C: halo2curves::CurveAffine>(params: &impl Params<'p, C>) -> Vec<u8> {
    let mut bytes = vec![];
    params.write(&mut bytes).unwrap();
    bytes
}

/// The bytes as a program and what it is given: the interpreter gives what its meaning in integers gives; now and
/// then the circuit is asked too, about the right statement and wrong ones.
///
/// The first byte says which set, and whether the program is cut, after how many instructions.
pub fn differential(data: &[u8]) {
    let Some((mode, mut rest)) = data.split_first() else {
        return;
    };
    let set = [
        InstructionSet::STACK,
        InstructionSet::SEED,
        InstructionSet::FIELD,
        InstructionSet::FULL,
    ][usize::from(mode & 3)];
    let steps = (mode & 4 != 0).then_some(usize::from(mode >> 3));
    let [public, secret] = match set.has_tape() {
        true => decoded_tapes(&mut rest),
        false => [vec![], vec![]],
    };
    let integers = decoded(rest);
    let program: Program<Fr> = integers
        .iter()
        .map(|(opcode, argument)| Instruction {
            opcode: *opcode,
            argument: Fr::from_integer(argument).unwrap(),
        })
        .collect();
    let words = |integers: &[BigUint]| -> Vec<Fr> {
        let words = integers.iter().map(|own| Fr::from_integer(own).unwrap());
        words.collect()
    };
    let inputs = Inputs {
        public: words(&public),
        secret: words(&secret),
    };
    let jumps = |(opcode, _): &(u64, BigUint)| JUMPS.contains(opcode);
    let executed = match steps {
        Some(_) if integers.iter().any(jumps) => Err("steps_of_loop"),
        Some(steps) => integers.get(..steps).ok_or("steps_out_of_range"),
        None => Ok(&integers[..]),
    };
    let evaluated = |public: &[BigUint], secret: &[BigUint]| {
        let given = |program| Given {
            program,
            codes: codes(set),
            public,
            secret,
            limit: LIMIT,
        };
        executed.and_then(|program| evaluate(given(program)).verdict)
    };
    let expected = evaluated(&public, &secret);
    let job = Job::new(&program, set, &inputs).cut(steps).max_steps(LIMIT);
    let outcome = job.run();
    match (&expected, &outcome) {
        (Ok(expected), Ok(outcome)) => {
            assert_eq!(outcome.output.to_integer(), expected.output);
            assert_eq!(outcome.steps, expected.steps);
            assert_eq!(outcome.max_depth, expected.deepest);
            assert_eq!(
                outcome.rows,
                expected.steps + expected.left.saturating_sub(1)
            );
            assert_eq!(outcome.tape, words(&expected.tape));
        }
        (Err(expected), Err(error)) => assert_eq!(&error.kind(), expected),
        _ => panic!("{expected:?}, but {outcome:?}"),
    }
    let trace = job.trace();
    assert_eq!(trace.as_ref().map(Trace::outcome), outcome.as_ref());

    let sum = data
        .iter()
        .fold(0u8, |sum, byte| sum.wrapping_mul(5) ^ byte);
    let circuit = match expected {
        // The circuit does not see what is not read, and takes zeros for what is missing.
        Err("unread" | "tape_end" | "too_many_steps" | "steps_of_loop" | "steps_out_of_range") => {
            false
        }
        _ => sum % 64 == 0,
    };
    if !circuit {
        return;
    }
    let binding = Binding::ALL[usize::from(sum >> 6) % 3];
    let job = job.max_rows(1 << 6);
    // Whoever goes on whatever the program does may go on for ever, or do so by a tape that has an end.
    if let Ok(trace) = job.trace_past_failure() {
        circuit_agrees(&trace, expected.is_ok(), binding);
    }
}

/// The most steps of a run.
const LIMIT: u64 = 200;
/// The codes of the instructions of control flow.
const JUMPS: std::ops::Range<u64> = 23..28;

/// A prover who goes on whatever the program does, and is accepted only where it runs.
fn circuit_agrees(trace: &Trace<Fr>, runs: bool, binding: Binding) {
    let params = CircuitParams::for_trace(trace, binding).unwrap();
    if params.k() > 6 {
        return;
    }
    let source = match KeySource::for_program(params, trace.program()) {
        Ok(source) => source,
        // No run of the program can be proved.
        Err(error) => return assert!(!runs, "{error}"),
    };
    let circuit = StackVmCircuit::new(source, trace).unwrap();
    let statement = Statement::of(trace);
    assert_eq!(satisfied(&circuit, &statement, params), runs);
    let mut other = statement.clone();
    other.output += Fr::one();
    assert!(!satisfied(&circuit, &other, params));
    if params.set().has_tape() {
        let mut other = statement.clone();
        other.tape.push(Fr::zero());
        assert!(!satisfied(&circuit, &other, params));
    }
    if let Some(word) = statement.tape.len().checked_sub(1) {
        let mut other = statement;
        other.tape[word] += Fr::one();
        assert!(!satisfied(&circuit, &other, params));
    }
}

/// Whether halo2 accepts a circuit; the circuit's own check has to say the same.
fn satisfied(
    circuit: &StackVmCircuit<Fr>,
    statement: &Statement<Fr>,
    params: CircuitParams,
) -> bool {
    let own = circuit.check(statement).is_ok();
    let Ok(instances) = statement.instances(params) else {
        assert!(!own);
        return false;
    };
    let mock = MockProver::run(params.k(), circuit, instances).unwrap();
    assert_eq!(mock.verify().is_ok(), own);
    own
}

/// The codes below which a set has instructions; it has `halt` too.
fn codes(set: InstructionSet) -> u64 {
    match set {
        InstructionSet::SEED => 4,
        InstructionSet::STACK => 5,
        InstructionSet::FIELD => 23,
        InstructionSet::FULL => 31,
        _ => panic!("a set without a name"),
    }
}

/// Takes bytes from the front.
fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (head, tail) = bytes.split_at_checked(count)?;
    *bytes = tail;
    Some(head)
}

/// Reads a word whose size is said by four bits.
fn decoded_word(bytes: &mut &[u8], size: u8) -> Option<BigUint> {
    let width = match size {
        0..=3 => 0,
        4..=9 => 1,
        10..=13 => 8,
        _ => 32,
    };
    let word = BigUint::from_bytes_le(take(bytes, width)?);
    Some(match size {
        // From the other end.
        8 | 9 => modulus() - 1u8 - word,
        _ => word % modulus(),
    })
}

/// Reads the public and the private tape: a byte has the number of words of each, and a byte each word's size.
fn decoded_tapes(bytes: &mut &[u8]) -> [Vec<BigUint>; 2] {
    let counts = take(bytes, 1).map_or(0, |own| own[0]);
    [counts & 15, counts >> 4].map(|count| {
        let mut word = || {
            let size = take(bytes, 1)?[0] >> 4;
            decoded_word(bytes, size)
        };
        (0..count).map_while(|_| word()).collect()
    })
}

/// Reads instructions. Most of them push, so that most programs do not underflow at once.
fn decoded(mut bytes: &[u8]) -> Vec<(u64, BigUint)> {
    let mut program = vec![];
    while let Some(&[code]) = take(&mut bytes, 1) {
        let size = code >> 4;
        let opcode = match code & 15 {
            0 if size < 12 => 0,
            // No instruction has these.
            0 => u64::MAX >> ((size - 12) << 4),
            1..=6 => 1,
            7..=9 => 2,
            10..=12 => 3,
            13 => 4,
            14 => u64::from(size),
            _ => u64::from(16 + size),
        };
        let argument = match opcode {
            23..=26 => take(&mut bytes, 1).map(|own| match own[0] {
                255 => modulus() - 1u8,
                place => BigUint::from(place & 31),
            }),
            27..=31 => Some(BigUint::ZERO),
            _ => decoded_word(&mut bytes, size),
        };
        let Some(argument) = argument else {
            break;
        };
        program.push((opcode, argument));
    }
    program
}

fn integers(program: &Program<Fr>) -> Vec<(u64, BigUint)> {
    let pair = |own: &Instruction<Fr>| (own.opcode, own.argument.to_integer());
    program.instructions().iter().map(pair).collect()
}
