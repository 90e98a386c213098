//! `bund plan egress` over real manifests of a public project.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use bund::{
    inventory::{Inventory, Task, files},
    plan::{Declared, EgressPlan, Outcome, Widened, egress, text},
    why::facts,
};
use bund_engine::Timestamp;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shop with its NetworkPolicies, in a namespace that is guarded; `None`, said loudly, where the corpus is absent. It is
/// no part of the repository.
fn shop(policies: impl IntoIterator<Item = Value>) -> Option<Inventory> {
    let path = root().join("../shared/corpus/sock-shop/deploy/kubernetes");
    if !path.exists() {
        eprintln!("SKIPPED: {} is absent, so no plan was made of real manifests", path.display());
        return None;
    }
    let access = fs::read_dir(path.join("manifests-policy")).unwrap().map(|entry| entry.unwrap().path());
    // The one that is left out has the Namespace in it a second time.
    let access = access.filter(|path| !path.ends_with("netpol-default-deny.yaml"));
    let paths: Vec<_> = [path.join("manifests")].into_iter().chain(access).collect();
    let mut inventory = files::read(&paths, Task::Plan, |_, _| {});
    for object in &mut inventory.objects {
        if object["kind"] == "Namespace" {
            object["metadata"]["labels"] = json!({ "bund.dev/guarded": "true" });
        }
    }
    inventory.objects.extend(policies);
    Some(inventory)
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// What each part of the shop holds.
fn class(name: &str, parts: &[&str]) -> Value {
    let by_name = json!({ "matchExpressions": [{ "key": "name", "operator": "In", "values": parts }] });
    own(
        "DataClass",
        name,
        &json!({ "category": "PersonalInformation", "selectors": [{ "objectSelector": by_name }] }),
    )
}

fn classified(mode: &str) -> Vec<Value> {
    let policy = json!({
        "dataClasses": ["financial-transactions", "personal-information"], "jurisdictions": ["cn-mainland"],
        "enforcement": { "egress": mode }
    });
    vec![
        own("ResidencyPolicy", "mainland", &policy),
        class(
            "personal-information",
            &["user", "user-db", "carts", "carts-db", "orders", "orders-db", "shipping"],
        ),
        class("financial-transactions", &["orders", "orders-db", "payment"]),
    ]
}

fn plan_of(mode: &str) -> Option<(Inventory, EgressPlan)> {
    let inventory = shop(classified(mode))?;
    let plan = egress(&inventory, &facts(&inventory), None, Timestamp::UNIX_EPOCH);
    Some((inventory, plan))
}

#[test]
fn the_plan_of_the_sock_shop_names_every_peer_that_would_be_cut() {
    let Some((inventory, plan)) = plan_of("Audit") else { return };
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/plan/sock-shop.txt");
    let told = text(&plan, &inventory.origin);
    if std::env::var_os("BUND_UPDATE").is_some() {
        fs::write(&golden, &told).unwrap();
    }
    assert_eq!(told, fs::read_to_string(golden).unwrap(), "`BUND_UPDATE=1` writes it anew");
}

#[test]
fn under_deny_the_same_is_open() {
    let (Some((_, told)), Some((_, closed))) = (plan_of("Audit"), plan_of("Deny")) else { return };
    assert_eq!(told.manifests, closed.manifests);
    assert_eq!(told.namespaces[0].declared, closed.namespaces[0].declared);
    assert_eq!(
        json!([told.namespaces[0].plan.mode, closed.namespaces[0].plan.mode]),
        json!(["Audit", "Deny"])
    );
}

#[test]
fn a_shop_that_holds_nothing_is_not_closed() {
    let Some(inventory) = shop(classified("Deny").into_iter().take(1)) else { return };
    let plan = egress(&inventory, &facts(&inventory), None, Timestamp::UNIX_EPOCH);
    assert_eq!(plan.namespaces, []);
}

/// Every form in which a setting names whom its pod reaches.
#[test]
fn what_settings_name_is_told_with_what_becomes_of_it() {
    let deployment = |name: &str, classes: &[&str], env: &Value| {
        let labels: Vec<_> =
            classes.iter().map(|class| (format!("data-class.bund.dev/{class}"), json!(""))).collect();
        let mut labels: serde_json::Map<_, _> = labels.into_iter().collect();
        labels.insert("app".to_owned(), name.into());
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": "shop" },
            "spec": { "template": { "metadata": { "labels": labels }, "spec": {
                "containers": [{ "name": "app", "image": "app:1", "env": env, "args": ["--at=http://db.shop.svc:80/x"] }]
            } } }
        })
    };
    let service = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "shop" },
            "spec": { "selector": { "app": name } }
        })
    };
    let env = json!([
        { "name": "A", "value": "postgres://user:secret@db:5432/x" }, { "name": "B", "value": "logs" },
        { "name": "C", "value": "http://10.20.0.5:80" }, { "name": "D", "value": "https://api.partner.example/v1" },
        { "name": "E", "value": "the logs of db" }, { "name": "F", "value": "http://gone.shop.svc.cluster.local" }
    ]);
    let policy = json!({
        "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"], "enforcement": { "egress": "Deny" },
        "egress": { "networks": [{ "network": "10.20.0.0/16", "ports": [{ "port": 80, "protocol": "TCP" }] }] }
    });
    let location = json!({
        "jurisdiction": "cn-mainland", "span": "Uniform", "providers": ["alibaba"], "networks": ["10.0.0.0/8"]
    });
    let guarded = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "shop", "labels": { "bund.dev/guarded": "true" } }
    });
    let inventory = Inventory {
        objects: vec![
            own("ResidencyPolicy", "mainland", &policy),
            own("ClusterLocation", "cluster", &location),
            guarded,
            deployment("web", &["personal-information"], &env),
            deployment("db", &["personal-information"], &json!([])),
            deployment("logs", &[], &json!([])),
            service("db"),
            service("logs"),
        ],
        ..Inventory::default()
    };
    let plan = egress(&inventory, &facts(&inventory), Some("shop"), Timestamp::UNIX_EPOCH);
    let of_web = plan.namespaces[0].declared.iter().filter(|declared| declared.from == "Deployment web");
    let told: Vec<_> = of_web
        .map(|declared| {
            let mark = if declared.outcome == Outcome::StaysOpen { "open" } else { "cut" };
            format!("{mark} {}: {}", declared.to, declared.why)
        })
        .collect();
    assert_eq!(
        told,
        [
            "cut Service gone: no such Service is known",
            "cut Service logs: Deployment logs does not hold personal-information",
            "cut api.partner.example: network policies know addresses alone",
            "open 10.20.0.5: ResidencyPolicy mainland allows it, at 80/TCP",
            "open Service db: it holds at least the same",
            "open Service db: it holds at least the same",
        ]
    );
    assert_eq!(egress(&inventory, &facts(&inventory), Some("till"), Timestamp::UNIX_EPOCH).namespaces, []);
}

