//! Lines, mnemonics and arguments.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn layout_does_not_matter() {
    let expected = [push(word(3)), push(word(255)), plain(3), plain(0)];
    assert_eq!(assembled("push 3\npush 255\nmul\nnop\n"), expected);
    assert_eq!(
        assembled(
            "\u{feff}# a comment\r\n\r\n\t push\t3# three\r\n  push   0xfF \r\n#\nmul #\n\n nop  "
        ),
        expected
    );
    assert_eq!(assembled(""), []);
    assert_eq!(assembled("\u{feff}"), []);
    assert_eq!(assembled(" \n\t\r\n# nothing"), []);
}

#[test]
fn every_instruction_of_the_table_is_read() {
    for opcode in Opcode::ALL.iter().copied() {
        let (source, argument) = match opcode.takes_argument() {
            true => (format!("{opcode} 1"), word(1)),
            false => (opcode.to_string(), word(0)),
        };
        let expected = Instruction::new(opcode, argument);
        assert_eq!(assembled(&source), [expected]);
    }
}

#[test]
fn unknown_mnemonics() {
    let kind = error_at("push 3\n# ü\n  ü\n", 3, 3, "ü");
    let shown = kind.to_string();
    let expected =
        "there is no instruction `ü`; `stackvm isa` and `docs/isa.md` have all instructions";
    assert_eq!(shown, expected);
    let shown = assemble::<Fr>("\n\n    psuh 4").unwrap_err().to_string();
    assert_eq!(
        shown,
        "3:5: there is no instruction `psuh`; did you mean `push`?"
    );
}

#[test]
fn suggestions() {
    let suggested = [
        ("psuh", Some("push")),
        ("PUSH", Some("push")),
        ("Push3", Some("push")),
        ("ad", Some("add")),
        ("mull", Some("mul")),
        ("poop", Some("pop")),
        ("nope", Some("nop")),
        ("substract", Some("sub")),
        ("jumpe", Some("jump")),
        ("//", None),
        ("3", None),
    ];
    for (written, suggestion) in suggested {
        let found = errors(written);
        assert_eq!(found[0].suggestion(), suggestion, "{written}");
    }
    assert_eq!(errors("push")[0].suggestion(), None);
    assert_eq!(nearest(&"push".repeat(17)), None);
}

#[test]
fn missing_arguments() {
    let expected = AsmErrorKind::MissingArgument { mnemonic: "push" };
    assert_eq!(error_at("nop\n\tpush # 3", 2, 2, "push"), expected);
    assert_eq!(error_at("push\r\nnop", 1, 1, "push"), expected);
}

#[test]
fn arguments_that_are_not_taken() {
    let expected = AsmErrorKind::UnexpectedArgument { mnemonic: "add" };
    assert_eq!(error_at("add 5 # five", 1, 5, "5"), expected);
    assert_eq!(error_at("add  5 push\t6 \r\n", 1, 6, "5 push\t6"), expected);
}

#[test]
fn extra_words() {
    let expected = AsmErrorKind::ExtraWords { mnemonic: "push" };
    assert_eq!(error_at("push 5 ; five", 1, 8, "; five"), expected);
    assert_eq!(error_at("\u{feff}push 5 6  # 7", 1, 8, "6"), expected);
}

#[test]
fn wrong_numbers() {
    assert_eq!(
        error_at("\u{a0}push\u{a0}ü7 8", 1, 7, "ü7"),
        AsmErrorKind::Number(NumberError::Malformed { text: "ü7".into() })
    );
    let modulus = modulus_plus(0);
    let kind = error_at(&format!("nop\npush -{modulus} # p"), 2, 7, &modulus);
    assert!(matches!(
        kind,
        AsmErrorKind::Number(NumberError::OutOfRange { .. })
    ));
}

#[test]
fn every_line_with_an_error_is_reported() {
    let found = errors("psuh 1\npush 1\npush x\r\nadd 1\nadd\nhalt 1");
    let places: Vec<_> = found.iter().map(|e| (e.line, e.column)).collect();
    assert_eq!(places, [(1, 1), (3, 6), (4, 5), (6, 6)]);
    let shown = assemble::<Fr>("psuh 1\nhalt 1").unwrap_err().to_string();
    assert_eq!(shown.lines().count(), 2);
}

