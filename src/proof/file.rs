//! The proof file: a JSON object that says what was proved, how, and with which parameters.
//!
//! It is versioned and describes itself; a person can read it. A verifier takes nothing from it on
//! trust: the key and the parameters are made anew and compared with the digests that it names, and
//! the instance columns are made from its program, output and public tape.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use halo2curves::bn256::Fr;
use num_bigint::BigUint;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::kzg::SrsOrigin;
use super::{Backend, Cost};
use crate::algebra::Word;
use crate::asm::excerpt;
use crate::circuit::{Binding, CircuitParams, SizeError, Statement};
use crate::isa::{InstructionSet, UnknownSet};
use crate::json::{self, Json, Kind};
use crate::program::{Instruction, Program};

/// What stands under `format` in every proof file.
pub const FORMAT: &str = "halo2-stack-vm proof";
/// The version of the format, and of the circuits that its keys are of.
pub const VERSION: u32 = 3;

/// The backend of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendName {
    /// [`super::ipa::Ipa`]
    Ipa,
    /// [`super::kzg::Kzg`]
    Kzg,
}

impl BackendName {
    /// [`Backend::NAME`]
    pub const fn name(self) -> &'static str {
        match self {
            BackendName::Ipa => super::ipa::Ipa::NAME,
            BackendName::Kzg => super::kzg::Kzg::NAME,
        }
    }
}

/// Where the public parameters of a proof come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParametersKind {
    /// Hashed to the curve: there is no secret.
    Transparent,
    /// A ceremony: the secret is gone if one participant was honest.
    Ceremony,
    /// A public seed: everybody knows the secret and can prove what is false.
    InsecureDev,
}

impl ParametersKind {
    /// The kind's name, as it stands in files.
    pub const fn name(self) -> &'static str {
        match self {
            ParametersKind::Transparent => "transparent",
            ParametersKind::Ceremony => "ceremony",
            ParametersKind::InsecureDev => "insecure-dev",
        }
    }

    /// The digest of the parameters for this `k`, where everybody can derive them.
    pub(super) fn derived_digest(self, k: u32) -> Option<[u8; 32]> {
        match self {
            ParametersKind::Transparent => Some(super::ipa::digest(k)),
            ParametersKind::InsecureDev => {
                Some(super::kzg::digest(&super::srs::secret::dev_s_g2()))
            }
            ParametersKind::Ceremony => None,
        }
    }
}

impl From<SrsOrigin> for ParametersKind {
    fn from(origin: SrsOrigin) -> Self {
        match origin {
            SrsOrigin::Ceremony => ParametersKind::Ceremony,
            SrsOrigin::InsecureDev => ParametersKind::InsecureDev,
        }
    }
}

/// Why a file holds no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file can't be read.
    #[error("it can't be read: {0}")]
    Io(#[from] io::Error),
    /// The file can't be written; what was there before still is.
    #[error("it can't be written: {0}")]
    Write(io::Error),
    /// The file is larger than any proof file.
    #[error("it has more than {MAX_BYTES} bytes, and so is no proof file")]
    TooLarge,
    /// The file is not JSON, or has a field that is unknown.
    #[error("it is no proof file: {0}")]
    Json(#[from] serde_json::Error),
    /// The file is something else.
    #[error("it is no proof file: its format is {found:?}, not {FORMAT:?}")]
    Format {
        /// What stands under `format`.
        found: String,
    },
    /// The file was written by another version.
    #[error("its version is {found}; this program reads version {VERSION}")]
    Version {
        /// What stands under `version`.
        found: u32,
    },
    /// A field has no meaning.
    #[error("its field `{field}` {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// The file contradicts itself or what it was made with: somebody edited it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its field `{field}` was edited or belongs to something else: it says {stated}, but {found} is right"
)]
pub struct Contradiction {
    /// The field.
    pub field: &'static str,
    /// What the file says.
    pub stated: String,
    /// What is right.
    pub found: String,
}

