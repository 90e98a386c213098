//! Kyverno outside the cluster: the admission controller alone, with the flags and settings of its chart.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Peer, User, free_port},
    repository,
    shop::manifests,
    tools,
};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Bed, rule};

const MODULE: &str = "github.com/kyverno/kyverno";
/// The folders of its module that hold the kinds which it needs.
const DEFINITIONS: [&str; 4] = ["kyverno", "policies.kyverno.io", "policyreport", "reports"];

/// What it reads instead of asking its pod.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("KYVERNO_NAMESPACE", "kyverno"),
    ("KYVERNO_SERVICEACCOUNT_NAME", "kyverno-admission-controller"),
    ("KYVERNO_DEPLOYMENT", "dummy"),
    ("KYVERNO_POD_NAME", "dummy"),
    ("INIT_CONFIG", "kyverno"),
    ("METRICS_CONFIG", "kyverno-metrics"),
];

/// The flags of its chart that concern what it does per request.
const FLAGS: [&str; 11] = [
    "--caSecretName=kyverno-svc.kyverno.svc.kyverno-tls-ca",
    "--tlsSecretName=kyverno-svc.kyverno.svc.kyverno-tls-pair",
    "--backgroundServiceAccountName=system:serviceaccount:kyverno:kyverno-background-controller",
    "--reportsServiceAccountName=system:serviceaccount:kyverno:kyverno-reports-controller",
    "--omitEvents=PolicyApplied,PolicySkipped",
    "--generateValidatingAdmissionPolicy=true",
    "--maxAdmissionReports=1000",
    "--webhookServerHost=127.0.0.1",
    "--metricsHost=127.0.0.1",
    "--controllerRuntimeMetricsAddress=0",
    "--v=2",
];

/// Its program, and a cluster that is ready for it.
pub(super) struct Kyverno {
    program: PathBuf,
}

impl Kyverno {
    /// Builds it where that was not done yet, and gives the cluster what its chart would.
    pub(super) async fn install(plane: &ControlPlane, admin: &Cluster) -> Result<Self> {
        let folders = tools::bin_directories(&["kyverno"]).await?;
        let program = folders.first().context("nothing was built")?.join("kyverno");
        let module = module().await?;
        for folder in DEFINITIONS {
            let definitions = manifests(&module.join("config/crds").join(folder))?;
            admin.apply_all(&definitions).await.context("its definitions")?;
        }
        admin.apply_all(&settings()).await.context("its settings")?;
        let policy = rule::kyverno();
        plane.eventually("its kinds are served", async || admin.api_of(&policy).await.map(drop)).await?;
        Ok(Self { program })
    }

    /// Starts it and gives it its policy as soon as it takes one.
    pub(super) async fn start(&self, bed: &Bed) -> Result<Peer> {
        let (webhook, metrics) = (free_port()?, free_port()?);
        let mut arguments: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        arguments.extend([
            format!("--kubeconfig={}", bed.plane.kubeconfig(User::ADMIN)?.display()),
            format!("--serverIP=127.0.0.1:{webhook}"),
            format!("--webhookServerPort={webhook}"),
            format!("--metricsPort={metrics}"),
        ]);
        let kyverno = bed.plane.start_peer(
            "kyverno",
            &self.program,
            &ENVIRONMENT,
            &arguments,
            vec![webhook, metrics],
        )?;
        let policy = rule::kyverno();
        let ready = bed.plane.eventually("it takes its policy and refuses by it", async || {
            kyverno.check()?;
            bed.admin.apply(&policy).await?;
            super::side::Side::Kyverno.refuses(&bed.admin).await
        });
        ready.await.with_context(|| kyverno.log_tail())?;
        Ok(kyverno)
    }
}

/// Where the sources of the pinned version are, for the definitions of its kinds.
async fn module() -> Result<PathBuf> {
    let output = Command::new("go")
        .args(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", MODULE])
        .env("GOWORK", "off")
        .current_dir(repository::root().join("e2e/tools/kyverno"))
        .output()
        .await
        .context("go cannot be started")?;
    ensure!(output.status.success(), "go list: {}", String::from_utf8_lossy(&output.stderr));
    let folder = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(Path::new(&folder).is_dir(), "the sources of {MODULE} are not in Go's cache");
    Ok(folder.into())
}

/// Its namespace, its two ConfigMaps with the defaults of its chart, and a Deployment to stand for its own.
fn settings() -> [Value; 4] {
    let map = |name: &str, data: Value| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "kyverno" }, "data": data
        })
    };
    let webhooks = json!({ "namespaceSelector": { "matchExpressions": [
        { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kyverno"] }
    ] } });
    let filters = "[*/*,kyverno,*] [Event,*,*] [*/*,kube-system,*] [*/*,kube-public,*] [*/*,kube-node-lease,*] \
                   [Node,*,*] [Node/?*,*,*] [APIService,*,*] [APIService/?*,*,*] [TokenReview,*,*] \
                   [SubjectAccessReview,*,*] [SelfSubjectAccessReview,*,*] [Binding,*,*] [Pod/binding,*,*] \
                   [ReplicaSet,*,*] [ReplicaSet/?*,*,*] [EphemeralReport,*,*] [ClusterEphemeralReport,*,*]";
    let config = json!({
        "enableDefaultRegistryMutation": "true", "defaultRegistry": "docker.io", "generateSuccessEvents": "false",
        "excludeGroups": "system:nodes", "resourceFilters": filters, "updateRequestThreshold": "1000",
        "webhooks": webhooks.to_string()
    });
    let metrics = json!({
        "namespaces": r#"{"exclude": [], "include": []}"#,
        "bucketBoundaries": "0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30"
    });
    let labels = json!({ "app": "dummy" });
    [
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "kyverno" } }),
        map("kyverno", config),
        map("kyverno-metrics", metrics),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "dummy", "namespace": "kyverno" },
            "spec": {
                "replicas": 0, "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "dummy", "image": "dummy:1" }] }
                }
            }
        }),
    ]
}
