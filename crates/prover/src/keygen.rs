//! Keys: those of the fork's `keygen_vk` and `keygen_pk`, from one synthesis of the circuit, with the commitments of this
//! crate.

use std::hash::Hash;
use std::ops::Range;

use ff::{Field, FromUniformBytes, PrimeField};
use group::Curve;
use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{
    self, Advice, Any, Assigned, Assignment, Challenge, Circuit, Column, ConstraintSystem,
    Expression, Fixed, FloorPlanner, Instance, ProvingKey, Selector, VerifyingKey, permutation,
};
use halo2_proofs::poly::{EvaluationDomain, LagrangeCoeff, Polynomial};
use halo2curves::CurveAffine;
use rayon::prelude::*;

use crate::backend::ProverCurve;
use crate::commit::Lagrange;
use crate::domain::Domain;
use crate::error::Error;
use crate::fractions::{Fractions, known};
use crate::opening::powers;
use crate::parameters::{Parameters, Points};
use crate::permutation::source;
use crate::synthesis::usable_rows;

/// Makes the verifying key of a circuit: byte for byte that of the fork's function of this name. As there, selectors become
/// fixed columns as they are.
///
/// # Errors
///
/// An [`Error`] where the fork panics or has one: rows or columns out of range, a `synthesize` that fails.
pub fn keygen_vk<C: ProverCurve, Circ: Circuit<C::ScalarExt>>(
    params: &impl Parameters<C>,
    circuit: &Circ,
) -> Result<VerifyingKey<C>, Error> {
    let points = params.points();
    let assembly = Assembly::of(&points, circuit)?;
    C::verifying_key(&points, assembly)
}

/// What a circuit fixes: its fixed columns and selectors, and which cells are copies.
#[allow(missing_debug_implementations)]
pub struct Assembly<F: Field> {
    k: u32,
    usable: usize,
    system: ConstraintSystem<F>,
    fixed: Fractions<F>,
    selectors: Vec<Vec<bool>>,
    copies: Copies,
    /// The first thing that went wrong.
    error: Option<Error>,
}

/// The cycles of cells that are equal.
struct Copies {
    columns: Vec<Column<Any>>,
    rows: usize,
    /// The next cell of each one's cycle; cells are numbered column by column.
    next: Vec<usize>,
    /// The parent of each cell in the tree of its cycle.
    parent: Vec<usize>,
}

impl Copies {
    fn new(columns: Vec<Column<Any>>, rows: usize) -> Self {
        let cells: Vec<usize> = (0..columns.len() * rows).collect();
        Copies {
            columns,
            rows,
            next: cells.clone(),
            parent: cells,
        }
    }

    fn cell(&self, column: Column<Any>, row: usize) -> Result<usize, Error> {
        let own = self.columns.iter().position(|own| *own == column);
        own.map(|own| own * self.rows + row).ok_or(Error::Synthesis(
            plonk::Error::ColumnNotInPermutation(column),
        ))
    }

    /// The root of a cell's tree.
    fn root(&mut self, mut cell: usize) -> usize {
        while self.parent[cell] != cell {
            self.parent[cell] = self.parent[self.parent[cell]];
            cell = self.parent[cell];
        }
        cell
    }

    /// Joins the cycles of two cells.
    fn copy(&mut self, left: usize, right: usize) {
        let (left_root, right_root) = (self.root(left), self.root(right));
        if left_root != right_root {
            self.parent[right_root] = left_root;
            self.next.swap(left, right);
        }
    }

    /// What each column's cells are mapped to, by the names `delta^column omega^row`.
    fn images<F: PrimeField>(&self, omega: F) -> Vec<Vec<F>> {
        let names: Vec<F> = powers(omega).take(self.rows).collect();
        let deltas: Vec<F> = powers(F::DELTA).take(self.columns.len()).collect();
        self.next
            .par_chunks(self.rows)
            .map(|own| {
                own.iter()
                    .map(|next| names[next % self.rows] * deltas[next / self.rows])
                    .collect()
            })
            .collect()
    }
}

impl<F: PrimeField> Assembly<F> {
    /// Synthesizes a circuit for as many rows as there are points.
    pub(crate) fn of<C: CurveAffine<ScalarExt = F>, Circ: Circuit<F>>(
        points: &Points<C>,
        circuit: &Circ,
    ) -> Result<Self, Error> {
        points.check(points.k)?;
        let mut system = ConstraintSystem::default();
        let config = Circ::configure_with_params(&mut system, circuit.params());
        let constants = system.constants().clone();
        let mut own = Assembly::new(points.k, system)?;
        let synthesized = Circ::FloorPlanner::synthesize(&mut own, circuit, config, constants);
        match own.error.take() {
            Some(error) => Err(error),
            None => synthesized.map(|()| own).map_err(Error::Synthesis),
        }
    }

