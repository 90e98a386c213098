//! Where packets come from and go to: a network namespace each, with one cable to the node.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::control_plane::{components::ADVERTISED_ADDRESS, ports::SERVICE_ADDRESS};

/// A machine, or a pod.
#[derive(Debug, PartialEq, Eq)]
pub struct Site {
    /// Of its network namespace.
    pub name: &'static str,
    /// Its addresses, of both families.
    pub addresses: &'static [IpAddr],
}

/// Where a pod sends everything, by IPv4.
const GATEWAY: &str = "169.254.1.1";
/// The same by IPv6.
const GATEWAY6: &str = "fe80::1";

const fn pod4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 244, 0, last))
}

const fn pod6(last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x244, 0, 0, 0, 0, 0, last))
}

const fn far6(site: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, site, 0, 0, 0, 0, last))
}

const fn far4(network: [u8; 3], last: u8) -> IpAddr {
    let [a, b, c] = network;
    IpAddr::V4(Ipv4Addr::new(a, b, c, last))
}

/// The network of pods, by IPv4.
pub const PODS4: &str = "10.244.0.0/24";
/// The same by IPv6.
pub const PODS6: &str = "fd00:244::/64";

/// A pod that holds a class.
pub const CLASSIFIED: Site = Site { name: "classified", addresses: &[pod4(11), pod6(0x11)] };
/// A pod in another namespace that holds the same.
pub const PEER: Site = Site { name: "peer", addresses: &[pod4(12), pod6(0x12)] };
/// A pod beside the first that holds nothing.
pub const PLAIN: Site = Site { name: "plain", addresses: &[pod4(13), pod6(0x13)] };
/// A pod beside the first that has no labels.
pub const UNLABELLED: Site = Site { name: "unlabelled", addresses: &[pod4(14), pod6(0x14)] };
/// One more pod that holds what the first holds.
pub const SECOND: Site = Site { name: "second", addresses: &[pod4(15), pod6(0x15)] };
/// A pod of the cluster's DNS.
pub const DNS: Site = Site { name: "dns", addresses: &[pod4(53), pod6(0x53)] };
/// A machine abroad, with two addresses of each family. They are for examples.
pub const ABROAD: Site = Site {
    name: "abroad",
    addresses: &[far4([203, 0, 113], 9), far4([203, 0, 113], 10), far6(0xab, 9), far6(0xab, 10)],
};
/// A machine on the mainland.
pub const HOME: Site = Site { name: "home", addresses: &[far4([198, 51, 100], 7), far6(0xc0, 7)] };

/// What the namespace of the node is called, where this program runs.
const ON_NODE: &str = "node";
/// The API server, which listens on the node: at its own address, and at that of its Service.
pub const API_SERVER: Site =
    Site { name: ON_NODE, addresses: &[IpAddr::V4(ADVERTISED_ADDRESS), IpAddr::V4(SERVICE_ADDRESS)] };
/// The cache of names on the node.
pub const CACHE: Site = Site { name: ON_NODE, addresses: &[far4([169, 254, 20], 10)] };

/// Everywhere but on the node.
pub(super) const ALL: [&Site; 8] = [&CLASSIFIED, &PEER, &PLAIN, &UNLABELLED, &SECOND, &DNS, &ABROAD, &HOME];

impl Site {
    /// Its addresses at a port.
    pub fn at(&self, port: u16) -> impl Iterator<Item = SocketAddr> + Clone + use<> {
        self.addresses.iter().map(move |address| SocketAddr::new(*address, port))
    }

    /// The command that runs what follows in here.
    pub fn enter(&self) -> [String; 2] {
        ["nsenter".to_owned(), format!("--net=/run/netns/{}", self.name)]
    }

    /// Makes the namespace, its cable and its routes.
    async fn up(&self) -> Result<()> {
        let Self { name, addresses } = self;
        let mut outside = vec![
            format!("netns add {name}"),
            format!("link add v-{name} type veth peer name eth0 netns {name}"),
            format!("address add {GATEWAY6}/64 dev v-{name} nodad"),
            format!("link set v-{name} up"),
        ];
        let mut inside = vec!["link set lo up".to_owned()];
        for address in *addresses {
            let whole = if address.is_ipv4() { "32" } else { "128 nodad" };
            inside.push(format!("address add {address}/{whole} dev eth0"));
            outside.push(format!("route add {address} dev v-{name}"));
        }
        inside.push("link set eth0 up".to_owned());
        inside.push(format!("route add default via {GATEWAY} dev eth0 onlink"));
        inside.push(format!("-6 route add default via {GATEWAY6} dev eth0"));
        ip(&[], &outside).await?;
        ip(&["-n", name], &inside).await.with_context(|| format!("in {name}"))
    }
}

/// Makes every site, with this namespace between them.
pub(super) async fn lay() -> Result<()> {
    let mut own = vec![format!("address add {GATEWAY}/32 dev lo")];
    own.extend(CACHE.addresses.iter().map(|address| format!("address add {address}/32 dev lo")));
    own.push(format!("netns attach {ON_NODE} {}", std::process::id()));
    ip(&[], &own).await?;
    for switch in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
        std::fs::write(format!("/proc/sys/net/{switch}"), "1")
            .with_context(|| format!("cannot set {switch}"))?;
    }
    for site in ALL {
        site.up().await?;
    }
    Ok(())
}

/// Runs `ip` with a command a line.
async fn ip(options: &[&str], lines: &[String]) -> Result<()> {
    // One by one: `ip -batch` takes no options of its own for a line.
    for line in lines {
        let status = Command::new("ip").args(options).args(line.split(' ')).status().await;
        ensure!(status.context("`ip` cannot be started")?.success(), "`ip {line}` failed");
    }
    Ok(())
}
