//! Each field of a proof file and of a key file, changed in every way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{Binding, KeySource, MIN_K, Statement};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::file::{BackendName, ParametersKind, ProofFile};
use halo2_stack_vm::proof::ipa::Ipa;
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::proof::{Backend, Parameters, VerifyingKey};
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;
use rayon::prelude::*;

use super::{SIZES, STACK, circuit, flat, ipa, kzg, other_programs, traces};

/// A proof file, with all that its verifier may have.
struct Scene {
    file: ProofFile,
    /// What is proved; where the program is fixed, the verifier has it from elsewhere.
    program: Program<Fr>,
    key: KeyFile,
}

fn scene<B: Backend>(
    params: &B::Parameters,
    trace: &Trace<Fr>,
    binding: Binding,
    key_file: impl Fn(&VerifyingKey<B>) -> KeyFile,
) -> Scene {
    let circuit = circuit(trace.set(), binding);
    let source = KeySource::for_program(circuit, trace.program()).unwrap();
    let key = B::keygen_of(params, &source).unwrap();
    let proof = B::prove(params, &key, trace).unwrap();
    Scene {
        file: ProofFile::new(params, key.verifying_key(), Statement::of(trace), proof),
        program: trace.program().clone(),
        key: key_file(key.verifying_key()),
    }
}

fn scenes() -> Vec<Scene> {
    let mut scenes = vec![];
    for trace in traces() {
        for binding in Binding::ALL {
            scenes.push(scene::<Ipa>(ipa(MIN_K), &trace, binding, KeyFile::of_ipa));
            for kind in [ParametersKind::InsecureDev, ParametersKind::Ceremony] {
                let params = kzg(kind, MIN_K);
                let key_file = |key: &VerifyingKey<Kzg>| KeyFile::of_kzg(key, params).unwrap();
                scenes.push(scene::<Kzg>(params, &trace, binding, key_file));
            }
        }
    }
    scenes
}

impl Scene {
    /// The key that a verifier makes of what a file says, given the program where that is not in it.
    fn key_of(&self, file: &ProofFile) -> Option<Arc<KeyFile>> {
        static KEYS: Mutex<BTreeMap<String, Arc<KeyFile>>> = Mutex::new(BTreeMap::new());
        let program = file.program.as_deref().unwrap_or(&self.program);
        let source = KeySource::for_program(file.circuit, program).ok()?;
        let k = file.circuit.k();
        if !SIZES.contains(&k) {
            return None;
        }
        // Most edits leave the key as it is.
        let name = format!("{:?}{:?}{source:?}", file.backend, file.parameters);
        if let Some(key) = KEYS.lock().unwrap().get(&name) {
            return Some(key.clone());
        }
        let key = match file.backend {
            BackendName::Ipa => KeyFile::of_ipa(&Ipa::keygen_vk_of(ipa(k), &source).unwrap()),
            BackendName::Kzg => {
                let params = kzg(file.parameters, k);
                KeyFile::of_kzg(&Kzg::keygen_vk_of(params, &source).unwrap(), params).unwrap()
            }
        };
        let key = Arc::new(key);
        KEYS.lock().unwrap().insert(name, key.clone());
        Some(key)
    }

    fn accepts(&self, key: &KeyFile, file: &ProofFile) -> bool {
        let generators = (key.backend() == BackendName::Ipa).then(|| ipa(key.circuit().k()));
        key.verify(file, generators).is_ok()
    }

    /// Whether a text is accepted, with the honest key or one that is made of what it says.
    fn is_accepted(&self, text: &str) -> bool {
        let Ok(file) = ProofFile::from_json(text) else {
            return false;
        };
        let made = self.key_of(&file);
        self.accepts(&self.key, &file) || made.is_some_and(|key| self.accepts(&key, &file))
    }

    fn fields(&self) -> Fields {
        let text = self.file.to_json();
        let lines = text.lines().filter_map(|line| line.trim().split_once(": "));
        let fields = lines.map(|(name, value)| {
            (
                name.trim_matches('"').to_owned(),
                value.trim_end_matches(',').to_owned(),
            )
        });
        Fields(fields.collect())
    }
}

/// A file's fields, as they stand in its text.
#[derive(Clone)]
struct Fields(Vec<(String, String)>);

