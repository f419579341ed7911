//! What a program gives by the meaning of its words alone: integers modulo the field's, a vector for
//! the stack. Shares nothing with the crate but the codes of the instructions. The fuzzer's targets and
//! `tests/conformance.rs` include this file.

use std::sync::OnceLock;

use num_bigint::BigUint;

/// The number of words of bn254's scalar field.
pub fn modulus() -> &'static BigUint {
    const MODULUS: &[u8] =
        b"21888242871839275222246405745257275088548364400416034343698204186575808495617";
    static MODULUS_INTEGER: OnceLock<BigUint> = OnceLock::new();
    MODULUS_INTEGER.get_or_init(|| BigUint::parse_bytes(MODULUS, 10).unwrap())
}

/// The output of a program of a set that has the instructions of codes below `codes`, or the name of the
/// error.
pub fn evaluate(program: &[(u64, BigUint)], codes: u64) -> Result<BigUint, &'static str> {
    let modulus = modulus();
    let (zero, one) = (BigUint::from(0u8), BigUint::from(1u8));
    let mut stack: Vec<BigUint> = vec![];
    for (code, argument) in program {
        if *code >= codes {
            return Err("invalid_opcode");
        }
        let needs = match code {
            0 | 1 => 0,
            4 | 6 | 7 | 9 | 10 | 13..=17 => 1,
            2 | 3 | 5 | 8 | 11 | 12 | 18 | 19 => 2,
            20 | 21 => 3,
            22 => 4,
            _ => return Err("invalid_opcode"),
        };
        if stack.len() < needs {
            return Err("stack_underflow");
        }
        // The words that it needs, the lowest first.
        let own = stack[stack.len() - needs..].to_vec();
        let [a, b] = [0, 1].map(|i| own.get(i).cloned().unwrap_or_default());
        let bit = |bit: bool| if bit { one.clone() } else { zero.clone() };
        let is_bit = |word: &BigUint| *word <= one;
        let negated = |word: &BigUint| (modulus - word) % modulus;
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
            21 => [own.clone(), vec![a]].concat(),
            _ => [own.clone(), vec![a]].concat(),
        };
        stack.truncate(stack.len() - needs);
        stack.extend(left.into_iter().map(|word| word % modulus));
    }
    Ok(stack.into_iter().next().unwrap_or_default())
}
