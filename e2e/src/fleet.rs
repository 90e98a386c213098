//! A fleet of nodes and pods, of which one node leaves the mainland: how soon that is told, in how many reports, and
//! that nothing is written when nothing changes.
//!
//! Nodes and pods are plain objects that nobody runs: what is asked is what the operator knows and writes.

mod objects;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::control_plane::{ControlPlane, Operator, Options, User, nodes};
use crate::policy_reports::ReportApi;
use crate::repository;
use crate::shop::manifests;
use crate::tools::Tools;

pub use objects::Size;

/// How long it may take until a node that left shows in reports and in the status of the policy.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The policy that keeps the fleet.
const POLICY: &str = "fleet";

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// How long it took to create the fleet.
    pub created: Duration,
    /// From the new label to the last report and the status.
    pub told: Duration,
    /// Reports of the node that left.
    pub reports: usize,
    /// Resident memory of the operator at the end, in bytes.
    pub memory: u64,
}

/// Runs it, and says each step through `say`.
pub async fn leave(tools: &Tools, binary: &Path, size: Size, say: impl Fn(&str)) -> Result<Outcome> {
    let plane = ControlPlane::start(tools, Options::api_only()).await?;
    let outcome = run(&plane, binary, size, say).await;
    match outcome {
        Ok(outcome) => plane.stop().map(|()| outcome),
        Err(error) => Err(error.context(plane.diagnosis())),
    }
}

async fn run(plane: &ControlPlane, binary: &Path, size: Size, say: impl Fn(&str)) -> Result<Outcome> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    set_up(plane, &admin).await?;
    say(&format!("creating {} nodes and {} pods", size.nodes, size.pods()));
    let begun = Instant::now();
    objects::create(&admin, size).await?;
    let created = begun.elapsed();
    let operator = plane.start_operator(binary).await?;
    let reports = Reports::of(&admin).await?;
    audited(plane, &admin, size).await?;
    ensure!(reports.versions().await?.is_empty(), "something is reported before a node left");

    say("a node leaves the mainland");
    let begun = Instant::now();
    relabel(&admin, &nodes::frankfurt(&objects::node_name(0))).await?;
    let expected = size.pods_per_node;
    plane
        .eventually("the node that left is told of", async || {
            let (told, violating) = (reports.versions().await?.len(), violating(&admin).await?);
            ensure!(
                (told, violating) == (expected, expected),
                "{told} reports, {violating} owners in the status"
            );
            Ok(())
        })
        .await
        .with_context(|| operator.log_tail())?;
    let told = begun.elapsed();

    say("nothing changes, over two full passes and another leader");
    let before = reports.versions().await?;
    for name in ["fleet-unused-1", "fleet-unused-2"] {
        full_pass(plane, &operator, &admin, name).await?;
    }
    let written = counted(&operator.metrics().await?, "bund_report_writes_total{");
    ensure!(written == expected, "{written} writes of {expected} reports");
    operator.kill();
    operator.restart()?;
    plane.operator_ready(&operator).await?;
    full_pass(plane, &operator, &admin, "fleet-unused-3").await?;
    ensure!(reports.versions().await? == before, "reports were written although nothing had changed");
    let written = counted(&operator.metrics().await?, "bund_report_writes_total{");
    ensure!(written == 0, "{written} writes by the new leader");
    let memory = operator.resident_memory().await?;

    say("the node comes back");
    relabel(&admin, &nodes::hangzhou(&objects::node_name(0))).await?;
    let gone = async || {
        let left = reports.versions().await?.len();
        ensure!(left == 0, "{left} reports are left");
        Ok(())
    };
    plane.eventually("the reports are gone", gone).await?;
    Ok(Outcome { created, told, reports: expected, memory })
}

