//! Every assigned cell of an honest table, replaced by other values: first with the second phase as
//! it was, then with one that follows honestly from the false first phase. And every cell of the
//! statement. Of limbs, and of machines that are not small, each program's sweep takes some, but always the rows of the situations that
//! it brings about.

use std::collections::BTreeMap;

use ff::Field;
use halo2_stack_vm::air::logup::Fractions;
use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::machine::hash;
use halo2_stack_vm::machine::{Column as Name, Extent, Phase, interactions};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use crate::check::{Rule, Table, Violation};
use crate::claim::Claim;
use crate::evidence::{Evidence, Selector};
use crate::forger::{Scene, is_true};
use crate::machine::{Host, Machine};
use crate::mutants::window;

/// What a sweep has seen.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The programs.
    pub programs: u64,
    /// The assigned cells that were replaced.
    pub cells: u64,
    /// The forgeries that were rejected with the second phase as it was.
    pub rejected: u64,
    /// The forgeries that were rejected with a second phase that follows from the first.
    pub rejected_refilled: u64,
    /// The false statements that were rejected.
    pub rejected_statements: u64,
    /// The replacements of a secret that nothing depends on, by another one.
    pub secrets: u64,
    /// What was accepted and must not be.
    pub accepted: Vec<String>,
    /// What the rejections tell.
    pub evidence: Evidence,
}

impl Sweep {
    /// Both.
    pub fn merge(mut self, mut other: Sweep) -> Sweep {
        self.programs += other.programs;
        self.cells += other.cells;
        self.rejected += other.rejected;
        self.rejected_refilled += other.rejected_refilled;
        self.rejected_statements += other.rejected_statements;
        self.secrets += other.secrets;
        self.accepted.append(&mut other.accepted);
        self.evidence = self.evidence.merge(other.evidence);
        self
    }
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
enum Column {
    Machine(Name),
    /// A program or a tape in cells.
    Bound,
}

/// Of the limbs of a row, each program's sweep takes one in so many, in turn: a word has many, and what says one of them says the
/// others.
const LIMBS: usize = 32;

/// Of a machine with more rows than this, each program's sweep takes the rows that it is there for, and of the others one in so many, in turn; of
/// those that are neither among the first nor among the last of a large machine, which are mostly idle, one in many more.
const FIRST: usize = 16;
const LAST: usize = 3;
const IN_TURN: usize = 3;
/// It has no divisor in common with [`LIMBS`], so that each limb is tried.
const IDLE: usize = 63;

/// For one cell in so many all rows are looked at.
const EVERYWHERE: u64 = 16;

/// Whether a row of a large machine is neither among its first ones nor among its last.
fn is_inside(machine: &Machine, row: usize) -> bool {
    row >= FIRST && row + LAST < machine.rows && machine.rows > 2 * FIRST
}

/// A program that is swept, and its place among those that are.
#[derive(Clone, Copy, Debug)]
pub struct Swept<'a> {
    /// The place.
    pub number: usize,
    /// The rows that it is there for.
    pub rows: &'a [usize],
}

impl Swept<'_> {
    /// Whether the sweep takes the cells on a row: where a step that it is there for is executed, and what it leads to, always.
    fn takes(&self, machine: &Machine, row: usize) -> bool {
        let is_there_for = |row: Option<usize>| row.is_some_and(|own| self.rows.contains(&own));
        is_there_for(Some(row)) || is_there_for(row.checked_sub(1)) || self.in_turn(machine, row)
    }

    fn in_turn(&self, machine: &Machine, row: usize) -> bool {
        let one_in = match is_inside(machine, row) {
            true => IDLE,
            false if machine.rows > FIRST => IN_TURN,
            false => 1,
        };
        (row + self.number).is_multiple_of(one_in)
    }

    /// Whether it takes what is stated on a row.
    fn takes_stated(&self, machine: &Machine, row: usize) -> bool {
        !is_inside(machine, row) || self.takes(machine, row)
    }
}

