//! A cluster that is inside as a whole: no node has a label, and the shop is admitted as it is.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, told},
    control_plane::{ControlPlane, Options, User, nodes},
    probe::enforced,
    repository,
    shop::{self, Shop, manifests},
};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::Api;
use libtest_mimic::Trial;
use serde_json::json;

use crate::{admission::refused, bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(
        bed,
        "uniform",
        "a uniform cluster without labels admits its shop unchanged",
        shop_is_admitted,
    )]
}

async fn shop_is_admitted(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::default()).await?;
    let outcome = admit(bed, &plane).await;
    plane.stop()?;
    outcome
}

async fn admit(bed: &Bed, plane: &ControlPlane) -> Result<()> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    plane
        .add_nodes(&[nodes::unlabelled("one"), nodes::unlabelled("two"), nodes::hong_kong("strayed")])
        .await?;
    admin.apply_definitions(plane).await?;
    for folder in ["policies/jurisdictions", "examples/policies"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    let location = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": { "name": "cluster" },
        "spec": { "jurisdiction": "cn-mainland", "span": "Uniform", "providers": ["alibaba"] }
    });
    admin.apply_all(&[location, shop::namespace()]).await?;
    let _operator = plane.start_operator(&bed.operator().await?).await?;
    enforced(plane, &admin).await?;
    for object in &Shop::open()?.objects {
        let admitted = admin.apply(object).await.with_context(|| told(object))?;
        for field in ["/spec/template/spec/affinity", "/spec/template/spec/nodeSelector"] {
            ensure!(admitted.data.pointer(field) == object.pointer(field), "{} was changed", told(object));
        }
    }
    let stray = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "stray", "namespace": shop::NAMESPACE, "labels": { "name": "user-db" } },
        "spec": { "nodeName": "strayed", "containers": [{ "name": "app", "image": "app:1" }] }
    });
    let message = refused(&admin, &stray).await?;
    ensure!(message.contains("NodeOutside"), "{message}");
    confined_once_it_is_asked_for(plane, &admin).await
}

/// Where nothing has pods confined, no pod waits for us; when something does, the next pods are.
async fn confined_once_it_is_asked_for(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(admin.client());
    let sent = async || -> Result<bool> {
        let entries = configurations.get("bund").await?.webhooks.unwrap_or_default();
        let rules = entries.into_iter().flat_map(|entry| entry.rules.unwrap_or_default());
        let mut resources = rules.flat_map(|rule| rule.resources.unwrap_or_default());
        Ok(resources.any(|resource| resource == "pods"))
    };
    ensure!(!sent().await?, "pods are sent to be confined although every node is inside");
    let own = |kind: &str, name: &str, spec: serde_json::Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    let mixed = own(
        "ClusterLocation",
        "cluster",
        json!({ "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] }),
    );
    let injecting = own(
        "ResidencyPolicy",
        CONFINED,
        json!({
            "dataClasses": [CONFINED], "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": "Deny" }, "placementStrategy": "Inject"
        }),
    );
    plane.add_nodes(&[nodes::hangzhou("hangzhou-1")]).await?;
    plane.create_namespace(CONFINED, &[("bund.dev/guarded", "true")]).await?;
    // No other policy keeps this class, so that none asks for more than this one.
    let class = own("DataClass", CONFINED, json!({ "category": "Other" }));
    admin.apply_all(&[mixed, class, injecting]).await?;
    let asked = async || {
        ensure!(sent().await?, "no pod is sent to be confined");
        Ok(())
    };
    plane.eventually("pods are sent to be confined", asked).await?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "unplaced", "namespace": CONFINED,
            "labels": { (format!("data-class.bund.dev/{CONFINED}")): "" }
        },
        "spec": { "containers": [{ "name": "app", "image": "app:1" }] }
    });
    // The API server learns of it a moment later; until then the pod is refused, never admitted as it is.
    let confined = async || {
        let created = admin.create(&pod).await?;
        Ok(created.data.pointer("/spec/affinity").is_some())
    };
    let confined = plane.eventually("a pod is admitted", confined).await?;
    ensure!(confined, "a pod slipped in without being confined");
    Ok(())
}

/// The namespace in which pods are confined at last, with its policy and its class.
const CONFINED: &str = "confined";
