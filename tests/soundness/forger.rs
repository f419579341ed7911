//! A machine that need not be honest: it makes the columns of a run step by step, and whoever drives
//! it may change its state, what it executes and what it takes back from below, between steps.

use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::ops::Range;

use ff::{Field, PrimeField};
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{
    Address, CELL_BYTES, Carry, Cofactor, Double, Effect, InstructionSet, Opcode, Operands, Piece,
    Power, Rest, Shape, Target, Width,
};
use halo2_stack_vm::machine::hash::{self, ASIDE, PermutationRow, Rules, SBOXES};
use halo2_stack_vm::machine::words::table_row;
use halo2_stack_vm::machine::{Column, Columns};
use halo2_stack_vm::machine::{Witness, tape_column};
use halo2_stack_vm::poseidon;
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;

use crate::claim::{self, Claim, secrets};
use crate::machine::Machine;
use crate::programs::{self, Step};

/// A machine, a program that runs in it, and the honest claim.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The program.
    pub program: Vec<Step>,
    /// What an honest prover claims.
    pub honest: Claim,
    /// The instruction that each step executes, `nop` where the machine is idle.
    pub executed: Vec<Opcode>,
    /// The instruction that each step is given, and its argument.
    pub given: Vec<Step>,
    /// The number of words on the stack before each step, and at the end.
    pub depths: Vec<usize>,
    /// The number of instructions that are executed before the machine unwinds.
    pub length: usize,
    /// The steps of the run, unwinding included.
    pub steps: usize,
    /// The instructions whose flags are set where they must not be.
    pub wrong_flags: Vec<Opcode>,
    secrets: Vec<Fr>,
}

/// The honest claim of a trace.
fn honest(machine: &Machine, given: Vec<[Fr; 2]>, trace: &Trace<Fr>) -> Option<Claim> {
    let witness = Witness::of_shape(trace, machine.rows, machine.shape()).ok()?;
    let tape = tape_column(&trace.outcome().tape);
    Some(claim(machine, given, tape, witness.columns().clone()))
}

/// The claim that these columns are of a run of what is given.
pub fn claim(
    machine: &Machine,
    given: Vec<[Fr; 2]>,
    tape: Vec<Fr>,
    columns: Columns<Vec<Fr>>,
) -> Claim {
    let output = columns.top()[machine.rows];
    let mut cells = machine.listed(&given);
    cells.resize(machine.rows + 1, [Fr::ZERO; 2]);
    Claim {
        given,
        output,
        tape,
        cells,
        taped: None,
        columns,
        start: output,
        slip: None,
    }
}

/// How a program is stated.
pub fn encode(program: &[Step], set: InstructionSet) -> Vec<[Fr; 2]> {
    if set.has_control() {
        let stated = programs::program(program).stated(set).into_iter();
        return stated
            .map(|(opcode, argument)| [opcode, argument])
            .collect();
    }
    // What follows a halt is stated too, where a circuit has to see to it that nothing does.
    let word = |(opcode, argument): &Step| [Fr::from(opcode.encoded()), *argument];
    program.iter().map(word).collect()
}

impl<'a> Scene<'a> {
    /// The scene of a program that runs in the machine.
    pub fn new(machine: &'a Machine, program: Vec<Step>) -> Self {
        let trace = programs::run(machine.set, &program).expect("a program that runs");
        let given = encode(&program, machine.set);
        let honest = honest(machine, given, &trace).expect("a program that fits");
        let rows = trace.rows();
        let at = |row: usize| &rows[row.min(rows.len() - 1)];
        Scene {
            executed: (0..machine.rows)
                .map(|row| match row < trace.steps() {
                    true => at(row).opcode,
                    false => Opcode::IDLE,
                })
                .collect(),
            given: (0..machine.rows)
                .map(|row| match row < trace.outcome().steps {
                    true => (at(row).opcode, at(row).argument),
                    false => (Opcode::Halt, at(row).argument),
                })
                .collect(),
            depths: (0..=machine.rows)
                .map(|row| at(row).depth as usize)
                .collect(),
            length: trace.outcome().steps,
            steps: trace.steps(),
            secrets: secrets(&honest.columns),
            wrong_flags: machine.shape().flagged().collect(),
            machine,
            program,
            honest,
        }
    }

    /// The number of steps.
    pub fn rows(&self) -> usize {
        self.machine.rows
    }

    /// The instruction set.
    pub fn set(&self) -> InstructionSet {
        self.machine.set
    }

    /// Whether the program has no control flow.
    pub fn is_straight(&self) -> bool {
        programs::is_straight(&self.program) && self.program.len() == self.length
    }

    /// A machine at its first row, given the scene's program and its tapes.
    pub fn forger(&self) -> Forger<'a> {
        let mut forger = self.forger_of(self.program.clone());
        forger.tape = self.honest.tape.clone();
        forger.secrets = self.secrets.clone();
        forger.states_its_tape = false;
        forger
    }

    /// A machine at its first row, given another program, which states the tape that it uses.
    pub fn forger_of(&self, program: Vec<Step>) -> Forger<'a> {
        Forger::new(self.machine, program)
    }

    /// The claim of a machine that is tampered with before step `row`, and otherwise honest.
    pub fn tampered(&self, row: usize, tamper: impl FnOnce(&mut Forger<'a>)) -> Claim {
        let mut forger = self.forger();
        forger.go_to(row);
        tamper(&mut forger);
        forger.finish()
    }

    /// Whether a claim is one that nobody should accept.
    pub fn is_forged(&self, claim: &Claim) -> bool {
        is_forged(self.machine, claim)
    }
}

/// Whether a claim is one that nobody should accept: its statement is false, or its witness is not the only one of its
/// statement and its secrets.
pub fn is_forged(machine: &Machine, claim: &Claim) -> bool {
    !is_true(machine, claim) || !is_the_witness(machine, claim)
}

/// Calls a function with the scene of a program, in a machine whose key is of it if the machine is one of those.
pub fn with_scene<T>(machine: &Machine, program: Vec<Step>, f: impl FnOnce(&Scene) -> T) -> T {
    if machine.is_of_program() {
        let trace = programs::run(machine.set, &program).expect("a program that runs");
        let own = machine.of(&programs::program(&program), trace.outcome().tape.len());
        f(&Scene::new(&own.expect("a program for a key"), program))
    } else {
        f(&Scene::new(machine, program))
    }
}

