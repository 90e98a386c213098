//! Keeps what databases say of addresses up to date: files that others put in their place, and time, which makes them old.

use std::sync::Arc;
use std::time::Duration;

use bund_engine::snapshot::{DatabaseState, Databases, Geography, Service};
use bund_geo::{Library, Quorum, Source};
use jiff::Timestamp;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::index::Index;
use crate::metrics::Metrics;

/// How often the files are looked at. Looking costs a few calls of the file system.
const INTERVAL: Duration = Duration::from_secs(5);

/// The databases, and what they say since they were last looked at, if that is something else.
pub struct Looked {
    library: Library,
    found: Option<Arc<Quorum>>,
}

/// The first look. Nothing should be judged before: where a file is still being read, nobody knows yet that there are
/// databases. `None` without files.
pub async fn open(sources: Vec<Source>) -> Result<Option<Looked>, JoinError> {
    if sources.is_empty() {
        return Ok(None);
    }
    look(Library::new(sources)).await.map(Some)
}

/// Tells the index what the files say, and looks at them for ever, to tell it whenever that changes. Without files there is
/// nothing to do.
pub async fn follow(first: Option<Looked>, index: Arc<Index>, metrics: Metrics) {
    let Some(mut looked) = first else { return std::future::pending().await };
    loop {
        let Looked { library, found } = looked;
        if let Some(quorum) = found {
            tell(&quorum, &metrics);
            index.note_geography(Geography::of(quorum)).await;
        }
        sleep(INTERVAL).await;
        let Ok(again) = look(library).await else { return };
        looked = again;
    }
}

/// Reading a file takes a moment in which nobody else should wait.
async fn look(mut library: Library) -> Result<Looked, JoinError> {
    let looked = spawn_blocking(move || {
        let found = library.look(Timestamp::now());
        Looked { library, found }
    });
    looked.await
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
