//! One proof, one statement: whatever is changed in what a verifier is told, the proof is refused.
//!
//! The circuit's side of it is that two programs are the same to a machine only if they have one canonical form, and
//! two circuits only if they go by one name. The files' side is that each field has one value, in one form: [`files`].

mod files;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Cursor;
use std::sync::OnceLock;

use halo2_proofs::plonk::{Circuit, ConstraintSystem};
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{
    Binding, CircuitParams, KeySource, MIN_K, Statement, StatementError,
};
use halo2_stack_vm::program::{CanonicalProgram, Instruction, Program};
use halo2_stack_vm::proof::file::ParametersKind;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, ProvingKey, VerifyError, VerifyingKey};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::{Bn256, Fr};
use rand_core::OsRng;

const STACK: InstructionSet = InstructionSet::STACK;
const FULL: InstructionSet = InstructionSet::FULL;

fn circuit(set: InstructionSet, binding: Binding) -> CircuitParams {
    CircuitParams::new(CircuitParams::least_k(set), set, binding).unwrap()
}

fn instruction(opcode: u64, argument: u64) -> Instruction<Fr> {
    Instruction {
        opcode,
        argument: Fr::from(argument),
    }
}

/// All programs of up to so many of these instructions.
fn programs(instructions: &[Instruction<Fr>], most: usize) -> Vec<Program<Fr>> {
    let mut lists = vec![vec![]];
    let mut from = 0;
    for _ in 0..most {
        let shorter = lists[from..].to_vec();
        from = lists.len();
        for list in shorter {
            for instruction in instructions {
                lists.push([&list[..], &[*instruction]].concat());
            }
        }
    }
    lists.into_iter().map(Program::from).collect()
}

/// That of all programs those are told apart, by what tells them from each other, that are no two to the machine.
fn told_apart<T: Ord>(
    circuit: CircuitParams,
    programs: &[Program<Fr>],
    told: impl Fn(&CanonicalProgram<Fr>, &Program<Fr>) -> Option<T>,
) {
    let mut by_sight: BTreeMap<T, [u8; 32]> = BTreeMap::new();
    let mut by_digest = BTreeSet::new();
    for program in programs {
        let canonical = program.canonical(circuit.shape());
        let Some(sight) = told(&canonical, program) else {
            continue;
        };
        let digest = canonical.digest();
        let known = *by_sight.entry(sight).or_insert(digest);
        assert_eq!(known, digest, "{circuit:?}: {program:?}");
        by_digest.insert(digest);
    }
    println!("{circuit:?}: {} programs told apart", by_sight.len());
    assert_eq!(by_sight.len(), by_digest.len());
    assert!(by_sight.len() > 100);
}

/// What a verifier states of two programs is the same, zeros at its end not counted, only if they are the same.
#[test]
fn programs_that_are_stated_are_told_apart() {
    let straight = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 5),
        (3, 0),
        (3, 5),
        (4, 0),
        (31, 0),
        (99, 0),
    ];
    let control = [
        (0, 0),
        (1, 5),
        (23, 0),
        (31, 0),
        (31, 5),
        (99, 0),
        (u64::MAX, 0),
    ];
    for (set, instructions) in [(STACK, &straight[..]), (FULL, &control[..])] {
        let instructions: Vec<_> = instructions
            .iter()
            .map(|own| instruction(own.0, own.1))
            .collect();
        let all = programs(&instructions, 4);
        for binding in [Binding::Public, Binding::Cells] {
            let circuit = circuit(set, binding);
            told_apart(circuit, &all, |program, _| {
                let statement = Statement {
                    program: program.clone(),
                    output: Fr::from(7),
                    tape: vec![],
                };
                let mut columns = statement.instances(circuit).unwrap();
                for column in &mut columns {
                    while column.last() == Some(&Fr::zero()) {
                        column.pop();
                    }
                }
                Some(format!("{columns:?}"))
            });
        }
    }
}

