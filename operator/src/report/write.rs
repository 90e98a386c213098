//! Writing one report. (client)
//!
//! By create and replace, not by apply: a replacement says the whole report, so that what others add to one goes too, and
//! it fails where somebody was faster.

use std::time::Duration;

use kube::api::{DeleteParams, DynamicObject, PostParams, Preconditions};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::api::{ReportApi, Scope};
use super::compose::compose;
use super::plan::{Action, Telling, Write};
use super::stored::{ReportKey, StoredReport};

/// Who writes reports.
const FIELD_MANAGER: &str = "bund-reports";
/// How long one write may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A report was made.
    Created,
    /// A report was replaced.
    Replaced,
    /// A report was deleted.
    Deleted,
    /// Somebody was faster; it is looked at again.
    Conflict,
    /// It could not be written, and is tried again.
    Failed,
}

/// What came of a write: how it ended, what is stored now as far as that is known, and why it failed.
pub(super) struct Outcome {
    pub(super) written: Written,
    pub(super) stored: Learnt,
    pub(super) error: Option<String>,
}

/// What a write taught of the report.
pub(super) enum Learnt {
    /// It is stored like this.
    Stored(StoredReport),
    /// It is not there.
    Gone,
    /// Nothing. The watch will tell.
    Nothing,
}

impl Learnt {
    fn of(report: Option<&DynamicObject>) -> Self {
        report.map_or(Self::Gone, |report| Self::Stored(StoredReport::read(report).1))
    }
}

/// Does one write.
pub(super) async fn write(client: &Client, reports: ReportApi, write: &Write) -> Outcome {
    let api = api_of(client, reports, &write.key);
    match timeout(PATIENCE, try_to(&api, reports, write)).await {
        Ok(Ok((written, stored))) => Outcome { written, stored, error: None },
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => {
            // What is there now tells what to do.
            let now = timeout(PATIENCE, api.get_opt(&write.key.name)).await;
            let stored = match now {
                Ok(Ok(report)) => Learnt::of(report.as_ref()),
                Ok(Err(_)) | Err(_) => Learnt::Nothing,
            };
            Outcome { written: Written::Conflict, stored, error: None }
        }
        Ok(Err(error)) => failed(crate::chain(&error)),
        Err(_) => failed("no answer in time".to_owned()),
    }
}

fn failed(error: String) -> Outcome {
    Outcome { written: Written::Failed, stored: Learnt::Nothing, error: Some(error) }
}

/// The reports among which this one is.
pub(super) fn api_of(client: &Client, reports: ReportApi, key: &ReportKey) -> Api<DynamicObject> {
    let scope = Scope::of(&key.namespace);
    let resource = reports.resource(scope);
    match scope {
        Scope::Namespace => Api::namespaced_with(client.clone(), &key.namespace, &resource),
        Scope::Cluster => Api::all_with(client.clone(), &resource),
    }
}

async fn try_to(
    api: &Api<DynamicObject>,
    reports: ReportApi,
    write: &Write,
) -> kube::Result<(Written, Learnt)> {
    let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match &write.action {
        Action::Create(telling) => {
            let report = object(reports, telling, None)?;
            Ok((Written::Created, Learnt::of(Some(&api.create(&parameters, &report).await?))))
        }
        Action::Replace { telling, uid, resource_version } => {
            let report = object(reports, telling, Some((uid, resource_version)))?;
            Ok((
                Written::Replaced,
                Learnt::of(Some(&api.replace(&write.key.name, &parameters, &report).await?)),
            ))
        }
        Action::Delete { uid } => match delete(api, &write.key.name, uid).await {
            Ok(()) => Ok((Written::Deleted, Learnt::Gone)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok((Written::Deleted, Learnt::Gone)),
            Err(error) => Err(error),
        },
    }
}

/// Deletes the very report of this uid.
pub(super) async fn delete(api: &Api<DynamicObject>, name: &str, uid: &str) -> kube::Result<()> {
    let uid = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(uid), ..DeleteParams::background() };
    api.delete(name, &parameters).await.map(drop)
}

/// The report, instead of the one of this uid and resource version.
fn object(
    reports: ReportApi,
    telling: &Telling,
    instead_of: Option<(&str, &str)>,
) -> kube::Result<DynamicObject> {
    let mut body = compose(reports, &telling.owner, &telling.audit).body;
    let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some((uid, resource_version)), Some(metadata)) = (instead_of, metadata) {
        metadata.insert("uid".to_owned(), json!(uid));
        metadata.insert("resourceVersion".to_owned(), json!(resource_version));
    }
    serde_json::from_value(body).map_err(kube::Error::SerdeError)
}
