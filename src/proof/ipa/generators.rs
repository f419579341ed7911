//! IPA's generators, which follow from `k`: their digests stand here, so that a file of generators is known to
//! be good without deriving one of them.
//!
//! The generator of index `i` is the hash to the curve of the byte 0 and of `i` in four bytes, least significant
//! byte first, in the domain `Halo2-Parameters` (`ParamsIPA::new`). The index does not depend on `k`, so the
//! generators for a smaller `k` are the first ones of those for a larger one.

use group::{Curve, GroupEncoding};
use halo2curves::CurveExt;
use halo2curves::bn256::{G1, G1Affine};

use crate::machine::MAX_K;
use crate::proof::{ELEMENT_BYTES, blake2b_256};

/// For `k` from 1 to [`MAX_K`]: BLAKE2b-256 of the compressed encodings of the first `2^k` generators, one after
/// the other.
///
/// `cargo test --release --lib -- --ignored the_table_is_the_one_of_all_generators` derives all of them anew, which
/// takes a quarter of an hour of one core.
const DIGESTS: [&str; MAX_K as usize] = [
    "533a251e55ad45278d15cd4ed7ee27b71e0b6faca2e1d357d044bb1fbc757ce9",
    "ce1764d7d66637f560297f2b3641f976f2ddb4763b17916f41145b8d81449de2",
    "719f081d9f391b389f7df13e95616cc24b67d50ec49b3acd7456020fe6b88b38",
    "bc0458b19d4eac27535c4e4751cac8530d9666e056c0e12661e270f9031f9b4c",
    "deeaacaa86934eebdc0dbedf6003248a2dbce41dadf61a4cc64c6120dbf672c8",
    "69ec60af0768d709891c937abd2e0de89eec90ceb91cb22ab657d53f60dadaad",
    "66fc1903a77cc61b522560973009e070c9f1e8b5411cd88fd736eac42fb5e7d3",
    "d85a8b903d6a120e1485b0e9515c13ccfb8fc4847bed04e28518caa94f4bd5c2",
    "1f18f4fe917d77bec593e052f229b8c7a7a3da137f8a75865a9017ce8493cca7",
    "3c3b67383bc1e1aa247d4589cb35f9e860964a9525abb410fa0e2c1e35b889cf",
    "3730f6acc66f7e5dd61fa2fb37799345e22249245edad013c210f5c6c58ef9a4",
    "3616e6e1eb567b42adf1093e3adb9235bf799ada0fee2f635f77488c9766599c",
    "50a06c63017e7503393d599f8dee53fc466bb93f1ddd76c043c72948bb308e56",
    "771bb1a86b415534b90399d33bc1ff94e6a3288087a4fd4b366ce909c04be6ae",
    "938b0a8c5c3f2ac666546ab9c459eb7db5288477932d88aa3d2f994fdc6672ef",
    "4dd445e5264a5e0b2aeca009804fc2ebbe8d0c8cbf62975f508f7daf4a582567",
    "d44b2c6208316e2707e75ba3983d71a83f862ce051896b9917bbb1bc119f84b2",
    "c72f103e6602be68597d5d0ceef22a60e0ee6a9692867b7685ca522630ec7277",
    "6bab8f64b3475067fe60a2ed852dca5d1ef66a814010b01c67ab719f74458fbb",
    "663162af3d5ba3da6d915fc87dec3aa38641d39ca85b76f54a2bfc734b298ea6",
    "2e6f5a9744fae631188dea710d698499219c0dde7ec6daee249203c89a4dd7f6",
    "9dee76da4d5e52a0911e84035c65911d809a4c6c1fa33e11706ed11bca2f6ff0",
    "17e504ebda70dc59022bac9f5f2d87fa675ed0c3c1d51b9abf326ea58c8c2a99",
    "bb745be3a45bc0812a99ff1da622650e69fa1394803c7dc0bb1081955555873c",
];

