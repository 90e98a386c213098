//! What a watch shows of our reports: not the reports, but enough to see that one is as it should be. (pure)

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::api::Scope;

/// A report among all of one API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReportKey {
    /// Its namespace; empty for what lies in none.
    pub(super) namespace: Box<str>,
    /// Its name.
    pub(super) name: Box<str>,
}

/// Everything that a report says, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

/// A report as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredReport {
    pub(super) uid: Box<str>,
    pub(super) resource_version: Box<str>,
    pub(super) digest: Digest,
    /// Somebody has asked for its deletion.
    pub(super) going: bool,
}

/// The reports that are stored.
#[derive(Debug, Default)]
pub(super) struct Stored {
    reports: BTreeMap<ReportKey, StoredReport>,
    /// What the lists that are being read have shown so far.
    listing: [BTreeMap<ReportKey, StoredReport>; 2],
    /// Which scopes were listed.
    listed: [bool; 2],
}

impl Digest {
    /// The digest of a report. What the API server writes into it counts for nothing; what anybody else does counts.
    pub(super) fn of(report: &Value) -> Self {
        let mut said = Map::new();
        let members = report.as_object().into_iter().flatten();
        let own = members.filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        said.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        for key in ["labels", "annotations", "ownerReferences"] {
            let value = report.get("metadata").and_then(|metadata| metadata.get(key));
            said.insert(format!("metadata.{key}"), value.cloned().unwrap_or_default());
        }
        said.retain(|_, value| *value != Value::Null && *value != json!({}) && *value != json!([]));
        Self(
            sha2::Digest::finalize(<Sha256 as sha2::Digest>::new_with_prefix(
                Value::Object(said).to_string(),
            ))
            .into(),
        )
    }
}

impl StoredReport {
    /// A report as the API server gives it, with its key.
    pub(super) fn read(report: &DynamicObject) -> (ReportKey, Self) {
        let metadata = &report.metadata;
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        let key = ReportKey { namespace: text(&metadata.namespace), name: text(&metadata.name) };
        // A report always can be written as JSON: it came as such.
        let digest = Digest::of(&serde_json::to_value(report).unwrap_or_default());
        let stored = Self {
            uid: text(&metadata.uid),
            resource_version: text(&metadata.resource_version),
            digest,
            going: metadata.deletion_timestamp.is_some(),
        };
        (key, stored)
    }
}

impl Stored {
    /// Whether everything was listed that is there.
    pub(super) fn is_listed(&self) -> bool {
        self.listed == [true; 2]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.reports.len()
    }

    /// Every report, in order of namespace and name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ReportKey, &StoredReport)> {
        self.reports.iter()
    }

    /// The report of this key.
    pub(super) fn get(&self, key: &ReportKey) -> Option<&StoredReport> {
        self.reports.get(key)
    }

    /// A report is as given, because we were told so.
    pub(super) fn insert(&mut self, key: ReportKey, report: StoredReport) {
        self.reports.insert(key, report);
    }

    /// A report is not there.
    pub(super) fn remove(&mut self, key: &ReportKey) {
        self.reports.remove(key);
    }

    /// Takes in what the watch of a scope shows.
    pub(super) fn take(&mut self, scope: Scope, event: &Event<DynamicObject>) {
        let [namespaced, cluster] = &mut self.listing;
        let listing = match scope {
            Scope::Namespace => namespaced,
            Scope::Cluster => cluster,
        };
        match event {
            Event::Init => listing.clear(),
            Event::InitApply(report) => listing.extend([StoredReport::read(report)]),
            Event::InitDone => {
                self.reports.retain(|key, _| Scope::of(&key.namespace) != scope);
                self.reports.append(listing);
                let [namespaced, cluster] = &mut self.listed;
                match scope {
                    Scope::Namespace => *namespaced = true,
                    Scope::Cluster => *cluster = true,
                }
            }
            Event::Apply(report) => self.reports.extend([StoredReport::read(report)]),
            Event::Delete(report) => {
                self.reports.remove(&StoredReport::read(report).0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, more: &Value) -> DynamicObject {
        let mut report = json!({"apiVersion": "openreports.io/v1alpha1", "kind": "Report",
            "metadata": {"name": name, "namespace": "shop", "uid": "u", "resourceVersion": "1"}});
        for (key, value) in more.as_object().unwrap() {
            report[key] = value.clone();
        }
        serde_json::from_value(report).unwrap()
    }

    fn names(stored: &Stored) -> Vec<&str> {
        stored.iter().map(|(key, _)| key.name.as_ref()).collect()
    }

    #[test]
    fn what_anybody_else_writes_changes_the_digest_and_what_the_api_server_writes_does_not() {
        let wanted = json!({"apiVersion": "a", "kind": "Report", "metadata": {"name": "r", "labels": {"a": "b"}}, "summary": {"fail": 1}});
        let with = |pointer: &str, key: &str, value: Value| {
            let mut changed = wanted.clone();
            changed.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
            Digest::of(&changed)
        };
        let digest = Digest::of(&wanted);
        for (key, value) in [
            ("uid", json!("u")),
            ("resourceVersion", json!("7")),
            ("managedFields", json!([{}])),
            ("annotations", json!({})),
        ] {
            assert_eq!(with("/metadata", key, value), digest, "{key}");
        }
        assert_ne!(with("/metadata", "ownerReferences", json!([{"name": "x"}])), digest);
        assert_ne!(with("/metadata", "annotations", json!({"note": "fine"})), digest);
        assert_ne!(with("/metadata/labels", "more", json!("x")), digest);
        assert_ne!(with("", "results", json!([{"policy": "p"}])), digest);
        assert_ne!(with("/summary", "pass", json!(1)), digest);
    }

    #[test]
    fn a_list_replaces_what_its_scope_showed_before() {
        let mut stored = Stored::default();
        for scope in Scope::ALL {
            assert!(!stored.is_listed());
            stored.take(scope, &Event::Init);
            stored.take(scope, &Event::InitDone);
        }
        assert!(stored.is_listed());
        let empty = json!({});
        stored.take(Scope::Namespace, &Event::Apply(report("a", &empty)));
        stored.take(Scope::Namespace, &Event::Apply(report("b", &empty)));
        stored.take(Scope::Namespace, &Event::Init);
        stored.take(Scope::Namespace, &Event::InitApply(report("c", &empty)));
        assert_eq!(names(&stored), ["a", "b"], "until the list is whole");
        stored.take(Scope::Cluster, &Event::Init);
        stored.take(Scope::Cluster, &Event::InitDone);
        assert_eq!(names(&stored), ["a", "b"], "a list of the other scope says nothing of it");
        stored.take(Scope::Namespace, &Event::InitDone);
        assert_eq!(names(&stored), ["c"]);
        stored.take(Scope::Namespace, &Event::Delete(report("c", &empty)));
        assert_eq!(names(&stored), [""; 0]);
    }
}
