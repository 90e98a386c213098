//! Real manifests of public projects, in which nothing is classified: Bund says nothing about them.
//!
//! They are read from `../shared/corpus` beside the repository and are not part of it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use bund::{
    check::{self, Checked, Inputs, Outcome},
    manifest::{Document, Source, Unreadable},
};
use bund_engine::{Reason, Timestamp, Verdict};

/// Every file of the corpus that is no manifest, with the line, and why.
const UNREADABLE: &[(&str, u32, &str)] = &[
    (
        "_archived/newrelic-infrastructure/newrelic-config-template.yaml",
        7,
        "a mapping or a list stands where a key",
    ),
    ("_archived/newrelic/newrelic-config-template.yaml", 7, "a mapping or a list stands where a key"),
    ("_archived/openshift-origin/etcd-controller.yaml", 12, "the key `selector` is given twice"),
    ("_archived/openshift-origin/etcd-discovery-controller.yaml", 12, "the key `selector` is given twice"),
    ("_archived/openshift-origin/openshift-controller.yaml", 12, "the key `selector` is given twice"),
    (
        "_archived/persistent-volume-provisioning/quobyte/quobyte-admin-secret.yaml",
        9,
        "the key `type` is given twice",
    ),
    ("_archived/storage/vitess/etcd-controller-template.yaml", 6, "a mapping or a list stands where a key"),
    ("_archived/storage/vitess/etcd-service-template.yaml", 7, "a mapping or a list stands where a key"),
    ("_archived/storage/vitess/vtgate-controller-template.yaml", 6, "a mapping or a list stands where a key"),
    ("_archived/volumes/scaleio/sc-pvc.yaml", 12, "the key `storageClassName` is given twice"),
    ("databases/cassandra/image/files/cassandra.yaml", 10, "not a Kubernetes object"),
    ("databases/cassandra/java/src/test/resources/cassandra.yaml", 18, "not a Kubernetes object"),
];

/// The corpus; `None`, said loudly, where it is absent.
fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is absent, so nothing was checked against real manifests", path.display());
    None
}

fn checked(manifests: Vec<Document>, facts: Vec<Document>) -> Outcome {
    let inputs = Inputs { manifests, facts, ..Inputs::default() };
    check::run(inputs, Timestamp::UNIX_EPOCH, |_, _| {})
}

fn read(path: PathBuf) -> (Vec<Document>, Vec<Unreadable>) {
    let mut unreadable = Vec::new();
    let documents = check::read(&[path], &mut unreadable, |_, _| {});
    (documents, unreadable)
}

/// Agents that read the logs or the runtime of their node: of them, and of nothing else, that is told.
fn reads_its_node(one: &Checked) -> bool {
    let told = !one.decision.findings.is_empty();
    let by_path = one.decision.findings.iter().all(|finding| finding.reason == Reason::NodeReader);
    let text = one.document.value.to_string();
    let known = ["/var/run", "/var/log", "/var/lib/docker", "/var/lib/kubelet", "/proc", r#""path":"/var""#];
    let mounts = text.contains("hostPath")
        && (known.iter().any(|path| text.contains(path)) || text.contains(r#""path":"/""#));
    told && by_path && mounts
}

#[track_caller]
fn assert_silent(outcome: &Outcome) {
    assert_eq!(outcome.unreadable, []);
    for one in outcome.checked.iter().filter(|one| !reads_its_node(one)) {
        let place = format!("{}:{}", one.document.source.name, one.document.line);
        assert_eq!(one.decision.findings, [], "{place}");
        assert_eq!(one.decision.verdict, Verdict::NotApplicable, "{place}");
    }
}

#[test]
fn nothing_is_said_about_manifests_that_hold_no_class() {
    let Some(corpus) = corpus() else { return };
    let (documents, _) = read(corpus);
    assert!(documents.len() > 400, "only {} documents", documents.len());
    let outcome = checked(documents, Vec::new());
    assert_silent(&outcome);
}

#[test]
fn nothing_is_said_about_them_in_guarded_namespaces_either() {
    let Some(corpus) = corpus() else { return };
    let (documents, _) = read(corpus);
    let mut namespaces: BTreeSet<String> = documents
        .iter()
        .filter_map(|document| document.value.pointer("/metadata/namespace")?.as_str().map(str::to_owned))
        .collect();
    namespaces.insert("default".to_owned());
    let facts = namespaces.iter().map(|name| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{bund.dev/guarded: \"true\"}}}}\n")
    });
    let source = Source { name: "facts.yaml".to_owned(), text: facts.collect::<Vec<_>>().join("---\n") };
    let facts: Vec<_> = bund::manifest::read(&source.into()).into_iter().map(Result::unwrap).collect();
    assert!(facts.len() > 3, "{namespaces:?}");
    assert_silent(&checked(documents, facts));
}

#[test]
fn what_cannot_be_read_is_listed_with_its_line_and_nothing_else_is() {
    let Some(corpus) = corpus() else { return };
    let (_, unreadable) = read(corpus);
    for error in &unreadable {
        let listed = UNREADABLE.iter().any(|(file, line, why)| {
            error.source_name.ends_with(file) && error.line == *line && error.problem.starts_with(why)
        });
        assert!(listed, "not listed: {error}");
        assert!(!error.remedy.is_empty(), "{error}");
    }
    assert_eq!(unreadable.len(), UNREADABLE.len(), "{unreadable:?}");
}
