//! The command line, as a user drives it: real files, real proofs, exit codes, JSON.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

use halo2_proofs::halo2curves::bn256::Bn256;
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const EXAMPLE: &str = "push 3\npush 6\npush 2\nmul\nmul\n";

/// Reads n and n words, and writes their sum; adds a secret, which is the output.
const SUM: &str = "\
read
push 0
swap
dup
jz 14
addi -1
swap
read
add
swap
jump 3
nop
nop
nop
pop
dup
write
secret
add
";

/// A folder with programs in it, in which commands are run.
pub struct Desk(pub TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Desk(tempfile::tempdir().unwrap());
        desk.write("example.svm", EXAMPLE);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes KZG parameters of `2^k` powers and their Lagrange basis, in halo2's raw form.
    pub fn write_ceremony(&self, name: &str, k: u32) {
        let mut file = vec![];
        let params = ParamsKZG::<Bn256>::setup(k, rand_core::OsRng);
        params.write(&mut file).unwrap();
        self.write(name, file);
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A program to be run in the folder, with a cache that all tests share.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(program);
        command
            .current_dir(self.0.path())
            .env(
                "XDG_CACHE_HOME",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
            )
            .env("TMPDIR", self.0.path())
            // What hangs fails.
            .timeout(std::time::Duration::from_secs(120));
        command
    }

    /// Runs `stackvm` with these arguments.
    pub fn run(&self, arguments: &str) -> Output {
        let mut command = self.command(stackvm());
        command.args(arguments.split_whitespace()).output().unwrap()
    }

    /// The same with a cache of its own.
    pub fn run_with(&self, arguments: &str, cache: &Path) -> Output {
        let mut command = self.command(stackvm());
        command
            .args(arguments.split_whitespace())
            .env("XDG_CACHE_HOME", cache)
            .output()
            .unwrap()
    }

    /// Runs `stackvm` with this on its standard input.
    pub fn piped(&self, arguments: &str, input: &str) -> Output {
        let mut command = self.command(stackvm());
        command
            .args(arguments.split_whitespace())
            .write_stdin(input)
            .output()
            .unwrap()
    }

    /// Runs a script in which `"$0"` is `stackvm`.
    pub fn shell(&self, script: &str) -> Output {
        let mut command = self.command("sh");
        command
            .args(["-c", script])
            .arg(stackvm())
            .output()
            .unwrap()
    }

    /// The exit code and the JSON object that `stackvm --json` prints.
    pub fn json(&self, arguments: &str) -> (i32, Value) {
        let output = self.run(&format!("{arguments} --json"));
        let text = stdout(&output);
        let value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{arguments}: {error}: {text} {}", stderr(&output));
        });
        (output.status.code().unwrap(), value)
    }
}

pub fn stackvm() -> PathBuf {
    assert_cmd::cargo::cargo_bin("stackvm")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn run_prints_the_output() {
    let desk = Desk::new();
    let output = desk.run("run example.svm");
    assert!(output.status.success());
    assert!(stdout(&output).contains("output 36"), "{}", stdout(&output));
    let expected = json!({"output": "36", "steps": 5, "max_depth": 3, "rows": 5, "tape": []});
    assert_eq!(desk.json("run example.svm"), (0, expected));
    let expected = json!({"output": "3", "steps": 2, "max_depth": 2, "rows": 3, "tape": []});
    assert_eq!(desk.json("run example.svm --steps 2"), (0, expected));
}

#[test]
fn run_reads_the_flat_form() {
    let desk = Desk::new();
    desk.write("example.json", "[1,3,1,6,1,2,3,0,3,\"0\"]");
    assert_eq!(desk.json("run example.json").1["output"], "36");
}

#[test]
fn run_shows_a_trace() {
    let desk = Desk::new();
    let text = stdout(&desk.run("run example.svm --trace"));
    for part in ["step", "instruction", "depth", "push 6", "mul", "36"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, value) = desk.json("run example.svm --trace");
    assert_eq!(value["trace"][3]["instruction"], "mul");
    assert_eq!(value["trace"][3]["top"], "12");
    assert_eq!(value["trace"][3]["depth"], 2);
}

#[test]
fn a_failing_program_is_exit_code_1() {
    let desk = Desk::new();
    desk.write("underflow.svm", "push 1\nadd\n");
    desk.write("pop.svm", "push 1\npop\n");
    let cases = [
        ("run underflow.svm", "stack_underflow", 1),
        ("run pop.svm --set seed", "invalid_opcode", 1),
        ("run example.svm --steps 6", "steps_out_of_range", 5),
        ("prove underflow.svm", "stack_underflow", 1),
    ];
    for (arguments, kind, step) in cases {
        let (code, value) = desk.json(arguments);
        assert_eq!(code, 1, "{arguments}");
        assert_eq!(value["error"]["kind"], kind, "{arguments}");
        assert_eq!(value["error"]["step"], step, "{arguments}");
        assert!(!value["error"]["message"].as_str().unwrap().is_empty());
    }
    assert!(!desk.path("underflow.proof.json").exists());
}

#[test]
fn the_instruction_that_fails_is_underlined() {
    let desk = Desk::new();
    desk.write(
        "inverse.svm",
        "# 1 / 0\r\npush 0\r\n\tat:  inv # of it: never\r\npush 2\r\n",
    );
    for command in ["run", "prove", "profile", "run --trace"] {
        let arguments = format!("{command} inverse.svm");
        let text = stderr(&desk.run(&arguments));
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        let mut expected = vec![
            "error: step 1 (stack depth 1): `inv` fails: the top is 0, which has no inverse",
            " --> inverse.svm:3:7",
            "  |",
            "3 |     at:  inv # of it: never",
            "  |          ^^^",
        ];
        // Who runs a program sees the words that it fails for.
        if command.starts_with("run") {
            expected.push("stack of 1 word, from the top: 0");
        }
        assert_eq!(lines, expected, "{arguments}");
        assert_eq!(desk.json(&arguments).1["error"]["line"], 3, "{arguments}");
    }
    // What no instruction is to blame for has no line, and neither has a program in JSON.
    desk.write("inverse.json", "[1,0,7,0]");
    for (arguments, kind) in [
        ("run inverse.json", "fault"),
        ("run example.svm --input 1", "unread"),
        ("run example.svm --max-steps 1", "too_many_steps"),
    ] {
        let error = &desk.json(arguments).1["error"];
        assert_eq!(
            (&error["kind"], &error["line"]),
            (&json!(kind), &Value::Null)
        );
        let text = stderr(&desk.run(arguments));
        assert!(!text.contains("-->") && !text.contains(" | "), "{text}");
    }
}

#[test]
fn a_text_with_errors_is_exit_code_2_and_is_underlined() {
    let desk = Desk::new();
    desk.write("typo.svm", "push 3\n  psuh 4 # four\npush\n");
    let output = desk.run("run typo.svm");
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for part in [
        "typo.svm:2:3",
        "psuh 4",
        "^^^^",
        "did you mean `push`?",
        "typo.svm:3",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\x1b'), "colour in a pipe: {text:?}");
    let (code, value) = desk.json("run typo.svm");
    assert_eq!(code, 2);
    assert_eq!(value["error"]["kind"], "assembly");
    assert_eq!(value["error"]["errors"][0]["line"], 2);
    assert_eq!(value["error"]["errors"][0]["column"], 3);
    assert_eq!(value["error"]["errors"][0]["suggestion"], "push");
}

#[test]
fn unreadable_input_is_exit_code_2() {
    let desk = Desk::new();
    desk.write("bytes.svm", [0xff, 0xfe, 0]);
    desk.write("odd.json", "[1,2,3]");
    desk.write("deep.json", "[".repeat(100_000));
    for arguments in [
        "run missing.svm",
        "run bytes.svm",
        "run odd.json",
        "run deep.json",
        "run .",
        "run example.svm --steps -1",
        "run example.svm --set heap",
        "prove example.svm --backend kzg",
        "prove example.svm --insecure-dev-srs",
        "prove example.svm --k 3",
        "prove example.svm -o example.svm",
        "prove example.svm -o missing/a.proof.json",
        "verify missing.proof.json",
        "verify example.svm",
        "info --k 99",
        "keygen",
        "keygen -o example.svm",
        "keygen -o missing/a.vkey",
        "keygen --backend kzg -o a.vkey",
        "keygen --insecure-dev-srs -o a.vkey",
        "keygen --binding fixed -o a.vkey",
        "keygen --program example.svm -o a.vkey",
        "keygen --binding cells --program example.svm -o a.vkey",
        "keygen --binding fixed --program missing.svm -o a.vkey",
        "keygen --set auto -o a.vkey",
        "info --set auto",
        "run example.svm --max-steps many",
        "run example.svm --input-file missing",
        "run example.svm --secret-file .",
        "run example.svm --input 1 --input-file example.svm",
        "run example.svm --secret 1 --secret-file example.svm",
        "run - --input-file -",
        "debug -",
        "debug example.svm --input-file -",
        "debug missing.svm",
        "profile missing.svm",
        "nonsense",
        "",
    ] {
        let output = desk.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments}: {}",
            stdout(&output)
        );
        assert!(
            !stderr(&output).contains("panicked"),
            "{arguments}: {}",
            stderr(&output)
        );
        assert!(!stderr(&output).is_empty(), "{arguments}");
    }
    assert_eq!(desk.read("example.svm"), EXAMPLE);
}

