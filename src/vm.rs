//! The interpreter and the tracer: the relations of [`crate::isa`] read on field values.

use std::fmt;

use crate::algebra::Word;
use crate::isa::{Cofactor, Effect, InstructionSet, Opcode, Operands, Specialised, Target};
use crate::program::{Instruction, Program};

/// Why a program does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The stack holds fewer words than the instruction needs.
    #[error("step {step}{}: `{opcode}` needs {needs} on the stack, but it holds {depth}", at(.step, .pc), needs = counted(*.needs))]
    StackUnderflow {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
        /// How many words it needs.
        needs: usize,
        /// How many there are.
        depth: usize,
    },
    /// What the instruction demands of its operands does not hold.
    #[error("step {step}{} (stack depth {depth}): `{opcode}` fails: {fault}", at(.step, .pc))]
    Fault {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
        /// The depth of the stack.
        depth: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// The instruction set has no such instruction.
    #[error(
        "step {step}{} (stack depth {depth}): opcode {opcode}{} is not in the instruction set `{set}`",
        at(.step, .pc), Opcode::from_code(*.opcode).map_or(String::new(), |own| format!(" (`{own}`)"))
    )]
    InvalidOpcode {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The code of the instruction.
        opcode: u64,
        /// The depth of the stack.
        depth: usize,
        /// The instruction set.
        set: InstructionSet,
    },
    /// An instruction goes on where the program has no instruction.
    #[error(
        "step {step}{}: `{opcode}` leads out of the program, whose addresses are 0 to {instructions} \
         (its end){}",
        at(.step, .pc), if *.opcode == Opcode::Ret { ": the top is none of them" } else { "" }
    )]
    OutsideProgram {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction.
        opcode: Opcode,
        /// The number of instructions.
        instructions: usize,
    },
    /// The tape that the instruction reads has no further word.
    #[error(
        "step {step}{}: `{opcode}` finds no further word on its tape, which has {}: give the run more",
        at(.step, .pc), counted(*.words)
    )]
    TapeEnd {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The instruction: `read` or `secret`.
        opcode: Opcode,
        /// The number of words on the tape.
        words: usize,
    },
    /// The tape that the run is given states another word than the one that the instruction writes.
    #[error("step {step}{}: `write` writes another word than the one that the tape states", at(.step, .pc))]
    OtherWord {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
    },
    /// The run ends before all that it was given is read.
    #[error(
        "the run ends after {steps} steps with {} unread on the {tape} tape: give it fewer, or read them",
        counted(*.unread)
    )]
    Unread {
        /// The number of steps of the run.
        steps: usize,
        /// The tape: `public` or `private`.
        tape: &'static str,
        /// How many words are left.
        unread: usize,
    },
    /// The program ends before the run does.
    #[error("{steps} steps were asked for, but the program has {instructions} instructions")]
    StepsOutOfRange {
        /// The number of steps asked for.
        steps: usize,
        /// The number of instructions.
        instructions: usize,
    },
    /// A number of steps was asked for, but the program is no straight line that it could cut.
    #[error("only a program without jumps and calls can be cut after a number of steps")]
    StepsOfLoop,
    /// The run does not end.
    #[error("the run has not ended after {limit} steps")]
    TooManySteps {
        /// The most steps that were admitted.
        limit: u64,
    },
    /// The run holds more words than are admitted.
    #[error(
        "step {step}{}: the stack and the public tape have more than {limit} words together, the most that are \
         admitted", at(.step, .pc)
    )]
    TooManyWords {
        /// The step, counted from 0.
        step: usize,
        /// The address of the instruction.
        pc: usize,
        /// The most words that were admitted.
        limit: usize,
    },
    /// The run has more rows than are admitted.
    #[error("the run needs {rows} rows, its unwinding included, and at most {limit} are admitted")]
    TooManyRows {
        /// The number of rows that the run needs.
        rows: u64,
        /// The most rows.
        limit: usize,
    },
}

/// Where a step is, if its number does not say so.
fn at(step: &usize, pc: &usize) -> String {
    match step == pc {
        true => String::new(),
        false => format!(" (pc {pc})"),
    }
}

/// The most rows that a trace can have: a row's number is 32 bits wide.
pub const MAX_ROWS: usize = u32::MAX as usize;

fn counted(count: usize) -> String {
    match count {
        1 => "1 word".into(),
        _ => format!("{count} words"),
    }
}

