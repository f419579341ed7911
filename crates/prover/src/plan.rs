//! Expressions as programs over blocks of rows: what several of them have in common is computed once, and what is the
//! same on all rows, once a proof.

mod compile;

use std::fmt;
use std::hash::Hash;

use ff::{Field, PrimeField};
use halo2_proofs::plonk::Expression;

use crate::ifma::Registers;

/// How many rows a block has: some dozens of intermediate values of so many rows stay in the cache.
pub(crate) const BLOCK: usize = 128;

/// A column, on another row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Query {
    pub column: Source,
    pub rotation: i32,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    Fixed(usize),
    Advice(usize),
    Instance(usize),
}

impl fmt::Display for Source {
    /// What the column is called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, column) = match self {
            Source::Advice(column) => ("advice", column),
            Source::Fixed(column) => ("fixed", column),
            Source::Instance(column) => ("instance", column),
        };
        write!(f, "{kind} column {column}")
    }
}

/// The columns that queries are of, all of the same length: on the domain, or on a coset of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a, F> {
    pub fixed: &'a [Vec<F>],
    pub advice: &'a [Vec<F>],
    pub instance: &'a [Vec<F>],
}

impl<'a, F> Columns<'a, F> {
    pub fn get(&self, source: Source) -> &'a [F] {
        match source {
            Source::Fixed(column) => &self.fixed[column],
            Source::Advice(column) => &self.advice[column],
            Source::Instance(column) => &self.instance[column],
        }
    }
}

/// A node of the graph of all expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node<F> {
    Constant(F),
    Challenge(usize),
    /// A power of the challenge that combines the expressions.
    Power(u32),
    Query(Query),
    Sum(usize, usize),
    Difference(usize, usize),
    Product(usize, usize),
    Negated(usize),
}

/// Where an operand stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand {
    Register(usize),
    Query(usize),
    Scalar(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Add(Operand, Operand),
    Subtract(Operand, Operand),
    Multiply(Operand, Operand),
    Negate(Operand),
    /// Adds a scalar times an operand to what stands in the register.
    AddScaled(usize, Operand),
    /// Writes that.
    Scaled(usize, Operand),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub operation: Operation,
    pub register: usize,
}

/// A program that computes combinations of expressions.
#[derive(Debug)]
pub(crate) struct Plan<F> {
    nodes: Vec<Node<F>>,
    /// The nodes that are the same on all rows and that steps read.
    scalars: Vec<usize>,
    queries: Vec<Query>,
    steps: Vec<Step>,
    registers: usize,
    /// Where each combination stands in the end.
    outputs: Vec<Operand>,
}

/// The expressions of a combination: the i-th of `m` is multiplied by the `m - 1 - i`-th power of a challenge.
type Combination<'e, F> = &'e [&'e Expression<F>];

impl<F: PrimeField + Hash> Plan<F> {
    pub fn new(combinations: &[Combination<'_, F>]) -> Self {
        compile::plan(combinations)
    }

    /// What is the same on all rows of a proof.
    pub fn scalars(&self, challenges: &[F], combiner: F) -> Vec<F> {
        // Nodes stand after those that they are made of.
        let mut values: Vec<F> = Vec::with_capacity(self.nodes.len());
        let mut uniform: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of = |a: &usize| uniform[*a].then(|| values[*a]);
            let value = match node {
                Node::Constant(value) => Some(*value),
                Node::Challenge(number) => Some(challenges[*number]),
                Node::Power(power) => Some(combiner.pow_vartime([u64::from(*power)])),
                Node::Query(_) => None,
                Node::Sum(a, b) => of(a).zip(of(b)).map(|(a, b)| a + b),
                Node::Difference(a, b) => of(a).zip(of(b)).map(|(a, b)| a - b),
                Node::Product(a, b) => of(a).zip(of(b)).map(|(a, b)| a * b),
                Node::Negated(a) => of(a).map(|a| -a),
            };
            uniform.push(value.is_some());
            values.push(value.unwrap_or(F::ZERO));
        }
        self.scalars.iter().map(|node| values[*node]).collect()
    }

    /// Room for the blocks of a thread.
    pub fn room(&self) -> Room<F> {
        Room {
            registers: vec![vec![F::ZERO; BLOCK]; self.registers],
            vectors: Registers::new::<F>(self.registers),
            wrapped: vec![vec![]; self.queries.len()],
        }
    }

    /// Computes the combinations on a block of at most [`BLOCK`] rows, and hands each to `put` with its number.
    pub fn run(
        &self,
        scalars: &[F],
        columns: Columns<'_, F>,
        first: usize,
        rows: usize,
        room: &mut Room<F>,
        mut put: impl FnMut(usize, Value<'_, F>),
    ) {
        for (query, wrapped) in self.queries.iter().zip(&mut room.wrapped) {
            wrapped.clear();
            let column = columns.get(query.column);
            if contiguous(query.rotation, first, rows, column.len()).is_none() {
                let rotated = |row: usize| column[rotated(query.rotation, row, column.len())];
                wrapped.extend((first..first + rows).map(rotated));
            }
        }
        let Room {
            registers,
            vectors,
            wrapped,
        } = room;
        let slices: Vec<&[F]> = self
            .queries
            .iter()
            .zip(wrapped.iter())
            .map(|(query, wrapped)| {
                let column = columns.get(query.column);
                match contiguous(query.rotation, first, rows, column.len()) {
                    Some(from) => &column[from..from + rows],
                    None => &wrapped[..],
                }
            })
            .collect();
        // A circuit of fewer rows than a block has goes without.
        let vectors = vectors.as_mut().filter(|_| rows == BLOCK);
        if let Some(vectors) = vectors {
            vectors.run(&self.steps, scalars, &slices);
            for output in &self.outputs {
                if let Operand::Register(own) = output {
                    vectors.read(*own, &mut registers[*own]);
                }
            }
        } else {
            self.run_steps(scalars, &slices, rows, registers);
        }
        for (number, output) in self.outputs.iter().enumerate() {
            put(number, read(*output, registers, &slices, scalars, rows));
        }
    }

    /// Runs the steps one row after another.
    fn run_steps(&self, scalars: &[F], slices: &[&[F]], rows: usize, registers: &mut [Vec<F>]) {
        for step in &self.steps {
            let mut out = std::mem::take(&mut registers[step.register]);
            let value = |operand| read(operand, registers, slices, scalars, rows);
            step.operation.run(&mut out[..rows], scalars, value);
            registers[step.register] = out;
        }
    }
}

/// What an operand reads.
fn read<'v, F: Copy>(
    operand: Operand,
    registers: &'v [Vec<F>],
    slices: &[&'v [F]],
    scalars: &[F],
    rows: usize,
) -> Value<'v, F> {
    match operand {
        Operand::Register(own) => Value::Rows(&registers[own][..rows]),
        Operand::Query(own) => Value::Rows(slices[own]),
        Operand::Scalar(own) => Value::Same(scalars[own]),
    }
}

/// Room for the blocks of a thread.
#[derive(Debug)]
pub(crate) struct Room<F> {
    registers: Vec<Vec<F>>,
    /// The same for a processor's vector instructions, if it has them.
    vectors: Option<Registers>,
    /// The values of queries whose block wraps around the end.
    wrapped: Vec<Vec<F>>,
}

/// The values of an operand on the rows of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a, F> {
    Rows(&'a [F]),
    Same(F),
}

impl<F: Field> Value<'_, F> {
    pub fn at(&self, row: usize) -> F {
        match self {
            Value::Rows(own) => own[row],
            Value::Same(own) => *own,
        }
    }
}

