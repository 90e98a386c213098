//! The control: without policies everything arrives, and with some written by hand nothing does. So it is the policies that
//! close, and the counter that would know.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::{Result, ensure};
use bund_e2e::wire::{API_SERVER, CACHE, CLASSIFIED, DNS, HOME, PEER, Shot, Way};
use serde_json::{Value, json};

use super::field::{BANK, Field, SHOP, every_way_abroad};
use crate::bed::Bed;

pub(super) async fn every_way(bed: &Bed) -> Result<()> {
    let field = Field::lay(bed).await?;
    field.populate().await?;
    let tested = test(&field).await;
    tested.map_err(|error| error.context(field.diagnosis()))
}

async fn test(field: &Field) -> Result<()> {
    for way in Way::ALL {
        let shots: Vec<_> = every_way_abroad().into_iter().filter(|shot| shot.way == way).collect();
        field.rig.heard_abroad().await?;
        field.rig.fire(&CLASSIFIED, &shots).await?;
        let heard = field.heard_from(&CLASSIFIED).await?;
        let reached: BTreeSet<IpAddr> =
            heard.iter().filter(|heard| heard.payload > 0).map(|heard| heard.to).collect();
        let aimed: BTreeSet<IpAddr> = shots.iter().map(|shot| shot.to.ip().to_canonical()).collect();
        ensure!(reached == aimed, "{way:?} carries bytes to {reached:?} only, of {aimed:?}");
    }
    let on_node = API_SERVER.at(8443).chain(CACHE.at(53)).chain(CACHE.at(80));
    let reachable = Shot::plain(PEER.at(8443).chain(DNS.at(53)).chain(HOME.at(443)).chain(on_node));
    field.answered_are(&CLASSIFIED, &reachable, &reachable).await?;

    for policy in by_hand() {
        field.admin.apply(&policy).await?;
    }
    let closed = async || {
        let shot = Shot::plain(HOME.at(443));
        field.answered_are(&CLASSIFIED, &shot, &[]).await
    };
    field.plane.eventually("what was written by hand closes", closed).await?;
    field.rig.heard_abroad().await?;
    field.rig.fire(&CLASSIFIED, &every_way_abroad()).await?;
    field.nothing_arrived("policies written by hand").await?;
    let reachable = Shot::plain(PEER.at(8443).chain(DNS.at(53)));
    field.answered_are(&CLASSIFIED, &reachable, &reachable).await
}

/// Of the shape that the operator writes: names for everybody, and peers by label.
fn by_hand() -> [Value; 2] {
    let policy = |name: &str, egress: Value| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": name, "namespace": SHOP },
            "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": [egress] }
        })
    };
    let of = |namespace: &str| json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } });
    [
        policy(
            "names",
            json!({
                "to": [{
                    "namespaceSelector": of("kube-system"),
                    "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } }
                }],
                "ports": [{ "port": 53, "protocol": "UDP" }, { "port": 53, "protocol": "TCP" }]
            }),
        ),
        policy("peers", json!({ "to": [{ "namespaceSelector": of(BANK) }] })),
    ]
}
