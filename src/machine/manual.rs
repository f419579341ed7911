//! The reference manual, `docs/isa.md`: all of it read off the table and the relations.

use std::fmt::Write;
use std::marker::PhantomData;
use std::sync::Arc;

use super::hash::{ROWS, Rules};
use super::{Challenges, Column, Columns, Output, Phase, Reader, Shape, Window};
use crate::air::Gate;
use crate::algebra::{Definition, Formula, Word};
use crate::isa::{Carry, InstructionSet, Opcode, Width};
use crate::machine::Binding;

/// A row of the manual: names, with a prime on the next row.
struct Named<F> {
    shape: Shape,
    binding: Binding,
    /// The field of whose constants the rules are made.
    field: PhantomData<F>,
}

impl<F: Word> Reader<Formula> for Named<F> {
    fn columns(&self, next: bool) -> Columns<Formula> {
        Columns::new(self.shape, |column| named(&column.to_string(), next))
    }

    fn index(&self, next: bool) -> Formula {
        named("index", next)
    }

    fn follows(&self, next: bool) -> Formula {
        named("follows", next)
    }

    fn opcode(&self) -> Formula {
        named(
            if self.shape.fetches() {
                "listed_opcode"
            } else {
                "opcode"
            },
            false,
        )
    }

    fn next_opcode(&self) -> Option<Formula> {
        (self.binding == Binding::Cells).then(|| named("opcode", true))
    }

    fn argument(&self) -> Formula {
        named(
            if self.shape.fetches() {
                "listed_argument"
            } else {
                "argument"
            },
            false,
        )
    }

    fn tape(&self) -> Formula {
        named("tape_word", false)
    }

    fn table(&self) -> [Formula; 4] {
        ["left", "right", "common", "kind"].map(|name| named(name, false))
    }

    fn at(&self) -> [Formula; ROWS] {
        std::array::from_fn(|row| named(&format!("at_{row}"), false))
    }

    fn rules(&self) -> Arc<Rules<Formula>> {
        Rules::written::<F>()
    }

    fn output(&self) -> Output<Formula> {
        Output::Bound(named("output", false))
    }

    fn challenges(&self) -> Challenges<Formula> {
        let names = Challenges {
            alpha: "alpha",
            gamma: "gamma",
            beta: "beta",
            delta: "delta",
            rho: "rho",
            epsilon: "epsilon",
            zeta: "zeta",
            eta: "eta",
            theta: "theta",
        };
        names.map(|name| named(name, false))
    }
}

fn named(name: &str, next: bool) -> Formula {
    let prime = if next { "'" } else { "" };
    Formula::name(format!("{name}{prime}"))
}

/// The gates of a circuit as text, of machines whose words are of the field `F`. A prime marks a cell of the next row.
pub fn gates<F: Word>(shape: Shape, binding: Binding) -> Vec<Gate<Formula>> {
    let rows = named("rows", false);
    let named = Named::<F> {
        shape,
        binding,
        field: PhantomData,
    };
    super::gates(&Window::read(shape, rows, &named))
}

/// The constraints of gates as Markdown.
fn constraints<'a>(text: &mut String, gates: impl IntoIterator<Item = &'a Gate<Formula>>) {
    for gate in gates {
        line(text, format_args!("\n### {}\n", gate.name));
        for constraint in &gate.constraints {
            line(text, format_args!("- {}", constraint.name));
            line(text, format_args!("  `{} = 0`", constraint.polynomial));
        }
    }
}

/// The constraints of gates, after what the names in them stand for.
fn defined(text: &mut String, gates: &[Gate<Formula>]) {
    text.push_str("```text\n");
    for Definition { name, text: stands } in definitions(gates) {
        line(text, format_args!("{name} = {stands}"));
    }
    text.push_str("```\n");
    constraints(text, gates);
}

/// The gates with these names, of a circuit of the set with a public program.
fn gates_of<F: Word>(set: InstructionSet, names: &[&str]) -> Vec<Gate<Formula>> {
    let mut gates = gates::<F>(set.into(), Binding::Public);
    gates.retain(|gate| names.contains(&gate.name));
    gates
}

