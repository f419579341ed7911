//! Eight field elements at a time: products of 52-bit limbs.
//!
//! An element `a` of a field of `p < 2^255` stands as `a R mod p` with `R = 2^260`, in five limbs of 52 bits
//! (Montgomery, "Modular multiplication without trial division", 1985). `VPMADD52` multiplies the limbs of eight
//! elements and adds the lower or the upper half of the products: Gueron, Krasnov, "Accelerating big integer arithmetic using
//! Intel IFMA extensions" (2016).
//!
//! A limb's number says which others it meets, so loops count: that is how such code reads.
//!
//! Elements are *reduced* (below p) where they stand in memory or are compared. In between they are sums and differences with
//! some multiples of p: a product takes factors of which one is below 4 p and the other below 8 p, and is below 2 p.

#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

use ff::PrimeField;
use num_bigint::BigUint;

use crate::endomorphism::{Limbs, limbs};

/// The number of limbs of an element.
pub(super) const LIMBS: usize = 5;
/// The bits of a limb.
const BITS: usize = 52;
/// The elements of a vector.
pub(super) const WIDTH: usize = 8;

/// A field, as its arithmetic needs it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    modulus: [u64; LIMBS],
    /// `-1 / p` modulo `2^52`.
    negative_inverse: u64,
    /// R and R^2.
    one: [u64; LIMBS],
    square: [u64; LIMBS],
}

fn split(number: &BigUint) -> [u64; LIMBS] {
    let limb = |i: usize| (number >> (BITS * i)) & BigUint::from((1u64 << BITS) - 1);
    std::array::from_fn(|i| limb(i).iter_u64_digits().next().unwrap_or(0))
}

impl Field {
    /// `None` of a field that is too large.
    pub(super) fn of<F: PrimeField>() -> Option<Self> {
        if F::NUM_BITS > 255 || F::Repr::default().as_ref().len() != 32 {
            return None;
        }
        let largest = limbs(&-F::ONE);
        let bytes = largest.iter().flat_map(|limb| limb.to_le_bytes());
        let modulus = BigUint::from_bytes_le(&bytes.collect::<Vec<_>>()) + 1u32;
        let r = BigUint::from(1u32) << (BITS * LIMBS);
        let low = split(&modulus)[0];
        // Newton's iteration doubles the bits that are right; an odd number is its own inverse modulo 8.
        let mut inverse = low;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(low.wrapping_mul(inverse)));
        }
        Some(Field {
            negative_inverse: inverse.wrapping_neg() & ((1 << BITS) - 1),
            one: split(&(&r % &modulus)),
            square: split(&(&r * &r % &modulus)),
            modulus: split(&modulus),
        })
    }
}

/// Eight elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector(pub(super) [__m512i; LIMBS]);

/// A [`Field`] in all lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arithmetic {
    modulus: Vector,
    twice: Vector,
    fourfold: Vector,
    negative_inverse: __m512i,
    mask: __m512i,
    pub(super) one: Vector,
    square: Vector,
}

#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn broadcast(limbs: &[u64; LIMBS]) -> Vector {
    let mut out = [_mm512_setzero_si512(); LIMBS];
    for i in 0..LIMBS {
        out[i] = _mm512_set1_epi64(limbs[i] as i64);
    }
    Vector(out)
}

impl Arithmetic {
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(field: &Field) -> Self {
        let modulus = broadcast(&field.modulus);
        let mask = _mm512_set1_epi64((1 << BITS) - 1);
        let double = |a: Vector| {
            let mut t = a;
            for limb in &mut t.0 {
                *limb = _mm512_add_epi64(*limb, *limb);
            }
            carried(mask, t)
        };
        let twice = double(modulus);
        Arithmetic {
            fourfold: double(twice),
            twice,
            modulus,
            negative_inverse: _mm512_set1_epi64(field.negative_inverse as i64),
            mask,
            one: broadcast(&field.one),
            square: broadcast(&field.square),
        }
    }

