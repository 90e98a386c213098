//! The classes that an object holds, how it came to hold them, and what keeps each here.

use std::collections::BTreeMap;

use bund_crds::{Aspect, JurisdictionName, Mode, PolicyName};
use bund_engine::{
    HeldClass, Provenance, Timestamp,
    select::Requirement,
    subject::{NetworkKind, Role},
};
use serde::Serialize;

use super::{Enrolment, Question, State};

/// A class that an object holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The class.
    pub class: HeldClass,
    /// Whether a DataClass declares it. One that none declares is kept by every policy of the namespace.
    pub declared: bool,
    /// How the object came to hold it, a line each.
    pub how: Vec<String>,
    /// The same, member by member.
    pub provenance: Vec<Provenance>,
    /// Where it must stay: any of these. Empty where no policy keeps it, and where policies conflict.
    pub jurisdictions: Vec<JurisdictionName>,
    /// The policies that keep it, in order of name.
    pub policies: Vec<Keeper>,
    /// The strictest mode of the policies, by aspect.
    pub modes: BTreeMap<&'static str, Mode>,
    /// The aspects that count for an object of this kind.
    pub aspects: Vec<Aspect>,
}

/// A policy that keeps a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Keeper {
    /// Its name.
    pub policy: PolicyName,
    /// The jurisdictions that it allows.
    pub jurisdictions: Vec<JurisdictionName>,
    /// Its modes where the object lives, by aspect.
    pub modes: BTreeMap<&'static str, Mode>,
}

/// Broken glass that is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Glass {
    /// The name of the BreakGlass.
    pub name: String,
    /// Who broke it.
    pub requested_by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Option<Timestamp>,
}

pub(super) fn held(question: &Question<'_>, requirements: &[Requirement<'_>]) -> Vec<Held> {
    let world = question.known.snapshot.world();
    let aspects = aspects(question);
    let of_class = |(class, ways): (&HeldClass, &Vec<Provenance>)| {
        let asked = requirements.iter().find(|requirement| requirement.class == *class);
        Held {
            class: class.clone(),
            declared: world.class(class.as_str()).is_some(),
            how: ways.iter().map(ToString::to_string).collect(),
            provenance: ways.clone(),
            jurisdictions: asked
                .map(|asked| asked.jurisdictions.iter().cloned().collect())
                .unwrap_or_default(),
            policies: asked.map(keepers).unwrap_or_default(),
            modes: asked.map(|asked| modes(|aspect| asked.mode(aspect))).unwrap_or_default(),
            aspects: aspects.clone(),
        }
    };
    question.decision.classes.iter().map(of_class).collect()
}

fn keepers(asked: &Requirement<'_>) -> Vec<Keeper> {
    let keeper = |policy: &&bund_engine::snapshot::Policy| Keeper {
        policy: policy.name.clone(),
        jurisdictions: policy.spec.jurisdictions.clone(),
        modes: modes(|aspect| asked.mode_of(policy, aspect)),
    };
    asked.policies.iter().map(keeper).collect()
}

fn modes(mode: impl Fn(Aspect) -> Mode) -> BTreeMap<&'static str, Mode> {
    Aspect::ALL.into_iter().map(|aspect| (aspect.as_str(), mode(aspect))).collect()
}

/// The aspects by which an object of this kind is judged, and those of what was found.
fn aspects(question: &Question<'_>) -> Vec<Aspect> {
    let subject = question.subject;
    let mut aspects = match subject.role {
        Role::Pod | Role::Workload(_) | Role::Namespace => {
            vec![Aspect::Placement, Aspect::Storage, Aspect::Safeguards]
        }
        Role::Binding { .. } => vec![Aspect::Placement],
        Role::Carrier(kind) if super::used::is_stored(kind) => vec![Aspect::Storage, Aspect::Safeguards],
        // What they hold counts for the pods that use them.
        Role::Carrier(_) => vec![Aspect::Placement, Aspect::Storage],
        Role::Grant(_) => vec![Aspect::Storage],
        Role::Network(NetworkKind::Policy | NetworkKind::ClusterPolicy) | Role::Other => vec![Aspect::Egress],
        Role::Network(_) => vec![Aspect::Network, Aspect::Safeguards],
    };
    if !subject.destinations.is_empty() {
        aspects.push(Aspect::Egress);
    }
    aspects.extend(question.decision.findings.iter().filter_map(|finding| finding.reason.entry().aspect));
    aspects.sort();
    aspects.dedup();
    aspects
}

/// The broken glass that is in effect where the object lives. What lives in no namespace is never let through.
pub(super) fn glass(question: &Question<'_>) -> Option<Glass> {
    let id = &question.subject.id;
    let namespace = match question.subject.role {
        Role::Namespace => id.name.as_ref(),
        _ => id.namespace.as_deref()?,
    };
    let glass = question.known.snapshot.broken_glass(namespace, question.now)?;
    Some(Glass {
        name: glass.name.to_string(),
        requested_by: glass.requested_by.to_string(),
        reason: glass.reason.to_string(),
        until: glass.until,
    })
}

/// Why an object holds no class, and what would give it one.
pub(super) fn without_class(question: &Question<'_>, enrolment: &Enrolment) -> String {
    let subject = question.subject;
    if super::is_node(subject)
        || super::is_storage_class(subject)
        || subject.id.group.as_ref() == bund_crds::GROUP
    {
        return format!("a {} holds no class", subject.id.kind);
    }
    if enrolment.state == State::NotGuarded {
        return "none counts here; label the Namespace bund.dev/guarded=true to have what is in it judged"
            .to_owned();
    }
    let first = subject.shapes.first().map(|shape| shape.labels_at.to_string());
    let field = first.unwrap_or_else(|| "metadata.labels".to_owned());
    let own = format!("write data-class.bund.dev/<class> in {field}");
    let reason = match &subject.role {
        Role::Namespace => {
            return format!("it has no class label; {own}, and everything in it holds that class");
        }
        Role::Pod | Role::Workload(_) => "and nothing that it mounts or references holds one",
        Role::Carrier(kind) if super::used::is_stored(*kind) => "and no pod that holds one writes to it",
        _ => "and nothing passes one on to it",
    };
    format!(
        "no label on it or its Namespace gives it one, no selector of a DataClass matches, {reason}; to give it one, {own}"
    )
}