/// Sweeps the cells of a scene.
pub fn sweep(
    scene: &Scene,
    swept: Swept,
    selectors: &BTreeMap<Rule, Selector>,
    rng: &mut ChaCha8Rng,
) -> Sweep {
    let machine = scene.machine;
    let recording = machine.synthesize(&scene.honest);
    let table = machine.table(&scene.honest);
    for ((column, row), value) in &recording.advice {
        assert_eq!(
            Some(table.advice[*column][*row]),
            *value,
            "column {column}, row {row}"
        );
    }
    assert_eq!(machine.checker.violations(&table), [], "the honest table");
    let mut sweep = Sweep {
        programs: 1,
        ..Sweep::default()
    };
    let mut sweeper = Sweeper {
        scene,
        selectors,
        table,
        claim: scene.honest.clone(),
        sweep: &mut sweep,
    };
    for (column, row) in recording.advice.keys() {
        let own = row - machine.offset;
        let skipped = match sweeper.named(*column) {
            Column::Machine(
                Name::Low(limb)
                | Name::High(limb)
                | Name::Both(limb)
                | Name::Looked(limb)
                | Name::Rest(limb)
                | Name::Joint(limb)
                | Name::Checked(limb),
            ) => {
                let in_turn = (limb + row + swept.number).is_multiple_of(LIMBS);
                !in_turn || is_inside(machine, own) && !swept.takes(machine, own)
            }
            _ => !swept.takes(machine, own),
        };
        if !skipped && !sweeper.is_free(*column, own) {
            sweeper.sweep.cells += 1;
            sweeper.cell(*column, *row, rng);
        }
    }
    sweeper.statement(swept, rng);
    sweep
}

struct Sweeper<'a> {
    scene: &'a Scene<'a>,
    selectors: &'a BTreeMap<Rule, Selector>,
    /// The honest table, but for what is being tried.
    table: Table,
    /// The honest claim, but for that.
    claim: Claim,
    sweep: &'a mut Sweep,
}

