//! Verifying keys in files, so that a verifier need not make them.
//!
//! A key file is
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `svm-vkey` |
//! | 4 | the version, [`VERSION`] |
//! | 4 | the backend: 1 for IPA, 2 for KZG |
//! | 4 | where the parameters come from: 1 if they are transparent, 2 a ceremony, 3 insecure development parameters |
//! | 4 | `k` |
//! | 4 | the binding: 1 for public, 2 for cells, 3 for fixed |
//! | 8 | the instruction set, [`InstructionSet::members`] |
//! | 32 | the digest of the parameters, [`Parameters::digest`] |
//! | 32 | the digest of the key, [`VerifyingKey::digest`] |
//! | 32 | the digest of the program, if it is fixed, [`Program::digest`](crate::program::Program::digest); else zeros |
//! | 32 + 64 | with KZG: the secret's multiple of the generator of G1, and of G2, compressed |
//! | | halo2's key, with compressed points |
//! | 32 | BLAKE2b-256 of the above, personalised `StackVm.Key` |
//!
//! with integers least significant byte first. There is one encoding of a key: lengths are exact, as they
//! follow from the circuit, and points are canonical. All of this is checked before halo2 reads a byte,
//! and what halo2 then makes of it must have the digest that the file states. What reading takes is
//! bounded by the largest `k` that the reader admits: halo2 computes the roots of unity of that size.
//!
//! With KZG a key file is all that a verifier needs. With IPA it also needs the generators, which follow
//! from `k`.
//!
//! # Whom a key file has to be from
//!
//! **Who verifies with a key file trusts whoever made it.** The file names a circuit, and its constraints
//! are the ones that this crate has for it; but its fixed columns are there only as commitments, of which
//! nobody can see what they commit to. Nor can it be seen that nobody knows the secret of its parameters:
//! secrets that everybody knows are refused, but of roots of unity only halo2's own, where a ceremony's
//! file reveals more ([`srs`](super::srs)). A key and parameters that are made with malice accept proofs of what is
//! false. So use files that you made, or compare [`KeyFile::fingerprint`] with that of a key that you made, or
//! had from whom you trust. [`KeyFile::digest`] alone is not enough with KZG: it says nothing of the parameters,
//! and with other ones, whose secret somebody knows, the same key accepts everything.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ff::PrimeField;
use group::GroupEncoding;
use group::prime::PrimeCurveAffine;
use halo2_proofs::{SerdeFormat, plonk};
use halo2curves::bn256::{Fr, G1Affine};

use super::file::{BackendName, Contradiction, Destination, ParametersKind, ProofFile, VERSION};
use super::ipa::{Ipa, IpaParams};
use super::kzg::{Kzg, KzgParams, SrsOrigin};
use super::srs::check::{are_powers, compressed, compressed_g2};
use super::srs::{ParamsError, PointProblem, secret};
use super::{Backend, Cost, ELEMENT_BYTES, Parameters, VerifyError, VerifyingKey, blake2b_256};
use crate::circuit::{Binding, CircuitParams, StackVmCircuit};
use crate::isa::InstructionSet;

/// What every key file begins with.
pub const MAGIC: &[u8; 8] = b"svm-vkey";

