//! The arithmetic that a relation may use.
//!
//! Every rule of the machine, from an instruction's new top to the running sum, is written once,
//! over an [`Algebra`], and read several ways: on field values, and on integers as long as they are small, it is the
//! interpreter's step, and on field values the check of a trace; on circuit expressions it is the gate, on [`Formula`] it is the reference
//! manual, and on [`Probe`] it is what the rule reads, and its degree. Nothing here names a proof system.

mod field;
mod formula;
mod number;
mod probe;
mod small;

pub use formula::{Definition, Formula};
pub(crate) use number::Number;
pub use probe::Probe;
pub(crate) use small::Small;

use std::fmt;
use std::ops::{Add, Mul, Sub};

use num_bigint::BigUint;

/// A commutative ring with small constants: what a polynomial constraint can be evaluated in.
pub trait Algebra:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Sized
{
    /// The image of the integer `value`.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(Fr::constant(3) * Fr::constant(4), Fr::from(12));
    /// assert_eq!(Formula::constant(3).to_string(), "3");
    /// ```
    fn constant(value: u64) -> Self;

    /// Whether the element is known to be 0, so that what it is a factor of need not be computed.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert!(Formula::constant(0).vanishes());
    /// // That the difference is 0 is not known without computing.
    /// let x = Formula::name("x");
    /// assert!(!(x.clone() - x).vanishes());
    /// ```
    fn vanishes(&self) -> bool;

    /// The same element, which [`Formula`] writes as `name` from here on.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// let sum = (Formula::name("a") + Formula::name("b")).named("sum");
    /// assert_eq!((sum.clone() * sum).to_string(), "sum * sum");
    /// ```
    #[inline]
    fn named(self, _name: &'static str) -> Self {
        self
    }
}

/// The image of a larger integer.
#[inline(always)]
pub(crate) fn integer<A: Algebra>(value: u128) -> A {
    let low = A::constant(value as u64);
    match (value >> 64) as u64 {
        0 => low,
        high => A::constant(high) * A::constant(1 << 32) * A::constant(1 << 32) + low,
    }
}

/// What a step of the machine can be made on.
pub(crate) trait Computed: Algebra + Copy + PartialEq {
    /// [`Word::load`].
    fn read(&self) -> Self;

    /// The multiplicative inverse, or `None` for zero.
    fn inverted(&self) -> Option<Self>;

    /// [`Word::to_u64`].
    fn as_u64(&self) -> Option<u64>;

    /// [`Word::to_u128`].
    fn as_u128(&self) -> Option<u128>;
}

impl<F: Word> Computed for F {
    #[inline(always)]
    fn read(&self) -> Self {
        self.load()
    }

    #[inline(always)]
    fn inverted(&self) -> Option<Self> {
        self.inverse()
    }

    #[inline(always)]
    fn as_u64(&self) -> Option<u64> {
        self.to_u64()
    }

    #[inline(always)]
    fn as_u128(&self) -> Option<u128> {
        self.to_u128()
    }
}

impl Computed for Small {
    #[inline(always)]
    fn read(&self) -> Self {
        *self
    }

    /// An inverse is none of an integer.
    #[inline(always)]
    fn inverted(&self) -> Option<Self> {
        Some(Small::UNKNOWN)
    }

    #[inline(always)]
    fn as_u64(&self) -> Option<u64> {
        self.value().and_then(|own| u64::try_from(own).ok())
    }

    #[inline(always)]
    fn as_u128(&self) -> Option<u128> {
        self.value().and_then(|own| u128::try_from(own).ok())
    }
}