impl Sweeper<'_> {
    fn named(&self, column: usize) -> Column {
        let machine = self.scene.machine;
        match machine.columns().find(|(_, own)| *own == column) {
            Some((cell, _)) => Column::Machine(cell),
            None => Column::Bound,
        }
    }

    /// Whether a cell is one of permutations that nothing reads, because its row is after the last one's.
    fn is_free(&self, column: usize, row: usize) -> bool {
        let machine = self.scene.machine;
        let read_there = |name: Name| !matches!(name, Name::Aside(_) | Name::Digest | Name::Live);
        match self.named(column) {
            Column::Machine(own) if !read_there(own) => hash::place(row, machine.rows).is_none(),
            _ => false,
        }
    }

    fn cell(&mut self, column: usize, row: usize, rng: &mut ChaCha8Rng) {
        let name = self.named(column);
        let own = self.table.advice[column][row];
        let rows = self.table.advice[column].len();
        let columns = self.table.advice.len();
        let neighbours = [
            self.table.advice[column][(row + rows - 1) % rows],
            self.table.advice[(column + 1) % columns][row],
        ];
        let mut values = vec![
            Fr::ZERO,
            Fr::ONE,
            own + Fr::ONE,
            own - Fr::ONE,
            Fr::random(rng),
        ];
        values.extend(neighbours);
        for (i, value) in values.iter().enumerate() {
            if *value != own && !values[..i].contains(value) {
                self.replace(name, (column, row), *value);
            }
        }
    }

    fn replace(&mut self, name: Column, (column, row): (usize, usize), value: Fr) {
        let machine = self.scene.machine;
        let machine_row = row - machine.offset;
        if let Column::Machine(cell) = name
            && self.is_another_secret(cell, machine_row, value)
        {
            self.sweep.secrets += 1;
            return;
        }
        let own = std::mem::replace(&mut self.table.advice[column][row], value);
        let violations = machine.checker.violations_near(&self.table, (column, row));
        self.table.advice[column][row] = own;
        let Column::Machine(cell) = name else {
            self.judge(&violations, false, || {
                format!("{name:?} on row {machine_row}")
            });
            self.sweep.rejected += 1;
            return;
        };
        self.judge(&violations, false, || {
            format!("{cell} on row {machine_row}")
        });
        self.sweep.rejected += 1;
        // A cell of the memory that nobody accesses may be opened and closed: see the test of what a prover may choose.
        let opens = cell == Name::Touched && value == Fr::ONE;
        if cell.phase() == Phase::First && !opens {
            self.refilled(cell, column, machine_row, value);
        }
    }

    /// Whether the cell is a word of the private tape that nothing depends on: any other is as good, and the
    /// statement holds for it too.
    fn is_another_secret(&self, cell: Name, row: usize, value: Fr) -> bool {
        // Nothing else changes what is read of the tape, or is left open by it.
        let reads = |opcode: &Opcode| opcode.takes_word() && !opcode.uses_tape();
        if !matches!(cell, Name::Word(_)) || !self.scene.executed.iter().any(reads) {
            return false;
        }
        let mut claim = self.scene.honest.clone();
        claim.columns.get_mut(cell).expect("a column")[row] = value;
        let own = claim.columns.top()[self.scene.rows()];
        own == claim.start && !self.scene.is_forged(&claim)
    }

    /// The same with a second phase that follows from the first; with a sum that starts from the
    /// stated output, and with one that starts from the machine's.
    fn refilled(&mut self, cell: Name, column: usize, row: usize, value: Fr) {
        let machine = self.scene.machine;
        let place = (column, machine.offset + row);
        let honest = self.table.advice[column][place.1];
        let put = |claim: &mut Claim, value| {
            claim.columns.get_mut(cell).expect("a column")[row] = value;
        };
        put(&mut self.claim, value);
        let stated = self.claim.start;
        let own = self.claim.columns.top()[machine.rows];
        let starts = [stated, own];
        let distinct = if own == stated { 1 } else { 2 };
        for start in &starts[..distinct] {
            self.claim.start = *start;
            let everywhere = self.sweep.cells.is_multiple_of(EVERYWHERE);
            let near = (!self.changes_folds(row)).then(|| self.followed(place, value));
            let violations = match near {
                Some(near) if !everywhere => near,
                near => {
                    let table = machine.table(&self.claim);
                    let checker = &machine.checker;
                    let whole = checker.violations_refilled(&table, place, everywhere);
                    if let Some(near) = near {
                        assert_eq!(near, whole, "{cell} on row {row}");
                    }
                    whole
                }
            };
            self.judge(&violations, false, || {
                format!("{cell} on row {row}, refilled")
            });
            self.sweep.rejected_refilled += 1;
        }
        self.claim.start = stated;
        put(&mut self.claim, honest);
    }

    /// Whether the row, or the one before it, says something of the folded tape: then that changes on all rows before.
    fn changes_folds(&self, row: usize) -> bool {
        let uses = |claim: &Claim, row: usize| {
            let mut flags = claim.columns.flags.iter();
            let set = |flag: &[Fr]| flag.get(row).is_some_and(|own| *own != Fr::ZERO);
            flags.any(|(opcode, flag)| opcode.uses_tape() && set(flag))
        };
        let mut near = row.saturating_sub(1)..=row;
        near.any(|row| uses(&self.claim, row) || uses(&self.scene.honest, row))
    }

    /// What is violated where a cell is replaced, as the claim has it, and the second phase follows; but for the folded tape, which is taken to be as
    /// it was. The columns of the second phase are what they then are only around that cell and on the first and last rows, which is
    /// where the checker looks.
    fn followed(&mut self, (column, row): (usize, usize), value: Fr) -> Vec<Violation> {
        let machine = self.scene.machine;
        let place = |name: Name, row: usize| {
            let column = machine.columns.get(name).expect("a column");
            (column.index(), machine.offset + row)
        };
        let last = machine.rows;
        let row_of_cell = row - machine.offset;
        let first = row_of_cell.saturating_sub(1);
        let mut fractions = Fractions::default();
        for row in first..=row_of_cell {
            let window = window(machine, &self.claim, &self.claim.columns, row);
            fractions.push(row == last, |emit| interactions(&window, emit));
        }
        let changes = fractions.finish();
        let mut cells = vec![((column, row), value)];
        for (name, values) in changes.columns {
            let state = name.extent() == Extent::State;
            let rows = first..if state { last + 1 } else { last };
            cells.extend(rows.zip(values).map(|(row, own)| (place(name, row), own)));
        }
        let sum_of = |row: usize| {
            let (column, row) = place(Name::Sum, row);
            self.table.advice[column][row]
        };
        let start = match machine.binds_output() {
            true => machine.challenges.beta * (self.claim.start - self.scene.honest.start),
            false => Fr::ZERO,
        };
        let before = (0..first.min(2)).map(|row| (row, sum_of(row) + start));
        let mut sums: Vec<_> = before.collect();
        let mut sum = sum_of(first) + start;
        for (row, change) in (first..).zip(changes.sum) {
            sums.push((row, sum));
            sum += change;
        }
        if row_of_cell < last {
            let missing = sum - sum_of(row_of_cell + 1);
            let after = [row_of_cell + 1, last];
            sums.extend(after.map(|row| (row, sum_of(row) + missing)));
        }
        cells.extend(
            sums.into_iter()
                .map(|(row, sum)| (place(Name::Sum, row), sum)),
        );
        for ((column, row), value) in &mut cells {
            std::mem::swap(&mut self.table.advice[*column][*row], value);
        }
        let checker = &machine.checker;
        let violations = checker.violations_refilled(&self.table, (column, row), false);
        for ((column, row), value) in cells.into_iter().rev() {
            self.table.advice[column][row] = value;
        }
        violations
    }

    /// Every stated opcode and argument, in a large machine those of some rows, and the output.
    fn statement(&mut self, swept: Swept, rng: &mut ChaCha8Rng) {
        let honest = &self.scene.honest;
        let mut statements = vec![];
        for change in [Fr::ONE, -Fr::ONE, Fr::random(rng)] {
            // What is in the key is not stated.
            let fixed = self.scene.machine.host == Host::Fixed;
            let rows = if fixed {
                0
            } else {
                self.scene.machine.program_rows
            };
            let taken = |row: &usize| swept.takes_stated(self.scene.machine, *row);
            for row in (0..rows).filter(taken) {
                for column in 0..2 {
                    let mut claim = honest.clone();
                    let length = claim.given.len().max(row + 1);
                    claim.given.resize(length, [Fr::ZERO; 2]);
                    claim.given[row][column] += change;
                    statements.push(claim);
                }
            }
            let mut claim = honest.clone();
            claim.output += change;
            statements.push(claim);
            if self.scene.machine.set.has_tape() {
                for row in (0..=self.scene.rows()).filter(taken) {
                    let mut claim = honest.clone();
                    let length = claim.tape.len().max(row + 1);
                    claim.tape.resize(length, Fr::ZERO);
                    claim.tape[row] += change;
                    statements.push(claim);
                }
            }
        }
        for claim in statements {
            self.stated(&claim);
        }
    }

    fn stated(&mut self, claim: &Claim) {
        let machine = self.scene.machine;
        // Only some instructions read their argument; and what follows a halt does not count.
        if is_true(machine, claim) || !machine.can_state(&claim.given) {
            return;
        }
        let violations = machine.checker.violations(&machine.table(claim));
        self.judge(&violations, true, || format!("statement {:?}", claim.given));
        self.sweep.rejected_statements += 1;
    }

    fn judge(
        &mut self,
        violations: &[Violation],
        false_statement: bool,
        what: impl FnOnce() -> String,
    ) {
        if violations.is_empty() {
            let program = &self.scene.program;
            self.sweep.accepted.push(format!("{}: {program:?}", what()));
        }
        let evidence = &mut self.sweep.evidence;
        evidence.note(self.selectors, violations, false_statement);
    }
}