/// Why a file holds no verifying key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file can't be read.
    #[error("it can't be read: {0}")]
    Io(io::Error),
    /// The file can't be written; what was there before still is.
    #[error("it can't be written: {0}")]
    Write(io::Error),
    /// The file is something else.
    #[error("it is no key file: it does not begin with `svm-vkey`")]
    Magic,
    /// The file was written by another version.
    #[error("its version is {found}; this program reads version {VERSION}")]
    Version {
        /// The version that it states.
        found: u32,
    },
    /// A field has no meaning.
    #[error("its field `{field}` {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The key is one of a larger circuit than is admitted.
    #[error("it is a key of k = {k}, and at most k = {max_k} is admitted")]
    TooLarge {
        /// The key's `k`.
        k: u32,
        /// The largest that is admitted.
        max_k: u32,
    },
    /// The file is shorter or longer than every file of this circuit.
    #[error(
        "it is cut short or has bytes at its end: a key file of this circuit has {expected} bytes"
    )]
    Length {
        /// The length that it must have.
        expected: usize,
    },
    /// The file is damaged.
    #[error("its checksum is wrong: the file is damaged")]
    Checksum,
    /// What stands where halo2's key begins is none of this circuit's.
    #[error("the key in it is not one of the circuit that it states")]
    OtherCircuit,
    /// A point is none of the group, or is not written as it must be.
    #[error("the point at byte {offset} {problem}")]
    Point {
        /// Where the point begins.
        offset: usize,
        /// What is wrong with it.
        problem: PointProblem,
    },
    /// The parameters' points in G1 and in G2 are not multiples by one secret.
    #[error("its parameters have one secret in G1 and another in G2")]
    NotPowers,
    /// Everybody knows the secret of the parameters.
    #[error(
        "the secret of its parameters is publicly known, so that anybody can prove anything with \
         them: it is {secret}"
    )]
    KnownSecret {
        /// What it is.
        secret: String,
    },
    /// A field says something else than what follows from the others.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// halo2 refuses the key.
    #[error("the key in it is refused: {0}")]
    Halo2(io::Error),
    /// The parameters are not those of the key.
    #[error("the verifying key was made with other parameters")]
    WrongParams,
}

/// A proof is one of another circuit, key or parameters than a key file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof's {field} is {proof}, but the key file's is {key}")]
pub struct Mismatch {
    /// What differs: a field of the proof file.
    pub field: &'static str,
    /// What the proof file says.
    pub proof: String,
    /// What the key file says.
    pub key: String,
}

impl Mismatch {
    fn check(field: &'static str, proof: impl ToString, key: impl ToString) -> Result<(), Self> {
        let (proof, key) = (proof.to_string(), key.to_string());
        match proof == key {
            true => Ok(()),
            false => Err(Mismatch { field, proof, key }),
        }
    }
}

/// Why a proof is not accepted under a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileVerifyError {
    /// The proof is one of another key.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The proof file contradicts itself.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// There are no generators of this size.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The proof is not accepted.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// A verifying key with all that its file says of it.
///
/// See the [module](self) for whom it has to be from.
#[derive(Clone, Debug)]
pub struct KeyFile {
    parameters: ParametersKind,
    key: Key,
}

#[derive(Clone, Debug)]
enum Key {
    Ipa(VerifyingKey<Ipa>),
    Kzg {
        key: VerifyingKey<Kzg>,
        /// Of use to a verifier only: [`KzgParams::of_verifier`].
        params: Box<KzgParams>,
        s_g1: G1Affine,
    },
}

impl KeyFile {
    /// The file of an IPA key.
    pub fn of_ipa(key: &VerifyingKey<Ipa>) -> Self {
        KeyFile {
            parameters: ParametersKind::Transparent,
            key: Key::Ipa(key.clone()),
        }
    }

    /// The file of a KZG key.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::WrongParams`] if the key was made with other parameters.
    pub fn of_kzg(key: &VerifyingKey<Kzg>, params: &KzgParams) -> Result<Self, KeyFileError> {
        if key.params != params.digest() {
            return Err(KeyFileError::WrongParams);
        }
        let s_g1 = params.s_g1().ok_or(KeyFileError::WrongParams)?;
        let (s_g2, origin) = (params.inner().s_g2(), params.origin());
        Ok(KeyFile {
            parameters: origin.into(),
            key: Key::Kzg {
                key: key.clone(),
                params: Box::new(KzgParams::of_verifier(key.circuit.k(), s_g1, s_g2, origin)),
                s_g1,
            },
        })
    }

    /// The backend.
    pub fn backend(&self) -> BackendName {
        match self.key {
            Key::Ipa(_) => BackendName::Ipa,
            Key::Kzg { .. } => BackendName::Kzg,
        }
    }

    /// Where the parameters come from. With [`ParametersKind::InsecureDev`] anybody can prove what is
    /// false.
    pub fn parameters(&self) -> ParametersKind {
        self.parameters
    }

    /// What identifies the parameters ([`Parameters::digest`]).
    pub fn parameters_digest(&self) -> [u8; 32] {
        match &self.key {
            Key::Ipa(key) => key.params,
            Key::Kzg { key, .. } => key.params,
        }
    }

