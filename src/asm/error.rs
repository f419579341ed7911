//! What is wrong with a text.

use std::fmt;
use std::ops::Range;

use super::limits::{
    LONGEST_MESSAGE, LONGEST_NAME, MOST_CONSTANTS, MOST_INSTRUCTIONS, MOST_LABELS, MOST_NESTED,
    MOST_REGISTERS,
};
use super::number::NumberError;
use crate::isa::Opcode;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AsmErrorKind {
    /// No instruction has this mnemonic.
    #[error("there is no instruction `{mnemonic}`; {}", advice(*.suggestion))]
    UnknownMnemonic {
        /// The beginning of what was written.
        mnemonic: String,
        /// The one that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A line that another one would be shown over.
    #[error(
        "this line ends with a carriage return alone, and others with a line feed: a terminal shows the next line over it; \
         end all lines alike"
    )]
    MixedLineEnds,
    /// A character that is not seen, and changes how others are shown.
    #[error("the character U+{:04X} changes what is shown of the text around it; leave it out", u32::from(*.character))]
    HidesText {
        /// The character.
        character: char,
    },
    /// The argument is missing.
    #[error("`{mnemonic}` takes an argument; write a number after it, like `{mnemonic} 3`")]
    MissingArgument {
        /// What stands at the start of the line.
        mnemonic: &'static str,
    },
    /// The instruction takes no argument.
    #[error(
        "`{mnemonic}` takes no argument; an instruction has a line of its own, and a comment starts with `#`"
    )]
    UnexpectedArgument {
        /// What stands at the start of the line.
        mnemonic: &'static str,
    },
    /// The line goes on after the argument.
    #[error(
        "`{mnemonic}` takes one argument; an instruction has a line of its own, and a comment starts with `#`"
    )]
    ExtraWords {
        /// What stands at the start of the line.
        mnemonic: &'static str,
    },
    /// A shift by more places than a word has.
    #[error("`{mnemonic}` shifts by 0 to {most} places")]
    Places {
        /// What stands at the start of the line.
        mnemonic: &'static str,
        /// The most places.
        most: u32,
    },
    /// A number is none, or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A number or a name is missing.
    #[error("{}", missing(*.before))]
    MissingOperand {
        /// What stands where one is missing; `None` if that is the end.
        before: Option<char>,
    },
    /// This is nothing that numbers are combined with.
    #[error("numbers are combined with `+`, `-`, `*` and parentheses, and not with `{operator}`")]
    UnknownOperator {
        /// What was written.
        operator: char,
    },
    /// A parenthesis is not closed.
    #[error("this parenthesis is not closed")]
    Unclosed,
    /// A parenthesis is closed that is not open.
    #[error("no parenthesis is open that this one closes")]
    Unopened,
    /// There are too many parentheses inside each other.
    #[error("at most {MOST_NESTED} parentheses stand inside each other")]
    NestedTooDeep,
    /// A constant is defined by itself.
    #[error("`{name}` is defined by itself: {chain}; give one of them a number")]
    Cycle {
        /// The constant.
        name: String,
        /// The constants from it on, each defined by the next one, up to it again; of many, the first and the last.
        chain: String,
    },
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
    #[error("`{mnemonic}` is an instruction, and so no name for a label or a constant")]
    NameIsMnemonic {
        /// The mnemonic.
        mnemonic: &'static str,
    },
    /// This is no name.
    #[error(
        "`{name}` is no name: a name has letters, digits and `_`, {LONGEST_NAME} at most, and does not begin with a digit"
    )]
    MalformedName {
        /// The beginning of what was written.
        name: String,
    },
    /// The line has a label already.
    #[error("a line has one label; write the other one on a line of its own")]
    SecondLabel,
    /// There is no such directive.
    #[error(
        "there is no directive `{name}`; there are `.const N 10`, `.word 1, 2, 3` and `.bytes \"text\", 0`"
    )]
    UnknownDirective {
        /// The beginning of what was written.
        name: String,
    },
    /// A constant needs a name and a number, and nothing else.
    #[error("a constant has a name and a number, as in `.const N 10` or `.const M 2*N`")]
    MalformedConstant,
    /// A line of data is no list of words, or of bytes and texts.
    #[error(
        "after `{directive}` stand {} with commas between", if *.directive == ".word" { "words" } else { "bytes and texts" }
    )]
    MalformedData {
        /// The directive.
        directive: &'static str,
    },
    /// A byte is none.
    #[error("a byte is a number from 0 to 255")]
    NoByte,
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
    /// The message of an instruction stands before its argument.
    #[error("the message stands after the argument, as in `{mnemonic} 3 \"message\"`")]
    MessageFirst {
        /// What stands at the start of the line.
        mnemonic: &'static str,
    },
    /// A message is not closed in its line.
    #[error(
        "this message has no end in its line; it stands between quotes, and a quote in it is written `\\\"`"
    )]
    UnfinishedMessage,
    /// There is no such escape.
    #[error(
        "there is no escape `{escape}`; they are `\\\\`, `\\\"`, `\\n`, `\\t` and, for any character, `\\u{{e9}}`"
    )]
    UnknownEscape {
        /// The beginning of what was written.
        escape: String,
    },
    /// A message is too long.
    #[error("a text between quotes has at most {LONGEST_MESSAGE} characters")]
    MessageTooLong,
    /// The first line of a program of TinyRAM says something else than there is.
    #[error(
        "a program of TinyRAM begins with `; TinyRAM V=2.000 M=hv W=32 K=16`, where M is `hv` or `vn`, W is 16 or 32, and K, the number of registers, at most {MOST_REGISTERS}"
    )]
    TinyRamHeader,
    /// TinyRAM has no such operation.
    #[error("TinyRAM has no operation `{name}`{}", .suggestion.map_or(String::new(), |own| format!("; did you mean `{own}`?")))]
    TinyRamOperation {
        /// The beginning of what was written.
        name: String,
        /// The one that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// The operands of an operation of TinyRAM are others than it has.
    #[error(
        "it is written `{operation} {form}`, where r is a register and A a register, a number or a label"
    )]
    TinyRamOperands {
        /// The operation.
        operation: &'static str,
        /// Its operands, as the specification of TinyRAM writes them.
        form: &'static str,
    },
    /// A program of TinyRAM has no such register.
    #[error("the program has the registers r0 to r{}, as its first line says", .registers - 1)]
    TinyRamRegister {
        /// The number of its registers.
        registers: u64,
    },
    /// A number has more bits than a word of the program.
    #[error("a word has {bits} bits, as the first line says")]
    TinyRamWord {
        /// The bits of a word.
        bits: u32,
    },
    /// A jump goes to where no instruction is.
    #[error(
        "no instruction has this address; with M=hv addresses count instructions, with M=vn their bytes"
    )]
    TinyRamTarget,
    /// This is no label.
    #[error(
        "`{name}` is no label: one begins with `_`, and has letters, digits and `_`, {LONGEST_NAME} characters at most"
    )]
    TinyRamLabel {
        /// The beginning of what was written.
        name: String,
    },
    /// The program has no such label.
    #[error("there is no label `{name}`{}", .suggestion.as_ref().map_or(String::new(), |own| format!("; did you mean `{own}`?")))]
    TinyRamUndefined {
        /// The beginning of the name.
        name: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
    },
    /// The program is too long.
    #[error("a program of TinyRAM has at most {MOST_INSTRUCTIONS} instructions")]
    TinyRamLength,
    /// The text has more names than are read.
    #[error("a program has at most {MOST_LABELS} labels and {MOST_CONSTANTS} constants")]
    TooManyNames,
}

