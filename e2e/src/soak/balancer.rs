//! One address for several operators, as a Service is: a connection goes to one that is ready, and stays with it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Forwards connections until it is dropped.
#[derive(Debug)]
pub(super) struct Balancer {
    address: SocketAddr,
    backends: Arc<Mutex<Vec<SocketAddr>>>,
    accepting: JoinHandle<()>,
}

impl Balancer {
    /// Listens on a free port of loopback. Nobody is behind it yet.
    pub(super) async fn listen() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let backends = Arc::<Mutex<Vec<SocketAddr>>>::default();
        let accepting = tokio::spawn(accept(listener, backends.clone()));
        Ok(Self { address, backends, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go to these.
    pub(super) fn lead_to(&self, backends: Vec<SocketAddr>) {
        *self.backends.lock().unwrap_or_else(PoisonError::into_inner) = backends;
    }
}

async fn accept(listener: TcpListener, backends: Arc<Mutex<Vec<SocketAddr>>>) {
    let mut turn = 0_usize;
    while let Ok((mut inbound, _)) = listener.accept().await {
        turn = turn.wrapping_add(1);
        let chosen = {
            let backends = backends.lock().unwrap_or_else(PoisonError::into_inner);
            backends.get(turn.checked_rem(backends.len()).unwrap_or_default()).copied()
        };
        // Nobody is ready: the connection is closed, as a Service without endpoints refuses it.
        let Some(chosen) = chosen else { continue };
        tokio::spawn(async move {
            if let Ok(mut outbound) = TcpStream::connect(chosen).await {
                // Either side may go at any time; that is what is tested.
                let _ = copy_bidirectional(&mut inbound, &mut outbound).await;
            }
        });
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
