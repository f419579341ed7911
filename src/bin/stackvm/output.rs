//! Files that commands write: nothing of another kind is overwritten, and nothing that took long to make is lost.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use halo2_stack_vm::proof::atomic::Destination;
use halo2_stack_vm::proof::file::{FileError, ProofFile};
use halo2_stack_vm::proof::key::KeyFile;

use crate::failure::{Failure, pasted};
use crate::source::is_standard_input;

/// A kind of file that a command writes.
#[derive(Debug)]
pub struct FileKind {
    noun: &'static str,
    /// One that is not the one that is written.
    other: &'static str,
    look: fn(&Path) -> Standing,
}

/// What a file is that stands where another one is to go.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// None of the kind.
    Other,
    /// One of the kind, with what tells it from others, if that can be read: of a proof, the digest of its program, of a key
    /// its fingerprint.
    OfKind(Option<[u8; 32]>),
}

pub const PROOF: FileKind = FileKind {
    noun: "proof",
    other: "a proof of another program",
    look: |path| match ProofFile::read(path) {
        Ok(proof) => Standing::OfKind(Some(proof.program_digest)),
        // It is a proof all the same.
        Err(
            FileError::Version { .. } | FileError::Contradiction(_) | FileError::NotCanonical(_),
        ) => Standing::OfKind(None),
        Err(_) => Standing::Other,
    },
};
pub const KEY: FileKind = FileKind {
    noun: "key file",
    other: "another key",
    look: |path| match KeyFile::has_form(path) {
        true => Standing::OfKind(fingerprint(path).ok()),
        false => Standing::Other,
    },
};

/// The end of a key file, which identifies it.
fn fingerprint(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut own = [0; 32];
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-(own.len() as i64)))?;
    file.read_exact(&mut own)?;
    Ok(own)
}

/// Whether a path leads to where the command's report would go too: then that goes to standard error.
pub fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-") || is_open_as_standard_output(path)
}

#[cfg(unix)]
fn is_open_as_standard_output(path: &Path) -> bool {
    is_one(&opened(&std::io::stdout()), &std::fs::metadata(path))
}

/// Whether a command that reads an input, which may be standard input, would lose it if it wrote this file.
#[cfg(unix)]
fn is_read_from(input: &Path, path: &Path) -> bool {
    let input = match is_standard_input(input) {
        true => opened(&std::io::stdin()),
        false => std::fs::metadata(input),
    };
    // From a terminal or a pipe nothing is lost.
    input.as_ref().is_ok_and(Metadata::is_file) && is_one(&input, &std::fs::metadata(path))
}

/// What is known of an open file.
#[cfg(unix)]
fn opened(file: &impl std::os::fd::AsFd) -> std::io::Result<Metadata> {
    File::from(file.as_fd().try_clone_to_owned()?).metadata()
}

/// Whether both are of one file.
#[cfg(unix)]
fn is_one(left: &std::io::Result<Metadata>, right: &std::io::Result<Metadata>) -> bool {
    use std::os::unix::fs::MetadataExt;
    let [left, right] = [left, right].map(|own| own.as_ref().map(|own| (own.dev(), own.ino())));
    left.is_ok_and(|left| right.is_ok_and(|right| left == right))
}

#[cfg(not(unix))]
fn is_open_as_standard_output(_: &Path) -> bool {
    false
}

#[cfg(not(unix))]
fn is_read_from(input: &Path, path: &Path) -> bool {
    let [input, path] = [input, path].map(std::fs::canonicalize);
    input.is_ok_and(|input| path.is_ok_and(|path| input == path))
}

/// A file that a command is going to write.
#[derive(Debug)]
pub struct OutputFile<'p> {
    pub kind: &'static FileKind,
    pub path: &'p Path,
    /// Whether the user named it.
    pub named: bool,
    /// Whether the user wants whatever is there overwritten.
    pub force: bool,
    /// The files that the command reads.
    pub inputs: Vec<&'p PathBuf>,
    /// What tells the file from others of its kind, once that is known.
    pub identity: Option<[u8; 32]>,
}

