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
//! The topmost words stand in columns, the window: `top`, `second` and, where an instruction of the set
//! reads them, `third` and `fourth`. Flags say how many words there are: `nonempty`, `has_2` and so on, as
//! many as the set's instructions ask for. The words below are a linked list whose cells are rows of the
//! trace itself: a step that grows the stack makes the cell `(index', lowest, present, link)` of the
//! lowest word of the window and the last of the flags, and afterwards `link = index`; a step that
//! shrinks it takes the cell `(link, lowest', present', link')` back. So the number of columns does not
//! depend on the depth. Why what is taken is what was made: [`crate::sum`].
//!
//! # Where the instructions come from
//!
//! A set without control flow executes its program from the first instruction to the last, so that row i
//! is given instruction i. With control flow a row has a program counter, `pc`, and is given the instruction
//! at that address, which the sum looks up in the listing of the program.
//!
//! A machine whose key holds its program, and that a straight line, is *wired*: which instruction a row executes,
//! how deep the stack is and where its cells are is known beforehand, and stands in fixed columns. There are no
//! presence flags then (a program that lacks words has no key), nothing is decoded, and products need no column
//! of their own.

use crate::algebra::Algebra;
use crate::isa::{Cofactor, Effect, InstructionSet, Opcode, Operands, Relation, Target};
use crate::row::{Fetch, Folds, Row, Shape};

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
    /// The point at which the fractions of instructions are evaluated, where they are looked up.
    pub delta: T,
    /// What folds the public tape, where there is one.
    pub rho: T,
}

impl<T> Challenges<T> {
    /// The same with `f` applied to each.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Challenges<U> {
        Challenges {
            alpha: f(self.alpha),
            gamma: f(self.gamma),
            beta: f(self.beta),
            delta: f(self.delta),
            rho: f(self.rho),
        }
    }
}

/// Where a row's instruction comes from.
#[derive(Clone, Debug)]
pub enum Source<A> {
    /// The row is given an instruction of its own.
    Given {
        /// The opcode, encoded as [`Opcode::encoded`] says.
        opcode: A,
        /// The argument.
        argument: A,
        /// The opcode of the next row, where the circuit has to see to it that only `halt` follows
        /// `halt`; where the verifier writes the program, it can't state anything else.
        next_opcode: Option<A>,
    },
    /// The instruction is in the key: its flag is a fixed column.
    Wired {
        /// The argument; on the last row, whether the stack then holds a word.
        argument: A,
    },
    /// The instruction is looked up in a listing. Row i of it holds the instruction with address i.
    Listed {
        /// Its opcode in the listing: one more than [`Opcode::encoded`], and 0 where the program is over.
        opcode: A,
        /// Its argument.
        argument: A,
    },
}

impl<A> Source<A> {
    /// The source of a machine of this shape, of the opcode and the argument that are stated for a row. What is
    /// wired has no opcode to be told.
    pub fn of(shape: Shape, opcode: A, argument: A, next_opcode: Option<A>) -> Self {
        if shape.wired {
            Source::Wired { argument }
        } else if shape.fetches() {
            Source::Listed { opcode, argument }
        } else {
            Source::Given {
                opcode,
                argument,
                next_opcode,
            }
        }
    }
}

/// What the constraints see: a row, the next one, and what is known of them.
#[derive(Clone, Debug)]
pub struct Window<A> {
    /// The instruction set, and whether the machine is wired.
    pub shape: Shape,
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
    /// Where the instruction of this row comes from.
    pub source: Source<A>,
    /// What stands on the public tape in this row's place, where the set has one: its words, then a 1,
    /// then zeros.
    pub tape: Option<A>,
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
            .filter(|(_, flag)| !flag.vanishes())
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

    /// The sum of `flag * term` over the relations of the instructions that have flags.
    fn relations(&self, term: impl Fn(Relation<A>) -> A) -> A {
        self.flags(|opcode| Some(term(opcode.relation(&Seen(self)))))
    }

    /// 1 where the cofactor is a hint.
    fn hinted(&self) -> A {
        self.relations(|own| match own.cofactor {
            Cofactor::Hint => A::constant(1),
            _ => A::constant(0),
        })
    }

