//! Policies that lie in no namespace: which namespaces they reach, what they let out there, and what follows.

use bund_crds::Mode;
use bund_engine::{
    Decision, Operation, Request, Snapshot, Timestamp, Verdict, decide, network_policy::called,
};
use serde_json::{Value, json};

use crate::{
    facts,
    widened::{judged, widening, world},
};

const ABROAD: &str = "203.0.113.9/32";

fn namespace(name: &str, labels: impl Into<Value>) -> Value {
    let labels = labels.into();
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

/// A ClusterNetworkPolicy of the tier `Admin`, for the namespaces of this selector.
pub fn cnp(namespaces: impl Into<Value>, egress: impl Into<Value>) -> Value {
    let (namespaces, egress) = (namespaces.into(), egress.into());
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
        "metadata": { "name": "users-own" },
        "spec": { "tier": "Admin", "priority": 50, "subject": { "namespaces": namespaces }, "egress": egress }
    })
}

fn accept(to: impl Into<Value>) -> Value {
    let to = to.into();
    json!({ "action": "Accept", "to": [to] })
}

fn ccnp(spec: impl Into<Value>) -> Value {
    let spec = spec.into();
    json!({ "apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": { "name": "users-own" }, "spec": spec })
}

fn gnp(spec: impl Into<Value>) -> Value {
    let spec = spec.into();
    json!({ "apiVersion": "crd.projectcalico.org/v1", "kind": "GlobalNetworkPolicy",
        "metadata": { "name": "default.users-own" }, "spec": spec })
}

pub fn named(name: &str) -> Value {
    json!({ "matchLabels": { "kubernetes.io/metadata.name": name } })
}

fn asked(object: &Value, snapshot: &Snapshot) -> Decision {
    decide(&Request::of_object(object.clone(), None), snapshot, Timestamp::from_second(150).unwrap())
}

/// What is found of an object: where, and in which namespace.
fn found(object: &Value, snapshot: &Snapshot) -> Vec<(String, String)> {
    let findings = asked(object, snapshot).findings;
    let told = findings.iter().map(|finding| {
        let (namespace, _) = finding.offending.split_once(": ").unwrap();
        (finding.field.as_str().to_owned(), namespace.to_owned())
    });
    told.collect()
}

#[test]
fn what_takes_away_comes_after_or_leaves_guarded_namespaces_alone_is_not_asked_about() {
    let all = json!([accept(json!({ "networks": ["0.0.0.0/0"] }))]);
    let with = |mut policy: Value, at: &str, value: Value| {
        *policy.pointer_mut(at).unwrap() = value;
        policy
    };
    let mut baseline_admin = cnp(json!({}), all.clone());
    baseline_admin["kind"] = "BaselineAdminNetworkPolicy".into();
    let mut staged = gnp(json!({ "egress": [{ "action": "Allow" }] }));
    staged["kind"] = "StagedGlobalNetworkPolicy".into();
    let leaves_alone =
        json!({ "matchExpressions": [{ "key": "bund.dev/guarded", "operator": "DoesNotExist" }] });
    let allow = json!([{ "action": "Allow" }]);
    for harmless in [
        cnp(json!({}), json!([{ "action": "Deny", "to": [{ "networks": ["0.0.0.0/0"] }] }])),
        cnp(
            json!({}),
            json!([{ "action": "Pass", "to": [{ "domainNames": ["*.example.com"] }], "later": 1 }]),
        ),
        cnp(json!({}), json!([])),
        cnp(json!({}), Value::Null),
        with(cnp(json!({}), all.clone()), "/spec/tier", "Baseline".into()),
        baseline_admin,
        cnp(named("office"), all.clone()),
        cnp(leaves_alone, all.clone()),
        with(
            cnp(json!({}), all),
            "/spec/subject",
            json!({ "pods": { "namespaceSelector": named("office"), "podSelector": {} } }),
        ),
        ccnp(json!({ "endpointSelector": {}, "ingress": [{}], "egressDeny": [{ "toEntities": ["world"] }] })),
        ccnp(json!({ "endpointSelector": {}, "egress": [{}] })),
        ccnp(json!({ "nodeSelector": {}, "egress": [{ "toEntities": ["world"] }] })),
        ccnp(json!({ "endpointSelector": { "matchLabels": { "k8s:io.kubernetes.pod.namespace": "office" } },
            "egress": [{ "toEntities": ["world"] }] })),
        ccnp(json!({ "endpointSelector": { "matchExpressions": [
                { "key": "io.cilium.k8s.namespace.labels.bund.dev/guarded", "operator": "DoesNotExist" }] },
            "egress": [{ "toEntities": ["world"] }] })),
        gnp(json!({ "egress": [{ "action": "Deny" }, { "action": "Log" }] })),
        gnp(json!({ "tier": "security", "egress": [{ "action": "Pass" }] })),
        gnp(json!({ "namespaceSelector": "global()", "egress": allow })),
        gnp(json!({ "namespaceSelector": "kubernetes.io/metadata.name == 'office'", "egress": allow })),
        gnp(json!({ "namespaceSelector": "!has(bund.dev/guarded)", "egress": allow })),
        gnp(
            json!({ "selector": "app == 'a' && projectcalico.org/namespace in {'office'}", "egress": allow }),
        ),
        staged,
    ] {
        assert_eq!(judged(&harmless, &world()), (Verdict::NotApplicable, vec![]), "{harmless}");
    }
}

