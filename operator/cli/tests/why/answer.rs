//! The form of the answer, for people and for programs; that it is the answer of admission; and errors.

use std::{collections::BTreeSet, fs, path::Path};

use bund::{
    inventory::{Task, files},
    why::facts,
};
use bund_engine::{Request, Timestamp, decide};
use serde_json::{Value, json};

use super::{bund, here, run::assert_kept, text, told};

#[track_caller]
fn error(arguments: &[&str]) -> String {
    let output = bund(arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn people_read_how_a_class_came_from_the_secret_of_another_pod() {
    let told = text(&["sts/orders", "-n", "shop", "--facts", "dump.yaml"], 0);
    assert_kept(&here("orders.txt"), &told);
    let page = page();
    let (_, shown) = page.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("…\n```").unwrap();
    assert!(told.starts_with(shown), "docs/why.md shows something else");
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/why.md")).unwrap()
}

#[test]
fn what_is_said_of_every_object_is_what_admission_would_answer() {
    let inventory = files::read(&[here("dump.yaml")], Task::Why, |_, _| {});
    let known = facts(&inventory);
    let mut asked = 0;
    for object in &inventory.objects {
        if object["apiVersion"] == "bund.dev/v1alpha1" {
            continue;
        }
        let name = object["metadata"]["name"].as_str().unwrap();
        let kind = object["kind"].as_str().unwrap();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
        let told = told(&format!("{kind}/{name}"), namespace);
        let request = Request::of_object(object.clone(), None);
        let decision = decide(&request, &known.snapshot, Timestamp::UNIX_EPOCH);
        let response = serde_json::to_value(decision.response()).unwrap();
        // A pod that names its node is refused besides until its volumes are marked; one that runs is past that.
        if kind == "Pod" && name == "import-x7k2p" {
            continue;
        }
        assert_eq!(told["verdict"], json!(decision.verdict), "{kind} {name}");
        for answer in ["allowed", "refusals", "warnings", "recorded"] {
            assert_eq!(told[answer], response[answer], "{kind} {name}");
        }
        asked += 1;
    }
    assert!(asked > 30, "{asked}");
}

#[test]
fn nothing_in_a_name_acts_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.json");
    let hostile = "a\u{1b}[31m\u{202e}\u{9b}2J\n";
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": hostile, "namespace": "shop",
            "labels": {format!("data-class.bund.dev/{hostile}"): ""},
            "ownerReferences": [{"apiVersion": "v1", "kind": hostile, "name": hostile, "controller": true}]},
            "spec": {"nodeName": hostile, "containers": [], "volumes": [{"name": "v", "secret": {"secretName": hostile}}]}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": hostile, "namespace": "shop"}},
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": hostile,
            "labels": {"topology.kubernetes.io/region": hostile}}, "spec": {"providerID": hostile}},
    ]});
    // Readers of YAML refuse some of them where they are not escaped.
    let escaped = objects.to_string().replace('\u{9b}', "\\u009b").replace('\u{202e}', "\\u202e");
    fs::write(&file, escaped).unwrap();
    let file = file.to_str().unwrap();
    for kind in ["pod", "secret", "node"] {
        let asked = format!("{kind}/{hostile}");
        for form in ["text", "json"] {
            let shown = text(&[&asked, "-n", "shop", "--facts", file, "-o", form], 0);
            let acts = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
            assert_eq!(shown.chars().find(acts), None, "{shown:?}");
            assert!(shown.contains("\\u{1b}[31m") || shown.contains("\\u001b[31m"), "{shown}");
        }
    }
    let refused = error(&[&format!("pod/{hostile}b"), "--facts", file]);
    assert_eq!(
        refused,
        "bund: Pod a\\u{1b}[31m\\u{202e}\\u{9b}2J\\nb is not there; look at its name and namespace\n"
    );
}

#[test]
fn what_cannot_be_explained_is_an_error_that_says_what_to_do() {
    let dump = ["--facts", "dump.yaml"];
    for (arguments, told) in [
        ([&["po/nope"][..], &dump].concat(), "bund: Pod nope is not there; look at its name and namespace\n"),
        (
            [&["po/abroad"][..], &dump].concat(),
            "bund: Pod default/abroad is not there, but in namespace shop; write `-n`\n",
        ),
        (
            [&["widget/x"][..], &dump].concat(),
            "bund: no kind is called `widget` here; `kubectl api-resources` lists the kinds of a cluster\n",
        ),
    ] {
        assert_eq!(error(&arguments), told);
    }
    assert!(
        error(&["web", "--facts", "dump.yaml"]).contains("`web` is not KIND/NAME, such as `deployment/web`")
    );
    // No cluster is looked at that was not named.
    assert!(error(&["deploy/web", "-n", "shop"]).contains("--context <NAME>"));
    assert!(error(&["deploy/web", "--context", "a", "--facts", "dump.yaml"]).contains("cannot be used with"));
    assert!(error(&["deploy/web", "--context", "a", "--kubeconfig", "/nonexistent"]).contains("kubeconfig"));
}

/// Every field of a value, as the page writes it: `classes[].policies[].modes`.
fn fields(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    // Described elsewhere, or named after aspects.
    const OPEN: [&str; 4] =
        ["classes[].modes", "classes[].policies[].modes", "classes[].provenance", "findings"];
    match value {
        _ if OPEN.contains(&at) => drop(found.insert(at.to_owned())),
        Value::Object(members) => {
            for (name, member) in members {
                fields(member, &if at.is_empty() { name.clone() } else { format!("{at}.{name}") }, found);
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for element in elements {
                fields(element, &format!("{at}[]"), found);
            }
        }
        _ => drop(found.insert(at.to_owned())),
    }
}

#[test]
fn every_field_of_the_answer_is_described_and_no_other() {
    let mut found = BTreeSet::new();
    for (asked, namespace) in [
        ("sts/orders", "shop"),
        ("pvc/data-orders-0", "shop"),
        ("po/import-x7k2p", "shop"),
        ("po/saved", "open"),
    ] {
        fields(&told(asked, namespace), "", &mut found);
    }
    for (asked, namespace) in [("ns/shop", "shop"), ("cj/nightly", "shop"), ("no/lying-1", "shop")] {
        fields(&told(asked, namespace), "", &mut found);
    }
    // Empty lists of objects that are elsewhere full.
    let lists: BTreeSet<_> =
        found.iter().filter_map(|field| field.split_once("[]")).map(|(list, _)| list.to_owned()).collect();
    found.retain(|field| !lists.contains(field));
    let described: BTreeSet<String> = page()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(described, found);
}
