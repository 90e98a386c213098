//! Which stamps are to be written now. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bund_crds::labels::DATA_CLASS_PREFIX;
use bund_engine::HeldClass;
use bund_engine::snapshot::CarrierId;
use bund_engine::stamp::Stamp;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::backoff::backoff;
use crate::index::{View, WatchedKind};

/// The longest rest after a failure.
const LONGEST_REST: Duration = Duration::from_secs(32);

/// A stamp to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The stamp.
    pub stamp: Stamp,
    /// The kind of its carrier.
    pub kind: &'static WatchedKind,
    /// The carrier's uid: another object of its name is not meant.
    pub uid: Box<str>,
    /// The carrier's resource version as it was known.
    pub seen: Box<str>,
}

impl Write {
    /// What is applied. With the uid the API server refuses to make an object that is not there.
    pub fn body(&self) -> Value {
        let Stamp { carrier, classes } = &self.stamp;
        let keys = || classes.iter().map(|(class, how)| (format!("{DATA_CLASS_PREFIX}{class}"), how));
        let labels: Map<_, _> = keys().map(|(key, _)| (key, "".into())).collect();
        let annotations: Map<_, _> = keys().map(|(key, how)| (key, how.as_str().into())).collect();
        let mut metadata =
            json!({ "name": carrier.name, "uid": self.uid, "labels": labels, "annotations": annotations });
        if let (Some(namespace), Some(members)) = (&carrier.namespace, metadata.as_object_mut()) {
            members.insert("namespace".to_owned(), namespace.as_ref().into());
        }
        json!({ "apiVersion": self.kind.api_version(), "kind": self.kind.kind, "metadata": metadata })
    }

    /// Its classes, for people.
    pub fn classes(&self) -> String {
        self.stamp.classes.keys().map(HeldClass::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// What one pass leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// Every stamp to be written now.
    pub writes: Vec<Write>,
    /// When something that failed is to be tried again.
    pub next: Option<Instant>,
    /// How long it took to find out.
    pub took: Duration,
}

/// What was tried for carriers that still seem to lack a stamp.
#[derive(Clone, Debug, Default)]
pub struct Attempts(BTreeMap<CarrierId, Attempt>);

#[derive(Clone, Debug)]
enum Attempt {
    /// It was written, and the watch has not shown it yet.
    Written(Write),
    /// It failed so many times in a row, and rests until this moment.
    Failed { times: u32, until: Instant },
}

impl Attempts {
    /// Remembers what was written.
    pub fn written(&mut self, write: Write) {
        self.0.insert(write.stamp.carrier.clone(), Attempt::Written(write));
    }

    /// Remembers what could not be written.
    pub fn failed(&mut self, write: Write, now: Instant) {
        let carrier = write.stamp.carrier;
        let before = match self.0.get(&carrier) {
            Some(Attempt::Failed { times, .. }) => *times,
            Some(Attempt::Written(_)) | None => 0,
        };
        let times = before.saturating_add(1);
        self.0.insert(carrier, Attempt::Failed { times, until: now + backoff(times, LONGEST_REST) });
    }
}

/// Plans the writes for `stamps`. `attempts` forgets what the view shows by now.
pub fn plan(view: &View, stamps: Vec<Stamp>, attempts: &mut Attempts, now: Instant) -> Planned {
    let lacking: BTreeSet<&CarrierId> = stamps.iter().map(|stamp| &stamp.carrier).collect();
    attempts.0.retain(|carrier, _| lacking.contains(carrier));
    let mut planned = Planned::default();
    for mut stamp in stamps {
        // Without its uid an object could be made that nobody made.
        let Some((kind, record)) =
            view.carrier_record(&stamp.carrier).filter(|(_, record)| !record.uid.is_empty())
        else {
            continue;
        };
        keep_words(&mut stamp, &record.uid, attempts);
        match attempts.0.get(&stamp.carrier) {
            Some(Attempt::Written(write))
                if write.seen == record.resource_version && write.stamp.classes == stamp.classes => {}
            Some(Attempt::Failed { until, .. }) if *until > now => {
                planned.next = Some(planned.next.map_or(*until, |next| next.min(*until)));
            }
            _ => planned.writes.push(Write {
                stamp,
                kind,
                uid: record.uid.clone(),
                seen: record.resource_version.clone(),
            }),
        }
    }
    planned
}

/// Tells how each class came there as it was told when it was first written: as more is known the words may change, and that
/// is no reason to write again.
fn keep_words(stamp: &mut Stamp, uid: &str, attempts: &Attempts) {
    let Some(Attempt::Written(before)) = attempts.0.get(&stamp.carrier) else { return };
    if before.uid.as_ref() != uid {
        return;
    }
    for (class, how) in &mut stamp.classes {
        if let Some(told) = before.stamp.classes.get(class) {
            how.clone_from(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use bund_engine::snapshot::CarrierKind;

    use super::*;
    use crate::index::Change;

    fn view(uid: &str, resource_version: &str) -> View {
        let mut view = View::default();
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata":
            {"name": "data", "namespace": "shop", "uid": uid, "resourceVersion": resource_version}});
        let kind = WatchedKind::of("", "PersistentVolumeClaim").unwrap();
        view.apply(&Change::Observed(kind, claim));
        view
    }

    fn stamp(classes: &[&str]) -> Stamp {
        let classes =
            classes.iter().map(|class| (HeldClass::from(*class), "written by Pod shop/a".to_owned()));
        let carrier = CarrierId {
            kind: CarrierKind::PersistentVolumeClaim,
            namespace: Some("shop".into()),
            name: "data".into(),
        };
        Stamp { carrier, classes: classes.collect() }
    }

    fn writes(view: &View, classes: &[&str], attempts: &mut Attempts, now: Instant) -> Vec<Write> {
        plan(view, vec![stamp(classes)], attempts, now).writes
    }

    #[test]
    fn only_labels_and_annotations_of_the_very_object_are_applied() {
        let write = writes(&view("u-1", "7"), &["pi"], &mut Attempts::default(), Instant::now()).remove(0);
        let expected = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "shop", "uid": "u-1",
                "labels": {"data-class.bund.dev/pi": ""},
                "annotations": {"data-class.bund.dev/pi": "written by Pod shop/a"}}
        });
        assert_eq!(write.body(), expected);
    }

