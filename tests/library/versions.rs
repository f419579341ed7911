//! Proofs of this version, committed in `tests/proofs`, verify for as long as the version is the same.
//!
//! A change of a constraint, of a fixed column, or of what a transcript absorbs makes other keys: these
//! proofs fail, and the keys' digests are not those in `tests/proofs`. Then the format's version must be raised (`proof::file::VERSION`), the changelog
//! must say so, and `STACKVM_WRITE_PROOFS=1 cargo test --release --test library versions::` writes those of the
//! new version. It never overwrites any.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use halo2_stack_vm::asm;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::proof::file::{BackendName, FileError, ProofFile, VERSION};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Parameters};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::Fr;

/// A program by name, its set, and what it is given.
struct Example {
    name: &'static str,
    source: &'static str,
    set: InstructionSet,
    public: &'static [u64],
    secret: &'static [u64],
}

impl Example {
    const fn new(name: &'static str, set: InstructionSet, source: &'static str) -> Self {
        Example {
            name,
            source,
            set,
            public: &[],
            secret: &[],
        }
    }

    fn trace(&self) -> Trace<Fr> {
        let words = |words: &[u64]| words.iter().copied().map(Fr::from).collect();
        let inputs = Inputs {
            public: words(self.public),
            secret: words(self.secret),
        };
        let program = asm::assemble(self.source).unwrap();
        Job::new(&program, self.set, &inputs).trace().unwrap()
    }
}

/// The empty program, one that unwinds, one that fills its circuit, one with `pop`; two that compute with words of
/// all kinds; one whose steps are a loop's and a call's, with both tapes.
fn examples() -> Vec<Example> {
    const STACK: InstructionSet = InstructionSet::STACK;
    vec![
        Example::new("empty", STACK, ""),
        Example::new("unwinds", STACK, "push 7\npush -1\npush 0x10\nadd\n"),
        Example::new(
            "fills",
            STACK,
            "push 2\npush 3\nmul\npush 4\nadd\npush 5\nmul\nnop\nnop\n",
        ),
        Example::new("pops", STACK, "push 9\npush 8\npop\npush 7\nmul\n"),
        Example::new(
            "field",
            InstructionSet::FIELD,
            "push 3\ninv\nmuli 3\ndup\npush 1\nrot\npick2\nassert\neq\n",
        ),
        // A product that starts as a secret: twice it reads a factor, multiplies by a call, writes the product
        // and reads whether to go on.
        Example {
            name: "calls",
            source: "secret\nread\ncall 8\ndup\nwrite\nread\njnz 1\nhalt\n\
                     rot\nrot\nmul\nswap\nret\n",
            set: InstructionSet::FULL,
            public: &[3, 1, 5, 0],
            secret: &[7],
        },
    ]
}

/// The folder of the version's proofs and keys; what is missing there is written first, if that is asked for.
fn proofs() -> PathBuf {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/proofs/v{VERSION}"));
    WRITTEN.get_or_init(|| {
        if std::env::var_os("STACKVM_WRITE_PROOFS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            write::<Kzg>(&folder, kzg_params);
            write::<Ipa>(&folder, ipa_params);
            let keys = folder.join("keys.txt");
            if !keys.exists() {
                std::fs::write(keys, all_digests()).unwrap();
            }
        }
    });
    folder
}

fn kzg_params(k: u32) -> KzgParams {
    KzgParams::insecure_dev(k).unwrap()
}

fn ipa_params(k: u32) -> IpaParams {
    IpaParams::setup(k).unwrap()
}

fn write<B: Backend>(folder: &Path, setup: fn(u32) -> B::Parameters) {
    for example in examples() {
        for binding in Binding::ALL {
            let name = format!("{}-{}-{}.proof.json", example.name, B::NAME, binding.name());
            let path = folder.join(name);
            if path.exists() {
                continue;
            }
            let trace = example.trace();
            let circuit = CircuitParams::for_trace(&trace, binding).unwrap();
            let params = setup(circuit.k());
            let source = KeySource::for_program(circuit, trace.program()).unwrap();
            let key = B::keygen_of(&params, &source).unwrap();
            let proof = B::prove(&params, &key, &trace).unwrap();
            let statement = Statement::<Fr>::of(&trace);
            let file = ProofFile::new(&params, key.verifying_key(), statement, proof);
            file.write(&path).unwrap();
        }
    }
}

