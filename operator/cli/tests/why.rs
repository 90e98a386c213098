//! `bund why` from files, run as users run it. A real cluster is the end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bund::{
    inventory::{Task, files},
    why::facts,
};
use bund_engine::{Request, Timestamp, decide};
use serde_json::{Value, json};

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why").join(name)
}

fn bund(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bund"))
        .arg("why")
        .args(arguments)
        .current_dir(here(""))
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

#[track_caller]
fn text(arguments: &[&str], code: i32) -> String {
    let output = bund(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What is told of an object of the dump, as JSON.
#[track_caller]
fn told(asked: &str, namespace: &str) -> Value {
    let arguments = [asked, "-n", namespace, "--facts", "dump.yaml", "-o", "json"];
    serde_json::from_str(&text(&arguments, 0)).unwrap()
}

#[track_caller]
fn error(arguments: &[&str]) -> String {
    let output = bund(arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    String::from_utf8(output.stderr).unwrap()
}

/// Compares a file with what it should be, or writes it.
#[track_caller]
fn assert_kept(path: &Path, text: &str) {
    if std::env::var_os("BUND_UPDATE").is_some() {
        fs::write(path, text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "{} differs; `BUND_UPDATE=1` writes it anew:\n{text}", path.display());
}

/// The strings of a list.
fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

/// `of how` of each place.
fn places(told: &Value) -> Vec<String> {
    let places = told["location"].as_array().unwrap().iter();
    places
        .map(|place| format!("{} {}", place["of"].as_str().unwrap(), place["how"].as_str().unwrap()))
        .collect()
}

/// `Kind name how` of each user.
fn users(told: &Value) -> Vec<String> {
    let text = |user: &Value, member: &str| user[member].as_str().unwrap().to_owned();
    let users = told["users"].as_array().unwrap().iter();
    users.map(|user| [text(user, "kind"), text(user, "name"), text(user, "how")].join(" ")).collect()
}

/// The reasons of the findings, with what happens because of them.
fn reasons(told: &Value) -> Vec<&str> {
    told["findings"].as_array().unwrap().iter().map(|finding| finding["reason"].as_str().unwrap()).collect()
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
fn workloads_are_told_what_keeps_their_pods_inside() {
    let spec = "spec.template.spec";
    let inside = "the nodes are inside cn-mainland: 1 of 3".to_owned();
    for (asked, verdict, first, findings) in [
        (
            "rs/contrary",
            "Deny",
            "asks for what no node inside cn-mainland can satisfy",
            &["PlacementContradicts"],
        ),
        ("ds/collector", "Allow", "asks for nodes inside cn-mainland only", &["UnknownClass"]),
        (
            "job/import",
            "Deny",
            "could run outside cn-mainland: nothing confines it",
            &["PlacementUnconfined"],
        ),
    ] {
        let told = told(asked, "shop");
        assert_eq!(told["verdict"], verdict, "{asked}");
        assert_eq!(places(&told), [format!("{spec} {first}"), inside.clone()], "{asked}");
        assert_eq!(reasons(&told), findings, "{asked}");
    }
    let confined = told("deploy/confined", "injected");
    assert_eq!(
        places(&confined).first().unwrap(),
        "spec.template.spec asks for no place; its pods are confined to cn-mainland as they are made"
    );
    assert_eq!((&confined["verdict"], &confined["allowed"]), (&json!("Allow"), &json!(true)));
}

#[test]
fn every_policy_is_told_with_its_modes_in_that_namespace() {
    let confined = told("deploy/confined", "injected");
    let class = &confined["classes"][0];
    let policies: Vec<_> = class["policies"].as_array().unwrap().iter().map(|one| &one["policy"]).collect();
    assert_eq!(policies, ["confine", "mainland-residency"]);
    let storage: Vec<_> =
        class["policies"].as_array().unwrap().iter().map(|one| &one["modes"]["storage"]).collect();
    assert_eq!(storage, ["Audit", "Warn"]);
    assert_eq!(class["modes"]["storage"], "Warn");
    assert_eq!(class["modes"]["placement"], "Deny");
    assert_eq!(class["jurisdictions"], json!(["cn-mainland"]));
    // A class that nobody declared is kept by every policy.
    let collector = told("ds/collector", "shop");
    assert_eq!(collector["classes"][0]["class"], "mistyped");
    assert_eq!(collector["classes"][0]["declared"], false);
    assert_eq!(collector["classes"][0]["policies"][0]["policy"], "mainland-residency");
}

#[test]
fn pods_are_told_where_their_node_is_and_who_made_them() {
    let import = told("po/import-x7k2p", "shop");
    assert_eq!((&import["madeBy"], &import["verdict"]), (&json!("Job import"), &json!("Allow")));
    assert_eq!(
        places(&import),
        [
            "Node hangzhou-1 is inside cn-mainland",
            "PersistentVolumeClaim data-orders-0 lies inside cn-mainland"
        ]
    );
    let abroad = told("po/abroad", "shop");
    assert_eq!(abroad["location"][0]["side"], "Unknown");
    assert_eq!(
        strings(&abroad["location"][0]["toldBy"]),
        ["label topology.kubernetes.io/region=cn-hangzhou", "providerID `cn-hongkong.i-3`"]
    );
    assert_eq!(reasons(&abroad), ["NodeOutside"]);
}

#[test]
fn carriers_are_told_who_takes_over_what_they_hold() {
    let claim = told("pvc/data-orders-0", "shop");
    assert_eq!(strings(&claim["classes"][0]["how"]), ["from Pod import-x7k2p and its Secret customers"]);
    // A pod that has ended passes nothing on any more.
    assert_eq!(
        users(&claim),
        [
            "PersistentVolume pv-1 is its volume",
            "VolumeSnapshot orders-monday is a copy of it",
            "Pod import-x7k2p uses it in spec.volumes[0].persistentVolumeClaim.claimName",
            "StatefulSet orders uses it in spec.volumeClaimTemplates[0]",
        ]
    );
    let writers = claim["users"].as_array().unwrap().iter().filter(|user| user["writes"] == true).count();
    assert_eq!(writers, 2);
    assert_eq!(
        users(&told("secret/customers", "shop")),
        [
            "ServiceAccount puller gives it to its pods",
            "Pod import-x7k2p uses it in spec.containers[0].envFrom[0].secretRef.name",
            "Job import uses it in spec.template.spec.containers[0].envFrom[0].secretRef.name",
        ]
    );
    assert_eq!(users(&told("sa/puller", "shop")), ["Pod pulled uses it in spec.serviceAccountName"]);
    assert_eq!(users(&told("vs/orders-monday", "shop")), ["VolumeSnapshotContent content-1 is its contents"]);
    let seen = ["VolumeSnapshot orders-monday is what its namespace sees of it"];
    assert_eq!(users(&told("vsc/content-1", "shop")), seen);
    assert_eq!(
        users(&told("pv/pv-1", "shop")),
        [
            "PersistentVolumeClaim data-orders-0 claims it",
            "VolumeSnapshotContent content-1 is a copy of it",
            "Pod import-x7k2p uses its claim in spec.volumes[0].persistentVolumeClaim.claimName",
            "StatefulSet orders uses its claim in spec.volumeClaimTemplates[0]",
        ]
    );
}

#[test]
fn volumes_are_told_where_they_lie() {
    for (asked, place) in [
        ("pv/pv-1", "PersistentVolume pv-1 lies inside cn-mainland"),
        (
            "pvc/unbound",
            "PersistentVolumeClaim unbound asks for StorageClass disk, which makes volumes at once, wherever its driver likes, not in cn-mainland",
        ),
        ("sc/disk", "StorageClass disk makes volumes at once, wherever its driver likes, not in cn-mainland"),
        ("vs/orders-monday", "VolumeSnapshot orders-monday lies inside cn-mainland"),
    ] {
        assert_eq!(places(&told(asked, "shop")), [place], "{asked}");
    }
    assert_eq!(
        users(&told("sc/disk", "shop")),
        [
            "PersistentVolumeClaim data-orders-0 asks for it",
            "PersistentVolumeClaim unbound asks for the default, which it is"
        ]
    );
}

#[test]
fn a_destination_of_a_mapped_kind_is_told() {
    let backup = told("backups.example.com/nightly", "shop");
    assert_eq!(
        places(&backup),
        ["spec.region names cn-hongkong, which is not known to be inside cn-mainland"]
    );
    assert_eq!(reasons(&backup), ["DestinationOutside"]);
}

#[test]
fn nodes_and_namespaces_are_told_what_they_hold() {
    let node = told("node/lying-1", "shop");
    let holding = json!([{"group": "", "kind": "Pod", "namespace": "shop", "name": "abroad",
        "classes": ["personal-information"], "consequence": "Deny"}]);
    assert_eq!((&node["holding"], &node["enrolment"]["state"]), (&holding, &json!("NoNamespace")));
    assert_eq!(node["assumptions"], json!([]));
    let namespace = told("ns/shop", "default");
    let first = &namespace["holding"][0];
    assert_eq!((&first["kind"], &first["consequence"]), (&json!("PersistentVolumeClaim"), &json!("Deny")));
    assert_eq!(namespace["holding"].as_array().unwrap().len(), 14);
}

#[test]
fn enrolment_is_told_with_what_says_it() {
    for (asked, namespace, state, because) in [
        ("po/abroad", "shop", "Guarded", "its Namespace has the label bund.dev/guarded=true"),
        (
            "rc/old",
            "free",
            "NotGuarded",
            "its Namespace has no label bund.dev/guarded=true, so no class counts there",
        ),
        (
            "po/logs",
            "monitoring",
            "Exempt",
            "ClusterLocation cluster names it in spec.exemptNamespaces; nothing is refused there",
        ),
        (
            "ns/kube-system",
            "shop",
            "Exempt",
            "it is a namespace of Kubernetes itself; nothing is refused there",
        ),
        ("deploy/confined", "injected", "NotKnown", "its Namespace is not known, and is taken to be guarded"),
        (
            "ns/halfway",
            "shop",
            "Guarded",
            "its Namespace holds a class by the label data-class.bund.dev/personal-information; without bund.dev/guarded=true admission does not see what is made in it",
        ),
        (
            "pv/loose",
            "shop",
            "NoNamespace",
            "it is kept for no guarded namespace; every policy counts, in its strictest mode",
        ),
    ] {
        let enrolment = told(asked, namespace)["enrolment"].take();
        assert_eq!((&enrolment["state"], &enrolment["because"]), (&json!(state), &json!(because)), "{asked}");
    }
}

#[test]
fn what_holds_no_class_is_told_what_would_give_it_one() {
    let none = told("deploy/web", "shop");
    assert_eq!((&none["verdict"], &none["classes"]), (&json!("NotApplicable"), &json!([])));
    assert_eq!(
        none["withoutClass"],
        "no label on it or its Namespace gives it one, no selector of a DataClass matches, and nothing that it mounts or references holds one; to give it one, write data-class.bund.dev/<class> in spec.template.metadata.labels"
    );
    let assumed = told("cj/nightly", "shop");
    assert_eq!(
        assumed["assumptions"],
        json!(["Secret absent in shop is not given; it is taken to hold no class"])
    );
}

#[test]
fn broken_glass_is_told_with_who_broke_it_and_until_when() {
    let saved = told("po/saved", "open");
    let glass = json!({"name": "inc-7", "requestedBy": "li.lei@example.cn", "reason": "payment is down",
        "until": "2100-01-01T01:00:00Z"});
    assert_eq!(saved["breakGlass"], glass);
    assert_eq!((&saved["verdict"], &saved["allowed"]), (&json!("Deny"), &json!(true)));
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
