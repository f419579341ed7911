//! 32-bit words: every instruction that computes with them over all operands of a small field, and runs of limbs of every
//! size.

use std::collections::BTreeSet;
use std::ops::{Add, Mul, Sub};

use halo2_stack_vm::algebra::Algebra;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{Cofactor, Double, InstructionSet, Opcode, Operands, Relation, Shape};
use halo2_stack_vm::machine::words::table_row;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement, WitnessError};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::vm::{Inputs, Job, RunError, Trace};
use halo2curves::bn256::Fr;

/// The size of the small field: a prime.
const FIELD: u64 = 257;
/// How many words there are in it: the double of two such words is less than half of the field, as it is in a real one.
const RADIX: u64 = 8;

/// A number of the small field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Small(u64);

impl Add for Small {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Small((self.0 + other.0) % FIELD)
    }
}

impl Sub for Small {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Small((self.0 + FIELD - other.0) % FIELD)
    }
}

impl Mul for Small {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Small(self.0 * other.0 % FIELD)
    }
}

impl Algebra for Small {
    fn constant(value: u64) -> Self {
        Small(value % FIELD)
    }
    fn vanishes(&self) -> bool {
        self.0 == 0
    }
}

/// What a row of the small machine holds.
#[derive(Clone, Copy)]
struct Row {
    /// The top, and the word below it.
    words: [Small; 2],
    argument: Small,
    double: [u64; 2],
    result: Small,
}

/// What a product comes to, and its second factor.
fn product(relation: &Relation<Small>, row: &Row) -> [Small; 2] {
    let cofactor = match relation.cofactor {
        Cofactor::Second => row.words[1],
        Cofactor::Low => row.low(),
        Cofactor::Argument => row.argument,
        Cofactor::Hint => unreachable!("no instruction with 32-bit words has a hint"),
        Cofactor::Zero => Small(0),
    };
    [relation.factor * cofactor, cofactor]
}

impl Operands<Small> for Row {
    fn word(&self, place: usize) -> Small {
        self.words[place]
    }
    fn argument(&self) -> Small {
        self.argument
    }
    fn hint(&self) -> Small {
        unreachable!("no instruction with 32-bit words has a hint")
    }
    fn result(&self) -> Small {
        self.result
    }
    fn following(&self) -> Small {
        unreachable!("none of them asks where it stands")
    }
    fn jumps(&self) -> Small {
        unreachable!("none of them jumps")
    }
    fn low(&self) -> Small {
        Small(self.double[0])
    }
    fn high(&self) -> Small {
        Small(self.double[1])
    }
    fn both(&self) -> Small {
        Small(self.double[0] & self.double[1])
    }
    fn old(&self) -> Small {
        unreachable!("none of them accesses the memory")
    }
    fn radix(&self) -> Small {
        Small(RADIX)
    }
}

impl Row {
    /// The new top, if the constraints of `machine::core` and `machine::words` accept the row.
    fn accepted(mut self, opcode: Opcode) -> Option<Small> {
        // The new top does not depend on itself.
        let relation = opcode.relation(&self);
        self.result = relation.top + product(&relation, &self)[0];
        let relation = opcode.relation(&self);
        let [_, cofactor] = product(&relation, &self);
        let words = match relation.double {
            Some(Double::Split(_) | Double::Quotient(..)) => true,
            Some(Double::Pair(low, high)) => [low, high] == [self.low(), self.high()],
            None => self.double == [0; 2],
        };
        let tests = [
            relation.zero,
            relation.factor * relation.factor_test,
            cofactor * relation.cofactor_test,
        ];
        let rest = relation.rest.is_none_or(|own| own.0 < RADIX);
        (words && rest && tests == [Small(0); 3]).then_some(self.result)
    }
}

/// What an instruction gives for words, by its meaning.
fn meant(opcode: Opcode, [b, a]: [u64; 2], x: u64) -> u64 {
    match opcode {
        Opcode::Add32 => (a + b) % RADIX,
        Opcode::Sub32 => (a + RADIX - b) % RADIX,
        Opcode::Mul32 => a * b % RADIX,
        Opcode::Mulhi32 => a * b / RADIX,
        Opcode::Lt32 => u64::from(a < b),
        Opcode::And32 => a & b,
        Opcode::Or32 => a | b,
        Opcode::Xor32 => a ^ b,
        Opcode::Addi32 => (b + x) % RADIX,
        Opcode::Muli32 => b * x % RADIX,
        Opcode::Mulhii32 => b * x / RADIX,
        Opcode::Rotli32 => b * x % RADIX + b * x / RADIX,
        Opcode::Assert32 => b,
        Opcode::Div32 => a / b,
        Opcode::Rem32 => a % b,
        Opcode::Andi32 => b & x,
        Opcode::Ori32 => b | x,
        Opcode::Xori32 => b ^ x,
        other => panic!("say what `{other}` means"),
    }
}