/// The run of what a claim states, on the secrets that it has.
fn run(machine: &Machine, claim: &Claim) -> Option<Trace<Fr>> {
    let listed = machine.listed(&claim.given);
    let tape = machine.stated_tape(claim);
    claim::run(&listed, machine.set, &tape, secrets(&claim.columns))
}

/// Whether what a claim states is so, with its secrets.
pub fn is_true(machine: &Machine, claim: &Claim) -> bool {
    run(machine, claim).is_some_and(|trace| trace.outcome().output == claim.output)
}

/// Whether a claim with a true statement has the witness that an honest prover would have.
fn is_the_witness(machine: &Machine, claim: &Claim) -> bool {
    let trace = run(machine, claim).expect("a true statement");
    let Some(own) = honest(machine, claim.given.clone(), &trace) else {
        return false;
    };
    // The second phase follows from what `start` and `slip` say.
    let mut columns = claim.columns.iter().zip(own.columns.iter());
    let same_columns =
        columns.all(|((cell, values), (_, own))| values == own || !machine.fills(cell));
    let same_cells = machine.program.is_none() || claim.cells == own.cells;
    let same_start = !machine.binds_output() || claim.start == own.start;
    // What no word is stated for is 0.
    let words = |tape: &[Fr]| -> Vec<Fr> {
        let stated = tape.iter().copied().chain(iter::repeat(Fr::ZERO));
        stated.take(machine.rows + 1).collect()
    };
    let same_tape = machine.tape.is_none() || words(machine.seen_tape(claim)) == words(&own.tape);
    same_columns && same_cells && same_tape && same_start && claim.slip.is_none()
}

/// What a cell holds: the lowest word of the window, the last presence flag, and the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Below {
    /// The word.
    pub lowest: Fr,
    /// The flag.
    pub present: Fr,
    /// The key of the cell with what stands under `lowest`.
    pub link: Fr,
}

/// The dishonest machine.
#[derive(Clone, Debug)]
pub struct Forger<'a> {
    machine: &'a Machine,
    /// What it is given to execute.
    pub given: Vec<Step>,
    /// What is stated on the public tape.
    pub tape: Vec<Fr>,
    /// Whether what is stated there is what is used: of a word that is read, the argument of what reads it.
    states_its_tape: bool,
    secrets: Vec<Fr>,
    /// How many words of each are used.
    used: [usize; 2],
    /// The address of the next instruction.
    pub pc: Fr,
    /// The instruction that the next row says that it looks up, where it is not the one at `pc`.
    pub claimed: Option<[Fr; 2]>,
    columns: Columns<Vec<Fr>>,
    /// The words of the window, from the top down.
    pub words: Vec<Fr>,
    /// The presence flags.
    pub present: Vec<Fr>,
    /// The key of the cell with what stands under the window.
    pub link: Fr,
    /// How many words it believes to hold: it unwinds while there are two.
    pub depth: usize,
    /// The cells made, by their keys.
    pub cells: BTreeMap<u64, Below>,
    /// What the next steps that shrink the stack take, whatever the link says.
    pub forced: VecDeque<Below>,
    /// The address of the frame's cell 0.
    pub frame: Fr,
    /// The two words of each hash that was made.
    pub hashes: Vec<[Fr; 2]>,
    /// What is in the cells of the memory that were accessed: the word, and the row of the access, counted from 1.
    pub memory: BTreeMap<Fr, [Fr; 2]>,
}

/// What the product of a step is made of, and what tests it, where it is not what the instruction says.
#[derive(Clone, Debug, Default)]
pub struct Product {
    /// [`Column::Factor`]
    pub factor: Option<Fr>,
    /// [`Column::Cofactor`]
    pub cofactor: Option<Fr>,
    /// [`Column::FactorTest`]
    pub factor_test: Option<Fr>,
    /// [`Column::CofactorTest`]
    pub cofactor_test: Option<Fr>,
    /// [`Column::Jumps`]
    pub jumps: Option<Fr>,
    /// The hash.
    pub digest: Option<Fr>,
    /// The limbs of both words.
    pub limbs: Option<Limbs>,
    /// The limbs of the third one, and what pairs of them have in common.
    pub rest: Option<[Vec<Fr>; 2]>,
    /// Whether the low word, the high one and the third one are values less the radix.
    pub carries: Option<[Fr; 3]>,
    /// The exponent, and the power of two.
    pub power: Option<[Fr; 2]>,
    /// What it finds in the cell that it accesses: the word, and the row of the access before, counted from 1.
    pub found: Option<[Fr; 2]>,
    /// The cell that it accesses.
    pub address: Option<Fr>,
    /// What it puts there.
    pub new: Option<Fr>,
    /// Which byte of the cell it accesses; the cell is then the one with which the address is that of the byte.
    pub at_byte: Option<[Fr; CELL_BYTES]>,
    /// The byte and the two bytes that it finds there.
    pub pieces: Option<[Fr; 2]>,
}

/// The limbs of a row: those of the low word, those of the high one, and what they have in common.
#[derive(Clone, Debug)]
pub struct Limbs(pub [Vec<Fr>; 3]);

impl Limbs {
    /// Those of two words.
    pub fn of(shape: Shape, [low, high]: [u64; 2]) -> Self {
        let limbs = |word: u64| {
            let places = (0..64).step_by(shape.limb_bits.max(1) as usize);
            let places = places.take(shape.limbs());
            let limb = |place| Fr::from((word >> place) & ((1u64 << shape.limb_bits) - 1));
            places.map(limb).collect()
        };
        Limbs([low, high, low & high].map(limbs))
    }

    /// Those of a word, and how many bits of each are 1.
    fn counted(shape: Shape, word: u64) -> Self {
        let Limbs([low, ..]) = Limbs::of(shape, [word, 0]);
        let ones = |limb: &Fr| Fr::from(u64::from(limb.to_u64().expect("a limb").count_ones()));
        let high = low.iter().map(ones).collect();
        let both = vec![Fr::ZERO; low.len()];
        Limbs([low, high, both])
    }

