//! A faster prover for circuits of [`halo2_proofs`](halo2_axiom): the same keys, the same proofs, the same verifier.

mod backend;
mod commit;
mod curve;
mod domain;
mod endomorphism;
mod error;
mod evaluations;
mod group;
mod lookup;
mod msm;
mod opening;
mod parameters;
#[cfg(test)]
mod parts;
mod permutation;
mod plan;
mod progress;
mod proof;
mod prover;
mod quotient;
mod synthesis;
mod transcript;
mod witness;

use halo2_proofs::plonk::{Circuit, ProvingKey};
use halo2_proofs::poly::commitment::{self, CommitmentScheme};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use rand_core::RngCore;

pub use backend::ProverCurve;
pub use error::Error;
pub use parameters::{Opening, Parameters, Points, Way, ipa_parameters};
pub use progress::{Phase, Progress};
pub use prover::Prover;
pub use synthesis::check_synthesis;

/// Creates a proof, as the fork's function of this name.
///
/// It makes a [`Prover`] first: whoever proves more than once makes one and keeps it.
///
/// # Errors
///
/// An [`Error`] where the fork panics, or writes a proof that does not verify.
pub fn create_proof<'params, 'a, Scheme, P, E, R, T, ConcreteCircuit>(
    params: &'params Scheme::ParamsProver,
    pk: &ProvingKey<Scheme::Curve>,
    circuits: &[ConcreteCircuit],
    instances: &[&[&'a [Scheme::Scalar]]],
    mut rng: R,
    transcript: &'a mut T,
) -> Result<(), Error>
where
    Scheme: CommitmentScheme,
    Scheme::Curve: ProverCurve,
    Scheme::ParamsProver: Parameters<Scheme::Curve>,
    P: commitment::Prover<'params, Scheme> + Opening,
    E: EncodedChallenge<Scheme::Curve>,
    R: RngCore + 'a,
    T: TranscriptWrite<Scheme::Curve, E>,
    ConcreteCircuit: Circuit<Scheme::Scalar>,
{
    let prover = Prover::new(params, pk)?;
    prover.create_proof::<E, T, ConcreteCircuit>(
        P::WAY,
        circuits,
        instances,
        &mut rng,
        transcript,
        &mut (),
    )
}
