//! What happened to glass and is not on record. (pure)

use bund_crds::ledger_event::RecordedObject;
use bund_crds::{EventType, GROUP, LedgerEventSpec, Moment, NamespaceName, Uid};
use bund_engine::snapshot::{Glass, OwnKind};
use bund_engine::transfer::{Absent, Due};
use bund_engine::{ObjectId, Timestamp};
use serde_json::Value;

use crate::index::View;

/// The longest reason that is recorded, in characters.
const WHY_LIMIT: usize = 1024;
/// What the names of events begin with a uid and end with.
const BROKEN: &str = ".broken";
const WHOLE: &str = ".whole";

/// What is to be recorded, and when something ends by itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Planned {
    pub(super) due: Vec<Due>,
    pub(super) wake: Option<Timestamp>,
}

/// Plans a pass at `now`.
pub(super) fn plan(view: &View, now: Timestamp) -> Planned {
    let mut planned = Planned::default();
    let mut there = Vec::new();
    for (_, name, own) in view.own_objects().filter(|(kind, ..)| *kind == OwnKind::BreakGlass) {
        let uid = own.object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        there.push(uid);
        let glass = view.snapshot.world().glasses().find(|glass| *glass.name == *name);
        // What no API server has made lets nothing through, nor does what cannot be read.
        if let Some((glass, until)) = glass.and_then(|glass| Some((glass, glass.until?)))
            && !uid.is_empty()
        {
            planned.take(view, uid, glass, until, now);
        }
    }
    for event in view.snapshot.transfers().events() {
        let broken = event.spec.object.as_ref().filter(|_| event.spec.event == EventType::GlassBroken);
        let uid = event.name.strip_suffix(BROKEN);
        if let (Some(object), Some(uid)) = (broken, uid)
            && !there.contains(&uid)
            && !is_recorded(view, uid, WHOLE)
        {
            planned.due.extend(gone(uid, object, now));
        }
    }
    planned
}

impl Planned {
    /// Takes in glass that is there.
    fn take(&mut self, view: &View, uid: &str, glass: &Glass, until: Timestamp, now: Timestamp) {
        if !is_recorded(view, uid, BROKEN) {
            let why = format!(
                "{} broke glass {} until {until}: {}",
                glass.requested_by,
                place(glass),
                glass.reason
            );
            self.due.push(due(uid, BROKEN, EventType::GlassBroken, &why, object(glass), now));
        }
        if now < until {
            self.wake = self.wake.into_iter().chain([until]).min();
        } else if !is_recorded(view, uid, WHOLE) {
            let why = format!("its time was over at {until}");
            self.due.push(due(uid, WHOLE, EventType::GlassWhole, &why, object(glass), now));
        }
    }
}

/// That glass is gone, once the API server says so too.
fn gone(uid: &str, object: &RecordedObject, now: Timestamp) -> Option<Due> {
    let (group, kind) = (GROUP.into(), OwnKind::BreakGlass.as_str().into());
    let id = ObjectId { group, kind, namespace: None, name: object.name.as_str().into() };
    let absent = Absent { id, uid: uid.parse::<Uid>().ok()? };
    let due = due(uid, WHOLE, EventType::GlassWhole, "it was deleted", object.clone(), now);
    Some(Due { absent: Some(absent), ..due })
}

fn due(uid: &str, suffix: &str, event: EventType, why: &str, object: RecordedObject, now: Timestamp) -> Due {
    let spec = LedgerEventSpec {
        event,
        observed_at: Moment::of(now),
        why: why.chars().take(WHY_LIMIT).collect(),
        transfer: None,
        decision: None,
        object: Some(object),
        data_classes: Vec::new(),
    };
    Due { name: format!("{}{suffix}", uid.to_ascii_lowercase()).into(), spec, absent: None }
}

