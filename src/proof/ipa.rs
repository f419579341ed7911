//! IPA over bn254: no trusted setup, proofs of a few kilobytes, verification linear in the circuit.

pub(super) mod generators;

use std::fmt;

use halo2_axiom_prover::Way;
use halo2_proofs::plonk::{self, ConstraintSystem};
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::poly::ipa::commitment::{IPACommitmentScheme, ParamsIPA};
use halo2_proofs::poly::ipa::multiopen::VerifierIPA;
use halo2_proofs::poly::ipa::strategy::SingleStrategy;
use halo2curves::bn256::{Fr, G1Affine};

use super::kind::{BackendName, ParametersKind};
use super::srs::ParamsError;
use super::{
    Backend, ELEMENT_BYTES, KeygenError, Parameters, ProvingKey, VerifyingKey,
    commitments_and_evaluations, keys,
};
use crate::machine::KeySource;

/// The inner product argument of Bowe, Grigg and Hopwood, *Recursive Proof Composition without a
/// Trusted Setup*, ePrint 2019/1021, section 3, over bn254's G1.
#[derive(Clone, Copy, Debug)]
pub struct Ipa;

/// Generators of unknown relation, hashed to the curve.
#[derive(Clone)]
pub struct IpaParams {
    pub(super) params: ParamsIPA<G1Affine>,
}

impl fmt::Debug for IpaParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IpaParams")
            .field("k", &self.k())
            .finish_non_exhaustive()
    }
}

impl IpaParams {
    /// Derives the generators for circuits of `2^k` rows. Anybody derives the same ones.
    ///
    /// It takes some seconds for `k = 16`: [`Cache::ipa`](super::cache::Cache::ipa) does so only once.
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range.
    pub fn setup(k: u32) -> Result<Self, ParamsError> {
        ParamsError::check_k(k)?;
        Ok(IpaParams {
            params: halo2_axiom_prover::ipa_parameters(k),
        })
    }

    /// halo2's own parameters.
    pub fn inner(&self) -> &ParamsIPA<G1Affine> {
        &self.params
    }
}

impl Parameters for IpaParams {
    fn k(&self) -> u32 {
        self.params.k()
    }

    /// The generators follow from `k`, so this is the hash of `k`.
    fn digest(&self) -> [u8; 32] {
        digest(self.k())
    }

    fn kind(&self) -> ParametersKind {
        ParametersKind::Transparent
    }
}

/// What identifies the generators for this `k`.
pub(super) fn digest(k: u32) -> [u8; 32] {
    super::digest(&[b"ipa bn254 Halo2-Parameters", &k.to_le_bytes()])
}

impl Backend for Ipa {
    const NAME: &'static str = BackendName::Ipa.name();
    const BACKEND: BackendName = BackendName::Ipa;
    const WAY: Way = Way::Ipa;
    type Parameters = IpaParams;

    fn keygen_vk_of(
        params: &IpaParams,
        source: &KeySource<Fr>,
    ) -> Result<VerifyingKey<Self>, KeygenError> {
        keys::keygen_vk((params.k(), params.digest()), &params.params, source)
    }

    fn keygen_of(
        params: &IpaParams,
        source: &KeySource<Fr>,
    ) -> Result<ProvingKey<Self>, KeygenError> {
        keys::keygen((params.k(), params.digest()), &params.params, source)
    }

    fn verify_proof(
        params: &IpaParams,
        key: &VerifyingKey<Self>,
        instances: &[Vec<Fr>],
        proof: &[u8],
    ) -> Result<(), plonk::Error> {
        use halo2_proofs::poly::VerificationStrategy;
        let strategy = SingleStrategy::new(&params.params);
        keys::verify_proof::<IPACommitmentScheme<G1Affine>, VerifierIPA<_>, _>(
            &params.params,
            key.inner(),
            strategy,
            instances,
            proof,
        )
    }

    /// Openings: the commitments to the combined quotient and to the blinding polynomial, two points
    /// a round, an evaluation for each set of points, the last coefficient and its blinding.
    fn proof_bytes(k: u32, cs: &ConstraintSystem<Fr>) -> usize {
        let (points, scalars) = commitments_and_evaluations(cs);
        let opened = cs.instance_queries().len() + super::opening_sets(cs) + 2;
        (points + 2 + 2 * k as usize + scalars + opened) * ELEMENT_BYTES
    }
}
