//! What is known of the cluster: watches feed one [`View`], which is published whole after every batch of events.
//!
//! ```text
//! API server --watch (client)--> Change --view (pure)--> View --publish--> readers
//! ```
//!
//! One task per kind turns watch events into [`Change`]s, one task takes them all into its working view. Readers
//! get a clone that shares its maps with the working view and never changes under them.

mod declassification;
mod ended;
mod kept_watch;
mod kind;
mod listen;
mod own_object;
mod publish;
mod record;
mod roster;
mod served;
mod store;
mod subject;
mod touched;
mod view;
mod watch;

use std::sync::Arc;

use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::info;

use crate::metrics::Metrics;

pub(crate) use declassification::names;
pub use declassification::{Declassification, Writer};
pub use kept_watch::KeptWatch;
pub(crate) use kept_watch::{LASTS as WATCH_LASTS, LEASE as WATCH_LEASE};
pub use kind::{Detail, KINDS, Presence, Purpose, WatchedKind};
pub use listen::Listener;
pub use own_object::OwnObject;
pub use publish::{Index, Revision};
pub use record::Record;
pub use roster::{Change, ObjectKey};
pub(crate) use roster::{into_value, metadata_into_value};
pub(crate) use served::is_absent;
pub use subject::SubjectKey;
pub use touched::Touched;
pub use view::View;
pub(crate) use watch::patiently;

use publish::Publisher;
use store::Store;

/// Events that wait to be taken in. Small, because each holds a whole object.
const WAITING: usize = 256;

/// Starts the watches, for a process that lives in `namespace`. Everything runs in `tasks` until they are aborted; nothing here ends by itself.
///
/// The index is not ready until every kind that decisions rest on was listed once. From then on it stays ready:
/// a watch that breaks is taken up again, and what changed meanwhile is seen late, never lost; in a store that was set
/// back everything is listed again.
pub fn start(client: &Client, namespace: &str, metrics: &Metrics, tasks: &mut JoinSet<()>) -> Arc<Index> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (index, publisher) = publish::new(sender.clone());
    let store = Arc::new(Store::default());
    for kind in KINDS {
        tasks.spawn(watch::follow(client.clone(), kind, metrics.clone(), store.clone(), sender.clone()));
    }
    tasks.spawn(kept_watch::follow(client.clone(), namespace.to_owned(), store.set_back(), sender));
    tasks.spawn(store::look_after(client.clone(), store));
    tasks.spawn(take_in(receiver, publisher));
    index
}

/// Takes changes into the working view, as many at a time as there are, and publishes the result.
async fn take_in(mut receiver: mpsc::Receiver<Change>, mut publisher: Publisher) {
    let mut changes = Vec::with_capacity(WAITING);
    while receiver.recv_many(&mut changes, WAITING).await > 0 {
        let was_ready = publisher.is_ready();
        for change in changes.drain(..) {
            publisher.apply(&change);
        }
        publisher.publish();
        if !was_ready && publisher.is_ready() {
            info!("every kind that decisions rest on was listed");
        }
    }
}
