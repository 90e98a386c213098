//! Lines about rights.

use std::collections::BTreeMap;

use super::{heading, shown};
use crate::preflight::{
    counted,
    rights::{Holder, Right, Rights},
};

pub(super) fn rights(rights: &Rights, lines: &mut Vec<String>) {
    let gaps = if rights.not_known.is_empty() {
        String::new()
    } else {
        format!("; not known: {}", rights.not_known.join("; "))
    };
    lines.extend(heading("Bund's power verbs", &format!("who holds them{gaps}")));
    for right in &rights.power {
        let (able, unable): (Vec<_>, Vec<_>) = right.holders.iter().partition(|holder| holder.effective);
        lines.push(format!("  {} ({}): {}", right.name, right.rbac, count(&able)));
        lines.extend(able.iter().map(|holder| format!("    {}", told(holder))));
        for (why, holders) in ineffective(&unable) {
            lines.push(format!("    no right for Bund, {why}: {}", holders.join(", ")));
        }
    }
    lines.extend(heading(
        "Reaching data through the API server",
        &format!("in guarded namespaces or in all{gaps}"),
    ));
    each(&rights.access, lines);
    lines.extend(heading(
        "What admission never sees",
        &format!("in guarded namespaces or in all; Bund cannot judge it, so give it to few{gaps}"),
    ));
    each(&rights.unseen, lines);
}

fn each(rights: &[Right], lines: &mut Vec<String>) {
    let all = holders_of_all(rights);
    if !all.is_empty() {
        lines.push(format!("  everything below: {}", counted(all.len(), "holder")));
        shown(people_first(all.clone()), lines);
    }
    for right in rights {
        let holders: Vec<_> = right.holders.iter().filter(|holder| !all.contains(holder)).collect();
        let others =
            if holders.is_empty() && !all.is_empty() { "nobody else".to_owned() } else { count(&holders) };
        lines.push(format!("  {} ({}): {others}", right.name, right.rbac));
        shown(people_first(holders), lines);
    }
}

/// Who holds every one of these rights in the same way: told once.
fn holders_of_all(rights: &[Right]) -> Vec<&Holder> {
    let Some((first, rest)) = rights.split_first() else { return Vec::new() };
    first.holders.iter().filter(|holder| rest.iter().all(|right| right.holders.contains(holder))).collect()
}

fn count(holders: &[&Holder]) -> String {
    match holders {
        [] => "nobody".to_owned(),
        some => counted(some.len(), "holder"),
    }
}

fn told(holder: &Holder) -> String {
    let at = holder.namespace.as_ref().map_or_else(|| "everywhere".to_owned(), |name| format!("in {name}"));
    let only =
        if holder.only.is_empty() { String::new() } else { format!(", only {}", holder.only.join(", ")) };
    let wildcard = if holder.by_wildcard { ", by wildcard" } else { "" };
    format!("{} {at}{only}{wildcard} [{} -> {}]", holder.subject, holder.binding, holder.role)
}

/// People and groups before service accounts, and what Kubernetes brings along last.
fn people_first(mut holders: Vec<&Holder>) -> Vec<String> {
    holders.sort_by_key(|holder| {
        let account = holder.is_service_account();
        (holder.binding.contains(" system:"), account)
    });
    holders.into_iter().map(|holder| format!("    {}", told(holder))).collect()
}

/// Holders that cannot use a power verb, by why.
fn ineffective<'h>(holders: &[&'h Holder]) -> BTreeMap<&'static str, Vec<&'h str>> {
    let mut by_why: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for holder in holders {
        let why = if holder.is_service_account() { "service accounts" } else { "held by wildcard" };
        let of = by_why.entry(why).or_default();
        if !of.contains(&holder.subject.as_str()) {
            of.push(&holder.subject);
        }
    }
    by_why
}