impl RunError {
    /// The error's name in machine-readable output.
    pub fn kind(&self) -> &'static str {
        match self {
            RunError::StackUnderflow { .. } => "stack_underflow",
            RunError::Fault { .. } => "fault",
            RunError::InvalidOpcode { .. } => "invalid_opcode",
            RunError::OutsideProgram { .. } => "outside_program",
            RunError::TapeEnd { .. } => "tape_end",
            RunError::OtherWord { .. } => "other_word",
            RunError::Unread { .. } => "unread",
            RunError::StepsOutOfRange { .. } => "steps_out_of_range",
            RunError::StepsOfLoop => "steps_of_loop",
            RunError::TooManySteps { .. } => "too_many_steps",
            RunError::TooManyWords { .. } => "too_many_words",
            RunError::TooManyRows { .. } => "too_many_rows",
        }
    }

    /// The step at which the run fails, if it is at one; for a program that is too short, the first one it
    /// lacks.
    pub fn step(&self) -> Option<usize> {
        match self {
            RunError::StackUnderflow { step, .. }
            | RunError::Fault { step, .. }
            | RunError::InvalidOpcode { step, .. }
            | RunError::OutsideProgram { step, .. }
            | RunError::TapeEnd { step, .. }
            | RunError::OtherWord { step, .. }
            | RunError::TooManyWords { step, .. } => Some(*step),
            RunError::Unread { steps, .. } => Some(*steps),
            RunError::StepsOutOfRange { instructions, .. } => Some(*instructions),
            RunError::StepsOfLoop
            | RunError::TooManySteps { .. }
            | RunError::TooManyRows { .. } => None,
        }
    }

    /// The address of the instruction that fails, if one does.
    pub fn pc(&self) -> Option<usize> {
        match self {
            RunError::StackUnderflow { pc, .. }
            | RunError::Fault { pc, .. }
            | RunError::InvalidOpcode { pc, .. }
            | RunError::OutsideProgram { pc, .. }
            | RunError::TapeEnd { pc, .. }
            | RunError::OtherWord { pc, .. }
            | RunError::TooManyWords { pc, .. } => Some(*pc),
            _ => None,
        }
    }
}

/// What a run is given beside its program.
///
/// Its [`Debug`](fmt::Debug) form shows no word.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Inputs<F> {
    /// The words that `read` pushes, in order. They are public, as is what `write` writes.
    pub public: Vec<F>,
    /// The words that `secret` pushes, in order. A proof reveals nothing of them but what follows from the
    /// statement.
    pub secret: Vec<F>,
}

impl<F> Inputs<F> {
    /// Nothing.
    pub const fn none() -> Self {
        Inputs {
            public: vec![],
            secret: vec![],
        }
    }
}

impl<F> fmt::Debug for Inputs<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("public", &self.public.len())
            .field("secret", &self.secret.len())
            .finish()
    }
}

/// What a run gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<F> {
    /// The word at the bottom of the stack, or 0 if the stack is empty.
    pub output: F,
    /// The number of instructions executed.
    pub steps: usize,
    /// The most words that the stack held.
    pub max_depth: usize,
    /// The number of rows that a machine needs for the run: its steps, and one for each word above the bottom
    /// one that is left.
    pub rows: usize,
    /// The public tape: what was read and written, in order.
    pub tape: Vec<F>,
}

/// The operands of an instruction as words.
struct Values<'a, F> {
    /// The stack, from the bottom up.
    stack: &'a [F],
    argument: F,
    hint: F,
    result: F,
    following: usize,
    jumps: F,
}

impl<F: Word> Operands<F> for Values<'_, F> {
    #[inline(always)]
    fn word(&self, place: usize) -> F {
        let place = self.stack.len().wrapping_sub(place + 1);
        self.stack.get(place).copied().unwrap_or(F::zero())
    }
    #[inline(always)]
    fn argument(&self) -> F {
        self.argument
    }
    #[inline(always)]
    fn hint(&self) -> F {
        self.hint
    }
    #[inline(always)]
    fn result(&self) -> F {
        self.result
    }
    #[inline(always)]
    fn following(&self) -> F {
        F::constant(self.following as u64)
    }
    #[inline(always)]
    fn jumps(&self) -> F {
        self.jumps
    }
}

/// An instruction's relation on words.
#[derive(Clone, Copy)]
pub(crate) struct Step<F> {
    /// The new top.
    result: F,
    /// What comes under the new top, if that is moved.
    second: Option<F>,
    third: Option<F>,
    target: Target,
    pub(crate) jumps: bool,
    pub(crate) factor: F,
    /// What the factor is multiplied by; 0 if it is a hint, -1 over the factor.
    pub(crate) cofactor: F,
    hinted: bool,
}

