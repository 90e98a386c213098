//! What classified pods may write is stamped with their classes, and what loses a class is told of.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, condition_of, name_of, told},
    control_plane::ControlPlane,
    snapshots,
};
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api,
    api::{DynamicObject, ListParams, Patch, PatchParams},
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    admission::{CLASS, pod},
    bed::{AUDITED, Bed, INJECTED, Living},
    trial,
};

mod under_deny;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "stamps",
            "what a classified pod may write is stamped and stays so when the pod is gone",
            outlives_its_pod,
        ),
        trial(
            bed,
            "stamps",
            "a claim that is gone is not made anew and another of its name is left alone",
            never_made_anew,
        ),
        trial(
            bed,
            "stamps",
            "snapshots are stamped once their kinds come, and come again",
            snapshots_come_late,
        ),
        trial(bed, "stamps", "a binding waits for the stamps of its volumes", under_deny::binding_waits),
        trial(bed, "stamps", "a stamp is let through where the volume lies abroad", under_deny::abroad_too),
        trial(
            bed,
            "stamps",
            "an object that loses its class is told of in an event and a condition",
            declassified,
        ),
    ]
}

/// A claim and the volume that is kept for it.
fn claim_and_volume(namespace: &str, name: &str) -> [Value; 2] {
    let capacity = json!({ "storage": "1Gi" });
    let affinity = json!({ "required": { "nodeSelectorTerms": [{ "matchExpressions": [
        { "key": "topology.kubernetes.io/region", "operator": "In", "values": ["cn-hangzhou"] }
    ] }] } });
    [
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": { "name": name, "namespace": namespace },
            "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": { "requests": capacity },
                "storageClassName": "", "volumeName": name
            }
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name },
            "spec": {
                "accessModes": ["ReadWriteOnce"], "capacity": capacity, "storageClassName": "",
                "persistentVolumeReclaimPolicy": "Retain", "nodeAffinity": affinity,
                "claimRef": { "namespace": namespace, "name": name },
                "csi": { "driver": "disk.e2e.bund.dev", "volumeHandle": format!("handle-of-{name}") }
            }
        }),
    ]
}

/// A classified pod that mounts a claim.
fn writer(namespace: &str, claim: &str) -> Value {
    let mut object = pod(
        namespace,
        &format!("writes-{claim}"),
        json!({ "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": claim } }] }),
    );
    object["spec"]["containers"][0]["volumeMounts"] = json!([{ "name": "data", "mountPath": "/data" }]);
    object
}

/// How an object came to hold the class, once it is stamped with it.
async fn stamped(living: &Living, object: &Value) -> Result<String> {
    stamped_on(&living.plane, &living.admin, object).await
}

async fn stamped_on(plane: &ControlPlane, admin: &Cluster, object: &Value) -> Result<String> {
    let (api, name) = (admin.api_of(object).await?, name_of(object)?);
    plane.eventually(&format!("{} is stamped", told(object)), async || stamp_of(&api.get(name).await?)).await
}

/// A copy is marked as it is made, before the controller could.
async fn marked_at_once(living: &Living, object: &Value) -> Result<()> {
    let stored = living.admin.api_of(object).await?.get(name_of(object)?).await?;
    let of = |entries: &Option<std::collections::BTreeMap<String, String>>| {
        entries.as_ref().and_then(|entries| entries.get(CLASS)).is_some()
    };
    let marked = of(&stored.metadata.labels) && of(&stored.metadata.annotations);
    ensure!(marked, "{} is not marked: {:?}", told(object), stored.metadata);
    Ok(())
}

fn stamp_of(object: &DynamicObject) -> Result<String> {
    let (labels, annotations) = (&object.metadata.labels, &object.metadata.annotations);
    ensure!(labels.as_ref().and_then(|labels| labels.get(CLASS)).is_some(), "its labels are {labels:?}");
    let how = annotations.as_ref().and_then(|annotations| annotations.get(CLASS)).cloned();
    let managers = object.metadata.managed_fields.iter().flatten().filter_map(|entry| entry.manager.clone());
    ensure!(managers.into_iter().any(|manager| manager == "bund-classes"), "the label is somebody else's");
    how.context("no annotation says how")
}

/// Deletes objects in order and waits until each is gone.
async fn delete_all(living: &Living, objects: &[Value]) -> Result<()> {
    for object in objects {
        living.admin.delete(object).await?;
        let api = living.admin.api_of(object).await?;
        let name = name_of(object)?;
        let gone = async || {
            ensure!(api.get_opt(name).await?.is_none(), "it is still there");
            Ok(())
        };
        living.plane.eventually(&format!("{} is gone", told(object)), gone).await?;
    }
    Ok(())
}

