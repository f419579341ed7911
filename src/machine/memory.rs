//! The memory: a cell for each row of the machine, and each access finds what the last one before it left there.
//!
//! ```text
//! every step:  recalled * cell(address, old, before) = accesses
//!              stored * cell(address, new, index') = accesses
//!              opened * cell(index, listed, 0) = touched
//!              closed * cell(index, kept, last) = touched
//!              aged * (eta + index - before) = accesses
//!              dated * (eta + index) = ages
//!              touched * (1 - touched) = 0
//! cell(a, w, t) = zeta + a + gamma * w + gamma^2 * t
//! ```
//!
//! `accesses` is 1 where the row executes an instruction that accesses a cell, else 0. Such a step takes the cell's tuple, the address,
//! the word and the row of the last access, and makes it anew with its own row, `index'`. Row j opens and closes the cell with the address
//! j, if it is touched: opened at the time 0 with `listed`, the argument of instruction j of the program, or 0 where there is none, and closed with
//! what it holds in the end. So the memory's first words are part of the program, in every binding; data among them is instructions that are
//! never executed.
//!
//! # Lemma: an access finds what the last one before it left, and what the program lists there if there was none
//!
//! The [theorem of the sum](crate::air::logup) says for the bus of ages that each `index - before` of an access occurs among
//! the rows' numbers: so it is an integer a with `0 <= a <= index`, or at least less than the number of rows, and
//! `before = index - a` is less than the row's own time `index' = index + 1`, if both are taken as integers that
//! may be negative. For the bus of the memory it says that the tuples that are taken, by accesses and by closing, are those that are made, by accesses
//! and by opening, each as often; all counts are numbers of rows, far below the characteristic, `touched` being 0 or 1.
//!
//! *No two tuples that are made are the same*: an access makes one with its own time, which is at least 1, and opening makes one with the
//! time 0 for each address at most. So each is taken once, and none is taken that was not made: no `before` is negative.
//!
//! Look at one address. An access takes a tuple of an earlier time. Going back from access to access, times fall, so one comes
//! to an access that takes a tuple that no access made: the one that opens the cell, of which there is one. As no tuple is taken twice, no two
//! accesses have the same one before them: all accesses of the address are one chain, from the opening on, in which times
//! rise, and so in the order of the rows. The word that an access takes is the one that the access before it in this order made, and
//! `listed` for the first one. What is left at the end of the chain is taken by closing.
//!
//! An address that no row of the machine has is not opened, and so it can't be accessed.

use super::window::{Challenges, Window};
use super::{Cells, Column, Columns, Event, Part, bit, count};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Rows, Sign};
use crate::algebra::{Algebra, Word};
use crate::isa::Access;

/// The bus of the memory's cells.
pub(super) static BUS: Bus = Bus { name: "memory" };

/// The bus of the ages of what is accessed.
pub(super) static AGES: Bus = Bus { name: "ages" };

/// The cells of the memory.
pub(super) struct Memory;

/// That each access comes after the one whose word it finds.
pub(super) struct Ages;

/// The columns of the memory, if the machine has one.
fn columns<A>(columns: &Columns<A>) -> Option<&Cells<A>> {
    columns.memory.as_ref()
}

/// 1 where the row accesses a cell.
fn accesses<A: Algebra>(window: &Window<A>) -> A {
    let flags = window.flags(|opcode| opcode.uses_memory().then(|| A::constant(1)));
    flags.named("accesses")
}

