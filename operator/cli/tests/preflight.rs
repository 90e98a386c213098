//! `bund preflight` from files, run as users run it. A real cluster is the end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bund::{
    check::{self, Inputs},
    inventory::{Task, files, known, owners},
};
use bund_crds::{Check, ClusterLocationSpec};
use bund_engine::{Operation, Request, Timestamp, decide, decide_standing};
use serde_json::{Value, json};

#[path = "support/run.rs"]
mod run;

use run::assert_kept;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preflight").join(name)
}

fn bund(arguments: &[&str]) -> Output {
    run::bund(&here(""), arguments)
}

#[track_caller]
fn text(arguments: &[&str], code: i32) -> String {
    run::printed(bund(arguments), code)
}

#[track_caller]
fn report(arguments: &[&str]) -> Value {
    let all = [&["preflight", "--output", "json"], arguments].concat();
    serde_json::from_str(&text(&all, 0)).unwrap()
}

#[test]
fn people_read_a_report_that_is_grouped_and_says_what_to_do() {
    assert_kept(&here("report.txt"), &text(&["preflight", "-f", "dump.yaml"], 0));
}

#[test]
fn the_proposed_location_is_one_that_applies() {
    let proposal = text(&["preflight", "-f", "dump.yaml", "--propose"], 0);
    assert_kept(&here("proposal.yaml"), &proposal);
    let object: Value = serde_json::from_value(documents(&proposal).remove(0)).unwrap();
    let spec: ClusterLocationSpec = serde_json::from_value(object["spec"].clone()).unwrap();
    assert_eq!(spec.check("cluster").map_err(|problem| problem.to_string()), Ok(()));
    // Applied, it is what was judged by.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("location.yaml");
    fs::write(&path, &proposal).unwrap();
    let before = report(&["-f", "dump.yaml"]);
    let after = report(&["-f", "dump.yaml", path.to_str().unwrap()]);
    assert_eq!(after["location"]["judgedBy"], "Given");
    assert_eq!(after["location"]["proposal"], before["location"]["proposal"]);
    assert_eq!(after["forecast"]["policies"], before["forecast"]["policies"]);
    assert_eq!(after["nodes"], before["nodes"]);
}

fn documents(text: &str) -> Vec<Value> {
    let source = bund::manifest::Source { name: "text".to_owned(), text: text.to_owned() };
    bund::manifest::read(&source.into()).into_iter().map(|document| document.unwrap().value).collect()
}

/// `kind namespace/name` with the lines of each refusal.
fn refusals(forecast: &Value) -> BTreeSet<(String, Vec<String>)> {
    let refusals = forecast["policies"].as_array().unwrap().iter().flat_map(|policy| {
        policy["refusals"].as_array().unwrap().iter().map(|refusal| {
            let text = |member: &str| refusal[member].as_str().unwrap();
            let lines = refusal["lines"].as_array().unwrap();
            let lines = lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect();
            (format!("{} {}/{}", text("kind"), text("namespace"), text("name")), lines)
        })
    });
    refusals.collect()
}

#[test]
fn the_forecast_is_what_check_says_of_the_same_objects() {
    let proposal = text(&["preflight", "-f", "dump.yaml", "--propose"], 0);
    let mut unreadable = Vec::new();
    let facts = check::read(&[here("dump.yaml"), here("proposal.yaml")], &mut unreadable, |_, _| {});
    let own_policy = documents(&proposal).len();
    assert_eq!((unreadable.len(), own_policy), (0, 1));
    let inventory = files::read(&[here("dump.yaml")], Task::Preflight, |_, _| {});
    let known = known(&inventory, None);
    let owner_names: BTreeSet<_> = owners(&inventory, &known.snapshot)
        .iter()
        .filter(|owner| owner.namespace() == "shop")
        .map(|owner| owner.subject.id.name.to_string())
        .collect();
    let manifests = facts
        .iter()
        .filter(|document| {
            let name = document.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            owner_names.contains(name) && document.value["kind"] != "Namespace"
        })
        .cloned()
        .collect();
    let outcome =
        check::run(Inputs { manifests, facts, ..Inputs::default() }, Timestamp::UNIX_EPOCH, |_, _| {});
    let said: BTreeSet<_> = outcome
        .checked
        .iter()
        .filter_map(|checked| {
            let subject = &checked.decision.subject;
            let lines = checked.decision.response().refusals;
            // The built-in policy judges under a name of its own.
            let lines: Vec<_> =
                lines.into_iter().map(|line| line.replace("built-in.mainland", "mainland")).collect();
            let name = format!("{} {}/{}", subject.kind, subject.namespace.as_deref()?, subject.name);
            (!lines.is_empty()).then_some((name, lines))
        })
        .collect();
    let forecast = refusals(&report(&["-f", "dump.yaml"])["forecast"]);
    assert_eq!(forecast, said);
    assert_eq!(forecast.len(), 3, "{forecast:?}");
}

