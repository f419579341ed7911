//! [`Row`]: the columns of the machine, once, for whatever stands in them.
//!
//! `Row<Column<Advice>>` is the circuit's columns, `Row<Expression>` what a gate sees of one row,
//! `Row<F>` the values of one row, `Row<Vec<F>>` a whole witness.

use std::fmt;

use crate::isa::{InstructionSet, Opcode};

macro_rules! cells {
    ($($(#[doc = $doc:literal])+ $name:ident $(($of:ty))?,)+) => {
        /// The name of an advice column of the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Cell {
            $($(#[doc = $doc])+ $name $(($of))?,)+
        }

        impl Cell {
            /// What the column holds, in a sentence.
            pub const fn summary(self) -> &'static str {
                match self { $(Cell::$name { .. } => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

cells! {
    /// The word at the top of the stack, 0 if the stack is empty.
    Top,
    /// The word below the top, 0 if there is none.
    Second,
    /// The row on which the word now second became second, 0 while the stack is empty.
    Link,
    /// Whether the stack holds a word.
    Nonempty,
    /// Whether the row executes this instruction; a row without a flag does nothing.
    Flag(Opcode),
    /// What the second word is multiplied by: `top` for `mul`, 0 for an instruction without a product.
    Factor,
    /// The fraction of the cell that the row makes, 0 if it makes none (second phase).
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
}

impl Cell {
    /// Whether the column tells of a step, so that it has no value on the final row. The others tell
    /// of the state before it.
    pub const fn is_of_step(self) -> bool {
        matches!(self, Cell::Flag(_) | Cell::Factor | Cell::Made)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Top => f.write_str("top"),
            Cell::Second => f.write_str("second"),
            Cell::Link => f.write_str("link"),
            Cell::Nonempty => f.write_str("nonempty"),
            Cell::Flag(opcode) => write!(f, "is_{opcode}"),
            Cell::Factor => f.write_str("factor"),
            Cell::Made => f.write_str("made"),
            Cell::Sum => f.write_str("sum"),
        }
    }
}

/// One thing for each advice column of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T> {
    /// [`Cell::Top`]
    pub top: T,
    /// [`Cell::Second`]
    pub second: T,
    /// [`Cell::Link`]
    pub link: T,
    /// [`Cell::Nonempty`]
    pub nonempty: T,
    /// [`Cell::Flag`], in the order of [`InstructionSet::flagged`].
    pub flags: Vec<(Opcode, T)>,
    /// [`Cell::Factor`]
    pub factor: T,
    /// [`Cell::Made`]
    pub made: T,
    /// [`Cell::Sum`]
    pub sum: T,
}

impl<T> Row<T> {
    /// Asks `value` for each column that a circuit with this instruction set has.
    pub fn new(set: InstructionSet, mut value: impl FnMut(Cell) -> T) -> Self {
        Row {
            top: value(Cell::Top),
            second: value(Cell::Second),
            link: value(Cell::Link),
            nonempty: value(Cell::Nonempty),
            flags: set
                .flagged()
                .map(|opcode| (opcode, value(Cell::Flag(opcode))))
                .collect(),
            factor: value(Cell::Factor),
            made: value(Cell::Made),
            sum: value(Cell::Sum),
        }
    }

    /// The columns by name, in the order in which a circuit allocates them.
    pub fn cells(&self) -> impl Iterator<Item = (Cell, &T)> {
        let flags = self.flags.iter().map(|(op, flag)| (Cell::Flag(*op), flag));
        [
            (Cell::Top, &self.top),
            (Cell::Second, &self.second),
            (Cell::Link, &self.link),
            (Cell::Nonempty, &self.nonempty),
        ]
        .into_iter()
        .chain(flags)
        .chain([
            (Cell::Factor, &self.factor),
            (Cell::Made, &self.made),
            (Cell::Sum, &self.sum),
        ])
    }

    /// What stands in the column `cell`, if the instruction set has it.
    pub fn get_mut(&mut self, cell: Cell) -> Option<&mut T> {
        match cell {
            Cell::Top => Some(&mut self.top),
            Cell::Second => Some(&mut self.second),
            Cell::Link => Some(&mut self.link),
            Cell::Nonempty => Some(&mut self.nonempty),
            Cell::Flag(opcode) => self
                .flags
                .iter_mut()
                .find(|(own, _)| *own == opcode)
                .map(|(_, flag)| flag),
            Cell::Factor => Some(&mut self.factor),
            Cell::Made => Some(&mut self.made),
            Cell::Sum => Some(&mut self.sum),
        }
    }

    /// The same row with `f` applied to each column.
    pub fn map<U>(&self, mut f: impl FnMut(Cell, &T) -> U) -> Row<U> {
        Row {
            top: f(Cell::Top, &self.top),
            second: f(Cell::Second, &self.second),
            link: f(Cell::Link, &self.link),
            nonempty: f(Cell::Nonempty, &self.nonempty),
            flags: self
                .flags
                .iter()
                .map(|(opcode, flag)| (*opcode, f(Cell::Flag(*opcode), flag)))
                .collect(),
            factor: f(Cell::Factor, &self.factor),
            made: f(Cell::Made, &self.made),
            sum: f(Cell::Sum, &self.sum),
        }
    }
}
