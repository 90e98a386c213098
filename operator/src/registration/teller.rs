//! Telling what became of what we registered: a metric, a log line, an Event, and the condition `Registered` of the
//! `ClusterLocation`. (client)

use bund_crds::cluster_location::NAME;
use bund_crds::condition::REGISTERED;
use bund_crds::{GROUP, VERSION};
use bund_engine::Timestamp;
use bund_engine::snapshot::OwnKind;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use kube::Client;
use kube::runtime::events::EventType;
use serde_json::{Value, json};
use tracing::warn;

use super::FIELD_MANAGER;
use super::drift::{Drift, manager};
use crate::controller::condition::{Wanted, conditions};
use crate::event::{Occurrence, create_or_warn};
use crate::index::{OwnObject, View};
use crate::metrics::Metrics;
use crate::own_status::{OwnStatus, apply};

/// Tells.
pub(super) struct Teller {
    client: Client,
    metrics: Metrics,
    identity: String,
}

impl Teller {
    /// A teller that counts in `metrics` and writes under the name `identity`.
    pub(super) fn new(client: Client, metrics: Metrics, identity: String) -> Self {
        Self { client, metrics, identity }
    }

    /// Tells of a damage that was repaired.
    pub(super) async fn drifted(&self, drift: &Drift, view: &View) {
        let Drift { key, damage, by } = drift;
        warn!(
            kind = key.kind,
            name = key.name,
            what = damage.as_str(),
            manager = manager(by.as_deref()),
            "the registration had drifted; it is as before"
        );
        self.metrics.drifted(key.kind, *damage);
        let Some(location) = view.own(OwnKind::ClusterLocation, NAME) else { return };
        // One tells of all of the same kind until the API server forgets it; the metric counts them.
        let event = event(drift, location, &self.identity, Timestamp::now());
        create_or_warn(&self.client, &event).await;
    }

    /// Tells whether everything is registered: `trouble` says what is not.
    pub(super) async fn registered(&self, trouble: Option<&str>, view: &View) {
        let Some(location) = view.own(OwnKind::ClusterLocation, NAME) else { return };
        let Some(status) = status(trouble, location, Timestamp::now()) else { return };
        if let Err(error) = apply(&self.client, &status, FIELD_MANAGER).await {
            let error = crate::chain(&error);
            warn!(error, "the condition Registered could not be written; it is tried again");
        }
    }
}

/// The status to apply; `None` where it is stored already.
fn status(trouble: Option<&str>, location: &OwnObject, now: Timestamp) -> Option<OwnStatus> {
    let wanted = match trouble {
        None => Wanted::holds(
            REGISTERED,
            "AsWritten",
            "everything that makes the API server enforce is as Bund wrote it",
        ),
        Some(trouble) => Wanted::fails(REGISTERED, "NotWritten", format!("{trouble}; it is tried again")),
    };
    let conditions = conditions(&[wanted], location.generation, &location.status, now);
    let stored = location.status.get("conditions").and_then(Value::as_array);
    let is_stored = |condition: &Value| stored.is_some_and(|stored| stored.contains(condition));
    if conditions.as_array().is_some_and(|wanted| wanted.iter().all(is_stored)) {
        return None;
    }
    let status = json!({ "conditions": conditions });
    Some(OwnStatus::cluster_scoped(OwnKind::ClusterLocation, NAME, status))
}

/// Says what had happened. Its name is that of every later one of the same kind, so that there is one.
fn event(drift: &Drift, location: &OwnObject, identity: &str, now: Timestamp) -> Event {
    let Drift { key, damage, by } = drift;
    let (what, done) = (damage.as_str(), damage.told(by.as_deref()));
    let uid = location.object.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
    let occurrence = Occurrence {
        name: format!("bund-drift.{}.{}.{what}", key.kind.to_lowercase(), key.name),
        about: ObjectReference {
            api_version: Some(format!("{GROUP}/{VERSION}")),
            kind: Some(OwnKind::ClusterLocation.as_str().to_owned()),
            name: Some(NAME.to_owned()),
            uid,
            ..ObjectReference::default()
        },
        severity: EventType::Warning,
        reason: "RegistrationDrifted",
        action: "Repair",
        note: format!(
            "{key} was {done}; it is as before. bund_drift_total counts further ones, the audit log of the API server \
             names who did it"
        ),
    };
    occurrence.event(identity, now)
}
