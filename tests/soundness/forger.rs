//! A machine that need not be honest: it makes the columns of a run step by step, and whoever drives
//! it may change its state, what it executes and what it takes back from below, between steps.

use std::collections::{BTreeMap, VecDeque};

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Cofactor, Effect, InstructionSet, Opcode, Operands};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::row::{Cell, Row};
use halo2_stack_vm::vm::Trace;
use halo2_stack_vm::witness::Witness;
use halo2curves::bn256::Fr;

use crate::machine::{self, Claim, Machine, truth};
use crate::programs::Step;

/// A machine, a program that runs in it, and the honest claim.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The program.
    pub program: Vec<Step>,
    /// What an honest prover claims.
    pub honest: Claim,
    /// The instruction that each step executes, `nop` where the machine is idle.
    pub executed: Vec<Opcode>,
    /// The number of words on the stack before each step, and at the end.
    pub depths: Vec<usize>,
}

/// The honest claim of a stated program that runs in the machine.
pub fn honest(machine: &Machine, program: &Program<Fr>) -> Option<(Claim, Trace<Fr>)> {
    let trace = Trace::new(program, None, machine.set).ok()?;
    let witness = Witness::new(&trace, machine.rows).ok()?;
    let encoded = |own: &Instruction<Fr>| [Fr::from(own.opcode) + Fr::ONE, own.argument];
    let given = program.instructions().iter().map(encoded).collect();
    let claim = claim(machine, given, witness.columns().clone());
    Some((claim, trace))
}

/// The claim that these columns are of a run of what is given.
pub fn claim(machine: &Machine, given: Vec<[Fr; 2]>, columns: Row<Vec<Fr>>) -> Claim {
    let output = columns.top()[machine.rows];
    let mut cells = given.clone();
    cells.resize(machine.rows + 1, [Fr::ZERO; 2]);
    Claim {
        given,
        output,
        cells,
        columns,
        start: output,
        slip: None,
    }
}

/// How a program is stated.
pub fn encode(program: &[Step]) -> Vec<[Fr; 2]> {
    let word = |(opcode, argument): &Step| [Fr::from(opcode.encoded()), *argument];
    program.iter().map(word).collect()
}

impl<'a> Scene<'a> {
    /// The scene of a program that runs in the machine.
    pub fn new(machine: &'a Machine, program: Vec<Step>) -> Self {
        let instruction = |(opcode, argument): &Step| Instruction::new(*opcode, *argument).unwrap();
        let plain = program.iter().map(instruction).collect();
        let (honest, trace) = honest(machine, &plain).expect("a program that runs");
        let rows = trace.rows();
        let at = |row: usize| &rows[row.min(rows.len() - 1)];
        Scene {
            executed: (0..machine.rows)
                .map(|row| match row < trace.steps() {
                    true => at(row).opcode,
                    false => Opcode::IDLE,
                })
                .collect(),
            depths: (0..=machine.rows)
                .map(|row| at(row).depth as usize)
                .collect(),
            machine,
            program,
            honest,
        }
    }

    /// The number of steps.
    pub fn rows(&self) -> usize {
        self.machine.rows
    }

    /// The instruction set.
    pub fn set(&self) -> InstructionSet {
        self.machine.set
    }

    /// A machine at its first row, given the scene's program.
    pub fn forger(&self) -> Forger<'a> {
        Forger::new(self.machine, self.program.clone())
    }

    /// The claim of a machine that is tampered with before step `row`, and otherwise honest.
    pub fn tampered(&self, row: usize, tamper: impl FnOnce(&mut Forger<'a>)) -> Claim {
        let mut forger = self.forger();
        forger.go_to(row);
        tamper(&mut forger);
        forger.finish()
    }

    /// Whether a claim is one that nobody should accept: its statement is false, or its witness is
    /// not the only one of its statement.
    pub fn is_forged(&self, claim: &Claim) -> bool {
        !is_true(self.machine, claim) || !is_the_witness(self.machine, claim)
    }
}

/// Whether what a claim states is so.
pub fn is_true(machine: &Machine, claim: &Claim) -> bool {
    truth(&claim.given, machine.set) == Some(claim.output)
}

/// Whether a claim with a true statement has the witness that an honest prover would have.
fn is_the_witness(machine: &Machine, claim: &Claim) -> bool {
    let program = machine::program(&claim.given).expect("a program");
    let Some((own, _)) = honest(machine, &program) else {
        return false;
    };
    // The second phase follows from what `start` and `slip` say.
    let same_columns = claim.columns == own.columns;
    let same_cells = machine.program.is_none() || claim.cells == own.cells;
    let same_start = !machine.binds_output() || claim.start == own.start;
    same_columns && same_cells && same_start && claim.slip.is_none()
}

