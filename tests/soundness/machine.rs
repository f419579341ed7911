//! The circuits under test, and what a prover may claim in them.

use std::iter;

use ff::{Field, FromUniformBytes};
use halo2_proofs::circuit::{Cell as HaloCell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Advice, Any, Circuit, Column, ConstraintSystem, Error, Instance};
use halo2_stack_vm::chip::{
    InstructionCells, MachineParams, OutputColumn, ProgramColumns, StackVmChip, StackVmConfig,
    WordCell, usable_rows,
};
use halo2_stack_vm::circuit::{Binding, CircuitParams, StackVmCircuit};
use halo2_stack_vm::frame::Challenges;
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::row::{Cell, Row};
use halo2_stack_vm::sum;
use halo2_stack_vm::vm::{self, Trace};
use halo2_stack_vm::witness::Witness;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::check::{Checker, Copy, Table};
use crate::record::{Place, Recording, record};

/// What stands around a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// [`StackVmCircuit`], the program public.
    Public,
    /// [`StackVmCircuit`], the program in cells.
    Cells,
    /// [`Outer`]: the program in fewer cells than the machine has steps, the output a cell.
    Outer,
}

impl Host {
    /// All of them.
    pub const ALL: [Host; 3] = [Host::Public, Host::Cells, Host::Outer];
}

/// An outer circuit that binds the program's cells to its instance, and the machine's output too.
#[derive(Clone, Debug)]
pub struct Outer {
    params: OuterParams,
    program: Value<Vec<[Fr; 2]>>,
    witness: Value<Witness<Fr>>,
}

/// The shape of an [`Outer`].
#[derive(Clone, Copy, Debug)]
pub struct OuterParams {
    k: u32,
    machine: MachineParams,
    offset: usize,
    /// The number of the program's cells.
    program_rows: usize,
}

impl Default for OuterParams {
    fn default() -> Self {
        OuterParams {
            k: 5,
            machine: MachineParams {
                rows: 9,
                set: InstructionSet::default(),
            },
            offset: 3,
            program_rows: 6,
        }
    }
}

impl Circuit<Fr> for Outer {
    type Config = (StackVmConfig, [Column<Instance>; 2], usize);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = OuterParams;

    fn params(&self) -> OuterParams {
        self.params
    }

    fn without_witnesses(&self) -> Self {
        Outer {
            params: self.params,
            program: Value::unknown(),
            witness: Value::unknown(),
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        Self::configure_with_params(meta, OuterParams::default())
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: OuterParams) -> Self::Config {
        let stated = [(); 2].map(|()| meta.instance_column());
        for column in stated {
            meta.enable_equality(column);
        }
        let program = ProgramColumns::cells(meta);
        let vm = StackVmConfig::configure(meta, params.machine, program, OutputColumn::Cell);
        (vm, stated, usable_rows(params.k, meta))
    }

    fn synthesize(
        &self,
        (vm, stated, usable): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let word = |column: usize, row: usize| {
            let value = self.program.as_ref().map(|program| program[row][column]);
            let (column, row_offset) = (stated[column].into(), row + column);
            let cell = HaloCell { row_offset, column };
            WordCell { cell, value }
        };
        let cells: Vec<_> = (0..self.params.program_rows)
            .map(|row| InstructionCells {
                opcode: word(0, row),
                argument: word(1, row),
            })
            .collect();
        let chip = StackVmChip::new(vm, usable);
        let output = layouter.assign_region(
            || "machine",
            |mut region| {
                let offset = self.params.offset;
                Ok(chip.assign(&mut region, offset, Some(&cells), self.witness.as_ref())?)
            },
        )?;
        layouter.constrain_instance(output.expect("a cell").cell, stated[1], 0);
        Ok(())
    }
}

/// Where the second phase departs from what the rules say, so that the sum ends as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// In what the sum starts from.
    Start,
    /// In the sum after this row.
    Sum(usize),
    /// In the fraction of the cell that this row makes.
    Made(usize),
}

/// What a prover claims: a statement and a witness, be they honest or not.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The encoded opcodes and the arguments of the stated program.
    pub given: Vec<[Fr; 2]>,
    /// The stated output.
    pub output: Fr,
    /// The program as it stands in the machine's own cells, where it has any: one entry for every
    /// row, the final one included.
    pub cells: Vec<[Fr; 2]>,
    /// The first-phase columns of the machine.
    pub columns: Row<Vec<Fr>>,
    /// What the sum starts from.
    pub start: Fr,
    /// A false second phase.
    pub slip: Option<Slip>,
}

/// A circuit with its constraints, its fixed columns and its copies.
#[derive(Debug)]
pub struct Machine {
    /// What stands around the machine.
    pub host: Host,
    /// The instruction set.
    pub set: InstructionSet,
    /// The logarithm of the number of rows of the circuit.
    pub k: u32,
    /// The number of steps.
    pub rows: usize,
    /// The machine's first row.
    pub offset: usize,
    /// The most instructions that a stated program has.
    pub program_rows: usize,
    /// Its constraints.
    pub checker: Checker,
    /// The number of the advice column of each of the machine's columns.
    pub advice: Row<usize>,
    /// The numbers of the advice columns of a program in cells.
    pub program: Option<[usize; 2]>,
    /// The challenges, those of `MockProver`.
    pub challenges: Challenges<Fr>,
    /// What stands where nothing is assigned: whatever a prover likes.
    garbage: Vec<Vec<Fr>>,
}