impl PartialEq for Fields {
    /// In whatever order they stand.
    fn eq(&self, other: &Self) -> bool {
        let sorted = |own: &Self| {
            let mut fields = own.0.clone();
            fields.sort();
            fields
        };
        sorted(self) == sorted(other)
    }
}

impl Fields {
    fn text(&self) -> String {
        let lines: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        format!("{{{}}}", lines.join(",\n"))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|own| own.0 == name);
        field.map(|own| own.1.as_str())
    }

    fn with(&self, name: &str, value: impl ToString) -> Self {
        let mut fields = self.clone();
        match fields.0.iter_mut().find(|own| own.0 == name) {
            Some(field) => field.1 = value.to_string(),
            None => fields.0.push((name.into(), value.to_string())),
        }
        fields
    }

    fn without(&self, name: &str) -> Self {
        let fields = self.0.iter().filter(|own| own.0 != name);
        Fields(fields.cloned().collect())
    }

    /// With the digests of what it says: of the program, and of the parameters and the key too.
    fn mended(&self, scene: &Scene) -> [Self; 2] {
        let of_program = match self.get("program").and_then(program_digest) {
            Some(digest) => self.with("program_digest", format!("\"{digest}\"")),
            None => self.clone(),
        };
        let mut all = of_program.clone();
        let kind = all
            .get("parameters")
            .map(|own| own.trim_matches('"').to_owned());
        let k = all
            .get("k")
            .and_then(|own| own.parse().ok())
            .filter(|k| SIZES.contains(k));
        let digest = match (kind.as_deref(), k) {
            (Some("transparent"), Some(k)) => Some(ipa(k).digest()),
            (Some("ceremony"), _) => Some(kzg(ParametersKind::Ceremony, MIN_K).digest()),
            (Some("insecure-dev"), _) => Some(kzg(ParametersKind::InsecureDev, MIN_K).digest()),
            _ => None,
        };
        if let Some(digest) = digest {
            all = all.with("parameters_digest", format!("\"{}\"", hex::encode(digest)));
        }
        let file = ProofFile::from_json(&all.text()).ok();
        if let Some(key) = file.and_then(|file| scene.key_of(&file)) {
            let digest = hex::encode(key.digest());
            all = all.with("verifying_key_digest", format!("\"{digest}\""));
        }
        [of_program, all]
    }
}

/// The digest of a program as a file has it, whatever the circuit sees of it.
fn program_digest(text: &str) -> Option<String> {
    let pairs: Vec<(u64, String)> = serde_json::from_str(text).ok()?;
    let mut bytes = (pairs.len() as u64).to_le_bytes().to_vec();
    for (opcode, argument) in pairs {
        bytes.extend(opcode.to_le_bytes());
        bytes.extend(asm::parse_word::<Fr>(&argument).ok()?.to_le_bytes());
    }
    let mut hash = blake2b_simd::Params::new();
    let hash = hash
        .hash_length(32)
        .personal(b"StackVm.Program")
        .hash(&bytes);
    Some(hash.to_hex().to_string())
}

fn quoted(text: impl std::fmt::Display) -> String {
    format!("\"{text}\"")
}

/// Other forms of a number, and other numbers.
fn other_numbers(own: &str) -> Vec<String> {
    let integer: num_bigint::BigUint = own.parse().unwrap();
    let mut others: Vec<_> = [
        format!("{}", &integer + 1u8),
        format!("{}", &integer + Fr::modulus()),
        format!("0{own}"),
        format!("+{own}"),
        format!("-{own}"),
        format!(" {own}"),
        format!("{own} "),
        format!("{own}.0"),
        format!("{own}e0"),
        format!("0x{integer:x}"),
        String::new(),
    ]
    .iter()
    .map(quoted)
    .collect();
    others.push(own.into());
    others
}

