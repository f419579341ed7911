//! [`Shape`]: which columns a machine has.

use super::{InstructionSet, Opcode, Width};

/// Which columns a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The instruction set.
    pub set: InstructionSet,
    /// Whether the machine has one program, in its key, and that is a straight line. Then
    /// each row's instruction and the depth of the stack there are known beforehand, and stand in fixed columns.
    pub straight: bool,
    /// The number of bits of a limb, of which words of 32 and 64 bits are made; 0 if the set has no such words. The table of limbs has
    /// `4^limb_bits` rows and some more, for which the machine must have room.
    pub limb_bits: u32,
}

/// The bits that a limb may have.
const LIMB_BITS: [u32; 4] = [8, 4, 2, 1];

impl From<InstructionSet> for Shape {
    /// The machine that runs any program of the set, and has room for the largest limbs.
    fn from(set: InstructionSet) -> Self {
        Shape {
            set,
            straight: false,
            limb_bits: if set.has_words() { LIMB_BITS[0] } else { 0 },
        }
    }
}

impl Shape {
    /// The machine whose key holds its program: a straight line, if that can be nothing else.
    pub fn fixed(set: InstructionSet) -> Self {
        Shape {
            straight: !set.has_control(),
            ..set.into()
        }
    }

    /// The same in a machine of so many steps: with the largest limbs for whose table they are enough.
    pub fn of_rows(self, rows: usize) -> Self {
        let fits = |bits: &u32| table_rows(self.set, *bits) <= rows;
        let limb_bits = match self.set.has_words() {
            true => LIMB_BITS.into_iter().find(fits).unwrap_or(LIMB_BITS[3]),
            false => 0,
        };
        Shape { limb_bits, ..self }
    }

    /// The number of limbs of a word of this size; 0 if the set has no words.
    pub fn limbs_of(self, width: Width) -> usize {
        width.bits().checked_div(self.limb_bits).unwrap_or(0) as usize
    }

    /// The number of limbs of the largest words of the set; 0 if it has none.
    pub fn limbs(self) -> usize {
        self.limbs_of(self.set.width())
    }

    /// The number of limbs of a row's third word; 0 if none is as large as the set's largest words. They are looked up in pairs.
    pub fn rest_limbs(self) -> usize {
        match self.set.has_rest() {
            true => self.limbs(),
            false => 0,
        }
    }

    /// The number of rows of the table of limbs; 0 if there is none.
    pub fn table_rows(self) -> usize {
        self.table_kinds().into_iter().sum()
    }

    /// As many rows as the table of limbs has of each kind, in this order: pairs of limbs; powers of two with exponents less than 32, and
    /// less than 64; how many bits of a limb are 1; powers with exponents of at most 32, and of at most 64.
    pub fn table_kinds(self) -> [usize; TABLE_KINDS] {
        match self.limb_bits {
            0 => [0; TABLE_KINDS],
            bits => table_kinds(self.set, bits),
        }
    }

    /// Whether rows of the table are of several kinds.
    pub fn has_kinds(self) -> bool {
        self.set.has_power() || self.set.has_ones()
    }

    /// The number of rows of the smallest table; 0 if there is none.
    pub fn least_table_rows(set: InstructionSet) -> usize {
        match set.has_words() {
            true => table_rows(set, LIMB_BITS[3]),
            false => 0,
        }
    }

    /// Whether the machine looks its instructions up in the program.
    pub fn fetches(self) -> bool {
        self.set.has_control() && !self.straight
    }

    /// The number of presence flags in columns. There are none where the depth of the stack is known beforehand.
    pub fn presence(self) -> usize {
        if self.straight {
            0
        } else {
            self.set.presence()
        }
    }

    /// Whether a cofactor stands in a column: where it is not always the second word; in a straight line, where
    /// products need no columns, if there are hints.
    pub fn has_cofactor(self) -> bool {
        match self.straight {
            true => self.set.has_hint(),
            false => self.set.has_cofactor(),
        }
    }

    /// The instructions that have a flag of their own, in the order of the flags. In a straight line,
    /// where nothing is decoded, unwinding is what `pop` does.
    pub fn flagged(self) -> impl Iterator<Item = Opcode> + Clone {
        let has = move |opcode: Opcode| match (self.straight, opcode) {
            (true, Opcode::Pop) => true,
            (true, Opcode::Halt) => false,
            _ => self.set.contains(opcode),
        };
        let all = Opcode::ALL.iter().copied();
        all.filter(move |opcode| *opcode != Opcode::IDLE && has(*opcode))
    }

    /// The instruction whose flag is set where one is executed.
    pub fn flag_of(self, opcode: Opcode) -> Opcode {
        match (self.straight, opcode) {
            (true, Opcode::Halt) => Opcode::Pop,
            _ => opcode,
        }
    }
}

/// As many rows as the table has of each kind: all pairs of limbs of so many bits; powers of two with exponents less than 32, and less
/// than 64; how many bits of a limb are 1; powers with exponents of at most 32, and of at most 64.
fn table_kinds(set: InstructionSet, bits: u32) -> [usize; TABLE_KINDS] {
    let rows = |there: bool, rows: usize| if there { rows } else { 0 };
    [
        1 << (2 * bits),
        rows(set.has_power(), 32),
        rows(set.has_wide_shift(), 64),
        rows(set.has_ones(), 1 << bits),
        rows(set.has_count(Width::W32), 33),
        rows(set.has_count(Width::W64), 65),
    ]
}

/// The number of kinds of rows that a table of limbs may have.
const TABLE_KINDS: usize = 6;

fn table_rows(set: InstructionSet, bits: u32) -> usize {
    table_kinds(set, bits).into_iter().sum()
}
