//! Looking up what the index did not know. (client)
//!
//! A watch is a little behind: a pod may be bound before the watch has shown it. What a decision assumed to be
//! absent is asked for live, each object at most once. Only objects of the request's own namespace and
//! cluster-scoped ones are read, so that nobody can make us read another namespace.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bund_crds::Mode;
use bund_engine::snapshot::{CarrierId, CarrierKind, TransferKind};
use bund_engine::{Assumption, Decision, Reason, Request, Snapshot, Timestamp, decide};
use futures::future::join_all;
use kube::api::DynamicObject;
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::rights::Unasked;
use crate::index::{Detail, WatchedKind, into_value, metadata_into_value};

/// Objects that are asked for in one request. A pod may reference hundreds; all of them unknown is an attack or a
/// mistake.
const GETS: usize = 16;
/// How long all questions of one request may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Asks the API server for single objects.
#[derive(Clone)]
pub(super) struct Lookup {
    client: Client,
}

/// What a decision is after everything missing was looked up.
pub(super) struct Found {
    pub(super) decision: Decision,
    /// Facts that could not be read.
    pub(super) missing: Option<Missing>,
    /// Rights that could not be asked for.
    pub(super) unasked: Option<Unasked>,
    /// What the decision rests on.
    pub(super) snapshot: Snapshot,
}

impl Found {
    /// A decision that rests on `snapshot`, with nothing missing.
    pub(super) fn of(decision: Decision, snapshot: Snapshot) -> Self {
        Self { decision, missing: None, unasked: None, snapshot }
    }
}

/// Facts that the decision rests on and that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first of them.
    what: String,
    /// Why it could not be read.
    why: String,
}

impl Missing {
    pub(super) fn new(what: &str, why: &str) -> Self {
        Self { what: what.to_owned(), why: why.to_owned() }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, why } = self;
        write!(f, "Undecided: the decision rests on {what}, which could not be read: {why}; try again")
    }
}

/// An object to ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    group: &'static str,
    kind: &'static str,
    namespace: Option<Box<str>>,
    name: Box<str>,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl Wanted {
    fn in_cluster(group: &'static str, kind: &'static str, name: &str) -> Self {
        Self { group, kind, namespace: None, name: name.into() }
    }

    fn carrier(CarrierId { kind, namespace, name }: &CarrierId) -> Self {
        Self { group: kind.group(), kind: kind.as_str(), namespace: namespace.clone(), name: name.clone() }
    }
}

impl Lookup {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Looks up what `decision` assumed to be absent or unmarked and decides again with what there is. What is found may
    /// lead to more (the volume of a claim), so this goes on until nothing new is asked for or the limits are reached.
    pub(super) async fn complete(&self, request: &Request, decision: Decision, snapshot: &Snapshot) -> Found {
        let deadline = Instant::now() + PATIENCE;
        let mut found = Found::of(decision, snapshot.clone());
        let mut asked = BTreeSet::new();
        loop {
            let mut wanted = wanted(request, &found.decision, &found.snapshot);
            wanted.retain(|wanted| !asked.contains(wanted));
            if wanted.is_empty() || found.missing.is_some() {
                return found;
            }
            if asked.len() + wanted.len() > GETS {
                let why = format!("more than {GETS} objects that it names are not known");
                found.missing = wanted.first().map(|first| Missing { what: first.to_string(), why });
                return found;
            }
            let answers = join_all(wanted.iter().map(|wanted| self.get(wanted, deadline))).await;
            let mut learned = false;
            for (wanted, answer) in wanted.iter().zip(answers) {
                match answer {
                    Ok(Some(object)) => {
                        found.snapshot.observe(&object);
                        learned = true;
                    }
                    Ok(None) => {}
                    Err(why) => {
                        warn!(what = %wanted, why, "a fact could not be looked up");
                        found.missing = Some(Missing { what: wanted.to_string(), why });
                    }
                }
            }
            asked.extend(wanted);
            if learned {
                found.decision = decide(request, &found.snapshot, Timestamp::now());
            }
        }
    }

    /// What is known with the transfer of this name as it is now, for whoever decides on one that the watch may not have
    /// shown yet.
    pub(super) async fn with_transfer(
        &self,
        namespace: &str,
        name: &str,
        snapshot: &Snapshot,
    ) -> Result<Snapshot, Missing> {
        let mut found = snapshot.clone();
        let wanted = Wanted {
            group: bund_crds::GROUP,
            kind: TransferKind::CrossBorderTransfer.as_str(),
            namespace: Some(namespace.into()),
            name: name.into(),
        };
        if is_object_name(name) {
            let answer = self.get(&wanted, Instant::now() + PATIENCE).await;
            if let Some(object) = answer.map_err(|why| Missing { what: wanted.to_string(), why })? {
                found.observe(&object);
            }
        }
        Ok(found)
    }