impl Contradiction {
    /// Compares what a file states with what was found.
    ///
    /// # Errors
    ///
    /// If they differ.
    pub fn check(field: &'static str, stated: &[u8], found: &[u8]) -> Result<(), Self> {
        if stated == found {
            return Ok(());
        }
        Err(Contradiction {
            field,
            stated: hex::encode(stated),
            found: hex::encode(found),
        })
    }
}

/// The largest proof file: a program of 2^22 instructions with large arguments.
const MAX_BYTES: u64 = 1 << 29;

/// A proof and all that a verifier has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// The backend.
    pub backend: BackendName,
    /// Where the parameters come from.
    pub parameters: ParametersKind,
    /// What identifies the parameters ([`super::Parameters::digest`]).
    pub parameters_digest: [u8; 32],
    /// What identifies the verifying key ([`super::VerifyingKey::digest`]).
    pub key_digest: [u8; 32],
    /// The circuit.
    pub circuit: CircuitParams,
    /// What is proved: the program cut to the steps of the run, its output, and its public tape.
    pub statement: Statement<Fr>,
    /// What the file says that the digest of the program is.
    pub program_digest: [u8; 32],
    /// The proof.
    pub proof: Vec<u8>,
}

/// The file's own shape.
#[derive(Serialize)]
struct Envelope {
    format: String,
    version: u32,
    backend: BackendName,
    parameters: ParametersKind,
    parameters_digest: String,
    k: u32,
    instruction_set: String,
    binding: String,
    verifying_key_digest: String,
    program: Vec<(u64, String)>,
    program_digest: String,
    output: String,
    tape: Vec<String>,
    proof: String,
}

/// The names of its fields, in the order in which they are written.
const NAMES: [&str; 14] = [
    "format",
    "version",
    "backend",
    "parameters",
    "parameters_digest",
    "k",
    "instruction_set",
    "binding",
    "verifying_key_digest",
    "program",
    "program_digest",
    "output",
    "tape",
    "proof",
];

/// The fields of a file, as they stand in its text.
#[derive(Default)]
struct Fields<'t> {
    known: BTreeMap<&'static str, Json<'t>>,
    /// The first complaint about a name. Another version may have other names.
    problem: Option<FileError>,
}

impl<'t> Fields<'t> {
    fn read(text: &'t str) -> Result<Self, FileError> {
        let object = json::document(text)?;
        if object.kind() != Kind::Object {
            return Err(serde_json::Error::custom("an object was expected").into());
        }
        let mut fields = Fields::default();
        object.for_each_field(|name, value| {
            let text = name.string();
            let known = NAMES.iter().find(|known| Some(**known) == text.as_deref());
            let problem = match known {
                Some(known) if fields.known.insert(*known, value).is_none() => return Ok(()),
                Some(known) => field(known, "is there twice"),
                None => {
                    let message = format!("unknown field {}", excerpt(name.text()));
                    serde_json::Error::custom(message).into()
                }
            };
            fields.problem.get_or_insert(problem);
            Ok::<_, FileError>(())
        })?;
        Ok(fields)
    }

