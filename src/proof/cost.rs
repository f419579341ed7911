//! What a circuit costs, and the length of its proofs.

use halo2_proofs::plonk::{Circuit, ConstraintSystem};
use halo2curves::bn256::Fr;

use super::{Backend, ipa, kzg};
use crate::halo2::StackVmCircuit;
use crate::machine::CircuitParams;

/// The number of curve points and scalars that a proof has before its openings, instance evaluations
/// not counted.
pub(super) fn commitments_and_evaluations(cs: &ConstraintSystem<Fr>) -> (usize, usize) {
    let permuted = cs.permutation().get_columns().len();
    let products = permuted.div_ceil(cs.degree() - 2);
    // The advice columns, the permutation's products, the blinding polynomial, the quotient.
    let points = cs.num_advice_columns() + products + 1 + (cs.degree() - 1);
    // The last of the products is opened at two points, the others at three; the blinding polynomial
    // and the permutation's polynomials at one.
    let scalars = cs.advice_queries().len()
        + cs.fixed_queries().len()
        + 1
        + permuted
        + (3 * products).saturating_sub(1);
    (points, scalars)
}

/// The number of distinct sets of rotations at which polynomials are opened.
pub(super) fn opening_sets(cs: &ConstraintSystem<Fr>) -> usize {
    use halo2_proofs::plonk::{Any, Column};
    use std::collections::{BTreeMap, BTreeSet};
    let mut rotations: BTreeMap<Column<Any>, BTreeSet<i32>> = BTreeMap::new();
    let mut query = |column: Column<Any>, rotation: i32| {
        rotations.entry(column).or_default().insert(rotation);
    };
    for (column, rotation) in cs.advice_queries() {
        query((*column).into(), rotation.0);
    }
    for (column, rotation) in cs.fixed_queries() {
        query((*column).into(), rotation.0);
    }
    for (column, rotation) in cs.instance_queries() {
        query((*column).into(), rotation.0);
    }
    let mut sets: BTreeSet<BTreeSet<i32>> = rotations.into_values().collect();
    // The quotient and the blinding polynomial are opened on the row itself.
    sets.insert(BTreeSet::from([0]));
    // The permutation's products are opened on the row and the next one, and all but the last of
    // them on the last row too.
    let permuted = cs.permutation().get_columns().len();
    let products = permuted.div_ceil(cs.degree() - 2);
    if products > 0 {
        sets.insert(BTreeSet::from([0, 1]));
    }
    if products > 1 {
        sets.insert(BTreeSet::from([0, 1, i32::MIN]));
    }
    sets.len()
}

/// What a circuit's constraint system costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The circuit.
    pub circuit: CircuitParams,
    /// The largest degree of a constraint.
    pub degree: usize,
    /// The number of advice columns.
    pub advice_columns: usize,
    /// The number of fixed columns.
    pub fixed_columns: usize,
    /// The number of instance columns.
    pub instance_columns: usize,
    /// The number of lookup arguments.
    pub lookups: usize,
    /// The number of columns in the permutation argument.
    pub permutation_columns: usize,
    /// The number of polynomials that must vanish.
    pub constraints: usize,
    /// The length of a KZG proof.
    pub kzg_proof_bytes: usize,
    /// The length of an IPA proof.
    pub ipa_proof_bytes: usize,
}

impl Cost {
    /// Configures a circuit and counts.
    pub fn of(circuit: CircuitParams) -> Self {
        let mut cs = ConstraintSystem::<Fr>::default();
        StackVmCircuit::configure_with_params(&mut cs, circuit);
        Cost {
            circuit,
            degree: cs.degree(),
            advice_columns: cs.num_advice_columns(),
            fixed_columns: cs.num_fixed_columns(),
            instance_columns: cs.num_instance_columns(),
            lookups: cs.lookups().len(),
            permutation_columns: cs.permutation().get_columns().len(),
            constraints: cs.gates().iter().map(|gate| gate.polynomials().len()).sum(),
            kzg_proof_bytes: kzg::Kzg::proof_bytes(circuit.k(), &cs),
            ipa_proof_bytes: ipa::Ipa::proof_bytes(circuit.k(), &cs),
        }
    }
}
