//! A small HTTP server of the test's own on loopback, gone when it is dropped.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// What it answers. Nothing means that the connection is cut.
pub(crate) type Answer = Option<Response<Full<Bytes>>>;

/// A server that runs.
pub(crate) struct Loopback {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Loopback {
    /// Serves every request with `answer`.
    pub(crate) async fn serve<F>(answer: F) -> Result<Self>
    where
        F: AsyncAnswer,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(connection(stream, Arc::clone(&answer)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, task })
    }

    /// Where clients find it.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Something that answers requests.
pub(crate) trait AsyncAnswer: Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Result<Answer>> + Send;
}

async fn connection<F: AsyncAnswer>(stream: TcpStream, answer: Arc<F>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = Arc::clone(&answer);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.context("a request was cut")?.to_bytes();
            let answered = answer.answer(Request::from_parts(head, body)).await?;
            answered.context("the connection is cut on purpose")
        }
    });
    // An error is a connection that is over, and whoever held the other end knows.
    drop(
        Builder::new(TokioExecutor::new()).http1_only().serve_connection(TokioIo::new(stream), service).await,
    );
}

/// Passes a request on, byte for byte, and gives the answer.
pub(crate) async fn pass_on(request: Request<Bytes>, port: u16) -> Result<Response<Full<Bytes>>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request.map(Full::new)).await?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(head, Full::new(body)))
}
