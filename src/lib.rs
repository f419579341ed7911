//! A stack machine that drops into any halo2 circuit.
#![deny(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

pub mod algebra;
pub mod asm;
pub mod chip;
pub mod circuit;
pub mod docs;
pub mod fork;
pub mod frame;
pub mod isa;
pub mod program;
pub mod proof;
pub mod row;
pub mod sum;
pub mod vm;
pub mod witness;
