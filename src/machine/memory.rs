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
//!
//! # Lemma: what has the address of a byte accesses that byte
//!
//! ```text
//! every step:  at_byte_j is 0 or 1; their sum is by_byte
//!              4 * address + at_byte_1 + 2 * at_byte_2 + 3 * at_byte_3 = the address of the byte
//!              byte = the sum of at_byte_j times byte j of low;     half is of two bytes
//! ```
//!
//! `by_byte` is 1 where the row executes an instruction that accesses what has the address of a byte, else 0. So one of `at_byte_j` is 1 there,
//! and none elsewhere. A cell's address is less than the number of rows, so the address of the byte is the integer `4 * address + j`, of which
//! there is one such pair. Where less than a cell is accessed `low` is the old word, and bytes of it are made of its limbs, as b is 1, 2, 4 or 8: so `byte` is byte j, and `half` is
//! bytes j and j + 1, where j is less than 3. What puts a piece there demands `new = old + 256^j * (lowest - byte)`: `lowest` being a
//! byte too, or two, `new` is the old word with another piece, and so a 32-bit word.

use super::window::{Challenges, Window};
use super::words::bytes_of;
use super::{Cells, Column, Columns, Event, Part, bit, count};
use crate::air::{Bus, Constraint, Gate, Interaction, Message, Placement, Sign};
use crate::algebra::{Algebra, Word};
use crate::isa::{Access, Address, CELL_BYTES, Opcode, Piece};
use crate::vm::piece_of;

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
    window.executing(Opcode::uses_memory).named("accesses")
}

impl Part for Memory {
    const BUS: Option<&'static Bus> = Some(&BUS);

    fn gates<A: Algebra>(window: &Window<A>) -> Vec<Gate<A>> {
        let Some(own) = columns(&window.row) else {
            return vec![];
        };
        let bytes = window.shape.set.has_bytes().then(|| bytes(window));
        [gate(window, own)].into_iter().chain(bytes).collect()
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
            emit(Interaction::of_step(
                &BUS, name, sign, count, message, placement,
            ));
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
        let (address, new) = access.map_or((F::zero(), F::zero()), |own| (own.cell, own.new));
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
        let offset = access.and_then(|own| own.offset);
        for (number, at) in columns.at_byte.iter_mut().enumerate() {
            at.push(bit(offset == Some(number)));
        }
        let [low, _] = executed.step.double;
        for (piece, column) in [
            (Piece::Byte, &mut columns.byte),
            (Piece::Half, &mut columns.half),
        ] {
            let found = offset.map_or(0, |offset| piece_of(low, offset, piece));
            column
                .iter_mut()
                .for_each(|column| column.push(F::constant(found)));
        }
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
        emit(Interaction::of_step(
            &AGES,
            "aged = 1 / (the rows since the last access of the cell), 0 if none is accessed",
            Sign::Receive,
            accesses(window),
            age(index.clone() - own.before.clone()),
            Placement::own(Column::Aged, &own.aged),
        ));
        emit(Interaction::of_step(
            &AGES,
            "dated = ages / (as many rows as this row's number)",
            Sign::Send,
            own.ages.clone(),
            age(index.clone()),
            Placement::own(Column::Dated, &own.dated),
        ));
    }
}

/// What is accessed, and that nothing stands where nothing is.
fn gate<A: Algebra>(window: &Window<A>, own: &Cells<A>) -> Gate<A> {
    let step = window.step();
    let said = |part: &dyn Fn(Access<A>) -> Option<A>| {
        window.flags(|opcode| part(window.relation(opcode).access?))
    };
    let said_address = said(&|access| match access.address {
        Address::Cell(address) | Address::Byte(address) => Some(address),
    });
    let computed = window.executing(|opcode| {
        let access = window.relation(opcode).access;
        access.is_some_and(|own| own.new.is_none())
    });
    // The address of a byte is four times that of its cell, and its number there.
    let times = A::constant(1) + A::constant(CELL_BYTES as u64 - 1) * by_byte(window);
    let address = own.address.clone() * times + window.at_byte(|byte| byte as u64);
    let new = (A::constant(1) - computed) * own.new.clone();
    let idle = A::constant(1) - accesses(window);
    let untouched = A::constant(1) - own.touched.clone();
    let constraints = [
        (
            "address is the instruction's, 0 if it has none",
            address - said_address,
        ),
        (
            "new is the instruction's, 0 if it has none",
            new - said(&|access| access.new),
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

/// 1 where the row accesses what has the address of a byte.
fn by_byte<A: Algebra>(window: &Window<A>) -> A {
    window.executing(Opcode::uses_bytes).named("by_byte")
}

const AT_BYTE: [&str; CELL_BYTES] = [
    "at_byte_0 is 0 or 1",
    "at_byte_1 is 0 or 1",
    "at_byte_2 is 0 or 1",
    "at_byte_3 is 0 or 1",
];

/// Which byte is accessed, and what is found there.
fn bytes<A: Algebra>(window: &Window<A>) -> Gate<A> {
    let (row, step) = (&window.row, window.step());
    let mut constraints = vec![];
    let mut constrain = |name, own: A| {
        constraints.push(Constraint::new(name, step.clone() * own));
    };
    for (name, at) in AT_BYTE.into_iter().zip(&row.at_byte) {
        constrain(name, at.clone() * (A::constant(1) - at.clone()));
    }
    constrain(
        "a row that accesses a byte has one number of it, and others have none",
        window.at_byte(|_| 1) - by_byte(window),
    );
    let names = [
        (
            Piece::Byte,
            "byte is the one with this number, 0 if there is none",
        ),
        (
            Piece::Half,
            "half is the two from the one with this number, 0 if it is the last one or there is none",
        ),
    ];
    for (piece, name) in names {
        let Some(found) = row.found(piece) else {
            continue;
        };
        let starts = 0..=CELL_BYTES - piece.bytes();
        let own = starts.zip(&row.at_byte).map(|(start, at)| {
            at.clone() * bytes_of(window.shape, &row.low, start..start + piece.bytes())
        });
        let own = own.fold(A::constant(0), |sum, own| sum + own);
        constrain(name, found.clone() - own);
    }
    Gate {
        name: "bytes",
        constraints,
    }
}
