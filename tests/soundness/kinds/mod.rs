//! Kinds of forgeries. Each goes on honestly from what it forges, so that it is as consistent as a
//! liar can make it, and names the constraints of which one at least must reject it.

mod flags;
mod flow;
mod hash;
mod memory;
mod mixed;
mod output;
mod products;
mod program;
mod stack;
mod tape;
mod words;

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Opcode, Target};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use crate::claim::Claim;
use crate::forger::{Forger, Product, Scene};
use crate::machine::Host;
use crate::programs::{Step, below, pick, word, writable};

/// The kinds, by what they are about.
const KINDS: &[&[Kind]] = &[
    stack::KINDS,
    flags::KINDS,
    mixed::KINDS,
    products::KINDS,
    output::KINDS,
    program::KINDS,
    flow::KINDS,
    tape::KINDS,
    words::KINDS,
    memory::KINDS,
    hash::KINDS,
];

/// All kinds.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().flatten()
}

/// A kind of forgery.
#[derive(Clone, Copy)]
pub struct Kind {
    /// What is forged.
    pub name: &'static str,
    /// The constraints of which it violates at least one, by a part of their names; none where it
    /// depends on the instruction.
    pub rejected_by: &'static [&'static str],
    /// Forges, where the scene has occasion for it.
    pub forge: fn(&Scene, &mut ChaCha8Rng) -> Option<Claim>,
}

impl Kind {
    /// Whether the kind may show that one of these constraints is needed.
    pub fn concerns(&self, constraints: &[String]) -> bool {
        let names = |part: &&str| constraints.iter().any(|own| own.contains(part));
        self.rejected_by.is_empty() || self.rejected_by.iter().any(names)
    }

    /// How often the kind is tried on a scene: more often if it chooses a flag, or the input of an S-box, and there are many.
    pub fn tries(&self, scene: &Scene) -> usize {
        const FLAGS: usize = 3;
        const CELLS: usize = 4;
        let by = |part: &&str| self.rejected_by.contains(part);
        match by(&FLAG) {
            true => (scene.machine.shape().flagged().count() / FLAGS).max(1),
            false if by(&ROUNDS) => CELLS,
            false => 1,
        }
    }

    /// A forgery of the kind in a machine with the scene's key: a claim that nobody should accept.
    pub fn forged(&self, scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
        let mut claim = (self.forge)(scene, rng)?;
        // The program that a key holds is not a prover's to state.
        if scene.machine.host == Host::Fixed && claim.given != scene.honest.given {
            return None;
        }
        scene.machine.adopt(&mut claim);
        scene.is_forged(&claim).then_some(claim)
    }
}

pub const FLAG: &str = "a flag is set only where";
const UNWINDS: &str = "where halt is given";
const DECODE: &str = "the given instruction is executed";
const AFTER_HALT: &str = "after halt there is only halt";
const LAST_HALT: &str = "the last row is given halt";
const FACTOR: &str = "('factor is the instruction's";
pub const TOP: &str = "top' is the instruction's new top";
const SECOND: &str = "second' =";
const THIRD: &str = "third' =";
const FOURTH: &str = "fourth' =";
const LINK: &str = "link' =";
const NONEMPTY: &str = "nonempty' =";
const HAS: &str = "has_";
const NEEDS: &str = "needed, before the step";
const COFACTOR: &str = "('cofactor is the instruction's";
const FACTOR_TEST: &str = "factor_test is the instruction's";
const COFACTOR_TEST: &str = "cofactor_test is the instruction's";
const TESTED: &str = "factor_test = 0";
const ZERO: &str = "what the instruction says is zero";
const START: &str = "= 0 on the first row";
const START_LINK: &str = "link = 0 on the first row";
const MADE: &str = "made = 1 / (";
const TAKEN: &str = "sum' - sum";
const SUM_START: &str = "the sum starts";
pub const SUM_END: &str = "the sum ends";
const JUMPS: &str = "jumps is the instruction's";
const FLOW: &str = "pc' =";
const START_PC: &str = "pc = 0 on the first row";
const FETCHED: &str = "fetched = 1 / (the instruction this row";
const LAST_FETCHED: &str = "fetched = 1 / (the instruction at pc";
const PROVIDED: &str = "provided = uses";
const TAPE: &str = "('tape = the word used";
const TAPE_END: &str = "tape = 1 on the last row";
const STATED: &str = "('stated = what is stated here + ";
const STATED_END: &str = "stated = what is stated here on the last row";
pub const USED: &str = "what is used is what is stated";
const LOW: &str = "low is the instruction's";
const HIGH: &str = "high is the instruction's";
const ADDRESS: &str = "address is the instruction's";
const NEW: &str = "new is the instruction's";
const OLD: &str = "old = 0 where";
const BEFORE: &str = "before = 0 where";
const TOUCHED: &str = "touched is 0 or 1";
const KEPT: &str = "kept = 0 where";
const LAST: &str = "last = 0 where";
const REST: &str = "rest is the instruction's";
const AT_BYTE: &str = "at_byte_";
const ONE_BYTE: &str = "a row that accesses a byte has one number";
const FOUND: &str = "with this number, 0 if";
const UPPER_LOW: &str = "the upper half of low is";
const UPPER_HIGH: &str = "the upper half of high is";
const CARRY_BIT: &str = "_carry is 0 or 1";
const CARRY_UNUSED: &str = "_carry = 0 where";
const EXPONENT: &str = "exponent is the instruction's";
const RAISED: &str = "raised = 1 / (";
const CHECKED: &str = "checked = 1 / (";
const LOOKED: &str = "looked = 1 / (";
const ANSWERED: &str = "answered = answers / (";
const FRAME: &str = "frame' is the instruction's";
const START_FRAME: &str = "frame = 0 on the first row";
const SQUARE: &str = "square_";
const ROUNDS: &str = "is what the rounds make";
const LIVE: &str = "live is 0 or 1";
const LIVE_ON: &str = "live' = live";
const DIGEST_ON: &str = "digest' = digest";
const HASHED: &str = "hashed = 1 / (";
const PERMUTED: &str = "permuted = 1 / (";
const OPCODE_COPY: &str = "copy: the opcode is";
const ARGUMENT_COPY: &str = "copy: the argument is";
const PADDING_COPY: &str = "copy: the opcode after";
const PADDING_ARGUMENT: &str = "copy: the argument after";
const OUTPUT_COPY: &str = "copy: the output is";
const TAPE_COPY: &str = "copy: the tape is";
const TAPE_END_COPY: &str = "copy: the tape ends";