impl<F: Word> Step<F> {
    /// What an instruction makes of a stack, from the bottom up.
    ///
    /// `word` is what comes from a tape, `pc` the instruction's address.
    #[inline(always)]
    pub(crate) fn of(opcode: Opcode, stack: &[F], argument: F, word: F, pc: usize) -> Self {
        let mut values = Values {
            stack,
            argument,
            hint: F::zero(),
            result: word,
            following: pc + 1,
            jumps: F::one(),
        };
        let relation = opcode.relation(&values);
        let target = relation.target;
        let factor = relation.factor;
        let jumps = match target {
            Target::Argument => true,
            // The test of the factor says, for a row that jumps, whether the top has to be 0.
            Target::Branch => (factor == F::zero()) == (relation.factor_test == F::one()),
            Target::Following | Target::Top => false,
        };
        values.jumps = if jumps { F::one() } else { F::zero() };
        let mut relation = match target {
            Target::Branch => opcode.relation(&values),
            _ => relation,
        };
        let hinted = relation.cofactor == Cofactor::Hint;
        let cofactor = match relation.cofactor {
            Cofactor::Second => values.word(1),
            Cofactor::Argument => argument,
            Cofactor::Hint | Cofactor::Zero => F::zero(),
        };
        let product = match relation.cofactor {
            Cofactor::Second | Cofactor::Argument => factor * cofactor,
            // A hint is -1 / factor. It is computed only where the new top needs it.
            Cofactor::Hint if factor != F::zero() => {
                if opcode.result_reads_hint() {
                    values.hint = F::zero() - factor.inverse().unwrap_or(F::zero());
                    relation = opcode.relation(&values);
                }
                F::zero() - F::one()
            }
            Cofactor::Hint | Cofactor::Zero => F::zero(),
        };
        Step {
            result: match relation.cofactor {
                Cofactor::Zero => relation.top,
                _ => relation.top + product,
            },
            second: relation.second,
            third: relation.third,
            target,
            jumps,
            factor,
            cofactor,
            hinted,
        }
    }

    /// Whether the cofactor is the prover's word.
    pub(crate) fn is_hinted(&self) -> bool {
        self.hinted
    }

    /// What the step tests, with this cofactor: the tests of the factor and of the cofactor, and what must be
    /// zero.
    #[inline(always)]
    pub(crate) fn tests(&self, opcode: Opcode, stack: &[F], argument: F, cofactor: F) -> [F; 3] {
        let relation = opcode.relation(&Values {
            stack,
            argument,
            hint: cofactor,
            result: self.result,
            following: 0,
            jumps: if self.jumps { F::one() } else { F::zero() },
        });
        [relation.factor_test, relation.cofactor_test, relation.zero]
    }

    /// Whether the tests pass.
    #[inline(always)]
    fn holds(&self, opcode: Opcode, stack: &[F], argument: F) -> bool {
        let cofactor = match self.hinted {
            true => F::zero() - self.factor.inverse().unwrap_or(F::zero()),
            false => self.cofactor,
        };
        let [factor_test, cofactor_test, zero] = self.tests(opcode, stack, argument, cofactor);
        [self.factor * factor_test, cofactor * cofactor_test, zero] == [F::zero(); 3]
    }
}

/// An instruction that is ready to be executed.
#[derive(Clone, Copy, Debug)]
struct Decoded<F> {
    /// `None` if the set has no such instruction.
    opcode: Option<Opcode>,
    argument: F,
    /// The argument as an address, if it is one of the program.
    target: Option<u32>,
}

/// The program as the machine executes it.
#[derive(Clone, Debug)]
struct Code<F>(Vec<Decoded<F>>);

impl<F: Word> Code<F> {
    fn new(instructions: &[Instruction<F>], set: InstructionSet) -> Self {
        let addresses = instructions.len() as u64;
        let decode = |instruction: &Instruction<F>| {
            let opcode = set.decode(instruction.opcode);
            let target = opcode
                .filter(|own| own.takes_address())
                .and_then(|_| instruction.argument.to_u64())
                .filter(|target| *target <= addresses)
                .and_then(|target| u32::try_from(target).ok());
            Decoded {
                opcode,
                argument: instruction.argument,
                target,
            }
        };
        Code(instructions.iter().map(decode).collect())
    }
}

/// Why a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Underflow,
    Fault,
    Outside,
    TapeEnd,
    OtherWord,
}

