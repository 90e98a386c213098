//! A database with a volume for each replica, which a class recognises by a label of its pods: what it wrote to says so, and
//! goes on saying so when the database is gone.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use bund_e2e::{
    cluster::{name_of, told},
    node::NAME,
};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};
use serde_json::{Value, json};

use crate::{
    Stage, judge, say,
    workload::{ABROAD, AT_HOME, NAMESPACE, asked, object, specification},
};

/// The class, and the policy that keeps it.
const CLASS: &str = "orders";
/// The database.
const DATABASE: &str = "order-database";
/// The label of the database's pods by which the class recognises them. Claims do not get it.
const LABEL: &str = "app.kubernetes.io/component";
/// The storage class of the node's own disks.
const DISKS: &str = "local-disk";
const REPLICAS: usize = 2;

pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    stage
        .step("A class recognises a database by a label of its pods, and each of two replicas gets a volume");
    stage.admin.apply_all(&rules()).await?;
    known(stage).await?;
    for replica in 0..REPLICAS {
        let path = stage.node.plane.directory().join(format!("disk-{replica}"));
        std::fs::create_dir_all(&path)?;
        stage.admin.create(&volume(replica, &path)).await?;
    }
    let database = database();
    stage.admin.create(&database).await?;
    for replica in 0..REPLICAS {
        judge::running(stage, &format!("{DATABASE}-{replica}")).await?;
    }
    say(format!("{REPLICAS} pods run on {NAME}. No manifest of the database names the class."));
    let mut marks = Vec::new();
    for replica in 0..REPLICAS {
        let told = async || marked(stage, replica).await;
        marks.extend(stage.node.plane.eventually("a claim and its volume are marked", told).await?);
    }
    for mark in &marks {
        say(format!("  marked   {mark}"));
    }

    stage.step("The database is deleted, and a pod that says nothing about classes mounts its claim");
    stage.admin.delete(&database).await?;
    stage.node.plane.eventually("its pods are gone", async || gone(stage).await).await?;
    let refusal = asked(&stage.admin, &reader(ABROAD)).await?.context("a pod abroad may read it")?;
    say(format!("  refused  {refusal}"));
    let refusal = asked(&stage.admin, &reader(AT_HOME)).await?;
    ensure!(refusal.is_none(), "a pod on the mainland may not read it: {refusal:?}");
    say(format!("  admitted the same pod in {AT_HOME}"));
    Ok(())
}

/// The class, its policy, and the storage class.
fn rules() -> [Value; 3] {
    let own = |kind: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": CLASS }, "spec": spec });
    let selector = json!({ "objectSelector": { "matchLabels": { LABEL: DATABASE } } });
    [
        own("DataClass", json!({ "category": "Other", "selectors": [selector] })),
        own(
            "ResidencyPolicy",
            json!({
                "dataClasses": [CLASS],
                "jurisdictions": ["cn-mainland"],
                "enforcement": { "placement": "Deny", "storage": "Deny" },
                "placementStrategy": "Inject"
            }),
        ),
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": DISKS },
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"
        }),
    ]
}

/// Waits until the webhook knows the class and its policy.
async fn known(stage: &Stage) -> Result<()> {
    let mut abroad = object("v1", "Pod", "known", &specification(Some(ABROAD)));
    if let Some(metadata) = abroad.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.insert("labels".to_owned(), json!({ LABEL: DATABASE }));
    }
    let refused = async || {
        asked(&stage.admin, &abroad).await?.context("its pods may still go abroad")?;
        Ok(())
    };
    stage.node.plane.eventually("the class is kept", refused).await
}

/// A directory of the node.
fn volume(replica: usize, path: &std::path::Path) -> Value {
    let on_node = json!({ "key": "kubernetes.io/hostname", "operator": "In", "values": [NAME] });
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": format!("disk-{replica}") },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "1Gi" }, "storageClassName": DISKS,
            "persistentVolumeReclaimPolicy": "Retain", "local": { "path": path },
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [on_node] }] } }
        }
    })
}

fn database() -> Value {
    let mut pod = specification(None);
    if let Some(container) = pod.pointer_mut("/containers/0").and_then(Value::as_object_mut) {
        container.insert("volumeMounts".to_owned(), json!([{ "name": "data", "mountPath": "/data" }]));
    }
    let own = json!({ "app": DATABASE });
    let labels = json!({ "app": DATABASE, LABEL: DATABASE });
    let claim = json!({
        "metadata": { "name": "data" },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": DISKS,
            "resources": { "requests": { "storage": "1Gi" } }
        }
    });
    let specification = json!({
        "replicas": REPLICAS, "podManagementPolicy": "Parallel", "serviceName": DATABASE,
        "selector": { "matchLabels": own },
        "template": { "metadata": { "labels": labels }, "spec": pod },
        "volumeClaimTemplates": [claim]
    });
    object("apps/v1", "StatefulSet", DATABASE, &specification)
}

/// The claim of a replica.
fn claim(replica: usize) -> String {
    format!("data-{DATABASE}-{replica}")
}

/// What the claim of a replica and its volume say of the class, once they carry it and no other.
async fn marked(stage: &Stage, replica: usize) -> Result<[String; 2]> {
    let claim = object("v1", "PersistentVolumeClaim", &claim(replica), &json!({}));
    let bound = stage.admin.api_of(&claim).await?.get(name_of(&claim)?).await?;
    let volume = bound.data.pointer("/spec/volumeName").and_then(Value::as_str);
    let volume = volume.context("the claim of a pod that runs has no volume")?;
    let volume = json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": volume } });
    let writer = format!("written by Pod {NAMESPACE}/{DATABASE}-{replica}");
    Ok([mark(stage, &claim, &writer).await?, mark(stage, &volume, &writer).await?])
}

async fn mark(stage: &Stage, object: &Value, writer: &str) -> Result<String> {
    let api = stage.admin.api_of(object).await?;
    let found = api.get(name_of(object)?).await?;
    let labels = of_classes(found.metadata.labels.as_ref());
    let annotations = of_classes(found.metadata.annotations.as_ref());
    ensure!(labels == [(CLASS, "")].into(), "{} carries {labels:?}", told(object));
    let how = annotations.get(CLASS).filter(|how| annotations.len() == 1 && how.contains(writer));
    let how = how.with_context(|| format!("{} says {annotations:?}", told(object)))?;
    Ok(format!("{} with {CLASS}: {how}", told(object)))
}

/// What labels or annotations say of classes, by class.
fn of_classes(map: Option<&BTreeMap<String, String>>) -> BTreeMap<&str, &str> {
    let entries = map.into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.strip_prefix("data-class.bund.dev/")?, value.as_str())))
        .collect()
}

async fn gone(stage: &Stage) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(stage.admin.client(), NAMESPACE);
    let left = pods.list(&ListParams::default().labels(&format!("app={DATABASE}"))).await?.items.len();
    ensure!(left == 0, "{left} pods are left");
    Ok(())
}

/// A pod without labels that reads what the first replica wrote.
fn reader(region: &str) -> Value {
    let mut pod = specification(Some(region));
    let volume = json!({ "name": "data", "persistentVolumeClaim": { "claimName": claim(0) } });
    if let Some(members) = pod.as_object_mut() {
        members.insert("volumes".to_owned(), json!([volume]));
    }
    if let Some(container) = pod.pointer_mut("/containers/0").and_then(Value::as_object_mut) {
        let mount = json!({ "name": "data", "mountPath": "/data", "readOnly": true });
        container.insert("volumeMounts".to_owned(), json!([mount]));
    }
    object("v1", "Pod", "reader", &pod)
}
