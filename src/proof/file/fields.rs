//! The fields of a JSON object, each in the one form that it has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use halo2curves::bn256::Fr;
use num_bigint::BigUint;
use serde::de::Error as _;

use super::{Contradiction, FileError};
use crate::algebra::Word;
use crate::json::{self, Json, Kind};
use crate::text::excerpt;

/// The fields of a file, as they stand in its text.
#[derive(Default)]
pub(super) struct Fields<'t> {
    known: BTreeMap<&'static str, Json<'t>>,
    /// The first complaint about a name. Another version may have other names.
    pub(super) problem: Option<FileError>,
}

impl<'t> Fields<'t> {
    /// Reads an object that has fields of these names alone.
    pub(super) fn read(text: &'t str, names: &[&'static str]) -> Result<Self, FileError> {
        let object = json::document(text)?;
        if object.kind() != Kind::Object {
            return Err(serde_json::Error::custom("an object was expected").into());
        }
        let mut fields = Fields::default();
        object.for_each_field(|name, value| {
            let text = name.string();
            let known = names.iter().find(|known| Some(**known) == text.as_deref());
            let problem = match known {
                Some(known) if fields.known.insert(known, value).is_none() => return Ok(()),
                Some(known) => problem(known, "is there twice"),
                None => {
                    let message = format!("unknown field {}", excerpt(name.text()));
                    serde_json::Error::custom(message).into()
                }
            };
            fields.problem.get_or_insert(problem);
            Ok::<_, FileError>(())
        })?;
        Ok(fields)
    }

    pub(super) fn has(&self, name: &'static str) -> bool {
        self.known.contains_key(name)
    }

    fn get(&self, name: &'static str) -> Result<Json<'t>, FileError> {
        let value = self.known.get(name).copied();
        value.ok_or_else(|| problem(name, "is missing"))
    }

    pub(super) fn string(&self, name: &'static str) -> Result<Cow<'t, str>, FileError> {
        let value = self.get(name)?.string();
        value.ok_or_else(|| problem(name, "is no string that is expected there"))
    }

    pub(super) fn integer<T: FromStr>(&self, name: &'static str) -> Result<T, FileError> {
        integer(name, self.get(name)?)
    }

    /// One of a few, by its name.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[T],
        name_of: impl Fn(T) -> &'static str,
    ) -> Result<T, FileError> {
        let text = self.string(name)?;
        let known = choices.iter().find(|own| name_of(**own) == text);
        known.copied().ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|own| name_of(*own)).collect();
            let (names, text) = (names.join(", "), excerpt(&text));
            problem(name, format!("is `{text}`, which is none of {names}"))
        })
    }

    pub(super) fn word(&self, name: &'static str) -> Result<Fr, FileError> {
        word(name, self.get(name)?)
    }

    pub(super) fn digest(&self, name: &'static str) -> Result<[u8; 32], FileError> {
        let text = self.string(name)?;
        let mut digest = [0; 32];
        let complaint = "is no digest: 64 lower-case hexadecimal digits were expected";
        // One text a digest.
        if !is_lower_hex(&text) || hex::decode_to_slice(text.as_bytes(), &mut digest).is_err() {
            return Err(problem(name, complaint));
        }
        Ok(digest)
    }

    /// So many bytes in hexadecimal.
    pub(super) fn bytes(&self, name: &'static str, length: usize) -> Result<Vec<u8>, FileError> {
        let text = self.string(name)?;
        if !is_lower_hex(&text) || text.len() % 2 != 0 {
            let complaint = "is not lower-case hexadecimal, two digits a byte";
            return Err(problem(name, complaint));
        }
        let of = |length: usize| format!("of {length} bytes");
        Contradiction::check(name, of(text.len() / 2), "the circuit", of(length))?;
        let mut bytes = vec![0; length];
        match hex::decode_to_slice(text.as_bytes(), &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(problem(name, error)),
        }
    }

    /// An array, of which the circuit has room for so many elements.
    pub(super) fn list<T>(
        &self,
        name: &'static str,
        noun: &str,
        most: usize,
        element: impl Fn(Json<'t>) -> Result<T, FileError>,
    ) -> Result<Vec<T>, FileError> {
        let array = self.get(name)?;
        if array.kind() != Kind::Array {
            return Err(problem(name, "is no array"));
        }
        // There is no room for what is in it before it is known how much, and that it has a meaning: it is up to 16
        // times as large as its text.
        let mut length = 0usize;
        array.for_each(|own| {
            length += 1;
            if length > most {
                let longer = Contradiction {
                    field: name,
                    stated: format!("of more than {most} {noun}"),
                    of: "the circuit",
                    found: format!("of {most} at most"),
                };
                return Err(longer.into());
            }
            element(own).map(|_| ())
        })?;
        let mut elements = Vec::with_capacity(length);
        array.for_each(|own| {
            elements.push(element(own)?);
            Ok::<_, FileError>(())
        })?;
        Ok(elements)
    }
}

/// An integer, of which JSON has one form.
pub(super) fn integer<T: FromStr>(name: &'static str, value: Json<'_>) -> Result<T, FileError> {
    let complaint = |_| problem(name, "holds what is no integer, or too large");
    value.text().parse().map_err(complaint)
}

/// A word in quotes: a decimal number without zeros before it.
pub(super) fn word(name: &'static str, value: Json<'_>) -> Result<Fr, FileError> {
    let complaint = || {
        problem(
            name,
            "holds what is no word: a decimal number below the field's modulus was expected, in quotes",
        )
    };
    let text = value.string().ok_or_else(complaint)?;
    // The modulus has 77 digits; the parser's time grows with the square of the length.
    if text.len() > 77 || text.len() > 1 && text.starts_with('0') {
        return Err(complaint());
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(complaint());
    }
    BigUint::parse_bytes(text.as_bytes(), 10)
        .and_then(|integer| Fr::from_integer(&integer))
        .ok_or_else(complaint)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn problem(field: &'static str, problem: impl ToString) -> FileError {
    FileError::Field {
        field,
        problem: problem.to_string(),
    }
}
