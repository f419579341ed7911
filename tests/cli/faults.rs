//! Faults while files are written: a full disk, a killed process, several processes at once. At every
//! moment there is the old file or the new one, whole.
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const STACKVM: &str = env!("CARGO_BIN_EXE_stackvm");
/// How the name of a file begins that is being written.
const UNFINISHED: &str = ".unfinished-stackvm-";
const DEV: &str = "--backend kzg --insecure-dev-srs";

/// A folder with two programs, a home with a cache in it, and a folder for temporary files.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Desk(tempfile::tempdir().unwrap());
        fs::create_dir(desk.path("home")).unwrap();
        fs::create_dir(desk.path("tmp")).unwrap();
        fs::write(desk.path("old.svm"), "push 3\npush 6\nmul\n").unwrap();
        fs::write(desk.path("new.svm"), "push 5\npush 7\nadd\n").unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command
            .current_dir(self.0.path())
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("home/cache"))
            .env("TMPDIR", self.path("tmp"))
            // Many processes on few cores.
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(STACKVM);
        command.args(arguments.split_whitespace());
        self.at_home(command)
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `stackvm` such that no file can have more than so many blocks. What writes more gets an
    /// error, or is killed by a signal where it stands.
    fn limited(&self, blocks: usize, killed: bool, arguments: &str) -> Output {
        let trap = if killed { "" } else { "trap '' XFSZ;" };
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!("ulimit -c 0; ulimit -f {blocks}; {trap} exec '{STACKVM}' {arguments}"),
        ]);
        self.at_home(shell).output().unwrap()
    }

    fn succeeds(&self, arguments: &str) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {}", stderr(&output));
    }

    /// An old proof file, and its bytes.
    fn old_proof(&self) -> Vec<u8> {
        self.succeeds("prove old.svm -o a.proof.json");
        fs::read(self.path("a.proof.json")).unwrap()
    }

    /// Whether the file at a path is the old proof; if not, it is a whole new one.
    fn is_old(&self, path: &str, old: &[u8]) -> bool {
        if fs::read(self.path(path)).unwrap() == old {
            return true;
        }
        self.succeeds(&format!("verify {path} --program new.svm"));
        false
    }

    /// The files of the cache.
    fn cached(&self) -> Vec<PathBuf> {
        let mut files = files_under(&self.path("home"));
        files.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "params")
        });
        files
    }

    fn unfinished(&self) -> Vec<PathBuf> {
        let mut files = files_under(self.0.path());
        files.retain(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(".unfinished")
        });
        files
    }

    fn clear_cache(&self) {
        fs::remove_dir_all(self.path("home")).unwrap();
        fs::create_dir(self.path("home")).unwrap();
    }

    /// Empties the cache, fills it without a fault, and gives the one file of it.
    fn whole_cache(&self, arguments: &str) -> (PathBuf, Vec<u8>) {
        self.clear_cache();
        self.succeeds(arguments);
        let [path] = <[PathBuf; 1]>::try_from(self.cached()).unwrap();
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    // A file may vanish while the folder is read.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_under(&entry.path())),
            _ => files.push(entry.path()),
        }
    }
    files
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until a file is being written in a folder, and kills the process there; tells whether it was
/// still running.
fn kill_while_writing(mut child: Child, folder: &Path) -> bool {
    let is_unfinished = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(UNFINISHED)
    };
    loop {
        if files_under(folder).iter().any(is_unfinished) {
            child.kill().unwrap();
            return child.wait().unwrap().signal() == Some(9);
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
}

#[test]
fn a_proof_that_finds_no_room_leaves_the_old_one() {
    let desk = Desk::new();
    let old = desk.old_proof();
    let mut failed = 0;
    for blocks in [0, 1, 2, 5, 10, 20, 1000] {
        let output = desk.limited(blocks, false, "prove new.svm -o a.proof.json");
        assert!(desk.unfinished().is_empty(), "{blocks} blocks");
        let is_old = desk.is_old("a.proof.json", &old);
        assert_eq!(is_old, !output.status.success(), "{blocks} blocks");
        if is_old {
            failed += 1;
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            let text = stderr(&output);
            for part in ["a.proof.json", "can't be written"] {
                assert!(text.contains(part), "{text}");
            }
            desk.succeeds("verify a.proof.json --program old.svm");
        }
        // A file that was not there before is not there after a failure either.
        let output = desk.limited(blocks, false, "prove new.svm -o b.proof.json");
        assert_eq!(desk.path("b.proof.json").exists(), output.status.success());
    }
    assert!((3..7).contains(&failed), "{failed}");
}

#[test]
fn parameters_that_find_no_room_are_not_kept() {
    let desk = Desk::new();
    let proof = format!("prove old.svm -o a.proof.json {DEV}");
    desk.succeeds(&proof);
    let verify = "verify a.proof.json --insecure-dev-srs";
    let (path, whole) = desk.whole_cache(verify);
    for blocks in [0, 1, 2] {
        desk.clear_cache();
        let output = desk.limited(blocks, false, verify);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("can't keep the parameters"));
        assert_eq!(files_under(&desk.path("home")), [] as [PathBuf; 0]);
        // What was there and is damaged stays, and is not believed.
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &whole[..100]).unwrap();
        let output = desk.limited(blocks, false, verify);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(fs::read(&path).unwrap(), whole[..100]);
        desk.succeeds(verify);
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert!(desk.unfinished().is_empty());
    }
}

