//! Writing statuses while we lead. (client)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use bund_engine::snapshot::OwnKind;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::plan::{Unseen, Write, plan};
use crate::index::{Index, WatchedKind};

/// Who owns the statuses.
const FIELD_MANAGER: &str = "bund-operator-status";
/// From the end of one pass to the next at least: pods come and go by the hundred.
const PAUSE: Duration = Duration::from_millis(500);

/// Keeps the status of our own kinds.
pub struct Controller {
    client: Client,
    index: Arc<Index>,
    unseen: Unseen,
}

impl Controller {
    /// A controller that has written nothing yet.
    pub fn new(client: Client, index: Arc<Index>) -> Self {
        Self { client, index, unseen: Unseen::default() }
    }

    /// Writes what differs on every change of the index, for ever. Nothing is written before every kind was listed:
    /// half a list would tell that nothing is refused.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if revisions.wait_for(|revision| revision.whole).await.is_err() {
            return;
        }
        loop {
            revisions.mark_unchanged();
            let failed = self.pass().await;
            sleep(PAUSE).await;
            if !failed && revisions.changed().await.is_err() {
                return;
            }
        }
    }

    /// One pass: whether some write failed, so that it is tried again.
    async fn pass(&mut self) -> bool {
        let view = self.index.view();
        let mut unseen = std::mem::take(&mut self.unseen);
        // Judging every workload under every policy is work for a thread of its own, not for one that answers.
        let planned = tokio::task::spawn_blocking(move || {
            let writes = plan(&view, &mut unseen, Timestamp::now());
            (writes, unseen)
        });
        let Ok((writes, unseen)) = planned.await else { return true };
        self.unseen = unseen;
        let mut failed = false;
        for write in writes {
            debug!(kind = write.kind.as_str(), name = write.name, "writing a status");
            match self.write(&write).await {
                Ok(()) => self.unseen.written(write),
                // It is gone, and so will its status be.
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                Err(error) => {
                    failed = true;
                    let (kind, name) = (write.kind.as_str(), &write.name);
                    warn!(
                        kind,
                        name,
                        error = crate::chain(&error),
                        "a status could not be written; it is tried again"
                    );
                }
            }
        }
        failed
    }

    async fn write(&self, write: &Write) -> Result<(), kube::Error> {
        let Some(kind) = kinds().get(&write.kind).copied() else { return Ok(()) };
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &kind.resource());
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        api.patch_status(&write.name, &parameters, &Patch::Apply(write.body())).await.map(drop)
    }
}

fn kinds() -> BTreeMap<OwnKind, &'static WatchedKind> {
    let watched = OwnKind::ALL
        .into_iter()
        .filter_map(|own| Some((own, WatchedKind::of(bund_crds::GROUP, own.as_str())?)));
    watched.collect()
}
