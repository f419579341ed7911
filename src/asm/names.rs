//! Labels and constants: what the names of a text stand for.

use std::ops::Range;

use super::data::Data;
use super::error::{AsmError, AsmErrorKind, AsmErrors};
use super::expression::{evaluate, is_name, is_name_start, no_name, number};
use super::limits::{LONGEST_NAME, MOST_CONSTANTS, MOST_ERRORS, MOST_LABELS};
use super::mnemonic::Mnemonic;
use super::suggest::most_like;
use super::symbols::Label;
use super::text::{Complaint, Located, Statement, Token, Tokens, error, statements};
use crate::algebra::Word;
use crate::text::excerpt;

/// What an operand stands for, as long as names are not known: 0 for those. What is neither a number nor a name is known
/// already.
fn later<F: Word>(operand: &str, span: Range<usize>) -> Result<F, Complaint> {
    match is_name(operand) {
        true => Ok(F::zero()),
        false if is_name_start(operand) => Err(no_name(operand, span)),
        false => number(operand, span),
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// An address, for a label.
    Address(u32),
    /// The constant with this place among the values.
    Value(u32),
    /// A constant that is not evaluated yet.
    Waiting,
    /// A constant that waits for others which it uses.
    Visited,
}

/// A name. Texts that have more names than instructions exist, so that it takes little room.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where it is defined, in bytes.
    start: usize,
    line: u32,
    meaning: Meaning,
    length: u8,
}

impl Entry {
    fn span(&self) -> Range<usize> {
        self.start..self.start + usize::from(self.length)
    }

    fn name<'s>(&self, source: &'s str) -> &'s str {
        source.get(self.span()).unwrap_or_default()
    }
}

/// The names of a text.
pub(super) struct Names<'s, F> {
    source: &'s str,
    /// In the order of the names.
    entries: Vec<Entry>,
    /// Those of the constants.
    values: Vec<F>,
    /// The number of instructions.
    pub length: usize,
}

impl<'s, F: Word> Names<'s, F> {
    /// The names that a text defines. What is wrong with the definitions is added to `errors`, a thousand at most;
    /// names that have an error there stand for 0, so that there is none more where they are used.
    ///
    /// # Errors
    ///
    /// If there are too many names.
    pub fn of(source: &'s str, errors: &mut Vec<AsmError>) -> Result<Self, AsmErrors> {
        // Not more than these, which is found in far less time than they are.
        let labels = source.bytes().filter(|byte| *byte == b':').count();
        let constants = source.matches(".const").count();
        let [labels, constants] = [labels.min(MOST_LABELS), constants.min(MOST_CONSTANTS)];
        let mut names = Names {
            source,
            entries: Vec::with_capacity(labels + constants),
            values: Vec::with_capacity(constants),
            length: 0,
        };
        let (mut labels, mut constants) = (MOST_LABELS, MOST_CONSTANTS);
        for statement in statements(source) {
            // Names are known later, but how many words there are is known now.
            let mut words = 0;
            let word = |operand: &str, span| match is_name(operand) {
                true => Ok(None),
                false => later::<F>(operand, span).map(Some),
            };
            let data = statement.data(word, |_| words += 1);
            for result in [
                names.label(&statement, &mut labels),
                names.constant(&statement, &mut constants),
                data,
            ] {
                if let Err(complaint) = result {
                    let fatal = complaint.0 == AsmErrorKind::TooManyNames;
                    errors.push(error(source, statement.line, complaint));
                    if fatal {
                        return Err(AsmErrors::new(std::mem::take(errors)));
                    }
                }
            }
            names.length += words + statement.instructions_written();
            if errors.len() >= MOST_ERRORS {
                return Ok(names);
            }
        }
        names.sort(errors);
        names.evaluate_constants(errors);
        Ok(names)
    }

    /// Takes note of the label of a line.
    fn label(&mut self, statement: &Statement<'s>, left: &mut usize) -> Result<(), Complaint> {
        let Some(label) = &statement.label else {
            return Ok(());
        };
        // No program has more instructions: each takes 40 bytes.
        let address = u32::try_from(self.length).unwrap_or(u32::MAX);
        self.insert(label, Meaning::Address(address), statement.line, left)
    }

