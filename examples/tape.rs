//! A machine whose public tape is made of the outer circuit's cells.
//!
//! The outer circuit proves: *I know words whose sum is public, and here is their product.* Its own gate adds the words up; the machine
//! reads the same cells and writes the product. The program is fixed in the key.
//!
//! Run it with `cargo run --release --example tape`.

mod support;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Advice, Circuit, Column, ConstraintSystem, Error, Instance, Selector};
use halo2_proofs::poly::Rotation;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::{
    CircuitLayout, MachineInput, OutputBinding, ProgramBinding, ProgramInput, StackVmChip,
    StackVmConfig, StackVmInstructions, TapeBinding, WordCell,
};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::MachineParams;
use halo2_stack_vm::program::Program;
use halo2curves::bn256::Fr;

const K: u32 = 7;
const ROWS: usize = 40;
const WORDS: usize = 3;

/// Reads three words and writes their product.
const PROGRAM: &str = "read\nread\nread\nmul\nmul\nwrite";

fn program() -> Program<Fr> {
    asm::assemble(PROGRAM).unwrap_or_default()
}

fn set() -> InstructionSet {
    program().smallest_set()
}

/// The outer circuit.
#[derive(Clone)]
struct Products {
    words: Value<[Fr; WORDS]>,
}

#[derive(Clone)]
struct ProductsConfig {
    vm: StackVmConfig,
    layout: CircuitLayout,
    word: Column<Advice>,
    sum: Column<Advice>,
    add: Selector,
    public: Column<Instance>,
}

impl Circuit<Fr> for Products {
    type Config = ProductsConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Products {
            words: Value::unknown(),
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> ProductsConfig {
        let machine = MachineParams {
            rows: ROWS,
            set: set(),
        };
        let vm = StackVmConfig::configure(
            meta,
            machine,
            ProgramBinding::Fixed,
            OutputBinding::Cell,
            TapeBinding::Cells,
        );
        let [word, sum] = [(); 2].map(|()| meta.advice_column());
        let public = meta.instance_column();
        meta.enable_equality(word);
        meta.enable_equality(sum);
        meta.enable_equality(public);
        let add = meta.selector();
        meta.create_gate("sum", |meta| {
            let enabled = meta.query_selector(add);
            let word = meta.query_advice(word, Rotation::cur());
            let [here, next] =
                [Rotation::cur(), Rotation::next()].map(|row| meta.query_advice(sum, row));
            [("sum' = sum + word", enabled * (next - here - word))]
        });
        ProductsConfig {
            vm,
            layout: CircuitLayout::of(K, meta),
            word,
            sum,
            add,
            public,
        }
    }

    fn synthesize(
        &self,
        config: ProductsConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let product = self
            .words
            .map(|words| words.iter().fold(Fr::one(), |product, word| product * word));
        // The words, their sum row by row, and the product, which the machine must write.
        let (tape, sum) = layouter.assign_region(
            || "words",
            |mut region| {
                let mut tape = vec![];
                let mut sum = Value::known(Fr::zero());
                let start = region.assign_advice(config.sum, 0, sum).cell();
                let zero = region.assign_advice(config.word, WORDS + 1, Value::known(Fr::zero()));
                region.constrain_equal(start, zero.cell());
                let mut end = start;
                for row in 0..WORDS {
                    config.add.enable(&mut region, row)?;
                    let word = self.words.map(|words| words[row]);
                    tape.push(WordCell::from(&region.assign_advice(
                        config.word,
                        row,
                        word,
                    )));
                    sum = sum + word;
                    end = region.assign_advice(config.sum, row + 1, sum).cell();
                }
                tape.push(WordCell::from(&region.assign_advice(
                    config.word,
                    WORDS,
                    product,
                )));
                Ok((tape, end))
            },
        )?;
        let program = program();
        let input = MachineInput {
            program: ProgramInput::Fixed(&program),
            tape: &tape,
        };
        let chip = StackVmChip::new(config.vm.clone(), config.layout.clone());
        let machine = layouter.namespace(|| "machine");
        chip.run_with(machine, 0, input, Value::known(&[]))?;
        layouter.constrain_instance(sum, config.public, 0);
        layouter.constrain_instance(tape[WORDS].cell, config.public, 1);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let circuit = Products {
        words: Value::known([2, 5, 7].map(Fr::from)),
    };
    let public = |sum: u64, product: u64| vec![vec![Fr::from(sum), Fr::from(product)]];
    let empty = circuit.without_witnesses();
    support::prove_and_verify(K, &empty, &circuit, &public(14, 70), &public(14, 71))?;
    Ok(())
}
