use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::json;

use super::*;
use crate::report::api::{ReportApi, Scope};
use crate::report::compose::compose;
use crate::report::stored::StoredReport;
use crate::report::testing::{finding, owner, owners};

fn wanted(names: &[&str]) -> Wanted {
    let mut wanted = Wanted::none(ReportApi::OpenReports);
    let all: Vec<_> = names.iter().map(|name| (owner(name), vec![finding("x")])).collect();
    wanted.update(&owners(&all));
    wanted
}

/// The API server has taken `write`.
fn take(stored: &mut Stored, write: &Write, resource_version: &str) {
    match &write.action {
        Action::Create(telling) | Action::Replace { telling, .. } => {
            let mut body = compose(ReportApi::OpenReports, &telling.owner, &telling.audit).body;
            body["metadata"]["uid"] = json!(format!("u-{}", write.key.name));
            body["metadata"]["resourceVersion"] = json!(resource_version);
            let report: DynamicObject = serde_json::from_value(body).unwrap();
            stored.take(Scope::Namespace, &Event::Apply(report));
        }
        Action::Delete { .. } => stored.remove(&write.key),
    }
}

fn actions(planned: &Planned) -> Vec<(&str, &'static str)> {
    let action = |write: &Write| match write.action {
        Action::Create(_) => "create",
        Action::Replace { .. } => "replace",
        Action::Delete { .. } => "delete",
    };
    planned.writes.iter().map(|write| (write.key.name.as_ref(), action(write))).collect()
}

#[test]
fn a_second_pass_plans_nothing() {
    let (wanted, mut stored, mut attempts, now) =
        (wanted(&["a", "b"]), Stored::default(), Attempts::default(), Instant::now());
    let first = plan(&wanted, &stored, &mut attempts, now);
    assert_eq!(actions(&first), [("bund-deployment-a", "create"), ("bund-deployment-b", "create")]);
    for write in &first.writes {
        attempts.tried(write, now);
        take(&mut stored, write, "1");
    }
    assert_eq!(plan(&wanted, &stored, &mut attempts, now), Planned::default());
    assert_eq!(plan(&wanted, &stored, &mut Attempts::default(), now), Planned::default(), "a new leader");
}

#[test]
fn what_others_change_is_put_right_and_what_nobody_wants_goes() {
    let (both, mut stored, mut attempts, now) =
        (wanted(&["a", "b"]), Stored::default(), Attempts::default(), Instant::now());
    for write in plan(&both, &stored, &mut attempts, now).writes {
        take(&mut stored, &write, "1");
    }
    let key = both.iter().next().unwrap().0.clone();
    let edited = StoredReport {
        digest: Digest::of(&json!({"summary": {"fail": 0}})),
        resource_version: "9".into(),
        ..stored.get(&key).unwrap().clone()
    };
    stored.insert(key, edited);
    let planned = plan(&wanted(&["a"]), &stored, &mut attempts, now);
    assert_eq!(actions(&planned), [("bund-deployment-a", "replace"), ("bund-deployment-b", "delete")]);
    let Action::Replace { resource_version, .. } = &planned.writes[0].action else {
        panic!("{:?}", planned.writes)
    };
    assert_eq!(resource_version.as_ref(), "9", "of what was seen, and of nothing newer");
}

#[test]
fn what_is_being_deleted_is_made_anew_when_it_is_gone() {
    let (wanted, mut stored, mut attempts, now) =
        (wanted(&["a"]), Stored::default(), Attempts::default(), Instant::now());
    let write = plan(&wanted, &stored, &mut attempts, now).writes.remove(0);
    take(&mut stored, &write, "1");
    let going = StoredReport { going: true, ..stored.get(&write.key).unwrap().clone() };
    stored.insert(write.key.clone(), going);
    assert_eq!(plan(&wanted, &stored, &mut attempts, now), Planned::default());
    stored.remove(&write.key);
    assert_eq!(actions(&plan(&wanted, &stored, &mut attempts, now)), [("bund-deployment-a", "create")]);
}

/// Whether the API server refuses a report or somebody deletes it again and again.
#[test]
fn the_same_write_rests_longer_each_time() {
    let (wanted, stored, mut attempts) = (wanted(&["a"]), Stored::default(), Attempts::default());
    let mut now = Instant::now();
    let mut rests = Vec::new();
    for _ in 0..9 {
        let write = plan(&wanted, &stored, &mut attempts, now).writes.remove(0);
        attempts.tried(&write, now);
        let planned = plan(&wanted, &stored, &mut attempts, now);
        assert_eq!(planned.writes, []);
        let next = planned.next.unwrap();
        rests.push((next - now).as_millis());
        now = next;
    }
    assert_eq!(rests, [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 32000]);
}

#[test]
fn what_does_not_fit_into_one_pass_comes_with_the_next() {
    let names: Vec<_> = (0..=BATCH).map(|n| format!("d{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (wanted, mut stored, mut attempts, now) =
        (wanted(&names), Stored::default(), Attempts::default(), Instant::now());
    let first = plan(&wanted, &stored, &mut attempts, now);
    assert_eq!((first.writes.len(), first.next), (BATCH, Some(now)));
    for write in &first.writes {
        take(&mut stored, write, "1");
    }
    assert_eq!(plan(&wanted, &stored, &mut attempts, now).writes.len(), 1);
}
