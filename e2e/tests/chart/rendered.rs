//! What the chart renders, with its defaults and with everything on.

use std::collections::BTreeSet;

use bund::check::{self, FailOn, Gate, Inputs, Strictness};
use bund_e2e::{helm::everything_on, shop::manifests};
use bund_engine::Timestamp;
use bund_operator::index::KINDS;
use serde_json::{Value, json};

use crate::helm;

#[tokio::test]
async fn helm_finds_nothing_to_complain_about() {
    let helm = helm().await;
    let chart = bund_e2e::helm::chart();
    for values in [None, Some(everything_on())] {
        helm.run(&["lint", "--strict", chart.to_str().unwrap()], values.as_ref()).await.unwrap();
    }
}

#[tokio::test]
async fn the_rendered_chart_passes_the_check_that_it_installs() {
    let helm = helm().await;
    for values in [None, Some(everything_on())] {
        let rendered = helm.template(&["--include-crds"], values.as_ref()).await.unwrap();
        let mut unreadable = Vec::new();
        let manifests = check::read(&[rendered], &mut unreadable, |_, _| {});
        let inputs = Inputs { manifests, unreadable, ..Inputs::default() };
        let outcome = check::run(inputs, Timestamp::UNIX_EPOCH, |_, _| {});
        let gate = Gate { fail_on: FailOn::Any, strictness: Strictness::Assume };
        assert!(outcome.checked.len() > 30, "{} objects", outcome.checked.len());
        assert_eq!(outcome.ending(gate), check::Ending::Clean);
    }
}

#[tokio::test]
async fn equal_values_render_equal_bytes() {
    let (one, two) = (helm().await, helm().await);
    let everything = everything_on();
    let read = async |helm: &bund_e2e::helm::Helm| {
        std::fs::read_to_string(helm.template(&[], Some(&everything)).await.unwrap()).unwrap()
    };
    assert_eq!(read(&one).await, read(&two).await);
}

#[tokio::test]
async fn the_shipped_mappings_are_made_unless_they_are_turned_off() {
    let helm = helm().await;
    let mappings = async |values: Option<&Value>| {
        let objects = manifests(&helm.template(&[], values).await.unwrap()).unwrap();
        let mappings = objects.into_iter().filter(|object| object["kind"] == "DestinationMapping");
        let mut names: Vec<_> =
            mappings.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let folder = std::fs::read_dir(bund_e2e::repository::root().join("policies/destinations")).unwrap();
    let mut shipped: Vec<_> = folder
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    shipped.sort();
    assert_eq!(mappings(None).await, shipped);
    let off = json!({ "starter": { "destinations": false } });
    assert_eq!(mappings(Some(&off)).await, Vec::<String>::new());
}

/// Every pod template, with the name of its Deployment.
async fn pods(values: Option<&Value>) -> Vec<(String, Value)> {
    let helm = helm().await;
    let objects = manifests(&helm.template(&[], values).await.unwrap()).unwrap();
    let deployments = objects.into_iter().filter(|object| object["kind"] == "Deployment");
    deployments
        .map(|object| {
            (object["metadata"]["name"].as_str().unwrap().to_owned(), object["spec"]["template"].clone())
        })
        .collect()
}

#[tokio::test]
async fn pods_end_later_than_reviews_do() {
    let values = json!({ "webhook": { "shutdownDelaySeconds": 10 } });
    for (name, template) in pods(Some(&values)).await {
        // The delay, and ten seconds in which open requests end.
        let grace = template["spec"]["terminationGracePeriodSeconds"].as_u64();
        assert!(grace > Some(20), "{name}: {grace:?}");
    }
}

#[tokio::test]
async fn a_changed_configuration_rolls_the_pods() {
    let checksum =
        |template: &Value| template["metadata"]["annotations"]["bund.dev/configuration-checksum"].clone();
    let before = pods(None).await;
    let same = pods(Some(&json!({ "webhook": { "replicas": 5 } }))).await;
    let other = pods(Some(&json!({ "log": { "filter": "debug" } }))).await;
    for (((name, before), (_, same)), (_, other)) in before.iter().zip(&same).zip(&other) {
        assert_eq!(checksum(before), checksum(same), "{name}");
        assert_ne!(checksum(before), checksum(other), "{name}");
    }
}

/// Copies files and folders, and leaves symbolic links out as Flux does.
fn copy_without_links(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_without_links(&path, &target);
        } else if kind.is_file() {
            std::fs::copy(path, target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_copy_without_its_symbolic_links_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    copy_without_links(&bund_e2e::helm::chart(), folder.path());
    let copy = folder.path().to_str().unwrap();
    let error = helm().await.run(&["template", "bund", copy], None).await.unwrap_err();
    assert!(format!("{error:#}").contains("use the packaged chart"), "{error:#}");
}

#[tokio::test]
async fn nothing_is_granted_on_everything() {
    let helm = helm().await;
    let objects = manifests(&helm.template(&[], None).await.unwrap()).unwrap();
    let mut rules = 0;
    for role in
        objects.iter().filter(|object| matches!(object["kind"].as_str(), Some("Role" | "ClusterRole")))
    {
        let name = role["metadata"]["name"].as_str().unwrap();
        for rule in role["rules"].as_array().into_iter().flatten() {
            let has =
                |list: &str, wanted: &str| rule[list].as_array().unwrap().iter().any(|found| found == wanted);
            assert!(!has("apiGroups", "*") && !has("verbs", "*"), "{name}: {rule}");
            assert!(!has("resources", "*") || name == "bund-auditor-reads", "{name}: {rule}");
            rules += 1;
        }
    }
    assert!(rules > 20, "{rules} rules");
}

/// A kind that may be absent is not asked for where it is, so that no trial would find its right missing.
#[tokio::test]
async fn every_kind_that_is_watched_may_be_watched_and_nothing_else_by_the_role_for_it() {
    let objects = manifests(&helm().await.template(&[], None).await.unwrap()).unwrap();
    let is_it =
        |object: &&Value| object["kind"] == "ClusterRole" && object["metadata"]["name"] == "bund-index";
    let role = objects.iter().find(is_it).unwrap();
    let texts = |list: &Value| -> Vec<String> { serde_json::from_value(list.clone()).unwrap() };
    let mut granted = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        let verbs = texts(&rule["verbs"]);
        if !["list", "watch"].iter().all(|verb| verbs.iter().any(|granted| granted == verb)) {
            continue;
        }
        for group in texts(&rule["apiGroups"]) {
            granted.extend(texts(&rule["resources"]).into_iter().map(|resource| (group.clone(), resource)));
        }
    }
    let watched: BTreeSet<_> =
        KINDS.iter().map(|kind| (kind.group.to_owned(), kind.plural.to_owned())).collect();
    assert_eq!(granted, watched);
}
