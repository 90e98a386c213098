//! The counter: runs where packets arrive, reads every frame, and tells on demand what they carried.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, Read as _, Write as _},
    net::IpAddr,
    sync::mpsc::{self, Receiver, TryRecvError},
    time::Duration,
};

use anyhow::Result;
use socket2::{Domain, Protocol, Socket, Type};

use super::{heard::Heard, packet};

/// Every protocol, in the order of bytes of the network.
const EVERY_PROTOCOL: i32 = (0x0003_u16.to_be()) as i32;

/// So long nothing has arrived when a question is answered: what was sent before it has been counted then.
const QUIET: Duration = Duration::from_millis(40);

/// From, to, protocol and port.
type Flow = (IpAddr, IpAddr, u8, Option<u16>);

/// Counts packets to these addresses until standard input ends. For each line there, what was counted since the last goes to
/// standard output, in one line.
pub fn count(own: &[IpAddr]) -> Result<()> {
    let mut wire = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(EVERY_PROTOCOL)))?;
    wire.set_read_timeout(Some(QUIET))?;
    wire.set_recv_buffer_size(8 << 20)?;
    let questions = questions();
    let mut flows: BTreeMap<Flow, (u64, u64)> = BTreeMap::new();
    // What has arrived is counted from here on.
    println!("counting");
    let mut frame = vec![0; 1 << 17];
    loop {
        match wire.read(&mut frame) {
            Ok(length) => {
                let packet = frame.get(..length).and_then(packet::read);
                if let Some(packet) = packet.filter(|packet| own.contains(&packet.to)) {
                    let flow = (packet.from, packet.to, packet.protocol, packet.port);
                    let (packets, payload) = flows.entry(flow).or_default();
                    *packets += 1;
                    *payload += packet.payload as u64;
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                match questions.try_recv() {
                    Ok(()) => tell(std::mem::take(&mut flows))?,
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// One for each line of standard input.
fn questions() -> Receiver<()> {
    let (sender, questions) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(()).is_err() {
                break;
            }
        }
    });
    questions
}

fn tell(flows: BTreeMap<Flow, (u64, u64)>) -> Result<()> {
    let heard: Vec<_> = flows
        .into_iter()
        .map(|((from, to, protocol, port), (packets, payload))| Heard {
            from,
            to,
            protocol,
            port,
            packets,
            payload,
        })
        .collect();
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &heard)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
