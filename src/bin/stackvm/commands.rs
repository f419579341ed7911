//! The commands.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::circuit::{
    Binding, CircuitParams, MAX_K, SizeError, StackVmCircuit, Statement, Template, TemplateError,
};
use halo2_stack_vm::debug::Profile;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::cache::{Cache, CacheOutcome, Loaded};
use halo2_stack_vm::proof::file::{
    BackendName as FileBackend, Contradiction, Destination, FileError, ParametersKind, ProofFile,
};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::key::{KeyFile, KeyFileError, Mismatch};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::srs::ParamsError;
use halo2_stack_vm::proof::{Backend, Cost, Parameters, VerifyError};
use halo2_stack_vm::vm::{self, RunError, Trace};
use halo2_stack_vm::{asm, docs};

use crate::Report;
use crate::arguments::{
    BackendName, CheckArguments, CircuitArguments, InfoArguments, KeygenArguments,
    ProfileArguments, ProveArguments, RunArguments, SetChoice, SrsArguments, VerifyArguments,
};
use crate::failure::{Failure, pasted};
use crate::progress::Progress;
use crate::source::{Asked, Labels, is_standard_input, load, read_once};
use crate::table::{Align, table};

/// What a user of development parameters is told every time.
const INSECURE: &str = "these KZG parameters come from a public seed: everybody knows their secret \
                        and can prove what is false with them; use them for development only";

/// The largest circuit that `verify` makes a key for, unless it is told otherwise: seconds.
const MAX_KEY_K: u32 = 17;
/// The same where parameters of its size, or their Lagrange basis, must be made first.
const MAX_DERIVED_K: u32 = 10;

/// The most rows of which `run --trace` prints every step.
const MAX_TRACE_ROWS: usize = 1 << 20;

/// How many steps a run may go on after one that fails, to show which constraint rejects it.
const DEFIANT_STEPS: usize = 1 << 16;

pub fn decimal(word: Fr) -> String {
    word.to_integer().to_string()
}

/// Words as they stand in JSON.
pub fn decimals(words: &[Fr]) -> Value {
    words.iter().copied().map(decimal).collect()
}

/// A line with the public tape, if there is one.
fn tape_line(tape: &[Fr]) -> String {
    match tape {
        [] => String::new(),
        words => words.iter().fold("\ntape".into(), |line, word| {
            format!("{line} {}", decimal(*word))
        }),
    }
}

/// The rows of the largest circuit.
fn largest_circuit() -> usize {
    let set = InstructionSet::default();
    CircuitParams::new(MAX_K, set, Binding::default()).map_or(0, |own| own.rows())
}

/// Makes a run and writes down every row, if there is a circuit with room for them.
fn trace(asked: &Asked) -> Result<Trace<Fr>, RunError> {
    asked.job().max_rows(largest_circuit()).trace()
}

/// A run that can't be proved.
fn unproved(asked: &Asked, error: RunError) -> Failure {
    match error {
        RunError::TooManyRows { rows, .. } => {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            Failure::input("size", SizeError::Rows { rows }.to_string())
        }
        error => asked.labels.failure(error),
    }
}

/// The circuit that was asked for, or the smallest that has room for the run.
fn circuit(arguments: &CircuitArguments, trace: &Trace<Fr>) -> Result<CircuitParams, Failure> {
    let binding = arguments.binding.into();
    let smallest = CircuitParams::for_trace(trace, binding)
        .map_err(|error| Failure::input("size", error.to_string()))?;
    match arguments.k {
        Some(k) if k < smallest.k() => {
            let listed = trace.program().stated(trace.set()).len();
            let needs = match listed > trace.steps() {
                true => format!("the program needs {listed} rows, its end included"),
                false => format!(
                    "the run needs {} rows, its unwinding included",
                    trace.steps()
                ),
            };
            Err(Failure::input(
                "size",
                format!(
                    "a circuit of k = {k} is too small: {needs}, and so k = {}",
                    smallest.k(),
                ),
            ))
        }
        Some(k) => CircuitParams::new(k, trace.set(), binding)
            .map_err(|error| Failure::input("size", error.to_string())),
        None => Ok(smallest),
    }
}

