//! What can stand on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{InstructionSet, UnknownSet};
use halo2_stack_vm::machine::{Binding, MAX_K, MIN_K};
use halo2_stack_vm::program::Program;

/// Runs programs of a stack machine, and proves with halo2 that they give what they give.
///
/// Exit codes: 0 all is well; 1 the statement is false or the program fails; 2 wrong usage or
/// unreadable input.
#[derive(Debug, Parser)]
#[command(
    name = "stackvm",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Example:\n  stackvm prove programs/example.svm -o example.proof.json\n  stackvm verify example.proof.json --program programs/example.svm"
)]
pub struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// Reads a number from 0 on.
fn number<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|_| is_digits);
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| match is_digits {
            true => "this number is too large".into(),
            false => "it takes a number from 0 on".into(),
        })
}

/// Reads a fingerprint; in small letters.
fn fingerprint(text: &str) -> Result<String, String> {
    let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match digits {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a fingerprint is 64 hexadecimal digits, as `keygen` prints it".into()),
    }
}

/// Reads the logarithm of a circuit's rows.
fn rows(text: &str) -> Result<u32, String> {
    let k = number(text).ok();
    k.filter(|k| (MIN_K..=MAX_K).contains(k))
        .ok_or_else(|| format!("it takes a number from {MIN_K} to {MAX_K}"))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program and print its output.
    #[command(
        after_help = "Examples:\n  stackvm run programs/example.svm --trace\n  stackvm run sum.svm --input 1,2,3 --secret-file secret.txt"
    )]
    Run(RunArguments),
    /// Check a run against every constraint of the circuit, and name one that fails.
    ///
    /// Of a program that fails, the run that goes on regardless is checked, to show which constraint
    /// rejects it.
    #[command(after_help = "Example:\n  stackvm check programs/example.svm")]
    Check(CheckArguments),
    /// Step through a run, forward and backward.
    ///
    /// Commands are read from standard input, one a line; `help` lists them. A program that fails can be
    /// stepped through up to the step that fails. The end of the input ends the session, with exit code 0.
    /// Ctrl-C stops a command that takes long, and the session goes on; at the prompt of a terminal it discards
    /// what is typed, and elsewhere it ends a session that waits for a command.
    /// With --json, what each command prints is an object on a line.
    #[command(
        after_help = "Examples:\n  stackvm debug programs/example.svm\n  printf 'break 3\\ncontinue\\nstack\\n' | stackvm debug programs/example.svm"
    )]
    Debug(DebugArguments),
    /// Run a program and print where its rows go: how many to the instructions after each label.
    ///
    /// Of a program that fails, those up to there are counted.
    #[command(after_help = "Example:\n  stackvm profile programs/example.svm")]
    Profile(ProfileArguments),
    /// Prove what a program gives.
    #[command(
        after_help = "Examples:\n  stackvm prove programs/example.svm\n  stackvm prove programs/example.svm --backend kzg --srs ceremony.ptau -o example.proof.json"
    )]
    Prove(ProveArguments),
    /// Make a verifying key, write it to a file, and print the file's fingerprint.
    ///
    /// It is one for all programs of the instruction set that fit into the circuit; with --binding fixed,
    /// one for one program. Who verifies with the file trusts whoever made it, or compares its fingerprint.
    #[command(
        after_help = "Examples:\n  stackvm keygen --k 4 -o ipa-4.vkey\n  stackvm keygen --k 4 --binding fixed --program programs/example.svm -o example.vkey\n  stackvm keygen --k 14 --backend kzg --srs ceremony.ptau -o kzg-14.vkey"
    )]
    Keygen(KeygenArguments),
    /// Verify a proof, and print what was proved, with what it was compared, and what was assumed.
    ///
    /// Whoever made the proof chose its program: say which one you mean with --program, or nothing that you want to
    /// know is proved.
    #[command(
        after_help = "Examples:\n  stackvm verify example.proof.json --program programs/example.svm\n  stackvm verify example.proof.json --program programs/example.svm --key ipa-4.vkey --fingerprint 5d41...\n  stackvm prove programs/example.svm -o - | stackvm verify - --program programs/example.svm"
    )]
    Verify(VerifyArguments),
    /// Print what identifies a program: the digest that its proofs and keys name.
    ///
    /// It is that of the instructions that the circuit sees: without control flow, those before the first `halt`;
    /// with --binding fixed, without those at the end neither that leave no trace in a key.
    #[command(
        after_help = "Examples:\n  stackvm digest programs/example.svm\n  stackvm digest programs/example.svm --binding fixed --json"
    )]
    Digest(DigestArguments),
    /// Print the reference of the instructions and the constraints.
    #[command(after_help = "Example:\n  stackvm isa")]
    Isa,
    /// Print what a circuit costs: columns, degree, lookups, rows, bytes.
    #[command(after_help = "Example:\n  stackvm info --k 14 --set stack --json")]
    Info(InfoArguments),
}

