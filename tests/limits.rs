//! What files make the readers allocate, and how long they take: never more than twice the honest size,
//! which is the larger of the file and what it describes in memory. An instruction takes 40 bytes there,
//! which a text says in one or two; a compressed point twice its bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
#[cfg(all(unix, feature = "cli"))]
use std::io::{Seek, SeekFrom};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use halo2_proofs::poly::commitment::Params;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_stack_vm::asm::{self, AsmErrorKind, TinyRam};
use halo2_stack_vm::isa::InstructionSet;
use halo2_stack_vm::machine::{Binding, CircuitParams};
use halo2_stack_vm::program::{Instruction, Program};
use halo2_stack_vm::proof::Cost;
use halo2_stack_vm::proof::cache::{self, Cache};
use halo2_stack_vm::proof::file::{BackendName, FileError, ParametersKind, ProofFile};
use halo2_stack_vm::proof::kzg::KzgParams;
use halo2curves::bn256::{Bn256, Fr};
use peak_alloc::PeakAlloc;
use rand_core::OsRng;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What any file may take besides: tables of multiples of the generator, buckets of multi-scalar products.
const BESIDES: usize = 2 << 20;
/// No reader that takes a step or a few a byte takes so long, on any machine, for the sizes here; one
/// that takes quadratic time does.
const LONG: Duration = Duration::from_secs(10);
const MEGABYTE: usize = 1 << 20;

/// The counters are those of the process, so that only one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads something of an honest size; `held` bytes of it are in memory already.
fn measured<T>(name: &str, honest: usize, held: usize, read: impl FnOnce() -> T) -> T {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let start = Instant::now();
    let value = read();
    let time = start.elapsed();
    let peak = held + ALLOCATOR.peak_usage().saturating_sub(before);
    println!("{name:<46} {honest:>11} bytes: {peak:>11} at most, {time:>10.1?}");
    let allowed = 2 * honest + BESIDES;
    assert!(peak <= allowed, "{name}: {peak} bytes, of {allowed}");
    assert!(time < LONG, "{name}: {time:?}");
    value
}

