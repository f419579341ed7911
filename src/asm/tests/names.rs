//! Labels, constants and arithmetic.

use super::*;

#[test]
fn labels_name_addresses() {
    let source = "start: push 2\nloop:\n  addi -1 # one less\nx:\ny:dup\njnz loop\njump end\ncall start\nend:";
    let Assembly { program, symbols } = assemble_with_symbols::<Fr>(source).unwrap();
    let arguments: Vec<_> = program
        .instructions()
        .iter()
        .map(|own| own.argument)
        .collect();
    let minus_one = Fr::zero() - word(1);
    let expected = [word(2), minus_one, word(0), word(1), word(6), word(0)];
    assert_eq!(arguments, expected);
    let labels = [("start", 0), ("loop", 1), ("x", 2), ("y", 2), ("end", 6)];
    let found: Vec<_> = symbols
        .labels()
        .iter()
        .map(|own| (own.name.as_str(), own.address))
        .collect();
    assert_eq!(found, labels);
    for (name, address) in labels {
        assert_eq!(symbols.address(name), Some(address));
    }
    assert_eq!(symbols.label_at(2), Some("x"));
    assert_eq!(symbols.label_at(3), None);
    assert_eq!(symbols.region(5).map(|own| own.name.as_str()), Some("x"));
    assert_eq!(symbols.line(1), Some(3));
    assert_eq!(symbols.line(2), Some(5));
    assert_eq!(symbols.line(6), None);
    assert_eq!(assemble(source), Ok(program));
}

#[test]
fn constants_are_numbers() {
    let source = "push N\n.const M 0x10\n.const N M # as many\naddi M\n.const MINUS -3\nmuli MINUS\nassert_eq M";
    let arguments: Vec<_> = assembled(source).iter().map(|own| own.argument).collect();
    assert_eq!(
        arguments,
        [word(16), word(16), Fr::zero() - word(3), word(16)]
    );
    // An address is a number too, and a number may be an address.
    let source = ".const END 2\njump END\npush there\nthere:";
    let arguments: Vec<_> = assembled(source).iter().map(|own| own.argument).collect();
    assert_eq!(arguments, [word(2), word(2)]);
}

#[test]
fn wrong_names() {
    let undefined = |name: &str, suggestion: Option<&str>| AsmErrorKind::UndefinedName {
        name: name.into(),
        suggestion: suggestion.map(str::to_owned),
    };
    let expected = [
        (
            "jump lop\nloop:",
            1,
            6,
            "lop",
            undefined("lop", Some("loop")),
        ),
        ("push N", 1, 6, "N", undefined("N", None)),
        (".const N M", 1, 10, "M", undefined("M", None)),
        (
            "a:\nnop\n.const a 3",
            3,
            8,
            "a",
            AsmErrorKind::Redefined {
                name: "a".into(),
                line: 1,
            },
        ),
        (
            "nop\nPush: nop",
            2,
            1,
            "Push",
            AsmErrorKind::NameIsMnemonic { mnemonic: "push" },
        ),
        (
            "2a: nop",
            1,
            1,
            "2a",
            AsmErrorKind::MalformedName { name: "2a".into() },
        ),
        (
            "ü: nop",
            1,
            1,
            "ü",
            AsmErrorKind::MalformedName { name: "ü".into() },
        ),
        (
            "nop\n .konst N 3",
            2,
            2,
            ".konst",
            AsmErrorKind::UnknownDirective {
                name: ".konst".into(),
            },
        ),
        (".const", 1, 1, ".const", AsmErrorKind::MalformedConstant),
        (".const N", 1, 1, ".const", AsmErrorKind::MalformedConstant),
        (
            ".const N 3 4",
            1,
            10,
            "3 4",
            AsmErrorKind::MalformedConstant,
        ),
        (
            "jump 2",
            1,
            6,
            "2",
            AsmErrorKind::NoAddress {
                opcode: Opcode::Jump,
                instructions: 1,
            },
        ),
    ];
    for (source, line, column, piece, kind) in expected {
        assert_eq!(error_at(source, line, column, piece), kind, "{source}");
    }
    assert_eq!(errors("jump lop\nloop:")[0].suggestion(), Some("loop"));
    // One error a line, and in the order of the lines.
    let found = errors("jump x\n1: jump y\npush z z\n.const\nhalt 3");
    let places: Vec<_> = found.iter().map(|own| (own.line, own.column)).collect();
    assert_eq!(places, [(1, 6), (2, 1), (3, 6), (4, 1), (5, 6)]);
}

