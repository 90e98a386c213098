//! Classification is turned on for a shop that runs, and only told.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::condition_of,
    shop::{self, NAMESPACE, Shop},
    wire::{
        ABROAD, CLASSIFIED, DNS, HOME, Outcome, PLAIN, SECOND, Shot, Site,
        pods::{NODE, runs_at},
    },
};
use k8s_openapi::api::{
    core::v1::{Binding, ObjectReference, Pod},
    networking::v1::NetworkPolicy,
};
use kube::{
    Api, ResourceExt as _,
    api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;

use super::field::{Field, policy};
use crate::{admission::CLASS, bed::Bed};

/// Three pods of either shop are enough: any that there are.
const SITES: [&Site; 3] = [&CLASSIFIED, &SECOND, &PLAIN];

pub(super) async fn only_told(bed: &Bed) -> Result<()> {
    let field = Field::lay(bed).await?;
    let tested = test(&field, bed).await;
    tested.map_err(|error| error.context(field.diagnosis()))
}

async fn test(field: &Field, bed: &Bed) -> Result<()> {
    let shop = Shop::open()?;
    let mut namespace = shop::namespace();
    namespace["metadata"]["labels"]["wire"] = json!("true");
    field.admin.apply(&namespace).await?;
    field.admin.apply_all(&shop.objects).await?;
    runs(field).await?;
    let before = matrix(field).await?;
    ensure!(before.iter().all(|(_, outcome)| outcome.answered), "the shop is not open: {before:?}");

    let aspects = ["placement", "storage", "network", "egress", "connect", "hints", "safeguards", "exposure"];
    let audited = aspects.into_iter().map(|aspect| (aspect.to_owned(), json!("Audit"))).collect();
    let _operator = field.guard(bed, &policy(&serde_json::Value::Object(audited))).await?;
    let classified = json!({ "metadata": { "labels": { CLASS: "" } } });
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(field.admin.client());
    namespaces.patch(NAMESPACE, &PatchParams::default(), &Patch::Merge(&classified)).await?;
    told(field).await?;

    let after = matrix(field).await?;
    ensure!(after == before, "before: {before:?}, after: {after:?}");
    let policies: Api<NetworkPolicy> = Api::all(field.admin.client());
    let policies = policies.list(&ListParams::default()).await?.items;
    ensure!(
        policies.is_empty(),
        "there is {:?}",
        policies.iter().map(kube::ResourceExt::name_any).collect::<Vec<_>>()
    );
    let pods: Api<Pod> = Api::namespaced(field.admin.client(), NAMESPACE);
    for pod in pods.list(&ListParams::default()).await?.items {
        let marked = pod.labels().keys().any(|key| key.contains("egress.bund.dev/"));
        ensure!(!marked, "{} is marked", pod.name_any());
    }
    Ok(())
}

/// Binds three pods of the shop to the node, where they run.
async fn runs(field: &Field) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(field.admin.client(), NAMESPACE);
    let some = async || {
        let found = pods.list(&ListParams::default()).await?.items;
        ensure!(found.len() >= SITES.len(), "there are {}", found.len());
        Ok(found)
    };
    let found = field.plane.eventually("pods of the shop are there", some).await?;
    for (pod, site) in found.iter().zip(SITES) {
        let name = pod.name_any();
        let binding = Binding {
            metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
            target: ObjectReference {
                kind: Some("Node".to_owned()),
                name: Some(NODE.to_owned()),
                ..ObjectReference::default()
            },
        };
        let _: serde_json::Value =
            pods.create_subresource("binding", &name, &PostParams::default(), &binding).await?;
        runs_at(&field.admin, NAMESPACE, &name, site).await?;
    }
    Ok(())
}

/// Who reaches whom: the pods each other, names, home and abroad.
async fn matrix(field: &Field) -> Result<BTreeSet<(&'static str, Outcome)>> {
    let mut matrix = BTreeSet::new();
    for from in SITES {
        let others = SITES.into_iter().filter(|site| *site != from).chain([&HOME, &ABROAD]);
        let to = others.flat_map(|site| site.at(443).chain(site.at(80))).chain(DNS.at(53));
        let outcomes = field.rig.fire(from, &Shot::plain(to)).await?;
        matrix.extend(outcomes.into_iter().map(|outcome| (from.name, outcome)));
    }
    Ok(matrix)
}

/// Waits until the policy says that it would close, and does not.
async fn told(field: &Field) -> Result<()> {
    let policies = field.admin.api_of(&policy(&json!({}))).await?;
    let told = async || {
        let found = policies.get("field").await?.data;
        let condition = condition_of(&found["status"], "EgressClosed")?;
        ensure!(condition["reason"] == "PlanOnly", "{condition}");
        ensure!(condition["message"].as_str().is_some_and(|told| told.contains(NAMESPACE)), "{condition}");
        Ok(())
    };
    field.plane.eventually("the plan is told and not applied", told).await
}
