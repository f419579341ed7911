//! The proof file: a JSON object that says what was proved, how, and with which parameters.
//!
//! It is versioned and describes itself; a person can read it. A verifier takes nothing from it on
//! trust: the key and the parameters are made anew and compared with the digests that it names, and
//! the instance columns are made from its program, output and public tape.
//!
//! Of a program that is fixed in the key, the file has the digest alone: a verifier who is to know it has it from
//! elsewhere. Files of 0.3.0 and before have it too, and are read.

mod error;
mod fields;

use std::fmt;
use std::io::Read;
use std::path::Path;

use halo2curves::bn256::Fr;

use self::fields::{Fields, integer, problem, word};
use super::atomic::Destination;
use super::{Backend, Cost, Parameters, VerifyError, VerifyingKey};
use crate::algebra::Word;
use crate::isa::{InstructionSet, UnknownSet};
use crate::json::Json;
use crate::machine::{Binding, CircuitParams, SizeError, Statement};
use crate::program::{CanonicalProgram, Instruction, Program};
use crate::text::decoded;
use crate::text::excerpt;

pub use self::error::{Contradiction, FileError, FileVerifyError};
pub use super::kind::{BackendName, ParametersKind};

/// What stands under `format` in every proof file.
pub const FORMAT: &str = "halo2-stack-vm proof";
/// The version of the format, and of the circuits that its keys are of.
pub const VERSION: u32 = 3;

/// Checks what can be known of the digest of parameters without having them.
pub(super) fn check_parameters(
    kind: ParametersKind,
    k: u32,
    digest: [u8; 32],
) -> Result<(), Contradiction> {
    const NAME: &str = "parameters_digest";
    let insecure = || super::kzg::digest(&super::srs::secret::dev_s_g2());
    match kind {
        ParametersKind::Transparent => {
            let derived = super::ipa::digest(k);
            Contradiction::check_digest(NAME, digest, "the generators", derived)
        }
        ParametersKind::InsecureDev => {
            let of = "the development parameters";
            Contradiction::check_digest(NAME, digest, of, insecure())
        }
        ParametersKind::Ceremony if digest == insecure() => {
            let insecure = ParametersKind::InsecureDev.name();
            let of = "parameters with this digest";
            Contradiction::check("parameters", kind.name(), of, insecure)
        }
        ParametersKind::Ceremony => Ok(()),
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
    /// What identifies the parameters ([`Parameters::digest`]).
    pub parameters_digest: [u8; 32],
    /// What identifies the verifying key ([`VerifyingKey::digest`]).
    pub key_digest: [u8; 32],
    /// The circuit.
    pub circuit: CircuitParams,
    /// The program, cut to the steps of the run; none where it is fixed in the key. (Old files have it there too.)
    pub program: Option<CanonicalProgram<Fr>>,
    /// What the file says that the digest of the program is ([`CanonicalProgram::digest`]).
    pub program_digest: [u8; 32],
    /// The word at the bottom of the stack after the run, or 0.
    pub output: Fr,
    /// The words that the run reads and writes publicly, in order.
    pub tape: Vec<Fr>,
    /// The proof.
    pub proof: Vec<u8>,
}

/// The names of a file's fields, in the order in which they are written.
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
    PROGRAM,
    "program_digest",
    "output",
    TAPE,
    "proof",
];
const PROGRAM: &str = "program";
const TAPE: &str = "tape";

impl ProofFile {
    /// The file of a proof that was made with these parameters and this key.
    pub fn new<B: Backend>(
        params: &B::Parameters,
        key: &VerifyingKey<B>,
        statement: Statement<Fr>,
        proof: Vec<u8>,
    ) -> Self {
        let circuit = key.circuit();
        let Statement {
            program,
            output,
            tape,
        } = statement.in_circuit(circuit);
        ProofFile {
            backend: B::BACKEND,
            parameters: params.kind(),
            parameters_digest: params.digest(),
            key_digest: key.digest(),
            circuit,
            program_digest: program.digest(),
            program: (circuit.binding() != Binding::Fixed).then_some(program),
            output,
            tape,
            proof,
        }
    }

