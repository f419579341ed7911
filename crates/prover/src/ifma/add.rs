//! Additions of points of `y^2 = x^3 + b`, eight at a time; as many share an inversion as are made together.

use std::arch::x86_64::*;

use ff::PrimeField;

use super::field::{
    Arithmetic, Field, Vector, WIDTH, from_digits, is_same, is_zero, packed, select, to_digits,
    transposed, unpacked,
};
use crate::endomorphism::{Limbs, limbs};

/// A point in affine coordinates, reduced: the 64-bit digits of x, then those of y. Infinity is `(0, 0)`.
///
/// It is one line of a cache, and one register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed(pub(super) __m512i);

/// Eight points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Points {
    pub(super) x: Vector,
    pub(super) y: Vector,
}

/// Two times eight points that are to be added, and the product of the denominators before them.
#[derive(Clone, Copy, Debug)]
struct Pending {
    left: Points,
    right: Points,
    denominator: Vector,
    before: Vector,
    /// Lanes in which both points are the same, in which they are opposite, and in which one is infinity.
    same: __mmask8,
    opposite: __mmask8,
    infinite: [__mmask8; 2],
}

/// Additions that share an inversion.
#[derive(Debug)]
pub(super) struct Adder {
    arithmetic: Arithmetic,
    pending: Vec<Pending>,
    /// 1 / 16, if coordinates are 16 times smaller than those of the curve.
    sixteenth: Option<Vector>,
    /// Two chains of products, so that none waits for the other.
    products: [Vector; 2],
}

/// A product of denominators is 0: two points are the same, or opposite, or one is infinity.
pub(super) struct Exceptional;

impl Adder {
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(field: &Field) -> Self {
        let arithmetic = Arithmetic::new(field);
        Adder {
            pending: vec![],
            sixteenth: None,
            products: [arithmetic.one; 2],
            arithmetic,
        }
    }

    /// Of points as halo2curves keeps them: `2^256 x` is `2^260` times a sixteenth of x. Slopes stay the same.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn of_sixteenths<F: PrimeField>(field: &Field) -> Self {
        let mut own = Self::new(field);
        let sixteenth = F::TWO_INV.pow_vartime([4]);
        let numbers = from_digits(&[limbs(&sixteenth); WIDTH]);
        own.sixteenth = Some(own.arithmetic.represent(&numbers));
        own
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn arithmetic(&self) -> &Arithmetic {
        &self.arithmetic
    }

    /// Eight points by lanes.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn unpack(&self, points: [Packed; WIDTH]) -> Points {
        let [a, b, c, d, e, f, g, h] = points;
        let [x0, x1, x2, x3, y0, y1, y2, y3] = transposed([a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0]);
        let mask = _mm512_set1_epi64((1 << 52) - 1);
        Points {
            x: unpacked(mask, [x0, x1, x2, x3]),
            y: unpacked(mask, [y0, y1, y2, y3]),
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn pack(&self, points: &Points) -> [Packed; WIDTH] {
        let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (packed(&points.x), packed(&points.y));
        let [a, b, c, d, e, f, g, h] = transposed([x0, x1, x2, x3, y0, y1, y2, y3]);
        [a, b, c, d, e, f, g, h].map(Packed)
    }

    /// Notes eight additions of points that are neither infinity, nor the same, nor opposite: if one is, [`Adder::sums`]
    /// says so.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn push(&mut self, left: Points, right: Points) {
        let denominator = self.arithmetic.sub(&right.x, &left.x);
        self.note(Pending {
            left,
            right,
            denominator,
            before: denominator,
            same: 0,
            opposite: 0,
            infinite: [0; 2],
        });
    }

    /// Notes eight additions of any points.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn push_any(&mut self, left: Points, right: Points) {
        let own = &self.arithmetic;
        let infinite = |point: &Points| is_zero(&point.x) & is_zero(&point.y);
        let infinite = [infinite(&left), infinite(&right)];
        let equal = is_same(&left.x, &right.x) & !infinite[0] & !infinite[1];
        let same = equal & is_same(&left.y, &right.y) & !is_zero(&left.y);
        let opposite = equal & !same;
        let mut denominator = own.sub(&right.x, &left.x);
        denominator = select(same, &denominator, &own.add(&left.y, &left.y));
        denominator = select(opposite | infinite[0] | infinite[1], &denominator, &own.one);
        self.note(Pending {
            left,
            right,
            denominator,
            before: denominator,
            same,
            opposite,
            infinite,
        });
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn note(&mut self, mut pending: Pending) {
        let product = &mut self.products[self.pending.len() % 2];
        pending.before = *product;
        *product = self.arithmetic.mul(product, &pending.denominator);
        self.pending.push(pending);
    }

