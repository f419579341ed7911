#![no_main]

// Each target takes one of the functions.
#[expect(dead_code)]
#[path = "../entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entries::key_file(data));