/// The state of a run.
#[derive(Clone, PartialEq, Eq)]
struct Machine<'a, F> {
    inputs: &'a Inputs<F>,
    whole_tape: bool,
    /// The words, from the bottom up, on as many zeros as a window has words, so that the window of
    /// an empty stack is there too.
    stack: Vec<F>,
    max_depth: usize,
    pc: usize,
    /// The number of words of each tape that are used up.
    read: usize,
    secrets: usize,
    tape: Vec<F>,
}

/// The zeros under a stack.
const PADDING: usize = InstructionSet::MAX_WINDOW;

/// One step of a machine, compiled for each instruction.
struct Execute<'m, 'a, F> {
    machine: &'m mut Machine<'a, F>,
    instruction: &'m Decoded<F>,
    addresses: usize,
}

impl<F: Word> Specialised for Execute<'_, '_, F> {
    type Output = Result<(), Failure>;

    /// Does what the instruction says, whether it may or not, and says what is wrong.
    #[inline(always)]
    fn call<const OPCODE: usize>(self) -> Result<(), Failure> {
        let opcode = const { Opcode::ALL[OPCODE] };
        let Execute {
            machine,
            instruction,
            addresses,
        } = self;
        let mut result = Ok(());
        if machine.stack.len() < PADDING + opcode.needs() {
            result = Err(Failure::Underflow);
        }
        let mut word = F::zero();
        match opcode {
            Opcode::Read => {
                match machine.inputs.public.get(machine.read) {
                    Some(own) => word = *own,
                    None => result = Err(Failure::TapeEnd),
                }
                machine.read += 1;
                machine.tape.push(word);
            }
            Opcode::Secret => {
                match machine.inputs.secret.get(machine.secrets) {
                    Some(own) => word = *own,
                    None => result = Err(Failure::TapeEnd),
                }
                machine.secrets += 1;
            }
            Opcode::Write => {
                let top = machine.stack.last().copied().unwrap_or(F::zero());
                machine.tape.push(top);
                if machine.whole_tape {
                    match machine.inputs.public.get(machine.read) {
                        Some(own) if *own == top => {}
                        Some(_) => result = result.and(Err(Failure::OtherWord)),
                        None => result = result.and(Err(Failure::TapeEnd)),
                    }
                    machine.read += 1;
                }
            }
            _ => {}
        }
        let step = Step::of(
            opcode,
            &machine.stack,
            instruction.argument,
            word,
            machine.pc,
        );
        if opcode.fault().is_some() && !step.holds(opcode, &machine.stack, instruction.argument) {
            result = result.and(Err(Failure::Fault));
        }
        let following = machine.pc + 1;
        machine.pc = match step.target {
            Target::Following => following,
            Target::Argument | Target::Branch if !step.jumps => following,
            Target::Argument | Target::Branch => match instruction.target {
                Some(target) => target as usize,
                None => {
                    result = result.and(Err(Failure::Outside));
                    addresses
                }
            },
            Target::Top => {
                let top = machine.stack.last().and_then(Word::to_u64);
                match top.filter(|top| *top <= addresses as u64) {
                    Some(top) => top as usize,
                    None => {
                        result = result.and(Err(Failure::Outside));
                        addresses
                    }
                }
            }
        };
        match opcode.effect() {
            Effect::Grow => {
                machine.stack.push(step.result);
                machine.max_depth = machine.max_depth.max(machine.stack.len());
                return result;
            }
            Effect::Keep => {}
            // On the empty stack for a defiant trace only.
            Effect::Shrink if machine.stack.len() == PADDING => {}
            Effect::Shrink => {
                machine.stack.pop();
            }
        }
        let moved = [Some(step.result), step.second, step.third];
        for (word, moved) in machine.stack.iter_mut().rev().zip(moved) {
            if let Some(moved) = moved {
                *word = moved;
            }
        }
        result
    }
}

/// What an instruction can change of a machine, as it was before it.
struct Before<F> {
    window: [F; InstructionSet::MAX_WINDOW],
    stack: usize,
    tape: usize,
    max_depth: usize,
    pc: usize,
    read: usize,
    secrets: usize,
}

impl<'a, F: Word> Machine<'a, F> {
    fn new(inputs: &'a Inputs<F>, whole_tape: bool) -> Self {
        Machine {
            inputs,
            whole_tape,
            stack: vec![F::zero(); PADDING],
            max_depth: PADDING,
            pc: 0,
            read: 0,
            secrets: 0,
            tape: vec![],
        }
    }

    #[inline]
    fn depth(&self) -> usize {
        self.stack.len() - PADDING
    }

    /// The topmost words, from the top down.
    fn window(&self) -> [F; InstructionSet::MAX_WINDOW] {
        let mut window = [F::zero(); InstructionSet::MAX_WINDOW];
        for (word, own) in window.iter_mut().zip(self.stack.iter().rev()) {
            *word = *own;
        }
        window
    }

