//! `stackvm info`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use halo2_stack_vm::proof::Cost;

use crate::Report;
use crate::arguments::InfoArguments;
use crate::circuit::stated_circuit;
use crate::failure::Failure;

pub fn info(arguments: &InfoArguments) -> Result<Report, Failure> {
    let params = stated_circuit(arguments)?;
    let cost = Cost::of(params);
    let json = json!({
        "k": params.k(),
        "rows": params.rows(),
        "instruction_set": params.set().name(),
        "binding": params.binding().name(),
        "degree": cost.degree,
        "advice_columns": cost.advice_columns,
        "fixed_columns": cost.fixed_columns,
        "instance_columns": cost.instance_columns,
        "lookups": cost.lookups,
        "permutation_columns": cost.permutation_columns,
        "proof_bytes": {"kzg": cost.kzg_proof_bytes, "ipa": cost.ipa_proof_bytes},
    });
    let mut text = String::new();
    for (name, value) in json.as_object().into_iter().flatten() {
        let name = name.replace('_', " ");
        // Writing to a string does not fail.
        let _ = match value {
            Value::Object(backends) => backends.iter().try_for_each(|(own, value)| {
                writeln!(text, "{:<22}{value}", format!("{name} ({own})"))
            }),
            Value::String(value) => writeln!(text, "{name:<22}{value}"),
            value => writeln!(text, "{name:<22}{value}"),
        };
    }
    Ok(Report { text, json })
}
