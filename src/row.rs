//! [`Row`]: the columns of the machine, once, for whatever stands in them.
//!
//! `Row<Column<Advice>>` is the circuit's columns, `Row<Expression>` what a gate sees of one row,
//! `Row<F>` the values of one row, `Row<Vec<F>>` a whole witness.

use std::fmt;

use crate::isa::{InstructionSet, Opcode};

/// Which columns a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The instruction set.
    pub set: InstructionSet,
    /// Whether the machine is *wired*: it has one program, in its key, and that is a straight line. Then
    /// each row's instruction and the depth of the stack there are known beforehand, and stand in fixed columns.
    pub wired: bool,
}

impl From<InstructionSet> for Shape {
    /// The machine that runs any program of the set.
    fn from(set: InstructionSet) -> Self {
        Shape { set, wired: false }
    }
}

impl Shape {
    /// The machine whose key holds its program: wired, if that can be nothing but a straight line.
    pub fn fixed(set: InstructionSet) -> Self {
        Shape {
            set,
            wired: !set.has_control(),
        }
    }

    /// Whether the machine looks its instructions up in the program.
    pub fn fetches(self) -> bool {
        self.set.has_control() && !self.wired
    }

    /// The instructions that have a flag of their own, in the order of the flags. In a machine that is wired,
    /// where nothing is decoded, unwinding is what `pop` does.
    pub fn flagged(self) -> impl Iterator<Item = Opcode> + Clone {
        let has = move |opcode: Opcode| match (self.wired, opcode) {
            (true, Opcode::Pop) => true,
            (true, Opcode::Halt) => false,
            _ => self.set.contains(opcode),
        };
        let all = Opcode::ALL.iter().copied();
        all.filter(move |opcode| *opcode != Opcode::IDLE && has(*opcode))
    }

    /// The instruction whose flag is set where one is executed.
    pub fn flag_of(self, opcode: Opcode) -> Opcode {
        match (self.wired, opcode) {
            (true, Opcode::Halt) => Opcode::Pop,
            _ => opcode,
        }
    }
}

/// The name of a column of the machine. All are advice columns, but in a machine that is [wired](Shape::wired).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// A word of the window, counted from the top of the stack.
    Word(usize),
    /// The row on which the word now lowest in the window came there.
    Link,
    /// Whether the stack holds more words than this number.
    Present(usize),
    /// Whether the row executes this instruction.
    Flag(Opcode),
    /// The instruction's factor.
    Factor,
    /// The instruction's cofactor.
    Cofactor,
    /// What the factor is tested with.
    FactorTest,
    /// What the cofactor is tested with.
    CofactorTest,
    /// Whether the row jumps to its argument.
    Jumps,
    /// The address of the row's instruction.
    Pc,
    /// The encoded opcode of the row's instruction.
    Opcode,
    /// The argument of the row's instruction.
    Argument,
    /// How often the instruction whose address is the row's number is executed.
    Uses,
    /// The fraction of the cell that the row makes (second phase).
    Made,
    /// The fraction of the instruction that the row looks up (second phase).
    Fetched,
    /// The fractions of the instruction whose address is the row's number (second phase).
    Provided,
    /// The words of the public tape that this row and those after it use, folded (second phase).
    Tape,
    /// The words of the public tape that are stated on this row and those after it, folded (second phase).
    Stated,
    /// The running sum of fractions (second phase).
    Sum,
}

/// When a column can be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// From the trace alone.
    First,
    /// With the challenges that are drawn once the first phase is committed to.
    Second,
}

impl Cell {
    /// When the column can be filled.
    pub const fn phase(self) -> Phase {
        match self {
            Cell::Made | Cell::Fetched | Cell::Provided | Cell::Tape | Cell::Stated | Cell::Sum => {
                Phase::Second
            }
            _ => Phase::First,
        }
    }

    /// Whether the column tells of a step, so that it has no value on the final row. The others tell
    /// of the state before it.
    pub const fn is_of_step(self) -> bool {
        matches!(
            self,
            Cell::Flag(_)
                | Cell::Factor
                | Cell::Cofactor
                | Cell::FactorTest
                | Cell::CofactorTest
                | Cell::Jumps
                | Cell::Uses
                | Cell::Made
                | Cell::Provided
        )
    }

    /// Whether the column is a fixed one in a machine that is [wired](Shape::wired).
    pub const fn is_wired(self) -> bool {
        matches!(self, Cell::Link | Cell::Flag(_))
    }

