//! The decision: synchronous, total, the same bytes for the same inputs.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::fmt;

use bund_crds::{JurisdictionName, Span};
use serde::Serialize;
use serde_json::Value;

use crate::{
    Classification, Finding, HeldClass, Injection, ObjectId, Operation, Reason, Request, Snapshot, Subject,
    Subresource, Timestamp, egress, enforce, glass,
    reason::Effect,
    rule::{self, mark_forged::Marking},
    snapshot::{CarrierId, ClassKind, World},
    stamp,
    subject::Role,
    weakening,
};

mod basis;
mod connection;
mod judge;

pub use crate::rule::Confinement;
pub use basis::{confinement, judged_in, requirements_on};

use judge::{Judgement, judge, judge_standing};

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What was judged.
    pub subject: ObjectId,
    /// The classes that it holds, each with every way in which it came to hold it.
    pub classes: Classification,
    /// The truth, before modes, softening and exemption.
    pub verdict: Verdict,
    /// Every broken rule, in order of reason, class and field.
    pub findings: Vec<Finding>,
    /// What confines the pod, if it is to be confined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection: Option<Injection>,
    /// What a copy that comes to be is to be marked with: classes that it holds and does not say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<HeldClass, String>,
    /// What a pod that comes to be is to be labelled with, so that network policies can tell it apart.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What was not known and taken for granted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub assumptions: BTreeSet<Assumption>,
}

/// The truth about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// Nothing is wrong.
    Allow,
    /// Something is wrong.
    Deny,
    /// Nothing that policies keep is at stake.
    NotApplicable,
    /// Something could not be read. It denies.
    Indeterminate,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something that was not known and taken for granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Assumption {
    /// No `ClusterLocation`: nodes are inside only where the well-known region label says so.
    LocationAbsent,
    /// The Namespace is not known: it is guarded and holds no class.
    NamespaceAbsent(Box<str>),
    /// The carrier is not known: it holds no class.
    CarrierAbsent(CarrierId),
    /// The class of storage is not known: it makes volumes inside.
    ClassAbsent(ClassKind, Box<str>),
    /// The Node is not known: it is outside, unless every node is inside.
    NodeAbsent(Box<str>),
    /// The pod that is connected to is not known: it holds every class that policies keep in its namespace.
    TargetAbsent {
        /// Its namespace.
        namespace: Box<str>,
        /// Its name.
        name: Box<str>,
    },
    /// The pod that is bound is not known: it holds no class of its own.
    PodAbsent {
        /// Its namespace.
        namespace: Box<str>,
        /// Its name.
        name: Box<str>,
    },
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocationAbsent => f.write_str(
                "no ClusterLocation is given; nodes are taken to be inside only where topology.kubernetes.io/region says so",
            ),
            Self::NamespaceAbsent(name) => write!(f, "Namespace {name} is not given; it is taken to be guarded"),
            Self::CarrierAbsent(id) => write!(f, "{id}{} is not given; it is taken to hold no class", id.namespace.as_deref().map(|namespace| alloc::format!(" in {namespace}")).unwrap_or_default()),
            Self::ClassAbsent(kind, name) => write!(f, "{} {name} is not given; what it makes is taken to be inside", kind.as_str()),
            Self::NodeAbsent(name) => write!(f, "Node {name} is not given; it is taken to be outside"),
            Self::TargetAbsent { name, .. } => write!(f, "Pod {name} is not given; it is taken to hold every class that policies keep in its namespace"),
            Self::PodAbsent { name, .. } => write!(f, "Pod {name} is not given; it is taken to hold no class of its own"),
        }
    }
}

/// Answers `request` from what `snapshot` knows, at `now`.
pub fn decide(request: &Request, snapshot: &Snapshot, now: Timestamp) -> Decision {
    if request.operation == Operation::Connect {
        return connection::decide(request, snapshot, now);
    }
    let Some(object) = request.object.as_ref().filter(|_| request.operation != Operation::Delete) else {
        return removal(request, snapshot);
    };
    let extract = |object| snapshot.extract(object, request.namespace.as_deref(), request.name.as_deref());
    let subject = extract(object);
    let Judgement { classes, mut findings, injection, assumptions } =
        judged(request, &subject, object, snapshot, now);
    let mut old = match (request.operation, &request.subresource, &request.old_object) {
        // A container that is added and a pod that is bound are creations: nothing about them existed before.
        (Operation::Update, Some(Subresource::EphemeralContainers | Subresource::Binding), _) => None,
        (Operation::Update, _, Some(old)) => {
            let subject = extract(old);
            let judgement = judged(request, &subject, old, snapshot, now);
            Some((subject, judgement))
        }
        (Operation::Update | Operation::Create | Operation::Delete | Operation::Connect, _, _) => None,
    };
    washed(&subject, &classes, old.as_ref(), snapshot, &mut findings);
    if let Some((old, _)) = &old {
        rule::mark_forged::keep_new(&mut findings, old);
    }
    sort(&mut findings);
    if let Some((_, old)) = &mut old {
        sort(&mut old.findings);
    }
    let existed = old.as_ref().map(|(subject, old)| (subject, old.findings.as_slice()));
    enforce::leave_out_listed(&mut findings, &subject, snapshot, now);
    enforce::soften(&mut findings, &subject, existed, snapshot);
    enforce::cover(&mut findings, &subject, &classes, snapshot, now);
    glass::let_through(&mut findings, &subject, snapshot, now);
    enforce::declassify(&mut findings, &request.rights);
    enforce::connect(&mut findings, &request.rights);
    findings.extend(weakening::findings(request, snapshot.world()));
    sort(&mut findings);
    let kept = !findings.is_empty() || judge::is_kept(&classes, &subject, snapshot);
    let verdict = verdict(&findings, kept);
    let refused = findings.iter().any(enforce::refuses);
    // A pod that a transfer lets run abroad is not confined to where it could not run.
    let goes_abroad =
        findings.iter().any(|finding| finding.reason == Reason::PlacementContradicts && finding.is_covered());
    let comes_to_be = request.operation == Operation::Create && request.subresource.is_none() && !refused;
    let marks = if comes_to_be { stamp::marks(&subject, &classes, snapshot) } else { BTreeMap::new() };
    let labels = if comes_to_be && subject.role == Role::Pod {
        egress::marks_to_write(&subject, &classes, snapshot, now)
    } else {
        BTreeMap::new()
    };
    Decision {
        subject: subject.id,
        classes,
        verdict,
        findings,
        injection: injection.filter(|_| !refused && !goes_abroad),
        marks,
        labels,
        assumptions,
    }
}

