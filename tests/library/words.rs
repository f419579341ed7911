//! Words of 32 and 64 bits: every instruction that computes with them over all operands of a small field, and runs of limbs of every
//! size.

use std::collections::BTreeSet;
use std::ops::{Add, Mul, Sub};

use halo2_stack_vm::algebra::{Algebra, Word};
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{
    Address, CELL_BYTES, Carry, Cofactor, Double, InstructionSet, Opcode, Operands, Piece, Power,
    Relation, Rest, Shape, Width,
};
use halo2_stack_vm::machine::words::{table_entries, table_row};
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement, WitnessError};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{self, Inputs, Job, RunError, Trace};
use halo2curves::bn256::Fr;
use rayon::prelude::*;

/// The size of the small field: a prime.
const FIELD: u64 = 257;
/// How many words there are in it: the double of two such words is less than half of the field, as it is in a real one.
const RADIX: u64 = 8;

/// A number of the small field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Small(u64);

impl Add for Small {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Small((self.0 + other.0) % FIELD)
    }
}

impl Sub for Small {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Small((self.0 + FIELD - other.0) % FIELD)
    }
}

impl Mul for Small {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Small(self.0 * other.0 % FIELD)
    }
}

impl Algebra for Small {
    fn constant(value: u64) -> Self {
        Small(value % FIELD)
    }
    fn vanishes(&self) -> bool {
        self.0 == 0
    }
}

/// The number of bits of a word.
const BITS: u64 = 3;

/// What a row of the small machine holds.
#[derive(Clone, Copy)]
struct Row {
    opcode: Opcode,
    /// The top, and the word below it.
    words: [Small; 2],
    argument: Small,
    double: [u64; 2],
    rest: u64,
    carries: [bool; 3],
    exponent: u64,
    result: Small,
    cell: Option<SmallCell>,
}

/// A cell that a row of the small machine accesses: its word has four bytes of one bit.
#[derive(Clone, Copy)]
struct SmallCell {
    address: u64,
    offset: u64,
    old: u64,
    new: Small,
}

/// A byte of such a word, or two; 0 if there are not as many.
fn bits_of(word: u64, offset: u64, piece: Piece) -> u64 {
    match offset as usize + piece.bytes() <= CELL_BYTES {
        true => word >> offset & ((1 << piece.bytes()) - 1),
        false => 0,
    }
}

/// What a product comes to, and its second factor.
fn product(relation: &Relation<Small>, row: &Row) -> [Small; 2] {
    let cofactor = match relation.cofactor {
        Cofactor::Second => row.words[1],
        Cofactor::Low => Small(row.double[0]),
        Cofactor::Argument => row.argument,
        Cofactor::Power => row.power(),
        Cofactor::Uncarried => Small(1) - row.carry(Carry::Rest),
        Cofactor::Scale => row.scale(),
        Cofactor::Hint => unreachable!("no instruction with words has a hint"),
        Cofactor::Zero => Small(0),
    };
    [relation.factor * cofactor, cofactor]
}

/// Words of both sizes are the same small ones here, but where one is made of the other: the larger one has a bit more.
impl Operands<Small> for Row {
    fn word(&self, place: usize) -> Small {
        self.words[place]
    }
    fn argument(&self) -> Small {
        self.argument
    }
    fn hint(&self) -> Small {
        unreachable!("no instruction with words has a hint")
    }
    fn result(&self) -> Small {
        self.result
    }
    fn following(&self) -> Small {
        unreachable!("none of them asks where it stands")
    }
    fn jumps(&self) -> Small {
        unreachable!("none of them jumps")
    }
    fn low(&self, _: Width) -> Small {
        Small(self.double[0])
    }
    fn high(&self, _: Width) -> Small {
        Small(self.double[1])
    }
    fn both(&self, _: Width) -> Small {
        Small(self.double[0] & self.double[1])
    }
    fn rest(&self, _: Width) -> Small {
        Small(self.rest)
    }
    fn ones(&self, _: Width) -> Small {
        Small(self.double[0].count_ones().into())
    }
    fn carry(&self, carry: Carry) -> Small {
        Small(self.carries[carry as usize].into())
    }
    fn exponent(&self) -> Small {
        Small(self.exponent)
    }
    fn power(&self) -> Small {
        Small(1 << self.exponent)
    }
    fn frame(&self) -> Small {
        Small(self.cell().old)
    }
    fn old(&self) -> Small {
        Small(self.cell().old)
    }
    fn updated(&self) -> Small {
        self.cell().new
    }
    fn offset(&self) -> Small {
        Small(self.cell.map_or(0, |own| own.offset))
    }
    fn scale(&self) -> Small {
        Small(self.cell.map_or(0, |own| 1 << own.offset))
    }
    fn found(&self, piece: Piece) -> Small {
        let [low, _] = self.double;
        Small(self.cell.map_or(0, |own| bits_of(low, own.offset, piece)))
    }
    fn lowest(&self, piece: Piece) -> Small {
        Small(bits_of(self.double[1], 0, piece))
    }
    fn last_byte(&self) -> Small {
        Small(self.cell.map_or(0, |own| u64::from(own.offset == 3)))
    }
    fn radix(&self, width: Width) -> Small {
        Small(
            match width == Width::W64 && self.opcode.width() == Width::W32 {
                true => 2 * RADIX,
                false => RADIX,
            },
        )
    }
    fn half(&self, _: Width) -> Small {
        Small(RADIX / 2)
    }
    fn bits(&self, _: Width) -> Small {
        Small(BITS)
    }
}

