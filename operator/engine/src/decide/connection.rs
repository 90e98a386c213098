//! A connection through the API server: into a pod, or to whatever stands behind a Service. What counts is what the
//! pods hold, and whether the requester may connect into that.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use serde_json::json;

use super::{Assumption, Decision, sort, verdict};
use crate::{
    Classification, Holder, Provenance, Request, Snapshot, Subject, Subresource, Timestamp,
    classify::Classifier,
    enforce, glass, rule,
    select::{self, requirements},
    snapshot::{Enrolment, NamespaceFacts},
};

/// What a request connects to.
enum Target<'r> {
    /// One pod.
    Pod(&'r str),
    /// Anything else, behind which every pod of the namespace may stand.
    Any { kind: &'r str, name: &'r str },
}

impl<'r> Target<'r> {
    /// The target by the kind of the options that the API server makes of the request.
    fn of(request: &'r Request) -> Self {
        let options = request.object.as_ref().and_then(|options| options.get("kind"));
        let name = target_name(request.name.as_deref().unwrap_or_default());
        match options.and_then(serde_json::Value::as_str).unwrap_or_default() {
            "PodExecOptions" | "PodAttachOptions" | "PodPortForwardOptions" | "PodProxyOptions" => {
                Self::Pod(name)
            }
            "ServiceProxyOptions" => Self::Any { kind: "Service", name },
            other => Self::Any { kind: other, name },
        }
    }

    fn kind(&self) -> &'r str {
        match self {
            Self::Pod(_) => "Pod",
            Self::Any { kind, .. } => kind,
        }
    }

    fn name(&self) -> &'r str {
        match self {
            Self::Pod(name) | Self::Any { name, .. } => name,
        }
    }
}

/// The object that the API server connects to: a proxy is also asked for as `name:port` and `scheme:name:port`.
fn target_name(asked: &str) -> &str {
    let mut parts = asked.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(name), _, None, _) | (Some(_), Some(name), Some(_), None) => name,
        _ => asked,
    }
}

/// Answers a request to connect. One to what lives in no namespace is the API server's own to judge
/// (`bund-node-proxy`): nothing here knows which pods a node would show.
pub(super) fn decide(request: &Request, snapshot: &Snapshot, now: Timestamp) -> Decision {
    let target = Target::of(request);
    let subject = subject(&target, request, snapshot);
    let namespace = request.namespace.as_deref().unwrap_or_default();
    let mut assumptions = BTreeSet::new();
    let classes = if is_judged(namespace, snapshot) {
        held(&target, namespace, snapshot, &mut assumptions)
    } else {
        Classification::new()
    };
    let mut findings = Vec::new();
    let requirements = requirements(&classes, snapshot, namespace);
    for requirement in &requirements {
        let provenance = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
        rule::connection_unapproved::judge(way(request), requirement, provenance, &mut findings);
    }
    if !classes.is_empty() {
        rule::fact_unreadable::judge_connection(&requirements, snapshot, &mut findings);
    }
    sort(&mut findings);
    enforce::soften(&mut findings, &subject, None, snapshot);
    glass::let_through(&mut findings, &subject, snapshot, now);
    enforce::connect(&mut findings, &request.rights);
    Decision {
        subject: subject.id,
        verdict: verdict(&findings, false),
        classes,
        findings,
        injection: None,
        labels: BTreeMap::new(),
        marks: BTreeMap::new(),
        assumptions,
    }
}

/// Whether classes can live in a namespace. In one that is exempt and not guarded they do not belong.
fn is_judged(namespace: &str, snapshot: &Snapshot) -> bool {
    match snapshot.enrolment(namespace) {
        _ if namespace.is_empty() => false,
        Enrolment::Guarded | Enrolment::Assumed => true,
        Enrolment::Exempt => snapshot.namespace(namespace).is_some_and(NamespaceFacts::is_guarded),
        Enrolment::Unguarded => false,
    }
}

/// The pod as it is known, or what the request names.
fn subject(target: &Target<'_>, request: &Request, snapshot: &Snapshot) -> Subject {
    let namespace = request.namespace.as_deref();
    let known = match target {
        Target::Pod(name) => snapshot.pod(namespace.unwrap_or_default(), name),
        Target::Any { .. } => None,
    };
    known.cloned().unwrap_or_else(|| {
        let named = json!({ "apiVersion": "v1", "kind": target.kind() });
        snapshot.extract(&named, namespace, Some(target.name()))
    })
}

/// What the target holds.
fn held(
    target: &Target<'_>,
    namespace: &str,
    snapshot: &Snapshot,
    assumptions: &mut BTreeSet<Assumption>,
) -> Classification {
    if snapshot.enrolment(namespace) == Enrolment::Assumed {
        assumptions.insert(Assumption::NamespaceAbsent(namespace.into()));
    }
    match target {
        Target::Pod(name) => {
            if let Some(pod) = snapshot.pod(namespace, name) {
                return of_pod(pod, namespace, snapshot, assumptions);
            }
            let absent = Assumption::TargetAbsent { namespace: namespace.into(), name: (*name).into() };
            assumptions.insert(absent);
            select::enrolled(snapshot, namespace)
        }
        Target::Any { .. } => {
            let mut all = Classification::new();
            for pod in snapshot.pods_in(namespace) {
                let of_pod = of_pod(pod, namespace, snapshot, assumptions);
                for class in of_pod.into_keys() {
                    let held = || Vec::from([Provenance::Pod { name: pod.id.name.clone() }]);
                    all.entry(class).or_insert_with(held);
                }
            }
            all
        }
    }
}

fn of_pod(
    pod: &Subject,
    namespace: &str,
    snapshot: &Snapshot,
    assumptions: &mut BTreeSet<Assumption>,
) -> Classification {
    let mut classifier = Classifier::new(snapshot, namespace).of(Holder::pod(namespace, &pod.id.name));
    let mut all = Classification::new();
    for shape in &pod.shapes {
        super::judge::merge(&mut all, classifier.shape(shape));
    }
    assumptions.append(&mut classifier.assumptions);
    all
}

/// How the connection is opened, for people.
fn way(request: &Request) -> &str {
    match &request.subresource {
        Some(Subresource::Other(name)) => name,
        Some(Subresource::Binding | Subresource::EphemeralContainers | Subresource::Resize) | None => {
            "a connection"
        }
    }
}
