//! Steps on integers: of instructions that compute with words in limbs or access bytes, compiled once for all fields.

use super::step::{Known, Start, Step};
use super::values::Topmost;
use crate::algebra::{Computed, Small};
use crate::isa::{Opcode, Operation, Specialised};

/// The new top that an instruction makes of the topmost words and its argument, given what stands in a cell, and what it puts into that
/// cell; `None` if that can't be known of integers, or if the instruction refuses them.
///
/// What such an instruction changes beside is nothing: it goes on with the following one, and moves no word.
pub(super) type SmallStep =
    fn(Topmost<Small>, Small, &mut dyn FnMut(Option<u64>) -> Small) -> Option<(i128, Option<i128>)>;

/// What makes the steps of an instruction, none of one that is plain.
pub(super) fn step(opcode: Opcode) -> SmallStep {
    opcode.specialise(Steps)
}

struct Steps;

impl Specialised for Steps {
    type Output = SmallStep;

    #[inline(always)]
    fn call<O: Operation>(self) -> SmallStep {
        if const { O::OPCODE.is_plain() } {
            |_, _, _| None
        } else {
            step_of::<O>
        }
    }
}

fn step_of<O: Operation>(
    stack: Topmost<Small>,
    argument: Small,
    cell: &mut dyn FnMut(Option<u64>) -> Small,
) -> Option<(i128, Option<i128>)> {
    let none = Small::new(0);
    let cell = |address: Small| cell(address.as_u64());
    let start = Start {
        stack,
        argument,
        word: none,
        pc: 0,
        frame: none,
    };
    let step = Step::of::<false>(&Known::<O>::IT, start, cell);
    let holds = step.holds(&Known::<O>::IT, stack, argument);
    let new = match &step.access {
        Some(own) => {
            own.cell.value()?;
            Some(own.new.value()?)
        }
        None => None,
    };
    let result = step.result.value()?;
    holds.then_some((result, new))
}
