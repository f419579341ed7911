//! What an outer circuit can do wrong: it is refused with an error that says what to do, or can't be written.

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::dev::MockProver;
use halo2_proofs::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Fixed, Instance, verify_proof,
};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::{
    ChipError, CircuitLayout, InstructionCells, MachineInput, OpcodeCell, OutputBinding,
    ProgramBinding, ProgramInput, StackVmChip, StackVmConfig, StackVmInstructions, TapeBinding,
    WordCell, check_synthesis,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::MachineParams;
use halo2_stack_vm::machine::Witness;
use halo2_stack_vm::program::Program;
use halo2_stack_vm::prover::{Prover, Way};
use halo2_stack_vm::vm::{Inputs, Job, RunError};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_core::OsRng;

const K: u32 = 7;
const STEPS: usize = 20;

/// What an outer circuit does, rightly or wrongly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Use {
    /// A configuration for each machine, all of them on row 0.
    #[default]
    Apart,
    /// One configuration, a chip for each machine, one machine below the other.
    Below,
    /// The same, but all machines on row 0.
    Together,
}

/// Runs fixed programs, and copies their outputs to an instance column.
#[derive(Clone)]
struct Keyed {
    usage: Use,
    set: InstructionSet,
    /// What the key holds.
    keyed: Vec<Program<Fr>>,
    /// What is run.
    runs: Option<Vec<Program<Fr>>>,
}

#[derive(Clone, Debug)]
struct KeyedConfig {
    vms: Vec<StackVmConfig>,
    layout: CircuitLayout,
    copies: Column<Advice>,
    outputs: Column<Instance>,
}

impl Circuit<Fr> for Keyed {
    type Config = KeyedConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = (Use, Option<InstructionSet>);

    fn params(&self) -> Self::Params {
        (self.usage, Some(self.set))
    }

