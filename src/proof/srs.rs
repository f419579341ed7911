//! Structured reference strings in files: read, checked, refused.
//!
//! Two formats are read, told apart by content:
//!
//! * snarkjs' `.ptau`, in which the ceremonies for bn254 are published: `ptau`, a version, and sections
//!   of which three are needed. Section 1 names the curve and the size, section 2 has the powers in
//!   G1, section 3 those in G2. A prepared file has Lagrange bases in section 12, which save computing
//!   one;
//! * the raw form of halo2 (`ParamsKZG::write`): `k`, the powers, their Lagrange basis, two points of G2.
//!
//! Both have coordinates in Montgomery form, least significant byte first.
//!
//! A file is believed nothing. No length that it declares is acted upon before the file's own length
//! bears it out; all points that are used must be on the curve and in the group; the powers must be
//! powers of one secret, the one in G2 ([`SrsError::NotPowers`]); and that secret must be none that
//! everybody knows ([`SrsError::KnownSecret`]). What can't be checked is that nobody knows it: that is
//! what a ceremony with many participants is for, and its transcript is checked with its own tools.

pub(crate) mod check;
pub(crate) mod secret;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use group::prime::PrimeCurveAffine;
use halo2_proofs::arithmetic::g_to_lagrange;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, G1Affine, G2Affine};

use crate::machine::MAX_K;
use crate::text::shown_path;
pub use check::PointProblem;
use check::{G1_BYTES, G2_BYTES};

/// Why there are no parameters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// There are none of this size.
    #[error("there are no parameters for k = {k}: k must be at least 1 and at most {MAX_K}")]
    K {
        /// The `k` that was asked for.
        k: u32,
    },
    /// They would have to be made, which takes long, and are of a larger size than may be made.
    #[error(
        "the parameters for k = {k}, or their Lagrange basis, take long to make, and are not in the cache"
    )]
    NotMade {
        /// The `k` that was asked for.
        k: u32,
    },
    /// A file is refused.
    #[error("the parameter file {} is refused: {reason}", shown_path(path))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: SrsError,
    },
    /// The contents of a file, which came from elsewhere, are refused.
    #[error("the parameters are refused: {reason}")]
    Contents {
        /// What is wrong with them.
        #[source]
        reason: SrsError,
    },
}

impl ParamsError {
    /// Refuses what no circuit has.
    pub(crate) fn check_k(k: u32) -> Result<(), Self> {
        if (1..=MAX_K).contains(&k) {
            Ok(())
        } else {
            Err(ParamsError::K { k })
        }
    }
}

/// Why a file of parameters is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SrsError {
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Io(#[from] io::Error),
    /// It is a directory or a device.
    #[error("it is not a regular file; give the path of a `.ptau` file")]
    NotAFile,
    /// It is none of the formats.
    #[error(
        "it is neither a `.ptau` file of snarkjs nor halo2's raw form of KZG parameters over bn254; \
         give a file of one of these formats"
    )]
    UnknownFormat,
    /// It does not have the form of its format.
    #[error("at byte {offset}: {problem}; the file is damaged or incomplete, fetch it again")]
    Malformed {
        /// Where.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// It is of another curve.
    #[error("it is for another curve; a file for bn254 (also called bn128, alt_bn128) is needed")]
    WrongCurve,
    /// It is too small.
    #[error(
        "it has the powers for k = {power} at most, but k = {needed} is needed; use the file of a \
         larger ceremony, of power {needed} at least"
    )]
    TooSmall {
        /// The largest `k` that it serves.
        power: u32,
        /// The `k` that was asked for.
        needed: u32,
    },
    /// A point is none of the group.
    #[error("the point at byte {offset} {problem}; the file is damaged, fetch it again")]
    Point {
        /// Where the point begins.
        offset: u64,
        /// What is wrong with it.
        problem: PointProblem,
    },
    /// It starts from another point than everybody.
    #[error(
        "its first point in {group} is not the generator; it is damaged or made for another purpose"
    )]
    WrongGenerator {
        /// The group.
        group: &'static str,
    },
    /// The points are not powers of one secret.
    #[error(
        "its points are not the powers of one secret; it is damaged or forged, get it from the \
         ceremony's publisher"
    )]
    NotPowers,
    /// The Lagrange basis is not the one of the powers.
    #[error(
        "its Lagrange basis is not the one of its powers; it is damaged or forged, get it from its \
         publisher"
    )]
    WrongLagrange,
    /// Everybody knows the secret.
    #[error(
        "its secret is publicly known, so that anybody can prove anything with it: it is {secret}. \
         Use the file of a real ceremony"
    )]
    KnownSecret {
        /// What it is.
        secret: String,
    },
}

