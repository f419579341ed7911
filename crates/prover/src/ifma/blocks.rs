//! Arithmetic on the rows of a block, as [`Plan`](crate::plan::Plan) has it.
//!
//! Columns and scalars are `2^256 a mod p`, as everywhere else, and so is what is computed of them; a product of two such
//! numbers is divided by `2^260`, so one of them is taken 16-fold. What stands in registers is below 2 p.

use std::arch::x86_64::*;

use ff::PrimeField;

use super::field::{Arithmetic, Field, Vector, WIDTH};
use super::words::{Word, field_of_words, load, store, words, words_mut};
use crate::plan::{BLOCK, Operand, Operation, Step};

/// The values on the rows of a block.
type Rows = [Vector; BLOCK / WIDTH];

/// Registers of a thread.
#[derive(Debug)]
pub(crate) struct Registers {
    field: Field,
    rows: Vec<Rows>,
}

/// What an operand reads.
#[derive(Clone, Copy)]
enum From<'a> {
    Register(&'a Rows),
    Column(&'a [[Word; WIDTH]]),
    Same(&'a Word),
}

impl From<'_> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn at(self, i: usize) -> Vector {
        match self {
            From::Register(rows) => rows[i],
            From::Column(words) => load(&words[i]),
            From::Same(word) => load(&[*word; WIDTH]),
        }
    }
}

impl Registers {
    /// So many of a block; `None` where the processor lacks the instructions, or the field is not known to be kept in
    /// words.
    pub(crate) fn new<F: PrimeField>(count: usize) -> Option<Self> {
        let field = field_of_words::<F>()?;
        #[allow(unsafe_code)]
        // SAFETY: the processor has what the function needs.
        let zero = unsafe { zero() };
        Some(Registers {
            field,
            rows: vec![[zero; BLOCK / WIDTH]; count],
        })
    }

    /// Runs the steps on a whole block: `columns` are what is queried there.
    pub(crate) fn run<F: PrimeField>(&mut self, steps: &[Step], scalars: &[F], columns: &[&[F]]) {
        assert!(columns.iter().all(|own| own.len() == BLOCK));
        #[allow(unsafe_code)]
        // SAFETY: there are registers only where the processor has what the function needs.
        unsafe {
            run(&self.field, &mut self.rows, steps, words(scalars), columns)
        }
    }

    /// What stands in a register.
    pub(crate) fn read<F: PrimeField>(&self, register: usize, out: &mut [F]) {
        assert!(out.len() == BLOCK);
        #[allow(unsafe_code)]
        // SAFETY: as above.
        unsafe {
            read(&self.field, &self.rows[register], words_mut(out))
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn zero() -> Vector {
    Vector([_mm512_setzero_si512(); 5])
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn read(field: &Field, rows: &Rows, out: &mut [Word]) {
    let own = Arithmetic::new(field);
    for (row, out) in rows.iter().zip(out.as_chunks_mut().0) {
        store(out, &own.reduced(row));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn run<F: PrimeField>(
    field: &Field,
    registers: &mut [Rows],
    steps: &[Step],
    scalars: &[Word],
    columns: &[&[F]],
) {
    let own = Arithmetic::new(field);
    for step in steps {
        // What a step writes is none of what it reads, but where it adds to it.
        let mut out = registers[step.register];
        let of = |operand: Operand| match operand {
            Operand::Register(number) => From::Register(&registers[number]),
            Operand::Query(number) => From::Column(words(columns[number]).as_chunks().0),
            Operand::Scalar(number) => From::Same(&scalars[number]),
        };
        match step.operation {
            Operation::Add(a, b) => {
                let (a, b) = (of(a), of(b));
                for (i, out) in out.iter_mut().enumerate() {
                    *out = own.halved(&own.add(&a.at(i), &b.at(i)));
                }
            }
            Operation::Subtract(a, b) => {
                let (a, b) = (of(a), of(b));
                for (i, out) in out.iter_mut().enumerate() {
                    *out = own.halved(&own.sub(&a.at(i), &b.at(i)));
                }
            }
            Operation::Multiply(a, b) => {
                let (a, b) = (of(a), of(b));
                match (a, b) {
                    // What is below p may be taken 16-fold.
                    (_, From::Column(_) | From::Same(_)) => {
                        for (i, out) in out.iter_mut().enumerate() {
                            *out = own.mul(&a.at(i), &own.sixteen_fold(&b.at(i)));
                        }
                    }
                    (From::Column(_) | From::Same(_), _) => {
                        for (i, out) in out.iter_mut().enumerate() {
                            *out = own.mul(&b.at(i), &own.sixteen_fold(&a.at(i)));
                        }
                    }
                    (From::Register(a), From::Register(b)) => {
                        for (i, out) in out.iter_mut().enumerate() {
                            let b = own.sixteen_fold(&own.reduced(&b[i]));
                            *out = own.mul(&a[i], &b);
                        }
                    }
                }
            }
            Operation::Negate(a) => {
                let (a, none) = (of(a), zero());
                for (i, out) in out.iter_mut().enumerate() {
                    *out = own.halved(&own.sub(&none, &a.at(i)));
                }
            }
            Operation::AddScaled(scalar, a) => {
                let by = own.sixteen_fold(&load(&[scalars[scalar]; WIDTH]));
                let a = of(a);
                for (i, out) in out.iter_mut().enumerate() {
                    let product = own.mul(&a.at(i), &by);
                    *out = own.halved(&own.add(out, &product));
                }
            }
            Operation::Scaled(scalar, a) => {
                let by = own.sixteen_fold(&load(&[scalars[scalar]; WIDTH]));
                let a = of(a);
                for (i, out) in out.iter_mut().enumerate() {
                    *out = own.mul(&a.at(i), &by);
                }
            }
        }
        registers[step.register] = out;
    }
}
