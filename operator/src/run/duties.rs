//! What the leader does. (client)

use std::sync::Arc;

use kube::Client;
use tokio::sync::watch;

use crate::audit::Auditor;
use crate::configuration::Egress;
use crate::controller::{Controller, Glazier, Herald, Stamper};
use crate::egress::Closer;
use crate::index::Index;
use crate::ledger::{Keeper, Kept};
use crate::metrics::Metrics;
use crate::recorder::{Archivist, Chronicler, Held, Outbox};
use crate::registration::{Registrar, Registration};
use crate::report::{Reporter, Teller, recall};
use crate::response::Responder;
use crate::transfer::Clerk;

/// What the leader does.
pub(super) struct Duties {
    pub(super) client: Client,
    /// Tries nothing again by itself.
    pub(super) once: Client,
    pub(super) index: Arc<Index>,
    pub(super) registration: Registration,
    /// What is needed to keep the ledger.
    pub(super) kept: Kept,
    pub(super) egress: Egress,
    pub(super) metrics: Metrics,
    /// Who we are among the replicas.
    pub(super) identity: String,
}

impl Duties {
    /// Does them while we lead. Stops in the middle when we do not: every write is whole in itself.
    pub(super) async fn follow(self, mut leading: watch::Receiver<bool>) {
        let Self { client, once, index, registration, kept, egress, metrics, identity } = self;
        // It hears from now on, so that what the leader before us saw last is told too.
        let mut herald = Herald::new(client.clone(), index.clone(), metrics.clone(), identity.clone());
        loop {
            metrics.leads(false);
            if leading.wait_for(|leads| *leads).await.is_err() {
                // The candidate is gone, because we are stopping.
                return std::future::pending().await;
            }
            metrics.leads(true);
            let (keeper, ledger) = Keeper::new(client.clone(), kept.clone(), metrics.clone());
            let held = Held::new(ledger.clone());
            let (outbox, waiting) = Outbox::new(ledger);
            let archivist = Archivist::new(index.clone(), held.clone(), waiting);
            let registrar =
                Registrar::new(client.clone(), registration.clone(), metrics.clone(), identity.clone());
            let auditor = Auditor::new(index.clone(), metrics.clone());
            let controller =
                Controller::new(client.clone(), index.clone(), metrics.clone(), auditor.audited());
            let stamper = Stamper::new(client.clone(), index.clone(), metrics.clone());
            let closer = Closer::new(
                client.clone(),
                index.clone(),
                metrics.clone(),
                identity.clone(),
                outbox.clone(),
                egress.cluster_policy_priority,
            );
            let reporter = Reporter::new(client.clone(), metrics.clone(), auditor.audited());
            let responder = Responder::new(
                &once,
                &index,
                &metrics,
                auditor.audited(),
                &identity,
                &registration.namespace,
                outbox,
            );
            let glazier = Glazier::new(client.clone(), index.clone(), metrics.clone());
            let chronicler = Chronicler::new(index.clone(), auditor.audited(), held.clone());
            let clerk = Clerk::new(
                client.clone(),
                index.clone(),
                metrics.clone(),
                identity.clone(),
                registration.namespace.clone(),
                held,
            );
            // Since when findings are known is read before the first audit, and nothing else waits for it.
            let auditing = async {
                let recalled = recall(&client, &index).await;
                let since = recalled.as_ref().map(|recalled| recalled.since.clone()).unwrap_or_default();
                let (client, index, metrics) = (client.clone(), index.clone(), metrics.clone());
                let teller =
                    Teller::new(client, index, metrics, identity.clone(), auditor.audited(), recalled);
                tokio::join!(auditor.remembering(since).run(), teller.run());
            };
            let mut until = leading.clone();
            // Boxed: together they are more than the stack of whoever waits for us should hold.
            tokio::select! {
                _ = until.wait_for(|leads| !*leads) => {}
                () = Box::pin(registrar.run()) => return,
                () = Box::pin(auditing) => return,
                () = Box::pin(controller.run()) => return,
                () = Box::pin(stamper.run()) => return,
                () = Box::pin(closer.run()) => return,
                () = Box::pin(reporter.run()) => return,
                () = Box::pin(responder.run()) => return,
                () = Box::pin(clerk.run()) => return,
                () = Box::pin(keeper.run()) => return,
                () = Box::pin(archivist.run()) => return,
                () = Box::pin(chronicler.run()) => return,
                () = Box::pin(glazier.run()) => return,
                () = Box::pin(herald.run()) => return,
            }
        }
    }
}
