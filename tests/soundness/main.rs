//! Nothing false is accepted, and nothing that rejects it is there in vain.
//!
//! All of this is read off the table of instructions: an instruction that is added to it is covered.
//!
//! - *Sweep*: every assigned cell of honest tables is replaced ([`sweep`], which says of which machines some are taken in turn).
//! - *Campaign*: forgeries that go on honestly from what they forge ([`kinds`], [`campaign`]), on
//!   1,000 random programs a circuit, or as many as the environment variable
//!   `STACKVM_SOUNDNESS_PROGRAMS` says; a tenth of that where there is control flow, whose systematic
//!   programs are many, or where rows or columns are. `STACKVM_SOUNDNESS_CIRCUITS=full` tries the circuits alone whose name has `full` in
//!   it, `STACKVM_SOUNDNESS_ALL=1` every set under every host.
//! - *Evidence*: for every constraint, every term of the sum, every kind of copy and every selector's
//!   row there is a forgery that only it rejects ([`evidence`], [`mutants`], [`fixed`]).
//! - *Real proofs* of forged witnesses ([`prover`]).
//!
//! The first three evaluate halo2's own constraint system on tables ([`check`]), which is shown to
//! say what `MockProver` says ([`mock`]). Counts are printed: run with `-- --nocapture`.

mod campaign;
mod check;
mod claim;
mod evidence;
mod fixed;
mod forger;
mod kinds;
mod machine;
mod mock;
mod mutants;
mod outer;
mod programs;
mod prover;
mod record;
mod report;
mod sets;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};

use ff::{Field, PrimeField};
use halo2_stack_vm::isa::Opcode;
use halo2_stack_vm::machine::words::{table_entries, table_row};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use evidence::{Count, Selector, rows_of_permutations};
use forger::{Scene, with_scene};
use kinds::kinds;
use machine::{Host, Machine};
use mutants::Term;
use report::{Origin, Subject, chosen, reports, situations, subjects};

#[test]
fn every_assigned_cell_is_bound() {
    for report in reports() {
        let sweep = &report.sweep;
        println!(
            "{}: {} programs, {} cells; rejected: {} replacements, {} with a second phase that \
             follows, {} false statements",
            report.subject.name,
            sweep.programs,
            sweep.cells,
            sweep.rejected,
            sweep.rejected_refilled,
            sweep.rejected_statements,
        );
        assert_eq!(sweep.accepted.first(), None, "{}", report.subject.name);
        assert!(sweep.rejected > 2 * sweep.cells && sweep.rejected_refilled > sweep.cells);
    }
}

#[test]
fn every_instruction_is_swept_in_every_situation() {
    for Subject { name, machine, .. } in subjects() {
        let mut seen = BTreeSet::new();
        let programs = programs::systematic(&machine, &mut ChaCha8Rng::seed_from_u64(0));
        for program in programs {
            with_scene(&machine, program, |scene| {
                let own = situations(scene);
                seen.extend(own.map(|(opcode, depth, full, ..)| (opcode, depth, full)));
            });
        }
        for opcode in machine.set.opcodes() {
            for depth in opcode.needs()..=opcode.needs().max(3) {
                // Nothing fills a machine whose program has few cells but words to unwind.
                let fills = machine.program_rows == machine.rows || opcode == Opcode::Halt;
                // Some fill it whatever stands around them.
                let least = depth + 1 + depth.saturating_add_signed(programs::change(opcode));
                let may = |full: bool| if full { fills } else { least <= machine.rows };
                for full in [false, true].iter().filter(|full| may(**full)) {
                    let situation = (opcode, depth, *full);
                    assert!(seen.contains(&situation), "{name}: {situation:?}");
                }
            }
        }
    }
}

