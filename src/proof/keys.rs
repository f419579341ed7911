//! Keys and what they were made from, and the fork's own functions over them.

use std::fmt;
use std::marker::PhantomData;

use ff::PrimeField;
use halo2_axiom_prover::{Parameters as ProverParameters, Progress, Prover, Way};
use halo2_proofs::plonk::{self, keygen_pk, keygen_vk, verify_proof};
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::commitment::{CommitmentScheme, Params, Verifier};
use halo2_proofs::transcript::{Blake2bWrite, Challenge255, TranscriptWriterBuffer};
use halo2curves::bn256::{Fr, G1Affine};
use rand_core::OsRng;

use super::transcript::StrictRead;
use super::{Backend, KeygenError, StatementError};
use crate::halo2::StackVmCircuit;
use crate::machine::{CircuitParams, KeySource, Statement, instances};
use crate::program::CanonicalProgram;

/// A verifying key and what it was made from.
#[derive(Clone)]
pub struct VerifyingKey<B> {
    pub(super) key: plonk::VerifyingKey<G1Affine>,
    pub(super) circuit: CircuitParams,
    /// The digest of the program that the key holds.
    pub(super) program: Option<[u8; 32]>,
    pub(super) params: [u8; 32],
    pub(super) backend: PhantomData<fn() -> B>,
}

impl<B: Backend> fmt::Debug for VerifyingKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("backend", &B::NAME)
            .field("circuit", &self.circuit)
            .finish_non_exhaustive()
    }
}

impl<B> VerifyingKey<B> {
    /// The circuit that the key is of, by the name that the key goes by ([`CircuitParams::canonical`]).
    pub fn circuit(&self) -> CircuitParams {
        self.circuit
    }

    /// halo2's own key.
    pub fn inner(&self) -> &plonk::VerifyingKey<G1Affine> {
        &self.key
    }

    /// What identifies the key: the scalar by which halo2 binds it into a transcript, least
    /// significant byte first.
    pub fn digest(&self) -> [u8; 32] {
        self.key.transcript_repr().to_repr()
    }

    /// The digest of the program that the key holds, if it holds one.
    pub fn program(&self) -> Option<[u8; 32]> {
        self.program
    }

    /// The instance columns of a statement.
    pub(super) fn instances(
        &self,
        statement: &Statement<Fr>,
    ) -> Result<Vec<Vec<Fr>>, StatementError> {
        let Statement {
            program,
            output,
            tape,
        } = statement;
        self.instances_of(Some(program), *output, tape)
    }

    /// The same; where the key holds the program, it may be left out, and else is compared.
    pub(super) fn instances_of(
        &self,
        program: Option<&CanonicalProgram<Fr>>,
        output: Fr,
        tape: &[Fr],
    ) -> Result<Vec<Vec<Fr>>, StatementError> {
        let instances = instances(program, output, tape, self.circuit)?;
        if let (Some(key), Some(program)) = (self.program, program) {
            program.check(self.circuit.shape())?;
            if key != program.digest() {
                return Err(StatementError::OtherProgram { key });
            }
        }
        Ok(instances)
    }
}

/// A proving key and what it was made from.
#[derive(Clone)]
pub struct ProvingKey<B> {
    pub(super) key: plonk::ProvingKey<G1Affine>,
    /// What all proofs with the key have in common.
    pub(super) prover: Prover<G1Affine>,
    pub(super) source: KeySource<Fr>,
    pub(super) verifying: VerifyingKey<B>,
}

impl<B: Backend> fmt::Debug for ProvingKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKey")
            .field("backend", &B::NAME)
            .field("circuit", &self.verifying.circuit)
            .finish_non_exhaustive()
    }
}

impl<B> ProvingKey<B> {
    /// The verifying key.
    pub fn verifying_key(&self) -> &VerifyingKey<B> {
        &self.verifying
    }

    /// halo2's own key.
    pub fn inner(&self) -> &plonk::ProvingKey<G1Affine> {
        &self.key
    }

    /// The prover, which holds what proofs with this key have in common.
    pub fn prover(&self) -> &Prover<G1Affine> {
        &self.prover
    }
}

pub(super) fn keygen_vk_with<'p, B: Backend, P: Params<'p, G1Affine> + Sync>(
    params: &P,
    digest: [u8; 32],
    source: &KeySource<Fr>,
) -> Result<VerifyingKey<B>, KeygenError> {
    let circuit = source.params();
    if params.k() != circuit.k() {
        return Err(KeygenError::WrongSize {
            circuit: circuit.k(),
            params: params.k(),
        });
    }
    Ok(VerifyingKey {
        key: keygen_vk(params, &StackVmCircuit::empty(source.clone()))?,
        circuit: circuit.canonical(),
        program: source.program().map(|own| own.digest()),
        params: digest,
        backend: PhantomData,
    })
}

pub(super) fn keygen_with<
    'p,
    B: Backend,
    P: Params<'p, G1Affine> + ProverParameters<G1Affine> + Sync,
>(
    params: &P,
    digest: [u8; 32],
    source: &KeySource<Fr>,
) -> Result<ProvingKey<B>, KeygenError> {
    let verifying = keygen_vk_with(params, digest, source)?;
    let key = keygen_pk(
        params,
        verifying.key.clone(),
        &StackVmCircuit::empty(source.clone()),
    )?;
    let prover = Prover::new(params, &key).map_err(plonk::Error::from)?;
    Ok(ProvingKey {
        key,
        prover,
        source: source.clone(),
        verifying,
    })
}

fn columns(instances: &[Vec<Fr>]) -> Vec<&[Fr]> {
    instances.iter().map(Vec::as_slice).collect()
}

/// Proves a circuit. If `check` does not ask for it, nobody looks whether its witness is true.
pub(super) fn create_proof_with<B>(
    way: Way,
    key: &ProvingKey<B>,
    circuit: StackVmCircuit<Fr>,
    instances: &[Vec<Fr>],
    check: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, halo2_axiom_prover::Error> {
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    key.prover.clone().check(check).create_proof(
        way,
        &[circuit],
        &[&columns(instances)],
        &mut OsRng,
        &mut transcript,
        progress,
    )?;
    Ok(transcript.finalize())
}

pub(super) fn verify_proof_with<'p, S, V, T>(
    params: &'p S::ParamsVerifier,
    key: &plonk::VerifyingKey<G1Affine>,
    strategy: T,
    instances: &[Vec<Fr>],
    proof: &[u8],
) -> Result<(), plonk::Error>
where
    S: CommitmentScheme<Scalar = Fr, Curve = G1Affine>,
    V: Verifier<'p, S>,
    T: VerificationStrategy<'p, S, V, Output = ()>,
{
    // The number of rows is taken from the parameters: with fewer than the key has, the constraints
    // would hold on a few rows only.
    if params.k() != key.get_domain().k() {
        return Err(plonk::Error::BoundsFailure);
    }
    let mut transcript = StrictRead::new(proof);
    verify_proof::<S, V, Challenge255<G1Affine>, _, _>(
        params,
        key,
        strategy,
        &[&columns(instances)],
        &mut transcript,
    )?;
    Ok(transcript.finish()?)
}