fn repeated(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

/// A short name, another one for each number.
fn name(number: usize) -> String {
    let digit = |place: usize| char::from(b'k' + (number >> (4 * place) & 15) as u8);
    (0..4).map(digit).collect()
}

fn size_of_program(program: &Program<Fr>) -> usize {
    program.len() * size_of::<Instruction<Fr>>()
}

#[test]
fn assembly() {
    let _alone = alone();
    for piece in [
        "x",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\"",
        "#",
        "#\n",
        "\0",
        "é",
        "\u{a0}",
        "x\n",
        "push\n",
        "x \u{a0}y# \n",
        "a:",
        "a:\n",
        ".const\n",
        ".const a b\n",
        ".const a a\n",
        ".const a (\n",
        "push (",
        "nop \"\" ",
    ] {
        let text = repeated(piece, 16 * MEGABYTE);
        let read = || asm::assemble::<Fr>(&text);
        let result = measured(
            &format!("assembly: {piece:?}"),
            text.len(),
            text.len(),
            read,
        );
        match result {
            Ok(program) => assert!(program.is_empty()),
            Err(errors) => {
                assert!((1..=1000).contains(&errors.errors().len()));
                assert!(errors.to_string().len() < MEGABYTE);
            }
        }
    }

    // Arguments.
    let digits = 10_000_000;
    for (start, digit, is_word) in [
        ("push ", "9", false),
        ("push -", "9", false),
        ("push 0x", "f", false),
        ("push ", "0", true),
        ("push 0x", "0", true),
        ("push ", "z", false),
    ] {
        let text = format!("{start}{}", digit.repeat(digits));
        let name = format!("assembly: {start}{digit}...");
        let result = measured(&name, text.len(), text.len(), || asm::assemble::<Fr>(&text));
        assert_eq!(result.is_ok(), is_word, "{name}");
        if let Err(errors) = result {
            let kind = &errors.errors()[0].kind;
            let named = matches!(kind, AsmErrorKind::UndefinedName { .. });
            assert!(matches!(kind, AsmErrorKind::Number(_)) || named && digit == "z");
            assert!(errors.to_string().len() < 1000);
        }
    }

    // Expressions, which are evaluated as they are read.
    for (start, piece, end, is_word) in [
        ("push ", "1+", "1", true),
        ("push ", "-", "1", true),
        (".const a 1\npush ", "a*", "a", true),
        (".const a 1\n.const b ", "a-", "a\npush b", true),
        ("push ", "(", "1", false),
        ("push ", "(1)+", "1", true),
        ("push 1", ")", "", false),
        ("push 1", " 1", "", false),
        ("nop \"", "x", "\"", false),
        ("nop \"", "\\", "", false),
        ("nop \"", "\\u{", "}\"", false),
    ] {
        let text = format!("{start}{}{end}", repeated(piece, 8 * MEGABYTE));
        let name = format!("assembly: {start:?} {piece:?}...");
        let result = measured(&name, text.len(), text.len(), || asm::assemble::<Fr>(&text));
        assert_eq!(result.is_ok(), is_word, "{name}");
        if let Err(errors) = result {
            assert!(errors.to_string().len() < 1000);
        }
    }

    // Names: as many as there may be, and constants of which each takes what there is of parentheses and waits for the
    // next one, or uses all the others.
    let most = 1 << 13;
    let labels: String = (0..1 << 16).map(|i| format!("{}:\n", name(i))).collect();
    let constant = |i, value: String| format!(".const {} {value}\n", name(i));
    let nested = |i| format!("{}{}{}", "(".repeat(64), name(i), ")".repeat(64));
    let last = constant(most - 1, "1".into());
    let chain: String = (0..most - 1).map(|i| constant(i, nested(i + 1))).collect();
    let all: String = (0..most - 1).map(|i| format!("{}+", name(i))).collect();
    let user = constant(most, repeated(&all, 8 * MEGABYTE) + &name(0));
    let used = (0..most - 1)
        .map(|i| constant(i, name(i + 1)))
        .collect::<String>();
    let ring = constant(most - 1, name(0));
    let used_less = used
        .replacen(&constant(0, name(1)), "", 1)
        .replace(&name(0), &name(1));
    let texts = [
        ("labels", labels.clone(), true),
        ("a chain of constants", format!("{chain}{last}"), true),
        ("a ring of constants", format!("{used}{ring}"), false),
        (
            "many uses",
            format!("{used_less}{last}{}", user.replace(&name(0), &name(1))),
            true,
        ),
        ("too many labels", format!("{labels}{labels}"), false),
        (
            "labels again",
            labels.repeat(2).replace(&name(1), "x"),
            false,
        ),
    ];
    for (what, text, is_read) in texts {
        let name = format!("assembly: {what}");
        let result = measured(&name, text.len(), text.len(), || asm::assemble::<Fr>(&text));
        assert_eq!(result.is_ok(), is_read, "{name}: {result:?}");
    }

    // What a text says beside its program.
    let lines = 1 << 16;
    let text: String = (0..lines)
        .map(|i| format!("{}: nop \"\"\n", name(i)))
        .collect();
    let described = lines * (size_of::<Instruction<Fr>>() + size_of::<asm::Label>() + 4 + 32);
    let read = || asm::assemble_with_symbols::<Fr>(&text).unwrap();
    let read = measured("assembly: symbols", described, text.len(), read);
    assert_eq!(read.symbols.labels().len(), lines);
    assert_eq!(read.symbols.message(lines - 1), Some(""));

    // Honest programs, and one that goes wrong at its very end.
    for piece in ["nop\n", "push 1\n", "jump 1\n", "pop # of the last word\n"] {
        let mut text = repeated(piece, 8 * MEGABYTE);
        let instructions = text.len() / piece.len();
        let honest = text.len().max(instructions * size_of::<Instruction<Fr>>());
        let name = format!("assembly: honest {piece:?}");
        let read = || asm::assemble::<Fr>(&text).unwrap();
        assert_eq!(
            measured(&name, honest, text.len(), read).len(),
            instructions
        );
        text.push_str("psuh");
        let name = format!("assembly: damaged {piece:?}");
        let read = || asm::assemble::<Fr>(&text).unwrap_err();
        measured(&name, text.len(), text.len(), read);
    }
}

/// Lines of data, of which one may hold all there is.
#[test]
fn data() {
    let _alone = alone();
    for (start, piece, end, bytes_a_word) in [
        (".word ", "0,", "0", 2),
        ("", ".word 1\n", "", 8),
        (".bytes ", "255,", "0", 16),
        (".bytes ", "\"abcd\",", "\"\"", 7),
    ] {
        let text = format!("{start}{}{end}", repeated(piece, 8 * MEGABYTE));
        let words = text.len() / bytes_a_word;
        let honest = text.len().max(words * size_of::<Instruction<Fr>>());
        let name = format!("data: {start:?} {piece:?}...");
        let read = || asm::assemble::<Fr>(&text).unwrap();
        let program = measured(&name, honest, text.len(), read);
        assert!(program.len().abs_diff(words) < 8, "{}", program.len());
    }
    for (start, piece) in [(".word ", ","), (".word 1", " 1"), (".bytes ", "(")] {
        let text = format!("{start}{}", repeated(piece, 8 * MEGABYTE));
        let name = format!("data: {start:?} {piece:?}...");
        let read = || asm::assemble::<Fr>(&text).unwrap_err();
        let errors = measured(&name, text.len(), text.len(), read);
        assert!(errors.to_string().len() < 1000);
    }
}

/// Programs of TinyRAM: what they become is as large as is said, and what is none takes no room.
#[test]
fn programs_of_tinyram() {
    let _alone = alone();
    let header = "; TinyRAM V=2.000 M=hv W=16 K=2\n";
    for piece in ["read r0, r0\n", "answer 1\n", "smulh r0, r0, r1\n"] {
        let text = format!("{header}{}", piece.repeat(1 << 16));
        let mut lowered = 0;
        // Counted once before it is measured.
        if let Ok(TinyRam { program, .. }) = TinyRam::<Fr>::assemble(&text) {
            lowered = size_of_program(&program);
        }
        let name = format!("TinyRAM: {piece:?}");
        let read = || TinyRam::<Fr>::assemble(&text).unwrap();
        measured(&name, lowered, text.len(), read);
    }
    for piece in [
        "x",
        " ",
        "\n",
        ";\n",
        ":",
        ":\n",
        "_a:\n",
        "x\n",
        "mov r0 \n",
        "mov r0, ,",
        ",",
        "answer 1\n",
        "_",
        "r",
    ] {
        let text = format!("{header}{}", repeated(piece, 8 * MEGABYTE));
        let name = format!("TinyRAM: {piece:?}...");
        let read = || TinyRam::<Fr>::assemble(&text);
        let result = measured(&name, text.len(), text.len(), read);
        match result {
            Ok(program) => assert!(program.program.len() < 3),
            Err(errors) => assert!(errors.to_string().len() < MEGABYTE),
        }
    }
    let fields = format!("; TinyRAM {}", repeated("a=b ", 8 * MEGABYTE));
    let read = || TinyRam::<Fr>::assemble(&fields).unwrap_err();
    measured("TinyRAM: fields", fields.len(), fields.len(), read);
}

#[test]
fn json_programs() {
    let _alone = alone();
    let size = 16 * MEGABYTE;
    let number = "1".repeat(10_000_000);
    let hostile = [
        ("nothing", repeated("\0", size)),
        ("blanks", repeated(" ", size)),
        ("[[[", repeated("[", size)),
        ("[0,[0,", repeated("[0,", size)),
        ("{:{:", repeated("{\"\":", size)),
        ("[]][", format!("[{}0]", repeated("[[],[]],", size))),
        ("objects", format!("[{}0]", repeated("{\"a\":[1]},", size))),
        ("one string", format!("[\"{}\",0]", repeated("x", size))),
        ("a top string", format!("\"{}\"", repeated("x", size))),
        ("escapes", format!("[\"{}\",0]", repeated("\\n", size))),
        (
            "unicode escapes",
            format!("[1,\"{}\"]", repeated("\\u00e9", size)),
        ),
        (
            "commas in a string",
            format!("[\"{}\",0]", repeated(",", size)),
        ),
        (
            "unfinished string",
            format!("[\"{}", repeated("\\\"", size)),
        ),
        ("a long number", format!("[1,{number}]")),
        ("a long opcode", format!("[{number},1]")),
        ("a long number, quoted", format!("[1,\"{number}\"]")),
        ("a long fraction", format!("[1,0.{number}]")),
        ("a long exponent", format!("[1,1e{number}]")),
        ("a large exponent", "[1,1e999]".into()),
        ("nulls", format!("[{}null]", repeated("null,", size))),
        (
            "zeros, an odd number",
            format!("[{}0,0,0]", repeated("0,", size)),
        ),
        ("zeros, then nothing", repeated("0,", size)),
        ("zeros, no end", format!("[{}", repeated("0,", size))),
        (
            "one name again",
            format!("{{{}\"a\":0}}", repeated("\"a\":0,", size)),
        ),
    ];
    for (name, text) in hostile {
        let name = format!("JSON: {name}");
        let read = || asm::from_json::<Fr>(&text);
        let error = measured(&name, text.len(), text.len(), read).unwrap_err();
        assert!(error.to_string().len() < 1000, "{name}");
    }

    // Ten million zeros.
    let text = format!("[{}0]", "0,".repeat(9_999_999));
    let honest = 5_000_000 * size_of::<Instruction<Fr>>();
    let read = || asm::from_json::<Fr>(&text).unwrap();
    let program = measured("JSON: ten million zeros", honest, text.len(), read);
    assert_eq!(program.len(), 5_000_000);
}

/// A well-formed proof file with so many instructions.
fn proof_file(instructions: usize) -> ProofFile {
    proof_file_of(20, InstructionSet::FULL, instructions)
}

fn proof_file_of(k: u32, set: InstructionSet, instructions: usize) -> ProofFile {
    let circuit = CircuitParams::new(k, set, Binding::Public).unwrap();
    let program: Program<Fr> = (0..instructions)
        .map(|_| Instruction {
            opcode: 0,
            argument: Fr::zero(),
        })
        .collect();
    let program = program.canonical(set);
    ProofFile {
        backend: BackendName::Ipa,
        parameters: ParametersKind::Transparent,
        parameters_digest: [0; 32],
        key_digest: [0; 32],
        circuit,
        program_digest: program.digest(),
        program: Some(program),
        output: Fr::zero(),
        tape: vec![],
        proof: vec![0; Cost::of(circuit).ipa_proof_bytes],
    }
}

/// A proof file as it was written when a fixed program stood in it.
fn text_of_fixed(instructions: usize) -> String {
    let mut file = proof_file(instructions);
    let program = file.to_json();
    let program = program
        .lines()
        .find(|line| line.contains("\"program\""))
        .unwrap();
    let circuit = CircuitParams::new(20, InstructionSet::FULL, Binding::Fixed).unwrap();
    file.circuit = circuit;
    file.proof = vec![0; Cost::of(circuit).ipa_proof_bytes];
    file.to_json().replacen('{', &format!("{{\n{program}"), 1)
}

#[test]
fn proof_files() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.proof.json");
    let read = |name: &str, text: &str, described: usize| {
        fs::write(&path, text).unwrap();
        let name = format!("proof file: {name}");
        measured(&name, text.len().max(described), 0, || {
            ProofFile::read(&path)
        })
    };
    let refused = |name: &str, text: &str| {
        let error = read(name, text, 0).unwrap_err();
        assert!(
            error.to_string().len() < 1000,
            "{name}: {}",
            error.to_string().len()
        );
    };

    let size = 16 * MEGABYTE;
    for piece in ["x", " ", "\0", "[", "{", "{\"format\":", "\"", "\\"] {
        refused(
            &format!("{piece:?} again and again"),
            &repeated(piece, size),
        );
    }

    // Each field of an honest file as something large.
    let honest = proof_file(2).to_json();
    let size = 8 * MEGABYTE;
    for line in honest.lines().filter(|line| line.contains(':')) {
        let (name, value) = line.trim().split_once(": ").unwrap();
        let value = value.trim_end_matches(',');
        for (what, large) in [
            ("a long string", format!("\"{}\"", repeated("z", size))),
            (
                "a string of escapes",
                format!("\"{}\"", repeated("\\n", size)),
            ),
            ("digits", repeated("9", size)),
            ("quoted digits", format!("\"{}\"", repeated("9", size))),
            ("zeros", format!("[{}0]", repeated("0,", size))),
            ("pairs", format!("[{}[0,0]]", repeated("[0,\"\"],", size))),
            (
                "empty strings",
                format!("[{}\"\"]", repeated("\"\",", size)),
            ),
            (
                "words, and none at the end",
                format!("[{}0]", repeated("\"0\",", size)),
            ),
            ("nesting", repeated("[", size)),
        ] {
            let text = honest.replacen(&format!("{name}: {value}"), &format!("{name}: {large}"), 1);
            assert_ne!(text, honest);
            refused(&format!("{name} is {what}"), &text);
        }
    }
    refused(
        "a field again and again",
        &honest.replacen('{', &format!("{{{}", repeated("\"k\": 20,", size)), 1),
    );
    refused(
        "an unknown name",
        &honest.replacen('{', &format!("{{\"{}\":0,", repeated("z", size)), 1),
    );
    let unknown = (0..size / 16).fold(String::new(), |mut names, number| {
        write!(names, "\"{number}\":0,").unwrap();
        names
    });
    refused(
        "unknown names",
        &honest.replacen('{', &format!("{{{unknown}"), 1),
    );

    // Honest ones that are large.
    let instructions = 500_000;
    let large = proof_file(instructions);
    let text = large.to_json();
    let described = size_of_program(large.program.as_ref().unwrap());
    assert!(read("many instructions", &text, described).unwrap() == large);
    let mut large = proof_file(2);
    large.tape = vec![Fr::zero(); instructions];
    let text = large.to_json();
    let described = instructions * size_of::<Fr>();
    assert!(read("a long tape", &text, described).unwrap() == large);
    // A fixed program stands in old files.
    let fixed = text_of_fixed(instructions);
    let described = instructions * size_of::<Instruction<Fr>>();
    assert!(read("a fixed program", &fixed, described).is_ok());

    // What the circuit has no room for is refused before there is room for it, whatever the order of the fields.
    let small = proof_file_of(4, InstructionSet::STACK, 2).to_json();
    assert!(read("a small circuit", &small, 0).is_ok());
    let size = 8 * MEGABYTE;
    for (name, large) in [
        ("tape", format!("[{}\"0\"]", repeated("\"0\",", size))),
        (
            "program",
            format!("[{}[0,\"0\"]]", repeated("[0,\"0\"],", size)),
        ),
        ("proof", format!("\"{}\"", repeated("00", size))),
    ] {
        let mut lines: Vec<_> = small
            .lines()
            .map(|line| line.trim_end_matches(','))
            .collect();
        let start = format!("  \"{name}\": ");
        let at = lines
            .iter()
            .position(|own| own.starts_with(&start))
            .unwrap();
        let field = format!("{start}{large}");
        lines.remove(at);
        for at in 1..lines.len() {
            let mut lines = lines.clone();
            lines.insert(at, &field);
            let fields = lines[1..lines.len() - 1].join(",\n");
            let text = format!("{{{fields}}}");
            fs::write(&path, &text).unwrap();
            // A half more than the text.
            let honest = text.len() / 4 * 3;
            let name = format!("proof file: a {name} without room, as field {at}");
            let error = measured(&name, honest, 0, || ProofFile::read(&path)).unwrap_err();
            assert!(matches!(error, FileError::Contradiction(_)), "{error}");
        }
    }

    // More than any file has.
    let file = fs::File::create(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    let result = measured("proof file: a terabyte of holes", 0, 0, || {
        ProofFile::read(&path)
    });
    assert!(matches!(result, Err(FileError::TooLarge { .. })));
}

/// Powers in G1 and their Lagrange basis, 4 MiB together.
const SRS_K: u32 = 15;
/// The size of the parameters in a cache, which take longer to make.
const CACHE_K: u32 = 13;

/// A file of snarkjs with sections of these types and lengths, of which nothing is there.
fn ptau_of_holes(sections: &[(u32, u64)]) -> Vec<u8> {
    let mut bytes = b"ptau\x01\0\0\0".to_vec();
    bytes.extend((sections.len() as u32).to_le_bytes());
    for (kind, length) in sections {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(length.to_le_bytes());
    }
    bytes
}

#[test]
fn parameters() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("srs");

    // Short files that claim to be large.
    let lies = [
        24u32.to_le_bytes().to_vec(),
        u32::MAX.to_le_bytes().to_vec(),
        ptau_of_holes(&[(1, u64::MAX)]),
        ptau_of_holes(&[(2, 1 << 40), (3, 1 << 40)]),
        ptau_of_holes(&[(7, 0); 64]),
        ptau_of_holes(&[(7, 0); 1000]),
        b"ptau\x01\0\0\0\xff\xff\xff\xff".to_vec(),
    ];
    for (number, lie) in lies.iter().enumerate() {
        for extra in [0, 1000, 32 * MEGABYTE] {
            for byte in [0, 0xff] {
                let mut bytes = lie.clone();
                bytes.resize(lie.len() + extra, byte);
                fs::write(&path, &bytes).unwrap();
                let name = format!("parameters: lie {number}, {extra} times {byte}");
                let read = || KzgParams::from_srs(&path, 24);
                assert!(measured(&name, bytes.len(), 0, read).is_err());
            }
        }
    }

    // Files as large as they claim, of which nearly nothing is there.
    let mut good = vec![];
    let params = ParamsKZG::<Bn256>::setup(SRS_K, OsRng);
    params.write(&mut good).unwrap();
    let length = 4 + (128 << 24) + 256;
    let mut file = fs::File::create(&path).unwrap();
    file.set_len(length).unwrap();
    file.write_all(&24u32.to_le_bytes()).unwrap();
    file.write_all(&good[4..4 + 64 * 100]).unwrap();
    let read = || KzgParams::from_srs(&path, 24);
    let result = measured(
        "parameters: 2^24 powers, 100 there",
        length as usize,
        0,
        read,
    );
    assert!(result.is_err());
    drop(file);

    // Honest ones, damaged at the end, and cut.
    fs::write(&path, &good).unwrap();
    for k in [1, 4, SRS_K] {
        let name = format!("parameters: honest, k = {k} of {SRS_K}");
        let read = || KzgParams::from_srs(&path, k).unwrap();
        measured(&name, good.len(), 0, read);
    }
    let g2 = good.len() - 256;
    let last_power = 4 + (64 << SRS_K) - 64;
    for (what, at) in [
        ("secret", g2 + 200),
        ("power", last_power),
        ("basis", g2 - 64),
    ] {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let read = || KzgParams::from_srs(&path, SRS_K);
        assert!(measured(&format!("parameters: {what} damaged"), good.len(), 0, read).is_err());
    }
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    let read = || KzgParams::from_srs(&path, SRS_K);
    assert!(measured("parameters: cut", good.len(), 0, read).is_err());
}

