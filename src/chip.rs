//! [`StackVmChip`]: the machine as a chip for any halo2 circuit.
//!
//! The chip assigns one machine at an offset of a region that the caller hands it. Its program comes
//! from one of two sources ([`ProgramColumns`]): instance columns, which the gates read directly, or
//! cells of the outer circuit, copied into two advice columns. Its output goes to an instance cell or
//! back to the caller as a cell ([`OutputColumn`]).

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use ff::PrimeField;
use halo2_proofs::circuit::{self, AssignedCell, Chip, Layouter, Region, Value};
use halo2_proofs::plonk::{
    Advice, Assigned, Challenge, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed,
    Instance, SecondPhase,
};
use halo2_proofs::poly::Rotation;

use crate::algebra::{Algebra, Word};
use crate::fork::Polynomial;
use crate::frame::{Challenges, OutputBinding, Source, Window};
use crate::isa::{InstructionSet, Opcode};
use crate::program::{Instruction, Program};
use crate::row::{Cell, Phase, Row};
use crate::sum;
use crate::vm::{RunError, Trace};
use crate::witness::{Witness, WitnessError};

/// The size of a machine and the instructions that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MachineParams {
    /// The number of steps, those that unwind the stack included; at least one. The machine occupies
    /// one row more.
    pub rows: usize,
    /// The instruction set.
    pub set: InstructionSet,
}

/// Where a machine's program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramColumns {
    /// The verifier states it: in instance columns that the gates read directly, on the machine's own
    /// rows. Instruction i of a machine at offset o stands in `opcode` on row o + i and in `argument`
    /// on row o + i + 1.
    Public {
        /// Encoded opcodes.
        opcode: Column<Instance>,
        /// Arguments.
        argument: Column<Instance>,
    },
    /// The outer circuit binds it: in advice columns into which the chip copies the outer circuit's
    /// cells.
    Cells {
        /// Encoded opcodes.
        opcode: Column<Advice>,
        /// Arguments.
        argument: Column<Advice>,
    },
}

impl ProgramColumns {
    /// Two new instance columns.
    pub fn public<F: PrimeField>(meta: &mut ConstraintSystem<F>) -> Self {
        ProgramColumns::Public {
            opcode: meta.instance_column(),
            argument: meta.instance_column(),
        }
    }

    /// Two new advice columns.
    pub fn cells<F: PrimeField>(meta: &mut ConstraintSystem<F>) -> Self {
        ProgramColumns::Cells {
            opcode: meta.advice_column(),
            argument: meta.advice_column(),
        }
    }
}

/// Where a machine's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputColumn {
    /// To this instance column, on the machine's first row; without a permutation argument. It may be
    /// the column of the arguments, which leaves that row free.
    Instance(Column<Instance>),
    /// Back to the caller, as an assigned cell that it can copy.
    Cell,
}

/// The columns of a machine.
#[derive(Clone, Debug)]
pub struct StackVmConfig {
    params: MachineParams,
    advice: Row<Column<Advice>>,
    index: Column<Fixed>,
    follows: Column<Fixed>,
    program: ProgramColumns,
    output: OutputColumn,
    challenges: Challenges<Challenge>,
}

impl StackVmConfig {
    /// Allocates the machine's columns and creates its gates.
    ///
    /// The circuit becomes one of two phases: `synthesize` runs twice. Equality is enabled on the
    /// columns of a program of cells and, for [`OutputColumn::Cell`], on one more.
    pub fn configure<F: PrimeField>(
        meta: &mut ConstraintSystem<F>,
        params: MachineParams,
        program: ProgramColumns,
        output: OutputColumn,
    ) -> Self {
        let advice = Row::new(params.set, |cell| match cell.phase() {
            Phase::First => meta.advice_column_in(FirstPhase),
            Phase::Second => meta.advice_column_in(SecondPhase),
        });
        let config = StackVmConfig {
            params,
            advice,
            index: meta.fixed_column(),
            follows: meta.fixed_column(),
            program,
            output,
            challenges: Challenges {
                alpha: meta.challenge_usable_after(FirstPhase),
                gamma: meta.challenge_usable_after(FirstPhase),
                beta: meta.challenge_usable_after(FirstPhase),
            },
        };
        if let ProgramColumns::Cells { opcode, argument } = program {
            meta.enable_equality(opcode);
            meta.enable_equality(argument);
        }
        if output == OutputColumn::Cell {
            meta.enable_equality(*config.advice.top());
        }
        for gate in sum::gates(&config.window()) {
            meta.create_gate(gate.name, |_| {
                gate.constraints
                    .into_iter()
                    .map(|constraint| (constraint.name, constraint.polynomial.0))
            });
        }
        config
    }

