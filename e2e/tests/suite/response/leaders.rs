//! Two operators, whose leader is killed again and again while forty pods are evicted from a node that left.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
};

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{AuditPosition, ControlPlane, Options, User, nodes},
    probe::enforced,
    repository,
    shop::manifests,
    soak::replicas::Replicas,
};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams},
};
use serde_json::json;

use super::{evictions, move_node, policy, responding, taken};
use crate::{
    admission::{CLASS, deployment, pod},
    bed::Bed,
};

const SHOP: &str = "shop";
/// An exempt namespace.
const INFRA: &str = "infra";
/// Where glass is broken.
const BROKEN: &str = "broken";
/// The node that leaves.
const LEAVING: &str = "leaving-1";
const STAYING: &str = "staying-1";
/// The pods of the large Deployment.
const PODS: usize = 40;

pub(super) async fn killed(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::default()).await?;
    let outcome = kill(bed, &plane).await;
    plane.stop()?;
    outcome
}

async fn kill(bed: &Bed, plane: &ControlPlane) -> Result<()> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    set_up(plane, &admin).await?;
    let mut replicas = Replicas::start(plane, &bed.operator().await?).await?;
    enforced(plane, &admin).await?;
    deploy(plane, &admin).await?;
    let position = plane.audit_log().end()?;

    move_node(&admin, LEAVING, "cn-hongkong").await?;
    // Twice, when some pods are gone and others are not.
    for (from, to) in [(2, 12), (20, 32)] {
        let count = from + random(to - from);
        let reached = async || {
            let count_now = taken(&evictions(plane, position)?).len();
            ensure!(count_now >= count, "{count_now} are evicted");
            Ok(())
        };
        plane.eventually(&format!("{count} pods are evicted"), reached).await?;
        replicas.kill_leader().await?;
    }
    plane.eventually("every pod runs inside", async || run_inside(&admin).await).await?;
    stays(plane, &admin, position).await?;
    budget_is_lifted(plane, &admin).await?;

    let all = taken(&evictions(plane, position)?);
    let once: BTreeSet<_> = all.iter().collect();
    ensure!(once.len() == all.len(), "a pod was evicted twice: {all:?}");
    ensure!(all.len() == PODS + 1, "{} evictions: {all:?}", all.len());
    let elsewhere = all.iter().find(|pod| !pod.starts_with("shop/web-") && !pod.starts_with("shop/one-"));
    ensure!(elsewhere.is_none(), "{elsewhere:?} was evicted");
    Ok(())
}

/// A number below `limit` that is another one each time.
fn random(limit: usize) -> usize {
    let number = RandomState::new().hash_one(limit);
    usize::try_from(number).unwrap_or_default() % limit
}

async fn set_up(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    plane.add_nodes(&[nodes::hangzhou(LEAVING), nodes::hangzhou(STAYING)]).await?;
    // What is deployed at first goes to the node that leaves.
    Api::<Node>::all(admin.client()).cordon(STAYING).await?;
    admin.apply_definitions(plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    for name in [SHOP, INFRA, BROKEN] {
        plane.create_namespace(name, &[("bund.dev/guarded", "true")]).await?;
    }
    let location = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": { "name": "cluster" },
        "spec": { "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"], "exemptNamespaces": [INFRA] }
    });
    let running = json!({
        "response": { "placement": "Evict" },
        "eviction": { "graceSeconds": 1, "maxPerMinute": 240, "maxUnavailablePercent": 25 }
    });
    // Before there is an operator nobody asks who may.
    let glass = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass", "metadata": { "name": "inc-1" },
        "spec": { "reason": "INC-1: what runs must run on", "requestedBy": "on-call", "namespaces": [BROKEN], "durationMinutes": 60 }
    });
    admin.apply_all(&[location, policy("stay", &running), glass]).await
}

