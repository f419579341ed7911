//! Programs and words as users write them, and what they are told where a program fails.

use std::time::{Duration, Instant};

use halo2_stack_vm::algebra::Word;
use halo2curves::bn256::Fr;
use serde_json::{Value, json};

use crate::usage::{Desk, debugged, stderr, stdout};

/// The lines that standard error has, without the blanks at their ends.
fn said(desk: &Desk, arguments: &str) -> Vec<String> {
    let text = stderr(&desk.run(arguments));
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// A program whose third function fails: `inv` of 0.
const CALLS: &str = "\
        push 2
        call f
        halt
f:      swap
        call g
        ret
g:      addi -2
h:      inv   \"the divisor is not 0\"
        ret
";

#[test]
fn constants_may_be_addresses() {
    let desk = Desk::new();
    desk.write("label.svm", ".const A start\nstart: push A\n");
    assert_eq!(desk.json("run label.svm").1["output"], "0");
    desk.write(
        "sizes.svm",
        "push 2*(SIZE + 1)\nstart: nop\nnop\nend:\n.const SIZE end - start\n",
    );
    assert_eq!(desk.json("run sizes.svm").1["output"], "6");
    desk.write("cycle.svm", "push A\n.const A B+1\n.const B 2*A\n");
    let (code, value) = desk.json("run cycle.svm");
    assert_eq!(code, 2);
    // The one error, and none where the constants are used.
    let errors = value["error"]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{value}");
    assert_eq!(errors[0]["line"], 2);
    let message = errors[0]["message"].as_str().unwrap();
    assert!(message.contains("A -> B -> A"), "{message}");
}

#[test]
fn a_blank_may_stand_before_the_colon_of_a_label() {
    let desk = Desk::new();
    desk.write("label.svm", "a : push 1\njnz end\njump a\nend :\n");
    assert_eq!(desk.json("run label.svm").0, 0);
}

/// The line is shown as it is written, whatever ends it.
#[test]
fn line_ends_are_not_shown() {
    let desk = Desk::new();
    for end in ["\n", "\r\n", "\r"] {
        desk.write("typo.svm", ["push 1", "psuh 2", ""].join(end));
        let expected = [
            "error: there is no instruction `psuh`; did you mean `push`?",
            " --> typo.svm:2:1",
            "  |",
            "2 | psuh 2",
            "  | ^^^^ did you mean `push`?",
        ];
        assert_eq!(said(&desk, "run typo.svm"), expected, "{end:?}");
        desk.write("fails.svm", ["push 0 # a", "inv # b", "nop"].join(end));
        let expected = [
            "error: step 1 (stack depth 1): `inv` fails: the top is 0, which has no inverse",
            " --> fails.svm:2:1",
            "  |",
            "2 | inv # b",
            "  | ^^^",
            "stack of 1 word, from the top: 0",
        ];
        assert_eq!(said(&desk, "run fails.svm"), expected, "{end:?}");
        desk.write("words.txt", ["7 # a", "8", ""].join(end));
        desk.write("sum.svm", ["read", "read", "add"].join(end));
        let (_, value) = desk.json("run sum.svm --input-file words.txt");
        assert_eq!(value["output"], "15", "{end:?}");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let desk = Desk::new();
    desk.write("read.svm", "\u{feff}read\nsecret\nadd\n");
    desk.write("flat.svm", "\u{feff}[28,0,30,0,2,0]");
    desk.write("words.txt", "\u{feff}7");
    for program in ["read.svm", "flat.svm"] {
        let words = "--input-file words.txt --secret-file words.txt";
        let (code, value) = desk.json(&format!("run {program} {words}"));
        assert_eq!((code, &value["output"]), (0, &json!("14")), "{value}");
        let (code, _) = desk.json(&format!(
            "run {program} --input \u{feff}7 --secret \u{feff}7"
        ));
        assert_eq!(code, 0);
    }
}

#[test]
fn what_is_not_utf_8_is_said_to_be_that() {
    let desk = Desk::new();
    desk.write("read.svm", "read\n");
    desk.write("words.txt", "7");
    let utf16 = |text: &str, mark: bool, little: bool| -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units
            .flat_map(|unit| match little {
                true => unit.to_le_bytes(),
                false => unit.to_be_bytes(),
            })
            .collect()
    };
    for (mark, little) in [(true, true), (true, false), (false, true), (false, false)] {
        desk.write("wide.svm", utf16("push 1\n", mark, little));
        desk.write("wide.json", utf16("[1,1]", mark, little));
        desk.write("wide.txt", utf16("10 # ten\n", mark, little));
        for arguments in [
            "run wide.svm",
            "run wide.json",
            "run read.svm --input-file wide.txt",
            "debug read.svm --secret-file wide.txt",
            "keygen --binding fixed --program wide.svm -o a.vkey",
        ] {
            let output = desk.run(arguments);
            assert_eq!(output.status.code(), Some(2));
            let text = stderr(&output);
            assert!(text.contains("it is UTF-16"), "{arguments}: {text}");
            assert!(text.contains("save it as UTF-8"), "{arguments}: {text}");
        }
    }
    // A text of Windows' or DOS' old encodings.
    desk.write("old.svm", b"read # one\r\nnop # gr\xfc\xdfe\r\n");
    desk.write("old.txt", b"7 # \xfc");
    for (arguments, place) in [
        ("run old.svm", "old.svm:2:9: "),
        ("run read.svm --input-file old.txt", "old.txt:1:5: "),
    ] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains(place), "{text}");
        assert!(text.contains("save the file as UTF-8"), "{text}");
    }
}

