//! What stored reports know: since when findings are known, so that a new leader does not begin anew. (client)

use std::collections::BTreeMap;
use std::time::Duration;

use bund_engine::Timestamp;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::timeout;
use tracing::{info, warn};

use super::api::{ReportApi, Scope};
use super::compose::RESULTS;
use super::name::report_name;
use super::{ours, result, served};
use crate::audit::{FindingId, Since};
use crate::index::{Index, SubjectKey, View, WatchedKind};

/// How long this may take. Whoever waits for it then knows of nothing, as at the first start.
const PATIENCE: Duration = Duration::from_secs(10);
/// Reports in one page: what is held in memory at once.
const PAGE: u32 = 250;

/// What stored reports know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// Since when findings are known.
    pub since: Since,
    /// The owners of whom reports tell more than warnings, each with its uid.
    pub owners: BTreeMap<SubjectKey, Box<str>>,
}

/// Reads the stored reports, once the index knows everything that they may tell of. `None` where they could not be read,
/// or none can be stored.
pub async fn recall(client: &Client, index: &Index) -> Option<Recalled> {
    index.revisions().wait_for(|revision| revision.whole).await.ok()?;
    match timeout(PATIENCE, read(client, index)).await {
        Ok(Ok(recalled)) => {
            if let Some(Recalled { since, owners }) = &recalled {
                info!(findings = since.len(), owners = owners.len(), "stored reports were read");
            }
            recalled
        }
        Ok(Err(error)) => {
            warn!(
                error = crate::chain(&error),
                "stored reports could not be read; what is found counts as new"
            );
            None
        }
        Err(_) => {
            warn!("stored reports could not be read in time; what is found counts as new");
            None
        }
    }
}

async fn read(client: &Client, index: &Index) -> kube::Result<Option<Recalled>> {
    let (view, now) = (index.view(), Timestamp::now());
    let mut recalled = None;
    for api in ReportApi::ALL {
        if !served::is_served(client, api).await? {
            continue;
        }
        let recalled = recalled.get_or_insert_with(Recalled::default);
        pages(client, api, async |all, parameters| {
            let page = all.list(&parameters).await?;
            page.items.iter().for_each(|report| recalled.add(report, &view, now));
            Ok(page.metadata.continue_)
        })
        .await?;
    }
    Ok(recalled)
}

/// Asks for our reports of both scopes in `api`, page by page. `read` says where the next page begins.
pub(super) async fn pages(
    client: &Client,
    api: ReportApi,
    mut read: impl AsyncFnMut(Api<DynamicObject>, ListParams) -> kube::Result<Option<String>>,
) -> kube::Result<()> {
    for scope in Scope::ALL {
        let all: Api<DynamicObject> = Api::all_with(client.clone(), &api.resource(scope));
        let mut parameters = ListParams::default().labels(&ours()).limit(PAGE);
        loop {
            let next = read(all.clone(), parameters.clone()).await?.filter(|next| !next.is_empty());
            let Some(next) = next else { break };
            parameters = parameters.continue_token(&next);
        }
    }
    Ok(())
}

impl Recalled {
    /// Whether a stored report tells of this finding.
    pub(super) fn knows(&self, owner: &SubjectKey, finding: FindingId) -> bool {
        self.since.contains_key(&(owner.clone(), finding))
    }

    /// Takes in what a report tells, if it is the one of something that exists. No more is taken in than we write, and
    /// times to come are not believed.
    fn add(&mut self, report: &DynamicObject, view: &View, now: Timestamp) {
        let Some((owner, uid)) = owner(&report.data) else { return };
        let metadata = &report.metadata;
        let is_its_own = metadata.name.as_deref() == Some(&*report_name(&owner))
            && metadata.namespace.as_deref().unwrap_or_default() == &*owner.namespace;
        if !is_its_own || view.uid(&owner) != Some(uid) {
            return;
        }
        let results = report.data.get("results").and_then(Value::as_array);
        let results = results.into_iter().flatten().take(RESULTS);
        let grave =
            results.clone().any(|result| result.get("result").is_some_and(|result| *result != "warn"));
        for (finding, since) in results.filter_map(result::recalled).filter(|(_, since)| *since <= now) {
            self.since.entry((owner.clone(), finding)).or_insert(since);
        }
        if grave {
            self.owners.entry(owner).or_insert_with(|| uid.into());
        }
    }
}

/// The owner of a report, with its uid.
fn owner(report: &Value) -> Option<(SubjectKey, &str)> {
    let scope = report.get("scope")?;
    let text = |member: &str| scope.get(member).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let kind = WatchedKind::of(group, text("kind"))?.kind;
    Some((SubjectKey { namespace: text("namespace").into(), kind, name: text("name").into() }, text("uid")))
}

#[cfg(test)]
mod tests;
