//! One role of the operator as the chart runs it: with the chart's configuration, and with the rights of the chart's
//! ServiceAccount and no others.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::ControlPlane;
use super::operator::{OWN_NAMESPACE, Operator};
use super::ports::bind_any;
use super::process::{CommandLine, Process};

impl ControlPlane {
    /// Starts the process of `role` beside the control plane, without waiting until it is ready. `configuration` is
    /// the chart's; only its addresses become ones of loopback, with the webhook at its own port.
    pub async fn start_role(
        &self,
        binary: &Path,
        role: &'static str,
        configuration: &Value,
    ) -> anyhow::Result<Operator> {
        let kubeconfig = self.service_account_kubeconfig(OWN_NAMESPACE, &format!("bund-{role}")).await?;
        let (health, metrics) = (bind_any()?, bind_any()?);
        let (health, metrics) = (health.local_addr()?.port(), metrics.local_addr()?.port());
        let webhook = configuration.pointer("/webhook/address").and_then(Value::as_str);
        let port = webhook.context("the configuration has no webhook.address")?.parse::<SocketAddr>()?.port();
        let webhook = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut configuration = configuration.clone();
        for (section, port) in [("webhook", webhook.port()), ("health", health), ("metrics", metrics)] {
            let section = configuration.get_mut(section).and_then(Value::as_object_mut);
            let section = section.context("the configuration lacks a section")?;
            section.insert("address".to_owned(), json!(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        }
        let directory = self.directory();
        let file = directory.join(format!("{role}.yaml"));
        std::fs::write(&file, configuration.to_string())?;
        let command = CommandLine {
            name: role,
            program: "/usr/bin/env".into(),
            arguments: vec![
                format!("KUBECONFIG={}", kubeconfig.display()),
                binary.display().to_string(),
                format!("--config={}", file.display()),
                format!("--role={role}"),
                format!("--namespace={OWN_NAMESPACE}"),
                format!("--identity={role}"),
            ],
            ports: if role == "webhook" {
                vec![webhook.port(), health, metrics]
            } else {
                vec![health, metrics]
            },
        };
        Ok(Operator { process: Process::spawn(command, &directory)?, webhook, health, metrics })
    }
}

/// A port of loopback that is free now, for what must be known before it is listened on.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(bind_any()?.local_addr()?.port())
}
