//! A proof by itself.

use signed_note::Note;

use super::checkpoints::Expected;
use super::entries::{self, chain};
use super::finding::Findings;
use super::report::Report;
use super::trust::{self, is_same_log};
use super::{Finding, Trust};
use crate::key::VerifierKey;
use crate::policy::{Policy, signed};
use crate::proof::Proof;

/// What to do about a proof that proves nothing.
const ASK: &str = "ask for another proof: `bund ledger prove` makes it from the log";

/// Verifies a proof by itself: that a trusted key signed its checkpoint, and that the entry that it carries is in that tree.
///
/// Without a policy there is nobody to believe, so the report says that it cannot be known.
pub fn verify_proof(place: &str, text: &str, trust: &Trust) -> Report {
    let mut findings = Findings::default();
    check(place, text, trust, &mut findings);
    let mut report = Report::new(place.to_owned());
    (report.findings, report.more) = findings.sorted();
    report
}

fn check(place: &str, text: &str, trust: &Trust, findings: &mut Findings) {
    let proof = match Proof::read(text) {
        Ok(proof) => proof,
        Err(error) => return findings.tampered(place, chain(&error), ASK),
    };
    let Some(entry) = &proof.entry else {
        let what = "it does not carry the entry that it proves";
        return findings.unverifiable(place, what, ASK);
    };
    let checkpoint = match proof.check(entry) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return findings.tampered(place, chain(&error), ASK),
    };
    if let Err(why) = entries::read(entry) {
        findings.tampered(place, why, ASK);
    }
    let logs = trust.policy.as_ref().map(Policy::logs).unwrap_or_default();
    let keys = logs.iter().filter(|key| is_same_log(key.name(), &checkpoint.origin));
    let keys = keys.filter_map(|key| key.of_shard(&checkpoint.origin).ok());
    let signers: Vec<VerifierKey> = keys.filter(|key| has_signed(key, &checkpoint.text)).collect();
    if signers.is_empty() {
        let what = "no key that you trust signed its checkpoint";
        let remedy = "give a policy that names the keys of the ledger, which you know from elsewhere";
        return findings.unverifiable(place, what, remedy);
    }
    let (origin, size, root) = (checkpoint.origin.clone(), checkpoint.size, Some(checkpoint.root));
    let expected = Expected { origin, size, root, keys: signers, policy: trust.policy.clone() };
    if let Err((severity, what)) = expected.check(checkpoint.text.as_bytes()) {
        findings.add(Finding::new(severity, place, what, ASK));
    }
    trust::witnessed(trust, &checkpoint, place, findings);
}

fn has_signed(key: &VerifierKey, text: &str) -> bool {
    let note = Note::from_bytes(text.as_bytes());
    note.is_ok_and(|note| key.verifier().is_ok_and(|verifier| signed(&note, verifier)))
}
