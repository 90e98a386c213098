//! HTTP and TLS. (client)

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ResolvesServerCert;
use rustls::version::{TLS12, TLS13};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::{Entrance, Webhook};

/// The largest body. Objects are at most 1.5 MiB in etcd; a review holds two of them and may escape much.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Below the five seconds that the API server waits, so that it hears from us why there is no answer.
const PATIENCE: Duration = Duration::from_millis(4500);
/// Reviews that are answered at one time. Others wait their turn within [`PATIENCE`].
const REVIEWS: usize = 128;
/// Connections at one time. API servers keep a few; whoever else opens many cannot take our memory.
const CONNECTIONS: usize = 512;
/// A handshake, or the headers of a request, that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
}

/// A listening server. It answers while [`Server::run`] runs.
pub struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
}

#[derive(Clone)]
struct Shared {
    webhook: Webhook,
    turns: Arc<Semaphore>,
}

impl Server {
    /// Listens on `address` with the certificates that `certificates` gives at each handshake.
    pub async fn listen(
        address: SocketAddr,
        certificates: Arc<dyn ResolvesServerCert>,
        webhook: Webhook,
    ) -> Result<Self, Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(Error::Tls)?
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener =
            TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { listener, acceptor, router: router(webhook) })
    }

    /// The address that is listened on, with its port where any was asked for.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is done, then accepts no more and lets what has begun end for at most `drain`.
    pub async fn run(self, stop: impl Future<Output = ()>, drain: Duration) {
        let Self { listener, acceptor, router } = self;
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        let graceful = GracefulShutdown::new();
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&listener, &connections) => accepted,
            };
            if let Some((stream, turn)) = accepted {
                let connection = serve(stream, acceptor.clone(), router.clone(), graceful.watcher());
                tokio::spawn(async move {
                    connection.await;
                    drop(turn);
                });
            }
        }
        drop(listener);
        if timeout(drain, graceful.shutdown()).await.is_err() {
            warn!("connections were still open when time was up");
        }
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let turn = connections.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, turn)),
        Err(error) => {
            warn!(error = crate::chain(&error), "a connection could not be accepted");
            // Out of file descriptors, for example: trying again at once would only burn time.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, router: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return debug!(error = crate::chain(&error), "a handshake failed"),
        Err(_) => return debug!("a handshake took too long"),
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        debug!(error = %error, "a connection ended early");
    }
}

fn router(webhook: Webhook) -> Router {
    let shared = Shared { webhook, turns: Arc::new(Semaphore::new(REVIEWS)) };
    Router::new()
        .route(MUTATE, post(|state, body| review(Entrance::Mutating, state, body)))
        .route(VALIDATE, post(|state, body| review(Entrance::Validating, state, body)))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(shared)
}

/// The path that confines pods.
pub(crate) const MUTATE: &str = "/mutate";
/// The path that refuses.
pub(crate) const VALIDATE: &str = "/validate";

async fn review(
    entrance: Entrance,
    State(shared): State<Shared>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Infallible> {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Ok((rejection.status(), rejection.body_text()).into_response()),
    };
    let began = Instant::now();
    let answered = timeout(PATIENCE, async {
        let _turn = shared.turns.acquire().await;
        shared.webhook.answer(entrance, &body).await
    });
    let answered = answered.await;
    shared.webhook.metrics.admission().took(entrance, began.elapsed());
    if !matches!(answered, Ok(Ok(_))) {
        shared.webhook.metrics.admission().unanswered();
    }
    Ok(match answered {
        Ok(Ok(review)) => ([(header::CONTENT_TYPE, "application/json")], review.to_string()).into_response(),
        Ok(Err(unanswered)) => {
            warn!(reason = crate::chain(&unanswered), "a review was not answered");
            (unanswered.status(), unanswered.to_string()).into_response()
        }
        Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "too many reviews at one time; try again").into_response()
        }
    })
}
