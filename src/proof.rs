//! Real proofs: the [`Backend`] seam, with KZG ([`kzg`]) and IPA ([`ipa`]), both over bn254.
//!
//! What is in a proof file, and how it is read: [`mod@file`]. Verifying keys in files: [`key`].

pub mod atomic;
pub mod cache;
mod cost;
pub mod file;
pub mod ipa;
pub mod key;
pub mod kzg;
pub mod srs;
mod transcript;

use std::fmt;
use std::marker::PhantomData;

use ff::PrimeField;
use halo2_proofs::plonk::{
    self, ConstraintSystem, create_proof, keygen_pk, keygen_vk, verify_proof,
};
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::commitment::{CommitmentScheme, Params, Prover, Verifier};
use halo2_proofs::transcript::{Blake2bWrite, Challenge255, TranscriptWriterBuffer};
use halo2curves::bn256::{Fr, G1Affine};
use rand_core::OsRng;

use self::cost::{commitments_and_evaluations, opening_sets};
use self::file::{BackendName, ParametersKind};
use self::transcript::StrictRead;
use crate::halo2::StackVmCircuit;
use crate::machine::WitnessError;
use crate::machine::{CircuitParams, KeySource, KeySourceError, Statement, instances};
use crate::program::CanonicalProgram;
use crate::vm::Trace;

