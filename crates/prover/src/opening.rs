//! The opening of all commitments at a point and its rotations, on values.
//!
//! A quotient `(p(X) - r(X)) / (X - a)...` has a lower degree than there are points in the domain, so its values there,
//! quotients row by row, say it all: no coefficients are needed.

use std::collections::HashMap;

use ff::{Field, PrimeField};
use group::Curve;
use halo2_proofs::arithmetic::lagrange_interpolate;
use halo2curves::CurveAffine;
use rand_core::RngCore;
use rayon::prelude::*;

use crate::commit::Committer;
use crate::curve::{Batch, Point};
use crate::domain::{Domain, bit_reversed};
use crate::error::Error;
use crate::msm::Bases;
use crate::transcript::Writer;

/// Rows that are worked off together.
const CHUNK: usize = 1 << 9;

/// A column that is opened at the point, rotated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'q, F> {
    pub values: &'q [F],
    pub blind: F,
    pub rotation: i32,
}

/// Columns and their values at the point and its rotations.
#[derive(Debug)]
pub(crate) struct Opened<'q, F> {
    domain: &'q Domain<F>,
    x: F,
    /// The values of the Lagrange polynomials at the point.
    weights: Vec<F>,
    queries: Vec<Query<'q, F>>,
    evaluations: HashMap<(usize, i32), F>,
}

/// Columns that are opened at the same points.
struct Set<'q, F> {
    rotations: Vec<i32>,
    columns: Vec<Query<'q, F>>,
}

/// Adds `scale` times values to others.
fn add_scaled<F: Field>(out: &mut [F], values: &[F], scale: F) {
    for (out, value) in out.iter_mut().zip(values) {
        // Most columns of most circuits are flags.
        if *value == F::ZERO {
            continue;
        }
        *out += if *value == F::ONE {
            scale
        } else {
            *value * scale
        };
    }
}

fn evaluate<F: Field>(coefficients: &[F], point: F) -> F {
    let highest_first = coefficients.iter().rev();
    highest_first.fold(F::ZERO, |sum, own| sum * point + own)
}

/// A rotation less whole rounds: from 0 to `n - 1`.
fn rounded(rotation: i32, n: usize) -> i32 {
    i64::from(rotation).rem_euclid(n as i64) as i32
}

pub(crate) fn powers<F: Field>(base: F) -> impl Iterator<Item = F> {
    std::iter::successors(Some(F::ONE), move |own| Some(*own * base))
}

impl<'q, F: PrimeField> Opened<'q, F> {
    pub fn new(domain: &'q Domain<F>, x: F, mut queries: Vec<Query<'q, F>>) -> Self {
        // Rotations by a whole round are the same point, which is what columns are grouped by.
        for query in &mut queries {
            query.rotation = rounded(query.rotation, domain.size());
        }
        let mut own = Opened {
            domain,
            x,
            weights: domain.lagrange_at(x),
            queries,
            evaluations: HashMap::new(),
        };
        let values: Vec<F> = own
            .queries
            .par_iter()
            .map(|query| own.compute(query.values, query.rotation))
            .collect();
        let keys = own
            .queries
            .iter()
            .map(|query| (query.values.as_ptr().addr(), query.rotation));
        own.evaluations = keys.zip(values).collect();
        own
    }

    pub fn weights(&self) -> &[F] {
        &self.weights
    }

    /// The value of a column at a rotation of the point.
    pub fn compute(&self, values: &[F], rotation: i32) -> F {
        // L_i(omega^r x) = L_(i - r)(x)
        let n = values.len();
        let shift = rounded(rotation, n) as usize;
        let (low, high) = values.split_at(shift);
        let inner = |values: &[F], weights: &[F]| {
            let mut sum = F::ZERO;
            for (value, weight) in values.iter().zip(weights) {
                if *value != F::ZERO {
                    sum += if *value == F::ONE {
                        *weight
                    } else {
                        *value * weight
                    };
                }
            }
            sum
        };
        inner(high, &self.weights) + inner(low, &self.weights[n - shift..])
    }

    /// The same of what was asked for.
    pub fn evaluation(&self, values: &[F], rotation: i32) -> F {
        let rotation = rounded(rotation, values.len());
        match self.evaluations.get(&(values.as_ptr().addr(), rotation)) {
            Some(known) => *known,
            None => self.compute(values, rotation),
        }
    }

    fn point(&self, rotation: i32) -> F {
        let power = rounded(rotation, self.domain.size()) as u64;
        self.x * self.domain.omega.pow_vartime([power])
    }

