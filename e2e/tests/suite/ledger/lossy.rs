//! A way to an S3 server on which answers get lost: the server does what it was told, and the client is not told so.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, ensure};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::time::sleep;

use super::loopback::{Answer, AsyncAnswer, Loopback, pass_on};

/// Long enough for a client to have tried again, sometimes.
const LATE: Duration = Duration::from_millis(150);

/// The way. Of every object below `commit/` the answer to the first PUT is lost, in turns: the server did it and the
/// connection is cut, it did it and the answer is 500, or the answer is 500 and it does it a moment later.
pub(crate) struct Lossy {
    server: Loopback,
    lost: Arc<Mutex<BTreeSet<String>>>,
}

struct Way {
    port: u16,
    lost: Arc<Mutex<BTreeSet<String>>>,
}

impl Lossy {
    /// The way to the server on this port.
    pub(crate) async fn to(port: u16) -> Result<Self> {
        let lost = Arc::default();
        let server = Loopback::serve(Way { port, lost: Arc::clone(&lost) }).await?;
        Ok(Self { server, lost })
    }

    /// Where clients find it.
    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Of how many objects the answer was lost.
    pub(crate) fn lost(&self) -> usize {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl AsyncAnswer for Way {
    async fn answer(&self, request: Request<Bytes>) -> Result<Answer> {
        let Some(turn) = self.turn(&request) else { return Ok(Some(pass_on(request, self.port).await?)) };
        if turn % 3 == 2 {
            let port = self.port;
            tokio::spawn(async move {
                sleep(LATE).await;
                pass_on(request, port).await
            });
            return Ok(Some(internal_error()?));
        }
        let answer = pass_on(request, self.port).await?;
        ensure!(
            answer.status().is_success(),
            "the first PUT of a commit is answered with {}",
            answer.status()
        );
        if turn % 3 == 1 { Ok(Some(internal_error()?)) } else { Ok(None) }
    }
}

impl Way {
    /// Of how many commits the answer was lost before, if this is the first PUT of one.
    fn turn(&self, request: &Request<Bytes>) -> Option<usize> {
        let path = request.uri().path();
        if request.method() != Method::PUT || !path.contains("/commit/") {
            return None;
        }
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = lost.len();
        lost.insert(path.to_owned()).then_some(turn)
    }
}

fn internal_error() -> Result<Response<Full<Bytes>>> {
    let body =
        "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";
    Ok(Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(Full::from(body))?)
}
