//! Which findings are news, and the events that tell of them. (pure)

use std::sync::Arc;

use bund_engine::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use kube::runtime::events::EventType;

use super::super::compose::owner_id;
use super::super::recall::Recalled;
use super::super::result::{Status, message};
use super::super::wanted::Owners;
use crate::audit::{FindingId, OwnerAudit, Told};
use crate::digest::{SHORT, digest};
use crate::event::{NOTE_LIMIT, Occurrence};
use crate::index::{SubjectKey, View, WatchedKind};

/// Something to be told of an owner.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct News {
    owner: Arc<SubjectKey>,
    uid: Box<str>,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    /// It has a finding that it had not.
    Found(Box<Told>),
    /// It has none any more. What it had, in short.
    Clean(String),
}

/// What is new since it was `told` last. Before anything was told, what stored reports tell is known; where there are
/// none to ask, everything counts as known, because most of it is.
pub(super) fn news(
    told: Option<&Owners>,
    recalled: Option<&Recalled>,
    now: &Owners,
    view: &View,
) -> Vec<News> {
    let Some(before) = told else {
        return recalled.map(|recalled| first_news(recalled, now, view)).unwrap_or_default();
    };
    let mut news = Vec::new();
    for (owner, audit) in now {
        let known = before.get(owner);
        if !known.is_some_and(|known| Arc::ptr_eq(known, audit)) {
            let same = known.filter(|known| known.uid == audit.uid);
            let is_new = |told: &Told| !same.is_some_and(|known| tells(known, told));
            news.extend(found(owner, audit, is_new));
        }
    }
    for (owner, audit) in before {
        let still =
            now.get(owner).is_some_and(|now| Arc::ptr_eq(now, audit) || worth_telling(now).next().is_some());
        if !still && worth_telling(audit).next().is_some() {
            news.extend(clean(owner, &audit.uid, &seal(worth_telling(audit)), view));
        }
    }
    news
}

fn first_news(recalled: &Recalled, now: &Owners, view: &View) -> Vec<News> {
    let new = now.iter().flat_map(|(owner, audit)| {
        found(owner, audit, |told| !recalled.knows(owner, FindingId::of(&told.finding)))
    });
    // Their reports were written when something was wrong; the name of the event is that of no other end.
    let ended = recalled.owners.iter().filter(|(owner, _)| now.get(*owner).is_none());
    let ended = ended.filter_map(|(owner, uid)| {
        let known = recalled.since.range((owner.clone(), FindingId::stored(""))..);
        let known: Vec<_> = known
            .take_while(|((of, _), _)| of == owner)
            .map(|((_, finding), since)| format!("{}.{since}", finding.as_str()))
            .collect();
        clean(&Arc::new(owner.clone()), uid, &short(&known), view)
    });
    new.chain(ended).collect()
}

fn found<'o>(
    owner: &'o Arc<SubjectKey>,
    audit: &'o OwnerAudit,
    is_new: impl Fn(&Told) -> bool + 'o,
) -> impl Iterator<Item = News> + 'o {
    // Without its uid an owner cannot be told from another one of its name.
    let new = worth_telling(audit).filter(move |told| !audit.uid.is_empty() && is_new(told));
    new.map(|told| News {
        owner: owner.clone(),
        uid: audit.uid.clone(),
        what: What::Found(Box::new(told.clone())),
    })
}

/// An owner that is gone needs no event.
fn clean(owner: &Arc<SubjectKey>, uid: &str, had: &str, view: &View) -> Option<News> {
    let is_there = view.uid(owner) == Some(uid);
    is_there.then(|| News { owner: owner.clone(), uid: uid.into(), what: What::Clean(had.to_owned()) })
}

/// The findings of which an event is made: not what only looks wrong, or is where nothing is refused.
fn worth_telling(audit: &OwnerAudit) -> impl Iterator<Item = &Told> {
    audit.findings.iter().filter(|told| Status::of(&told.finding) != Status::Warn)
}

fn tells(audit: &OwnerAudit, other: &Told) -> bool {
    audit
        .findings
        .iter()
        .any(|told| told.since == other.since && told.finding.identity() == other.finding.identity())
}

/// Findings with their times, in short: the same for every leader.
fn seal<'t>(findings: impl Iterator<Item = &'t Told>) -> String {
    let mut told: Vec<_> =
        findings.map(|told| format!("{}.{}", FindingId::of(&told.finding).as_str(), told.since)).collect();
    told.sort_unstable();
    short(&told)
}

fn short(told: &[String]) -> String {
    digest(&told.join(" "), SHORT)
}

/// The event that tells it. Its name is the same for every leader, so that it is told once.
pub(super) fn event(news: &News, identity: &str, now: Timestamp) -> Event {
    let News { owner, uid, what } = news;
    let id = owner_id(owner);
    let (name, severity, reason, note) = match what {
        What::Found(told) => (
            format!(
                "bund-finding.{uid}.{}.{}",
                FindingId::of(&told.finding).as_str(),
                told.since.as_microsecond()
            ),
            EventType::Warning,
            told.finding.reason.code(),
            message(&id, &told.finding, NOTE_LIMIT),
        ),
        What::Clean(had) => (
            format!("bund-clean.{uid}.{had}"),
            EventType::Normal,
            "NoFindings",
            "It breaks no rule any more that keeps data in its jurisdiction".to_owned(),
        ),
    };
    let about = ObjectReference {
        api_version: owner.watched_kind().map(WatchedKind::api_version),
        kind: Some(owner.kind.to_owned()),
        namespace: id.namespace.as_deref().map(str::to_owned),
        name: Some(owner.name.to_string()),
        uid: Some(uid.to_string()),
        ..ObjectReference::default()
    };
    Occurrence { name, about, severity, reason, action: "Audit", note }.event(identity, now)
}

#[cfg(test)]
mod tests;