/// Our kinds and reports are served, and a policy keeps personal information in the namespace of the fleet.
async fn set_up(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    admin.apply_all(&ReportApi::OpenReports.definitions().await?).await?;
    admin.apply_definitions(plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    plane.create_namespace(objects::NAMESPACE, &[("bund.dev/guarded", "true")]).await?;
    let policy = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": POLICY },
        "spec": {
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": "Deny" }, "placementStrategy": "Inject"
        }
    });
    admin.apply(&policy).await.map(drop)
}

/// Gives a node the labels and the provider's id of another one.
async fn relabel(admin: &Cluster, like: &Node) -> Result<()> {
    let name = like.metadata.name.as_deref().context("the node has no name")?;
    let patch = json!({ "metadata": { "labels": like.metadata.labels } });
    let api: Api<Node> = Api::all(admin.client());
    api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.map(drop).map_err(Into::into)
}

/// Our reports.
struct Reports(Vec<Api<DynamicObject>>);

impl Reports {
    async fn of(admin: &Cluster) -> Result<Self> {
        let mut apis = Vec::new();
        for kind in ReportApi::OpenReports.kinds() {
            let report = json!({
                "apiVersion": ReportApi::OpenReports.api_version(), "kind": kind,
                "metadata": { "namespace": objects::NAMESPACE }
            });
            apis.push(admin.api_of(&report).await?);
        }
        Ok(Self(apis))
    }

    /// The resource version of each, by name.
    async fn versions(&self) -> Result<BTreeMap<String, String>> {
        let mut versions = BTreeMap::new();
        for api in &self.0 {
            let reports = api.list_metadata(&ListParams::default()).await?.items.into_iter();
            versions.extend(
                reports.filter_map(|report| Some((report.metadata.name?, report.metadata.resource_version?))),
            );
        }
        Ok(versions)
    }
}

async fn status(admin: &Cluster) -> Result<Value> {
    let policy = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy" });
    let policy = admin.api_of(&policy).await?.get(POLICY).await?;
    Ok(policy.data.get("status").cloned().unwrap_or_default())
}

fn number(status: &Value, pointer: &str) -> Result<usize> {
    let number = status.pointer(pointer).and_then(Value::as_u64).context("the status tells no number")?;
    Ok(usize::try_from(number)?)
}

/// How many owners the policy says break a rule of it.
async fn violating(admin: &Cluster) -> Result<usize> {
    number(&status(admin).await?, "/violating/count")
}

/// Waits until the policy tells of the whole fleet.
async fn audited(plane: &ControlPlane, admin: &Cluster, size: Size) -> Result<()> {
    let audited = async || {
        let status = status(admin).await?;
        let covered = number(&status, "/covered")?;
        ensure!(covered == size.owners(), "{covered} of {} owners are covered: {status}", size.owners());
        Ok(())
    };
    plane.eventually("the fleet was judged", audited).await
}

/// Has everything judged again, and waits until that was done and what followed of it.
async fn full_pass(plane: &ControlPlane, operator: &Operator, admin: &Cluster, class: &str) -> Result<()> {
    let passes = "bund_audit_duration_seconds_count{pass=\"full\"}";
    let before = counted(&operator.metrics().await?, passes);
    // One of our own objects more: everything may depend on it.
    let class = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": { "name": class },
        "spec": { "category": "Other" }
    });
    admin.apply(&class).await?;
    let judged = async || {
        let now = counted(&operator.metrics().await?, passes);
        ensure!(now > before, "{now} full passes");
        Ok(())
    };
    plane.eventually("everything was judged again", judged).await?;
    // Statuses and reports follow the audit by half a second; what they would write wrongly is written by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// The sum of the metric's lines that begin like this.
fn counted(metrics: &str, prefix: &str) -> usize {
    let lines = metrics.lines().filter(|line| line.starts_with(prefix));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
}

impl Outcome {
    /// Fails where it took too long.
    pub fn check(&self) -> Result<()> {
        ensure!(self.told <= PATIENCE, "a node that left was told of after {:?}", self.told);
        Ok(())
    }
}
