//! What benches and tests share.

// Each of them uses only a part.
#![allow(dead_code)]

use halo2_stack_vm::asm::assemble;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::kzg::KzgParams;
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;

/// KZG parameters of no ceremony: whoever makes them could forge proofs.
pub fn kzg_params(k: u32) -> KzgParams {
    KzgParams::insecure_dev(k).unwrap()
}

/// Whether to measure little, so that it is quick: with `STACKVM_BENCH_QUICK=1`, with `--quick` or `--test`,
/// and when cargo runs a bench as a test, that is without `--bench`.
pub fn quick() -> bool {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let asked = std::env::var_os("STACKVM_BENCH_QUICK").is_some_and(|value| value != "0");
    asked || has("--quick") || has("--test") || !has("--bench")
}

/// Three quarters of the rows of a circuit of `2^k` rows: what the runs that are measured fill.
pub fn three_quarters(k: u32) -> usize {
    3 << (k - 2)
}

/// A straight line of `length` instructions: `push 3`, then `push 3 add`, `push 3 mul` in turn.
///
/// Its stack is never deeper than two words, and an odd length ends with one: nothing to unwind.
pub fn straight_line(length: usize) -> Program<Fr> {
    let opcode = |step: usize| match step % 4 {
        2 => Opcode::Add,
        0 if step > 0 => Opcode::Mul,
        _ => Opcode::Push,
    };
    let instruction = |step| Instruction::new(opcode(step), Fr::from(3));
    (0..length).map(instruction).collect()
}

/// A program of `programs/`, or another text, that has another number in place of its own.
pub fn with_number(text: &str, own: &str, number: usize) -> Program<Fr> {
    assert!(text.contains(own), "{own:?}");
    let text = text.replacen(own, &format!(".const N {number}\n"), 1);
    assemble(&text).expect("it is assembled")
}

/// A run of a straight line of `length` instructions.
pub fn straight_run(length: usize, set: InstructionSet) -> Trace<Fr> {
    Trace::new(&straight_line(length), None, set).expect("a straight line runs to its end")
}

/// The Fibonacci number with this index, by a loop of seven instructions.
pub fn fibonacci(iterations: usize) -> Program<Fr> {
    use Opcode::{Add, Addi, Dup, Jnz, Pick2, Push, Rot, Swap};
    let minus_one = -Fr::from(1);
    let plain = |opcode| Instruction::new(opcode, Fr::from(0));
    Program::from(vec![
        Instruction::new(Push, Fr::from(0)),
        Instruction::new(Push, Fr::from(1)),
        Instruction::new(Push, Fr::from(iterations as u64)),
        plain(Rot),
        plain(Pick2),
        plain(Add),
        plain(Swap),
        Instruction::new(Addi, minus_one),
        plain(Dup),
        Instruction::new(Jnz, Fr::from(3)),
    ])
}

/// The number of iterations of the Fibonacci loop that fit into so many rows.
pub fn fibonacci_iterations(rows: usize) -> usize {
    (rows - 5) / 7
}

/// A run of the Fibonacci loop, with its smallest set unless another is given.
pub fn fibonacci_run(iterations: usize, set: Option<InstructionSet>) -> Trace<Fr> {
    let program = fibonacci(iterations);
    let set = set.unwrap_or(program.smallest_set());
    Trace::new(&program, None, set).expect("the loop runs to its end")
}
