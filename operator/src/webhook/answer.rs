//! From a decision to an `AdmissionReview`. (pure)

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{Aspect, Mode};
use bund_engine::finding::Standing;
use bund_engine::{
    Decision, Finding, Injection, Operation, Reason, Request, Snapshot, Timestamp, egress,
    select::policies_in, stamp,
};
use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use super::lookup::{Found, Missing};
use super::review::{Entrance, Question};

/// The whole message of a refusal, in bytes: what a person reads, not a report.
const MESSAGE_LIMIT: usize = 8 * 1024;
/// All warnings of an answer, in characters. Beyond it the API server cuts each to [`WARNING_LIMIT`].
const WARNINGS_LIMIT: usize = 4096;
/// One warning where there are too many to tell them whole, in characters.
const WARNING_LIMIT: usize = 256;
/// One audit annotation, in bytes.
const ANNOTATION_LIMIT: usize = 4096;

/// What the API server is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    outcome: Outcome,
    warnings: Vec<String>,
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Allowed,
    /// Allowed with an RFC 6902 patch.
    Patched(Value),
    Refused {
        code: u16,
        reason: &'static str,
        message: String,
    },
}

impl Answer {
    /// The answer to what was found. Where facts could not be read, what the decision does not refuse is refused all
    /// the same, with a code that says to try again, if a policy of the namespace denies at all. Where every policy
    /// only warns or audits, nothing is refused for our own weakness either.
    pub(super) fn of(entrance: Entrance, question: &Question, found: &Found, now: Timestamp) -> Self {
        match entrance {
            Entrance::Mutating => Self::mutating(&question.request, &found.decision),
            Entrance::Validating => Self::validating(question, found, now),
        }
    }

    /// Admission, with these warnings.
    pub(super) fn allowed(lines: &[String]) -> Self {
        Self { outcome: Outcome::Allowed, warnings: warnings(lines), annotations: BTreeMap::new() }
    }

    /// Admission with an RFC 6902 patch.
    pub(super) fn patched(patch: Value) -> Self {
        Self { outcome: Outcome::Patched(patch), ..Self::allowed(&[]) }
    }

    /// Refusal for these reasons.
    pub(super) fn forbidden(lines: &[String]) -> Self {
        Self { outcome: Outcome::forbidden(lines), ..Self::allowed(&[]) }
    }

    /// Refusal for now, because something could not be read.
    pub(super) fn try_again(missing: &Missing) -> Self {
        Self { outcome: Outcome::try_again(&missing.to_string()), ..Self::allowed(&[]) }
    }

    fn mutating(request: &Request, decision: &Decision) -> Self {
        let changes = request.object.as_ref().filter(|_| comes_to_be(request));
        let changes = changes.map(|object| patch(object, decision)).unwrap_or_default();
        let outcome =
            if changes.is_empty() { Outcome::Allowed } else { Outcome::Patched(Value::Array(changes)) };
        Self { outcome, warnings: Vec::new(), annotations: BTreeMap::new() }
    }

    fn validating(question: &Question, found: &Found, now: Timestamp) -> Self {
        let Found { decision, missing, unasked, snapshot } = found;
        let response = decision.response();
        let namespace = decision.subject.namespace.as_deref().unwrap_or(&decision.subject.name);
        let glass = snapshot.broken_glass(namespace, now);
        let undecided = missing.as_ref().map(ToString::to_string);
        let waiting = unasked.as_ref().filter(|_| only_for_rights(found));
        let outcome = if let Some(waiting) = waiting {
            Outcome::try_again(&waiting.missing.to_string())
        } else if !response.allowed {
            Outcome::forbidden(&response.refusals)
        } else if glass.is_some() {
            Outcome::Allowed
        } else if decision.injection.is_some() && comes_to_be(&question.request) {
            Outcome::forbidden(&[unconfined(decision)])
        } else if let Some(mismarked) = mismarked(&question.request, decision) {
            Outcome::forbidden(&[mismarked])
        } else if let Some(undecided) = undecided.filter(|_| denies_somewhere(decision, snapshot)) {
            Outcome::try_again(&undecided)
        } else {
            Outcome::Allowed
        };
        let mut annotations = annotations(question, found);
        if let Some(glass) = glass {
            annotations.insert("break-glass", one_line(&format!("{} of {}", glass.name, glass.requested_by)));
        }
        let passed = [
            ("declassified", declassified(question, decision)),
            ("connected", connected(question, decision)),
        ];
        for (name, what) in passed {
            if let Some(what) = what.filter(|_| outcome == Outcome::Allowed) {
                annotations.insert(name, cut_bytes(&one_line(&what), ANNOTATION_LIMIT));
            }
        }
        Self { outcome, warnings: warnings(&response.warnings), annotations }
    }

