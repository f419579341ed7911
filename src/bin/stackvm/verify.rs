//! `stackvm verify`.

use serde_json::json;

use halo2_stack_vm::circuit::Template;
use halo2_stack_vm::proof::file::{
    BackendName as FileBackend, Contradiction, FileError, ParametersKind, ProofFile,
};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::key::{KeyFile, KeyFileError, Mismatch};
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::proof::srs::ParamsError;
use halo2_stack_vm::proof::{Backend, Parameters, VerifyError};

use crate::Report;
use crate::arguments::VerifyArguments;
use crate::circuit::cut;
use crate::failure::Failure;
use crate::parameters::{INSECURE, Source, no_parameters};
use crate::progress::Progress;
use crate::source::{is_standard_input, load, read_once};
use crate::text::{counted, decimal, decimals, tape_line};

/// The largest circuit that `verify` makes a key for, unless it is told otherwise: seconds.
const MAX_KEY_K: u32 = 17;
/// The same where parameters of its size, or their Lagrange basis, must be made first.
const MAX_DERIVED_K: u32 = 10;

pub fn verify(arguments: &VerifyArguments) -> Result<Report, Failure> {
    let path = &arguments.proof;
    read_once(std::iter::once(path).chain(&arguments.program))?;
    let file = match is_standard_input(path) {
        true => ProofFile::read_from(std::io::stdin()),
        false => ProofFile::read(path),
    };
    let file = file.map_err(|error| Failure::file(kind(&error), path, error))?;
    let output = decimal(file.statement.output);
    let digest = hex::encode(file.statement.program.digest());
    let report = |valid: bool| {
        json!({
            "valid": valid,
            "output": output,
            "tape": decimals(&file.statement.tape),
            "program_digest": digest,
            "backend": file.backend_name(),
            "parameters": file.parameters.name(),
            "k": file.circuit.k(),
            "instruction_set": file.circuit.set().name(),
            "binding": file.circuit.binding().name(),
            "parameters_digest": hex::encode(file.parameters_digest),
            "verifying_key_digest": hex::encode(file.key_digest),
        })
    };
    let rejected = |reason: String| {
        let reason = format!("{}: {reason}", path.display());
        let mut report = report(false);
        report["reason"] = reason.clone().into();
        Failure::Rejected { report, reason }
    };
    check_usage(&file, arguments)?;
    file.check()
        .map_err(|edited| rejected(edited.to_string()))?;
    if let Some(program) = &arguments.program {
        let (expected, _) = load(program)?;
        let expected = cut(expected, arguments.steps)?;
        if expected != file.statement.program {
            return Err(rejected(format!(
                "the proof is not one of {}{}: the digest of that is {}, and the proved program's {digest}",
                program.display(),
                match arguments.steps {
                    Some(steps) => format!(" cut to {steps} steps"),
                    None => String::new(),
                },
                hex::encode(expected.digest()),
            )));
        }
    }
    // Before parameters are made for nothing.
    let key = key_file(arguments)?;
    if let Some((key, _)) = &key {
        key.check(&file)
            .map_err(|other| rejected(format!("{other}{}", remedy(&other, key))))?;
    }
    let progress = Progress::new();
    let k = file.circuit.k();
    progress.phase(format!("parameters for 2^{k} rows"));
    let source = Source::making_at_most(&progress, arguments.max_k.unwrap_or(MAX_DERIVED_K));
    let refused = |error: ParamsError| match error {
        ParamsError::NotMade { .. } => Failure::file(
            "usage",
            path,
            format!(
                "the proof is one of k = {k}: {error}; to verify it all the same, give --max-k {k}"
            ),
        ),
        error => no_parameters(error),
    };
    let verdict = match (&key, file.backend) {
        (Some((key, _)), FileBackend::Ipa) => {
            let params = source.ipa(k).map_err(refused)?;
            verify_with_key(key, &file, Some(&params), &progress)
        }
        (Some((key, _)), FileBackend::Kzg) => verify_with_key(key, &file, None, &progress),
        (None, FileBackend::Ipa) => {
            let params = source.ipa(k).map_err(refused)?;
            verify_with::<Ipa>(&params, &file, &progress)?
        }
        (None, FileBackend::Kzg) => {
            let (params, _) = source.kzg(&arguments.srs, k).map_err(refused)?;
            verify_with::<Kzg>(&params, &file, &progress)?
        }
    };
    drop(progress);
    verdict.map_err(rejected)?;
    let mut json = report(true);
    if let Some((_, fingerprint)) = &key {
        json["key_fingerprint"] = fingerprint.as_str().into();
    }
    Ok(Report {
        text: format!(
            "valid: the program of {} with digest {digest} gives output {output}{}{}{}",
            counted(file.statement.program.len(), "instruction"),
            tape_line(&file.statement.tape),
            match file.parameters {
                ParametersKind::InsecureDev => "\n(with insecure development parameters)",
                _ => "",
            },
            match &key {
                Some((_, fingerprint)) =>
                    format!("\n(under the key file with fingerprint {fingerprint})"),
                None => String::new(),
            },
        ),
        json,
    })
}

