//! `stackvm keygen`.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::json;

use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::file::ParametersKind;
use halo2_stack_vm::proof::ipa::Ipa;
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::Kzg;

use crate::Report;
use crate::arguments::{BackendName, InfoArguments, KeygenArguments};
use crate::circuit::{cut, key_source, stated_circuit};
use crate::failure::{Failure, pasted};
use crate::output::{KEY, OutputFile, is_standard_output};
use crate::parameters::{Source, check_backend, no_parameters};
use crate::progress::Progress;
use crate::source::load;

pub fn keygen(arguments: &KeygenArguments) -> Result<Report, Failure> {
    let path = &arguments.output;
    check_backend(arguments.backend, &arguments.srs)?;
    let key_source = key_template(arguments)?;
    let circuit = key_source.params().canonical();
    let mut output = OutputFile {
        kind: &KEY,
        path,
        named: true,
        force: arguments.force,
        inputs: arguments.program.iter().chain(&arguments.srs.srs).collect(),
        identity: None,
    };
    output.check()?;
    let internal = |error: String| Failure::input("internal", error);
    let progress = Progress::new();
    let k = circuit.k();
    progress.phase(format!("parameters for 2^{k} rows"));
    let source = Source::any(&progress);
    let key = match arguments.backend {
        BackendName::Ipa => {
            let params = source.ipa(k).map_err(no_parameters)?;
            progress.phase("key");
            let key =
                Ipa::keygen_vk_of(&params, &key_source).map_err(|e| internal(e.to_string()))?;
            KeyFile::of_ipa(&key)
        }
        BackendName::Kzg => {
            let (params, _) = source.kzg(&arguments.srs, k).map_err(no_parameters)?;
            progress.phase("key");
            let key =
                Kzg::keygen_vk_of(&params, &key_source).map_err(|e| internal(e.to_string()))?;
            KeyFile::of_kzg(&key, &params).map_err(|e| internal(e.to_string()))?
        }
    };
    output.identity = Some(key.fingerprint());
    if let Some(warning) = output.check_other()? {
        progress.warn(&warning);
    }
    output.put(&key.to_bytes())?;
    drop(progress);
    let backend = key.backend().name();
    let fingerprint = hex::encode(key.fingerprint());
    let program = key.program().map(hex::encode);
    let (place, named) = match is_standard_output(path) {
        true => ("on standard output".into(), "FILE".into()),
        false => (format!("in {}", pasted(path)), pasted(path)),
    };
    Ok(Report {
        text: format!(
            "verifying key ({backend}, k = {k}, {}, {}) {place}\n{}fingerprint {fingerprint}\nverify with \
             it: stackvm verify PROOF {}--key {named} --fingerprint {fingerprint}{}",
            circuit.set(),
            circuit.binding().name(),
            match &program {
                Some(program) => format!("of the program with digest {program}\n"),
                None => String::new(),
            },
            match &program {
                Some(_) => "",
                None => "--program FILE ",
            },
            match key.parameters() {
                ParametersKind::InsecureDev => " --insecure-dev-srs",
                _ => "",
            },
        ),
        json: json!({
            "key": path.display().to_string(),
            "backend": backend,
            "k": k,
            "instruction_set": circuit.set().name(),
            "binding": circuit.binding().name(),
            "parameters": key.parameters().name(),
            "parameters_digest": hex::encode(key.parameters_digest()),
            "verifying_key_digest": hex::encode(key.digest()),
            "fingerprint": fingerprint,
            "program_digest": program,
        }),
    })
}

/// What the key is to be made from.
fn key_template(arguments: &KeygenArguments) -> Result<KeySource<Fr>, Failure> {
    let InfoArguments { k, set, binding } = &arguments.circuit;
    let Some(path) = &arguments.program else {
        return key_source(stated_circuit(&arguments.circuit)?, &Default::default());
    };
    let binding = Binding::from(*binding);
    if binding != Binding::Fixed {
        let problem = "--program goes with --binding fixed: a key of the other bindings is one for all \
                       programs";
        return Err(Failure::input("usage", problem));
    }
    let program = load(path)?.program;
    let program = cut(program, arguments.steps)?;
    let circuit = CircuitParams::new(*k, set.of(&program), binding)
        .map_err(|error| Failure::input("size", error.to_string()))?;
    key_source(circuit, &program)
}
