//! Each instruction's gate says what the table says, and nothing is left to the prover: shown for
//! *all* words by a solver for finite fields, from the constraints of [`machine`] read as SMT-LIB.
//!
//! For every instruction of every named set, with its flag set and all others not:
//! - the next row, its program counter and the factor are determined by the row, the argument, the cell that
//!   is taken back (that this is the right one is what [`halo2_stack_vm::air::logup`] is about) and the word that
//!   comes from a tape;
//! - they are those of the relation in the table;
//! - some next row satisfies the constraints, so that all this is not said of nothing;
//! - the words that the instruction needs are there, and what it says is zero is zero;
//!
//! and for every opcode that a row can be given the flags are determined, but that a row which is
//! given `halt` may be idle; no row can be given anything else; and after `halt` there is only
//! `halt`. Each constraint is left out in turn: where it is needed, the solver then finds a second
//! answer. Instructions with 32-bit words, whose limbs are looked up, are in no set here: see `words.rs`. Nor are those that access the memory,
//! whose words come from other rows.
//!
//! Needs a Python that has the solver (`pip install --requirement tests/smt/requirements.txt`), which is `python3`, or what the
//! environment variable `STACKVM_SMT_PYTHON` says; so it runs only where it is asked for:
//! `cargo test --release --test library determinism -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Add, Mul, Sub};
use std::path::{Path, PathBuf};
use std::process::Command;

use halo2_stack_vm::air::Constraint;
use halo2_stack_vm::algebra::{Algebra, Word};
use halo2_stack_vm::isa::{
    Carry, Cofactor, Effect, InstructionSet, Opcode, Operands, Piece, Target, Width,
};
use halo2_stack_vm::machine::{self, Challenges, Column, Columns, Given, Output, Window};
use halo2curves::bn256::Fr;

/// A term of SMT-LIB.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Number(Fr),
    Text(String),
}

const ZERO: Term = Term::Number(Fr::zero());
const ONE: Term = Term::Number(Fr::one());

impl Term {
    fn name(name: impl Into<String>) -> Self {
        Term::Text(name.into())
    }

    fn text(&self) -> String {
        match self {
            Term::Number(number) => format!("(as ff{} F)", number.to_integer()),
            Term::Text(text) => text.clone(),
        }
    }
}

impl Algebra for Term {
    fn constant(value: u64) -> Self {
        Term::Number(Fr::from(value))
    }

    fn vanishes(&self) -> bool {
        *self == ZERO
    }
}

impl Add for Term {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        match (&self, &other) {
            (Term::Number(a), Term::Number(b)) => Term::Number(a + b),
            _ if self == ZERO => other,
            _ if other == ZERO => self,
            _ => Term::Text(format!("(ff.add {} {})", self.text(), other.text())),
        }
    }
}

impl Sub for Term {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let negated = match other {
            Term::Number(number) => Term::Number(-number),
            Term::Text(text) => Term::Text(format!("(ff.neg {text})")),
        };
        self + negated
    }
}

impl Mul for Term {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        match (&self, &other) {
            (Term::Number(a), Term::Number(b)) => Term::Number(a * b),
            _ if self == ZERO || other == ONE => self,
            _ if other == ZERO || self == ONE => other,
            _ => Term::Text(format!("(ff.mul {} {})", self.text(), other.text())),
        }
    }
}

fn equal(a: &Term, b: &Term) -> String {
    format!("(= {} {})", a.text(), b.text())
}

fn all(conditions: &[String]) -> String {
    format!("(and true {})", conditions.join(" "))
}

fn not(condition: &str) -> String {
    format!("(not {condition})")
}

/// What a solver is asked: whether these can hold at once.
struct Query {
    name: String,
    assertions: Vec<String>,
    satisfiable: bool,
}

impl Query {
    fn new(name: String, assertions: Vec<String>, satisfiable: bool) -> Self {
        Query {
            name,
            assertions,
            satisfiable,
        }
    }

