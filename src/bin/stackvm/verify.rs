//! `stackvm verify`.

use std::path::Path;

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::machine::{Binding, KeySource};
use halo2_stack_vm::program::CanonicalProgram;
use halo2_stack_vm::proof::file::{
    BackendName as FileBackend, Contradiction, FileError, ParametersKind, ProofFile,
};
use halo2_stack_vm::proof::ipa::Ipa;
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::Kzg;
use halo2_stack_vm::proof::srs::ParamsError;
use halo2_stack_vm::proof::{Backend, Parameters};
use halo2_stack_vm::text::shown_path;

use crate::Report;
use crate::arguments::VerifyArguments;
use crate::circuit::cut;
use crate::failure::Failure;
use crate::parameters::{INSECURE, Source, no_parameters};
use crate::progress::Progress;
use crate::source::{is_standard_input, load, read_once};
use crate::tape::{TapeUse, tape_text};
use crate::text::{counted, decimal, decimals};

/// The largest circuit that `verify` makes a key for, unless it is told otherwise: seconds.
const MAX_KEY_K: u32 = 17;
/// The same where parameters of its size, or their Lagrange basis, must be made first.
const MAX_DERIVED_K: u32 = 10;

const UNCOMPARED: &str = "the program was compared with nothing: whoever made the proof chose it, and a program of \
                          `secret` alone gives any output; give the program that you mean with --program FILE";
const UNKNOWN_KEY: &str = "the key file was taken as it is: whoever made it with malice can prove what is false; \
                           give the fingerprint of the key that you mean with --fingerprint HEX";

pub fn verify(arguments: &VerifyArguments) -> Result<Report, Failure> {
    let path = &arguments.proof;
    read_once(std::iter::once(path).chain(&arguments.program))?;
    let file = match is_standard_input(path) {
        true => ProofFile::read_from(std::io::stdin()),
        false => ProofFile::read(path),
    };
    let file = file.map_err(|error| match error {
        FileError::Io(_) => Failure::file("io", path, error),
        // A statement that no proof can be one of.
        FileError::Contradiction(_) | FileError::NotCanonical(_) => {
            rejected(path, json!({}), error)
        }
        _ => Failure::file("proof_file", path, error),
    })?;
    let mut known = Known::new(arguments, &file);
    let rejected = |known: &Known<'_>, reason: String| rejected(path, known.json(), reason);
    check_usage(&file, arguments)?;
    file.check()
        .map_err(|edited| rejected(&known, edited.to_string()))?;
    if let Some(program) = &arguments.program {
        let expected = load(program)?.program;
        let expected = cut(expected, arguments.steps)?.into_canonical(file.circuit.shape());
        let digest = expected.digest();
        if digest != file.program_digest {
            let reason = format!(
                "the proof is not one of {}{}: the digest of that is {}, and the proved program's {}",
                shown_path(program),
                match arguments.steps {
                    Some(steps) => format!(" cut to {steps} steps"),
                    None => String::new(),
                },
                hex::encode(digest),
                hex::encode(file.program_digest),
            );
            return Err(rejected(&known, reason));
        }
        known.given = Some(expected);
    }
    // Before parameters are made for nothing.
    known.key = key_file(arguments)?;
    if let Some(key) = &known.key {
        key.check(&file)
            .map_err(|other| rejected(&known, format!("{other}{}", remedy(&other, key))))?;
    }
    let progress = Progress::new();
    let verdict = known.verdict(&progress)?;
    verdict.map_err(|reason| rejected(&known, reason))?;
    for warning in known.warnings() {
        progress.warn(warning);
    }
    drop(progress);
    let mut json = known.json();
    json["valid"] = true.into();
    Ok(Report {
        text: known.text(),
        json,
    })
}

