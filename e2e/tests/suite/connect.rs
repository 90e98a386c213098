//! The ways through the API server: into pods, to kubelets, and to whatever it calls by URL.
//!
//! The API server dials after admission alone. Here nothing answers, so that what is refused is seen as a refusal, and what is
//! admitted as an error of the dial.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Operator, Options, User, client_as},
    person::Person,
    probe::enforced,
    repository,
    shop::manifests,
};
use kube::api::{Patch, PatchParams};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{bed::Bed, trial};

mod callbacks;
mod kubelets;
mod pods;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "connect",
            "kubectl is refused every way into a classified pod, and the right opens each",
            async |bed| on_counter(bed, pods::every_way).await,
        ),
        trial(
            bed,
            "connect",
            "without us nobody connects into guarded namespaces, and everybody elsewhere",
            async |bed| on_counter(bed, pods::without_us).await,
        ),
        trial(
            bed,
            "connect",
            "of a kubelet only metrics and health are reached without the right, however the path is spelt",
            async |bed| on_counter(bed, kubelets::every_path).await,
        ),
        trial(
            bed,
            "connect",
            "the API server calls by URL nobody whom the engine does not call inside",
            async |bed| on_counter(bed, callbacks::every_spelling).await,
        ),
    ]
}

/// A guarded namespace where connections need the right.
const COUNTER: &str = "counter";
/// A guarded namespace where connections are only recorded.
const BOOKS: &str = "books";
/// A namespace that is not enrolled.
const STREET: &str = "street";
/// The class that is kept.
const CLASS: &str = "personal-information";
/// The node on which all pods are said to run.
const NODE: &str = "hangzhou-1";

/// A control plane without controllers, with one node that nobody plays, and Bund at work.
struct Counter {
    plane: ControlPlane,
    admin: Cluster,
    operator: Operator,
    /// Somebody who may connect into what holds [`CLASS`].
    connector: Person,
}

impl Counter {
    /// The cluster as the person with the right reaches it.
    async fn as_connector(&self) -> Result<Cluster> {
        let kubeconfig = self.plane.kubeconfig(User::ADMIN)?;
        Ok(Cluster::of(client_as(kubeconfig, &self.connector.name()).await?))
    }
}

async fn on_counter(bed: &Bed, test: impl AsyncFnOnce(&Bed, &mut Counter) -> Result<()>) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::api_only()).await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    admin.apply_definitions(&plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    for name in [COUNTER, BOOKS] {
        plane.create_namespace(name, &[("bund.dev/guarded", "true"), ("e2e", name)]).await?;
    }
    plane.create_namespace(STREET, &[]).await?;
    let connector = Person::who_may_connect([CLASS]);
    admin.apply_all(&connector.grants()).await?;
    admin.apply_all(&[policy(COUNTER, "Deny"), policy(BOOKS, "Audit"), node()]).await?;
    for (namespace, name, class) in
        [(COUNTER, "web", true), (COUNTER, "plain", false), (BOOKS, "web", true), (STREET, "plain", false)]
    {
        let pod = pod(namespace, name, class);
        admin.apply_all(&[account(namespace), pod.clone()]).await?;
        // kubectl asks for nothing of a pod that does not run.
        let runs = Patch::Merge(json!({ "status": { "phase": "Running" } }));
        admin.api_of(&pod).await?.patch_subresource("status", name, &PatchParams::default(), &runs).await?;
    }
    admin.apply_all(&callbacks::places(&admin).await?).await?;
    let operator = plane.start_operator(&bed.operator().await?).await?;
    enforced(&plane, &admin).await?;
    let mut counter = Counter { plane, admin, operator, connector };
    let outcome = test(bed, &mut counter).await;
    let Counter { plane, operator, .. } = counter;
    drop(operator);
    plane.stop()?;
    outcome
}

fn policy(namespace: &str, mode: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": namespace },
        "spec": {
            "dataClasses": [CLASS], "jurisdictions": ["cn-mainland"],
            "namespaceSelector": { "matchLabels": { "e2e": namespace } },
            "enforcement": { "connect": mode, "network": mode }
        }
    })
}

/// Where the API server would dial nobody: a port of loopback that nobody listens on.
fn node() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": NODE, "labels": { "topology.kubernetes.io/region": "cn-hangzhou" } },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 1 } }
        }
    })
}

fn account(namespace: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default", "namespace": namespace } })
}

fn pod(namespace: &str, name: &str, classified: bool) -> Value {
    let labels = if classified { json!({ format!("data-class.bund.dev/{CLASS}"): "" }) } else { json!({}) };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": {
            "nodeName": NODE, "automountServiceAccountToken": false,
            "containers": [{ "name": "app", "image": "web:1", "stdin": true, "tty": true }]
        }
    })
}

/// What the API server says to a request at this path: its code and its text.
async fn say(cluster: &Cluster, method: http::Method, path: &str) -> Result<(u16, String)> {
    let request = http::Request::builder().method(method).uri(path).body(Vec::new())?;
    match cluster.client().request_text(request).await {
        Ok(text) => Ok((200, text)),
        Err(kube::Error::Api(status)) => Ok((status.code, status.message.clone())),
        Err(error) => Err(error.into()),
    }
}

/// Says whether a request is refused for want of the right.
async fn is_refused(cluster: &Cluster, method: http::Method, path: &str) -> Result<bool> {
    let (code, said) = say(cluster, method, path).await?;
    let refused = said.contains("ConnectionUnapproved");
    ensure!(!refused || code == 403, "{path}: {code} {said}");
    ensure!(!said.contains("failed calling webhook"), "{path}: {said}");
    Ok(refused)
}
