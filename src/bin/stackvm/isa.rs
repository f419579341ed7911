//! `stackvm isa`.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::json;

use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::manual;

use crate::Report;
use crate::failure::Failure;

pub fn isa() -> Result<Report, Failure> {
    let instructions: Vec<_> = Opcode::ALL
        .iter()
        .map(|opcode| {
            let sets = InstructionSet::NAMED.iter();
            let sets = sets.filter(|(_, set)| set.contains(*opcode));
            json!({
                "code": opcode.code(),
                "encoded": opcode.encoded(),
                "mnemonic": opcode.mnemonic(),
                "takes_argument": opcode.takes_argument(),
                "stack_effect": opcode.stack_effect(),
                "needs": opcode.needs_of_program(),
                "summary": opcode.summary(),
                "sets": sets.map(|(name, _)| *name).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Report {
        text: manual::reference::<Fr>(),
        json: json!({ "instructions": instructions }),
    })
}
