//! The fixed columns with a cell changed: what is rejected for no other reason is accepted then.

use std::collections::BTreeSet;

use ff::Field;
use halo2_stack_vm::isa::Opcode;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::check::{Checker, Table};
use crate::forger::Scene;
use crate::kinds::KINDS;
use crate::machine::Machine;
use crate::programs::{self, Step};

/// The fixed cells (column and row of the machine) without which some forgery is accepted: those
/// that are not 0 are set to 0.
pub fn needed(machine: &Machine) -> BTreeSet<(usize, usize)> {
    let forged = forged_tables(machine);
    let rejects = |checker: &Checker, table: &Table| !checker.violations(table).is_empty();
    assert!(forged.iter().all(|table| rejects(&machine.checker, table)));
    let mut needed = BTreeSet::new();
    for column in 0..machine.checker.fixed.len() {
        for row in 0..=machine.rows {
            let mut checker = machine.checker.clone();
            let cell = &mut checker.fixed[column][machine.offset + row];
            if *cell == Fr::ZERO {
                continue;
            }
            *cell = Fr::ZERO;
            if !forged.iter().all(|table| rejects(&checker, table)) {
                needed.insert((column, row));
            }
        }
    }
    needed
}

/// Forgeries on programs that leave the stack empty for some rows and then push a word: on the empty
/// stack also those constraints hold that a wrong fixed cell switches on where they do not belong.
fn forged_tables(machine: &Machine) -> Vec<Table> {
    let mut tables = vec![];
    for nops in 0..machine.program_rows {
        let mut program: Vec<Step> = vec![(Opcode::IDLE, Fr::ZERO); nops];
        program.push((programs::push(), Fr::from(7)));
        let scene = Scene::new(machine, program);
        for seed in 0..8 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let claims = KINDS
                .iter()
                .filter_map(|kind| (kind.forge)(&scene, &mut rng));
            let forged = claims.filter(|claim| scene.is_forged(claim));
            tables.extend(forged.map(|claim| machine.table(&claim)));
        }
    }
    tables
}