/// The powers of a file, checked.
#[derive(Clone)]
pub(crate) struct Powers {
    k: u32,
    pub(crate) g: Vec<G1Affine>,
    pub(crate) s_g2: G2Affine,
    /// The Lagrange basis, if the file has a valid one.
    pub(crate) lagrange: Option<Vec<G1Affine>>,
}

impl Powers {
    /// Reads and checks the first `2^k` powers of a file.
    pub(crate) fn read(path: &Path, k: u32) -> Result<Self, ParamsError> {
        ParamsError::check_k(k)?;
        Source::open(path)
            .and_then(|source| source.powers(k))
            .map_err(|reason| ParamsError::File {
                path: path.to_owned(),
                reason,
            })
    }

    /// Reads and checks the first `2^k` powers of what has the contents of a file.
    pub(crate) fn read_from(contents: impl Read + Seek, k: u32) -> Result<Self, ParamsError> {
        ParamsError::check_k(k)?;
        Source::new(contents)
            .and_then(|source| source.powers(k))
            .map_err(|reason| ParamsError::Contents { reason })
    }

    /// Computes the Lagrange basis, which takes a minute for `k = 16`.
    pub(crate) fn compute_lagrange(&self) -> Vec<G1Affine> {
        g_to_lagrange(
            self.g.iter().map(PrimeCurveAffine::to_curve).collect(),
            self.k,
        )
    }

    /// The parameters, given the Lagrange basis.
    pub(crate) fn into_params(self, lagrange: Vec<G1Affine>) -> ParamsKZG<Bn256> {
        secret::params(self.k, self.g, lagrange, self.s_g2)
    }
}

/// The number of powers that are read at once.
const CHUNK: usize = 1 << 12;

/// Where the points are in a file.
struct Layout {
    g: u64,
    g2: u64,
    s_g2: u64,
    lagrange: Lagrange,
}

/// What Lagrange basis a file has for a size.
enum Lagrange {
    None,
    /// halo2's own.
    Halo2(u64),
    /// The one of a prepared `.ptau` file: over the same roots of unity in another order.
    Snarkjs(u64),
}

/// The contents of a file, and their length.
struct Source<R> {
    contents: R,
    len: u64,
}

impl Source<File> {
    fn open(path: &Path) -> Result<Self, SrsError> {
        // To open a pipe would block.
        if !std::fs::metadata(path)?.is_file() {
            return Err(SrsError::NotAFile);
        }
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(SrsError::NotAFile);
        }
        Self::new(file)
    }
}

impl<R: Read + Seek> Source<R> {
    fn new(mut contents: R) -> Result<Self, SrsError> {
        let len = contents.seek(SeekFrom::End(0))?;
        Ok(Source { contents, len })
    }

    fn powers(mut self, k: u32) -> Result<Powers, SrsError> {
        if self.len < 4 {
            return Err(SrsError::UnknownFormat);
        }
        let layout = match self.array(0)? {
            PTAU => self.ptau(k)?,
            own_k => self.raw(u32::from_le_bytes(own_k), k)?,
        };
        self.points(k, &layout)
    }

    /// Reads what a layout says, and checks it.
    fn points(&mut self, k: u32, layout: &Layout) -> Result<Powers, SrsError> {
        let n = 1 << k;
        self.refuse_zero(layout.g + G1_BYTES as u64)?;
        let g = self.g1_points(layout.g, n)?;
        if g.first() != Some(&G1Affine::generator()) {
            return Err(SrsError::WrongGenerator { group: "G1" });
        }
        if self.g2_point(layout.g2)? != G2Affine::generator() {
            return Err(SrsError::WrongGenerator { group: "G2" });
        }
        let s_g2 = self.g2_point(layout.s_g2)?;
        if let Some(secret) = g.get(1).and_then(secret::known) {
            return Err(SrsError::KnownSecret { secret });
        }
        // At a root of unity all Lagrange polynomials of this size but one vanish.
        if g.get(n / 2).map(|half| half.x) == Some(G1Affine::generator().x) {
            return Err(SrsError::KnownSecret {
                secret: format!("a root of unity of order 2^{k} at most"),
            });
        }
        if !check::are_powers(&g, &s_g2) {
            return Err(SrsError::NotPowers);
        }
        let lagrange = match layout.lagrange {
            Lagrange::None => None,
            Lagrange::Halo2(offset) => {
                let points = self.g1_points(offset, n)?;
                if !check::is_lagrange_basis(k, &g, &points) {
                    return Err(SrsError::WrongLagrange);
                }
                Some(points)
            }
            // Nothing depends on it: if it is not good, another one is computed.
            Lagrange::Snarkjs(offset) => self
                .g1_points(offset, n)
                .ok()
                .map(|points| in_order_of_halo2(&points))
                .filter(|points| check::is_lagrange_basis(k, &g, points)),
        };
        Ok(Powers {
            k,
            g,
            s_g2,
            lagrange,
        })
    }