    fn new(k: u32, system: ConstraintSystem<F>) -> Result<Self, Error> {
        let usable = usable_rows(k, &system)?;
        // The fork's domain for the quotient.
        let pieces = system.degree().saturating_sub(1).next_power_of_two();
        if k + pieces.ilog2() > F::S {
            return Err(Error::TooManyRows {
                k,
                most: F::S - pieces.ilog2().min(F::S),
            });
        }
        check_selectors(&system)?;
        let n = 1 << k;
        Ok(Assembly {
            k,
            usable,
            fixed: Fractions::new(system.num_fixed_columns(), n),
            selectors: vec![vec![false; n]; system.num_selectors()],
            copies: Copies::new(system.permutation().get_columns(), n),
            system,
            error: None,
        })
    }
}

/// Whether no lookup reads a simple selector, which is for gates alone: the fork's `lookup` sees to it, its `lookup_any` does
/// not, and its key generation panics.
fn check_selectors<F: Field>(system: &ConstraintSystem<F>) -> Result<(), Error> {
    let has_simple = |expression: &Expression<F>| {
        expression.evaluate(
            &|_| false,
            &|selector| selector.is_simple(),
            &|_| false,
            &|_| false,
            &|_| false,
            &|_| false,
            &|own| own,
            &|a, b| a || b,
            &|a, b| a || b,
            &|own, _| own,
        )
    };
    for lookup in system.lookups() {
        let mut expressions = lookup.input_expressions().iter();
        let mut tables = lookup.table_expressions().iter();
        if expressions.any(has_simple) || tables.any(has_simple) {
            return Err(Error::SimpleSelector(lookup.name().to_owned()));
        }
    }
    Ok(())
}

impl<F: Field> Assembly<F> {
    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// The usable rows from one on.
    fn rows_of(&self, row: usize) -> Result<Range<usize>, plonk::Error> {
        match row < self.usable {
            true => Ok(row..self.usable),
            false => Err(plonk::Error::NotEnoughRowsAvailable { current_k: self.k }),
        }
    }

    /// Whether there is a fixed column; if there isn't, it is an error.
    fn has_column(&mut self, column: Column<Fixed>) -> bool {
        let columns = self.fixed.columns.len();
        let has = column.index() < columns;
        if !has {
            self.fail(Error::NoSuchColumn {
                column: source(&column.into()).to_string(),
                columns,
            });
        }
        has
    }

    /// Whether a row is one of the usable ones; if it isn't, it is an error.
    fn has_row(&mut self, column: Column<Any>, row: usize) -> bool {
        let has = row < self.usable;
        if !has {
            self.fail(Error::RowOutOfRange {
                column: source(&column).to_string(),
                row,
                rows: self.usable,
            });
        }
        has
    }
}

impl<F: PrimeField + FromUniformBytes<64>> Assembly<F> {
    /// The key's system, fixed columns, and what the cells of the permutation's columns are mapped to.
    fn into_columns(mut self, omega: F) -> (ConstraintSystem<F>, Vec<Vec<F>>, Vec<Vec<F>>) {
        self.fixed.divide(|_| true);
        let mut fixed = self.fixed.columns;
        let (system, selectors) = self
            .system
            .directly_convert_selectors_to_fixed(self.selectors);
        fixed.extend(selectors);
        (system, fixed, self.copies.images(omega))
    }
}

impl<F: Field> Assignment<F> for Assembly<F> {
    fn enter_region<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn exit_region(&mut self) {}