    /// The columns by the points that they are opened at, in the order in which these come up.
    fn sets(&self) -> Vec<Set<'q, F>> {
        let mut columns: Vec<(Query<'q, F>, Vec<i32>)> = vec![];
        let mut known = HashMap::new();
        for query in &self.queries {
            let number = *known
                .entry(query.values.as_ptr().addr())
                .or_insert_with(|| {
                    columns.push((*query, vec![]));
                    columns.len() - 1
                });
            columns[number].1.push(query.rotation);
        }
        let mut sets: Vec<Set<'q, F>> = vec![];
        for (column, mut rotations) in columns {
            rotations.sort_unstable();
            match sets.iter_mut().find(|own| own.rotations == rotations) {
                Some(set) => set.columns.push(column),
                None => sets.push(Set {
                    rotations,
                    columns: vec![column],
                }),
            }
        }
        sets
    }

    /// The sum of the columns, each times a scale.
    fn combined(&self, columns: &[Query<'q, F>], scales: &[F]) -> Vec<F> {
        let mut out = vec![F::ZERO; self.domain.size()];
        out.par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, out)| {
                let rows = chunk * CHUNK..chunk * CHUNK + out.len();
                for (column, scale) in columns.iter().zip(scales) {
                    add_scaled(out, &column.values[rows.clone()], *scale);
                }
            });
        out
    }

    /// The polynomial that has the values of a combination at a set's points.
    fn remainder(&self, set: &Set<'q, F>, scales: &[F]) -> Vec<F> {
        let points: Vec<F> = set
            .rotations
            .iter()
            .map(|rotation| self.point(*rotation))
            .collect();
        let at = |rotation: &i32| -> F {
            let columns = set.columns.iter().zip(scales);
            columns
                .map(|(own, scale)| self.evaluation(own.values, *rotation) * scale)
                .sum()
        };
        let values: Vec<F> = set.rotations.iter().map(at).collect();
        lagrange_interpolate(&points, &values)
    }

    /// Adds `scale * (values - remainder) / ((X - a) (X - b) ...)`, row by row, for a set's points and its columns, each times
    /// its own of `scales` and summed: these values, and their [remainder](Opened::remainder), which are given back.
    /// `inverses` are those of `omega^i - x`.
    fn add_quotient(
        &self,
        out: &mut [F],
        set: &Set<'q, F>,
        scales: &[F],
        inverses: &[F],
        scale: F,
    ) -> (Vec<F>, Vec<F>) {
        let values = self.combined(&set.columns, scales);
        let remainder = self.remainder(set, scales);
        let n = values.len();
        // omega^i - omega^r x = omega^r (omega^(i - r) - x)
        let shifts: Vec<usize> = set
            .rotations
            .iter()
            .map(|rotation| (n as i64 - i64::from(*rotation)).rem_euclid(n as i64) as usize)
            .collect();
        let scale = shifts.iter().fold(scale, |scale, shift| {
            scale * self.domain.omega.pow_vartime([*shift as u64])
        });
        out.par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, out)| {
                let first = chunk * CHUNK;
                let mut point = self.domain.omega.pow_vartime([first as u64]);
                for (i, out) in out.iter_mut().enumerate() {
                    let row = first + i;
                    let mut own = (values[row] - evaluate(&remainder, point)) * scale;
                    for shift in &shifts {
                        own *= inverses[(row + shift) % n];
                    }
                    *out += own;
                    point *= self.domain.omega;
                }
            });
        (values, remainder)
    }

    /// The inverses of `omega^i - point`.
    fn inverses(&self, point: F) -> Result<Vec<F>, Error> {
        let own = self.domain.inverses_at(point);
        own.ok_or(Error::Challenge("an opening point is one of the domain"))
    }

    pub fn shplonk<C: CurveAffine<ScalarExt = F>>(
        &self,
        committer: &Committer<C>,
        transcript: &mut dyn Writer<C>,
    ) -> Result<(), Error> {
        let y = transcript.challenge();
        let v = transcript.challenge();
        let sets = self.sets();
        let inverses = self.inverses(self.x)?;
        let mut quotient = vec![F::ZERO; self.domain.size()];
        let mut combined = vec![];
        for (set, scale) in sets.iter().zip(powers(v)) {
            let scales: Vec<F> = powers(y).take(set.columns.len()).collect();
            let (values, remainder) =
                self.add_quotient(&mut quotient, set, &scales, &inverses, scale);
            combined.push((values, remainder));
        }
        transcript.write_point(committer.values(&quotient, F::ONE).to_affine())?;
        let u = transcript.challenge();
        let inverses = self.inverses(u)?;
        let mut rotations: Vec<i32> = sets.iter().flat_map(|own| own.rotations.clone()).collect();
        rotations.sort_unstable();
        rotations.dedup();
        let vanishing = |holds: &dyn Fn(i32) -> bool| -> F {
            let own = rotations.iter().filter(|rotation| holds(**rotation));
            own.map(|rotation| u - self.point(*rotation)).product()
        };
        let others: Vec<F> = sets
            .iter()
            .map(|set| vanishing(&|rotation| !set.rotations.contains(&rotation)))
            .collect();
        let normal = others
            .first()
            .and_then(|own| Option::<F>::from(own.invert()));
        let normal = normal.ok_or(Error::Challenge("an opening point is one that is opened"))?;
        let all = vanishing(&|_| true);
        let mut constant = F::ZERO;
        let mut scales = vec![];
        for (((_, remainder), other), scale) in combined.iter().zip(&others).zip(powers(v)) {
            constant += scale * other * evaluate(remainder, u);
            scales.push(scale * other);
        }
        let mut linear = quotient;
        linear
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, out)| {
                let rows = chunk * CHUNK..chunk * CHUNK + out.len();
                for value in out.iter_mut() {
                    *value = -(*value * all + constant);
                }
                for ((values, _), scale) in combined.iter().zip(&scales) {
                    for (out, value) in out.iter_mut().zip(&values[rows.clone()]) {
                        *out += *value * scale;
                    }
                }
                for (out, inverse) in out.iter_mut().zip(&inverses[rows]) {
                    *out *= *inverse * normal;
                }
            });
        transcript.write_point(committer.values(&linear, F::ONE).to_affine())?;
        Ok(())
    }

    pub fn gwc<C: CurveAffine<ScalarExt = F>>(
        &self,
        committer: &Committer<C>,
        transcript: &mut dyn Writer<C>,
    ) -> Result<(), Error> {
        let v = transcript.challenge();
        let inverses = self.inverses(self.x)?;
        let mut points: Vec<(i32, Vec<Query<'q, F>>)> = vec![];
        for query in &self.queries {
            match points
                .iter_mut()
                .find(|(rotation, _)| *rotation == query.rotation)
            {
                Some((_, own)) => own.push(*query),
                None => points.push((query.rotation, vec![*query])),
            }
        }
        for (rotation, columns) in points {
            let set = Set {
                rotations: vec![rotation],
                columns,
            };
            let scales: Vec<F> = powers(v).take(set.columns.len()).collect();
            let mut witness = vec![F::ZERO; self.domain.size()];
            self.add_quotient(&mut witness, &set, &scales, &inverses, F::ONE);
            transcript.write_point(committer.values(&witness, F::ONE).to_affine())?;
        }
        Ok(())
    }

    pub fn ipa<C: CurveAffine<ScalarExt = F>>(
        &self,
        committer: &Committer<C>,
        domain: &Domain<F>,
        rng: &mut dyn RngCore,
        transcript: &mut dyn Writer<C>,
    ) -> Result<(), Error> {
        let x1 = transcript.challenge();
        let x2 = transcript.challenge();
        let sets = self.sets();
        let inverses = self.inverses(self.x)?;
        // What comes first has the highest power.
        let descending = |base: F, count: usize| {
            let mut own: Vec<F> = powers(base).take(count).collect();
            own.reverse();
            own
        };
        let mut quotient = vec![F::ZERO; self.domain.size()];
        let mut combined = vec![];
        for (set, scale) in sets.iter().zip(descending(x2, sets.len())) {
            let scales = descending(x1, set.columns.len());
            let (values, _) = self.add_quotient(&mut quotient, set, &scales, &inverses, scale);
            let blinds = set.columns.iter().zip(&scales);
            let blind: F = blinds.map(|(column, scale)| column.blind * scale).sum();
            combined.push((values, blind));
        }
        let quotient_blind = F::random(&mut *rng);
        transcript.write_point(committer.values(&quotient, quotient_blind).to_affine())?;
        let x3 = transcript.challenge();
        let weights = domain.lagrange_at(x3);
        for (values, _) in &combined {
            let products = values.par_iter().zip(&weights).with_min_len(1 << 10);
            transcript.write_scalar(products.map(|(value, weight)| *value * weight).sum())?;
        }
        let x4 = transcript.challenge();
        let (mut values, mut blind) = (quotient, quotient_blind);
        for (other, other_blind) in &combined {
            values
                .par_iter_mut()
                .zip(other)
                .with_min_len(1 << 10)
                .for_each(|(own, other)| *own = *own * x4 + other);
            blind = blind * x4 + other_blind;
        }
        domain.interpolate(&mut values);
        for value in &mut values {
            *value *= domain.size_inverse;
        }
        inner_product(committer, domain, rng, transcript, values, blind, x3)
    }
}