    /// Puts a third word of 32 bits into the upper half of the low one; what is none is in the first limb there.
    pub fn put_third(&mut self, shape: Shape, third: Fr) {
        let half = shape.limbs_of(Width::W32);
        let own = as_word(Width::W32, third);
        let Limbs([limbs, ..]) = Limbs::of(shape, [own.unwrap_or(0), 0]);
        let [low, high, both] = &mut self.0;
        low[half..].clone_from_slice(&limbs[..half]);
        for ((both, low), high) in both.iter_mut().zip(&*low).zip(high).skip(half) {
            let common = low.to_u64().zip(high.to_u64()).map_or(0, |(a, b)| a & b);
            *both = Fr::from(common);
        }
        if own.is_none() {
            low[half] = third;
        }
    }

    /// The words of a size that they make.
    pub fn words(&self, shape: Shape, width: Width) -> [Fr; 3] {
        let own = |limbs: &Vec<Fr>| made(shape, &limbs[..shape.limbs_of(width).min(limbs.len())]);
        self.0.each_ref().map(own)
    }
}

/// The word that limbs make.
pub fn made(shape: Shape, limbs: &[Fr]) -> Fr {
    // Limbs are small and many are 0: this is faster than to multiply by what a limb counts.
    let shifted = |word: Fr| match word {
        Fr::ZERO => word,
        _ => (0..shape.limb_bits).fold(word, |own, _| own.double()),
    };
    let limbs = limbs.iter().rev();
    limbs.fold(Fr::ZERO, |word, limb| shifted(word) + limb)
}

/// The word of a size that a number is, if it is one.
pub fn as_word(width: Width, word: Fr) -> Option<u64> {
    word.to_u128().and_then(|own| width.word(own))
}

/// The limbs of a third word and what pairs of them have in common; of what is none, all in the first limb.
pub fn rest(shape: Shape, word: Fr) -> [Vec<Fr>; 2] {
    if shape.rest_limbs() == 0 {
        return [vec![], vec![]];
    }
    let own = as_word(shape.set.width(), word);
    let Limbs([mut limbs, ..]) = Limbs::of(shape, [own.unwrap_or(0), 0]);
    let small = |limb: &Fr| limb.to_u64().expect("a limb");
    let common = |pair: &[Fr]| Fr::from(small(&pair[0]) & small(&pair[1]));
    let joint = limbs.chunks_exact(2).map(common).collect();
    if own.is_none() {
        limbs[0] = word;
    }
    [limbs, joint]
}

/// The inverse of what is not 0: mostly of 1, for most steps are of whole instructions.
fn inverse(value: Fr) -> Option<Fr> {
    match value {
        Fr::ZERO => None,
        Fr::ONE => Some(value),
        _ => value.invert().into(),
    }
}

/// Whether a value is the radix or more, for the relation of a whole instruction.
fn carry(width: Width, value: Fr) -> Fr {
    let carries = value.to_u128().is_some_and(|own| own >= width.radix());
    Fr::from(u64::from(carries))
}

/// The one instruction of these flags, if there is one and its flag is 1.
fn whole(flags: &[(Opcode, Fr)]) -> Option<Opcode> {
    match flags {
        [(opcode, Fr::ONE)] => Some(*opcode),
        _ => None,
    }
}

/// The exponent with which what has these flags computes, and two to it.
fn power(flags: &[(Opcode, Fr)], values: &Values) -> [Fr; 2] {
    let said = flags
        .iter()
        .filter_map(|(opcode, flag)| match opcode.relation(values).power? {
            Power::Of(own) => Some(own * flag),
            Power::Floor(_) | Power::Divisor(_) => None,
        });
    let mut exponent: Fr = said.sum();
    let computed = whole(flags).and_then(|opcode| opcode.relation(values).power);
    let found = match computed {
        Some(Power::Floor(value)) => value.to_u128().and_then(u128::checked_ilog2),
        Some(Power::Divisor(value)) => value.to_u128().map(u128::trailing_zeros),
        Some(Power::Of(_)) | None => None,
    };
    if let Some(found) = found {
        exponent = Fr::from(u64::from(found));
    }
    let small = exponent.to_u64().filter(|own| *own <= 64);
    [exponent, Fr::from_u128(1 << small.unwrap_or(0))]
}

/// What has to be the third word of what has these flags, if its words have this size.
fn third(flags: &[(Opcode, Fr)], values: &Values, width: Width) -> Fr {
    let own = flags.iter().filter_map(|(opcode, flag)| {
        let relation = opcode.relation(values);
        let word = match relation.rest.filter(|_| relation.width == width)? {
            Rest::Said(word) => word,
            Rest::Reduced(value) => value - Fr::from_u128(width.radix()) * values.carries[2],
        };
        Some(word * flag)
    });
    own.sum()
}

/// The limbs with which what has these flags computes; those of zeros if there are no such words.
fn double(shape: Shape, flags: &[(Opcode, Fr)], values: &mut Values) -> Limbs {
    let none = || Limbs::of(shape, [0; 2]);
    let Some(opcode) = whole(flags) else {
        return parts(shape, flags, values).unwrap_or_else(none);
    };
    let relation = opcode.relation(values);
    let width = relation.width;
    let cofactor = match relation.cofactor {
        Cofactor::Second => values.word(1),
        Cofactor::Argument => values.argument,
        Cofactor::Power => values.power[1],
        Cofactor::Uncarried => Fr::ONE - values.carries[2],
        Cofactor::Low | Cofactor::Scale | Cofactor::Hint | Cofactor::Zero => Fr::ZERO,
    };
    let word = |own: Fr| as_word(width, own);
    let words = match relation.double {
        Some(Double::Split(value)) => {
            let value = (value + relation.factor * cofactor).to_u128();
            value.and_then(|own| {
                let [low, high] = [own % width.radix(), own / width.radix()];
                width.word(low).zip(width.word(high))
            })
        }
        Some(Double::Quotient(dividend, divisor)) => {
            let operands = dividend.to_u128().zip(divisor.to_u128());
            let quotient = operands.and_then(|(a, b)| Some((a.checked_div(b)?, a % b)));
            quotient.and_then(|(low, high)| width.word(low).zip(width.word(high)))
        }
        Some(Double::Pair(low, high)) => word(low).zip(word(high)),
        Some(Double::Reduced(low, high)) => {
            let radix = Fr::from_u128(width.radix());
            for (own, value) in values.carries.iter_mut().zip([low, high]) {
                *own = carry(width, value);
            }
            let [low, high] = [low, high].map(|value| value - radix * carry(width, value));
            word(low).zip(word(high))
        }
        Some(Double::Odd(high, value)) => {
            let exponent = values.power[0].to_u64().unwrap_or(0) as u32;
            let odd = value.to_u128().and_then(|own| own.checked_shr(exponent));
            odd.and_then(|own| width.word(own >> 1)).zip(word(high))
        }
        Some(Double::Ones(low)) => {
            return word(low).map_or_else(none, |own| Limbs::counted(shape, own));
        }
        None => None,
    };
    words.map_or_else(none, |(low, high)| Limbs::of(shape, [low, high]))
}

