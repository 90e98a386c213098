//! Who may do what matters here, read from the RBAC objects: Bund's own power verbs, and the ways to reach data through
//! the API server.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::GROUP;
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Inventory, list, name_of, text};

mod rule;

use rule::{Asked, Grant, grants};

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rights {
    /// Bund's power verbs. Only a ClusterRoleBinding grants them.
    pub power: Vec<Right>,
    /// Ways to reach data in guarded namespaces, or in all.
    pub access: Vec<Right>,
    /// Ways to data of which admission is never asked: reading, acting as somebody else, kubelets. What Bund cannot judge
    /// is a matter of who holds these.
    pub unseen: Vec<Right>,
    /// Why some holders may not be known.
    pub not_known: Vec<String>,
}

/// One right and its holders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Right {
    /// What one may do with it.
    pub name: &'static str,
    /// How RBAC writes it: verbs and resource.
    pub rbac: String,
    /// Who holds it, in order.
    pub holders: Vec<Holder>,
}

/// Someone who holds a right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Who: `User alice`, `Group admins`, `ServiceAccount ns/name`.
    pub subject: String,
    /// Where: a namespace; absent for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The binding that gives it.
    pub binding: String,
    /// The role that holds the rule.
    pub role: String,
    /// Whether the rule says `*` for the verb. Of Bund's power verbs such a holder has none.
    pub by_wildcard: bool,
    /// The objects to which the rule is limited by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Whether Bund lets the subject use it: for power verbs neither service accounts nor holders by wildcard.
    pub effective: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// Name, verb, resource.
const POWER: &[(&str, &str, &str)] = &[
    ("approve cross-border transfers", "approve", "transferauthorities"),
    ("declassify data", "declassify", "dataclasses"),
    ("connect to classified pods", "connect", "dataclasses"),
    ("purge transfer records", "purge", "transferrecords"),
    ("break glass", "breakglass", "enforcements"),
];

/// Name, verbs, resource. Which verb a connection needs depends on how the client opens it.
const ACCESS: &[(&str, &[&str], &str)] = &[
    ("run commands in pods", &["create", "get"], "pods/exec"),
    ("attach to pods", &["create", "get"], "pods/attach"),
    ("forward ports of pods", &["create", "get"], "pods/portforward"),
    ("add ephemeral containers", &["update", "patch"], "pods/ephemeralcontainers"),
    ("reach pods through the proxy", &["get", "create", "update", "patch", "delete"], "pods/proxy"),
    ("reach Services through the proxy", &["get", "create", "update", "patch", "delete"], "services/proxy"),
    ("reach kubelets through the proxy, and so every pod", &["get", "create"], "nodes/proxy"),
];

/// Name, verbs, resource. A kubelet that is asked directly, with `nodes/proxy` or one of its finer subresources, asks the
/// API server's authorizer and nobody's webhook.
const UNSEEN: &[(&str, &[&str], &str)] = &[
    ("read logs of pods", &["get"], "pods/log"),
    ("read Secrets", &["get", "list", "watch"], "secrets"),
    ("read ConfigMaps", &["get", "list", "watch"], "configmaps"),
    ("run commands in every pod, asking kubelets directly", &["get", "create"], "nodes/proxy"),
    ("read the logs of nodes, and so of pods, from kubelets", &["get"], "nodes/log"),
    ("read the environment of pods from kubelets", &["get"], "nodes/pods"),
    ("write the memory of pods to disk through kubelets", &["create"], "nodes/checkpoint"),
    ("act as another user", &["impersonate"], "users"),
    ("act for another group", &["impersonate"], "groups"),
    ("act as a ServiceAccount", &["impersonate"], "serviceaccounts"),
];

/// Resources that live in no namespace. A RoleBinding grants nothing on them.
const OF_CLUSTER: [&str; 2] = ["users", "groups"];