/// Two words, each if an instruction says what it is.
fn said(relation: &Relation<Small>, row: &Row) -> [Option<Small>; 2] {
    let reduced = |value: Small, carry| value - Small(RADIX) * row.carry(carry);
    match relation.double {
        Some(Double::Split(_) | Double::Quotient(..)) => [None, None],
        Some(Double::Pair(low, high)) => [Some(low), Some(high)],
        Some(Double::Reduced(low, high)) => [
            Some(reduced(low, Carry::Low)),
            Some(reduced(high, Carry::High)),
        ],
        Some(Double::Odd(high, _)) => [None, Some(high)],
        // The high limbs count bits.
        Some(Double::Ones(low)) => [Some(low), Some(Small(0))],
        None => [Some(Small(0)), Some(Small(0))],
    }
}

impl Row {
    fn relation(&self) -> Relation<Small> {
        self.opcode.relation(self)
    }

    fn cell(&self) -> SmallCell {
        self.cell.expect("an access to the memory")
    }

    /// The new top, if the constraints of `machine::core` and `machine::words` accept the row.
    fn accepted(mut self) -> Option<Small> {
        // The new top does not depend on itself.
        let relation = self.relation();
        self.result = relation.top + product(&relation, &self)[0];
        let relation = self.relation();
        let [_, cofactor] = product(&relation, &self);
        let own = self.double.map(Small);
        let said = said(&relation, &self).into_iter().zip(own);
        let words = said
            .into_iter()
            .all(|(said, own)| said.is_none_or(|said| said == own));
        let rest = match relation.rest {
            Some(Rest::Said(own)) => own,
            Some(Rest::Reduced(value)) => value - Small(RADIX) * self.carry(Carry::Rest),
            None => Small(0),
        };
        let exponent = match relation.power {
            Some(Power::Of(own)) => own == Small(self.exponent),
            Some(Power::Floor(_) | Power::Divisor(_)) => true,
            None => self.exponent == 0,
        };
        let tests = [
            relation.zero,
            relation.factor * relation.factor_test,
            cofactor * relation.cofactor_test,
        ];
        let holds = words && exponent && rest == Small(self.rest) && tests == [Small(0); 3];
        holds.then_some(self.result)
    }

    /// The results of all rows with these operands that are accepted.
    fn results(self) -> BTreeSet<Small> {
        let mut results = BTreeSet::new();
        let relation = self.relation();
        let bits = |there: bool| if there { 2 } else { 1 };
        let carried = bits(matches!(relation.double, Some(Double::Reduced(..))));
        let rest_carried = bits(matches!(relation.rest, Some(Rest::Reduced(_))));
        let exponents = match relation.power {
            Some(Power::Of(_)) => BITS - 1,
            Some(Power::Floor(_) | Power::Divisor(_)) => BITS,
            None => 0,
        };
        let rests = if relation.rest.is_some() { RADIX } else { 1 };
        let choices = (0..carried * carried * rest_carried)
            .flat_map(|carries| (0..=exponents).map(move |exponent| (carries, exponent)));
        for (carries, exponent) in choices {
            let row = Row {
                carries: [
                    carries % carried == 1,
                    carries / carried % carried == 1,
                    carries / carried / carried == 1,
                ],
                exponent,
                ..self
            };
            // A word that the instruction says is that one, if it is a word.
            let [lows, highs] = said(&row.relation(), &row).map(|said| match said {
                Some(Small(own)) => own..(own + 1).min(RADIX),
                None => 0..RADIX,
            });
            for low in lows {
                for high in highs.clone() {
                    let rows = (0..rests).map(|rest| Row {
                        double: [low, high],
                        rest,
                        ..row
                    });
                    results.extend(rows.filter_map(Row::accepted));
                }
            }
        }
        results
    }
}

