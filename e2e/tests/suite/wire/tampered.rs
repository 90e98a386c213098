//! What users and accidents do to a closed namespace, besides widening it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bund_e2e::wire::{
    ABROAD, CLASSIFIED, DNS, HOME, PEER, SECOND, Shot,
    heard::payload,
    pods::{pod, runs_at},
};
use k8s_openapi::api::{core::v1::Pod, networking::v1::NetworkPolicy};
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{
    closed::{SHOPS, closes, no_way_out, on_closed},
    field::{Field, SHOP},
};
use crate::{admission::CLASS, bed::Bed};

/// How long what was deleted may be away.
const MENDED_WITHIN: Duration = Duration::from_secs(5);
/// The mark of what a pod holds.
const HOLDS: &str = "egress.bund.dev/holds";

pub(super) async fn tampered(bed: &Bed) -> Result<()> {
    on_closed(bed, async |field, operator| {
        relabelled(field).await?;
        deleted(field).await?;
        operator.kill();
        no_way_out(field, &SHOPS).await?;
        unmarked(field).await
    })
    .await
}

/// Marks cannot be forged, and classes not taken off. Without its mark a pod reaches less, and another label gets it nowhere.
async fn relabelled(field: &Field) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(field.admin.client(), SHOP);
    let relabel = async |labels: Value| {
        let patch = json!({ "metadata": { "labels": labels } });
        pods.patch("second", &PatchParams::default(), &Patch::Merge(&patch)).await
    };
    for (labels, reason) in
        [(json!({ HOLDS: "nothing" }), "MarkForged"), (json!({ CLASS: null }), "ClassRemoved")]
    {
        let message = relabel(labels).await.err().context("it is admitted")?.to_string();
        ensure!(message.contains(reason), "{message}");
    }
    relabel(json!({ HOLDS: null })).await?;
    no_way_out(field, &[&SECOND]).await?;
    relabel(json!({ "k8s-app": "kube-dns" })).await?;
    no_way_out(field, &[&SECOND]).await?;
    closes(field).await
}

/// All of ours are deleted by hand while a pod sends and sends.
async fn deleted(field: &Field) -> Result<()> {
    let policies: Api<NetworkPolicy> = Api::namespaced(field.admin.client(), SHOP);
    let count = async || anyhow::Ok(policies.list(&ListParams::default()).await?.items.len());
    let before = count().await?;
    field.rig.heard_abroad().await?;
    let to = ABROAD.at(443).next().context("an address abroad")?;
    let spray = field.rig.spray(&CLASSIFIED, to).await?;
    field.nothing_arrived("a spray at a closed door").await?;
    let began = Instant::now();
    policies.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    let mended = async || {
        let found = count().await?;
        ensure!(found == before, "there are {found} policies of {before}");
        Ok(())
    };
    field.plane.eventually("the policies are there again", mended).await?;
    let took = began.elapsed();
    closes_for_spray(field).await?;
    drop(spray);
    ensure!(took <= MENDED_WITHIN, "mended after {took:?}");
    closes(field).await?;
    no_way_out(field, &SHOPS).await
}

/// Waits until what is sprayed does not arrive any more, and tells what did.
async fn closes_for_spray(field: &Field) -> Result<()> {
    let mut arrived = 0;
    let quiet = async || {
        let heard = field.rig.heard_abroad().await?;
        arrived += payload(&heard);
        ensure!(heard.is_empty(), "bytes arrive");
        Ok(())
    };
    field.plane.eventually("nothing arrives any more", quiet).await?;
    eprintln!("{arrived} bytes arrived abroad between deletion and repair, of 18 bytes every 5 ms");
    Ok(())
}

/// With the operator dead and its webhooks gone, a pod that comes is not marked, and reaches names alone.
async fn unmarked(field: &Field) -> Result<()> {
    field.silence().await?;
    let pods: Api<Pod> = Api::namespaced(field.admin.client(), SHOP);
    pods.delete("second", &DeleteParams::default().grace_period(0)).await?;
    let unmarked = pod(SHOP, "unmarked", &json!({ CLASS: "" }));
    let admitted = async || field.admin.create(&unmarked).await.map(drop);
    field.plane.eventually("nobody is asked about pods", admitted).await?;
    runs_at(&field.admin, SHOP, "unmarked", &SECOND).await?;
    let names = Shot::plain(DNS.at(53));
    let others = Shot::plain(PEER.at(8443).chain(HOME.at(443)).chain(CLASSIFIED.at(8443)));
    let confined =
        async || field.answered_are(&SECOND, &[names.clone(), others.clone()].concat(), &names).await;
    field.plane.eventually("an unmarked pod reaches names alone", confined).await?;
    no_way_out(field, &[&SECOND]).await
}
