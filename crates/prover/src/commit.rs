//! Commitments to columns: each is looked at first, and takes the cheapest way.

use ff::Field;
use halo2curves::CurveAffine;
use rayon::prelude::*;

use crate::curve::Point;
use crate::domain::{Domain, bit_reversed};
use crate::endomorphism::Endomorphism;
use crate::group::to_lagrange;
use crate::msm::Bases;
use crate::parameters::Points;

/// The bases of commitments to values on the domain.
#[derive(Debug)]
pub(crate) struct Lagrange<C: CurveAffine> {
    bases: Bases<C>,
    /// What blinds and inner products are multiplied with, in IPA.
    blinds: Option<[C; 2]>,
}

impl<C: CurveAffine> Lagrange<C> {
    pub fn new(points: &Points<C>, domain: &Domain<C::ScalarExt>) -> Self {
        let natural = |points: &[C]| points.par_iter().map(Point::of).collect::<Vec<_>>();
        let own = match &points.lagrange {
            Some(points) => natural(points),
            None => to_lagrange::<C>(domain, &natural(&points.coefficients)),
        };
        Lagrange {
            bases: Bases::new(own, Endomorphism::of::<C>()),
            blinds: points.blinds,
        }
    }

    fn blinded(&self, sum: C::CurveExt, blind: C::ScalarExt) -> C::CurveExt {
        match &self.blinds {
            Some([base, _]) => sum + *base * blind,
            None => sum,
        }
    }

    /// Commits to a column by its values.
    pub fn commit(&self, values: &[C::ScalarExt], blind: C::ScalarExt) -> C::CurveExt {
        self.blinded(self.bases.sum(values), blind)
    }
}

/// The bases of all commitments.
#[derive(Debug)]
pub(crate) struct Committer<C: CurveAffine> {
    lagrange: Lagrange<C>,
    /// The sums of the first ones of those, as far as rows are not for blinding: a column that stays as it is from row to
    /// row is short in this basis. `v_0 L_0 + v_1 L_1 + ... = (v_0 - v_1) L_0 + (v_1 - v_2) (L_0 + L_1) + ...`
    prefixes: Bases<C>,
    /// Those of coefficients in bit-reversed order.
    coefficients: Bases<C>,
}

impl<C: CurveAffine> Committer<C> {
    /// Of these points; `usable` rows are not for blinding.
    pub fn new(points: &Points<C>, lagrange: Lagrange<C>, usable: usize) -> Self {
        let of = &points.coefficients;
        let reversed = (0..of.len()).map(|i| Point::of(&of[bit_reversed(i, points.k)]));
        let bases = |points| Bases::new(points, lagrange.bases.endomorphism().cloned());
        Committer {
            prefixes: bases(lagrange.bases.prefix_sums(usable)),
            coefficients: bases(reversed.collect()),
            lagrange,
        }
    }

    /// What blinds and inner products are multiplied with, in IPA.
    pub fn blinds(&self) -> Option<[C; 2]> {
        self.lagrange.blinds
    }

    pub fn memory(&self) -> usize {
        self.lagrange.bases.memory() + self.prefixes.memory() + self.coefficients.memory()
    }

    /// The bases of coefficients, in bit-reversed order.
    pub fn coefficient_bases(&self) -> &Bases<C> {
        &self.coefficients
    }

    /// Commits to a column by its values.
    pub fn values(&self, values: &[C::ScalarExt], blind: C::ScalarExt) -> C::CurveExt {
        let usable = self.prefixes.len();
        if !mostly_stays(&values[..usable]) {
            return self.lagrange.commit(values, blind);
        }
        let last = C::ScalarExt::ZERO;
        let next = |i: usize| if i + 1 < usable { values[i + 1] } else { last };
        let used = self.prefixes.sum_of(usable, |i| values[i] - next(i));
        let bases = &self.lagrange.bases;
        let rest = bases.sum_of(values.len(), |i| match i < usable {
            true => C::ScalarExt::ZERO,
            false => values[i],
        });
        self.lagrange.blinded(used + rest, blind)
    }

    /// Commits to columns with their blinds, side by side.
    pub fn all(&self, columns: &[(&[C::ScalarExt], C::ScalarExt)]) -> Vec<C::CurveExt> {
        let each = columns.par_iter();
        each.map(|(values, blind)| self.values(values, *blind))
            .collect()
    }

    /// Commits to a polynomial by its coefficients, in bit-reversed order.
    pub fn coefficients(&self, values: &[C::ScalarExt], blind: C::ScalarExt) -> C::CurveExt {
        self.lagrange.blinded(self.coefficients.sum(values), blind)
    }
}

/// Whether more values are as on the row before than are 0.
fn mostly_stays<F: Field>(values: &[F]) -> bool {
    let zeros = values.iter().filter(|own| **own == F::ZERO).count();
    let unchanged = values.windows(2).filter(|pair| pair[0] == pair[1]).count();
    unchanged > zeros
}
