//! The ways to what was written: each is closed abroad and open on the mainland.

use anyhow::{Context, Result, ensure};
use bund_e2e::control_plane::AuditEvent;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{
    Holding, bound, delete,
    objects::{
        ABROAD, ABROAD_REGION, HOME, HOME_REGION, OFFICE, claim_of, copy, fresh_claim, reader, snapshot,
        volume,
    },
    reason, refusal, refusal_of_binding, until,
    writing::data,
};
use crate::chart::{Ground, SHOP};

/// Who binds volumes.
const BINDER: &str = "system:serviceaccount:kube-system:persistent-volume-binder";

/// Goes every way.
pub(super) async fn all(ground: &Ground, holding: &Holding) -> Result<()> {
    let data = data(holding);
    let named = |what: &str| format!("{}-{what}", holding.name);
    stays(ground, "the claim itself", &data).await?;

    let (clone, copied, restored) = (named("clone"), named("snapshot"), named("restored"));
    ground.admin.create(&copy(&clone, &json!({ "kind": "PersistentVolumeClaim", "name": data }))).await?;
    stays(ground, "its clone", &clone).await?;
    ground.admin.create(&snapshot(&copied, &data)).await?;
    let source = json!({ "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": copied });
    ground.admin.create(&copy(&restored, &source)).await?;
    stays(ground, "a claim restored from its snapshot", &restored).await?;

    let second = named("second");
    ground.admin.create(&volume(&second, &data, HOME_REGION)).await?;
    ground.admin.create(&claim_of(SHOP, &second, &second)).await?;
    stays(ground, "a second volume with its handle", &second).await?;

    release(ground, &fresh_claim(&data), &data).await?;
    out_of_guard(ground, &data).await?;
    let again = named("again");
    let claim = claim_of(SHOP, &again, &data);
    ground.admin.create(&claim).await?;
    bound(ground, &claim).await?;
    stays(ground, "its volume under a new claim", &again).await?;
    stays(ground, "its clone, without the claim", &clone).await?;
    stays(ground, "a claim restored from its snapshot, without the claim", &restored).await
}

/// A pod without labels that mounts the claim is refused abroad, whether it names its node or is bound there, and
/// nothing else about it is.
async fn stays(ground: &Ground, what: &str, claim: &str) -> Result<()> {
    let mut pod = reader(&format!("reads-{claim}"), claim);
    for (node, expected) in [(ABROAD, Some("NodeOutside")), (HOME, None)] {
        pod["spec"]["nodeName"] = json!(node);
        let refusal = refusal(&ground.admin, &pod).await.with_context(|| what.to_owned())?;
        ensure!(refusal.as_deref() == expected, "{what}, read on {node}: {refusal:?}, not {expected:?}");
    }
    let pod = reader(&format!("reads-{claim}"), claim);
    ground.admin.create(&pod).await?;
    for (node, expected) in [(ABROAD, Some("BindingOutside")), (HOME, None)] {
        let refusal = refusal_of_binding(&ground.admin, &pod, node).await.with_context(|| what.to_owned())?;
        ensure!(refusal.as_deref() == expected, "{what}, bound to {node}: {refusal:?}, not {expected:?}");
    }
    delete(ground, &pod).await
}

/// Deletes a claim, and frees the volume that is kept for it.
async fn release(ground: &Ground, claim: &Value, volume: &str) -> Result<()> {
    delete(ground, claim).await?;
    let object = json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": volume } });
    let released = |volume: &kube::api::DynamicObject| {
        ensure!(volume.data["status"]["phase"] == "Released", "{}", volume.data["status"]);
        Ok(())
    };
    until(ground, "it is released", &object, released).await?;
    let free = json!({ "spec": { "claimRef": null } });
    let volumes = ground.admin.api_of(&object).await?;
    volumes.patch(volume, &PatchParams::default(), &Patch::Merge(&free)).await?;
    Ok(())
}

/// A claim of a namespace that is not guarded does not get the volume.
async fn out_of_guard(ground: &Ground, volume: &str) -> Result<()> {
    let position = ground.plane.audit_log().end()?;
    let claim = claim_of(OFFICE, volume, volume);
    ground.admin.create(&claim).await?;
    let refused = |event: &AuditEvent| {
        event.user.username == BINDER
            && event.is("update", "persistentvolumes", "", volume)
            && event.response_status.code == 403
    };
    ground.plane.audit_event("the binder may not bind the volume", position, refused).await?;
    let found = ground.admin.api_of(&claim).await?.get(volume).await?;
    ensure!(found.data["status"]["phase"] == "Pending", "the claim is {}", found.data["status"]);
    let object = json!({ "apiVersion": "v1", "kind": "PersistentVolume" });
    let volumes = ground.admin.api_of(&object).await?;
    let kept_for = volumes.get(volume).await?.data["spec"]["claimRef"].clone();
    ensure!(kept_for.is_null(), "the volume is kept for {kept_for}");
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    for (namespace, expected) in [(OFFICE, Some("ClaimOutsideGuarded")), (SHOP, None)] {
        let kept_for = json!({ "spec": { "claimRef": { "namespace": namespace, "name": volume } } });
        let refusal = reason(volumes.patch(volume, &dry, &Patch::Merge(&kept_for)).await)?;
        ensure!(refusal.as_deref() == expected, "kept for {namespace}: {refusal:?}, not {expected:?}");
    }
    delete(ground, &claim).await
}

/// The allowed sibling: a volume that never held a class goes where it is asked for, abroad or not guarded.
pub(super) async fn plain_volume_is_free(ground: &Ground) -> Result<()> {
    let data = "plain-data";
    let mut pod = reader("reads-plain", data);
    pod["spec"]["nodeName"] = json!(ABROAD);
    let refusal = refusal(&ground.admin, &pod).await?;
    ensure!(refusal.is_none(), "a pod that reads what holds nothing: {refusal:?}");
    let second = volume("plain-second", data, ABROAD_REGION);
    ground.admin.create(&second).await?;
    release(ground, &fresh_claim(data), data).await?;
    let claim = claim_of(OFFICE, data, data);
    ground.admin.create(&claim).await?;
    bound(ground, &claim).await
}
