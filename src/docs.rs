//! The reference manual, `docs/isa.md`: all of it read off the table and the relations.

use std::fmt::Write;

use halo2curves::bn256::Fr;

use crate::algebra::{Definition, Formula, Word};
use crate::circuit::Binding;
use crate::frame::{Challenges, Gate, OutputBinding, Source, Window};
use crate::isa::{InstructionSet, Opcode};
use crate::row::{Phase, Row};
use crate::sum;

/// The gates of a circuit as text. A prime marks a cell of the next row.
pub fn gates(set: InstructionSet, binding: Binding) -> Vec<Gate<Formula>> {
    let shape = binding.shape(set);
    let name = |name: &str| Formula::name(name);
    let pair = |name: &str| [Formula::name(name), Formula::name(format!("{name}'"))];
    sum::gates(&Window {
        shape,
        rows: name("rows"),
        row: Row::new(shape, |cell| Formula::name(cell.to_string())),
        next: Row::new(shape, |cell| Formula::name(format!("{cell}'"))),
        index: pair("index"),
        follows: pair("follows"),
        source: match shape.fetches() {
            _ if shape.wired => Source::Wired {
                argument: name("argument"),
            },
            true => Source::Listed {
                opcode: name("listed_opcode"),
                argument: name("listed_argument"),
            },
            false => Source::Given {
                opcode: name("opcode"),
                argument: name("argument"),
                next_opcode: match binding {
                    Binding::Cells => Some(name("opcode'")),
                    Binding::Public | Binding::Fixed => None,
                },
            },
        },
        tape: Some(name("tape_word")),
        output: OutputBinding::Bound(name("output")),
        challenges: Challenges {
            alpha: name("alpha"),
            gamma: name("gamma"),
            beta: name("beta"),
            delta: name("delta"),
            rho: name("rho"),
        },
    })
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

/// What the names in the constraints of gates stand for, each after those that it uses.
pub fn definitions(gates: &[Gate<Formula>]) -> Vec<&Definition> {
    let mut all = vec![];
    let constraints = gates.iter().flat_map(|gate| &gate.constraints);
    for definition in constraints.flat_map(|own| own.polynomial.definitions()) {
        if !all.contains(&definition) {
            all.push(definition);
        }
    }
    all
}

/// The reference manual in Markdown.
pub fn reference() -> String {
    let set = InstructionSet::default();
    let mut text = String::from(INTRODUCTION);
    line(&mut text, format_args!("\n```text\n{}\n```", Fr::modulus()));

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
                opcode.needs(),
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
        let columns = Row::new(*named, |_| ()).cells().count();
        line(
            &mut text,
            format_args!("| `{name}`{default} | {} | {columns} |", members.join(" ")),
        );
    }

    text.push_str(COLUMNS);
    for (cell, ()) in Row::new(set, |_| ()).cells() {
        let phase = match cell.phase() {
            Phase::First => 1,
            Phase::Second => 2,
        };
        line(
            &mut text,
            format_args!("| `{cell}` | {phase} | {} |", cell.summary()),
        );
    }

    text.push_str(CONSTRAINTS);
    let public = gates(set, Binding::Public);
    text.push_str("```text\n");
    for Definition { name, text: stands } in definitions(&public) {
        line(&mut text, format_args!("{name} = {stands}"));
    }
    text.push_str("```\n");
    constraints(&mut text, &public);

    text.push_str(CELLS);
    let mut further = gates(set, Binding::Cells);
    let names: Vec<_> = public
        .iter()
        .flat_map(|gate| gate.constraints.iter().map(|own| own.name))
        .collect();
    for gate in &mut further {
        gate.constraints.retain(|own| !names.contains(&own.name));
    }
    further.retain(|gate| !gate.constraints.is_empty());
    constraints(&mut text, &further);
    text
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
it. A *program* is a list of instructions, executed in order.

A *run* executes the first `steps` instructions of a program, all of them unless told otherwise. It is
the same as a run of the whole program cut after them. An instruction that is never executed is never
an error.

An instruction that finds fewer words on the stack than it needs fails, and so does the run: the
interpreter says at which step, and no proof of such a run exists.

The *output* of a run is the word at the bottom of the stack after its last step, or 0 if the stack is
empty.

After the program the machine executes `halt`: it drops the top until one word is left, so a program
that leaves d words takes d - 1 rows more than it has instructions. Then it idles to its last row.

Both backends prove in the scalar field of bn254. Its words are the integers modulo
";

const INSTRUCTIONS: &str = "
## Instructions

In a stack effect the top is on the right, `x` is the argument, and what is not named stays. *Needs*
is the number of words that the stack must hold. The circuit writes an instruction as its encoded
number. A program can't write an instruction without a code.

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

const CELLS: &str = "
## Constraints of a program of cells

Where an outer circuit hands the program over as cells, the circuit itself sees to it that only `halt`
follows `halt`. These polynomials are zero too:
";
