//! [`Backend`]: a polynomial commitment scheme that proves and verifies.

use std::fmt;

use halo2_axiom_prover::{Progress, Way};
use halo2_proofs::plonk::{self, ConstraintSystem};
use halo2curves::bn256::Fr;

use super::kind::{BackendName, ParametersKind};
use super::{KeygenError, ProveError, ProvingKey, StatementError, VerifyError, VerifyingKey};
use crate::halo2::StackVmCircuit;
use crate::machine::{CircuitParams, KeySource, Statement};
use crate::vm::Trace;

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
    /// How its commitments are opened.
    const WAY: Way;
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

    /// Makes a verifying key, of a program if the source has one.
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
        source: &KeySource<Fr>,
    ) -> Result<VerifyingKey<Self>, KeygenError>;

    /// Makes a proving key, of a program if the source has one.
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
        source: &KeySource<Fr>,
    ) -> Result<ProvingKey<Self>, KeygenError>;

    /// Proves a run, if it satisfies the circuit.
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
        Self::prove_with(params, key, trace, &mut ())
    }

    /// The same, which tells `progress` of each phase as it begins.
    ///
    /// # Errors
    ///
    /// As [`Backend::prove`].
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
    /// use halo2_stack_vm::prover::Phase;
    ///
    /// let key = Ipa::keygen(&params, circuit)?;
    /// let mut seen = vec![];
    /// Ipa::prove_with(&params, &key, &trace, &mut |phase: Phase| seen.push(phase))?;
    /// assert_eq!(seen, Phase::ALL);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn prove_with(
        params: &Self::Parameters,
        key: &ProvingKey<Self>,
        trace: &Trace<Fr>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<u8>, ProveError> {
        let params = (params.k(), params.digest());
        let verifying = &key.verifying.own;
        key.own.prove(Self::WAY, verifying, params, trace, progress)
    }

    /// Makes a proof of a circuit without any check: one that does not verify, if its witness is
    /// false. What tests forge goes here.
    ///
    /// # Errors
    ///
    /// What the prover refuses.
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
    /// let proof = Ipa::create_proof(&key, run, &statement.instances(circuit)?)?;
    /// assert!(Ipa::verify(&params, key.verifying_key(), &statement, &proof).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn create_proof(
        key: &ProvingKey<Self>,
        circuit: StackVmCircuit<Fr>,
        instances: &[Vec<Fr>],
    ) -> Result<Vec<u8>, halo2_axiom_prover::Error> {
        key.own
            .create_proof(Self::WAY, circuit, instances, false, &mut ())
    }

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
        let instances = key.own.instances_of(statement)?;
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
        if key.own.program.is_none() {
            return Err(StatementError::NoProgram.into());
        }
        let instances = key.own.instances(None, output, tape)?;
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
        if !key.own.is_of(params.k(), params.digest()) {
            return Err(VerifyError::WrongParams);
        }
        let expected = Self::proof_bytes(params.k(), key.own.key.cs());
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
