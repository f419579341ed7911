//! Any text is read or refused, and what is written is read as the same.

use proptest::prelude::*;

use super::*;

/// Any word, those at the borders more often than chance would have it.
fn any_word() -> impl Strategy<Value = Fr> {
    let wide = any::<[u64; 4]>().prop_map(|limbs| {
        limbs.into_iter().fold(word(0), |sum, limb| {
            sum * (word(u64::MAX) + word(1)) + word(limb)
        })
    });
    let near = |distance: u64| {
        prop_oneof![
            (0..=distance).prop_map(word),
            (0..=distance).prop_map(|value| Fr::zero() - word(value)),
        ]
    };
    prop_oneof![wide, near(3), near(2_000_000), any::<u64>().prop_map(word)]
}

fn any_opcode() -> impl Strategy<Value = Opcode> {
    prop::sample::select(Opcode::ALL.to_vec())
}

/// Programs that have a text form.
fn plain_program() -> impl Strategy<Value = Program<Fr>> {
    let instruction = (any_opcode(), any_word(), any::<u64>());
    prop::collection::vec(instruction, 0..40).prop_map(|instructions| {
        let addresses = instructions.len() as u64 + 1;
        let instruction = |(opcode, argument, address): (Opcode, Fr, u64)| {
            let argument = match (opcode.takes_address(), opcode.takes_argument()) {
                (true, _) => word(address % addresses),
                (false, true) => argument,
                (false, false) => word(0),
            };
            Instruction::new(opcode, argument)
        };
        instructions.into_iter().map(instruction).collect()
    })
}

fn any_program() -> impl Strategy<Value = Program<Fr>> {
    let opcode = prop_oneof![0..8u64, any::<u64>()];
    let instruction =
        (opcode, any_word()).prop_map(|(opcode, argument)| Instruction { opcode, argument });
    prop::collection::vec(instruction, 0..40).prop_map(Program::from)
}

/// What the assembler promises for any text.
fn check_any_text(text: &str) {
    let _ = parse_word::<Fr>(text);
    if let Ok(program) = from_json::<Fr>(text) {
        assert_eq!(from_json(&to_json(&program)), Ok(program));
    }
    match assemble_with_symbols::<Fr>(text) {
        Ok(Assembly { program, symbols }) => {
            for address in 0..program.len() {
                let line = lines(text).nth(symbols.line(address).unwrap() - 1).unwrap();
                assert!(line.contains('"') || symbols.message(address).is_none());
            }
            assert_eq!(assemble(text).as_ref(), Ok(&program));
            assert_eq!(assemble(&disassemble(&program).unwrap()), Ok(program));
        }
        Err(errors) => {
            assert!(!errors.errors().is_empty());
            for error in errors.errors() {
                assert!(!text[error.span.clone()].is_empty());
                let before = &text[..error.span.start];
                let before = before.strip_prefix('\u{feff}').unwrap_or(before);
                let before = before.replace("\r\n", "\n").replace('\r', "\n");
                let line = before.rsplit('\n').next().unwrap();
                assert_eq!(error.line, before.matches('\n').count() + 1);
                assert_eq!(error.column, line.chars().count() + 1);
            }
        }
    }
}

/// An expression and what it comes to.
fn any_expression() -> impl Strategy<Value = (String, Fr)> {
    let number = |(negative, number): (bool, u64)| match negative {
        true => (format!("-{number}"), Fr::zero() - word(number)),
        false => (format!("{number:#x}"), word(number)),
    };
    let names = prop::sample::select(vec![("SEVEN", 7), ("later", 11), ("at", 2)])
        .prop_map(|(name, value)| (name.to_owned(), word(value)));
    let leaf = prop_oneof![(any::<bool>(), any::<u64>()).prop_map(number), names];
    // What is below a `*` or after a `-` needs parentheses where it is a sum; each has them, or is a leaf.
    leaf.prop_recursive(5, 40, 3, |inner| {
        let part = (inner, any::<bool>()).prop_map(|((text, value), negative)| {
            let text = format!("({text})");
            match negative {
                true => (format!("- {text}"), Fr::zero() - value),
                false => (text, value),
            }
        });
        let sign = prop::sample::select(vec!['+', '-']);
        let parts = (part.clone(), part.clone(), part, sign, any::<bool>());
        parts.prop_map(|((a, x), (b, y), (c, z), sign, first)| {
            // a + b * c, or a * b + c
            let [left, right] = match first {
                true => [a, format!("{b}*{c}")],
                false => [format!("{a} *{b}"), c],
            };
            let [l, r] = match first {
                true => [x, y * z],
                false => [x * y, z],
            };
            let value = if sign == '-' { l - r } else { l + r };
            (format!("{left}{sign} {right}"), value)
        })
    })
}

proptest! {
    #[test]
    fn expressions_are_arithmetic((text, value) in any_expression()) {
        let source = format!(
            ".const SEVEN 7\n.const N {text}\npush {text} # {text}\npush N\nat: assert_eq {text}\"said\"\n.const later at+9"
        );
        let program = assemble::<Fr>(&source).unwrap();
        for instruction in program.instructions() {
            prop_assert_eq!(instruction.argument, value, "{}", source);
        }
    }

    #[test]
    fn text_round_trips(program in plain_program()) {
        let text = disassemble(&program).unwrap();
        prop_assert_eq!(assemble(&text), Ok(program));
    }

    #[test]
    fn json_round_trips(program in any_program()) {
        prop_assert_eq!(from_json(&to_json(&program)), Ok(program));
    }

    #[test]
    fn words_round_trip(word in any_word()) {
        let integer = word.to_integer();
        prop_assert_eq!(parse_word(&integer.to_string()), Ok(word));
        prop_assert_eq!(parse_word(&format!("{integer:#x}")), Ok(word));
        prop_assert_eq!(parse_word(&format!("-{integer}")), Ok(Fr::zero() - word));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        check_any_text(&text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_any_text(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn text_like_a_program_is_read_or_refused(text in "(push|psuh|add|halt|jump|[ab_]|a:|\\\\.const|-?(0x)?[0-9]{1,80}|[-+*/()\"\\\\]|[ü#:.\t\r\n \u{2028}]){0,30}") {
        check_any_text(&text);
    }

    #[test]
    fn text_like_json_is_read_or_refused(text in r#"\[([\]\[{}:,"]|-?[0-9]{1,25}|[0-9.eE]|null){0,20}\]"#) {
        check_any_text(&text);
    }
}
