//! The floor plan of `ARCHITECTURE.md`: who may use whom, who may name halo2, and how long a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The library's modules: each uses those before it alone.
const FLOORS: &[&str] = &[
    "text", "algebra", "air", "poseidon", "isa", "program", "json", "vm", "asm", "machine",
    "halo2", "proof",
];

/// The modules that may name halo2.
const NAME_HALO2: &[&str] = &["halo2", "proof"];

/// The most lines of a file.
const LONGEST: usize = 600;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // Tests that stand in files of their own.
            if !path.ends_with("tests") {
                all.extend(files(&path));
            }
        } else if path.extension().is_some_and(|own| own == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// The code of a file without its comments and its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The files of each module of the library.
fn modules() -> BTreeMap<String, Vec<PathBuf>> {
    let mut modules: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in files(&source()) {
        let inside = path.strip_prefix(source()).unwrap().to_owned();
        let first = inside.components().next().unwrap();
        let name = Path::new(first.as_os_str()).file_stem().unwrap();
        let name = name.to_str().unwrap().to_owned();
        if !["bin", "lib"].contains(&name.as_str()) {
            modules.entry(name).or_default().push(path);
        }
    }
    modules
}

/// The modules that a code names after `crate::`.
fn used(code: &str) -> BTreeSet<String> {
    let pieces = code.split("crate::").skip(1);
    let name = |piece: &str| -> String {
        let letters = piece
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
        letters.collect()
    };
    pieces.map(name).filter(|own| !own.is_empty()).collect()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let modules = modules();
    let floor = |name: &str| FLOORS.iter().position(|own| *own == name);
    let mut seen = 0;
    for (name, files) in &modules {
        let own = floor(name).unwrap_or_else(|| panic!("{name} has no floor"));
        for path in files {
            for other in used(&code(path)) {
                let Some(other_floor) = floor(&other) else {
                    // A macro, or an item of the crate's root.
                    assert!(!modules.contains_key(&other), "{other}");
                    continue;
                };
                seen += 1;
                assert!(other_floor <= own, "{} uses {other}", path.display());
            }
        }
    }
    assert!(seen > 50, "{seen} uses were seen");
}

#[test]
fn halo2_is_named_where_it_may_be() {
    let mut named = BTreeSet::new();
    for (name, files) in modules() {
        for path in files {
            let code = code(&path);
            if code.contains("halo2_proofs") || code.contains("halo2curves") {
                let may = NAME_HALO2.contains(&name.as_str());
                assert!(may, "{} names halo2", path.display());
                named.insert(name.clone());
            }
        }
    }
    assert!(
        named.contains("halo2") && named.contains("proof"),
        "{named:?}"
    );
}

#[test]
fn no_file_is_too_long() {
    let mut counted = 0;
    for path in files(&source()) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
        counted += 1;
    }
    assert!(counted > 40);
}
