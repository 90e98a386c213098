//! The objects of `examples/transfers`, with dates as they would be if they had been written today.

use anyhow::{Context, Result};
use bund_crds::{Date, Moment, TransferDecision};
use bund_e2e::{
    cluster::{name_of, namespace_of},
    repository,
    shop::manifests,
};
use k8s_openapi::jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};
use kube::api::DynamicObject;
use serde_json::{Value, json};

/// The day on which the example was written: up to then its exporter has counted.
const WRITTEN: civil::Date = civil::date(2026, 11, 20);

/// The exporter.
pub(super) fn exporter() -> Result<Value> {
    read("exporter.yaml")
}

/// The policy of the shop, which asks for two approvals.
pub(super) fn policy() -> Result<Value> {
    read("policy.yaml")
}

/// The transfer.
pub(super) fn transfer() -> Result<Value> {
    read("transfer.yaml")
}

/// What the transfer lets out.
pub(super) fn workload() -> Result<Value> {
    read("workload.yaml")
}

fn read(file: &str) -> Result<Value> {
    let path = repository::root().join("examples/transfers").join(file);
    let mut object = manifests(&path)?.into_iter().next().with_context(|| format!("{file} is empty"))?;
    let today = Timestamp::now().to_zoned(TimeZone::fixed(k8s_openapi::jiff::tz::offset(8))).date();
    move_dates(&mut object, WRITTEN.until(today)?.get_days());
    Ok(object)
}

/// Moves every day and moment.
fn move_dates(value: &mut Value, days: i32) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| move_dates(member, days)),
        Value::Array(items) => items.iter_mut().for_each(|item| move_dates(item, days)),
        Value::String(text) => {
            if let Ok(Date(date)) = text.parse() {
                *text = date.saturating_add(days.days()).to_string();
            } else if let Ok(Moment(moment)) = text.parse() {
                let seconds = i64::from(days) * 24 * 60 * 60;
                *text = moment.saturating_add(seconds.seconds()).unwrap_or(moment).to_string();
            }
        }
        _ => {}
    }
}

/// The same object under another name and, it may be, in another namespace.
pub(super) fn renamed(mut object: Value, namespace: &str, name: &str) -> Value {
    object["metadata"]["namespace"] = json!(namespace);
    object["metadata"]["name"] = json!(name);
    object
}

/// A transfer for one Deployment of its namespace, of few persons.
pub(crate) fn transfer_of(namespace: &str, workload: &str, classes: &[&str]) -> Result<Value> {
    let mut transfer = renamed(transfer()?, namespace, &format!("{workload}-to-frankfurt"));
    transfer["spec"]["sources"] = json!([{ "kind": "Deployment", "name": workload }]);
    transfer["spec"]["dataClasses"] = json!(classes);
    transfer["spec"]["persons"] = json!({ "ordinary": 100, "sensitive": 0, "under14": 0 });
    Ok(transfer)
}

/// A Deployment in Frankfurt that holds these classes.
pub(crate) fn workload_of(namespace: &str, name: &str, classes: &[&str]) -> Result<Value> {
    let mut workload = renamed(workload()?, namespace, name);
    let mut labels = json!({ "app": name });
    for class in classes {
        labels[format!("data-class.bund.dev/{class}")] = json!("");
    }
    workload["spec"]["selector"]["matchLabels"] = json!({ "app": name });
    workload["spec"]["template"]["metadata"]["labels"] = labels;
    Ok(workload)
}

/// A decision on exactly this transfer, as `kubectl bund approve` writes it.
pub(crate) fn decision(transfer: &DynamicObject, decision: TransferDecision) -> Result<Value> {
    let object = serde_json::to_value(transfer)?;
    let namespace = namespace_of(&object);
    let digest = bund_engine::transfer::digest(namespace, &object).context("no digest")?;
    let name = name_of(&object)?;
    let mut spec = json!({
        "transfer": { "name": name, "uid": transfer.metadata.uid, "digest": digest },
        "dataClasses": object["spec"]["dataClasses"], "decision": decision
    });
    if decision != TransferDecision::Approved {
        spec["reason"] = json!("the contract was ended");
    }
    Ok(json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval",
        "metadata": { "generateName": format!("{name}-"), "namespace": namespace },
        "spec": spec
    }))
}