    /// The message, if the request is refused.
    pub fn refusal(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Refused { message, .. } => Some(message),
            Outcome::Allowed | Outcome::Patched(_) => None,
        }
    }

    /// How it ended, for counting.
    pub(super) fn outcome(&self) -> crate::metrics::Outcome {
        use crate::metrics::Outcome as Ended;
        match &self.outcome {
            Outcome::Allowed => Ended::Allowed,
            Outcome::Patched(_) => Ended::Confined,
            Outcome::Refused { code: 403, .. } => Ended::Refused,
            Outcome::Refused { .. } => Ended::Undecided,
        }
    }

    /// The HTTP status that the API server will give.
    pub fn code(&self) -> u16 {
        match &self.outcome {
            Outcome::Refused { code, .. } => *code,
            Outcome::Allowed | Outcome::Patched(_) => 200,
        }
    }

    /// The review that answers the question `uid`.
    pub fn into_review(self, uid: &str) -> Value {
        let Self { outcome, warnings, annotations } = self;
        let mut response = Map::new();
        let mut say = |member: &str, value| response.insert(member.to_owned(), value);
        say("uid", uid.into());
        say("allowed", (!matches!(outcome, Outcome::Refused { .. })).into());
        match outcome {
            Outcome::Allowed => {}
            Outcome::Patched(patch) => {
                say("patchType", "JSONPatch".into());
                say("patch", json!(ByteString(patch.to_string().into_bytes())));
            }
            Outcome::Refused { code, reason, message } => {
                let status =
                    json!({ "status": "Failure", "code": code, "reason": reason, "message": message });
                say("status", status);
            }
        }
        if !warnings.is_empty() {
            say("warnings", json!(warnings));
        }
        if !annotations.is_empty() {
            say("auditAnnotations", json!(annotations));
        }
        json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
    }
}

impl Outcome {
    fn forbidden(lines: &[String]) -> Self {
        let lines: Vec<_> = lines.iter().map(|line| one_line(line)).collect();
        let message = cut_bytes(&lines.join("; "), MESSAGE_LIMIT);
        Self::Refused { code: 403, reason: "Forbidden", message }
    }

    fn try_again(undecided: &str) -> Self {
        let message = cut_bytes(&one_line(undecided), MESSAGE_LIMIT);
        Self::Refused { code: 503, reason: "ServiceUnavailable", message }
    }
}

/// What the API server's audit log is told of every decision.
fn annotations(question: &Question, found: &Found) -> BTreeMap<&'static str, String> {
    let Found { decision, missing, unasked, .. } = found;
    let mut annotations =
        BTreeMap::from([("decision", decision.verdict.to_string()), ("decision-id", question.uid.clone())]);
    let response = decision.response();
    let recorded: Vec<_> =
        response.recorded.iter().chain(&response.warnings).map(|line| one_line(line)).collect();
    if !recorded.is_empty() {
        annotations.insert("findings", cut_bytes(&recorded.join("; "), ANNOTATION_LIMIT));
    }
    let missing = missing.iter().chain(unasked.as_ref().map(|unasked| &unasked.missing));
    let undecided: Vec<_> = missing.map(|missing| one_line(&missing.to_string())).collect();
    if !undecided.is_empty() {
        annotations.insert("undecided", cut_bytes(&undecided.join("; "), ANNOTATION_LIMIT));
    }
    annotations
}

/// Which classes were taken away, from what and by whom.
pub(super) fn declassified(question: &Question, decision: &Decision) -> Option<String> {
    by_right(question, decision, &Standing::Declassified)
}

/// Into what, holding which classes, somebody connected who may.
pub(super) fn connected(question: &Question, decision: &Decision) -> Option<String> {
    by_right(question, decision, &Standing::Connected)
}

/// The classes of what passes by a right, of what and by whom.
fn by_right(question: &Question, decision: &Decision, standing: &Standing) -> Option<String> {
    let waived = decision.findings.iter().filter(|finding| finding.standing == *standing);
    let classes: BTreeSet<_> = waived.filter_map(|finding| finding.class.as_ref()?.as_str().into()).collect();
    let classes: Vec<_> = classes.into_iter().collect();
    let by = question.user_name();
    (!classes.is_empty()).then(|| format!("{} of {} by {by}", classes.join(", "), decision.subject))
}

