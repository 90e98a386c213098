//! Stretches of addresses, and what is left of them.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Every address of one family from the first to the last, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    family: Family,
    first: u128,
    last: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Ipv4,
    Ipv6,
}

impl From<&IpNet> for Span {
    fn from(network: &IpNet) -> Self {
        let number = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        let family = if matches!(network, IpNet::V4(_)) { Family::Ipv4 } else { Family::Ipv6 };
        Self { family, first: number(network.network()), last: number(network.broadcast()) }
    }
}

impl Span {
    /// The first address.
    pub(super) fn address(&self) -> IpAddr {
        match (self.family, u32::try_from(self.first)) {
            (Family::Ipv4, Ok(number)) => IpAddr::V4(Ipv4Addr::from_bits(number)),
            (Family::Ipv4 | Family::Ipv6, _) => IpAddr::V6(Ipv6Addr::from_bits(self.first)),
        }
    }

    /// What is left without `other`: what lies before it, and what lies behind.
    fn without(self, other: &Self) -> [Option<Self>; 2] {
        if self.family != other.family || other.last < self.first || self.last < other.first {
            return [Some(self), None];
        }
        let before = other.first.checked_sub(1).filter(|last| self.first <= *last);
        let behind = other.last.checked_add(1).filter(|first| *first <= self.last);
        [before.map(|last| Self { last, ..self }), behind.map(|first| Self { first, ..self })]
    }
}

/// What is left of `whole` without any of `taken`.
pub(super) fn without(whole: &IpNet, taken: impl Iterator<Item = IpNet>) -> Vec<Span> {
    taken.fold(Vec::from([Span::from(whole)]), |left, taken| {
        let taken = Span::from(&taken);
        left.into_iter().flat_map(|span| span.without(&taken)).flatten().collect()
    })
}