/// The limbs of words that parts of instructions say; none if they are no words.
fn parts(shape: Shape, flags: &[(Opcode, Fr)], values: &Values) -> Option<Limbs> {
    let mut computed = Fr::ZERO;
    let [mut low, mut high] = [Fr::ZERO; 2];
    for (opcode, flag) in flags {
        match opcode.relation(values).double {
            Some(Double::Pair(own_low, own_high)) => {
                low += own_low * flag;
                high += own_high * flag;
            }
            Some(_) => computed += flag,
            None => {}
        }
    }
    let inverse = inverse(Fr::ONE - computed)?;
    let width = shape.set.width();
    let words = [low * inverse, high * inverse].map(|own| as_word(width, own));
    Some(Limbs::of(shape, [words[0]?, words[1]?]))
}

/// The operands of a step.
struct Values<'a> {
    words: &'a [Fr],
    argument: Fr,
    hint: Fr,
    result: Fr,
    following: Fr,
    jumps: Fr,
    shape: Shape,
    limbs: Limbs,
    /// The third word, where it has limbs of its own.
    rest: Fr,
    carries: [Fr; 3],
    /// The exponent, and two to it.
    power: [Fr; 2],
    frame: Fr,
    /// What is in the cell that it accesses.
    old: Fr,
    /// What is there afterwards.
    new: Fr,
    /// Which byte of the cell it accesses.
    at_byte: [Fr; CELL_BYTES],
    /// What it finds there: a byte, and two bytes.
    pieces: [Fr; 2],
}

impl Operands<Fr> for Values<'_> {
    fn word(&self, place: usize) -> Fr {
        self.words.get(place).copied().unwrap_or(Fr::ZERO)
    }
    fn argument(&self) -> Fr {
        self.argument
    }
    fn hint(&self) -> Fr {
        self.hint
    }
    fn result(&self) -> Fr {
        self.result
    }
    fn following(&self) -> Fr {
        self.following
    }
    fn jumps(&self) -> Fr {
        self.jumps
    }
    fn low(&self, width: Width) -> Fr {
        self.limbs.words(self.shape, width)[0]
    }
    fn high(&self, width: Width) -> Fr {
        self.limbs.words(self.shape, width)[1]
    }
    fn both(&self, width: Width) -> Fr {
        self.limbs.words(self.shape, width)[2]
    }
    fn rest(&self, width: Width) -> Fr {
        match self.shape.set.width() == width {
            true => self.rest,
            false => made(self.shape, &self.limbs.0[0][self.shape.limbs_of(width)..]),
        }
    }
    fn ones(&self, width: Width) -> Fr {
        let limbs = self.limbs.0[1].iter();
        limbs.take(self.shape.limbs_of(width)).sum()
    }
    fn carry(&self, carry: Carry) -> Fr {
        self.carries[carry as usize]
    }
    fn exponent(&self) -> Fr {
        self.power[0]
    }
    fn power(&self) -> Fr {
        self.power[1]
    }
    fn frame(&self) -> Fr {
        self.frame
    }
    fn old(&self) -> Fr {
        self.old
    }
    fn updated(&self) -> Fr {
        self.new
    }
    fn offset(&self) -> Fr {
        self.at_bytes(|byte| byte as u64)
    }
    fn scale(&self) -> Fr {
        self.at_bytes(|byte| 1 << (8 * byte))
    }
    fn found(&self, piece: Piece) -> Fr {
        self.pieces[piece as usize]
    }
    fn lowest(&self, piece: Piece) -> Fr {
        self.bytes(1, 0..piece.bytes())
    }
    fn last_byte(&self) -> Fr {
        self.at_byte[CELL_BYTES - 1]
    }
}

impl Values<'_> {
    fn at_bytes(&self, value: impl Fn(usize) -> u64) -> Fr {
        let bytes = self.at_byte.iter().enumerate();
        bytes.map(|(byte, at)| Fr::from(value(byte)) * at).sum()
    }

    /// What some bytes of the low word, or of the high one, make.
    fn bytes(&self, word: usize, bytes: Range<usize>) -> Fr {
        let of_byte = 8usize
            .checked_div(self.shape.limb_bits as usize)
            .unwrap_or(0);
        let limbs = &self.limbs.0[word];
        made(
            self.shape,
            &limbs[bytes.start * of_byte..bytes.end * of_byte],
        )
    }

    /// The byte and the two bytes that are found where the row accesses one.
    fn found_pieces(&self) -> [Fr; 2] {
        [Piece::Byte, Piece::Half].map(|piece| {
            let starts = 0..=CELL_BYTES - piece.bytes();
            let own = starts.zip(self.at_byte);
            own.map(|(start, at)| at * self.bytes(0, start..start + piece.bytes()))
                .sum()
        })
    }
}

/// The cell and the number of the byte that have this address; what is none has the number 0 of a cell that there is not.
fn place(address: Fr) -> (Fr, usize) {
    match address.to_u64() {
        Some(own) => (Fr::from(own / CELL_BYTES as u64), own as usize % CELL_BYTES),
        None => (address * quarter(), 0),
    }
}

fn quarter() -> Fr {
    Option::<Fr>::from(Fr::from(CELL_BYTES as u64).invert()).expect("an odd characteristic")
}

/// The address of what has these flags, as it says it, and how much of it accesses bytes.
fn addressed(flags: &[(Opcode, Fr)], values: &Values) -> [Fr; 2] {
    let mut sums = [Fr::ZERO; 2];
    for (opcode, flag) in flags {
        let access = opcode.relation(values).access;
        match access.map(|own| own.address) {
            Some(Address::Cell(own)) => sums[0] += own * flag,
            Some(Address::Byte(own)) => {
                sums[0] += own * flag;
                sums[1] += flag;
            }
            None => {}
        }
    }
    sums
}

