//! Losing any process of ours never opens a way out, and never stops what is not classified.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bund_e2e::probe::enforced;
use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration},
    apps::v1::Deployment,
    core::v1::Pod,
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use libtest_mimic::Trial;
use serde_json::json;

use crate::{
    admission::{CLASS, deployment, pod, refused},
    bed::{Bed, FREE, INJECTED},
    trial,
};

mod drift;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "outage",
            "the operator is killed during a rollout and nothing classified slips in",
            killed_during_a_rollout,
        ),
        trial(
            bed,
            "outage",
            "what is registered is put back when somebody deletes or weakens it",
            registration_is_put_back,
        ),
        trial(bed, "outage", "what was put back is told with who had changed it", drift::is_told),
    ]
}

async fn registration_is_put_back(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let configurations: Api<ValidatingWebhookConfiguration> = Api::all(living.admin.client());
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(living.admin.client());
    let before = configurations.get("bund").await?;
    let weakened = json!([{ "op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore" }]);
    let weakened = Patch::Json::<()>(serde_json::from_value(weakened)?);
    configurations.patch("bund", &PatchParams::default(), &weakened).await?;
    let as_before = async || {
        let now = configurations.get("bund").await?;
        ensure!(now.webhooks == before.webhooks, "{:?}", now.webhooks);
        Ok(())
    };
    living.plane.eventually("what was weakened is as before", as_before).await?;
    configurations.delete("bund", &DeleteParams::default()).await?;
    bindings.delete("bund-class-labels", &DeleteParams::default()).await?;
    living.plane.eventually("what was deleted is as before", as_before).await?;
    let bound = async || Ok(bindings.get("bund-class-labels").await.map(drop)?);
    living.plane.eventually("the policy is bound again", bound).await?;
    enforced(&living.plane, &living.admin).await
}

async fn killed_during_a_rollout(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let classified = deployment(INJECTED, "rollout", 5, json!({ CLASS: "" }));
    living.admin.create(&classified).await?;
    let pods: Api<Pod> = Api::namespaced(living.admin.client(), INJECTED);
    let selected = ListParams::default().labels("app=rollout");
    living
        .plane
        .eventually("the rollout is under way", async || {
            ensure!(!pods.list(&selected).await?.items.is_empty(), "no pod yet");
            Ok(())
        })
        .await?;
    living.operator.kill();
    let deployments: Api<Deployment> = Api::namespaced(living.admin.client(), INJECTED);
    // What is stored goes on being asked for; every pod of it is refused while nobody can judge it. Scaling
    // is not an object of ours to stop.
    let scale = json!({ "spec": { "replicas": 20 } });
    deployments.patch_scale("rollout", &PatchParams::default(), &Patch::Merge(&scale)).await?;
    let outcome = while_down(bed).await;
    living.operator.restart()?;
    living.plane.operator_ready(&living.operator).await?;
    enforced(&living.plane, &living.admin).await?;
    outcome?;
    living
        .plane
        .eventually("the rollout ends inside", async || {
            let pods = pods.list(&selected).await?.items;
            for pod in &pods {
                let node =
                    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or("hangzhou-1");
                ensure!(node == "hangzhou-1", "{} runs on {node}", pod.name_any());
            }
            ensure!(pods.len() == 20, "{} of 20 pods", pods.len());
            Ok(())
        })
        .await?;
    living.admin.delete(&classified).await
}

/// What holds while nobody of ours answers.
async fn while_down(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let message =
        refused(&living.admin, &pod(INJECTED, "slips-in", json!({ "nodeName": "frankfurt-1" }))).await?;
    ensure!(message.contains("bund.dev"), "{message}");
    let message = refused(&living.admin, &pod(FREE, "hides", json!({}))).await?;
    ensure!(message.contains("bund.dev/guarded"), "the in-tree policy does not stand alone: {message}");
    for namespace in [FREE, "kube-system", "default"] {
        let name = format!("as-if-we-did-not-exist-{namespace}");
        let object = deployment(namespace, &name, 2, json!({}));
        living.admin.create(&object).await?;
        let deployments: Api<Deployment> = Api::namespaced(living.admin.client(), namespace);
        living
            .plane
            .eventually("an unguarded Deployment is available", async || {
                let status = deployments.get(&name).await?.status.unwrap_or_default();
                ensure!(status.available_replicas == Some(2), "{:?} available", status.available_replicas);
                Ok(())
            })
            .await?;
        living.admin.delete(&object).await?;
    }
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "new-and-free" } });
    living.admin.create(&namespace).await?;
    living.admin.delete(&namespace).await
}