    fn enable_selector<A, AR>(
        &mut self,
        _: A,
        selector: &Selector,
        row: usize,
    ) -> Result<(), plonk::Error>
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let rows = self.rows_of(row)?;
        let selector = self.selectors.get_mut(selector.index());
        let selector = selector.ok_or(plonk::Error::BoundsFailure)?;
        selector[rows.start] = true;
        Ok(())
    }

    fn annotate_column<A, AR>(&mut self, _: A, _: Column<Any>)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
    }

    fn query_instance(&self, _: Column<Instance>, row: usize) -> Result<Value<F>, plonk::Error> {
        // There is no instance here.
        self.rows_of(row).map(|_| Value::unknown())
    }

    fn assign_advice<'v>(
        &mut self,
        _: Column<Advice>,
        _: usize,
        _: Value<Assigned<F>>,
    ) -> Value<&'v Assigned<F>> {
        Value::unknown()
    }

    fn assign_fixed(&mut self, column: Column<Fixed>, row: usize, to: Assigned<F>) {
        if self.has_row(column.into(), row) && self.has_column(column) {
            self.fixed.assign(column.index(), row, to);
        }
    }

    fn copy(
        &mut self,
        left_column: Column<Any>,
        left_row: usize,
        right_column: Column<Any>,
        right_row: usize,
    ) {
        if !self.has_row(left_column, left_row) || !self.has_row(right_column, right_row) {
            return;
        }
        let [left, right] = [(left_column, left_row), (right_column, right_row)]
            .map(|(column, row)| self.copies.cell(column, row));
        match (left, right) {
            (Ok(left), Ok(right)) => self.copies.copy(left, right),
            (Err(error), _) | (_, Err(error)) => self.fail(error),
        }
    }

    fn fill_from_row(
        &mut self,
        column: Column<Fixed>,
        row: usize,
        to: Value<Assigned<F>>,
    ) -> Result<(), plonk::Error> {
        let rows = self.rows_of(row)?;
        if !self.has_column(column) {
            return Ok(());
        }
        let value = known(to).ok_or(plonk::Error::Synthesis)?;
        for row in rows {
            self.fixed.assign(column.index(), row, value);
        }
        Ok(())
    }

    fn get_challenge(&self, _: Challenge) -> Value<F> {
        Value::unknown()
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self, _: Option<String>) {}
}

/// A verifying key, and what a prover takes of it and its parameters besides.
pub(crate) struct Key<C: CurveAffine> {
    pub verifying: VerifyingKey<C>,
    /// The values of the fixed columns, and of what the permutation's columns are mapped to.
    pub fixed: Vec<Vec<C::ScalarExt>>,
    pub images: Vec<Vec<C::ScalarExt>>,
    pub domain: Domain<C::ScalarExt>,
    pub lagrange: Lagrange<C>,
}

impl<C: CurveAffine<ScalarExt: Hash + FromUniformBytes<64>>> Key<C> {
    /// That of a circuit.
    pub fn of_circuit(points: &Points<C>, assembly: Assembly<C::ScalarExt>) -> Result<Self, Error> {
        let (k, degree) = (assembly.k, assembly.system.degree());
        let domain = Domain::new(k);
        let lagrange = Lagrange::new(points, &domain);
        let (system, fixed, images) = assembly.into_columns(domain.omega);
        let commit = |columns: &[Vec<C::ScalarExt>]| -> Vec<C> {
            let each = columns.par_iter();
            let commitments: Vec<C::CurveExt> = each
                .map(|own| lagrange.commit(own, C::ScalarExt::ONE))
                .collect();
            let mut affine = vec![C::identity(); commitments.len()];
            C::CurveExt::batch_normalize(&commitments, &mut affine);
            affine
        };
        let verifying = VerifyingKey::from_parts(
            EvaluationDomain::new(degree as u32, k),
            commit(&fixed),
            permutation::VerifyingKey::from_commitments(commit(&images)),
            system,
            vec![],
            false,
        );
        Ok(Key {
            verifying,
            fixed,
            images,
            domain,
            lagrange,
        })
    }

    /// One that the fork has made.
    pub fn of_fork(points: &Points<C>, key: &ProvingKey<C>) -> Result<Self, Error> {
        let verifying = key.get_vk().clone();
        let k = verifying.get_domain().k();
        points.check(k)?;
        let domain = Domain::new(k);
        let values = |columns: &[Polynomial<C::ScalarExt, LagrangeCoeff>]| {
            columns.iter().map(|own| own.to_vec()).collect()
        };
        Ok(Key {
            fixed: values(key.fixed_values()),
            images: values(key.permutation().permutations()),
            lagrange: Lagrange::new(points, &domain),
            domain,
            verifying,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_few_roots_has_small_circuits() {
        // The scalar field of secp256k1 has roots of unity of order 2^6.
        type Scalar = halo2curves::secp256k1::Fq;
        let of = |k| Assembly::<Scalar>::new(k, ConstraintSystem::default());
        assert!(of(5).is_ok());
        let error = of(6).err().expect("there are no cosets");
        assert!(matches!(error, Error::TooManyRows { k: 6, most: 5 }));
    }
}
