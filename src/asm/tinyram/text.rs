//! The text of a program of TinyRAM, as instructions.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::error::{AsmError, AsmErrorKind, AsmErrors};
use super::super::limits::{
    LONGEST_NAME, MOST_ERRORS, MOST_INSTRUCTIONS, MOST_LABELS, MOST_REGISTERS,
};
use super::super::suggest::most_like;
use super::super::symbols::Label;
use super::super::text::{Complaint, Located, error, without_mark};
use crate::text::{excerpt, located_lines};

/// What an operation does: the 29 of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    And,
    Or,
    Xor,
    Not,
    Add,
    Sub,
    Mull,
    Umulh,
    Smulh,
    Udiv,
    Umod,
    Shl,
    Shr,
    Cmpe,
    Cmpa,
    Cmpae,
    Cmpg,
    Cmpge,
    Mov,
    Cmov,
    Jmp,
    Cjmp,
    Cnjmp,
    StoreB,
    LoadB,
    StoreW,
    LoadW,
    Read,
    Answer,
}

/// The operands of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operands {
    /// A register that is written, one that is read, and a value.
    Three,
    /// A register and a value.
    Two,
    /// A value and a register.
    Reversed,
    /// A value.
    One,
}

use Operands::{One, Reversed, Three, Two};

/// The operations by name.
const OPERATIONS: [(&str, Operation, Operands); 29] = [
    ("and", Operation::And, Three),
    ("or", Operation::Or, Three),
    ("xor", Operation::Xor, Three),
    ("not", Operation::Not, Two),
    ("add", Operation::Add, Three),
    ("sub", Operation::Sub, Three),
    ("mull", Operation::Mull, Three),
    ("umulh", Operation::Umulh, Three),
    ("smulh", Operation::Smulh, Three),
    ("udiv", Operation::Udiv, Three),
    ("umod", Operation::Umod, Three),
    ("shl", Operation::Shl, Three),
    ("shr", Operation::Shr, Three),
    ("cmpe", Operation::Cmpe, Two),
    ("cmpa", Operation::Cmpa, Two),
    ("cmpae", Operation::Cmpae, Two),
    ("cmpg", Operation::Cmpg, Two),
    ("cmpge", Operation::Cmpge, Two),
    ("mov", Operation::Mov, Two),
    ("cmov", Operation::Cmov, Two),
    ("jmp", Operation::Jmp, One),
    ("cjmp", Operation::Cjmp, One),
    ("cnjmp", Operation::Cnjmp, One),
    ("store.b", Operation::StoreB, Reversed),
    ("load.b", Operation::LoadB, Two),
    ("store.w", Operation::StoreW, Reversed),
    ("load.w", Operation::LoadW, Two),
    ("read", Operation::Read, Two),
    ("answer", Operation::Answer, One),
];

/// A register or a word: the operand that the specification calls A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Register(u64),
    Word(u64),
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub operation: Operation,
    /// The register that is written, or whose word is compared or stored; 0 if there is none.
    pub register: u64,
    /// The register whose word is the left operand; 0 if there is none.
    pub left: u64,
    pub value: Value,
    /// Where a jump goes, if that is known: the number of an instruction.
    pub target: Option<usize>,
    /// The number of the line, counted from 1.
    pub line: usize,
}

/// A program.
#[derive(Debug)]
pub(super) struct Source {
    /// The bits of a word.
    pub bits: u32,
    /// The number of registers.
    pub registers: u64,
    /// How far apart the addresses of instructions are.
    pub stride: u64,
    pub instructions: Vec<Instruction>,
    /// In the order of the instructions before which they stand.
    pub labels: Vec<Label>,
}

/// How the first line begins.
const HEADER: &str = "; TinyRAM";

/// Whether a text begins as a program of TinyRAM does.
pub(super) fn is_header(source: &str) -> bool {
    without_mark(source).starts_with(HEADER)
}

/// A line without its comment, in pieces: a label, what is executed, and its operands.
struct Line<'s> {
    number: usize,
    label: Option<Located<'s>>,
    operation: Option<Located<'s>>,
    operands: Vec<Located<'s>>,
}

/// The most operands that are looked at: one more than an operation has.
const MOST_OPERANDS: usize = 4;

/// A piece of a text without the blanks around it.
fn trimmed(text: &str, start: usize) -> Located<'_> {
    let begin = start + text.len() - text.trim_start().len();
    let text = text.trim();
    (text, begin..begin + text.len())
}

