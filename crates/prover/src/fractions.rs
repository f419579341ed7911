//! Columns whose cells may be assigned as fractions, which are inverted together.

use std::collections::BTreeMap;

use ff::Field;
use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::Assigned;

use crate::domain::invert;

/// Columns, with the denominators of the cells that are fractions.
pub(crate) struct Fractions<F> {
    /// Numerators, until [`Fractions::divide`].
    pub columns: Vec<Vec<F>>,
    denominators: BTreeMap<(usize, usize), F>,
}

impl<F: Field> Fractions<F> {
    /// Columns of zeros.
    pub fn new(columns: usize, rows: usize) -> Self {
        Fractions {
            columns: vec![vec![F::ZERO; rows]; columns],
            denominators: BTreeMap::new(),
        }
    }

    /// Assigns a cell; what it was before is gone.
    pub fn assign(&mut self, column: usize, row: usize, value: Assigned<F>) {
        let (numerator, denominator) = match value {
            Assigned::Zero => (F::ZERO, None),
            Assigned::Trivial(value) => (value, None),
            Assigned::Rational(numerator, denominator) => (numerator, Some(denominator)),
        };
        self.columns[column][row] = numerator;
        if let Some(denominator) = denominator {
            self.denominators.insert((column, row), denominator);
        } else if !self.denominators.is_empty() {
            self.denominators.remove(&(column, row));
        }
    }

    /// Divides the cells of some columns by their denominators.
    pub fn divide(&mut self, which: impl Fn(usize) -> bool) {
        let (own, others) = std::mem::take(&mut self.denominators)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|((column, _), _)| which(*column));
        self.denominators = others;
        let mut inverses: Vec<F> = own.values().copied().collect();
        invert(&mut inverses);
        for ((column, row), inverse) in own.into_keys().zip(inverses) {
            self.columns[column][row] *= inverse;
        }
    }
}

/// A value that a circuit assigns, if it is known.
pub(crate) fn known<V>(value: Value<V>) -> Option<V> {
    let mut known = None;
    value.map(|own| known = Some(own));
    known
}
