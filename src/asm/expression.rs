//! Arithmetic of numbers and names: `+`, `-`, `*` and parentheses, in the field of the words.

use std::ops::Range;

use super::error::AsmErrorKind;
use super::limits::MOST_NESTED;
use super::number::parse_word;
use super::text::{Complaint, Token, Tokens};
use crate::algebra::Word;
use crate::text::excerpt;

/// What stands between two parentheses, as far as it is read.
struct Level<F> {
    /// Where it is opened.
    opened: Range<usize>,
    /// The sum of the terms before the present one.
    sum: F,
    /// Whether that is subtracted.
    subtracts: bool,
    /// The product of its factors, once there is one.
    product: Option<F>,
    /// Whether the next factor has a sign.
    negated: bool,
}

impl<F: Word> Level<F> {
    fn new(opened: Range<usize>) -> Self {
        Level {
            opened,
            sum: F::zero(),
            subtracts: false,
            product: None,
            negated: false,
        }
    }

    fn factor(&mut self, factor: F) {
        let factor = match std::mem::take(&mut self.negated) {
            true => F::zero() - factor,
            false => factor,
        };
        self.product = Some(match self.product {
            Some(product) => product * factor,
            None => factor,
        });
    }

    /// What all terms come to.
    fn value(&self) -> F {
        let product = self.product.unwrap_or(F::zero());
        match self.subtracts {
            true => self.sum - product,
            false => self.sum + product,
        }
    }

    /// A further term follows.
    fn term(&mut self, subtracts: bool) {
        self.sum = self.value();
        self.subtracts = subtracts;
        self.product = None;
    }
}

/// Reads tokens as far as they are an expression, and evaluates it. `word` says what an operand stands for.
///
/// It takes one step a token, and room for the parentheses that are open.
pub(super) fn evaluate<'s, F: Word>(
    tokens: &mut Tokens<'s>,
    mut word: impl FnMut(&'s str, Range<usize>) -> Result<F, Complaint>,
) -> Result<F, Complaint> {
    let mut outer = vec![];
    let mut level = Level::new(0..0);
    let mut last = 0..0;
    loop {
        match tokens.next() {
            Some((Token::Sign('-'), span)) => {
                level.negated = !level.negated;
                last = span;
                continue;
            }
            Some((Token::Sign('('), span)) => {
                if outer.len() == MOST_NESTED {
                    return Err((AsmErrorKind::NestedTooDeep, span));
                }
                last = span.clone();
                outer.push(std::mem::replace(&mut level, Level::new(span)));
                continue;
            }
            Some((Token::Operand(text), span)) => level.factor(word(text, span)?),
            Some((other, span)) => {
                let before = Some(match other {
                    Token::Sign(sign) => sign,
                    _ => '"',
                });
                return Err((AsmErrorKind::MissingOperand { before }, span));
            }
            None => return Err((AsmErrorKind::MissingOperand { before: None }, last)),
        }
        loop {
            // What is not part of it stays.
            let here = *tokens;
            match tokens.next() {
                Some((Token::Sign(sign @ ('+' | '-')), span)) => {
                    level.term(sign == '-');
                    last = span;
                    break;
                }
                Some((Token::Sign('*'), span)) => {
                    last = span;
                    break;
                }
                Some((Token::Sign(')'), span)) => {
                    let Some(enclosing) = outer.pop() else {
                        return Err((AsmErrorKind::Unopened, span));
                    };
                    let value = std::mem::replace(&mut level, enclosing).value();
                    level.factor(value);
                }
                Some((Token::Operand(text), span)) if operator_in(text) == Some(0) => {
                    return Err(unknown_operator(text, span, 0));
                }
                _ if outer.is_empty() => {
                    *tokens = here;
                    return Ok(level.value());
                }
                _ => return Err((AsmErrorKind::Unclosed, level.opened)),
            }
        }
    }
}

/// Where in an operand an operator stands that other languages have.
fn operator_in(operand: &str) -> Option<usize> {
    operand.find(['/', '%', '&', '|', '^', '<', '>', '~', '!'])
}

fn unknown_operator(operand: &str, span: Range<usize>, at: usize) -> Complaint {
    let operator = operand.get(at..).and_then(|rest| rest.chars().next());
    let start = span.start + at;
    let operator = operator.unwrap_or_default();
    (AsmErrorKind::UnknownOperator { operator }, start..start + 1)
}

pub(super) fn is_name_start(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Whether a text consists of letters, digits and `_`, and does not begin with a digit.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    is_name_start(text) && text.chars().all(is_part)
}

/// The number that an operand is which is no name.
pub(super) fn number<F: Word>(operand: &str, span: Range<usize>) -> Result<F, Complaint> {
    parse_word(operand).map_err(|error| match operator_in(operand) {
        Some(at) => unknown_operator(operand, span, at),
        None => (error.into(), span),
    })
}

/// What is wrong with an operand that begins as a name and is none.
pub(super) fn no_name(operand: &str, span: Range<usize>) -> Complaint {
    match operator_in(operand) {
        Some(at) => unknown_operator(operand, span, at),
        None => {
            let name = excerpt(operand);
            (AsmErrorKind::MalformedName { name }, span)
        }
    }
}
