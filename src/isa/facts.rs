//! What a relation reads and has, found by probing it.

use std::sync::OnceLock;

use super::{
    Access, Address, Carry, Cofactor, Double, InstructionSet, Opcode, Operands, Piece, Power,
    Relation, Rest, Target, Width,
};
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
    Rest,
    Ones,
    Carry(Carry),
    Exponent,
    Power,
    Frame,
    Old,
    New,
    Offset,
    Scale,
    Found(Piece),
    Lowest(Piece),
    LastByte,
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
    fn low(&self, _: Width) -> Probe<Operand> {
        Probe::variable(Operand::Low)
    }
    fn high(&self, _: Width) -> Probe<Operand> {
        Probe::variable(Operand::High)
    }
    fn both(&self, _: Width) -> Probe<Operand> {
        Probe::variable(Operand::Both)
    }
    fn rest(&self, _: Width) -> Probe<Operand> {
        Probe::variable(Operand::Rest)
    }
    fn ones(&self, _: Width) -> Probe<Operand> {
        Probe::variable(Operand::Ones)
    }
    fn carry(&self, carry: Carry) -> Probe<Operand> {
        Probe::variable(Operand::Carry(carry))
    }
    fn exponent(&self) -> Probe<Operand> {
        Probe::variable(Operand::Exponent)
    }
    fn power(&self) -> Probe<Operand> {
        Probe::variable(Operand::Power)
    }
    fn frame(&self) -> Probe<Operand> {
        Probe::variable(Operand::Frame)
    }
    fn old(&self) -> Probe<Operand> {
        Probe::variable(Operand::Old)
    }
    fn updated(&self) -> Probe<Operand> {
        Probe::variable(Operand::New)
    }
    fn offset(&self) -> Probe<Operand> {
        Probe::variable(Operand::Offset)
    }
    fn scale(&self) -> Probe<Operand> {
        Probe::variable(Operand::Scale)
    }
    fn found(&self, piece: Piece) -> Probe<Operand> {
        Probe::variable(Operand::Found(piece))
    }
    fn lowest(&self, piece: Piece) -> Probe<Operand> {
        Probe::variable(Operand::Lowest(piece))
    }
    fn last_byte(&self) -> Probe<Operand> {
        Probe::variable(Operand::LastByte)
    }
}

/// What a relation says of the words and the cell that it has to do with.
fn told<A>(relation: &Relation<A>) -> Vec<&A> {
    let mut told = match &relation.double {
        Some(Double::Split(value) | Double::Ones(value)) => vec![value],
        Some(
            Double::Pair(a, b) | Double::Reduced(a, b) | Double::Quotient(a, b) | Double::Odd(a, b),
        ) => vec![a, b],
        None => vec![],
    };
    if let Some(Rest::Said(word) | Rest::Reduced(word)) = &relation.rest {
        told.push(word);
    }
    if let Some(Power::Of(value) | Power::Floor(value) | Power::Divisor(value)) = &relation.power {
        told.push(value);
    }
    if let Some(Access { address, new }) = &relation.access {
        let (Address::Cell(address) | Address::Byte(address)) = address;
        told.extend([address].into_iter().chain(new));
    }
    told.extend(&relation.frame);
    told
}