#[test]
fn what_stands_is_judged_as_its_creation_would_be() {
    let inventory = files::read(&[here("dump.yaml")], Task::Preflight, |_, _| {});
    let known = known(&inventory, None);
    let strict = known.snapshot.under_deny(&known.policies()[0]);
    let all = owners(&inventory, &strict);
    assert_eq!(all.len(), 8);
    for owner in all {
        let request = Request::of_object(owner.object.clone(), None);
        assert_eq!(request.operation, Operation::Create);
        let created = decide(&request, &strict, Timestamp::UNIX_EPOCH);
        let standing = decide_standing(&owner.subject, &strict, Timestamp::UNIX_EPOCH);
        assert_eq!(created.findings, standing.findings, "{}", owner.subject.id);
    }
}

#[test]
fn a_namespace_can_be_treated_as_guarded() {
    let report = report(&["-f", "dump.yaml", "--as-guarded", "warehouse"]);
    let namespaces = json!([
        {"name": "shop", "because": "Guarded"}, {"name": "warehouse", "because": "AsGuarded"}
    ]);
    assert_eq!(report["forecast"]["namespaces"], namespaces);
    // Unconfined, and confined by injection under the starter policy; its class is no longer out of place.
    assert_eq!(report["forecast"]["always"], json!([]));
    let exec = report["rights"]["access"][0]["holders"].as_array().unwrap();
    let subjects: Vec<_> = exec.iter().map(|holder| holder["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["Group shop-operators", "Group system:masters", "Group warehouse-operators"]);
}

#[test]
fn policies_can_be_given_instead_of_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    let manifest = "apiVersion: bund.dev/v1alpha1\nkind: ResidencyPolicy\nmetadata: {name: strict}\nspec:\n  \
        dataClasses: [personal-information]\n  jurisdictions: [cn-mainland]\n  placementStrategy: Require\n";
    fs::write(&policy, manifest).unwrap();
    let report = report(&["-f", "dump.yaml", "--policies", policy.to_str().unwrap()]);
    assert_eq!(report["forecast"]["policiesFrom"], "CommandLine");
    let names: BTreeSet<_> = refusals(&report["forecast"]).into_iter().map(|(name, _)| name).collect();
    let expected = ["Deployment shop/orders", "Deployment shop/reports", "Pod shop/debug"];
    assert_eq!(names, expected.map(str::to_owned).into());
}

#[test]
fn a_mapped_kind_is_an_owner_too_and_what_it_made_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rollouts.yaml");
    let manifest = r#"
apiVersion: bund.dev/v1alpha1
kind: DestinationMapping
metadata: {name: rollouts}
spec:
  target: {group: argoproj.io, kind: Rollout, resource: rollouts}
  templates: [{query: "$.spec.template", shape: PodTemplate}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: pay, namespace: shop}
spec:
  template:
    metadata: {labels: {data-class.bund.dev/financial-transactions: ""}}
    spec:
      nodeSelector: {topology.kubernetes.io/region: cn-hongkong}
      containers: [{name: pay, image: "shop/pay:1"}]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: pay-1
  namespace: shop
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: pay, uid: u, controller: true}]
spec:
  template:
    metadata: {labels: {data-class.bund.dev/financial-transactions: ""}}
    spec:
      nodeSelector: {topology.kubernetes.io/region: cn-hongkong}
      containers: [{name: pay, image: "shop/pay:1"}]
