//! What the rows of a map say, line by line, for a terminal and for a page.

use std::collections::BTreeSet;

use bund_crds::{Persons, TransferDecision};
use bund_engine::{Timestamp, transfer::beijing};

use super::{
    Class, DataFlow, Decided, Ground, Holder, MadeFrom, Place, Source, Transfer, TransferRef,
    word::{Language, Word, grouped},
};

/// Most names of one kind in one cell; the JSON document holds all.
const MOST_NAMES: usize = 20;

/// A moment, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// The day of a moment, in Beijing.
pub(super) fn day(at: Timestamp) -> String {
    beijing::day(at).to_string()
}

/// Of what a map was made.
pub(super) fn made_from(made_from: &MadeFrom, language: Language) -> String {
    match made_from {
        MadeFrom::Cluster { context } => format!("{} {context}", language.pick("from cluster", "来源：集群")),
        MadeFrom::Files { paths } => {
            format!("{} {}", language.pick("from files", "来源：文件"), language.list(paths))
        }
        MadeFrom::Ledger { directory, entries, through } => {
            let through = through
                .map(|at| format!("{}{}", language.pick(", the last of ", "，最后一条 "), moment(at)))
                .unwrap_or_default();
            let entries = grouped(*entries as u64);
            match language {
                Language::En => format!("from ledger export {directory}: {entries} entries{through}"),
                Language::Zh => format!("来源：账本导出 {directory}：{entries} 条记录{through}"),
            }
        }
    }
}

/// What the map holds, in numbers.
pub(super) fn summary(map: &DataFlow, language: Language) -> Vec<String> {
    let mut told = vec![language.count(map.classes.len(), language.pick("class", "数据类别"))];
    if let Some(holders) = &map.holders {
        let objects = holders.iter().map(|holder| holder.objects).sum();
        told.push(language.count(objects, language.pick("object", "对象")));
        let uncovered = holders.iter().filter(|holder| !holder.uncovered.is_empty()).count();
        told.push(match language {
            Language::En => {
                format!("{} with flows that no transfer covers", language.count(uncovered, "row"))
            }
            Language::Zh => format!("{uncovered} 行存在无传输涵盖的流出"),
        });
    }
    let phases: Vec<_> = map.transfers.iter().map(|transfer| transfer.phase).collect();
    for phase in phases.iter().copied().collect::<BTreeSet<_>>() {
        let number = phases.iter().filter(|other| **other == phase).count();
        let transfers = language.count(number, language.pick("transfer", "传输"));
        told.push(format!("{transfers}{}{}", language.pick(" ", "："), language.phase(phase)));
    }
    told
}

/// What a class is, and who keeps it.
pub(super) fn class(class: &Class, language: Language) -> [String; 2] {
    let in_law = match (class.category, class.sensitivity) {
        (Some(category), Some(sensitivity)) => format!("{category:?}, {sensitivity:?}"),
        _ => language.say(Word::Undeclared).to_owned(),
    };
    let kept = match &class.kept_by {
        None => language.say(Word::NotOnRecord).to_owned(),
        Some(policies) if policies.is_empty() => language.say(Word::NoPolicy).to_owned(),
        Some(policies) => {
            language.list(policies.iter().map(|(policy, inside)| format!("{policy} ({})", inside.join(", "))))
        }
    };
    [in_law, kept]
}

/// To whom objects belong.
pub(super) fn owner(holder: &Holder) -> String {
    holder.owner.as_ref().map(|owner| format!("{} {}", owner.kind, owner.name)).unwrap_or_default()
}

/// How many objects, and which.
pub(super) fn objects(holder: &Holder, language: Language) -> String {
    let count = language.count(holder.objects, &holder.kind);
    let is_owner = holder
        .owner
        .as_ref()
        .is_some_and(|owner| owner.kind == holder.kind && holder.names.iter().eq([&owner.name]));
    if holder.names.is_empty() || is_owner {
        return count;
    }
    format!("{count}{}{}", language.pick(": ", "："), names(&holder.names, language))
}

