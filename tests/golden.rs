//! Golden files: what a circuit is and what it costs. A change of either fails here until it is
//! accepted with `UPDATE_EXPECT=1`.

use expect_test::expect_file;
use halo2_stack_vm::docs;

#[test]
fn the_reference_manual_is_current() {
    expect_file!["../docs/isa.md"].assert_eq(&docs::reference());
}