/// A set, and all instructions that do something.
fn with(set: InstructionSet, does: impl Fn(Opcode) -> bool) -> InstructionSet {
    let all = Opcode::ALL.iter().copied();
    set.and(&all.filter(|own| does(*own)).collect::<Vec<_>>())
}

/// What the names in the constraints of gates stand for, each after those that it uses.
pub fn definitions(gates: &[Gate<Formula>]) -> Vec<&Definition> {
    let mut all = vec![];
    let constraints = gates.iter().flat_map(|gate| &gate.constraints);
    for definition in constraints.flat_map(|constraint| constraint.polynomial.definitions()) {
        if !all.contains(&definition) {
            all.push(definition);
        }
    }
    all
}

/// The reference manual in Markdown, of machines whose words are of the field `F`.
pub fn reference<F: Word>() -> String {
    let set = InstructionSet::default();
    let mut text = String::from(INTRODUCTION);
    line(&mut text, format_args!("\n```text\n{}\n```", F::modulus()));

    text.push_str(INSTRUCTIONS);
    for opcode in Opcode::ALL {
        let argument = if opcode.takes_argument() { " x" } else { "" };
        line(
            &mut text,
            format_args!(
                "| {} | {} | `{opcode}{argument}` | `{}` | {} | {} |",
                opcode.code(),
                opcode.encoded(),
                opcode.stack_effect(),
                opcode.needs_of_program(),
                opcode.summary(),
            ),
        );
    }

    text.push_str(SETS);
    for (name, named) in InstructionSet::NAMED {
        let members: Vec<_> = named
            .opcodes()
            .map(|opcode| format!("`{opcode}`"))
            .collect();
        let default = if *named == set { " (default)" } else { "" };
        let columns = Columns::new(*named, |_| ()).iter().count();
        line(
            &mut text,
            format_args!("| `{name}`{default} | {} | {columns} |", members.join(" ")),
        );
    }

    text.push_str(COLUMNS);
    columns(&mut text, set, |_| true);

    text.push_str(CONSTRAINTS);
    let public = gates::<F>(set.into(), Binding::Public);
    defined(&mut text, &public);

    text.push_str(CELLS);
    let mut further = gates::<F>(set.into(), Binding::Cells);
    let names: Vec<_> = public
        .iter()
        .flat_map(|gate| {
            gate.constraints
                .iter()
                .map(|constraint| constraint.name.clone())
        })
        .collect();
    for gate in &mut further {
        gate.constraints
            .retain(|constraint| !names.contains(&constraint.name.clone()));
    }
    further.retain(|gate| !gate.constraints.is_empty());
    constraints(&mut text, &further);

    text.push_str(FULL);
    let full = InstructionSet::FULL;
    let known: Vec<_> = Columns::new(set, |_| ())
        .iter()
        .map(|(cell, ())| cell)
        .collect();
    let is_new = |cell| !matches!(cell, Column::Flag(_)) && !known.contains(&cell);
    columns(&mut text, full, is_new);
    let named = ["cells", "boundaries", "flow", "instructions", "tape"];
    constraints(&mut text, &gates_of::<F>(full, &named));

    text.push_str(WORDS);
    let computing = |own: Opcode| own.uses_words() && !own.uses_memory();
    let small = |own: Opcode| {
        let more = own.uses_power() || own.counts_ones() || own.carries(Carry::Rest);
        computing(own) && own.width() == Width::W32 && !more
    };
    let words = with(set, small);
    let is_product = |cell| {
        matches!(
            cell,
            Column::Factor | Column::Cofactor | Column::FactorTest | Column::CofactorTest
        )
    };
    columns(&mut text, words, |cell| !is_product(cell) && is_new(cell));
    text.push('\n');
    defined(&mut text, &gates_of::<F>(words, &["words", "limbs"]));

    text.push_str(LONG_WORDS);
    let known: Vec<_> = Columns::new(words, |_| ())
        .iter()
        .map(|(cell, ())| cell)
        .collect();
    let words = with(set, computing);
    columns(&mut text, words, |cell| {
        is_new(cell) && !known.contains(&cell)
    });
    text.push('\n');
    defined(&mut text, &gates_of::<F>(words, &["words", "limbs"]));

    text.push_str(MEMORY);
    let of_frames = |own: Opcode| InstructionSet::of(&[own]).has_frame();
    let cells = |own: Opcode| own.uses_memory() && !own.uses_bytes() && !of_frames(own);
    let memory = with(set, cells);
    columns(&mut text, memory, is_new);
    text.push('\n');
    defined(
        &mut text,
        &gates_of::<F>(memory, &["memory cells", "memory", "ages"]),
    );

    text.push_str(BYTES);
    let bytes = with(set, Opcode::uses_bytes);
    let is_of_bytes = |cell| matches!(cell, Column::AtByte(_) | Column::Byte | Column::Half);
    columns(&mut text, bytes, is_of_bytes);
    text.push('\n');
    defined(&mut text, &gates_of::<F>(bytes, &["memory cells", "bytes"]));

    text.push_str(FRAMES);
    let frames = with(set, of_frames);
    columns(&mut text, frames, |cell| cell == Column::Frame);
    text.push('\n');
    defined(&mut text, &gates_of::<F>(frames, &["frame"]));

    text.push_str(HASHES);
    let hashes = with(set, Opcode::hashes);
    columns(&mut text, hashes, is_new);
    text.push('\n');
    let mut shown = gates_of::<F>(hashes, &["rounds", "digests"]);
    for gate in &mut shown {
        // All but the long ones.
        gate.constraints
            .retain(|own| !own.name.contains("is what the rounds make"));
    }
    defined(&mut text, &shown);

    text.push_str(WIRED);
    let wired = gates::<F>(Shape::fixed(set), Binding::Fixed);
    defined(&mut text, &wired);
    text
}