fn names(names: &BTreeSet<String>, language: Language) -> String {
    let shown = language.list(names.iter().take(MOST_NAMES));
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        rest => format!("{shown} {}", language.more(rest)),
    }
}

/// Where objects are, and how that is known.
pub(super) fn place(place: &Place, language: Language) -> String {
    let Place { side, name, how, objects, nodes } = place;
    let on = if nodes.is_empty() { String::new() } else { format!(" [{}]", names(nodes, language)) };
    let named = language.place(*side, name.as_deref());
    let how = how.told(language);
    format!("{named} ({}){on}{}{how}", grouped(*objects as u64), language.pick("; ", "；"))
}

/// What becomes of what objects send out.
pub(super) fn flows(holder: &Holder, language: Language) -> Vec<String> {
    let mut told = Vec::new();
    let transfers = |ids: &BTreeSet<TransferRef>| language.list(ids.iter().map(id));
    if !holder.sources_of.is_empty() {
        let word = language.pick("source of ", "是以下传输的来源：");
        told.push(format!("{word}{}", transfers(&holder.sources_of)));
    }
    if !holder.covered_by.is_empty() {
        let word = language.pick("what it sends out is covered by ", "流出由以下传输涵盖：");
        told.push(format!("{word}{}", transfers(&holder.covered_by)));
    }
    for uncovered in &holder.uncovered {
        let to = match uncovered.to.len() {
            0 => String::new(),
            _ => format!(" {} {}", language.pick("to", "→"), names(&uncovered.to, language)),
        };
        let word = language.pick("no transfer covers ", "无传输涵盖：");
        told.push(format!("{word}{}{to}", uncovered.reason.code()));
    }
    told
}

/// The name of a transfer.
pub(super) fn id(transfer: &TransferRef) -> String {
    format!("{}/{}", transfer.namespace, transfer.name)
}

/// How a transfer stands, and why.
pub(super) fn standing(transfer: &Transfer, language: Language) -> Vec<String> {
    std::iter::once(language.state(transfer.state).to_owned()).chain(transfer.why.clone()).collect()
}

/// From when until when.
pub(super) fn validity(transfer: &Transfer, language: Language) -> String {
    let told = |at: Option<Timestamp>| at.map_or_else(|| language.say(Word::NotOnRecord).to_owned(), moment);
    format!("{} – {}", told(transfer.from), told(transfer.until))
}

/// Who exports.
pub(super) fn exporter(transfer: &Transfer) -> String {
    let code = &transfer.exporter.credit_code;
    transfer.exporter.legal_name.as_ref().map_or_else(|| code.to_string(), |name| format!("{name} ({code})"))
}

/// Who receives, and where that is.
pub(super) fn recipient(transfer: &Transfer, language: Language) -> String {
    transfer.recipient.as_ref().map_or_else(
        || language.say(Word::NotOnRecord).to_owned(),
        |recipient| format!("{}, {}", recipient.name, recipient.country),
    )
}

/// Where data goes.
pub(super) fn destinations(transfer: &Transfer, language: Language) -> Vec<String> {
    transfer.destinations.clone().unwrap_or_else(|| vec![language.say(Word::NotOnRecord).to_owned()])
}

/// Whose data leaves.
pub(super) fn sources(transfer: &Transfer, language: Language) -> Vec<String> {
    let told = |Source { kind, name, holds }: &Source| {
        let holds = match holds {
            Some(classes) if classes.is_empty() => language.say(Word::HoldsNone).to_owned(),
            Some(classes) => {
                let classes = language.list(classes.iter().map(ToString::to_string));
                format!("{} {classes}", language.pick("holds", "持有"))
            }
            None => language.say(Word::NotThere).to_owned(),
        };
        format!("{kind} {name}: {holds}")
    };
    match &transfer.sources {
        Some(sources) => sources.iter().map(told).collect(),
        None => vec![language.say(Word::NotOnRecord).to_owned()],
    }
}

