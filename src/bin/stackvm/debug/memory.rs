//! The commands about the memory of a run.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::json;

use halo2_stack_vm::algebra::Word;
use halo2_stack_vm::vm::MAX_CELLS;

use super::{Debugger, quoted};
use crate::Report;
use crate::text::decimal;

impl Debugger<'_> {
    /// The address of a cell of the memory.
    fn cell(text: &str) -> Result<u32, String> {
        let address = text.parse().ok().filter(|own| (*own as usize) < MAX_CELLS);
        address.ok_or_else(|| {
            let last = MAX_CELLS - 1;
            let text = quoted(text);
            format!("`{text}` is no address of the memory: those are 0 to {last}")
        })
    }

    /// The cells that were accessed, or one.
    pub(super) fn memory(&self, argument: Option<&str>) -> Result<Report, String> {
        let state = self.session.state();
        let cells: Vec<_> = match argument {
            Some(text) => {
                let address = Self::cell(text)?;
                vec![(address, state.cell(address))]
            }
            None => state.memory().collect(),
        };
        let line = |(address, word): &(u32, Fr)| format!("{address}: {}", word.to_text());
        let lines: Vec<_> = cells.iter().map(line).collect();
        let json = cells.iter().map(|(address, word)| {
            let word = decimal(*word);
            json!({ "address": address, "word": word })
        });
        let mut report = Report {
            json: json!({ "memory": json.collect::<Vec<_>>() }),
            text: match lines.is_empty() {
                true => "no cell of the memory was accessed".into(),
                false => lines.join("\n"),
            },
        };
        if self.session.run().set().has_frame() {
            let frame = state.frame();
            report.json["frame"] = decimal(frame).into();
            report.text = format!("the frame begins at {}\n{}", frame.to_text(), report.text);
        }
        Ok(report)
    }

    pub(super) fn watch(&mut self, argument: Option<&str>) -> Result<Report, String> {
        let Some(text) = argument else {
            return Err("it is written `watch ADDRESS`: which cell is it to watch?".into());
        };
        let address = Self::cell(text)?;
        self.session.watch(address);
        Ok(Report {
            text: format!("it stops when cell {address} changes"),
            json: self.watched().json,
        })
    }

    pub(super) fn unwatch(&mut self, argument: Option<&str>) -> Result<Report, String> {
        match argument {
            None => {
                let all: Vec<_> = self.session.watched().collect();
                for address in all {
                    self.session.unwatch(address);
                }
            }
            Some(text) => {
                let address = Self::cell(text)?;
                if !self.session.unwatch(address) {
                    return Err(format!("cell {address} is not watched"));
                }
            }
        }
        Ok(self.watched())
    }

    /// The cells that are watched.
    fn watched(&self) -> Report {
        let watched: Vec<_> = self.session.watched().collect();
        let lines: Vec<_> = watched.iter().map(|own| format!("cell {own}")).collect();
        Report {
            text: match lines.is_empty() {
                true => "no cell is watched".into(),
                false => lines.join("\n"),
            },
            json: json!({ "watched": watched }),
        }
    }
}
