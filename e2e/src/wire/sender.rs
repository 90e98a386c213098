//! Sending: each way of [`Way`] to get bytes to somebody.

use std::{
    io::{self, BufRead as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use anyhow::{Result, ensure};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::{
    packet::{ICMP, ICMP6, TCP, checksum},
    shot::{Outcome, Shot, Way},
};

/// For a connection, and again for an answer.
const PATIENCE: Duration = Duration::from_millis(700);
/// Between two datagrams of a spray.
const BETWEEN: Duration = Duration::from_millis(5);
/// What is said when a spray begins.
pub const SPRAYING: &str = "spraying";
/// What is sent.
const SECRET: &[u8] = b"330106199001011234";
/// `MSG_FASTOPEN` of Linux.
const MSG_FASTOPEN: i32 = 0x2000_0000;
/// Open by data in the first packet, whether the other side ever gave a cookie or not.
const FAST_OPEN: (&str, &str) = ("/proc/sys/net/ipv4/tcp_fastopen", "5");

const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;
/// For experiments (RFC 3692).
const NOBODYS: u8 = 253;

/// Fires all shots at the same time, each from a port of its own from `first` on, and tells of each in a line of standard
/// output.
pub fn fire(first: u16, shots: &[Shot]) -> Result<()> {
    std::fs::write(FAST_OPEN.0, FAST_OPEN.1)?;
    let threads = (first..).zip(shots).map(|(port, shot)| {
        let shot = *shot;
        (shot, std::thread::spawn(move || attempt(&shot, port)))
    });
    let threads: Vec<_> = threads.collect();
    ensure!(threads.len() == shots.len(), "no ports are left from {first} on");
    for (shot, thread) in threads {
        let answered = match thread.join() {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => {
                eprintln!("{shot}: {error}");
                false
            }
            Err(_) => false,
        };
        println!("{}", serde_json::to_string(&Outcome { shot, answered })?);
    }
    Ok(())
}

/// Opens a TCP connection, and sends something over it for each line of standard input. Whether it was opened, and then
/// whether each came back, goes to standard output, in a line each.
pub fn hold(to: SocketAddr) -> Result<()> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE);
    println!("{}", stream.is_ok());
    let mut stream = stream?;
    stream.set_read_timeout(Some(PATIENCE))?;
    for line in io::stdin().lock().lines() {
        line?;
        println!("{}", stream.write_all(SECRET).and_then(|()| comes_back(&mut stream)).is_ok());
    }
    Ok(())
}

/// Sends a datagram every few milliseconds, each from another port, until standard input ends.
pub fn spray(to: SocketAddr) -> Result<()> {
    let ended = std::thread::spawn(|| drop(io::copy(&mut io::stdin(), &mut io::sink())));
    println!("{SPRAYING}");
    while !ended.is_finished() {
        // Nobody may be there, which is what the next one finds out.
        drop(UdpSocket::bind(own(to, 0)).and_then(|socket| socket.send_to(SECRET, to)));
        std::thread::sleep(BETWEEN);
    }
    Ok(())
}

