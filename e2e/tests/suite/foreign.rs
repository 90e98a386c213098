//! The demo on a cluster that is named: it only asks, and leaves the cluster as it was.

use std::{process::Stdio, sync::Arc};

use anyhow::{Context, Result, ensure};
use bund_e2e::control_plane::{ControlPlane, Options, User};
use k8s_openapi::{
    api::{
        admissionregistration::v1::{
            MutatingWebhookConfiguration, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
        },
        apps::v1::Deployment,
        core::v1::Namespace,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, Client, ResourceExt, api::ListParams};
use libtest_mimic::Trial;
use tokio::process::Command;

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(bed, "demo", "a cluster that is named is asked and left as it was", asked_and_left)]
}

async fn asked_and_left(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::default()).await?;
    let kubeconfig = plane.kubeconfig(User::ADMIN)?;
    let context = kube::config::Kubeconfig::read_from(kubeconfig)?.current_context.context("a context")?;
    let output = Command::new(env!("CARGO_BIN_EXE_demo"))
        .env("KUBECONFIG", kubeconfig)
        .env("DEMO_CONTEXT", context)
        .env("DEMO_WEBHOOK_HOST", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(told.contains("refused  Deployment"), "nothing was refused: {told}");
    let client = plane.client(User::ADMIN).await?;
    let left = plane
        .eventually("the cluster is as it was", async || {
            let left = left(&client).await?;
            ensure!(left.is_empty(), "left: {left:?}");
            Ok(())
        })
        .await;
    plane.stop()?;
    left
}

/// What of ours is in the cluster.
async fn left(client: &Client) -> Result<Vec<String>> {
    let all = ListParams::default();
    let mut names: Vec<String> = Vec::new();
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    names.extend(definitions.list(&all).await?.iter().map(ResourceExt::name_any));
    let configurations: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
    names.extend(configurations.list(&all).await?.iter().map(ResourceExt::name_any));
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    names.extend(configurations.list(&all).await?.iter().map(ResourceExt::name_any));
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(client.clone());
    names.extend(bindings.list(&all).await?.iter().map(ResourceExt::name_any));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    names.extend(namespaces.list(&all).await?.iter().map(ResourceExt::name_any));
    let deployments: Api<Deployment> = Api::all(client.clone());
    names.extend(deployments.list(&all).await?.iter().map(ResourceExt::name_any));
    names.retain(|name| name.contains("bund") || name.contains("sock-shop"));
    Ok(names)
}
