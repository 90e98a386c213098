//! Which keys are trusted, and how trust passes from one to the next.

use signed_note::Note;

use super::Trust;
use super::entries::Told;
use super::finding::Findings;
use crate::checkpoint::SignedCheckpoint;
use crate::key::VerifierKey;
use crate::name::ShardName;

/// The keys that are trusted so far.
pub(super) struct Trusted {
    keys: Vec<VerifierKey>,
    is_given: bool,
}

impl Trusted {
    pub(super) fn of(trust: &Trust) -> Self {
        let logs = trust.policy.as_ref().map(|policy| policy.logs().to_vec());
        // A policy that names no log leaves it to the context which logs are meant.
        let keys = logs.unwrap_or_default();
        Self { is_given: !keys.is_empty(), keys }
    }

    /// Passes trust on: a checkpoint that a trusted key signed covers the entry that names the keys beside it. `signed` are
    /// the sizes of the checkpoints that were checked.
    pub(super) fn pass(&mut self, told: &Told, signed: &[u64]) {
        for (number, period) in told.periods.iter().enumerate() {
            let end = told.periods.get(number + 1).map_or(u64::MAX, |next| next.from);
            let has_checkpoint = signed.iter().any(|size| (period.from..end).contains(size));
            if has_checkpoint && ((!self.is_given && self.keys.is_empty()) || self.knows(&period.keys)) {
                self.keys.extend(period.keys.iter().cloned());
            }
        }
    }

    pub(super) fn knows(&self, keys: &[VerifierKey]) -> bool {
        keys.iter().any(|key| {
            self.keys.iter().any(|known| known.is_same_key(key) && is_same_log(known.name(), key.name()))
        })
    }

    /// Whether the last checkpoint of all is signed with a trusted key. What is before it is covered by it.
    pub(super) fn conclude(
        &self,
        trust: &Trust,
        told: &Told,
        last: &SignedCheckpoint,
        place: &str,
        findings: &mut Findings,
    ) {
        let keys = told.keys_at(last.size);
        let names: Vec<_> = keys.iter().map(VerifierKey::as_str).collect();
        if !self.knows(keys) {
            let what =
                format!("it is signed with {}, and nobody who is trusted vouches for that", names.join(", "));
            let remedy = "ask, over another way, whether these are the keys of the ledger, and since when; then name \
                          them in the policy";
            findings.unverifiable(place, what, remedy);
        } else if !self.is_given {
            let what =
                format!("whether the keys are right is not known; it is signed with {}", names.join(", "));
            let remedy =
                "compare them with what you know from elsewhere, and give that as `--policy` next time";
            findings.warn(place, what, remedy);
        }
        witnessed(trust, last, place, findings);
    }
}

/// Whether as many witnesses signed as the policy asks for.
pub(super) fn witnessed(trust: &Trust, last: &SignedCheckpoint, place: &str, findings: &mut Findings) {
    let Some(policy) = trust.policy.as_ref().filter(|policy| policy.asks_for_witnesses()) else { return };
    let is_witnessed = Note::from_bytes(last.text.as_bytes()).is_ok_and(|note| policy.is_witnessed(&note));
    if !is_witnessed {
        let what = "it is not signed by as many witnesses as the policy asks for";
        findings.unverifiable(place, what, "ask the witnesses for what they saw of this log");
    }
}

/// Whether two names are of one log: of the log itself, or of its shards.
pub(super) fn is_same_log(one: &str, other: &str) -> bool {
    log_name(one) == log_name(other)
}

fn log_name(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((log, shard)) if shard.parse::<ShardName>().is_ok() => log,
        _ => name,
    }
}