/// The template of a circuit for a program.
fn template(circuit: CircuitParams, program: &Program<Fr>) -> Result<Template<Fr>, Failure> {
    Template::for_program(circuit, program).map_err(|error| match &error {
        TemplateError::Wiring(run) if !matches!(run, RunError::TooManyRows { .. }) => {
            Failure::Wiring {
                kind: run.kind(),
                step: run.step(),
                message: error.to_string(),
            }
        }
        _ => Failure::input("size", error.to_string()),
    })
}

/// Of a long trace only one form is made: the text, or the JSON.
pub fn run(arguments: &RunArguments, as_json: bool) -> Result<Report, Failure> {
    let asked = Asked::read(&arguments.program, false)?;
    let mut text = String::new();
    let mut json = json!({});
    let outcome = match arguments.trace {
        false => {
            let run = asked.job().run();
            run.map_err(|error| asked.labels.failure(error))?
        }
        true => {
            let trace = asked.job().max_rows(MAX_TRACE_ROWS).trace();
            let trace = trace.map_err(|error| match error {
                RunError::TooManyRows { rows, limit } => Failure::input(
                    "size",
                    format!(
                        "the run has {rows} rows, its unwinding included, and --trace prints {limit} \
                         at most: look at it with `stackvm debug`"
                    ),
                ),
                error => asked.labels.failure(error),
            })?;
            let steps = || steps(&trace, &asked);
            match as_json {
                true => json["trace"] = steps().map(|step| step.json()).collect(),
                false => text = table(&STEP_COLUMNS, || steps().map(Step::cells)) + "\n",
            }
            trace.outcome().clone()
        }
    };
    json["output"] = decimal(outcome.output).into();
    json["steps"] = outcome.steps.into();
    json["max_depth"] = outcome.max_depth.into();
    json["rows"] = outcome.rows.into();
    json["tape"] = decimals(&outcome.tape);
    text += &format!(
        "output {}\n{}, at most {} on the stack{}",
        decimal(outcome.output),
        counted(outcome.steps, "step"),
        counted(outcome.max_depth, "word"),
        tape_line(&outcome.tape),
    );
    Ok(Report { text, json })
}

pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// A step of a trace, as it is shown: the stack is what the step leaves.
struct Step {
    number: usize,
    pc: u32,
    instruction: String,
    depth: u32,
    /// The two words on top, as many as there are.
    top: [Option<Fr>; 2],
}

const STEP_COLUMNS: [(&str, Align); 6] = [
    ("step", Align::Right),
    ("pc", Align::Right),
    ("instruction", Align::Left),
    ("depth", Align::Right),
    ("top", Align::Left),
    ("second", Align::Left),
];

impl Step {
    fn json(&self) -> Value {
        let [top, second] = self.top.map(|word| word.map(decimal));
        json!({
            "step": self.number,
            "pc": self.pc,
            "instruction": self.instruction,
            "depth": self.depth,
            "top": top,
            "second": second,
        })
    }

    fn cells(self) -> [String; 6] {
        let (number, pc, depth) = (self.number, self.pc, self.depth);
        let [number, pc, depth] = [number.to_string(), pc.to_string(), depth.to_string()];
        let text = |word: Option<Fr>| word.map_or("-".into(), |word| word.to_text());
        let [top, second] = self.top.map(text);
        [number, pc, self.instruction, depth, top, second]
    }
}

/// The steps that were executed, in the order in which they were.
fn steps(trace: &Trace<Fr>, asked: &Asked) -> impl Iterator<Item = Step> {
    let rows = trace.rows();
    let after = rows.iter().skip(1);
    let executed = rows.iter().take(trace.outcome().steps);
    executed
        .zip(after)
        .enumerate()
        .map(move |(number, (row, after))| Step {
            number,
            pc: row.pc,
            instruction: asked
                .labels
                .instruction(&Instruction::new(row.opcode, row.argument)),
            depth: after.depth,
            top: [0, 1].map(|place| (after.depth > place).then(|| after.window[place as usize])),
        })
}

