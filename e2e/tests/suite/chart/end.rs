//! The operator with exactly the rights that the chart gives, and the end of both.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{AuditEvent, AuditPosition, OWN_NAMESPACE, Operator, free_port},
    helm::RELEASE,
    policy_reports::ReportApi,
    probe::enforced,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{Ground, on_ground};
use crate::{
    admission::{pod, refused},
    bed::Bed,
    reports, stamps,
};

/// The guarded namespace of these tests.
pub(crate) const SHOP: &str = "shop";

/// The processes of both roles, in place of the pods that kwok only plays.
pub(crate) struct Roles {
    pub(crate) controller: Operator,
    webhook: Operator,
    /// Where the audit log ended before they started.
    since: AuditPosition,
}

pub(super) async fn uninstalled_when_dead(bed: &Bed) -> Result<()> {
    on_ground(bed, async |ground| {
        ground.admin.apply_all(&ReportApi::OpenReports.definitions().await?).await?;
        let roles = install(bed, ground).await?;
        at_work(ground, &roles).await.with_context(|| tails(&roles))?;
        no_right_is_missing(ground, &roles)?;
        roles.controller.kill();
        roles.webhook.kill();
        let message = refused(&ground.admin, &pod(SHOP, "nobody-answers", json!({}))).await?;
        ensure!(message.contains("failed calling webhook"), "{message}");
        let started = Instant::now();
        ground.helm.run(&["uninstall", RELEASE], None).await?;
        free(ground).await?;
        let took = started.elapsed();
        // What a garbage collector needs, many times over; not a promise, but far from "try again tomorrow".
        ensure!(took < Duration::from_mins(1), "it took {took:?} until guarded namespaces deployed again");
        nothing_is_registered(&ground.admin).await
    })
    .await
}

pub(super) async fn uninstalled_while_leading(bed: &Bed) -> Result<()> {
    on_ground(bed, async |ground| {
        let roles = install(bed, ground).await?;
        ground.helm.run(&["uninstall", RELEASE], None).await?;
        // Its rights go with the release, and so does its account: it may neither register nor lead.
        let gone = async || nothing_is_registered(&ground.admin).await;
        ground.plane.eventually("the registration is gone", gone).await.with_context(|| tails(&roles))?;
        free(ground).await.with_context(|| tails(&roles))?;
        nothing_is_registered(&ground.admin).await
    })
    .await
}

/// Installs the chart with the starter policy in Deny, starts both roles, and waits until reviews reach them.
pub(crate) async fn install(bed: &Bed, ground: &Ground) -> Result<Roles> {
    let Ground { plane, admin, helm } = ground;
    let port = free_port()?;
    let values = json!({
        "webhook": { "port": port, "service": { "port": port } },
        "clusterLocation": { "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] },
        "starter": { "policy": { "enforcement": { "placement": "Deny" } } }
    });
    // With --wait the pods that kwok plays are endpoints: the leader registers only what somebody answers.
    helm.release("install", &["--wait", "--timeout", "2m"], Some(&values)).await?;
    let configuration = configuration(admin).await?;
    let (binary, since) = (bed.operator().await?, plane.audit_log().end()?);
    let controller = plane.start_role(&binary, "controller", &configuration).await?;
    let webhook = plane.start_role(&binary, "webhook", &configuration).await?;
    let roles = Roles { controller, webhook, since };
    let reached = async {
        plane.operator_ready(&roles.controller).await?;
        plane.operator_ready(&roles.webhook).await?;
        plane.eventually("the webhooks are registered", async || registered(admin).await).await?;
        lead_to_loopback(admin).await?;
        enforced(plane, admin).await
    };
    reached.await.with_context(|| tails(&roles))?;
    plane.create_namespace(SHOP, &[("bund.dev/guarded", "true")]).await?;
    Ok(roles)
}

/// The configuration that the chart made.
async fn configuration(admin: &Cluster) -> Result<Value> {
    let maps: Api<ConfigMap> = Api::namespaced(admin.client(), OWN_NAMESPACE);
    let data = maps.get("bund").await?.data.unwrap_or_default();
    Ok(serde_saphyr::from_str(data.get("operator.yaml").context("operator.yaml")?)?)
}

/// From here on the Service leads to the process on loopback, and no longer to pods that only seem to run.
async fn lead_to_loopback(admin: &Cluster) -> Result<()> {
    let services: Api<k8s_openapi::api::core::v1::Service> = Api::namespaced(admin.client(), OWN_NAMESPACE);
    let spec = json!({ "spec": {
        "type": "ExternalName", "externalName": "localhost", "clusterIP": null, "clusterIPs": null, "selector": null
    } });
    services.patch("bund-webhook", &PatchParams::default(), &Patch::Merge(&spec)).await?;
    Ok(())
}

/// The names of what is registered for admission.
async fn registrations(admin: &Cluster) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for kind in [
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ] {
        let any = json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind });
        let objects = admin.api_of(&any).await?.list(&ListParams::default()).await?;
        found.extend(
            objects
                .items
                .into_iter()
                .filter_map(|object| object.metadata.name)
                .map(|name| format!("{kind} {name}")),
        );
    }
    Ok(found)
}

