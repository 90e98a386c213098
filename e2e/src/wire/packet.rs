//! Reading packets: who sent what to whom, and how many bytes are not a header.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The numbers of protocols over IP that are read further.
pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMP6: u8 = 58;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const OPTIONS: u8 = 60;

/// What a packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) protocol: u8,
    pub(super) port: Option<u16>,
    pub(super) payload: usize,
}

/// Reads an Ethernet frame. Nothing where it carries no IP.
pub(super) fn read(frame: &[u8]) -> Option<Packet> {
    let kind = number(frame, 12)?;
    let packet = frame.get(14..)?;
    match kind {
        0x0800 => ipv4(packet),
        0x86dd => ipv6(packet),
        _ => None,
    }
}

fn ipv4(packet: &[u8]) -> Option<Packet> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let from = Ipv4Addr::from(*packet.get(12..)?.first_chunk()?);
    let to = Ipv4Addr::from(*packet.get(16..)?.first_chunk()?);
    // Short frames are padded: what is behind the packet is nobody's.
    let length = usize::from(number(packet, 2)?).min(packet.len());
    let first = number(packet, 6)? % 0x2000 == 0;
    let content = packet.get(header..length)?;
    Some(carried(from.into(), to.into(), *packet.get(9)?, content, first))
}

fn ipv6(packet: &[u8]) -> Option<Packet> {
    let from = Ipv6Addr::from(*packet.get(8..)?.first_chunk()?);
    let to = Ipv6Addr::from(*packet.get(24..)?.first_chunk()?);
    let length = (usize::from(number(packet, 4)?) + 40).min(packet.len());
    let (mut protocol, mut content, mut first) = (*packet.get(6)?, packet.get(40..length)?, true);
    loop {
        let header = match protocol {
            HOP_BY_HOP | ROUTING | OPTIONS => usize::from(*content.get(1)?) * 8 + 8,
            FRAGMENT => {
                first = number(content, 2)? & 0xfff8 == 0;
                8
            }
            _ => break,
        };
        protocol = *content.first()?;
        content = content.get(header..)?;
        if !first {
            break;
        }
    }
    Some(carried(from.into(), to.into(), protocol, content, first))
}

/// Of a later fragment and of a protocol that is not known everything counts.
fn carried(from: IpAddr, to: IpAddr, protocol: u8, content: &[u8], first: bool) -> Packet {
    let header = match protocol {
        _ if !first => 0,
        TCP => content.get(12).map_or(20, |offset| usize::from(offset >> 4) * 4),
        UDP | ICMP | ICMP6 => 8,
        _ => 0,
    };
    let port = matches!(protocol, TCP | UDP).then(|| number(content, 2)).flatten().filter(|_| first);
    Packet { from, to, protocol, port, payload: content.len().saturating_sub(header) }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The checksum of the internet over these bytes.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|word| match word {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u16, packet: &[u8]) -> Vec<u8> {
        [&[0; 12], kind.to_be_bytes().as_slice(), packet].concat()
    }

    /// From 192.0.2.1 to 203.0.113.9.
    fn v4(protocol: u8, fragment: u16, content: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0];
        packet.extend(u16::try_from(20 + content.len()).unwrap().to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(fragment.to_be_bytes());
        packet.extend([64, protocol, 0, 0, 192, 0, 2, 1, 203, 0, 113, 9]);
        packet.extend(content);
        frame(0x0800, &packet)
    }

    fn heard(protocol: u8, port: Option<u16>, payload: usize) -> Packet {
        let (from, to) = (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(203, 0, 113, 9).into());
        Packet { from, to, protocol, port, payload }
    }

    #[test]
    fn headers_are_no_payload() {
        let mut segment = vec![0; 32];
        segment[2..4].copy_from_slice(&443_u16.to_be_bytes());
        segment[12] = 8 << 4;
        assert_eq!(read(&v4(TCP, 0, &segment)), Some(heard(TCP, Some(443), 0)));
        segment.extend([7; 5]);
        assert_eq!(read(&v4(TCP, 0, &segment)), Some(heard(TCP, Some(443), 5)));
        assert_eq!(read(&v4(UDP, 0, &[0, 0, 0, 53, 0, 0, 0, 0, 1])), Some(heard(UDP, Some(53), 1)));
    }

    #[test]
    fn what_is_not_understood_counts_whole() {
        assert_eq!(read(&v4(253, 0, &[1, 2, 3])), Some(heard(253, None, 3)));
        assert_eq!(read(&v4(UDP, 185, &[1; 16])), Some(heard(UDP, None, 16)));
        assert_eq!(read(&frame(0x0806, &[0; 28])), None);
    }

    #[test]
    fn padding_of_a_short_frame_is_no_payload() {
        let mut padded = v4(UDP, 0, &[0, 0, 0, 53, 0, 0, 0, 0]);
        padded.resize(60, 0);
        assert_eq!(read(&padded), Some(heard(UDP, Some(53), 0)));
    }

    #[test]
    fn further_headers_of_ipv6_are_no_payload() {
        let mut packet = vec![0x60, 0, 0, 0, 0, 17, OPTIONS, 64];
        packet.extend([0; 32]);
        packet.extend([UDP, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend([0, 0, 1, 187, 0, 0, 0, 0, 9]);
        let any = Ipv6Addr::UNSPECIFIED.into();
        let expected = Packet { from: any, to: any, protocol: UDP, port: Some(443), payload: 1 };
        assert_eq!(read(&frame(0x86dd, &packet)), Some(expected));
    }

    #[test]
    fn a_checksum_with_itself_is_zero() {
        let mut bytes = vec![0x45, 1, 2, 3, 0, 0, 9, 200];
        let sum = checksum(&bytes).to_be_bytes();
        bytes[4..6].copy_from_slice(&sum);
        assert_eq!(checksum(&bytes), 0);
    }
}