/// Whether nothing refuses the request but rights of which nobody could say whether they are there.
fn only_for_rights(found: &Found) -> bool {
    let Found { decision, unasked, .. } = found;
    let waits = |finding: &Finding| {
        let class = finding.class.as_ref();
        (finding.is_washing() || finding.is_connection())
            && unasked.as_ref().zip(class).is_some_and(|(unasked, class)| unasked.classes.contains(class))
    };
    let mut refusing =
        decision.findings.iter().filter(|finding| finding.consequence() == Mode::Deny).peekable();
    refusing.peek().is_some() && refusing.all(waits)
}

/// Whether the request itself makes the object, so that it can be confined.
fn comes_to_be(request: &Request) -> bool {
    request.operation == Operation::Create && request.subresource.is_none()
}

/// Everything that is changed of an object as it comes to be.
fn patch(object: &Value, decision: &Decision) -> Vec<Value> {
    let Decision { injection, marks, labels, .. } = decision;
    let confined = injection.as_ref().map(Injection::json_patch);
    let marked = (!marks.is_empty()).then(|| stamp::json_patch(object, marks));
    let labelled = (!labels.is_empty()).then(|| egress::json_patch(object, labels));
    let patches = [confined, marked, labelled].into_iter().flatten();
    patches.flat_map(|patch| patch.as_array().cloned().unwrap_or_default()).collect()
}

/// What validation says of a pod whose mark admission put right, and that comes with another one all the same. One without
/// a mark reaches nobody.
fn mismarked(request: &Request, decision: &Decision) -> Option<String> {
    let labels = request.object.as_ref().filter(|_| comes_to_be(request))?.get("metadata")?.get("labels")?;
    let key = decision.labels.keys().find(|key| labels.get(key.as_str()).is_some())?;
    let entry = Reason::MarkForged.entry();
    Some(format!(
        "{}: {} carries another mark {key} than Bund gave it; field metadata.labels; {}, {}; another admission webhook \
         wrote it, or the pod came to hold a class just now: create it again, and let that webhook leave the label alone",
        Reason::MarkForged,
        decision.subject,
        entry.control,
        entry.citation
    ))
}

/// What validation says of a pod that admission was to confine and that is not confined.
fn unconfined(decision: &Decision) -> String {
    let key = decision.injection.as_ref().map_or("", |injection| &injection.key);
    let entry = Reason::PlacementUnconfined.entry();
    format!(
        "{}: {} lacks the node affinity on {key} that Bund gave it; field spec.affinity; {}, {}; another admission \
         webhook took it away, or the pod came to hold a class just now: create it again, and let that webhook leave \
         spec.affinity alone",
        Reason::PlacementUnconfined,
        decision.subject,
        entry.control,
        entry.citation
    )
}

/// Whether some policy of the subject's namespace denies anything. A subject without a namespace, or one in a
/// namespace that nobody knows, may be concerned by any policy.
fn denies_somewhere(decision: &Decision, snapshot: &Snapshot) -> bool {
    let namespace = decision.subject.namespace.as_deref().unwrap_or_default();
    let unreadable = snapshot.world().unreadable().any(|fact| fact.mode == Mode::Deny);
    let denies = policies_in(snapshot, namespace)
        .any(|policy| Aspect::ALL.iter().any(|aspect| policy.mode(*aspect, namespace) == Mode::Deny));
    unreadable || denies
}

/// Warnings as the API server would cut them: whole while they fit together, each cut where they do not.
fn warnings(lines: &[String]) -> Vec<String> {
    let lines: Vec<_> = lines.iter().map(|line| one_line(line)).collect();
    let total: usize = lines.iter().map(|line| line.chars().count()).sum();
    if total <= WARNINGS_LIMIT {
        return lines;
    }
    let cut = lines.into_iter().map(|line| cut_chars(&line, WARNING_LIMIT));
    cut.take(WARNINGS_LIMIT / WARNING_LIMIT).collect()
}

/// A line without what could end it or hide a part of it.
fn one_line(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

const CUT: &str = "…";

fn cut_chars(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(CUT.chars()).collect(),
    }
}

fn cut_bytes(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit.saturating_sub(CUT.len()));
    let (kept, _) = text.split_at_checked(end).unwrap_or_default();
    format!("{kept}{CUT}")
}

#[cfg(test)]
mod tests;
