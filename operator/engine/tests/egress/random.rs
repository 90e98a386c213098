//! Random clusters, read back from the policies as the API server would have them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bund_engine::{
    Snapshot,
    egress::{Marker, holds, manifest, marks, plan},
};
use ipnet::IpNet;
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

use crate::world::{CLASSES, cluster, namespace, noon, observed, pod_of, policy, recorded, transfer};

const NAMESPACES: [&str; 4] = ["shop", "till", "open", "ops"];
const MODES: [&str; 3] = ["Deny", "Warn", "Audit"];
/// Inside as far as they are declared or listed; the last two are not.
const NETWORKS: [&str; 5] =
    ["10.20.1.0/24", "198.51.100.0/25", "fd00:20::/64", "203.0.113.0/24", "2001:db8::/32"];

#[derive(Clone, Debug)]
struct Sketch {
    policies: Vec<(Vec<&'static str>, usize, Vec<&'static str>)>,
    guarded: Vec<bool>,
    pods: Vec<(usize, usize, Vec<&'static str>)>,
    transfer: Option<(Vec<&'static str>, usize)>,
}

fn classes(least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(CLASSES.to_vec(), least..=CLASSES.len())
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let networks = subsequence(NETWORKS.to_vec(), 0..=NETWORKS.len());
    let policies = prop::collection::vec((classes(1), 0..MODES.len(), networks), 1..4);
    let pods = prop::collection::vec((0..NAMESPACES.len(), 0..3_usize, classes(0)), 1..9);
    let transfer = prop::option::of((classes(1), 0..3_usize));
    (policies, prop::collection::vec(any::<bool>(), NAMESPACES.len()), pods, transfer)
        .prop_map(|(policies, guarded, pods, transfer)| Sketch { policies, guarded, pods, transfer })
}

fn workload(number: usize) -> String {
    format!("w{number}")
}

const ABROAD: &str = "192.0.2.7";

impl Sketch {
    fn objects(&self) -> Vec<Value> {
        let mut objects = cluster();
        for (number, (classes, mode, networks)) in self.policies.iter().enumerate() {
            let networks: Vec<_> = networks.iter().map(|network| json!({"network": network})).collect();
            let egress = json!({ "networks": networks });
            objects.push(policy(&format!("p{number}"), classes, MODES[*mode], &egress));
        }
        objects.extend(NAMESPACES.iter().zip(&self.guarded).map(|(name, guarded)| namespace(name, *guarded)));
        objects.extend(self.pods());
        if let Some((classes, source)) = &self.transfer {
            let sources = json!([{"kind": "Deployment", "name": workload(*source)}]);
            let to =
                json!([{"network": format!("{ABROAD}/32"), "ports": [{"port": 443, "protocol": "TCP"}]}]);
            objects.extend(transfer("t", classes, &sources, &to));
        }
        objects
    }

    fn pods(&self) -> Vec<Value> {
        // Of several pods with one name the last counts.
        let pods = self.pods.iter().map(|(namespace, number, classes)| {
            let (namespace, name) = (NAMESPACES[*namespace], workload(*number));
            ((namespace, name.clone()), pod_of(namespace, &name, classes))
        });
        pods.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn snapshot(&self) -> Snapshot {
        recorded(observed(self.objects()))
    }
}

/// A pod with its marks, as the API server holds it.
struct Marked {
    namespace: String,
    name: String,
    labels: BTreeMap<String, String>,
    held: BTreeSet<String>,
}

fn marked(pod: &Value, snapshot: &Snapshot) -> Marked {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    let mut labels: BTreeMap<String, String> =
        serde_json::from_value(pod["metadata"]["labels"].clone()).unwrap();
    labels.extend(marks(&snapshot.extract(pod, None, None), snapshot, noon()));
    let held =
        labels.keys().filter_map(|key| key.strip_prefix("data-class.bund.dev/").map(str::to_owned)).collect();
    Marked { namespace: text("/metadata/namespace"), name: text("/metadata/name"), labels, held }
}

/// What a NetworkPolicy means, as far as ours go.
struct Reader<'s> {
    policies: Vec<Value>,
    guarded: BTreeSet<&'s str>,
}

enum To<'t> {
    Address(IpAddr, u16),
    Pod(&'t Marked),
}

impl Reader<'_> {
    fn selects(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
        let equal = selector["matchLabels"].as_object().into_iter().flatten();
        let mut listed = selector["matchExpressions"].as_array().into_iter().flatten();
        equal.into_iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
            && listed.all(|one| {
                let values: Vec<&str> =
                    one["values"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                let held = labels.get(one["key"].as_str().unwrap()).map(String::as_str);
                match one["operator"].as_str().unwrap() {
                    "In" => held.is_some_and(|held| values.contains(&held)),
                    "NotIn" => held.is_none_or(|held| !values.contains(&held)),
                    other => panic!("{other}"),
                }
            })
    }

    fn namespace_labels(&self, name: &str) -> BTreeMap<String, String> {
        let own = [("kubernetes.io/metadata.name".to_owned(), name.to_owned())];
        let guarded = self.guarded.contains(name).then(|| ("bund.dev/guarded".to_owned(), "true".to_owned()));
        own.into_iter().chain(guarded).collect()
    }

    /// Whether a pod may send; `None` where no policy selects it.
    fn allows(&self, sender: &Marked, to: &To<'_>) -> Option<bool> {
        let selecting = self.policies.iter().filter(|policy| {
            policy["metadata"]["namespace"] == sender.namespace.as_str()
                && Self::selects(&policy["spec"]["podSelector"], &sender.labels)
        });
        let rules: Vec<&Value> =
            selecting.flat_map(|policy| policy["spec"]["egress"].as_array().unwrap()).collect();
        let rule_allows = |rule: &&Value| {
            let peers = rule["to"].as_array().unwrap();
            assert!(!peers.is_empty(), "a rule that leads everywhere: {rule}");
            let ports = rule["ports"].as_array();
            peers.iter().any(|peer| match to {
                To::Address(address, port) => {
                    let block = peer["ipBlock"]["cidr"].as_str().map(|cidr| cidr.parse::<IpNet>().unwrap());
                    block.is_some_and(|block| block.contains(address))
                        && ports.is_none_or(|ports| ports.iter().any(|listed| listed["port"] == *port))
                }
                To::Pod(receiver) => {
                    peer.get("podSelector").is_some()
                        && Self::selects(
                            &peer["namespaceSelector"],
                            &self.namespace_labels(&receiver.namespace),
                        )
                        && Self::selects(&peer["podSelector"], &receiver.labels)
                }
            })
        };
        (!rules.is_empty()).then(|| rules.iter().any(rule_allows))
    }
}

fn reader<'s>(sketch: &Sketch, snapshot: &Snapshot) -> (Reader<'s>, BTreeSet<String>) {
    let plans = plan(snapshot, noon());
    let enforced = plans.iter().filter(|plan| plan.mode == bund_crds::Mode::Deny);
    let closed = enforced.clone().map(|plan| plan.namespace.to_string()).collect();
    let policies = enforced
        .flat_map(|plan| plan.policies.iter().map(|policy| manifest(policy, &plan.namespace, snapshot)))
        .collect();
    let guarded =
        NAMESPACES.iter().zip(&sketch.guarded).filter(|(_, guarded)| **guarded).map(|(name, _)| *name);
    (Reader { policies, guarded: guarded.collect() }, closed)
}

/// Whether the mode of a class is `Deny`: some policy that keeps it says so.
fn denied(sketch: &Sketch, class: &str) -> bool {
    sketch.policies.iter().any(|(classes, mode, _)| MODES[*mode] == "Deny" && classes.contains(&class))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The plan against what was drawn: who is closed, who reaches whom, and which addresses.
    #[test]
    fn what_must_not_leave_reaches_peers_and_networks_inside_alone(sketch in sketch()) {
        let snapshot = sketch.snapshot();
        let (reader, closed) = reader(&sketch, &snapshot);
        let pods: Vec<Marked> = sketch.pods().iter().map(|pod| marked(pod, &snapshot)).collect();
        let kept = |pod: &Marked| -> BTreeSet<String> {
            pod.held.iter().filter(|class| denied(&sketch, class)).cloned().collect()
        };
        for sender in &pods {
            let is_guarded = reader.guarded.contains(sender.namespace.as_str()) && sender.namespace != "ops";
            if is_guarded && !kept(sender).is_empty() {
                prop_assert!(closed.contains(&sender.namespace), "{} is open", sender.name);
            }
            if !closed.contains(&sender.namespace) {
                prop_assert!(!sender.labels.keys().any(|key| key.contains("egress.bund.dev")));
                continue;
            }
            for receiver in &pods {
                let expected = closed.contains(&receiver.namespace) && kept(sender).is_subset(&kept(receiver));
                let allowed = reader.allows(sender, &To::Pod(receiver));
                prop_assert_eq!(allowed, Some(expected), "{} to {}", sender.name, receiver.name);
            }
            for network in NETWORKS {
                let network: IpNet = network.parse().unwrap();
                let inside = !["203.0.113.0/24", "2001:db8::/32"].contains(&network.to_string().as_str());
                let listed = sketch.policies.iter().any(|(classes, _, networks)| {
                    let kept = kept(sender);
                    networks.contains(&network.to_string().as_str())
                        && (kept.is_empty() || kept.iter().any(|class| classes.contains(&class.as_str())))
                });
                let to = To::Address(network.addr(), 5432);
                prop_assert_eq!(reader.allows(sender, &to), Some(inside && listed), "{} to {}", sender.name, network);
            }
            let covered = sketch.transfer.as_ref().is_some_and(|(classes, source)| {
                sender.namespace == "shop"
                    && sender.name.starts_with(&workload(*source))
                    && sender.held.iter().all(|class| classes.contains(&class.as_str()))
            });
            let abroad = |port| reader.allows(sender, &To::Address(ABROAD.parse().unwrap(), port));
            prop_assert_eq!((abroad(443), abroad(80)), (Some(covered), Some(false)), "{}", sender.name);
            // Without its marks, or with those of somebody else, it reaches no address that is not inside.
            let bare = Marked {
                namespace: sender.namespace.clone(),
                name: sender.name.clone(),
                labels: BTreeMap::new(),
                held: BTreeSet::new(),
            };
            prop_assert_eq!(reader.allows(&bare, &To::Address("203.0.113.9".parse().unwrap(), 443)), Some(false));
            prop_assert!(pods.iter().all(|other| reader.allows(&bare, &To::Pod(other)) == Some(false)));
        }
    }

    #[test]
    fn the_order_of_facts_makes_no_difference_and_size_depends_on_sets_alone(
        (sketch, order) in sketch().prop_flat_map(|sketch| {
            let objects = sketch.objects();
            (Just(sketch), Just(objects).prop_shuffle())
        }),
    ) {
        let plans = plan(&sketch.snapshot(), noon());
        prop_assert_eq!(&plan(&recorded(observed(order)), noon()), &plans);
        for plan in &plans {
            // One for everybody, one per set of classes, one per transfer.
            prop_assert!(plan.policies.len() <= 1 + (1 << CLASSES.len()) + 1);
            let names: BTreeSet<_> = plan.policies.iter().map(|policy| &policy.name).collect();
            prop_assert_eq!(names.len(), plan.policies.len());
        }
    }

    /// Each pod twice, so that pods alike lie side by side.
    #[test]
    fn marks_of_many_pods_are_those_of_each_by_itself(sketch in sketch()) {
        let mut objects = sketch.objects();
        objects.extend(sketch.pods().into_iter().map(|mut pod| {
            pod["metadata"]["name"] = format!("{}-again", pod["metadata"]["name"].as_str().unwrap()).into();
            pod["metadata"]["uid"] = "again".into();
            pod
        }));
        let snapshot = recorded(observed(objects));
        let mut marker = Marker::new(&snapshot, noon());
        for pod in snapshot.pods() {
            let together = marker.marks(pod);
            prop_assert_eq!(&together, &marks(pod, &snapshot, noon()), "{}", pod.id.name);
            let held = holds(pod, &snapshot).map(|holds| holds.label());
            prop_assert_eq!(together.get("egress.bund.dev/holds"), held.as_ref(), "{}", pod.id.name);
        }
    }
}
