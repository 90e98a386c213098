//! A user's policy that lets pods of a closed namespace out.

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::condition_of,
    control_plane::Operator,
    probe::enforced,
    wire::{ABROAD, CLASSIFIED, Shot},
};
use serde_json::{Value, json};

use super::{
    closed::{SHOPS, closes, no_way_out, on_closed},
    field::{Field, SHOP, policy},
};
use crate::{admission::refused, bed::Bed};

pub(super) async fn widened(bed: &Bed) -> Result<()> {
    on_closed(bed, async |field, operator| {
        let message = refused(&field.admin, &wide()).await?;
        ensure!(message.contains("EgressWidened"), "{message}");
        no_way_out(field, &[&CLASSIFIED]).await?;
        dead(field, &operator).await?;
        nobody_asked(field).await?;
        back(field, bed).await
    })
    .await
}

/// A policy of the shop that lets every pod out to everywhere.
pub(super) fn wide() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "wide", "namespace": SHOP },
        "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": [{}] }
    })
}

/// With the operator dead nobody gets past the door that it left.
async fn dead(field: &Field, operator: &Operator) -> Result<()> {
    operator.kill();
    let message = refused(&field.admin, &wide()).await?;
    ensure!(message.contains("bund"), "{message}");
    no_way_out(field, &[&CLASSIFIED]).await
}

/// With the webhooks gone too, what a user writes opens.
async fn nobody_asked(field: &Field) -> Result<()> {
    field.silence().await?;
    let admitted = async || field.admin.create(&wide()).await.map(drop);
    field.plane.eventually("nobody is asked about policies", admitted).await?;
    let opened = async || {
        let answered = field.rig.answered(&CLASSIFIED, &Shot::plain(ABROAD.at(443))).await?;
        ensure!(!answered.is_empty(), "nothing is answered");
        Ok(())
    };
    field.plane.eventually("what nobody judged opens", opened).await
}

/// The operator comes back, and says what is open. It is closed when the user's policy is gone.
async fn back(field: &Field, bed: &Bed) -> Result<()> {
    let _operator = field.plane.start_operator(&bed.operator().await?).await?;
    enforced(&field.plane, &field.admin).await?;
    is_told(field).await?;
    field.admin.delete(&wide()).await?;
    closes(field).await?;
    no_way_out(field, &SHOPS).await
}

/// Waits until it is said that the policy of the user opens what the plan does not.
pub(super) async fn is_told(field: &Field) -> Result<()> {
    let policies = field.admin.api_of(&policy(&json!({}))).await?;
    let told = async || {
        let found = policies.get("field").await?.data;
        let condition = condition_of(&found["status"], "EgressClosed")?;
        ensure!(condition["status"] == "False" && condition["reason"] == "Widened", "{condition}");
        ensure!(condition["message"].as_str().is_some_and(|message| message.contains("wide")), "{condition}");
        Ok(())
    };
    field.plane.eventually("the policy of the user is told", told).await
}