    /// The circuit.
    pub fn circuit(&self) -> CircuitParams {
        match &self.key {
            Key::Ipa(key) => key.circuit(),
            Key::Kzg { key, .. } => key.circuit(),
        }
    }

    /// The digest of the program that the key holds, if it holds one.
    ///
    /// That the key holds this one is for whoever made the file to say: of a key nobody can see it.
    pub fn program(&self) -> Option<[u8; 32]> {
        match &self.key {
            Key::Ipa(key) => key.program(),
            Key::Kzg { key, .. } => key.program(),
        }
    }

    /// What identifies the file, its parameters and its program included: its last 32 bytes. Two files with
    /// one fingerprint are the same.
    pub fn fingerprint(&self) -> [u8; 32] {
        checksum(&self.summed())
    }

    /// What identifies the key ([`VerifyingKey::digest`]), but not the parameters with which it is used.
    pub fn digest(&self) -> [u8; 32] {
        self.inner().transcript_repr().to_repr()
    }

    /// halo2's own key.
    pub fn inner(&self) -> &plonk::VerifyingKey<G1Affine> {
        match &self.key {
            Key::Ipa(key) => key.inner(),
            Key::Kzg { key, .. } => key.inner(),
        }
    }

    /// Checks that a proof is one of this key: that it names the same circuit, backend, parameters and
    /// key.
    ///
    /// # Errors
    ///
    /// What differs.
    pub fn check(&self, proof: &ProofFile) -> Result<(), Mismatch> {
        let (of_proof, of_key) = (proof.circuit, self.circuit());
        Mismatch::check("backend", proof.backend.name(), self.backend().name())?;
        Mismatch::check(
            "parameters",
            proof.parameters.name(),
            self.parameters.name(),
        )?;
        Mismatch::check("k", of_proof.k(), of_key.k())?;
        if of_proof.set() != of_key.set() {
            // Sets without a name are told apart by their members.
            let written = |set: InstructionSet| format!("`{set}` {set:?}");
            let (proof, key) = (written(of_proof.set()), written(of_key.set()));
            Mismatch::check("instruction_set", proof, key)?;
        }
        let (of_proof, of_key) = (of_proof.binding().name(), of_key.binding().name());
        Mismatch::check("binding", of_proof, of_key)?;
        if let Some(of_key) = self.program() {
            let of_proof = hex::encode(proof.program_digest);
            Mismatch::check("program_digest", of_proof, hex::encode(of_key))?;
        }
        let hex = |digest: [u8; 32]| hex::encode(digest);
        let (of_proof, of_key) = (hex(proof.parameters_digest), hex(self.parameters_digest()));
        Mismatch::check("parameters_digest", of_proof, of_key)?;
        let (of_proof, of_key) = (hex(proof.key_digest), hex(self.digest()));
        Mismatch::check("verifying_key_digest", of_proof, of_key)
    }

