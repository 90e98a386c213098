//! What the tests share.

use std::{path::PathBuf, sync::Mutex};

use anyhow::{Result, anyhow};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Operator, Options, User, nodes},
    entrance::Stage,
    probe::enforced,
    repository,
    shop::{self, manifests},
    tools::Tools,
};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use serde_json::{Value, json};
use tokio::{runtime::Runtime, sync::OnceCell};

/// What the tests share: started when first needed.
pub(crate) struct Bed {
    runtime: Runtime,
    tools: OnceCell<Tools>,
    programs: OnceCell<PathBuf>,
    judged: OnceCell<ControlPlane>,
    stage: OnceCell<Stage>,
    living: OnceCell<Living>,
    /// What the sitting of the cases is open on, with its operator.
    pub(crate) sitting: Mutex<Option<(usize, Operator)>>,
}

/// A control plane on which pods are scheduled and run, with Bund at work.
pub(crate) struct Living {
    pub(crate) plane: ControlPlane,
    pub(crate) operator: Operator,
    pub(crate) admin: Cluster,
}

/// A namespace where placement is `Deny` and pods are confined.
pub(crate) const INJECTED: &str = "injected";
/// A namespace where placement is `Deny` and templates must confine themselves.
pub(crate) const REQUIRED: &str = "required";
/// A namespace where everything is `Audit`.
pub(crate) const AUDITED: &str = "audited";
/// A namespace that is not enrolled.
pub(crate) const FREE: &str = "free";

impl Bed {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            runtime: Runtime::new()?,
            tools: OnceCell::new(),
            programs: OnceCell::new(),
            judged: OnceCell::new(),
            stage: OnceCell::new(),
            living: OnceCell::new(),
            sitting: Mutex::new(None),
        })
    }

    /// Runs one test.
    pub(crate) fn run(&self, test: impl AsyncFnOnce(&Self) -> Result<()>) -> Result<()> {
        self.runtime
            .block_on(async { test(self).await.map_err(|error| anyhow!("{error:#}\n\n{}", self.evidence())) })
    }

    /// Runs something outside of what the tests share.
    pub(crate) fn outcome<T>(&self, of: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        self.runtime.block_on(of())
    }

    /// The end of every log, for a test that failed.
    fn evidence(&self) -> String {
        let sitting = self.sitting.lock().ok();
        let asked = sitting.as_ref().and_then(|open| open.as_ref()).map(|(_, operator)| operator.log_tail());
        let living = self.living.get().map(|living| living.operator.log_tail());
        [asked, living].into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    pub(crate) async fn tools(&self) -> Result<&Tools> {
        self.tools.get_or_try_init(Tools::find).await
    }

    /// The operator's program.
    pub(crate) async fn operator(&self) -> Result<PathBuf> {
        Ok(self.programs.get_or_try_init(repository::programs).await?.join("bund-operator"))
    }

    /// An API server and etcd, and nothing that acts on what is stored.
    pub(crate) async fn judged(&self) -> Result<&ControlPlane> {
        let start = async || ControlPlane::start(self.tools().await?, Options::api_only()).await;
        self.judged.get_or_try_init(start).await
    }

    /// What the sittings of the cases share.
    pub(crate) async fn stage(&self) -> Result<&Stage> {
        self.stage
            .get_or_try_init(async || Stage::set(self.judged().await?, self.operator().await?).await)
            .await
    }

    /// Everything, with nodes on the mainland and abroad, and Bund at work.
    pub(crate) async fn living(&self) -> Result<&Living> {
        self.living.get_or_try_init(|| self.bring_to_life()).await
    }

    async fn bring_to_life(&self) -> Result<Living> {
        let plane = ControlPlane::start(self.tools().await?, Options::default()).await?;
        let admin = Cluster::of(plane.client(User::ADMIN).await?);
        plane
            .add_nodes(&[
                nodes::hangzhou("hangzhou-1"),
                nodes::hong_kong("hongkong-1"),
                nodes::singapore("singapore-1"),
                nodes::frankfurt("frankfurt-1"),
                nodes::unlabelled("unlabelled-1"),
                nodes::contradictory("disagreeing-1"),
            ])
            .await?;
        // The scheduler would choose it, and its binding be refused, again and again.
        Api::<Node>::all(admin.client()).cordon("disagreeing-1").await?;
        admin.apply_definitions(&plane).await?;
        for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
            admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
        }
        for name in [INJECTED, REQUIRED, AUDITED] {
            plane.create_namespace(name, &[("bund.dev/guarded", "true"), ("e2e", name)]).await?;
        }
        plane.create_namespace(FREE, &[]).await?;
        admin.apply_all(&[policy(INJECTED, "Deny", "Inject"), policy(REQUIRED, "Deny", "Require")]).await?;
        admin.apply_all(&[policy(AUDITED, "Audit", "Require"), shop::namespace()]).await?;
        let operator = plane.start_operator(&self.operator().await?).await?;
        enforced(&plane, &admin).await?;
        Ok(Living { plane, operator, admin })
    }

    /// Stops what was started.
    pub(crate) fn close(&self) {
        if let Ok(mut open) = self.sitting.lock() {
            open.take();
        }
    }
}

/// A policy that keeps personal information in one namespace.
fn policy(namespace: &str, mode: &str, strategy: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
        "metadata": { "name": namespace },
        "spec": {
            "dataClasses": ["personal-information"],
            "jurisdictions": ["cn-mainland"],
            "namespaceSelector": { "matchLabels": { "e2e": namespace } },
            "enforcement": { "placement": mode },
            "placementStrategy": strategy
        }
    })
}
