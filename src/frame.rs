//! What holds on every step whatever the instruction: which instruction a row executes, and how the
//! window of the stack moves.
//!
//! # The machine's rows
//!
//! A machine of `rows` steps occupies `rows + 1` rows of the circuit: on row i stands the state
//! before step i, on row `rows` the final state. Two fixed columns tell the rows apart, both read on
//! the row and on the next one, so that they cost no evaluation point of their own:
//!
//! | row of the machine | `index` | `follows` | `step` | `first` | `last` |
//! |---|---|---|---|---|---|
//! | (any row outside) | 0 | 0 | 0 | 0 | 0 |
//! | 0 | 0 | 0 | 1 | `rows` | 0 |
//! | 1 | 1 | 1 | 1 | 0 | 0 |
//! | ... | i | 1 | 1 | 0 | 0 |
//! | `rows` | `rows` | 1 | 0 | 0 | `rows` |
//!
//! where `step = follows'`, `last = follows' - (index' - index)` and
//! `first = rows * (follows' - follows) + last`. A prime marks the next row.
//!
//! # The persistent stack
//!
//! The two topmost words stand in `top` and `second`. The words below are a linked list whose cells
//! are rows of the trace itself: a step that grows the stack makes the cell
//! `(index', second, nonempty, link)`, what stood below the old top, and afterwards `link = index`;
//! a step that shrinks it takes the cell `(link, second', nonempty', link')` back. So the number of
//! columns does not depend on the depth. Why what is taken is what was made: [`crate::sum`].

use crate::algebra::Algebra;
use crate::isa::{Effect, InstructionSet, Opcode, Operands};
use crate::row::Row;

/// A polynomial that must be zero on every row, and what it says.
#[derive(Clone, Debug)]
pub struct Constraint<A> {
    /// The constraint as a sentence.
    pub name: &'static str,
    /// The polynomial, its selector included.
    pub polynomial: A,
}

/// Constraints that belong together.
#[derive(Clone, Debug)]
pub struct Gate<A> {
    /// What the constraints are about.
    pub name: &'static str,
    /// The constraints.
    pub constraints: Vec<Constraint<A>>,
}

/// Where the machine's output is bound.
#[derive(Clone, Debug)]
pub enum OutputBinding<A> {
    /// To this value, on the first row.
    Bound(A),
    /// Nowhere: the caller takes the top of the last row.
    Open,
}

/// The challenges that are drawn once the first phase is committed to.
#[derive(Clone, Copy, Debug)]
pub struct Challenges<T> {
    /// The point at which the fractions are evaluated.
    pub alpha: T,
    /// What folds a cell into one word.
    pub gamma: T,
    /// What carries the output to the first row.
    pub beta: T,
}

/// The instruction that a row is given to execute.
#[derive(Clone, Debug)]
pub struct Source<A> {
    /// The opcode, encoded as [`Opcode::encoded`] says.
    pub opcode: A,
    /// The argument.
    pub argument: A,
    /// The opcode of the next row, where the circuit has to see to it that only `halt` follows
    /// `halt`; where the verifier writes the program, it can't state anything else.
    pub next_opcode: Option<A>,
}

/// What the constraints see: a row, the next one, and what is known of them.
#[derive(Clone, Debug)]
pub struct Window<A> {
    /// The instruction set.
    pub set: InstructionSet,
    /// The number of steps of the machine, a constant.
    pub rows: A,
    /// This row.
    pub row: Row<A>,
    /// The next row.
    pub next: Row<A>,
    /// The fixed column `index` on this row and on the next.
    pub index: [A; 2],
    /// The fixed column `follows` on this row and on the next.
    pub follows: [A; 2],
    /// The instruction of this row.
    pub source: Source<A>,
    /// The output, if it is bound on the first row.
    pub output: OutputBinding<A>,
    /// The challenges.
    pub challenges: Challenges<A>,
}

impl<A: Algebra> Window<A> {
    /// 1 where a step leads to the next row, else 0.
    pub fn step(&self) -> A {
        self.follows[1].clone().named("step")
    }

    /// `rows` on the last row of the machine, else 0.
    pub fn last(&self) -> A {
        let last = self.follows[1].clone() - (self.index[1].clone() - self.index[0].clone());
        last.named("last")
    }

    /// `rows` on the first row of the machine, else 0.
    pub fn first(&self) -> A {
        let enters = self.follows[1].clone() - self.follows[0].clone();
        (self.rows.clone() * enters + self.last()).named("first")
    }

    /// The sum of `coefficient * flag` over the flags for which there is one.
    pub fn flags(&self, coefficient: impl Fn(Opcode) -> Option<A>) -> A {
        self.row
            .flags
            .iter()
            .filter_map(|(opcode, flag)| Some(flag.clone() * coefficient(*opcode)?))
            .fold(A::constant(0), |sum, term| sum + term)
    }

    /// 1 where no flag is set.
    pub fn idle(&self) -> A {
        (A::constant(1) - self.flags(|_| Some(A::constant(1)))).named("idle")
    }

