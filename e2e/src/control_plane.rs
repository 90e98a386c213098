//! A real control plane on loopback, started for a test and gone with it.
//!
//! etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok in place of kubelets. Everything
//! lives in one temporary directory; nothing of the machine's own Kubernetes configuration is read or
//! written.
//!
//! Webhooks run in or next to the test and listen on loopback. A `Service` of type `ExternalName` with the
//! external name `localhost` leads the API server to them by `clientConfig.service`, as in a real cluster.

mod audit;
mod backup;
mod certified;
pub(crate) mod components;
pub mod nodes;
mod operator;
mod peer;
mod pki;
pub(crate) mod ports;
pub(crate) mod process;
mod random;
mod role;
mod users;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{Api, GetParams, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::{Client, Config};
use tempfile::TempDir;

use self::components::Setup;
use self::ports::PortTaken;
use self::process::Process;
use self::users::Cluster;
use crate::tools::Tools;

pub use self::audit::{AuditEvent, AuditLog, AuditObject, AuditPosition, AuditStatus, AuditUser};
pub use self::operator::{OWN_NAMESPACE, Operator, serve_operator};
pub use self::peer::Peer;
pub use self::role::free_port;
pub use self::users::{CONTEXT, Identity, User};

/// Longer than anything here takes on a busy machine with two cores.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two questions. Short, because a test is made of many waits.
const PAUSE: Duration = Duration::from_millis(25);
/// How often starting is tried with other ports.
const STARTS: usize = 3;
/// If this is set, the directory with the logs stays.
const KEEP: &str = "BUND_E2E_KEEP";

/// Where the API server is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// On a free loopback port: from this machine.
    #[default]
    Loopback,
    /// At the address of the `kubernetes` Service, on its port: from pods too, without a proxy. The address has
    /// to be one of this network namespace's.
    Service,
}

/// What runs besides etcd and the API server. The default is everything.
#[derive(Debug, Clone)]
pub struct Options {
    /// Owners get their pods, namespaces their service accounts, nodes lose their taints.
    pub controller_manager: bool,
    /// Pods are bound to nodes. Without it a test binds them itself.
    pub scheduler: bool,
    /// Nodes of [`nodes`] become ready, and pods on them run.
    pub kwok: bool,
    /// Where the API server is found.
    pub reach: Reach,
    /// Further flags for the API server. Where a flag has one value, these win.
    pub apiserver_arguments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            controller_manager: true,
            scheduler: true,
            kwok: true,
            reach: Reach::Loopback,
            apiserver_arguments: Vec::new(),
        }
    }
}

impl Options {
    /// Admission and storage, nothing that acts on what is stored.
    pub fn api_only() -> Self {
        Self { controller_manager: false, scheduler: false, kwok: false, ..Self::default() }
    }
}

/// A running control plane. Dropping it kills everything and removes the directory; so does, except for the
/// directory, the death of this process.
///
/// All methods take `&self`, so tests that run at the same time can share one.
#[derive(Debug)]
pub struct ControlPlane {
    // Users before what they use: fields are dropped in this order.
    controllers: Vec<Process>,
    apiserver: Process,
    etcd: Process,
    setup: Setup,
    options: Options,
    directory: TempDir,
}

impl ControlPlane {
    /// Starts a control plane and waits until it can be used.
    pub async fn start(tools: &Tools, options: Options) -> anyhow::Result<Self> {
        for _ in 1..STARTS {
            match Self::start_once(tools, &options).await {
                Err(error) if error.is::<PortTaken>() => {}
                started => return started,
            }
        }
        Self::start_once(tools, &options).await
    }

