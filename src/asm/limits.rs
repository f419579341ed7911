//! How much of a text is read.

/// The most labels that a text may define.
pub(super) const MOST_LABELS: usize = 1 << 16;

/// The most constants: while they are evaluated, each takes several times the room of its line.
pub(super) const MOST_CONSTANTS: usize = 1 << 13;

/// The most characters of a name.
pub(super) const LONGEST_NAME: usize = 100;

/// The most parentheses inside each other.
pub(super) const MOST_NESTED: usize = 64;

/// The most characters of a message.
pub(super) const LONGEST_MESSAGE: usize = 200;

/// The most errors of a text that are looked for: an error takes more room than the line it is in.
pub(super) const MOST_ERRORS: usize = 1000;

/// The most registers of a program of TinyRAM.
pub(super) const MOST_REGISTERS: u64 = 256;

/// The most instructions of a program of TinyRAM: each becomes up to 40 of this machine's, which take more than a hundred times the
/// room of its text.
pub(super) const MOST_INSTRUCTIONS: usize = 1 << 16;
