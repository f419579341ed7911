//! Parameters that take long to make, kept in a directory.
//!
//! A file of the cache is
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SVMCACHE` |
//! | 4 | the version of the format, 1 |
//! | 4 | what it holds: 1 for IPA's generators, 2 for the development parameters, 3 for a Lagrange basis |
//! | 4 | `k` |
//! | 32 | what identifies the parameters ([`Parameters::digest`](super::Parameters::digest)) |
//! | 8 | the length of the payload |
//! | 32 | BLAKE2b-256 of the above and the payload |
//! | | the payload |
//!
//! with integers least significant byte first. It has exactly this length, and everything but the
//! payload is known to who looks for it. So much is checked before a point is read. Then the points are
//! checked, for a checksum can be forged: each of them, none by sample. IPA's generators have a digest that
//! stands in this crate; the development parameters are compared with the multiples that they must be; a Lagrange
//! basis with what it is the basis of. Who can write to the directory can make a file useless, not wrong.
//!
//! A file that is not good is as none: the parameters are made again, and the file is replaced. Files
//! appear whole or not at all, whatever happens to the process and whoever else writes. What a killed
//! process leaves has a name that begins with `.unfinished-stackvm-`; it is removed when a file is put into
//! the cache an hour later.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use halo2_proofs::poly::EvaluationDomain;
use halo2_proofs::poly::commitment::{Blind, Params, ParamsProver};
use halo2_proofs::poly::ipa::commitment::ParamsIPA;
use halo2curves::bn256::{G1Affine, G2Affine};
use halo2curves::serde::SerdeObject;

use super::atomic::replace;
use super::ipa::{self, IpaParams, generators};
use super::kzg::{self, KzgParams};
use super::srs::check::{self, G1_BYTES};
use super::srs::secret::{self, DevBases};
use super::srs::{ParamsError, Powers};
use super::{ELEMENT_BYTES, blake2b_256};
use crate::text::shown_path;

/// A directory in which parameters are kept. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    dir: Option<PathBuf>,
    most_made: u32,
}

/// Parameters, and what the cache did for them.
#[derive(Debug)]
pub struct Loaded<P> {
    /// The parameters.
    pub params: P,
    /// What the cache did.
    pub outcome: CacheOutcome,
}

/// What a cache did for parameters.
#[derive(Debug)]
#[non_exhaustive]
pub enum CacheOutcome {
    /// It had them.
    Found,
    /// They were made and put into it.
    Stored,
    /// They were made, but could not be put into it. They are as good as others.
    NotStored(StoreError),
    /// They were read from a file that has all that takes long.
    NotNeeded,
    /// They were made by a cache that keeps nothing.
    NotKept,
}

/// Why parameters are not in the cache.
#[derive(Debug, thiserror::Error)]
#[error(
    "can't keep the parameters in {}: {source}; they will be made again the next time, unless \
     the directory can be written then",
    shown_path(path)
)]
#[non_exhaustive]
pub struct StoreError {
    /// The file that could not be written.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

impl Cache {
    /// The cache in a directory, which is made when something is to be kept.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Cache {
            dir: Some(dir.into()),
            most_made: u32::MAX,
        }
    }

    /// A cache that keeps nothing, where there is no directory for it.
    pub fn nowhere() -> Self {
        Cache {
            dir: None,
            most_made: u32::MAX,
        }
    }

    /// The same cache, which makes no parameters for more than `2^k` rows: it gives larger ones only if it has
    /// them, or a file has all that takes long.
    ///
    /// This is for who is told a size by a stranger. To make parameters takes a minute for `k = 16`.
    #[must_use]
    pub fn making_at_most(self, k: u32) -> Self {
        Cache {
            most_made: k,
            ..self
        }
    }

    /// That parameters for so many rows may be made.
    fn check_made(&self, k: u32) -> Result<(), ParamsError> {
        match k > self.most_made {
            true => Err(ParamsError::NotMade { k }),
            false => Ok(()),
        }
    }

    /// The directory, if there is one.
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// IPA's generators, as [`IpaParams::setup`] makes them.
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range, [`ParamsError::NotMade`] if it is
    /// [too large](Cache::making_at_most) to make them.
    pub fn ipa(&self, k: u32) -> Result<Loaded<IpaParams>, ParamsError> {
        ParamsError::check_k(k)?;
        let entry = Entry::ipa(k);
        if let Some(params) = self.open(&entry).and_then(|file| read_ipa(file, k)) {
            return Ok(Loaded::found(params));
        }
        self.check_made(k)?;
        let params = IpaParams::setup(k)?;
        let mut bytes = Vec::with_capacity(entry.payload_bytes());
        let payload = params.params.write(&mut bytes).map(|()| bytes);
        Ok(self.made(params, &entry, payload))
    }

    /// The development parameters, as [`KzgParams::insecure_dev`] makes them: **of no security**.
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range, [`ParamsError::NotMade`] if it is
    /// [too large](Cache::making_at_most) to make them.
    pub fn insecure_dev(&self, k: u32) -> Result<Loaded<KzgParams>, ParamsError> {
        ParamsError::check_k(k)?;
        let entry = Entry::insecure_dev(k);
        if let Some(params) = self
            .open(&entry)
            .and_then(|file| read_insecure_dev(file, k))
        {
            return Ok(Loaded::found(params));
        }
        self.check_made(k)?;
        let bases = DevBases::new(k);
        let payload = raw(bases.g.iter().chain(&bases.lagrange));
        Ok(self.made(KzgParams::from_dev(k, bases), &entry, Ok(payload)))
    }

    /// The parameters in a ceremony's file, as [`KzgParams::from_srs`] reads them.
    ///
    /// The file is always read and checked. What is kept is its Lagrange basis, if it does not have
    /// one of this size.
    ///
    /// # Errors
    ///
    /// [`ParamsError::K`] if `k` is out of range, [`ParamsError::File`] if the file is refused,
    /// [`ParamsError::NotMade`] if it is [too large](Cache::making_at_most) to make a Lagrange basis.
    pub fn srs(&self, path: impl AsRef<Path>, k: u32) -> Result<Loaded<KzgParams>, ParamsError> {
        let mut powers = Powers::read(path.as_ref(), k)?;
        if let Some(lagrange) = powers.lagrange.take() {
            return Ok(Loaded {
                params: KzgParams::from_powers(powers, lagrange),
                outcome: CacheOutcome::NotNeeded,
            });
        }
        let entry = Entry::lagrange(k, &powers.s_g2);
        let cached = self
            .open(&entry)
            .and_then(|file| read_lagrange(file, k, &powers));
        if let Some(lagrange) = cached {
            return Ok(Loaded::found(KzgParams::from_powers(powers, lagrange)));
        }
        self.check_made(k)?;
        let lagrange = powers.compute_lagrange();
        let payload = raw(&lagrange);
        Ok(self.made(
            KzgParams::from_powers(powers, lagrange),
            &entry,
            Ok(payload),
        ))
    }

    /// Parameters that were made, of which the payload of an entry is kept.
    fn made<P>(&self, params: P, entry: &Entry, payload: io::Result<Vec<u8>>) -> Loaded<P> {
        let Some(dir) = &self.dir else {
            let outcome = CacheOutcome::NotKept;
            return Loaded { params, outcome };
        };
        let path = dir.join(entry.file_name());
        let stored = payload.and_then(|payload| {
            fs::create_dir_all(dir)?;
            // Nothing behind a link or a pipe is any of the cache's.
            replace(&path, &[&entry.header(&payload), &payload])
        });
        let outcome = match stored {
            Ok(()) => CacheOutcome::Stored,
            Err(source) => CacheOutcome::NotStored(StoreError { path, source }),
        };
        Loaded { params, outcome }
    }

    /// An entry's file, if there is one.
    fn open(&self, entry: &Entry) -> Option<File> {
        let path = self.dir.as_ref()?.join(entry.file_name());
        // To open a pipe would block.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        File::open(path).ok()
    }
}

impl<P> Loaded<P> {
    fn found(params: P) -> Self {
        Loaded {
            params,
            outcome: CacheOutcome::Found,
        }
    }
}

/// IPA's generators in the contents of a cache's file, which may be kept anywhere: `None` if they are
/// not good, where [`Cache::ipa`] would make them again if it may.
pub fn read_ipa(contents: impl Read + Seek, k: u32) -> Option<IpaParams> {
    let payload = Entry::ipa(k).read(contents)?;
    Some(IpaParams {
        params: ipa_params(k, payload)?,
    })
}

/// The development parameters, **of no security**, in the contents of a cache's file: as [`read_ipa`].
pub fn read_insecure_dev(contents: impl Read + Seek, k: u32) -> Option<KzgParams> {
    let payload = Entry::insecure_dev(k).read(contents)?;
    Some(KzgParams::from_dev(k, dev_bases(k, payload)?))
}

/// The parameters in a ceremony's file, whose Lagrange basis is in the contents of a cache's file:
/// `None` if that basis is not good, as for [`read_ipa`].
///
/// # Errors
///
/// As [`KzgParams::from_srs_contents`], for the ceremony's file.
pub fn read_srs(
    srs: impl Read + Seek,
    contents: impl Read + Seek,
    k: u32,
) -> Result<Option<KzgParams>, ParamsError> {
    let powers = Powers::read_from(srs, k)?;
    let lagrange = read_lagrange(contents, k, &powers);
    Ok(lagrange.map(|lagrange| KzgParams::from_powers(powers, lagrange)))
}

fn read_lagrange(contents: impl Read + Seek, k: u32, powers: &Powers) -> Option<Vec<G1Affine>> {
    let payload = Entry::lagrange(k, &powers.s_g2).read(contents)?;
    let lagrange = g1_points(&payload)?;
    drop(payload);
    check::is_lagrange_basis(k, &powers.g, &lagrange).then_some(lagrange)
}

/// What a file of the cache holds.
#[derive(Clone, Copy)]
enum Kind {
    /// halo2's form of [`ParamsIPA`], with compressed points.
    Ipa = 1,
    /// The powers, then the Lagrange basis.
    InsecureDev = 2,
    /// The Lagrange basis.
    Lagrange = 3,
}

const MAGIC: &[u8; 8] = b"SVMCACHE";
const VERSION: u32 = 1;
const CHECKSUM_BYTES: usize = 32;
const HEADER_BYTES: usize = 8 + 4 + 4 + 4 + 32 + 8 + CHECKSUM_BYTES;

/// What is looked for in the cache.
struct Entry {
    kind: Kind,
    k: u32,
    digest: [u8; 32],
}

impl Entry {
    fn ipa(k: u32) -> Self {
        Entry {
            kind: Kind::Ipa,
            k,
            digest: ipa::digest(k),
        }
    }

    fn insecure_dev(k: u32) -> Self {
        Entry {
            kind: Kind::InsecureDev,
            k,
            digest: kzg::digest(&secret::dev_s_g2()),
        }
    }

    fn lagrange(k: u32, s_g2: &G2Affine) -> Self {
        Entry {
            kind: Kind::Lagrange,
            k,
            digest: kzg::digest(s_g2),
        }
    }

    /// The payload in a file's contents, if they are whole.
    fn read(&self, mut contents: impl Read + Seek) -> Option<Vec<u8>> {
        ParamsError::check_k(self.k).ok()?;
        // No more is read, or room made for, than there is.
        let len = contents.seek(SeekFrom::End(0)).ok()?;
        if len != (HEADER_BYTES + self.payload_bytes()) as u64 {
            return None;
        }
        contents.seek(SeekFrom::Start(0)).ok()?;
        let mut header = [0; HEADER_BYTES];
        contents.read_exact(&mut header).ok()?;
        // All of the header but the checksum is known: it is not worth reading on if it differs.
        if header[..HEADER_BYTES - CHECKSUM_BYTES] != self.start() {
            return None;
        }
        let mut payload = vec![0; self.payload_bytes()];
        contents.read_exact(&mut payload).ok()?;
        (header == self.header(&payload)).then_some(payload)
    }

    fn file_name(&self) -> String {
        let k = self.k;
        match self.kind {
            Kind::Ipa => format!("ipa-{k}.params"),
            Kind::InsecureDev => format!("kzg-insecure-dev-{k}.params"),
            Kind::Lagrange => {
                format!("kzg-lagrange-{}-{k}.params", hex::encode(&self.digest[..8]))
            }
        }
    }

    /// The one length that the payload has.
    fn payload_bytes(&self) -> usize {
        let n = 1 << self.k;
        match self.kind {
            Kind::Ipa => 4 + (2 * n + 2) * ELEMENT_BYTES,
            Kind::InsecureDev => 2 * n * G1_BYTES,
            Kind::Lagrange => n * G1_BYTES,
        }
    }

    /// The header but the checksum.
    fn start(&self) -> Vec<u8> {
        let mut start = MAGIC.to_vec();
        start.extend(VERSION.to_le_bytes());
        start.extend((self.kind as u32).to_le_bytes());
        start.extend(self.k.to_le_bytes());
        start.extend(self.digest);
        start.extend((self.payload_bytes() as u64).to_le_bytes());
        start
    }

    fn header(&self, payload: &[u8]) -> [u8; HEADER_BYTES] {
        let start = self.start();
        let checksum = blake2b_256(b"StackVm.Cache", &[&start, payload]);
        let mut header = [0; HEADER_BYTES];
        for (byte, from) in header.iter_mut().zip(start.iter().chain(&checksum)) {
            *byte = *from;
        }
        header
    }
}

fn raw<'p>(points: impl IntoIterator<Item = &'p G1Affine>) -> Vec<u8> {
    points
        .into_iter()
        .flat_map(SerdeObject::to_raw_bytes)
        .collect()
}

fn g1_points(bytes: &[u8]) -> Option<Vec<G1Affine>> {
    let mut points = Vec::with_capacity(bytes.len() / G1_BYTES);
    for point in bytes.chunks_exact(G1_BYTES) {
        points.push(check::g1(point).ok()?);
    }
    Some(points)
}

fn dev_bases(k: u32, payload: Vec<u8>) -> Option<DevBases> {
    let (g, lagrange) = payload.split_at_checked(G1_BYTES << k)?;
    let bases = DevBases {
        g: g1_points(g)?,
        lagrange: g1_points(lagrange)?,
    };
    drop(payload);
    bases.are_valid(k).then_some(bases)
}

/// Reads IPA's generators: `k`, the generators, their Lagrange basis, `w`, `u`.
///
/// The generators, `w` and `u` must be those that everybody derives, and the Lagrange basis must be theirs
/// ([`check::agree`]). So what is taken is what `ParamsIPA::new` makes, whatever the payload.
fn ipa_params(k: u32, payload: Vec<u8>) -> Option<ParamsIPA<G1Affine>> {
    let n = 1usize << k;
    let (own_k, points) = payload.split_at_checked(4)?;
    let (g, rest) = points.split_at_checked(n * ELEMENT_BYTES)?;
    let (lagrange, rest) = rest.split_at_checked(n * ELEMENT_BYTES)?;
    let (w, u) = rest.split_at_checked(ELEMENT_BYTES)?;
    let are_derived = own_k == k.to_le_bytes()
        && generators::are_generators(k, g)
        && generators::is_blinding_generator(w)
        && generators::is_product_generator(u);
    // The spare bits of an encoding are in its last byte; without them, the identity is zero.
    let identity = |point: &[u8]| match point {
        [rest @ .., last] => last & 0x3f == 0 && rest.iter().all(|byte| *byte == 0),
        [] => true,
    };
    if !are_derived || lagrange.chunks_exact(ELEMENT_BYTES).any(identity) {
        return None;
    }

    let params = ParamsIPA::read(&mut &*payload).ok()?;
    drop(payload);
    let domain = EvaluationDomain::new(1, k);
    // The blinding generator is on both sides.
    let blind = Blind::default();
    check::agree(
        k,
        |coefficients| params.commit(&domain.coeff_from_vec(coefficients), blind),
        |values| params.commit_lagrange(&domain.lagrange_from_vec(values), blind),
    )
    .then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use group::GroupEncoding;
    use group::prime::PrimeCurveAffine;

    const K: u32 = 5;

    /// Puts a payload under a good checksum, and tells whether it is taken.
    fn is_taken(entry: &Entry, payload: &[u8]) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let kept = cache.made((), entry, Ok(payload.to_vec()));
        assert!(matches!(kept.outcome, CacheOutcome::Stored));
        let outcome = match entry.kind {
            Kind::Ipa => cache.ipa(K).unwrap().outcome,
            Kind::InsecureDev => cache.insecure_dev(K).unwrap().outcome,
            Kind::Lagrange => unreachable!(),
        };
        match outcome {
            CacheOutcome::Found => true,
            CacheOutcome::Stored => false,
            other => panic!("{other:?}"),
        }
    }

    fn swapped(payload: &[u8], from: usize, len: usize) -> Vec<u8> {
        let mut payload = payload.to_vec();
        payload[from..from + 2 * len].rotate_left(len);
        payload
    }

    #[test]
    fn forged_development_parameters_are_not_taken() {
        let entry = Entry::insecure_dev(K);
        let honest = DevBases::new(K);
        let payload = raw(honest.g.iter().chain(&honest.lagrange));
        assert!(is_taken(&entry, &payload));
        for point in [0, 7, 31, 40] {
            assert!(!is_taken(
                &entry,
                &swapped(&payload, point * G1_BYTES, G1_BYTES)
            ));
            for bad in [[0; G1_BYTES], [0xff; G1_BYTES]] {
                let mut payload = payload.clone();
                payload[point * G1_BYTES..][..G1_BYTES].copy_from_slice(&bad);
                assert!(!is_taken(&entry, &payload));
            }
        }
    }

    #[test]
    fn forged_generators_are_not_taken() {
        let entry = Entry::ipa(K);
        let mut payload = Vec::new();
        let honest = IpaParams::setup(K).unwrap();
        honest.params.write(&mut payload).unwrap();
        assert!(is_taken(&entry, &payload));

        let n = 1 << K;
        for point in [0, 9, 30, n, n + 9, 2 * n - 1, 2 * n] {
            let forged = swapped(&payload, 4 + point * ELEMENT_BYTES, ELEMENT_BYTES);
            assert!(!is_taken(&entry, &forged), "point {point}");
        }
        for point in [0, n, 2 * n, 2 * n + 1] {
            let mut identity = payload.clone();
            let bytes = &mut identity[4 + point * ELEMENT_BYTES..][..ELEMENT_BYTES];
            bytes.copy_from_slice(G1Affine::identity().to_bytes().as_ref());
            assert!(!is_taken(&entry, &identity), "point {point}");
        }
        let mut other_k = payload.clone();
        other_k[0] ^= 1;
        assert!(!is_taken(&entry, &other_k));
        other_k[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(!is_taken(&entry, &other_k));
    }

    /// Generators of which somebody knows the relations, with the Lagrange basis that fits.
    #[test]
    fn consistent_generators_of_another_origin_are_not_taken() {
        let entry = Entry::ipa(K);
        let mut honest = Vec::new();
        let params = IpaParams::setup(K).unwrap();
        params.params.write(&mut honest).unwrap();
        let known = DevBases::new(K);
        let mut payload = K.to_le_bytes().to_vec();
        for point in known.g.iter().chain(&known.lagrange) {
            payload.extend(point.to_bytes().as_ref());
        }
        payload.extend(&honest[payload.len()..]);
        assert_eq!(payload.len(), honest.len());
        assert!(!is_taken(&entry, &payload));
    }
}
