//! A stack machine that drops into any circuit of `halo2-axiom`.
//!
//! One verifying key serves every program of an [instruction set](isa::InstructionSet), and a proof
//! says that *this* program gives *this* output.
//!
//! Where to start:
//!
//! - to run programs: [`asm::assemble`] and [`vm::run`];
//! - to step through a run, forward and backward: [`vm::session::Session`];
//! - to prove and verify them: [`proof::Backend`], with [`proof::kzg`] and [`proof::ipa`];
//! - to put the machine into a circuit of your own: [`halo2::StackVmChip`], and `examples/embed.rs`,
//!   which does so and proves it for real, with [`prover::create_proof`] instead of the fork's;
//! - to see what is proved: [`machine`] is the list of the machine's parts, each with its rules and its lemma,
//!   [`air::logup`] has the theorem that they rest on, [`isa`] the table of instructions.
//!
//! ```
//! use halo2_stack_vm::machine::{Binding, CircuitParams, Statement};
//! use halo2_stack_vm::isa::InstructionSet;
//! use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
//! use halo2_stack_vm::proof::Backend;
//! use halo2_stack_vm::{asm, vm::Trace};
//!
//! let program = asm::assemble("push 3\npush 6\npush 2\nmul\nmul")?;
//! let trace = Trace::new(&program, None, InstructionSet::STACK)?;
//! let circuit = CircuitParams::for_steps(trace.steps(), trace.set(), Binding::Public)?;
//!
//! let params = IpaParams::setup(circuit.k())?;
//! let key = Ipa::keygen(&params, circuit)?;
//! let proof = Ipa::prove(&params, &key, &trace)?;
//! Ipa::verify(&params, key.verifying_key(), &Statement::of(&trace), &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

pub mod air;
pub mod algebra;
pub mod asm;
pub mod halo2;
pub mod isa;
mod json;
pub mod machine;
pub mod poseidon;
pub mod program;
pub mod proof;
pub mod text;
pub mod vm;

/// The prover, for circuits of any kind: what the machine's own proofs are made with.
pub use halo2_axiom_prover as prover;