/// What an instruction gives for words, by its meaning; nothing if it is an error.
fn meant(opcode: Opcode, [b, a]: [u64; 2], x: u64) -> Option<u64> {
    let signed = |word: u64| match word < RADIX / 2 {
        true => word as i64,
        false => word as i64 - RADIX as i64,
    };
    let word = |own: i64| own.rem_euclid(RADIX as i64) as u64;
    let places = (b < BITS).then_some(b);
    Some(match opcode {
        Opcode::Add32 | Opcode::Add64 => (a + b) % RADIX,
        Opcode::Sub32 | Opcode::Sub64 => (a + RADIX - b) % RADIX,
        Opcode::Mul32 | Opcode::Mul64 => a * b % RADIX,
        Opcode::Mulhi32 | Opcode::Mulhi64 => a * b / RADIX,
        Opcode::Lt32 | Opcode::Lt64 => u64::from(a < b),
        Opcode::Lts32 | Opcode::Lts64 => u64::from(signed(a) < signed(b)),
        Opcode::And32 | Opcode::And64 => a & b,
        Opcode::Or32 | Opcode::Or64 => a | b,
        Opcode::Xor32 | Opcode::Xor64 => a ^ b,
        Opcode::Addi32 | Opcode::Addi64 => (b + x) % RADIX,
        Opcode::Muli32 | Opcode::Muli64 => b * x % RADIX,
        Opcode::Mulhii32 | Opcode::Mulhii64 => b * x / RADIX,
        Opcode::Rotli32 | Opcode::Rotli64 => b * x % RADIX + b * x / RADIX,
        Opcode::Assert32 | Opcode::Assert64 => b,
        Opcode::Div32 | Opcode::Div64 => a.checked_div(b)?,
        Opcode::Rem32 | Opcode::Rem64 => a.checked_rem(b)?,
        Opcode::Andi32 => b & x,
        Opcode::Ori32 => b | x,
        Opcode::Xori32 => b ^ x,
        Opcode::Shl32 | Opcode::Shl64 => (a << places?) % RADIX,
        Opcode::Shr32 | Opcode::Shr64 => a >> places?,
        Opcode::Rotl32 | Opcode::Rotl64 => {
            let product = a << places?;
            product % RADIX + product / RADIX
        }
        Opcode::Shrs32 | Opcode::Shrs64 => word(signed(a) >> places?),
        Opcode::Shrsi32 | Opcode::Shrsi64 => {
            // What is right for a power of two; the rest is what the relation says.
            let places = [4, 2, 1].iter().position(|own| *own == x)?;
            word(signed(b) >> places)
        }
        Opcode::Clz32 | Opcode::Clz64 => {
            (0..BITS).rev().take_while(|i| b >> i & 1 == 0).count() as u64
        }
        Opcode::Ctz32 | Opcode::Ctz64 => (0..BITS).take_while(|i| b >> i & 1 == 0).count() as u64,
        Opcode::Popcnt32 | Opcode::Popcnt64 => b.count_ones().into(),
        Opcode::Sign32 | Opcode::Sign64 if signed(b) < 0 => (RADIX - a) % RADIX,
        Opcode::Sign32 | Opcode::Sign64 => Some(a).filter(|own| *own < RADIX / 2)?,
        Opcode::Extends32 => signed(b).rem_euclid(2 * RADIX as i64) as u64,
        other => panic!("say what `{other}` means"),
    })
}

/// For whatever operands, each row that is accepted gives the same result; for words it is the right one, and an
/// instruction that combines bits accepts nothing else.
#[test]
fn an_instruction_determines_its_result_for_all_operands_of_a_small_field() {
    let opcodes = Opcode::ALL.iter().copied();
    let fits = |own: &Opcode| own.uses_words() && !own.uses_memory();
    let opcodes: Vec<_> = opcodes.filter(fits).collect();
    assert_eq!(opcodes.len(), 54);
    let shifts = [Opcode::Shrsi32, Opcode::Shrsi64];
    opcodes.into_par_iter().for_each(|opcode| {
        let arguments = if opcode.takes_argument() { FIELD } else { 1 };
        let seconds = if opcode.needs() > 1 { FIELD } else { 1 };
        let (mut refused, mut all) = (0, 0);
        for top in 0..FIELD {
            for (second, argument) in (0..seconds).flat_map(|a| (0..arguments).map(move |x| (a, x)))
            {
                let row = Row {
                    opcode,
                    words: [Small(top), Small(second)],
                    argument: Small(argument),
                    double: [0; 2],
                    rest: 0,
                    carries: [false; 3],
                    exponent: 0,
                    result: Small(0),
                    cell: None,
                };
                let results = row.results();
                let operands = [top, second];
                assert!(
                    results.len() <= 1,
                    "{opcode}: {operands:?}, {argument}: {results:?}"
                );
                if [top, second, argument].iter().all(|own| *own < RADIX) {
                    match meant(opcode, operands, argument) {
                        Some(expected) => {
                            let expected = BTreeSet::from([Small(expected)]);
                            assert_eq!(results, expected, "{opcode}: {operands:?}, {argument}");
                        }
                        None if shifts.contains(&opcode) => {}
                        None => assert!(results.is_empty(), "{opcode}: {operands:?}"),
                    }
                }
                refused += u64::from(results.is_empty());
                all += 1;
            }
        }
        println!("{opcode}: {refused} of {all} refused");
        assert!(refused > 0 && refused < all);
    });
}

