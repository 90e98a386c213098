//! What makes the API server enforce: webhook configurations, by which it calls us, and policies that it evaluates by
//! itself.
//!
//! ```text
//! Snapshot --Plan (pure)--> wanted objects --apply (client)--> API server --watch--> drift (pure) --apply, teller (client)
//! ```
//!
//! Registered only while this process is ready and leads, so that a first installation locks nothing. Written by
//! server-side apply under [`FIELD_MANAGER`]. What others write into what these objects ask for is taken out again, also
//! what they add: labels and annotations of theirs stay.

mod api_server;
mod apply;
mod break_glass;
mod callbacks;
mod class_labels;
mod drift;
mod floor;
mod foothold;
mod kinds;
mod node_proxy;
mod protection;
mod right;
mod strictest;
mod teller;
#[cfg(test)]
mod testing;
mod transfers;
mod webhooks;

use std::collections::BTreeMap;

use bund_crds::{Aspect, FloorParametersSpec, Mode, PlacementStrategy, ResidencyPolicySpec, Right, Span};
use bund_engine::snapshot::{Policy, World};
use bund_engine::{Snapshot, Timestamp, trust::trusted_somewhere};
use serde_json::{Value, json};

pub use api_server::api_server_policy;
pub use apply::{Registrar, Registration};
pub use break_glass::break_glass_policy;
pub use callbacks::{Inside, callbacks_policy};
pub use class_labels::class_label_policy;
pub use drift::Damage;
pub(crate) use drift::manager;
pub use floor::{floor_binding, floor_policy};
pub use node_proxy::node_proxy_policy;
pub use protection::{Protected, protection_policy};
pub(crate) use right::NOBODY_GRANTS;
pub use strictest::Strictest;
pub use transfers::{Trusted, transfers_policy};
pub use webhooks::{Endpoint, mutating, validating};

/// Who owns the fields that we write.
pub const FIELD_MANAGER: &str = "bund-operator";

/// What the objects depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the API server finds us.
    pub endpoint: Endpoint,
    /// Authorities that sign our certificate, in PEM.
    pub bundle: String,
    /// Namespaces that are never called for, in order.
    pub exempt: Vec<String>,
    /// Mapped resources as `(group, resource)`, in order.
    pub mapped: Vec<(String, String)>,
    /// Whether pods change as they are made: some policy has them confined, or closes egress, so that they are marked.
    pub changes_pods: bool,
    /// Whether some policy has addresses in ConfigMaps told.
    pub hints: bool,
    /// The classes that our own kinds protect.
    pub protected: Protected,
    /// Whom policies trust to decide on transfers.
    pub trusted: Trusted,
    /// How strictly policies ask for connections to be approved.
    pub connect: Option<Strictest>,
    /// Whom policies trust to connect.
    pub trusted_to_connect: Trusted,
    /// How strictly policies close egress.
    pub egress: Option<Strictest>,
    /// How strictly policies judge what forwards, and so what the API server calls.
    pub network: Option<Strictest>,
    /// Where it may call.
    pub inside: Option<Inside>,
    /// What the floor must know of the policies that deny placement, by the name of the object that holds it.
    pub floor: BTreeMap<String, FloorParametersSpec>,
    /// Our user name: nobody else writes what the floor must know, nor the record of transfers.
    pub writer: String,
}

impl Plan {
    /// What the custom resources ask for, with our own `namespace` exempt.
    pub fn of(
        snapshot: &Snapshot,
        endpoint: Endpoint,
        bundle: String,
        namespace: &str,
        writer: String,
        now: Timestamp,
    ) -> Self {
        let world = snapshot.world();
        let always = ["kube-system", "kube-public", "kube-node-lease", namespace].map(str::to_owned);
        let named = world.location().exempt.iter().map(|name| name.as_str().to_owned());
        let mut exempt: Vec<_> = always.into_iter().chain(named).collect();
        exempt.sort();
        exempt.dedup();
        let mut mapped: Vec<_> = world
            .mappings()
            .map(|(_, mapping)| (mapping.target.group.clone(), mapping.target.resource.clone()))
            .collect();
        mapped.sort();
        mapped.dedup();
        let network = Strictest::of(Aspect::Network, world);
        Self {
            endpoint,
            bundle,
            exempt,
            mapped,
            changes_pods: confines(world) || closes_egress(world),
            hints: world.policies().any(asks_for_hints),
            protected: Protected::of(world),
            trusted: trusted_somewhere(Right::Approve, world),
            connect: Strictest::of(Aspect::Connect, world),
            trusted_to_connect: trusted_somewhere(Right::Connect, world),
            egress: Strictest::of(Aspect::Egress, world),
            inside: network.as_ref().map(|network| Inside::of(network, world)),
            network,
            floor: floor::parameters(snapshot, now),
            writer,
        }
    }

