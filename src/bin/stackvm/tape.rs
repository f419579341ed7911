//! Which words of a public tape a run reads, and which it writes.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::Value;

use halo2_stack_vm::isa::{InstructionSet, Opcode, Target};
use halo2_stack_vm::program::Program;
use halo2_stack_vm::vm::{Inputs, Job, Trace};

use crate::text::decimal;

/// What a run does with each word of its tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeUse(Vec<Opcode>);

impl TapeUse {
    /// What a run did.
    pub fn of_run(trace: &Trace<Fr>) -> Self {
        let executed = trace.rows().iter().take(trace.steps());
        let opcodes = executed.map(|row| row.opcode);
        TapeUse(opcodes.filter(|own| own.uses_tape()).collect())
    }

    /// What every run of a program that leaves this tape does, in so many steps at most. Where it depends on private
    /// words, nobody but the prover knows.
    pub fn of_program(
        program: &Program<Fr>,
        set: InstructionSet,
        tape: &[Fr],
        steps: usize,
    ) -> Option<Self> {
        let opcodes = || {
            let instructions = program.instructions().iter();
            instructions.filter_map(|own| Opcode::from_code(own.opcode))
        };
        let uses = match opcodes().all(|own| own.target() == Target::Following) {
            // A straight line.
            true => {
                let executed = opcodes().take_while(|own| *own != Opcode::Halt);
                executed.filter(|own| own.uses_tape()).collect()
            }
            false if opcodes().any(|own| own == Opcode::Secret) => return None,
            false => Self::replayed(program, set, tape, steps)?,
        };
        (uses.len() == tape.len()).then_some(TapeUse(uses))
    }

    fn replayed(
        program: &Program<Fr>,
        set: InstructionSet,
        tape: &[Fr],
        steps: usize,
    ) -> Option<Vec<Opcode>> {
        let inputs = Inputs {
            public: tape.to_vec(),
            secret: vec![],
        };
        let job = Job::new(program, set, &inputs).whole_tape();
        let mut run = job.max_steps(steps as u64).stepper().ok()?;
        let mut uses = vec![];
        loop {
            let next = run.instructions().get(run.state().pc());
            let opcode = next.and_then(|own| Opcode::from_code(own.opcode));
            if !run.step().ok()? {
                return Some(uses);
            }
            uses.extend(opcode.filter(|own| own.uses_tape()));
        }
    }

    /// A list of `read` and `write`, as it stands in JSON.
    pub fn json(&self) -> Value {
        self.0.iter().map(|own| own.mnemonic()).collect()
    }
}

/// The tape in words: what was read and written, in order, if that is known.
pub fn tape_text(tape: &[Fr], uses: Option<&TapeUse>) -> String {
    /// More are in the JSON.
    const MOST: usize = 100;
    if tape.is_empty() {
        return "empty".into();
    }
    let mut text = String::new();
    let mut before = None;
    for (nth, word) in tape.iter().take(MOST).enumerate() {
        let own = uses.and_then(|uses| uses.0.get(nth));
        if own.is_some() && own != before {
            let verb = match own {
                Some(Opcode::Write) => "wrote",
                _ => "read",
            };
            text += if nth > 0 { ", " } else { "" };
            text += verb;
            text += " ";
        } else if nth > 0 {
            text += " ";
        }
        before = own;
        text += &decimal(*word);
    }
    if let Some(more) = tape.len().checked_sub(MOST).filter(|more| *more > 0) {
        text += &format!(" and {more} more, which --json lists");
    }
    if uses.is_none() {
        text += " (the program decides which were read and which written)";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_stack_vm::asm;

    fn used(source: &str, tape: &[u64]) -> Option<String> {
        let program = asm::assemble(source).unwrap();
        let tape: Vec<_> = tape.iter().copied().map(Fr::from).collect();
        let uses = TapeUse::of_program(&program, InstructionSet::FULL, &tape, 100)?;
        Some(tape_text(&tape, Some(&uses)))
    }

    #[test]
    fn a_verifier_knows_what_was_read_where_no_private_word_decides_it() {
        let straight = "read\nread\nadd\nwrite\nread\nsecret";
        assert_eq!(
            used(straight, &[3, 4, 7, 5]).unwrap(),
            "read 3 4, wrote 7, read 5"
        );
        let ends = "read\nhalt\nwrite";
        assert_eq!(used(ends, &[3]).unwrap(), "read 3");
        let counts = "read\ndup\nwrite\naddi -1\ndup\njnz 1\nread";
        assert_eq!(
            used(counts, &[2, 2, 1, 9]).unwrap(),
            "read 2, wrote 2 1, read 9"
        );
        let decided = "secret\njnz 4\nread\njump 6\npush 5\nwrite";
        assert_eq!(used(decided, &[5]), None);
        // What is none of the program's tapes, or takes more steps.
        assert_eq!(used(straight, &[3]), None);
        assert_eq!(used(counts, &[2, 2, 2]), None);
        assert_eq!(used("jump 0", &[]), None);
        assert_eq!(used("push 1", &[]).unwrap(), "empty");
    }

    #[test]
    fn a_long_tape_is_cut() {
        let tape = vec![Fr::from(7); 102];
        let text = tape_text(&tape, None);
        assert!(
            text.contains("7 7 and 2 more, which --json lists (the program"),
            "{text}"
        );
        assert_eq!(text.matches('7').count(), 100);
    }
}