/// Every field of a file, changed in every way that could be thought of.
fn edits(scene: &Scene) -> Vec<(String, Fields)> {
    let honest = scene.fields();
    let mut edits: Vec<(String, Fields)> = vec![];
    let mut edit = |name: &str, value: String| {
        edits.push((format!("{name} is {value:.80}"), honest.with(name, value)));
    };
    let names: Vec<_> = honest.0.iter().map(|own| own.0.as_str()).collect();
    for name in &names {
        let own = honest.get(name).unwrap();
        // What is not the field's kind of value, or another form of it.
        for value in ["null", "true", "[]", "{}", "\"\"", "0", "[0]", "1e400"] {
            if value != own {
                edit(name, value.into());
            }
        }
        edit(name, format!("[{own}]"));
        edit(
            name,
            format!("{{{}: null}}", own.split(',').next().unwrap()),
        );
        match own.strip_prefix('"').and_then(|own| own.strip_suffix('"')) {
            Some(text) => {
                edit(name, quoted(format!("{text} ")));
                edit(name, quoted(format!("{text}\\u0000")));
                edit(name, quoted(text.to_uppercase()));
                edit(name, quoted(format!("0x{text}")));
            }
            None => edit(name, quoted(own.replace('"', ""))),
        }
    }
    for (name, values) in [
        (
            "format",
            &["halo2-stack-vm key", "Halo2-stack-vm proof"][..],
        ),
        ("backend", &["ipa", "kzg"][..]),
        (
            "parameters",
            &["transparent", "ceremony", "insecure-dev"][..],
        ),
        ("binding", &["public", "cells", "fixed"][..]),
    ] {
        for value in values {
            edit(name, quoted(value));
        }
    }
    for version in ["2", "4", "3.0", "3e0", "03", "-3", "4294967299"] {
        edit("version", version.into());
    }
    for k in [
        "3",
        "5",
        "24",
        "25",
        "4.0",
        "4e0",
        "0x4",
        "-4",
        "4294967300",
    ] {
        edit("k", k.into());
    }
    let set = scene.file.circuit.set();
    let list: Vec<_> = set.opcodes().map(Opcode::mnemonic).collect();
    let mut sets = vec![
        list.join(","),
        list.join(", "),
        list.iter().rev().copied().collect::<Vec<_>>().join(","),
        format!("{set},nop"),
        format!("{set},halt"),
        format!("{set},pop"),
        format!("{set},{set}"),
        format!("{set},"),
    ];
    for opcode in Opcode::ALL {
        sets.push(set.and(&[*opcode]).name());
        let without = set.members() & !(1 << opcode.encoded());
        sets.extend(InstructionSet::from_members(without).map(InstructionSet::name));
    }
    sets.extend(InstructionSet::NAMED.iter().map(|own| own.0.into()));
    for other in sets.iter().filter(|own| **own != set.name()) {
        edit("instruction_set", quoted(other));
    }
    for name in [
        "parameters_digest",
        "verifying_key_digest",
        "program_digest",
    ] {
        let own = honest.get(name).unwrap();
        let first = if own.starts_with("\"0") { "\"1" } else { "\"0" };
        edit(name, format!("{first}{}", &own[2..]));
        edit(name, quoted("0".repeat(64)));
        edit(name, quoted(&own[1..own.len() - 3]));
        for other in [
            "parameters_digest",
            "verifying_key_digest",
            "program_digest",
        ] {
            edit(name, honest.get(other).unwrap().into());
        }
        for kind in ParametersKind::ALL {
            let digest = match kind {
                ParametersKind::Transparent => ipa(MIN_K).digest(),
                _ => kzg(kind, MIN_K).digest(),
            };
            edit(name, quoted(hex::encode(digest)));
        }
    }
    let own: Vec<(u64, String)> = match honest.get("program") {
        Some(program) => serde_json::from_str(program).unwrap(),
        None => {
            let own = scene.program.instructions().iter();
            own.map(|own| (own.opcode, own.argument.to_integer().to_string()))
                .collect()
        }
    };
    for other in other_programs(&own) {
        let program = serde_json::to_string(&other).unwrap();
        // What a key can't show at the end of a straight line is not read either.
        let shape = scene.file.circuit.shape();
        let read = asm::from_json::<Fr>(&flat(&other)).unwrap();
        let digest = read.canonical(shape).digest();
        if !(shape.straight
            && digest == scene.file.program_digest
            && read.canonical_len(STACK) == read.len())
        {
            edit("program", program);
        }
    }
    if let Some(program) = honest.get("program") {
        for (from, to) in [
            ("\"", ""),
            ("[[", "[[0"),
            (",\"", ",\"0"),
            ("\"]", "\",0]"),
            ("]]", "],[]]"),
        ] {
            edit("program", program.replacen(from, to, 1));
        }
        edit("program", program.replace('"', ""));
    }
    let output = honest.get("output").unwrap().trim_matches('"');
    for other in other_numbers(output) {
        edit("output", other);
    }
    let tape: Vec<String> = serde_json::from_str(honest.get("tape").unwrap()).unwrap();
    let mut tapes: Vec<Vec<String>> = vec![];
    for word in ["0", "1", "7"] {
        tapes.push([&tape[..], &[word.into()]].concat());
        tapes.push([&[word.into()], &tape[..]].concat());
    }
    for at in 0..tape.len() {
        let mut shorter = tape.clone();
        shorter.remove(at);
        tapes.push(shorter);
        tapes.push(
            tape.iter()
                .cloned()
                .cycle()
                .skip(at + 1)
                .take(tape.len())
                .collect(),
        );
        for other in other_numbers(&tape[at]) {
            let mut words: Vec<_> = tape.iter().map(quoted).collect();
            words[at] = other;
            edit("tape", format!("[{}]", words.join(",")));
        }
    }
    for other in tapes.iter().filter(|own| **own != tape) {
        edit("tape", serde_json::to_string(other).unwrap());
    }
    edit(
        "tape",
        format!("{{\"0\": {}}}", honest.get("tape").unwrap()),
    );
    let proof = honest.get("proof").unwrap();
    for (other, at) in [("00", 1), ("0", 1), ("00", proof.len() - 1)] {
        edit("proof", format!("{}{other}{}", &proof[..at], &proof[at..]));
    }
    edit("proof", quoted(&proof[1..proof.len() - 3]));
    edit("proof", quoted(&proof[3..proof.len() - 1]));
    let flipped = if &proof[1..2] == "0" { "1" } else { "0" };
    edit("proof", format!("\"{flipped}{}", &proof[2..]));
    // Names.
    for name in &names {
        edits.push((format!("no {name}"), honest.without(name)));
        let own = honest.get(name).unwrap();
        let mut twice = honest.clone();
        twice.0.push(((*name).into(), own.into()));
        edits.push((format!("{name} twice"), twice));
        for other in [name.to_uppercase(), format!("{name} "), format!("{name}s")] {
            let named = honest.without(name).with(&other, own);
            edits.push((format!("{other:?} for {name}"), named));
        }
    }
    for name in ["steps", "Program", "", "comment"] {
        edits.push((format!("{name:?} is there"), honest.with(name, "0")));
    }
    // An edit may give what was there before.
    edits.retain(|(_, fields)| *fields != honest);
    edits
}

