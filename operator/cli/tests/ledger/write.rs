//! Making a ledger, and appending to it.

use std::{fs, os::unix::fs::PermissionsExt};

use super::Desk;

#[test]
fn a_ledger_is_made_with_a_key_that_only_its_owner_reads() {
    let desk = Desk::empty();
    let printed = desk.good(&["init", "led", "--name", "ledger.example.com/test", "--key", "key"]);
    assert!(printed.starts_with("ledger.example.com/test+") && printed.lines().count() == 1, "{printed}");
    assert_eq!(fs::metadata(desk.path("key")).unwrap().permissions().mode() & 0o777, 0o600);
    let status = desk.good(&["status", "led"]);
    assert!(status.starts_with("ledger.example.com/test in led; shards: 1, documents: 0\n"), "{status}");
    assert!(status.contains("published entries: 1, commits: 1"), "{status}");
}

#[test]
fn a_ledger_is_never_made_beside_one() {
    let desk = Desk::new();
    let (key, shard) = (desk.read("key"), desk.shard());
    let name = ["--name", "ledger.example.com/test", "--key"];
    let told = desk.refused(&[&["init", "led"], name.as_slice(), &["new-key"]].concat(), 1);
    assert_eq!(told, "bund: there is a ledger in led already: a new one beside it would hide it\n");
    assert!(!desk.path("new-key").exists());
    // A pin that remembers one says so too, wherever the new one is to be.
    let told = desk.refused(&[&["init", "other"], name.as_slice(), &["key", "--pin", "pin"]].concat(), 1);
    assert!(told.contains("pin knows a ledger already"), "{told}");
    let told = desk.refused(&["init", "other", "--name", "ledger.example.com/b", "--key", "key"], 1);
    assert!(told.contains("the key key is one of the ledger ledger.example.com/test"), "{told}");
    assert_eq!((desk.read("key"), desk.shard()), (key, shard));
}

#[test]
fn what_is_appended_has_a_place_and_is_there_once() {
    let desk = Desk::new();
    let shard = desk.shard();
    assert_eq!(desk.note("one"), format!("{shard}/1"));
    assert_eq!(desk.note("two"), format!("{shard}/2"));
    assert_eq!(desk.note("one"), format!("{shard}/1"));
    // Without an id two equal notes are two events.
    for index in [3, 4] {
        let printed = desk.good(&["append", "led", "--key", "key", "--event", "same"]);
        assert_eq!(printed, format!("{shard}/{index}\n"));
    }
    let checkpoint = desk.read(&format!("led/{shard}/checkpoint"));
    assert_eq!(checkpoint.lines().nth(1), Some("5"));
}

#[test]
fn a_document_is_kept_by_its_hash() {
    let desk = Desk::new();
    fs::write(desk.path("assessment.pdf"), "hello\n").unwrap();
    let keep = ["append", "led", "--key", "key", "--document", "assessment.pdf", "--about", "uid-1"];
    let (first, again) = (desk.good(&keep), desk.good(&keep));
    assert_eq!((first.as_str(), &first), (&*format!("{}/1\n", desk.shard()), &again));
    let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    assert_eq!(desk.read(&format!("led/blob/sha256/58/{digest}")), "hello\n");
    let id = format!("document:{digest}:uid-1");
    let proof = desk.good(&["prove", "led", "--id", &id]);
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    let told = desk.refused(&["append", "led", "--key", "key", "--document", "nothing.pdf"], 1);
    assert!(told.starts_with("bund: the document nothing.pdf cannot be read"), "{told}");
}

#[test]
fn a_pin_that_cannot_be_written_is_said() {
    let desk = Desk::new();
    fs::create_dir(desk.path("folder")).unwrap();
    // A pin in a folder that is not there is not asked for by accident: it would remember nothing.
    let output = desk.run(&["append", "led", "--key", "key", "--event", "x", "--pin", "nowhere/pin"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the pin nowhere/pin does not remember it"), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}/1\n", desk.shard()));
}

#[test]
fn what_is_too_large_or_has_no_name_is_refused_before_anything_is_written() {
    let desk = Desk::new();
    let large = "x".repeat(61 * 1024);
    let told = desk.refused(&["append", "led", "--key", "key", "--event", &large], 1);
    assert!(told.contains("may have 48000: keep large things as documents"), "{told}");
    let told = desk.refused(&["append", "led", "--key", "key", "--event", "x", "--id", "a b"], 1);
    assert!(told.starts_with("bund: --id cannot be used: `a b` is not an id"), "{told}");
    assert_eq!(desk.note("next"), format!("{}/1", desk.shard()));
}
