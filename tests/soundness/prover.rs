//! Forgeries through a real prover and halo2's verifier: the first phase is forged as it is elsewhere,
//! and the prover goes on from it with the challenges that it gets.

use std::collections::BTreeMap;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{self, Advice, Circuit, Column, ConstraintSystem, Error};
use halo2_proofs::transcript::{Blake2bWrite, Challenge255, TranscriptWriterBuffer};
use halo2_stack_vm::halo2::{CircuitConfig, StackVmCircuit};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{CircuitParams, Phase};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, ProvingKey};
use halo2curves::bn256::{Fr, G1Affine};
use rand_chacha::ChaCha8Rng;
use rand_core::{OsRng, SeedableRng};

use crate::claim::{Claim, program};
use crate::forger::with_scene;
use crate::kinds::kinds;
use crate::machine::{Host, Machine};
use crate::programs;
use crate::report::{HASHES, MEMORY, WORDS};

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
                if let Some([opcode, argument]) = vm.program_cells() {
                    for (row, words) in self.claim.cells.iter().enumerate() {
                        region.assign_advice(opcode, row, Value::known(words[0]));
                        region.assign_advice(argument, row, Value::known(words[1]));
                    }
                }
                let mut columns = None;
                vm.challenge_values(&region).map(|challenges| {
                    let mut filled = self.claim.columns.clone();
                    self.machine.fill(&mut filled, self.claim, &challenges);
                    columns = Some(filled);
                });
                // Without challenges it is the first pass.
                let cells = columns.iter().flat_map(|columns| columns.iter());
                for (cell, values) in cells.filter(|(cell, _)| cell.phase() == Phase::Second) {
                    let mut all = vm.columns().iter();
                    let (_, column) = all.find(|(own, _)| *own == cell).expect("a column");
                    let column = Column::<Advice>::try_from(*column).expect("advice");
                    for (row, value) in values.iter().enumerate() {
                        region.assign_advice(column, row, Value::known(*value));
                    }
                }
                Ok(())
            },
        )
    }
}

/// A backend with parameters of any size.
trait AnySize: Backend {
    fn params(k: u32) -> Self::Parameters;
}

impl AnySize for Kzg {
    fn params(k: u32) -> KzgParams {
        KzgParams::insecure_dev(k).unwrap()
    }
}

impl AnySize for Ipa {
    fn params(k: u32) -> IpaParams {
        IpaParams::setup(k).unwrap()
    }
}