/// The sequences that divide words with signs, against integers.
#[test]
fn division_with_signs_is_that_of_integers() {
    let run = |mnemonic: &str, operands: [u64; 2]| -> Result<u64, &'static str> {
        let [a, b] = operands;
        // What lies below is left as it is.
        let program: Program<Fr> = asm::assemble(&format!(
            "push 77\npush {a}\npush {b}\n{mnemonic}\nswap\nassert_eq 77\n"
        ))
        .unwrap();
        let inputs = Inputs::none();
        let job = Job::new(&program, InstructionSet::of(Opcode::ALL), &inputs);
        let result = job.run().map_err(|error| error.kind())?;
        assert_eq!(result.max_depth, 5);
        Ok(result.output.to_u64().expect("a word"))
    };
    let small = [
        0,
        1,
        2,
        3,
        7,
        1 << 31,
        (1 << 31) - 1,
        (1 << 31) + 1,
        (1 << 32) - 1,
        (1 << 32) - 2,
        0x1234_5678,
        0xdead_beef,
    ];
    let large = small.map(|own: u64| own << 32 | own >> 3);
    let mut errors = 0;
    for (a, b) in small
        .iter()
        .flat_map(|a| small.iter().map(move |b| (*a, *b)))
    {
        let [x, y] = [a, b].map(|own| own as u32 as i32);
        let word = |own: Option<i32>| own.map(|own| u64::from(own as u32)).ok_or("fault");
        let remainder = if y == 0 {
            None
        } else {
            Some(x.wrapping_rem(y))
        };
        assert_eq!(run("divs32", [a, b]), word(x.checked_div(y)), "{x} / {y}");
        assert_eq!(run("rems32", [a, b]), word(remainder), "{x} % {y}");
        errors += u32::from(x.checked_div(y).is_none());
    }
    for (a, b) in large
        .iter()
        .flat_map(|a| large.iter().chain(&small).map(move |b| (*a, *b)))
    {
        let [x, y] = [a, b].map(|own| own as i64);
        let word = |own: Option<i64>| own.map(|own| own as u64).ok_or("fault");
        let remainder = if y == 0 {
            None
        } else {
            Some(x.wrapping_rem(y))
        };
        assert_eq!(run("divs64", [a, b]), word(x.checked_div(y)), "{x} / {y}");
        assert_eq!(run("rems64", [a, b]), word(remainder), "{x} % {y}");
    }
    // By 0, and the least word by -1.
    assert_eq!(errors, 13);
    // What is no word is refused.
    for (bits, all) in [(32, ["divs32", "rems32"]), (64, ["divs64", "rems64"])] {
        let radix = 1u128 << bits;
        for mnemonic in all {
            let refused = |a: u128, b: u128| {
                let source = format!("push {a}\npush {b}\n{mnemonic}");
                let program: Program<Fr> = asm::assemble(&source).unwrap();
                let error = vm::run(&program, None, program.smallest_set()).unwrap_err();
                assert_eq!(error.kind(), "fault", "{source}");
            };
            refused(radix, 1);
            refused(radix + 1, 1);
            refused(1, radix);
            refused(1, radix + 1);
            refused(radix * 3, 2);
        }
    }
    for (source, expected) in [
        // The top is no word.
        ("push 5\npush -1\nsign32", None),
        ("push 5\npush 0x100000000\nsign32", None),
        ("push 5\npush 0xffffffff\nsign32", Some("4294967291")),
        ("push 0\npush 0xffffffff\nsign32", Some("0")),
        ("push 0x100000000\npush 0xffffffff\nsign32", Some("0")),
        ("push 0x100000001\npush 0xffffffff\nsign32", None),
        (
            "push 0x80000000\npush 0x80000000\nsign32",
            Some("2147483648"),
        ),
        ("push 0x80000000\npush 0x7fffffff\nsign32", None),
        (
            "push 0x7fffffff\npush 0x7fffffff\nsign32",
            Some("2147483647"),
        ),
        ("push -5\npush 1\nsign32", Some("-5")),
        ("push -0x80000001\npush 1\nsign32", None),
    ] {
        let program: Program<Fr> = asm::assemble(source).unwrap();
        let outcome = vm::run(&program, None, program.smallest_set());
        let output = outcome.ok().map(|own| own.output.to_text());
        assert_eq!(output.as_deref(), expected, "{source}");
    }
}

/// How many words the small machine's cells have, of four bytes of one bit, and how many cells.
const CELL_RADIX: u64 = 16;
const CELLS: u64 = 8;

impl Row {
    /// The new top, and what the cell holds then, if the constraints of `machine::core`, `machine::words` and `machine::memory` accept the
    /// row.
    fn stores(self) -> Option<[Small; 2]> {
        let cell = self.cell();
        let access = self.relation().access.expect("an access");
        let (Address::Byte(address), four) = (access.address, Small(4)) else {
            panic!("the address of a byte");
        };
        let there = four * Small(cell.address) + Small(cell.offset) == address;
        let new = access.new.is_none_or(|new| new == cell.new);
        let words = self.double.iter().all(|own| *own < CELL_RADIX);
        let result = self.accepted()?;
        (there && new && words).then_some([result, cell.new])
    }
}

