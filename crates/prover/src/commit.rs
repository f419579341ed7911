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

/// The bases of all commitments.
#[derive(Debug)]
pub(crate) struct Committer<C: CurveAffine> {
    /// Those of values on the domain.
    lagrange: Bases<C>,
    /// The sums of the first ones of those, as far as rows are not for blinding: a column that stays as it is from row to
    /// row is short in this basis. `v_0 L_0 + v_1 L_1 + ... = (v_0 - v_1) L_0 + (v_1 - v_2) (L_0 + L_1) + ...`
    prefixes: Bases<C>,
    /// Those of coefficients in bit-reversed order.
    coefficients: Bases<C>,
    /// What blinds are multiplied with, in IPA.
    pub blinds: Option<[C; 2]>,
}

impl<C: CurveAffine> Committer<C> {
    /// Of these points; `usable` rows are not for blinding.
    pub fn new(points: Points<C>, domain: &Domain<C::ScalarExt>, usable: usize) -> Self {
        let natural: Vec<Point<C::Base>> = points.coefficients.iter().map(Point::of).collect();
        let reversed = (0..natural.len())
            .map(|i| natural[bit_reversed(i, domain.k)])
            .collect();
        let endomorphism = Endomorphism::of::<C>();
        let bases = |points| Bases::new(points, endomorphism.clone());
        let coefficients = bases(reversed);
        let lagrange: Bases<C> = bases(match &points.lagrange {
            Some(points) => points.par_iter().map(Point::of).collect(),
            None => to_lagrange::<C>(domain, &natural),
        });
        let prefixes = bases(lagrange.prefix_sums(usable));
        Committer {
            lagrange,
            prefixes,
            coefficients,
            blinds: points.blinds,
        }
    }

    pub fn memory(&self) -> usize {
        self.lagrange.memory() + self.prefixes.memory() + self.coefficients.memory()
    }

    /// The bases of coefficients, in bit-reversed order.
    pub fn coefficient_bases(&self) -> &Bases<C> {
        &self.coefficients
    }

    fn blinded(&self, sum: C::CurveExt, blind: C::ScalarExt) -> C::CurveExt {
        match &self.blinds {
            Some([base, _]) => sum + *base * blind,
            None => sum,
        }
    }

    /// Commits to a column by its values.
    pub fn values(&self, values: &[C::ScalarExt], blind: C::ScalarExt) -> C::CurveExt {
        let usable = self.prefixes.len();
        let sum = match mostly_stays(&values[..usable]) {
            false => self.lagrange.sum(values),
            true => {
                let last = C::ScalarExt::ZERO;
                let next = |i: usize| if i + 1 < usable { values[i + 1] } else { last };
                let used = self.prefixes.sum_of(usable, |i| values[i] - next(i));
                let rest = self.lagrange.sum_of(values.len(), |i| match i < usable {
                    true => C::ScalarExt::ZERO,
                    false => values[i],
                });
                used + rest
            }
        };
        self.blinded(sum, blind)
    }

    /// Commits to columns with their blinds, side by side.
    pub fn all(&self, columns: &[(&[C::ScalarExt], C::ScalarExt)]) -> Vec<C::CurveExt> {
        let each = columns.par_iter();
        each.map(|(values, blind)| self.values(values, *blind))
            .collect()
    }

    /// Commits to a polynomial by its coefficients, in bit-reversed order.
    pub fn coefficients(&self, values: &[C::ScalarExt], blind: C::ScalarExt) -> C::CurveExt {
        self.blinded(self.coefficients.sum(values), blind)
    }
}

/// Whether more values are as on the row before than are 0.
fn mostly_stays<F: Field>(values: &[F]) -> bool {
    let zeros = values.iter().filter(|own| **own == F::ZERO).count();
    let unchanged = values.windows(2).filter(|pair| pair[0] == pair[1]).count();
    unchanged > zeros
}