/// What a cell holds: the lowest word of the window, the last presence flag, and the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Below {
    /// The word.
    pub lowest: Fr,
    /// The flag.
    pub present: Fr,
    /// The key of the cell with what stands under `lowest`.
    pub link: Fr,
}

/// The dishonest machine.
#[derive(Clone, Debug)]
pub struct Forger<'a> {
    machine: &'a Machine,
    /// What it is given to execute.
    pub given: Vec<Step>,
    columns: Row<Vec<Fr>>,
    /// The words of the window, from the top down.
    pub words: Vec<Fr>,
    /// The presence flags.
    pub present: Vec<Fr>,
    /// The key of the cell with what stands under the window.
    pub link: Fr,
    /// How many words it believes to hold: it unwinds while there are two.
    pub depth: usize,
    /// The cells made, by their keys.
    pub cells: BTreeMap<u64, Below>,
    /// What the next steps that shrink the stack take, whatever the link says.
    pub forced: VecDeque<Below>,
}

/// What the product of a step is made of, and what tests it, where it is not what the instruction says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Product {
    /// [`Cell::Factor`]
    pub factor: Option<Fr>,
    /// [`Cell::Cofactor`]
    pub cofactor: Option<Fr>,
    /// [`Cell::FactorTest`]
    pub factor_test: Option<Fr>,
    /// [`Cell::CofactorTest`]
    pub cofactor_test: Option<Fr>,
}

/// The operands of a step.
struct Values<'a> {
    words: &'a [Fr],
    argument: Fr,
    hint: Fr,
    result: Fr,
}

impl Operands<Fr> for Values<'_> {
    fn word(&self, place: usize) -> Fr {
        self.words.get(place).copied().unwrap_or(Fr::ZERO)
    }
    fn argument(&self) -> Fr {
        self.argument
    }
    fn hint(&self) -> Fr {
        self.hint
    }
    fn result(&self) -> Fr {
        self.result
    }
}

impl<'a> Forger<'a> {
    /// The machine at its first row.
    pub fn new(machine: &'a Machine, given: Vec<Step>) -> Self {
        Forger {
            machine,
            given,
            columns: Row::new(machine.set, |_| vec![]),
            words: vec![Fr::ZERO; machine.set.window()],
            present: vec![Fr::ZERO; machine.set.presence()],
            link: Fr::ZERO,
            depth: 0,
            cells: BTreeMap::new(),
            forced: VecDeque::new(),
        }
    }

    /// The number of the lowest word of the window.
    pub fn lowest(&self) -> usize {
        self.words.len() - 1
    }

    /// The number of the last presence flag.
    pub fn last_present(&self) -> usize {
        self.present.len() - 1
    }

    /// The row that is next.
    pub fn row(&self) -> usize {
        self.columns.top().len()
    }

    /// What the next row is given.
    pub fn instruction(&self) -> Step {
        let padding = (Opcode::Halt, Fr::ZERO);
        self.given.get(self.row()).copied().unwrap_or(padding)
    }

    /// The cell that the link names, if it was made.
    pub fn linked(&self) -> Option<Below> {
        self.cells.get(&self.link.to_u64()?).copied()
    }

    /// A step that executes what it is given.
    pub fn step(&mut self) {
        let (opcode, argument) = self.instruction();
        match opcode {
            Opcode::Halt if self.depth < Opcode::Halt.needs() => self.idle(),
            _ => self.execute(opcode, argument),
        }
    }

    /// A step that does nothing.
    pub fn idle(&mut self) {
        self.combine(&[], Fr::ZERO, Product::default());
    }

    /// A step that executes `opcode`, whatever it is given.
    pub fn execute(&mut self, opcode: Opcode, argument: Fr) {
        match opcode == Opcode::IDLE {
            true => self.idle(),
            false => self.combine(&[(opcode, Fr::ONE)], argument, Product::default()),
        }
    }

