//! What CI reads: 0 clean, 1 violations, 2 usage or unreadable input.

use std::{io::Read, process::Stdio};

use crate::folder::{CLUSTER, Folder, Run, SHOP, deployment};

fn shop(region: &str) -> Folder {
    Folder::of(&[
        ("app/web.yaml", &deployment("web", region)),
        ("app/shop.yaml", SHOP),
        ("cluster.yaml", CLUSTER),
    ])
}

#[test]
fn what_is_clean_exits_0() {
    let run = shop("cn-hangzhou").check(&["app", "--facts", "cluster.yaml"]).exits(0);
    assert_eq!(run.stdout, "2 objects: 0 refused, 0 with warnings, 2 clean\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn a_refusal_exits_1_and_names_file_line_and_column() {
    shop("cn-hongkong")
        .check(&["app", "--facts", "cluster.yaml"])
        .exits(1)
        .says("refused app/web.yaml:12:7: PlacementContradicts: Deployment shop/web");
}

#[test]
fn folders_files_and_standard_input_are_read_together() {
    let folder = shop("cn-hangzhou");
    folder.write(
        "app/deeper/service.json",
        r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}"#,
    );
    folder.write("app/notes.txt", "no manifest");
    folder.write("app/.git/config.yaml", "not: [yaml");
    folder
        .check_fed(
            &["app", "cluster.yaml", "-"],
            &format!("{SHOP}---\n---\n{}", deployment("more", "cn-beijing")),
        )
        .exits(0)
        .says("6 objects");
}

#[test]
fn a_list_on_standard_input_is_judged_item_by_item() {
    let items = [deployment("web", "cn-hangzhou"), deployment("abroad", "eu-central-1")].map(|item| {
        let lines: Vec<_> = item.lines().map(|line| format!("    {line}")).collect();
        format!("  -\n{}\n", lines.join("\n"))
    });
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}", items.concat());
    Folder::of(&[])
        .check_fed(&["-"], &list)
        .exits(1)
        .says("refused <stdin>:31:11: PlacementContradicts: Deployment shop/abroad")
        .says("2 objects: 1 refused");
}

#[test]
fn zero_documents_are_an_error() {
    Folder::of(&[]).check_fed(&["-"], "# only a comment\n---\n").exits(2).says("no document was found");
    Folder::of(&[("a.yaml", "")]).check(&["a.yaml"]).exits(2).says("no document was found");
}

#[test]
fn a_folder_without_manifests_is_an_error_even_beside_others() {
    let folder = shop("cn-hangzhou");
    folder.write("empty/readme.md", "nothing");
    for arguments in [&["app", "empty"], &["empty", "app"]] {
        folder.check(arguments).exits(2).says("empty: the folder holds no manifest");
    }
    folder.check(&["app", "--facts", "empty"]).exits(2).says("empty: the folder holds no manifest");
}

#[test]
fn facts_may_be_an_empty_list_because_kubectl_prints_one() {
    let folder = shop("cn-hangzhou");
    folder
        .write("secrets.yaml", "apiVersion: v1\nitems: []\nkind: List\nmetadata: {resourceVersion: \"\"}\n");
    folder.check(&["app", "--facts", "cluster.yaml", "secrets.yaml"]).exits(0);
}

#[test]
fn a_path_that_is_not_there_is_named() {
    shop("cn-hangzhou")
        .check(&["app", "missing.yaml"])
        .exits(2)
        .says("missing.yaml: cannot read `missing.yaml`: No such file");
}

#[test]
fn one_unreadable_document_hides_no_other() {
    let folder = shop("cn-hongkong");
    folder.write("app/broken.yaml", "kind: Pod\nkind: Service\n");
    folder
        .check(&["app"])
        .exits(2)
        .says("unreadable app/broken.yaml:2:1: the key `kind` is given twice")
        .says("refused app/web.yaml:12:7");
}

#[test]
fn a_document_that_is_no_object_is_unreadable() {
    let folder = Folder::of(&[("values.yaml", "# for Helm\nreplicas: 3\n")]);
    folder.check(&["values.yaml"]).exits(2).says("values.yaml:2:1: not a Kubernetes object");
}

