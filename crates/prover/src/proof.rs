//! One proof, from the witness to the opening.
//!
//! The columns stay as values on the domain: they are committed to, evaluated (as sums with the values of the Lagrange
//! polynomials at the point) and opened as such. Coefficients are only on the way to the cosets, where the quotient is
//! computed.

mod last;

use std::hash::Hash;

use ff::Field;
use group::Curve;
use halo2_proofs::plonk;
use halo2curves::CurveAffine;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use crate::error::Error;
use crate::lookup::Permuted;
use crate::parameters::Way;
use crate::plan::Columns;
use crate::progress::{Phase, Progress};
use crate::prover::Setup;
use crate::quotient::{Coefficients, coefficients, columns_on};
use crate::synthesis::check_instance;
use crate::transcript::Writer;
use crate::witness::Witness;

/// What a proof is made of.
#[allow(missing_debug_implementations)]
pub struct Job<'j, C: CurveAffine> {
    pub(crate) prover: &'j Setup<C>,
    /// Whether copies are checked, and the gates at the evaluation point.
    pub(crate) check: bool,
    /// Whether coefficients are computed anew for each coset.
    pub low_memory: bool,
    pub(crate) way: Way,
    pub(crate) instances: &'j [&'j [&'j [C::ScalarExt]]],
    pub(crate) rng: &'j mut dyn RngCore,
    pub(crate) transcript: &'j mut dyn Writer<C>,
    pub(crate) progress: &'j mut dyn Progress,
}

/// Synthesizes a circuit, by its number.
pub type Synthesize<'s, F> = dyn FnMut(usize, &mut Witness<'_, F>) -> Result<(), plonk::Error> + 's;

/// A column: its values, and the blind of its commitment.
pub(crate) struct Committed<F> {
    pub values: Vec<F>,
    pub blind: F,
}

impl<F: Field> Committed<F> {
    fn parts(&self) -> (&[F], F) {
        (&self.values, self.blind)
    }
}

/// Normalizes points together, and writes them.
fn write_points<C: CurveAffine>(
    transcript: &mut dyn Writer<C>,
    points: &[C::CurveExt],
) -> Result<(), Error> {
    let mut affine = vec![C::identity(); points.len()];
    C::CurveExt::batch_normalize(points, &mut affine);
    for point in affine {
        transcript.write_point(point)?;
    }
    Ok(())
}

/// Advice columns and their blinds.
type Advice<F> = (Vec<Vec<F>>, Vec<F>);

/// The advice of all circuits, and the challenges that were drawn on the way.
type AdviceAndChallenges<F> = (Vec<Advice<F>>, Vec<F>);

/// The lookups of a circuit, and the blinds of their two columns.
type BlindedLookups<F> = Vec<(Permuted<F>, [F; 2])>;

/// The columns that belong to one circuit.
pub(crate) struct Circuit<F> {
    pub instance: Vec<Vec<F>>,
    pub advice: Vec<Vec<F>>,
    /// The blinds of the advice columns.
    pub blinds: Vec<F>,
    /// The products of the permutation.
    pub products: Vec<Committed<F>>,
    pub lookups: Vec<CommittedLookup<F>>,
}

impl<F: Field> Circuit<F> {
    fn columns<'c, C: CurveAffine<ScalarExt = F>>(
        &'c self,
        prover: &'c Setup<C>,
    ) -> Columns<'c, F> {
        Columns {
            fixed: &prover.fixed,
            advice: &self.advice,
            instance: &self.instance,
        }
    }
}

pub(crate) struct CommittedLookup<F> {
    /// The product, the permuted input and the permuted table.
    pub columns: [Committed<F>; 3],
}

/// The challenges of a proof.
#[derive(Clone, Copy)]
pub(crate) struct Challenges<F> {
    pub theta: F,
    pub beta: F,
    pub gamma: F,
    pub y: F,
}

