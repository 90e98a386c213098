//! In which API reports can be written, if in any. (client)

use kube::Client;

use super::api::{ReportApi, Scope};

/// The best API of reports that the API server serves.
pub(super) async fn best(client: &Client) -> kube::Result<Option<ReportApi>> {
    for api in ReportApi::ALL {
        if is_served(client, api).await? {
            return Ok(Some(api));
        }
    }
    Ok(None)
}

/// Whether reports of both scopes are served in this API. Half of it is as good as none.
pub(super) async fn is_served(client: &Client, api: ReportApi) -> kube::Result<bool> {
    match client.list_api_group_resources(api.api_version()).await {
        Ok(served) => Ok(Scope::ALL.into_iter().all(|scope| {
            let (_, plural) = api.kind(scope);
            served.resources.iter().any(|resource| resource.name == plural)
        })),
        // Of a group that is not there it says so in plain text, without a reason.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}