pub fn profile(arguments: &ProfileArguments) -> Result<Report, Failure> {
    let asked = Asked::read(&arguments.program, false)?;
    let profile = Profile::of(&asked.job()).map_err(|error| asked.labels.failure(error))?;
    let outcome = profile.outcome();
    /// The instructions from a label to the next one.
    struct Region<'a> {
        label: Option<&'a str>,
        address: usize,
        rows: u64,
        /// How often the first of them was executed.
        entered: u64,
    }
    let mut regions: Vec<Region> = vec![];
    for (address, steps) in profile.steps().iter().enumerate() {
        let label = asked.labels.region(address);
        match regions.last_mut().filter(|last| last.label == label) {
            Some(last) => last.rows += steps,
            None => regions.push(Region {
                label,
                address,
                rows: *steps,
                entered: *steps,
            }),
        }
    }
    // Those with as many rows stay in the order of the program.
    regions.sort_by_key(|own| std::cmp::Reverse(own.rows));
    let percent = |rows: u64| match outcome.rows {
        0 => 0.0,
        all => 100.0 * rows as f64 / all as f64,
    };
    let unwinding = profile.unwinding() as u64;
    let line = |label: &str, rows: u64, entered: String| {
        let percent = format!("{:.1}%", percent(rows));
        [label.into(), rows.to_string(), percent, entered]
    };
    let lines = || {
        let lines = regions.iter().map(|own| {
            let label = own.label.unwrap_or("(start)");
            line(label, own.rows, own.entered.to_string())
        });
        let others = [("(unwinding)", unwinding), ("total", outcome.rows as u64)];
        lines.chain(others.map(|(name, rows)| line(name, rows, String::new())))
    };
    let columns = [
        ("label", Align::Left),
        ("rows", Align::Right),
        ("percent", Align::Right),
        ("entered", Align::Right),
    ];
    let json = json!({
        "rows": outcome.rows,
        "steps": outcome.steps,
        "unwinding": unwinding,
        "labels": regions
            .iter()
            .map(|own| {
                json!({
                    "label": own.label,
                    "address": own.address,
                    "rows": own.rows,
                    "percent": percent(own.rows),
                    "entered": own.entered,
                })
            })
            .collect::<Value>(),
        "output": decimal(outcome.output),
        "tape": decimals(&outcome.tape),
    });
    Ok(Report {
        text: table(&columns, lines),
        json,
    })
}

/// The run that goes on where the program fails, if it is one that a circuit can reject: not if it is without
/// end, or lacks words, or has words left.
fn defiant(asked: &Asked, error: &RunError) -> Option<Trace<Fr>> {
    let step = match error {
        RunError::StackUnderflow { step, .. }
        | RunError::Fault { step, .. }
        | RunError::InvalidOpcode { step, .. }
        | RunError::OutsideProgram { step, .. } => *step,
        _ => return None,
    };
    // It unwinds a word for each step at most.
    let rows = 2 * step.saturating_add(DEFIANT_STEPS);
    let job = asked.job().max_rows(rows.min(largest_circuit()));
    job.defiant().ok()
}

