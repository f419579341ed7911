//! The lookup argument of halo2: inputs and table, permuted so that equal inputs stand together and the first of them
//! beside its equal in the table (the halo2 book, "Lookup argument").

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::domain::invert;
use crate::error::Error;
use crate::plan::{BLOCK, Columns, Plan};

/// A lookup.
#[derive(Debug)]
pub(crate) struct Lookup<F> {
    pub name: String,
    /// Computes the input and the table, each folded into one word.
    pub plan: Plan<F>,
}

/// The columns of a lookup.
#[derive(Debug)]
pub(crate) struct Permuted<F> {
    /// The input and the table, each folded into one word.
    pub compressed: [Vec<F>; 2],
    /// The same permuted, the rows for blinding 0.
    pub permuted: [Vec<F>; 2],
}

impl<F: PrimeField + Hash> Lookup<F> {
    /// The input and the table on the rows that are not for blinding, permuted.
    pub fn permute(
        &self,
        scalars: &[F],
        columns: Columns<'_, F>,
        size: usize,
        usable: usize,
    ) -> Result<Permuted<F>, Error> {
        let mut input = vec![F::ZERO; usable];
        let mut table = vec![F::ZERO; usable];
        let chunks = input.par_chunks_mut(BLOCK).zip(table.par_chunks_mut(BLOCK));
        chunks.enumerate().for_each_init(
            || self.plan.room(),
            |room, (chunk, (input, table))| {
                let rows = input.len();
                let mut outs = [input, table];
                self.plan.run(
                    scalars,
                    columns,
                    chunk * BLOCK,
                    rows,
                    room,
                    |number, value| {
                        for (row, out) in outs[number].iter_mut().enumerate() {
                            *out = value.at(row);
                        }
                    },
                );
            },
        );
        // How often each word of the table is looked up, in the order of the table.
        let mut numbers: HashMap<F, usize> = HashMap::with_capacity(usable);
        let mut words: Vec<(F, usize)> = vec![];
        let mut left = vec![];
        for word in &table {
            match numbers.entry(*word) {
                // What comes again is left over.
                Entry::Occupied(_) => left.push(*word),
                Entry::Vacant(entry) => {
                    entry.insert(words.len());
                    words.push((*word, 0));
                }
            }
        }
        for (row, word) in input.iter().enumerate() {
            match numbers.get(word) {
                Some(number) => {
                    let (_, count): &mut (F, usize) = &mut words[*number];
                    *count += 1;
                }
                None => {
                    return Err(Error::Lookup {
                        lookup: self.name.clone(),
                        row,
                    });
                }
            }
        }
        left.extend(
            words
                .iter()
                .filter(|(_, count)| *count == 0)
                .map(|(word, _)| *word),
        );
        let mut left = left.into_iter();
        let mut permuted = [Vec::with_capacity(size), Vec::with_capacity(size)];
        for (word, count) in words.into_iter().filter(|(_, count)| *count > 0) {
            permuted[0].extend(std::iter::repeat_n(word, count));
            permuted[1].push(word);
            permuted[1].extend(left.by_ref().take(count - 1));
        }
        for column in &mut permuted {
            assert_eq!(column.len(), usable, "each row has a word of its own");
            column.resize(size, F::ZERO);
        }
        Ok(Permuted {
            compressed: [input, table],
            permuted,
        })
    }
}

impl<F: Field> Permuted<F> {
    /// The running product, up to the last row that is not for blinding; the rows after it are 0.
    pub fn product(&self, size: usize, usable: usize, beta: F, gamma: F) -> Vec<F> {
        const CHUNK: usize = 1 << 10;
        let mut factors = vec![F::ZERO; usable];
        factors
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, out)| {
                let rows = chunk * CHUNK..chunk * CHUNK + out.len();
                let [input, table] = [0, 1].map(|i| &self.permuted[i][rows.clone()]);
                for ((out, input), table) in out.iter_mut().zip(input).zip(table) {
                    *out = (beta + input) * (gamma + table);
                }
                invert(out);
                let [input, table] = [0, 1].map(|i| &self.compressed[i][rows.clone()]);
                for ((out, input), table) in out.iter_mut().zip(input).zip(table) {
                    *out *= (beta + input) * (gamma + table);
                }
            });
        let mut product = Vec::with_capacity(size);
        let mut running = F::ONE;
        product.push(running);
        for factor in factors {
            running *= factor;
            product.push(running);
        }
        product.resize(size, F::ZERO);
        product
    }
}
