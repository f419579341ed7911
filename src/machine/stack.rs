//! The stack: a window of words in columns, and under it a linked list whose cells are rows of the trace itself.
//!
//! The topmost words stand in columns, the window: `top`, `second` and, where an instruction of the set
//! reads them, `third` and `fourth`. Flags say how many words there are: `nonempty`, `has_2` and so on, as
//! many as the set's instructions ask for.
//!
//! A step that grows the stack sends the cell `(index', lowest, present, link)` of the
//! lowest word of the window and the last of the flags, and afterwards `link = index`; a step that
//! shrinks it receives the cell `(link, lowest', present', link')` back. So the number of columns does not
//! depend on the depth.
//!
//! ```text
//! every step:  made * cell(index', lowest, present, link) = grow
//!              (sum' - sum + made - ...) * cell(link, lowest', present', link') = shrink
//! last row:    (sum + ... - beta * top) * (alpha + link) + nonempty = 0
//! cell(w, x, y, z) = alpha + w + gamma * x + gamma^2 * y + gamma^3 * z
//! ```
//!
//! # Lemma: the words that come back are those that went there
//!
//! Write M for the multiset of the cells sent, T for that of the cells received by steps. The
//! [theorem of the sum](crate::air::logup) says `M = T + nonempty * {(link, 0, 0, 0)}` with the values of the last row, where
//! counts are numbers of rows, far below the characteristic, and `output = top` on the last row.
//!
//! *State.* By the rules of the window `grow` and `shrink` are 0 or 1, and the step that sends a cell gives
//! it its own `index'`, which is at least 1, so no two cells of M share their first entry, and none has
//! 0 there. Let n be `present` on the first row, where the words and `link` are 0, and so are the
//! presence flags if there are several. By induction over the rows, on row i the window, the flags and
//! `link` are those of the honest machine, but that n stands for `present` where the honest machine has
//! what was there on the first row: a step that keeps or grows moves them as the rules say; a step that
//! shrinks moves them up, and receives a cell whose first entry is this row's `link`. That is, by
//! induction, either 0 (a `pop` on the empty stack, see below) or the `index'` of the step that last
//! covered what is now lowest in the window, and then the cell is what stood there: the state that the
//! honest machine returns to. In particular `link` never names a later row.
//!
//! *The empty stack.* M has no cell of key 0, so if T has one, the last rule's cell must cancel it:
//! `link = 0` on the last row, all the cells of key 0 that are received are `(0, 0, 0, 0)`, and `nonempty` is
//! minus their number. But after the last of them the state is that of a first row with n = 0, and from
//! there on `nonempty` is 0 wherever `link` is: a contradiction. So a `pop` on the empty stack is
//! unsatisfiable. And n is 0: with several flags the rules say so; with one, if the
//! final stack is empty, the sum's equation says that `n / alpha` is nothing, and if not, its bottom cell, `(link, 0, n, 0)`,
//! is the one of the last rule, `(link, 0, 0, 0)`.
//!
//! *Needs.* What keeps the depth or grows it demands the presence flag of the words that it needs. What
//! shrinks it demands that of one word less after the step: on a stack of one word less than needed,
//! the flag that comes up, from the window or from a cell, is 0.
//!
//! *The last link.* Once the key `link` of some row is received, no later row's link is that key: links name cells that were sent
//! and not yet received, each is sent once, and the honest machine's links go back to those below. So the cell of
//! the last rule is none that a step received, and its count is what the rule says.
//!
//! *End.* A machine whose final stack holds d words has sent d cells more than it has received. By the
//! multiset equation d is 1 if `nonempty`, else 0; so everything above the bottom word is unwound,
//! whatever the prover prefers, and `top` on the last row is the bottom word, or 0.
//!
//! Where the output is not bound, beta does not occur, and the rest is as above.
//!
//! # A straight line in the key
//!
//! Flags and links are fixed columns there, and the key is made only of a program
//! that finds the words it needs. A cell is `(w, x)`, its key and its word, and as no step both sends one and
//! receives one, the sum changes by one fraction a row:
//!
//! ```text
//! every row:   (sum' - sum) * (grow * cell(index', lowest) + shrink * cell(link, lowest')
//!                              + step - grow - shrink) = shrink - grow
//! ```
//!
//! Outside the machine all of these are 0. The cells' keys are known to be right, so that M = T says that a word
//! comes back where it went; what is in the columns is then the honest machine's by induction.

use super::window::{Challenges, Window};
use super::{Column, Columns, Event, Part, bit};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Rows, Sign};
use crate::algebra::{Algebra, Word};
use crate::isa::{Effect, InstructionSet, Opcode};