/// A run that is longer than any circuit is not made to its end.
#[test]
fn what_is_too_long_to_be_proved_is_refused_soon() {
    let desk = Desk::new();
    desk.write("endless.svm", "a: jump a\n");
    for command in ["prove", "check"] {
        let start = Instant::now();
        let output = desk.run(&format!("{command} endless.svm"));
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains("more than 16777209 rows"), "{text}");
        assert!(
            text.contains("k = 24") && text.contains("stackvm debug"),
            "{text}"
        );
        assert!(!text.contains("--max-steps"), "{text}");
        // A billion steps take longer on any machine.
        assert!(
            start.elapsed() < Duration::from_secs(8),
            "{:?}",
            start.elapsed()
        );
    }
    // What is asked for is a shorter one.
    let text = stderr(&desk.run("prove endless.svm --max-steps 1000"));
    assert!(text.contains("--max-steps"), "{text}");
    // Who has written an endless loop is told which.
    desk.write(
        "loops.svm",
        "push 1\nfirst: pop\nagain: push 1\njnz again\n",
    );
    let text = stderr(&desk.run("run loops.svm --max-steps 1000"));
    assert!(
        text.contains("is at pc 2, behind the label `again`; if it ends at all"),
        "{text}"
    );
    let (_, value) = desk.json("run loops.svm --max-steps 1000");
    let error = &value["error"];
    assert_eq!(
        (&error["pc"], &error["label"]),
        (&json!(2), &json!("again"))
    );
}

