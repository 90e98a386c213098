//! A namespace that the operator has closed.

use anyhow::{Result, ensure};
use bund_e2e::{
    control_plane::Operator,
    wire::{
        ABROAD, API_SERVER, CACHE, CLASSIFIED, DNS, HOME, PEER, PLAIN, SECOND, Shot, Site, UNLABELLED, Way,
        heard::payload,
    },
};
use serde_json::json;

use super::field::{Field, HOME_PORT, every_way_abroad, policy};
use crate::bed::Bed;

/// Where peers are asked.
pub(super) const PEER_PORT: u16 = 8443;
/// Where the API server listens.
const API_PORT: u16 = 443;

/// The pods of the shop.
pub(super) const SHOPS: [&Site; 4] = [&CLASSIFIED, &SECOND, &PLAIN, &UNLABELLED];

pub(super) async fn no_byte(bed: &Bed) -> Result<()> {
    on_closed(bed, async |field, _| {
        api_server_opens(field, &SHOPS).await?;
        no_way_out(field, &SHOPS).await
    })
    .await
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
/// holds nothing has peers everywhere. The API server does not send back what it gets.
pub(super) fn reached(site: &Site) -> Vec<Shot> {
    let home = HOME.at(HOME_PORT).map(|to| Shot { way: Way::Tcp, to });
    let peers = PEER.at(PEER_PORT).chain(CLASSIFIED.at(PEER_PORT));
    let mut reached = Shot::plain(DNS.at(53).chain(CACHE.at(53)).chain(peers));
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
pub(super) fn watched(site: &Site) -> Vec<Shot> {
    let elsewhere = DNS.at(80).chain(HOME.at(80)).chain(ABROAD.at(HOME_PORT)).chain(ABROAD.at(53));
    let elsewhere = elsewhere.chain(CACHE.at(80)).chain(API_SERVER.at(PEER_PORT));
    let mut watched = reached(site);
    watched.extend(Shot::plain(elsewhere.chain(PLAIN.at(PEER_PORT))));
    watched.extend(HOME.at(HOME_PORT).map(|to| Shot { way: Way::Udp, to }));
    watched.sort();
    watched.dedup();
    watched
}

/// Fails unless the API server can be spoken to from each of these, at each of its addresses.
pub(super) async fn api_server_opens(field: &Field, sites: &[&Site]) -> Result<()> {
    for site in sites {
        for to in API_SERVER.at(API_PORT) {
            ensure!(field.rig.hold(site, to).await?.is_some(), "{} does not reach {to}", site.name);
        }
    }
    Ok(())
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