#[test]
fn check_names_the_constraint_that_fails() {
    let desk = Desk::new();
    desk.write("underflow.svm", "push 1\nadd\n");
    let (code, value) = desk.json("check example.svm");
    assert_eq!((code, &value["satisfied"]), (0, &json!(true)));
    let output = desk.run("check underflow.svm");
    assert_eq!(output.status.code(), Some(1));
    const NEEDED: &str = "there is a word where one is needed, before the step or after it";
    let said = stderr(&output);
    assert!(said.contains(NEEDED), "{said}");
    assert!(said.contains("underflow.svm:2:1"), "{said}");
    let (_, value) = desk.json("check underflow.svm");
    assert_eq!(value["error"]["line"], 2, "{value}");
    assert!(rejected_by(&value).contains(NEEDED), "{value}");
    for unmade in ["--binding fixed", "--k 4 --steps 2"] {
        let (code, value) = desk.json(&format!("check underflow.svm {unmade}"));
        assert_eq!((code, &value["error"]["line"]), (1, &json!(2)), "{value}");
    }
    let output = desk.run("check example.svm --output 37");
    assert_eq!(output.status.code(), Some(1));
    const STARTS: &str = "the sum starts as beta * output";
    assert!(stderr(&output).contains(STARTS));
    let (_, value) = desk.json("check example.svm --output 37");
    assert_eq!(value["error"]["kind"], "unsatisfied");
    assert!(rejected_by(&value).contains(STARTS), "{value}");
}

/// The constraints that a check names.
fn rejected_by(value: &Value) -> String {
    value["error"]["rejected_by"].to_string()
}

/// Proves and verifies with these options; returns the proof file's name.
fn prove_and_verify(desk: &Desk, prove: &str, verify: &str, backend: &str) {
    let (code, value) = desk.json(&format!("prove example.svm {prove} -o a.proof.json"));
    assert_eq!(code, 0, "{value}");
    assert_eq!(value["proof"], "a.proof.json");
    assert_eq!(value["backend"], backend);
    assert_eq!(value["k"], 4);
    assert_eq!(value["output"], "36");
    let info = desk.json("info --k 4").1;
    assert_eq!(value["proof_bytes"], info["proof_bytes"][backend]);
    let (code, value) = desk.json(&format!(
        "verify a.proof.json --program example.svm {verify}"
    ));
    assert_eq!(code, 0, "{value}");
    assert_eq!(value["valid"], true);
    assert_eq!(value["output"], "36");
    assert_eq!(value["program_digest"].as_str().unwrap().len(), 64);
}

#[test]
fn ipa_proves_and_verifies() {
    let desk = Desk::new();
    prove_and_verify(&desk, "", "", "ipa");
    let output = desk.run("verify a.proof.json");
    assert!(
        stdout(&output).contains("gives output 36"),
        "{}",
        stdout(&output)
    );
    // The file's own parameters are none that --srs could replace.
    assert_eq!(
        desk.run("verify a.proof.json --insecure-dev-srs")
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn kzg_with_development_parameters_warns_every_time() {
    let desk = Desk::new();
    prove_and_verify(
        &desk,
        "--backend kzg --insecure-dev-srs",
        "--insecure-dev-srs",
        "kzg",
    );
    for arguments in [
        "prove example.svm --backend kzg --insecure-dev-srs -o b.proof.json",
        "verify b.proof.json --insecure-dev-srs",
    ] {
        let output = desk.run(arguments);
        assert!(output.status.success());
        assert!(
            stderr(&output).contains("everybody knows"),
            "{}",
            stderr(&output)
        );
    }
    assert!(desk.read("b.proof.json").contains("\"insecure-dev\""));
    // Without the user's word it is not verified.
    assert_eq!(desk.run("verify b.proof.json").status.code(), Some(2));
}

/// What tells a key from others, in what `keygen` and `verify` print and in a proof file.
const KEY_FIELDS: [&str; 7] = [
    "backend",
    "k",
    "instruction_set",
    "binding",
    "parameters",
    "parameters_digest",
    "verifying_key_digest",
];

/// Makes a key with these options, and verifies a proof made with `prove` with it.
fn keygen_and_verify(desk: &Desk, keygen: &str, prove: &str, verify: &str) {
    let (code, made) = desk.json(&format!("keygen --k 4 {keygen} -o a.vkey"));
    assert_eq!(code, 0, "{made}");
    assert_eq!(made["key"], "a.vkey");
    let (code, value) = desk.json(&format!("prove example.svm {prove} -o a.proof.json"));
    assert_eq!(code, 0, "{value}");
    let proof: Value = serde_json::from_str(&desk.read("a.proof.json")).unwrap();
    for field in KEY_FIELDS {
        assert_eq!(made[field], proof[field], "{field}");
    }
    let verify = format!("verify a.proof.json --key a.vkey {verify}");
    let (code, value) = desk.json(&verify);
    assert_eq!((code, &value["valid"]), (0, &json!(true)), "{value}");
    // What was verified, and with what.
    for field in KEY_FIELDS {
        assert_eq!(value[field], made[field], "{field}");
    }
    assert_eq!(value["key_fingerprint"], made["fingerprint"]);
    let text = desk.read("a.proof.json");
    desk.write(
        "a.proof.json",
        text.replacen("\"output\": \"36\"", "\"output\": \"37\"", 1),
    );
    let (code, value) = desk.json(&verify);
    assert_eq!((code, &value["valid"]), (1, &json!(false)), "{value}");
    desk.write("a.proof.json", text);
}

#[test]
fn a_key_file_verifies() {
    let desk = Desk::new();
    keygen_and_verify(&desk, "", "", "");
    let output = desk.run("keygen --k 4 -o a.vkey");
    assert!(output.status.success(), "a key file is overwritten");
    let said = stdout(&output);
    let (_, fingerprint) = said.split_once("\nfingerprint ").expect("it is printed");
    let fingerprint = fingerprint.lines().next().unwrap().to_string();
    let verify = "verify a.proof.json --key a.vkey";
    assert!(stdout(&desk.run(verify)).contains(&fingerprint));
    let (code, value) = desk.json(&format!("{verify} --fingerprint {fingerprint}"));
    assert_eq!((code, &value["key_fingerprint"]), (0, &json!(fingerprint)));
    let with_first = |digit: &str| {
        let rest = &fingerprint[1..];
        desk.run(&format!("{verify} --fingerprint {digit}{rest}"))
    };
    let other = match fingerprint.starts_with('0') {
        true => "1",
        false => "0",
    };
    let output = with_first(other);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(&fingerprint));
    // One that is none is called so.
    for malformed in ["x", "", "00"] {
        let output = with_first(malformed);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains("64 hexadecimal digits"), "{text}");
    }
    // What differs is named.
    let others = [
        ("--k 5", "k is 4"),
        ("--k 4 --set seed", "instruction_set is stack"),
        ("--k 4 --binding cells", "binding is public"),
        ("--k 4 --backend kzg --insecure-dev-srs", "backend is ipa"),
    ];
    for (keygen, differs) in others {
        assert!(
            desk.run(&format!("keygen {keygen} -o b.vkey"))
                .status
                .success()
        );
        let (code, value) = desk.json("verify a.proof.json --key b.vkey");
        assert_eq!((code, &value["valid"]), (1, &json!(false)), "{value}");
        let reason = value["reason"].as_str().unwrap();
        assert!(reason.contains(differs), "{reason}");
        // And what to do about it.
        let remedy = reason.contains("made with --k") && reason.contains("--binding");
        assert_eq!(remedy, !keygen.contains("kzg"), "{reason}");
    }
    desk.write("c.vkey", &std::fs::read(desk.path("a.vkey")).unwrap()[1..]);
    for refused in ["example.svm", "c.vkey", "missing.vkey", "."] {
        let output = desk.run(&format!("verify a.proof.json --key {refused}"));
        assert_eq!(output.status.code(), Some(2), "{refused}");
        assert!(!stderr(&output).contains("panicked"));
    }
}

#[test]
fn a_key_file_of_development_parameters_has_to_be_allowed() {
    let desk = Desk::new();
    let dev = "--backend kzg --insecure-dev-srs";
    keygen_and_verify(&desk, dev, dev, "--insecure-dev-srs");
    let output = desk.run("verify a.proof.json --key a.vkey");
    assert_eq!(output.status.code(), Some(2));
    let output = desk.run("verify a.proof.json --key a.vkey --insecure-dev-srs");
    assert!(stderr(&output).contains("everybody knows"));
    // The proof does not decide it alone.
    let text = desk.read("a.proof.json");
    desk.write("a.proof.json", text.replacen("insecure-dev", "ceremony", 1));
    let (code, value) = desk.json("verify a.proof.json --key a.vkey");
    assert_eq!(code, 1, "{value}");
    assert!(
        value["reason"]
            .as_str()
            .unwrap()
            .contains("parameters is ceremony")
    );
}

