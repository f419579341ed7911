//! Sums of multiples of fixed points.
//!
//! Pippenger's method ("On the evaluation of powers and monomials", 1980), with what is particular to a prover's
//! columns: a scalar that is small, or the negative of a small one, has few digits and takes few additions, whatever
//! stands beside it; a wide one is split in two by the curve's endomorphism. A window's points are sorted by bucket and
//! added pairwise, in affine coordinates, one inversion for a batch; so are the buckets' running sums. The window's width
//! is the one that takes the fewest additions for the lengths that the scalars have.

pub(crate) mod bucket;

use std::borrow::Cow;

use ff::{Field, PrimeField};
use group::Group;
use halo2curves::CurveAffine;
use rayon::prelude::*;

use crate::curve::{Batch, Point};
use crate::endomorphism::{Endomorphism, Limbs, half, limbs, split};
use crate::ifma;

/// Points that scalars are multiplied with, and what is computed of them once.
#[derive(Debug)]
pub(crate) struct Bases<C: CurveAffine> {
    points: Points<C::Base>,
    endomorphism: Option<Endomorphism<C::Base>>,
    /// Whether a point may be infinity.
    infinite: bool,
    /// The scalar field's modulus.
    modulus: Limbs,
}

/// The points, and what the second half of a scalar is multiplied with.
#[derive(Debug)]
enum Points<F> {
    /// The image under the endomorphism: its x, for its y is the point's own.
    WithImages(Vec<Point<F>>, Vec<F>),
    /// `2^128` times the point.
    WithShifted(Vec<Point<F>>, Vec<Point<F>>),
    /// The endomorphism is applied to sums.
    Vectors(ifma::Bases<F>),
}

/// A term of a sum: a part of a scalar, and which point it belongs to.
#[derive(Clone, Copy, Debug)]
struct Term {
    /// Lower half first: a `u128` would be aligned to 16 bytes.
    magnitude: [u64; 2],
    /// The point's number, whether it is one of the second ones, and the sign.
    point: Signed,
}

impl Term {
    fn new(magnitude: u128, point: Signed) -> Self {
        Term {
            magnitude: [magnitude as u64, (magnitude >> 64) as u64],
            point,
        }
    }

    fn magnitude(&self) -> u128 {
        let [low, high] = self.magnitude.map(u128::from);
        low | high << 64
    }
}

/// A point's number with two bits more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signed(u32);

impl Signed {
    fn new(index: usize, second: bool, negative: bool) -> Self {
        Signed((index as u32) << 2 | u32::from(second) << 1 | u32::from(negative))
    }

    pub fn index(self) -> usize {
        (self.0 >> 2) as usize
    }

    pub fn is_second(self) -> bool {
        self.0 & 2 != 0
    }

    pub fn is_negative(self) -> bool {
        self.0 & 1 != 0
    }

    fn negated_if(self, negated: bool) -> Self {
        Signed(self.0 ^ u32::from(negated))
    }
}

/// The fewest wide terms for which they are worth windows of their own.
const FEW: usize = 48;
/// How many bits a scalar has that is called small.
const SMALL_BITS: u32 = 64;

impl<C: CurveAffine> Bases<C> {
    /// Of these points, at most 2^30, and the curve's endomorphism, if it has one.
    pub fn new(points: Vec<Point<C::Base>>, endomorphism: Option<Endomorphism<C::Base>>) -> Self {
        if let Some(own) = &endomorphism {
            let infinite = may_be_infinite(&points);
            if let Some(vectors) = ifma::Bases::new(&points, own.zeta, infinite) {
                return Self::of(Points::Vectors(vectors), infinite, endomorphism);
            }
        }
        Self::without_vectors(points, endomorphism)
    }

