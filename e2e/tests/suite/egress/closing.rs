//! What closes a namespace: when it comes, how it stays, and when it goes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bund_e2e::control_plane::Options;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

use super::vault::{
    ANNEX, FINANCIAL, GLASS, HOLDS, PERSONAL, VAULT, api, closed, has, lay, marked, networks, pod, policies,
    policy,
};
use crate::bed::Bed;
use crate::transfers::ground::{Ground, on_ground};

/// How long what others changed may stay so.
const MENDED_WITHIN: Duration = Duration::from_secs(5);
/// A namespace with a NetworkPolicy that is older than its policy.
const ATTIC: &str = "attic";

pub(super) async fn whole(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        lay(ground).await?;
        ground.admin.create(&pod(VAULT, "plain", &[])).await?;
        closed(ground, VAULT, "True", "NothingToClose").await?;
        let before = policies(ground, VAULT).await?;
        ensure!(before.is_empty(), "nothing is classified, and there are {:?}", before.keys());

        comes(ground).await?;
        follows_what_pods_hold(ground).await?;
        only_told(ground).await?;
        widened(ground).await?;
        widened_as_it_goes(ground).await?;
        goes(ground).await
    })
    .await
}

/// The first classified pod closes the namespace, for every pod of it.
async fn comes(ground: &Ground<'_>) -> Result<()> {
    ground.admin.create(&pod(VAULT, "holder", &[PERSONAL])).await?;
    let found =
        has(ground, VAULT, &["bund-egress", "bund-egress-nothing", "bund-egress-personal-information"])
            .await?;
    for (name, spec) in &found {
        ensure!(
            spec.policy_types.as_deref() == Some(&["Egress".to_owned()]),
            "{name} is for {:?}",
            spec.policy_types
        );
    }
    let every = found.get("bund-egress").context("bund-egress")?;
    let selects = every.pod_selector.clone().unwrap_or_default();
    ensure!(
        selects == k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector::default(),
        "it selects {selects:?}"
    );
    let everywhere = networks(every).into_iter().filter(|network| network.ends_with("/0"));
    ensure!(everywhere.count() == 0, "it leads to {:?}", networks(every));
    marked(ground, VAULT, "holder", &[(HOLDS, PERSONAL)]).await?;
    marked(ground, VAULT, "plain", &[(HOLDS, "nothing")]).await?;
    let message = closed(ground, VAULT, "True", "Closed").await?;
    ensure!(message.contains(VAULT), "{message}");
    let elsewhere = policies(ground, ANNEX).await?;
    ensure!(elsewhere.is_empty(), "nothing is classified there, and there are {:?}", elsewhere.keys());
    Ok(())
}

/// A pod that holds more is marked anew, and what it may reach comes and goes with it.
async fn follows_what_pods_hold(ground: &Ground<'_>) -> Result<()> {
    let label = format!("data-class.bund.dev/{FINANCIAL}");
    let more = json!({ "metadata": { "labels": { label: "" } } });
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(ground.admin.client(), VAULT);
    pods.patch("holder", &PatchParams::default(), &Patch::Merge(&more)).await?;
    let both = format!("{FINANCIAL}.{PERSONAL}");
    marked(ground, VAULT, "holder", &[(HOLDS, &both)]).await?;
    let named = format!("bund-egress-{both}");
    has(ground, VAULT, &["bund-egress", &named, "bund-egress-nothing"]).await?;
    Ok(())
}

/// Where egress is audited nothing is written, and the condition says what would be.
async fn only_told(ground: &Ground<'_>) -> Result<()> {
    ground.admin.create(&pod(GLASS, "holder", &[PERSONAL])).await?;
    let message = closed(ground, GLASS, "False", "PlanOnly").await?;
    ensure!(message.contains(GLASS), "{message}");
    let found = policies(ground, GLASS).await?;
    ensure!(found.is_empty(), "there are {:?}", found.keys());
    marked(ground, GLASS, "holder", &[]).await
}

/// What opened more before is named until it is gone, and does not come back.
async fn widened(ground: &Ground<'_>) -> Result<()> {
    let wide = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "wide", "namespace": ATTIC },
        "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": [{}] }
    });
    ground.plane.create_namespace(ATTIC, &[("bund.dev/guarded", "true")]).await?;
    ground.admin.create(&wide).await?;
    ground.admin.apply(&policy(ATTIC, "Deny")).await?;
    ground.admin.create(&pod(ATTIC, "holder", &[PERSONAL])).await?;
    let message = closed(ground, ATTIC, "False", "Widened").await?;
    ensure!(message.contains("NetworkPolicy attic/wide"), "{message}");
    ground.admin.delete(&wide).await?;
    closed(ground, ATTIC, "True", "Closed").await?;
    let refused = ground.admin.create(&wide).await.err().context("it was admitted again")?;
    ensure!(format!("{refused:#}").contains("EgressWidened"), "{refused:#}");
    Ok(())
}

