//! No name, argument or content of a file does anything to the terminal, or pretends to be a line of the program's.

use std::process::Output;

use serde_json::{Value, json};

use super::usage::{Desk, EXAMPLE, stackvm, stderr, stdout};

/// Characters that a terminal would obey, that turn the text, that can't be seen.
const HARMFUL: &str =
    "\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{2028}\u{85}\u{200b}\u{feff}\u{7f}\u{8}\r";
const SPOOF: &str = "x\n\n\nvalid: 36\n";

/// That no text of a stranger's is shown as it is.
fn is_harmless(output: &Output, what: &str) {
    assert!(matches!(output.status.code(), Some(0..=2)), "{what}");
    for text in [stdout(output), stderr(output)] {
        // Without colours, each an escape, a bracket, numbers and an `m`.
        let mut pieces = text.split("\u{1b}[");
        let mut shown = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let end = piece
                .find(|own: char| !own.is_ascii_digit() && own != ';')
                .unwrap();
            assert!(piece[end..].starts_with('m'), "{what}: {text:?}");
            shown += &piece[end + 1..];
        }
        let harmful =
            |own: &char| HARMFUL[1..].contains(*own) && !own.is_ascii_graphic() || *own == '\u{1b}';
        assert_eq!(shown.chars().find(harmful), None, "{what}: {shown:?}");
        let spoofed = shown.lines().find(|line| line.starts_with("valid: 36"));
        assert_eq!(spoofed, None, "{what}: {shown:?}");
    }
}

/// Runs with these arguments, and with colours: without them escapes are left out anyway.
fn coloured(desk: &Desk, arguments: &[&str]) -> Output {
    let mut command = desk.command(stackvm());
    command.args(arguments).env("CLICOLOR_FORCE", "1");
    command.output().unwrap()
}

#[cfg(unix)]
#[test]
fn names_do_nothing_to_a_terminal() {
    let desk = Desk::new();
    assert!(desk.run("prove example.svm -o a.json").status.success());
    for hostile in [format!("{HARMFUL}{SPOOF}"), format!("{SPOOF}{HARMFUL}")] {
        let own = hostile.as_str();
        let [equals, set, list, svm, within] = [
            format!("--k={own}"),
            format!("--set={own}"),
            format!("push,{own}"),
            format!("{own}.svm"),
            format!("{own}/x"),
        ];
        let missing: Vec<Vec<&str>> = vec![
            vec![own],
            vec!["--", own],
            vec!["run", own],
            vec!["run", "example.svm", own],
            vec!["run", "example.svm", "--set", own],
            vec!["run", "example.svm", &set],
            vec!["run", "example.svm", "--set", &list],
            vec!["run", "example.svm", "--input", own],
            vec!["run", "example.svm", "--input-file", own],
            vec!["run", "example.svm", "--secret", own],
            vec!["run", "example.svm", "--secret-file", own],
            vec!["run", "example.svm", "--steps", own],
            vec!["run", "example.svm", "--max-steps", own],
            vec!["check", own],
            vec!["check", "example.svm", "--output", own],
            vec!["check", "example.svm", &equals],
            vec!["debug", own],
            vec!["profile", own],
            vec!["digest", own],
            vec!["digest", "example.svm", "--binding", own],
            vec!["prove", own],
            vec!["prove", "example.svm", "--backend", own],
            vec!["prove", "example.svm", "-o", &within],
            vec!["prove", "example.svm", "--backend", "kzg", "--srs", own],
            vec!["keygen", "-o", &within],
            vec![
                "keygen",
                "-o",
                "a.vkey",
                "--binding",
                "fixed",
                "--program",
                own,
            ],
            vec!["verify", own],
            vec!["verify", "a.json", "--program", own],
            vec!["verify", "a.json", "--key", own],
            vec!["verify", "a.json", "--key", own, "--fingerprint", own],
            vec!["verify", "a.json", "--max-k", own],
            vec!["info", "--set", own],
            vec!["info", "--k", own],
        ];
        for arguments in &missing {
            let output = coloured(&desk, arguments);
            is_harmless(&output, &format!("{arguments:?}"));
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(!stderr(&output).is_empty(), "{arguments:?}");
            // What JSON quotes of a stranger's it escapes as it does.
            let output = coloured(
                &desk,
                &[&arguments[..1], &["--json"], &arguments[1..]].concat(),
            );
            assert!(stdout(&output).lines().count() <= 1, "{arguments:?}");
        }
        // Files of such names, of all kinds.
        for (contents, name) in [
            (EXAMPLE, svm.as_str()),
            ("push 1\nfoo\n", own),
            ("push 1\nmul\n", own),
            ("{}", own),
            (&desk.read("a.json"), own),
        ] {
            desk.write(name, contents);
            for arguments in [
                &["run", name][..],
                &["check", name],
                &["debug", name],
                &["profile", name],
                &["digest", name],
                &["prove", name],
                &["prove", "example.svm", "-o", name],
                &["prove", "example.svm", "-o", name, "--force"],
                &["keygen", "--k", "4", "-o", name],
                &["keygen", "--k", "4", "-o", name, "--force"],
                &["verify", name],
                &["verify", name, "--program", "example.svm"],
                &["verify", "a.json", "--program", name],
                &["verify", "a.json", "--key", name],
            ] {
                is_harmless(&coloured(&desk, arguments), &format!("{arguments:?}"));
                desk.write(name, contents);
            }
            std::fs::remove_file(desk.path(name)).unwrap();
        }
    }
    // What is no text at all.
    use std::os::unix::ffi::OsStrExt;
    let mut command = desk.command(stackvm());
    command
        .arg("--set")
        .arg(std::ffi::OsStr::from_bytes(b"\xff\x1b[2J"));
    is_harmless(&command.output().unwrap(), "bytes");
}

