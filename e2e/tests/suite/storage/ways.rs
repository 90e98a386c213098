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
    writing::{PLAIN, data},
};
use crate::chart::{Ground, SHOP};

/// Who binds volumes.
const BINDER: &str = "system:serviceaccount:kube-system:persistent-volume-binder";

/// What becomes of pods without labels that read.
#[derive(Clone, Copy, Debug)]
enum Abroad {
    /// They are refused abroad, and only there.
    Refused,
    /// They may be anywhere.
    Free,
}

/// What a classified pod wrote is read on the mainland only, whichever way leads to it.
pub(super) async fn closed(ground: &Ground, holding: &Holding) -> Result<()> {
    let data = data(holding);
    let claims = lead_to(ground, &data, HOME_REGION).await?;
    for (what, claim) in &claims {
        read(ground, what, claim, Abroad::Refused).await?;
    }
    release(ground, &fresh_claim(&data), &data).await?;
    out_of_guard(ground, &data).await?;
    let again = format!("{data}-again");
    let claim = claim_of(SHOP, &again, &data);
    ground.admin.create(&claim).await?;
    bound(ground, &claim).await?;
    read(ground, "its volume under a new claim", &again, Abroad::Refused).await?;
    for (what, claim) in claims.iter().filter(|(_, claim)| *claim != data) {
        read(ground, &format!("{what}, without the claim"), claim, Abroad::Refused).await?;
    }
    Ok(())
}

/// The allowed sibling: what never held a class is read where anybody likes, and goes to a namespace that is not guarded.
pub(super) async fn free(ground: &Ground) -> Result<()> {
    for (what, claim) in lead_to(ground, PLAIN, ABROAD_REGION).await? {
        read(ground, what, &claim, Abroad::Free).await?;
    }
    release(ground, &fresh_claim(PLAIN), PLAIN).await?;
    let claim = claim_of(OFFICE, PLAIN, PLAIN);
    ground.admin.create(&claim).await?;
    bound(ground, &claim).await
}

/// Makes further claims that lead to what is in a claim. All of them, with how they do.
async fn lead_to(ground: &Ground, data: &str, region: &str) -> Result<[(&'static str, String); 4]> {
    let named = |what: &str| format!("{data}-{what}");
    let (clone, copied, restored, second) =
        (named("clone"), named("snapshot"), named("restored"), named("second"));
    let of_claim = json!({ "kind": "PersistentVolumeClaim", "name": data });
    let of_snapshot =
        json!({ "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": copied });
    for object in [
        copy(&clone, &of_claim),
        snapshot(&copied, data),
        copy(&restored, &of_snapshot),
        volume(&second, data, region),
        claim_of(SHOP, &second, &second),
    ] {
        ground.admin.create(&object).await?;
    }
    Ok([
        ("the claim itself", data.to_owned()),
        ("its clone", clone),
        ("a claim restored from its snapshot", restored),
        ("a second volume with its handle", second),
    ])
}

/// Lets a pod without labels mount a claim on either node: one that names its node, and one that is bound to it.
async fn read(ground: &Ground, what: &str, claim: &str, abroad: Abroad) -> Result<()> {
    let (named, bound) = match abroad {
        Abroad::Refused => (Some("NodeOutside"), Some("BindingOutside")),
        Abroad::Free => (None, None),
    };
    let pod = reader(&format!("reads-{claim}"), claim);
    for (node, expected) in [(ABROAD, named), (HOME, None)] {
        let mut there = pod.clone();
        there["spec"]["nodeName"] = json!(node);
        let refusal = refusal(&ground.admin, &there).await.with_context(|| what.to_owned())?;
        ensure!(refusal.as_deref() == expected, "{what}, read on {node}: {refusal:?}, not {expected:?}");
    }
    ground.admin.create(&pod).await.with_context(|| what.to_owned())?;
    for (node, expected) in [(ABROAD, bound), (HOME, None)] {
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
