//! [`Shape`]: which columns a machine has.

use super::{InstructionSet, Opcode};

/// Which columns a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The instruction set.
    pub set: InstructionSet,
    /// Whether the machine has one program, in its key, and that is a straight line. Then
    /// each row's instruction and the depth of the stack there are known beforehand, and stand in fixed columns.
    pub straight: bool,
}

impl From<InstructionSet> for Shape {
    /// The machine that runs any program of the set.
    fn from(set: InstructionSet) -> Self {
        Shape {
            set,
            straight: false,
        }
    }
}

impl Shape {
    /// The machine whose key holds its program: a straight line, if that can be nothing else.
    pub fn fixed(set: InstructionSet) -> Self {
        Shape {
            set,
            straight: !set.has_control(),
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