#[test]
fn contents_do_nothing_to_a_terminal() {
    let desk = Desk::new();
    assert!(desk.run("prove example.svm -o a.json").status.success());
    let honest: Value = serde_json::from_str(&desk.read("a.json")).unwrap();
    for hostile in [HARMFUL, SPOOF] {
        for name in honest.as_object().unwrap().keys() {
            for value in [
                json!(hostile),
                json!([hostile]),
                json!([[1, hostile]]),
                json!({hostile: 1}),
            ] {
                let mut edited = honest.clone();
                edited[name] = value;
                desk.write("b.json", edited.to_string());
                let output = coloured(&desk, &["verify", "b.json"]);
                is_harmless(&output, &format!("{name} is {:?}", edited[name]));
                assert!(!output.status.success(), "{name}");
            }
        }
        let mut edited = honest.clone();
        edited[hostile] = 1.into();
        desk.write("b.json", edited.to_string());
        is_harmless(&coloured(&desk, &["verify", "b.json"]), "a name");
        // Programs: each word of a line, and JSON.
        let line = hostile.replace('\n', " ");
        for program in [
            line.clone(),
            format!("push {line}"),
            format!("push 1{line}"),
            format!("push 1 {line}"),
            format!("a{line}: nop"),
            format!(".const a{line} 1\npush a{line}"),
            format!(".{line}"),
            format!("\t push 1 # {line}\n\tmul # {line}"),
            json!([hostile, 1]).to_string(),
            json!([1, hostile]).to_string(),
            json!([1, {hostile: 1}]).to_string(),
        ] {
            desk.write("b.svm", &program);
            for command in ["run", "check", "debug", "profile", "prove", "digest"] {
                let output = coloured(&desk, &[command, "b.svm"]);
                is_harmless(&output, &format!("{command} {program:?}"));
            }
        }
        desk.write("words.txt", hostile);
        for option in ["--input-file", "--secret-file"] {
            let output = coloured(&desk, &["run", "example.svm", option, "words.txt"]);
            is_harmless(&output, option);
        }
        for file in ["--key", "--srs"] {
            desk.write("b.bin", format!("svm-vkey{hostile}"));
            is_harmless(&coloured(&desk, &["verify", "a.json", file, "b.bin"]), file);
        }
    }
    // And what a debugger is told.
    let output = desk.piped(
        "debug example.svm",
        &format!("{HARMFUL}\nbreak {HARMFUL}\nstep {HARMFUL}\n"),
    );
    is_harmless(&output, "commands");
    assert!(stdout(&output).contains("\\u{1b}"), "{}", stdout(&output));
}