/// With a ceremony's key a verifier needs no parameters.
#[test]
fn a_key_file_serves_instead_of_a_ceremony() {
    let desk = Desk::new();
    desk.write_ceremony("srs", 4);
    let srs = "--backend kzg --srs srs";
    keygen_and_verify(&desk, srs, srs, "");
    let fingerprint = desk.json("verify a.proof.json --key a.vkey").1["key_fingerprint"].clone();
    let fingerprint = fingerprint.as_str().unwrap();
    let verify = format!("verify a.proof.json --key a.vkey --fingerprint {fingerprint}");
    let output = desk.run(&format!("{verify} --program example.svm"));
    assert_eq!(stderr(&output), "");
    let both = desk.run("verify a.proof.json --key a.vkey --srs srs");
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_key_file_is_written_where_it_does_no_harm() {
    let desk = Desk::new();
    for refused in ["example.svm", "."] {
        let output = desk.run(&format!("keygen --k 4 -o {refused}"));
        assert_eq!(output.status.code(), Some(2), "{refused}");
    }
    assert_eq!(desk.read("example.svm"), EXAMPLE);
    assert!(desk.run("prove example.svm").status.success());
    // A proof is no key, and a key no proof.
    let proof = desk.run("keygen --k 4 -o example.proof.json");
    assert_eq!(proof.status.code(), Some(2));
    assert!(desk.run("keygen --k 4 -o a.vkey").status.success());
    let key = desk.run("prove example.svm -o a.vkey");
    assert_eq!(key.status.code(), Some(2));
    let forced = desk.run("keygen --k 4 -o example.proof.json --force");
    assert!(forced.status.success());
}

#[test]
fn kzg_with_a_ceremony() {
    let srs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hermez-bn254-8.ptau");
    let desk = Desk::new();
    let srs = format!("--srs {}", srs.display());
    prove_and_verify(&desk, &format!("--backend kzg {srs}"), &srs, "kzg");
    let output = desk.run(&format!("verify a.proof.json --program example.svm {srs}"));
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
    assert_eq!(desk.run("verify a.proof.json").status.code(), Some(2));
    assert_eq!(
        desk.run("verify a.proof.json --insecure-dev-srs")
            .status
            .code(),
        Some(2)
    );
    // A key made with it serves instead of it.
    keygen_and_verify(
        &desk,
        &format!("--backend kzg {srs}"),
        &format!("--backend kzg {srs}"),
        "",
    );
    // The ceremony is too small for 2^9 rows.
    let output = desk.run(&format!("prove example.svm --backend kzg --k 9 {srs}"));
    assert_eq!(output.status.code(), Some(2));
    assert!(!desk.path("example.proof.json").exists());
}

#[test]
fn sets_are_named_listed_or_found() {
    let desk = Desk::new();
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let source = std::fs::read_to_string(programs.join("division.svm")).unwrap();
    desk.write("division.svm", source);
    // By default it is `stack` for what that has, and else the smallest.
    for (program, set) in [("division.svm", "assert_eq"), ("example.svm", "\"stack\"")] {
        let prove = format!("prove {program} -o a.proof.json");
        assert!(desk.run(&prove).status.success());
        let proof: Value = serde_json::from_str(&desk.read("a.proof.json")).unwrap();
        let own = proof["instruction_set"].to_string();
        assert!(own.contains(set) && !own.contains("rot,pick3"), "{own}");
    }
    let output = desk.run("run division.svm --set stack");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`over`") && stderr(&output).contains("--set auto"));
    let list = "push,over,inv,mul,dup,assert_eq,rot,pick2,eq,swap,pop";
    for set in ["field", "auto", list] {
        let prove = format!("prove division.svm --set {set} -o a.proof.json");
        let output = desk.run(&prove);
        assert!(output.status.success(), "{set}: {}", stderr(&output));
        let output = desk.run("verify a.proof.json --program division.svm");
        assert!(output.status.success(), "{set}: {}", stderr(&output));
        assert!(stdout(&output).contains("output 1"));
    }
    // The smallest set is the list, whatever its order; a file has one form of it.
    let text = desk.read("a.proof.json");
    let named = "push,mul,pop,inv,eq,assert_eq,dup,swap,over,rot,pick2";
    assert!(text.contains(named));
    desk.write("b.proof.json", text.replacen(named, list, 1));
    let output = desk.run("verify b.proof.json");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is not written as"));
    let output = desk.run("run division.svm --set push,foo");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`foo` is no instruction"));
}

#[test]
fn an_edited_statement_is_refused() {
    let desk = Desk::new();
    assert!(
        desk.run("prove example.svm -o a.proof.json")
            .status
            .success()
    );
    let text = desk.read("a.proof.json");
    let field = |name: &str| {
        let value: Value = serde_json::from_str(&text).unwrap();
        value[name].to_string()
    };
    let digest = field("verifying_key_digest");
    let other_digest = format!("\"{}\"", "0".repeat(64));
    let edits = [
        ("\"output\": \"36\"", "\"output\": \"37\""),
        ("[1,\"6\"]", "[1,\"7\"]"),
        ("[3,\"0\"]", "[2,\"0\"]"),
        ("\"tape\": []", "\"tape\": [\"1\"]"),
        ("\"stack\"", "\"seed\""),
        ("\"public\"", "\"cells\""),
        ("\"k\": 4", "\"k\": 5"),
        (digest.as_str(), other_digest.as_str()),
    ];
    for (from, to) in edits {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from}");
        desk.write("b.proof.json", &edited);
        let (code, value) = desk.json("verify b.proof.json");
        assert_eq!(code, 1, "{from}: {value}");
        assert_eq!(value["valid"], false, "{from}");
    }
    // Even where the program's digest was edited to match.
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["program"][1] = json!([1, "7"]);
    desk.write("c.proof.json", file.to_string());
    desk.write("c.svm", EXAMPLE.replace('6', "7"));
    file["program_digest"] = desk.json("digest c.svm").1["digest"].clone();
    desk.write("c.proof.json", file.to_string());
    let output = desk.run("verify c.proof.json");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("does not prove the statement"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_proof_is_one_of_its_program() {
    let desk = Desk::new();
    desk.write("other.svm", EXAMPLE.replace('6', "7"));
    assert!(desk.run("prove example.svm --steps 4").status.success());
    let verify = "verify example.proof.json --program";
    assert_eq!(desk.json(&format!("{verify} example.svm --steps 4")).0, 0);
    assert_eq!(desk.json(&format!("{verify} example.svm")).0, 1);
    assert_eq!(desk.json(&format!("{verify} example.svm --steps 9")).0, 1);
    let (code, value) = desk.json(&format!("{verify} other.svm --steps 4"));
    assert_eq!((code, &value["valid"]), (1, &json!(false)));
}

#[test]
fn info_says_what_a_circuit_costs() {
    let desk = Desk::new();
    let (code, value) = desk.json("info --k 14 --set stack");
    assert_eq!(code, 0);
    assert_eq!(value["k"], 14);
    assert_eq!(value["rows"], (1 << 14) - 7);
    assert_eq!(value["instruction_set"], "stack");
    assert_eq!(value["binding"], "public");
    assert_eq!(value["degree"], 3);
    assert_eq!(value["lookups"], 0);
    assert_eq!(value["permutation_columns"], 0);
    for name in ["advice_columns", "fixed_columns", "instance_columns"] {
        assert!(value[name].is_u64(), "{name}");
    }
    assert!(value["proof_bytes"]["kzg"].as_u64() < value["proof_bytes"]["ipa"].as_u64());
    assert!(stdout(&desk.run("info")).contains("advice columns"));
}

#[test]
fn isa_prints_the_reference() {
    let desk = Desk::new();
    let text = stdout(&desk.run("isa"));
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/isa.md");
    assert_eq!(text, std::fs::read_to_string(reference).unwrap());
    assert_eq!(desk.json("isa").1["instructions"][1]["mnemonic"], "push");
}

#[test]
fn every_command_has_help_with_an_example() {
    let desk = Desk::new();
    for command in [
        "run", "check", "debug", "profile", "prove", "keygen", "verify", "digest", "isa", "info",
    ] {
        let output = desk.run(&format!("{command} --help"));
        assert!(output.status.success());
        let text = stdout(&output);
        assert!(text.contains("Example"), "{command}");
        assert!(text.contains(&format!("stackvm {command}")), "{command}");
    }
}

/// A damaged cache is made anew. Several processes may share one, and write the same proof at the same time.
#[test]
fn a_damaged_cache_is_no_obstacle() {
    let desk = Desk::new();
    let cache = desk.path("cache");
    let run = || {
        desk.run_with("prove example.svm --json", &cache)
            .status
            .code()
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(run)).collect();
        for one in all {
            assert_eq!(one.join().unwrap(), Some(0));
        }
    });
    let mut damaged = 0;
    for entry in std::fs::read_dir(desk.path("cache/halo2-stack-vm")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        damaged += 1;
    }
    assert_eq!(damaged, 1);
    assert_eq!(run(), Some(0));
}