/// Whether it was answered. It is sent from `port`, where its protocol knows ports.
fn attempt(shot: &Shot, port: u16) -> io::Result<bool> {
    match shot.way {
        Way::Tcp => {
            let mut stream = bound(shot.to, port)?;
            stream.connect_timeout(&shot.to.into(), PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(SECRET)?;
            comes_back(&mut stream).map(|()| true)
        }
        Way::FastOpen => {
            let mut socket = bound(shot.to, port)?;
            socket.set_nonblocking(true)?;
            let sent = socket.send_to_with_flags(SECRET, &shot.to.into(), MSG_FASTOPEN);
            match sent {
                Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => return Err(error),
                _ => {}
            }
            socket.set_nonblocking(false)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            comes_back(&mut socket).map(|()| true)
        }
        Way::Udp => datagram(shot.to, port, SECRET, true),
        Way::Quic => datagram(shot.to, port, &initial(), false),
        Way::Fragments => datagram(shot.to, port, &[b'x'; 4000], true),
        Way::Stray => raw(shot.to, TCP, &segment(shot.to, port, true)?),
        Way::Damaged => raw(shot.to, TCP, &segment(shot.to, port, false)?),
        Way::Ping => raw(shot.to, if is_v6(shot.to) { ICMP6 } else { ICMP }, &ping(shot.to)),
        Way::Sctp => raw(shot.to, SCTP, &[ports(port, shot.to).as_slice(), &[0; 8], SECRET].concat()),
        Way::UdpLite => {
            raw(shot.to, UDP_LITE, &[ports(port, shot.to).as_slice(), &[0, 8, 0, 0], SECRET].concat())
        }
        Way::Unknown => raw(shot.to, NOBODYS, SECRET),
    }
}

/// What says that a connection is still being opened.
const IN_PROGRESS: i32 = 115;

fn comes_back(stream: &mut impl io::Read) -> io::Result<()> {
    stream.read_exact(&mut [0; SECRET.len()])
}

fn datagram(to: SocketAddr, port: u16, bytes: &[u8], connected: bool) -> io::Result<bool> {
    let socket = UdpSocket::bind(own(to, port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    if connected {
        socket.connect(to)?;
        socket.send(bytes)?;
    } else {
        socket.send_to(bytes, to)?;
    }
    socket.recv(&mut [0; 8192]).map(|_| true)
}

/// The first bytes of a QUIC connection, filled up as it asks for.
fn initial() -> Vec<u8> {
    let mut bytes = vec![0xc3, 0, 0, 0, 1, 8];
    bytes.extend(SECRET);
    bytes.resize(1200, 0);
    bytes
}

/// A packet below every transport. Nobody answers.
fn raw(to: SocketAddr, protocol: u8, content: &[u8]) -> io::Result<bool> {
    let socket = socket(to, Type::RAW, Protocol::from(i32::from(protocol)))?;
    let mut bare = to;
    bare.set_port(0);
    socket.send_to(content, &SockAddr::from(bare)).map(|_| false)
}

fn socket(to: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    Socket::new(if is_v6(to) { Domain::IPV6 } else { Domain::IPV4 }, kind, Some(protocol))
}

/// A TCP socket at this port of ours.
fn bound(to: SocketAddr, port: u16) -> io::Result<Socket> {
    let socket = socket(to, Type::STREAM, Protocol::TCP)?;
    socket.bind(&own(to, port).into())?;
    Ok(socket)
}

/// This port of ours, of the family of `to`; any for zero.
fn own(to: SocketAddr, port: u16) -> SocketAddr {
    let all: IpAddr = if is_v6(to) { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    (all, port).into()
}

const fn is_v6(to: SocketAddr) -> bool {
    to.is_ipv6()
}

/// From this port of ours to that of `to`.
fn ports(from: u16, to: SocketAddr) -> [u8; 4] {
    let ([a, b], [c, d]) = (from.to_be_bytes(), to.port().to_be_bytes());
    [a, b, c, d]
}

/// A TCP packet in the middle of a connection that nobody opened.
fn segment(to: SocketAddr, port: u16, intact: bool) -> io::Result<Vec<u8>> {
    let acknowledged_and_pushed = 0x18;
    let mut segment = ports(port, to).to_vec();
    segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 5 << 4, acknowledged_and_pushed, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(SECRET);
    // For a damaged one any other sum does, and this one is never right by chance.
    let sum = checksum(&[pseudo_header(to, &segment)?, segment.clone()].concat()) ^ u16::from(!intact);
    for (byte, sum) in segment.iter_mut().skip(16).zip(sum.to_be_bytes()) {
        *byte = sum;
    }
    Ok(segment)
}

/// What TCP sums up besides its own packet.
fn pseudo_header(to: SocketAddr, segment: &[u8]) -> io::Result<Vec<u8>> {
    let probe = UdpSocket::bind(own(to, 0))?;
    // Sends nothing, and tells which of our addresses would.
    probe.connect(to)?;
    let mut bytes = Vec::new();
    for address in [probe.local_addr()?.ip(), to.ip()] {
        match address {
            IpAddr::V4(address) => bytes.extend(address.octets()),
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    let length = u32::try_from(segment.len()).unwrap_or_default();
    bytes.extend(length.to_be_bytes());
    bytes.extend(u32::from(TCP).to_be_bytes());
    Ok(bytes)
}

/// Of an identity of its own: what answered an earlier ping would be a connection that is open.
fn ping(to: SocketAddr) -> Vec<u8> {
    let request = if is_v6(to) { 128 } else { 8 };
    let [.., high, low] = std::process::id().to_be_bytes();
    let mut ping = [&[request, 0, 0, 0, high, low, 0, 1], SECRET].concat();
    // The kernel sums up what is IPv6 by itself.
    let sum = checksum(&ping).to_be_bytes();
    for (byte, sum) in ping.iter_mut().skip(2).zip(sum) {
        *byte = sum;
    }
    ping
}