    /// Verifies a proof file: that it is one of this key ([`KeyFile::check`]), does not contradict itself
    /// ([`ProofFile::check`]), and proves its statement ([`Backend::verify`]).
    ///
    /// IPA needs its generators. Where none are handed over they are derived, which takes a minute for
    /// `k = 16`; [`Cache::ipa`](super::cache::Cache::ipa) keeps them. KZG needs none, and ignores them.
    ///
    /// It does not refuse insecure development parameters: see [`KeyFile::parameters`].
    ///
    /// # Errors
    ///
    /// [`KeyFileVerifyError`] unless the proof is accepted.
    pub fn verify(
        &self,
        proof: &ProofFile,
        generators: Option<&IpaParams>,
    ) -> Result<(), KeyFileVerifyError> {
        self.check(proof)?;
        proof.check()?;
        let ProofFile {
            statement, proof, ..
        } = proof;
        match (&self.key, generators) {
            (Key::Kzg { key, params, .. }, _) => Kzg::verify(params, key, statement, proof)?,
            (Key::Ipa(key), Some(params)) => Ipa::verify(params, key, statement, proof)?,
            (Key::Ipa(key), None) => {
                let params = IpaParams::setup(key.circuit().k())?;
                Ipa::verify(&params, key, statement, proof)?;
            }
        }
        Ok(())
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.summed();
        let checksum = checksum(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// The file's bytes but for the checksum.
    fn summed(&self) -> Vec<u8> {
        let header = Header {
            backend: self.backend(),
            parameters: self.parameters,
            circuit: self.circuit(),
            parameters_digest: self.parameters_digest(),
            key_digest: self.digest(),
            program_digest: self.program(),
        };
        let mut bytes = header.to_bytes();
        if let Key::Kzg { params, s_g1, .. } = &self.key {
            bytes.extend(s_g1.to_bytes().as_ref());
            bytes.extend(params.inner().s_g2().to_bytes().as_ref());
        }
        bytes.extend(self.inner().to_bytes(SerdeFormat::Processed));
        bytes
    }

    /// Writes the file: whole, or not at all.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Write`]
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let destination = Destination::of(path).map_err(KeyFileError::Write)?;
        destination
            .write(&self.to_bytes())
            .map_err(KeyFileError::Write)
    }

    /// Reads a file, if its `k` is at most `max_k`. It takes well under a second for 17.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`]
    pub fn read(path: &Path, max_k: u32) -> Result<Self, KeyFileError> {
        Self::read_from(File::open(path).map_err(KeyFileError::Io)?, max_k)
    }

    /// Reads a file that is open: all of it, and nothing may follow.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`]
    pub fn read_from(file: impl Read, max_k: u32) -> Result<Self, KeyFileError> {
        let (header, bytes) = Header::with_contents(file, max_k)?;
        let (points, halo2) = header.contents(&bytes);
        header.check_halo2(halo2, bytes.len() - CHECKSUM_BYTES - halo2.len())?;
        let origin = match header.parameters {
            ParametersKind::InsecureDev => SrsOrigin::InsecureDev,
            _ => SrsOrigin::Ceremony,
        };
        if let Some(derived) = header.parameters.derived_digest(header.circuit.k()) {
            Contradiction::check("parameters_digest", &header.parameters_digest, &derived)?;
        }
        let params = match header.backend {
            BackendName::Ipa => None,
            BackendName::Kzg => Some(header.kzg_params(points, origin)?),
        };
        let mut rest = halo2;
        let inner = plonk::VerifyingKey::read::<_, StackVmCircuit<Fr>>(
            &mut rest,
            SerdeFormat::Processed,
            header.circuit,
        )
        .map_err(KeyFileError::Halo2)?;
        let key = match params {
            None => Key::Ipa(header.key(inner)),
            Some((params, s_g1)) => Key::Kzg {
                key: header.key(inner),
                params: Box::new(params),
                s_g1,
            },
        };
        let read = KeyFile {
            parameters: header.parameters,
            key,
        };
        Contradiction::check("verifying_key_digest", &header.key_digest, &read.digest())?;
        // At the end, as it takes the longest. The development parameters are known by their digest.
        if let (Key::Kzg { s_g1, .. }, SrsOrigin::Ceremony) = (&read.key, origin)
            && let Some(secret) = secret::known(s_g1)
        {
            return Err(KeyFileError::KnownSecret { secret });
        }
        Ok(read)
    }

    /// Whether a file has the form of a key file: its header, its length and its checksum; or is one of another
    /// version. That it holds a key is not checked.
    pub fn has_form(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| {
            matches!(
                Header::with_contents(file, u32::MAX),
                Ok(_) | Err(KeyFileError::Version { .. })
            )
        })
    }
}

/// What a key file begins with.
struct Header {
    backend: BackendName,
    parameters: ParametersKind,
    circuit: CircuitParams,
    parameters_digest: [u8; 32],
    key_digest: [u8; 32],
    program_digest: Option<[u8; 32]>,
}

const HEADER_BYTES: usize = MAGIC.len() + 5 * 4 + 8 + 3 * 32;
/// The two points of KZG's parameters.
const S_G1_BYTES: usize = ELEMENT_BYTES;
const S_G2_BYTES: usize = 2 * ELEMENT_BYTES;
const CHECKSUM_BYTES: usize = 32;