/// For whatever operands, each pair of words that is accepted gives the same result; for words it is the right one, and an
/// instruction that combines bits accepts nothing else.
#[test]
fn an_instruction_determines_its_result_for_all_operands_of_a_small_field() {
    let opcodes = Opcode::ALL.iter().copied();
    let opcodes: Vec<_> = opcodes.filter(|own| own.uses_words()).collect();
    assert_eq!(opcodes.len(), 18);
    for opcode in opcodes {
        let arguments = if opcode.takes_argument() { FIELD } else { 1 };
        let seconds = if opcode.needs() > 1 { FIELD } else { 1 };
        let (mut refused, mut all) = (0, 0);
        for top in 0..FIELD {
            for (second, argument) in (0..seconds).flat_map(|a| (0..arguments).map(move |x| (a, x)))
            {
                let pairs = (0..RADIX).flat_map(|low| (0..RADIX).map(move |high| [low, high]));
                let results: BTreeSet<_> = pairs
                    .filter_map(|double| {
                        let row = Row {
                            words: [Small(top), Small(second)],
                            argument: Small(argument),
                            double,
                            result: Small(0),
                        };
                        row.accepted(opcode)
                    })
                    .collect();
                let operands = [top, second];
                assert!(
                    results.len() <= 1,
                    "{opcode}: {operands:?}, {argument}: {results:?}"
                );
                let words = [top, second, argument].iter().all(|own| *own < RADIX);
                let divides = [Opcode::Div32, Opcode::Rem32].contains(&opcode);
                if divides && top == 0 {
                    assert_eq!(results.len(), 0, "{opcode}: {operands:?}");
                } else if words {
                    let expected = BTreeSet::from([Small(meant(opcode, operands, argument))]);
                    assert_eq!(results, expected, "{opcode}: {operands:?}, {argument}");
                }
                refused += u64::from(results.is_empty());
                all += 1;
            }
        }
        println!("{opcode}: {refused} of {all} refused");
        assert!(refused > 0 && refused < all);
    }
}

/// The table has each pair of limbs once.
#[test]
fn the_table_has_all_pairs_of_limbs_and_what_they_have_in_common() {
    let words = InstructionSet::of(&[Opcode::Push, Opcode::Xor32]);
    for (rows, bits) in [
        (4, 1),
        (15, 1),
        (16, 2),
        (255, 2),
        (256, 4),
        (65_535, 4),
        (65_536, 8),
    ] {
        let shape = Shape::from(words).of_rows(rows);
        assert_eq!((shape.limb_bits, shape.limbs()), (bits, 32 / bits as usize));
        assert_eq!(shape.table_rows(), 1 << (2 * bits));
        let table: BTreeSet<_> = (0..shape.table_rows())
            .map(|row| table_row(shape, row))
            .collect();
        assert_eq!(table.len(), shape.table_rows());
        for [left, right, common] in table {
            assert!(left < 1 << bits && right < 1 << bits);
            assert_eq!(common, left & right);
        }
        assert_eq!(table_row(shape, shape.table_rows()), [0; 3]);
    }
    // A set without such words has none of it.
    let shape = Shape::from(InstructionSet::FULL).of_rows(1 << 20);
    assert_eq!(
        (shape.limb_bits, shape.limbs(), shape.table_rows()),
        (0, 0, 0)
    );
}

fn run(source: &str) -> Result<u64, RunError> {
    let program: Program<Fr> = asm::assemble(source).unwrap();
    let inputs = Inputs::none();
    let outcome = Job::new(&program, program.smallest_set(), &inputs).run()?;
    Ok(halo2_stack_vm::algebra::Word::to_u64(&outcome.output).unwrap())
}

