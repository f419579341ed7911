//! What may stand at the start of a line: the mnemonics of the instructions, and those that are written otherwise than they
//! are executed.

use super::error::AsmErrorKind;
use crate::algebra::{Word, integer};
use crate::isa::{Opcode, Width};

/// What a line may begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mnemonic {
    pub name: &'static str,
    /// What is executed before that, without arguments.
    pub before: &'static [Opcode],
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

/// The quotient of words with signs: that of their magnitudes, with the sign of their exclusive or.
const fn quotient([xor, sign, divide]: [Opcode; 3]) -> [Opcode; 11] {
    use Opcode::{Dup, Over, Rot, Swap};
    [
        Over, Over, xor, Rot, Dup, sign, Rot, Dup, sign, divide, Swap,
    ]
}

/// What it leaves: what their magnitudes leave, with the sign of the dividend.
const fn left([sign, divide]: [Opcode; 2]) -> [Opcode; 8] {
    use Opcode::{Dup, Over, Swap};
    [Dup, sign, Over, Dup, sign, Swap, divide, Swap]
}

/// What is several instructions, of which these come before the last one.
const SEQUENCES: [(&str, &[Opcode], Opcode); 4] = [
    (
        "divs32",
        &quotient([Opcode::Xor32, Opcode::Sign32, Opcode::Div32]),
        Opcode::Sign32,
    ),
    (
        "divs64",
        &quotient([Opcode::Xor64, Opcode::Sign64, Opcode::Div64]),
        Opcode::Sign64,
    ),
    (
        "rems32",
        &left([Opcode::Sign32, Opcode::Rem32]),
        Opcode::Sign32,
    ),
    (
        "rems64",
        &left([Opcode::Sign64, Opcode::Rem64]),
        Opcode::Sign64,
    ),
];

impl Mnemonic {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Mnemonic> {
        let plain = |opcode: &Opcode| Mnemonic {
            name: opcode.mnemonic(),
            before: &[],
            opcode: *opcode,
            places: None,
        };
        let shifts = SHIFTS.into_iter().flat_map(|(named, exponent)| {
            named.map(|(name, opcode)| Mnemonic {
                name,
                before: &[],
                opcode,
                places: Some((opcode.width(), exponent)),
            })
        });
        let sequences = SEQUENCES.into_iter();
        let sequences = sequences.map(|(name, before, opcode)| Mnemonic {
            name,
            before,
            opcode,
            places: None,
        });
        Opcode::ALL.iter().map(plain).chain(shifts).chain(sequences)
    }

    /// How many instructions the one is that is written so; 1 for what is none.
    pub fn length(name: &str) -> usize {
        let sequence = SEQUENCES.iter().find(|own| own.0 == name);
        1 + sequence.map_or(0, |(_, before, _)| before.len())
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