/// For whatever address, word and cell, each row that is accepted gives the same result and leaves the same in the cell; and where
/// they are those of a byte, of a word and of a cell with a word, it is what is meant.
#[test]
fn an_access_to_bytes_is_determined_for_all_operands_of_a_small_field() {
    let opcodes = Opcode::ALL.iter().copied();
    let opcodes: Vec<_> = opcodes.filter(|own| own.uses_bytes()).collect();
    assert_eq!(opcodes.len(), 6);
    let stores = [Opcode::Store8, Opcode::Store16, Opcode::Store32];
    opcodes.into_par_iter().for_each(|opcode| {
        let bytes = match opcode {
            Opcode::Load8 | Opcode::Store8 => 1,
            Opcode::Load16 | Opcode::Store16 => 2,
            _ => 4,
        };
        let is_store = stores.contains(&opcode);
        let values = if is_store { 0..FIELD } else { 0..1 };
        let mut accepted = 0;
        for (top, value) in (0..FIELD).flat_map(|top| values.clone().map(move |own| (top, own))) {
            // Cells with words, and some without.
            for old in 0..CELL_RADIX + 4 {
                let places = (0..CELLS).flat_map(|cell| (0..4).map(move |offset| (cell, offset)));
                let mut results = BTreeSet::new();
                for (address, offset) in places.filter(|(cell, offset)| 4 * cell + offset == top) {
                    // Each word may be put there.
                    for new in (0..FIELD).map(Small) {
                        let mut row = Row {
                            opcode,
                            words: [Small(top), Small(value)],
                            argument: Small(0),
                            double: [0; 2],
                            rest: 0,
                            carries: [false; 3],
                            exponent: 0,
                            result: Small(0),
                            cell: Some(SmallCell {
                                address,
                                offset,
                                old,
                                new,
                            }),
                        };
                        let own = said(&row.relation(), &row);
                        row.double = own.map(|own| own.expect("an operand").0);
                        results.extend(row.stores());
                    }
                }
                let (cell, offset) = (top / 4, top % 4);
                let whole = cell < CELLS && offset + bytes <= 4;
                let words = bytes == 4 || old < CELL_RADIX && (!is_store || value < CELL_RADIX);
                let mask = ((1 << bytes) - 1) << offset;
                let expected = (whole && words).then(|| match (bytes, is_store) {
                    (4, true) => [value, value],
                    (4, false) => [old, old],
                    (_, true) => [value, old & !mask | (value << offset & mask)],
                    (_, false) => [(old & mask) >> offset, old],
                });
                let expected: BTreeSet<_> =
                    expected.map(|own| own.map(Small)).into_iter().collect();
                assert_eq!(results, expected, "{opcode}: {top}, {value}, {old}");
                accepted += expected.len();
            }
        }
        assert!(accepted > 0);
    });
}

/// The table has each pair of limbs once.
#[test]
fn the_table_has_all_pairs_of_limbs_and_what_they_have_in_common() {
    let words = InstructionSet::of(&[Opcode::Push, Opcode::Xor32]);
    for (rows, bits) in [
        (4, 1),
        (15, 1),
        (16, 2),
        (255, 2),
        (256, 4),
        (65_535, 4),
        (65_536, 8),
    ] {
        let shape = Shape::from(words).of_rows(rows);
        assert_eq!((shape.limb_bits, shape.limbs()), (bits, 32 / bits as usize));
        assert_eq!(shape.table_rows(), 1 << (2 * bits));
        assert_eq!(table_entries(shape), 3);
        let table: BTreeSet<_> = (0..shape.table_rows())
            .map(|row| table_row(shape, row))
            .collect();
        assert_eq!(table.len(), shape.table_rows());
        for [left, right, common, kind] in table {
            assert!(left < 1 << bits && right < 1 << bits);
            assert_eq!((common, kind), (left & right, 0));
        }
        assert_eq!(table_row(shape, shape.table_rows()), [0; 4]);
    }
    // Powers of two and counts of bits are kinds of their own.
    let more = InstructionSet::of(&[Opcode::Push, Opcode::Shl64, Opcode::Popcnt32]);
    let shape = Shape::from(more).of_rows(1 << 10);
    assert_eq!((shape.limb_bits, shape.limbs()), (4, 16));
    assert_eq!(shape.table_rows(), 256 + 32 + 64 + 16);
    assert_eq!(table_entries(shape), 4);
    let kinds = (0..shape.table_rows()).map(|row| table_row(shape, row));
    let of_kind = |own: u128| kinds.clone().filter(move |[.., kind]| *kind == own);
    for (kind, rows) in [(1, 32), (2, 64)] {
        assert!(of_kind(kind).eq((0..rows).map(|own| [own, 1 << own, 0, kind])));
    }
    assert!(of_kind(3).eq((0..16).map(|own: u128| [own, own.count_ones().into(), 0, 3])));
    assert_eq!(of_kind(0).count(), 256);
    let counting = InstructionSet::of(&[Opcode::Clz32, Opcode::Ctz64]);
    let shape = Shape::from(counting).of_rows(256);
    assert_eq!(
        (shape.limb_bits, shape.table_rows()),
        (2, 16 + 32 + 33 + 65)
    );
    assert_eq!(table_row(shape, 16 + 32 + 32), [32, 1 << 32, 0, 4]);
    assert_eq!(table_row(shape, 16 + 32 + 33 + 64), [64, 1 << 64, 0, 5]);
    // A set without such words has none of it.
    let shape = Shape::from(InstructionSet::FULL).of_rows(1 << 20);
    assert_eq!(
        (shape.limb_bits, shape.limbs(), shape.table_rows()),
        (0, 0, 0)
    );
}

fn run(source: &str) -> Result<u64, RunError> {
    let program: Program<Fr> = asm::assemble(source).unwrap();
    let inputs = Inputs::none();
    let outcome = Job::new(&program, program.smallest_set(), &inputs).run()?;
    Ok(halo2_stack_vm::algebra::Word::to_u64(&outcome.output).unwrap())
}

