//! The rights that the chart gives, and nothing else: first without those of the response, then with them.

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::name_of,
    control_plane::{AuditEvent, AuditPosition},
    shop::manifests,
};
use k8s_openapi::api::core::v1::{Event, Node, Pod, Taint};
use kube::{Api, api::ListParams};
use serde_json::{Value, json};

use super::{evictions, move_node, policy, responding, taken};
use crate::{
    admission::pod,
    bed::Bed,
    chart::{Ground, SHOP, install, on_ground, tails},
};

/// The policy that asks.
const POLICY: &str = "responds";
/// The node that leaves and comes back.
const NODE: &str = "hangzhou-1";

pub(super) async fn given_later(bed: &Bed) -> Result<()> {
    on_ground(bed, async |ground| {
        let roles = install(bed, ground).await?;
        tell(ground).await.with_context(|| tails(&roles))
    })
    .await
}

async fn tell(ground: &Ground) -> Result<()> {
    let Ground { plane, admin, .. } = ground;
    let bare = pod(SHOP, "bare", json!({ "nodeName": NODE }));
    admin.create(&bare).await?;
    let pods: Api<Pod> = Api::namespaced(admin.client(), SHOP);
    let running = async || {
        let phase = pods.get("bare").await?.status.and_then(|status| status.phase);
        ensure!(phase.as_deref() == Some("Running"), "it is {phase:?}");
        Ok(())
    };
    plane.eventually("the pod runs", running).await?;
    let asks =
        json!({ "response": { "placement": "Evict" }, "eviction": { "graceSeconds": 0 }, "nodes": "Taint" });
    admin.apply(&policy(POLICY, &asks)).await?;
    let position = plane.audit_log().end()?;
    move_node(admin, NODE, "cn-hongkong").await?;
    responding(plane, admin, POLICY, "the missing rights are said", |status, reason, message| {
        let told = ["response.evict: true", "response.taint: true", "shop/bare"];
        (status, reason) == ("False", "RightMissing") && told.iter().all(|part| message.contains(part))
    })
    .await?;
    ensure!(evictions(plane, position)?.is_empty(), "it was tried without the right");
    ensure!(our_taint(ground).await?.is_none(), "it was tainted without the right");

    let position = plane.audit_log().end()?;
    grant(ground).await?;
    let gone = async || {
        let found = pods.get_opt("bare").await?;
        ensure!(found.is_none(), "it runs on");
        Ok(())
    };
    plane.eventually("the pod is evicted", gone).await?;
    ensure!(taken(&evictions(plane, position)?) == ["shop/bare"], "{:?}", evictions(plane, position)?);
    let tainted = async || our_taint(ground).await?.map(drop).context("it has no taint of ours");
    plane.eventually("the node is tainted", tainted).await?;
    responding(plane, admin, POLICY, "nothing is stuck", |status, reason, _| {
        (status, reason) == ("True", "NothingToEvict")
    })
    .await?;
    plane.eventually("both are told", async || told(ground).await).await?;

    move_node(admin, NODE, "cn-hangzhou").await?;
    let untainted = async || {
        let taint = our_taint(ground).await?;
        ensure!(taint.is_none(), "{taint:?}");
        Ok(())
    };
    plane.eventually("the node that is back loses the taint", untainted).await?;
    nothing_was_forbidden(ground, position)
}

/// What the chart renders with `response`, of the leader's role alone: a release that is upgraded would lead the Service
/// back to pods that only seem to run.
async fn grant(ground: &Ground) -> Result<()> {
    let values = json!({ "response": { "evict": true, "taint": true } });
    let rendered = manifests(&ground.helm.template(&[], Some(&values)).await?)?;
    let role = rendered.iter().find(|object| {
        object["kind"] == "ClusterRole" && name_of(object).is_ok_and(|name| name == "bund-controller")
    });
    ground.admin.apply(role.context("no role is rendered")?).await?;
    Ok(())
}

async fn our_taint(ground: &Ground) -> Result<Option<Taint>> {
    let nodes: Api<Node> = Api::all(ground.admin.client());
    let taints = nodes.get(NODE).await?.spec.and_then(|spec| spec.taints).unwrap_or_default();
    Ok(taints.into_iter().find(|taint| taint.key == "bund.dev/outside" && taint.effect == "NoSchedule"))
}

/// The events of the pod and of the node.
async fn told(ground: &Ground) -> Result<()> {
    let events: Api<Event> = Api::all(ground.admin.client());
    for (reason, name) in [("Evicted", "bare"), ("TaintedOutside", NODE)] {
        let listed = events.list(&ListParams::default().fields(&format!("reason={reason}"))).await?;
        let about = |event: &Event| event.involved_object.name.as_deref() == Some(name);
        let event =
            listed.items.into_iter().find(about).with_context(|| format!("no event {reason} of {name}"))?;
        let message = event.message.unwrap_or_default();
        ensure!(message.contains(POLICY), "{message}");
    }
    Ok(())
}

fn nothing_was_forbidden(ground: &Ground, since: AuditPosition) -> Result<()> {
    let forbidden = |event: &AuditEvent| {
        event.user.username.starts_with("system:serviceaccount:bund-system:bund-")
            && event.response_status.code == 403
    };
    let events: Vec<Value> = ground
        .plane
        .audit_log()
        .since(since)?
        .iter()
        .filter(|event| forbidden(event))
        .map(|event| json!(event.request_uri))
        .collect();
    ensure!(events.is_empty(), "{events:?}");
    Ok(())
}
