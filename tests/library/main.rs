//! The library, tested from outside: one program, since linking is most of what a test program costs.
//!
//! `cargo test --release --test library keys::` runs the tests of one file.

#[path = "../../benches/support/mod.rs"]
mod support;

#[path = "../../fuzz/entries.rs"]
mod entries;

mod conformance;
mod determinism;
mod embed;
mod fuzz;
mod golden;
mod hash;
mod identity;
mod keys;
mod layers;
mod memory;
mod messages;
mod misuse;
mod model;
mod privacy;
mod programs;
mod proof;
mod proofs;
mod robustness;
mod srs;
mod tinyram;
mod versions;
mod words;
