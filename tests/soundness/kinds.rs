//! Kinds of forgeries. Each goes on honestly from what it forges, so that it is as consistent as a
//! liar can make it, and names the constraints of which one at least must reject it.

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{Effect, Opcode, Target};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use crate::forger::{Below, Forger, Product, Scene};
use crate::machine::{Claim, Host, Slip};
use crate::programs::{self, Step, below, pick, push, random, word, writable};

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
    /// How often the kind is tried on a scene: more often if it chooses a flag and there are many.
    pub fn tries(&self, scene: &Scene) -> usize {
        const FLAGS: usize = 4;
        match self.rejected_by.contains(&FLAG) {
            true => (scene.machine.shape().flagged().count() / FLAGS).max(1),
            false => 1,
        }
    }

    /// A forgery of the kind: a claim that nobody should accept, and that a prover can make.
    pub fn forged(&self, scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
        let claim = (self.forge)(scene, rng)?;
        // The program that a key holds is not a prover's to state.
        let statable = scene.machine.host != Host::Fixed || claim.given == scene.honest.given;
        (statable && scene.is_forged(&claim)).then_some(claim)
    }
}

const FLAG: &str = "a flag is set only where";
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
const SUM_END: &str = "the sum ends";
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
const OPCODE_COPY: &str = "copy: the opcode is";
const ARGUMENT_COPY: &str = "copy: the argument is";
const PADDING_COPY: &str = "copy: the opcode after";
const PADDING_ARGUMENT: &str = "copy: the argument after";
const OUTPUT_COPY: &str = "copy: the output is";
const TAPE_COPY: &str = "copy: the tape is";
const TAPE_END_COPY: &str = "copy: the tape ends";

/// What rejects the run that goes on with another word of the private tape: an instruction may refuse it, and a branch
/// on it lead elsewhere.
pub const ANOTHER_SECRET: &[&str] = &[TESTED, ZERO, NEEDS, LAST_HALT, SUM_END];

/// One of the rows on which something holds.
fn row(scene: &Scene, rng: &mut ChaCha8Rng, holds: impl Fn(usize) -> bool) -> Option<usize> {
    let rows: Vec<_> = (0..scene.rows()).filter(|row| holds(*row)).collect();
    pick(rng, &rows)
}

/// Any row.
fn any_row(scene: &Scene, rng: &mut ChaCha8Rng) -> usize {
    below(rng, scene.rows())
}

/// A row on which the stack shrinks.
fn shrinking(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<usize> {
    row(scene, rng, |row| {
        scene.executed[row].effect() == Effect::Shrink
    })
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

/// An instruction with a flag.
fn flagged(scene: &Scene, rng: &mut ChaCha8Rng) -> Opcode {
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    pick(rng, &opcodes).expect("halt has a flag")
}

/// Another state after step `row`.
fn after(scene: &Scene, row: usize, tamper: impl FnOnce(&mut Forger)) -> Option<Claim> {
    Some(scene.tampered(row + 1, tamper))
}

/// Another link after a step that shrinks the stack.
fn relinked(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    link: impl FnOnce(&Forger, &mut ChaCha8Rng) -> Option<Fr>,
) -> Option<Claim> {
    let row = shrinking(scene, rng)?;
    let mut forger = scene.forger();
    forger.go_to(row + 1);
    forger.link = link(&forger, rng)?;
    Some(forger.finish())
}

/// A machine that comes to an instruction put into the program where the stack holds `depth` words;
/// one that `fits`.
fn put_in<'a>(
    scene: &Scene<'a>,
    rng: &mut ChaCha8Rng,
    depth: usize,
    fits: impl Fn(Opcode) -> bool,
) -> Option<Forger<'a>> {
    let mut opcodes = writable(scene.set());
    opcodes.retain(|opcode| fits(*opcode));
    let opcode = pick(rng, &opcodes)?;
    // One more for the instruction, and one for a word that it may leave to be unwound. What follows it has
    // another address then.
    let room = scene.is_straight()
        && scene.program.len() < scene.machine.program_rows
        && scene.steps + 1 < scene.rows();
    let at = row(scene, rng, |row| {
        room && row <= scene.length && scene.depths[row] == depth
    })?;
    let mut program = scene.program.clone();
    program.insert(at, (opcode, word(rng)));
    let mut forger = scene.forger_of(program);
    forger.go_to(at);
    Some(forger)
}

/// Another product on a row whose instruction `fits`.
fn with_product(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    fits: impl Fn(Opcode) -> bool,
    product: Product,
) -> Option<Claim> {
    let at = row(scene, rng, |row| fits(scene.executed[row]))?;
    with_product_at(scene, at, product)
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

/// Another jump, and a product to go with it, on a row whose instruction has a target that `fits`.
fn with_jump(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    fits: impl Fn(Target) -> bool,
    jumps: impl FnOnce(&mut ChaCha8Rng, Fr) -> Fr,
    product: Product,
) -> Option<Claim> {
    let fetch = scene.honest.columns.fetch.as_ref()?;
    let at = row(scene, rng, |row| fits(scene.executed[row].target()))?;
    let jumps = Some(jumps(rng, fetch.jumps[at]));
    with_product_at(scene, at, Product { jumps, ..product })
}

/// A machine that comes to an instruction that refuses its operands, put into the program.
fn refused<'a>(scene: &Scene<'a>, rng: &mut ChaCha8Rng) -> Option<Forger<'a>> {
    let depth = 1 + below(rng, 3);
    let forger = put_in(scene, rng, depth, |opcode| {
        opcode.fault().is_some() && opcode.needs() <= depth
    })?;
    let refuses = !programs::runs(scene.set(), &forger.given[..=forger.row()]);
    refuses.then_some(forger)
}

