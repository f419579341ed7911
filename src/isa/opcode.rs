//! How instructions are found, encoded and written.

use std::fmt;

use super::{Carry, Cofactor, Effect, Opcode, Operands, Piece, Width};
use crate::algebra::{Algebra, Formula};

impl Opcode {
    /// The instruction that a row executes when no flag is set.
    pub const IDLE: Opcode = Opcode::Nop;

    /// The instruction with this mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.mnemonic() == mnemonic)
    }

    /// How many words a program must have on the stack where it says the instruction: none for `halt`, whose
    /// [`needs`](Opcode::needs) are those of the step that unwinds.
    pub const fn needs_of_program(self) -> usize {
        match self {
            Opcode::Halt => 0,
            _ => self.needs(),
        }
    }

    /// Whether the instruction computes with no words in limbs and accesses no bytes: what is known of it when the
    /// interpreter is compiled.
    pub(crate) const fn is_plain(self) -> bool {
        matches!(self.code(), 0..=31 | 45..=48 | 94..=98)
    }

    /// Whether the instruction has to do with what is no operand: a tape, or a hash.
    pub(crate) const fn takes_more(self) -> bool {
        matches!(self.code(), 28..=30 | 94)
    }

    /// Whether it has to do with the frame.
    pub(crate) const fn is_of_frame(self) -> bool {
        matches!(self.code(), 95..=98)
    }

    /// How the circuit writes the instruction: `halt` is 0 and code c is c + 1.
    ///
    /// halo2 pads instance columns with zeros, so what it pads is `halt`.
    pub const fn encoded(self) -> u64 {
        match self {
            Opcode::Halt => 0,
            _ => self.code() + 1,
        }
    }

    /// The instruction that the circuit writes as `encoded`, if there is one.
    pub fn from_encoded(encoded: u64) -> Option<Opcode> {
        Opcode::ALL
            .iter()
            .copied()
            .find(|opcode| opcode.encoded() == encoded)
    }

    /// The stack effect in the notation of Forth, written from the relation: `a b -- a + b`.
    pub fn stack_effect(self) -> String {
        // The words that are taken, from the lowest on.
        let names = ["a", "b", "c", "d"];
        let needs = self.needs();
        let word = |place: usize| match needs.checked_sub(place + 1) {
            Some(own) => Formula::name(names[own]),
            None => Formula::name("0"),
        };
        struct Named<W>(W);
        impl<W: Fn(usize) -> Formula> Operands<Formula> for Named<W> {
            fn word(&self, place: usize) -> Formula {
                self.0(place)
            }
            fn argument(&self) -> Formula {
                Formula::name("x")
            }
            fn hint(&self) -> Formula {
                Formula::name("h")
            }
            fn result(&self) -> Formula {
                Formula::name("y")
            }
            fn following(&self) -> Formula {
                Formula::name("next")
            }
            fn jumps(&self) -> Formula {
                Formula::name("j")
            }
            fn low(&self, _: Width) -> Formula {
                Formula::name("low")
            }
            fn high(&self, _: Width) -> Formula {
                Formula::name("high")
            }
            fn both(&self, _: Width) -> Formula {
                Formula::name("both")
            }
            fn rest(&self, _: Width) -> Formula {
                Formula::name("rest")
            }
            fn ones(&self, _: Width) -> Formula {
                Formula::name("ones")
            }
            fn carry(&self, _: Carry) -> Formula {
                Formula::name("carry")
            }
            fn exponent(&self) -> Formula {
                Formula::name("exponent")
            }
            fn power(&self) -> Formula {
                Formula::name("power")
            }
            fn frame(&self) -> Formula {
                Formula::name("frame")
            }
            fn old(&self) -> Formula {
                Formula::name("m")
            }
            fn updated(&self) -> Formula {
                Formula::name("new")
            }
            fn offset(&self) -> Formula {
                Formula::name("offset")
            }
            fn scale(&self) -> Formula {
                Formula::name("scale")
            }
            fn found(&self, piece: Piece) -> Formula {
                Formula::name(match piece {
                    Piece::Byte => "byte",
                    Piece::Half => "half",
                })
            }
            fn lowest(&self, _: Piece) -> Formula {
                Formula::name("lowest")
            }
            fn last_byte(&self) -> Formula {
                Formula::name("last_byte")
            }
        }
        let relation = self.relation(&Named(word));
        let product = relation.factor.clone()
            * match relation.cofactor {
                Cofactor::Second => word(1),
                Cofactor::Low => Formula::name("low"),
                Cofactor::Argument => Formula::name("x"),
                Cofactor::Power => Formula::name("power"),
                Cofactor::Uncarried => Formula::name("p"),
                Cofactor::Scale => Formula::name("scale"),
                Cofactor::Hint => Formula::name("h"),
                Cofactor::Zero => Formula::constant(0),
            };
        let result = match self {
            Opcode::Inv => Formula::name("1/a"),
            Opcode::Eq => Formula::name("a = b"),
            Opcode::Iszero => Formula::name("a = 0"),
            Opcode::Add32 => Formula::name("(a + b) mod 2^32"),
            Opcode::Add64 => Formula::name("(a + b) mod 2^64"),
            Opcode::Sub32 => Formula::name("(a - b) mod 2^32"),
            Opcode::Sub64 => Formula::name("(a - b) mod 2^64"),
            Opcode::Mul32 => Formula::name("a * b mod 2^32"),
            Opcode::Mul64 => Formula::name("a * b mod 2^64"),
            Opcode::Mulhi32 => Formula::name("a * b / 2^32"),
            Opcode::Mulhi64 => Formula::name("a * b / 2^64"),
            Opcode::Lt32 | Opcode::Lt64 | Opcode::Lts32 | Opcode::Lts64 => Formula::name("a < b"),
            Opcode::And32 | Opcode::And64 => Formula::name("a AND b"),
            Opcode::Or32 | Opcode::Or64 => Formula::name("a OR b"),
            Opcode::Xor32 | Opcode::Xor64 => Formula::name("a XOR b"),
            Opcode::Addi32 => Formula::name("(a + x) mod 2^32"),
            Opcode::Addi64 => Formula::name("(a + x) mod 2^64"),
            Opcode::Muli32 => Formula::name("a * x mod 2^32"),
            Opcode::Muli64 => Formula::name("a * x mod 2^64"),
            Opcode::Mulhii32 => Formula::name("a * x / 2^32"),
            Opcode::Mulhii64 => Formula::name("a * x / 2^64"),
            Opcode::Rotli32 => Formula::name("a * x mod 2^32 + a * x / 2^32"),
            Opcode::Rotli64 => Formula::name("a * x mod 2^64 + a * x / 2^64"),
            Opcode::Div32 | Opcode::Div64 => Formula::name("a / b"),
            Opcode::Rem32 | Opcode::Rem64 => Formula::name("a mod b"),
            Opcode::Shl32 => Formula::name("a * 2^b mod 2^32"),
            Opcode::Shl64 => Formula::name("a * 2^b mod 2^64"),
            Opcode::Shr32 | Opcode::Shr64 | Opcode::Shrs32 | Opcode::Shrs64 => {
                Formula::name("a / 2^b")
            }
            Opcode::Rotl32 | Opcode::Rotl64 => Formula::name("a rotated by b"),
            Opcode::Shrsi32 => Formula::name("2 * a * x / 2^32"),
            Opcode::Shrsi64 => Formula::name("2 * a * x / 2^64"),
            Opcode::Clz32 | Opcode::Clz64 => Formula::name("zeros above a"),
            Opcode::Ctz32 | Opcode::Ctz64 => Formula::name("zeros below a"),
            Opcode::Popcnt32 | Opcode::Popcnt64 => Formula::name("ones in a"),
            Opcode::Store8 | Opcode::Store16 => Formula::name("a"),
            Opcode::Andi32 => Formula::name("a AND x"),
            Opcode::Ori32 => Formula::name("a OR x"),
            Opcode::Xori32 => Formula::name("a XOR x"),
            Opcode::Sign32 | Opcode::Sign64 => Formula::name("a with the sign of b"),
            Opcode::Hash => Formula::name("hash(a, b)"),
            Opcode::Extends32 => Formula::name("a with its sign in 64 bits"),
            _ => relation.top + product,
        };
        let mut left: Vec<String> = match self.effect() {
            // What grows the stack leaves what it reads.
            Effect::Grow => (0..needs).rev().map(|own| word(own).to_string()).collect(),
            Effect::Keep if needs == 0 => vec![],
            Effect::Keep => [relation.third, relation.second]
                .into_iter()
                .flatten()
                .map(|own| own.to_string())
                .collect(),
            Effect::Shrink => vec![],
        };
        if needs > 0 && (self.effect(), needs) != (Effect::Shrink, 1)
            || self.effect() == Effect::Grow
        {
            left.push(result.to_string());
        }
        let taken = names[..needs].iter().map(|name| format!("{name} "));
        let left = left.iter().map(|own| format!(" {own}"));
        format!(
            "{}--{}",
            taken.collect::<String>(),
            left.collect::<String>()
        )
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mnemonic())
    }
}
