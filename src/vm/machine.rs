//! The machine: a program as it is executed, the state of a run, and one step of it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::memory::{Cell, Memory};
use super::step::Step;
use super::{Inputs, Outcome, RunError};
use crate::algebra::Word;
use crate::isa::{Effect, InstructionSet, Opcode, Operation, Specialised, Target};
use crate::program::Instruction;

/// What executes an instruction: on a machine, in a program of so many instructions, after so many steps.
type Handler<F> =
    for<'m, 'a, 'i> fn(&'m mut Machine<'a, F>, &'i Decoded<F>, usize, usize) -> Result<(), Failure>;

/// What executes each instruction, compiled for it.
struct Handlers<F>(PhantomData<F>);

impl<F: Word> Specialised for Handlers<F> {
    type Output = Handler<F>;

    #[inline(always)]
    fn call<O: Operation>(self) -> Handler<F> {
        execute::<F, O>
    }
}

/// An instruction that is ready to be executed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoded<F> {
    /// `None` if the set has no such instruction.
    pub(super) opcode: Option<Opcode>,
    handler: Handler<F>,
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
}

impl<F: Word> Decoded<F> {
    /// An instruction of a program of so many, `None` if the set has no such; one that is skipped where a run goes on
    /// regardless.
    pub(super) fn new(opcode: Option<Opcode>, argument: F, addresses: usize) -> Self {
        let target = opcode
            .filter(|own| own.takes_address())
            .and_then(|_| argument.to_u64())
            .filter(|target| *target <= addresses as u64)
            .and_then(|target| u32::try_from(target).ok());
        Decoded {
            opcode,
            handler: opcode
                .unwrap_or(Opcode::IDLE)
                .specialise(Handlers(PhantomData)),
            argument,
            target,
        }
    }
}

impl<F: Word> Code<F> {
    /// A program that may use a set's instructions, for a machine that computes with `words`.
    pub(super) fn new<O: Word>(
        instructions: &[Instruction<O>],
        set: InstructionSet,
        words: impl Fn(O) -> F,
    ) -> Self {
        let decode = |instruction: &Instruction<O>| {
            let opcode = set.decode(instruction.opcode);
            Decoded::new(opcode, words(instruction.argument), instructions.len())
        };
        let instructions: Vec<Decoded<F>> = instructions.iter().map(decode).collect();
        let image = match set.has_memory() {
            true => instructions.iter().map(|own| own.argument).collect(),
            false => Arc::default(),
        };
        Code {
            image,
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
    /// The cell that the last step accessed, as it was before.
    pub(super) accessed: Option<(u32, Cell<F>)>,
}

/// The zeros under a stack.
const PADDING: usize = InstructionSet::MAX_WINDOW;

/// Does what an instruction says, whether it may or not, and says what is wrong.
fn execute<F: Word, O: Operation>(
    machine: &mut Machine<'_, F>,
    instruction: &Decoded<F>,
    addresses: usize,
    steps: usize,
) -> Result<(), Failure> {
    let opcode = O::OPCODE;
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
    let step = Step::of::<O>(
        &machine.stack,
        instruction.argument,
        word,
        machine.pc,
        |address| {
            let place = Memory::address(&address);
            machine.accessed = place.map(|place| (place, machine.memory.cell(place)));
            machine.accessed.map_or(F::zero(), |(_, cell)| cell.word)
        },
    );
    if let Some(access) = &step.access {
        match machine.accessed {
            Some((address, _)) => {
                let word = access.new;
                // A trace has no more rows; without one, the number is of no matter.
                let last = u32::try_from(steps).map_or(u32::MAX, |own| own.saturating_add(1));
                machine.memory.set(address, Cell { word, last });
            }
            None => result = result.and(Err(Failure::OutsideMemory)),
        }
    }
    if opcode.fault().is_some() && !step.holds::<O>(&machine.stack, instruction.argument) {
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
        // On the empty stack in a trace past a failure only.
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

/// What an instruction can change of a machine, as it was before it.
pub(super) struct Before<F> {
    window: [F; InstructionSet::MAX_WINDOW],
    stack: usize,
    tape: usize,
    max_depth: usize,
    pc: usize,
    read: usize,
    secrets: usize,
    cells: usize,
}

impl<'a, F: Word> Machine<'a, F> {
    pub(super) fn new(code: &Code<F>, inputs: &'a Inputs<F>, whole_tape: bool) -> Self {
        Machine {
            inputs,
            whole_tape,
            stack: vec![F::zero(); PADDING],
            max_depth: PADDING,
            pc: 0,
            read: 0,
            secrets: 0,
            tape: vec![],
            memory: Memory::new(code.image.clone()),
            accessed: None,
        }
    }

    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.stack.len() - PADDING
    }

    /// The topmost words, from the top down.
    pub(super) fn window(&self) -> [F; InstructionSet::MAX_WINDOW] {
        let mut window = [F::zero(); InstructionSet::MAX_WINDOW];
        for (word, own) in window.iter_mut().zip(self.stack.iter().rev()) {
            *word = *own;
        }
        window
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
        if let Some((address, cell)) = self.accessed.take() {
            self.memory.set(address, cell);
            self.memory.shrink(before.cells);
        }
    }

    /// What [`Machine::undo`] has to know.
    pub(super) fn before(&mut self) -> Before<F> {
        self.accessed = None;
        Before {
            window: self.window(),
            stack: self.stack.len(),
            tape: self.tape.len(),
            max_depth: self.max_depth,
            pc: self.pc,
            read: self.read,
            secrets: self.secrets,
            cells: self.memory.cells(),
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