    /// The number of words that the machine holds.
    #[inline]
    fn words(&self) -> usize {
        self.depth() + self.tape.len()
    }

    /// Goes back to what it was before an instruction, given its state then but for what lies under the window.
    fn undo(&mut self, before: &Before<F>) {
        self.stack.truncate(before.stack - PADDING);
        self.stack.extend(before.window.iter().rev());
        self.tape.truncate(before.tape);
        self.max_depth = before.max_depth;
        self.pc = before.pc;
        self.read = before.read;
        self.secrets = before.secrets;
    }

    /// What [`Machine::undo`] has to know.
    fn before(&self) -> Before<F> {
        Before {
            window: self.window(),
            stack: self.stack.len(),
            tape: self.tape.len(),
            max_depth: self.max_depth,
            pc: self.pc,
            read: self.read,
            secrets: self.secrets,
        }
    }

    /// Executes an instruction.
    #[inline(always)]
    fn execute(
        &mut self,
        opcode: Opcode,
        instruction: &Decoded<F>,
        addresses: usize,
    ) -> Result<(), Failure> {
        opcode.specialise(Execute {
            machine: self,
            instruction,
            addresses,
        })
    }

    /// The word at the bottom of the stack, 0 if there is none.
    fn bottom(&self) -> F {
        let bottom = self.stack.get(PADDING);
        bottom.or(self.stack.last()).copied().unwrap_or(F::zero())
    }

    /// What the run gives, if it ends here after so many steps.
    fn outcome(&self, steps: usize) -> Outcome<F> {
        Outcome {
            output: self.bottom(),
            steps,
            max_depth: self.max_depth - PADDING,
            rows: steps + self.depth().saturating_sub(1),
            tape: self.tape.clone(),
        }
    }

    /// That all that was given is used.
    fn check_used(&self, steps: usize) -> Result<(), RunError> {
        let tapes = [
            ("public", self.read, self.inputs.public.len()),
            ("private", self.secrets, self.inputs.secret.len()),
        ];
        for (tape, used, given) in tapes {
            if let Some(unread) = given.checked_sub(used).filter(|unread| *unread > 0) {
                return Err(RunError::Unread {
                    steps,
                    tape,
                    unread,
                });
            }
        }
        Ok(())
    }
}

/// A run that is to be made: a program, and what it is given.
#[derive(Clone, Debug)]
pub struct Job<'a, F> {
    program: &'a Program<F>,
    set: InstructionSet,
    steps: Option<usize>,
    inputs: &'a Inputs<F>,
    whole_tape: bool,
    max_steps: u64,
    max_words: usize,
    max_rows: usize,
}

impl<'a, F: Word> Job<'a, F> {
    /// The run of a program that may use the instructions of a set, and is given these inputs.
    pub fn new(program: &'a Program<F>, set: InstructionSet, inputs: &'a Inputs<F>) -> Self {
        Job {
            program,
            set,
            steps: None,
            inputs,
            whole_tape: false,
            max_steps: MAX_ROWS as u64,
            max_words: MAX_ROWS,
            max_rows: MAX_ROWS,
        }
    }

    /// Cuts the program after so many instructions, if that is not `None`.
    pub fn cut(self, steps: Option<usize>) -> Self {
        Job { steps, ..self }
    }

    /// Says that the public words that the run is given are the whole tape: also what is written, in its place
    /// between what is read. A word that is written must be the one that stands there.
    pub fn whole_tape(self) -> Self {
        Job {
            whole_tape: true,
            ..self
        }
    }

    /// Ends the run with an error if it takes more steps. Without it, that is 2^32 - 1.
    pub fn max_steps(self, max_steps: u64) -> Self {
        Job { max_steps, ..self }
    }

    /// Ends the run with an error where the stack and the public tape hold more words together, and so bounds the
    /// room that it takes. Without it, that is [`MAX_ROWS`].
    pub fn max_words(self, max_words: usize) -> Self {
        Job { max_words, ..self }
    }

    /// The most rows that a trace may have. Without it, that is [`MAX_ROWS`].
    pub fn max_rows(self, max_rows: usize) -> Self {
        Job {
            max_rows: max_rows.min(MAX_ROWS),
            ..self
        }
    }