    /// The opcode that the row is given to execute.
    fn given(&self) -> A {
        match (&self.source, &self.row.fetch) {
            (Source::Given { opcode, .. }, _) => opcode.clone(),
            (_, Some(Fetch { opcode, .. })) => opcode.clone(),
            // It is known to be what is executed.
            _ => self.executed(),
        }
    }

    /// The argument that the row is given.
    fn argument(&self) -> A {
        match (&self.source, &self.row.fetch) {
            (_, Some(Fetch { argument, .. })) => argument.clone(),
            (
                Source::Given { argument, .. }
                | Source::Wired { argument }
                | Source::Listed { argument, .. },
                None,
            ) => argument.clone(),
        }
    }

    /// 0 where the row executes what it is given, 1 where it is idle although that is `halt`.
    fn stopped(&self) -> A {
        (self.executed() - self.given()).named("stopped")
    }

    /// 1 where the row unwinds the stack.
    fn unwinding(&self) -> A {
        self.flags(|opcode| (opcode == Opcode::Halt).then(|| A::constant(1)))
    }

    /// On the last row, 1 if the stack holds a word, else 0.
    pub fn nonempty(&self) -> A {
        match (self.row.present.first(), &self.source) {
            (None, Source::Wired { argument }) => argument.clone(),
            (present, _) => present.cloned().unwrap_or(A::constant(0)),
        }
    }
}

/// What a relation is made of under a flag.
struct Seen<'a, A>(&'a Window<A>);

impl<A: Algebra> Operands<A> for Seen<'_, A> {
    fn word(&self, place: usize) -> A {
        // The window has all the words that the set's instructions read.
        let word = self.0.row.words.get(place);
        word.cloned().unwrap_or(A::constant(0))
    }
    fn argument(&self) -> A {
        self.0.argument()
    }
    fn hint(&self) -> A {
        let hint = self.0.row.cofactor.clone();
        hint.unwrap_or(A::constant(0))
    }
    fn result(&self) -> A {
        self.0.next.top().clone()
    }
    fn following(&self) -> A {
        let fetch = self.0.row.fetch.as_ref();
        // A set without control flow does not ask.
        fetch.map_or(A::constant(0), |own| own.pc.clone() + A::constant(1))
    }
    fn jumps(&self) -> A {
        let fetch = self.0.row.fetch.as_ref();
        fetch.map_or(A::constant(0), |own| own.jumps.clone())
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
    let given = &window.given();
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
    let unwinding = window.unwinding();
    constraints.push(Constraint {
        name: "where halt is given, the row unwinds or is idle",
        polynomial: step.clone() * (unwinding.clone() * window.stopped()),
    });
    constraints.push(Constraint {
        name: "the given instruction is executed, unless it is halt",
        polynomial: step.clone() * (window.stopped() * given.clone()),
    });
    let halts = Constraint {
        name: "the last row is given halt",
        polynomial: window.last() * given.clone(),
    };
    match &window.source {
        Source::Given {
            next_opcode: Some(next_opcode),
            ..
        } => {
            constraints.push(Constraint {
                name: "after halt there is only halt",
                polynomial: step * ((unwinding + window.stopped()) * next_opcode.clone()),
            });
            constraints.push(halts);
        }
        // What is looked up need not lead there.
        Source::Listed { .. } => constraints.push(halts),
        Source::Given { .. } | Source::Wired { .. } => {}
    }
    Gate {
        name: "decode",
        constraints,
    }
}