/// What is no proof is not overwritten, what is no file is written into, and a link stays one.
#[test]
fn a_proof_is_written_where_it_does_no_harm() {
    let desk = Desk::new();
    desk.write("notes.txt", "keep me");
    let output = desk.run("prove example.svm -o notes.txt");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(desk.read("notes.txt"), "keep me");
    assert!(
        desk.run("prove example.svm -o notes.txt --force")
            .status
            .success()
    );
    assert!(desk.run("prove example.svm -o notes.txt").status.success());
    assert_eq!(desk.run("prove example.svm -o .").status.code(), Some(2));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("notes.txt", desk.path("link.json")).unwrap();
        assert!(desk.run("prove example.svm -o link.json").status.success());
        assert!(desk.path("link.json").is_symlink());
        assert!(desk.run("verify link.json").status.success());
        assert!(desk.run("prove example.svm -o /dev/null").status.success());
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}

/// A file's numbers can't make a verifier derive parameters of a size that the proof does not have.
#[test]
fn an_edited_size_is_refused_at_once() {
    let desk = Desk::new();
    for (prove, verify) in [
        ("", ""),
        ("--backend kzg --insecure-dev-srs", "--insecure-dev-srs"),
    ] {
        assert!(
            desk.run(&format!("prove example.svm {prove} -o a.proof.json"))
                .status
                .success()
        );
        let text = desk.read("a.proof.json");
        desk.write("b.proof.json", text.replacen("\"k\": 4", "\"k\": 24", 1));
        let output = desk.run(&format!("verify b.proof.json {verify}"));
        // An IPA proof of another size has another length.
        let (code, expected) = match prove {
            "" => (1, "its proof is of 1728 bytes"),
            _ => (2, "--max-k 24"),
        };
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

/// Nor of a smaller size, where they are not kept: it says what to do about it.
#[test]
fn parameters_of_a_stranger_s_size_are_not_derived() {
    let desk = Desk::new();
    // With so many powers, the Lagrange basis for fewer of them has to be made.
    desk.write_ceremony("large.srs", 12);
    for (prove, verify) in [
        ("", ""),
        ("--backend kzg --insecure-dev-srs", "--insecure-dev-srs"),
        ("--backend kzg --srs large.srs", "--srs large.srs"),
    ] {
        let [own, empty] = ["own", "empty"].map(|name| desk.path(name));
        let prove = format!("prove example.svm --k 11 {prove} -o a.proof.json");
        assert!(desk.run_with(&prove, &own).status.success());
        let verify = format!("verify a.proof.json {verify}");
        // They are in the prover's cache.
        assert!(desk.run_with(&verify, &own).status.success());
        let refused = || {
            let output = desk.run_with(&verify, &empty);
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            let said = stderr(&output);
            assert!(
                said.contains("not in the cache") && said.contains("--max-k 11"),
                "{said}"
            );
        };
        refused();
        assert!(!empty.exists());
        // Who allows the size has them made.
        let allowed = format!("{verify} --max-k 11");
        assert!(desk.run_with(&allowed, &empty).status.success());
        assert!(desk.run_with(&verify, &empty).status.success());
        // A damaged file is none.
        for entry in std::fs::read_dir(empty.join("halo2-stack-vm")).unwrap() {
            std::fs::write(entry.unwrap().path(), "").unwrap();
        }
        refused();
        std::fs::remove_dir_all(empty).unwrap();
    }
    // Nor where there is no folder for a cache; but a file that has all that takes long is enough.
    desk.write_ceremony("exact.srs", 11);
    let without_cache = |arguments: &str| {
        let mut command = desk.command(stackvm());
        let command = command.args(arguments.split_whitespace());
        // A relative path is none.
        command.env("XDG_CACHE_HOME", "").env("HOME", "");
        command.output().unwrap()
    };
    for (srs, code) in [("exact.srs", Some(0)), ("large.srs", Some(2))] {
        let prove = format!("prove example.svm --k 11 --backend kzg --srs {srs} -o a.proof.json");
        assert!(desk.run(&prove).status.success());
        let output = without_cache(&format!("verify a.proof.json --srs {srs}"));
        assert_eq!(output.status.code(), code, "{srs}: {}", stderr(&output));
    }
}

/// What can't be written is found before anything is proved, and what could not be foreseen loses no proof.
#[cfg(target_os = "linux")]
#[test]
fn a_proof_is_not_lost() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let long = "a".repeat(300);
    for output in [
        "new/",
        "new/.",
        "example.svm/",
        "/proc/a.json",
        long.as_str(),
    ] {
        let ran = desk.run(&format!("prove example.svm -o {output}"));
        assert_eq!(ran.status.code(), Some(2), "{output}");
        assert!(!stderr(&ran).contains("kept"), "{}", stderr(&ran));
    }
    // A full disk.
    let ran = desk.run("prove example.svm -o /dev/full");
    assert_eq!(ran.status.code(), Some(2));
    let kept = kept(&ran);
    assert!(desk.run(&format!("verify {kept}")).status.success());
    // A pipe without a name.
    assert!(desk.run("prove example.svm -o a.json").status.success());
    let script = "\"$0\" prove example.svm -o /dev/fd/3 3>&1 >/dev/null | cat > b.json";
    assert!(desk.shell(script).status.success());
    assert!(desk.run("verify b.json").status.success());
    // What is protected stays, what is empty is nobody's.
    let before = desk.read("a.json");
    for contents in [&before[..], ""] {
        desk.write("a.json", contents);
        let protected = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(desk.path("a.json"), permissions).unwrap();
        };
        protected(0o444);
        let ran = desk.run("prove example.svm -o a.json");
        assert_eq!(ran.status.code(), Some(2));
        assert!(stderr(&ran).contains("write-protected"));
        assert_eq!(desk.read("a.json"), contents);
        let ran = desk.run("prove example.svm -o a.json --force");
        assert!(ran.status.success());
        protected(0o644);
    }
    desk.write("empty.json", "");
    assert!(desk.run("prove example.svm -o empty.json").status.success());
}

/// Where a proof is kept that could not be written where it should.
fn kept(output: &Output) -> String {
    let said = stderr(output);
    let (_, kept) = said.split_once("the proof is kept in ").expect(&said);
    kept.trim().into()
}

/// Standard input is read once.
#[test]
fn a_dash_can_not_stand_twice() {
    let desk = Desk::new();
    assert!(desk.run("prove example.svm -o a.json").status.success());
    let (proof, program) = (desk.read("a.json"), EXAMPLE);
    assert!(desk.piped("verify -", &proof).status.success());
    assert!(
        desk.piped("verify a.json --program -", program)
            .status
            .success()
    );
    for twice in ["verify - --program -", "run - --input-file -"] {
        let output = desk.piped(twice, &proof);
        assert_eq!(output.status.code(), Some(2), "{twice}");
        assert!(
            stderr(&output).contains("stands twice"),
            "{}",
            stderr(&output)
        );
    }
}

/// What a report tells to be typed can be typed, and commands no terminal.
#[cfg(unix)]
#[test]
fn a_path_can_be_pasted() {
    let desk = Desk::new();
    for name in ["two words", "-dash", "it's", "esc\u{1b}[31mred"] {
        let output = format!("{name}.json");
        let ran = desk
            .command(stackvm())
            .args(["prove", "example.svm", &format!("--output={output}")])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", stderr(&ran));
        assert!(desk.path(&output).exists(), "{name}");
        let said = stdout(&ran);
        assert!(!said.contains('\u{1b}'), "{said}");
        let (_, verify) = said.split_once("verify it with: stackvm ").unwrap();
        let shell = desk.shell(&format!("\"$0\" {verify}"));
        // A control character can't be shown.
        assert_eq!(shell.status.success(), !name.contains('\u{1b}'), "{said}");
    }
}

/// A file that comes to where a proof is to go, while it is made, is treated as if it had been there before.
#[cfg(unix)]
#[test]
fn a_file_that_comes_meanwhile_is_left_alone() {
    let desk = Desk::new();
    assert!(desk.run("prove example.svm -o proof.json").status.success());
    let proof = desk.read("proof.json");
    for before in [None, Some(""), Some(&proof[..])] {
        for (contents, is_replaced) in [("my notes", false), ("", true), (&proof[..], true)] {
            if let Some(before) = before {
                desk.write("late.json", before);
            }
            let ran = prove_slowly(&desk, "late.json", || desk.write("late.json", contents));
            assert_eq!(ran.status.success(), is_replaced, "{}", stderr(&ran));
            let proof = match is_replaced {
                true => "late.json".into(),
                false => {
                    assert_eq!(desk.read("late.json"), contents);
                    kept(&ran)
                }
            };
            let (code, value) = desk.json(&format!("verify {proof}"));
            assert_eq!((code, &value["output"]), (0, &json!("5")));
            std::fs::remove_file(desk.path("late.json")).unwrap();
        }
    }
}

