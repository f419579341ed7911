//! The machine beside the gadgets of `halo2-base`: they hand it a value, and go on with its output.
//!
//! The circuit proves: *I know an x of 16 bits such that x^3 + x + 5 is below 2^40, and y is the square of that.* `halo2-base` checks the
//! ranges and squares; the machine computes the polynomial, by a program that is part of the key but for the argument
//! that is x's cell.
//!
//! Run it with `cargo run --release --example halo2_base`.

mod support;

use halo2_base::AssignedValue;
use halo2_base::gates::circuit::builder::BaseCircuitBuilder;
use halo2_base::gates::circuit::{BaseCircuitParams, BaseConfig};
use halo2_base::gates::{GateInstructions, RangeInstructions};
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, Column, ConstraintSystem, Error, Fixed};
use halo2_stack_vm::halo2::{
    CircuitLayout, InstructionCells, OpcodeCell, OutputBinding, ProgramBinding, StackVmChip,
    StackVmConfig, StackVmInstructions, TapeBinding, WordCell,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::MachineParams;
use halo2curves::bn256::Fr;

const K: u32 = 9;
const LOOKUP_BITS: usize = 8;

/// What a builder of `halo2-base` has computed, and what ties the machine to it.
#[derive(Clone)]
struct Together {
    builder: BaseCircuitBuilder<Fr>,
    /// What the machine is given.
    x: AssignedValue<Fr>,
    /// What it must give.
    polynomial: AssignedValue<Fr>,
}

#[derive(Clone)]
struct TogetherConfig {
    base: BaseConfig<Fr>,
    vm: StackVmConfig,
    layout: CircuitLayout,
    opcode: Column<Fixed>,
    constant: Column<Fixed>,
}

impl Together {
    /// The gadgets' part.
    fn new(x: u64) -> Self {
        let mut builder = BaseCircuitBuilder::new(false)
            .use_k(K as usize)
            .use_lookup_bits(LOOKUP_BITS)
            .use_instance_columns(1);
        let range = builder.range_chip();
        let ctx = builder.main(0);
        let x = ctx.load_witness(Fr::from(x));
        range.range_check(ctx, x, 16);
        // A witness that is free here: that it is the machine's output is said in `synthesize`.
        let value = *x.value();
        let polynomial = ctx.load_witness(value * value * value + value + Fr::from(5));
        range.range_check(ctx, polynomial, 40);
        let square = range.gate().mul(ctx, polynomial, polynomial);
        builder.assigned_instances[0].push(square);
        builder.calculate_params(Some(20));
        Together {
            builder,
            x,
            polynomial,
        }
    }

    /// A gadget's value as a cell of the circuit, once the gadgets are assigned.
    fn cell(&self, value: &AssignedValue<Fr>) -> Result<WordCell<Fr>, Error> {
        let copies = self.builder.core().copy_manager.lock();
        let copies = copies.map_err(|_| Error::Synthesis)?;
        let cell = value
            .cell
            .and_then(|cell| copies.assigned_advices.get(&cell));
        Ok(WordCell {
            cell: *cell.ok_or(Error::Synthesis)?,
            value: Value::known(*value.value()),
        })
    }
}

impl Circuit<Fr> for Together {
    type Config = TogetherConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = BaseCircuitParams;

    fn params(&self) -> BaseCircuitParams {
        self.builder.params()
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> TogetherConfig {
        Self::configure_with_params(meta, BaseCircuitParams::default())
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        params: BaseCircuitParams,
    ) -> TogetherConfig {
        let mut base = BaseConfig::configure(meta, params);
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
        meta.enable_equality(opcode);
        meta.enable_equality(constant);
        let layout = CircuitLayout::of(K, meta);
        // The machine's gates may leave the gadgets fewer rows.
        base.set_usable_rows(layout.usable_rows());
        TogetherConfig {
            base,
            vm,
            layout,
            opcode,
            constant,
        }
    }

    fn synthesize(
        &self,
        config: TogetherConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let gadgets = layouter.namespace(|| "gadgets");
        self.builder.synthesize(config.base.clone(), gadgets)?;
        let x = self.cell(&self.x)?;
        let program =
            layouter.assign_region(
                || "program",
                |mut region| {
                    let set = config.vm.params().set;
                    let zero = WordCell::fixed(&mut region, config.constant, 0, Fr::zero());
                    let five = WordCell::fixed(&mut region, config.constant, 1, Fr::from(5));
                    let program = [
                        (Opcode::Push, x),
                        (Opcode::Push, x),
                        (Opcode::Mul, zero),
                        (Opcode::Push, x),
                        (Opcode::Mul, zero),
                        (Opcode::Push, x),
                        (Opcode::Add, zero),
                        (Opcode::Push, five),
                        (Opcode::Add, zero),
                    ];
                    let cells = program.iter().enumerate().map(|(row, (opcode, argument))| {
                        InstructionCells {
                            opcode: OpcodeCell::fixed(
                                &mut region,
                                config.opcode,
                                row,
                                set,
                                *opcode,
                            ),
                            argument: *argument,
                        }
                    });
                    Ok(cells.collect::<Vec<_>>())
                },
            )?;
        let chip = StackVmChip::new(config.vm.clone(), config.layout.clone());
        let output = chip.run(layouter.namespace(|| "machine"), 0, &program)?;
        let polynomial = self.cell(&self.polynomial)?;
        layouter.assign_region(
            || "the machine's output",
            |mut region| {
                region.constrain_equal(output.cell, polynomial.cell);
                Ok(())
            },
        )
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let circuit = Together::new(300);
    let polynomial = 300u64.pow(3) + 300 + 5;
    let public = |y: u64| vec![vec![Fr::from(y)]];
    let (right, wrong) = (polynomial * polynomial, polynomial * polynomial + 1);
    support::prove_and_verify(K, &circuit, &circuit, &public(right), &public(wrong))?;
    Ok(())
}
