//! What is told of each kind of object.

use serde_json::{Value, json};

use super::told;

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