pub fn check(arguments: &CheckArguments) -> Result<Report, Failure> {
    let asked = Asked::read(&arguments.program, false)?;
    let (trace, failed) = match trace(&asked) {
        Ok(trace) => (trace, None),
        Err(error) => match defiant(&asked, &error) {
            Some(trace) => (trace, Some(error)),
            None => return Err(unproved(&asked, error)),
        },
    };
    let made = circuit(&arguments.circuit, &trace)
        .and_then(|params| Ok((params, template(params, trace.program())?)));
    let (params, template) = match (made, &failed) {
        (Ok(made), _) => made,
        // That the program fails is what there is to say.
        (Err(_), Some(error)) => return Err(asked.labels.failure(error.clone())),
        (Err(failure), None) => return Err(failure),
    };
    let mut statement = Statement::of(&trace);
    if let Some(output) = &arguments.output {
        statement.output = asm::parse_word(output)
            .map_err(|error| Failure::input("usage", format!("--output: {error}")))?;
    }
    let progress = Progress::new();
    progress.phase(format!("checking 2^{} rows", params.k()));
    let internal = |error: String| Failure::input("internal", error);
    let circuit = StackVmCircuit::new(template, &trace).map_err(|e| internal(e.to_string()))?;
    let instances = statement
        .instances(params)
        .map_err(|error| internal(error.to_string()))?;
    let mock = MockProver::run(params.k(), &circuit, instances)
        .map_err(|error| internal(error.to_string()))?;
    let verdict = mock.verify();
    drop(progress);
    match (verdict, failed) {
        (Ok(()), None) => {
            let cost = Cost::of(params);
            Ok(Report {
                text: format!(
                    "all {} constraints hold on all 2^{} rows; the output is {}{}",
                    cost.constraints,
                    params.k(),
                    decimal(statement.output),
                    tape_line(&statement.tape),
                ),
                json: json!({
                    "satisfied": true,
                    "k": params.k(),
                    "constraints": cost.constraints,
                    "output": decimal(statement.output),
                    "tape": decimals(&statement.tape),
                }),
            })
        }
        (Ok(()), Some(error)) => Err(internal(format!(
            "the program fails ({error}), but the circuit accepts a run of it: this is a hole in \
             the circuit, please report it"
        ))),
        (Err(failures), Some(error)) => {
            Err(asked.labels.failure(error).rejected_by(violated(&failures)))
        }
        (Err(failures), None) => Err(Failure::Unsatisfied {
            rejected_by: violated(&failures),
        }),
    }
}

/// Each violated constraint once, with the first row on which it does not hold.
fn violated(failures: &[VerifyFailure]) -> Vec<String> {
    let mut names: Vec<(String, String)> = vec![];
    for failure in failures {
        let (name, place) = match failure {
            VerifyFailure::ConstraintNotSatisfied {
                constraint,
                location,
                ..
            } => (constraint.to_string(), location.to_string()),
            other => (other.to_string(), String::new()),
        };
        if names.iter().all(|(known, _)| *known != name) {
            names.push((name, place));
        }
    }
    names
        .into_iter()
        .map(|(name, place)| format!("{name} {place}").trim_end().to_string())
        .collect()
}

/// Where parameters come from.
struct Source<'p> {
    progress: &'p Progress,
    cache: Cache,
}

impl<'p> Source<'p> {
    /// The user's cache, which may make parameters for so many rows.
    fn making_at_most(progress: &'p Progress, k: u32) -> Self {
        let folders = directories::ProjectDirs::from("", "", "halo2-stack-vm");
        let cache = match folders {
            Some(folders) => Cache::at(folders.cache_dir()),
            None => Cache::nowhere(),
        };
        Source {
            progress,
            cache: cache.making_at_most(k),
        }
    }

    fn any(progress: &'p Progress) -> Self {
        Self::making_at_most(progress, u32::MAX)
    }

    /// That parameters could not be kept is worth a warning.
    fn loaded<P>(&self, loaded: Loaded<P>) -> P {
        match loaded.outcome {
            CacheOutcome::NotStored(error) => self.progress.warn(&error.to_string()),
            CacheOutcome::NotKept => self.progress.warn(
                "there is no folder in which to keep parameters, so that they are made anew every \
                 time: set HOME or XDG_CACHE_HOME",
            ),
            _ => {}
        }
        loaded.params
    }

    fn ipa(&self, k: u32) -> Result<IpaParams, ParamsError> {
        Ok(self.loaded(self.cache.ipa(k)?))
    }

    /// The parameters of the KZG backend that the user chose.
    fn kzg(
        &self,
        arguments: &SrsArguments,
        k: u32,
    ) -> Result<(KzgParams, ParametersKind), ParamsError> {
        match &arguments.srs {
            Some(path) => {
                let params = self.loaded(self.cache.srs(path, k)?);
                Ok((params, ParametersKind::Ceremony))
            }
            None => {
                self.progress.warn(INSECURE);
                let params = self.loaded(self.cache.insecure_dev(k)?);
                Ok((params, ParametersKind::InsecureDev))
            }
        }
    }
}

fn no_parameters(error: ParamsError) -> Failure {
    Failure::input("parameters", error.to_string())
}

