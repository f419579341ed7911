//! What a key file says beside its key, and the lengths that follow from it.

use std::io::Read;

use group::prime::PrimeCurveAffine;
use halo2_proofs::plonk;
use halo2curves::bn256::G1Affine;

use super::MAGIC;
use crate::isa::InstructionSet;
use crate::machine::{Binding, CircuitParams};
use crate::proof::file::{BackendName, Contradiction, FileError, KeyName, ParametersKind, VERSION};
use crate::proof::keys::Verifying;
use crate::proof::kzg::{KzgParams, SrsOrigin};
use crate::proof::srs::PointProblem;
use crate::proof::srs::check::{are_powers, compressed, compressed_g2};
use crate::proof::{Backend, Cost, ELEMENT_BYTES, Parameters, VerifyingKey, blake2b_256};

/// What a key file begins with, but for the magic and the version.
pub(super) struct Header(pub(super) KeyName);

/// Where the instruction set stands.
const SET_AT: usize = MAGIC.len() + 5 * 4;
/// The length of the header of a set whose last instruction is in the first 63.
const HEADER_BYTES: usize = SET_AT + SET_BYTES + 3 * 32;
/// Instructions of a set, 63 at a time: the most significant bit says that more follow.
const SET_BYTES: usize = 8;
const SET_BITS: u32 = 63;
const MORE: u64 = 1 << SET_BITS;
/// The two points of KZG's parameters.
const S_G1_BYTES: usize = ELEMENT_BYTES;
const S_G2_BYTES: usize = 2 * ELEMENT_BYTES;
pub(super) const CHECKSUM_BYTES: usize = 32;

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
fn value<T: Copy>(field: &'static str, table: &[(u32, T)], number: u32) -> Result<T, FileError> {
    table
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(field, format!("is {number}, which means nothing")))
}

fn not_one() -> FileError {
    FileError::Format {
        expected: "key file",
        problem: "it does not begin with `svm-vkey`".into(),
    }
}

fn unknown(field: &'static str, problem: impl ToString) -> FileError {
    FileError::Field {
        field,
        problem: problem.to_string(),
    }
}

pub(super) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    blake2b_256(b"StackVm.Key", &[bytes])
}

/// Takes bytes from the front of a header.
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], FileError> {
    let (head, tail) = bytes.split_first_chunk().ok_or(FileError::Length {
        expected: HEADER_BYTES,
    })?;
    *bytes = tail;
    Ok(*head)
}

fn take_u32(bytes: &mut &[u8]) -> Result<u32, FileError> {
    Ok(u32::from_le_bytes(take(bytes)?))
}

/// A set as a header has it.
fn set_bytes(set: InstructionSet) -> Vec<u8> {
    let members = set.members();
    let [first, more] = [members as u64 & (MORE - 1), (members >> SET_BITS) as u64];
    match more {
        0 => first.to_le_bytes().to_vec(),
        _ => [first | MORE, more].map(u64::to_le_bytes).concat(),
    }
}

fn take_set(bytes: &mut &[u8]) -> Result<InstructionSet, FileError> {
    let first = u64::from_le_bytes(take(bytes)?);
    let more = match first & MORE {
        0 => Some(0),
        // There is one encoding of a set.
        _ => Some(u64::from_le_bytes(take(bytes)?)).filter(|more| (1..MORE).contains(more)),
    };
    let members = more.map(|more| u128::from(first & (MORE - 1)) | u128::from(more) << SET_BITS);
    members
        .and_then(InstructionSet::from_members)
        .ok_or_else(|| unknown("instruction_set", "has unknown instructions, or lacks some"))
}