impl Part for Memory {
    const BUS: Option<&'static Bus> = Some(&BUS);

    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        let own = columns(&window.row);
        own.map(|own| gate(window, own)).into_iter().collect()
    }

    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let Some(own) = columns(&window.row) else {
            return;
        };
        let Challenges { zeta, gamma, .. } = &window.challenges;
        let cell = |address: &A, word: &A, time: Option<&A>| {
            let rest = [Some(word.clone()), time.cloned(), None];
            Message::new(zeta, gamma, address.clone(), rest)
        };
        let index = &window.index[0];
        let mut emit = |name, sign, count, message, placement| {
            emit(Interaction {
                bus: &BUS,
                name,
                sign,
                count,
                message,
                rows: Rows::Step,
                placement,
            });
        };
        emit(
            "recalled = 1 / (the cell that this row accesses, as it was), 0 if it accesses none",
            Sign::Receive,
            accesses(window),
            cell(&own.address, &own.old, Some(&own.before)),
            Placement::own(Column::Recalled, &own.recalled),
        );
        emit(
            "stored = 1 / (the cell that this row accesses, as it is then), 0 if it accesses none",
            Sign::Send,
            accesses(window),
            cell(&own.address, &own.new, Some(&window.index[1])),
            Placement::own(Column::Stored, &own.stored),
        );
        emit(
            "opened = 1 / (the cell with this address, at first), 0 if it is not touched",
            Sign::Send,
            own.touched.clone(),
            cell(index, &window.listed(), None),
            Placement::own(Column::Opened, &own.opened),
        );
        emit(
            "closed = 1 / (the cell with this address, in the end), 0 if it is not touched",
            Sign::Receive,
            own.touched.clone(),
            cell(index, &own.kept, Some(&own.last)),
            Placement::own(Column::Closed, &own.closed),
        );
    }

    fn fill<F: Word>(event: &Event<'_, F>, columns: &mut Columns<Vec<F>>) {
        let (Some(own), Some(executed)) = (&mut columns.memory, &event.executed) else {
            return;
        };
        let row = own.address.len();
        let access = executed.step.access.as_ref();
        let (address, new) = access.map_or((F::zero(), F::zero()), |own| (own.address, own.new));
        own.address.push(address);
        own.new.push(new);
        let found = match access {
            Some(_) => (event.row.old, event.row.before),
            None => (F::zero(), 0),
        };
        own.old.push(found.0);
        own.before.push(F::constant(found.1.into()));
        // A row that accesses nothing has no age, which is that of no row.
        let age = access.and_then(|_| row.checked_sub(found.1 as usize));
        count(&mut own.ages, event.rows, age.unwrap_or(event.rows));
        let place = event
            .memory
            .binary_search_by_key(&row, |(address, _)| *address as usize);
        let cell = place.ok().and_then(|place| event.memory.get(place));
        own.touched.push(bit(cell.is_some()));
        own.kept.push(cell.map_or(F::zero(), |(_, cell)| cell.word));
        own.last
            .push(cell.map_or(F::zero(), |(_, cell)| F::constant(cell.last.into())));
    }
}

impl Part for Ages {
    const BUS: Option<&'static Bus> = Some(&AGES);

    fn gates<A: Algebra>(_: &Window<A>) -> Vec<Gate<A>> {
        vec![]
    }

    fn interactions<A: Algebra>(window: &Window<A>, emit: &mut dyn FnMut(Interaction<A, Column>)) {
        let Some(own) = columns(&window.row) else {
            return;
        };
        let Challenges { eta, gamma, .. } = &window.challenges;
        let index = &window.index[0];
        let age = |age: A| Message::new(eta, gamma, age, [None, None, None]);
        emit(Interaction {
            bus: &AGES,
            name: "aged = 1 / (the rows since the last access of the cell), 0 if none is accessed",
            sign: Sign::Receive,
            count: accesses(window),
            message: age(index.clone() - own.before.clone()),
            rows: Rows::Step,
            placement: Placement::own(Column::Aged, &own.aged),
        });
        emit(Interaction {
            bus: &AGES,
            name: "dated = ages / (as many rows as this row's number)",
            sign: Sign::Send,
            count: own.ages.clone(),
            message: age(index.clone()),
            rows: Rows::Step,
            placement: Placement::own(Column::Dated, &own.dated),
        });
    }
}

/// What is accessed, and that nothing stands where nothing is.
fn gate<A: Algebra>(window: &Window<A>, own: &Cells<A>) -> Gate<A> {
    let step = window.step();
    let said = |part: &dyn Fn(Access<A>) -> A| {
        window.flags(|opcode| window.relation(opcode).access.map(part))
    };
    let idle = A::constant(1) - accesses(window);
    let untouched = A::constant(1) - own.touched.clone();
    let constraints = [
        (
            "address is the instruction's, 0 if it has none",
            own.address.clone() - said(&|access| access.address),
        ),
        (
            "new is the instruction's, 0 if it has none",
            own.new.clone() - said(&|access| access.new),
        ),
        (
            "old = 0 where no cell is accessed",
            idle.clone() * own.old.clone(),
        ),
        (
            "before = 0 where no cell is accessed",
            idle * own.before.clone(),
        ),
        ("touched is 0 or 1", own.touched.clone() * untouched.clone()),
        (
            "kept = 0 where the cell is not touched",
            untouched.clone() * own.kept.clone(),
        ),
        (
            "last = 0 where the cell is not touched",
            untouched * own.last.clone(),
        ),
    ];
    let constraints = constraints.map(|(name, own)| Constraint::new(name, step.clone() * own));
    Gate {
        name: "memory cells",
        constraints: constraints.into(),
    }
}
