//! What the leader does. (client)

use std::sync::Arc;

use kube::Client;
use tokio::sync::watch;

use crate::controller::Controller;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::registration::{Registrar, Registration};

/// What the leader does.
pub(super) struct Duties {
    pub(super) client: Client,
    pub(super) index: Arc<Index>,
    pub(super) registration: Registration,
    pub(super) metrics: Metrics,
}

impl Duties {
    /// Does them while we lead. Stops in the middle when we do not: every write is whole in itself.
    pub(super) async fn follow(self, mut leading: watch::Receiver<bool>) {
        loop {
            self.metrics.leads(false);
            if leading.wait_for(|leads| *leads).await.is_err() {
                // The candidate is gone, because we are stopping.
                return std::future::pending().await;
            }
            self.metrics.leads(true);
            let registrar = Registrar::new(self.client.clone(), self.registration.clone());
            let controller = Controller::new(self.client.clone(), self.index.clone(), self.metrics.clone());
            let mut until = leading.clone();
            tokio::select! {
                _ = until.wait_for(|leads| !*leads) => {}
                () = registrar.run() => return,
                () = controller.run() => return,
            }
        }
    }
}
