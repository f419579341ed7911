//! Proofs of circuits of all kinds, which the fork verifies.

mod base;
mod circuits;
mod errors;
mod random;
mod rotations;

use halo2_axiom_prover::{Error, Opening, Parameters, Prover, Way, ipa_parameters, keygen_vk};
use halo2_proofs::SerdeFormat;
use halo2_proofs::plonk::{self, Circuit, ProvingKey, VerifyingKey, verify_proof};
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::commitment::{self, CommitmentScheme, ParamsProver, Verifier};
use halo2_proofs::poly::ipa::commitment::IPACommitmentScheme;
use halo2_proofs::poly::ipa::multiopen::{ProverIPA, VerifierIPA};
use halo2_proofs::poly::ipa::strategy::SingleStrategy as SingleIpa;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverGWC, ProverSHPLONK, VerifierGWC, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy as SingleKzg;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use circuits::{Everything, Phases};

type Kzg = KZGCommitmentScheme<Bn256>;
type Ipa = IPACommitmentScheme<G1Affine>;

fn kzg(k: u32) -> ParamsKZG<Bn256> {
    ParamsKZG::setup(k, ChaCha8Rng::seed_from_u64(1))
}

fn prover(params: &impl Parameters<G1Affine>, circuit: &impl Circuit<Fr>) -> Prover<G1Affine> {
    Prover::keygen(params, circuit).expect("a key")
}

fn prove(
    prover: &Prover<G1Affine>,
    way: Way,
    circuits: &[impl Circuit<Fr>],
    instances: &[&[&[Fr]]],
    seed: u64,
) -> Result<Vec<u8>, Error> {
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    prover.create_proof(way, circuits, instances, &mut rng, &mut transcript, &mut ())?;
    Ok(transcript.finalize())
}

fn verifies<'p, S, V, T>(
    params: &'p S::ParamsVerifier,
    key: &VerifyingKey<G1Affine>,
    strategy: T,
    instances: &[&[&[Fr]]],
    proof: &[u8],
) -> bool
where
    S: CommitmentScheme<Scalar = Fr, Curve = G1Affine>,
    V: Verifier<'p, S>,
    T: VerificationStrategy<'p, S, V>,
{
    let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
    verify_proof::<S, V, _, _, _>(params, key, strategy, instances, &mut transcript).is_ok()
}

/// The fork's own key of a circuit.
fn fork_key(params: &ParamsKZG<Bn256>, circuit: &Everything) -> ProvingKey<G1Affine> {
    let vk = plonk::keygen_vk(params, circuit).expect("a key");
    plonk::keygen_pk(params, vk, circuit).expect("a key")
}

fn bytes(key: &VerifyingKey<G1Affine>) -> Vec<u8> {
    key.to_bytes(SerdeFormat::Processed)
}

/// Proves in every way, verifies, and shows that another statement does not verify; the key is the fork's.
fn proves(k: u32, circuits: &[impl Circuit<Fr>], instances: &[&[&[Fr]]], others: &[&[&[Fr]]]) {
    let params = kzg(k);
    let own = prover(&params, &circuits[0]);
    let key = own.verifying_key();
    let theirs = plonk::keygen_vk(&params, &circuits[0]).expect("a key");
    assert_eq!(bytes(key), bytes(&theirs));
    assert_eq!(key.transcript_repr(), theirs.transcript_repr());
    let proof = prove(&own, Way::Shplonk, circuits, instances, 1).expect("a proof");
    let verify = |instances: &[&[&[Fr]]]| {
        let strategy = SingleKzg::new(&params);
        verifies::<Kzg, VerifierSHPLONK<_>, _>(&params, key, strategy, instances, &proof)
    };
    assert!(verify(instances));
    assert!(others.is_empty() || !verify(others));
    let proof = prove(&own, Way::Gwc, circuits, instances, 1).expect("a proof");
    let verify = |instances: &[&[&[Fr]]]| {
        let strategy = SingleKzg::new(&params);
        verifies::<Kzg, VerifierGWC<_>, _>(&params, key, strategy, instances, &proof)
    };
    assert!(verify(instances));
    assert!(others.is_empty() || !verify(others));
    let params = ipa_parameters::<G1Affine>(k);
    let own = prover(&params, &circuits[0]);
    let proof = prove(&own, Way::Ipa, circuits, instances, 1).expect("a proof");
    let verify = |instances: &[&[&[Fr]]]| {
        let (key, strategy) = (own.verifying_key(), SingleIpa::new(&params));
        verifies::<Ipa, VerifierIPA<_>, _>(&params, key, strategy, instances, &proof)
    };
    assert!(verify(instances));
    assert!(others.is_empty() || !verify(others));
}