/// Opens a polynomial at a point: section 3 of Bowe, Grigg, Hopwood, ePrint 2019/1021, as the fork does it. The
/// coefficients are in bit-reversed order.
fn inner_product<C: CurveAffine>(
    committer: &Committer<C>,
    domain: &Domain<C::ScalarExt>,
    rng: &mut dyn RngCore,
    transcript: &mut dyn Writer<C>,
    mut polynomial: Vec<C::ScalarExt>,
    blind: C::ScalarExt,
    point: C::ScalarExt,
) -> Result<(), Error> {
    let n = polynomial.len();
    let k = domain.k;
    let [w, u] = committer
        .blinds()
        .expect("parameters of an inner product argument have these");
    // The powers of the point, in natural order.
    let mut b: Vec<C::ScalarExt> = powers(point).take(n).collect();
    let value = |polynomial: &[C::ScalarExt], b: &[C::ScalarExt]| -> C::ScalarExt {
        let reversed = (0..n).into_par_iter().with_min_len(1 << 10);
        reversed
            .map(|i| polynomial[i] * b[bit_reversed(i, k)])
            .sum()
    };
    // A random polynomial that is 0 at the point hides the opened one.
    let mut random: Vec<C::ScalarExt> = (0..n).map(|_| C::ScalarExt::random(&mut *rng)).collect();
    let at_point = value(&random, &b);
    random[0] -= at_point;
    let random_blind = C::ScalarExt::random(&mut *rng);
    transcript.write_point(committer.coefficients(&random, random_blind).to_affine())?;
    let xi = transcript.challenge();
    let z = transcript.challenge();
    for (own, random) in polynomial.iter_mut().zip(&random) {
        *own += *random * xi;
    }
    let at_point = value(&polynomial, &b);
    polynomial[0] -= at_point;
    let mut synthetic_blind = random_blind * xi + blind;

    let mut p: Vec<C::ScalarExt> = (0..n).map(|i| polynomial[bit_reversed(i, k)]).collect();
    let bases = committer.coefficient_bases();
    let (points, endomorphism) = (bases.points(n), bases.endomorphism());
    let mut g: Vec<Point<C::Base>> = (0..n).map(|i| points[bit_reversed(i, k)]).collect();
    for _ in 0..k {
        let half = p.len() / 2;
        let bases = [&g[..half], &g[half..]]
            .map(|own| Bases::<C>::new(own.to_vec(), endomorphism.cloned()));
        let inner = |p: &[C::ScalarExt], b: &[C::ScalarExt]| -> C::ScalarExt {
            p.iter().zip(b).map(|(p, b)| *p * b).sum()
        };
        let blinds = [(); 2].map(|()| C::ScalarExt::random(&mut *rng));
        let left =
            bases[0].sum(&p[half..]) + u * (inner(&p[half..], &b[..half]) * z) + w * blinds[0];
        let right =
            bases[1].sum(&p[..half]) + u * (inner(&p[..half], &b[half..]) * z) + w * blinds[1];
        transcript.write_point(left.to_affine())?;
        transcript.write_point(right.to_affine())?;
        let challenge = transcript.challenge();
        let inverse = Option::<C::ScalarExt>::from(challenge.invert());
        let inverse = inverse.ok_or(Error::Challenge("a round's challenge is 0"))?;
        for i in 0..half {
            let (high, high_b) = (p[half + i], b[half + i]);
            p[i] += high * inverse;
            b[i] += high_b * challenge;
        }
        p.truncate(half);
        b.truncate(half);
        let (low, high) = g.split_at_mut(half);
        low.par_chunks_mut(CHUNK)
            .zip(high.par_chunks_mut(CHUNK))
            .for_each(|(low, high)| {
                let mut batch = Batch::new();
                crate::group::multiply::<C>(&mut batch, endomorphism, high, |_| challenge);
                batch.add(
                    C::a(),
                    low.len(),
                    low,
                    |low, i| (low[i], high[i]),
                    |low, i, sum| low[i] = sum,
                );
            });
        g.truncate(half);
        synthetic_blind += blinds[0] * inverse + blinds[1] * challenge;
    }
    transcript.write_scalar(p[0])?;
    transcript.write_scalar(synthetic_blind)?;
    Ok(())
}
