//! The circuits under test.

use std::iter;
use std::sync::Arc;

use ff::{Field, FromUniformBytes};
use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{Advice, Any, Column, ConstraintSystem};
use halo2_stack_vm::halo2::{StackVmCircuit, StackVmConfig};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::machine::{
    Binding, Challenges, CircuitParams, Column as Name, Columns, KeySource, MachineParams, Phase,
    PublicInputs, Shape, Witness, fill_second_phase,
};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::vm::Trace;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::check::{Checker, Copy, Table, Tapes};
use crate::claim::{Claim, Slip, program, run, secrets};
use crate::outer::{Outer, OuterParams};
use crate::record::{Place, Recording, record};

/// What stands around a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// [`StackVmCircuit`], the program public.
    Public,
    /// [`StackVmCircuit`], the program in cells.
    Cells,
    /// [`Outer`]: the program in fewer cells than the machine has steps, the tape in cells of which the key says how
    /// many there are, the output a cell.
    Outer,
    /// [`StackVmCircuit`], the program in the key: each has a machine of its own.
    Fixed,
}

impl Host {
    /// All of them.
    pub const ALL: [Host; 4] = [Host::Public, Host::Cells, Host::Outer, Host::Fixed];

    /// The binding of the program.
    pub fn binding(self) -> Binding {
        match self {
            Host::Public => Binding::Public,
            Host::Cells | Host::Outer => Binding::Cells,
            Host::Fixed => Binding::Fixed,
        }
    }
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
    /// Each of the machine's columns.
    pub columns: Columns<Column<Any>>,
    /// The program in the key, and as it is listed there.
    pub fixed_program: Option<(Program<Fr>, Vec<[Fr; 2]>)>,
    /// The tape in cells, if it is there.
    pub tape: Option<TapeCells>,
    /// The numbers of the advice columns of a program in cells.
    pub program: Option<[usize; 2]>,
    /// The challenges, those of `MockProver`.
    pub challenges: Challenges<Fr>,
    /// What stands where nothing is assigned: whatever a prover likes.
    garbage: Vec<Vec<Fr>>,
}

/// A tape that stands in an outer circuit's cells.
#[derive(Clone, Copy, Debug)]
pub struct TapeCells {
    /// The number of the machine's advice column for it.
    pub column: usize,
    /// How many words the key says that it has.
    pub words: usize,
}

/// The challenges of `MockProver`.
pub fn mock_challenges() -> Vec<Fr> {
    let mut hash = *blake2b_simd::blake2b(b"Halo2-MockProver").as_array();
    let next = || {
        hash = *blake2b_simd::blake2b(&hash).as_array();
        Fr::from_uniform_bytes(&hash)
    };
    iter::repeat_with(next).take(9).collect()
}

impl Machine {
    /// The machine of a host in a circuit of `2^k` rows; in an outer circuit, which is twice as large, one of as many
    /// steps.
    ///
    /// If [its key is of a program](Machine::is_of_program), it has the empty one in it, or a tape of two words;
    /// [`Machine::of`] makes it one of a program.
    pub fn new(host: Host, set: InstructionSet, k: u32) -> Self {
        let params = CircuitParams::new(k, set, host.binding()).unwrap();
        match host {
            Host::Public | Host::Cells | Host::Fixed => {
                let source = KeySource::for_program(params, &Program::default()).unwrap();
                Self::alone(host, &source, None)
            }
            Host::Outer => {
                let params = OuterParams {
                    k: k + 1,
                    machine: params.machine(),
                    program_rows: params.rows() * 2 / 3,
                    tape_words: if set.has_tape() { 2 } else { 0 },
                    ..OuterParams::default()
                };
                Self::embedded(params, None)
            }
        }
    }

    /// Whether the key says something of the program: all of it, or how many words it uses of the tape.
    pub fn is_of_program(&self) -> bool {
        self.host == Host::Fixed || self.tape.is_some()
    }

    /// The same machine with a key of this program, which uses so many words of the tape; `None` if there is no such
    /// key.
    pub fn of(&self, program: &Program<Fr>, words: usize) -> Option<Self> {
        if self.host == Host::Outer {
            let params = self.outer_params(words);
            return (words <= self.rows).then(|| Self::embedded(params, Some(&self.checker)));
        }
        let params = CircuitParams::new(self.k, self.set, self.host.binding()).unwrap();
        let source = KeySource::fixed(params, program.clone()).ok()?;
        Some(Self::alone(self.host, &source, Some(&self.checker)))
    }

