//! Keys: the right ones, and new ones.

use super::Desk;

fn append<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    [&["append", "led", "--event", "x", "--pin", "pin"], keys].concat()
}

#[test]
fn without_the_key_nothing_is_written() {
    let desk = Desk::new();
    let told = desk.refused(&append(&["--key", "nothing"]), 3);
    assert!(told.starts_with("bund: the key nothing is not there"), "{told}");
    let other = Desk::new();
    std::fs::copy(other.path("key"), desk.path("other")).unwrap();
    let told = desk.refused(&append(&["--key", "other"]), 3);
    assert!(told.contains("is signed with other keys than the ones given"), "{told}");
    std::fs::write(desk.path("junk"), "PRIVATE+KEY+x").unwrap();
    let told = desk.refused(&append(&["--key", "junk"]), 1);
    assert!(told.contains("the file junk is not a key"), "{told}");
}

#[test]
fn an_old_key_signs_beside_the_new_one_until_it_is_retired() {
    let desk = Desk::new();
    let policy = desk.policy();
    let rotate = |keys: &[&str]| desk.good(&[&["rotate", "led", "--pin", "pin"], keys].concat());
    let both = rotate(&["--key", "key", "--new", "new"]);
    assert_eq!(both.lines().count(), 2, "{both}");
    desk.refused(&append(&["--key", "key"]), 3);
    desk.refused(&append(&["--key", "new"]), 3);
    desk.good(&append(&["--key", "new", "--beside", "key"]));
    // Whoever knows only the old key can verify as long as it signs.
    desk.good(&["verify", "led", "--policy", policy]);
    let one = rotate(&["--key", "new", "--beside", "key", "--retire"]);
    assert_eq!(one.lines().collect::<Vec<_>>(), both.lines().take(1).collect::<Vec<_>>());
    desk.good(&append(&["--key", "new"]));
    desk.good(&["verify", "led", "--pin", "pin"]);
}

#[test]
fn keys_of_different_ledgers_do_not_mix() {
    let desk = Desk::new();
    desk.good(&["init", "second", "--name", "ledger.example.com/second", "--key", "second-key"]);
    let told = desk.refused(&append(&["--key", "key", "--beside", "second-key"]), 1);
    assert!(told.contains("the keys are of different ledgers"), "{told}");
}
