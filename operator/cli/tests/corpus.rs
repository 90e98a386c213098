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
use bund_engine::{Decision, Reason, Timestamp, Verdict};

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

/// Settings that whatever lives in their namespace may read: the addresses in them are told, and nothing else is.
fn mentions_hosts(one: &Checked) -> bool {
    let findings = &one.decision.findings;
    let told =
        !findings.is_empty() && findings.iter().all(|finding| finding.reason == Reason::AddressOutside);
    told && one.decision.subject.kind.as_ref() == "ConfigMap"
}

/// Kinds that act for their namespace.
const ACTING: [&str; 7] =
    ["Service", "Endpoints", "EndpointSlice", "Ingress", "NetworkPolicy", "Gateway", "HTTPRoute"];

/// What acts for its namespace, and is kept for that: hosts without TLS and addresses behind Services that nobody declared
/// are told, and nothing else is.
fn acts_for_its_namespace(one: &Checked) -> bool {
    let Decision { subject, findings, verdict, .. } = &one.decision;
    let only = |reason| findings.iter().all(|finding| finding.reason == reason);
    match (subject.kind.as_ref(), verdict) {
        (_, Verdict::Allow) => findings.is_empty() && ACTING.contains(&subject.kind.as_ref()),
        ("Ingress" | "Gateway", Verdict::Deny) => only(Reason::TlsTooOld),
        ("Endpoints", Verdict::Deny) => only(Reason::EndpointOutside),
        _ => false,
    }
}

#[track_caller]
fn assert_silent(outcome: &Outcome, excepted: impl Fn(&Checked) -> bool) {
    assert_eq!(outcome.unreadable, []);
    for one in outcome.checked.iter().filter(|one| !reads_its_node(one) && !excepted(one)) {
        let place = format!("{}:{}", one.document.source.name, one.document.line);
        assert_eq!(one.decision.findings, [], "{place}");
        assert_eq!(one.decision.verdict, Verdict::NotApplicable, "{place}");
    }
}

/// Every namespace of the corpus.
fn namespaces(documents: &[Document]) -> BTreeSet<String> {
    let named =
        |document: &Document| Some(document.value.pointer("/metadata/namespace")?.as_str()?.to_owned());
    documents.iter().filter_map(named).chain(["default".to_owned()]).collect()
}

fn facts(text: String) -> Vec<Document> {
    let source = Source { name: "facts.yaml".to_owned(), text };
    bund::manifest::read(&source.into()).into_iter().map(Result::unwrap).collect()
}

#[test]
fn nothing_is_said_about_manifests_that_hold_no_class() {
    let Some(corpus) = corpus() else { return };
    let (documents, _) = read(corpus);
    assert!(documents.len() > 400, "only {} documents", documents.len());
    let outcome = checked(documents, Vec::new());
    assert_silent(&outcome, |_| false);
}

#[test]
fn nothing_is_said_about_them_in_guarded_namespaces_either() {
    let Some(corpus) = corpus() else { return };
    let (documents, _) = read(corpus);
    let namespaces = namespaces(&documents);
    let guarded = namespaces.iter().map(|name| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{bund.dev/guarded: \"true\"}}}}\n")
    });
    let facts = facts(guarded.collect::<Vec<_>>().join("---\n"));
    assert!(facts.len() > 3, "{namespaces:?}");
    assert_silent(&checked(documents, facts), |one| mentions_hosts(one) || acts_for_its_namespace(one));
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

/// Every address that is told of the corpus where all of it holds a class. Each is one.
const MENTIONED: &[(&str, &str)] = &[
    ("kubernetes-examples/_archived/cockroachdb/cockroachdb-statefulset.yaml", "github.com"),
    ("kubernetes-examples/_archived/nodesjs-mongodb/web-controller-demo.yaml", "github.com"),
    ("sock-shop/deploy/kubernetes/manifests-alerting/alertmanager-configmap.yaml", "hooks.slack.com"),
    (
        "sock-shop/deploy/kubernetes/manifests-monitoring/04-prometheus-configmap.yaml",
        "blackbox-exporter.example.com",
    ),
    ("sock-shop/deploy/kubernetes/manifests-monitoring/20-grafana-configmap.yaml", "github.com"),
    ("sock-shop/deploy/kubernetes/manifests-monitoring/20-grafana-configmap.yaml", "grafana.com"),
    ("sock-shop/deploy/kubernetes/manifests-monitoring/20-grafana-configmap.yaml", "prometheus.io"),
    ("sock-shop/deploy/kubernetes/manifests-monitoring/20-grafana-configmap.yaml", "www.grafana.org"),
];

/// Namespaces whose objects all hold a class.
fn classified(namespaces: &BTreeSet<String>) -> String {
    let namespaces = namespaces.iter().map(|name| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{bund.dev/guarded: \"true\", data-class.bund.dev/personal-information: \"\"}}}}\n"
        )
    });
    namespaces.collect::<Vec<_>>().join("---\n")
}

#[test]
fn of_what_settings_mention_only_hosts_are_told() {
    let Some(corpus) = corpus() else { return };
    let (documents, _) = read(corpus);
    let namespaces = namespaces(&documents);
    let outcome = checked(documents, facts(classified(&namespaces)));
    let mut told = BTreeSet::new();
    for one in &outcome.checked {
        for finding in &one.decision.findings {
            if finding.reason == Reason::AddressOutside {
                let file = one.document.source.name.rsplit("corpus/").next().unwrap();
                told.insert((file.to_owned(), finding.offending.clone()));
            }
        }
    }
    let listed: BTreeSet<_> =
        MENTIONED.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    assert_eq!(told, listed);
}