/// Why a file can't be written: of which kind that is, and what it is.
type Obstacle = (&'static str, String);

impl OutputFile<'_> {
    /// Refuses, before a file is made, where it can't be written.
    pub fn check(&self) -> Result<(), Failure> {
        if is_standard_output(self.path) {
            return Ok(());
        }
        self.destination()
            .and_then(|own| own.check().map_err(unwritable))
            .map_err(|(kind, problem)| Failure::file(kind, self.path, problem))
    }

    /// Refuses, before a file is written, where another one of its kind would be lost that the user did not name; gives a
    /// warning where the user did.
    pub fn check_other(&self) -> Result<Option<String>, Failure> {
        if is_standard_output(self.path) || self.force || !self.replaces_another() {
            return Ok(None);
        }
        match self.check_name() {
            Ok(()) => {
                let path = pasted(self.path);
                let other = self.kind.other;
                Ok(Some(format!("{path} is {other}, and will be overwritten")))
            }
            Err((kind, problem)) => Err(Failure::file(kind, self.path, problem)),
        }
    }

    /// Whether another file of its kind is there, or one that may be another.
    fn replaces_another(&self) -> bool {
        let is_file = self
            .path
            .metadata()
            .is_ok_and(|own| own.is_file() && own.len() > 0);
        match (is_file.then(|| (self.kind.look)(self.path)), self.identity) {
            (Some(Standing::OfKind(old)), Some(own)) => old != Some(own),
            _ => false,
        }
    }

    fn check_name(&self) -> Result<(), Obstacle> {
        match self.named {
            true => Ok(()),
            false => {
                let other = self.kind.other;
                let problem =
                    format!("there is {other}: name a file with -o, or overwrite it with --force");
                Err(("usage", problem))
            }
        }
    }

    /// Where the file is to go; or what is in the way: what can be no file, what the command reads and, unless the user
    /// insists, whatever is there that is of another kind, protected, or another one of its kind under a name that the user
    /// did not choose.
    fn destination(&self) -> Result<Destination, Obstacle> {
        let OutputFile { kind, path, .. } = self;
        let noun = kind.noun;
        let refused = |problem: String| Err(("usage", problem));
        if path.is_dir() {
            return refused("this is a folder: name a file with -o".into());
        }
        if self.inputs.iter().any(|own| is_read_from(own, path)) {
            return refused(
                "this is a file that the command reads: name another one with -o".into(),
            );
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if !folder.is_none_or(Path::is_dir) {
            return refused("there is no such folder".into());
        }
        let destination = Destination::of(path).map_err(unwritable)?;
        if let Some(old) = destination.old().filter(|_| !self.force) {
            let kept = |what: &str| {
                format!("there is a {what}: it is not overwritten, unless with --force")
            };
            // Of an empty file nothing is lost.
            if old.len() > 0 && matches!((kind.look)(path), Standing::Other) {
                return refused(kept(&format!("file that is no {noun}")));
            }
            if old.permissions().readonly() {
                return refused(kept("file that is write-protected"));
            }
            if self.replaces_another() {
                self.check_name()?;
            }
        }
        Ok(destination)
    }

    /// Writes a file where there is nothing in the way. What comes there meanwhile, such as the same proof made by another
    /// process, is looked at like what stood there before.
    fn write(&self, contents: &[u8]) -> Result<(), Obstacle> {
        let mut tries = 1;
        loop {
            match self.destination()?.write(contents) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => {
                    tries += 1;
                }
                other => return other.map_err(unwritable),
            }
        }
    }

    /// Writes a file, if there is still nothing in the way. If it can't be written where it should, it is kept where
    /// it can be, as it took long to make.
    pub fn put(&self, contents: &[u8]) -> Result<(), Failure> {
        let written = match is_standard_output(self.path) {
            true => print(contents).map_err(unwritable),
            false => self.write(contents),
        };
        let Err((kind, problem)) = written else {
            return Ok(());
        };
        let noun = self.kind.noun;
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
        Err(Failure::file(kind, self.path, problem))
    }
}

/// How often a destination is looked at again into which another process writes at the same time.
const TRIES: usize = 8;

/// Writes to standard output.
fn print(contents: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(contents)?;
    out.flush()
}

/// What the file system reports of an output, with its kind.
fn unwritable(error: std::io::Error) -> (&'static str, String) {
    ("io", format!("it can't be written: {error}"))
}
