//! What a run is made of: a program's text, and the words that it is given.

use std::io::Read;
use std::path::{Path, PathBuf};

use halo2_proofs::halo2curves::bn256::Fr;

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm::{self, Assembly, NumberError, Symbols};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::MAX_K;
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::vm::{Inputs, Job, RunError};

use crate::arguments::{InputArguments, ProgramArguments};
use crate::failure::{Failure, SourceLine};

/// More than the text of any program or of any words that a circuit has room for.
const MAX_TEXT_BYTES: u64 = 1 << 30;

/// As many words as the largest circuit has rows. A run that holds more can't be proved.
const MAX_WORDS: usize = 1 << MAX_K;

/// The path that stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether one of the paths stands for standard input; two can't.
pub fn read_once<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<bool, Failure> {
    match paths.filter(|own| is_standard_input(own)).count() {
        named @ 0..=1 => Ok(named == 1),
        _ => {
            let problem = "`-` stands twice: standard input can be read once";
            Err(Failure::input("usage", problem))
        }
    }
}

/// The file at a path, or standard input where the path is `-`.
fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    Ok(match is_standard_input(path) {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path)?),
    })
}

/// The text of a file.
fn read(path: &Path) -> Result<String, Failure> {
    // A file says how long it is, so that there is room for so much and no more.
    let len = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(len.min(MAX_TEXT_BYTES) as usize);
    open(path)
        .and_then(|file| file.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file("io", path, error))?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        let problem = format!("it has more than {MAX_TEXT_BYTES} bytes, the most that are read");
        return Err(Failure::file("io", path, problem));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::file("io", path, format!("byte {at} is not UTF-8 text"))
    })
}

/// The text that a program was assembled from, and what it says of addresses; nothing, if it is in JSON.
#[derive(Debug, Default)]
pub struct Labels(Option<Text>);

#[derive(Debug)]
struct Text {
    path: PathBuf,
    source: String,
    symbols: Symbols,
}

impl Labels {
    fn symbols(&self) -> Option<&Symbols> {
        self.0.as_ref().map(|text| &text.symbols)
    }

    /// The label of an address.
    pub fn label_at(&self, address: usize) -> Option<&str> {
        self.symbols()?.label_at(address)
    }

    /// The address of a label.
    pub fn address(&self, name: &str) -> Option<usize> {
        self.symbols()?.address(name)
    }

    /// The last label at an address or before it.
    pub fn region(&self, address: usize) -> Option<&str> {
        let label = self.symbols()?.region(address)?;
        Some(&label.name)
    }

    /// Where in its text a program fails, if it is an instruction that fails.
    pub fn failure(&self, error: RunError) -> Failure {
        let line = |address: usize| {
            let text = self.0.as_ref()?;
            let number = text.symbols.line(address)?;
            Some(Box::new(SourceLine {
                path: text.path.clone(),
                number,
                text: text.source.lines().nth(number - 1)?.into(),
            }))
        };
        let line = error.pc().and_then(line);
        Failure::Program {
            error,
            line,
            rejected_by: vec![],
        }
    }

    /// An instruction, with the label of the address that is its argument.
    pub fn instruction(&self, instruction: &Instruction<Fr>) -> String {
        let opcode = Opcode::from_code(instruction.opcode).filter(|own| own.takes_address());
        let address = instruction.argument.to_u64();
        let label = address.and_then(|own| self.label_at(usize::try_from(own).ok()?));
        match (opcode, label) {
            (Some(opcode), Some(label)) => format!("{opcode} {label}"),
            _ => instruction.to_string(),
        }
    }

    /// An address, with how it stands to the last label before it.
    pub fn place(&self, address: usize) -> String {
        let region = self.region(address);
        let distance = region.and_then(|own| address.checked_sub(self.address(own)?));
        match (region, distance) {
            (Some(label), Some(0)) => format!("{address} ({label})"),
            (Some(label), Some(distance)) => format!("{address} ({label} + {distance})"),
            _ => address.to_string(),
        }
    }
}

/// Reads a program's text and makes a program of it.
pub fn load(path: &Path) -> Result<(Program<Fr>, Labels), Failure> {
    let source = read(path)?;
    // No line of assembly begins with a bracket.
    let named_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if named_json || source.trim_start().starts_with('[') {
        let program =
            asm::from_json(&source).map_err(|error| Failure::file("json", path, error))?;
        return Ok((program, Labels::default()));
    }
    match asm::assemble_with_symbols(&source) {
        Ok(Assembly { program, symbols }) => {
            let path = path.into();
            let text = Text {
                path,
                source,
                symbols,
            };
            Ok((program, Labels(Some(text))))
        }
        Err(errors) => Err(Failure::Assembly {
            path: path.into(),
            source,
            errors,
        }),
    }
}

/// A run that was asked for.
#[derive(Debug)]
pub struct RunRequest {
    pub program: Program<Fr>,
    pub labels: Labels,
    pub set: InstructionSet,
    inputs: Inputs<Fr>,
    steps: Option<usize>,
    max_steps: u64,
}

impl RunRequest {
    /// Reads all that was named; standard input once at most, and not at all if it is `taken`.
    pub fn read(arguments: &ProgramArguments, taken: bool) -> Result<Self, Failure> {
        let InputArguments {
            input_file,
            secret_file,
            ..
        } = &arguments.inputs;
        let files = [
            Some(&arguments.file),
            input_file.as_ref(),
            secret_file.as_ref(),
        ];
        let named = read_once(files.into_iter().flatten())?;
        if named && taken {
            let problem = "standard input gives the commands: name a file instead of `-`";
            return Err(Failure::input("usage", problem));
        }
        let (program, labels) = load(&arguments.file)?;
        let set = arguments.set.of(&program);
        Ok(RunRequest {
            program,
            labels,
            set,
            inputs: inputs(&arguments.inputs)?,
            steps: arguments.cut.steps,
            max_steps: arguments.max_steps,
        })
    }

