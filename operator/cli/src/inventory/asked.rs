//! What a user asks about, spelled as kubectl takes it: `deploy/web`, `deployments.apps/web`, `Deployment/web`.

use std::str::FromStr;

use serde_json::Value;

use super::{GroupKind, Inventory, Task, kinds::ListedKind, name_of, text};
use crate::check::is_cluster_scoped;

/// A kind, as a user spelled it, and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The kind, its plural or its short name.
    pub kind: String,
    /// The group, where it is given.
    pub group: Option<String>,
    /// The name of the object.
    pub name: String,
}

/// A kind with the name by which its objects are addressed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Called {
    /// The kind.
    pub kind: GroupKind,
    /// Its plural.
    pub plural: String,
}

/// Why it is not known what is asked about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskedError {
    /// It is not of the form.
    #[error("`{0}` is not KIND/NAME, such as `deployment/web`")]
    Form(String),
    /// No kind is called so.
    #[error("no kind is called `{0}` here; `kubectl api-resources` lists the kinds of a cluster")]
    UnknownKind(String),
    /// More than one kind is called so.
    #[error("more than one kind is called so; write one of {}", .0.join(", "))]
    AmbiguousKind(Vec<String>),
    /// There is none of this name.
    #[error("{0} is not there; look at its name and namespace")]
    NotFound(String),
    /// There is one of this name elsewhere.
    #[error("{what} is not there, but in namespace {}; write `-n`", .elsewhere.join(", "))]
    Elsewhere {
        /// What was looked for.
        what: String,
        /// Namespaces in which there is one.
        elsewhere: Vec<String>,
    },
}

/// Short names of kinds of Kubernetes and of ours, as the API server knows them.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("bg", "BreakGlass"),
    ("cbt", "CrossBorderTransfer"),
    ("cloc", "ClusterLocation"),
    ("cm", "ConfigMap"),
    ("cj", "CronJob"),
    ("dc", "DataClass"),
    ("deploy", "Deployment"),
    ("dmap", "DestinationMapping"),
    ("ds", "DaemonSet"),
    ("exp", "Exporter"),
    ("jur", "Jurisdiction"),
    ("ldg", "Ledger"),
    ("le", "LedgerEvent"),
    ("no", "Node"),
    ("ns", "Namespace"),
    ("po", "Pod"),
    ("pv", "PersistentVolume"),
    ("pvc", "PersistentVolumeClaim"),
    ("rc", "ReplicationController"),
    ("rpol", "ResidencyPolicy"),
    ("rs", "ReplicaSet"),
    ("sa", "ServiceAccount"),
    ("sc", "StorageClass"),
    ("sts", "StatefulSet"),
    ("tap", "TransferApproval"),
    ("vac", "VolumeAttributesClass"),
    ("vs", "VolumeSnapshot"),
    ("vsc", "VolumeSnapshotContent"),
    ("vsclass", "VolumeSnapshotClass"),
];

impl FromStr for Asked {
    type Err = AskedError;

    fn from_str(text: &str) -> Result<Self, AskedError> {
        let form = || AskedError::Form(text.to_owned());
        let (kind, name) = text.split_once('/').ok_or_else(form)?;
        if kind.is_empty() || name.is_empty() || name.contains('/') {
            return Err(form());
        }
        let (kind, group) = kind.split_once('.').map_or((kind, None), |(kind, group)| (kind, Some(group)));
        if kind.is_empty() || group == Some("") {
            return Err(form());
        }
        Ok(Self {
            kind: kind.to_owned(),
            group: group.map(|group| without_version(group).to_owned()),
            name: name.to_owned(),
        })
    }
}

/// `v1.apps` names the group `apps`, and `v1` the core group.
fn without_version(group: &str) -> &str {
    let (first, rest) = group.split_once('.').unwrap_or((group, ""));
    let mut letters = first.chars();
    let is_version =
        letters.next() == Some('v') && letters.next().is_some_and(|digit| digit.is_ascii_digit());
    if is_version { rest } else { group }
}

impl Asked {
    /// The one kind of `kinds` that is meant. Where several are, the one on which decisions rest.
    pub fn choose(&self, kinds: impl IntoIterator<Item = Called>) -> Result<Called, AskedError> {
        let mut meant: Vec<_> = kinds.into_iter().filter(|called| self.means(called)).collect();
        meant.sort();
        meant.dedup();
        if meant.len() > 1 {
            let listed = |listed: &ListedKind, called: &Called| {
                (listed.group, listed.kind) == (called.kind.group.as_str(), called.kind.kind.as_str())
            };
            let rested_on: Vec<_> = meant
                .iter()
                .filter(|called| Task::Why.kinds().any(|one| listed(one, called)))
                .cloned()
                .collect();
            if rested_on.len() == 1 {
                meant = rested_on;
            }
        }
        match meant.as_slice() {
            [] => Err(AskedError::UnknownKind(self.spelled())),
            [one] => Ok(one.clone()),
            several => {
                let spelled = several.iter().map(|called| {
                    let dot = if called.kind.group.is_empty() { ".v1" } else { "." };
                    format!("`{}{dot}{}/{}`", called.plural, called.kind.group, self.name)
                });
                Err(AskedError::AmbiguousKind(spelled.collect()))
            }
        }
    }

