//! The shards of a log together: each goes on from the one before it, and all of them from what somebody kept.

use std::collections::BTreeMap;

use super::entries::{Drop, chain};
use super::finding::{CHANGED, Findings};
use super::live::Verified;
use super::report::{Report, Severity, ShardSummary};
use super::trust::Trusted;
use super::{Kept, Trust};
use crate::checkpoint::SignedCheckpoint;
use crate::entry::least_kept;
use crate::log::{Manifest, paths};
use crate::name::{LogName, ShardName};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// A log as it is written: every shard that was not dropped is there.
    Log,
    /// An export of all of it.
    Export,
    /// An export of some of it.
    Part,
}

/// Says what was found in all shards.
pub(super) fn conclude(
    mut report: Report,
    mut shards: Vec<Verified>,
    trust: &Trust,
    scope: Scope,
    mut findings: Findings,
) -> Report {
    accept_losses(&mut shards);
    accept_drops(&mut shards, &mut findings);
    links(&shards, scope, &mut findings);
    for kept in &trust.checkpoints {
        compare_kept(kept, &shards, scope, &mut findings);
    }
    let mut trusted = Trusted::of(trust);
    for shard in &shards {
        trusted.pass(&shard.told, &shard.signed);
    }
    if let Some((shard, last)) = shards.iter().rev().find_map(|shard| Some((shard, shard.last.as_ref()?))) {
        trusted.conclude(trust, &shard.told, last, &paths::checkpoint(shard.told.name), &mut findings);
    }
    report.name = shards.iter().rev().find_map(|shard| Some(shard.told.opened.as_ref()?.name.clone()));
    for shard in shards {
        report.shards.push(summary(&shard));
        findings.extend(shard.told.findings);
    }
    (report.findings, report.more) = findings.sorted();
    report
}

fn summary(shard: &Verified) -> ShardSummary {
    let Verified { told, size, last, .. } = shard;
    ShardSummary {
        shard: told.name,
        origin: told.origin.clone(),
        size: *size,
        entries: told.entries,
        signed: last.as_ref().map_or(0, |last| last.size),
        root: last.as_ref().map(|last| last.root.to_string()).unwrap_or_default(),
        checkpoint: last.as_ref().map(|last| last.text.clone()).unwrap_or_default(),
        first: told.first,
        last: told.last,
        closed: told.next.is_some(),
    }
}

/// What a later shard says was lost is no more than a warning, if it says so under a signature.
fn accept_losses(shards: &mut [Verified]) {
    let losses: Vec<_> = shards.iter().flat_map(|shard| shard.told.losses.clone()).collect();
    for loss in losses {
        let Ok(lost) = SignedCheckpoint::unverified(&loss.lost) else { continue };
        let Some(shard) = shards.iter_mut().find(|shard| shard.told.origin == lost.origin) else { continue };
        let found = std::mem::take(&mut shard.told.findings);
        shard.told.findings = found.map(|mut finding| {
            if finding.index.is_none_or(|index| index >= loss.left) {
                finding.severity = finding.severity.min(Severity::Warning);
            }
            finding
        });
        let place = shard.told.name.to_string();
        if shard.size < loss.left {
            let what = format!("{} entries were left after a loss, and {} are there", loss.left, shard.size);
            shard.told.findings.tampered(place, what, CHANGED);
        } else {
            let what = format!(
                "entries after {} were lost, up to {} at least, and somebody accepted that: {}",
                loss.left, lost.size, loss.why
            );
            shard.told.findings.warn(place, what, "look for copies of what was lost");
        }
    }
}

/// What is left of a shard that was dropped, as a later one says, is no more than a warning.
fn accept_drops(shards: &mut Vec<Verified>, findings: &mut Findings) {
    let drops: Vec<Drop> = shards.iter().flat_map(|shard| shard.told.drops.clone()).collect();
    for drop in drops {
        let after = shards.iter().find(|shard| shard.told.name > drop.shard);
        let begun = after.and_then(|shard| Some(shard.told.opened.as_ref()?.inception));
        // The last entry of a shard is as old as the shard that goes on.
        if let Some(soonest) = begun.map(least_kept).filter(|soonest| drop.at < *soonest) {
            let what =
                format!("{} was dropped at {}, and had to be kept until {soonest}", drop.shard, drop.at);
            findings.tampered(&drop.place, what, "ask who dropped it, and bring it back from a copy");
        }
        if shards.iter().any(|shard| shard.told.name == drop.shard) {
            shards.retain(|shard| shard.told.name != drop.shard);
            let what = "it was dropped, and some of it is still there";
            findings.warn(drop.shard.to_string(), what, "drop it once more");
        }
    }
}

/// Each shard goes on from the one before it.
fn links(shards: &[Verified], scope: Scope, findings: &mut Findings) {
    let drops: BTreeMap<ShardName, String> = shards
        .iter()
        .flat_map(|shard| &shard.told.drops)
        .map(|drop| (drop.shard, drop.checkpoint.clone()))
        .collect();
    let mut before: Option<&Verified> = None;
    for shard in shards {
        let Some(manifest) = &shard.told.opened else {
            before = Some(shard);
            continue;
        };
        link(shard, manifest, before, &drops, scope, findings);
        before = Some(shard);
    }
    let Some(last) = before else {
        findings.unverifiable(
            "log.json",
            "there is no shard here",
            "give the folder or bucket of a ledger, or an export",
        );
        return;
    };
    if let Some(next) = last.told.next {
        let what = format!("{} is closed, and {next}, which goes on, is not here", last.told.name);
        let place = last.told.name.to_string();
        match scope {
            Scope::Part => findings.warn(place, what, "ask for it if you need it"),
            Scope::Log | Scope::Export => findings.unverifiable(
                place,
                what,
                "bring it back from a copy; if it never began, open the log: it begins it",
            ),
        }
    }
}