impl Header {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let KeyName {
            backend,
            parameters,
            circuit,
            parameters_digest,
            key_digest,
            program_digest,
        } = &self.0;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(number(&BACKENDS, backend).to_le_bytes());
        bytes.extend(number(&KINDS, parameters).to_le_bytes());
        bytes.extend(circuit.k().to_le_bytes());
        bytes.extend(number(&BINDINGS, &circuit.binding()).to_le_bytes());
        bytes.extend(set_bytes(circuit.set()));
        bytes.extend(parameters_digest);
        bytes.extend(key_digest);
        bytes.extend(program_digest.unwrap_or([0; 32]));
        bytes
    }

    fn parse(mut bytes: &[u8], max_k: u32) -> Result<Self, FileError> {
        let bytes = &mut bytes;
        if take(bytes).ok().as_ref() != Some(MAGIC) {
            return Err(not_one());
        }
        let version = take_u32(bytes)?;
        if version != VERSION {
            return Err(FileError::Version { found: version });
        }
        let backend = value("backend", &BACKENDS, take_u32(bytes)?)?;
        let parameters = value("parameters", &KINDS, take_u32(bytes)?)?;
        if backend != parameters.backend() {
            let problem = format!("is `{}`, which the backend has not", parameters.name());
            return Err(unknown("parameters", problem));
        }
        let k = take_u32(bytes)?;
        let binding = value("binding", &BINDINGS, take_u32(bytes)?)?;
        let set = take_set(bytes)?;
        let circuit = CircuitParams::new(k, set, binding)
            .map_err(|error| unknown("k", format!("is of no circuit: {error}")))?;
        if k > max_k {
            return Err(FileError::LargeCircuit { k, max_k });
        }
        let name = circuit.canonical().set();
        if set != name {
            let problem = format!("is `{set}`, but that of a key with its program is `{name}`");
            return Err(unknown("instruction_set", problem));
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
        Ok(Header(KeyName {
            backend,
            parameters,
            circuit,
            parameters_digest,
            key_digest,
            program_digest,
        }))
    }

    /// Reads a file as far as its header and length allow, and checks its checksum.
    pub(super) fn with_contents(
        mut file: impl Read,
        max_k: u32,
    ) -> Result<(Self, Vec<u8>), FileError> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        let mut read = |bytes: &mut Vec<u8>, count: usize| {
            let file = file.by_ref().take(count as u64);
            { file }.read_to_end(bytes).map_err(FileError::Io)
        };
        read(&mut bytes, HEADER_BYTES)?;
        let last = bytes.get(SET_AT + SET_BYTES - 1);
        if last.is_some_and(|last| last & 0x80 != 0) {
            read(&mut bytes, SET_BYTES)?;
            let expected = HEADER_BYTES + SET_BYTES;
            if bytes.len() < expected {
                return Err(FileError::Length { expected });
            }
        }
        let header = Header::parse(&bytes, max_k)?;
        let header_bytes = header.header_bytes();
        let expected = header_bytes + header.points_bytes() + header.halo2_bytes() + CHECKSUM_BYTES;
        // One byte more, if there is one, is one too many.
        read(&mut bytes, expected - header_bytes + 1)?;
        if bytes.len() != expected {
            return Err(FileError::Length { expected });
        }
        let (summed, stated) = bytes.split_at(expected - CHECKSUM_BYTES);
        if checksum(summed) != stated {
            return Err(FileError::Checksum);
        }
        Ok((header, bytes))
    }

    /// The points of the parameters and halo2's key, of a file of the right length.
    pub(super) fn contents<'b>(&self, bytes: &'b [u8]) -> (&'b [u8], &'b [u8]) {
        let (_, bytes) = bytes.split_at(self.header_bytes());
        let (points, bytes) = bytes.split_at(self.points_bytes());
        (points, &bytes[..self.halo2_bytes()])
    }

    fn header_bytes(&self) -> usize {
        HEADER_BYTES - SET_BYTES + set_bytes(self.0.circuit.set()).len()
    }

    fn points_bytes(&self) -> usize {
        match self.0.backend {
            BackendName::Ipa => 0,
            BackendName::Kzg => S_G1_BYTES + S_G2_BYTES,
        }
    }

    /// The length of halo2's key: what it begins with, then a commitment for each fixed column and for
    /// each column of the permutation. The circuit has no selectors, which would be fixed columns.
    fn halo2_bytes(&self) -> usize {
        let cost = Cost::of(self.0.circuit);
        HALO2_START_BYTES + (cost.fixed_columns + cost.permutation_columns) * ELEMENT_BYTES
    }

    /// What halo2's key begins with: a version, `k`, that selectors are not compressed, and the number
    /// of fixed columns.
    fn halo2_start(&self) -> [u8; HALO2_START_BYTES] {
        let [k0, k1, k2, k3] = self.0.circuit.k().to_le_bytes();
        let [n0, n1, n2, n3] = (Cost::of(self.0.circuit).fixed_columns as u32).to_le_bytes();
        [2, k0, k1, k2, k3, 0, n0, n1, n2, n3]
    }

    /// Checks all that halo2 will read, `offset` bytes from the start of the file.
    pub(super) fn check_halo2(&self, halo2: &[u8], offset: usize) -> Result<(), FileError> {
        let points = halo2
            .strip_prefix(&self.halo2_start())
            .ok_or(FileError::OtherCircuit)?;
        for (index, point) in points.chunks_exact(ELEMENT_BYTES).enumerate() {
            compressed::<G1Affine>(point).map_err(|problem| FileError::Point {
                offset: offset + HALO2_START_BYTES + index * ELEMENT_BYTES,
                problem,
            })?;
        }
        Ok(())
    }

    /// The parameters of KZG's verifier, from points that are one secret's.
    pub(super) fn kzg_params(
        &self,
        points: &[u8],
        origin: SrsOrigin,
    ) -> Result<(KzgParams, G1Affine), FileError> {
        let (s_g1, s_g2) = points.split_at(S_G1_BYTES);
        let at = |offset| move |problem| FileError::Point { offset, problem };
        let start = self.header_bytes();
        let s_g1: G1Affine = compressed(s_g1).map_err(at(start))?;
        if bool::from(s_g1.is_identity()) {
            return Err(at(start)(PointProblem::Identity));
        }
        let s_g2 = compressed_g2(s_g2).map_err(at(start + S_G1_BYTES))?;
        let params = KzgParams::of_verifier(self.0.circuit.k(), s_g1, s_g2, origin);
        let (stated, found) = (self.0.parameters_digest, params.digest());
        Contradiction::check_digest("parameters_digest", stated, "its points", found)?;
        if !are_powers(&[G1Affine::generator(), s_g1], &s_g2) {
            return Err(FileError::NotPowers);
        }
        Ok((params, s_g1))
    }

    pub(super) fn key<B: Backend>(&self, key: plonk::VerifyingKey<G1Affine>) -> VerifyingKey<B> {
        Verifying {
            key,
            circuit: self.0.circuit,
            program: self.0.program_digest,
            params: self.0.parameters_digest,
        }
        .into()
    }
}

const HALO2_START_BYTES: usize = 1 + 4 + 1 + 4;