fn kind(error: &FileError) -> &'static str {
    match error {
        FileError::Io(_) => "io",
        _ => "proof_file",
    }
}

/// The parameters on the command line are of the kind that the proof needs.
fn check_usage(file: &ProofFile, arguments: &VerifyArguments) -> Result<(), Failure> {
    let VerifyArguments {
        proof,
        srs,
        max_k,
        key,
        ..
    } = arguments;
    let k = file.circuit.k();
    // Whoever wrote the file chose the size; what it costs must not surprise who reads it.
    let most = max_k.unwrap_or(MAX_KEY_K);
    if k > most {
        let problem = format!(
            "the proof is one of k = {k}, and at most {most} is admitted; to verify it all the same, give \
             --max-k {k}"
        );
        return Err(Failure::file("usage", proof, problem));
    }
    let problem = match (file.backend, file.parameters) {
        (FileBackend::Ipa, ParametersKind::Transparent) => {
            if srs.srs.is_none() && !srs.insecure_dev_srs {
                return Ok(());
            }
            "this is an IPA proof, which has no setup: leave out --srs and --insecure-dev-srs"
        }
        (FileBackend::Kzg, ParametersKind::Ceremony) => {
            if srs.srs.is_some() || key.is_some() {
                return Ok(());
            }
            "this is a KZG proof with a ceremony's parameters: give them with --srs FILE, or a key \
             made with them with --key FILE"
        }
        (FileBackend::Kzg, ParametersKind::InsecureDev) => {
            if srs.insecure_dev_srs {
                return Ok(());
            }
            "this proof was made with insecure development parameters, with which anybody can \
             prove what is false; to check it all the same, give --insecure-dev-srs"
        }
        _ => "its backend and its parameters do not go together",
    };
    Err(Failure::file("usage", proof, problem))
}

/// Whether the proof proves the file's statement; if not, why.
fn verify_with<B: Backend>(
    params: &B::Parameters,
    file: &ProofFile,
    progress: &Progress,
) -> Result<Result<(), String>, Failure> {
    let same = Contradiction::check(
        "parameters_digest",
        &file.parameters_digest,
        &params.digest(),
    );
    if let Err(other) = same {
        return Ok(Err(other.to_string()));
    }
    progress.phase("key");
    // Whoever wrote the file chose the program too.
    let template = match Template::for_program(file.circuit, &file.statement.program) {
        Ok(template) => template,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let key = B::keygen_vk_of(params, &template)
        .map_err(|error| Failure::input("internal", error.to_string()))?;
    let same = Contradiction::check("verifying_key_digest", &file.key_digest, &key.digest());
    if let Err(other) = same {
        return Ok(Err(other.to_string()));
    }
    progress.phase("verifying");
    Ok(B::verify(params, &key, &file.statement, &file.proof)
        .map_err(|error: VerifyError| error.to_string()))
}

/// As [`verify_with`], with a key file's key and parameters; IPA's generators are handed over.
fn verify_with_key(
    key: &KeyFile,
    file: &ProofFile,
    generators: Option<&IpaParams>,
    progress: &Progress,
) -> Result<(), String> {
    if key.parameters() == ParametersKind::InsecureDev {
        progress.warn(INSECURE);
    }
    progress.phase("verifying");
    key.verify(file, generators)
        .map_err(|error| error.to_string())
}

/// What a prover has to do for a proof to be one of a key.
fn remedy(other: &Mismatch, key: &KeyFile) -> String {
    let circuit = key.circuit();
    match other.field {
        "k" | "instruction_set" | "binding" => format!(
            "; proofs of this key are made with --k {} --set {} --binding {}",
            circuit.k(),
            circuit.set(),
            circuit.binding().name()
        ),
        _ => String::new(),
    }
}

/// The key file that was named and its fingerprint, if it is the one that was asked for.
fn key_file(arguments: &VerifyArguments) -> Result<Option<(KeyFile, String)>, Failure> {
    let Some(path) = &arguments.key else {
        return Ok(None);
    };
    let max_k = arguments.max_k.unwrap_or(MAX_KEY_K);
    let key = KeyFile::read(path, max_k).map_err(|error| {
        let kind = match error {
            KeyFileError::Io(_) => "io",
            _ => "key_file",
        };
        Failure::file(kind, path, error)
    })?;
    let fingerprint = hex::encode(key.fingerprint());
    match &arguments.fingerprint {
        Some(expected) if !expected.eq_ignore_ascii_case(&fingerprint) => Err(Failure::file(
            "key_file",
            path,
            format!("its fingerprint is {fingerprint}, not {expected}: it is another key file"),
        )),
        _ => Ok(Some((key, fingerprint))),
    }
}
