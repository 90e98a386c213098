//! The command line of each component.

use std::fmt::Display;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::nodes;
use super::pki::Pki;
use super::ports::Ports;
use super::process::CommandLine;
use super::users::{Accounts, Cluster, User};
use super::{Options, Reach, pki};
use crate::tools::Tools;

const AUDIT_POLICY: &str = include_str!("audit-policy.yaml");
const KWOK_STAGES: &str = include_str!("kwok-stages.yaml");

/// Reserved for documentation: the `kubernetes` Service looks as it does elsewhere, which a loopback address
/// does not allow, and a pod that used it would reach nothing.
pub(crate) const ADVERTISED_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The default makes a controller wait seconds for a few hundred pods.
const NO_RATE_LIMIT: &str = "--kube-api-qps=-1";

/// What the API server is told where real kubelets call it: webhooks are called at the endpoints of their Service,
/// because nothing routes the Service's own address, and a kubelet may do what concerns its node only.
const BESIDE_KUBELETS: [&str; 3] = [
    "--enable-aggregator-routing=true",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
];
/// What it is told where there are none.
const WITHOUT_KUBELETS: [&str; 1] = ["--authorization-mode=RBAC"];

/// The files and ports that the components share.
#[derive(Debug)]
pub(super) struct Setup {
    directory: PathBuf,
    ports: Ports,
    pub(super) pki: Pki,
    pub(super) accounts: Accounts,
    audit_policy: PathBuf,
    kwok_stages: PathBuf,
}

impl Setup {
    /// Finds the ports and writes the files below `directory`.
    pub(super) fn write(directory: &Path, reach: Reach) -> anyhow::Result<Self> {
        let ports = Ports::free(reach)?;
        let pki = Pki::write(&directory.join("pki"))?;
        let cluster = Cluster { server: &ports.apiserver_url(), ca: &pki.ca };
        let accounts = Accounts::write(&directory.join("users"), &cluster)?;
        fs::create_dir_all(directory.join("kubeconfigs"))?;
        Ok(Self {
            directory: directory.to_owned(),
            ports,
            pki,
            accounts,
            audit_policy: pki::write(directory.join("audit-policy.yaml"), AUDIT_POLICY, 0o644)?,
            kwok_stages: pki::write(directory.join("kwok-stages.yaml"), KWOK_STAGES, 0o644)?,
        })
    }

    pub(super) fn server(&self) -> String {
        self.ports.apiserver_url()
    }

    pub(super) fn etcd_data(&self) -> PathBuf {
        self.directory.join("etcd")
    }

