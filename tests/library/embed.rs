//! The chip inside other circuits: at offsets, several machines side by side, and what it refuses.

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Fixed, Instance, verify_proof,
};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::asm;
use halo2_stack_vm::halo2::{
    ChipError, CircuitLayout, InstructionCells, MachineInput, OpcodeCell, OutputBinding,
    ProgramBinding, ProgramInput, StackVmChip, StackVmConfig, StackVmInstructions, TapeBinding,
    WordCell,
};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::Shape;
use halo2_stack_vm::machine::{LengthError, MachineParams};
use halo2_stack_vm::machine::{Witness, WitnessError};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::prover::{Prover, Way, ipa_parameters, keygen_vk};
use halo2_stack_vm::vm::{Inputs, Job, RunError};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_core::OsRng;

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
    /// Program in the key, output as a cell.
    Fixed,
    /// Program by cells with control flow, tape by cells, output as a cell.
    FullCells,
    /// The same with the program in the key.
    FullFixed,
    /// The same as `FullCells`, with the tape in an instance column.
    FullPublicTape,
}

impl Kind {
    fn set(self) -> InstructionSet {
        match self {
            Kind::Cells | Kind::Public | Kind::Instance | Kind::Fixed => InstructionSet::STACK,
            Kind::FullCells | Kind::FullFixed | Kind::FullPublicTape => InstructionSet::FULL,
        }
    }

    fn shape(self) -> Shape {
        match self {
            Kind::Fixed => Shape::fixed(self.set()),
            _ => self.set().into(),
        }
    }
}

/// An instruction as the outer circuit states it: encoded opcode and argument.
type Words = (Fr, Fr);

/// A machine of the outer circuit.
#[derive(Clone)]
struct Machine {
    offset: usize,
    program: Vec<Words>,
    /// The cells of its tape.
    tape: Vec<Fr>,
    call: Call,
}

/// What the outer circuit asks of the chip.
#[derive(Clone)]
enum Call {
    /// [`StackVmInstructions::run`], or with secrets.
    Run(Vec<Fr>),
    /// [`StackVmInstructions::run_witness`], with the run of this program, which no cell has.
    Witnessed(Program<Fr>, Inputs<Fr>),
    /// [`StackVmChip::assign`] with the cells, but the run of this program.
    Forge(Program<Fr>, Inputs<Fr>),
}

/// An outer circuit whose machines' programs and tapes are cells that it copies from instance columns, one
/// program and one tape after the other, and whose machines' outputs it copies to another.
#[derive(Clone)]
struct Outer {
    kind: Kind,
    machines: Vec<Machine>,
    known: bool,
}