    /// The query as a file: its variables are the words that no operator has for a name.
    fn text(&self) -> String {
        let mut variables = BTreeSet::new();
        for word in self
            .assertions
            .iter()
            .flat_map(|own| own.split([' ', '(', ')']))
        {
            let operator = ["", "=", "and", "or", "not", "true", "as", "F"].contains(&word);
            if !operator && !word.starts_with("ff") {
                variables.insert(word);
            }
        }
        let mut lines = vec![
            "(set-logic QF_FF)".to_owned(),
            format!("(define-sort F () (_ FiniteField {}))", Fr::modulus()),
        ];
        lines.extend(
            variables
                .iter()
                .map(|own| format!("(declare-fun {own} () F)")),
        );
        lines.extend(self.assertions.iter().map(|own| format!("(assert {own})")));
        lines.push("(check-sat)\n".to_owned());
        lines.join("\n")
    }
}

/// Whether a column is taken from a cell when the stack shrinks.
fn is_taken(set: InstructionSet, cell: Column) -> bool {
    let lowest = [
        Column::Word(set.window() - 1),
        Column::Present(set.presence() - 1),
        Column::Link,
    ];
    lowest.contains(&cell)
}

/// What a step sees. What the prover chooses has a name with `choice` in it.
fn window(
    set: InstructionSet,
    choice: &str,
    flag: impl Fn(Opcode) -> Term,
    given: Term,
    taken: bool,
    outside: bool,
) -> Window<Term> {
    let chosen = |cell: Column| Term::name(format!("{cell}_{choice}"));
    let row = Columns::new(set, |cell| match cell {
        Column::Flag(opcode) => flag(opcode),
        Column::Opcode => given.clone(),
        Column::Factor
        | Column::Cofactor
        | Column::FactorTest
        | Column::CofactorTest
        | Column::Jumps => chosen(cell),
        _ => Term::name(cell.to_string()),
    });
    let next = Columns::new(set, |cell| match cell {
        // What is taken back from a cell is not up to the prover.
        _ if taken && is_taken(set, cell) => Term::name(format!("{cell}_taken")),
        // Nor is what comes from a tape, or from the sum.
        Column::Word(0) if outside => Term::name("word"),
        _ => Term::name(format!("next_{cell}_{choice}")),
    });
    let index = Term::name("index");
    Window {
        shape: set.into(),
        rows: Term::name("rows"),
        row,
        next,
        // A step, and not the first one.
        index: [index.clone(), index + ONE],
        follows: [ONE, ONE],
        given: match set.has_control() {
            true => Given::Listed {
                opcode: Term::name("listed_opcode"),
                argument: Term::name("listed_argument"),
            },
            false => Given::Own {
                opcode: given,
                argument: Term::name("argument"),
                next_opcode: None,
            },
        },
        tape: set.has_tape().then(|| Term::name("tape_word")),
        table: None,
        permuting: None,
        output: Output::Open,
        challenges: Challenges {
            alpha: Term::name("alpha"),
            gamma: Term::name("gamma"),
            beta: Term::name("beta"),
            delta: Term::name("delta"),
            rho: Term::name("rho"),
            epsilon: Term::name("epsilon"),
            zeta: Term::name("zeta"),
            eta: Term::name("eta"),
            theta: Term::name("theta"),
        },
    }
}

/// What a constraint is for, where an instruction is executed.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    /// Without it, the next row is another.
    Determines,
    /// Without it, the instruction is executed where it must not be.
    Forbids,
    /// It is there for other instructions.
    OfOthers,
}

/// Whether a constraint is there on every step.
fn is_of_step(constraint: &Constraint<Term>) -> bool {
    let name = &constraint.name;
    !name.starts_with("the last row") && !name.ends_with("on the first row")
}

/// A step that executes one instruction.
#[derive(Clone, Copy)]
struct Case {
    set: InstructionSet,
    executed: Opcode,
    given: Opcode,
}

