//! Verifying keys in files, so that a verifier need not make them.
//!
//! A key file is
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `svm-vkey` |
//! | 4 | the version, [`VERSION`](super::file::VERSION) |
//! | 4 | the backend: 1 for IPA, 2 for KZG |
//! | 4 | where the parameters come from: 1 if they are transparent, 2 a ceremony, 3 insecure development parameters |
//! | 4 | `k` |
//! | 4 | the binding: 1 for public, 2 for cells, 3 for fixed |
//! | 8 or 16 | the instruction set, [`InstructionSet::members`](crate::isa::InstructionSet::members), 63 bits in 8 bytes: the most significant bit says that 8 more follow |
//! | 32 | the digest of the parameters, [`Parameters::digest`] |
//! | 32 | the digest of the key, [`VerifyingKey::digest`] |
//! | 32 | the digest of the program, if it is fixed, [`CanonicalProgram::digest`](crate::program::CanonicalProgram::digest); else zeros |
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

mod header;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ff::PrimeField;
use group::GroupEncoding;
use halo2_proofs::{SerdeFormat, plonk};
use halo2curves::bn256::{Fr, G1Affine};

use self::header::{CHECKSUM_BYTES, Header, checksum};
use super::atomic::Destination;
use super::file::{
    BackendName, Contradiction, FileError, FileVerifyError, KeyName, ParametersKind, ProofFile,
    check_parameters,
};
use super::ipa::{Ipa, IpaParams};
use super::kzg::{Kzg, KzgParams, SrsOrigin};
use super::srs::secret;
use super::{Parameters, VerifyError, VerifyingKey};
use crate::halo2::StackVmCircuit;
use crate::machine::CircuitParams;

/// What every key file begins with.
pub const MAGIC: &[u8; 8] = b"svm-vkey";

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
    /// [`FileError::WrongParams`] if the key was made with other parameters.
    pub fn of_kzg(key: &VerifyingKey<Kzg>, params: &KzgParams) -> Result<Self, FileError> {
        if key.own.params != params.digest() {
            return Err(FileError::WrongParams);
        }
        let s_g1 = params.s_g1().ok_or(FileError::WrongParams)?;
        let (s_g2, origin) = (params.inner().s_g2(), params.origin());
        Ok(KeyFile {
            parameters: origin.into(),
            key: Key::Kzg {
                key: key.clone(),
                params: Box::new(KzgParams::of_verifier(
                    key.circuit().k(),
                    s_g1,
                    s_g2,
                    origin,
                )),
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
            Key::Ipa(key) => key.own.params,
            Key::Kzg { key, .. } => key.own.params,
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
    pub fn check(&self, proof: &ProofFile) -> Result<(), Contradiction> {
        self.name().check(proof)
    }

    /// Verifies a proof file: [`ProofFile::verify`], with the key and, for KZG, the parameters in this one.
    ///
    /// IPA needs its generators. Where none are handed over they are derived, which takes a minute for
    /// `k = 16`; [`Cache::ipa`](super::cache::Cache::ipa) keeps them. KZG needs none, and refuses them.
    ///
    /// It does not refuse insecure development parameters: see [`KeyFile::parameters`].
    ///
    /// # Errors
    ///
    /// [`FileVerifyError`] unless the proof is accepted.
    pub fn verify(
        &self,
        proof: &ProofFile,
        generators: Option<&IpaParams>,
    ) -> Result<(), FileVerifyError> {
        match (&self.key, generators) {
            // It would be verified with other parameters than the caller believes.
            (Key::Kzg { .. }, Some(_)) => Err(VerifyError::WrongParams.into()),
            (Key::Kzg { key, params, .. }, None) => proof.verify::<Kzg>(params, key),
            (Key::Ipa(key), Some(params)) => proof.verify::<Ipa>(params, key),
            (Key::Ipa(key), None) => {
                // Before they are derived for nothing.
                self.check(proof)?;
                let params = IpaParams::setup(key.circuit().k())?;
                proof.verify::<Ipa>(&params, key)
            }
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.summed();
        let checksum = checksum(&bytes);
        bytes.extend(checksum);
        bytes
    }

    fn name(&self) -> KeyName {
        KeyName {
            backend: self.backend(),
            parameters: self.parameters,
            circuit: self.circuit(),
            parameters_digest: self.parameters_digest(),
            key_digest: self.digest(),
            program_digest: self.program(),
        }
    }

    /// The file's bytes but for the checksum.
    fn summed(&self) -> Vec<u8> {
        let header = Header(self.name());
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
    /// [`FileError::Write`]
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let destination = Destination::of(path).map_err(FileError::Write)?;
        destination
            .write(&self.to_bytes())
            .map_err(FileError::Write)
    }

    /// Reads a file, if its `k` is at most `max_k`. It takes well under a second for 17.
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn read(path: &Path, max_k: u32) -> Result<Self, FileError> {
        Self::read_from(File::open(path).map_err(FileError::Io)?, max_k)
    }

    /// Reads a file that is open: all of it, and nothing may follow.
    ///
    /// # Errors
    ///
    /// [`FileError`]
    pub fn read_from(file: impl Read, max_k: u32) -> Result<Self, FileError> {
        let (header, bytes) = Header::with_contents(file, max_k)?;
        let (points, halo2) = header.contents(&bytes);
        header.check_halo2(halo2, bytes.len() - CHECKSUM_BYTES - halo2.len())?;
        let name = &header.0;
        let origin = match name.parameters {
            ParametersKind::InsecureDev => SrsOrigin::InsecureDev,
            _ => SrsOrigin::Ceremony,
        };
        if name.parameters != ParametersKind::Ceremony {
            let parameters = name.parameters;
            check_parameters(parameters, name.circuit.k(), name.parameters_digest)?;
        }
        let params = match name.backend {
            BackendName::Ipa => None,
            BackendName::Kzg => Some(header.kzg_params(points, origin)?),
        };
        let mut rest = halo2;
        let inner = plonk::VerifyingKey::read::<_, StackVmCircuit<Fr>>(
            &mut rest,
            SerdeFormat::Processed,
            name.circuit,
        )
        .map_err(FileError::Halo2)?;
        let key = match params {
            None => Key::Ipa(header.key(inner)),
            Some((params, s_g1)) => Key::Kzg {
                key: header.key(inner),
                params: Box::new(params),
                s_g1,
            },
        };
        let read = KeyFile {
            parameters: name.parameters,
            key,
        };
        let (stated, found) = (name.key_digest, read.digest());
        Contradiction::check_digest("verifying_key_digest", stated, "the key", found)?;
        // At the end, as it takes the longest. The development parameters are known by their digest.
        if let (Key::Kzg { s_g1, .. }, SrsOrigin::Ceremony) = (&read.key, origin)
            && let Some(secret) = secret::known(s_g1)
        {
            return Err(FileError::KnownSecret { secret });
        }
        Ok(read)
    }

    /// Whether a file has the form of a key file: its header, its length and its checksum; or is one of another
    /// version. That it holds a key is not checked.
    pub fn has_form(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| {
            matches!(
                Header::with_contents(file, u32::MAX),
                Ok(_) | Err(FileError::Version { .. })
            )
        })
    }
}