    /// What the column holds, in a sentence.
    pub fn summary(self) -> String {
        match self {
            Cell::Word(0) => "The word at the top of the stack, 0 if the stack is empty.".into(),
            Cell::Word(1) => "The word below the top, 0 if there is none.".into(),
            Cell::Word(place) => {
                format!("The word {place} below the top, 0 if there is none.")
            }
            Cell::Link => "The row on which the word now lowest in the window came there, 0 while \
                           the stack is empty."
                .into(),
            Cell::Present(0) => "Whether the stack holds a word.".into(),
            Cell::Present(count) => format!("Whether the stack holds {} words.", count + 1),
            Cell::Flag(_) => {
                "Whether the row executes this instruction; a row without a flag does \
                              nothing."
                    .into()
            }
            Cell::Factor => "What the cofactor is multiplied by, 0 for an instruction without a \
                             product."
                .into(),
            Cell::Cofactor => {
                "What the factor is multiplied by: a word, the argument, or for `eq`, \
                               `iszero` and `inv` -1 / factor, and 0 if the factor is 0."
                    .into()
            }
            Cell::FactorTest => "What must be 0 where the factor is not.".into(),
            Cell::CofactorTest => "What must be 0 where the cofactor is not.".into(),
            Cell::Made => {
                "The fraction of the cell that the row makes, 0 if it makes none (second \
                           phase)."
                    .into()
            }
            Cell::Jumps => "Whether the row jumps to its argument.".into(),
            Cell::Pc => "The address of the row's instruction.".into(),
            Cell::Opcode => "The encoded opcode of the instruction at that address.".into(),
            Cell::Argument => "The argument of the instruction at that address.".into(),
            Cell::Uses => "How many rows execute the instruction whose address is this row's \
                           number."
                .into(),
            Cell::Fetched => {
                "The fraction of the instruction that the row executes (second phase).".into()
            }
            Cell::Provided => {
                "The fractions of the instruction whose address is this row's number \
                               (second phase)."
                    .into()
            }
            Cell::Tape => "The words that this row and those after it read and write, folded \
                           (second phase)."
                .into(),
            Cell::Stated => "The words of the tape that stand on this row and those after it, \
                             folded (second phase)."
                .into(),
            Cell::Sum => "The running sum of fractions (second phase).".into(),
        }
    }
}

/// The names of the words of a window, from the top down.
const WORDS: [&str; InstructionSet::MAX_WINDOW] = ["top", "second", "third", "fourth"];

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Word(place) => f.write_str(WORDS.get(*place).unwrap_or(&"word")),
            Cell::Link => f.write_str("link"),
            Cell::Present(0) => f.write_str("nonempty"),
            Cell::Present(count) => write!(f, "has_{}", count + 1),
            Cell::Flag(opcode) => write!(f, "is_{opcode}"),
            Cell::Factor => f.write_str("factor"),
            Cell::Cofactor => f.write_str("cofactor"),
            Cell::FactorTest => f.write_str("factor_test"),
            Cell::CofactorTest => f.write_str("cofactor_test"),
            Cell::Jumps => f.write_str("jumps"),
            Cell::Pc => f.write_str("pc"),
            Cell::Opcode => f.write_str("opcode"),
            Cell::Argument => f.write_str("argument"),
            Cell::Uses => f.write_str("uses"),
            Cell::Fetched => f.write_str("fetched"),
            Cell::Provided => f.write_str("provided"),
            Cell::Tape => f.write_str("tape"),
            Cell::Stated => f.write_str("stated"),
            Cell::Made => f.write_str("made"),
            Cell::Sum => f.write_str("sum"),
        }
    }
}

/// The columns of a machine that looks its instructions up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch<T> {
    /// [`Cell::Jumps`]
    pub jumps: T,
    /// [`Cell::Pc`]
    pub pc: T,
    /// [`Cell::Opcode`]
    pub opcode: T,
    /// [`Cell::Argument`]
    pub argument: T,
    /// [`Cell::Uses`]
    pub uses: T,
    /// [`Cell::Fetched`]
    pub fetched: T,
    /// [`Cell::Provided`]
    pub provided: T,
}

/// The columns of a machine with a public tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds<T> {
    /// [`Cell::Tape`]
    pub tape: T,
    /// [`Cell::Stated`]
    pub stated: T,
}

