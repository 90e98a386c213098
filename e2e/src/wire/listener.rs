//! Somebody who sends back what arrives, by TCP and UDP.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
};

use anyhow::{Context as _, Result};

/// What is said once everything is listened on.
pub const LISTENING: &str = "listening";

/// Sends back what arrives at these addresses, until it is killed.
pub fn listen(addresses: &[SocketAddr]) -> Result<()> {
    let mut threads = Vec::new();
    for address in addresses {
        let stream = TcpListener::bind(address).with_context(|| format!("TCP {address}"))?;
        let datagram = UdpSocket::bind(address).with_context(|| format!("UDP {address}"))?;
        threads.push(std::thread::spawn(move || accept(&stream)));
        threads.push(std::thread::spawn(move || mirror(&datagram)));
    }
    println!("{LISTENING}");
    for thread in threads {
        drop(thread.join());
    }
    Ok(())
}

fn accept(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || echo(stream));
    }
}

/// Until the other side ends or fails.
fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let sent = buffer.get(..length).map(|bytes| stream.write_all(bytes));
        if !matches!(sent, Some(Ok(()))) {
            break;
        }
    }
}

fn mirror(socket: &UdpSocket) {
    let mut buffer = [0; 8192];
    loop {
        if let Ok((length, from)) = socket.recv_from(&mut buffer)
            && let Some(bytes) = buffer.get(..length)
        {
            // Whoever asked may be gone.
            drop(socket.send_to(bytes, from));
        }
    }
}