pub use self::cost::Cost;
pub use crate::machine::StatementError;

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
    /// halo2 refuses.
    #[error("key generation failed: {0}")]
    Halo2(#[from] plonk::Error),
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
    /// halo2 refuses.
    #[error("proving failed: {0}")]
    Halo2(#[from] plonk::Error),
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

/// Public parameters of a backend (an SRS).
pub trait Parameters: fmt::Debug + Sized {
    /// The logarithm of the number of rows of the circuits that they serve.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// assert_eq!(params.k(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn k(&self) -> u32;

    /// What identifies the parameters: of the same size, two with the same digest accept the same
    /// proofs.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// assert_eq!(params.digest(), IpaParams::setup(4)?.digest());
    /// assert_ne!(params.digest(), IpaParams::setup(5)?.digest());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn digest(&self) -> [u8; 32];

    /// Where they come from.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// use halo2_stack_vm::proof::file::ParametersKind;
    /// assert_eq!(params.kind(), ParametersKind::Transparent);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn kind(&self) -> ParametersKind;
}

/// A polynomial commitment scheme with all that is needed to prove and verify.
pub trait Backend: fmt::Debug + Sized + 'static {
    /// The backend's name.
    const NAME: &'static str;
    /// Its name in files.
    const BACKEND: BackendName;
    /// Its public parameters.
    type Parameters: Parameters;

    /// Makes the verifying key of a circuit for any program. It depends on the parameters and the circuit's alone.
    ///
    /// # Errors
    ///
    /// As [`Backend::keygen`].
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let key = Ipa::keygen_vk(&params, circuit)?;
    /// // Anybody makes the same.
    /// assert_eq!(key.digest(), Ipa::keygen_vk(&params, circuit)?.digest());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn keygen_vk(
        params: &Self::Parameters,
        circuit: CircuitParams,
    ) -> Result<VerifyingKey<Self>, KeygenError> {
        Self::keygen_vk_of(params, &KeySource::unfixed(circuit)?)
    }

    /// Makes the proving key, which holds the verifying key, of a circuit for any program.
    ///
    /// # Errors
    ///
    /// [`KeygenError::WrongSize`] if the parameters are for another `k`, [`KeygenError::KeySource`] if the
    /// circuit's key has to hold a program.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let key = Ipa::keygen(&params, circuit)?;
    /// let verifying = Ipa::keygen_vk(&params, circuit)?;
    /// assert_eq!(key.verifying_key().digest(), verifying.digest());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn keygen(
        params: &Self::Parameters,
        circuit: CircuitParams,
    ) -> Result<ProvingKey<Self>, KeygenError> {
        Self::keygen_of(params, &KeySource::unfixed(circuit)?)
    }

    /// Makes a verifying key, of a program if the template has one.
    ///
    /// # Errors
    ///
    /// [`KeygenError::WrongSize`] if the parameters are for another `k`.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let circuit = CircuitParams::new(4, set, Binding::Fixed)?;
    /// let source = KeySource::fixed(circuit, program.clone())?;
    /// let key = Ipa::keygen_vk_of(&params, &source)?;
    /// assert_eq!(key.program(), Some(program.canonical(circuit.shape()).digest()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn keygen_vk_of(
        params: &Self::Parameters,
        template: &KeySource<Fr>,
    ) -> Result<VerifyingKey<Self>, KeygenError>;

    /// Makes a proving key, of a program if the template has one.
    ///
    /// # Errors
    ///
    /// [`KeygenError::WrongSize`] if the parameters are for another `k`.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let circuit = CircuitParams::new(4, set, Binding::Fixed)?;
    /// let source = KeySource::fixed(circuit, program.clone())?;
    /// let key = Ipa::keygen_of(&params, &source)?;
    /// assert!(key.verifying_key().program().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn keygen_of(
        params: &Self::Parameters,
        template: &KeySource<Fr>,
    ) -> Result<ProvingKey<Self>, KeygenError>;

    /// Proves a run, once it has checked that the run satisfies the circuit.
    ///
    /// # Errors
    ///
    /// If the run does not satisfy the circuit, in particular if it is too long for it.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let key = Ipa::keygen(&params, circuit)?;
    /// let proof = Ipa::prove(&params, &key, &trace)?;
    /// assert_eq!(proof.len(), Ipa::proof_bytes(4, key.verifying_key().inner().cs()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn prove(
        params: &Self::Parameters,
        key: &ProvingKey<Self>,
        trace: &Trace<Fr>,
    ) -> Result<Vec<u8>, ProveError> {
        let circuit = StackVmCircuit::new(key.template.clone(), trace)?;
        let statement = Statement::of(trace).in_circuit(key.template.params());
        circuit.check(&statement)?;
        let instances = key.verifying.instances(&statement)?;
        // Those of a ceremony have one digest for every size.
        if key.verifying.params != params.digest() || key.verifying.circuit.k() != params.k() {
            return Err(ProveError::WrongParams);
        }
        Ok(Self::create_proof(params, key, circuit, &instances)?)
    }

    /// Makes a proof of a circuit without any check: one that does not verify, if its witness is
    /// false. What tests forge goes here.
    ///
    /// # Errors
    ///
    /// What halo2 refuses.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// use halo2_stack_vm::halo2::StackVmCircuit;
    ///
    /// let key = Ipa::keygen(&params, circuit)?;
    /// let source = KeySource::unfixed(circuit)?;
    /// let run = StackVmCircuit::new(source, &trace)?;
    /// let statement = Statement {
    ///     output: Fr::from(13),
    ///     ..Statement::of(&trace)
    /// };
    /// // Nobody has looked whether the statement is true: it is not, and the proof does not verify.
    /// let proof = Ipa::create_proof(&params, &key, run, &statement.instances(circuit)?)?;
    /// assert!(Ipa::verify(&params, key.verifying_key(), &statement, &proof).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn create_proof(
        params: &Self::Parameters,
        key: &ProvingKey<Self>,
        circuit: StackVmCircuit<Fr>,
        instances: &[Vec<Fr>],
    ) -> Result<Vec<u8>, plonk::Error>;

    /// Verifies that a proof proves a statement.
    ///
    /// Exactly one encoding of a proof is accepted: canonical points and scalars, nothing after them.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] unless it does.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let key = Ipa::keygen(&params, circuit)?;
    /// let proof = Ipa::prove(&params, &key, &trace)?;
    /// let statement = Statement::of(&trace);
    /// Ipa::verify(&params, key.verifying_key(), &statement, &proof)?;
    ///
    /// let another = Statement {
    ///     output: Fr::from(13),
    ///     ..statement
    /// };
    /// assert!(Ipa::verify(&params, key.verifying_key(), &another, &proof).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn verify(
        params: &Self::Parameters,
        key: &VerifyingKey<Self>,
        statement: &Statement<Fr>,
        proof: &[u8],
    ) -> Result<(), VerifyError> {
        let instances = key.instances(statement)?;
        Self::verify_instances(params, key, &instances, proof)
    }

    /// Verifies that a proof of the program in the key proves this output and public tape. It costs the same
    /// whatever the length of the program.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] unless it does.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let circuit = CircuitParams::new(4, set, Binding::Fixed)?;
    /// let source = KeySource::fixed(circuit, program.clone())?;
    /// let key = Ipa::keygen_of(&params, &source)?;
    /// let proof = Ipa::prove(&params, &key, &trace)?;
    /// Ipa::verify_outcome(&params, key.verifying_key(), Fr::from(12), &[], &proof)?;
    /// assert!(Ipa::verify_outcome(&params, key.verifying_key(), Fr::from(13), &[], &proof).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn verify_outcome(
        params: &Self::Parameters,
        key: &VerifyingKey<Self>,
        output: Fr,
        tape: &[Fr],
        proof: &[u8],
    ) -> Result<(), VerifyError> {
        if key.program.is_none() {
            return Err(StatementError::NoProgram.into());
        }
        let instances = key.instances_of(None, output, tape)?;
        Self::verify_instances(params, key, &instances, proof)
    }

    /// Verifies a proof against the instance columns of a statement of the key.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]
    #[doc(hidden)]
    fn verify_instances(
        params: &Self::Parameters,
        key: &VerifyingKey<Self>,
        instances: &[Vec<Fr>],
        proof: &[u8],
    ) -> Result<(), VerifyError> {
        // The digest of a structured reference string is the same for every size; but halo2's verifier
        // takes the number of rows from the parameters, and with fewer than the key has it would
        // demand the constraints on a few rows only.
        if key.params != params.digest() || key.circuit.k() != params.k() {
            return Err(VerifyError::WrongParams);
        }
        let expected = Self::proof_bytes(key.circuit.k(), key.key.cs());
        if proof.len() != expected {
            return Err(VerifyError::Length {
                found: proof.len(),
                expected,
            });
        }
        Self::verify_proof(params, key, instances, proof).map_err(VerifyError::Invalid)
    }

    /// Verifies a proof against instance columns of any shape. Parameters of another size than the key's are
    /// refused. What tests forge goes here; [`Backend::verify`] is for the rest.
    ///
    /// It is for the caller to make the columns as [`Statement::instances`] does, which refuses what the circuit
    /// would only see the beginning of, to know that the parameters are the key's otherwise, and to refuse bytes
    /// of another length than proofs of the key have. Columns with zeros appended are the same to IPA.
    ///
    /// # Errors
    ///
    /// What halo2 refuses.
    #[doc(hidden)]
    fn verify_proof(
        params: &Self::Parameters,
        key: &VerifyingKey<Self>,
        instances: &[Vec<Fr>],
        proof: &[u8],
    ) -> Result<(), plonk::Error>;

    /// The length of every proof of a circuit of `2^k` rows with this constraint system.
    ///
    /// ```
    /// # use halo2_stack_vm::asm;
    /// # use halo2_stack_vm::isa::InstructionSet;
    /// # use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
    /// # use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
    /// # use halo2_stack_vm::proof::{Backend, Parameters};
    /// # use halo2_stack_vm::vm::Trace;
    /// # use halo2curves::bn256::Fr;
    /// # let program = asm::assemble::<Fr>("push 3\npush 4\nmul")?;
    /// # let set = InstructionSet::STACK;
    /// # let trace = Trace::new(&program, None, set)?;
    /// # let circuit = CircuitParams::new(4, set, Binding::Public)?;
    /// # let params = IpaParams::setup(4)?;
    /// let key = Ipa::keygen(&params, circuit)?;
    /// let proof = Ipa::prove(&params, &key, &trace)?;
    /// assert_eq!(proof.len(), Ipa::proof_bytes(4, key.verifying_key().inner().cs()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn proof_bytes(k: u32, cs: &ConstraintSystem<Fr>) -> usize;
}

