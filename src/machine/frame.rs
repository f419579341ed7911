//! The frame: the cells of the memory that a function calls its own, by numbers from an address on.
//!
//! ```text
//! every step:  frame' = what the instruction says, frame if it says nothing          first row:  frame = 0
//! ```
//!
//! By induction over the rows `frame` is the sum of the arguments of the instructions that move it, in the field. The cell of a frame with the number n has the
//! address `frame + n`, and what is said of [addresses](super::memory) holds for it.

use super::window::{Window, there};
use super::{Columns, Event, Part};
use crate::air::{Constraint, Gate};
use crate::algebra::{Algebra, Word};

/// Where the frame is.
pub(super) struct Frame;

impl Part for Frame {
    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        let Window {
            shape, row, next, ..
        } = window;
        if !shape.set.has_frame() {
            return vec![];
        }
        let [here, next] = [&row.frame, &next.frame].map(|own| there(own.as_ref(), "a frame"));
        let moved = window.flags(|opcode| {
            let after = window.relation(opcode).frame?;
            Some(after - here.clone())
        });
        let constraints = vec![
            Constraint::new(
                "frame' is the instruction's, frame if it does not move it",
                window.step() * (next - here.clone() - moved),
            ),
            Constraint::new("frame = 0 on the first row", window.first() * here),
        ];
        let name = "frame";
        vec![Gate { name, constraints }]
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        if let Some(frame) = &mut columns.frame {
            frame.push(event.row.frame);
        }
    }
}