#[test]
fn what_is_too_long_is_refused_quickly_and_briefly() {
    let long = 10_000_000;
    let sources = [
        format!("push {}", "9".repeat(long)),
        format!("push -0x{}", "f".repeat(long)),
        format!("push {}x", "0".repeat(long)),
        "p".repeat(long),
        "push 1 ".repeat(long / 7),
    ];
    let start = Instant::now();
    for source in sources {
        let shown = assemble::<Fr>(&source).unwrap_err().to_string();
        assert!(shown.chars().count() < 500, "{shown}");
    }
    let number = "9".repeat(long);
    assert!(from_json::<Fr>(&format!("[1, {number}]")).is_err());
    assert!(from_json::<Fr>(&format!("[1, \"{number}\"]")).is_err());
    assert!(from_json::<Fr>(&format!("[\"{number}\", 1]")).is_err());
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn errors_show_no_control_characters() {
    for source in ["\u{1b}[2Jx", "push \u{1b}]0;x\u{7}", "a\u{202e}b"] {
        let shown = assemble::<Fr>(source).unwrap_err().to_string();
        assert!(shown.chars().all(|c| !c.is_control() && c != '\u{202e}'));
    }
    assert_eq!(excerpt("it's \"\\\n"), "it's \"\\\\n");
}

#[test]
fn lines_end_as_on_any_system() {
    let expected = [push(word(3)), plain(2)];
    for end in ["\n", "\r\n", "\r"] {
        let source = ["push 3 # three", "", "add", ""].join(end);
        assert_eq!(assembled(&source), expected, "{end:?}");
        let wrong = ["push 3 # three", "", " psuh 4", ""].join(end);
        assert_eq!(
            error_at(&wrong, 3, 2, "psuh").to_string(),
            "there is no instruction `psuh`; did you mean `push`?"
        );
        assert_eq!(
            lines(&source).collect::<Vec<_>>(),
            ["push 3 # three", "", "add"]
        );
        let constant = ["", ".const N N", "push N"].join(end);
        assert!(matches!(
            error_at(&constant, 2, 8, "N"),
            AsmErrorKind::Cycle { .. }
        ));
    }
    assert_eq!(lines("").count(), 0);
    assert_eq!(lines("\r\r\n\n").collect::<Vec<_>>(), ["", "", ""]);
}

#[test]
fn a_blank_may_stand_before_a_colon() {
    let expected = [push(word(1)), Instruction::new(Opcode::Jump, word(0))];
    for source in [
        "a: push 1\njump a",
        "a : push 1\njump a",
        "a\t :push 1\njump a",
        " a :\npush 1\njump a",
    ] {
        assert_eq!(assembled(source), expected, "{source}");
    }
    for (source, column, piece) in [
        ("a: b: nop", 4, "b:"),
        ("a : b : nop", 5, "b"),
        ("a:b: nop", 3, "b:"),
    ] {
        assert_eq!(
            error_at(source, 1, column, piece),
            AsmErrorKind::SecondLabel
        );
    }
    assert_eq!(
        error_at("push : 3", 1, 1, "push"),
        AsmErrorKind::NameIsMnemonic { mnemonic: "push" }
    );
}

#[test]
fn nothing_is_passed_over() {
    for source in [
        "\"",
        "\"nop\"",
        "(nop)",
        ":",
        "*",
        "nop \"",
        "push \"1\"",
        "nop (",
        ")",
    ] {
        let found = errors(source);
        assert_eq!(found.len(), 1, "{source}");
    }
}

/// What is executed is what a reader sees.
#[test]
fn text_that_hides_text_is_refused() {
    // A terminal shows `# The constant 36` alone.
    assert_eq!(
        error_at("push 36\npush 666\r# The constant 36\n", 2, 9, "\r"),
        AsmErrorKind::MixedLineEnds
    );
    assert_eq!(assembled("push 36\rnop\r").len(), 2);
    assert_eq!(assembled("push 36\r\nnop\r\n").len(), 2);
    for character in ['\u{202e}', '\u{2066}', '\u{2028}', '\u{2029}', '\u{200f}'] {
        let text = format!("push 36 # {character}gnihton\n");
        let place = character.to_string();
        assert_eq!(
            error_at(&text, 1, 11, &place),
            AsmErrorKind::HidesText { character }
        );
    }
}

#[test]
fn shifts_by_places() {
    for (written, executed, argument) in [
        ("shl32 3", Opcode::Muli32, 8),
        ("shr32 3", Opcode::Mulhii32, 1 << 29),
        ("shr32 0", Opcode::Mulhii32, 1 << 32),
        ("rotl32 31", Opcode::Rotli32, 1 << 31),
        ("rotr32 31", Opcode::Rotli32, 2),
        ("rotr32 0", Opcode::Rotli32, 1),
        (".const N 2\nshl32 N + 1", Opcode::Muli32, 8),
    ] {
        let expected = [Instruction::new(executed, word(argument))];
        assert_eq!(assembled(written), expected, "{written}");
    }
    for (written, piece) in [
        ("shl32 32", "32"),
        ("shr32 -1", "-1"),
        ("rotl32 0x100000000", "0x100000000"),
    ] {
        let expected = AsmErrorKind::Places {
            mnemonic: &written[..written.find(' ').unwrap()],
            most: 31,
        };
        let column = written.find(' ').unwrap() + 2;
        assert_eq!(error_at(written, 1, column, piece), expected);
    }
    assert_eq!(errors("rotri32 7")[0].suggestion(), Some("rotr32"));
}