/// The challenges of `MockProver`.
pub fn mock_challenges() -> Vec<Fr> {
    let mut hash = *blake2b_simd::blake2b(b"Halo2-MockProver").as_array();
    let next = || {
        hash = *blake2b_simd::blake2b(&hash).as_array();
        Fr::from_uniform_bytes(&hash)
    };
    iter::repeat_with(next).take(3).collect()
}

impl Machine {
    /// The machine of a host: the smallest, or one twice as large.
    pub fn new(host: Host, set: InstructionSet, large: bool) -> Self {
        let k = if large { 5 } else { 4 };
        match host {
            Host::Public => Self::alone(host, CircuitParams::new(k, set, Binding::Public).unwrap()),
            Host::Cells => Self::alone(host, CircuitParams::new(k, set, Binding::Cells).unwrap()),
            Host::Outer => {
                let mut params = OuterParams::default();
                params.machine.set = set;
                if large {
                    params.k += 1;
                    params.machine.rows *= 3;
                    params.program_rows *= 3;
                }
                Self::embedded(params)
            }
        }
    }

    fn alone(host: Host, params: CircuitParams) -> Self {
        let circuit = StackVmCircuit::<Fr>::empty(params);
        let (cs, config, recording) = record(params.k(), &circuit, &mock_challenges());
        let shape = OuterParams {
            k: params.k(),
            machine: config.machine().params(),
            offset: 0,
            program_rows: params.rows(),
        };
        Self::assembled(host, shape, &cs, config.machine(), &recording)
    }

    fn embedded(params: OuterParams) -> Self {
        let circuit = Outer {
            params,
            program: Value::unknown(),
            witness: Value::unknown(),
        };
        let (cs, (config, ..), recording) = record(params.k, &circuit, &mock_challenges());
        Self::assembled(Host::Outer, params, &cs, &config, &recording)
    }

    fn assembled(
        host: Host,
        shape: OuterParams,
        cs: &ConstraintSystem<Fr>,
        config: &StackVmConfig,
        recording: &Recording,
    ) -> Self {
        let rows = 1 << shape.k;
        let mut fixed = vec![vec![Fr::ZERO; rows]; cs.num_fixed_columns()];
        for ((column, row), value) in &recording.fixed {
            fixed[*column][*row] = *value;
        }
        let program = match config.program() {
            ProgramColumns::Public { .. } => None,
            ProgramColumns::Cells { opcode, argument } => Some([opcode, argument]),
        };
        let copies = recording.copies.iter().map(|(left, right)| Copy {
            kind: copy_kind(config, program, *left, *right),
            left: *left,
            right: *right,
        });
        let values = mock_challenges();
        let value = |challenge: halo2_proofs::plonk::Challenge| values[challenge.index()];
        let Challenges { alpha, gamma, beta } = config.challenges();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let random_column = |_| (0..rows).map(|_| Fr::random(&mut rng)).collect();
        Machine {
            host,
            set: shape.machine.set,
            k: shape.k,
            rows: shape.machine.rows,
            offset: shape.offset,
            program_rows: shape.program_rows,
            advice: config.advice().map(|_, column| column.index()),
            program: program.map(|columns| columns.map(|column| column.index())),
            challenges: Challenges {
                alpha: value(alpha),
                gamma: value(gamma),
                beta: value(beta),
            },
            garbage: (0..cs.num_advice_columns()).map(random_column).collect(),
            checker: Checker::new(
                cs,
                fixed,
                copies.collect(),
                &values,
                [config.advice().made.index(), config.advice().sum.index()],
            ),
        }
    }

    /// Whether the sum carries the output.
    pub fn binds_output(&self) -> bool {
        self.host != Host::Outer
    }

    /// Whether a program can be stated: a verifier encodes no instruction of a public program as halt.
    pub fn can_state(&self, given: &[[Fr; 2]]) -> bool {
        let halt = |[opcode, _]: &[Fr; 2]| *opcode == Fr::ZERO;
        let program = given
            .iter()
            .rposition(|own| !halt(own))
            .map_or(0, |last| last + 1);
        self.host != Host::Public || !given[..program].iter().any(halt)
    }

    /// A column's name and number.
    pub fn columns(&self) -> impl Iterator<Item = (Cell, usize)> {
        self.advice.cells().map(|(cell, column)| (cell, *column))
    }

    /// The circuit with a claim as its witness, and what it assigns.
    pub fn synthesize(&self, claim: &Claim) -> Recording {
        let challenges = mock_challenges();
        match self.host {
            Host::Public | Host::Cells => record(self.k, &self.circuit(claim), &challenges).2,
            Host::Outer => record(self.k, &self.outer(claim), &challenges).2,
        }
    }

