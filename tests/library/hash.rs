//! Hashes: what they are, how many there is room for, and that they stand beside the run.

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{
    Binding, CircuitParams, KeySource, KeySourceError, LengthError, Statement, Witness,
    WitnessError,
};
use halo2_stack_vm::poseidon::{self, ROWS};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::proof::{Backend, VerifyError};
use halo2_stack_vm::vm::{Inputs, Job, Trace};
use halo2curves::bn256::Fr;

/// Hashes in a chain: of 1 and 2, of that and 3, and so on.
fn chain(hashes: usize) -> Program<Fr> {
    let more = (0..hashes).map(|own| format!("push {}\nhash\n", own + 2));
    asm::assemble(&format!("push 1\n{}", more.collect::<String>())).unwrap()
}

fn trace(hashes: usize) -> Trace<Fr> {
    let program = chain(hashes);
    Trace::new(&program, None, program.smallest_set()).unwrap()
}

#[test]
fn a_chain_of_hashes_is_circomlibs() {
    // circomlib 2.0.5's `Poseidon(2)` in a circuit of a thousand, as circom 2 computes its witness.
    let known = "6510457438566018136373973576960628261448769442959214925229954083940534687954";
    let outcome = Job::new(&chain(1_000), trace(1).set(), &Inputs::none())
        .run()
        .unwrap();
    assert_eq!(outcome.output.to_text(), known);
    assert_eq!((outcome.hashes, outcome.steps), (1_000, 2_001));
}

/// A run needs no row for a hash, and a machine has room for one each seven rows.
#[test]
fn a_machine_has_room_for_a_hash_in_seven_rows() {
    for binding in Binding::ALL {
        for (k, room) in [(4, 1), (5, 3), (6, 8)] {
            let own = trace(room);
            let circuit = CircuitParams::new(k, own.set(), binding).unwrap();
            assert_eq!(circuit.machine().hashes(), room);
            assert!(own.steps() < circuit.rows());
            assert_eq!(CircuitParams::for_trace(&own, binding), Ok(circuit));
            let more = trace(room + 1);
            let larger = CircuitParams::new(k + 1, own.set(), binding).unwrap();
            assert_eq!(CircuitParams::for_trace(&more, binding), Ok(larger));
            let refused = Witness::of_shape(&more, circuit.rows(), circuit.shape());
            let hashes = room + 1;
            let fixed = KeySource::for_program(circuit, more.program());
            let no_key = Err(KeySourceError::from(LengthError::Hashes {
                hashes: room + 1,
                room,
            }));
            assert!(binding != Binding::Fixed || fixed == no_key);
            assert_eq!(refused, Err(LengthError::Hashes { hashes, room }.into()));
        }
    }
    // What does not hash has room for none.
    let stack = CircuitParams::new(6, InstructionSet::STACK, Binding::Public).unwrap();
    assert_eq!(stack.machine().hashes(), 0);
    assert_eq!(ROWS, 7);
}

#[test]
fn hashes_are_proved_and_others_are_not() {
    let own = trace(3);
    for binding in Binding::ALL {
        let circuit = CircuitParams::for_trace(&own, binding).unwrap();
        let params = IpaParams::setup(circuit.k()).unwrap();
        let source = KeySource::for_program(circuit, own.program()).unwrap();
        let key = Ipa::keygen_of(&params, &source).unwrap();
        let proof = Ipa::prove(&params, &key, &own).unwrap();
        let mut statement = Statement::of(&own).in_circuit(circuit);
        let verify = |own: &Statement<Fr>| Ipa::verify(&params, key.verifying_key(), own, &proof);
        verify(&statement).unwrap();
        statement.output = poseidon::hash(statement.output, Fr::from(0));
        assert!(
            matches!(verify(&statement), Err(VerifyError::Invalid(_))),
            "{}",
            binding.name()
        );
    }
}

/// Permutations are made some at a time: the last of one part and the first of the next are there.
#[test]
fn many_hashes_are_laid_out() {
    for hashes in [511, 512, 513, 584] {
        let own = trace(hashes);
        let witness = Witness::new(&own, 4_089).unwrap();
        let output = own.outcome().output;
        assert_eq!(witness.check(own.program(), output, &[]), Ok(()));
        let other = witness.check(own.program(), output + Fr::from(1), &[]);
        assert!(matches!(other, Err(WitnessError::Unsatisfied { .. })));
    }
}

/// Where the set has words, memory and jumps too, all stand beside each other.
#[test]
fn a_machine_of_every_instruction_hashes() {
    let source =
        "push 3\nput 100\nget 100\npush 5\nadd32\npush 7\nhash\nread\neq\nassert_eq 1\npush 1";
    let program = asm::assemble(source).unwrap();
    let inputs = Inputs {
        public: vec![poseidon::hash(Fr::from(8), Fr::from(7))],
        secret: vec![],
    };
    let set = InstructionSet::of(Opcode::ALL);
    let own = Job::new(&program, set, &inputs).trace().unwrap();
    for binding in Binding::ALL {
        let circuit = CircuitParams::for_trace(&own, binding).unwrap();
        let witness = Witness::of_shape(&own, circuit.rows(), circuit.shape()).unwrap();
        let program = own.program().canonical(circuit.shape());
        assert_eq!(witness.check(&program, Fr::from(1), &inputs.public), Ok(()));
        let other = witness.check(&program, Fr::from(2), &inputs.public);
        assert!(matches!(other, Err(WitnessError::Unsatisfied { .. })));
    }
}
