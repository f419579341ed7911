//! Numbers, disassembly, and the JSON form.

use super::*;

#[test]
fn numbers_at_the_borders() {
    let parse = parse_word::<Fr>;
    let minus_one = Fr::zero() - word(1);
    assert_eq!(parse("0"), Ok(word(0)));
    assert_eq!(parse("-0"), Ok(word(0)));
    assert_eq!(parse("0x0"), Ok(word(0)));
    assert_eq!(parse("-1"), Ok(minus_one));
    assert_eq!(parse("-0x1"), Ok(minus_one));
    assert_eq!(parse("0xDeadBeef"), Ok(word(0xdead_beef)));
    assert_eq!(parse("18446744073709551615"), Ok(word(u64::MAX)));
    assert_eq!(parse(&modulus_plus(-1)), Ok(minus_one));
    assert_eq!(parse(&format!("-{}", modulus_plus(-1))), Ok(word(1)));
    assert_eq!(parse(&format!("{}5", "0".repeat(1000))), Ok(word(5)));
    assert_eq!(parse(&format!("-0x{}5", "0".repeat(1000))), parse("-5"));
    let hexadecimal = format!("{:#x}", Fr::modulus() - 1u8);
    assert_eq!(parse(&hexadecimal), Ok(minus_one));

    let too_large = [
        modulus_plus(0),
        format!("-{}", modulus_plus(0)),
        modulus_plus(1),
        format!("{:#x}", Fr::modulus()),
        format!("0x{}", "f".repeat(64)),
        format!("0x1{}", "0".repeat(64)),
        "9".repeat(78),
        "9".repeat(79),
    ];
    for text in too_large {
        let error = parse(&text).unwrap_err();
        assert!(
            matches!(&error, NumberError::OutOfRange { modulus, .. } if *modulus == Fr::modulus()),
            "{text}: {error}"
        );
    }
}

#[test]
fn what_is_no_number() {
    let texts = [
        "", "-", "--1", "+1", "0x", "-0x", "0X1", "x1", "1_000", "1.5", "1e3", "12a", "0xg",
        "0x-1", " 1", "1 ", "1\n", "١",
    ];
    for text in texts {
        assert_eq!(
            parse_word::<Fr>(text),
            Err(NumberError::Malformed {
                text: excerpt(text)
            })
        );
    }
}

#[test]
fn what_is_gone_to_has_a_label() {
    let source = "nop\nL1:\njz L3\njump L1\nL3:\n";
    let program = assemble::<Fr>(source).unwrap();
    assert_eq!(disassemble(&program).unwrap(), source);
    let outside = Program::from(vec![Instruction::new(Opcode::Call, word(2))]);
    assert_eq!(
        disassemble(&outside),
        Err(DisassembleError::NoAddress {
            index: 0,
            opcode: Opcode::Call,
            address: 2u8.into()
        })
    );
}

#[test]
fn disassembly_is_readable() {
    let minus = |value| Fr::zero() - word(value);
    let program = Program::from(vec![
        push(word(3)),
        push(minus(1)),
        push(minus(1_000_000)),
        push(minus(1_000_001)),
        push(word(0)),
        plain(2),
    ]);
    assert_eq!(
        disassemble(&program).unwrap(),
        format!(
            "push 3\npush -1\npush -1000000\npush {}\npush 0\nadd\n",
            modulus_plus(-1_000_001)
        )
    );
}

#[test]
fn disassembly_loses_nothing_silently() {
    let unknown = Program::from(vec![plain(0), plain(120)]);
    assert_eq!(
        disassemble(&unknown),
        Err(DisassembleError::UnknownOpcode {
            index: 1,
            opcode: 120
        })
    );
    let ignored = Program::from(vec![Instruction {
        opcode: 2,
        argument: word(7),
    }]);
    assert_eq!(
        disassemble(&ignored),
        Err(DisassembleError::IgnoredArgument {
            index: 0,
            opcode: Opcode::Add,
            argument: 7u8.into()
        })
    );
    for program in [unknown, ignored] {
        assert_eq!(from_json(&to_json(&program)), Ok(program));
    }
}