    /// Takes note of the constant of a line.
    fn constant(&mut self, statement: &Statement<'s>, left: &mut usize) -> Result<(), Complaint> {
        let Some((directive, place)) = statement.directive() else {
            return Ok(());
        };
        if Data::named(directive).is_some() {
            return Ok(());
        }
        if *directive != ".const" {
            let name = excerpt(directive);
            return Err((AsmErrorKind::UnknownDirective { name }, place.clone()));
        }
        let mut tokens = statement.rest;
        let malformed =
            |place: &Range<usize>| Err((AsmErrorKind::MalformedConstant, place.clone()));
        let Some((Token::Operand(name), name_place)) = tokens.next() else {
            return malformed(place);
        };
        let number_place = tokens.span();
        // Names are known later, but what is no expression is known now.
        let result = match tokens.peek() {
            None => malformed(place),
            Some((Token::Operand(text), span)) if text.starts_with('=') => malformed(&span),
            Some(_) => evaluate(&mut tokens, later::<F>).and_then(|_| match tokens.peek() {
                None => Ok(()),
                Some(_) => malformed(number_place.as_ref().unwrap_or(place)),
            }),
        };
        let meaning = match &result {
            Ok(()) => Meaning::Waiting,
            Err(_) => self.value(F::zero()),
        };
        self.insert(&(name, name_place), meaning, statement.line, left)?;
        result
    }

    fn insert(
        &mut self,
        (name, place): &Located<'s>,
        meaning: Meaning,
        line: usize,
        left: &mut usize,
    ) -> Result<(), Complaint> {
        let mnemonic = Mnemonic::all().find(|own| own.name.eq_ignore_ascii_case(name));
        let kind = match u8::try_from(name.len()) {
            Ok(length) if is_name(name) && name.len() <= LONGEST_NAME => match mnemonic {
                Some(Mnemonic { name, .. }) => AsmErrorKind::NameIsMnemonic { mnemonic: name },
                None if *left == 0 => AsmErrorKind::TooManyNames,
                None => {
                    *left -= 1;
                    self.entries.push(Entry {
                        start: place.start,
                        // No reader takes texts with more lines.
                        line: u32::try_from(line).unwrap_or(u32::MAX),
                        meaning,
                        length,
                    });
                    return Ok(());
                }
            },
            _ => AsmErrorKind::MalformedName {
                name: excerpt(name),
            },
        };
        Err((kind, place.clone()))
    }

    /// A further value of a constant.
    fn value(&mut self, value: F) -> Meaning {
        self.values.push(value);
        Meaning::Value(self.values.len() as u32 - 1)
    }

    /// Puts the names in their order, and leaves the first definition of each.
    fn sort(&mut self, errors: &mut Vec<AsmError>) {
        let source = self.source;
        self.entries
            .sort_unstable_by_key(|entry| (entry.name(source), entry.start));
        self.entries.dedup_by(|next, first| {
            let name = next.name(source);
            let is_other = name == first.name(source);
            if is_other && errors.len() < MOST_ERRORS {
                let kind = AsmErrorKind::Redefined {
                    name: excerpt(name),
                    line: first.line as usize,
                };
                errors.push(error(source, next.line as usize, (kind, next.span())));
            }
            is_other
        });
    }

