//! Events about objects. Each is told once, whoever leads. (client; what is told is pure)

use bund_crds::GROUP;
use bund_engine::Timestamp;
use bund_engine::snapshot::DEFAULT_NAMESPACE;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::runtime::events::EventType;
use kube::{Api, Client};
use tracing::warn;

/// The longest note that the API server takes, in bytes.
pub(crate) const NOTE_LIMIT: usize = 1024;
/// The longest name of who reports, in characters.
const INSTANCE_LIMIT: usize = 128;

/// What happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Occurrence<'o> {
    /// The name of the event: the same for every leader that sees the same, so that it is told once.
    pub(crate) name: String,
    /// The object.
    pub(crate) about: ObjectReference,
    /// Whether something is wrong.
    pub(crate) severity: EventType,
    /// What happened, as one word for machines.
    pub(crate) reason: &'o str,
    /// What we did about it, as one word.
    pub(crate) action: &'o str,
    /// What happened, for people. What is too long is cut.
    pub(crate) note: String,
}

impl Occurrence<'_> {
    /// The event, told under the name `identity`.
    pub(crate) fn event(self, identity: &str, now: Timestamp) -> Event {
        let Self { name, about, severity, reason, action, mut note } = self;
        note.truncate(note.floor_char_boundary(NOTE_LIMIT));
        let severity = match severity {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        Event {
            metadata: ObjectMeta {
                name: Some(name),
                // Events about cluster-scoped objects live there.
                namespace: Some(about.namespace.clone().unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            type_: Some(severity.to_owned()),
            reason: Some(reason.to_owned()),
            action: Some(action.to_owned()),
            note: Some(note),
            regarding: Some(about),
            reporting_controller: Some(format!("{GROUP}/operator")),
            reporting_instance: Some(identity.chars().take(INSTANCE_LIMIT).collect()),
            ..Event::default()
        }
    }
}

/// Creates an event, unless it is there: then it was told before, by us or by another leader.
pub(crate) async fn create(client: &Client, event: &Event) -> Result<(), kube::Error> {
    let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    match events.create(&PostParams::default(), event).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates an event that tells what the log has told: nothing is lost where it cannot be written.
pub(crate) async fn create_or_warn(client: &Client, event: &Event) {
    if let Err(error) = create(client, event).await {
        let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
        let error = crate::chain(&error);
        warn!(namespace, error, "an event could not be written; the log above tells the same");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn occurrence() -> Occurrence<'static> {
        let about = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some("n".to_owned()),
            uid: Some("u-n".to_owned()),
            ..ObjectReference::default()
        };
        let (severity, note) = (EventType::Warning, "it is abroad".to_owned());
        let name = "bund-taint.u-n.7".to_owned();
        Occurrence { name, about, severity, reason: "TaintedOutside", action: "Taint", note }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_happened_to_a_cluster_scoped_object_is_told_in_the_default_namespace() {
        let expected = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": {"name": "bund-taint.u-n.7", "namespace": "default"},
            "eventTime": "1970-01-01T00:01:00.000000Z",
            "type": "Warning", "reason": "TaintedOutside", "action": "Taint", "note": "it is abroad",
            "regarding": {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u-n"},
            "reportingController": "bund.dev/operator", "reportingInstance": "i"
        });
        assert_eq!(serde_json::to_value(occurrence().event("i", at(60))).unwrap(), expected);
    }

    #[test]
    fn what_the_api_server_would_not_take_is_cut_and_never_in_the_middle_of_a_character() {
        let long = Occurrence { note: format!("a{}", "é".repeat(2000)), ..occurrence() };
        let event = long.event(&"é".repeat(200), at(0));
        assert_eq!(event.note, Some(format!("a{}", "é".repeat(511))));
        assert_eq!(event.reporting_instance, Some("é".repeat(128)));
    }
}