/// The file with the checksum of what it holds.
fn forged(mut file: Vec<u8>) -> Vec<u8> {
    const START: usize = 60;
    const HEADER: usize = START + 32;
    let checksum = blake2b_simd::Params::new()
        .hash_length(32)
        .personal(b"StackVm.Cache")
        .to_state()
        .update(&file[..START])
        .update(&file[HEADER..])
        .finalize();
    file[START..HEADER].copy_from_slice(checksum.as_bytes());
    file
}

#[test]
fn cache_files() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path());
    cache.ipa(CACHE_K).unwrap();
    cache.insecure_dev(CACHE_K).unwrap();
    type Reader = fn(&[u8], u32) -> bool;
    let readers: [(&str, usize, Reader); 2] = [
        // Compressed points.
        ("ipa", 2, |bytes, k| {
            cache::read_ipa(Cursor::new(bytes), k).is_some()
        }),
        ("kzg-insecure-dev", 1, |bytes, k| {
            cache::read_insecure_dev(Cursor::new(bytes), k).is_some()
        }),
    ];
    for (kind, factor, read) in readers {
        let good = fs::read(folder.path().join(format!("{kind}-{CACHE_K}.params"))).unwrap();
        let described = factor * good.len();
        let read_as = |what: &str, bytes: &[u8], k: u32| {
            let name = format!("cache: {kind}, {what}");
            measured(&name, described, 0, || read(bytes, k))
        };
        assert!(read_as("honest", &good, CACHE_K));
        for k in [1, 24, u32::MAX] {
            assert!(!read_as(&format!("read as one of k = {k}"), &good, k));
        }
        assert!(!read_as("cut", &good[..good.len() - 1], CACHE_K));
        assert!(!read_as("header alone", &good[..92], CACHE_K));
        let start = good.len() - 64;
        for (what, at) in [("start", 100), ("end", start), ("length", 55)] {
            let mut damaged = good.clone();
            damaged[at] ^= 1;
            assert!(!read_as(&format!("{what} damaged"), &damaged, CACHE_K));
            assert!(!read_as(
                &format!("{what} forged"),
                &forged(damaged),
                CACHE_K
            ));
        }
    }
}

