//! [`Polynomial`]: a circuit expression as an algebra.

use std::ops;

use ff::PrimeField;
use halo2_proofs::plonk::Expression;

use crate::algebra::Algebra;

/// A circuit expression as an [`Algebra`].
#[derive(Clone, Debug)]
pub(super) struct Polynomial<F>(pub(super) Expression<F>);

impl<F: PrimeField> Algebra for Polynomial<F> {
    fn constant(value: u64) -> Self {
        Polynomial(Expression::Constant(F::from(value)))
    }

    fn vanishes(&self) -> bool {
        self.is(F::ZERO)
    }
}

impl<F: PrimeField> Polynomial<F> {
    fn is(&self, value: F) -> bool {
        matches!(&self.0, Expression::Constant(own) if *own == value)
    }
}

// Terms that vanish and factors of 1 are left out, so that a prover does not compute them.

impl<F: PrimeField> ops::Add for Polynomial<F> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.is(F::ZERO) {
            other
        } else if other.is(F::ZERO) {
            self
        } else {
            Polynomial(self.0 + other.0)
        }
    }
}

impl<F: PrimeField> ops::Sub for Polynomial<F> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        if other.is(F::ZERO) {
            self
        } else if self.is(F::ZERO) {
            Polynomial(-other.0)
        } else {
            Polynomial(self.0 - other.0)
        }
    }
}

impl<F: PrimeField> ops::Mul for Polynomial<F> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self.is(F::ZERO) || other.is(F::ONE) {
            self
        } else if other.is(F::ZERO) || self.is(F::ONE) {
            other
        } else {
            match (self.0, other.0) {
                (Expression::Constant(factor), term) | (term, Expression::Constant(factor)) => {
                    Polynomial(term * factor)
                }
                (left, right) => Polynomial(left * right),
            }
        }
    }
}