    /// The instructions that the run may execute.
    fn instructions(&self) -> Result<&'a [Instruction<F>], RunError> {
        cut(self.program, self.steps)
    }

    /// Runs the program.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails.
    pub fn run(&self) -> Result<Outcome<F>, RunError> {
        let code = Code::new(self.instructions()?, self.set);
        let mut machine = Machine::new(self.inputs, self.whole_tape);
        let mut steps = 0;
        while self.advance(&code, &mut machine, steps)? {
            steps += 1;
        }
        Ok(machine.outcome(steps))
    }

    /// Executes the next instruction; `false` if the run has ended before it.
    #[inline(always)]
    fn advance(
        &self,
        code: &Code<F>,
        machine: &mut Machine<'a, F>,
        steps: usize,
    ) -> Result<bool, RunError> {
        let instruction = match code.0.get(machine.pc) {
            Some(instruction) if instruction.opcode != Some(Opcode::Halt) => instruction,
            _ => {
                machine.check_used(steps)?;
                return Ok(false);
            }
        };
        let Some(opcode) = instruction.opcode else {
            return Err(self.invalid(machine, steps));
        };
        if steps as u64 == self.max_steps {
            return Err(RunError::TooManySteps {
                limit: self.max_steps,
            });
        }
        let (pc, depth) = (machine.pc, machine.depth());
        if let Err(failure) = machine.execute(opcode, instruction, code.0.len()) {
            return Err(self.failed(failure, opcode, steps, pc, depth));
        }
        if machine.words() > self.max_words {
            return Err(RunError::TooManyWords {
                step: steps,
                pc,
                limit: self.max_words,
            });
        }
        Ok(true)
    }

    /// The run, to be made step by step.
    ///
    /// # Errors
    ///
    /// If there are fewer instructions than the steps to which the program is to be cut, or it can't be cut.
    pub fn stepper(&self) -> Result<Stepper<'a, F>, RunError> {
        let instructions = self.instructions()?;
        Ok(Stepper {
            job: self.clone(),
            instructions,
            code: Code::new(instructions, self.set),
            state: Snapshot {
                machine: Machine::new(self.inputs, self.whole_tape),
                steps: 0,
            },
        })
    }

    /// Runs the program and writes down every row.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails.
    pub fn trace(&self) -> Result<Trace<F>, RunError> {
        // A run takes no room, and says how much a trace takes.
        let Outcome { rows, .. } = self.run()?;
        if rows > self.max_rows {
            return Err(RunError::TooManyRows {
                rows: rows as u64,
                limit: self.max_rows,
            });
        }
        // What has run does nothing that the machine would have to go on from regardless.
        self.written(rows)
    }

    /// The trace of a machine that goes on where a program fails: it takes zeros from an empty stack or tape,
    /// skips what it does not know, passes all tests, and goes to the end of the program instead of out of it. A
    /// circuit rejects it, and so tells by which constraint.
    ///
    /// # Errors
    ///
    /// If there are fewer instructions than steps, or more rows than are admitted.
    pub fn defiant(&self) -> Result<Trace<F>, RunError> {
        self.written(0)
    }

    fn invalid(&self, machine: &Machine<'_, F>, step: usize) -> RunError {
        let instruction = self.program.instructions().get(machine.pc);
        RunError::InvalidOpcode {
            step,
            pc: machine.pc,
            opcode: instruction.map_or(0, |own| own.opcode),
            depth: machine.depth(),
            set: self.set,
        }
    }

    #[cold]
    fn failed(
        &self,
        failure: Failure,
        opcode: Opcode,
        step: usize,
        pc: usize,
        depth: usize,
    ) -> RunError {
        match failure {
            Failure::Underflow => RunError::StackUnderflow {
                step,
                pc,
                opcode,
                needs: opcode.needs(),
                depth,
            },
            Failure::Fault => RunError::Fault {
                step,
                pc,
                opcode,
                depth,
                fault: opcode.fault().unwrap_or("its operands are wrong"),
            },
            Failure::Outside => RunError::OutsideProgram {
                step,
                pc,
                opcode,
                instructions: self.program.len(),
            },
            Failure::OtherWord => RunError::OtherWord { step, pc },
            Failure::TapeEnd => RunError::TapeEnd {
                step,
                pc,
                opcode,
                words: match opcode {
                    Opcode::Secret => self.inputs.secret.len(),
                    _ => self.inputs.public.len(),
                },
            },
        }
    }

    /// Writes down every row, of which there are probably so many.
    fn written(&self, rows: usize) -> Result<Trace<F>, RunError> {
        let instructions = self.instructions()?;
        let code = Code::new(instructions, self.set);
        let addresses = code.0.len();
        let mut machine = Machine::new(self.inputs, self.whole_tape);
        let mut written = Written {
            rows: Vec::with_capacity(rows + 1),
            links: Links::default(),
        };
        let end = Decoded {
            opcode: Some(Opcode::Halt),
            argument: F::zero(),
            target: None,
        };
        let mut steps = 0;
        while let Some(instruction) = code.0.get(machine.pc) {
            let opcode = match instruction.opcode {
                Some(Opcode::Halt) => break,
                Some(opcode) => opcode,
                None => Opcode::IDLE,
            };
            if steps >= self.max_rows {
                return Err(RunError::TooManySteps {
                    limit: self.max_rows as u64,
                });
            }
            written.row(&machine, opcode, instruction.argument);
            let _ = machine.execute(opcode, instruction, addresses);
            steps += 1;
        }
        let halt = machine.pc;
        let outcome = machine.outcome(steps);
        if outcome.rows > self.max_rows {
            return Err(RunError::TooManyRows {
                rows: outcome.rows as u64,
                limit: self.max_rows,
            });
        }
        let end = code.0.get(halt).unwrap_or(&end);
        while machine.depth() >= Opcode::Halt.needs() {
            written.row(&machine, Opcode::Halt, end.argument);
            // It drops a word, and has no way to fail.
            let _ = machine.execute(Opcode::Halt, end, addresses);
            machine.pc = halt;
        }
        written.row(&machine, Opcode::Halt, end.argument);
        Ok(Trace {
            program: Program::from(instructions.to_vec()),
            outcome,
            set: self.set,
            rows: written.rows,
        })
    }
}

