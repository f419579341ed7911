//! Why there are no keys, no proof, or no acceptance.

use halo2_proofs::plonk;

use super::StatementError;
use crate::machine::{KeySourceError, WitnessError};

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeygenError {
    /// The parameters are of another size.
    #[error("the circuit has k = {circuit}, but the parameters are for k = {params}")]
    WrongSize {
        /// The circuit's `k`.
        circuit: u32,
        /// The parameters' `k`.
        params: u32,
    },
    /// There is no such circuit.
    #[error(transparent)]
    KeySource(#[from] KeySourceError),
    /// The circuit is refused.
    #[error("key generation failed: {0}")]
    Prover(#[from] halo2_axiom_prover::Error),
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The run does not satisfy the circuit, so that no proof of it would verify.
    #[error("the run does not satisfy the circuit: {0}")]
    Witness(#[from] WitnessError),
    /// The parameters are not those of the key.
    #[error("the proving key was made with other parameters")]
    WrongParams,
    /// The program can't be stated.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The prover refuses.
    #[error("proving failed: {0}")]
    Prover(#[from] halo2_axiom_prover::Error),
}

/// Why a proof is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The statement is none of the circuit's.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The parameters are not those of the key, or of another size.
    #[error("the verifying key was made with other parameters, or with those of another size")]
    WrongParams,
    /// The proof has another length than every proof of this key.
    #[error("the proof has {found} bytes; one of this circuit has {expected}")]
    Length {
        /// The length of the proof.
        found: usize,
        /// The length of an honest proof.
        expected: usize,
    },
    /// The bytes are no proof, or not one of the statement.
    #[error("the proof does not prove the statement: {0}")]
    Invalid(plonk::Error),
}
