//! Instruction sets that are drawn at random, others in every run.
//!
//! `STACKVM_SETS` says how many there are, `STACKVM_SETS_SEED` which: the seed of a run is printed. `STACKVM_SET`
//! takes one set alone, written as `--set` takes it.

use std::io::Write;
use std::sync::OnceLock;

use halo2_stack_vm::isa::{Effect, InstructionSet, Opcode, Width};
use halo2_stack_vm::machine::{CircuitParams, MIN_K};
use rand_chacha::ChaCha8Rng;
use rand_core::{OsRng, RngCore, SeedableRng};

/// What the sets of a run have to have, or not to have: the first four of these in every combination.
const TRAITS: [fn(InstructionSet) -> bool; 7] = [
    InstructionSet::has_control,
    InstructionSet::has_hint,
    |set| set.has_tape() || set.opcodes().any(Opcode::takes_word),
    |set| set.opcodes().any(|opcode| opcode.needs() > 2),
    InstructionSet::has_words,
    InstructionSet::has_memory,
    InstructionSet::hashes,
];

/// The traits that the sets of numbers below this one have are the bits of the number: none has one of the last three.
const PLAIN: usize = 16;

/// The traits of the set of this number, as bits: of each twenty sets, one has words, one a memory and one hashes, since those take longer.
fn traits_of(number: usize) -> usize {
    let plain = number * 3 % PLAIN;
    match number % (PLAIN + 4) {
        own if own < PLAIN => own,
        own if own < PLAIN + 3 => (PLAIN << (own - PLAIN)) | plain,
        _ => plain,
    }
}

/// The most instructions of a small set, `nop` and `halt` not counted.
const SMALL: usize = 6;

/// What puts a word of choice on the stack, whatever stands there. Without one, the words are never any but addresses
/// and what is computed of them, and which of them come up decides whether a test can fail.
pub fn is_source(opcode: Opcode) -> bool {
    let grows = opcode.effect() == Effect::Grow && opcode.needs() == 0;
    let chosen = opcode.takes_argument() || opcode.takes_word();
    grows && chosen && !opcode.takes_address() && !opcode.uses_memory()
}

/// The sets of this run.
pub fn drawn() -> &'static [InstructionSet] {
    static SETS: OnceLock<Vec<InstructionSet>> = OnceLock::new();
    SETS.get_or_init(|| {
        if let Ok(set) = std::env::var("STACKVM_SET") {
            return vec![set.parse().expect("a set")];
        }
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse::<u64>().expect("a number"))
        };
        let seed = number("STACKVM_SETS_SEED").unwrap_or_else(|| OsRng.next_u64());
        let sets = number("STACKVM_SETS").unwrap_or(20);
        // Past what a test's output is caught with: it is another test that fails, often.
        let _ = writeln!(
            std::io::stderr(),
            "{sets} sets drawn: STACKVM_SETS_SEED={seed}"
        );
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut drawn = vec![];
        while drawn.len() < sets as usize {
            let set = draw(&mut rng, traits_of(drawn.len()));
            let named = InstructionSet::NAMED.iter().any(|(_, own)| *own == set);
            if !named && !drawn.contains(&set) {
                println!("  {set}");
                drawn.push(set);
            }
        }
        drawn
    })
}

/// A set: which of [`TRAITS`] it has are these bits.
fn draw(rng: &mut ChaCha8Rng, traits: usize) -> InstructionSet {
    let below = |rng: &mut ChaCha8Rng, bound: usize| (rng.next_u64() % bound as u64) as usize;
    let wanted = |i: usize| traits >> i & 1 == 1;
    // What brings nothing that the set must not have, and has no table for which a small machine has no room.
    let all = Opcode::ALL.iter().copied();
    let allowed = all.filter(|opcode| {
        let own = InstructionSet::of(&[*opcode]);
        let plain = ![Opcode::IDLE, Opcode::Halt].contains(opcode);
        let brings = |i: usize| TRAITS[i](own) && !wanted(i);
        // Words of 64 bits are very many limbs there.
        let fits = CircuitParams::least_k(own) == MIN_K && opcode.width() == Width::W32;
        plain && fits && !(0..TRAITS.len()).any(brings)
    });
    let allowed: Vec<_> = allowed.collect();
    let with = |holds: &dyn Fn(Opcode) -> bool| -> Vec<Opcode> {
        let fitting = allowed.iter().copied();
        fitting.filter(|opcode| holds(*opcode)).collect()
    };
    let pick = |rng: &mut ChaCha8Rng, opcodes: &[Opcode]| opcodes[below(rng, opcodes.len())];
    let size = match below(rng, 4) {
        0 => SMALL + 1 + below(rng, 14),
        _ => 2 + below(rng, SMALL - 1),
    };
    let mut opcodes = vec![match below(rng, 3) {
        0 => pick(rng, &with(&is_source)),
        _ => Opcode::Push,
    }];
    for (i, has) in TRAITS.iter().enumerate() {
        if wanted(i) && !has(InstructionSet::of(&opcodes)) {
            let fitting = with(&|opcode| has(InstructionSet::of(&[opcode])));
            opcodes.push(pick(rng, &fitting));
        }
    }
    while opcodes.len() < size.min(allowed.len()) {
        let opcode = pick(rng, &allowed);
        if !opcodes.contains(&opcode) {
            opcodes.push(opcode);
        }
    }
    InstructionSet::of(&opcodes)
}
