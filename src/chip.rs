//! [`StackVmChip`]: the machine as a chip for any halo2 circuit.
//!
//! The chip assigns one machine at an offset of a region that the caller hands it. Its program comes
//! from one of three sources ([`ProgramColumns`]): instance columns, which the gates read directly, cells of
//! the outer circuit, copied into two advice columns, or fixed columns. Its output goes to an instance cell or
//! back to the caller as a cell ([`OutputColumn`]). Its public tape, if its set has one, stands in an instance
//! column or in cells ([`TapeColumn`]).

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use ff::PrimeField;
use halo2_proofs::circuit::{self, AssignedCell, Chip, Layouter, Region, Value};
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Challenge, Column, ConstraintSystem, Error, Expression, FirstPhase,
    Fixed, Instance, SecondPhase,
};
use halo2_proofs::poly::Rotation;

use crate::algebra::{Algebra, Word};
use crate::fork::Polynomial;
use crate::frame::{Challenges, OutputBinding, Source, Window};
use crate::isa::{InstructionSet, Opcode};
use crate::program::{Instruction, Program};
use crate::row::{Cell, Phase, Row, Shape};
use crate::sum;
use crate::vm::{Inputs, Job, RunError};
use crate::wiring::Wiring;
use crate::witness::{Witness, WitnessError, tape_column};

/// The size of a machine and the instructions that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MachineParams {
    /// The number of steps, those that unwind the stack included; at least one. The machine occupies
    /// one row more.
    pub rows: usize,
    /// The instruction set.
    pub set: InstructionSet,
}

/// A machine has no room for a program or a public tape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The program has more instructions than there is room for.
    #[error("the program has {instructions} instructions, but the circuit has room for {room}")]
    Program {
        /// The number of instructions.
        instructions: usize,
        /// [`MachineParams::program_rows`].
        room: usize,
    },
    /// The public tape has more words than the machine has steps.
    #[error("the public tape has {words} words, but the circuit has room for {room}")]
    Tape {
        /// The number of words.
        words: usize,
        /// [`MachineParams::tape_rows`].
        room: usize,
    },
    /// There are words on a tape that the machine has not.
    #[error("there are {words} words on the public tape, but the instruction set has no tape")]
    NoTape {
        /// The number of words.
        words: usize,
    },
}

impl MachineParams {
    /// The most instructions of a program.
    ///
    /// With control flow, the halt after the program has a row of its own.
    pub fn program_rows(&self) -> usize {
        self.rows
            .saturating_sub(usize::from(self.set.has_control()))
    }

    /// The most words of a public tape.
    pub fn tape_rows(&self) -> usize {
        if self.set.has_tape() { self.rows } else { 0 }
    }

    /// Checks that there is room for a program of so many instructions.
    ///
    /// # Errors
    ///
    /// [`LengthError::Program`]
    pub fn check_program(&self, instructions: usize) -> Result<(), LengthError> {
        let room = self.program_rows();
        match instructions > room {
            true => Err(LengthError::Program { instructions, room }),
            false => Ok(()),
        }
    }

    /// Checks that there is room for a public tape of so many words.
    ///
    /// # Errors
    ///
    /// [`LengthError::Tape`] or [`LengthError::NoTape`].
    pub fn check_tape(&self, words: usize) -> Result<(), LengthError> {
        let room = self.tape_rows();
        match words > room {
            true if !self.set.has_tape() => Err(LengthError::NoTape { words }),
            true => Err(LengthError::Tape { words, room }),
            false => Ok(()),
        }
    }

    /// What the verifier of a machine with [`ProgramColumns::Public`] states of a program: the opcodes, from
    /// the machine's first row on, and the arguments, from its second row on. The rest of the machine's rows
    /// is zeros.
    ///
    /// # Errors
    ///
    /// [`LengthError::Program`]: of a program that is too long, the machine would only see its beginning.
    pub fn program_columns<F: Word>(
        &self,
        program: &Program<F>,
    ) -> Result<[Vec<F>; 2], LengthError> {
        self.check_program(program.len())?;
        let (opcodes, arguments) = program.stated(self.set).into_iter().unzip();
        Ok([opcodes, arguments])
    }

