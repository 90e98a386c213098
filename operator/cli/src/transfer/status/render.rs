//! Lines for people: what decides first, what to do next to it.

use std::fmt::Write;

use bund_crds::{Approver, Persons, TransferDecision};
use bund_engine::transfer::{Deadline, Missing, NO_CREDENTIAL, Prohibition, State};

use super::{Decided, Status, place};
use crate::{
    inventory::{Origin, told_not_known},
    report::visible,
};

/// How wide the column of words on the left is.
const COLUMN: usize = 11;
/// Groups that are shown of one person.
const GROUPS: usize = 8;

/// How a transfer stands, as text.
pub fn text(status: &Status) -> String {
    let mut page = Page(String::new());
    page.line(&head(status));
    page.section("flow", [flow(status)]);
    page.section("exporter", [status.exporter.to_string()]);
    page.section("recipient", [status.recipient.clone()]);
    page.section("persons", [persons(status.persons)]);
    page.section("asked by", [asked_by(status)]);
    let may_differ = "it may stand otherwise: see below what is not known or cannot be read";
    page.section(
        "standing",
        std::iter::once(standing(status)).chain(status.incomplete.then(|| may_differ.to_owned())),
    );
    page.section("law", law(status));
    page.section("missing", status.law.missing.iter().map(missing));
    page.section("forbidden", status.law.prohibitions.iter().map(prohibition));
    page.section("decisions", decisions(status));
    page.section("deadline", status.law.deadlines.iter().map(deadline));
    page.section("digest", status.digest.iter().map(ToString::to_string));
    let told = status.conditions.iter();
    page.section(
        "Bund says",
        told.map(|one| format!("{}={} ({}): {}", one.kind, one.status, one.reason, one.message)),
    );
    let not_known = (!status.not_known.is_empty()).then(|| told_not_known(&status.origin, &status.not_known));
    page.section("not known", not_known);
    page.section("unreadable", status.unreadable.iter().cloned());
    page.0
}

/// Lines with a word before the first.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        writeln!(self.0, "{}", visible(line)).unwrap_or_default();
    }

    fn section(&mut self, word: &str, lines: impl IntoIterator<Item = String>) {
        for (index, line) in lines.into_iter().enumerate() {
            let word = if index == 0 { word } else { "" };
            self.line(&format!("{word:<COLUMN$}{line}"));
        }
    }
}

fn head(status: &Status) -> String {
    let Status { namespace, name, origin, .. } = status;
    let cluster = match origin {
        Origin::Cluster { context } => format!(", in cluster {context}"),
        Origin::Files { .. } => String::new(),
    };
    let supersedes =
        status.supersedes.as_ref().map(|other| format!(", takes the place of {other}")).unwrap_or_default();
    format!("CrossBorderTransfer {namespace}/{name}{cluster}{supersedes}")
}

fn flow(status: &Status) -> String {
    let classes: Vec<_> = status.data_classes.iter().map(ToString::to_string).collect();
    let sources: Vec<_> =
        status.sources.iter().map(|source| format!("{} {}", source.kind, source.name)).collect();
    let places: Vec<_> = status.destinations.iter().map(place).collect();
    format!("{} of {} to {}", classes.join(", "), sources.join(", "), places.join(", "))
}

fn persons(persons: Persons) -> String {
    let Persons { ordinary, sensitive, under_14 } = persons;
    format!("{ordinary} ordinary, {sensitive} sensitive, {under_14} under 14, in a calendar year")
}

fn asked_by(status: &Status) -> String {
    let created = match &status.created_by {
        Some(creator) => {
            let uid = creator.uid.as_ref().map(|uid| format!(", uid {uid}")).unwrap_or_default();
            format!("created by {}{uid}", creator.username)
        }
        None => "nobody was stamped as its creator, so no approval counts".to_owned(),
    };
    format!("{}; {created}", status.requested_by)
}

fn standing(status: &Status) -> String {
    let state = match status.standing.state {
        State::Closed => "closed: it was not opened",
        State::Ready => "ready: it opens when that is on record",
        State::Active => "active: it is in effect",
        State::Suspended => "suspended: it is not in effect, and may come back",
        State::Expired => "expired: its time is over",
        State::Revoked => "revoked: it does not come back",
        State::Superseded => "superseded: another took its place",
    };
    let until = status.standing.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let why = status.standing.why.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    format!("{state}{until}{why}")
}

fn law(status: &Status) -> Vec<String> {
    let law = &status.law;
    let route = match (&law.route, &law.route_unknown) {
        (Some(route), _) => format!("asks for {route:?}"),
        (None, Some(why)) => format!("the route is not known: {why}"),
        (None, None) => "the route is not known".to_owned(),
    };
    let mechanism = (!law.mechanism.is_empty()).then(|| {
        let word = if law.route_satisfied { "satisfied" } else { "not satisfied" };
        format!("{word}: {}", law.mechanism)
    });
    let mut lines = vec![route];
    lines.extend(mechanism);
    lines.push(format!("the data may leave from {} until {}", law.begins, law.ends));
    lines
}

fn missing(missing: &Missing) -> String {
    let Missing { field, remedy, control, citation } = missing;
    format!("{field}: {remedy} ({control}, {citation})")
}

fn prohibition(prohibition: &Prohibition) -> String {
    let Prohibition { field, why, control, citation } = prohibition;
    format!("{field}: {why} ({control}, {citation})")
}

fn deadline(deadline: &Deadline) -> String {
    let Deadline { at, warn_from: _, what, citation } = deadline;
    format!("{at}: {what} ({citation})")
}

fn decisions(status: &Status) -> Vec<String> {
    let approvals = &status.approvals;
    let wanting =
        if approvals.wanting.is_empty() { String::new() } else { format!("; {}", approvals.wanting) };
    let mut lines = vec![format!("{} of {} approvals{wanting}", approvals.counted, approvals.needed)];
    lines.extend(status.decisions.iter().map(decided));
    lines
}

fn decided(decided: &Decided) -> String {
    let what = match decided.decision {
        TransferDecision::Approved => "approved",
        TransferDecision::Rejected => "rejected",
        TransferDecision::Revoked => "revoked",
    };
    let by = decided.by.as_ref().map_or_else(|| "nobody that was stamped".to_owned(), person);
    let at = decided.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let reason = decided.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let counts = match &decided.why {
        Some(why) => format!("; it does not count: {why}"),
        None => String::new(),
    };
    format!("{what} by {by}{at}{reason}{counts} [{}]", decided.name)
}

/// Who somebody is, as the API server knew them.
pub fn person(person: &Approver) -> String {
    let Approver { username, uid, groups, credential } = person;
    let mut told = Vec::new();
    told.extend(uid.as_ref().map(|uid| format!("uid {uid}")));
    if !groups.is_empty() {
        let more = groups.len().saturating_sub(GROUPS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let first: Vec<_> = groups.iter().take(GROUPS).map(String::as_str).collect();
        told.push(format!("groups {}{more}", first.join(", ")));
    }
    told.push(match credential {
        Some(credential) => format!("credential {credential}"),
        None => NO_CREDENTIAL.to_owned(),
    });
    format!("{username} ({})", told.join("; "))
}
