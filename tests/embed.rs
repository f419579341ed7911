//! The chip inside other circuits: at offsets, several machines side by side, and what it refuses.

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::plonk::{Advice, Circuit, Column, ConstraintSystem, Error, Instance, keygen_vk};
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::ipa::commitment::ParamsIPA;
use halo2_stack_vm::chip::{
    ChipError, InstructionCells, MachineParams, OutputColumn, ProgramColumns, StackVmChip,
    StackVmConfig, StackVmInstructions, WordCell, usable_rows,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::vm::{RunError, Trace};
use halo2_stack_vm::witness::{Witness, WitnessError};
use halo2curves::bn256::{Fr, G1Affine};

const K: u32 = 7;
/// 2^K less the rows that blind.
const USABLE: usize = (1 << K) - 6;
/// The steps of a machine; it has one row more.
const STEPS: usize = 20;

/// How the outer circuit configures the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    /// Program by cells, output as a cell.
    #[default]
    Cells,
    /// Public program, output as a cell.
    Public,
    /// Program by cells, output in an instance column.
    Instance,
}

/// An instruction as the outer circuit states it: encoded opcode and argument.
type Words = (Fr, Fr);

/// A machine of the outer circuit.
#[derive(Clone)]
struct Machine {
    offset: usize,
    program: Vec<Words>,
    call: Call,
}

/// What the outer circuit asks of the chip.
#[derive(Clone)]
enum Call {
    /// [`StackVmInstructions::run`]
    Run,
    /// [`StackVmInstructions::run_public`], with the run of this program.
    RunPublic(Program<Fr>),
    /// [`StackVmChip::assign`], with cells, but the run of this program.
    Forge(Program<Fr>),
}

/// An outer circuit whose machines' programs are cells that it copies from instance columns, one
/// program after the other, and whose machines' outputs it copies to another.
#[derive(Clone)]
struct Outer {
    kind: Kind,
    machines: Vec<Machine>,
    known: bool,
}

#[derive(Clone, Debug)]
struct OuterConfig {
    vm: StackVmConfig,
    usable_rows: usize,
    words: [Column<Advice>; 2],
    output: Column<Advice>,
    stated: [Column<Instance>; 2],
    outputs: Column<Instance>,
}

impl Circuit<Fr> for Outer {
    type Config = OuterConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Kind;

    fn params(&self) -> Kind {
        self.kind
    }

