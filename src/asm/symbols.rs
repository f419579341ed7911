//! What a text says of its program, beside the program.

/// A name for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The name.
    pub name: String,
    /// The address.
    pub address: usize,
}

/// The labels of a program, and the lines and messages of its instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    pub(super) labels: Vec<Label>,
    pub(super) lines: Vec<u32>,
    /// With the addresses, in order.
    pub(super) messages: Vec<(usize, String)>,
}

impl Symbols {
    /// The labels, in the order of their addresses.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The address that a label names.
    pub fn address(&self, name: &str) -> Option<usize> {
        let label = self.labels.iter().find(|label| label.name == name);
        label.map(|label| label.address)
    }

    /// The first label of an address.
    pub fn label_at(&self, address: usize) -> Option<&str> {
        let first = self.labels.partition_point(|label| label.address < address);
        let label = self.labels.get(first)?;
        (label.address == address).then_some(label.name.as_str())
    }

    /// The last label at or before an address: the part of the program that it belongs to.
    pub fn region(&self, address: usize) -> Option<&Label> {
        let after = self
            .labels
            .partition_point(|label| label.address <= address);
        let last = self.labels.get(after.checked_sub(1)?)?;
        // Of several labels at one address, the first.
        let first = self
            .labels
            .partition_point(|label| label.address < last.address);
        self.labels.get(first)
    }

    /// The line of the instruction at an address, counted from 1.
    pub fn line(&self, address: usize) -> Option<usize> {
        self.lines.get(address).map(|line| *line as usize)
    }

    /// The message that stands after the instruction at an address, to be shown where it fails. It may have any
    /// character, those that command a terminal included.
    pub fn message(&self, address: usize) -> Option<&str> {
        // Of several instructions that are written as one, the last has the message.
        let place = self.messages.partition_point(|(place, _)| *place < address);
        let (last, text) = self.messages.get(place)?;
        (self.lines.get(*last) == self.lines.get(address)).then_some(text.as_str())
    }
}