/// Which instruction comes next.
///
/// On a row that is given `halt` the program counter stays; an instruction whose jump depends on the top
/// says so by its relation, and on all other rows `jumps` is what the instruction is.
pub fn flow<A: Algebra>(window: &Window<A>) -> Option<Gate<A>> {
    let fetch = window.row.fetch.as_ref()?;
    let next_pc = &window.next.fetch.as_ref()?.pc;
    let step = window.step();
    let one = A::constant(1);
    let with =
        |target: Target| window.flags(|own| (own.target() == target).then(|| A::constant(1)));
    let Fetch {
        jumps,
        pc,
        argument,
        ..
    } = fetch;
    let halted = window.unwinding() + window.stopped();
    let following = pc.clone() + one.clone();
    let jumped = jumps.clone() * (argument.clone() - following.clone());
    let returned = with(Target::Top) * (window.row.top().clone() - following.clone());
    Some(Gate {
        name: "flow",
        constraints: vec![
            Constraint {
                name: "jumps is the instruction's, unless it depends on the top",
                polynomial: step.clone()
                    * ((one - with(Target::Branch)) * jumps.clone() - with(Target::Argument)),
            },
            Constraint {
                name: "pc' = the argument after a jump, the top after ret, pc after halt, pc + 1 else",
                polynomial: step * (next_pc.clone() + halted - following - jumped - returned),
            },
            Constraint {
                name: "pc = 0 on the first row",
                polynomial: window.first() * pc.clone(),
            },
        ],
    })
}

/// The words that the rows read and write are those of the public tape, in order, and as many.
///
/// `tape` and `stated` are the values at rho of polynomials: `tape` of the one whose coefficients are the
/// words that are used and then 1, `stated` of the one whose coefficients are what is stated, which are the
/// words, 1, and zeros. If the two values are equal, then but for a probability of rows / field size the polynomials are:
/// the last coefficient of each that is not 0 is its 1, so there are as many words, and they are the same.
pub fn tape<A: Algebra>(window: &Window<A>) -> Option<Gate<A>> {
    let Folds { tape, stated } = window.row.folds.as_ref()?;
    let next = window.next.folds.as_ref()?;
    let here = window.tape.as_ref()?;
    let rho = &window.challenges.rho;
    let step = window.step();
    let used = window.flags(|opcode| {
        let word = opcode.relation(&Seen(window)).tape?;
        Some(word + rho.clone() * next.tape.clone() - next.tape.clone())
    });
    Some(Gate {
        name: "tape",
        constraints: vec![
            Constraint {
                name: "tape = the word used + rho * tape', tape' if none is",
                polynomial: step.clone() * (tape.clone() - next.tape.clone() - used),
            },
            Constraint {
                name: "stated = what is stated here + rho * stated'",
                polynomial: step
                    * (stated.clone() - here.clone() - rho.clone() * next.stated.clone()),
            },
            Constraint {
                name: "tape = 1 on the last row",
                polynomial: window.last() * (tape.clone() - A::constant(1)),
            },
            Constraint {
                name: "stated = what is stated here on the last row",
                polynomial: window.last() * (stated.clone() - here.clone()),
            },
            Constraint {
                name: "what is used is what is stated",
                polynomial: window.first() * (tape.clone() - stated.clone()),
            },
        ],
    })
}

/// What the next row's words are, from the second on.
const NEXT_WORDS: [&str; InstructionSet::MAX_WINDOW - 1] = [
    "second' = top after a push, second if the depth stays, unless it is moved",
    "third' = second after a push, third if the depth stays, unless it is moved",
    "fourth' = third after a push, fourth if the depth stays",
];

/// What the next row's presence flags are.
const NEXT_PRESENT: [&str; InstructionSet::MAX_WINDOW] = [
    "nonempty' = 1 after a push, nonempty if the depth stays",
    "has_2' = nonempty after a push, has_2 if the depth stays",
    "has_3' = has_2 after a push, has_3 if the depth stays",
    "has_4' = has_3 after a push, has_4 if the depth stays",
];

/// Who needs words finds them.
const NEEDS: [&str; InstructionSet::MAX_WINDOW] = [
    "there is a word where one is needed, before the step or after it",
    "there are two words where they are needed, before the step or after it",
    "there are three words where they are needed, before the step or after it",
    "there are four words where they are needed, before the step or after it",
];

