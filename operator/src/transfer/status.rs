//! The status of a transfer. Every condition says which facts are behind it; the totals of its exporter are in none. (pure)

use bund_crds::condition::{
    ACTIVE, APPROVED, COMPLETE, EXPIRED, EXPIRING_SOON, READY, REVOKED, ROUTE_SATISFIED, SUPERSEDED,
};
use bund_crds::cross_border_transfer::MissingItem;
use bund_engine::Timestamp;
use bund_engine::snapshot::ApprovalFacts;
use bund_engine::transfer::{End, Missing, NO_CREDENTIAL, Prohibition, Standing};
use serde_json::{Map, Value, json};

use super::judged::Judged;
use crate::controller::condition::{Wanted, conditions};
use crate::index::OwnObject;

/// The members of the status besides its conditions.
pub(super) const MEMBERS: [&str; 4] = ["approvals", "digest", "missing", "route"];
/// What is missing is listed up to here.
const LISTED: usize = 64;
/// As much of it as a message tells.
const TOLD: usize = 5;
/// The longest field and the longest remedy of a listed item, in characters.
const FIELD_LIMIT: usize = 256;
const REMEDY_LIMIT: usize = 1024;

/// The status of a transfer, where `own` is what is stored of it and `failing` is why nothing can be recorded.
pub(super) fn status(judged: &Judged<'_>, own: &OwnObject, failing: Option<&str>, now: Timestamp) -> Value {
    let wanted = [
        Wanted::holds(READY, "Understood", "it is understood; the other conditions say how it stands"),
        complete(judged),
        route_satisfied(judged),
        approved(judged),
        active(judged, failing),
        expiring_soon(judged, now),
        ended(judged, End::Expired, EXPIRED, "its time is not over"),
        ended(judged, End::Revoked, REVOKED, "nobody has rejected or revoked it"),
        ended(judged, End::Superseded, SUPERSEDED, "no other took its place"),
    ];
    let mut members = Map::new();
    let mut member = |name: &str, value: Option<Value>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    member("digest", judged.transfer.digest.as_ref().map(|digest| json!(digest)));
    member("route", judged.assessment.route.as_ref().ok().map(|route| json!(route)));
    member("approvals", Some(json!(count_of(judged))));
    let missing: Vec<_> = judged.assessment.missing.iter().take(LISTED).map(item).collect();
    member("missing", (!missing.is_empty()).then(|| json!(missing)));
    member("conditions", Some(conditions(&wanted, own.generation, &own.status, now)));
    Value::Object(members)
}

/// The status of a transfer that cannot be read.
pub(super) fn unreadable(why: &str, own: &OwnObject, now: Timestamp) -> Value {
    let message = format!("cannot be read: {why}; it covers nothing");
    let wanted =
        [Wanted::fails(READY, "FactUnreadable", &message), Wanted::fails(ACTIVE, "FactUnreadable", message)];
    json!({ "conditions": conditions(&wanted, own.generation, &own.status, now) })
}

/// The status of a transfer that had ended, and that the store shows as if it had not.
pub(super) fn set_back(own: &OwnObject, now: Timestamp) -> Value {
    let message = "it had ended, and the store was set back to a time when it had not; it does not come back. \
                   Create another one";
    let wanted = [
        Wanted::holds(READY, "Understood", "it is understood; the other conditions say how it stands"),
        Wanted::fails(ACTIVE, "Revoked", message),
        Wanted::holds(REVOKED, "SetBack", message),
    ];
    json!({ "conditions": conditions(&wanted, own.generation, &own.status, now) })
}

fn complete(judged: &Judged<'_>) -> Wanted {
    let (missing, prohibitions) = (&judged.assessment.missing, &judged.assessment.prohibitions);
    if !prohibitions.is_empty() {
        let told = prohibitions
            .iter()
            .map(|Prohibition { field, why, citation, .. }| format!("{field}: {why} ({citation})"));
        return Wanted::fails(COMPLETE, "Forbidden", format!("it is forbidden: {}", list(told)));
    }
    if !missing.is_empty() {
        let told = missing
            .iter()
            .map(|Missing { field, remedy, citation, .. }| format!("{field}: {remedy} ({citation})"));
        return Wanted::fails(COMPLETE, "Missing", list(told));
    }
    Wanted::holds(COMPLETE, "Complete", "it says what the law asks it to say, and nothing forbids it")
}

fn route_satisfied(judged: &Judged<'_>) -> Wanted {
    match (&judged.assessment.route, &judged.assessment.route_satisfied) {
        (Err(why), _) => Wanted::fails(ROUTE_SATISFIED, "Indeterminate", why),
        (Ok(_), Err(todo)) => Wanted::fails(ROUTE_SATISFIED, "NotSatisfied", todo),
        (Ok(_), Ok(how)) => Wanted::holds(ROUTE_SATISFIED, "Satisfied", how),
    }
}

