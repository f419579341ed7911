//! From expressions to a [`Plan`]: a graph in which nothing stands twice, terms with a common factor together, and
//! steps whose registers are used again.

use std::collections::HashMap;
use std::hash::Hash;

use ff::Field;
use halo2_proofs::plonk::Expression;

use super::{Combination, Node, Operand, Operation, Plan, Query, Source, Step};

/// Compiles combinations of expressions.
pub(super) fn plan<F: Field + Hash>(combinations: &[Combination<'_, F>]) -> Plan<F> {
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
