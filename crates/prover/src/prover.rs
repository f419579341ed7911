//! A [`Prover`]: what does not change between the proofs of a circuit, and the proofs.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use ff::{Field, FromUniformBytes, PrimeField};
use halo2_proofs::plonk::{
    Circuit, ConstraintSystem, Expression, FloorPlanner, ProvingKey, VerifyingKey,
};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::CurveAffine;
use rand_core::RngCore;
use rayon::prelude::*;

use crate::backend::ProverCurve;
use crate::commit::Committer;
use crate::domain::{Coset, Domain};
use crate::error::Error;
use crate::keygen::{Assembly, Key};
use crate::lookup::Lookup;
use crate::parameters::{Parameters, Points, Way};
use crate::permutation::{Permutation, source};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::proof::Job;
use crate::transcript::Fork;
use crate::witness::Witness;

/// What proofs of a circuit share: made once of parameters and a proving key, used by any number of threads.
///
/// It holds all that it needs of both, so that they can be dropped.
pub struct Prover<C: CurveAffine> {
    setup: Arc<Setup<C>>,
    check: bool,
    low_memory: bool,
}

impl<C: CurveAffine> Clone for Prover<C> {
    /// What is computed once is shared.
    fn clone(&self) -> Self {
        Prover {
            setup: Arc::clone(&self.setup),
            check: self.check,
            low_memory: self.low_memory,
        }
    }
}

/// What is computed once.
#[allow(missing_debug_implementations)]
pub struct Setup<C: CurveAffine> {
    pub(crate) verifying: VerifyingKey<C>,
    pub(crate) domain: Domain<C::ScalarExt>,
    /// The rows that are not for blinding, less the one on which running products end.
    pub(crate) usable: usize,
    pub(crate) committer: Committer<C>,
    pub(crate) fixed: Vec<Vec<C::ScalarExt>>,
    pub(crate) permutation: Permutation<C::ScalarExt>,
    pub(crate) gates: Plan<C::ScalarExt>,
    pub(crate) lookups: Vec<Lookup<C::ScalarExt>>,
    pub(crate) cosets: Vec<FixedOn<C::ScalarExt>>,
    /// What makes the pieces of the quotient of the constraints on the cosets: the inverse of the Vandermonde matrix of the
    /// cosets' powers, over the vanishing polynomial's values.
    pub(crate) pieces: Vec<Vec<C::ScalarExt>>,
}

impl<C: CurveAffine> fmt::Debug for Prover<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover")
            .field("k", &self.setup.domain.k)
            .field("degree", &self.setup.system().degree())
            .field("check", &self.check)
            .field("low_memory", &self.low_memory)
            .finish_non_exhaustive()
    }
}

/// What the key says, on a coset.
#[derive(Debug)]
pub(crate) struct FixedOn<F> {
    pub coset: Coset<F>,
    pub fixed: Vec<Vec<F>>,
    pub images: Vec<Vec<F>>,
    /// 1 on the first row, on the last one that running products reach, and on those before it; none in a circuit
    /// without copies and lookups.
    pub selectors: Vec<Vec<F>>,
}

impl<F> FixedOn<F> {
    /// The three of them.
    pub fn selectors(&self) -> [&[F]; 3] {
        [0, 1, 2].map(|i| self.selectors.get(i).map_or(&[][..], Vec::as_slice))
    }
}

impl<C: CurveAffine> Setup<C> {
    /// The circuit's gates, lookups and copies.
    pub(crate) fn system(&self) -> &ConstraintSystem<C::ScalarExt> {
        self.verifying.cs()
    }
}

impl<C: ProverCurve> Prover<C> {
    /// Of parameters and a circuit, which is synthesized once, as it is; its advice is not looked at. What `keygen_vk`, `keygen_pk` and
    /// [`Prover::new`] make together, in about half the time.
    ///
    /// # Errors
    ///
    /// As [`keygen_vk`](crate::keygen_vk).
    pub fn keygen<Circ: Circuit<C::ScalarExt>>(
        params: &impl Parameters<C>,
        circuit: &Circ,
    ) -> Result<Self, Error> {
        let points = params.points();
        let assembly = Assembly::of(&points, circuit)?;
        Ok(Prover {
            setup: Arc::new(C::setup_of_circuit(&points, assembly)?),
            check: true,
            low_memory: false,
        })
    }

    /// The verifying key.
    pub fn verifying_key(&self) -> &VerifyingKey<C> {
        &self.setup.verifying
    }

