//! The curves that proofs are made with, each compiled once.

use std::hash::Hash;

use ff::FromUniformBytes;
use halo2_proofs::plonk::{ProvingKey, VerifyingKey};
use halo2curves::CurveAffine;

use crate::curve::Point;
use crate::domain::Domain;
use crate::error::Error;
use crate::group::to_lagrange;
use crate::keygen::{Assembly, Key};
use crate::parameters::Points;
use crate::proof::{Job, Synthesize};
use crate::prover::Setup;

/// A curve that proofs are made with.
///
/// For curves that are here already, the prover is compiled in this crate and not again in every crate that proves. For
/// another one, `impl ProverCurve for Own {}` is all that it takes.
pub trait ProverCurve: CurveAffine<ScalarExt: Hash + FromUniformBytes<64>> {
    #[doc(hidden)]
    fn setup(points: &Points<Self>, key: &ProvingKey<Self>) -> Result<Setup<Self>, Error> {
        Ok(Setup::new(points, Key::of_fork(points, key)?))
    }

    #[doc(hidden)]
    fn setup_of_circuit(
        points: &Points<Self>,
        assembly: Assembly<Self::ScalarExt>,
    ) -> Result<Setup<Self>, Error> {
        Ok(Setup::new(points, Key::of_circuit(points, assembly)?))
    }

    #[doc(hidden)]
    fn verifying_key(
        points: &Points<Self>,
        assembly: Assembly<Self::ScalarExt>,
    ) -> Result<VerifyingKey<Self>, Error> {
        Ok(Key::of_circuit(points, assembly)?.verifying)
    }

    #[doc(hidden)]
    fn lagrange(k: u32, points: &[Self]) -> Vec<Self> {
        lagrange(k, points)
    }

    #[doc(hidden)]
    fn run(
        job: Job<'_, Self>,
        synthesize: &mut Synthesize<'_, Self::ScalarExt>,
    ) -> Result<(), Error> {
        job.run(synthesize)
    }
}

fn lagrange<C: CurveAffine>(k: u32, points: &[C]) -> Vec<C> {
    let points: Vec<_> = points.iter().map(Point::of).collect();
    let own = to_lagrange::<C>(&Domain::new(k), &points);
    own.into_iter().map(Point::to_affine).collect()
}

impl ProverCurve for halo2curves::bn256::G1Affine {
    fn setup(points: &Points<Self>, key: &ProvingKey<Self>) -> Result<Setup<Self>, Error> {
        Ok(Setup::new(points, Key::of_fork(points, key)?))
    }

    fn setup_of_circuit(
        points: &Points<Self>,
        assembly: Assembly<Self::ScalarExt>,
    ) -> Result<Setup<Self>, Error> {
        Ok(Setup::new(points, Key::of_circuit(points, assembly)?))
    }

    fn verifying_key(
        points: &Points<Self>,
        assembly: Assembly<Self::ScalarExt>,
    ) -> Result<VerifyingKey<Self>, Error> {
        Ok(Key::of_circuit(points, assembly)?.verifying)
    }

    fn lagrange(k: u32, points: &[Self]) -> Vec<Self> {
        lagrange(k, points)
    }

    fn run(
        job: Job<'_, Self>,
        synthesize: &mut Synthesize<'_, Self::ScalarExt>,
    ) -> Result<(), Error> {
        job.run(synthesize)
    }
}

impl ProverCurve for halo2curves::secp256k1::Secp256k1Affine {}
