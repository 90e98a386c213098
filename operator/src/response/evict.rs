//! Evicting one pod: looked at anew, and only if it is still asked for. (client)

use std::time::Duration;

use bund_crds::{Eviction as Limits, PolicyName};
use bund_engine::Timestamp;
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta, Preconditions};
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::ask::{Asked, Grounds, Group, still};
use super::attempts::Outcome;
use super::share::{Share, selector};
use crate::index::{Change, Index, KINDS, View, WatchedKind, into_value};
use crate::recorder::{Act, Outbox, evictions};

/// How long a request may take: other pods wait for it.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whoever evicts.
pub(super) struct Evictor<'e> {
    pub(super) client: &'e Client,
    pub(super) index: &'e Index,
    /// Our own namespace.
    pub(super) own: &'e str,
    /// Where it goes on record before it is done.
    pub(super) outbox: &'e Outbox,
}

/// The pod as it is stored now.
struct Live {
    object: Value,
    resource_version: String,
}

impl Evictor<'_> {
    /// Evicts a pod if it is still asked for: how that ended, and the policies that still asked, each with why.
    pub(super) async fn evict(&self, asked: &Asked) -> (Outcome, Grounds) {
        let mut grounds = Grounds::new();
        let outcome = match self.try_evict(asked, &mut grounds).await {
            Ok(outcome) => outcome,
            Err(error) => outcome_of(&error).unwrap_or_else(|| {
                let (namespace, name) = (&asked.pod.namespace, &asked.pod.name);
                warn!(%namespace, %name, error = crate::chain(&error), "a pod could not be evicted; it is tried again");
                Outcome::Failed
            }),
        };
        (outcome, grounds)
    }

    async fn try_evict(&self, asked: &Asked, grounds: &mut Grounds) -> Result<Outcome, Error> {
        let (namespace, name) = (&asked.pod.namespace, &asked.pod.name);
        let Some(live) = self.live(asked).await? else { return Ok(Outcome::Gone) };
        let view = with_pod(&self.index.view(), live.object);
        *grounds = still(&view, &asked.pod, asked.by.keys(), self.own, Timestamp::now());
        if grounds.is_empty() {
            debug!(%namespace, %name, "what was to be evicted is right by now");
            return Ok(Outcome::Right);
        }
        let share = self.share(asked).await?;
        let limits = |policy: &PolicyName| limits(&view, policy);
        if share.is_some_and(|share| !grounds.keys().all(|policy| share.is_within(&limits(policy)))) {
            return Ok(Outcome::Share);
        }
        // Both preconditions: a pod that was evicted a moment ago, by whomever, is another version of itself.
        let preconditions =
            Preconditions { uid: Some(asked.uid.to_string()), resource_version: Some(live.resource_version) };
        let eviction = Eviction {
            metadata: ObjectMeta { name: Some(name.to_string()), ..ObjectMeta::default() },
            delete_options: Some(DeleteOptions {
                preconditions: Some(preconditions),
                ..DeleteOptions::default()
            }),
        };
        let (pods, _) = self.objects(WatchedKind::of("", "Pod"), namespace)?;
        let evicting = evictions(Act::Evicting, &asked.pod, &asked.uid, grounds, Timestamp::now());
        self.outbox.before(evicting).await;
        let parameters = PostParams::default();
        let answer = pods.create_subresource::<_, Value>("eviction", name, &parameters, &eviction);
        patiently(answer).await?;
        Ok(Outcome::Evicted)
    }

    /// The pod that is meant; `None` where it is gone or going.
    async fn live(&self, asked: &Asked) -> Result<Option<Live>, Error> {
        let (pods, kind) = self.objects(WatchedKind::of("", "Pod"), &asked.pod.namespace)?;
        let Some(pod) = patiently(pods.get_opt(&asked.pod.name)).await? else { return Ok(None) };
        let metadata = &pod.metadata;
        if metadata.uid.as_deref() != Some(&*asked.uid) || metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let resource_version = metadata.resource_version.clone().unwrap_or_default();
        Ok(Some(Live { object: into_value(pod, kind), resource_version }))
    }

    /// The share of its group that a pod is; `None` for a pod by itself.
    async fn share(&self, asked: &Asked) -> Result<Option<Share>, Error> {
        let uid = &asked.uid;
        match &asked.group {
            Group::Alone(_) => Ok(None),
            Group::Controller(id) => {
                let namespace = &asked.pod.namespace;
                let mut pods = self.pods(namespace, &ListParams::default()).await?;
                pods.retain(|pod| controlled_by(pod, &id.kind, &id.name));
                Ok(Some(Share::of(None, &pods, uid)))
            }
            Group::Workload(key) => {
                // No two kinds that make pods have the same name.
                let is_it = |watched: &&WatchedKind| watched.makes_pods() && watched.kind == key.kind;
                let (owners, kind) = self.objects(KINDS.iter().find(is_it), &key.namespace)?;
                let Some(owner) = patiently(owners.get_opt(&key.name)).await? else { return Ok(None) };
                let owner = into_value(owner, kind);
                let selected = selector(&owner).map(|selector| ListParams::default().labels(&selector));
                let pods = self.pods(&key.namespace, &selected.unwrap_or_default()).await?;
                Ok(Some(Share::of(Some(&owner), &pods, uid)))
            }
        }
    }

    async fn pods(&self, namespace: &str, selected: &ListParams) -> Result<Vec<Value>, Error> {
        let (pods, kind) = self.objects(WatchedKind::of("", "Pod"), namespace)?;
        Ok(patiently(pods.list(selected)).await?.items.into_iter().map(|pod| into_value(pod, kind)).collect())
    }

    /// The objects of a kind in a namespace, if it is watched.
    fn objects(
        &self,
        kind: Option<&'static WatchedKind>,
        namespace: &str,
    ) -> Result<(Api<DynamicObject>, &'static WatchedKind), Error> {
        let kind = kind.ok_or(Error::Unwatched)?;
        Ok((Api::namespaced_with(self.client.clone(), namespace, &kind.resource()), kind))
    }
}