    /// Evaluates each constant once, after those that it uses. The texts of strangers have long chains of them, so that
    /// what waits is kept in a list and not on the program's stack.
    fn evaluate_constants(&mut self, errors: &mut Vec<AsmError>) {
        let mut waiting: Vec<(usize, Tokens<'s>)> = vec![];
        for place in 0..self.entries.len() {
            self.visit(place, &mut waiting);
            while let Some((place, tokens)) = waiting.last_mut() {
                let place = *place;
                match tokens.next() {
                    Some((Token::Operand(name), span)) if is_name_start(name) => {
                        let used = self.find(name);
                        let entry = used.and_then(|used| self.entries.get(used));
                        let (line, complaint) = match (used, entry) {
                            (Some(used), Some(entry)) if entry.meaning != Meaning::Visited => {
                                self.visit(used, &mut waiting);
                                continue;
                            }
                            (Some(used), Some(_)) => self.cycle(used, &waiting),
                            _ => (self.line(place), self.undefined(name, span)),
                        };
                        waiting.pop();
                        self.set(place, F::zero());
                        if errors.len() < MOST_ERRORS {
                            errors.push(error(self.source, line, complaint));
                        }
                    }
                    Some(_) => {}
                    None => {
                        waiting.pop();
                        let mut tokens = self.expression(place);
                        let value = evaluate(&mut tokens, |text, span| self.word(text, span));
                        // What is wrong with it has been found before.
                        self.set(place, value.unwrap_or(F::zero()));
                    }
                }
            }
        }
    }

    /// Begins to evaluate a constant, if this is one that waits.
    fn visit(&mut self, place: usize, waiting: &mut Vec<(usize, Tokens<'s>)>) {
        let tokens = self.expression(place);
        if let Some(entry) = self.entries.get_mut(place)
            && entry.meaning == Meaning::Waiting
        {
            entry.meaning = Meaning::Visited;
            waiting.push((place, tokens));
        }
    }

    fn set(&mut self, place: usize, value: F) {
        let meaning = self.value(value);
        if let Some(entry) = self.entries.get_mut(place) {
            entry.meaning = meaning;
        }
    }

    fn line(&self, place: usize) -> usize {
        let entry = self.entries.get(place);
        entry.map_or(0, |entry| entry.line as usize)
    }

    /// What stands after the name of a constant.
    fn expression(&self, place: usize) -> Tokens<'s> {
        let entry = self.entries.get(place);
        let end = entry.map_or(self.source.len(), |entry| entry.span().end);
        Tokens::new(self.source, end)
    }

    /// The complaint that constants use each other, from that at `used` to the last of `waiting`, and its line: that of
    /// the first of them in the text.
    fn cycle(&self, used: usize, waiting: &[(usize, Tokens<'s>)]) -> (usize, Complaint) {
        /// How many names are shown at the start and at the end.
        const MOST_SHOWN: usize = 4;
        let from = waiting.iter().position(|(place, _)| *place == used);
        let members = waiting.get(from.unwrap_or(0)..).unwrap_or_default();
        let entry = |place: usize| self.entries.get(place);
        let start = |place: usize| entry(place).map_or(0, |entry| entry.start);
        let mut members: Vec<usize> = members.iter().map(|(place, _)| *place).collect();
        let first = members.iter().copied().min_by_key(|place| start(*place));
        let first = first.unwrap_or(used);
        let before = members.iter().position(|place| *place == first);
        members.rotate_left(before.unwrap_or(0));
        let name = |place: &usize| entry(*place).map_or("", |entry| entry.name(self.source));
        let last = members.len().saturating_sub(MOST_SHOWN);
        let mut chain: Vec<&str> = members.iter().take(MOST_SHOWN).map(name).collect();
        if last > MOST_SHOWN {
            chain.push("...");
        }
        let end = members.iter().skip(last.max(MOST_SHOWN));
        chain.extend(end.map(name).chain([name(&first)]));
        let kind = AsmErrorKind::Cycle {
            name: name(&first).to_owned(),
            chain: chain.join(" -> "),
        };
        let span = entry(first).map_or(0..0, Entry::span);
        (self.line(first), (kind, span))
    }

    fn find(&self, name: &str) -> Option<usize> {
        let order = |entry: &Entry| entry.name(self.source).cmp(name);
        self.entries.binary_search_by(order).ok()
    }

    /// The complaint about a name that is not defined, or is none.
    fn undefined(&self, name: &str, place: Range<usize>) -> Complaint {
        if !is_name(name) {
            return no_name(name, place);
        }
        // A thousand errors compare with a thousand names in a second.
        const MOST_COMPARED: usize = 1000;
        let names = self.entries.iter().map(|entry| entry.name(self.source));
        let suggestion = match self.entries.len() {
            0..=MOST_COMPARED => most_like(name, names.map(|known| (known, known))),
            _ => None,
        };
        let kind = AsmErrorKind::UndefinedName {
            name: excerpt(name),
            suggestion: suggestion.map(str::to_owned),
        };
        (kind, place)
    }

    /// What an operand stands for.
    pub fn word(&self, operand: &str, place: Range<usize>) -> Result<F, Complaint> {
        if !is_name_start(operand) {
            return number(operand, place);
        }
        let entry = self.find(operand).and_then(|place| self.entries.get(place));
        Ok(match entry.map(|entry| entry.meaning) {
            Some(Meaning::Address(address)) => F::constant(u64::from(address)),
            Some(Meaning::Value(value)) => {
                let value = self.values.get(value as usize).copied();
                value.unwrap_or(F::zero())
            }
            // All constants are evaluated before they are used, but for those of a text that has too many errors.
            Some(Meaning::Waiting | Meaning::Visited) => F::zero(),
            None => return Err(self.undefined(operand, place)),
        })
    }

    /// The word that an argument is.
    pub fn argument(&self, mnemonic: Mnemonic, tokens: &mut Tokens<'s>) -> Result<F, Complaint> {
        let opcode = mnemonic.opcode;
        let all = *tokens;
        let word = evaluate(tokens, |operand, place| self.word(operand, place))?;
        let is_address = || {
            word.to_u64()
                .is_some_and(|address| address <= self.length as u64)
        };
        if opcode.takes_address() && !is_address() {
            let kind = AsmErrorKind::NoAddress {
                opcode,
                instructions: self.length,
            };
            return Err((kind, all.until(tokens)));
        }
        let argument = mnemonic.argument(word);
        argument.map_err(|kind| (kind, all.until(tokens)))
    }

    /// The labels, in the order of their addresses, and of the text where these are the same.
    pub fn labels(&self) -> Vec<Label> {
        let mut labels: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| match entry.meaning {
                Meaning::Address(address) => Some((address, entry)),
                _ => None,
            })
            .collect();
        labels.sort_unstable_by_key(|(address, entry)| (*address, entry.start));
        let label = |(address, entry): (u32, &Entry)| Label {
            name: entry.name(self.source).to_owned(),
            address: address as usize,
        };
        labels.into_iter().map(label).collect()
    }
}