#[test]
fn words_wrap_around_and_what_is_none_is_an_error() {
    let most = u64::from(u32::MAX);
    for (source, expected) in [
        ("push 0xffffffff\npush 2\nadd32", 1),
        ("push 1\npush 2\nsub32", most),
        ("push 0xffffffff\npush 0xffffffff\nmul32", 1),
        ("push 0xffffffff\npush 0xffffffff\nmulhi32", most - 1),
        ("push 0x80000000\npush 0x7fffffff\nlt32", 0),
        ("push 5\npush 6\nlt32", 1),
        ("push 6\npush 6\nlt32", 0),
        ("push 0xff00ff00\npush 0x0ff00ff0\nand32", 0x0f00_0f00),
        ("push 0xff00ff00\npush 0x0ff00ff0\nor32", 0xfff0_fff0),
        ("push 0xff00ff00\npush 0x0ff00ff0\nxor32", 0xf0f0_f0f0),
        ("push 0xff00ff00\nandi32 0x0ff00ff0", 0x0f00_0f00),
        ("push 0xff00ff00\nori32 0x0ff00ff0", 0xfff0_fff0),
        ("push 0xff00ff00\nxori32 0x0ff00ff0", 0xf0f0_f0f0),
        ("push 0xffffffff\naddi32 1", 0),
        // By seven places to the left, to the right, and around.
        ("push 0x80000001\nmuli32 128", 128),
        ("push 0x80000001\nmulhii32 0x2000000", 0x0100_0000),
        ("push 0x80000001\nrotli32 128", 192),
        ("push 0x80000001\nshl32 7", 128),
        ("push 0x80000001\nshl32 31", 1 << 31),
        ("push 0x80000001\nshr32 7", 0x0100_0000),
        ("push 0x80000001\nshr32 0", 0x8000_0001),
        ("push 0x80000001\nrotl32 7", 192),
        ("push 0x80000001\nrotr32 7", 0x0300_0000),
        ("push 0x80000001\nrotr32 0", 0x8000_0001),
        ("push 0xffffffff\nassert32", most),
        ("push 0xffffffff\npush 10\ndiv32", most / 10),
        ("push 0xffffffff\npush 10\nrem32", 5),
        ("push 9\npush 10\ndiv32", 0),
        ("push 9\npush 10\nrem32", 9),
        ("push 0xffffffff\npush 0xffffffff\ndiv32", 1),
        ("push 0xffffffff\npush 1\ndiv32", most),
        ("push 0\npush 1\nrem32", 0),
    ] {
        assert_eq!(run(source), Ok(expected), "{source}");
    }
    let above = "push 0x100000000\n";
    for source in [
        "push -1\npush 0\nadd32".to_owned(),
        format!("{above}push 0\nsub32"),
        "push 0\npush 0x100000001\nsub32".to_owned(),
        "push -1\npush 2\nmul32".to_owned(),
        format!("{above}push 0\nlt32"),
        format!("{above}push 0\nand32"),
        format!("push 0\n{above}or32"),
        format!("push 0\n{above}xor32"),
        "push 0\naddi32 -1".to_owned(),
        format!("{above}muli32 0x100000000"),
        format!("{above}assert32"),
        "push -1\nassert32".to_owned(),
        "push 7\npush 0\ndiv32".to_owned(),
        "push 0\npush 0\nrem32".to_owned(),
        "push -1\npush 3\ndiv32".to_owned(),
        "push 3\npush -1\nrem32".to_owned(),
        // The quotient is no word.
        format!("{above}push 1\nrem32"),
    ] {
        let error = run(&source).unwrap_err();
        assert_eq!(error.kind(), "fault", "{source}");
        let last = source.lines().last().unwrap().split(' ').next().unwrap();
        assert!(
            error.to_string().contains(&format!("`{last}` fails: ")),
            "{error}"
        );
    }
}

/// A round of a hash: each instruction, on words with many bits.
const ROUND: &str = "push 0x9e3779b9\npush 0x7f4a7c15\nadd32\nrotli32 8192\npush 0x85ebca6b\nxor32\nmuli32 0xc2b2ae35\n\
    push 0x27d4eb2f\nand32\naddi32 0x165667b1\npush 0xfd7046c5\nor32\nmulhii32 65536\npush 0xb55a4f09\nmul32\n\
    push 0x62a9d9ed\nmulhi32\npush 0x799705f5\nsub32\nassert32\npush 0xff51afd7\nlt32\npush 4\nmul32\n\
    addi32 0xfffffff7\ndup\npush 10\nrem32\nover\npush 0x10001\ndiv32\nmul32\nxor32";

fn round() -> (Program<Fr>, Trace<Fr>) {
    let program: Program<Fr> = asm::assemble(ROUND).unwrap();
    let trace = Trace::new(&program, None, program.smallest_set()).unwrap();
    (program, trace)
}

/// What a run says holds of limbs of every size, under every binding; another output does not.
#[test]
fn limbs_of_every_size_are_accepted() {
    let (program, trace) = round();
    for k in [6, 9, 17] {
        for binding in Binding::ALL {
            let params = CircuitParams::new(k, trace.set(), binding).unwrap();
            let source = KeySource::for_program(params, &program).unwrap();
            let circuit = StackVmCircuit::new(source, &trace).unwrap();
            let mut statement = Statement::of(&trace);
            assert_eq!(circuit.check(&statement), Ok(()), "k = {k}, {binding:?}");
            statement.output += Fr::one();
            let error = circuit.check(&statement).unwrap_err();
            let WitnessError::Unsatisfied { constraint, .. } = &error else {
                panic!("{error}");
            };
            let ends = "the sum ends as beta * top less the bottom word's cell";
            assert_eq!(constraint, ends);
        }
    }
}

/// Bytes need a table of 2^16 rows, which is what a circuit of 2^17 rows has room for: a real proof of it.
#[test]
fn words_are_proved_with_limbs_of_bytes() {
    let (program, trace) = round();
    let circuit = CircuitParams::new(17, trace.set(), Binding::Public).unwrap();
    assert_eq!(circuit.shape().limb_bits, 8);
    let params = KzgParams::insecure_dev(circuit.k()).unwrap();
    let source = KeySource::for_program(circuit, &program).unwrap();
    let key = Kzg::keygen_of(&params, &source).unwrap();
    let proof = Kzg::prove(&params, &key, &trace).unwrap();
    let mut statement = Statement::of(&trace).in_circuit(circuit);
    Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap();
    statement.output += Fr::one();
    Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap_err();
}