    /// Where the points are in a file of halo2.
    fn raw(&mut self, own_k: u32, k: u32) -> Result<Layout, SrsError> {
        if !(1..=MAX_POWER).contains(&own_k) {
            return Err(SrsError::UnknownFormat);
        }
        let basis = (G1_BYTES as u64) << own_k;
        let g2 = 4 + 2 * basis;
        if self.len != g2 + 2 * G2_BYTES as u64 {
            return Err(SrsError::Malformed {
                offset: 0,
                problem: "the size that it declares is not the file's",
            });
        }
        if own_k < k {
            return Err(SrsError::TooSmall {
                power: own_k,
                needed: k,
            });
        }
        Ok(Layout {
            g: 4,
            g2,
            s_g2: g2 + G2_BYTES as u64,
            lagrange: if own_k == k {
                Lagrange::Halo2(4 + basis)
            } else {
                Lagrange::None
            },
        })
    }

    /// Where the points are in a file of snarkjs.
    fn ptau(&mut self, k: u32) -> Result<Layout, SrsError> {
        let malformed = |offset, problem| SrsError::Malformed { offset, problem };
        if self.u32(4)? != 1 {
            return Err(malformed(4, "the version of the format is not 1"));
        }
        let sections = self.u32(8)?;
        if sections > MAX_SECTIONS {
            return Err(malformed(8, "there are too many sections"));
        }
        let (mut header, mut tau_g1, mut tau_g2, mut bases) = (None, None, None, None);
        let mut offset = 12;
        for _ in 0..sections {
            let kind = self.u32(offset)?;
            let size = u64::from_le_bytes(self.array(offset + 4)?);
            let start = offset + 12;
            let Some(end) = start.checked_add(size).filter(|end| *end <= self.len) else {
                return Err(malformed(offset + 4, "the section is longer than the file"));
            };
            let section = match kind {
                1 => &mut header,
                2 => &mut tau_g1,
                3 => &mut tau_g2,
                12 => &mut bases,
                _ => &mut None,
            };
            if section.replace((start, size)).is_some() {
                return Err(malformed(offset, "there is another section of this type"));
            }
            offset = end;
        }
        if offset != self.len {
            return Err(malformed(offset, "there are bytes after the last section"));
        }
        let (Some((header, header_size)), Some((g, g_size)), Some((g2, g2_size))) =
            (header, tau_g1, tau_g2)
        else {
            return Err(malformed(
                8,
                "the header or the powers are not among the sections",
            ));
        };

        // The length of a coordinate, the prime, the power, the power of the whole ceremony.
        if header_size < 4 {
            return Err(malformed(header - 8, "the header has a wrong length"));
        }
        if self.u32(header)? != PRIME.len() as u32 {
            return Err(SrsError::WrongCurve);
        }
        if header_size != 4 + PRIME.len() as u64 + 8 {
            return Err(malformed(header - 8, "the header has a wrong length"));
        }
        if self.array(header + 4)? != PRIME {
            return Err(SrsError::WrongCurve);
        }
        let power = self.u32(header + 36)?;
        if !(1..=MAX_POWER).contains(&power) || self.u32(header + 40)? < power {
            return Err(malformed(header + 36, "there is no ceremony of this power"));
        }
        if g_size != ((2 << power) - 1) * G1_BYTES as u64 {
            return Err(malformed(
                g - 8,
                "the length of the section is not the one of the powers in G1",
            ));
        }
        if g2_size != (1 << power) * G2_BYTES as u64 {
            return Err(malformed(
                g2 - 8,
                "the length of the section is not the one of the powers in G2",
            ));
        }
        if power < k {
            return Err(SrsError::TooSmall { power, needed: k });
        }
        // One basis after the other, of 1, 2, 4, ... points.
        let lagrange = match bases {
            Some((start, size)) if size >= ((2 << k) - 1) * G1_BYTES as u64 => {
                Lagrange::Snarkjs(start + ((1 << k) - 1) * G1_BYTES as u64)
            }
            _ => Lagrange::None,
        };
        Ok(Layout {
            g,
            g2,
            s_g2: g2 + G2_BYTES as u64,
            lagrange,
        })
    }

