//! JSON that is read without a copy: each value is a piece of the text.
//!
//! A tree of values takes 16 times the room of a text like `[0,0,0]`, and a reader that is told to
//! expect something else quotes the whole value in its message. Neither is fit for files of strangers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

/// No file of this crate has deeper nesting than three.
const MOST_NESTING: usize = 128;
/// A string with an escape that is longer, in bytes, is none that is looked for: to read it takes a copy.
const MOST_ESCAPED: usize = 1024;

/// A JSON value, as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'t>(&'t str);

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Array,
    Object,
    String,
    Number,
    /// `true`, `false` or `null`.
    Other,
}

/// The one value in a text.
pub(crate) fn document(text: &str) -> serde_json::Result<Json<'_>> {
    check_nesting(text)?;
    let value: &RawValue = serde_json::from_str(text)?;
    Ok(Json(value.get()))
}

/// The brackets and commas of a text that are not in strings, and where they stand.
fn marks(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut in_string, mut escaped) = (false, false);
    text.bytes().enumerate().filter(move |(_, byte)| {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            return false;
        }
        in_string = *byte == b'"';
        matches!(byte, b'[' | b']' | b'{' | b'}' | b',')
    })
}

/// The depth after a mark, given the one before it.
fn nested(depth: usize, mark: u8) -> usize {
    match mark {
        b'[' | b'{' => depth + 1,
        b']' | b'}' => depth.saturating_sub(1),
        _ => depth,
    }
}

/// Refuses what a reader needs a stack for.
fn check_nesting(text: &str) -> serde_json::Result<()> {
    let mut depth = 0;
    for (at, mark) in marks(text) {
        depth = nested(depth, mark);
        if depth > MOST_NESTING {
            let before = text.get(..at).unwrap_or_default();
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = before.matches('\n').count() + 1;
            let column = at - line_start + 1;
            // The reader takes the place out of the message.
            return Err(serde_json::Error::custom(format!(
                "more than {MOST_NESTING} values inside each other at line {line} column {column}"
            )));
        }
    }
    Ok(())
}

impl<'t> Json<'t> {
    pub(crate) fn text(self) -> &'t str {
        self.0
    }

    pub(crate) fn kind(self) -> Kind {
        match self.0.bytes().next() {
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            Some(b'"') => Kind::String,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            _ => Kind::Other,
        }
    }

    /// The number, if it is one that fits into 64 bits or a float.
    pub(crate) fn number(self) -> Option<Number> {
        serde_json::from_str(self.0).ok()
    }

    /// The string, unless it is a long one with escapes.
    pub(crate) fn string(self) -> Option<Cow<'t, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if !inner.contains('\\') {
            return Some(Cow::Borrowed(inner));
        }
        if inner.len() > MOST_ESCAPED {
            return None;
        }
        serde_json::from_str(self.0).ok().map(Cow::Owned)
    }

    /// The number of elements of an array.
    pub(crate) fn length(self) -> Option<usize> {
        let inner = self.0.strip_prefix('[')?.strip_suffix(']')?;
        if inner.trim_start().is_empty() {
            return Some(0);
        }
        let mut depth = 0;
        let commas = marks(inner).filter(|(_, mark)| {
            depth = nested(depth, *mark);
            depth == 0 && *mark == b','
        });
        Some(commas.count() + 1)
    }

    /// Calls a function with each element of an array, until it fails.
    pub(crate) fn for_each<E>(self, mut f: impl FnMut(Json<'t>) -> Result<(), E>) -> Result<(), E> {
        let mut failure = Ok(());
        let visitor = Elements(|element| {
            failure = f(element);
            failure.is_ok()
        });
        // It is JSON, so that nothing else fails.
        let _ = serde_json::Deserializer::from_str(self.0).deserialize_seq(visitor);
        failure
    }

    /// Calls a function with the name and value of each field of an object, until it fails.
    pub(crate) fn for_each_field<E>(
        self,
        mut f: impl FnMut(Json<'t>, Json<'t>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failure = Ok(());
        let visitor = Fields(|name, value| {
            failure = f(name, value);
            failure.is_ok()
        });
        let _ = serde_json::Deserializer::from_str(self.0).deserialize_map(visitor);
        failure
    }
}

/// Visits an array while the function says so.
struct Elements<F>(F);

impl<'t, F: FnMut(Json<'t>) -> bool> Visitor<'t> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if !(self.0)(Json(element.get())) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// Visits an object while the function says so.
struct Fields<F>(F);

impl<'t, F: FnMut(Json<'t>, Json<'t>) -> bool> Visitor<'t> for Fields<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some((name, value)) = fields.next_entry::<&RawValue, &RawValue>()? {
            if !(self.0)(Json(name.get()), Json(value.get())) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
