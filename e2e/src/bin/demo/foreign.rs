//! The demo on a cluster of the user's own, named with `DEMO_CONTEXT`. Workloads are only asked about
//! (server-side dry run); what has to exist for that is taken away again.

use std::{net::IpAddr, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bund_e2e::{
    cluster::{Cluster, definitions, told},
    control_plane::serve_operator,
    probe, repository,
    shop::{self, NAMESPACE, Shop},
};
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config,
    api::{DynamicObject, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
};
use serde_json::Value;

use crate::{REGION, refusal, say, step};

/// The namespace in which the operator keeps its certificate.
const OWN_NAMESPACE: &str = "bund-demo-system";

/// Runs the demo against the cluster of `context`.
pub(crate) async fn run(context: &str) -> Result<()> {
    let host = std::env::var("DEMO_WEBHOOK_HOST").context(
        "DEMO_WEBHOOK_HOST is not set: name an address of this machine at which the API server of the cluster can reach it",
    )?;
    let host: IpAddr = host.parse().context("DEMO_WEBHOOK_HOST is not an IP address")?;
    step(&format!("The cluster of context {context}"));
    let mut kubeconfig = Kubeconfig::read().context("no kubeconfig can be read")?;
    kubeconfig.current_context = Some(context.to_owned());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, serde_json::to_vec(&kubeconfig)?)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let cluster = Cluster::of(Client::try_from(config)?);
    untouched(&cluster).await?;
    let told = ask(&cluster, host, path).await;
    let removed = remove(&cluster).await;
    told?;
    removed.context(
        "not everything could be removed; see what is left with `kubectl get crd,ns,vwc,mwc,vap,vapb`",
    )?;
    say("\nEverything that was made in the cluster has been removed.");
    Ok(())
}

/// Nothing of the user's may be overwritten or removed.
async fn untouched(cluster: &Cluster) -> Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(cluster.client());
    let there =
        definitions.get_opt("residencypolicies.bund.dev").await.context("the cluster does not answer")?;
    ensure!(there.is_none(), "Bund is installed in this cluster; the demo would get in its way");
    let namespaces: Api<Namespace> = Api::all(cluster.client());
    for name in [NAMESPACE, OWN_NAMESPACE] {
        ensure!(
            namespaces.get_opt(name).await?.is_none(),
            "the namespace {name} exists; the demo needs it for itself"
        );
    }
    Ok(())
}

async fn ask(cluster: &Cluster, host: IpAddr, kubeconfig: PathBuf) -> Result<()> {
    let definitions = definitions()?;
    cluster.apply_all(&definitions).await?;
    tokio::time::timeout(std::time::Duration::from_mins(1), async {
        while cluster.serves(&definitions).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await
    .context("the cluster does not serve our kinds after a minute")?;
    for folder in ["policies/jurisdictions", "examples/policies"] {
        cluster.apply_all(&shop::manifests(&repository::root().join(folder))?).await?;
    }
    cluster.apply_all(&[shop::namespace(), namespace(OWN_NAMESPACE)]).await?;
    let programs = repository::programs().await?;
    let _operator = serve_operator(&programs.join("bund-operator"), &kubeconfig, host, OWN_NAMESPACE).await?;
    probe::validated(cluster).await.with_context(|| format!("is {host} reachable from the API server?"))?;
    let shop = Shop::open()?;
    step(&format!("The {}, as it is (dry run)", shop.title));
    ensure!(dry_run(cluster, &shop).await? > 0, "nothing was refused");
    step("The same shop, placed in Hangzhou (dry run)");
    let refused = dry_run(cluster, &shop.placed("topology.kubernetes.io/region", REGION)).await?;
    ensure!(refused == 0, "the placed shop was refused");
    say("Every object was admitted.");
    Ok(())
}

fn namespace(name: &str) -> Value {
    serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

async fn dry_run(cluster: &Cluster, shop: &Shop) -> Result<usize> {
    let mut refused = 0;
    let parameters = PatchParams { dry_run: true, ..PatchParams::apply("bund-demo") };
    for object in &shop.objects {
        let api: Api<DynamicObject> = cluster.api_of(object).await?;
        let name = bund_e2e::cluster::name_of(object)?;
        if let Err(error) = api.patch(name, &parameters, &Patch::Apply(object)).await {
            let error = anyhow::Error::from(error);
            let Some(message) = refusal(&error) else { bail!("{} was not judged: {error:#}", told(object)) };
            refused += 1;
            say(format!("  refused  {}\n           {message}", told(object)));
        }
    }
    Ok(refused)
}

/// Takes away what the demo made: enforcement first, so that nothing can get stuck.
async fn remove(cluster: &Cluster) -> Result<()> {
    let ours =
        |object: &DynamicObject| object.metadata.name.as_ref().is_some_and(|name| name.starts_with("bund"));
    for kind in [
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingAdmissionPolicy",
    ] {
        cluster
            .delete_where(&GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind), ours)
            .await?;
    }
    for definition in definitions()? {
        cluster.delete(&definition).await?;
    }
    for name in [NAMESPACE, OWN_NAMESPACE] {
        cluster.delete(&namespace(name)).await?;
    }
    Ok(())
}
