//! Forgeries through halo2's real prover and verifier: the first phase is forged as it is elsewhere,
//! and the prover goes on from it with the challenges that it gets.

use std::collections::BTreeMap;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{self, Circuit, ConstraintSystem, Error, ProvingKey, create_proof};
use halo2_proofs::poly::commitment::{CommitmentScheme, Prover};
use halo2_proofs::poly::ipa::commitment::IPACommitmentScheme;
use halo2_proofs::poly::ipa::multiopen::ProverIPA;
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2_proofs::transcript::{Blake2bWrite, Challenge255, TranscriptWriterBuffer};
use halo2_stack_vm::chip::ProgramColumns;
use halo2_stack_vm::circuit::{Binding, CircuitConfig, CircuitParams, StackVmCircuit};
use halo2_stack_vm::frame::Challenges;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_chacha::ChaCha8Rng;
use rand_core::{OsRng, SeedableRng};

use crate::forger::Scene;
use crate::kinds::KINDS;
use crate::machine::{Claim, Host, Machine, program};
use crate::programs;

/// [`StackVmCircuit`] with a claim that its witness can't express: a false second phase, or false
/// cells of the program.
#[derive(Debug)]
struct Liar<'a> {
    machine: &'a Machine,
    claim: &'a Claim,
    circuit: StackVmCircuit<Fr>,
}

impl Circuit<Fr> for Liar<'_> {
    type Config = CircuitConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = CircuitParams;

    fn params(&self) -> CircuitParams {
        self.circuit.params()
    }

    fn without_witnesses(&self) -> Self {
        unreachable!("the keys are those of the honest circuit")
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> CircuitConfig {
        StackVmCircuit::configure(meta)
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        params: CircuitParams,
    ) -> CircuitConfig {
        StackVmCircuit::configure_with_params(meta, params)
    }

    fn synthesize(
        &self,
        config: CircuitConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let vm = config.machine().clone();
        self.circuit
            .synthesize(config, layouter.namespace(|| "honest"))?;
        // The fork's planner puts every region on row 0: this one overwrites the honest one.
        layouter.assign_region(
            || "lies",
            |mut region| {
                if let ProgramColumns::Cells { opcode, argument } = vm.program() {
                    for (row, words) in self.claim.cells.iter().enumerate() {
                        region.assign_advice(opcode, row, Value::known(words[0]));
                        region.assign_advice(argument, row, Value::known(words[1]));
                    }
                }
                let Challenges { alpha, gamma, beta } = vm.challenges();
                let [alpha, gamma, beta] =
                    [alpha, gamma, beta].map(|own| region.get_challenge(own));
                let columns = alpha.zip(gamma).zip(beta).map(|((alpha, gamma), beta)| {
                    let mut columns = self.claim.columns.clone();
                    let challenges = Challenges { alpha, gamma, beta };
                    self.machine.fill(&mut columns, self.claim, &challenges);
                    columns
                });
                let mut second_pass = false;
                columns.as_ref().map(|_| second_pass = true);
                for row in (0..=self.machine.rows).filter(|_| second_pass) {
                    if row < self.machine.rows {
                        let made = columns.as_ref().map(|columns| columns.made[row]);
                        region.assign_advice(vm.advice().made, row, made);
                    }
                    let sum = columns.as_ref().map(|columns| columns.sum[row]);
                    region.assign_advice(vm.advice().sum, row, sum);
                }
                Ok(())
            },
        )
    }
}

/// A backend whose prover takes any circuit.
trait AnyCircuit: Backend {
    fn params(k: u32) -> Self::Parameters;

    fn prove_any(
        params: &Self::Parameters,
        key: &ProvingKey<G1Affine>,
        circuit: impl Circuit<Fr>,
        instances: &[Vec<Fr>],
    ) -> Vec<u8>;
}

impl AnyCircuit for Kzg {
    fn params(k: u32) -> KzgParams {
        KzgParams::insecure_dev(k).unwrap()
    }

    fn prove_any(
        params: &KzgParams,
        key: &ProvingKey<G1Affine>,
        circuit: impl Circuit<Fr>,
        instances: &[Vec<Fr>],
    ) -> Vec<u8> {
        let params = params.inner();
        prove_with::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>>(params, key, circuit, instances)
    }
}

impl AnyCircuit for Ipa {
    fn params(k: u32) -> IpaParams {
        IpaParams::setup(k).unwrap()
    }

    fn prove_any(
        params: &IpaParams,
        key: &ProvingKey<G1Affine>,
        circuit: impl Circuit<Fr>,
        instances: &[Vec<Fr>],
    ) -> Vec<u8> {
        let params = params.inner();
        prove_with::<IPACommitmentScheme<G1Affine>, ProverIPA<_>>(params, key, circuit, instances)
    }
}

