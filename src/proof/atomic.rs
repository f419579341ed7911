//! Files that appear whole or not at all.

use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

/// How the names of files begin that are being written.
const UNFINISHED: &str = ".unfinished-stackvm-";
/// How long a file that is being written is left alone after the last piece: no disk is so slow.
const UNFINISHED_FOR: Duration = Duration::from_secs(3600);

/// Removes what a killed process has left in a folder. That it can't is no reason not to write.
fn remove_unfinished(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if name.to_string_lossy().starts_with(UNFINISHED)
            && age().is_some_and(|age| age > UNFINISHED_FOR)
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Where a file is to be written.
///
/// At every moment the old contents are there, or the new ones, whole. They are written under another name, which a
/// process that is killed leaves behind; whoever writes into the same folder an hour later removes it. Behind a
/// link, the target is replaced and not the link. What is no regular file, a pipe or a device, is written into.
#[derive(Clone, Debug)]
pub struct Destination {
    path: PathBuf,
    existing: Existing,
}

/// What is at a path.
#[derive(Clone, Debug)]
enum Existing {
    Nothing,
    File(Metadata),
    /// A pipe or a device.
    Stream,
}

impl Destination {
    /// Where a path leads.
    ///
    /// # Errors
    ///
    /// What the file system reports, if there can be no file.
    pub fn of(path: &Path) -> io::Result<Self> {
        let existing = match std::fs::metadata(path) {
            Ok(old) if old.is_file() => Existing::File(old),
            Ok(old) if old.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // A pipe may have no path but this one.
            Ok(_) => {
                return Ok(Destination {
                    path: path.into(),
                    existing: Existing::Stream,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Existing::Nothing,
            Err(error) => return Err(error),
        };
        // The path of a folder does not end with the name of a file.
        let text = path.as_os_str().as_encoded_bytes();
        if !path
            .file_name()
            .is_some_and(|name| text.ends_with(name.as_encoded_bytes()))
        {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let path = target(path)?;
        Ok(Destination { path, existing })
    }

    /// The file that is there, and would be replaced.
    pub fn old(&self) -> Option<&Metadata> {
        match &self.existing {
            Existing::File(old) => Some(old),
            Existing::Nothing | Existing::Stream => None,
        }
    }

    /// Finds out, before there is something to write, which may take long, whether a file can be put together
    /// there. Of a pipe or a device that shows only when it is written into.
    ///
    /// # Errors
    ///
    /// What the file system reports.
    pub fn check(&self) -> io::Result<()> {
        if let Existing::Stream = self.existing {
            return Ok(());
        }
        // The file has no name, where the system has such files.
        tempfile::tempfile_in(folder(&self.path)).map_err(unnamed)?;
        Ok(())
    }

    /// Writes the file. Where there was nothing before, what has come meanwhile is left alone.
    ///
    /// # Errors
    ///
    /// What the file system reports; a file that is there is left alone then.
    pub fn write(&self, contents: &[u8]) -> io::Result<()> {
        match &self.existing {
            Existing::Stream => {
                let mut stream = std::fs::OpenOptions::new().write(true).open(&self.path)?;
                match stream.metadata()?.is_file() {
                    true => Err(has_come()),
                    false => stream.write_all(contents),
                }
            }
            Existing::File(_) => replace(&self.path, &[contents]),
            Existing::Nothing => {
                let file = finished(&self.path, &[contents])?;
                let Err(error) = file.persist_noclobber(&self.path) else {
                    return Ok(());
                };
                // Not every file system can rename so.
                match std::fs::symlink_metadata(&self.path) {
                    Err(nothing) if nothing.kind() == io::ErrorKind::NotFound => {
                        error
                            .file
                            .persist(&self.path)
                            .map_err(|error| error.error)?;
                        Ok(())
                    }
                    _ => Err(has_come()),
                }
            }
        }
    }
}

fn has_come() -> io::Error {
    let problem = "a file has come there meanwhile, which is left alone";
    io::Error::new(io::ErrorKind::AlreadyExists, problem)
}

/// Where a path leads; a link may lead to a file that is not there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    if let Ok(target) = path.canonicalize() {
        return Ok(target);
    }
    let Ok(link) = std::fs::read_link(path) else {
        return Ok(path.into());
    };
    let target = folder(path).join(link);
    match std::fs::symlink_metadata(&target).is_ok() {
        true => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a link to a link that leads nowhere",
        )),
        false => Ok(target),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a file, piece by piece, so that at every moment what has the name, be it a link or a pipe, or the new file
/// is there.
///
/// # Errors
///
/// What the file system reports; what had the name is left alone then.
pub(super) fn replace(path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let file = finished(path, pieces)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file to be put at a path.
fn finished(path: &Path, pieces: &[&[u8]]) -> io::Result<NamedTempFile> {
    let folder = folder(path);
    remove_unfinished(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        // What is new has the permissions that the process gives to new files; what replaces a file,
        // that one's.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let named = builder.tempfile_in(folder).map_err(unnamed)?;
    // Not the named file, whose errors tell its name.
    let mut file = named.as_file();
    for piece in pieces {
        file.write_all(piece)?;
    }
    if let Ok(old) = std::fs::symlink_metadata(path)
        && old.is_file()
    {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    Ok(named)
}

/// An error without the temporary file's name, which means nothing to whoever reads the message.
fn unnamed(error: io::Error) -> io::Error {
    error.kind().into()
}
