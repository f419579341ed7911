//! A machine in an outer circuit.

use ff::Field;
use halo2_proofs::circuit::{Cell as HaloCell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, Column, ConstraintSystem, Error, Instance};
use halo2_stack_vm::halo2::{
    CircuitLayout, InstructionCells, MachineInput, OpcodeCell, OutputBinding, ProgramBinding,
    ProgramInput, StackVmChip, StackVmConfig, TapeBinding, WordCell,
};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{MachineParams, Witness};
use halo2curves::bn256::Fr;

/// An outer circuit that binds the program's cells to its instance, the tape's and the machine's output too.
#[derive(Clone, Debug)]
pub struct Outer {
    pub params: OuterParams,
    /// Opcodes, arguments and words of the tape.
    pub stated: Value<[Vec<Fr>; 3]>,
    pub witness: Value<Witness<Fr>>,
}

/// The shape of an [`Outer`].
#[derive(Clone, Copy, Debug)]
pub struct OuterParams {
    pub k: u32,
    pub machine: MachineParams,
    pub offset: usize,
    /// The number of the program's cells.
    pub program_rows: usize,
    /// The number of the tape's.
    pub tape_words: usize,
}

impl Default for OuterParams {
    fn default() -> Self {
        OuterParams {
            k: 5,
            machine: MachineParams {
                rows: 9,
                set: InstructionSet::default(),
            },
            offset: 3,
            program_rows: 6,
            tape_words: 0,
        }
    }
}

impl Circuit<Fr> for Outer {
    type Config = (StackVmConfig, Vec<Column<Instance>>, CircuitLayout);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = OuterParams;

    fn params(&self) -> OuterParams {
        self.params
    }

    fn without_witnesses(&self) -> Self {
        Outer {
            params: self.params,
            stated: Value::unknown(),
            witness: Value::unknown(),
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        Self::configure_with_params(meta, OuterParams::default())
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: OuterParams) -> Self::Config {
        let columns = if params.machine.set.has_tape() { 3 } else { 2 };
        let stated: Vec<_> = (0..columns).map(|_| meta.instance_column()).collect();
        for column in &stated {
            meta.enable_equality(*column);
        }
        let program = ProgramBinding::Cells;
        let output = OutputBinding::Cell;
        let tape = TapeBinding::Cells;
        let vm = StackVmConfig::configure(meta, params.machine, program, output, tape);
        (vm, stated, CircuitLayout::of(params.k, meta))
    }

    fn synthesize(
        &self,
        (vm, stated, layout): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let word = |column: usize, row: usize| {
            let value = self.stated.as_ref().map(|stated| {
                let own = stated[column].get(row);
                own.copied().unwrap_or(Fr::ZERO)
            });
            // The output stands before the arguments.
            let row_offset = if column == 1 { row + 1 } else { row };
            let column = stated[column].into();
            let cell = HaloCell { row_offset, column };
            WordCell { cell, value }
        };
        let cells: Vec<_> = (0..self.params.program_rows)
            .map(|row| InstructionCells {
                opcode: OpcodeCell::encoded(word(0, row), self.params.machine.set),
                argument: word(1, row),
            })
            .collect();
        let tape: Vec<_> = (0..self.params.tape_words)
            .map(|row| word(2, row))
            .collect();
        let chip = StackVmChip::new(vm, layout);
        let output = layouter.assign_region(
            || "machine",
            |mut region| {
                let offset = self.params.offset;
                let program = ProgramInput::Cells(&cells);
                let tape = &tape[..];
                let input = MachineInput { program, tape };
                Ok(chip.assign(&mut region, offset, input, self.witness.as_ref())?)
            },
        )?;
        layouter.constrain_instance(output.expect("a cell").cell, stated[1], 0);
        Ok(())
    }
}
