//! An S3 server in memory that does not keep its promises. It asks for no signature.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use http::{Method, Request, Response, StatusCode, header::IF_NONE_MATCH};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::time::sleep;

use super::loopback::{Answer, AsyncAnswer};

/// Between looking and writing: long enough for everybody who asks at once to look.
const MOMENT: Duration = Duration::from_millis(100);

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Nothing: it is as good as one in memory can be.
    None,
    /// It overwrites what was to be created only where there is none.
    Overwrites,
    /// It says that it created what was there, and leaves it as it was.
    Pretends,
    /// It looks whether there is one, and writes a moment later.
    Dawdles,
    /// It knows no conditions, and says so.
    NotImplemented,
    /// It says yes, and keeps nothing.
    Forgets,
}

/// The server: one bucket, whatever it is called.
pub(crate) struct Liar {
    lie: Lie,
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl Liar {
    pub(crate) fn new(lie: Lie) -> Self {
        Self { lie, objects: Mutex::default() }
    }

    async fn put(&self, key: String, request: Request<Bytes>) -> StatusCode {
        let conditional = request.headers().contains_key(IF_NONE_MATCH);
        let looked = conditional && self.objects().contains_key(&key);
        if self.lie == Lie::Dawdles {
            sleep(MOMENT).await;
        }
        let mut objects = self.objects();
        let there = conditional && objects.contains_key(&key);
        match self.lie {
            Lie::NotImplemented if conditional => return StatusCode::NOT_IMPLEMENTED,
            Lie::None if there => return StatusCode::PRECONDITION_FAILED,
            Lie::Dawdles if looked => return StatusCode::PRECONDITION_FAILED,
            Lie::Pretends if there => return StatusCode::OK,
            Lie::Forgets => return StatusCode::OK,
            Lie::None | Lie::Dawdles | Lie::Pretends | Lie::NotImplemented | Lie::Overwrites => {}
        }
        objects.insert(key, request.into_body());
        StatusCode::OK
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes the keys that the XML of a request names, and answers as S3 does.
    fn delete(&self, request: &str) -> String {
        let mut objects = self.objects();
        let mut answer = String::from("<DeleteResult>");
        for key in request.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
            objects.remove(key);
            // Writing to a String does not fail.
            let _ = write!(answer, "<Deleted><Key>{key}</Key></Deleted>");
        }
        answer + "</DeleteResult>"
    }

    fn list(&self, prefix: &str) -> String {
        let objects = self.objects();
        let mut list = String::from("<ListBucketResult>");
        for (key, object) in objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
            let size = object.len();
            // Writing to a String does not fail.
            let _ = write!(
                list,
                "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-01-01T00:00:00Z</LastModified>\
                 </Contents>"
            );
        }
        list + "</ListBucketResult>"
    }
}

impl AsyncAnswer for Liar {
    async fn answer(&self, request: Request<Bytes>) -> Result<Answer> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        // The first segment is the bucket.
        let key = uri.path().splitn(3, '/').nth(2).unwrap_or_default().to_owned();
        let (status, body) = match method {
            Method::PUT => (self.put(key, request).await, Bytes::new()),
            Method::GET if key.is_empty() => {
                let prefix =
                    uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("prefix="));
                (StatusCode::OK, self.list(&prefix.unwrap_or_default().replace("%2F", "/")).into())
            }
            Method::GET => match self.objects().get(&key) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => (StatusCode::NOT_FOUND, Bytes::new()),
            },
            Method::POST if uri.query() == Some("delete") => {
                (StatusCode::OK, self.delete(&String::from_utf8_lossy(request.body())).into())
            }
            _ => (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
        };
        let answer = Response::builder().status(status).header("etag", "\"1\"");
        let answer = answer.header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
        Ok(Some(answer.body(Full::new(body))?))
    }
}