#[test]
fn what_is_open_anyway_is_admitted() {
    let dns = json!({ "namespaceSelector": named("kube-system"),
        "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } } });
    let at_53 = json!([{ "udp": { "destinationPort": { "number": 53 } } }]);
    for narrow in [
        cnp(json!({}), json!([accept(json!({ "networks": ["10.20.4.0/22", "fd00:20:8::/48"] }))])),
        cnp(json!({}), json!([{ "action": "Accept", "to": [{ "pods": dns }], "protocols": at_53 }])),
        ccnp(json!({ "endpointSelector": {}, "egress": [{ "toCIDR": ["10.20.4.0/22"] }] })),
        gnp(json!({ "egress": [{ "action": "Allow", "destination": { "nets": ["10.20.4.0/22"] } }] })),
    ] {
        assert_eq!(judged(&narrow, &world()), (Verdict::Allow, vec![]), "{narrow}");
    }
}

#[test]
fn what_lets_out_is_told_by_field_and_namespace() {
    let both = |field: &str| ["shop", "vault"].map(|name| (field.to_owned(), name.to_owned())).to_vec();
    let in_vault = |field: &str| vec![(field.to_owned(), "vault".to_owned())];
    let pods = json!({ "pods": { "namespaceSelector": {}, "podSelector": {} } });
    let not_shop = json!({ "matchExpressions": [
        { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop", "office"] }] });
    let to_world = json!([{ "toEntities": ["world"] }]);
    let allow = json!([{ "action": "Allow" }]);
    for (policy, told) in [
        (
            cnp(json!({}), json!([accept(json!({ "networks": ["10.20.4.0/22", ABROAD] }))])),
            both("spec.egress[0].to[0].networks[1]"),
        ),
        (
            cnp(json!({}), json!([accept(json!({ "domainNames": ["example.cn"] }))])),
            both("spec.egress[0].to[0]"),
        ),
        (cnp(json!({}), json!([accept(json!({ "nodes": {} }))])), both("spec.egress[0].to[0]")),
        (
            cnp(json!({}), json!([accept(json!({ "namespaces": {} }))])),
            both("spec.egress[0].to[0].namespaces"),
        ),
        (cnp(json!({}), json!([accept(pods)])), both("spec.egress[0].to[0].pods")),
        (
            cnp(
                json!({}),
                json!([{ "action": "Accept", "to": [{ "networks": ["10.30.0.0/24"] }],
            "protocols": [{ "destinationNamedPort": "https" }] }]),
            ),
            both("spec.egress[0].to[0].networks[0]"),
        ),
        (
            cnp(
                named("vault"),
                json!([{ "action": "Deny", "to": [{ "networks": [ABROAD] }] }, { "to": [{ "networks": [ABROAD] }] }]),
            ),
            in_vault("spec.egress[1].to[0].networks[0]"),
        ),
        (
            cnp(not_shop, json!([accept(json!({ "networks": [ABROAD] }))])),
            in_vault("spec.egress[0].to[0].networks[0]"),
        ),
        (
            cnp(json!({ "matchLabels": { "team": "a" } }), json!([{ "action": "Accept" }])),
            in_vault("spec.egress[0].to"),
        ),
        (ccnp(json!({ "endpointSelector": {}, "egress": to_world })), both("spec.egress[0].toEntities")),
        (ccnp(json!({ "egress": to_world })), both("spec.egress[0].toEntities")),
        (
            ccnp(
                json!({ "endpointSelector": { "matchLabels": { "k8s:io.kubernetes.pod.namespace": "vault", "app": "a" } },
            "egress": [{ "toCIDR": ["0.0.0.0/0"] }] }),
            ),
            in_vault("spec.egress[0].toCIDR[0]"),
        ),
        (gnp(json!({ "egress": allow })), both("spec.egress[0]")),
        (gnp(json!({ "egress": [{ "action": "Pass" }] })), both("spec.egress[0]")),
        (gnp(json!({ "tier": "default", "egress": [{ "action": "Pass" }] })), both("spec.egress[0]")),
        (
            gnp(
                json!({ "tier": "security", "order": 1, "egress": [{ "action": "Allow", "destination": { "domains": ["a"] } }] }),
            ),
            both("spec.egress[0].destination"),
        ),
        (gnp(json!({ "namespaceSelector": "team == 'a'", "egress": allow })), in_vault("spec.egress[0]")),
        (
            gnp(json!({ "namespaceSelector": "team == 'a' || team == 'b'", "egress": allow })),
            both("spec.egress[0]"),
        ),
        (
            gnp(
                json!({ "selector": "app == 'a' && projectcalico.org/namespace != 'shop'", "egress": allow }),
            ),
            in_vault("spec.egress[0]"),
        ),
    ] {
        assert_eq!(found(&policy, &world()), told, "{policy}");
    }
}

#[test]
fn what_cannot_be_read_is_for_every_guarded_namespace_and_opens_everything() {
    let all = json!([accept(json!({ "networks": ["0.0.0.0/0"] }))]);
    let with = |at: &str, value: Value| {
        let mut policy = cnp(named("office"), all.clone());
        policy["spec"][at] = value;
        policy
    };
    let rule = |rule: Value| cnp(json!({}), json!([rule]));
    let to = json!([{ "networks": ["10.20.4.0/22"] }]);
    for unreadable in [
        with("subject", Value::Null),
        with("subject", json!({ "namespaces": { "labels": {} } })),
        with("subject", json!({ "namespaces": named("office"), "pods": {} })),
        with("subject", json!({ "serviceAccounts": {} })),
        with(
            "subject",
            json!({ "pods": { "namespaceSelector": named("office"), "serviceAccountSelector": {} } }),
        ),
        with("nodes", json!({})),
        cnp(json!({}), json!({ "action": "Accept" })),
        rule(json!(7)),
        rule(json!({ "action": "Accept", "to": 7 })),
        rule(json!({ "action": "Accept", "to": [7] })),
        rule(json!({ "action": "Accept", "to": [{ "networks": ["10.20.4.0"] }] })),
        rule(json!({ "action": "Accept", "to": [{ "networks": ["10.20.4.0/22"], "nodes": {} }] })),
        rule(json!({ "action": "Accept", "to": to, "from": [] })),
        rule(json!({ "action": "deny", "to": [{ "networks": [ABROAD] }] })),
    ] {
        assert_eq!(judged(&unreadable, &world()).0, Verdict::Deny, "{unreadable}");
    }
    let ports = |member: &str, ports: Value| {
        let mut policy = rule(json!({ "action": "Accept", "to": [{ "networks": ["10.30.0.0/24"] }] }));
        policy["spec"]["egress"][0][member] = ports;
        judged(&policy, &world()).0
    };
    let number = |number: u16| json!({ "destinationPort": { "number": number } });
    let range =
        |start: u16, end: u16| json!({ "destinationPort": { "range": { "start": start, "end": end } } });
    for (member, listed) in [
        ("protocols", json!([{ "tcp": number(443) }])),
        ("protocols", json!([{ "tcp": range(443, 443) }])),
        ("ports", json!([{ "portNumber": { "protocol": "TCP", "port": 443 } }])),
        ("ports", json!([{ "portRange": { "start": 443, "end": 443 } }])),
    ] {
        assert_eq!(ports(member, listed.clone()), Verdict::Allow, "{listed}");
    }
    for (member, listed) in [
        ("protocols", json!(7)),
        ("protocols", json!([])),
        ("protocols", json!([{}])),
        ("protocols", json!([{ "tcp": {} }])),
        ("protocols", json!([{ "udp": number(443) }])),
        ("protocols", json!([{ "tcp": number(443), "udp": number(443) }])),
        ("protocols", json!([{ "tcp": number(443) }, { "icmp": {} }])),
        ("protocols", json!([{ "tcp": range(443, 444) }])),
        ("protocols", json!([{ "tcp": range(444, 443) }])),
        ("protocols", json!([{ "tcp": { "destinationPort": { "number": 443, "range": {} } } }])),
        ("ports", json!([{ "namedPort": "https" }])),
        ("ports", json!([{ "portNumber": { "protocol": "SCTP", "port": 443 } }])),
        ("ports", json!([{ "portNumber": { "protocol": "TCP", "port": 443 }, "namedPort": "https" }])),
    ] {
        assert_eq!(ports(member, listed.clone()), Verdict::Deny, "{listed}");
    }
}

/// The world in which the policy only tells in `vault`.
fn told_in_vault() -> Snapshot {
    let mut policy = facts::policy("Inject");
    policy["spec"]["enforcement"]["egress"] = "Deny".into();
    policy["spec"]["overrides"] = json!([{ "namespaces": ["vault"], "enforcement": { "egress": "Audit" } }]);
    let mut world = world();
    world.observe(&policy);
    world
}

#[test]
fn the_strictest_of_the_namespaces_that_it_reaches_refuses_it() {
    let world = told_in_vault();
    let to = |namespaces: Value| {
        let decision = asked(&cnp(namespaces, json!([accept(json!({ "networks": [ABROAD] }))])), &world);
        let modes: Vec<_> = decision.findings.iter().map(|finding| finding.mode).collect();
        let response = decision.response();
        (modes, response.allowed, response.recorded.len())
    };
    assert_eq!(to(json!({})), (vec![Mode::Deny, Mode::Audit], false, 1));
    assert_eq!(to(named("vault")), (vec![Mode::Audit], true, 1));
}

#[test]
fn an_update_is_refused_only_for_what_it_opens_more() {
    let world = world();
    let open = |namespaces: &[&str], networks: &[&str]| {
        let selector = json!({ "matchExpressions": [
            { "key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces }] });
        cnp(selector, json!([accept(json!({ "networks": networks }))]))
    };
    let update = |old: &Value, new: &Value| {
        let request = Request {
            operation: Operation::Update,
            old_object: Some(old.clone()),
            ..Request::of_object(new.clone(), None)
        };
        decide(&request, &world, Timestamp::UNIX_EPOCH).response().allowed
    };
    let before = open(&["shop", "vault"], &["198.51.100.0/24", "203.0.113.0/24"]);
    assert!(update(&before, &before));
    assert!(update(&before, &open(&["vault"], &["198.51.100.0/24"])), "less is no reason to refuse");
    assert!(!update(&open(&["vault"], &["203.0.113.0/24"]), &open(&["shop", "vault"], &["203.0.113.0/24"])));
    assert!(!update(&open(&["vault"], &["203.0.113.0/24"]), &before));
}

#[test]
fn broken_glass_lets_through_what_it_opens_there() {
    let glass = |namespaces: Value| {
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass",
            "metadata": { "name": "inc-7", "creationTimestamp": "1970-01-01T00:01:40Z" },
            "spec": { "reason": "INC-7: the mainland zone is down", "requestedBy": "kate", "namespaces": namespaces, "durationMinutes": 2 }
        })
    };
    let opens = cnp(json!({}), json!([accept(json!({ "networks": [ABROAD] }))]));
    for (broken_in, allowed) in
        [(json!(["shop"]), false), (json!(["shop", "vault"]), true), (json!([]), true)]
    {
        let mut world = world();
        world.observe(&glass(broken_in.clone()));
        assert_eq!(asked(&opens, &world).response().allowed, allowed, "{broken_in}");
    }
}

#[test]
fn however_many_namespaces_it_reaches_little_is_told_and_what_refuses_comes_first() {
    let mut world = told_in_vault();
    for number in 0..100 {
        world.observe(&namespace(&format!("z{number:03}"), json!({ "bund.dev/guarded": "true" })));
    }
    let opens =
        |network: &str| asked(&cnp(json!({}), json!([accept(json!({ "networks": [network] }))])), &world);
    let decision = opens(ABROAD);
    let modes: Vec<_> = decision.findings.iter().map(|finding| finding.mode).collect();
    assert_eq!(modes, [Mode::Deny; 65]);
    let rest = decision.findings.iter().find(|finding| finding.field.as_str() == "spec").unwrap();
    assert_eq!(rest.what, "lets pods of guarded namespaces reach 38 more places that are not open to them");
    assert_eq!(opens(ABROAD), decision);
    assert!(opens("203.0.113.8/32").findings.iter().all(|other| other.identity() != rest.identity()));
}

#[test]
fn those_that_exist_are_told_by_the_namespaces_that_they_reach() {
    let mut world = world();
    let opens = cnp(named("vault"), json!([accept(json!({ "networks": [ABROAD] }))]));
    world.observe(&opens);
    let told = |world: &Snapshot, namespace: &str| -> Vec<(String, usize)> {
        widening(namespace, world).map(|(policy, findings)| (called(policy), findings)).collect()
    };
    assert_eq!(told(&world, "vault"), [("ClusterNetworkPolicy users-own".to_owned(), 1)]);
    assert_eq!(told(&world, "shop"), []);
    world.observe(&namespace("vault", json!({})));
    assert_eq!(told(&world, "vault"), [], "it is guarded no more");
    world.observe(&namespace("vault", json!({ "bund.dev/guarded": "true" })));
    let gone = world.cluster_policies().next().unwrap().id.clone();
    world.forget(&gone);
    assert_eq!(told(&world, "vault"), []);
}