/// Proves a program that gives 5, and does something between the first look at the output and the last.
#[cfg(unix)]
fn prove_slowly(desk: &Desk, output: &str, meanwhile: impl FnOnce()) -> Output {
    let pipe = desk.path("pipe.svm");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let ran = std::thread::scope(|scope| {
        let proving = scope.spawn(|| desk.run(&format!("prove pipe.svm -o {output}")));
        // It can be opened once the program is read, and so the output has been looked at.
        let opening = scope.spawn(|| std::fs::OpenOptions::new().write(true).open(&pipe));
        while !opening.is_finished() {
            if proving.is_finished() {
                // It has not read the program: what waits for a reader gets one.
                drop(std::fs::File::open(&pipe));
            }
            std::thread::yield_now();
        }
        let mut program = opening.join().unwrap().unwrap();
        meanwhile();
        let _ = program.write_all(b"push 5\n");
        drop(program);
        proving.join().unwrap()
    });
    std::fs::remove_file(pipe).unwrap();
    ran
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_in_the_cache_is_replaced() {
    let desk = Desk::new();
    let cache = desk.path("cache");
    let entry = desk.path("cache/halo2-stack-vm/ipa-4.params");
    std::fs::create_dir_all(entry.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&entry).status();
    assert!(made.unwrap().success());
    let output = desk.run_with("prove example.svm -o a.proof.json", &cache);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(std::fs::symlink_metadata(&entry).unwrap().is_file());
    desk.write("precious", "precious");
    std::fs::remove_file(&entry).unwrap();
    std::os::unix::fs::symlink(desk.path("precious"), &entry).unwrap();
    let output = desk.run_with("verify a.proof.json", &cache);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(std::fs::symlink_metadata(&entry).unwrap().is_file());
    assert_eq!(desk.read("precious"), "precious");
}

#[cfg(unix)]
#[test]
fn new_files_stand_where_a_link_leads_with_the_permissions_of_the_process() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let desk = Desk::new();
    symlink("target.json", desk.path("dangling.json")).unwrap();
    assert!(
        desk.run("prove example.svm -o dangling.json")
            .status
            .success()
    );
    assert!(desk.path("dangling.json").is_symlink());
    assert!(desk.run("verify target.json").status.success());
    symlink("b.json", desk.path("a.json")).unwrap();
    symlink("a.json", desk.path("b.json")).unwrap();
    let output = desk.run("prove example.svm -o a.json");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(desk.path("b.json").is_symlink());

    let program = assert_cmd::cargo::cargo_bin("stackvm");
    for (umask, mode) in [("077", 0o600), ("022", 0o644)] {
        let name = format!("{umask}.json");
        let script = format!("umask {umask}; exec \"$0\" prove example.svm -o {name}");
        let status = std::process::Command::new("sh")
            .args(["-c", &script])
            .arg(&program)
            .current_dir(desk.0.path())
            .env(
                "XDG_CACHE_HOME",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
            )
            .status();
        assert!(status.unwrap().success());
        let permissions = std::fs::metadata(desk.path(&name)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "umask {umask}");
    }
}

/// Neither a program's text nor a name commands the terminal.
#[test]
fn errors_show_no_control_characters() {
    let desk = Desk::new();
    desk.write(
        "escapes.svm",
        "push 1\n\u{9b}2Jfoo\n\u{1b}[2Jfoo\npush \u{9b}\n",
    );
    desk.write("na\u{1b}[2Jme\u{9b}.svm", "push 1\nfoo\n");
    for arguments in [
        "run escapes.svm",
        "run na\u{1b}[2Jme\u{9b}.svm",
        "run no\u{1b}[2Jne\u{9b}",
        "check example.svm --output \u{1b}[2J\u{9b}",
    ] {
        // With colours, for without them escapes are left out anyway.
        let mut command = assert_cmd::Command::cargo_bin("stackvm").unwrap();
        command
            .args(arguments.split(' '))
            .current_dir(desk.0.path());
        let output = command.env("CLICOLOR_FORCE", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let text = stderr(&output);
        // Without the colours, each an escape, a bracket, numbers and an `m`.
        let mut pieces = text.split("\u{1b}[");
        let mut shown = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let end = piece.find(|own: char| !own.is_ascii_digit() && own != ';');
            let (colour, rest) = piece.split_at(end.unwrap());
            let is_colour = rest.starts_with('m');
            assert!(is_colour, "{colour:?} {rest:?}");
            shown += &rest[1..];
        }
        let control = |own: &char| own.is_control() && !"\n\t".contains(*own);
        assert_eq!(shown.chars().find(control), None, "{shown:?}");
        assert!(!shown.is_empty());
    }
}

#[test]
fn standard_input_holds_programs_and_proofs() {
    let desk = Desk::new();
    let piped = |arguments: &str, input: &str| desk.piped(arguments, input);
    for program in [EXAMPLE, " [1,3,1,6,1,2,3,0,3,0]"] {
        assert!(stdout(&piped("run -", program)).contains("output 36"));
    }
    assert!(piped("prove -", EXAMPLE).status.success());
    let proof = desk.read("program.proof.json");
    assert!(piped("verify -", &proof).status.success());
    // And words.
    desk.write("sum.svm", SUM);
    for file in ["input", "secret"] {
        let other = if file == "input" { "secret" } else { "input" };
        let run = format!("run sum.svm --{file}-file - --{other} 0");
        let output = piped(&run, "0 # none\n");
        assert!(stdout(&output).contains("output 0"), "{}", stderr(&output));
    }
}

#[test]
fn errors_are_json_where_it_is_asked_for() {
    let desk = Desk::new();
    desk.write("underflow.svm", "push 1\nmul\n");
    desk.write("large.json", "[\"18446744073709551615\",1]");
    let (code, value) = desk.json("check underflow.svm");
    assert_eq!((code, &value["error"]["step"]), (1, &json!(1)));
    assert_eq!(
        desk.json("check large.json").1["error"]["kind"],
        "invalid_opcode"
    );
    for arguments in [
        "run example.svm --steps abc",
        "prove example.svm --k 3",
        "nonsense",
    ] {
        let (code, value) = desk.json(arguments);
        assert_eq!(
            (code, &value["error"]["kind"]),
            (2, &json!("usage")),
            "{arguments}"
        );
    }
}

/// Without a folder for the cache the work is done all the same.
#[test]
#[cfg(unix)]
fn no_cache_folder_is_a_warning() {
    let desk = Desk::new();
    let mut command = assert_cmd::Command::cargo_bin("stackvm").unwrap();
    command
        .args(["prove", "example.svm"])
        .current_dir(desk.0.path())
        .env("XDG_CACHE_HOME", "/dev/null");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("warning"), "{}", stderr(&output));
}

#[test]
fn runs_are_given_words() {
    let desk = Desk::new();
    desk.write("sum.svm", SUM);
    desk.write("public.txt", "# how many\n3\n# they\n10, 0x14\n-1,\n");
    desk.write("secret.txt", "7 # hush\n");
    let expected = json!(["3", "10", "20", MINUS_1, "29"]);
    for words in [
        "--input 3,10,20,-1 --secret 7",
        "--input 0x3,0xa,20,-0x1 --secret-file secret.txt",
        "--input-file public.txt --secret-file secret.txt",
        "--input-file public.txt --secret 7",
    ] {
        for command in ["run", "check", "profile"] {
            let (code, value) = desk.json(&format!("{command} sum.svm {words}"));
            assert_eq!((code, &value["output"]), (0, &json!("36")), "{value}");
            assert_eq!(value["tape"], expected);
        }
    }
    let output = desk.run("run sum.svm --input 3,10,20,-1 --secret 7");
    let text = stdout(&output);
    assert!(
        text.contains(&format!("\ntape 3 10 20 {MINUS_1} 29")),
        "{text}"
    );
    assert!(!stdout(&desk.run("run example.svm")).contains("tape"));
    // With spaces between.
    let mut command = assert_cmd::Command::cargo_bin("stackvm").unwrap();
    command.args(["run", "sum.svm", "--input", " 2 -5  -6", "--secret=-7"]);
    let output = command.current_dir(desk.0.path()).output().unwrap();
    assert!(stdout(&output).contains(&format!("tape 2 {}", &MINUS_1[..70])));
}

const MINUS_1: &str =
    "21888242871839275222246405745257275088548364400416034343698204186575808495616";

#[test]
fn a_wrong_word_is_named_with_its_place() {
    let desk = Desk::new();
    desk.write("sum.svm", SUM);
    desk.write("public.txt", "1 # how many\n\n  1, 2O\n");
    desk.write("secret.txt", "77x77");
    desk.write("bytes.txt", [0xff, 0xfe]);
    let too_large = "9".repeat(77);
    for (words, expected) in [
        (
            "--input 1,2O",
            "--input: character 3: word 2: `2O` is not a number",
        ),
        (
            "--input 1,,2",
            "--input: character 3: word 2: there is none",
        ),
        (
            "--input-file public.txt",
            "public.txt:3:6: word 3: `2O` is not a number",
        ),
        ("--input-file bytes.txt", "bytes.txt: it is UTF-16 text"),
        (
            &format!("--input {too_large}"),
            "word 1: `99999999999999999999",
        ),
        (
            "--secret-file secret.txt",
            "secret.txt:1:1: word 1: `(not shown)` is not a number",
        ),
        (
            "--secret 1,77x77",
            "--secret: character 3: word 2: `(not shown)`",
        ),
        (
            &format!("--secret {too_large}"),
            "`(not shown)` is out of range",
        ),
    ] {
        for command in ["run", "check", "prove", "debug", "profile"] {
            let output = desk.run(&format!("{command} sum.svm {words}"));
            assert_eq!(output.status.code(), Some(2), "{command} {words}");
            let text = stderr(&output);
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("77x77"), "{text}");
        }
    }
    let (code, value) = desk.json("run sum.svm --input 1,x");
    assert_eq!((code, &value["error"]["kind"]), (2, &json!("words")));
}