/// A proof that is not accepted, and what is known of it.
fn rejected(path: &Path, mut report: Value, reason: impl std::fmt::Display) -> Failure {
    let reason = format!("{}: {reason}", shown_path(path));
    report["valid"] = false.into();
    report["reason"] = reason.clone().into();
    Failure::Rejected { report, reason }
}

/// What is known of a proof.
struct Known<'a> {
    arguments: &'a VerifyArguments,
    file: &'a ProofFile,
    /// The program with which it was compared.
    given: Option<CanonicalProgram<Fr>>,
    key: Option<KeyFile>,
}

impl<'a> Known<'a> {
    fn new(arguments: &'a VerifyArguments, file: &'a ProofFile) -> Self {
        Known {
            arguments,
            file,
            given: None,
            key: None,
        }
    }

    /// The program, be it the file's or one that it was compared with.
    fn program(&self) -> Option<&CanonicalProgram<Fr>> {
        self.given.as_ref().or(self.file.program.as_ref())
    }

    /// Verifies the proof; if it is not accepted, says why.
    fn verdict(&self, progress: &Progress) -> Result<Result<(), String>, Failure> {
        let (arguments, file) = (self.arguments, self.file);
        let k = file.circuit.k();
        progress.phase(format!("parameters for 2^{k} rows"));
        let source = Source::making_at_most(progress, arguments.max_k.unwrap_or(MAX_DERIVED_K));
        let refused = |error: ParamsError| match error {
            ParamsError::NotMade { .. } => Failure::file(
                "usage",
                &arguments.proof,
                format!(
                    "the proof is one of k = {k}: {error}; to verify it all the same, give --max-k {k}"
                ),
            ),
            error => no_parameters(error),
        };
        let generators = match file.backend {
            FileBackend::Ipa => Some(source.ipa(k).map_err(refused)?),
            FileBackend::Kzg => None,
        };
        match (&self.key, &generators) {
            (Some(key), generators) => {
                if key.parameters() == ParametersKind::InsecureDev {
                    progress.warn(INSECURE);
                }
                progress.phase("verifying");
                let verdict = key.verify(file, generators.as_ref());
                Ok(verdict.map_err(|error| error.to_string()))
            }
            (None, Some(params)) => self.verdict_of::<Ipa>(params, progress),
            (None, None) => {
                let (params, _) = source.kzg(&arguments.srs, k).map_err(refused)?;
                self.verdict_of::<Kzg>(&params, progress)
            }
        }
    }

    /// The same with a key that is made anew.
    fn verdict_of<B: Backend>(
        &self,
        params: &B::Parameters,
        progress: &Progress,
    ) -> Result<Result<(), String>, Failure> {
        let file = self.file;
        let (stated, found) = (file.parameters_digest, params.digest());
        // Before a key is made for nothing.
        let same =
            Contradiction::check_digest("parameters_digest", stated, "the parameters", found);
        if let Err(other) = same {
            return Ok(Err(other.to_string()));
        }
        progress.phase("key");
        // Only a key that holds a program is made from one. Whoever wrote the file chose it too.
        let none = CanonicalProgram::default();
        let program = self.program().unwrap_or(&none);
        let key_source = match KeySource::for_program(file.circuit, program) {
            Ok(key_source) => key_source,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let key = B::keygen_vk_of(params, &key_source)
            .map_err(|error| Failure::input("internal", error.to_string()))?;
        progress.phase("verifying");
        let verdict = file.verify::<B>(params, &key);
        Ok(verdict.map_err(|error| error.to_string()))
    }

    fn is_fixed(&self) -> bool {
        self.file.circuit.binding() == Binding::Fixed
    }

    fn fingerprint_checked(&self) -> bool {
        self.key.is_some() && self.arguments.fingerprint.is_some()
    }

    /// Whether the program is one that the user means: named, or in a key whose fingerprint the user named. Of a key
    /// file that was taken as it is nobody can see that it holds the program that it names.
    fn program_checked(&self) -> bool {
        match self.is_fixed() && self.key.is_some() {
            true => self.fingerprint_checked(),
            false => self.arguments.program.is_some(),
        }
    }

    fn warnings(&self) -> Vec<&'static str> {
        let key = self.key.is_some() && !self.fingerprint_checked();
        // Whoever compares a key with a program in it compares the program.
        let said = self.program_checked() || key && self.is_fixed();
        let program = (!said).then_some(UNCOMPARED);
        key.then_some(UNKNOWN_KEY)
            .into_iter()
            .chain(program)
            .collect()
    }

