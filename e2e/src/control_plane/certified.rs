//! Kubeconfigs for people who are known by a certificate.

use std::path::PathBuf;

use serde_json::json;

use super::users::{Cluster, Identity};
use super::{ControlPlane, pki, random};

impl ControlPlane {
    /// A kubeconfig for somebody who is known by a certificate of their own. They may do nothing until somebody grants it.
    pub fn certified_kubeconfig(&self, user: &Identity) -> anyhow::Result<PathBuf> {
        let signed = self.setup.pki.client(user)?;
        let directory = self.directory().join("kubeconfigs");
        let file = format!("{}-{}", user.name, random::token()?);
        let credential = json!({
            "client-certificate": pki::write(directory.join(format!("{file}.crt")), &signed.certificate, 0o644)?,
            "client-key": pki::write(directory.join(format!("{file}.key")), &signed.key, 0o600)?,
        });
        let cluster = Cluster { server: &self.server(), ca: self.ca() };
        cluster.write_kubeconfig_with(directory.join(file), user.name, &credential)
    }
}