    /// The run.
    pub fn job(&self) -> Job<'_, Fr> {
        Job::new(&self.program, self.set, &self.inputs)
            .cut(self.steps)
            .max_steps(self.max_steps)
            .max_words(MAX_WORDS)
    }
}

/// The words that a run is given.
fn inputs(arguments: &InputArguments) -> Result<Inputs<Fr>, Failure> {
    let tape = |option, given: &Option<String>, file: &Option<PathBuf>, secret| match (given, file)
    {
        (Some(text), _) => words(text, &Origin::Option(option), secret),
        (None, Some(path)) => words(&read(path)?, &Origin::File(path), secret),
        (None, None) => Ok(vec![]),
    };
    let InputArguments {
        input,
        input_file,
        secret,
        secret_file,
    } = arguments;
    Ok(Inputs {
        public: tape("--input", input, input_file, false)?,
        secret: tape("--secret", secret, secret_file, true)?,
    })
}

/// Where words stand.
enum Origin<'a> {
    Option(&'static str),
    File(&'a Path),
}

impl Origin<'_> {
    /// A complaint about something there, by its line and the characters before it.
    fn problem(&self, line: usize, before: &str, problem: impl std::fmt::Display) -> Failure {
        let column = before.chars().count() + 1;
        let place = match self {
            Origin::Option(name) => format!("{name}: character {column}"),
            Origin::File(path) => format!("{}:{line}:{column}", path.display()),
        };
        Failure::input("words", format!("{place}: {problem}"))
    }
}

/// Reads words with white space or commas between; in a file, `#` starts a comment.
fn words(text: &str, origin: &Origin<'_>, secret: bool) -> Result<Vec<Fr>, Failure> {
    let mut words = vec![];
    // A comma has to follow a word.
    let mut follows = false;
    for (number, line) in text.lines().enumerate() {
        let line = match origin {
            Origin::File(_) => line.split('#').next().unwrap_or_default(),
            Origin::Option(_) => line,
        };
        let mut before = 0;
        for piece in line.split_inclusive(|own: char| own == ',' || own.is_whitespace()) {
            let word = piece.trim_end_matches(|own: char| own == ',' || own.is_whitespace());
            let nth = words.len() + 1;
            let refused = |problem: String| {
                let problem = format!("word {nth}: {problem}");
                Err(origin.problem(number + 1, &line[..before], problem))
            };
            if !word.is_empty() {
                if words.len() == MAX_WORDS {
                    return refused(format!(
                        "there are more than {MAX_WORDS}, the most of any run"
                    ));
                }
                match asm::parse_word(word) {
                    Ok(word) => words.push(word),
                    Err(error) if secret => return refused(unquoted(error).to_string()),
                    Err(error) => return refused(error.to_string()),
                }
                follows = true;
            }
            if piece.ends_with(',') {
                if !follows {
                    return refused("there is none before this comma".into());
                }
                follows = false;
            }
            before += piece.len();
        }
    }
    Ok(words)
}

/// The same complaint without what it is about.
fn unquoted(error: NumberError) -> NumberError {
    let hidden = "(not shown)".to_owned();
    match error {
        NumberError::Malformed { .. } => NumberError::Malformed { text: hidden },
        NumberError::OutOfRange { modulus, .. } => NumberError::OutOfRange {
            text: hidden,
            modulus,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(text: &str) -> Result<Vec<Fr>, String> {
        let file = Origin::File("w".as_ref());
        words(text, &file, false).map_err(|failure| failure.text(false).unwrap_or_default())
    }

    #[test]
    fn words_stand_between_commas_and_white_space() {
        let expected: Vec<_> = [1, 2, 3, 16].map(Fr::from).into();
        for text in [
            "1 2 3 16",
            "1,2,3,0x10",
            "1, 2 ,3\n16",
            "# a comment, with 7\n1,\n2,\n3, # 8\n\n0x10,\n",
            "\t1\r\n2  3\u{a0}16 ",
        ] {
            assert_eq!(read_words(text).as_ref(), Ok(&expected), "{text:?}");
        }
        assert_eq!(read_words("-1").unwrap(), [-Fr::one()]);
        for nothing in ["", " \n", "# 1"] {
            assert_eq!(read_words(nothing).unwrap(), []);
        }
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (text, expected) in [
            ("1 2\n  3x 4", "w:2:3: word 3: `3x` is not a number"),
            ("1,,2", "w:1:3: word 2: there is none before this comma"),
            ("1,\n, 2", "w:2:1: word 2: there is none before this comma"),
            (",", "w:1:1: word 1: there is none"),
            ("\u{fc} 1", "w:1:1: word 1: `\u{fc}` is not"),
            ("1 \u{fc}", "w:1:3: word 2: `\u{fc}` is not"),
            (&"9".repeat(78), "is out of range"),
        ] {
            let error = read_words(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let secret = words("1 77x", &Origin::Option("--secret"), true).unwrap_err();
        let secret = secret.text(false).unwrap();
        assert!(secret.contains("--secret: character 3: word 2") && !secret.contains("77x"));
    }
}
