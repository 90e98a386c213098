//! Policies are read as C2SP tlog-policy says, and a quorum is a quorum.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bund_ledger::policy::Policy;
use bund_ledger::{Keys, SecretKey, SignedCheckpoint, Tree};
use ed25519_dalek::{Signer as _, SigningKey};
use signed_note::{Note, key_id};

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The verifier key of a witness.
fn witness(number: u8) -> String {
    let name = format!("witness.example.com/{number}");
    let encoded = [&[4], key(number).verifying_key().as_bytes().as_slice()].concat();
    format!("{name}+{:08x}+{}", key_id(&name, &encoded), BASE64_STANDARD.encode(&encoded))
}

/// A checkpoint that these witnesses signed.
fn witnessed(witnesses: &[u8]) -> Note {
    let keys = Keys::of(SecretKey::generate("ledger.example.com/test".parse().unwrap()));
    let signed =
        SignedCheckpoint::sign("ledger.example.com/test/2026", 0, Tree::default().root(), &keys).unwrap();
    let body = signed.text.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let lines = witnesses.iter().map(|number| {
        let message = format!("cosignature/v1\ntime 1790000000\n{body}");
        let vkey = witness(*number);
        let id = u32::from_str_radix(vkey.split('+').nth(1).unwrap(), 16).unwrap();
        let time = 1_790_000_000_u64.to_be_bytes();
        let signature =
            [&id.to_be_bytes()[..], &time, &key(*number).sign(message.as_bytes()).to_bytes()].concat();
        format!("— {} {}\n", vkey.split('+').next().unwrap(), BASE64_STANDARD.encode(signature))
    });
    let text = signed.text + &lines.collect::<String>();
    Note::from_bytes(text.as_bytes()).unwrap()
}

#[test]
fn a_quorum_is_as_many_as_its_groups_ask_for() {
    let text = format!(
        "# whom we trust\n\nwitness X1 {}\nwitness X2 {} https://x2.example.com\n\twitness X3 {}\ngroup X 2 X1 X2 X3\n\
         witness Y1 {}\nwitness Y2 {}\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n",
        witness(1),
        witness(2),
        witness(3),
        witness(4),
        witness(5),
    );
    let policy = Policy::read(text.as_bytes()).unwrap();
    for (signed, expected) in [
        (&[1, 2, 4][..], true),
        (&[1, 3, 5], true),
        (&[1, 2, 3, 4, 5], true),
        (&[1, 2, 3], false),
        (&[1, 4, 5], false),
        (&[6, 7, 8], false),
        (&[], false),
    ] {
        assert_eq!(policy.is_witnessed(&witnessed(signed)), expected, "{signed:?}");
    }
    assert!(Policy::read(b"quorum none").unwrap().is_witnessed(&witnessed(&[])));
}

#[test]
fn what_is_no_policy_is_refused_with_its_line() {
    let (one, two) = (witness(1), witness(2));
    let log = SecretKey::generate("ledger.example.com/test".parse().unwrap()).verifier(None);
    let log = log.as_str();
    for (text, line) in [
        (String::new(), 0),
        (format!("log {log}\n"), 0),
        (format!("log {log}\nlog {log}\nquorum none\n"), 2),
        (format!("log {one}\nquorum none\n"), 1),
        (format!("witness a {log}\nquorum a\n"), 1),
        (format!("witness a {one}\nwitness b {one}\nquorum a\n"), 2),
        (format!("witness a {one}\nwitness a {two}\nquorum a\n"), 2),
        (format!("witness none {one}\nquorum none\n"), 1),
        ("quorum a\n".to_owned(), 1),
        ("quorum none\nquorum none\n".to_owned(), 2),
        (format!("witness a {one}\ngroup g 2 a\nquorum g\n"), 2),
        (format!("witness a {one}\ngroup g 0 a\nquorum g\n"), 2),
        (format!("witness a {one}\ngroup g any\nquorum g\n"), 2),
        (format!("witness a {one}\ngroup g any a a\nquorum g\n"), 2),
        (format!("witness a {one}\ngroup g any a\ngroup h any a\nquorum g\n"), 3),
        ("group g any g\nquorum g\n".to_owned(), 1),
        ("hello\nquorum none\n".to_owned(), 1),
        ("quorum none\r\n".to_owned(), 1),
    ] {
        assert_eq!(Policy::read(text.as_bytes()).map_err(|error| error.line), Err(line), "{text}");
    }
}
