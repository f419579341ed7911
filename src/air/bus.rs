//! [`Interaction`]: what a row sends to a bus or receives from it.

use crate::algebra::Algebra;

/// A relation between rows: the tuples that are sent are those that are received, each as often.
#[derive(Debug, PartialEq, Eq)]
pub struct Bus {
    /// The name of the gate that its interactions make.
    pub name: &'static str,
}

/// Whether a row puts a tuple on a bus or takes one from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Its fraction is subtracted from the sum.
    Send,
    /// Its fraction is added to the sum.
    Receive,
}

/// On which rows an interaction is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// On every row from which a step leads to the next.
    Step,
    /// On these and on the last row, whose constraint has this name.
    StepAndLast(&'static str),
    /// On the last row: it ends the sum.
    Last,
}

/// Where the fraction of an interaction stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement<A, C> {
    /// In a second-phase column of its own.
    Own {
        /// The column.
        column: C,
        /// What stands there on this row.
        here: A,
    },
    /// It is what the sum changes by, the columns of all others left out. One interaction of a step can have this place, and each on the
    /// last row has it.
    Absorbed,
    /// As [`Placement::Absorbed`], shared by interactions of which a row makes at most one, and that are known to be so
    /// beforehand: their counts are fixed columns. The constraint has this name.
    Exclusive(&'static str),
}

impl<A: Clone, C> Placement<A, C> {
    /// A column of its own, and what stands there.
    pub fn own(column: C, here: &A) -> Self {
        Placement::Own {
            column,
            here: here.clone(),
        }
    }
}

/// The most entries of a tuple after the first.
const MORE_ENTRIES: usize = 3;

/// A tuple, and the challenges by which it becomes a denominator.
#[derive(Clone, Debug)]
pub struct Message<A> {
    /// What the denominator is called in formulas.
    name: Option<&'static str>,
    point: A,
    fold: A,
    first: A,
    more: [Option<A>; MORE_ENTRIES],
}

impl<A: Algebra> Message<A> {
    /// The tuple of these entries on the bus whose fractions are evaluated at `point`. `fold` is what makes one word of the
    /// entries.
    pub fn new(point: &A, fold: &A, first: A, more: [Option<A>; MORE_ENTRIES]) -> Self {
        Message {
            name: None,
            point: point.clone(),
            fold: fold.clone(),
            first,
            more,
        }
    }

    /// The same, with a name for its denominator in formulas.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Message {
            name: Some(name),
            ..self
        }
    }

    /// The same without one of its entries: what an auditor's mutant has.
    #[must_use]
    pub fn without(mut self, entry: usize) -> Self {
        let entries = std::iter::once(&mut self.first).chain(self.more.iter_mut().flatten());
        if let Some(entry) = entries.into_iter().nth(entry) {
            *entry = A::constant(0);
        }
        self
    }

    /// The number of entries.
    pub fn entries(&self) -> usize {
        1 + self.more.iter().flatten().count()
    }

    /// `point + e_0 + fold e_1 + fold^2 e_2 + ...`
    pub fn denominator(&self) -> A {
        // Horner's rule.
        let more = self.more.iter().flatten();
        let folded = more.rev().fold(None, |folded: Option<A>, entry| {
            Some(match folded {
                None => entry.clone(),
                Some(folded) => entry.clone() + self.fold.clone() * folded,
            })
        });
        let sum = self.point.clone() + self.first.clone();
        let denominator = match folded {
            None => sum,
            Some(folded) => sum + self.fold.clone() * folded,
        };
        match self.name {
            Some(name) => denominator.named(name),
            None => denominator,
        }
    }
}

/// What a row sends to a bus or receives from it.
///
/// Read on expressions it becomes gates, on words the columns of the second phase, on text the manual: see
/// [`logup`](super::logup). `C` names a column.
#[derive(Clone, Debug)]
pub struct Interaction<A, C> {
    /// The bus.
    pub bus: &'static Bus,
    /// What its constraint says; of an absorbed one, what is on the right of the equals sign.
    pub name: &'static str,
    /// Whether it sends or receives.
    pub sign: Sign,
    /// How often.
    pub count: A,
    /// The tuple.
    pub message: Message<A>,
    /// On which rows.
    pub rows: Rows,
    /// Where its fraction stands.
    pub placement: Placement<A, C>,
}

impl<A, C> Interaction<A, C> {
    /// What is made on every row from which a step leads to the next.
    pub fn of_step(
        bus: &'static Bus,
        name: &'static str,
        sign: Sign,
        count: A,
        message: Message<A>,
        placement: Placement<A, C>,
    ) -> Self {
        Interaction {
            bus,
            name,
            sign,
            count,
            message,
            rows: Rows::Step,
            placement,
        }
    }
}
