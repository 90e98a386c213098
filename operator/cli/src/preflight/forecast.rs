//! What each policy would refuse under `Deny`: the engine's answer to the creation of every owner, policy by policy.

use std::collections::BTreeSet;

use bund_crds::labels;
use bund_engine::{
    Assumption, Snapshot, Timestamp, decide_standing,
    snapshot::{CarrierKind, Enrolment},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::inventory::{GroupKind, Inventory, Known, Origin, Owner, PolicyOrigin, name_of, owners};

/// What would be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// Where the policies are from.
    pub policies_from: PolicyOrigin,
    /// How many owners were judged: workloads, pods that none of them made, objects of mapped kinds.
    pub owners: usize,
    /// Namespaces in which they were judged.
    pub namespaces: Vec<ForecastNamespace>,
    /// Each policy alone, in order of name.
    pub policies: Vec<PolicyForecast>,
    /// What is refused whatever policies say, as soon as Bund is installed.
    pub always: Vec<Refusal>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Policies, classes and other objects of Bund that cannot be read.
    pub unreadable: Vec<String>,
    /// Why the forecast may lack something.
    pub not_known: Vec<String>,
}

/// A namespace in which owners were judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ForecastNamespace {
    /// Its name.
    pub name: String,
    /// Why it counts as guarded.
    pub because: Because,
}

/// Why a namespace counts as guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Because {
    /// It is.
    Guarded,
    /// The command line says to treat it so.
    AsGuarded,
    /// Its Namespace is not among the files.
    NotGiven,
}

/// What one policy would refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyForecast {
    /// The policy.
    pub name: String,
    /// What it would refuse, in order of namespace, kind and name.
    pub refusals: Vec<Refusal>,
}

/// Something that would be refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Its namespace; empty for what lives in none.
    pub namespace: String,
    /// Its API group.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The lines that admission would answer; the same that `bund check` prints.
    pub lines: Vec<String>,
}

