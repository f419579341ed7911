//! The words that a run is given.

use std::path::{Path, PathBuf};

use halo2_proofs::halo2curves::bn256::Fr;

use halo2_stack_vm::asm::{self, NumberError};
use halo2_stack_vm::machine::MAX_K;
use halo2_stack_vm::text::MARK;
use halo2_stack_vm::vm::Inputs;

use crate::arguments::InputArguments;
use crate::failure::Failure;
use crate::file::read;

/// As many words as the largest circuit has rows. A run that holds more can't be proved.
pub const MAX_WORDS: usize = 1 << MAX_K;

/// The words that a run is given.
pub fn inputs(arguments: &InputArguments) -> Result<Inputs<Fr>, Failure> {
    let tape = |option, given: &Option<String>, file: &Option<PathBuf>, secret| match (given, file)
    {
        (Some(text), _) => words(text, &Origin::Option(option), secret),
        (None, Some(path)) => words(&read(path)?, &Origin::File(path), secret),
        (None, None) => Ok(vec![]),
    };
    let InputArguments {
        input,
        input_file,
        secret,
        secret_file,
    } = arguments;
    Ok(Inputs {
        public: tape("--input", input, input_file, false)?,
        secret: tape("--secret", secret, secret_file, true)?,
    })
}

/// Where words stand.
enum Origin<'a> {
    Option(&'static str),
    File(&'a Path),
}

impl Origin<'_> {
    /// A complaint about something there, by its line and the characters before it.
    fn problem(&self, line: usize, before: &str, problem: impl std::fmt::Display) -> Failure {
        let column = before.chars().count() + 1;
        let place = match self {
            Origin::Option(name) => format!("{name}: character {column}"),
            Origin::File(path) => format!("{}:{line}:{column}", path.display()),
        };
        Failure::input("words", format!("{place}: {problem}"))
    }
}

/// Reads words with white space or commas between; in a file, `#` starts a comment.
fn words(text: &str, origin: &Origin<'_>, secret: bool) -> Result<Vec<Fr>, Failure> {
    let mut words = vec![];
    // A comma has to follow a word.
    let mut follows = false;
    let text = text.strip_prefix(MARK).unwrap_or(text);
    for (number, line) in asm::lines(text).enumerate() {
        let line = match origin {
            Origin::File(_) => line.split('#').next().unwrap_or_default(),
            Origin::Option(_) => line,
        };
        let mut before = 0;
        for piece in line.split_inclusive(|own: char| own == ',' || own.is_whitespace()) {
            let word = piece.trim_end_matches(|own: char| own == ',' || own.is_whitespace());
            let nth = words.len() + 1;
            let refused = |problem: String| {
                let problem = format!("word {nth}: {problem}");
                Err(origin.problem(number + 1, &line[..before], problem))
            };
            if !word.is_empty() {
                if words.len() == MAX_WORDS {
                    return refused(format!(
                        "there are more than {MAX_WORDS}, the most of any run"
                    ));
                }
                match asm::parse_word(word) {
                    Ok(word) => words.push(word),
                    Err(error) if secret => return refused(unquoted(error).to_string()),
                    Err(error) => return refused(error.to_string()),
                }
                follows = true;
            }
            if piece.ends_with(',') {
                if !follows {
                    return refused("there is none before this comma".into());
                }
                follows = false;
            }
            before += piece.len();
        }
    }
    Ok(words)
}

/// The same complaint without what it is about.
fn unquoted(error: NumberError) -> NumberError {
    let hidden = "(not shown)".to_owned();
    match error {
        NumberError::Malformed { .. } => NumberError::Malformed { text: hidden },
        NumberError::OutOfRange { modulus, .. } => NumberError::OutOfRange {
            text: hidden,
            modulus,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(text: &str) -> Result<Vec<Fr>, String> {
        let file = Origin::File("w".as_ref());
        words(text, &file, false).map_err(|failure| failure.text(false).unwrap_or_default())
    }

    #[test]
    fn words_stand_between_commas_and_white_space() {
        let expected: Vec<_> = [1, 2, 3, 16].map(Fr::from).into();
        for text in [
            "1 2 3 16",
            "1,2,3,0x10",
            "1, 2 ,3\n16",
            "# a comment, with 7\n1,\n2,\n3, # 8\n\n0x10,\n",
            "\t1\r\n2  3\u{a0}16 ",
            "\u{feff}1 2 3 16",
            "1 # one\r2 # two\r\r3 16\r",
        ] {
            assert_eq!(read_words(text).as_ref(), Ok(&expected), "{text:?}");
        }
        assert_eq!(read_words("-1").unwrap(), [-Fr::one()]);
        for nothing in ["", " \n", "# 1"] {
            assert_eq!(read_words(nothing).unwrap(), []);
        }
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (text, expected) in [
            ("1 2\n  3x 4", "w:2:3: word 3: `3x` is not a number"),
            ("1,,2", "w:1:3: word 2: there is none before this comma"),
            ("1,\n, 2", "w:2:1: word 2: there is none before this comma"),
            (",", "w:1:1: word 1: there is none"),
            ("\u{fc} 1", "w:1:1: word 1: `\u{fc}` is not"),
            ("1 # one\r2 x", "w:2:3: word 3: `x` is not"),
            ("\u{feff}1 x", "w:1:3: word 2: `x` is not"),
            ("1 \u{fc}", "w:1:3: word 2: `\u{fc}` is not"),
            (&"9".repeat(78), "is out of range"),
        ] {
            let error = read_words(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let secret = words("1 77x", &Origin::Option("--secret"), true).unwrap_err();
        let secret = secret.text(false).unwrap();
        assert!(secret.contains("--secret: character 3: word 2") && !secret.contains("77x"));
    }
}