    /// Refuses a length that the file does not have.
    fn require(&self, offset: u64, len: usize) -> Result<(), SrsError> {
        match offset.checked_add(len as u64) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(SrsError::Malformed {
                offset: self.len,
                problem: "the file ends too early",
            }),
        }
    }

    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> Result<(), SrsError> {
        self.require(offset, bytes.len())?;
        self.contents.seek(SeekFrom::Start(offset))?;
        Ok(self.contents.read_exact(bytes)?)
    }

    fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], SrsError> {
        let mut bytes = [0; N];
        self.read(offset, &mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self, offset: u64) -> Result<u32, SrsError> {
        Ok(u32::from_le_bytes(self.array(offset)?))
    }

    fn g1_points(&mut self, mut offset: u64, count: usize) -> Result<Vec<G1Affine>, SrsError> {
        self.require(offset, count * G1_BYTES)?;
        let mut points = Vec::with_capacity(count);
        let mut bytes = vec![0; count.min(CHUNK) * G1_BYTES];
        while points.len() < count {
            let len = (count - points.len()).min(CHUNK) * G1_BYTES;
            let bytes = &mut bytes[..len];
            self.read(offset, bytes)?;
            for point in bytes.chunks_exact(G1_BYTES) {
                points
                    .push(check::g1(point).map_err(|problem| SrsError::Point { offset, problem })?);
                offset += G1_BYTES as u64;
            }
        }
        Ok(points)
    }

    fn g2_point(&mut self, offset: u64) -> Result<G2Affine, SrsError> {
        check::g2(&self.array::<G2_BYTES>(offset)?)
            .map_err(|problem| SrsError::Point { offset, problem })
    }

    /// Refuses the secret 0, of which all powers but the first are the point at infinity.
    fn refuse_zero(&mut self, second: u64) -> Result<(), SrsError> {
        if self.array(second)? == [0; G1_BYTES] {
            return Err(SrsError::KnownSecret {
                secret: "the integer 0".into(),
            });
        }
        Ok(())
    }
}

/// How a file of snarkjs begins.
const PTAU: [u8; 4] = *b"ptau";
/// The largest power of a ceremony: the multiplicative group has no larger subgroup of such an order.
const MAX_POWER: u32 = 28;
/// More sections than any version of snarkjs writes.
const MAX_SECTIONS: u32 = 64;
/// The prime of bn254's coordinates, least significant byte first.
const PRIME: [u8; 32] = [
    0x47, 0xfd, 0x7c, 0xd8, 0x16, 0x8c, 0x20, 0x3c, 0x8d, 0xca, 0x71, 0x68, 0x91, 0x6a, 0x81, 0x97,
    0x5d, 0x58, 0x81, 0x81, 0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30,
];
/// The root of unity of snarkjs, `5^t`, is this power of halo2's, `7^t`, where `r = 2^28 t + 1`.
const SNARKJS_ROOT: usize = 0x2dd_9d21;

/// Puts a Lagrange basis over snarkjs' roots of unity into the order of halo2's.
fn in_order_of_halo2(points: &[G1Affine]) -> Vec<G1Affine> {
    let n = points.len();
    let mut ordered = vec![G1Affine::identity(); n];
    for (i, point) in points.iter().enumerate() {
        // n is a power of two, so that neither the wrapping nor the missing bits matter.
        ordered[i.wrapping_mul(SNARKJS_ROOT) % n] = *point;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use ff::{Field, PrimeField};
    use halo2curves::bn256::{Fq, Fr};

    #[test]
    fn the_constants_are_those_of_the_curve() {
        let prime = num_bigint::BigUint::from_bytes_le((-Fq::ONE).to_repr().as_ref()) + 1u8;
        assert_eq!(prime.to_bytes_le(), PRIME);
        assert_eq!(Fr::S, MAX_POWER);
        let order = num_bigint::BigUint::from_bytes_le((-Fr::ONE).to_repr().as_ref());
        let odd = (order >> MAX_POWER).to_u64_digits();
        assert_eq!(Fr::from(7).pow_vartime(&odd), Fr::ROOT_OF_UNITY);
        assert_eq!(
            Fr::from(5).pow_vartime(&odd),
            Fr::ROOT_OF_UNITY.pow_vartime([SNARKJS_ROOT as u64])
        );
    }
}