impl Case {
    /// Every instruction, and the idle row that is given `halt`.
    fn all(set: InstructionSet) -> Vec<Case> {
        let case = |executed, given| Case {
            set,
            executed,
            given,
        };
        let plain = set.opcodes().map(|opcode| case(opcode, opcode));
        plain.chain([case(Opcode::IDLE, Opcode::Halt)]).collect()
    }

    fn name(&self, what: &str) -> String {
        format!(
            "{}: {} given {}: {what}",
            self.set, self.executed, self.given
        )
    }

    fn window(&self, choice: &str) -> Window<Term> {
        let executed = self.executed;
        let flag = |opcode| if opcode == executed { ONE } else { ZERO };
        let given = Term::constant(self.given.encoded());
        window(
            self.set,
            choice,
            flag,
            given,
            self.shrinks(),
            executed.top_is_given(),
        )
    }

    fn shrinks(&self) -> bool {
        self.executed.effect() == Effect::Shrink
    }

    /// The constraints that are not met whatever stands in the cells.
    fn constraints(&self, choice: &str) -> Vec<Constraint<Term>> {
        let window = self.window(choice);
        let mut constraints = of_gates(&window, &["decode", "relation", "stack", "flow", "frame"]);
        constraints.retain(|constraint| constraint.polynomial != ZERO && is_of_step(constraint));
        constraints
    }

    /// The constraints as assertions, without one.
    fn holds(&self, choice: &str, without: Option<usize>) -> Vec<String> {
        hold(&self.constraints(choice), without)
    }

    /// What the step determines: the next window, and what the product is made of and tested with.
    fn determined(&self, choice: &str) -> Vec<Term> {
        let Window { row, next, .. } = self.window(choice);
        let products = [row.factor, row.cofactor, row.factor_test, row.cofactor_test];
        let flow = [row.fetch.map(|own| own.jumps), next.fetch.map(|own| own.pc)];
        let state = next
            .words
            .into_iter()
            .chain(next.present)
            .chain(next.frame)
            .chain([next.link]);
        let chosen = products.into_iter().chain(flow);
        state.chain(chosen.flatten()).collect()
    }

