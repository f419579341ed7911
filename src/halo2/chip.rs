//! [`StackVmChip`]: assigns machines to the columns of a configuration.

use ff::PrimeField;
use halo2_proofs::circuit::{self, Chip, Region, Value};
use halo2_proofs::plonk::{Advice, Any, Column, Fixed};

use super::config::{ProgramColumns, TapeColumn};
use super::{
    ChipError, CircuitLayout, InstructionCells, MachineInput, OutputBinding, ProgramInput,
    StackVmConfig, WordCell,
};
use crate::algebra::Word;
use crate::isa::Opcode;
use crate::machine::hash;
use crate::machine::words::table_row;
use crate::machine::{
    Column as Name, Extent, MachineParams, Phase, Schedule, Shape, Witness, WitnessError,
};
use crate::poseidon;

/// The machine as a chip: it assigns machines at rows of a region that the caller hands it.
///
/// Make one in `synthesize`, or keep one in the configuration: either way it refuses to let a machine overwrite another
/// of the same configuration, which the fork's floor planner would let happen.
#[derive(Clone, Debug)]
pub struct StackVmChip {
    config: StackVmConfig,
    layout: CircuitLayout,
}

impl<F: PrimeField> Chip<F> for StackVmChip {
    type Config = StackVmConfig;
    type Loaded = ();

    fn config(&self) -> &StackVmConfig {
        &self.config
    }

    fn loaded(&self) -> &() {
        &()
    }
}

impl StackVmChip {
    /// The chip, in a circuit with this layout.
    pub fn new(config: StackVmConfig, layout: CircuitLayout) -> Self {
        StackVmChip { config, layout }
    }

    /// The shape of its machines.
    pub(super) fn shape(&self) -> Shape {
        self.config.shape()
    }

    /// The size of a machine, and its instruction set.
    pub(super) fn machine(&self) -> MachineParams {
        self.config.params()
    }

