//! What a relation reads and has, found by probing it.

use std::sync::OnceLock;

use super::{Access, Cofactor, Double, InstructionSet, Opcode, Operands, Relation, Target};
use crate::algebra::{Algebra, Probe};

/// What a relation can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operand {
    Word(usize),
    Argument,
    Hint,
    Result,
    Following,
    Jumps,
    Low,
    High,
    Both,
    Old,
}

/// Operands that are looked at to see who reads them.
pub(super) struct Probed;

impl Operands<Probe<Operand>> for Probed {
    fn word(&self, place: usize) -> Probe<Operand> {
        Probe::variable(Operand::Word(place))
    }
    fn argument(&self) -> Probe<Operand> {
        Probe::variable(Operand::Argument)
    }
    fn hint(&self) -> Probe<Operand> {
        Probe::variable(Operand::Hint)
    }
    fn result(&self) -> Probe<Operand> {
        Probe::variable(Operand::Result)
    }
    fn following(&self) -> Probe<Operand> {
        Probe::variable(Operand::Following)
    }
    fn jumps(&self) -> Probe<Operand> {
        Probe::variable(Operand::Jumps)
    }
    fn low(&self) -> Probe<Operand> {
        Probe::variable(Operand::Low)
    }
    fn high(&self) -> Probe<Operand> {
        Probe::variable(Operand::High)
    }
    fn both(&self) -> Probe<Operand> {
        Probe::variable(Operand::Both)
    }
    fn old(&self) -> Probe<Operand> {
        Probe::variable(Operand::Old)
    }
}

/// What a relation says of the words and the cell that it has to do with.
fn told<'r, A>(double: &'r Option<Double<A>>, access: &'r Option<Access<A>>) -> Vec<&'r A> {
    let mut told = match double {
        Some(Double::Split(value)) => vec![value],
        Some(Double::Pair(a, b) | Double::Quotient(a, b)) => vec![a, b],
        None => vec![],
    };
    if let Some(Access { address, new }) = access {
        told.extend([address, new]);
    }
    told
}

/// What a relation reads and has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The number of words of the window.
    pub words: usize,
    pub factor: bool,
    /// Whether the cofactor is another than the second word.
    pub cofactor: bool,
    pub factor_test: bool,
    pub cofactor_test: bool,
    pub obligation: bool,
    /// Whether it has to do with addresses of the program: where it stands, where it goes, or what stands there.
    pub control: bool,
    /// Whether a word comes from the public tape or goes there.
    pub tape: bool,
    /// Whether it computes with 32-bit words.
    pub double: bool,
    /// Whether a third word has to be a 32-bit word.
    pub rest: bool,
    /// Whether it accesses the memory.
    pub memory: bool,
    /// Whether the new top comes from outside.
    pub outside: bool,
    pub hint: bool,
    /// Whether the new top depends on the hint otherwise than by the product.
    pub top_reads_hint: bool,
    pub target: Target,
    /// Whether it may go on elsewhere than at the instruction that follows.
    pub jumps: bool,
}

impl Facts {
    /// The facts of a relation, all of whose parts are looked at.
    pub(super) fn of(relation: &Relation<Probe<Operand>>) -> Self {
        let Relation {
            top,
            second,
            third,
            factor,
            cofactor,
            factor_test,
            cofactor_test,
            zero,
            target,
            tape,
            double,
            rest,
            access,
        } = relation;
        let parts = [top, factor, factor_test, cofactor_test, zero];
        let moved = || second.iter().chain(third).chain(tape).chain(rest);
        let told = || told(double, access);
        let parts = || parts.into_iter().chain(moved()).chain(told());
        let reads = |operand: Operand| parts().any(|part| part.reads().contains(&operand));
        let words = parts().flat_map(Probe::reads).map(|operand| match operand {
            Operand::Word(place) => place + 1,
            _ => 0,
        });
        let written = match (second, third) {
            (_, Some(_)) => 3,
            (Some(_), None) => 2,
            (None, None) => 0,
        };
        let product = !factor.vanishes();
        Facts {
            words: words.max().unwrap_or(0).max(written),
            factor: product,
            cofactor: product && *cofactor != Cofactor::Second,
            factor_test: !factor_test.vanishes(),
            cofactor_test: !cofactor_test.vanishes(),
            obligation: !zero.vanishes(),
            control: *target != Target::Following || reads(Operand::Following) || access.is_some(),
            tape: tape.is_some(),
            double: double.is_some(),
            rest: rest.is_some(),
            memory: access.is_some(),
            outside: top.is_variable(&Operand::Result),
            hint: product && *cofactor == Cofactor::Hint,
            top_reads_hint: top.reads().contains(&Operand::Hint),
            target: *target,
            jumps: *target != Target::Following,
        }
    }
}

