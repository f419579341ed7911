//! Random constraint systems, each with a witness that satisfies it.

use ff::Field;
use halo2_axiom_prover::{Error, Way};
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    self, Advice, Circuit, Column, ConstraintSystem, Expression, Fixed, Instance, TableColumn,
};
use halo2_proofs::poly::Rotation;
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2curves::bn256::Fr;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::{Kzg, kzg, prove, verifies};

const K: u32 = 6;
/// The rows on which gates hold: no rotation leaves those that are assigned.
const ROWS: std::ops::Range<usize> = 4..36;
const ASSIGNED: usize = 40;

/// What a product of a gate reads: a free column, and a rotation of it.
type Product = Vec<(usize, i32)>;

/// A system: gates `q (sum of products - out) = 0`, lookups of words of a table, copies.
#[derive(Clone, Debug, Default)]
struct System {
    seed: u64,
    free: usize,
    gates: Vec<Vec<Product>>,
    lookups: usize,
    copies: bool,
    instance: bool,
    /// A gate and a row on which its sum is another.
    fault: Option<(usize, usize)>,
}

fn system() -> impl Strategy<Value = System> {
    let product = |free: usize| proptest::collection::vec((0..free, -3i32..=3), 0..=3);
    (1usize..4).prop_flat_map(move |free| {
        let gate = proptest::collection::vec(product(free), 1..4);
        let gates = proptest::collection::vec(gate, 1..5);
        (any::<u64>(), gates, 0usize..3, any::<bool>(), any::<bool>()).prop_map(
            move |(seed, gates, lookups, copies, instance)| System {
                seed,
                free,
                gates,
                lookups,
                copies,
                instance,
                fault: None,
            },
        )
    })
}

#[derive(Clone, Debug)]
struct Config {
    free: Vec<Column<Advice>>,
    outs: Vec<Column<Advice>>,
    looked_up: Vec<Column<Advice>>,
    on: Column<Fixed>,
    table: Option<TableColumn>,
    instance: Option<Column<Instance>>,
}

impl System {
    /// The free columns.
    fn words(&self) -> Vec<Vec<Fr>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let word = |rng: &mut ChaCha8Rng| match rng.next_u32() % 3 {
            0 => Fr::from(u64::from(rng.next_u32() % 2)),
            1 => -Fr::from(rng.next_u64()),
            _ => Fr::random(rng),
        };
        let mut all: Vec<Vec<Fr>> = (0..self.free)
            .map(|_| (0..ASSIGNED).map(|_| word(&mut rng)).collect())
            .collect();
        if self.copies {
            let last = all.len() - 1;
            all[last][2] = all[0][7];
            all[last][9] = all[0][7];
        }
        all
    }

    fn instances(&self) -> Vec<Vec<Fr>> {
        match self.instance {
            true => vec![vec![self.words()[0][5]]],
            false => vec![],
        }
    }
}

impl Circuit<Fr> for System {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = System;