fn link(
    shard: &Verified,
    manifest: &Manifest,
    before: Option<&Verified>,
    drops: &BTreeMap<ShardName, String>,
    scope: Scope,
    findings: &mut Findings,
) {
    let place = paths::manifest(shard.told.name);
    let Some(parent) = &manifest.parent else {
        if let Some(before) = before {
            let what = format!("it is a log of its own, and {} is before it", before.told.name);
            findings.tampered(place, what, CHANGED);
        }
        return;
    };
    let is_lost = shard.told.losses.iter().any(|loss| loss.lost == parent.checkpoint);
    let Some(before) = before.filter(|before| before.told.origin == parent.origin) else {
        let name: &LogName = &manifest.name;
        let dropped = name.shard_of(&parent.origin).and_then(|shard| drops.get(&shard));
        match dropped {
            Some(checkpoint) if *checkpoint == parent.checkpoint => {}
            Some(_) => findings.tampered(
                place,
                "the shard before it was dropped with another last checkpoint",
                CHANGED,
            ),
            None if is_lost => {}
            None => {
                let what = format!("it goes on from `{}`, which is not here", parent.origin);
                match scope {
                    Scope::Log => findings.tampered(place, what, CHANGED),
                    Scope::Export => findings.unverifiable(place, what, "ask for the whole export"),
                    Scope::Part => findings.warn(place, what, "ask for it if you need it"),
                }
            }
        }
        return;
    };
    if is_lost {
        return;
    }
    if before.told.next != Some(shard.told.name) && scope != Scope::Part {
        let what = format!("{} is not closed by an entry that names it as the next", before.told.name);
        findings.tampered(&place, what, CHANGED);
    }
    if before.last.as_ref().is_some_and(|last| last.text != parent.checkpoint) {
        let what = format!("it goes on from another checkpoint than the last one of {}", before.told.name);
        findings.tampered(&place, what, CHANGED);
    }
}

/// The log has grown from a checkpoint that somebody kept.
fn compare_kept(kept: &Kept, shards: &[Verified], scope: Scope, findings: &mut Findings) {
    let place = kept.place.as_str();
    let known = match SignedCheckpoint::unverified(&kept.text) {
        Ok(known) => known,
        Err(error) => {
            return findings.unverifiable(place, chain(&error), "give the checkpoint as it was kept");
        }
    };
    let Some(shard) = shards.iter().find(|shard| shard.told.origin == known.origin) else {
        return compare_absent(place, &known, shards, scope, findings);
    };
    if shard.roots.get(&known.size) == Some(&known.root) {
        return;
    }
    let accepted = shards.iter().flat_map(|shard| &shard.told.losses).find(|loss| {
        let lost = SignedCheckpoint::unverified(&loss.lost);
        lost.is_ok_and(|lost| {
            lost.origin == known.origin && loss.left < known.size && known.size <= lost.size
        })
    });
    if let Some(loss) = accepted {
        let what = format!("it is of entries that were lost, and somebody accepted that: {}", loss.why);
        return findings.warn(place, what, "look for copies of what was lost");
    }
    let keys = shard.told.periods.iter().flat_map(|period| period.keys.clone()).collect::<Vec<_>>();
    if SignedCheckpoint::open(&kept.text, &known.origin, &keys).is_err() {
        let what = "it is not what the log holds, and no key of the log signed it";
        return findings.unverifiable(place, what, "find out who made it");
    }
    let what = if known.size > shard.size {
        format!(
            "{} had {} entries, and {} are there: a copy was put back, or entries were cut off",
            known.origin, known.size, shard.size
        )
    } else {
        format!(
            "{} had other entries when it had {}: they were changed, or there are two histories",
            known.origin, known.size
        )
    };
    findings.tampered(place, what, CHANGED);
}

fn compare_absent(
    place: &str,
    known: &SignedCheckpoint,
    shards: &[Verified],
    scope: Scope,
    findings: &mut Findings,
) {
    let later = shards.iter().flat_map(|shard| {
        let drops = shard.told.drops.iter().map(|drop| &drop.checkpoint);
        let losses = shard.told.losses.iter().map(|loss| &loss.lost);
        drops.chain(losses)
    });
    let mut later = later.filter_map(|text| SignedCheckpoint::unverified(text).ok());
    if later.any(|gone| gone.origin == known.origin && gone.size >= known.size) {
        return findings.warn(
            place,
            "its shard was dropped or lost, as the log says",
            "look for a copy if you need it",
        );
    }
    let what = format!("nothing of `{}` is here", known.origin);
    match scope {
        Scope::Log => findings.tampered(place, what, CHANGED),
        Scope::Export | Scope::Part => findings.unverifiable(place, what, "ask for the shard that it is of"),
    }
}
