//! The machine in a halo2 circuit: [`StackVmChip`], and what an outer circuit hands it and gets back.
//!
//! Where to look:
//!
//! - in `configure`: [`StackVmConfig::configure`], with a [`ProgramBinding`], an [`OutputBinding`] and a
//!   [`TapeBinding`]; and last, [`CircuitLayout::of`];
//! - in `synthesize`: [`StackVmChip::new`], and [`StackVmInstructions`] with [`InstructionCells`] and [`WordCell`]s;
//! - to prove: [`prover::create_proof`](crate::prover::create_proof), with the arguments of the fork's.
//!
//! # What halo2-axiom does not do
//!
//! | what | so |
//! |---|---|
//! | its `create_proof` panics where `synthesize` returns an error, for example because a program fails | prove with [`prover::create_proof`](crate::prover::create_proof), which returns the error; or call [`check_synthesis`] first |
//! | its `create_proof` panics when it is given several circuits that have challenges, as every circuit with this chip has | prove one circuit at a time; several machines may stand in one circuit |
//! | its floor planner starts every region at row 0, so that one region silently overwrites another | the machine's columns belong to the chip alone; the rows of its machines are checked |
//! | it panics on a row that the circuit has not, and on a copy of a cell whose column has no equality | [`CircuitLayout`] tells the chip, which returns an error |
//! | its prover does not check the witness: of a false one it makes a proof that does not verify | [`prover::create_proof`](crate::prover::create_proof) makes none; prove with `MockProver` in tests, which says what fails |

mod binding;
mod cells;
mod chip;
mod circuit;
mod config;
mod error;
mod expression;
mod instructions;
mod layout;
mod synthesis;

pub use binding::{OutputBinding, ProgramBinding, TapeBinding};
pub use cells::{InstructionCells, MachineInput, OpcodeCell, ProgramInput, WordCell};
pub use chip::StackVmChip;
pub use circuit::{CircuitConfig, StackVmCircuit};
pub use config::StackVmConfig;
pub use error::ChipError;
pub use instructions::StackVmInstructions;
pub use layout::CircuitLayout;
pub use synthesis::check_synthesis;
