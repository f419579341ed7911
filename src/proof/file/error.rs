//! Why a proof file or a key file is refused.

use std::io;

use super::VERSION;
use crate::program::NotCanonical;
use crate::proof::VerifyError;
use crate::proof::srs::{ParamsError, PointProblem};
use crate::text::NotUtf8;

/// Why a file holds no proof, or no verifying key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file can't be read.
    #[error("it can't be read: {0}")]
    Io(io::Error),
    /// The file can't be written; what was there before still is.
    #[error("it can't be written: {0}")]
    Write(io::Error),
    /// The file is larger than any proof file.
    #[error("it has more than {most} bytes, and so is no proof file")]
    TooLarge {
        /// The most bytes that are read.
        most: u64,
    },
    /// The file is no text in UTF-8.
    #[error("{}{error}", place(.error))]
    NotUtf8 {
        /// Where, and what to do.
        #[from]
        error: NotUtf8,
    },
    /// The file is not JSON, or has a field that is unknown.
    #[error("it is no proof file: {0}")]
    Json(#[from] serde_json::Error),
    /// The file is something else.
    #[error("it is no {expected}: {problem}")]
    Format {
        /// What it should be.
        expected: &'static str,
        /// What it says that it is.
        problem: String,
    },
    /// The file was written by another version.
    #[error("its version is {found}; this program reads version {VERSION}")]
    Version {
        /// What stands under `version`.
        found: u32,
    },
    /// A field has no meaning.
    #[error("its field `{field}` {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A field says something else than what follows from the others.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// The program in a proof file has instructions of which nothing is proved.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The key is one of a larger circuit than is admitted.
    #[error("it is a key of k = {k}, and at most k = {max_k} is admitted")]
    LargeCircuit {
        /// The key's `k`.
        k: u32,
        /// The largest that is admitted.
        max_k: u32,
    },
    /// The key file is shorter or longer than every file of this circuit.
    #[error(
        "it is cut short or has bytes at its end: a key file of this circuit has {expected} bytes"
    )]
    Length {
        /// The length that it must have.
        expected: usize,
    },
    /// The key file is damaged.
    #[error("its checksum is wrong: the file is damaged")]
    Checksum,
    /// What stands where halo2's key begins is none of this circuit's.
    #[error("the key in it is not one of the circuit that it states")]
    OtherCircuit,
    /// A point is none of the group, or is not written as it must be.
    #[error("the point at byte {offset} {problem}")]
    Point {
        /// Where the point begins.
        offset: usize,
        /// What is wrong with it.
        problem: PointProblem,
    },
    /// The parameters' points in G1 and in G2 are not multiples by one secret.
    #[error("its parameters have one secret in G1 and another in G2")]
    NotPowers,
    /// Everybody knows the secret of the parameters.
    #[error(
        "the secret of its parameters is publicly known, so that anybody can prove anything with \
         them: it is {secret}"
    )]
    KnownSecret {
        /// What it is.
        secret: String,
    },
    /// halo2 refuses the key.
    #[error("the key in it is refused: {0}")]
    Halo2(io::Error),
    /// The parameters are not those of the key.
    #[error("the verifying key was made with other parameters")]
    WrongParams,
}

/// Two things that have to agree do not: a field of a file, and another field or what the file is used with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its {field} is {stated}, but that of {of} is {found}: one of them was edited, or they do not belong together"
)]
pub struct Contradiction {
    /// The field.
    pub field: &'static str,
    /// What the file says.
    pub stated: String,
    /// With what it does not agree: `the key`, for example.
    pub of: &'static str,
    /// What that says.
    pub found: String,
}

impl Contradiction {
    /// Compares what a file states with what was found.
    ///
    /// # Errors
    ///
    /// If they differ.
    pub fn check(
        field: &'static str,
        stated: impl ToString,
        of: &'static str,
        found: impl ToString,
    ) -> Result<(), Self> {
        let (stated, found) = (stated.to_string(), found.to_string());
        match stated == found {
            true => Ok(()),
            false => Err(Contradiction {
                field,
                stated,
                of,
                found,
            }),
        }
    }

    /// The same of digests.
    ///
    /// # Errors
    ///
    /// If they differ.
    pub fn check_digest(
        field: &'static str,
        stated: [u8; 32],
        of: &'static str,
        found: [u8; 32],
    ) -> Result<(), Self> {
        Self::check(field, hex::encode(stated), of, hex::encode(found))
    }
}

/// Why the proof in a file is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileVerifyError {
    /// The file contradicts itself, or is one of another key or of other parameters.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// There are no generators of this size.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The proof is not accepted.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// Where a file is no text, if that is known.
fn place(error: &NotUtf8) -> String {
    match error.place {
        Some((line, column)) => format!("line {line}, column {column}: "),
        None => String::new(),
    }
}
