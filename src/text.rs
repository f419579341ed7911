//! Text of strangers, fit to be shown.
//!
//! A file, a name or an argument may hold characters that command a terminal, end a line, turn the direction of
//! the text or can't be seen, and so pretend to be words of this program. Whatever a message quotes goes through
//! this module, which writes such characters as Rust does: `\n`, `\u{1b}`, `\u{202e}`.

use std::fmt;
use std::ops::Range;
use std::path::Path;

/// A text on one line, with control, format, direction and separator characters escaped.
///
/// Quotes and backslashes stay as they are, for they do no harm and paths have them. What is escaped already stays
/// the same.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // `escape_debug` knows the characters, but escapes these three too.
    for piece in text.split_inclusive(['\'', '"', '\\']) {
        let harmless = piece.ends_with(['\'', '"', '\\']);
        let (body, mark) = piece.split_at(piece.len() - usize::from(harmless));
        shown.extend(body.escape_debug());
        shown.push_str(mark);
    }
    shown
}

/// So many things, as it is said: `1 word`, `2 words`.
pub fn counted<N: fmt::Display + PartialEq + From<bool>>(count: N, noun: &str) -> String {
    match count == N::from(true) {
        true => format!("1 {noun}"),
        false => format!("{count} {noun}s"),
    }
}

/// The beginning of a text, [escaped].
pub fn excerpt(text: &str) -> String {
    const MOST_CHARACTERS: usize = 40;
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => escaped(&text[..end]) + "…",
        None => escaped(text),
    }
}

/// A path, [escaped].
pub fn shown_path(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// A line of a program's text, [escaped] but for its tabs, and where a piece of it stands there then.
pub fn source_line(line: &str, piece: Range<usize>) -> (String, Range<usize>) {
    let mut shown = String::with_capacity(line.len());
    let mut push = |text: Option<&str>| {
        for (nth, words) in text.unwrap_or_default().split('\t').enumerate() {
            if nth > 0 {
                shown.push('\t');
            }
            shown.push_str(&escaped(words));
        }
        shown.len()
    };
    let start = push(line.get(..piece.start));
    let end = push(line.get(piece.clone()));
    push(line.get(piece.end..));
    (shown, start..end)
}

/// The lines of a text as the assembler counts them, without their ends: `\n`, `\r\n`, and `\r`, with which old
/// Macintosh programs end lines.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    located_lines(text).map(|(_, line)| line)
}

pub(crate) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

/// The lines, and where each begins, in bytes.
pub(crate) fn located_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(is_line_end).unwrap_or(rest.len());
        let (line, end) = rest.split_at(length);
        let located = (start, line);
        start += length + if end.starts_with("\r\n") { 2 } else { 1 };
        Some(located)
    })
}

/// The text of bytes that should be UTF-8, without the byte order mark of UTF-8.
///
/// # Errors
///
/// [`NotUtf8`], with the place and what to do.
pub fn decoded(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    if let Some(encoding) = other_encoding(&bytes) {
        return Err(NotUtf8 {
            encoding: Some(encoding),
            place: None,
        });
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let before = before.and_then(|bytes| std::str::from_utf8(bytes).ok());
        NotUtf8 {
            encoding: None,
            place: Some(end(before.unwrap_or_default())),
        }
    })?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

/// Bytes are no UTF-8 text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUtf8 {
    /// The encoding that they seem to be in.
    pub encoding: Option<&'static str>,
    /// Else the line and the column of the first byte that is not UTF-8, counted from 1.
    pub place: Option<(usize, usize)>,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.encoding {
            Some(encoding) => write!(
                f,
                "it is {encoding} text: save it as UTF-8, or convert it with `iconv -f {encoding} -t UTF-8`"
            ),
            None => f.write_str("a byte here is not UTF-8 text: save the file as UTF-8"),
        }
    }
}

impl std::error::Error for NotUtf8 {}

/// The mark that some editors put before a text, to say in which order its bytes are.
pub const MARK: char = '\u{feff}';

/// The encoding of a text that is not in UTF-8 by its byte order mark, or by the zeros in its first two characters.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ => {
            let zeros: Vec<bool> = bytes.iter().take(4).map(|byte| *byte == 0).collect();
            match zeros[..] {
                [false, true, true, true] | [true, true, true, false] => Some("UTF-32"),
                [false, true, false, true] | [false, true] => Some("UTF-16LE"),
                [true, false, true, false] | [true, false] => Some("UTF-16BE"),
                _ => None,
            }
        }
    }
}

