//! What the assembler reads, and what it says of what it does not.

mod data;
mod forms;
mod messages;
mod names;
mod properties;
mod text;

use halo2curves::bn256::Fr;

use super::limits::{MOST_CONSTANTS, MOST_LABELS};
use super::suggest::nearest;
use super::*;
use crate::algebra::Algebra;
use crate::isa::Opcode;
use crate::program::Instruction;
use crate::text::excerpt;

fn word(value: u64) -> Fr {
    Fr::constant(value)
}

fn push(argument: Fr) -> Instruction<Fr> {
    Instruction {
        opcode: 1,
        argument,
    }
}

fn plain(opcode: u64) -> Instruction<Fr> {
    Instruction {
        opcode,
        argument: word(0),
    }
}

/// The instructions of a text.
fn assembled(source: &str) -> Vec<Instruction<Fr>> {
    assemble::<Fr>(source).unwrap().instructions().to_vec()
}

fn errors(source: &str) -> Vec<AsmError> {
    assemble::<Fr>(source).unwrap_err().errors().to_vec()
}

/// The only error of a text, which must be about `piece` of it.
#[track_caller]
fn error_at(source: &str, line: usize, column: usize, piece: &str) -> AsmErrorKind {
    let [error]: [AsmError; 1] = errors(source).try_into().unwrap();
    assert_eq!((error.line, error.column), (line, column));
    assert_eq!(&source[error.span], piece);
    error.kind
}

fn modulus_plus(difference: i64) -> String {
    (num_bigint::BigInt::from(Fr::modulus()) + difference).to_string()
}
