//! What lost a class or protects less, for the record. (pure)

use bund_crds::ledger_event::RecordedObject;
use bund_crds::{EventType, LedgerEventSpec, Moment};
use bund_engine::Timestamp;
use bund_engine::snapshot::OwnKind;
use bund_engine::transfer::Due;

use crate::digest::{SHORT, digest};
use crate::index::{Declassification, Writer, names};

/// The longest reason that is recorded, in characters.
const WHY_LIMIT: usize = 1024;
/// The longest field manager.
const BY_LIMIT: usize = 256;
/// As many classes as an event names.
const CLASSES: usize = 64;

/// What is to be recorded of what was heard.
pub fn due(heard: &[Declassification], now: Timestamp) -> Vec<Due> {
    heard
        .iter()
        .filter(|declassification| !declassification.uid.is_empty())
        .map(|it| record(it, now))
        .collect()
}

fn record(declassification: &Declassification, now: Timestamp) -> Due {
    let Declassification { kind, key, classes, what, writer, .. } = declassification;
    let event = match OwnKind::of(kind.group, kind.kind) {
        Some(_) => EventType::ModeDowngraded,
        None => EventType::Declassified,
    };
    let cut = |text: &str, limit| text.chars().take(limit).collect::<String>();
    let by = writer.as_ref().map(|Writer { manager, .. }| cut(manager, BY_LIMIT));
    let object = RecordedObject {
        kind: kind.kind.to_owned(),
        namespace: key.namespace.as_deref().map(str::to_owned),
        name: key.name.to_string(),
        by: by.filter(|by| !by.is_empty()),
    };
    let spec = LedgerEventSpec {
        event,
        observed_at: Moment::of(now),
        why: cut(&format!("it {what}"), WHY_LIMIT),
        transfer: None,
        decision: None,
        object: Some(object),
        data_classes: classes.iter().filter_map(|class| class.as_str().parse().ok()).take(CLASSES).collect(),
    };
    Due { name: name(event, declassification), spec, absent: None }
}

/// Made of what happened: whoever sees it gives it the same name.
fn name(event: EventType, declassification: &Declassification) -> Box<str> {
    let Declassification { uid, resource_version, classes, what, .. } = declassification;
    let happened = digest(&format!("{event:?}\n{}\n{what}", names(classes)), SHORT);
    format!("{uid}.{resource_version}.{happened}").to_ascii_lowercase().into()
}
