//! The machine as data, whatever proves it: its size, its columns and its rows.

mod params;

pub use params::{LengthError, MachineParams, tape_column};
