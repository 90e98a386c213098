//! Reviews: how many, how long, with what end.

use std::time::Duration;

use bund_crds::Mode;
use bund_engine::{Finding, Operation};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::webhook::{Entrance, Question};

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How a review ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Admitted as it is.
    Allowed,
    /// Admitted with the affinity that confines it.
    Confined,
    /// Refused.
    Refused,
    /// Refused because a fact could not be read; to be tried again.
    Undecided,
    /// No answer: not ready, not a review, or too many at one time.
    Unanswered,
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Confined => "confined",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Unanswered => "unanswered",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    operation: &'static str,
    resource: &'static str,
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEntrance {
    entrance: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFinding {
    reason: &'static str,
    mode: &'static str,
}

/// Counts reviews.
#[derive(Debug)]
pub struct Admission {
    requests: Family<OfRequest, Counter>,
    duration: Family<OfEntrance, Histogram, fn() -> Histogram>,
    findings: Family<OfFinding, Counter>,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            findings: Family::default(),
        }
    }
}

impl Admission {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { requests, duration, findings } = self;
        registry.register(
            "admission_requests",
            "Reviews, by operation, resource and how they ended",
            requests.clone(),
        );
        registry.register(
            "admission_duration_seconds",
            "From the whole review to its answer, with the wait for a turn",
            duration.clone(),
        );
        registry.register(
            "admission_findings",
            "Broken rules in validated requests, by reason and by what happened because of them",
            findings.clone(),
        );
    }

    /// A question was answered.
    pub(crate) fn answered(
        &self,
        entrance: Entrance,
        question: &Question,
        findings: &[Finding],
        outcome: Outcome,
    ) {
        let operation = operation(question.request.operation);
        self.count(operation, question.resource, outcome);
        if entrance == Entrance::Validating {
            for finding in findings {
                let mode = match finding.consequence() {
                    Mode::Deny => "deny",
                    Mode::Warn => "warn",
                    Mode::Audit => "audit",
                };
                self.findings.get_or_create(&OfFinding { reason: finding.reason.code(), mode }).inc();
            }
        }
    }

    /// Something that asked got no answer.
    pub(crate) fn unanswered(&self) {
        self.count("unknown", "unknown", Outcome::Unanswered);
    }

    fn count(&self, operation: &'static str, resource: &'static str, outcome: Outcome) {
        let labels = OfRequest { operation, resource, decision: outcome.label() };
        self.requests.get_or_create(&labels).inc();
    }

    /// How long it took, with or without an answer.
    pub(crate) fn took(&self, entrance: Entrance, duration: Duration) {
        let entrance = match entrance {
            Entrance::Mutating => "mutating",
            Entrance::Validating => "validating",
        };
        self.duration.get_or_create(&OfEntrance { entrance }).observe(duration.as_secs_f64());
    }
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Connect => "connect",
    }
}
