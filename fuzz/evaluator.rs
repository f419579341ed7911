//! What a program gives by the meaning of its words alone: integers modulo the field's, a vector for
//! the stack, a number for the place in the program. Shares nothing with the crate but the codes of the
//! instructions and the names of errors. The fuzzer's targets and `tests/library/conformance.rs` include this file.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use num_bigint::BigUint;

/// The number of words of bn254's scalar field.
pub fn modulus() -> &'static BigUint {
    const MODULUS: &[u8] =
        b"21888242871839275222246405745257275088548364400416034343698204186575808495617";
    static MODULUS_INTEGER: OnceLock<BigUint> = OnceLock::new();
    MODULUS_INTEGER.get_or_init(|| BigUint::parse_bytes(MODULUS, 10).unwrap())
}

/// What ends a run.
const HALT: u64 = 31;

/// A run that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Codes and arguments.
    pub program: &'a [(u64, BigUint)],
    /// The set has the instructions of codes below this one, and `halt`.
    pub codes: u64,
    /// The words that are read.
    pub public: &'a [BigUint],
    /// The words that are given secretly.
    pub secret: &'a [BigUint],
    /// The most steps.
    pub limit: u64,
}

/// What a run gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub output: BigUint,
    pub steps: usize,
    /// The most words on the stack, and how many are left there.
    pub deepest: usize,
    pub left: usize,
    /// What was read and written.
    pub tape: Vec<BigUint>,
    /// One more than the largest address of the memory that was accessed.
    pub cells: usize,
    /// How many hashes were made.
    pub hashes: usize,
}

/// The most cells that a memory has.
const CELLS: usize = 1 << 24;

/// A run, to its end or until it fails.
#[derive(Clone, Debug)]
// Whoever includes this file uses a part.
#[allow(dead_code)]
pub struct Evaluated {
    /// What it gives, or the name of the error.
    pub verdict: Result<Ended, &'static str>,
    /// How many words it took from each tape.
    pub read: usize,
    pub secrets: usize,
    /// How many words it read and wrote publicly.
    pub tape: usize,
    /// Bit c says whether an instruction of code c was executed.
    pub executed: u128,
}

/// Runs a program.
pub fn evaluate(given: Given) -> Evaluated {
    let mut machine = Machine {
        given,
        stack: vec![],
        tape: vec![],
        memory: BTreeMap::new(),
        pc: 0,
        steps: 0,
        deepest: 0,
        read: 0,
        secrets: 0,
        hashes: 0,
        frame: BigUint::ZERO,
        executed: 0,
    };
    let verdict = machine.run();
    let tape = machine.tape.len();
    Evaluated {
        tape,
        verdict: verdict.map(|()| Ended {
            output: machine.stack.first().cloned().unwrap_or_default(),
            steps: machine.steps,
            deepest: machine.deepest,
            left: machine.stack.len(),
            tape: machine.tape,
            cells: machine
                .memory
                .last_key_value()
                .map_or(0, |(last, _)| last + 1),
            hashes: machine.hashes,
        }),
        read: machine.read,
        secrets: machine.secrets,
        executed: machine.executed,
    }
}