    fn without_witnesses(&self) -> Self {
        Outer {
            known: false,
            ..self.clone()
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> OuterConfig {
        Self::configure_with_params(meta, Kind::default())
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, kind: Kind) -> OuterConfig {
        let stated = [(); 2].map(|()| meta.instance_column());
        let outputs = meta.instance_column();
        let words = [(); 2].map(|()| meta.advice_column());
        let output = meta.advice_column();
        for column in words.into_iter().chain([output]) {
            meta.enable_equality(column);
        }
        for column in stated.into_iter().chain([outputs]) {
            meta.enable_equality(column);
        }
        let program = match kind {
            Kind::Cells | Kind::Instance => ProgramColumns::cells(meta),
            Kind::Public => ProgramColumns::Public {
                opcode: stated[0],
                argument: stated[1],
            },
        };
        let sent = match kind {
            Kind::Cells | Kind::Public => OutputColumn::Cell,
            Kind::Instance => OutputColumn::Instance(outputs),
        };
        let machine = MachineParams {
            rows: STEPS,
            set: InstructionSet::STACK,
        };
        OuterConfig {
            vm: StackVmConfig::configure(meta, machine, program, sent),
            usable_rows: usable_rows(K, meta),
            words,
            output,
            stated,
            outputs,
        }
    }

    fn synthesize(
        &self,
        config: OuterConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        assert_eq!(config.usable_rows, USABLE);
        let original = StackVmChip::new(config.vm.clone(), config.usable_rows);
        // A clone of the chip for each machine, made before all of them: they know of each other's rows.
        let clones: Vec<_> = self.machines.iter().map(|_| original.clone()).collect();
        let mut row = 0;
        for (number, (machine, chip)) in self.machines.iter().zip(&clones).enumerate() {
            let mut cells = vec![];
            for (opcode, argument) in &machine.program {
                let mut word = |i: usize, word: Fr| -> Result<WordCell<Fr>, Error> {
                    let value = match self.known {
                        true => Value::known(word),
                        false => Value::unknown(),
                    };
                    let cell = layouter.assign_region(
                        || "word",
                        |mut region| Ok(region.assign_advice(config.words[i], row, value)),
                    )?;
                    layouter.constrain_instance(cell.cell(), config.stated[i], row);
                    Ok(WordCell::from(&cell))
                };
                cells.push(InstructionCells {
                    opcode: word(0, *opcode)?,
                    argument: word(1, *argument)?,
                });
                row += 1;
            }
            let offset = machine.offset;
            let output = match &machine.call {
                Call::Run => chip.run(layouter.namespace(|| "machine"), offset, &cells)?,
                Call::RunPublic(program) => {
                    let witness = self.witness(program);
                    chip.run_public(layouter.namespace(|| "machine"), offset, witness.as_ref())?
                }
                Call::Forge(program) => {
                    let witness = self.witness(program);
                    layouter.assign_region(
                        || format!("machine {number}"),
                        |mut region| {
                            chip.assign(&mut region, offset, Some(&cells), witness.as_ref())?
                                .ok_or(Error::Synthesis)
                        },
                    )?
                }
            };
            let copy = layouter.assign_region(
                || "output",
                |mut region| {
                    let copy = output.copy_advice(&mut region, config.output, number);
                    Ok(copy.cell)
                },
            )?;
            layouter.constrain_instance(copy, config.outputs, number);
        }
        Ok(())
    }
}

impl Outer {
    fn new(kind: Kind, machines: Vec<Machine>) -> Self {
        Outer {
            kind,
            machines,
            known: true,
        }
    }

    /// The witness of a program's run.
    fn witness(&self, program: &Program<Fr>) -> Value<Witness<Fr>> {
        let trace = Trace::new(program, None, InstructionSet::STACK).expect("the program runs");
        let witness = Witness::new(&trace, STEPS).expect("the run fits");
        match self.known {
            true => Value::known(witness),
            false => Value::unknown(),
        }
    }

    /// What the outer circuit's verifier states: all programs, one after the other, and the outputs.
    fn instances(&self, outputs: &[u64]) -> Vec<Vec<Fr>> {
        let words = || self.machines.iter().flat_map(|machine| &machine.program);
        vec![
            words().map(|(opcode, _)| *opcode).collect(),
            words().map(|(_, argument)| *argument).collect(),
            outputs.iter().copied().map(Fr::from).collect(),
        ]
    }

    fn mock(&self, instances: Vec<Vec<Fr>>) -> Result<MockProver<Fr>, Error> {
        MockProver::run(K, self, instances)
    }

    fn accepts(&self, outputs: &[u64]) -> bool {
        let prover = self.mock(self.instances(outputs)).expect("it is assigned");
        prover.verify().is_ok()
    }

    /// The chip's error when the circuit is assigned.
    fn refusal(&self) -> ChipError {
        let instances = vec![vec![]; 3];
        let error = self.mock(instances).expect_err("it is refused");
        ChipError::of(&error).expect("the chip's own error").clone()
    }
}

fn program(instructions: &[(Opcode, u64)]) -> Program<Fr> {
    instructions
        .iter()
        .map(|(opcode, argument)| {
            Instruction::new(*opcode, Fr::from(*argument)).expect("programs write it")
        })
        .collect()
}

fn encode(program: &Program<Fr>) -> Vec<Words> {
    let instructions = program.instructions().iter();
    instructions
        .map(|own| (Fr::from(own.opcode + 1), own.argument))
        .collect()
}

fn run_at(offset: usize, program: Vec<Words>) -> Machine {
    Machine {
        offset,
        program,
        call: Call::Run,
    }
}

/// `a b op`
fn binary(opcode: Opcode, a: u64, b: u64) -> Vec<Words> {
    encode(&program(&[
        (Opcode::Push, a),
        (Opcode::Push, b),
        (opcode, 0),
    ]))
}

const HALT: Words = (Fr::zero(), Fr::zero());

#[test]
fn a_machine_may_stand_anywhere() {
    for offset in [0, 1, 17, USABLE - STEPS - 1] {
        let outer = Outer::new(Kind::Cells, vec![run_at(offset, binary(Opcode::Add, 3, 4))]);
        assert!(outer.accepts(&[7]), "offset {offset}");
        assert!(!outer.accepts(&[8]), "offset {offset}");
    }
}

#[test]
fn machines_side_by_side_are_independent() {
    // The second begins on the row after the first one's last; the third is apart.
    for third in [2 * (STEPS + 1), 80] {
        let outer = Outer::new(
            Kind::Cells,
            vec![
                run_at(0, binary(Opcode::Add, 3, 4)),
                run_at(STEPS + 1, binary(Opcode::Mul, 5, 6)),
                // The deepest stack that this machine has room to unwind.
                run_at(third, vec![(Fr::from(2), Fr::from(9)); STEPS / 2]),
            ],
        );
        assert!(outer.accepts(&[7, 30, 9]));
        assert!(!outer.accepts(&[7, 7, 9]));
        assert!(!outer.accepts(&[30, 30, 9]));
        assert!(!outer.accepts(&[30, 7, 9]));
    }
}

#[test]
fn the_order_in_which_machines_are_assigned_is_free() {
    let outer = Outer::new(
        Kind::Cells,
        vec![
            run_at(STEPS + 1, binary(Opcode::Mul, 5, 6)),
            run_at(0, binary(Opcode::Add, 3, 4)),
        ],
    );
    assert!(outer.accepts(&[30, 7]));
    assert!(!outer.accepts(&[7, 30]));
}

#[test]
fn a_wrong_program_in_one_machine_fails_on_its_rows_alone() {
    let honest = program(&[(Opcode::Push, 3), (Opcode::Push, 4), (Opcode::Add, 0)]);
    let other = program(&[(Opcode::Push, 3), (Opcode::Push, 4), (Opcode::Mul, 0)]);
    let machine = |offset: usize, runs: &Program<Fr>| Machine {
        offset,
        program: encode(&honest),
        call: Call::Forge(runs.clone()),
    };
    let outer = |second: &Program<Fr>| {
        Outer::new(
            Kind::Cells,
            vec![machine(0, &honest), machine(STEPS + 1, second)],
        )
    };
    assert!(outer(&honest).accepts(&[7, 7]));

    // It runs `mul` where its cells say `add`, and says so consistently.
    let forged = outer(&other);
    let prover = forged.mock(forged.instances(&[7, 12])).expect("assigned");
    let failures = prover.verify().expect_err("the program is another");
    let failing: Vec<_> = failures.iter().filter_map(broken).collect();
    assert_eq!(
        failing,
        [
            "a flag is set only where its opcode is given",
            "the given instruction is executed, unless it is halt",
        ]
        .map(|constraint| {
            let place = "in Region 14 ('machine 1') at offset 2";
            (constraint.to_owned(), place.to_owned())
        })
    );
}

/// The constraint that fails, and where, if the failure is of a gate.
fn broken(failure: &VerifyFailure) -> Option<(String, String)> {
    let VerifyFailure::ConstraintNotSatisfied {
        constraint,
        location,
        ..
    } = failure
    else {
        return None;
    };
    // Constraint 6 ('name') in gate 0 ('decode')
    let text = constraint.to_string();
    let (_, name) = text.split_once("('")?;
    let (name, _) = name.split_once("') in gate")?;
    Some((name.into(), location.to_string()))
}

#[test]
fn a_program_may_be_shorter_than_the_machine_or_padded() {
    let mut padded = binary(Opcode::Add, 3, 4);
    for length in 3..=STEPS {
        padded.resize(length, HALT);
        assert!(Outer::new(Kind::Cells, vec![run_at(2, padded.clone())]).accepts(&[7]));
    }
    assert!(Outer::new(Kind::Cells, vec![run_at(2, vec![])]).accepts(&[0]));
    assert!(!Outer::new(Kind::Cells, vec![run_at(2, vec![])]).accepts(&[1]));
}

#[test]
fn a_program_may_fill_the_machine() {
    let mut full = vec![(Fr::from(1), Fr::zero()); STEPS - 1];
    full.push((Fr::from(2), Fr::from(5)));
    assert!(Outer::new(Kind::Cells, vec![run_at(2, full)]).accepts(&[5]));
}

#[test]
fn every_program_cell_is_bound() {
    let outer = Outer::new(Kind::Cells, vec![run_at(3, binary(Opcode::Add, 3, 4))]);
    let honest = outer.instances(&[7]);
    assert!(
        outer
            .mock(honest.clone())
            .expect("assigned")
            .verify()
            .is_ok()
    );
    for column in 0..2 {
        for row in 0..3 {
            let mut changed = honest.clone();
            changed[column][row] += Fr::one();
            let prover = outer.mock(changed).expect("assigned");
            let failures = prover.verify().expect_err("another program");
            assert!(
                failures
                    .iter()
                    .all(|failure| matches!(failure, VerifyFailure::Permutation { .. })),
                "{failures:?}"
            );
        }
    }
}

#[test]
fn a_public_program_stands_on_the_machines_rows() {
    let runs = program(&[(Opcode::Push, 3), (Opcode::Push, 4), (Opcode::Add, 0)]);
    let offset = 5;
    let outer = Outer::new(
        Kind::Public,
        vec![Machine {
            offset,
            program: vec![],
            call: Call::RunPublic(runs.clone()),
        }],
    );
    let stated = |runs: &Program<Fr>, output: u64| {
        let mut opcodes = vec![Fr::zero(); offset];
        let mut arguments = vec![Fr::zero(); offset + 1];
        for (opcode, argument) in encode(runs) {
            opcodes.push(opcode);
            arguments.push(argument);
        }
        let instances = vec![opcodes, arguments, vec![Fr::from(output)]];
        outer.mock(instances).expect("assigned").verify().is_ok()
    };
    assert!(stated(&runs, 7));
    assert!(!stated(&runs, 12));
    let other = program(&[(Opcode::Push, 3), (Opcode::Push, 4), (Opcode::Mul, 0)]);
    assert!(!stated(&other, 7));
    let other = program(&[(Opcode::Push, 4), (Opcode::Push, 3), (Opcode::Add, 0)]);
    assert!(!stated(&other, 7));
}

// What the chip refuses. Each case differs by one thing from one that is accepted above.

#[test]
fn machines_that_overlap_are_refused() {
    for second in [0, 1, STEPS] {
        let outer = Outer::new(Kind::Cells, vec![run_at(0, vec![]), run_at(second, vec![])]);
        assert_eq!(
            outer.refusal(),
            ChipError::Overlap {
                rows: second..second + STEPS + 1,
                other: 0..STEPS + 1,
            }
        );
    }
}

#[test]
fn a_machine_beyond_the_usable_rows_is_refused() {
    for offset in [USABLE - STEPS, 1 << K, usize::MAX] {
        let outer = Outer::new(Kind::Cells, vec![run_at(offset, vec![])]);
        assert_eq!(
            outer.refusal(),
            ChipError::OutOfRange {
                rows: offset..offset.saturating_add(STEPS + 1),
                usable: USABLE,
            }
        );
    }
}

#[test]
fn a_program_longer_than_the_machine_is_refused() {
    let too_long = vec![(Fr::from(1), Fr::zero()); STEPS + 1];
    let expected = ChipError::ProgramTooLong {
        instructions: STEPS + 1,
        rows: STEPS,
    };
    for program in [too_long, vec![HALT; STEPS + 1]] {
        let outer = Outer::new(Kind::Cells, vec![run_at(0, program)]);
        assert_eq!(outer.refusal(), expected);
        // Key generation says the same.
        let params = ParamsIPA::<G1Affine>::new(K);
        let error = keygen_vk(&params, &outer.without_witnesses()).expect_err("it is refused");
        assert_eq!(ChipError::of(&error), Some(&expected));
    }
}

#[test]
fn a_run_that_leaves_too_little_room_to_unwind_is_refused() {
    let deep = vec![(Fr::from(2), Fr::one()); STEPS / 2 + 1];
    assert_eq!(
        Outer::new(Kind::Cells, vec![run_at(0, deep)]).refusal(),
        ChipError::Witness(WitnessError::TooFewRows {
            needed: STEPS + 1,
            rows: STEPS,
        })
    );
}

#[test]
fn the_wrong_binding_is_refused() {
    let runs = program(&[(Opcode::Push, 1)]);
    let by_cells = run_at(0, encode(&runs));
    let publicly = Machine {
        offset: 0,
        program: vec![],
        call: Call::RunPublic(runs),
    };
    assert_eq!(
        Outer::new(Kind::Public, vec![by_cells.clone()]).refusal(),
        ChipError::WrongBinding("publicly, not by cells")
    );
    assert_eq!(
        Outer::new(Kind::Cells, vec![publicly]).refusal(),
        ChipError::WrongBinding("by cells, not publicly")
    );
    assert_eq!(
        Outer::new(Kind::Instance, vec![by_cells]).refusal(),
        ChipError::OutputIsNotACell
    );
}

#[test]
fn an_instruction_after_halt_is_refused() {
    let mut after = binary(Opcode::Add, 3, 4);
    after.extend([HALT, (Fr::from(2), Fr::one())]);
    assert_eq!(
        Outer::new(Kind::Cells, vec![run_at(0, after.clone())]).refusal(),
        ChipError::AfterHalt { instruction: 4 }
    );

    // Nor do the constraints let a prover have it who goes on without asking.
    let runs = program(&[(Opcode::Push, 3), (Opcode::Push, 4), (Opcode::Add, 0)]);
    let forge = |program| Machine {
        offset: 0,
        program,
        call: Call::Forge(runs.clone()),
    };
    let honest = Outer::new(Kind::Cells, vec![forge(binary(Opcode::Add, 3, 4))]);
    assert!(honest.accepts(&[7]));
    let forged = Outer::new(Kind::Cells, vec![forge(after)]);
    let prover = forged.mock(forged.instances(&[7])).expect("assigned");
    let failures = prover.verify().expect_err("an instruction follows halt");
    let failing: Vec<_> = failures.iter().filter_map(broken).collect();
    let expected = (
        "after halt there is only halt".into(),
        "in Region 10 ('machine 0') at offset 3".into(),
    );
    assert!(failing.contains(&expected), "{failing:?}");
}

#[test]
fn a_cell_that_holds_no_opcode_is_refused() {
    let huge = |word: Fr| Outer::new(Kind::Cells, vec![run_at(0, vec![(word, Fr::zero())])]);
    for word in [-Fr::one(), Fr::from(u64::MAX) + Fr::one()] {
        assert_eq!(
            huge(word).refusal(),
            ChipError::NotAnOpcode { instruction: 0 }
        );
    }
    for code in [5, u64::MAX - 1] {
        assert_eq!(
            huge(Fr::from(code + 1)).refusal(),
            ChipError::Run(RunError::InvalidOpcode {
                step: 0,
                opcode: code,
                depth: 0,
                set: InstructionSet::STACK,
            })
        );
    }
}

#[test]
fn a_program_that_fails_is_refused() {
    let underflow = vec![(Fr::from(Opcode::Pop.encoded()), Fr::zero())];
    assert_eq!(
        Outer::new(Kind::Cells, vec![run_at(0, underflow)]).refusal(),
        ChipError::Run(RunError::StackUnderflow {
            step: 0,
            opcode: Opcode::Pop,
            needs: 1,
            depth: 0,
        })
    );
}

#[test]
fn keys_do_not_depend_on_what_the_cells_hold() {
    let key = |program: Vec<Words>| {
        let outer = Outer::new(Kind::Cells, vec![run_at(0, program)]);
        let params = ParamsIPA::<G1Affine>::new(K);
        let key = keygen_vk(&params, &outer.without_witnesses()).expect("it is assigned");
        key.transcript_repr()
    };
    assert_eq!(
        key(binary(Opcode::Add, 3, 4)),
        key(binary(Opcode::Mul, 5, 6))
    );
}

/// A circuit that gives its machine no rows.
struct NoRows;

impl Circuit<Fr> for NoRows {
    type Config = (StackVmConfig, usize);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        NoRows
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let machine = MachineParams {
            rows: 0,
            set: InstructionSet::SEED,
        };
        let program = ProgramColumns::cells(meta);
        let vm = StackVmConfig::configure(meta, machine, program, OutputColumn::Cell);
        (vm, usable_rows(K, meta))
    }

    fn synthesize(
        &self,
        (vm, usable_rows): Self::Config,
        layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let vm = StackVmChip::new(vm, usable_rows);
        vm.run(layouter, 0, &[]).map(drop)
    }
}

/// No constraint would hold on its output.
#[test]
fn a_machine_without_rows_is_refused() {
    let error = MockProver::run(K, &NoRows, vec![]).unwrap_err();
    assert_eq!(ChipError::of(&error), Some(&ChipError::NoRows));
}
