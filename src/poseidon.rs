//! Poseidon, the hash of two words: circomlib's, whose trees and commitments are in use.
//!
//! L. Grassi, D. Khovratovich, C. Rechberger, A. Roy, M. Schofnegger, *Poseidon: A New Hash Function for Zero-Knowledge Proof
//! Systems*, USENIX Security 2021 (ePrint 2019/458). The state has three words, the S-box is the fifth power, and there are 8 full rounds and 57
//! partial ones. The hash of two words is the first word of the permuted state `(0, left, right)`.
//!
//! The constants of a field are those that appendix E of the paper makes of its modulus, with the generator's bits from the
//! Grain LFSR; that no matrix has subspaces which the rounds leave as they are is not checked anew. For the scalar field of BN254 they are circomlib's.
//! Five has to be prime to the modulus less one, and the number of rounds is chosen for fields of about 254 bits: see [`suits`].

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use num_bigint::BigUint;

use crate::algebra::Word;

/// The words of a state.
pub const WIDTH: usize = 3;
/// The full rounds, half of them before the partial ones and half after.
pub const FULL_ROUNDS: usize = 8;
/// The partial rounds, in which only the first word goes through an S-box.
pub const PARTIAL_ROUNDS: usize = 57;
/// The rows of a machine that a permutation takes: see [`crate::machine::hash`].
pub const ROWS: usize = 7;
/// All rounds.
pub const ROUNDS: usize = FULL_ROUNDS + PARTIAL_ROUNDS;

/// The constants of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constants<F> {
    /// What is added to the state in each round.
    pub added: [[F; WIDTH]; ROUNDS],
    /// What the state is multiplied by at the end of each round, row by row.
    pub matrix: [[F; WIDTH]; WIDTH],
}

/// Whether all words go through an S-box in a round.
pub const fn is_full(round: usize) -> bool {
    round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + PARTIAL_ROUNDS
}

/// Whether the hash is one in a field: the fifth power has to be a permutation of it, and the number of rounds is enough for 128 bits of security in
/// fields of 250 to 256 bits (table 2 of the paper).
///
/// ```
/// use halo2curves::{bn256, secp256k1};
///
/// assert!(halo2_stack_vm::poseidon::suits::<bn256::Fr>());
/// assert!(halo2_stack_vm::poseidon::suits::<secp256k1::Fq>());
/// ```
pub fn suits<F: Word>() -> bool {
    let permutes = (F::modulus() - 1u8) % 5u8 != BigUint::ZERO;
    (250..=256).contains(&F::BITS) && permutes
}

/// The hash of two words.
///
/// ```
/// use halo2_stack_vm::algebra::Word;
/// use halo2curves::bn256::Fr;
///
/// let hash = halo2_stack_vm::poseidon::hash(Fr::from(1), Fr::from(2));
/// // That of circomlib.
/// let known = "7853200120776062878684798364095072458815029376092732009249414926327459813530";
/// assert_eq!(hash.to_text(), known);
/// ```
pub fn hash<F: Word>(left: F, right: F) -> F {
    Constants::of_field().hash(left, right)
}

/// The fifth power.
fn fifth<F: Word>(word: F) -> F {
    let square = word * word;
    square * square * word
}

impl<F: Word> Constants<F> {
    /// Those of the field, made once.
    pub fn of_field() -> Arc<Self> {
        made_once(Self::new)
    }

    fn new() -> Self {
        let mut grain = Grain::new(F::BITS);
        let added = std::array::from_fn(|_| std::array::from_fn(|_| grain.word_below()));
        // A Cauchy matrix.
        let matrix = loop {
            let words: [F; 2 * WIDTH] = std::array::from_fn(|_| grain.word());
            let distinct = (1..words.len()).all(|own| !words[..own].contains(&words[own]));
            let entry = |row: usize, column: usize| (words[row] + words[WIDTH + column]).inverse();
            let entries = [0, 1, 2].map(|row| [0, 1, 2].map(|column| entry(row, column)));
            if distinct && entries.iter().flatten().all(Option::is_some) {
                break entries.map(|row| row.map(|own| own.unwrap_or(F::zero())));
            }
        };
        Constants { added, matrix }
    }

    /// The hash of two words, with these constants.
    pub fn hash(&self, left: F, right: F) -> F {
        let mut state = [F::zero(), left, right];
        for (round, added) in self.added.iter().enumerate() {
            for (word, added) in state.iter_mut().zip(added) {
                *word = *word + *added;
            }
            let sboxes = if is_full(round) { WIDTH } else { 1 };
            for word in &mut state[..sboxes] {
                *word = fifth(*word);
            }
            state = self.mixed(&state);
        }
        state[0]
    }

