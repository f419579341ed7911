//! Real proofs.
