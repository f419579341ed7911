//! Files that commands write: nothing of another kind is overwritten, and nothing that took long to make is lost.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use halo2_stack_vm::proof::file::{Destination, FileError, ProofFile};
use halo2_stack_vm::proof::key::KeyFile;

use crate::failure::{Failure, pasted};

/// A kind of file that a command writes.
pub struct FileKind {
    noun: &'static str,
    /// Whether the file at a path is one.
    is_one: fn(&Path) -> bool,
}

pub const PROOF: FileKind = FileKind {
    noun: "proof",
    // One of another version is a proof too.
    is_one: |path| {
        matches!(
            ProofFile::read(path),
            Ok(_) | Err(FileError::Version { .. })
        )
    },
};
pub const KEY: FileKind = FileKind {
    noun: "key file",
    is_one: KeyFile::has_form,
};

impl FileKind {
    /// Refuses, before a file is made, where it can't be written.
    pub fn check_output(&self, path: &Path, force: bool) -> Result<(), Failure> {
        self.destination(path, force)
            .and_then(|own| own.check().map_err(unwritable))
            .map_err(|(kind, problem)| Failure::file(kind, path, problem))
    }

    /// Where a file is to go; or what is in the way, and of which kind that is: what can be no file and, unless the
    /// user insists, whatever is there that is of another kind or protected.
    fn destination(&self, path: &Path, force: bool) -> Result<Destination, (&'static str, String)> {
        let noun = self.noun;
        let refused = |problem: String| Err(("usage", problem));
        if path == Path::new("-") {
            return refused(format!(
                "a {noun} is not written to standard output: name a file with -o"
            ));
        }
        if path.is_dir() {
            return refused("this is a folder: name a file with -o".into());
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if !folder.is_none_or(Path::is_dir) {
            return refused("there is no such folder".into());
        }
        let destination = Destination::of(path).map_err(unwritable)?;
        if let Some(old) = destination.old().filter(|_| !force) {
            let kept = |what: &str| {
                format!("there is a {what}: it is not overwritten, unless with --force")
            };
            // Of an empty file nothing is lost.
            if old.len() > 0 && !(self.is_one)(path) {
                return refused(kept(&format!("file that is no {noun}")));
            }
            if old.permissions().readonly() {
                return refused(kept("file that is write-protected"));
            }
        }
        Ok(destination)
    }

    /// Writes a file, if there is still nothing in the way. If it can't be written where it should, it is kept where
    /// it can be, as it took long to make.
    pub fn put(&self, path: &Path, force: bool, contents: &[u8]) -> Result<(), Failure> {
        let destination = self.destination(path, force);
        let written = destination.and_then(|own| own.write(contents).map_err(unwritable));
        let Err((kind, problem)) = written else {
            return Ok(());
        };
        let noun = self.noun;
        let keep = |folder: &Path| -> std::io::Result<PathBuf> {
            let mut file = tempfile::Builder::new()
                .prefix("stackvm-kept-")
                .tempfile_in(folder)?;
            file.write_all(contents)?;
            Ok(file.keep()?.1)
        };
        let kept = keep(&std::env::temp_dir()).or_else(|_| keep(Path::new(".")));
        let problem = match kept {
            Ok(kept) => format!("{problem}; the {noun} is kept in {}", pasted(&kept)),
            Err(error) => format!("{problem}; the {noun} could not be kept elsewhere: {error}"),
        };
        Err(Failure::file(kind, path, problem))
    }
}

/// What the file system reports of an output, with its kind.
fn unwritable(error: std::io::Error) -> (&'static str, String) {
    ("io", format!("it can't be written: {error}"))
}