    /// What holds between them according to the table: the words that come out, and for an instruction
    /// with a hint that it is -1 / factor or, if the factor is 0, 0.
    fn expected(&self, choice: &str) -> Vec<String> {
        let Window {
            row, next, index, ..
        } = self.window(choice);
        let set = self.set;
        let cofactor = row.cofactor.clone().unwrap_or(row.words[1].clone());
        let operands = Words {
            words: row.words.clone(),
            hint: cofactor.clone(),
            result: next.top().clone(),
            jumps: row.fetch.as_ref().map_or(ZERO, |own| own.jumps.clone()),
        };
        let relation = self.executed.relation(&operands);
        let factor = relation.factor.clone();
        let product = match relation.cofactor {
            Cofactor::Second => factor.clone() * row.words[1].clone(),
            Cofactor::Argument => factor.clone() * Term::name("argument"),
            Cofactor::Low => factor.clone() * operands.low(relation.width),
            Cofactor::Power => factor.clone() * operands.power(),
            Cofactor::Uncarried => factor.clone() * (ONE - operands.carry(Carry::Rest)),
            Cofactor::Scale => factor.clone() * operands.scale(),
            Cofactor::Hint => factor.clone() * cofactor.clone(),
            Cofactor::Zero => ZERO,
        };
        let mut all = vec![
            equal(next.top(), &(relation.top + product)),
            equal(&relation.zero, &ZERO),
            equal(&(factor.clone() * relation.factor_test), &ZERO),
            equal(&(cofactor.clone() * relation.cofactor_test), &ZERO),
        ];
        if relation.cofactor == Cofactor::Hint {
            // f h = -1, or both are 0.
            let inverse = equal(&(factor.clone() * cofactor.clone() + ONE), &ZERO);
            let zero = [equal(&factor, &ZERO), equal(&cofactor, &ZERO)];
            all.push(format!("(or {inverse} (and {} {}))", zero[0], zero[1]));
        }
        if let (Some(here), Some(after)) = (&row.frame, &next.frame) {
            all.push(equal(after, relation.frame.as_ref().unwrap_or(here)));
        }
        if let (Some(fetch), Some(next)) = (&row.fetch, &next.fetch) {
            let following = fetch.pc.clone() + ONE;
            let goes = |jumps: Term, pc: Term| {
                [equal(&fetch.jumps, &jumps), equal(&next.pc, &pc)].join(" ")
            };
            let top = row.top();
            let argument = Term::name("argument");
            all.push(match relation.target {
                _ if self.given == Opcode::Halt => {
                    format!("(and {})", goes(ZERO, fetch.pc.clone()))
                }
                Target::Following => format!("(and {})", goes(ZERO, following)),
                Target::Argument => format!("(and {})", goes(ONE, argument)),
                Target::Top => format!("(and {})", goes(ZERO, top.clone())),
                Target::Branch => {
                    let zero = equal(top, &ZERO);
                    let (on_zero, else_) = match self.executed {
                        Opcode::Jz => (goes(ONE, argument), goes(ZERO, following)),
                        _ => (goes(ZERO, following), goes(ONE, argument)),
                    };
                    format!("(or (and {zero} {on_zero}) (and {} {else_}))", not(&zero))
                }
            });
        }
        let moved = [None, relation.second, relation.third, None];
        let effect = self.executed.effect();
        for (cell, own) in next.iter() {
            let expected = match (cell, effect) {
                _ if effect == Effect::Shrink && is_taken(set, cell) => continue,
                (Column::Word(0), _) => continue,
                (Column::Word(i), Effect::Grow) => row.words[i - 1].clone(),
                (Column::Word(i), Effect::Keep) => moved[i].clone().unwrap_or(row.words[i].clone()),
                (Column::Word(i), Effect::Shrink) => row.words[i + 1].clone(),
                (Column::Present(0), Effect::Grow) => ONE,
                (Column::Present(i), Effect::Grow) => row.present[i - 1].clone(),
                (Column::Present(i), Effect::Keep) => row.present[i].clone(),
                (Column::Present(i), Effect::Shrink) => row.present[i + 1].clone(),
                (Column::Link, Effect::Grow) => index[1].clone(),
                (Column::Link, _) => row.link.clone(),
                _ => continue,
            };
            all.push(equal(own, &expected));
        }
        all
    }

    /// What a constraint is for.
    fn purpose(&self, constraint: &Constraint<Term>) -> Purpose {
        let relation = self.executed.relation(&Words {
            words: self.window("a").row.words,
            hint: Term::name("hint"),
            result: Term::name("result"),
            jumps: Term::name("jumps"),
        });
        let forbids = [
            "there is a word",
            "there are ",
            "what the instruction says is zero",
        ];
        let test = match &*constraint.name {
            "factor * factor_test = 0" => relation.factor_test,
            "cofactor * cofactor_test = 0" => relation.cofactor_test,
            name if forbids.iter().any(|start| name.starts_with(start)) => {
                return Purpose::Forbids;
            }
            // What comes from a tape is whatever stands there, and a hash what the sum says.
            "top' is the instruction's new top" if self.executed.top_is_given() => {
                return Purpose::OfOthers;
            }
            name => {
                // That the words which it needs were there already says what this flag becomes.
                let needed = self.executed.needs().checked_sub(2).map(Column::Present);
                let flag = needed.filter(|_| self.shrinks());
                let known = flag.is_some_and(|own| name.starts_with(&format!("{own}' =")));
                // Where the factor is not 0 in any case, the tests pass with 0 alone.
                let hinted = relation.cofactor == Cofactor::Hint
                    && relation.zero != ZERO
                    && relation.factor_test == ZERO;
                return match known || hinted && name.contains("_test is") {
                    true => Purpose::OfOthers,
                    false => Purpose::Determines,
                };
            }
        };
        match relation.cofactor {
            _ if test == ZERO => Purpose::OfOthers,
            Cofactor::Hint => Purpose::Determines,
            _ => Purpose::Forbids,
        }
    }

