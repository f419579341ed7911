//! Lines of data.

use super::*;

fn data(words: &[u64]) -> Vec<Instruction<Fr>> {
    let words = words.iter().copied();
    words.map(|own| Instruction::data(word(own))).collect()
}

#[test]
fn words_stand_where_the_line_is() {
    assert_eq!(assembled(".word 1, 2,3 , 4"), data(&[1, 2, 3, 4]));
    assert_eq!(
        assembled("a: .word 5 # five\n.word b-a, (a+2)*3\nb:"),
        data(&[5, 3, 6])
    );
    let expected = [vec![push(word(2)), plain(31)], data(&[7, 8])].concat();
    assert_eq!(assembled("push d\nhalt\nd: .word 7, 8"), expected);
    let negative = [Instruction::data(Fr::zero() - word(1))];
    assert_eq!(assembled(".word -1"), negative);
}

#[test]
fn four_bytes_are_a_word() {
    assert_eq!(assembled(".bytes \"abcde\""), data(&[0x6463_6261, 0x65]));
    assert_eq!(
        assembled(".bytes \"a\", 0xff, \"\\u{e9}\\n\""),
        data(&[0xa9c3_ff61, 0x0a])
    );
    assert_eq!(assembled(".bytes \"\""), []);
    // Each line begins a cell.
    assert_eq!(assembled("l: .bytes 1\nm: .bytes m-l"), data(&[1, 1]));
    // What a name stands for is not known where the words are counted.
    assert_eq!(
        assembled(".bytes n-1, 300-60*n\n.const n 5"),
        data(&[0x0004])
    );
}

#[test]
fn what_is_no_list_is_refused() {
    let words = AsmErrorKind::MalformedData { directive: ".word" };
    let bytes = AsmErrorKind::MalformedData {
        directive: ".bytes",
    };
    for (source, column, at, kind) in [
        (".word", 1, ".word", words.clone()),
        (".word 1,", 1, ".word", words.clone()),
        (".word 1 2", 9, "2", words.clone()),
        (".word \"a\"", 7, "\"a\"", words.clone()),
        (".bytes", 1, ".bytes", bytes.clone()),
        (".bytes \"a\" \"b\"", 12, "\"b\"", bytes),
        (".bytes 1, 256", 11, "256", AsmErrorKind::NoByte),
        (".bytes 1, 2-3", 11, "2-3", AsmErrorKind::NoByte),
        (".bytes \"a", 8, "\"a", AsmErrorKind::UnfinishedMessage),
        (
            ".word ,",
            7,
            ",",
            AsmErrorKind::MissingOperand { before: Some(',') },
        ),
    ] {
        assert_eq!(error_at(source, 1, column, at), kind, "{source}");
    }
    let errors = assemble::<Fr>(".words 1\n.word nowhere").unwrap_err();
    let expected = "1:1: there is no directive `.words`; there are `.const N 10`, `.word 1, 2, 3` and `.bytes \"text\", 0`\n\
                    2:7: there is no label or constant `nowhere`; define a label with `name:`, and a constant with `.const`";
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn data_is_written_as_it_is_read() {
    let program = Program::from(assembled("get 2\nhalt\n.word 5, -1"));
    let text = disassemble(&program).unwrap();
    assert_eq!(text, "get 2\nhalt\n.word 5\n.word -1\n");
    assert_eq!(assemble(&text), Ok(program));
}