/// What rejects the run that goes on with another word of the private tape: an instruction may refuse it, or have no such words, and a
/// branch on it lead elsewhere.
pub const ANOTHER_SECRET: &[&str] = &[
    TESTED, ZERO, NEEDS, LAST_HALT, SUM_END, LOW, HIGH, UPPER_LOW, UPPER_HIGH, REST, EXPONENT,
];

/// One of the rows on which something holds.
fn row(scene: &Scene, rng: &mut ChaCha8Rng, holds: impl Fn(usize) -> bool) -> Option<usize> {
    let rows: Vec<_> = (0..scene.rows()).filter(|row| holds(*row)).collect();
    pick(rng, &rows)
}

/// Any row.
fn any_row(scene: &Scene, rng: &mut ChaCha8Rng) -> usize {
    below(rng, scene.rows())
}

/// The instructions that a program may write where the stack is so deep.
fn runnable(scene: &Scene, depth: usize) -> Vec<Opcode> {
    writable(scene.set())
        .into_iter()
        .filter(|opcode| opcode.needs() <= depth)
        .collect()
}

/// What the program gives a row.
fn given(scene: &Scene, row: usize) -> Opcode {
    scene.given[row].0
}

/// The argument that the program gives a row.
fn given_argument(scene: &Scene, row: usize) -> Fr {
    scene.given[row].1
}

fn nonzero(rng: &mut ChaCha8Rng) -> Fr {
    match word(rng) {
        Fr::ZERO => Fr::ONE,
        word => word,
    }
}

/// Another state after step `row`.
fn after(scene: &Scene, row: usize, tamper: impl FnOnce(&mut Forger)) -> Option<Claim> {
    Some(scene.tampered(row + 1, tamper))
}

/// Another product on a row.
fn with_product_at(scene: &Scene, at: usize, product: Product) -> Option<Claim> {
    let own = [(scene.executed[at], Fr::ONE)];
    let flags = match scene.executed[at] {
        Opcode::IDLE => &[],
        _ => &own[..],
    };
    let argument = given_argument(scene, at);
    Some(scene.tampered(at, |forger| forger.combine(flags, argument, product)))
}

/// Executes instead of `given`, from `row` on, what `chosen` says.
fn instead<'a>(
    scene: &Scene<'a>,
    row: usize,
    mut chosen: impl FnMut(&mut Forger<'a>),
) -> Option<Claim> {
    let mut forger = scene.forger();
    forger.go_to(row);
    while forger.row() < scene.rows() {
        chosen(&mut forger);
    }
    Some(forger.finish())
}

/// Where the instruction of a forger's next row is listed.
fn address(scene: &Scene, forger: &Forger) -> Option<usize> {
    let address = match scene.machine.shape().fetches() {
        true => usize::try_from(forger.pc.to_u64()?).ok()?,
        false => forger.row(),
    };
    (address < scene.rows()).then_some(address)
}

/// An instruction of the set that does something.
fn that(scene: &Scene, rng: &mut ChaCha8Rng, does: impl Fn(Opcode) -> bool) -> Option<Opcode> {
    let mut opcodes = writable(scene.set());
    opcodes.retain(|opcode| does(*opcode));
    pick(rng, &opcodes)
}

/// An instruction of the set with this target.
fn with_target(scene: &Scene, rng: &mut ChaCha8Rng, target: Target) -> Option<Opcode> {
    that(scene, rng, |opcode| opcode.target() == target)
}

/// A machine that runs a program which honestly would fail, if there is room for it and for what it unwinds.
fn failing(scene: &Scene, program: Vec<Step>, unwinds: usize) -> Option<Claim> {
    let room = program.len() <= scene.machine.program_rows;
    let rows = program.len() + unwinds <= scene.rows();
    (room && rows).then(|| scene.forger_of(program).finish())
}

/// An instruction whose flag is set where it must not be.
fn flagged(scene: &Scene, rng: &mut ChaCha8Rng) -> Opcode {
    pick(rng, &scene.wrong_flags).expect("halt has a flag")
}
