//! What ties the machine to one halo2 fork: its fields are words, its expressions an algebra.

use std::ops;

use ff::PrimeField;
use halo2_proofs::plonk::Expression;

use crate::algebra::{Algebra, Word};

impl<F: PrimeField> Algebra for F {
    #[inline]
    fn constant(value: u64) -> Self {
        match value {
            0 => F::ZERO,
            1 => F::ONE,
            _ => F::from(value),
        }
    }

    #[inline]
    fn vanishes(&self) -> bool {
        *self == F::ZERO
    }
}

impl<F> Word for F
where
    F: PrimeField<Repr: AsRef<[u8]> + AsMut<[u8]> + Default>,
{
    #[inline]
    fn zero() -> Self {
        F::ZERO
    }

    #[inline]
    fn one() -> Self {
        F::ONE
    }

    fn inverse(&self) -> Option<Self> {
        self.invert().into_option()
    }

    fn to_le_bytes(&self) -> [u8; 32] {
        let repr = self.to_repr();
        let mut bytes = [0; 32];
        for (byte, digit) in bytes.iter_mut().zip(repr.as_ref()) {
            *byte = *digit;
        }
        bytes
    }

    fn from_le_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut repr = F::Repr::default();
        let digits = repr.as_mut();
        if digits.len() != bytes.len() {
            return None;
        }
        digits.copy_from_slice(bytes);
        F::from_repr(repr).into_option()
    }

    fn modulus() -> num_bigint::BigUint {
        // The largest word is -1.
        (F::ZERO - F::ONE).to_integer() + 1u8
    }
}

/// A circuit expression as an [`Algebra`].
#[derive(Clone, Debug)]
pub(crate) struct Polynomial<F>(pub(crate) Expression<F>);

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
