//! A line as an instruction.

use super::error::AsmErrorKind;
use super::expression::is_name;
use super::names::Names;
use super::suggest::nearest;
use super::text::{Complaint, Located, Statement, Token, unescape};
use crate::algebra::Word;
use crate::isa::Opcode;
use crate::program::Instruction;
use crate::text::excerpt;

/// An instruction, and the message that stands after it, as it is written.
pub(super) type Read<'s, F> = (Instruction<F>, Option<Located<'s>>);

impl<'s> Statement<'s> {
    /// The instruction of the line, if it has one, or what is wrong with it and where.
    pub fn instruction<F: Word>(
        &self,
        names: &Names<'s, F>,
    ) -> Result<Option<Read<'s, F>>, Complaint> {
        let Some((mnemonic, place)) = self.mnemonic.clone().filter(|_| self.is_instruction())
        else {
            return Ok(None);
        };
        let mut tokens = self.rest;
        let opcode = match Opcode::from_mnemonic(mnemonic) {
            Some(opcode) => opcode,
            None => return Err((self.unknown(mnemonic), place)),
        };
        let argument = match (opcode.takes_argument(), tokens.peek()) {
            (true, None) => return Err((AsmErrorKind::MissingArgument { opcode }, place)),
            (true, Some((Token::Message(_), message))) => {
                tokens.next();
                return Err(match tokens.peek() {
                    None => (AsmErrorKind::MissingArgument { opcode }, place),
                    Some(_) => (AsmErrorKind::MessageFirst { opcode }, message),
                });
            }
            (true, Some(_)) => names.argument(opcode, &mut tokens)?,
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
            None => Ok(Some((Instruction::new(opcode, argument), message))),
            Some(rest) => {
                let kind = match opcode.takes_argument() {
                    true => AsmErrorKind::ExtraWords { opcode },
                    false => AsmErrorKind::UnexpectedArgument { opcode },
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
