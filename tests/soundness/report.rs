//! All that is tried on a circuit, and the circuits that it is tried on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Instant;

use halo2_stack_vm::isa::{InstructionSet, Opcode, Width};
use halo2_stack_vm::machine::CircuitParams;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use crate::campaign::{self, Campaign, Effort, Search};
use crate::check::Rule;
use crate::evidence::{Count, Evidence};
use crate::forger::{Scene, with_scene};
use crate::kinds::{FLAG, SUM_END};
use crate::machine::{Host, Machine};
use crate::programs::{self, Step};
use crate::sets;
use crate::sweep::{self, Sweep, Swept};

/// A circuit that is tried.
pub struct Subject {
    /// The set, the host and the size.
    pub name: String,
    /// Its machine.
    pub machine: Machine,
    /// Why it is tried.
    pub origin: Origin,
}

/// Why a circuit is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its set has a name.
    Named,
    /// The same in a larger machine.
    NamedLarge,
    /// Its set was drawn.
    Drawn,
}

/// All that computes with 32-bit words and without powers of two, which has no name yet, and what puts words of choice on the stack: a prover's
/// choice, for what refuses some words is needed by a program in the key only if it does not know them.
pub const WORDS: InstructionSet = InstructionSet::of(&[
    Opcode::Secret,
    Opcode::Add32,
    Opcode::Sub32,
    Opcode::Mul32,
    Opcode::Mulhi32,
    Opcode::Lt32,
    Opcode::And32,
    Opcode::Or32,
    Opcode::Xor32,
    Opcode::Addi32,
    Opcode::Muli32,
    Opcode::Mulhii32,
    Opcode::Rotli32,
    Opcode::Assert32,
    Opcode::Div32,
    Opcode::Rem32,
    Opcode::Andi32,
    Opcode::Ori32,
    Opcode::Xori32,
    Opcode::Lts32,
    Opcode::Shrsi32,
    Opcode::Popcnt32,
    Opcode::Extends32,
    Opcode::Sign32,
]);

/// Instructions with 64-bit words, each of whose parts some have, some with 32-bit words beside them, and what puts words of choice on the
/// stack.
pub const LONG: InstructionSet = InstructionSet::of(&[
    Opcode::Push,
    Opcode::Sub64,
    Opcode::Mul64,
    Opcode::And64,
    Opcode::Lts64,
    Opcode::Div64,
    Opcode::Shrsi64,
    Opcode::Sign64,
    Opcode::Popcnt64,
    Opcode::Xor32,
    Opcode::Lts32,
    Opcode::Rem32,
    Opcode::Extends32,
]);

/// Instructions with powers of two, in a machine with room for their table.
pub const POWERS: InstructionSet = InstructionSet::of(&[
    Opcode::Push,
    Opcode::Shl32,
    Opcode::Shrs32,
    Opcode::Clz32,
    Opcode::Ctz32,
]);

/// The same of 64-bit words: a large circuit, which is tried where all are asked for.
pub const LONG_POWERS: InstructionSet =
    InstructionSet::of(&[Opcode::Push, Opcode::Rotl64, Opcode::Clz64]);

/// Those without a name.
pub const UNNAMED: [InstructionSet; 7] = [WORDS, LONG, POWERS, LONG_POWERS, MEMORY, BYTES, HASHES];

/// What hashes, what puts words of choice on the stack, and what may leave the top as it is.
pub const HASHES: InstructionSet = InstructionSet::of(&[Opcode::Push, Opcode::Addi, Opcode::Hash]);

/// All that accesses the memory, what puts words of choice on the stack, and what may leave the top as it is.
pub const MEMORY: InstructionSet = InstructionSet::of(&[
    Opcode::Push,
    Opcode::Addi,
    Opcode::Load,
    Opcode::Store,
    Opcode::Get,
    Opcode::Put,
    Opcode::Frame,
    Opcode::GetLocal,
    Opcode::PutLocal,
    Opcode::TeeLocal,
]);

/// All that accesses bytes of the memory, what puts words of choice on the stack, and what may leave the top as it is.
pub const BYTES: InstructionSet = InstructionSet::of(&[
    Opcode::Push,
    Opcode::Addi,
    Opcode::Load8,
    Opcode::Load16,
    Opcode::Load32,
    Opcode::Store8,
    Opcode::Store16,
    Opcode::Store32,
]);