    /// Makes the additions, and hands each eight sums to `put`, with their number, the last first. If one was
    /// [`Exceptional`], none is made.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn sums<F: PrimeField>(
        &mut self,
        mut put: impl FnMut(usize, [Packed; WIDTH]),
    ) -> Result<(), Exceptional> {
        let own = self.arithmetic;
        let [even, odd] = std::mem::replace(&mut self.products, [own.one; 2]);
        let all = own.mul(&even, &odd);
        let Some(inverse) = inverted::<F>(&own, &all) else {
            self.pending.clear();
            return Err(Exceptional);
        };
        let mut inverses = [own.mul(&inverse, &odd), own.mul(&inverse, &even)];
        for i in (0..self.pending.len()).rev() {
            let Pending {
                left,
                right,
                denominator,
                before,
                same,
                opposite,
                infinite,
            } = &self.pending[i];
            let chain = &mut inverses[i % 2];
            let inverse = own.mul(chain, before);
            *chain = own.mul(chain, denominator);
            let mut rise = own.sub(&right.y, &left.y);
            if *same != 0 {
                let square = own.mul(&left.x, &left.x);
                let thrice = own.add(&own.add(&square, &square), &square);
                let mut tangent = own.reduced(&own.reduced(&thrice));
                if self.sixteenth.is_some() {
                    tangent = own.mul(&own.one, &own.sixteen_fold(&tangent));
                }
                rise = select(*same, &rise, &tangent);
            }
            let slope = own.mul(&rise, &inverse);
            let square = match &self.sixteenth {
                Some(sixteenth) => own.mul(&slope, &own.mul(&slope, sixteenth)),
                None => own.mul(&slope, &slope),
            };
            let x = own.reduced(&own.sub_both(&square, &left.x, &right.x));
            let moved = own.mul(&slope, &own.sub(&left.x, &x));
            let y = own.reduced(&own.sub(&moved, &left.y));
            let mut sum = Points { x, y };
            if *opposite | infinite[0] | infinite[1] != 0 {
                let zero = Vector([_mm512_setzero_si512(); 5]);
                let chosen = |sum: &Vector, left: &Vector, right: &Vector| {
                    let own = select(*opposite, sum, &zero);
                    let own = select(infinite[1], &own, left);
                    select(infinite[0], &own, right)
                };
                sum = Points {
                    x: chosen(&sum.x, &left.x, &right.x),
                    y: chosen(&sum.y, &left.y, &right.y),
                };
            }
            put(i, self.pack(&sum));
        }
        self.pending.clear();
        Ok(())
    }
}

/// The inverses of eight elements; `None` if one is 0.
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverted<F: PrimeField>(own: &Arithmetic, elements: &Vector) -> Option<Vector> {
    let numbers = to_digits(&own.numbers(elements));
    let elements = numbers.map(|number| from_number::<F>(&number));
    let mut before = [F::ONE; WIDTH];
    let mut product = F::ONE;
    for (before, element) in before.iter_mut().zip(&elements) {
        *before = product;
        product *= element;
    }
    let mut inverse = Option::<F>::from(product.invert())?;
    let mut inverses = [[0; 4]; WIDTH];
    for i in (0..WIDTH).rev() {
        inverses[i] = limbs(&(inverse * before[i]));
        inverse *= elements[i];
    }
    Some(own.represent(&from_digits(&inverses)))
}

/// The element that a number below the modulus stands for.
pub(super) fn from_number<F: PrimeField>(number: &Limbs) -> F {
    let mut repr = F::Repr::default();
    for (bytes, limb) in repr.as_mut().chunks_mut(8).zip(number) {
        bytes.copy_from_slice(&limb.to_le_bytes());
    }
    Option::from(F::from_repr(repr)).expect("it is reduced")
}
