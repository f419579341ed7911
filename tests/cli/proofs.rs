//! Proofs on the command line: what `verify` says, what it refuses, where `prove` writes.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::usage::{Desk, EXAMPLE, stackvm, stderr, stdout};

const DIGEST: &str = "2e7b48fd32345a629474e5565cc6d1da9d5928e7037c1d5ab874383271939d01";
/// What nothing that is never executed adds to.
const TAIL: &str = "halt\npush 666\nmul\n";

/// The digest of a program as a proof file has it.
fn digest(program: &Value) -> String {
    let pairs = program.as_array().unwrap();
    let mut bytes = (pairs.len() as u64).to_le_bytes().to_vec();
    for pair in pairs {
        bytes.extend(pair[0].as_u64().unwrap().to_le_bytes());
        let argument: u64 = pair[1].as_str().unwrap().parse().unwrap();
        bytes.extend(argument.to_le_bytes());
        bytes.extend([0; 24]);
    }
    let mut hash = blake2b_simd::Params::new();
    let hash = hash
        .hash_length(32)
        .personal(b"StackVm.Program")
        .hash(&bytes);
    hash.to_hex().to_string()
}

fn succeeds(desk: &Desk, arguments: &str) -> Output {
    let output = desk.run(arguments);
    assert!(output.status.success(), "{arguments}: {}", stderr(&output));
    output
}

#[test]
fn a_proof_can_not_be_given_another_program() {
    let desk = Desk::new();
    succeeds(&desk, "prove example.svm -o a.json");
    succeeds(&desk, "verify a.json --program example.svm");
    let honest: Value = serde_json::from_str(&desk.read("a.json")).unwrap();
    assert_eq!(honest["program_digest"], digest(&honest["program"]));
    for tail in [
        json!([[31, "0"], [1, "666"], [3, "0"]]),
        json!([[31, "0"]]),
        json!([[31, "7"], [99, "0"]]),
        json!([[0, "0"]]),
        json!([[4, "0"]]),
    ] {
        let mut edited = honest.clone();
        let program = edited["program"].as_array_mut().unwrap();
        program.extend(tail.as_array().unwrap().clone());
        edited["program_digest"] = digest(&edited["program"]).into();
        desk.write("b.json", edited.to_string());
        let (code, value) = desk.json("verify b.json");
        assert_eq!((code, &value["valid"]), (1, &json!(false)), "{tail}");
        let reason = value["reason"].as_str().unwrap();
        let halts = tail[0][0] == 31;
        assert_eq!(
            reason.contains("the circuit sees the first 5"),
            halts,
            "{reason}"
        );
    }
}

