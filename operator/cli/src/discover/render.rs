//! Lines for people.

use std::fmt::Write;

use super::{Confidence, Discovery, Found};
use crate::{
    inventory::{Origin, told_not_known},
    report::visible,
};

/// What was discovered, as text: the surest first.
pub fn text(discovery: &Discovery) -> String {
    let mut lines = vec![heading(discovery)];
    for (confidence, word) in
        [(Confidence::High, "certain"), (Confidence::Medium, "probable"), (Confidence::Low, "possible")]
    {
        let of: Vec<_> = discovery.stores.iter().filter(|found| found.confidence == confidence).collect();
        if of.is_empty() {
            continue;
        }
        lines.push(String::new());
        let stores = if of.len() == 1 { "store" } else { "stores" };
        lines.push(format!("{} {stores}, {word}:", of.len()));
        for found in of {
            lines.extend(told(found));
        }
    }
    if !discovery.not_known.is_empty() {
        lines.push(String::new());
        lines.push(format!("Not known: {}", told_not_known(&discovery.origin, &discovery.not_known)));
    }
    lines.push(String::new());
    lines.push("What is not listed was not recognised; that does not mean that it holds no data.".to_owned());
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string cannot fail.
        writeln!(text, "{}", visible(line)).unwrap_or_default();
        text
    })
}

fn heading(discovery: &Discovery) -> String {
    let from = match &discovery.origin {
        Origin::Cluster { context } => format!("cluster {context}"),
        Origin::Files { paths } => format!("files {}", paths.join(", ")),
    };
    format!(
        "{from}: {} stores without a data class, {} with one",
        discovery.stores.len(),
        discovery.classified
    )
}

fn told(found: &Found) -> Vec<String> {
    let place = if found.namespace.is_empty() { String::new() } else { format!("{}/", found.namespace) };
    let mut lines = vec![
        format!("  {} {place}{}: {}", found.kind, found.name, found.product),
        format!("    seen by    {}", found.evidence.join(", ")),
    ];
    if found.classes.is_empty() {
        lines.push("    may hold   not guessed: ask who runs it".to_owned());
        return lines;
    }
    for probable in &found.classes {
        lines.push(format!("    may hold   {} ({})", probable.class, probable.why));
    }
    let mut place = match &found.remedy.field {
        Some(field) => format!("in {field}"),
        None => "on its Namespace: its kind is not known to pass labels on to its pods".to_owned(),
    };
    if found.remedy.enrol_namespace {
        write!(place, "; enrol Namespace {} first: `bund.dev/guarded: \"true\"`", found.namespace)
            .unwrap_or_default();
    }
    lines.push(format!("    if so, add {}  ({place})", found.remedy.labels.join("  ")));
    lines
}
