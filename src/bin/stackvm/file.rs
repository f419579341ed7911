//! Files that hold texts.

use std::io::Read;
use std::path::{Path, PathBuf};

use halo2_stack_vm::asm;

use crate::failure::Failure;

/// More than the text of any program or of any words that a circuit has room for.
const MAX_TEXT_BYTES: u64 = 1 << 30;

/// The path that stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether one of the paths stands for standard input; two can't.
pub fn read_once<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<bool, Failure> {
    match paths.filter(|path| is_standard_input(path)).count() {
        named @ 0..=1 => Ok(named == 1),
        _ => {
            let problem = "`-` stands twice: standard input can be read once";
            Err(Failure::input("usage", problem))
        }
    }
}

/// The file at a path, or standard input where the path is `-`.
fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    Ok(match is_standard_input(path) {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path)?),
    })
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String, Failure> {
    // A file says how long it is, so that there is room for so much and no more.
    let len = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(len.min(MAX_TEXT_BYTES) as usize);
    open(path)
        .and_then(|file| file.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file("io", path, error))?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        let problem = format!("it has more than {MAX_TEXT_BYTES} bytes, the most that are read");
        return Err(Failure::file("io", path, problem));
    }
    if let Some(encoding) = other_encoding(&bytes) {
        let problem = format!(
            "it is {encoding} text: save it as UTF-8, or convert it with `iconv -f {encoding} -t UTF-8`"
        );
        return Err(Failure::file("io", path, problem));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let before = before.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let (line, column) = end(before.unwrap_or_default());
        let problem = "a byte here is not UTF-8 text: save the file as UTF-8";
        Failure::input(
            "io",
            format!("{}:{line}:{column}: {problem}", path.display()),
        )
    })?;
    // The byte order mark of UTF-8.
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

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
    let lines = asm::lines(before).count();
    match asm::lines(before).last() {
        Some(last) if !before.ends_with(['\n', '\r']) => (lines, last.chars().count() + 1),
        _ => (lines + 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
