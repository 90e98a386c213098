//! The API server by itself: every process of ours killed, every webhook configuration deleted.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, User, client_as},
    person::{grants, user},
    probe::enforced,
};
use bund_engine::Timestamp;
use kube::{
    api::{DeleteParams, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use super::{is_of_floor, refusal};
use crate::{
    admission::pod,
    bed::{AUDITED, Bed, FREE, INJECTED, Living, REQUIRED},
};

/// Where the policies of these tests keep data; so is called what the floor knows of them.
const JURISDICTION: &str = "cn-mainland";
/// The label of everything that is registered.
const OURS: &str = "app.kubernetes.io/part-of=bund";

pub(super) async fn refuses_what_is_plain(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let Living { plane, admin, operator } = living;
    let engineer = breaks_glass(living).await?;
    // The API server takes policies in a moment after they are registered.
    plane.eventually("the floor is in force", async || in_force(admin).await).await?;
    operator.kill();
    delete_registered(admin, &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]).await?;
    let outcome = async {
        what_passes(plane, admin).await?;
        what_is_refused(admin).await?;
        steps_back_for_a_transfer(plane, admin, &engineer).await?;
        glass_ends_by_itself(plane, admin).await?;
        // The one command that ends enforcement at once.
        delete_registered(admin, &["ValidatingAdmissionPolicyBinding"]).await?;
        let abroad = abroad(INJECTED);
        plane.eventually("nothing is refused any more", async || passes(admin, &abroad).await).await
    };
    let outcome = outcome.await;
    operator.restart()?;
    plane.operator_ready(operator).await?;
    enforced(plane, admin).await?;
    engineer.delete(&glass()).await?;
    outcome
}

/// An error until the floor refuses what we would refuse after it.
async fn in_force(admin: &Cluster) -> Result<()> {
    let message = refusal(admin, &abroad(INJECTED)).await?.unwrap_or_default();
    ensure!(is_of_floor(&message), "it says: {message}");
    Ok(())
}

/// Unclassified pods anywhere, classified ones inside or where nothing is denied.
async fn what_passes(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let region = json!({ "nodeSelector": { "topology.kubernetes.io/region": "cn-hangzhou" } });
    let unclassified = |namespace: &str| unlabelled(&abroad(namespace));
    // The first of them waits until the API server calls nobody any more.
    let first = unclassified(INJECTED);
    plane.eventually("nobody is called any more", async || passes(admin, &first).await).await?;
    for object in [
        unclassified(FREE),
        unclassified("kube-system"),
        abroad(AUDITED),
        pod(INJECTED, "inside", region),
        pod(INJECTED, "named", json!({ "nodeName": "hangzhou-1" })),
    ] {
        passes(admin, &object).await.with_context(|| object.to_string())?;
    }
    Ok(())
}

async fn what_is_refused(admin: &Cluster) -> Result<()> {
    let abroad_region = json!({ "nodeSelector": { "topology.kubernetes.io/region": "cn-hongkong" } });
    for (object, reason) in [
        (abroad(INJECTED), "NodeOutside: Pod injected/abroad is put on node frankfurt-1"),
        (
            pod(INJECTED, "unplaced", json!({})),
            "PlacementUnconfined: Pod injected/unplaced could be placed outside",
        ),
        (
            pod(INJECTED, "elsewhere", abroad_region),
            "PlacementContradicts: Pod injected/elsewhere asks for nodes",
        ),
        (pod(FREE, "hides", json!({})), "ClassOutsideGuarded: Pod free/hides"),
    ] {
        let message = refusal(admin, &object).await?.with_context(|| format!("{object} passes"))?;
        ensure!(is_of_floor(&message) && message.contains(reason), "{message}");
        ensure!(!message.contains('\n'), "more than a line: {message}");
    }
    Ok(())
}

/// A person breaks glass for a minute, and the floor hears of it while somebody of ours lives.
async fn breaks_glass(living: &Living) -> Result<Cluster> {
    let Living { plane, admin, .. } = living;
    let kind = "floor-breaks-glass";
    let api = "rbac.authorization.k8s.io";
    admin
        .apply_all(&[
            json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRole", "metadata": { "name": kind },
                "rules": [
                    { "apiGroups": ["bund.dev"], "resources": ["breakglasses"], "verbs": ["create", "delete", "get"] },
                    { "apiGroups": ["bund.dev"], "resources": ["enforcements"], "verbs": ["breakglass"] },
                    { "apiGroups": ["bund.dev"], "resources": ["floorparameters"], "verbs": ["patch"] },
                ]
            }),
            json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": kind },
                "roleRef": { "apiGroup": api, "kind": "ClusterRole", "name": kind },
                "subjects": [{ "apiGroup": api, "kind": "User", "name": User::PLATFORM_ENGINEER.name }]
            }),
        ])
        .await?;
    let engineer = Cluster::of(plane.client(User::PLATFORM_ENGINEER).await?);
    plane
        .eventually("glass is broken", async || {
            engineer.create(&glass()).await?;
            Ok(())
        })
        .await?;
    let parameters = admin.api_of(&parameters()).await?;
    plane
        .eventually("the floor knows", async || {
            let spec = parameters.get(JURISDICTION).await?.data["spec"].clone();
            ensure!(!spec["brokenGlass"][REQUIRED].is_null(), "{spec}");
            Ok(())
        })
        .await?;
    Ok(engineer)
}

