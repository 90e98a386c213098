//! What addresses are for, by the registries of special-purpose addresses (RFC 6890 and what followed).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// From where an address can be reached, and so who can say where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// From everywhere.
    Global,
    /// For examples and measurements: whoever uses them at all must say where.
    Reserved(&'static str),
    /// From one network only, which only its own administrators know: the same address is somewhere else in another.
    Private(&'static str),
    /// Nobody can say where: it is the reader's own machine, its neighbours, anybody who answers, or a relay.
    Nowhere(&'static str),
}

use Reach::{Global, Nowhere, Private, Reserved};

/// A network, with its first and its last address as numbers: every decision on an address looks through all of them.
#[derive(Clone, Copy)]
struct Part<N, A> {
    network: N,
    first: A,
    last: A,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Part<Ipv4Net, u32> {
    let address = Ipv4Addr::new(a, b, c, d);
    let last = address.to_bits() | u32::MAX.unbounded_shr(length as u32);
    Part { network: Ipv4Net::new_assert(address, length), first: address.to_bits(), last }
}

/// The network with these first 64 bits.
const fn v6(start: u64, length: u8) -> Part<Ipv6Net, u128> {
    whole(Ipv6Addr::from_bits((start as u128) << 64), length)
}

const fn one(address: Ipv6Addr) -> Part<Ipv6Net, u128> {
    whole(address, 128)
}

const fn whole(address: Ipv6Addr, length: u8) -> Part<Ipv6Net, u128> {
    let last = address.to_bits() | u128::MAX.unbounded_shr(length as u32);
    Part { network: Ipv6Net::new_assert(address, length), first: address.to_bits(), last }
}

const METADATA: Reach = Nowhere("the metadata service of a cloud");
const LOOPBACK: Reach = Nowhere("the reader's own machine");
const LINK: Reach = Nowhere("a neighbour of the reader, or the metadata service of a cloud");
const ANYCAST: Reach = Nowhere("an address that many machines answer");
const RELAY: Reach = Nowhere("an address behind a relay that may stand anywhere");
const GROUP: Reach = Nowhere("a group of machines");
const UNASSIGNED: Reach = Nowhere("an address that nobody was given");
const EXAMPLE: Reach = Reserved("an address for examples");
const OWN: Reach = Private("a private address");

/// The first that holds an address counts.
const IPV4: [(Part<Ipv4Net, u32>, Reach); 21] = [
    (v4(100, 100, 100, 200, 32), METADATA),
    (v4(100, 96, 0, 96, 32), METADATA),
    (v4(168, 63, 129, 16, 32), METADATA),
    (v4(0, 0, 0, 0, 8), LOOPBACK),
    (v4(10, 0, 0, 0, 8), OWN),
    (v4(100, 64, 0, 0, 10), OWN),
    (v4(127, 0, 0, 0, 8), LOOPBACK),
    (v4(169, 254, 0, 0, 16), LINK),
    (v4(172, 16, 0, 0, 12), OWN),
    (v4(192, 0, 0, 0, 24), UNASSIGNED),
    (v4(192, 0, 2, 0, 24), EXAMPLE),
    (v4(192, 31, 196, 0, 24), ANYCAST),
    (v4(192, 52, 193, 0, 24), ANYCAST),
    (v4(192, 88, 99, 0, 24), RELAY),
    (v4(192, 168, 0, 0, 16), OWN),
    (v4(192, 175, 48, 0, 24), ANYCAST),
    (v4(198, 18, 0, 0, 15), Reserved("an address for measurements")),
    (v4(198, 51, 100, 0, 24), EXAMPLE),
    (v4(203, 0, 113, 0, 24), EXAMPLE),
    (v4(224, 0, 0, 0, 4), GROUP),
    (v4(240, 0, 0, 0, 4), UNASSIGNED),
];

/// The first that holds an address counts; what none holds was given to nobody.
const IPV6: [(Part<Ipv6Net, u128>, Reach); 16] = [
    (one(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), METADATA),
    (one(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)), METADATA),
    (v6(0, 127), LOOPBACK),
    (v6(0, 96), RELAY),
    (v6(0x0064_ff9b_0000_0000, 96), RELAY),
    (v6(0x0064_ff9b_0001_0000, 48), RELAY),
    (v6(0x2001_0000_0000_0000, 32), RELAY),
    (v6(0x2001_0000_0000_0000, 23), ANYCAST),
    (v6(0x2001_0db8_0000_0000, 32), EXAMPLE),
    (v6(0x2002_0000_0000_0000, 16), RELAY),
    (v6(0x2620_004f_8000_0000, 48), ANYCAST),
    (v6(0x3fff_0000_0000_0000, 20), EXAMPLE),
    (v6(0x2000_0000_0000_0000, 3), Global),
    (v6(0xfc00_0000_0000_0000, 7), OWN),
    (v6(0xfe80_0000_0000_0000, 10), LINK),
    (v6(0xff00_0000_0000_0000, 8), GROUP),
];

/// From where an address can be reached.
pub fn of(address: IpAddr) -> Reach {
    of_network(IpNet::from(address))
}

/// From where a network can be reached: what is said of one of its parts is said of it, the last of [`Reach`] first.
/// Single addresses in it do not count, such as that of a metadata service in a private network.
pub fn of_network(network: IpNet) -> Reach {
    match network {
        IpNet::V4(network) => {
            among(&IPV4, Global, network.network().to_bits(), network.broadcast().to_bits())
        }
        IpNet::V6(network) => {
            among(&IPV6, UNASSIGNED, network.network().to_bits(), network.broadcast().to_bits())
        }
    }
}

/// What is said of all addresses from `first` to `last` by `parts`: by the first that holds them, and by every part of many
/// addresses that lies among them. `rest` is what no part holds.
fn among<N, A: Copy + Ord>(parts: &[(Part<N, A>, Reach)], rest: Reach, first: A, last: A) -> Reach {
    let mut whole = None;
    let mut inner = None;
    for (part, reach) in parts {
        if part.first <= first && last <= part.last && whole.is_none() {
            whole = Some(*reach);
        }
        if first <= part.first && part.last <= last && part.first < part.last {
            inner = inner.max(Some(*reach));
        }
    }
    let whole = whole.unwrap_or(rest);
    inner.map_or(whole, |inner| inner.max(whole))
}

/// What the registries say of which network. The first that holds an address counts, and what none holds is
/// [`Reach::Global`] for IPv4 and was given to nobody for IPv6.
pub fn special() -> impl Iterator<Item = (IpNet, Reach)> {
    let ipv4 = IPV4.iter().map(|(part, reach)| (IpNet::V4(part.network), *reach));
    ipv4.chain(IPV6.iter().map(|(part, reach)| (IpNet::V6(part.network), *reach)))
}
