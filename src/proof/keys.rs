//! Keys and what they were made from, and the fork's own functions over them.

use std::fmt;
use std::marker::PhantomData;

use ff::PrimeField;
use halo2_axiom_prover::{Parameters as ProverParameters, Progress, Prover, Way};
use halo2_proofs::plonk;
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::commitment::{CommitmentScheme, Params, Verifier};
use halo2_proofs::transcript::{Blake2bWrite, Challenge255, TranscriptWriterBuffer};
use halo2curves::bn256::{Fr, G1Affine};
use rand_core::OsRng;

use super::transcript::StrictRead;
use super::{Backend, KeygenError, ProveError, StatementError};
use crate::halo2::StackVmCircuit;
use crate::machine::{CircuitParams, KeySource, Statement, instances};
use crate::program::CanonicalProgram;
use crate::vm::Trace;

/// What is the same for every backend of a verifying key. What is not generic is compiled once, and not again in every
/// crate that proves or verifies.
#[derive(Clone)]
pub(super) struct Verifying {
    pub key: plonk::VerifyingKey<G1Affine>,
    pub circuit: CircuitParams,
    /// The digest of the program that the key holds.
    pub program: Option<[u8; 32]>,
    /// The digest of the parameters.
    pub params: [u8; 32],
}

impl Verifying {
    /// The instance columns of a statement; where the key holds the program, it may be left out, and else is compared.
    pub fn instances(
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

    /// Those of a statement with its program.
    pub fn instances_of(&self, statement: &Statement<Fr>) -> Result<Vec<Vec<Fr>>, StatementError> {
        let Statement {
            program,
            output,
            tape,
        } = statement;
        self.instances(Some(program), *output, tape)
    }

    /// Whether the key was made from parameters of this size and digest. The digest of a structured reference string is
    /// the same for every size; but halo2's verifier takes the number of rows from the parameters, and with fewer than the
    /// key has it would demand the constraints on a few rows only.
    pub fn is_of(&self, k: u32, digest: [u8; 32]) -> bool {
        self.params == digest && self.circuit.k() == k
    }
}

/// A verifying key and what it was made from.
#[derive(Clone)]
pub struct VerifyingKey<B> {
    pub(super) own: Verifying,
    backend: PhantomData<fn() -> B>,
}

impl<B> From<Verifying> for VerifyingKey<B> {
    fn from(own: Verifying) -> Self {
        VerifyingKey {
            own,
            backend: PhantomData,
        }
    }
}

impl<B: Backend> fmt::Debug for VerifyingKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("backend", &B::NAME)
            .field("circuit", &self.own.circuit)
            .finish_non_exhaustive()
    }
}

impl<B> VerifyingKey<B> {
    /// The circuit that the key is of, by the name that the key goes by ([`CircuitParams::canonical`]).
    pub fn circuit(&self) -> CircuitParams {
        self.own.circuit
    }

    /// halo2's own key.
    pub fn inner(&self) -> &plonk::VerifyingKey<G1Affine> {
        &self.own.key
    }

    /// What identifies the key: the scalar by which halo2 binds it into a transcript, least
    /// significant byte first.
    pub fn digest(&self) -> [u8; 32] {
        self.own.key.transcript_repr().to_repr()
    }

    /// The digest of the program that the key holds, if it holds one.
    pub fn program(&self) -> Option<[u8; 32]> {
        self.own.program
    }
}

/// What is the same for every backend of a proving key.
#[derive(Clone)]
pub(super) struct Proving {
    /// What all proofs with the key have in common.
    pub prover: Prover<G1Affine>,
    pub source: KeySource<Fr>,
}

