//! The arithmetic that a relation may use.
//!
//! Every rule of the machine, from an instruction's new top to the running sum, is written once,
//! over an [`Algebra`], and read several ways: on field values it is the interpreter's step and the
//! check of a trace, on circuit expressions it is the gate, on [`Formula`] it is the reference
//! manual. Nothing here names a proof system.

use std::fmt;
use std::ops::{Add, Mul, Sub};

use num_bigint::BigUint;

/// A commutative ring with small constants: what a polynomial constraint can be evaluated in.
pub trait Algebra:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Sized
{
    /// The image of the integer `value`.
    fn constant(value: u64) -> Self;
}

/// A word of the machine: an element of the circuit's scalar field.
///
/// Implemented for every prime field of the halo2 fork; see [`crate::fork`].
pub trait Word: Algebra + Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// The additive identity.
    fn zero() -> Self {
        Self::constant(0)
    }

    /// The multiplicative identity.
    fn one() -> Self {
        Self::constant(1)
    }

    /// The multiplicative inverse, or `None` for zero.
    fn inverse(&self) -> Option<Self>;

    /// The canonical representative, 32 bytes, least significant first.
    fn to_le_bytes(&self) -> [u8; 32];

    /// The word whose canonical representative is `bytes`, or `None` if that is not below the modulus.
    fn from_le_bytes(bytes: &[u8; 32]) -> Option<Self>;

    /// The number of words.
    fn modulus() -> BigUint;

    /// The canonical representative as an integer.
    fn to_integer(&self) -> BigUint {
        BigUint::from_bytes_le(&self.to_le_bytes())
    }

    /// The word that `value` represents, or `None` if it is not below the modulus.
    fn from_integer(value: &BigUint) -> Option<Self> {
        let digits = value.to_bytes_le();
        let mut bytes = [0; 32];
        bytes.get_mut(..digits.len())?.copy_from_slice(&digits);
        Self::from_le_bytes(&bytes)
    }

    /// The canonical representative, if it fits.
    fn to_u64(&self) -> Option<u64> {
        let bytes = self.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        if high.iter().any(|byte| *byte != 0) {
            return None;
        }
        low.try_into().ok().map(u64::from_le_bytes)
    }
}

/// Replaces every element that has an inverse by it, with one inversion for all; zeros stay.
///
/// Montgomery's trick: P. L. Montgomery, *Speeding the Pollard and Elliptic Curve Methods of
/// Factorization*, Math. Comp. 48 (1987), section 10.3.1.
pub fn batch_invert<F: Word>(elements: &mut [F]) {
    let mut prefixes = Vec::with_capacity(elements.len());
    let mut product = F::one();
    for element in elements.iter() {
        prefixes.push(product);
        if *element != F::zero() {
            product = product * *element;
        }
    }
    // A product of nonzero elements of a field is nonzero.
    let mut inverse = product.inverse().unwrap_or(F::zero());
    for (element, prefix) in elements.iter_mut().zip(prefixes).rev() {
        if *element != F::zero() {
            let own = inverse * prefix;
            inverse = inverse * *element;
            *element = own;
        }
    }
}

/// A relation read as text, with no more parentheses than it needs and no terms that vanish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    text: String,
    kind: FormulaKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormulaKind {
    Constant(u64),
    Atom,
    Product,
    Sum,
}

impl Formula {
    /// The formula that is just a name.
    pub fn name(name: impl Into<String>) -> Self {
        Formula {
            text: name.into(),
            kind: FormulaKind::Atom,
        }
    }

    fn is(&self, value: u64) -> bool {
        self.kind == FormulaKind::Constant(value)
    }

    fn factor(&self) -> String {
        match self.kind {
            FormulaKind::Sum => format!("({})", self.text),
            _ => self.text.clone(),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Algebra for Formula {
    fn constant(value: u64) -> Self {
        Formula {
            text: value.to_string(),
            kind: FormulaKind::Constant(value),
        }
    }
}

impl Add for Formula {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.is(0) {
            return other;
        }
        if other.is(0) {
            return self;
        }
        Formula {
            text: format!("{self} + {other}"),
            kind: FormulaKind::Sum,
        }
    }
}

impl Sub for Formula {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        if other.is(0) {
            return self;
        }
        let subtrahend = other.factor();
        Formula {
            text: if self.is(0) {
                format!("-{subtrahend}")
            } else {
                format!("{self} - {subtrahend}")
            },
            kind: FormulaKind::Sum,
        }
    }
}

impl Mul for Formula {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self.is(0) || other.is(1) {
            return self;
        }
        if other.is(0) || self.is(1) {
            return other;
        }
        Formula {
            text: format!("{} * {}", self.factor(), other.factor()),
            kind: FormulaKind::Product,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_keep_only_the_parentheses_they_need() {
        let [a, b, c] = ["a", "b", "c"].map(Formula::name);
        let product = (a.clone() + b.clone()) * c.clone();
        assert_eq!(product.to_string(), "(a + b) * c");
        assert_eq!((a.clone() - (b.clone() - c)).to_string(), "a - (b - c)");
        assert_eq!((a.clone() * Formula::constant(1)).to_string(), "a");
        assert_eq!((a * Formula::constant(0) + b).to_string(), "b");
    }
}
