//! Products and the tests of what they are made of.

use ff::Field;
use halo2_stack_vm::isa::Opcode;
use halo2curves::bn256::Fr;
use rand_chacha::ChaCha8Rng;

use super::stack::put_in;
use super::{
    COFACTOR, COFACTOR_TEST, FACTOR, FACTOR_TEST, HIGH, Kind, LOW, SUM_END, TESTED, ZERO, any_row,
    row, with_product_at,
};
use crate::claim::Claim;
use crate::forger::{Forger, Product, Scene};
use crate::programs::{self, below, word};

/// Another product on a row whose instruction `fits`.
fn with_product(
    scene: &Scene,
    rng: &mut ChaCha8Rng,
    fits: impl Fn(Opcode) -> bool,
    product: Product,
) -> Option<Claim> {
    let at = row(scene, rng, |row| fits(scene.executed[row]))?;
    with_product_at(scene, at, product)
}

/// A machine that comes to an instruction that refuses its operands, put into the program.
fn refused<'a>(scene: &Scene<'a>, rng: &mut ChaCha8Rng) -> Option<Forger<'a>> {
    let depth = 1 + below(rng, 3);
    let forger = put_in(scene, rng, depth, |opcode| {
        opcode.fault().is_some() && opcode.needs() <= depth
    })?;
    let refuses = !programs::runs(scene.set(), &forger.given[..=forger.row()]);
    refuses.then_some(forger)
}

/// The kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "wrong factor",
        rejected_by: &[FACTOR],
        forge: |scene, rng| {
            let (at, factor) = (any_row(scene, rng), word(rng));
            Some(scene.tampered(at, |forger| {
                let (_, argument) = forger.instruction();
                let opcode = scene.executed[at];
                let flags = [(opcode, Fr::ONE)];
                let flags = if opcode == Opcode::IDLE {
                    &[][..]
                } else {
                    &flags
                };
                let factor = Some(factor);
                let product = Product {
                    factor,
                    ..Product::default()
                };
                forger.combine(flags, argument, product);
            }))
        },
    },
    Kind {
        name: "wrong cofactor",
        rejected_by: &[COFACTOR, TESTED, ZERO],
        forge: |scene, rng| {
            let cofactor = Some(word(rng));
            with_product(
                scene,
                rng,
                |_| true,
                Product {
                    cofactor,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "another hint",
        rejected_by: &[TESTED, ZERO],
        forge: |scene, rng| {
            let cofactor = Some([Fr::ZERO, word(rng)][below(rng, 2)]);
            let product = Product {
                cofactor,
                ..Product::default()
            };
            with_product(scene, rng, programs::is_hinted, product)
        },
    },
    Kind {
        name: "wrong test of the factor",
        rejected_by: &[FACTOR_TEST],
        forge: |scene, rng| {
            let factor_test = Some(word(rng));
            with_product(
                scene,
                rng,
                |_| true,
                Product {
                    factor_test,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "wrong test of the cofactor",
        rejected_by: &[COFACTOR_TEST],
        forge: |scene, rng| {
            let cofactor_test = Some(word(rng));
            with_product(
                scene,
                rng,
                |_| true,
                Product {
                    cofactor_test,
                    ..Product::default()
                },
            )
        },
    },
    Kind {
        name: "a wrong hint, untested",
        rejected_by: &[FACTOR_TEST, COFACTOR_TEST, ZERO],
        forge: |scene, rng| {
            let product = Product {
                cofactor: Some([Fr::ZERO, word(rng)][below(rng, 2)]),
                factor_test: Some(Fr::ZERO),
                cofactor_test: Some(Fr::ZERO),
                ..Product::default()
            };
            with_product(scene, rng, programs::is_hinted, product)
        },
    },
    Kind {
        name: "an instruction whose operands it refuses",
        rejected_by: &[TESTED, ZERO, LOW, HIGH, SUM_END],
        forge: |scene, rng| Some(refused(scene, rng)?.finish()),
    },
    Kind {
        name: "an instruction whose operands it refuses, untested",
        rejected_by: &[FACTOR_TEST, COFACTOR_TEST, ZERO, LOW, HIGH, SUM_END],
        forge: |scene, rng| {
            let mut forger = refused(scene, rng)?;
            let (opcode, argument) = forger.instruction();
            let product = Product {
                factor_test: Some(Fr::ZERO),
                cofactor_test: Some(Fr::ZERO),
                ..Product::default()
            };
            forger.combine(&[(opcode, Fr::ONE)], argument, product);
            Some(forger.finish())
        },
    },
];
