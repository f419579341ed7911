//! Numbers as texts write them.

use num_bigint::BigUint;
use winnow::ascii::{digit1, hex_digit1};
use winnow::combinator::{alt, opt, preceded};
use winnow::error::EmptyError;
use winnow::{Parser, Result as Parsed};

use crate::algebra::Word;
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
pub(super) struct Literal<'s> {
    negative: bool,
    radix: u32,
    digits: &'s str,
}

impl<'s> Literal<'s> {
    pub(super) fn parse(text: &'s str) -> Result<Self, NumberError> {
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
        // Nearly all of them; what a small field reduces is another number.
        if let Ok(integer) = u64::from_str_radix(digits, self.radix) {
            let word = F::constant(integer);
            return (word.to_u64() == Some(integer)).then_some(word);
        }
        if digits.len() > most_digits {
            return None;
        }
        F::from_integer(&BigUint::parse_bytes(digits.as_bytes(), self.radix)?)
    }

    /// The number as an opcode; `None` if it is negative or does not fit.
    pub(super) fn opcode(&self) -> Option<u64> {
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