const BACKENDS: [(u32, BackendName); 2] = [(1, BackendName::Ipa), (2, BackendName::Kzg)];
const KINDS: [(u32, ParametersKind); 3] = [
    (1, ParametersKind::Transparent),
    (2, ParametersKind::Ceremony),
    (3, ParametersKind::InsecureDev),
];
const BINDINGS: [(u32, Binding); 3] = [
    (1, Binding::Public),
    (2, Binding::Cells),
    (3, Binding::Fixed),
];

/// The number of a value in a table.
fn number<T: PartialEq>(table: &[(u32, T)], value: &T) -> u32 {
    table
        .iter()
        .find(|(_, known)| known == value)
        .map_or(0, |(number, _)| *number)
}

/// The value of a number in a table.
fn value<T: Copy>(field: &'static str, table: &[(u32, T)], number: u32) -> Result<T, KeyFileError> {
    table
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(field, format!("is {number}, which means nothing")))
}

fn unknown(field: &'static str, problem: impl ToString) -> KeyFileError {
    KeyFileError::Field {
        field,
        problem: problem.to_string(),
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    blake2b_256(b"StackVm.Key", &[bytes])
}

/// Takes bytes from the front of a header.
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], KeyFileError> {
    let (head, tail) = bytes.split_first_chunk().ok_or(KeyFileError::Length {
        expected: HEADER_BYTES,
    })?;
    *bytes = tail;
    Ok(*head)
}