    /// The object as it is now; `None` where there is none.
    async fn get(&self, wanted: &Wanted, deadline: Instant) -> Result<Option<Value>, String> {
        let Some(kind) = WatchedKind::of(wanted.group, wanted.kind) else {
            return Err("its kind is not one that is watched".to_owned());
        };
        let resource = kind.resource();
        let api: Api<DynamicObject> = match &wanted.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let get = async {
            match kind.detail {
                Detail::Whole => Ok(api.get_opt(&wanted.name).await?.map(|object| into_value(object, kind))),
                Detail::Metadata => {
                    let object = api.get_metadata_opt(&wanted.name).await?;
                    Ok(object.map(|object| metadata_into_value(object, kind)))
                }
            }
        };
        match timeout_at(deadline, get).await {
            Ok(answer) => answer.map_err(|error: kube::Error| crate::chain(&error)),
            Err(_) => Err("the API server did not answer in time".to_owned()),
        }
    }
}

/// What is to be asked for because of `decision`. (pure)
fn wanted(request: &Request, decision: &Decision, snapshot: &Snapshot) -> BTreeSet<Wanted> {
    let own = request.namespace.as_deref();
    let in_scope = |wanted: &Wanted| wanted.namespace.is_none() || wanted.namespace.as_deref() == own;
    let absent = decision.assumptions.iter().filter_map(|assumption| match assumption {
        Assumption::LocationAbsent => None,
        Assumption::NamespaceAbsent(name) => {
            (Some(name.as_ref()) == own).then(|| Wanted::in_cluster("", "Namespace", name))
        }
        Assumption::NodeAbsent(name) => Some(Wanted::in_cluster("", "Node", name)),
        Assumption::ClassAbsent(kind, name) => Some(Wanted::in_cluster(kind.group(), kind.as_str(), name)),
        Assumption::PodAbsent { namespace, name } | Assumption::TargetAbsent { namespace, name } => {
            Some(Wanted { group: "", kind: "Pod", namespace: Some(namespace.clone()), name: name.clone() })
        }
        Assumption::CarrierAbsent(carrier) => Some(Wanted::carrier(carrier)),
    });
    let all = absent.chain(unmarked(decision, snapshot));
    // A name that is no path segment is no name: the API server would read it as something else.
    all.filter(in_scope).filter(|wanted| is_object_name(&wanted.name)).collect()
}

/// The claims that a binding would be refused for, with their volumes: their marks may be newer than what the watch has
/// shown.
fn unmarked<'d>(decision: &'d Decision, snapshot: &'d Snapshot) -> impl Iterator<Item = Wanted> + 'd {
    let refusing = decision
        .findings
        .iter()
        .filter(|finding| finding.reason == Reason::VolumeUnmarked && finding.consequence() == Mode::Deny);
    let claims = refusing.map(|finding| CarrierId {
        kind: CarrierKind::PersistentVolumeClaim,
        namespace: decision.subject.namespace.clone(),
        name: finding.offending.as_str().into(),
    });
    claims.flat_map(|claim| {
        let links = snapshot.carrier(&claim).into_iter().flat_map(|facts| &facts.links);
        let volumes = links.filter(|link| link.kind == CarrierKind::PersistentVolume).map(Wanted::carrier);
        volumes.chain([Wanted::carrier(&claim)]).collect::<Vec<_>>()
    })
}

/// Whether the API server could hold an object of this name. Others do not exist, so there is nothing to ask.
fn is_object_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_own_namespace_and_names_that_can_exist_are_asked_for() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"data-class.bund.dev/x": ""}},
            "spec": {
                "nodeName": "n", "serviceAccountName": "../../../secrets",
                "containers": [{"envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "A b"}}]}]
            }
        });
        let mut request = Request::of_object(pod, None);
        request.namespace = Some("shop".to_owned());
        let decision = decide(&request, &Snapshot::default(), Timestamp::UNIX_EPOCH);
        let names: Vec<_> =
            wanted(&request, &decision, &Snapshot::default()).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["Namespace shop", "Node n", "Secret s"]);
    }
}
