//! The instructions of TinyRAM as instructions of this machine.
//!
//! | operation | rows | how |
//! |---|---|---|
//! | `and`, `or`, `xor`, `not` | 6, 7 | on 32-bit words |
//! | `add`, `sub`, `mull`, `umulh` | 7 to 10 | in the field, then split into the low word and what is above it |
//! | `smulh` | 29 | the unsigned product, less each factor where the other one is negative |
//! | `udiv`, `umod` | 12, 9 | with the divisor 1 in place of 0 |
//! | `shl`, `shr` | 6, 7; 19, 21 by a register | with a power of two, from a table in the program |
//! | `cmpe`, `cmpa`, `cmpae`, `cmpg`, `cmpge` | 4 to 7 | signed ones with the signs turned round |
//! | `mov`, `cmov` | 2, 8 | |
//! | `jmp`, `cjmp`, `cnjmp` | 1, 2; to where a register says 8 with `hv`, 12 with `vn`, and 2 more for a condition | by a table of addresses in the program |
//! | `load.w`, `store.w` | 2; 5, 6 by a register | |
//! | `load.b`, `store.b` | 4, 10; 13, 31 by a register | with powers of two, as shifts |
//! | `read` | 11, or 6 of an empty tape; 3 more for words of 16 bits, and more where a register says which tape | with what is left of the tape |
//! | `answer` | 2, 2 more for each tape, and 9 (12 for words of 16 bits) for each word that is left there | |

use super::TinyRam;
use super::code::Argument::{self, Entries, Entry, Number, Place, Power};
use super::code::{Cell, Lowering};
use super::text::{Instruction, Operation, Source, Value};
use crate::algebra::Word;
use crate::isa::Opcode;

use Opcode::{
    Add, Addi, Addi32, And32, Andi32, Assert, AssertEq, Div32, Dup, Eq, Get, Iszero, Jnz, Jump, Jz,
    Load, Lt32, Mul, Mulhi32, Mulhii32, Muli, Muli32, Neg, Not, Or32, Ori32, Over, Pop, Push, Put,
    Rem32, Ret, Store, Sub, Swap, Xor32, Xori32,
};

pub(super) const FLAG: Argument = Argument::Cell(Cell::Flag);
const SCRATCH: Argument = Argument::Cell(Cell::Scratch);
const MEMORY: Argument = Argument::Cell(Cell::Memory(0));

pub(super) fn register(number: u64) -> Argument {
    Argument::Cell(Cell::Register(number))
}

fn number(word: u64) -> Argument {
    // A word has 32 bits at most.
    Number(word as i64)
}

/// Makes a program of this machine of one of TinyRAM.
pub(super) fn lower<F: Word>(text: &Source) -> TinyRam<F> {
    let read = text.instructions.iter();
    let read = read.filter(|own| own.operation == Operation::Read);
    let read: Vec<Value> = read.map(|own| own.value).collect();
    let reads = |tape: u64| {
        let mut read = read.iter();
        read.any(|own| matches!(own, Value::Register(_)) || *own == Value::Word(tape))
    };
    let mut lowering = Lowering::new(text, [0, 1].map(reads));
    lowering.all();
    lowering.write();
    lowering.all();
    lowering.finish()
}