#[test]
fn missing_and_unread_words_are_exit_code_1() {
    let desk = Desk::new();
    desk.write("sum.svm", SUM);
    for (words, kind, expected) in [
        ("", "tape_end", "--input"),
        (
            "--input 2,1 --secret 1",
            "tape_end",
            "`read` finds no further word",
        ),
        ("--input 1,1", "tape_end", "--secret-file"),
        (
            "--input 1,1,1 --secret 1",
            "unread",
            "1 word unread on the public tape",
        ),
        (
            "--input 1,1 --secret 1,2,3",
            "unread",
            "2 words unread on the private tape",
        ),
    ] {
        for command in ["run", "check", "prove", "profile"] {
            let arguments = format!("{command} sum.svm {words}");
            let output = desk.run(&arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments}");
            let text = stderr(&output);
            assert!(text.contains(expected), "{arguments}: {text}");
            let (code, value) = desk.json(&arguments);
            assert_eq!((code, &value["error"]["kind"]), (1, &json!(kind)));
            assert!(value["error"]["step"].is_u64());
        }
    }
    assert!(!desk.path("sum.proof.json").exists());
}

#[test]
fn a_trace_follows_what_is_executed() {
    let desk = Desk::new();
    desk.write("loop.svm", "push 3\naddi -1\ndup\njnz 1\n");
    let (code, value) = desk.json("run loop.svm --trace");
    assert_eq!(code, 0, "{value}");
    let trace = value["trace"].as_array().unwrap();
    let column = |name: &str| trace.iter().map(|own| own[name].clone()).collect::<Value>();
    assert_eq!(column("pc"), json!([0, 1, 2, 3, 1, 2, 3, 1, 2, 3]));
    assert_eq!(column("step"), json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    let tops = json!(["3", "2", "2", "2", "1", "1", "1", "0", "0", "0"]);
    assert_eq!(column("top"), tops);
    assert_eq!(value["trace"][2]["second"], "2");
    assert_eq!(value["trace"][3]["second"], Value::Null);
    assert_eq!(value["steps"], trace.len());
    let text = stdout(&desk.run("run loop.svm --trace"));
    let mut lines = text.lines();
    let headings: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        headings,
        ["step", "pc", "instruction", "depth", "top", "second"]
    );
    // Words near the modulus are negatives to people.
    let second: Vec<_> = lines.nth(1).unwrap().split_whitespace().collect();
    assert_eq!(second, ["1", "1", "addi", "-1", "1", "2", "-"]);
    let eighth: Vec<_> = lines.nth(6).unwrap().split_whitespace().collect();
    assert_eq!(eighth, ["8", "2", "dup", "2", "0", "0"]);
    desk.write("minus.svm", "push -5\npush 3\n");
    let text = stdout(&desk.run("run minus.svm --trace"));
    let last: Vec<_> = text.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(last, ["1", "1", "push", "3", "2", "3", "-5"]);
    let (_, value) = desk.json("run minus.svm --trace");
    let canonical = "21888242871839275222246405745257275088548364400416034343698204186575808495612";
    assert_eq!(value["trace"][1]["second"], canonical);
    let text = stdout(&desk.piped("debug minus.svm", "s 2\nstack\n"));
    assert!(text.ends_with("\n3\n-5\n"), "{text}");
    // The rows that unwind are no steps, and a `halt` in the middle ends the run.
    desk.write("early.svm", "push 1\npush 2\nhalt\npush 3\n");
    let (_, value) = desk.json("run early.svm --trace");
    assert_eq!(value["trace"].as_array().unwrap().len(), 2);
    assert_eq!((&value["steps"], &value["rows"]), (&json!(2), &json!(3)));
    // What is too long to be shown is refused before it is shown.
    desk.write("long.svm", "push 400000\naddi -1\ndup\njnz 1\n");
    let output = desk.run("run long.svm --trace");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("more than 1048576 rows"),
        "{}",
        stderr(&output)
    );
    assert!(desk.run("run long.svm").status.success());
}

#[test]
fn runs_without_end_end() {
    let desk = Desk::new();
    desk.write("endless.svm", "jump 0\n");
    desk.write("growing.svm", "push 1\njump 0\n");
    desk.write("writing.svm", "push 1\nwrite\njump 0\n");
    for command in ["run", "check", "prove", "profile"] {
        let output = desk.run(&format!("{command} endless.svm --max-steps 1000"));
        assert_eq!(output.status.code(), Some(1));
        let text = stderr(&output);
        assert!(text.contains("not ended after 1000 steps"), "{text}");
        assert!(text.contains("--max-steps"), "{text}");
        let (code, value) = desk.json(&format!("{command} endless.svm --max-steps 1000"));
        assert_eq!(
            (code, &value["error"]["kind"]),
            (1, &json!("too_many_steps"))
        );
        // Nor does a loop take all memory.
        for program in ["growing.svm", "writing.svm"] {
            let (code, value) = desk.json(&format!("{command} {program}"));
            // No circuit has room for so many steps.
            let expected = match command {
                "check" | "prove" => (2, "size"),
                _ => (1, "too_many_words"),
            };
            assert_eq!(
                (code, &value["error"]["kind"]),
                (expected.0, &json!(expected.1))
            );
        }
    }
    // The limit is one on steps, not on rows.
    assert_eq!(desk.json("run example.svm --max-steps 5").0, 0);
    assert_eq!(desk.json("run example.svm --max-steps 4").0, 1);
}

#[test]
fn a_run_says_how_many_rows_it_needs() {
    let desk = Desk::new();
    desk.write("loop.svm", "push 10\naddi -1\ndup\njnz 1\n");
    let output = desk.run("prove loop.svm --k 5");
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("the run needs 31 rows") && text.contains("k = 6"),
        "{text}"
    );
    // The program may be longer than its run.
    desk.write("skip.svm", format!("jump 40\n{}", "nop\n".repeat(39)));
    let output = desk.run("prove skip.svm --k 5");
    assert!(
        stderr(&output).contains("the program needs 41 rows"),
        "{}",
        stderr(&output)
    );
    desk.write("large.svm", "push 6000000\naddi -1\ndup\njnz 1\n");
    for command in ["prove", "check"] {
        let output = desk.run(&format!("{command} large.svm"));
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains("needs more than 16777209 rows"), "{text}");
        assert!(text.contains("the largest circuit (k = 24)"), "{text}");
    }
}

/// A failing run is checked on, if it can be.
#[test]
fn check_rejects_runs_with_control_flow() {
    let desk = Desk::new();
    // What goes on regardless is without end, and so there is no run to check.
    const ENDLESS: &str = "push 1\nadd\njump 1\n";
    for (program, kind) in [
        ("push 1\nassert_eq 2\njump 3\n", "fault"),
        ("[23,2]", "outside_program"),
        ("push 9\nret\n", "outside_program"),
        ("push 3\naddi -1\ndup\njnz 1\npop\npop\n", "stack_underflow"),
        (ENDLESS, "stack_underflow"),
    ] {
        desk.write("failing.svm", program);
        for set in ["", "--set full"] {
            let (code, value) = desk.json(&format!("check failing.svm {set}"));
            assert_eq!(
                (code, &value["error"]["kind"]),
                (1, &json!(kind)),
                "{value}"
            );
            let named = rejected_by(&value).contains("Constraint");
            assert_eq!(named, program != ENDLESS, "{value}");
        }
    }
    desk.write("sum.svm", SUM);
    let words = "--input 1,5 --secret 3";
    for binding in ["public", "cells", "fixed"] {
        for set in ["auto", "full"] {
            let check = format!("check sum.svm {words} --binding {binding} --set {set}");
            let (code, value) = desk.json(&check);
            assert_eq!((code, &value["satisfied"]), (0, &json!(true)), "{value}");
            assert_eq!(desk.json(&format!("{check} --output 9")).0, 1);
        }
    }
}

