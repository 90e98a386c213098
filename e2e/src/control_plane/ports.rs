//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::bail;

use super::{Reach, random};

/// Below what systems hand out to outgoing connections. A server that is down for a while could otherwise
/// lose its port to a client that is trying to reach it, and could not be restarted.
const RANGE: Range<u16> = 10_240..30_000;

/// The first address of the service range, which the API server gives to the `kubernetes` Service.
pub(crate) const SERVICE_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);

/// The port of the `kubernetes` Service.
const SERVICE_PORT: u16 = 443;

/// The ports that one control plane listens on: on loopback, but for the API server's, which may be reached from
/// pods too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    reach: Reach,
    pub(super) etcd: u16,
    pub(super) etcd_peer: u16,
    pub(super) apiserver: u16,
    pub(super) controller_manager: u16,
    pub(super) scheduler: u16,
    pub(super) kwok: u16,
}

impl Ports {
    /// Ports that are free now. Another process can still take one before its server does, so starting has to
    /// be tried again then, see [`PortTaken`].
    pub(super) fn free(reach: Reach) -> anyhow::Result<Self> {
        // All stay bound until the last is found, so that they differ.
        let mut held = Vec::new();
        let mut next = || {
            let listener = bind_any()?;
            let port = listener.local_addr()?.port();
            held.push(listener);
            anyhow::Ok(port)
        };
        Ok(Self {
            reach,
            etcd: next()?,
            etcd_peer: next()?,
            apiserver: if reach == Reach::Service { SERVICE_PORT } else { next()? },
            controller_manager: next()?,
            scheduler: next()?,
            kwok: next()?,
        })
    }

    pub(super) fn apiserver_url(self) -> String {
        let host = match self.reach {
            Reach::Loopback => Ipv4Addr::LOCALHOST,
            Reach::Service => SERVICE_ADDRESS,
        };
        format!("https://{host}:{}", self.apiserver)
    }

    /// The address at which the API server listens.
    pub(super) fn apiserver_binds(self) -> Ipv4Addr {
        match self.reach {
            Reach::Loopback => Ipv4Addr::LOCALHOST,
            Reach::Service => Ipv4Addr::UNSPECIFIED,
        }
    }
}

/// A server did not start because someone else listens on its port.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortTaken(pub(super) u16);

impl std::fmt::Display for PortTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "port {} was taken by another process", self.0)
    }
}

impl std::error::Error for PortTaken {}

/// Whether nobody listens on this loopback port.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

pub(crate) fn bind_any() -> anyhow::Result<TcpListener> {
    let width = RANGE.end - RANGE.start;
    for _ in 0..1000 {
        let port = RANGE.start + u16::from_be_bytes(random::bytes()?) % width;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener);
        }
    }
    bail!("no free loopback port between {} and {}", RANGE.start, RANGE.end)
}
