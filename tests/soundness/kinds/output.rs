//! The output, and the sum that carries it.

use rand_chacha::ChaCha8Rng;

use super::stack::lost_word;
use super::{Kind, MADE, OUTPUT_COPY, SUM_END, SUM_START, TAKEN, any_row, nonzero};
use crate::claim::{Claim, Slip};
use crate::forger::Scene;

/// A statement about an output that the honest run does not give.
fn false_output(scene: &Scene, rng: &mut ChaCha8Rng) -> Claim {
    let mut claim = scene.honest.clone();
    claim.output += nonzero(rng);
    claim
}

/// A false output with a sum that starts from it, and ends as it should for the true one.
pub(super) fn slipped(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    slip: fn(usize) -> Slip,
) -> Option<Claim> {
    let mut claim = match scene.machine.binds_output() {
        true => false_output(scene, rng),
        // There the sum does not carry the output; a word that is lost is hidden.
        false => lost_word(scene, rng)?,
    };
    claim.start = claim.output;
    claim.slip = Some(slip(any_row(scene, rng)));
    Some(claim)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "false output",
        rejected_by: &[SUM_START, OUTPUT_COPY],
        forge: |scene, rng| Some(false_output(scene, rng)),
    },
    Kind {
        name: "the output of another row",
        rejected_by: &[SUM_START, OUTPUT_COPY],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            claim.output = claim.columns.top()[any_row(scene, rng)];
            Some(claim)
        },
    },
    Kind {
        name: "false output that the sum starts from",
        rejected_by: &[SUM_END, OUTPUT_COPY],
        forge: |scene, rng| {
            let mut claim = false_output(scene, rng);
            claim.start = claim.output;
            Some(claim)
        },
    },
    Kind {
        name: "the output of another row that the sum starts from",
        rejected_by: &[SUM_END, OUTPUT_COPY],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            claim.output = claim.columns.top()[any_row(scene, rng)];
            claim.start = claim.output;
            Some(claim)
        },
    },
    Kind {
        name: "a sum that starts where it has to in order to end as it must",
        rejected_by: &[SUM_START],
        forge: |scene, rng| slipped(scene, rng, |_| Slip::Start),
    },
    Kind {
        name: "a sum that jumps to where it must end",
        rejected_by: &[TAKEN],
        forge: |scene, rng| slipped(scene, rng, Slip::Sum),
    },
    Kind {
        name: "a cell's fraction that makes the sum end as it must",
        rejected_by: &[MADE],
        forge: |scene, rng| {
            scene.honest.columns.made.as_ref()?;
            slipped(scene, rng, Slip::Made)
        },
    },
];
