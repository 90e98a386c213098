//! What is found and what broken glass lets through, in the ledger: once, whoever leads.

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::Revoked;
use bund_e2e::{control_plane::Options, ledger::LedgerFolder, person::user};
use bund_ledger::Event;
use serde_json::json;

use super::operator::{PERSONAL, agree, ask_and_approve, verified};
use crate::{
    bed::Bed,
    transfers::{
        example::{decision, workload_of},
        ground::{Ground, LI_NA, TILL, on_configured_ground},
        rights::granted,
    },
};

/// A workload runs on after its transfer was revoked, and goes; glass is broken and made whole. Leaders die meanwhile.
pub(super) async fn findings_and_glass(bed: &Bed) -> Result<()> {
    let folder = LedgerFolder::new()?;
    on_configured_ground(bed, Options::api_only(), folder.configuration(), async |ground| {
        let transfer = ask_and_approve(ground, "runs").await?;
        let workload = workload_of(TILL, "runs", &[PERSONAL])?;
        ground.admitted(&workload).await?;
        ground.li_na.create(&workload).await?;
        ground.li_na.create(&decision(&transfer, Revoked)?).await?;
        enforced(ground, &folder, &["Found"]).await?;
        let glass = break_glass(ground).await?;
        events(ground, &folder, &["GlassBroken"]).await?;
        let (_, leader) = ground.replicas.leader().await?;
        leader.kill();
        leader.restart()?;
        ground.plane.operator_ready(&leader).await?;

        ground.li_na.delete(&workload).await?;
        ground.li_na.delete(&glass).await?;
        enforced(ground, &folder, &["Found", "Resolved"]).await?;
        events(ground, &folder, &["GlassBroken", "GlassWhole"]).await?;
        agree(ground, &folder).await?;
        verified(ground, &folder).await
    })
    .await
}

/// Somebody who was given the right breaks glass.
async fn break_glass(ground: &Ground<'_>) -> Result<serde_json::Value> {
    let rules = json!([
        { "apiGroups": ["bund.dev"], "resources": ["breakglasses"], "verbs": ["create", "delete", "get"] },
        { "apiGroups": ["bund.dev"], "resources": ["enforcements"], "verbs": ["breakglass"] }
    ]);
    ground.admin.apply_all(&granted("e2e-breaks-glass", &rules, &user(LI_NA.name))).await?;
    let glass = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass", "metadata": { "name": "till-down" },
        "spec": {
            "reason": "the tills are down", "requestedBy": LI_NA.name, "namespaces": [TILL], "durationMinutes": 30
        }
    });
    let broken = async || Ok(ground.li_na.create(&glass).await.map(drop)?);
    ground.plane.eventually("somebody may break glass", broken).await?;
    Ok(glass)
}

/// Waits until exactly this is in the ledger of the workload, in this order.
async fn enforced(ground: &Ground<'_>, folder: &LedgerFolder, expected: &[&str]) -> Result<()> {
    let told = async || {
        let mut actions = Vec::new();
        for entry in folder.entries()? {
            if let Event::Enforced(it) = entry.event
                && (it.place.kind.as_str(), it.place.name.as_str()) == ("Deployment", "runs")
                && it.policy == "till-residency"
            {
                ensure!(it.data_classes.iter().any(|class| class.as_str() == PERSONAL), "{it:?}");
                actions.push(it.action);
            }
        }
        ensure!(actions == expected, "the ledger says {actions:?}");
        Ok(())
    };
    ground.plane.eventually(&format!("the ledger says {expected:?}"), told).await
}

/// Waits until exactly these events of the glass are in the ledger.
async fn events(ground: &Ground<'_>, folder: &LedgerFolder, expected: &[&str]) -> Result<()> {
    let told = async || {
        let mut found = Vec::new();
        for (_, spec) in folder.recorded_events()? {
            if let Some(object) = spec.object.filter(|object| object.kind == "BreakGlass") {
                let by = object.by.context("nobody broke it")?;
                ensure!(by == LI_NA.name, "{by} broke it");
                found.push(format!("{:?}", spec.event));
            }
        }
        ensure!(found == expected, "the ledger says {found:?}");
        Ok(())
    };
    ground.plane.eventually(&format!("the ledger says {expected:?}"), told).await
}
