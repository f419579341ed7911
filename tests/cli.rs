//! The command line, as a user drives it: real files, real proofs, exit codes, JSON.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

const EXAMPLE: &str = "push 3\npush 6\npush 2\nmul\nmul\n";

/// A folder with programs in it, in which commands are run.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Desk(tempfile::tempdir().unwrap());
        desk.write("example.svm", EXAMPLE);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `stackvm` with these arguments, with a cache that all tests share.
    fn run(&self, arguments: &str) -> Output {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        self.run_with(arguments, &cache)
    }

    /// The same with a cache of its own.
    fn run_with(&self, arguments: &str, cache: &Path) -> Output {
        let mut command = assert_cmd::Command::cargo_bin("stackvm").unwrap();
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", cache)
            // What hangs fails.
            .timeout(std::time::Duration::from_secs(120))
            .output()
            .unwrap()
    }

    /// The exit code and the JSON object that `stackvm --json` prints.
    fn json(&self, arguments: &str) -> (i32, Value) {
        let output = self.run(&format!("{arguments} --json"));
        let text = stdout(&output);
        let value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{arguments}: {error}: {text} {}", stderr(&output));
        });
        (output.status.code().unwrap(), value)
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn run_prints_the_output() {
    let desk = Desk::new();
    let output = desk.run("run example.svm");
    assert!(output.status.success());
    assert!(stdout(&output).contains("output 36"), "{}", stdout(&output));
    let expected = json!({"output": "36", "steps": 5, "max_depth": 3});
    assert_eq!(desk.json("run example.svm"), (0, expected));
    let expected = json!({"output": "3", "steps": 2, "max_depth": 2});
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
    assert!(
        stderr(&output)
            .contains("there is a word where one is needed, before the step or after it"),
        "{}",
        stderr(&output)
    );
    let output = desk.run("check example.svm --output 37");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the sum starts as beta * output"));
    assert_eq!(
        desk.json("check example.svm --output 37").1["error"]["kind"],
        "unsatisfied"
    );
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

/// Makes a key with these options, and verifies a proof made with `prove` with it.
fn keygen_and_verify(desk: &Desk, keygen: &str, prove: &str, verify: &str) {
    let (code, made) = desk.json(&format!("keygen --k 4 {keygen} -o a.vkey"));
    assert_eq!(code, 0, "{made}");
    assert_eq!(made["key"], "a.vkey");
    let (code, value) = desk.json(&format!("prove example.svm {prove} -o a.proof.json"));
    assert_eq!(code, 0, "{value}");
    let proof: Value = serde_json::from_str(&desk.read("a.proof.json")).unwrap();
    for field in [
        "backend",
        "k",
        "instruction_set",
        "binding",
        "parameters",
        "parameters_digest",
        "verifying_key_digest",
    ] {
        assert_eq!(made[field], proof[field], "{field}");
    }
    let verify = format!("verify a.proof.json --key a.vkey {verify}");
    let (code, value) = desk.json(&verify);
    assert_eq!((code, &value["valid"]), (0, &json!(true)), "{value}");
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
    assert!(stdout(&output).contains("digest "), "{}", stdout(&output));
    // What differs is named.
    let others = [
        ("--k 5", "k is 4"),
        ("--k 4 --set seed", "instruction_set is `stack`"),
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
    use halo2_proofs::halo2curves::bn256::Bn256;
    use halo2_proofs::poly::commitment::Params;
    use halo2_proofs::poly::kzg::commitment::ParamsKZG;
    let desk = Desk::new();
    let mut file = vec![];
    let params = ParamsKZG::<Bn256>::setup(4, rand_core::OsRng);
    params.write(&mut file).unwrap();
    desk.write("srs", file);
    let srs = "--backend kzg --srs srs";
    keygen_and_verify(&desk, srs, srs, "");
    let output = desk.run("verify a.proof.json --key a.vkey");
    assert_eq!(stderr(&output), "");
    let both = desk.run("verify a.proof.json --key a.vkey --srs srs");
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_key_file_is_written_where_it_does_no_harm() {
    let desk = Desk::new();
    for refused in ["example.svm", ".", "-"] {
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
    let srs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/hermez-bn254-8.ptau");
    if !srs.exists() {
        println!("skipped: {} is absent", srs.display());
        return;
    }
    let desk = Desk::new();
    let srs = format!("--srs {}", srs.display());
    prove_and_verify(&desk, &format!("--backend kzg {srs}"), &srs, "kzg");
    let output = desk.run(&format!("verify a.proof.json {srs}"));
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
    let output = desk.run("run division.svm");
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
        ("\"steps\": 5", "\"steps\": 4"),
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
    let digest = desk.json("verify c.proof.json").1["program_digest"].clone();
    file["program_digest"] = digest;
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
    for command in ["run", "check", "prove", "keygen", "verify", "isa", "info"] {
        let output = desk.run(&format!("{command} --help"));
        assert!(output.status.success());
        let text = stdout(&output);
        assert!(text.contains("Example"), "{command}");
        assert!(text.contains(&format!("stackvm {command}")), "{command}");
    }
}

/// A damaged cache is made anew, and two processes may share one.
#[test]
fn a_damaged_cache_is_no_obstacle() {
    let desk = Desk::new();
    let run = || {
        let mut command = assert_cmd::Command::cargo_bin("stackvm").unwrap();
        command
            .args(["prove", "example.svm", "--json"])
            .current_dir(desk.0.path())
            .env("XDG_CACHE_HOME", desk.path("cache"));
        command.output().unwrap().status.code()
    };
    std::thread::scope(|scope| {
        let both = [scope.spawn(run), scope.spawn(run)];
        for one in both {
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
    assert_eq!(desk.run("prove example.svm -o -").status.code(), Some(2));
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
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("--max-k 24"),
            "{}",
            stderr(&output)
        );
    }
}

/// Nor of a smaller size, where they are not kept: it says what to do about it.
#[test]
fn parameters_of_a_stranger_s_size_are_not_derived() {
    let desk = Desk::new();
    assert!(
        desk.run("prove example.svm -o a.proof.json")
            .status
            .success()
    );
    let text = desk.read("a.proof.json");
    desk.write("b.proof.json", text.replacen("\"k\": 4", "\"k\": 13", 1));
    let cache = desk.path("empty");
    let output = desk.run_with("verify b.proof.json", &cache);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("--max-k 13"));
    assert!(!cache.exists());
    // Who allows the size is told what else is wrong.
    let output = desk.run_with("verify b.proof.json --max-k 13", &cache);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
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
    let piped = |arguments: &str, input: &str| {
        let mut command = assert_cmd::Command::cargo_bin("stackvm").unwrap();
        command
            .args(arguments.split_whitespace())
            .current_dir(desk.0.path())
            .env(
                "XDG_CACHE_HOME",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
            )
            .write_stdin(input);
        command.output().unwrap()
    };
    for program in [EXAMPLE, " [1,3,1,6,1,2,3,0,3,0]"] {
        assert!(stdout(&piped("run -", program)).contains("output 36"));
    }
    assert!(piped("prove -", EXAMPLE).status.success());
    let proof = desk.read("program.proof.json");
    assert!(piped("verify -", &proof).status.success());
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