/// The limits that a policy sets now; the defaults where it is gone, which then asks for nothing.
fn limits(view: &View, name: &PolicyName) -> Limits {
    let policy = view.snapshot.world().policies().find(|policy| policy.name == *name);
    policy.and_then(|policy| policy.spec.running).unwrap_or_default().eviction()
}

/// The view, with a pod as it is stored now.
fn with_pod(view: &View, pod: Value) -> View {
    let mut fresh = view.clone();
    if let Some(kind) = WatchedKind::of("", "Pod") {
        fresh.apply(&Change::Observed(kind, pod));
    }
    fresh
}

fn controlled_by(pod: &Value, kind: &str, name: &str) -> bool {
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let is = |owner: &Value, member: &str, value: &str| owner.get(member).is_some_and(|found| found == value);
    owners.into_iter().any(|owner| {
        owner.get("controller") == Some(&Value::Bool(true))
            && is(owner, "kind", kind)
            && is(owner, "name", name)
    })
}

/// Why a pod was not evicted.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the API server refused")]
    Refused(#[from] kube::Error),
    #[error("the API server did not answer in time")]
    Late,
    #[error("its owner is of a kind that is not watched")]
    Unwatched,
}

async fn patiently<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Error> {
    Ok(timeout(PATIENCE, request).await.map_err(|_| Error::Late)??)
}

/// How an eviction ended that the API server did not take; `None` where that says nothing of the pod.
fn outcome_of(error: &Error) -> Option<Outcome> {
    match error {
        // The same code is given by an API server that is busy.
        Error::Refused(kube::Error::Api(status))
            if status.code == 429 && status.message.to_lowercase().contains("disruption budget") =>
        {
            Some(Outcome::Budget)
        }
        Error::Refused(kube::Error::Api(status)) if status.is_not_found() => Some(Outcome::Gone),
        Error::Refused(kube::Error::Api(status)) if status.is_conflict() => Some(Outcome::Changed),
        Error::Refused(_) | Error::Late | Error::Unwatched => None,
    }
}
