//! Which instruction a row executes, and what that computes.

use super::window::{Given, Window, missing};
use super::{Columns, Event, Part, bit};
use crate::air::{Constraint, Gate};
use crate::algebra::{Algebra, Word};
use crate::isa::{Cofactor, Opcode, Relation};

/// Decoding, and the relation of the instruction that is executed.
pub(super) struct Core;

impl Part for Core {
    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        let decode = (!window.shape.straight).then(|| decode(window));
        decode.into_iter().chain([relation(window)]).collect()
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let Some(executed) = &event.executed else {
            return;
        };
        for (opcode, flag) in &mut columns.flags {
            flag.push(bit(*opcode == event.shape.flag_of(executed.opcode)));
        }
        let [factor_test, cofactor_test, _] = executed.tests;
        let products = [
            (&mut columns.factor, executed.step.factor),
            (&mut columns.cofactor, executed.cofactor),
            (&mut columns.factor_test, factor_test),
            (&mut columns.cofactor_test, cofactor_test),
        ];
        for (column, value) in products {
            column.iter_mut().for_each(|column| column.push(value));
        }
    }
}

/// The instruction that a row executes is the one that it is given.
///
/// The opcode that a row is given leaves at most one flag that may be other than 0, and the encoded
/// opcode fixes that one: on a row that is given the instruction of code c, `executed` is
/// `1 + flag * (c - 1)`, which is c only if the flag is 1. A row that is given `halt` may unwind or be
/// idle: there `stopped` is `1 - flag`, and one of the two is 0.
pub fn decode<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let step = window.step();
    let given = &window.given_opcode();
    let mut constraints: Vec<_> = window
        .row
        .flags
        .iter()
        .map(|(opcode, flag)| Constraint {
            name: "a flag is set only where its opcode is given".into(),
            polynomial: step.clone()
                * (flag.clone() * (given.clone() - A::constant(opcode.encoded()))),
        })
        .collect();
    let unwinding = window.unwinding();
    constraints.push(Constraint {
        name: "where halt is given, the row unwinds or is idle".into(),
        polynomial: step.clone() * (unwinding.clone() * window.stopped()),
    });
    constraints.push(Constraint {
        name: "the given instruction is executed, unless it is halt".into(),
        polynomial: step.clone() * (window.stopped() * given.clone()),
    });
    let halts = Constraint {
        name: "the last row is given halt".into(),
        polynomial: window.last() * given.clone(),
    };
    match &window.given {
        Given::Own {
            next_opcode: Some(next_opcode),
            ..
        } => {
            constraints.push(Constraint {
                name: "after halt there is only halt".into(),
                polynomial: step * ((unwinding + window.stopped()) * next_opcode.clone()),
            });
            constraints.push(halts);
        }
        // What is looked up need not lead there, if it jumps. Without jumps it does: the address of a row that has not halted is its
        // number, and that of the last row is looked up too, where none is listed.
        Given::Listed { .. } if window.shape.set.jumps() => constraints.push(halts),
        Given::Listed { .. } | Given::Own { .. } | Given::Scheduled { .. } => {}
    }
    Gate {
        name: "decode",
        constraints,
    }
}

/// What the instruction computes: its product, its tests and its obligation.
pub fn relation<A: Algebra>(window: &Window<A>) -> Gate<A> {
    if window.shape.straight {
        return straight_relation(window);
    }
    let Window {
        shape, row, next, ..
    } = window;
    let step = window.step();
    let sum = |term: &dyn Fn(Relation<A>) -> A| window.relations(term);
    let mut constraints = vec![];
    let mut constrain = |name, polynomial| constraints.push(Constraint::new(name, polynomial));
    if let Some(factor) = &row.factor {
        constrain(
            "factor is the instruction's, 0 if it has none",
            step.clone() * (factor.clone() - sum(&|relation| relation.factor)),
        );
    }
    if let Some(cofactor) = &row.cofactor {
        let hinted = window.hinted();
        let fixed = sum(&|relation| window.cofactor_of(&relation));
        constrain(
            "cofactor is the instruction's, 0 if it has none, unless it is a hint",
            step.clone() * ((A::constant(1) - hinted) * cofactor.clone() - fixed),
        );
    }
    let product = match (&row.factor, &row.cofactor) {
        (None, _) => A::constant(0),
        (Some(factor), None) => factor.clone() * row.words[1].clone(),
        (Some(factor), Some(cofactor)) => factor.clone() * cofactor.clone(),
    };
    constrain(
        "top' is the instruction's new top",
        step.clone()
            * (next.top().clone()
                - sum(&|relation| relation.top)
                - window.idle() * window.relation(Opcode::IDLE).top
                - product),
    );
    // Where there is no column for the cofactor, it is the second word.
    let cofactor = row.cofactor.as_ref().unwrap_or(&row.words[1]);
    let tests = [
        (row.factor.as_ref(), &row.factor_test),
        (Some(cofactor), &row.cofactor_test),
    ];
    const TEST_NAMES: [[&str; 2]; 2] = [
        [
            "factor_test is the instruction's, 0 if it has none",
            "factor * factor_test = 0",
        ],
        [
            "cofactor_test is the instruction's, 0 if it has none",
            "cofactor * cofactor_test = 0",
        ],
    ];
    for (i, (tested, test)) in tests.into_iter().enumerate() {
        let Some(test) = test else { continue };
        let tested = tested.unwrap_or_else(|| missing("a factor"));
        let test_of = |relation: Relation<A>| match i {
            0 => relation.factor_test,
            _ => relation.cofactor_test,
        };
        let [is, vanishes] = TEST_NAMES[i];
        constrain(is, step.clone() * (test.clone() - sum(&test_of)));
        constrain(vanishes, step.clone() * (tested.clone() * test.clone()));
    }
    if shape.set.has_obligation() {
        constrain(ZERO, step * sum(&|relation| relation.zero));
    }
    Gate {
        name: "relation",
        constraints,
    }
}

const ZERO: &str = "what the instruction says is zero is zero";

/// The same where flags are known beforehand: a product under a flag has degree 3.
fn straight_relation<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window {
        shape, row, next, ..
    } = window;
    let step = window.step();
    let sum = |term: &dyn Fn(Relation<A>) -> A| window.relations(term);
    let cofactor = |relation: &Relation<A>| match relation.cofactor {
        Cofactor::Hint => window.hint(),
        _ => window.cofactor_of(relation),
    };
    let idle = window.relation(Opcode::IDLE).top;
    let mut constraints = vec![Constraint {
        name: "top' is the instruction's new top".into(),
        polynomial: step.clone() * (next.top().clone() - idle.clone())
            - sum(&|relation| {
                let product = relation.factor.clone() * cofactor(&relation);
                relation.top - idle.clone() + product
            }),
    }];
    let mut constrain = |name, polynomial| constraints.push(Constraint::new(name, polynomial));
    if let Some(hint) = &row.cofactor {
        let hinted = window.hinted();
        constrain(
            "cofactor is 0, unless it is a hint",
            step.clone() * ((A::constant(1) - hinted) * hint.clone()),
        );
    }
    if shape.set.has_factor_test() {
        constrain(
            "factor * factor_test = 0",
            sum(&|relation| relation.factor * relation.factor_test),
        );
    }
    if shape.set.has_cofactor_test() {
        constrain(
            "cofactor * cofactor_test = 0",
            sum(&|relation| cofactor(&relation) * relation.cofactor_test),
        );
    }
    if shape.set.has_obligation() {
        constrain(ZERO, sum(&|relation| relation.zero));
    }
    Gate {
        name: "relation",
        constraints,
    }
}