impl<'s> Line<'s> {
    /// A line that says something.
    fn of(number: usize, start: usize, line: &'s str) -> Option<Self> {
        let code = line.split(';').next().unwrap_or_default();
        let (label, code, start) = match code.split_once(':') {
            Some((label, rest)) => {
                let after = start + label.len() + 1;
                (Some(trimmed(label, start)), rest, after)
            }
            None => (None, code, start),
        };
        let (code, place) = trimmed(code, start);
        let end = code.find(char::is_whitespace).unwrap_or(code.len());
        let (name, rest) = code.split_at(end);
        let operation = (!name.is_empty()).then(|| (name, place.start..place.start + end));
        let mut at = place.start + end;
        let operands = rest.split(',').map(|operand| {
            let own = trimmed(operand, at);
            at += operand.len() + 1;
            own
        });
        let operands = match rest.is_empty() {
            true => vec![],
            false => operands.take(MOST_OPERANDS).collect(),
        };
        let says = label.is_some() || operation.is_some();
        says.then_some(Line {
            number,
            label,
            operation,
            operands,
        })
    }
}

/// Reads a program.
pub(super) fn parse(source: &str) -> Result<Source, AsmErrors> {
    let text = without_mark(source);
    let mark = source.len() - text.len();
    let located = || located_lines(text).map(|(start, line)| (mark + start, line));
    let refused = |line, complaint| AsmErrors::new(vec![error(source, line, complaint)]);
    let header = located().next().ok_or((AsmErrorKind::TinyRamHeader, 0..0));
    let header = header.and_then(|(start, line)| read_header(start, line));
    let mut program = header.map_err(|complaint| refused(1, complaint))?;
    let lines = || {
        let lines = located().enumerate().skip(1);
        lines.filter_map(|(i, (start, line))| Line::of(i + 1, start, line))
    };
    let mut errors: Vec<AsmError> = vec![];
    let mut labels: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut length = 0;
    for line in lines() {
        if let Some(label) = &line.label {
            let known = labels.get(label.0).map(|(_, line)| *line);
            match checked_label(label, known, labels.len()) {
                Ok(name) => {
                    labels.insert(name, (length, line.number));
                    program.labels.push(Label {
                        name: name.to_owned(),
                        address: length,
                    });
                }
                Err(complaint) => errors.push(error(source, line.number, complaint)),
            }
        }
        length += usize::from(line.operation.is_some());
        if length > MOST_INSTRUCTIONS {
            let place = line.operation.map_or(0..0, |(_, place)| place);
            errors.push(error(
                source,
                line.number,
                (AsmErrorKind::TinyRamLength, place),
            ));
            return Err(AsmErrors::new(errors));
        }
        if errors.len() >= MOST_ERRORS {
            return Err(AsmErrors::new(errors));
        }
    }
    let address = |name: &str| labels.get(name).map(|(number, _)| *number);
    program.instructions.reserve(length);
    for line in lines() {
        match instruction(&line, &program, length, address) {
            Ok(instruction) => program.instructions.extend(instruction),
            Err(mut complaint) => {
                if let AsmErrorKind::TinyRamUndefined { name, suggestion } = &mut complaint.0 {
                    let known = labels.keys().take(MOST_ERRORS).map(|own| (*own, *own));
                    *suggestion = most_like(name, known).map(str::to_owned);
                }
                errors.push(error(source, line.number, complaint));
            }
        }
        if errors.len() >= MOST_ERRORS {
            break;
        }
    }
    match errors.is_empty() {
        true => Ok(program),
        false => Err(AsmErrors::new(errors)),
    }
}

/// Reads the first line.
fn read_header(start: usize, line: &str) -> Result<Source, Complaint> {
    let place = || start..start + line.len();
    let refused = || (AsmErrorKind::TinyRamHeader, place());
    let rest = line.strip_prefix(HEADER).ok_or_else(refused)?;
    let mut fields = BTreeMap::new();
    // One more than there are.
    for field in rest.split_whitespace().take(5) {
        let (name, value) = field.split_once('=').ok_or_else(refused)?;
        fields.insert(name, value);
    }
    let number = |name: &str| decimal(fields.get(name)?);
    let bits = match number("W") {
        Some(16) => 16,
        Some(32) => 32,
        _ => return Err(refused()),
    };
    let stride = match fields.get("M") {
        Some(&"hv") => 1,
        Some(&"vn") => u64::from(2 * bits / 8),
        _ => return Err(refused()),
    };
    let registers = number("K").filter(|own| (1..=MOST_REGISTERS).contains(own));
    match (fields.get("V"), registers, fields.len()) {
        (Some(&"2.000"), Some(registers), 4) => Ok(Source {
            bits,
            registers,
            stride,
            instructions: vec![],
            labels: vec![],
        }),
        _ => Err(refused()),
    }
}