/// What one object is found to be, by its marks and by what is in effect now too.
fn judged(
    request: &Request,
    subject: &Subject,
    object: &Value,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Judgement {
    let mut judgement = judge(request, subject, object, snapshot);
    let comes_to_be = request.operation == Operation::Create && request.subresource.is_none();
    let marking = if comes_to_be { Marking::Now } else { Marking::Done };
    let Judgement { classes, findings, .. } = &mut judgement;
    rule::mark_forged::judge(subject, classes, marking, snapshot, now, findings);
    rule::egress_widened::judge(subject, classes, snapshot, now, findings);
    judgement
}

/// What an update takes away from protection.
fn washed(
    subject: &Subject,
    classes: &Classification,
    old: Option<&(Subject, Judgement)>,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let namespace = judge::judged_in(subject, snapshot);
    let before = old.map(|(subject, _)| subject);
    rule::class_removed::judge_declassified(before, subject, namespace, snapshot, findings);
    let Some((before, old)) = old else { return };
    if subject.role == Role::Namespace {
        let own = subject.id.name.as_ref();
        rule::class_removed::judge(&old.classes, classes, subject, own, snapshot, findings);
        rule::guard_removed::judge(before, subject, snapshot, findings);
    } else {
        rule::class_removed::judge(&old.classes, classes, subject, namespace, snapshot, findings);
    }
}

/// Answers what the creation of `subject` would get now. For what exists and was extracted when it was
/// observed: the object itself is not at hand, so there is no injection.
pub fn decide_standing(subject: &Subject, snapshot: &Snapshot, now: Timestamp) -> Decision {
    let Judgement { classes, mut findings, injection: _, assumptions } = judge_standing(subject, snapshot);
    rule::mark_forged::judge(subject, &classes, Marking::Done, snapshot, now, &mut findings);
    rule::egress_widened::judge(subject, &classes, snapshot, now, &mut findings);
    sort(&mut findings);
    enforce::leave_out_listed(&mut findings, subject, snapshot, now);
    enforce::soften(&mut findings, subject, None, snapshot);
    enforce::cover(&mut findings, subject, &classes, snapshot, now);
    glass::let_through(&mut findings, subject, snapshot, now);
    let kept = !findings.is_empty() || judge::is_kept(&classes, subject, snapshot);
    let verdict = verdict(&findings, kept);
    Decision {
        subject: subject.id.clone(),
        classes,
        verdict,
        findings,
        injection: None,
        marks: BTreeMap::new(),
        labels: BTreeMap::new(),
        assumptions,
    }
}

/// Removing an object is never refused, unless it is one of our own that protects something.
fn removal(request: &Request, snapshot: &Snapshot) -> Decision {
    let mut findings = weakening::findings(request, snapshot.world());
    sort(&mut findings);
    let object = request.old_object.as_ref().unwrap_or(&Value::Null);
    let subject = snapshot.extract(object, request.namespace.as_deref(), request.name.as_deref());
    Decision {
        subject: subject.id,
        classes: Classification::new(),
        verdict: verdict(&findings, false),
        findings,
        injection: None,
        marks: BTreeMap::new(),
        labels: BTreeMap::new(),
        assumptions: BTreeSet::new(),
    }
}

fn verdict(findings: &[Finding], kept: bool) -> Verdict {
    let effects: BTreeMap<Reason, Effect> = findings
        .iter()
        .filter(|finding| !finding.is_covered())
        .map(|finding| (finding.reason, finding.reason.entry().effect))
        .collect();
    let any = |wanted| effects.values().any(|effect| *effect == wanted);
    if any(Effect::Denies) {
        Verdict::Deny
    } else if any(Effect::Undecided) {
        Verdict::Indeterminate
    } else if kept {
        Verdict::Allow
    } else {
        Verdict::NotApplicable
    }
}

fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (a.reason, &a.class, &a.field, &a.offending).cmp(&(b.reason, &b.class, &b.field, &b.offending))
    });
    findings.dedup_by(is_repeated);
}

/// Whether `next` says the same as `kept`, whatever places it says it of; then those are told with `kept`.
fn is_repeated(next: &mut Finding, kept: &mut Finding) -> bool {
    let (own, more) = (core::mem::take(&mut kept.destination), core::mem::take(&mut next.destination));
    let same = *next == *kept;
    if same {
        kept.destination = own.and(more);
    } else {
        (kept.destination, next.destination) = (own, more);
    }
    same
}

/// Whether every node of the cluster is inside one of `jurisdictions`, whatever its labels leave unsaid.
pub fn every_node_inside(jurisdictions: &BTreeSet<JurisdictionName>, world: &World) -> bool {
    let location = world.location();
    location.span == Span::Uniform
        && location.jurisdiction.as_ref().is_some_and(|own| jurisdictions.contains(own))
}
