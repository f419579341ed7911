//! All kinds of forgeries on many programs.

use std::collections::BTreeMap;

use halo2_stack_vm::isa::Opcode;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::check::Rule;
use crate::claim::program;
use crate::evidence::{Evidence, Selector};
use crate::forger::{Scene, is_true, with_scene};
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
    /// For each term of the sum, the forgeries that are accepted without it.
    pub terms: BTreeMap<Term, u64>,
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
        for (term, count) in other.terms {
            *self.terms.entry(term).or_default() += count;
        }
        self
    }
}

/// After so many random programs it is known which terms of the sum are needed; that takes longer than all else.
const ENOUGH: u64 = 1_000;

/// Every kind of forgery on the random program of this seed.
pub fn forge_random(
    machine: &Machine,
    selectors: &BTreeMap<Rule, Selector>,
    seed: u64,
) -> Campaign {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let program = programs::random(machine, &mut rng);
    let terms = seed < ENOUGH;
    with_scene(machine, program, |scene| {
        forge_all(scene, selectors, terms, &mut rng)
    })
}

/// Every kind of forgery on a scene; and, if that is asked for, without which terms of the sum it would be accepted.
pub fn forge_all(
    scene: &Scene,
    selectors: &BTreeMap<Rule, Selector>,
    terms: bool,
    rng: &mut ChaCha8Rng,
) -> Campaign {
    let machine = scene.machine;
    let table = machine.table(&scene.honest);
    assert_eq!(machine.checker.violations(&table), [], "the honest claim");
    let mut campaign = Campaign {
        programs: 1,
        ..Campaign::default()
    };
    for kind in kinds() {
        for _ in 0..kind.tries(scene) {
            forge(scene, kind, selectors, terms, rng, &mut campaign);
        }
    }
    campaign
}

fn forge(
    scene: &Scene,
    kind: &Kind,
    selectors: &BTreeMap<Rule, Selector>,
    terms: bool,
    rng: &mut ChaCha8Rng,
    campaign: &mut Campaign,
) {
    let Some(claim) = (kind.forge)(scene, rng).filter(|claim| scene.is_forged(claim)) else {
        return;
    };
    // Where a key holds the program, a forgery of another program's run is one for another key, if there is one.
    let mut other = None;
    if scene.machine.host == Host::Fixed && claim.given != scene.honest.given {
        let stated = program(&claim.given, scene.machine.set);
        other = stated.and_then(|own| scene.machine.of(&own, 0));
        if other.is_none() {
            return;
        }
    }
    let machine = other.as_ref().unwrap_or(scene.machine);
    let violations = machine.checker.violations(&machine.table(&claim));
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
    let depends = kind.rejected_by.is_empty() || machine.shape().wired;
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
    campaign
        .evidence
        .note(selectors, &violations, false_statement);
    let accepting = terms.then(|| mutants::accepting(machine, &claim, &violations));
    for term in accepting.into_iter().flatten() {
        *campaign.terms.entry(term).or_default() += 1;
    }
}