/// Parameters are given if and only if the backend needs some.
fn check_backend(backend: BackendName, srs: &SrsArguments) -> Result<(), Failure> {
    let chosen = srs.srs.is_some() || srs.insecure_dev_srs;
    let problem = match backend {
        BackendName::Kzg if !chosen => {
            "the KZG backend needs parameters: give a ceremony's with --srs FILE, or, for \
             development only, --insecure-dev-srs"
        }
        BackendName::Ipa if chosen => {
            "the IPA backend has no setup: --srs and --insecure-dev-srs go with --backend kzg"
        }
        _ => return Ok(()),
    };
    Err(Failure::input("usage", problem))
}

pub fn prove(arguments: &ProveArguments) -> Result<Report, Failure> {
    let srs = &arguments.srs;
    check_backend(arguments.backend, srs)?;
    let path = proof_path(arguments);
    PROOF.check_output(&path, arguments.force)?;
    let progress = Progress::new();
    progress.phase("running the program");
    let asked = Asked::read(&arguments.program, false)?;
    let trace = trace(&asked).map_err(|error| unproved(&asked, error))?;
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

/// A kind of file that a command writes.
struct FileKind {
    noun: &'static str,
    /// Whether the file at a path is one.
    is_one: fn(&Path) -> bool,
}

const PROOF: FileKind = FileKind {
    noun: "proof",
    // One of another version is a proof too.
    is_one: |path| {
        matches!(
            ProofFile::read(path),
            Ok(_) | Err(FileError::Version { .. })
        )
    },
};
const KEY: FileKind = FileKind {
    noun: "key file",
    is_one: KeyFile::has_form,
};

impl FileKind {
    /// Refuses, before a file is made, where it can't be written.
    fn check_output(&self, path: &Path, force: bool) -> Result<(), Failure> {
        self.destination(path, force)
            .and_then(|own| own.check().map_err(unwritable))
            .map_err(|(kind, problem)| Failure::file(kind, path, problem))
    }

    /// Where a file is to go; or what is in the way, and of which kind that is: what can be no file and, unless the
    /// user insists, whatever is there that is of another kind or protected.
    fn destination(&self, path: &Path, force: bool) -> Result<Destination, (&'static str, String)> {
        let noun = self.noun;
        let refused = |problem: String| Err(("usage", problem));
        if path == Path::new("-") {
            return refused(format!(
                "a {noun} is not written to standard output: name a file with -o"
            ));
        }
        if path.is_dir() {
            return refused("this is a folder: name a file with -o".into());
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if !folder.is_none_or(Path::is_dir) {
            return refused("there is no such folder".into());
        }
        let destination = Destination::of(path).map_err(unwritable)?;
        if let Some(old) = destination.old().filter(|_| !force) {
            let kept = |what: &str| {
                format!("there is a {what}: it is not overwritten, unless with --force")
            };
            // Of an empty file nothing is lost.
            if old.len() > 0 && !(self.is_one)(path) {
                return refused(kept(&format!("file that is no {noun}")));
            }
            if old.permissions().readonly() {
                return refused(kept("file that is write-protected"));
            }
        }
        Ok(destination)
    }

    /// Writes a file, if there is still nothing in the way. If it can't be written where it should, it is kept where
    /// it can be, as it took long to make.
    fn put(&self, path: &Path, force: bool, contents: &[u8]) -> Result<(), Failure> {
        let destination = self.destination(path, force);
        let written = destination.and_then(|own| own.write(contents).map_err(unwritable));
        let Err((kind, problem)) = written else {
            return Ok(());
        };
        let noun = self.noun;
        let keep = |folder: &Path| -> std::io::Result<PathBuf> {
            let mut file = tempfile::Builder::new()
                .prefix("stackvm-kept-")
                .tempfile_in(folder)?;
            file.write_all(contents)?;
            Ok(file.keep()?.1)
        };
        let kept = keep(&std::env::temp_dir()).or_else(|_| keep(Path::new(".")));
        let problem = match kept {
            Ok(kept) => format!("{problem}; the {noun} is kept in {}", pasted(&kept)),
            Err(error) => format!("{problem}; the {noun} could not be kept elsewhere: {error}"),
        };
        Err(Failure::file(kind, path, problem))
    }
}

/// What the file system reports of an output, with its kind.
fn unwritable(error: std::io::Error) -> (&'static str, String) {
    ("io", format!("it can't be written: {error}"))
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

pub fn keygen(arguments: &KeygenArguments) -> Result<Report, Failure> {
    let path = &arguments.output;
    check_backend(arguments.backend, &arguments.srs)?;
    let template = key_template(arguments)?;
    let circuit = template.params();
    KEY.check_output(path, arguments.force)?;
    let internal = |error: String| Failure::input("internal", error);
    let progress = Progress::new();
    let k = circuit.k();
    progress.phase(format!("parameters for 2^{k} rows"));
    let source = Source::any(&progress);
    let key = match arguments.backend {
        BackendName::Ipa => {
            let params = source.ipa(k).map_err(no_parameters)?;
            progress.phase("key");
            let key = Ipa::keygen_vk_of(&params, &template).map_err(|e| internal(e.to_string()))?;
            KeyFile::of_ipa(&key)
        }
        BackendName::Kzg => {
            let (params, _) = source.kzg(&arguments.srs, k).map_err(no_parameters)?;
            progress.phase("key");
            let key = Kzg::keygen_vk_of(&params, &template).map_err(|e| internal(e.to_string()))?;
            KeyFile::of_kzg(&key, &params).map_err(|e| internal(e.to_string()))?
        }
    };
    KEY.put(path, arguments.force, &key.to_bytes())?;
    drop(progress);
    let backend = key.backend().name();
    let fingerprint = hex::encode(key.fingerprint());
    let program = key.program().map(hex::encode);
    Ok(Report {
        text: format!(
            "verifying key ({backend}, k = {k}, {}, {}) in {}\n{}fingerprint {fingerprint}\nverify with \
             it: stackvm verify PROOF --key {}{}",
            circuit.set(),
            circuit.binding().name(),
            pasted(path),
            match &program {
                Some(program) => format!("of the program with digest {program}\n"),
                None => String::new(),
            },
            pasted(path),
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
fn key_template(arguments: &KeygenArguments) -> Result<Template<Fr>, Failure> {
    let InfoArguments { k, set, binding } = &arguments.circuit;
    let Some(path) = &arguments.program else {
        return template(stated_circuit(&arguments.circuit)?, &Default::default());
    };
    let binding = Binding::from(*binding);
    if binding != Binding::Fixed {
        let problem = "--program goes with --binding fixed: a key of the other bindings is one for all \
                       programs";
        return Err(Failure::input("usage", problem));
    }
    let (program, _) = load(path)?;
    let program = cut(program, arguments.steps)?;
    let circuit = CircuitParams::new(*k, set.of(&program), binding)
        .map_err(|error| Failure::input("size", error.to_string()))?;
    template(circuit, &program)
}

/// A program cut after so many instructions, if that was asked for.
fn cut(program: Program<Fr>, steps: Option<usize>) -> Result<Program<Fr>, Failure> {
    // No instruction fails here.
    let cut = vm::cut(&program, steps).map_err(|error| Labels::default().failure(error))?;
    Ok(Program::from(cut.to_vec()))
}

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
                "needs": opcode.needs(),
                "summary": opcode.summary(),
                "sets": sets.map(|(name, _)| *name).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Report {
        text: docs::reference(),
        json: json!({ "instructions": instructions }),
    })
}

/// The circuit that was asked for.
fn stated_circuit(arguments: &InfoArguments) -> Result<CircuitParams, Failure> {
    let set = match arguments.set {
        SetChoice::Given(set) => set,
        SetChoice::StackOrAuto => InstructionSet::STACK,
        SetChoice::Auto => {
            let problem = "--set auto finds the set of a program, and there is none: name a set";
            return Err(Failure::input("usage", problem));
        }
    };
    CircuitParams::new(arguments.k, set, arguments.binding.into())
        .map_err(|error| Failure::input("size", error.to_string()))
}

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