#[derive(Clone, Debug)]
struct OuterConfig {
    vm: StackVmConfig,
    layout: CircuitLayout,
    /// Opcodes, arguments, and words of tapes.
    words: [Column<Advice>; 3],
    stated: [Column<Instance>; 3],
    output: Column<Advice>,
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
        let [opcode, argument, outputs, tape] = [(); 4].map(|()| meta.instance_column());
        let stated = [opcode, argument, tape];
        let words = [(); 3].map(|()| meta.advice_column());
        let output = meta.advice_column();
        for column in words.into_iter().chain([output]) {
            meta.enable_equality(column);
        }
        for column in stated.into_iter().chain([outputs]) {
            meta.enable_equality(column);
        }
        let program = match kind {
            Kind::Cells | Kind::Instance | Kind::FullCells | Kind::FullPublicTape => {
                ProgramBinding::Cells
            }
            Kind::Public => ProgramBinding::Public { opcode, argument },
            Kind::Fixed | Kind::FullFixed => ProgramBinding::Fixed,
        };
        let sent = match kind {
            Kind::Instance => OutputBinding::Instance(outputs),
            _ => OutputBinding::Cell,
        };
        let machine = MachineParams {
            rows: STEPS,
            set: kind.set(),
        };
        let tape = match kind {
            Kind::FullPublicTape => TapeBinding::Instance(tape),
            _ => TapeBinding::Cells,
        };
        OuterConfig {
            vm: StackVmConfig::configure(meta, machine, program, sent, tape),
            layout: CircuitLayout::of(K, meta),
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
        assert_eq!(config.layout.usable_rows(), USABLE);
        let original = StackVmChip::new(config.vm.clone(), config.layout.clone());
        // A clone of the chip for each machine, made before all of them: they know of each other's rows.
        let clones: Vec<_> = self.machines.iter().map(|_| original.clone()).collect();
        let mut rows = [0; 3];
        for (number, (machine, chip)) in self.machines.iter().zip(&clones).enumerate() {
            let mut word = |i: usize, word: Fr| -> Result<WordCell<Fr>, Error> {
                let row = rows[i];
                rows[i] += 1;
                let cell = layouter.assign_region(
                    || "word",
                    |mut region| Ok(region.assign_advice(config.words[i], row, self.value(word))),
                )?;
                layouter.constrain_instance(cell.cell(), config.stated[i], row);
                Ok(WordCell::from(&cell))
            };
            let mut cells = vec![];
            for (opcode, argument) in &machine.program {
                cells.push(InstructionCells {
                    opcode: OpcodeCell::encoded(word(0, *opcode)?, self.kind.set()),
                    argument: word(1, *argument)?,
                });
            }
            let mut tape = vec![];
            for own in &machine.tape {
                tape.push(word(2, *own)?);
            }
            let (offset, tape) = (machine.offset, &tape[..]);
            let output = match &machine.call {
                Call::Run(secrets) if tape.is_empty() && secrets.is_empty() => {
                    chip.run(layouter.namespace(|| "machine"), offset, &cells)?
                }
                Call::Run(secrets) => {
                    let secrets = self.value(&secrets[..]);
                    let program = ProgramInput::Cells(&cells);
                    let input = MachineInput { program, tape };
                    chip.run_with(layouter.namespace(|| "machine"), offset, input, secrets)?
                }
                Call::Witnessed(runs, inputs) => {
                    let witness = self.witness(runs, inputs);
                    let program = match self.kind {
                        Kind::Fixed | Kind::FullFixed => ProgramInput::Fixed(runs),
                        _ => ProgramInput::Public,
                    };
                    let input = MachineInput { program, tape };
                    chip.run_witness(
                        layouter.namespace(|| "machine"),
                        offset,
                        input,
                        witness.as_ref(),
                    )?
                }
                Call::Forge(runs, inputs) => {
                    let witness = self.witness(runs, inputs);
                    let program = ProgramInput::Cells(&cells);
                    let input = MachineInput { program, tape };
                    layouter.assign_region(
                        || format!("machine {number}"),
                        |mut region| {
                            chip.assign(&mut region, offset, input, witness.as_ref())?
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

    fn value<T>(&self, value: T) -> Value<T> {
        match self.known {
            true => Value::known(value),
            false => Value::unknown(),
        }
    }

    /// The witness of a program's run.
    fn witness(&self, program: &Program<Fr>, inputs: &Inputs<Fr>) -> Value<Witness<Fr>> {
        if !self.known {
            return Value::unknown();
        }
        let job = Job::new(program, self.kind.set(), inputs);
        let trace = job.trace_past_failure().expect("the program ends");
        let witness = Witness::of_shape(&trace, STEPS, self.kind.shape()).expect("the run fits");
        Value::known(witness)
    }

    /// What the outer circuit's verifier states: all programs, one after the other, the outputs, and all
    /// tapes.
    fn instances(&self, outputs: &[u64]) -> Vec<Vec<Fr>> {
        let words = || self.machines.iter().flat_map(|machine| &machine.program);
        let tapes = self.machines.iter().flat_map(|machine| &machine.tape);
        vec![
            words().map(|(opcode, _)| *opcode).collect(),
            words().map(|(_, argument)| *argument).collect(),
            outputs.iter().copied().map(Fr::from).collect(),
            tapes.copied().collect(),
        ]
    }

    fn mock(&self, instances: Vec<Vec<Fr>>) -> Result<MockProver<Fr>, Error> {
        MockProver::run(K, self, instances)
    }

    fn accepts(&self, outputs: &[u64]) -> bool {
        let prover = self.mock(self.instances(outputs)).expect("it is assigned");
        prover.verify().is_ok()
    }

    /// The constraints that reject the circuit, each once.
    fn rejecting(&self, outputs: &[u64]) -> Vec<String> {
        let prover = self.mock(self.instances(outputs)).expect("it is assigned");
        let failures = prover.verify().expect_err("it is rejected");
        let names = failures.iter().filter_map(broken).map(|(name, _)| name);
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        assert!(!names.is_empty(), "{failures:?}");
        names
    }

    /// The chip's error when the circuit is assigned.
    fn refusal(&self) -> ChipError {
        let instances = vec![vec![]; 4];
        let error = self.mock(instances).expect_err("it is refused");
        ChipError::of(&error).expect("the chip's own error").clone()
    }
}

fn program(instructions: &[(Opcode, u64)]) -> Program<Fr> {
    instructions
        .iter()
        .map(|(opcode, argument)| Instruction::new(*opcode, Fr::from(*argument)))
        .collect()
}

/// A program without control flow as cells have it.
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
        tape: vec![],
        call: Call::Run(vec![]),
    }
}

fn forge(offset: usize, program: Vec<Words>, runs: &Program<Fr>) -> Machine {
    Machine {
        call: Call::Forge(runs.clone(), Inputs::none()),
        ..run_at(offset, program)
    }
}

fn witnessed(offset: usize, program: &Program<Fr>) -> Machine {
    Machine {
        call: Call::Witnessed(program.clone(), Inputs::none()),
        ..run_at(offset, vec![])
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
    let machine = |offset: usize, runs: &Program<Fr>| forge(offset, encode(&honest), runs);
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
    let outer = Outer::new(Kind::Public, vec![witnessed(offset, &runs)]);
    let stated = |runs: &Program<Fr>, output: u64| {
        let mut opcodes = vec![Fr::zero(); offset];
        let mut arguments = vec![Fr::zero(); offset + 1];
        for (opcode, argument) in encode(runs) {
            opcodes.push(opcode);
            arguments.push(argument);
        }
        let instances = vec![opcodes, arguments, vec![Fr::from(output)], vec![]];
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
    let expected = ChipError::Length(LengthError::Program {
        instructions: STEPS + 1,
        room: STEPS,
    });
    for program in [too_long, vec![HALT; STEPS + 1]] {
        let outer = Outer::new(Kind::Cells, vec![run_at(0, program)]);
        assert_eq!(outer.refusal(), expected);
        // Key generation says the same.
        let error = key(&outer).expect_err("it is refused");
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
    let otherwise = witnessed(0, &runs);
    assert_eq!(
        Outer::new(Kind::Public, vec![by_cells.clone()]).refusal(),
        ChipError::WrongBinding("program is bound publicly")
    );
    assert_eq!(
        Outer::new(Kind::Cells, vec![otherwise]).refusal(),
        ChipError::WrongBinding("program is bound by cells")
    );
    assert_eq!(
        Outer::new(Kind::Fixed, vec![by_cells.clone()]).refusal(),
        ChipError::WrongBinding("program is bound by the key")
    );
    let taped = Machine {
        tape: vec![Fr::one()],
        ..by_cells.clone()
    };
    assert_eq!(
        Outer::new(Kind::Cells, vec![taped.clone()]).refusal(),
        ChipError::WrongBinding("instruction set has no tape")
    );
    assert_eq!(
        Outer::new(Kind::FullPublicTape, vec![taped]).refusal(),
        ChipError::WrongBinding("tape is bound publicly, not by cells")
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
    let forged = |program| Outer::new(Kind::Cells, vec![forge(0, program, &runs)]);
    assert!(forged(binary(Opcode::Add, 3, 4)).accepts(&[7]));
    let forged = forged(after);
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
                pc: 0,
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
            pc: 0,
            opcode: Opcode::Pop,
            needs: 1,
            depth: 0,
        })
    );
}

/// What stands for an outer circuit's verifying key in a transcript.
fn key(outer: &Outer) -> Result<Fr, Error> {
    let key = keygen_vk(&ipa_parameters::<G1Affine>(K), &outer.without_witnesses())?;
    Ok(key.transcript_repr())
}

#[test]
fn keys_do_not_depend_on_what_the_cells_hold() {
    let key = |program: Vec<Words>| {
        let outer = Outer::new(Kind::Cells, vec![run_at(0, program)]);
        key(&outer).expect("it is assigned")
    };
    assert_eq!(
        key(binary(Opcode::Add, 3, 4)),
        key(binary(Opcode::Mul, 5, 6))
    );
}

/// A circuit that gives its machine no rows.
struct NoRows;

impl Circuit<Fr> for NoRows {
    type Config = (StackVmConfig, CircuitLayout);
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
        let program = ProgramBinding::Cells;
        let output = OutputBinding::Cell;
        let vm = StackVmConfig::configure(meta, machine, program, output, TapeBinding::Cells);
        (vm, CircuitLayout::of(K, meta))
    }

    fn synthesize(
        &self,
        (vm, layout): Self::Config,
        layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let vm = StackVmChip::new(vm, layout);
        vm.run(layouter, 0, &[]).map(drop)
    }
}

/// No constraint would hold on its output.
#[test]
fn a_machine_without_rows_is_refused() {
    let error = MockProver::run(K, &NoRows, vec![]).unwrap_err();
    assert_eq!(ChipError::of(&error), Some(&ChipError::NoRows));
}

/// A program of the assembler's in fixed cells: it jumps, and reads its own data.
struct OfText;

const OF_TEXT: &str = "\
        get data
        push 2
        mul
        jump end
        pop
end:    halt
data:   .word 21";

impl OfText {
    fn program() -> Program<Fr> {
        asm::assemble(OF_TEXT).expect("it is a program")
    }
}

impl Circuit<Fr> for OfText {
    type Config = (
        StackVmConfig,
        CircuitLayout,
        [Column<Fixed>; 2],
        Column<Instance>,
    );
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        OfText
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let machine = MachineParams {
            rows: 16,
            set: Self::program().smallest_set(),
        };
        let program = ProgramBinding::Cells;
        let output = OutputBinding::Cell;
        let vm = StackVmConfig::configure(meta, machine, program, output, TapeBinding::Cells);
        let columns = [(); 2].map(|()| meta.fixed_column());
        let output = meta.instance_column();
        for column in columns {
            meta.enable_equality(column);
        }
        meta.enable_equality(output);
        (vm, CircuitLayout::of(K, meta), columns, output)
    }

    fn synthesize(
        &self,
        (vm, layout, columns, output): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let set = vm.params().set;
        let vm = StackVmChip::new(vm, layout);
        let cells = layouter.assign_region(
            || "program",
            |mut region| {
                let program = Self::program();
                Ok(InstructionCells::fixed(&mut region, columns, set, &program))
            },
        )?;
        let cell = vm.run(layouter.namespace(|| "machine"), 0, &cells)?.cell;
        layouter.constrain_instance(cell, output, 0);
        Ok(())
    }
}

#[test]
fn a_program_of_the_assemblers_is_made_of_cells() {
    let accepts = |output: u64| {
        let prover = MockProver::run(K, &OfText, vec![vec![Fr::from(output)]]);
        prover.expect("it is assigned").verify().is_ok()
    };
    assert!(accepts(42));
    assert!(!accepts(43));
}

// Control flow, tapes, and programs in the key.

/// A program with control flow as cells have it: 0 is no instruction, and `halt` is 1.
fn listed(source: &str) -> Vec<Words> {
    let program = asm::assemble::<Fr>(source).expect("it is a program");
    let instructions = program.instructions().iter();
    let opcode = |own: &Instruction<Fr>| match own.opcode {
        31 => 1,
        code => code + 2,
    };
    instructions
        .map(|own| (Fr::from(opcode(own)), own.argument))
        .collect()
}

fn assembled(source: &str) -> Program<Fr> {
    asm::assemble(source).expect("it is a program")
}

fn fields(words: &[u64]) -> Vec<Fr> {
    words.iter().copied().map(Fr::from).collect()
}

/// 2 + 1, by a loop that counts down.
const LOOP: &str = "push 0\npush 2\ndup\nrot\nadd\nswap\naddi -1\ndup\njnz 2";
/// The same that counts down from another number.
const OTHER_LOOP: &str = "push 0\npush 1\ndup\nrot\nadd\nswap\naddi -1\ndup\njnz 2";

#[test]
fn control_flow_by_cells() {
    for offset in [0, 5, USABLE - STEPS - 1] {
        let outer = Outer::new(Kind::FullCells, vec![run_at(offset, listed(LOOP))]);
        assert!(outer.accepts(&[3]), "offset {offset}");
        assert!(!outer.accepts(&[2]), "offset {offset}");
    }
    let call = "push 5\ncall 4\nmuli 3\nhalt\nswap\nmuli 2\nswap\nret";
    let two = |first: &str, second: &str| {
        let machines = vec![run_at(0, listed(first)), run_at(STEPS + 1, listed(second))];
        Outer::new(Kind::FullCells, machines)
    };
    assert!(two(LOOP, call).accepts(&[3, 30]));
    assert!(two(call, LOOP).accepts(&[30, 3]));
    assert!(!two(call, LOOP).accepts(&[3, 30]));
}

/// Every cell of a program is bound, and what a row executes is what stands at its address.
#[test]
fn a_run_of_another_program_with_control_flow_is_rejected() {
    let honest = Outer::new(Kind::FullCells, vec![run_at(3, listed(LOOP))]);
    let instances = honest.instances(&[3]);
    assert!(honest.accepts(&[3]));
    for column in 0..2 {
        for row in 0..9 {
            let mut changed = instances.clone();
            changed[column][row] += Fr::one();
            let failures = honest.mock(changed).expect("assigned").verify();
            let failures = failures.expect_err("another program");
            let permuted = |own: &VerifyFailure| matches!(own, VerifyFailure::Permutation { .. });
            assert!(failures.iter().all(permuted), "{failures:?}");
        }
    }

    let forged = |cells: &str, runs: &str| {
        let machine = forge(0, listed(cells), &assembled(runs));
        Outer::new(Kind::FullCells, vec![machine])
    };
    assert!(forged(LOOP, LOOP).accepts(&[3]));
    let listed_here = "provided = uses / (the instruction listed here)";
    for (cells, runs, output) in [
        // Another argument, another opcode, an instruction less, and a loop that is left early.
        (LOOP, OTHER_LOOP, 1),
        ("push 4\njump 2", "push 5\njump 2", 5),
        ("push 4\njump 2", "push 4\nnop", 4),
        (
            "push 4\npush 5\njump 3\nadd",
            "push 4\npush 5\njump 4\nadd",
            4,
        ),
    ] {
        let own = forged(runs, runs);
        assert!(own.accepts(&[output]), "{runs}");
        assert_eq!(
            forged(cells, runs).rejecting(&[output]),
            [listed_here],
            "{runs}"
        );
    }
}

/// What follows a program of cells with control flow: its end, and nothing that could be executed.
#[test]
fn no_address_after_the_end_is_executable() {
    let cells = |target: usize| format!("push 7\njump {target}");
    // As text, a program goes nowhere else than to its addresses.
    let stated = |target: usize| {
        let mut stated = listed(&cells(0));
        stated[1].1 = Fr::from(target as u64);
        stated
    };
    let outer = |target| Outer::new(Kind::FullCells, vec![run_at(0, stated(target))]);
    assert!(outer(2).accepts(&[7]));
    let ret = Outer::new(Kind::FullCells, vec![run_at(0, listed("push 2\nret"))]);
    assert!(ret.accepts(&[0]));
    for target in [3, 4, STEPS, STEPS + 1, 1 << 40] {
        let expected = |step, opcode, instructions| {
            ChipError::Run(RunError::OutsideProgram {
                step,
                pc: step,
                opcode,
                instructions,
            })
        };
        assert_eq!(outer(target).refusal(), expected(1, Opcode::Jump, 2));
        let source = format!("push {target}\nret");
        let ret = Outer::new(Kind::FullCells, vec![run_at(0, listed(&source))]);
        assert_eq!(ret.refusal(), expected(1, Opcode::Ret, 2));
    }
    // Whoever goes on there: it ends there, or executes what it would like to stand there.
    let listed_here = "provided = uses / (the instruction listed here)";
    for target in [3, 4, STEPS - 2] {
        for there in ["", "push 9"] {
            let padding = "halt\n".repeat(target - 2);
            let runs = assembled(&format!("{}\n{padding}{there}", cells(target)));
            let forged =
                |stated: Vec<Words>| Outer::new(Kind::FullCells, vec![forge(0, stated, &runs)]);
            // Were the program as long, the run would be one of it.
            let whole = listed(&format!("{}\n{padding}{there}", cells(target)));
            assert!(forged(whole).accepts(&[7]), "{target} {there}");
            assert_eq!(forged(stated(target)).rejecting(&[7]), [listed_here]);
        }
    }
    // What is no instruction is none where cells have it either.
    let mut nothing = listed("push 7\njump 2");
    nothing.push((Fr::zero(), Fr::zero()));
    let outer = Outer::new(Kind::FullCells, vec![run_at(0, nothing)]);
    assert_eq!(outer.refusal(), ChipError::NotAnOpcode { instruction: 2 });
}

/// Reads and writes in turn, and a secret: 3 + 4, times the secret, and what comes last.
const TAPED: &str = "read\nread\nadd\ndup\nwrite\nsecret\nmul\nwrite\nread";
const SECRET: u64 = 5;
const TAPE: [u64; 5] = [3, 4, 7, 35, 9];

fn taped(kind: Kind, words: &[u64], secrets: &[u64]) -> Outer {
    let machine = Machine {
        tape: fields(words),
        call: Call::Run(fields(secrets)),
        ..run_at(6, listed(TAPED))
    };
    Outer::new(kind, vec![machine])
}

/// What is assigned after the challenges could be chosen by them: no key is made of a machine bound to it.
#[test]
fn a_tape_of_cells() {
    let honest = taped(Kind::FullCells, &TAPE, &[SECRET]);
    assert!(honest.accepts(&[9]));
    assert!(!honest.accepts(&[8]));
    // The outer circuit's cells are the tape's.
    for word in 0..TAPE.len() {
        let mut instances = honest.instances(&[9]);
        instances[3][word] += Fr::one();
        let failures = honest.mock(instances).expect("assigned").verify();
        let failures = failures.expect_err("another tape");
        let permuted = |own: &VerifyFailure| matches!(own, VerifyFailure::Permutation { .. });
        assert!(failures.iter().all(permuted), "{failures:?}");
    }

    // The chip does not make a run of another tape.
    let refusal = |words: &[u64], secrets: &[u64]| taped(Kind::FullCells, words, secrets).refusal();
    for (words, step) in [
        ([3, 4, 8, 35, 9], 4),
        ([3, 4, 7, 36, 9], 7),
        ([3, 5, 7, 35, 9], 4),
    ] {
        let error = RunError::OtherWord { step, pc: step };
        assert_eq!(refusal(&words, &[SECRET]), ChipError::Run(error));
    }
    assert!(matches!(
        refusal(&[3, 4, 7, 35, 9, 0], &[SECRET]),
        ChipError::Run(RunError::Unread {
            tape: "public",
            unread: 1,
            ..
        })
    ));
    assert!(matches!(
        refusal(&[3, 4, 7, 35], &[SECRET]),
        ChipError::Run(RunError::TapeEnd {
            opcode: Opcode::Read,
            ..
        })
    ));
    assert!(matches!(
        refusal(&TAPE, &[]),
        ChipError::Run(RunError::TapeEnd {
            opcode: Opcode::Secret,
            ..
        })
    ));
    assert!(matches!(
        refusal(&TAPE, &[SECRET, 0]),
        ChipError::Run(RunError::Unread {
            tape: "private",
            unread: 1,
            ..
        })
    ));
    assert_eq!(
        refusal(&[0; STEPS + 1], &[SECRET]),
        ChipError::Length(LengthError::Tape {
            words: STEPS + 1,
            room: STEPS
        })
    );
}

/// The inputs of [`TAPED`], which give [`TAPE`].
fn taped_inputs() -> Inputs<Fr> {
    Inputs {
        public: fields(&[3, 4, 9]),
        secret: fields(&[SECRET]),
    }
}

/// Tapes that differ from that of the run: by a word, by one too many, by one too few, in their order.
fn wrong_tapes() -> Vec<Vec<u64>> {
    let mut tapes: Vec<Vec<u64>> = (0..TAPE.len())
        .map(|word| {
            let mut tape = TAPE.to_vec();
            tape[word] += 1;
            tape
        })
        .collect();
    tapes.push([&TAPE[..], &[0]].concat());
    tapes.push([&TAPE[..], &[1]].concat());
    tapes.push([&TAPE[..], &[0; STEPS - TAPE.len()]].concat());
    tapes.push([&[0], &TAPE[..]].concat());
    tapes.push(TAPE[..4].to_vec());
    tapes.push(vec![]);
    tapes.push(vec![4, 3, 7, 35, 9]);
    tapes
}

/// What holds what is folded against what is stated; there is one such constraint for the last row.
fn is_of_stated_tape(constraint: &str) -> bool {
    constraint.starts_with("stated = what is stated here")
}

#[test]
fn a_wrong_tape_is_rejected_by_the_constraint_that_should() {
    let by_cells = |words: &[u64]| {
        let machine = Machine {
            tape: fields(words),
            call: Call::Forge(assembled(TAPED), taped_inputs()),
            ..run_at(6, listed(TAPED))
        };
        Outer::new(Kind::FullCells, vec![machine])
    };
    let fixed = |words: &[u64]| {
        let machine = Machine {
            tape: fields(words),
            call: Call::Witnessed(assembled(TAPED), taped_inputs()),
            ..run_at(6, vec![])
        };
        Outer::new(Kind::FullFixed, vec![machine])
    };
    type Make<'a> = &'a dyn Fn(&[u64]) -> Outer;
    for outer in [&by_cells as Make, &fixed as Make] {
        assert!(outer(&TAPE).accepts(&[9]));
        for wrong in wrong_tapes() {
            let names = outer(&wrong).rejecting(&[9]);
            assert!(names.iter().all(|own| is_of_stated_tape(own)), "{names:?}");
        }
    }
}

#[test]
fn a_public_tape_stands_on_the_machines_rows() {
    let machine = Machine {
        call: Call::Forge(assembled(TAPED), taped_inputs()),
        ..run_at(6, listed(TAPED))
    };
    let outer = Outer::new(Kind::FullPublicTape, vec![machine]);
    let rejecting = |words: &[u64]| {
        let mut instances = outer.instances(&[9]);
        instances[3] = fields(&[&[0; 6], words, &[1]].concat());
        let verdict = outer.mock(instances).expect("assigned").verify();
        let failures = verdict.err().unwrap_or_default();
        failures
            .iter()
            .filter_map(broken)
            .map(|own| own.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(rejecting(&TAPE), [""; 0]);
    for wrong in wrong_tapes() {
        let names = rejecting(&wrong);
        assert!(!names.is_empty(), "{wrong:?}");
        assert!(names.iter().all(|own| is_of_stated_tape(own)), "{names:?}");
    }
}

#[test]
fn a_program_in_the_key() {
    let (three, five) = ("push 3\npush 4\nadd", "push 5\npush 6\nmul\npush 1\npop");
    // Two machines with a program each.
    for offset in [0, 9] {
        let machines = |first: &str, second: &str| {
            let second = witnessed(offset + STEPS + 1, &assembled(second));
            vec![witnessed(offset, &assembled(first)), second]
        };
        let outer = Outer::new(Kind::Fixed, machines(three, five));
        assert!(outer.accepts(&[7, 30]));
        assert!(!outer.accepts(&[30, 7]));
        assert!(!outer.accepts(&[7, 31]));
        let outer = Outer::new(Kind::FullFixed, machines(LOOP, "push 8\ncall 2\npop"));
        assert!(outer.accepts(&[3, 8]));
        assert!(!outer.accepts(&[3, 2]));
    }
    // It is in the key: another program makes another one.
    let key = |kind: Kind, source: &str| {
        let outer = Outer::new(kind, vec![witnessed(0, &assembled(source))]);
        key(&outer).expect("it is assigned")
    };
    for (kind, programs) in [
        (
            Kind::Fixed,
            [three, "push 3\npush 5\nadd", "push 3\npush 4\nmul"],
        ),
        (Kind::FullFixed, [LOOP, OTHER_LOOP, "push 7"]),
    ] {
        let keys = programs.map(|own| key(kind, own));
        assert_eq!(keys[0], key(kind, programs[0]));
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
    }
}

/// An outer circuit whose key has one program, and a prover with the run of another.
#[derive(Clone)]
struct Swapped {
    fixed: Program<Fr>,
    runs: Program<Fr>,
    kind: Kind,
}

impl Circuit<Fr> for Swapped {
    type Config = OuterConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Kind;

    fn params(&self) -> Kind {
        self.kind
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> OuterConfig {
        Self::configure_with_params(meta, Kind::default())
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, kind: Kind) -> OuterConfig {
        Outer::configure_with_params(meta, kind)
    }

    fn synthesize(&self, config: OuterConfig, layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let chip = StackVmChip::new(config.vm.clone(), config.layout.clone());
        let outer = Outer::new(self.kind, vec![]);
        let witness = outer.witness(&self.runs, &Inputs::none());
        let input = ProgramInput::Fixed(&self.fixed).into();
        chip.run_witness(layouter, 0, input, witness.as_ref())
            .map(drop)
    }
}

#[test]
fn a_run_of_another_program_than_the_keys_is_rejected() {
    let rejecting = |kind: Kind, fixed: &str, runs: &str| {
        let circuit = Swapped {
            fixed: assembled(fixed),
            runs: assembled(runs),
            kind,
        };
        let mock = MockProver::run(K, &circuit, vec![vec![]; 4]).expect("it is assigned");
        let failures = mock.verify().err().unwrap_or_default();
        let mut names: Vec<_> = failures
            .iter()
            .filter_map(broken)
            .map(|own| own.0)
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let top = "top' is the instruction's new top";
    let listed_here = "provided = uses / (the instruction listed here)";
    let honest = "push 3\npush 4\nadd";
    assert_eq!(rejecting(Kind::Fixed, honest, honest), [""; 0]);
    for other in ["push 3\npush 5\nadd", "push 3\npush 4\nmul"] {
        assert_eq!(rejecting(Kind::Fixed, other, other), [""; 0]);
        assert_eq!(rejecting(Kind::Fixed, honest, other), [top]);
    }
    assert_eq!(rejecting(Kind::FullFixed, LOOP, LOOP), [""; 0]);
    assert_eq!(rejecting(Kind::FullFixed, OTHER_LOOP, OTHER_LOOP), [""; 0]);
    assert_eq!(rejecting(Kind::FullFixed, LOOP, OTHER_LOOP), [listed_here]);
}

#[test]
fn a_program_of_which_there_is_no_key_is_refused() {
    let refusal = |kind: Kind, source: &str| {
        let outer = Outer::new(kind, vec![witnessed(0, &assembled(source))]);
        let error = key(&outer).expect_err("it is refused");
        ChipError::of(&error).expect("the chip's own error").clone()
    };
    let underflow = RunError::StackUnderflow {
        step: 1,
        pc: 1,
        opcode: Opcode::Add,
        needs: 2,
        depth: 1,
    };
    assert_eq!(
        refusal(Kind::Fixed, "push 1\nadd"),
        ChipError::Schedule(underflow)
    );
    let deep = "push 1\n".repeat(STEPS / 2 + 1);
    assert_eq!(
        refusal(Kind::Fixed, &deep),
        ChipError::Schedule(RunError::TooManyRows {
            rows: STEPS as u64 + 1,
            limit: STEPS
        })
    );
    // With control flow the end of the program needs a row.
    for (kind, instructions) in [(Kind::Fixed, STEPS + 1), (Kind::FullFixed, STEPS)] {
        let room = instructions - 1;
        assert_eq!(
            refusal(kind, &"nop\n".repeat(instructions)),
            ChipError::Length(LengthError::Program { instructions, room })
        );
    }
}

/// A real proof of the outer circuit with a tape of cells.
#[test]
fn a_real_proof_with_a_tape_of_cells() {
    let circuit = taped(Kind::FullCells, &TAPE, &[SECRET]);
    let params = ParamsKZG::<Bn256>::setup(K, OsRng);
    // The keys depend on neither the words nor the secrets.
    let empty = taped(Kind::FullCells, &[0; 5], &[0]).without_witnesses();
    let prover = Prover::keygen(&params, &empty).expect("it is assigned");
    let instances = circuit.instances(&[9]);
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    let proved = prover.create_proof(
        Way::Shplonk,
        &[circuit],
        &[&columns],
        &mut OsRng,
        &mut transcript,
        &mut (),
    );
    proved.expect("it is proved");
    let proof = transcript.finalize();
    let verify = |instances: &[Vec<Fr>]| {
        let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof.as_slice());
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
            &params,
            prover.verifying_key(),
            SingleStrategy::new(&params),
            &[&columns],
            &mut transcript,
        )
    };
    assert!(verify(&instances).is_ok());
    for (column, words) in instances.iter().enumerate() {
        for word in 0..words.len() {
            let mut other = instances.clone();
            other[column][word] += Fr::one();
            assert!(verify(&other).is_err(), "column {column}, word {word}");
        }
    }
}
