//! What stands in the boxes of the figure.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bund_crds::data_class::Sensitivity;

use super::{
    super::{
        Class, Phase, Transfer,
        describe::day,
        word::{Language, Word, grouped},
    },
    group::{Group, GroupKey},
};

/// Most destinations that are shown of one transfer.
const MOST_DESTINATIONS: usize = 2;

/// What stands in the box of sources that hold nothing, or of which nothing is known; `None` where some hold something.
pub(super) fn untold_sources(transfer: &Transfer, language: Language) -> Option<Vec<String>> {
    let Some(sources) = &transfer.sources else {
        let name = &transfer.id;
        return Some(vec![language.untold(Word::Sources), format!("{} · {}", name.namespace, name.name)]);
    };
    if sources.iter().any(|source| source.holds.as_ref().is_some_and(|held| !held.is_empty())) {
        return None;
    }
    let first = sources.first()?;
    let more = (sources.len() > 1).then(|| format!(" {}", language.more(sources.len() - 1)));
    let why = if first.holds.is_some() { Word::HoldsNone } else { Word::NotThere };
    Some(vec![
        format!("{} {}{}", first.kind, first.name, more.unwrap_or_default()),
        format!("{} · {}", transfer.id.namespace, language.say(why)),
    ])
}

/// What stands in the box of a class.
pub(super) fn of_class(class: &Class, language: Language) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    if class.sensitivity == Some(Sensitivity::Sensitive) {
        told.push(language.say(Word::Sensitive).to_owned());
    }
    if let Some(kept) = &class.kept_by {
        let inside: BTreeSet<&str> = kept.values().flatten().map(String::as_str).collect();
        if inside.is_empty() {
            told.push(language.say(Word::NoPolicy).to_owned());
        } else {
            told.push(format!("{} {}", language.pick("stays in", "须留在"), language.list(inside)));
        }
    }
    let told = (!told.is_empty()).then(|| told.join(" · "));
    std::iter::once(class.name.to_string()).chain(told).collect()
}

/// Where a transfer goes.
pub(super) fn way(transfer: &Transfer, language: Language) -> Vec<String> {
    let mut to = match &transfer.destinations {
        Some(places) => places.iter().take(MOST_DESTINATIONS).cloned().collect(),
        None => vec![language.untold(Word::Destinations)],
    };
    let rest = transfer.destinations.iter().flatten().count().saturating_sub(MOST_DESTINATIONS);
    to.extend((rest > 0).then(|| language.more(rest)));
    to.push(format!("{} · {}", transfer.id.namespace, transfer.id.name));
    to
}

/// To whom it flows, and on which ground.
pub(super) fn told(transfer: &Transfer, language: Language) -> Vec<String> {
    let recipient = match &transfer.recipient {
        Some(recipient) => format!("{} ({})", recipient.name, recipient.country),
        None => language.untold(Word::Recipient),
    };
    let until = transfer.until.filter(|_| transfer.phase != Phase::Ended).map(day);
    let until = until.map(|day| format!("{}{day}", language.pick(" · valid until ", "，有效期至 ")));
    let standing = format!("{}{}", language.state(transfer.state), until.unwrap_or_default());
    let ground = match &transfer.ground {
        Some(ground) => {
            let first = ground.evidence.first().map(|evidence| format!(" {}", evidence.reference));
            let flaw = if ground.satisfied {
                String::new()
            } else {
                format!(" · {}", language.say(Word::Unsatisfied))
            };
            format!("{}{}{flaw}", language.mechanism(ground.mechanism), first.unwrap_or_default())
        }
        None => language.untold(Word::Ground),
    };
    let needed = transfer.approvals.needed.map(|needed| format!("/{needed}")).unwrap_or_default();
    let persons = transfer.persons.ordinary + transfer.persons.sensitive.max(transfer.persons.under_14);
    let count = format!(
        "{} {}{needed} · {} {}",
        language.say(Word::Approvals),
        transfer.approvals.counted,
        grouped(persons),
        language.pick("persons a year", "人/年"),
    );
    vec![recipient, standing, ground, count]
}

/// What stands in the box of an owner.
pub(super) fn of_group(
    (namespace, owner, kind): GroupKey<'_>,
    group: &Group<'_>,
    language: Language,
) -> Vec<String> {
    let name = match owner {
        Some(owner) => format!("{} {}", owner.kind, owner.name),
        None => match group.only {
            Some(name) => format!("{kind} {name}"),
            None => language.count(group.kinds.get(kind).copied().unwrap_or_default(), kind),
        },
    };
    let namespace = namespace.unwrap_or(language.say(Word::NoNamespace));
    let itself =
        owner.is_none_or(|owner| group.kinds.len() == 1 && group.kinds.contains_key(owner.kind.as_str()));
    let lines = if itself {
        namespace.to_owned()
    } else {
        format!("{namespace} · {}", kinds(&group.kinds, language))
    };
    vec![name, lines]
}

/// What stands in the box of several owners.
pub(super) fn folded(name: &str, group: &Group<'_>, language: Language) -> Vec<String> {
    let owners = grouped(group.owners as u64);
    let name = match language {
        Language::En => format!("{name}: {owners} more"),
        Language::Zh => format!("{name}：其余 {owners} 项"),
    };
    vec![name, kinds(&group.kinds, language)]
}

/// How many objects of which kinds, the most first, and pods before what they use.
fn kinds(kinds: &BTreeMap<&str, usize>, language: Language) -> String {
    let mut most_first: Vec<_> = kinds.iter().collect();
    most_first.sort_by_key(|(kind, count)| (Reverse(**count), **kind != "Pod", **kind));
    language.list(most_first.into_iter().map(|(kind, count)| language.count(*count, short(kind, language))))
}

/// A kind as people call it where there is little room.
fn short(kind: &str, language: Language) -> &str {
    match kind {
        "PersistentVolumeClaim" => language.pick("claim", "PVC"),
        "PersistentVolume" => language.pick("volume", "PV"),
        "VolumeSnapshot" => language.pick("snapshot", "快照"),
        "VolumeSnapshotContent" => language.pick("snapshot content", "快照内容"),
        kind => kind,
    }
}