    /// The state multiplied by the matrix.
    fn mixed(&self, state: &[F; WIDTH]) -> [F; WIDTH] {
        self.matrix.map(|row| {
            let terms = row.iter().zip(state);
            terms.fold(F::zero(), |sum, (factor, word)| sum + *factor * *word)
        })
    }
}

/// What there is one of for each type, made when it is first asked for.
pub(crate) fn made_once<T: Send + Sync + 'static>(make: impl FnOnce() -> T) -> Arc<T> {
    type Shared = BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>;
    static ALL: Mutex<Shared> = Mutex::new(BTreeMap::new());
    let all = || ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let found = all().get(&TypeId::of::<T>()).cloned();
    if let Some(Ok(own)) = found.map(Arc::downcast::<T>) {
        return own;
    }
    // What it is made of may be one of these too; made twice, it is the same.
    let own = Arc::new(make());
    all().insert(TypeId::of::<T>(), own.clone());
    own
}

/// The generator of the constants: the Grain LFSR in the self-shrinking mode of the paper's appendix E.
struct Grain {
    state: VecDeque<bool>,
    bits: u32,
}

impl Grain {
    /// The bits of the state.
    const STATE: usize = 80;
    /// The first bits, which are not used.
    const DISCARDED: usize = 160;

    /// The generator for a field of so many bits.
    fn new(bits: u32) -> Self {
        // A prime field; a power as the S-box.
        let parameters = [
            (1, 2),
            (0, 4),
            (bits, 12),
            (WIDTH as u32, 12),
            (FULL_ROUNDS as u32, 10),
            (PARTIAL_ROUNDS as u32, 10),
        ];
        let mut state = VecDeque::with_capacity(Self::STATE);
        for (value, length) in parameters {
            state.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
        }
        state.resize(Self::STATE, true);
        let mut grain = Grain { state, bits };
        for _ in 0..Self::DISCARDED {
            grain.next_bit();
        }
        grain
    }

    fn next_bit(&mut self) -> bool {
        let taps = [0, 13, 23, 38, 51, 62];
        let bit = taps.iter().fold(false, |sum, tap| sum ^ self.state[*tap]);
        self.state.pop_front();
        self.state.push_back(bit);
        bit
    }

    /// Of each pair of bits whose first one is 1, the second.
    fn shrunk_bit(&mut self) -> bool {
        loop {
            let [chosen, bit] = [self.next_bit(), self.next_bit()];
            if chosen {
                return bit;
            }
        }
    }

    /// As many bits as a word has, the most significant one first.
    fn integer(&mut self) -> BigUint {
        (0..self.bits).fold(BigUint::ZERO, |value, _| {
            (value << 1u8) + u8::from(self.shrunk_bit())
        })
    }

    /// A word: the first integer that is one.
    fn word_below<F: Word>(&mut self) -> F {
        loop {
            if let Some(word) = F::from_integer(&self.integer()) {
                return word;
            }
        }
    }

    /// A word: what the next integer is in the field.
    fn word<F: Word>(&mut self) -> F {
        let integer = self.integer() % F::modulus();
        F::from_integer(&integer).unwrap_or(F::zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::Number;
    use halo2curves::bn256::Fr;
    use halo2curves::secp256k1::Fq;

    #[test]
    fn the_constants_are_circomlibs() {
        let constants = Constants::<Fr>::of_field();
        let hex = |word: Fr| format!("{:x}", word.to_integer());
        // The first of `poseidon_constants.circom` for three words, and the first of its matrix.
        assert_eq!(
            hex(constants.added[0][0]),
            "ee9a592ba9a9518d05986d656f40c2114c4993c11bb29938d21d47304cd8e6e"
        );
        assert_eq!(
            hex(constants.matrix[0][0]),
            "109b7f411ba0e4c9b2b70caf5c36a7b194be7c11ad24378bfedb68592ba8118b"
        );
    }

    /// circomlibjs, `poseidon([1, 2])`; and a known leaf of empty trees, `poseidon([0, 0])`.
    #[test]
    fn hashes_are_circomlibs() {
        let known = [
            (
                [1, 2],
                "7853200120776062878684798364095072458815029376092732009249414926327459813530",
            ),
            (
                [0, 0],
                "14744269619966411208579211824598458697587494354926760081771325075741142829156",
            ),
        ];
        for ([left, right], hashed) in known {
            assert_eq!(hash(Fr::from(left), Fr::from(right)).to_text(), hashed);
        }
    }

    #[test]
    fn numbers_and_words_have_one_hash() {
        let words = [Fq::from(7), Fq::from(0) - Fq::from(9)];
        let numbers = words.map(Number::new);
        let hashed = hash(numbers[0], numbers[1]).word();
        assert_eq!(hashed, hash(words[0], words[1]));
        // Its operands are in an order.
        assert_ne!(hashed, hash(words[1], words[0]));
    }
}
