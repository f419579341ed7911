//! Points in affine coordinates, added in batches: one inversion for many additions.
//!
//! An addition of two affine points takes one inversion, two multiplications and a square. Of many independent
//! additions the inversions are one, and three multiplications each (Montgomery's trick).

use ff::{Field, PrimeField};
use halo2curves::CurveAffine;

use crate::ifma::Additions;

/// A point in affine coordinates. Infinity is `(0, 0)`, which is no point of a curve `y^2 = x^3 + a x + b` with `b != 0`.
///
/// It lies in as few cache lines as it can: points are read in no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Point<F> {
    pub x: F,
    pub y: F,
}

impl<F: Field> Point<F> {
    pub const INFINITY: Self = Point {
        x: F::ZERO,
        y: F::ZERO,
    };

    pub fn is_infinity(&self) -> bool {
        // Not `is_zero`, which takes constant time.
        self.x == F::ZERO && self.y == F::ZERO
    }

    pub fn of<C: CurveAffine<Base = F>>(point: &C) -> Self {
        match Option::<halo2curves::Coordinates<C>>::from(point.coordinates()) {
            Some(own) => Point {
                x: *own.x(),
                y: *own.y(),
            },
            None => Self::INFINITY,
        }
    }

    pub fn to_affine<C: CurveAffine<Base = F>>(self) -> C {
        match self.is_infinity() {
            true => C::identity(),
            false => {
                C::from_xy(self.x, self.y).expect("sums of points of a curve are points of it")
            }
        }
    }

    pub fn negated_if(self, negated: bool) -> Self {
        match negated {
            true => Point {
                x: self.x,
                y: -self.y,
            },
            false => self,
        }
    }
}

/// Room for a batch of additions.
#[derive(Debug)]
pub(crate) struct Batch<F> {
    /// What is added.
    pairs: Vec<[Point<F>; 2]>,
    /// The slopes' denominators, and the product of all before each.
    denominators: Vec<[F; 2]>,
    /// What adds many at a time, if the processor can.
    vectors: Option<Additions>,
    sums: Vec<Point<F>>,
}

/// The fewest additions that are worth vectors.
const MANY: usize = 32;

impl<F: PrimeField> Batch<F> {
    pub fn new() -> Self {
        Batch {
            pairs: vec![],
            denominators: vec![],
            vectors: Additions::new::<F>(),
            sums: vec![],
        }
    }

    /// Adds the pairs that `pair` gives for `0..count`, and hands each sum to `put`, the last first. `a` is the curve's
    /// coefficient.
    #[inline(always)]
    pub fn add<T: ?Sized>(
        &mut self,
        a: F,
        count: usize,
        points: &mut T,
        pair: impl Fn(&T, usize) -> (Point<F>, Point<F>),
        mut put: impl FnMut(&mut T, usize, Point<F>),
    ) {
        self.pairs.clear();
        for i in 0..count {
            let (left, right) = pair(points, i);
            self.pairs.push([left, right]);
        }
        self.make(a);
        for (i, sum) in self.sums.iter().enumerate().rev() {
            put(points, i, *sum);
        }
    }

    /// Doubles points. `a` is the curve's coefficient.
    pub fn double(&mut self, a: F, points: &mut [Point<F>]) {
        self.pairs.clear();
        self.pairs.extend(points.iter().map(|own| [*own; 2]));
        self.make(a);
        points.copy_from_slice(&self.sums);
    }

    /// Adds the pairs.
    fn make(&mut self, a: F) {
        if let Some(vectors) = &mut self.vectors
            && a == F::ZERO
            && self.pairs.len() >= MANY
        {
            return vectors.sums(&self.pairs, &mut self.sums);
        }
        self.denominators.clear();
        let mut product = F::ONE;
        for [left, right] in &self.pairs {
            let denominator = denominator_of(*left, *right);
            self.denominators.push([denominator, product]);
            product *= denominator;
        }
        let mut inverse = product.invert().unwrap_or(F::ZERO);
        self.sums.clear();
        self.sums.resize(self.pairs.len(), Point::INFINITY);
        let all = self.pairs.iter().zip(&self.denominators);
        for (sum, ([left, right], [denominator, before])) in self.sums.iter_mut().zip(all).rev() {
            let own = inverse * before;
            inverse *= denominator;
            *sum = add(a, *left, *right, own);
        }
    }
}

/// Adds neighbours in a list of points.
#[derive(Debug)]
pub(crate) struct Neighbours<F> {
    /// Where the left point of each pair is, and where the sum goes.
    pairs: Vec<(u32, u32)>,
    /// The pairs: they are fetched together, so that nothing waits for one of them.
    points: Vec<[Point<F>; 2]>,
    denominators: Vec<[F; 2]>,
    /// Whether a point may be infinity.
    pub infinite: bool,
}

