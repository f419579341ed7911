//! What may stand at the start of a line: the mnemonics of the instructions, and those that are written otherwise than they
//! are executed.

use super::error::AsmErrorKind;
use crate::algebra::{Word, integer};
use crate::isa::{Opcode, Width};

/// What a line may begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mnemonic {
    pub name: &'static str,
    /// What is executed.
    pub opcode: Opcode,
    /// Where the argument is a number of places, of as many bits, the exponent of the power of two that it comes to.
    places: Option<(Width, Exponent)>,
}

/// The exponent for a number of places, and of bits.
type Exponent = fn(u32, u32) -> u32;

/// Shifts and rotations by so many places: a product with a power of two, of which the low word, the high word, or both
/// are taken. With 32 bits, and with 64.
const SHIFTS: [([(&str, Opcode); 2], Exponent); 5] = [
    (
        [("shl32", Opcode::Muli32), ("shl64", Opcode::Muli64)],
        |places, _| places,
    ),
    (
        [("shr32", Opcode::Mulhii32), ("shr64", Opcode::Mulhii64)],
        |places, bits| bits - places,
    ),
    (
        [("shrs32", Opcode::Shrsi32), ("shrs64", Opcode::Shrsi64)],
        |places, bits| bits - 1 - places,
    ),
    (
        [("rotl32", Opcode::Rotli32), ("rotl64", Opcode::Rotli64)],
        |places, _| places,
    ),
    (
        [("rotr32", Opcode::Rotli32), ("rotr64", Opcode::Rotli64)],
        |places, bits| (bits - places) % bits,
    ),
];

impl Mnemonic {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Mnemonic> {
        let plain = |opcode: &Opcode| Mnemonic {
            name: opcode.mnemonic(),
            opcode: *opcode,
            places: None,
        };
        let shifts = SHIFTS.into_iter().flat_map(|(named, exponent)| {
            named.map(|(name, opcode)| Mnemonic {
                name,
                opcode,
                places: Some((opcode.width(), exponent)),
            })
        });
        Opcode::ALL.iter().map(plain).chain(shifts)
    }

    /// The one with this name. A shift by the top has no operand, one by so many places has one.
    pub fn named(name: &str, with_operand: bool) -> Option<Mnemonic> {
        let named = || Mnemonic::all().filter(|own| own.name == name);
        let fits = |own: &Mnemonic| own.opcode.takes_argument() == with_operand;
        named().find(fits).or_else(|| named().next())
    }

    /// The argument of the instruction, where this word is written.
    pub fn argument<F: Word>(self, written: F) -> Result<F, AsmErrorKind> {
        let Some((width, exponent)) = self.places else {
            return Ok(written);
        };
        let places = written.to_u64().and_then(|own| u32::try_from(own).ok());
        match places.filter(|own| *own < width.bits()) {
            Some(places) => Ok(integer(1 << exponent(places, width.bits()))),
            None => Err(AsmErrorKind::Places {
                mnemonic: self.name,
                most: width.bits() - 1,
            }),
        }
    }
}