#[test]
fn there_are_so_many_names() {
    let labels = |count| (0..count).map(|i| format!("n{i}:\n")).collect::<String>();
    let constants = |count| {
        (0..count)
            .map(|i| format!(".const c{i} 1\n"))
            .collect::<String>()
    };
    let most = labels(MOST_LABELS) + &constants(MOST_CONSTANTS);
    assert_eq!(assembled(&most), []);
    for (source, line, column) in [
        (labels(MOST_LABELS + 1) + "jump x", MOST_LABELS + 1, 1),
        (
            constants(MOST_CONSTANTS + 1) + "push x",
            MOST_CONSTANTS + 1,
            8,
        ),
    ] {
        // What is used from there on may be defined in what is not read.
        let found = errors(&source);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, AsmErrorKind::TooManyNames);
        assert_eq!((found[0].line, found[0].column), (line, column));
    }
    let long = "n".repeat(100);
    assert_eq!(assembled(&format!("{long}: jump {long}")).len(), 1);
    let name = format!("{long}n");
    let kind = error_at(&format!("{name}: nop"), 1, 1, &name);
    assert!(matches!(kind, AsmErrorKind::MalformedName { .. }));
    assert!(kind.to_string().len() < 300, "{kind}");
}

fn arguments(source: &str) -> Vec<Fr> {
    assembled(source).iter().map(|own| own.argument).collect()
}

#[test]
fn constants_use_labels_and_each_other() {
    // As far as they are defined anywhere, before or after.
    assert_eq!(arguments(".const A start\nstart: push A"), [word(0)]);
    let source = "push SIZE\nstart: push DOUBLE\nnop\nend:\n\
                  .const DOUBLE 2*SIZE\n.const SIZE end-start\n.const LAST DOUBLE\naddi LAST";
    assert_eq!(arguments(source), [word(2), word(4), word(0), word(4)]);
    let minus = |value| Fr::zero() - word(value);
    assert_eq!(
        arguments("a: nop\nb: push a-b\njump b-a"),
        [word(0), minus(1), word(1)]
    );
}

#[test]
fn expressions() {
    let minus = |value| Fr::zero() - word(value);
    for (text, value) in [
        ("1+2*3", word(7)),
        ("(1 + 2) * 3", word(9)),
        ("10 - 2 - 3", word(5)),
        ("10-(2-3)", word(11)),
        ("2 * -3", minus(6)),
        ("-2*-3", word(6)),
        ("- - 2", word(2)),
        ("-(0x10)", minus(16)),
        ("((((7))))", word(7)),
        ("N*N+1", word(26)),
        ("-N", minus(5)),
        ("0 - 1 + 1", word(0)),
    ] {
        let source = format!(".const N 5\npush {text} # and a comment (\nmuli {text}\n");
        assert_eq!(arguments(&source), [value, value], "{text}");
    }
    assert_eq!(arguments("push(3)"), [word(3)]);
    // The modulus is none, however it is written.
    let largest = modulus_plus(-1);
    assert_eq!(arguments(&format!("push {largest} + 1")), [word(0)]);
    let kind = error_at(
        &format!("push 1+{}", modulus_plus(0)),
        1,
        8,
        &modulus_plus(0),
    );
    assert!(matches!(
        kind,
        AsmErrorKind::Number(NumberError::OutOfRange { .. })
    ));
}