/// A run that is made step by step, and that can be looked at in between: see [`Job::stepper`].
///
/// Its [`Debug`](fmt::Debug) form shows no word.
#[derive(Clone)]
pub struct Stepper<'a, F> {
    job: Job<'a, F>,
    instructions: &'a [Instruction<F>],
    code: Code<F>,
    state: Snapshot<'a, F>,
}

/// A state of a run, to which its [`Stepper`] can go back.
///
/// Its [`Debug`](fmt::Debug) form shows no word.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot<'a, F> {
    machine: Machine<'a, F>,
    steps: usize,
}

impl<F> fmt::Debug for Snapshot<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("steps", &self.steps)
            .field("pc", &self.machine.pc)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Stepper<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepper")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<F: Word> Snapshot<'_, F> {
    /// The number of steps that the run has made.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The address of the instruction that is next.
    pub fn pc(&self) -> usize {
        self.machine.pc
    }

    /// The words on the stack, from the bottom up.
    pub fn stack(&self) -> &[F] {
        self.machine.stack.get(PADDING..).unwrap_or(&[])
    }

    /// The public tape: what was read and written, in order.
    pub fn tape(&self) -> &[F] {
        &self.machine.tape
    }

    /// The number of words that were read from the public inputs.
    pub fn public_read(&self) -> usize {
        self.machine.read
    }

    /// The number of words that were read from the secret inputs.
    pub fn secret_read(&self) -> usize {
        self.machine.secrets
    }

    /// What the run gives if it ends here.
    pub fn outcome(&self) -> Outcome<F> {
        self.machine.outcome(self.steps)
    }
}

impl<'a, F: Word> Stepper<'a, F> {
    /// The instructions that the run may execute.
    pub fn instructions(&self) -> &'a [Instruction<F>] {
        self.instructions
    }

    /// What the run is given.
    pub fn inputs(&self) -> &'a Inputs<F> {
        self.job.inputs
    }

    /// Where the run is.
    pub fn state(&self) -> &Snapshot<'a, F> {
        &self.state
    }

    /// Makes a step; `false` if there is none, because the run has ended.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the step fails. The run then stays where it is.
    pub fn step(&mut self) -> Result<bool, RunError> {
        let Snapshot { machine, steps } = &mut self.state;
        let before = machine.before();
        let result = self.job.advance(&self.code, machine, *steps);
        match &result {
            Ok(true) => *steps += 1,
            Ok(false) => {}
            Err(_) => machine.undo(&before),
        }
        result
    }

    /// What [`Stepper::step`] would give. The run stays where it is.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the next step fails.
    pub fn peek(&mut self) -> Result<bool, RunError> {
        let Snapshot { machine, steps } = &mut self.state;
        let before = machine.before();
        let result = self.job.advance(&self.code, machine, *steps);
        machine.undo(&before);
        result
    }

    /// Goes to a state of this run.
    pub fn restore(&mut self, state: &Snapshot<'a, F>) {
        self.state.clone_from(state);
    }
}

