//! Circuits that have what circuits can have.

use ff::Field;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    Advice, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed,
    Instance, SecondPhase, Selector, TableColumn,
};
use halo2_proofs::poly::Rotation;
use halo2curves::bn256::Fr;

/// What a test changes of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A word that a gate is about.
    Gate,
    /// A word that is copied.
    Copy,
    /// A word that is looked up in a fixed table.
    Lookup,
    /// A word that is looked up in advice.
    LookupAny,
    /// A row that is for blinding.
    Row,
    /// No value.
    Unknown,
    /// `synthesize` fails.
    Synthesis,
    /// A fixed cell of a row that is for blinding.
    FixedRow,
    /// A copy of such a row.
    CopiedRow,
    /// A copy of a cell whose column has no equality.
    NoEquality,
}

/// Rotations of both signs, a copy, a lookup in a fixed table and one in advice, an instance column: a sequence
/// `a_(i + 2) = a_i * a_(i + 1) + a_(i - 1)`, whose last word is public.
#[derive(Clone, Debug)]
pub struct Everything {
    pub k: u32,
    pub seed: u64,
    pub fault: Option<Fault>,
}

#[derive(Clone, Debug)]
pub struct Config {
    sequence: Column<Advice>,
    small: Column<Advice>,
    copied: Column<Advice>,
    instance: Column<Instance>,
    table: TableColumn,
    constant: Column<Fixed>,
    step: Selector,
    ranged: Selector,
}

const STEPS: usize = 12;

impl Everything {
    pub fn new(k: u32, seed: u64) -> Self {
        Everything {
            k,
            seed,
            fault: None,
        }
    }

    fn sequence(&self) -> Vec<Fr> {
        let mut own = vec![Fr::from(self.seed), Fr::from(2), Fr::from(3)];
        while own.len() < STEPS + 3 {
            let i = own.len();
            own.push(own[i - 1] * own[i - 2] + own[i - 3]);
        }
        own
    }

    /// The instance column.
    pub fn public(&self) -> [Fr; 1] {
        [*self.sequence().last().expect("it is not empty")]
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

impl Circuit<Fr> for Everything {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        let [sequence, small, copied] = [(); 3].map(|()| meta.advice_column());
        let instance = meta.instance_column();
        let table = meta.lookup_table_column();
        let constant = meta.fixed_column();
        let (step, ranged) = (meta.selector(), meta.complex_selector());
        meta.enable_equality(sequence);
        meta.enable_equality(copied);
        meta.enable_equality(instance);
        meta.enable_constant(constant);
        meta.create_gate("sequence", |meta| {
            let step = meta.query_selector(step);
            let [before, here, next, after] =
                [-1, 0, 1, 2].map(|at| meta.query_advice(sequence, Rotation(at)));
            vec![step * (after - here * next - before)]
        });
        meta.lookup("small", |meta| {
            let ranged = meta.query_selector(ranged);
            let small = meta.query_advice(small, Rotation::cur());
            vec![(ranged * small, table)]
        });
        meta.lookup_any("known", |meta| {
            let ranged = meta.query_selector(ranged);
            let copied = meta.query_advice(copied, Rotation::cur());
            let sequence = meta.query_advice(sequence, Rotation::cur());
            let two = Expression::Constant(Fr::from(2));
            vec![
                (
                    ranged.clone() * copied.clone() * two.clone(),
                    sequence.clone() * two,
                ),
                (ranged * copied, sequence),
            ]
        });
        Config {
            sequence,
            small,
            copied,
            instance,
            table,
            constant,
            step,
            ranged,
        }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_table(
            || "table",
            |mut table| {
                for i in 0..8 {
                    let value = || Value::known(Fr::from(i as u64));
                    table.assign_cell(|| "word", config.table, i, value)?;
                }
                Ok(())
            },
        )?;
        let last = layouter.assign_region(
            || "all",
            |mut region| {
                let mut words = self.sequence();
                if self.has(Fault::Gate) {
                    words[5] += Fr::ONE;
                }
                let mut cells = vec![];
                for (row, word) in words.iter().enumerate() {
                    cells.push(region.assign_advice(config.sequence, row, Value::known(*word)));
                    region.assign_fixed(config.constant, row, Fr::from(row as u64));
                }
                for row in 1..=STEPS {
                    config.step.enable(&mut region, row)?;
                }
                for row in 0..5 {
                    config.ranged.enable(&mut region, row)?;
                    let small = match self.has(Fault::Lookup) && row == 3 {
                        true => Fr::from(9),
                        false => Fr::from(row as u64 * 3 % 8),
                    };
                    region.assign_advice(config.small, row, Value::known(small));
                    let value = match row {
                        2 if self.has(Fault::Copy) => words[8],
                        4 if self.has(Fault::LookupAny) => Fr::from(12_345),
                        _ => words[3 * (row % 4)],
                    };
                    let copy = region.assign_advice(config.copied, row, Value::known(value));
                    if row != 4 {
                        region.constrain_equal(copy.cell(), cells[3 * (row % 4)].cell());
                    }
                }
                if self.has(Fault::Row) {
                    region.assign_advice(config.small, (1 << self.k) - 2, Value::known(Fr::ONE));
                }
                if self.has(Fault::FixedRow) {
                    region.assign_fixed(config.constant, (1 << self.k) - 2, Fr::ONE);
                }
                if self.has(Fault::NoEquality) {
                    let small = region.assign_advice(config.small, 5, Value::known(words[0]));
                    region.constrain_equal(small.cell(), cells[0].cell());
                }
                if self.has(Fault::Unknown) {
                    region.assign_advice(config.small, 7, Value::<Fr>::unknown());
                }
                Ok(cells[STEPS + 2].cell())
            },
        )?;
        if self.has(Fault::Synthesis) {
            return Err(Error::Synthesis);
        }
        let row = match self.has(Fault::CopiedRow) {
            true => (1 << self.k) - 2,
            false => 0,
        };
        layouter.constrain_instance(last, config.instance, row);
        Ok(())
    }
}

/// Two phases: words, and a second-phase column that folds them with a challenge.
#[derive(Clone, Debug)]
pub struct Phases {
    pub seed: u64,
}

#[derive(Clone, Debug)]
pub struct PhasesConfig {
    words: Column<Advice>,
    folded: Column<Advice>,
    instance: Column<Instance>,
    challenge: Challenge,
    step: Selector,
    first: Selector,
}

impl Phases {
    const WORDS: usize = 20;

