//! What may stand at the start of a line: the mnemonics of the instructions, and those that are written otherwise than they
//! are executed.

use super::error::AsmErrorKind;
use crate::algebra::Word;
use crate::isa::{Opcode, WORD_BITS};

/// What a line may begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mnemonic {
    pub name: &'static str,
    /// What is executed.
    pub opcode: Opcode,
    /// Where the argument is a number of places, what that comes to: one of 2^0 to 2^32.
    places: Option<fn(u32) -> u64>,
}

/// Shifts and rotations by so many places: a product with a power of two, of which the low word, the high word, or both
/// are taken.
const SHIFTS: [Mnemonic; 4] = [
    Mnemonic::shift("shl32", Opcode::Muli32, |places| 1 << places),
    Mnemonic::shift("shr32", Opcode::Mulhii32, |places| {
        1 << (WORD_BITS - places)
    }),
    Mnemonic::shift("rotl32", Opcode::Rotli32, |places| 1 << places),
    Mnemonic::shift("rotr32", Opcode::Rotli32, |places| {
        1 << ((WORD_BITS - places) % WORD_BITS)
    }),
];

impl Mnemonic {
    const fn shift(name: &'static str, opcode: Opcode, places: fn(u32) -> u64) -> Self {
        Mnemonic {
            name,
            opcode,
            places: Some(places),
        }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Mnemonic> {
        let plain = |opcode: &Opcode| Mnemonic {
            name: opcode.mnemonic(),
            opcode: *opcode,
            places: None,
        };
        Opcode::ALL.iter().map(plain).chain(SHIFTS)
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Mnemonic> {
        Mnemonic::all().find(|own| own.name == name)
    }

    /// The argument of the instruction, where this word is written.
    pub fn argument<F: Word>(self, written: F) -> Result<F, AsmErrorKind> {
        let Some(factor) = self.places else {
            return Ok(written);
        };
        let places = written.to_u64().and_then(|own| u32::try_from(own).ok());
        match places.filter(|own| *own < WORD_BITS) {
            Some(places) => Ok(F::constant(factor(places))),
            None => Err(AsmErrorKind::Places {
                mnemonic: self.name,
                most: WORD_BITS - 1,
            }),
        }
    }
}