    /// That two answers agree.
    fn agree(a: &[Term], b: &[Term]) -> String {
        let pairs: Vec<_> = a.iter().zip(b).map(|(a, b)| equal(a, b)).collect();
        all(&pairs)
    }

    /// Whether a second answer exists without a constraint.
    fn second_answer(&self, without: Option<usize>, satisfiable: bool, what: &str) -> Query {
        let mut assertions = [self.holds("a", without), self.holds("b", without)].concat();
        let same = Case::agree(&self.determined("a"), &self.determined("b"));
        assertions.push(not(&same));
        Query::new(self.name(what), assertions, satisfiable)
    }

    fn queries(&self) -> Vec<Query> {
        let mut queries = vec![
            Query::new(self.name("possible"), self.holds("a", None), true),
            self.second_answer(None, false, "determined"),
        ];
        let wrong = vec![not(&all(&self.expected("a")))];
        let wrong = [self.holds("a", None), wrong].concat();
        queries.push(Query::new(self.name("as the table says"), wrong, false));
        for (i, constraint) in self.constraints("a").iter().enumerate() {
            let name = &constraint.name;
            let without = format!("without \"{name}\"");
            match self.purpose(constraint) {
                Purpose::Determines => queries.push(self.second_answer(Some(i), true, &without)),
                Purpose::OfOthers => queries.push(self.second_answer(Some(i), false, &without)),
                Purpose::Forbids => {
                    // What it forbids is possible without it.
                    let broken = not(&equal(&constraint.polynomial, &ZERO));
                    for (without, what) in [(None, "holds"), (Some(i), "may not hold")] {
                        let assertions = [self.holds("a", without), vec![broken.clone()]].concat();
                        let name = self.name(&format!("\"{name}\" {what}"));
                        queries.push(Query::new(name, assertions, without.is_some()));
                    }
                }
            }
        }
        queries
    }
}

/// The operands of an instruction.
struct Words {
    words: Vec<Term>,
    hint: Term,
    result: Term,
    jumps: Term,
}

impl Operands<Term> for Words {
    fn word(&self, place: usize) -> Term {
        self.words.get(place).cloned().unwrap_or(ZERO)
    }
    fn argument(&self) -> Term {
        Term::name("argument")
    }
    fn hint(&self) -> Term {
        self.hint.clone()
    }
    fn result(&self) -> Term {
        self.result.clone()
    }
    fn following(&self) -> Term {
        Term::name("pc") + ONE
    }
    fn jumps(&self) -> Term {
        self.jumps.clone()
    }
    fn low(&self, _: Width) -> Term {
        unreachable!("the sets here have no words in limbs")
    }
    fn high(&self, _: Width) -> Term {
        self.low(Width::W32)
    }
    fn both(&self, _: Width) -> Term {
        self.low(Width::W32)
    }
    fn rest(&self, _: Width) -> Term {
        self.low(Width::W32)
    }
    fn ones(&self, _: Width) -> Term {
        self.low(Width::W32)
    }
    fn carry(&self, _: Carry) -> Term {
        self.low(Width::W32)
    }
    fn exponent(&self) -> Term {
        self.low(Width::W32)
    }
    fn power(&self) -> Term {
        self.low(Width::W32)
    }
    fn frame(&self) -> Term {
        Term::name("frame")
    }
    fn old(&self) -> Term {
        unreachable!("the sets here have no memory")
    }
    fn updated(&self) -> Term {
        self.old()
    }
    fn offset(&self) -> Term {
        self.old()
    }
    fn scale(&self) -> Term {
        self.old()
    }
    fn found(&self, _: Piece) -> Term {
        self.old()
    }
    fn lowest(&self, _: Piece) -> Term {
        self.old()
    }
    fn last_byte(&self) -> Term {
        self.old()
    }
}

/// The constraints of the gates with these names.
fn of_gates(window: &Window<Term>, names: &[&str]) -> Vec<Constraint<Term>> {
    let gates = machine::gates(window).into_iter();
    let named = gates.filter(|gate| names.contains(&gate.name));
    named.flat_map(|gate| gate.constraints).collect()
}

