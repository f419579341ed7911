//! What the examples of outer circuits share: a real KZG proof, its verification, and that of another statement.

use halo2_proofs::plonk::{Circuit, Error, create_proof, keygen_pk, keygen_vk, verify_proof};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_stack_vm::halo2::check_synthesis;
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
) -> Result<(), Error> {
    // Whoever makes KZG parameters like this could forge proofs: real ones come from a ceremony.
    let params = ParamsKZG::<Bn256>::setup(k, OsRng);
    let vk = keygen_vk(&params, empty)?;
    let pk = keygen_pk(&params, vk, empty)?;

    // Where `synthesize` fails, for example because a program does, halo2's prover panics: so ask first.
    check_synthesis(k, &circuit, instances.to_vec())?;
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>, _, _, _, _>(
        &params,
        &pk,
        &[circuit],
        &[&columns],
        OsRng,
        &mut transcript,
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