/// One thing for each column of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T> {
    /// [`Cell::Word`]: at least two.
    pub words: Vec<T>,
    /// [`Cell::Link`]
    pub link: T,
    /// [`Cell::Present`]: at least one, but none in a machine that is wired.
    pub present: Vec<T>,
    /// [`Cell::Flag`], in the order of [`Shape::flagged`].
    pub flags: Vec<(Opcode, T)>,
    /// [`Cell::Factor`], where the set has a product.
    pub factor: Option<T>,
    /// [`Cell::Cofactor`], where it is not always the second word; in a machine that is wired, where there
    /// are hints.
    pub cofactor: Option<T>,
    /// [`Cell::FactorTest`], where the set has such a test.
    pub factor_test: Option<T>,
    /// [`Cell::CofactorTest`], where the set has such a test.
    pub cofactor_test: Option<T>,
    /// Where the set has control flow.
    pub fetch: Option<Fetch<T>>,
    /// Where the set has a public tape.
    pub folds: Option<Folds<T>>,
    /// [`Cell::Made`], unless the machine is wired.
    pub made: Option<T>,
    /// [`Cell::Sum`]
    pub sum: T,
}

impl<T> Fetch<T> {
    fn new(mut value: impl FnMut(Cell) -> T) -> Self {
        Fetch {
            jumps: value(Cell::Jumps),
            pc: value(Cell::Pc),
            opcode: value(Cell::Opcode),
            argument: value(Cell::Argument),
            uses: value(Cell::Uses),
            fetched: value(Cell::Fetched),
            provided: value(Cell::Provided),
        }
    }

    fn cells(&self) -> [(Cell, &T); 7] {
        [
            (Cell::Jumps, &self.jumps),
            (Cell::Pc, &self.pc),
            (Cell::Opcode, &self.opcode),
            (Cell::Argument, &self.argument),
            (Cell::Uses, &self.uses),
            (Cell::Fetched, &self.fetched),
            (Cell::Provided, &self.provided),
        ]
    }
}

impl<T> Folds<T> {
    fn new(mut value: impl FnMut(Cell) -> T) -> Self {
        Folds {
            tape: value(Cell::Tape),
            stated: value(Cell::Stated),
        }
    }

    fn cells(&self) -> [(Cell, &T); 2] {
        [(Cell::Tape, &self.tape), (Cell::Stated, &self.stated)]
    }
}

impl<T> Row<T> {
    /// Asks `value` for each column that a machine of this shape has, in the order of [`Row::cells`].
    pub fn new(shape: impl Into<Shape>, mut value: impl FnMut(Cell) -> T) -> Self {
        let shape: Shape = shape.into();
        let Shape { set, wired } = shape;
        let presence = if wired { 0 } else { set.presence() };
        // A flag that is fixed is no unknown in a product, so that products need no columns there.
        let has = |advice: bool| advice && !wired;
        let has_cofactor = if wired {
            set.has_hint()
        } else {
            set.has_cofactor()
        };
        Row {
            words: (0..set.window()).map(|i| value(Cell::Word(i))).collect(),
            link: value(Cell::Link),
            present: (0..presence).map(|i| value(Cell::Present(i))).collect(),
            flags: shape
                .flagged()
                .map(|opcode| (opcode, value(Cell::Flag(opcode))))
                .collect(),
            factor: has(set.has_factor()).then(|| value(Cell::Factor)),
            cofactor: has_cofactor.then(|| value(Cell::Cofactor)),
            factor_test: has(set.has_factor_test()).then(|| value(Cell::FactorTest)),
            cofactor_test: has(set.has_cofactor_test()).then(|| value(Cell::CofactorTest)),
            fetch: shape.fetches().then(|| Fetch::new(&mut value)),
            folds: set.has_tape().then(|| Folds::new(&mut value)),
            made: has(true).then(|| value(Cell::Made)),
            sum: value(Cell::Sum),
        }
    }

    /// The columns by name, in the order in which a circuit allocates them.
    pub fn cells(&self) -> impl Iterator<Item = (Cell, &T)> {
        let words = self.words.iter().enumerate();
        let present = self.present.iter().enumerate();
        let flags = self.flags.iter().map(|(op, flag)| (Cell::Flag(*op), flag));
        let products = [
            (Cell::Factor, &self.factor),
            (Cell::Cofactor, &self.cofactor),
            (Cell::FactorTest, &self.factor_test),
            (Cell::CofactorTest, &self.cofactor_test),
        ];
        let products = products.into_iter();
        words
            .map(|(i, word)| (Cell::Word(i), word))
            .chain([(Cell::Link, &self.link)])
            .chain(present.map(|(i, own)| (Cell::Present(i), own)))
            .chain(flags)
            .chain(products.filter_map(|(cell, own)| Some((cell, own.as_ref()?))))
            .chain(self.fetch.iter().flat_map(Fetch::cells))
            .chain(self.folds.iter().flat_map(Folds::cells))
            .chain(self.made.iter().map(|own| (Cell::Made, own)))
            .chain([(Cell::Sum, &self.sum)])
    }