    fn get(&self, name: &'static str) -> Result<Json<'t>, FileError> {
        let value = self.known.get(name).copied();
        value.ok_or_else(|| field(name, "is missing"))
    }

    fn string(&self, name: &'static str) -> Result<Cow<'t, str>, FileError> {
        let value = self.get(name)?.string();
        value.ok_or_else(|| field(name, "is no string that is expected there"))
    }

    fn integer<T: FromStr>(&self, name: &'static str) -> Result<T, FileError> {
        integer(name, self.get(name)?)
    }

    /// One of a few names.
    fn choice<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, FileError> {
        const LONGEST: usize = 40;
        let text = self.get(name)?.text();
        // The message quotes the whole text.
        if text.len() > LONGEST {
            return Err(field(name, format!("is unknown: {}", excerpt(text))));
        }
        serde_json::from_str(text).map_err(|error| field(name, format!("is unknown: {error}")))
    }

    fn digest(&self, name: &'static str) -> Result<[u8; 32], FileError> {
        let text = self.string(name)?;
        let mut digest = [0; 32];
        let problem = "is no digest: 64 lower-case hexadecimal digits were expected";
        // One text a digest.
        if !is_lower_hex(&text) || hex::decode_to_slice(text.as_bytes(), &mut digest).is_err() {
            return Err(field(name, problem));
        }
        Ok(digest)
    }

    /// The instructions.
    fn program(&self) -> Result<Program<Fr>, FileError> {
        // There is no room for a program before it is known that there is one: it is five times as
        // large as its text.
        let mut length = 0;
        self.for_each_instruction(|_| length += 1)?;
        let mut program = Vec::with_capacity(length);
        self.for_each_instruction(|instruction| program.push(instruction))?;
        Ok(Program::from(program))
    }

    /// Calls a function with each instruction; it is an array of an opcode and, in quotes, an argument.
    fn for_each_instruction(&self, mut f: impl FnMut(Instruction<Fr>)) -> Result<(), FileError> {
        const NAME: &str = "program";
        let problem = || field(NAME, "is no array of arrays [opcode, \"argument\"]");
        let array = self.get(NAME)?;
        if array.kind() != Kind::Array {
            return Err(problem());
        }
        array.for_each(|pair| {
            if pair.length() != Some(2) {
                return Err(problem());
            }
            let (mut opcode, mut argument) = (None, None);
            pair.for_each(|element| {
                match opcode {
                    None => opcode = Some(integer(NAME, element)?),
                    Some(_) => {
                        let text = element.string().ok_or_else(problem)?;
                        argument = Some(word(NAME, &text)?);
                    }
                }
                Ok::<_, FileError>(())
            })?;
            let (Some(opcode), Some(argument)) = (opcode, argument) else {
                return Err(problem());
            };
            f(Instruction { opcode, argument });
            Ok(())
        })
    }

    /// The words of the public tape.
    fn tape(&self) -> Result<Vec<Fr>, FileError> {
        // As with a program, no room is made before it is known that there are words.
        let mut length = 0;
        self.for_each_tape_word(|_| length += 1)?;
        let mut tape = Vec::with_capacity(length);
        self.for_each_tape_word(|word| tape.push(word))?;
        Ok(tape)
    }

    fn for_each_tape_word(&self, mut f: impl FnMut(Fr)) -> Result<(), FileError> {
        const NAME: &str = "tape";
        let problem = || field(NAME, "is no array of words in quotes");
        let array = self.get(NAME)?;
        if array.kind() != Kind::Array {
            return Err(problem());
        }
        array.for_each(|element| {
            let text = element.string().ok_or_else(problem)?;
            f(word(NAME, &text)?);
            Ok(())
        })
    }

    fn proof(&self) -> Result<Vec<u8>, FileError> {
        const NAME: &str = "proof";
        let text = self.string(NAME)?;
        let mut proof = vec![0; text.len() / 2];
        if !is_lower_hex(&text) || hex::decode_to_slice(text.as_bytes(), &mut proof).is_err() {
            return Err(field(
                NAME,
                "is not lower-case hexadecimal, two digits a byte",
            ));
        }
        Ok(proof)
    }
}

fn integer<T: FromStr>(name: &'static str, value: Json<'_>) -> Result<T, FileError> {
    let problem = |_| field(name, "holds what is no integer, or too large");
    value.text().parse().map_err(problem)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn field(field: &'static str, problem: impl ToString) -> FileError {
    FileError::Field {
        field,
        problem: problem.to_string(),
    }
}

fn word(name: &'static str, text: &str) -> Result<Fr, FileError> {
    let problem = || {
        field(
            name,
            "holds what is no word: a decimal number below the field's modulus was expected",
        )
    };
    // The modulus has 77 digits; the parser's time grows with the square of the length.
    if text.len() > 77 || text.len() > 1 && text.starts_with('0') {
        return Err(problem());
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(problem());
    }
    BigUint::parse_bytes(text.as_bytes(), 10)
        .and_then(|integer| Fr::from_integer(&integer))
        .ok_or_else(problem)
}

impl ProofFile {
    /// The name of the backend.
    pub fn backend_name(&self) -> &'static str {
        self.backend.name()
    }

    /// The file as JSON, one field a line.
    ///
    /// # Errors
    ///
    /// None that is known; what `serde_json` may refuse.
    pub fn to_json(&self) -> Result<String, FileError> {
        let instructions = self.statement.program.instructions();
        let value = serde_json::to_value(Envelope {
            format: FORMAT.into(),
            version: VERSION,
            backend: self.backend,
            parameters: self.parameters,
            parameters_digest: hex::encode(self.parameters_digest),
            k: self.circuit.k(),
            instruction_set: self.circuit.set().name(),
            binding: self.circuit.binding().name().into(),
            verifying_key_digest: hex::encode(self.key_digest),
            program: instructions
                .iter()
                .map(|own| (own.opcode, own.argument.to_integer().to_string()))
                .collect(),
            program_digest: hex::encode(self.program_digest),
            output: self.statement.output.to_integer().to_string(),
            tape: {
                let words = self.statement.tape.iter();
                words.map(|word| word.to_integer().to_string()).collect()
            },
            proof: hex::encode(&self.proof),
        })?;
        let mut lines = vec![];
        for name in NAMES {
            lines.push(format!(
                "  \"{name}\": {}",
                serde_json::to_string(&value[name])?
            ));
        }
        Ok(format!("{{\n{}\n}}\n", lines.join(",\n")))
    }

    /// Reads a file's contents, in no more room than twice what is larger, the text or what it says
    /// (40 bytes an instruction, which the text says in eight). What it says is well formed then, but not yet known to be true; see
    /// [`ProofFile::check`].
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn from_json(text: &str) -> Result<Self, FileError> {
        let fields = Fields::read(text)?;
        let format = fields.string("format")?;
        if format != FORMAT {
            return Err(FileError::Format {
                found: excerpt(&format),
            });
        }
        let version = fields.integer("version")?;
        if version != VERSION {
            return Err(FileError::Version { found: version });
        }
        if let Some(problem) = fields.problem {
            return Err(problem);
        }
        let set = instruction_set(&fields.string("instruction_set")?)?;
        let binding = Binding::from_name(&fields.string("binding")?)
            .ok_or_else(|| field("binding", "is not \"public\", \"cells\" or \"fixed\""))?;
        let circuit = CircuitParams::new(fields.integer("k")?, set, binding)
            .map_err(|error: SizeError| field("k", format!("is of no circuit: {error}")))?;
        Ok(ProofFile {
            backend: fields.choice("backend")?,
            parameters: fields.choice("parameters")?,
            parameters_digest: fields.digest("parameters_digest")?,
            key_digest: fields.digest("verifying_key_digest")?,
            circuit,
            statement: Statement {
                program: fields.program()?,
                output: word("output", &fields.string("output")?)?,
                tape: fields.tape()?,
            },
            program_digest: fields.digest("program_digest")?,
            proof: fields.proof()?,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let file = std::fs::File::open(path)?;
        let len = file.metadata()?.len();
        Self::read_sized(file, len)
    }

    /// Reads a file that is open.
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn read_from(file: impl Read) -> Result<Self, FileError> {
        Self::read_sized(file, 0)
    }

    /// Reads a file that says how long it is; room is made for so much.
    fn read_sized(file: impl Read, len: u64) -> Result<Self, FileError> {
        let mut text = String::new();
        if len > MAX_BYTES {
            return Err(FileError::TooLarge);
        }
        text.reserve_exact(len as usize);
        // What a device gives has no size that could be asked for.
        file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(FileError::TooLarge);
        }
        Self::from_json(&text)
    }

    /// Writes the file: whole, or not at all.
    ///
    /// # Errors
    ///
    /// [`FileError::Write`]
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let text = self.to_json()?;
        let destination = Destination::of(path).map_err(FileError::Write)?;
        destination.write(text.as_bytes()).map_err(FileError::Write)
    }

    /// Checks what can be checked without parameters and keys, and so before they are made, which can
    /// take minutes: that the file's summary is that of its program, that the program and the proof
    /// have the sizes that the circuit demands, and the digest of parameters that everybody can derive.
    ///
    /// # Errors
    ///
    /// The field that says something else.
    pub fn check(&self) -> Result<(), Contradiction> {
        let program = &self.statement.program;
        Contradiction::check("program_digest", &self.program_digest, &program.digest())?;
        let contradiction = |field, stated: String, found: String| {
            Err(Contradiction {
                field,
                stated,
                found,
            })
        };
        let machine = self.circuit.machine();
        if machine.check_program(program.len()).is_err() {
            let found = format!("one that has room for {} instructions", program.len());
            return contradiction("k", self.circuit.k().to_string(), found);
        }
        let words = self.statement.tape.len();
        if machine.check_tape(words).is_err() {
            let most = machine.tape_rows();
            return contradiction(
                "tape",
                format!("{words} words"),
                format!("at most {most} in this circuit"),
            );
        }
        let cost = Cost::of(self.circuit);
        let bytes = match self.backend {
            BackendName::Ipa => cost.ipa_proof_bytes,
            BackendName::Kzg => cost.kzg_proof_bytes,
        };
        if self.proof.len() != bytes {
            return Err(Contradiction {
                field: "proof",
                stated: format!("{} bytes", self.proof.len()),
                found: format!("{bytes} bytes"),
            });
        }
        match self.parameters.derived_digest(self.circuit.k()) {
            Some(derived) => {
                Contradiction::check("parameters_digest", &self.parameters_digest, &derived)
            }
            None => Ok(()),
        }
    }
}

/// The set of a name or of a list, written as [`InstructionSet::name`] writes it.
fn instruction_set(text: &str) -> Result<InstructionSet, FileError> {
    /// More than the list of all instructions has.
    const LONGEST: usize = 1000;
    let refused = |problem: String| field("instruction_set", problem);
    if text.len() > LONGEST {
        return Err(refused(format!("is unknown: {}", excerpt(text))));
    }
    let set: InstructionSet = text
        .parse()
        .map_err(|error: UnknownSet| refused(format!("is unknown: {error}")))?;
    match set.name() == text {
        true => Ok(set),
        false => Err(refused(format!("is not written as {:?}", set.name()))),
    }
}

/// How the names of files begin that are being written.
const UNFINISHED: &str = ".unfinished-stackvm-";
/// How long a file that is being written is left alone after the last piece: no disk is so slow.
const UNFINISHED_FOR: Duration = Duration::from_secs(3600);

/// Removes what a killed process has left in a folder. That it can't is no reason not to write.
fn remove_unfinished(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if name.to_string_lossy().starts_with(UNFINISHED)
            && age().is_some_and(|age| age > UNFINISHED_FOR)
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Where a file is to be written.
///
/// At every moment the old contents are there, or the new ones, whole. They are written under another name, which a
/// process that is killed leaves behind; whoever writes into the same folder an hour later removes it. Behind a
/// link, the target is replaced and not the link. What is no regular file, a pipe or a device, is written into.
#[derive(Clone, Debug)]
pub struct Destination {
    path: PathBuf,
    found: Found,
}

/// What is at a path.
#[derive(Clone, Debug)]
enum Found {
    Nothing,
    File(Metadata),
    /// A pipe or a device.
    Stream,
}

impl Destination {
    /// Where a path leads.
    ///
    /// # Errors
    ///
    /// What the file system reports, if there can be no file.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = match std::fs::metadata(path) {
            Ok(old) if old.is_file() => Found::File(old),
            Ok(old) if old.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // A pipe may have no path but this one.
            Ok(_) => {
                return Ok(Destination {
                    path: path.into(),
                    found: Found::Stream,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            Err(error) => return Err(error),
        };
        // The path of a folder does not end with the name of a file.
        let text = path.as_os_str().as_encoded_bytes();
        if !path
            .file_name()
            .is_some_and(|name| text.ends_with(name.as_encoded_bytes()))
        {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let path = target(path)?;
        Ok(Destination { path, found })
    }

    /// The file that is there, and would be replaced.
    pub fn old(&self) -> Option<&Metadata> {
        match &self.found {
            Found::File(old) => Some(old),
            Found::Nothing | Found::Stream => None,
        }
    }

    /// Finds out, before there is something to write, which may take long, whether a file can be put together
    /// there. Of a pipe or a device that shows only when it is written into.
    ///
    /// # Errors
    ///
    /// What the file system reports.
    pub fn check(&self) -> io::Result<()> {
        if let Found::Stream = self.found {
            return Ok(());
        }
        // The file has no name, where the system has such files.
        tempfile::tempfile_in(folder(&self.path)).map_err(unnamed)?;
        Ok(())
    }

    /// Writes the file. Where there was nothing before, what has come meanwhile is left alone.
    ///
    /// # Errors
    ///
    /// What the file system reports; a file that is there is left alone then.
    pub fn write(&self, contents: &[u8]) -> io::Result<()> {
        match &self.found {
            Found::Stream => {
                let mut stream = std::fs::OpenOptions::new().write(true).open(&self.path)?;
                match stream.metadata()?.is_file() {
                    true => Err(has_come()),
                    false => stream.write_all(contents),
                }
            }
            Found::File(_) => replace(&self.path, &[contents]),
            Found::Nothing => {
                let file = finished(&self.path, &[contents])?;
                let Err(error) = file.persist_noclobber(&self.path) else {
                    return Ok(());
                };
                // Not every file system can rename so.
                match std::fs::symlink_metadata(&self.path) {
                    Err(nothing) if nothing.kind() == io::ErrorKind::NotFound => {
                        error
                            .file
                            .persist(&self.path)
                            .map_err(|error| error.error)?;
                        Ok(())
                    }
                    _ => Err(has_come()),
                }
            }
        }
    }
}

fn has_come() -> io::Error {
    let problem = "a file has come there meanwhile, which is left alone";
    io::Error::new(io::ErrorKind::AlreadyExists, problem)
}

/// Where a path leads; a link may lead to a file that is not there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    if let Ok(target) = path.canonicalize() {
        return Ok(target);
    }
    let Ok(link) = std::fs::read_link(path) else {
        return Ok(path.into());
    };
    let target = folder(path).join(link);
    match std::fs::symlink_metadata(&target).is_ok() {
        true => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a link to a link that leads nowhere",
        )),
        false => Ok(target),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a file, piece by piece, so that at every moment what has the name, be it a link or a pipe, or the new file
/// is there.
///
/// # Errors
///
/// What the file system reports; what had the name is left alone then.
pub(super) fn replace(path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let file = finished(path, pieces)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file to be put at a path.
fn finished(path: &Path, pieces: &[&[u8]]) -> io::Result<NamedTempFile> {
    let folder = folder(path);
    remove_unfinished(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        // What is new has the permissions that the process gives to new files; what replaces a file,
        // that one's.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let named = builder.tempfile_in(folder).map_err(unnamed)?;
    // Not the named file, whose errors tell its name.
    let mut file = named.as_file();
    for piece in pieces {
        file.write_all(piece)?;
    }
    if let Ok(old) = std::fs::symlink_metadata(path)
        && old.is_file()
    {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    Ok(named)
}

/// An error without the temporary file's name, which means nothing to whoever reads the message.
fn unnamed(error: io::Error) -> io::Error {
    error.kind().into()
}