/// The constraints on the flags of a row that is given an opcode.
fn decode(set: InstructionSet, given: Term) -> Vec<Constraint<Term>> {
    let window = window(set, "a", flag, given, false, false);
    let mut constraints = of_gates(&window, &["decode"]);
    constraints.retain(is_of_step);
    constraints
}

/// The same where the program stands in cells.
fn decode_cells(set: InstructionSet, given: Term) -> Vec<Constraint<Term>> {
    let mut window = window(set, "a", flag, given, false, false);
    if let Given::Own { next_opcode, .. } = &mut window.given {
        *next_opcode = Some(Term::name("next_opcode"));
    }
    let mut constraints = of_gates(&window, &["decode"]);
    constraints.retain(is_of_step);
    constraints
}

fn flag(opcode: Opcode) -> Term {
    Term::name(Column::Flag(opcode).to_string())
}

/// The constraints as assertions, without one.
fn hold(constraints: &[Constraint<Term>], without: Option<usize>) -> Vec<String> {
    let kept = constraints.iter().enumerate();
    kept.filter(|(i, _)| Some(*i) != without)
        .map(|(_, constraint)| equal(&constraint.polynomial, &ZERO))
        .collect()
}

/// Whether a row that is given an opcode can have other flags than those of the instruction, if one
/// of the constraints is left out.
fn other_flags(set: InstructionSet, given: Opcode, without: Option<usize>) -> Query {
    let constraints = decode(set, Term::constant(given.encoded()));
    let mut assertions = hold(&constraints, without);
    let executes = |executed: Opcode| {
        let own = |opcode: Opcode| if opcode == executed { ONE } else { ZERO };
        let shape: halo2_stack_vm::machine::Shape = set.into();
        let flags = shape
            .flagged()
            .map(|opcode| equal(&flag(opcode), &own(opcode)));
        all(&flags.collect::<Vec<_>>())
    };
    assertions.push(not(&executes(given)));
    if given == Opcode::Halt {
        assertions.push(not(&executes(Opcode::IDLE)));
    }
    let name = match without {
        Some(without) => format!("without \"{}\"", constraints[without].name),
        None => "determined".to_owned(),
    };
    let name = format!("{set}: flags of a row given {given}: {name}");
    Query::new(name, assertions, without.is_some())
}

/// Whether a row can be given what the set has no instruction for, and whether a row that is given
/// `halt` can be followed by one that is not.
fn given(set: InstructionSet) -> Vec<Query> {
    let given = Term::name("given");
    let unknown = |without| {
        let mut assertions = hold(&decode(set, given.clone()), without);
        let codes = set.opcodes().map(|own| Term::constant(own.encoded()));
        assertions.extend(codes.map(|code| not(&equal(&given, &code))));
        assertions
    };
    let after_halt = |without| {
        let mut assertions = hold(&decode_cells(set, ZERO), without);
        assertions.push(not(&equal(&Term::name("next_opcode"), &ZERO)));
        assertions
    };
    let place = |name: &str| {
        let constraints = decode_cells(set, given.clone());
        let place = constraints
            .iter()
            .position(|own| own.name.starts_with(name));
        Some(place.expect(name))
    };
    let decodes = place("the given instruction is executed");
    let name = |what: &str| format!("{set}: {what}");
    let mut queries = vec![
        Query::new(name("an unknown opcode"), unknown(None), false),
        Query::new(
            name("an unknown opcode, not decoded"),
            unknown(decodes),
            true,
        ),
    ];
    // With control flow, a program goes on where the program counter says.
    if !set.has_control() {
        let halts = place("after halt there is only halt");
        queries.push(Query::new(
            name("halt, then another"),
            after_halt(None),
            false,
        ));
        let unchecked = name("halt, then another, unchecked");
        queries.push(Query::new(unchecked, after_halt(halts), true));
    }
    queries
}

