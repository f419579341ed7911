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
    let columns = system.num_instance_columns();
    if instances.len() != columns {
        return Err(Error::Count {
            what: "instance columns",
            expected: columns,
            found: instances.len(),
        });
    }
    let unusable = system.blinding_factors() + 1;
    let usable = (1usize << k).saturating_sub(unusable);
    if let Some(column) = instances.iter().position(|own| own.len() > usable) {
        return Err(Error::InstanceTooLong {
            column,
            found: instances[column].len(),
            rows: usable,
        });
    }
    let phases = system.advice_column_phase();
    let challenge_phases = system.challenge_phase();
    let last = phases.iter().copied().max().unwrap_or(0);
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
    while witness.phase <= last {
        let constants = system.constants().clone();
        let synthesized =
            C::FloorPlanner::synthesize(&mut witness, circuit, config.clone(), constants);
        witness.check(synthesized)?;
        witness.end_pass();
        if witness.phase <= last {
            witness.end_phase();
        }
    }
    Ok(())
}
