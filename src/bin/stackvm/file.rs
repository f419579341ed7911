//! Files that hold texts.

use std::io::Read;
use std::path::{Path, PathBuf};

use halo2_stack_vm::text::{decoded, shown_path};

use crate::failure::Failure;

/// More than the text of any program or of any words that a circuit has room for.
const MAX_TEXT_BYTES: u64 = 1 << 30;

/// The path that stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether one of the paths stands for standard input; two can't.
pub fn read_once<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<bool, Failure> {
    match paths.filter(|path| is_standard_input(path)).count() {
        named @ 0..=1 => Ok(named == 1),
        _ => {
            let problem = "`-` stands twice: standard input can be read once";
            Err(Failure::input("usage", problem))
        }
    }
}

/// The file at a path, or standard input where the path is `-`.
fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    Ok(match is_standard_input(path) {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path)?),
    })
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String, Failure> {
    // A file says how long it is, so that there is room for so much and no more.
    let len = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(len.min(MAX_TEXT_BYTES) as usize);
    open(path)
        .and_then(|file| file.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file("io", path, error))?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        let problem = format!("it has more than {MAX_TEXT_BYTES} bytes, the most that are read");
        return Err(Failure::file("io", path, problem));
    }
    decoded(bytes).map_err(|problem| match problem.place {
        None => Failure::file("io", path, problem),
        Some((line, column)) => {
            let path = shown_path(path);
            Failure::input("io", format!("{path}:{line}:{column}: {problem}"))
        }
    })
}
