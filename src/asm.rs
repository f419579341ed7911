//! Text and JSON to [`Program`]s, and back.
//!
//! The text form has an instruction a line: a mnemonic of [`crate::isa`], and a number if the
//! instruction takes one. `#` starts a comment. Numbers are decimal or, after `0x`, hexadecimal; `-n`
//! is the modulus less n.
//!
//! ```text
//! push 3      # the stack holds 3
//! push -0x2   # 3 and modulus - 2
//! mul         # modulus - 6
//! ```
//!
//! `name:` before an instruction, or on a line of its own, is a *label*, one a line: a name for the address of the
//! instruction that follows it, or for the end of the program. `.const NAME number` is a name for a number. An
//! argument may be a name in place of a number; that of a jump or a call has to be an address of the
//! program. A label may be used before it is defined, and so may a constant, but a constant that is another
//! one's number has to stand before it. Names have letters, digits and `_`, and don't begin with a digit;
//! mnemonics are no names.
//!
//! ```text
//! .const ROUNDS 10
//!         push ROUNDS
//! again:  addi -1
//!         dup
//!         jnz again
//! ```
//!
//! The JSON form is a flat array, `[opcode, argument, opcode, argument, ...]`. It can hold what text
//! can't: opcodes that no instruction has, and arguments that nobody reads. An element is an integer
//! or, if it is too large for one, a string with a number as the text form has it.
//!
//! To read a text takes no more room than twice what is larger, the text or the program in it (40 bytes
//! an instruction, which `nop` or `0,0,` say in four).
//!
//! Errors hold at most a short excerpt of what they complain about, without its control characters,
//! so that a message can be printed whatever the input was.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use num_bigint::BigUint;
use serde_json::{Number, Value};
use winnow::ascii::{digit1, hex_digit1};
use winnow::combinator::{alt, opt, preceded, seq, terminated};
use winnow::error::EmptyError;
use winnow::stream::LocatingSlice;
use winnow::token::{take_till, take_while};
use winnow::{Parser, Result as Parsed};

use crate::algebra::Word;
use crate::isa::Opcode;
use crate::json::{self, Json, Kind};
use crate::program::{Instruction, Program};
use crate::text::excerpt;

/// Why a text is not a word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// The text is not a number.
    #[error(
        "`{text}` is not a number; write decimal digits, or `0x` and hexadecimal digits, with `-` before them for a negative"
    )]
    Malformed {
        /// The beginning of the text.
        text: String,
    },
    /// The number does not lie between -(modulus - 1) and modulus - 1.
    #[error(
        "`{text}` is out of range; without its sign, a number must be below the modulus, {modulus}"
    )]
    OutOfRange {
        /// The beginning of the number.
        text: String,
        /// The modulus of the field.
        modulus: BigUint,
    },
}

/// Reads a number: decimal digits or `0x` and hexadecimal ones, after `-` for the modulus less the
/// number.
///
/// # Errors
///
/// [`NumberError`], if the text is anything else or the number is not below the modulus.
pub fn parse_word<F: Word>(text: &str) -> Result<F, NumberError> {
    let literal = Literal::parse(text)?;
    let magnitude: F = literal.magnitude().ok_or_else(|| NumberError::OutOfRange {
        text: excerpt(text),
        modulus: F::modulus(),
    })?;
    Ok(if literal.negative {
        F::zero() - magnitude
    } else {
        magnitude
    })
}

/// A number as it is written.
struct Literal<'s> {
    negative: bool,
    radix: u32,
    digits: &'s str,
}

impl<'s> Literal<'s> {
    fn parse(text: &'s str) -> Result<Self, NumberError> {
        literal.parse(text).map_err(|_| NumberError::Malformed {
            text: excerpt(text),
        })
    }

    /// The word without the sign; `None` if it is not below the modulus.
    fn magnitude<F: Word>(&self) -> Option<F> {
        // Reading digits takes quadratic time, so what is too long for any word goes unread.
        let most_digits = match self.radix {
            16 => 2 * WORD_BYTES,
            // 2^256 is below 10^78.
            _ => 78,
        };
        let digits = self.digits.trim_start_matches('0');
        if digits.is_empty() {
            return Some(F::zero());
        }
        if digits.len() > most_digits {
            return None;
        }
        F::from_integer(&BigUint::parse_bytes(digits.as_bytes(), self.radix)?)
    }

    /// The number as an opcode; `None` if it is negative or does not fit.
    fn opcode(&self) -> Option<u64> {
        (!self.negative)
            .then(|| u64::from_str_radix(self.digits, self.radix).ok())
            .flatten()
    }
}

/// The size of a word, see [`Word::to_le_bytes`].
const WORD_BYTES: usize = 32;

fn literal<'s>(input: &mut &'s str) -> Parsed<Literal<'s>, EmptyError> {
    let hexadecimal = preceded("0x", hex_digit1).map(|digits| (16, digits));
    let decimal = digit1.map(|digits| (10, digits));
    (opt('-'), alt((hexadecimal, decimal)))
        .map(|(sign, (radix, digits))| Literal {
            negative: sign.is_some(),
            radix,
            digits,
        })
        .parse_next(input)
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AsmErrorKind {
    /// No instruction has this mnemonic.
    #[error("there is no instruction `{mnemonic}`; {}", advice(*.suggestion))]
    UnknownMnemonic {
        /// The beginning of what was written.
        mnemonic: String,
        /// The instruction that was probably meant.
        suggestion: Option<Opcode>,
    },
    /// The argument is missing.
    #[error("`{opcode}` takes an argument; write a number after it, like `{opcode} 3`")]
    MissingArgument {
        /// The instruction.
        opcode: Opcode,
    },
    /// The instruction takes no argument.
    #[error(
        "`{opcode}` takes no argument; an instruction has a line of its own, and a comment starts with `#`"
    )]
    UnexpectedArgument {
        /// The instruction.
        opcode: Opcode,
    },
    /// The line goes on after the argument.
    #[error(
        "`{opcode}` takes one argument; an instruction has a line of its own, and a comment starts with `#`"
    )]
    ExtraWords {
        /// The instruction.
        opcode: Opcode,
    },
    /// The argument is not a number, or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// No label and no constant has this name.
    #[error("there is no label or constant `{name}`{}", instead(.suggestion))]
    UndefinedName {
        /// The beginning of the name.
        name: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
    },
    /// The name has a meaning already.
    #[error("`{name}` is defined already, on line {line}; give one of the two another name")]
    Redefined {
        /// The beginning of the name.
        name: String,
        /// The line of the other definition, counted from 1.
        line: usize,
    },
    /// The name is the mnemonic of an instruction.
    #[error("`{opcode}` is an instruction, and so no name for a label or a constant")]
    NameIsMnemonic {
        /// The instruction.
        opcode: Opcode,
    },
    /// This is no name.
    #[error(
        "`{name}` is no name: a name has letters, digits and `_`, and does not begin with a digit"
    )]
    MalformedName {
        /// The beginning of what was written.
        name: String,
    },
    /// There is no such directive.
    #[error("there is no directive `{name}`; the only one is `.const`, as in `.const N 10`")]
    UnknownDirective {
        /// The beginning of what was written.
        name: String,
    },
    /// A constant needs a name and a number, and nothing else.
    #[error("a constant has a name and a number, as in `.const N 10`")]
    MalformedConstant,
    /// The argument has to be an address of the program.
    #[error(
        "`{opcode}` goes to an address of the program, and those are 0 to {instructions}, its end"
    )]
    NoAddress {
        /// The instruction.
        opcode: Opcode,
        /// The number of instructions.
        instructions: usize,
    },
    /// The text has more names than are read.
    #[error("a program has at most {MOST_NAMES} labels and constants")]
    TooManyNames,
}

