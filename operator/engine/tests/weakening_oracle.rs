//! What the engine takes for a weakening of a policy, against an oracle that asks every class in every namespace.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests write into JSON of their own")]

use bund_crds::{Aspect, Mode};
use bund_engine::{
    Snapshot,
    snapshot::{OwnKind, Policy},
    weakening::weakenings,
};
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

const CLASSES: [&str; 3] = ["logs", "pi", "secret"];
const PLACES: [&str; 3] = ["cn-mainland", "eu", "us"];
const NAMESPACES: [&str; 3] = ["a", "b", "c"];

fn enforcement() -> impl Strategy<Value = Value> {
    let mode = prop_oneof![Just(None), Just(Some("Audit")), Just(Some("Warn")), Just(Some("Deny"))];
    prop::collection::vec(mode, Aspect::ALL.len()).prop_map(|modes| {
        let named = Aspect::ALL.iter().zip(modes).filter_map(|(aspect, mode)| Some((aspect.as_str(), mode?)));
        named.map(|(aspect, mode)| (aspect.to_owned(), json!(mode))).collect()
    })
}

fn spec() -> impl Strategy<Value = Value> {
    let entry = (subsequence(NAMESPACES.to_vec(), 1..=2), enforcement()).prop_map(
        |(namespaces, enforcement)| json!({ "namespaces": namespaces, "enforcement": enforcement }),
    );
    (
        subsequence(CLASSES.to_vec(), 1..=3),
        subsequence(PLACES.to_vec(), 1..=3),
        enforcement(),
        prop::collection::vec(entry, 0..=3),
        prop::sample::select(vec!["Inject", "Require"]),
    )
        .prop_map(|(classes, places, enforcement, overrides, strategy)| {
            json!({
                "dataClasses": classes, "jurisdictions": places, "enforcement": enforcement,
                "overrides": overrides, "placementStrategy": strategy
            })
        })
}

/// Two specs: as they come, or one and the same but for one member.
fn edit() -> impl Strategy<Value = (Value, Value)> {
    let members = ["dataClasses", "jurisdictions", "enforcement", "overrides", "placementStrategy"];
    let near = (spec(), spec(), prop::sample::select(members.to_vec())).prop_map(|(old, other, member)| {
        let mut new = old.clone();
        new[member] = other[member].clone();
        (old, new)
    });
    prop_oneof![near, (spec(), spec())]
}

fn object(spec: &Value) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "p" }, "spec": spec
    })
}

fn policy(spec: &Value) -> Policy {
    let mut snapshot = Snapshot::default();
    snapshot.observe(&object(spec));
    snapshot.world().policies().next().cloned().unwrap()
}

/// The mode that `aspect` of `class` gets in a namespace; `None` where the policy does not keep the class.
fn effective(policy: &Policy, class: &str, aspect: Aspect, namespace: &str) -> Option<Mode> {
    let keeps = policy.spec.data_classes.iter().any(|kept| kept.as_str() == class);
    keeps.then(|| policy.mode(aspect, namespace))
}

fn denies_somewhere(spec: &Value) -> bool {
    spec.to_string().contains("\"Deny\"")
}

fn weaker(old: &Policy, new: &Policy) -> bool {
    let everywhere = NAMESPACES.iter().chain(&["elsewhere"]);
    let lowered = everywhere.into_iter().any(|namespace| {
        CLASSES.iter().any(|class| {
            Aspect::ALL.into_iter().any(|aspect| {
                effective(new, class, aspect, namespace) < effective(old, class, aspect, namespace)
            })
        })
    });
    let widened = new.spec.jurisdictions.iter().any(|place| !old.spec.jurisdictions.contains(place));
    lowered || widened || new.strategy() < old.strategy()
}

proptest! {
    #[test]
    fn an_edit_weakens_exactly_when_something_is_kept_less_strictly((old, new) in edit()) {
        let snapshot = Snapshot::default();
        let found = weakenings(OwnKind::ResidencyPolicy, &object(&old), Some(&object(&new)), snapshot.world());
        let expected = denies_somewhere(&old) && weaker(&policy(&old), &policy(&new));
        prop_assert_eq!(!found.is_empty(), expected, "{:?}", found);
    }

    #[test]
    fn nothing_weakens_itself(spec in spec()) {
        let snapshot = Snapshot::default();
        let object = object(&spec);
        prop_assert_eq!(weakenings(OwnKind::ResidencyPolicy, &object, Some(&object), snapshot.world()), vec![]);
    }
}
