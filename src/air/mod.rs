//! Constraints and interactions, whatever machine they are of: an *algebraic intermediate representation*.
//!
//! [`Gate`]s are polynomials that must vanish on every row. [`Interaction`]s are relations between rows: tuples that rows
//! send to a [`Bus`] and receive from it, which must be the same multiset. [`logup`] makes gates and second-phase
//! columns of them. Nothing here knows of a machine, nor names a proof system.

mod bus;
mod gate;
pub mod logup;

pub use bus::{Bus, Interaction, Message, Placement, Rows, Sign};
pub use gate::{Constraint, Gate};
