//! [`check_synthesis`]: whether a circuit can be synthesized, before a prover finds out.

use ff::{FromUniformBytes, PrimeField};
use halo2_proofs::plonk::{Circuit, Error};

/// Whether an outer circuit with its witness can be synthesized: what its `synthesize` says, in every phase.
///
/// The prover of this workspace returns these errors itself ([`prover::create_proof`](crate::prover::create_proof)). The
/// fork's panics where `synthesize` returns an error, for example because a program fails on what a user gave it, and where
/// an advice cell is assigned an unknown value: with that one, call this first wherever that can be. It takes about the
/// memory of a proof, and a few hundredths of its time; it does not check that the constraints hold
/// (`MockProver::verify` does).
///
/// # Errors
///
/// What `synthesize` says: [`ChipError::of`](super::ChipError::of) takes the chip's error out of it. And if the circuit
/// has more gates than `2^k` rows have room for, other instance columns, or assigns a cell without a value.
pub fn check_synthesis<F, C>(k: u32, circuit: &C, instances: Vec<Vec<F>>) -> Result<(), Error>
where
    F: PrimeField + FromUniformBytes<64> + Ord,
    C: Circuit<F>,
{
    let columns: Vec<&[F]> = instances.iter().map(Vec::as_slice).collect();
    Ok(halo2_axiom_prover::check_synthesis(k, circuit, &columns)?)
}