/// The most names that a text may define.
const MOST_NAMES: usize = 1 << 16;

fn instead(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; define a label with `name:`, and a constant with `.const`".into(),
    }
}

/// What to write in place of an unknown mnemonic.
fn advice(suggestion: Option<Opcode>) -> String {
    if let Some(opcode) = suggestion {
        return format!("did you mean `{opcode}`?");
    }
    let known: Vec<_> = Opcode::ALL
        .iter()
        .copied()
        .map(|opcode| format!("`{opcode}`"))
        .collect();
    format!("the instructions are {}", known.join(", "))
}

/// An error in a text, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct AsmError {
    /// What is wrong.
    pub kind: AsmErrorKind,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1. A byte order mark is not a column.
    pub column: usize,
    /// The place in bytes from the start of the text.
    pub span: Range<usize>,
}

impl AsmError {
    /// What to write instead, if that is clear.
    pub fn suggestion(&self) -> Option<&str> {
        match &self.kind {
            AsmErrorKind::UnknownMnemonic { suggestion, .. } => suggestion.map(Opcode::mnemonic),
            AsmErrorKind::UndefinedName { suggestion, .. } => suggestion.as_deref(),
            _ => None,
        }
    }
}

/// The most errors of a text that are looked for: an error takes more room than the line it is in.
const MOST_ERRORS: usize = 1000;

/// The errors of a text, at least one, in the order of their lines: the first of every line that
/// has any. After a thousand, the text is not read on.
///
/// Displayed, it is an error a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmErrors {
    errors: Vec<AsmError>,
}

impl AsmErrors {
    /// The errors.
    pub fn errors(&self) -> &[AsmError] {
        &self.errors
    }
}

impl fmt::Display for AsmErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for AsmErrors {}

/// Reads a program in text form. A byte order mark at its start is skipped.
///
/// ```
/// use halo2_stack_vm::asm::assemble;
/// use halo2_stack_vm::isa::InstructionSet;
/// use halo2_stack_vm::vm;
/// use halo2curves::bn256::Fr;
///
/// let program = assemble::<Fr>("push 3\npush 6\npush 2\nmul\nmul  # 3 * (6 * 2)")?;
/// let outcome = vm::run(&program, None, InstructionSet::SEED)?;
/// assert_eq!(outcome.output, Fr::from(36));
///
/// let errors = assemble::<Fr>("push 3\npsuh 6").unwrap_err();
/// assert_eq!(errors.to_string(), "2:1: there is no instruction `psuh`; did you mean `push`?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`AsmErrors`], with the first error of every line that has one, up to the thousandth.
pub fn assemble<F: Word>(source: &str) -> Result<Program<F>, AsmErrors> {
    Ok(assembled(source, |_| {})?.0)
}

/// Reads a program in text form, and what its names and lines are.
///
/// # Errors
///
/// As [`assemble`].
pub fn assemble_with_symbols<F: Word>(source: &str) -> Result<Assembly<F>, AsmErrors> {
    let mut lines = vec![];
    let (program, names) = assembled(source, |line| lines.push(line))?;
    let mut labels: Vec<_> = names.labels().collect();
    // Those of one address stay in the order of the text.
    labels.sort_by_key(|label| label.address);
    Ok(Assembly {
        program,
        symbols: Symbols { labels, lines },
    })
}

/// A program and what its text says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly<F> {
    /// The program.
    pub program: Program<F>,
    /// Its names and lines.
    pub symbols: Symbols,
}

/// A name for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The name.
    pub name: String,
    /// The address.
    pub address: usize,
}

/// The labels of a program, and the lines of its instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    labels: Vec<Label>,
    lines: Vec<u32>,
}

impl Symbols {
    /// The labels, in the order of their addresses.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The address that a label names.
    pub fn address(&self, name: &str) -> Option<usize> {
        let label = self.labels.iter().find(|label| label.name == name);
        label.map(|label| label.address)
    }

    /// The first label of an address.
    pub fn label_at(&self, address: usize) -> Option<&str> {
        let first = self.labels.partition_point(|own| own.address < address);
        let label = self.labels.get(first)?;
        (label.address == address).then_some(label.name.as_str())
    }

    /// The last label at or before an address: the part of the program that it belongs to.
    pub fn region(&self, address: usize) -> Option<&Label> {
        let after = self.labels.partition_point(|own| own.address <= address);
        let last = self.labels.get(after.checked_sub(1)?)?;
        // Of several labels at one address, the first.
        let first = self
            .labels
            .partition_point(|own| own.address < last.address);
        self.labels.get(first)
    }

    /// The line of the instruction at an address, counted from 1.
    pub fn line(&self, address: usize) -> Option<usize> {
        self.lines.get(address).map(|line| *line as usize)
    }
}

/// Reads a program, and calls a function with the line of each of its instructions.
fn assembled<F: Word>(
    source: &str,
    mut line: impl FnMut(u32),
) -> Result<(Program<F>, Names<'_, F>), AsmErrors> {
    // A program is ten times as large as its text, so that there is no room for one made before it is
    // known that there is one, and how large it is.
    let mut names = Names::default();
    let mut errors = vec![];
    for (place, statement) in statements(source) {
        if let Err((kind, span)) = names.define(&statement, place.line) {
            errors.push(place.error(kind, span));
        }
        names.length += usize::from(statement.is_instruction());
        if errors.len() == MOST_ERRORS {
            break;
        }
    }
    // The errors of a line are one, the first.
    let defined = errors.len();
    for (place, statement) in statements(source) {
        if errors.len() == MOST_ERRORS {
            break;
        }
        let known = errors[..defined].binary_search_by_key(&place.line, |error| error.line);
        if known.is_ok() {
            continue;
        }
        if let Err((kind, span)) = statement.instruction(&names) {
            errors.push(place.error(kind, span));
        }
    }
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.line);
        return Err(AsmErrors { errors });
    }
    let mut instructions = Vec::with_capacity(names.length);
    for (place, statement) in statements(source) {
        if let Ok(Some(instruction)) = statement.instruction(&names) {
            instructions.push(instruction);
            // A text has fewer lines than bytes, and no reader takes more of those.
            line(u32::try_from(place.line).unwrap_or(u32::MAX));
        }
    }
    Ok((Program::from(instructions), names))
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
enum Meaning<F> {
    Address(usize),
    Number(F),
}

/// The names of a text.
#[derive(Debug)]
struct Names<'s, F> {
    /// With the lines on which they are defined.
    meanings: HashMap<&'s str, (Meaning<F>, usize)>,
    /// The number of instructions.
    length: usize,
}

impl<F> Default for Names<'_, F> {
    fn default() -> Self {
        Names {
            meanings: HashMap::new(),
            length: 0,
        }
    }
}