    /// What the run did with the tape, where that can be known.
    fn tape_uses(&self) -> Option<TapeUse> {
        let circuit = self.file.circuit;
        let program = self.program()?;
        TapeUse::of_program(program, circuit.set(), &self.file.tape, circuit.rows())
    }

    /// Whether the prover chose words that nobody else knows; `None` if that depends on an unknown program.
    fn has_private_words(&self) -> Option<bool> {
        match self.program() {
            Some(program) => {
                let is_secret = |opcode: u64| Opcode::from_code(opcode) == Some(Opcode::Secret);
                Some(
                    program
                        .instructions()
                        .iter()
                        .any(|own| is_secret(own.opcode)),
                )
            }
            None if self.file.circuit.set().contains(Opcode::Secret) => None,
            None => Some(false),
        }
    }

    fn json(&self) -> Value {
        let file = self.file;
        let mut json = json!({
            "output": decimal(file.output),
            "tape": decimals(&file.tape),
            "tape_uses": self.tape_uses().map(|own| own.json()),
            "program_digest": hex::encode(file.program_digest),
            "program_checked": self.program_checked(),
            "instructions": self.program().map(|own| own.len()),
            "private_words": self.has_private_words(),
            "backend": file.backend_name(),
            "parameters": file.parameters.name(),
            "k": file.circuit.k(),
            "instruction_set": file.circuit.set().name(),
            "binding": file.circuit.binding().name(),
            "parameters_digest": hex::encode(file.parameters_digest),
            "verifying_key_digest": hex::encode(file.key_digest),
        });
        if let Some(key) = &self.key {
            json["key_fingerprint"] = hex::encode(key.fingerprint()).into();
            json["fingerprint_checked"] = self.fingerprint_checked().into();
        }
        json
    }

    /// What was proved, with what it was compared, and what was assumed.
    fn text(&self) -> String {
        let file = self.file;
        let counted = match self.program() {
            Some(program) => format!("the program of {}", counted(program.len(), "instruction")),
            None => "the program in the key".into(),
        };
        let mut lines = vec![("digest", hex::encode(file.program_digest))];
        if file.circuit.set().has_tape() {
            let uses = self.tape_uses();
            lines.push(("tape", tape_text(&file.tape, uses.as_ref())));
        }
        lines.push(("compared", self.compared()));
        let private = match self.has_private_words() {
            Some(false) => None,
            Some(true) => Some("the prover chose the words that `secret` gives"),
            None => Some("the prover chose the words that `secret` gives, if the program has it"),
        };
        lines.extend(private.map(|private| ("private", private.into())));
        lines.push(("parameters", self.parameters()));
        lines.push(("key", self.key_text()));
        if let Some(key) = &self.key {
            lines.push(("fingerprint", hex::encode(key.fingerprint())));
        }
        let lines = lines
            .iter()
            .map(|(name, text)| format!("\n{name:<12}{text}"));
        let output = decimal(file.output);
        format!(
            "valid: {counted} gives output {output}{}",
            lines.collect::<String>()
        )
    }

