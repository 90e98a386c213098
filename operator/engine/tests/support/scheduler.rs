//! An oracle that shares nothing with the engine: the scheduler's matching, written after
//! `k8s.io/component-helpers/scheduling/corev1/nodeaffinity` and `k8s.io/apimachinery/pkg/labels`, and every
//! honest node that differs in what a pod mentions.
//!
//! It departs from the scheduler once, on purpose: what the scheduler of today does not understand (another
//! operator, another field) holds for every node, because the one of tomorrow may understand it.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the oracle reads pods that a strategy made sound"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::facts::{INSIDE_NODE, OUTSIDE_NODE};

const REGION_KEYS: [&str; 2] = ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
const ZONE_KEYS: [&str; 3] = [
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
    "topology.ebs.csi.aws.com/zone",
];
const TRUSTED_KEY: &str = "node-restriction.kubernetes.io/jurisdiction";
const TRUSTED_VALUE: &str = "cn-mainland";

/// The places inside: what a region label may say there, and what a zone label may.
const PLACES: [(&[&str], Zones); 5] = [
    (&["cn-hangzhou"], Zones::These(&["cn-hangzhou-h"])),
    (&["cn-beijing"], Zones::These(&["cn-beijing-a"])),
    (&["ap-guangzhou", "gz"], Zones::These(&["ap-guangzhou-3"])),
    (&["cn-north-1"], Zones::These(&["cn-north-1a"])),
    (&["dc1"], Zones::Any),
];

#[derive(Clone, Copy)]
enum Zones {
    These(&'static [&'static str]),
    Any,
}

/// A node: its name and its labels.
pub struct Node<'n> {
    pub name: &'n str,
    pub labels: BTreeMap<&'n str, &'n str>,
}

/// Where an honest node is. Others are none of the scheduler's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Inside, and its node key says so.
    InsideByKey,
    /// Inside, by an administrator's label alone.
    InsideByTrust,
    Outside,
    Dishonest,
}

impl Node<'_> {
    fn at<'k>(&self, keys: impl Iterator<Item = &'k str>) -> Vec<&str> {
        keys.filter_map(|key| self.labels.get(key).copied()).collect()
    }

    /// Where the node is, if it is honest.
    pub fn standing(&self, node_key: &str) -> Standing {
        let regions = self.at(REGION_KEYS.into_iter().filter(|key| *key != node_key).chain([node_key]));
        let zones = self.at(ZONE_KEYS.into_iter());
        let trusted = self.labels.get(TRUSTED_KEY).copied();
        let by_key = self.labels.contains_key(node_key);
        let in_place = PLACES.into_iter().any(|(names, of_place)| {
            regions.iter().all(|region| names.contains(region))
                && zones.iter().all(|zone| zone_says_nothing(zone) || of_place.admit(zone))
        });
        let names_inside = trusted == Some(TRUSTED_VALUE)
            || regions.iter().any(|region| PLACES.iter().any(|(names, _)| names.contains(region)))
            || zones.iter().any(|zone| PLACES.iter().any(|(_, of_place)| of_place.tell(zone)));
        let known = |name| self.name == name;
        if in_place && !known(OUTSIDE_NODE) && by_key && trusted.is_none_or(|t| t == TRUSTED_VALUE) {
            Standing::InsideByKey
        } else if in_place && !known(OUTSIDE_NODE) && !by_key && trusted == Some(TRUSTED_VALUE) {
            Standing::InsideByTrust
        } else if !names_inside && !known(INSIDE_NODE) {
            Standing::Outside
        } else {
            Standing::Dishonest
        }
    }
}

fn zone_says_nothing(zone: &str) -> bool {
    zone.bytes().all(|b| b.is_ascii_digit())
}

impl Zones {
    fn admit(self, zone: &str) -> bool {
        match self {
            Self::These(zones) => zones.contains(&zone),
            Self::Any => true,
        }
    }

    /// Whether the zone can only be said here.
    fn tell(self, zone: &str) -> bool {
        match self {
            Self::These(zones) => zones.contains(&zone),
            Self::Any => false,
        }
    }
}

/// What a pod asks of its node.
pub struct Asked<'p> {
    selector: Vec<(&'p str, &'p str)>,
    /// `None` where no affinity is required; of a term, `None` where it matches nothing.
    terms: Option<Vec<Option<Term<'p>>>>,
}

struct Term<'p> {
    labels: Vec<Requirement<'p>>,
    names: Vec<(bool, &'p str)>,
}

struct Requirement<'p> {
    key: &'p str,
    operator: &'p str,
    values: Vec<&'p str>,
    bound: i64,
}

fn text<'p>(value: &'p Value, member: &str) -> &'p str {
    value[member].as_str().unwrap_or_default()
}

fn list<'p>(value: &'p Value, member: &str) -> &'p [Value] {
    value[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts<'p>(value: &'p Value, member: &str) -> Vec<&'p str> {
    list(value, member).iter().filter_map(Value::as_str).collect()
}

impl<'p> Asked<'p> {
    pub fn of(spec: &'p Value) -> Self {
        let selector = spec["nodeSelector"].as_object().into_iter().flatten();
        let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        Self {
            selector: selector.map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect(),
            terms: required
                .is_object()
                .then(|| list(required, "nodeSelectorTerms").iter().map(Term::of).collect()),
        }
    }

    fn selector_holds(&self, node: &Node<'_>) -> bool {
        self.selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
    }