impl<'s, F: Word> Names<'s, F> {
    fn labels(&self) -> impl Iterator<Item = Label> {
        let mut labels: Vec<_> = self
            .meanings
            .iter()
            .filter_map(|(name, (meaning, line))| match meaning {
                Meaning::Address(address) => Some((*line, *name, *address)),
                Meaning::Number(_) => None,
            })
            .collect();
        labels.sort();
        labels.into_iter().map(|(_, name, address)| Label {
            name: name.to_owned(),
            address,
        })
    }

    /// Takes note of what a line defines.
    fn define(&mut self, statement: &Statement<'s>, line: usize) -> Result<(), Complaint> {
        if let Some(label) = &statement.label {
            self.insert(label.clone(), Meaning::Address(self.length), line)?;
        }
        let Some((directive, place)) = statement.directive() else {
            return Ok(());
        };
        if *directive != ".const" {
            let name = excerpt(directive);
            return Err((AsmErrorKind::UnknownDirective { name }, place.clone()));
        }
        let malformed = |place: &Range<usize>| (AsmErrorKind::MalformedConstant, place.clone());
        let name = statement.argument.clone().ok_or(malformed(place))?;
        let (rest, at) = statement.rest.clone().ok_or(malformed(place))?;
        if rest.contains(char::is_whitespace) {
            return Err(malformed(&at));
        }
        let number = match self.constant(rest) {
            Some(number) => number,
            None if is_name_start(rest) => return Err(self.undefined(rest, at)),
            None => parse_word(rest).map_err(|error| (error.into(), at))?,
        };
        self.insert(name, Meaning::Number(number), line)
    }

    fn insert(
        &mut self,
        (name, place): Located<'s>,
        meaning: Meaning<F>,
        line: usize,
    ) -> Result<(), Complaint> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut known = Opcode::ALL.iter().copied();
        let mnemonic = known.find(|own| own.mnemonic().eq_ignore_ascii_case(name));
        let kind = match self.meanings.get(name) {
            _ if !is_name_start(name) || !name.chars().all(is_part) => {
                let name = excerpt(name);
                AsmErrorKind::MalformedName { name }
            }
            Some((_, line)) => AsmErrorKind::Redefined {
                name: excerpt(name),
                line: *line,
            },
            None => match mnemonic {
                Some(opcode) => AsmErrorKind::NameIsMnemonic { opcode },
                None if self.meanings.len() == MOST_NAMES => AsmErrorKind::TooManyNames,
                None => {
                    self.meanings.insert(name, (meaning, line));
                    return Ok(());
                }
            },
        };
        Err((kind, place))
    }

    fn constant(&self, name: &str) -> Option<F> {
        match self.meanings.get(name)?.0 {
            Meaning::Number(number) => Some(number),
            Meaning::Address(_) => None,
        }
    }

    fn undefined(&self, name: &str, place: Range<usize>) -> Complaint {
        let names = self.meanings.keys().copied();
        // A thousand errors compare with a thousand names in a second.
        const MOST_COMPARED: usize = 1000;
        let suggestion = match self.meanings.len() {
            0..=MOST_COMPARED => most_like(name, names.map(|own| (own, own))),
            _ => None,
        };
        let kind = AsmErrorKind::UndefinedName {
            name: excerpt(name),
            suggestion: suggestion.map(str::to_owned),
        };
        (kind, place)
    }

    /// The word that an argument is.
    fn word(&self, opcode: Opcode, (text, place): Located<'s>) -> Result<F, Complaint> {
        let word = match self.meanings.get(text) {
            Some((Meaning::Address(address), _)) => F::constant(*address as u64),
            Some((Meaning::Number(number), _)) => *number,
            None if is_name_start(text) => return Err(self.undefined(text, place)),
            None => parse_word(text).map_err(|error| (error.into(), place.clone()))?,
        };
        let is_address = || word.to_u64().is_some_and(|own| own <= self.length as u64);
        if opcode.takes_address() && !is_address() {
            let kind = AsmErrorKind::NoAddress {
                opcode,
                instructions: self.length,
            };
            return Err((kind, place));
        }
        Ok(word)
    }
}

fn is_name_start(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// What is wrong, and where in its line.
type Complaint = (AsmErrorKind, Range<usize>);

/// A line of a text.
struct Place<'s> {
    text: &'s str,
    /// Where it begins, in bytes.
    start: usize,
    /// Its number, counted from 1.
    line: usize,
}

impl Place<'_> {
    fn error(&self, kind: AsmErrorKind, span: Range<usize>) -> AsmError {
        let before = self
            .text
            .char_indices()
            .take_while(|(at, _)| *at < span.start);
        AsmError {
            kind,
            line: self.line,
            column: before.count() + 1,
            span: self.start + span.start..self.start + span.end,
        }
    }
}

/// The lines of a text that say something.
fn statements(source: &str) -> impl Iterator<Item = (Place<'_>, Statement<'_>)> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let mut next_start = source.len() - text.len();
    text.split('\n')
        .enumerate()
        .filter_map(move |(index, line)| {
            let start = next_start;
            next_start += line.len() + 1;
            // The grammar says so too, but takes thirty times as long to.
            if line.is_empty() || line.starts_with('#') {
                return None;
            }
            // A line without words is no statement.
            let statement = statement.parse_next(&mut LocatingSlice::new(line)).ok()?;
            let place = Place {
                text: line,
                start,
                line: index + 1,
            };
            Some((place, statement))
        })
}

/// A piece of a line and its place there, in bytes.
type Located<'s> = (&'s str, Range<usize>);

/// The words of a line, of which there is at least one.
struct Statement<'s> {
    label: Option<Located<'s>>,
    /// Or a directive.
    mnemonic: Option<Located<'s>>,
    argument: Option<Located<'s>>,
    rest: Option<Located<'s>>,
}

fn statement<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Statement<'s>, EmptyError> {
    seq!(Statement {
        _: blank,
        label: opt(terminated(label, (':', blank))),
        mnemonic: opt(word),
        _: blank,
        argument: opt(word),
        _: blank,
        rest: opt(rest),
    })
    .verify(|own: &Statement<'_>| own.label.is_some() || own.mnemonic.is_some())
    .parse_next(line)
}

fn label<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Located<'s>, EmptyError> {
    take_till(1.., |c: char| c.is_whitespace() || c == '#' || c == ':')
        .with_span()
        .parse_next(line)
}

fn blank<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<&'s str, EmptyError> {
    take_while(0.., char::is_whitespace).parse_next(line)
}

fn word<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Located<'s>, EmptyError> {
    take_till(1.., |c: char| c.is_whitespace() || c == '#')
        .with_span()
        .parse_next(line)
}

/// All that stands before the comment, without the blanks at its end.
fn rest<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Located<'s>, EmptyError> {
    take_till(1.., '#')
        .with_span()
        .map(|(text, place): Located<'s>| {
            let text = text.trim_end();
            (text, place.start..place.start + text.len())
        })
        .parse_next(line)
}

