//! One running sum of fractions for all buses: why what is received is what was sent.
//!
//! # The rule
//!
//! Let an interaction of a row have the count `m` and the tuple `(e_0, e_1, ...)`, and let its denominator be
//! `point + e_0 + fold e_1 + fold^2 e_2 + ...`, with challenges `point`, one for each bus, and `fold`, drawn after everything else
//! is committed to. The sum changes on every step by `m / denominator` for what the row receives, and by
//! `-m / denominator` for what it sends:
//!
//! ```text
//! an interaction with a column of its own:   column * denominator = count
//! the absorbed one:   (sum' - sum + (columns of what is sent) - (columns of what is received)) * denominator = count
//! first row:   sum = beta * carried_in
//! last row:    (sum + (columns of what is received there) - beta * carried_out) * denominator + count = 0
//! ```
//!
//! This is the logarithmic derivative of Haböck, *Multivariate lookups based on logarithmic derivatives*, ePrint 2022/1530,
//! section 3, for several relations in one sum. A term of the sum costs one column of the second phase; that of one
//! interaction is what the sum itself changes by. Interactions of which a row makes at most one, and that is known
//! beforehand, share this place: `(sum' - sum) * (sum of count * denominator, 1 where there is none) = (received - sent)`.
//!
//! # Theorem
//!
//! Say that all constraints hold. But for a probability of `O(rows^2 / |F|)`,
//!
//! 1. `carried_in = carried_out`;
//! 2. for every bus, each tuple is received as often as it is sent, where the count of a tuple is the sum of the counts
//!    of its interactions, as an element of F.
//!
//! *Denominators.* Every tuple is committed to before the challenges are drawn, so one of the `O(rows)`
//! denominators is zero with probability `O(rows / |F|)`. Otherwise the fractions
//! and `sum` are what the rules above say, and the last rule states, with `S_b` the sum of the received fractions of bus b less those sent,
//!
//! ```text
//! beta * (carried_in - carried_out) + S_1 + S_2 + ... = 0        (*)
//! ```
//!
//! *Terms apart.* `S_b` depends on `fold` and on the point of its own bus alone, and none on beta: (*) is a sum of functions of
//! beta, and of one point each. Multiplied by all denominators it is a polynomial of
//! degree `O(rows)`; if it is not zero as a polynomial, it is zero at the challenges with probability
//! `O(rows / |F|)`. If it is, then for given `fold` each of the terms is constant; and a sum of
//! fractions with the degree of a denominator above that of its numerator is constant only if it is 0. So
//! `carried_in = carried_out`, and every `S_b` is 0. The points are what tells the relations apart, as tags would.
//!
//! *Multisets.* Distinct tuples of n entries have, but for `(n - 1) / |F|` a pair of them, distinct
//! `e_0 + fold e_1 + ...`; and fractions `1/(point + c)` with distinct c are linearly independent over F. So `S_b = 0`
//! says that the counts of every tuple cancel, as elements of F. Whether they are the same numbers
//! is for the lemma of each bus to say, which stands beside it.

use std::fmt::Display;

use super::{Bus, Constraint, Gate, Interaction, Placement, Rows, Sign};
use crate::algebra::{Algebra, Word, batch_invert};

/// What is 1, or some other constant that is not 0, on some rows, and 0 on all others.
#[derive(Clone, Debug)]
pub struct Selectors<A> {
    /// 1 where a step leads to the next row.
    pub step: A,
    /// Not 0 on the first row.
    pub first: A,
    /// Not 0 on the last row.
    pub last: A,
}

/// What the sum carries from the last row to the first one, if it carries something.
#[derive(Clone, Debug)]
pub struct Carry<A> {
    /// What its constraints are called, on the first row and on the last one.
    pub names: [&'static str; 2],
    /// beta times what is claimed on the first row, and beta times what is there on the last one.
    pub ends: Option<[A; 2]>,
}

/// The gates of all interactions of a row.
#[derive(Clone, Debug)]
pub struct LogUp<A, C> {
    selectors: Selectors<A>,
    sum: [A; 2],
    interactions: Vec<Interaction<A, C>>,
}

impl<A: Algebra, C: Display> LogUp<A, C> {
    /// The gates of these interactions, with the column of the sum on this row and on the next.
    pub fn new(selectors: Selectors<A>, sum: [A; 2], interactions: Vec<Interaction<A, C>>) -> Self {
        LogUp {
            selectors,
            sum,
            interactions,
        }
    }

