//! The namespaces of these trials, and what is seen of them.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use bund_e2e::cluster::condition_of;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::transfers::ground::Ground;

/// A namespace where egress is `Deny`.
pub(super) const VAULT: &str = "vault";
/// Another one.
pub(super) const ANNEX: &str = "annex";
/// A namespace where it is `Audit`.
pub(super) const GLASS: &str = "glasshouse";

/// The class of these trials.
pub(super) const PERSONAL: &str = "personal-information";
/// Another one.
pub(super) const FINANCIAL: &str = "financial-transactions";
/// The mark of what a pod holds.
pub(super) const HOLDS: &str = "egress.bund.dev/holds";

/// The names of policies by what they are: NetworkPolicies of a namespace.
pub(super) type Policies = BTreeMap<String, NetworkPolicySpec>;

/// Lays the namespaces out, with a policy each.
pub(super) async fn lay(ground: &Ground<'_>) -> Result<()> {
    for (name, mode) in [(VAULT, "Deny"), (ANNEX, "Deny"), (GLASS, "Audit")] {
        ground.plane.create_namespace(name, &[("bund.dev/guarded", "true")]).await?;
        ground.admin.apply(&policy(name, mode)).await?;
    }
    Ok(())
}

/// A policy that keeps two classes in one namespace, and asks for the pods of ended transfers to go.
pub(super) fn policy(namespace: &str, mode: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": namespace },
        "spec": {
            "dataClasses": [PERSONAL, FINANCIAL], "jurisdictions": ["cn-mainland"],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "enforcement": { "egress": mode }
        }
    })
}

/// A pod that holds these classes.
pub(super) fn pod(namespace: &str, name: &str, classes: &[&str]) -> Value {
    let mut labels = json!({ "app": name });
    for class in classes {
        labels[format!("data-class.bund.dev/{class}")] = json!("");
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": { "containers": [{ "name": "app", "image": "app:1" }] }
    })
}

/// The NetworkPolicies of a namespace.
pub(super) fn api(ground: &Ground<'_>, namespace: &str) -> Api<NetworkPolicy> {
    Api::namespaced(ground.admin.client(), namespace)
}

/// What they ask for, by name.
pub(super) async fn policies(ground: &Ground<'_>, namespace: &str) -> Result<Policies> {
    let all = api(ground, namespace).list(&ListParams::default()).await?;
    let named =
        all.items.into_iter().map(|policy| Some((policy.metadata.name?, policy.spec.unwrap_or_default())));
    named.collect::<Option<_>>().context("a policy without a name")
}

/// Waits until a namespace has the policies of these names, and no others, and returns them.
pub(super) async fn has(ground: &Ground<'_>, namespace: &str, names: &[&str]) -> Result<Policies> {
    let there = async || {
        let found = policies(ground, namespace).await?;
        ensure!(found.keys().eq(names), "there are {:?}", found.keys());
        Ok(found)
    };
    ground.plane.eventually(&format!("{namespace} has the policies {names:?}"), there).await
}

/// Waits until a pod carries these marks of ours, and no others.
pub(super) async fn marked(
    ground: &Ground<'_>,
    namespace: &str,
    name: &str,
    marks: &[(&str, &str)],
) -> Result<()> {
    let expected: BTreeMap<_, _> =
        marks.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let pods: Api<Pod> = Api::namespaced(ground.admin.client(), namespace);
    let carries = async || {
        let labels = pods.get(name).await?.metadata.labels.unwrap_or_default();
        let found: BTreeMap<_, _> =
            labels.into_iter().filter(|(key, _)| key.contains("egress.bund.dev/")).collect();
        ensure!(found == expected, "it carries {found:?}");
        Ok(())
    };
    ground.plane.eventually(&format!("Pod {namespace}/{name} carries {expected:?}"), carries).await
}

/// Waits until the condition of a policy has this status and reason, and returns its message.
pub(super) async fn closed(ground: &Ground<'_>, policy: &str, status: &str, reason: &str) -> Result<String> {
    let api = ground.admin.api_of(&self::policy(policy, "Deny")).await?;
    let told = async || {
        let found = api.get(policy).await?.data;
        let condition = condition_of(&found["status"], "EgressClosed")?;
        ensure!(condition["status"] == status && condition["reason"] == reason, "{condition}");
        Ok(condition["message"].as_str().unwrap_or_default().to_owned())
    };
    ground.plane.eventually(&format!("EgressClosed of {policy} is {status}/{reason}"), told).await
}

/// Every address that a NetworkPolicy lets pods reach.
pub(super) fn networks(spec: &NetworkPolicySpec) -> Vec<String> {
    let rules = spec.egress.iter().flatten();
    let peers = rules.flat_map(|rule| rule.to.iter().flatten());
    peers.filter_map(|peer| peer.ip_block.as_ref()).map(|block| block.cidr.clone()).collect()
}
