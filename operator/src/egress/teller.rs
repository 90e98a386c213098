//! Telling what was written, and what had become of it in other hands: a metric, a log line, an Event. (client)

use bund_engine::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::EventType;
use tracing::{debug, info, warn};

use super::attempts::Tried;
use super::kind::{Key, Kind};
use super::plan::{Action, Mends};
use super::stored::StoredPolicy;
use super::wanted::Marking;
use crate::event::{Occurrence, create_or_warn};
use crate::metrics::Metrics;
use crate::registration::{Damage, manager};

/// Tells.
pub(super) struct Teller {
    client: Client,
    metrics: Metrics,
    identity: String,
}

impl Teller {
    pub(super) fn new(client: Client, metrics: Metrics, identity: String) -> Self {
        Self { client, metrics, identity }
    }

    /// Tells how a write ended.
    pub(super) async fn wrote(&self, action: &Action, tried: &Tried, stored: Option<&StoredPolicy>) {
        if let Tried::Failed(error) = tried {
            let what = what(action);
            return warn!(what, error, "closing egress failed; it is tried again");
        }
        match (action, tried) {
            (Action::Apply { key, mends: Some(mends), .. }, Tried::Done) => {
                self.mended(key, mends, stored).await;
            }
            (Action::Mark(_), _) | (_, Tried::Gone) => debug!(what = what(action), ?tried, "written"),
            (_, Tried::Done) => info!(what = what(action), "egress is closed anew"),
            (_, Tried::Failed(_)) => {}
        }
    }

    /// Tells that a policy was not as it should be, and is now.
    async fn mended(&self, key: &Key, mends: &Mends, stored: Option<&StoredPolicy>) {
        let Mends { damage, by, was } = mends;
        let uid = stored.map(|stored| stored.uid.clone());
        // Whoever takes our label off makes it look as if it were gone.
        let damage = if uid.as_ref() == Some(was) { Damage::Changed } else { *damage };
        let by = by.as_deref();
        warn!(policy = %key, what = damage.as_str(), manager = manager(by), "what closes egress had been tampered with; it is as before");
        self.metrics.egress().repaired(damage);
        let event = occurrence(key, damage, by, uid.as_deref()).event(&self.identity, Timestamp::now());
        create_or_warn(&self.client, &event).await;
    }
}

/// Says what had happened. Its name is that of every later one of the same kind, so that there is one.
fn occurrence(key: &Key, damage: Damage, by: Option<&str>, uid: Option<&str>) -> Occurrence<'static> {
    let (what, done) = (damage.as_str(), damage.told(by));
    Occurrence {
        name: format!("bund-egress.{}.{}.{what}", key.kind.as_str().to_lowercase(), key.name),
        about: ObjectReference {
            api_version: Some(key.kind.api_version().to_owned()),
            kind: Some(key.kind.as_str().to_owned()),
            name: Some(key.name.to_string()),
            namespace: (key.kind == Kind::Network).then(|| key.namespace.to_string()),
            uid: uid.map(str::to_owned),
            ..ObjectReference::default()
        },
        severity: EventType::Warning,
        reason: "EgressTampered",
        action: "Repair",
        note: format!(
            "{key} was {done}; it is as before. What was sent meanwhile is not known. bund_egress_repaired_total counts \
             further ones, the audit log of the API server names who did it"
        ),
    }
}

/// What a write does, for people.
fn what(action: &Action) -> String {
    match action {
        Action::Apply { key, .. } => format!("apply {key}"),
        Action::Delete { key, .. } => format!("delete {key}"),
        Action::Mark(Marking { pod: (namespace, name), .. }) => format!("mark Pod {namespace}/{name}"),
        Action::Evict { pod: (namespace, name), .. } => format!("evict Pod {namespace}/{name}"),
    }
}
