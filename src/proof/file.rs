//! The proof file.