fn prove_with<'p, S, P>(
    params: &'p S::ParamsProver,
    key: &ProvingKey<G1Affine>,
    circuit: impl Circuit<Fr>,
    instances: &[Vec<Fr>],
) -> Vec<u8>
where
    S: CommitmentScheme<Scalar = Fr, Curve = G1Affine>,
    S::ParamsProver: Sync,
    P: Prover<'p, S>,
{
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    let instances: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    create_proof::<S, P, _, _, _, _>(
        params,
        key,
        &[circuit],
        &[&instances],
        OsRng,
        &mut transcript,
    )
    .unwrap();
    transcript.finalize()
}

/// The two ways to a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// The circuit with a forged witness.
    Witness,
    /// [`Liar`].
    Liar,
}

struct Bench<B: AnyCircuit> {
    machine: Machine,
    params: B::Parameters,
    key: halo2_stack_vm::proof::ProvingKey<B>,
}

impl<B: AnyCircuit> Bench<B> {
    fn new(host: Host, binding: Binding, set: InstructionSet) -> Self {
        let machine = Machine::new(host, set, false);
        let params = B::params(machine.k);
        let circuit = CircuitParams::new(machine.k, set, binding).unwrap();
        let key = B::keygen(&params, circuit).unwrap();
        Bench {
            machine,
            params,
            key,
        }
    }

    /// Whether a witness alone can express a claim.
    fn is_a_witness(&self, claim: &Claim) -> bool {
        let cells = claim.cells[..claim.given.len()] == claim.given[..]
            && claim.cells[claim.given.len()..]
                .iter()
                .all(|own| own[0] == Fr::zero())
            && program(&claim.given).is_some_and(|own| own.len() == claim.given.len());
        claim.slip.is_none() && claim.start == claim.columns.top()[self.machine.rows] && cells
    }

    fn prove(&self, claim: &Claim, way: Way) -> Result<(), plonk::Error> {
        let opcodes = claim.given.iter().map(|own| own[0]).collect();
        let arguments = claim.given.iter().map(|own| own[1]);
        let instances = vec![
            opcodes,
            [claim.output].into_iter().chain(arguments).collect(),
        ];
        let circuit = self.machine.circuit(claim);
        let proof = match way {
            Way::Witness => B::create_proof(&self.params, &self.key, circuit, &instances)?,
            Way::Liar => {
                let liar = Liar {
                    machine: &self.machine,
                    claim,
                    circuit,
                };
                B::prove_any(&self.params, self.key.inner(), liar, &instances)
            }
        };
        B::verify_proof(&self.params, self.key.verifying_key(), &instances, &proof)
    }

    /// Proves the first forgery of every kind, and the honest claim that it departs from.
    fn forge_all(&self) -> BTreeMap<Way, u64> {
        let mut rejected = BTreeMap::new();
        for kind in KINDS {
            let found = (0..100).find_map(|seed| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let program = programs::random(&self.machine, &mut rng);
                let scene = Scene::new(&self.machine, program);
                let claim = (kind.forge)(&scene, &mut rng)?;
                scene.is_forged(&claim).then_some((scene.honest, claim))
            });
            let Some((honest, claim)) = found else {
                continue;
            };
            let way = match self.is_a_witness(&claim) {
                true => Way::Witness,
                false => Way::Liar,
            };
            self.prove(&honest, way).expect("the honest claim");
            let error = self.prove(&claim, way).expect_err(kind.name);
            // The proof is read to its end; it is the equation of its openings that fails.
            let unequal = matches!(
                error,
                plonk::Error::ConstraintSystemFailure | plonk::Error::Opening
            );
            assert!(unequal, "{}: {error}", kind.name);
            *rejected.entry(way).or_default() += 1;
        }
        rejected
    }
}

fn forged_proofs_are_rejected<B: AnyCircuit>() {
    for (host, binding, set) in [
        (Host::Public, Binding::Public, InstructionSet::STACK),
        (Host::Cells, Binding::Cells, InstructionSet::STACK),
        (Host::Public, Binding::Public, InstructionSet::FIELD),
    ] {
        let rejected = Bench::<B>::new(host, binding, set).forge_all();
        println!(
            "{}, {set}, {host:?}: proofs rejected: {rejected:?}",
            B::NAME
        );
        assert!(rejected[&Way::Witness] >= 30 && rejected[&Way::Liar] >= 5);
    }
}

#[test]
fn kzg_proofs_of_forgeries_are_rejected() {
    forged_proofs_are_rejected::<Kzg>();
}

#[test]
fn ipa_proofs_of_forgeries_are_rejected() {
    forged_proofs_are_rejected::<Ipa>();
}
