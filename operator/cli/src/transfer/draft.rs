//! A transfer to begin with, from a refusal: what is known is written, what a person must say is asked for. (pure)

use bund_crds::{Mode, cross_border_transfer::Source};
use bund_engine::{
    Decision, Finding, Snapshot,
    cover::{FlowDestination, is_flow},
    finding::Standing,
};
use serde_json::Value;

use crate::inventory::{controller, name_of, text};

mod place;
mod sheet;

use place::places;

/// A transfer to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The manifest, with comments for whoever fills it in.
    pub manifest: String,
    /// What refuses the object and no transfer helps against, a line each.
    pub beyond: Vec<String>,
    /// What names no place, so that no transfer covers it before it does, a line each.
    pub untold: Vec<String>,
}

/// What a sheet is made of.
struct Flow<'f> {
    namespace: &'f str,
    subject: String,
    source: Source,
    classes: Vec<&'f str>,
    places: Vec<place::Named>,
    refusals: Vec<String>,
}

/// Drafts a transfer for an object that is refused. `None` where no finding tells of data that goes out.
pub fn draft(object: &Value, decision: &Decision, snapshot: &Snapshot) -> Option<Draft> {
    let stands = decision.findings.iter().filter(|finding| finding.standing != Standing::Exempt);
    let (sent, others): (Vec<_>, Vec<_>) = stands.partition(|finding| is_flow(finding.reason));
    if sent.is_empty() {
        return None;
    }
    let flow = Flow {
        namespace: decision.subject.namespace.as_deref().unwrap_or_default(),
        subject: decision.subject.to_string(),
        source: source(object),
        classes: decision.classes.keys().map(bund_engine::HeldClass::as_str).collect(),
        places: places(&sent, snapshot),
        refusals: each_once(&sent),
    };
    let refusing: Vec<_> = others.into_iter().filter(|finding| finding.consequence() == Mode::Deny).collect();
    let untold: Vec<_> =
        sent.into_iter().filter(|finding| finding.destination == FlowDestination::Untold).collect();
    Some(Draft { manifest: sheet::write(&flow), beyond: each_once(&refusing), untold: each_once(&untold) })
}

/// What each finding says, each once: findings of several classes say the same.
fn each_once(findings: &[&Finding]) -> Vec<String> {
    let mut told = Vec::new();
    for Finding { reason, field, what, .. } in findings {
        let line = format!("{reason}: {field} {what}");
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}

/// What people wrote that made the object: a transfer that names it covers what it makes.
fn source(object: &Value) -> Source {
    let named = |kind: &str, name: &str| Source { kind: kind.to_owned(), name: name.to_owned() };
    let own = named(text(object, "/kind"), name_of(object));
    if own.kind == "Binding" {
        return named("Pod", &own.name);
    }
    let Some(maker) = controller(object) else { return own };
    let (kind, name) = (text(maker, "/kind"), text(maker, "/name"));
    let hash = text(object, "/metadata/labels/pod-template-hash");
    let deployment = name.strip_suffix(hash).and_then(|rest| rest.strip_suffix('-'));
    match (kind, deployment) {
        ("ReplicaSet", Some(name)) if !hash.is_empty() => named("Deployment", name),
        _ => named(kind, name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_source_is_what_people_wrote() {
        let pod = |labels: Value, kind: &str, name: &str| {
            let owner = json!({"kind": kind, "name": name, "controller": true});
            json!({"kind": "Pod", "metadata": {"name": "p", "labels": labels, "ownerReferences": [owner]}})
        };
        let hash = json!({"pod-template-hash": "5d8"});
        for (object, kind, name) in [
            (json!({"kind": "Deployment", "metadata": {"name": "web"}}), "Deployment", "web"),
            (json!({"kind": "Binding", "metadata": {"name": "web-1"}}), "Pod", "web-1"),
            (pod(hash.clone(), "ReplicaSet", "web-5d8"), "Deployment", "web"),
            (pod(hash, "ReplicaSet", "other"), "ReplicaSet", "other"),
            (pod(json!({}), "ReplicaSet", "web-5d8"), "ReplicaSet", "web-5d8"),
            (pod(json!({}), "StatefulSet", "db"), "StatefulSet", "db"),
        ] {
            assert_eq!(source(&object), Source { kind: kind.to_owned(), name: name.to_owned() });
        }
    }
}