    /// What the user said the proof has to be one of.
    fn compared(&self) -> String {
        let program = self.arguments.program.as_ref().map(|path| {
            let cut = match self.arguments.steps {
                Some(steps) => format!(", cut to {steps} steps"),
                None => String::new(),
            };
            let by_word = match self.is_fixed() && self.key.is_some() && !self.fingerprint_checked()
            {
                true => ", by what the key file says of itself",
                false => "",
            };
            format!("the program with {}{cut}{by_word}", shown_path(path))
        });
        let key = self
            .fingerprint_checked()
            .then(|| "the key with the fingerprint that was given".to_owned());
        let compared: Vec<_> = program.into_iter().chain(key).collect();
        match &compared[..] {
            [] if self.is_fixed() && self.key.is_some() => {
                "the program with the key, which was taken as it is".into()
            }
            [] => "nothing: it is the program that the prover chose".into(),
            all => all.join("; "),
        }
    }

    fn parameters(&self) -> String {
        let digest = || hex::encode(self.file.parameters_digest);
        match (self.file.parameters, &self.arguments.srs.srs) {
            (ParametersKind::Transparent, _) => "IPA: transparent, without a setup".into(),
            (ParametersKind::InsecureDev, _) => {
                "KZG: INSECURE, of a secret that everybody knows".into()
            }
            (ParametersKind::Ceremony, Some(path)) => {
                format!("KZG: of the ceremony in {}, {}", shown_path(path), digest())
            }
            (ParametersKind::Ceremony, None) => {
                format!("KZG: of the ceremony that the key file names, {}", digest())
            }
        }
    }

    fn key_text(&self) -> String {
        let circuit = self.file.circuit;
        let made = format!(
            "k = {}, set {}, program {}",
            circuit.k(),
            circuit.set(),
            circuit.binding().name()
        );
        match &self.arguments.key {
            Some(path) => format!("of {}: {made}", shown_path(path)),
            None => format!("made anew: {made}"),
        }
    }
}

/// What the command line names is what the proof needs.
fn check_usage(file: &ProofFile, arguments: &VerifyArguments) -> Result<(), Failure> {
    let VerifyArguments {
        proof,
        srs,
        max_k,
        key,
        program,
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
    let has_program = file.program.is_some() || program.is_some() || key.is_some();
    let has_srs = srs.srs.is_some() || srs.insecure_dev_srs;
    let problem = match file.parameters {
        _ if !has_program => {
            "its program is fixed in the key and does not stand in the file: give the program with --program FILE, \
             or a key of it with --key FILE"
        }
        ParametersKind::Transparent if has_srs => {
            "this is an IPA proof, which has no setup: leave out --srs and --insecure-dev-srs"
        }
        ParametersKind::Ceremony if srs.srs.is_none() && key.is_none() => {
            "this is a KZG proof with a ceremony's parameters: give them with --srs FILE, or a key \
             made with them with --key FILE"
        }
        ParametersKind::InsecureDev if !srs.insecure_dev_srs => {
            "this proof was made with insecure development parameters, with which anybody can \
             prove what is false; to check it all the same, give --insecure-dev-srs"
        }
        _ => return Ok(()),
    };
    Err(Failure::file("usage", proof, problem))
}

/// What a prover has to do for a proof to be one of a key.
fn remedy(other: &Contradiction, key: &KeyFile) -> String {
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

/// The key file that was named, if it is the one that was asked for.
fn key_file(arguments: &VerifyArguments) -> Result<Option<KeyFile>, Failure> {
    let Some(path) = &arguments.key else {
        return Ok(None);
    };
    let max_k = arguments.max_k.unwrap_or(MAX_KEY_K);
    let key = KeyFile::read(path, max_k).map_err(|error| {
        let kind = match error {
            FileError::Io(_) => "io",
            _ => "key_file",
        };
        Failure::file(kind, path, error)
    })?;
    let fingerprint = hex::encode(key.fingerprint());
    match &arguments.fingerprint {
        Some(expected) if *expected != fingerprint => Err(Failure::file(
            "key_file",
            path,
            format!("its fingerprint is {fingerprint}, not {expected}: it is another key file"),
        )),
        _ => Ok(Some(key)),
    }
}