fn verify<B: Backend>(setup: fn(u32) -> B::Parameters, file: &ProofFile, name: &str) {
    let params = setup(file.circuit.k());
    // Those of a fixed program were written when a file had that too.
    let program = file.program.as_ref().expect(name);
    let source = KeySource::for_program(file.circuit, program).unwrap();
    let key = B::keygen_vk_of(&params, &source).unwrap();
    let advice = "the keys have changed: raise the format's version and say so in the changelog";
    assert_eq!(file.key_digest, key.digest(), "{name}: {advice}");
    let verify = |file: &ProofFile| file.verify::<B>(&params, &key);
    let verdict = verify(file);
    assert!(verdict.is_ok(), "{name}: {verdict:?}");
    let mut others = vec![file.clone()];
    others[0].output += Fr::one();
    for word in 0..file.tape.len() {
        let mut other = file.clone();
        other.tape[word] += Fr::one();
        others.push(other);
    }
    for other in others {
        assert!(verify(&other).is_err(), "{name}");
    }
    // What is written now leaves a fixed program out, and is the same otherwise.
    let text = file.to_json();
    let is_fixed = file.circuit.binding() == Binding::Fixed;
    assert_eq!(text.contains("\"program\""), !is_fixed, "{name}");
    let mut without = file.clone();
    without.program = without.program.filter(|_| !is_fixed);
    assert_eq!(ProofFile::from_json(&text).unwrap(), without, "{name}");
    assert!(verify(&without).is_ok(), "{name}");
}

#[test]
fn the_committed_proofs_verify() {
    let mut verified = 0;
    let mut words = 0;
    for entry in std::fs::read_dir(proofs()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.display().to_string();
        let file = ProofFile::read(&path).unwrap();
        file.check().unwrap();
        match file.backend {
            BackendName::Kzg => verify::<Kzg>(kzg_params, &file, &name),
            BackendName::Ipa => verify::<Ipa>(ipa_params, &file, &name),
        }
        verified += 1;
        words += file.tape.len();
    }
    // Two backends, three bindings.
    assert_eq!(verified, examples().len() * 6);
    // Of the one example that has a tape.
    assert_eq!(words, 6 * 6);
}

/// A line for each circuit of the smallest size: its set, binding and backend, and its key's digest. Keys of a
/// program are those of `push 7`.
fn digests<B: Backend>(params: &B::Parameters) -> String {
    let program = asm::assemble("push 7").unwrap();
    let mut lines = String::new();
    for (name, set) in InstructionSet::NAMED {
        for binding in Binding::ALL {
            let circuit = CircuitParams::new(params.k(), *set, binding).unwrap();
            let source = KeySource::for_program(circuit, &program).unwrap();
            let digest = hex::encode(B::keygen_vk_of(params, &source).unwrap().digest());
            lines += &format!("{name} {} {} {digest}\n", binding.name(), B::NAME);
        }
    }
    lines
}

fn all_digests() -> String {
    digests::<Kzg>(&kzg_params(4)) + &digests::<Ipa>(&ipa_params(4))
}

#[test]
fn the_keys_are_those_of_the_version() {
    let found = all_digests();
    let path = proofs().join("keys.txt");
    let pinned = std::fs::read_to_string(&path).unwrap();
    for line in pinned.lines() {
        assert!(
            found.lines().any(|own| own == line),
            "no key is {line:?} any more: raise the format's version and say so in the changelog"
        );
    }
    assert_eq!(found.lines().count(), pinned.lines().count());
}

#[test]
fn the_changelog_names_the_version() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CHANGELOG.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&format!("format version {VERSION}")));
}

#[test]
fn a_file_of_another_version_is_refused() {
    let path = proofs().join("empty-ipa-public.proof.json");
    let text = std::fs::read_to_string(path).unwrap();
    let from = format!("\"version\": {VERSION}");
    let other = text.replacen(&from, &format!("\"version\": {}", VERSION + 1), 1);
    assert!(matches!(
        ProofFile::from_json(&other),
        Err(FileError::Version { found }) if found == VERSION + 1
    ));
}