/// What the instruction computes: its product, its tests and its obligation.
pub fn relation<A: Algebra>(window: &Window<A>) -> Gate<A> {
    if window.shape.wired {
        return wired_relation(window);
    }
    let Window {
        shape, row, next, ..
    } = window;
    let step = window.step();
    let sum = |term: &dyn Fn(Relation<A>) -> A| window.relations(term);
    let mut constraints = vec![];
    let mut constrain = |name, polynomial| constraints.push(Constraint { name, polynomial });
    if let Some(factor) = &row.factor {
        constrain(
            "factor is the instruction's, 0 if it has none",
            step.clone() * (factor.clone() - sum(&|own| own.factor)),
        );
    }
    if let Some(cofactor) = &row.cofactor {
        let hinted = window.hinted();
        let fixed = sum(&|own| match own.cofactor {
            Cofactor::Second => row.words[1].clone(),
            Cofactor::Argument => window.argument(),
            Cofactor::Hint | Cofactor::Zero => A::constant(0),
        });
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
                - sum(&|own| own.top)
                - window.idle() * Opcode::IDLE.relation(&Seen(window)).top
                - product),
    );
    let tests = [
        (&row.factor, &row.factor_test),
        (&row.cofactor, &row.cofactor_test),
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
        // Where there is no column for the cofactor, it is the second word.
        let tested = tested.as_ref().unwrap_or(&row.words[1]);
        let own = |own: Relation<A>| match i {
            0 => own.factor_test,
            _ => own.cofactor_test,
        };
        let [is, vanishes] = TEST_NAMES[i];
        constrain(is, step.clone() * (test.clone() - sum(&own)));
        constrain(vanishes, step.clone() * (tested.clone() * test.clone()));
    }
    if shape.set.has_obligation() {
        constrain(ZERO, step * sum(&|own| own.zero));
    }
    Gate {
        name: "relation",
        constraints,
    }
}

const ZERO: &str = "what the instruction says is zero is zero";

/// The same where flags are known beforehand: a product under a flag has degree 3.
fn wired_relation<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window {
        shape, row, next, ..
    } = window;
    let step = window.step();
    let sum = |term: &dyn Fn(Relation<A>) -> A| window.relations(term);
    let cofactor = |own: &Relation<A>| match own.cofactor {
        Cofactor::Second => row.words[1].clone(),
        Cofactor::Argument => window.argument(),
        Cofactor::Hint => Seen(window).hint(),
        Cofactor::Zero => A::constant(0),
    };
    let idle = Opcode::IDLE.relation(&Seen(window)).top;
    let mut constraints = vec![Constraint {
        name: "top' is the instruction's new top",
        polynomial: step.clone() * (next.top().clone() - idle.clone())
            - sum(&|own| {
                let product = own.factor.clone() * cofactor(&own);
                own.top - idle.clone() + product
            }),
    }];
    let mut constrain = |name, polynomial| constraints.push(Constraint { name, polynomial });
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
            sum(&|own| own.factor * own.factor_test),
        );
    }
    if shape.set.has_cofactor_test() {
        constrain(
            "cofactor * cofactor_test = 0",
            sum(&|own| cofactor(&own) * own.cofactor_test),
        );
    }
    if shape.set.has_obligation() {
        constrain(ZERO, sum(&|own| own.zero));
    }
    Gate {
        name: "relation",
        constraints,
    }
}

/// The presence flag that shows that an instruction finds its words, if it needs any to be shown: on its row, or on the
/// next one if it shrinks the stack.
///
/// A set has the constraints of those flags alone that some instruction of it asks for. Another's would say `0 = 0`; and
/// these can fail. For say that an instruction that needs n words asks for a flag, and that it stands where there are
/// n - 1. The rows that go on from there as the other rules of the frame say are the only ones that satisfy them, with
/// words that are 0 where there are none. If the instruction shrinks the stack, n is at least 2, so that the cell that it
/// takes is one that was made; so the multiset equation of [`sum`](mod@crate::sum) holds too, once the rest is unwound.
/// Nothing else rejects this, but that the instruction may refuse zeros, as `inv` does on the empty stack. The first
/// flag is asked for by `halt`, which refuses nothing, in every set; the others by instructions that do not either.
///
/// A stack of n - 1 words comes up in every set that has what pushes onto the empty stack. In a set that has not,
/// the stack is empty on all rows and the constraint of the first flag can't fail where only `halt` asks for it; it is
/// there all the same.
fn shows_its_words(opcode: Opcode) -> Option<usize> {
    let shrinks = usize::from(opcode.effect() == Effect::Shrink);
    opcode.needs().checked_sub(1 + shrinks)
}