async fn outlives_its_pod(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let [claim, volume] = claim_and_volume(INJECTED, "stamps-outlive");
    let pod = writer(INJECTED, "stamps-outlive");
    for object in [&volume, &claim, &pod] {
        living.admin.create(object).await?;
    }
    let how = [stamped(living, &claim).await?, stamped(living, &volume).await?];
    delete_all(living, std::slice::from_ref(&pod)).await?;
    let after = [stamped(living, &claim).await?, stamped(living, &volume).await?];
    delete_all(living, std::slice::from_ref(&claim)).await?;
    let released = stamped(living, &volume).await?;
    delete_all(living, std::slice::from_ref(&volume)).await?;
    let by_pod = format!("written by Pod {INJECTED}/writes-stamps-outlive");
    ensure!(how.iter().all(|how| how.contains(&by_pod)), "they said {how:?}");
    ensure!(after == how && released == how[1], "they said {how:?}, then {after:?}, then {released}");
    Ok(())
}

/// What the leader does about classes, for whoever runs it with rights of its own: it stamps a claim and its volume, and
/// tells of a class that was lost where nothing is refused.
pub(crate) async fn at_work(plane: &ControlPlane, admin: &Cluster, namespace: &str) -> Result<()> {
    let [claim, volume] = claim_and_volume(namespace, "at-work");
    let pod = writer(namespace, "at-work");
    for object in [&volume, &claim, &pod] {
        admin.create(object).await?;
    }
    stamped_on(plane, admin, &claim).await?;
    stamped_on(plane, admin, &volume).await?;
    for object in [&pod, &claim, &volume] {
        admin.delete(object).await?;
    }
    let exempt = "kube-system";
    let mut map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "at-work", "namespace": exempt } });
    let bare = map.clone();
    map["metadata"]["labels"] = json!({ CLASS: "" });
    admin.apply(&map).await?;
    admin.apply(&bare).await?;
    plane.eventually("an event tells of it", async || note_about(admin, exempt, "at-work").await).await?;
    admin.delete(&map).await
}

/// What an event tells of an object that lost a class.
async fn note_about(admin: &Cluster, namespace: &str, name: &str) -> Result<String> {
    let events: Api<Event> = Api::namespaced(admin.client(), namespace);
    let about = |event: &Event| {
        let regarding = event.regarding.as_ref().and_then(|object| object.name.as_deref());
        regarding == Some(name) && event.reason.as_deref() == Some("Declassified")
    };
    let event = events.list(&ListParams::default()).await?.into_iter().find(about);
    Ok(event.context("no event")?.note.unwrap_or_default())
}

async fn never_made_anew(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    // What the operator sends, at the worst moment: the claim was deleted, or deleted and made again by somebody.
    let [claim, volume] = claim_and_volume(INJECTED, "stamps-anew");
    let claims = living.admin.api_of(&claim).await?;
    let stamp = |uid: &str| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "stamps-anew", "namespace": INJECTED, "uid": uid,
                "labels": { CLASS: "" }, "annotations": { CLASS: "late" }
            }
        })
    };
    let apply = async |body: &Value| {
        let parameters = PatchParams::apply("bund-classes").force();
        let answer = claims.patch("stamps-anew", &parameters, &Patch::Apply(body)).await;
        match answer {
            Err(kube::Error::Api(status)) => Ok((status.code, status.message)),
            Err(error) => Err(error.into()),
            Ok(_) => anyhow::bail!("it was applied"),
        }
    };
    let uid = "00000000-0000-4000-8000-000000000000";
    let (code, message) = apply(&stamp(uid)).await?;
    ensure!(code == 409 && message.contains("uid"), "{code}: {message}");
    ensure!(claims.get_opt("stamps-anew").await?.is_none(), "a claim was made");
    living.admin.create(&claim).await?;
    let (code, message) = apply(&stamp(uid)).await?;
    ensure!(matches!(code, 409 | 422) && message.contains("uid"), "{code}: {message}");
    let labels = claims.get("stamps-anew").await?.metadata.labels;
    ensure!(labels.is_none(), "another claim was stamped: {labels:?}");
    delete_all(living, &[claim, volume]).await?;

    // And the operator itself, while claims vanish under it.
    let names: Vec<_> = (0..10).map(|n| format!("stamps-vanish-{n}")).collect();
    for name in &names {
        let [claim, _] = claim_and_volume(INJECTED, name);
        let pod = writer(INJECTED, name);
        living.admin.create(&claim).await?;
        living.admin.create(&pod).await?;
        living.admin.delete(&pod).await?;
        living.admin.delete(&claim).await?;
    }
    // When a later one is stamped, the stamps of the earlier ones were sent.
    let [claim, volume] = claim_and_volume(INJECTED, "stamps-later");
    let pod = writer(INJECTED, "stamps-later");
    living.admin.create(&claim).await?;
    living.admin.create(&pod).await?;
    stamped(living, &claim).await?;
    let gone = async || {
        let left: Vec<_> = claims.list(&ListParams::default()).await?.into_iter().collect();
        let left: Vec<_> = left.iter().filter_map(|claim| claim.metadata.name.as_ref()).collect();
        ensure!(!left.iter().any(|name| names.contains(name)), "there are {left:?}");
        Ok(())
    };
    living.plane.eventually("the claims are gone", gone).await?;
    delete_all(living, &[pod, claim, volume]).await
}

