//! `stackvm digest`.

use serde_json::json;

use halo2_stack_vm::machine::Binding;

use crate::Report;
use crate::arguments::DigestArguments;
use crate::circuit::cut;
use crate::failure::Failure;
use crate::source::load;

pub fn digest(arguments: &DigestArguments) -> Result<Report, Failure> {
    let program = load(&arguments.file)?.program;
    let program = cut(program, arguments.cut.steps)?;
    let set = arguments.set.of(&program);
    let binding = Binding::from(arguments.binding);
    let canonical = program.canonical(binding.shape(set));
    let digest = hex::encode(canonical.digest());
    Ok(Report {
        text: digest.clone(),
        json: json!({
            "digest": digest,
            "instruction_set": binding.canonical_set(set).name(),
            "binding": binding.name(),
            "instructions": program.len(),
            "canonical_instructions": canonical.len(),
        }),
    })
}
