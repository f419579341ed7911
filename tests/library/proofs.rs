//! The lemmas in `proofs/` are about a transcription of the constraints: those that it names are there.

use std::path::Path;

use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{Binding, manual};
use halo2curves::bn256::Fr;

#[test]
fn the_constraints_that_are_transcribed_are_there() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proofs/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("| hypothesis | constraint |").unwrap();
    // The second column, in which each constraint stands between backquotes.
    let cells = table.lines().filter_map(|line| line.split('|').nth(2));
    let quoted = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let transcribed: Vec<_> = quoted.collect();
    assert!(transcribed.len() >= 20, "{transcribed:?}");
    let all = InstructionSet::of(Opcode::ALL);
    let gates = manual::gates::<Fr>(all.into(), Binding::Public);
    let constraints: Vec<_> = gates.iter().flat_map(|gate| &gate.constraints).collect();
    for name in transcribed {
        let there = constraints.iter().any(|own| own.name == name);
        assert!(there, "no constraint is called \"{name}\"");
    }
}