    async fn start_once(tools: &Tools, options: &Options) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("bund-e2e-").tempdir()?;
        let setup = Setup::write(directory.path(), options.reach)?;
        let etcd = Process::spawn(setup.etcd(tools), directory.path())?;
        let apiserver = Process::spawn(setup.apiserver(tools, options), directory.path())?;
        let options = options.clone();
        let mut plane = Self { controllers: Vec::new(), apiserver, etcd, setup, options, directory };
        match plane.complete(tools).await {
            Ok(()) => Ok(plane),
            Err(error) if error.is::<PortTaken>() => Err(error),
            Err(error) => {
                plane.directory.disable_cleanup(true);
                Err(error.context("the control plane did not start"))
            }
        }
    }

    /// Waits for the API server, then starts what needs it: the controller manager gives up if there is none.
    async fn complete(&mut self, tools: &Tools) -> anyhow::Result<()> {
        self.apiserver_ready().await?;
        let wanted = [
            (self.options.controller_manager, self.setup.controller_manager(tools)?),
            (self.options.scheduler, self.setup.scheduler(tools)?),
            (self.options.kwok, self.setup.kwok(tools)?),
        ];
        for (_, command) in wanted.into_iter().filter(|(wanted, _)| *wanted) {
            self.controllers.push(Process::spawn(command, self.directory.path())?);
        }
        for controller in &self.controllers {
            self.eventually(&format!("{} listens", controller.name()), async || controller.check_listening())
                .await?;
        }
        if self.options.controller_manager {
            self.service_account_exists("default").await?;
        }
        Ok(())
    }

    async fn apiserver_ready(&self) -> anyhow::Result<()> {
        let client = self.client(User::ADMIN).await?;
        let namespaces: Api<Namespace> = Api::all(client.clone());
        self.eventually("the API server is ready", async || {
            client.request_text(Request::new("").get("readyz", &GetParams::default())?).await?;
            // Written in the background, which /readyz does not wait for.
            namespaces.get("default").await?;
            Ok(())
        })
        .await
    }

    /// Stops everything, then removes the directory and says if that failed.
    pub fn stop(self) -> anyhow::Result<()> {
        for process in self.processes() {
            process.kill();
        }
        // Dropping does the rest; here only what it could not report.
        let path = self.directory();
        if !keep_wanted() {
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Leaves the directory with the logs where it is, for somebody to read.
    pub fn keep(&mut self) {
        self.directory.disable_cleanup(true);
    }

    // === clients ===

    /// A client of this user. It belongs to the async runtime that it is made in.
    pub async fn client(&self, user: User) -> anyhow::Result<Client> {
        client_of(self.kubeconfig(user)?).await
    }

    /// The kubeconfig of this user, for programs.
    pub fn kubeconfig(&self, user: User) -> anyhow::Result<&Path> {
        self.setup.accounts.kubeconfig(user)
    }

    /// A kubeconfig for a service account, with a token that the API server issued to it: what runs with it
    /// has the rights that the chart gives, not more.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> anyhow::Result<PathBuf> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(User::ADMIN).await?, namespace);
        let request = TokenRequest { spec: Some(TokenRequestSpec::default()), ..TokenRequest::default() };
        let answer = accounts.create_token_request(name, &PostParams::default(), &request).await?;
        let token = answer.status.and_then(|status| status.token).context("no token in the answer")?;
        let path =
            self.directory().join("kubeconfigs").join(format!("{namespace}-{name}-{}", random::token()?));
        let cluster = Cluster { server: &self.server(), ca: self.ca() };
        cluster.write_kubeconfig(path, &format!("system:serviceaccount:{namespace}:{name}"), &token)
    }

    /// The address of the API server.
    pub fn server(&self) -> String {
        self.setup.server()
    }

    /// The certificate that signs the API server's, in PEM.
    pub fn ca(&self) -> &Path {
        &self.setup.pki.ca
    }

    /// Where everything of this control plane is. It goes when the control plane goes.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    // === state ===

    /// Creates a namespace in which pods can be created at once. With a controller manager that means to wait
    /// for its default service account.
    pub async fn create_namespace(&self, name: &str, labels: &[(&str, &str)]) -> anyhow::Result<()> {
        let labels: BTreeMap<String, String> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(name.into()), labels: Some(labels), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        let api: Api<Namespace> = Api::all(self.client(User::ADMIN).await?);
        api.create(&PostParams::default(), &namespace).await?;
        if self.options.controller_manager {
            self.service_account_exists(name).await?;
        }
        Ok(())
    }

    async fn service_account_exists(&self, namespace: &str) -> anyhow::Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(User::ADMIN).await?, namespace);
        let what = format!("namespace `{namespace}` has its service account");
        self.eventually(&what, async || Ok(accounts.get("default").await.map(drop)?)).await
    }

    /// The id of the API server's process.
    pub fn apiserver_pid(&self) -> anyhow::Result<u32> {
        self.apiserver.pid()
    }

    /// Kills the API server. Watches break, webhooks are not called, etcd keeps what was written.
    pub fn kill_apiserver(&self) {
        self.apiserver.kill();
    }

    /// Starts the API server again at the same address and waits until it is ready.
    pub async fn restart_apiserver(&self) -> anyhow::Result<()> {
        self.apiserver.kill();
        self.apiserver.start()?;
        self.ready_again().await
    }

    /// Kills etcd, starts it again on what it had written, and waits until the API server is ready.
    pub async fn restart_etcd(&self) -> anyhow::Result<()> {
        self.etcd.kill();
        self.etcd.start()?;
        self.ready_again().await
    }

    /// Waits until the API server is ready, and starts what gives up on the way again, as a kubelet does: on a busy
    /// machine an API server ends when one of its start hooks does not hear from etcd in time.
    async fn ready_again(&self) -> anyhow::Result<()> {
        for _ in 1..STARTS {
            let Err(error) = self.apiserver_ready().await else { return Ok(()) };
            let dead = |process: &&Process| process.check().is_err();
            let Some(process) = [&self.etcd, &self.apiserver].into_iter().find(dead) else {
                return Err(error);
            };
            process.kill();
            process.start()?;
        }
        self.apiserver_ready().await
    }

    /// Asks until the answer is good. Fails when two minutes have passed, with the last bad answer, or when a
    /// process of the control plane has died, with the end of its log. `what` reads as a statement: "the pod
    /// is gone".
    pub async fn eventually<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut last = anyhow!("no answer");
        loop {
            let error = match tokio::time::timeout_at(deadline.into(), ask()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => last,
            };
            for process in self.processes() {
                process.check().with_context(|| format!("not seen: {what}"))?;
            }
            if Instant::now() >= deadline {
                return Err(error.context(format!("not seen in {} s: {what}", PATIENCE.as_secs())));
            }
            last = error;
            tokio::time::sleep(PAUSE).await;
        }
    }

    // === evidence ===

    /// The API server's audit log.
    pub fn audit_log(&self) -> AuditLog {
        AuditLog::new(self.setup.audit_log())
    }

    /// Waits for the first event since `position` that is meant.
    pub async fn audit_event(
        &self,
        what: &str,
        position: AuditPosition,
        meant: impl Fn(&AuditEvent) -> bool,
    ) -> anyhow::Result<AuditEvent> {
        let log = self.audit_log();
        self.eventually(&format!("an audit event: {what}"), async || {
            log.since(position)?.into_iter().find(&meant).context("there is none")
        })
        .await
    }

    /// Where the logs are and how each ends, for the report of a test that failed.
    pub fn diagnosis(&self) -> String {
        self.processes().map(Process::log_tail).collect::<Vec<_>>().join("\n\n")
    }

    fn processes(&self) -> impl Iterator<Item = &Process> {
        self.controllers.iter().chain([&self.apiserver, &self.etcd])
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if std::thread::panicking() || keep_wanted() {
            self.directory.disable_cleanup(true);
            eprintln!("the logs of the control plane are in {}", self.directory.path().display());
        }
    }
}

fn keep_wanted() -> bool {
    std::env::var_os(KEEP).is_some()
}

/// A client of a kubeconfig file. It belongs to the async runtime that it is made in.
pub async fn client_of(kubeconfig: &Path) -> anyhow::Result<Client> {
    Ok(Client::try_from(config_of(kubeconfig).await?)?)
}

/// A client for whoever `kubeconfig` is, acting as `user`.
pub async fn client_as(kubeconfig: &Path, user: &str) -> anyhow::Result<Client> {
    let mut config = config_of(kubeconfig).await?;
    config.auth_info.impersonate = Some(user.to_owned());
    Ok(Client::try_from(config)?)
}

async fn config_of(kubeconfig: &Path) -> anyhow::Result<Config> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    Ok(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
}
