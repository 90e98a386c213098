//! ClusterNetworkPolicies, by the definition of those who publish them: what stands before the NetworkPolicies of a closed
//! namespace wherever a cluster serves them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::{Approved, Revoked};
use bund_e2e::{cluster_network_policies::definitions, control_plane::Options};
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::ApiResource;
use serde_json::{Value, json};

use super::opening::ABROAD;
use super::vault::{ANNEX, PERSONAL, VAULT, closed, has, lay, pod};
use crate::bed::Bed;
use crate::transfers::example::{decision, transfer_of};
use crate::transfers::ground::{Ground, on_ground};

const CLOSED: [&str; 2] = ["bund-egress", "bund-egress-personal-information"];
/// How long what others made of it may stand.
const MENDED_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn kept(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        lay(ground).await?;
        ground.admin.create(&pod(VAULT, "sender", &[PERSONAL])).await?;
        has(ground, VAULT, &CLOSED).await?;
        let definitions = definitions().await?;
        // Its kind comes while the operator runs.
        ground.admin.apply_all(&definitions).await?;
        stands(ground, VAULT, &[]).await?;
        closed(ground, VAULT, "True", "Closed").await?;
        opens_for_a_transfer(ground).await?;
        mended(ground).await?;
        comes_and_goes(ground, &definitions).await?;
        goes_last(ground).await
    })
    .await
}

/// ClusterNetworkPolicies, whether they are served or not.
fn api(ground: &Ground<'_>) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: "policy.networking.k8s.io".to_owned(),
        version: "v1alpha2".to_owned(),
        api_version: "policy.networking.k8s.io/v1alpha2".to_owned(),
        kind: "ClusterNetworkPolicy".to_owned(),
        plural: "clusternetworkpolicies".to_owned(),
    };
    Api::all_with(ground.admin.client(), &resource)
}

fn name(namespace: &str) -> String {
    format!("bund-egress-{namespace}")
}

/// Waits until the policy of a namespace is stored exactly as it should be: with names, the API server, and what is `open`
/// besides, between the two addresses of the API server.
async fn stands(ground: &Ground<'_>, namespace: &str, open: &[Value]) -> Result<()> {
    let tcp = |port: u16| json!({ "tcp": { "destinationPort": { "number": port } } });
    let udp = |port: u16| json!({ "udp": { "destinationPort": { "number": port } } });
    let opening = |network: &str, protocols: Value| json!({ "action": "Pass", "to": [{ "networks": [network] }], "protocols": protocols });
    let port = ground.plane.server().rsplit_once(':').context("a port")?.1.parse()?;
    let mut networks = vec![
        opening("169.254.20.10/32", json!([tcp(53), udp(53)])),
        opening("10.96.0.1/32", json!([tcp(443)])),
    ];
    networks.extend(open.iter().cloned());
    networks.push(opening("192.0.2.1/32", json!([tcp(port)])));
    for (n, rule) in networks.iter_mut().enumerate() {
        rule["name"] = format!("networks-{n}").into();
    }
    let mut egress = vec![json!({ "name": "pods", "action": "Pass", "to": [{ "namespaces": {} }] })];
    egress.extend(networks);
    egress.push(json!({ "name": "rest", "action": "Deny", "to": [{ "networks": ["0.0.0.0/0", "::/0"] }] }));
    let expected = json!({
        "tier": "Admin", "priority": 100,
        "subject": { "namespaces": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } },
        "egress": egress
    });
    let as_written = async || {
        let found = api(ground).get(&name(namespace)).await?;
        ensure!(found.data["spec"] == expected, "it says {}, and should {expected}", found.data["spec"]);
        let labels = found.metadata.labels.unwrap_or_default();
        ensure!(
            labels == [("app.kubernetes.io/managed-by".to_owned(), "bund".to_owned())].into(),
            "{labels:?}"
        );
        Ok(())
    };
    ground.plane.eventually(&format!("{} is stored as it should be", name(namespace)), as_written).await
}

/// What a transfer opens passes it too, of every protocol, until the transfer ends.
async fn opens_for_a_transfer(ground: &Ground<'_>) -> Result<()> {
    let mut transfer = transfer_of(VAULT, "tier", &[PERSONAL])?;
    transfer["spec"]["sources"] = json!([{ "kind": "Pod", "name": "sender" }]);
    transfer["spec"]["destinations"] = json!([{ "network": ABROAD, "ports": [
        { "port": 443, "protocol": "TCP" }, { "port": 5000, "protocol": "UDP" }, { "port": 5000, "protocol": "SCTP" }
    ] }]);
    let transfer = ground.li_na.create(&transfer).await?;
    ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    let open = json!({
        "action": "Pass", "to": [{ "networks": [ABROAD] }], "protocols": [
            { "tcp": { "destinationPort": { "number": 443 } } },
            { "udp": { "destinationPort": { "number": 5000 } } },
            { "sctp": { "destinationPort": { "number": 5000 } } }
        ]
    });
    stands(ground, VAULT, &[open]).await?;
    ground.condition(&transfer, "Programmed", "True").await?;
    ground.wang_wei.create(&decision(&transfer, Revoked)?).await?;
    stands(ground, VAULT, &[]).await
}

