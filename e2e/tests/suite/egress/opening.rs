//! What a transfer opens, for whom and until when.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::{Approved, Revoked};
use bund_e2e::{control_plane::Options, ledger::LedgerFolder};
use bund_ledger::Event;
use k8s_openapi::jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::json;

use super::vault::{HOLDS, PERSONAL, VAULT, has, lay, marked, networks, pod, policies, policy};
use crate::bed::Bed;
use crate::transfers::example::{decision, transfer_of};
use crate::transfers::ground::{Ground, on_configured_ground};

const CLOSED: [&str; 2] = ["bund-egress", "bund-egress-personal-information"];
/// How long a rule may outlive its transfer.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);
/// Where the transfers lead.
pub(super) const ABROAD: &str = "203.0.113.7/32";

pub(super) async fn until_it_ends(bed: &Bed) -> Result<()> {
    let folder = LedgerFolder::new()?;
    on_configured_ground(bed, Options::api_only(), folder.configuration(), async |ground| {
        lay(ground).await?;
        for name in ["sender", "bystander"] {
            ground.admin.create(&pod(VAULT, name, &[PERSONAL])).await?;
        }
        has(ground, VAULT, &CLOSED).await?;
        revoked(ground).await?;
        expires(ground).await?;
        needs_a_gateway(ground).await?;
        evicts(ground, &folder).await
    })
    .await
}

/// A transfer for the sender to one address and port, in effect; `name` tells it from others.
async fn open(
    ground: &Ground<'_>,
    name: &str,
    change: impl FnOnce(&mut serde_json::Value),
) -> Result<DynamicObject> {
    let mut transfer = transfer_of(VAULT, name, &[PERSONAL])?;
    transfer["spec"]["sources"] = json!([{ "kind": "Pod", "name": "sender" }]);
    transfer["spec"]["destinations"] =
        json!([{ "network": ABROAD, "ports": [{ "port": 443, "protocol": "TCP" }] }]);
    change(&mut transfer);
    let transfer = ground.li_na.create(&transfer).await?;
    ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    Ok(transfer)
}

fn uid(transfer: &DynamicObject) -> Result<&str> {
    transfer.metadata.uid.as_deref().context("a uid")
}

/// Waits until exactly the transfer's rule is there, for its source alone.
async fn is_open(ground: &Ground<'_>, transfer: &DynamicObject) -> Result<()> {
    let uid = uid(transfer)?;
    let (rule, mark) = (format!("bund-transfer-{uid}"), format!("transfer.egress.bund.dev/{uid}"));
    let found = has(ground, VAULT, &[CLOSED[0], CLOSED[1], &rule]).await?;
    let spec = serde_json::to_value(found.get(&rule).context("the rule")?)?;
    let expected = json!({
        "podSelector": { "matchLabels": { mark.clone(): "" } }, "policyTypes": ["Egress"],
        "egress": [{ "to": [{ "ipBlock": { "cidr": ABROAD } }], "ports": [{ "port": 443, "protocol": "TCP" }] }]
    });
    ensure!(spec == expected, "it says {spec}");
    marked(ground, VAULT, "sender", &[(HOLDS, PERSONAL), (&mark, "")]).await?;
    marked(ground, VAULT, "bystander", &[(HOLDS, PERSONAL)]).await?;
    for name in CLOSED {
        let spec = found.get(name).context("a policy")?;
        ensure!(!networks(spec).contains(&ABROAD.to_owned()), "{name} leads there too");
    }
    let message = ground.condition(transfer, "Programmed", "True").await?;
    for part in ["1 pods", ABROAD, "443", "goes on until its pod ends"] {
        ensure!(message.contains(part), "`{part}` is not told in: {message}");
    }
    Ok(())
}

/// Fails unless the rule of a transfer is gone within seconds.
async fn closes(ground: &Ground<'_>, since: Instant) -> Result<()> {
    has(ground, VAULT, &CLOSED).await?;
    ensure!(since.elapsed() <= CLOSES_WITHIN, "it took {:?}", since.elapsed());
    Ok(())
}

async fn revoked(ground: &Ground<'_>) -> Result<()> {
    let transfer = open(ground, "revoked", |_| {}).await?;
    is_open(ground, &transfer).await?;
    ground.wang_wei.create(&decision(&transfer, Revoked)?).await?;
    closes(ground, Instant::now()).await?;
    marked(ground, VAULT, "sender", &[(HOLDS, PERSONAL)]).await?;
    let message = ground.condition(&transfer, "Programmed", "False").await?;
    ensure!(message.contains("not in effect"), "{message}");
    Ok(())
}

/// Nobody does anything: its time is over.
async fn expires(ground: &Ground<'_>) -> Result<()> {
    let until = Timestamp::from_second(Timestamp::now().as_second() + 20)?;
    let short =
        |transfer: &mut serde_json::Value| transfer["spec"]["validity"]["until"] = json!(until.to_string());
    let transfer = open(ground, "short", short).await?;
    is_open(ground, &transfer).await?;
    let left = until.duration_since(Timestamp::now()).try_into().unwrap_or_default();
    tokio::time::sleep(left).await;
    closes(ground, Instant::now()).await
}

/// What has a name but no address stays closed.
async fn needs_a_gateway(ground: &Ground<'_>) -> Result<()> {
    let by_name = |transfer: &mut serde_json::Value| {
        transfer["spec"]["destinations"] = json!([{ "host": "api.partner.example" }]);
    };
    let transfer = open(ground, "named", by_name).await?;
    ground.condition(&transfer, "Active", "True").await?;
    let message = async || {
        let message = ground.condition(&transfer, "Programmed", "False").await?;
        ensure!(message.contains("gateway") && message.contains("api.partner.example"), "{message}");
        Ok(())
    };
    ground.plane.eventually("it is said that it needs a gateway", message).await?;
    let found = policies(ground, VAULT).await?;
    ensure!(found.keys().eq(CLOSED), "there are {:?}", found.keys());
    Ok(())
}

/// Where the policy asks for it, who could send is evicted when the transfer ends, and that is on record once.
async fn evicts(ground: &Ground<'_>, folder: &LedgerFolder) -> Result<()> {
    let mut evicting = policy(VAULT, "Deny");
    evicting["spec"]["egress"] = json!({ "transferEnd": "Evict" });
    ground.admin.apply(&evicting).await?;
    let transfer = open(ground, "evicting", |_| {}).await?;
    is_open(ground, &transfer).await?;
    ground.wang_wei.create(&decision(&transfer, Revoked)?).await?;
    closes(ground, Instant::now()).await?;
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> =
        kube::Api::namespaced(ground.admin.client(), VAULT);
    let gone = async || {
        let found = pods.get_opt("sender").await?;
        let going = found.is_none_or(|pod| pod.metadata.deletion_timestamp.is_some());
        ensure!(going, "it is still there");
        Ok(())
    };
    ground.plane.eventually("who could send is evicted", gone).await?;
    let bystander = pods.get("bystander").await?;
    ensure!(bystander.metadata.deletion_timestamp.is_none(), "a bystander is evicted");
    let recorded = async || {
        let mut told = Vec::new();
        for entry in folder.entries()? {
            if let Event::Enforced(it) = entry.event
                && it.action.starts_with("Evict")
            {
                told.push(format!("{} {} {} {}", it.action, it.place.name, it.policy, it.reason));
            }
        }
        ensure!(told == ["Evicting sender vault Revoked", "Evicted sender vault Revoked"], "{told:?}");
        Ok(())
    };
    ground.plane.eventually("the eviction is in the ledger", recorded).await
}
