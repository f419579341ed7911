//! Arithmetic with the vector instructions of x86-64 that multiply 52-bit integers (AVX-512 IFMA: servers and some desktops since
//! about 2020), eight elements at a time: sums of multiples of points, additions in batches, transforms, programs over blocks of
//! rows. What is computed is what is computed without them, elsewhere in this crate.

mod add;
mod blocks;
mod field;
#[cfg(test)]
mod tests;
mod transform;
mod words;

use std::arch::x86_64::*;
use std::ops::Range;

use group::Group;
use halo2curves::CurveAffine;

use self::add::{Adder, Exceptional, Packed, Points, from_number};
pub(crate) use self::blocks::Registers;
use self::field::{Field, WIDTH, from_digits, to_digits};
pub(crate) use self::transform::{FACTOR, Transforms};
use crate::curve::Point;
use crate::endomorphism::{Limbs, limbs};
use crate::msm::Signed;
use crate::msm::bucket::{Joined, SECTION, Sorted};

/// Points as the vector instructions take them.
#[derive(Debug)]
pub(crate) struct Bases<F> {
    points: Vec<Packed>,
    field: Field,
    zeta: F,
    /// Whether a point may be infinity.
    infinite: bool,
}

/// Into how many lanes the running sum of many buckets is cut.
const LANES: usize = 128;

/// Whether this processor has the instructions.
fn is_there() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