    pub fn new(seed: u64) -> Self {
        Phases { seed }
    }

    fn words(&self) -> Vec<Fr> {
        (0..Self::WORDS)
            .map(|i| Fr::from(self.seed + i as u64).square())
            .collect()
    }

    pub fn public(&self) -> [Fr; 1] {
        [self.words()[Self::WORDS - 1]]
    }
}

impl Circuit<Fr> for Phases {
    type Config = PhasesConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> PhasesConfig {
        let words = meta.advice_column_in(FirstPhase);
        let folded = meta.advice_column_in(SecondPhase);
        let instance = meta.instance_column();
        let challenge = meta.challenge_usable_after(FirstPhase);
        let (step, first) = (meta.selector(), meta.selector());
        meta.enable_equality(words);
        meta.enable_equality(instance);
        meta.create_gate("fold", |meta| {
            let challenge = meta.query_challenge(challenge);
            let [step, first] = [step, first].map(|own| meta.query_selector(own));
            let word = meta.query_advice(words, Rotation::cur());
            let [before, here] = [-1, 0].map(|at| meta.query_advice(folded, Rotation(at)));
            vec![
                step * (here.clone() - (before * challenge + word.clone())),
                first * (here - word),
            ]
        });
        PhasesConfig {
            words,
            folded,
            instance,
            challenge,
            step,
            first,
        }
    }

    fn synthesize(
        &self,
        config: PhasesConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let challenge = layouter.get_challenge(config.challenge);
        let last = layouter.assign_region(
            || "words",
            |mut region| {
                let mut folded = Value::known(Fr::ZERO);
                let mut last = None;
                for (row, word) in self.words().into_iter().enumerate() {
                    let cell = region.assign_advice(config.words, row, Value::known(word));
                    last = Some(cell.cell());
                    folded = folded * challenge + Value::known(word);
                    match row {
                        0 => config.first.enable(&mut region, row)?,
                        _ => config.step.enable(&mut region, row)?,
                    }
                    let mut known = false;
                    challenge.map(|_| known = true);
                    if known {
                        region.assign_advice(config.folded, row, folded);
                    }
                }
                last.ok_or(Error::Synthesis)
            },
        )?;
        layouter.constrain_instance(last, config.instance, 0);
        Ok(())
    }
}
