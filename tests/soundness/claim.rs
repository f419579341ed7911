//! What a prover may claim, and what is honest of it.

use ff::Field;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{Column, Columns};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::Fr;

use crate::programs::MAX_STEPS;

/// Where the second phase departs from what the rules say, so that the sum ends as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// In what the sum starts from.
    Start,
    /// In the sum after this row.
    Sum(usize),
    /// In the fraction of the cell that this row makes.
    Made(usize),
    /// In the fraction of the instruction that this row looks up.
    Fetched(usize),
    /// In the fractions of the instruction that this row provides.
    Provided(usize),
    /// In a fraction of the limbs or of the memory, on this row.
    Fraction(Column, usize),
    /// In the words used, folded, on the first row.
    Tape,
    /// In what they are folded onto, on the last row.
    TapeEnd,
    /// In the words stated, folded, on the first row.
    Stated,
    /// On the last row.
    StatedEnd,
}

/// What a prover claims: a statement and a witness, be they honest or not.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The opcodes and the arguments as they are stated, the end of the program included where that is.
    pub given: Vec<[Fr; 2]>,
    /// The stated output.
    pub output: Fr,
    /// What is stated on the public tape, its end included.
    pub tape: Vec<Fr>,
    /// The program as it stands in the machine's own cells, where it has any: one entry for every
    /// row, the final one included.
    pub cells: Vec<[Fr; 2]>,
    /// The tape as it stands in the machine's own cells, if that is not what is stated.
    pub taped: Option<Vec<Fr>>,
    /// The first-phase columns of the machine.
    pub columns: Columns<Vec<Fr>>,
    /// What the sum starts from.
    pub start: Fr,
    /// A false second phase.
    pub slip: Option<Slip>,
}

/// The secrets that a witness has: the words that it pushes where it says that it executes `secret`.
pub fn secrets(columns: &Columns<Vec<Fr>>) -> Vec<Fr> {
    let Some(flag) = columns.flag(Opcode::Secret) else {
        return vec![];
    };
    let set = (0..flag.len()).filter(|row| flag[*row] == Fr::ONE);
    set.map(|row| columns.top()[row + 1]).collect()
}

/// The program that is stated so. `None` if an opcode is no number of 64 bits.
///
/// With control flow that is what stands before the halt at its end; without that halt, all of it.
pub fn program(words: &[[Fr; 2]], set: InstructionSet) -> Option<Program<Fr>> {
    let mut instructions = vec![];
    let halt = set.stated(Opcode::Halt);
    let last = words.iter().rposition(|own| says(own, set));
    for [opcode, argument] in &words[..last.map_or(0, |last| last + 1)] {
        let opcode = opcode.to_u64()?;
        let argument = *argument;
        match opcode.checked_sub(halt + 1) {
            Some(opcode) => instructions.push(Instruction { opcode, argument }),
            None if !set.has_control() => break,
            None if opcode == halt => instructions.push(Instruction::new(Opcode::Halt, argument)),
            // Nothing, which is no instruction.
            None => instructions.push(Instruction {
                opcode: u64::MAX,
                argument,
            }),
        }
    }
    if ends(words, set) {
        instructions.pop();
    }
    Some(Program::from(instructions))
}

/// Whether something is stated: an instruction or, where it stands in the memory, an argument.
fn says([opcode, argument]: &[Fr; 2], set: InstructionSet) -> bool {
    *opcode != Fr::ZERO || set.has_memory() && *argument != Fr::ZERO
}

/// Whether a listing has a halt at its end.
fn ends(words: &[[Fr; 2]], set: InstructionSet) -> bool {
    let halt = Fr::from(set.stated(Opcode::Halt));
    let listed = words.iter().rfind(|own| says(own, set));
    set.has_control() && listed.is_some_and(|[opcode, _]| *opcode == halt)
}

/// The run of what is stated, on these secrets; `None` if it fails.
pub fn run(
    given: &[[Fr; 2]],
    set: InstructionSet,
    tape: &[Fr],
    secrets: Vec<Fr>,
) -> Option<Trace<Fr>> {
    let (end, words) = tape
        .iter()
        .rposition(|word| *word != Fr::ZERO)
        .map(|end| (end, tape))?;
    if words[end] != Fr::ONE {
        return None;
    }
    let inputs = Inputs {
        public: words[..end].to_vec(),
        secret: secrets,
    };
    let program = program(given, set)?;
    let job = Job::new(&program, set, &inputs)
        .whole_tape()
        .max_steps(MAX_STEPS);
    let trace = job.trace().ok()?;
    let halted = trace.rows().last()?.pc as usize;
    // What is not listed is not executed, be it the end of the program.
    let listed = !set.has_control() || halted < program.len() || ends(given, set);
    listed.then_some(trace)
}
