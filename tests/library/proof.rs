//! Real proofs: what they accept, and by which constraint what is false is rejected.

use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::plonk;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::LengthError;
use halo2_stack_vm::machine::WitnessError;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, ProveError, StatementError, VerifyError};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::Fr;

const STACK: InstructionSet = InstructionSet::STACK;

fn program(instructions: &[(Opcode, u64)]) -> Program<Fr> {
    instructions
        .iter()
        .map(|(opcode, argument)| Instruction::new(*opcode, Fr::from(*argument)))
        .collect()
}

fn unfixed(params: CircuitParams, trace: &Trace<Fr>) -> StackVmCircuit<Fr> {
    StackVmCircuit::new(KeySource::unfixed(params).unwrap(), trace).unwrap()
}

/// 3 * (6 * 2)
fn example() -> Program<Fr> {
    use Opcode::{Mul, Push};
    program(&[(Push, 3), (Push, 6), (Push, 2), (Mul, 0), (Mul, 0)])
}

/// The names of the constraints that reject an honest witness of `program` as one of `statement`.
fn rejecting(program: &Program<Fr>, statement: &Statement<Fr>) -> Vec<String> {
    let trace = Trace::new(program, None, STACK).unwrap();
    let params = CircuitParams::new(5, STACK, Binding::Public).unwrap();
    let circuit = unfixed(params, &trace);
    let verify = |statement: &Statement<Fr>| {
        let mock = MockProver::run(5, &circuit, statement.instances(params).unwrap()).unwrap();
        mock.verify()
    };
    assert_eq!(verify(&Statement::of(&trace)), Ok(()));
    let mut names: Vec<String> = verify(statement)
        .unwrap_err()
        .into_iter()
        .map(|failure| match failure {
            VerifyFailure::ConstraintNotSatisfied { constraint, .. } => constraint.to_string(),
            other => panic!("{other}"),
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// False statements about the example, each with the constraints that reject its honest run.
fn false_statements() -> Vec<(&'static str, Statement<Fr>, Vec<&'static str>)> {
    use Opcode::{Add, Mul, Nop, Pop, Push};
    let opcode = "the given instruction is executed, unless it is halt";
    let flag = "a flag is set only where its opcode is given";
    let argument = "top' is the instruction's new top";
    let output = "the sum starts as beta * output";
    let (a, b, c, m) = ((Push, 3), (Push, 6), (Push, 2), (Mul, 0));
    let case = |name, instructions: &[(Opcode, u64)], word: u64, by: &[&'static str]| {
        let statement = Statement {
            program: program(instructions).canonical(STACK),
            output: Fr::from(word),
            tape: vec![],
        };
        (name, statement, by.to_vec())
    };
    vec![
        case("wrong output", &[a, b, c, m, m], 37, &[output]),
        case("no output", &[a, b, c, m, m], 0, &[output]),
        case("wrong opcode", &[a, b, c, m, (Add, 0)], 36, &[flag, opcode]),
        case("wrong argument", &[a, (Push, 7), c, m, m], 36, &[argument]),
        case("one step less", &[a, b, c, m], 36, &[flag]),
        case(
            "an instruction more",
            &[a, b, c, m, m, (Pop, 0)],
            36,
            &[opcode],
        ),
        case("a push more", &[a, b, c, m, m, (Push, 1)], 36, &[opcode]),
        case(
            "shifted",
            &[(Nop, 0), a, b, c, m, m],
            36,
            &[flag, opcode, argument],
        ),
        case("swapped", &[b, a, c, m, m], 36, &[argument]),
        case("no program", &[], 36, &[flag, argument]),
    ]
}

#[test]
fn a_false_statement_is_rejected_by_the_constraint_that_should() {
    for (name, statement, expected) in false_statements() {
        let names = rejecting(&example(), &statement);
        for found in &names {
            let known = expected.iter().any(|own| found.contains(own));
            assert!(known, "{name}: {names:?}");
        }
        for constraint in expected {
            let named = names.iter().any(|n| n.contains(constraint));
            assert!(named, "{name}: {names:?}");
        }
    }
}

/// halo2 takes the number of rows from the verifier's parameters, whose digest is the same for every size:
/// with fewer rows than the key has, it would demand the constraints on a few rows only.
#[test]
fn parameters_of_another_size_verify_nothing() {
    fn refuse<B: Backend>(params: impl Fn(u32) -> B::Parameters) {
        let own = params(5);
        let key = B::keygen(&own, circuit_params(5)).unwrap();
        let trace = Trace::new(&example(), None, STACK).unwrap();
        let statement = Statement::of(&trace);
        let proof = B::prove(&own, &key, &trace).unwrap();
        let key = key.verifying_key();
        B::verify(&own, key, &statement, &proof).unwrap();
        let instances = statement.instances(circuit_params(5)).unwrap();
        assert!(B::verify_proof(&own, key, &instances, &proof).is_ok());
        for other in [4, 6] {
            let verdict = B::verify(&params(other), key, &statement, &proof);
            assert!(
                matches!(verdict, Err(VerifyError::WrongParams)),
                "{verdict:?}"
            );
            let verdict = B::verify_proof(&params(other), key, &instances, &proof);
            assert!(
                matches!(verdict, Err(plonk::Error::BoundsFailure)),
                "{verdict:?}"
            );
        }
    }
    refuse::<Kzg>(|k| KzgParams::insecure_dev(k).unwrap());
    refuse::<Ipa>(|k| IpaParams::setup(k).unwrap());
}

/// An appended `nop` changes the statement, but neither the run's states nor what rejects it.
#[test]
fn an_appended_nop_is_another_statement() {
    let trace = Trace::new(&example(), None, STACK).unwrap();
    let mut instructions = example().instructions().to_vec();
    instructions.push(Instruction::new(Opcode::Nop, Fr::from(0)));
    let longer = Statement {
        program: Program::from(instructions).canonical(STACK),
        output: Fr::from(36),
        tape: vec![],
    };
    // The machine is idle there either way: the statement is true and the witness the same.
    let params = CircuitParams::new(5, STACK, Binding::Public).unwrap();
    let circuit = unfixed(params, &trace);
    circuit.check(&longer).unwrap();
    // A proof is bound to its own statement all the same.
    let params = KzgParams::insecure_dev(5).unwrap();
    let key = Kzg::keygen(&params, circuit_params(5)).unwrap();
    let proof = Kzg::prove(&params, &key, &trace).unwrap();
    Kzg::verify(&params, key.verifying_key(), &Statement::of(&trace), &proof).unwrap();
    assert!(matches!(
        Kzg::verify(&params, key.verifying_key(), &longer, &proof),
        Err(VerifyError::Invalid(_))
    ));
}

/// A circuit reads no further than its rows: nothing may be stated that it would only see the beginning of.
#[test]
fn what_the_circuit_would_not_read_is_no_statement() {
    let circuit = circuit_params(4);
    let rows = circuit.rows();
    let nops = |count: usize| format!("push 7\n{}", "nop\n".repeat(count));
    let full = asm::assemble(&nops(rows - 1)).unwrap();
    let trace = Trace::new(&full, None, STACK).unwrap();
    let witnessed = unfixed(circuit, &trace);
    let honest = Statement::of(&trace);
    witnessed.check(&honest).unwrap();
    let params = KzgParams::insecure_dev(4).unwrap();
    let key = Kzg::keygen(&params, circuit).unwrap();
    let proof = Kzg::prove(&params, &key, &trace).unwrap();
    Kzg::verify(&params, key.verifying_key(), &honest, &proof).unwrap();
    // The output is 0 of the program with one instruction more.
    let program: Program<Fr> = asm::assemble(&format!("{}pop", nops(rows - 1))).unwrap();
    let longer = Statement {
        program: program.canonical(STACK),
        ..honest.clone()
    };
    let mut instances = honest.instances(circuit).unwrap();
    instances[0].push(Fr::from(Opcode::Pop.encoded()));
    // In a circuit with more rows than the machine, halo2 would take it.
    let mock = MockProver::run(4, &witnessed, instances).unwrap();
    assert_eq!(mock.verify(), Ok(()));
    let (instructions, room) = (rows + 1, rows);
    let refused = LengthError::Program { instructions, room };
    let error = StatementError::Length(refused.clone());
    assert_eq!(longer.instances(circuit), Err(error));
    assert_eq!(witnessed.check(&longer), Err(refused.clone().into()));
    let Err(VerifyError::Statement(error)) =
        Kzg::verify(&params, key.verifying_key(), &longer, &proof)
    else {
        panic!("it is accepted");
    };
    assert_eq!(error, StatementError::Length(refused));
    // With control flow the end of a program needs a row; the same rules make an outer circuit's columns.
    for (set, most, taped) in [(STACK, rows, 0), (InstructionSet::FULL, rows - 1, rows)] {
        let machine = CircuitParams::new(4, set, Binding::Public)
            .unwrap()
            .machine();
        let nops =
            |count: usize| Program::from(vec![Instruction::new(Opcode::Nop, Fr::zero()); count]);
        let [opcodes, arguments] = machine.program_columns(&nops(most)).unwrap();
        assert_eq!((opcodes.len(), arguments.len()), (rows, rows));
        let (instructions, room) = (most + 1, most);
        assert_eq!(
            machine.program_columns(&nops(most + 1)),
            Err(LengthError::Program { instructions, room })
        );
        let column = machine.tape_column(&vec![Fr::zero(); taped]).unwrap();
        assert_eq!(
            column.map(|own| own.len()),
            (taped > 0).then_some(taped + 1)
        );
        let (words, room) = (taped + 1, taped);
        let refused = match taped {
            0 => LengthError::NoTape { words },
            _ => LengthError::Tape { words, room },
        };
        assert_eq!(machine.tape_column(&vec![Fr::zero(); words]), Err(refused));
    }
}

fn circuit_params(k: u32) -> CircuitParams {
    CircuitParams::new(k, STACK, Binding::Public).unwrap()
}

fn rejects_false_statements<B: Backend>(params: &B::Parameters) {
    let key = B::keygen(params, circuit_params(5)).unwrap();
    let trace = Trace::new(&example(), None, STACK).unwrap();
    let honest = Statement::of(&trace);
    let proof = B::prove(params, &key, &trace).unwrap();
    B::verify(params, key.verifying_key(), &honest, &proof).unwrap();
    for (name, statement, _) in false_statements() {
        let verdict = B::verify(params, key.verifying_key(), &statement, &proof);
        assert!(
            matches!(verdict, Err(VerifyError::Invalid(_))),
            "{name}: {verdict:?}"
        );
        // A prover who commits to the honest run, but claims the false statement all along.
        let circuit = unfixed(circuit_params(5), &trace);
        let instances = statement.instances(circuit_params(5)).unwrap();
        let forged = B::create_proof(&key, circuit, &instances).unwrap();
        let verdict = B::verify(params, key.verifying_key(), &statement, &forged);
        assert!(
            matches!(verdict, Err(VerifyError::Invalid(_))),
            "{name}: {verdict:?}"
        );
    }
}

#[test]
fn kzg_rejects_false_statements() {
    rejects_false_statements::<Kzg>(&KzgParams::insecure_dev(5).unwrap());
}

#[test]
fn ipa_rejects_false_statements() {
    rejects_false_statements::<Ipa>(&IpaParams::setup(5).unwrap());
}

/// No proof is made of a run that does not satisfy the circuit.
#[test]
fn a_run_past_its_failure_is_not_proved() {
    let underflow = program(&[(Opcode::Push, 1), (Opcode::Add, 0)]);
    assert!(Trace::new(&underflow, None, STACK).is_err());
    let inputs = Inputs::none();
    let trace = Job::new(&underflow, STACK, &inputs)
        .trace_past_failure()
        .unwrap();
    let params = KzgParams::insecure_dev(5).unwrap();
    let key = Kzg::keygen(&params, circuit_params(5)).unwrap();
    let Err(ProveError::Witness(WitnessError::Unsatisfied {
        row, constraint, ..
    })) = Kzg::prove(&params, &key, &trace)
    else {
        panic!("proved");
    };
    assert_eq!(row, 1);
    assert_eq!(
        constraint,
        "there is a word where one is needed, before the step or after it"
    );
}

/// Keys made from one program prove and verify others; the digest of the key is the same from all.
#[test]
fn one_key_serves_every_program_of_its_size() {
    use Opcode::{Add, Mul, Nop, Pop, Push};
    let params = IpaParams::setup(5).unwrap();
    let key = Ipa::keygen(&params, circuit_params(5)).unwrap();
    let verifying = Ipa::keygen_vk(&params, circuit_params(5)).unwrap();
    assert_eq!(key.verifying_key().digest(), verifying.digest());
    let full: Vec<_> = std::iter::once((Push, 2))
        .chain((0..12).flat_map(|i| [(Push, i), (Mul, 0)]))
        .collect();
    let deep: Vec<_> = (1..=13).map(|i| (Push, i)).collect();
    let programs: [&[(Opcode, u64)]; 7] = [
        &[],
        &[(Nop, 0)],
        &[(Push, 5)],
        &[(Push, 5), (Pop, 0)],
        &[(Push, 5), (Push, 6), (Add, 0), (Push, 7), (Pop, 0)],
        &full,
        &deep,
    ];
    for instructions in programs {
        let trace = Trace::new(&program(instructions), None, STACK).unwrap();
        let proof = Ipa::prove(&params, &key, &trace).unwrap();
        Ipa::verify(&params, &verifying, &Statement::of(&trace), &proof).unwrap();
    }
    assert_eq!(circuit_params(5).rows(), full.len());
    assert_eq!(circuit_params(5).rows(), deep.len() + 12);
}

#[test]
fn a_run_that_does_not_fit_is_refused() {
    let params = IpaParams::setup(4).unwrap();
    let key = Ipa::keygen(&params, circuit_params(4)).unwrap();
    let rows = circuit_params(4).rows();
    let nops = |count: usize| program(&vec![(Opcode::Nop, 0); count]);
    let trace = Trace::new(&nops(rows), None, STACK).unwrap();
    assert!(Ipa::prove(&params, &key, &trace).is_ok());
    let trace = Trace::new(&nops(rows + 1), None, STACK).unwrap();
    assert!(matches!(
        Ipa::prove(&params, &key, &trace),
        Err(ProveError::Witness(WitnessError::TooFewRows {
            needed: 10,
            rows: 9
        }))
    ));
    let statement = Statement::of(&trace);
    assert!(matches!(
        Ipa::verify(&params, key.verifying_key(), &statement, &[]),
        Err(VerifyError::Statement(_))
    ));
}

/// Depth costs nothing but rows: 60,000 words on the stack, unwound, at k = 17.
#[test]
fn sixty_thousand_pushes() {
    let pushes: Vec<_> = (7..60_007).map(|i| (Opcode::Push, i)).collect();
    let trace = Trace::new(&program(&pushes), None, STACK).unwrap();
    let circuit = CircuitParams::for_steps(trace.steps(), STACK, Binding::Public).unwrap();
    assert_eq!(circuit.k(), 17);
    let params = KzgParams::insecure_dev(17).unwrap();
    let key = Kzg::keygen(&params, circuit).unwrap();
    let proof = Kzg::prove(&params, &key, &trace).unwrap();
    let mut statement = Statement::of(&trace);
    assert_eq!(statement.output, Fr::from(7));
    Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap();
    statement.output = Fr::from(60_006);
    assert!(Kzg::verify(&params, key.verifying_key(), &statement, &proof).is_err());
}

// Tapes, and programs in the key.

/// Multiplies a secret by a word that it reads, in a call, and writes the product; then it reads another one.
const TAPED: &str = "secret\nread\ncall 5\nwrite\njump 10\nrot\nrot\nmul\nswap\nret\nread";

/// The program's run with 6 and 8, whose tape is 6, 42, 8.
fn taped() -> Trace<Fr> {
    let program = asm::assemble(TAPED).unwrap();
    let inputs = Inputs {
        public: [6, 8].map(Fr::from).to_vec(),
        secret: vec![Fr::from(7)],
    };
    let job = Job::new(&program, InstructionSet::FULL, &inputs);
    job.trace().unwrap()
}

/// Tapes near to the run's: a word changed, one more, one less, in another order.
fn other_tapes(tape: &[Fr]) -> Vec<Vec<Fr>> {
    let mut tapes: Vec<Vec<Fr>> = (0..tape.len())
        .map(|word| {
            let mut other = tape.to_vec();
            other[word] += Fr::one();
            other
        })
        .collect();
    let zero = [Fr::zero()];
    tapes.push([tape, &zero].concat());
    tapes.push([tape, &[Fr::one()]].concat());
    tapes.push([tape, &zero, &zero, &zero].concat());
    tapes.push([&zero, tape].concat());
    tapes.push(tape[..tape.len() - 1].to_vec());
    tapes.push(vec![]);
    let mut swapped = tape.to_vec();
    swapped.swap(0, 1);
    tapes.push(swapped);
    tapes
}

fn a_tape_is_bound<B: Backend>(params: &B::Parameters) {
    let trace = taped();
    let honest = Statement::of(&trace);
    assert_eq!(honest.tape, [6, 42, 8].map(Fr::from));
    for binding in Binding::ALL {
        let circuit = CircuitParams::new(5, InstructionSet::FULL, binding).unwrap();
        let source = KeySource::for_program(circuit, trace.program()).unwrap();
        let key = B::keygen_of(params, &source).unwrap();
        let proof = B::prove(params, &key, &trace).unwrap();
        let verifying = key.verifying_key();
        let verify = |tape: &[Fr]| {
            let tape = tape.to_vec();
            let statement = Statement {
                tape,
                ..honest.clone()
            };
            B::verify(params, verifying, &statement, &proof)
        };
        verify(&honest.tape).unwrap();
        for tape in other_tapes(&honest.tape) {
            let verdict = verify(&tape);
            assert!(matches!(verdict, Err(VerifyError::Invalid(_))), "{tape:?}");
            // Nor does a prover get it accepted who claims it all along.
            let statement = Statement {
                tape,
                ..honest.clone()
            };
            let instances = statement.instances(circuit).unwrap();
            let circuit = StackVmCircuit::new(source.clone(), &trace).unwrap();
            let forged = B::create_proof(&key, circuit, &instances).unwrap();
            let verdict = B::verify(params, verifying, &statement, &forged);
            assert!(
                matches!(verdict, Err(VerifyError::Invalid(_))),
                "{statement:?}"
            );
        }
        // As many words as there are steps have room, if not in this run.
        let rows = circuit.rows();
        let verdict = verify(&vec![Fr::zero(); rows]);
        assert!(matches!(verdict, Err(VerifyError::Invalid(_))));
        let verdict = verify(&vec![Fr::zero(); rows + 1]);
        let Err(VerifyError::Statement(error)) = verdict else {
            panic!("{verdict:?}");
        };
        let (words, room) = (rows + 1, rows);
        let expected = LengthError::Tape { words, room };
        assert_eq!(error, StatementError::Length(expected));
    }
}

#[test]
fn kzg_binds_a_tape() {
    a_tape_is_bound::<Kzg>(&KzgParams::insecure_dev(5).unwrap());
}

#[test]
fn ipa_binds_a_tape() {
    a_tape_is_bound::<Ipa>(&IpaParams::setup(5).unwrap());
}

/// A set without a tape has no words on one.
#[test]
fn words_on_no_tape_are_no_statement() {
    let params = KzgParams::insecure_dev(5).unwrap();
    let key = Kzg::keygen(&params, circuit_params(5)).unwrap();
    let trace = Trace::new(&example(), None, STACK).unwrap();
    let proof = Kzg::prove(&params, &key, &trace).unwrap();
    let mut statement = Statement::of(&trace);
    Kzg::verify(&params, key.verifying_key(), &statement, &proof).unwrap();
    for words in [1, 2, 100] {
        statement.tape = vec![Fr::zero(); words];
        let verdict = Kzg::verify(&params, key.verifying_key(), &statement, &proof);
        let Err(VerifyError::Statement(error)) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(error, StatementError::Length(LengthError::NoTape { words }));
    }
}

/// A key that holds a program: of its run alone there are proofs, and they verify without the program.
fn a_fixed_program<B: Backend>(params: &B::Parameters) {
    let taped = taped();
    let straight = |source: &str| {
        let program = asm::assemble(source).unwrap();
        Trace::new(&program, None, STACK).unwrap()
    };
    let inputs = Inputs {
        public: [6, 8].map(Fr::from).to_vec(),
        secret: vec![Fr::from(7)],
    };
    // The same program but for an instruction that is never executed, and a straight line's with another argument.
    let other = asm::assemble(&format!("{TAPED}\nhalt\nnop")).unwrap();
    let other = Job::new(&other, InstructionSet::FULL, &inputs)
        .trace()
        .unwrap();
    for (trace, other) in [
        (
            straight("push 3\npush 6\nmul"),
            straight("push 6\npush 3\nmul"),
        ),
        (taped, other),
    ] {
        let set = trace.set();
        let circuit = CircuitParams::new(5, set, Binding::Fixed).unwrap();
        let [source, other_template] =
            [&trace, &other].map(|own| KeySource::fixed(circuit, own.program().clone()).unwrap());
        let key = B::keygen_of(params, &source).unwrap();
        let other_key = B::keygen_of(params, &other_template).unwrap();
        let (verifying, other_verifying) = (key.verifying_key(), other_key.verifying_key());
        assert_eq!(
            verifying.program(),
            Some(trace.program().canonical(set).digest())
        );
        assert_ne!(verifying.digest(), other_verifying.digest());

        let proof = B::prove(params, &key, &trace).unwrap();
        let honest = Statement::of(&trace);
        B::verify(params, verifying, &honest, &proof).unwrap();
        let outcome =
            |output: Fr, tape: &[Fr]| B::verify_outcome(params, verifying, output, tape, &proof);
        outcome(honest.output, &honest.tape).unwrap();
        let verdict = outcome(honest.output + Fr::one(), &honest.tape);
        assert!(matches!(verdict, Err(VerifyError::Invalid(_))));
        let longer = [&honest.tape[..], &[Fr::zero()]].concat();
        match (outcome(honest.output, &longer), set.has_tape()) {
            (Err(VerifyError::Invalid(_)), true) => {}
            (
                Err(VerifyError::Statement(StatementError::Length(LengthError::NoTape {
                    words: 1,
                }))),
                false,
            ) => {}
            (verdict, _) => panic!("{verdict:?}"),
        }

        // The statement of another program, and the run of one.
        let stated = Statement::of(&other);
        assert_eq!(
            (&stated.output, &stated.tape),
            (&honest.output, &honest.tape)
        );
        let verdict = B::verify(params, verifying, &stated, &proof);
        let key_program = trace.program().canonical(set).digest();
        let Err(VerifyError::Statement(error)) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(error, StatementError::OtherProgram { key: key_program });
        assert!(matches!(
            B::prove(params, &key, &other),
            Err(ProveError::Witness(WitnessError::WrongProgram))
        ));
        // A proof of it, with its own key: no proof under this one, although the public words are the same.
        let foreign = B::prove(params, &other_key, &other).unwrap();
        B::verify(params, other_verifying, &stated, &foreign).unwrap();
        let verdict = B::verify(params, verifying, &honest, &foreign);
        assert!(
            matches!(verdict, Err(VerifyError::Invalid(_))),
            "{verdict:?}"
        );
        let verdict = B::verify(params, other_verifying, &stated, &proof);
        assert!(
            matches!(verdict, Err(VerifyError::Invalid(_))),
            "{verdict:?}"
        );

        // A key without a program needs one to be stated.
        let unfixed = CircuitParams::new(5, set, Binding::Public).unwrap();
        let unfixed = B::keygen_vk(params, unfixed).unwrap();
        let verdict = B::verify_outcome(params, &unfixed, honest.output, &honest.tape, &proof);
        assert!(matches!(
            verdict,
            Err(VerifyError::Statement(StatementError::NoProgram))
        ));
        assert!(B::keygen_vk(params, circuit).is_err());
    }
}

#[test]
fn kzg_proves_a_fixed_program() {
    a_fixed_program::<Kzg>(&KzgParams::insecure_dev(5).unwrap());
}

#[test]
fn ipa_proves_a_fixed_program() {
    a_fixed_program::<Ipa>(&IpaParams::setup(5).unwrap());
}