    /// The product, divided by R; below 2 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn mul(&self, a: &Vector, b: &Vector) -> Vector {
        let zero = _mm512_setzero_si512();
        let mut t = [zero; LIMBS];
        for i in 0..LIMBS {
            for j in 0..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], a.0[i], b.0[j]);
            }
            // What makes the lowest limb 0.
            let m = _mm512_madd52lo_epu64(zero, t[0], self.negative_inverse);
            let lowest = _mm512_madd52lo_epu64(t[0], m, self.modulus.0[0]);
            let carry = _mm512_srli_epi64::<{ BITS as u32 }>(lowest);
            for j in 1..LIMBS {
                t[j - 1] = _mm512_madd52lo_epu64(t[j], m, self.modulus.0[j]);
            }
            t[LIMBS - 1] = zero;
            t[0] = _mm512_add_epi64(t[0], carry);
            for j in 0..LIMBS {
                t[j] = _mm512_madd52hi_epu64(t[j], a.0[i], b.0[j]);
                t[j] = _mm512_madd52hi_epu64(t[j], m, self.modulus.0[j]);
            }
        }
        carried(self.mask, Vector(t))
    }

    /// `16 a`, for a below p: it may be multiplied by what is below 2 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn sixteen_fold(&self, a: &Vector) -> Vector {
        let mut t = *a;
        for i in 0..LIMBS {
            t.0[i] = _mm512_slli_epi64::<4>(a.0[i]);
        }
        carried(self.mask, t)
    }

    /// `a - b + 2 p`, for b below 2 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn sub(&self, a: &Vector, b: &Vector) -> Vector {
        self.difference(a, b, &self.twice)
    }

    /// `a - b - c + 2 p`, for b and c below p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn sub_both(&self, a: &Vector, b: &Vector, c: &Vector) -> Vector {
        let mut t = *a;
        for i in 0..LIMBS {
            let own = _mm512_add_epi64(a.0[i], self.twice.0[i]);
            t.0[i] = _mm512_sub_epi64(own, _mm512_add_epi64(b.0[i], c.0[i]));
        }
        carried(self.mask, t)
    }

    /// `a + b`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn add(&self, a: &Vector, b: &Vector) -> Vector {
        let mut t = *a;
        for i in 0..LIMBS {
            t.0[i] = _mm512_add_epi64(a.0[i], b.0[i]);
        }
        carried(self.mask, t)
    }

    /// The same below p, of what is below 4 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn reduced(&self, a: &Vector) -> Vector {
        let a = self.less(a, &self.twice);
        self.less(&a, &self.modulus)
    }

    /// The same below 2 p, of what is below 4 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn halved(&self, a: &Vector) -> Vector {
        self.less(a, &self.twice)
    }

    /// The same below 2 p, of what is below 8 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn halved_twice(&self, a: &Vector) -> Vector {
        let a = self.less(a, &self.fourfold);
        self.less(&a, &self.twice)
    }

    /// `a - b + 4 p`, for b below 4 p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn sub_far(&self, a: &Vector, b: &Vector) -> Vector {
        self.difference(a, b, &self.fourfold)
    }

    /// `a - b + multiple`, which is no less than b.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn difference(&self, a: &Vector, b: &Vector, multiple: &Vector) -> Vector {
        let mut t = *a;
        for i in 0..LIMBS {
            let own = _mm512_add_epi64(a.0[i], multiple.0[i]);
            t.0[i] = _mm512_sub_epi64(own, b.0[i]);
        }
        carried(self.mask, t)
    }

    /// `a - b`, or a where that is negative.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn less(&self, a: &Vector, b: &Vector) -> Vector {
        let mut t = *a;
        for i in 0..LIMBS {
            t.0[i] = _mm512_sub_epi64(a.0[i], b.0[i]);
        }
        let t = carried(self.mask, t);
        let negative = _mm512_cmplt_epi64_mask(t.0[LIMBS - 1], _mm512_setzero_si512());
        select(negative, &t, a)
    }

    /// `-a` in some lanes; reduced, and 0 stays 0.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn negated(&self, lanes: __mmask8, a: &Vector) -> Vector {
        let lanes = lanes & !is_zero(a);
        let mut t = *a;
        for i in 0..LIMBS {
            t.0[i] = _mm512_mask_sub_epi64(a.0[i], lanes, self.modulus.0[i], a.0[i]);
        }
        carried(self.mask, t)
    }

    /// What stands for the numbers in these lanes, each below p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn represent(&self, numbers: &Vector) -> Vector {
        let own = self.mul(numbers, &self.square);
        self.reduced(&own)
    }

    /// The numbers that the elements stand for, each below p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn numbers(&self, elements: &Vector) -> Vector {
        let mut one = Vector([_mm512_setzero_si512(); LIMBS]);
        one.0[0] = _mm512_set1_epi64(1);
        let own = self.mul(elements, &one);
        self.reduced(&own)
    }
}

/// Carries what is above a limb, or below 0, into the next one; the last one keeps the sign.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn carried(mask: __m512i, a: Vector) -> Vector {
    let mut t = a;
    for i in 0..LIMBS - 1 {
        let carry = _mm512_srai_epi64::<{ BITS as u32 }>(t.0[i]);
        t.0[i] = _mm512_and_si512(t.0[i], mask);
        t.0[i + 1] = _mm512_add_epi64(t.0[i + 1], carry);
    }
    t
}

