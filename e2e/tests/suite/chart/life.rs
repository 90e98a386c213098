//! From installation to the next installation.

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, name_of, told},
    control_plane::User,
    helm::{RELEASE, everything_on},
    shop::manifests,
};
use kube::ResourceExt;
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Ground, on_ground};
use crate::{bed::Bed, definitions::holds};

/// Longer than pods need to start where kwok plays the kubelet.
const WAIT: [&str; 3] = ["--wait", "--timeout", "2m"];

/// Everything on, but what needs definitions that are not ours.
fn values() -> Value {
    let mut values = everything_on();
    values["certificates"] = json!({});
    for option in ["serviceMonitor", "prometheusRule"] {
        values["metrics"][option] = json!({ "enabled": false });
    }
    values
}

pub(super) async fn release(bed: &Bed) -> Result<()> {
    on_ground(bed, async |ground| {
        let helm = &ground.helm;
        let notes = helm.release("install", &WAIT, Some(&values())).await?;
        for said in ["bund preflight", "kubectl apply --server-side", "kubectl get ledger bund"] {
            ensure!(notes.contains(said), "{notes}");
        }
        let installed = installed(ground).await?;
        ensure!(installed.len() > 30, "{} objects", installed.len());
        as_given(&ground.admin, &installed).await.context("after the installation")?;
        aggregated(ground).await?;

        let before = declared(&ground.admin, &installed, "helm").await?;
        helm.release("upgrade", &WAIT, Some(&values())).await?;
        let after = declared(&ground.admin, &installed, "helm").await?;
        ensure!(after == before, "an upgrade with the same values changed something: {before:?}\n{after:?}");

        let mut other = values();
        other["webhook"]["replicas"] = json!(2);
        other["log"] = json!({ "filter": "debug" });
        helm.release("upgrade", &WAIT, Some(&other)).await?;
        as_given(&ground.admin, &self::installed(ground).await?).await.context("after the upgrade")?;
        let rollback: Vec<_> = ["rollback", RELEASE, "2"].into_iter().chain(WAIT).collect();
        helm.run(&rollback, None).await?;
        as_given(&ground.admin, &installed).await.context("after the rollback")?;

        helm.run(&["uninstall", RELEASE, "--wait"], None).await?;
        left(ground, &installed).await?;
        helm.release("install", &WAIT, Some(&values())).await.context("the second installation")?;
        as_given(&ground.admin, &installed).await.context("after the second installation")
    })
    .await
}

/// What Helm installed.
async fn installed(ground: &Ground) -> Result<Vec<Value>> {
    let manifest = ground.helm.run(&["get", "manifest", RELEASE], None).await?;
    let file = ground.plane.directory().join("installed.yaml");
    std::fs::write(&file, manifest)?;
    manifests(&file)
}

/// Every object is there as the chart gives it.
async fn as_given(admin: &Cluster, objects: &[Value]) -> Result<()> {
    for object in objects {
        let api = admin.api_of(object).await?;
        let found = api.get(name_of(object)?).await;
        let found = serde_json::to_value(found.with_context(|| told(object))?)?;
        ensure!(holds(&found, object), "{} became {found}", told(object));
    }
    Ok(())
}

/// Reading is part of the roles that people have already; the power verbs are part of none.
async fn aggregated(ground: &Ground) -> Result<()> {
    let any = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole" });
    let api = ground.admin.api_of(&any).await?;
    for (name, resource) in [
        ("view", "residencypolicies"),
        ("edit", "crossbordertransfers"),
        ("admin", "crossbordertransfers"),
        ("bund-auditor", "validatingadmissionpolicies"),
    ] {
        let filled = async || {
            let rules = api.get(name).await?.data["rules"].to_string();
            ensure!(rules.contains(resource), "{name} is {rules}");
            for power in ["\"approve\"", "\"breakglass\"", "\"declassify\""] {
                ensure!(!rules.contains(power), "{name} grants {power}");
            }
            Ok(())
        };
        ground.plane.eventually("roles are aggregated", filled).await?;
    }
    Ok(())
}

/// What somebody declared, as far as a change of it shows: the generation, and when this manager last changed a field.
/// Not the resource version: statuses change as pods start.
async fn declared(admin: &Cluster, objects: &[Value], manager: &str) -> Result<Vec<String>> {
    let mut declared = Vec::new();
    for object in objects {
        let metadata = admin.api_of(object).await?.get(name_of(object)?).await?.metadata;
        let fields = metadata.managed_fields.into_iter().flatten();
        let times: Vec<_> = fields
            .filter(|fields| fields.manager.as_deref() == Some(manager) && fields.subresource.is_none())
            .filter_map(|fields| fields.time)
            .collect();
        ensure!(!times.is_empty(), "{manager} declares nothing of {}", told(object));
        declared.push(format!("{} {:?} {times:?}", told(object), metadata.generation));
    }
    Ok(declared)
}

/// After the release has gone: definitions and declarations stay, everything else is gone.
async fn left(ground: &Ground, installed: &[Value]) -> Result<()> {
    let Ground { plane, admin, .. } = ground;
    let definitions = bund_e2e::cluster::definitions()?;
    admin.serves(&definitions).await.context("the definitions are gone")?;
    let mut kept = 0;
    for object in installed {
        let name = name_of(object)?;
        let api = admin.api_of(object).await?;
        if object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" {
            api.get(name).await.with_context(|| format!("{} is gone", told(object)))?;
            kept += 1;
        } else {
            let gone = async || {
                let found = api.get_opt(name).await?;
                ensure!(found.is_none(), "{} is left", told(object));
                Ok(())
            };
            plane.eventually("what is not declared is gone", gone).await?;
        }
    }
    ensure!(kept == 27, "{kept} of 27 declarations are kept");
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        let any = json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind });
        let found = admin.api_of(&any).await?.list(&kube::api::ListParams::default()).await?;
        ensure!(found.items.is_empty(), "{kind} {} is left", found.items[0].name_any());
    }
    Ok(())
}

pub(super) async fn applied_twice(bed: &Bed) -> Result<()> {
    on_ground(bed, async |ground| {
        let kubectl = async |arguments: &[&str]| {
            let mut command = Command::new(&bed.tools().await?.kubectl);
            command.arg("--kubeconfig").arg(ground.plane.kubeconfig(User::ADMIN)?).args(arguments);
            let output = command
                .env_clear()
                .env("PATH", "/usr/bin:/bin") // It calls `diff`.
                .env("HOME", ground.plane.directory())
                .output()
                .await?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(
                output.status.success(),
                "kubectl {arguments:?}: {said}{}",
                String::from_utf8_lossy(&output.stdout)
            );
            Ok(())
        };
        ground.admin.apply_definitions(&ground.plane).await?;
        let rendered = ground.helm.template(&[], Some(&values())).await?;
        let rendered = rendered.to_str().context("a path")?;
        let apply = ["apply", "--server-side", "--filename", rendered];
        kubectl(&apply).await?;
        let objects = manifests(rendered.as_ref())?;
        let before = declared(&ground.admin, &objects, "kubectl").await?;
        kubectl(&apply).await?;
        let after = declared(&ground.admin, &objects, "kubectl").await?;
        ensure!(after == before, "{before:?}\n{after:?}");
        // Exits with 1 and prints the difference where there is one.
        kubectl(&["diff", "--server-side", "--filename", rendered]).await
    })
    .await
}
