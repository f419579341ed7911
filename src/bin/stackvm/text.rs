//! Words and counts as they are printed.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::Value;

use halo2_stack_vm::algebra::Word;
pub use halo2_stack_vm::text::counted;

pub fn decimal(word: Fr) -> String {
    word.to_integer().to_string()
}

/// Words as they stand in JSON.
pub fn decimals(words: &[Fr]) -> Value {
    words.iter().copied().map(decimal).collect()
}

/// A line with the public tape, if there is one.
pub fn tape_line(tape: &[Fr]) -> String {
    match tape {
        [] => String::new(),
        words => words.iter().fold("\ntape".into(), |line, word| {
            format!("{line} {}", decimal(*word))
        }),
    }
}

/// How many words of a stack are shown.
pub const TOP: usize = 8;

/// A line with the topmost words of a stack, which is given from the bottom up.
pub fn stack_line(stack: &[Fr]) -> String {
    let top: Vec<_> = stack.iter().rev().take(TOP).map(Word::to_text).collect();
    let more = if stack.len() > TOP { " ..." } else { "" };
    match stack {
        [] => "the stack is empty".into(),
        _ => format!(
            "stack of {}, from the top: {}{more}",
            counted(stack.len(), "word"),
            top.join(" ")
        ),
    }
}
