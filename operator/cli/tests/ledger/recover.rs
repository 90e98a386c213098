//! What becomes of a ledger that was damaged or put back.

use std::fs;

use super::{Desk, copy};

/// A ledger that was put back to what it was before its last two entries.
fn put_back() -> Desk {
    let desk = Desk::new();
    desk.note("one");
    copy(&desk.path("led"), &desk.path("backup"));
    desk.note("two");
    desk.note("three");
    fs::remove_dir_all(desk.path("led")).unwrap();
    fs::rename(desk.path("backup"), desk.path("led")).unwrap();
    desk
}

const RECOVER: [&str; 6] = ["recover", "led", "--key", "key", "--pin", "pin"];

#[test]
fn what_is_derived_is_made_again() {
    let desk = Desk::new();
    desk.note("one");
    let shard = desk.shard();
    let checkpoint = desk.read(&format!("led/{shard}/checkpoint"));
    fs::remove_dir_all(desk.path(&format!("led/{shard}/tile"))).unwrap();
    fs::remove_file(desk.path(&format!("led/{shard}/checkpoint"))).unwrap();
    assert_eq!(desk.run(&["status", "led"]).status.code(), Some(3));
    let printed = desk.good(&RECOVER);
    assert!(printed.starts_with(&format!("ledger.example.com/test/{shard} opens: 2 entries")), "{printed}");
    assert_eq!(desk.read(&format!("led/{shard}/checkpoint")), checkpoint);
    desk.good(&["verify", "led", "--pin", "pin"]);
}

#[test]
fn a_ledger_that_was_put_back_is_refused_and_goes_on_only_where_somebody_accepts_the_loss() {
    let desk = put_back();
    let told = desk.refused(&RECOVER, 2);
    assert!(told.contains("pin remembers 4 entries") && told.contains("the store has 2"), "{told}");
    desk.refused(&["append", "led", "--key", "key", "--pin", "pin", "--event", "x"], 2);
    let status = desk.ended(&["status", "led", "--pin", "pin"], 2);
    assert!(status.contains("and 2 are here: the store was put back"), "{status}");
    desk.ended(&["verify", "led", "--pin", "pin"], 2);

    let accept = [&RECOVER[..], &["--accept-loss", "--because", "the disk of last night"]].concat();
    let printed = desk.good(&accept);
    let shard = format!("{}-2", desk.shard().split('-').next().unwrap());
    assert!(printed.contains(&format!("{shard} opens: 2 entries")), "{printed}");
    assert_eq!(desk.note("three"), format!("{shard}/2"));
    desk.good(&["verify", "led", "--pin", "pin"]);
}

#[test]
fn a_loss_is_not_accepted_where_nothing_is_lost() {
    let desk = Desk::new();
    let told = desk.refused(&[&RECOVER[..], &["--accept-loss", "--because", "x"]].concat(), 1);
    assert_eq!(told, "bund: nothing is lost: the ledger in led opens; leave --accept-loss out\n");
}

#[test]
fn a_commit_that_was_changed_or_taken_away_is_named() {
    let desk = Desk::new();
    desk.note("one");
    desk.note("two");
    let path = format!("led/{}/commit/{:020}", desk.shard(), 1);
    let whole = desk.read(&path);
    fs::write(desk.path(&path), whole.replace("one", "won")).unwrap();
    let told = desk.refused(&RECOVER, 2);
    assert!(told.contains("/commit/00000000000000000001` is damaged"), "{told}");
    desk.ended(&["verify", "led"], 2);
    fs::remove_file(desk.path(&path)).unwrap();
    let told = desk.refused(&RECOVER, 2);
    assert!(told.contains("it is missing, and later ones are there"), "{told}");
}
