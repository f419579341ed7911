//! [`Probe`]: what a relation reads, and its degree.

use std::collections::BTreeSet;
use std::ops::{Add, Mul, Sub};

use super::Algebra;

/// What a polynomial reads, and its degree, found by evaluating it: facts about a relation come from here and not from
/// its text.
///
/// `V` names what can be read, for example a column or an operand. Terms with a factor that is known to be 0 count for nothing, as
/// everywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe<V> {
    reads: BTreeSet<V>,
    degree: usize,
    form: Form<V>,
}

/// What is known of the polynomial beside its degree.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form<V> {
    Constant(u64),
    Variable(V),
    Other,
}

impl<V: Ord + Clone> Probe<V> {
    /// The polynomial that is a variable.
    pub fn variable(name: V) -> Self {
        Probe {
            reads: BTreeSet::from([name.clone()]),
            degree: 1,
            form: Form::Variable(name),
        }
    }

    /// What the polynomial reads.
    pub fn reads(&self) -> &BTreeSet<V> {
        &self.reads
    }

    /// The degree: of a sum the larger one, of a product the sum of both.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Whether the polynomial is just this variable.
    pub fn is_variable(&self, name: &V) -> bool {
        matches!(&self.form, Form::Variable(own) if own == name)
    }

    fn is(&self, value: u64) -> bool {
        matches!(self.form, Form::Constant(own) if own == value)
    }

    fn sum(mut self, other: Self) -> Self {
        self.reads.extend(other.reads);
        Probe {
            reads: self.reads,
            degree: self.degree.max(other.degree),
            form: Form::Other,
        }
    }
}

impl<V: Ord + Clone> Algebra for Probe<V> {
    fn constant(value: u64) -> Self {
        Probe {
            reads: BTreeSet::new(),
            degree: 0,
            form: Form::Constant(value),
        }
    }

    fn vanishes(&self) -> bool {
        self.is(0)
    }
}

impl<V: Ord + Clone> Add for Probe<V> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        match (self.is(0), other.is(0)) {
            (true, _) => other,
            (_, true) => self,
            _ => self.sum(other),
        }
    }
}

impl<V: Ord + Clone> Sub for Probe<V> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        match other.is(0) {
            true => self,
            false => self.sum(other),
        }
    }
}

impl<V: Ord + Clone> Mul for Probe<V> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self.is(0) || other.is(1) {
            return self;
        }
        if other.is(0) || self.is(1) {
            return other;
        }
        let degree = self.degree + other.degree;
        Probe {
            degree,
            ..self.sum(other)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_knows_what_is_read_and_the_degree() {
        let [a, b, c] = ["a", "b", "c"].map(Probe::variable);
        let zero = Probe::constant(0);
        let polynomial = a.clone() * b.clone() + zero.clone() * c.clone() - Probe::constant(3);
        assert_eq!(polynomial.reads(), &BTreeSet::from(["a", "b"]));
        assert_eq!(polynomial.degree(), 2);
        assert!(!polynomial.vanishes());
        let product = polynomial * (a.clone() + c);
        assert_eq!((product.degree(), product.reads().len()), (3, 3));
        assert!((zero.clone() + a.clone() * Probe::constant(1)).is_variable(&"a"));
        assert!(!(a.clone() * Probe::constant(2)).is_variable(&"a"));
        assert!((a * zero.clone()).vanishes() && (zero - Probe::constant(0)).vanishes());
    }
}
