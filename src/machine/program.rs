//! The program: which instruction comes next, and that it is the program's, where instructions are looked up.
//!
//! ```text
//! every step:  fetched * instruction(pc, opcode + 1, argument) = 1
//!              provided * instruction(index, listed_opcode, listed_argument) = uses
//! last row:    fetched * instruction(pc, opcode + 1, argument) = 1
//! instruction(a, o, b) = delta + a + gamma * o + gamma^2 * b
//! ```
//!
//! A set without control flow has neither `fetched` nor `provided`: each row is given its own instruction.
//!
//! # Lemma: the instructions that are executed are those of the program
//!
//! Write E for the multiset of the instructions received, the last row's included, and P for the listed instructions,
//! each as often as its `uses` say, a number that the prover states. The [theorem of the sum](crate::air::logup) says that every
//! tuple occurs in E and in P equally often, as elements of F. Its number in E is one of
//! at most `rows + 1`, far below the characteristic, and so it is not 0 in F if the tuple occurs there. Then it
//! occurs in P: it is listed at the address `pc`, of which there is one for every `index`. So whatever `uses`
//! say, a row executes an instruction that the listing has at `pc`; and `uses` are those numbers, for the
//! listed tuples are distinct. What is listed as 0 is no instruction: `opcode + 1 = 0` leaves all flags 0 and
//! demands that `nop` is given. With `pc = 0` on the first row, the flow below and
//! `halt` on the last row, the rows are those of the program from its first instruction to a `halt` that it has. In a set without jumps no
//! constraint says `halt` on the last row: the program counter rises by 1 as long as the row is not given `halt`, and stays from then on. If no row
//! were given it, the last row would look up the address `rows`, which is not listed.
//! A jump or a return to what is no address leads to a lookup of what is not listed.

use super::window::{Challenges, Given, Window, missing};
use super::{Column, Columns, Event, Fetch, Part, bit, count};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Rows, Sign};
use crate::algebra::{Algebra, Word};
use crate::isa::Target;

/// The bus of the instructions.
pub(super) static BUS: Bus = Bus {
    name: "instructions",
};

/// The program counter, and the look-up of instructions in the program.
pub(super) struct Program;

impl Part for Program {
    const BUS: Option<&'static Bus> = Some(&BUS);

    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        match (&window.row.fetch, &window.next.fetch) {
            (Some(fetch), Some(next)) => vec![flow(window, fetch, &next.pc)],
            (None, None) => vec![],
            _ => missing("the next instruction"),
        }
    }

    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let (fetch, opcode, argument) = match (&window.row.fetch, &window.given) {
            (Some(fetch), Given::Listed { opcode, argument }) => (fetch, opcode, argument),
            (None, Given::Own { .. } | Given::Scheduled { .. }) => return,
            _ => missing("the listing of the program"),
        };
        let Challenges { delta, gamma, .. } = &window.challenges;
        let message = |address: &A, opcode: A, argument: &A| {
            let rest = [Some(opcode), Some(argument.clone()), None];
            Message::new(delta, gamma, address.clone(), rest)
        };
        let looked_up = fetch.opcode.clone() + A::constant(1);
        emit(Interaction {
            bus: &BUS,
            name: "fetched = 1 / (the instruction this row executes)",
            sign: Sign::Receive,
            count: A::constant(1),
            message: message(&fetch.pc, looked_up, &fetch.argument).named("looked_up"),
            rows: Rows::StepAndLast("fetched = 1 / (the instruction at pc) on the last row"),
            placement: Placement::own(Column::Fetched, &fetch.fetched),
        });
        emit(Interaction::of_step(
            &BUS,
            "provided = uses / (the instruction listed here)",
            Sign::Send,
            fetch.uses.clone(),
            message(&window.index[0], opcode.clone(), argument).named("listed"),
            Placement::own(Column::Provided, &fetch.provided),
        ));
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let Some(fetch) = &mut columns.fetch else {
            return;
        };
        fetch.pc.push(F::constant(event.row.pc.into()));
        fetch.opcode.push(F::constant(event.given.encoded()));
        fetch.argument.push(event.row.argument);
        // The uses of the instruction at each address, of which there are no more than rows.
        count(&mut fetch.uses, event.rows, event.row.pc as usize);
        if let Some(executed) = &event.executed {
            fetch.jumps.push(bit(executed.step.jumps));
        }
    }
}

/// Which instruction comes next.
///
/// On a row that is given `halt` the program counter stays; an instruction whose jump depends on the top
/// says so by its relation, and on all other rows `jumps` is what the instruction is.
fn flow<A: Algebra>(window: &Window<A>, fetch: &Fetch<A>, next_pc: &A) -> Gate<A> {
    let step = window.step();
    let one = A::constant(1);
    let with = |target: Target| window.executing(|own| own.target() == target);
    let Fetch {
        jumps,
        pc,
        argument,
        ..
    } = fetch;
    let halted = window.unwinding() + window.stopped();
    let following = pc.clone() + one.clone();
    let jumped = jumps.clone() * (argument.clone() - following.clone());
    let returned = with(Target::Top) * (window.row.top().clone() - following.clone());
    Gate {
        name: "flow",
        constraints: vec![
            Constraint {
                name: "jumps is the instruction's, unless it depends on the top".into(),
                polynomial: step.clone()
                    * ((one - with(Target::Branch)) * jumps.clone() - with(Target::Argument)),
            },
            Constraint {
                name:
                    "pc' = the argument after a jump, the top after ret, pc after halt, pc + 1 else"
                        .into(),
                polynomial: step * (next_pc.clone() + halted - following - jumped - returned),
            },
            Constraint {
                name: "pc = 0 on the first row".into(),
                polynomial: window.first() * pc.clone(),
            },
        ],
    }
}