    fn without_witnesses(&self) -> Self {
        Keyed {
            runs: None,
            ..self.clone()
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> KeyedConfig {
        Self::configure_with_params(meta, Default::default())
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        (usage, set): Self::Params,
    ) -> KeyedConfig {
        let (copies, outputs) = (meta.advice_column(), meta.instance_column());
        meta.enable_equality(copies);
        meta.enable_equality(outputs);
        let machine = MachineParams {
            rows: STEPS,
            set: set.unwrap_or_default(),
        };
        let configurations = if usage == Use::Apart { 2 } else { 1 };
        let (program, output) = (ProgramBinding::Fixed, OutputBinding::Cell);
        let vms = (0..configurations)
            .map(|_| StackVmConfig::configure(meta, machine, program, output, TapeBinding::Cells));
        KeyedConfig {
            vms: vms.collect(),
            layout: CircuitLayout::of(K, meta),
            copies,
            outputs,
        }
    }

    fn synthesize(
        &self,
        config: KeyedConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        for (i, keyed) in self.keyed.iter().enumerate() {
            let vm = &config.vms[i.min(config.vms.len() - 1)];
            let witness = self.runs.as_ref().map(|runs| {
                let none = Inputs::none();
                let trace = Job::new(&runs[i], self.set, &none).trace().unwrap();
                Witness::of_shape(&trace, STEPS, vm.shape()).unwrap()
            });
            let witness = witness.map_or(Value::unknown(), Value::known);
            let offset = match self.usage {
                Use::Apart | Use::Together => 0,
                Use::Below => i * (STEPS + 1),
            };
            let input = MachineInput::from(ProgramInput::Fixed(keyed));
            // A chip for each machine: what it does not know, its configuration does.
            let chip = StackVmChip::new(vm.clone(), config.layout.clone());
            let name = || format!("machine {i}");
            let output =
                chip.run_witness(layouter.namespace(name), offset, input, witness.as_ref())?;
            let copy = layouter.assign_region(name, |mut region| {
                Ok(output.copy_advice(&mut region, config.copies, i).cell)
            })?;
            layouter.constrain_instance(copy, config.outputs, i);
        }
        Ok(())
    }
}

/// Whether a circuit is accepted, by the mock prover and with a real proof.
fn accepted<C: Circuit<Fr>>(circuit: &C, instances: &[Vec<Fr>]) -> bool {
    let mock = MockProver::run(K, circuit, instances.to_vec()).unwrap();
    let params = ParamsKZG::<Bn256>::setup(K, OsRng);
    let empty = circuit.without_witnesses();
    let prover = Prover::keygen(&params, &empty).unwrap();
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    // Without a check: it is the verifier that refuses.
    let unchecked = prover.clone().check(false).create_proof(
        Way::Shplonk,
        std::slice::from_ref(circuit),
        &[&columns],
        &mut OsRng,
        &mut transcript,
        &mut (),
    );
    unchecked.unwrap();
    let proof = transcript.finalize();
    let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(&proof[..]);
    let strategy = SingleStrategy::new(&params);
    let real = verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
        &params,
        prover.verifying_key(),
        strategy,
        &[&columns],
        &mut transcript,
    );
    assert_eq!(mock.verify().is_ok(), real.is_ok());
    real.is_ok()
}

/// The chip's error when a circuit is assigned.
fn refusal<C: Circuit<Fr>>(circuit: &C) -> ChipError {
    let mut meta = ConstraintSystem::default();
    C::configure_with_params(&mut meta, circuit.params());
    let instances = vec![vec![]; meta.num_instance_columns()];
    let error = check_synthesis(K, circuit, instances).expect_err("it is refused");
    ChipError::of(&error).expect("the chip's").clone()
}

fn program(text: &str) -> Program<Fr> {
    asm::assemble(text).unwrap()
}

#[test]
fn a_key_holds_the_programs_that_were_meant() {
    let [seven, answer] = [program("push 7"), program("push 42")];
    for set in [InstructionSet::STACK, InstructionSet::FULL] {
        for usage in [Use::Apart, Use::Below] {
            let keyed = |runs: [&Program<Fr>; 2]| Keyed {
                usage,
                set,
                keyed: vec![seven.clone(), answer.clone()],
                runs: Some(runs.map(Program::clone).to_vec()),
            };
            let outputs = |outputs: [u64; 2]| vec![outputs.map(Fr::from).to_vec()];
            let honest = keyed([&seven, &answer]);
            assert!(accepted(&honest, &outputs([7, 42])), "{set} {usage:?}");
            let wired = set == InstructionSet::STACK;
            for lies in [[&answer, &answer], [&seven, &seven]] {
                let stated = lies.map(|own| if own == &seven { 7 } else { 42 });
                let accepted = accepted(&keyed(lies), &outputs(stated));
                assert!(!accepted, "{set} {usage:?} straight: {wired}");
            }
        }
        let together = Keyed {
            usage: Use::Together,
            set,
            keyed: vec![seven.clone(), answer.clone()],
            runs: Some(vec![seven.clone(), answer.clone()]),
        };
        let rows = 0..STEPS + 1;
        let other = rows.clone();
        assert_eq!(refusal(&together), ChipError::Overlap { rows, other });
    }
}

/// A program of cells: `push x, inv`, where x is the witness.
#[derive(Clone)]
struct Inverse {
    x: Value<Fr>,
    params: InverseParams,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct InverseParams {
    /// The opcodes are encoded for a set with control flow, which the machine has not.
    for_control: bool,
    /// The column of x has no equality enabled.
    without_equality: bool,
}

#[derive(Clone, Debug)]
struct InverseConfig {
    /// Kept in the configuration, as many gadgets are.
    chip: StackVmChip,
    x: Column<Advice>,
    fixed: Column<Fixed>,
    output: Column<Instance>,
}

impl Circuit<Fr> for Inverse {
    type Config = InverseConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = InverseParams;

    fn params(&self) -> InverseParams {
        self.params
    }

