//! A window of a sum: points sorted into buckets, and the buckets' sums.

use group::Group;
use halo2curves::CurveAffine;

use super::{Bases, Signed};
use crate::curve::{Batch, Neighbours, Point};

/// Into how many lanes the running sum of many buckets is cut.
const LANES: usize = 64;
/// About how many points are added up at a time: what the caches hold.
pub(crate) const SECTION: usize = 1 << 12;
/// The fewest buckets that are cut into lanes.
const MANY: usize = 4 * LANES;

impl<C: CurveAffine> Bases<C> {
    /// The sum of the points, each times its bucket's number plus 1.
    pub(super) fn sum_of_window(
        &self,
        buckets: usize,
        digits: impl Iterator<Item = (u32, Signed)>,
    ) -> C::CurveExt {
        let digits: Vec<(u32, Signed)> = digits.collect();
        let Some(sorted) = Sorted::new(buckets, &digits, |bucket, _| bucket as usize) else {
            return C::CurveExt::identity();
        };
        let mut neighbours = Neighbours::new(self.infinite);
        let mut sums = Vec::with_capacity(sorted.lengths.len());
        let (mut points, mut other) = (vec![], vec![]);
        sorted.sections(|section, own| {
            let first = |i: usize| self.point(section[i]);
            halved::<C>(&mut neighbours, own, first, &mut points);
            while own.iter().any(|length| *length > 1) {
                halved::<C>(&mut neighbours, own, |i| points[i], &mut other);
                std::mem::swap(&mut points, &mut other);
            }
            let mut points = points.iter();
            sums.extend(own.iter().map(|length| match length {
                0 => Point::INFINITY,
                _ => *points.next().expect("a bucket that is not empty has a sum"),
            }));
        });
        match sums.len() < MANY {
            true => running_sum::<C>(&sums),
            false => running_sum_in_lanes::<C>(&sums),
        }
    }
}

/// Points by the slots that they are added up in.
pub(crate) struct Sorted {
    /// How many points each slot has, up to the last that has one.
    pub lengths: Vec<u32>,
    points: Vec<Signed>,
}

impl Sorted {
    /// Points by the slot that is said of each and its bucket; `None` if there are none.
    pub fn new(
        slots: usize,
        digits: &[(u32, Signed)],
        slot: impl Fn(u32, Signed) -> usize,
    ) -> Option<Self> {
        let mut lengths = vec![0u32; slots];
        for (bucket, point) in digits {
            lengths[slot(*bucket, *point)] += 1;
        }
        let last = lengths.iter().rposition(|length| *length != 0)?;
        lengths.truncate(last + 1);
        let mut next = 0;
        let mut starts: Vec<u32> = lengths
            .iter()
            .map(|length| {
                next += length;
                next - length
            })
            .collect();
        let mut points = vec![Signed(0); digits.len()];
        for (bucket, point) in digits {
            let start = &mut starts[slot(*bucket, *point)];
            points[*start as usize] = *point;
            *start += 1;
        }
        Some(Sorted { lengths, points })
    }

    /// Hands out as many slots at a time as the caches hold the points of: these, and how many each slot has, which is
    /// the caller's to count down.
    #[inline(always)]
    pub fn sections(mut self, mut add: impl FnMut(&[Signed], &mut [u32])) {
        let (mut rest, mut lengths) = (&self.points[..], &mut self.lengths[..]);
        while !lengths.is_empty() {
            let mut count = 0;
            let mut slots = 0;
            while let Some(length) = lengths.get(slots)
                && (slots == 0 || count + *length as usize <= SECTION)
            {
                count += *length as usize;
                slots += 1;
            }
            let (section, after) = rest.split_at(count);
            let (own, others) = lengths.split_at_mut(slots);
            (rest, lengths) = (after, others);
            add(section, own);
        }
    }
}

/// The points of each bucket, added pairwise.
#[inline(always)]
fn halved<C: CurveAffine>(
    neighbours: &mut Neighbours<C::Base>,
    lengths: &mut [u32],
    at: impl Fn(usize) -> Point<C::Base>,
    out: &mut Vec<Point<C::Base>>,
) {
    out.clear();
    let mut from = 0;
    for length in lengths {
        let end = from + *length as usize;
        while from + 1 < end {
            neighbours.push(C::a(), &at, out, from);
            from += 2;
        }
        if from < end {
            out.push(at(from));
            from += 1;
        }
        *length = length.div_ceil(2);
    }
    neighbours.flush(C::a(), &at, out);
}

/// The sum of the points, each times its number plus 1.
pub(crate) fn running_sum<C: CurveAffine>(points: &[Point<C::Base>]) -> C::CurveExt {
    let mut running = C::CurveExt::identity();
    let mut sum = C::CurveExt::identity();
    for point in points.iter().rev() {
        if !point.is_infinity() {
            running += point.to_affine::<C>();
        }
        sum += running;
    }
    sum
}

/// The same, in lanes side by side, so that their additions share inversions.
fn running_sum_in_lanes<C: CurveAffine>(points: &[Point<C::Base>]) -> C::CurveExt {
    let length = points.len().div_ceil(LANES);
    // A lane's running sum, and the sum of those before the step.
    let mut lanes = [[Point::INFINITY; 2]; LANES];
    let mut batch = Batch::new();
    // After the last point the sums lag a step behind.
    for step in (0..length).rev().map(Some).chain([None]) {
        let at = |lane: usize| match step {
            Some(step) => points.get(lane * length + step).copied(),
            None => None,
        };
        batch.add(
            C::a(),
            2 * LANES,
            &mut lanes[..],
            |lanes, i| {
                let [running, sum] = lanes[i / 2];
                match i % 2 {
                    0 => (running, at(i / 2).unwrap_or(Point::INFINITY)),
                    _ => (sum, running),
                }
            },
            // In reverse: the sum of a lane before its running sum.
            |lanes, i, own| lanes[i / 2][i % 2] = own,
        );
    }
    let [running, sums] = [0, 1].map(|i| lanes.map(|lane| lane[i]));
    Joined::<C> {
        running: &running,
        sums: &sums,
        length,
    }
    .sum()
}

/// A running sum that is cut into lanes: of as many points each, from the first ones on.
pub(crate) struct Joined<'a, C: CurveAffine> {
    /// The sums of the points of each lane.
    pub running: &'a [Point<C::Base>],
    /// The sums of those, each times its number in the lane plus 1.
    pub sums: &'a [Point<C::Base>],
    /// The points of a lane.
    pub length: usize,
}

impl<C: CurveAffine> Joined<'_, C> {
    /// The sum of all points, each times its number plus 1.
    pub fn sum(&self) -> C::CurveExt {
        let mut between = C::CurveExt::identity();
        let weighted = running_sum::<C>(&self.running[1..]);
        for bit in (0..usize::BITS - self.length.leading_zeros()).rev() {
            between = between.double();
            if self.length >> bit & 1 == 1 {
                between += weighted;
            }
        }
        let affine = |own: &Point<C::Base>| own.to_affine::<C>().to_curve();
        let within: C::CurveExt = self.sums.iter().map(affine).sum();
        within + between
    }
}