/// b in some lanes, else a.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn select(lanes: __mmask8, a: &Vector, b: &Vector) -> Vector {
    let mut t = *a;
    for i in 0..LIMBS {
        t.0[i] = _mm512_mask_blend_epi64(lanes, a.0[i], b.0[i]);
    }
    t
}

/// Where all limbs are 0.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn is_zero(a: &Vector) -> __mmask8 {
    let [b, c, d, e, f] = a.0;
    let low = _mm512_or_si512(_mm512_or_si512(b, c), _mm512_or_si512(d, e));
    let all = _mm512_or_si512(low, f);
    _mm512_testn_epi64_mask(all, all)
}

/// Where two reduced elements are the same.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn is_same(a: &Vector, b: &Vector) -> __mmask8 {
    let mut t = *a;
    for i in 0..LIMBS {
        t.0[i] = _mm512_xor_si512(a.0[i], b.0[i]);
    }
    is_zero(&t)
}

/// Eight numbers of 256 bits, of which these are the 64-bit digits, as limbs.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn unpacked(mask: __m512i, digits: [__m512i; 4]) -> Vector {
    let [a, b, c, d] = digits;
    let joined = |low, high| _mm512_and_si512(_mm512_or_si512(low, high), mask);
    Vector([
        _mm512_and_si512(a, mask),
        joined(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b)),
        joined(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c)),
        joined(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d)),
        _mm512_srli_epi64::<16>(d),
    ])
}

/// The 64-bit digits of eight numbers.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn packed(a: &Vector) -> [__m512i; 4] {
    let [a, b, c, d, e] = a.0;
    [
        _mm512_or_si512(a, _mm512_slli_epi64::<52>(b)),
        _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c)),
        _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d)),
        _mm512_or_si512(_mm512_srli_epi64::<36>(d), _mm512_slli_epi64::<16>(e)),
    ]
}

/// Eight numbers.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn from_digits(numbers: &[Limbs; WIDTH]) -> Vector {
    let mut digits = [_mm512_setzero_si512(); 4];
    for (i, digit) in digits.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = numbers.map(|own| own[i] as i64);
        *digit = _mm512_set_epi64(h, g, f, e, d, c, b, a);
    }
    unpacked(_mm512_set1_epi64((1 << BITS) - 1), digits)
}

/// The same back.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn to_digits(numbers: &Vector) -> [Limbs; WIDTH] {
    let digits = packed(numbers).map(|digit| lanes(digit));
    std::array::from_fn(|lane| std::array::from_fn(|i| digits[i][lane]))
}

/// What stands in the lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn lanes(vector: __m512i) -> [u64; WIDTH] {
    let quarter = |own: __m128i| {
        let high = _mm_unpackhi_epi64(own, own);
        [own, high].map(|own| _mm_cvtsi128_si64(own) as u64)
    };
    let [a, b] = quarter(_mm512_extracti32x4_epi32::<0>(vector));
    let [c, d] = quarter(_mm512_extracti32x4_epi32::<1>(vector));
    let [e, f] = quarter(_mm512_extracti32x4_epi32::<2>(vector));
    let [g, h] = quarter(_mm512_extracti32x4_epi32::<3>(vector));
    [a, b, c, d, e, f, g, h]
}

/// Rows become columns.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    let low = [
        _mm512_unpacklo_epi64(a, b),
        _mm512_unpacklo_epi64(c, d),
        _mm512_unpacklo_epi64(e, f),
        _mm512_unpacklo_epi64(g, h),
    ];
    let high = [
        _mm512_unpackhi_epi64(a, b),
        _mm512_unpackhi_epi64(c, d),
        _mm512_unpackhi_epi64(e, f),
        _mm512_unpackhi_epi64(g, h),
    ];
    let [r0, r4, r2, r6] = quarters(low);
    let [r1, r5, r3, r7] = quarters(high);
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// The quarters of four vectors, put together by their places: those of place 0, 2, 1, 3.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let even = [
        _mm512_shuffle_i64x2::<0x88>(a, b),
        _mm512_shuffle_i64x2::<0x88>(c, d),
    ];
    let odd = [
        _mm512_shuffle_i64x2::<0xdd>(a, b),
        _mm512_shuffle_i64x2::<0xdd>(c, d),
    ];
    [
        _mm512_shuffle_i64x2::<0x88>(even[0], even[1]),
        _mm512_shuffle_i64x2::<0xdd>(even[0], even[1]),
        _mm512_shuffle_i64x2::<0x88>(odd[0], odd[1]),
        _mm512_shuffle_i64x2::<0xdd>(odd[0], odd[1]),
    ]
}