async fn registered(admin: &Cluster) -> Result<()> {
    let found = registrations(admin).await?;
    // The one that is registered last.
    ensure!(found.contains(&"MutatingWebhookConfiguration bund".to_owned()), "there is {found:?}");
    Ok(())
}

async fn nothing_is_registered(admin: &Cluster) -> Result<()> {
    let found = registrations(admin).await?;
    ensure!(found.is_empty(), "{found:?} is left");
    Ok(())
}

/// Both roles do what they are for.
async fn at_work(ground: &Ground, roles: &Roles) -> Result<()> {
    let Ground { plane, admin, .. } = ground;
    let abroad = pod(SHOP, "abroad", json!({ "nodeName": "frankfurt-1" }));
    let message = refused(admin, &abroad).await?;
    ensure!(message.contains("personal-information") && message.contains("frankfurt-1"), "{message}");
    let metrics = roles.webhook.metrics().await?;
    ensure!(metrics.contains("bund_admission_requests_total"), "{metrics}");
    let policy = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "mainland-residency" } });
    let policies = admin.api_of(&policy).await?;
    plane
        .eventually("statuses are written", async || {
            let status = policies.get("mainland-residency").await?.data["status"].to_string();
            ensure!(status.contains(r#""type":"Ready""#) && status.contains("wouldDeny"), "{status}");
            Ok(())
        })
        .await?;
    stamps::at_work(plane, admin, SHOP).await?;
    reports::at_work(plane, admin).await
}

/// Nothing that either role asked for was forbidden.
fn no_right_is_missing(ground: &Ground, roles: &Roles) -> Result<()> {
    let ours =
        |event: &AuditEvent| event.user.username.starts_with("system:serviceaccount:bund-system:bund-");
    let events = ground.plane.audit_log().since(roles.since)?;
    let forbidden: Vec<_> =
        events.iter().filter(|event| ours(event) && event.response_status.code == 403).collect();
    ensure!(forbidden.is_empty(), "{forbidden:?}");
    ensure!(events.iter().any(ours), "the audit log does not show them at all");
    Ok(())
}

/// Waits until guarded namespaces deploy again.
async fn free(ground: &Ground) -> Result<()> {
    let object = pod(SHOP, "free-again", json!({ "nodeName": "frankfurt-1" }));
    let created = async || ground.admin.create(&object).await.map(drop);
    ground.plane.eventually("the guarded namespace deploys", created).await
}

pub(crate) fn tails(roles: &Roles) -> String {
    format!("{}\n\n{}", roles.controller.log_tail(), roles.webhook.log_tail())
}
