//! [`Row`]: the columns of the machine, once, for whatever stands in them.
//!
//! `Row<Column<Advice>>` is the circuit's columns, `Row<Expression>` what a gate sees of one row,
//! `Row<F>` the values of one row, `Row<Vec<F>>` a whole witness.

use std::fmt;

use crate::isa::{InstructionSet, Opcode};

/// The name of an advice column of the machine.
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
    /// The fraction of the cell that the row makes (second phase).
    Made,
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
            Cell::Made | Cell::Sum => Phase::Second,
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
                | Cell::Made
        )
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
            Cell::Made => f.write_str("made"),
            Cell::Sum => f.write_str("sum"),
        }
    }
}

/// One thing for each advice column of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T> {
    /// [`Cell::Word`]: at least two.
    pub words: Vec<T>,
    /// [`Cell::Link`]
    pub link: T,
    /// [`Cell::Present`]: at least one.
    pub present: Vec<T>,
    /// [`Cell::Flag`], in the order of [`InstructionSet::flagged`].
    pub flags: Vec<(Opcode, T)>,
    /// [`Cell::Factor`], where the set has a product.
    pub factor: Option<T>,
    /// [`Cell::Cofactor`], where it is not always the second word.
    pub cofactor: Option<T>,
    /// [`Cell::FactorTest`], where the set has such a test.
    pub factor_test: Option<T>,
    /// [`Cell::CofactorTest`], where the set has such a test.
    pub cofactor_test: Option<T>,
    /// [`Cell::Made`]
    pub made: T,
    /// [`Cell::Sum`]
    pub sum: T,
}

impl<T> Row<T> {
    /// Asks `value` for each column that a circuit with this instruction set has.
    pub fn new(set: InstructionSet, mut value: impl FnMut(Cell) -> T) -> Self {
        Row {
            words: (0..set.window()).map(|i| value(Cell::Word(i))).collect(),
            link: value(Cell::Link),
            present: (0..set.presence())
                .map(|i| value(Cell::Present(i)))
                .collect(),
            flags: set
                .flagged()
                .map(|opcode| (opcode, value(Cell::Flag(opcode))))
                .collect(),
            factor: set.has_factor().then(|| value(Cell::Factor)),
            cofactor: set.has_cofactor().then(|| value(Cell::Cofactor)),
            factor_test: set.has_factor_test().then(|| value(Cell::FactorTest)),
            cofactor_test: set.has_cofactor_test().then(|| value(Cell::CofactorTest)),
            made: value(Cell::Made),
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
            .chain([(Cell::Made, &self.made), (Cell::Sum, &self.sum)])
    }

    /// What stands in the column `cell`, if the instruction set has it.
    pub fn get_mut(&mut self, cell: Cell) -> Option<&mut T> {
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
            Cell::Made => Some(&mut self.made),
            Cell::Sum => Some(&mut self.sum),
        }
    }

    /// The same row with `f` applied to each column.
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
            made: f(Cell::Made, &self.made),
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

    /// Whether the stack holds a word.
    pub fn nonempty(&self) -> &T {
        &self.present[0]
    }

    /// The last of the presence flags: the one that goes to a cell when the stack grows.
    pub fn last_present(&self) -> &T {
        &self.present[self.present.len() - 1]
    }
}
