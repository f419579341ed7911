//! [`StackVmConfig`]: the columns of a machine, and its gates.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use ff::PrimeField;
use halo2_proofs::circuit::{Region, Value};
use halo2_proofs::plonk::{
    Advice, Any, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, Instance,
    SecondPhase,
};
use halo2_proofs::poly::Rotation;

use super::expression::Polynomial;
use super::{ChipError, OutputBinding, ProgramBinding, TapeBinding};
use crate::algebra::{Algebra, Word};
use crate::isa::InstructionSet;
use crate::machine::hash::{self, Rules};
use crate::machine::words::table_entries;
use crate::machine::{
    Challenges, Columns, MachineParams, Output, Phase, Reader, Shape, Window, gates,
};

/// The columns of a machine's program, as many as its shape asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProgramColumns {
    /// The verifier states it.
    Public {
        opcode: Column<Instance>,
        argument: Column<Instance>,
    },
    /// Cells are copied into it.
    Cells {
        opcode: Column<Advice>,
        argument: Column<Advice>,
    },
    /// A listing in the key, where instructions are looked up.
    Listed {
        opcode: Column<Fixed>,
        argument: Column<Fixed>,
    },
    /// The arguments of a straight line in the key; what each row executes stands in the flags.
    Scheduled { argument: Column<Fixed> },
}

impl ProgramColumns {
    fn new<F: PrimeField>(
        meta: &mut ConstraintSystem<F>,
        binding: ProgramBinding,
        set: InstructionSet,
    ) -> Self {
        match binding {
            ProgramBinding::Public { opcode, argument } => {
                ProgramColumns::Public { opcode, argument }
            }
            ProgramBinding::Cells => ProgramColumns::Cells {
                opcode: meta.advice_column_in(FirstPhase),
                argument: meta.advice_column_in(FirstPhase),
            },
            ProgramBinding::Fixed if Shape::fixed(set).straight => ProgramColumns::Scheduled {
                argument: meta.fixed_column(),
            },
            ProgramBinding::Fixed => ProgramColumns::Listed {
                opcode: meta.fixed_column(),
                argument: meta.fixed_column(),
            },
        }
    }
}

/// The column of a public tape.
#[derive(Clone, Copy, Debug)]
pub(super) enum TapeColumn {
    /// The verifier states it.
    Instance(Column<Instance>),
    /// Cells are copied into it.
    Cells(Column<Advice>),
}

/// The columns of a machine.
///
/// Its clones are the same columns, and keep track together of the rows that machines have in them.
#[derive(Clone, Debug)]
pub struct StackVmConfig {
    params: MachineParams,
    shape: Shape,
    columns: Columns<Column<Any>>,
    pub(super) index: Column<Fixed>,
    pub(super) follows: Column<Fixed>,
    pub(super) program: ProgramColumns,
    output: OutputBinding,
    pub(super) tape: Option<TapeColumn>,
    /// Which row of a permutation a row is, if the set has hashes: in as many columns as a permutation has rows.
    pub(super) at: Vec<Column<Fixed>>,
    /// The table of limbs, if the set has words of 32 or 64 bits, in as many columns as it has entries.
    pub(super) table: Vec<Column<Fixed>>,
    challenges: Challenges<Challenge>,
    /// The rows of the machines that were assigned in the pass before the challenges.
    assigned: Arc<Mutex<Vec<Range<usize>>>>,
}