/// Where something was not found out on the programs that all get: in machines of these sizes so many rounds of
/// programs more.
const FURTHER: [(u32, u64); 4] = [(4, 10), (5, 5), (6, 5), (7, 5)];

/// The programs of a round.
const ROUND: u64 = 50;

/// What was found out about a circuit.
pub struct Report {
    /// The circuit.
    pub subject: Subject,
    /// What was looked for.
    pub search: Search,
    /// What its sweep has seen.
    pub sweep: Sweep,
    /// What became of the forgeries.
    pub campaign: Campaign,
}

/// How many random programs each circuit of a named set gets.
fn random_programs() -> u64 {
    match std::env::var("STACKVM_SOUNDNESS_PROGRAMS") {
        Ok(number) => number.parse().expect("a number"),
        Err(_) => 1_000,
    }
}

/// What the names of the circuits have to contain, if not all are tried.
pub fn chosen() -> String {
    std::env::var("STACKVM_SOUNDNESS_CIRCUITS").unwrap_or_default()
}

/// Whether every circuit is tried, not only those that differ from all others in some constraint.
fn every_circuit() -> bool {
    std::env::var_os("STACKVM_SOUNDNESS_ALL").is_some_and(|value| value != "0")
}

/// The circuits of every named set and every host, of a size.
///
/// Unless all are asked for, a host other than the first has only sets that bring something new there: the
/// straight line of few instructions, and all that there is; for a wired machine also hints and tests; a memory and hashes in an outer circuit,
/// these and words in a key.
fn named(large: bool) -> impl Iterator<Item = Subject> {
    let brings = move |host: Host, set: InstructionSet| match (host, set) {
        _ if every_circuit() => true,
        (Host::Public | Host::Fixed, WORDS | MEMORY | HASHES) => !large,
        (Host::Public, LONG | POWERS | BYTES) => !large,
        // Where the chip pads what the memory holds, and where rows of permutations do not begin on the circuit's first one.
        (Host::Outer, MEMORY | HASHES) => !large,
        _ if UNNAMED.contains(&set) => false,
        (Host::Public, InstructionSet::SEED | InstructionSet::FIELD) => !large,
        (Host::Public, _) => true,
        (Host::Fixed, InstructionSet::FIELD) => !large,
        (_, InstructionSet::STACK | InstructionSet::FULL) => !large,
        _ => false,
    };
    let all = InstructionSet::NAMED.iter().map(|(_, set)| *set);
    let all = all.chain(UNNAMED);
    let origin = if large {
        Origin::NamedLarge
    } else {
        Origin::Named
    };
    all.flat_map(move |set| {
        let hosts = Host::ALL.into_iter();
        hosts
            .filter(move |host| brings(*host, set))
            .map(move |host| Subject::new(host, set, origin))
    })
}

/// The circuits of the sets that are drawn: each under one of all hosts.
fn drawn() -> impl Iterator<Item = Subject> {
    sets::drawn().iter().flat_map(|set| {
        let mut rng = ChaCha8Rng::seed_from_u64(set.members() as u64);
        let hosts = match every_circuit() {
            true => Host::ALL.to_vec(),
            false => vec![Host::ALL[rng.next_u64() as usize % Host::ALL.len()]],
        };
        hosts
            .into_iter()
            .map(|host| Subject::new(host, *set, Origin::Drawn))
    })
}

/// The circuits that are not large.
pub fn subjects() -> impl Iterator<Item = Subject> {
    let all = named(false).chain(drawn());
    all.filter(|own| own.name.contains(&chosen()))
}

impl Subject {
    fn new(host: Host, set: InstructionSet, origin: Origin) -> Self {
        let (k, size) = match origin {
            Origin::NamedLarge => (5, "large"),
            Origin::Named => (4, "small"),
            Origin::Drawn => (4, "drawn"),
        };
        // A key holds no program without room for its hashes, and some forgeries take one that makes two.
        let k = match host == Host::Fixed && set.hashes() {
            true => k.max(5),
            false => k,
        };
        let k = CircuitParams::least_k(set).max(k);
        Subject {
            name: format!("{set}, {host:?}, {size}"),
            machine: Machine::new(host, set, k),
            origin,
        }
    }