    /// 1 where the row executes an instruction with this effect, not counting idle rows.
    pub fn effect(&self, effect: Effect) -> A {
        let name = match effect {
            Effect::Grow => "grow",
            Effect::Keep => "keep",
            Effect::Shrink => "shrink",
        };
        let flags = self.flags(|opcode| (opcode.effect() == effect).then(|| A::constant(1)));
        flags.named(name)
    }

    /// The encoded opcode of what the row executes, an idle row counting as `nop`.
    fn executed(&self) -> A {
        let flags = self.flags(|opcode| Some(A::constant(opcode.encoded())));
        (flags + A::constant(Opcode::IDLE.encoded()) * self.idle()).named("executed")
    }

    /// 0 where the row executes what it is given, 1 where it is idle although that is `halt`.
    fn stopped(&self) -> A {
        (self.executed() - self.source.opcode.clone()).named("stopped")
    }
}

/// A relation's operands under a flag: the product is left out, for it has a term of its own.
struct Affine<'a, A>(&'a Window<A>);

impl<A: Algebra> Operands<A> for Affine<'_, A> {
    fn top(&self) -> A {
        self.0.row.top.clone()
    }
    fn second(&self) -> A {
        self.0.row.second.clone()
    }
    fn argument(&self) -> A {
        self.0.source.argument.clone()
    }
    fn product(&self) -> A {
        A::constant(0)
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
    let given = &window.source.opcode;
    let mut constraints: Vec<_> = window
        .row
        .flags
        .iter()
        .map(|(opcode, flag)| Constraint {
            name: "a flag is set only where its opcode is given",
            polynomial: step.clone()
                * (flag.clone() * (given.clone() - A::constant(opcode.encoded()))),
        })
        .collect();
    let unwinding = window.flags(|opcode| (opcode == Opcode::Halt).then(|| A::constant(1)));
    constraints.push(Constraint {
        name: "where halt is given, the row unwinds or is idle",
        polynomial: step.clone() * (unwinding.clone() * window.stopped()),
    });
    constraints.push(Constraint {
        name: "the given instruction is executed, unless it is halt",
        polynomial: step.clone() * (window.stopped() * given.clone()),
    });
    if let Some(next_opcode) = &window.source.next_opcode {
        constraints.push(Constraint {
            name: "after halt there is only halt",
            polynomial: step * ((unwinding + window.stopped()) * next_opcode.clone()),
        });
        constraints.push(Constraint {
            name: "the last row is given halt",
            polynomial: window.last() * given.clone(),
        });
    }
    Gate {
        name: "decode",
        constraints,
    }
}

/// The next row's window of the stack follows from this row's.
pub fn stack<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window { row, next, .. } = window;
    let step = window.step();
    let one = A::constant(1);
    let idle = window.idle();
    let grow = window.effect(Effect::Grow);
    let keep = idle.clone() + window.effect(Effect::Keep);
    let shrink = window.effect(Effect::Shrink);
    // What shrinks the stack takes the rest of the window back from a cell.
    let shifted = |new: &A, grown: A, kept: &A| {
        step.clone()
            * ((one.clone() - shrink.clone()) * new.clone()
                - grow.clone() * grown
                - keep.clone() * kept.clone())
    };
    let constraints = vec![
        Constraint {
            name: "factor = top where the instruction multiplies, else 0",
            polynomial: step.clone()
                * (row.factor.clone()
                    - row.top.clone() * window.flags(|opcode| Some(opcode.product_coefficient()))),
        },
        Constraint {
            name: "top' is the instruction's new top",
            polynomial: step.clone()
                * (next.top.clone()
                    - window.flags(|opcode| Some(opcode.new_top(&Affine(window))))
                    - idle * Opcode::IDLE.new_top(&Affine(window))
                    - row.factor.clone() * row.second.clone()),
        },
        Constraint {
            name: "second' = top after a push, second if the depth stays",
            polynomial: shifted(&next.second, row.top.clone(), &row.second),
        },
        Constraint {
            name: "link' = index' after a push, link if the depth stays",
            polynomial: shifted(&next.link, window.index[1].clone(), &row.link),
        },
        Constraint {
            name: "nonempty' = 1 after a push, nonempty if the depth stays",
            polynomial: shifted(&next.nonempty, one.clone(), &row.nonempty),
        },
        Constraint {
            name: "what takes two words and leaves one leaves the stack nonempty",
            polynomial: step
                * (window.flags(|opcode| {
                    let leaves_one = opcode.effect() == Effect::Shrink && opcode.needs() == 2;
                    leaves_one.then(|| A::constant(1))
                }) * (one.clone() - next.nonempty.clone())),
        },
    ];
    Gate {
        name: "stack",
        constraints,
    }
}

/// The machine starts with the empty stack. That `nonempty` is 0 there follows: see
/// [`sum`](mod@crate::sum).
pub fn start<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Row {
        top, second, link, ..
    } = &window.row;
    let constraints = [
        ("top = 0 on the first row", top),
        ("second = 0 on the first row", second),
        ("link = 0 on the first row", link),
    ]
    .map(|(name, cell)| Constraint {
        name,
        polynomial: window.first() * cell.clone(),
    });
    Gate {
        name: "start",
        constraints: constraints.into(),
    }
}
