//! A transcript that accepts exactly one encoding of a proof.

use std::io;

use halo2_proofs::transcript::{
    Blake2bRead, Challenge255, Transcript, TranscriptRead, TranscriptReadBuffer,
};
use halo2curves::bn256::{Fr, G1Affine};

use super::srs::check::compressed;
use crate::algebra::Word;

/// halo2's BLAKE2b transcript, read strictly.
///
/// The fork's own reader ignores a spare bit of a compressed point and what follows the proof.
pub(super) struct StrictRead<'a> {
    challenges: Blake2bRead<io::Empty, G1Affine, Challenge255<G1Affine>>,
    proof: &'a [u8],
}

impl<'a> StrictRead<'a> {
    pub(super) fn new(proof: &'a [u8]) -> Self {
        StrictRead {
            challenges: Blake2bRead::init(io::empty()),
            proof,
        }
    }

    /// Fails unless the whole proof was read.
    pub(super) fn finish(self) -> io::Result<()> {
        match self.proof.len() {
            0 => Ok(()),
            rest => Err(invalid(format!("{rest} bytes follow the proof"))),
        }
    }

    fn next(&mut self) -> io::Result<[u8; 32]> {
        let (element, rest) = self
            .proof
            .split_first_chunk()
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the proof ends early"))?;
        self.proof = rest;
        Ok(*element)
    }
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

impl Transcript<G1Affine, Challenge255<G1Affine>> for StrictRead<'_> {
    fn squeeze_challenge(&mut self) -> Challenge255<G1Affine> {
        self.challenges.squeeze_challenge()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.challenges.common_point(point)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.challenges.common_scalar(scalar)
    }
}

impl TranscriptRead<G1Affine, Challenge255<G1Affine>> for StrictRead<'_> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let bytes = self.next()?;
        let point = compressed(&bytes)
            .map_err(|problem| invalid(format!("a point of the proof {problem}")))?;
        self.common_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let bytes = self.next()?;
        let scalar = Fr::from_le_bytes(&bytes)
            .ok_or_else(|| invalid("a scalar of the proof is not canonical"))?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}