    /// Whether it has very many columns or rows, or differs from another one of words in its host alone: then only those systematic programs are
    /// tried that bring about all situations.
    fn is_costly(&self) -> bool {
        let set = self.machine.set;
        let again = self.origin == Origin::Named && self.machine.host != Host::Public;
        set.has_power() || set.width() == Width::W64 || again && set.has_words()
    }

    /// How many random programs it gets.
    fn programs(&self) -> u64 {
        // With jumps, the systematic programs are many; limbs are many columns, a table many rows, and keys with room for two hashes have more
        // than other small ones.
        let set = self.machine.set;
        let large = self.origin == Origin::Named && self.machine.rows > 1 << 4;
        let programs = match set.jumps() || set.has_words() || large {
            _ if set.has_power() => random_programs() / 50,
            true => random_programs() / 10,
            false => random_programs(),
        };
        match self.origin {
            Origin::Named => programs,
            Origin::NamedLarge => programs / 10,
            Origin::Drawn => programs / 10,
        }
    }
}

/// The reports on all circuits, made once for all tests.
pub fn reports() -> &'static [Report] {
    static REPORTS: OnceLock<Vec<Report>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let large = named(true).filter(|own| own.name.contains(&chosen()));
        subjects().chain(large).map(Report::new).collect()
    })
}

impl Report {
    fn new(subject: Subject) -> Self {
        let start = Instant::now();
        let machine = &subject.machine;
        let search = Search::new(machine);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let programs = programs::systematic(machine, &mut rng);
        let swept = covering(machine, &programs);
        // What other programs show, they show in a small machine.
        let few = || swept.iter().map(|(program, _)| program.clone()).collect();
        let programs = match subject.origin {
            Origin::NamedLarge => few(),
            Origin::Named if subject.is_costly() => few(),
            Origin::Named | Origin::Drawn => programs,
        };
        let seeded = |seed: usize| ChaCha8Rng::seed_from_u64(seed as u64);
        let sweep = swept
            .into_par_iter()
            .enumerate()
            .map(|(number, (program, rows))| {
                let swept = Swept {
                    number,
                    rows: &rows,
                };
                with_scene(machine, program, |scene| {
                    sweep::sweep(scene, swept, &search.selectors, &mut seeded(number))
                })
            })
            .reduce(Sweep::default, Sweep::merge);
        let after_sweep = start.elapsed();
        let systematic = programs
            .par_iter()
            .enumerate()
            .map(|(seed, program)| {
                with_scene(machine, program.clone(), |scene| {
                    campaign::forge_all(scene, &search, Effort::All, &mut seeded(seed))
                })
            })
            .reduce(Campaign::default, Campaign::merge);
        let campaign = (0..subject.programs())
            .into_par_iter()
            .map(|seed| campaign::forge_random(machine, &search, Effort::All, seed))
            .reduce(Campaign::default, Campaign::merge);
        let mut report = Report {
            subject,
            sweep,
            campaign: campaign.merge(systematic),
            search,
        };
        let further = match report.subject.origin {
            Origin::Drawn => report.go_on(),
            Origin::Named | Origin::NamedLarge => 0,
        };
        let campaign = &report.campaign;
        let forged: u64 = campaign.fates.values().map(|fate| fate.applied).sum();
        println!(
            "{}: {:.1} s ({:.1} s for {} programs swept), {} programs, {further} of them further ones, {forged} \
             forgeries",
            report.subject.name,
            start.elapsed().as_secs_f64(),
            after_sweep.as_secs_f64(),
            report.sweep.programs,
            campaign.programs
        );
        report
    }