    /// Every object to apply, in an order in which none waits for a later one. The webhooks come last: they need us.
    pub fn objects(&self) -> Vec<Value> {
        let mut objects = vec![
            class_label_policy(&self.exempt),
            binding(class_labels::NAME),
            break_glass_policy(),
            binding(break_glass::NAME),
            protection_policy(&self.protected),
            binding(protection::NAME),
            transfers_policy(&self.trusted, &self.writer),
            binding(transfers::NAME),
            node_proxy_policy(self.connect.as_ref(), &self.trusted_to_connect),
            strictest::binding(node_proxy::NAME, self.connect.as_ref()),
            callbacks_policy(self.inside.as_ref(), &self.endpoint),
            strictest::binding(callbacks::NAME, self.network.as_ref()),
            api_server_policy(self.egress.as_ref(), &self.trusted_to_connect),
            strictest::binding(api_server::NAME, self.egress.as_ref()),
            floor::writers_policy(&self.writer),
            binding(floor::WRITERS),
        ];
        objects.extend(self.floor.iter().map(|(name, parameters)| floor_parameters(name, parameters)));
        objects.extend([floor_policy(&self.exempt), floor_binding(), validating(self), mutating(self)]);
        objects
    }
}

/// Whether a pod may have to be confined: some policy that denies placement somewhere asks for it, and nodes are not
/// inside by themselves everywhere.
fn confines(world: &World) -> bool {
    let location = world.location();
    let own = location.jurisdiction.as_ref().filter(|_| location.span == Span::Uniform);
    let inside =
        own.is_some_and(|own| world.policies().all(|policy| policy.spec.jurisdictions.contains(own)));
    !inside && world.policies().any(confines_pods)
}

fn confines_pods(policy: &Policy) -> bool {
    denies(policy, Aspect::Placement) && policy.strategy() == PlacementStrategy::Inject
}

/// Whether pods may have to be marked: some policy closes egress somewhere.
fn closes_egress(world: &World) -> bool {
    world.policies().any(|policy| denies(policy, Aspect::Egress))
}

/// Whether a policy denies something in some namespace.
fn denies(policy: &Policy, aspect: Aspect) -> bool {
    let ResidencyPolicySpec { enforcement, overrides, .. } = &policy.spec;
    let modes = overrides.iter().map(|entry| entry.enforcement.mode(aspect));
    // An override says nothing of what it leaves out.
    let everywhere = enforcement.mode(aspect).unwrap_or_else(|| aspect.default_mode());
    modes.flatten().chain([everywhere]).any(|mode| mode == Mode::Deny)
}

/// Whether a policy says itself that hints are to be told or refused. What it leaves out asks for nothing: ConfigMaps are
/// written all the time, and each would have to wait for us, or fail where we are down.
fn asks_for_hints(policy: &Policy) -> bool {
    let ResidencyPolicySpec { enforcement, overrides, .. } = &policy.spec;
    let all = overrides.iter().map(|entry| &entry.enforcement).chain([enforcement]);
    let mut modes = all.filter_map(|enforcement| enforcement.mode(Aspect::Hints));
    modes.any(|mode| mode > Mode::Audit)
}

/// Selects namespaces by enrolment, without the exempt ones.
fn namespace_selector(guarded: Option<&str>, exempt: &[String]) -> Value {
    let by_name = json!({ "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": exempt });
    let enrolled = guarded.map(|operator| {
        json!({
            "key": bund_crds::labels::GUARDED,
            "operator": operator,
            "values": [bund_crds::labels::GUARDED_VALUE],
        })
    });
    let expressions: Vec<_> = enrolled.into_iter().chain([by_name]).collect();
    json!({ "matchExpressions": expressions })
}

/// What a policy of the API server is asked about. Every field is given: what is left out, it would fill in for us.
fn match_constraints(namespace_selector: &Value, resource_rules: &[Value]) -> Value {
    json!({
        "matchPolicy": "Equivalent",
        "namespaceSelector": namespace_selector,
        "objectSelector": {},
        "resourceRules": resource_rules,
    })
}

/// A policy that the API server evaluates by itself.
fn policy(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "bund" } },
        "spec": spec,
    })
}

/// Puts the policy of the same name in force.
fn binding(name: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "bund" } },
        "spec": { "policyName": name, "validationActions": ["Deny"] },
    })
}

/// What the floor must know.
fn floor_parameters(name: &str, parameters: &FloorParametersSpec) -> Value {
    json!({
        "apiVersion": format!("{}/{}", bund_crds::GROUP, bund_crds::VERSION),
        "kind": floor::PARAMETERS,
        "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "bund" } },
        "spec": parameters,
    })
}