/// The first `steps` instructions of a program, or all of them.
///
/// # Errors
///
/// If the program is shorter, or no straight line.
pub fn cut<F: Word>(
    program: &Program<F>,
    steps: Option<usize>,
) -> Result<&[Instruction<F>], RunError> {
    let instructions = program.instructions();
    let Some(steps) = steps else {
        return Ok(instructions);
    };
    if program.smallest_set().has_control() {
        return Err(RunError::StepsOfLoop);
    }
    instructions.get(..steps).ok_or(RunError::StepsOutOfRange {
        steps,
        instructions: instructions.len(),
    })
}

/// Runs the first `steps` instructions of a program that is given no inputs, or all of it.
///
/// # Errors
///
/// [`RunError`], with the step at which the program fails.
pub fn run<F: Word>(
    program: &Program<F>,
    steps: Option<usize>,
    set: InstructionSet,
) -> Result<Outcome<F>, RunError> {
    Job::new(program, set, &Inputs::none()).cut(steps).run()
}

/// The rows where the words under the window came there: [`Cell::Link`](crate::row::Cell::Link) of each state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Those of the states under the present one.
    below: Vec<u32>,
    /// That of the present one.
    pub(crate) link: u32,
}

impl Links {
    /// A step with this effect, that leads to row `next`.
    pub(crate) fn step(&mut self, effect: Effect, next: u32) {
        match effect {
            Effect::Grow => {
                self.below.push(self.link);
                self.link = next;
            }
            Effect::Keep => {}
            Effect::Shrink => self.link = self.below.pop().unwrap_or(0),
        }
    }
}

/// A trace that is being written.
struct Written<F> {
    rows: Vec<TraceRow<F>>,
    links: Links,
}

impl<F: Word> Written<F> {
    fn row(&mut self, machine: &Machine<'_, F>, opcode: Opcode, argument: F) {
        self.rows.push(TraceRow {
            opcode,
            argument,
            // No machine has more rows than 32 bits count, nor more words than rows.
            pc: machine.pc as u32,
            depth: machine.depth() as u32,
            window: machine.window(),
            link: self.links.link,
        });
        self.links.step(opcode.effect(), self.rows.len() as u32);
    }
}

/// A row of a trace: the state before a step, and what the step executes.
///
/// Its [`Debug`](fmt::Debug) form shows no word of the stack, for a trace is a witness.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceRow<F> {
    /// The instruction that the step executes; [`Opcode::Halt`] where the machine unwinds, and on
    /// the final state.
    pub opcode: Opcode,
    /// The argument of the instruction.
    pub argument: F,
    /// The address of the instruction.
    pub pc: u32,
    /// The number of words on the stack.
    pub depth: u32,
    /// The topmost words, from the top down, 0 where there is none.
    pub window: [F; InstructionSet::MAX_WINDOW],
    /// See [`crate::row::Cell::Link`].
    pub link: u32,
}

impl<F> fmt::Debug for TraceRow<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceRow")
            .field("opcode", &self.opcode)
            .field("pc", &self.pc)
            .field("depth", &self.depth)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// A run, row by row: its steps, then the machine's own steps that unwind the stack, then the final
/// state.
///
/// Its [`Debug`](fmt::Debug) form shows no word of the stack, for a trace is a witness.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace<F> {
    program: Program<F>,
    outcome: Outcome<F>,
    set: InstructionSet,
    rows: Vec<TraceRow<F>>,
}

impl<F: fmt::Debug> fmt::Debug for Trace<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a run that goes on regardless, the output may be any word of the stack.
        f.debug_struct("Trace")
            .field("program", &self.program)
            .field("set", &self.set)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl<F: Word> Trace<F> {
    /// Runs the first `steps` instructions of a program that is given no inputs, or all of it, and writes down
    /// every row. [`Job::trace`] takes inputs.
    ///
    /// # Errors
    ///
    /// [`RunError`], with the step at which the program fails.
    pub fn new(
        program: &Program<F>,
        steps: Option<usize>,
        set: InstructionSet,
    ) -> Result<Self, RunError> {
        Job::new(program, set, &Inputs::none()).cut(steps).trace()
    }

    /// The program, cut to the steps of the run if that was asked for.
    pub fn program(&self) -> &Program<F> {
        &self.program
    }

    /// What the run gives.
    pub fn outcome(&self) -> &Outcome<F> {
        &self.outcome
    }

    /// The instruction set that the run may use.
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// The rows, the final state included.
    pub fn rows(&self) -> &[TraceRow<F>] {
        &self.rows
    }

    /// The number of steps that a machine needs for this run, unwinding included.
    pub fn steps(&self) -> usize {
        self.rows.len() - 1
    }
}
