//! KZG over bn254, with SHPLONK openings: short proofs, fast verification, a trusted setup.

use halo2_proofs::plonk::{self, ConstraintSystem};
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2curves::bn256::{Bn256, Fr, G1Affine};

use super::{
    Backend, ELEMENT_BYTES, KeygenError, Parameters, ProvingKey, VerifyingKey,
    commitments_and_evaluations, create_proof_with, keygen_vk_with, keygen_with, verify_proof_with,
};
use crate::circuit::{CircuitParams, StackVmCircuit};

/// The commitments of Kate, Zaverucha and Goldberg with the openings of Boneh, Drake, Fisch and
/// Gabizon, *Efficient polynomial commitment schemes for multiple points and polynomials*, ePrint
/// 2020/081, section 4 (SHPLONK).
#[derive(Clone, Copy, Debug)]
pub struct Kzg;

/// A structured reference string.
#[derive(Clone, Debug)]
pub struct KzgParams {
    pub(super) params: ParamsKZG<Bn256>,
}

impl Parameters for KzgParams {
    fn k(&self) -> u32 {
        self.params.k()
    }

    fn digest(&self) -> [u8; 32] {
        use group::GroupEncoding;
        super::cache::digest(&[
            b"kzg bn254",
            self.params.g2().to_bytes().as_ref(),
            self.params.s_g2().to_bytes().as_ref(),
        ])
    }
}

impl KzgParams {
    /// The points that coefficients of a polynomial are committed with: the powers of the secret.
    pub fn points(&self) -> &[G1Affine] {
        use halo2_proofs::poly::commitment::ParamsProver;
        self.params.get_g()
    }

    /// temp
    pub fn temp(k: u32) -> Self {
        KzgParams {
            params: ParamsKZG::setup(k, rand_core::OsRng),
        }
    }
    /// temp
    pub fn inner(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }
}

impl Backend for Kzg {
    const NAME: &'static str = "kzg";
    type Parameters = KzgParams;

    fn keygen_vk(
        params: &KzgParams,
        circuit: CircuitParams,
    ) -> Result<VerifyingKey<Self>, KeygenError> {
        keygen_vk_with(&params.params, params.digest(), circuit)
    }

    fn keygen(params: &KzgParams, circuit: CircuitParams) -> Result<ProvingKey<Self>, KeygenError> {
        keygen_with(&params.params, params.digest(), circuit)
    }

    fn create_proof(
        params: &KzgParams,
        key: &ProvingKey<Self>,
        circuit: StackVmCircuit<Fr>,
        instances: &[Vec<Fr>],
    ) -> Result<Vec<u8>, plonk::Error> {
        create_proof_with::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>>(
            &params.params,
            key.inner(),
            circuit,
            instances,
        )
    }

    fn verify_proof(
        params: &KzgParams,
        key: &VerifyingKey<Self>,
        instances: &[Vec<Fr>],
        proof: &[u8],
    ) -> Result<(), plonk::Error> {
        let strategy = SingleStrategy::new(&params.params);
        verify_proof_with::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _>(
            &params.params,
            key.inner(),
            strategy,
            instances,
            proof,
        )
    }

    /// Openings: two points.
    fn proof_bytes(_k: u32, cs: &ConstraintSystem<Fr>) -> usize {
        let (points, scalars) = commitments_and_evaluations(cs);
        (points + 2 + scalars) * ELEMENT_BYTES
    }
}
