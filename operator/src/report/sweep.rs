//! Taking away our reports in the API in which they are not written any more. (client)

use futures::{StreamExt, stream};
use kube::Client;
use kube::core::ObjectMeta;
use tracing::{info, warn};

use super::api::ReportApi;
use super::recall::pages;
use super::served;
use super::stored::ReportKey;
use super::write::{api_of, delete};

/// Deletions at a time.
const AT_ONCE: usize = 8;

/// Deletes our reports in `api`. Whether that was done.
pub(super) async fn sweep(client: &Client, api: ReportApi) -> bool {
    match try_to(client, api).await {
        Ok(deleted) => {
            if deleted > 0 {
                info!(
                    deleted,
                    api = api.group(),
                    "reports were deleted that are written in another API by now"
                );
            }
            true
        }
        Err(error) => {
            let error = crate::chain(&error);
            warn!(api = api.group(), error, "old reports could not be deleted; it is tried again");
            false
        }
    }
}

async fn try_to(client: &Client, api: ReportApi) -> kube::Result<usize> {
    if !served::is_served(client, api).await? {
        return Ok(0);
    }
    let mut metadata: Vec<ObjectMeta> = Vec::new();
    pages(client, api, async |all, parameters| {
        let page = all.list_metadata(&parameters).await?;
        metadata.extend(page.items.into_iter().map(|report| report.metadata));
        Ok(page.metadata.continue_)
    })
    .await?;
    let deleted = metadata.len();
    let mut deletions =
        stream::iter(metadata).map(|metadata| delete_one(client, api, metadata)).buffer_unordered(AT_ONCE);
    while let Some(outcome) = deletions.next().await {
        outcome?;
    }
    Ok(deleted)
}

async fn delete_one(client: &Client, api: ReportApi, metadata: ObjectMeta) -> kube::Result<()> {
    let text = |text: Option<String>| text.unwrap_or_default().into_boxed_str();
    let (uid, name) = (text(metadata.uid), text(metadata.name));
    let key = ReportKey { namespace: text(metadata.namespace), name };
    match delete(&api_of(client, api, &key), &key.name, &uid).await {
        // It is gone, or it is another one by now.
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        outcome => outcome,
    }
}