    /// Tries the kinds that concern what was not found out on further programs, in larger machines in the end; says
    /// on how many.
    fn go_on(&mut self) -> u64 {
        let Subject { machine, .. } = &self.subject;
        let mut seeds = self.subject.programs();
        let first = seeds;
        for (k, rounds) in FURTHER {
            let machine = Machine::new(machine.host, machine.set, k.max(machine.k));
            for _ in 0..rounds {
                let missing = self.missing();
                if missing.is_empty() {
                    return seeds - first;
                }
                println!("  {}, k = {k}: looks for {missing:?}", self.subject.name);
                let flags = self.missing_flags();
                let effort = Effort::Missing(&missing, &flags);
                let campaign = (seeds..seeds + ROUND)
                    .into_par_iter()
                    .map(|seed| campaign::forge_random(&machine, &self.search, effort, seed))
                    .reduce(Campaign::default, Campaign::merge);
                self.campaign = std::mem::take(&mut self.campaign).merge(campaign);
                seeds += ROUND;
            }
        }
        seeds - first
    }

    /// The constraints that say where a flag may be set, and the flags.
    fn flags(&self) -> impl Iterator<Item = (Rule, Opcode)> {
        let Machine { checker, .. } = &self.subject.machine;
        let about_flag = |rule: &Rule| checker.name(*rule).contains(FLAG);
        let rules = checker.rules().filter(about_flag);
        rules.zip(self.subject.machine.shape().flagged())
    }

    /// The name of a constraint, with the instruction whose flag it is about.
    pub fn name(&self, rule: Rule) -> String {
        let name = self.subject.machine.checker.name(rule);
        match self.flags().find(|(own, _)| *own == rule) {
            Some((_, opcode)) => format!("{name} of {opcode}"),
            None => name.to_owned(),
        }
    }

    /// The flags for which no forgery needs the constraint that says where they may be set; all, if there are none.
    fn missing_flags(&self) -> Vec<Opcode> {
        let alone = self.alone();
        let missing = self.flags().filter(|(rule, _)| alone[rule].all == 0);
        let missing: Vec<_> = missing.map(|(_, opcode)| opcode).collect();
        match missing.is_empty() {
            true => self.subject.machine.shape().flagged().collect(),
            false => missing,
        }
    }

    /// The constraints that no forgery needs, and the sum where none needs one of its terms.
    fn missing(&self) -> Vec<String> {
        let rules = self.alone().into_iter().filter(|(_, own)| own.all == 0);
        let rules = rules.map(|(rule, _)| self.name(rule));
        let terms = self.search.terms();
        let terms = terms.values().any(|count| *count == 0);
        rules.chain(terms.then(|| SUM_END.to_owned())).collect()
    }

    /// All rejections.
    pub fn evidence(&self) -> Evidence {
        let own = self.sweep.evidence.clone();
        own.merge(self.campaign.evidence.clone())
    }

    /// How many forgeries each constraint alone rejects.
    pub fn alone(&self) -> BTreeMap<Rule, Count> {
        let evidence = self.evidence();
        let rules = self.subject.machine.checker.rules();
        rules
            .map(|rule| (rule, evidence.alone.get(&rule).copied().unwrap_or_default()))
            .collect()
    }
}

/// Programs that bring about every situation that some of these do, each with the rows of those that none before it does.
fn covering(machine: &Machine, programs: &[Vec<Step>]) -> Vec<(Vec<Step>, Vec<usize>)> {
    let mut seen = BTreeSet::new();
    let mut brought = |program: &Vec<Step>| {
        with_scene(machine, program.clone(), |scene| {
            let situations = situations(scene).enumerate();
            let new = situations.filter(|(_, own)| seen.insert(*own));
            new.map(|(row, _)| row).collect::<Vec<_>>()
        })
    };
    let rows = programs
        .iter()
        .map(|program| (program.clone(), brought(program)));
    rows.filter(|(_, rows)| !rows.is_empty()).collect()
}

/// What is executed in a scene, and in which situation: the depth, whether the machine is full, and
/// whether it is the first row or the last.
pub fn situations(scene: &Scene) -> impl Iterator<Item = (Opcode, usize, bool, bool, bool)> {
    let rows = scene.rows();
    let full = scene.steps == rows;
    let executed = scene.executed.iter().enumerate();
    executed.map(move |(row, opcode)| {
        let depth = scene.depths[row].min(InstructionSet::MAX_WINDOW);
        (*opcode, depth, full, row == 0, row + 1 == rows)
    })
}
