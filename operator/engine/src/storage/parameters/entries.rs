//! The entries of a value that name a place.

use alloc::{vec, vec::Vec};

use serde_json::Value;

use super::{
    PlaceKind::{self, Host, RegionOrZone, Url},
    key,
};

type Entry<'p> = (&'p str, PlaceKind);

/// The entries of a value that names places: one, or a list with commas, semicolons, line ends or as JSON. Zones are
/// also joined by `__`, as Kubernetes does in labels.
pub(super) fn listed(kind: PlaceKind, value: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for entry in without_json_brackets(value).split([',', ';', '\n']) {
        if kind == Host {
            push(&mut entries, entry, kind);
        } else {
            entry.split("__").for_each(|part| push(&mut entries, part, kind));
        }
    }
    entries
}

/// What options name: `-o url=…`, `--endpoint …`, `addr=…`, and every URL.
pub(super) fn in_options(value: &str) -> Vec<Entry<'_>> {
    let mut entries = in_text(value);
    for option in value.split([',', ';', '"', '\'', '\n']) {
        let mut named = None;
        for word in option.split_whitespace() {
            let (name, text) = word.split_once('=').map_or((word, None), |(name, text)| (name, Some(text)));
            let kind = key::kind(name);
            match (text, kind, named.take()) {
                (Some(text), Some(kind), _) if !has_url(text) => push(&mut entries, text, kind),
                (None, None, Some(kind)) if !has_url(word) => push(&mut entries, word, kind),
                (None, Some(kind), _) => named = Some(kind),
                _ => {}
            }
        }
    }
    entries
}

/// The domains of the pools of a Ceph class (`topologyConstrainedPools`), a JSON text. The whole text where it cannot
/// be read.
pub(super) fn in_pools(value: &str) -> Vec<Entry<'_>> {
    let Ok(pools) = serde_json::from_str::<Value>(value) else { return in_whole(value) };
    let mut domains = Vec::new();
    collect_domains(&pools, &mut domains);
    let found = domains.into_iter().map(|domain| {
        // Wherever it stands: the same text is the same domain. One written with escapes is not there as it is.
        value.find(domain).and_then(|at| value.get(at..at + domain.len())).unwrap_or(value.trim())
    });
    found.map(|domain| (domain, RegionOrZone)).collect()
}

/// The URLs in a value, and the host of a share (`//host/share`).
pub(super) fn in_text(value: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let trimmed = trimmed(value);
    if trimmed.starts_with("//") || trimmed.starts_with(r"\\") {
        push(&mut entries, trimmed, Host);
    }
    for word in value.split(|letter: char| letter.is_whitespace() || ",;|\"'`<>(){}".contains(letter)) {
        for (at, _) in word.match_indices("://") {
            let scheme = word.get(..at).unwrap_or_default();
            let letter = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
            let start = scheme.trim_end_matches(letter).len();
            entries.extend(word.get(start..).map(|url| (url, Url)));
        }
        if has_encoded_url(word) {
            entries.push((word, Url));
        }
    }
    entries
}

fn in_whole(value: &str) -> Vec<Entry<'_>> {
    match value.trim() {
        "" => Vec::new(),
        text => vec![(text, RegionOrZone)],
    }
}

fn push<'p>(entries: &mut Vec<Entry<'p>>, entry: &'p str, kind: PlaceKind) {
    let text = trimmed(entry);
    let kind = if has_url(text) { Url } else { kind };
    let text = if kind == Host { text.strip_prefix("//").unwrap_or(text) } else { text };
    if !text.is_empty() {
        entries.push((text, kind));
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\''))
}

/// The inside of a JSON array. `[fd00::1]:443` is none: an array of texts has quotes.
fn without_json_brackets(value: &str) -> &str {
    let inner = value.trim().strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    inner.filter(|inner| inner.contains('"')).unwrap_or(value)
}

fn has_url(text: &str) -> bool {
    text.contains("://") || has_encoded_url(text)
}

/// Whether a URL is hidden behind percent signs: nobody can say who decodes it.
fn has_encoded_url(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["%3a%2f%2f", "%3a//", ":%2f%2f", "%3a%2f/", "%3a/%2f", ":%2f/", ":/%2f"]
        .iter()
        .any(|form| text.contains(form))
}

fn collect_domains<'v>(value: &'v Value, domains: &mut Vec<&'v str>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect_domains(element, domains)),
        Value::Object(members) => {
            for (name, member) in members {
                // Readers of JSON in Go ignore the case of a member's name.
                match member {
                    Value::String(text) if key::folded(name) == "value" => domains.push(text),
                    other => collect_domains(other, domains),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
