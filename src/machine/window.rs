//! [`Window`]: what the constraints see: a row, the next one, and what is known of them.
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
//! # Where the instructions come from
//!
//! A set without control flow executes its program from the first instruction to the last, so that row i
//! is given instruction i. With control flow a row has a program counter, `pc`, and is given the instruction
//! at that address, which it receives from the [program's bus](super::program).
//!
//! A machine whose key holds its program, and that a *straight line*, has a [`Schedule`](super::Schedule): which
//! instruction a row executes, how deep the stack is and where its cells are is known beforehand, and stands in fixed columns. There
//! are no presence flags then (a program that lacks words has no key), nothing is decoded, and products need no column
//! of their own.

use std::sync::Arc;

use super::hash::{Permuting, ROWS, Rules};
use super::words::{bytes_of, upper, word, word_of};
use super::{Cells, Columns, Shape};
use crate::air::logup::Selectors;
use crate::algebra::Algebra;
use crate::isa::{Carry, Cofactor, Effect, Opcode, Operands, Piece, Relation, Width};

/// Where the machine's output is bound.
#[derive(Clone, Debug)]
pub enum Output<A> {
    /// To this value, on the first row.
    Bound(A),
    /// Nowhere: the caller takes the top of the last row.
    Open,
}

/// The challenges that are drawn once the first phase is committed to.
#[derive(Clone, Copy, Debug)]
pub struct Challenges<T> {
    /// The point at which the fractions of the stack's bus are evaluated.
    pub alpha: T,
    /// What folds the entries of a tuple into one word.
    pub gamma: T,
    /// What carries the output to the first row.
    pub beta: T,
    /// The point at which the fractions of the program's bus are evaluated, where instructions are looked up.
    pub delta: T,
    /// What folds the public tape, where there is one.
    pub rho: T,
    /// The point at which the fractions of the limbs' bus are evaluated, where there are words of 32 or 64 bits.
    pub epsilon: T,
    /// The point at which the fractions of the memory's bus are evaluated, where there is one.
    pub zeta: T,
    /// The point at which the fractions of the ages of what it holds are evaluated.
    pub eta: T,
    /// The point at which the fractions of the hashes' bus are evaluated, where there are hashes.
    pub theta: T,
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
            epsilon: f(self.epsilon),
            zeta: f(self.zeta),
            eta: f(self.eta),
            theta: f(self.theta),
        }
    }
}

