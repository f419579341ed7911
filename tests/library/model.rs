//! A bounded model check of the machine, made apart from the crate: `tests/smt/bmc.py`.
//!
//! Needs a Python that has z3 (`pip install --requirement tests/smt/requirements.txt`), which is `python3`, or what the environment variable
//! `STACKVM_SMT_PYTHON` says; so it runs only where it is asked for:
//! `cargo test --release --test library model -- --ignored`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use halo2_stack_vm::isa::{Effect, Opcode};
use serde_json::{Value, json};

/// The most rows of the programs.
const ROWS: usize = 5;

#[test]
#[ignore = "needs a solver: see the head of the file"]
fn no_witness_of_a_few_rows_is_forged() {
    let effect = |opcode: &Opcode| match opcode.effect() {
        Effect::Grow => "G",
        Effect::Keep => "K",
        Effect::Shrink => "S",
    };
    let table: Value = Opcode::ALL
        .iter()
        .map(|own| (own.mnemonic().to_owned(), json!([effect(own), own.needs()])))
        .collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smt/bmc.py");
    let python = std::env::var("STACKVM_SMT_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut child = Command::new(&python)
        .arg(script)
        .arg(ROWS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(table.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{python}: {errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let (mut whole, mut found) = (0, 0);
    for line in text.lines().filter(|line| line.contains(" rows=")) {
        if line.contains(" without ") {
            // With fewer rows there may be none yet.
            found += usize::from(line.starts_with("sat "));
        } else {
            assert!(line.starts_with("unsat "), "{line}");
            whole += 1;
        }
    }
    assert_eq!(whole, 11 * ROWS, "{text}");
    assert_eq!(found, 3, "each rule that is left out is missed");
}