async fn glass_ends_by_itself(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let abroad = abroad(REQUIRED);
    passes(admin, &abroad).await.context("while glass is broken")?;
    plane
        .eventually("glass is whole again without anybody of ours", async || {
            let message = refusal(admin, &abroad).await?.context("it passes still")?;
            ensure!(is_of_floor(&message), "{message}");
            Ok(())
        })
        .await
}

/// What a transfer may cover is left to the webhook, until the transfer ends, and nothing else is.
async fn steps_back_for_a_transfer(plane: &ControlPlane, admin: &Cluster, engineer: &Cluster) -> Result<()> {
    let until = Timestamp::now() + Duration::from_secs(15);
    let transfer = json!({ "classes": ["personal-information"], "until": until });
    let told = Patch::Merge(json!({ "spec": { "transfers": { INJECTED: [transfer] } } }));
    let parameters = engineer.api_of(&parameters()).await?;
    parameters.patch(JURISDICTION, &PatchParams::default(), &told).await?;
    let covered = abroad(INJECTED);
    plane.eventually("the floor steps back", async || passes(admin, &covered).await).await?;
    let mut holds_more = abroad(INJECTED);
    holds_more["metadata"]["labels"]["data-class.bund.dev/core-data"] = json!("");
    let message = refusal(admin, &holds_more).await?.context("a class more passes")?;
    ensure!(is_of_floor(&message), "{message}");
    plane.eventually("the transfer ends without anybody of ours", async || in_force(admin).await).await
}

pub(super) async fn nobody_else_writes(bed: &Bed) -> Result<()> {
    let Living { plane, admin, .. } = bed.living().await?;
    let name = "may-write-everything";
    admin.apply_all(&grants(name, &user(name), &[].into())).await?;
    let somebody = Cluster::of(client_as(plane.kubeconfig(User::ADMIN)?, name).await?);
    let api = somebody.api_of(&parameters()).await?;
    let nothing = Patch::Merge(json!({ "spec": { "unplaced": "Free" } }));
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    let dry_deletion = DeleteParams { dry_run: true, ..DeleteParams::default() };
    let says = "FloorParameters are written by Bund alone";
    let told = |outcome: kube::Result<()>| match outcome {
        Err(kube::Error::Api(status)) if status.message.contains(says) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => anyhow::bail!("it passed"),
    };
    // Grants reach the API server a moment after they were written.
    plane
        .eventually("an edit is refused", async || {
            told(api.patch(JURISDICTION, &dry, &nothing).await.map(drop))
        })
        .await?;
    told(api.delete(JURISDICTION, &dry_deletion).await.map(drop))
}

fn abroad(namespace: &str) -> Value {
    pod(namespace, "abroad", json!({ "nodeName": "frankfurt-1" }))
}

pub(super) fn unlabelled(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod["metadata"]["labels"] = json!({});
    pod
}

fn glass() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass", "metadata": { "name": "floor-inc-8" },
        "spec": {
            "reason": "INC-8: the mainland zone is down", "requestedBy": User::PLATFORM_ENGINEER.name,
            "namespaces": [REQUIRED], "durationMinutes": 1
        }
    })
}

pub(super) fn parameters() -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "FloorParameters" })
}

async fn passes(admin: &Cluster, object: &Value) -> Result<()> {
    let refusal = refusal(admin, object).await?;
    ensure!(refusal.is_none(), "{refusal:?}");
    Ok(())
}

/// As `kubectl delete … -l app.kubernetes.io/part-of=bund` does.
pub(super) async fn delete_registered(admin: &Cluster, kinds: &[&str]) -> Result<()> {
    for kind in kinds {
        let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
        let object = json!({ "apiVersion": kind.api_version(), "kind": kind.kind });
        let ours = ListParams::default().labels(OURS);
        admin.api_of(&object).await?.delete_collection(&DeleteParams::default(), &ours).await?;
    }
    Ok(())
}
