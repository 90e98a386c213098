//! A namespace that the operator has closed.

use anyhow::{Result, ensure};
use bund_e2e::{
    control_plane::Operator,
    wire::{ABROAD, CLASSIFIED, DNS, HOME, PEER, PLAIN, SECOND, Shot, Site, UNLABELLED, Way, heard::payload},
};
use serde_json::json;

use super::field::{Field, HOME_PORT, every_way_abroad, policy};
use crate::bed::Bed;

/// Where peers are asked.
const PEER_PORT: u16 = 8443;

/// The pods of the shop.
pub(super) const SHOPS: [&Site; 4] = [&CLASSIFIED, &SECOND, &PLAIN, &UNLABELLED];

pub(super) async fn no_byte(bed: &Bed) -> Result<()> {
    on_closed(bed, async |field, _| no_way_out(field, &SHOPS).await).await
}

/// Everything with the operator at work, once the pods of the field are closed in.
pub(super) async fn on_closed(
    bed: &Bed,
    test: impl AsyncFnOnce(&Field, Operator) -> Result<()>,
) -> Result<()> {
    let field = Field::lay(bed).await?;
    let operator = field.guard(bed, &policy(&json!({ "placement": "Deny", "egress": "Deny" }))).await?;
    field.populate().await?;
    let tested = async {
        closes(&field).await?;
        test(&field, operator).await
    };
    tested.await.map_err(|error| error.context(field.diagnosis()))
}

/// Waits until every pod reaches what it may and nothing else, and tells what got out before.
pub(super) async fn closes(field: &Field) -> Result<()> {
    let began = std::time::Instant::now();
    let as_planned = async || {
        for site in SHOPS {
            field.answered_are(site, &watched(site), &reached(site)).await?;
        }
        Ok(())
    };
    field.plane.eventually("every pod reaches what it may and nothing else", as_planned).await?;
    let heard = field.rig.heard_abroad().await?;
    eprintln!("closed after {:?}; {} bytes arrived abroad before", began.elapsed(), payload(&heard));
    Ok(())
}

/// What a marked pod of the shop may reach: names, peers that hold at least what it holds, and what the policy names. What
/// holds nothing has peers everywhere.
fn reached(site: &Site) -> Vec<Shot> {
    let home = HOME.at(HOME_PORT).map(|to| Shot { way: Way::Tcp, to });
    let peers = PEER.at(PEER_PORT).chain(CLASSIFIED.at(PEER_PORT));
    let mut reached = Shot::plain(DNS.at(53).chain(peers));
    reached.extend(home);
    if !holds(site) {
        reached.extend(Shot::plain(PLAIN.at(PEER_PORT)));
    }
    reached
}

fn holds(site: &Site) -> bool {
    [&CLASSIFIED, &SECOND].contains(&site)
}

/// What is asked: what somebody may reach, and the same at other ports and abroad.
fn watched(site: &Site) -> Vec<Shot> {
    let elsewhere = DNS.at(80).chain(HOME.at(80)).chain(ABROAD.at(HOME_PORT)).chain(ABROAD.at(53));
    let mut watched = reached(site);
    watched.extend(Shot::plain(elsewhere.chain(PLAIN.at(PEER_PORT))));
    watched.extend(HOME.at(HOME_PORT).map(|to| Shot { way: Way::Udp, to }));
    watched.sort();
    watched.dedup();
    watched
}

/// Fails where something arrives abroad by any way from any of these.
pub(super) async fn no_way_out(field: &Field, sites: &[&Site]) -> Result<()> {
    field.rig.heard_abroad().await?;
    for site in sites {
        let answered = field.rig.answered(site, &every_way_abroad()).await?;
        ensure!(answered.is_empty(), "from {}: {answered:?}", site.name);
        field.nothing_arrived(&format!("every way from {}", site.name)).await?;
    }
    Ok(())
}
