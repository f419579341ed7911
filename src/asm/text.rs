//! The grammar: a text as lines, a line as a label, a mnemonic and what follows, and that as tokens.

use std::ops::Range;

use winnow::combinator::{alt, opt, preceded, repeat, terminated};
use winnow::error::EmptyError;
use winnow::stream::{LocatingSlice, Stream};
use winnow::token::{any, none_of, one_of, take_till, take_while};
use winnow::{Parser, Result as Parsed};

use super::data::Data;
use super::error::{AsmError, AsmErrorKind};
use super::limits::LONGEST_MESSAGE;
use super::mnemonic::Mnemonic;
use crate::text::{excerpt, is_line_end, located_lines};

/// A text without the byte order mark that some editors put before it.
pub(super) fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// A piece of a text and its place there, in bytes.
pub(super) type Located<'s> = (&'s str, Range<usize>);

/// What is wrong, and where.
pub(super) type Complaint = (AsmErrorKind, Range<usize>);

/// A complaint about a line.
pub(super) fn error(source: &str, line: usize, (kind, span): Complaint) -> AsmError {
    let before = source.get(..span.start).unwrap_or_default();
    let start = before.rfind(is_line_end).map_or(0, |end| end + 1);
    let before = without_mark(before.get(start..).unwrap_or_default());
    AsmError {
        kind,
        line,
        column: before.chars().count() + 1,
        span,
    }
}

/// A line that says something.
pub(super) struct Statement<'s> {
    /// The number of the line, counted from 1.
    pub line: usize,
    pub label: Option<Located<'s>>,
    /// Or a directive.
    pub mnemonic: Option<Located<'s>>,
    /// What follows it.
    pub rest: Tokens<'s>,
}

impl<'s> Statement<'s> {
    pub fn directive(&self) -> Option<&Located<'s>> {
        let mnemonic = self.mnemonic.as_ref();
        mnemonic.filter(|(text, _)| text.starts_with('.'))
    }

    pub fn is_instruction(&self) -> bool {
        self.mnemonic.is_some() && self.directive().is_none()
    }

    /// How many instructions the line is, data not counted.
    pub fn instructions_written(&self) -> usize {
        match &self.mnemonic {
            Some((name, _)) if self.is_instruction() => Mnemonic::length(name),
            _ => 0,
        }
    }
}

/// The lines of a text that say something.
pub(super) fn statements<'s>(source: &'s str) -> impl Iterator<Item = Statement<'s>> {
    let text = without_mark(source);
    let mark = source.len() - text.len();
    located_lines(text)
        .enumerate()
        .filter_map(move |(index, (start, line))| {
            // The grammar says so too, but takes thirty times as long to.
            if line.is_empty() || line.starts_with('#') {
                return None;
            }
            let mut rest = LocatingSlice::new(line);
            // A line without words is no statement.
            let (label, mnemonic) = head.parse_next(&mut rest).ok()?;
            let start = mark + start;
            let moved = |(text, span): Located<'s>| (text, start + span.start..start + span.end);
            Some(Statement {
                line: index + 1,
                rest: Tokens {
                    source,
                    at: start + line.len() - rest.eof_offset(),
                    lists: mnemonic
                        .as_ref()
                        .is_some_and(|(own, _)| Data::named(own).is_some()),
                },
                label: label.map(moved),
                mnemonic: mnemonic.map(moved),
            })
        })
}

type Head<'s> = (Option<Located<'s>>, Option<Located<'s>>);

/// The label and the mnemonic of a line that has one of them.
fn head<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Head<'s>, EmptyError> {
    let label = preceded(blank, opt(terminated(label, (blank, ':', blank))));
    (label, opt(mnemonic))
        .verify(|(label, mnemonic): &Head<'s>| label.is_some() || mnemonic.is_some())
        .parse_next(line)
}

fn label<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Located<'s>, EmptyError> {
    take_till(1.., |c: char| {
        c.is_whitespace() || matches!(c, '#' | ':' | '"')
    })
    .with_span()
    .parse_next(line)
}

fn mnemonic<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<Located<'s>, EmptyError> {
    let first = any.verify(|c: &char| !c.is_whitespace() && *c != '#');
    let others = take_till(0.., |c: char| {
        c.is_whitespace() || matches!(c, '#' | '"' | '(')
    });
    (first, others).take().with_span().parse_next(line)
}

/// Blanks that end no line.
fn blank<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<&'s str, EmptyError> {
    take_while(0.., |c: char| c.is_whitespace() && !is_line_end(c)).parse_next(line)
}