fn approved(judged: &Judged<'_>) -> Wanted {
    let tally = &judged.tally;
    let final_word = [(tally.rejected, "Rejected", "rejected"), (tally.revoked, "Revoked", "revoked")];
    for (decision, reason, what) in final_word {
        if let Some(decision) = decision {
            let why = decision.spec.reason.as_deref().unwrap_or("without a reason");
            return Wanted::fails(APPROVED, reason, format!("{what} by {}: {why}", person(decision)));
        }
    }
    let people: Vec<_> = tally.approvals.iter().map(|approval| person(approval)).collect();
    let people = if people.is_empty() { String::new() } else { format!(": {}", people.join(", ")) };
    let mut said = vec![format!("{} approved{people}", count_of(judged))];
    if !tally.wanting.is_empty() {
        said.push(tally.wanting.clone());
    }
    if !tally.refused.is_empty() {
        said.push(list(tally.refused.iter().map(|(approval, refusal)| {
            format!("TransferApproval {} does not count: {}", approval.name, refusal.why)
        })));
    }
    let message = said.join("; ");
    if tally.is_approved() {
        Wanted::holds(APPROVED, "Approved", message)
    } else {
        Wanted::fails(APPROVED, "Wanting", message)
    }
}

/// Who decided, and whether that can be traced to a credential.
fn person(approval: &ApprovalFacts) -> String {
    match &approval.spec.approver {
        None => "nobody".to_owned(),
        Some(approver) if approver.credential.is_none() => format!("{} ({NO_CREDENTIAL})", approver.username),
        Some(approver) => approver.username.clone(),
    }
}

fn active(judged: &Judged<'_>, failing: Option<&str>) -> Wanted {
    match &judged.standing {
        Standing::Active(until) => {
            Wanted::holds(ACTIVE, "InEffect", format!("it is in effect until {until}"))
        }
        Standing::Ready => {
            let why = failing.map(|why| format!("; it cannot be recorded: {why}")).unwrap_or_default();
            let reason = if failing.is_some() { "RecordFails" } else { "NotRecorded" };
            Wanted::fails(
                ACTIVE,
                reason,
                format!("it may take effect, and waits until that is on record{why}"),
            )
        }
        Standing::Closed(why) => Wanted::fails(ACTIVE, "NotYet", why),
        Standing::Suspended(why) => Wanted::fails(ACTIVE, "Suspended", why),
        Standing::Ended(end, why) => Wanted::fails(ACTIVE, end.as_str(), why),
    }
}

fn expiring_soon(judged: &Judged<'_>, now: Timestamp) -> Wanted {
    let near: Vec<_> = judged
        .near(now)
        .into_iter()
        .map(|deadline| format!("{} by {} ({})", deadline.what, deadline.at, deadline.citation))
        .collect();
    let ends = judged.assessment.ends;
    let soon = judged.end().is_none() && judged.soon_from() <= now;
    if soon {
        let told =
            std::iter::once(format!("it ends at {ends}; create another one that supersedes it")).chain(near);
        return Wanted::holds(EXPIRING_SOON, "EndsSoon", list(told));
    }
    if !near.is_empty() {
        return Wanted::holds(EXPIRING_SOON, "DeadlineNear", list(near.into_iter()));
    }
    match judged.end() {
        Some(_) => Wanted::fails(EXPIRING_SOON, "Ended", "it has ended"),
        None => Wanted::fails(EXPIRING_SOON, "NotSoon", format!("it ends at {ends}")),
    }
}

fn ended(judged: &Judged<'_>, end: End, kind: &'static str, otherwise: &str) -> Wanted {
    match judged.end() {
        Some((ended, why)) if ended == end => Wanted::holds(kind, end.as_str(), why),
        _ => Wanted::fails(kind, "No", otherwise),
    }
}

/// How many of the approvals that are needed are there.
fn count_of(judged: &Judged<'_>) -> String {
    format!("{}/{}", judged.tally.approvals.len(), judged.tally.needed)
}

fn item(missing: &Missing) -> MissingItem {
    let Missing { field, remedy, control, citation } = missing;
    let cut = |text: String, limit| text.chars().take(limit).collect();
    MissingItem {
        field: cut(field.to_string(), FIELD_LIMIT),
        remedy: cut(format!("{remedy} ({control}, {citation})"), REMEDY_LIMIT),
    }
}

/// The first of several clauses, and how many more there are.
fn list(clauses: impl Iterator<Item = String>) -> String {
    let all: Vec<_> = clauses.collect();
    let (told, rest) = all.split_at(all.len().min(TOLD));
    let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
    told.join("; ") + &more
}

#[cfg(test)]
mod tests;
