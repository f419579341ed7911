//! The command line, as a user drives it: real files, real proofs, exit codes, JSON.

#[cfg(unix)]
mod faults;
mod programs;
mod proofs;
mod terminal;
mod usage;
