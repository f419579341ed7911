//! What a proof is doing.

/// A phase of a proof, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// The circuit is synthesized, and its advice columns are committed to.
    Witness,
    /// The lookups' permuted columns.
    Lookups,
    /// The running products of copies and lookups.
    Products,
    /// The quotient: transforms, gates, its commitments.
    Quotient,
    /// The evaluations at a point.
    Evaluations,
    /// The opening of all commitments.
    Opening,
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 6] = [
        Phase::Witness,
        Phase::Lookups,
        Phase::Products,
        Phase::Quotient,
        Phase::Evaluations,
        Phase::Opening,
    ];

    /// About how much of a proof's time it takes, of 100 in all.
    pub const fn weight(self) -> u32 {
        match self {
            Phase::Witness => 45,
            Phase::Lookups => 5,
            Phase::Products => 5,
            Phase::Quotient => 35,
            Phase::Evaluations => 3,
            Phase::Opening => 7,
        }
    }

    /// What is done in it, in a few words.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Witness => "committing to the trace",
            Phase::Lookups => "lookups",
            Phase::Products => "running products",
            Phase::Quotient => "the quotient",
            Phase::Evaluations => "evaluations",
            Phase::Opening => "the opening",
        }
    }

    /// About how much of a proof's time, of 100, is over when it begins.
    pub fn before(self) -> u32 {
        let before = Phase::ALL.into_iter().take_while(|own| *own != self);
        before.map(Phase::weight).sum()
    }
}

/// Who is told of phases.
pub trait Progress {
    /// A phase begins.
    fn enter(&mut self, phase: Phase);
}

/// Nobody.
impl Progress for () {
    fn enter(&mut self, _: Phase) {}
}

impl<F: FnMut(Phase)> Progress for F {
    fn enter(&mut self, phase: Phase) {
        self(phase);
    }
}
