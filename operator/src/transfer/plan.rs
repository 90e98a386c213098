//! What one pass over transfers leads to. (pure)

use std::collections::BTreeSet;

use bund_engine::Timestamp;
use bund_engine::snapshot::{TransferKind, UnreadableTransfer};
use bund_engine::transfer::{self, Due, State, Turn};
use serde_json::Value;

use super::figures::Figures;
use super::judged::Judged;
use super::news::news;
use super::{exporter, set_back, status};
use crate::controller::plan::{Unseen, Write, holds};
use crate::event::Occurrence;
use crate::index::{ObjectKey, OwnObject, View};
use crate::own_status::OwnStatus;

/// What one pass leads to.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// What is not on record, in the order in which it is to be recorded.
    pub(super) due: Vec<Due>,
    /// Every status that differs from what is stored.
    pub(super) writes: Vec<Write>,
    /// What is told as Events.
    pub(super) news: Vec<Occurrence<'static>>,
    pub(super) figures: Figures,
    /// When something changes by itself.
    pub(super) wake: Option<Timestamp>,
}

/// Plans a pass at `now`. `failing` is why nothing can be recorded.
pub(super) fn plan(view: &View, unseen: &mut Unseen, failing: Option<&str>, now: Timestamp) -> Planned {
    let mut planned = Planned { due: due(view, now), ..Planned::default() };
    planned.wake = Some(exporter::next_day(now));
    for (key, shown) in view.declared(TransferKind::CrossBorderTransfer) {
        planned.transfer(view, unseen, (key, shown), failing, now);
    }
    let exporters = TransferKind::Exporter;
    for (key, shown) in view.declared(exporters) {
        let transfers = view.snapshot.transfers();
        let code = key.name.to_ascii_uppercase().parse().ok();
        let spec = code.and_then(|code| transfers.exporter(&code)).map(|facts| &facts.spec);
        let why = unreadable(view, exporters, key).map_or("it is not known yet", |fact| fact.why.as_str());
        let stored = unseen.stored(exporters.as_str(), None, &key.name, shown);
        let status = exporter::status(spec.ok_or(why), &stored, now);
        planned.write(exporters, key, shown, &stored, status);
    }
    planned
}

/// What is not on record. Ends come first, those of what was set back before all.
fn due(view: &View, now: Timestamp) -> Vec<Due> {
    let mut due: Vec<_> = set_back::due(view, now).collect();
    let set_back: BTreeSet<_> = view.set_back().filter_map(|transfer| transfer.uid.as_ref()).collect();
    let is_other = |due: &Due| due.spec.transfer.as_ref().is_none_or(|it| !set_back.contains(&it.uid));
    due.extend(transfer::due(&view.snapshot, now).into_iter().filter(is_other));
    due
}

fn unreadable<'v>(view: &'v View, kind: TransferKind, key: &ObjectKey) -> Option<&'v UnreadableTransfer> {
    let at = (key.namespace.clone().unwrap_or_default(), key.name.clone());
    view.snapshot.transfers().unreadable().find(|fact| fact.kind == kind && fact.key == at)
}

impl Planned {
    fn transfer(
        &mut self,
        view: &View,
        unseen: &mut Unseen,
        (key, shown): (&ObjectKey, &OwnObject),
        failing: Option<&str>,
        now: Timestamp,
    ) {
        let kind = TransferKind::CrossBorderTransfer;
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let stored = unseen.stored(kind.as_str(), key.namespace.as_deref(), &key.name, shown);
        let mut turns = 0;
        let status = if let Some(transfer) = view.snapshot.transfers().transfer(namespace, &key.name) {
            let judged = Judged::of(transfer, &view.snapshot, now);
            self.figures.count(&judged, now);
            self.wake = self.wake.into_iter().chain(judged.moments().filter(|moment| now < *moment)).min();
            let events = transfer.uid.iter().flat_map(|uid| view.snapshot.transfers().events_of(uid));
            turns = events.filter(|event| Turn::of(event.spec.event).is_some()).count();
            status::status(&judged, &stored, failing, now)
        } else if let Some(fact) = unreadable(view, kind, key) {
            status::unreadable(&fact.why, &stored, now)
        } else {
            *self.figures.states.entry(State::Revoked).or_default() += 1;
            status::set_back(&stored, now)
        };
        let uid = shown.object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        self.news.extend(news(key, uid, turns, &stored.status, &status));
        self.write(kind, key, shown, &stored, status);
    }

    fn write(
        &mut self,
        kind: TransferKind,
        key: &ObjectKey,
        shown: &OwnObject,
        stored: &OwnObject,
        status: Value,
    ) {
        let members: &[&'static str] =
            if kind == TransferKind::CrossBorderTransfer { &status::MEMBERS } else { &[] };
        if !holds(&stored.status, &status, members) {
            let (namespace, name) = (key.namespace.clone(), key.name.clone());
            let own = OwnStatus { kind: kind.as_str(), namespace, name, status };
            self.writes.push(Write { own, seen: shown.resource_version.clone() });
        }
    }
}

#[cfg(test)]
mod tests;
