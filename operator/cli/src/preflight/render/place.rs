//! Lines about nodes, location, version, network and namespaces.

use super::{heading, shown};
use crate::preflight::{
    exempt::Exempt,
    features::{Kubernetes, State},
    ledger::{Ledger, Standing},
    location::{JudgedBy, Location},
    network_policy::{Enforcement, Enforces, NetworkPolicy},
    nodes::{Nodes, Place},
};

pub(super) fn nodes(nodes: &Nodes, lines: &mut Vec<String>) {
    if let Some(why) = &nodes.not_known {
        lines.extend(heading("Nodes", &format!("not known: {why}")));
        return;
    }
    let Nodes { jurisdiction, inside, outside, unknown, items, not_known: _ } = nodes;
    let answer = format!(
        "{inside} inside {jurisdiction}, {outside} outside, {unknown} unknown (counts as outside); {} in all",
        items.len()
    );
    lines.extend(heading("Nodes", &answer));
    let mut all: Vec<_> = items.iter().collect();
    // What needs a look comes first.
    all.sort_by_key(|node| std::cmp::Reverse(node.place));
    let told = all.iter().map(|node| {
        let word = match node.place {
            Place::Inside => "inside ",
            Place::Outside => "outside",
            Place::Unknown => "unknown",
        };
        let claims = if node.claims.is_empty() {
            "it says nothing about its place".to_owned()
        } else {
            node.claims.join(", ")
        };
        match &node.why {
            Some(why) => format!("  {word} {}: {why} [{claims}]", node.name),
            None => format!("  {word} {}: [{claims}]", node.name),
        }
    });
    shown(told.collect(), lines);
}

pub(super) fn location(location: &Location, lines: &mut Vec<String>) {
    let answer = match location.judged_by {
        JudgedBy::Given => "the ClusterLocation that is there counts",
        JudgedBy::Proposal => "none is there; the rest of this report takes the proposed one",
        JudgedBy::Nothing => "none is there, and none can be proposed",
    };
    lines.extend(heading("Location", answer));
    lines.extend(location.notes.iter().map(|note| format!("  {note}")));
}

pub(super) fn kubernetes(kubernetes: &Kubernetes, lines: &mut Vec<String>) {
    let answer = match (&kubernetes.version, kubernetes.supported) {
        (Some(version), Some(true)) => format!("{version}, supported"),
        (Some(version), Some(false)) => format!("{version}, not supported: 1.31 or newer is needed"),
        (Some(version), None) => format!("{version}, which is no version that can be compared"),
        (None, _) if kubernetes.kubelets.is_empty() => {
            "not known: files do not tell the API server's version".to_owned()
        }
        (None, _) => format!("not known; the kubelets are {}", kubernetes.kubelets.join(", ")),
    };
    lines.extend(heading("Kubernetes", &answer));
    let (unknown, known): (Vec<_>, Vec<_>) =
        kubernetes.features.iter().partition(|feature| feature.state == State::NotKnown);
    if let Some(first) = unknown.first() {
        let names: Vec<_> = unknown.iter().map(|feature| feature.name).collect();
        lines.push(format!("  not known {} [{}]", names.join(", "), first.how));
    }
    for feature in known {
        let state = if feature.state == State::Available { "there    " } else { "not there" };
        lines.push(format!("  {state} {}: {} [{}]", feature.name, feature.used_for, feature.how));
    }
}

pub(super) fn ledger(ledger: &Ledger, lines: &mut Vec<String>) {
    let answer = match ledger.state {
        Standing::Recording => "recording",
        Standing::Incomplete => "recording, but not complete",
        Standing::NotRecording => "takes no entries",
        Standing::Absent => "there is none",
        Standing::Unknown => "not known",
    };
    lines.extend(heading("Ledger", &format!("{answer}: {}", ledger.how)));
}

pub(super) fn network_policy(policy: &NetworkPolicy, lines: &mut Vec<String>) {
    let answer = match policy.enforcement {
        Enforcement::Enforced => "enforced",
        Enforcement::NotEnforced => "not enforced",
        Enforcement::Unknown => "not known to be enforced",
    };
    lines.extend(heading("NetworkPolicy", &format!("{answer}: {}", policy.how)));
    for agent in &policy.agents {
        let does = match agent.enforces {
            Enforces::Always => "enforces",
            Enforces::Never => "does not enforce",
            Enforces::Depends => "may enforce",
        };
        let ready = match (agent.ready, agent.nodes) {
            (Some(ready), Some(nodes)) => format!("ready on {ready} of {nodes} nodes"),
            (Some(ready), None) => format!("ready on {ready} nodes"),
            (None, _) => "readiness not known".to_owned(),
        };
        let look = agent.look.as_ref().map(|look| format!("; {look}")).unwrap_or_default();
        lines.push(format!("  {} {does}: DaemonSet {}, {ready}{look}", agent.name, agent.daemon_set));
    }
}

pub(super) fn exempt(exempt: &Exempt, lines: &mut Vec<String>) {
    let answer = format!("{} proposed; exempt already: {}", exempt.proposed.len(), exempt.already.join(", "));
    lines.extend(heading("Namespaces to exempt", &answer));
    for proposed in &exempt.proposed {
        lines.push(format!("  {}: {}", proposed.namespace, proposed.why.join("; ")));
    }
    if !exempt.left_out.is_empty() {
        lines.push(format!(
            "  not proposed, because they are guarded or hold a class: {}",
            exempt.left_out.join(", ")
        ));
    }
}