#[test]
fn an_edited_proof_file_is_not_accepted() {
    let scenes = scenes();
    let tried = scenes.par_iter().map(|scene| {
        let honest = scene.fields();
        let mut tried = 0;
        let name = format!("{:?} {:?}", scene.file.parameters, scene.file.circuit);
        assert_eq!(ProofFile::from_json(&honest.text()).unwrap(), scene.file);
        assert!(scene.accepts(&scene.key, &scene.file), "{name}");
        assert!(
            scene.accepts(&scene.key_of(&scene.file).unwrap(), &scene.file),
            "{name}"
        );
        // What has no digest to mend has none that a mended one differs from.
        assert!(
            honest.mended(scene).iter().all(|own| *own == honest),
            "{name}"
        );
        for (edit, fields) in edits(scene) {
            let [of_program, all] = fields.mended(scene);
            let mended = all == of_program;
            for fields in [Some(fields), Some(of_program), (!mended).then_some(all)] {
                // To mend one field may undo the edit.
                if let Some(fields) = fields.filter(|fields| *fields != honest) {
                    assert!(!scene.is_accepted(&fields.text()), "{name}: {edit}");
                    tried += 1;
                }
            }
        }
        tried
    });
    let tried: usize = tried.sum();
    println!("{} files, {tried} edits", scenes.len());
    assert!(scenes.len() == 36 && tried > 36 * 300);
}

