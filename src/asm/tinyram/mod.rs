//! Programs of TinyRAM, the machine whose runs were the first to be proved succinctly, as programs of this one.
//!
//! E. Ben-Sasson, A. Chiesa, D. Genkin, E. Tromer, M. Virza, *TinyRAM Architecture Specification*, v2.000: 29 instructions, K registers
//! and memory of words of W bits, a flag, a primary tape, which is public, and an auxiliary one, which is the prover's.
//!
//! ```text
//! ; TinyRAM V=2.000 M=hv W=32 K=16
//!         read r1, 0          ; the first word of the primary tape
//! _loop:  cmpe r1, 0
//!         cjmp _end
//!         add r0, r0, r1
//!         sub r1, r1, 1
//!         jmp _loop
//! _end:   answer r0
//! ```
//!
//! The first line is as above: `M` is `hv`, where addresses count instructions, or `vn`, where they count bytes, 2 W / 8 an instruction;
//! `W` is 16 or 32. A line has a label, which begins with `_`, an instruction, both or none. `;` begins a comment. Operands stand
//! with commas between: registers `r0`, `r1`, ..., and in the last place (in the first of `store.b` and `store.w`) also a number or a label.
//!
//! Registers, flag and memory are cells of this machine's memory, a word a cell, and each instruction is some of this machine's:
//! [`lower`] has them all. What differs from the specification:
//!
//! - The program is not in the memory, with `vn` neither: all words there are 0 at first, and what is stored is not executed.
//! - The memory has the cells that the circuit has rows, less those of the program, its tables and its registers, and an access beyond them is
//!   an error.
//! - A program counter that leaves the program is an error, as is an address of `vn` that is none of an instruction's.
//! - A tape that the program reads begins with the number of words that follow: [`TinyRam::inputs`] puts it there. All of it is taken, and of the
//!   primary one stated, what the program leaves unread too; a word there that has more than W bits is an error. A tape that no
//!   instruction reads has to be empty.

mod code;
mod lower;
mod tapes;
mod text;

use super::{AsmErrors, Symbols, misleading};
use crate::algebra::Word;
use crate::program::Program;
use crate::vm::Inputs;

/// A program of TinyRAM for this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TinyRam<F> {
    /// The program.
    pub program: Program<F>,
    /// Its labels, the lines of its instructions in the text of TinyRAM, and messages.
    pub symbols: Symbols,
    /// Whether it reads the primary tape, and whether it reads the auxiliary one.
    pub reads: [bool; 2],
}

impl<F: Word> TinyRam<F> {
    /// Whether a text says in its first line that it is a program of TinyRAM.
    pub fn is_program(source: &str) -> bool {
        text::is_header(source)
    }

    /// Reads a program.
    ///
    /// ```
    /// use halo2_stack_vm::asm::TinyRam;
    /// use halo2_stack_vm::vm::{Inputs, Job};
    /// use halo2curves::bn256::Fr;
    ///
    /// let program = TinyRam::<Fr>::assemble("; TinyRAM V=2.000 M=hv W=32 K=4\nread r0, 0\nmull r0, r0, 6\nanswer r0")?;
    /// let given = Inputs { public: vec![Fr::from(7)], secret: vec![] };
    /// let inputs = program.inputs(given);
    /// let job = Job::new(&program.program, program.program.smallest_set(), &inputs);
    /// assert_eq!(job.run()?.output, Fr::from(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AsmErrors`], with the first error of every line that has one, up to the thousandth.
    pub fn assemble(source: &str) -> Result<Self, AsmErrors> {
        // What a reader is shown is what is executed.
        if let Some(misleading) = misleading(source) {
            return Err(AsmErrors::new(vec![misleading]));
        }
        Ok(lower::lower(&text::parse(source)?))
    }

    /// What a run is given: each tape that the program reads, with the number of its words before it.
    pub fn inputs(&self, tapes: Inputs<F>) -> Inputs<F> {
        tapes.counted(self.reads)
    }
}