    /// The name of the backend.
    pub fn backend_name(&self) -> &'static str {
        self.backend.name()
    }

    /// The file as JSON, one field a line. A program that is fixed in the key does not stand in it.
    pub fn to_json(&self) -> String {
        // Names, digits and letters: nothing has to be escaped.
        let quoted = |text: &dyn fmt::Display| format!("\"{text}\"");
        let decimal = |word: &Fr| quoted(&word.to_integer());
        let list = |elements: Vec<String>| format!("[{}]", elements.join(","));
        let mut lines = vec![];
        for name in NAMES {
            let value = match name {
                "format" => quoted(&FORMAT),
                "version" => VERSION.to_string(),
                "backend" => quoted(&self.backend.name()),
                "parameters" => quoted(&self.parameters.name()),
                "parameters_digest" => quoted(&hex::encode(self.parameters_digest)),
                "k" => self.circuit.k().to_string(),
                "instruction_set" => quoted(&self.circuit.set()),
                "binding" => quoted(&self.circuit.binding().name()),
                "verifying_key_digest" => quoted(&hex::encode(self.key_digest)),
                PROGRAM => match &self.program {
                    Some(program) if self.circuit.binding() != Binding::Fixed => {
                        let own = program.instructions().iter();
                        list(
                            own.map(|own| format!("[{},{}]", own.opcode, decimal(&own.argument)))
                                .collect(),
                        )
                    }
                    _ => continue,
                },
                "program_digest" => quoted(&hex::encode(self.program_digest)),
                "output" => decimal(&self.output),
                TAPE => list(self.tape.iter().map(decimal).collect()),
                _ => quoted(&hex::encode(&self.proof)),
            };
            lines.push(format!("  \"{name}\": {value}"));
        }
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    /// Reads a file's contents, in no more room than twice what is larger, the text or what it says (40 bytes an
    /// instruction, which the text says in eight): what the circuit has no room for is refused before there is room
    /// made for it.
    ///
    /// What it says is well formed then, but not yet known to be true; see [`ProofFile::check`].
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn from_json(text: &str) -> Result<Self, FileError> {
        let fields = Fields::read(text, &NAMES)?;
        let format = fields.string("format")?;
        if format != FORMAT {
            return Err(FileError::Format {
                expected: "proof file",
                problem: format!("its format is `{}`, not `{FORMAT}`", excerpt(&format)),
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
        let binding = fields.choice("binding", &Binding::ALL, Binding::name)?;
        let circuit = CircuitParams::new(fields.integer("k")?, set, binding)
            .map_err(|error: SizeError| problem("k", format!("is of no circuit: {error}")))?;
        let backend = fields.choice("backend", &BackendName::ALL, BackendName::name)?;
        let parameters = fields.choice("parameters", &ParametersKind::ALL, ParametersKind::name)?;
        let mut file = ProofFile {
            backend,
            parameters,
            parameters_digest: fields.digest("parameters_digest")?,
            key_digest: fields.digest("verifying_key_digest")?,
            circuit,
            program: None,
            program_digest: fields.digest("program_digest")?,
            output: fields.word("output")?,
            tape: vec![],
            proof: vec![],
        };
        file.check_parameters()?;
        file.proof = fields.bytes("proof", proof_bytes(backend, circuit))?;
        let machine = circuit.machine();
        if binding != Binding::Fixed || fields.has(PROGRAM) {
            let room = machine.program_rows();
            let program = fields.list(PROGRAM, "instructions", room, instruction)?;
            file.tell(CanonicalProgram::new(Program::from(program), set)?);
        }
        file.check_set()?;
        let room = machine.tape_rows();
        file.tape = fields.list(TAPE, "words", room, |own| word(TAPE, own))?;
        Ok(file)
    }

    /// Takes what the file tells of its program.
    ///
    /// A fixed one stands in old files alone. They may have an end of it that its key can't show, and a set without
    /// `pop`: what is read then is what a file has now.
    fn tell(&mut self, program: CanonicalProgram<Fr>) {
        let is_stated = program.digest() == self.program_digest;
        self.circuit = self.circuit.canonical();
        let seen = program.into_canonical(self.circuit.shape());
        if is_stated {
            self.program_digest = seen.digest();
        }
        self.program = Some(seen);
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let file = std::fs::File::open(path).map_err(FileError::Io)?;
        let len = file.metadata().map_err(FileError::Io)?.len();
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
        const TOO_LARGE: FileError = FileError::TooLarge { most: MAX_BYTES };
        let mut bytes = vec![];
        if len > MAX_BYTES {
            return Err(TOO_LARGE);
        }
        bytes.reserve_exact(len as usize);
        // What a device gives has no size that could be asked for.
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(FileError::Io)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(TOO_LARGE);
        }
        Self::from_json(&decoded(bytes)?)
    }

    /// Writes the file: whole, or not at all.
    ///
    /// # Errors
    ///
    /// [`FileError::Write`]
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let destination = Destination::of(path).map_err(FileError::Write)?;
        destination
            .write(self.to_json().as_bytes())
            .map_err(FileError::Write)
    }

    /// That the parameters are ones that the backend has.
    fn check_parameters(&self) -> Result<(), Contradiction> {
        let (stated, found) = (self.parameters.backend().name(), self.backend.name());
        Contradiction::check("parameters", stated, "the backend", found)
    }

    /// That the set is the one whose name the circuit goes by.
    fn check_set(&self) -> Result<(), Contradiction> {
        let (stated, found) = (self.circuit.set(), self.circuit.canonical().set());
        Contradiction::check("instruction_set", stated, "a key with its program", found)
    }

    /// Checks what can be checked without parameters and keys, and so before they are made, which can
    /// take minutes: that there is a program unless it is fixed, and its digest is the file's, that the program, the
    /// tape and the proof have the sizes that the circuit demands, that the backend has such parameters, and the
    /// digest of parameters that everybody can derive.
    ///
    /// # Errors
    ///
    /// The field that says something else.
    pub fn check(&self) -> Result<(), Contradiction> {
        self.check_parameters()?;
        self.check_set()?;
        let circuit = self.circuit;
        let fits = |field, length: usize, room: usize| match length > room {
            true => {
                let (stated, found) = (format!("of {length}"), format!("of {room} at most"));
                Contradiction::check(field, stated, "the circuit", found)
            }
            false => Ok(()),
        };
        match &self.program {
            Some(program) => {
                fits(PROGRAM, program.len(), circuit.program_rows())?;
                let (stated, found) = (self.program_digest, program.digest());
                Contradiction::check_digest("program_digest", stated, "the program", found)?;
            }
            None if circuit.binding() == Binding::Fixed => {}
            None => {
                let binding = circuit.binding().name();
                let of = "a proof without a program";
                Contradiction::check("binding", binding, of, Binding::Fixed.name())?;
            }
        }
        fits(TAPE, self.tape.len(), circuit.tape_rows())?;
        let bytes = |count: usize| format!("of {count} bytes");
        let (stated, found) = (self.proof.len(), proof_bytes(self.backend, circuit));
        Contradiction::check("proof", bytes(stated), "the circuit", bytes(found))?;
        check_parameters(self.parameters, circuit.k(), self.parameters_digest)
    }

    /// Verifies the proof: that the file does not contradict itself ([`ProofFile::check`]), is one of these
    /// parameters and this key, and proves what it says ([`Backend::verify`]).
    ///
    /// It does not refuse insecure development parameters.
    ///
    /// # Errors
    ///
    /// [`FileVerifyError`] unless the proof is accepted.
    pub fn verify<B: Backend>(
        &self,
        params: &B::Parameters,
        key: &VerifyingKey<B>,
    ) -> Result<(), FileVerifyError> {
        KeyName::of(params, key).check(self)?;
        self.check()?;
        let instances = key
            .own
            .instances(self.program.as_ref(), self.output, &self.tape)
            .map_err(VerifyError::from)?;
        Ok(B::verify_instances(params, key, &instances, &self.proof)?)
    }
}

/// What identifies a verifying key and the parameters with which it is used.
#[derive(Clone, Debug)]
pub(super) struct KeyName {
    pub(super) backend: BackendName,
    pub(super) parameters: ParametersKind,
    pub(super) circuit: CircuitParams,
    pub(super) parameters_digest: [u8; 32],
    pub(super) key_digest: [u8; 32],
    /// The digest of the program that the key holds.
    pub(super) program_digest: Option<[u8; 32]>,
}

impl KeyName {
    pub(super) fn of<B: Backend>(params: &B::Parameters, key: &VerifyingKey<B>) -> Self {
        KeyName {
            backend: B::BACKEND,
            parameters: params.kind(),
            circuit: key.circuit(),
            parameters_digest: params.digest(),
            key_digest: key.digest(),
            program_digest: key.program(),
        }
    }

    /// Checks that a proof names this key.
    pub(super) fn check(&self, proof: &ProofFile) -> Result<(), Contradiction> {
        const OF: &str = "the key";
        let check =
            |field, stated: &str, found: &str| Contradiction::check(field, stated, OF, found);
        check("backend", proof.backend.name(), self.backend.name())?;
        let (stated, found) = (proof.parameters.name(), self.parameters.name());
        check("parameters", stated, found)?;
        let (stated, found) = (proof.circuit, self.circuit);
        Contradiction::check("k", stated.k(), OF, found.k())?;
        Contradiction::check("instruction_set", stated.set(), OF, found.set())?;
        check("binding", stated.binding().name(), found.binding().name())?;
        let check = |field, stated, found| Contradiction::check_digest(field, stated, OF, found);
        if let Some(found) = self.program_digest {
            check("program_digest", proof.program_digest, found)?;
        }
        let (stated, found) = (proof.parameters_digest, self.parameters_digest);
        Contradiction::check_digest("parameters_digest", stated, "the parameters", found)?;
        check("verifying_key_digest", proof.key_digest, self.key_digest)
    }
}

/// The length of every proof of a circuit.
fn proof_bytes(backend: BackendName, circuit: CircuitParams) -> usize {
    let cost = Cost::of(circuit);
    match backend {
        BackendName::Ipa => cost.ipa_proof_bytes,
        BackendName::Kzg => cost.kzg_proof_bytes,
    }
}

/// An instruction: an array of an opcode and, in quotes, an argument.
fn instruction(pair: Json<'_>) -> Result<Instruction<Fr>, FileError> {
    let complaint = || problem(PROGRAM, "is no array of arrays [opcode, \"argument\"]");
    let (mut opcode, mut argument) = (None, None);
    if pair.length() != Some(2) {
        return Err(complaint());
    }
    pair.for_each(|element| {
        match opcode {
            None => opcode = Some(integer(PROGRAM, element)?),
            Some(_) => argument = Some(word(PROGRAM, element)?),
        }
        Ok::<_, FileError>(())
    })?;
    match (opcode, argument) {
        (Some(opcode), Some(argument)) => Ok(Instruction { opcode, argument }),
        _ => Err(complaint()),
    }
}

/// The set of a name or of a list, written as [`InstructionSet::name`] writes it.
fn instruction_set(text: &str) -> Result<InstructionSet, FileError> {
    /// More than the list of all instructions has.
    const LONGEST: usize = 1000;
    let refused = |complaint: String| problem("instruction_set", complaint);
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
