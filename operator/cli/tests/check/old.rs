//! `--old`: what exists today only softens.

use crate::folder::{Folder, SHOP, deployment};

fn folder(old: &str, new: &str) -> Folder {
    Folder::of(&[("new.yaml", new), ("old.yaml", old), ("shop.yaml", SHOP)])
}

const ARGUMENTS: [&str; 5] = ["new.yaml", "--facts", "shop.yaml", "--old", "old.yaml"];

#[test]
fn an_update_that_changes_nothing_for_the_worse_is_a_warning() {
    let abroad = deployment("web", "eu-central-1");
    let folder = folder(&abroad, &abroad.replace("image: web", "image: web:2"));
    folder.check(&["new.yaml", "--facts", "shop.yaml"]).exits(1);
    folder
        .check(&ARGUMENTS)
        .exits(0)
        .says("warning new.yaml:12:7: PlacementContradicts")
        .says("; its next pods will be refused")
        .says("1 with warnings");
    folder.check(&[&ARGUMENTS[..], &["--fail-on", "warn"]].concat()).exits(1);
    let report = folder.json(&ARGUMENTS);
    assert_eq!(report["objects"][0]["verdict"], "Deny", "the verdict is the truth");
    assert_eq!(report["objects"][0]["allowed"], true);
    assert_eq!(report["objects"][0]["findings"][0]["standing"], "Existed");
}

#[test]
fn an_update_that_goes_abroad_is_refused() {
    let folder = folder(&deployment("web", "cn-hangzhou"), &deployment("web", "eu-central-1"));
    folder.check(&ARGUMENTS).exits(1).says("refused new.yaml");
}

#[test]
fn another_object_today_softens_nothing() {
    let abroad = deployment("web", "eu-central-1");
    let folder = folder(&deployment("cart", "eu-central-1"), &abroad);
    folder.check(&ARGUMENTS).exits(1);
    folder.write("old.yaml", &abroad.replace("namespace: shop", "namespace: other"));
    folder.check(&ARGUMENTS).exits(1);
}

#[test]
fn kubectl_names_the_default_namespace_that_the_manifest_left_out() {
    let abroad = deployment("web", "eu-central-1").replace(", namespace: shop", "");
    let folder = folder(&abroad.replace("{name: web}", "{name: web, namespace: default}"), &abroad);
    folder.check(&ARGUMENTS).exits(0).says("1 with warnings");
}

#[test]
fn an_old_api_version_reaches_the_same_object() {
    let abroad = deployment("web", "eu-central-1");
    folder(&abroad.replace("apps/v1", "apps/v1beta2"), &abroad)
        .check(&ARGUMENTS)
        .exits(0)
        .says("1 with warnings");
}

#[test]
fn of_two_different_objects_today_nobody_knows_which_it_is() {
    let abroad = deployment("web", "eu-central-1");
    let folder = folder(&format!("{abroad}---\n{}", deployment("web", "cn-hangzhou")), &abroad);
    folder
        .check(&ARGUMENTS)
        .exits(2)
        .says("old.yaml:16:1: Deployment shop/web is given twice and differs from old.yaml:1");
}

#[test]
fn the_same_manifest_twice_is_an_update_twice() {
    let abroad = deployment("web", "eu-central-1");
    folder(&abroad, &format!("{abroad}---\n{abroad}")).check(&ARGUMENTS).exits(0).says("2 with warnings");
}