struct Machine<'a> {
    given: Given<'a>,
    stack: Vec<BigUint>,
    tape: Vec<BigUint>,
    /// The cells that were accessed.
    memory: BTreeMap<usize, BigUint>,
    pc: usize,
    steps: usize,
    deepest: usize,
    read: usize,
    secrets: usize,
    hashes: usize,
    /// The address of the frame's first cell.
    frame: BigUint,
    executed: u128,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        while let Some((code, argument)) = self.given.program.get(self.pc) {
            if *code == HALT {
                break;
            }
            if *code >= self.given.codes {
                return Err("invalid_opcode");
            }
            if self.steps as u64 == self.given.limit {
                return Err("too_many_steps");
            }
            self.step(*code, argument)?;
            self.executed |= 1 << code;
            self.steps += 1;
            self.deepest = self.deepest.max(self.stack.len());
        }
        let all = self.read == self.given.public.len() && self.secrets == self.given.secret.len();
        if all { Ok(()) } else { Err("unread") }
    }

    /// The address that an integer is, if the program has it: its end counts.
    fn address(&self, word: &BigUint) -> Result<usize, &'static str> {
        let address = usize::try_from(word).ok();
        address
            .filter(|address| *address <= self.given.program.len())
            .ok_or("outside_program")
    }

    /// The cell with an address.
    fn cell(&mut self, address: &BigUint) -> Result<&mut BigUint, &'static str> {
        let address = usize::try_from(address).ok().filter(|own| *own < CELLS);
        let address = address.ok_or("outside_memory")?;
        // At first it holds the argument of the instruction with this address.
        let listed = self.given.program.get(address);
        let at_first = || listed.map_or_else(BigUint::default, |(_, argument)| argument.clone());
        Ok(self.memory.entry(address).or_insert_with(at_first))
    }

    fn step(&mut self, code: u64, argument: &BigUint) -> Result<(), &'static str> {
        let modulus = modulus();
        let (zero, one) = (BigUint::from(0u8), BigUint::from(1u8));
        let needs = match code {
            0 | 1 | 23 | 26 | 28 | 30 | 47 | 95 | 96 => 0,
            4 | 6 | 7 | 9 | 10 | 13..=17 | 24 | 25 | 27 | 29 | 40..=45 | 48 | 51..=53 => 1,
            59..=63 | 75..=78 | 83..=90 | 97 | 98 => 1,
            2 | 3 | 5 | 8 | 11 | 12 | 18 | 19 | 32..=39 | 46 | 49 | 50 | 54..=58 => 2,
            64..=74 | 79..=82 | 91..=94 | 99 | 100 => 2,
            20 | 21 => 3,
            22 => 4,
            _ => return Err("invalid_opcode"),
        };
        if self.stack.len() < needs {
            return Err("stack_underflow");
        }
        // The words that it needs, the lowest first.
        let own = self.stack.split_off(self.stack.len() - needs);
        let [a, b] = [0, 1].map(|i| own.get(i).cloned().unwrap_or_default());
        let bit = |bit: bool| if bit { one.clone() } else { zero.clone() };
        let is_bit = |word: &BigUint| *word <= one;
        let negated = |word: &BigUint| (modulus - word) % modulus;
        // Of words of 32 or 64 bits: a sum, a difference or a product in the field, which is no larger than those of such words.
        let size = if matches!(code, 64..=87 | 100) {
            64u32
        } else {
            32
        };
        let radix = &one << size;
        let is_word = |word: &BigUint| *word < radix;
        let within = |value: BigUint, bound: BigUint| {
            let value = value % modulus;
            if value < bound {
                Ok(value)
            } else {
                Err("fault")
            }
        };
        let double = |value: BigUint| within(value, &radix * &radix);
        let word = |own: &BigUint| {
            let own = u64::try_from(own)
                .ok()
                .filter(|own| is_word(&BigUint::from(*own)));
            own.ok_or("fault")
        };
        let bits = |a: &BigUint, b: &BigUint, combine: fn(u64, u64) -> u64| {
            Ok::<_, &'static str>(BigUint::from(combine(word(a)?, word(b)?)))
        };
        // Half the radix more, modulo the radix, and whether that was taken off.
        let biased = |own: &BigUint| {
            let value = within(own + (&radix >> 1u8), &radix * 2u8)?;
            Ok::<_, &'static str>((&value % &radix, value >= radix))
        };
        // Two to a number of places, which is less than that of bits.
        let places = |own: &BigUint| {
            let places = u32::try_from(own).ok().filter(|own| *own < size);
            places.ok_or("fault")
        };
        let shifted = |own: &BigUint, factor: &BigUint| {
            let (own, negative) = biased(own)?;
            let high = double(own * 2u8 * factor)? / &radix;
            let sign = if negative {
                radix.clone()
            } else {
                zero.clone()
            };
            Ok::<_, &'static str>(high + negated(factor) + sign)
        };
        let mut next = self.pc + 1;
        let left = match code {
            0 => vec![],
            1 => vec![argument.clone()],
            2 => vec![a + b],
            3 => vec![a * b],
            4 => vec![],
            5 => vec![a + negated(&b)],
            6 => vec![negated(&a)],
            // Fermat: the field has a prime number of words.
            7 if a == zero => return Err("fault"),
            7 => vec![a.modpow(&(modulus - 2u8), modulus)],
            8 => vec![bit(a == b)],
            9 => vec![bit(a == zero)],
            10 if is_bit(&a) => vec![bit(a == zero)],
            11 if is_bit(&a) && is_bit(&b) => vec![bit(a == one && b == one)],
            12 if is_bit(&a) && is_bit(&b) => vec![bit(a == one || b == one)],
            13 => vec![a + argument],
            14 => vec![a * argument],
            15 if a == one => vec![],
            16 if a == *argument => vec![],
            10..=12 | 15 | 16 => return Err("fault"),
            17 => vec![a.clone(), a],
            18 => vec![b, a],
            19 => vec![a.clone(), b, a],
            20 => vec![b, own[2].clone(), a],
            21 | 22 => [own.clone(), vec![a]].concat(),
            23 => {
                next = self.address(argument)?;
                vec![]
            }
            24 | 25 => {
                if (a == zero) == (code == 24) {
                    next = self.address(argument)?;
                }
                vec![]
            }
            26 => {
                let back = BigUint::from(next);
                next = self.address(argument)?;
                vec![back]
            }
            27 => {
                next = self.address(&a)?;
                vec![]
            }
            28 => {
                let word = self.given.public.get(self.read).ok_or("tape_end")?;
                self.read += 1;
                self.tape.push(word.clone());
                vec![word.clone()]
            }
            29 => {
                self.tape.push(a);
                vec![]
            }
            32 | 64 => vec![double(a + b)? % &radix],
            33 | 65 => vec![within(&radix + a + negated(&b), &radix + &radix)? % &radix],
            34 | 66 => vec![double(a * b)? % &radix],
            35 | 67 => vec![double(a * b)? / &radix],
            36 | 68 => vec![bit(
                within(&radix + a + negated(&b), &radix + &radix)? < radix
            )],
            37 => vec![bits(&a, &b, |a, b| a & b)?],
            38 => vec![bits(&a, &b, |a, b| a | b)?],
            39 => vec![bits(&a, &b, |a, b| a ^ b)?],
            51 => vec![bits(&a, argument, |a, b| a & b)?],
            52 => vec![bits(&a, argument, |a, b| a | b)?],
            53 => vec![bits(&a, argument, |a, b| a ^ b)?],
            70 => vec![bits(&a, &b, |a, b| a & b)?],
            71 => vec![bits(&a, &b, |a, b| a | b)?],
            72 => vec![bits(&a, &b, |a, b| a ^ b)?],
            40 | 75 => vec![double(a + argument)? % &radix],
            41 | 76 => vec![double(a * argument)? % &radix],
            42 | 77 => vec![double(a * argument)? / &radix],
            43 | 78 => {
                let product = double(a * argument)?;
                vec![&product % &radix + &product / &radix]
            }
            44 | 87 if is_word(&a) => vec![a],
            44 | 87 => return Err("fault"),
            54 | 69 => vec![bit(biased(&a)?.0 < biased(&b)?.0)],
            55 | 79 => vec![double(a << places(&b)?)? % &radix],
            56 | 80 => vec![double(a << (size - places(&b)?))? / &radix],
            57 | 81 => {
                let product = double(a << places(&b)?)?;
                vec![&product % &radix + &product / &radix]
            }
            58 | 82 => vec![shifted(&a, &(&one << (size - 1 - places(&b)?)))?],
            59 | 83 => vec![shifted(&a, argument)?],
            60 | 84 => vec![BigUint::from(word(&a)?.leading_zeros() - (64 - size))],
            61 | 85 => vec![BigUint::from(word(&a)?.trailing_zeros().min(size))],
            62 | 86 => vec![BigUint::from(word(&a)?.count_ones())],
            63 => {
                let own = i64::from(word(&a)? as u32 as i32);
                vec![BigUint::from(own as u64)]
            }
            49 | 50 | 73 | 74 => {
                // A divisor is at most a word and what it leaves.
                let fits = |word: &BigUint| *word < radix;
                let divisor = Some(&b).filter(|own| **own != zero);
                let [quotient, left] = divisor.map(|own| [&a / own, &a % own]).ok_or("fault")?;
                if !fits(&quotient) || !fits(&left) || !fits(&(&b - 1u8 - &left)) {
                    return Err("fault");
                }
                vec![if matches!(code, 49 | 73) {
                    quotient
                } else {
                    left
                }]
            }
            45 => vec![self.cell(&a)?.clone()],
            46 => {
                *self.cell(&b)? = a.clone();
                vec![a]
            }
            88..=93 => {
                let (address, value) = if code < 91 { (a, None) } else { (b, Some(a)) };
                let address = u64::try_from(&address).map_err(|_| "outside_memory")?;
                let (cell, place) = (BigUint::from(address / 4), address as usize % 4);
                let cell = self.cell(&cell)?;
                // How many bytes are accessed, all of one cell.
                let bytes = [1, 2, 4][(code as usize - 88) % 3];
                if place + bytes > 4 || (bytes == 4 && place > 0) {
                    return Err("fault");
                }
                let small = |own: &BigUint| u32::try_from(own).map_err(|_| "fault");
                match (bytes, value) {
                    (4, None) => vec![cell.clone()],
                    (4, Some(value)) => {
                        *cell = value.clone();
                        vec![value]
                    }
                    (_, None) => {
                        let own = small(cell)?.to_le_bytes();
                        vec![BigUint::from_bytes_le(&own[place..place + bytes])]
                    }
                    (_, Some(value)) => {
                        let mut own = small(cell)?.to_le_bytes();
                        let put = small(&value)?.to_le_bytes();
                        own[place..place + bytes].copy_from_slice(&put[..bytes]);
                        *cell = BigUint::from_bytes_le(&own);
                        vec![value]
                    }
                }
            }
            99 | 100 => {
                let half = &radix >> 1u8;
                vec![match within(b * 2u8, &radix * 2u8)? >= radix {
                    true => double(&radix + negated(&a))? % &radix,
                    false => within(a + &half, radix.clone())? + negated(&half),
                }]
            }
            94 => {
                self.hashes += 1;
                vec![poseidon([zero.clone(), a, b])]
            }
            47 => vec![self.cell(argument)?.clone()],
            48 => {
                *self.cell(argument)? = a;
                vec![]
            }
            95 => {
                self.frame = (&self.frame + argument) % modulus;
                vec![]
            }
            96..=98 => {
                let address = (&self.frame + argument) % modulus;
                let cell = self.cell(&address)?;
                if code > 96 {
                    *cell = a.clone();
                }
                match code {
                    96 => vec![cell.clone()],
                    97 => vec![],
                    _ => vec![a],
                }
            }
            _ => {
                let word = self.given.secret.get(self.secrets).ok_or("tape_end")?;
                self.secrets += 1;
                vec![word.clone()]
            }
        };
        let left = left.into_iter().map(|word| word % modulus);
        self.stack.extend(left);
        self.pc = next;
        Ok(())
    }
}

