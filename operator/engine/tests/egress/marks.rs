//! The labels by which network policies tell pods apart.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{
    HeldClass, Request, Snapshot, decide,
    egress::{Holds, marks},
};
use proptest::{collection::btree_set, prelude::*};
use serde_json::{Value, json};

use crate::world::{deployment, namespace, noon, pod, pod_of, policy, recorded, snapshot, transfer};

fn holds<'c>(classes: impl IntoIterator<Item = &'c str>) -> Holds {
    Holds(classes.into_iter().map(HeldClass::from).collect())
}

fn is_label_value(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[test]
fn a_set_is_told_by_its_names_where_that_is_clear_and_otherwise_by_a_digest() {
    assert_eq!(holds([]).label(), "nothing");
    assert_eq!(holds(["b", "a"]).label(), "a.b");
    assert_eq!(holds(["Payment_Data"]).label(), "Payment_Data");
    let long = "a".repeat(40);
    for set in [&["nothing"][..], &["a.b"], &["sha256-0"], &["-a"], &[""], &[&long, "b".repeat(40).as_str()]]
    {
        let label = holds(set.iter().copied()).label();
        assert!(label.starts_with("sha256-") && label.len() == 47, "{set:?}: {label}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_sets_have_one_mark(
        sets in btree_set(btree_set("[a-cA_.-]{0,3}|nothing|sha256-[0-9a-f]{2}|[a-b]{30,33}", 0..4), 2..5),
    ) {
        let labels: BTreeSet<String> =
            sets.iter().map(|set| holds(set.iter().map(String::as_str)).label()).collect();
        prop_assert_eq!(labels.len(), sets.len());
        prop_assert!(labels.iter().all(|label| is_label_value(label)), "{:?}", labels);
    }
}

fn of(pod: &Value, snapshot: &Snapshot) -> BTreeMap<String, String> {
    marks(&snapshot.extract(pod, None, None), snapshot, noon())
}

fn mark(value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("egress.bund.dev/holds".to_owned(), value.to_owned())])
}

#[test]
fn every_pod_of_a_closed_namespace_is_marked_with_what_it_holds() {
    let deny = policy("strict", &["personal-information"], "Deny", &Value::Null);
    let audit = policy("logs", &["logs"], "Audit", &Value::Null);
    let closed = snapshot([
        deny,
        audit,
        namespace("shop", true),
        namespace("idle", true),
        deployment("shop", "d", &["personal-information"], &[]),
    ]);
    let classes = ["personal-information", "logs"];
    assert_eq!(of(&pod("shop", "p", &classes, &[]), &closed), mark("personal-information"));
    assert_eq!(of(&pod("shop", "p", &["logs"], &[]), &closed), mark("nothing"));
    assert_eq!(
        of(&pod("idle", "p", &["logs"], &[]), &closed),
        BTreeMap::new(),
        "nothing closes its namespace"
    );
    assert_eq!(
        of(&pod("idle", "p", &classes, &[]), &closed),
        mark("personal-information"),
        "the pod itself does"
    );
    assert_eq!(of(&pod("ops", "p", &classes, &[]), &closed), BTreeMap::new());
}

#[test]
fn a_pod_that_comes_to_be_is_given_what_it_lacks() {
    let deny = policy("strict", &["personal-information"], "Deny", &Value::Null);
    let closed = snapshot([deny, namespace("shop", true)]);
    let created = |pod: Value| decide(&Request::of_object(pod, None), &closed, noon());
    let classes = ["personal-information"];
    let bare = created(pod("shop", "p", &classes, &[]));
    assert_eq!((bare.labels, bare.findings), (mark("personal-information"), vec![]));
    let whole = created(pod("shop", "p", &classes, &[("egress.bund.dev/holds", "personal-information")]));
    assert_eq!((whole.labels, whole.findings), (BTreeMap::new(), vec![]));
    // Something that holds a class was added to it after it was marked.
    let late = created(pod("shop", "p", &classes, &[("egress.bund.dev/holds", "nothing")]));
    assert_eq!((late.labels, late.findings), (mark("personal-information"), vec![]));
    let deployment = created(deployment("shop", "d", &classes, &[]));
    assert_eq!(deployment.labels, BTreeMap::new());
}

#[test]
fn a_transfer_marks_its_sources_if_it_declares_all_that_they_hold() {
    let sources = json!([{"kind": "Deployment", "name": "orders"}]);
    let to = json!([{"network": "203.0.113.7/32", "ports": [{"port": 443, "protocol": "TCP"}]}]);
    let deny = policy("strict", &["personal-information", "payments"], "Deny", &Value::Null);
    let facts = [deny, namespace("shop", true)];
    let waiting = snapshot(facts.into_iter().chain(transfer("t", &["personal-information"], &sources, &to)));
    let open = recorded(waiting.clone());
    let orders = pod_of("shop", "orders", &["personal-information"]);
    let mut marked = mark("personal-information");
    assert_eq!(of(&orders, &waiting), marked);
    marked.insert("transfer.egress.bund.dev/t-uid".to_owned(), String::new());
    assert_eq!(of(&orders, &open), marked);
    let others = pod_of("shop", "others", &["personal-information"]);
    assert_eq!(of(&others, &open), mark("personal-information"));
    let more = pod_of("shop", "orders", &["payments", "personal-information"]);
    assert_eq!(of(&more, &open), mark("payments.personal-information"));
}