/// Whatever others make of it, it is as before within seconds, and that is told.
async fn mended(ground: &Ground<'_>) -> Result<()> {
    let everybody = json!({ "namespaceSelector": {}, "podSelector": { "matchLabels": { "app": "nobody" } } });
    let changes = [
        json!({ "spec": { "priority": 900 } }),
        json!({ "spec": { "tier": "Baseline" } }),
        json!({ "spec": { "egress": [] } }),
        json!({ "spec": { "subject": { "namespaces": { "matchLabels": null, "matchExpressions": [
            { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [VAULT] }] } } } }),
        json!({ "spec": { "subject": { "namespaces": null, "pods": everybody } } }),
        json!({ "spec": { "ingress": [{ "action": "Deny", "from": [{ "namespaces": {} }] }] } }),
        json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "me" } } }),
    ];
    for change in &changes {
        api(ground).patch(&name(VAULT), &PatchParams::default(), &Patch::Merge(change)).await?;
        let since = Instant::now();
        stands(ground, VAULT, &[]).await.with_context(|| format!("after {change}"))?;
        ensure!(since.elapsed() <= MENDED_WITHIN, "after {change} it took {:?}", since.elapsed());
    }
    let uid = api(ground).get(&name(VAULT)).await?.metadata.uid;
    api(ground).delete(&name(VAULT), &DeleteParams::default()).await?;
    let since = Instant::now();
    stands(ground, VAULT, &[]).await?;
    ensure!(since.elapsed() <= MENDED_WITHIN, "it took {:?}", since.elapsed());
    ensure!(api(ground).get(&name(VAULT)).await?.metadata.uid != uid, "it was not deleted");
    let events: Api<Event> = Api::namespaced(ground.admin.client(), "default");
    let told = async || {
        let all = events.list(&ListParams::default()).await?.items.into_iter();
        let mut names: Vec<_> = all.filter_map(|event| event.metadata.name).collect();
        names.retain(|name| name.starts_with("bund-egress."));
        names.sort();
        let about = format!("bund-egress.clusternetworkpolicy.{}", name(VAULT));
        ensure!(
            names == ["changed", "deleted"].map(|what| format!("{about}.{what}")),
            "events are {names:?}"
        );
        Ok(())
    };
    ground.plane.eventually("events tell what was mended", told).await
}

/// Its kind goes: the NetworkPolicies close as before, here and elsewhere. The kind comes back, and so do the policies.
async fn comes_and_goes(ground: &Ground<'_>, definitions: &[Value]) -> Result<()> {
    for definition in definitions {
        ground.admin.delete(definition).await?;
    }
    let gone = async || {
        let error = api(ground).list(&ListParams::default()).await.err().context("they are served")?;
        // What answers so knows of no kind, and says it in plain text.
        ensure!(matches!(&error, kube::Error::Api(status) if status.code == 404), "{error}");
        Ok(())
    };
    ground.plane.eventually("ClusterNetworkPolicies are not served", gone).await?;
    ground.admin.create(&pod(ANNEX, "holder", &[PERSONAL])).await?;
    has(ground, ANNEX, &CLOSED).await?;
    for namespace in [ANNEX, VAULT] {
        closed(ground, namespace, "True", "Closed").await?;
    }
    has(ground, VAULT, &CLOSED).await?;
    ground.admin.apply_all(definitions).await?;
    for namespace in [ANNEX, VAULT] {
        stands(ground, namespace, &[]).await?;
        closed(ground, namespace, "True", "Closed").await?;
    }
    Ok(())
}

/// With the last classified pod everything goes: first what opens, and then what closes.
async fn goes_last(ground: &Ground<'_>) -> Result<()> {
    let position = ground.plane.audit_log().end()?;
    ground.admin.delete(&pod(VAULT, "sender", &[])).await?;
    has(ground, VAULT, &[]).await?;
    let gone = async || {
        let found = api(ground).get_opt(&name(VAULT)).await?;
        ensure!(found.is_none(), "it is there");
        Ok(())
    };
    ground.plane.eventually("its ClusterNetworkPolicy is gone", gone).await?;
    let deleted = ground.plane.audit_log().since(position)?.into_iter().filter(|event| {
        event.verb == "delete" && event.response_status.code == 200 && event.object_ref.resource != "pods"
    });
    let mut order: Vec<_> = deleted.map(|event| event.object_ref.name).collect();
    let closing = order.split_off(order.len().min(1));
    ensure!(order == ["bund-egress-personal-information"], "first went {order:?}, and then {closing:?}");
    let mut closing = closing;
    closing.sort();
    ensure!(closing == ["bund-egress", "bund-egress-vault"], "last went {closing:?}");
    stands(ground, ANNEX, &[]).await
}