impl<F: Field> Neighbours<F> {
    /// How many additions share an inversion.
    const BATCH: usize = 1 << 9;

    pub fn new(infinite: bool) -> Self {
        Neighbours {
            pairs: Vec::with_capacity(Self::BATCH),
            points: Vec::with_capacity(Self::BATCH),
            denominators: Vec::with_capacity(Self::BATCH),
            infinite,
        }
    }

    /// Notes that the point at `from` and the one after it are to be added.
    #[inline(always)]
    pub fn push(
        &mut self,
        a: F,
        at: &impl Fn(usize) -> Point<F>,
        out: &mut Vec<Point<F>>,
        from: usize,
    ) {
        self.pairs.push((from as u32, out.len() as u32));
        out.push(Point::INFINITY);
        if self.pairs.len() == Self::BATCH {
            self.flush(a, at, out);
        }
    }

    /// Adds what was noted.
    #[inline(always)]
    pub fn flush(&mut self, a: F, at: &impl Fn(usize) -> Point<F>, out: &mut [Point<F>]) {
        self.points.clear();
        let fetched = self.pairs.iter().map(|(from, _)| *from as usize);
        self.points
            .extend(fetched.map(|from| [at(from), at(from + 1)]));
        // Whether a denominator is 0, the product of all tells: a comparison each would cost a tenth.
        if self.infinite || !self.flush_distinct(out) {
            self.flush_any(a, out);
        }
        self.pairs.clear();
    }

    /// Adds pairs of points that are neither infinity, nor the same, nor opposite; else says no, and has added nothing.
    #[inline(always)]
    fn flush_distinct(&mut self, out: &mut [Point<F>]) -> bool {
        self.denominators.clear();
        let mut product = F::ONE;
        for [left, right] in &self.points {
            let denominator = right.x - left.x;
            self.denominators.push([denominator, product]);
            product *= denominator;
        }
        let Some(mut inverse) = Option::<F>::from(product.invert()) else {
            return false;
        };
        let all = self.pairs.iter().zip(&self.points).zip(&self.denominators);
        for (((_, to), [left, right]), [denominator, before]) in all.rev() {
            let own = inverse * before;
            inverse *= denominator;
            out[*to as usize] = chord(*left, *right, (right.y - left.y) * own);
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn flush_any(&mut self, a: F, out: &mut [Point<F>]) {
        self.denominators.clear();
        let mut product = F::ONE;
        for [left, right] in &self.points {
            let denominator = denominator_of(*left, *right);
            self.denominators.push([denominator, product]);
            product *= denominator;
        }
        let mut inverse = product.invert().unwrap_or(F::ZERO);
        let all = self.pairs.iter().zip(&self.points).zip(&self.denominators);
        for (((_, to), [left, right]), [denominator, before]) in all.rev() {
            let own = inverse * before;
            inverse *= denominator;
            let sum = add(a, *left, *right, own);
            self.infinite |= sum.is_infinity();
            out[*to as usize] = sum;
        }
    }
}

/// The denominator of a slope, or 1 where there is none.
fn denominator_of<F: Field>(left: Point<F>, right: Point<F>) -> F {
    if left.is_infinity() || right.is_infinity() {
        return F::ONE;
    }
    match right.x == left.x {
        false => right.x - left.x,
        // Of opposite points, or one of order 2, the sum is infinity.
        true if left.y != right.y || left.y == F::ZERO => F::ONE,
        true => left.y.double(),
    }
}

/// The sum of two points, given the inverse of its slope's denominator.
#[inline(always)]
fn add<F: Field>(a: F, left: Point<F>, right: Point<F>, inverse: F) -> Point<F> {
    if left.x == right.x || left.x == F::ZERO || right.x == F::ZERO {
        return add_slowly(a, left, right, inverse);
    }
    chord(left, right, (right.y - left.y) * inverse)
}

#[inline(always)]
fn chord<F: Field>(left: Point<F>, right: Point<F>, slope: F) -> Point<F> {
    let x = slope.square() - left.x - right.x;
    Point {
        x,
        y: slope * (left.x - x) - left.y,
    }
}

/// The same where the points may be the same, opposite, or infinity.
fn add_slowly<F: Field>(a: F, left: Point<F>, right: Point<F>, inverse: F) -> Point<F> {
    if left.is_infinity() {
        return right;
    }
    if right.is_infinity() {
        return left;
    }
    if left.x != right.x {
        return chord(left, right, (right.y - left.y) * inverse);
    }
    if left.y != right.y || left.y == F::ZERO {
        return Point::INFINITY;
    }
    let square = left.x.square();
    chord(left, right, (square.double() + square + a) * inverse)
}