impl StackVmConfig {
    /// Allocates the machine's columns and creates its gates.
    ///
    /// The circuit becomes one of two phases: `synthesize` runs twice. Equality is enabled on the
    /// columns of a program of cells and of a tape of cells, for [`OutputBinding::Cell`] on one more, and on a
    /// fixed column where the chip has to end a tape or, with control flow, a program.
    ///
    /// `tape` is of no effect for a set that does not use the public tape.
    pub fn configure<F: PrimeField + Word>(
        meta: &mut ConstraintSystem<F>,
        params: MachineParams,
        program: ProgramBinding,
        output: OutputBinding,
        tape: TapeBinding,
    ) -> Self {
        let shape = program.shape(params.set).of_rows(params.rows);
        let program = ProgramColumns::new(meta, program, params.set);
        let columns = Columns::new(shape, |cell| -> Column<Any> {
            if shape.straight && cell.is_scheduled() {
                return meta.fixed_column().into();
            }
            match cell.phase() {
                Phase::First => meta.advice_column_in(FirstPhase).into(),
                Phase::Second => meta.advice_column_in(SecondPhase).into(),
            }
        });
        let index = meta.fixed_column();
        let follows = meta.fixed_column();
        let table = (0..table_entries(shape))
            .map(|_| meta.fixed_column())
            .collect();
        let at = match shape.set.hashes() {
            true => (0..hash::ROWS).map(|_| meta.fixed_column()).collect(),
            false => vec![],
        };
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
            epsilon: challenge_if(shape.set.has_words()),
            zeta: challenge_if(shape.set.has_memory()),
            eta: challenge_if(shape.set.has_memory()),
            theta: challenge_if(shape.set.hashes()),
        };
        let tape = shape.set.has_tape().then(|| match tape {
            TapeBinding::Instance(column) => TapeColumn::Instance(column),
            TapeBinding::Cells => TapeColumn::Cells(meta.advice_column_in(FirstPhase)),
        });
        let config = StackVmConfig {
            params,
            shape,
            columns,
            index,
            follows,
            program,
            output,
            tape,
            at,
            table,
            challenges,
            assigned: Arc::default(),
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
        if output == OutputBinding::Cell {
            meta.enable_equality(*config.columns.top());
        }
        let rows = Polynomial::constant(params.rows as u64);
        for gate in gates(&Window::read(shape, rows, &config)) {
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

    /// The instruction set, and whether the machine is a straight line.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The columns, without those of the program and the tape. All are advice columns, but those that are
    /// [scheduled](crate::machine::Column::is_scheduled) in a straight line.
    pub fn columns(&self) -> &Columns<Column<Any>> {
        &self.columns
    }

    /// The columns into which the chip copies a program of cells: of the opcodes and of the arguments.
    pub fn program_cells(&self) -> Option<[Column<Advice>; 2]> {
        match self.program {
            ProgramColumns::Cells { opcode, argument } => Some([opcode, argument]),
            ProgramColumns::Public { .. }
            | ProgramColumns::Listed { .. }
            | ProgramColumns::Scheduled { .. } => None,
        }
    }

    /// The column into which the chip copies a tape of cells.
    pub fn tape_cells(&self) -> Option<Column<Advice>> {
        match self.tape {
            Some(TapeColumn::Cells(column)) => Some(column),
            Some(TapeColumn::Instance(_)) | None => None,
        }
    }

    /// Where the machine's output goes.
    pub fn output(&self) -> OutputBinding {
        self.output
    }

    /// The challenges.
    pub fn challenges(&self) -> Challenges<Challenge> {
        self.challenges
    }

    /// The values of the challenges, once they are drawn.
    pub fn challenge_values<F: PrimeField>(&self, region: &Region<'_, F>) -> Value<Challenges<F>> {
        let mut all_are_drawn = true;
        let values = self.challenges.map(|own| {
            let mut drawn = None;
            region.get_challenge(own).map(|value| drawn = Some(value));
            all_are_drawn &= drawn.is_some();
            drawn.unwrap_or(F::ZERO)
        });
        match all_are_drawn {
            true => Value::known(values),
            false => Value::unknown(),
        }
    }

    /// Notes that a machine has these rows.
    ///
    /// In the pass before the challenges, in which the fixed cells and the copies are assigned, no two machines may
    /// have a row in common. In the pass after them the same machines come again.
    pub(super) fn claim(&self, rows: Range<usize>) -> Result<(), ChipError> {
        let mut assigned = self.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        let overlaps = |other: &&Range<usize>| other.start < rows.end && rows.start < other.end;
        if let Some(other) = assigned.iter().find(overlaps) {
            let other = other.clone();
            return Err(ChipError::Overlap { rows, other });
        }
        assigned.push(rows);
        Ok(())
    }
}

/// The columns as the gates see them.
impl<F: PrimeField + Word> Reader<Polynomial<F>> for StackVmConfig {
    fn columns(&self, next: bool) -> Columns<Polynomial<F>> {
        self.columns.map(|_, column| query(*column, next))
    }

    fn index(&self, next: bool) -> Polynomial<F> {
        query(self.index, next)
    }

    fn follows(&self, next: bool) -> Polynomial<F> {
        query(self.follows, next)
    }

    fn opcode(&self) -> Polynomial<F> {
        match self.program {
            ProgramColumns::Public { opcode, .. } => query(opcode, false),
            ProgramColumns::Cells { opcode, .. } => query(opcode, false),
            ProgramColumns::Listed { opcode, .. } => query(opcode, false),
            ProgramColumns::Scheduled { .. } => {
                unreachable!("a straight line's opcodes are its flags")
            }
        }
    }

    fn next_opcode(&self) -> Option<Polynomial<F>> {
        match self.program {
            ProgramColumns::Cells { opcode, .. } => Some(query(opcode, true)),
            // What the verifier or the key states is right as it is.
            ProgramColumns::Public { .. }
            | ProgramColumns::Listed { .. }
            | ProgramColumns::Scheduled { .. } => None,
        }
    }

    fn argument(&self) -> Polynomial<F> {
        match self.program {
            // Arguments stand a row below, where they are stated.
            ProgramColumns::Public { argument, .. } => query(argument, true),
            ProgramColumns::Cells { argument, .. } => query(argument, false),
            ProgramColumns::Listed { argument, .. } | ProgramColumns::Scheduled { argument } => {
                query(argument, false)
            }
        }
    }

    fn tape(&self) -> Polynomial<F> {
        match self.tape {
            Some(TapeColumn::Instance(column)) => query(column, false),
            Some(TapeColumn::Cells(column)) => query(column, false),
            None => unreachable!("a set with a tape has a column for it"),
        }
    }

    fn table(&self) -> [Polynomial<F>; 4] {
        std::array::from_fn(|entry| match self.table.get(entry) {
            Some(column) => query(*column, false),
            // There is one kind of rows.
            None => Polynomial::constant(0),
        })
    }

    fn at(&self) -> [Polynomial<F>; hash::ROWS] {
        std::array::from_fn(|row| match self.at.get(row) {
            Some(column) => query(*column, false),
            None => unreachable!("a set with hashes has columns for their rows"),
        })
    }

    fn rules(&self) -> Arc<Rules<Polynomial<F>>> {
        let constant = |own: &F| Polynomial(Expression::Constant(*own));
        Arc::new(Rules::of_field().map(constant))
    }

    fn output(&self) -> Output<Polynomial<F>> {
        match self.output {
            OutputBinding::Instance(column) => Output::Bound(query(column, false)),
            OutputBinding::Cell => Output::Open,
        }
    }

    fn challenges(&self) -> Challenges<Polynomial<F>> {
        self.challenges
            .map(|own| Polynomial(Expression::Challenge(own)))
    }
}

/// What stands in a column on this row, or on the next one.
fn query<F: PrimeField>(column: impl Into<Column<Any>>, next: bool) -> Polynomial<F> {
    let rotation = match next {
        true => Rotation::next(),
        false => Rotation::cur(),
    };
    let column: Column<Any> = column.into();
    Polynomial(column.query_cell(rotation))
}