impl<'a> Forger<'a> {
    /// The machine at its first row.
    fn new(machine: &'a Machine, given: Vec<Step>) -> Self {
        Forger {
            machine,
            given,
            tape: vec![Fr::ONE],
            states_its_tape: true,
            secrets: vec![],
            used: [0; 2],
            pc: Fr::ZERO,
            claimed: None,
            columns: Columns::new(machine.shape(), |_| vec![]),
            words: vec![Fr::ZERO; machine.set.window()],
            present: vec![Fr::ZERO; machine.set.presence()],
            link: Fr::ZERO,
            depth: 0,
            cells: BTreeMap::new(),
            forced: VecDeque::new(),
            frame: Fr::ZERO,
            hashes: vec![],
            memory: BTreeMap::new(),
        }
    }

    /// The same with this public tape stated, its end included.
    pub fn on_tape(mut self, tape: Vec<Fr>) -> Self {
        self.tape = tape;
        self.states_its_tape = false;
        self
    }

    /// The number of the lowest word of the window.
    pub fn lowest(&self) -> usize {
        self.words.len() - 1
    }

    /// The number of the last presence flag.
    pub fn last_present(&self) -> usize {
        self.present.len() - 1
    }

    /// The row that is next.
    pub fn row(&self) -> usize {
        self.columns.top().len()
    }

    /// What the next row is given.
    pub fn instruction(&self) -> Step {
        let padding = (Opcode::Halt, Fr::ZERO);
        // Where nothing is looked up, the address is the row.
        let place = match self.columns.fetch {
            Some(_) => self.pc.to_u64().and_then(|pc| usize::try_from(pc).ok()),
            None => Some(self.row()),
        };
        let instruction = place.and_then(|place| self.given.get(place).copied());
        instruction.unwrap_or(padding)
    }

    /// What a cell of the memory holds at first: the argument of the instruction with its address.
    fn at_first(&self, address: Fr) -> Fr {
        let place = address.to_u64().and_then(|own| usize::try_from(own).ok());
        let instruction = place.and_then(|place| self.given.get(place));
        instruction.map_or(Fr::ZERO, |(_, argument)| *argument)
    }

    /// The cell that the link names, if it was made.
    pub fn linked(&self) -> Option<Below> {
        self.cells.get(&self.link.to_u64()?).copied()
    }

    /// A step that executes what it is given.
    pub fn step(&mut self) {
        let (opcode, argument) = self.instruction();
        match opcode {
            Opcode::Halt if self.depth < Opcode::Halt.needs() => self.idle(),
            _ => self.execute(opcode, argument),
        }
    }

    /// A step that does nothing.
    pub fn idle(&mut self) {
        self.combine(&[], Fr::ZERO, Product::default());
    }

    /// A step that executes `opcode`, whatever it is given.
    pub fn execute(&mut self, opcode: Opcode, argument: Fr) {
        match opcode == Opcode::IDLE {
            true => self.idle(),
            false => self.combine(&[(opcode, Fr::ONE)], argument, Product::default()),
        }
    }

