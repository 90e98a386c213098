//! Hosts and addresses, in the one spelling in which they are compared.
//!
//! A host can be spelt in many ways, and readers differ on some of them: `010.20.0.5` is one address for a reader that
//! knows octal numerals and another for one that does not. Whatever every reader takes for the same host gets one
//! spelling here. Whatever they may take for different hosts is [`Unclear`], and what is unclear is inside nowhere.

use alloc::{boxed::Box, string::ToString};
use core::{fmt, net::IpAddr};

use ipnet::IpNet;

mod authority;
mod embedded;
pub(crate) mod mention;
mod name;
pub mod reach;

/// A host, in the one spelling in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// A name: ASCII in lower case, an international name as IDNA writes it, without the dot of the root.
    Name(Box<str>),
    /// An address. One that carries an IPv4 address for IPv6 sockets or for a translator is that IPv4 address.
    Address(IpAddr),
}

/// Why a text names no host that every reader agrees on, and what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unclear {
    /// A number that is no address in four decimal parts.
    #[error(
        "readers of such a numeral differ; write the address in four decimal parts without leading zeros"
    )]
    Numeral,
    /// An IPv6 address that is none, or one with a zone.
    #[error("it is no IPv6 address; write it without a zone, and in brackets where a port follows")]
    Ipv6,
    /// Letters that stand for others.
    #[error("readers of such letters differ; write the name in plain letters, or as its xn-- form")]
    Letters,
    /// What no name of a host may be.
    #[error("it is no host name; write one with letters, digits, dashes and dots")]
    Name,
    /// An authority with something else in it than a host and a port.
    #[error("readers of such an address differ; write nothing but the host and its port")]
    Authority,
    /// Text that is no URL of the form `scheme://host`.
    #[error("it is no URL; write it as scheme://host/path")]
    Url,
    /// Text that is no network.
    #[error("it is no network; write it as 10.20.0.0/16 or fd00:20::/48")]
    Network,
}

impl Host {
    /// The host of `host[:port][/path]`, as settings of volumes and of registries have it, or of the URL that stands
    /// in its place.
    pub fn of(text: &str) -> Result<Self, Unclear> {
        if text.contains("://") {
            return Self::of_url(text);
        }
        let (authority, _) = text.split_once('/').unwrap_or((text, ""));
        Self::of_authority(authority)
    }

    /// The host of a URL.
    pub fn of_url(url: &str) -> Result<Self, Unclear> {
        Self::of_authority(authority::of_url(url)?)
    }

    fn of_authority(authority: &str) -> Result<Self, Unclear> {
        match authority::host(authority)? {
            authority::Written::Ipv6(text) => text
                .parse()
                .map(|address| Self::Address(embedded::canonical(address)))
                .map_err(|_| Unclear::Ipv6),
            authority::Written::Other(text) => name::read(text),
        }
    }

    /// The name, where it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Address(_) => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Whether a text names a host with the dot of the root behind its name, so that nobody completes it.
pub(crate) fn is_whole(text: &str) -> bool {
    let authority = if text.contains("://") {
        authority::of_url(text)
    } else {
        Ok(text.split_once('/').map_or(text, |(authority, _)| authority))
    };
    matches!(authority.and_then(authority::host), Ok(authority::Written::Other(name)) if name.ends_with('.'))
}

/// The network that a text names: an address alone is a network of one.
pub fn network(text: &str) -> Result<IpNet, Unclear> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().map_err(|_| Unclear::Network)?;
    let network = match length {
        None => IpNet::from(address),
        // A sign and zeros in front of a number are read by some and not by others.
        Some(length) => length
            .parse()
            .ok()
            .filter(|parsed: &u8| parsed.to_string() == length)
            .and_then(|length| IpNet::new(address, length).ok())
            .ok_or(Unclear::Network)?,
    };
    Ok(embedded::canonical_network(network))
}

#[cfg(test)]
mod tests;
