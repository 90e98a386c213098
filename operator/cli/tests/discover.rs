//! `bund discover` over real manifests of public projects, and the shop of the examples.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bund::{
    discover::{Confidence, Discovery, discover, table},
    inventory::{Task, files},
};
use bund_engine::Timestamp;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The corpus; `None`, said loudly, where it is absent. It is no part of the repository.
fn corpus(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/corpus").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is absent, so nothing was discovered in real manifests", path.display());
    None
}

fn found(path: PathBuf) -> Discovery {
    let inventory = files::read(&[path], Task::Discover, |_, _| {});
    discover(&inventory, &table::stores().unwrap(), &table::words().unwrap(), Timestamp::UNIX_EPOCH)
}

/// `name: product` of each store of a confidence.
fn named(discovery: &Discovery, confidence: Confidence) -> Vec<String> {
    let of = discovery.stores.iter().filter(|found| found.confidence == confidence);
    of.map(|found| format!("{}: {}", found.name, found.product)).collect()
}

#[test]
fn every_store_of_the_sock_shop_is_found_with_what_it_holds() {
    let Some(path) = corpus("sock-shop/deploy/kubernetes/manifests") else { return };
    let discovery = found(path);
    let told: Vec<_> = discovery
        .stores
        .iter()
        .map(|found| {
            let classes: Vec<_> = found.classes.iter().map(|one| one.class.as_str()).collect();
            (found.name.as_str(), found.product.as_str(), found.confidence, classes.join(" "))
        })
        .collect();
    let personal = "personal-information".to_owned();
    let expected = [
        ("carts-db", "MongoDB", Confidence::High, personal.clone()),
        ("catalogue-db", "MySQL", Confidence::Medium, personal.clone()),
        ("orders-db", "MongoDB", Confidence::High, "personal-information financial-transactions".to_owned()),
        ("rabbitmq", "RabbitMQ", Confidence::High, personal.clone()),
        ("session-db", "Redis or Valkey", Confidence::High, personal.clone()),
        ("user-db", "MongoDB", Confidence::Medium, personal),
    ];
    assert_eq!(told, expected);
}

#[test]
fn of_a_demo_without_state_only_its_cache_is_found() {
    let Some(path) = corpus("microservices-demo/release/kubernetes-manifests.yaml") else { return };
    let discovery = found(path);
    assert_eq!(named(&discovery, Confidence::High), ["redis-cart: Redis or Valkey"]);
    assert_eq!(discovery.stores.len(), 1);
}

/// Folders of the corpus in which nothing keeps data.
const STATELESS: &[&str] = &[
    "kubernetes-examples/web/guestbook-go/guestbook-controller.yaml",
    "kubernetes-examples/web/guestbook-go/guestbook-service.yaml",
    "kubernetes-examples/web/guestbook/frontend-deployment.yaml",
    "kubernetes-examples/AI/vllm-deployment",
    "microservices-demo/istio-manifests",
];

#[test]
fn nothing_is_found_where_nothing_keeps_data() {
    let mut looked = 0;
    for name in STATELESS {
        let Some(path) = corpus(name) else { continue };
        assert_eq!(named(&found(path), Confidence::High), Vec::<String>::new(), "{name}");
        looked += 1;
    }
    assert!(looked > 2 || corpus("").is_none(), "{looked}");
}

#[test]
fn the_corpus_is_recognised_by_product() {
    let Some(path) = corpus("") else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for found in found(path).stores.iter().filter(|found| found.confidence == Confidence::High) {
        *counts.entry(found.product.clone()).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(product, count)| format!("{product} {count}")).collect();
    let expected = [
        "Cassandra or ScyllaDB 1",
        "CockroachDB 1",
        "Elasticsearch or OpenSearch 5",
        "Hazelcast 1",
        "MinIO 2",
        "MongoDB 3",
        "MySQL 5",
        "NFS server 1",
        "RabbitMQ 1",
        "Redis or Valkey 13",
        "RethinkDB 2",
        "Vitess 2",
    ];
    assert_eq!(counts, expected);
}

#[test]
fn in_the_shop_of_the_examples_a_name_is_all_that_shows() {
    // Its images are its own and it declares no port.
    let discovery = found(root().join("examples/shop"));
    assert_eq!(named(&discovery, Confidence::Low), ["user-db: a store, by its name"]);
    assert_eq!((discovery.stores.len(), discovery.classified), (1, 0));
}

#[test]
fn what_a_selector_classifies_is_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: sock-shop, labels: {bund.dev/guarded: \"true\"}}\n";
    fs::write(folder.path().join("namespace.yaml"), namespace).unwrap();
    for name in ["policies/classes.yaml", "shop/shop.yaml"] {
        let path = folder.path().join(name.replace('/', "-"));
        fs::copy(root().join("examples").join(name), path).unwrap();
    }
    let discovery = found(folder.path().to_owned());
    assert_eq!((discovery.stores.len(), discovery.classified), (0, 1));
}

// === as users run it ===

const OPERATED: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: crm}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: members, namespace: crm}
spec: {instances: 3}
---
apiVersion: v1
kind: Pod
metadata:
  name: members-1
  namespace: crm
  ownerReferences: [{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, name: members, uid: u, controller: true}]
spec: {containers: [{name: postgres, image: "mirror.local/cloudnative-pg/postgresql:17"}]}
---
apiVersion: databases.spotahome.com/v1
kind: RedisFailover
metadata: {name: sessions, namespace: crm}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: box, namespace: crm}
spec:
  template:
    metadata: {labels: {app: box}}
    spec: {containers: [{name: box, image: "crm/box:1"}]}
  volumeClaimTemplates: [{metadata: {name: data}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cache, namespace: crm}
spec:
  template:
    metadata: {labels: {app: cache, data-class.bund.dev/personal-information: ""}}
    spec: {containers: [{name: redis, image: "redis:7"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: crm}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "crm/postgres-client:1", ports: [{containerPort: 8080}]}]}
"#;

fn run(form: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("crm.yaml"), OPERATED).unwrap();
    let arguments = ["discover", "-f", "crm.yaml", "--output", form];
    let output =
        Command::new(env!("CARGO_BIN_EXE_bund")).args(arguments).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn people_read_what_was_found_why_and_what_to_add() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preflight/discover.txt");
    let text = run("text");
    if std::env::var_os("BUND_UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), text);
}

#[test]
fn every_field_of_the_json_report_is_described_and_no_other() {
    let report: Value = serde_json::from_str(&run("json")).unwrap();
    let mut found = BTreeSet::new();
    fields(&report, "", &mut found);
    let page = fs::read_to_string(root().join("docs/preflight.md")).unwrap();
    let (_, section) = page.split_once("## The JSON of discover").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let described: BTreeSet<_> = names.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(described, found);
}

fn fields(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                if !member.is_object() {
                    found.insert(at.clone());
                }
                fields(member, &at, found);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                fields(element, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}
