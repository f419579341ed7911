//! Field elements where they stand, as words.

use std::any::TypeId;
use std::arch::x86_64::*;

use ff::PrimeField;
use halo2curves::{bn256, pasta};

use crate::endomorphism::limbs;

use super::field::{Field, Vector, WIDTH, packed, unpacked};

/// An element `a` as halo2curves keeps it: `2^256 a mod p`, lowest digit first.
pub(super) type Word = [u64; 4];

/// The field, where the processor has the instructions, the type is known to be a [`Word`], and 1 is the word that it
/// should be.
pub(super) fn field_of_words<F: PrimeField>() -> Option<Field> {
    let is_one = || words(&[F::ONE])[0] == limbs(&F::from(2).pow_vartime([256]));
    (super::is_there() && is_known::<F>() && is_one()).then(Field::of::<F>)?
}

/// Whether the type is one that is known to be a [`Word`].
fn is_known<F: PrimeField>() -> bool {
    let known = [
        TypeId::of::<bn256::Fr>(),
        TypeId::of::<bn256::Fq>(),
        TypeId::of::<pasta::Fp>(),
        TypeId::of::<pasta::Fq>(),
    ];
    known.contains(&TypeId::of::<F>())
        && size_of::<F>() == size_of::<Word>()
        && align_of::<F>() == align_of::<Word>()
}

/// The elements as words. A word that is put there must be below the modulus.
pub(super) fn words<F: PrimeField>(elements: &[F]) -> &[Word] {
    assert!(is_known::<F>());
    #[allow(unsafe_code)]
    // SAFETY: the type is one of those above, each a struct of one field, a `[u64; 4]`, in the versions of
    // halo2curves-axiom and pasta_curves that the lock file names, and its size and alignment are the array's. So it has the
    // array's layout, and every value of it is a value of the array.
    unsafe {
        std::slice::from_raw_parts(elements.as_ptr().cast(), elements.len())
    }
}

/// The same, to be changed.
pub(super) fn words_mut<F: PrimeField>(elements: &mut [F]) -> &mut [Word] {
    assert!(is_known::<F>());
    #[allow(unsafe_code)]
    // SAFETY: as in `words`; and every value of the array is one of the type, though one that is not reduced compares as
    // unequal.
    unsafe {
        std::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), elements.len())
    }
}

/// Eight words, in an order of their own: that of [`store`].
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn load(words: &[Word; WIDTH]) -> Vector {
    let from: *const i64 = words.as_ptr().cast();
    #[allow(unsafe_code)]
    // SAFETY: there are 32 digits from there on, and the loads ask for no alignment.
    let [a, b, c, d] = unsafe {
        [
            _mm512_loadu_epi64(from),
            _mm512_loadu_epi64(from.add(8)),
            _mm512_loadu_epi64(from.add(16)),
            _mm512_loadu_epi64(from.add(24)),
        ]
    };
    let low = [_mm512_unpacklo_epi64(a, b), _mm512_unpacklo_epi64(c, d)];
    let high = [_mm512_unpackhi_epi64(a, b), _mm512_unpackhi_epi64(c, d)];
    let digits = [
        _mm512_shuffle_i64x2::<0x88>(low[0], low[1]),
        _mm512_shuffle_i64x2::<0x88>(high[0], high[1]),
        _mm512_shuffle_i64x2::<0xdd>(low[0], low[1]),
        _mm512_shuffle_i64x2::<0xdd>(high[0], high[1]),
    ];
    unpacked(_mm512_set1_epi64((1 << 52) - 1), digits)
}

/// Writes eight words that were loaded.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn store(words: &mut [Word; WIDTH], vector: &Vector) {
    let [a, b, c, d] = packed(vector);
    let first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    let second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    let low = [
        _mm512_permutex2var_epi64(a, first, c),
        _mm512_permutex2var_epi64(a, second, c),
    ];
    let high = [
        _mm512_permutex2var_epi64(b, first, d),
        _mm512_permutex2var_epi64(b, second, d),
    ];
    let rows = [
        _mm512_unpacklo_epi64(low[0], high[0]),
        _mm512_unpackhi_epi64(low[0], high[0]),
        _mm512_unpacklo_epi64(low[1], high[1]),
        _mm512_unpackhi_epi64(low[1], high[1]),
    ];
    let to: *mut i64 = words.as_mut_ptr().cast();
    #[allow(unsafe_code)]
    // SAFETY: as in `load`.
    unsafe {
        for (i, row) in rows.into_iter().enumerate() {
            _mm512_storeu_epi64(to.add(8 * i), row);
        }
    }
}

/// Two words of each of eight places, `stride` words from one to the next, by lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn load_pairs(words: &[Word], first: usize, stride: usize) -> [Vector; 2] {
    let mut rows = [_mm512_setzero_si512(); WIDTH];
    for (i, row) in rows.iter_mut().enumerate() {
        let pair = &words[first + i * stride..][..2];
        #[allow(unsafe_code)]
        // SAFETY: the pair has eight digits, and the load asks for no alignment.
        unsafe {
            *row = _mm512_loadu_epi64(pair.as_ptr().cast());
        }
    }
    let [a, b, c, d, e, f, g, h] = super::field::transposed(rows);
    let mask = _mm512_set1_epi64((1 << 52) - 1);
    [unpacked(mask, [a, b, c, d]), unpacked(mask, [e, f, g, h])]
}

/// Writes them.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn store_pairs(words: &mut [Word], first: usize, stride: usize, pairs: [&Vector; 2]) {
    let ([a, b, c, d], [e, f, g, h]) = (packed(pairs[0]), packed(pairs[1]));
    let rows = super::field::transposed([a, b, c, d, e, f, g, h]);
    for (i, row) in rows.into_iter().enumerate() {
        let pair = &mut words[first + i * stride..][..2];
        #[allow(unsafe_code)]
        // SAFETY: as in `load_pairs`.
        unsafe {
            _mm512_storeu_epi64(pair.as_mut_ptr().cast(), row);
        }
    }
}