fn missing(before: Option<char>) -> String {
    match before {
        Some(before) => format!("a number or a name is missing before `{before}`"),
        None => "a number or a name is missing after this".into(),
    }
}

fn instead(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; define a label with `name:`, and a constant with `.const`".into(),
    }
}

/// What to write in place of an unknown mnemonic.
fn advice(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(mnemonic) => format!("did you mean `{mnemonic}`?"),
        None => "`stackvm isa` and `docs/isa.md` have all instructions".into(),
    }
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
            AsmErrorKind::UnknownMnemonic { suggestion, .. }
            | AsmErrorKind::TinyRamOperation { suggestion, .. } => *suggestion,
            AsmErrorKind::UndefinedName { suggestion, .. }
            | AsmErrorKind::TinyRamUndefined { suggestion, .. } => suggestion.as_deref(),
            _ => None,
        }
    }
}

/// The errors of a text, at least one, in the order of their lines: the first of every line that
/// has any. After a thousand, the text is not read on.
///
/// Displayed, it is an error a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmErrors {
    errors: Vec<AsmError>,
}

impl AsmErrors {
    /// The errors, of which there is one at least; of each line, the first.
    pub(super) fn new(mut errors: Vec<AsmError>) -> Self {
        errors.sort_by_key(|error| (error.line, error.column));
        errors.dedup_by_key(|error| error.line);
        AsmErrors { errors }
    }

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
