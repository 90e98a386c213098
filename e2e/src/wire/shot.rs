//! One attempt to get bytes to somebody, and what came of it.

use std::{fmt, net::SocketAddr, str::FromStr};

use anyhow::{Context as _, Error, Result, bail};
use serde::{Deserialize, Serialize};

/// How it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A TCP connection, and then the bytes.
    Tcp,
    /// The bytes in the very first TCP packet.
    FastOpen,
    /// A TCP packet with bytes that belongs to no connection.
    Stray,
    /// The same, damaged: what tracks connections makes nothing of it.
    Damaged,
    /// A datagram.
    Udp,
    /// A datagram as QUIC begins with, to whoever is named, without a connected socket.
    Quic,
    /// A datagram of several fragments.
    Fragments,
    /// A ping with bytes in it.
    Ping,
    /// A packet of SCTP.
    Sctp,
    /// A packet of UDP-Lite.
    UdpLite,
    /// A packet of a protocol that is nobody's.
    Unknown,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Tcp,
        Self::FastOpen,
        Self::Stray,
        Self::Damaged,
        Self::Udp,
        Self::Quic,
        Self::Fragments,
        Self::Ping,
        Self::Sctp,
        Self::UdpLite,
        Self::Unknown,
    ];

    /// Its name on a command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::FastOpen => "fast-open",
            Self::Stray => "stray",
            Self::Damaged => "damaged",
            Self::Udp => "udp",
            Self::Quic => "quic",
            Self::Fragments => "fragments",
            Self::Ping => "ping",
            Self::Sctp => "sctp",
            Self::UdpLite => "udp-lite",
            Self::Unknown => "unknown",
        }
    }
}

/// An attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shot {
    /// How.
    pub way: Way,
    /// To whom. Where an IPv4 address is written as IPv6, the socket is one of IPv6.
    pub to: SocketAddr,
}

impl Shot {
    /// By TCP and by UDP.
    pub fn plain(to: impl Iterator<Item = SocketAddr>) -> Vec<Self> {
        to.flat_map(|to| [Way::Tcp, Way::Udp].map(|way| Self { way, to })).collect()
    }
}

impl fmt::Display for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.way.name(), self.to)
    }
}

impl FromStr for Shot {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, to) =
            text.split_once('/').context("write a way, a slash, and an address with its port")?;
        let Some(way) = Way::ALL.into_iter().find(|way| way.name() == name) else {
            bail!("there is no way `{name}`")
        };
        Ok(Self { way, to: to.parse()? })
    }
}

/// What came of a shot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outcome {
    /// The shot.
    pub shot: Shot,
    /// Whether the bytes came back, where somebody sends them back.
    pub answered: bool,
}
