//! What happened, on record: durably and once. (client; the order is pure)

use std::time::Duration;

use bund_crds::{EventType, LedgerEvent};
use bund_engine::transfer::{Due, Turn};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::index::View;
use crate::metrics::Metrics;
use crate::recorder::{Held, Unheld};

/// How long one write may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Puts on record what happened.
pub trait Recorder {
    /// Records one thing under its name, and is done when it is durable. What is there under that name stays.
    fn record(&self, due: &Due) -> impl Future<Output = Result<Recorded, Error>> + Send;
}

/// How something came to be on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It was recorded now.
    Now,
    /// It had been recorded before, by us or by another leader.
    Before,
}

/// Why something is not on record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server did not take it.
    #[error("the API server did not take the LedgerEvent")]
    Refused(#[source] kube::Error),
    /// The API server did not answer.
    #[error("the API server did not answer in time")]
    Silent,
    /// It is not known to be in the ledger, and must be there first.
    #[error("the ledger does not hold it")]
    NotInLedger(#[source] Unheld),
}

/// The record in the cluster: one LedgerEvent for everything that happened.
#[derive(Clone)]
pub struct InCluster {
    events: Api<LedgerEvent>,
}

impl InCluster {
    /// The record of the cluster that `client` speaks to.
    pub fn new(client: Client) -> Self {
        Self { events: Api::all(client) }
    }
}

impl Recorder for InCluster {
    async fn record(&self, due: &Due) -> Result<Recorded, Error> {
        let metadata = ObjectMeta { name: Some(due.name.to_string()), ..ObjectMeta::default() };
        let event = LedgerEvent { metadata, spec: due.spec.clone() };
        let parameters = PostParams::default();
        match timeout(PATIENCE, self.events.create(&parameters, &event)).await {
            Ok(Ok(_)) => Ok(Recorded::Now),
            Ok(Err(kube::Error::Api(status))) if status.is_already_exists() => Ok(Recorded::Before),
            Ok(Err(error)) => Err(Error::Refused(error)),
            Err(_) => Err(Error::Silent),
        }
    }
}

/// The record in the cluster, and what opens a transfer in the ledger before it is there. Where no ledger is configured,
/// the record in the cluster.
pub(super) struct WriteAhead<'v> {
    pub(super) cluster: &'v InCluster,
    pub(super) held: &'v Held,
    /// What the opening rests on.
    pub(super) view: &'v View,
}

impl Recorder for WriteAhead<'_> {
    async fn record(&self, due: &Due) -> Result<Recorded, Error> {
        if !opens(due.spec.event) {
            return self.cluster.record(due).await;
        }
        let spec = self.held.write_ahead(due, self.view).await.map_err(Error::NotInLedger)?;
        self.cluster.record(&Due { spec, ..due.clone() }).await
    }
}

/// Whether an event opens a transfer.
pub(super) fn opens(event: EventType) -> bool {
    Turn::of(event) == Some(Turn::Opens)
}

/// Whether an event closes a transfer.
pub(super) fn closes(event: EventType) -> bool {
    Turn::of(event).is_some_and(Turn::closes)
}

/// What became of things that were to be recorded.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// What is on record now.
    pub(crate) recorded: Vec<Due>,
    /// What is not.
    pub(crate) unrecorded: Vec<Due>,
    /// Why, of the first.
    pub(crate) failure: Option<String>,
}

impl Outcome {
    /// Whether everything that closes a transfer is on record.
    pub(super) fn is_closed(&self) -> bool {
        !self.unrecorded.iter().any(|due| closes(due.spec.event))
    }
}

/// Records what is due, in its order. Once something could not be recorded nothing is opened any more; what closes is
/// always tried.
pub(crate) async fn record_all<R: Recorder>(recorder: &R, due: Vec<Due>, metrics: &Metrics) -> Outcome {
    let mut outcome = Outcome::default();
    for due in due {
        if outcome.failure.is_some() && opens(due.spec.event) {
            outcome.unrecorded.push(due);
            continue;
        }
        match recorder.record(&due).await {
            Ok(how) => {
                if how == Recorded::Now {
                    info!(name = %due.name, event = ?due.spec.event, why = due.spec.why, "recorded");
                    metrics.recorded(due.spec.event);
                }
                outcome.recorded.push(due);
            }
            Err(error) => {
                let error = crate::chain(&error);
                warn!(
                    name = %due.name,
                    event = ?due.spec.event,
                    error,
                    "this could not be recorded; it is tried again, and no transfer opens before"
                );
                metrics.record_failed();
                outcome.failure.get_or_insert(error);
                outcome.unrecorded.push(due);
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::testing::event;

    /// Takes nothing of these names.
    struct Refusing(&'static [&'static str]);

    impl Recorder for Refusing {
        async fn record(&self, due: &Due) -> Result<Recorded, Error> {
            if self.0.contains(&due.name.as_ref()) { Err(Error::Silent) } else { Ok(Recorded::Now) }
        }
    }

    fn due(name: &str, kind: EventType) -> Due {
        Due { name: name.into(), spec: event(kind, "u-1", 0), absent: None }
    }

    fn names(due: &[Due]) -> Vec<&str> {
        due.iter().map(|due| due.name.as_ref()).collect()
    }

    #[tokio::test]
    async fn what_closes_is_always_tried_and_nothing_opens_after_a_failure() {
        let all = || {
            vec![
                due("a.1", EventType::Revoked),
                due("b.1", EventType::Expired),
                due("c.decided", EventType::Decided),
                due("d.0", EventType::Activated),
            ]
        };
        let metrics = Metrics::default();
        let outcome = record_all(&Refusing(&["a.1"]), all(), &metrics).await;
        assert_eq!(names(&outcome.recorded), ["b.1", "c.decided"]);
        assert_eq!(names(&outcome.unrecorded), ["a.1", "d.0"]);
        assert!(!outcome.is_closed());

        let outcome = record_all(&Refusing(&["c.decided"]), all(), &metrics).await;
        assert_eq!(names(&outcome.recorded), ["a.1", "b.1"]);
        assert!(outcome.is_closed(), "only an opening is left");

        let outcome = record_all(&Refusing(&[]), all(), &metrics).await;
        assert_eq!((outcome.recorded.len(), outcome.failure), (4, None));
    }
}