    /// What the verifier of a machine with [`TapeColumn::Instance`] states of a public tape, from the machine's
    /// first row on: its words and a 1; nothing, if the set has no tape. The rest of the machine's rows is
    /// zeros.
    ///
    /// # Errors
    ///
    /// [`LengthError`]: of a tape that is too long, the machine would only see its beginning.
    pub fn tape_column<F: Word>(&self, tape: &[F]) -> Result<Option<Vec<F>>, LengthError> {
        self.check_tape(tape.len())?;
        Ok(self.set.has_tape().then(|| tape_column(tape)))
    }
}

/// Where a machine's program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramColumns {
    /// The verifier states it: in instance columns that the gates read directly, on the machine's own
    /// rows. Instruction i of a machine at offset o stands in `opcode` on row o + i and in `argument`
    /// on row o + i + 1.
    ///
    /// The machine reads no further than its own rows: whoever makes the columns makes sure that there is
    /// room for the program, as [`MachineParams::program_columns`] does.
    Public {
        /// Encoded opcodes.
        opcode: Column<Instance>,
        /// Arguments.
        argument: Column<Instance>,
    },
    /// The outer circuit binds it: in advice columns of the first phase into which the chip copies the outer
    /// circuit's cells.
    Cells {
        /// Encoded opcodes.
        opcode: Column<Advice>,
        /// Arguments.
        argument: Column<Advice>,
    },
    /// The key holds it: in fixed columns.
    Fixed {
        /// Opcodes, where the set has control flow. A straight line is [wired](Shape::wired) instead.
        opcode: Option<Column<Fixed>>,
        /// Arguments.
        argument: Column<Fixed>,
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

    /// New fixed columns, as many as a set asks for.
    pub fn fixed<F: PrimeField>(meta: &mut ConstraintSystem<F>, set: InstructionSet) -> Self {
        ProgramColumns::Fixed {
            opcode: set.has_control().then(|| meta.fixed_column()),
            argument: meta.fixed_column(),
        }
    }

    /// The shape of a machine with such a program.
    pub fn shape(self, set: InstructionSet) -> Shape {
        match self {
            ProgramColumns::Public { .. } | ProgramColumns::Cells { .. } => set.into(),
            ProgramColumns::Fixed { .. } => Shape::fixed(set),
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

/// Where the public tape stands: the words that are read and written, in order, and a 1 after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapeColumn {
    /// The verifier states it: in an instance column that the gates read directly, on the machine's own
    /// rows. Word i of a machine at offset o stands on row o + i, and the 1 after the last word.
    ///
    /// The machine reads no further than its own rows: whoever makes the column makes sure that there is
    /// room for the tape, as [`MachineParams::tape_column`] does.
    Instance(Column<Instance>),
    /// The outer circuit binds it: in an advice column of the first phase into which the chip copies the outer
    /// circuit's cells.
    Cells(Column<Advice>),
}

/// The columns of a machine.
#[derive(Clone, Debug)]
pub struct StackVmConfig {
    params: MachineParams,
    shape: Shape,
    columns: Row<Column<Any>>,
    index: Column<Fixed>,
    follows: Column<Fixed>,
    program: ProgramColumns,
    output: OutputColumn,
    tape: Option<TapeColumn>,
    challenges: Challenges<Challenge>,
}

impl StackVmConfig {
    /// Allocates the machine's columns and creates its gates.
    ///
    /// The circuit becomes one of two phases: `synthesize` runs twice. Equality is enabled on the
    /// columns of a program of cells and of a tape of cells, for [`OutputColumn::Cell`] on one more, and on a
    /// fixed column where the chip has to end a tape or, with control flow, a program.
    ///
    /// `tape` is for a set that uses the public tape; `None` is a new column of cells then. For other sets it
    /// is ignored.
    pub fn configure<F: PrimeField>(
        meta: &mut ConstraintSystem<F>,
        params: MachineParams,
        program: ProgramColumns,
        output: OutputColumn,
        tape: Option<TapeColumn>,
    ) -> Self {
        let shape = program.shape(params.set);
        let columns = Row::new(shape, |cell| -> Column<Any> {
            if shape.wired && cell.is_wired() {
                return meta.fixed_column().into();
            }
            match cell.phase() {
                Phase::First => meta.advice_column_in(FirstPhase).into(),
                Phase::Second => meta.advice_column_in(SecondPhase).into(),
            }
        });
        let index = meta.fixed_column();
        let follows = meta.fixed_column();
        let [alpha, gamma, beta] = [(); 3].map(|()| meta.challenge_usable_after(FirstPhase));
        let mut challenge_if = |has: bool| match has {
            true => meta.challenge_usable_after(FirstPhase),
            // No gate reads it.
            false => alpha,
        };
        let challenges = Challenges {
            alpha,
            gamma,
            beta,
            delta: challenge_if(shape.fetches()),
            rho: challenge_if(shape.set.has_tape()),
        };
        let tape = shape
            .set
            .has_tape()
            .then(|| tape.unwrap_or_else(|| TapeColumn::Cells(meta.advice_column_in(FirstPhase))));
        let config = StackVmConfig {
            params,
            shape,
            columns,
            index,
            follows,
            program,
            output,
            tape,
            challenges,
        };
        if let ProgramColumns::Cells { opcode, argument } = program {
            meta.enable_equality(opcode);
            meta.enable_equality(argument);
            if shape.fetches() {
                meta.enable_equality(index);
            }
        }
        if let Some(TapeColumn::Cells(tape)) = tape {
            meta.enable_equality(tape);
            meta.enable_equality(index);
        }
        if output == OutputColumn::Cell {
            meta.enable_equality(*config.columns.top());
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

    /// The instruction set, and whether the machine is wired.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The columns, without those of the program and the tape. All are advice columns, but those that are
    /// [wired](Cell::is_wired) in a machine that is.
    pub fn columns(&self) -> &Row<Column<Any>> {
        &self.columns
    }

    /// Where the public tape stands, if the set has one.
    pub fn tape(&self) -> Option<TapeColumn> {
        self.tape
    }

    /// The challenges.
    pub fn challenges(&self) -> Challenges<Challenge> {
        self.challenges
    }

    /// The values of the challenges, once they are drawn.
    pub fn challenge_values<F: PrimeField>(&self, region: &Region<'_, F>) -> Value<Challenges<F>> {
        let Challenges {
            alpha,
            gamma,
            beta,
            delta,
            rho,
        } = self.challenges.map(|own| region.get_challenge(own));
        let values = alpha.zip(gamma).zip(beta).zip(delta).zip(rho);
        values.map(|((((alpha, gamma), beta), delta), rho)| Challenges {
            alpha,
            gamma,
            beta,
            delta,
            rho,
        })
    }

    /// Where the program stands.
    pub fn program(&self) -> ProgramColumns {
        self.program
    }

    /// That all that a machine is bound to is committed to before its challenges are drawn.
    fn check_phases(&self) -> Result<(), ChipError> {
        let first = |column: Column<Advice>| column.column_type().phase() == 0;
        match self.program {
            ProgramColumns::Cells { opcode, argument } if !(first(opcode) && first(argument)) => {
                return Err(ChipError::LaterPhase("program"));
            }
            _ => {}
        }
        match self.tape {
            Some(TapeColumn::Cells(tape)) if !first(tape) => Err(ChipError::LaterPhase("tape")),
            _ => Ok(()),
        }
    }

    /// The columns as the gates see them.
    fn window<F: PrimeField>(&self) -> Window<Polynomial<F>> {
        let here = Rotation::cur();
        let next = Rotation::next();
        let at = |rotation: Rotation| {
            move |_, column: &Column<Any>| Polynomial(column.query_cell(rotation))
        };
        let both = |column: Column<Fixed>| {
            [here, next].map(|rotation| Polynomial(column.query_cell(rotation)))
        };
        // A straight line's arguments stand a row below, where they are stated.
        let (opcode, argument) = match self.program {
            ProgramColumns::Public { opcode, argument } => {
                (Some(opcode.into()), argument.query_cell(next))
            }
            ProgramColumns::Cells { opcode, argument } => {
                (Some(opcode.into()), argument.query_cell(here))
            }
            ProgramColumns::Fixed { opcode, argument } => {
                (opcode.map(Column::<Any>::from), argument.query_cell(here))
            }
        };
        let argument = Polynomial(argument);
        let source = match opcode {
            None => Source::Wired { argument },
            Some(opcode) if self.shape.fetches() => Source::Listed {
                opcode: Polynomial(opcode.query_cell(here)),
                argument,
            },
            Some(opcode) => Source::Given {
                opcode: Polynomial(opcode.query_cell(here)),
                argument,
                next_opcode: match self.program {
                    ProgramColumns::Cells { .. } => Some(Polynomial(opcode.query_cell(next))),
                    ProgramColumns::Public { .. } | ProgramColumns::Fixed { .. } => None,
                },
            },
        };
        let challenge = |challenge: Challenge| Polynomial::<F>(Expression::Challenge(challenge));
        Window {
            shape: self.shape,
            rows: Polynomial::constant(self.params.rows as u64),
            row: self.columns.map(at(here)),
            next: self.columns.map(at(next)),
            index: both(self.index),
            follows: both(self.follows),
            source,
            tape: self.tape.map(|tape| match tape {
                TapeColumn::Instance(column) => Polynomial(column.query_cell(here)),
                TapeColumn::Cells(column) => Polynomial(column.query_cell(here)),
            }),
            output: match self.output {
                OutputColumn::Instance(column) => {
                    OutputBinding::Bound(Polynomial(column.query_cell(here)))
                }
                OutputColumn::Cell => OutputBinding::Open,
            },
            challenges: self.challenges.map(challenge),
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
    /// The opcode, as [`InstructionSet::stated`] says.
    pub opcode: WordCell<F>,
    /// The argument.
    pub argument: WordCell<F>,
}

/// What an outer circuit says that a machine executes.
#[derive(Clone, Copy, Debug)]
pub enum ProgramInput<'a, F: PrimeField> {
    /// What the instance columns state.
    Public,
    /// The outer circuit's cells: as many instructions as it likes up to the machine's rows. The chip
    /// constrains what follows them: without control flow that is `halt`; with control flow it is one `halt`,
    /// and then nothing that could be executed.
    Cells(&'a [InstructionCells<F>]),
    /// The outer circuit's cells, one instruction for each of the machine's steps: what follows the program
    /// included, and stated as [`Program::stated`] does.
    Listing(&'a [InstructionCells<F>]),
    /// A program for the key.
    Fixed(&'a Program<F>),
}

/// What an outer circuit binds a machine to.
#[derive(Clone, Copy, Debug)]
pub struct MachineInput<'a, F: PrimeField> {
    /// The program.
    pub program: ProgramInput<'a, F>,
    /// The words of the public tape, where it is one of cells: all that is read and written, in order.
    pub tape: &'a [WordCell<F>],
}

impl<'a, F: PrimeField> From<ProgramInput<'a, F>> for MachineInput<'a, F> {
    /// A program without a tape, or with one that the verifier states.
    fn from(program: ProgramInput<'a, F>) -> Self {
        MachineInput { program, tape: &[] }
    }
}

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
    /// There is no room for the program or for the tape.
    #[error(transparent)]
    Length(#[from] LengthError),
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
    /// The configuration has no columns for the kind of program or tape that the chip was given.
    #[error("the machine's {0}")]
    WrongBinding(&'static str),
    /// Columns of a program or a tape are assigned after challenges, by which the machine would have to be
    /// bound to what is in them.
    #[error(
        "the machine's {0} is in columns of a later phase, and so it could be chosen after the challenges: \
         give it columns of the first phase"
    )]
    LaterPhase(&'static str),
    /// There is no key of a machine with this program.
    #[error("the program can't be fixed in a key: {0}")]
    Wiring(RunError),
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
    ) -> Result<WordCell<F>, Error> {
        self.run_with(layouter, offset, program, &[], Value::known(&[]))
    }

    /// The same with a public tape, all of whose words the outer circuit has as cells, those that are read
    /// and those that are written; and with the words of the private one.
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run_with(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        program: &[InstructionCells<F>],
        tape: &[WordCell<F>],
        secrets: Value<&[F]>,
    ) -> Result<WordCell<F>, Error>;

    /// Runs a program in a machine at row `offset`, of which a witness was made, and returns its output.
    ///
    /// # Errors
    ///
    /// [`ChipError`], as halo2's error.
    fn run_witness(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        input: MachineInput<'_, F>,
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
    /// `input` is what the outer circuit binds the machine to, `witness` what a prover knows.
    ///
    /// In a prover's first pass (and in key generation) this assigns what the trace gives, in its
    /// second pass what depends on the challenges.
    ///
    /// # Errors
    ///
    /// If the machine would reach beyond the usable rows or onto those of another machine, if the
    /// program or the tape is too long, of another binding or in columns of a later phase, if a fixed
    /// program would fail whatever it is given, and if the witness is one of another machine.
    pub fn assign<'i, F: PrimeField + Word>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        input: impl Into<MachineInput<'i, F>>,
        witness: Value<&Witness<F>>,
    ) -> Result<Option<WordCell<F>>, ChipError> {
        let MachineParams { rows, set } = self.config.params;
        let MachineInput { program, tape } = input.into();
        self.config.check_phases()?;
        self.claim(offset)?;
        let mut mismatch = Ok(());
        witness.map(|witness| {
            if witness.shape().set != set {
                mismatch = Err(WitnessError::WrongSet {
                    run: witness.shape().set,
                    circuit: set,
                });
            } else if witness.shape() != self.config.shape {
                mismatch = Err(WitnessError::WrongShape);
            } else if witness.rows() != rows {
                mismatch = Err(WitnessError::WrongSize {
                    witness: witness.rows(),
                    rows,
                });
            }
        });
        mismatch?;
        let challenges = self.config.challenge_values(region);
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
        let advice = |column: Column<Any>| Column::<Advice>::try_from(column).ok();
        let mut output = None;
        for (cell, column) in self.config.columns.cells() {
            let values = columns.as_mut().map(|columns| columns.next());
            // What is wired is assigned with the program.
            let Some(column) = advice(*column) else {
                continue;
            };
            if second_pass && cell == Cell::Word(0) {
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
            let own_rows = if cell.is_of_step() { rows } else { rows + 1 };
            for row in 0..own_rows {
                let value = values.map(|values| values.and_then(|values| values.get(row)));
                let value = value.map(|value| value.copied().unwrap_or(F::ZERO));
                let assigned = region.assign_advice(column, offset + row, value);
                if cell == Cell::Word(0) && row == rows {
                    output = Some(WordCell::from(&assigned));
                }
            }
        }
        self.check_input(program, tape)?;
        if !second_pass {
            let fixed = self.assign_fixed(region, offset);
            self.assign_program(region, offset, program, fixed)?;
            self.assign_tape(region, offset, tape, fixed);
        }
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

    /// The machine's own fixed columns, and their cells that hold 0 and 1.
    fn assign_fixed<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
    ) -> [circuit::Cell; 2] {
        let mut bits = vec![];
        for row in 0..=self.config.params.rows {
            let index = region.assign_fixed(self.config.index, offset + row, F::from(row as u64));
            if row < 2 {
                bits.push(index);
            }
            let follows = F::from(u64::from(row > 0));
            region.assign_fixed(self.config.follows, offset + row, follows);
        }
        // A machine has two rows at least.
        [bits[0], bits[1]]
    }

    /// That a program and a tape are bound as the configuration says, and fit.
    fn check_input<F: PrimeField>(
        &self,
        program: ProgramInput<'_, F>,
        tape: &[WordCell<F>],
    ) -> Result<(), ChipError> {
        let params = self.config.params;
        let instructions = match (self.config.program, program) {
            (ProgramColumns::Public { .. }, ProgramInput::Public) => 0,
            (ProgramColumns::Cells { .. }, ProgramInput::Listing(cells)) => match cells.len()
                == params.rows
            {
                true => 0,
                false => return Err(ChipError::WrongBinding("listing has an instruction a step")),
            },
            (ProgramColumns::Cells { .. }, ProgramInput::Cells(cells)) => cells.len(),
            (ProgramColumns::Fixed { .. }, ProgramInput::Fixed(program)) => program.len(),
            (ProgramColumns::Public { .. }, _) => {
                return Err(ChipError::WrongBinding("program is bound publicly"));
            }
            (ProgramColumns::Cells { .. }, _) => {
                return Err(ChipError::WrongBinding("program is bound by cells"));
            }
            (ProgramColumns::Fixed { .. }, _) => {
                return Err(ChipError::WrongBinding("program is bound by the key"));
            }
        };
        params.check_program(instructions)?;
        match self.config.tape {
            Some(TapeColumn::Cells(_)) => Ok(params.check_tape(tape.len())?),
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
        let MachineParams { rows, set } = self.config.params;
        match (self.config.program, program) {
            (
                ProgramColumns::Cells { opcode, argument },
                ProgramInput::Cells(cells) | ProgramInput::Listing(cells),
            ) => {
                self.copy_program(region, offset, [opcode, argument], cells, fixed);
            }
            (ProgramColumns::Fixed { opcode, argument }, ProgramInput::Fixed(program)) => {
                for (row, (code, word)) in program.stated(set).into_iter().enumerate() {
                    if let Some(opcode) = opcode {
                        region.assign_fixed(opcode, offset + row, code);
                    }
                    region.assign_fixed(argument, offset + row, word);
                }
                if self.config.shape.wired {
                    let wiring = Wiring::new(program, set, rows).map_err(ChipError::Wiring)?;
                    region.assign_fixed(argument, offset + rows, F::from(wiring.nonempty()));
                    self.assign_wiring(region, offset, &wiring);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn assign_wiring<F: PrimeField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
        wiring: &Wiring,
    ) {
        for (cell, column) in self.config.columns.cells() {
            let Ok(column) = Column::<Fixed>::try_from(*column) else {
                continue;
            };
            for row in 0..=self.config.params.rows {
                let value = match cell {
                    Cell::Flag(opcode) => {
                        let executed = wiring.executed(row);
                        let flag = executed.map(|own| self.config.shape.flag_of(own));
                        u64::from(flag == Some(opcode))
                    }
                    _ => wiring.link(row),
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
        let rows = self.config.params.rows;
        for (row, instruction) in cells.iter().enumerate() {
            let InstructionCells {
                opcode: code,
                argument: word,
            } = instruction;
            code.copy_advice(region, opcode, offset + row);
            word.copy_advice(region, argument, offset + row);
        }
        if self.config.shape.fetches() {
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
        for row in 0..=self.config.params.rows {
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

/// The rows that a circuit of `2^k` rows may assign, once all its columns and gates are configured.
pub fn usable_rows<F: PrimeField>(k: u32, meta: &ConstraintSystem<F>) -> usize {
    (1usize << k).saturating_sub(meta.blinding_factors() + 1)
}

/// The program that cells hold: the instructions before the first `halt`, or with control flow all of them.
///
/// # Errors
///
/// If an opcode cell holds no opcode, or without control flow an instruction follows a `halt`.
fn decode<F: Word>(cells: &[(F, F)], set: InstructionSet) -> Result<Program<F>, ChipError> {
    let mut program = vec![];
    let mut halted = false;
    for (instruction, (opcode, argument)) in cells.iter().enumerate() {
        let stated = opcode
            .to_u64()
            .ok_or(ChipError::NotAnOpcode { instruction })?;
        let halt = set.stated(Opcode::Halt);
        let Some(past_halt) = stated.checked_sub(halt) else {
            // With control flow, 0 is what no row executes.
            return Err(ChipError::NotAnOpcode { instruction });
        };
        match past_halt.checked_sub(1) {
            None if set.has_control() => program.push(Instruction::new(Opcode::Halt, *argument)),
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
    fn run_with(
        &self,
        layouter: impl Layouter<F>,
        offset: usize,
        program: &[InstructionCells<F>],
        tape: &[WordCell<F>],
        secrets: Value<&[F]>,
    ) -> Result<WordCell<F>, Error> {
        let input = MachineInput {
            program: ProgramInput::Cells(program),
            tape,
        };
        // Said before the program is run, so that keys and proofs fail alike.
        self.check_input(input.program, tape)?;
        let values: Value<Vec<_>> = program
            .iter()
            .map(|cells| cells.opcode.value.zip(cells.argument.value))
            .collect();
        let words: Value<Vec<F>> = tape.iter().map(|cell| cell.value).collect();
        let MachineParams { rows, set } = self.config.params;
        let mut failure = None;
        let witness = values
            .zip(words)
            .zip(secrets)
            .map(|((values, words), secrets)| {
                let witness = decode(&values, set).and_then(|program| {
                    let inputs = Inputs {
                        public: words,
                        secret: secrets.to_vec(),
                    };
                    let job = Job::new(&program, set, &inputs).whole_tape();
                    Ok(Witness::new(&job.trace()?, rows)?)
                });
                witness.map_err(|error| failure = Some(error)).ok()
            });
        if let Some(error) = failure {
            return Err(error.into());
        }
        // Without a failure there is a witness wherever the program is known.
        let witness = witness.and_then(|witness| witness.map_or(Value::unknown(), Value::known));
        self.run_witness(layouter, offset, input, witness.as_ref())
    }

    fn run_witness(
        &self,
        mut layouter: impl Layouter<F>,
        offset: usize,
        input: MachineInput<'_, F>,
        witness: Value<&Witness<F>>,
    ) -> Result<WordCell<F>, Error> {
        layouter.assign_region(
            || "stack machine",
            |mut region| {
                let output = self.assign(&mut region, offset, input, witness)?;
                Ok(output.ok_or(ChipError::OutputIsNotACell)?)
            },
        )
    }
}
