//! A line as an instruction, or as words of the memory.

use super::error::AsmErrorKind;
use super::expression::is_name;
use super::mnemonic::Mnemonic;
use super::names::Names;
use super::suggest::nearest;
use super::text::{Complaint, Located, Statement, Token, unescape};
use crate::algebra::Word;
use crate::isa::Opcode;
use crate::program::Instruction;
use crate::text::excerpt;

/// What a line is but for what comes before, an instruction, and the message that stands after it, as it is written.
type Read<'s, F> = (&'static [Opcode], Instruction<F>, Option<Located<'s>>);

impl<'s> Statement<'s> {
    /// Calls a function with each instruction that the line is, or that its words are, and with the last one the message that stands after
    /// it, as it is written. Or says what is wrong, and where.
    pub fn instructions<F: Word>(
        &self,
        names: &Names<'s, F>,
        mut each: impl FnMut(Instruction<F>, Option<Located<'s>>),
    ) -> Result<(), Complaint> {
        let word = |operand, place| names.word(operand, place).map(Some);
        self.data(word, |word| each(Instruction::data(word), None))?;
        if let Some((before, instruction, message)) = self.instruction(names)? {
            for opcode in before {
                each(Instruction::new(*opcode, F::zero()), None);
            }
            each(instruction, message);
        }
        Ok(())
    }

    /// The instruction of the line, if it has one, or what is wrong with it and where.
    fn instruction<F: Word>(&self, names: &Names<'s, F>) -> Result<Option<Read<'s, F>>, Complaint> {
        let Some((mnemonic, place)) = self.mnemonic.clone().filter(|_| self.is_instruction())
        else {
            return Ok(None);
        };
        let mut tokens = self.rest;
        let with_operand = !matches!(tokens.peek(), None | Some((Token::Message(_), _)));
        let Some(own) = Mnemonic::named(mnemonic, with_operand) else {
            return Err((self.unknown(mnemonic), place));
        };
        let (opcode, mnemonic) = (own.opcode, own.name);
        let argument = match (opcode.takes_argument(), tokens.peek()) {
            (true, None) => return Err((AsmErrorKind::MissingArgument { mnemonic }, place)),
            (true, Some((Token::Message(_), message))) => {
                tokens.next();
                return Err(match tokens.peek() {
                    None => (AsmErrorKind::MissingArgument { mnemonic }, place),
                    Some(_) => (AsmErrorKind::MessageFirst { mnemonic }, message),
                });
            }
            (true, Some(_)) => names.argument(own, &mut tokens)?,
            (false, _) => F::zero(),
        };
        let message = match tokens.peek() {
            Some((Token::Message(written), span)) => {
                tokens.next();
                let message = (written, span);
                unescape(&message)?;
                Some(message)
            }
            Some((Token::Unfinished, span)) => return Err((AsmErrorKind::UnfinishedMessage, span)),
            _ => None,
        };
        match tokens.span() {
            None => {
                let last = Instruction::new(opcode, argument);
                Ok(Some((own.before, last, message)))
            }
            Some(rest) => {
                let kind = match opcode.takes_argument() {
                    true => AsmErrorKind::ExtraWords { mnemonic },
                    false => AsmErrorKind::UnexpectedArgument { mnemonic },
                };
                Err((kind, rest))
            }
        }
    }

    /// What is wrong with a mnemonic that there is not.
    fn unknown(&self, mnemonic: &str) -> AsmErrorKind {
        let second = mnemonic.strip_suffix(':').unwrap_or(mnemonic);
        let colon = second.len() < mnemonic.len()
            || matches!(self.rest.peek(), Some((Token::Operand(":"), _)));
        if self.label.is_some() && colon && is_name(second) {
            return AsmErrorKind::SecondLabel;
        }
        AsmErrorKind::UnknownMnemonic {
            mnemonic: excerpt(mnemonic),
            suggestion: nearest(mnemonic),
        }
    }
}