fn rotated(rotation: i32, row: usize, size: usize) -> usize {
    (row as i64 + i64::from(rotation)).rem_euclid(size as i64) as usize
}

/// Where the rows of a query begin, if they do not wrap around the end.
fn contiguous(rotation: i32, first: usize, rows: usize, size: usize) -> Option<usize> {
    let from = first as i64 + i64::from(rotation);
    let inside = from >= 0 && from + rows as i64 <= size as i64;
    inside.then_some(from as usize)
}

impl Operation {
    #[inline(always)]
    fn run<'v, F: Field>(
        self,
        out: &mut [F],
        scalars: &[F],
        value: impl Fn(Operand) -> Value<'v, F>,
    ) {
        use Value::{Rows, Same};
        match self {
            Operation::Add(a, b) => match (value(a), value(b)) {
                (Rows(a), Rows(b)) => each(out, a, b, |a, b| a + b),
                (Rows(a), Same(b)) | (Same(b), Rows(a)) => map(out, a, |a| a + b),
                (Same(a), Same(b)) => out.fill(a + b),
            },
            Operation::Subtract(a, b) => match (value(a), value(b)) {
                (Rows(a), Rows(b)) => each(out, a, b, |a, b| a - b),
                (Rows(a), Same(b)) => map(out, a, |a| a - b),
                (Same(a), Rows(b)) => map(out, b, |b| a - b),
                (Same(a), Same(b)) => out.fill(a - b),
            },
            Operation::Multiply(a, b) => match (value(a), value(b)) {
                (Rows(a), Rows(b)) => each(out, a, b, |a, b| a * b),
                (Rows(a), Same(b)) | (Same(b), Rows(a)) => map(out, a, |a| a * b),
                (Same(a), Same(b)) => out.fill(a * b),
            },
            Operation::Negate(a) => match value(a) {
                Rows(a) => map(out, a, |a| -a),
                Same(a) => out.fill(-a),
            },
            Operation::AddScaled(scalar, a) => {
                let scalar = scalars[scalar];
                match value(a) {
                    Rows(a) => {
                        for (out, a) in out.iter_mut().zip(a) {
                            *out += *a * scalar;
                        }
                    }
                    Same(a) => {
                        let product = a * scalar;
                        for out in out {
                            *out += product;
                        }
                    }
                }
            }
            Operation::Scaled(scalar, a) => {
                let scalar = scalars[scalar];
                match value(a) {
                    Rows(a) => map(out, a, |a| a * scalar),
                    Same(a) => out.fill(a * scalar),
                }
            }
        }
    }
}

#[inline(always)]
fn each<F: Copy>(out: &mut [F], a: &[F], b: &[F], f: impl Fn(F, F) -> F) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = f(*a, *b);
    }
}

#[inline(always)]
fn map<F: Copy>(out: &mut [F], a: &[F], f: impl Fn(F) -> F) {
    for (out, a) in out.iter_mut().zip(a) {
        *out = f(*a);
    }
}
