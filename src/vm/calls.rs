//! The calls that a run is in.

/// The calls of a run that have not returned: the addresses of their `call` instructions.
///
/// The machine itself knows no calls: `call` pushes an address, and `ret` goes to whichever address is on top. So this
/// is read off what is executed. A `ret` ends the last call that it can have come from, and those made after it; one
/// that leads elsewhere is a jump. There are never more calls than words on the stack, for each has left one there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStack {
    calls: Vec<usize>,
}

/// How many calls a `ret` is looked for in, so that it takes bounded time.
const MOST_SEARCHED: usize = 64;

impl CallStack {
    /// The number of calls.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether the run is in no call.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The addresses of the `call` instructions, the last call first.
    pub fn innermost_first(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.calls.iter().rev().copied()
    }

    /// The `call` at this address is executed.
    pub(super) fn call(&mut self, address: usize) {
        self.calls.push(address);
    }

    /// A `ret` leads to this address.
    pub(super) fn ret(&mut self, address: usize) {
        let last = self.calls.iter().rev().take(MOST_SEARCHED);
        let ended = last.map(|call| call + 1).position(|next| next == address);
        if let Some(after) = ended {
            self.calls.truncate(self.calls.len() - after - 1);
        }
    }

    /// The stack has so many words now.
    #[inline]
    pub(super) fn bound(&mut self, depth: usize) {
        self.calls.truncate(depth);
    }
}

#[cfg(test)]
mod tests {
    use halo2curves::bn256::Fr;

    use crate::asm::assemble;
    use crate::isa::InstructionSet;
    use crate::vm::{Inputs, Job, Stepper};

    /// Makes all steps that can be made, and calls a function with each state.
    fn make_steps(source: &str, mut see: impl FnMut(&Stepper<'_, Fr>)) {
        let program = assemble(source).unwrap();
        let inputs = Inputs::none();
        let job = Job::new(&program, InstructionSet::FULL, &inputs).max_steps(10_000);
        let mut stepper = job.stepper().unwrap();
        see(&stepper);
        while stepper.step() == Ok(true) {
            see(&stepper);
        }
    }

    /// The calls of a run when it ends or fails.
    fn last_calls(source: &str) -> Vec<usize> {
        let mut calls = vec![];
        make_steps(source, |stepper| {
            calls = stepper.state().calls().innermost_first().collect();
        });
        calls
    }

    #[test]
    fn calls_end_where_they_return() {
        let mut seen = vec![];
        let source = "push 2\ncall square\njump end\nsquare: swap\ncall double\nswap\nret\n\
                      double: swap\nmuli 2\nswap\nret\nend:";
        make_steps(source, |stepper| {
            let state = stepper.state();
            assert_eq!(state.calls().len(), state.calls().innermost_first().count());
            seen.push(state.calls().innermost_first().collect::<Vec<_>>());
        });
        let expected: [&[usize]; 13] = [
            &[],
            &[],
            &[1],
            &[1],
            &[4, 1],
            &[4, 1],
            &[4, 1],
            &[4, 1],
            &[1],
            &[1],
            &[],
            &[],
            &[],
        ];
        assert_eq!(seen[..expected.len() - 1], expected[..expected.len() - 1]);
        assert!(seen.last().unwrap().is_empty());
    }

    #[test]
    fn a_failure_is_in_its_calls() {
        assert_eq!(
            last_calls("call f\nhalt\nf: call g\nret\ng: push 0\ninv"),
            [2, 0]
        );
        // Of a recursion, each.
        let calls =
            last_calls("push 3\ncall f\nhalt\nf: swap\naddi -1\ndup\ninv\npop\ncall f\nret");
        assert_eq!(calls, [8, 8, 1]);
    }

    #[test]
    fn what_is_no_return_ends_no_call() {
        // A `ret` that goes elsewhere, and one past a call that was left by dropping its word.
        assert_eq!(
            last_calls("push 0\ncall f\nf: push 4\nret\ninv\npush 0\ninv"),
            [1]
        );
        let left = "push 7\ncall f\npush 0\ninv\nf: push 9\ncall g\ng: pop\npop\nret";
        assert!(last_calls(left).is_empty());
    }

    #[test]
    fn there_are_no_more_calls_than_words() {
        // It pushes its own address and drops it again, for ever.
        make_steps("a: call b\nb: pop\njump a", |stepper| {
            let state = stepper.state();
            assert!(state.calls().len() <= state.stack().len());
            assert_eq!(state.calls().is_empty(), state.stack().is_empty());
        });
    }
}