    fn params(&self) -> System {
        self.clone()
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> Config {
        unreachable!("it has parameters")
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, own: System) -> Config {
        let free: Vec<_> = (0..own.free).map(|_| meta.advice_column()).collect();
        let outs: Vec<_> = own.gates.iter().map(|_| meta.advice_column()).collect();
        let looked_up: Vec<_> = (0..own.lookups).map(|_| meta.advice_column()).collect();
        let on = meta.fixed_column();
        let table = (own.lookups > 0).then(|| meta.lookup_table_column());
        let instance = own.instance.then(|| meta.instance_column());
        if own.copies || own.instance {
            meta.enable_equality(free[0]);
            meta.enable_equality(free[own.free - 1]);
        }
        if let Some(instance) = instance {
            meta.enable_equality(instance);
        }
        for (gate, out) in own.gates.iter().zip(&outs) {
            meta.create_gate("sum of products", |meta| {
                let on = meta.query_fixed(on, Rotation::cur());
                let out = meta.query_advice(*out, Rotation::cur());
                let mut sum = Expression::Constant(Fr::from(3));
                for (number, product) in gate.iter().enumerate() {
                    let mut term = Expression::Constant(Fr::from(number as u64 + 1));
                    for (column, rotation) in product {
                        term = term * meta.query_advice(free[*column], Rotation(*rotation));
                    }
                    sum = sum - term;
                }
                vec![on * (sum - out)]
            });
        }
        for column in &looked_up {
            meta.lookup("word", |meta| {
                let word = meta.query_advice(*column, Rotation::cur());
                vec![(word, table.expect("there is one"))]
            });
        }
        Config {
            free,
            outs,
            looked_up,
            on,
            table,
            instance,
        }
    }

    fn synthesize(
        &self,
        config: Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), plonk::Error> {
        if let Some(table) = config.table {
            layouter.assign_table(
                || "table",
                |mut own| {
                    for row in 0..10 {
                        let word = || Value::known(Fr::from(row as u64 * row as u64));
                        own.assign_cell(|| "word", table, row, word)?;
                    }
                    Ok(())
                },
            )?;
        }
        let words = self.words();
        let public = layouter.assign_region(
            || "all",
            |mut region| {
                let mut cells = vec![];
                for (column, words) in config.free.iter().zip(&words) {
                    let mut own = vec![];
                    for (row, word) in words.iter().enumerate() {
                        own.push(
                            region
                                .assign_advice(*column, row, Value::known(*word))
                                .cell(),
                        );
                    }
                    cells.push(own);
                }
                for row in ROWS {
                    region.assign_fixed(config.on, row, Fr::ONE);
                    for (at, (gate, out)) in self.gates.iter().zip(&config.outs).enumerate() {
                        let mut sum = Fr::from(3);
                        if self.fault == Some((at, row)) {
                            sum += Fr::ONE;
                        }
                        for (number, product) in gate.iter().enumerate() {
                            let mut term = Fr::from(number as u64 + 1);
                            for (column, rotation) in product {
                                term *= words[*column][(row as i32 + rotation) as usize];
                            }
                            sum -= term;
                        }
                        region.assign_advice(*out, row, Value::known(sum));
                    }
                }
                for column in &config.looked_up {
                    for row in 0..ASSIGNED {
                        let word = Fr::from((row as u64 * 7 % 10).pow(2));
                        region.assign_advice(*column, row, Value::known(word));
                    }
                }
                if self.copies {
                    region.constrain_equal(cells[0][7], cells[self.free - 1][2]);
                    region.constrain_equal(cells[self.free - 1][9], cells[0][7]);
                }
                Ok(cells[0][5])
            },
        )?;
        if let Some(instance) = config.instance {
            layouter.constrain_instance(public, instance, 0);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_systems_are_proved(system in system(), gate: usize, row in ROWS) {
        let params = kzg(K);
        let prover = crate::prover(&params, &system);
        let theirs = plonk::keygen_vk(&params, &system).expect("a key");
        prop_assert_eq!(crate::bytes(prover.verifying_key()), crate::bytes(&theirs));
        let instances = system.instances();
        let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
        let circuits = std::slice::from_ref(&system);
        let proof = prove(&prover, Way::Shplonk, circuits, &[&columns], system.seed);
        let proof = proof.expect("the witness satisfies it");
        let accepted = verifies::<Kzg, VerifierSHPLONK<_>, _>(
            &params,
            prover.verifying_key(),
            SingleStrategy::new(&params),
            &[&columns],
            &proof,
        );
        prop_assert!(accepted);
        // With one cell changed there is none.
        let faulty = System { fault: Some((gate % system.gates.len(), row)), ..system.clone() };
        let refused = prove(&prover, Way::Shplonk, &[faulty], &[&columns], system.seed);
        prop_assert!(matches!(refused, Err(Error::Unsatisfied)));
    }
}