#[test]
fn a_trace_shows_the_steps_before_a_failure() {
    let desk = Desk::new();
    desk.write("fails.svm", "push 1\npush 0\ninv\n");
    let output = desk.run("run fails.svm --trace");
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<_> = stdout(&output)
        .lines()
        .map(|line| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1], ["0", "0", "push", "1", "1", "1", "-"]);
    assert_eq!(lines[2], ["1", "1", "push", "0", "2", "0", "1"]);
    assert!(stderr(&output).contains("`inv` fails"));
    let (code, value) = desk.json("run fails.svm --trace");
    assert_eq!((code, &value["error"]["kind"]), (1, &json!("fault")));
    assert_eq!(value["error"]["step"], 2);
    let steps = value["trace"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(
        (&steps[1]["instruction"], &steps[1]["top"]),
        (&json!("push 0"), &json!("0"))
    );
    assert_eq!(value["output"], Value::Null);
    // Nothing before the first step, and all before a limit.
    desk.write("first.svm", "inv\n");
    assert_eq!(desk.json("run first.svm --trace").1["trace"], json!([]));
    let (code, value) = desk.json("run example.svm --trace --max-steps 3");
    assert_eq!(
        (code, &value["error"]["kind"]),
        (1, &json!("too_many_steps"))
    );
    assert_eq!(value["trace"].as_array().unwrap().len(), 3);
    let (code, value) = desk.json("run example.svm --trace --input 1");
    assert_eq!((code, &value["error"]["kind"]), (1, &json!("unread")));
    assert_eq!(value["trace"].as_array().unwrap().len(), 5);
}

#[test]
fn a_profile_counts_the_steps_before_a_failure() {
    let desk = Desk::new();
    desk.write(
        "fails.svm",
        "push 3\nloop: addi -1\ndup\ninv\npop\njump loop\n",
    );
    let output = desk.run("profile fails.svm");
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("loop"), "{text}");
    assert!(
        text.ends_with("100.0%\n") && !text.contains("unwinding"),
        "{text}"
    );
    assert!(stderr(&output).contains("`inv` fails"));
    let (code, value) = desk.json("profile fails.svm");
    assert_eq!((code, &value["error"]["step"]), (1, &json!(13)), "{value}");
    assert_eq!((&value["steps"], &value["rows"]), (&json!(13), &json!(13)));
    assert_eq!(value["labels"][0]["label"], "loop");
    assert_eq!(
        (&value["labels"][0]["rows"], &value["labels"][0]["entered"]),
        (&json!(12), &json!(3))
    );
    assert_eq!(
        (&value["output"], &value["unwinding"]),
        (&Value::Null, &json!(0))
    );
    // Of a run without end too.
    desk.write("endless.svm", "a: jump a\n");
    let (code, value) = desk.json("profile endless.svm --max-steps 1000");
    assert_eq!((code, &value["labels"][0]["rows"]), (1, &json!(1000)));
}

/// Whatever runs a program that fails says what calls the run is in.
#[test]
fn the_callers_of_what_fails_are_named() {
    let desk = Desk::new();
    desk.write("calls.svm", CALLS);
    let callers = [
        "called from pc 4 (f + 1), line 5: call g",
        "called from pc 1, line 2: call f",
    ];
    let json_callers = json!([
        {"number": 1, "pc": 4, "region": "f", "line": 5},
        {"number": 2, "pc": 1, "region": null, "line": 2},
    ]);
    for command in ["run", "run --trace", "check", "prove", "profile"] {
        let arguments = format!("{command} calls.svm");
        // Of each call the return address is on the stack, and the one on top.
        let lines = said(&desk, &arguments);
        let first = lines
            .iter()
            .position(|line| line.starts_with("called from"));
        let first = first.unwrap_or_else(|| panic!("{command}: {lines:?}"));
        assert_eq!(lines[first..first + 2], callers, "{command}");
        let (code, value) = desk.json(&arguments);
        let error = &value["error"];
        assert_eq!((code, &error["call_depth"]), (1, &json!(2)), "{value}");
        assert_eq!(error["calls"], json_callers, "{command}");
    }
    assert!(!desk.path("calls.proof.json").exists());
    // In a session, before it fails.
    let answers = debugged(
        &desk,
        "calls.svm",
        &["where", "break g", "c", "where", "c", "where"],
    );
    assert_eq!(
        (&answers[0]["call_depth"], &answers[0]["calls"]),
        (&json!(0), &json!([]))
    );
    for answer in [&answers[3], &answers[5], &answers[4]["error"]] {
        assert_eq!(answer["calls"], json_callers, "{answer}");
    }
    let text = stdout(&desk.piped("debug calls.svm", "break g\nc\nw\n"));
    assert!(
        text.ends_with(&format!("{}\n", callers.join("\n"))),
        "{text}"
    );
    // What returned is no caller, and a program without text has callers too.
    desk.write("calls.json", "[26,3,1,0,7,0,27,0]");
    let (_, value) = desk.json("run calls.json");
    assert_eq!(value["error"]["call_depth"], Value::Null, "{value}");
    desk.write("calls.json", "[26,2,31,0,1,0,7,0]");
    assert!(said(&desk, "run calls.json").contains(&"called from pc 0: call 2".to_owned()));
}