    /// Per term, whether the node satisfies it together with the selector; the scheduler may place the pod on it
    /// where it satisfies any.
    pub fn satisfied(&self, node: &Node<'_>) -> Vec<bool> {
        let selected = self.selector_holds(node);
        match &self.terms {
            None => vec![selected],
            Some(terms) => terms
                .iter()
                .map(|term| selected && term.as_ref().is_some_and(|term| term.holds(node)))
                .collect(),
        }
    }
}

impl<'p> Term<'p> {
    fn of(term: &'p Value) -> Option<Self> {
        let (expressions, fields) = (list(term, "matchExpressions"), list(term, "matchFields"));
        if expressions.is_empty() && fields.is_empty() {
            return None;
        }
        let mut read = Self { labels: Vec::new(), names: Vec::new() };
        for expression in expressions {
            let (operator, values) = (text(expression, "operator"), texts(expression, "values"));
            let (mut bound, sound) = (
                0,
                match operator {
                    "In" | "NotIn" => !values.is_empty(),
                    "Exists" | "DoesNotExist" => values.is_empty(),
                    "Gt" | "Lt" => values.len() == 1 && values[0].parse::<i64>().is_ok(),
                    _ => continue,
                },
            );
            if !sound {
                return None;
            }
            if matches!(operator, "Gt" | "Lt") {
                bound = values[0].parse().unwrap();
            }
            read.labels.push(Requirement { key: text(expression, "key"), operator, values, bound });
        }
        for field in fields {
            match (text(field, "key"), text(field, "operator"), texts(field, "values").as_slice()) {
                ("metadata.name", "In", [name]) => read.names.push((true, name)),
                ("metadata.name", "NotIn", [name]) => read.names.push((false, name)),
                ("metadata.name", "In" | "NotIn", _) => return None,
                _ => {}
            }
        }
        Some(read)
    }

    fn holds(&self, node: &Node<'_>) -> bool {
        self.names.iter().all(|(wanted, name)| (node.name == *name) == *wanted)
            && self
                .labels
                .iter()
                .all(|requirement| requirement.holds(node.labels.get(requirement.key).copied()))
    }
}

impl Requirement<'_> {
    fn holds(&self, label: Option<&str>) -> bool {
        match (self.operator, label) {
            ("In", Some(label)) => self.values.contains(&label),
            ("NotIn", Some(label)) => !self.values.contains(&label),
            ("Exists", label) => label.is_some(),
            ("DoesNotExist", label) => label.is_none(),
            ("NotIn", None) => true,
            ("Gt", Some(label)) => label.parse::<i64>().is_ok_and(|label| label > self.bound),
            ("Lt", Some(label)) => label.parse::<i64>().is_ok_and(|label| label < self.bound),
            _ => false,
        }
    }
}

/// Every node that differs in what `asked` mentions: each key absent, with each value that is mentioned for it,
/// with values that nobody mentions, with integers around the bounds, with what names a place.
pub fn nodes<'n>(asked: &Asked<'n>, node_key: &'n str, mut visit: impl FnMut(&Node<'n>)) {
    let terms = || asked.terms.iter().flatten().flatten();
    let mut names: BTreeSet<&str> = terms().flat_map(|term| &term.names).map(|(_, name)| *name).collect();
    names.insert("later-9");
    let mut candidates: BTreeMap<&str, BTreeSet<&'n str>> = BTreeMap::from([(node_key, BTreeSet::new())]);
    for (key, value) in &asked.selector {
        candidates.entry(key).or_default().insert(value);
    }
    for requirement in terms().flat_map(|term| &term.labels) {
        let values = candidates.entry(requirement.key).or_default();
        values.extend(&requirement.values);
        if matches!(requirement.operator, "Gt" | "Lt") {
            for integer in around(requirement.bound) {
                values.insert(integer);
            }
        }
    }
    for (key, values) in &mut candidates {
        values.extend(["unmentioned", "3"]);
        if *key == node_key || REGION_KEYS.contains(key) {
            values.extend(PLACES.iter().flat_map(|(names, _)| *names));
        } else if ZONE_KEYS.contains(key) {
            values.extend(["cn-hangzhou-h", "cn-beijing-a", "ap-guangzhou-3", "cn-north-1a"]);
        } else if *key == TRUSTED_KEY {
            values.insert(TRUSTED_VALUE);
        }
    }
    if !candidates.contains_key(TRUSTED_KEY) {
        // An administrator's label that nobody asks for may be there or not.
        candidates.insert(TRUSTED_KEY, BTreeSet::from([TRUSTED_VALUE]));
    }
    let candidates: Vec<(&str, Vec<&'n str>)> =
        candidates.into_iter().map(|(key, values)| (key, values.into_iter().collect())).collect();
    for name in names {
        enumerate(&candidates, &mut Node { name, labels: BTreeMap::new() }, &mut visit);
    }
}

/// Integers at and beside a bound, each in a spelling that nobody mentions too.
fn around(bound: i64) -> impl Iterator<Item = &'static str> {
    [bound.checked_sub(1), Some(bound), bound.checked_add(1)]
        .into_iter()
        .flatten()
        .filter(|n| *n >= 0)
        .flat_map(|n| [format!("{n}"), format!("00000{n}")])
        .map(|n| -> &'static str { Box::leak(n.into_boxed_str()) })
}

fn enumerate<'n>(
    candidates: &[(&'n str, Vec<&'n str>)],
    node: &mut Node<'n>,
    visit: &mut impl FnMut(&Node<'n>),
) {
    let Some(((key, values), rest)) = candidates.split_first() else { return visit(node) };
    enumerate(rest, node, visit);
    for value in values {
        node.labels.insert(key, value);
        enumerate(rest, node, visit);
    }
    node.labels.remove(key);
}