/// Proves and verifies with a tape and secrets, whatever the binding.
#[test]
fn tapes_are_proved_and_printed() {
    let desk = Desk::new();
    desk.write("sum.svm", SUM);
    let tape = json!(["2", "20", "9", "29"]);
    for binding in ["public", "cells", "fixed"] {
        let prove = format!("prove sum.svm --input 2,20,9 --secret 7 --binding {binding}");
        let (code, value) = desk.json(&prove);
        assert_eq!(code, 0, "{value}");
        assert_eq!((&value["output"], &value["tape"]), (&json!("36"), &tape));
        let verify = "verify sum.proof.json --program sum.svm";
        let (code, value) = desk.json(verify);
        assert_eq!((code, &value["tape"]), (0, &tape), "{value}");
        let text = stdout(&desk.run(verify));
        // Whether a branch is taken, and so what is read, could depend on a secret.
        assert!(text.contains("gives output 36\n"), "{text}");
        assert!(
            text.contains("\ntape        2 20 9 29 (the program decides"),
            "{text}"
        );
        let (code, value) = desk.json("verify sum.proof.json --program example.svm");
        assert_eq!((code, &value["valid"]), (1, &json!(false)));

        // A tape that was tampered with.
        let text = desk.read("sum.proof.json");
        assert!(text.contains(r#""tape": ["2","20","9","29"]"#), "{text}");
        for edited in [
            r#"["2","20","9","30"]"#,
            r#"["2","9","20","29"]"#,
            r#"["2","20","9"]"#,
            r#"["2","20","9","29","0"]"#,
            r#"["2","20","9","29","1"]"#,
            "[]",
        ] {
            let whole = text.replacen(r#"["2","20","9","29"]"#, edited, 1);
            assert_ne!(whole, text);
            desk.write("edited.proof.json", whole);
            let (code, value) = desk.json("verify edited.proof.json --program sum.svm");
            assert_eq!((code, &value["valid"]), (1, &json!(false)), "{edited}");
        }
        let unquoted = text.replacen(r#"["2","20""#, r#"[2,"20""#, 1);
        desk.write("edited.proof.json", unquoted);
        assert_eq!(desk.json("verify edited.proof.json").0, 2);
    }
}

#[test]
fn a_proof_file_holds_no_secret() {
    let desk = Desk::new();
    // As `secret`, and left on the stack under its own square.
    desk.write("secret.svm", "push 0\nsecret\ndup\nmul\nmul\n");
    let secret = "18888242871839275222246405745257275088548364400416034343698204186575808495617";
    assert_eq!(secret.len(), 77);
    let integer = num_bigint::BigUint::parse_bytes(secret.as_bytes(), 10).unwrap();
    let big_endian = integer.to_str_radix(16);
    let little_endian = hex::encode(integer.to_bytes_le());
    desk.write("secret.txt", secret);
    for binding in ["public", "cells", "fixed"] {
        let prove = format!("prove secret.svm --secret-file secret.txt --binding {binding}");
        let output = desk.run(&prove);
        assert!(output.status.success(), "{}", stderr(&output));
        let file = desk.read("secret.proof.json").to_lowercase();
        for text in [&file, &stdout(&output), &stderr(&output)] {
            for form in [secret, &big_endian, &little_endian] {
                assert!(!text.contains(form));
            }
        }
        let (code, value) = desk.json("verify secret.proof.json --program secret.svm");
        assert_eq!((code, &value["output"]), (0, &json!("0")));
    }
}

#[test]
fn a_key_holds_a_program() {
    let desk = Desk::new();
    desk.write("other.svm", EXAMPLE.replace('6', "7"));
    desk.write("sum.svm", SUM);
    for (program, words, k) in [
        ("example.svm", "", 4),
        ("sum.svm", "--input 2,20,9 --secret 7", 6),
    ] {
        for (srs, dev) in [
            ("", ""),
            ("--backend kzg --insecure-dev-srs", "--insecure-dev-srs"),
        ] {
            let fixed = format!("--binding fixed --k {k} {srs}");
            let keygen = format!("keygen {fixed} --program {program} -o a.vkey");
            let (code, made) = desk.json(&keygen);
            assert_eq!(code, 0, "{made}");
            let prove = format!("prove {program} {words} {fixed} -o a.proof.json");
            let (code, value) = desk.json(&prove);
            assert_eq!(code, 0, "{value}");
            let proof: Value = serde_json::from_str(&desk.read("a.proof.json")).unwrap();
            assert_eq!(made["binding"], "fixed");
            for field in ["instruction_set", "verifying_key_digest", "program_digest"] {
                assert_eq!(made[field], proof[field], "{field}");
            }
            // With the key made anew from the program, and with the file.
            for key in ["--program", "--key a.vkey", "--key a.vkey --program"] {
                let program = if key.ends_with("--program") {
                    program
                } else {
                    ""
                };
                let verify = format!("verify a.proof.json {key} {program} {dev}");
                let (code, value) = desk.json(&verify);
                assert_eq!((code, &value["valid"]), (0, &json!(true)), "{value}");
            }
            // Another program's key.
            let other = format!("keygen {fixed} --program other.svm -o b.vkey");
            assert!(desk.run(&other).status.success());
            let verify = format!("verify a.proof.json --key b.vkey {dev}");
            let (code, value) = desk.json(&verify);
            assert_eq!((code, &value["valid"]), (1, &json!(false)));
            let verify = format!("verify a.proof.json --program other.svm {dev}");
            let (code, value) = desk.json(&verify);
            assert_eq!((code, &value["valid"]), (1, &json!(false)));
            // Another program's digest in the file.
            let mut edited = proof.clone();
            edited["program_digest"] = desk.json("digest other.svm").1["digest"].clone();
            desk.write("b.proof.json", edited.to_string());
            for key in ["--program other.svm", "--key a.vkey", "--key b.vkey"] {
                let (code, value) = desk.json(&format!("verify b.proof.json {key} {dev}"));
                assert_eq!((code, &value["valid"]), (1, &json!(false)), "{value}");
            }
        }
    }
    let text = stdout(&desk.run("keygen --k 4 --binding fixed --program example.svm -o a.vkey"));
    assert!(text.contains("of the program with digest"), "{text}");
    // A program of which no run can be proved, and one that does not fit.
    desk.write("underflow.svm", "push 1\nadd\n");
    let keygen = "keygen --k 4 --binding fixed -o c.vkey --program";
    let (code, value) = desk.json(&format!("{keygen} underflow.svm"));
    assert_eq!(
        (code, &value["error"]["kind"]),
        (1, &json!("stack_underflow"))
    );
    desk.write("long.svm", "push 1\n".repeat(20));
    assert_eq!(desk.json(&format!("{keygen} long.svm")).0, 2);
    assert_eq!(desk.json(&format!("{keygen} example.svm --steps 9")).0, 1);
    assert!(!desk.path("c.vkey").exists());
    // Cut to its first steps, as the run is.
    let (code, made) = desk.json(&format!("{keygen} example.svm --steps 4"));
    assert_eq!(code, 0, "{made}");
    assert!(
        desk.run("prove example.svm --steps 4 --binding fixed")
            .status
            .success()
    );
    assert_eq!(desk.json("verify example.proof.json --key c.vkey").0, 0);
}

/// What a session prints for these commands, without what it prints first, one object a command.
pub fn debugged(desk: &Desk, arguments: &str, commands: &[&str]) -> Vec<Value> {
    let input = commands.join("\n");
    let output = desk.piped(&format!("debug {arguments} --json"), &input);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    let text = stdout(&output);
    let mut lines = text.lines().map(|own| serde_json::from_str(own).unwrap());
    let first: Value = lines.next().unwrap();
    assert_eq!(first["step"], 0);
    lines.collect()
}

#[test]
fn debug_steps_both_ways() {
    let desk = Desk::new();
    desk.write("sum.svm", SUM);
    let words = "sum.svm --input 2,20,9 --secret 7";
    let commands = [
        "step",
        "s 2",
        "back",
        "b 1",
        "break 9",
        "break 15",
        "continue",
        "c",
        "c",
        "c",
        "r",
        "reverse",
        "tape",
        "stack",
        "stack 1",
        "r",
        "r",
        "goto 12",
        "g 1000",
        "restart",
        "where",
        "breakpoints",
        "delete 9",
        "bp",
        "d",
        "c",
        "list 1",
    ];
    let answers = debugged(&desk, words, &commands);
    assert_eq!(answers.len(), commands.len());
    let of = |command: usize, field: &str| answers[command][field].clone();
    let steps: Vec<_> = (0..4).map(|own| of(own, "step")).collect();
    assert_eq!(json!(steps), json!([1, 3, 2, 1]));
    assert_eq!(
        (of(0, "instruction"), of(0, "top")),
        (json!("push 0"), json!(["2"]))
    );
    assert_eq!(of(5, "breakpoints"), json!([9, 15]));
    let stops: Vec<_> = (6..10)
        .map(|own| (of(own, "stop"), of(own, "step")))
        .collect();
    let expected = json!([
        ["breakpoint", 9],
        ["breakpoint", 17],
        ["breakpoint", 22],
        ["end", 26]
    ]);
    assert_eq!(json!(stops), expected);
    assert_eq!(of(9, "output"), "36");
    assert_eq!(
        (of(10, "stop"), of(10, "step")),
        (json!("breakpoint"), json!(22))
    );
    assert_eq!(
        (of(11, "stop"), of(11, "step")),
        (json!("breakpoint"), json!(17))
    );
    let tape = json!({"tape": ["2", "20", "9"], "unread": [], "unread_secrets": ["7"]});
    assert_eq!(answers[12], tape);
    assert_eq!(answers[13], json!({"depth": 2, "stack": ["29", "0"]}));
    assert_eq!(answers[14], json!({"depth": 2, "stack": ["29"]}));
    assert_eq!(
        (of(15, "stop"), of(15, "step")),
        (json!("breakpoint"), json!(9))
    );
    assert_eq!((of(16, "stop"), of(16, "step")), (json!("start"), json!(0)));
    assert_eq!((of(17, "step"), of(17, "stop")), (json!(12), Value::Null));
    assert_eq!((of(18, "step"), of(18, "stop")), (json!(26), json!("end")));
    assert_eq!((of(19, "step"), of(20, "step")), (json!(0), json!(0)));
    assert_eq!(
        (of(21, "breakpoints"), of(23, "breakpoints")),
        (json!([9, 15]), json!([15]))
    );
    assert_eq!(
        (of(24, "breakpoints"), of(25, "stop")),
        (json!([]), json!("end"))
    );
    assert_eq!(of(26, "instructions")[1]["instruction"], "(end)");
    // What is before `quit` alone is answered.
    assert_eq!(debugged(&desk, words, &["s", "q", "s"]).len(), 1);
    assert_eq!(debugged(&desk, words, &[]).len(), 0);
}

#[test]
fn debug_reads_a_pipe() {
    let desk = Desk::new();
    let commands = "break 3\ncontinue\n\nlist\nfoo\u{1b}[2J\nstep x\nback 99\nbreak 77\nstep 1 2\n";
    let output = desk.piped("debug example.svm", commands);
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
    let text = stdout(&output);
    for part in [
        "step 0, pc 0: push 3\nthe stack is empty\n",
        "it stops before pc 3\n",
        "breakpoint\nstep 3, pc 3: mul\nstack of 3 words, from the top: 2 6 3\n",
        "   2  push 2\n>* 3  mul\n   4  mul\n   5  (end)\n",
        "error: there is no command `foo\\u{1b}[2J`\ncommand",
        "reverse            r",
        "error: `x` is no number that step takes\n",
        "the start of the run\nstep 0, pc 0: push 3\n",
        "error: `77` is neither a label nor an address: those are 0 to 5 (the end)\n",
        "error: it is written `step [N]`\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // No prompt, and an empty line repeats nothing.
    assert!(!text.contains("(stackvm)"));
    assert_eq!(text.matches("breakpoint\nstep").count(), 1);
    // A line that is too long is one, and no command.
    let long = format!("step{}step\nstep\n", " ".repeat(10_000));
    let text = stdout(&desk.piped("debug example.svm", &long));
    assert_eq!(
        text.matches("error: a line has fewer than").count(),
        1,
        "{text}"
    );
    assert!(
        text.ends_with("step 1, pc 1: push 6\nstack of 1 word, from the top: 3\n"),
        "{text}"
    );
    // No line is too much, nor is what is no text.
    for commands in [
        "s ".repeat(100_000),
        "\u{0}\n".into(),
        "step 18446744073709551616".into(),
    ] {
        let output = desk.piped("debug example.svm", &commands);
        assert!(output.status.success());
        assert!(stdout(&output).contains("error: "), "{}", stdout(&output));
    }
}

#[test]
fn debug_stops_where_a_program_fails() {
    let desk = Desk::new();
    desk.write("failing.svm", "push 4\npush 5\nassert_eq 6\npush 7\n");
    let commands = ["c", "s", "b", "c", "stack", "where", "b 2"];
    let answers = debugged(&desk, "failing.svm", &commands);
    for command in [0, 1, 3] {
        let answer = &answers[command];
        assert_eq!(
            (&answer["stop"], &answer["step"]),
            (&json!("error"), &json!(2))
        );
        assert_eq!(answer["error"]["kind"], "fault");
        assert_eq!(
            (&answer["pc"], &answer["top"]),
            (&json!(2), &json!(["5", "4"]))
        );
    }
    assert_eq!(answers[2]["step"], 1);
    assert_eq!(answers[4]["stack"], json!(["5", "4"]));
    assert_eq!(
        (&answers[5]["stop"], &answers[5]["error"]["kind"]),
        (&Value::Null, &json!("fault"))
    );
    assert_eq!(
        (&answers[6]["step"], &answers[6]["error"]),
        (&json!(0), &Value::Null)
    );
    let text = stdout(&desk.piped("debug failing.svm", "c\n"));
    let error = "error: step 2 (stack depth 2): `assert_eq` fails: the top is not the argument\n";
    assert!(text.contains(error), "{text}");
    // Words that are missing or left, and a run without end.
    desk.write("sum.svm", SUM);
    for (arguments, kind) in [
        ("sum.svm", "tape_end"),
        ("sum.svm --input 0,1 --secret 1", "unread"),
        ("example.svm --max-steps 3", "too_many_steps"),
        ("sum.svm --set stack", "invalid_opcode"),
    ] {
        let answers = debugged(&desk, arguments, &["c", "b"]);
        assert_eq!(answers[0]["error"]["kind"], kind, "{arguments}");
        // There is nothing to go back to if the first step fails.
        assert_eq!(answers[1]["error"].is_null(), answers[0]["step"] != 0);
    }
}

#[test]
fn a_profile_says_where_the_rows_go() {
    let desk = Desk::new();
    desk.write("words.svm", "push 1\npush 2\npush 3\n");
    let (code, value) = desk.json("profile words.svm");
    assert_eq!(code, 0);
    let expected = json!([
        {"label": null, "address": 0, "rows": 3, "percent": 60.0, "entered": 1}
    ]);
    assert_eq!(value["labels"], expected);
    assert_eq!(
        (&value["unwinding"], &value["rows"], &value["steps"]),
        (&json!(2), &json!(5), &json!(3))
    );
    desk.write("empty.svm", "");
    let text = stdout(&desk.run("profile empty.svm"));
    assert!(text.contains("total"), "{text}");
    desk.write("failing.svm", "pop\n");
    assert_eq!(desk.run("profile failing.svm").status.code(), Some(1));
}

/// Sums 1 to n, for n from the public tape; the square of it is made by a function.
const LABELS: &str = "\
read
push 0
loop:
swap
dup
jz done
dup
rot
add
swap
addi -1
swap
jump loop
done:
pop
call square
jump end
square:
swap
dup
mul
swap
ret
end:
";

#[test]
fn a_trace_names_labels() {
    let desk = Desk::new();
    desk.write("labels.svm", LABELS);
    let (code, value) = desk.json("run labels.svm --input 2 --trace");
    assert_eq!((code, &value["output"]), (0, &json!("9")), "{value}");
    let trace = value["trace"].as_array().unwrap();
    let jumps: Vec<_> = trace
        .iter()
        .map(|own| own["instruction"].as_str().unwrap())
        .filter(|own| own.contains(' ') && !own.contains(|own: char| own.is_ascii_digit()))
        .collect();
    let expected = [
        "jz done",
        "jump loop",
        "jz done",
        "jump loop",
        "jz done",
        "call square",
        "jump end",
    ];
    assert_eq!(jumps, expected);
}

#[test]
fn debug_knows_labels() {
    let desk = Desk::new();
    desk.write("labels.svm", LABELS);
    let commands = [
        "break loop",
        "br square",
        "c",
        "c",
        "c",
        "c",
        "s",
        "r",
        "d loop",
        "r",
        "list",
        "break nowhere",
    ];
    let answers = debugged(&desk, "labels.svm --input 2", &commands);
    assert_eq!(answers[1]["breakpoints"], json!([2, 15]));
    let pcs: Vec<_> = (2..8).map(|own| answers[own]["pc"].clone()).collect();
    assert_eq!(json!(pcs), json!([2, 2, 2, 15, 16, 15]));
    assert_eq!(answers[6]["region"], "square");
    assert_eq!(
        (&answers[9]["stop"], &answers[9]["step"]),
        (&json!("start"), &json!(0))
    );
    assert_eq!(answers[10]["instructions"][2]["label"], "loop");
    assert_eq!(answers[11]["error"]["kind"], "usage");
    let text = stdout(&desk.piped("debug labels.svm --input 2", "br square\nc\ns\nlist 2\n"));
    for part in [
        "it stops before pc 15 (square)\n",
        "breakpoint\nstep 27, pc 15 (square): swap\n",
        "step 28, pc 16 (square + 1): dup\n",
        "   14  jump end\nsquare:\n * 15  swap\n>  16  dup\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_profile_counts_the_rows_of_labels() {
    let desk = Desk::new();
    desk.write("labels.svm", LABELS);
    for input in [0, 1, 2, 50] {
        let arguments = format!("profile labels.svm --input {input}");
        let (code, value) = desk.json(&arguments);
        assert_eq!(code, 0, "{value}");
        let labels = value["labels"].as_array().unwrap();
        let rows: Vec<_> = labels
            .iter()
            .map(|own| own["rows"].as_u64().unwrap())
            .collect();
        assert!(rows.is_sorted_by(|one, next| one >= next));
        let all = rows.iter().sum::<u64>() + value["unwinding"].as_u64().unwrap();
        assert_eq!(value["rows"], all);
        assert_eq!(
            value["rows"],
            desk.json(&arguments.replace("profile", "run")).1["rows"]
        );
        let percent: f64 = labels
            .iter()
            .map(|own| own["percent"].as_f64().unwrap())
            .sum();
        assert!(percent <= 100.001);
        let of = |label: Value| {
            let own = labels.iter().find(|own| own["label"] == label).unwrap();
            (
                own["rows"].as_u64().unwrap(),
                own["entered"].as_u64().unwrap(),
            )
        };
        assert_eq!(of(Value::Null), (2, 1));
        assert_eq!(of(json!("loop")), (10 * input + 3, input + 1));
        assert_eq!(of(json!("done")), (3, 1));
        assert_eq!(of(json!("square")), (5, 1));
        let text = stdout(&desk.run(&arguments));
        let total = text.lines().last().unwrap();
        let total: Vec<_> = total.split_whitespace().collect();
        assert_eq!(total, ["total", &all.to_string(), "100.0%"]);
        assert!(
            text.contains("(start)") && text.contains("(unwinding)"),
            "{text}"
        );
    }
}