    fn alone(host: Host, source: &KeySource<Fr>, like: Option<&Checker>) -> Self {
        let params = source.params();
        let circuit = StackVmCircuit::<Fr>::empty(source.clone());
        let (cs, config, recording) = record(params.k(), &circuit, &mock_challenges());
        let shape = OuterParams {
            k: params.k(),
            machine: config.machine().params(),
            offset: 0,
            program_rows: params.program_rows(),
            tape_words: 0,
        };
        let mut machine = Self::assembled(host, shape, &cs, config.machine(), &recording, like);
        machine.fixed_program = source.program().map(|program| {
            let listed = program.stated(params.set()).into_iter();
            (
                Program::clone(program),
                listed.map(|(a, b)| [a, b]).collect(),
            )
        });
        machine
    }

    fn embedded(params: OuterParams, like: Option<&Checker>) -> Self {
        let circuit = Outer {
            params,
            stated: Value::unknown(),
            witness: Value::unknown(),
        };
        let (cs, (config, ..), recording) = record(params.k, &circuit, &mock_challenges());
        Self::assembled(Host::Outer, params, &cs, &config, &recording, like)
    }

    fn assembled(
        host: Host,
        shape: OuterParams,
        cs: &ConstraintSystem<Fr>,
        config: &StackVmConfig,
        recording: &Recording,
        like: Option<&Checker>,
    ) -> Self {
        let rows = 1 << shape.k;
        let mut fixed = vec![vec![Fr::ZERO; rows]; cs.num_fixed_columns()];
        for ((column, row), value) in &recording.fixed {
            fixed[*column][*row] = *value;
        }
        let program = config.program_cells();
        let tape = config.tape_cells().map(|column| TapeCells {
            column: column.index(),
            words: shape.tape_words,
        });
        let copies = recording.copies.iter().map(|(left, right)| Copy {
            kind: copy_kind(config, program, *left, *right),
            left: *left,
            right: *right,
        });
        let values = mock_challenges();
        let second_phase = config
            .columns()
            .iter()
            .filter(|(cell, _)| cell.phase() == Phase::Second);
        // The constraint system of a key is that of all keys of its circuit.
        let tapes = match like {
            Some(like) => like.tapes(),
            None => {
                let second_phase = second_phase.map(|(_, column)| column.index());
                Arc::new(Tapes::new(cs, &values, &second_phase.collect::<Vec<_>>()))
            }
        };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let random_column = |_| (0..rows).map(|_| Fr::random(&mut rng)).collect();
        Machine {
            host,
            set: shape.machine.set,
            k: shape.k,
            rows: shape.machine.rows,
            offset: shape.offset,
            program_rows: shape.program_rows,
            columns: config.columns().clone(),
            fixed_program: None,
            tape,
            program: program.map(|columns| columns.map(|column| column.index())),
            challenges: config.challenges().map(|own| values[own.index()]),
            garbage: (0..cs.num_advice_columns()).map(random_column).collect(),
            checker: Checker::new(
                cs,
                fixed,
                shape.offset..shape.offset + shape.machine.rows + 1,
                if tape.is_some() { &TAPE_COPIES } else { &[] },
                copies.collect(),
                tapes,
            ),
        }
    }

    /// Whether the sum carries the output.
    pub fn binds_output(&self) -> bool {
        self.host != Host::Outer
    }

    /// The instruction set, and whether the machine is wired.
    pub fn shape(&self) -> Shape {
        self.host.binding().shape(self.set).of_rows(self.rows)
    }

    /// Whether a program can be stated. Where a verifier writes it, there is no halt inside a straight line, and
    /// with control flow one at the end; what is in the key is not stated.
    pub fn can_state(&self, given: &[[Fr; 2]]) -> bool {
        if self.set.has_control() {
            let ends = given.iter().rposition(|[opcode, _]| *opcode != Fr::ZERO);
            let halt = Fr::from(self.set.stated(Opcode::Halt));
            let ended = ends.is_some_and(|last| given[last] == [halt, Fr::ZERO]);
            let end = ends.map_or(0, |last| last + 1);
            let after = || given[end..].iter().any(|[_, own]| *own != Fr::ZERO);
            if self.set.has_memory() && after() {
                return false;
            }
            return ended && given[..end].iter().all(|[opcode, _]| *opcode != Fr::ZERO);
        }
        let halt = |[opcode, _]: &[Fr; 2]| *opcode == Fr::ZERO;
        let program = given
            .iter()
            .rposition(|own| !halt(own))
            .map_or(0, |last| last + 1);
        self.host != Host::Public || !given[..program].iter().any(halt)
    }