#[test]
fn of_many_callers_some_are_named() {
    let desk = Desk::new();
    desk.write(
        "deep.svm",
        "push 100000\ncall f\nhalt\nf: swap\naddi -1\ndup\ninv\npop\ncall f\nret\n",
    );
    let lines = said(&desk, "run deep.svm");
    let calls: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("call f"))
        .collect();
    assert_eq!(calls.len(), 8, "{lines:?}");
    assert!(
        lines.contains(&"... 99992 calls more ...".to_owned()),
        "{lines:?}"
    );
    assert!(
        calls[7].starts_with("called from pc 1, line 2"),
        "{lines:?}"
    );
    let (_, value) = desk.json("run deep.svm");
    assert_eq!(value["error"]["call_depth"], 100_000);
    assert_eq!(value["error"]["calls"].as_array().unwrap().len(), 8);
    assert_eq!(value["error"]["calls"][7]["number"], 100_000);
    assert_eq!(value["error"]["top"].as_array().unwrap().len(), 8);
}

#[test]
fn a_program_says_what_it_demands() {
    let desk = Desk::new();
    desk.write(
        "vote.svm",
        "secret\naddi 1\ndup\nassert_eq 6 \"five: \\u{202e}\\u{1b}[2J # \u{9b}\"\nassert \"votes are 0 or 1\" # yes\n",
    );
    for command in ["run", "run --trace", "check", "prove", "profile"] {
        let arguments = format!("{command} vote.svm --secret 5");
        let lines = said(&desk, &arguments);
        let expected =
            "error: step 4 (stack depth 1): `assert` fails: the top is not 1: \"votes are 0 or 1\"";
        assert_eq!(lines[0], expected, "{command}");
        // The instruction is what is underlined.
        assert_eq!(lines[1], " --> vote.svm:5:1", "{command}");
        assert_eq!(lines[4], "  | ^^^^^^", "{command}");
        let (code, value) = desk.json(&arguments);
        let error = &value["error"];
        assert_eq!((code, &error["kind"]), (1, &json!("fault")));
        assert_eq!(error["program_message"], "votes are 0 or 1", "{command}");

        // No character of it commands the terminal.
        let arguments = format!("{command} vote.svm --secret 4");
        let text = stderr(&desk.run(&arguments));
        let escaped = "\"five: \\u{202e}\\u{1b}[2J # \\u{9b}\"";
        assert!(text.lines().next().unwrap().ends_with(escaped), "{text}");
        let odd = |own: char| own.is_control() && own != '\n' || own == '\u{202e}';
        assert_eq!(text.chars().find(|own| odd(*own)), None, "{text:?}");
        let (_, value) = desk.json(&arguments);
        assert_eq!(value["error"]["program_message"], escaped.trim_matches('"'));
    }
    let text = stdout(&desk.piped("debug vote.svm --secret 5", "c\n"));
    let expected =
        "error: step 4 (stack depth 1): `assert` fails: the top is not 1: \"votes are 0 or 1\"\n";
    assert!(text.ends_with(expected), "{text}");
    let answers = debugged(&desk, "vote.svm --secret 5", &["c"]);
    assert_eq!(answers[0]["error"]["program_message"], "votes are 0 or 1");
    // A message is no part of the program.
    desk.write("plain.svm", "push 1\nassert\npush 7\n");
    desk.write("told.svm", "push 1\nassert \"it is one\"\npush 7\n");
    assert_eq!(desk.json("prove told.svm").0, 0);
    assert_eq!(desk.json("verify told.proof.json --program plain.svm").0, 0);
}

