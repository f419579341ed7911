//! What may stand at the start of a line: the mnemonics of the instructions, and those that are written otherwise than they
//! are executed.

use super::error::AsmErrorKind;
use crate::algebra::{Word, integer};
use crate::isa::Opcode;
use crate::isa::Width::{self, W32, W64};

/// What a line may begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mnemonic {
    pub name: &'static str,
    /// What is executed.
    pub opcode: Opcode,
    /// Where the argument is a number of places, what that comes to.
    places: Option<Places>,
}

/// What a number of places comes to: one of 2^0 to 2^64.
#[derive(Clone, Copy, Debug)]
struct Places {
    width: Width,
    factor: fn(u32, u32) -> u32,
}

/// Shifts and rotations by so many places: a product with a power of two, of which the low word, the high word, or both
/// are taken. The functions give its exponent for a number of places, and of bits.
const SHIFTS: [Mnemonic; 10] = [
    Mnemonic::shift("shl32", Opcode::Muli32, W32, |places, _| places),
    Mnemonic::shift("shr32", Opcode::Mulhii32, W32, |places, bits| bits - places),
    Mnemonic::shift("shrs32", Opcode::Shrsi32, W32, |places, bits| {
        bits - 1 - places
    }),
    Mnemonic::shift("rotl32", Opcode::Rotli32, W32, |places, _| places),
    Mnemonic::shift("rotr32", Opcode::Rotli32, W32, |places, bits| {
        (bits - places) % bits
    }),
    Mnemonic::shift("shl64", Opcode::Muli64, W64, |places, _| places),
    Mnemonic::shift("shr64", Opcode::Mulhii64, W64, |places, bits| bits - places),
    Mnemonic::shift("shrs64", Opcode::Shrsi64, W64, |places, bits| {
        bits - 1 - places
    }),
    Mnemonic::shift("rotl64", Opcode::Rotli64, W64, |places, _| places),
    Mnemonic::shift("rotr64", Opcode::Rotli64, W64, |places, bits| {
        (bits - places) % bits
    }),
];

impl Mnemonic {
    const fn shift(
        name: &'static str,
        opcode: Opcode,
        width: Width,
        factor: fn(u32, u32) -> u32,
    ) -> Self {
        Mnemonic {
            name,
            opcode,
            places: Some(Places { width, factor }),
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

    /// The one with this name. A shift by the top has no operand, one by so many places has one.
    pub fn named(name: &str, with_operand: bool) -> Option<Mnemonic> {
        let named = || Mnemonic::all().filter(|own| own.name == name);
        let fits = |own: &Mnemonic| own.opcode.takes_argument() == with_operand;
        named().find(fits).or_else(|| named().next())
    }

    /// The argument of the instruction, where this word is written.
    pub fn argument<F: Word>(self, written: F) -> Result<F, AsmErrorKind> {
        let Some(Places { width, factor }) = self.places else {
            return Ok(written);
        };
        let places = written.to_u64().and_then(|own| u32::try_from(own).ok());
        match places.filter(|own| *own < width.bits()) {
            Some(places) => Ok(integer(1 << factor(places, width.bits()))),
            None => Err(AsmErrorKind::Places {
                mnemonic: self.name,
                most: width.bits() - 1,
            }),
        }
    }
}