    /// Assigns a machine from row `offset` of a region on, and returns its output, if that is a cell.
    ///
    /// `input` is what the outer circuit binds the machine to, `witness` what a prover knows.
    ///
    /// In a prover's first pass (and in key generation) this assigns what the trace gives, in its
    /// second pass what depends on the challenges.
    ///
    /// # Errors
    ///
    /// If the machine would reach beyond the usable rows or onto those of another machine, if the
    /// program or the tape is too long, of another binding, encoded for another kind of set or in cells that can't be
    /// copied, if a fixed program would fail whatever it is given, and if the witness is one of another machine.
    pub fn assign<'i, F: PrimeField + Word>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        input: impl Into<MachineInput<'i, F>>,
        witness: Value<&Witness<F>>,
    ) -> Result<Option<WordCell<F>>, ChipError> {
        let MachineParams { rows, set } = self.machine();
        let MachineInput { program, tape } = input.into();
        let challenges = self.config.challenge_values(region);
        let mut second_pass = false;
        challenges.as_ref().map(|_| second_pass = true);
        self.check_rows::<F>(offset, second_pass)?;
        self.check_input(program, tape)?;
        let mut mismatch = Ok(());
        witness.map(|witness| {
            if witness.shape().set != set {
                mismatch = Err(WitnessError::WrongSet {
                    run: witness.shape().set,
                    circuit: set,
                });
            } else if witness.shape() != self.config.shape() {
                mismatch = Err(WitnessError::WrongShape);
            } else if witness.rows() != rows {
                mismatch = Err(WitnessError::WrongSize {
                    witness: witness.rows(),
                    rows,
                });
            }
        });
        mismatch?;

        let filled = match self.config.output() {
            OutputBinding::Cell => witness.zip(challenges).map(|(witness, challenges)| {
                let mut witness = witness.clone();
                witness.fill(&challenges, None);
                witness
            }),
            OutputBinding::Instance(_) => witness.zip(challenges).map(|(witness, challenges)| {
                let mut witness = witness.clone();
                let output = witness.columns().top().last().copied();
                witness.fill(&challenges, output);
                witness
            }),
        };
        let (phase, source) = match second_pass {
            true => (Phase::Second, filled.as_ref()),
            false => (Phase::First, witness),
        };
        let mut columns = source.map(|witness| witness.columns().iter().map(|(_, v)| v));
        let advice = |column: Column<Any>| Column::<Advice>::try_from(column).ok();
        let mut output = None;
        for (cell, column) in self.config.columns().iter() {
            let values = columns.as_mut().map(|columns| columns.next());
            // What is scheduled is assigned with the program.
            let Some(column) = advice(*column) else {
                continue;
            };
            if second_pass && cell == Name::Word(0) {
                // The caller needs the output cell in both passes.
                let top = witness.map(|witness| witness.columns().top().last().copied());
                let top = top.map(|word| word.unwrap_or(F::ZERO));
                let assigned = region.assign_advice(column, offset + rows, top);
                output = Some(WordCell::from(&assigned));
            }
            if cell.phase() != phase {
                continue;
            }
            // On the final row there is no step.
            let own_rows = if cell.extent() == Extent::Step {
                rows
            } else {
                rows + 1
            };
            for row in 0..own_rows {
                let value = values.map(|values| values.and_then(|values| values.get(row)));
                let value = value.map(|value| value.copied().unwrap_or(F::ZERO));
                let assigned = region.assign_advice(column, offset + row, value);
                if cell == Name::Word(0) && row == rows {
                    output = Some(WordCell::from(&assigned));
                }
            }
        }
        if !second_pass {
            let fixed = self.assign_fixed(region, offset);
            self.assign_program(region, offset, program, fixed)?;
            self.assign_tape(region, offset, tape, fixed);
        }
        Ok(output.filter(|_| self.config.output() == OutputBinding::Cell))
    }

    /// That a machine at `offset` has its rows to itself, and what its set needs.
    fn check_rows<F: Word>(&self, offset: usize, second_pass: bool) -> Result<(), ChipError> {
        let rows = self.machine().rows;
        if rows == 0 {
            return Err(ChipError::NoRows);
        }
        let table = self.shape().table_rows();
        if self.shape().set.hashes() && !poseidon::suits::<F>() {
            return Err(ChipError::NoHash);
        }
        if rows < table {
            return Err(ChipError::NoTable { rows, table });
        }
        let end = offset.saturating_add(rows).saturating_add(1);
        let usable = self.layout.usable_rows();
        match offset..end {
            rows if end > usable => Err(ChipError::OutOfRange { rows, usable }),
            _ if second_pass => Ok(()),
            rows => self.config.claim(rows),
        }
    }

    /// The machine's own fixed columns, and their cells that hold 0 and 1.
    fn assign_fixed<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
    ) -> [circuit::Cell; 2] {
        let mut bits = vec![];
        for row in 0..=self.machine().rows {
            let index = region.assign_fixed(self.config.index, offset + row, F::from(row as u64));
            if row < 2 {
                bits.push(index);
            }
            let follows = F::from(u64::from(row > 0));
            region.assign_fixed(self.config.follows, offset + row, follows);
        }
        for (place, column) in self.config.at.iter().enumerate() {
            for row in 0..self.machine().rows {
                let here = hash::place(row, self.machine().rows) == Some(place);
                region.assign_fixed(*column, offset + row, F::from(u64::from(here)));
            }
        }
        if !self.config.table.is_empty() {
            for row in 0..self.machine().rows {
                let entries = table_row(self.shape(), row).map(F::from_u128);
                for (column, entry) in self.config.table.iter().zip(entries) {
                    region.assign_fixed(*column, offset + row, entry);
                }
            }
        }
        // A machine has two rows at least.
        [bits[0], bits[1]]
    }

    /// That a program and a tape are bound as the configuration says, fit, and can be copied.
    pub(super) fn check_input<F: PrimeField>(
        &self,
        program: ProgramInput<'_, F>,
        tape: &[WordCell<F>],
    ) -> Result<(), ChipError> {
        let params = self.machine();
        let cells = match (self.config.program, program) {
            (ProgramColumns::Public { .. }, ProgramInput::Public) => &[],
            (ProgramColumns::Cells { .. }, ProgramInput::Listing(cells)) => {
                if cells.len() != params.rows {
                    return Err(ChipError::WrongBinding("listing has an instruction a step"));
                }
                cells
            }
            (ProgramColumns::Cells { .. }, ProgramInput::Cells(cells)) => {
                params.check_program(cells.len())?;
                cells
            }
            (
                ProgramColumns::Listed { .. } | ProgramColumns::Scheduled { .. },
                ProgramInput::Fixed(program),
            ) => {
                params.check_program(program.len())?;
                &[]
            }
            (ProgramColumns::Public { .. }, _) => {
                return Err(ChipError::WrongBinding("program is bound publicly"));
            }
            (ProgramColumns::Cells { .. }, _) => {
                return Err(ChipError::WrongBinding("program is bound by cells"));
            }
            (ProgramColumns::Listed { .. } | ProgramColumns::Scheduled { .. }, _) => {
                return Err(ChipError::WrongBinding("program is bound by the key"));
            }
        };
        for (instruction, InstructionCells { opcode, argument }) in cells.iter().enumerate() {
            let (encoded, machine) = (opcode.set(), params.set);
            if encoded.has_control() != machine.has_control() {
                return Err(ChipError::OtherEncoding {
                    instruction,
                    encoded,
                    machine,
                });
            }
            self.layout.check_equality(opcode.word().cell)?;
            self.layout.check_equality(argument.cell)?;
        }
        match self.config.tape {
            Some(TapeColumn::Cells(_)) => {
                params.check_tape(tape.len())?;
                tape.iter()
                    .try_for_each(|word| self.layout.check_equality(word.cell))
            }
            _ if tape.is_empty() => Ok(()),
            Some(TapeColumn::Instance(_)) => Err(ChipError::WrongBinding(
                "tape is bound publicly, not by cells",
            )),
            None => Err(ChipError::WrongBinding("instruction set has no tape")),
        }
    }

    fn assign_program<F: PrimeField + Word>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        program: ProgramInput<'_, F>,
        fixed: [circuit::Cell; 2],
    ) -> Result<(), ChipError> {
        let MachineParams { rows, set } = self.machine();
        match (self.config.program, program) {
            (
                ProgramColumns::Cells { opcode, argument },
                ProgramInput::Cells(cells) | ProgramInput::Listing(cells),
            ) => {
                self.copy_program(region, offset, [opcode, argument], cells, fixed);
            }
            (ProgramColumns::Listed { opcode, argument }, ProgramInput::Fixed(program)) => {
                for (row, (code, word)) in program.stated(set).into_iter().enumerate() {
                    region.assign_fixed(opcode, offset + row, code);
                    region.assign_fixed(argument, offset + row, word);
                }
            }
            (ProgramColumns::Scheduled { argument }, ProgramInput::Fixed(program)) => {
                for (row, (_, word)) in program.stated(set).into_iter().enumerate() {
                    region.assign_fixed(argument, offset + row, word);
                }
                let schedule = Schedule::new(program, set, rows).map_err(ChipError::Schedule)?;
                self.machine().check_hashes(schedule.hashes())?;
                region.assign_fixed(argument, offset + rows, F::from(schedule.nonempty()));
                self.assign_schedule(region, offset, &schedule);
            }
            // What is stated is not assigned; the rest was refused.
            _ => {}
        }
        Ok(())
    }

    fn assign_schedule<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        schedule: &Schedule,
    ) {
        for (cell, column) in self.config.columns().iter() {
            let Ok(column) = Column::<Fixed>::try_from(*column) else {
                continue;
            };
            for row in 0..=self.machine().rows {
                let value = match cell {
                    Name::Flag(opcode) => {
                        let executed = schedule.executed(row);
                        let flag = executed.map(|own| self.config.shape().flag_of(own));
                        u64::from(flag == Some(opcode))
                    }
                    _ => schedule.link(row),
                };
                region.assign_fixed(column, offset + row, F::from(value));
            }
        }
    }

    fn copy_program<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        [opcode, argument]: [Column<Advice>; 2],
        cells: &[InstructionCells<F>],
        [zero, one]: [circuit::Cell; 2],
    ) {
        let rows = self.machine().rows;
        for (row, instruction) in cells.iter().enumerate() {
            let InstructionCells {
                opcode: code,
                argument: word,
            } = instruction;
            code.word().copy_advice(region, opcode, offset + row);
            word.copy_advice(region, argument, offset + row);
        }
        if self.config.shape().fetches() {
            // One halt, and then what is no instruction; their arguments are 0.
            for row in cells.len()..rows {
                let (value, cell) = match row == cells.len() {
                    true => (F::ONE, one),
                    false => (F::ZERO, zero),
                };
                constant(cell, value).copy_advice(region, opcode, offset + row);
                constant(zero, F::ZERO).copy_advice(region, argument, offset + row);
            }
            return;
        }
        // The gate makes the last row's opcode 0; the one after the program is copied from it, and
        // the gate makes those between them 0 too.
        let halt = |region: &mut Region<'_, F>, row| {
            let encoded = Value::known(F::from(Opcode::Halt.encoded()));
            region.assign_advice(opcode, offset + row, encoded).cell()
        };
        let last = halt(region, rows);
        for row in cells.len()..rows {
            let padding = halt(region, row);
            if row == cells.len() {
                region.constrain_equal(padding, last);
            }
        }
    }

    /// The words of a tape of cells, the 1 after them, and zeros.
    fn assign_tape<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        tape: &[WordCell<F>],
        [zero, one]: [circuit::Cell; 2],
    ) {
        let Some(TapeColumn::Cells(column)) = self.config.tape else {
            return;
        };
        for row in 0..=self.machine().rows {
            let word = match row.cmp(&tape.len()) {
                std::cmp::Ordering::Less => tape[row],
                std::cmp::Ordering::Equal => constant(one, F::ONE),
                std::cmp::Ordering::Greater => constant(zero, F::ZERO),
            };
            word.copy_advice(region, column, offset + row);
        }
    }
}

/// A cell whose value everybody knows.
fn constant<F: PrimeField>(cell: circuit::Cell, value: F) -> WordCell<F> {
    WordCell {
        cell,
        value: Value::known(value),
    }
}
