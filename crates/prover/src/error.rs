//! Why there is no proof.

use halo2_proofs::plonk;

use crate::parameters::Way;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The parameters are of another size than the key.
    #[error("the parameters are for 2^{params} rows, the key is for 2^{key}")]
    Size {
        /// The logarithm of the parameters' number of rows.
        params: u32,
        /// That of the key's.
        key: u32,
    },
    /// The parameters are of a scheme that does not open so.
    #[error("the parameters are not those of this way of opening: {0:?} takes those of {1}")]
    Way(Way, &'static str),
    /// The number of circuits is not the number of instances, or the number of an instance's columns not the circuit's.
    #[error("there are {found} {what}, but {expected} are needed")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An instance column is longer than the circuit has rows.
    #[error("instance column {column} has {found} values, but the circuit has {rows} usable rows")]
    InstanceTooLong {
        /// The column.
        column: usize,
        /// Its values.
        found: usize,
        /// The rows that are not for blinding.
        rows: usize,
    },
    /// A cell was assigned or copied below the usable rows.
    #[error(
        "row {row} of {column} was assigned, but the circuit has {rows} usable rows: take a larger k"
    )]
    RowOutOfRange {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The rows that are not for blinding.
        rows: usize,
    },
    /// A cell was assigned in a column that the key's circuit lacks.
    #[error(
        "{column} was assigned, but the key is of a circuit with {columns}: is it the key of this circuit?"
    )]
    NoSuchColumn {
        /// The column.
        column: String,
        /// How many there are.
        columns: usize,
    },
    /// A cell was assigned `Value::unknown()`.
    #[error("row {row} of {column} was assigned an unknown value in phase {phase}")]
    Unknown {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The phase in which it was, counted from 0.
        phase: usize,
    },
    /// The circuit has so many rows of its own that no row is left.
    #[error("2^{k} rows are too few for the circuit's blinding rows: it takes {needed} rows")]
    TooFewRows {
        /// The logarithm of the number of rows.
        k: u32,
        /// How many rows the circuit takes at least.
        needed: usize,
    },
    /// The field has no root of unity for so many rows.
    #[error(
        "the scalar field has no circuits of this degree with 2^{k} rows: 2^{most} are the most"
    )]
    TooManyRows {
        /// The logarithm of the number of rows.
        k: u32,
        /// The largest one.
        most: u32,
    },
    /// A lookup reads a selector that is for gates.
    #[error("the lookup \"{0}\" reads a simple selector: take a complex one (`complex_selector`)")]
    SimpleSelector(String),
    /// The circuit's `synthesize` failed.
    #[error("the circuit could not be synthesized: {}", said(.0))]
    Synthesis(plonk::Error),
    /// Several circuits of several phases.
    #[error(
        "a proof of {0} circuits of more than one phase is not supported: prove them one by one"
    )]
    Phases(usize),
    /// A row of a lookup is not in its table.
    #[error("row {row}: the input of the lookup \"{lookup}\" is not in its table")]
    Lookup {
        /// The lookup's name.
        lookup: String,
        /// The first such row.
        row: usize,
    },
    /// Two cells that were declared equal are not.
    #[error("two cells that are constrained to be equal differ: row {row} of {column}")]
    Copy {
        /// The column of the first cell that is not equal to the next one of its cycle.
        column: String,
        /// Its row.
        row: usize,
    },
    /// A gate does not hold.
    #[error(
        "the witness does not satisfy the circuit: a gate does not hold; `MockProver` says which"
    )]
    Unsatisfied,
    /// A challenge that no honest transcript has, such as a point of the domain.
    #[error("the transcript gave a challenge for which there is no proof: {0}")]
    Challenge(&'static str),
    /// The transcript could not be written.
    #[error("the proof can't be written: {0}")]
    Transcript(#[from] std::io::Error),
}

impl From<Error> for plonk::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Count { .. } => plonk::Error::InvalidInstances,
            Error::InstanceTooLong { .. } => plonk::Error::InstanceTooLarge,
            Error::Synthesis(error) => error,
            Error::Transcript(error) => plonk::Error::Transcript(error),
            Error::TooFewRows { k, .. } => plonk::Error::NotEnoughRowsAvailable { current_k: k },
            Error::Unsatisfied | Error::Copy { .. } | Error::Lookup { .. } => {
                plonk::Error::ConstraintSystemFailure
            }
            Error::RowOutOfRange { .. } | Error::NoSuchColumn { .. } => plonk::Error::BoundsFailure,
            _ => plonk::Error::Synthesis,
        }
    }
}

/// What an error of the fork says. One that a circuit brings along is wrapped as one of the transcript, which has no part in it.
fn said(error: &plonk::Error) -> String {
    match error {
        plonk::Error::Transcript(own) => own.to_string(),
        other => other.to_string(),
    }
}