    /// The advice columns of the machine: their names and numbers.
    pub fn columns(&self) -> impl Iterator<Item = (Name, usize)> {
        self.columns.iter().filter_map(|(cell, column)| {
            let advice = Column::<Advice>::try_from(*column).ok()?;
            Some((cell, advice.index()))
        })
    }

    /// What stands in all columns of a claim, each with the column of the circuit.
    fn placed<'a, T>(
        &'a self,
        all: impl Iterator<Item = (Name, T)> + 'a,
    ) -> impl Iterator<Item = (&'a Column<Any>, T)> {
        self.columns
            .iter()
            .zip(all)
            .map(|((cell, column), (own, values))| {
                assert_eq!(cell, own, "the columns of another machine");
                (column, values)
            })
    }

    /// Puts into a claim what stands in the key, and so is not the prover's to choose: where the machine is wired,
    /// what each row executes and where its cells are.
    pub fn adopt(&self, claim: &mut Claim) {
        for (column, values) in self.placed(claim.columns.iter_mut()) {
            if let Any::Fixed = column.column_type() {
                let rows = self.offset..self.offset + values.len();
                values.copy_from_slice(&self.checker.fixed[column.index()][rows]);
            }
        }
    }

    /// Whether a prover fills a column.
    pub fn fills(&self, cell: Name) -> bool {
        let column = self.columns.get(cell);
        column.is_some_and(|own| matches!(own.column_type(), Any::Advice(_)))
    }

    /// How many advice columns there are.
    pub fn advice_columns(&self) -> usize {
        self.garbage.len()
    }

    /// How many instance columns there are.
    pub fn instances(&self) -> usize {
        let program = if self.host == Host::Fixed { 1 } else { 2 };
        program + usize::from(self.set.has_tape())
    }

    /// The public tape that a claim states, with its end.
    pub fn stated_tape(&self, claim: &Claim) -> Vec<Fr> {
        let mut tape = claim.tape.clone();
        if let Some(TapeCells { words, .. }) = self.tape {
            // The instance has the words, and the key says where they end.
            tape.resize(words, Fr::ZERO);
            tape.push(Fr::ONE);
        }
        tape
    }

    /// The public tape as a claim's machine sees it.
    pub fn seen_tape<'a>(&self, claim: &'a Claim) -> &'a [Fr] {
        claim.taped.as_ref().unwrap_or(&claim.tape)
    }

    /// The circuit with a claim as its witness, and what it assigns.
    pub fn synthesize(&self, claim: &Claim) -> Recording {
        let challenges = mock_challenges();
        match self.host {
            Host::Public | Host::Cells | Host::Fixed => {
                record(self.k, &self.circuit(claim), &challenges).2
            }
            Host::Outer => record(self.k, &self.outer(claim), &challenges).2,
        }
    }

    /// The shape of the outer circuit whose tape has so many words.
    fn outer_params(&self, tape_words: usize) -> OuterParams {
        OuterParams {
            k: self.k,
            machine: MachineParams {
                rows: self.rows,
                set: self.set,
            },
            offset: self.offset,
            program_rows: self.program_rows,
            tape_words,
        }
    }

    /// [`Outer`] with a claim as its witness.
    pub fn outer(&self, claim: &Claim) -> Outer {
        let column = |column: usize| claim.cells.iter().map(|own| own[column]).collect();
        let stated = [column(0), column(1), self.seen_tape(claim).to_vec()];
        Outer {
            params: self.outer_params(self.tape.map_or(0, |tape| tape.words)),
            stated: Value::known(stated),
            witness: Value::known(self.witness(claim)),
        }
    }

    /// [`StackVmCircuit`] with a claim as its witness.
    pub fn circuit(&self, claim: &Claim) -> StackVmCircuit<Fr> {
        StackVmCircuit::with_witness(
            self.source(),
            program(&claim.cells, self.set).expect("opcodes"),
            self.witness(claim),
        )
    }

    /// What the keys of the circuit are made from.
    pub fn source(&self) -> KeySource<Fr> {
        let params = CircuitParams::new(self.k, self.set, self.host.binding()).unwrap();
        match &self.fixed_program {
            Some((program, _)) => KeySource::fixed(params, program.clone()).unwrap(),
            None => KeySource::unfixed(params).unwrap(),
        }
    }

    /// The run of what a claim states, if it runs and fits.
    fn honest_run(&self, claim: &Claim) -> Option<Trace<Fr>> {
        let secrets = secrets(&claim.columns);
        let tape = self.stated_tape(claim);
        let trace = run(&self.listed(&claim.given), self.set, &tape, secrets)?;
        (trace.machine_rows() <= self.rows).then_some(trace)
    }

    /// Whether a witness made of the claim's columns has the listing and the tape that the claim states.
    pub fn states(&self, claim: &Claim) -> bool {
        let reads = self.shape().fetches() || self.set.has_tape();
        !reads || self.honest_run(claim).is_some()
    }

    fn witness(&self, claim: &Claim) -> Witness<Fr> {
        // It takes the listing and the tape from the run.
        let own = self.honest_run(claim);
        let trace = own.unwrap_or_else(|| Trace::new(&Program::default(), None, self.set).unwrap());
        let mut witness = Witness::of_shape(&trace, self.rows, self.shape()).unwrap();
        *witness.columns_mut() = claim.columns.clone();
        witness
    }

    /// The table of a claim, as `synthesize` lays it out. What is not assigned is garbage.
    pub fn table(&self, claim: &Claim) -> Table {
        let mut columns = claim.columns.clone();
        self.fill(&mut columns, claim, &self.challenges);
        let mut advice = self.garbage.clone();
        let offset = self.offset;
        for (column, values) in self.placed(columns.iter()) {
            if let Any::Advice(_) = column.column_type() {
                advice[column.index()][offset..offset + values.len()].copy_from_slice(values);
            }
        }
        if let Some([opcode, argument]) = self.program {
            for (row, [own_opcode, own_argument]) in claim.cells.iter().enumerate() {
                // What follows a straight line has no argument; a listing has no row beyond the last step.
                let fetches = self.shape().fetches();
                if row < self.rows || !fetches {
                    advice[opcode][offset + row] = *own_opcode;
                }
                let arguments = if fetches {
                    self.rows
                } else {
                    self.program_rows
                };
                if row < arguments {
                    advice[argument][offset + row] = *own_argument;
                }
            }
        }
        if let Some(TapeCells { column, .. }) = self.tape {
            for row in 0..=self.rows {
                let word = self.seen_tape(claim).get(row).copied();
                advice[column][offset + row] = word.unwrap_or(Fr::ZERO);
            }
        }
        let mut instance = vec![vec![Fr::ZERO; 1 << self.k]; self.instances()];
        if self.host == Host::Fixed {
            instance[0][0] = claim.output;
        } else {
            instance[1][0] = claim.output;
            for (row, [opcode, argument]) in claim.given.iter().enumerate() {
                instance[0][row] = *opcode;
                instance[1][row + 1] = *argument;
            }
        }
        if self.set.has_tape() {
            let tape = instance.last_mut().expect("the tape");
            for (row, word) in claim.tape.iter().enumerate() {
                tape[row] = *word;
            }
        }
        Table { advice, instance }
    }

    /// What stands in the machine where a program is stated so: with what the chip puts after it.
    pub fn listed(&self, given: &[[Fr; 2]]) -> Vec<[Fr; 2]> {
        let mut listed = given.to_vec();
        if self.host == Host::Outer && self.set.has_control() {
            listed.resize(self.program_rows, [Fr::ZERO; 2]);
            listed.push([Fr::from(self.set.stated(Opcode::Halt)), Fr::ZERO]);
        }
        listed
    }

    /// The program as it is listed where the machine looks.
    pub fn listing<'a>(&'a self, claim: &'a Claim) -> &'a [[Fr; 2]] {
        match (&self.fixed_program, self.program) {
            (Some((_, listed)), _) => listed,
            (None, Some(_)) => &claim.cells,
            (None, None) => &claim.given,
        }
    }

    /// Fills the second phase as the claim wants it.
    pub fn fill(&self, columns: &mut Columns<Vec<Fr>>, claim: &Claim, challenges: &Challenges<Fr>) {
        let listing: Vec<_> = self.listing(claim).iter().map(|[a, b]| (*a, *b)).collect();
        let inputs = PublicInputs {
            output: self.binds_output().then_some(claim.start),
            listing: &listing,
            tape: self.seen_tape(claim),
        };
        fill_second_phase(self.shape(), columns, challenges, inputs);
        let Some(slip) = claim.slip else { return };
        let rows = self.rows;
        if let Some(folds) = &mut columns.fold {
            // What the last row has to be less for the first to be 1 less.
            let powers = |power: usize| challenges.rho.pow([power as u64]).invert().unwrap();
            let missing = folds.stated[0] - folds.tape[0];
            match slip {
                Slip::Tape => folds.tape[0] += missing,
                Slip::Stated => folds.stated[0] -= missing,
                Slip::TapeEnd => {
                    // Every word that is used multiplies what follows.
                    let used = |row: usize| -> usize {
                        let uses = columns
                            .flags
                            .iter()
                            .filter(|(opcode, _)| opcode.uses_tape());
                        uses.filter(|(_, flag)| flag[row] == Fr::ONE).count()
                    };
                    let mut change = missing * powers((0..rows).map(used).sum());
                    for row in (0..=rows).rev() {
                        if row < rows && used(row) > 0 {
                            change *= challenges.rho;
                        }
                        folds.tape[row] += change;
                    }
                }
                Slip::StatedEnd => {
                    let mut change = -missing * powers(rows);
                    for row in (0..=rows).rev() {
                        folds.stated[row] += change;
                        change *= challenges.rho;
                    }
                }
                _ => {}
            }
        }
        let from = match slip {
            Slip::Start => 0,
            Slip::Sum(row)
            | Slip::Made(row)
            | Slip::Fetched(row)
            | Slip::Provided(row)
            | Slip::Fraction(_, row) => row + 1,
            Slip::Tape | Slip::TapeEnd | Slip::Stated | Slip::StatedEnd => return,
        };
        let last = |column: &[Fr]| column[rows];
        let link = last(&columns.link);
        let bottom = (challenges.alpha + link).invert().unwrap();
        let carried = match self.binds_output() {
            true => challenges.beta * last(columns.top()),
            false => Fr::ZERO,
        };
        let nonempty = match columns.present.first() {
            Some(present) => last(present),
            None => Fr::from(u64::from(link != Fr::ZERO)),
        };
        let end = columns
            .fetch
            .as_ref()
            .map_or(Fr::ZERO, |own| last(&own.fetched));
        let missing = carried - nonempty * bottom - last(&columns.sum) - end;
        for sum in &mut columns.sum[from..] {
            *sum += missing;
        }
        match slip {
            Slip::Made(row) => columns.made.as_mut().expect("fractions of cells")[row] -= missing,
            Slip::Fetched(row) => columns.fetch.as_mut().expect("a lookup").fetched[row] += missing,
            Slip::Provided(row) => {
                columns.fetch.as_mut().expect("a lookup").provided[row] -= missing
            }
            Slip::Fraction(name, row) => {
                let sent = [
                    Name::Answered,
                    Name::Stored,
                    Name::Opened,
                    Name::Dated,
                    Name::Permuted,
                ];
                let fraction = &mut columns.get_mut(name).expect("a column")[row];
                match sent.contains(&name) {
                    true => *fraction -= missing,
                    false => *fraction += missing,
                }
            }
            _ => {}
        }
    }
}

/// The kinds of copies of a tape in cells, those included that it is too short or too long to have.
const TAPE_COPIES: [&str; 2] = [
    "the tape is the outer circuit's",
    "the tape ends after its words",
];

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
    let top = *config.columns().top();
    let tape = config.tape_cells().map(Column::<Any>::from);
    let is_fixed = |column: Column<Any>| matches!(column.column_type(), Any::Fixed);
    let [tape_words, tape_end] = TAPE_COPIES;
    match (left.0, right.0) {
        (l, r) if l == opcode && (r == opcode || is_fixed(r)) => {
            "the opcode after the program is halt, or nothing"
        }
        (l, r) if l == argument && is_fixed(r) => "the argument after the program is 0",
        (l, r) if Some(l) == tape && is_fixed(r) => tape_end,
        (l, _) if Some(l) == tape => tape_words,
        (l, _) if l == opcode => "the opcode is the outer circuit's",
        (l, _) if l == argument => "the argument is the outer circuit's",
        (l, _) if l == top => "the output is the outer circuit's",
        _ => panic!("an unknown kind of copy"),
    }
}