/// Who runs a program sees the words that it fails for; a prover's messages may go elsewhere.
#[test]
fn the_words_before_a_failure_are_shown() {
    let desk = Desk::new();
    desk.write("fails.svm", "secret\naddi 1\nassert\n");
    for (command, shown) in [
        ("run", true),
        ("run --trace", true),
        ("check", true),
        ("prove", false),
        ("profile", false),
    ] {
        let arguments = format!("{command} fails.svm --secret 5");
        let line = "stack of 1 word, from the top: 6".to_owned();
        assert_eq!(said(&desk, &arguments).contains(&line), shown, "{command}");
        let (_, value) = desk.json(&arguments);
        let (top, depth) = match shown {
            true => (json!(["6"]), json!(1)),
            false => (Value::Null, Value::Null),
        };
        assert_eq!(
            (&value["error"]["top"], &value["error"]["depth"]),
            (&top, &depth)
        );
    }
}

#[test]
fn numeric_options_say_what_they_take() {
    let desk = Desk::new();
    let from_0 = "it takes a number from 0 on";
    let k = "it takes a number from 4 to 24";
    for (option, expected) in [
        ("run example.svm --steps", from_0),
        ("run example.svm --max-steps", from_0),
        ("debug example.svm --steps", from_0),
        ("profile example.svm --max-steps", from_0),
        ("prove example.svm --k", k),
        ("check example.svm --k", k),
        ("info --k", k),
        ("keygen -o a.vkey --k", k),
        (
            "keygen -o a.vkey --binding fixed --program example.svm --steps",
            from_0,
        ),
        ("verify a.proof.json --max-k", from_0),
        ("verify a.proof.json --program example.svm --steps", from_0),
    ] {
        for number in ["-1", "-99", "x", "1.5", "0x10", "+1"] {
            let arguments = format!("{option} {number}");
            let output = desk.run(&arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments}");
            let text = stderr(&output);
            let name = option.split(' ').next_back().unwrap();
            assert!(
                text.contains(expected) && text.contains(name),
                "{arguments}: {text}"
            );
        }
        let text = stderr(&desk.run(&format!("{option} {}", "9".repeat(30))));
        assert!(text.contains("too large") || text.contains(k), "{text}");
    }
    assert_eq!(desk.json("run example.svm --steps 0").1["output"], "0");
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

    use super::*;
    use crate::usage::stackvm;

    /// A session that is talked to while it goes on.
    struct Talk {
        child: Child,
        input: ChildStdin,
        output: BufReader<ChildStdout>,
    }

    impl Talk {
        fn new(desk: &Desk, program: &str) -> Self {
            let mut child = Command::new(stackvm())
                .args(["debug", program, "--json"])
                .current_dir(desk.path("."))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let input = child.stdin.take().unwrap();
            let output = BufReader::new(child.stdout.take().unwrap());
            Talk {
                child,
                input,
                output,
            }
        }

        fn tell(&mut self, commands: &str) {
            self.input.write_all(commands.as_bytes()).unwrap();
        }

        fn answer(&mut self) -> Value {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
        }

        /// What Ctrl-C sends.
        fn interrupt(&self) {
            let kill = format!("kill -INT {}", self.child.id());
            let status = Command::new("sh").args(["-c", &kill]).status();
            assert!(status.unwrap().success());
        }
    }

    /// Until a command that was sent has begun for sure.
    fn wait() {
        std::thread::sleep(Duration::from_secs(1));
    }

    #[test]
    fn an_interrupted_command_leaves_the_session() {
        let desk = Desk::new();
        desk.write("endless.svm", "push 0\na: addi 1\njump a\n");
        let mut talk = Talk::new(&desk, "endless.svm");
        assert_eq!(talk.answer()["step"], 0);
        let mut last = 0;
        for command in [
            "break 0\nc\n",
            "break 3\nstep 900000000\n",
            "break 3\ngoto 900000000\n",
        ] {
            talk.tell(command);
            assert!(talk.answer()["breakpoints"].is_array());
            wait();
            talk.interrupt();
            let answer = talk.answer();
            assert_eq!(answer["stop"], "interrupted", "{command}: {answer}");
            let step = answer["step"].as_u64().unwrap();
            assert!(step > last, "{command}: {answer}");
            last = step;
        }
        // It goes on as if nothing had been.
        talk.tell("bp\nback 1\nreverse\nq\n");
        assert_eq!(talk.answer()["breakpoints"], json!([0, 3]));
        assert_eq!(talk.answer()["step"], last - 1);
        let answer = talk.answer();
        assert_eq!(
            (&answer["stop"], &answer["step"]),
            (&json!("breakpoint"), &json!(0))
        );
        assert_eq!(talk.child.wait().unwrap().code(), Some(0));
    }

    /// Where no command runs and nobody is at a terminal, an interrupt ends the session, as it does any program.
    #[test]
    fn an_interrupt_ends_a_session_that_waits() {
        let desk = Desk::new();
        let mut talk = Talk::new(&desk, "example.svm");
        assert_eq!(talk.answer()["step"], 0);
        talk.tell("step\n");
        assert_eq!(talk.answer()["step"], 1);
        wait();
        talk.interrupt();
        assert_eq!(talk.child.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn a_session_shows_and_watches_the_memory() {
    let desk = Desk::new();
    desk.write(
        "cells.svm",
        "push 7\nput 1\npush -1\nput 3\npush 8\nput 1\nget 1\n",
    );
    let answers = debugged(
        &desk,
        "cells.svm",
        &[
            "memory",
            "watch 1",
            "c",
            "c",
            "memory",
            "memory 2",
            "memory 9",
            "unwatch",
            "unwatch 1",
        ],
    );
    assert_eq!(answers[0]["memory"], json!([]));
    assert_eq!(answers[1]["watched"], json!([1]));
    assert_eq!(
        (&answers[2]["stop"], &answers[2]["step"]),
        (&json!("watchpoint"), &json!(2))
    );
    assert_eq!(
        (&answers[3]["cell"], &answers[3]["step"]),
        (&json!(1), &json!(6))
    );
    let word = |address: u32, word: &Value| json!({"address": address, "word": word});
    let last = &answers[4]["memory"];
    assert_eq!(last[0], word(1, &json!("8")));
    assert_eq!(last[1]["address"], json!(3));
    // What was not accessed holds the argument that is listed there, -1 or nothing.
    let minus_one = (-Fr::one()).to_integer().to_string();
    assert_eq!(answers[5]["memory"], json!([word(2, &json!(minus_one))]));
    assert_eq!(answers[6]["memory"], json!([word(9, &json!("0"))]));
    assert_eq!(answers[7]["watched"], json!([]));
    let text = answers[8]["error"]["message"].as_str().unwrap();
    assert_eq!(text, "cell 1 is not watched");
    let text = stdout(&desk.run("run cells.svm"));
    assert!(
        text.contains("at most 1 word on the stack, cells of the memory up to 3\n"),
        "{text}"
    );
    let (_, value) = desk.json("run cells.svm");
    assert_eq!(
        (&value["cells"], &value["output"]),
        (&json!(4), &json!("8"))
    );
    let text = stdout(&desk.piped("debug cells.svm", "watch 16777216\nwatch 3\nc\nm\n"));
    for expected in [
        "`16777216` is no address of the memory: those are 0 to 16777215",
        "it stops when cell 3 changes",
        "cell 3 is now -1\nstep 4, pc 4: push 8\n",
        "1: 7\n3: -1\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// What a run needs beside its steps is told, and why a circuit is too small for it; the debugger says where the frame is.
#[test]
fn hashes_and_frames_are_told() {
    let desk = Desk::new();
    desk.write("hashes.svm", "push 1\npush 2\nhash\npush 3\nhash\n");
    let text = stdout(&desk.run("run hashes.svm"));
    assert!(
        text.contains("5 steps, at most 2 words on the stack, 2 hashes\n"),
        "{text}"
    );
    let (_, value) = desk.json("run hashes.svm");
    assert_eq!(value["hashes"], json!(2));
    for command in ["prove hashes.svm --k 4", "check hashes.svm --k 4"] {
        let (_, value) = desk.json(command);
        let expected = "a circuit of k = 4 is too small: the run makes 2 hashes, for which it takes 14 rows, and so k = 5";
        assert_eq!(value["error"]["message"], json!(expected), "{command}");
    }
    let (_, value) = desk.json("keygen --program hashes.svm --binding fixed --k 4 -o hashes.key");
    let text = value["error"]["message"].as_str().unwrap();
    assert!(text.contains("makes 2 hashes"), "{text}");
    desk.write("cell.svm", "get 20\n");
    let (_, value) = desk.json("prove cell.svm --k 4");
    let expected = "a circuit of k = 4 is too small: the run accesses cells of the memory up to 20, for which it takes 21 rows, and so k = 5";
    assert_eq!(value["error"]["message"], json!(expected));
    desk.write("frame.svm", "frame 5\npush 7\nput_local 2\nframe -1\n");
    let text = stdout(&desk.piped("debug frame.svm", "m\nstep 3\nm\nc\nm\nback\nm\n"));
    for expected in [
        "the frame begins at 0\nno cell of the memory was accessed",
        "the frame begins at 5\n7: 7\n",
        "the frame begins at 4\n7: 7\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(
        text.trim_end().ends_with("the frame begins at 5\n7: 7"),
        "{text}"
    );
}

/// A program of TinyRAM is one to every verb, and its errors are shown where they are.
#[test]
fn programs_of_tinyram_are_proved() {
    let desk = Desk::new();
    let source = include_str!("../../programs/subset.tinyram");
    desk.write("subset.tinyram", source);
    let tapes = "--input 12,3,4,5,9 --secret 1,0,0,1";
    let (code, value) = desk.json(&format!("prove subset.tinyram {tapes} -o p.json"));
    assert_eq!((code, &value["output"]), (0, &json!("0")));
    let (code, value) = desk.json("verify p.json --program subset.tinyram");
    assert_eq!((code, &value["valid"]), (0, &json!(true)));
    assert_eq!(value["tape"], json!(["5", "12", "3", "4", "5", "9"]));
    let (_, value) = desk.json(&format!("profile subset.tinyram {tapes}"));
    assert!(value.to_string().contains("_next"), "{value}");
    // The first line says so where the name does not; a word of the auxiliary tape is no 0 or 1.
    desk.write("subset.txt", source);
    let (_, value) = desk.json("run subset.txt --input 12,3 --secret 2");
    assert_eq!(value["output"], "2");
    desk.write(
        "wrong.tinyram",
        "; TinyRAM V=2.000 M=hv W=32 K=2\n mul r0, r1, 2\n answer r2\n",
    );
    let (code, value) = desk.json("run wrong.tinyram");
    assert_eq!((code, &value["error"]["kind"]), (2, &json!("assembly")));
    let errors = value["error"]["errors"].as_array().unwrap();
    let places = errors
        .iter()
        .map(|own| (own["line"].as_u64(), own["column"].as_u64()));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [(Some(2), Some(2)), (Some(3), Some(9))]
    );
    assert_eq!(errors[0]["suggestion"], "mull");
}