/// A small file system of its own, which is really full.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, kilobytes: u32) -> Self {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"]);
        let output = mount.arg(&at).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        SmallDisk(at)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
#[ignore = "mounts a file system, which takes root: cargo test --release --test cli -- --ignored"]
fn a_full_disk_leaves_the_old_files() {
    let desk = Desk::new();
    let disk = SmallDisk::mount(desk.path("disk"), 64);
    desk.succeeds("prove old.svm -o disk/a.proof.json");
    let old = fs::read(desk.path("disk/a.proof.json")).unwrap();
    // Less and less room.
    let mut failed = 0;
    for number in 0..16 {
        let output = desk.run("prove new.svm -o disk/a.proof.json");
        assert!(desk.unfinished().is_empty());
        if output.status.success() {
            desk.succeeds("verify disk/a.proof.json --program new.svm");
            fs::write(disk.0.join("a.proof.json"), &old).unwrap();
        } else {
            failed += 1;
            assert_eq!(output.status.code(), Some(2));
            let text = stderr(&output);
            assert!(text.contains("can't be written"), "{text}");
            assert!(!text.contains(UNFINISHED), "{text}");
            assert_eq!(fs::read(desk.path("disk/a.proof.json")).unwrap(), old);
            // The proof is not lost.
            let [kept] = <[PathBuf; 1]>::try_from(files_under(&desk.path("tmp"))).unwrap();
            assert!(text.contains(&*kept.to_string_lossy()), "{text}");
            desk.succeeds(&format!("verify {} --program new.svm", kept.display()));
            fs::remove_file(kept).unwrap();
        }
        let _ = fs::write(disk.0.join(format!("filler-{number}")), [0; 4096]);
    }
    assert!((1..16).contains(&failed), "{failed}");
    desk.succeeds("verify disk/a.proof.json --program old.svm");

    // A cache there.
    let mut verify = desk.command("verify disk/a.proof.json");
    let output = verify.env("XDG_CACHE_HOME", &disk.0).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    if cfg!(target_os = "linux") {
        assert!(stderr(&output).contains("can't keep the parameters"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full_is_an_error() {
    let desk = Desk::new();
    let output = desk.run("prove new.svm -o /dev/full");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("can't be written"));
}

/// The signal comes at a certain byte of the file that is being written.
#[test]
fn a_process_killed_at_a_byte_leaves_the_old_file() {
    let desk = Desk::new();
    let old = desk.old_proof();
    let mut killed = 0;
    for blocks in [0, 1, 3, 8, 14] {
        let output = desk.limited(blocks, true, "prove new.svm -o a.proof.json");
        if output.status.signal().is_some() {
            killed += 1;
            assert!(desk.is_old("a.proof.json", &old));
        }
    }
    assert!(killed >= 3, "{killed}");
    // Each has left what it had written. That is harmless, and not removed while it may be another
    // process's that is still writing.
    assert_eq!(desk.unfinished().len(), killed);
    desk.succeeds("prove new.svm -o a.proof.json");
    assert_eq!(desk.unfinished().len(), killed);
    for path in desk.unfinished() {
        let file = fs::File::options().write(true).open(path).unwrap();
        let past = SystemTime::now() - Duration::from_secs(2 * 3600);
        file.set_modified(past).unwrap();
    }
    let others = desk.path(".unfinished-letter");
    fs::write(&others, "").unwrap();
    desk.succeeds("prove new.svm -o a.proof.json");
    assert_eq!(desk.unfinished(), [others]);

    let proof = format!("prove old.svm -o b.proof.json {DEV}");
    desk.succeeds(&proof);
    let verify = "verify b.proof.json --insecure-dev-srs";
    let (path, whole) = desk.whole_cache(verify);
    for blocks in [0, 1, 2] {
        desk.clear_cache();
        let output = desk.limited(blocks, true, verify);
        assert!(output.status.signal().is_some());
        assert!(!path.exists());
        desk.succeeds(verify);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

/// How many processes have to be killed between the creation of the file and its appearance.
const ENOUGH: usize = 5;
const MOST_TRIES: usize = 200;

#[test]
fn a_process_killed_while_it_overwrites_a_proof_leaves_one() {
    let desk = Desk::new();
    let old = desk.old_proof();
    let mut hits = 0;
    let mut tries = 0;
    while hits < ENOUGH && tries < MOST_TRIES {
        tries += 1;
        let child = desk
            .command("prove new.svm -o a.proof.json")
            .spawn()
            .unwrap();
        kill_while_writing(child, self::folder(&desk));
        let is_old = desk.is_old("a.proof.json", &old);
        for litter in desk.unfinished() {
            hits += 1;
            assert!(is_old);
            fs::remove_file(litter).unwrap();
        }
        fs::write(desk.path("a.proof.json"), &old).unwrap();
    }
    println!("{hits} of {tries} processes killed between creation and renaming");
    assert!(hits > 0);
    desk.succeeds("prove new.svm -o a.proof.json");
    assert!(!desk.is_old("a.proof.json", &old));

    // And anywhere else.
    for delay in (0..200).step_by(10) {
        fs::write(desk.path("a.proof.json"), &old).unwrap();
        let mut child = desk
            .command("prove new.svm -o a.proof.json")
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        let completed = child.wait().unwrap().success();
        let is_old = desk.is_old("a.proof.json", &old);
        assert!(!(completed && is_old));
    }
}

fn folder(desk: &Desk) -> &Path {
    desk.0.path()
}

#[test]
fn a_process_killed_while_it_fills_a_cache_leaves_no_half_file() {
    let desk = Desk::new();
    // Large enough that writing takes a while.
    let prove = format!("prove old.svm -o a.proof.json --k 11 {DEV}");
    let (path, whole) = desk.whole_cache(&prove);
    let verify = "verify a.proof.json --insecure-dev-srs --max-k 11";
    let mut hits = 0;
    let mut tries = 0;
    while hits < ENOUGH && tries < MOST_TRIES {
        tries += 1;
        desk.clear_cache();
        let child = desk.command(verify).spawn().unwrap();
        kill_while_writing(child, &desk.path("home"));
        hits += desk.unfinished().len();
        if path.exists() {
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }
    println!("{hits} of {tries} processes killed between creation and renaming");
    assert!(hits > 0);
    desk.succeeds(verify);
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn processes_that_fill_one_cache_all_succeed() {
    let desk = Desk::new();
    let prove = format!("prove old.svm -o a.proof.json {DEV}");
    let (path, whole) = desk.whole_cache(&prove);
    for _ in 0..5 {
        desk.clear_cache();
        let verify = || desk.command("verify a.proof.json --insecure-dev-srs");
        let children: Vec<Child> = (0..4).map(|_| verify().spawn().unwrap()).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(!stderr(&output).contains("can't keep"));
        }
        assert_eq!(desk.cached(), std::slice::from_ref(&path));
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert!(desk.unfinished().is_empty());
    }
}

#[test]
fn processes_that_write_one_proof_leave_one_of_theirs() {
    let desk = Desk::new();
    let old = desk.old_proof();
    for _ in 0..5 {
        let prove = |program| desk.command(&format!("prove {program} -o a.proof.json"));
        let programs = ["old.svm", "new.svm", "old.svm", "new.svm"];
        let children = programs.map(|program| prove(program).spawn().unwrap());
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
        }
        assert_ne!(fs::read(desk.path("a.proof.json")).unwrap(), old);
        desk.succeeds("verify a.proof.json");
        assert!(desk.unfinished().is_empty());
    }
}