/// The plan of a file, all of which can be read.
fn plan_of_dump(dump: &str) -> (Inventory, EgressPlan) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.yaml");
    fs::write(&file, dump).unwrap();
    let inventory = files::read(&[file], Task::Plan, |_, _| {});
    assert!(inventory.unreadable.is_empty(), "{:?}", inventory.unreadable);
    let plan = egress(&inventory, &facts(&inventory), None, Timestamp::UNIX_EPOCH);
    (inventory, plan)
}

/// Settings are in ConfigMaps more often than in the pod.
#[test]
fn what_config_maps_name_is_told_for_the_pods_that_use_them() {
    let (inventory, plan) = plan_of_dump(CONFIG_MAPS);
    let told: Vec<_> = plan.namespaces[0]
        .declared
        .iter()
        .map(|declared| {
            let Declared { outcome, from, to, declared_by, .. } = declared;
            format!("{outcome:?} {from} to {to} [{declared_by}]")
        })
        .collect();
    assert_eq!(
        told,
        [
            "WouldBeCut Deployment web to 203.0.113.9 [ConfigMap variables data.PARTNER]",
            "WouldBeCut Deployment web to Service db [ConfigMap mounted data['app.yaml']]",
            "WouldBeCut Deployment web to db.partner.example [ConfigMap mounted data['app.yaml']]",
            "StaysOpen Deployment web to 10.20.0.5 [ConfigMap variables data.CACHE]",
        ]
    );
    let told = text(&plan, &inventory.origin);
    assert!(!told.contains("secret"), "{told}");
}

