//! Proofs of this version, committed in `tests/proofs`, verify for as long as the version is the same.
//!
//! A change of a constraint, of a fixed column, or of what a transcript absorbs makes other keys: these
//! proofs fail, and the keys' digests are not those in `tests/proofs`. Then the format's version must be raised (`proof::file::VERSION`), the changelog
//! must say so, and `STACKVM_WRITE_PROOFS=1 cargo test --release --test versions` writes those of the
//! new version. It never overwrites any.

use std::path::{Path, PathBuf};

use halo2_stack_vm::asm;
use halo2_stack_vm::circuit::{Binding, CircuitParams, Statement};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::proof::file::{BackendName, FileError, ParametersKind, ProofFile, VERSION};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Parameters};
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;

/// Programs, by name: the empty one, one that unwinds, one that fills its circuit, one with `pop`.
const PROGRAMS: [(&str, &str); 4] = [
    ("empty", ""),
    ("unwinds", "push 7\npush -1\npush 0x10\nadd\n"),
    (
        "fills",
        "push 2\npush 3\nmul\npush 4\nadd\npush 5\nmul\nnop\nnop\n",
    ),
    ("pops", "push 9\npush 8\npop\npush 7\nmul\n"),
];

fn proofs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/proofs/v{VERSION}"))
}

fn parameters_kind(backend: BackendName) -> ParametersKind {
    match backend {
        BackendName::Ipa => ParametersKind::Transparent,
        BackendName::Kzg => ParametersKind::InsecureDev,
    }
}

fn write<B: Backend>(backend: BackendName, params: &B::Parameters) {
    for (name, source) in PROGRAMS {
        for binding in [Binding::Public, Binding::Cells] {
            let name = format!("{name}-{}-{}.proof.json", B::NAME, binding.name());
            let path = proofs().join(name);
            if path.exists() {
                continue;
            }
            let set = InstructionSet::STACK;
            let trace = Trace::new(&asm::assemble(source).unwrap(), None, set).unwrap();
            let circuit = CircuitParams::new(params.k(), set, binding).unwrap();
            let key = B::keygen(params, circuit).unwrap();
            let statement = Statement::<Fr>::of(&trace);
            let file = ProofFile {
                backend,
                parameters: parameters_kind(backend),
                parameters_digest: params.digest(),
                key_digest: key.verifying_key().digest(),
                circuit,
                program_digest: statement.program.digest(),
                steps: statement.program.len(),
                statement,
                proof: B::prove(params, &key, &trace).unwrap(),
            };
            std::fs::create_dir_all(proofs()).unwrap();
            file.write(&path).unwrap();
        }
    }
}

fn verify<B: Backend>(params: &B::Parameters, file: &ProofFile, name: &str) {
    let key = B::keygen_vk(params, file.circuit).unwrap();
    let advice = "the keys have changed: raise the format's version and say so in the changelog";
    assert_eq!(file.parameters_digest, params.digest(), "{name}");
    assert_eq!(file.key_digest, key.digest(), "{name}: {advice}");
    let verdict = B::verify(params, &key, &file.statement, &file.proof);
    assert!(verdict.is_ok(), "{name}: {verdict:?}");
    let mut other = file.statement.clone();
    other.output += Fr::one();
    assert!(
        B::verify(params, &key, &other, &file.proof).is_err(),
        "{name}"
    );
}

#[test]
fn the_committed_proofs_verify() {
    let kzg = KzgParams::insecure_dev(4).unwrap();
    let ipa = IpaParams::setup(4).unwrap();
    if std::env::var_os("STACKVM_WRITE_PROOFS").is_some() {
        write::<Kzg>(BackendName::Kzg, &kzg);
        write::<Ipa>(BackendName::Ipa, &ipa);
    }
    let mut verified = 0;
    for entry in std::fs::read_dir(proofs()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.display().to_string();
        let file = ProofFile::read(&path).unwrap();
        file.check().unwrap();
        match file.backend {
            BackendName::Kzg => verify::<Kzg>(&kzg, &file, &name),
            BackendName::Ipa => verify::<Ipa>(&ipa, &file, &name),
        }
        verified += 1;
    }
    assert_eq!(verified, PROGRAMS.len() * 4);
}

/// A line for each circuit of the smallest size: its set, binding and backend, and its key's digest.
fn digests<B: Backend>(params: &B::Parameters) -> String {
    let mut lines = String::new();
    for (name, set) in InstructionSet::NAMED {
        for binding in [Binding::Public, Binding::Cells] {
            let circuit = CircuitParams::new(params.k(), *set, binding).unwrap();
            let digest = hex::encode(B::keygen_vk(params, circuit).unwrap().digest());
            lines += &format!("{name} {} {} {digest}\n", binding.name(), B::NAME);
        }
    }
    lines
}

#[test]
fn the_keys_are_those_of_the_version() {
    let kzg = KzgParams::insecure_dev(4).unwrap();
    let ipa = IpaParams::setup(4).unwrap();
    let found = digests::<Kzg>(&kzg) + &digests::<Ipa>(&ipa);
    let path = proofs().join("keys.txt");
    if std::env::var_os("STACKVM_WRITE_PROOFS").is_some() && !path.exists() {
        std::fs::create_dir_all(proofs()).unwrap();
        std::fs::write(&path, &found).unwrap();
    }
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