    /// The fractions with columns of their own that are there on rows of a kind, with their signs.
    fn columns(&self, on_last: bool) -> impl Iterator<Item = (Sign, &C, &A)> {
        self.interactions.iter().filter_map(move |interaction| {
            let there = match interaction.rows {
                Rows::Step => !on_last,
                Rows::StepAndLast(_) => true,
                Rows::Last => false,
            };
            match &interaction.placement {
                Placement::Own { column, here } if there => Some((interaction.sign, column, here)),
                _ => None,
            }
        })
    }

    /// What the sum changes by, but for the fractions that have columns of their own, and how that is written.
    fn absorbed(&self) -> (String, A) {
        let change = self.sum[1].clone() - self.sum[0].clone();
        self.columns(false).fold(
            ("sum' - sum".into(), change),
            |(text, change), (sign, column, here)| match sign {
                Sign::Send => (format!("{text} + {column}"), change + here.clone()),
                Sign::Receive => (format!("{text} - {column}"), change - here.clone()),
            },
        )
    }

    /// The gate of a bus: of all its interactions but those that end the sum.
    pub fn gate(&self, bus: &'static Bus) -> Gate<A> {
        let Selectors { step, last, .. } = &self.selectors;
        let of_bus = || {
            self.interactions
                .iter()
                .filter(|interaction| interaction.bus == bus)
        };
        let mut constraints = vec![];
        for interaction in of_bus() {
            let holds = |fraction: A| {
                fraction * interaction.message.denominator() - interaction.count.clone()
            };
            match (&interaction.placement, interaction.rows) {
                (Placement::Own { here, .. }, Rows::Step) => {
                    let polynomial = step.clone() * holds(here.clone());
                    constraints.push(Constraint::new(interaction.name, polynomial));
                }
                (Placement::Own { here, .. }, Rows::StepAndLast(name_on_last)) => {
                    let holds = holds(here.clone());
                    let polynomial = step.clone() * holds.clone();
                    constraints.push(Constraint::new(interaction.name, polynomial));
                    constraints.push(Constraint::new(name_on_last, last.clone() * holds));
                }
                (Placement::Absorbed, Rows::Step) => {
                    let (text, change) = self.absorbed();
                    let name = format!("{text} = {}", interaction.name);
                    constraints.push(Constraint::new(name, step.clone() * holds(change)));
                }
                // Both below.
                (Placement::Exclusive(_), _) => {}
                (_, Rows::Last) => {}
                (Placement::Absorbed, Rows::StepAndLast(_)) => {
                    unreachable!("an absorbed interaction has no fraction on the last row")
                }
            }
        }
        let mut exclusive = of_bus()
            .filter_map(|interaction| match interaction.placement {
                Placement::Exclusive(name) => Some((name, interaction)),
                _ => None,
            })
            .peekable();
        if let Some((name, _)) = exclusive.peek() {
            let name = *name;
            let zero = || A::constant(0);
            // Where there is none, the sum does not change.
            let (mut cell, mut none) = (zero(), step.clone());
            let (mut received, mut sent) = (zero(), zero());
            for (_, interaction) in exclusive {
                cell = cell + interaction.count.clone() * interaction.message.denominator();
                none = none - interaction.count.clone();
                let total = match interaction.sign {
                    Sign::Send => &mut sent,
                    Sign::Receive => &mut received,
                };
                *total = total.clone() + interaction.count.clone();
            }
            let (_, change) = self.absorbed();
            let polynomial = change * (cell + none) - (received - sent);
            constraints.push(Constraint::new(name, polynomial));
        }
        Gate {
            name: bus.name,
            constraints,
        }
    }