    /// The size of the machine and its instruction set.
    pub fn params(&self) -> MachineParams {
        self.params
    }

    /// The advice columns, without those of a program of cells.
    pub fn advice(&self) -> &Row<Column<Advice>> {
        &self.advice
    }

    /// The challenges.
    pub fn challenges(&self) -> Challenges<Challenge> {
        self.challenges
    }

    /// Where the program stands.
    pub fn program(&self) -> ProgramColumns {
        self.program
    }

    /// The columns as the gates see them.
    fn window<F: PrimeField>(&self) -> Window<Polynomial<F>> {
        let here = Rotation::cur();
        let next = Rotation::next();
        let at = |rotation: Rotation| {
            move |_, column: &Column<Advice>| Polynomial(column.query_cell(rotation))
        };
        let both = |column: Column<Fixed>| {
            [here, next].map(|rotation| Polynomial(column.query_cell(rotation)))
        };
        let source = match self.program {
            ProgramColumns::Public { opcode, argument } => Source {
                opcode: Polynomial(opcode.query_cell(here)),
                argument: Polynomial(argument.query_cell(next)),
                next_opcode: None,
            },
            ProgramColumns::Cells { opcode, argument } => Source {
                opcode: Polynomial(opcode.query_cell(here)),
                argument: Polynomial(argument.query_cell(here)),
                next_opcode: Some(Polynomial(opcode.query_cell(next))),
            },
        };
        let challenge = |challenge: Challenge| Polynomial::<F>(Expression::Challenge(challenge));
        Window {
            set: self.params.set,
            rows: Polynomial::constant(self.params.rows as u64),
            row: self.advice.map(at(here)),
            next: self.advice.map(at(next)),
            index: both(self.index),
            follows: both(self.follows),
            source,
            output: match self.output {
                OutputColumn::Instance(column) => {
                    OutputBinding::Bound(Polynomial(column.query_cell(here)))
                }
                OutputColumn::Cell => OutputBinding::Open,
            },
            challenges: Challenges {
                alpha: challenge(self.challenges.alpha),
                gamma: challenge(self.challenges.gamma),
                beta: challenge(self.challenges.beta),
            },
        }
    }
}

/// A cell of the circuit and its value: what a chip and an outer circuit hand each other.
///
/// The value is a copy. The fork's own assigned cells point into the prover's columns, and are not to
/// be kept longer than these.
///
/// Its [`Debug`](fmt::Debug) form shows no value, for the outer circuit may keep it private.
#[derive(Clone, Copy)]
pub struct WordCell<F: PrimeField> {
    /// The cell, in a column with equality enabled.
    pub cell: circuit::Cell,
    /// Its value.
    pub value: Value<F>,
}

impl<F: PrimeField> fmt::Debug for WordCell<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordCell")
            .field("cell", &self.cell)
            .finish_non_exhaustive()
    }
}

impl<F: PrimeField> WordCell<F> {
    /// A word that is part of the verifying key: assigns it to a fixed column with equality enabled.
    pub fn fixed(region: &mut Region<'_, F>, column: Column<Fixed>, row: usize, word: F) -> Self {
        WordCell {
            cell: region.assign_fixed(column, row, word),
            value: Value::known(word),
        }
    }

    /// Assigns the word to an advice cell with equality enabled, and constrains the two to be equal.
    pub fn copy_advice(
        &self,
        region: &mut Region<'_, F>,
        column: Column<Advice>,
        offset: usize,
    ) -> Self {
        let copy = region.assign_advice(column, offset, self.value);
        region.constrain_equal(copy.cell(), self.cell);
        WordCell::from(&copy)
    }
}

impl<F: PrimeField> From<&AssignedCell<&Assigned<F>, F>> for WordCell<F> {
    fn from(assigned: &AssignedCell<&Assigned<F>, F>) -> Self {
        WordCell {
            cell: assigned.cell(),
            value: assigned.value().map(|value| value.evaluate()),
        }
    }
}

impl<F: PrimeField> From<&AssignedCell<F, F>> for WordCell<F> {
    fn from(assigned: &AssignedCell<F, F>) -> Self {
        WordCell {
            cell: assigned.cell(),
            value: assigned.value().copied(),
        }
    }
}

