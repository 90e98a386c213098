//! Policies of the whole cluster, by the definition of those who publish them: refused where they open more, and named where a
//! namespace came to them. Those of another network in a namespace that were there before us are named too.

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster_network_policies::definitions, control_plane::Options, entrance::foreign::definition,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::vault::{self, PERSONAL, VAULT, closed, lay, pod};
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

/// A policy of another network is there before its kind is known to us, and before its namespace is guarded.
pub(super) async fn came_before(bed: &Bed) -> Result<()> {
    const MARKET: &str = "market";
    on_ground(bed, Options::api_only(), async |ground| {
        ground.plane.create_namespace(MARKET, &[]).await?;
        let kind = ("CiliumNetworkPolicy", "ciliumnetworkpolicies", ["v2"].as_slice());
        ground.admin.apply(&definition("cilium.io", "Namespaced", kind)).await?;
        let open = json!({
            "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
            "metadata": { "name": "open", "namespace": MARKET },
            "spec": { "endpointSelector": {}, "egress": [{ "toEntities": ["world"] }] }
        });
        let served = async || ground.admin.create(&open).await.map(drop);
        ground.plane.eventually("the policy of Cilium is there", served).await?;

        ground.admin.apply(&vault::policy(MARKET, "Deny")).await?;
        let namespaces: Api<Namespace> = Api::all(ground.admin.client());
        let guards = json!({ "metadata": { "labels": { "bund.dev/guarded": "true" } } });
        namespaces.patch(MARKET, &PatchParams::default(), &Patch::Merge(&guards)).await?;
        ground.admin.create(&pod(MARKET, "holder", &[PERSONAL])).await?;
        let message = closed(ground, MARKET, "False", "Widened").await?;
        ensure!(message.contains("CiliumNetworkPolicy market/open of cilium.io"), "{message}");
        ground.admin.delete(&open).await?;
        closed(ground, MARKET, "True", "Closed").await?;
        let refused = ground.admin.create(&open).await;
        let refused = format!("{:#}", refused.err().context("it was admitted")?);
        ensure!(refused.contains("EgressWidened"), "{refused}");
        Ok(())
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