/// Kinds on which the forecast rests.
const RESTS_ON: &[(&str, &str)] = &[
    ("", "Pod"),
    ("", "Node"),
    ("", "Secret"),
    ("", "ConfigMap"),
    ("", "ServiceAccount"),
    ("", "PersistentVolumeClaim"),
    ("", "PersistentVolume"),
    ("storage.k8s.io", "StorageClass"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("", "ReplicationController"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    (bund_crds::GROUP, "ClusterLocation"),
    (bund_crds::GROUP, "DataClass"),
    (bund_crds::GROUP, "DestinationMapping"),
    (bund_crds::GROUP, "Jurisdiction"),
    (bund_crds::GROUP, "ResidencyPolicy"),
];

/// What would be refused, if every mode of every policy were `Deny`.
pub fn forecast(inventory: &Inventory, known: &Known, as_guarded: &[String], now: Timestamp) -> Forecast {
    let mut snapshot = known.snapshot.clone();
    for name in as_guarded {
        guard(&mut snapshot, name, inventory);
    }
    let owners = owners(inventory, &snapshot);
    let mut namespaces: Vec<ForecastNamespace> = Vec::new();
    let judged: Vec<&Owner<'_>> = owners
        .iter()
        .filter(|owner| {
            let Some(because) = because(owner.namespace(), &snapshot, inventory, as_guarded) else {
                return false;
            };
            if namespaces.last().is_none_or(|last| last.name != owner.namespace()) {
                namespaces.push(ForecastNamespace { name: owner.namespace().to_owned(), because });
            }
            true
        })
        .collect();
    let mut assumptions = BTreeSet::new();
    let policies = known.policies();
    let policies = policies.iter().map(|policy| {
        let strict = snapshot.under_deny(policy);
        let refusals =
            judged.iter().filter_map(|owner| refusal(owner, &strict, now, &mut assumptions)).collect();
        PolicyForecast { name: policy.name.to_string(), refusals }
    });
    Forecast {
        policies_from: known.policies,
        owners: judged.len(),
        policies: policies.collect(),
        namespaces,
        always: always(inventory, &owners, &snapshot, now),
        assumptions: told(&assumptions, inventory),
        unreadable: known.unreadable.clone(),
        not_known: not_known(inventory),
    }
}

/// Why the owners of a namespace are judged, if they are.
fn because(
    namespace: &str,
    snapshot: &Snapshot,
    inventory: &Inventory,
    as_guarded: &[String],
) -> Option<Because> {
    match snapshot.enrolment(namespace) {
        Enrolment::Guarded if as_guarded.iter().any(|name| name == namespace) => Some(Because::AsGuarded),
        Enrolment::Guarded => Some(Because::Guarded),
        // Of a cluster whose Namespaces may not be listed nothing is guessed.
        Enrolment::Assumed => matches!(inventory.origin, Origin::Files { .. }).then_some(Because::NotGiven),
        Enrolment::Unguarded | Enrolment::Exempt => None,
    }
}

/// Lets a namespace count as guarded.
fn guard(snapshot: &mut Snapshot, name: &str, inventory: &Inventory) {
    let given = inventory.of_kind("", "Namespace").find(|namespace| name_of(namespace) == name);
    let absent = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let mut namespace = given.cloned().unwrap_or(absent);
    if let Some(Value::Object(metadata)) = namespace.get_mut("metadata") {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert(labels::GUARDED.to_owned(), labels::GUARDED_VALUE.into());
        }
    }
    snapshot.observe(&namespace);
}

fn refusal(
    owner: &Owner<'_>,
    snapshot: &Snapshot,
    now: Timestamp,
    assumptions: &mut BTreeSet<Assumption>,
) -> Option<Refusal> {
    let decision = decide_standing(&owner.subject, snapshot, now);
    assumptions.extend(decision.assumptions.iter().cloned());
    let lines = decision.response().refusals;
    let id = &owner.subject.id;
    (!lines.is_empty()).then(|| Refusal {
        namespace: owner.namespace().to_owned(),
        group: id.group.to_string(),
        kind: id.kind.to_string(),
        name: id.name.to_string(),
        lines,
    })
}

/// The assumptions that are guesses.
fn told(assumptions: &BTreeSet<Assumption>, inventory: &Inventory) -> Vec<String> {
    let guessed = |assumption: &&Assumption| match assumption {
        // Every namespace has a ServiceAccount `default` that nobody writes down. And what is not there in a cluster whose
        // objects are all known is no guess.
        Assumption::CarrierAbsent(id) => {
            let implied = id.kind == CarrierKind::ServiceAccount && id.name.as_ref() == "default";
            let from_cluster = matches!(inventory.origin, Origin::Cluster { .. });
            let known_to_be_absent = from_cluster && inventory.gap("", id.kind.as_str()).is_none();
            !implied && !known_to_be_absent
        }
        Assumption::ClassAbsent(kind, _) => {
            let from_cluster = matches!(inventory.origin, Origin::Cluster { .. });
            !from_cluster || inventory.gap(kind.group(), kind.as_str()).is_some()
        }
        // Told with the namespaces.
        Assumption::NamespaceAbsent(_) => false,
        Assumption::LocationAbsent
        | Assumption::NodeAbsent(_)
        | Assumption::TargetAbsent { .. }
        | Assumption::PodAbsent { .. } => true,
    };
    assumptions.iter().filter(guessed).map(ToString::to_string).collect()
}

/// Class labels where none may be: outside guarded namespaces, and on Namespaces that are not enrolled.
fn always(inventory: &Inventory, owners: &[Owner<'_>], snapshot: &Snapshot, now: Timestamp) -> Vec<Refusal> {
    let bare = snapshot.without_policies();
    let others = inventory.objects.iter().filter(|object| {
        let GroupKind { group, kind } = GroupKind::of(object);
        CarrierKind::of(&group, &kind).is_some() || (group.is_empty() && kind == "Namespace")
    });
    let others = others.map(|object| Owner { object, subject: bare.extract(object, None, None) });
    let others: Vec<_> = others.collect();
    let mut unused = BTreeSet::new();
    let mut refusals: Vec<_> =
        owners.iter().chain(&others).filter_map(|owner| refusal(owner, &bare, now, &mut unused)).collect();
    refusals.sort();
    refusals
}

fn not_known(inventory: &Inventory) -> Vec<String> {
    if matches!(inventory.origin, Origin::Files { .. }) {
        return Vec::new();
    }
    let namespaces = inventory.gap("", "Namespace");
    let namespaces = namespaces.map(|why| format!("{why}: which namespaces are guarded is not known"));
    let others = RESTS_ON.iter().filter_map(|(group, kind)| inventory.gap(group, kind).map(str::to_owned));
    namespaces.into_iter().chain(others).collect()
}

impl Forecast {
    /// Whether anything would be refused, or nobody can tell.
    pub fn fails(&self) -> bool {
        let refused = self.policies.iter().any(|policy| !policy.refusals.is_empty());
        refused || !self.always.is_empty() || !self.not_known.is_empty() || !self.unreadable.is_empty()
    }
}