#[test]
fn json_is_flat() {
    let example = "[1,3,1,6,1,2,3,0,3,0]";
    let program = from_json::<Fr>(example).unwrap();
    assert_eq!(
        program.instructions(),
        assembled("push 3\npush 6\npush 2\nmul\nmul")
    );
    assert_eq!(to_json(&program), example);
    assert_eq!(from_json::<Fr>("\u{feff} [ ] \n"), Ok(Program::default()));
    assert_eq!(to_json(&Program::<Fr>::default()), "[]");
}

#[test]
fn json_numbers() {
    let source = format!(
        "[1, -5, \"1\", \"-5\", \"0x1\", \"-0x5\", 1, 18446744073709551615, 18446744073709551615, -9223372036854775808, 1, \"{}\"]",
        modulus_plus(-1)
    );
    let minus = |value| Fr::zero() - word(value);
    let expected = [
        push(minus(5)),
        push(minus(5)),
        push(minus(5)),
        push(word(u64::MAX)),
        Instruction {
            opcode: u64::MAX,
            argument: minus(1 << 63),
        },
        push(minus(1)),
    ];
    assert_eq!(from_json::<Fr>(&source).unwrap().instructions(), expected);
    let limit = 1 << 53;
    assert_eq!(
        to_json(&Program::from(vec![
            push(word(limit)),
            Instruction {
                opcode: limit + 1,
                argument: minus(1)
            }
        ])),
        format!(
            "[1,9007199254740992,\"9007199254740993\",\"{}\"]",
            modulus_plus(-1)
        )
    );
}

#[test]
fn json_errors_name_the_element() {
    let expected = [
        (
            "{}",
            "a program is an array, [opcode, argument, opcode, argument, ...], but this is an object",
        ),
        (
            "3",
            "a program is an array, [opcode, argument, opcode, argument, ...], but this is `3`",
        ),
        (
            "[1, 2, 0]",
            "the array has an odd number of elements, 3; every opcode has an argument after it, 0 if the instruction takes none",
        ),
        (
            "[[1, 2]]",
            "element 0 (counted from 0), an opcode: an array is not an integer; the array is flat, [opcode, argument, opcode, argument, ...]",
        ),
        (
            "[1, 2, 1, null]",
            "element 3 (counted from 0), an argument: `null` is not an integer; the array is flat, [opcode, argument, opcode, argument, ...]",
        ),
        (
            "[1, 2.5]",
            "element 1 (counted from 0), an argument: `2.5` is not an integer; write it without a fraction and without an exponent",
        ),
        (
            "[1.0, 2]",
            "element 0 (counted from 0), an opcode: `1.0` is not an integer; write it without a fraction and without an exponent",
        ),
        (
            "[1, 18446744073709551616]",
            "element 1 (counted from 0), an argument: the number is too large for JSON, whose readers round it; write it as a string, in quotes",
        ),
        (
            "[-1, 0]",
            "element 0 (counted from 0), an opcode: `-1` is not an opcode; opcodes are integers from 0 to 18446744073709551615",
        ),
        (
            "[\"18446744073709551616\", 0]",
            "element 0 (counted from 0), an opcode: `\"18446744073709551616\"` is not an opcode; opcodes are integers from 0 to 18446744073709551615",
        ),
        (
            "[\"push\", 3]",
            "element 0 (counted from 0), an opcode: `push` is not a number; write decimal digits, or `0x` and hexadecimal digits, with `-` before them for a negative",
        ),
        (
            "[1, 3,\n1 6]",
            "this is not JSON: expected `,` or `]` at line 2 column 3",
        ),
    ];
    for (text, message) in expected {
        assert_eq!(from_json::<Fr>(text).unwrap_err().to_string(), message);
    }
    let too_large = format!("[1, \"{}\"]", modulus_plus(0));
    assert!(matches!(
        from_json::<Fr>(&too_large),
        Err(JsonProgramError::Element {
            index: 1,
            reason: ElementError::Number(NumberError::OutOfRange { .. })
        })
    ));
    assert!(matches!(
        from_json::<Fr>(""),
        Err(JsonProgramError::Syntax {
            line: 1,
            column: 0,
            ..
        })
    ));
}

#[test]
fn deep_json_is_refused() {
    for opening in ["[", "{\"a\":"] {
        let deep = opening.repeat(1_000_000);
        assert!(matches!(
            from_json::<Fr>(&deep),
            Err(JsonProgramError::Syntax { .. })
        ));
    }
}