    /// Of parameters and a key of the same size.
    ///
    /// # Errors
    ///
    /// [`Error::Size`] if the sizes differ.
    pub fn new(params: &impl Parameters<C>, key: &ProvingKey<C>) -> Result<Self, Error> {
        Self::of_points(&params.points(), key)
    }

    /// The same of parameters' points.
    ///
    /// # Errors
    ///
    /// [`Error::Size`] or [`Error::Count`] if the sizes differ.
    pub fn of_points(points: &Points<C>, key: &ProvingKey<C>) -> Result<Self, Error> {
        Ok(Prover {
            setup: Arc::new(C::setup(points, key)?),
            check: true,
            low_memory: false,
        })
    }

    /// Whether a proof is checked before it is given out, which costs next to nothing: with a witness that does not
    /// satisfy the circuit, there is [`Error::Unsatisfied`] or [`Error::Copy`] instead of a proof that does not verify. It
    /// is, unless this says otherwise. That a lookup's input is in the table is checked in any case.
    #[must_use]
    pub fn check(self, check: bool) -> Self {
        Prover { check, ..self }
    }

    /// Whether a proof computes the columns' coefficients anew for each of the `degree - 1` cosets instead of keeping them:
    /// a column takes `degree - 2` more transforms, and a third less memory while the quotient is computed. It does not,
    /// unless this says otherwise. The proof is the same.
    #[must_use]
    pub fn low_memory(self, low_memory: bool) -> Self {
        Prover { low_memory, ..self }
    }

    /// The bytes that are kept between proofs: points, fixed columns and their values on the cosets.
    pub fn memory(&self) -> usize {
        let own = &*self.setup;
        let column = own.domain.size() * size_of::<C::ScalarExt>();
        let columns = own.fixed.len() + own.permutation.images.len();
        // With what selects rows, and the tables of transforms.
        let on = |coset: &FixedOn<_>| columns + coset.selectors.len() + 2;
        let on_cosets: usize = own.cosets.iter().map(on).sum();
        own.committer.memory() + column * (columns + on_cosets + 2)
    }

    /// The logarithm of the number of rows.
    pub fn k(&self) -> u32 {
        self.setup.domain.k
    }

    /// Proves circuits of the key, each with its instance columns, and writes the proof into a transcript.
    ///
    /// The fork's `verify_proof` accepts it. All randomness is that of `rng`: with a seeded generator the proof is the same
    /// every time, on any number of threads. **Whoever knows the seed learns the witness from the proof**: a
    /// fixed seed is for tests.
    ///
    /// # Errors
    ///
    /// An [`Error`] that says why there is no proof. What is in the transcript then is no proof.
    pub fn create_proof<E, T, Circ>(
        &self,
        way: Way,
        circuits: &[Circ],
        instances: &[&[&[C::ScalarExt]]],
        rng: &mut impl RngCore,
        transcript: &mut T,
        progress: &mut dyn Progress,
    ) -> Result<(), Error>
    where
        E: EncodedChallenge<C>,
        T: TranscriptWrite<C, E>,
        Circ: Circuit<C::ScalarExt>,
    {
        if circuits.len() != instances.len() {
            return Err(Error::Count {
                what: "instances",
                expected: circuits.len(),
                found: instances.len(),
            });
        }
        let mut system = ConstraintSystem::default();
        let Some(first) = circuits.first() else {
            return Err(Error::Count {
                what: "circuits",
                expected: 1,
                found: 0,
            });
        };
        let config = Circ::configure_with_params(&mut system, first.params());
        let mut synthesize = |circuit: usize, witness: &mut Witness<'_, C::ScalarExt>| {
            let constants = self.setup.system().constants().clone();
            Circ::FloorPlanner::synthesize(witness, &circuits[circuit], config.clone(), constants)
        };
        let job = Job {
            prover: &self.setup,
            check: self.check,
            low_memory: self.low_memory,
            way,
            instances,
            rng,
            transcript: &mut Fork::<T, E>::new(transcript),
            progress,
        };
        C::run(job, &mut synthesize)
    }
}

