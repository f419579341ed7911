//! `stackvm profile`.

use halo2_proofs::halo2curves::bn256::Fr;
use serde_json::{Value, json};

use halo2_stack_vm::vm::{Profile, RunError};

use crate::Report;
use crate::arguments::ProfileArguments;
use crate::failure::Failure;
use crate::labels::Labels;
use crate::program_failure::StackWords;
use crate::source::RunRequest;
use crate::table::{Align, table};
use crate::text::{decimal, decimals};

pub fn profile(arguments: &ProfileArguments) -> Result<Report, Failure> {
    let request = RunRequest::read(&arguments.program, false)?;
    let failure = |error: RunError| request.failure(error, StackWords::Hidden);
    let profile = Profile::of(&request.job()).map_err(failure)?;
    let report = report(&profile, &request.labels);
    match profile.failure() {
        None => Ok(report),
        Some(error) => Err(failure(error.clone()).with_report(report).into()),
    }
}

/// Where the rows go, of a run that fails those up to there.
fn report(profile: &Profile<Fr>, labels: &Labels) -> Report {
    let outcome = profile.outcome();
    let ends = profile.failure().is_none();
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
        let label = labels.region(address);
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
    regions.sort_by_key(|region| std::cmp::Reverse(region.rows));
    let percent = |rows: u64| match profile.rows() {
        0 => 0.0,
        all => 100.0 * rows as f64 / all as f64,
    };
    let unwinding = profile.unwinding() as u64;
    let line = |label: &str, rows: u64, entered: String| {
        let percent = format!("{:.1}%", percent(rows));
        [label.into(), rows.to_string(), percent, entered]
    };
    let lines = || {
        let lines = regions.iter().map(|region| {
            let label = region.label.unwrap_or("(start)");
            line(label, region.rows, region.entered.to_string())
        });
        let unwinding = ends.then_some(("(unwinding)", unwinding));
        let others = unwinding
            .into_iter()
            .chain([("total", profile.rows() as u64)]);
        lines.chain(others.map(|(name, rows)| line(name, rows, String::new())))
    };
    let columns = [
        ("label", Align::Left),
        ("rows", Align::Right),
        ("percent", Align::Right),
        ("entered", Align::Right),
    ];
    let mut json = json!({
        "rows": profile.rows(),
        "steps": outcome.steps,
        "unwinding": unwinding,
        "labels": regions
            .iter()
            .map(|region| {
                json!({
                    "label": region.label,
                    "address": region.address,
                    "rows": region.rows,
                    "percent": percent(region.rows),
                    "entered": region.entered,
                })
            })
            .collect::<Value>(),
    });
    if ends {
        json["output"] = decimal(outcome.output).into();
        json["tape"] = decimals(&outcome.tape);
    }
    Report {
        text: table(&columns, lines),
        json,
    }
}
