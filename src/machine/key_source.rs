//! [`KeySource`]: what keys are made from.

use std::sync::Arc;

use super::{Binding, CircuitParams, LengthError, Schedule};
use crate::algebra::Word;
use crate::program::{CanonicalProgram, Program};
use crate::vm::RunError;

/// Why there is no circuit with a program in its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// A fixed program needs to be given, and for the other bindings none.
    #[error("a key of the binding `{}` is made {} a program", .0.name(), if *.0 == Binding::Fixed { "of" } else { "without" })]
    Program(Binding),
    /// No run of the program can be proved in this circuit.
    #[error("the program can't be fixed in a key: {0}")]
    Schedule(#[from] RunError),
    /// The circuit has no room for the program, or for its hashes.
    #[error(transparent)]
    Length(#[from] LengthError),
}

/// What keys are made from: the parameters of a circuit and, where it is fixed, its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource<F> {
    params: CircuitParams,
    program: Option<Arc<CanonicalProgram<F>>>,
}

impl<F: Word> KeySource<F> {
    /// The source of a circuit in whose key the program is.
    ///
    /// # Errors
    ///
    /// If the circuit's binding is another, or the program is none of which a run can be proved there.
    pub fn fixed(params: CircuitParams, program: Program<F>) -> Result<Self, KeySourceError> {
        if params.binding() != Binding::Fixed {
            return Err(KeySourceError::Program(params.binding()));
        }
        let program = program.into_canonical(params.shape());
        params.machine().check_program(program.len())?;
        if params.shape().straight {
            let schedule = Schedule::new(&program, params.set(), params.rows())?;
            params.machine().check_hashes(schedule.hashes())?;
        }
        Ok(KeySource {
            params,
            program: Some(Arc::new(program)),
        })
    }

    /// The source of a circuit for any program.
    ///
    /// # Errors
    ///
    /// If the circuit's binding is [`Binding::Fixed`].
    pub fn unfixed(params: CircuitParams) -> Result<Self, KeySourceError> {
        match params.binding() {
            Binding::Fixed => Err(KeySourceError::Program(Binding::Fixed)),
            Binding::Public | Binding::Cells => Ok(KeySource {
                params,
                program: None,
            }),
        }
    }

    /// The source for a program, which is in the key only if the binding says so.
    ///
    /// # Errors
    ///
    /// As [`KeySource::fixed`].
    pub fn for_program(
        params: CircuitParams,
        program: &Program<F>,
    ) -> Result<Self, KeySourceError> {
        match params.binding() {
            Binding::Fixed => Self::fixed(params, program.clone()),
            Binding::Public | Binding::Cells => Self::unfixed(params),
        }
    }

    /// The circuit's parameters.
    pub fn params(&self) -> CircuitParams {
        self.params
    }

    /// The program in the key.
    pub fn program(&self) -> Option<&CanonicalProgram<F>> {
        self.program.as_deref()
    }
}