impl<'s> Statement<'s> {
    fn directive(&self) -> Option<&Located<'s>> {
        self.mnemonic
            .as_ref()
            .filter(|(text, _)| text.starts_with('.'))
    }

    fn is_instruction(&self) -> bool {
        self.mnemonic.is_some() && self.directive().is_none()
    }

    /// The instruction of the line, if it has one, or what is wrong with it and where.
    fn instruction<F: Word>(
        &self,
        names: &Names<'s, F>,
    ) -> Result<Option<Instruction<F>>, Complaint> {
        let Some((mnemonic, mnemonic_place)) = self.mnemonic.clone() else {
            return Ok(None);
        };
        if !self.is_instruction() {
            return Ok(None);
        }
        let opcode = match find(mnemonic) {
            Ok(opcode) => opcode,
            Err(kind) => return Err((kind, mnemonic_place)),
        };
        let argument = match (opcode.takes_argument(), self.argument.clone(), &self.rest) {
            (true, Some(argument), rest) => {
                let argument = names.word(opcode, argument)?;
                if let Some((_, place)) = rest {
                    return Err((AsmErrorKind::ExtraWords { opcode }, place.clone()));
                }
                argument
            }
            (true, None, _) => {
                return Err((AsmErrorKind::MissingArgument { opcode }, mnemonic_place));
            }
            (false, Some((_, place)), rest) => {
                let end = rest.as_ref().map_or(place.end, |(_, rest)| rest.end);
                return Err((
                    AsmErrorKind::UnexpectedArgument { opcode },
                    place.start..end,
                ));
            }
            (false, None, _) => F::zero(),
        };
        Ok(Some(Instruction::new(opcode, argument)))
    }
}

/// The instruction with this mnemonic, one that a program may write.
fn find(mnemonic: &str) -> Result<Opcode, AsmErrorKind> {
    if let Some(opcode) = Opcode::from_mnemonic(mnemonic) {
        return Ok(opcode);
    }
    Err(AsmErrorKind::UnknownMnemonic {
        mnemonic: excerpt(mnemonic),
        suggestion: nearest(mnemonic),
    })
}

/// The instruction whose mnemonic is most like this one, if it is like it at all.
fn nearest(mnemonic: &str) -> Option<Opcode> {
    let known = Opcode::ALL.iter().map(|own| (own.mnemonic(), *own));
    most_like(&mnemonic.to_lowercase(), known)
}

/// What has the name that is most like this one, if one is like it at all.
fn most_like<'n, T>(text: &str, names: impl Iterator<Item = (&'n str, T)>) -> Option<T> {
    // Comparing takes quadratic time, and no mnemonic is this long.
    const MOST_BYTES: usize = 64;
    // Of 1: `psuh`, `ad`, `multiply` and `poop` are above it, `sub` and `dup` below.
    const ENOUGH: f64 = 0.75;
    if text.len() > MOST_BYTES {
        return None;
    }
    names
        .filter(|(name, _)| name.len() <= MOST_BYTES)
        .map(|(name, own)| (strsim::jaro_winkler(text, name), name, own))
        .filter(|(likeness, ..)| *likeness > ENOUGH)
        .max_by(|(one, a, _), (other, b, _)| one.total_cmp(other).then(b.cmp(a)))
        .map(|(_, _, own)| own)
}

/// What the text form can't say. [`to_json`] can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisassembleError {
    /// No instruction has this code, so there is no mnemonic to write.
    #[error(
        "instruction {index} (counted from 0) has opcode {opcode}, for which there is no mnemonic; write the program as JSON"
    )]
    UnknownOpcode {
        /// The place of the instruction in the program, counted from 0.
        index: usize,
        /// The code.
        opcode: u64,
    },
    /// The instruction takes no argument, so there is no way to write the one it has.
    #[error(
        "instruction {index} (counted from 0), `{opcode}`, takes no argument but has {argument}; write the program as JSON, or with the argument 0"
    )]
    IgnoredArgument {
        /// The place of the instruction in the program, counted from 0.
        index: usize,
        /// The instruction.
        opcode: Opcode,
        /// Its argument.
        argument: BigUint,
    },
    /// The instruction goes to where the program has no instruction.
    #[error(
        "instruction {index} (counted from 0), `{opcode}`, goes to {address}, which is no address of the program; write the program as JSON"
    )]
    NoAddress {
        /// The place of the instruction in the program, counted from 0.
        index: usize,
        /// The instruction.
        opcode: Opcode,
        /// Its argument.
        address: BigUint,
    },
}

/// Writes a program in text form, such that [`assemble`] gives the same program again.
///
/// Arguments are as [`Word::to_text`] writes them. Addresses that the program goes to have labels, `L` and the
/// address.
///
/// # Errors
///
/// [`DisassembleError`], if the program has an unknown opcode, an argument other than 0 where the
/// instruction takes none, or an address that is none: as text it would be another program.
pub fn disassemble<F: Word>(program: &Program<F>) -> Result<String, DisassembleError> {
    let address = |instruction: &Instruction<F>| {
        let address = instruction.argument.to_u64()?;
        usize::try_from(address)
            .ok()
            .filter(|own| *own <= program.len())
    };
    let mut targets = vec![false; program.len() + 1];
    for instruction in program.instructions() {
        let opcode = Opcode::from_code(instruction.opcode);
        if let Some(target) = opcode
            .filter(|opcode| opcode.takes_address())
            .and_then(|_| address(instruction))
            .and_then(|own| targets.get_mut(own))
        {
            *target = true;
        }
    }
    let mut text = String::new();
    let label = |text: &mut String, index: usize| {
        if targets.get(index).copied().unwrap_or(false) {
            text.push_str(&format!("L{index}:\n"));
        }
    };
    for (index, instruction) in program.instructions().iter().enumerate() {
        let Instruction { opcode, argument } = *instruction;
        let opcode =
            Opcode::from_code(opcode).ok_or(DisassembleError::UnknownOpcode { index, opcode })?;
        label(&mut text, index);
        text.push_str(opcode.mnemonic());
        if opcode.takes_address() {
            let target = address(instruction).ok_or_else(|| DisassembleError::NoAddress {
                index,
                opcode,
                address: argument.to_integer(),
            })?;
            text.push_str(&format!(" L{target}"));
        } else if opcode.takes_argument() {
            text.push(' ');
            text.push_str(&argument.to_text());
        } else if argument != F::zero() {
            return Err(DisassembleError::IgnoredArgument {
                index,
                opcode,
                argument: argument.to_integer(),
            });
        }
        text.push('\n');
    }
    label(&mut text, program.len());
    Ok(text)
}

/// Why a JSON text is not a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProgramError {
    /// The text is not JSON, or nested too deeply to be read.
    #[error("this is not JSON: {message}")]
    Syntax {
        /// What the JSON reader says, line and column included.
        message: String,
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1; 0 where the error is the end of the line before.
        column: usize,
    },
    /// The text is JSON, but not an array.
    #[error(
        "a program is an array, [opcode, argument, opcode, argument, ...], but this is {found}"
    )]
    NotAnArray {
        /// What it is.
        found: String,
    },
    /// The last instruction has no argument.
    #[error(
        "the array has an odd number of elements, {length}; every opcode has an argument after it, 0 if the instruction takes none"
    )]
    OddLength {
        /// The number of elements.
        length: usize,
    },
    /// An element is not what its place asks for.
    #[error("element {index} (counted from 0), an {}: {reason}", role(*.index))]
    Element {
        /// The place of the element, counted from 0.
        index: usize,
        /// What is wrong with it.
        reason: ElementError,
    },
}

/// Opcodes stand at even places, arguments at odd ones.
fn role(index: usize) -> &'static str {
    if index.is_multiple_of(2) {
        "opcode"
    } else {
        "argument"
    }
}

