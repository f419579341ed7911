//! Whether a circuit can be synthesized, without a proof.

use ff::Field;
use halo2_proofs::plonk::{Circuit, ConstraintSystem, FloorPlanner};

use crate::error::Error;
use crate::witness::Witness;

/// Synthesizes a circuit as a prover does, and tells what stands in its way: an error of its own, a row out of range, a value
/// that is not known.
///
/// It does not look whether the constraints hold. A fork's challenge is 1 here.
///
/// # Errors
///
/// An [`Error`] that a prover would give.
pub fn check_synthesis<F: Field, C: Circuit<F>>(
    k: u32,
    circuit: &C,
    instances: &[&[F]],
) -> Result<(), Error> {
    let mut system = ConstraintSystem::default();
    let config = C::configure_with_params(&mut system, circuit.params());
    let usable = usable_rows(k, &system)?;
    check_instance(instances, system.num_instance_columns(), usable)?;
    let phases = system.advice_column_phase();
    let challenge_phases = system.challenge_phase();
    let mut advance = |phase: u8, _: &mut [Vec<F>]| {
        let drawn = challenge_phases.iter().enumerate();
        Ok(drawn
            .filter(|(_, own)| **own == phase)
            .map(|(number, _)| (number, F::ONE))
            .collect())
    };
    let mut witness = Witness::new(
        k,
        usable,
        &phases,
        challenge_phases.len(),
        instances,
        &mut advance,
    );
    witness.fill(|witness| {
        let constants = system.constants().clone();
        C::FloorPlanner::synthesize(witness, circuit, config.clone(), constants)
    })
}

/// The rows that are not for blinding, less the one on which running products end.
pub(crate) fn usable_rows<F: Field>(k: u32, system: &ConstraintSystem<F>) -> Result<usize, Error> {
    let needed = system.minimum_rows();
    match 1usize.checked_shl(k) {
        Some(rows) if rows >= needed => Ok(rows - (system.blinding_factors() + 1)),
        _ => Err(Error::TooFewRows { k, needed }),
    }
}

/// Whether an instance has as many columns as the circuit, and none is longer than the rows that are not for blinding.
pub(crate) fn check_instance<F>(
    instance: &[&[F]],
    columns: usize,
    rows: usize,
) -> Result<(), Error> {
    if instance.len() != columns {
        return Err(Error::Count {
            what: "instance columns",
            expected: columns,
            found: instance.len(),
        });
    }
    match instance.iter().position(|own| own.len() > rows) {
        Some(column) => Err(Error::InstanceTooLong {
            column,
            found: instance[column].len(),
            rows,
        }),
        None => Ok(()),
    }
}
