//! [`Columns`]: the columns of the machine, once, for whatever stands in them.
//!
//! `Columns<Column<Advice>>` is the circuit's columns, `Columns<Expression>` what a gate sees of one row,
//! `Columns<F>` the values of one row, `Columns<Vec<F>>` a whole witness. A column is declared once, below, in
//! `columns!`: the name and the description of it, its phase, the rows on which it has a value, and its place among the others follow from
//! that.

use std::fmt;

use super::Shape;
use super::hash::{ASIDE, SBOXES};
use crate::isa::{CELL_BYTES, Carry, InstructionSet, Opcode, Piece};

/// When a column can be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// From the trace alone.
    First,
    /// With the challenges that are drawn once the first phase is committed to.
    Second,
}

/// On which rows a column has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// On the row of every step: it tells of the step.
    Step,
    /// On the final row too: it tells of the state.
    State,
}

/// A field of one column.
type One<T> = T;
/// A field of a column that may be there.
type Maybe<T> = Option<T>;
/// A field of numbered columns.
type List<T> = Vec<T>;
/// A field of a column for each of some instructions.
type Each<T> = Vec<(Opcode, T)>;

/// A field made by a function of its columns.
macro_rules! make {
    (One $Column:ident $f:ident) => {
        $f(Column::$Column)
    };
    (Maybe $Column:ident $f:ident $there:expr) => {
        $there.then(|| $f(Column::$Column))
    };
    (List $Column:ident $f:ident $count:expr) => {
        (0..$count).map(|i| $f(Column::$Column(i))).collect()
    };
    (Each $Column:ident $f:ident $keys:expr) => {
        $keys.map(|key| (key, $f(Column::$Column(key)))).collect()
    };
}

/// The columns of a field, by name. `$iter` is `iter` or `iter_mut`.
macro_rules! named {
    (One $Column:ident $own:expr, $iter:ident) => {
        std::iter::once((Column::$Column, $own))
    };
    (Maybe $Column:ident $own:expr, $iter:ident) => {
        $own.$iter().map(|own| (Column::$Column, own))
    };
    (List $Column:ident $own:expr, $iter:ident) => {
        $own.$iter()
            .enumerate()
            .map(|(i, own)| (Column::$Column(i), own))
    };
    (Each $Column:ident $own:expr, $iter:ident) => {
        $own.$iter().map(|(key, own)| (Column::$Column(*key), own))
    };
}

/// What stands in a column, if it is one of a field: `$as`, `$get` and `$iter` are those of a reference or of a mutable one.
macro_rules! found {
    (One $Column:ident of $column:ident in $own:expr, $as:ident $get:ident $iter:ident) => {
        if let Column::$Column = $column {
            return Some($own);
        }
    };
    (Maybe $Column:ident of $column:ident in $own:expr, $as:ident $get:ident $iter:ident) => {
        if let Column::$Column = $column {
            return $own.$as();
        }
    };
    (List $Column:ident of $column:ident in $own:expr, $as:ident $get:ident $iter:ident) => {
        if let Column::$Column(place) = $column {
            return $own.$get(place);
        }
    };
    (Each $Column:ident of $column:ident in $own:expr, $as:ident $get:ident $iter:ident) => {
        if let Column::$Column(key) = $column {
            let mut all = $own.$iter();
            return all.find(|(own, _)| *own == key).map(|(_, own)| own);
        }
    };
}

/// A field mapped.
macro_rules! mapped {
    (One $Column:ident $f:ident $own:expr) => {
        $f(Column::$Column, $own)
    };
    (Maybe $Column:ident $f:ident $own:expr) => {
        $own.as_ref().map(|own| $f(Column::$Column, own))
    };
    (List $Column:ident $f:ident $own:expr) => {
        $own.iter()
            .enumerate()
            .map(|(i, own)| $f(Column::$Column(i), own))
            .collect()
    };
    (Each $Column:ident $f:ident $own:expr) => {
        $own.iter()
            .map(|(key, own)| (*key, $f(Column::$Column(*key), own)))
            .collect()
    };
}

