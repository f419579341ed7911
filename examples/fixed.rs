//! A program in the key: a key file is made once, and proofs are verified with it that do not hold the program.
//!
//! Run it with `cargo run --release --example fixed`.

use halo2_stack_vm::asm;
use halo2_stack_vm::machine::{Binding, CircuitParams, KeySource, Statement};
use halo2_stack_vm::proof::file::ProofFile;
use halo2_stack_vm::proof::key::KeyFile;
use halo2_stack_vm::proof::kzg::{Kzg, KzgParams};
use halo2_stack_vm::proof::{Backend, Parameters};
use halo2_stack_vm::vm::{Inputs, Job};
use halo2curves::bn256::Fr;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("stackvm-fixed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (key_path, proof_path) = (folder.join("secret.vkey"), folder.join("secret.proof.json"));

    // Whoever knows a password, which the program multiplies out, may ask for one.
    let program = asm::assemble::<Fr>("secret\ndup\nmul\nassert_eq 1764\npush 1")?;
    let circuit = CircuitParams::new(6, program.smallest_set(), Binding::Fixed)?;
    // Everybody knows the secret of these: real ones come from a ceremony (`Cache::srs`).
    let params = KzgParams::insecure_dev(circuit.k())?;
    let key = Kzg::keygen_of(&params, &KeySource::fixed(circuit, program.clone())?)?;
    let key_file = KeyFile::of_kzg(key.verifying_key(), &params)?;
    key_file.write(&key_path)?;
    // Who made the key tells its fingerprint to those who trust them.
    let fingerprint = key_file.fingerprint();

    let inputs = Inputs {
        public: vec![],
        secret: vec![Fr::from(42)],
    };
    let trace = Job::new(&program, circuit.set(), &inputs).trace()?;
    let proof = Kzg::prove(&params, &key, &trace)?;
    let statement = Statement::of(&trace);
    let file = ProofFile::new(&params, key.verifying_key(), statement, proof);
    file.write(&proof_path)?;
    assert_eq!(file.parameters_digest, params.digest());

    // A verifier has the two files and the fingerprint, and no SRS.
    let key_file = KeyFile::read(&key_path, 10)?;
    assert_eq!(key_file.fingerprint(), fingerprint);
    let mut file = ProofFile::read(&proof_path)?;
    key_file.verify(&file, None)?;
    let text = std::fs::read_to_string(&proof_path)?;
    assert!(!text.contains("1764"), "the program stands in the proof");
    println!(
        "{} bytes of proof verify under a key file of {} bytes",
        file.proof.len(),
        std::fs::metadata(&key_path)?.len()
    );

    file.output += Fr::one();
    assert!(key_file.verify(&file, None).is_err());
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