    /// A step with these flags, and other products than theirs where that is said. The next state is
    /// what the constraints make of them, where they can be met.
    pub fn combine(&mut self, flags: &[(Opcode, Fr)], argument: Fr, product: Product) {
        let sum = |of: &dyn Fn(Opcode) -> Fr| -> Fr {
            flags.iter().map(|(opcode, flag)| of(*opcode) * flag).sum()
        };
        let effect = |effect: Effect| sum(&|opcode| Fr::from(u64::from(opcode.effect() == effect)));
        let with = |target: Target| sum(&|own| Fr::from(u64::from(own.target() == target)));
        let idle = Fr::ONE - sum(&|_| Fr::ONE);
        // What comes from a tape, and a hash.
        let mut taken = Fr::ZERO;
        for (opcode, _) in flags {
            if opcode.hashes() {
                let hash = poseidon::hash(self.words[1], self.words[0]);
                taken = product.digest.unwrap_or(hash);
            }
            if !opcode.takes_word() && !opcode.uses_tape() {
                continue;
            }
            let (tape, used, end) = match opcode.uses_tape() {
                true => (&mut self.tape, &mut self.used[0], 1),
                false => (&mut self.secrets, &mut self.used[1], 0),
            };
            if self.states_its_tape && *used + end == tape.len() {
                let word = if opcode.takes_word() {
                    argument
                } else {
                    self.words[0]
                };
                tape.insert(*used, word);
            }
            if opcode.takes_word() {
                taken = tape.get(*used).copied().unwrap_or(Fr::ZERO);
            }
            *used += 1;
        }
        let (own_opcode, own_argument) = self.instruction();
        let [given, fetched_argument] = self
            .claimed
            .take()
            .unwrap_or([Fr::from(own_opcode.encoded()), own_argument]);
        let mut values = Values {
            words: &self.words,
            argument,
            hint: Fr::ZERO,
            result: taken,
            following: self.pc + Fr::ONE,
            jumps: Fr::ONE,
            shape: self.machine.shape(),
            limbs: Limbs::of(self.machine.shape(), [0; 2]),
            rest: Fr::ZERO,
            carries: [Fr::ZERO; 3],
            power: [Fr::ZERO, Fr::ONE],
            new: Fr::ZERO,
            at_byte: [Fr::ZERO; CELL_BYTES],
            pieces: [Fr::ZERO; 2],
            frame: self.frame,
            old: Fr::ZERO,
        };
        let accesses = sum(&|own| Fr::from(u64::from(own.uses_memory())));
        let [said_address, by_byte] = addressed(flags, &values);
        if self.machine.set.has_bytes() {
            let mut at_byte = [Fr::ZERO; CELL_BYTES];
            at_byte[if by_byte == Fr::ONE {
                place(said_address).1
            } else {
                0
            }] = by_byte;
            values.at_byte = product.at_byte.unwrap_or(at_byte);
        }
        let address = product.address.unwrap_or_else(|| {
            // An address of a byte is four times that of its cell.
            let times = Fr::ONE + Fr::from(CELL_BYTES as u64 - 1) * by_byte;
            let inverse = inverse(times).unwrap_or(Fr::ZERO);
            (said_address - values.offset()) * inverse
        });
        // A part of an access finds nothing: only a whole one has a cell.
        let found = product.found.unwrap_or_else(|| match accesses {
            Fr::ONE => {
                let found = self.memory.get(&address).copied();
                found.unwrap_or_else(|| [self.at_first(address), Fr::ZERO])
            }
            _ => [Fr::ZERO; 2],
        });
        values.old = found[0];
        let shape = self.machine.shape();
        let width = shape.set.width();
        if shape.set.has_power() {
            values.power = product.power.unwrap_or_else(|| power(flags, &values));
        }
        // A product may be made of the third word, and the third word of the others.
        let reduce = |values: &mut Values| {
            let relation = whole(flags).map(|opcode| opcode.relation(values));
            if let Some(Rest::Reduced(value)) = relation.as_ref().and_then(|own| own.rest.clone()) {
                values.carries[2] = carry(relation.expect("an instruction").width, value);
            }
            if let Some(carries) = product.carries {
                values.carries = carries;
            }
            values.rest = third(flags, values, width);
            if let Some([limbs, _]) = &product.rest {
                values.rest = made(shape, limbs);
            }
        };
        let is_small = flags.iter().all(|(own, _)| own.width() == Width::W32);
        // What has small words has the third one in the upper half of the low one.
        let upper = |values: &Values, limbs: &mut Limbs| {
            let rest = third(flags, values, Width::W32);
            if width == Width::W64 && is_small && rest != Fr::ZERO {
                limbs.put_third(shape, rest);
            }
        };
        reduce(&mut values);
        if shape.limb_bits > 0 {
            let mut limbs = values.limbs.clone();
            upper(&values, &mut limbs);
            values.limbs = limbs;
            let mut limbs = double(shape, flags, &mut values);
            values.limbs = limbs.clone();
            reduce(&mut values);
            upper(&values, &mut limbs);
            values.limbs = product.limbs.clone().unwrap_or(limbs);
        }
        reduce(&mut values);
        let limbs = values.limbs.clone();
        let rest = product
            .rest
            .clone()
            .unwrap_or_else(|| rest(shape, values.rest));
        if self.machine.set.has_bytes() {
            values.pieces = product.pieces.unwrap_or_else(|| values.found_pieces());
        }
        let new = product.new.unwrap_or_else(|| {
            let whole = whole(flags).map(|opcode| opcode.relation(&values));
            if let Some(relation) = whole
                && relation.access.is_some_and(|own| own.new.is_none())
            {
                return values.old + relation.factor * values.scale();
            }
            sum(&|opcode| {
                let access = opcode.relation(&values).access;
                access.and_then(|own| own.new).unwrap_or(Fr::ZERO)
            })
        });
        values.new = new;
        let (at_byte, pieces) = (values.at_byte, values.pieces);
        // A branch says by the test of its factor what it jumps on.
        let jumps = sum(&|opcode| {
            let relation = opcode.relation(&values);
            let on_zero = relation.factor_test == Fr::ONE;
            match opcode.target() {
                Target::Argument => Fr::ONE,
                Target::Branch => Fr::from(u64::from((relation.factor == Fr::ZERO) == on_zero)),
                Target::Following | Target::Top => Fr::ZERO,
            }
        });
        let jumps = product.jumps.unwrap_or(jumps);
        values.jumps = jumps;
        let factor = sum(&|opcode| opcode.relation(&values).factor);
        let factor = match self.columns.factor {
            Some(_) => product.factor.unwrap_or(factor),
            None => factor,
        };
        let hinted = sum(&|own| match own.relation(&values).cofactor {
            Cofactor::Hint => Fr::ONE,
            _ => Fr::ZERO,
        });
        let cofactor = sum(&|opcode| match opcode.relation(&values).cofactor {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            Cofactor::Low => values.low(opcode.relation(&values).width),
            Cofactor::Power => values.power[1],
            Cofactor::Uncarried => Fr::ONE - values.carries[2],
            Cofactor::Scale => values.scale(),
            Cofactor::Hint | Cofactor::Zero => Fr::ZERO,
        });
        // What is not a hint is the instruction's; a part of a hint leaves no choice either.
        let cofactor = match inverse(Fr::ONE - hinted) {
            Some(inverse) => cofactor * inverse,
            None => -inverse(factor).unwrap_or(Fr::ZERO),
        };
        let cofactor = match (&self.columns.cofactor, self.machine.shape().straight) {
            (Some(_), _) => product.cofactor.unwrap_or(cofactor),
            (None, true) => cofactor,
            (None, false) => values.word(1),
        };
        // In a machine that is wired, the column holds hints alone.
        let column_cofactor = match self.machine.shape().straight && hinted == Fr::ZERO {
            true => product.cofactor.unwrap_or(Fr::ZERO),
            false => cofactor,
        };
        values.hint = cofactor;
        // What comes from a tape is on top, if that is a whole instruction; of a part of one, the rest says what is.
        let outside = sum(&|opcode| Fr::from(u64::from(opcode.top_is_given())));
        let inside = sum(&|opcode| match opcode.top_is_given() {
            true => Fr::ZERO,
            false => opcode.relation(&values).top,
        }) + idle * Opcode::IDLE.relation(&values).top
            + factor * cofactor;
        let new_top = match inverse(Fr::ONE - outside) {
            Some(inverse) => inside * inverse,
            None => taken,
        };
        values.result = new_top;
        let factor_test = sum(&|opcode| opcode.relation(&values).factor_test);
        let cofactor_test = sum(&|opcode| opcode.relation(&values).cofactor_test);
        let moved = |place: usize| {
            sum(&|opcode| {
                let relation = opcode.relation(&values);
                let moved = match place {
                    1 => relation.second,
                    2 => relation.third,
                    _ => None,
                };
                moved.map_or(Fr::ZERO, |moved| moved - values.words[place])
            })
        };
        let moved: Vec<_> = (0..self.words.len()).map(moved).collect();
        let unwinding = sum(&|own| Fr::from(u64::from(own == Opcode::Halt)));
        let executed =
            sum(&|own| Fr::from(own.encoded())) + idle * Fr::from(Opcode::IDLE.encoded());
        let halted = unwinding + executed - given;
        let following = self.pc + Fr::ONE;
        let next_pc = following - halted
            + jumps * (fetched_argument - following)
            + with(Target::Top) * (self.words[0] - following);
        let (carries, raised) = (values.carries, values.power);
        let moved_frame = sum(&|opcode| {
            let after = opcode.relation(&values).frame;
            after.map_or(Fr::ZERO, |after| after - values.frame)
        });
        self.write(|cell| match cell {
            Column::Factor => Some(factor),
            Column::Cofactor => Some(column_cofactor),
            Column::FactorTest => Some(product.factor_test.unwrap_or(factor_test)),
            Column::CofactorTest => Some(product.cofactor_test.unwrap_or(cofactor_test)),
            Column::Jumps => Some(jumps),
            Column::Opcode => Some(given),
            Column::Argument => Some(fetched_argument),
            Column::Address => Some(address),
            Column::Old => Some(found[0]),
            Column::New => Some(new),
            Column::Before => Some(found[1]),
            Column::LowCarry => Some(carries[0]),
            Column::HighCarry => Some(carries[1]),
            Column::RestCarry => Some(carries[2]),
            Column::AtByte(i) => Some(at_byte[i]),
            Column::Byte => Some(pieces[0]),
            Column::Half => Some(pieces[1]),
            Column::Exponent => Some(raised[0]),
            Column::Power => Some(raised[1]),
            Column::Rest(i) => Some(rest[0][i]),
            Column::Joint(i) => Some(rest[1][i]),
            Column::Low(i) => Some(limbs.0[0][i]),
            Column::High(i) => Some(limbs.0[1][i]),
            Column::Both(i) => Some(limbs.0[2][i]),
            Column::Flag(own) => Some(sum(&|opcode| {
                let flag = self.machine.shape().flag_of(opcode);
                Fr::from(u64::from(flag == own))
            })),
            _ => None,
        });
        self.pc = next_pc;
        self.frame += moved_frame;
        let key = self.row() as u64;
        if accesses == Fr::ONE {
            self.memory.insert(address, [new, Fr::from(key)]);
        }
        let (grow, shrink) = (effect(Effect::Grow), effect(Effect::Shrink));
        let keep = idle + effect(Effect::Keep);
        let before = Below {
            lowest: self.words[self.lowest()],
            present: self.present[self.last_present()],
            link: self.link,
        };
        // What comes from above, what stays, and what comes from below.
        let shifted = |own: &[Fr], top: Fr, place: usize| {
            let above = if place == 0 { top } else { own[place - 1] };
            let below = own.get(place + 1).copied().unwrap_or(Fr::ZERO);
            grow * above + keep * own[place] + shrink * below
        };
        let (words, present) = (self.words.clone(), self.present.clone());
        for (place, moved) in moved.iter().enumerate().skip(1) {
            self.words[place] = shifted(&words, Fr::ZERO, place) + moved;
        }
        for place in 0..present.len() {
            self.present[place] = shifted(&present, Fr::ONE, place);
        }
        // What shrinks the stack takes the last of each from a cell.
        let (lowest, last) = (self.lowest(), self.last_present());
        match inverse(Fr::ONE - shrink) {
            Some(inverse) => {
                self.words[lowest] *= inverse;
                self.present[last] *= inverse;
                self.link = (grow * Fr::from(key) + keep * self.link) * inverse;
            }
            None => {
                let taken = self.take();
                self.words[lowest] = taken.lowest;
                self.present[last] = taken.present;
                self.link = taken.link;
            }
        }
        if grow != Fr::ZERO {
            self.cells.insert(key, before);
        }
        if sum(&|own| Fr::from(u64::from(own.hashes()))) != Fr::ZERO {
            self.hashes.push([words[1], words[0]]);
        }
        self.words[0] = new_top;
        if grow == Fr::ONE {
            self.depth += 1;
        }
        if shrink == Fr::ONE {
            self.depth = self.depth.saturating_sub(1);
        }
    }

