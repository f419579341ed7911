//! Two machines in one circuit: the output of the first is an argument of the second's program.
//!
//! The outer circuit proves: *I know an x with (x^2 + 1)^2 - x^2 = y.* One configuration serves both, on rows of their own; a machine of
//! another instruction set would have a configuration of its own, and could stand on the same rows.
//!
//! Run it with `cargo run --release --example two_machines`.

mod support;

use halo2_proofs::circuit::{Layouter, Region, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Advice, Circuit, Column, ConstraintSystem, Error, Fixed, Instance};
use halo2_stack_vm::halo2::{
    CircuitLayout, InstructionCells, OpcodeCell, OutputBinding, ProgramBinding, StackVmChip,
    StackVmConfig, StackVmInstructions, TapeBinding, WordCell,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::MachineParams;
use halo2curves::bn256::Fr;

const K: u32 = 7;
/// The steps of each machine.
const ROWS: usize = 12;

/// The outer circuit.
#[derive(Clone)]
struct Twice {
    x: Value<Fr>,
}

#[derive(Clone)]
struct TwiceConfig {
    vm: StackVmConfig,
    layout: CircuitLayout,
    word: Column<Advice>,
    fixed: Column<Fixed>,
    answer: Column<Instance>,
}

impl TwiceConfig {
    /// A program of cells: its opcodes and numbers are part of the key, its words are the outer circuit's.
    fn program(
        &self,
        region: &mut Region<'_, Fr>,
        first_row: usize,
        instructions: &[(Opcode, Result<u64, WordCell<Fr>>)],
    ) -> Vec<InstructionCells<Fr>> {
        let set = self.vm.params().set;
        let rows = (first_row..).step_by(2);
        let cells = rows.zip(instructions).map(|(row, (opcode, argument))| {
            let opcode = OpcodeCell::fixed(region, self.fixed, row, set, *opcode);
            let argument = match argument {
                Ok(number) => WordCell::fixed(region, self.fixed, row + 1, Fr::from(*number)),
                Err(word) => *word,
            };
            InstructionCells { opcode, argument }
        });
        cells.collect()
    }
}

impl Circuit<Fr> for Twice {
    type Config = TwiceConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Twice {
            x: Value::unknown(),
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> TwiceConfig {
        let machine = MachineParams {
            rows: ROWS,
            set: InstructionSet::FIELD,
        };
        let vm = StackVmConfig::configure(
            meta,
            machine,
            ProgramBinding::Cells,
            OutputBinding::Cell,
            TapeBinding::Cells,
        );
        let (word, fixed, answer) = (
            meta.advice_column(),
            meta.fixed_column(),
            meta.instance_column(),
        );
        meta.enable_equality(word);
        meta.enable_equality(fixed);
        meta.enable_equality(answer);
        TwiceConfig {
            vm,
            layout: CircuitLayout::of(K, meta),
            word,
            fixed,
            answer,
        }
    }

    fn synthesize(
        &self,
        config: TwiceConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let chip = StackVmChip::new(config.vm.clone(), config.layout.clone());
        let (x, first) = layouter.assign_region(
            || "first program",
            |mut region| {
                let x = WordCell::from(&region.assign_advice(config.word, 0, self.x));
                let square = [
                    (Opcode::Push, Err(x)),
                    (Opcode::Dup, Ok(0)),
                    (Opcode::Mul, Ok(0)),
                    (Opcode::Addi, Ok(1)),
                ];
                Ok((x, config.program(&mut region, 0, &square)))
            },
        )?;
        // x^2 + 1
        let more = chip.run(layouter.namespace(|| "first machine"), 0, &first)?;
        let second = layouter.assign_region(
            || "second program",
            |mut region| {
                let difference = [
                    (Opcode::Push, Err(more)),
                    (Opcode::Dup, Ok(0)),
                    (Opcode::Mul, Ok(0)),
                    (Opcode::Push, Err(x)),
                    (Opcode::Dup, Ok(0)),
                    (Opcode::Mul, Ok(0)),
                    (Opcode::Sub, Ok(0)),
                ];
                Ok(config.program(&mut region, 2 * first.len(), &difference))
            },
        )?;
        // Below the first machine: that one has a row more than it has steps.
        let answer = chip.run(layouter.namespace(|| "second machine"), ROWS + 1, &second)?;
        layouter.constrain_instance(answer.cell, config.answer, 0);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let circuit = Twice {
        x: Value::known(Fr::from(3)),
    };
    let answer = |y: u64| vec![vec![Fr::from(y)]];
    // (9 + 1)^2 - 9
    let empty = circuit.without_witnesses();
    support::prove_and_verify(K, &empty, &circuit, &answer(91), &answer(92))?;
    Ok(())
}