/// Who may do what. Access is told for guarded namespaces and for all.
pub fn rights(inventory: &Inventory, as_guarded: &[String]) -> Rights {
    let roles = Roles::of(inventory);
    let guarded = inventory.guarded(as_guarded);
    let power = POWER.iter().map(|(name, verb, resource)| {
        let asked = Asked { group: GROUP, resource, verbs: &[*verb] };
        let holders = holders(inventory, &roles, &asked, &BTreeSet::new());
        let rbac = format!("{verb} {resource}.{GROUP}");
        Right { name, rbac, holders: effective(holders) }
    });
    let of_core = |(name, verbs, resource): &(&'static str, &[&str], &str)| {
        let asked = Asked { group: "", resource, verbs };
        let rbac = format!("{} {resource}", verbs.join("|"));
        Right { name, rbac, holders: holders(inventory, &roles, &asked, &guarded) }
    };
    Rights {
        power: power.collect(),
        access: ACCESS.iter().map(of_core).collect(),
        unseen: UNSEEN.iter().map(of_core).collect(),
        not_known: not_known(inventory),
    }
}

fn not_known(inventory: &Inventory) -> Vec<String> {
    let kinds = [
        (RBAC, "ClusterRole"),
        (RBAC, "ClusterRoleBinding"),
        (RBAC, "Role"),
        (RBAC, "RoleBinding"),
        ("", "Namespace"),
    ];
    kinds.iter().filter_map(|(group, kind)| inventory.gap(group, kind).map(str::to_owned)).collect()
}

/// Neither service accounts nor whoever holds any such right by wildcard have a power verb.
fn effective(mut holders: Vec<Holder>) -> Vec<Holder> {
    let by_wildcard: BTreeSet<String> =
        holders.iter().filter(|holder| holder.by_wildcard).map(|holder| holder.subject.clone()).collect();
    for holder in &mut holders {
        holder.effective = !by_wildcard.contains(&holder.subject) && !holder.is_service_account();
    }
    holders
}

impl Holder {
    /// Whether it is a service account, by whichever of its names.
    pub fn is_service_account(&self) -> bool {
        ["ServiceAccount ", "User system:serviceaccount:", "Group system:serviceaccounts"]
            .iter()
            .any(|prefix| self.subject.starts_with(prefix))
    }
}

/// Roles by their namespace (none for ClusterRoles) and name.
struct Roles<'i>(BTreeMap<(Option<&'i str>, &'i str), &'i Value>);

impl<'i> Roles<'i> {
    fn of(inventory: &'i Inventory) -> Self {
        let cluster = inventory.of_kind(RBAC, "ClusterRole").map(|role| ((None, name_of(role)), role));
        let namespaced = inventory.of_kind(RBAC, "Role");
        let namespaced =
            namespaced.map(|role| ((Some(text(role, "/metadata/namespace")), name_of(role)), role));
        Self(cluster.chain(namespaced).collect())
    }

    /// The role that a binding names.
    fn bound(&self, binding: &'i Value) -> Option<&'i Value> {
        let namespace =
            (text(binding, "/roleRef/kind") == "Role").then(|| text(binding, "/metadata/namespace"));
        self.0.get(&(namespace, text(binding, "/roleRef/name"))).copied()
    }
}

fn holders(
    inventory: &Inventory,
    roles: &Roles<'_>,
    asked: &Asked<'_>,
    namespaces: &BTreeSet<String>,
) -> Vec<Holder> {
    let everywhere = inventory.of_kind(RBAC, "ClusterRoleBinding");
    let somewhere = inventory.of_kind(RBAC, "RoleBinding").filter(|binding| {
        let of_cluster = asked.resource.starts_with("nodes/") || OF_CLUSTER.contains(&asked.resource);
        !of_cluster && namespaces.contains(text(binding, "/metadata/namespace"))
    });
    let mut holders = Vec::new();
    for binding in everywhere.chain(somewhere) {
        let Some(role) = roles.bound(binding) else { continue };
        if let Some(grant) = grants(role, asked) {
            holders.extend(list(binding, "/subjects").map(|subject| holder(subject, binding, &grant)));
        }
    }
    holders.sort();
    holders.dedup();
    holders
}

fn holder(subject: &Value, binding: &Value, grant: &Grant) -> Holder {
    let (kind, name) = (text(subject, "/kind"), text(subject, "/name"));
    let subject = match kind {
        "ServiceAccount" => format!("ServiceAccount {}/{name}", text(subject, "/namespace")),
        _ => format!("{kind} {name}"),
    };
    let namespace = text(binding, "/metadata/namespace");
    Holder {
        subject,
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        binding: format!("{} {}", text(binding, "/kind"), name_of(binding)),
        role: format!("{} {}", text(binding, "/roleRef/kind"), text(binding, "/roleRef/name")),
        by_wildcard: grant.by_wildcard,
        only: grant.only.clone(),
        effective: true,
    }
}
