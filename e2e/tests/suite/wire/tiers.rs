//! Where the cluster serves ClusterNetworkPolicies and its agent enforces them: what a user opens, it does not open abroad.

use anyhow::{Result, ensure};
use bund_e2e::wire::{ABROAD, CLASSIFIED, DNS, PLAIN, Shot, Site, heard::payload};
use serde_json::json;

use super::{
    closed::{PEER_PORT, SHOPS, api_server_opens, closes, no_way_out, reached, watched},
    field::{Field, HOME_PORT, policy},
    widened::{is_told, wide},
};
use crate::bed::Bed;

pub(super) async fn held(bed: &Bed) -> Result<()> {
    let field = Field::with_tiers(bed).await?;
    let tested = test(&field, bed).await;
    tested.map_err(|error| error.context(field.diagnosis()))
}

async fn test(field: &Field, bed: &Bed) -> Result<()> {
    field.admin.create(&wide()).await?;
    field.populate().await?;
    opens(field).await?;

    let operator = field.guard(bed, &policy(&json!({ "placement": "Deny", "egress": "Deny" }))).await?;
    within_the_cluster(field).await?;
    no_way_out(field, &[&CLASSIFIED]).await?;
    is_told(field).await?;
    field.admin.delete(&wide()).await?;
    closes(field).await?;

    operator.kill();
    field.silence().await?;
    let admitted = async || field.admin.create(&wide()).await.map(drop);
    field.plane.eventually("nobody is asked about policies", admitted).await?;
    within_the_cluster(field).await?;
    api_server_opens(field, &SHOPS).await?;
    no_way_out(field, &SHOPS).await
}

/// The control: before anything is closed it all arrives.
async fn opens(field: &Field) -> Result<()> {
    let opened = async || {
        let abroad = Shot::plain(ABROAD.at(HOME_PORT));
        field.answered_are(&CLASSIFIED, &abroad, &abroad).await?;
        ensure!(payload(&field.heard_from(&CLASSIFIED).await?) > 0, "nothing arrived");
        Ok(())
    };
    field.plane.eventually("what nobody judged opens", opened).await
}

/// Waits until every pod reaches what it may, and besides that every pod, as its user asked, and nothing else.
async fn within_the_cluster(field: &Field) -> Result<()> {
    let as_asked = async || {
        for site in SHOPS {
            field.answered_are(site, &watched(site), &with_every_pod(site)).await?;
        }
        Ok(())
    };
    field.plane.eventually("what a user opens leads to pods alone", as_asked).await
}

fn with_every_pod(site: &Site) -> Vec<Shot> {
    [reached(site), Shot::plain(DNS.at(80).chain(PLAIN.at(PEER_PORT)))].concat()
}
