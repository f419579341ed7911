//! TinyRAM: programs give what an interpreter of TinyRAM's own gives, which knows nothing of this machine.

use halo2_stack_vm::asm::TinyRam;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::vm::{Inputs, Job, Outcome, RunError};
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// A register or a word.
#[derive(Clone, Copy, Debug)]
enum Value {
    Register(usize),
    Word(u64),
}

/// An instruction, by the names of the specification: the operation, ri, rj and A.
type Instruction = (&'static str, usize, usize, Value);

/// What differs between machines: the bits of a word, and how far apart instructions are.
#[derive(Clone, Copy, Debug)]
struct Machine {
    bits: u32,
    stride: u64,
}

const MACHINES: [Machine; 4] = [
    Machine {
        bits: 32,
        stride: 1,
    },
    Machine {
        bits: 32,
        stride: 8,
    },
    Machine {
        bits: 16,
        stride: 1,
    },
    Machine {
        bits: 16,
        stride: 4,
    },
];

/// The number of registers.
const REGISTERS: usize = 8;

const THREE: [&str; 13] = [
    "and", "or", "xor", "add", "sub", "mull", "umulh", "smulh", "udiv", "umod", "shl", "shr", "not",
];
const COMPARISONS: [&str; 5] = ["cmpe", "cmpa", "cmpae", "cmpg", "cmpge"];

fn text(machine: Machine, program: &[Instruction]) -> String {
    let Machine { bits, stride } = machine;
    let kind = if stride == 1 { "hv" } else { "vn" };
    let mut text = format!("; TinyRAM V=2.000 M={kind} W={bits} K={REGISTERS}\n");
    for (operation, ri, rj, value) in program {
        let value = match value {
            Value::Register(number) => format!("r{number}"),
            Value::Word(word) => word.to_string(),
        };
        let operands = match *operation {
            "not" => format!("r{ri}, {value}"),
            own if THREE.contains(&own) => format!("r{ri}, r{rj}, {value}"),
            "jmp" | "cjmp" | "cnjmp" | "answer" => value,
            "store.b" | "store.w" => format!("{value}, r{ri}"),
            _ => format!("r{ri}, {value}"),
        };
        text += &format!("{operation} {operands}\n");
    }
    text
}

/// Runs a program as the specification says, and gives its answer; `None` if it leaves the program or a
/// small memory, or does not end.
fn answer(machine: Machine, program: &[Instruction], tapes: [&[u64]; 2]) -> Option<u64> {
    let Machine { bits, stride } = machine;
    let (mask, bytes) = ((1u64 << bits) - 1, u64::from(bits / 8));
    let signed = |word: u64| match word >> (bits - 1) {
        0 => i128::from(word),
        _ => i128::from(word) - (1 << bits),
    };
    let mut registers = [0u64; REGISTERS];
    let mut memory = vec![0u8; 256];
    let mut used = [0; 2];
    let mut flag = false;
    let mut pc = 0;
    for _ in 0..10_000 {
        let number = usize::try_from(pc / stride)
            .ok()
            .filter(|_| pc % stride == 0);
        let (operation, ri, rj, value) = *program.get(number?)?;
        let a = match value {
            Value::Register(number) => registers[number],
            Value::Word(word) => word,
        };
        let (i, j) = (registers[ri], registers[rj]);
        pc += stride;
        let at = a as usize;
        let word_at = (a - a % bytes) as usize;
        let word = word_at..word_at + bytes as usize;
        // What is put into the register, and the flag.
        let mut result = None;
        let flag_was = flag;
        match operation {
            "and" => result = Some((j & a, j & a == 0)),
            "or" => result = Some((j | a, j | a == 0)),
            "xor" => result = Some((j ^ a, j == a)),
            "not" => result = Some((!a, a == mask)),
            "add" => result = Some((j + a, j + a > mask)),
            "sub" => result = Some((j.wrapping_sub(a), j < a)),
            "mull" => {
                result = Some((
                    j.wrapping_mul(a),
                    u128::from(j) * u128::from(a) > mask.into(),
                ))
            }
            "umulh" => {
                let high = (u128::from(j) * u128::from(a)) >> bits;
                result = Some((high as u64, high != 0));
            }
            "smulh" => {
                let product = signed(j) * signed(a);
                let half = 1i128 << (bits - 1);
                result = Some(((product >> bits) as u64, !(-half..half).contains(&product)));
            }
            "udiv" => result = Some((j.checked_div(a).unwrap_or(0), a == 0)),
            "umod" => result = Some((j.checked_rem(a).unwrap_or(0), a == 0)),
            "shl" => {
                result = Some((
                    if a < bits.into() { j << a } else { 0 },
                    j >> (bits - 1) == 1,
                ))
            }
            "shr" => result = Some((if a < bits.into() { j >> a } else { 0 }, j & 1 == 1)),
            "cmpe" => flag = i == a,
            "cmpa" => flag = i > a,
            "cmpae" => flag = i >= a,
            "cmpg" => flag = signed(i) > signed(a),
            "cmpge" => flag = signed(i) >= signed(a),
            "mov" => registers[ri] = a,
            "cmov" if flag_was => registers[ri] = a,
            "cmov" => {}
            "jmp" => pc = a,
            "cjmp" if flag_was => pc = a,
            "cnjmp" if !flag_was => pc = a,
            "cjmp" | "cnjmp" => {}
            "store.b" => *memory.get_mut(at)? = i as u8,
            "load.b" => registers[ri] = (*memory.get(at)?).into(),
            "store.w" => memory
                .get_mut(word)?
                .copy_from_slice(&i.to_le_bytes()[..bytes as usize]),
            "load.w" => {
                let bytes = memory.get(word)?.iter().rev();
                registers[ri] = bytes.fold(0, |word, byte| word << 8 | u64::from(*byte));
            }
            "read" => {
                let tape = tapes.get(at).copied().unwrap_or_default();
                let next = tape.get(used.get(at).copied().unwrap_or(0));
                if next.is_some() {
                    used[at] += 1;
                }
                result = Some((next.copied().unwrap_or(0), next.is_none()));
            }
            "answer" => return Some(a),
            other => panic!("there is no {other}"),
        }
        if let Some((word, own)) = result {
            registers[ri] = word & mask;
            flag = own;
        }
    }
    None
}

fn words(words: &[u64]) -> Vec<Fr> {
    words.iter().copied().map(Fr::from).collect()
}

fn run(source: &str, tapes: [&[u64]; 2]) -> Result<Outcome<Fr>, RunError> {
    let TinyRam { program, reads, .. } = TinyRam::assemble(source).unwrap();
    // A tape that a program does not read is not given to it.
    let [public, secret] = [0, 1].map(|tape| words(if reads[tape] { tapes[tape] } else { &[] }));
    let inputs = Inputs { public, secret }.counted(reads);
    Job::new(&program, program.smallest_set(), &inputs).run()
}

/// That both give the same.
fn agree(machine: Machine, program: &[Instruction], tapes: [&[u64]; 2]) {
    let expected = answer(machine, program, tapes).expect("it stays in the program");
    let source = text(machine, program);
    let own = run(&source, tapes).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(
        own.output,
        Fr::from(expected),
        "{machine:?}, {tapes:?}: {source}"
    );
}

/// Every operation that computes or compares, by a register and by a number, on words at the borders: the result, and the flag.
#[test]
fn operations_are_those_of_the_specification() {
    let mut compared = 0;
    for machine in [MACHINES[0], MACHINES[2]] {
        let bits = u64::from(machine.bits);
        let half = 1 << (bits - 1);
        let mask = 2 * half - 1;
        let borders = [
            0,
            1,
            2,
            7,
            bits - 1,
            bits,
            bits + 1,
            half - 1,
            half,
            half + 1,
            mask - 1,
            mask,
        ];
        let operations = THREE.iter().chain(&COMPARISONS);
        for (operation, left) in operations.flat_map(|own| borders.map(|word| (*own, word))) {
            let forms = |right: u64| {
                let same = (right == left).then_some(Value::Register(1));
                let forms = [Value::Register(2), Value::Word(right)];
                forms.into_iter().chain(same).map(move |form| (right, form))
            };
            for (right, value) in borders.into_iter().flat_map(forms) {
                let compares = COMPARISONS.contains(&operation);
                // What is compared is written by nobody; what is written may be what is read.
                let targets: &[usize] = if compares { &[1] } else { &[1, 2, 3] };
                for target in targets.iter().copied() {
                    let program = |last: Instruction| {
                        vec![
                            ("mov", 1, 0, Value::Word(left)),
                            ("mov", 2, 0, Value::Word(right)),
                            (operation, target, 1, value),
                            ("cmov", 4, 0, Value::Word(1)),
                            last,
                        ]
                    };
                    for answered in [target, 4] {
                        agree(
                            machine,
                            &program(("answer", 0, 0, Value::Register(answered))),
                            [&[], &[]],
                        );
                    }
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 2 * (13 * 3 + 5) * (12 * 12 * 2 + 12));
}

/// Programs that are drawn, of all operations: their jumps go forward, so that they end.
fn draw(machine: Machine, rng: &mut ChaCha8Rng) -> Vec<Instruction> {
    let below = |rng: &mut ChaCha8Rng, bound: usize| (rng.next_u64() % bound as u64) as usize;
    let mask = (1u64 << machine.bits) - 1;
    let length = 40;
    let mut program: Vec<Instruction> = vec![];
    while program.len() < length {
        let (ri, rj) = (below(rng, REGISTERS), below(rng, REGISTERS));
        let word = match below(rng, 3) {
            0 => rng.next_u64() & mask,
            1 => below(rng, 40) as u64,
            _ => mask - below(rng, 3) as u64,
        };
        let value = match below(rng, 2) {
            0 => Value::Register(below(rng, REGISTERS)),
            _ => Value::Word(word),
        };
        let address = Value::Word(below(rng, 60) as u64);
        let access = ["store.b", "load.b", "store.w", "load.w"][below(rng, 4)];
        let jump = ["jmp", "cjmp", "cnjmp"][below(rng, 3)];
        // Not to be jumped over: its two instructions belong together.
        let to = (program.len() + 2 + below(rng, 4)).min(length) as u64 * machine.stride;
        match below(rng, 12) {
            0..=4 => program.push((THREE[below(rng, 13)], ri, rj, value)),
            5 | 6 => program.push((COMPARISONS[below(rng, 5)], ri, 0, value)),
            7 => program.push((["mov", "cmov"][below(rng, 2)], ri, 0, value)),
            8 if below(rng, 2) == 0 => program.push((access, ri, 0, address)),
            8 => {
                program.push(("and", 5, rj, Value::Word(63)));
                program.push((access, ri, 0, Value::Register(5)));
            }
            9 => program.push((jump, 0, 0, Value::Word(to))),
            10 => {
                program.push(("mov", 6, 0, Value::Word(to)));
                program.push((jump, 0, 0, Value::Register(6)));
            }
            _ => {
                let tape = [
                    Value::Word(0),
                    Value::Word(1),
                    Value::Word(2),
                    Value::Register(ri),
                ];
                program.push(("read", rj, 0, tape[below(rng, 4)]));
            }
        }
    }
    // Where a jump may lead to, and what the answer is made of: all registers, and the flag.
    program.truncate(length);
    for register in 1..REGISTERS {
        program.push(("cmov", 0, 0, Value::Register(register)));
        program.push(("mull", 0, 0, Value::Word(31)));
        program.push(("xor", 0, 0, Value::Register(register)));
    }
    program.push(("answer", 0, 0, Value::Register(0)));
    program
}

#[test]
fn drawn_programs_answer_as_they_should() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut agreed = 0;
    // A jump by a register may find what another one left there, if it is jumped to.
    let programs: Vec<_> = (0..400)
        .map(|number| (MACHINES[number % 4], draw(MACHINES[number % 4], &mut rng)))
        .filter(|(machine, program)| answer(*machine, program, [&[7, 8, 9], &[1, 2]]).is_some())
        .collect();
    for (machine, program) in &programs {
        agree(*machine, program, [&[7, 8, 9], &[1, 2]]);
        agreed += 1;
    }
    assert!(agreed > 250, "{agreed} programs of 400");
}

#[test]
fn runs_satisfy_the_circuit() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut satisfied = 0;
    for machine in MACHINES {
        let program = loop {
            let program = draw(machine, &mut rng);
            // Without a jump by a register, which drawn programs may take from elsewhere.
            let direct =
                |own: &Instruction| !own.0.contains("jmp") || matches!(own.3, Value::Word(_));
            if program.iter().all(direct) {
                break program;
            }
        };
        let TinyRam {
            program: lowered,
            reads,
            ..
        } = TinyRam::assemble(&text(machine, &program)).unwrap();
        let inputs = Inputs {
            public: words(&[5]),
            secret: words(&[6, 7]),
        }
        .counted(reads);
        let trace = Job::new(&lowered, lowered.smallest_set(), &inputs)
            .trace()
            .unwrap();
        assert_eq!(
            trace.outcome().output,
            Fr::from(answer(machine, &program, [&[5], &[6, 7]]).unwrap())
        );
        for binding in Binding::ALL {
            let params = CircuitParams::for_trace(&trace, binding).unwrap();
            let source = KeySource::for_program(params, trace.program()).unwrap();
            let circuit = StackVmCircuit::new(source, &trace).unwrap();
            assert_eq!(circuit.check(&Statement::of(&trace)), Ok(()));
            satisfied += 1;
        }
    }
    assert_eq!(satisfied, 12);
}

/// What is no run of TinyRAM: the message says so.
#[test]
fn what_leaves_the_program_fails() {
    for (kind, body, tape, expected) in [
        ("hv", "mov r1, 1", vec![], "fault"),
        ("hv", "mov r1, 9\njmp r1\nanswer r1", vec![], "fault"),
        ("vn", "mov r1, 4\njmp r1\nanswer r1", vec![], "fault"),
        ("hv", "read r1, 0\nanswer r1", vec![1 << 32], "fault"),
        (
            "hv",
            "mov r1, 0xffffffff\nload.w r1, r1\nanswer r1",
            vec![],
            "outside_memory",
        ),
    ] {
        let source = format!("; TinyRAM V=2.000 M={kind} W=32 K=2\n{body}\n");
        let error = run(&source, [&tape, &[]]).unwrap_err();
        assert_eq!(error.kind(), expected, "{source}");
    }
    // The whole primary tape is stated, read or not.
    let outcome = run(
        "; TinyRAM V=2.000 M=hv W=32 K=2\nread r1, 0\nanswer r1",
        [&[5, 6, 7], &[]],
    );
    assert_eq!(outcome.unwrap().tape, words(&[3, 5, 6, 7]));
}

#[test]
fn a_text_that_is_no_program_is_refused() {
    let header = "; TinyRAM V=2.000 M=hv W=32 K=4\n";
    for (body, expected) in [
        (
            "\n mov r1, 5 6",
            "3:10: it is written `mov ri, A`, where r is a register and A a register, a number or a label",
        ),
        (
            "mov 5, r1",
            "2:5: it is written `mov ri, A`, where r is a register and A a register, a number or a label",
        ),
        (
            "store.b r1, 5",
            "2:13: it is written `store.b A, ri`, where r is a register and A a register, a number or a label",
        ),
        (
            "mov r4, 5",
            "2:5: the program has the registers r0 to r3, as its first line says",
        ),
        (
            "mov r1, r+1",
            "2:9: it is written `mov ri, A`, where r is a register and A a register, a number or a label",
        ),
        (
            "mov r1, 4294967296",
            "2:9: a word has 32 bits, as the first line says",
        ),
        (
            "jmp 1",
            "2:5: no instruction has this address; with M=hv addresses count instructions, with M=vn their bytes",
        ),
        (
            "_loop: jmp _lop",
            "2:12: there is no label `_lop`; did you mean `_loop`?",
        ),
        (
            "_a:\n_a: jmp _a",
            "3:1: `_a` is defined already, on line 2; give one of the two another name",
        ),
        (
            "_x mov r1, 5: answer r1",
            "2:1: `_x mov r1, 5` is no label: one begins with `_`, and has letters, digits and `_`, 100 characters at most",
        ),
        (
            "mov r1 5",
            "2:5: it is written `mov ri, A`, where r is a register and A a register, a number or a label",
        ),
        (
            "mov r1, 99999999999999999999",
            "2:9: a word has 32 bits, as the first line says",
        ),
        (
            "mov r99999999999999999999, 5",
            "2:5: the program has the registers r0 to r3, as its first line says",
        ),
        (
            "; harmless\ranswer 0",
            "2:11: this line ends with a carriage return alone, and others with a line feed: a terminal shows the next line over it; end all lines alike",
        ),
        (
            "a: jmp 0",
            "2:1: `a` is no label: one begins with `_`, and has letters, digits and `_`, 100 characters at most",
        ),
        (
            "mul r1, r2, 3",
            "2:1: TinyRAM has no operation `mul`; did you mean `mull`?",
        ),
    ] {
        let errors = TinyRam::<Fr>::assemble(&format!("{header}{body}")).unwrap_err();
        assert_eq!(errors.to_string(), expected, "{body}");
    }
    for header in [
        "",
        "; TinyRAM",
        "; TinyRAM V=2.000 M=hv W=64 K=4",
        "; TinyRAM V=2.000 M=xx W=32 K=4",
        "; TinyRAM V=2.000 M=hv W=32 K=0",
        "; TinyRAM V=1.000 W=32 K=4",
        "; TinyRAM V=2.000 M=hv W=32 K=+4",
        "; TinyRAM V=2.000 M=hv W=32 K=4 X=1",
        "mov r1, 5",
    ] {
        let errors = TinyRam::<Fr>::assemble(&format!("{header}\nanswer 0")).unwrap_err();
        assert!(
            errors
                .to_string()
                .starts_with("1:1: a program of TinyRAM begins with `; TinyRAM V=2.000"),
            "{errors}"
        );
    }
}
