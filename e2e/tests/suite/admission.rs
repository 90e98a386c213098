//! What users see when they deploy: refusals, warnings, audit annotations, big objects.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, told},
    control_plane::User,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    bed::{AUDITED, Bed, FREE, INJECTED, REQUIRED},
    trial,
};

/// The label that attaches the class of these tests.
pub(crate) const CLASS: &str = "data-class.bund.dev/personal-information";

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "admission", "a refusal says in one line what and why and what to write instead", refusal),
        trial(
            bed,
            "admission",
            "a class in a namespace that is not guarded is refused by the API server alone",
            unguarded,
        ),
        trial(bed, "admission", "audit admits and leaves a record in the audit log", audit_annotations),
        trial(bed, "admission", "a big object is judged like a small one", big_objects),
        trial(
            bed,
            "admission",
            "an application team is told the same as an administrator",
            same_for_everyone,
        ),
        trial(bed, "admission", "a dry run is answered like the real thing", dry_run),
    ]
}

/// A pod that holds the class.
pub(crate) fn pod(namespace: &str, name: &str, spec: Value) -> Value {
    let mut spec = spec;
    if let Some(members) = spec.as_object_mut() {
        members.insert("containers".to_owned(), json!([{ "name": "app", "image": "app:1" }]));
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": { CLASS: "" } },
        "spec": spec
    })
}

/// A Deployment whose pods hold the class.
pub(crate) fn deployment(namespace: &str, name: &str, replicas: u32, labels: Value) -> Value {
    let mut labels = labels;
    if let Some(members) = labels.as_object_mut() {
        members.insert("app".to_owned(), json!(name));
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "app", "image": "app:1" }] }
            }
        }
    })
}

/// The message with which an object is refused.
pub(crate) async fn refused(cluster: &Cluster, object: &Value) -> Result<String> {
    let error =
        cluster.create(object).await.err().with_context(|| format!("{} was admitted", told(object)))?;
    Ok(format!("{error:#}"))
}

async fn refusal(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let message = refused(&living.admin, &deployment(REQUIRED, "orders", 1, json!({ CLASS: "" }))).await?;
    for part in [
        "PlacementUnconfined",
        "Deployment required/orders",
        "could be placed outside cn-mainland",
        "personal-information (label in spec.template.metadata.labels)",
        "field spec.template.spec.affinity",
        "LOC-1",
        "PIPL",
        "policy required",
        "write `topology.kubernetes.io/region: cn-hangzhou` in spec.template.spec.nodeSelector",
    ] {
        ensure!(message.contains(part), "`{part}` is not told in: {message}");
    }
    ensure!(!message.contains('\n'), "more than one line: {message}");
    Ok(())
}

async fn unguarded(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    for object in [
        pod(FREE, "holder", json!({})),
        deployment(FREE, "holder", 1, json!({ CLASS: "" })),
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "holder", "namespace": FREE, "labels": { CLASS: "" } }
        }),
    ] {
        let message = refused(&living.admin, &object).await?;
        ensure!(
            message.contains("bund.dev/guarded"),
            "{} is refused without the remedy: {message}",
            told(&object)
        );
    }
    let plain = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "plain", "namespace": FREE } });
    living.admin.create(&plain).await?;
    living.admin.delete(&plain).await
}

async fn audit_annotations(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let position = living.plane.audit_log().end()?;
    let object = deployment(AUDITED, "audited", 0, json!({ CLASS: "" }));
    living.admin.create(&object).await?;
    let event = living
        .plane
        .audit_event("the Deployment", position, |event| {
            event.is("create", "deployments", AUDITED, "audited")
        })
        .await?;
    let told = event.annotations.iter().any(|(_, value)| value.contains("PlacementUnconfined"));
    living.admin.delete(&object).await?;
    ensure!(told, "no annotation tells of the finding: {:?}", event.annotations);
    Ok(())
}

async fn big_objects(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let environment: Vec<_> =
        (0..3000).map(|n| json!({ "name": format!("V{n}"), "value": "x".repeat(300) })).collect();
    let mut object = deployment(REQUIRED, "big", 1, json!({ CLASS: "" }));
    if let Some(container) =
        object.pointer_mut("/spec/template/spec/containers/0").and_then(Value::as_object_mut)
    {
        container.insert("env".to_owned(), json!(environment));
    }
    ensure!(object.to_string().len() > 900_000, "the object is not big");
    let message = refused(&living.admin, &object).await?;
    ensure!(message.contains("PlacementUnconfined"), "{message}");
    let mut terms = pod(REQUIRED, "terms", json!({}));
    let far = json!({ "matchExpressions": [{ "key": "topology.kubernetes.io/region", "operator": "In", "values": ["us-east-1"] }] });
    if let Some(spec) = terms.pointer_mut("/spec").and_then(Value::as_object_mut) {
        let all = vec![far; 10_000];
        let required =
            json!({ "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": all } });
        spec.insert("affinity".to_owned(), json!({ "nodeAffinity": required }));
    }
    let message = refused(&living.admin, &terms).await?;
    ensure!(message.contains("PlacementContradicts"), "{}", message.chars().take(2000).collect::<String>());
    Ok(())
}

async fn same_for_everyone(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "app-team", "namespace": REQUIRED },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": User::APP_TEAM.name }]
    });
    living.admin.apply(&binding).await?;
    let team = Cluster::of(living.plane.client(User::APP_TEAM).await?);
    let object = pod(REQUIRED, "same", json!({ "nodeName": "hongkong-1" }));
    let (by_team, by_admin) = (refused(&team, &object).await?, refused(&living.admin, &object).await?);
    ensure!(by_team == by_admin, "{by_team}\n{by_admin}");
    Ok(())
}

async fn dry_run(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let object = pod(INJECTED, "dry", json!({}));
    let api = living.admin.api_of(&object).await?;
    let dry = kube::api::PostParams { dry_run: true, ..kube::api::PostParams::default() };
    let asked = api.create(&dry, &bund_e2e::cluster::dynamic(&object)?).await?;
    let real = living.admin.create(&object).await?;
    living.admin.delete(&object).await?;
    ensure!(
        asked.data.pointer("/spec/affinity") == real.data.pointer("/spec/affinity"),
        "the affinities differ"
    );
    ensure!(asked.data.pointer("/spec/affinity").is_some(), "nothing was injected");
    Ok(())
}