/// The command line under a limit of the system, with which an abort would be seen.
#[cfg(all(unix, feature = "cli"))]
#[test]
fn the_command_line_refuses_in_bounded_memory() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile");
    for (what, text) in [
        ("one line", repeated("x", 32 * MEGABYTE)),
        ("lines", repeated("x\n", 32 * MEGABYTE)),
        (
            "an argument",
            format!("push {}", repeated("9", 32 * MEGABYTE)),
        ),
        ("zeros", format!("[{}", repeated("0,", 32 * MEGABYTE))),
        ("brackets", repeated("[", 32 * MEGABYTE)),
        ("bytes", repeated("\u{7f}", 32 * MEGABYTE)),
    ] {
        fs::write(&path, &text).unwrap();
        for command in ["run", "verify"] {
            // The program itself, its threads' stacks, and twice the file.
            let limit = 320 * 1024;
            let start = Instant::now();
            let output = std::process::Command::new("sh")
                .args([
                    "-c",
                    &format!("ulimit -v {limit}; exec \"$0\" {command} \"$1\""),
                    env!("CARGO_BIN_EXE_stackvm"),
                ])
                .arg(&path)
                .env("RAYON_NUM_THREADS", "1")
                .output()
                .unwrap();
            let time = start.elapsed();
            println!("stackvm {command}, {what}: {time:.1?}");
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(2),
                "{command}, {what}: {message:.1000}"
            );
            assert!(message.contains("error") && message.len() < MEGABYTE);
            assert!(time < LONG, "{command}, {what}: {time:?}");
        }
    }
    // A file of holes.
    let mut file = fs::File::create(&path).unwrap();
    file.seek(SeekFrom::Start(1 << 40)).unwrap();
    file.write_all(b"x").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_stackvm"))
        .arg("verify")
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
