//! `stackvm prove`.

use std::path::PathBuf;

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::json;

use halo2_stack_vm::circuit::{CircuitParams, Statement, Template};
use halo2_stack_vm::proof::file::{BackendName as FileBackend, ParametersKind, ProofFile};
use halo2_stack_vm::proof::ipa::Ipa;
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::proof::{Backend, Parameters};
use halo2_stack_vm::vm::Trace;

use crate::Report;
use crate::arguments::{BackendName, ProveArguments};
use crate::circuit::{circuit, template, trace, unproved};
use crate::failure::{Failure, pasted};
use crate::output::PROOF;
use crate::parameters::{Source, check_backend, no_parameters};
use crate::program_failure::StackWords;
use crate::progress::Progress;
use crate::source::{RunRequest, is_standard_input};
use crate::text::{decimal, decimals, tape_line};

pub fn prove(arguments: &ProveArguments) -> Result<Report, Failure> {
    let srs = &arguments.srs;
    check_backend(arguments.backend, srs)?;
    let path = proof_path(arguments);
    PROOF.check_output(&path, arguments.force)?;
    let progress = Progress::new();
    progress.phase("running the program");
    let request = RunRequest::read(&arguments.program, false)?;
    let trace = trace(&request).map_err(|error| unproved(&request, error, StackWords::Hidden))?;
    let circuit = circuit(&arguments.circuit, &trace)?;
    let template = template(circuit, trace.program())?;
    progress.phase(format!("parameters for 2^{} rows", circuit.k()));
    let source = Source::any(&progress);
    let file = match arguments.backend {
        BackendName::Ipa => {
            let params = source.ipa(circuit.k()).map_err(no_parameters)?;
            let proved = prove_with::<Ipa>(&params, &template, &trace, &progress)?;
            proved.file(FileBackend::Ipa, ParametersKind::Transparent, &trace)
        }
        BackendName::Kzg => {
            let (params, kind) = source.kzg(srs, circuit.k()).map_err(no_parameters)?;
            let proved = prove_with::<Kzg>(&params, &template, &trace, &progress)?;
            proved.file(FileBackend::Kzg, kind, &trace)
        }
    };
    let text = file
        .to_json()
        .map_err(|error| Failure::input("internal", error.to_string()))?;
    PROOF.put(&path, arguments.force, text.as_bytes())?;
    drop(progress);
    let output = decimal(file.statement.output);
    Ok(Report {
        text: format!(
            "output {output}{}\nproof of {} bytes ({}, k = {}) in {}\nverify it with: stackvm verify {}{}",
            tape_line(&file.statement.tape),
            file.proof.len(),
            file.backend_name(),
            circuit.k(),
            pasted(&path),
            pasted(&path),
            match (&srs.srs, file.parameters) {
                (Some(path), _) => format!(" --srs {}", pasted(path)),
                (None, ParametersKind::InsecureDev) => " --insecure-dev-srs".into(),
                _ => String::new(),
            },
        ),
        json: json!({
            "proof": path.display().to_string(),
            "backend": file.backend_name(),
            "k": circuit.k(),
            "rows": trace.steps(),
            "proof_bytes": file.proof.len(),
            "output": output,
            "tape": decimals(&file.statement.tape),
        }),
    })
}

/// Where the proof goes.
fn proof_path(arguments: &ProveArguments) -> PathBuf {
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

/// A proof and what identifies its key and parameters.
struct Proved {
    circuit: CircuitParams,
    parameters_digest: [u8; 32],
    key_digest: [u8; 32],
    proof: Vec<u8>,
}

impl Proved {
    fn file(
        self,
        backend: FileBackend,
        parameters: ParametersKind,
        trace: &Trace<Fr>,
    ) -> ProofFile {
        let statement = Statement::of(trace);
        ProofFile {
            backend,
            parameters,
            parameters_digest: self.parameters_digest,
            key_digest: self.key_digest,
            circuit: self.circuit,
            program_digest: statement.program.digest(),
            statement,
            proof: self.proof,
        }
    }
}

fn prove_with<B: Backend>(
    params: &B::Parameters,
    template: &Template<Fr>,
    trace: &Trace<Fr>,
    progress: &Progress,
) -> Result<Proved, Failure> {
    progress.phase("keys");
    let key = B::keygen_of(params, template)
        .map_err(|error| Failure::input("internal", error.to_string()))?;
    progress.phase(format!("proving {} rows", trace.steps()));
    let proof = B::prove(params, &key, trace)
        .map_err(|error| Failure::input("internal", error.to_string()))?;
    Ok(Proved {
        circuit: template.params(),
        parameters_digest: params.digest(),
        key_digest: key.verifying_key().digest(),
        proof,
    })
}
