//! What an entry says, in one line.

use bund_crds::ledger_event::LedgerEventSpec;
use serde::Serialize;

use super::language::{Language, fill};
use crate::event::{Enforcement, Event, Place};

/// As many characters of a note as the appendix shows.
const NOTE: usize = 160;

/// The code of an event: what it is called in entries.
pub(super) fn code(event: &Event) -> String {
    match event {
        Event::LogOpened { .. } => "LogOpened".to_owned(),
        Event::LogClosed { .. } => "LogClosed".to_owned(),
        Event::KeyRotated { .. } => "KeyRotated".to_owned(),
        Event::LossAccepted { .. } => "LossAccepted".to_owned(),
        Event::ShardDropped { .. } => "ShardDropped".to_owned(),
        Event::Recorded { spec, .. } => name_of(&spec.event),
        Event::Enforced(enforcement) => enforcement.action.clone(),
        Event::Document(_) => "Document".to_owned(),
        Event::Noted { .. } => "Noted".to_owned(),
    }
}

/// What is known of an event besides.
pub(super) fn text(event: &Event, language: Language) -> String {
    let words = language.words();
    match event {
        Event::LogOpened { keys, .. } | Event::KeyRotated { keys, .. } => {
            fill(words.keys_are, &[&keys.join(", ")])
        }
        Event::LogClosed { next } => fill(words.goes_on, &[&next.to_string()]),
        Event::LossAccepted { left, why, .. } => fill(words.lost_after, &[&left.to_string(), why]),
        Event::ShardDropped { shard, .. } => shard.to_string(),
        Event::Recorded { spec, .. } => recorded(spec, language),
        Event::Enforced(Enforcement { place, policy, reason, count, .. }) => {
            format!("{}, {policy}, {reason} ×{count}", place_of(place))
        }
        Event::Document(kept) => format!("{}, SHA-256 {}", kept.title, kept.sha256),
        Event::Noted { text, about: _ } => shortened(text),
    }
}

fn recorded(spec: &LedgerEventSpec, language: Language) -> String {
    let transfer = spec.transfer.as_ref().map(|transfer| format!("{}/{}", transfer.namespace, transfer.name));
    let object = spec.object.as_ref().map(super::object);
    let decision = spec.decision.as_ref().map(|decision| {
        let decided = name_of(&decision.decision);
        format!("{} {}", language.of_code(&decided), decision.username)
    });
    let parts: Vec<_> = transfer.into_iter().chain(object).chain(decision).collect();
    if parts.is_empty() { shortened(&spec.why) } else { parts.join(", ") }
}

/// The name of a variant, as it is written in JSON.
pub(super) fn name_of(variant: &impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

pub(super) fn place_of(place: &Place) -> String {
    let Place { kind, namespace, name } = place;
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

fn shortened(text: &str) -> String {
    let one_line = |c| if c == '\n' { ' ' } else { c };
    let mut shortened: String = text.chars().take(NOTE).map(one_line).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    shortened
}