/// Two programs have one key only if they are the same; and a program has the key of its canonical form.
#[test]
fn programs_in_keys_are_told_apart() {
    let params = KzgParams::insecure_dev(MIN_K).unwrap();
    let straight = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 5),
        (2, 0),
        (4, 0),
        (4, 5),
        (31, 0),
    ];
    let control = [(0, 0), (1, 0), (23, 0), (31, 0), (31, 5), (99, 0)];
    for (set, instructions, most) in [(STACK, &straight[..], 4), (FULL, &control[..], 3)] {
        let instructions: Vec<_> = instructions
            .iter()
            .map(|own| instruction(own.0, own.1))
            .collect();
        let circuit = circuit(set, Binding::Fixed);
        told_apart(circuit, &programs(&instructions, most), |program, whole| {
            // A program that underflows has no key.
            let source = KeySource::fixed(circuit, whole.clone()).ok()?;
            assert_eq!(source.program(), Some(program));
            let key = Kzg::keygen_vk_of(&params, &source).unwrap();
            assert_eq!(key.program(), Some(program.digest()));
            Some(key.digest())
        });
    }
}

/// Two circuits have the same constraints only if they go by one name.
#[test]
fn circuits_are_told_apart() {
    let mut sets: Vec<_> = InstructionSet::NAMED.iter().map(|own| own.1).collect();
    // Each instruction alone, and with some others, which differ from one to the next.
    const APART: usize = 7;
    for (i, one) in Opcode::ALL.iter().enumerate() {
        for other in Opcode::ALL[i..].iter().step_by(APART) {
            sets.push(InstructionSet::of(&[*one, *other]));
        }
        let without = FULL.members() & !(1 << one.encoded());
        sets.extend(InstructionSet::from_members(without));
    }
    let mut names: HashMap<String, CircuitParams> = HashMap::new();
    let mut aliases = 0;
    for set in sets {
        for binding in Binding::ALL {
            let circuit = circuit(set, binding);
            let mut cs = ConstraintSystem::<Fr>::default();
            StackVmCircuit::configure_with_params(&mut cs, circuit);
            let pinned = format!("{:?}", cs.pinned());
            let known = *names.entry(pinned).or_insert(circuit.canonical());
            assert_eq!(known, circuit.canonical(), "{circuit:?}");
            assert_eq!(circuit.canonical().canonical(), circuit.canonical());
            aliases += usize::from(circuit != circuit.canonical());
        }
    }
    println!("{} circuits told apart", names.len());
    assert!(names.len() > 1000 && aliases > 100);
}

/// The set of a straight line with a tape.
fn taped() -> InstructionSet {
    InstructionSet::of(&[
        Opcode::Push,
        Opcode::Mul,
        Opcode::Read,
        Opcode::Write,
        Opcode::Pop,
    ])
}

/// A run without and one with a tape, each as a straight line and with control flow.
fn traces() -> Vec<Trace<Fr>> {
    let loops = "read\ndup\nwrite\naddi -1\ndup\njnz 1";
    let jumps = "push 3\njump 3\nnop\npush 6\nmul";
    let sources = [
        ("push 3\npush 6\nmul", STACK, &[][..]),
        ("read\npush 6\nmul\nwrite\nread", taped(), &[7, 0][..]),
        (
            jumps,
            asm::assemble::<Fr>(jumps).unwrap().smallest_set(),
            &[][..],
        ),
        (
            loops,
            asm::assemble::<Fr>(loops).unwrap().smallest_set(),
            &[1][..],
        ),
    ];
    let traces = sources.into_iter().map(|(source, set, words)| {
        let inputs = Inputs {
            public: words.iter().copied().map(Fr::from).collect(),
            secret: vec![],
        };
        let program = asm::assemble(source).unwrap();
        Job::new(&program, set, &inputs).trace().unwrap()
    });
    traces.collect()
}

const SIZES: [u32; 2] = [MIN_K, MIN_K + 1];

/// The parameters of a kind and a size.
fn ipa(k: u32) -> &'static IpaParams {
    static PARAMS: OnceLock<Vec<IpaParams>> = OnceLock::new();
    let all = PARAMS.get_or_init(|| SIZES.map(|k| IpaParams::setup(k).unwrap()).into());
    &all[(k - MIN_K) as usize]
}

