//! Errors, where the fork panics or writes a proof that does not verify.

use halo2_axiom_prover::{Error, Parameters, Prover, Way, ipa_parameters, keygen_vk};
use halo2_proofs::plonk;
use halo2curves::bn256::{Fr, G1Affine};

use crate::circuits::{Everything, Fault, Phases};
use crate::{fork_key, kzg, prove};

fn prover() -> Prover<G1Affine> {
    crate::prover(&kzg(6), &Everything::new(6, 7))
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
    let other = Prover::new(&kzg(7), &fork_key(&kzg(6), &circuit)).expect_err("another size");
    assert!(matches!(other, Error::Size { params: 7, key: 6 }));
}

#[test]
fn circuits_of_several_phases_are_proved_one_by_one() {
    let params = kzg(6);
    let circuits = [Phases::new(1), Phases::new(2)];
    let prover = crate::prover(&params, &circuits[0]);
    let [one, two] = [circuits[0].public(), circuits[1].public()];
    let error = prove(&prover, Way::Shplonk, &circuits, &[&[&one], &[&two]], 1);
    assert!(matches!(
        error.expect_err("it is refused"),
        Error::Phases(2)
    ));
}

#[test]
fn a_way_takes_the_parameters_of_its_scheme() {
    let circuit = Everything::new(6, 7);
    let public = circuit.public();
    let circuits = std::slice::from_ref(&circuit);
    let error = prove(&prover(), Way::Ipa, circuits, &[&[&public]], 1).expect_err("it is refused");
    assert!(matches!(error, Error::Way(Way::Ipa, "IPA")), "{error}");
    let params = ipa_parameters::<G1Affine>(6);
    let own = crate::prover(&params, &circuit);
    for way in [Way::Shplonk, Way::Gwc] {
        let error = prove(&own, way, circuits, &[&[&public]], 1).expect_err("it is refused");
        assert!(matches!(error, Error::Way(_, "KZG")), "{error}");
    }
    prove(&own, Way::Ipa, circuits, &[&[&public]], 1).expect("a proof");
}

#[test]
fn points_are_counted() {
    let own = fork_key(&kzg(6), &Everything::new(6, 7));
    let mut points = kzg(6).points();
    Prover::of_points(&points, &own).expect("the sizes agree");
    points.coefficients.pop();
    let error = Prover::of_points(&points, &own).expect_err("a point is missing");
    assert!(
        matches!(
            error,
            Error::Count {
                what: "points",
                expected: 64,
                found: 63
            }
        ),
        "{error}"
    );
}

#[test]
fn a_prover_serves_many_threads() {
    fn is_shared<T: Send + Sync + Clone>() {}
    is_shared::<Prover<G1Affine>>();
    let own = prover();
    let circuit = Everything::new(6, 7);
    let public = circuit.public();
    let proofs: Vec<_> = std::thread::scope(|scope| {
        let prove = || {
            let circuits = std::slice::from_ref(&circuit);
            prove(&own, Way::Shplonk, circuits, &[&[&public]], 9).expect("a proof")
        };
        let all: Vec<_> = (0..3).map(|_| scope.spawn(prove)).collect();
        all.into_iter()
            .map(|own| own.join().expect("it ends"))
            .collect()
    });
    assert!(proofs.iter().all(|own| *own == proofs[0]));
}

/// Of circuits from which no key can be made: the fork panics for all but the last two.
#[test]
fn keys_of_impossible_circuits_are_errors() {
    let error = |fault| {
        let mut circuit = Everything::new(6, 7);
        let params = kzg(6);
        keygen_vk(&params, &circuit).expect("the honest circuit");
        circuit.fault = Some(fault);
        Prover::keygen(&params, &circuit).expect_err("a faulty one")
    };
    let fixed = error(Fault::FixedRow);
    assert!(
        matches!(&fixed, Error::RowOutOfRange { column, row: 62, .. } if column == "fixed column 1"),
        "{fixed}"
    );
    let copied = error(Fault::CopiedRow);
    assert!(
        matches!(&copied, Error::RowOutOfRange { column, row: 62, .. } if column == "instance column 0"),
        "{copied}"
    );
    let unequal = error(Fault::NoEquality);
    let is = matches!(
        unequal,
        Error::Synthesis(plonk::Error::ColumnNotInPermutation(_))
    );
    assert!(is, "{unequal}");
    assert!(matches!(error(Fault::Synthesis), Error::Synthesis(_)));
    let few = Prover::keygen(&kzg(2), &Everything::new(6, 7)).expect_err("four rows");
    assert!(matches!(few, Error::TooFewRows { k: 2, .. }), "{few}");
}