#[test]
fn no_forgery_is_accepted() {
    let mut total = BTreeMap::<_, u64>::new();
    let mut surprises = vec![];
    for report in reports() {
        let campaign = &report.campaign;
        println!("{}: {} programs", report.subject.name, campaign.programs);
        surprises.extend(
            campaign
                .surprises
                .iter()
                .map(|own| format!("{}: {own}", report.subject.name)),
        );
        for (kind, fate) in &campaign.fates {
            let by: Vec<_> = fate
                .by
                .iter()
                .map(|(rule, count)| {
                    format!("{count} {}", report.subject.machine.checker.name(*rule))
                })
                .collect();
            println!(
                "  {kind}: {} forged, {} of them of a false statement, {} rejected, by {}",
                fate.applied,
                fate.false_statements,
                fate.rejected,
                by.join(", ")
            );
            *total.entry(*kind).or_default() += fate.applied;
        }
    }
    // An accepted one is among them too.
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    let fates = reports().iter().flat_map(|own| &own.campaign.fates);
    for (kind, fate) in fates {
        assert_eq!(fate.rejected, fate.applied, "{kind}");
        assert_eq!(fate.rejected_as_expected, fate.applied, "{kind}");
    }
    for kind in kinds() {
        let forged = total.get(kind.name).copied().unwrap_or(0);
        println!("{}: {forged}", kind.name);
        // Some kinds are of circuits of some sets alone.
        let chosen = !chosen().is_empty();
        assert!(chosen || forged >= 50, "{} is hardly tried", kind.name);
    }
    println!(
        "{} forgeries of {} kinds",
        total.values().sum::<u64>(),
        kinds().count()
    );
}

/// What forgeries need of the circuits.
#[derive(Default)]
struct Needs {
    all: usize,
    /// Of named sets, what none needs.
    needless: Vec<String>,
    /// The same of sets that were drawn.
    undecided: Vec<String>,
}

impl Needs {
    fn note(&mut self, subject: &Subject, name: &str, is_needed: bool) {
        self.all += 1;
        let found = match subject.origin {
            _ if is_needed => return,
            Origin::Drawn => &mut self.undecided,
            Origin::Named | Origin::NamedLarge => &mut self.needless,
        };
        found.push(format!("{}: {name}", subject.name));
    }

    fn check(&self) {
        assert!(self.needless.is_empty(), "{}", self.needless.join("\n"));
        // In a set that nobody has looked at, a search that finds nothing proves nothing; but it is rare.
        let undecided = self.undecided.join("\n");
        println!("no forgery found that needs:\n{undecided}");
        assert!(100 * self.undecided.len() <= self.all, "{undecided}");
    }
}

#[test]
fn every_constraint_is_needed() {
    let mut needs = Needs::default();
    for report in reports()
        .iter()
        .filter(|report| report.subject.origin != Origin::NamedLarge)
    {
        println!(
            "{}: forgeries that only one of {} constraints and copies rejects (of false statements)",
            report.subject.name,
            report.subject.machine.checker.rules().count()
        );
        for (rule, count) in report.alone() {
            let Count {
                all,
                false_statements,
            } = count;
            let name = report.name(rule);
            println!("  {all} ({false_statements}): {name}");
            needs.note(&report.subject, &name, all > 0);
        }
    }
    needs.check();
}

#[test]
fn every_selector_is_needed_on_every_row() {
    for report in reports().iter().filter(|report| {
        report.subject.origin == Origin::Named && !report.subject.machine.shape().straight
    }) {
        let machine = &report.subject.machine;
        let evidence = report.evidence();
        let mut places: BTreeSet<(Selector, usize)> = BTreeSet::new();
        for selector in report.search.selectors.values() {
            let first = machine.offset;
            let last = first + machine.rows;
            match selector {
                Selector::First => drop(places.insert((*selector, first))),
                Selector::Last => drop(places.insert((*selector, last))),
                Selector::Step => places.extend((first..last).map(|row| (*selector, row))),
                Selector::Permutation(bits) => {
                    let rows = rows_of_permutations(machine, *bits);
                    places.extend(rows.map(|row| (*selector, row)));
                }
                Selector::Copy(rule) => {
                    // No run of a machine so small uses as many words as the last cells of a tape are
                    // far from its first.
                    let tape = machine.checker.name(*rule).contains("the tape ends");
                    let rows = machine.checker.rows_of(*rule);
                    let rows = rows.filter(|row| !tape || *row <= first + 3);
                    places.extend(rows.map(|row| (*selector, row)))
                }
            }
        }
        for place in &places {
            let count = evidence.there.get(place).copied().unwrap_or_default();
            assert!(
                count.all > 0,
                "{}: {place:?} is not needed",
                report.subject.name
            );
        }
        println!(
            "{}: {} selectors, each on each row needed",
            report.subject.name,
            places.len()
        );
    }
}