    /// The same without a processor's vector instructions.
    pub fn without_vectors(
        points: Vec<Point<C::Base>>,
        endomorphism: Option<Endomorphism<C::Base>>,
    ) -> Self {
        let infinite = may_be_infinite(&points);
        let both = match &endomorphism {
            Some(own) => {
                let images = points.par_iter().map(|point| point.x * own.zeta).collect();
                Points::WithImages(points, images)
            }
            None => {
                let mut second = points.clone();
                second.par_chunks_mut(1 << 10).for_each(|chunk| {
                    let mut batch = Batch::new();
                    for _ in 0..128 {
                        batch.double(C::a(), chunk);
                    }
                });
                Points::WithShifted(points, second)
            }
        };
        Self::of(both, infinite, endomorphism)
    }

    fn of(
        points: Points<C::Base>,
        infinite: bool,
        endomorphism: Option<Endomorphism<C::Base>>,
    ) -> Self {
        assert!(C::b() != C::Base::ZERO, "(0, 0) stands for infinity");
        let mut modulus = limbs(&-C::ScalarExt::ONE);
        modulus[0] += 1;
        let own = Bases {
            infinite,
            points,
            endomorphism,
            modulus,
        };
        assert!(own.len() <= 1 << 30, "so many points are not numbered");
        own
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        match &self.points {
            Points::WithImages(points, _) | Points::WithShifted(points, _) => points.len(),
            Points::Vectors(own) => own.len(),
        }
    }

