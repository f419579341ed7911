//! `stackvm profile`.

use serde_json::{Value, json};

use halo2_stack_vm::vm::Profile;

use crate::Report;
use crate::arguments::ProfileArguments;
use crate::failure::Failure;
use crate::source::RunRequest;
use crate::table::{Align, table};
use crate::text::{decimal, decimals};

pub fn profile(arguments: &ProfileArguments) -> Result<Report, Failure> {
    let request = RunRequest::read(&arguments.program, false)?;
    let profile = Profile::of(&request.job()).map_err(|error| request.labels.failure(error))?;
    if let Some(error) = profile.failure() {
        return Err(request.labels.failure(error.clone()));
    }
    let outcome = profile.outcome();
    /// The instructions from a label to the next one.
    struct Region<'a> {
        label: Option<&'a str>,
        address: usize,
        rows: u64,
        /// How often the first of them was executed.
        entered: u64,
    }
    let mut regions: Vec<Region> = vec![];
    for (address, steps) in profile.steps().iter().enumerate() {
        let label = request.labels.region(address);
        match regions.last_mut().filter(|last| last.label == label) {
            Some(last) => last.rows += steps,
            None => regions.push(Region {
                label,
                address,
                rows: *steps,
                entered: *steps,
            }),
        }
    }
    // Those with as many rows stay in the order of the program.
    regions.sort_by_key(|own| std::cmp::Reverse(own.rows));
    let percent = |rows: u64| match outcome.rows {
        0 => 0.0,
        all => 100.0 * rows as f64 / all as f64,
    };
    let unwinding = profile.unwinding() as u64;
    let line = |label: &str, rows: u64, entered: String| {
        let percent = format!("{:.1}%", percent(rows));
        [label.into(), rows.to_string(), percent, entered]
    };
    let lines = || {
        let lines = regions.iter().map(|own| {
            let label = own.label.unwrap_or("(start)");
            line(label, own.rows, own.entered.to_string())
        });
        let others = [("(unwinding)", unwinding), ("total", outcome.rows as u64)];
        lines.chain(others.map(|(name, rows)| line(name, rows, String::new())))
    };
    let columns = [
        ("label", Align::Left),
        ("rows", Align::Right),
        ("percent", Align::Right),
        ("entered", Align::Right),
    ];
    let json = json!({
        "rows": outcome.rows,
        "steps": outcome.steps,
        "unwinding": unwinding,
        "labels": regions
            .iter()
            .map(|own| {
                json!({
                    "label": own.label,
                    "address": own.address,
                    "rows": own.rows,
                    "percent": percent(own.rows),
                    "entered": own.entered,
                })
            })
            .collect::<Value>(),
        "output": decimal(outcome.output),
        "tape": decimals(&outcome.tape),
    });
    Ok(Report {
        text: table(&columns, lines),
        json,
    })
}
