//! The order of files and documents decides nothing.

use serde_json::Value;

use crate::folder::{CLUSTER, Folder, SHOP, deployment};

const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop, labels: {data-class.bund.dev/core-data: \"\"}}
";

/// Every order of a few things.
fn permutations<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in things.iter().enumerate() {
        let rest: Vec<_> = [&things[..index], &things[index + 1..]].concat();
        all.extend(permutations(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    all
}

/// The report with its objects in order of file and line.
fn sorted(mut report: Value) -> String {
    let objects = report["objects"].as_array_mut().unwrap();
    objects.sort_by_key(|object| (object["file"].to_string(), object["line"].as_u64()));
    serde_json::to_string_pretty(&report).unwrap()
}

fn folder() -> Folder {
    let mounts = deployment("web", "eu-central-1").replace(
        "      containers:",
        "      volumes: [{name: db, secret: {secretName: db}}]\n      containers:",
    );
    Folder::of(&[
        ("cluster.yaml", CLUSTER),
        ("secret.yaml", SECRET),
        ("shop.yaml", SHOP),
        ("web.yaml", &mounts),
        ("cart.yaml", &deployment("cart", "cn-hangzhou")),
    ])
}

#[test]
fn every_order_of_files_gives_the_same_report() {
    let folder = folder();
    let files = ["cluster.yaml", "secret.yaml", "shop.yaml", "web.yaml", "cart.yaml"];
    let first = sorted(folder.json(&files));
    assert!(first.contains("core-data"), "{first}");
    for order in permutations(&files) {
        assert_eq!(sorted(folder.json(&order)), first, "{order:?}");
    }
}

#[test]
fn every_order_of_facts_gives_the_same_report() {
    let folder = folder();
    let first =
        folder.json(&["web.yaml", "cart.yaml", "--facts", "cluster.yaml", "secret.yaml", "shop.yaml"]);
    for order in permutations(&["cluster.yaml", "secret.yaml", "shop.yaml"]) {
        let arguments = [&["web.yaml", "cart.yaml", "--facts"], order.as_slice()].concat();
        assert_eq!(folder.json(&arguments), first, "{order:?}");
    }
}

#[test]
fn two_runs_print_the_same_bytes() {
    let folder = folder();
    for format in ["text", "json", "sarif", "junit", "github"] {
        let run = || folder.check(&[".", "-o", format]).stdout;
        assert_eq!(run(), run(), "{format}");
    }
}

#[test]
fn the_same_object_in_two_files_is_judged_in_both() {
    let folder = Folder::of(&[
        ("a.yaml", &format!("{SHOP}---\n{}", deployment("web", "cn-hangzhou"))),
        ("b.yaml", &format!("{SHOP}---\n{}", deployment("web", "eu-central-1"))),
    ]);
    for order in [["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]] {
        folder.check(&order).exits(1).says("refused b.yaml").says("4 objects: 1 refused");
    }
}

#[test]
fn two_files_that_say_different_things_about_one_fact_are_unreadable() {
    let folder = Folder::of(&[
        ("a.yaml", SHOP),
        ("b.yaml", &SHOP.replace("\"true\"", "\"false\"")),
        ("web.yaml", &deployment("web", "cn-hangzhou")),
    ]);
    let says = "unreadable b.yaml:1:1: Namespace shop is given twice and differs from a.yaml:1: which one holds depends on who reads it";
    for order in permutations(&["a.yaml", "b.yaml", "web.yaml"]) {
        folder.check(&order).exits(2).says(says);
    }
    folder.check(&["web.yaml", "--facts", "b.yaml", "a.yaml"]).exits(2).says(says);
    // What nothing depends on may differ.
    folder.write("b.yaml", &SHOP.replace("metadata: {", "metadata: {annotations: {team: web}, "));
    folder.check(&["a.yaml", "b.yaml", "web.yaml"]).exits(0);
}