    /// [`Outer`] with a claim as its witness.
    pub fn outer(&self, claim: &Claim) -> Outer {
        Outer {
            params: OuterParams {
                k: self.k,
                machine: MachineParams {
                    rows: self.rows,
                    set: self.set,
                },
                offset: self.offset,
                program_rows: self.program_rows,
            },
            program: Value::known(claim.cells.clone()),
            witness: Value::known(self.witness(claim)),
        }
    }

    /// [`StackVmCircuit`] with a claim as its witness.
    pub fn circuit(&self, claim: &Claim) -> StackVmCircuit<Fr> {
        let binding = match self.host {
            Host::Cells => Binding::Cells,
            Host::Public | Host::Outer => Binding::Public,
        };
        let params = CircuitParams::new(self.k, self.set, binding).unwrap();
        let program = program(&claim.cells).expect("opcodes");
        StackVmCircuit::with_witness(params, program, self.witness(claim))
    }

    fn witness(&self, claim: &Claim) -> Witness<Fr> {
        let nothing = Trace::new(&Program::default(), None, self.set).unwrap();
        let mut witness = Witness::new(&nothing, self.rows).unwrap();
        *witness.columns_mut() = claim.columns.clone();
        witness
    }

    /// The table of a claim, as `synthesize` lays it out. What is not assigned is garbage.
    pub fn table(&self, claim: &Claim) -> Table {
        let mut columns = claim.columns.clone();
        self.fill(&mut columns, claim, &self.challenges);
        let mut advice = self.garbage.clone();
        let offset = self.offset;
        for ((_, values), (_, column)) in columns.cells().zip(self.columns()) {
            advice[column][offset..offset + values.len()].copy_from_slice(values);
        }
        if let Some([opcode, argument]) = self.program {
            for (row, [own_opcode, own_argument]) in claim.cells.iter().enumerate() {
                advice[opcode][offset + row] = *own_opcode;
                if row < self.program_rows {
                    advice[argument][offset + row] = *own_argument;
                }
            }
        }
        let mut instance = vec![vec![Fr::ZERO; 1 << self.k]; 2];
        instance[1][0] = claim.output;
        for (row, [opcode, argument]) in claim.given.iter().enumerate() {
            instance[0][row] = *opcode;
            instance[1][row + 1] = *argument;
        }
        Table { advice, instance }
    }

    /// Fills the second phase as the claim wants it.
    pub fn fill(&self, columns: &mut Row<Vec<Fr>>, claim: &Claim, challenges: &Challenges<Fr>) {
        let start = self.binds_output().then_some(claim.start);
        sum::fill(columns, challenges, start);
        let Some(slip) = claim.slip else { return };
        let last = |column: &[Fr]| column[self.rows];
        let bottom = (challenges.alpha + last(&columns.link)).invert().unwrap();
        let carried = match self.binds_output() {
            true => challenges.beta * last(columns.top()),
            false => Fr::ZERO,
        };
        let missing = carried - last(columns.nonempty()) * bottom - last(&columns.sum);
        let from = match slip {
            Slip::Start => 0,
            Slip::Sum(row) | Slip::Made(row) => row + 1,
        };
        for sum in &mut columns.sum[from..] {
            *sum += missing;
        }
        if let Slip::Made(row) = slip {
            columns.made[row] -= missing;
        }
    }
}

/// What a copy is for, told by its columns.
fn copy_kind(
    config: &StackVmConfig,
    program: Option<[Column<Advice>; 2]>,
    left: Place,
    right: Place,
) -> &'static str {
    let [opcode, argument] = program
        .expect("a public program is not copied")
        .map(Column::<Any>::from);
    let top = Column::<Any>::from(*config.advice().top());
    match (left.0, right.0) {
        (l, r) if l == opcode && r == opcode => "the opcode after the program is halt",
        (l, _) if l == opcode => "the opcode is the outer circuit's",
        (l, _) if l == argument => "the argument is the outer circuit's",
        (l, _) if l == top => "the output is the outer circuit's",
        _ => panic!("an unknown kind of copy"),
    }
}

/// The program that encoded instructions are: those before the first halt. `None` if an opcode is no
/// number of 64 bits.
pub fn program(words: &[[Fr; 2]]) -> Option<Program<Fr>> {
    use halo2_stack_vm::algebra::Word;
    let mut instructions = vec![];
    for [opcode, argument] in words {
        let Some(opcode) = opcode.to_u64()?.checked_sub(1) else {
            break;
        };
        let argument = *argument;
        instructions.push(Instruction { opcode, argument });
    }
    Some(Program::from(instructions))
}

/// The output of the program that is stated; `None` if it has none.
pub fn truth(given: &[[Fr; 2]], set: InstructionSet) -> Option<Fr> {
    let outcome = vm::run(&program(given)?, None, set).ok()?;
    Some(outcome.output)
}