macro_rules! columns {
    (
        { $($(#[doc = $bdoc:literal])+
            $b:ident: $bkind:ident $B:ident $(($BKey:ty))? $(if |$bs:ident| $bhas:expr)?, $bphase:ident, $bextent:ident;)* }
        $($(#[doc = $gdoc:literal])+ $g:ident: group $G:ident if |$gs:ident| $ghas:expr, {
            $($(#[doc = $mdoc:literal])+ $m:ident: $M:ident, $mphase:ident, $mextent:ident;)*
        })*
        then { $($(#[doc = $adoc:literal])+
            $a:ident: $akind:ident $A:ident $(($AKey:ty))? $(if |$as:ident| $ahas:expr)?, $aphase:ident, $aextent:ident;)* }
    ) => {
        /// The name of a column of the machine. All are advice columns, but in a [straight line](Shape::straight).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Column {
            $($(#[doc = $bdoc])+ $B $(($BKey))?,)*
            $($($(#[doc = $mdoc])+ $M,)*)*
            $($(#[doc = $adoc])+ $A $(($AKey))?,)*
        }

        impl Column {
            /// When the column can be filled.
            pub const fn phase(self) -> Phase {
                match self {
                    $(Column::$B { .. } => Phase::$bphase,)*
                    $($(Column::$M => Phase::$mphase,)*)*
                    $(Column::$A { .. } => Phase::$aphase,)*
                }
            }

            /// On which rows the column has a value.
            pub const fn extent(self) -> Extent {
                match self {
                    $(Column::$B { .. } => Extent::$bextent,)*
                    $($(Column::$M => Extent::$mextent,)*)*
                    $(Column::$A { .. } => Extent::$aextent,)*
                }
            }

            /// What the column holds, as it is declared.
            const fn declared(self) -> &'static str {
                match self {
                    $(Column::$B { .. } => concat!($($bdoc),+).trim_ascii(),)*
                    $($(Column::$M => concat!($($mdoc),+).trim_ascii(),)*)*
                    $(Column::$A { .. } => concat!($($adoc),+).trim_ascii(),)*
                }
            }

            /// The name of the field.
            const fn field(self) -> &'static str {
                match self {
                    $(Column::$B { .. } => stringify!($b),)*
                    $($(Column::$M => stringify!($m),)*)*
                    $(Column::$A { .. } => stringify!($a),)*
                }
            }
        }

        $(
            $(#[doc = $gdoc])+
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $G<T> {
                $($(#[doc = $mdoc])+ pub $m: T,)*
            }
        )*

        /// One thing for each column of the machine.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Columns<T> {
            $($(#[doc = $bdoc])+ pub $b: $bkind<T>,)*
            $($(#[doc = $gdoc])+ pub $g: Option<$G<T>>,)*
            $($(#[doc = $adoc])+ pub $a: $akind<T>,)*
        }

        impl<T> Columns<T> {
            /// Asks `value` for each column that a machine of this shape has, in the order of [`Columns::iter`].
            pub fn new(shape: impl Into<Shape>, mut value: impl FnMut(Column) -> T) -> Self {
                let shape: Shape = shape.into();
                Columns {
                    $($b: make!($bkind $B value $({ let $bs = shape; $bhas })?),)*
                    $($g: { let $gs = shape; $ghas }.then(|| $G { $($m: value(Column::$M),)* }),)*
                    $($a: make!($akind $A value $({ let $as = shape; $ahas })?),)*
                }
            }

            /// The columns by name, in the order in which a circuit allocates them.
            pub fn iter(&self) -> impl Iterator<Item = (Column, &T)> {
                std::iter::empty()
                    $(.chain(named!($bkind $B &self.$b, iter)))*
                    $(.chain(self.$g.iter().flat_map(|own| [$((Column::$M, &own.$m)),*])))*
                    $(.chain(named!($akind $A &self.$a, iter)))*
            }

            /// The same, to be changed.
            pub fn iter_mut(&mut self) -> impl Iterator<Item = (Column, &mut T)> {
                std::iter::empty()
                    $(.chain(named!($bkind $B &mut self.$b, iter_mut)))*
                    $(.chain(self.$g.iter_mut().flat_map(|own| [$((Column::$M, &mut own.$m)),*])))*
                    $(.chain(named!($akind $A &mut self.$a, iter_mut)))*
            }

            /// What stands in a column, if the machine has it.
            pub fn get(&self, column: Column) -> Option<&T> {
                $(found!($bkind $B of column in &self.$b, as_ref get iter);)*
                $($(if let Column::$M = column { return self.$g.as_ref().map(|own| &own.$m); })*)*
                $(found!($akind $A of column in &self.$a, as_ref get iter);)*
                None
            }

            /// What stands in a column, if the machine has it, to be changed.
            pub fn get_mut(&mut self, column: Column) -> Option<&mut T> {
                $(found!($bkind $B of column in &mut self.$b, as_mut get_mut iter_mut);)*
                $($(if let Column::$M = column { return self.$g.as_mut().map(|own| &mut own.$m); })*)*
                $(found!($akind $A of column in &mut self.$a, as_mut get_mut iter_mut);)*
                None
            }

            /// The same columns with `f` applied to each, in the order of [`Columns::iter`].
            pub fn map<U>(&self, mut f: impl FnMut(Column, &T) -> U) -> Columns<U> {
                Columns {
                    $($b: mapped!($bkind $B f &self.$b),)*
                    $($g: self.$g.as_ref().map(|own| $G { $($m: f(Column::$M, &own.$m),)* }),)*
                    $($a: mapped!($akind $A f &self.$a),)*
                }
            }
        }
    };
}

columns! { {
    /// A word of the window, counted from the top of the stack: at least two.
    words: List Word(usize) if |shape| shape.set.window(), First, State;
    /// The row on which the word now lowest in the window came there, 0 while the stack is empty.
    link: One Link, First, State;
    /// Whether the stack holds more words than this number: at least one, but none in a straight line.
    present: List Present(usize) if |shape| shape.presence(), First, State;
    /// Whether the row executes this instruction; a row without a flag does nothing.
    flags: Each Flag(Opcode) if |shape| shape.flagged(), First, Step;
    /// What the cofactor is multiplied by, 0 for an instruction without a product.
    factor: Maybe Factor if |shape| shape.set.has_factor() && !shape.straight, First, Step;
    /// What the factor is multiplied by: a word, the argument, or for `eq`, `iszero` and `inv` -1 / factor, and 0 if the factor is 0.
    cofactor: Maybe Cofactor if |shape| shape.has_cofactor(), First, Step;
    /// What must be 0 where the factor is not.
    factor_test: Maybe FactorTest if |shape| shape.set.has_factor_test() && !shape.straight, First, Step;
    /// What must be 0 where the cofactor is not.
    cofactor_test: Maybe CofactorTest if |shape| shape.set.has_cofactor_test() && !shape.straight, First, Step;
    /// A limb of the row's low word, the least significant one first.
    low: List Low(usize) if |shape| shape.limbs(), First, Step;
    /// A limb of the row's high word.
    high: List High(usize) if |shape| shape.limbs(), First, Step;
    /// The bits that these two limbs have in common.
    both: List Both(usize) if |shape| shape.limbs(), First, Step;
    /// A limb of the row's third word.
    rest: List Rest(usize) if |shape| shape.rest_limbs(), First, Step;
    /// The bits that two limbs of the third word have in common, those of the numbers 2 i and 2 i + 1.
    joint: List Joint(usize) if |shape| shape.rest_limbs() / 2, First, Step;
    /// Whether the low word is a value less the radix, and not the value.
    low_carry: Maybe LowCarry if |shape| shape.set.has_carry(Carry::Low), First, Step;
    /// Whether the high word is a value less the radix, and not the value.
    high_carry: Maybe HighCarry if |shape| shape.set.has_carry(Carry::High), First, Step;
    /// Whether the third word is a value less the radix, and not the value.
    rest_carry: Maybe RestCarry if |shape| shape.set.has_carry(Carry::Rest), First, Step;
    /// The exponent of the row's power of two, 0 if its instruction has none.
    exponent: Maybe Exponent if |shape| shape.set.has_power(), First, Step;
    /// Two to the exponent.
    power: Maybe Power if |shape| shape.set.has_power(), First, Step;
    /// How often the row of the table that stands here is looked up.
    answers: Maybe Answers if |shape| shape.set.has_words(), First, Step;
}
    /// The columns of a machine that looks its instructions up.
    fetch: group Fetch if |shape| shape.fetches(), {
        /// Whether the row jumps to its argument.
        jumps: Jumps, First, Step;
        /// The address of the row's instruction.
        pc: Pc, First, State;
        /// The encoded opcode of the instruction at that address.
        opcode: Opcode, First, State;
        /// The argument of the instruction at that address.
        argument: Argument, First, State;
        /// How many rows execute the instruction whose address is this row's number.
        uses: Uses, First, Step;
        /// The fraction of the instruction that the row executes (second phase).
        fetched: Fetched, Second, State;
        /// The fractions of the instruction whose address is this row's number (second phase).
        provided: Provided, Second, Step;
    }
    /// The columns of a machine with a public tape.
    fold: group TapeFold if |shape| shape.set.has_tape(), {
        /// The words that this row and those after it read and write, folded (second phase).
        tape: Tape, Second, State;
        /// The words of the tape that stand on this row and those after it, folded (second phase).
        stated: Stated, Second, State;
    }

    /// The columns of a machine with a memory.
    memory: group Cells if |shape| shape.set.has_memory(), {
        /// The address of the cell that the row accesses, 0 if it accesses none.
        address: Address, First, Step;
        /// The word in that cell before the row.
        old: Old, First, Step;
        /// The word in that cell after the row.
        new: New, First, Step;
        /// The row that accessed that cell last, counted from 1; 0 if none did.
        before: Before, First, Step;
        /// How many rows access a cell that was last accessed as many rows before as this row's number.
        ages: Ages, First, Step;
        /// Whether the cell whose address is this row's number is accessed at all.
        touched: Touched, First, Step;
        /// The word in that cell in the end.
        kept: Kept, First, Step;
        /// The row that accessed it last, counted from 1; 0 if none did.
        last: Last, First, Step;
        /// The fraction of the cell that the row accesses, as it was (second phase).
        recalled: Recalled, Second, Step;
        /// The fraction of the cell that the row accesses, as it is then (second phase).
        stored: Stored, Second, Step;
        /// The fraction of the cell whose address is this row's number, at first (second phase).
        opened: Opened, Second, Step;
        /// The fraction of that cell in the end (second phase).
        closed: Closed, Second, Step;
        /// The fraction of the age of what the row finds in the cell (second phase).
        aged: Aged, Second, Step;
        /// The fractions of the age that is this row's number (second phase).
        dated: Dated, Second, Step;
    }

then {
    /// The address of the frame's cell 0.
    frame: Maybe Frame if |shape| shape.set.has_frame(), First, State;
    /// Whether the row accesses the byte of a cell with this number, or what begins with it.
    at_byte: List AtByte(usize) if |shape| if shape.set.has_bytes() { CELL_BYTES } else { 0 }, First, Step;
    /// The byte of the row's low word that has the number of the one that is accessed, 0 if none is.
    byte: Maybe Byte if |shape| shape.set.has_piece(Piece::Byte), First, Step;
    /// The two bytes of the row's low word that begin with it, 0 if it is the last one.
    half: Maybe Half if |shape| shape.set.has_piece(Piece::Half), First, Step;
    /// The input of an S-box of a permutation.
    sbox: List Sbox(usize) if |shape| if shape.set.hashes() { SBOXES } else { 0 }, First, Step;
    /// Its square.
    square: List Square(usize) if |shape| if shape.set.hashes() { SBOXES } else { 0 }, First, Step;
    /// Its fourth power.
    fourth: List Fourth(usize) if |shape| if shape.set.hashes() { SBOXES } else { 0 }, First, Step;
    /// A word of a permutation's state that goes through no S-box in the row's first round.
    aside: List Aside(usize) if |shape| if shape.set.hashes() { ASIDE } else { 0 }, First, Step;
    /// Whether the permutation that stands here is in use.
    live: Maybe Live if |shape| shape.set.hashes(), First, Step;
    /// The hash that the permutation ends with.
    digest: Maybe Digest if |shape| shape.set.hashes(), First, Step;
    /// The fraction of the cell that the row makes, 0 if it makes none (second phase).
    made: Maybe Made if |shape| !shape.straight, Second, Step;
    /// The fraction of the limbs that the row looks up (second phase).
    looked: List Looked(usize) if |shape| shape.limbs(), Second, Step;
    /// The fraction of two limbs of the third word (second phase).
    checked: List Checked(usize) if |shape| shape.rest_limbs() / 2, Second, Step;
    /// The fraction of the power of two (second phase).
    raised: Maybe Raised if |shape| shape.set.has_power(), Second, Step;
    /// The fractions of the limbs in the row of the table that stands here (second phase).
    answered: Maybe Answered if |shape| shape.set.has_words(), Second, Step;
    /// The fraction of the hash that the row makes (second phase).
    hashed: Maybe Hashed if |shape| shape.set.hashes(), Second, Step;
    /// The fraction of the hash whose permutation begins here (second phase).
    permuted: Maybe Permuted if |shape| shape.set.hashes(), Second, Step;
    /// The running sum of fractions (second phase).
    sum: One Sum, Second, State;
} }

/// The names of the words of a window, from the top down.
const WORDS: [&str; InstructionSet::MAX_WINDOW] = ["top", "second", "third", "fourth"];

impl Column {
    /// Whether the column is a fixed one in a [straight line](Shape::straight).
    pub const fn is_scheduled(self) -> bool {
        matches!(self, Column::Link | Column::Flag(_))
    }

    /// What the column holds, in a sentence.
    pub fn summary(self) -> String {
        match self {
            Column::Word(0) => "The word at the top of the stack, 0 if the stack is empty.".into(),
            Column::Word(1) => "The word below the top, 0 if there is none.".into(),
            Column::Word(place) => format!("The word {place} below the top, 0 if there is none."),
            Column::Present(0) => "Whether the stack holds a word.".into(),
            Column::Present(count) => format!("Whether the stack holds {} words.", count + 1),
            _ => self.declared().into(),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Word(place) => f.write_str(WORDS.get(*place).unwrap_or(&"word")),
            Column::Present(0) => f.write_str("nonempty"),
            Column::Present(count) => write!(f, "has_{}", count + 1),
            Column::Flag(opcode) => write!(f, "is_{opcode}"),
            Column::Low(i)
            | Column::High(i)
            | Column::Both(i)
            | Column::Looked(i)
            | Column::Rest(i)
            | Column::Joint(i)
            | Column::Checked(i)
            | Column::AtByte(i)
            | Column::Sbox(i)
            | Column::Square(i)
            | Column::Fourth(i)
            | Column::Aside(i) => write!(f, "{}_{i}", self.field()),
            _ => f.write_str(self.field()),
        }
    }
}

impl<T> Columns<T> {
    /// The word at the top.
    pub fn top(&self) -> &T {
        &self.words[0]
    }

    /// The lowest word of the window: the one that goes to a cell when the stack grows.
    pub fn lowest(&self) -> &T {
        &self.words[self.words.len() - 1]
    }

    /// The last of the presence flags: the one that goes to a cell when the stack grows. None in a
    /// straight line.
    pub fn last_present(&self) -> Option<&T> {
        self.present.last()
    }

    /// What is found of this piece, if the machine finds such pieces.
    pub fn found(&self, piece: Piece) -> Option<&T> {
        match piece {
            Piece::Byte => self.byte.as_ref(),
            Piece::Half => self.half.as_ref(),
        }
    }

    /// Whether a word is a value less the radix, if the machine has such words.
    pub fn carry(&self, carry: Carry) -> Option<&T> {
        match carry {
            Carry::Low => self.low_carry.as_ref(),
            Carry::High => self.high_carry.as_ref(),
            Carry::Rest => self.rest_carry.as_ref(),
        }
    }

    /// The flag of an instruction.
    pub fn flag(&self, opcode: Opcode) -> Option<&T> {
        let flag = self.flags.iter().find(|(name, _)| *name == opcode);
        flag.map(|(_, flag)| flag)
    }
}
