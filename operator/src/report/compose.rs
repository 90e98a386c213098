//! The report of an owner. (pure)

use bund_engine::ObjectId;
use serde_json::{Value, json};

use super::MANAGED_BY;
use super::api::{ReportApi, Scope};
use super::name::report_name;
use super::result::{SOURCE, Status, result};
use crate::audit::OwnerAudit;
use crate::index::{SubjectKey, WatchedKind};

/// Results that a report holds.
pub(super) const RESULTS: usize = 50;
/// How large the results of a report become, in bytes. etcd takes a megabyte and a half.
const BYTES: usize = 256 * 1024;
/// The annotation that says how many findings a report leaves out.
const OMITTED: &str = "reports.bund.dev/omitted";

/// A report as it is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Composed {
    pub(super) body: Value,
    /// Findings that have no result in it. Its summary counts them.
    pub(super) omitted: usize,
}

/// The owner as the engine names it.
pub(super) fn owner_id(owner: &SubjectKey) -> ObjectId {
    let group = owner.watched_kind().map_or("", |kind| kind.group);
    ObjectId {
        group: group.into(),
        kind: owner.kind.into(),
        namespace: (!owner.namespace.is_empty()).then(|| owner.namespace.clone()),
        name: owner.name.clone(),
    }
}

/// The report of an owner: what fails first, then in the order of reasons, as far as there is room.
pub(super) fn compose(api: ReportApi, owner: &SubjectKey, audit: &OwnerAudit) -> Composed {
    let id = owner_id(owner);
    let mut told: Vec<_> = audit.findings.iter().collect();
    told.sort_by_key(|told| Status::of(&told.finding));
    let (mut results, mut size) = (Vec::new(), 0);
    for told in told.into_iter().take(RESULTS) {
        let result = result(&id, told);
        size += result.to_string().len();
        if size > BYTES {
            break;
        }
        results.push(result);
    }
    let omitted = audit.findings.len() - results.len();
    let api_version = owner.watched_kind().map(WatchedKind::api_version).unwrap_or_default();
    let (kind, _) = api.kind(Scope::of(&owner.namespace));
    let mut body = json!({
        "apiVersion": api.api_version(),
        "kind": kind,
        "metadata": metadata(owner, audit, &api_version, omitted),
        "scope": scope(owner, audit, &api_version),
        "summary": summary(audit),
        "results": results,
    });
    if let (ReportApi::OpenReports, Some(members)) = (api, body.as_object_mut()) {
        members.insert("source".to_owned(), SOURCE.into());
    }
    Composed { body, omitted }
}

fn metadata(owner: &SubjectKey, audit: &OwnerAudit, api_version: &str, omitted: usize) -> Value {
    let (key, value) = MANAGED_BY;
    let mut metadata = json!({ "name": report_name(owner), "labels": { key: value } });
    let Some(members) = metadata.as_object_mut() else { return metadata };
    if !owner.namespace.is_empty() {
        members.insert("namespace".to_owned(), owner.namespace.as_ref().into());
    }
    if omitted > 0 {
        members.insert("annotations".to_owned(), json!({ OMITTED: omitted.to_string() }));
    }
    // Without its uid nothing can own a report; then it is deleted with the findings alone.
    if !audit.uid.is_empty() {
        let reference =
            json!({ "apiVersion": api_version, "kind": owner.kind, "name": owner.name, "uid": audit.uid });
        members.insert("ownerReferences".to_owned(), json!([reference]));
    }
    metadata
}

fn scope(owner: &SubjectKey, audit: &OwnerAudit, api_version: &str) -> Value {
    let mut scope = json!({ "apiVersion": api_version, "kind": owner.kind, "name": owner.name });
    let optional = [("namespace", &owner.namespace), ("uid", &audit.uid)];
    if let Some(members) = scope.as_object_mut() {
        let known = optional.into_iter().filter(|(_, value)| !value.is_empty());
        members.extend(known.map(|(key, value)| (key.to_owned(), value.as_ref().into())));
    }
    scope
}

/// How many findings there are, those that are left out too.
fn summary(audit: &OwnerAudit) -> Value {
    let count = |status| audit.findings.iter().filter(|told| Status::of(&told.finding) == status).count();
    let [fail, error, warn] = Status::ALL.map(count);
    json!({ "pass": 0, "fail": fail, "warn": warn, "error": error, "skip": 0 })
}

#[cfg(test)]
mod tests;