#[test]
fn wrong_usage_exits_2() {
    let folder = shop("cn-hangzhou");
    for (arguments, says) in [
        (&["app", "--output", "yaml"][..], "invalid value 'yaml'"),
        (&["app", "--fail-on", "never"], "invalid value 'never'"),
        (&["app", "--namespace", "No_Namespace"], "is not a namespace name"),
        (&[], "<PATH>"),
        (&["-", "--facts", "-"], "`-` is named more than once"),
    ] {
        folder.check(arguments).exits(2).says(says);
    }
    Run::of(folder.command(&["explain", "NoSuchReason"]).output().unwrap()).exits(2).says("is not a reason");
}

#[test]
fn policies_without_a_policy_ask_for_nothing_and_that_is_an_error() {
    let folder = shop("cn-hongkong");
    folder.check(&["app", "--policies", "cluster.yaml"]).exits(2).says("--policies names no ResidencyPolicy");
}

#[test]
fn what_fails_a_check_can_be_widened() {
    let folder = shop("cn-hangzhou");
    // A class that nobody declares is a warning; a class in an exempt namespace is only recorded.
    folder
        .write("warn.yaml", &deployment("warn", "cn-hangzhou").replace("personal-information", "unheard-of"));
    folder.write(
        "record.yaml",
        &deployment("record", "cn-hangzhou").replace("namespace: shop", "namespace: kube-system"),
    );
    let exits = |file: &str, fail_on: &str| {
        folder.check(&["app", file, "--facts", "cluster.yaml", "--fail-on", fail_on]).code
    };
    assert_eq!(["deny", "warn", "any"].map(|fail_on| exits("warn.yaml", fail_on)), [0, 1, 1]);
    assert_eq!(["deny", "warn", "any"].map(|fail_on| exits("record.yaml", fail_on)), [0, 0, 1]);
}

#[test]
fn under_strict_an_assumption_fails_the_check() {
    let folder = shop("cn-hangzhou");
    folder.check(&["app"]).exits(0).says("assumed no ClusterLocation is given");
    folder.check(&["app", "--strict"]).exits(1).says("assumed no ClusterLocation is given");
    folder.check(&["app", "--strict", "--facts", "cluster.yaml"]).exits(0);
    folder
        .check(&["app/web.yaml", "--strict", "--facts", "cluster.yaml"])
        .exits(1)
        .says("assumed Namespace shop is not given; it is taken to be guarded");
}

#[test]
fn the_namespace_of_the_command_line_holds_where_the_object_names_none() {
    let unplaced = deployment("web", "cn-hongkong").replace(", namespace: shop", "");
    let folder =
        Folder::of(&[("web.yaml", &unplaced), ("shop.yaml", &SHOP.replace("\"true\"", "\"false\""))]);
    folder.check(&["web.yaml", "--facts", "shop.yaml"]).exits(1).says("Namespace default is not given");
    folder
        .check(&["web.yaml", "--facts", "shop.yaml", "--namespace", "shop"])
        .exits(1)
        .says("ClassOutsideGuarded: Deployment shop/web");
    // An object that names its own keeps it.
    folder.write("web.yaml", &deployment("web", "cn-hongkong"));
    folder.check(&["web.yaml", "--namespace", "other"]).exits(1).says("Deployment shop/web");
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let folder = Folder::of(&[]);
    let many: Vec<_> = (0..2000).map(|n| deployment(&format!("web-{n}"), "eu-central-1")).collect();
    let many = many.join("---\n");
    folder.write("many.yaml", &many);
    let mut command = folder.command(&["check", "many.yaml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 16]).unwrap();
    drop(stdout);
    let run = Run::of(child.wait_with_output().unwrap()).exits(1);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let folder = Folder::of(&[]);
    let mut command = folder.command(&["check", "missing.yaml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    Run::of(child.wait_with_output().unwrap()).exits(2);
}

#[test]
fn output_that_is_no_terminal_has_neither_colour_nor_progress() {
    let run = shop("cn-hongkong").check(&["app"]).exits(1);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains('\x1b'));
}
