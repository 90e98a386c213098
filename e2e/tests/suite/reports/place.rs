//! Where reports are looked at: a cluster with one policy, and a Deployment and a volume abroad.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Operator, User, nodes},
    policy_reports::ReportApi,
    repository,
    shop::manifests,
};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api,
    api::{DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

/// The namespace in which something is wrong.
pub(super) const NAMESPACE: &str = "reported";

/// A cluster with an operator at work, in which no API of reports is served yet.
pub(super) struct Place<'p> {
    pub(super) plane: &'p ControlPlane,
    pub(super) operator: Operator,
    pub(super) admin: Cluster,
}

impl<'p> Place<'p> {
    pub(super) async fn prepare(plane: &'p ControlPlane, binary: &Path) -> Result<Self> {
        let admin = Cluster::of(plane.client(User::ADMIN).await?);
        admin.apply_definitions(plane).await?;
        for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
            admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
        }
        Api::<Node>::all(admin.client())
            .create(&PostParams::default(), &nodes::hangzhou("hangzhou-1"))
            .await?;
        plane.create_namespace(NAMESPACE, &[("bund.dev/guarded", "true")]).await?;
        // Nothing is refused: what is wrong comes to be, and is told.
        let policy = json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": NAMESPACE },
            "spec": {
                "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
                "enforcement": { "placement": "Warn", "storage": "Warn" }, "placementStrategy": "Require"
            }
        });
        admin.apply(&policy).await?;
        let operator = plane.start_operator(binary).await?;
        Ok(Self { plane, operator, admin })
    }

    /// The reports of one owner's kind in `api`: those of its scope.
    pub(super) async fn reports(&self, api: ReportApi, object: &Value) -> Result<Api<DynamicObject>> {
        let [namespaced, cluster] = api.kinds();
        let namespace = object.pointer("/metadata/namespace");
        let kind = if namespace.is_some() { namespaced } else { cluster };
        let report = json!({
            "apiVersion": api.api_version(), "kind": kind, "metadata": { "namespace": namespace }
        });
        self.admin.api_of(&report).await
    }

    /// The report of this name, once `holds`.
    pub(super) async fn report(
        &self,
        api: ReportApi,
        owner: &Value,
        what: &str,
        holds: impl Fn(&DynamicObject) -> Result<()>,
    ) -> Result<DynamicObject> {
        let name = report_name(owner)?;
        self.plane
            .eventually(what, async || {
                let report = self.reports(api, owner).await?.get(&name).await?;
                holds(&report).with_context(|| report.data.to_string())?;
                Ok(report)
            })
            .await
    }

    /// Waits until an owner has no report.
    pub(super) async fn no_report(&self, api: ReportApi, owner: &Value, what: &str) -> Result<()> {
        let name = report_name(owner)?;
        let reports = self.reports(api, owner).await?;
        let gone = async || {
            ensure!(reports.get_opt(&name).await?.is_none(), "{name} is there");
            Ok(())
        };
        self.plane.eventually(what, gone).await
    }

    /// Merges into a report by hand.
    pub(super) async fn edit(&self, api: ReportApi, owner: &Value, patch: &Value) -> Result<()> {
        let reports = self.reports(api, owner).await?;
        reports.patch(&report_name(owner)?, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// The reasons of the events about an owner, in order.
    pub(super) async fn events(&self, owner: &Value) -> Result<Vec<String>> {
        let namespace = owner.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
        let events: Api<Event> = Api::namespaced(self.admin.client(), namespace);
        let events = events.list(&ListParams::default()).await?.items.into_iter();
        let ours = events.filter(|event| {
            let regarding = event.regarding.as_ref();
            event.reporting_controller.as_deref() == Some("bund.dev/operator")
                && regarding.and_then(|owner| owner.name.as_deref()) == owner["metadata"]["name"].as_str()
                && regarding.and_then(|owner| owner.kind.as_deref()) == owner["kind"].as_str()
        });
        let mut reasons: Vec<_> = ours.filter_map(|event| event.reason).collect();
        reasons.sort_unstable();
        Ok(reasons)
    }

    /// Waits until the events about an owner have these reasons.
    pub(super) async fn told(&self, owner: &Value, reasons: &[&str]) -> Result<()> {
        let told = async || {
            let found = self.events(owner).await?;
            ensure!(found == reasons, "{found:?}");
            Ok(())
        };
        self.plane.eventually(&format!("events tell of {reasons:?}"), told).await
    }
}

fn report_name(owner: &Value) -> Result<String> {
    let text = |pointer: &str| owner.pointer(pointer).and_then(Value::as_str).context("no owner");
    Ok(format!("bund-{}-{}", text("/kind")?.to_lowercase(), text("/metadata/name")?))
}