/// Policies only add, or come before those of the plan.
#[test]
fn what_policies_of_others_open_is_told_whatever_is_closed() {
    let wide = |group: &str, version: &str, name: &str, spec: &str| {
        format!(
            "---\napiVersion: {group}/{version}\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
        )
    };
    let everything = "{podSelector: {}, policyTypes: [Egress], egress: [{}]}";
    let dump = [
        CONFIG_MAPS.to_owned(),
        wide("networking.k8s.io", "v1", "wide", everything),
        wide("networking.k8s.io", "v1", "narrow", "{podSelector: {}, policyTypes: [Egress], egress: []}"),
        // It is written over once the plan is applied.
        wide("networking.k8s.io", "v1", "bund-egress", everything),
        wide("crd.projectcalico.org", "v1", "bund-egress", "{types: [Egress], egress: [{action: Allow}]}"),
        "---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: above}
spec:
  tier: Admin
  priority: 7
  subject: {namespaces: {}}
  egress: [{action: Accept, to: [{networks: [203.0.113.9/32]}]}]
"
        .to_owned(),
    ];
    let (inventory, plan) = plan_of_dump(&dump.concat());
    let told: Vec<_> = plan.namespaces[0]
        .widened
        .iter()
        .map(|Widened { policy, field, what }| format!("{policy} {what} [{field}]"))
        .collect();
    assert_eq!(
        told,
        [
            "ClusterNetworkPolicy above lets pods of namespace shop reach 203.0.113.9/32 at every port; \
             203.0.113.9 is not open to them [spec.egress[0].to[0].networks[0]]",
            "NetworkPolicy shop/bund-egress of crd.projectcalico.org lets its pods reach every address at every port; \
             no policy allows to reach everything [spec.egress[0]]",
            "NetworkPolicy shop/wide lets its pods reach every address at every port; \
             no policy allows to reach everything [spec.egress[0]]",
        ]
    );
    assert!(text(&plan, &inventory.origin).contains(
        "  opened by policies of others, and open until these are taken away\n    ClusterNetworkPolicy above: "
    ));
}

const CONFIG_MAPS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {bund.dev/guarded: 'true'}}
---
apiVersion: bund.dev/v1alpha1
kind: ClusterLocation
metadata: {name: cluster}
spec: {jurisdiction: cn-mainland, span: Uniform, providers: [alibaba], networks: [10.0.0.0/8]}
---
apiVersion: bund.dev/v1alpha1
kind: ResidencyPolicy
metadata: {name: mainland}
spec:
  dataClasses: [personal-information]
  jurisdictions: [cn-mainland]
  enforcement: {egress: Deny}
  egress: {networks: [{network: 10.20.0.0/16}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web, data-class.bund.dev/personal-information: ''}}
    spec:
      containers: [{name: app, image: 'app:1', envFrom: [{configMapRef: {name: variables}}]}]
      volumes: [{name: settings, projected: {sources: [{configMap: {name: mounted}}]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: variables, namespace: shop}
data: {PARTNER: 'https://user:secret@203.0.113.9/v1', CACHE: '10.20.0.5:6379', MODE: fast}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: mounted, namespace: shop}
data:
  app.yaml: |
    database: postgres://shop:secret@db.partner.example:5432/orders
    replica: http://db:8080
---
apiVersion: v1
kind: ConfigMap
metadata: {name: unused, namespace: shop}
data: {HOST: 'https://unused.example.com'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: variables, namespace: elsewhere}
data: {HOST: 'https://elsewhere.example.com'}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}}
";
