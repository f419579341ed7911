//! What the examples of outer circuits share: a real KZG proof, its verification, and that of another statement.

use halo2_proofs::plonk::{Circuit, keygen_pk, keygen_vk, verify_proof};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::prover::{Prover, Way};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_core::OsRng;

/// Proves a circuit and verifies the proof; with another statement it must not verify.
///
/// `empty` is the circuit from which keys are made.
pub fn prove_and_verify<C: Circuit<Fr>>(
    k: u32,
    empty: &C,
    circuit: C,
    instances: &[Vec<Fr>],
    others: &[Vec<Fr>],
) -> Result<(), Box<dyn std::error::Error>> {
    // Whoever makes KZG parameters like this could forge proofs: real ones come from a ceremony.
    let params = ParamsKZG::<Bn256>::setup(k, OsRng);
    let vk = keygen_vk(&params, empty)?;
    let pk = keygen_pk(&params, vk, empty)?;

    // Made once, it makes any number of proofs. Where `synthesize` fails, for example because a program does, it says so.
    let prover = Prover::new(&params, &pk)?;
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    prover.create_proof(
        Way::Shplonk,
        &[circuit],
        &[&columns],
        &mut OsRng,
        &mut transcript,
        &mut (),
    )?;
    let proof = transcript.finalize();

    let verify = |instances: &[Vec<Fr>]| {
        let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof.as_slice());
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
            &params,
            pk.get_vk(),
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