/// The line and the column, counted from 1, of what follows a text.
fn end(before: &str) -> (usize, usize) {
    let before = before.strip_prefix(MARK).unwrap_or(before);
    let count = lines(before).count();
    match lines(before).last() {
        Some(last) if !before.ends_with(['\n', '\r']) => (count, last.chars().count() + 1),
        _ => (count + 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What does something where it is shown: of each kind the first and the last, and those that are known from
    /// attacks.
    const HARMFUL: &[char] = &[
        '\0',
        '\u{7}',
        '\u{8}',
        '\t',
        '\n',
        '\u{b}',
        '\r',
        '\u{1b}',
        '\u{1f}',
        '\u{7f}',
        '\u{80}',
        '\u{85}',
        '\u{9b}',
        '\u{9f}',
        '\u{ad}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{206f}',
        '\u{feff}',
        '\u{fff9}',
        '\u{e0001}',
        '\u{e007f}',
        '\u{f8ff}',
    ];

    #[test]
    fn what_does_something_is_escaped() {
        for harmful in HARMFUL {
            for text in [
                format!("a{harmful}b"),
                format!("'{harmful}"),
                harmful.to_string(),
            ] {
                let shown = escaped(&text);
                assert!(
                    !shown.contains(*harmful) && shown.contains('\\'),
                    "{shown:?}"
                );
                assert_eq!(escaped(&shown), shown);
                assert_eq!(excerpt(&text), shown);
            }
        }
        // No control character and no end of a line is left out of the list above.
        for control in (0..=0x10_ffff).filter_map(char::from_u32) {
            if control.is_control() {
                assert!(
                    !escaped(&format!("a{control}")).contains(control),
                    "{control:?}"
                );
            }
        }
    }

    #[test]
    fn what_can_be_read_stays() {
        for text in [
            "",
            "it's \"C:\\a b\\c\"",
            "Zähler/число/数.svm",
            "e\u{301}t\u{e9}",
            "🙂",
        ] {
            assert_eq!(escaped(text), text);
        }
        let long = "é".repeat(41);
        assert_eq!(excerpt(&long), format!("{}…", "é".repeat(40)));
        assert_eq!(excerpt(&long[2..]), long[2..]);
    }

    #[test]
    fn a_piece_of_a_line_is_found_again() {
        let line = "\u{9b}2J\tpush \u{202e}x # \u{1b}";
        let at = line.find("push").unwrap();
        let (shown, piece) = source_line(line, at..line.find(" #").unwrap());
        assert_eq!(shown, "\\u{9b}2J\tpush \\u{202e}x # \\u{1b}");
        assert_eq!(&shown[piece], "push \\u{202e}x");
        assert_eq!(source_line("ab", 2..2), ("ab".into(), 2..2));
    }

    #[test]
    fn a_place_is_found() {
        for (before, place) in [
            ("", (1, 1)),
            ("ab", (1, 3)),
            ("\u{feff}a\u{fc}", (1, 3)),
            ("a\n", (2, 1)),
            ("a\r\nb", (2, 2)),
            ("a\r\rbc", (3, 3)),
        ] {
            assert_eq!(end(before), place, "{before:?}");
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        let utf16 = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        for text in [
            "push 1",
            "\u{feff}push 1",
            "\u{feff}\u{fc}",
            "1",
            "# \u{fc}",
        ] {
            assert_eq!(other_encoding(text.as_bytes()), None, "{text}");
            let little: Vec<u8> = utf16(text).into_iter().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = utf16(text).into_iter().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big] {
                let encoding = other_encoding(&bytes).unwrap();
                assert!(encoding.starts_with("UTF-16"), "{text}: {encoding}");
            }
            let long = text.chars().flat_map(|c| u32::from(c).to_le_bytes());
            assert_eq!(other_encoding(&long.collect::<Vec<_>>()), Some("UTF-32"));
        }
        for bytes in [&b""[..], b"\0", b"a", b"\0\0", b"ab\0\0", b"\xff"] {
            assert_eq!(other_encoding(bytes), None, "{bytes:?}");
        }
    }
}
