//! How errors are written.

use std::ops::Range;

use halo2_stack_vm::text::escaped;

/// How an error begins.
pub const ERROR: &str = "\x1b[1;31merror\x1b[0m";

/// An error without a place, which is one line whatever it quotes.
pub fn titled(message: &str) -> String {
    format!("{ERROR}: {}", escaped(message))
}

/// By which constraints a circuit rejects a run.
pub fn rejection(constraints: &[String]) -> String {
    let names = constraints
        .iter()
        .map(|name| format!("\n  {}", escaped(name)));
    format!("the circuit rejects the run:{}", names.collect::<String>())
}

/// The line of a text in which a piece is, cut if it is long, and the place of the piece in it.
pub fn line_around<'s>(source: &'s str, span: &Range<usize>) -> (&'s str, Range<usize>) {
    const LONGEST: usize = 1000;
    let start = source[..span.start].rfind(['\n', '\r']);
    let start = start.map_or(0, |at| at + 1);
    let end = source[start..]
        .find(['\n', '\r'])
        .map_or(source.len(), |at| start + at);
    let line = source[start..end].trim_end_matches('\r');
    let cut = (0..=line.len().min(LONGEST))
        .rev()
        .find(|at| line.is_char_boundary(*at));
    let line = &line[..cut.unwrap_or(0)];
    let within = |at: usize| (at - start).min(line.len());
    (line, within(span.start)..within(span.end))
}
