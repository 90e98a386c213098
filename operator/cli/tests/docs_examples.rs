//! What the guides show is what happens: refusals are those of the engine, command lines are ones, every reason is told.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use bund::{
    check::{self, Inputs},
    command::Bund,
};
use bund_engine::{Reason, Timestamp};
use clap::CommandFactory;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// What refuses `orders` in the shop of the examples, in a cluster whose one node is in Hangzhou.
fn refusal_of_orders() -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let cluster = folder.path().join("cluster.yaml");
    let facts = "apiVersion: v1
kind: Namespace
metadata: {name: sock-shop, labels: {bund.dev/guarded: \"true\"}}
---
apiVersion: v1
kind: Node
metadata: {name: hangzhou-1, labels: {topology.kubernetes.io/region: cn-hangzhou}}
";
    fs::write(&cluster, facts).unwrap();
    let mut unreadable = Vec::new();
    let mut documents = |paths: &[PathBuf]| check::read(paths, &mut unreadable, |_, _| {});
    let example = |name: &str| root().join("examples").join(name);
    let inputs = Inputs {
        manifests: documents(&[example("shop/shop.yaml")]),
        policies: Some(documents(&[example("policies/residency.yaml")])),
        facts: documents(&[example("policies/classes.yaml"), example("policies/location.yaml"), cluster]),
        ..Inputs::default()
    };
    let outcome = check::run(inputs, Timestamp::UNIX_EPOCH, |_, _| {});
    assert_eq!(unreadable, Vec::new());
    let refusals = outcome.checked.iter().flat_map(|checked| checked.decision.response().refusals);
    refusals.into_iter().find(|line| line.contains("sock-shop/orders")).unwrap()
}

#[test]
fn the_refusal_that_is_shown_is_what_the_engine_says() {
    let line = refusal_of_orders();
    for page in ["quickstart.md", "quickstart.zh-CN.md", "refusals.md", "refusals.zh-CN.md"] {
        assert!(read(&format!("docs/{page}")).contains(&line), "docs/{page} does not show: {line}");
    }
}

#[test]
fn every_reason_has_its_usual_remedy_in_both_languages() {
    for page in ["docs/refusals.md", "docs/refusals.zh-CN.md"] {
        let text = read(page);
        let missing: Vec<_> =
            Reason::ALL.iter().filter(|reason| !text.contains(&format!("\n| `{reason}` |"))).collect();
        assert_eq!(missing, Vec::<&Reason>::new(), "{page}");
    }
}

/// The pages whose commands readers copy.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for folder in ["docs", "docs/reference"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    pages
}

/// The calls of `bund` in the shell blocks of a page, without what the shell does with them.
fn calls(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap().replace("\\\n", " ");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks
        .flat_map(str::lines)
        .flat_map(|line| line.split([';', '|']))
        .map(|command| command.split(['#', '>']).next().unwrap_or_default().trim())
        .filter(|command| command.starts_with("bund ") || command.starts_with("kubectl bund "))
        .map(|command| command.trim_start_matches("kubectl ").to_owned())
        .collect()
}

#[test]
fn every_call_of_the_command_line_is_one() {
    let calls: Vec<_> = pages().iter().flat_map(|page| calls(page)).collect();
    let wrong: Vec<_> = calls
        .iter()
        .filter(|call| Bund::command().try_get_matches_from(call.split_whitespace()).is_err())
        .collect();
    assert_eq!(wrong, Vec::<&String>::new());
    assert!(calls.len() > 10, "{calls:?}");
}

#[test]
fn every_value_of_the_chart_that_is_set_is_one() {
    let reference = read("docs/reference/values.md");
    let mut set = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (value, _) in text.split("--set ").skip(1).filter_map(|rest| rest.split_once('=')) {
            assert!(reference.contains(&format!("| `{value}` |")), "{}: {value}", page.display());
            set += 1;
        }
    }
    assert!(set > 0);
}
