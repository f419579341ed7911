//! A transcript behind one interface, so that the prover is compiled once for a curve.

use std::io;
use std::marker::PhantomData;

use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::CurveAffine;

/// What a prover does with a transcript.
pub(crate) trait Writer<C: CurveAffine> {
    fn challenge(&mut self) -> C::ScalarExt;
    fn absorb_point(&mut self, point: C) -> io::Result<()>;
    fn absorb_scalar(&mut self, scalar: C::ScalarExt) -> io::Result<()>;
    fn write_point(&mut self, point: C) -> io::Result<()>;
    fn write_scalar(&mut self, scalar: C::ScalarExt) -> io::Result<()>;
}

/// One of the fork's transcripts.
pub(crate) struct Fork<'t, T, E> {
    transcript: &'t mut T,
    challenge: PhantomData<E>,
}

impl<'t, T, E> Fork<'t, T, E> {
    pub fn new(transcript: &'t mut T) -> Self {
        Fork {
            transcript,
            challenge: PhantomData,
        }
    }
}

impl<C: CurveAffine, E: EncodedChallenge<C>, T: TranscriptWrite<C, E>> Writer<C>
    for Fork<'_, T, E>
{
    fn challenge(&mut self) -> C::ScalarExt {
        *self.transcript.squeeze_challenge_scalar::<()>()
    }

    fn absorb_point(&mut self, point: C) -> io::Result<()> {
        self.transcript.common_point(point)
    }

    fn absorb_scalar(&mut self, scalar: C::ScalarExt) -> io::Result<()> {
        self.transcript.common_scalar(scalar)
    }

    fn write_point(&mut self, point: C) -> io::Result<()> {
        self.transcript.write_point(point)
    }

    fn write_scalar(&mut self, scalar: C::ScalarExt) -> io::Result<()> {
        self.transcript.write_scalar(scalar)
    }
}
