//! Programs as JSON.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::number::Literal;
use super::{NumberError, parse_word};
use crate::algebra::Word;
use crate::json::{self, Json, Kind};
use crate::program::{Instruction, Program};
use crate::text::excerpt;

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