/// The bus of the cells under the window.
pub(super) static BUS: Bus = Bus { name: "cells" };

/// What the constraint says that sends and receives share.
const EITHER: &str = "sum' - sum = 1 / (the cell this row takes), -1 / (the cell it makes), or 0";

/// The window of the stack, and the cells under it.
pub(super) struct Stack;

impl Part for Stack {
    const BUS: Option<&'static Bus> = Some(&BUS);
    const ENDS_SUM: bool = true;

    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        vec![stack(window), start(window)]
    }

    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let Window { row, next, .. } = window;
        let (sent, received) = match &row.made {
            Some(made) => {
                let (column, here) = (Column::Made, made.clone());
                (Placement::Own { column, here }, Placement::Absorbed)
            }
            // Flags that are fixed are 0 outside the machine, and a step sends a cell or receives one, or neither.
            None => (Placement::Exclusive(EITHER), Placement::Exclusive(EITHER)),
        };
        emit(Interaction::of_step(
            &BUS,
            "made = 1 / (the cell this row makes), 0 if it makes none",
            Sign::Send,
            window.effect(Effect::Grow),
            cell(window, &window.index[1], row).named("made_cell"),
            sent,
        ));
        emit(Interaction::of_step(
            &BUS,
            "1 / (the cell this row takes), 0 if it takes none",
            Sign::Receive,
            window.effect(Effect::Shrink),
            cell(window, &row.link, next).named("taken_cell"),
            received,
        ));
        emit(Interaction {
            bus: &BUS,
            name: "the bottom word's cell",
            sign: Sign::Receive,
            count: window.nonempty(),
            message: message(window, &row.link, [None, None, None]),
            rows: Rows::Last,
            placement: Placement::Absorbed,
        });
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        for (column, word) in columns.words.iter_mut().zip(event.row.window) {
            column.push(word);
        }
        columns.link.push(F::constant(event.row.link.into()));
        for (column, least) in columns.present.iter_mut().zip(0..) {
            column.push(bit(event.row.depth > least));
        }
    }
}

fn message<A: Algebra>(window: &Window<A>, key: &A, content: [Option<A>; 3]) -> Message<A> {
    let Challenges { alpha, gamma, .. } = &window.challenges;
    Message::new(alpha, gamma, key.clone(), content)
}

/// The cell with this key that holds what a state has at the bottom of its window.
fn cell<A: Algebra>(window: &Window<A>, key: &A, state: &Columns<A>) -> Message<A> {
    let present = state.last_present().cloned();
    let link = present.is_some().then(|| state.link.clone());
    let lowest = state.lowest().clone();
    message(window, key, [Some(lowest), present, link])
}

/// What the next row's words are, from the second on.
const NEXT_WORDS: [&str; InstructionSet::MAX_WINDOW - 1] = [
    "second' = top after a push, second if the depth stays, unless it is moved",
    "third' = second after a push, third if the depth stays, unless it is moved",
    "fourth' = third after a push, fourth if the depth stays",
];

/// What the next row's presence flags are.
const NEXT_PRESENT: [&str; InstructionSet::MAX_WINDOW] = [
    "nonempty' = 1 after a push, nonempty if the depth stays",
    "has_2' = nonempty after a push, has_2 if the depth stays",
    "has_3' = has_2 after a push, has_3 if the depth stays",
    "has_4' = has_3 after a push, has_4 if the depth stays",
];

/// Who needs words finds them.
const NEEDS: [&str; InstructionSet::MAX_WINDOW] = [
    "there is a word where one is needed, before the step or after it",
    "there are two words where they are needed, before the step or after it",
    "there are three words where they are needed, before the step or after it",
    "there are four words where they are needed, before the step or after it",
];

/// The presence flag that shows that an instruction finds its words, if it needs any to be shown: on its row, or on the
/// next one if it shrinks the stack.
///
/// A set has the constraints of those flags alone that some instruction of it asks for. Another's would say `0 = 0`; and
/// these can fail. For say that an instruction that needs n words asks for a flag, and that it stands where there are
/// n - 1. The rows that go on from there as the other rules say are the only ones that satisfy them, with
/// words that are 0 where there are none. If the instruction shrinks the stack, n is at least 2, so that the cell that it
/// takes is one that was made; so the multiset equation of the bus holds too, once the rest is unwound.
/// Nothing else rejects this, but that the instruction may refuse zeros, as `inv` does on the empty stack. The first
/// flag is asked for by `halt`, which refuses nothing, in every set; the others by instructions that do not either.
///
/// A stack of n - 1 words comes up in every set that has what pushes onto the empty stack. In a set that has not,
/// the stack is empty on all rows and the constraint of the first flag can't fail where only `halt` asks for it; it is
/// there all the same.
fn shows_its_words(opcode: Opcode) -> Option<usize> {
    let shrinks = usize::from(opcode.effect() == Effect::Shrink);
    opcode.needs().checked_sub(1 + shrinks)
}

