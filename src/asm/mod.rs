//! Text and JSON to [`Program`]s, and back.
//!
//! The text form has an instruction a line: a mnemonic of [`crate::isa`], and a number if the
//! instruction takes one. `#` starts a comment. Numbers are decimal or, after `0x`, hexadecimal; `-n`
//! is the modulus less n. Lines end with `\n`, `\r\n` or `\r`.
//!
//! ```text
//! push 3      # the stack holds 3
//! push -0x2   # 3 and modulus - 2
//! mul         # modulus - 6
//! ```
//!
//! `name:` before an instruction, or on a line of its own, is a *label*, one a line: a name for the address of the
//! instruction that follows it, or for the end of the program. `.const NAME number` is a name for a number. Where a
//! number stands, names may stand too, and `+`, `-`, `*` and parentheses, with which words are computed as in the field.
//! What is named may be defined before or after, but no constant by itself. The argument of a jump or a call has to be
//! an address of the program. Names have letters, digits and `_`, and don't begin with a digit; mnemonics are no names.
//!
//! ```text
//! .const ROUNDS 10
//! .const SIZE end - again
//!         push 2*ROUNDS
//! again:  addi -1
//!         dup
//!         jnz again
//! end:    push (SIZE + 1) * ROUNDS
//! ```
//!
//! With a number of places, 0 to 31, `shl32`, `shr32`, `shrs32`, `rotl32` and `rotr32` shift or rotate a 32-bit word: they are the
//! instructions `muli32`, `mulhii32`, `shrsi32` and `rotli32` with a power of two. Those with 64 do so with a 64-bit word and 0 to 63 places.
//! Without a number all but `rotr32` and `rotr64` are instructions that shift by the top.
//!
//! ```text
//! rotr32 7    # rotli32 0x2000000
//! ```
//!
//! `divs32`, `rems32`, `divs64` and `rems64` divide words with signs, rounding towards 0: they are twelve instructions, and nine for what is left. A divisor that is 0 is an
//! error, as is the quotient of the least word by -1, which leaves 0.
//!
//! `.word 1, 2, 3` puts words into the memory: the cell whose address is that of an instruction holds its argument at first, and each of
//! these words is an instruction that is never executed, in its place in the program. So a label before it is the address of
//! the first word, for `load` as for `jump`, and one at the end of the program that of the first cell that holds nothing.
//! `.bytes "text", 0, 255` puts four bytes into each cell, the first being the least significant; a text stands for its bytes in UTF-8.
//!
//! ```text
//!         get primes + 1      # 3
//!         halt
//! primes: .word 2, 3, 5, 7
//! hello:  .bytes "hello\n", 0
//! free:
//! ```
//!
//! After an instruction and its argument a *message* may stand, between quotes: whoever runs the program is shown it if
//! that instruction fails. The escapes are those of Rust: `\\`, `\"`, `\n`, `\t`, `\u{e9}`. A message is no part of the
//! program, and so of no digest and no key.
//!
//! ```text
//! secret
//! not                 "votes are 0 or 1"
//! assert_eq 2*ROUNDS  "there are as many as were said"
//! ```
//!
//! The JSON form is a flat array, `[opcode, argument, opcode, argument, ...]`. It can hold what text
//! can't: opcodes that no instruction has, and arguments that nobody reads. An element is an integer
//! or, if it is too large for one, a string with a number as the text form has it.
//!
//! To read a text takes no more room than twice what is larger, the text or the program in it (40 bytes
//! an instruction, twelve of which `divs32` says in seven), and time in proportion to it.
//!
//! Errors hold at most a short excerpt of what they complain about, without its control characters,
//! so that a message can be printed whatever the input was.

mod data;
mod disassemble;
mod error;
mod expression;
mod instruction;
mod json;
mod limits;
mod mnemonic;
mod names;
mod number;
mod suggest;
mod symbols;
#[cfg(test)]
mod tests;
mod text;
mod tinyram;

pub use crate::text::lines;
pub use disassemble::{DisassembleError, disassemble};
pub use error::{AsmError, AsmErrorKind, AsmErrors};
pub use json::{ElementError, JsonProgramError, from_json, to_json};
pub use number::{NumberError, parse_word};
pub use symbols::{Label, Symbols};
pub use tinyram::TinyRam;

use self::limits::MOST_ERRORS;
use self::names::Names;
use self::text::{Located, error, statements, unescape};
use crate::algebra::Word;
use crate::program::Program;
use crate::text::located_lines;

