use bund_engine::Snapshot;
use bund_engine::snapshot::TransferFacts;
use bund_engine::transfer::{Assessment, Deadline, Refusal, Route, Tally};

use super::*;
use crate::transfer::testing::{decision, transfer};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-05-01T00:00:00Z")
}

fn facts() -> TransferFacts {
    TransferFacts::read("shop".into(), "orders".into(), &transfer("orders", "u-1")).unwrap()
}

fn approval(credential: Option<&str>) -> ApprovalFacts {
    let mut object = decision("yes", "u-1", "Approved");
    if let Some(credential) = credential {
        object["spec"]["approver"]["credential"] = credential.into();
    }
    let mut snapshot = Snapshot::default();
    snapshot.observe(&object);
    snapshot.transfers().approvals().next().unwrap().clone()
}

/// A transfer in effect, for which one of one has approved.
fn judged<'s>(transfer: &'s TransferFacts, approval: &'s ApprovalFacts) -> Judged<'s> {
    Judged {
        transfer,
        assessment: Assessment {
            route: Ok(Route::Exempt),
            route_satisfied: Ok("exempt: fewer than 100000 persons this year".to_owned()),
            missing: Vec::new(),
            prohibitions: Vec::new(),
            deadlines: Vec::new(),
            begins: transfer.spec.validity.from.0,
            ends: transfer.spec.validity.until.0,
        },
        tally: Tally {
            approvals: vec![approval],
            needed: 1,
            wanting: String::new(),
            refused: Vec::new(),
            rejected: None,
            revoked: None,
        },
        standing: Standing::Active(transfer.spec.validity.until.0),
    }
}

/// Type, status and reason of every condition.
fn conditions_of(status: &Value) -> Vec<(String, String, String)> {
    let text = |condition: &Value, member: &str| condition[member].as_str().unwrap().to_owned();
    let conditions = status["conditions"].as_array().unwrap().iter();
    conditions.map(|c| (text(c, "type"), text(c, "status"), text(c, "reason"))).collect()
}

fn message(status: &Value, kind: &str) -> String {
    let conditions = status["conditions"].as_array().unwrap();
    let condition = conditions.iter().find(|condition| condition["type"] == kind).unwrap();
    condition["message"].as_str().unwrap().to_owned()
}

fn of(judged: &Judged<'_>) -> Value {
    status(judged, &OwnObject { generation: 1, ..OwnObject::default() }, None, now())
}

fn row(kind: &str, status: &str, reason: &str) -> (String, String, String) {
    (kind.to_owned(), status.to_owned(), reason.to_owned())
}

#[test]
fn a_transfer_in_effect_says_so_with_what_is_behind_it() {
    let (facts, approval) = (facts(), approval(Some("X509SHA256=ab")));
    let status = of(&judged(&facts, &approval));
    let expected = [
        row("Ready", "True", "Understood"),
        row("Complete", "True", "Complete"),
        row("RouteSatisfied", "True", "Satisfied"),
        row("Approved", "True", "Approved"),
        row("Active", "True", "InEffect"),
        row("ExpiringSoon", "False", "NotSoon"),
        row("Expired", "False", "No"),
        row("Revoked", "False", "No"),
        row("Superseded", "False", "No"),
    ];
    assert_eq!(conditions_of(&status), expected);
    assert_eq!(message(&status, "Approved"), "1/1 approved: wang.fang@example.cn");
    assert_eq!(message(&status, "Active"), "it is in effect until 2027-01-01T00:00:00Z");
    assert_eq!(status["approvals"], "1/1");
    assert_eq!(status["route"], "Exempt");
    assert_eq!(status["digest"].as_str().map(str::len), Some(64));
    assert_eq!(status.get("missing"), None);
}

