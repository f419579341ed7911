//! All kinds of forgeries on many programs.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use halo2_stack_vm::isa::Opcode;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::check::{Rule, Table, Violation};
use crate::claim::{Claim, program};
use crate::evidence::{Evidence, Selector, selectors};
use crate::forger::{Scene, is_forged, is_true, with_scene};
use crate::kinds::{ANOTHER_SECRET, Kind, TOP, USED, kinds};
use crate::machine::{Host, Machine};
use crate::mutants::{self, Term};
use crate::programs;

/// What became of the forgeries of a kind.
#[derive(Clone, Debug, Default)]
pub struct Fate {
    /// How many there were.
    pub applied: u64,
    /// How many of them had a false statement; the others are false witnesses of true ones.
    pub false_statements: u64,
    /// How many were rejected.
    pub rejected: u64,
    /// How many of them a constraint rejected that should.
    pub rejected_as_expected: u64,
    /// How many each constraint rejected.
    pub by: BTreeMap<Rule, u64>,
}

impl Fate {
    fn merge(&mut self, other: Fate) {
        self.applied += other.applied;
        self.false_statements += other.false_statements;
        self.rejected += other.rejected;
        self.rejected_as_expected += other.rejected_as_expected;
        for (rule, count) in other.by {
            *self.by.entry(rule).or_default() += count;
        }
    }
}

/// What became of all forgeries.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// The number of programs.
    pub programs: u64,
    /// By kind.
    pub fates: BTreeMap<&'static str, Fate>,
    /// What was accepted and must not be, or rejected by none of the constraints that should.
    pub surprises: Vec<String>,
    /// What the rejections tell.
    pub evidence: Evidence,
}

impl Campaign {
    /// Both.
    pub fn merge(mut self, mut other: Campaign) -> Campaign {
        self.programs += other.programs;
        for (kind, fate) in other.fates {
            self.fates.entry(kind).or_default().merge(fate);
        }
        self.surprises.append(&mut other.surprises);
        self.evidence = self.evidence.merge(other.evidence);
        self
    }
}

/// What is looked for in a circuit.
#[derive(Debug)]
pub struct Search {
    /// By what each constraint is switched on.
    pub selectors: BTreeMap<Rule, Selector>,
    /// For each term of the sum, how many forgeries were seen that are accepted without it.
    terms: Mutex<BTreeMap<Term, u64>>,
    /// The forgeries that were looked at.
    seen: AtomicU64,
}

/// Of so many forgeries, one is looked at everywhere.
const SAMPLE: u64 = 64;

/// So many forgeries show that a term is needed; to look at more takes longer than all else.
const ENOUGH: u64 = 20;

impl Search {
    /// Nothing is found yet.
    pub fn new(machine: &Machine) -> Self {
        let terms = Term::of(machine).into_iter().map(|term| (term, 0));
        Search {
            selectors: selectors(machine),
            terms: Mutex::new(terms.collect()),
            seen: AtomicU64::new(0),
        }
    }

    /// Whether the next forgery is one of those that are looked at everywhere.
    fn is_sampled(&self) -> bool {
        self.seen
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SAMPLE)
    }

    /// For each term of the sum, how many forgeries were seen that are accepted without it.
    pub fn terms(&self) -> BTreeMap<Term, u64> {
        self.terms.lock().expect("no thread has failed").clone()
    }

    /// Takes note of the terms without which a claim is accepted, of those of which that was not seen often enough.
    fn note_terms(&self, machine: &Machine, claim: &Claim, violations: &[Violation]) {
        if !mutants::of_the_sum(machine, claim, violations) {
            return;
        }
        let wanted = self.terms().into_iter();
        let wanted = wanted.filter(|(_, seen)| *seen < ENOUGH);
        let wanted: Vec<_> = wanted.map(|(term, _)| term).collect();
        let accepted = mutants::accepted_without(machine, claim, &wanted);
        let mut terms = self.terms.lock().expect("no thread has failed");
        for term in accepted {
            *terms.entry(term).or_default() += 1;
        }
    }
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug)]
pub enum Effort<'a> {
    /// Every kind as often as it says.
    All,
    /// What may show that some constraints are needed, and that the flags of some instructions are, more often.
    Missing(&'a [String], &'a [Opcode]),
}

impl Effort<'_> {
    /// How often a kind is tried.
    fn tries(self, kind: &Kind, scene: &Scene) -> usize {
        match self {
            Effort::All => kind.tries(scene),
            Effort::Missing(constraints, _) => match kind.concerns(constraints) {
                true => MORE * kind.tries(scene),
                false => 0,
            },
        }
    }
}

