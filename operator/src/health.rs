//! Whether we live and whether we are ready, over plain HTTP. (client)

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Whether reviews may be sent to us. Set once everything is listed and the webhook listens; taken back only when
/// we are about to stop.
#[derive(Clone, Debug)]
pub struct Readiness {
    ready: Arc<AtomicBool>,
    metrics: Metrics,
}

impl Readiness {
    /// Not ready yet; told by `metrics` too.
    pub fn new(metrics: Metrics) -> Self {
        Self { ready: Arc::default(), metrics }
    }

    /// Says that we are ready, or that we are about to stop.
    pub fn set(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
        self.metrics.ready(ready);
    }

    /// Whether we are ready.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

/// Answers `/livez` and `/readyz` on `address` for ever.
///
/// Fails where the address cannot be listened on, or the server ends.
pub async fn serve(address: SocketAddr, readiness: Readiness) -> std::io::Result<()> {
    let ready = move || async move {
        if readiness.is_ready() {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    };
    let router = Router::new().route("/livez", get(|| async { "ok" })).route("/readyz", get(ready));
    axum::serve(TcpListener::bind(address).await?, router).await
}