fn checked_label<'s>(
    (name, place): &Located<'s>,
    known: Option<usize>,
    labels: usize,
) -> Result<&'s str, Complaint> {
    let rest = name.strip_prefix('_').unwrap_or_default();
    let is_name = !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    let kind = match known {
        _ if !is_name || name.len() > LONGEST_NAME => AsmErrorKind::TinyRamLabel {
            name: excerpt(name),
        },
        Some(line) => AsmErrorKind::Redefined {
            name: excerpt(name),
            line,
        },
        None if labels == MOST_LABELS => AsmErrorKind::TooManyNames,
        None => return Ok(name),
    };
    Err((kind, place.clone()))
}

/// The instruction of a line, if it has one.
fn instruction<'s>(
    line: &Line<'s>,
    program: &Source,
    length: usize,
    address: impl Fn(&str) -> Option<usize>,
) -> Result<Option<Instruction>, Complaint> {
    let Some((name, place)) = &line.operation else {
        return Ok(None);
    };
    let found = OPERATIONS.iter().find(|(own, ..)| own == name);
    let Some((name, operation, operands)) = found else {
        let names = OPERATIONS.iter().map(|(own, ..)| (*own, *own));
        let kind = AsmErrorKind::TinyRamOperation {
            name: excerpt(name),
            suggestion: most_like(name, names),
        };
        return Err((kind, place.clone()));
    };
    let form = match operands {
        Three => "ri, rj, A",
        Two => "ri, A",
        Reversed => "A, ri",
        One => "A",
    };
    let wrong = |place: Range<usize>| {
        let kind = AsmErrorKind::TinyRamOperands {
            operation: name,
            form,
        };
        (kind, place)
    };
    let register = |own: Option<&Located<'s>>| {
        let (text, span) = own.ok_or_else(|| wrong(place.clone()))?;
        match read_register(text, program) {
            Some(number) => number.map_err(|kind| (kind, span.clone())),
            None => Err(wrong(span.clone())),
        }
    };
    let value = |own: Option<&Located<'s>>| {
        let (text, span) = own.ok_or_else(|| wrong(place.clone()))?;
        let value = match read_register(text, program) {
            Some(number) => number.map(Value::Register),
            None if text.starts_with('_') => match address(text) {
                Some(number) => checked_word(number as u64 * program.stride, program),
                None => Err(AsmErrorKind::TinyRamUndefined {
                    name: excerpt(text),
                    suggestion: None,
                }),
            },
            None => match read_number(text) {
                Some(word) => checked_word(word, program),
                None => return Err(wrong(span.clone())),
            },
        };
        value.map_err(|kind| (kind, span.clone()))
    };
    let given = |place: usize| line.operands.get(place);
    let (register, left, value, at) = match operands {
        Three => (
            register(given(0))?,
            register(given(1))?,
            value(given(2))?,
            2,
        ),
        Two => (register(given(0))?, 0, value(given(1))?, 1),
        Reversed => {
            let value = value(given(0))?;
            (register(given(1))?, 0, value, 1)
        }
        One => (0, 0, value(given(0))?, 0),
    };
    if let Some((_, span)) = given(at + 1) {
        return Err(wrong(span.clone()));
    }
    let jumps = matches!(
        operation,
        Operation::Jmp | Operation::Cjmp | Operation::Cnjmp
    );
    let target = match value {
        Value::Word(word) if jumps => {
            let number = usize::try_from(word / program.stride).ok();
            let number = number.filter(|own| *own < length && word % program.stride == 0);
            let span = given(0).map_or(place.clone(), |(_, span)| span.clone());
            Some(number.ok_or((AsmErrorKind::TinyRamTarget, span))?)
        }
        _ => None,
    };
    Ok(Some(Instruction {
        operation: *operation,
        register,
        left,
        value,
        target,
        line: line.number,
    }))
}

/// The register that a piece names, or what is wrong with it; `None` if it names none.
fn read_register(text: &str, program: &Source) -> Option<Result<u64, AsmErrorKind>> {
    let number = decimal(text.strip_prefix('r')?)?;
    let registers = program.registers;
    Some(match number < registers {
        true => Ok(number),
        false => Err(AsmErrorKind::TinyRamRegister { registers }),
    })
}

/// A word, if it has no more bits than there are.
fn checked_word(word: u64, program: &Source) -> Result<Value, AsmErrorKind> {
    match word >> program.bits {
        0 => Ok(Value::Word(word)),
        _ => Err(AsmErrorKind::TinyRamWord { bits: program.bits }),
    }
}

/// A number; of those that are too large for any word, one that is.
fn read_number(text: &str) -> Option<u64> {
    let digit = |c: char| c.is_ascii_hexdigit();
    match text.strip_prefix("0x") {
        Some(digits) if !digits.is_empty() && digits.chars().all(digit) => {
            Some(u64::from_str_radix(digits, 16).unwrap_or(u64::MAX))
        }
        _ => decimal(text),
    }
}

fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}
