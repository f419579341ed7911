//! [`Small`]: an integer, as long as it is a small one.

use std::ops::{Add, Mul, Sub};

use super::Algebra;

/// An integer of 128 bits, or none that is known: one that was too large, or what was made of such a one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Small {
    value: i128,
    known: bool,
}

impl Small {
    /// None that is known.
    pub(crate) const UNKNOWN: Self = Small {
        value: 0,
        known: false,
    };

    /// An integer.
    #[inline(always)]
    pub(crate) fn new(value: i128) -> Self {
        Small { value, known: true }
    }

    /// The integer, if it is known.
    #[inline(always)]
    pub(crate) fn value(self) -> Option<i128> {
        self.known.then_some(self.value)
    }
}

/// Nothing equals what is not known.
impl PartialEq for Small {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.known && other.known && self.value == other.value
    }
}

macro_rules! operation {
    ($trait:ident, $name:ident, $overflowing:ident) => {
        impl $trait for Small {
            type Output = Self;

            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                let (value, overflows) = self.value.$overflowing(other.value);
                let known = self.known && other.known && !overflows;
                Small { value, known }
            }
        }
    };
}

operation!(Add, add, overflowing_add);
operation!(Sub, sub, overflowing_sub);

impl Mul for Small {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let half = |own: Self| i128::from(own.value as i64) == own.value;
        if !(half(self) && half(other)) {
            return multiplied(self, other);
        }
        let value = i128::from(self.value as i64) * i128::from(other.value as i64);
        let known = self.known && other.known;
        Small { value, known }
    }
}

/// A product of numbers of more than 64 bits, which takes long to test.
#[cold]
fn multiplied(left: Small, right: Small) -> Small {
    match left.value.checked_mul(right.value) {
        Some(value) if left.known && right.known => Small::new(value),
        _ => Small::UNKNOWN,
    }
}

impl Algebra for Small {
    #[inline(always)]
    fn constant(value: u64) -> Self {
        Small::new(value.into())
    }

    #[inline(always)]
    fn vanishes(&self) -> bool {
        *self == Self::new(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_right() {
        let values = [0, 1, -1, 1 << 62, 1 << 63, 1 << 64, i128::MAX, i128::MIN];
        let of = |value| Small::new(value);
        for (x, y) in values.iter().flat_map(|x| values.map(|y| (*x, y))) {
            assert_eq!((of(x) + of(y)).value(), x.checked_add(y));
            assert_eq!((of(x) - of(y)).value(), x.checked_sub(y));
            assert_eq!((of(x) * of(y)).value(), x.checked_mul(y));
            assert_eq!(of(x) == of(y), x == y);
            assert_eq!((of(x) + Small::UNKNOWN).value(), None);
            assert_eq!((Small::UNKNOWN * of(y)).value(), None);
        }
        assert!(Small::UNKNOWN != Small::UNKNOWN);
    }
}