/// A piece of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// A number, a name, or what was meant to be one.
    Operand(&'s str),
    /// One of `+-*()` or, in a list, a comma.
    Sign(char),
    /// What stands between quotes, as it is written.
    Message(&'s str),
    /// A quote, and no other one in its line.
    Unfinished,
}

/// The tokens from a place of a text on, up to the end of the line or the comment at its end.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'s> {
    source: &'s str,
    at: usize,
    /// Whether commas stand between them.
    lists: bool,
}

impl<'s> Tokens<'s> {
    pub fn new(source: &'s str, at: usize) -> Self {
        Tokens {
            source,
            at,
            lists: false,
        }
    }

    /// The next one, and where it stands.
    pub fn next(&mut self) -> Option<(Token<'s>, Range<usize>)> {
        let mut rest = LocatingSlice::new(self.source.get(self.at..)?);
        let (token, span) = preceded(blank, token(self.lists).with_span())
            .parse_next(&mut rest)
            .ok()?;
        let span = self.at + span.start..self.at + span.end;
        self.at = span.end;
        Some((token, span))
    }

    /// What [`Tokens::next`] would give.
    pub fn peek(&self) -> Option<(Token<'s>, Range<usize>)> {
        let mut ahead = *self;
        ahead.next()
    }

    /// The place of the tokens from here on to those that are left there.
    pub fn until(self, there: &Self) -> Range<usize> {
        let start = self.peek().map_or(self.at, |(_, span)| span.start);
        start..there.at
    }

    /// The place of all tokens that are left, from the first one to the last; `None` if there are none.
    pub fn span(mut self) -> Option<Range<usize>> {
        let (_, mut span) = self.next()?;
        while let Some((_, next)) = self.next() {
            span.end = next.end;
        }
        Some(span)
    }
}

/// A token, of a list or not.
fn token<'s>(lists: bool) -> impl Parser<LocatingSlice<&'s str>, Token<'s>, EmptyError> {
    let is_sign = move |c: char| matches!(c, '+' | '-' | '*' | '(' | ')') || lists && c == ',';
    let operand = take_till(1.., move |c: char| {
        c.is_whitespace() || matches!(c, '#' | '"') || is_sign(c)
    });
    alt((
        one_of(is_sign).map(Token::Sign),
        operand.map(Token::Operand),
        message.map(Token::Message),
        ('"', take_till(0.., is_line_end)).value(Token::Unfinished),
    ))
}

fn message<'s>(line: &mut LocatingSlice<&'s str>) -> Parsed<&'s str, EmptyError> {
    let plain = take_till(1.., ['"', '\\', '\n', '\r']).void();
    let escape = ('\\', none_of(['\n', '\r'])).void();
    let body = repeat::<_, _, (), _, _>(0.., alt((plain, escape))).take();
    preceded('"', terminated(body, '"')).parse_next(line)
}

/// The characters of a message, given as it is written and where.
///
/// # Errors
///
/// The first escape that is none, or that there are too many characters.
pub(super) fn unescape((written, span): &Located<'_>) -> Result<String, Complaint> {
    let mut text = String::new();
    let mut rest = LocatingSlice::new(*written);
    for _ in 0..=LONGEST_MESSAGE {
        let at = written.len() - rest.eof_offset();
        let Some(left) = written.get(at..).filter(|left| !left.is_empty()) else {
            return Ok(text);
        };
        match character.parse_next(&mut rest) {
            Ok(character) => text.push(character),
            Err(EmptyError) => {
                let end = match left.starts_with("\\u{") {
                    true => left.find('}').map(|end| end + 1),
                    false => None,
                };
                let second = left.char_indices().nth(2).map(|(end, _)| end);
                let length = end.or(second).unwrap_or(left.len());
                let escape = left.get(..length).unwrap_or(left);
                let kind = AsmErrorKind::UnknownEscape {
                    escape: excerpt(escape),
                };
                // After the quote.
                let start = span.start + 1 + at;
                return Err((kind, start..start + length));
            }
        }
    }
    Err((AsmErrorKind::MessageTooLong, span.clone()))
}

fn character(input: &mut LocatingSlice<&str>) -> Parsed<char, EmptyError> {
    let digits = take_while(1..=6, |c: char| c.is_ascii_hexdigit());
    let unicode = preceded("u{", terminated(digits, '}'))
        .verify_map(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
    let escaped = alt((
        one_of(['\\', '"']),
        'n'.value('\n'),
        't'.value('\t'),
        unicode,
    ));
    alt((none_of('\\'), preceded('\\', escaped))).parse_next(input)
}
