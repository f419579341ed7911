//! The memory: what is found in its cells, where it ends, and how many rows it takes.

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::StackVmCircuit;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{
    Binding, CircuitParams, Column, KeySource, SizeError, Statement, Witness, WitnessError,
};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::proof::Backend;
use halo2_stack_vm::proof::ipa::{Ipa, IpaParams};
use halo2_stack_vm::vm::{Inputs, Job, MAX_CELLS, Outcome, RunError, Trace};
use halo2curves::bn256::Fr;

fn program(source: &str) -> Program<Fr> {
    asm::assemble(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn run(source: &str) -> Result<Outcome<Fr>, RunError> {
    let program = program(source);
    Job::new(&program, program.smallest_set(), &Inputs::none()).run()
}

fn trace(source: &str) -> Trace<Fr> {
    let program = program(source);
    Trace::new(&program, None, program.smallest_set()).unwrap()
}

#[test]
fn a_cell_holds_what_was_put_there_last() {
    for (source, output, cells) in [
        ("get 5", 0, 6),
        ("push 7\nput 3\nget 3", 7, 4),
        ("push 7\nput 3\npush 8\nput 3\nget 3", 8, 4),
        ("push 7\nput 3\nget 4", 0, 5),
        // The cells of instructions hold their arguments at first, and what is put there is executed by nobody.
        ("push 7\nput 3\nget 0", 7, 4),
        ("push 7\nput 3\nget 2", 2, 4),
        ("push 7\nput 2\npush 8", 8, 3),
        ("get 3\nhalt\n.word 5, 6\n", 6, 4),
        ("push 9\nput data\nget data\nhalt\ndata: .word 5, 6\n", 9, 5),
        ("get text+1\nhalt\ntext: .bytes \"abcd\", 1, 2", 0x201, 4),
        // `store` leaves the word.
        ("push 7\npush 3\nstore", 7, 4),
        ("push 7\npush 3\nstore\npop\npush 3\nload", 7, 4),
        // A word of the field is as good as a small one.
        ("push -1\nput 0\nget 0\naddi 3", 2, 1),
        ("push 1\npop", 0, 0),
    ] {
        let outcome = run(source).unwrap();
        assert_eq!(outcome.output, Fr::from(output), "{source}");
        assert_eq!(outcome.cells, cells, "{source}");
    }
}

#[test]
fn data_is_not_executed() {
    let error = run("get 1\n.word 5").unwrap_err();
    assert_eq!(error.kind(), "invalid_opcode");
    let expected = "step 1 (stack depth 1): here is data, which is not executed; `halt` ends a program before its data";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn there_is_no_cell_beyond_the_last_address() {
    let last = MAX_CELLS - 1;
    assert_eq!(run(&format!("get {last}")).unwrap().cells, MAX_CELLS);
    for source in [
        format!("get {MAX_CELLS}"),
        "get -1".to_owned(),
        format!("push 1\nput {MAX_CELLS}"),
        format!("push {MAX_CELLS}\nload"),
        "push 0x10000000000000000\nload".to_owned(),
        "push 1\npush -1\nstore".to_owned(),
    ] {
        let error = run(&source).unwrap_err();
        assert_eq!(error.kind(), "outside_memory", "{source}");
        let last_line = source.lines().last().unwrap();
        let opcode = last_line.split(' ').next().unwrap();
        let expected =
            format!("`{opcode}` accesses a cell that no memory has: addresses are 0 to 16777215");
        assert!(error.to_string().contains(&expected), "{error}");
        assert_eq!(error.step(), Some(source.lines().count() - 1));
    }
}

/// A cell that is touched takes room, and other cells near it; no more than so many words are admitted.
#[test]
fn what_a_memory_takes_is_bounded() {
    let far = program("get 1000\nget 2000\nget 3000");
    let inputs = Inputs::none();
    let job = Job::new(&far, far.smallest_set(), &inputs);
    let error = job.clone().max_words(129).run().unwrap_err();
    assert_eq!(error.kind(), "too_many_words");
    assert_eq!(error.step(), Some(1));
    job.max_words(200).run().unwrap();
}

/// A machine has a cell for each of its rows, so the largest address says how many there must be; a cell that is
/// touched takes none.
#[test]
fn the_largest_address_says_how_many_rows_there_must_be() {
    for (address, k) in [(0, 4), (8, 4), (9, 5), (24, 5), (25, 6), (1000, 10)] {
        let trace = trace(&format!("push 7\nput {address}\nget {address}"));
        for binding in Binding::ALL {
            let params = CircuitParams::for_trace(&trace, binding).unwrap();
            assert_eq!(params.k(), k, "{address}");
            let source = KeySource::for_program(params, trace.program()).unwrap();
            let circuit = StackVmCircuit::new(source, &trace).unwrap();
            assert_eq!(circuit.check(&Statement::of(&trace)), Ok(()));
        }
    }
    let trace = trace("get 25");
    let error = Witness::new(&trace, 25).unwrap_err();
    let expected = WitnessError::TooFewCells {
        cells: 26,
        rows: 25,
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "the run accesses the memory's cell 25, but the machine has one for each of its 25 rows alone"
    );
    let beyond = CircuitParams::for_trace(&self::trace("get 16777215"), Binding::Public);
    assert!(
        matches!(beyond, Err(SizeError::Rows { rows: 0x100_0000 })),
        "{beyond:?}"
    );
}

/// What each constraint of the memory is there for, on one program: what is found, when, and what is left.
#[test]
fn what_is_not_so_is_rejected_by_the_constraint_that_says_it() {
    let trace = trace("push 7\nput 1\npush 9\nput 1\nget 1\nget 2");
    let rows = 9;
    let honest = Witness::new(&trace, rows).unwrap();
    let statement = Statement::of(&trace);
    let check =
        |witness: &Witness<Fr>| witness.check(trace.program(), statement.output, &statement.tape);
    assert_eq!(check(&honest), Ok(()));
    let ends = "the sum ends as beta * top less the bottom word's cell";
    let changes: [(Column, usize, u64, &str); 9] = [
        (
            Column::Address,
            1,
            2,
            "address is the instruction's, 0 if it has none",
        ),
        (
            Column::New,
            1,
            8,
            "new is the instruction's, 0 if it has none",
        ),
        (Column::Old, 3, 8, ends),
        (Column::Before, 4, 2, ends),
        (Column::Old, 0, 1, "old = 0 where no cell is accessed"),
        (Column::Before, 0, 1, "before = 0 where no cell is accessed"),
        (Column::Touched, 1, 2, "touched is 0 or 1"),
        (Column::Kept, 1, 7, ends),
        (Column::Last, 0, 1, "last = 0 where the cell is not touched"),
    ];
    for (column, row, value, expected) in changes {
        let mut forged = honest.clone();
        forged.columns_mut().get_mut(column).unwrap()[row] = Fr::from(value);
        let Err(WitnessError::Unsatisfied { constraint, .. }) = check(&forged) else {
            panic!("{column} on row {row} is accepted");
        };
        assert_eq!(constraint, expected, "{column} on row {row}");
    }
}

/// An access that finds any word it likes, by taking what it makes itself: everything but the order of time holds.
#[test]
fn an_access_does_not_find_what_it_leaves() {
    let trace = trace("get 1");
    let honest = Witness::new(&trace, 9).unwrap();
    let program = trace.program();
    assert_eq!(honest.check(program, Fr::zero(), &[]), Ok(()));
    let mut forged = honest.clone();
    let any = Fr::from(42);
    let columns = forged.columns_mut();
    columns.words[0][1..].fill(any);
    let memory = columns.memory.as_mut().unwrap();
    [memory.old[0], memory.new[0], memory.before[0]] = [any, any, Fr::one()];
    // The cell is not opened, for nobody takes it from there.
    [memory.touched[1], memory.kept[1], memory.last[1]] = [Fr::zero(); 3];
    memory.ages[0] = Fr::zero();
    let WitnessError::Unsatisfied { constraint, .. } = forged.check(program, any, &[]).unwrap_err()
    else {
        panic!("something else is wrong");
    };
    assert_eq!(
        constraint,
        "the sum ends as beta * top less the bottom word's cell"
    );
    // With an age of the row before the first it would be accepted: that is no number of a row.
    assert_eq!((Fr::zero() - Fr::one()).to_u64(), None);
}

#[test]
fn no_set_with_a_name_has_a_memory() {
    for (name, set) in InstructionSet::NAMED {
        assert!(!set.has_memory() && !set.has_words(), "{name}");
    }
}

/// What the memory holds at first is part of the program, in every binding: a proof is one of the program with these words alone.
#[test]
fn other_data_is_another_program() {
    const K: u32 = 5;
    let source = "push 1\nput 6\nget 7\nget 6\nadd\nhalt\n.word 3, ";
    let run = trace(&format!("{source}40"));
    // The same run, for the word that differs is not accessed.
    let other = program(&format!("{source}40, 5"));
    assert_ne!(program(&format!("{source}41")), *run.program());
    let digest = |program: &Program<Fr>| program.canonical(run.set()).digest();
    assert_ne!(digest(&other), digest(run.program()));
    let params = IpaParams::setup(K).unwrap();
    for binding in Binding::ALL {
        let circuit = CircuitParams::new(K, run.set(), binding).unwrap();
        let keys = |program: &Program<Fr>| {
            let source = KeySource::for_program(circuit, program).unwrap();
            Ipa::keygen_of(&params, &source).unwrap()
        };
        let own = keys(run.program());
        let statement = Statement::of(&run);
        let proof = Ipa::prove(&params, &own, &run).unwrap();
        let accepted = Ipa::verify(&params, own.verifying_key(), &statement, &proof);
        assert!(accepted.is_ok(), "{binding:?}");
        let others = keys(&other);
        let claimed = Statement {
            program: other.canonical(run.set()),
            ..statement
        };
        let refused = Ipa::verify(&params, others.verifying_key(), &claimed, &proof);
        assert!(refused.is_err(), "{binding:?}");
    }
}