impl<F: Word> Lowering<'_, F> {
    pub(super) fn bits(&self) -> u32 {
        self.text.bits
    }

    /// A word more than a word can be.
    fn radix(&self) -> i64 {
        1 << self.bits()
    }

    /// Replaces the top by its lowest bits, a word.
    fn low(&mut self) {
        match self.bits() {
            32 => self.emit(Addi32, Number(0)),
            _ => self.emit(Andi32, Number(self.radix() - 1)),
        }
    }

    /// Shifts the top, of fewer than 64 bits, by 32 places at most to the right.
    fn shift_right(&mut self, places: u32) {
        self.emit(Mulhii32, Number(1 << (32 - places)));
    }

    /// Replaces the top by what is above its lowest bits.
    pub(super) fn high(&mut self) {
        self.shift_right(self.bits());
    }

    /// Replaces the top, a word, by its highest bit.
    fn sign(&mut self) {
        self.shift_right(self.bits() - 1);
    }

    /// Sets the flag to the top.
    pub(super) fn set_flag(&mut self) {
        self.emit(Put, FLAG);
    }

    /// Sets the flag to whether the top is not 0.
    fn flag_if_any(&mut self) {
        self.plain(&[Iszero, Not]);
        self.set_flag();
    }

    /// Sets the flag to whether the top is 0, and leaves it.
    fn flag_if_none(&mut self) {
        self.plain(&[Dup, Iszero]);
        self.set_flag();
    }

    pub(super) fn push(&mut self, value: Value) {
        match value {
            Value::Register(number) => self.emit(Get, register(number)),
            Value::Word(word) => self.emit(Push, number(word)),
        }
    }

    /// Pushes a value with its sign turned round, so that signed order is unsigned order.
    fn push_turned(&mut self, value: Value) {
        let sign = 1 << (self.bits() - 1);
        match value {
            Value::Register(_) => {
                self.push(value);
                self.emit(Xori32, number(sign));
            }
            Value::Word(word) => self.push(Value::Word(word ^ sign)),
        }
    }

    /// Combines the top with a value: by the second instruction if that is a word.
    fn with(&mut self, value: Value, plain: Opcode, immediate: Opcode) {
        match value {
            Value::Register(_) => {
                self.push(value);
                self.plain(&[plain]);
            }
            Value::Word(word) => self.emit(immediate, number(word)),
        }
    }

    /// Replaces an address of a byte by the cell of its word.
    fn cell_of_byte(&mut self) {
        self.shift_right(self.bits().ilog2() - 3);
        self.emit(Addi, MEMORY);
    }

    fn all(&mut self) {
        self.count_tapes();
        let text = self.text;
        for instruction in &text.instructions {
            self.line = instruction.line;
            self.entry();
            self.instruction(instruction);
        }
        // What comes after the last one.
        self.entry();
        self.emit(Push, Number(0));
        self.plain(&[Assert]);
        self.message("the program counter leaves the program");
    }

    fn instruction(&mut self, own: &Instruction) {
        let (value, target) = (own.value, register(own.register));
        match own.operation {
            Operation::And | Operation::Or | Operation::Xor => {
                let [plain, immediate] = match own.operation {
                    Operation::And => [And32, Andi32],
                    Operation::Or => [Or32, Ori32],
                    _ => [Xor32, Xori32],
                };
                self.push(Value::Register(own.left));
                self.with(value, plain, immediate);
                self.flag_if_none();
                self.emit(Put, target);
            }
            Operation::Not => {
                self.push(value);
                self.emit(Xori32, Number(self.radix() - 1));
                self.flag_if_none();
                self.emit(Put, target);
            }
            Operation::Add | Operation::Sub | Operation::Mull | Operation::Umulh => {
                self.arithmetic(own);
            }
            Operation::Smulh => self.signed_product(own),
            Operation::Udiv | Operation::Umod => self.division(own),
            Operation::Shl | Operation::Shr => self.shift(own),
            Operation::Cmpe => {
                self.emit(Get, target);
                self.push(value);
                self.plain(&[Eq]);
                self.set_flag();
            }
            Operation::Cmpa | Operation::Cmpg => {
                self.compared(own, value, Value::Register(own.register));
                self.set_flag();
            }
            Operation::Cmpae | Operation::Cmpge => {
                self.compared(own, Value::Register(own.register), value);
                self.plain(&[Not]);
                self.set_flag();
            }
            Operation::Mov => {
                self.push(value);
                self.emit(Put, target);
            }
            Operation::Cmov => {
                self.push(value);
                self.emit(Get, target);
                self.plain(&[Sub]);
                self.emit(Get, FLAG);
                self.plain(&[Mul]);
                self.emit(Get, target);
                self.plain(&[Add]);
                self.emit(Put, target);
            }
            Operation::Jmp => self.jump(own),
            Operation::Cjmp | Operation::Cnjmp => {
                let [goes, stays] = match own.operation {
                    Operation::Cjmp => [Jnz, Jz],
                    _ => [Jz, Jnz],
                };
                self.emit(Get, FLAG);
                match own.target {
                    Some(number) => self.emit(goes, Entry(number)),
                    None => {
                        let next = self.ahead();
                        self.emit(stays, Place(next));
                        self.jump(own);
                        self.here(next);
                    }
                }
            }
            Operation::StoreW => match value {
                Value::Word(address) => {
                    self.emit(Get, target);
                    let cell = self.cell_of(address);
                    self.emit(Put, cell);
                }
                Value::Register(_) => {
                    self.emit(Get, target);
                    self.push(value);
                    self.cell_of_byte();
                    self.plain(&[Store, Pop]);
                }
            },
            Operation::LoadW => {
                self.load_word(value);
                self.emit(Put, target);
            }
            Operation::LoadB => self.load_byte(own),
            Operation::StoreB => self.store_byte(own),
            Operation::Read => self.read(own),
            Operation::Answer => {
                self.push(value);
                self.end();
            }
        }
    }

    fn arithmetic(&mut self, own: &Instruction) {
        self.push(Value::Register(own.left));
        match (own.operation, own.value) {
            (Operation::Add, value) => self.with(value, Add, Addi),
            // Above the low word is 1 then, unless something is borrowed.
            (Operation::Sub, Value::Word(word)) => {
                self.emit(Addi, number((1 << self.bits()) - word));
            }
            (Operation::Sub, value) => {
                self.push(value);
                self.plain(&[Sub]);
                self.emit(Addi, Number(self.radix()));
            }
            (_, value) => self.with(value, Mul, Muli),
        }
        if own.operation == Operation::Umulh {
            self.high();
            self.plain(&[Dup]);
            self.flag_if_any();
        } else {
            self.plain(&[Dup]);
            self.high();
            match own.operation {
                Operation::Add => self.set_flag(),
                Operation::Sub => {
                    self.plain(&[Not]);
                    self.set_flag();
                }
                _ => self.flag_if_any(),
            }
            self.low();
        }
        self.emit(Put, register(own.register));
    }

    /// With a and b the factors as unsigned words and s their signs, the high word is that of `a b` less `s(a) b + s(b) a`, modulo 2^W.
    /// The product is a signed word if adding the sign of the low word to the high one makes that 0.
    fn signed_product(&mut self, own: &Instruction) {
        let left = Value::Register(own.left);
        for [sign, factor] in [[left, own.value], [own.value, left]] {
            self.push(sign);
            self.sign();
            self.push(factor);
            self.plain(&[Mul]);
        }
        self.plain(&[Add]);
        self.emit(Put, SCRATCH);
        self.push(left);
        self.push(own.value);
        self.plain(&[Mul, Dup]);
        self.high();
        self.emit(Get, SCRATCH);
        self.plain(&[Sub]);
        self.emit(Addi, Number(2 * self.radix()));
        self.low();
        self.plain(&[Swap]);
        self.low();
        self.sign();
        self.plain(&[Over, Add]);
        self.low();
        self.flag_if_any();
        self.emit(Put, register(own.register));
    }

    fn division(&mut self, own: &Instruction) {
        self.push(Value::Register(own.left));
        self.push(own.value);
        self.flag_if_none();
        self.emit(Get, FLAG);
        self.plain(&[Add]);
        match own.operation {
            // What 1 leaves is 0.
            Operation::Umod => self.plain(&[Rem32]),
            _ => {
                self.plain(&[Div32]);
                self.emit(Get, FLAG);
                self.plain(&[Not, Mul]);
            }
        }
        self.emit(Put, register(own.register));
    }

    fn shift(&mut self, own: &Instruction) {
        let (bits, is_left) = (self.bits(), own.operation == Operation::Shl);
        self.push(Value::Register(own.left));
        self.plain(&[Dup]);
        match is_left {
            true => self.sign(),
            false => self.emit(Andi32, Number(1)),
        }
        self.set_flag();
        match own.value {
            Value::Word(places) => {
                let places = u32::try_from(places).ok().filter(|own| *own < bits);
                match places {
                    None => self.emit(Muli, Number(0)),
                    Some(places) if is_left => {
                        self.emit(Muli32, Number(1 << places));
                        if bits < 32 {
                            self.low();
                        }
                    }
                    Some(places) => self.shift_right(places),
                }
            }
            Value::Register(_) => {
                self.push(own.value);
                self.plain(&[Dup]);
                self.emit(Push, Number(bits.into()));
                self.plain(&[Lt32, Dup]);
                // 0 where nothing is left of the word: the power is that of no places then, times 0.
                self.emit(Put, SCRATCH);
                self.plain(&[Swap]);
                if !is_left {
                    self.plain(&[Neg]);
                    self.emit(Addi, Number(bits.into()));
                }
                self.plain(&[Mul]);
                self.emit(Addi, Power(0));
                self.plain(&[Load]);
                self.emit(Get, SCRATCH);
                self.plain(&[Mul, Mul]);
                match is_left {
                    true => self.low(),
                    false => self.high(),
                }
            }
        }
        self.emit(Put, register(own.register));
    }

    /// Pushes whether one value is less than another: as signed words if the instruction says so.
    fn compared(&mut self, own: &Instruction, less: Value, more: Value) {
        let signed = matches!(own.operation, Operation::Cmpg | Operation::Cmpge);
        for value in [less, more] {
            match signed {
                true => self.push_turned(value),
                false => self.push(value),
            }
        }
        self.plain(&[Lt32]);
    }

    fn jump(&mut self, own: &Instruction) {
        if let Some(number) = own.target {
            self.emit(Jump, Entry(number));
            return;
        }
        self.push(own.value);
        let stride = self.text.stride;
        if stride > 1 {
            self.plain(&[Dup]);
            self.emit(Andi32, number(stride - 1));
            self.emit(AssertEq, Number(0));
            self.message("the program counter is no address of an instruction");
            self.shift_right(stride.ilog2());
        }
        self.plain(&[Dup]);
        self.emit(Push, number(self.text.instructions.len() as u64));
        self.plain(&[Lt32, Assert]);
        self.message("the program counter leaves the program");
        self.emit(Addi, Entries);
        self.plain(&[Load, Ret]);
    }

    /// The cell of the word that a byte is in.
    fn cell_of(&self, address: u64) -> Argument {
        Argument::Cell(Cell::Memory(address / u64::from(self.bits() / 8)))
    }

    /// How far to the left a byte stands in its word.
    fn place_of(&self, address: u64) -> u64 {
        address % u64::from(self.bits() / 8) * 8
    }

    fn load_word(&mut self, address: Value) {
        match address {
            Value::Word(address) => {
                let cell = self.cell_of(address);
                self.emit(Get, cell);
            }
            Value::Register(_) => {
                self.push(address);
                self.cell_of_byte();
                self.plain(&[Load]);
            }
        }
    }

    /// Replaces the top, an address in a register, by how far to the left its byte stands in its word.
    fn place_of_byte(&mut self) {
        self.emit(Andi32, number(u64::from(self.bits() / 8 - 1)));
        self.emit(Muli, Number(8));
    }

    /// Replaces the top, so many places, by what shifts a word to the right by them.
    fn right_shift_by(&mut self) {
        self.plain(&[Neg]);
        self.emit(Addi, Power(32));
        self.plain(&[Load]);
    }

    fn load_byte(&mut self, own: &Instruction) {
        self.load_word(own.value);
        match own.value {
            Value::Word(address) => self.shift_right(self.place_of(address) as u32),
            Value::Register(_) => {
                self.push(own.value);
                self.place_of_byte();
                self.right_shift_by();
                self.plain(&[Mulhi32]);
            }
        }
        self.emit(Andi32, Number(0xff));
        self.emit(Put, register(own.register));
    }

    /// The word with the difference of the new byte and the old one, in its place, added.
    fn store_byte(&mut self, own: &Instruction) {
        let byte = Value::Register(own.register);
        self.load_word(own.value);
        self.push(byte);
        self.emit(Andi32, Number(0xff));
        match own.value {
            Value::Word(address) => {
                let (cell, place) = (self.cell_of(address), self.place_of(address));
                self.emit(Get, cell);
                self.shift_right(place as u32);
                self.emit(Andi32, Number(0xff));
                self.plain(&[Sub]);
                self.emit(Muli, Number(1 << place));
                self.plain(&[Add]);
                self.emit(Put, cell);
            }
            Value::Register(_) => {
                self.push(own.value);
                self.place_of_byte();
                self.plain(&[Dup]);
                self.emit(Put, SCRATCH);
                self.right_shift_by();
                self.load_word(own.value);
                self.plain(&[Mulhi32]);
                self.emit(Andi32, Number(0xff));
                self.plain(&[Sub]);
                self.emit(Get, SCRATCH);
                self.emit(Addi, Power(0));
                self.plain(&[Load, Mul, Add]);
                self.push(own.value);
                self.cell_of_byte();
                self.plain(&[Store, Pop]);
            }
        }
    }
}
