//! What is known and not judged: `--facts`, and the manifests among each other.

use crate::folder::{CLUSTER, Folder, SHOP, deployment};

/// A pod abroad that mounts a Secret.
const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  nodeSelector: {topology.kubernetes.io/region: eu-central-1}
  containers: [{name: web, image: web}]
  volumes: [{name: db, secret: {secretName: db}}]
";

fn secret(labels: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: shop, labels: {{{labels}}}}}\n")
}

const CLASS: &str = "data-class.bund.dev/personal-information: \"\"";

/// Documents as `kubectl get -o yaml` prints them together.
fn list(documents: &[&str]) -> String {
    let items = documents.iter().map(|document| {
        let lines: Vec<_> = document.lines().map(|line| format!("  {line}")).collect();
        format!("-{}\n", lines.join("\n").trim_start_matches(' ').replacen("", " ", 1))
    });
    let items: String = items.collect();
    format!("apiVersion: v1\nitems:\n{items}kind: List\nmetadata:\n  resourceVersion: \"\"\n")
}

#[test]
fn a_secret_that_is_classified_in_the_cluster_reaches_the_pod_that_mounts_it() {
    let folder = Folder::of(&[("pod.yaml", POD), ("facts.yaml", &list(&[SHOP, &secret(CLASS), CLUSTER]))]);
    folder
        .check(&["pod.yaml", "--facts", "facts.yaml"])
        .exits(1)
        .says("holds personal-information (from Secret db, named in spec.volumes[0].secret.secretName)")
        .says("1 objects: 1 refused");
    assert_eq!(
        folder.json(&["pod.yaml", "--facts", "facts.yaml"])["assumptions"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn a_secret_that_is_not_given_holds_nothing_and_is_an_assumption() {
    let folder = Folder::of(&[("pod.yaml", POD), ("facts.yaml", &list(&[SHOP, CLUSTER]))]);
    folder
        .check(&["pod.yaml", "--facts", "facts.yaml"])
        .exits(0)
        .says("assumed Secret db in shop is not given; it is taken to hold no class");
}

#[test]
fn facts_are_known_and_not_judged() {
    let folder = Folder::of(&[("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")]);
    folder.write("facts.yaml", &format!("{SHOP}---\n{}", deployment("web", "eu-central-1")));
    folder.check(&["service.yaml", "--facts", "facts.yaml"]).exits(0).says("1 objects: 0 refused");
}

#[test]
fn applying_a_manifest_keeps_the_class_that_the_cluster_holds() {
    // The manifest in Git does not mention the label; applying it leaves the label where it is.
    let folder = Folder::of(&[
        ("app/pod.yaml", POD),
        ("app/secret.yaml", &secret("app: web")),
        ("facts.yaml", &list(&[SHOP, &secret(CLASS)])),
    ]);
    folder.check(&["app", "--facts", "facts.yaml"]).exits(1).says("from Secret db");
}

#[test]
fn a_manifest_that_adds_a_class_counts_before_it_is_applied() {
    let folder = Folder::of(&[
        ("app/pod.yaml", POD),
        ("app/secret.yaml", &secret(CLASS)),
        ("facts.yaml", &list(&[SHOP, &secret("app: web")])),
    ]);
    folder.check(&["app", "--facts", "facts.yaml"]).exits(1).says("from Secret db");
}

#[test]
fn a_namespace_that_is_not_given_counts_as_guarded() {
    let folder = Folder::of(&[("web.yaml", &deployment("web", "eu-central-1")), ("cluster.yaml", CLUSTER)]);
    folder
        .check(&["web.yaml", "--facts", "cluster.yaml"])
        .exits(1)
        .says("assumed Namespace shop")
        .says("PlacementContradicts");
    folder.write("shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    folder.check(&["web.yaml", "--facts", "cluster.yaml", "shop.yaml"]).exits(1).says("ClassOutsideGuarded");
}

#[test]
fn without_a_location_the_well_known_region_label_counts_for_every_provider() {
    for (region, code) in
        [("cn-hangzhou", 0), ("gz", 0), ("cn-north-4", 0), ("cn-hongkong", 1), ("ap-southeast-1", 1)]
    {
        let folder = Folder::of(&[("web.yaml", &deployment("web", region)), ("shop.yaml", SHOP)]);
        folder
            .check(&["web.yaml", "--facts", "shop.yaml"])
            .exits(code)
            .says("assumed no ClusterLocation is given; nodes are taken to be inside only where topology.kubernetes.io/region says so");
    }
}

#[test]
fn the_location_says_whose_regions_count() {
    for (provider, code) in [("alibaba", 1), ("huawei", 0)] {
        let cluster = CLUSTER.replace("alibaba", provider);
        let folder = Folder::of(&[
            ("web.yaml", &deployment("web", "cn-north-4")),
            ("facts.yaml", &list(&[SHOP, &cluster])),
        ]);
        folder.check(&["web.yaml", "--facts", "facts.yaml"]).exits(code);
    }
}

#[test]
fn nodes_among_the_facts_are_all_there_are() {
    let open =
        deployment("web", "x").replace("      nodeSelector:\n        topology.kubernetes.io/region: x\n", "");
    let pod = POD.replace("  nodeSelector: {topology.kubernetes.io/region: eu-central-1}\n", "");
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: frankfurt-1, labels: {topology.kubernetes.io/region: eu-central-1}}\n";
    let folder = Folder::of(&[
        ("app/web.yaml", &open),
        ("app/pod.yaml", &pod),
        ("facts.yaml", &list(&[SHOP, &secret(CLASS), CLUSTER])),
        ("node.yaml", node),
    ]);
    folder.check(&["app", "--facts", "facts.yaml"]).exits(0);
    folder
        .check(&["app", "--facts", "facts.yaml", "node.yaml"])
        .exits(1)
        .says("NoEligibleNode: Pod shop/web");
}