/// What is wrong with an element of a program in JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElementError {
    /// The element is neither a number nor a string.
    #[error(
        "{found} is not an integer; the array is flat, [opcode, argument, opcode, argument, ...]"
    )]
    WrongType {
        /// What it is.
        found: String,
    },
    /// The number is written with a fraction or an exponent.
    #[error("{found} is not an integer; write it without a fraction and without an exponent")]
    NotAnInteger {
        /// The number.
        found: String,
    },
    /// The number has more than 64 bits, so that JSON readers round it.
    #[error(
        "the number is too large for JSON, whose readers round it; write it as a string, in quotes"
    )]
    TooLarge,
    /// An opcode is negative or has more than 64 bits.
    #[error("{found} is not an opcode; opcodes are integers from 0 to {max}", max = u64::MAX)]
    NotAnOpcode {
        /// What it is.
        found: String,
    },
    /// The number is not below the modulus, or the string not a number.
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// Reads a program in JSON form.
///
/// ```
/// use halo2_stack_vm::asm::{assemble, from_json};
/// use halo2curves::bn256::Fr;
///
/// let program = from_json::<Fr>("[1, 3, 1, \"0x6\", 2, 0]")?;
/// assert_eq!(program, assemble("push 3\npush 6\nadd")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`JsonProgramError`], with the first thing that is wrong.
pub fn from_json<F: Word>(text: &str) -> Result<Program<F>, JsonProgramError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let array = json::document(text).map_err(|error| JsonProgramError::Syntax {
        message: error.to_string(),
        line: error.line(),
        column: error.column(),
    })?;
    let Some(length) = array.length() else {
        return Err(JsonProgramError::NotAnArray {
            found: description(array),
        });
    };
    // As for text, there is no room for a program before it is known that there is one.
    json_instructions::<F>(array, length, |_| {})?;
    let mut instructions = Vec::with_capacity(length / 2);
    json_instructions(array, length, |instruction| instructions.push(instruction))?;
    Ok(Program::from(instructions))
}

/// Calls a function with each instruction of an array of so many elements.
fn json_instructions<F: Word>(
    array: Json<'_>,
    length: usize,
    mut f: impl FnMut(Instruction<F>),
) -> Result<(), JsonProgramError> {
    let mut opcode = None;
    let mut index = 0;
    array.for_each(|element| {
        let at = |reason| JsonProgramError::Element { index, reason };
        match opcode.take() {
            None => opcode = Some(json_opcode(element).map_err(at)?),
            Some(opcode) => f(Instruction {
                opcode,
                argument: json_argument(element).map_err(at)?,
            }),
        }
        index += 1;
        Ok(())
    })?;
    match opcode {
        Some(_) => Err(JsonProgramError::OddLength { length }),
        None => Ok(()),
    }
}

fn json_opcode(element: Json<'_>) -> Result<u64, ElementError> {
    // Nearly all of them.
    if let Ok(opcode) = element.text().parse() {
        return Ok(opcode);
    }
    let opcode = match element.kind() {
        Kind::Number => integer(element)?.as_u64(),
        Kind::String => Literal::parse(&string(element)?)?.opcode(),
        _ => return Err(wrong_type(element)),
    };
    opcode.ok_or_else(|| ElementError::NotAnOpcode {
        found: description(element),
    })
}

fn json_argument<F: Word>(element: Json<'_>) -> Result<F, ElementError> {
    // Nearly all of them; what a small field reduces is another number.
    if let Ok(integer) = element.text().parse() {
        let word = F::constant(integer);
        if word.to_u64() == Some(integer) {
            return Ok(word);
        }
    }
    match element.kind() {
        Kind::Number => Ok(parse_word(&integer(element)?.to_string())?),
        Kind::String => Ok(parse_word(&string(element)?)?),
        _ => Err(wrong_type(element)),
    }
}

fn string<'t>(element: Json<'t>) -> Result<Cow<'t, str>, NumberError> {
    element.string().ok_or_else(|| NumberError::Malformed {
        text: excerpt(element.text()),
    })
}

/// A number of at most 64 bits.
fn integer(element: Json<'_>) -> Result<Number, ElementError> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    // What is beyond the range of floats is no `Number`.
    let number = element.number().ok_or(ElementError::TooLarge)?;
    if !number.is_f64() {
        return Ok(number);
    }
    Err(match number.as_f64() {
        Some(float) if float.abs() < TWO_TO_63 => ElementError::NotAnInteger {
            found: format!("`{number}`"),
        },
        _ => ElementError::TooLarge,
    })
}

fn wrong_type(element: Json<'_>) -> ElementError {
    ElementError::WrongType {
        found: description(element),
    }
}

fn description(value: Json<'_>) -> String {
    match value.kind() {
        Kind::Array => "an array".into(),
        Kind::Object => "an object".into(),
        Kind::String => match value.string() {
            Some(text) => format!("`\"{}\"`", excerpt(&text)),
            None => format!("`{}`", excerpt(value.text())),
        },
        Kind::Number => match value.number() {
            Some(number) => format!("`{number}`"),
            None => format!("`{}`", excerpt(value.text())),
        },
        Kind::Other => format!("`{}`", value.text()),
    }
}

/// Writes a program in JSON form, such that [`from_json`] gives the same program again.
///
/// Numbers above 2^53, which some JSON readers round, are strings.
pub fn to_json<F: Word>(program: &Program<F>) -> String {
    let elements = program.instructions().iter().flat_map(|instruction| {
        let argument = match instruction.argument.to_u64() {
            Some(argument) => json_number(argument),
            None => Value::from(instruction.argument.to_integer().to_string()),
        };
        [json_number(instruction.opcode), argument]
    });
    Value::Array(elements.collect()).to_string()
}

