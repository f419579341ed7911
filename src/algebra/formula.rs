//! [`Formula`]: a relation read as text.

use std::fmt;
use std::ops::{Add, Mul, Sub};

use super::Algebra;

/// A relation read as text, with no more parentheses than it needs and no terms that vanish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    text: String,
    kind: FormulaKind,
    definitions: Vec<Definition>,
}

/// What a name in a [`Formula`] stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name, given by [`Algebra::named`].
    pub name: &'static str,
    /// The formula that it stands for.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormulaKind {
    Constant(u64),
    Atom,
    Product,
    Sum,
    /// A product or a name with a minus before it.
    Negation,
}

impl Formula {
    /// The formula that is just a name.
    pub fn name(name: impl Into<String>) -> Self {
        Formula {
            text: name.into(),
            kind: FormulaKind::Atom,
            definitions: vec![],
        }
    }

    /// What the names that [`Algebra::named`] gave stand for, each after those that it uses.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// A formula made of two, with the definitions of both.
    fn of(text: String, kind: FormulaKind, left: Self, right: Self) -> Self {
        let mut definitions = left.definitions;
        for definition in right.definitions {
            if !definitions.contains(&definition) {
                definitions.push(definition);
            }
        }
        Formula {
            text,
            kind,
            definitions,
        }
    }

    fn is(&self, value: u64) -> bool {
        self.kind == FormulaKind::Constant(value)
    }

    fn factor(&self) -> String {
        match self.kind {
            FormulaKind::Sum | FormulaKind::Negation => format!("({})", self.text),
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
            definitions: vec![],
        }
    }

    fn vanishes(&self) -> bool {
        self.is(0)
    }

    fn named(mut self, name: &'static str) -> Self {
        // A constant stays one, so that a term with the factor 0 still vanishes.
        if !matches!(self.kind, FormulaKind::Constant(_)) {
            let text = std::mem::replace(&mut self.text, name.into());
            self.kind = FormulaKind::Atom;
            self.definitions.push(Definition { name, text });
        }
        self
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
        let text = match other.text.strip_prefix('-') {
            Some(negated) => format!("{self} - {negated}"),
            None => format!("{self} + {other}"),
        };
        Formula::of(text, FormulaKind::Sum, self, other)
    }
}

impl Sub for Formula {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        if other.is(0) {
            return self;
        }
        let subtrahend = other.factor();
        let (text, kind) = match self.is(0) {
            true => (format!("-{subtrahend}"), FormulaKind::Negation),
            false => (format!("{self} - {subtrahend}"), FormulaKind::Sum),
        };
        Formula::of(text, kind, self, other)
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
        if self.kind == FormulaKind::Negation {
            let text = format!("{self} * {}", other.factor());
            return Formula::of(text, FormulaKind::Negation, self, other);
        }
        // Numbers go first, as in `2 * flag`.
        let text = match other.kind {
            FormulaKind::Constant(_) => format!("{} * {}", other.factor(), self.factor()),
            _ => format!("{} * {}", self.factor(), other.factor()),
        };
        Formula::of(text, FormulaKind::Product, self, other)
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
        assert_eq!(
            (a.clone() * Formula::constant(2)).to_string(),
            "2 * a",
            "numbers go first"
        );
        let negated = Formula::constant(0) - b.clone();
        assert_eq!((negated.clone() * a.clone()).to_string(), "-b * a");
        assert_eq!((a.clone() * negated.clone()).to_string(), "a * (-b)");
        assert_eq!((a.clone() + negated).to_string(), "a - b");
        assert_eq!((a * Formula::constant(0) + b).to_string(), "b");
    }

    #[test]
    fn a_named_formula_is_defined_once_and_after_what_it_uses() {
        let [a, b] = ["a", "b"].map(Formula::name);
        let sum = (a + b.clone()).named("sum");
        let square = (sum.clone() * sum.clone()).named("square");
        let formula = square - sum * b;
        assert_eq!(formula.to_string(), "square - sum * b");
        let definitions = formula.definitions().iter();
        let definitions: Vec<_> = definitions.map(|d| (d.name, d.text.as_str())).collect();
        assert_eq!(definitions, [("sum", "a + b"), ("square", "sum * sum")]);
        assert_eq!(Formula::constant(0).named("nothing").to_string(), "0");
    }
}