#[test]
fn every_term_of_the_sum_is_needed() {
    let mut needs = Needs::default();
    for report in reports() {
        println!(
            "{}: accepted without {:?}",
            report.subject.name,
            report.search.terms()
        );
        for (term, count) in report.search.terms() {
            needs.note(&report.subject, &format!("{term:?}"), count > 0);
        }
    }
    needs.check();
    // And what is honest stays accepted without a term.
    for Subject { machine, .. } in subjects() {
        for program in programs::systematic(&machine, &mut ChaCha8Rng::seed_from_u64(0)) {
            with_scene(&machine, program, |scene| {
                let own = scene.machine;
                let terms = Term::of(own);
                let accepted = mutants::accepted_without(own, &scene.honest, &terms);
                assert_eq!(
                    accepted, terms,
                    "{:?} {:?}: {:?}",
                    own.host, own.set, scene.program
                );
            });
        }
    }
}

/// A prover may idle before it unwinds, if there are rows left. It is the one thing about a witness
/// that the statement leaves open, and it does not change the output.
#[test]
fn a_prover_may_choose_when_to_unwind() {
    let mut delayed = 0;
    // Where the key says what each row does, nothing is left open.
    for Subject { machine, .. } in subjects().filter(|own| !own.machine.shape().straight) {
        for seed in 0..100 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let program = programs::random(&machine, &mut rng);
            with_scene(&machine, program, |scene| {
                let spare = scene.rows() - scene.steps;
                let unwinds = scene.executed.contains(&Opcode::Halt);
                if spare == 0 || !unwinds {
                    return;
                }
                let claim = scene.tampered(scene.length, |forger| {
                    (0..spare).for_each(|_| forger.idle());
                });
                assert_ne!(claim.columns, scene.honest.columns);
                assert_eq!(claim.output, scene.honest.output);
                let checker = &scene.machine.checker;
                assert_eq!(checker.violations(&scene.machine.table(&claim)), []);
                delayed += 1;
            });
        }
    }
    println!("{delayed} delayed unwindings");
    assert!(delayed > 100);
}

/// A prover may open a cell of the memory that no row accesses, and close it with the word that it has. It changes no access.
#[test]
fn a_prover_may_open_cells_that_nobody_accesses() {
    let mut opened = 0;
    for Subject { machine, .. } in subjects().filter(|own| own.machine.set.has_memory()) {
        for seed in 0..20 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let program = programs::random(&machine, &mut rng);
            with_scene(&machine, program, |scene| {
                let mut claim = scene.honest.clone();
                let memory = claim.columns.memory.as_mut().expect("a memory");
                let Some(row) = memory.touched.iter().position(|own| *own == Fr::ZERO) else {
                    return;
                };
                memory.touched[row] = Fr::ONE;
                memory.kept[row] = claim.given.get(row).map_or(Fr::ZERO, |own| own[1]);
                let machine = scene.machine;
                assert_eq!(machine.checker.violations(&machine.table(&claim)), []);
                opened += 1;
            });
        }
    }
    println!("{opened} cells opened");
    assert!(opened >= 20 || !chosen().is_empty());
}

