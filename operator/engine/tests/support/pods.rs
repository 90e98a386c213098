//! Pods that ask for all kinds of nodes.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};
use serde_json::{Map, Value, json};

use crate::facts::{INSIDE_NODE, OUTSIDE_NODE};

/// How many cases to try: `PROPTEST_CASES`, or enough to be quick.
pub fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    // What fails becomes a case with a name in a table, not a seed in a file.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

const CUSTOM_KEY: &str = "place.example.cn/region";

/// The label that names a node's region in the cluster: the well-known one, or one of the cluster's own.
pub fn node_key() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("topology.kubernetes.io/region"), Just(CUSTOM_KEY)]
}

const KEYS: [&str; 9] = [
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
    "topology.ebs.csi.aws.com/zone",
    "node-restriction.kubernetes.io/jurisdiction",
    CUSTOM_KEY,
    "disktype",
    "cpu",
];

const VALUES: [&str; 26] = [
    "cn-hangzhou",
    "cn-beijing",
    "ap-guangzhou",
    "gz",
    "cn-north-1",
    "dc1",
    "cn-hongkong",
    "hk",
    "ap-southeast-1",
    "CN-Hangzhou",
    "cn-hangzhou-h",
    "cn-hangzhou-hh",
    "cn-beijing-a",
    "ap-guangzhou-3",
    "gz-3",
    "cn-north-1a",
    "cn-hongkong-b",
    "100003",
    "cn-mainland",
    "hong-kong",
    "ssd",
    "",
    "0",
    "7",
    "007",
    "9223372036854775807",
];

const INTEGERS: [&str; 6] = ["0", "6", "8", "007", "100003", "9223372036854775807"];

/// The spec of a pod, with everything that decides on its node.
pub fn pod_spec() -> impl Strategy<Value = Value> {
    subsequence(KEYS.to_vec(), 1..=3).prop_flat_map(|keys| {
        let selector = vec((select(keys.clone()), select(VALUES.to_vec())), 0..=2);
        let terms = proptest::option::of(vec(term(keys), 0..=3));
        (proptest::option::of(selector), terms).prop_map(|(selector, terms)| {
            let mut spec = Map::new();
            spec.insert("containers".to_owned(), json!([{"name": "c", "image": "registry.example.cn/c"}]));
            if let Some(selector) = selector {
                spec.insert(
                    "nodeSelector".to_owned(),
                    selector.into_iter().map(|(k, v)| (k, json!(v))).collect(),
                );
            }
            if let Some(terms) = terms {
                let required = "requiredDuringSchedulingIgnoredDuringExecution";
                spec.insert(
                    "affinity".to_owned(),
                    json!({"nodeAffinity": {required: {"nodeSelectorTerms": terms}}}),
                );
            }
            Value::Object(spec)
        })
    })
}

fn term(keys: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let fields = prop_oneof![4 => Just(Vec::new()), 1 => vec(field(), 1..=2)];
    let whole = (vec(expression(keys), 0..=3), fields).prop_map(|(expressions, fields)| {
        let mut term = Map::new();
        if !expressions.is_empty() {
            term.insert("matchExpressions".to_owned(), json!(expressions));
        }
        if !fields.is_empty() {
            term.insert("matchFields".to_owned(), json!(fields));
        }
        Value::Object(term)
    });
    prop_oneof![20 => whole, 1 => Just(Value::Null)]
}

fn expression(keys: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let values = |count| vec(select(VALUES.to_vec()), count);
    let listed = (select(vec!["In", "NotIn"]), prop_oneof![12 => values(1..=4), 1 => values(0..=0)]);
    let bare = (select(vec!["Exists", "DoesNotExist"]), prop_oneof![12 => values(0..=0), 1 => values(1..=1)]);
    let integer = vec(select(INTEGERS.to_vec()), 1..=1);
    let compared = (select(vec!["Gt", "Lt"]), prop_oneof![12 => integer, 1 => values(0..=2)]);
    let unknown = (select(vec!["Near", "in"]), values(0..=1));
    let asked = prop_oneof![8 => listed, 4 => bare, 4 => compared, 1 => unknown];
    (select(keys), asked).prop_map(|(key, (operator, values))| {
        if values.is_empty() {
            json!({"key": key, "operator": operator})
        } else {
            json!({"key": key, "operator": operator, "values": values})
        }
    })
}

fn field() -> impl Strategy<Value = Value> {
    let names = vec![INSIDE_NODE, OUTSIDE_NODE, "later-1", "later-2"];
    let key = prop_oneof![10 => Just("metadata.name"), 1 => Just("metadata.uid"), 1 => Just("")];
    let operator = prop_oneof![6 => Just("In"), 4 => Just("NotIn"), 1 => Just("Exists")];
    let values = prop_oneof![8 => vec(select(names.clone()), 1..=1), 1 => vec(select(names), 0..=2)];
    (key, operator, values)
        .prop_map(|(key, operator, values)| json!({"key": key, "operator": operator, "values": values}))
}