    fn means(&self, called: &Called) -> bool {
        let asked = self.kind.to_ascii_lowercase();
        let short = SHORT_NAMES.iter().find(|(short, _)| *short == asked).map(|(_, kind)| *kind);
        let of_group = self.group.as_ref().is_none_or(|group| *group == called.kind.group);
        let is_short = short == Some(called.kind.kind.as_str());
        of_group && (asked == called.plural || asked == called.kind.kind.to_ascii_lowercase() || is_short)
    }

    fn spelled(&self) -> String {
        self.group.as_ref().map_or_else(|| self.kind.clone(), |group| format!("{}.{group}", self.kind))
    }

    /// The object of an inventory that is meant; of one that lives in a namespace, that in `namespace`.
    pub fn find<'i>(&self, inventory: &'i Inventory, namespace: &str) -> Result<&'i Value, AskedError> {
        let given = inventory.objects.iter().map(|object| called(GroupKind::of(object)));
        let known = Task::Why.kinds().map(|listed| called(GroupKind::new(listed.group, listed.kind)));
        let Called { kind, .. } = self.choose(given.chain(known))?;
        let meant = |object: &&Value| GroupKind::of(object) == kind && name_of(object) == self.name;
        let named: Vec<_> = inventory.objects.iter().filter(meant).collect();
        let here = named.iter().find(|object| {
            is_cluster_scoped(object) || ["", namespace].contains(&text(object, "/metadata/namespace"))
        });
        if let Some(object) = here {
            return Ok(object);
        }
        let elsewhere: Vec<_> =
            named.iter().map(|object| text(object, "/metadata/namespace").to_owned()).collect();
        if elsewhere.is_empty() {
            Err(AskedError::NotFound(format!("{} {}", kind.kind, self.name)))
        } else {
            Err(AskedError::Elsewhere { what: format!("{} {namespace}/{}", kind.kind, self.name), elsewhere })
        }
    }
}

/// A kind with the plural that the rules of English give it, as no file tells it.
fn called(kind: GroupKind) -> Called {
    let lower = kind.kind.to_ascii_lowercase();
    let plural = match lower.strip_suffix('y') {
        Some(stem) if !lower.ends_with("ay") && !lower.ends_with("ey") => format!("{stem}ies"),
        _ if lower.ends_with('s') || lower.ends_with('x') || lower.ends_with("ch") => format!("{lower}es"),
        _ => format!("{lower}s"),
    };
    Called { kind, plural }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<Called> {
        let named = [
            ("", "Pod"),
            ("metrics.k8s.io", "PodMetrics"),
            ("apps", "Deployment"),
            ("bund.dev", "ResidencyPolicy"),
            ("", "Event"),
            ("events.k8s.io", "Event"),
        ];
        let mut kinds: Vec<_> =
            named.into_iter().map(|(group, kind)| called(GroupKind::new(group, kind))).collect();
        // As the metrics server names it.
        for one in kinds.iter_mut().filter(|one| one.kind.kind == "PodMetrics") {
            one.plural = "pods".to_owned();
        }
        kinds
    }

    #[test]
    fn kinds_are_spelled_as_kubectl_takes_them() {
        for (spelled, group, kind) in [
            ("deploy/web", "apps", "Deployment"),
            ("deployments/web", "apps", "Deployment"),
            ("deployments.apps/web", "apps", "Deployment"),
            ("deployment.v1.apps/web", "apps", "Deployment"),
            ("Deployment/web", "apps", "Deployment"),
            ("po/web", "", "Pod"),
            ("pods/web", "", "Pod"),
            ("pods.v1/web", "", "Pod"),
            ("pods.metrics.k8s.io/web", "metrics.k8s.io", "PodMetrics"),
            ("rpol/web", "bund.dev", "ResidencyPolicy"),
            ("residencypolicies/web", "bund.dev", "ResidencyPolicy"),
        ] {
            let asked: Asked = spelled.parse().unwrap();
            assert_eq!(asked.name, "web");
            assert_eq!(
                asked.choose(kinds()).map(|one| one.kind),
                Ok(GroupKind::new(group, kind)),
                "{spelled}"
            );
        }
    }

    #[test]
    fn what_is_no_kind_and_a_name_is_refused_with_what_to_write() {
        for text in ["web", "/web", "deploy/", "deploy/a/b", ".apps/web", "deploy./web"] {
            assert_eq!(text.parse::<Asked>(), Err(AskedError::Form(text.to_owned())));
        }
        let chosen = |text: &str| text.parse::<Asked>().unwrap().choose(kinds());
        assert_eq!(chosen("sts/web"), Err(AskedError::UnknownKind("sts".to_owned())));
        let both = vec!["`events.v1/web`".to_owned(), "`events.events.k8s.io/web`".to_owned()];
        assert_eq!(chosen("events/web"), Err(AskedError::AmbiguousKind(both)));
    }
}
