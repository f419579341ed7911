//! The machine inside a larger circuit.
//!
//! The outer circuit proves: *I know an x with (x^3 + x + 5)^2 = y*, for a public y. The machine
//! computes the polynomial; its program is part of the outer circuit's verifying key, but for the
//! argument of three of its instructions: that is a cell of the outer circuit, the private x. The
//! square is a gate of the outer circuit's own, which takes the machine's output.
//!
//! Run it with `cargo run --release --example embed`.

use halo2_proofs::circuit::{Layouter, Region, SimpleFloorPlanner, Value};
use halo2_proofs::dev::MockProver;
use halo2_proofs::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Fixed, Instance, Selector, keygen_pk,
    keygen_vk, verify_proof,
};
use halo2_proofs::poly::commitment::{CommitmentScheme, ParamsProver, Prover, Verifier};
use halo2_proofs::poly::ipa::commitment::{IPACommitmentScheme, ParamsIPA};
use halo2_proofs::poly::ipa::multiopen::{ProverIPA, VerifierIPA};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::{Rotation, VerificationStrategy, ipa, kzg};
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::halo2::{
    CircuitLayout, InstructionCells, OpcodeCell, OutputBinding, ProgramBinding, StackVmChip,
    StackVmConfig, StackVmInstructions, TapeBinding, WordCell,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::MachineParams;
// The fork's function of this name takes the same arguments, and about twice as long.
use halo2_stack_vm::prover::{Opening, Parameters, create_proof};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_core::OsRng;

/// The circuit has 2^K rows.
const K: u32 = 6;

/// An argument of the program.
enum Argument {
    /// The private x.
    X,
    /// A constant.
    Constant(u64),
}

/// x^3 + x + 5.
const PROGRAM: [(Opcode, Argument); 9] = [
    (Opcode::Push, Argument::X),
    (Opcode::Push, Argument::X),
    (Opcode::Mul, Argument::Constant(0)),
    (Opcode::Push, Argument::X),
    (Opcode::Mul, Argument::Constant(0)),
    (Opcode::Push, Argument::X),
    (Opcode::Add, Argument::Constant(0)),
    (Opcode::Push, Argument::Constant(5)),
    (Opcode::Add, Argument::Constant(0)),
];

/// The outer circuit.
#[derive(Clone)]
struct Squared {
    x: Value<Fr>,
}

/// The outer circuit's columns.
///
/// The fork's floor planner starts every region at row 0, so the outer circuit keeps to columns of
/// its own: those of the machine belong to the chip.
#[derive(Clone)]
struct SquaredConfig {
    vm: StackVmConfig,
    layout: CircuitLayout,
    opcode: Column<Fixed>,
    constant: Column<Fixed>,
    word: Column<Advice>,
    square: Selector,
    answer: Column<Instance>,
}

impl SquaredConfig {
    /// The program as cells: fixed ones, and `x` where it is the argument.
    fn program(&self, region: &mut Region<'_, Fr>, x: WordCell<Fr>) -> Vec<InstructionCells<Fr>> {
        let set = self.vm.params().set;
        let instructions = PROGRAM.iter().enumerate();
        instructions
            .map(|(row, (opcode, argument))| InstructionCells {
                opcode: OpcodeCell::fixed(region, self.opcode, row, set, *opcode),
                argument: match argument {
                    Argument::X => x,
                    Argument::Constant(word) => {
                        WordCell::fixed(region, self.constant, row, Fr::from(*word))
                    }
                },
            })
            .collect()
    }
}

impl Circuit<Fr> for Squared {
    type Config = SquaredConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Squared {
            x: Value::unknown(),
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> SquaredConfig {
        let machine = MachineParams {
            rows: 16,
            set: InstructionSet::SEED,
        };
        let vm = StackVmConfig::configure(
            meta,
            machine,
            ProgramBinding::Cells,
            OutputBinding::Cell,
            TapeBinding::Cells,
        );

        let [opcode, constant] = [(); 2].map(|()| meta.fixed_column());
        let word = meta.advice_column();
        let answer = meta.instance_column();
        meta.enable_equality(opcode);
        meta.enable_equality(constant);
        meta.enable_equality(word);
        meta.enable_equality(answer);
        let square = meta.selector();
        meta.create_gate("square", |meta| {
            let enabled = meta.query_selector(square);
            let root = meta.query_advice(word, Rotation::cur());
            let next = meta.query_advice(word, Rotation::next());
            [("word' = word^2", enabled * (next - root.clone() * root))]
        });
        SquaredConfig {
            vm,
            // Last, for it depends on every gate of the circuit.
            layout: CircuitLayout::of(K, meta),
            opcode,
            constant,
            word,
            square,
            answer,
        }
    }

    fn synthesize(
        &self,
        config: SquaredConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let vm = StackVmChip::new(config.vm.clone(), config.layout.clone());
        let program = layouter.assign_region(
            || "program",
            |mut region| {
                let x = region.assign_advice(config.word, 0, self.x);
                Ok(config.program(&mut region, WordCell::from(&x)))
            },
        )?;
        let output = vm.run(layouter.namespace(|| "machine"), 0, &program)?;
        let square = layouter.assign_region(
            || "square",
            |mut region| {
                config.square.enable(&mut region, 1)?;
                let root = output.copy_advice(&mut region, config.word, 1);
                let square = root.value.map(|root| root.square());
                Ok(region.assign_advice(config.word, 2, square).cell())
            },
        )?;
        layouter.constrain_instance(square, config.answer, 0);
        Ok(())
    }
}

/// Proves with one backend of halo2 and verifies, for the right answer and for a wrong one.
fn prove_and_verify<'p, S, Params, P, V, T>(
    name: &str,
    params: &'p Params,
    strategy: impl Fn() -> T,
) -> Result<(), Box<dyn std::error::Error>>
where
    Params: ParamsProver<'p, G1Affine> + Parameters<G1Affine> + Sync,
    S: CommitmentScheme<
            Scalar = Fr,
            Curve = G1Affine,
            ParamsProver = Params,
            ParamsVerifier = Params,
        >,
    P: Prover<'p, S> + Opening,
    V: Verifier<'p, S>,
    T: VerificationStrategy<'p, S, V, Output = ()>,
{
    // The keys depend on the circuit alone, not on x.
    let empty = Squared {
        x: Value::unknown(),
    };
    let vk = keygen_vk(params, &empty)?;
    let pk = keygen_pk(params, vk, &empty)?;

    let circuit = Squared {
        x: Value::known(Fr::from(3)),
    };
    let answer = [Fr::from(35 * 35)];
    // Where `synthesize` fails, for example because a program does, this says so.
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    create_proof::<S, P, _, _, _, _>(
        params,
        &pk,
        &[circuit],
        &[&[&answer]],
        OsRng,
        &mut transcript,
    )?;
    let proof = transcript.finalize();

    let verify = |answer: Fr| {
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof.as_slice());
        verify_proof::<S, V, _, _, _>(
            params,
            pk.get_vk(),
            strategy(),
            &[&[&[answer]]],
            &mut transcript,
        )
    };
    verify(answer[0])?;
    assert!(verify(answer[0] + Fr::one()).is_err());
    println!(
        "{name}: a proof of {} bytes verifies, and does not for another answer",
        proof.len()
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let circuit = Squared {
        x: Value::known(Fr::from(3)),
    };
    // 3^3 + 3 + 5 = 35.
    let mock = |answer| MockProver::run(K, &circuit, vec![vec![Fr::from(answer)]]);
    mock(35 * 35)?.assert_satisfied();
    assert!(mock(36 * 36)?.verify().is_err());
    println!("the mock prover accepts the right answer and rejects another");

    // Whoever makes KZG parameters like this could forge proofs: real ones come from a ceremony.
    let params = ParamsKZG::<Bn256>::setup(K, OsRng);
    prove_and_verify::<KZGCommitmentScheme<Bn256>, _, ProverSHPLONK<_>, VerifierSHPLONK<_>, _>(
        "KZG",
        &params,
        || kzg::strategy::SingleStrategy::new(&params),
    )?;
    let params = ParamsIPA::<G1Affine>::new(K);
    prove_and_verify::<IPACommitmentScheme<G1Affine>, _, ProverIPA<_>, VerifierIPA<_>, _>(
        "IPA",
        &params,
        || ipa::strategy::SingleStrategy::new(&params),
    )?;
    Ok(())
}