/// Whether these are the compressed encodings of the first `2^k` generators.
pub(in crate::proof) fn are_generators(k: u32, encodings: &[u8]) -> bool {
    let digest = (k as usize).checked_sub(1).and_then(|i| DIGESTS.get(i));
    digest.is_some_and(|digest| {
        encodings.len() == ELEMENT_BYTES << k
            && hex::encode(blake2b_256(&[], &[encodings])) == *digest
    })
}

/// Whether this is the compressed encoding of the generator of the blinding factor, `w`.
pub(in crate::proof) fn is_blinding_generator(encoding: &[u8]) -> bool {
    encoding == hash(&[1]).to_bytes().as_ref()
}

/// Whether this is the compressed encoding of the generator of the inner product, `u`.
pub(in crate::proof) fn is_product_generator(encoding: &[u8]) -> bool {
    encoding == hash(&[2]).to_bytes().as_ref()
}

/// As in `ParamsIPA::new`.
fn hash(message: &[u8]) -> G1Affine {
    G1::hash_to_curve("Halo2-Parameters")(message).to_affine()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_proofs::poly::commitment::ParamsProver;
    use halo2_proofs::poly::ipa::commitment::ParamsIPA;
    use rayon::prelude::*;

    /// How many generators are derived at once.
    const CHUNK: u32 = 1 << 14;

    /// The digests for `k` from 1 to a largest one, of generators that are derived here.
    fn digests(most: u32) -> Vec<String> {
        let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
        let mut digests = Vec::new();
        let mut hashed = 0;
        for k in 1..=most {
            while hashed < 1 << k {
                let end = (hashed + CHUNK).min(1 << k);
                let encodings: Vec<[u8; ELEMENT_BYTES]> = (hashed..end)
                    .into_par_iter()
                    .map(|i: u32| {
                        let [a, b, c, d] = i.to_le_bytes();
                        let mut encoding = [0; ELEMENT_BYTES];
                        encoding.copy_from_slice(hash(&[0, a, b, c, d]).to_bytes().as_ref());
                        encoding
                    })
                    .collect();
                state.update(encodings.as_flattened());
                hashed = end;
            }
            digests.push(hex::encode(state.clone().finalize().as_bytes()));
        }
        digests
    }

    /// The encodings of the generators that halo2 derives.
    fn of_halo2(k: u32) -> Vec<u8> {
        let params = ParamsIPA::<G1Affine>::new(k);
        let encodings = params.get_g().iter().map(|point| point.to_bytes());
        encodings
            .flat_map(|encoding| encoding.as_ref().to_vec())
            .collect()
    }

    #[test]
    fn the_generators_of_halo2_are_known() {
        for k in 1..=10 {
            let mut encodings = of_halo2(k);
            assert!(are_generators(k, &encodings), "k = {k}");
            assert!(!are_generators(k - 1, &encodings));
            assert!(!are_generators(k + 1, &encodings));
            let (first, second) = encodings.split_at_mut(ELEMENT_BYTES);
            first.swap_with_slice(&mut second[..ELEMENT_BYTES]);
            assert!(!are_generators(k, &encodings), "k = {k}");
        }
        assert!(!are_generators(0, &of_halo2(1)[..ELEMENT_BYTES]));
        assert!(!are_generators(MAX_K + 1, &[]));
        assert!(!are_generators(u32::MAX, &[]));
    }

    #[test]
    fn generators_for_a_smaller_size_are_the_first_ones_of_a_larger() {
        let larger = of_halo2(11);
        for k in 1..11 {
            assert_eq!(of_halo2(k), larger[..ELEMENT_BYTES << k], "k = {k}");
        }
    }

    #[test]
    fn the_table_begins_as_the_generators_do() {
        assert_eq!(digests(12), DIGESTS[..12]);
    }

    #[test]
    #[ignore = "hashes 2^24 times to the curve: a quarter of an hour of one core"]
    fn the_table_is_the_one_of_all_generators() {
        assert_eq!(digests(MAX_K), DIGESTS);
    }
}