/// The first word of a state after Poseidon's rounds: four of all words, 57 of the first one, and four more.
fn poseidon(mut state: [BigUint; 3]) -> BigUint {
    static CONSTANTS: OnceLock<(Vec<BigUint>, Vec<BigUint>)> = OnceLock::new();
    let (added, matrix) = CONSTANTS.get_or_init(poseidon_constants);
    for (round, added) in added.chunks(3).enumerate() {
        let powers = if (4..61).contains(&round) { 1 } else { 3 };
        for (place, (word, added)) in state.iter_mut().zip(added).enumerate() {
            *word += added;
            if place < powers {
                *word = word.modpow(&BigUint::from(5u8), modulus());
            }
        }
        state = [0, 1, 2].map(|row| {
            let terms = matrix[3 * row..].iter().zip(&state);
            terms.map(|(own, word)| own * word).sum::<BigUint>() % modulus()
        });
    }
    let [first, ..] = state;
    first
}

/// What is added in the rounds, and the matrix, as the paper's generator makes them: bit i of `state` is the one that comes i-th.
fn poseidon_constants() -> (Vec<BigUint>, Vec<BigUint>) {
    let described = [(1u128, 2), (0, 4), (254, 12), (3, 12), (8, 10), (57, 10)];
    let described = described
        .iter()
        .fold(0, |own, (value, bits)| own << bits | value);
    let first = (described << 30 | ((1 << 30) - 1)) << 48;
    let mut state = first.reverse_bits();
    let mut step = move || {
        let taps = [62, 51, 38, 23, 13, 0].iter().map(|tap| state >> tap & 1);
        let bit = taps.fold(0, |sum, own| sum ^ own);
        state = state >> 1 | bit << 79;
        bit as u8
    };
    (0..160).for_each(|_| _ = step());
    let mut integer = || {
        let mut bits = vec![];
        while bits.len() < 254 {
            let chosen = step();
            let bit = step();
            bits.extend((chosen == 1).then_some(bit));
        }
        BigUint::from_radix_be(&bits, 2).unwrap()
    };
    let mut added = vec![];
    while added.len() < 3 * 65 {
        added.extend(Some(integer()).filter(|own| own < modulus()));
    }
    let sides: Vec<BigUint> = (0..6).map(|_| integer()).collect();
    let entry = |i: usize| &sides[i / 3] + &sides[3 + i % 3];
    let inverse = |own: BigUint| own.modpow(&(modulus() - 2u8), modulus());
    (added, (0..9).map(|i| inverse(entry(i))).collect())
}
