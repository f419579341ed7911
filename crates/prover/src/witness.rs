//! The advice columns, as a circuit assigns them.

use ff::Field;
use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{
    self, Advice, Any, Assigned, Assignment, Challenge, Column, Fixed, Instance, Selector,
};

use crate::error::Error;
use crate::fractions::{Fractions, known};
use crate::plan::Source;

/// What a circuit's `synthesize` writes into: the advice columns, phase by phase.
#[allow(missing_debug_implementations)]
pub struct Witness<'a, F: Field> {
    k: u32,
    /// The rows that are not for blinding.
    usable: usize,
    /// The phase of each column.
    phases: &'a [u8],
    phase: u8,
    advice: Fractions<F>,
    instances: &'a [&'a [F]],
    challenges: Vec<Option<F>>,
    cells: Cells<F>,
    /// The first thing that went wrong.
    error: Option<Error>,
    /// What ends a phase.
    advance: &'a mut Advance<'a, F>,
}

/// Ends a phase: commits to its columns, and gives the challenges that are known after it, by their numbers.
pub(crate) type Advance<'a, F> =
    dyn FnMut(u8, &mut [Vec<F>]) -> Result<Vec<(usize, F)>, Error> + 'a;

impl<'a, F: Field> Witness<'a, F> {
    pub(crate) fn new(
        k: u32,
        usable: usize,
        phases: &'a [u8],
        challenges: usize,
        instances: &'a [&'a [F]],
        advance: &'a mut Advance<'a, F>,
    ) -> Self {
        Witness {
            k,
            usable,
            phases,
            phase: 0,
            advice: Fractions::new(phases.len(), 1 << k),
            instances,
            challenges: vec![None; challenges],
            cells: Cells::new(phases.len()),
            error: None,
            advance,
        }
    }

    /// Ends a phase, unless something went wrong.
    fn end_phase(&mut self) {
        if self.error.is_some() || self.phase > self.last_phase() {
            return;
        }
        self.advice
            .divide(|column| self.phases[column] == self.phase);
        match (self.advance)(self.phase, &mut self.advice.columns) {
            Ok(challenges) => {
                for (number, challenge) in challenges {
                    self.challenges[number] = Some(challenge);
                }
            }
            Err(error) => self.error = Some(error),
        }
        self.phase += 1;
    }

    fn last_phase(&self) -> u8 {
        self.phases.iter().copied().max().unwrap_or(0)
    }

    /// Synthesizes a circuit, phase by phase: once, if it ends its phases itself.
    pub(crate) fn fill(
        &mut self,
        mut synthesize: impl FnMut(&mut Self) -> Result<(), plonk::Error>,
    ) -> Result<(), Error> {
        let last = self.last_phase();
        while self.phase <= last {
            let _span = tracing::info_span!("synthesize", phase = self.phase).entered();
            let synthesized = synthesize(self);
            self.check(synthesized)?;
            if self.phase <= last {
                self.end_phase();
                self.check(Ok(()))?;
            }
        }
        Ok(())
    }

    /// The columns, when they are filled.
    pub(crate) fn into_columns(self) -> Vec<Vec<F>> {
        self.advice.columns
    }

    /// What went wrong, with what `synthesize` says.
    fn check(&mut self, synthesized: Result<(), plonk::Error>) -> Result<(), Error> {
        match self.error.take() {
            Some(error) => Err(error),
            None => synthesized.map_err(Error::Synthesis),
        }
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

impl<F: Field> Assignment<F> for Witness<'_, F> {
    fn enter_region<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn exit_region(&mut self) {}

    fn enable_selector<A, AR>(&mut self, _: A, _: &Selector, _: usize) -> Result<(), plonk::Error>
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        Ok(())
    }

    fn annotate_column<A, AR>(&mut self, _: A, _: Column<Any>)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
    }

    fn query_instance(
        &self,
        column: Column<Instance>,
        row: usize,
    ) -> Result<Value<F>, plonk::Error> {
        if row >= self.usable {
            return Err(plonk::Error::NotEnoughRowsAvailable { current_k: self.k });
        }
        let column = self.instances.get(column.index());
        let value = column
            .and_then(|own| own.get(row))
            .ok_or(plonk::Error::BoundsFailure)?;
        Ok(Value::known(*value))
    }

    fn assign_advice<'v>(
        &mut self,
        column: Column<Advice>,
        row: usize,
        to: Value<Assigned<F>>,
    ) -> Value<&'v Assigned<F>> {
        let column = column.index();
        let Some(phase) = self.phases.get(column).copied() else {
            self.fail(Error::NoSuchColumn {
                column: Source::Advice(column).to_string(),
                columns: self.phases.len(),
            });
            return Value::unknown();
        };
        if row >= self.usable {
            self.fail(Error::RowOutOfRange {
                column: Source::Advice(column).to_string(),
                row,
                rows: self.usable,
            });
            return Value::unknown();
        }
        match known(to) {
            Some(value) => {
                // What is committed to stays.
                if phase >= self.phase {
                    self.advice.assign(column, row, value);
                }
                Value::known(self.cells.keep(column, row, value))
            }
            None => {
                // What is not known before a challenge may wait for it.
                if phase <= self.phase {
                    let phase = self.phase.into();
                    let column = Source::Advice(column).to_string();
                    self.fail(Error::Unknown { column, row, phase });
                }
                Value::unknown()
            }
        }
    }

    fn assign_fixed(&mut self, _: Column<Fixed>, _: usize, _: Assigned<F>) {}

    fn copy(&mut self, _: Column<Any>, _: usize, _: Column<Any>, _: usize) {}

    fn fill_from_row(
        &mut self,
        _: Column<Fixed>,
        _: usize,
        _: Value<Assigned<F>>,
    ) -> Result<(), plonk::Error> {
        Ok(())
    }

    fn get_challenge(&self, challenge: Challenge) -> Value<F> {
        match self.challenges.get(challenge.index()) {
            Some(Some(value)) => Value::known(*value),
            _ => Value::unknown(),
        }
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self, _: Option<String>) {}

    fn next_phase(&mut self) {
        self.end_phase();
    }
}

