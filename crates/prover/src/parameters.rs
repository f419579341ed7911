//! What a prover reads of a scheme's parameters, and how a scheme opens its commitments.

use std::fmt::Debug;

use group::Curve;
use halo2_proofs::SerdeCurveAffine;
use halo2_proofs::SerdeFormat;
use halo2_proofs::poly::commitment::{Params, ParamsProver};
use halo2_proofs::poly::ipa::commitment::ParamsIPA;
use halo2_proofs::poly::ipa::multiopen::ProverIPA;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::poly::kzg::multiopen::{ProverGWC, ProverSHPLONK};
use halo2curves::serde::SerdeObject;
use halo2curves::{CurveAffine, CurveExt};
use pairing::Engine;
use rayon::prelude::*;

use crate::backend::ProverCurve;
use crate::error::Error;

/// The points that polynomials are committed with.
#[derive(Clone, Debug)]
pub struct Points<C> {
    /// The logarithm of their number.
    pub k: u32,
    /// Those of the coefficients.
    pub coefficients: Vec<C>,
    /// Those of the values on the domain: the Lagrange basis. `None` if it has to be computed.
    pub lagrange: Option<Vec<C>>,
    /// What the blind of a commitment is multiplied with, and what an inner product is: of IPA.
    pub blinds: Option<[C; 2]>,
}

impl<C> Points<C> {
    /// Whether they are those of `2^k` rows, and none is missing.
    pub(crate) fn check(&self, k: u32) -> Result<(), Error> {
        if self.k != k {
            return Err(Error::Size {
                params: self.k,
                key: k,
            });
        }
        let n = 1usize << k;
        let lagrange = self.lagrange.as_ref().map_or(n, Vec::len);
        for found in [self.coefficients.len(), lagrange] {
            if found != n {
                return Err(Error::Count {
                    what: "points",
                    expected: n,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// Parameters of a commitment scheme that a prover can be made of.
pub trait Parameters<C: CurveAffine> {
    /// Their points.
    fn points(&self) -> Points<C>;
}

impl<E: Engine + Debug> Parameters<E::G1Affine> for ParamsKZG<E>
where
    E::G1Affine: SerdeCurveAffine<ScalarExt = E::Fr, CurveExt = E::G1> + SerdeObject,
    E::G2Affine: SerdeCurveAffine,
{
    fn points(&self) -> Points<E::G1Affine> {
        // The Lagrange basis can be read in no other way.
        let mut bytes = vec![];
        let written = self.write_custom(&mut bytes, SerdeFormat::RawBytesUnchecked);
        let n = 1usize << self.k();
        let lagrange = written.ok().and_then(|()| {
            let size = self.get_g().first()?.to_raw_bytes().len();
            let points = bytes.get(4 + n * size..)?.chunks_exact(size).take(n);
            Some(points.map(E::G1Affine::from_raw_bytes_unchecked).collect())
        });
        Points {
            k: self.k(),
            coefficients: self.get_g().to_vec(),
            lagrange,
            blinds: None,
        }
    }
}

impl<C: CurveAffine> Parameters<C> for ParamsIPA<C> {
    fn points(&self) -> Points<C> {
        // The number of rows, the points of both bases, w and u, all compressed.
        let mut bytes = vec![];
        let written = self.write(&mut bytes);
        let n = 1usize << self.k();
        let size = C::Repr::default().as_ref().len();
        let read = |bytes: &[u8]| -> Option<C> {
            let mut own = C::Repr::default();
            own.as_mut().copy_from_slice(bytes);
            C::from_bytes(&own).into()
        };
        let rest = &bytes[4 + n * size..];
        let (lagrange, blinds) = rest.split_at(n * size);
        let lagrange: Option<Vec<C>> = lagrange.par_chunks_exact(size).map(read).collect();
        let blinds: Option<Vec<C>> = blinds.chunks_exact(size).map(read).collect();
        written.expect("a vector takes what is written");
        let blinds = blinds.and_then(|own| <[C; 2]>::try_from(own).ok());
        Points {
            k: self.k(),
            coefficients: self.get_g().to_vec(),
            lagrange,
            blinds: Some(blinds.expect("what was written can be read")),
        }
    }
}

/// IPA's parameters for `2^k` rows: what the fork's `ParamsIPA::new` makes, whose Lagrange basis takes some ten times as
/// long.
///
/// # Panics
///
/// If `k` is 32 or more, as the fork, or the scalar field has no root of unity of order `2^k`.
pub fn ipa_parameters<C: ProverCurve>(k: u32) -> ParamsIPA<C> {
    let hash = |message: &[u8]| C::CurveExt::hash_to_curve("Halo2-Parameters")(message);
    let n = 1usize << k;
    let generators: Vec<C::CurveExt> = (0..n as u32)
        .into_par_iter()
        .map(|i| {
            let [a, b, c, d] = i.to_le_bytes();
            hash(&[0, a, b, c, d])
        })
        .collect();
    let mut affine = vec![C::identity(); n];
    C::CurveExt::batch_normalize(&generators, &mut affine);
    let lagrange = C::lagrange(k, &affine);
    let mut bytes = k.to_le_bytes().to_vec();
    let [w, u] = [[1], [2]].map(|message| C::from(hash(&message)));
    for point in affine.into_iter().chain(lagrange).chain([w, u]) {
        bytes.extend_from_slice(point.to_bytes().as_ref());
    }
    ParamsIPA::read(&mut &*bytes).expect("these are points")
}

/// How a scheme's commitments are opened, known from the fork's type for its prover.
pub trait Opening {
    /// The way.
    const WAY: Way;
}

/// A way to open commitments at several points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Boneh, Drake, Fisch, Gabizon, ePrint 2020/081, over KZG.
    Shplonk,
    /// Gabizon, Williamson, Ciobotaru, ePrint 2019/953, section 3, over KZG.
    Gwc,
    /// The inner product argument of halo2, ePrint 2019/1021.
    Ipa,
}

impl Way {
    /// Whether the instance columns are committed to and opened, as the fork does for this way; else they are absorbed.
    pub(crate) fn opens_instances(self) -> bool {
        self == Way::Ipa
    }
}

impl<E: Engine> Opening for ProverSHPLONK<'_, E> {
    const WAY: Way = Way::Shplonk;
}

impl<E: Engine> Opening for ProverGWC<'_, E> {
    const WAY: Way = Way::Gwc;
}

impl<C: CurveAffine> Opening for ProverIPA<'_, C> {
    const WAY: Way = Way::Ipa;
}