/// The rows of a table of columns.
fn columns(text: &mut String, set: InstructionSet, shown: impl Fn(Column) -> bool) {
    for (cell, ()) in Columns::new(set, |_| ())
        .iter()
        .filter(|(cell, ())| shown(*cell))
    {
        let phase = match cell.phase() {
            Phase::First => 1,
            Phase::Second => 2,
        };
        line(
            text,
            format_args!("| `{cell}` | {phase} | {} |", cell.summary()),
        );
    }
}

/// Writes a line. Writing to a string does not fail.
fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

const INTRODUCTION: &str = "\
# The instruction set

<!-- Generated from the table of instructions and the relations; a test fails when it is stale. -->

A *word* is an element of the circuit's scalar field, and all arithmetic is arithmetic of that field.
The machine has one stack of words, empty at the start. Its depth is not limited but by the number of
the machine's rows.

An *instruction* is an opcode and an argument. Every instruction has an argument, but only some read
it. A *program* is a list of instructions, executed in order but for those that jump. The *address* of an
instruction is its place in the program, from 0 on; the end of the program has an address too.

A *run* begins at address 0 and ends at a `halt` or at the end of the program. Of a program without jumps and memory
it may be told to execute the first `steps` instructions only, which is the same as a run of the program cut
after them. An instruction that is never executed is never an error.

There are two tapes. `read` takes the next word of the *public tape*, and `write` puts the top there: the tape
is all that is read and written, in order, and the verifier knows it. `secret` takes the next word of the
*private tape*, which nobody but the prover knows. What is left unread is an error.

An instruction fails that finds fewer words on the stack than it needs, refuses its operands, finds no further
word on its tape, or goes to what is no address; and so does the run: the interpreter says at which step, and
no proof of such a run exists.

The *output* of a run is the word at the bottom of the stack after its last step, or 0 if the stack is
empty.

After the run the machine drops the top until one word is left, so a run that leaves d words takes d - 1
rows more than it has steps. Then it idles to its last row.

