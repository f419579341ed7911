//! `stackvm prove`.

use std::path::{Path, PathBuf};

use serde_json::json;

use halo2_proofs::halo2curves::bn256::Fr;
use halo2_stack_vm::machine::{KeySource, Statement};
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::file::{ParametersKind, ProofFile};
use halo2_stack_vm::proof::ipa::Ipa;
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::prover::Phase;
use halo2_stack_vm::vm::Trace;

use crate::Report;
use crate::arguments::{BackendName, ProveArguments};
use crate::circuit::{circuit, key_source, trace, unproved};
use crate::failure::{Failure, pasted};
use crate::output::{OutputFile, PROOF, is_standard_output};
use crate::parameters::{Source, check_backend, no_parameters};
use crate::program_failure::StackWords;
use crate::progress::Progress;
use crate::source::{RunRequest, is_standard_input};
use crate::tape::{TapeUse, tape_text};
use crate::text::{decimal, decimals};

pub fn prove(arguments: &ProveArguments) -> Result<Report, Failure> {
    let srs = &arguments.srs;
    check_backend(arguments.backend, srs)?;
    let path = proof_path(arguments);
    let mut output = OutputFile {
        kind: &PROOF,
        path: &path,
        named: arguments.output.is_some(),
        force: arguments.force,
        inputs: arguments.program.files().chain(&srs.srs).collect(),
        identity: None,
    };
    output.check()?;
    let progress = Progress::new();
    progress.phase("running the program");
    let request = RunRequest::read(&arguments.program, false)?;
    let trace = trace(&request).map_err(|error| unproved(&request, error, StackWords::Hidden))?;
    let circuit = circuit(&arguments.circuit, &trace)?;
    let key_source = key_source(circuit, trace.program())?;
    output.identity = Some(trace.program().canonical(circuit.shape()).digest());
    if let Some(warning) = output.check_other()? {
        progress.warn(&warning);
    }
    progress.phase(format!("parameters for 2^{} rows", circuit.k()));
    let source = Source::any(&progress);
    let file = match arguments.backend {
        BackendName::Ipa => {
            let params = source.ipa(circuit.k()).map_err(no_parameters)?;
            prove_with::<Ipa>(&params, &key_source, &trace, &progress)?
        }
        BackendName::Kzg => {
            let (params, _) = source.kzg(srs, circuit.k()).map_err(no_parameters)?;
            prove_with::<Kzg>(&params, &key_source, &trace, &progress)?
        }
    };
    output.put(file.to_json().as_bytes())?;
    drop(progress);
    let uses = TapeUse::of_run(&trace);
    let tape = match &file.tape[..] {
        [] => String::new(),
        words => format!("tape {}\n", tape_text(words, Some(&uses))),
    };
    Ok(Report {
        text: format!(
            "output {}\n{tape}proof of {} bytes ({}, k = {}) {}\nverify it with: {}",
            decimal(file.output),
            file.proof.len(),
            file.backend_name(),
            circuit.k(),
            match is_standard_output(&path) {
                true => "on standard output".into(),
                false => format!("in {}", pasted(&path)),
            },
            verify_command(arguments, &path, file.parameters),
        ),
        json: json!({
            "proof": path.display().to_string(),
            "backend": file.backend_name(),
            "k": circuit.k(),
            "rows": trace.steps(),
            "proof_bytes": file.proof.len(),
            "program_digest": hex::encode(file.program_digest),
            "output": decimal(file.output),
            "tape": decimals(&file.tape),
            "tape_uses": uses.json(),
        }),
    })
}

/// What a verifier types who has the program.
fn verify_command(arguments: &ProveArguments, path: &Path, kind: ParametersKind) -> String {
    let program = &arguments.program;
    let proof = match is_standard_output(path) {
        true => "-".into(),
        false => pasted(path),
    };
    let mut command = format!("stackvm verify {proof} --program ");
    command += &match is_standard_input(&program.file) {
        true => "FILE".into(),
        false => pasted(&program.file),
    };
    if let Some(steps) = program.cut.steps {
        command += &format!(" --steps {steps}");
    }
    match &arguments.srs.srs {
        Some(srs) => command += &format!(" --srs {}", pasted(srs)),
        None if kind == ParametersKind::InsecureDev => command += " --insecure-dev-srs",
        None => {}
    }
    command
}

/// Where the proof goes.
pub fn proof_path(arguments: &ProveArguments) -> PathBuf {
    let program = &arguments.program.file;
    match &arguments.output {
        Some(path) => path.clone(),
        None => {
            let stem = program.file_stem().filter(|_| !is_standard_input(program));
            let mut name = stem.unwrap_or("program".as_ref()).to_os_string();
            name.push(".proof.json");
            name.into()
        }
    }
}

fn prove_with<B: Backend>(
    params: &B::Parameters,
    key_source: &KeySource<Fr>,
    trace: &Trace<Fr>,
    progress: &Progress,
) -> Result<ProofFile, Failure> {
    progress.phase("keys");
    let key = B::keygen_of(params, key_source)
        .map_err(|error| Failure::input("internal", error.to_string()))?;
    let mut phase = |phase: Phase| {
        progress.phase(format!(
            "proving {} rows: {}, {}%",
            trace.steps(),
            phase.name(),
            phase.before()
        ));
    };
    let proof = B::prove_with(params, &key, trace, &mut phase)
        .map_err(|error| Failure::input("internal", error.to_string()))?;
    let statement = Statement::of(trace);
    Ok(ProofFile::new(
        params,
        key.verifying_key(),
        statement,
        proof,
    ))
}
