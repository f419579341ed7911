//! A faster prover for circuits of `halo2-axiom`: the same keys, the same proofs, the same verifier.
//!
//! [`create_proof`] has the signature of the fork's function of this name; a [`Prover`], made once of parameters and a circuit
//! or a key of the fork, keeps what does not change between proofs. What it makes, the fork's `verify_proof` accepts: KZG
//! with SHPLONK or GWC, and IPA; gates with any rotations, phases and challenges, copies, lookups (`lookup` and
//! `lookup_any`), instance columns, several circuits in one proof.
//!
//! ```
//! use halo2_axiom_prover::{Prover, Way};
//! use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
//! use halo2_proofs::plonk::{
//!     Advice, Circuit, Column, ConstraintSystem, Error, Instance, verify_proof,
//! };
//! use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
//! use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
//! use halo2_proofs::poly::kzg::strategy::SingleStrategy;
//! use halo2_proofs::transcript::{
//!     Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
//! };
//! use halo2curves::bn256::{Bn256, Fr, G1Affine};
//! # use rand_chacha::ChaCha20Rng;
//! # use rand_core::SeedableRng;
//!
//! /// A word that is public.
//! #[derive(Clone)]
//! struct Public(Value<Fr>);
//!
//! impl Circuit<Fr> for Public {
//!     type Config = (Column<Advice>, Column<Instance>);
//!     type FloorPlanner = SimpleFloorPlanner;
//!     type Params = ();
//!
//!     fn without_witnesses(&self) -> Self {
//!         Public(Value::unknown())
//!     }
//!
//!     fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
//!         let (word, public) = (meta.advice_column(), meta.instance_column());
//!         meta.enable_equality(word);
//!         meta.enable_equality(public);
//!         (word, public)
//!     }
//!
//!     fn synthesize(&self, (word, public): Self::Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
//!         let cell = layouter.assign_region(|| "word", |mut region| Ok(region.assign_advice(word, 0, self.0).cell()))?;
//!         layouter.constrain_instance(cell, public, 0);
//!         Ok(())
//!     }
//! }
//!
//! # let mut rng = ChaCha20Rng::from_seed([7; 32]); // A seed that anyone knows: for tests alone.
//! let params = ParamsKZG::<Bn256>::setup(4, &mut rng);
//! // The key is that of the fork's `keygen_vk`; with its proving key it is `Prover::new(&params, &key)`.
//! let prover = Prover::keygen(&params, &Public(Value::unknown()))?;
//! let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
//! let circuit = Public(Value::known(Fr::from(5)));
//! let public = [Fr::from(5)];
//! prover.create_proof(Way::Shplonk, &[circuit.clone()], &[&[&public]], &mut rng, &mut transcript, &mut ())?;
//! let proof = transcript.finalize();
//!
//! let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(&proof[..]);
//! verify_proof::<KZGCommitmentScheme<_>, VerifierSHPLONK<_>, _, _, _>(
//!     &params,
//!     prover.verifying_key(),
//!     SingleStrategy::new(&params),
//!     &[&[&public]],
//!     &mut transcript,
//! )?;
//!
//! // Of a false statement there is no proof, but an error that says why.
//! let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
//! let six = [Fr::from(6)];
//! let error = prover.create_proof(Way::Shplonk, &[circuit], &[&[&six]], &mut rng, &mut transcript, &mut ());
//! assert!(error.unwrap_err().to_string().contains("two cells that are constrained to be equal differ"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where its time goes
//!
//! It looks at each column before it commits to it. A flag costs one addition where it is set; a small word, or a small word's
//! negative, as many as it has digits; a word that is as on the row before, none, where such rows are more than those that
//! are 0. Additions are in affine coordinates, many sharing an inversion, and wide scalars are halved by the curve's
//! endomorphism. The fixed columns' values on the cosets are kept; there are `degree - 1` cosets, not the next power of two.
//! Expressions are compiled into programs over blocks of rows.
//!
//! # Randomness and secrets
//!
//! All randomness is that of the caller's generator: with a seeded one a proof is the same on every run and any number of
//! threads. **A seed that anyone knows gives the witness away**: it is for tests. Zero knowledge is the fork's: the same
//! blinding rows, and a random polynomial, drawn from a stream whose key is drawn from the generator. Times depend on the
//! witness.
//!
//! # Not supported
//!
//! Shuffles, which the fork's verifier does not evaluate; several circuits of more than one phase in one proof, where the
//! fork's prover panics too.

mod backend;
mod commit;
mod curve;
mod domain;
mod endomorphism;
mod error;
mod evaluations;
mod fractions;
mod group;
#[cfg_attr(not(target_arch = "x86_64"), path = "ifma/absent.rs")]
mod ifma;
mod keygen;
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
pub use keygen::keygen_vk;
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
