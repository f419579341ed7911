//! [`Schedule`]: what is known of a straight line's run before it is given anything: what each row executes, and how the stack
//! is linked.
//!
//! In a machine whose key holds such a program this stands in fixed columns, and nothing of it is left to a prover.

use crate::algebra::Word;
use crate::isa::{Effect, InstructionSet, Opcode};
use crate::program::Program;
use crate::vm::{Links, RunError};

/// The columns of a straight line that do not depend on its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    executed: Vec<Opcode>,
    /// Of each row and of the final state.
    links: Vec<u32>,
    rows: usize,
}

impl Schedule {
    /// The schedule of a program in a machine of so many rows.
    ///
    /// # Errors
    ///
    /// If an instruction is not in the set or finds too few words, or the machine has too few rows: then no
    /// run of the program can be proved.
    pub fn new<F: Word>(
        program: &Program<F>,
        set: InstructionSet,
        rows: usize,
    ) -> Result<Self, RunError> {
        let mut schedule = Schedule {
            executed: vec![],
            links: vec![],
            rows,
        };
        let mut links = Links::default();
        let mut depth = 0usize;
        let mut step = |opcode: Opcode, depth: &mut usize| {
            schedule.links.push(links.link);
            schedule.executed.push(opcode);
            links.step(opcode.effect(), schedule.executed.len() as u32);
            match opcode.effect() {
                Effect::Grow => *depth += 1,
                Effect::Keep => {}
                Effect::Shrink => *depth -= 1,
            }
        };
        for (at, instruction) in program.instructions().iter().enumerate() {
            let Some(opcode) = set.decode(instruction.opcode) else {
                return Err(RunError::InvalidOpcode {
                    step: at,
                    pc: at,
                    opcode: instruction.opcode,
                    depth,
                    set,
                });
            };
            if opcode == Opcode::Halt {
                break;
            }
            if depth < opcode.needs() {
                return Err(RunError::StackUnderflow {
                    step: at,
                    pc: at,
                    opcode,
                    needs: opcode.needs(),
                    depth,
                });
            }
            if at >= rows {
                break;
            }
            step(opcode, &mut depth);
        }
        while depth >= Opcode::Halt.needs() {
            step(Opcode::Halt, &mut depth);
        }
        schedule.links.push(links.link);
        let needed = schedule.executed.len().max(program.stated(set).len());
        if needed > rows {
            return Err(RunError::TooManyRows {
                rows: needed as u64,
                limit: rows,
            });
        }
        Ok(schedule)
    }

    /// What a row executes; `None` if it is idle, or the final one.
    pub fn executed(&self, row: usize) -> Option<Opcode> {
        let opcode = self.executed.get(row).copied();
        opcode.filter(|opcode| *opcode != Opcode::IDLE)
    }

    /// The number of hashes that are made.
    pub fn hashes(&self) -> usize {
        self.executed.iter().filter(|own| own.hashes()).count()
    }

    /// The link of the state on a row.
    pub fn link(&self, row: usize) -> u64 {
        let last = self.links.last();
        let link = self.links.get(row).or(last);
        link.map_or(0, |link| u64::from(*link))
    }

    /// 1 if the stack holds a word in the end, else 0.
    pub fn nonempty(&self) -> u64 {
        u64::from(self.link(self.rows) != 0)
    }
}
