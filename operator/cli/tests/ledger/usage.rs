//! Arguments: a wrong one is never taken for tampering.

use super::{Desk, run};

#[test]
fn a_wrong_argument_ends_with_1_for_a_ledger_and_with_2_elsewhere() {
    let desk = Desk::empty();
    for arguments in [
        &["verify"][..],
        &["nothing"],
        &["append", "led", "--key", "key"],
        &["append", "led", "--key", "key", "--event", "x", "--document", "y"],
        &["rotate", "led", "--key", "key"],
        &["recover", "led", "--key", "key", "--accept-loss"],
        &["prove", "led"],
        &["prove", "led", "--entry", "17"],
        &["export", "led", "out", "--language", "de"],
        &["export", "led", "out", "--from", "yesterday"],
        &["init", "led", "--name", "No Name", "--key", "key"],
        &["status", "https://example.com/"],
    ] {
        let told = desk.refused(arguments, 1);
        assert!(told.starts_with("error: "), "{arguments:?}: {told}");
    }
    let output = run::bund(desk.0.path(), &["check"]);
    assert_eq!(output.status.code(), Some(2));
    let help = run::printed(run::bund(desk.0.path(), &["ledger", "--help"]), 0);
    assert!(help.contains("Exit codes: 0 done, or verified; 1 it cannot be done"), "{help}");
}
