//! [`Gate`]: constraints that belong together.

use std::borrow::Cow;

/// A polynomial that must be zero on every row, and what it says.
#[derive(Clone, Debug)]
pub struct Constraint<A> {
    /// The constraint as a sentence.
    pub name: Cow<'static, str>,
    /// The polynomial, its selector included.
    pub polynomial: A,
}

impl<A> Constraint<A> {
    /// The constraint that a polynomial is 0.
    pub fn new(name: impl Into<Cow<'static, str>>, polynomial: A) -> Self {
        Constraint {
            name: name.into(),
            polynomial,
        }
    }
}

/// Constraints that belong together.
#[derive(Clone, Debug)]
pub struct Gate<A> {
    /// What the constraints are about.
    pub name: &'static str,
    /// The constraints.
    pub constraints: Vec<Constraint<A>>,
}
