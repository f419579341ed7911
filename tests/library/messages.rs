//! Whatever a stranger writes, no message of the library has it as it is: each is one line, without characters that
//! command a terminal, turn the direction of the text or can't be seen.

use std::error::Error;

use halo2_stack_vm::asm;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::proof::cache::Cache;
use halo2_stack_vm::proof::file::ProofFile;
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::KzgParams;
use halo2curves::bn256::Fr;

/// What a stranger may write, without the end of a line, which divides a program's text.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}\u{202e}\u{2066}\u{2028}\u{85}\u{200b}\u{feff}\u{7f}\u{0}\r";
const LINES: &str = "x\n\n\nvalid: this is no word of the program's\r\nnote: ";

/// Checks a message, and those of what caused it; gives the first.
fn checked(error: &dyn Error) -> String {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let message = error.to_string();
        let harmful = |own: char| {
            own.is_control()
                || matches!(own, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        assert_eq!(
            message.chars().find(|own| harmful(*own)),
            None,
            "{message:?}"
        );
        assert!(!message.is_empty() && message.len() < 1000);
        cause = error.source();
    }
    error.to_string()
}

/// That a message quotes something of a text, and so could have quoted all of it.
fn quotes(message: &str) {
    let escaped = ["\\u{", "\\n", "\\r", "\\0"];
    assert!(escaped.iter().any(|own| message.contains(own)), "{message}");
}

#[test]
fn names_of_sets_and_words_are_escaped() {
    for hostile in [HOSTILE, LINES] {
        for name in [
            hostile.to_owned(),
            format!("push,{hostile}"),
            hostile.repeat(100),
        ] {
            let error = name.parse::<InstructionSet>().unwrap_err();
            quotes(&checked(&error));
            assert!(error.name.len() < 500);
        }
        for text in [
            hostile.to_owned(),
            format!("1{hostile}"),
            format!("0x{hostile}"),
        ] {
            quotes(&checked(&asm::parse_word::<Fr>(&text).unwrap_err()));
        }
    }
}

#[test]
fn programs_are_escaped() {
    let mut kinds = 0;
    for line in [
        HOSTILE.to_owned(),
        format!("push {HOSTILE}"),
        format!("push 1 {HOSTILE}"),
        format!("push 1{HOSTILE}"),
        format!("jump a{HOSTILE}"),
        format!("{HOSTILE}: push 1"),
        format!("a:\n{HOSTILE}a: nop"),
        format!(".{HOSTILE} a 1"),
        format!(".const {HOSTILE} 1"),
        format!(".const a {HOSTILE}"),
        format!(".const a 1{HOSTILE}"),
    ] {
        let errors = asm::assemble::<Fr>(&line).unwrap_err();
        for error in errors.errors() {
            checked(error);
            checked(&error.kind);
            kinds += 1;
        }
    }
    assert!(kinds >= 11);
    for hostile in [HOSTILE, LINES] {
        let quoted = serde_json::to_string(hostile).unwrap();
        for text in [
            hostile.to_owned(),
            quoted.clone(),
            format!("[{quoted},1]"),
            format!("[1,{quoted}]"),
            format!("[1,{{{quoted}:1}}]"),
            format!("[1,[{quoted}]]"),
            format!("[{quoted}]"),
        ] {
            checked(&asm::from_json::<Fr>(&text).unwrap_err());
        }
    }
}

/// A well-formed proof file, but for its proof.
fn proof_file() -> Vec<(&'static str, String)> {
    let zeros = format!("\"{}\"", "0".repeat(64));
    vec![
        ("format", "\"halo2-stack-vm proof\"".into()),
        ("version", "3".into()),
        ("backend", "\"ipa\"".into()),
        ("parameters", "\"transparent\"".into()),
        ("parameters_digest", zeros.clone()),
        ("k", "4".into()),
        ("instruction_set", "\"stack\"".into()),
        ("binding", "\"public\"".into()),
        ("verifying_key_digest", zeros.clone()),
        ("program", "[[1,\"3\"]]".into()),
        ("program_digest", zeros),
        ("output", "\"3\"".into()),
        ("tape", "[]".into()),
        ("proof", format!("\"{}\"", "0".repeat(2 * 1728))),
    ]
}

fn text(fields: &[(impl AsRef<str>, String)]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("\"{}\":{value}", name.as_ref()))
        .collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
fn fields_of_proof_files_are_escaped() {
    let honest = proof_file();
    assert!(ProofFile::from_json(&text(&honest)).is_ok());
    let mut quoted = 0;
    for hostile in [HOSTILE, LINES] {
        let json = serde_json::to_string(hostile).unwrap();
        for (at, (name, _)) in honest.iter().enumerate() {
            for value in [
                json.clone(),
                hostile.to_owned(),
                format!("[{json}]"),
                format!("[[{json},{json}]]"),
                format!("[[1,{json}]]"),
                format!("{{{json}:1}}"),
            ] {
                let mut fields = honest.clone();
                fields[at].1 = value;
                let message = checked(&ProofFile::from_json(&text(&fields)).unwrap_err());
                quoted += usize::from(message.contains("\\u{") || message.contains("\\n"));
                if ["instruction_set", "backend", "binding", "parameters"].contains(name)
                    && fields[at].1 == json
                {
                    quotes(&message);
                }
            }
            // As a name.
            let mut fields = honest.clone();
            fields[at].0 = "";
            let named = text(&fields).replacen("\"\"", &json, 1);
            checked(&ProofFile::from_json(&named).unwrap_err());
        }
    }
    assert!(quoted >= 10, "{quoted}");
}

#[test]
fn contents_and_names_of_files_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    // No file's name has a 0.
    let hostile = format!("{HOSTILE}{LINES}")
        .replace('\0', "")
        .replace('/', "");
    let path = folder.path().join(&hostile);
    checked(&ProofFile::read(&path).unwrap_err());
    checked(&KeyFile::read(&path, 4).unwrap_err());
    quotes(&checked(&KzgParams::from_srs(&path, 4).unwrap_err()));
    std::fs::write(&path, format!("svm-vkey{HOSTILE}")).unwrap();
    checked(&KeyFile::read(&path, 4).unwrap_err());
    checked(&ProofFile::read(&path).unwrap_err());
    quotes(&checked(&KzgParams::from_srs(&path, 4).unwrap_err()));
    // The file is where a folder is wanted.
    let outcome = Cache::at(&path).ipa(4).unwrap().outcome;
    let halo2_stack_vm::proof::cache::CacheOutcome::NotStored(error) = outcome else {
        panic!("it was stored");
    };
    quotes(&checked(&error));
}