fn take_u32(bytes: &mut &[u8]) -> Result<u32, KeyFileError> {
    Ok(u32::from_le_bytes(take(bytes)?))
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        let circuit = self.circuit;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(number(&BACKENDS, &self.backend).to_le_bytes());
        bytes.extend(number(&KINDS, &self.parameters).to_le_bytes());
        bytes.extend(circuit.k().to_le_bytes());
        bytes.extend(number(&BINDINGS, &circuit.binding()).to_le_bytes());
        bytes.extend(circuit.set().members().to_le_bytes());
        bytes.extend(self.parameters_digest);
        bytes.extend(self.key_digest);
        bytes.extend(self.program_digest.unwrap_or([0; 32]));
        bytes
    }

    fn parse(mut bytes: &[u8], max_k: u32) -> Result<Self, KeyFileError> {
        let bytes = &mut bytes;
        if take(bytes).ok().as_ref() != Some(MAGIC) {
            return Err(KeyFileError::Magic);
        }
        let version = take_u32(bytes)?;
        if version != VERSION {
            return Err(KeyFileError::Version { found: version });
        }
        let backend = value("backend", &BACKENDS, take_u32(bytes)?)?;
        let parameters = value("parameters", &KINDS, take_u32(bytes)?)?;
        if (backend == BackendName::Ipa) != (parameters == ParametersKind::Transparent) {
            return Err(unknown(
                "parameters",
                format!("is `{}`, which the backend has not", parameters.name()),
            ));
        }
        let k = take_u32(bytes)?;
        let binding = value("binding", &BINDINGS, take_u32(bytes)?)?;
        let set = InstructionSet::from_members(u64::from_le_bytes(take(bytes)?))
            .ok_or_else(|| unknown("instruction_set", "has unknown instructions, or lacks some"))?;
        let circuit = CircuitParams::new(k, set, binding)
            .map_err(|error| unknown("k", format!("is of no circuit: {error}")))?;
        if k > max_k {
            return Err(KeyFileError::TooLarge { k, max_k });
        }
        let (parameters_digest, key_digest) = (take(bytes)?, take(bytes)?);
        let program_digest = match (binding, take(bytes)?) {
            (Binding::Fixed, digest) => Some(digest),
            (_, digest) if digest == [0; 32] => None,
            _ => {
                let problem = "is there, but the binding is none of a program in the key";
                return Err(unknown("program_digest", problem));
            }
        };
        Ok(Header {
            backend,
            parameters,
            circuit,
            parameters_digest,
            key_digest,
            program_digest,
        })
    }

    /// Reads a file as far as its header and length allow, and checks its checksum.
    fn with_contents(mut file: impl Read, max_k: u32) -> Result<(Self, Vec<u8>), KeyFileError> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        let mut read = |bytes: &mut Vec<u8>, count: usize| {
            let file = file.by_ref().take(count as u64);
            { file }.read_to_end(bytes).map_err(KeyFileError::Io)
        };
        read(&mut bytes, HEADER_BYTES)?;
        let header = Header::parse(&bytes, max_k)?;
        let expected = HEADER_BYTES + header.points_bytes() + header.halo2_bytes() + CHECKSUM_BYTES;
        // One byte more, if there is one, is one too many.
        read(&mut bytes, expected - HEADER_BYTES + 1)?;
        if bytes.len() != expected {
            return Err(KeyFileError::Length { expected });
        }
        let (summed, stated) = bytes.split_at(expected - CHECKSUM_BYTES);
        if checksum(summed) != stated {
            return Err(KeyFileError::Checksum);
        }
        Ok((header, bytes))
    }

    /// The points of the parameters and halo2's key, of a file of the right length.
    fn contents<'b>(&self, bytes: &'b [u8]) -> (&'b [u8], &'b [u8]) {
        let (_, bytes) = bytes.split_at(HEADER_BYTES);
        let (points, bytes) = bytes.split_at(self.points_bytes());
        (points, &bytes[..self.halo2_bytes()])
    }

    fn points_bytes(&self) -> usize {
        match self.backend {
            BackendName::Ipa => 0,
            BackendName::Kzg => S_G1_BYTES + S_G2_BYTES,
        }
    }

    /// The length of halo2's key: what it begins with, then a commitment for each fixed column and for
    /// each column of the permutation. The circuit has no selectors, which would be fixed columns.
    fn halo2_bytes(&self) -> usize {
        let cost = Cost::of(self.circuit);
        HALO2_START_BYTES + (cost.fixed_columns + cost.permutation_columns) * ELEMENT_BYTES
    }

    /// What halo2's key begins with: a version, `k`, that selectors are not compressed, and the number
    /// of fixed columns.
    fn halo2_start(&self) -> [u8; HALO2_START_BYTES] {
        let [k0, k1, k2, k3] = self.circuit.k().to_le_bytes();
        let [n0, n1, n2, n3] = (Cost::of(self.circuit).fixed_columns as u32).to_le_bytes();
        [2, k0, k1, k2, k3, 0, n0, n1, n2, n3]
    }

    /// Checks all that halo2 will read, `offset` bytes from the start of the file.
    fn check_halo2(&self, halo2: &[u8], offset: usize) -> Result<(), KeyFileError> {
        let points = halo2
            .strip_prefix(&self.halo2_start())
            .ok_or(KeyFileError::OtherCircuit)?;
        for (index, point) in points.chunks_exact(ELEMENT_BYTES).enumerate() {
            compressed::<G1Affine>(point).map_err(|problem| KeyFileError::Point {
                offset: offset + HALO2_START_BYTES + index * ELEMENT_BYTES,
                problem,
            })?;
        }
        Ok(())
    }

    /// The parameters of KZG's verifier, from points that are one secret's.
    fn kzg_params(
        &self,
        points: &[u8],
        origin: SrsOrigin,
    ) -> Result<(KzgParams, G1Affine), KeyFileError> {
        let (s_g1, s_g2) = points.split_at(S_G1_BYTES);
        let at = |offset| move |problem| KeyFileError::Point { offset, problem };
        let s_g1: G1Affine = compressed(s_g1).map_err(at(HEADER_BYTES))?;
        if bool::from(s_g1.is_identity()) {
            return Err(at(HEADER_BYTES)(PointProblem::Identity));
        }
        let s_g2 = compressed_g2(s_g2).map_err(at(HEADER_BYTES + S_G1_BYTES))?;
        let params = KzgParams::of_verifier(self.circuit.k(), s_g1, s_g2, origin);
        Contradiction::check(
            "parameters_digest",
            &self.parameters_digest,
            &params.digest(),
        )?;
        if !are_powers(&[G1Affine::generator(), s_g1], &s_g2) {
            return Err(KeyFileError::NotPowers);
        }
        Ok((params, s_g1))
    }

    fn key<B: Backend>(&self, key: plonk::VerifyingKey<G1Affine>) -> VerifyingKey<B> {
        VerifyingKey {
            key,
            circuit: self.circuit,
            program: self.program_digest,
            params: self.parameters_digest,
            backend: std::marker::PhantomData,
        }
    }
}

const HALO2_START_BYTES: usize = 1 + 4 + 1 + 4;
