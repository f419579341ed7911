//! The vector instructions of x86-64 on other processors: they are not there.

// The signatures are those of what is there elsewhere.
#![allow(clippy::extra_unused_type_parameters)]

use std::marker::PhantomData;
use std::ops::Range;

use ff::PrimeField;
use halo2curves::CurveAffine;

use crate::curve::Point;
use crate::msm::Signed;
use crate::plan::Step;

pub(crate) const FACTOR: u64 = 1;

/// There are none.
#[derive(Clone, Debug)]
pub(crate) enum Transforms {}

impl Transforms {
    pub(crate) fn of<F: PrimeField>() -> Option<Self> {
        None
    }

    pub(crate) fn takes(&self, _: usize) -> bool {
        match *self {}
    }

    pub(crate) fn inverse<F>(&self, _: &mut [F], _: &[F]) {
        match *self {}
    }

    pub(crate) fn forward<F>(&self, _: &mut [F], _: &[F]) {
        match *self {}
    }

    pub(crate) fn inverse_butterflies<F>(&self, _: &mut [F], _: &mut [F], _: &[F]) {
        match *self {}
    }

    pub(crate) fn forward_butterflies<F>(&self, _: &mut [F], _: &mut [F], _: &[F]) {
        match *self {}
    }

    pub(crate) fn scale<F>(&self, _: &mut [F], _: &[F]) {
        match *self {}
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) enum Additions {}

impl Additions {
    pub(crate) fn new<F: PrimeField>() -> Option<Self> {
        None
    }

    pub(crate) fn sums<F>(&mut self, _: &[[Point<F>; 2]], _: &mut Vec<Point<F>>) {
        match *self {}
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) enum Registers {}

impl Registers {
    pub(crate) fn new<F: PrimeField>(_: usize) -> Option<Self> {
        None
    }

    pub(crate) fn run<F>(&mut self, _: &[Step], _: &[F], _: &[&[F]]) {
        match *self {}
    }

    pub(crate) fn read<F>(&self, _: usize, _: &mut [F]) {
        match *self {}
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) struct Bases<F> {
    none: Transforms,
    of: PhantomData<F>,
}

impl<F: PrimeField> Bases<F> {
    pub(crate) fn new(_: &[Point<F>], _: F, _: bool) -> Option<Self> {
        None
    }

    pub(crate) fn len(&self) -> usize {
        match self.none {}
    }

    pub(crate) fn points(&self, _: Range<usize>) -> Vec<Point<F>> {
        match self.none {}
    }

    pub(crate) fn point(&self, _: usize, _: bool) -> Point<F> {
        match self.none {}
    }

    pub(crate) fn sum_of_window<C: CurveAffine<Base = F>>(
        &self,
        _: usize,
        _: impl Iterator<Item = (u32, Signed)>,
    ) -> C::CurveExt {
        match self.none {}
    }
}