    pub(super) fn audit_log(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    pub(super) fn etcd(&self, tools: &Tools) -> CommandLine {
        let client = format!("http://127.0.0.1:{}", self.ports.etcd);
        let peer = format!("http://127.0.0.1:{}", self.ports.etcd_peer);
        CommandLine {
            name: "etcd",
            program: tools.etcd.clone(),
            arguments: vec![
                "--name=e2e".into(),
                "--log-level=warn".into(),
                flag("data-dir", self.etcd_data().display()),
                flag("listen-client-urls", &client),
                flag("advertise-client-urls", &client),
                flag("listen-peer-urls", &peer),
                flag("initial-advertise-peer-urls", &peer),
                flag("initial-cluster", format!("e2e={peer}")),
                // Nothing here has to survive a power cut.
                "--unsafe-no-fsync".into(),
            ],
            ports: vec![self.ports.etcd, self.ports.etcd_peer],
        }
    }

    pub(super) fn apiserver(&self, tools: &Tools, options: &Options) -> CommandLine {
        let mut arguments = self.apiserver_arguments();
        if !options.controller_manager {
            // Both plugins count on a controller: one that makes service accounts, one that removes the taint
            // again.
            arguments.push("--disable-admission-plugins=ServiceAccount,TaintNodesByCondition".into());
        }
        let further: &[&str] = match options.reach {
            Reach::Service => &BESIDE_KUBELETS,
            Reach::Loopback => &WITHOUT_KUBELETS,
        };
        arguments.extend(further.iter().map(ToString::to_string));
        arguments.extend(options.apiserver_arguments.iter().cloned());
        CommandLine {
            name: "kube-apiserver",
            program: tools.kube_apiserver.clone(),
            arguments,
            ports: vec![self.ports.apiserver],
        }
    }

    fn apiserver_arguments(&self) -> Vec<String> {
        let pki = &self.pki;
        vec![
            flag("etcd-servers", format!("http://127.0.0.1:{}", self.ports.etcd)),
            flag("bind-address", self.ports.apiserver_binds()),
            flag("secure-port", self.ports.apiserver),
            flag("advertise-address", ADVERTISED_ADDRESS),
            "--service-cluster-ip-range=10.96.0.0/16".into(),
            "--allow-privileged=true".into(),
            "--kubelet-preferred-address-types=InternalIP".into(),
            flag("token-auth-file", self.accounts.token_file.display()),
            flag("client-ca-file", pki.ca.display()),
            flag("tls-cert-file", pki.serving.display()),
            flag("tls-private-key-file", pki.serving_key.display()),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            flag("service-account-key-file", pki.service_account.display()),
            flag("service-account-signing-key-file", pki.service_account_key.display()),
            flag("requestheader-client-ca-file", pki.front_proxy_ca.display()),
            "--requestheader-allowed-names=front-proxy-client".into(),
            "--requestheader-username-headers=X-Remote-User".into(),
            "--requestheader-group-headers=X-Remote-Group".into(),
            "--requestheader-extra-headers-prefix=X-Remote-Extra-".into(),
            flag("proxy-client-cert-file", pki.front_proxy.display()),
            flag("proxy-client-key-file", pki.front_proxy_key.display()),
            flag("audit-policy-file", self.audit_policy.display()),
            flag("audit-log-path", self.audit_log().display()),
            // Megabytes. Readers hold positions, so the file must not be rotated away.
            "--audit-log-maxsize=4096".into(),
        ]
    }

    pub(super) fn controller_manager(&self, tools: &Tools) -> anyhow::Result<CommandLine> {
        let pki = &self.pki;
        Ok(CommandLine {
            name: "kube-controller-manager",
            program: tools.kube_controller_manager.clone(),
            arguments: vec![
                self.kubeconfig_flag(User::CONTROLLER_MANAGER)?,
                "--bind-address=127.0.0.1".into(),
                flag("secure-port", self.ports.controller_manager),
                "--leader-elect=false".into(),
                NO_RATE_LIMIT.into(),
                // As in a real cluster, so that pods are created by `replicaset-controller` and not by one
                // almighty user.
                "--use-service-account-credentials=true".into(),
                flag("service-account-private-key-file", pki.service_account_key.display()),
                flag("root-ca-file", pki.ca.display()),
                flag("cluster-signing-cert-file", pki.ca.display()),
                flag("cluster-signing-key-file", pki.ca_key.display()),
            ],
            ports: vec![self.ports.controller_manager],
        })
    }

    pub(super) fn scheduler(&self, tools: &Tools) -> anyhow::Result<CommandLine> {
        Ok(CommandLine {
            name: "kube-scheduler",
            program: tools.kube_scheduler.clone(),
            arguments: vec![
                self.kubeconfig_flag(User::SCHEDULER)?,
                "--bind-address=127.0.0.1".into(),
                flag("secure-port", self.ports.scheduler),
                "--leader-elect=false".into(),
                NO_RATE_LIMIT.into(),
            ],
            ports: vec![self.ports.scheduler],
        })
    }

    pub(super) fn kwok(&self, tools: &Tools) -> anyhow::Result<CommandLine> {
        let (annotation, value) = nodes::PLAYED;
        Ok(CommandLine {
            name: "kwok",
            program: tools.kwok.clone(),
            arguments: vec![
                self.kubeconfig_flag(User::KWOK)?,
                flag("config", self.kwok_stages.display()),
                "--manage-all-nodes=false".into(),
                flag("manage-nodes-with-annotation-selector", format!("{annotation}={value}")),
                // For pods. Reserved for benchmarks, so not an address of anybody.
                "--cidr=198.18.0.1/16".into(),
                // kwok renews leases like a kubelet, otherwise the nodes would be declared dead.
                "--node-lease-duration-seconds=40".into(),
                flag("server-address", format!("127.0.0.1:{}", self.ports.kwok)),
            ],
            ports: vec![self.ports.kwok],
        })
    }

    fn kubeconfig_flag(&self, user: User) -> anyhow::Result<String> {
        Ok(flag("kubeconfig", self.accounts.kubeconfig(user)?.display()))
    }
}

fn flag(name: &str, value: impl Display) -> String {
    format!("--{name}={value}")
}