/// What a relation reads and has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The number of words of the window.
    pub window: usize,
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
    /// Whether it computes with words in limbs.
    pub words: bool,
    /// Whether these have 64 bits.
    pub wide: bool,
    /// Whether a third word has to be such a word.
    pub rest: bool,
    /// Whether that has 64 bits.
    pub wide_rest: bool,
    /// Whether the low word is made of a value by taking the radix off.
    pub low_carry: bool,
    /// Whether the high word is.
    pub high_carry: bool,
    /// Whether the third word is.
    pub rest_carry: bool,
    /// Whether it computes with a power of two.
    pub power: bool,
    /// Whether it shifts words of 64 bits by one.
    pub wide_shift: bool,
    /// Whether it counts bits of 32-bit words by one.
    pub count: bool,
    /// Whether it counts bits of 64-bit words by one.
    pub wide_count: bool,
    /// Whether it counts the bits that are 1.
    pub ones: bool,
    /// Whether it accesses the memory.
    pub memory: bool,
    /// Whether it does so by the addresses of bytes.
    pub bytes: bool,
    /// Whether it finds a byte of what is there.
    pub byte: bool,
    /// Whether it finds two bytes of what is there.
    pub half: bool,
    /// Whether it has to do with the frame.
    pub frame: bool,
    /// Whether the new top is given: it comes from a tape, or is a hash.
    pub top_is_given: bool,
    /// Whether it is a hash.
    pub hashes: bool,
    pub hint: bool,
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
            width,
            double,
            rest,
            power,
            access,
            frame,
            hashes,
        } = relation;
        let parts = [top, factor, factor_test, cofactor_test, zero];
        let moved = || second.iter().chain(third).chain(tape);
        let parts = || parts.into_iter().chain(moved()).chain(told(relation));
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
        let tested = !cofactor_test.vanishes();
        let wide = *width == Width::W64;
        let counts = matches!(power, Some(Power::Floor(_) | Power::Divisor(_)));
        let reduced = matches!(double, Some(Double::Reduced(..)));
        Facts {
            window: words.max().unwrap_or(0).max(written),
            factor: product,
            cofactor: (product || tested) && *cofactor != Cofactor::Second,
            factor_test: !factor_test.vanishes(),
            cofactor_test: tested,
            obligation: !zero.vanishes(),
            control: *target != Target::Following || reads(Operand::Following) || access.is_some(),
            tape: tape.is_some(),
            words: double.is_some() || rest.is_some(),
            wide,
            rest: rest.is_some(),
            wide_rest: wide && rest.is_some(),
            low_carry: reduced,
            high_carry: reduced,
            rest_carry: matches!(rest, Some(Rest::Reduced(_))),
            power: power.is_some(),
            wide_shift: wide && matches!(power, Some(Power::Of(_))),
            count: !wide && counts,
            wide_count: wide && counts,
            ones: matches!(double, Some(Double::Ones(_))),
            memory: access.is_some(),
            bytes: matches!(
                access,
                Some(Access {
                    address: Address::Byte(_),
                    ..
                })
            ),
            byte: reads(Operand::Found(Piece::Byte)),
            half: reads(Operand::Found(Piece::Half)),
            top_is_given: top.is_variable(&Operand::Result),
            hashes: *hashes,
            frame: frame.is_some() || reads(Operand::Frame),
            hint: product && *cofactor == Cofactor::Hint,
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

    /// Whether it does so by the addresses of bytes.
    pub fn uses_bytes(self) -> bool {
        self.facts().bytes
    }

    /// Whether the instruction computes with words of 32 or 64 bits, in limbs.
    pub fn uses_words(self) -> bool {
        self.facts().words
    }

    /// The size of the words in limbs that it computes with.
    pub fn width(self) -> Width {
        match self.facts().wide {
            true => Width::W64,
            false => Width::W32,
        }
    }

    /// Whether the instruction computes with a power of two.
    pub fn uses_power(self) -> bool {
        self.facts().power
    }

    /// Whether it counts the zeros at an end of a word.
    pub fn counts_zeros(self) -> bool {
        let facts = self.facts();
        facts.count || facts.wide_count
    }

    /// Whether it counts the bits of a word that are 1.
    pub fn counts_ones(self) -> bool {
        self.facts().ones
    }

    /// Whether it makes this word of a value by taking the radix off.
    pub fn carries(self, carry: Carry) -> bool {
        let facts = self.facts();
        match carry {
            Carry::Low => facts.low_carry,
            Carry::High => facts.high_carry,
            Carry::Rest => facts.rest_carry,
        }
    }

    /// Whether the new top is the [hash](crate::poseidon::hash) of the two topmost words.
    pub fn hashes(self) -> bool {
        self.facts().hashes
    }

    /// Whether the word that the instruction pushes comes from a tape.
    pub fn takes_word(self) -> bool {
        self.top_is_given() && !self.hashes()
    }

    /// Whether the new top is no function of what the relation reads: it comes from a tape, or is a hash.
    pub fn top_is_given(self) -> bool {
        self.facts().top_is_given
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
        assert_eq!(facts.window, 4);
        let top = Facts::of(&Relation::top(word(0)));
        assert_eq!((top.window, top.tape), (1, false));
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
            let moved = [&relation.second, &relation.third, &relation.tape];
            let told = told(&relation);
            let parts = [&relation.top, &relation.factor].into_iter().chain(tests);
            for part in parts.chain(moved.into_iter().flatten()).chain(told) {
                assert!(part.degree() <= 1, "{opcode}: {part:?}");
            }
        }
    }

    /// The interpreter relies on it.
    #[test]
    fn what_is_not_plain_only_makes_a_top() {
        for opcode in Opcode::ALL.iter().copied() {
            let facts = opcode.facts();
            let plain = !facts.words && !facts.bytes && !facts.power;
            assert_eq!(opcode.is_plain(), plain, "{opcode}");
            assert_eq!(opcode.is_of_frame(), facts.frame, "{opcode}");
            let takes = facts.tape || facts.top_is_given;
            assert_eq!(opcode.takes_more(), takes, "{opcode}");
            let relation = opcode.relation(&Probed);
            let moves = relation.second.is_some() || relation.third.is_some();
            // Of control flow, an access reads what stands at an address.
            let control = facts.control && !facts.memory;
            let more = moves || control || facts.jumps || takes || facts.frame;
            assert!(plain || !more, "{opcode}");
        }
    }

    #[test]
    fn what_an_instruction_reads_is_in_its_window() {
        for opcode in Opcode::ALL.iter().copied() {
            let facts = opcode.facts();
            assert!(facts.window <= InstructionSet::MAX_WINDOW, "{opcode}");
            // Who refuses something says why.
            let refuses =
                facts.factor_test || facts.cofactor_test || facts.obligation || facts.words;
            assert!(opcode.fault().is_none() || refuses, "{opcode}");
            // What shrinks the stack may read the word that comes up, which is 0 if there is none.
            let needs = opcode.needs() + usize::from(opcode.effect() == Effect::Shrink);
            assert!(facts.window <= needs.max(1), "{opcode}: {facts:?}");
        }
    }
}
