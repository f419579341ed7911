//! Messages of instructions.

use super::*;

fn message(source: &str, address: usize) -> Option<String> {
    let Assembly { program, symbols } = assemble_with_symbols::<Fr>(source).unwrap();
    // They are no part of the program.
    let plain: String = source
        .lines()
        .map(|line| format!("{}\n", line.split('"').next().unwrap()))
        .collect();
    assert_eq!(assemble(&plain), Ok(program));
    symbols.message(address).map(str::to_owned)
}

#[test]
fn an_instruction_may_have_a_message() {
    let source = "push 1\nassert \"is one\" # why\npush 5\nassert_eq 2+3 \"five\"\nnot\"\"\na: inv \"# no comment: a\"";
    let expected = [
        None,
        Some("is one"),
        None,
        Some("five"),
        Some(""),
        Some("# no comment: a"),
        None,
    ];
    for (address, expected) in expected.into_iter().enumerate() {
        assert_eq!(message(source, address).as_deref(), expected, "{address}");
    }
}

/// What is written as one instruction is several, all of its line and with its message.
#[test]
fn sequences_are_of_one_line() {
    let source = "start: push 7\n push 2\n divs32 \"signs\"\nafter: push after - start\n push 1\n rems64\nend: jump end\n";
    let Assembly { program, symbols } = assemble_with_symbols::<Fr>(source).unwrap();
    assert_eq!(program.len(), 2 + 12 + 2 + 9 + 1);
    for (name, address) in [("start", 0), ("after", 14), ("end", 25)] {
        assert_eq!(symbols.address(name), Some(address));
    }
    assert_eq!(program.instructions()[14], push(word(14)));
    assert_eq!(program.instructions()[25].argument, word(25));
    for address in 2..14 {
        assert_eq!(symbols.line(address), Some(3));
        assert_eq!(symbols.message(address), Some("signs"));
    }
    for address in [0, 1, 14, 16, 24, 25] {
        assert_eq!(symbols.message(address), None, "{address}");
    }
    // Its instructions are written one by one, and are the same.
    let text = disassemble(&program).unwrap();
    assert_eq!(assembled(&text), program.instructions());
    for (source, expected) in [
        ("divs32 3", "`divs32` takes no argument"),
        ("divs32: nop", "`divs32`"),
        ("divs33", "did you mean `divs32`?"),
    ] {
        let errors = assemble::<Fr>(source).unwrap_err().to_string();
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn messages_have_escapes() {
    for (written, text) in [
        ("a \\\"b\\\" c", "a \"b\" c"),
        ("\\\\", "\\"),
        ("\\n\\t", "\n\t"),
        ("\\u{e9}\\u{202E}\\u{0}", "\u{e9}\u{202e}\0"),
        ("ü", "ü"),
    ] {
        let source = format!("assert \"{written}\"\n");
        let Assembly { symbols, .. } = assemble_with_symbols::<Fr>(&source).unwrap();
        assert_eq!(symbols.message(0), Some(text), "{written}");
    }
    for (written, escape) in [
        ("\\x", "\\x"),
        ("é\\é", "\\é"),
        ("\\u{d800}", "\\u{d800}"),
        ("\\u{1234567}", "\\u{1234567}"),
        ("\\u{}", "\\u{}"),
        ("\\u12", "\\u"),
    ] {
        let source = format!("nop\nassert \"{written}\" # \"");
        let column = 9 + written.chars().take_while(|own| *own != '\\').count();
        let kind = error_at(&source, 2, column, escape);
        let expected = AsmErrorKind::UnknownEscape {
            escape: escape.into(),
        };
        assert_eq!(kind, expected);
    }
}

#[test]
fn wrong_messages() {
    for (source, column, piece, kind) in [
        ("assert \"a", 8, "\"a", AsmErrorKind::UnfinishedMessage),
        (
            "push 3 \"a\\\" # b",
            8,
            "\"a\\\" # b",
            AsmErrorKind::UnfinishedMessage,
        ),
        (
            "push \"three\" 3",
            6,
            "\"three\"",
            AsmErrorKind::MessageFirst { mnemonic: "push" },
        ),
        (
            "push \"three\"",
            1,
            "push",
            AsmErrorKind::MissingArgument { mnemonic: "push" },
        ),
        (
            "assert \"a\" \"b\"",
            12,
            "\"b\"",
            AsmErrorKind::UnexpectedArgument { mnemonic: "assert" },
        ),
        (
            "push 3 \"a\" 4",
            12,
            "4",
            AsmErrorKind::ExtraWords { mnemonic: "push" },
        ),
    ] {
        assert_eq!(error_at(source, 1, column, piece), kind, "{source}");
    }
    let longest = "é".repeat(200);
    assert_eq!(
        message(&format!("assert \"{longest}\""), 0),
        Some(longest.clone())
    );
    let piece = format!("\"{longest}\\n\"");
    let kind = error_at(&format!("assert {piece}"), 1, 8, &piece);
    assert_eq!(kind, AsmErrorKind::MessageTooLong);
}
