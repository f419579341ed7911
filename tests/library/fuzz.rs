//! The entry points that `fuzz/` fuzzes, without a fuzzer: the committed inputs, and mutations of
//! them that are the same in every run.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use super::entries;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, or 0.
    fn below(&mut self, bound: usize) -> usize {
        // The low bits are the worst ones.
        (self.next() >> 16) as usize % bound.max(1)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 32) as u8).collect()
    }

    /// A place to cut `bytes` at, and another one, not before it.
    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let longest = (bytes.len() - start).min(64);
        start..start + self.below(longest + 1)
    }

    /// An input made from those of the corpus.
    fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        if self.below(16) == 0 {
            let count = self.below(128);
            return self.bytes(count);
        }
        let mut input = corpus[self.below(corpus.len())].clone();
        // Mostly one damage: what has many is refused at the first.
        let damages = 1 + self.below(4) * self.below(3);
        for _ in 0..damages {
            self.damage(&mut input, corpus);
        }
        input
    }

    fn damage(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len());
        match self.below(8) {
            0 | 1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << (self.next() >> 61);
                }
            }
            2 => {
                const EDGES: &[u8] = b"\0\x01\x7f\x80\xff09afx\"-,[]{}#\n ";
                if let Some(byte) = input.get_mut(at) {
                    *byte = EDGES[self.below(EDGES.len())];
                }
            }
            3 => input.truncate(at),
            4 => {
                let count = 1 + self.below(8);
                let bytes = self.bytes(count);
                input.splice(at..at, bytes);
            }
            5 => {
                let range = self.range(input);
                input.drain(range);
            }
            6 => {
                let range = self.range(input);
                let copy = input[range].to_vec();
                input.splice(at..at, copy);
            }
            _ => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.range(other);
                let range = self.range(input);
                input.splice(range, other[from].iter().copied());
            }
        }
    }
}

/// The committed inputs of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // The order of a directory is the file system's.
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Replays the corpus, then runs as many mutations; a million in the long mode.
fn fuzz(target: &str, entry: fn(&[u8]), quick: u64) {
    let long = std::env::var_os("STACKVM_TEST_LONG").is_some();
    let runs = if long { 1_000_000 } else { quick };
    let run = |input: &[u8]| {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| entry(input))) {
            eprintln!("{target}: the input is {}", input.escape_ascii());
            panic::resume_unwind(panic);
        }
    };
    let corpus = corpus(target);
    assert!(corpus.len() >= 10);
    for input in &corpus {
        run(input);
    }
    // Other numbers give other mutations.
    let seed = std::env::var("STACKVM_FUZZ_SEED").map_or(0, |own| own.parse().expect("a number"));
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    for done in 1..=runs {
        run(&random.input(&corpus));
        // The slow targets take hours.
        if long && done % 1000 == 0 {
            println!("{target}: {done} runs so far");
        }
    }
    println!(
        "{target}: {} inputs of the corpus, {runs} runs",
        corpus.len()
    );
}

#[test]
fn assembler() {
    fuzz("assembler", entries::assembler, 20_000);
}

#[test]
fn json_program() {
    fuzz("json_program", entries::json_program, 20_000);
}

#[test]
fn proof_file() {
    fuzz("proof_file", entries::proof_file, 1_000);
}

#[test]
fn proof_bytes() {
    fuzz("proof_bytes", entries::proof_bytes, 500);
}

#[test]
fn key_file() {
    fuzz("key_file", entries::key_file, 3_000);
}

#[test]
fn parameters() {
    fuzz("parameters", entries::parameters, 2_000);
}

/// The committed files of a cache where a cache keeps them: on the disk.
#[test]
fn parameters_on_disk() {
    let files = corpus("parameters");
    let files = files.iter().filter(|file| file.starts_with(b"SVMCACHE"));
    let on_disk = files.map(|file| entries::cached_on_disk(file)).count();
    assert!(on_disk >= 3);
}

#[test]
fn differential() {
    fuzz("differential", entries::differential, 10_000);
}
