//! Which statuses are to be written. (pure)

use std::collections::BTreeMap;

use bund_engine::Timestamp;
use bund_engine::snapshot::Glass;
use serde_json::Value;

use super::status::{COUNTED, status};
use crate::audit::Audited;
use crate::index::{OwnObject, View};
use crate::own_status::OwnStatus;

/// A status to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The status, and of which object it is.
    pub own: OwnStatus,
    /// The object's resource version as it was known.
    pub seen: Box<str>,
}

/// Kind, namespace if there is one, and name.
type StatusKey = (&'static str, Option<Box<str>>, Box<str>);

/// Statuses that were written and that the watch has not shown yet.
#[derive(Clone, Debug, Default)]
pub struct Unseen(BTreeMap<StatusKey, Write>);

impl Unseen {
    /// Remembers what was written.
    pub fn written(&mut self, write: Write) {
        let OwnStatus { kind, namespace, name, status: _ } = &write.own;
        self.0.insert((kind, namespace.clone(), name.clone()), write);
    }

    /// What is stored of an object, as far as can be known: what was written last, while the watch still shows
    /// the object as it was before.
    pub(crate) fn stored(
        &mut self,
        kind: &'static str,
        namespace: Option<&str>,
        name: &str,
        shown: &OwnObject,
    ) -> OwnObject {
        let key = (kind, namespace.map(Box::from), Box::from(name));
        match self.0.get(&key) {
            Some(write) if write.seen == shown.resource_version => {
                OwnObject { status: write.own.status.clone(), ..shown.clone() }
            }
            Some(_) => {
                self.0.remove(&key);
                shown.clone()
            }
            None => shown.clone(),
        }
    }
}

/// Whether what is stored holds what is wanted, in the conditions and in these members. Conditions of other types belong to
/// others.
pub(crate) fn holds<'m>(
    stored: &Value,
    wanted: &Value,
    members: impl IntoIterator<Item = &'m &'static str>,
) -> bool {
    let conditions =
        |status: &Value| status.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let there = conditions(stored);
    conditions(wanted).iter().all(|condition| there.contains(condition))
        && members.into_iter().all(|member| stored.get(member) == wanted.get(member))
}

/// What one pass over the facts leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// Every status that differs from what is stored.
    pub writes: Vec<Write>,
    /// Every broken glass that is in effect.
    pub broken: Vec<Glass>,
}

impl Planned {
    /// When statuses change by themselves: when the next glass ends.
    pub fn next(&self) -> Option<Timestamp> {
        self.broken.iter().filter_map(|glass| glass.until).min()
    }
}

/// Plans the statuses. `unseen` forgets what the view shows by now.
pub fn plan(view: &View, audited: &Audited, unseen: &mut Unseen, now: Timestamp) -> Planned {
    let broken = view.snapshot.world().glasses().filter(|glass| glass.is_active(now));
    let mut planned = Planned { broken: broken.cloned().collect(), ..Planned::default() };
    for (kind, name, shown) in view.own_objects() {
        let stored = unseen.stored(kind.as_str(), None, name, shown);
        let status = status(kind, name, &stored, view, audited, now);
        if !holds(&stored.status, &status, ["nodes", "until"].iter().chain(&COUNTED)) {
            let own = OwnStatus::cluster_scoped(kind, name, status);
            planned.writes.push(Write { own, seen: shown.resource_version.clone() });
        }
    }
    planned
}

#[cfg(test)]
mod tests {
    use bund_crds::GROUP;
    use serde_json::json;

    use super::*;
    use crate::index::Change;

    fn view(resource_version: &str, status: &Value) -> View {
        let mut view = View::default();
        let class = json!({"apiVersion": "bund.dev/v1alpha1", "kind": "DataClass",
            "metadata": {"name": "pi", "generation": 1, "resourceVersion": resource_version},
            "spec": {"category": "PersonalInformation"}, "status": status});
        let kind = crate::index::WatchedKind::of(GROUP, "DataClass").unwrap();
        view.apply(&Change::Observed(kind, class));
        view
    }

    #[test]
    fn a_second_pass_plans_nothing() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut unseen = Unseen::default();
        let before = view("1", &Value::Null);
        let mut writes = plan(&before, &Audited::default(), &mut unseen, at(0)).writes;
        assert_eq!(writes.len(), 1);
        let write = writes.remove(0);
        unseen.written(write.clone());
        assert_eq!(
            plan(&before, &Audited::default(), &mut unseen, at(9)).writes,
            [],
            "before the watch has shown what was written"
        );
        assert_eq!(
            plan(&view("2", &write.own.status), &Audited::default(), &mut unseen, at(9)).writes,
            [],
            "after it has"
        );
    }

    #[test]
    fn what_others_write_into_a_status_stays_and_what_they_overwrite_is_put_right() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut unseen = Unseen::default();
        let status = plan(&view("1", &Value::Null), &Audited::default(), &mut unseen, at(0))
            .writes
            .remove(0)
            .own
            .status;
        let mut more = status.clone();
        more["conditions"].as_array_mut().unwrap().push(json!({"type": "Reviewed", "status": "True"}));
        assert_eq!(plan(&view("2", &more), &Audited::default(), &mut unseen, at(9)).writes, []);
        let mut wrong = status;
        wrong["conditions"][0]["status"] = "False".into();
        assert_eq!(plan(&view("3", &wrong), &Audited::default(), &mut unseen, at(9)).writes.len(), 1);
    }
}