/// Where a row's instruction comes from.
#[derive(Clone, Debug)]
pub enum Given<A> {
    /// The row is given an instruction of its own.
    Own {
        /// The opcode, encoded as [`Opcode::encoded`] says.
        opcode: A,
        /// The argument.
        argument: A,
        /// The opcode of the next row, where the circuit has to see to it that only `halt` follows
        /// `halt`; where the verifier writes the program, it can't state anything else.
        next_opcode: Option<A>,
    },
    /// The instruction is in the key: its flag is a fixed column.
    Scheduled {
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

/// Where a [`Window`] is read from: one for each kind of thing that can stand in it.
///
/// ```
/// use halo2_stack_vm::algebra::Formula;
/// use halo2_stack_vm::isa::InstructionSet;
/// use halo2_stack_vm::machine::hash::{ROWS, Rules};
/// use halo2_stack_vm::machine::{Challenges, Columns, Output, Reader, Shape, Window, gates};
/// use halo2curves::bn256::Fr;
/// use std::sync::Arc;
///
/// /// A machine as text.
/// struct Text(Shape);
///
/// fn name(name: &str, next: bool) -> Formula {
///     Formula::name(format!("{name}{}", if next { "'" } else { "" }))
/// }
///
/// impl Reader<Formula> for Text {
///     fn columns(&self, next: bool) -> Columns<Formula> {
///         Columns::new(self.0, |column| name(&column.to_string(), next))
///     }
///     fn index(&self, next: bool) -> Formula {
///         name("index", next)
///     }
///     fn follows(&self, next: bool) -> Formula {
///         name("follows", next)
///     }
///     fn opcode(&self) -> Formula {
///         name("opcode", false)
///     }
///     fn next_opcode(&self) -> Option<Formula> {
///         None
///     }
///     fn argument(&self) -> Formula {
///         name("argument", false)
///     }
///     fn tape(&self) -> Formula {
///         name("tape_word", false)
///     }
///     fn table(&self) -> [Formula; 4] {
///         ["left", "right", "common", "kind"].map(|own| name(own, false))
///     }
///     fn at(&self) -> [Formula; ROWS] {
///         std::array::from_fn(|row| name(&format!("at_{row}"), false))
///     }
///     fn rules(&self) -> Arc<Rules<Formula>> {
///         Rules::written::<Fr>()
///     }
///     fn output(&self) -> Output<Formula> {
///         Output::Open
///     }
///     fn challenges(&self) -> Challenges<Formula> {
///         let names = Challenges {
///             alpha: "alpha",
///             gamma: "gamma",
///             beta: "beta",
///             delta: "delta",
///             rho: "rho",
///             epsilon: "epsilon",
///             zeta: "zeta",
///             eta: "eta",
///             theta: "theta",
///         };
///         names.map(|own| name(own, false))
///     }
/// }
///
/// let text = Text(InstructionSet::STACK.into());
/// let mut window = Window::read(text.0, name("rows", false), &text);
/// assert_eq!(gates(&window)[0].name, "decode");
/// // Of other rows, without new room.
/// window.load(&text);
/// assert_eq!(window.row.link.to_string(), "link");
/// ```
pub trait Reader<A> {
    /// What stands in the columns on this row, or on the next one.
    fn columns(&self, next: bool) -> Columns<A>;
    /// Writes that over what stands there, where that takes no new room.
    fn load(&self, next: bool, columns: &mut Columns<A>) {
        *columns = self.columns(next);
    }
    /// The fixed column `index`.
    fn index(&self, next: bool) -> A;
    /// The fixed column `follows`.
    fn follows(&self, next: bool) -> A;
    /// The opcode that is stated for this row, or listed here. Not asked of a straight line.
    fn opcode(&self) -> A;
    /// The opcode of the next row, where [`Given::Own`] needs it.
    fn next_opcode(&self) -> Option<A>;
    /// The argument that is stated for this row, or listed here.
    fn argument(&self) -> A;
    /// What stands on the public tape in this row's place: its words, then a 1, then zeros. Asked where the
    /// set has one.
    fn tape(&self) -> A;
    /// The row of the table of limbs that stands here: a left and a right limb, the bits that both have, and the kind of the row. Asked
    /// where the set has words of 32 or 64 bits.
    fn table(&self) -> [A; 4];
    /// Which row of a permutation this row is: one of these is 1, or none. Asked where the set has hashes.
    fn at(&self) -> [A; ROWS];
    /// What the cells of a permutation are. Asked where the set has hashes.
    fn rules(&self) -> Arc<Rules<A>>;
    /// The output.
    fn output(&self) -> Output<A>;
    /// The challenges.
    fn challenges(&self) -> Challenges<A>;
}

/// What the constraints see: a row, the next one, and what is known of them.
#[derive(Clone, Debug)]
pub struct Window<A> {
    /// The instruction set, and whether the machine is a straight line.
    pub shape: Shape,
    /// The number of steps of the machine, a constant.
    pub rows: A,
    /// This row.
    pub row: Columns<A>,
    /// The next row.
    pub next: Columns<A>,
    /// The fixed column `index` on this row and on the next.
    pub index: [A; 2],
    /// The fixed column `follows` on this row and on the next.
    pub follows: [A; 2],
    /// Where the instruction of this row comes from.
    pub given: Given<A>,
    /// What stands on the public tape in this row's place, where the set has one.
    pub tape: Option<A>,
    /// The row of the table of limbs that stands here, where the set has words of 32 or 64 bits.
    pub table: Option<[A; 4]>,
    /// What is known of the permutations of hashes, where the set has them.
    pub permuting: Option<Permuting<A>>,
    /// The output, if it is bound on the first row.
    pub output: Output<A>,
    /// The challenges.
    pub challenges: Challenges<A>,
}

/// Says that an operand is not there, which no set's machine can ask for: its columns follow from what its instructions
/// read.
#[cold]
pub(super) fn missing(operand: &str) -> ! {
    unreachable!("an instruction reads {operand}, for which its machine has no column")
}

/// An operand of a row, which the columns of its machine have.
pub(super) fn there<A: Clone>(own: Option<&A>, operand: &str) -> A {
    own.unwrap_or_else(|| missing(operand)).clone()
}

impl<A: Algebra> Window<A> {
    /// The window of a machine of this shape and so many steps.
    pub fn read(shape: Shape, rows: A, from: &impl Reader<A>) -> Self {
        Window {
            shape,
            rows,
            row: from.columns(false),
            next: from.columns(true),
            index: [false, true].map(|next| from.index(next)),
            follows: [false, true].map(|next| from.follows(next)),
            given: Self::given_of(shape, from),
            tape: shape.set.has_tape().then(|| from.tape()),
            table: shape.set.has_words().then(|| from.table()),
            permuting: shape.set.hashes().then(|| Permuting {
                at: from.at(),
                rules: from.rules(),
            }),
            output: from.output(),
            challenges: from.challenges(),
        }
    }

    /// The same of other rows, without new room.
    pub fn load(&mut self, from: &impl Reader<A>) {
        from.load(false, &mut self.next);
        self.advance(from);
    }

    /// The same one row further, without new room: `from` reads the row that was the next one.
    pub fn advance(&mut self, from: &impl Reader<A>) {
        std::mem::swap(&mut self.row, &mut self.next);
        from.load(true, &mut self.next);
        self.index = [false, true].map(|next| from.index(next));
        self.follows = [false, true].map(|next| from.follows(next));
        self.given = Self::given_of(self.shape, from);
        self.tape = self.shape.set.has_tape().then(|| from.tape());
        self.table = self.shape.set.has_words().then(|| from.table());
        if let Some(own) = &mut self.permuting {
            own.at = from.at();
        }
    }

    fn given_of(shape: Shape, from: &impl Reader<A>) -> Given<A> {
        let argument = from.argument();
        if shape.straight {
            Given::Scheduled { argument }
        } else if shape.fetches() {
            let opcode = from.opcode();
            Given::Listed { opcode, argument }
        } else {
            Given::Own {
                opcode: from.opcode(),
                argument,
                next_opcode: from.next_opcode(),
            }
        }
    }

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

    /// The three of them.
    pub fn selectors(&self) -> Selectors<A> {
        Selectors {
            step: self.step(),
            first: self.first(),
            last: self.last(),
        }
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

    /// 1 where the row executes one of these instructions, not counting idle rows.
    pub(super) fn executing(&self, is: impl Fn(Opcode) -> bool) -> A {
        self.flags(|opcode| is(opcode).then(|| A::constant(1)))
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
        self.executing(|opcode| opcode.effect() == effect)
            .named(name)
    }

    /// The encoded opcode of what the row executes, an idle row counting as `nop`.
    pub(super) fn executed(&self) -> A {
        let flags = self.flags(|opcode| Some(A::constant(opcode.encoded())));
        (flags + A::constant(Opcode::IDLE.encoded()) * self.idle()).named("executed")
    }

    /// What an instruction says on this row.
    pub fn relation(&self, opcode: Opcode) -> Relation<A> {
        opcode.relation(&FlagView(self))
    }

    /// The sum of `flag * term` over the relations of the instructions that have flags.
    pub(super) fn relations(&self, term: impl Fn(Relation<A>) -> A) -> A {
        self.flags(|opcode| Some(term(self.relation(opcode))))
    }

    /// 1 where the cofactor is a hint.
    pub(super) fn hinted(&self) -> A {
        self.relations(|relation| match relation.cofactor {
            Cofactor::Hint => A::constant(1),
            _ => A::constant(0),
        })
    }

    /// The prover's word.
    pub(super) fn hint(&self) -> A {
        there(self.row.cofactor.as_ref(), "a hint")
    }

    /// The low word of the row.
    pub(super) fn low(&self, width: Width) -> A {
        word_of(self.shape, &self.row.low, width, ["low", "low64"])
    }

    /// The high word of the row.
    pub(super) fn high(&self, width: Width) -> A {
        word_of(self.shape, &self.row.high, width, ["high", "high64"])
    }

    /// The third word of the row.
    pub(super) fn rest(&self, width: Width) -> A {
        match self.shape.set.width() == width {
            true => word(self.shape, &self.row.rest, "rest"),
            // What has small words does not use the upper half.
            false => upper(self.shape, &self.row.low, "upper_low"),
        }
    }

    /// The power of two of the row.
    pub(super) fn power(&self) -> A {
        there(self.row.power.as_ref(), "a power of two")
    }

    /// The columns of the memory.
    fn cells(&self) -> &Cells<A> {
        let memory = self.row.memory.as_ref();
        memory.unwrap_or_else(|| missing("the memory"))
    }

    /// A value for the byte that is accessed, 0 if none is.
    pub(super) fn at_byte(&self, value: impl Fn(usize) -> u64) -> A {
        let bytes = self.row.at_byte.iter().enumerate();
        let values = bytes
            .filter(|(byte, _)| value(*byte) != 0)
            .map(|(byte, at)| A::constant(value(byte)) * at.clone());
        values.fold(A::constant(0), |sum, own| sum + own)
    }

    /// 256 to the number of the byte that is accessed, 0 if none is.
    fn scale(&self) -> A {
        self.at_byte(|byte| 1 << (8 * byte)).named("scale")
    }

    /// What a product is multiplied by, if that is no hint.
    pub(super) fn cofactor_of(&self, relation: &Relation<A>) -> A {
        match relation.cofactor {
            Cofactor::Second => self.row.words[1].clone(),
            Cofactor::Argument => self.argument(),
            Cofactor::Low => self.low(relation.width),
            Cofactor::Power => self.power(),
            Cofactor::Uncarried => A::constant(1) - there(self.row.carry(Carry::Rest), "a carry"),
            Cofactor::Scale => self.scale(),
            Cofactor::Hint | Cofactor::Zero => A::constant(0),
        }
    }

    /// The opcode that the row is given to execute.
    pub(super) fn given_opcode(&self) -> A {
        match (&self.given, &self.row.fetch) {
            (Given::Own { opcode, .. }, None) => opcode.clone(),
            (Given::Listed { .. }, Some(fetch)) => fetch.opcode.clone(),
            // It is known to be what is executed.
            (Given::Scheduled { .. }, None) => self.executed(),
            _ => missing("an opcode"),
        }
    }

    /// The argument that the row is given.
    pub(super) fn argument(&self) -> A {
        match (&self.given, &self.row.fetch) {
            (Given::Listed { .. }, Some(fetch)) => fetch.argument.clone(),
            (Given::Own { argument, .. } | Given::Scheduled { argument }, None) => argument.clone(),
            _ => missing("an argument"),
        }
    }

    /// The argument of the instruction whose address is this row's number; 0 if there is none.
    pub(super) fn listed(&self) -> A {
        match &self.given {
            Given::Listed { argument, .. } => argument.clone(),
            _ => missing("an argument in a listing"),
        }
    }

    /// 0 where the row executes what it is given, 1 where it is idle although that is `halt`.
    pub(super) fn stopped(&self) -> A {
        (self.executed() - self.given_opcode()).named("stopped")
    }

    /// 1 where the row unwinds the stack.
    pub(super) fn unwinding(&self) -> A {
        self.executing(|opcode| opcode == Opcode::Halt)
    }

    /// On the last row, 1 if the stack holds a word, else 0.
    pub fn nonempty(&self) -> A {
        match (self.row.present.first(), &self.given) {
            (Some(present), _) => present.clone(),
            (None, Given::Scheduled { argument }) => argument.clone(),
            (None, _) => missing("whether the stack holds a word"),
        }
    }
}

/// What a relation is made of under a flag.
struct FlagView<'a, A>(&'a Window<A>);

impl<A: Algebra> Operands<A> for FlagView<'_, A> {
    fn word(&self, place: usize) -> A {
        there(self.0.row.words.get(place), "a word")
    }
    fn argument(&self) -> A {
        self.0.argument()
    }
    fn hint(&self) -> A {
        self.0.hint()
    }
    fn result(&self) -> A {
        self.0.next.top().clone()
    }
    fn following(&self) -> A {
        let fetch = self.0.row.fetch.as_ref();
        let fetch = fetch.unwrap_or_else(|| missing("the address of the next instruction"));
        fetch.pc.clone() + A::constant(1)
    }
    fn jumps(&self) -> A {
        let fetch = self.0.row.fetch.as_ref();
        fetch
            .unwrap_or_else(|| missing("whether it jumps"))
            .jumps
            .clone()
    }
    fn low(&self, width: Width) -> A {
        self.0.low(width)
    }
    fn high(&self, width: Width) -> A {
        self.0.high(width)
    }
    fn both(&self, width: Width) -> A {
        word_of(self.0.shape, &self.0.row.both, width, ["both", "both64"])
    }
    fn rest(&self, width: Width) -> A {
        self.0.rest(width)
    }
    fn ones(&self, width: Width) -> A {
        let limbs = self.0.row.high.iter().take(self.0.shape.limbs_of(width));
        let ones = limbs.cloned().reduce(|sum, limb| sum + limb);
        ones.unwrap_or_else(|| missing("a count of bits"))
    }
    fn carry(&self, carry: Carry) -> A {
        there(self.0.row.carry(carry), "a carry")
    }
    fn exponent(&self) -> A {
        there(self.0.row.exponent.as_ref(), "an exponent")
    }
    fn power(&self) -> A {
        self.0.power()
    }
    fn frame(&self) -> A {
        there(self.0.row.frame.as_ref(), "a frame")
    }
    fn old(&self) -> A {
        self.0.cells().old.clone()
    }
    fn updated(&self) -> A {
        self.0.cells().new.clone()
    }
    fn offset(&self) -> A {
        self.0.at_byte(|byte| byte as u64)
    }
    fn scale(&self) -> A {
        self.0.scale()
    }
    fn found(&self, piece: Piece) -> A {
        there(self.0.row.found(piece), "a piece of a word")
    }
    fn lowest(&self, piece: Piece) -> A {
        bytes_of(self.0.shape, &self.0.row.high, 0..piece.bytes())
    }
    fn last_byte(&self) -> A {
        there(self.0.row.at_byte.last(), "the bytes of cells")
    }
}
