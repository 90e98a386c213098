//! The admission webhook.
//!
//! ```text
//! body --review::read (pure)--> Question --decide (engine)--> Decision --lookup (client), at most once per object-->
//!      Decision --answer (pure)--> body
//! ```
//!
//! Architecture Invariant (no side effects): answering reads the index and, where a fact is missing, the API
//! server; it writes nothing. A dry run is answered like any other request.

pub mod answer;
mod lookup;
pub mod review;
mod serve;

use std::sync::Arc;

use axum::http::StatusCode;
use bund_engine::{Timestamp, decide};
use kube::Client;
use serde_json::Value;
use tracing::info;

use crate::index::Index;

pub use review::{Entrance, Malformed, Question};
pub use serve::{Error, Server};
pub(crate) use serve::{MUTATE_PODS, VALIDATE};

use answer::Answer;
use lookup::{Found, Lookup};

/// Answers reviews from the index.
#[derive(Clone)]
pub struct Webhook {
    index: Arc<Index>,
    lookup: Lookup,
}

/// Why a review got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The index has not listed everything yet.
    #[error("not every kind that decisions rest on was listed yet; try again")]
    NotReady,
    /// The body is not a review.
    #[error("{0}")]
    Malformed(#[source] Malformed),
}

impl Unanswered {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl Webhook {
    /// A webhook that answers from `index` and looks missing facts up through `client`.
    pub fn new(index: Arc<Index>, client: Client) -> Self {
        Self { index, lookup: Lookup::new(client) }
    }

    /// Answers one `AdmissionReview`. Every well-formed review gets an `AdmissionReview` back.
    pub async fn answer(&self, entrance: Entrance, body: &[u8]) -> Result<Value, Unanswered> {
        if !self.index.is_ready() {
            return Err(Unanswered::NotReady);
        }
        let question = review::read(body).map_err(Unanswered::Malformed)?;
        let view = self.index.view();
        let first = decide(&question.request, &view.snapshot, Timestamp::now());
        let Found { decision, missing, snapshot } =
            self.lookup.complete(&question.request, first, &view.snapshot).await;
        let answer = Answer::of(entrance, &question, &decision, missing.as_ref(), &snapshot);
        if let Some(message) = answer.refusal() {
            let Question { uid, user, dry_run, .. } = &question;
            let subject = decision.subject.to_string();
            info!(decision = uid, subject, user, dry_run, code = answer.code(), message, "refused");
        }
        Ok(answer.into_review(&question.uid))
    }
}
