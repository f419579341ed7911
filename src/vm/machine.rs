//! The machine: a program as it is executed, the state of a run, and one step of it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::memory::{Cell, Memory};
use super::small::{self, SmallStep};
use super::step::{Known, Start, Step};
use super::values::Topmost;
use super::{Inputs, Job, Outcome, RunError};
use crate::algebra::{Number, Word};
use crate::isa::{Effect, InstructionSet, Opcode, Operation, Specialised, Target};
use crate::poseidon::{self, Constants};
use crate::program::Instruction;

/// What executes an instruction: on a machine, in a program of so many instructions, after so many steps.
pub(super) type Handler<F> =
    for<'m, 'a, 'i> fn(&'m mut Machine<'a, F>, &'i Decoded<F>, usize, usize) -> Result<(), Failure>;

/// What executes any instruction.
pub(super) fn any<F: Word>(_: Opcode) -> Handler<F> {
    execute_any
}

/// What executes an instruction fast.
pub(super) fn fast<F: Word>(opcode: Opcode) -> Handler<Number<F>> {
    opcode.specialise(Fast(PhantomData))
}

/// What executes each instruction fast: compiled for it if it is plain, else on integers, by what is compiled once for all fields.
struct Fast<F>(PhantomData<F>);

impl<F: Word> Specialised for Fast<F> {
    type Output = Handler<Number<F>>;

    #[inline(always)]
    fn call<O: Operation>(self) -> Self::Output {
        if const { O::OPCODE.is_plain() } {
            execute_plain::<F, O>
        } else {
            execute_small::<F>
        }
    }
}

/// An instruction that is ready to be executed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoded<F> {
    /// `None` if the set has no such instruction.
    pub(super) opcode: Option<Opcode>,
    handler: Handler<F>,
    small: SmallStep,
    pub(super) argument: F,
    /// The argument as an address, if it is one of the program.
    pub(super) target: Option<u32>,
}

/// The program as the machine executes it.
#[derive(Clone, Debug)]
pub(super) struct Code<F> {
    pub(super) instructions: Vec<Decoded<F>>,
    /// What the memory holds at first, where the set has one.
    image: Arc<[F]>,
    /// What hashes are made with, where the set has them.
    constants: Option<Arc<Constants<F>>>,
}

impl<F: Word> Decoded<F> {
    /// An instruction of a program of so many, `None` if the set has no such: one that is skipped where a run goes on
    /// regardless; and what executes each.
    pub(super) fn new(
        opcode: Option<Opcode>,
        argument: F,
        addresses: usize,
        handler: impl Fn(Opcode) -> Handler<F>,
    ) -> Self {
        let target = opcode
            .filter(|own| own.takes_address())
            .and_then(|_| argument.to_u64())
            .filter(|target| *target <= addresses as u64)
            .and_then(|target| u32::try_from(target).ok());
        Decoded {
            opcode,
            handler: handler(opcode.unwrap_or(Opcode::IDLE)),
            small: small::step(opcode.unwrap_or(Opcode::IDLE)),
            argument,
            target,
        }
    }
}

impl<F: Word> Code<F> {
    /// A program that may use a set's instructions, for a machine that computes with `words`, and what executes each.
    pub(super) fn new<O: Word>(
        instructions: &[Instruction<O>],
        set: InstructionSet,
        words: impl Fn(O) -> F,
        handler: impl Fn(Opcode) -> Handler<F>,
    ) -> Self {
        let decode = |instruction: &Instruction<O>| {
            let opcode = set.decode(instruction.opcode);
            let argument = words(instruction.argument);
            Decoded::new(opcode, argument, instructions.len(), &handler)
        };
        let instructions: Vec<Decoded<F>> = instructions.iter().map(decode).collect();
        let image = match set.has_memory() {
            true => instructions.iter().map(|own| own.argument).collect(),
            false => Arc::default(),
        };
        Code {
            image,
            constants: set.hashes().then(Constants::of_field),
            instructions,
        }
    }
}

/// Why a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Underflow,
    Fault,
    Outside,
    OutsideMemory,
    TapeEnd,
    OtherWord,
    TooManyHashes,
}

