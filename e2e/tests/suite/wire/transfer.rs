//! A transfer to one address and port.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bund_crds::TransferDecision::{Approved, Revoked};
use bund_e2e::wire::{
    ABROAD, CLASSIFIED, EnforcerTools, Enforces, Rig, SECOND, Shot, Site, Way,
    heard::Heard,
    pods::{pod, runs_at},
};
use kube::api::DynamicObject;
use serde_json::json;

use super::field::{every_way_abroad, options, wire};
use crate::{
    admission::CLASS,
    bed::Bed,
    transfers::{
        example::{decision, transfer_of},
        ground::{Ground, on_ground},
    },
};

/// The namespace of the sender.
const VAULT: &str = "vault";
/// The port that is opened.
const PORT: u16 = 443;
/// The number of TCP.
const TCP: u8 = 6;

pub(super) async fn one_address(bed: &Bed) -> Result<()> {
    on_ground(bed, options(), async |ground| {
        let tools = EnforcerTools::find(Enforces::NetworkPolicies).await?;
        let rig = Rig::up(&tools, &wire(), ground.plane, &ground.admin).await?;
        let tested = async {
            lay(ground).await?;
            closed(ground, &rig, &[&CLASSIFIED, &SECOND]).await?;
            let transfer = open(ground).await?;
            opened(ground, &rig).await?;
            ends(ground, &rig, &transfer).await
        };
        tested.await.map_err(|error| error.context(rig.diagnosis()))
    })
    .await
}

/// The sender, and a pod that holds the same.
async fn lay(ground: &Ground<'_>) -> Result<()> {
    ground.plane.create_namespace(VAULT, &[("bund.dev/guarded", "true")]).await?;
    let policy = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": VAULT },
        "spec": {
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": VAULT } },
            "enforcement": { "egress": "Deny" }
        }
    });
    ground.admin.apply(&policy).await?;
    for (name, site) in [("sender", &CLASSIFIED), ("bystander", &SECOND)] {
        ground.admin.create(&pod(VAULT, name, &json!({ CLASS: "" }))).await?;
        runs_at(&ground.admin, VAULT, name, site).await?;
    }
    Ok(())
}

/// The addresses that the transfer opens: the first of each family.
fn opens() -> BTreeSet<std::net::SocketAddr> {
    let first = |v4: bool| ABROAD.at(PORT).find(|to| to.is_ipv4() == v4);
    [first(true), first(false)].into_iter().flatten().collect()
}

async fn open(ground: &Ground<'_>) -> Result<DynamicObject> {
    let mut transfer = transfer_of(VAULT, "sender", &["personal-information"])?;
    transfer["spec"]["sources"] = json!([{ "kind": "Pod", "name": "sender" }]);
    let destination = |to: &std::net::SocketAddr| {
        let length = if to.is_ipv4() { 32 } else { 128 };
        json!({ "network": format!("{}/{length}", to.ip()), "ports": [{ "port": PORT, "protocol": "TCP" }] })
    };
    transfer["spec"]["destinations"] = opens().iter().map(destination).collect();
    let transfer = ground.li_na.create(&transfer).await?;
    ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    ground.condition(&transfer, "Programmed", "True").await?;
    Ok(transfer)
}

/// Waits until nobody of these reaches anybody abroad, and fails where anything arrives from then on.
async fn closed(ground: &Ground<'_>, rig: &Rig, sites: &[&Site]) -> Result<()> {
    for site in sites {
        let closed = async || {
            let answered = rig.answered(site, &Shot::plain(ABROAD.at(PORT))).await?;
            ensure!(answered.is_empty(), "answered from {}: {answered:?}", site.name);
            Ok(())
        };
        ground.plane.eventually("nothing abroad answers", closed).await?;
    }
    rig.heard_abroad().await?;
    for site in sites {
        rig.fire(site, &every_way_abroad()).await?;
        let heard = rig.heard_abroad().await?;
        ensure!(heard.is_empty(), "from {}: {}", site.name, told(&heard));
    }
    Ok(())
}

/// The sender reaches exactly what was approved, by TCP alone; its neighbour reaches nothing.
async fn opened(ground: &Ground<'_>, rig: &Rig) -> Result<()> {
    let expected: BTreeSet<_> = opens().into_iter().map(|to| Shot { way: Way::Tcp, to }).collect();
    let around = Shot::plain(ABROAD.at(PORT).chain(ABROAD.at(80)).chain(ABROAD.at(8443)));
    let open = async || {
        let answered = rig.answered(&CLASSIFIED, &around).await?;
        ensure!(answered == expected, "answered are {answered:?}");
        Ok(())
    };
    ground.plane.eventually("exactly what was approved is open", open).await?;
    rig.heard_abroad().await?;
    rig.fire(&CLASSIFIED, &[around, every_way_abroad()].concat()).await?;
    let (heard, opens) = (rig.heard_abroad().await?, opens());
    let approved = |heard: &&Heard| {
        heard.protocol == TCP && heard.port.is_some_and(|port| opens.contains(&(heard.to, port).into()))
    };
    let (approved, others): (Vec<&Heard>, Vec<&Heard>) = heard.iter().partition(approved);
    ensure!(others.is_empty(), "beside what was approved: {others:?}");
    ensure!(approved.iter().all(|heard| heard.payload > 0), "{approved:?}");
    closed(ground, rig, &[&SECOND]).await
}

/// The transfer is revoked. Nothing new opens from then on. A connection that was open goes on, as network policies have it.
async fn ends(ground: &Ground<'_>, rig: &Rig, transfer: &DynamicObject) -> Result<()> {
    let to = opens().into_iter().next().context("an address")?;
    let mut held = rig.hold(&CLASSIFIED, to).await?.context("it cannot be opened")?;
    ensure!(held.passes().await?, "nothing passes");
    ground.li_na.create(&decision(transfer, Revoked)?).await?;
    let began = std::time::Instant::now();
    closed(ground, rig, &[&CLASSIFIED, &SECOND]).await?;
    eprintln!("closed {:?} after the revocation", began.elapsed());
    ensure!(held.passes().await?, "a connection that was open ended: the condition says otherwise");
    let message = ground.condition(transfer, "Programmed", "False").await?;
    eprintln!("Programmed: {message}");
    drop(held);
    closed(ground, rig, &[&CLASSIFIED]).await
}

fn told(heard: &[Heard]) -> String {
    heard.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