    #[test]
    fn a_second_pass_plans_nothing() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let before = view("u-1", "7");
        let write = writes(&before, &["pi"], &mut attempts, now).remove(0);
        attempts.written(write);
        assert_eq!(
            writes(&before, &["pi"], &mut attempts, now),
            [],
            "before the watch has shown what was written"
        );
        let mut told_anew = stamp(&["pi"]);
        told_anew.classes.values_mut().for_each(|how| how.push_str(", by another way"));
        assert_eq!(
            plan(&before, vec![told_anew], &mut attempts, now).writes,
            [],
            "what was written is told in other words"
        );
        assert_eq!(writes(&before, &["pi", "b"], &mut attempts, now).len(), 1, "another class came");
        assert_eq!(
            writes(&view("u-1", "8"), &["pi"], &mut attempts, now).len(),
            1,
            "it was taken away again"
        );
        let after = plan(&view("u-1", "8"), Vec::new(), &mut attempts, now);
        assert_eq!((after.writes, attempts.0.len()), (Vec::new(), 0), "after it has");
    }

    #[test]
    fn what_fails_rests_longer_each_time() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let view = view("u-1", "7");
        let mut now = start;
        let mut rests = Vec::new();
        for _ in 0..9 {
            let write = writes(&view, &["pi"], &mut attempts, now).remove(0);
            attempts.failed(write, now);
            let planned = plan(&view, vec![stamp(&["pi"])], &mut attempts, now);
            assert_eq!(planned.writes, []);
            let next = planned.next.unwrap();
            rests.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(rests, [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 32000]);
    }

    #[test]
    fn nothing_is_written_to_what_is_not_known_by_its_uid() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        assert_eq!(writes(&View::default(), &["pi"], &mut attempts, now), []);
        assert_eq!(writes(&view("", "7"), &["pi"], &mut attempts, now), []);
    }
}