/// An instruction that the outer circuit hands over as two cells.
#[derive(Clone, Copy, Debug)]
pub struct InstructionCells<F: PrimeField> {
    /// The opcode, encoded as [`Opcode::encoded`] says; 0 ends the program.
    pub opcode: WordCell<F>,
    /// The argument.
    pub argument: WordCell<F>,
}

/// The advice columns for the opcodes and the arguments of a program of cells, and the program.
type ProgramCells<'a, F> = ([Column<Advice>; 2], &'a [InstructionCells<F>]);

/// Why a machine can't be assigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipError {
    /// The machine would reach beyond the circuit's usable rows.
    #[error("a machine on rows {} to {} does not fit a circuit of {usable} usable rows", rows.start, rows.end - 1)]
    OutOfRange {
        /// The rows of the machine.
        rows: Range<usize>,
        /// The number of usable rows.
        usable: usize,
    },
    /// Another machine of the chip has some of the rows.
    #[error("the machine's rows {} to {} overlap those of another, {} to {}", rows.start, rows.end - 1, other.start, other.end - 1)]
    Overlap {
        /// The rows of the machine.
        rows: Range<usize>,
        /// The rows of the other one.
        other: Range<usize>,
    },
    /// The machine has no rows, so that no constraint would hold on its output.
    #[error(
        "the machine has no rows: give it as many as its longest run has steps, and at least one"
    )]
    NoRows,
    /// The program has more instructions than the machine has rows.
    #[error("the program has {instructions} instructions, but the machine has {rows} rows")]
    ProgramTooLong {
        /// The number of instructions.
        instructions: usize,
        /// The number of steps of the machine.
        rows: usize,
    },
    /// An opcode cell holds no opcode.
    #[error("instruction {instruction}: its opcode cell holds no encoded opcode of 64 bits")]
    NotAnOpcode {
        /// The number of the instruction, from 0.
        instruction: usize,
    },
    /// An instruction follows a `halt`.
    #[error("instruction {instruction} follows a halt")]
    AfterHalt {
        /// The number of the instruction, from 0.
        instruction: usize,
    },
    /// The configuration has no columns for the kind of program that the chip was given.
    #[error("the machine's program is bound {0}")]
    WrongBinding(&'static str),
    /// The configuration sends the output to an instance column.
    #[error("the machine's output is configured as an instance cell, so it is no cell to copy")]
    OutputIsNotACell,
    /// The program fails.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is no witness of the run for this machine.
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

impl ChipError {
    /// The chip's error that halo2's carries, if it carries one.
    pub fn of(error: &Error) -> Option<&ChipError> {
        match error {
            Error::Transcript(error) => error.get_ref()?.downcast_ref(),
            _ => None,
        }
    }
}

impl From<ChipError> for Error {
    /// halo2's one error that carries another. [`ChipError::of`] takes it out again.
    fn from(error: ChipError) -> Self {
        Error::from(std::io::Error::other(error))
    }
}

/// What a circuit can ask of a stack machine.
pub trait StackVmInstructions<F: PrimeField>: Chip<F> {
    /// Runs a program of cells in a machine at row `offset` and returns its output.
    ///
    /// The program is traced in each of the prover's passes, which takes a hundredth of the proof's
    /// time; [`StackVmChip::assign`] takes a witness made once.
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        program: &[InstructionCells<F>],
    ) -> Result<WordCell<F>, Error>;

    /// Runs a public program in a machine at row `offset` and returns its output.
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run_public(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        witness: Value<&Witness<F>>,
    ) -> Result<WordCell<F>, Error>;
}

/// The machine as a chip.
///
/// Make one for each call of `synthesize`: it keeps track of the rows that it has assigned, so that
/// no machine overwrites another (the fork's floor planner would let it). Its clones keep track of them
/// together.
#[derive(Clone, Debug)]
pub struct StackVmChip {
    config: StackVmConfig,
    usable_rows: usize,
    assigned: Rc<RefCell<Vec<Range<usize>>>>,
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
    /// The chip, in a circuit with this many usable rows: `2^k` less those that blind, which
    /// [`usable_rows`] counts. With the number of another circuit, the fork may panic where the chip
    /// would have said that a machine does not fit.
    pub fn new(config: StackVmConfig, usable_rows: usize) -> Self {
        StackVmChip {
            config,
            usable_rows,
            assigned: Rc::default(),
        }
    }

