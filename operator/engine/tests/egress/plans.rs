//! The plan of a namespace, whole.

use std::sync::Arc;

use bund_engine::Snapshot;
use bund_engine::egress::{manifest, openings_of, plan, plan_of};
use bund_engine::snapshot::{Country, DatabaseState, Databases, Geography, Said};
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::world::{deployment, namespace, noon, own, pod, pod_of, policy, recorded, snapshot, transfer};

/// A namespace's policies as objects, with the mode.
fn planned(namespace: &str, snapshot: &Snapshot) -> (Value, Vec<Value>) {
    let plan = plan_of(namespace, snapshot, noon()).unwrap();
    let policies = plan.policies.iter().map(|policy| manifest(policy, namespace, snapshot));
    (json!(plan.mode), policies.collect())
}

fn network_policy(name: &str, selector: &Value, egress: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {
            "name": name, "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "bund"}
        },
        "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": egress}
    })
}

fn of_everybody() -> Value {
    network_policy(
        "bund-egress",
        &json!({}),
        &json!([
            {
                "ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                "to": [{
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}
                }]
            },
            {
                "ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                "to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}]
            },
            {"ports": [{"port": 443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.96.0.1/32"}}]},
            {
                "ports": [{"port": 6443, "protocol": "TCP"}],
                "to": [{"ipBlock": {"cidr": "172.18.0.2/32"}}, {"ipBlock": {"cidr": "172.18.0.3/32"}}]
            }
        ]),
    )
}

fn peers(values: &[&str]) -> Value {
    json!({"to": [{
        "namespaceSelector": {
            "matchLabels": {"bund.dev/guarded": "true"},
            "matchExpressions": [{
                "key": "kubernetes.io/metadata.name", "operator": "NotIn",
                "values": ["kube-node-lease", "kube-public", "kube-system", "ops"]
            }]
        },
        "podSelector": {"matchExpressions": [{"key": "egress.bund.dev/holds", "operator": "In", "values": values}]}
    }]})
}

fn holding(set: &str, egress: &[Value]) -> Value {
    let selector = json!({"matchLabels": {"egress.bund.dev/holds": set}});
    network_policy(&format!("bund-egress-{set}"), &selector, &json!(egress))
}

