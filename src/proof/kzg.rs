//! KZG over bn254, with SHPLONK openings: short proofs, fast verification, a trusted setup.

use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;

use group::GroupEncoding;
use halo2_axiom_prover::Way;
use halo2_proofs::plonk::{self, ConstraintSystem};
use halo2_proofs::poly::commitment::{Params, ParamsProver};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine};

use super::kind::{BackendName, ParametersKind};
use super::srs::secret::{self, DevBases};
use super::srs::{ParamsError, Powers};
use super::{
    Backend, ELEMENT_BYTES, KeygenError, Parameters, ProvingKey, VerifyingKey,
    commitments_and_evaluations, keys,
};
use crate::machine::KeySource;

/// The commitments of Kate, Zaverucha and Goldberg with the openings of Boneh, Drake, Fisch and
/// Gabizon, *Efficient polynomial commitment schemes for multiple points and polynomials*, ePrint
/// 2020/081, section 4 (SHPLONK).
#[derive(Clone, Copy, Debug)]
pub struct Kzg;

/// Where a structured reference string comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SrsOrigin {
    /// Made from a secret that everybody knows. Anybody can forge a proof.
    InsecureDev,
    /// Read from a file, which is said to be of a ceremony.
    Ceremony,
}

impl fmt::Display for SrsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SrsOrigin::InsecureDev => "insecure development parameters",
            SrsOrigin::Ceremony => "a ceremony's file",
        })
    }
}

/// A structured reference string: the powers of a secret in G1, and the secret in G2.
#[derive(Clone)]
pub struct KzgParams {
    params: ParamsKZG<Bn256>,
    origin: SrsOrigin,
}

impl fmt::Debug for KzgParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KzgParams")
            .field("k", &self.k())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Parameters for KzgParams {
    fn k(&self) -> u32 {
        self.params.k()
    }

    /// The hash of the secret in G2. It is the same for every `k`.
    fn digest(&self) -> [u8; 32] {
        digest(&self.params.s_g2())
    }

    fn kind(&self) -> ParametersKind {
        self.origin.into()
    }
}

/// What identifies the parameters that have this point.
pub(super) fn digest(s_g2: &G2Affine) -> [u8; 32] {
    super::digest(&[
        b"kzg bn254",
        G2Affine::generator().to_bytes().as_ref(),
        s_g2.to_bytes().as_ref(),
    ])
}

impl KzgParams {
    /// What the secret of the development parameters is derived from: it is the BLAKE2b hash of 64
    /// bytes of this text, read as an integer with the least significant byte first, modulo the order
    /// of the group.
    pub const INSECURE_DEV_SEED: &'static str = secret::DEV_SEED;

    /// Makes parameters for trying things out, of which **everybody knows the secret**.
    ///
    /// Whoever knows the secret can prove anything, so a proof under these parameters proves nothing.
    /// They can be made and checked anywhere, and are to be trusted nowhere. The secret is the same
    /// for every `k` and derived from [`Self::INSECURE_DEV_SEED`].
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range.
    pub fn insecure_dev(k: u32) -> Result<Self, ParamsError> {
        ParamsError::check_k(k)?;
        Ok(Self::from_dev(k, DevBases::new(k)))
    }

    /// Reads the file of a ceremony: a `.ptau` file of snarkjs, or halo2's raw form.
    ///
    /// A larger file than needed will do. The Lagrange basis is taken from the file if it has the one
    /// of this size; otherwise it is computed, which takes a minute for `k = 16`:
    /// [`Cache::srs`](super::cache::Cache::srs) does so only once.
    ///
    /// What is checked, and what can't be: [`srs`](super::srs).
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range, [`ParamsError::File`] if the file is refused.
    pub fn from_srs(path: impl AsRef<Path>, k: u32) -> Result<Self, ParamsError> {
        Ok(Self::with_basis(Powers::read(path.as_ref(), k)?))
    }

    /// Reads the contents of such a file, from memory for example: as [`Self::from_srs`].
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range, [`ParamsError::Contents`] if the contents are refused.
    pub fn from_srs_contents(contents: impl Read + Seek, k: u32) -> Result<Self, ParamsError> {
        Ok(Self::with_basis(Powers::read_from(contents, k)?))
    }

    /// The parameters, with a Lagrange basis that is computed where the file has none.
    fn with_basis(mut powers: Powers) -> Self {
        let lagrange = match powers.lagrange.take() {
            Some(lagrange) => lagrange,
            None => powers.compute_lagrange(),
        };
        Self::from_powers(powers, lagrange)
    }

    pub(super) fn from_dev(k: u32, bases: DevBases) -> Self {
        KzgParams {
            params: bases.into_params(k),
            origin: SrsOrigin::InsecureDev,
        }
    }

    pub(super) fn from_powers(powers: Powers, lagrange: Vec<G1Affine>) -> Self {
        KzgParams {
            params: powers.into_params(lagrange),
            origin: SrsOrigin::Ceremony,
        }
    }

    /// What a verifier reads of the parameters for `2^k` rows: the generator and the secret's multiple
    /// of it in G1, and the secret in G2.
    ///
    /// halo2 has no type for it. With these nothing can be committed to, no key be made and nothing
    /// proved: halo2 would panic. So they must not leave this crate.
    pub(super) fn of_verifier(k: u32, s_g1: G1Affine, s_g2: G2Affine, origin: SrsOrigin) -> Self {
        KzgParams {
            params: secret::params(k, vec![G1Affine::generator(), s_g1], vec![], s_g2),
            origin,
        }
    }

    /// The secret's multiple of the generator of G1.
    pub(super) fn s_g1(&self) -> Option<G1Affine> {
        self.params.get_g().get(1).copied()
    }

    /// Where they come from.
    pub fn origin(&self) -> SrsOrigin {
        self.origin
    }

    /// halo2's own parameters.
    pub fn inner(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }
}

impl Backend for Kzg {
    const NAME: &'static str = BackendName::Kzg.name();
    const BACKEND: BackendName = BackendName::Kzg;
    const WAY: Way = Way::Shplonk;
    type Parameters = KzgParams;

    fn keygen_vk_of(
        params: &KzgParams,
        source: &KeySource<Fr>,
    ) -> Result<VerifyingKey<Self>, KeygenError> {
        keys::keygen_vk((params.k(), params.digest()), &params.params, source)
    }

    fn keygen_of(
        params: &KzgParams,
        source: &KeySource<Fr>,
    ) -> Result<ProvingKey<Self>, KeygenError> {
        keys::keygen((params.k(), params.digest()), &params.params, source)
    }

    fn verify_proof(
        params: &KzgParams,
        key: &VerifyingKey<Self>,
        instances: &[Vec<Fr>],
        proof: &[u8],
    ) -> Result<(), plonk::Error> {
        let strategy = SingleStrategy::new(&params.params);
        keys::verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _>(
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

impl From<SrsOrigin> for ParametersKind {
    fn from(origin: SrsOrigin) -> Self {
        match origin {
            SrsOrigin::Ceremony => ParametersKind::Ceremony,
            SrsOrigin::InsecureDev => ParametersKind::InsecureDev,
        }
    }
}