/// The next row's window of the stack, from the second word on, follows from this row's.
pub fn stack<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Window { row, next, .. } = window;
    let step = window.step();
    let one = A::constant(1);
    let idle = window.idle();
    let grow = window.effect(Effect::Grow);
    let keep = idle.clone() + window.effect(Effect::Keep);
    let shrink = window.effect(Effect::Shrink);
    // What comes from above when the stack grows, and from below when it shrinks; what shrinks the
    // stack takes the lowest from a cell.
    let shifted = |new: &A, above: A, here: &A, below: Option<&A>| {
        let lifted = match below {
            Some(below) => new.clone() - shrink.clone() * below.clone(),
            None => (one.clone() - shrink.clone()) * new.clone(),
        };
        lifted - grow.clone() * above - keep.clone() * here.clone()
    };
    let mut constraints = vec![];
    for (i, name) in (1..row.words.len()).zip(NEXT_WORDS) {
        let here = &row.words[i];
        let moved = window.flags(|opcode| {
            let relation = window.relation(opcode);
            let moved = if i == 1 {
                relation.second
            } else {
                relation.third
            };
            moved.filter(|_| i <= 2).map(|moved| moved - here.clone())
        });
        let above = row.words[i - 1].clone();
        let shifted = shifted(&next.words[i], above, here, row.words.get(i + 1));
        constraints.push(Constraint {
            name: name.into(),
            polynomial: step.clone() * (shifted - moved),
        });
    }
    if !window.shape.straight {
        constraints.push(Constraint {
            name: "link' = index' after a push, link if the depth stays".into(),
            polynomial: step.clone()
                * shifted(&next.link, window.index[1].clone(), &row.link, None),
        });
    }
    for (i, name) in (0..row.present.len()).zip(NEXT_PRESENT) {
        let above = match i {
            0 => one.clone(),
            _ => row.present[i - 1].clone(),
        };
        let below = row.present.get(i + 1);
        let shifted = shifted(&next.present[i], above, &row.present[i], below);
        constraints.push(Constraint {
            name: name.into(),
            polynomial: step.clone() * shifted,
        });
    }
    for (i, name) in (0..row.present.len()).zip(NEEDS) {
        let who = |shrinks: bool| {
            window.flags(|opcode| {
                let shows = shows_its_words(opcode) == Some(i);
                let when = (opcode.effect() == Effect::Shrink) == shrinks;
                (shows && when).then(|| A::constant(1))
            })
        };
        let mut opcodes = window.shape.set.opcodes();
        if !opcodes.any(|opcode| shows_its_words(opcode) == Some(i)) {
            // The flag is there to be moved on to the next one.
            continue;
        }
        let missing = |present: &A| one.clone() - present.clone();
        constraints.push(Constraint {
            name: name.into(),
            polynomial: step.clone()
                * (who(false) * missing(&row.present[i]) + who(true) * missing(&next.present[i])),
        });
    }
    Gate {
        name: "stack",
        constraints,
    }
}

/// What is 0 on the first row, of the words.
const FIRST_WORDS: [&str; InstructionSet::MAX_WINDOW] = [
    "top = 0 on the first row",
    "second = 0 on the first row",
    "third = 0 on the first row",
    "fourth = 0 on the first row",
];

/// What is 0 on the first row, of the presence flags.
const FIRST_PRESENT: [&str; InstructionSet::MAX_WINDOW] = [
    "nonempty = 0 on the first row",
    "has_2 = 0 on the first row",
    "has_3 = 0 on the first row",
    "has_4 = 0 on the first row",
];

/// The machine starts with the empty stack. That a presence flag is 0 there follows where it is the only
/// one: see the head of this file.
pub fn start<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let Columns {
        words,
        link,
        present,
        ..
    } = &window.row;
    let words = FIRST_WORDS.into_iter().zip(words);
    let alone = present.len() == 1;
    let present = FIRST_PRESENT.into_iter().zip(present);
    let unwired = !window.shape.straight;
    let constraints = words
        .chain(unwired.then_some(("link = 0 on the first row", link)))
        .chain(present.filter(|_| !alone))
        .map(|(name, cell)| Constraint {
            name: name.into(),
            polynomial: window.first() * cell.clone(),
        });
    Gate {
        name: "start",
        constraints: constraints.collect(),
    }
}
