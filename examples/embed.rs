//! The machine inside a larger circuit.
//!
//! The outer circuit proves: *I know an x with (x^3 + x + 5)^2 = y*, for a public y. The machine
//! computes the polynomial; its program is part of the outer circuit's verifying key, but for the
//! argument of one of its instructions: that is a cell of the outer circuit, the private x. The
//! square is a gate of the outer circuit's own, which takes the machine's output.
//!
//! Run it with `cargo run --release --example embed`.

use halo2_proofs::circuit::{Layouter, Region, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Fixed, Instance, Selector, verify_proof,
};
use halo2_proofs::poly::Rotation;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::{
    CircuitLayout, InstructionCells, OutputBinding, ProgramBinding, StackVmChip, StackVmConfig,
    StackVmInstructions, TapeBinding, WordCell,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::MachineParams;
use halo2_stack_vm::prover::{Prover, Way};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_core::OsRng;

/// The circuit has 2^K rows.
const K: u32 = 6;

/// x^3 + x + 5, where x is the argument of the first instruction.
const PROGRAM: &str = "
    push 0      # x
    dup
    dup
    dup
    mul
    mul
    add
    push 5
    add";

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
    fn program(
        &self,
        region: &mut Region<'_, Fr>,
        x: WordCell<Fr>,
    ) -> Result<Vec<InstructionCells<Fr>>, Error> {
        let set = self.vm.params().set;
        let program = asm::assemble(PROGRAM).map_err(|_| Error::Synthesis)?;
        let columns = [self.opcode, self.constant];
        let mut cells = InstructionCells::fixed(region, columns, set, &program);
        cells[0].argument = x;
        Ok(cells)
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
            set: InstructionSet::of(&[Opcode::Push, Opcode::Dup, Opcode::Add, Opcode::Mul]),
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
                config.program(&mut region, WordCell::from(&x))
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Whoever makes KZG parameters like this could forge proofs: real ones come from a ceremony. IPA takes none:
    // `prover::ipa_parameters(K)`, `Way::Ipa`, `VerifierIPA`.
    let params = ParamsKZG::<Bn256>::setup(K, OsRng);
    // The keys depend on the circuit alone, not on x. Where a proving key of the fork's `keygen_pk` is at hand, this is
    // `Prover::new(&params, &pk)`; and `prover::create_proof` takes the arguments of the fork's function of this name.
    let empty = Squared {
        x: Value::unknown(),
    };
    let prover = Prover::keygen(&params, &empty)?;

    let prove = |x: u64, answer: u64| -> Result<Vec<u8>, halo2_stack_vm::prover::Error> {
        let circuit = Squared {
            x: Value::known(Fr::from(x)),
        };
        let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
        prover.create_proof(
            Way::Shplonk,
            &[circuit],
            &[&[&[Fr::from(answer)]]],
            &mut OsRng,
            &mut transcript,
            &mut (),
        )?;
        Ok(transcript.finalize())
    };
    // 3^3 + 3 + 5 = 35.
    let proof = prove(3, 35 * 35)?;
    // Of a false statement there is no proof; where `synthesize` fails, because a program does, the error says so too.
    println!(
        "no proof of another answer: {}",
        prove(3, 36 * 36).unwrap_err()
    );

    // The verifier is halo2's own.
    let verify = |answer: u64| {
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof.as_slice());
        verify_proof::<KZGCommitmentScheme<_>, VerifierSHPLONK<_>, _, _, _>(
            &params,
            prover.verifying_key(),
            SingleStrategy::new(&params),
            &[&[&[Fr::from(answer)]]],
            &mut transcript,
        )
    };
    verify(35 * 35)?;
    assert!(verify(36 * 36).is_err());
    println!(
        "a proof of {} bytes verifies, and does not for another answer",
        proof.len()
    );
    Ok(())
}