#[test]
fn wrong_expressions() {
    let missing = |before| AsmErrorKind::MissingOperand { before };
    let unknown = |operator| AsmErrorKind::UnknownOperator { operator };
    let extra = AsmErrorKind::ExtraWords { mnemonic: "push" };
    for (text, column, piece, kind) in [
        ("3 +", 8, "+", missing(None)),
        ("3 + # 4", 8, "+", missing(None)),
        ("-", 6, "-", missing(None)),
        ("(", 6, "(", missing(None)),
        ("* 3", 6, "*", missing(Some('*'))),
        ("+3", 6, "+", missing(Some('+'))),
        ("()", 7, ")", missing(Some(')'))),
        ("3 + \"x\"", 10, "\"x\"", missing(Some('"'))),
        ("(1 + 2", 6, "(", AsmErrorKind::Unclosed),
        ("((1) \"x\"", 6, "(", AsmErrorKind::Unclosed),
        ("1)", 7, ")", AsmErrorKind::Unopened),
        ("3 4", 8, "4", extra.clone()),
        ("3 (4)", 8, "(4)", extra),
        ("N/2", 7, "/", unknown('/')),
        ("6 / 2", 8, "/", unknown('/')),
        ("(6 % 2)", 9, "%", unknown('%')),
        ("1<<2", 7, "<", unknown('<')),
        ("~1", 6, "~", unknown('~')),
        (
            "a.b",
            6,
            "a.b",
            AsmErrorKind::MalformedName { name: "a.b".into() },
        ),
    ] {
        let source = format!("push {text}");
        assert_eq!(error_at(&source, 1, column, piece), kind, "{text}");
    }
    assert_eq!(
        arguments(&format!("push {}3{}", "(".repeat(64), ")".repeat(64))),
        [word(3)]
    );
    let deep = format!("push {}3", "(".repeat(65));
    assert_eq!(error_at(&deep, 1, 70, "("), AsmErrorKind::NestedTooDeep);
    for (text, column, piece) in [
        ("= 5", 10, "= 5"),
        ("5 6", 10, "5 6"),
        ("5 \"x\"", 10, "5 \"x\""),
    ] {
        let source = format!(".const N {text}");
        let [error]: [AsmError; 1] = errors(&source).try_into().unwrap();
        assert_eq!(error.kind, AsmErrorKind::MalformedConstant);
        assert_eq!(error.column, column);
        assert!(piece.starts_with(&source[error.span]));
    }
}

#[test]
fn a_constant_that_is_wrong_is_one_error() {
    // That a name has no number is said where it is defined, and not where it is used too.
    for source in [
        ".const A 1 2\npush A\njump A",
        ".const A\npush A",
        ".const A B\n.const C A+1\npush A\njump C",
        ".const A 1/2\npush A",
        ".const A 12x\npush A\n.const B A",
        ".const A A\npush A\njump A",
        "push B\n.const A B*2\n.const B A*2\n.const C A+B\npush C",
    ] {
        assert_eq!(errors(source).len(), 1, "{source}: {:?}", errors(source));
    }
    // But what is used is another thing.
    assert_eq!(errors(".const A A\npush B").len(), 2);
}

#[test]
fn constants_that_use_themselves_are_named() {
    let said = |source: &str| {
        let [error]: [AsmError; 1] = errors(source).try_into().unwrap();
        assert!(matches!(error.kind, AsmErrorKind::Cycle { .. }));
        error.to_string()
    };
    assert_eq!(
        said("push A\n.const A 2*A+1"),
        "2:8: `A` is defined by itself: A -> A; give one of them a number"
    );
    for order in [
        ".const first second\n.const second (third)\n.const third 1+first",
        ".const first 1*second # first\n.const second -third\n\n.const third first-1\n.const also third",
    ] {
        assert_eq!(
            said(order),
            "1:8: `first` is defined by itself: first -> second -> third -> first; give one of them a number"
        );
    }
    // Of many, some are named.
    let ring: String = (0..1000)
        .map(|i| format!(".const c{i} c{}\n", (i + 1) % 1000))
        .collect();
    assert_eq!(
        said(&ring),
        "1:8: `c0` is defined by itself: c0 -> c1 -> c2 -> c3 -> ... -> c996 -> c997 -> c998 -> c999 -> c0; \
         give one of them a number"
    );
    for length in [8, 9] {
        let ring: String = (0..length)
            .map(|i| format!(".const c{i} c{}\n", (i + 1) % length))
            .collect();
        let said = said(&ring);
        assert_eq!(said.matches("->").count(), length, "{said}");
        assert_eq!(said.contains("..."), length == 9);
    }
}

/// Each constant is evaluated once, whatever uses it, and no chain is too long.
#[test]
fn chains_of_constants_take_no_time() {
    let last = MOST_CONSTANTS - 1;
    // Evaluated anew at each use, it would take 2^8191 steps.
    let doubled: String = (0..last)
        .map(|i| format!(".const c{i} c{}+c{}\n", i + 1, i + 1))
        .collect();
    let source = format!("{doubled}.const c{last} 1\npush c0\n");
    let power = (0..last).fold(word(1), |power, _| power + power);
    assert_eq!(arguments(&source), [power]);
    let backwards: String = source
        .lines()
        .rev()
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(arguments(&backwards), [power]);
}
