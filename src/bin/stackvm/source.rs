//! What a run is made of: a program's text, and the words that it is given.

use std::path::Path;

use halo2_proofs::halo2curves::bn256::Fr;

use halo2_stack_vm::asm::{self, Assembly, TinyRam};
use halo2_stack_vm::isa::{InstructionSet, Opcode};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::vm::{Inputs, Job, RunError};

use crate::arguments::ProgramArguments;
use crate::failure::Failure;
use crate::file::read;
pub use crate::file::{is_standard_input, read_once};
use crate::labels::Labels;
use crate::program_failure::{ProgramFailure, StackWords};
use crate::words::{MAX_WORDS, inputs};

/// A program, and what its text says beside it.
pub struct Loaded {
    pub program: Program<Fr>,
    pub labels: Labels,
    /// Whether the public tape begins with the number of its words, and whether the private one does.
    pub counted: [bool; 2],
}

impl Loaded {
    fn new(program: Program<Fr>, labels: Labels) -> Self {
        Loaded {
            program,
            labels,
            counted: [false; 2],
        }
    }
}

/// Reads a program's text and makes a program of it.
pub fn load(path: &Path) -> Result<Loaded, Failure> {
    let source = read(path)?;
    let extension = path.extension();
    let named = |kind: &str| extension.is_some_and(|own| own.eq_ignore_ascii_case(kind));
    // No line of assembly begins with a bracket.
    if named("json") || source.trim_start().starts_with('[') {
        let program =
            asm::from_json(&source).map_err(|error| Failure::file("json", path, error))?;
        return Ok(Loaded::new(program, Labels::default()));
    }
    let assembled = match named("tinyram") || TinyRam::<Fr>::is_program(&source) {
        true => TinyRam::assemble(&source).map(|own| (own.program, own.symbols, own.reads)),
        false => asm::assemble_with_symbols(&source)
            .map(|Assembly { program, symbols }| (program, symbols, [false; 2])),
    };
    match assembled {
        Ok((program, symbols, counted)) => Ok(Loaded {
            counted,
            ..Loaded::new(program, Labels::new(path, source, symbols))
        }),
        Err(errors) => Err(Failure::Assembly {
            path: path.into(),
            source,
            errors,
        }),
    }
}

/// A run that was asked for.
#[derive(Debug)]
pub struct RunRequest {
    pub program: Program<Fr>,
    pub labels: Labels,
    pub set: InstructionSet,
    inputs: Inputs<Fr>,
    steps: Option<usize>,
    /// The most steps of the run.
    pub max_steps: u64,
}

impl RunRequest {
    /// Reads all that was named; standard input once at most, and not at all if it is `taken`.
    pub fn read(arguments: &ProgramArguments, taken: bool) -> Result<Self, Failure> {
        let named = read_once(arguments.files())?;
        if named && taken {
            let problem = "standard input gives the commands: name a file instead of `-`";
            return Err(Failure::input("usage", problem));
        }
        let Loaded {
            program,
            labels,
            counted,
        } = load(&arguments.file)?;
        let set = arguments.set.of(&program);
        Ok(RunRequest {
            program,
            labels,
            set,
            inputs: inputs(&arguments.inputs)?.counted(counted),
            steps: arguments.cut.steps,
            max_steps: arguments.max_steps,
        })
    }

    /// What there is to say of the run that fails with this error. It is made once more, up to the step that fails.
    pub fn failure(&self, error: RunError, words: StackWords) -> ProgramFailure {
        let step = error.pc().and(error.step());
        let failure = ProgramFailure::from(error).of_text(&self.labels);
        let calls = self.program.smallest_set().contains(Opcode::Call);
        let Some(step) = step.filter(|_| calls || words == StackWords::Shown) else {
            return failure;
        };
        match self.job().stepper() {
            Ok(mut stepper) => {
                while stepper.state().steps() < step && stepper.step() == Ok(true) {}
                let instructions = stepper.instructions();
                failure.at(stepper.state(), words, &self.labels, instructions)
            }
            Err(_) => failure,
        }
    }

    /// The run.
    pub fn job(&self) -> Job<'_, Fr> {
        Job::new(&self.program, self.set, &self.inputs)
            .cut(self.steps)
            .max_steps(self.max_steps)
            .max_words(MAX_WORDS)
    }
}