#[test]
fn words_wrap_around_and_what_is_none_is_an_error() {
    let most = u64::from(u32::MAX);
    for (source, expected) in [
        ("push 0xffffffff\npush 2\nadd32", 1),
        ("push 1\npush 2\nsub32", most),
        ("push 0xffffffff\npush 0xffffffff\nmul32", 1),
        ("push 0xffffffff\npush 0xffffffff\nmulhi32", most - 1),
        ("push 0x80000000\npush 0x7fffffff\nlt32", 0),
        ("push 5\npush 6\nlt32", 1),
        ("push 6\npush 6\nlt32", 0),
        ("push 0xff00ff00\npush 0x0ff00ff0\nand32", 0x0f00_0f00),
        ("push 0xff00ff00\npush 0x0ff00ff0\nor32", 0xfff0_fff0),
        ("push 0xff00ff00\npush 0x0ff00ff0\nxor32", 0xf0f0_f0f0),
        ("push 0xff00ff00\nandi32 0x0ff00ff0", 0x0f00_0f00),
        ("push 0xff00ff00\nori32 0x0ff00ff0", 0xfff0_fff0),
        ("push 0xff00ff00\nxori32 0x0ff00ff0", 0xf0f0_f0f0),
        ("push 0xffffffff\naddi32 1", 0),
        // By seven places to the left, to the right, and around.
        ("push 0x80000001\nmuli32 128", 128),
        ("push 0x80000001\nmulhii32 0x2000000", 0x0100_0000),
        ("push 0x80000001\nrotli32 128", 192),
        ("push 0x80000001\nshl32 7", 128),
        ("push 0x80000001\nshl32 31", 1 << 31),
        ("push 0x80000001\nshr32 7", 0x0100_0000),
        ("push 0x80000001\nshr32 0", 0x8000_0001),
        ("push 0x80000001\nrotl32 7", 192),
        ("push 0x80000001\nrotr32 7", 0x0300_0000),
        ("push 0x80000001\nrotr32 0", 0x8000_0001),
        ("push 0xffffffff\nassert32", most),
        ("push 0xffffffff\npush 10\ndiv32", most / 10),
        ("push 0xffffffff\npush 10\nrem32", 5),
        ("push 9\npush 10\ndiv32", 0),
        ("push 9\npush 10\nrem32", 9),
        ("push 0xffffffff\npush 0xffffffff\ndiv32", 1),
        ("push 0xffffffff\npush 1\ndiv32", most),
        ("push 0\npush 1\nrem32", 0),
        // With signs: -3 and 2, the least word and the largest.
        ("push 0xfffffffd\npush 2\nlts32", 1),
        ("push 2\npush 0xfffffffd\nlts32", 0),
        ("push 0x80000000\npush 0x7fffffff\nlts32", 1),
        ("push 0x7fffffff\npush 0x80000000\nlts32", 0),
        ("push 0xfffffffd\nshrs32 1", 0xffff_fffe),
        ("push 0x80000000\nshrs32 31", most),
        ("push 0x7fffffff\nshrs32 30", 1),
        ("push 0xfffffffd\npush 1\nshrs32", 0xffff_fffe),
        ("push 0xfffffffd\npush 0\nshrs32", 0xffff_fffd),
        ("push 0x80000001\npush 31\nshrs32", most),
        ("push 0xfffffffd\nextends32", u64::MAX - 2),
        ("push 0x7fffffff\nextends32", 0x7fff_ffff),
        // By the top.
        ("push 0x80000001\npush 7\nshl32", 128),
        ("push 0x80000001\npush 0\nshl32", 0x8000_0001),
        ("push 0x80000001\npush 31\nshl32", 1 << 31),
        ("push 0x80000001\npush 7\nshr32", 0x0100_0000),
        ("push 0x80000001\npush 0\nshr32", 0x8000_0001),
        ("push 0x80000001\npush 7\nrotl32", 192),
        ("push 0\nclz32", 32),
        ("push 1\nclz32", 31),
        ("push 0xffffffff\nclz32", 0),
        ("push 0x00ff0000\nclz32", 8),
        ("push 0\nctz32", 32),
        ("push 0x80000000\nctz32", 31),
        ("push 0xffffffff\nctz32", 0),
        ("push 0x00ff0000\nctz32", 16),
        ("push 0\npopcnt32", 0),
        ("push 0xffffffff\npopcnt32", 32),
        ("push 0x80ff0001\npopcnt32", 10),
        ("push 0xffffffffffffffff\npush 2\nadd64", 1),
        ("push 1\npush 2\nsub64", u64::MAX),
        ("push 0xffffffffffffffff\npush 0xffffffffffffffff\nmul64", 1),
        (
            "push 0xffffffffffffffff\npush 0xffffffffffffffff\nmulhi64",
            u64::MAX - 1,
        ),
        ("push 0x8000000000000000\npush 0x7fffffffffffffff\nlt64", 0),
        ("push 0x8000000000000000\npush 0x7fffffffffffffff\nlts64", 1),
        (
            "push 0xff00ff00ff00ff00\npush 0x0ff00ff00ff00ff0\nand64",
            0x0f00_0f00_0f00_0f00,
        ),
        (
            "push 0xff00ff00ff00ff00\npush 0x0ff00ff00ff00ff0\nor64",
            0xfff0_fff0_fff0_fff0,
        ),
        (
            "push 0xff00ff00ff00ff00\npush 0x0ff00ff00ff00ff0\nxor64",
            0xf0f0_f0f0_f0f0_f0f0,
        ),
        ("push 0xffffffffffffffff\npush 10\ndiv64", u64::MAX / 10),
        ("push 0xffffffffffffffff\npush 10\nrem64", 5),
        ("push 9\npush 0xffffffffffffffff\nrem64", 9),
        // The largest divisor and dividend, and some that have more than 64 and 128 bits.
        ("push 0x1fffffffe00000000\npush 0x1ffffffff\ndiv32", most),
        (
            "push 0x100000000000000000000000000000000\npush 0x10000000000000001\ndiv64",
            u64::MAX,
        ),
        (
            "push 0x100000000000000000000000000000000\npush 0x10000000000000001\nrem64",
            1,
        ),
        (
            "push 0x1fffffffffffffffe0000000000000000\npush 0x1ffffffffffffffff\ndiv64",
            u64::MAX,
        ),
        (
            "push 0x1fffffffffffffffe0000000000000000\npush 0x1ffffffffffffffff\nrem64",
            u64::MAX,
        ),
        ("push 0xffffffffffffffff\naddi64 1", 0),
        ("push 0x8000000000000001\nshl64 7", 128),
        ("push 0x8000000000000001\nshr64 7", 0x0100_0000_0000_0000),
        ("push 0x8000000000000001\nshr64 0", 0x8000_0000_0000_0001),
        ("push 0x8000000000000001\nrotl64 7", 192),
        ("push 0x8000000000000001\nrotr64 7", 0x0300_0000_0000_0000),
        ("push 0x8000000000000001\nshrs64 63", u64::MAX),
        ("push 0x8000000000000001\npush 63\nshrs64", u64::MAX),
        ("push 0x8000000000000001\npush 7\nshl64", 128),
        ("push 0x8000000000000001\npush 63\nshl64", 1 << 63),
        ("push 0x8000000000000001\npush 63\nshr64", 1),
        ("push 0x8000000000000001\npush 7\nrotl64", 192),
        ("push 0\nclz64", 64),
        ("push 0x0001000000000000\nclz64", 15),
        ("push 0\nctz64", 64),
        ("push 0x0001000000000000\nctz64", 48),
        ("push 0xffffffffffffffff\npopcnt64", 64),
        ("push 0xffffffffffffffff\nassert64", u64::MAX),
    ] {
        assert_eq!(run(source), Ok(expected), "{source}");
    }
    let above = "push 0x100000000\n";
    for source in [
        "push -1\npush 0\nadd32".to_owned(),
        format!("{above}push 0\nsub32"),
        "push 0\npush 0x100000001\nsub32".to_owned(),
        "push -1\npush 2\nmul32".to_owned(),
        format!("{above}push 0\nlt32"),
        format!("{above}push 0\nand32"),
        format!("push 0\n{above}or32"),
        format!("push 0\n{above}xor32"),
        "push 0\naddi32 -1".to_owned(),
        format!("{above}muli32 0x100000000"),
        format!("{above}assert32"),
        "push -1\nassert32".to_owned(),
        "push 7\npush 0\ndiv32".to_owned(),
        "push 0\npush 0\nrem32".to_owned(),
        "push -1\npush 3\ndiv32".to_owned(),
        "push 3\npush -1\nrem32".to_owned(),
        format!("{above}clz32"),
        "push -1\nclz32".to_owned(),
        // The half of 1 in the field is no word, although twice it is one.
        "push 2\ninv\nclz32".to_owned(),
        format!("{above}ctz32"),
        format!("{above}popcnt32"),
        format!("{above}extends32"),
        "push 1\npush 32\nshl32".to_owned(),
        "push 1\npush -1\nshr32".to_owned(),
        "push 1\npush 32\nshr32".to_owned(),
        "push 0x80000000\npush -1\nshrs32".to_owned(),
        "push 1\npush 32\nshrs32".to_owned(),
        "push 0x180000000\npush 1\nshrs32".to_owned(),
        "push 0x180000000\npush 1\nlts32".to_owned(),
        "push 1\npush -0x80000001\nlts32".to_owned(),
        "push 1\npush 64\nrotl64".to_owned(),
        "push 0x10000000000000000\nassert64".to_owned(),
        "push 0x10000000000000000\npush 1\nxor64".to_owned(),
        "push 7\npush 0\nrem64".to_owned(),
        // The quotient is no word.
        format!("{above}push 1\nrem32"),
    ] {
        let error = run(&source).unwrap_err();
        assert_eq!(error.kind(), "fault", "{source}");
        let last = source.lines().last().unwrap().split(' ').next().unwrap();
        assert!(
            error.to_string().contains(&format!("`{last}` fails: ")),
            "{error}"
        );
    }
}

