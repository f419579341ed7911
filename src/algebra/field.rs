//! Prime fields are words.

use ff::PrimeField;

use super::{Algebra, Word};

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
    const BITS: u32 = F::NUM_BITS;

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

    #[inline]
    fn to_u64(&self) -> Option<u64> {
        let repr = self.to_repr();
        let (low, high) = repr.as_ref().split_first_chunk::<8>()?;
        let high = high.iter().fold(0, |any, byte| any | byte);
        (high == 0).then_some(u64::from_le_bytes(*low))
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