/// What the solver says to each query: whether it can hold.
fn answers(queries: &[Query], directory: &str) -> Vec<Option<bool>> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    std::fs::create_dir_all(&directory).unwrap();
    let file = |(i, query): (usize, &Query)| -> PathBuf {
        let path = directory.join(format!("{i:03}.smt2"));
        std::fs::write(&path, query.text()).unwrap();
        path
    };
    let paths: Vec<_> = queries.iter().enumerate().map(file).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smt/answers.py");
    let python = std::env::var("STACKVM_SMT_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python)
        .arg(script)
        .args(paths)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{python}: {errors}");
    let answers: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| match line {
            "sat" => Some(true),
            "unsat" => Some(false),
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), queries.len(), "{errors}");
    answers
}

/// Asks, and asserts that the answers are as they should be.
fn assert_answers(queries: &[Query], directory: &str) {
    let mut wrong = vec![];
    for (query, answer) in queries.iter().zip(answers(queries, directory)) {
        println!("{answer:?}: {}", query.name);
        if answer != Some(query.satisfiable) {
            wrong.push((&query.name, answer));
        }
    }
    assert_eq!(wrong, []);
    println!("{directory}: {} queries", queries.len());
}

#[test]
#[ignore = "needs a solver: see the head of the file"]
fn each_instruction_determines_the_next_row() {
    for (_, set) in InstructionSet::NAMED {
        // Nothing is there for others alone.
        let mut needed = BTreeMap::new();
        for case in Case::all(*set) {
            for constraint in case.constraints("a") {
                let own = case.purpose(&constraint) != Purpose::OfOthers;
                *needed.entry(constraint.name.clone()).or_insert(false) |= own;
            }
        }
        assert!(needed.values().all(|needed| *needed), "{needed:?}");
        let queries: Vec<_> = Case::all(*set).iter().flat_map(Case::queries).collect();
        assert_answers(&queries, &format!("instructions-{set}"));
    }
}

#[test]
#[ignore = "needs a solver: see the head of the file"]
fn a_row_is_given_an_instruction_and_only_halt_follows_halt() {
    for (_, set) in InstructionSet::NAMED {
        assert_answers(&given(*set), &format!("given-{set}"));
    }
}

#[test]
#[ignore = "needs a solver: see the head of the file"]
fn the_given_opcode_determines_the_flags() {
    for (_, set) in InstructionSet::NAMED {
        let queries = |without: Option<usize>| -> Vec<_> {
            let given = set.opcodes().map(|given| other_flags(*set, given, without));
            given.collect()
        };
        assert_answers(&queries(None), &format!("flags-{set}"));
        for (i, constraint) in decode(*set, Term::name("given")).iter().enumerate() {
            // It is needed if some opcode could be executed otherwise.
            let answers = answers(&queries(Some(i)), &format!("flags-{set}-{i}"));
            println!("{set}, without {i} \"{}\": {answers:?}", constraint.name);
            assert!(answers.contains(&Some(true)), "{}", constraint.name);
            assert!(!answers.contains(&None), "{}", constraint.name);
        }
    }
}

/// The sets of a run, drawn anew each time; their seed is printed.
#[path = "../soundness/sets.rs"]
mod sets;

#[test]
#[ignore = "needs a solver: see the head of the file"]
fn in_drawn_sets_the_opcode_determines_the_row_and_the_next_one() {
    let mut queries = vec![];
    // The solver knows of no look-ups: 32-bit words are tried out in `words.rs`, and what a memory holds is no matter of a row.
    let without = |set: &&InstructionSet| !set.has_words() && !set.has_memory();
    for set in sets::drawn().iter().filter(without) {
        for case in Case::all(*set) {
            let possible = case.holds("a", None);
            queries.push(Query::new(case.name("possible"), possible, true));
            queries.push(case.second_answer(None, false, "determined"));
        }
        queries.extend(set.opcodes().map(|own| other_flags(*set, own, None)));
    }
    assert_answers(&queries, "drawn");
}