fn kzg(kind: ParametersKind, k: u32) -> &'static KzgParams {
    static DEV: OnceLock<Vec<KzgParams>> = OnceLock::new();
    static CEREMONY: OnceLock<Vec<KzgParams>> = OnceLock::new();
    let all = match kind {
        ParametersKind::InsecureDev => {
            DEV.get_or_init(|| SIZES.map(|k| KzgParams::insecure_dev(k).unwrap()).into())
        }
        _ => CEREMONY.get_or_init(|| {
            let file = ceremony_file();
            SIZES
                .map(|k| KzgParams::from_srs_contents(Cursor::new(&file), k).unwrap())
                .into()
        }),
    };
    &all[(k - MIN_K) as usize]
}

/// Parameters of a secret that was thrown away.
fn ceremony_file() -> Vec<u8> {
    let mut file = vec![];
    ParamsKZG::<Bn256>::setup(SIZES[1], OsRng)
        .write(&mut file)
        .unwrap();
    file
}

/// Other programs than the one of a file.
fn other_programs(own: &[(u64, String)]) -> Vec<Vec<(u64, String)>> {
    let mut others = vec![vec![]];
    let pair = |opcode: u64, argument: u64| (opcode, argument.to_string());
    let halt = Opcode::Halt.code();
    for end in [
        vec![pair(0, 0)],
        vec![pair(4, 0)],
        vec![pair(halt, 0)],
        vec![pair(halt, 5)],
        vec![pair(halt, 0), pair(1, 666), pair(3, 0)],
        vec![pair(99, 0)],
        vec![pair(u64::MAX, 0)],
        vec![pair(1, 5)],
    ] {
        others.push([own, &end[..]].concat());
        others.push([&end[..], own].concat());
    }
    for at in 0..own.len() {
        let mut shorter = own.to_vec();
        shorter.remove(at);
        others.push(shorter);
        for opcode in [0, 1, 2, 3, 4, 11, 17, 23, 28, 30, 31, 32, u64::MAX] {
            let mut other = own.to_vec();
            other[at].0 = opcode;
            others.push(other);
        }
        // Also of an instruction that takes none.
        let mut other = own.to_vec();
        let argument: Fr = asm::parse_word(&own[at].1).unwrap();
        other[at].1 = (argument + Fr::one()).to_integer().to_string();
        others.push(other);
        let mut again = own.to_vec();
        again.insert(at, own[at].clone());
        others.push(again);
    }
    others.retain(|other| other != own);
    others
}

/// A program in the flat form.
fn flat(program: &[(u64, String)]) -> String {
    let pairs = program
        .iter()
        .map(|(opcode, argument)| format!("\"{opcode}\",\"{argument}\""));
    format!("[{}]", pairs.collect::<Vec<_>>().join(","))
}