#[test]
fn each_set_reaches_those_that_hold_at_least_the_same() {
    let egress = json!({
        "networks": [
            {"network": "10.20.5.0/24", "ports": [{"port": 5432, "protocol": "TCP"}]},
            {"network": "203.0.113.0/24"}
        ],
        "pods": [{"namespace": "monitoring", "podLabels": {"app": "agent"}, "ports": [{"port": 9090, "protocol": "TCP"}]}]
    });
    let snapshot = snapshot([
        policy("strict", &["personal-information"], "Deny", &egress),
        policy("payments", &["payments"], "Deny", &Value::Null),
        policy("logs", &["logs"], "Audit", &Value::Null),
        namespace("shop", true),
        namespace("till", true),
        namespace("open", false),
        pod("shop", "cart", &["personal-information", "logs"], &[]),
        pod("shop", "web", &[], &[]),
        pod("till", "till", &["personal-information", "payments"], &[]),
        pod("open", "other", &[], &[]),
    ]);
    let network = json!({
        "ports": [{"port": 5432, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.20.5.0/24"}}]
    });
    let agent = json!({
        "ports": [{"port": 9090, "protocol": "TCP"}],
        "to": [{
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
            "podSelector": {"matchLabels": {"app": "agent"}}
        }]
    });
    let all = ["nothing", "payments.personal-information", "personal-information"];
    let expected = vec![
        of_everybody(),
        holding("nothing", &[peers(&all), network.clone(), agent.clone()]),
        holding("personal-information", &[peers(&all[1..]), network, agent]),
    ];
    assert_eq!(planned("shop", &snapshot), (json!("Deny"), expected));

    let shop = plan_of("shop", &snapshot, noon()).unwrap();
    let left: Vec<String> =
        shop.left_closed.iter().map(|left| format!("{}: {}", left.what, left.reason)).collect();
    assert_eq!(
        left,
        [
            "203.0.113.0/24: for personal-information it is at an unknown place (no network that cn-mainland lists \
             holds 203.0.113.0/24; if it is inside, declare its network in ClusterLocation, or give Bund databases of \
             addresses)",
            "203.0.113.0/24: it is at an unknown place (no network that cn-mainland lists holds 203.0.113.0/24; if it is \
             inside, declare its network in ClusterLocation, or give Bund databases of addresses)"
        ]
    );
    let all = plan(&snapshot, noon());
    assert_eq!(all.iter().map(|plan| plan.namespace.as_ref()).collect::<Vec<_>>(), ["shop", "till"]);
    assert_eq!(all[0], shop, "one and all are the same");
    let alone = openings_of("shop", &snapshot, noon()).unwrap();
    assert_eq!((alone.left_closed, alone.policies.len()), (shop.left_closed, 3));
}

#[test]
fn a_namespace_is_closed_by_whatever_holds_a_class_in_it() {
    let deny = || policy("strict", &["personal-information"], "Deny", &Value::Null);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop", "labels": {"data-class.bund.dev/personal-information": ""}}
    });
    let mut classified = namespace("shop", true);
    classified["metadata"]["labels"]["data-class.bund.dev/personal-information"] = json!("");
    let job = |owner: Value| {
        let mut set = deployment("shop", "d-1", &["personal-information"], &[]);
        set["kind"] = json!("ReplicaSet");
        set["metadata"]["ownerReferences"] = owner;
        set
    };
    let by = |kind: &str, group: &str| json!([{"apiVersion": format!("{group}/v1"), "kind": kind, "name": "d", "controller": true}]);
    let guarded = || namespace("shop", true);
    for (what, objects, closed) in [
        ("a pod", vec![guarded(), pod("shop", "p", &["personal-information"], &[])], true),
        ("a template", vec![guarded(), deployment("shop", "d", &["personal-information"], &[])], true),
        ("a ReplicaSet of its own", vec![guarded(), job(by("Rollout", "argoproj.io"))], true),
        ("an old ReplicaSet", vec![guarded(), job(by("Deployment", "apps"))], false),
        ("a Secret", vec![guarded(), secret], true),
        ("the Namespace", vec![classified], true),
        ("another class", vec![guarded(), pod("shop", "p", &["logs"], &[])], false),
        ("nothing", vec![guarded(), pod("shop", "p", &[], &[])], false),
        (
            "an open namespace",
            vec![namespace("shop", false), pod("shop", "p", &["personal-information"], &[])],
            false,
        ),
        (
            "an exempt one",
            vec![namespace("ops", true), pod("ops", "p", &["personal-information"], &[])],
            false,
        ),
    ] {
        let plans = plan(&snapshot([deny()].into_iter().chain(objects)), noon());
        assert_eq!(!plans.is_empty(), closed, "{what}");
        assert!(plans.iter().all(|plan| plan.policies[0].name.as_ref() == "bund-egress"), "{what}");
    }
}

#[test]
fn what_is_forgotten_closes_nothing_any_more() {
    let made = deployment("shop", "d", &["personal-information"], &[]);
    let deny = policy("strict", &["personal-information"], "Deny", &Value::Null);
    let mut snapshot = snapshot([deny, namespace("shop", true), made]);
    assert_eq!(plan(&snapshot, noon()).len(), 1);
    snapshot.forget(&bund_engine::ObjectId {
        group: "apps".into(),
        kind: "Deployment".into(),
        namespace: Some("shop".into()),
        name: "d".into(),
    });
    assert_eq!(plan(&snapshot, noon()), []);
}

#[test]
fn modes_are_those_of_the_namespace_and_audit_is_only_told() {
    let mut audit = policy("strict", &["personal-information"], "Audit", &Value::Null);
    let facts = |policy: &Value| {
        let cart = |namespace| pod(namespace, "cart", &["personal-information"], &[]);
        [policy.clone(), namespace("shop", true), namespace("till", true), cart("shop"), cart("till")]
    };
    let modes = |policy: &Value| {
        let plans = plan(&snapshot(facts(policy)), noon());
        plans.iter().map(|plan| (plan.namespace.to_string(), plan.mode.to_string())).collect::<Vec<_>>()
    };
    let named = |shop: &str, till: &str| {
        vec![("shop".to_owned(), shop.to_owned()), ("till".to_owned(), till.to_owned())]
    };
    assert_eq!(modes(&audit), named("Audit", "Audit"));
    // Told as they would be.
    let told = planned("shop", &snapshot(facts(&audit)));
    assert_eq!(
        told,
        (
            json!("Audit"),
            vec![of_everybody(), holding("personal-information", &[peers(&["personal-information"])])]
        )
    );
    audit["spec"]["overrides"] = json!([{"namespaces": ["shop"], "enforcement": {"egress": "Deny"}}]);
    assert_eq!(modes(&audit), named("Deny", "Audit"));
}

