//! Text of strangers, fit to be shown.
//!
//! A file, a name or an argument may hold characters that command a terminal, end a line, turn the direction of
//! the text or can't be seen, and so pretend to be words of this program. Whatever a message quotes goes through
//! this module, which writes such characters as Rust does: `\n`, `\u{1b}`, `\u{202e}`.

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
}
