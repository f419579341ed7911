//! Circuits of `halo2-base`, the gadget library that users of the fork have.

use halo2_base::gates::circuit::builder::BaseCircuitBuilder;
use halo2_base::gates::{GateInstructions, RangeInstructions};
use halo2_base::poseidon::hasher::PoseidonHasher;
use halo2_base::poseidon::hasher::spec::OptimizedPoseidonSpec;
use halo2curves::bn256::Fr;

use crate::proves;

fn builder(k: usize, lookup_bits: usize) -> BaseCircuitBuilder<Fr> {
    BaseCircuitBuilder::new(false)
        .use_k(k)
        .use_lookup_bits(lookup_bits)
        .use_instance_columns(1)
}

#[test]
fn ranges() {
    let mut own = builder(9, 8);
    let range = own.range_chip();
    let ctx = own.main(0);
    let word = ctx.load_witness(Fr::from(0x1234_5678));
    range.range_check(ctx, word, 40);
    let other = ctx.load_witness(Fr::from(77));
    range.check_less_than(ctx, other, word, 40);
    let product = range.gate().mul(ctx, word, other);
    let public = [*product.value()];
    own.assigned_instances[0].push(product);
    own.calculate_params(Some(20));
    let wrong = [public[0] + Fr::one()];
    proves(9, &[own], &[&[&public]], &[&[&wrong]]);
}

#[test]
fn poseidon() {
    let mut own = builder(10, 8);
    let range = own.range_chip();
    let ctx = own.main(0);
    let mut hasher = PoseidonHasher::<Fr, 3, 2>::new(OptimizedPoseidonSpec::new::<8, 57, 0>());
    hasher.initialize_consts(ctx, range.gate());
    let words = [1, 2].map(|word| ctx.load_witness(Fr::from(word)));
    let digest = hasher.hash_fix_len_array(ctx, range.gate(), &words);
    let public = [*digest.value()];
    own.assigned_instances[0].push(digest);
    own.calculate_params(Some(20));
    let wrong = [public[0] + Fr::one()];
    proves(10, &[own], &[&[&public]], &[&[&wrong]]);
}