    /// A step that executes what it is given, and finds this in the cell that it accesses.
    pub fn access_finding(&mut self, found: [Fr; 2]) {
        let (opcode, argument) = self.instruction();
        let product = Product {
            found: Some(found),
            ..Product::default()
        };
        self.combine(&[(opcode, Fr::ONE)], argument, product);
    }

    /// What stands below what is now taken away.
    fn take(&mut self) -> Below {
        let nothing = Below {
            lowest: Fr::ZERO,
            present: Fr::ZERO,
            link: Fr::ZERO,
        };
        self.forced
            .pop_front()
            .or_else(|| self.linked())
            .unwrap_or(nothing)
    }

    /// Writes the state, and what the row says of its step, if there is one.
    fn write(&mut self, step: impl Fn(Column) -> Option<Fr>) {
        for (cell, column) in self.columns.iter_mut() {
            let value = match cell {
                Column::Word(place) => self.words[place],
                Column::Present(count) => self.present[count],
                Column::Link => self.link,
                Column::Pc => self.pc,
                Column::Frame => self.frame,
                other => match step(other) {
                    Some(value) => value,
                    None => continue,
                },
            };
            column.push(value);
        }
    }

    /// Steps up to a row.
    pub fn go_to(&mut self, row: usize) {
        while self.row() < row {
            self.step();
        }
    }

    /// Steps to the end, and the claim.
    pub fn finish(mut self) -> Claim {
        self.go_to(self.machine.rows);
        let (opcode, argument) = self.instruction();
        let [opcode, argument] = self
            .claimed
            .take()
            .unwrap_or([Fr::from(opcode.encoded()), argument]);
        self.write(|cell| match cell {
            Column::Opcode => Some(opcode),
            Column::Argument => Some(argument),
            _ => None,
        });
        if let Some(fetch) = &mut self.columns.fetch {
            let uses = |row: usize| {
                let address = Fr::from(row as u64);
                Fr::from(fetch.pc.iter().filter(|pc| **pc == address).count() as u64)
            };
            fetch.uses = (0..self.machine.rows).map(uses).collect();
        }
        if self.columns.memory.is_some() {
            close(self.machine, &mut self.columns, &self.memory);
        }
        if self.columns.answers.is_some() {
            self.columns.answers = Some(answers(self.machine, &self.columns));
        }
        if self.columns.live.is_some() {
            for (column, values) in self.columns.iter_mut() {
                if is_of_permutations(column) {
                    *values = vec![Fr::ZERO; self.machine.rows];
                }
            }
            let room = self.machine.rows / hash::ROWS;
            for (number, inputs) in self.hashes.iter().take(room).enumerate() {
                let permutation = Rules::of_field().permutation(*inputs);
                put_permutation(&mut self.columns, number, Some(permutation));
            }
        }
        let given = encode(&self.given, self.machine.set);
        claim(self.machine, given, self.tape, self.columns)
    }
}

