//! Whether what seems to be gone is gone. (client)
//!
//! Watches of different kinds run apart, and one that is broken shows the past. An end that rests on an absence is for
//! good, so the API server is asked for the object before it is recorded. Nothing is in effect meanwhile.

use std::time::Duration;

use bund_engine::transfer::{Absent, Due};
use kube::api::{DynamicObject, ObjectMeta};
use kube::{Api, Client};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::index::WatchedKind;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is due, and what must wait because it rests on the absence of something that is there, or may be.
pub(crate) async fn sort_out(client: &Client, all: Vec<Due>) -> (Vec<Due>, Vec<Due>) {
    let (mut due, mut doubtful) = (Vec::new(), Vec::new());
    for one in all {
        match &one.absent {
            Some(absent) if !is_gone(client, absent).await => doubtful.push(one),
            Some(_) | None => due.push(one),
        }
    }
    (due, doubtful)
}

async fn is_gone(client: &Client, absent: &Absent) -> bool {
    let Absent { id, uid } = absent;
    let (kind, name) = (&id.kind, &id.name);
    let Some(watched) = WatchedKind::of(&id.group, kind) else { return false };
    let resource = watched.resource();
    let objects: Api<DynamicObject> = match &id.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    match timeout(PATIENCE, objects.get_metadata_opt(name)).await {
        Ok(Ok(found)) => {
            let gone = found.is_none_or(|found| is_another(&found.metadata, uid.as_str()));
            if !gone {
                info!(%kind, %name, "a watch does not show yet what is there");
            }
            gone
        }
        Ok(Err(error)) => {
            let error = crate::chain(&error);
            warn!(%kind, %name, error, "whether this is gone could not be asked; it is asked again");
            false
        }
        Err(_) => {
            warn!(%kind, %name, "the API server did not say in time whether this is gone; it is asked again");
            false
        }
    }
}

/// Whether an object is another one than that of `uid`, or goes.
fn is_another(metadata: &ObjectMeta, uid: &str) -> bool {
    metadata.uid.as_deref() != Some(uid) || metadata.deletion_timestamp.is_some()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    #[test]
    fn what_goes_is_gone_and_another_of_the_same_name_is_another() {
        let there = ObjectMeta { uid: Some("u-1".to_owned()), ..ObjectMeta::default() };
        let goes = ObjectMeta {
            deletion_timestamp: Some(Time(bund_engine::Timestamp::UNIX_EPOCH)),
            ..there.clone()
        };
        assert_eq!(
            [(&there, "u-1"), (&there, "u-2"), (&goes, "u-1")]
                .map(|(metadata, uid)| is_another(metadata, uid)),
            [false, true, true]
        );
    }
}