    /// The first points.
    pub fn points(&self, count: usize) -> Cow<'_, [Point<C::Base>]> {
        match &self.points {
            Points::WithImages(points, _) | Points::WithShifted(points, _) => {
                Cow::from(&points[..count])
            }
            Points::Vectors(own) => Cow::from(own.points(0..count)),
        }
    }

    /// The curve's endomorphism.
    pub fn endomorphism(&self) -> Option<&Endomorphism<C::Base>> {
        self.endomorphism.as_ref()
    }

    /// The bytes that they take.
    pub fn memory(&self) -> usize {
        let point = size_of::<Point<C::Base>>();
        self.len()
            * match &self.points {
                Points::WithImages(..) => point + point / 2,
                Points::WithShifted(..) => 2 * point,
                Points::Vectors(_) => point,
            }
    }

    /// The sums of the points' prefixes up to a length: the i-th is that of the first `i + 1` points.
    pub fn prefix_sums(&self, length: usize) -> Vec<Point<C::Base>> {
        let mut sums = self.points(length).into_owned();
        sum_up::<C>(&mut sums);
        sums
    }

    #[inline(always)]
    fn point(&self, signed: Signed) -> Point<C::Base> {
        let index = signed.index();
        let point = match (signed.is_second(), &self.points) {
            (false, Points::WithImages(points, _) | Points::WithShifted(points, _)) => {
                points[index]
            }
            (true, Points::WithImages(points, x)) => Point {
                x: x[index],
                y: points[index].y,
            },
            (true, Points::WithShifted(_, points)) => points[index],
            (second, Points::Vectors(own)) => own.point(index, second),
        };
        point.negated_if(signed.is_negative())
    }

    /// The parts of a scalar that are not 0.
    fn terms(&self, index: usize, scalar: &C::ScalarExt, put: &mut impl FnMut(Term)) {
        if *scalar == C::ScalarExt::ZERO {
            return;
        }
        if *scalar == C::ScalarExt::ONE {
            return put(Term::new(1, Signed::new(index, false, false)));
        }
        let own = limbs(scalar);
        if own[1] | own[2] | own[3] == 0 {
            return put(Term::new(own[0].into(), Signed::new(index, false, false)));
        }
        // Near the modulus: the negative of a small number.
        if own[3] == self.modulus[3] && own[2] == self.modulus[2] {
            let [modulus, low] = [&self.modulus, &own].map(|own| half(own, false));
            let negative = modulus.wrapping_sub(low);
            if modulus > low && negative >> SMALL_BITS == 0 {
                return put(Term::new(negative, Signed::new(index, false, true)));
            }
        }
        let parts = split(self.endomorphism.as_ref(), &own);
        for (part, second) in parts.into_iter().zip([false, true]) {
            if part.magnitude != 0 {
                put(Term::new(
                    part.magnitude,
                    Signed::new(index, second, part.negative),
                ));
            }
        }
    }

    /// The sum of the first points, each times its scalar.
    pub fn sum(&self, scalars: &[C::ScalarExt]) -> C::CurveExt {
        self.sum_of(scalars.len(), |i| scalars[i])
    }

    /// The sum of the first points, each times a scalar.
    pub fn sum_of(
        &self,
        count: usize,
        scalar: impl Fn(usize) -> C::ScalarExt + Sync,
    ) -> C::CurveExt {
        assert!(count <= self.len(), "there is a point for each scalar");
        const CHUNK: usize = 1 << 11;
        let terms: Vec<Vec<Term>> = (0..count.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let first = chunk * CHUNK;
                let mut terms = vec![];
                for i in first..count.min(first + CHUNK) {
                    self.terms(i, &scalar(i), &mut |term| terms.push(term));
                }
                terms
            })
            .collect();
        let is_wide = |term: &Term| term.magnitude() >> SMALL_BITS != 0;
        let wide = terms.iter().flatten().filter(|term| is_wide(term)).count();
        if wide > FEW {
            return self.sum_of_many(&terms);
        }
        let (wide, small): (Vec<Term>, Vec<Term>) = terms.into_iter().flatten().partition(is_wide);
        self.sum_of_few(&wide) + self.sum_of_many(&[small])
    }

    /// Straus's method ("Addition chains of vectors", 1964): the doublings are shared.
    fn sum_of_few(&self, terms: &[Term]) -> C::CurveExt {
        const WIDTH: u32 = 4;
        let mut sum = C::CurveExt::identity();
        let longest = terms.iter().map(|own| bits(own.magnitude())).max();
        let Some(windows) = longest.map(|bits| (bits + 1).div_ceil(WIDTH)) else {
            return sum;
        };
        // The multiples 1 to 8 of each point, and the digits, lowest first.
        let tables: Vec<Vec<C>> = terms
            .iter()
            .map(|term| {
                let point: C = self.point(term.point).to_affine();
                let multiples =
                    std::iter::successors(Some(point.to_curve()), |own| Some(*own + point));
                let multiples: Vec<_> = multiples.take(1 << (WIDTH - 1)).collect();
                let mut table = vec![C::identity(); multiples.len()];
                group::Curve::batch_normalize(&multiples, &mut table);
                table
            })
            .collect();
        let digits: Vec<Vec<i32>> = terms
            .iter()
            .map(|term| digits(term.magnitude(), WIDTH, windows).collect())
            .collect();
        for window in (0..windows as usize).rev() {
            for _ in 0..WIDTH {
                sum = sum.double();
            }
            for (table, digits) in tables.iter().zip(&digits) {
                match digits[window] {
                    0 => {}
                    digit if digit > 0 => sum += table[digit as usize - 1],
                    digit => sum -= table[-digit as usize - 1],
                }
            }
        }
        sum
    }

    /// Pippenger's method.
    fn sum_of_many(&self, terms: &[Vec<Term>]) -> C::CurveExt {
        let mut lengths = [0; 129];
        for term in terms.iter().flatten() {
            lengths[bits(term.magnitude()) as usize] += 1;
        }
        let Some(longest) = (1..=128).rev().find(|bits| lengths[*bits] != 0) else {
            return C::CurveExt::identity();
        };
        let width = cheapest_width(&lengths, longest);
        let windows = (longest as u32 + 1).div_ceil(width);
        let sums: Vec<C::CurveExt> = (0..windows)
            .into_par_iter()
            .map(|window| {
                let digits = terms.iter().flatten().filter_map(|term| {
                    let digit = digit(term.magnitude(), width, window);
                    let point = term.point.negated_if(digit < 0);
                    (digit != 0).then(|| (digit.unsigned_abs() - 1, point))
                });
                let buckets = 1 << (width - 1);
                match &self.points {
                    Points::Vectors(own) => own.sum_of_window::<C>(buckets, digits),
                    _ => self.sum_of_window(buckets, digits),
                }
            })
            .collect();
        let mut sum = C::CurveExt::identity();
        for own in sums.into_iter().rev() {
            for _ in 0..width {
                sum = sum.double();
            }
            sum += own;
        }
        sum
    }
}