    /// What stands in the column `cell`, if the machine has it.
    pub fn get_mut(&mut self, cell: Cell) -> Option<&mut T> {
        let fetch = self.fetch.as_mut();
        let folds = self.folds.as_mut();
        match cell {
            Cell::Word(place) => self.words.get_mut(place),
            Cell::Link => Some(&mut self.link),
            Cell::Present(count) => self.present.get_mut(count),
            Cell::Flag(opcode) => self
                .flags
                .iter_mut()
                .find(|(own, _)| *own == opcode)
                .map(|(_, flag)| flag),
            Cell::Factor => self.factor.as_mut(),
            Cell::Cofactor => self.cofactor.as_mut(),
            Cell::FactorTest => self.factor_test.as_mut(),
            Cell::CofactorTest => self.cofactor_test.as_mut(),
            Cell::Jumps => fetch.map(|own| &mut own.jumps),
            Cell::Pc => fetch.map(|own| &mut own.pc),
            Cell::Opcode => fetch.map(|own| &mut own.opcode),
            Cell::Argument => fetch.map(|own| &mut own.argument),
            Cell::Uses => fetch.map(|own| &mut own.uses),
            Cell::Fetched => fetch.map(|own| &mut own.fetched),
            Cell::Provided => fetch.map(|own| &mut own.provided),
            Cell::Tape => folds.map(|own| &mut own.tape),
            Cell::Stated => folds.map(|own| &mut own.stated),
            Cell::Made => self.made.as_mut(),
            Cell::Sum => Some(&mut self.sum),
        }
    }

    /// The same row with `f` applied to each column, in the order of [`Row::cells`].
    pub fn map<U>(&self, mut f: impl FnMut(Cell, &T) -> U) -> Row<U> {
        let words = self.words.iter().enumerate();
        let present = self.present.iter().enumerate();
        Row {
            words: words.map(|(i, word)| f(Cell::Word(i), word)).collect(),
            link: f(Cell::Link, &self.link),
            present: present.map(|(i, own)| f(Cell::Present(i), own)).collect(),
            flags: self
                .flags
                .iter()
                .map(|(opcode, flag)| (*opcode, f(Cell::Flag(*opcode), flag)))
                .collect(),
            factor: self.factor.as_ref().map(|own| f(Cell::Factor, own)),
            cofactor: self.cofactor.as_ref().map(|own| f(Cell::Cofactor, own)),
            factor_test: self
                .factor_test
                .as_ref()
                .map(|own| f(Cell::FactorTest, own)),
            cofactor_test: self
                .cofactor_test
                .as_ref()
                .map(|own| f(Cell::CofactorTest, own)),
            fetch: self.fetch.as_ref().map(|own| Fetch {
                jumps: f(Cell::Jumps, &own.jumps),
                pc: f(Cell::Pc, &own.pc),
                opcode: f(Cell::Opcode, &own.opcode),
                argument: f(Cell::Argument, &own.argument),
                uses: f(Cell::Uses, &own.uses),
                fetched: f(Cell::Fetched, &own.fetched),
                provided: f(Cell::Provided, &own.provided),
            }),
            folds: self.folds.as_ref().map(|own| Folds {
                tape: f(Cell::Tape, &own.tape),
                stated: f(Cell::Stated, &own.stated),
            }),
            made: self.made.as_ref().map(|own| f(Cell::Made, own)),
            sum: f(Cell::Sum, &self.sum),
        }
    }

    /// The word at the top.
    pub fn top(&self) -> &T {
        &self.words[0]
    }

    /// The lowest word of the window: the one that goes to a cell when the stack grows.
    pub fn lowest(&self) -> &T {
        &self.words[self.words.len() - 1]
    }

    /// The last of the presence flags: the one that goes to a cell when the stack grows. None in a
    /// machine that is wired.
    pub fn last_present(&self) -> Option<&T> {
        self.present.last()
    }

    /// The flag of an instruction.
    pub fn flag(&self, opcode: Opcode) -> Option<&T> {
        let own = self.flags.iter().find(|(own, _)| *own == opcode);
        own.map(|(_, flag)| flag)
    }
}