#[test]
fn what_no_class_declares_is_kept_by_every_policy() {
    let snapshot = snapshot([
        policy("strict", &["personal-information"], "Deny", &Value::Null),
        namespace("shop", true),
        pod("shop", "cart", &["of-nobody"], &[]),
    ]);
    let expected = vec![of_everybody(), holding("of-nobody", &[peers(&["of-nobody"])])];
    assert_eq!(planned("shop", &snapshot), (json!("Deny"), expected));
}

#[test]
fn a_transfer_in_effect_opens_exactly_its_networks_for_its_sources() {
    let to = json!([
        {"network": "203.0.113.7/32", "ports": [{"port": 443, "protocol": "TCP"}]},
        {"network": "::ffff:192.0.2.0/120", "ports": [{"port": 22, "protocol": "TCP"}]},
        {"host": "api.partner.example"},
        {"provider": "alibaba", "region": "eu-central-1"}
    ]);
    let sources = json!([{"kind": "Deployment", "name": "orders"}]);
    let facts = [
        policy("strict", &["personal-information"], "Deny", &Value::Null),
        namespace("shop", true),
        pod_of("shop", "orders", &["personal-information"]),
    ];
    let waiting = snapshot(facts.into_iter().chain(transfer("t", &["personal-information"], &sources, &to)));
    assert_eq!(planned("shop", &waiting).1.len(), 2, "nothing is open before it is on record");
    let open = recorded(waiting);
    let opened = network_policy(
        "bund-transfer-t-uid",
        &json!({"matchLabels": {"transfer.egress.bund.dev/t-uid": ""}}),
        &json!([
            {"ports": [{"port": 443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}]},
            {"ports": [{"port": 22, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}
        ]),
    );
    assert_eq!(planned("shop", &open).1[2], opened);
    let left = plan_of("shop", &open, noon()).unwrap().left_closed;
    let left: Vec<_> = left.iter().map(|left| left.what.as_ref()).collect();
    assert_eq!(left, ["api.partner.example", "region eu-central-1 of alibaba"]);
    let after = "2027-10-31T16:00:00Z".parse().unwrap();
    assert_eq!(plan_of("shop", &open, after).unwrap().policies.len(), 2, "its time is over");
}

#[test]
fn only_what_the_api_server_writes_itself_tells_where_it_is() {
    let other = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "mine", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "endpoints": [{"addresses": ["203.0.113.7"]}], "ports": [{"port": 443, "protocol": "TCP"}]
    });
    let deny = policy("strict", &["personal-information"], "Deny", &Value::Null);
    let known = snapshot([
        deny.clone(),
        namespace("shop", true),
        pod("shop", "p", &["personal-information"], &[]),
        other,
    ]);
    assert_eq!(planned("shop", &known).1[0], of_everybody());
    let unknown = crate::world::observed([
        own("DataClass", "personal-information", &json!({"category": "PersonalInformation"})),
        deny,
        namespace("shop", true),
        pod("shop", "p", &["personal-information"], &[]),
    ]);
    let left = plan_of("shop", &unknown, noon()).unwrap().left_closed;
    assert_eq!(left.iter().map(|left| left.what.as_ref()).collect::<Vec<_>>(), ["the API server"]);
}

/// Databases that place every address in one country.
#[derive(Debug)]
struct Everywhere(&'static str);

impl Databases for Everywhere {
    fn country_of(&self, _: IpNet) -> Said {
        Said::Country(Country::of(self.0).unwrap())
    }

    fn states(&self) -> Vec<DatabaseState> {
        Vec::new()
    }
}

#[test]
fn a_public_address_that_is_known_to_be_abroad_is_none_of_the_api_server() {
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "endpoints": [{"addresses": ["172.18.0.3", "172.18.0.2", "8.8.8.8"]}],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]
    });
    let mut known = snapshot([
        policy("strict", &["personal-information"], "Deny", &Value::Null),
        namespace("shop", true),
        pod("shop", "p", &["personal-information"], &[]),
        slice,
    ]);
    let opens = |snapshot: &Snapshot| planned("shop", snapshot).1[0].to_string().contains("8.8.8.8");
    assert!(opens(&known), "nobody knows where it is");
    known.set_geography(Geography::of(Arc::new(Everywhere("CN"))));
    assert!(opens(&known), "it is inside");
    known.set_geography(Geography::of(Arc::new(Everywhere("US"))));
    assert_eq!(planned("shop", &known).1[0], of_everybody());
    let left = plan_of("shop", &known, noon()).unwrap().left_closed;
    let left: Vec<_> = left.iter().map(|left| format!("{}: {}", left.what, left.reason)).collect();
    assert_eq!(left, ["8.8.8.8 at 6443/TCP: it is in US"]);
}
