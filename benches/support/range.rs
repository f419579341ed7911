//! A circuit of `halo2-base` that looks up much.

use halo2_base::gates::RangeInstructions;
use halo2_base::gates::circuit::builder::BaseCircuitBuilder;
use halo2curves::bn256::Fr;

/// Range checks of 64 bits that fill about three quarters of `2^k` rows.
pub fn ranges(k: u32) -> BaseCircuitBuilder<Fr> {
    let mut builder = BaseCircuitBuilder::new(false)
        .use_k(k as usize)
        .use_lookup_bits(k as usize - 1);
    let range = builder.range_chip();
    let ctx = builder.main(0);
    for i in 0..(3 << (k - 2)) / 16 {
        let word = ctx.load_witness(Fr::from(0x1234_5678_9abc_def0 ^ i));
        range.range_check(ctx, word, 64);
    }
    builder.calculate_params(Some(20));
    builder
}
