//! Architecture Invariant (generated equals types): `docs/reference/reasons.md` is what the engine says, and `docs/reference/cli.md` holds the
//! help of the binary and names every field of the JSON report. `BUND_UPDATE=1 cargo test -p bund --test docs` writes what is
//! generated anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{collections::BTreeSet, fmt::Write, fs, path::PathBuf};

use bund::{
    check::{self, FailOn, Gate, Inputs, Strictness},
    command::Bund,
    explain,
    report::{self, Colour, Format},
};
use bund_engine::Timestamp;
use clap::{Command, CommandFactory};
use serde_json::Value;

const BEGIN: &str = "<!-- generated: help; `make generate` writes it -->\n";
const END: &str = "<!-- end of generated -->\n";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name)
}

/// Compares a file with what it should be, or writes it.
#[track_caller]
fn assert_generated(name: &str, text: &str) {
    if std::env::var_os("BUND_UPDATE").is_some() {
        fs::write(path(name), text).unwrap();
    }
    let kept = fs::read_to_string(path(name)).unwrap_or_default();
    assert!(kept == text, "docs/reference/{name} differs from what is generated; run `make generate`");
}

/// The help of a command and of each below it.
fn write_help(command: &mut Command, called: &str, text: &mut String) {
    write!(text, "### `{called}`\n\n```text\n{}```\n", command.render_long_help()).unwrap();
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        text.push('\n');
        let called = format!("{called} {}", below.get_name());
        write_help(below, &called, text);
    }
}

/// The help of the binary and of each command.
fn help() -> String {
    let mut bund = Bund::command().term_width(100);
    bund.build();
    let mut text = String::new();
    write_help(&mut bund, "bund", &mut text);
    // Lines that clap pads.
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_reference_of_reasons_is_what_the_engine_says() {
    assert_generated("reasons.md", &explain::reference());
}

#[test]
fn the_reference_of_commands_is_the_help_of_the_binary() {
    let page = fs::read_to_string(path("cli.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    assert_generated("cli.md", &format!("{before}{BEGIN}\n{}\n{END}{after}", help()));
}

/// A report with everything in it that a report can hold.
fn full_report() -> Value {
    let text = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {bund.dev/guarded: \"true\"}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {data-class.bund.dev/core-data: \"\"}}
spec:
  nodeName: frankfurt-1
  containers: []
---
kind: 1
---
kind: A
kind: B
";
    let mut unreadable = Vec::new();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("all.yaml");
    fs::write(&file, text).unwrap();
    let manifests = check::read(&[file], &mut unreadable, |_, _| {});
    let outcome =
        check::run(Inputs { manifests, unreadable, ..Inputs::default() }, Timestamp::UNIX_EPOCH, |_, _| {});
    let gate = Gate { fail_on: FailOn::Deny, strictness: Strictness::Assume };
    let mut bytes = Vec::new();
    report::write(&outcome, gate, Format::Json, Colour::Plain, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Every field of a value, as the page writes it: `objects[].subject.kind`.
fn fields(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                // Their members are named after classes and ways.
                let is_open = ["objects[].classes", "objects[].findings[].provenance"].contains(&at.as_str());
                if is_open || !matches!(member, Value::Object(_)) {
                    found.insert(at.clone());
                }
                if !is_open {
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

#[test]
fn every_field_of_the_json_report_is_described_and_no_other() {
    let mut found = BTreeSet::new();
    fields(&full_report(), "", &mut found);
    let page = fs::read_to_string(path("cli.md")).unwrap();
    let (_, section) = page.split_once("## The JSON report").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let described: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(described, found);
}

#[test]
fn every_command_line_on_the_page_is_one() {
    let page = fs::read_to_string(path("cli.md")).unwrap();
    let mut lines = 0;
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.contains("Usage:")) {
        // Up to a comment, a redirection, or the end of inline code.
        let Some((_, rest)) = line.split_once("bund check ").filter(|(before, _)| !before.ends_with('`'))
        else {
            continue;
        };
        let arguments = rest.split(['#', '>', '|', '`']).next().unwrap().split_whitespace();
        let parsed = Bund::command().try_get_matches_from(["bund", "check"].into_iter().chain(arguments));
        assert!(parsed.is_ok(), "{line}");
        lines += 1;
    }
    assert!(lines > 5, "{lines}");
}
