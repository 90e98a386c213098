//! Who can speak to the API server: a fixed cast, each with a token and a kubeconfig of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::{pki, random};

/// Someone with a token. Only [`User::ADMIN`] can do anything from the start; what the others may do, tests
/// grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// What authentication says the name is.
    pub name: &'static str,
    /// What authentication says the groups are, besides `system:authenticated`.
    pub groups: &'static [&'static str],
}

impl User {
    /// May do everything.
    pub const ADMIN: Self = Self { name: "admin", groups: &["system:masters"] };
    /// Runs the cluster, writes cluster-wide policy.
    pub const PLATFORM_ENGINEER: Self = Self { name: "platform-engineer", groups: &["platform"] };
    /// Owns the workloads of a namespace.
    pub const APP_TEAM: Self = Self { name: "app-team", groups: &["developers"] };
    /// Approves transfers.
    pub const APPROVER: Self = Self { name: "approver", groups: &["privacy-office"] };
    /// Approves transfers too, for rules that want two.
    pub const SECOND_APPROVER: Self = Self { name: "second-approver", groups: &["privacy-office"] };
    /// May look at what is in a namespace, and at what Bund declares.
    pub const VIEWER: Self = Self { name: "viewer", groups: &[] };
    /// Has an account and wants more.
    pub const INTRUDER: Self = Self { name: "intruder", groups: &["guests"] };

    /// Bound by the API server's own roles to what the controller manager needs.
    pub(super) const CONTROLLER_MANAGER: Self = Self { name: "system:kube-controller-manager", groups: &[] };
    /// Bound by the API server's own roles to what the scheduler needs.
    pub(super) const SCHEDULER: Self = Self { name: "system:kube-scheduler", groups: &[] };
    /// Plays every kubelet, so it cannot be one node's user.
    pub(super) const KWOK: Self = Self { name: "kwok", groups: &["system:masters"] };

    /// The kubelet of the one real node.
    pub(crate) const KUBELET: Self = Self { name: "system:node:hangzhou-1", groups: &["system:nodes"] };

    const ALL: [Self; 11] = [
        Self::ADMIN,
        Self::PLATFORM_ENGINEER,
        Self::APP_TEAM,
        Self::APPROVER,
        Self::SECOND_APPROVER,
        Self::VIEWER,
        Self::INTRUDER,
        Self::CONTROLLER_MANAGER,
        Self::SCHEDULER,
        Self::KWOK,
        Self::KUBELET,
    ];
}

/// Somebody besides the cast, known by a certificate, which the API server names as the credential of what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// What authentication says the name is.
    pub name: &'static str,
    /// What it says the uid is: another person may have the same name, and a person another name.
    pub uid: Option<&'static str>,
    /// The group, besides `system:authenticated`.
    pub group: Option<&'static str>,
}

/// The files that make the cast known to the API server and to clients.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) token_file: PathBuf,
    kubeconfigs: BTreeMap<&'static str, PathBuf>,
}

impl Accounts {
    /// Gives everybody a new token.
    pub(super) fn write(directory: &Path, cluster: &Cluster<'_>) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut tokens = String::new();
        let mut kubeconfigs = BTreeMap::new();
        for user in User::ALL {
            let token = random::token()?;
            writeln!(
                tokens,
                "{token},{name},uid-of-{name},\"{groups}\"",
                name = user.name,
                groups = user.groups.join(",")
            )?;
            let path = directory.join(format!("{}.kubeconfig", user.name.replace(':', "-")));
            kubeconfigs.insert(user.name, cluster.write_kubeconfig(path, user.name, &token)?);
        }
        let token_file = pki::write(directory.join("tokens.csv"), &tokens, 0o600)?;
        Ok(Self { token_file, kubeconfigs })
    }

    pub(super) fn kubeconfig(&self, user: User) -> anyhow::Result<&Path> {
        let path =
            self.kubeconfigs.get(user.name).with_context(|| format!("`{}` has no account", user.name))?;
        Ok(path)
    }
}

/// The context of every kubeconfig here.
pub const CONTEXT: &str = "e2e";

/// What a kubeconfig says about the server.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    pub(super) server: &'a str,
    pub(super) ca: &'a Path,
}

impl Cluster<'_> {
    /// Writes a kubeconfig. It is JSON, which every reader of YAML reads.
    pub(super) fn write_kubeconfig(&self, path: PathBuf, user: &str, token: &str) -> anyhow::Result<PathBuf> {
        self.write_kubeconfig_with(path, user, &json!({ "token": token }))
    }

    /// Writes a kubeconfig of a user who shows `credential`.
    pub(super) fn write_kubeconfig_with(
        &self,
        path: PathBuf,
        user: &str,
        credential: &Value,
    ) -> anyhow::Result<PathBuf> {
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": {"server": self.server, "certificate-authority": self.ca}}],
            "users": [{"name": user, "user": credential}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": "e2e", "user": user}}],
            "current-context": CONTEXT,
        });
        pki::write(path, &serde_json::to_string_pretty(&kubeconfig)?, 0o600)
    }
}
