//! Leaders that come and go.

use anyhow::{Result, ensure};
use bund_e2e::control_plane::Options;
use serde_json::json;

use super::vault::{ANNEX, HOLDS, PERSONAL, VAULT, closed, has, lay, marked, pod, policies};
use crate::bed::Bed;
use crate::transfers::ground::{Ground, on_ground};

const CLOSED: [&str; 2] = ["bund-egress", "bund-egress-personal-information"];
/// Pods that come while leaders die.
const PODS: usize = 8;

pub(super) async fn change(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        lay(ground).await?;
        ground.admin.create(&pod(VAULT, "holder", &[PERSONAL])).await?;
        let right = has(ground, VAULT, &CLOSED).await?;
        marked(ground, VAULT, "holder", &[(HOLDS, PERSONAL)]).await?;
        closed(ground, VAULT, "True", "Closed").await?;
        comes_new(ground).await?;
        ensure!(policies(ground, VAULT).await? == right, "a new leader changed what was right");
        killed_in_the_middle(ground).await?;
        nothing_opens_without_us(ground).await
    })
    .await
}

/// A new leader writes no policy and no mark where everything is right.
async fn comes_new(ground: &mut Ground<'_>) -> Result<()> {
    let position = ground.plane.audit_log().end()?;
    ground.replicas.kill_leader().await?;
    // It leads, and has looked at everything: another namespace is closed.
    ground.admin.create(&pod(ANNEX, "holder", &[PERSONAL])).await?;
    has(ground, ANNEX, &CLOSED).await?;
    marked(ground, ANNEX, "holder", &[(HOLDS, PERSONAL)]).await?;
    let written = ground.plane.audit_log().since(position)?.into_iter().filter(|event| {
        let of = &event.object_ref;
        let writes = ["create", "delete", "patch", "update"].contains(&event.verb.as_str());
        writes && of.namespace == VAULT && matches!(of.resource.as_str(), "networkpolicies" | "pods")
    });
    let written: Vec<_> = written.map(|event| event.request_uri).collect();
    ensure!(written.is_empty(), "it wrote {written:?}");
    Ok(())
}

/// Whatever a leader had done when it was killed, the next one does the rest.
async fn killed_in_the_middle(ground: &mut Ground<'_>) -> Result<()> {
    for n in 0..PODS {
        ground.admin.create(&pod(ANNEX, &format!("late-{n}"), &[PERSONAL])).await?;
        if n == PODS / 2 {
            ground.replicas.kill_leader().await?;
        }
    }
    for n in 0..PODS {
        marked(ground, ANNEX, &format!("late-{n}"), &[(HOLDS, PERSONAL)]).await?;
    }
    has(ground, ANNEX, &CLOSED).await.map(drop)
}

/// With every operator dead, what is closed stays closed.
async fn nothing_opens_without_us(ground: &mut Ground<'_>) -> Result<()> {
    let before = policies(ground, VAULT).await?;
    ground.replicas.kill_all();
    let free = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "free", "namespace": "default" } });
    ground.admin.create(&free).await?;
    ensure!(policies(ground, VAULT).await? == before, "something else is there");
    ground.replicas.fill().await
}
