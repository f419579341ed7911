//! Text in columns.

use std::fmt::Write;

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A table with a line of headings.
pub fn table<const N: usize>(
    columns: &[(&str, Align); N],
    lines: impl Iterator<Item = [String; N]>,
) -> String {
    let headings = columns.map(|(heading, _)| heading.to_owned());
    let lines: Vec<[String; N]> = std::iter::once(headings).chain(lines).collect();
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = String::new();
    for line in &lines {
        let mut written = String::new();
        for ((cell, width), (_, align)) in line.iter().zip(widths).zip(columns) {
            // Writing to a string does not fail.
            let _ = match align {
                Align::Left => write!(written, "{cell:<width$}  "),
                Align::Right => write!(written, "{cell:>width$}  "),
            };
        }
        table += written.trim_end();
        table.push('\n');
    }
    table
}
