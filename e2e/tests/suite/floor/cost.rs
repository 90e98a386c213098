//! What the floor costs where it has most to do: a hundred policies, every parameter as large as it may be.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic},
    control_plane::{ControlPlane, Options, User},
    probe::enforced,
    repository,
    shop::manifests,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use kube::api::{ListParams, PostParams};
use serde_json::{Value, json};

use super::{alone, is_of_floor, refusal};
use crate::{admission::pod, bed::Bed};

/// Where the pods are.
const NAMESPACE: &str = "bund-probe";
const POLICIES: usize = 100;
const NODES: usize = 2000;
/// With those that are shipped a little fewer than the floor is told.
const CLASSES: usize = 990;
/// Terms of an affinity, and values of an expression.
const BIG: usize = 50;
/// How often each pod is asked about.
const ASKED: usize = 40;

pub(super) async fn a_hundred_policies(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::api_only()).await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    admin.apply_definitions(&plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    create(&admin, (0..CLASSES).map(class).chain((0..NODES).map(node)).chain((0..POLICIES).map(policy)))
        .await?;
    let operator = plane.start_operator(&bed.operator().await?).await?;
    enforced(&plane, &admin).await?;
    let parameters = admin.api_of(&alone::parameters()).await?;
    plane
        .eventually("the floor knows every policy", async || {
            let items = parameters.list(&ListParams::default()).await?.items;
            let is_full = |spec: &Value| {
                let size = |member: &str| spec[member].as_object().map_or(0, serde_json::Map::len);
                let count = |member: &str| spec[member].as_array().map_or(0, Vec::len);
                size("nodesInside") == NODES
                    && count("declaredClasses") > 900
                    && count("policies") == POLICIES
            };
            ensure!(items.iter().any(|object| is_full(&object.data["spec"])), "{} objects", items.len());
            Ok(())
        })
        .await?;
    operator.kill();
    alone::delete_registered(&admin, &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
        .await?;
    judges(&plane, &admin).await?;
    plane.stop()
}

async fn judges(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let unclassified = alone::unlabelled(&pod(NAMESPACE, "unclassified", json!({})));
    let outside = pod(NAMESPACE, "outside", json!({ "nodeName": "nowhere" }));
    plane
        .eventually("the API server judges alone", async || {
            ensure!(refusal(admin, &unclassified).await?.is_none(), "somebody is called");
            let message = refusal(admin, &outside).await?.context("it passes")?;
            ensure!(is_of_floor(&message), "{message}");
            Ok(())
        })
        .await?;
    let plain = json!({ "nodeSelector": { "topology.kubernetes.io/region": "cn-hangzhou" } });
    let plain = pod(NAMESPACE, "plain", plain);
    let confined = pod(NAMESPACE, "confined", affinity(|_| "cn-hangzhou"));
    let open = |term| if term + 1 == BIG { "cn-hongkong" } else { "cn-hangzhou" };
    let open = refusal(admin, &pod(NAMESPACE, "open", affinity(open))).await?.context("it passes")?;
    ensure!(open.contains("PlacementUnconfined") && open.contains("nodeSelectorTerms[49]"), "{open}");
    for object in [&plain, &confined, &pod(NAMESPACE, "narrowed", narrowed())] {
        let refusal = refusal(admin, object).await?;
        ensure!(refusal.is_none(), "{refusal:?}");
    }
    let asked = [("unclassified", &unclassified), ("plain", &plain), ("50 terms of 50 values", &confined)];
    let mut with = Vec::new();
    for (_, object) in asked {
        with.push(median(admin, object).await?);
    }
    alone::delete_registered(admin, &["ValidatingAdmissionPolicyBinding"]).await?;
    plane
        .eventually("nothing is judged", async || {
            ensure!(refusal(admin, &outside).await?.is_none(), "it is still");
            Ok(())
        })
        .await?;
    for ((what, object), with) in asked.into_iter().zip(with) {
        let without = median(admin, object).await?;
        println!(
            "floor: {POLICIES} policies, {what}: median {with:.1} ms, without the floor {without:.1} ms"
        );
    }
    Ok(())
}

/// The median time of a dry run, in milliseconds.
async fn median(admin: &Cluster, object: &Value) -> Result<f64> {
    let api = admin.api_of(object).await?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let object = dynamic(object)?;
    let mut took = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let started = Instant::now();
        api.create(&dry, &object).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    took.get(ASKED / 2).copied().context("nothing was asked")
}

/// A term for each of which every value is this.
fn affinity(region: impl Fn(usize) -> &'static str) -> Value {
    let expression = |term| json!({ "key": "topology.kubernetes.io/region", "operator": "In", "values": vec![region(term); BIG] });
    let terms: Vec<_> = (0..BIG).map(|term| json!({ "matchExpressions": [expression(term)] })).collect();
    required(&terms)
}

/// Terms that name many places abroad and take each of them away again.
fn narrowed() -> Value {
    let abroad: Vec<_> = (0..BIG).map(|number| format!("abroad-{number}")).collect();
    let mut values = abroad.clone();
    values.push("cn-hangzhou".to_owned());
    let expression = |operator: &str, values: &[String]| json!({ "key": "topology.kubernetes.io/region", "operator": operator, "values": values });
    let term = json!({ "matchExpressions": [expression("In", &values), expression("NotIn", &abroad)] });
    required(&vec![term; BIG])
}

fn required(terms: &[Value]) -> Value {
    json!({ "affinity": { "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms }
    } } })
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn class(number: usize) -> Value {
    own("DataClass", &format!("cost-{number}"), &json!({ "category": "Other" }))
}

fn node(number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": format!("node-{number}"), "labels": { "topology.kubernetes.io/region": "cn-hangzhou" }
        }
    })
}

/// Keeps personal information, and 63 classes of its own.
fn policy(number: usize) -> Value {
    let others = (0..63).map(|offset| format!("cost-{}", (number * 9 + offset) % CLASSES));
    let classes: Vec<_> = others.chain(["personal-information".to_owned()]).collect();
    let spec = json!({
        "dataClasses": classes, "jurisdictions": ["cn-mainland"], "enforcement": { "placement": "Deny" },
        "placementStrategy": "Require"
    });
    own("ResidencyPolicy", &format!("cost-{number}"), &spec)
}

async fn create(admin: &Cluster, objects: impl Iterator<Item = Value>) -> Result<()> {
    let created = objects.map(|object| async move { admin.create(&object).await.map(drop) });
    stream::iter(created).buffer_unordered(16).try_collect::<()>().await
}