/// What makes or changes an object.
const MADE_AND_CHANGED: [&str; 2] = ["CREATE", "UPDATE"];

/// The workloads of the groups `apps` and `batch`, which both the webhook and the in-tree policy are asked about.
fn workload_rules() -> [Value; 2] {
    let apps = ["deployments", "statefulsets", "daemonsets", "replicasets"];
    [
        rule("apps", &apps, &MADE_AND_CHANGED, "Namespaced"),
        rule("batch", &["jobs", "cronjobs"], &MADE_AND_CHANGED, "Namespaced"),
    ]
}

/// A rule for some resources of one group, in every version: old versions lead to the same objects.
fn rule(group: &str, resources: &[&str], operations: &[&str], scope: &str) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": ["*"],
        "resources": resources,
        "operations": operations,
        "scope": scope,
    })
}

#[cfg(test)]
mod tests {
    use bund_engine::Snapshot;

    use super::*;

    fn world(span: &str, policies: &[Value]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.observe(&json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": { "name": "cluster" },
            "spec": { "jurisdiction": "cn-mainland", "span": span, "providers": ["alibaba"] }
        }));
        for (number, spec) in policies.iter().enumerate() {
            let mut spec = spec.clone();
            spec["dataClasses"] = json!(["pi"]);
            spec["jurisdictions"] = json!(["cn-mainland"]);
            let observed = snapshot.observe(&json!({
                "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
                "metadata": { "name": format!("p{number}") }, "spec": spec
            }));
            assert_eq!(observed, bund_engine::snapshot::Observed::Fact);
        }
        snapshot
    }

    #[test]
    fn pods_are_sent_to_be_confined_only_where_a_policy_has_it_done() {
        let inject = json!({ "enforcement": { "placement": "Deny" }, "placementStrategy": "Inject" });
        let require = json!({ "enforcement": { "placement": "Deny" }, "placementStrategy": "Require" });
        let audit = json!({ "enforcement": { "placement": "Audit" }, "placementStrategy": "Inject" });
        let in_one = json!({
            "enforcement": { "placement": "Warn" }, "placementStrategy": "Inject",
            "overrides": [{ "namespaces": ["shop"], "enforcement": { "placement": "Deny" } }]
        });
        for (span, policies, expected) in [
            ("Mixed", vec![], false),
            ("Mixed", vec![require.clone(), audit], false),
            ("Mixed", vec![require, inject.clone()], true),
            ("Mixed", vec![in_one], true),
            ("Uniform", vec![inject], false),
        ] {
            let snapshot = world(span, &policies);
            assert_eq!(confines(snapshot.world()), expected, "{span} {policies:?}");
        }
    }

    #[test]
    fn pods_are_sent_to_be_marked_where_a_policy_closes_egress() {
        let everywhere = json!({ "enforcement": { "egress": "Deny" } });
        let told = json!({ "enforcement": { "egress": "Warn", "network": "Deny" } });
        let in_one =
            json!({ "overrides": [{ "namespaces": ["shop"], "enforcement": { "egress": "Deny" } }] });
        for (policies, expected) in [
            (vec![], false),
            (vec![told.clone()], false),
            (vec![told, in_one], true),
            (vec![everywhere], true),
        ] {
            assert_eq!(closes_egress(world("Uniform", &policies).world()), expected, "{policies:?}");
        }
    }

    #[test]
    fn config_maps_are_asked_about_only_where_a_policy_says_so_itself() {
        let in_one = json!({ "overrides": [{ "namespaces": ["shop"], "enforcement": { "hints": "Deny" } }] });
        for (policy, expected) in [
            (json!({ "enforcement": { "egress": "Deny" } }), false),
            (json!({ "enforcement": { "hints": "Audit" } }), false),
            (json!({ "enforcement": { "hints": "Warn" } }), true),
            (json!({ "enforcement": { "hints": "Deny" } }), true),
            (in_one, true),
        ] {
            let snapshot = world("Mixed", std::slice::from_ref(&policy));
            assert_eq!(snapshot.world().policies().any(asks_for_hints), expected, "{policy}");
        }
    }

    #[test]
    fn a_cluster_that_is_not_where_a_policy_asks_for_confines_all_the_same() {
        let mut snapshot = world("Uniform", &[]);
        snapshot.observe(&json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "elsewhere" },
            "spec": {
                "dataClasses": ["pi"], "jurisdictions": ["hk"], "enforcement": { "placement": "Deny" },
                "placementStrategy": "Inject"
            }
        }));
        assert!(confines(snapshot.world()));
    }
}
