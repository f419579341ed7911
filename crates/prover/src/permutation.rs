//! The permutation argument: the running products that say that copied cells are equal.

use std::collections::HashMap;
use std::hash::Hash;

use ff::PrimeField;
use halo2_proofs::plonk::{Any, Column};
use rayon::prelude::*;

use crate::domain::{Domain, invert};
use crate::error::Error;
use crate::plan::{Columns, Source};

/// Rows that are worked off together.
const CHUNK: usize = 1 << 10;

/// The columns of the argument, in sets that share a product.
#[derive(Debug)]
pub(crate) struct Permutation<F> {
    pub columns: Vec<Source>,
    /// How many columns share a product.
    pub set: usize,
    /// Where each cell is mapped to, by its name `delta^column * omega^row`.
    pub images: Vec<Vec<F>>,
}

pub(crate) fn source(column: &Column<Any>) -> Source {
    match column.column_type() {
        Any::Advice(_) => Source::Advice(column.index()),
        Any::Fixed => Source::Fixed(column.index()),
        Any::Instance => Source::Instance(column.index()),
    }
}

impl<F: PrimeField + Hash> Permutation<F> {
    /// The products, up to the last row that is not for blinding; the rows after it are 0.
    pub fn products(
        &self,
        domain: &Domain<F>,
        usable: usize,
        columns: Columns<'_, F>,
        [beta, gamma]: [F; 2],
        check: bool,
    ) -> Result<Vec<Vec<F>>, Error> {
        let mut start = F::ONE;
        let mut products = vec![];
        for (set, own) in self.columns.chunks(self.set).enumerate() {
            let first = set * self.set;
            let mut factors = vec![F::ONE; usable];
            factors
                .par_chunks_mut(CHUNK)
                .enumerate()
                .for_each(|(chunk, out)| {
                    let from = chunk * CHUNK;
                    for (i, source) in own.iter().enumerate() {
                        let values = &columns.get(*source)[from..];
                        let images = &self.images[first + i][from..];
                        for ((out, value), image) in out.iter_mut().zip(values).zip(images) {
                            *out *= *value + beta * image + gamma;
                        }
                    }
                    invert(out);
                    let power = beta * domain.omega.pow_vartime([from as u64]);
                    let mut power = power * F::DELTA.pow_vartime([first as u64]);
                    for source in own {
                        let mut name = power;
                        for (out, value) in out.iter_mut().zip(&columns.get(*source)[from..]) {
                            *out *= *value + name + gamma;
                            name *= domain.omega;
                        }
                        power *= F::DELTA;
                    }
                });
            let mut product = Vec::with_capacity(domain.size());
            product.push(start);
            for factor in factors {
                start *= factor;
                product.push(start);
            }
            product.resize(domain.size(), F::ZERO);
            products.push(product);
        }
        match !check || products.is_empty() || start == F::ONE {
            true => Ok(products),
            false => Err(self.unsatisfied(domain, usable, columns)),
        }
    }

    /// The first cell that is not equal to the one that it is mapped to.
    fn unsatisfied(&self, domain: &Domain<F>, usable: usize, columns: Columns<'_, F>) -> Error {
        let mut cells = HashMap::new();
        let mut delta = F::ONE;
        for source in &self.columns {
            let mut name = delta;
            for row in 0..domain.size() {
                cells.insert(name, (*source, row));
                name *= domain.omega;
            }
            delta *= F::DELTA;
        }
        for (source, images) in self.columns.iter().zip(&self.images) {
            for (row, image) in images.iter().enumerate().take(usable) {
                let equal = cells.get(image).is_some_and(|(other, at)| {
                    columns.get(*other)[*at] == columns.get(*source)[row]
                });
                if !equal {
                    return Error::Copy {
                        column: source.to_string(),
                        row,
                    };
                }
            }
        }
        Error::Challenge("a factor of the permutation's product is 0")
    }
}
