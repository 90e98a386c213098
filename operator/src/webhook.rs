//! The admission webhook.
//!
//! ```text
//! body --review::read (pure)--> Question --decide (engine)--> Decision --lookup (client), at most once per object-->
//!      Decision --rights (client), only where a class is taken away--> Decision --answer (pure)--> body
//! ```
//!
//! Transfers and decisions on them are answered by themselves (`transfers.rs`).
//!
//! Architecture Invariant (no side effects): answering reads the index and, where a fact is missing, the API
//! server; it writes nothing. A dry run is answered like any other request.

pub mod answer;
mod lookup;
pub mod review;
mod rights;
mod serve;
mod transfers;

use std::sync::Arc;

use axum::http::StatusCode;
use bund_engine::{Decision, Snapshot, Timestamp, decide};
use kube::Client;
use serde_json::Value;
use tracing::{Span, info, instrument, warn};

use crate::index::Index;
use crate::metrics::Metrics;

pub use review::{Entrance, Malformed, Question};
pub use serve::{Error, Server};
pub(crate) use serve::{MUTATE, VALIDATE};

use answer::Answer;
use lookup::{Found, Lookup};
use rights::Rights;
use transfers::Made;

/// Answers reviews from the index.
#[derive(Clone)]
pub struct Webhook {
    index: Arc<Index>,
    lookup: Lookup,
    rights: Rights,
    metrics: Metrics,
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
    /// A webhook that answers from `index`, looks missing facts up through `client` and counts in `metrics`.
    pub fn new(index: Arc<Index>, client: Client, metrics: Metrics) -> Self {
        Self { index, lookup: Lookup::new(client.clone()), rights: Rights::new(client), metrics }
    }

    /// Answers one `AdmissionReview`. Every well-formed review gets an `AdmissionReview` back.
    #[instrument(
        name = "review",
        skip_all,
        fields(entrance = ?entrance, decision, operation, resource, subject, outcome)
    )]
    pub async fn answer(&self, entrance: Entrance, body: &[u8]) -> Result<Value, Unanswered> {
        if !self.index.is_ready() {
            return Err(Unanswered::NotReady);
        }
        let mut question = review::read(body).map_err(Unanswered::Malformed)?;
        let view = self.index.view();
        let now = Timestamp::now();
        if let Some(made) = Made::by(&question.request) {
            let answer = self.answer_made(&made, entrance, &question, &view.snapshot, now).await;
            log_made(entrance, &question, &answer);
            self.metrics.admission().answered(entrance, &question, &[], answer.outcome());
            return Ok(answer.into_review(&question.uid));
        }
        let first = decide(&question.request, &view.snapshot, now);
        let found = self.lookup.complete(&question.request, first, &view.snapshot).await;
        let found = match entrance {
            Entrance::Mutating => found,
            Entrance::Validating => self.rights.complete(&mut question, found).await,
        };
        let answer = Answer::of(entrance, &question, &found, now);
        let Found { decision, .. } = found;
        log(entrance, &question, &decision, &answer);
        let outcome = answer.outcome();
        self.metrics.admission().answered(entrance, &question, &decision.findings, outcome);
        let span = Span::current();
        span.record("decision", &question.uid).record("resource", question.resource);
        span.record("subject", decision.subject.to_string());
        span.record("operation", tracing::field::debug(question.request.operation));
        span.record("outcome", tracing::field::debug(outcome));
        Ok(answer.into_review(&question.uid))
    }

    /// Answers the creation of a transfer or of a decision on one.
    async fn answer_made(
        &self,
        made: &Made,
        entrance: Entrance,
        question: &Question,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Answer {
        match (entrance, made) {
            (Entrance::Validating, Made::Decision) => {
                self.decided(question, snapshot).await.unwrap_or_else(|refused| refused)
            }
            (Entrance::Mutating, Made::Decision) | (_, Made::Transfer) => {
                made.answer(entrance, question, snapshot, now)
            }
        }
    }

    /// The answer to a decision; as an error, where it is refused before a right is asked for.
    async fn decided(&self, question: &Question, snapshot: &Snapshot) -> Result<Answer, Answer> {
        let spec = transfers::decision(question)?;
        let namespace = question.request.namespace.as_deref().unwrap_or_default();
        let known = snapshot.transfers().transfer(namespace, &spec.transfer.name);
        let newer = known.and_then(|transfer| transfer.uid.as_ref()) != Some(&spec.transfer.uid);
        let looked_up = if newer {
            self.lookup.with_transfer(namespace, &spec.transfer.name, snapshot).await
        } else {
            Ok(snapshot.clone())
        };
        let snapshot = looked_up.map_err(|missing| Answer::try_again(&missing))?;
        let classes = transfers::judged(question, &spec, &snapshot)?;
        if classes.is_empty() {
            return Ok(transfers::answer_of(None));
        }
        let lacking = self.rights.lacking_to_approve(question, classes, &snapshot).await;
        let lacking = lacking.map_err(|missing| Answer::try_again(&missing))?;
        Ok(transfers::answer_of(lacking.as_ref()))
    }
}

/// One line for every decision on a transfer that is made or refused.
fn log_made(entrance: Entrance, question: &Question, answer: &Answer) {
    let Question { uid, dry_run, request, .. } = question;
    let (namespace, name) = (request.namespace.as_deref(), request.name.as_deref());
    let (user, resource) = (question.user_name(), question.resource);
    match answer.refusal() {
        Some(refusal) => {
            info!(
                decision = uid,
                namespace,
                name,
                resource,
                user,
                dry_run,
                code = answer.code(),
                refusal,
                "refused"
            );
        }
        None if entrance == Entrance::Validating => {
            info!(decision = uid, namespace, name, resource, user, dry_run, "admitted");
        }
        None => {}
    }
}

/// One line for what somebody will ask about later: a refusal, and what passed although a rule was broken.
fn log(entrance: Entrance, question: &Question, decision: &Decision, answer: &Answer) {
    let Question { uid, dry_run, .. } = question;
    let (subject, user) = (decision.subject.to_string(), question.user_name());
    if let Some(refusal) = answer.refusal() {
        info!(decision = uid, subject, user, dry_run, code = answer.code(), refusal, "refused");
        return;
    }
    if entrance == Entrance::Mutating {
        return;
    }
    if let Some(glass) = decision.broken_glass() {
        warn!(decision = uid, subject, user, dry_run, glass = %glass, "not refused, because glass is broken");
    }
    if let Some(what) = answer::declassified(question, decision) {
        warn!(decision = uid, subject, user, dry_run, what, "declassified");
    }
    if let Some(what) = answer::connected(question, decision) {
        info!(decision = uid, subject, user, dry_run, what, "connected");
    }
}