#[test]
fn the_checker_agrees_with_mock_prover() {
    let (mut honest, mut forged) = (0, 0);
    for Subject { machine, .. } in subjects() {
        for seed in 0..3 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let program = programs::random(&machine, &mut rng);
            with_scene(&machine, program, |scene| {
                let machine = scene.machine;
                let recording = machine.synthesize(&scene.honest);
                let claims = kinds().filter_map(|kind| kind.forged(scene, &mut rng));
                for claim in claims.chain([scene.honest.clone()]) {
                    let mut table = machine.table(&claim);
                    agree(machine, scene, &recording, &table);
                    // The same with a cell of the program changed, and with one of the machine.
                    for column in [0, 1] {
                        table.advice[column][machine.offset] += Fr::ONE;
                        agree(machine, scene, &recording, &table);
                    }
                    match scene.is_forged(&claim) {
                        true => forged += 1,
                        false => honest += 1,
                    }
                }
            });
        }
    }
    println!("the checker agrees with MockProver on {honest} honest and {forged} forged claims");
    assert!(honest >= 18 && forged > 500);
}

fn agree(machine: &Machine, scene: &Scene, recording: &record::Recording, table: &check::Table) {
    match machine.host {
        Host::Outer => {
            mock::assert_agreement(machine, machine.outer(&scene.honest), recording, table)
        }
        Host::Public | Host::Cells | Host::Fixed => {
            mock::assert_agreement(machine, machine.circuit(&scene.honest), recording, table)
        }
    }
}

/// Keys are made without a witness: they must not depend on one.
#[test]
fn fixed_cells_and_copies_do_not_depend_on_the_witness() {
    for Subject { machine, .. } in subjects().filter(|own| own.machine.host != Host::Fixed) {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let scenes =
            std::iter::repeat_with(|| Scene::new(&machine, programs::random(&machine, &mut rng)));
        // The key may say how many words the tape has.
        let suits = |scene: &Scene| {
            let words = scene.honest.tape.len() - 1;
            machine.tape.is_none_or(|own| own.words == words)
        };
        let scenes = scenes.filter(suits).take(10);
        let recordings: Vec<_> = scenes
            .map(|scene| machine.synthesize(&scene.honest))
            .collect();
        for own in &recordings {
            assert_eq!(own.fixed, recordings[0].fixed);
            assert_eq!(own.copies, recordings[0].copies);
            assert!(own.advice.keys().eq(recordings[0].advice.keys()));
            for (left, right) in &own.copies {
                assert!(machine.checker.has_copy(*left, *right));
            }
            assert_eq!(own.rewritten, []);
        }
    }
}

/// What a key holds of a program is another matter: it is the statement. And where instructions are looked up, a
/// machine that a fixed cell cuts in two has its listing cut too, so that not even what is honest is accepted. So it is
/// with a public tape, which would have to end twice, and with a table of limbs. What is forged is a product, so the set has to have one.
#[test]
fn every_fixed_cell_is_needed() {
    let follows = 1;
    let has_product = |machine: &Machine| {
        let empty = Scene::new(machine, vec![]);
        empty.honest.columns.factor.is_some()
    };
    let plain = |machine: &Machine| {
        machine.host != Host::Fixed
            && !machine.shape().fetches()
            && !machine.set.has_tape()
            && !machine.set.has_words()
            && has_product(machine)
    };
    for Subject { name, machine, .. } in subjects().filter(|own| plain(&own.machine)) {
        let needed = fixed::needed(&machine);
        let expected: BTreeSet<_> = (1..=machine.rows).map(|row| (follows, row)).collect();
        assert_eq!(needed, expected, "{name}");
        println!("{name}: {} fixed cells needed", needed.len());
    }
}

/// The limbs of which the lemma of the words speaks are those of the key, wherever the machine stands.
#[test]
fn the_table_of_limbs_stands_in_the_key() {
    let mut tables = 0;
    for Subject { name, machine, .. } in subjects().filter(|own| own.machine.set.has_words()) {
        let first = machine.offset;
        for entry in 0..table_entries(machine.shape()) {
            let limb = |row: usize| Fr::from_u128(table_row(machine.shape(), row)[entry]);
            let expected: Vec<_> = (0..machine.rows).map(limb).collect();
            let columns = machine.checker.fixed.iter();
            let own = columns.filter(|own| own[first..first + machine.rows] == expected);
            assert_eq!(own.count(), 1, "{name}: entry {entry}");
        }
        tables += 1;
    }
    assert!(tables > 0 || !chosen().is_empty());
}
