//! What is told of declassifications. (pure)

use std::collections::BTreeMap;

use bund_crds::condition::DECLASSIFIED;
use bund_engine::snapshot::{OwnKind, World};
use bund_engine::{HeldClass, Timestamp};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use kube::runtime::events::EventType;
use serde_json::json;

use crate::controller::condition::{Wanted, conditions};
use crate::event::Occurrence;
use crate::index::{Declassification, View, Writer};
use crate::own_status::OwnStatus;

/// Events that are written at a time. Of the others only the number is told.
const EVENTS: usize = 20;
/// What a count goes to whose class nobody declared.
pub const OTHER: &str = "other";

/// One event for each, and where there are too many or some were missed, one that says how many more there were.
pub fn events(heard: &[Declassification], missed: u64, identity: &str, now: Timestamp) -> Vec<Event> {
    let (told, rest) = heard.split_at(heard.len().min(EVENTS));
    let event = |declassification: &Declassification| {
        event(declassification, "", told_in_full(declassification), identity, now)
    };
    let mut events: Vec<_> = told.iter().map(event).collect();
    let more = missed.saturating_add(rest.len() as u64);
    if let Some(last) = heard.last()
        && more > 0
    {
        let note = format!(
            "{more} more objects lost classes at the same time; the log of the leader and the metric \
             bund_declassified_total tell of them"
        );
        events.push(self::event(last, ".more", note, identity, now));
    }
    events
}

fn event(about: &Declassification, suffix: &str, note: String, identity: &str, now: Timestamp) -> Event {
    let Declassification { kind, key, uid, resource_version, gone, .. } = about;
    let gone = if *gone { ".gone" } else { "" };
    let occurrence = Occurrence {
        name: format!("bund-declassified.{uid}.{resource_version}{gone}{suffix}"),
        about: ObjectReference {
            api_version: Some(kind.api_version()),
            kind: Some(kind.kind.to_owned()),
            namespace: key.namespace.as_deref().map(str::to_owned),
            name: Some(key.name.to_string()),
            uid: Some(uid.to_string()),
            resource_version: Some(resource_version.to_string()),
            ..ObjectReference::default()
        },
        severity: EventType::Warning,
        reason: "Declassified",
        action: "Observe",
        note,
    };
    occurrence.event(identity, now)
}

/// The object, what happened to it, and who wrote it last.
fn told_in_full(declassification: &Declassification) -> String {
    let by = declassification
        .writer
        .as_ref()
        .map(|Writer { manager, time }| format!("; last written by field manager {manager} at {time}"));
    format!("{}{}", told(declassification), by.unwrap_or_default())
}

fn told(Declassification { kind, key, what, .. }: &Declassification) -> String {
    let namespace = key.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{} {namespace}{} {what}", kind.kind, key.name)
}

/// How many objects lost each class, by the name of a class that somebody declared.
pub fn counts(heard: &[Declassification], missed: u64, world: &World) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for Declassification { classes, .. } in heard {
        if classes.is_empty() {
            *counts.entry(OTHER.to_owned()).or_default() += 1;
        }
        for class in classes {
            let class = world.class(class.as_str()).map_or(OTHER, |class| class.name.as_str());
            *counts.entry(class.to_owned()).or_default() += 1;
        }
    }
    if missed > 0 {
        *counts.entry(OTHER.to_owned()).or_default() += missed;
    }
    counts
}

/// The last loss of each class that somebody declared, with its time.
pub fn last(heard: &[Declassification], world: &World, now: Timestamp) -> BTreeMap<HeldClass, String> {
    let mut last = BTreeMap::new();
    for declassification in heard {
        let declared = declassification.classes.iter().filter(|class| world.class(class.as_str()).is_some());
        let message = format!("last at {now:.0}: {}", told_in_full(declassification));
        last.extend(declared.map(|class| (class.clone(), message.clone())));
    }
    last
}

/// The status that tells it of a class. `None` where the class is gone.
pub fn condition(class: &HeldClass, message: &str, view: &View, now: Timestamp) -> Option<OwnStatus> {
    let own = view.own(OwnKind::DataClass, class.as_str())?;
    let wanted = Wanted::holds(DECLASSIFIED, "ClassRemoved", message);
    let status = json!({ "conditions": conditions(&[wanted], own.generation, &own.status, now) });
    Some(OwnStatus::cluster_scoped(OwnKind::DataClass, class.as_str(), status))
}

#[cfg(test)]
mod tests;
