//! Where the steps of a run are spent.

use super::{Job, Outcome, RunError};
use crate::algebra::Word;

/// How often each instruction of a run was executed.
#[derive(Clone, Debug)]
pub struct Profile<F> {
    steps: Vec<u64>,
    outcome: Outcome<F>,
    failure: Option<RunError>,
}

impl<F: Word> Profile<F> {
    /// Makes a run and counts its steps; those before the step at which it fails, if it does.
    ///
    /// # Errors
    ///
    /// As [`Job::stepper`].
    pub fn of(job: &Job<'_, F>) -> Result<Self, RunError> {
        let mut stepper = job.stepper()?;
        let mut steps = vec![0; stepper.instructions().len()];
        let failure = loop {
            let pc = stepper.state().pc();
            match stepper.step() {
                Ok(true) => {}
                Ok(false) => break None,
                Err(error) => break Some(error),
            }
            if let Some(steps) = steps.get_mut(pc) {
                *steps += 1;
            }
        };
        let state = stepper.state();
        Ok(Profile {
            steps,
            outcome: state.outcome(),
            failure,
        })
    }

    /// How often each instruction was executed, by address.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The number of rows of the run: its steps and, if it does not fail, those that unwind the stack.
    pub fn rows(&self) -> usize {
        match self.failure {
            None => self.outcome.rows,
            Some(_) => self.outcome.steps,
        }
    }

    /// The number of rows that unwind the stack after the last step.
    pub fn unwinding(&self) -> usize {
        self.rows() - self.outcome.steps
    }

    /// What the run gives; of a run that fails, what it would if it ended before that step.
    pub fn outcome(&self) -> &Outcome<F> {
        &self.outcome
    }

    /// Why the run fails, if it does.
    pub fn failure(&self) -> Option<&RunError> {
        self.failure.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use halo2curves::bn256::Fr;

    use super::*;
    use crate::asm::assemble;
    use crate::isa::InstructionSet;
    use crate::vm::Inputs;

    #[test]
    fn a_profile_counts_every_row() {
        let program =
            assemble::<Fr>("read\nnext: dup\njz done\nread\nswap\naddi -1\njump next\ndone: pop")
                .unwrap();
        let inputs = Inputs {
            public: [4, 1, 2, 3, 4].map(Fr::from).into(),
            secret: vec![],
        };
        let job = Job::new(&program, InstructionSet::FULL, &inputs);
        let profile = Profile::of(&job).unwrap();
        assert_eq!(profile.outcome(), &job.run().unwrap());
        assert_eq!(profile.failure(), None);
        assert_eq!(profile.steps(), [1, 5, 5, 4, 4, 4, 4, 1]);
        assert_eq!(profile.unwinding(), 3);
        let rows = profile.steps().iter().sum::<u64>() as usize + profile.unwinding();
        assert_eq!((rows, rows), (profile.rows(), profile.outcome().rows));

        // One word less is given than the first one says.
        let inputs = Inputs {
            public: inputs.public[..4].into(),
            secret: vec![],
        };
        let job = Job::new(&program, InstructionSet::FULL, &inputs);
        let profile = Profile::of(&job).unwrap();
        assert_eq!(profile.failure(), job.run().err().as_ref());
        assert!(matches!(
            profile.failure(),
            Some(RunError::TapeEnd { pc: 3, .. })
        ));
        assert_eq!(profile.steps(), [1, 4, 4, 3, 3, 3, 3, 0]);
        assert_eq!((profile.unwinding(), profile.rows()), (0, 21));
    }
}