fn object(glass: &Glass) -> RecordedObject {
    RecordedObject {
        kind: OwnKind::BreakGlass.as_str().to_owned(),
        namespace: None,
        name: glass.name.to_string(),
        by: Some(glass.requested_by.to_string()),
    }
}

fn place(glass: &Glass) -> String {
    if glass.namespaces.is_empty() {
        return "everywhere".to_owned();
    }
    let names: Vec<_> = glass.namespaces.iter().map(NamespaceName::as_str).collect();
    format!("in {}", names.join(", "))
}

fn is_recorded(view: &View, uid: &str, suffix: &str) -> bool {
    view.snapshot.transfers().event(&format!("{}{suffix}", uid.to_ascii_lowercase())).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::index::{Change, ObjectKey, WatchedKind};
    use crate::transfer::testing::{observed, view};

    fn at(minute: i64) -> Timestamp {
        "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minute)
    }

    fn glass() -> Value {
        json!({"apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass",
            "metadata": {"name": "till-down", "uid": "u-1", "generation": 1, "resourceVersion": "7",
                "creationTimestamp": "2026-06-01T00:00:00Z"},
            "spec": {"reason": "the tills are down", "requestedBy": "han.meimei@example.cn", "namespaces": ["shop"],
                "durationMinutes": 30}})
    }

    fn stored(due: &Due) -> Change {
        observed(
            json!({"apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent", "metadata": {"name": due.name},
            "spec": due.spec}),
        )
    }

    fn told(due: &[Due]) -> Vec<(&str, &str)> {
        due.iter().map(|due| (&*due.name, due.spec.why.as_str())).collect()
    }

    #[test]
    fn glass_that_is_broken_and_its_end_are_recorded_once() {
        let mut view = view([glass()]);
        let broken = plan(&view, at(1));
        let why = "han.meimei@example.cn broke glass in shop until 2026-06-01T00:30:00Z: the tills are down";
        assert_eq!(told(&broken.due), [("u-1.broken", why)]);
        assert_eq!(broken.wake, Some(at(30)));
        view.apply(&stored(&broken.due[0]));
        assert_eq!(plan(&view, at(1)), Planned { due: Vec::new(), wake: Some(at(30)) });
        let over = plan(&view, at(30));
        assert_eq!(told(&over.due), [("u-1.whole", "its time was over at 2026-06-01T00:30:00Z")]);
        assert_eq!((over.due[0].absent.as_ref(), over.wake), (None, None));
        view.apply(&stored(&over.due[0]));
        assert_eq!(plan(&view, at(31)), Planned::default());
        let name = ObjectKey { namespace: None, name: "till-down".into() };
        view.apply(&Change::Gone(WatchedKind::of(GROUP, "BreakGlass").unwrap(), name));
        assert_eq!(plan(&view, at(31)), Planned::default(), "it was whole before it was deleted");
    }

    #[test]
    fn glass_that_is_deleted_is_whole_once_the_api_server_says_that_it_is_gone() {
        let mut view = view([glass()]);
        view.apply(&stored(&plan(&view, at(1)).due[0]));
        let name = ObjectKey { namespace: None, name: "till-down".into() };
        view.apply(&Change::Gone(WatchedKind::of(GROUP, "BreakGlass").unwrap(), name));
        let whole = plan(&view, at(2)).due;
        assert_eq!(told(&whole), [("u-1.whole", "it was deleted")]);
        assert_eq!(whole[0].absent.as_ref().map(|absent| absent.uid.as_str()), Some("u-1"));
        assert_eq!(
            whole[0].spec.object.as_ref().and_then(|object| object.by.as_deref()),
            Some("han.meimei@example.cn")
        );
    }

    #[test]
    fn glass_of_which_nobody_heard_in_time_is_recorded_all_the_same() {
        let late = plan(&view([glass()]), at(40)).due;
        let names: Vec<_> = late.iter().map(|due| &*due.name).collect();
        assert_eq!(names, ["u-1.broken", "u-1.whole"]);
    }
}
