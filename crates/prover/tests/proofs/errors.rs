//! Errors, where the fork panics or writes a proof that does not verify.

use halo2_axiom_prover::{Error, Prover, Way};
use halo2curves::bn256::{Fr, G1Affine};

use crate::circuits::{Everything, Fault, Phases};
use crate::{key, kzg, prove};

fn prover() -> Prover<G1Affine> {
    let params = kzg(6);
    Prover::new(&params, &key(&params, &Everything::new(6, 7))).expect("the sizes agree")
}

fn fails(fault: Fault) -> Error {
    let mut circuit = Everything::new(6, 7);
    let public = circuit.public();
    let prover = prover();
    let instances: &[&[&[Fr]]] = &[&[&public]];
    prove(&prover, Way::Shplonk, &[circuit.clone()], instances, 1).expect("the honest witness");
    circuit.fault = Some(fault);
    prove(&prover, Way::Shplonk, &[circuit], instances, 1).expect_err("a faulty one")
}

#[test]
fn a_cell_that_is_wrong_is_never_proved() {
    assert!(matches!(fails(Fault::Gate), Error::Unsatisfied));
    assert!(matches!(fails(Fault::Copy), Error::Copy { .. }));
    let lookup = fails(Fault::Lookup);
    assert!(
        matches!(&lookup, Error::Lookup { lookup, row: 3 } if lookup == "small"),
        "{lookup}"
    );
    let lookup = fails(Fault::LookupAny);
    assert!(
        matches!(&lookup, Error::Lookup { lookup, row: 4 } if lookup == "known"),
        "{lookup}"
    );
}

#[test]
fn a_witness_of_another_shape_is_an_error() {
    assert!(matches!(
        fails(Fault::Row),
        Error::RowOutOfRange { row: 62, .. }
    ));
    assert!(matches!(
        fails(Fault::Unknown),
        Error::Unknown {
            row: 7,
            phase: 0,
            ..
        }
    ));
    assert!(matches!(fails(Fault::Synthesis), Error::Synthesis(_)));
}

#[test]
fn a_copy_of_the_instance_is_checked() {
    let circuit = Everything::new(6, 7);
    let wrong = [circuit.public()[0] + Fr::one()];
    let error = prove(&prover(), Way::Shplonk, &[circuit], &[&[&wrong]], 1).expect_err("a copy");
    assert!(matches!(error, Error::Copy { .. }), "{error}");
}

#[test]
fn counts_and_sizes_are_checked() {
    let circuit = Everything::new(6, 7);
    let public = circuit.public();
    let own = prover();
    let with = |circuits: &[Everything], instances: &[&[&[Fr]]]| {
        prove(&own, Way::Shplonk, circuits, instances, 1).expect_err("it is refused")
    };
    assert!(matches!(with(&[], &[]), Error::Count { .. }));
    assert!(matches!(
        with(std::slice::from_ref(&circuit), &[]),
        Error::Count { .. }
    ));
    assert!(matches!(
        with(std::slice::from_ref(&circuit), &[&[]]),
        Error::Count { .. }
    ));
    let long = vec![public[0]; 60];
    let error = with(std::slice::from_ref(&circuit), &[&[&long]]);
    assert!(
        matches!(
            error,
            Error::InstanceTooLong {
                column: 0,
                found: 60,
                ..
            }
        ),
        "{error}"
    );
    let other = Prover::new(&kzg(7), &key(&kzg(6), &circuit)).expect_err("another size");
    assert!(matches!(other, Error::Size { params: 7, key: 6 }));
}

#[test]
fn circuits_of_several_phases_are_proved_one_by_one() {
    let params = kzg(6);
    let circuits = [Phases::new(1), Phases::new(2)];
    let prover = Prover::new(&params, &key(&params, &circuits[0])).expect("the sizes agree");
    let [one, two] = [circuits[0].public(), circuits[1].public()];
    let error = prove(&prover, Way::Shplonk, &circuits, &[&[&one], &[&two]], 1);
    assert!(matches!(
        error.expect_err("it is refused"),
        Error::Phases(2)
    ));
}