/// The state of a run.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Machine<'a, F> {
    inputs: &'a Inputs<F>,
    whole_tape: bool,
    /// The words, from the bottom up, on as many zeros as a window has words, so that the window of
    /// an empty stack is there too.
    stack: Vec<F>,
    max_depth: usize,
    pub(super) pc: usize,
    /// The number of words of each tape that are used up.
    pub(super) read: usize,
    pub(super) secrets: usize,
    pub(super) tape: Vec<F>,
    pub(super) memory: Memory<F>,
    constants: Option<Arc<Constants<F>>>,
    hashes: usize,
    max_hashes: usize,
    /// The address of the frame's cell 0.
    pub(super) frame: F,
    /// The cell that the last step accessed, as it was before.
    pub(super) accessed: Option<(u32, Cell<F>)>,
}

/// The zeros under a stack.
const PADDING: usize = InstructionSet::MAX_WINDOW;

/// What a step makes.
struct Made<F> {
    /// The new top.
    result: F,
    /// What comes under it, if that is moved.
    second: Option<F>,
    third: Option<F>,
    target: Target,
    jumps: bool,
    /// What is put into the cell that it accesses.
    new: Option<F>,
    /// Whether the instruction's tests pass.
    holds: bool,
}

impl<F: Word> Made<F> {
    #[inline(always)]
    fn of(step: Step<F>, holds: bool) -> Self {
        Made {
            result: step.result,
            second: step.second,
            third: step.third,
            target: step.target,
            jumps: step.jumps,
            new: step.access.map(|own| own.new),
            holds,
        }
    }

    fn map<W>(self, f: impl Fn(F) -> W) -> Made<W> {
        Made {
            result: f(self.result),
            second: self.second.map(&f),
            third: self.third.map(&f),
            target: self.target,
            jumps: self.jumps,
            new: self.new.map(&f),
            holds: self.holds,
        }
    }
}

/// Does what an instruction says, whether it may or not, and says what is wrong.
fn execute_any<F: Word>(
    machine: &mut Machine<'_, F>,
    instruction: &Decoded<F>,
    addresses: usize,
    steps: usize,
) -> Result<(), Failure> {
    let opcode = instruction.opcode.unwrap_or(Opcode::IDLE);
    let (word, result) = machine.taken(opcode);
    let made = machine.made_of_any(opcode, instruction.argument, word, |own| own, |own| own);
    machine.apply(opcode, instruction, [addresses, steps], made, result)
}

/// The same for an instruction that computes with no words in limbs.
fn execute_plain<F: Word, O: Operation>(
    machine: &mut Machine<'_, Number<F>>,
    instruction: &Decoded<Number<F>>,
    addresses: usize,
    steps: usize,
) -> Result<(), Failure> {
    let (word, result) = if const { O::OPCODE.takes_more() } {
        machine.taken(O::OPCODE)
    } else {
        (Number::zero(), Ok(()))
    };
    let (stack, argument) = (machine.topmost(), instruction.argument);
    let start = Start {
        stack,
        argument,
        word,
        pc: machine.pc,
        frame: if const { O::OPCODE.is_of_frame() } {
            machine.frame
        } else {
            Number::zero()
        },
    };
    let step = Step::of::<true>(&Known::<O>::IT, start, |address| {
        machine.found(address.to_u64())
    });
    let holds = step.holds(&Known::<O>::IT, stack, argument);
    if const { O::OPCODE.is_of_frame() } {
        machine.frame = step.frame;
    }
    machine.apply(
        O::OPCODE,
        instruction,
        [addresses, steps],
        Made::of(step, holds),
        result,
    )
}

/// The same for one that computes with such words, or bytes.
fn execute_small<F: Word>(
    machine: &mut Machine<'_, Number<F>>,
    instruction: &Decoded<Number<F>>,
    addresses: usize,
    steps: usize,
) -> Result<(), Failure> {
    let opcode = instruction.opcode.unwrap_or(Opcode::IDLE);
    let stack = machine.topmost_as(|own| own.small());
    let argument = instruction.argument.small();
    let mut cell = |address| machine.found(address).small();
    let small = match Number::<F>::DISTINCT {
        true => (instruction.small)(stack, argument, &mut cell),
        false => None,
    };
    let made = match small {
        Some((result, new)) => Made {
            result: Number::Small(result),
            second: None,
            third: None,
            target: Target::Following,
            jumps: false,
            new: new.map(Number::Small),
            holds: true,
        },
        None => {
            let argument = instruction.argument.word();
            machine.made_of_any(opcode, argument, F::zero(), Number::word, Number::new)
        }
    };
    machine.apply(opcode, instruction, [addresses, steps], made, Ok(()))
}

