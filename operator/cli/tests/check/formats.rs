//! Each format of the report, compared whole with `tests/golden`. `BUND_UPDATE=1` writes the files anew.

use std::{fs, path::PathBuf};

use bund::check::AdviceCode;
use bund_engine::Reason;
use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;
use serde_sarif::sarif::Sarif;

use crate::folder::{Folder, SHOP, deployment};

/// A refusal, a warning, something recorded, something clean, something unreadable, and assumptions.
fn folder() -> Folder {
    let abroad = deployment("web", "cn-hongkong");
    let unheard = deployment("cart", "cn-hangzhou").replace("personal-information", "unheard-of");
    let exempt = deployment("agent", "eu-central-1").replace("namespace: shop", "namespace: kube-system");
    Folder::of(&[
        ("app/web.yaml", &format!("{SHOP}---\n{abroad}")),
        ("app/more.yaml", &format!("{unheard}---\n{exempt}")),
        ("app/broken.yaml", "kind: Pod\nkind: Service\n"),
    ])
}

fn report(format: &str) -> String {
    folder().check(&["app", "-o", format]).exits(2).stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// Compares with a file of `tests/golden`.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BUND_UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} differs; BUND_UPDATE=1 writes it anew. Now it is:\n{text}");
    assert!(text.lines().count() <= 150, "{name} is too long to be read by anybody");
}

#[test]
fn text_is_one_line_per_finding_and_a_summary() {
    golden("text.txt", &report("text"));
}

#[test]
fn github_is_one_workflow_command_per_line() {
    golden("github.txt", &report("github"));
}

#[test]
fn json_is_one_versioned_document() {
    let folder = folder();
    let run = folder.check(&["app/web.yaml", "app/broken.yaml", "-o", "json"]).exits(2);
    golden("json.json", &run.stdout);
}

#[test]
fn junit_fails_the_case_of_what_fails_the_check() {
    let text = report("junit");
    golden("junit.xml", &text);
    let read = Report::deserialize_from_str(&text).unwrap();
    assert_eq!((read.failures, read.errors), (1, 1));

    // The same gate as the exit code: a warning fails its case only where it fails the check.
    for (fail_on, failures) in [("deny", 1), ("warn", 2), ("any", 3)] {
        let text = folder().check(&["app", "-o", "junit", "--fail-on", fail_on]).stdout;
        assert_eq!(Report::deserialize_from_str(&text).unwrap().failures, failures, "{fail_on}");
    }
    let text = folder().check(&["app", "-o", "junit", "--strict"]).stdout;
    let read = Report::deserialize_from_str(&text).unwrap();
    let suite = read.test_suites.iter().find(|suite| suite.name.as_str() == "assumptions").unwrap();
    assert!(!suite.test_cases.is_empty());
    assert!(suite.test_cases.iter().all(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. })));
}

#[test]
fn sarif_reads_back_and_names_a_rule_for_every_result() {
    let text = report("sarif");
    let log: Sarif = serde_json::from_str(&text).unwrap();
    let run = &log.runs[0];
    let rules: Vec<_> = run.tool.driver.rules.iter().flatten().map(|rule| rule.id.as_str()).collect();
    let reasons = Reason::ALL.iter().map(|reason| reason.code());
    let advice = AdviceCode::ALL.into_iter().map(AdviceCode::as_str);
    assert_eq!(rules, std::iter::once("Unreadable").chain(reasons).chain(advice).collect::<Vec<_>>());
    for result in run.results.iter().flatten() {
        assert!(rules.contains(&result.rule_id.as_deref().unwrap()), "{result:?}");
    }

    // What is written about each reason is compared in docs/reference/reasons.md.
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value.pointer_mut("/runs/0/tool/driver").unwrap().as_object_mut().unwrap().remove("rules");
    golden("sarif.json", &(serde_json::to_string_pretty(&value).unwrap() + "\n"));
}

#[test]
fn every_format_tells_of_the_same_findings() {
    let folder = folder();
    let told = |format: &str| {
        let text = folder.check(&["app", "-o", format]).stdout;
        [
            "PlacementContradicts",
            "UnknownClass",
            "Deployment shop/web",
            "app/web.yaml",
            "the key `kind` is given twice",
        ]
        .map(|what| text.contains(what))
    };
    for format in ["text", "json", "sarif", "junit", "github"] {
        assert_eq!(told(format), [true; 5], "{format}");
    }
}