/// The classes that a transfer carries.
pub(super) fn carried(transfer: &Transfer, language: Language) -> String {
    language.list(transfer.data_classes.iter().map(ToString::to_string))
}

/// On which ground data leaves.
pub(super) fn ground(transfer: &Transfer, language: Language) -> Vec<String> {
    let Some(Ground { route, mechanism, satisfied, told, missing, forbidden, .. }) = &transfer.ground else {
        return vec![language.say(Word::NotOnRecord).to_owned()];
    };
    let line = |word: Word, text: &str| format!("{}{}{text}", language.say(word), language.pick(": ", "："));
    let mut lines = vec![
        line(Word::Route, language.route(*route)),
        line(Word::Mechanism, language.mechanism(*mechanism)),
    ];
    lines.extend((!*satisfied).then(|| line(Word::Unsatisfied, told)));
    lines.extend((!missing.is_empty()).then(|| line(Word::Missing, &language.list(missing))));
    lines.extend(forbidden.iter().map(|why| line(Word::Forbidden, why)));
    lines
}

/// The documents on which it rests.
pub(super) fn evidence(transfer: &Transfer, language: Language) -> Vec<String> {
    let Some(ground) = &transfer.ground else { return vec![language.say(Word::NotOnRecord).to_owned()] };
    let told = ground.evidence.iter().map(|one| {
        let date = one.date.map(|date| format!(" ({date})")).unwrap_or_default();
        format!("{}{}{}{date}", language.evidence(one.kind), language.pick(": ", "："), one.reference)
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { vec![language.say(Word::Nothing).to_owned()] } else { told }
}

/// Who decided.
pub(super) fn approvals(transfer: &Transfer, language: Language) -> Vec<String> {
    let approvals = &transfer.approvals;
    let counted = match (approvals.needed, language) {
        (Some(needed), Language::En) => format!("{} of {needed} approvals", approvals.counted),
        (Some(needed), Language::Zh) => format!("有效批准 {}，需要 {needed}", approvals.counted),
        (None, Language::En) => {
            format!(
                "{}, how many were needed is not on record",
                language.count(approvals.counted, "approval")
            )
        }
        (None, Language::Zh) => format!("有效批准 {}，需要多少不在记录中", approvals.counted),
    };
    std::iter::once(counted).chain(approvals.decisions.iter().map(|one| decided(one, language))).collect()
}

fn decided(decided: &Decided, language: Language) -> String {
    let what = language.say(match decided.decision {
        TransferDecision::Approved => Word::Approved,
        TransferDecision::Rejected => Word::Rejected,
        TransferDecision::Revoked => Word::Revoked,
    });
    let by = decided.by.as_deref().unwrap_or(language.say(Word::Nobody));
    let at = decided.at.map(|at| format!(", {}", moment(at))).unwrap_or_default();
    let counts =
        if decided.counts { String::new() } else { format!(" ({})", language.say(Word::NotCounted)) };
    format!("{by}{}{what}{at}{counts}", language.pick(": ", "："))
}

/// How many persons.
pub(super) fn persons(persons: Persons, language: Language) -> Vec<String> {
    let Persons { ordinary, sensitive, under_14 } = persons;
    let told = [
        (language.pick("ordinary", "一般"), ordinary),
        (language.pick("sensitive", "敏感"), sensitive),
        (language.pick("under 14", "不满十四周岁"), under_14),
    ];
    told.into_iter().map(|(word, number)| format!("{word} {}", grouped(number))).collect()
}

/// What could not be read.
pub(super) fn not_known(map: &DataFlow, language: Language) -> Vec<String> {
    if matches!(map.made_from, MadeFrom::Files { .. }) && !map.not_known.is_empty() {
        let kinds = language.list(map.not_known.iter().map(|one| &one.kind.kind));
        return vec![format!("{} {kinds}", language.pick("the files hold no", "文件中没有："))];
    }
    map.not_known.iter().map(|one| format!("{}: {}", one.kind.kind, one.why)).collect()
}