/// Reads a program in text form. A byte order mark at its start is skipped.
///
/// ```
/// use halo2_stack_vm::asm::assemble;
/// use halo2_stack_vm::isa::InstructionSet;
/// use halo2_stack_vm::vm;
/// use halo2curves::bn256::Fr;
///
/// let program = assemble::<Fr>("push 3\npush 6\npush 2\nmul\nmul  # 3 * (6 * 2)")?;
/// let outcome = vm::run(&program, None, InstructionSet::SEED)?;
/// assert_eq!(outcome.output, Fr::from(36));
///
/// let errors = assemble::<Fr>("push 3\npsuh 6").unwrap_err();
/// assert_eq!(errors.to_string(), "2:1: there is no instruction `psuh`; did you mean `push`?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`AsmErrors`], with the first error of every line that has one, up to the thousandth.
pub fn assemble<F: Word>(source: &str) -> Result<Program<F>, AsmErrors> {
    Ok(assembled(source, |_, _| {})?.0)
}

/// Reads a program in text form, and what its names, lines and messages are.
///
/// # Errors
///
/// As [`assemble`].
pub fn assemble_with_symbols<F: Word>(source: &str) -> Result<Assembly<F>, AsmErrors> {
    let (mut lines, mut messages) = (vec![], vec![]);
    let (program, names) = assembled(source, |line, message| {
        if let Some(Ok(message)) = message.as_ref().map(unescape) {
            messages.push((lines.len(), message));
        }
        lines.push(line);
    })?;
    let labels = names.labels();
    Ok(Assembly {
        program,
        symbols: Symbols {
            labels,
            lines,
            messages,
        },
    })
}

/// A program and what its text says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly<F> {
    /// The program.
    pub program: Program<F>,
    /// Its names, lines and messages.
    pub symbols: Symbols,
}

/// The first place where a text is not what is seen of it: who verifies has read the program.
fn misleading(source: &str) -> Option<AsmError> {
    // An end of a line that is none to a terminal or an editor; and what reverses text (Unicode Technical Report 36, 2.9).
    let hides = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mixed = source.contains('\n') && source.contains('\r');
    let follows = |at: usize| source.as_bytes().get(at + 1);
    let (at, character, kind) = source.char_indices().find_map(|(at, character)| {
        let kind = match character {
            '\r' if mixed && follows(at) != Some(&b'\n') => AsmErrorKind::MixedLineEnds,
            _ if hides(character) => AsmErrorKind::HidesText { character },
            _ => return None,
        };
        Some((at, character, kind))
    })?;
    let lines = located_lines(source).take_while(|(start, _)| *start <= at);
    let complaint = (kind, at..at + character.len_utf8());
    Some(error(source, lines.count(), complaint))
}

/// Reads a program, and calls a function with the line of each of its instructions, and its message as it is written.
fn assembled<'s, F: Word>(
    source: &'s str,
    mut see: impl FnMut(u32, Option<Located<'s>>),
) -> Result<(Program<F>, Names<'s, F>), AsmErrors> {
    if let Some(misleading) = misleading(source) {
        return Err(AsmErrors::new(vec![misleading]));
    }
    // A program may be much larger than its text, so that there is no room for one made before it is
    // known that there is one, and how large it is.
    let mut errors = vec![];
    let names = Names::of(source, &mut errors)?;
    // The errors of a line are one, the first.
    errors.sort_by_key(|error| error.line);
    let defined = errors.len();
    for statement in statements(source) {
        if errors.len() >= MOST_ERRORS {
            break;
        }
        let known = errors[..defined].binary_search_by_key(&statement.line, |error| error.line);
        if known.is_ok() {
            continue;
        }
        if let Err(complaint) = statement.instructions(&names, |_, _| {}) {
            errors.push(error(source, statement.line, complaint));
        }
    }
    if !errors.is_empty() {
        return Err(AsmErrors::new(errors));
    }
    let mut instructions = Vec::with_capacity(names.length);
    for statement in statements(source) {
        // What is wrong was found before.
        let _ = statement.instructions(&names, |instruction, message| {
            instructions.push(instruction);
            // A text has fewer lines than bytes, and no reader takes more of those.
            see(u32::try_from(statement.line).unwrap_or(u32::MAX), message);
        });
    }
    Ok((Program::from(instructions), names))
}