    /// Assigns a machine from row `offset` of a region on, and returns its output, if that is a cell.
    ///
    /// `cells` is the program, where the outer circuit binds it: as many instructions as it likes up
    /// to the machine's rows; what follows them is constrained to be `halt`. For a public program it
    /// is `None`. `witness` is what a prover knows.
    ///
    /// In a prover's first pass (and in key generation) this assigns what the trace gives, in its
    /// second pass what depends on the challenges.
    ///
    /// # Errors
    ///
    /// If the machine would reach beyond the usable rows or onto those of another machine, if the
    /// program is too long or of the other binding, and if the witness is one of another machine.
    pub fn assign<F: PrimeField + Word>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        cells: Option<&[InstructionCells<F>]>,
        witness: Value<&Witness<F>>,
    ) -> Result<Option<WordCell<F>>, ChipError> {
        let MachineParams { rows, set } = self.config.params;
        self.claim(offset)?;
        let mut mismatch = Ok(());
        witness.map(|witness| {
            if witness.set() != set {
                mismatch = Err(WitnessError::WrongSet {
                    run: witness.set(),
                    circuit: set,
                });
            } else if witness.rows() != rows {
                mismatch = Err(WitnessError::WrongSize {
                    witness: witness.rows(),
                    rows,
                });
            }
        });
        mismatch?;
        let challenges = self.challenges(region);
        let mut second_pass = false;
        challenges.as_ref().map(|_| second_pass = true);

        let filled = match self.config.output {
            OutputColumn::Cell => witness.zip(challenges).map(|(witness, challenges)| {
                let mut witness = witness.clone();
                witness.fill(&challenges, None);
                witness
            }),
            OutputColumn::Instance(_) => witness.zip(challenges).map(|(witness, challenges)| {
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
        let mut columns = source.map(|witness| witness.columns().cells().map(|(_, v)| v));
        // The caller needs the output cell in both passes.
        let mut output = second_pass.then(|| {
            let top = witness.map(|witness| witness.columns().top().last().copied());
            let top = top.map(|word| word.unwrap_or(F::ZERO));
            WordCell::from(&region.assign_advice(*self.config.advice.top(), offset + rows, top))
        });
        for (cell, column) in self.config.advice.cells() {
            let values = columns.as_mut().map(|columns| columns.next());
            if cell.phase() != phase {
                continue;
            }
            // On the final row there is no step.
            let own_rows = if cell.is_of_step() { rows } else { rows + 1 };
            for row in 0..own_rows {
                let value = values.map(|values| values.and_then(|values| values.get(row)));
                let value = value.map(|value| value.copied().unwrap_or(F::ZERO));
                let assigned = region.assign_advice(*column, offset + row, value);
                if cell == Cell::Word(0) && row == rows {
                    output = Some(WordCell::from(&assigned));
                }
            }
        }
        if !second_pass {
            self.assign_fixed(region, offset);
        }
        self.assign_program(region, offset, cells, second_pass)?;
        Ok(output.filter(|_| self.config.output == OutputColumn::Cell))
    }

    /// Notes that a machine at `offset` has its rows.
    fn claim(&self, offset: usize) -> Result<(), ChipError> {
        if self.config.params.rows == 0 {
            return Err(ChipError::NoRows);
        }
        let end = offset
            .saturating_add(self.config.params.rows)
            .saturating_add(1);
        let rows = offset..end;
        if end > self.usable_rows {
            return Err(ChipError::OutOfRange {
                rows,
                usable: self.usable_rows,
            });
        }
        let mut assigned = self.assigned.borrow_mut();
        if let Some(other) = assigned
            .iter()
            .find(|other| other.start < rows.end && rows.start < other.end)
        {
            return Err(ChipError::Overlap {
                rows,
                other: other.clone(),
            });
        }
        assigned.push(rows);
        Ok(())
    }

    fn challenges<F: PrimeField>(&self, region: &Region<'_, F>) -> Value<Challenges<F>> {
        let Challenges { alpha, gamma, beta } = self.config.challenges;
        region
            .get_challenge(alpha)
            .zip(region.get_challenge(gamma))
            .zip(region.get_challenge(beta))
            .map(|((alpha, gamma), beta)| Challenges { alpha, gamma, beta })
    }

    fn assign_fixed<F: PrimeField>(&self, region: &mut Region<'_, F>, offset: usize) {
        for row in 0..=self.config.params.rows {
            region.assign_fixed(self.config.index, offset + row, F::from(row as u64));
            let follows = F::from(u64::from(row > 0));
            region.assign_fixed(self.config.follows, offset + row, follows);
        }
    }

    /// The columns and the cells of a program of cells, `None` for a public one.
    fn program_cells<'a, F: PrimeField>(
        &self,
        cells: Option<&'a [InstructionCells<F>]>,
    ) -> Result<Option<ProgramCells<'a, F>>, ChipError> {
        let rows = self.config.params.rows;
        match (self.config.program, cells) {
            (ProgramColumns::Public { .. }, None) => Ok(None),
            (ProgramColumns::Cells { .. }, Some(cells)) if cells.len() > rows => {
                Err(ChipError::ProgramTooLong {
                    instructions: cells.len(),
                    rows,
                })
            }
            (ProgramColumns::Cells { opcode, argument }, Some(cells)) => {
                Ok(Some(([opcode, argument], cells)))
            }
            (ProgramColumns::Public { .. }, Some(_)) => {
                Err(ChipError::WrongBinding("publicly, not by cells"))
            }
            (ProgramColumns::Cells { .. }, None) => {
                Err(ChipError::WrongBinding("by cells, not publicly"))
            }
        }
    }

    fn assign_program<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        cells: Option<&[InstructionCells<F>]>,
        second_pass: bool,
    ) -> Result<(), ChipError> {
        let rows = self.config.params.rows;
        let Some((columns, cells)) = self.program_cells(cells)? else {
            return Ok(());
        };
        if second_pass {
            return Ok(());
        }
        let [opcode, argument] = columns;
        for (row, instruction) in cells.iter().enumerate() {
            let InstructionCells {
                opcode: code,
                argument: word,
            } = instruction;
            code.copy_advice(region, opcode, offset + row);
            word.copy_advice(region, argument, offset + row);
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
        Ok(())
    }
}

