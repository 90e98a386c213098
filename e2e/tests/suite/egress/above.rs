//! Policies of the whole cluster, by the definition of those who publish them: refused where they open more, and named where a
//! namespace came to them.

use anyhow::{Context, Result, ensure};
use bund_e2e::{cluster_network_policies::definitions, control_plane::Options};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::vault::{PERSONAL, VAULT, closed, lay, pod};
use crate::bed::Bed;
use crate::transfers::ground::on_ground;

pub(super) async fn judged(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        ground.admin.apply_all(&definitions().await?).await?;
        lay(ground).await?;
        ground.admin.create(&pod(VAULT, "holder", &[PERSONAL])).await?;
        closed(ground, VAULT, "True", "Closed").await?;

        let others =
            json!({ "matchExpressions": [{ "key": "bund.dev/guarded", "operator": "DoesNotExist" }] });
        ground.admin.create(&policy("others", "Accept", &others)).await?;
        ground.admin.create(&policy("denies", "Deny", &json!({}))).await?;
        let refused = ground.admin.create(&policy("above", "Accept", &json!({}))).await;
        let refused = format!("{:#}", refused.err().context("it was admitted")?);
        let names = ["EgressWidened", "namespace vault", "spec.egress[0].to[0].networks[0]"];
        ensure!(names.into_iter().all(|part| refused.contains(part)), "{refused}");

        let of_team = policy("of-team", "Accept", &json!({ "matchLabels": { "team": "a" } }));
        ground.admin.create(&of_team).await?;
        closed(ground, VAULT, "True", "Closed").await?;
        let namespaces: Api<Namespace> = Api::all(ground.admin.client());
        let joins = json!({ "metadata": { "labels": { "team": "a" } } });
        namespaces.patch(VAULT, &PatchParams::default(), &Patch::Merge(&joins)).await?;
        let message = closed(ground, VAULT, "False", "Widened").await?;
        ensure!(message.contains("ClusterNetworkPolicy of-team in namespace vault"), "{message}");
        ground.admin.delete(&of_team).await?;
        closed(ground, VAULT, "True", "Closed").await.map(drop)
    })
    .await
}

/// A policy about addresses abroad, in the tier that comes first.
fn policy(name: &str, action: &str, namespaces: &Value) -> Value {
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": { "name": name },
        "spec": {
            "tier": "Admin", "priority": 7, "subject": { "namespaces": namespaces },
            "egress": [{ "name": "out", "action": action, "to": [{ "networks": ["203.0.113.0/24"] }] }]
        }
    })
}
