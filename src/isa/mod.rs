//! The table of instructions, and [`InstructionSet`]: which of them a circuit has.
//!
//! An instruction is declared once, in `instructions!` in the file `table.rs`: its code, its mnemonic, whether it
//! reads its argument, how it changes the depth of the stack, how many words it needs, and its
//! [`Relation`], a function of its [`Operands`]. The assembler, the interpreter, the constraints and
//! `docs/isa.md` are all read off this table.
//!
//! A relation is *affine* in the words of the window, the argument, the hint, the result and the words of its [`Double`], and has
//! one product of two such. That is what lets it become gates of degree 2 under a flag (see
//! [`crate::machine`]).

mod facts;
mod opcode;
mod relation;
mod set;
mod shape;
mod table;
mod words;

pub use relation::{
    Access, Address, CELL_BYTES, Carry, Cofactor, Double, Operands, Piece, Power, Relation, Rest,
    Target, Width,
};
pub use set::{InstructionSet, UnknownSet};
pub use shape::Shape;
pub use table::{Effect, Opcode};
pub(crate) use table::{Operation, Specialised};
