//! Text in columns.

use std::fmt::Write;

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A table with a line of headings.
///
/// The lines are made twice, for their widths and for their text, so that they need not be kept.
pub fn table<const N: usize, L: Iterator<Item = [String; N]>>(
    columns: &[(&str, Align); N],
    lines: impl Fn() -> L,
) -> String {
    let lines = || {
        let headings = columns.map(|(heading, _)| heading.to_owned());
        std::iter::once(headings).chain(lines())
    };
    let mut widths = [0; N];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(&line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = String::new();
    for line in lines() {
        for ((cell, width), (_, align)) in line.iter().zip(widths).zip(columns) {
            // Writing to a string does not fail.
            let _ = match align {
                Align::Left => write!(table, "{cell:<width$}  "),
                Align::Right => write!(table, "{cell:>width$}  "),
            };
        }
        table.truncate(table.trim_end_matches(' ').len());
        table.push('\n');
    }
    table
}