/// What takes so many words and leaves one less.
fn takes(needs: usize) -> impl Fn(Opcode) -> bool {
    move |opcode| opcode.needs() == needs && opcode.effect() == Effect::Shrink
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

/// The honest witness of another program, for the scene's statement.
fn run_of(scene: &Scene, program: Vec<Step>) -> Option<Claim> {
    if !programs::fits(scene.machine, &program) {
        return None;
    }
    // A run that idles before it unwinds is one of the scene's own program.
    let own = program.strip_prefix(&scene.program[..]);
    if own.is_some_and(|rest| rest.iter().all(|(opcode, _)| *opcode == Opcode::IDLE)) {
        return None;
    }
    let mut claim = Scene::new(scene.machine, program).honest;
    claim.given = scene.honest.given.clone();
    claim.tape = scene.honest.tape.clone();
    claim.cells = scene.honest.cells.clone();
    Some(claim)
}

/// Two flags that cancel: together they are 1, and the opcode that they encode is the given one.
fn cancelling(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = any_row(scene, rng);
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    let (a, b) = (pick(rng, &opcodes)?, pick(rng, &opcodes)?);
    let code = |opcode: Opcode| Fr::from(opcode.encoded());
    let given = code(given(scene, at));
    let inverse = Option::<Fr>::from((code(a) - code(b)).invert())?;
    let flag = (given - code(b)) * inverse;
    if flag == Fr::ZERO || flag == Fr::ONE {
        return None;
    }
    let argument = given_argument(scene, at);
    let flags = [(a, flag), (b, Fr::ONE - flag)];
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// A fraction of an instruction, the rest of which is idle.
fn fraction(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = any_row(scene, rng);
    let opcode = flagged(scene, rng);
    let idle = Fr::from(Opcode::IDLE.encoded());
    let given = Fr::from(given(scene, at).encoded());
    let whole = Fr::from(opcode.encoded()) - idle;
    let flag = (given - idle) * Option::<Fr>::from(whole.invert())?;
    if flag == Fr::ZERO || flag == Fr::ONE {
        return None;
    }
    let argument = given_argument(scene, at);
    Some(scene.tampered(at, |forger| {
        forger.combine(&[(opcode, flag)], argument, Product::default())
    }))
}

/// Two flags, if possible such as encode the given opcode.
fn two_flags(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    let sum =
        |a: Opcode, b: Opcode| (a.encoded() + b.encoded()).checked_sub(Opcode::IDLE.encoded());
    let mut fitting = vec![];
    for at in 0..scene.rows() {
        for (i, a) in opcodes.iter().enumerate() {
            for b in &opcodes[..i] {
                if sum(*a, *b) == Some(given(scene, at).encoded()) {
                    fitting.push((at, *a, *b));
                }
            }
        }
    }
    let (at, a, b) = match pick(rng, &fitting) {
        Some(fitting) => fitting,
        None => (any_row(scene, rng), opcodes[0], opcodes[1]),
    };
    let argument = given_argument(scene, at);
    let flags = [(a, Fr::ONE), (b, Fr::ONE)];
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// Flags of which one is -1 and the others are 1, such that they encode the given opcode.
fn minus(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let opcodes: Vec<_> = scene.machine.shape().flagged().collect();
    let minus = pick(rng, &opcodes)?;
    let others: Vec<_> = opcodes.into_iter().filter(|own| *own != minus).collect();
    let code = |opcode: Opcode| i128::from(opcode.encoded());
    let mut fitting = vec![];
    let mut cancelling = vec![];
    for at in 0..scene.rows() {
        let given = code(given(scene, at));
        for (i, a) in others.iter().enumerate() {
            // With one other flag the row is idle too, and may be so although it is given halt.
            let executed = code(*a) - code(minus) + code(Opcode::IDLE);
            if executed == given || executed == given + 1 {
                fitting.push((at, *a, None));
                if a.effect() == minus.effect() {
                    cancelling.push((at, *a, None));
                }
            }
            for b in &others[..i] {
                if code(*a) + code(*b) - code(minus) == given {
                    fitting.push((at, *a, Some(*b)));
                }
            }
        }
    }
    // Where the effects cancel, the rest of the run is most likely to go well.
    let (at, a, b) = match pick(rng, &cancelling) {
        Some(cancelling) if below(rng, 2) == 0 => cancelling,
        _ => pick(rng, &fitting)?,
    };
    let mut flags = vec![(minus, -Fr::ONE), (a, Fr::ONE)];
    flags.extend(b.map(|b| (b, Fr::ONE)));
    let argument = given_argument(scene, at);
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// The flag of an instruction with which, less as much of another, the opcode is its own.
fn undone(own: Opcode, other: Opcode) -> Option<Fr> {
    let code = |opcode: Opcode| Fr::from(opcode.encoded());
    let apart = Option::<Fr>::from((code(own) - code(other)).invert())?;
    Some((code(own) - code(Opcode::IDLE)) * apart)
}

/// Another instruction on a row that is given one which leaves everything as it is: as much of that one's own flag
/// is set that the two encode its opcode.
fn instead_of_nothing(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let idle = |own: &Opcode| {
        let plain = own.effect() == Effect::Keep && own.target() == Target::Following;
        plain && own.takes_argument() && own.needs() == 1 && own.fault().is_none()
    };
    let own = writable(scene.set()).into_iter().find(idle)?;
    let other = flagged(scene, rng);
    if other == own {
        return None;
    }
    let code = |opcode: Opcode| Fr::from(opcode.encoded());
    let whole = Option::<Fr>::from((code(own) - code(Opcode::IDLE)).invert())?;
    let flag = (code(own) - code(other)) * whole;
    let mut program = vec![(push(), Fr::ONE); other.needs().max(1)];
    program.push((own, Fr::ZERO));
    if program.len() + other.needs() + 2 > scene.rows() {
        return None;
    }
    let mut forger = scene.forger_of(program);
    forger.go_to(other.needs().max(1));
    if other.uses_tape() {
        forger.tape = vec![Fr::ONE; 2];
    }
    let flags = [(other, Fr::ONE), (own, flag)];
    forger.combine(&flags, Fr::ZERO, Product::default());
    Some(forger.finish())
}

/// Nothing instead of an instruction: its own flag and another's encode its opcode, while their
/// effects cancel.
fn nothing_done(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    // What returns to where the run goes on anyway changes nothing either.
    if scene.honest.columns.fetch.is_some() && below(rng, 4) == 0 {
        let other = with_target(scene, rng, Target::Top)?;
        let plain = |own: &Opcode| {
            let effect = own.effect() == other.effect() && own.needs() <= 1;
            effect && own.target() == Target::Following && own.fault().is_none() && !own.uses_tape()
        };
        let own = writable(scene.set()).into_iter().find(plain)?;
        let program = vec![(push(), Fr::from(2)), (own, Fr::ZERO)];
        let mut forger = scene.forger_of(program);
        forger.go_to(1);
        let flag = undone(own, other)?;
        forger.combine(&[(own, flag), (other, -flag)], Fr::ZERO, Product::default());
        return Some(forger.finish());
    }
    let mut fitting = vec![];
    for (at, (own, _)) in scene.given[..scene.length].iter().enumerate() {
        let fits = |other: &Opcode| {
            *own != Opcode::IDLE
                && other != own
                && other.effect() == own.effect()
                && other.needs() <= scene.depths[at]
        };
        fitting.extend(
            scene
                .machine
                .shape()
                .flagged()
                .filter(fits)
                .map(|other| (at, *own, other)),
        );
    }
    let (at, own, other) = pick(rng, &fitting)?;
    let flag = undone(own, other)?;
    let argument = given_argument(scene, at);
    let flags = [(own, flag), (other, -flag)];
    Some(scene.tampered(at, |forger| {
        forger.combine(&flags, argument, Product::default())
    }))
}

/// While it unwinds, the machine takes a cell that was never made, of the key that it has at hand,
/// and then takes -1 of it: another word stands under the top, and the sum is as before.
fn taken_back(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let at = scene.executed.iter().position(|own| *own == Opcode::Halt)?;
    // With so many words all presence flags are 1 while the forged ones pass through them.
    let deep = scene.depths[at] >= scene.set().presence();
    if !deep || scene.steps + 2 > scene.rows() {
        return None;
    }
    let lowest = word(rng);
    Some(scene.tampered(at, |forger| {
        forger.forced.push_back(Below {
            lowest,
            present: Fr::ONE,
            link: forger.link,
        });
        forger.execute(Opcode::Halt, Fr::ZERO);
        forger.combine(&[(Opcode::Halt, -Fr::ONE)], Fr::ZERO, Product::default());
        forger.depth += 1;
    }))
}

/// The cells of the second and the third word from the top are taken in the wrong order: either
/// their links are exchanged, or what they hold.
fn reordered(scene: &Scene, rng: &mut ChaCha8Rng, exchange: fn(&mut Forger)) -> Option<Claim> {
    let at = row(scene, rng, |row| {
        scene.depths[row] >= 4 && scene.executed[row].effect() == Effect::Shrink
    })?;
    Some(scene.tampered(at, exchange))
}

/// The key that a link is.
fn key(link: Fr) -> u64 {
    link.to_u64().expect("a key")
}

fn exchange_links(forger: &mut Forger) {
    // Top to bottom: the cell that is taken, a, b. It shall go on with b, then a, then what b would.
    let taken = forger.linked().expect("a cell");
    let mut a = forger.cells[&key(taken.link)];
    let mut b = forger.cells[&key(a.link)];
    let (to_a, to_b) = (taken.link, a.link);
    a.link = b.link;
    b.link = to_a;
    forger.cells.insert(key(to_a), a);
    forger.cells.insert(key(to_b), b);
    forger.forced.push_back(Below {
        link: to_b,
        ..taken
    });
}

fn exchange_contents(forger: &mut Forger) {
    let first = forger.linked().expect("a cell");
    let second = forger.cells[&key(first.link)];
    forger.forced.extend([second, first]);
}

/// A statement about an output that the honest run does not give.
fn false_output(scene: &Scene, rng: &mut ChaCha8Rng) -> Claim {
    let mut claim = scene.honest.clone();
    claim.output += nonzero(rng);
    claim
}

/// A false output with a sum that starts from it, and ends as it should for the true one.
fn slipped(scene: &Scene, rng: &mut ChaCha8Rng, slip: fn(usize) -> Slip) -> Option<Claim> {
    let mut claim = match scene.machine.binds_output() {
        true => false_output(scene, rng),
        // There the sum does not carry the output; a word that is lost is hidden.
        false => lost_word(scene, rng)?,
    };
    claim.start = claim.output;
    claim.slip = Some(slip(any_row(scene, rng)));
    Some(claim)
}

/// What stands under the top after a step that shrinks the stack is another word.
fn lost_word(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let row = shrinking(scene, rng)?;
    let other = nonzero(rng);
    after(scene, row, |forger| {
        let lowest = forger.lowest();
        forger.words[lowest] += other;
    })
}

/// The program's cells say something else on a row, and the machine executes it.
fn other_cell(scene: &Scene, rng: &mut ChaCha8Rng, holds: impl Fn(usize) -> bool) -> Option<Claim> {
    scene.machine.program?;
    let at = row(scene, rng, holds)?;
    let opcodes = runnable(scene, scene.depths[at]);
    let step = (pick(rng, &opcodes)?, word(rng));
    let mut forger = scene.forger();
    forger.go_to(at);
    let address = address(scene, &forger)?;
    let stated = Fr::from(scene.set().stated(step.0));
    if scene.honest.cells[address] == [stated, step.1] {
        return None;
    }
    forger.claimed = Some([Fr::from(step.0.encoded()), step.1]);
    forger.execute(step.0, step.1);
    let mut claim = forger.finish();
    claim.cells[address] = [stated, step.1];
    Some(claim)
}

/// Where the instruction of a forger's next row is listed.
fn address(scene: &Scene, forger: &Forger) -> Option<usize> {
    let address = match scene.machine.shape().fetches() {
        true => usize::try_from(forger.pc.to_u64()?).ok()?,
        false => forger.row(),
    };
    (address < scene.rows()).then_some(address)
}

/// Where the outer circuit's cells end, instructions go on, and the last cell is a copy of the first
/// of them.
fn padded(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    scene.machine.program?;
    let from = scene.machine.program_rows;
    let straight = !scene.machine.shape().fetches();
    if !straight || scene.program.len() != from || from == scene.rows() {
        return None;
    }
    let mut forger = scene.forger();
    forger.go_to(from);
    let mut cells = scene.honest.cells.clone();
    for cell in &mut cells[from..scene.rows()] {
        let opcode = pick(rng, &runnable(scene, forger.depth))?;
        let argument = word(rng);
        forger.execute(opcode, argument);
        *cell = [Fr::from(opcode.encoded()), argument];
    }
    cells[scene.rows()][0] = cells[from][0];
    let mut claim = forger.finish();
    claim.cells = cells;
    Some(claim)
}

/// Idle rows between the words that are unwound, on which the link goes to another cell: the words
/// come back in another order.
fn relinked_idly(scene: &Scene) -> Option<Claim> {
    let at = (scene.length..scene.rows().checked_sub(4)?).find(|row| scene.depths[*row] == 3)?;
    let mut forger = scene.forger();
    forger.go_to(at);
    let first = forger.link;
    let second = forger.linked()?.link;
    for link in [second, first] {
        forger.idle();
        forger.link = link;
        forger.execute(Opcode::Halt, Fr::ZERO);
    }
    forger.idle();
    forger.link = forger.cells.keys().next().map(|key| Fr::from(*key))?;
    instead_from(forger, scene.rows())
}

/// Idle to the end.
fn instead_from(mut forger: Forger, rows: usize) -> Option<Claim> {
    while forger.row() < rows {
        forger.idle();
    }
    Some(forger.finish())
}

/// A word on the empty stack that is not there, for what takes two words; and gone again at the end.
fn phantom(scene: &Scene, rng: &mut ChaCha8Rng) -> Option<Claim> {
    let opcodes = writable(scene.set());
    let with = |effect: Effect, needs: usize| {
        let fits = |opcode: &&Opcode| opcode.effect() == effect && opcode.needs() == needs;
        opcodes
            .iter()
            .copied()
            .filter(|opcode| fits(&opcode))
            .collect::<Vec<_>>()
    };
    let grows = pick(rng, &with(Effect::Grow, 0))?;
    let shrinks = pick(rng, &with(Effect::Shrink, 2))?;
    let argument = word(rng);
    let nop = (Opcode::IDLE, Fr::ZERO);
    let program = vec![nop, (grows, argument), (shrinks, argument), nop];
    let mut forger = scene.forger_of(program);
    forger.go_to(1);
    forger.present[0] = Fr::ONE;
    forger.go_to(4);
    forger.present[0] = Fr::ZERO;
    Some(forger.finish())
}

/// A machine that comes to a row on which it looks an instruction up.
fn looking<'a>(
    scene: &Scene<'a>,
    rng: &mut ChaCha8Rng,
    holds: impl Fn(usize) -> bool,
) -> Option<(Forger<'a>, usize)> {
    scene.honest.columns.fetch.as_ref()?;
    let at = row(scene, rng, holds)?;
    let mut forger = scene.forger();
    forger.go_to(at);
    Some((forger, at))
}

/// The run of another program that has control flow, whose own statement it is.
fn stating(scene: &Scene, program: Vec<Step>) -> Option<Claim> {
    scene.honest.columns.fetch.as_ref()?;
    if program.len() > scene.machine.program_rows {
        return None;
    }
    Some(scene.forger_of(program).finish())
}

/// An instruction of the set with this target.
fn with_target(scene: &Scene, rng: &mut ChaCha8Rng, target: Target) -> Option<Opcode> {
    let mut opcodes = writable(scene.set());
    opcodes.retain(|opcode| opcode.target() == target);
    pick(rng, &opcodes)
}

/// A word that is no address of a program of so many instructions.
fn no_address(scene: &Scene, rng: &mut ChaCha8Rng, length: usize) -> Fr {
    // Its end has an address too, wherever the machine has it.
    let listed = scene.machine.listed(&vec![[Fr::ZERO; 2]; length + 1]);
    let far = listed.len() + below(rng, 2 * scene.rows());
    [Fr::from(far as u64), -Fr::ONE, Fr::random(&mut *rng)][below(rng, 3)]
}

/// Another statement of the public tape.
fn other_tape(scene: &Scene, change: impl FnOnce(&mut Vec<Fr>) -> Option<()>) -> Option<Claim> {
    if !scene.set().has_tape() {
        return None;
    }
    let mut claim = scene.honest.clone();
    change(&mut claim.tape)?;
    (claim.tape != scene.honest.tape).then_some(claim)
}

/// The run of a program on a tape that stands in the cells, for the tape that is stated.
fn on_other_tape(scene: &Scene, program: Vec<Step>, tape: Vec<Fr>) -> Option<Claim> {
    scene.machine.tape?;
    if program.len() > scene.machine.program_rows || tape.len() > scene.rows() + 1 {
        return None;
    }
    let mut forger = scene.forger_of(program);
    forger.tape = tape.clone();
    let mut claim = forger.finish();
    claim.tape = scene.honest.tape.clone();
    claim.taped = Some(tape);
    Some(claim)
}

/// What reads a word of the public tape.
fn reading(scene: &Scene) -> Option<Opcode> {
    let reads = |own: &Opcode| own.uses_tape() && own.takes_word();
    writable(scene.set()).into_iter().find(reads)
}

/// A false tape, and a second phase that hides it.
fn tape_slipped(scene: &Scene, rng: &mut ChaCha8Rng, slip: Slip) -> Option<Claim> {
    let at = below(rng, scene.honest.tape.len());
    let other = nonzero(rng);
    let mut claim = other_tape(scene, |tape| {
        tape[at] += other;
        Some(())
    })?;
    claim.slip = Some(slip);
    Some(claim)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "wrong top",
        rejected_by: &[TOP],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), nonzero(rng));
            after(scene, row, |forger| forger.words[0] += other)
        },
    },
    Kind {
        name: "wrong word under the top",
        rejected_by: &[SECOND, THIRD, FOURTH, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), nonzero(rng));
            let place = 1 + below(rng, scene.set().window() - 1);
            after(scene, row, |forger| forger.words[place] += other)
        },
    },
    Kind {
        name: "wrong link",
        rejected_by: &[LINK, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), nonzero(rng));
            after(scene, row, |forger| forger.link += other)
        },
    },
    Kind {
        name: "wrong presence flag",
        rejected_by: &[NONEMPTY, HAS, NEEDS, SUM_END],
        forge: |scene, rng| {
            let row = any_row(scene, rng);
            let count = below(rng, scene.set().presence());
            after(scene, row, |forger| {
                forger.present[count] = Fr::ONE - forger.present[count]
            })
        },
    },
    Kind {
        name: "a word that comes back changed",
        rejected_by: &[SUM_END],
        forge: lost_word,
    },
    Kind {
        name: "the state of another row",
        rejected_by: &[TOP, SECOND, THIRD, FOURTH, LINK, NONEMPTY, HAS, SUM_END],
        forge: |scene, rng| {
            let (row, other) = (any_row(scene, rng), any_row(scene, rng));
            let mut source = scene.forger();
            source.go_to(other);
            after(scene, row, |forger| {
                forger.words = source.words;
                forger.present = source.present;
                forger.link = source.link;
            })
        },
    },
    Kind {
        name: "a word on the stack from the start",
        rejected_by: &[START],
        forge: |scene, rng| {
            let word = nonzero(rng);
            Some(scene.tampered(0, |forger| forger.words[0] = word))
        },
    },
    Kind {
        name: "another word from the start",
        rejected_by: &[START],
        forge: |scene, rng| {
            let word = nonzero(rng);
            let place = 1 + below(rng, scene.set().window() - 1);
            Some(scene.tampered(0, |forger| forger.words[place] = word))
        },
    },
    Kind {
        name: "words present from the start",
        rejected_by: &[START, SUM_END],
        forge: |scene, rng| {
            let count = below(rng, scene.set().presence());
            Some(scene.tampered(0, |forger| forger.present[count] = Fr::ONE))
        },
    },
    Kind {
        name: "a link from the start",
        rejected_by: &[START_LINK],
        forge: |scene, rng| {
            let link = Fr::from(1 + below(rng, scene.rows()) as u64);
            Some(scene.tampered(0, |forger| forger.link = link))
        },
    },
    Kind {
        name: "a word borrowed from the future",
        rejected_by: &[START_LINK],
        forge: |scene, rng| {
            // The first step takes the cell that the second one makes.
            let opcodes = writable(scene.set());
            let with = |effect: Effect, needs: usize| {
                let fits = |opcode: &&Opcode| opcode.effect() == effect && opcode.needs() == needs;
                opcodes.iter().find(fits).copied()
            };
            let steps = [
                (with(Effect::Shrink, 1)?, Fr::ZERO),
                (with(Effect::Grow, 0)?, word(rng)),
            ];
            let mut forger = scene.forger_of(steps.to_vec());
            forger.link = Fr::from(2);
            Some(forger.finish())
        },
    },
    Kind {
        name: "swapped operands",
        rejected_by: &[TOP, SECOND, THIRD, FOURTH, SUM_END],
        forge: |scene, rng| {
            let row = row(scene, rng, |row| scene.depths[row + 1] >= 2)?;
            after(scene, row, |forger| forger.words.swap(0, 1))
        },
    },
    Kind {
        name: "another opcode executed than given",
        rejected_by: &[FLAG],
        forge: |scene, rng| {
            let (at, opcode) = (any_row(scene, rng), flagged(scene, rng));
            if opcode == given(scene, at) {
                return None;
            }
            let argument = given_argument(scene, at);
            Some(scene.tampered(at, |forger| forger.execute(opcode, argument)))
        },
    },
    Kind {
        name: "another opcode that has the same needs",
        rejected_by: &[DECODE, FLAG],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| row < scene.length)?;
            let own = scene.executed[at];
            let others: Vec<_> = scene
                .set()
                .opcodes()
                .filter(|o| *o != own && (o.effect(), o.needs()) == (own.effect(), own.needs()))
                .collect();
            let opcode = pick(rng, &others)?;
            let argument = word(rng);
            Some(scene.tampered(at, |forger| forger.execute(opcode, argument)))
        },
    },
    Kind {
        name: "idle instead of an instruction",
        rejected_by: &[DECODE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row < scene.length && scene.executed[row] != Opcode::IDLE
            })?;
            Some(scene.tampered(at, Forger::idle))
        },
    },
    Kind {
        name: "idle from a row on",
        rejected_by: &[DECODE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row < scene.length && scene.executed[row] != Opcode::IDLE
            })?;
            instead(scene, at, Forger::idle)
        },
    },
    Kind {
        name: "early halt",
        rejected_by: &[DECODE],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row < scene.length && scene.depths[row] >= 2
            })?;
            instead(scene, at, |forger| match forger.depth >= 2 {
                true => forger.execute(Opcode::Halt, Fr::ZERO),
                false => forger.idle(),
            })
        },
    },
    Kind {
        name: "late halt",
        rejected_by: &[FLAG],
        forge: |scene, rng| {
            let mut fitting = vec![];
            for at in scene.length..scene.rows() {
                let opcodes = runnable(scene, scene.depths[at]);
                fitting.extend(opcodes.into_iter().map(|opcode| (at, opcode)));
            }
            let (at, opcode) = pick(rng, &fitting)?;
            let argument = word(rng);
            if opcode == Opcode::IDLE {
                return None;
            }
            Some(scene.tampered(at, |forger| forger.execute(opcode, argument)))
        },
    },
    Kind {
        name: "no unwinding",
        rejected_by: &[SUM_END],
        forge: |scene, _| {
            let at = scene.executed.iter().position(|own| *own == Opcode::Halt)?;
            instead(scene, at, Forger::idle)
        },
    },
    Kind {
        name: "unwinding one word less",
        rejected_by: &[SUM_END],
        forge: |scene, _| {
            let at = scene
                .executed
                .iter()
                .rposition(|own| *own == Opcode::Halt)?;
            instead(scene, at, Forger::idle)
        },
    },
    Kind {
        name: "unwinding one word more",
        rejected_by: &[NEEDS],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row >= scene.length && scene.depths[row] < 2
            })?;
            Some(scene.tampered(at, |forger| forger.execute(Opcode::Halt, Fr::ZERO)))
        },
    },
    Kind {
        name: "unwinding one word more, as if there were another",
        rejected_by: &[NONEMPTY, SUM_END],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| {
                row >= scene.length && scene.depths[row] < 2
            })?;
            Some(scene.tampered(at, |forger| {
                forger.execute(Opcode::Halt, Fr::ZERO);
                forger.present[0] = Fr::ONE;
            }))
        },
    },
    Kind {
        name: "link to another live cell",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |forger, rng| {
                let keys: Vec<_> = forger.cells.keys().copied().collect();
                let key = Fr::from(pick(rng, &keys)?);
                (key != forger.link).then_some(key)
            })
        },
    },
    Kind {
        name: "link to a row of the future",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |forger, rng| {
                let room = scene.rows() - forger.row() + 1;
                Some(Fr::from((forger.row() + 1 + below(rng, room)) as u64))
            })
        },
    },
    Kind {
        name: "link to 0",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |forger, _| {
                (forger.link != Fr::ZERO).then_some(Fr::ZERO)
            })
        },
    },
    Kind {
        name: "link to a row outside the machine",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            relinked(scene, rng, |_, rng| {
                let beyond = scene.rows() + 1 + below(rng, 1 << scene.machine.k);
                Some([Fr::from(beyond as u64), -Fr::ONE][below(rng, 2)])
            })
        },
    },
    Kind {
        name: "what another cell holds",
        rejected_by: &[SUM_END, NEEDS],
        forge: |scene, rng| {
            let at = shrinking(scene, rng)?;
            let mut forger = scene.forger();
            forger.go_to(at);
            let others: Vec<_> = forger.cells.values().copied().collect();
            let other = pick(rng, &others)?;
            forger.forced.push_back(other);
            Some(forger.finish())
        },
    },
    Kind {
        name: "the same cell taken twice",
        rejected_by: &[SUM_END, NEEDS],
        forge: |scene, rng| {
            let at = shrinking(scene, rng)?;
            let mut forger = scene.forger();
            forger.go_to(at);
            let link = forger.link;
            forger.step();
            forger.link = link;
            Some(forger.finish())
        },
    },
    Kind {
        name: "cells linked in another order",
        rejected_by: &[SUM_END],
        forge: |scene, rng| reordered(scene, rng, exchange_links),
    },
    Kind {
        name: "cells whose contents are exchanged",
        rejected_by: &[SUM_END],
        forge: |scene, rng| reordered(scene, rng, exchange_contents),
    },
    Kind {
        name: "an instruction that needs more words than there are",
        rejected_by: &[],
        forge: |scene, rng| {
            let depth = below(rng, scene.set().window().max(scene.set().presence()));
            let needs_more = |opcode: Opcode| opcode.needs() > depth;
            Some(put_in(scene, rng, depth, needs_more)?.finish())
        },
    },
    Kind {
        name: "a word taken from the empty stack",
        rejected_by: &[SUM_END],
        forge: |scene, rng| Some(put_in(scene, rng, 0, takes(1))?.finish()),
    },
    Kind {
        name: "two words taken of one",
        rejected_by: &[NEEDS],
        forge: |scene, rng| Some(put_in(scene, rng, 1, takes(2))?.finish()),
    },
    Kind {
        name: "two words taken of none",
        rejected_by: &[NEEDS],
        forge: |scene, rng| Some(put_in(scene, rng, 0, takes(2))?.finish()),
    },
    Kind {
        name: "two words taken of one, as if there were another",
        rejected_by: &[NONEMPTY, SUM_END],
        forge: |scene, rng| {
            let mut forger = put_in(scene, rng, 1, takes(2))?;
            forger.step();
            forger.present[0] = Fr::ONE;
            Some(forger.finish())
        },
    },
    Kind {
        name: "the last word hidden",
        rejected_by: &[NONEMPTY, HAS, SUM_END],
        forge: |scene, _| {
            let from = (scene.length..scene.rows()).find(|row| scene.depths[*row] == 1)?;
            Some(scene.tampered(from, |forger| forger.present[0] = Fr::ZERO))
        },
    },
    Kind {
        name: "links changed on idle rows",
        rejected_by: &[LINK],
        forge: |scene, _| relinked_idly(scene),
    },
    Kind {
        name: "a word that comes out of nothing and vanishes again",
        rejected_by: &[NONEMPTY, HAS],
        forge: phantom,
    },
    Kind {
        name: "flags that cancel",
        rejected_by: &[FLAG],
        forge: cancelling,
    },
    Kind {
        name: "a fraction of a flag",
        rejected_by: &[FLAG],
        forge: fraction,
    },
    Kind {
        name: "a flag that is -1",
        rejected_by: &[FLAG],
        forge: minus,
    },
    Kind {
        name: "two flags at once",
        rejected_by: &[FLAG],
        forge: two_flags,
    },
    Kind {
        name: "an instruction where one that changes nothing is given",
        rejected_by: &[FLAG],
        forge: instead_of_nothing,
    },
    Kind {
        name: "flags that together do nothing",
        rejected_by: &[FLAG],
        forge: nothing_done,
    },
    Kind {
        name: "an unwinding of a word that never was, taken back",
        rejected_by: &[UNWINDS],
        forge: taken_back,
    },
    Kind {
        name: "wrong factor",
        rejected_by: &[FACTOR],
        forge: |scene, rng| {
            let (at, factor) = (any_row(scene, rng), word(rng));
            Some(scene.tampered(at, |forger| {
                let (_, argument) = forger.instruction();
                let opcode = scene.executed[at];
                let flags = [(opcode, Fr::ONE)];
                let flags = if opcode == Opcode::IDLE {
                    &[][..]
                } else {
                    &flags
                };
                let factor = Some(factor);
                let product = Product {
                    factor,
                    ..Product::default()
                };
                forger.combine(flags, argument, product);
            }))
        },
    },
    Kind {
        name: "wrong cofactor",
        rejected_by: &[COFACTOR, TESTED, ZERO],
        forge: |scene, rng| {
            let cofactor = Some(word(rng));
            with_product(
                scene,
                rng,
                |_| true,
                Product {
                    cofactor,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "wrong test of the factor",
        rejected_by: &[FACTOR_TEST],
        forge: |scene, rng| {
            let factor_test = Some(word(rng));
            with_product(
                scene,
                rng,
                |_| true,
                Product {
                    factor_test,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "wrong test of the cofactor",
        rejected_by: &[COFACTOR_TEST],
        forge: |scene, rng| {
            let cofactor_test = Some(word(rng));
            with_product(
                scene,
                rng,
                |_| true,
                Product {
                    cofactor_test,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "a wrong hint, untested",
        rejected_by: &[FACTOR_TEST, COFACTOR_TEST, ZERO],
        forge: |scene, rng| {
            let product = Product {
                cofactor: Some([Fr::ZERO, word(rng)][below(rng, 2)]),
                factor_test: Some(Fr::ZERO),
                cofactor_test: Some(Fr::ZERO),
                ..Product::default()
            };
            with_product(scene, rng, programs::is_hinted, product)
        },
    },
    Kind {
        name: "an instruction whose operands it refuses",
        rejected_by: &[TESTED, ZERO],
        forge: |scene, rng| Some(refused(scene, rng)?.finish()),
    },
    Kind {
        name: "an instruction whose operands it refuses, untested",
        rejected_by: &[FACTOR_TEST, COFACTOR_TEST, ZERO],
        forge: |scene, rng| {
            let mut forger = refused(scene, rng)?;
            let (opcode, argument) = forger.instruction();
            let product = Product {
                factor_test: Some(Fr::ZERO),
                cofactor_test: Some(Fr::ZERO),
                ..Product::default()
            };
            forger.combine(&[(opcode, Fr::ONE)], argument, product);
            Some(forger.finish())
        },
    },
    Kind {
        name: "garbage in an idle row",
        rejected_by: &[TOP, SECOND, THIRD, FOURTH, LINK, NONEMPTY, HAS],
        forge: |scene, rng| {
            let first = scene.steps;
            let row = row(scene, rng, |row| row >= first)?;
            let mut garbage = || word(rng);
            after(scene, row, |forger| {
                forger.words.fill_with(&mut garbage);
                forger.present.fill_with(&mut garbage);
                forger.link = garbage();
            })
        },
    },
    Kind {
        name: "the argument of another instruction",
        rejected_by: &[TOP, COFACTOR, ZERO],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| scene.executed[row].takes_argument())?;
            let other = pick(rng, &scene.program)?.1;
            Some(scene.tampered(at, |forger| forger.execute(scene.executed[at], other)))
        },
    },
    Kind {
        name: "false output",
        rejected_by: &[SUM_START, OUTPUT_COPY],
        forge: |scene, rng| Some(false_output(scene, rng)),
    },
    Kind {
        name: "the output of another row",
        rejected_by: &[SUM_START, OUTPUT_COPY],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            claim.output = claim.columns.top()[any_row(scene, rng)];
            Some(claim)
        },
    },
    Kind {
        name: "false output that the sum starts from",
        rejected_by: &[SUM_END, OUTPUT_COPY],
        forge: |scene, rng| {
            let mut claim = false_output(scene, rng);
            claim.start = claim.output;
            Some(claim)
        },
    },
    Kind {
        name: "the output of another row that the sum starts from",
        rejected_by: &[SUM_END, OUTPUT_COPY],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            claim.output = claim.columns.top()[any_row(scene, rng)];
            claim.start = claim.output;
            Some(claim)
        },
    },
    Kind {
        name: "a sum that starts where it has to in order to end as it must",
        rejected_by: &[SUM_START],
        forge: |scene, rng| slipped(scene, rng, |_| Slip::Start),
    },
    Kind {
        name: "a sum that jumps to where it must end",
        rejected_by: &[TAKEN],
        forge: |scene, rng| slipped(scene, rng, Slip::Sum),
    },
    Kind {
        name: "a cell's fraction that makes the sum end as it must",
        rejected_by: &[MADE],
        forge: |scene, rng| {
            scene.honest.columns.made.as_ref()?;
            slipped(scene, rng, Slip::Made)
        },
    },
    Kind {
        name: "the run of another program",
        rejected_by: &[DECODE, FLAG, TOP, COFACTOR, ZERO, SUM_END, USED],
        forge: |scene, rng| run_of(scene, random(scene.machine, rng)),
    },
    Kind {
        name: "the run of the program without its last instruction",
        rejected_by: &[DECODE, SUM_END, USED],
        forge: |scene, _| {
            let (_, shorter) = scene.program.split_last()?;
            run_of(scene, shorter.to_vec())
        },
    },
    Kind {
        name: "the run of no program at all",
        rejected_by: &[DECODE, SUM_END, USED],
        forge: |scene, _| run_of(scene, vec![]),
    },
    Kind {
        name: "an opcode that the set lacks",
        rejected_by: &[DECODE, SUM_END],
        forge: |scene, rng| {
            let at = row(scene, rng, |row| row < scene.length)?;
            let mut forger = scene.forger();
            forger.go_to(at);
            let at = address(scene, &forger)?;
            let mut claim = scene.honest.clone();
            let encoded = Opcode::ALL.iter().map(|opcode| opcode.encoded());
            let lacking: Vec<_> = encoded
                .chain([1 + Opcode::ALL.len() as u64, u64::MAX])
                .filter(|own| !scene.set().opcodes().any(|opcode| opcode.encoded() == *own))
                .collect();
            let stated = scene.set().stated(Opcode::Halt);
            let opcode = Fr::from(pick(rng, &lacking)?) + Fr::from(stated);
            claim.given[at][0] = opcode;
            claim.cells[at][0] = opcode;
            Some(claim)
        },
    },
    Kind {
        name: "cells that say another instruction",
        rejected_by: &[OPCODE_COPY, ARGUMENT_COPY],
        forge: |scene, rng| other_cell(scene, rng, |row| row < scene.length),
    },
    Kind {
        name: "cells that say another argument",
        rejected_by: &[ARGUMENT_COPY],
        forge: |scene, rng| {
            scene.machine.program?;
            let at = row(scene, rng, |row| scene.executed[row].takes_argument())?;
            let argument = word(rng);
            let mut forger = scene.forger();
            forger.go_to(at);
            let address = address(scene, &forger)?;
            let opcode = scene.executed[at];
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            let mut claim = forger.finish();
            claim.cells[address][1] = argument;
            Some(claim)
        },
    },
    Kind {
        name: "cells after the program that say an instruction",
        rejected_by: &[OPCODE_COPY, PADDING_COPY, AFTER_HALT],
        forge: |scene, rng| other_cell(scene, rng, |row| row >= scene.length),
    },
    Kind {
        name: "cells that go on after the program's to the final row",
        rejected_by: &[LAST_HALT],
        forge: padded,
    },
    Kind {
        name: "an instruction on the row after the program's cells",
        rejected_by: &[PADDING_COPY],
        forge: |scene, rng| {
            let program_rows = scene.machine.program_rows;
            if scene.program.len() < program_rows || scene.machine.shape().fetches() {
                return None;
            }
            other_cell(scene, rng, |row| row == program_rows)
        },
    },
    Kind {
        name: "a program that goes on after halt",
        rejected_by: &[AFTER_HALT],
        forge: |scene, rng| {
            scene.machine.program.filter(|_| scene.is_straight())?;
            if scene.set().has_control() {
                return None;
            }
            let at = row(scene, rng, |row| row + 1 < scene.length)?;
            let mut program = scene.program.clone();
            program[at] = (Opcode::Halt, Fr::ZERO);
            Some(scene.forger_of(program).finish())
        },
    },
    Kind {
        name: "an instruction on the final row",
        rejected_by: &[LAST_HALT],
        forge: |scene, rng| {
            scene.machine.program?;
            if scene.machine.shape().fetches() {
                return None;
            }
            let mut claim = scene.honest.clone();
            claim.cells[scene.rows()][0] = Fr::from(1 + below(rng, 9) as u64);
            Some(claim)
        },
    },
    Kind {
        name: "another pc after a step",
        rejected_by: &[FLOW],
        forge: |scene, rng| {
            let (mut forger, _) = looking(scene, rng, |_| true)?;
            forger.step();
            forger.pc = match below(rng, 2) {
                0 => forger.pc + nonzero(rng),
                _ => Fr::from(below(rng, scene.program.len() + 1) as u64),
            };
            Some(forger.finish())
        },
    },
    Kind {
        name: "another pc from the start",
        rejected_by: &[START_PC],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            let pc = Fr::from(1 + below(rng, scene.program.len() + 1) as u64);
            Some(scene.tampered(0, |forger| forger.pc = pc))
        },
    },
    Kind {
        name: "a pc that moves where the run is over",
        rejected_by: &[FLOW],
        forge: |scene, rng| {
            let (mut forger, _) = looking(scene, rng, |row| row >= scene.length)?;
            forger.step();
            forger.pc = Fr::from(below(rng, scene.program.len() + 1) as u64);
            Some(forger.finish())
        },
    },
    Kind {
        name: "a jump the other way",
        rejected_by: &[TESTED, TOP, ZERO],
        forge: |scene, rng| {
            let (branch, other) = (|own| own == Target::Branch, |_: &mut _, own| Fr::ONE - own);
            with_jump(scene, rng, branch, other, Product::default())
        },
    },
    Kind {
        name: "half a jump",
        rejected_by: &[TESTED, TOP, ZERO],
        forge: |scene, rng| {
            let branch = |own| own == Target::Branch;
            with_jump(scene, rng, branch, |rng, _| word(rng), Product::default())
        },
    },
    Kind {
        name: "a jump the other way, untested, that drops another word",
        rejected_by: &[FACTOR_TEST, COFACTOR_TEST, ZERO],
        forge: |scene, rng| {
            let (branch, other) = (|own| own == Target::Branch, |_: &mut _, own| Fr::ONE - own);
            let untested = Product {
                factor_test: Some(Fr::ZERO),
                cofactor_test: Some(Fr::ZERO),
                ..Product::default()
            };
            with_jump(scene, rng, branch, other, untested)
        },
    },
    Kind {
        name: "a jump by what does not jump, or none by what does",
        rejected_by: &[JUMPS],
        forge: |scene, rng| {
            let fixed = |own| own != Target::Branch;
            let jumps = |rng: &mut _, own| [Fr::ONE - own, word(rng)][below(rng, 2)];
            with_jump(scene, rng, fixed, jumps, Product::default())
        },
    },
    Kind {
        name: "an instruction that is not listed",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |_| true)?;
            let opcode = pick(rng, &runnable(scene, scene.depths[at]))?;
            let argument = [given_argument(scene, at), word(rng)][below(rng, 2)];
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            Some(forger.finish())
        },
    },
    Kind {
        name: "an argument that is not listed",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |row| row < scene.length)?;
            let argument = given_argument(scene, at) + nonzero(rng);
            let opcode = scene.executed[at];
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            Some(forger.finish())
        },
    },
    Kind {
        name: "the instruction of another address",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |_| true)?;
            let (opcode, argument) = pick(rng, &scene.program)?;
            if opcode.needs() > scene.depths[at] || opcode == Opcode::Halt {
                return None;
            }
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            Some(forger.finish())
        },
    },
    Kind {
        name: "the instruction of another address, counted there",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, at) = looking(scene, rng, |row| row < scene.length)?;
            let address = below(rng, scene.program.len());
            let (opcode, argument) = scene.program[address];
            if opcode.needs() > scene.depths[at] || opcode == Opcode::Halt {
                return None;
            }
            let pc = usize::try_from(forger.pc.to_u64()?).ok()?;
            forger.claimed = Some([Fr::from(opcode.encoded()), argument]);
            forger.execute(opcode, argument);
            let mut claim = forger.finish();
            let uses = &mut claim.columns.fetch.as_mut()?.uses;
            uses[pc] -= Fr::ONE;
            uses[address] += Fr::ONE;
            Some(claim)
        },
    },
    Kind {
        name: "a halt that is not listed",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let (mut forger, _) = looking(scene, rng, |row| row < scene.length)?;
            while forger.row() < scene.rows() {
                let (_, argument) = forger.instruction();
                forger.claimed = Some([Fr::ZERO, argument]);
                match forger.depth >= 2 {
                    true => forger.execute(Opcode::Halt, argument),
                    false => forger.idle(),
                }
            }
            let (_, argument) = forger.instruction();
            forger.claimed = Some([Fr::ZERO, argument]);
            Some(forger.finish())
        },
    },
    Kind {
        name: "an instruction that is used more often, or less, than it says",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            let (at, other) = (any_row(scene, rng), nonzero(rng));
            let mut claim = scene.honest.clone();
            claim.columns.fetch.as_mut()?.uses[at] += other;
            Some(claim)
        },
    },
    Kind {
        name: "an instruction that looks up nothing",
        rejected_by: &[FETCHED, LAST_FETCHED],
        forge: |scene, rng| {
            let mut claim = scene.honest.clone();
            let at = below(rng, scene.rows() + 1);
            let (mut forger, _) = looking(scene, rng, |row| row == at.min(scene.rows() - 1))?;
            if at < scene.rows() {
                let opcode = pick(rng, &runnable(scene, scene.depths[at]))?;
                if scene.given[at] == (opcode, Fr::ZERO) {
                    return None;
                }
                forger.claimed = Some([Fr::from(opcode.encoded()), Fr::ZERO]);
                forger.execute(opcode, Fr::ZERO);
                claim = forger.finish();
            } else {
                let fetch = claim.columns.fetch.as_mut()?;
                fetch.argument[at] += nonzero(rng);
            }
            claim.slip = Some(Slip::Fetched(at));
            Some(claim)
        },
    },
    Kind {
        name: "fractions of an instruction that make the sum end as it must",
        rejected_by: &[PROVIDED],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            slipped(scene, rng, Slip::Provided)
        },
    },
    Kind {
        name: "the fraction of an instruction that makes the sum end as it must",
        rejected_by: &[FETCHED],
        forge: |scene, rng| {
            scene.honest.columns.fetch.as_ref()?;
            slipped(scene, rng, Slip::Fetched)
        },
    },
    Kind {
        name: "a run that does not come to its end",
        rejected_by: &[LAST_HALT],
        forge: |scene, rng| {
            let jump = with_target(scene, rng, Target::Argument)?;
            // A call in a circle fills the stack; a jump does not.
            let jump = match jump.effect() {
                Effect::Keep => jump,
                Effect::Grow | Effect::Shrink => Opcode::Jump,
            };
            stating(scene, vec![(push(), word(rng)), (jump, Fr::ONE)])
        },
    },
    Kind {
        name: "an instruction on the last row that it should end at",
        rejected_by: &[LAST_HALT],
        forge: |scene, _| {
            let rows = scene.rows();
            let fetch = scene.honest.columns.fetch.as_ref()?;
            let own = (0..rows).find(|row| fetch.opcode[*row] != Fr::ZERO)?;
            let mut claim = scene.honest.clone();
            let tuple = [fetch.pc[own], fetch.opcode[own], fetch.argument[own]];
            // One that is listed, so that the sum does not mind: only what was looked up there is not any more.
            let fetch = claim.columns.fetch.as_mut()?;
            let before = usize::try_from(fetch.pc[rows].to_u64()?).ok()?;
            let now = usize::try_from(tuple[0].to_u64()?).ok()?;
            fetch.uses[before] -= Fr::ONE;
            fetch.uses[now] += Fr::ONE;
            [fetch.pc[rows], fetch.opcode[rows], fetch.argument[rows]] = tuple;
            Some(claim)
        },
    },
    Kind {
        name: "a jump out of the program",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let jump = with_target(scene, rng, Target::Argument)?;
            let to = no_address(scene, rng, 2);
            stating(scene, vec![(push(), word(rng)), (jump, to)])
        },
    },
    Kind {
        name: "a return to what is no address",
        rejected_by: &[SUM_END],
        forge: |scene, rng| {
            let ret = with_target(scene, rng, Target::Top)?;
            let to = no_address(scene, rng, 2);
            stating(scene, vec![(push(), to), (ret, Fr::ZERO)])
        },
    },
    Kind {
        name: "cells that list an instruction after the program's",
        rejected_by: &[OPCODE_COPY, PADDING_COPY, ARGUMENT_COPY, PADDING_ARGUMENT],
        forge: |scene, rng| {
            scene.machine.program?;
            scene.honest.columns.fetch.as_ref()?;
            let at = row(scene, rng, |row| row > scene.program.len())?;
            let mut claim = scene.honest.clone();
            match below(rng, 2) {
                0 => claim.cells[at][0] += Fr::from(1 + below(rng, 3) as u64),
                _ => claim.cells[at][1] += nonzero(rng),
            }
            Some(claim)
        },
    },
    Kind {
        name: "another word on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let (at, other) = (below(rng, scene.honest.tape.len()), nonzero(rng));
            other_tape(scene, |tape| {
                tape[at] += other;
                Some(())
            })
        },
    },
    Kind {
        name: "a word more on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let at = below(rng, scene.honest.tape.len());
            let word = [Fr::ZERO, word(rng)][below(rng, 2)];
            if scene.honest.tape.len() > scene.rows() {
                return None;
            }
            other_tape(scene, |tape| {
                tape.insert(at, word);
                Some(())
            })
        },
    },
    Kind {
        name: "a word less on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let words = scene.honest.tape.len() - 1;
            if words == 0 {
                return None;
            }
            let at = below(rng, words);
            other_tape(scene, |tape| {
                tape.remove(at);
                Some(())
            })
        },
    },
    Kind {
        name: "a tape without an end",
        rejected_by: &[USED],
        forge: |scene, _| other_tape(scene, |tape| tape.pop().map(|_| ())),
    },
    Kind {
        name: "words of the tape in another order",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let read = reading(scene)?;
            let mut forger = scene.forger_of(vec![(read, Fr::ZERO); 2]);
            let first = word(rng);
            forger.tape = vec![first, first + nonzero(rng), Fr::ONE];
            let mut claim = forger.finish();
            claim.tape.swap(0, 1);
            Some(claim)
        },
    },
    Kind {
        name: "another word read than stands on the tape",
        rejected_by: &[USED],
        forge: |scene, rng| {
            let reads = |own: Opcode| own.uses_tape() && own.takes_word();
            let at = row(scene, rng, |row| reads(scene.executed[row]))?;
            let other = nonzero(rng);
            after(scene, at, |forger| forger.words[0] += other)
        },
    },
    Kind {
        name: "a false tape, hidden where the words used are folded",
        rejected_by: &[TAPE],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::Tape),
    },
    Kind {
        name: "a false tape, hidden where the words stated are folded",
        rejected_by: &[STATED],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::Stated),
    },
    Kind {
        name: "a false tape, hidden where the words used end",
        rejected_by: &[TAPE_END],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::TapeEnd),
    },
    Kind {
        name: "a false tape, hidden where the words stated end",
        rejected_by: &[STATED_END],
        forge: |scene, rng| tape_slipped(scene, rng, Slip::StatedEnd),
    },
    Kind {
        name: "cells of the tape with another word than the outer circuit's",
        rejected_by: &[TAPE_COPY],
        forge: |scene, rng| {
            let words = scene.honest.tape.len() - 1;
            if words == 0 {
                return None;
            }
            let mut tape = scene.honest.tape.clone();
            tape[below(rng, words)] += nonzero(rng);
            on_other_tape(scene, scene.program.clone(), tape)
        },
    },
    Kind {
        name: "cells of the tape with more words than the outer circuit's",
        rejected_by: &[TAPE_END_COPY],
        forge: |scene, rng| {
            let read = reading(scene)?;
            if !scene.is_straight() {
                return None;
            }
            // The first of them may look like the end.
            let more = 1 + below(rng, 3);
            let mut words = vec![Fr::ONE; 1];
            words.resize_with(more, || [Fr::ZERO, word(rng)][below(rng, 2)]);
            let mut program = scene.program.clone();
            program.extend(vec![(read, Fr::ZERO); more]);
            let mut tape = scene.honest.tape.clone();
            let end = tape.len() - 1;
            tape.splice(end..end, words);
            on_other_tape(scene, program, tape)
        },
    },
    Kind {
        name: "cells of the tape with fewer words than the outer circuit's",
        rejected_by: &[TAPE_END_COPY],
        forge: |scene, rng| {
            let read = reading(scene)?;
            let words = scene.honest.tape.len() - 1;
            if words == 0 {
                return None;
            }
            let fewer = below(rng, words);
            let mut tape = scene.honest.tape[..fewer].to_vec();
            tape.push(Fr::ONE);
            on_other_tape(scene, vec![(read, Fr::ZERO); fewer], tape)
        },
    },
];