/// How many times as often the kinds are tried that concern what is missing.
const MORE: usize = 4;

/// Every kind of forgery on the random program of this seed.
pub fn forge_random(machine: &Machine, search: &Search, effort: Effort, seed: u64) -> Campaign {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let program = programs::random(machine, &mut rng);
    with_scene(machine, program, |scene| {
        let mut scene = scene.clone();
        if let Effort::Missing(_, flags) = effort {
            scene.wrong_flags = flags.to_vec();
        }
        forge_all(&scene, search, effort, &mut rng)
    })
}

/// Every kind of forgery on a scene.
pub fn forge_all(scene: &Scene, search: &Search, effort: Effort, rng: &mut ChaCha8Rng) -> Campaign {
    let machine = scene.machine;
    let table = machine.table(&scene.honest);
    assert_eq!(machine.checker.violations(&table), [], "the honest claim");
    let mut campaign = Campaign {
        programs: 1,
        ..Campaign::default()
    };
    for kind in kinds() {
        for _ in 0..effort.tries(kind, scene) {
            forge(scene, &table, kind, search, rng, &mut campaign);
        }
    }
    campaign
}

fn forge(
    scene: &Scene,
    honest: &Table,
    kind: &Kind,
    search: &Search,
    rng: &mut ChaCha8Rng,
    campaign: &mut Campaign,
) {
    let Some(mut claim) = (kind.forge)(scene, rng) else {
        return;
    };
    // Where a key says something of the program, the run of another is forged for another key, if there is one.
    let mut other = None;
    let words = claim.tape.len() - 1;
    let same_key = match scene.machine.tape {
        Some(own) => own.words == words,
        None => scene.machine.host != Host::Fixed,
    };
    if claim.given != scene.honest.given && !same_key {
        let stated = program(&claim.given, scene.machine.set);
        other = stated.and_then(|own| scene.machine.of(&own, words));
        if other.is_none() {
            return;
        }
    }
    let machine = other.as_ref().unwrap_or(scene.machine);
    machine.adopt(&mut claim);
    if !is_forged(machine, &claim) {
        return;
    }
    let table = machine.table(&claim);
    let violations = match &other {
        Some(other) => other.checker.violations(&table),
        None => {
            let follows = claim.slip.is_none();
            machine.checker.violations_unlike(honest, &table, follows)
        }
    };
    // That nothing is overlooked is looked at for some.
    if other.is_none() && search.is_sampled() {
        let mut all = machine.checker.violations(&table);
        let mut own = violations.clone();
        all.sort();
        own.sort();
        assert_eq!(own, all, "{}", kind.name);
    }
    let false_statement = !is_true(machine, &claim);
    let fate = campaign.fates.entry(kind.name).or_default();
    fate.applied += 1;
    fate.false_statements += u64::from(false_statement);
    fate.rejected += u64::from(!violations.is_empty());
    let mut rules: Vec<_> = violations.iter().map(|violation| violation.rule).collect();
    rules.sort();
    rules.dedup();
    for rule in &rules {
        *fate.by.entry(*rule).or_default() += 1;
    }
    let names: Vec<_> = rules
        .iter()
        .map(|rule| machine.checker.name(*rule))
        .collect();
    // What is on top after a word was read is for the tape to say; of a secret, for what is done with it.
    let found = |part: &str| names.iter().any(|name| name.contains(part));
    let secret = |own: &Opcode| own.takes_word() && !own.uses_tape();
    let has_secret = scene.executed.iter().any(secret);
    let other_secret = has_secret && ANOTHER_SECRET.iter().any(|part| found(part));
    let expected = |part: &&str| found(part) || *part == TOP && (found(USED) || other_secret);
    // A wired machine decodes nothing: what executes something else is rejected by what it computes.
    let depends = kind.rejected_by.is_empty() || machine.shape().straight;
    let anything = depends && !names.is_empty();
    match anything || kind.rejected_by.iter().any(expected) {
        true => fate.rejected_as_expected += 1,
        false => campaign.surprises.push(format!(
            "{}: {names:?}: {:?} {:?}",
            kind.name,
            scene.program,
            claim.given == scene.honest.given
        )),
    }
    let evidence = &mut campaign.evidence;
    evidence.note(&search.selectors, &violations, false_statement);
    search.note_terms(machine, &claim, &violations);
}
