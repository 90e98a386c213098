//! What the API server says of our own kinds: good objects pass, bad ones are told what to write instead.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, told},
    control_plane::User,
    repository,
    shop::manifests,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "definitions", "what is shipped is accepted unchanged", shipped_is_accepted),
        trial(
            bed,
            "definitions",
            "a bad object is refused with what to write instead",
            bad_objects_are_refused,
        ),
    ]
}

async fn installed(bed: &Bed) -> Result<Cluster> {
    let plane = bed.judged().await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    admin.apply_definitions(plane).await?;
    Ok(admin)
}

async fn shipped_is_accepted(bed: &Bed) -> Result<()> {
    let admin = installed(bed).await?;
    for folder in ["policies/jurisdictions", "policies/classes", "policies/starter", "examples/policies"] {
        for object in manifests(&repository::root().join(folder))? {
            let applied = admin.apply(&object).await.with_context(|| told(&object))?;
            let spec = applied.data.get("spec").context("the spec is gone")?;
            let given = object.get("spec").context("a spec")?;
            ensure!(holds(spec, given), "{} became {spec}", told(&object));
            admin.delete(&object).await?;
        }
    }
    Ok(())
}

/// Whether `found` is `given`, besides members that have a default.
pub(crate) fn holds(found: &Value, given: &Value) -> bool {
    match (found, given) {
        (Value::Object(found), Value::Object(given)) => {
            given.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(given)) => {
            found.len() == given.len() && found.iter().zip(given).all(|(found, given)| holds(found, given))
        }
        (found, given) => found == given,
    }
}

async fn bad_objects_are_refused(bed: &Bed) -> Result<()> {
    let admin = installed(bed).await?;
    for (object, word) in bad_objects() {
        let error = admin.create(&object).await.err().with_context(|| format!("{object} was accepted"))?;
        let message = format!("{error:#}");
        ensure!(message.contains(word), "{} is refused without the word `{word}`: {message}", told(&object));
    }
    Ok(())
}

/// Objects that the API server must refuse, with a part of the message.
fn bad_objects() -> Vec<(Value, &'static str)> {
    let object = |kind: &str, name: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    let location = |change: Value| {
        let mut spec = json!({ "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] });
        merge(&mut spec, change);
        spec
    };
    let jurisdiction = |change: Value| {
        let mut spec = json!({ "displayName": "x", "countryCodes": ["CN"] });
        merge(&mut spec, change);
        spec
    };
    let class =
        |selector: Value| json!({ "category": "Other", "selectors": [{ "objectSelector": selector }] });
    let policy = |change: Value| {
        let mut spec = json!({ "dataClasses": ["a"], "jurisdictions": ["b"] });
        merge(&mut spec, change);
        spec
    };
    let mapping = |query: &str| {
        let target = json!({ "group": "argoproj.io", "kind": "Rollout", "resource": "rollouts" });
        json!({ "target": target, "templates": [{ "query": query }] })
    };
    vec![
        (object("ClusterLocation", "other", location(json!({}))), "name this object `cluster`"),
        (
            object("ClusterLocation", "cluster", location(json!({ "networks": ["10.20.3.4/16"] }))),
            "write the network address",
        ),
        (object("ClusterLocation", "cluster", location(json!({ "networks": ["10.20"] }))), "not a network"),
        (
            object("ClusterLocation", "cluster", location(json!({ "networks": ["010.20.0.0/16"] }))),
            "not a network",
        ),
        (object("ClusterLocation", "cluster", location(json!({ "providers": [] }))), "providers"),
        (object("ClusterLocation", "cluster", location(json!({ "span": "Somewhere" }))), "Uniform"),
        (
            object("Jurisdiction", "x", jurisdiction(json!({ "countryCodes": ["UK"] }))),
            "no such country code",
        ),
        (object("Jurisdiction", "x", jurisdiction(json!({ "countryCodes": ["cn"] }))), "write two capitals"),
        (object("Jurisdiction", "x", jurisdiction(json!({ "hostSuffixes": ["cn"] }))), "hostSuffixes"),
        (
            object(
                "Jurisdiction",
                "x",
                jurisdiction(json!({
                    "providers": [{ "name": "own", "zoneForm": "Opaque", "hostPatterns": ["*.cn"] }]
                })),
            ),
            "hostPatterns",
        ),
        (
            object("Jurisdiction", "x", jurisdiction(json!({ "trustedNodeLabel": "example.com/place" }))),
            "use a key that starts with node-restriction.kubernetes.io/",
        ),
        (object("DataClass", "x", class(json!({}))), "almost every object"),
        (
            object(
                "DataClass",
                "x",
                class(json!({ "matchExpressions": [{ "key": "a", "operator": "DoesNotExist" }] })),
            ),
            "almost every object",
        ),
        (
            object(
                "DataClass",
                "x",
                class(json!({ "matchExpressions": [{ "key": "a", "operator": "In" }] })),
            ),
            "In and NotIn need values",
        ),
        (
            object(
                "DataClass",
                "x",
                json!({ "category": "PersonalInformation", "subjects": "MinorsUnder14" }),
            ),
            "write sensitivity: Sensitive",
        ),
        (object("DataClass", "a.b", json!({ "category": "Other" })), "at most 63 lower-case letters"),
        (object("ResidencyPolicy", "x", policy(json!({ "dataClasses": [] }))), "dataClasses"),
        (object("ResidencyPolicy", "x", policy(json!({ "dataClasses": ["Personal"] }))), "dataClasses"),
        (
            object("ResidencyPolicy", "x", policy(json!({ "enforcement": { "placement": "Enforce" } }))),
            "Deny",
        ),
        (object("ResidencyPolicy", "x", policy(json!({ "namespaceSelector": {} }))), "almost every object"),
        (object("DestinationMapping", "x", mapping("$..template")), "no .., filters, slices"),
        (object("DestinationMapping", "x", mapping("$.spec[?(@.a)]")), "no .., filters, slices"),
        (
            object(
                "DestinationMapping",
                "x",
                json!({ "target": { "group": "a.b", "kind": "C", "resource": "cs" } }),
            ),
            "list at least one",
        ),
    ]
}

fn merge(spec: &mut Value, change: Value) {
    if let (Some(spec), Value::Object(change)) = (spec.as_object_mut(), change) {
        spec.extend(change);
    }
}