/// The values of assigned cells, as circuits refer to them.
struct Cells<F: Field> {
    /// None of them grows beyond what it was made for, so that what stands in it does not move.
    chunks: Vec<Vec<Assigned<F>>>,
    /// Where the value of each row of each column stands, by its number, if it is no flag: most are as on the row before, and
    /// in a later phase as in the first.
    places: Vec<Vec<u32>>,
    zero: Box<Assigned<F>>,
    one: Box<Assigned<F>>,
}

impl<F: Field> Cells<F> {
    const CHUNK: usize = 1 << 12;

    fn new(columns: usize) -> Self {
        Cells {
            chunks: vec![],
            places: vec![vec![]; columns],
            zero: Box::new(Assigned::Trivial(F::ZERO)),
            one: Box::new(Assigned::Trivial(F::ONE)),
        }
    }

    const NOWHERE: u32 = u32::MAX;

    /// What stands at a place.
    fn at(&self, place: u32) -> Option<&Assigned<F>> {
        let place = place as usize;
        self.chunks
            .get(place / Self::CHUNK)?
            .get(place % Self::CHUNK)
    }

    /// Where a value stands that is no flag.
    fn place(&mut self, column: usize, row: usize, value: Assigned<F>) -> (usize, usize) {
        let known = [Some(row), row.checked_sub(1)].into_iter().flatten();
        let known = known.filter_map(|row| self.places[column].get(row).copied());
        let same = |place: &u32| match (self.at(*place), value) {
            (Some(Assigned::Trivial(a)), Assigned::Trivial(b)) => *a == b,
            _ => false,
        };
        let place = match { known }.find(same) {
            Some(place) => place as usize,
            None => {
                let full = |chunk: &Vec<_>| chunk.len() == Self::CHUNK;
                if self.chunks.last().is_none_or(full) {
                    self.chunks.push(Vec::with_capacity(Self::CHUNK));
                }
                let last = self.chunks.len() - 1;
                self.chunks[last].push(value);
                last * Self::CHUNK + self.chunks[last].len() - 1
            }
        };
        // Of more cells than that no place is noted: each is kept anew.
        if let Ok(noted) = u32::try_from(place) {
            let places = &mut self.places[column];
            if row >= places.len() {
                places.resize(row + 1, Self::NOWHERE);
            }
            places[row] = noted;
        }
        (place / Self::CHUNK, place % Self::CHUNK)
    }

    /// Keeps a value of a column while the circuit is synthesized; flags are kept once.
    #[allow(unsafe_code)]
    fn keep<'v>(&mut self, column: usize, row: usize, value: Assigned<F>) -> &'v Assigned<F> {
        let kept: *const Assigned<F> = match value {
            Assigned::Trivial(own) if own == F::ZERO => &*self.zero,
            Assigned::Trivial(own) if own == F::ONE => &*self.one,
            value => {
                let (chunk, at) = self.place(column, row, value);
                &self.chunks[chunk][at]
            }
        };
        // SAFETY: `Assignment::assign_advice` asks for a reference of any lifetime, so no safe code can implement it. The
        // value lies in a box or in a vector that is never grown beyond its capacity, so it does not move, and nothing
        // writes to it again. It lives as long as this witness, that is until the circuit has been synthesized in all
        // phases; cells that `synthesize` gets live in its layouter, or in the circuit. A circuit that hands one out to
        // what outlives the proof gets a dangling reference, here as in the fork: the trait leaves no other way.
        unsafe { &*kept }
    }
}
