//! What the rig of real packets runs in its sites: it sends, sends back, and counts.

use std::net::{IpAddr, SocketAddr};

use anyhow::Result;
use bund_e2e::wire::Shot;
use clap::Parser;

/// Sends, sends back, and counts, wherever it is run.
#[derive(Parser)]
enum Part {
    /// Fires shots such as `udp/203.0.113.9:443`, each from a port of its own, and tells which were answered.
    Fire { first_port: u16, shots: Vec<Shot> },
    /// Holds a TCP connection open, and sends something for each line of standard input.
    Hold { to: SocketAddr },
    /// Sends datagrams until standard input ends.
    Spray { to: SocketAddr },
    /// Sends back what arrives at these addresses.
    Listen { addresses: Vec<SocketAddr> },
    /// Counts what arrives for these addresses.
    Count { addresses: Vec<IpAddr> },
}

#[cfg(target_os = "linux")]
fn main() -> Result<()> {
    use bund_e2e::wire::{counter, listener, sender};
    match Part::parse() {
        Part::Fire { first_port, shots } => sender::fire(first_port, &shots),
        Part::Hold { to } => sender::hold(to),
        Part::Spray { to } => sender::spray(to),
        Part::Listen { addresses } => listener::listen(&addresses),
        Part::Count { addresses } => counter::count(&addresses),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> Result<()> {
    match Part::parse() {
        Part::Fire { first_port: _, shots } => drop(shots),
        Part::Hold { to } | Part::Spray { to } => drop(to),
        Part::Listen { addresses } => drop(addresses),
        Part::Count { addresses } => drop(addresses),
    }
    anyhow::bail!("packets are counted on Linux only")
}
