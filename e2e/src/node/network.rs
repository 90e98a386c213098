//! The network of the node: the addresses that are its own, and a bridge for its pods.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::control_plane::{components::ADVERTISED_ADDRESS, ports::SERVICE_ADDRESS};

/// The node's address.
pub(super) const NODE_ADDRESS: Ipv4Addr = ADVERTISED_ADDRESS;

/// Gives loopback the node's address and that of the `kubernetes` Service: pods reach both through their bridge, and so
/// the API server needs no proxy.
pub async fn up() -> Result<()> {
    ip(&["link", "set", "lo", "up"]).await?;
    for address in [NODE_ADDRESS, SERVICE_ADDRESS] {
        ip(&["address", "add", &format!("{address}/32"), "dev", "lo"]).await?;
    }
    Ok(())
}

async fn ip(arguments: &[&str]) -> Result<()> {
    let status = Command::new("ip").args(arguments).status().await.context("`ip` cannot be started")?;
    ensure!(status.success(), "`ip {}` failed", arguments.join(" "));
    Ok(())
}

/// What containerd tells the network plugins. The bridge has no port to anywhere.
pub(super) fn plugins(addresses: &std::path::Path) -> String {
    serde_json::json!({
        "cniVersion": "1.0.0",
        "name": "bund",
        "plugins": [{
            "type": "bridge",
            "bridge": "bund0",
            "isDefaultGateway": true,
            "ipam": {
                "type": "host-local",
                "dataDir": addresses,
                "ranges": [[{ "subnet": "10.244.0.0/24" }]]
            }
        }]
    })
    .to_string()
}
