//! What the examples of outer circuits share: a real KZG proof, its verification, and that of another statement.

use halo2_proofs::plonk::{Circuit, verify_proof};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::prover::{Error, Prover, Way};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_core::OsRng;

/// Proves a circuit and verifies the proof; of another statement there is none, and for it this one must not verify.
///
/// `empty` is the circuit from which keys are made.
pub fn prove_and_verify<C: Circuit<Fr>>(
    k: u32,
    empty: &C,
    circuit: &C,
    instances: &[Vec<Fr>],
    others: &[Vec<Fr>],
) -> Result<(), Box<dyn std::error::Error>> {
    // Whoever makes KZG parameters like this could forge proofs: real ones come from a ceremony.
    let params = ParamsKZG::<Bn256>::setup(k, OsRng);
    // Made once, it makes any number of proofs.
    let prover = Prover::keygen(&params, empty)?;
    let prove = |instances: &[Vec<Fr>]| -> Result<Vec<u8>, Error> {
        let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
        let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
        prover.create_proof(
            Way::Shplonk,
            std::slice::from_ref(circuit),
            &[&columns],
            &mut OsRng,
            &mut transcript,
            &mut (),
        )?;
        Ok(transcript.finalize())
    };
    let proof = prove(instances)?;
    // Of a false statement there is none; where `synthesize` fails, because a program does, the error says so too.
    let error = prove(others).expect_err("a false statement");
    println!("no proof of another statement: {error}");

    let verify = |instances: &[Vec<Fr>]| {
        let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof.as_slice());
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
            &params,
            prover.verifying_key(),
            SingleStrategy::new(&params),
            &[&columns],
            &mut transcript,
        )
    };
    verify(instances)?;
    assert!(verify(others).is_err());
    println!(
        "a proof of {} bytes verifies, and does not for another statement",
        proof.len()
    );
    Ok(())
}