/// What is deleted and kept by a finalizer still counts, and opens no more than before. Who takes the finalizer off is let.
async fn widened_as_it_goes(ground: &Ground<'_>) -> Result<()> {
    let narrow = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "narrow", "namespace": ATTIC, "finalizers": ["e2e.bund.dev/kept"] },
        "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": [] }
    });
    ground.admin.create(&narrow).await?;
    ground.admin.delete(&narrow).await?;
    let policies_of_attic = api(ground, ATTIC);
    let change = async |change: serde_json::Value| {
        policies_of_attic.patch("narrow", &PatchParams::default(), &Patch::Merge(&change)).await
    };
    let refused = change(json!({ "spec": { "egress": [{}] } })).await.err().context("it was widened")?;
    ensure!(format!("{refused:#}").contains("EgressWidened"), "{refused:#}");
    change(json!({ "metadata": { "finalizers": null } })).await?;
    ensure!(policies_of_attic.get_opt("narrow").await?.is_none(), "it is not gone");
    Ok(())
}

/// With the last classified pod everything goes, the marks too.
async fn goes(ground: &Ground<'_>) -> Result<()> {
    ground.admin.delete(&pod(VAULT, "holder", &[])).await?;
    has(ground, VAULT, &[]).await?;
    marked(ground, VAULT, "plain", &[]).await?;
    closed(ground, VAULT, "True", "NothingToClose").await.map(drop)
}

pub(super) async fn mended(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        lay(ground).await?;
        ground.admin.create(&pod(VAULT, "holder", &[PERSONAL])).await?;
        let names = ["bund-egress", "bund-egress-personal-information"];
        let right = has(ground, VAULT, &names).await?;
        let policies_of_vault = api(ground, VAULT);
        let wide = json!({ "spec": { "egress": [{}] } });
        let refused = policies_of_vault.patch("bund-egress", &PatchParams::default(), &Patch::Merge(&wide)).await;
        ensure!(refused.is_err(), "who opens more is let through");
        let cut = json!({ "spec": { "egress": [] } });
        for name in names {
            policies_of_vault.patch(name, &PatchParams::default(), &Patch::Merge(&cut)).await?;
            as_before(ground, &right, Instant::now()).await?;
            policies_of_vault.delete(name, &DeleteParams::default()).await?;
            as_before(ground, &right, Instant::now()).await?;
        }
        let label = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "me" } }, "spec": { "egress": [] } });
        policies_of_vault.patch("bund-egress", &PatchParams::default(), &Patch::Merge(&label)).await?;
        as_before(ground, &right, Instant::now()).await?;
        told(ground).await?;
        others_stay(ground).await
    })
    .await
}

async fn as_before(ground: &Ground<'_>, right: &super::vault::Policies, since: Instant) -> Result<()> {
    let mended = async || {
        let found = policies(ground, VAULT).await?;
        ensure!(found == *right, "there is {found:?}");
        Ok(())
    };
    ground.plane.eventually("what others made of it is as before", mended).await?;
    ensure!(since.elapsed() <= MENDED_WITHIN, "it took {:?}", since.elapsed());
    Ok(())
}

/// What was mended is told, by events and in figures.
async fn told(ground: &Ground<'_>) -> Result<()> {
    let events: Api<Event> = Api::namespaced(ground.admin.client(), VAULT);
    let told = async || {
        let all = events.list(&ListParams::default()).await?;
        let mut names: Vec<_> = all.items.into_iter().filter_map(|event| event.metadata.name).collect();
        names.retain(|name| name.starts_with("bund-egress."));
        names.sort();
        let expected = [
            "bund-egress.networkpolicy.bund-egress-personal-information.changed",
            "bund-egress.networkpolicy.bund-egress-personal-information.deleted",
            "bund-egress.networkpolicy.bund-egress.changed",
            "bund-egress.networkpolicy.bund-egress.deleted",
        ];
        ensure!(names == expected, "events are {names:?}");
        Ok(())
    };
    ground.plane.eventually("events tell what was mended", told).await?;
    let (_, leader) = ground.replicas.leader().await?;
    let metrics = leader.metrics().await?;
    for line in [
        r#"bund_egress_repaired_total{what="changed"} 3"#,
        r#"bund_egress_repaired_total{what="deleted"} 2"#,
        r#"bund_egress_namespaces{state="closed"} 1"#,
    ] {
        ensure!(metrics.lines().any(|found| found == line), "no `{line}` in: {metrics}");
    }
    Ok(())
}

/// What others keep is never touched, whatever label it bears.
async fn others_stay(ground: &Ground<'_>) -> Result<()> {
    let theirs = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "theirs", "namespace": VAULT, "labels": { "app.kubernetes.io/managed-by": "bund" } },
        "spec": { "podSelector": {}, "policyTypes": ["Ingress"] }
    });
    ground.admin.create(&theirs).await?;
    ground.admin.delete(&pod(VAULT, "holder", &[])).await?;
    has(ground, VAULT, &["theirs"]).await.map(drop)
}
