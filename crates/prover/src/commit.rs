//! Commitments to columns: each is looked at first, and takes the cheapest way.

use ff::Field;
use halo2curves::CurveAffine;

use crate::curve::Point;
use crate::domain::{Domain, bit_reversed};
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

/// What a column is like: how it is committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Values,
    Differences,
}

impl<C: CurveAffine> Committer<C> {
    /// Of points whose Lagrange basis is known. `usable` rows are not for blinding.
    pub fn new(points: Points<C>, domain: &Domain<C::ScalarExt>, usable: usize) -> Self {
        let natural: Vec<Point<C::Base>> = points.coefficients.iter().map(Point::of).collect();
        let reversed = (0..natural.len())
            .map(|i| natural[bit_reversed(i, domain.k)])
            .collect();
        let coefficients = Bases::of_points(reversed);
        let lagrange = match &points.lagrange {
            Some(points) => Bases::new(points),
            None => Bases::of_points(crate::group::to_lagrange::<C>(domain, &natural)),
        };
        let prefixes = Bases::of_points(lagrange.prefix_sums(usable));
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

    /// The points that coefficients are committed with, in bit-reversed order.
    pub fn coefficient_points(&self) -> &[Point<C::Base>] {
        self.coefficients.points()
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
        let sum = match way(&values[..usable]) {
            Way::Values => self.lagrange.sum(values),
            Way::Differences => {
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

    /// Commits to a polynomial by its coefficients, in bit-reversed order.
    pub fn coefficients(&self, values: &[C::ScalarExt], blind: C::ScalarExt) -> C::CurveExt {
        self.blinded(self.coefficients.sum(values), blind)
    }
}

fn way<F: Field>(values: &[F]) -> Way {
    let zeros = values.iter().filter(|own| **own == F::ZERO).count();
    let unchanged = values.windows(2).filter(|pair| pair[0] == pair[1]).count();
    match unchanged > zeros {
        true => Way::Differences,
        false => Way::Values,
    }
}