/// What an instruction can change of a machine, as it was before it.
pub(super) struct Before<F> {
    window: Topmost<F>,
    stack: usize,
    tape: usize,
    max_depth: usize,
    pc: usize,
    read: usize,
    secrets: usize,
    cells: usize,
    hashes: usize,
    frame: F,
}

impl<'a, F: Word> Machine<'a, F> {
    /// The machine at the start of a run.
    pub(super) fn new<W: Word>(code: &Code<F>, inputs: &'a Inputs<F>, job: &Job<'_, W>) -> Self {
        Machine {
            inputs,
            whole_tape: job.whole_tape,
            stack: vec![F::zero(); PADDING],
            max_depth: PADDING,
            pc: 0,
            read: 0,
            secrets: 0,
            tape: vec![],
            memory: Memory::new(code.image.clone()),
            constants: code.constants.clone(),
            hashes: 0,
            // A trace may have so many rows, and a hash has some of its own.
            max_hashes: job.max_rows / poseidon::ROWS,
            frame: F::zero(),
            accessed: None,
        }
    }

    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.stack.len() - PADDING
    }

    /// The topmost words, from the top down.
    #[inline(always)]
    pub(super) fn topmost(&self) -> Topmost<F> {
        self.topmost_as(F::load)
    }

    /// What these words are to `read`.
    #[inline(always)]
    pub(super) fn topmost_as<W: Copy>(&self, read: impl Fn(&F) -> W) -> Topmost<W> {
        let zero = read(&F::zero());
        let word = |place: usize| {
            let place = self.stack.len().wrapping_sub(place + 1);
            match self.stack.get(place) {
                Some(own) => read(own),
                None => zero,
            }
        };
        [word(0), word(1), word(2), word(3)]
    }

    /// What stands in the cell with an address, which is the one that the step accesses.
    #[inline(always)]
    fn found(&mut self, address: Option<u64>) -> F {
        let place = address.and_then(Memory::<F>::address);
        self.accessed = place.map(|place| (place, self.memory.cell(place)));
        self.accessed.map_or(F::zero(), |(_, cell)| cell.word)
    }

    /// The word that an instruction takes from a tape, its hash, or 0, and what is wrong with a tape.
    fn taken(&mut self, opcode: Opcode) -> (F, Result<(), Failure>) {
        let none = (F::zero(), Err(Failure::TapeEnd));
        match opcode {
            Opcode::Read => {
                let word = self.inputs.public.get(self.read);
                let taken = word.map_or(none, |own| (*own, Ok(())));
                self.read += 1;
                self.tape.push(taken.0);
                taken
            }
            Opcode::Secret => {
                let word = self.inputs.secret.get(self.secrets);
                self.secrets += 1;
                word.map_or(none, |own| (*own, Ok(())))
            }
            Opcode::Write => {
                let top = self.topmost()[0];
                self.tape.push(top);
                let mut result = Ok(());
                if self.whole_tape {
                    match self.inputs.public.get(self.read) {
                        Some(own) if *own == top => {}
                        Some(_) => result = Err(Failure::OtherWord),
                        None => result = Err(Failure::TapeEnd),
                    }
                    self.read += 1;
                }
                (F::zero(), result)
            }
            Opcode::Hash => {
                let [top, second, ..] = self.topmost();
                let hash = self.constants.as_ref().map(|own| own.hash(second, top));
                self.hashes += 1;
                let result = match self.hashes > self.max_hashes {
                    true => Err(Failure::TooManyHashes),
                    false => Ok(()),
                };
                (hash.unwrap_or(F::zero()), result)
            }
            _ => (F::zero(), Ok(())),
        }
    }

    /// What an instruction makes, computed with words of the field.
    #[inline(always)]
    fn made_of_any<W: Word>(
        &mut self,
        opcode: Opcode,
        argument: W,
        word: W,
        field: impl Fn(F) -> W,
        kept: impl Fn(W) -> F,
    ) -> Made<F> {
        let stack = self.topmost_as(|own| field(*own));
        let start = Start {
            stack,
            argument,
            word,
            pc: self.pc,
            frame: field(self.frame),
        };
        let mut cell = |address: W| field(self.found(address.to_u64()));
        let step = Step::of_any(opcode, start, &mut cell);
        let holds = step.holds(&opcode, stack, argument);
        if opcode.is_of_frame() {
            self.frame = kept(step.frame);
        }
        Made::of(step, holds).map(kept)
    }

    /// Does what a step makes, whether it may or not, and says what is wrong.
    #[inline(always)]
    fn apply(
        &mut self,
        opcode: Opcode,
        instruction: &Decoded<F>,
        [addresses, steps]: [usize; 2],
        made: Made<F>,
        tapes: Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut result = match self.stack.len() < PADDING + opcode.needs() {
            true => Err(Failure::Underflow),
            false => tapes,
        };
        if let Some(word) = made.new {
            match self.accessed {
                Some((address, _)) => {
                    // A trace has no more rows; without one, the number is of no matter.
                    let last = u32::try_from(steps).map_or(u32::MAX, |own| own.saturating_add(1));
                    self.memory.set(address, Cell { word, last });
                }
                None => result = result.and(Err(Failure::OutsideMemory)),
            }
        }
        if !made.holds {
            result = result.and(Err(Failure::Fault));
        }
        let following = self.pc + 1;
        self.pc = match made.target {
            Target::Following => following,
            Target::Argument | Target::Branch if !made.jumps => following,
            Target::Argument | Target::Branch => match instruction.target {
                Some(target) => target as usize,
                None => {
                    result = result.and(Err(Failure::Outside));
                    addresses
                }
            },
            Target::Top => {
                let top = self.stack.last().and_then(Word::to_u64);
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
                self.stack.push(made.result);
                self.max_depth = self.max_depth.max(self.stack.len());
                return result;
            }
            Effect::Keep => {}
            // On the empty stack in a trace past a failure only.
            Effect::Shrink if self.stack.len() == PADDING => {}
            Effect::Shrink => {
                self.stack.pop();
            }
        }
        let moved = [Some(made.result), made.second, made.third];
        for (word, moved) in self.stack.iter_mut().rev().zip(moved) {
            if let Some(moved) = moved {
                *word = moved;
            }
        }
        result
    }

    /// The words on the stack, from the bottom up.
    pub(super) fn stack(&self) -> &[F] {
        self.stack.get(PADDING..).unwrap_or(&[])
    }

    /// The number of words that the machine holds.
    #[inline]
    pub(super) fn words(&self) -> usize {
        self.depth() + self.tape.len() + self.memory.room()
    }

    /// Goes back to what it was before an instruction, given its state then but for what lies under the window.
    pub(super) fn undo(&mut self, before: &Before<F>) {
        self.stack.truncate(before.stack - PADDING);
        self.stack.extend(before.window.iter().rev());
        self.tape.truncate(before.tape);
        self.max_depth = before.max_depth;
        self.pc = before.pc;
        self.read = before.read;
        self.secrets = before.secrets;
        self.hashes = before.hashes;
        self.frame = before.frame;
        if let Some((address, cell)) = self.accessed.take() {
            self.memory.set(address, cell);
            self.memory.shrink(before.cells);
        }
    }

    /// What [`Machine::undo`] has to know.
    pub(super) fn before(&mut self) -> Before<F> {
        self.accessed = None;
        Before {
            window: self.topmost(),
            stack: self.stack.len(),
            tape: self.tape.len(),
            max_depth: self.max_depth,
            pc: self.pc,
            read: self.read,
            secrets: self.secrets,
            cells: self.memory.cells(),
            hashes: self.hashes,
            frame: self.frame,
        }
    }

    /// Executes an instruction, after so many steps.
    #[inline(always)]
    pub(super) fn execute(
        &mut self,
        instruction: &Decoded<F>,
        addresses: usize,
        steps: usize,
    ) -> Result<(), Failure> {
        (instruction.handler)(self, instruction, addresses, steps)
    }

    /// The word at the bottom of the stack, 0 if there is none.
    fn bottom(&self) -> F {
        let bottom = self.stack.get(PADDING);
        bottom.or(self.stack.last()).copied().unwrap_or(F::zero())
    }

    /// What the run gives, if it ends here after so many steps.
    pub(super) fn outcome(&self, steps: usize) -> Outcome<F> {
        Outcome {
            output: self.bottom(),
            steps,
            max_depth: self.max_depth - PADDING,
            rows: steps + self.depth().saturating_sub(1),
            tape: self.tape.clone(),
            cells: self.memory.cells(),
            hashes: self.hashes,
        }
    }

    /// That all that was given is used.
    pub(super) fn check_used(&self, steps: usize) -> Result<(), RunError> {
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