/// The next row's window of the stack, from the second word on, follows from this row's.
pub fn stack<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window { row, next, .. } = window;
    let step = window.step();
    let one = A::constant(1);
    let idle = window.idle();
    let grow = window.effect(Effect::Grow);
    let keep = idle.clone() + window.effect(Effect::Keep);
    let shrink = window.effect(Effect::Shrink);
    // What comes from above when the stack grows, and from below when it shrinks; what shrinks the
    // stack takes the lowest from a cell.
    let shifted = |new: &A, above: A, own: &A, below: Option<&A>| {
        let lifted = match below {
            Some(below) => new.clone() - shrink.clone() * below.clone(),
            None => (one.clone() - shrink.clone()) * new.clone(),
        };
        lifted - grow.clone() * above - keep.clone() * own.clone()
    };
    let mut constraints = vec![];
    for (i, name) in (1..row.words.len()).zip(NEXT_WORDS) {
        let own = &row.words[i];
        let moved = window.flags(|opcode| {
            let relation = opcode.relation(&Seen(window));
            let moved = if i == 1 {
                relation.second
            } else {
                relation.third
            };
            moved.filter(|_| i <= 2).map(|moved| moved - own.clone())
        });
        let above = row.words[i - 1].clone();
        let shifted = shifted(&next.words[i], above, own, row.words.get(i + 1));
        constraints.push(Constraint {
            name,
            polynomial: step.clone() * (shifted - moved),
        });
    }
    if !window.shape.wired {
        constraints.push(Constraint {
            name: "link' = index' after a push, link if the depth stays",
            polynomial: step.clone()
                * shifted(&next.link, window.index[1].clone(), &row.link, None),
        });
    }
    for (i, name) in (0..row.present.len()).zip(NEXT_PRESENT) {
        let above = match i {
            0 => one.clone(),
            _ => row.present[i - 1].clone(),
        };
        let below = row.present.get(i + 1);
        let shifted = shifted(&next.present[i], above, &row.present[i], below);
        constraints.push(Constraint {
            name,
            polynomial: step.clone() * shifted,
        });
    }
    for (i, name) in (0..row.present.len()).zip(NEEDS) {
        let who = |shrinks: bool| {
            window.flags(|opcode| {
                let shows = shows_its_words(opcode) == Some(i);
                let own = (opcode.effect() == Effect::Shrink) == shrinks;
                (shows && own).then(|| A::constant(1))
            })
        };
        let mut opcodes = window.shape.set.opcodes();
        if !opcodes.any(|opcode| shows_its_words(opcode) == Some(i)) {
            // The flag is there to be moved on to the next one.
            continue;
        }
        let missing = |present: &A| one.clone() - present.clone();
        constraints.push(Constraint {
            name,
            polynomial: step.clone()
                * (who(false) * missing(&row.present[i]) + who(true) * missing(&next.present[i])),
        });
    }
    Gate {
        name: "stack",
        constraints,
    }
}

/// What is 0 on the first row, of the words.
const FIRST_WORDS: [&str; InstructionSet::MAX_WINDOW] = [
    "top = 0 on the first row",
    "second = 0 on the first row",
    "third = 0 on the first row",
    "fourth = 0 on the first row",
];

/// What is 0 on the first row, of the presence flags.
const FIRST_PRESENT: [&str; InstructionSet::MAX_WINDOW] = [
    "nonempty = 0 on the first row",
    "has_2 = 0 on the first row",
    "has_3 = 0 on the first row",
    "has_4 = 0 on the first row",
];

/// The machine starts with the empty stack. That a presence flag is 0 there follows where it is the only
/// one: see [`sum`](mod@crate::sum).
pub fn start<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Row {
        words,
        link,
        present,
        ..
    } = &window.row;
    let words = FIRST_WORDS.into_iter().zip(words);
    let alone = present.len() == 1;
    let present = FIRST_PRESENT.into_iter().zip(present);
    let unwired = !window.shape.wired;
    let constraints = words
        .chain(unwired.then_some(("link = 0 on the first row", link)))
        .chain(present.filter(|_| !alone))
        .map(|(name, cell)| Constraint {
            name,
            polynomial: window.first() * cell.clone(),
        });
    Gate {
        name: "start",
        constraints: constraints.collect(),
    }
}
