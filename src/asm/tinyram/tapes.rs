//! The tapes: what is read, and what is left.

use super::code::Argument::{self, Number, Place};
use super::code::{Cell, Lowering};
use super::lower::{FLAG, register};
use super::text::{Instruction, Value};
use crate::algebra::Word;
use crate::isa::Opcode;
use crate::isa::Opcode::{
    Addi, Assert32, AssertEq, Dup, Eq, Get, Halt, Jnz, Jump, Jz, Pop, Push, Put, Read, Secret,
};

/// What takes the next word of a tape.
const TAKE: [Opcode; 2] = [Read, Secret];

fn left(tape: u64) -> Argument {
    Argument::Cell(Cell::Left(tape))
}

impl<F: Word> Lowering<'_, F> {
    /// Takes the number of words on each tape.
    pub fn count_tapes(&mut self) {
        for tape in [0, 1] {
            if self.reads[tape] {
                self.emit(TAKE[tape], Number(0));
                self.emit(Put, left(tape as u64));
            }
        }
    }

    /// Takes a word of a tape, if it is one.
    fn take(&mut self, tape: usize) {
        self.emit(TAKE[tape], Number(0));
        let message = format!("a word of a tape has at most {} bits", self.bits());
        self.emit(Assert32, Number(0));
        self.message(&message);
        if self.bits() < 32 {
            self.plain(&[Dup]);
            self.high();
            self.emit(AssertEq, Number(0));
            self.message(&message);
        }
    }

    pub fn read(&mut self, own: &Instruction) {
        let [end, empty] = [self.ahead(), self.ahead()];
        match own.value {
            Value::Word(tape @ 0..=1) => self.read_tape(own, tape, empty, end),
            Value::Word(_) => {}
            Value::Register(_) => {
                let second = self.ahead();
                self.push(own.value);
                self.emit(Jnz, Place(second));
                self.read_tape(own, 0, empty, end);
                self.here(second);
                self.push(own.value);
                self.emit(Push, Number(1));
                self.plain(&[Eq]);
                self.emit(Jz, Place(empty));
                self.read_tape(own, 1, empty, end);
            }
        }
        self.here(empty);
        for (word, cell) in [(0, register(own.register)), (1, FLAG)] {
            self.emit(Push, Number(word));
            self.emit(Put, cell);
        }
        self.here(end);
    }

    fn read_tape(&mut self, own: &Instruction, tape: u64, empty: usize, end: usize) {
        self.emit(Get, left(tape));
        self.emit(Jz, Place(empty));
        self.count_down(tape);
        self.take(tape as usize);
        self.emit(Put, register(own.register));
        self.emit(Push, Number(0));
        self.set_flag();
        self.emit(Jump, Place(end));
    }

    fn count_down(&mut self, tape: u64) {
        self.emit(Get, left(tape));
        self.emit(Addi, Number(-1));
        self.emit(Put, left(tape));
    }

    /// Ends the run, once all that is on the tapes was taken.
    pub fn end(&mut self) {
        for tape in [0, 1] {
            if !self.reads[tape] {
                continue;
            }
            let [again, empty] = [self.ahead(), self.ahead()];
            self.here(again);
            self.emit(Get, left(tape as u64));
            self.emit(Jz, Place(empty));
            self.count_down(tape as u64);
            self.take(tape);
            self.plain(&[Pop]);
            self.emit(Jump, Place(again));
            self.here(empty);
        }
        self.plain(&[Halt]);
    }
}
