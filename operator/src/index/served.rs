//! Which version of an optional kind the API server serves, if any. (client)

use kube::Client;
use kube::runtime::watcher;

use super::WatchedKind;

/// The best version that is served of those that are read; `None` where the kind is absent.
pub(super) async fn version(client: &Client, kind: &WatchedKind) -> kube::Result<Option<&'static str>> {
    for version in kind.versions {
        match client.list_api_group_resources(&kind.api_version_in(version)).await {
            Ok(served) if served.resources.iter().any(|resource| resource.name == kind.plural) => {
                return Ok(Some(version));
            }
            // The version is there, for other kinds of the group.
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Whether a watch ended in the answer that there is no such kind: never there, or gone by now.
pub(crate) fn is_absent(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 404,
        _ => false,
    }
}
