//! Keeps what databases say of addresses up to date: files that others put in their place, and time, which makes them old.

use std::sync::Arc;
use std::time::Duration;

use bund_engine::snapshot::{DatabaseState, Databases, Geography, Service};
use bund_geo::{Library, Quorum, Source};
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::index::Index;
use crate::metrics::Metrics;

/// How often the files are looked at. Looking costs a few calls of the file system.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks at the files for ever, and tells the index what they say whenever that changes. Without files there is nothing to
/// do. Until the first look nothing is inside by them.
pub async fn follow(sources: Vec<Source>, index: Arc<Index>, metrics: Metrics) {
    if sources.is_empty() {
        return std::future::pending().await;
    }
    let mut library = Library::new(sources);
    loop {
        // Reading one takes a moment in which nobody else should wait.
        let looked = spawn_blocking(move || {
            let found = library.look(Timestamp::now());
            (library, found)
        });
        let Ok((kept, found)) = looked.await else { return };
        library = kept;
        if let Some(quorum) = found {
            tell(&quorum, &metrics);
            index.note_geography(Geography::of(quorum)).await;
        }
        sleep(INTERVAL).await;
    }
}

fn tell(quorum: &Quorum, metrics: &Metrics) {
    let states = quorum.states();
    for DatabaseState { name, built, good_until: _, service } in &states {
        let built = built.map(tracing::field::display);
        match service {
            Service::InUse => info!(database = %name, built, "a database of addresses is in use"),
            Service::Kept(why) => {
                warn!(database = %name, built, %why, "a newer database cannot be used; the old one stays");
            }
            Service::Stale => {
                warn!(database = %name, built, "a database of addresses is too old; nothing is inside by it");
            }
            Service::Missing(why) => {
                warn!(database = %name, %why, "a database of addresses cannot be used; nothing is inside by it");
            }
        }
    }
    metrics.geography(&states);
}