impl Opcode {
    /// Which instruction the program goes on with.
    pub fn target(self) -> Target {
        self.facts().target
    }

    /// Whether the instruction takes a word from the public tape or puts one there.
    pub fn uses_tape(self) -> bool {
        self.facts().tape
    }

    /// Whether the instruction accesses the memory.
    pub fn uses_memory(self) -> bool {
        self.facts().memory
    }

    /// Whether the instruction computes with 32-bit words, in limbs.
    pub fn uses_words(self) -> bool {
        self.facts().double
    }

    /// Whether the new top depends on the hint otherwise than by the product.
    pub(crate) fn result_reads_hint(self) -> bool {
        self.facts().top_reads_hint
    }

    /// Whether the word that the instruction pushes comes from a tape.
    pub fn takes_word(self) -> bool {
        self.facts().outside
    }

    /// What the relation reads and has.
    pub(super) fn facts(self) -> Facts {
        static ALL: OnceLock<Vec<Facts>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let facts = |opcode: &Opcode| Facts::of(&opcode.relation(&Probed));
            Opcode::ALL.iter().map(facts).collect()
        });
        // As many facts as instructions.
        all[self as usize]
    }
}

impl InstructionSet {
    /// The facts of its instructions.
    pub(super) fn facts(self) -> impl Iterator<Item = Facts> {
        self.opcodes().map(Opcode::facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Effect;

    /// A trap: an instruction that reads a word in its tape message alone.
    #[test]
    fn a_word_that_only_the_tape_is_given_is_read() {
        let word = |place| Probed.word(place);
        let facts = Facts::of(&Relation {
            tape: Some(word(3)),
            ..Relation::top(word(0))
        });
        assert_eq!(facts.words, 4);
        let top = Facts::of(&Relation::top(word(0)));
        assert_eq!((top.words, top.tape), (1, false));
    }

    #[test]
    fn what_a_relation_says_is_affine() {
        for opcode in Opcode::ALL {
            let relation = opcode.relation(&Probed);
            let tests = [
                &relation.factor_test,
                &relation.cofactor_test,
                &relation.zero,
            ];
            let moved = [
                &relation.second,
                &relation.third,
                &relation.tape,
                &relation.rest,
            ];
            let told = told(&relation.double, &relation.access);
            let parts = [&relation.top, &relation.factor].into_iter().chain(tests);
            for part in parts.chain(moved.into_iter().flatten()).chain(told) {
                assert!(part.degree() <= 1, "{opcode}: {part:?}");
            }
        }
    }

    #[test]
    fn what_an_instruction_reads_is_in_its_window() {
        for opcode in Opcode::ALL.iter().copied() {
            let facts = opcode.facts();
            assert!(facts.words <= InstructionSet::MAX_WINDOW, "{opcode}");
            // Who refuses something says why.
            let refuses =
                facts.factor_test || facts.cofactor_test || facts.obligation || facts.double;
            assert!(opcode.fault().is_none() || refuses, "{opcode}");
            // What shrinks the stack may read the word that comes up, which is 0 if there is none.
            let needs = opcode.needs() + usize::from(opcode.effect() == Effect::Shrink);
            assert!(facts.words <= needs.max(1), "{opcode}: {facts:?}");
        }
    }
}
