//! What others do to what is registered is undone and told.

use anyhow::{Context, Result, ensure};
use bund_e2e::cluster::{Cluster, condition_of};
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::bed::{Bed, Living};

/// The name under which these tests do harm.
const MANAGER: &str = "somebody-else";

/// An object of the registration, and an edit that takes something from it.
struct Harm {
    version: &'static str,
    kind: &'static str,
    name: &'static str,
    /// Where, and what it becomes.
    edit: (&'static str, Value),
}

fn harms() -> Vec<Harm> {
    let registration = "admissionregistration.k8s.io/v1";
    let harm = |version, kind, name, edit| Harm { version, kind, name, edit };
    let webhook = ("/webhooks/0/failurePolicy", json!("Ignore"));
    vec![
        harm(registration, "ValidatingWebhookConfiguration", "bund", webhook.clone()),
        harm(registration, "MutatingWebhookConfiguration", "bund", webhook),
        harm(
            registration,
            "ValidatingAdmissionPolicy",
            "bund-floor",
            ("/spec/validations/0/expression", json!("true")),
        ),
        harm(
            registration,
            "ValidatingAdmissionPolicy",
            "bund-transfers",
            ("/spec/validations/0/expression", json!("true")),
        ),
        // What is added takes as much away.
        harm(
            registration,
            "ValidatingAdmissionPolicy",
            "bund-class-labels",
            ("/spec/matchConditions", json!([{ "name": "never", "expression": "false" }])),
        ),
        harm(
            registration,
            "ValidatingAdmissionPolicyBinding",
            "bund-class-labels",
            (
                "/spec/matchResources",
                json!({ "namespaceSelector": { "matchLabels": { "no": "namespace" } } }),
            ),
        ),
        harm(
            registration,
            "ValidatingAdmissionPolicyBinding",
            "bund-floor",
            ("/spec/validationActions", json!(["Warn"])),
        ),
        harm("bund.dev/v1alpha1", "FloorParameters", "cn-mainland", ("/spec/unplaced", json!("Free"))),
    ]
}

pub(super) async fn is_told(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    for harm in harms() {
        done_and_told(living, &harm).await.with_context(|| format!("{} {}", harm.kind, harm.name))?;
    }
    let log = living.operator.log_tail();
    ensure!(log.contains("the registration had drifted"), "{log}");
    let location = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation" });
    let location = living.admin.api_of(&location).await?;
    let registered = async || {
        let status = location.get("cluster").await?.data["status"].clone();
        ensure!(condition_of(&status, "Registered")?["status"] == "True", "{status}");
        Ok(())
    };
    living.plane.eventually("everything is registered", registered).await
}

async fn done_and_told(living: &Living, harm: &Harm) -> Result<()> {
    let Living { plane, admin, .. } = living;
    let Harm { version, kind, name, edit: (pointer, value) } = harm;
    let api = admin.api_of(&json!({ "apiVersion": version, "kind": kind })).await?;
    let before = wanted(&api.get(name).await?.data);
    forget(admin, harm).await?;
    let as_before = async || {
        let now = wanted(&api.get(name).await?.data);
        ensure!(now == before, "{now}");
        Ok(())
    };
    let edit = json!([{ "op": "add", "path": pointer, "value": value }]);
    let edit = Patch::Json::<()>(serde_json::from_value(edit)?);
    let by = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    api.patch(name, &by, &edit).await?;
    plane.eventually("it is as before", as_before).await?;
    told(living, harm, "changed").await?;
    let note = async || event(admin, kind, name, "changed").await;
    let note = plane.eventually("the event is there", note).await?;
    ensure!(note.contains(&format!("was changed by field manager {MANAGER}")), "{note}");
    api.delete(name, &DeleteParams::default()).await?;
    plane.eventually("it is there again", as_before).await?;
    told(living, harm, "deleted").await?;
    let note = async || event(admin, kind, name, "deleted").await;
    let note = plane.eventually("the event is there", note).await?;
    ensure!(note.contains("was deleted; it is as before"), "{note}");
    Ok(())
}

/// What an object asks for.
fn wanted(object: &Value) -> Value {
    json!([object["spec"], object["webhooks"]])
}

async fn told(living: &Living, harm: &Harm, what: &str) -> Result<()> {
    let counted = async || {
        let metrics = living.operator.metrics().await?;
        let line = format!("bund_drift_total{{kind=\"{}\",what=\"{what}\"}}", harm.kind);
        ensure!(metrics.lines().any(|found| found.starts_with(&line)), "{metrics}");
        Ok(())
    };
    living.plane.eventually("the metric says so", counted).await
}

fn name_of_event(kind: &str, name: &str, what: &str) -> String {
    format!("bund-drift.{}.{name}.{what}", kind.to_lowercase())
}

/// Takes away what other tests made it tell: there is one event of a kind until it is forgotten.
async fn forget(admin: &Cluster, Harm { kind, name, .. }: &Harm) -> Result<()> {
    let events: Api<Event> = Api::namespaced(admin.client(), "default");
    for what in ["changed", "deleted"] {
        match events.delete(&name_of_event(kind, name, what), &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The note of the event about one object.
async fn event(admin: &Cluster, kind: &str, name: &str, what: &str) -> Result<String> {
    let events: Api<Event> = Api::namespaced(admin.client(), "default");
    let event = events.get(&name_of_event(kind, name, what)).await?;
    ensure!(
        event.regarding.as_ref().and_then(|about| about.kind.as_deref()) == Some("ClusterLocation"),
        "{event:?}"
    );
    event.note.context("it says nothing")
}