/// A program and how much of it to run.
#[derive(Debug, Args)]
pub struct ProgramArguments {
    /// The program: assembly, TinyRAM, or the flat form `[opcode, argument, ...]` in JSON; `-` reads standard
    /// input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub cut: CutArguments,
    #[command(flatten)]
    pub inputs: InputArguments,
    /// The instruction set: a name, instructions with commas between, or `auto` for the smallest set that
    /// has what the program uses. By default that is `stack`, and `auto` for a program that uses what
    /// `stack` has not.
    #[arg(
        long,
        default_value = SetChoice::STACK_OR_AUTO,
        hide_default_value = true,
        value_name = "seed|stack|field|full|LIST|auto"
    )]
    pub set: SetChoice,
    /// End the run with an error if it takes more than N steps.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000_000_000,
        value_parser = number::<u64>,
        allow_negative_numbers = true
    )]
    pub max_steps: u64,
}

impl ProgramArguments {
    /// The files that are read for a run.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let InputArguments {
            input_file,
            secret_file,
            ..
        } = &self.inputs;
        let words = [input_file, secret_file].into_iter().flatten();
        std::iter::once(&self.file).chain(words)
    }
}

/// The words that a run is given.
#[derive(Debug, Args)]
pub struct InputArguments {
    /// The words that `read` pushes, with commas or spaces between: decimal, or hexadecimal after `0x`,
    /// with `-` before a negative one. They are public.
    #[arg(
        long,
        value_name = "WORDS",
        allow_hyphen_values = true,
        conflicts_with = "input_file"
    )]
    pub input: Option<String>,
    /// A file with these words, with commas or white space between; `#` starts a comment, and `-` reads
    /// standard input.
    #[arg(long, value_name = "FILE")]
    pub input_file: Option<PathBuf>,
    /// A file with the words that `secret` pushes, in the same form. A proof reveals nothing of them but
    /// what follows from the program, its output and its public tape.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// The words that `secret` pushes. Other users of this machine can see its command lines, and shells
    /// keep them: for what is really secret, use --secret-file.
    #[arg(
        long,
        value_name = "WORDS",
        allow_hyphen_values = true,
        conflicts_with = "secret_file"
    )]
    pub secret: Option<String>,
}

/// The instruction set that a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetChoice {
    /// `stack` or, if the program uses what that has not, as [`SetChoice::Auto`].
    StackOrAuto,
    /// The smallest that has what the program uses.
    Auto,
    Given(InstructionSet),
}

impl SetChoice {
    /// How [`SetChoice::StackOrAuto`] is written.
    pub const STACK_OR_AUTO: &'static str = "stack-or-auto";

    /// The set for a program.
    pub fn of<F: Word>(self, program: &Program<F>) -> InstructionSet {
        let smallest = program.smallest_set();
        let stack = InstructionSet::STACK;
        match self {
            SetChoice::StackOrAuto if smallest.opcodes().all(|own| stack.contains(own)) => stack,
            SetChoice::StackOrAuto | SetChoice::Auto => smallest,
            SetChoice::Given(set) => set,
        }
    }
}

impl FromStr for SetChoice {
    type Err = UnknownSet;

    fn from_str(text: &str) -> Result<Self, UnknownSet> {
        match text {
            Self::STACK_OR_AUTO => Ok(SetChoice::StackOrAuto),
            "auto" => Ok(SetChoice::Auto),
            _ => text.parse().map(SetChoice::Given),
        }
    }
}

#[derive(Debug, Args)]
pub struct CutArguments {
    /// Run the first N instructions only.
    #[arg(long, value_name = "N", value_parser = number::<usize>, allow_negative_numbers = true)]
    pub steps: Option<usize>,
}

#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub program: ProgramArguments,
    /// Print every step, of a run with 2^20 rows at most; of a program that fails, those before.
    #[arg(long)]
    pub trace: bool,
}

#[derive(Debug, Args)]
pub struct DebugArguments {
    #[command(flatten)]
    pub program: ProgramArguments,
}

#[derive(Debug, Args)]
pub struct ProfileArguments {
    #[command(flatten)]
    pub program: ProgramArguments,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub program: ProgramArguments,
    #[command(flatten)]
    pub circuit: CircuitArguments,
    /// Check against this output instead of the program's own.
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    pub output: Option<String>,
}

