//! Stamping classes onto what holds data, while we lead. (client)
//!
//! What a classified pod may write holds the pod's classes from then on, whatever becomes of the pod. The engine says
//! which claims, volumes and snapshots lack a label; here it is applied, under a field manager of its own, and never taken
//! away. Bindings of classified pods are refused until it is there, so this waits for nothing else that we do.

pub mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bund_engine::snapshot::CarrierId;
use bund_engine::stamp::{Stamp, stamp_of, stamps};
use futures::{StreamExt, stream};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::index::{Index, Listener, SubjectKey, Touched, View};
use crate::metrics::{Metrics, Stamped};
use plan::{Attempts, Planned, Write, plan};

/// Who owns the labels and annotations.
const FIELD_MANAGER: &str = "bund-classes";
/// Writes at a time.
const AT_ONCE: usize = 8;
/// How long one write may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest rest after a pass.
const REST: Duration = Duration::from_millis(500);

/// Keeps the stamps.
pub struct Stamper {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    listener: Listener,
    /// What lacks a stamp, as far as was touched so far.
    lacking: BTreeMap<CarrierId, Stamp>,
    attempts: Attempts,
}

impl Stamper {
    /// A stamper that has written nothing yet and counts in `metrics`.
    pub fn new(client: Client, index: Arc<Index>, metrics: Metrics) -> Self {
        let listener = index.listen();
        Self { client, index, metrics, listener, lacking: BTreeMap::new(), attempts: Attempts::default() }
    }

    /// Writes what lacks on every change of the index that classes may rest on, for ever.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if revisions.wait_for(|revision| revision.ready).await.is_err() {
            return;
        }
        loop {
            let planned_for = revisions.borrow_and_update().classes;
            let Planned { writes, next, took } = self.plan().await;
            self.write_all(writes).await;
            // Rests as long as it thought: an idle cluster is answered at once, a busy one costs half a core at most.
            sleep(took.min(REST)).await;
            let by_itself = async {
                match next {
                    Some(moment) => sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = by_itself => {}
                changed = revisions.wait_for(|revision| revision.classes != planned_for) => {
                    if changed.is_err() { return }
                }
            }
        }
    }

    async fn plan(&mut self) -> Planned {
        let touched = self.listener.take();
        let view = self.index.view();
        let (mut attempts, mut lacking) =
            (std::mem::take(&mut self.attempts), std::mem::take(&mut self.lacking));
        // Everything may have to be looked at: work for a thread of its own, not for one that answers.
        let planned = tokio::task::spawn_blocking(move || {
            let now = Instant::now();
            look(&view, &touched, &mut lacking);
            let planned = plan(&view, lacking.values().cloned().collect(), &mut attempts, now);
            (Planned { took: now.elapsed(), ..planned }, attempts, lacking)
        });
        // It fails only where we are stopping.
        let Ok((planned, attempts, lacking)) = planned.await else { return Planned::default() };
        (self.attempts, self.lacking) = (attempts, lacking);
        planned
    }

    async fn write_all(&mut self, writes: Vec<Write>) {
        let (client, metrics) = (&self.client, &self.metrics);
        let written = stream::iter(writes).map(async |write| {
            let outcome = write_one(client, &write).await;
            metrics.stamped(outcome);
            (write, outcome)
        });
        let written: Vec<_> = written.buffer_unordered(AT_ONCE).collect().await;
        for (write, outcome) in written {
            match outcome {
                Stamped::Written => self.attempts.written(write),
                // Its end is on its way to us; should it not come, it is asked again.
                Stamped::Gone | Stamped::Failed => self.attempts.failed(write, Instant::now()),
            }
        }
    }
}

/// Looks again at what is touched: what lacks a stamp now?
pub(crate) fn look(view: &View, touched: &Touched, lacking: &mut BTreeMap<CarrierId, Stamp>) {
    let subjects = match touched {
        Touched::Everything => {
            let all = stamps(&view.snapshot).into_iter();
            *lacking = all.map(|stamp| (stamp.carrier.clone(), stamp)).collect();
            return;
        }
        Touched::Only { subjects, nodes: _ } => subjects,
    };
    for id in subjects.iter().filter_map(SubjectKey::carrier) {
        match stamp_of(&id, &view.snapshot) {
            Some(stamp) => drop(lacking.insert(id, stamp)),
            None => drop(lacking.remove(&id)),
        }
    }
}

/// Applies one stamp and says how it ended.
async fn write_one(client: &Client, write: &Write) -> Stamped {
    let (kind, name) = (write.kind.kind, &write.stamp.carrier.name);
    let namespace = write.stamp.carrier.namespace.as_deref();
    match timeout(PATIENCE, apply(client, write)).await {
        Ok(Ok(())) => {
            let classes = write.classes();
            info!(kind, namespace, %name, classes, "classes are stamped");
            Stamped::Written
        }
        Ok(Err(error)) if is_gone(&error) => {
            debug!(kind, namespace, %name, "what was to be stamped is gone");
            Stamped::Gone
        }
        Ok(Err(error)) => {
            let error = crate::chain(&error);
            warn!(kind, namespace, %name, error, "classes could not be stamped; it is tried again");
            Stamped::Failed
        }
        Err(_) => {
            warn!(kind, namespace, %name, "classes could not be stamped in time; it is tried again");
            Stamped::Failed
        }
    }
}

async fn apply(client: &Client, write: &Write) -> Result<(), kube::Error> {
    let resource = write.kind.resource();
    let api: Api<DynamicObject> = match write.stamp.carrier.namespace.as_deref() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    // By force: of the keys, which are ours alone, and of nothing else, because nothing else is applied.
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&write.stamp.carrier.name, &parameters, &Patch::Apply(write.body())).await.map(drop)
}

/// Whether the object of this uid is gone. The API server says so in three ways: no such namespace or kind; an apply
/// with a uid that would have to create; an apply with a uid that is not that of the object which has the name now.
fn is_gone(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => {
            status.is_not_found()
                || (status.is_conflict() && status.message.contains("uid"))
                || (status.is_invalid() && status.message.contains("metadata.uid"))
        }
        _ => false,
    }
}