Both backends prove in the scalar field of bn254. Its words are the integers modulo
";

const INSTRUCTIONS: &str = "
## Instructions

In a stack effect the top is on the right, `x` is the argument, and what is not named stays. *Needs*
is the number of words that the stack must hold. `next` is the address of the instruction that follows, `y` a
word of a tape. The circuit writes an instruction as its encoded number.

| code | encoded | mnemonic | stack effect | needs | what it does |
|---|---|---|---|---|---|
";

const SETS: &str = "
## Instruction sets

A circuit has the instructions of one set and pays for no others: each but `nop` costs a boolean
column. A program that executes any other instruction fails.

| set | instructions | advice columns |
|---|---|---|
";

const COLUMNS: &str = "
## Columns

The columns that a prover fills, in a circuit of the default set. Those of the second phase are filled
once the others are committed to and the challenges `alpha`, `gamma` and `beta` are drawn.

| column | phase | what it holds |
|---|---|---|
";

const CONSTRAINTS: &str = "
Two fixed columns tell the rows apart: `index` is the number of the row, from 0 on, and `follows` is 1
on every row but the first. Both are 0 outside the machine. `opcode` (encoded) and `argument` are what
the row is given to execute, `output` is the output, and `rows` is the number of steps for which the
machine has room.

The words under the two topmost ones are a linked list of *cells*. A step that grows the stack makes
the cell `(index', second, nonempty, link)`, what stood under the old top. A step that shrinks it takes
back the cell `(link, second', nonempty', link')`. The running sum shows that what is taken was made.

## Constraints

These polynomials are zero on every row of a circuit of the default set with a public program. A prime
marks a cell of the next row. The names stand for

";

const FULL: &str = "
## Control flow and tapes

Where a set has instructions that jump or access the memory, each row looks its instruction up: the sum shows that
`(pc, opcode + 1, argument)` is listed. `listed_opcode` is one more than the encoded opcode, and 0 after the
program's end, which is a `halt`; row i of the listing is address i. `uses` says how often an instruction is looked
up. Where a set has a public tape, `tape_word` is what is stated on the row: the tape's words, then a 1, then zeros.
A circuit of the set `full` has, beside the default set's columns and a flag for each instruction:

| column | phase | what it holds |
|---|---|---|
";

const WORDS: &str = "
## 32-bit words

Instructions whose mnemonics end with 32 compute with integers below 2^32. Each row has two such words, `low` and `high`, in
limbs that are looked up, and what they have in common, `both`. An instruction either splits a value, `low + 2^32 * high` being a
sum or a product in the field, or divides, `low` being the quotient and `high` the remainder, or names the two words. So the operands of
those that split or divide need not be 32-bit words themselves: their result is what the table above says of them, and they are refused where the
value, or the quotient, is too large. `rest`, which is the divisor less 1 and the remainder, has to be a 32-bit word too.

Limbs are the largest of 8, 4, 2 and 1 bits of whose pairs the machine has room for a table: bytes from k = 17 on, 4 bits from k = 9
on. The table stands in the fixed columns `left`, `right` and `common`, and row i of it on row i. A circuit of the default set
and all these instructions but those of the next section has, beside a flag for each instruction and columns of products, with limbs of 8 bits:

| column | phase | what it holds |
|---|---|---|
";

const LONG_WORDS: &str = "
## 64-bit words, signs, and powers of two

Where some instruction's mnemonic ends with 64, `low`, `high` and `both` have 64 bits. One that ends with 32 has its words in the lower
halves then, and its third word in the upper half of `low`.

An instruction with signs takes a word as one that is half of 2^32, or of 2^64, more: so the order of numbers with signs is that
of those without. Where that is 2^32, or 2^64, or more, so much is taken off, and the word's carry is 1.

`sign32` and `sign64` give a word the sign of another. The assembler's `divs32`, `rems32`, `divs64` and `rems64` are made of them: twelve instructions that
divide words with signs, rounding towards 0, and nine for what is left.