/// Of the fork's key there is the same prover.
#[test]
fn a_prover_of_the_fork_s_key_makes_the_same_proofs() {
    let params = kzg(6);
    let circuit = Everything::new(6, 7);
    let public = circuit.public();
    let own = prover(&params, &circuit);
    let vk = keygen_vk(&params, &circuit).expect("a key");
    assert_eq!(bytes(&vk), bytes(own.verifying_key()));
    let theirs = Prover::new(&params, &fork_key(&params, &circuit)).expect("the sizes agree");
    for way in [Way::Shplonk, Way::Gwc] {
        let [own, theirs] = [&own, &theirs].map(|prover| {
            let circuits = std::slice::from_ref(&circuit);
            prove(prover, way, circuits, &[&[&public]], 1).expect("a proof")
        });
        assert_eq!(own, theirs);
    }
}

#[test]
fn the_ways_are_those_of_the_fork_s_provers() {
    fn way<'p, S: CommitmentScheme, P: commitment::Prover<'p, S> + Opening>() -> (Way, bool) {
        (P::WAY, P::QUERY_INSTANCE)
    }
    assert_eq!(way::<Kzg, ProverSHPLONK<_>>(), (Way::Shplonk, false));
    assert_eq!(way::<Kzg, ProverGWC<_>>(), (Way::Gwc, false));
    assert_eq!(way::<Ipa, ProverIPA<_>>(), (Way::Ipa, true));
}

#[test]
fn lookups_copies_rotations_and_instances() {
    for k in [5, 6] {
        let circuit = Everything::new(k, 7);
        let public = circuit.public();
        let wrong = [public[0] + Fr::one()];
        proves(k, &[circuit], &[&[&public]], &[&[&wrong]]);
    }
}

#[test]
fn two_phases_and_challenges() {
    let circuit = Phases::new(11);
    let public = circuit.public();
    let wrong = [public[0] - Fr::one()];
    proves(6, &[circuit], &[&[&public]], &[&[&wrong]]);
}

#[test]
fn several_circuits_in_one_proof() {
    let circuits = [Everything::new(6, 3), Everything::new(6, 8)];
    let [one, two] = [circuits[0].public(), circuits[1].public()];
    proves(6, &circuits, &[&[&one], &[&two]], &[&[&two], &[&one]]);
}

#[test]
fn the_same_seed_gives_the_same_proof_on_any_number_of_threads() {
    let circuit = Everything::new(6, 7);
    let public = circuit.public();
    let params = kzg(6);
    let prover = prover(&params, &circuit);
    let on = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let circuits = std::slice::from_ref(&circuit);
        pool.install(|| {
            prove(&prover, Way::Shplonk, circuits, &[&[&public]], seed).expect("a proof")
        })
    };
    let one = on(1, 5);
    assert_eq!(on(2, 5), one);
    assert_eq!(on(4, 5), one);
    assert_ne!(on(1, 6), one);
    let frugal = prover.clone().low_memory(true);
    let circuits = std::slice::from_ref(&circuit);
    assert_eq!(
        prove(&frugal, Way::Shplonk, circuits, &[&[&public]], 5).expect("a proof"),
        one
    );
    let digest = digest(&one);
    assert_eq!(
        digest, PINNED,
        "the bytes of a proof with this seed changed"
    );
}

/// Of the proof above.
const PINNED: u64 = 4_521_252_976_846_332_642;

/// A short digest: FNV-1a.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[test]
fn the_function_has_the_fork_s_signature() {
    let circuit = Everything::new(6, 7);
    let public = circuit.public();
    let params = kzg(6);
    let own = fork_key(&params, &circuit);
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    halo2_axiom_prover::create_proof::<Kzg, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        &params,
        &own,
        &[circuit],
        &[&[&public]],
        ChaCha8Rng::seed_from_u64(3),
        &mut transcript,
    )
    .expect("a proof");
    let proof = transcript.finalize();
    assert!(verifies::<Kzg, VerifierSHPLONK<_>, _>(
        params.verifier_params(),
        own.get_vk(),
        SingleKzg::new(&params),
        &[&[&public]],
        &proof
    ));
}