    fn without_witnesses(&self) -> Self {
        Inverse {
            x: Value::unknown(),
            ..*self
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> InverseConfig {
        Self::configure_with_params(meta, InverseParams::default())
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        params: InverseParams,
    ) -> InverseConfig {
        let machine = MachineParams {
            rows: STEPS,
            set: InstructionSet::of(&[Opcode::Push, Opcode::Inv]),
        };
        let vm = StackVmConfig::configure(
            meta,
            machine,
            ProgramBinding::Cells,
            OutputBinding::Cell,
            TapeBinding::Cells,
        );
        let (x, fixed, output) = (
            meta.advice_column(),
            meta.fixed_column(),
            meta.instance_column(),
        );
        if !params.without_equality {
            meta.enable_equality(x);
        }
        meta.enable_equality(fixed);
        meta.enable_equality(output);
        InverseConfig {
            chip: StackVmChip::new(vm, CircuitLayout::of(K, meta)),
            x,
            fixed,
            output,
        }
    }

    fn synthesize(
        &self,
        config: InverseConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let set = match self.params.for_control {
            true => InstructionSet::FULL,
            false => InstructionSet::of(&[Opcode::Push, Opcode::Inv]),
        };
        let cells = layouter.assign_region(
            || "program",
            |mut region| {
                let x = WordCell::from(&region.assign_advice(config.x, 0, self.x));
                let zero = WordCell::fixed(&mut region, config.fixed, 2, Fr::zero());
                let [push, inv] = [(0, Opcode::Push), (1, Opcode::Inv)].map(|(row, opcode)| {
                    OpcodeCell::fixed(&mut region, config.fixed, row, set, opcode)
                });
                let instruction = |opcode, argument| InstructionCells { opcode, argument };
                Ok([instruction(push, x), instruction(inv, zero)])
            },
        )?;
        let output = config
            .chip
            .run(layouter.namespace(|| "machine"), 0, &cells)?;
        layouter.constrain_instance(output.cell, config.output, 0);
        Ok(())
    }
}

fn inverse(x: u64, params: InverseParams) -> Inverse {
    Inverse {
        x: Value::known(Fr::from(x)),
        params,
    }
}

#[test]
fn a_program_that_fails_is_told_before_a_prover_panics() {
    let honest = inverse(2, InverseParams::default());
    let half = Fr::from(2).invert().unwrap();
    let instances = |output| vec![vec![output]];
    assert!(check_synthesis(K, &honest, instances(half)).is_ok());
    // The chip is kept in the configuration, and so assigns the same machine in both passes.
    assert!(accepted(&honest, &instances(half)));
    assert!(!accepted(&honest, &instances(Fr::from(3))));

    let error = refusal(&inverse(0, InverseParams::default()));
    let ChipError::Run(RunError::Fault { step: 1, .. }) = error else {
        panic!("{error}");
    };
}

#[test]
fn what_no_circuit_has_is_told_before_a_prover_panics() {
    let honest = inverse(2, InverseParams::default());
    let half = Fr::from(2).invert().unwrap();
    let check = |k, instances| check_synthesis(k, &honest, instances);
    assert!(check(K, vec![vec![half]]).is_ok());
    let few = check(2, vec![vec![half]]);
    assert!(matches!(
        few,
        Err(Error::NotEnoughRowsAvailable { current_k: 2 })
    ));
    assert!(matches!(check(K, vec![]), Err(Error::InvalidInstances)));
    let long = check(K, vec![vec![half; 1 << K]]);
    assert!(matches!(long, Err(Error::InstanceTooLarge)));
}

#[test]
fn opcodes_of_another_encoding_are_refused() {
    let params = InverseParams {
        for_control: true,
        ..InverseParams::default()
    };
    let error = refusal(&inverse(2, params));
    let expected = ChipError::OtherEncoding {
        instruction: 0,
        encoded: InstructionSet::FULL,
        machine: InstructionSet::of(&[Opcode::Push, Opcode::Inv]),
    };
    assert_eq!(error, expected);
}

#[test]
fn a_cell_that_cant_be_copied_is_refused() {
    let params = InverseParams {
        without_equality: true,
        ..InverseParams::default()
    };
    let error = refusal(&inverse(2, params));
    assert!(matches!(error, ChipError::NoEquality { row: 0, .. }));
    assert!(error.to_string().contains("enable_equality"), "{error}");
}
