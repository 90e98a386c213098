//! What arrived at a site.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

/// The packets of one sender by one protocol to one port, at the wire itself: what nobody listens for counts too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Heard {
    /// Who sent them.
    pub from: IpAddr,
    /// To which address.
    pub to: IpAddr,
    /// The number of the protocol over IP.
    pub protocol: u8,
    /// To which port, where the protocol has them.
    pub port: Option<u16>,
    /// How many.
    pub packets: u64,
    /// How many bytes they carried, without every header.
    pub payload: u64,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, protocol, port, packets, payload } = self;
        let port = port.map(|port| format!(" port {port}")).unwrap_or_default();
        write!(f, "{payload} bytes in {packets} packets from {from} to {to}{port}, protocol {protocol}")
    }
}

/// The bytes in all of it.
pub fn payload<'h>(heard: impl IntoIterator<Item = &'h Heard>) -> u64 {
    heard.into_iter().map(|heard| heard.payload).sum()
}