/// A verifying key and what it was made from.
#[derive(Clone)]
pub struct VerifyingKey<B> {
    key: plonk::VerifyingKey<G1Affine>,
    circuit: CircuitParams,
    /// The digest of the program that the key holds.
    program: Option<[u8; 32]>,
    params: [u8; 32],
    backend: PhantomData<fn() -> B>,
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
    fn instances(&self, statement: &Statement<Fr>) -> Result<Vec<Vec<Fr>>, StatementError> {
        let Statement {
            program,
            output,
            tape,
        } = statement;
        self.instances_of(Some(program), *output, tape)
    }

    /// The same; where the key holds the program, it may be left out, and else is compared.
    fn instances_of(
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
    key: plonk::ProvingKey<G1Affine>,
    template: KeySource<Fr>,
    verifying: VerifyingKey<B>,
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
}

fn keygen_vk_with<'p, B: Backend, P: Params<'p, G1Affine> + Sync>(
    params: &P,
    digest: [u8; 32],
    template: &KeySource<Fr>,
) -> Result<VerifyingKey<B>, KeygenError> {
    let circuit = template.params();
    if params.k() != circuit.k() {
        return Err(KeygenError::WrongSize {
            circuit: circuit.k(),
            params: params.k(),
        });
    }
    Ok(VerifyingKey {
        key: keygen_vk(params, &StackVmCircuit::empty(template.clone()))?,
        circuit: circuit.canonical(),
        program: template.program().map(|own| own.digest()),
        params: digest,
        backend: PhantomData,
    })
}

fn keygen_with<'p, B: Backend, P: Params<'p, G1Affine> + Sync>(
    params: &P,
    digest: [u8; 32],
    template: &KeySource<Fr>,
) -> Result<ProvingKey<B>, KeygenError> {
    let verifying = keygen_vk_with(params, digest, template)?;
    let key = keygen_pk(
        params,
        verifying.key.clone(),
        &StackVmCircuit::empty(template.clone()),
    )?;
    Ok(ProvingKey {
        key,
        template: template.clone(),
        verifying,
    })
}

fn columns(instances: &[Vec<Fr>]) -> Vec<&[Fr]> {
    instances.iter().map(Vec::as_slice).collect()
}

fn create_proof_with<'p, S, P>(
    params: &'p S::ParamsProver,
    key: &plonk::ProvingKey<G1Affine>,
    circuit: StackVmCircuit<Fr>,
    instances: &[Vec<Fr>],
) -> Result<Vec<u8>, plonk::Error>
where
    S: CommitmentScheme<Scalar = Fr, Curve = G1Affine>,
    S::ParamsProver: Sync,
    P: Prover<'p, S>,
{
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    create_proof::<S, P, _, _, _, _>(
        params,
        key,
        &[circuit],
        &[&columns(instances)],
        OsRng,
        &mut transcript,
    )?;
    Ok(transcript.finalize())
}

fn verify_proof_with<'p, S, V, T>(
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

/// The hash of a sequence of byte strings.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let prefixed: Vec<u8> = parts
        .iter()
        .flat_map(|part| [&(part.len() as u64).to_le_bytes(), *part].concat())
        .collect();
    blake2b_256(b"StackVm.Params", &[&prefixed])
}

/// BLAKE2b-256 of pieces, one after the other, with a personalisation of at most 16 bytes.
fn blake2b_256(personal: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    let mut state = blake2b_simd::Params::new()
        .hash_length(32)
        .personal(personal)
        .to_state();
    for piece in pieces {
        state.update(piece);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(state.finalize().as_bytes());
    digest
}

/// The length of a compressed point, and of a scalar, of bn254.
const ELEMENT_BYTES: usize = 32;