impl<C: CurveAffine> Job<'_, C>
where
    C::ScalarExt: Hash,
{
    pub fn run(mut self, synthesize: &mut Synthesize<'_, C::ScalarExt>) -> Result<(), Error> {
        let _span = tracing::info_span!("create_proof", k = self.prover.domain.k).entered();
        self.check_way()?;
        self.check_instances()?;
        self.transcript
            .absorb_scalar(self.prover.verifying.transcript_repr())?;
        self.enter(Phase::Witness);
        let instance = self.absorb_instances()?;
        let (advice, challenges) = self.commit_advice(synthesize)?;
        self.enter(Phase::Lookups);
        let theta = self.transcript.challenge();
        let scalars: Vec<Vec<C::ScalarExt>> = self
            .prover
            .lookups
            .iter()
            .map(|own| own.plan.scalars(&challenges, theta))
            .collect();
        let mut circuits: Vec<Circuit<C::ScalarExt>> = instance
            .into_iter()
            .zip(advice)
            .map(|(instance, (advice, blinds))| Circuit {
                instance,
                advice,
                blinds,
                products: vec![],
                lookups: vec![],
            })
            .collect();
        let permuted = self.commit_permuted(&circuits, &scalars)?;
        self.enter(Phase::Products);
        let beta = self.transcript.challenge();
        let gamma = self.transcript.challenge();
        self.commit_products(&mut circuits, permuted, beta, gamma)?;
        let random = self.commit_random()?;
        self.enter(Phase::Quotient);
        let y = self.transcript.challenge();
        let own = Challenges {
            theta,
            beta,
            gamma,
            y,
        };
        let quotient = self.commit_quotient(&circuits, &challenges, &scalars, own)?;
        self.enter(Phase::Evaluations);
        let x = self.transcript.challenge();
        self.open(&circuits, &random, quotient, &challenges, own, x)
    }

    fn enter(&mut self, phase: Phase) {
        tracing::debug!(?phase);
        self.progress.enter(phase);
    }

    fn n(&self) -> usize {
        self.prover.domain.size()
    }

    fn random(&mut self) -> C::ScalarExt {
        C::ScalarExt::random(&mut *self.rng)
    }

    fn check_way(&self) -> Result<(), Error> {
        match (self.way, self.prover.committer.blinds()) {
            (Way::Ipa, None) => Err(Error::Way(self.way, "IPA")),
            (Way::Shplonk | Way::Gwc, Some(_)) => Err(Error::Way(self.way, "KZG")),
            _ => Ok(()),
        }
    }

    fn check_instances(&self) -> Result<(), Error> {
        let columns = self.prover.system().num_instance_columns();
        let mut instances = self.instances.iter();
        instances.try_for_each(|own| check_instance(own, columns, self.prover.usable))
    }

    /// Commits to columns side by side, and writes the commitments.
    fn write_commitments<'v>(
        &mut self,
        columns: impl Iterator<Item = (&'v [C::ScalarExt], C::ScalarExt)>,
    ) -> Result<(), Error> {
        let columns: Vec<_> = columns.collect();
        write_points(self.transcript, &self.prover.committer.all(&columns))
    }

    fn absorb_instances(&mut self) -> Result<Vec<Vec<Vec<C::ScalarExt>>>, Error> {
        let n = self.n();
        let padded = |values: &&[C::ScalarExt]| {
            let mut own = values.to_vec();
            own.resize(n, C::ScalarExt::ZERO);
            own
        };
        let all = self
            .instances
            .iter()
            .map(|own| own.iter().map(padded).collect());
        let all: Vec<Vec<Vec<_>>> = all.collect();
        if self.way.opens_instances() {
            let committer = &self.prover.committer;
            for columns in &all {
                let columns: Vec<_> = columns
                    .iter()
                    .map(|own| (&own[..], C::ScalarExt::ONE))
                    .collect();
                let points = committer.all(&columns);
                for point in points {
                    self.transcript.absorb_point(point.to_affine())?;
                }
            }
        } else {
            for value in self
                .instances
                .iter()
                .flat_map(|own| own.iter().copied())
                .flatten()
            {
                self.transcript.absorb_scalar(*value)?;
            }
        }
        Ok(all)
    }

    /// Synthesizes all circuits, phase by phase.
    fn commit_advice(
        &mut self,
        synthesize: &mut Synthesize<'_, C::ScalarExt>,
    ) -> Result<AdviceAndChallenges<C::ScalarExt>, Error> {
        let Setup {
            domain,
            committer,
            usable,
            ..
        } = self.prover;
        let system = self.prover.system();
        let phases = system.advice_column_phase();
        let challenge_phases = system.challenge_phase();
        let last = phases.iter().copied().max().unwrap_or(0);
        let circuits = self.instances.len();
        if last > 0 && circuits > 1 {
            return Err(Error::Phases(circuits));
        }
        let (rng, transcript) = (&mut *self.rng, &mut *self.transcript);
        let mut challenges = vec![C::ScalarExt::ZERO; challenge_phases.len()];
        let mut all = vec![];
        for circuit in 0..circuits {
            let mut blinds = vec![C::ScalarExt::ZERO; phases.len()];
            let mut advance = |phase: u8, columns: &mut [Vec<C::ScalarExt>]| {
                let own: Vec<usize> = (0..phases.len()).filter(|i| phases[*i] == phase).collect();
                for column in &own {
                    for value in &mut columns[*column][*usable..] {
                        *value = C::ScalarExt::random(&mut *rng);
                    }
                }
                for column in &own {
                    blinds[*column] = C::ScalarExt::random(&mut *rng);
                }
                let own: Vec<_> = own.iter().map(|i| (&columns[*i][..], blinds[*i])).collect();
                write_points(transcript, &committer.all(&own))?;
                let mut drawn = vec![];
                if circuit + 1 == circuits {
                    for (number, of) in challenge_phases.iter().enumerate() {
                        if *of == phase {
                            challenges[number] = transcript.challenge();
                            drawn.push((number, challenges[number]));
                        }
                    }
                }
                Ok(drawn)
            };
            let mut witness = Witness::new(
                domain.k,
                *usable,
                &phases,
                challenge_phases.len(),
                self.instances[circuit],
                &mut advance,
            );
            witness.fill(|witness| synthesize(circuit, witness))?;
            let columns = witness.into_columns();
            all.push((columns, blinds));
        }
        Ok((all, challenges))
    }

    fn commit_permuted(
        &mut self,
        circuits: &[Circuit<C::ScalarExt>],
        scalars: &[Vec<C::ScalarExt>],
    ) -> Result<Vec<BlindedLookups<C::ScalarExt>>, Error> {
        let (n, usable) = (self.n(), self.prover.usable);
        let mut all = vec![];
        for circuit in circuits {
            let columns = circuit.columns(self.prover);
            let lookups = self.prover.lookups.par_iter().zip(scalars);
            let permuted: Result<Vec<_>, Error> = lookups
                .map(|(lookup, scalars)| lookup.permute(scalars, columns, n, usable))
                .collect();
            let mut own: BlindedLookups<C::ScalarExt> = vec![];
            for mut permuted in permuted? {
                let blinds = [0, 1].map(|i| {
                    for value in &mut permuted.permuted[i][usable..] {
                        *value = self.random();
                    }
                    self.random()
                });
                own.push((permuted, blinds));
            }
            self.write_commitments(own.iter().flat_map(|(own, blinds)| {
                let columns = own.permuted.iter().map(Vec::as_slice);
                columns.zip(blinds.iter().copied())
            }))?;
            all.push(own);
        }
        Ok(all)
    }

    fn commit_products(
        &mut self,
        circuits: &mut [Circuit<C::ScalarExt>],
        permuted: Vec<BlindedLookups<C::ScalarExt>>,
        beta: C::ScalarExt,
        gamma: C::ScalarExt,
    ) -> Result<(), Error> {
        let prover = self.prover;
        let (n, usable) = (self.n(), prover.usable);
        for circuit in circuits.iter_mut() {
            if prover.permutation.columns.is_empty() {
                break;
            }
            let columns = circuit.columns(prover);
            let products = prover.permutation.products(
                &prover.domain,
                usable,
                columns,
                [beta, gamma],
                self.check,
            )?;
            for values in products {
                let product = self.blinded_product(values);
                circuit.products.push(product);
            }
            self.write_commitments(circuit.products.iter().map(Committed::parts))?;
        }
        for (circuit, permuted) in circuits.iter_mut().zip(permuted) {
            let products: Vec<Vec<C::ScalarExt>> = permuted
                .par_iter()
                .map(|(own, _)| own.product(n, usable, beta, gamma))
                .collect();
            let products = products.into_iter().map(|own| self.blinded_product(own));
            let products: Vec<_> = products.collect();
            self.write_commitments(products.iter().map(Committed::parts))?;
            for (product, (permuted, blinds)) in products.into_iter().zip(permuted) {
                let [input, table] = permuted.permuted;
                let [input, table] = [(input, blinds[0]), (table, blinds[1])]
                    .map(|(values, blind)| Committed { values, blind });
                circuit.lookups.push(CommittedLookup {
                    columns: [product, input, table],
                });
            }
        }
        Ok(())
    }

    /// A product with random values on the rows after the last that it reaches.
    fn blinded_product(&mut self, mut values: Vec<C::ScalarExt>) -> Committed<C::ScalarExt> {
        for value in &mut values[self.prover.usable + 1..] {
            *value = self.random();
        }
        Committed {
            values,
            blind: self.random(),
        }
    }

    /// The random polynomial that hides the quotient.
    fn commit_random(&mut self) -> Result<Committed<C::ScalarExt>, Error> {
        // As many words cost an operating system's generator longer than all their arithmetic: they are drawn from a
        // stream whose key is drawn from it.
        let mut key = [0; 32];
        self.rng.fill_bytes(&mut key);
        const CHUNK: usize = 1 << 10;
        let mut values = vec![C::ScalarExt::ZERO; self.n()];
        values
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, own)| {
                let mut stream = ChaCha20Rng::from_seed(key);
                stream.set_stream(chunk as u64);
                own.fill_with(|| C::ScalarExt::random(&mut stream));
            });
        let own = Committed {
            values,
            blind: self.random(),
        };
        self.write_commitments(std::iter::once(own.parts()))?;
        Ok(own)
    }

    /// The pieces of the quotient, as coefficients in bit-reversed order, with their blinds.
    fn commit_quotient(
        &mut self,
        circuits: &[Circuit<C::ScalarExt>],
        challenges: &[C::ScalarExt],
        scalars: &[Vec<C::ScalarExt>],
        own: Challenges<C::ScalarExt>,
    ) -> Result<Vec<Committed<C::ScalarExt>>, Error> {
        let prover = self.prover;
        let gates = prover.gates.scalars(challenges, own.y);
        let coefficients: Vec<Coefficients<C::ScalarExt>> = {
            let _span = tracing::info_span!("interpolate").entered();
            let kept = circuits.iter().filter(|_| !self.low_memory);
            kept.map(|circuit| coefficients(prover, circuit)).collect()
        };
        let quotients: Vec<Vec<C::ScalarExt>> = prover
            .cosets
            .iter()
            .enumerate()
            .map(|(number, fixed)| {
                let mut values = vec![C::ScalarExt::ZERO; prover.domain.size()];
                for (circuit, columns) in circuits.iter().enumerate() {
                    let on = {
                        let _span = tracing::info_span!("evaluate", coset = number).entered();
                        match coefficients.get(circuit) {
                            Some(own) => own.on(prover, fixed),
                            None => columns_on(prover, columns, fixed),
                        }
                    };
                    let _span = tracing::info_span!("constraints", coset = number).entered();
                    on.combine(prover, fixed, &gates, scalars, own, &mut values);
                }
                prover.domain.interpolate_on(&fixed.coset, &mut values);
                values
            })
            .collect();
        drop(coefficients);
        let pieces: Vec<Vec<C::ScalarExt>> = prover
            .pieces
            .iter()
            .map(|row| {
                let at = |i: usize| {
                    row.iter()
                        .zip(&quotients)
                        .map(|(own, values)| *own * values[i])
                        .sum()
                };
                (0..prover.domain.size())
                    .into_par_iter()
                    .with_min_len(1 << 10)
                    .map(at)
                    .collect()
            })
            .collect();
        let pieces: Vec<_> = pieces
            .into_iter()
            .map(|values| Committed {
                values,
                blind: self.random(),
            })
            .collect();
        let points: Vec<C::CurveExt> = pieces
            .par_iter()
            .map(|own| prover.committer.coefficients(&own.values, own.blind))
            .collect();
        write_points(self.transcript, &points)?;
        Ok(pieces)
    }
}