/// What may be written in more than one way is read as one: the order of the fields, the white space and the escapes
/// of JSON; and, in files that have a fixed program, the end of it that its key can't show.
#[test]
fn what_is_read_has_one_form() {
    for scene in scenes() {
        let honest = scene.fields();
        let mut reversed = honest.clone();
        reversed.0.reverse();
        let binding = scene.file.circuit.binding();
        let escaped = format!(
            "\"\\u{:04x}{}\"",
            binding.name().as_bytes()[0],
            &binding.name()[1..]
        );
        for text in [
            reversed.text(),
            honest.text().replace(": ", " :\n").replace('\n', "\r\n\t "),
            honest.with("binding", escaped).text(),
        ] {
            assert_eq!(ProofFile::from_json(&text).unwrap(), scene.file);
        }
        if binding != Binding::Fixed {
            continue;
        }
        let shape = scene.file.circuit.shape();
        let mut ends = vec![vec![]];
        if shape.straight {
            ends.push(vec![(0, "0".to_owned())]);
            ends.push(vec![(0, "0".to_owned()); 3]);
        }
        for end in ends {
            let own = scene.program.instructions().iter();
            let own = own.map(|own| (own.opcode, own.argument.to_integer().to_string()));
            let program: Vec<_> = own.chain(end).collect();
            let fields = honest.with("program", serde_json::to_string(&program).unwrap());
            let [fields, _] = fields.mended(&scene);
            let mut file = ProofFile::from_json(&fields.text()).unwrap();
            assert!(scene.accepts(&scene.key, &file));
            assert_eq!(file.program.take(), Some(scene.program.canonical(shape)));
            assert_eq!(file, scene.file);
        }
    }
}

/// A key file with other bytes is none, or one under which the proof is refused.
#[test]
fn an_edited_key_file_does_not_accept_the_proof() {
    let mut read = 0;
    for scene in scenes() {
        let honest = scene.key.to_bytes();
        let key = KeyFile::read_from(&honest[..], MIN_K).unwrap();
        assert!(scene.accepts(&key, &scene.file));
        let mut refused = |mut bytes: Vec<u8>, edit: &str| {
            let end = bytes.len() - 32;
            let mut hash = blake2b_simd::Params::new();
            let hash = hash
                .hash_length(32)
                .personal(b"StackVm.Key")
                .hash(&bytes[..end]);
            bytes[end..].copy_from_slice(hash.as_bytes());
            if let Ok(key) = KeyFile::read_from(&bytes[..], SIZES[1]) {
                read += 1;
                assert!(!scene.accepts(&key, &scene.file), "{edit}");
            }
        };
        // Of each field and each point some bits; keys::a_key_has_one_encoding flips them all.
        for bit in (0..8 * (honest.len() - 32)).step_by(11) {
            let mut edited = honest.clone();
            edited[bit / 8] ^= 1 << (bit % 8);
            refused(edited, &format!("bit {bit}"));
        }
        // The other keys of this length: of another program, set, kind of parameters.
        for other in [other_key(&scene).to_bytes(), honest.clone()] {
            for range in [16..20, 24..28, 28..36, 36..68, 68..100, 100..132] {
                let mut edited = honest.clone();
                match other == honest {
                    true => edited[range.clone()].reverse(),
                    false => edited[range.clone()].copy_from_slice(&other[range.clone()]),
                }
                if edited != honest {
                    refused(edited, &format!("bytes {range:?}"));
                }
            }
        }
    }
    // Of a program's digest nobody can see in a key that it is another one.
    println!("{read} edited keys were read");
    assert!(read > 100);
}

/// The key of another program, or of another set, with the other parameters of the backend.
fn other_key(scene: &Scene) -> Arc<KeyFile> {
    let mut file = scene.file.clone();
    file.circuit = circuit(InstructionSet::SEED, file.circuit.binding());
    file.program = Some(asm::assemble("push 9").unwrap().canonical(STACK));
    file.parameters = match file.parameters {
        ParametersKind::Transparent => ParametersKind::Transparent,
        ParametersKind::Ceremony => ParametersKind::InsecureDev,
        ParametersKind::InsecureDev => ParametersKind::Ceremony,
    };
    scene.key_of(&file).unwrap()
}