/// The rows that a circuit of `2^k` rows may assign, once all its columns and gates are configured.
pub fn usable_rows<F: PrimeField>(k: u32, meta: &ConstraintSystem<F>) -> usize {
    (1usize << k).saturating_sub(meta.blinding_factors() + 1)
}

/// The program that cells hold: the instructions before the first `halt`.
///
/// # Errors
///
/// If an opcode cell holds no opcode, or an instruction follows a `halt`.
fn decode<F: Word>(cells: &[(F, F)]) -> Result<Program<F>, ChipError> {
    let mut program = vec![];
    let mut halted = false;
    for (instruction, (opcode, argument)) in cells.iter().enumerate() {
        let encoded = opcode
            .to_u64()
            .ok_or(ChipError::NotAnOpcode { instruction })?;
        match encoded.checked_sub(1) {
            None => halted = true,
            Some(_) if halted => return Err(ChipError::AfterHalt { instruction }),
            Some(code) => program.push(Instruction {
                opcode: code,
                argument: *argument,
            }),
        }
    }
    Ok(Program::from(program))
}

impl<F: PrimeField + Word> StackVmInstructions<F> for StackVmChip {
    fn run(
        &self,
        mut layouter: impl Layouter<F>,
        offset: usize,
        program: &[InstructionCells<F>],
    ) -> Result<WordCell<F>, Error> {
        // Said before the program is run, so that keys and proofs fail alike.
        self.program_cells(Some(program))?;
        let values: Value<Vec<_>> = program
            .iter()
            .map(|cells| cells.opcode.value.zip(cells.argument.value))
            .collect();
        let MachineParams { rows, set } = self.config.params;
        let mut failure = None;
        let witness = values.map(|values| {
            let witness = decode(&values).and_then(|program| {
                let trace = Trace::new(&program, None, set)?;
                Ok(Witness::new(&trace, rows)?)
            });
            witness.map_err(|error| failure = Some(error)).ok()
        });
        if let Some(error) = failure {
            return Err(error.into());
        }
        // Without a failure there is a witness wherever the program is known.
        let witness = witness.and_then(|witness| witness.map_or(Value::unknown(), Value::known));
        layouter.assign_region(
            || "stack machine",
            |mut region| {
                let output = self.assign(&mut region, offset, Some(program), witness.as_ref())?;
                Ok(output.ok_or(ChipError::OutputIsNotACell)?)
            },
        )
    }

    fn run_public(
        &self,
        mut layouter: impl Layouter<F>,
        offset: usize,
        witness: Value<&Witness<F>>,
    ) -> Result<WordCell<F>, Error> {
        layouter.assign_region(
            || "stack machine",
            |mut region| {
                let output = self.assign(&mut region, offset, None, witness)?;
                Ok(output.ok_or(ChipError::OutputIsNotACell)?)
            },
        )
    }
}
