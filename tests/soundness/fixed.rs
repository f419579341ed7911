//! The fixed columns with a cell changed: what is rejected for no other reason is accepted then.

use std::collections::BTreeSet;

use ff::Field;
use halo2_stack_vm::isa::Opcode;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use rayon::prelude::*;

use crate::check::{Checker, Table};
use crate::forger::Scene;
use crate::kinds::kinds;
use crate::machine::Machine;
use crate::programs::{self, Step};

/// The fixed cells (column and row of the machine) without which some forgery is accepted: those
/// that are not 0 are set to 0, one by one.
///
/// Without its `follows` a row is entered by no step. A wrong `index` takes nothing away: it makes
/// the rows around it first and last ones too, on which only the empty stack may stand. What its
/// value is for shows where the key of a cell is left out of the sum ([`Term`](crate::mutants::Term)).
pub fn needed(machine: &Machine) -> BTreeSet<(usize, usize)> {
    let forged = forged_tables(machine);
    let rejects = |checker: &Checker, table: &Table| !checker.violations(table).is_empty();
    for (name, table) in &forged {
        assert!(rejects(&machine.checker, table), "{name} is accepted");
    }
    let columns = 0..machine.checker.fixed.len();
    let cells: Vec<_> = columns
        .flat_map(|column| (0..=machine.rows).map(move |row| (column, row)))
        .collect();
    let accepts_without = |(column, row): &(usize, usize)| {
        let mut checker = machine.checker.clone();
        let cell = &mut checker.fixed[*column][machine.offset + row];
        let changed = std::mem::replace(cell, Fr::ZERO) != Fr::ZERO;
        changed && !forged.iter().all(|(_, table)| rejects(&checker, table))
    };
    cells.into_par_iter().filter(accepts_without).collect()
}

/// Forgeries on programs that leave the stack empty, but for a word that they push in the end: on
/// the empty stack also those constraints hold that a wrong fixed cell switches on where they do not
/// belong.
fn forged_tables(machine: &Machine) -> Vec<(&'static str, Table)> {
    let mut tables = vec![];
    let empty = Scene::new(machine, vec![]);
    for row in 0..machine.rows {
        let mut claim = empty.honest.clone();
        claim.columns.factor.as_mut().expect("a product")[row] = Fr::ONE;
        tables.push(("a factor", machine.table(&claim)));
    }
    for nops in 0..machine.program_rows {
        let mut program: Vec<Step> = vec![(Opcode::IDLE, Fr::ZERO); nops];
        program.push((programs::source(machine.set), Fr::from(7)));
        let scene = Scene::new(machine, program);
        for seed in 0..8 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let forged = kinds().filter_map(|kind| {
                let claim = kind.forged(&scene, &mut rng)?;
                Some((kind.name, machine.table(&claim)))
            });
            tables.extend(forged);
        }
    }
    tables
}