/// A permutation and the hash that it ends with.
pub type Permutation = ([PermutationRow<Fr>; hash::ROWS], Fr);

/// Puts the permutation of this number into columns, or zeros if it is not in use.
pub fn put_permutation(
    columns: &mut Columns<Vec<Fr>>,
    number: usize,
    permutation: Option<Permutation>,
) {
    for row in 0..hash::ROWS {
        let at = number * hash::ROWS + row;
        let (own, digest) = match &permutation {
            Some((rows, digest)) => (Some(&rows[row]), *digest),
            None => (None, Fr::ZERO),
        };
        let mut put = |column: Column, value: Fr| {
            columns.get_mut(column).expect("a column")[at] = value;
        };
        for sbox in 0..SBOXES {
            let of = |words: fn(&PermutationRow<Fr>) -> &[Fr; SBOXES]| {
                own.map_or(Fr::ZERO, |row| words(row)[sbox])
            };
            put(Column::Sbox(sbox), of(|row| &row.sboxes));
            put(Column::Square(sbox), of(|row| &row.squares));
            put(Column::Fourth(sbox), of(|row| &row.fourths));
        }
        for place in 0..ASIDE {
            let aside = own.map_or(Fr::ZERO, |row| row.aside[place]);
            put(Column::Aside(place), aside);
        }
        put(Column::Live, Fr::from(u64::from(own.is_some())));
        put(Column::Digest, digest);
    }
}

/// Whether a column of the first phase is one of permutations.
fn is_of_permutations(column: Column) -> bool {
    use Column::{Aside, Digest, Fourth, Live, Sbox, Square};
    matches!(
        column,
        Sbox(_) | Square(_) | Fourth(_) | Aside(_) | Live | Digest
    )
}

/// How often each row of the table of limbs is looked up, as far as what is looked up is there.
pub fn answers(machine: &Machine, columns: &Columns<Vec<Fr>>) -> Vec<Fr> {
    let shape = machine.shape();
    let bits = shape.limb_bits;
    let mut answers = vec![Fr::ZERO; machine.rows];
    let mut answer = |place: Option<usize>| {
        if let Some(place) = place {
            answers[place] += Fr::ONE;
        }
    };
    let limb = |limb: &Fr| limb.to_u64().filter(|own| *own < 1 << bits);
    let pair = |left: &Fr, right: &Fr| {
        let limbs = limb(left).zip(limb(right));
        limbs.map(|(left, right)| (left | right << bits) as usize)
    };
    // Rows of other kinds are few. What is none of them is answered by one that differs in one entry, if there is one.
    let others = shape.table_kinds()[0]..shape.table_rows();
    let other = |entries: [Fr; 2], kind: Fr| {
        let own = [entries[0], entries[1], kind].map(|own| own.to_u128());
        let find = |same: &[usize]| {
            others.clone().find(|place| {
                let [left, right, _, kind] = table_row(shape, *place);
                let row = [left, right, kind];
                same.iter().all(|i| own[*i] == Some(row[*i]))
            })
        };
        [&[0, 1, 2][..], &[0, 1], &[1, 2], &[0, 2]]
            .into_iter()
            .find_map(find)
    };
    let with = |row: usize, is: fn(Opcode) -> bool| -> Fr {
        let flags = columns.flags.iter().filter(|(opcode, _)| is(*opcode));
        flags.map(|(_, flag)| flag[row]).sum()
    };
    for row in 0..machine.rows {
        let counting = match shape.set.has_ones() {
            true => with(row, Opcode::counts_ones),
            false => Fr::ZERO,
        };
        for (low, high) in columns.low.iter().zip(&columns.high) {
            answer(match counting == Fr::ZERO {
                true => pair(&low[row], &high[row]),
                false => other([low[row], high[row]], Fr::from(3) * counting),
            });
        }
        for limbs in columns.rest.chunks_exact(2) {
            answer(pair(&limbs[0][row], &limbs[1][row]));
        }
        if let (Some(exponent), Some(power)) = (&columns.exponent, &columns.power) {
            let wide = with(row, |own| own.uses_power() && own.width() == Width::W64);
            let zeros = with(row, Opcode::counts_zeros);
            let kind = Fr::ONE + wide + Fr::from(3) * zeros;
            answer(other([exponent[row], power[row]], kind));
        }
    }
    answers
}

/// The cells of the memory as they are in the end, and the ages of what was found in them.
pub fn close(machine: &Machine, columns: &mut Columns<Vec<Fr>>, cells: &BTreeMap<Fr, [Fr; 2]>) {
    let accesses: Vec<_> = (0..machine.rows)
        .map(|row| {
            let flags = columns.flags.iter();
            let mut own = flags.filter(|(opcode, _)| opcode.uses_memory());
            own.any(|(_, flag)| flag[row] == Fr::ONE)
        })
        .collect();
    let memory = columns.memory.as_mut().expect("a memory");
    let cell = |row: usize| cells.get(&Fr::from(row as u64));
    let part = |part: usize| {
        let all = (0..machine.rows).map(|row| cell(row).map_or(Fr::ZERO, |cell| cell[part]));
        all.collect()
    };
    memory.touched = (0..machine.rows)
        .map(|row| Fr::from(u64::from(cell(row).is_some())))
        .collect();
    memory.kept = part(0);
    memory.last = part(1);
    memory.ages = vec![Fr::ZERO; machine.rows];
    for row in (0..machine.rows).filter(|row| accesses[*row]) {
        let age = (Fr::from(row as u64) - memory.before[row]).to_u64();
        let age = age.and_then(|age| usize::try_from(age).ok());
        // What is no age is said to be one, so that there are as many.
        let age = age.filter(|age| *age < machine.rows).unwrap_or(0);
        memory.ages[age] += Fr::ONE;
    }
}
