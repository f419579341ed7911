//! [`Walk`]: a witness read row by row, as the constraints see it; and what its second phase is.

use std::sync::Arc;

use rayon::prelude::*;

use super::hash::{self, ROWS, Rules};
use super::window::{Challenges, Output, Reader, Window};
use super::words::table_row;
use super::{Column, Columns, Shape, folds, interactions};
use crate::air::logup::{Changes, Fractions};
use crate::algebra::{Word, integer};

/// What is stated beside a witness, as the second phase needs it.
#[derive(Clone, Copy, Debug)]
pub struct PublicInputs<'a, F> {
    /// What the sum starts from, if the output is bound.
    pub output: Option<F>,
    /// The listing of the program: opcodes as they are listed, and arguments; zeros follow it.
    pub listing: &'a [(F, F)],
    /// What stands on the public tape: its words, then a 1; zeros follow it.
    pub tape: &'a [F],
}

/// A witness and what is stated beside it, read row by row.
///
/// What is not assigned is 0, as in halo2: rows outside the machine, and instance columns after what is stated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a, F> {
    pub(super) shape: Shape,
    pub(super) columns: &'a Columns<Vec<F>>,
    pub(super) challenges: Challenges<F>,
    pub(super) inputs: PublicInputs<'a, F>,
}

/// A row of a [`Walk`].
pub(super) struct WalkRow<'w, 'a, F> {
    walk: &'w Walk<'a, F>,
    row: usize,
}

impl<'a, F: Word> Walk<'a, F> {
    /// The number of steps of the machine.
    pub(super) fn steps(&self) -> usize {
        self.columns.top().len().saturating_sub(1)
    }

    pub(super) fn row<'w>(&'w self, row: usize) -> WalkRow<'w, 'a, F> {
        WalkRow { walk: self, row }
    }

    /// What the constraints see on a row.
    pub(super) fn window(&self, row: usize) -> Window<F> {
        let steps = F::constant(self.steps() as u64);
        Window::read(self.shape, steps, &self.row(row))
    }
}

/// What stands in a column on a row.
fn at<F: Word>(column: &[F], row: usize) -> F {
    column.get(row).copied().unwrap_or(F::zero())
}

impl<F: Word> WalkRow<'_, '_, F> {
    /// A value that only the machine's own rows have.
    fn inside(&self, next: bool, value: impl Fn(usize) -> u64) -> F {
        let row = self.row + usize::from(next);
        match row <= self.walk.steps() {
            true => F::constant(value(row)),
            false => F::zero(),
        }
    }
}

impl<F: Word> Reader<F> for WalkRow<'_, '_, F> {
    fn load(&self, next: bool, columns: &mut Columns<F>) {
        let row = self.row + usize::from(next);
        let all = columns.iter_mut().zip(self.walk.columns.iter());
        for ((_, values), (_, column)) in all {
            *values = at(column, row);
        }
    }

    fn columns(&self, next: bool) -> Columns<F> {
        let row = self.row + usize::from(next);
        self.walk.columns.map(|_, column| at(column, row))
    }

    fn index(&self, next: bool) -> F {
        self.inside(next, |row| row as u64)
    }

    fn follows(&self, next: bool) -> F {
        self.inside(next, |row| u64::from(row > 0))
    }

    fn opcode(&self) -> F {
        let listed = self.walk.inputs.listing.get(self.row);
        listed.map_or(F::zero(), |(opcode, _)| *opcode)
    }

    fn next_opcode(&self) -> Option<F> {
        None
    }

    fn argument(&self) -> F {
        let steps = self.walk.steps();
        if self.walk.shape.straight && self.row == steps {
            let link = at(&self.walk.columns.link, steps);
            return F::constant(u64::from(link != F::zero()));
        }
        let listed = self.walk.inputs.listing.get(self.row);
        listed.map_or(F::zero(), |(_, argument)| *argument)
    }

    fn tape(&self) -> F {
        at(self.walk.inputs.tape, self.row)
    }

    fn table(&self) -> [F; 4] {
        match self.row < self.walk.steps() {
            true => table_row(self.walk.shape, self.row).map(integer),
            false => [F::zero(); 4],
        }
    }

    fn at(&self) -> [F; ROWS] {
        hash::at(self.row, self.walk.steps())
    }

    fn rules(&self) -> Arc<Rules<F>> {
        Rules::of_field()
    }

    fn output(&self) -> Output<F> {
        self.walk.inputs.output.map_or(Output::Open, Output::Bound)
    }

    fn challenges(&self) -> Challenges<F> {
        self.walk.challenges
    }
}

/// Fills the second-phase columns of a witness. A forged one is filled as the constraints demand, where that is possible.
///
/// The entry of `sum` after the last step is the final sum.
pub fn fill_second_phase<F: Word>(
    shape: Shape,
    columns: &mut Columns<Vec<F>>,
    challenges: &Challenges<F>,
    inputs: PublicInputs<'_, F>,
) {
    let walk = Walk {
        shape,
        columns,
        challenges: *challenges,
        inputs,
    };
    let steps = walk.steps();
    // Each piece makes one inversion.
    const CHUNK: usize = 1024;
    let starts: Vec<_> = (0..=steps).step_by(CHUNK).collect();
    let pieces: Vec<Changes<F, Column>> = starts
        .into_par_iter()
        .map(|start| {
            let mut window = walk.window(start);
            let mut fractions = Fractions::default();
            for row in start..(start + CHUNK).min(steps + 1) {
                if row > start {
                    window.advance(&walk.row(row));
                }
                fractions.push(row == steps, |emit| interactions(&window, emit));
            }
            fractions.finish()
        })
        .collect();
    let folds = folds(&walk);
    let mut total = inputs
        .output
        .map_or(F::zero(), |output| challenges.beta * output);
    let mut sum = Vec::with_capacity(steps + 1);
    for change in pieces.iter().flat_map(|piece| &piece.sum) {
        sum.push(total);
        total = total + *change;
    }
    for (column, values) in columns.iter_mut() {
        if let Some((_, fold)) = folds.iter().find(|(name, _)| *name == column) {
            values.clone_from(fold);
        }
        if column == Column::Sum {
            values.clone_from(&sum);
        }
        let of_column = |piece: &'_ Changes<F, Column>| {
            let found = piece.columns.iter().find(|(name, _)| *name == column);
            found.map(|(_, values)| values.clone())
        };
        let fractions: Vec<_> = pieces.iter().filter_map(of_column).collect();
        if !fractions.is_empty() {
            *values = fractions.concat();
            if column.extent() == super::Extent::Step {
                values.truncate(steps);
            }
        }
    }
}