#[test]
fn impersonation_and_decisions_that_do_not_count_are_visible() {
    let (facts, approval) = (facts(), approval(None));
    let mut judged = judged(&facts, &approval);
    judged.tally.wanting = "one more of payment-approvers is needed".to_owned();
    judged.tally.needed = 2;
    let why = "li.lei@example.cn asked for the transfer and cannot approve it".to_owned();
    let field = judged
        .assessment
        .prohibitions
        .first()
        .map_or_else(bund_engine::FieldPath::default, |p| p.field.clone());
    judged.tally.refused = vec![(&approval, Refusal { field, why })];
    assert_eq!(
        message(&of(&judged), "Approved"),
        "1/2 approved: wang.fang@example.cn (no credential: made by impersonation, or the authenticator names none); one more \
         of payment-approvers is needed; TransferApproval yes does not count: li.lei@example.cn asked for the transfer and \
         cannot approve it"
    );
}

#[test]
fn what_is_missing_is_listed_and_cut() {
    let (facts, approval) = (facts(), approval(None));
    let mut judged = judged(&facts, &approval);
    judged.standing = Standing::Closed("spec.notice is missing".to_owned());
    let missing = |n: usize| Missing {
        field: bund_engine::FieldPath::default(),
        remedy: format!("write {n}"),
        control: "XFER-3",
        citation: "PIPL Art. 39",
    };
    judged.assessment.missing = (0..70).map(missing).collect();
    let status = of(&judged);
    assert_eq!(status["missing"].as_array().unwrap().len(), 64);
    assert_eq!(status["missing"][0]["remedy"], "write 0 (XFER-3, PIPL Art. 39)");
    assert!(message(&status, "Complete").ends_with("write 4 (PIPL Art. 39); and 65 more"));
    assert_eq!(message(&status, "Active"), "spec.notice is missing");
}

#[test]
fn what_waits_for_the_record_says_why_it_waits() {
    let (facts, approval) = (facts(), approval(None));
    let judged = Judged { standing: Standing::Ready, ..judged(&facts, &approval) };
    let reason = |failing| {
        let status = status(&judged, &OwnObject::default(), failing, now());
        conditions_of(&status)[4].clone()
    };
    assert_eq!(reason(None), row("Active", "False", "NotRecorded"));
    assert_eq!(reason(Some("forbidden")), row("Active", "False", "RecordFails"));
}

#[test]
fn an_end_shows_in_its_own_condition_and_no_deadline_after_it() {
    let (facts, approval) = (facts(), approval(None));
    for (end, number) in [(End::Expired, 6), (End::Revoked, 7), (End::Superseded, 8)] {
        let mut judged =
            Judged { standing: Standing::Ended(end, "it ended".to_owned()), ..judged(&facts, &approval) };
        judged.assessment.deadlines = vec![deadline()];
        let rows = conditions_of(&of(&judged));
        let held: Vec<_> = (4..9).filter(|row| rows[*row].1 == "True").collect();
        assert_eq!(held, [number], "{end:?}");
    }
}

fn deadline() -> Deadline {
    Deadline {
        at: at("2026-05-03T16:00:00Z"),
        warn_from: at("2026-04-30T16:00:00Z"),
        what: "file the standard contract".to_owned(),
        citation: "O13 Art. 7",
    }
}

#[test]
fn it_expires_soon_thirty_days_before_and_a_deadline_warns_before_that() {
    let (facts, approval) = (facts(), approval(None));
    let mut judged = judged(&facts, &approval);
    judged.assessment.deadlines = vec![deadline()];
    assert_eq!(
        message(&of(&judged), "ExpiringSoon"),
        "file the standard contract by 2026-05-03T16:00:00Z (O13 Art. 7)"
    );
    assert_eq!(
        judged.moments().collect::<Vec<_>>(),
        [
            "2026-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
            "2026-12-02T00:00:00Z",
            "2026-04-30T16:00:00Z",
            "2026-05-03T16:00:00Z"
        ]
        .map(at)
    );
    judged.assessment.deadlines.clear();
    judged.assessment.ends = at("2026-05-31T00:00:00Z");
    assert_eq!(
        message(&of(&judged), "ExpiringSoon"),
        "it ends at 2026-05-31T00:00:00Z; create another one that supersedes it"
    );
}