impl Proving {
    /// Proves a run with checks, by parameters of this size and digest.
    pub fn prove(
        &self,
        way: Way,
        verifying: &Verifying,
        (k, digest): (u32, [u8; 32]),
        trace: &Trace<Fr>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<u8>, ProveError> {
        let circuit = StackVmCircuit::new(self.source.clone(), trace)?;
        let statement = Statement::of(trace).in_circuit(self.source.params());
        let instances = verifying.instances_of(&statement)?;
        if !verifying.is_of(k, digest) {
            return Err(ProveError::WrongParams);
        }
        match self.create_proof(way, circuit.clone(), &instances, true, progress) {
            // The machine's own check says which constraint does not hold.
            Err(halo2_axiom_prover::Error::Unsatisfied) => {
                circuit.check(&statement)?;
                Err(halo2_axiom_prover::Error::Unsatisfied.into())
            }
            other => Ok(other?),
        }
    }

    /// Proves a circuit. If `check` does not ask for it, nobody looks whether its witness is true.
    pub fn create_proof(
        &self,
        way: Way,
        circuit: StackVmCircuit<Fr>,
        instances: &[Vec<Fr>],
        check: bool,
        progress: &mut dyn Progress,
    ) -> Result<Vec<u8>, halo2_axiom_prover::Error> {
        let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
        self.prover.clone().check(check).create_proof(
            way,
            &[circuit],
            &[&columns(instances)],
            &mut OsRng,
            &mut transcript,
            progress,
        )?;
        Ok(transcript.finalize())
    }
}

/// A proving key and what it was made from.
#[derive(Clone)]
pub struct ProvingKey<B> {
    pub(super) own: Proving,
    pub(super) verifying: VerifyingKey<B>,
}

impl<B: Backend> fmt::Debug for ProvingKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKey")
            .field("backend", &B::NAME)
            .field("circuit", &self.verifying.circuit())
            .finish_non_exhaustive()
    }
}

impl<B> ProvingKey<B> {
    /// The verifying key.
    pub fn verifying_key(&self) -> &VerifyingKey<B> {
        &self.verifying
    }

    /// The prover, which holds what proofs with this key have in common.
    pub fn prover(&self) -> &Prover<G1Affine> {
        &self.own.prover
    }
}

fn check_size(params: u32, source: &KeySource<Fr>) -> Result<(), KeygenError> {
    let circuit = source.params().k();
    match params == circuit {
        true => Ok(()),
        false => Err(KeygenError::WrongSize { circuit, params }),
    }
}

fn verifying(
    digest: [u8; 32],
    source: &KeySource<Fr>,
    key: plonk::VerifyingKey<G1Affine>,
) -> Verifying {
    Verifying {
        key,
        circuit: source.params().canonical(),
        program: source.program().map(|own| own.digest()),
        params: digest,
    }
}

/// The verifying key of parameters of this size and digest.
pub(super) fn keygen_vk<B>(
    (k, digest): (u32, [u8; 32]),
    params: &impl ProverParameters<G1Affine>,
    source: &KeySource<Fr>,
) -> Result<VerifyingKey<B>, KeygenError> {
    check_size(k, source)?;
    let key = halo2_axiom_prover::keygen_vk(params, &StackVmCircuit::empty(source.clone()))?;
    Ok(verifying(digest, source, key).into())
}

/// The proving key of parameters of this size and digest.
pub(super) fn keygen<B>(
    (k, digest): (u32, [u8; 32]),
    params: &impl ProverParameters<G1Affine>,
    source: &KeySource<Fr>,
) -> Result<ProvingKey<B>, KeygenError> {
    check_size(k, source)?;
    let prover = Prover::keygen(params, &StackVmCircuit::empty(source.clone()))?;
    Ok(ProvingKey {
        verifying: verifying(digest, source, prover.verifying_key().clone()).into(),
        own: Proving {
            prover,
            source: source.clone(),
        },
    })
}

fn columns(instances: &[Vec<Fr>]) -> Vec<&[Fr]> {
    instances.iter().map(Vec::as_slice).collect()
}

/// Verifies a proof by halo2's verifier, to its last byte.
pub(super) fn verify_proof<'p, S, V, T>(
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
    plonk::verify_proof::<S, V, Challenge255<G1Affine>, _, _>(
        params,
        key,
        strategy,
        &[&columns(instances)],
        &mut transcript,
    )?;
    Ok(transcript.finish()?)
}