/// A word of the machine: an element of the circuit's scalar field.
///
/// Implemented for every prime field with canonical representatives of 32 bytes.
pub trait Word: Algebra + Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// The bits of the number of words.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(u64::from(<Fr as Word>::BITS), Fr::modulus().bits());
    /// ```
    const BITS: u32;

    /// The additive identity.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(<Fr as Word>::zero(), Fr::from(0));
    /// ```
    #[inline(always)]
    fn zero() -> Self {
        Self::constant(0)
    }

    /// The multiplicative identity.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(<Fr as Word>::one(), Fr::from(1));
    /// ```
    #[inline(always)]
    fn one() -> Self {
        Self::constant(1)
    }

    /// The word that stands here, read in the parts in which it was written: a processor has to wait where it reads at once what it
    /// wrote in parts just before.
    #[doc(hidden)]
    #[inline(always)]
    fn load(&self) -> Self {
        *self
    }

    /// The multiplicative inverse, or `None` for zero.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(Fr::from(2).inverse().map(|half| half + half), Some(Fr::from(1)));
    /// assert_eq!(Fr::from(0).inverse(), None);
    /// ```
    fn inverse(&self) -> Option<Self>;

    /// The canonical representative, 32 bytes, least significant first.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(Word::to_le_bytes(&Fr::from(258))[..3], [2, 1, 0]);
    /// ```
    fn to_le_bytes(&self) -> [u8; 32];

    /// The word whose canonical representative is `bytes`, or `None` if that is not below the modulus.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(<Fr as Word>::from_le_bytes(&[0; 32]), Some(Fr::from(0)));
    /// assert_eq!(<Fr as Word>::from_le_bytes(&[255; 32]), None);
    /// ```
    fn from_le_bytes(bytes: &[u8; 32]) -> Option<Self>;

    /// The number of words.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!((Fr::from(0) - Fr::from(1)).to_integer() + 1u8, Fr::modulus());
    /// ```
    fn modulus() -> BigUint;

    /// The canonical representative as an integer.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(Fr::from(7).to_integer(), 7u8.into());
    /// ```
    fn to_integer(&self) -> BigUint {
        BigUint::from_bytes_le(&self.to_le_bytes())
    }

    /// The word that `value` represents, or `None` if it is not below the modulus.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(<Fr as Word>::from_integer(&7u8.into()), Some(Fr::from(7)));
    /// assert_eq!(<Fr as Word>::from_integer(&Fr::modulus()), None);
    /// ```
    fn from_integer(value: &BigUint) -> Option<Self> {
        let digits = value.to_bytes_le();
        let mut bytes = [0; 32];
        bytes.get_mut(..digits.len())?.copy_from_slice(&digits);
        Self::from_le_bytes(&bytes)
    }

    /// The word as people write it and the assembler reads it: decimal, the largest million as negatives.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(Fr::from(7).to_text(), "7");
    /// assert_eq!((Fr::from(0) - Fr::from(7)).to_text(), "-7");
    /// ```
    fn to_text(&self) -> String {
        const LEAST_NEGATIVE: u64 = 1_000_000;
        match (Self::zero() - *self).to_u64() {
            Some(magnitude @ 1..=LEAST_NEGATIVE) => format!("-{magnitude}"),
            _ => self.to_integer().to_string(),
        }
    }

    /// The canonical representative, if it fits.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// assert_eq!(Fr::from(7).to_u64(), Some(7));
    /// assert_eq!((Fr::from(0) - Fr::from(1)).to_u64(), None);
    /// ```
    fn to_u64(&self) -> Option<u64> {
        let bytes = self.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        if high.iter().any(|byte| *byte != 0) {
            return None;
        }
        low.try_into().ok().map(u64::from_le_bytes)
    }

    /// The canonical representative, if it has 128 bits at most.
    ///
    /// ```
    /// # use halo2_stack_vm::algebra::{Algebra, Formula, Probe, Word};
    /// # use halo2curves::bn256::Fr;
    /// let word = Fr::from(1 << 63) * Fr::from(4);
    /// assert_eq!(word.to_u128(), Some(1 << 65));
    /// assert_eq!((word * word).to_u128(), None);
    /// ```
    fn to_u128(&self) -> Option<u128> {
        let bytes = self.to_le_bytes();
        let (low, high) = bytes.split_at(16);
        let low = low.try_into().ok().map(u128::from_le_bytes);
        low.filter(|_| high.iter().all(|byte| *byte == 0))
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
