//! Expressions as programs over blocks of rows: what several of them have in common is computed once, and what is the
//! same on all rows, once a proof.

use std::collections::HashMap;
use std::hash::Hash;

use ff::Field;
use halo2_proofs::plonk::Expression;

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
enum Operand {
    Register(usize),
    Query(usize),
    Scalar(usize),
}

#[derive(Clone, Copy, Debug)]
enum Operation {
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
struct Step {
    operation: Operation,
    register: usize,
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

struct Compiler<F> {
    nodes: Vec<Node<F>>,
    known: HashMap<Node<F>, usize>,
    /// Whether a node is the same on all rows.
    uniform: Vec<bool>,
}

impl<F: Field + Hash> Compiler<F> {
    fn node(&mut self, node: Node<F>) -> usize {
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let uniform = match node {
            Node::Constant(_) | Node::Challenge(_) | Node::Power(_) => true,
            Node::Query(_) => false,
            Node::Sum(a, b) | Node::Difference(a, b) | Node::Product(a, b) => {
                self.uniform[a] && self.uniform[b]
            }
            Node::Negated(a) => self.uniform[a],
        };
        self.nodes.push(node);
        self.uniform.push(uniform);
        self.known.insert(node, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn constant(&self, node: usize) -> Option<F> {
        match self.nodes[node] {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn negated(&mut self, a: usize) -> usize {
        match self.nodes[a] {
            Node::Constant(value) => self.node(Node::Constant(-value)),
            Node::Negated(own) => own,
            Node::Difference(a, b) => self.node(Node::Difference(b, a)),
            _ => self.node(Node::Negated(a)),
        }
    }

    fn sum(&mut self, a: usize, b: usize) -> usize {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => return self.node(Node::Constant(a + b)),
            (Some(zero), None) if zero == F::ZERO => return b,
            (None, Some(zero)) if zero == F::ZERO => return a,
            _ => {}
        }
        match (self.nodes[a], self.nodes[b]) {
            (_, Node::Negated(b)) => self.node(Node::Difference(a, b)),
            (Node::Negated(a), _) => self.node(Node::Difference(b, a)),
            _ => self.node(Node::Sum(a.min(b), a.max(b))),
        }
    }

    fn product(&mut self, a: usize, b: usize) -> usize {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => return self.node(Node::Constant(a * b)),
            (Some(own), None) | (None, Some(own)) => {
                let other = if self.constant(a).is_some() { b } else { a };
                if own == F::ZERO {
                    return self.node(Node::Constant(F::ZERO));
                } else if own == F::ONE {
                    return other;
                } else if own == -F::ONE {
                    return self.negated(other);
                } else if own == F::ONE.double() {
                    return self.node(Node::Sum(other, other));
                }
            }
            _ => {}
        }
        self.node(Node::Product(a.min(b), a.max(b)))
    }

    fn expression(&mut self, expression: &Expression<F>) -> usize {
        let query = |column, rotation: halo2_proofs::poly::Rotation| {
            Node::Query(Query {
                column,
                rotation: rotation.0,
            })
        };
        match expression {
            Expression::Constant(value) => self.node(Node::Constant(*value)),
            Expression::Selector(_) => unreachable!("a key has no selectors, but fixed columns"),
            Expression::Fixed(own) => {
                self.node(query(Source::Fixed(own.column_index()), own.rotation()))
            }
            Expression::Advice(own) => {
                self.node(query(Source::Advice(own.column_index()), own.rotation()))
            }
            Expression::Instance(own) => {
                self.node(query(Source::Instance(own.column_index()), own.rotation()))
            }
            Expression::Challenge(own) => self.node(Node::Challenge(own.index())),
            Expression::Negated(own) => {
                let own = self.expression(own);
                self.negated(own)
            }
            Expression::Sum(a, b) => {
                let (a, b) = (self.expression(a), self.expression(b));
                self.sum(a, b)
            }
            Expression::Product(a, b) => {
                let (a, b) = (self.expression(a), self.expression(b));
                self.product(a, b)
            }
            Expression::Scaled(own, scale) => {
                let (own, scale) = (self.expression(own), self.node(Node::Constant(*scale)));
                self.product(own, scale)
            }
        }
    }

    /// The factors of a node.
    fn factors(&self, node: usize) -> Vec<usize> {
        match self.nodes[node] {
            Node::Product(a, b) => [self.factors(a), self.factors(b)].concat(),
            _ => vec![node],
        }
    }
}

/// A sum of `scalar * node`, and whether it is then multiplied by a node.
struct Group {
    factor: Option<usize>,
    /// Scalars are nodes too.
    terms: Vec<(usize, usize)>,
}

impl<F: Field + Hash> Plan<F> {
    pub fn new(combinations: &[Combination<'_, F>]) -> Self {
        let mut own = Compiler {
            nodes: vec![],
            known: HashMap::new(),
            uniform: vec![],
        };
        let mut grouped = vec![];
        for combination in combinations {
            let nodes: Vec<_> = combination.iter().map(|one| own.expression(one)).collect();
            grouped.push(groups(&mut own, &nodes));
        }
        let mut emitter = Emitter::new(own);
        let outputs = grouped
            .iter()
            .map(|groups| emitter.combination(groups))
            .collect();
        emitter.finish(outputs)
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
        let Room { registers, wrapped } = room;
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
        for step in &self.steps {
            let mut out = std::mem::take(&mut registers[step.register]);
            let value = |operand: Operand| match operand {
                Operand::Register(own) => Value::Rows(&registers[own][..rows]),
                Operand::Query(own) => Value::Rows(slices[own]),
                Operand::Scalar(own) => Value::Same(scalars[own]),
            };
            step.operation.run(&mut out[..rows], scalars, value);
            registers[step.register] = out;
        }
        for (number, output) in self.outputs.iter().enumerate() {
            let value = match output {
                Operand::Register(own) => Value::Rows(&registers[*own][..rows]),
                Operand::Query(own) => Value::Rows(slices[*own]),
                Operand::Scalar(own) => Value::Same(scalars[*own]),
            };
            put(number, value);
        }
    }
}

/// Room for the blocks of a thread.
#[derive(Debug)]
pub(crate) struct Room<F> {
    registers: Vec<Vec<F>>,
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

/// The terms of a combination, those with a common factor together.
fn groups<F: Field + Hash>(own: &mut Compiler<F>, nodes: &[usize]) -> Vec<Group> {
    let factors: Vec<Vec<usize>> = nodes.iter().map(|node| own.factors(*node)).collect();
    let mut often: HashMap<usize, usize> = HashMap::new();
    for factors in &factors {
        for factor in factors
            .iter()
            .filter(|own_factor| !own.uniform[**own_factor])
        {
            *often.entry(*factor).or_default() += 1;
        }
    }
    let mut groups: Vec<Group> = vec![];
    for (i, factors) in factors.iter().enumerate() {
        let scalar = own.node(Node::Power((nodes.len() - 1 - i) as u32));
        let varying = factors.iter().filter(|factor| !own.uniform[**factor]);
        // The first of those that are as frequent.
        let common = varying.max_by_key(|factor| (often[factor], std::cmp::Reverse(**factor)));
        let common = common
            .filter(|factor| often[factor] > 1 && factors.len() > 1)
            .copied();
        let mut rest = factors.clone();
        if let Some(common) = common {
            let at = rest
                .iter()
                .position(|own| *own == common)
                .expect("it is one");
            rest.remove(at);
        }
        // What is the same on all rows is a part of the scalar.
        let (uniform, varying): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|factor| own.uniform[*factor]);
        let scalar = uniform
            .into_iter()
            .fold(scalar, |scalar, one| own.product(scalar, one));
        let one = own.node(Node::Constant(F::ONE));
        let node = varying
            .into_iter()
            .fold(one, |product, factor| own.product(product, factor));
        match groups.iter_mut().find(|group| group.factor == common) {
            Some(group) => group.terms.push((scalar, node)),
            None => groups.push(Group {
                factor: common,
                terms: vec![(scalar, node)],
            }),
        }
    }
    groups
}

/// Steps with registers, each of which is used again once nobody reads it any more.
struct Emitter<F> {
    nodes: Vec<Node<F>>,
    uniform: Vec<bool>,
    scalars: Vec<usize>,
    queries: Vec<Query>,
    /// Steps whose registers are numbered anew each time.
    steps: Vec<Step>,
    virtual_registers: usize,
    /// Where a node stands.
    places: HashMap<usize, Operand>,
}

impl<F: Field> Emitter<F> {
    fn new(own: Compiler<F>) -> Self {
        Emitter {
            nodes: own.nodes,
            uniform: own.uniform,
            scalars: vec![],
            queries: vec![],
            steps: vec![],
            virtual_registers: 0,
            places: HashMap::new(),
        }
    }

    fn register(&mut self) -> usize {
        self.virtual_registers += 1;
        self.virtual_registers - 1
    }

    fn push(&mut self, operation: Operation) -> Operand {
        let register = self.register();
        self.steps.push(Step {
            operation,
            register,
        });
        Operand::Register(register)
    }

    fn scalar(&mut self, node: usize) -> usize {
        match self.scalars.iter().position(|own| *own == node) {
            Some(known) => known,
            None => {
                self.scalars.push(node);
                self.scalars.len() - 1
            }
        }
    }

    fn operand(&mut self, node: usize) -> Operand {
        if let Some(place) = self.places.get(&node) {
            return *place;
        }
        let place = if self.uniform[node] {
            Operand::Scalar(self.scalar(node))
        } else {
            match self.nodes[node] {
                Node::Query(query) => {
                    self.queries.push(query);
                    Operand::Query(self.queries.len() - 1)
                }
                Node::Sum(a, b) => {
                    let (a, b) = (self.operand(a), self.operand(b));
                    self.push(Operation::Add(a, b))
                }
                Node::Difference(a, b) => {
                    let (a, b) = (self.operand(a), self.operand(b));
                    self.push(Operation::Subtract(a, b))
                }
                Node::Product(a, b) => {
                    let (a, b) = (self.operand(a), self.operand(b));
                    self.push(Operation::Multiply(a, b))
                }
                Node::Negated(a) => {
                    let a = self.operand(a);
                    self.push(Operation::Negate(a))
                }
                Node::Constant(_) | Node::Challenge(_) | Node::Power(_) => {
                    unreachable!("these are the same on all rows")
                }
            }
        };
        self.places.insert(node, place);
        place
    }

    fn combination(&mut self, groups: &[Group]) -> Operand {
        let mut sum: Option<Operand> = None;
        for group in groups {
            let mut own: Option<usize> = None;
            for (scalar, node) in &group.terms {
                let operand = self.operand(*node);
                let scalar = self.scalar(*scalar);
                match own {
                    None => {
                        let register = self.register();
                        self.steps.push(Step {
                            operation: Operation::Scaled(scalar, operand),
                            register,
                        });
                        own = Some(register);
                    }
                    Some(register) => self.steps.push(Step {
                        operation: Operation::AddScaled(scalar, operand),
                        register,
                    }),
                }
            }
            let own = Operand::Register(own.expect("a group has terms"));
            let own = match group.factor {
                Some(factor) => {
                    let factor = self.operand(factor);
                    self.push(Operation::Multiply(factor, own))
                }
                None => own,
            };
            sum = Some(match sum {
                Some(sum) => self.push(Operation::Add(sum, own)),
                None => own,
            });
        }
        match sum {
            Some(sum) => sum,
            None => {
                self.nodes.push(Node::Constant(F::ZERO));
                self.uniform.push(true);
                let zero = self.scalar(self.nodes.len() - 1);
                Operand::Scalar(zero)
            }
        }
    }

    fn finish(mut self, mut outputs: Vec<Operand>) -> Plan<F> {
        // When each register is read or written for the last time.
        let mut last = vec![0; self.virtual_registers];
        for (time, step) in self.steps.iter().enumerate() {
            last[step.register] = time;
            for operand in step.operation.operands() {
                if let Operand::Register(own) = operand {
                    last[own] = time;
                }
            }
        }
        for output in &outputs {
            if let Operand::Register(own) = output {
                last[*own] = usize::MAX;
            }
        }
        let mut place: HashMap<usize, usize> = HashMap::new();
        let mut free: Vec<usize> = vec![];
        let mut registers = 0;
        for (time, step) in self.steps.iter_mut().enumerate() {
            let old = *step;
            // The result does not overwrite what it is made of.
            let register = *place.entry(old.register).or_insert_with(|| {
                free.pop().unwrap_or_else(|| {
                    registers += 1;
                    registers - 1
                })
            });
            step.register = register;
            step.operation.rename(&place);
            for operand in old.operation.operands() {
                if let Operand::Register(own) = operand
                    && last[own] == time
                    && let Some(own) = place.remove(&own)
                {
                    free.push(own);
                }
            }
            if last[old.register] == time
                && let Some(own) = place.remove(&old.register)
            {
                free.push(own);
            }
        }
        for output in &mut outputs {
            if let Operand::Register(own) = output {
                *own = place[own];
            }
        }
        Plan {
            nodes: self.nodes,
            scalars: self.scalars,
            queries: self.queries,
            steps: self.steps,
            registers,
            outputs,
        }
    }
}

impl Operation {
    fn operands(self) -> impl Iterator<Item = Operand> {
        let (a, b) = match self {
            Operation::Add(a, b) | Operation::Subtract(a, b) | Operation::Multiply(a, b) => {
                (a, Some(b))
            }
            Operation::Negate(a) | Operation::AddScaled(_, a) | Operation::Scaled(_, a) => {
                (a, None)
            }
        };
        std::iter::once(a).chain(b)
    }

    fn rename(&mut self, place: &HashMap<usize, usize>) {
        let rename = |operand: &mut Operand| {
            if let Operand::Register(own) = operand {
                *own = place[own];
            }
        };
        match self {
            Operation::Add(a, b) | Operation::Subtract(a, b) | Operation::Multiply(a, b) => {
                rename(a);
                rename(b);
            }
            Operation::Negate(a) | Operation::AddScaled(_, a) | Operation::Scaled(_, a) => {
                rename(a)
            }
        }
    }
}