    /// A step with these flags, and other products than theirs where that is said. The next state is
    /// what the constraints make of them, where they can be met.
    pub fn combine(&mut self, flags: &[(Opcode, Fr)], argument: Fr, product: Product) {
        let sum = |of: &dyn Fn(Opcode) -> Fr| -> Fr {
            flags.iter().map(|(opcode, flag)| of(*opcode) * flag).sum()
        };
        let effect = |effect: Effect| sum(&|opcode| Fr::from(u64::from(opcode.effect() == effect)));
        let idle = Fr::ONE - sum(&|_| Fr::ONE);
        let mut values = Values {
            words: &self.words,
            argument,
            hint: Fr::ZERO,
            result: Fr::ZERO,
        };
        let factor = sum(&|opcode| opcode.relation(&values).factor);
        let factor = product.factor.unwrap_or(factor);
        let hint = -factor.invert().unwrap_or(Fr::ZERO);
        let cofactor = sum(&|opcode| match opcode.relation(&values).cofactor {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            Cofactor::Hint => hint,
            Cofactor::Zero => Fr::ZERO,
        });
        let cofactor = match self.columns.cofactor {
            Some(_) => product.cofactor.unwrap_or(cofactor),
            None => values.word(1),
        };
        values.hint = cofactor;
        let new_top = sum(&|opcode| opcode.relation(&values).top)
            + idle * Opcode::IDLE.relation(&values).top
            + factor * cofactor;
        values.result = new_top;
        let factor_test = sum(&|opcode| opcode.relation(&values).factor_test);
        let cofactor_test = sum(&|opcode| opcode.relation(&values).cofactor_test);
        let moved = |place: usize| {
            sum(&|opcode| {
                let relation = opcode.relation(&values);
                let moved = match place {
                    1 => relation.second,
                    2 => relation.third,
                    _ => None,
                };
                moved.map_or(Fr::ZERO, |moved| moved - values.words[place])
            })
        };
        let moved: Vec<_> = (0..self.words.len()).map(moved).collect();
        self.write(|cell| match cell {
            Cell::Factor => Some(factor),
            Cell::Cofactor => Some(cofactor),
            Cell::FactorTest => Some(product.factor_test.unwrap_or(factor_test)),
            Cell::CofactorTest => Some(product.cofactor_test.unwrap_or(cofactor_test)),
            Cell::Flag(own) => Some(sum(&|opcode| Fr::from(u64::from(opcode == own)))),
            _ => None,
        });
        let key = self.row() as u64;
        let (grow, shrink) = (effect(Effect::Grow), effect(Effect::Shrink));
        let keep = idle + effect(Effect::Keep);
        let before = Below {
            lowest: self.words[self.lowest()],
            present: self.present[self.last_present()],
            link: self.link,
        };
        // What comes from above, what stays, and what comes from below.
        let shifted = |own: &[Fr], top: Fr, place: usize| {
            let above = if place == 0 { top } else { own[place - 1] };
            let below = own.get(place + 1).copied().unwrap_or(Fr::ZERO);
            grow * above + keep * own[place] + shrink * below
        };
        let (words, present) = (self.words.clone(), self.present.clone());
        for (place, moved) in moved.iter().enumerate().skip(1) {
            self.words[place] = shifted(&words, Fr::ZERO, place) + moved;
        }
        for place in 0..present.len() {
            self.present[place] = shifted(&present, Fr::ONE, place);
        }
        // What shrinks the stack takes the last of each from a cell.
        let (lowest, last) = (self.lowest(), self.last_present());
        match Option::<Fr>::from((Fr::ONE - shrink).invert()) {
            Some(inverse) => {
                self.words[lowest] *= inverse;
                self.present[last] *= inverse;
                self.link = (grow * Fr::from(key) + keep * self.link) * inverse;
            }
            None => {
                let taken = self.take();
                self.words[lowest] = taken.lowest;
                self.present[last] = taken.present;
                self.link = taken.link;
            }
        }
        if grow != Fr::ZERO {
            self.cells.insert(key, before);
        }
        self.words[0] = new_top;
        if grow == Fr::ONE {
            self.depth += 1;
        }
        if shrink == Fr::ONE {
            self.depth = self.depth.saturating_sub(1);
        }
    }

    /// What stands below what is now taken away.
    fn take(&mut self) -> Below {
        let nothing = Below {
            lowest: Fr::ZERO,
            present: Fr::ZERO,
            link: Fr::ZERO,
        };
        self.forced
            .pop_front()
            .or_else(|| self.linked())
            .unwrap_or(nothing)
    }

    /// Writes the state, and what the row says of its step, if there is one.
    fn write(&mut self, step: impl Fn(Cell) -> Option<Fr>) {
        let cells: Vec<Cell> = self.columns.cells().map(|(cell, _)| cell).collect();
        for cell in cells {
            let value = match cell {
                Cell::Word(place) => self.words[place],
                Cell::Present(count) => self.present[count],
                Cell::Link => self.link,
                Cell::Made | Cell::Sum => continue,
                other => match step(other) {
                    Some(value) => value,
                    None => continue,
                },
            };
            self.columns.get_mut(cell).expect("a column").push(value);
        }
    }

    /// Steps up to a row.
    pub fn go_to(&mut self, row: usize) {
        while self.row() < row {
            self.step();
        }
    }

    /// Steps to the end, and the claim.
    pub fn finish(mut self) -> Claim {
        self.go_to(self.machine.rows);
        self.write(|_| None);
        claim(self.machine, encode(&self.given), self.columns)
    }
}