/// A snapshot of a claim, and its content.
fn snapshot_and_content(namespace: &str, claim: &str) -> [Value; 2] {
    let version = "snapshot.storage.k8s.io/v1";
    let name = format!("of-{claim}");
    [
        json!({
            "apiVersion": version, "kind": "VolumeSnapshot", "metadata": { "name": name, "namespace": namespace },
            "spec": { "source": { "persistentVolumeClaimName": claim } }
        }),
        json!({
            "apiVersion": version, "kind": "VolumeSnapshotContent", "metadata": { "name": name },
            "spec": {
                "deletionPolicy": "Delete", "driver": "disk.e2e.bund.dev",
                "source": { "volumeHandle": format!("handle-of-{claim}") },
                "volumeSnapshotRef": { "namespace": namespace, "name": name }
            }
        }),
    ]
}

async fn snapshots_come_late(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let definitions = snapshots::definitions().await?;
    let [claim, volume] = claim_and_volume(INJECTED, "stamps-copied");
    let pod = writer(INJECTED, "stamps-copied");
    for object in [&volume, &claim, &pod] {
        living.admin.create(object).await?;
    }
    stamped(living, &claim).await?;
    let [snapshot, content] = snapshot_and_content(INJECTED, "stamps-copied");
    // Twice: what went may come again.
    for _ in 0..2 {
        living.operator.check_ready().await?;
        living.admin.apply_all(&definitions).await?;
        for object in [&content, &snapshot] {
            let served = async || living.admin.create(object).await.map(drop);
            living.plane.eventually(&format!("{} is served", told(object)), served).await?;
        }
        marked_at_once(living, &snapshot).await?;
        stamped(living, &content).await?;
        delete_all(living, &definitions).await?;
        let forgotten = async || {
            let log = living.operator.log_tail();
            let told = |line: &&str| line.contains("no longer serves") && line.contains("volumesnapshots\"");
            ensure!(log.lines().rfind(told).is_some(), "the log does not say so");
            Ok(())
        };
        living.plane.eventually("the operator knows no snapshots any more", forgotten).await?;
    }
    delete_all(living, &[pod, claim, volume]).await
}

async fn declassified(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let [mut claim, _] = claim_and_volume(AUDITED, "stamps-lost");
    let bare = claim.clone();
    claim["metadata"]["labels"] = json!({ CLASS: "" });
    living.admin.apply(&claim).await?;
    living.admin.apply(&bare).await?;
    let note = async || note_about(&living.admin, AUDITED, "stamps-lost").await;
    let note = living.plane.eventually("an event tells of it", note).await?;
    let wanted = "PersistentVolumeClaim audited/stamps-lost no longer has the label of personal-information; last \
                  written by field manager bund-e2e at ";
    ensure!(note.starts_with(wanted), "it says: {note}");
    let class = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass" });
    let classes = living.admin.api_of(&class).await?;
    let condition = async || {
        let class = classes.get("personal-information").await?;
        let status = &class.data["status"];
        let found = condition_of(status, "Declassified")?;
        let message = found["message"].as_str().unwrap_or_default();
        let told = found["status"] == "True" && found["reason"] == "ClassRemoved";
        ensure!(told && message.contains("stamps-lost"), "{found}");
        condition_of(status, "Ready").map(drop)?;
        Ok(())
    };
    living.plane.eventually("the class tells of it", condition).await?;
    let metrics = living.operator.metrics().await?;
    let counted = |line: &str| line.starts_with("bund_declassified_total{class=\"personal-information\"}");
    ensure!(metrics.lines().any(counted), "it is not counted: {metrics}");
    delete_all(living, &[claim]).await
}
