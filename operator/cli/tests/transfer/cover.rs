//! What a transfer in effect covers: the same on the command line as in the cluster. And what does not put one in effect.

use std::fs;

use bund::{
    check::{self, Inputs},
    inventory::{Task, files},
    why::{facts, why},
};
use bund_crds::Mode;
use bund_engine::{Timestamp, finding::Standing};
use serde_json::json;

use super::here;

fn then() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// What happens to the workload: with the dump as facts or among the manifests, and either file with a text changed.
fn told(dump: &str, facts: &str, change: (&str, &str)) -> Vec<String> {
    let folder = tempfile::TempDir::new().unwrap();
    for name in [dump, facts, "flow.yaml"].into_iter().filter(|name| !name.is_empty()) {
        let text = fs::read_to_string(here(name)).unwrap().replace(change.0, change.1);
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut unreadable = Vec::new();
    let mut read = |names: &[&str]| {
        let named = names.iter().filter(|name| !name.is_empty());
        let paths: Vec<_> = named.map(|name| folder.path().join(name)).collect();
        check::read(&paths, &mut unreadable, |_, _| {})
    };
    let manifests = read(&["flow.yaml", dump]);
    let facts = read(&[facts]);
    let outcome = check::run(Inputs { manifests, facts, unreadable, ..Inputs::default() }, then(), |_, _| {});
    let workload = outcome.checked.iter().find(|one| one.document.value["kind"] == "Deployment").unwrap();
    let findings = workload.decision.findings.iter();
    findings
        .map(|finding| match &finding.standing {
            Standing::Covered(cover) => format!("{} {cover}", finding.consequence()),
            standing => format!("{} {standing:?}", finding.consequence()),
        })
        .collect()
}

const AS_IT_IS: (&str, &str) = ("", "");
const COVERED: &str = "Warn covered by CrossBorderTransfer shop/crm until 2027-05-21T16:00:00Z";
const REFUSED: &str = "Deny Stands";

#[test]
fn a_check_with_the_record_as_facts_is_covered() {
    assert_eq!(told("", "dump.yaml", AS_IT_IS), [COVERED]);
}

#[test]
fn decisions_and_events_among_the_manifests_prove_nothing() {
    assert_eq!(told("dump.yaml", "", AS_IT_IS), [REFUSED]);
}

#[test]
fn the_transfer_among_the_manifests_is_the_one_that_is_there_as_long_as_it_says_the_same() {
    let folder = tempfile::TempDir::new().unwrap();
    let text = fs::read_to_string(here("dump.yaml")).unwrap();
    let items = text.split("\n  - apiVersion");
    let transfer = items.into_iter().find(|item| item.contains("name: crm\n      namespace")).unwrap();
    let written: String =
        transfer.lines().map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n").collect();
    let declared = |change: (&str, &str)| {
        let own = format!("apiVersion{written}").replace(change.0, change.1);
        fs::write(folder.path().join("own.yaml"), own).unwrap();
        let mut unreadable = Vec::new();
        let mut read = |paths: &[std::path::PathBuf]| check::read(paths, &mut unreadable, |_, _| {});
        let manifests = read(&[here("flow.yaml"), folder.path().join("own.yaml")]);
        let facts = read(&[here("dump.yaml")]);
        let inputs = Inputs { manifests, facts, unreadable, ..Inputs::default() };
        let outcome = check::run(inputs, then(), |_, _| {});
        assert_eq!(outcome.unreadable, Vec::new());
        outcome.checked.first().unwrap().decision.findings.first().unwrap().consequence()
    };
    assert_eq!(declared(AS_IT_IS), Mode::Warn);
    assert_eq!(declared(("uid: 6c0ae1f2", "uid: 00000000")), Mode::Warn, "nobody writes a uid");
    assert_eq!(declared(("created-by: zhang.san", "created-by: li.si")), Mode::Warn, "nor a creator");
    assert_eq!(
        declared(("ordinary: 200000", "ordinary: 200001")),
        Mode::Deny,
        "an edited text is another one"
    );
}

#[test]
fn what_is_not_all_covered_is_refused() {
    for change in [
        ("region: eu-central-1}\n      containers", "region: eu-west-1}\n      containers"),
        ("personal-information: \"\"}}", "personal-information: \"\", data-class.bund.dev/core-data: \"\"}}"),
        ("metadata: {name: crm, namespace: shop}\nspec", "metadata: {name: crm2, namespace: shop}\nspec"),
    ] {
        let told = told("", "dump.yaml", change);
        assert!(!told.is_empty() && told.iter().all(|line| line == REFUSED), "{change:?}: {told:?}");
    }
}

#[test]
fn why_names_the_transfer() {
    let inventory = files::read(&[here("dump.yaml"), here("flow.yaml")], Task::Why, |_, _| {});
    let known = facts(&inventory);
    let workload = inventory.of_kind("apps", "Deployment").next().unwrap();
    let told = why(&inventory, &known, workload, then());
    assert_eq!(
        json!(told.covered_by),
        json!({"namespace": "shop", "name": "crm", "until": "2027-05-21T16:00:00Z"})
    );
    let line = "transfer   shop/crm covers what it sends out, until 2027-05-21T16:00:00Z; `bund transfer status crm -n shop` tells more\n";
    let text = bund::why::render_text(&told);
    assert!(text.contains(line), "{text}");
}