/// What a caller of the library can hand to a verifier beside the proof.
fn one_statement<B: Backend>(own: &B::Parameters, other_params: &[&B::Parameters]) {
    for trace in traces() {
        let mut proofs: Vec<(Binding, ProvingKey<B>, Vec<u8>)> = vec![];
        for binding in Binding::ALL {
            let circuit = circuit(trace.set(), binding);
            let source = KeySource::for_program(circuit, trace.program()).unwrap();
            let key = B::keygen_of(own, &source).unwrap();
            let proof = B::prove(own, &key, &trace).unwrap();
            proofs.push((binding, key, proof));
        }
        for (binding, key, proof) in &proofs {
            let (binding, key) = (*binding, key.verifying_key());
            let circuit = key.circuit();
            let honest = Statement::of(&trace).in_circuit(circuit);
            let verify =
                |params: &B::Parameters, key: &VerifyingKey<B>, statement: &Statement<Fr>| {
                    B::verify(params, key, statement, proof)
                };
            verify(own, key, &honest).unwrap();
            let outcome =
                |params: &B::Parameters, key: &VerifyingKey<B>, statement: &Statement<Fr>| {
                    B::verify_outcome(params, key, statement.output, &statement.tape, proof)
                };
            assert_eq!(
                outcome(own, key, &honest).is_ok(),
                binding == Binding::Fixed
            );
            let refused =
                |params: &B::Parameters, key: &VerifyingKey<B>, statement: &Statement<Fr>| {
                    assert!(
                        verify(params, key, statement).is_err(),
                        "{binding:?}: {statement:?}"
                    );
                };

            // The program, in the form of any machine.
            let pairs: Vec<_> = honest
                .program
                .instructions()
                .iter()
                .map(|own| (own.opcode, own.argument.to_integer().to_string()))
                .collect();
            for other in other_programs(&pairs) {
                let other: Program<Fr> = asm::from_json(&flat(&other)).unwrap();
                for shape in [circuit.shape(), STACK.into(), FULL.into()] {
                    let program = other.canonical(shape);
                    if program != honest.program {
                        let statement = Statement {
                            program,
                            ..honest.clone()
                        };
                        refused(own, key, &statement);
                    }
                }
            }
            // It is said why.
            if !trace.set().has_control() {
                let mut longer = honest.program.instructions().to_vec();
                longer.extend([instruction(Opcode::Halt.code(), 0), instruction(1, 666)]);
                let statement = Statement {
                    program: Program::from(longer).canonical(FULL),
                    ..honest.clone()
                };
                let Err(VerifyError::Statement(error)) = verify(own, key, &statement) else {
                    panic!("it is accepted");
                };
                assert!(matches!(error, StatementError::NotCanonical(_)), "{error}");
                assert!(
                    error.to_string().contains("the circuit sees the first"),
                    "{error}"
                );
            }

            // The output and the tape.
            let mut others = vec![honest.clone(); 3];
            others[0].output += Fr::one();
            others[1].tape.push(Fr::zero());
            others[2].tape.push(Fr::one());
            for at in 0..honest.tape.len() {
                let mut other = honest.clone();
                other.tape[at] += Fr::one();
                others.push(other.clone());
                other.tape.remove(at);
                others.push(other);
            }
            for other in &others {
                refused(own, key, other);
                assert!(outcome(own, key, other).is_err());
            }

            // The parameters and the key.
            for other in other_params {
                refused(other, key, &honest);
                assert!(outcome(other, key, &honest).is_err());
            }
            for (_, other, _) in proofs.iter().filter(|own| own.0 != binding) {
                refused(own, other.verifying_key(), &honest);
            }
            let set = trace.set().and(&[Opcode::Over]);
            let other = self::circuit(set, binding);
            let source = KeySource::for_program(other, trace.program()).unwrap();
            let other = B::keygen_vk_of(own, &source).unwrap();
            refused(own, &other, &honest);
            if binding == Binding::Fixed {
                assert!(outcome(own, &other, &honest).is_err());
                let other = [&[instruction(0, 0)], trace.program().instructions()].concat();
                let stated = Statement {
                    program: Program::from(other.clone()).canonical(circuit.shape()),
                    ..honest.clone()
                };
                let circuit = self::circuit(trace.set(), binding);
                let source = KeySource::fixed(circuit, Program::from(other)).unwrap();
                let other = B::keygen_vk_of(own, &source).unwrap();
                refused(own, &other, &honest);
                refused(own, &other, &stated);
                assert!(outcome(own, &other, &honest).is_err());
            }
        }
    }
}

#[test]
fn kzg_proves_one_statement() {
    let [dev, ceremony] = [ParametersKind::InsecureDev, ParametersKind::Ceremony];
    let others = [
        kzg(dev, SIZES[1]),
        kzg(ceremony, MIN_K),
        kzg(ceremony, SIZES[1]),
    ];
    one_statement::<Kzg>(kzg(dev, MIN_K), &others);
}

#[test]
fn ipa_proves_one_statement() {
    one_statement::<Ipa>(ipa(MIN_K), &[ipa(SIZES[1])]);
}