/// A round of a hash: each instruction with 32-bit words, on words with many bits.
const ROUND: &str = "push 0x9e3779b9\npush 0x7f4a7c15\nadd32\nrotli32 8192\npush 0x85ebca6b\nxor32\nmuli32 0xc2b2ae35\n\
    push 0x27d4eb2f\nand32\naddi32 0x165667b1\npush 0xfd7046c5\nor32\nmulhii32 65536\npush 0xb55a4f09\nmul32\n\
    push 0x62a9d9ed\nmulhi32\npush 0x799705f5\nsub32\nassert32\npush 0xff51afd7\nlt32\npush 4\nmul32\n\
    addi32 0xfffffff7\ndup\npush 10\nrem32\nover\npush 0x10001\ndiv32\nmul32\nxor32\n\
    shrs32 3\npush 5\nshrs32\npush 3\nrotl32\ndup\nclz32\nover\nctz32\nadd32\nover\npopcnt32\nadd32\n\
    push 1\nadd32\nshl32\npush 2\nshr32\npush 0xfffffff0\nlts32\naddi32 0x80000000\nxori32 7\nori32 9\nandi32 0xfffffffe\n\
    push 0xfffffffb\ndivs32\nextends32";

/// Those with 64-bit words, and some others between them.
const LONG: &str = "push 0x9e3779b97f4a7c15\npush 0x7f4a7c15f39cc060\nadd64\nrotl64 13\npush 0xc2b2ae3d27d4eb4f\nxor64\n\
    muli64 0x165667b19e3779f9\npush 0x85ebca77c2b2ae63\nand64\naddi64 0x27d4eb2f165667c5\npush 0xfd7046c5ff51afd7\nor64\n\
    shr64 5\npush 0xb55a4f09fd7046c5\nmul64\ndup\npush 0x62a9d9ed799705f5\nmulhi64\nsub64\nassert64\npush 0xfffffffffffffff9\nrems64\npush 3\ndivs64\ndup\npush 7\nshrs64\n\
    shrs64 2\nlts64\npush 0xff51afd7ed558ccd\nmul64\ndup\npush 1000003\nrem64\nover\npush 0x10001000100\ndiv64\nmul64\nxor64\n\
    dup\nclz64\nover\nctz64\nadd32\nover\npopcnt64\nadd32\npush 61\nrem32\npush 2\nadd32\nrotl64\npush 3\nshl64\npush 1\n\
    shr64\nmulhii32 0\npush 0xffffffff\nlts32\npush 0xfffffffe\nadd32\nextends32\npush 3\nlt64\npush 9\npush 4\ndiv32\nshrs32 0\nadd64";