/// Forty pods, one whose budget lets it go never, and those that must stay: of an exempt namespace, of one where glass is
/// broken, and one that a kubelet made.
async fn deploy(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let here = |namespace: &str| pod(namespace, "stays", json!({ "nodeName": LEAVING }));
    let mut mirror =
        pod(SHOP, "static", json!({ "nodeName": LEAVING, "automountServiceAccountToken": false }));
    mirror["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "0123" });
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "one", "namespace": SHOP },
        "spec": { "maxUnavailable": 0, "selector": { "matchLabels": { "app": "one" } } }
    });
    let objects = [
        deployment(SHOP, "web", u32::try_from(PODS)?, json!({ CLASS: "" })),
        deployment(SHOP, "one", 1, json!({ CLASS: "" })),
        here(INFRA),
        here(BROKEN),
        mirror,
        budget,
    ];
    for object in &objects {
        admin.create(object).await?;
    }
    let count = PODS + 4;
    plane
        .eventually(&format!("{count} pods run"), async || {
            let running = placed(admin).await?;
            ensure!(running.len() == count, "{} run", running.len());
            ensure!(running.iter().all(|(_, node)| node == LEAVING), "they run on {running:?}");
            Ok(())
        })
        .await?;
    Api::<Node>::all(admin.client()).uncordon(STAYING).await?;
    Ok(())
}

/// Name and node of every pod of ours that runs and is to run on.
async fn placed(admin: &Cluster) -> Result<Vec<(String, String)>> {
    let mut placed = Vec::new();
    for namespace in [SHOP, INFRA, BROKEN] {
        let pods: Api<Pod> = Api::namespaced(admin.client(), namespace);
        for pod in pods.list(&ListParams::default()).await? {
            let running =
                pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
            if running && pod.metadata.deletion_timestamp.is_none() {
                let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
                placed.push((format!("{namespace}/{}", pod.name_any()), node));
            }
        }
    }
    Ok(placed)
}

async fn run_inside(admin: &Cluster) -> Result<()> {
    let web: Vec<_> =
        placed(admin).await?.into_iter().filter(|(pod, _)| pod.starts_with("shop/web-")).collect();
    let inside = web.iter().filter(|(_, node)| node == STAYING).count();
    ensure!(inside == PODS && web.len() == PODS, "{inside} of {} run inside", web.len());
    Ok(())
}

/// What must stay has stayed, and it is said why.
async fn stays(plane: &ControlPlane, admin: &Cluster, position: AuditPosition) -> Result<()> {
    responding(plane, admin, "stay", "what cannot be evicted is said", |status, reason, message| {
        let told = [
            ("shop/static", "made of a file on the node"),
            ("infra/stays", "in an exempt namespace"),
            ("broken/stays", "glass is broken"),
            ("shop/one-", "PodDisruptionBudget"),
        ];
        let said = |(pod, why): &(&str, &str)| {
            message.split("; ").any(|part| part.contains(pod) && part.contains(why))
        };
        (status, reason) == ("False", "DisruptionBudget") && told.iter().all(said)
    })
    .await?;
    let refused = evictions(plane, position)?;
    let refused = refused.iter().filter(|event| event.response_status.code == 429);
    ensure!(refused.count() > 0, "nobody asked for the pod with the budget");
    Ok(())
}

/// When the budget is gone, its pod goes too.
async fn budget_is_lifted(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let budgets: Api<k8s_openapi::api::policy::v1::PodDisruptionBudget> =
        Api::namespaced(admin.client(), SHOP);
    budgets.delete("one", &DeleteParams::default()).await?;
    plane
        .eventually("the pod whose budget is lifted runs inside", async || {
            let pods = placed(admin).await?;
            let one: Vec<_> = pods.iter().filter(|(pod, _)| pod.starts_with("shop/one-")).collect();
            ensure!(one.len() == 1 && one.iter().all(|(_, node)| node == STAYING), "{one:?}");
            Ok(())
        })
        .await
}