/// Whether a point may be infinity: no other one has `x = 0` on most curves.
fn may_be_infinite<F: PrimeField>(points: &[Point<F>]) -> bool {
    points.par_iter().any(|own| own.x == F::ZERO)
}

/// Replaces each point by the sum of the points up to it.
fn sum_up<C: CurveAffine>(points: &mut [Point<C::Base>]) {
    // Lanes are summed up side by side; then what stands before each is added.
    const LANE: usize = 128;
    const LANES: usize = 256;
    if points.len() < 2 {
        return;
    }
    points.par_chunks_mut(LANE * LANES).for_each(|lanes| {
        let mut batch = Batch::new();
        for step in 1..LANE.min(lanes.len()) {
            batch.add(
                C::a(),
                (lanes.len() - step).div_ceil(LANE),
                lanes,
                |lanes, i| (lanes[i * LANE + step - 1], lanes[i * LANE + step]),
                |lanes, i, sum| lanes[i * LANE + step] = sum,
            );
        }
    });
    let mut before: Vec<_> = points
        .chunks_exact(LANE)
        .map(|lane| lane[LANE - 1])
        .collect();
    sum_up::<C>(&mut before);
    let (_, rest) = points.split_at_mut(LANE.min(points.len()));
    rest.par_chunks_mut(LANE)
        .zip(before)
        .for_each_init(Batch::new, |batch, (lane, before)| {
            batch.add(
                C::a(),
                lane.len(),
                lane,
                |lane, i| (before, lane[i]),
                |lane, i, sum| lane[i] = sum,
            );
        });
}

/// How many bits a number has.
fn bits(number: u128) -> u32 {
    u128::BITS - number.leading_zeros()
}

/// The bits of a number from one on, as many as a window is wide.
fn window_at(number: u128, width: u32, from: u32) -> u128 {
    number.checked_shr(from).unwrap_or(0) & ((1 << width) - 1)
}

/// A signed digit of a number: from `-2^(width - 1) + 1` to `2^(width - 1)`. One above half borrows from the next.
fn digit(number: u128, width: u32, window: u32) -> i32 {
    let from = window * width;
    let digit = window_at(number, width, from) as i32 + carried(number, width, from);
    match digit > 1 << (width - 1) {
        true => digit - (1 << width),
        false => digit,
    }
}

/// What the digits below a bit carry into the one there.
fn carried(number: u128, width: u32, from: u32) -> i32 {
    let half = 1 << (width - 1);
    let mut at = from;
    // A digit of exactly half carries if what is below it does; another one decides alone.
    while at > 0 {
        at -= width;
        let own = window_at(number, width, at);
        if own != half {
            return i32::from(own > half);
        }
    }
    0
}

/// The signed digits of a number, lowest first.
fn digits(number: u128, width: u32, windows: u32) -> impl Iterator<Item = i32> {
    (0..windows).map(move |window| digit(number, width, window))
}

/// The width of a window that takes the fewest additions, given how many scalars there are of each length.
fn cheapest_width(lengths: &[usize; 129], longest: usize) -> u32 {
    let cost = |width: &u32| {
        let width = *width as usize;
        let digits = |(bits, count): (usize, &usize)| count * (bits + 1).div_ceil(width);
        let additions: usize = lengths.iter().enumerate().skip(1).map(digits).sum();
        let windows = (longest + 1).div_ceil(width);
        // Two additions a bucket, and the doublings.
        additions + windows * (2 << (width - 1)) + 4 * longest
    };
    (1..=16).min_by_key(cost).expect("there are widths")
}

#[cfg(test)]
mod tests;