/// What is never executed is no part of the program that is proved.
#[test]
fn a_program_and_its_end_are_one() {
    let desk = Desk::new();
    desk.write("longer.svm", format!("{EXAMPLE}{TAIL}"));
    succeeds(&desk, "prove longer.svm -o longer.json");
    succeeds(&desk, "prove example.svm -o a.json");
    for proof in ["a.json", "longer.json"] {
        let file: Value = serde_json::from_str(&desk.read(proof)).unwrap();
        assert_eq!(file["program"].as_array().unwrap().len(), 5);
        assert_eq!(file["program_digest"], DIGEST);
        for program in ["example.svm", "longer.svm"] {
            let (code, value) = desk.json(&format!("verify {proof} --program {program}"));
            assert_eq!((code, &value["instructions"]), (0, &json!(5)), "{value}");
        }
    }
    // With control flow something could jump there.
    let sets = "--set full";
    succeeds(&desk, &format!("prove longer.svm {sets} -o longer.json"));
    succeeds(&desk, "verify longer.json --program longer.svm");
    assert_eq!(
        desk.run("verify longer.json --program example.svm")
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn a_digest_is_of_what_is_proved() {
    let desk = Desk::new();
    desk.write("longer.svm", format!("{EXAMPLE}{TAIL}"));
    desk.write("nops.svm", format!("{EXAMPLE}nop\nnop\n"));
    assert_eq!(
        stdout(&succeeds(&desk, "digest example.svm")),
        format!("{DIGEST}\n")
    );
    assert_eq!(
        stdout(&desk.piped("digest -", EXAMPLE)),
        format!("{DIGEST}\n")
    );
    let (_, value) = desk.json("digest longer.svm");
    let expected = json!({
        "digest": DIGEST,
        "instruction_set": "stack",
        "binding": "public",
        "instructions": 8,
        "canonical_instructions": 5,
    });
    assert_eq!(value, expected);
    let of = |arguments: &str| {
        let (code, value) = desk.json(&format!("digest {arguments}"));
        assert_eq!(code, 0, "{value}");
        let counts = [&value["instructions"], &value["canonical_instructions"]];
        (value["digest"].as_str().unwrap().to_owned(), json!(counts))
    };
    assert_eq!(of("longer.svm --steps 5"), (DIGEST.into(), json!([5, 5])));
    assert_ne!(of("longer.svm --set full").0, DIGEST);
    assert_eq!(of("longer.svm --set full").1, json!([8, 8]));
    assert_eq!(of("example.svm --set full").0, DIGEST);
    // A key shows no `nop` where the machine does nothing anyway; what is stated does.
    assert_ne!(of("nops.svm").0, DIGEST);
    assert_eq!(
        of("nops.svm --binding fixed"),
        (DIGEST.into(), json!([7, 5]))
    );
    // It is the one that proofs and keys name.
    for (program, options) in [
        ("nops.svm", ""),
        ("nops.svm", "--binding fixed"),
        ("longer.svm", "--set full"),
    ] {
        let own = of(&format!("{program} {options}")).0;
        succeeds(&desk, &format!("prove {program} {options} -o a.json"));
        let file: Value = serde_json::from_str(&desk.read("a.json")).unwrap();
        assert_eq!(file["program_digest"], own, "{options}");
        let (code, value) = desk.json(&format!("verify a.json --program {program}"));
        assert_eq!(
            (code, &value["program_digest"]),
            (0, &json!(own)),
            "{options}"
        );
    }
    let (_, value) = desk.json("keygen --k 4 --binding fixed --program nops.svm -o a.vkey");
    assert_eq!(value["program_digest"], DIGEST);
    for refused in [
        "digest",
        "digest missing.svm",
        "digest example.svm --steps x",
    ] {
        assert_eq!(desk.run(refused).status.code(), Some(2), "{refused}");
    }
    assert_eq!(
        desk.run("digest example.svm --steps 9").status.code(),
        Some(1)
    );
}

#[test]
fn a_proof_file_does_not_tell_a_fixed_program() {
    let desk = Desk::new();
    desk.write("p.svm", "secret\npush 1234567\nmul\n");
    desk.write("other.svm", "secret\npush 1234568\nmul\n");
    succeeds(&desk, "prove p.svm --secret 5 -o public.json");
    assert!(desk.read("public.json").contains("1234567"));
    succeeds(&desk, "prove p.svm --secret 5 --binding fixed -o a.json");
    let text = desk.read("a.json");
    assert!(
        !text.contains("1234567") && !text.contains("\"program\""),
        "{text}"
    );
    // The verifier has the program, or a key of it.
    let output = desk.run("verify a.json");
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("--program FILE") && said.contains("--key FILE"),
        "{said}"
    );
    let (code, value) = desk.json("verify a.json --program p.svm");
    assert_eq!(
        (code, &value["program_checked"], &value["output"]),
        (0, &json!(true), &json!("6172835"))
    );
    assert_eq!(
        (&value["instructions"], &value["private_words"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(desk.json("verify a.json --program other.svm").0, 1);
    let keygen = "keygen --k 4 --set push,mul,secret --binding fixed";
    let (_, made) = desk.json(&format!("{keygen} --program p.svm -o a.vkey"));
    succeeds(
        &desk,
        &format!("{keygen} --program other.svm -o other.vkey"),
    );
    let (code, value) = desk.json("verify a.json --key a.vkey");
    assert_eq!(
        (code, &value["program_checked"]),
        (0, &json!(false)),
        "{value}"
    );
    assert_eq!(
        (&value["instructions"], &value["private_words"]),
        (&Value::Null, &Value::Null)
    );
    // Of a key file that is taken as it is nobody can see which program it holds.
    let (code, value) = desk.json("verify a.json --key a.vkey --program p.svm");
    assert_eq!((code, &value["program_checked"]), (0, &json!(false)));
    let fingerprint = made["fingerprint"].as_str().unwrap();
    let (code, value) = desk.json(&format!(
        "verify a.json --key a.vkey --fingerprint {fingerprint}"
    ));
    assert_eq!(
        (code, &value["program_checked"]),
        (0, &json!(true)),
        "{value}"
    );
    assert_eq!(desk.json("verify a.json --key other.vkey").0, 1);
    // A file from when it told the program is verified too.
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proofs/v3");
    for (name, instructions) in [("calls-ipa-fixed", 13), ("fills-ipa-fixed", 7)] {
        let text = std::fs::read_to_string(old.join(format!("{name}.proof.json"))).unwrap();
        assert!(text.contains("\"program\""));
        desk.write("old.json", text);
        let (code, value) = desk.json("verify old.json");
        assert_eq!(
            (code, &value["instructions"]),
            (0, &json!(instructions)),
            "{value}"
        );
    }
}

/// The lines of a report, each with its heading.
fn report(output: &Output) -> Vec<(String, String)> {
    let text = stdout(output);
    let lines = text
        .lines()
        .skip(1)
        .map(|line| line.split_once(' ').unwrap());
    lines
        .map(|(name, text)| (name.into(), text.trim_start().into()))
        .collect()
}

fn line(output: &Output, name: &str) -> Option<String> {
    let report = report(output);
    report
        .into_iter()
        .find(|own| own.0 == name)
        .map(|own| own.1)
}

#[test]
fn verify_says_what_was_proved_compared_and_assumed() {
    let desk = Desk::new();
    let hint = stdout(&succeeds(&desk, "prove example.svm -o a.json"));
    let verify = "verify a.json --program example.svm";
    assert!(
        hint.ends_with(&format!("verify it with: stackvm {verify}\n")),
        "{hint}"
    );
    let output = succeeds(&desk, verify);
    let expected = format!(
        "valid: the program of 5 instructions gives output 36\n\
         digest      {DIGEST}\n\
         compared    the program with example.svm\n\
         parameters  IPA: transparent, without a setup\n\
         key         made anew: k = 4, set stack, program public\n"
    );
    assert_eq!(
        (stdout(&output), stderr(&output)),
        (expected, String::new())
    );
    let (_, value) = desk.json(verify);
    for (field, expected) in [
        ("valid", json!(true)),
        ("program_checked", json!(true)),
        ("program_digest", json!(DIGEST)),
        ("instructions", json!(5)),
        ("private_words", json!(false)),
        ("tape_uses", json!([])),
        ("parameters", json!("transparent")),
        ("key_fingerprint", Value::Null),
    ] {
        assert_eq!(value[field], expected, "{field}");
    }

    // With nothing compared there is a warning.
    let output = succeeds(&desk, "verify a.json");
    assert!(line(&output, "compared").unwrap().starts_with("nothing"));
    assert!(stderr(&output).starts_with("warning: ") && stderr(&output).contains("--program FILE"));
    assert_eq!(desk.json("verify a.json").1["program_checked"], false);

    // A key file is taken as it is, or compared.
    let (_, made) = desk.json("keygen --k 4 -o a.vkey");
    let fingerprint = made["fingerprint"].as_str().unwrap();
    let output = succeeds(&desk, &format!("{verify} --key a.vkey"));
    assert!(
        stderr(&output).contains("--fingerprint HEX"),
        "{}",
        stderr(&output)
    );
    assert_eq!(line(&output, "fingerprint").unwrap(), fingerprint);
    let named = format!("{verify} --key a.vkey --fingerprint {fingerprint}");
    let output = succeeds(&desk, &named);
    assert_eq!(stderr(&output), "");
    let compared = line(&output, "compared").unwrap();
    assert!(compared.contains("example.svm; the key"), "{compared}");
    assert!(
        line(&output, "key")
            .unwrap()
            .starts_with("of a.vkey: k = 4")
    );
    assert_eq!(desk.json(&named).1["fingerprint_checked"], true);
    // A key for all programs says nothing of this one.
    let output = succeeds(&desk, &named.replace("--program example.svm ", ""));
    assert!(stderr(&output).contains("--program FILE"));

    // The program cut, development parameters, a ceremony.
    let hint = stdout(&succeeds(&desk, "prove example.svm --steps 4 -o a.json"));
    assert!(
        hint.ends_with("--program example.svm --steps 4\n"),
        "{hint}"
    );
    let output = succeeds(&desk, &format!("{verify} --steps 4"));
    assert_eq!(
        line(&output, "compared").unwrap(),
        "the program with example.svm, cut to 4 steps"
    );
    let dev = "--backend kzg --insecure-dev-srs";
    let hint = stdout(&succeeds(
        &desk,
        &format!("prove example.svm {dev} -o a.json"),
    ));
    assert!(
        hint.ends_with("--program example.svm --insecure-dev-srs\n"),
        "{hint}"
    );
    let output = succeeds(&desk, &format!("{verify} --insecure-dev-srs"));
    assert!(line(&output, "parameters").unwrap().contains("INSECURE"));
    desk.write_ceremony("srs", 4);
    succeeds(&desk, "prove example.svm --backend kzg --srs srs -o a.json");
    let output = succeeds(&desk, &format!("{verify} --srs srs"));
    let file: Value = serde_json::from_str(&desk.read("a.json")).unwrap();
    let parameters = line(&output, "parameters").unwrap();
    let digest = file["parameters_digest"].as_str().unwrap();
    assert!(
        parameters.contains("in srs, ") && parameters.ends_with(digest),
        "{parameters}"
    );
}

#[test]
fn verify_says_what_was_read_and_written() {
    let desk = Desk::new();
    desk.write("straight.svm", "read\nsecret\nmul\nwrite\nread\n");
    desk.write("loop.svm", "read\ndup\nwrite\naddi -1\ndup\njnz 1\n");
    desk.write(
        "decides.svm",
        "secret\njnz 4\nread\njump 6\npush 5\nwrite\npush 1\n",
    );
    for (program, words, tape, uses) in [
        (
            "straight",
            "--input 6,8 --secret 7",
            "read 6, wrote 42, read 8",
            json!(["read", "write", "read"]),
        ),
        (
            "loop",
            "--input 2",
            "read 2, wrote 2 1",
            json!(["read", "write", "write"]),
        ),
        (
            "decides",
            "--secret 1",
            "5 (the program decides which were read and which written)",
            Value::Null,
        ),
    ] {
        let prove = format!("prove {program}.svm {words} -o a.json");
        // The run tells it to the prover.
        let (_, proved) = desk.json(&prove);
        let known = if uses.is_null() {
            json!(["write"])
        } else {
            uses.clone()
        };
        assert_eq!(proved["tape_uses"], known);
        let said = stdout(&succeeds(&desk, &prove));
        assert_eq!(
            said.contains(&format!("\ntape {tape}\n")),
            !uses.is_null(),
            "{said}"
        );
        let verify = format!("verify a.json --program {program}.svm");
        let output = succeeds(&desk, &verify);
        assert_eq!(line(&output, "tape").unwrap(), tape);
        assert_eq!(desk.json(&verify).1["tape_uses"], uses);
        let private = line(&output, "private");
        assert_eq!(private.is_some(), words.contains("secret"), "{private:?}");
    }
}

/// A file goes to standard output, clean, and the report to standard error.
#[cfg(unix)]
#[test]
fn standard_output_is_a_pipe_for_files() {
    let desk = Desk::new();
    let verify = "\"$0\" verify - --program example.svm";
    for prove in [
        "\"$0\" prove example.svm -o -",
        "\"$0\" prove example.svm -o /dev/stdout",
        "\"$0\" prove example.svm --json -o -",
        "\"$0\" prove example.svm --backend ipa -o -",
    ] {
        let output = desk.shell(&format!("{prove} 2> report | {verify}"));
        assert!(output.status.success(), "{prove}: {}", stderr(&output));
        assert!(stdout(&output).starts_with("valid: "));
        let report = desk.read("report");
        match prove.contains("--json") {
            true => assert_eq!(
                serde_json::from_str::<Value>(&report).unwrap()["output"],
                "36"
            ),
            false => {
                assert!(
                    report
                        .contains("output 36\nproof of 1728 bytes (ipa, k = 4) on standard output")
                );
                assert!(
                    report.ends_with("stackvm verify - --program example.svm\n"),
                    "{report}"
                );
            }
        }
    }
    // A file that the shell has opened.
    for path in ["-", "/dev/stdout", "out.json"] {
        let output = desk.shell(&format!("\"$0\" prove example.svm -o {path} > out.json"));
        assert!(output.status.success(), "{path}: {}", stderr(&output));
        assert!(stderr(&output).contains("output 36"), "{path}");
        succeeds(&desk, "verify out.json --program example.svm");
        std::fs::remove_file(desk.path("out.json")).unwrap();
    }
    let output = desk.shell("\"$0\" keygen --k 4 -o - > a.vkey");
    assert!(output.status.success() && stderr(&output).contains("on standard output"));
    let (_, made) = desk.json("keygen --k 4 -o b.vkey");
    let said = stderr(&output);
    assert!(
        said.contains(made["fingerprint"].as_str().unwrap()),
        "{said}"
    );
    assert_eq!(
        std::fs::read(desk.path("a.vkey")).unwrap(),
        std::fs::read(desk.path("b.vkey")).unwrap()
    );
    // What can't be written is not lost.
    if Path::new("/dev/full").exists() {
        let output = desk.shell("\"$0\" prove example.svm -o - > /dev/full");
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        let (_, kept) = said.split_once("the proof is kept in ").expect(&said);
        succeeds(
            &desk,
            &format!("verify {} --program example.svm", kept.trim()),
        );
    }
    // What fails leaves the pipe empty.
    desk.write("underflow.svm", "add\n");
    for fails in [
        "prove underflow.svm -o -",
        "prove missing.svm -o -",
        "prove underflow.svm --json -o -",
    ] {
        let output = desk.run(fails);
        assert!(!output.status.success());
        assert_eq!(stdout(&output), "", "{fails}");
        assert!(stderr(&output).contains("underflow") || stderr(&output).contains("missing.svm"));
    }
}

/// No name that the user did not choose costs a proof of another program.
#[test]
fn a_proof_of_another_program_is_not_overwritten_by_chance() {
    let desk = Desk::new();
    for (folder, source) in [("a", "push 1\n"), ("b", "push 2\n")] {
        std::fs::create_dir(desk.path(folder)).unwrap();
        desk.write(&format!("{folder}/x.svm"), source);
    }
    succeeds(&desk, "prove a/x.svm");
    let first = desk.read("x.proof.json");
    let output = desk.run("prove b/x.svm");
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("a proof of another program")
            && said.contains("-o")
            && said.contains("--force"),
        "{said}"
    );
    assert_eq!(desk.read("x.proof.json"), first);
    // One of the same program is made anew, whatever the words and the circuit.
    let output = succeeds(&desk, "prove a/x.svm --k 5");
    assert_eq!(stderr(&output), "");
    assert_ne!(desk.read("x.proof.json"), first);
    // Who names the file means it, and is told.
    let output = succeeds(&desk, "prove b/x.svm -o x.proof.json");
    let said = stderr(&output);
    assert!(
        said.starts_with("warning: x.proof.json is a proof of another program"),
        "{said}"
    );
    succeeds(&desk, "verify x.proof.json --program b/x.svm");
    let output = succeeds(&desk, "prove a/x.svm --force");
    assert_eq!(stderr(&output), "");
    succeeds(&desk, "verify x.proof.json --program a/x.svm");
    // Of which program one of another version is, nobody can say.
    let other = desk
        .read("x.proof.json")
        .replacen("\"version\": 3", "\"version\": 2", 1);
    desk.write("x.proof.json", &other);
    assert_eq!(desk.run("prove a/x.svm").status.code(), Some(2));
    assert_eq!(desk.read("x.proof.json"), other);
    let help = stdout(&desk.run("prove --help"));
    assert!(help.contains("another program"), "{help}");
}

/// Another key is one of another circuit, other parameters or another program.
#[test]
fn another_key_is_not_overwritten_without_a_word() {
    let desk = Desk::new();
    succeeds(&desk, "keygen --k 4 -o a.vkey");
    let output = succeeds(&desk, "keygen --k 4 -o a.vkey");
    assert_eq!(stderr(&output), "", "the same key");
    let warning = "warning: a.vkey is another key, and will be overwritten\n";
    let output = succeeds(&desk, "keygen --k 5 -o a.vkey");
    assert_eq!(stderr(&output), warning);
    let output = succeeds(&desk, "keygen --k 4 -o a.vkey --force");
    assert_eq!(stderr(&output), "");
}

/// Not even who insists loses what a proof or a key is made of, by whatever name.
#[test]
fn what_a_command_reads_is_not_overwritten() {
    let desk = Desk::new();
    desk.write("words", "1\n");
    desk.write("x.svm", "read\nsecret\nadd\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(desk.path("x.svm"), desk.path("link")).unwrap();
    let prove = "prove x.svm --input-file words --secret 2 --force -o";
    succeeds(&desk, &format!("{prove} x.proof.json"));
    let keygen = "keygen --k 4 --set read,secret,add --binding fixed --program x.svm --force -o";
    succeeds(&desk, &format!("{keygen} x.vkey"));
    let mut refused = vec![
        format!("{prove} x.svm"),
        format!("{prove} ./x.svm"),
        format!("{prove} words"),
        format!("{keygen} x.svm"),
    ];
    if cfg!(unix) {
        refused.push(format!("{prove} link"));
    }
    for command in refused {
        let output = desk.run(&command);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let said = stderr(&output);
        assert!(said.contains("a file that the command reads"), "{said}");
    }
    if cfg!(unix) {
        let program = std::fs::File::open(desk.path("x.svm")).unwrap();
        let arguments = "prove - --input 1 --secret 2 --force -o x.svm".split(' ');
        let output = std::process::Command::new(stackvm())
            .args(arguments)
            .current_dir(desk.path(""))
            .stdin(program)
            .output()
            .unwrap();
        assert!(stderr(&output).contains("a file that the command reads"));
        // From what is no file nothing is lost.
        desk.write("two.svm", "push 2\n");
        succeeds(
            &desk,
            "prove two.svm --input-file /dev/null -o /dev/null --force",
        );
    }
    assert_eq!(desk.read("x.svm"), "read\nsecret\nadd\n");
    assert_eq!(desk.read("words"), "1\n");
}

/// What does not fit into the circuit that a file names.
#[test]
fn what_has_no_room_in_the_circuit_is_refused() {
    let desk = Desk::new();
    succeeds(&desk, "prove example.svm -o a.json");
    let text = desk.read("a.json");
    let words = vec!["\"0\""; 100_000].join(",");
    desk.write(
        "b.json",
        text.replacen("\"tape\": []", &format!("\"tape\": [{words}]"), 1),
    );
    let (code, value) = desk.json("verify b.json");
    assert_eq!((code, &value["valid"]), (1, &json!(false)));
    let reason = value["reason"].as_str().unwrap();
    assert!(
        reason.contains("its tape is of more than 0 words"),
        "{reason}"
    );
}