An instruction that shifts by the top, or counts zeros at an end of a word, has a power of two, `power`, and its `exponent`, which are looked up in
the same table: its rows are of several kinds then, which the fixed column `kind` tells. Rows of the kind 0 are pairs of limbs, of the kinds 1 and 2
exponents below 32 and 64 and the powers, of the kind 3 limbs and how many of their bits are 1, of the kinds 4 and 5 exponents of at most
32 and 64 and the powers. A circuit has to have room for all of them: with every instruction k is 8 at least. A circuit of the default set and all
instructions with words has these columns more, with limbs of 8 bits:

| column | phase | what it holds |
|---|---|---|
";

const MEMORY: &str = "
## The memory

`load`, `store`, `get` and `put` access the cells of a memory. A machine has a cell for each of its rows, with the addresses 0, 1, 2,
...; the first ones hold the arguments of the program's instructions at first, all others 0. A cell that is never accessed costs nothing. The sum shows that an access finds what an earlier one
left, and that the one before it, in the order of the rows, is that one: the age of what it finds, `index - before`, is the number of a row,
and so not negative. A circuit of the default set and these instructions has, beside a flag for each instruction:

| column | phase | what it holds |
|---|---|---|
";

const BYTES: &str = "
## Bytes of the memory

`load8`, `load16`, `load32`, `store8`, `store16` and `store32` have the addresses of bytes: byte 4 i + j is byte j of the word in cell i, which is
a 32-bit word, from the least significant byte on. Where less than a cell is accessed, `low` is the word in it, and `high` the one of which bytes are
put there; `load32` and `store32` access whole cells, whatever is in them. What is accessed is in one cell. A circuit of the default set and these instructions has, beside the columns of words and of the memory:

| column | phase | what it holds |
|---|---|---|
";

const FRAMES: &str = "
## The frame

`get_local`, `put_local` and `tee_local` access the cells of the memory by their numbers in a frame, which begins at the address `frame`: 0 at first, and moved by
`frame`. A circuit of the default set and these instructions has, beside the columns of the memory:

| column | phase | what it holds |
|---|---|---|
";

const HASHES: &str = "
## Hashes

`hash` makes circomlib's Poseidon of two words: the state is `(0, a, b)` at first, and its first word in the end is the hash. Permutations stand beside the
steps, each on seven rows from one whose number is a multiple of seven on, so that a machine has room for a seventh of its rows. The fixed columns `at_0` to
`at_6` tell which row of a permutation a row is. The twelve S-boxes of a row have their inputs in `sbox_i`, and `square_i` and `fourth_i` are squares of
`sbox_i` and `square_i`; the fifth power is `fourth_i * sbox_i`. The first row has four full rounds, three S-boxes each, the rows 1 to 4 twelve partial
rounds, row 5 nine, and row 6 four full ones. Each `sbox_i`, `aside_i` and `digest` is a linear form of fifth powers and `aside_i` before it, with
constants that Poseidon's make, those that are added being multiplied by `live`: where that is 0, nothing stands and nothing is sent. Poseidon's constants
are those that the generator of its paper makes for the field, with three words, 8 full and 57 partial rounds and fifth powers; `c` and `d` are the second and the third that are added to the first state, and `sbox_0` on a permutation's first row is `live` times the
first. The constraints that say so are left out here. A circuit of the default set and `hash` has, beside the flag:

| column | phase | what it holds |
|---|---|---|
";

const WIRED: &str = "
## A straight line in the key

Where the program is fixed and neither jumps nor accesses a memory, its key says which instruction each row executes: the flags and `link`
are fixed columns, and there are no presence flags, for a program that finds too few words has no key. What
drops the words that are left is `pop`. `argument` is on the last row 1 if a word is left on the stack, else 0. These
polynomials are zero on every row of a circuit of the default set:

";

const CELLS: &str = "
## Constraints of a program of cells

Where an outer circuit hands the program over as cells, the circuit itself sees to it that only `halt`
follows `halt`. These polynomials are zero too:
";
