//! [`Number`]: a word that stays an integer as long as it is a small one.

use std::ops::{Add, Mul, Sub};

use num_bigint::BigUint;

use super::{Algebra, Small, Word};

/// A word, kept as an integer as long as that is known to be small: a field keeps its elements in a form in which neither an integer
/// is read off one, nor made one of, without a multiplication.
///
/// That is what the interpreter keeps, and computes with where it must do without [`Small`]. What is small may be kept as an element of the field all the same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number<F> {
    /// The word that this integer is modulo the field's characteristic.
    Small(i128),
    Field(F),
}

impl<F: Word> Number<F> {
    /// Whether two integers of 128 bits are never the same word. If they can be, all words are kept in the field.
    pub const DISTINCT: bool = F::BITS > 130;

    #[inline(always)]
    fn of_integer(value: Option<i128>) -> Option<Self> {
        match Self::DISTINCT {
            true => value.map(Number::Small),
            false => None,
        }
    }

    /// The number that a word is.
    pub fn new(word: F) -> Self {
        if word == F::zero() {
            return Self::constant(0);
        }
        let positive = word.to_u64().map(i128::from);
        let value = positive.or_else(|| (F::zero() - word).to_u64().map(|own| -i128::from(own)));
        Self::of_integer(value).unwrap_or(Number::Field(word))
    }

    /// The integer that it is kept as, if it is one.
    #[inline(always)]
    pub fn small(&self) -> Small {
        match self {
            Number::Small(value) => Small::new(*value),
            Number::Field(_) => Small::UNKNOWN,
        }
    }

    /// The word that it is.
    #[inline]
    pub fn word(self) -> F {
        match self {
            Number::Small(value) => word(value),
            Number::Field(word) => word,
        }
    }
}

/// The word that an integer is.
fn word<F: Word>(value: i128) -> F {
    let size = value.unsigned_abs();
    let low = F::constant(size as u64);
    let size = match (size >> 64) as u64 {
        0 => low,
        high => low + F::constant(1 << 32) * F::constant(1 << 32) * F::constant(high),
    };
    match value < 0 {
        true => F::zero() - size,
        false => size,
    }
}

/// An operation on integers, if the result is small enough, and else on words.
macro_rules! operation {
    ($trait:ident, $name:ident, |$left:ident, $right:ident| $checked:expr) => {
        impl<F: Word> $trait for Number<F> {
            type Output = Self;

            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                if let (Number::Small($left), Number::Small($right)) = (self, other)
                    && let Some(value) = $checked
                {
                    return Number::Small(value);
                }
                Number::Field(self.word().$name(other.word()))
            }
        }
    };
}

operation!(Add, add, |left, right| left.checked_add(right));
operation!(Sub, sub, |left, right| left.checked_sub(right));
// Halves of 64 bits have a product of 127: larger ones are not worth their test.
operation!(Mul, mul, |left, right| {
    match (i64::try_from(left), i64::try_from(right)) {
        (Ok(left), Ok(right)) => Some(i128::from(left) * i128::from(right)),
        _ => None,
    }
});

impl<F: Word> PartialEq for Number<F> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Number::Small(left), Number::Small(right)) => left == right,
            (left, right) => left.word() == right.word(),
        }
    }
}

impl<F: Word> Eq for Number<F> {}

impl<F: Word> Algebra for Number<F> {
    #[inline(always)]
    fn constant(value: u64) -> Self {
        Self::of_integer(Some(value.into())).unwrap_or_else(|| Number::Field(F::constant(value)))
    }

    #[inline(always)]
    fn vanishes(&self) -> bool {
        *self == Self::constant(0)
    }
}

impl<F: Word> Word for Number<F> {
    const BITS: u32 = F::BITS;

    #[inline(always)]
    fn load(&self) -> Self {
        match self {
            Number::Small(value) => Number::Small(*value),
            Number::Field(word) => Number::Field(*word),
        }
    }

    fn inverse(&self) -> Option<Self> {
        self.word().inverse().map(Number::Field)
    }

    fn to_le_bytes(&self) -> [u8; 32] {
        self.word().to_le_bytes()
    }

    fn from_le_bytes(bytes: &[u8; 32]) -> Option<Self> {
        F::from_le_bytes(bytes).map(Self::new)
    }

    fn modulus() -> BigUint {
        F::modulus()
    }

    #[inline(always)]
    fn to_u64(&self) -> Option<u64> {
        match self {
            Number::Small(value) => u64::try_from(*value).ok(),
            Number::Field(word) => word.to_u64(),
        }
    }

    #[inline(always)]
    fn to_u128(&self) -> Option<u128> {
        match self {
            Number::Small(value) => u128::try_from(*value).ok(),
            Number::Field(word) => word.to_u128(),
        }
    }
}

#[cfg(test)]
mod tests {
    use halo2curves::bn256::Fr;

    use super::*;

    #[test]
    fn numbers_compute_as_words_do() {
        let zero = Fr::zero();
        let limit = Fr::from(u64::MAX);
        let square = limit * limit;
        let words = [0, 1, 2, 3, 1 << 32, 1 << 62, 1 << 63, u64::MAX].map(Fr::from);
        let more = [square, square + square, square * limit, square * square];
        let words: Vec<Fr> = words.into_iter().chain(more).collect();
        let words: Vec<Fr> = words.iter().flat_map(|own| [*own, zero - own]).collect();
        // As it is read, and as it can be after a computation.
        let kept = |word: Fr| [Number::new(word), Number::Field(word)];
        for (left, right) in words
            .iter()
            .flat_map(|x| words.iter().map(move |y| (*x, *y)))
        {
            for (x, y) in kept(left)
                .into_iter()
                .flat_map(|x| kept(right).map(|y| (x, y)))
            {
                let results = [
                    (x + y, left + right),
                    (x - y, left - right),
                    (x * y, left * right),
                ];
                for (number, word) in results {
                    assert_eq!(number.word(), word);
                    assert_eq!(number, Number::new(word));
                    assert_eq!(number.to_u64(), word.to_u64());
                    assert_eq!(number.to_u128(), word.to_u128());
                    assert_eq!(number.inverse().map(Number::word), Word::inverse(&word));
                }
                assert_eq!(x == y, left == right);
            }
        }
        // Sums of the largest products leave the integers.
        let least = Fr::zero() - Fr::from(1 << 63);
        let product = Number::new(least) * Number::new(least);
        assert!(matches!(product, Number::Small(_)));
        assert!(matches!(product + product, Number::Field(_)));
        let three = least * least + least * least + least * least;
        assert_eq!((product + product + product).word(), three);
        let zero_less = Number::new(Fr::zero()) - product - product - product;
        assert_eq!(zero_less.word(), Fr::zero() - three);
        assert!(matches!(Number::new(-Fr::from(7)), Number::Small(-7)));
        assert!(matches!(Number::new(square), Number::Field(_)));
    }
}