fn json_number(number: u64) -> Value {
    const MOST_EXACT: u64 = 1 << 53;
    if number <= MOST_EXACT {
        Value::from(number)
    } else {
        Value::from(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use halo2curves::bn256::Fr;
    use proptest::prelude::*;

    use super::*;
    use crate::algebra::Algebra;

    fn word(value: u64) -> Fr {
        Fr::constant(value)
    }

    fn push(argument: Fr) -> Instruction<Fr> {
        Instruction {
            opcode: 1,
            argument,
        }
    }

    fn plain(opcode: u64) -> Instruction<Fr> {
        Instruction {
            opcode,
            argument: word(0),
        }
    }

    fn assembled(source: &str) -> Vec<Instruction<Fr>> {
        assemble::<Fr>(source).unwrap().instructions().to_vec()
    }

    fn errors(source: &str) -> Vec<AsmError> {
        assemble::<Fr>(source).unwrap_err().errors().to_vec()
    }

    /// The only error of a text, which must be about `piece` of it.
    #[track_caller]
    fn error_at(source: &str, line: usize, column: usize, piece: &str) -> AsmErrorKind {
        let [error]: [AsmError; 1] = errors(source).try_into().unwrap();
        assert_eq!((error.line, error.column), (line, column));
        assert_eq!(&source[error.span], piece);
        error.kind
    }

    fn modulus_plus(difference: i64) -> String {
        (num_bigint::BigInt::from(Fr::modulus()) + difference).to_string()
    }

    #[test]
    fn layout_does_not_matter() {
        let expected = [push(word(3)), push(word(255)), plain(3), plain(0)];
        assert_eq!(assembled("push 3\npush 255\nmul\nnop\n"), expected);
        assert_eq!(
            assembled(
                "\u{feff}# a comment\r\n\r\n\t push\t3# three\r\n  push   0xfF \r\n#\nmul #\n\n nop  "
            ),
            expected
        );
        assert_eq!(assembled(""), []);
        assert_eq!(assembled("\u{feff}"), []);
        assert_eq!(assembled(" \n\t\r\n# nothing"), []);
    }

    #[test]
    fn every_instruction_of_the_table_is_read() {
        for opcode in Opcode::ALL.iter().copied() {
            let (source, argument) = match opcode.takes_argument() {
                true => (format!("{opcode} 1"), word(1)),
                false => (opcode.to_string(), word(0)),
            };
            let expected = Instruction::new(opcode, argument);
            assert_eq!(assembled(&source), [expected]);
        }
    }

    #[test]
    fn numbers_at_the_borders() {
        let parse = parse_word::<Fr>;
        let minus_one = Fr::zero() - word(1);
        assert_eq!(parse("0"), Ok(word(0)));
        assert_eq!(parse("-0"), Ok(word(0)));
        assert_eq!(parse("0x0"), Ok(word(0)));
        assert_eq!(parse("-1"), Ok(minus_one));
        assert_eq!(parse("-0x1"), Ok(minus_one));
        assert_eq!(parse("0xDeadBeef"), Ok(word(0xdead_beef)));
        assert_eq!(parse("18446744073709551615"), Ok(word(u64::MAX)));
        assert_eq!(parse(&modulus_plus(-1)), Ok(minus_one));
        assert_eq!(parse(&format!("-{}", modulus_plus(-1))), Ok(word(1)));
        assert_eq!(parse(&format!("{}5", "0".repeat(1000))), Ok(word(5)));
        assert_eq!(parse(&format!("-0x{}5", "0".repeat(1000))), parse("-5"));
        let hexadecimal = format!("{:#x}", Fr::modulus() - 1u8);
        assert_eq!(parse(&hexadecimal), Ok(minus_one));

        let too_large = [
            modulus_plus(0),
            format!("-{}", modulus_plus(0)),
            modulus_plus(1),
            format!("{:#x}", Fr::modulus()),
            format!("0x{}", "f".repeat(64)),
            format!("0x1{}", "0".repeat(64)),
            "9".repeat(78),
            "9".repeat(79),
        ];
        for text in too_large {
            let error = parse(&text).unwrap_err();
            assert!(
                matches!(&error, NumberError::OutOfRange { modulus, .. } if *modulus == Fr::modulus()),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn what_is_no_number() {
        let texts = [
            "", "-", "--1", "+1", "0x", "-0x", "0X1", "x1", "1_000", "1.5", "1e3", "12a", "0xg",
            "0x-1", " 1", "1 ", "1\n", "١",
        ];
        for text in texts {
            assert_eq!(
                parse_word::<Fr>(text),
                Err(NumberError::Malformed {
                    text: excerpt(text)
                })
            );
        }
    }

    #[test]
    fn unknown_mnemonics() {
        let kind = error_at("push 3\n# ü\n  ü\n", 3, 3, "ü");
        let shown = kind.to_string();
        let start = "there is no instruction `ü`; the instructions are `nop`, `push`, `add`, ";
        assert!(shown.starts_with(start), "{shown}");
        let shown = assemble::<Fr>("\n\n    psuh 4").unwrap_err().to_string();
        assert_eq!(
            shown,
            "3:5: there is no instruction `psuh`; did you mean `push`?"
        );
    }

    #[test]
    fn suggestions() {
        let suggested = [
            ("psuh", Some("push")),
            ("PUSH", Some("push")),
            ("Push3", Some("push")),
            ("ad", Some("add")),
            ("mull", Some("mul")),
            ("poop", Some("pop")),
            ("nope", Some("nop")),
            ("substract", Some("sub")),
            ("jumpe", Some("jump")),
            ("//", None),
            ("3", None),
        ];
        for (written, suggestion) in suggested {
            let found = errors(written);
            assert_eq!(found[0].suggestion(), suggestion, "{written}");
        }
        assert_eq!(errors("push")[0].suggestion(), None);
        assert_eq!(nearest(&"push".repeat(17)), None);
    }

    #[test]
    fn labels_name_addresses() {
        let source = "start: push 2\nloop:\n  addi -1 # one less\nx:\ny:dup\njnz loop\njump end\ncall start\nend:";
        let Assembly { program, symbols } = assemble_with_symbols::<Fr>(source).unwrap();
        let arguments: Vec<_> = program
            .instructions()
            .iter()
            .map(|own| own.argument)
            .collect();
        let minus_one = Fr::zero() - word(1);
        let expected = [word(2), minus_one, word(0), word(1), word(6), word(0)];
        assert_eq!(arguments, expected);
        let labels = [("start", 0), ("loop", 1), ("x", 2), ("y", 2), ("end", 6)];
        let found: Vec<_> = symbols
            .labels()
            .iter()
            .map(|own| (own.name.as_str(), own.address))
            .collect();
        assert_eq!(found, labels);
        for (name, address) in labels {
            assert_eq!(symbols.address(name), Some(address));
        }
        assert_eq!(symbols.label_at(2), Some("x"));
        assert_eq!(symbols.label_at(3), None);
        assert_eq!(symbols.region(5).map(|own| own.name.as_str()), Some("x"));
        assert_eq!(symbols.line(1), Some(3));
        assert_eq!(symbols.line(2), Some(5));
        assert_eq!(symbols.line(6), None);
        assert_eq!(assemble(source), Ok(program));
    }

    #[test]
    fn constants_are_numbers() {
        let source = "push N\n.const M 0x10\n.const N M # as many\naddi M\n.const MINUS -3\nmuli MINUS\nassert_eq M";
        let arguments: Vec<_> = assembled(source).iter().map(|own| own.argument).collect();
        assert_eq!(
            arguments,
            [word(16), word(16), Fr::zero() - word(3), word(16)]
        );
        // An address is a number too, and a number may be an address.
        let source = ".const END 2\njump END\npush there\nthere:";
        let arguments: Vec<_> = assembled(source).iter().map(|own| own.argument).collect();
        assert_eq!(arguments, [word(2), word(2)]);
    }

    #[test]
    fn wrong_names() {
        let undefined = |name: &str, suggestion: Option<&str>| AsmErrorKind::UndefinedName {
            name: name.into(),
            suggestion: suggestion.map(str::to_owned),
        };
        let expected = [
            (
                "jump lop\nloop:",
                1,
                6,
                "lop",
                undefined("lop", Some("loop")),
            ),
            ("push N", 1, 6, "N", undefined("N", None)),
            (".const N M", 1, 10, "M", undefined("M", None)),
            (
                "a:\nnop\n.const a 3",
                3,
                8,
                "a",
                AsmErrorKind::Redefined {
                    name: "a".into(),
                    line: 1,
                },
            ),
            (
                "nop\nPush: nop",
                2,
                1,
                "Push",
                AsmErrorKind::NameIsMnemonic {
                    opcode: Opcode::Push,
                },
            ),
            (
                "2a: nop",
                1,
                1,
                "2a",
                AsmErrorKind::MalformedName { name: "2a".into() },
            ),
            (
                "ü: nop",
                1,
                1,
                "ü",
                AsmErrorKind::MalformedName { name: "ü".into() },
            ),
            (
                "nop\n .konst N 3",
                2,
                2,
                ".konst",
                AsmErrorKind::UnknownDirective {
                    name: ".konst".into(),
                },
            ),
            (".const", 1, 1, ".const", AsmErrorKind::MalformedConstant),
            (".const N", 1, 1, ".const", AsmErrorKind::MalformedConstant),
            (
                ".const N 3 4",
                1,
                10,
                "3 4",
                AsmErrorKind::MalformedConstant,
            ),
            (
                "jump 2",
                1,
                6,
                "2",
                AsmErrorKind::NoAddress {
                    opcode: Opcode::Jump,
                    instructions: 1,
                },
            ),
        ];
        for (source, line, column, piece, kind) in expected {
            assert_eq!(error_at(source, line, column, piece), kind, "{source}");
        }
        assert_eq!(errors("jump lop\nloop:")[0].suggestion(), Some("loop"));
        let many: String = (0..=MOST_NAMES).map(|i| format!("n{i}:\n")).collect();
        assert_eq!(errors(&many)[0].kind, AsmErrorKind::TooManyNames);
        // One error a line, and in the order of the lines.
        let found = errors("jump x\n1: jump y\npush z z\n.const\nhalt 3");
        let places: Vec<_> = found.iter().map(|own| (own.line, own.column)).collect();
        assert_eq!(places, [(1, 6), (2, 1), (3, 6), (4, 1), (5, 6)]);
    }

    #[test]
    fn what_is_gone_to_has_a_label() {
        let source = "nop\nL1:\njz L3\njump L1\nL3:\n";
        let program = assemble::<Fr>(source).unwrap();
        assert_eq!(disassemble(&program).unwrap(), source);
        let outside = Program::from(vec![Instruction::new(Opcode::Call, word(2))]);
        assert_eq!(
            disassemble(&outside),
            Err(DisassembleError::NoAddress {
                index: 0,
                opcode: Opcode::Call,
                address: 2u8.into()
            })
        );
    }

    #[test]
    fn missing_arguments() {
        let expected = AsmErrorKind::MissingArgument {
            opcode: Opcode::Push,
        };
        assert_eq!(error_at("nop\n\tpush # 3", 2, 2, "push"), expected);
        assert_eq!(error_at("push\r\nnop", 1, 1, "push"), expected);
    }

    #[test]
    fn arguments_that_are_not_taken() {
        let expected = AsmErrorKind::UnexpectedArgument {
            opcode: Opcode::Add,
        };
        assert_eq!(error_at("add 5 # five", 1, 5, "5"), expected);
        assert_eq!(error_at("add  5 push\t6 \r\n", 1, 6, "5 push\t6"), expected);
    }

    #[test]
    fn extra_words() {
        let expected = AsmErrorKind::ExtraWords {
            opcode: Opcode::Push,
        };
        assert_eq!(error_at("push 5 ; five", 1, 8, "; five"), expected);
        assert_eq!(error_at("\u{feff}push 5 6  # 7", 1, 8, "6"), expected);
    }

    #[test]
    fn wrong_numbers() {
        assert_eq!(
            error_at("\u{a0}push\u{a0}ü7 8", 1, 7, "ü7"),
            AsmErrorKind::Number(NumberError::Malformed { text: "ü7".into() })
        );
        let modulus = modulus_plus(0);
        let kind = error_at(
            &format!("nop\npush -{modulus} # p"),
            2,
            6,
            &format!("-{modulus}"),
        );
        assert!(matches!(
            kind,
            AsmErrorKind::Number(NumberError::OutOfRange { .. })
        ));
    }

    #[test]
    fn every_line_with_an_error_is_reported() {
        let found = errors("psuh 1\npush 1\npush x\r\nadd 1\nadd\nhalt 1");
        let places: Vec<_> = found.iter().map(|e| (e.line, e.column)).collect();
        assert_eq!(places, [(1, 1), (3, 6), (4, 5), (6, 6)]);
        let shown = assemble::<Fr>("psuh 1\nhalt 1").unwrap_err().to_string();
        assert_eq!(shown.lines().count(), 2);
    }

    #[test]
    fn what_is_too_long_is_refused_quickly_and_briefly() {
        let long = 10_000_000;
        let sources = [
            format!("push {}", "9".repeat(long)),
            format!("push -0x{}", "f".repeat(long)),
            format!("push {}x", "0".repeat(long)),
            "p".repeat(long),
            "push 1 ".repeat(long / 7),
        ];
        let start = Instant::now();
        for source in sources {
            let shown = assemble::<Fr>(&source).unwrap_err().to_string();
            assert!(shown.chars().count() < 500, "{shown}");
        }
        let number = "9".repeat(long);
        assert!(from_json::<Fr>(&format!("[1, {number}]")).is_err());
        assert!(from_json::<Fr>(&format!("[1, \"{number}\"]")).is_err());
        assert!(from_json::<Fr>(&format!("[\"{number}\", 1]")).is_err());
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn errors_show_no_control_characters() {
        for source in ["\u{1b}[2Jx", "push \u{1b}]0;x\u{7}", "a\u{202e}b"] {
            let shown = assemble::<Fr>(source).unwrap_err().to_string();
            assert!(shown.chars().all(|c| !c.is_control() && c != '\u{202e}'));
        }
        assert_eq!(excerpt("it's \"\\\n"), "it's \"\\\\n");
    }

    #[test]
    fn disassembly_is_readable() {
        let minus = |value| Fr::zero() - word(value);
        let program = Program::from(vec![
            push(word(3)),
            push(minus(1)),
            push(minus(1_000_000)),
            push(minus(1_000_001)),
            push(word(0)),
            plain(2),
        ]);
        assert_eq!(
            disassemble(&program).unwrap(),
            format!(
                "push 3\npush -1\npush -1000000\npush {}\npush 0\nadd\n",
                modulus_plus(-1_000_001)
            )
        );
    }

    #[test]
    fn disassembly_loses_nothing_silently() {
        let unknown = Program::from(vec![plain(0), plain(99)]);
        assert_eq!(
            disassemble(&unknown),
            Err(DisassembleError::UnknownOpcode {
                index: 1,
                opcode: 99
            })
        );
        let ignored = Program::from(vec![Instruction {
            opcode: 2,
            argument: word(7),
        }]);
        assert_eq!(
            disassemble(&ignored),
            Err(DisassembleError::IgnoredArgument {
                index: 0,
                opcode: Opcode::Add,
                argument: 7u8.into()
            })
        );
        for program in [unknown, ignored] {
            assert_eq!(from_json(&to_json(&program)), Ok(program));
        }
    }

    #[test]
    fn json_is_flat() {
        let example = "[1,3,1,6,1,2,3,0,3,0]";
        let program = from_json::<Fr>(example).unwrap();
        assert_eq!(
            program.instructions(),
            assembled("push 3\npush 6\npush 2\nmul\nmul")
        );
        assert_eq!(to_json(&program), example);
        assert_eq!(from_json::<Fr>("\u{feff} [ ] \n"), Ok(Program::default()));
        assert_eq!(to_json(&Program::<Fr>::default()), "[]");
    }

    #[test]
    fn json_numbers() {
        let source = format!(
            "[1, -5, \"1\", \"-5\", \"0x1\", \"-0x5\", 1, 18446744073709551615, 18446744073709551615, -9223372036854775808, 1, \"{}\"]",
            modulus_plus(-1)
        );
        let minus = |value| Fr::zero() - word(value);
        let expected = [
            push(minus(5)),
            push(minus(5)),
            push(minus(5)),
            push(word(u64::MAX)),
            Instruction {
                opcode: u64::MAX,
                argument: minus(1 << 63),
            },
            push(minus(1)),
        ];
        assert_eq!(from_json::<Fr>(&source).unwrap().instructions(), expected);
        let limit = 1 << 53;
        assert_eq!(
            to_json(&Program::from(vec![
                push(word(limit)),
                Instruction {
                    opcode: limit + 1,
                    argument: minus(1)
                }
            ])),
            format!(
                "[1,9007199254740992,\"9007199254740993\",\"{}\"]",
                modulus_plus(-1)
            )
        );
    }

    #[test]
    fn json_errors_name_the_element() {
        let expected = [
            (
                "{}",
                "a program is an array, [opcode, argument, opcode, argument, ...], but this is an object",
            ),
            (
                "3",
                "a program is an array, [opcode, argument, opcode, argument, ...], but this is `3`",
            ),
            (
                "[1, 2, 0]",
                "the array has an odd number of elements, 3; every opcode has an argument after it, 0 if the instruction takes none",
            ),
            (
                "[[1, 2]]",
                "element 0 (counted from 0), an opcode: an array is not an integer; the array is flat, [opcode, argument, opcode, argument, ...]",
            ),
            (
                "[1, 2, 1, null]",
                "element 3 (counted from 0), an argument: `null` is not an integer; the array is flat, [opcode, argument, opcode, argument, ...]",
            ),
            (
                "[1, 2.5]",
                "element 1 (counted from 0), an argument: `2.5` is not an integer; write it without a fraction and without an exponent",
            ),
            (
                "[1.0, 2]",
                "element 0 (counted from 0), an opcode: `1.0` is not an integer; write it without a fraction and without an exponent",
            ),
            (
                "[1, 18446744073709551616]",
                "element 1 (counted from 0), an argument: the number is too large for JSON, whose readers round it; write it as a string, in quotes",
            ),
            (
                "[-1, 0]",
                "element 0 (counted from 0), an opcode: `-1` is not an opcode; opcodes are integers from 0 to 18446744073709551615",
            ),
            (
                "[\"18446744073709551616\", 0]",
                "element 0 (counted from 0), an opcode: `\"18446744073709551616\"` is not an opcode; opcodes are integers from 0 to 18446744073709551615",
            ),
            (
                "[\"push\", 3]",
                "element 0 (counted from 0), an opcode: `push` is not a number; write decimal digits, or `0x` and hexadecimal digits, with `-` before them for a negative",
            ),
            (
                "[1, 3,\n1 6]",
                "this is not JSON: expected `,` or `]` at line 2 column 3",
            ),
        ];
        for (text, message) in expected {
            assert_eq!(from_json::<Fr>(text).unwrap_err().to_string(), message);
        }
        let too_large = format!("[1, \"{}\"]", modulus_plus(0));
        assert!(matches!(
            from_json::<Fr>(&too_large),
            Err(JsonProgramError::Element {
                index: 1,
                reason: ElementError::Number(NumberError::OutOfRange { .. })
            })
        ));
        assert!(matches!(
            from_json::<Fr>(""),
            Err(JsonProgramError::Syntax {
                line: 1,
                column: 0,
                ..
            })
        ));
    }

    #[test]
    fn deep_json_is_refused() {
        for opening in ["[", "{\"a\":"] {
            let deep = opening.repeat(1_000_000);
            assert!(matches!(
                from_json::<Fr>(&deep),
                Err(JsonProgramError::Syntax { .. })
            ));
        }
    }

    /// Any word, those at the borders more often than chance would have it.
    fn any_word() -> impl Strategy<Value = Fr> {
        let wide = any::<[u64; 4]>().prop_map(|limbs| {
            limbs.into_iter().fold(word(0), |sum, limb| {
                sum * (word(u64::MAX) + word(1)) + word(limb)
            })
        });
        let near = |distance: u64| {
            prop_oneof![
                (0..=distance).prop_map(word),
                (0..=distance).prop_map(|value| Fr::zero() - word(value)),
            ]
        };
        prop_oneof![wide, near(3), near(2_000_000), any::<u64>().prop_map(word)]
    }

    fn any_opcode() -> impl Strategy<Value = Opcode> {
        prop::sample::select(Opcode::ALL.to_vec())
    }

    /// Programs that have a text form.
    fn plain_program() -> impl Strategy<Value = Program<Fr>> {
        let instruction = (any_opcode(), any_word(), any::<u64>());
        prop::collection::vec(instruction, 0..40).prop_map(|instructions| {
            let addresses = instructions.len() as u64 + 1;
            let instruction = |(opcode, argument, address): (Opcode, Fr, u64)| {
                let argument = match (opcode.takes_address(), opcode.takes_argument()) {
                    (true, _) => word(address % addresses),
                    (false, true) => argument,
                    (false, false) => word(0),
                };
                Instruction::new(opcode, argument)
            };
            instructions.into_iter().map(instruction).collect()
        })
    }

    fn any_program() -> impl Strategy<Value = Program<Fr>> {
        let opcode = prop_oneof![0..8u64, any::<u64>()];
        let instruction =
            (opcode, any_word()).prop_map(|(opcode, argument)| Instruction { opcode, argument });
        prop::collection::vec(instruction, 0..40).prop_map(Program::from)
    }

    /// What the assembler promises for any text.
    fn check_any_text(text: &str) {
        let _ = parse_word::<Fr>(text);
        if let Ok(program) = from_json::<Fr>(text) {
            assert_eq!(from_json(&to_json(&program)), Ok(program));
        }
        match assemble::<Fr>(text) {
            Ok(program) => assert_eq!(assemble(&disassemble(&program).unwrap()), Ok(program)),
            Err(errors) => {
                assert!(!errors.errors().is_empty());
                for error in errors.errors() {
                    assert!(!text[error.span.clone()].is_empty());
                    let before = &text[..error.span.start];
                    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
                    let line = before.rsplit('\n').next().unwrap();
                    assert_eq!(error.line, before.matches('\n').count() + 1);
                    assert_eq!(error.column, line.chars().count() + 1);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(program in plain_program()) {
            let text = disassemble(&program).unwrap();
            prop_assert_eq!(assemble(&text), Ok(program));
        }

        #[test]
        fn json_round_trips(program in any_program()) {
            prop_assert_eq!(from_json(&to_json(&program)), Ok(program));
        }

        #[test]
        fn words_round_trip(word in any_word()) {
            let integer = word.to_integer();
            prop_assert_eq!(parse_word(&integer.to_string()), Ok(word));
            prop_assert_eq!(parse_word(&format!("{integer:#x}")), Ok(word));
            prop_assert_eq!(parse_word(&format!("-{integer}")), Ok(Fr::zero() - word));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            check_any_text(&text);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            check_any_text(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn text_like_a_program_is_read_or_refused(text in "(push|psuh|add|halt|jump|[ab_]|a:|\\\\.const|-?(0x)?[0-9]{1,80}|[ü#:.\t\r\n \u{2028}]){0,30}") {
            check_any_text(&text);
        }

        #[test]
        fn text_like_json_is_read_or_refused(text in r#"\[([\]\[{}:,"]|-?[0-9]{1,25}|[0-9.eE]|null){0,20}\]"#) {
            check_any_text(&text);
        }
    }
}