/// The circuit, where it is not found from the program.
#[derive(Debug, Args)]
pub struct CircuitArguments {
    /// Use a circuit of 2^K rows, K from 4 to 24, instead of the smallest that has room for the run.
    #[arg(long, value_parser = rows, allow_negative_numbers = true)]
    pub k: Option<u32>,
    /// How the program is bound.
    #[arg(long, value_enum, default_value_t = BindingName::Public)]
    pub binding: BindingName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BindingName {
    /// In instance columns that the gates read.
    Public,
    /// By copied cells.
    Cells,
    /// In the key, which is one of this program then.
    Fixed,
}

impl From<BindingName> for Binding {
    fn from(name: BindingName) -> Self {
        match name {
            BindingName::Public => Binding::Public,
            BindingName::Cells => Binding::Cells,
            BindingName::Fixed => Binding::Fixed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendName {
    /// The inner product argument: no trusted setup.
    Ipa,
    /// KZG with SHPLONK: short proofs, fast verification, a trusted setup.
    Kzg,
}

/// The parameters of the KZG backend.
#[derive(Debug, Args)]
pub struct SrsArguments {
    /// The ceremony's parameters for KZG: a snarkjs `.ptau` file, or halo2's raw form.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure_dev_srs")]
    pub srs: Option<PathBuf>,
    /// Use KZG parameters whose secret everybody knows. Anybody can prove anything with them.
    #[arg(long)]
    pub insecure_dev_srs: bool,
}

#[derive(Debug, Args)]
pub struct ProveArguments {
    #[command(flatten)]
    pub program: ProgramArguments,
    #[command(flatten)]
    pub circuit: CircuitArguments,
    /// The polynomial commitment scheme.
    #[arg(long, value_enum, default_value_t = BackendName::Ipa)]
    pub backend: BackendName,
    #[command(flatten)]
    pub srs: SrsArguments,
    /// Overwrite whatever is there but what is read: a file that is no proof or is write-protected, or, without -o, a
    /// proof of another program.
    #[arg(long)]
    pub force: bool,
    /// Where to write the proof; `-` is standard output, and the report goes to standard error then. A proof that is
    /// there is overwritten, with a warning if it is one of another program [default: the program's name with
    /// `.proof.json`, in this folder, where a proof of another program is not overwritten].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct KeygenArguments {
    #[command(flatten)]
    pub circuit: InfoArguments,
    /// With --binding fixed: the program; `-` reads standard input.
    #[arg(long, value_name = "FILE", required_if_eq("binding", "fixed"))]
    pub program: Option<PathBuf>,
    /// With --program: the program's first N instructions.
    #[arg(
        long,
        value_name = "N",
        requires = "program",
        value_parser = number::<usize>,
        allow_negative_numbers = true
    )]
    pub steps: Option<usize>,
    /// The polynomial commitment scheme.
    #[arg(long, value_enum, default_value_t = BackendName::Ipa)]
    pub backend: BackendName,
    #[command(flatten)]
    pub srs: SrsArguments,
    /// Overwrite whatever is there but what is read: a file that is no key file or is write-protected, or, without a
    /// warning, another key.
    #[arg(long)]
    pub force: bool,
    /// Where to write the key; `-` is standard output, and the report goes to standard error then. A key that is there is
    /// overwritten, with a warning if it is another one.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct DigestArguments {
    /// The program; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub cut: CutArguments,
    /// The instruction set: a name, instructions with commas between, or `auto` for the smallest set that
    /// has what the program uses. By default that is `stack`, and `auto` for a program that uses what
    /// `stack` has not.
    #[arg(
        long,
        default_value = SetChoice::STACK_OR_AUTO,
        hide_default_value = true,
        value_name = "seed|stack|field|full|LIST|auto"
    )]
    pub set: SetChoice,
    /// How the program is bound.
    #[arg(long, value_enum, default_value_t = BindingName::Public)]
    pub binding: BindingName,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The proof file; `-` reads standard input.
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    /// Check that the proof is one of this program. Where the program is fixed in the key, the key is made from it.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// With --program: the program's first N instructions.
    #[arg(
        long,
        value_name = "N",
        requires = "program",
        value_parser = number::<usize>,
        allow_negative_numbers = true
    )]
    pub steps: Option<usize>,
    /// Verify with the key in this file instead of one made anew, and with its parameters: trust whoever
    /// made it, or give its --fingerprint.
    #[arg(long, value_name = "FILE", conflicts_with = "srs")]
    pub key: Option<PathBuf>,
    /// With --key: refuse the file unless this is its fingerprint, as `keygen` printed it to whom you trust.
    #[arg(long, value_name = "HEX", requires = "key", value_parser = fingerprint)]
    pub fingerprint: Option<String>,
    /// Refuse proofs of circuits with more than 2^K rows [default: 17, and 10 where parameters, or the
    /// Lagrange basis of a ceremony's, would have to be made that are not in the cache].
    #[arg(long, value_name = "K", value_parser = number::<u32>, allow_negative_numbers = true)]
    pub max_k: Option<u32>,
    #[command(flatten)]
    pub srs: SrsArguments,
}

#[derive(Debug, Args)]
pub struct InfoArguments {
    /// The circuit has 2^K rows, K from 4 to 24.
    #[arg(long, default_value_t = 10, value_parser = rows, allow_negative_numbers = true)]
    pub k: u32,
    /// The instruction set: a name, or instructions with commas between; where a program is given, also
    /// `auto` for the smallest set that has what it uses. By default that is `stack`, and `auto` for a
    /// program that uses what `stack` has not.
    #[arg(
        long,
        default_value = SetChoice::STACK_OR_AUTO,
        hide_default_value = true,
        value_name = "seed|stack|field|full|LIST|auto"
    )]
    pub set: SetChoice,
    /// How the program is bound.
    #[arg(long, value_enum, default_value_t = BindingName::Public)]
    pub binding: BindingName,
}
