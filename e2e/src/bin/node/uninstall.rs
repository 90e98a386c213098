//! The node loses every container of Bund's, and Bund is uninstalled: the cluster deploys at once.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bund_e2e::control_plane::OWN_NAMESPACE;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, api::ListParams};
use serde_json::json;

use crate::{
    Stage, judge, say,
    workload::{ABROAD, asked, pod},
};

pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    stage.step("Every container of Bund's is killed, and the kubelet with them");
    let killed = stage.node.lose(OWN_NAMESPACE).await?;
    let classified = pod("after", Some(ABROAD));
    let refusal =
        asked(&stage.admin, &classified).await?.context("nobody can judge, and the pod was admitted")?;
    say(format!("{killed} containers are dead.\n  refused  {refusal}"));
    let mut elsewhere = pod("elsewhere", None);
    if let Some(metadata) = elsewhere.pointer_mut("/metadata") {
        *metadata = json!({ "name": "elsewhere", "namespace": "default" });
    }
    ensure!(asked(&stage.admin, &elsewhere).await?.is_none(), "another namespace cannot deploy");
    say("  admitted a pod in a namespace that is not guarded");

    stage.step("helm uninstall");
    stage.helm.run(&["uninstall", bund_e2e::helm::RELEASE], None).await?;
    let uninstalled = Instant::now();
    stage
        .node
        .plane
        .eventually("the guarded namespace deploys", async || {
            let refusal = asked(&stage.admin, &classified).await?;
            ensure!(refusal.is_none(), "{refusal:?}");
            Ok(())
        })
        .await?;
    say(format!("The namespace deploys again, {:.1} s after.", uninstalled.elapsed().as_secs_f64()));
    stage.node.plane.eventually("nothing of Bund's is asked", async || nothing_left(stage).await).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(stage.admin.client());
    let kept = definitions.list(&ListParams::default()).await?.items.len();
    ensure!(kept > 0, "the definitions are gone, and with them what was declared");
    say(format!(
        "No webhook configuration and no policy of Bund's is left; {kept} definitions and what was declared stayed."
    ));

    stage.node.recover()?;
    stage.admin.create(&pod("after", None)).await?;
    judge::running(stage, "after").await?;
    say("A new pod runs on the node.");
    Ok(())
}

async fn nothing_left(stage: &Stage) -> Result<()> {
    let all = ListParams::default();
    let client = stage.admin.client();
    let validating = Api::<ValidatingWebhookConfiguration>::all(client.clone()).list(&all).await?.items.len();
    let mutating = Api::<MutatingWebhookConfiguration>::all(client.clone()).list(&all).await?.items.len();
    let policies = Api::<ValidatingAdmissionPolicyBinding>::all(client).list(&all).await?.items.len();
    ensure!(
        validating + mutating + policies == 0,
        "{validating} validating, {mutating} mutating, {policies} policies"
    );
    Ok(())
}
