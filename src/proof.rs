//! Real proofs: the [`Backend`] seam, with KZG ([`kzg`]) and IPA ([`ipa`]), both over bn254.
//!
//! What is in a proof file, and how it is read: [`mod@file`]. Verifying keys in files: [`key`].

pub mod atomic;
mod backend;
pub mod cache;
mod cost;
mod error;
pub mod file;
pub mod ipa;
pub mod key;
mod keys;
mod kind;
pub mod kzg;
pub mod srs;
mod transcript;

pub use self::backend::{Backend, Parameters};
pub use self::cost::Cost;
pub use self::error::{KeygenError, ProveError, VerifyError};
pub use self::keys::{ProvingKey, VerifyingKey};
pub use crate::machine::StatementError;

use self::cost::{commitments_and_evaluations, opening_sets};

/// The hash of a sequence of byte strings.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let prefixed: Vec<u8> = parts
        .iter()
        .flat_map(|part| [&(part.len() as u64).to_le_bytes(), *part].concat())
        .collect();
    blake2b_256(b"StackVm.Params", &[&prefixed])
}

/// BLAKE2b-256 of pieces, one after the other, with a personalisation of at most 16 bytes.
fn blake2b_256(personal: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    let mut state = blake2b_simd::Params::new()
        .hash_length(32)
        .personal(personal)
        .to_state();
    for piece in pieces {
        state.update(piece);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(state.finalize().as_bytes());
    digest
}

/// The length of a compressed point, and of a scalar, of bn254.
const ELEMENT_BYTES: usize = 32;