impl<C: CurveAffine<ScalarExt: Hash + FromUniformBytes<64>>> Setup<C> {
    pub(crate) fn new(points: &Points<C>, key: Key<C>) -> Self {
        let Key {
            verifying,
            fixed,
            images,
            domain,
            lagrange,
        } = key;
        let system = verifying.cs();
        let usable = domain.size() - (system.blinding_factors() + 1);
        // Not `system.degree()`, which reads the environment each time.
        let degree = verifying.get_domain().get_quotient_poly_degree() + 1;
        let committer = Committer::new(points, lagrange, usable);
        let permutation = Permutation {
            columns: system
                .permutation()
                .get_columns()
                .iter()
                .map(source)
                .collect(),
            set: degree - 2,
            images,
        };
        let gates: Vec<&Expression<_>> = system
            .gates()
            .iter()
            .flat_map(|gate| gate.polynomials())
            .collect();
        let lookups = system.lookups().iter().map(|lookup| {
            let inputs: Vec<_> = lookup.input_expressions().iter().collect();
            let tables: Vec<_> = lookup.table_expressions().iter().collect();
            Lookup {
                name: lookup.name().to_owned(),
                plan: Plan::new(&[&inputs, &tables]),
            }
        });
        let lookups = lookups.collect();
        let gates = Plan::new(&[&gates]);
        // The quotient's degree is below (degree - 1) n, so it is known on so many cosets.
        let shift = C::ScalarExt::MULTIPLICATIVE_GENERATOR;
        let shifts = std::iter::successors(Some(shift), |own| Some(*own * shift));
        let shifts: Vec<_> = shifts.take(degree - 1).collect();
        let selects = !permutation.columns.is_empty() || !system.lookups().is_empty();
        let cosets = fixed_on(
            &domain,
            &shifts,
            &fixed,
            &permutation.images,
            selects.then_some(usable),
        );
        let powers: Vec<_> = cosets.iter().map(|own| own.coset.power).collect();
        let mut pieces = inverse_vandermonde(&powers);
        // The vanishing polynomial is the same on all of a coset.
        for row in &mut pieces {
            for (own, power) in row.iter_mut().zip(&powers) {
                let vanishing = *power - C::ScalarExt::ONE;
                *own *= vanishing.invert().expect("the coset is not the domain");
            }
        }
        Setup {
            verifying,
            domain,
            usable,
            committer,
            fixed,
            permutation,
            gates,
            lookups,
            cosets,
            pieces,
        }
    }
}

/// Columns on the cosets; with a number of usable rows, what selects them too.
fn fixed_on<F: PrimeField>(
    domain: &Domain<F>,
    shifts: &[F],
    fixed: &[Vec<F>],
    images: &[Vec<F>],
    usable: Option<usize>,
) -> Vec<FixedOn<F>> {
    let cosets: Vec<_> = shifts.iter().map(|shift| domain.coset(*shift)).collect();
    // For each coset, the columns on it.
    let on = |columns: &[Vec<F>]| -> Vec<Vec<Vec<F>>> {
        let each = columns.par_iter().map(|values| -> Vec<Vec<F>> {
            let mut own = values.clone();
            domain.interpolate(&mut own);
            let on = |coset| domain.evaluate_on(coset, &own);
            cosets.iter().map(on).collect()
        });
        let mut all = vec![vec![]; cosets.len()];
        for column in each.collect::<Vec<_>>() {
            for (all, values) in all.iter_mut().zip(column) {
                all.push(values);
            }
        }
        all
    };
    let rows = |holds: &dyn Fn(usize) -> bool| -> Vec<F> {
        let each = (0..domain.size()).map(|row| F::from(u64::from(holds(row))));
        each.collect()
    };
    let selectors = match usable {
        Some(usable) => vec![
            rows(&|row| row == 0),
            rows(&|row| row == usable),
            rows(&|row| row < usable),
        ],
        None => vec![],
    };
    let columns = on(fixed).into_iter().zip(on(images)).zip(on(&selectors));
    let columns: Vec<_> = columns.collect();
    let each = cosets.into_iter().zip(columns);
    each.map(|(coset, ((fixed, images), selectors))| FixedOn {
        coset,
        fixed,
        images,
        selectors,
    })
    .collect()
}

/// The inverse of the matrix whose rows are the powers of the points, from 0 on.
fn inverse_vandermonde<F: Field>(points: &[F]) -> Vec<Vec<F>> {
    let n = points.len();
    // Column j holds the coefficients of the Lagrange polynomial of the j-th point.
    let mut inverse = vec![vec![F::ZERO; n]; n];
    for (j, point) in points.iter().enumerate() {
        let mut polynomial = vec![F::ONE];
        let mut denominator = F::ONE;
        for (i, other) in points.iter().enumerate() {
            if i == j {
                continue;
            }
            denominator *= *point - other;
            let mut next = vec![F::ZERO; polynomial.len() + 1];
            for (degree, own) in polynomial.iter().enumerate() {
                next[degree + 1] += own;
                next[degree] -= *own * other;
            }
            polynomial = next;
        }
        let scale = denominator.invert().expect("the points differ");
        for (row, own) in inverse.iter_mut().zip(polynomial) {
            row[j] = own * scale;
        }
    }
    inverse
}