    /// What the sum is on the first and on the last row.
    pub fn boundaries(&self, carry: &Carry<A>) -> Gate<A> {
        let Selectors { first, last, .. } = &self.selectors;
        // What is received on the last row is not yet in the sum, for no step leads on from there.
        let end = self
            .columns(true)
            .fold(self.sum[0].clone(), |end, (sign, _, here)| match sign {
                Sign::Send => end - here.clone(),
                Sign::Receive => end + here.clone(),
            });
        let (at_first, at_last) = match &carry.ends {
            Some([claimed, there]) => (self.sum[0].clone() - claimed.clone(), end - there.clone()),
            None => (self.sum[0].clone(), end),
        };
        let on_last = self
            .interactions
            .iter()
            .filter(|interaction| interaction.rows == Rows::Last);
        // Brought over the denominators of all that ends the sum.
        let (at_last, _) = on_last.fold(
            (at_last, A::constant(1)),
            |(numerator, over), interaction| {
                let denominator = interaction.message.denominator();
                let numerator =
                    numerator * denominator.clone() + interaction.count.clone() * over.clone();
                (numerator, over * denominator)
            },
        );
        let [on_first_row, on_last_row] = carry.names;
        Gate {
            name: "boundaries",
            constraints: vec![
                Constraint::new(on_first_row, first.clone() * at_first),
                Constraint::new(on_last_row, last.clone() * at_last),
            ],
        }
    }
}

/// The fractions of some rows, of which one batch of inversions is made.
#[derive(Debug)]
pub struct Fractions<F, C> {
    /// Of each interaction: the column, if it has one of its own.
    columns: Vec<Option<C>>,
    terms: Vec<Term>,
    counts: Vec<F>,
    denominators: Vec<F>,
    rows: usize,
}

#[derive(Debug)]
struct Term {
    row: usize,
    interaction: usize,
    /// What becomes of it in the sum; nothing on the last row.
    sign: Option<Sign>,
}

/// What the second phase adds on some rows.
#[derive(Debug)]
pub struct Changes<F, C> {
    /// The columns of the interactions that have their own, with an entry for every row.
    pub columns: Vec<(C, Vec<F>)>,
    /// What the sum changes by on each row.
    pub sum: Vec<F>,
}

impl<F: Word, C: Copy> Default for Fractions<F, C> {
    fn default() -> Self {
        Fractions {
            columns: vec![],
            terms: vec![],
            counts: vec![],
            denominators: vec![],
            rows: 0,
        }
    }
}

impl<F: Word, C: Copy> Fractions<F, C> {
    /// Adds a row, of which `interactions` calls a function with each of its interactions, in the same order for every row.
    pub fn push(
        &mut self,
        is_last: bool,
        interactions: impl FnOnce(&mut dyn FnMut(Interaction<F, C>)),
    ) {
        let row = self.rows;
        self.rows += 1;
        let mut number = 0;
        interactions(&mut |interaction: Interaction<F, C>| {
            let place = number;
            number += 1;
            if place == self.columns.len() {
                self.columns.push(match interaction.placement {
                    Placement::Own { column, .. } => Some(column),
                    Placement::Absorbed | Placement::Exclusive(_) => None,
                });
            }
            let (there, sign) = match interaction.rows {
                Rows::Step => (!is_last, Some(interaction.sign)),
                Rows::StepAndLast(_) => (true, (!is_last).then_some(interaction.sign)),
                Rows::Last => (false, None),
            };
            // A forged count is any word; what is 0 has no fraction.
            if there && interaction.count != F::zero() {
                self.terms.push(Term {
                    row,
                    interaction: place,
                    sign,
                });
                self.counts.push(interaction.count);
                self.denominators.push(interaction.message.denominator());
            }
        });
    }

    /// The columns, and what the sum changes by. A denominator that is 0 counts as one without inverse: its fraction is 0.
    pub fn finish(mut self) -> Changes<F, C> {
        batch_invert(&mut self.denominators);
        let mut columns: Vec<Option<(C, Vec<F>)>> = self
            .columns
            .iter()
            .map(|column| column.map(|name| (name, vec![F::zero(); self.rows])))
            .collect();
        let mut sum = vec![F::zero(); self.rows];
        let fractions = self.counts.iter().zip(&self.denominators);
        for (term, (count, inverse)) in self.terms.iter().zip(fractions) {
            let fraction = *count * *inverse;
            if let Some((_, column)) = &mut columns[term.interaction] {
                column[term.row] = fraction;
            }
            match term.sign {
                Some(Sign::Send) => sum[term.row] = sum[term.row] - fraction,
                Some(Sign::Receive) => sum[term.row] = sum[term.row] + fraction,
                None => {}
            }
        }
        Changes {
            columns: columns.into_iter().flatten().collect(),
            sum,
        }
    }
}