impl<F: ff::PrimeField> Bases<F> {
    /// Of these points of a curve `y^2 = x^3 + b`, whose endomorphism multiplies x by `zeta`; one may be infinity, if
    /// that is said. `None` where the processor
    /// lacks the instructions, or the field is too large.
    pub(crate) fn new(given: &[Point<F>], zeta: F, infinite: bool) -> Option<Self> {
        let field = Field::of::<F>().filter(|_| is_there())?;
        #[allow(unsafe_code)]
        // SAFETY: the processor has what the function needs.
        let points = unsafe { pack_all(&field, given) };
        Some(Bases {
            infinite,
            points,
            field,
            zeta,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    /// Some of the points.
    pub(crate) fn points(&self, range: Range<usize>) -> Vec<Point<F>> {
        #[allow(unsafe_code)]
        // SAFETY: there are bases only where the processor has what the function needs.
        unsafe {
            unpack_all(&self.field, &self.points[range])
        }
    }

    /// One of the points, or its image.
    pub(crate) fn point(&self, index: usize, image: bool) -> Point<F> {
        let point = self.points(index..index + 1)[0];
        match image {
            true => Point {
                x: point.x * self.zeta,
                y: point.y,
            },
            false => point,
        }
    }

    /// The sum of the points, each times its bucket's number plus 1.
    pub(crate) fn sum_of_window<C: CurveAffine<Base = F>>(
        &self,
        buckets: usize,
        digits: impl Iterator<Item = (u32, Signed)>,
    ) -> C::CurveExt {
        let digits: Vec<_> = digits.collect();
        #[allow(unsafe_code)]
        // SAFETY: there are bases only where the processor has what the function needs.
        unsafe {
            sum_of_window::<C>(self, buckets, &digits)
        }
    }
}

/// Additions of points as they are elsewhere.
#[derive(Debug)]
pub(crate) struct Additions {
    adder: Adder,
}

impl Additions {
    /// Of a curve `y^2 = x^3 + b`. `None` where the processor lacks the instructions, or the field is not known to be
    /// kept in words.
    pub(crate) fn new<F: ff::PrimeField>() -> Option<Self> {
        let field = words::field_of_words::<F>()?;
        #[allow(unsafe_code)]
        // SAFETY: the processor has what the function needs.
        let adder = unsafe { Adder::of_sixteenths::<F>(&field) };
        Some(Additions { adder })
    }

    /// The sums of pairs.
    pub(crate) fn sums<F: ff::PrimeField>(
        &mut self,
        pairs: &[[Point<F>; 2]],
        sums: &mut Vec<Point<F>>,
    ) {
        sums.clear();
        sums.resize(pairs.len(), Point::INFINITY);
        #[allow(unsafe_code)]
        // SAFETY: there is such a thing only where the processor has what the function needs.
        unsafe {
            add_pairs(&mut self.adder, pairs, sums)
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn add_pairs<F: ff::PrimeField>(adder: &mut Adder, pairs: &[[Point<F>; 2]], sums: &mut [Point<F>]) {
    let packed = |point: &Point<F>| {
        let [a, b, c, d] = words::words(std::slice::from_ref(&point.x))[0].map(|own| own as i64);
        let [e, f, g, h] = words::words(std::slice::from_ref(&point.y))[0].map(|own| own as i64);
        Packed(_mm512_set_epi64(h, g, f, e, d, c, b, a))
    };
    for group in pairs.chunks(WIDTH) {
        let group = padded(group);
        let [left, right] = [0, 1].map(|side| adder.unpack(group.map(|pair| packed(&pair[side]))));
        adder.push_any(left, right);
    }
    let done = adder.sums::<F>(|number, own| {
        let group = &mut sums[number * WIDTH..];
        for (sum, own) in group.iter_mut().zip(own) {
            let [a, b, c, d, e, f, g, h] = field::lanes(own.0);
            words::words_mut(std::slice::from_mut(&mut sum.x))[0] = [a, b, c, d];
            words::words_mut(std::slice::from_mut(&mut sum.y))[0] = [e, f, g, h];
        }
    });
    assert!(done.is_ok(), "an addition of any points has a denominator");
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn pack_all<F: ff::PrimeField>(field: &Field, points: &[Point<F>]) -> Vec<Packed> {
    let adder = Adder::new(field);
    let mut all = Vec::with_capacity(points.len());
    for chunk in points.chunks(WIDTH) {
        let mut numbers = [[[0; 4]; WIDTH]; 2];
        for (i, point) in chunk.iter().enumerate() {
            numbers[0][i] = limbs(&point.x);
            numbers[1][i] = limbs(&point.y);
        }
        let own = adder.arithmetic();
        let packed = adder.pack(&Points {
            x: own.represent(&from_digits(&numbers[0])),
            y: own.represent(&from_digits(&numbers[1])),
        });
        all.extend_from_slice(&packed[..chunk.len()]);
    }
    all
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn unpack_all<F: ff::PrimeField>(field: &Field, points: &[Packed]) -> Vec<Point<F>> {
    let adder = Adder::new(field);
    let mut all = Vec::with_capacity(points.len());
    for chunk in points.chunks(WIDTH) {
        let own = adder.arithmetic();
        let points = adder.unpack(padded(chunk));
        let numbers: [[Limbs; WIDTH]; 2] =
            [&points.x, &points.y].map(|words| to_digits(&own.numbers(words)));
        let [x, y] = numbers;
        let words = x.iter().zip(&y).take(chunk.len());
        all.extend(words.map(|(x, y)| Point {
            x: from_number(x),
            y: from_number(y),
        }));
    }
    all
}

/// Eight of something, the last of which is repeated.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn padded<T: Copy>(group: &[T]) -> [T; WIDTH] {
    let last = group.len() - 1;
    std::array::from_fn(|i| group[i.min(last)])
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn infinity() -> Packed {
    Packed(_mm512_setzero_si512())
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_window<C: CurveAffine>(
    bases: &Bases<C::Base>,
    buckets: usize,
    digits: &[(u32, Signed)],
) -> C::CurveExt {
    // The points of a bucket, and those of which it has the images: the endomorphism is applied to their sum.
    let slot = |bucket: u32, point: Signed| 2 * bucket as usize + usize::from(point.is_second());
    let Some(sorted) = Sorted::new(2 * buckets, digits, slot) else {
        return C::CurveExt::identity();
    };
    let mut adder = Adder::new(&bases.field);
    let mut infinite = bases.infinite;
    let mut sums = vec![infinity(); sorted.lengths.len().next_multiple_of(2)];
    let (mut points, mut other) = (vec![], vec![]);
    let mut pairs = vec![];
    let mut of = &mut sums[..];
    sorted.sections(|section, own| {
        // The first round takes the points from where they are, and negates some.
        let at = |i: usize| bases.points[section[i].index()];
        let signs = |i: usize| section[i].is_negative();
        halved::<C::Base>(
            &mut adder,
            &mut infinite,
            own,
            at,
            Some(signs),
            &mut pairs,
            &mut points,
        );
        while own.iter().any(|length| *length > 1) {
            let at = |i: usize| points[i];
            halved::<C::Base>(
                &mut adder,
                &mut infinite,
                own,
                at,
                NONE,
                &mut pairs,
                &mut other,
            );
            std::mem::swap(&mut points, &mut other);
        }
        let (here, after) = std::mem::take(&mut of).split_at_mut(own.len());
        of = after;
        let mut points = points.iter();
        for (sum, length) in here.iter_mut().zip(&*own) {
            if *length != 0 {
                *sum = *points.next().expect("a slot that is not empty has a sum");
            }
        }
    });
    let sums = with_images::<C::Base>(&mut adder, &sums, bases.zeta);
    running_sum::<C>(bases, &mut adder, &sums)
}

/// No signs.
const NONE: Option<fn(usize) -> bool> = None;

/// The points of each slot, added pairwise.
#[target_feature(enable = "avx512f,avx512ifma")]
fn halved<F: ff::PrimeField>(
    adder: &mut Adder,
    infinite: &mut bool,
    lengths: &mut [u32],
    at: impl Fn(usize) -> Packed,
    signs: Option<impl Fn(usize) -> bool>,
    pairs: &mut Vec<(u32, u32)>,
    out: &mut Vec<Packed>,
) {
    out.clear();
    pairs.clear();
    let mut from = 0;
    let mut alone = vec![];
    for length in lengths.iter_mut() {
        let end = from + *length as usize;
        while from + 1 < end {
            pairs.push((from as u32, out.len() as u32));
            out.push(infinity());
            from += 2;
        }
        if from < end {
            if signs.as_ref().is_some_and(|negative| negative(from)) {
                alone.push((from as u32, out.len() as u32));
            }
            out.push(at(from));
            from += 1;
        }
        *length = length.div_ceil(2);
    }
    for group in alone.chunks(WIDTH) {
        let own = adder.unpack(padded(group).map(|(from, _)| at(from as usize)));
        let y = adder.arithmetic().negated(0xff, &own.y);
        let negated = adder.pack(&Points { x: own.x, y });
        for ((_, to), own) in group.iter().zip(negated) {
            out[*to as usize] = own;
        }
    }
    // What waits for an inversion takes four times the room of its sums: not all of a long slot at once.
    for pairs in pairs.chunks(SECTION / 2) {
        while let Err(Exceptional) = add_in_place::<F>(adder, *infinite, pairs, &at, &signs, out) {
            // The sum of opposite points is infinity. With that in mind nothing is an exception.
            assert!(!*infinite, "an addition of any points has a denominator");
            *infinite = true;
        }
    }
}

/// Adds pairs of neighbours, and writes each sum to its place.
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_in_place<F: ff::PrimeField>(
    adder: &mut Adder,
    any: bool,
    pairs: &[(u32, u32)],
    at: &impl Fn(usize) -> Packed,
    signs: &Option<impl Fn(usize) -> bool>,
    out: &mut [Packed],
) -> Result<(), Exceptional> {
    for group in pairs.chunks(WIDTH) {
        let from = padded(group).map(|(from, _)| from as usize);
        let [left, right] = [0, 1].map(|side| {
            let own = adder.unpack(from.map(|from| at(from + side)));
            let Some(negative) = &signs else { return own };
            let mut lanes = 0;
            for (i, from) in from.into_iter().enumerate() {
                lanes |= u8::from(negative(from + side)) << i;
            }
            let y = adder.arithmetic().negated(lanes, &own.y);
            Points { x: own.x, y }
        });
        match any {
            false => adder.push(left, right),
            true => adder.push_any(left, right),
        }
    }
    adder.sums::<F>(|number, sums| {
        let group = &pairs[number * WIDTH..];
        for ((_, to), sum) in group.iter().zip(sums) {
            out[*to as usize] = sum;
        }
    })
}

/// The sums of each bucket's two slots, the endomorphism applied to the second one.
#[target_feature(enable = "avx512f,avx512ifma")]
fn with_images<F: ff::PrimeField>(adder: &mut Adder, slots: &[Packed], zeta: F) -> Vec<Packed> {
    let own = *adder.arithmetic();
    let zeta = own.represent(&from_digits(&[limbs(&zeta); WIDTH]));
    let mut sums = vec![infinity(); slots.len() / 2];
    let (pairs, _) = slots.as_chunks::<2>();
    for (pairs, sums) in pairs.chunks(SECTION / 2).zip(sums.chunks_mut(SECTION / 2)) {
        for group in pairs.chunks(WIDTH) {
            let group = padded(group);
            let [left, mut right] = [0, 1].map(|side| adder.unpack(group.map(|pair| pair[side])));
            right.x = own.reduced(&own.mul(&right.x, &zeta));
            adder.push_any(left, right);
        }
        let done = adder.sums::<F>(|number, own| {
            let group = &mut sums[number * WIDTH..];
            for (sum, own) in group.iter_mut().zip(own) {
                *sum = own;
            }
        });
        assert!(done.is_ok(), "an addition of any points has a denominator");
    }
    sums
}

/// The sum of the points, each times its number plus 1.
#[target_feature(enable = "avx512f,avx512ifma")]
fn running_sum<C: CurveAffine>(
    bases: &Bases<C::Base>,
    adder: &mut Adder,
    points: &[Packed],
) -> C::CurveExt {
    if points.len() < 4 * LANES {
        let points = unpack_all(&bases.field, points);
        return crate::msm::bucket::running_sum::<C>(&points);
    }
    // In lanes, side by side: each has a running sum, and the sum of those before the step.
    let length = points.len().div_ceil(LANES);
    let mut running = [infinity(); LANES];
    let mut sums = [infinity(); LANES];
    // After the last point the sums lag a step behind.
    for step in (0..length).rev().map(Some).chain([None]) {
        for group in 0..LANES / WIDTH {
            let first = group * WIDTH;
            let own = adder.unpack(std::array::from_fn(|i| running[first + i]));
            let sum = adder.unpack(std::array::from_fn(|i| sums[first + i]));
            let at = |lane: usize| match step {
                Some(step) => points.get(lane * length + step).copied(),
                None => None,
            };
            let none = infinity();
            let new = adder.unpack(std::array::from_fn(|i| at(first + i).unwrap_or(none)));
            adder.push_any(own, new);
            adder.push_any(sum, own);
        }
        let done = adder.sums::<C::Base>(|number, own| {
            let lanes = match number % 2 {
                0 => &mut running,
                _ => &mut sums,
            };
            lanes[number / 2 * WIDTH..][..WIDTH].copy_from_slice(&own);
        });
        assert!(done.is_ok(), "an addition of any points has a denominator");
    }
    let [running, sums] = [running, sums].map(|own| unpack_all(&bases.field, &own));
    Joined::<C> {
        running: &running,
        sums: &sums,
        length,
    }
    .sum()
}