fn round(source: &str) -> (Program<Fr>, Trace<Fr>) {
    let program: Program<Fr> = asm::assemble(source).unwrap();
    let trace = Trace::new(&program, None, program.smallest_set()).unwrap();
    (program, trace)
}

/// What a run says holds of limbs of every size, under every binding; another output does not.
#[test]
fn limbs_of_every_size_are_accepted() {
    // They have all instructions that compute with words.
    let executed = [ROUND, LONG].map(|source| round(source).1.set());
    let computing = |own: &&Opcode| own.uses_words() && !own.uses_memory();
    for opcode in Opcode::ALL.iter().filter(computing) {
        assert!(executed.iter().any(|set| set.contains(*opcode)), "{opcode}");
    }
    let small = [ROUND, LONG]
        .into_iter()
        .flat_map(|own| Binding::ALL.map(|binding| (own, 8, binding)));
    let larger = [(ROUND, 10), (LONG, 10), (ROUND, 17)];
    let larger = larger.map(|(own, k)| (own, k, Binding::Public));
    for (source, k, binding) in small.chain(larger) {
        let (program, trace) = round(source);
        let params = CircuitParams::new(k, trace.set(), binding).unwrap();
        let source = KeySource::for_program(params, &program).unwrap();
        let circuit = StackVmCircuit::new(source, &trace).unwrap();
        let mut statement = Statement::of(&trace);
        assert_eq!(circuit.check(&statement), Ok(()), "k = {k}, {binding:?}");
        statement.output += Fr::one();
        let error = circuit.check(&statement).unwrap_err();
        let WitnessError::Unsatisfied { constraint, .. } = &error else {
            panic!("{error}");
        };
        let ends = "the sum ends as beta * top less the bottom word's cell";
        assert_eq!(constraint, ends);
    }
}

/// Bytes need a table of 2^16 rows, which is what a circuit of 2^17 rows has room for: a real proof of it.
#[test]
fn words_are_proved_with_limbs_of_bytes() {
    let (program, trace) = round(LONG);
    let circuit = CircuitParams::new(17, trace.set(), Binding::Public).unwrap();
    assert_eq!(circuit.shape().limb_bits, 8);
    let params = KzgParams::insecure_dev(circuit.k()).unwrap();
    let source = KeySource::for_program(circuit, &program).unwrap();
    let key = Kzg::keygen_of(&params, &source).unwrap();
    let proof = Kzg::prove(&params, &key, &trace).unwrap();
    let mut statement = Statement::of(&trace).in_circuit(circuit);
    Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap();
    statement.output += Fr::one();
    Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap_err();
}
