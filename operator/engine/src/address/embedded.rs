//! IPv4 addresses in IPv6 addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::reach::{self, Reach};

/// The prefix of IPv4 addresses behind a translator (RFC 6052).
const TRANSLATED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// The address that packets are sent to. An IPv6 socket sends IPv4 to `::ffff:a.b.c.d`, and so does a translator to
/// `64:ff9b::a.b.c.d`, which carries public addresses only (RFC 6052, 3.1). Others (6to4, Teredo, `::a.b.c.d`) lead
/// through relays that may stand anywhere: they stay as they are, and no list holds them.
pub(super) fn canonical(address: Ipv6Addr) -> IpAddr {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return IpAddr::V4(mapped);
    }
    let [.., a, b, c, d] = address.octets();
    let translated = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    if TRANSLATED.contains(&address) && reach::of(translated) == Reach::Global {
        return translated;
    }
    IpAddr::V6(address)
}

/// The same for a network: one of mapped addresses is a network of IPv4.
pub(super) fn canonical_network(network: IpNet) -> IpNet {
    let IpNet::V6(whole) = network else { return network };
    let Some(prefix) = whole.prefix_len().checked_sub(96) else { return network };
    match canonical(whole.addr()) {
        IpAddr::V4(address) => Ipv4Net::new(address, prefix).map_or(network, IpNet::V4),
        IpAddr::V6(_) => network,
    }
}