"#;
    fs::write(&path, manifest).unwrap();
    let report = report(&["-f", "dump.yaml", path.to_str().unwrap()]);
    let names: BTreeSet<_> = refusals(&report["forecast"]).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains("Rollout shop/pay"), "{names:?}");
    assert!(!names.contains("ReplicaSet shop/pay-1"), "{names:?}");
}

#[test]
fn what_a_secret_holds_is_never_shown() {
    for form in ["text", "json"] {
        let report = text(&["preflight", "-f", "dump.yaml", "--output", form], 0);
        assert!(!report.contains("bmV2ZXIgc2hvd24="), "{form}");
    }
}

#[test]
fn exit_codes_are_those_of_every_command() {
    text(&["preflight", "-f", "dump.yaml", "--fail-on", "refusals"], 1);
    text(&["preflight", "-f", "proposal.yaml", "--propose"], 2);
    text(&["preflight", "-f", "nowhere.yaml"], 2);
    for without_source in [&["preflight"][..], &["discover"], &["preflight", "--kubeconfig", "config"]] {
        let output = bund(without_source);
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("--context <NAME>") && error.contains("--file"), "{error}");
    }
    let output = bund(&["preflight", "--kubeconfig", "nowhere", "--context", "prod"]);
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn as_a_plugin_of_kubectl_it_is_the_same_command() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-bund");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bund"), &plugin).unwrap();
    let output =
        Command::new(plugin).args(["preflight", "-f", "dump.yaml"]).current_dir(here("")).output().unwrap();
    let own = bund(&["preflight", "-f", "dump.yaml"]);
    assert_eq!((output.status, output.stdout), (own.status, own.stdout));
}

#[test]
fn nothing_is_guessed_from_files_that_do_not_tell() {
    let report = report(&["-f", "proposal.yaml"]);
    assert_eq!(report["nodes"]["notKnown"], "no Node is given");
    assert_eq!(report["networkPolicy"]["enforcement"], "Unknown");
    assert_eq!(report["kubernetes"].get("supported"), None);
    assert_eq!(report["forecast"]["owners"], 0);
    assert_eq!(report["rights"]["notKnown"].as_array().unwrap().len(), 5);
}

// === the page ===

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/preflight.md")).unwrap()
}

/// Every field of a value, as the page writes it: `nodes.items[].name`.
fn fields(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                // It is a manifest.
                if at == "location.proposal" || !matches!(member, Value::Object(_)) {
                    found.insert(at.clone());
                }
                if at != "location.proposal" {
                    fields(member, &at, found);
                }
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

fn described(section: &str) -> BTreeSet<String> {
    let page = page();
    let (_, section) = page.split_once(section).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_field_of_the_json_report_is_described_and_no_other() {
    let mut found = BTreeSet::new();
    for arguments in [&["-f", "dump.yaml"][..], &["-f", "proposal.yaml"]] {
        fields(&report(arguments), "", &mut found);
    }
    // Of a cluster only; the end-to-end suite reads them.
    let of_a_cluster = ["origin.context", "kubernetes.version", "kubernetes.supported"];
    // Lists that are empty here.
    let empty = ["networkPolicy.agents[].look", "forecast.namespaces[].because"];
    found.extend(of_a_cluster.into_iter().chain(empty).map(str::to_owned));
    assert_eq!(described("## The JSON of preflight"), found);
}

#[test]
fn the_example_on_the_page_is_what_the_command_prints() {
    const BEGIN: &str = "<!-- generated: example -->\n";
    const END: &str = "<!-- end of generated -->\n";
    let text = page();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut report = report(&["-f", "dump.yaml"]);
    // Long lists are cut to their first element.
    cut(&mut report);
    let report = serde_json::to_string_pretty(&report).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/preflight.md");
    assert_kept(&path, &format!("{before}{BEGIN}\n```json\n{report}\n```\n\n{END}{after}"));
}

fn cut(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(cut),
        Value::Array(elements) => {
            if elements.iter().all(Value::is_object) {
                elements.truncate(1);
            }
            elements.iter_mut().for_each(cut);
        }
        _ => {}
    }
}
