//! Lines that say what the memory holds: `.word` and `.bytes`.

use std::ops::Range;

use super::error::AsmErrorKind;
use super::expression::evaluate;
use super::text::{Complaint, Statement, Token, unescape};
use crate::algebra::Word;

/// The bytes that a cell of the memory holds.
const BYTES: usize = 4;

/// What a directive puts into the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// A word a cell.
    Words,
    /// Four bytes a cell, the first one being the least significant.
    Bytes,
}

impl Data {
    /// The directive.
    const fn name(self) -> &'static str {
        match self {
            Data::Words => ".word",
            Data::Bytes => ".bytes",
        }
    }

    /// What a directive of this name puts there.
    pub fn named(directive: &str) -> Option<Data> {
        let all = [Data::Words, Data::Bytes];
        all.into_iter().find(|own| own.name() == directive)
    }
}

impl<'s> Statement<'s> {
    /// Calls a function with each word that the line puts into a cell of the memory, if it is a line of data. `word` says what an
    /// operand stands for; where it does not know yet, `None`, a byte is any.
    pub fn data<F: Word>(
        &self,
        mut word: impl FnMut(&'s str, Range<usize>) -> Result<Option<F>, Complaint>,
        mut each: impl FnMut(F),
    ) -> Result<(), Complaint> {
        let own = self.directive();
        let Some((data, place)) = own.and_then(|(name, place)| Some((Data::named(name)?, place)))
        else {
            return Ok(());
        };
        let malformed = |place: Range<usize>| {
            let directive = data.name();
            Err((AsmErrorKind::MalformedData { directive }, place))
        };
        let (mut tokens, mut bytes) = (self.rest, vec![]);
        loop {
            let here = tokens;
            match (data, tokens.peek()) {
                (_, None) => return malformed(place.clone()),
                (Data::Bytes, Some((Token::Message(written), span))) => {
                    tokens.next();
                    bytes.extend(unescape(&(written, span))?.into_bytes());
                }
                (_, Some((Token::Unfinished, span))) => {
                    return Err((AsmErrorKind::UnfinishedMessage, span));
                }
                (_, Some((Token::Message(_), span))) => return malformed(span),
                (_, Some(_)) => {
                    let mut known = true;
                    let value = evaluate(&mut tokens, |operand, span| {
                        let own = word(operand, span)?;
                        known &= own.is_some();
                        Ok(own.unwrap_or(F::zero()))
                    })?;
                    let byte = value.to_u64().and_then(|own| u8::try_from(own).ok());
                    let byte = byte.or((!known).then_some(0));
                    match (data, byte) {
                        (Data::Words, _) => each(value),
                        (Data::Bytes, Some(byte)) => bytes.push(byte),
                        (Data::Bytes, None) => {
                            return Err((AsmErrorKind::NoByte, here.until(&tokens)));
                        }
                    }
                }
            }
            let whole = bytes.len() / BYTES * BYTES;
            bytes
                .drain(..whole)
                .as_slice()
                .chunks(BYTES)
                .for_each(|own| each(cell(own)));
            match tokens.next() {
                None => break,
                Some((Token::Sign(','), _)) => {}
                Some((_, span)) => return malformed(span),
            }
        }
        if !bytes.is_empty() {
            each(cell(&bytes));
        }
        Ok(())
    }
}

/// The word that some bytes are.
fn cell<F: Word>(bytes: &[u8]) -> F {
    let more = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
    F::constant(bytes.iter().rev().fold(0, more))
}