/// A proof of any circuit, without a check.
fn prove_any<B: Backend>(
    key: &ProvingKey<B>,
    circuit: impl Circuit<Fr>,
    instances: &[Vec<Fr>],
) -> Vec<u8> {
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    let unchecked = key.prover().clone().check(false);
    unchecked
        .create_proof(
            B::WAY,
            &[circuit],
            &[&columns],
            &mut OsRng,
            &mut transcript,
            &mut (),
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

/// The key of a machine.
struct Bench<'a, B: AnySize> {
    machine: &'a Machine,
    params: &'a B::Parameters,
    key: ProvingKey<B>,
}

impl<'a, B: AnySize> Bench<'a, B> {
    fn new(machine: &'a Machine, params: &'a B::Parameters) -> Self {
        Bench {
            machine,
            params,
            key: B::keygen_of(params, &machine.source()).unwrap(),
        }
    }

    /// Whether a witness alone can express a claim.
    fn is_a_witness(&self, claim: &Claim) -> bool {
        let machine = self.machine;
        let listed = machine.listed(&claim.given);
        let cells = claim.cells[..listed.len()] == listed[..]
            && claim.cells[listed.len()..]
                .iter()
                .all(|own| own[0] == Fr::zero());
        let program = program(&claim.given, machine.set);
        let stated = program.is_some_and(|own| own.stated(machine.set).len() == claim.given.len());
        let start = claim.start == claim.columns.top()[machine.rows];
        claim.slip.is_none() && start && cells && stated && machine.states(claim)
    }

    fn prove(&self, claim: &Claim, way: Way) -> Result<(), plonk::Error> {
        let opcodes = claim.given.iter().map(|own| own[0]).collect();
        let arguments = claim.given.iter().map(|own| own[1]);
        let output = [claim.output];
        let mut instances = match self.machine.host {
            Host::Fixed => vec![output.to_vec()],
            _ => vec![opcodes, output.into_iter().chain(arguments).collect()],
        };
        if self.machine.set.has_tape() {
            instances.push(claim.tape.clone());
        }
        let circuit = self.machine.circuit(claim);
        let proof = match way {
            Way::Witness => B::create_proof(&self.key, circuit, &instances)?,
            Way::Liar => {
                let liar = Liar {
                    machine: self.machine,
                    claim,
                    circuit,
                };
                prove_any(&self.key, liar, &instances)
            }
        };
        B::verify_proof(self.params, self.key.verifying_key(), &instances, &proof)
    }

    /// Proves a forgery, and the honest claim that it departs from.
    fn forge(&self, name: &str, honest: &Claim, claim: &Claim) -> Way {
        let way = match self.is_a_witness(claim) {
            true => Way::Witness,
            false => Way::Liar,
        };
        self.prove(honest, way).expect("the honest claim");
        let error = self.prove(claim, way).expect_err(name);
        // The proof is read to its end; it is the equation of its openings that fails.
        let unequal = matches!(
            error,
            plonk::Error::ConstraintSystemFailure | plonk::Error::Opening
        );
        assert!(unequal, "{name}: {error}");
        way
    }
}

/// Proves the first forgery of every kind.
fn forge_all<B: AnySize>(machine: &Machine) -> BTreeMap<Way, u64> {
    let mut rejected = BTreeMap::new();
    let params = B::params(machine.k);
    let shared = Bench::<B>::new(machine, &params);
    for kind in kinds() {
        let way = (0..100).find_map(|seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let program = programs::random(machine, &mut rng);
            with_scene(machine, program, |scene| {
                let claim = kind.forged(scene, &mut rng)?;
                // A program in the key has one of its own.
                Some(match machine.host {
                    Host::Fixed => Bench::<B>::new(scene.machine, &params).forge(
                        kind.name,
                        &scene.honest,
                        &claim,
                    ),
                    _ => shared.forge(kind.name, &scene.honest, &claim),
                })
            })
        });
        if let Some(way) = way {
            *rejected.entry(way).or_default() += 1;
        }
    }
    rejected
}

/// A host, a set, and how many forgeries there are at least of witnesses and of lies.
type Forged = (Host, InstructionSet, [u64; 2]);

fn forged_proofs_are_rejected<B: AnySize>(circuits: &[Forged]) {
    for (host, set, [witnesses, lies]) in circuits.iter().copied() {
        let rejected = forge_all::<B>(&Machine::new(host, set, 4));
        println!(
            "{}, {set}, {host:?}: proofs rejected: {rejected:?}",
            B::NAME
        );
        assert!(rejected[&Way::Witness] >= witnesses && rejected[&Way::Liar] >= lies);
    }
}

#[test]
fn kzg_proofs_of_forgeries_are_rejected() {
    forged_proofs_are_rejected::<Kzg>(&[
        (Host::Public, InstructionSet::STACK, [30, 5]),
        (Host::Cells, InstructionSet::STACK, [30, 5]),
        (Host::Fixed, InstructionSet::FIELD, [10, 3]),
        (Host::Public, InstructionSet::FULL, [30, 10]),
        (Host::Fixed, InstructionSet::FULL, [20, 5]),
        (Host::Public, WORDS, [30, 5]),
        (Host::Cells, MEMORY, [30, 10]),
        (Host::Public, HASHES, [30, 5]),
    ]);
}

#[test]
fn ipa_proofs_of_forgeries_are_rejected() {
    forged_proofs_are_rejected::<Ipa>(&[
        (Host::Cells, InstructionSet::STACK, [30, 5]),
        (Host::Public, InstructionSet::FULL, [30, 10]),
    ]);
}
