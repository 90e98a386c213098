//! The threat model says of every threat which test proves the answer, or that it is not answered yet; and every
//! test that it names exists.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{fs, path::PathBuf};

const UNANSWERED: &str = "Not answered";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/threat-model.md")).unwrap()
}

/// The cells of every row of a threat: `T-…` from the Kubernetes threat model, `D-…` and `R-…` our own.
fn threats(page: &str) -> Vec<Vec<String>> {
    page.lines()
        .filter(|line| ["| T-", "| D-", "| R-"].iter().any(|start| line.starts_with(start)))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// What is written as code in `text` and looks like a test: a case folder, or a Rust file with or without the
/// sentence of one test in it.
fn proofs(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|code| code.starts_with("policies/cases/") || code.contains(".rs")).collect()
}

/// Whether a test of that name is there. A trial of the end-to-end suite is named by its sentence.
fn exists(proof: &str) -> bool {
    let (path, name) = proof.split_once("::").unwrap_or((proof, ""));
    let path = root().join(path);
    if proof.starts_with("policies/cases/") {
        return path.join("case.yaml").is_file();
    }
    let Ok(text) = fs::read_to_string(path) else { return false };
    let (function, sentence) = (format!("fn {name}("), format!("\"{}\"", name.replace('_', " ")));
    name.is_empty() || text.contains(&function) || text.contains(&sentence)
}

#[test]
fn every_threat_names_a_test_or_says_that_it_is_not_answered() {
    let page = page();
    let threats = threats(&page);
    let without: Vec<_> = threats
        .iter()
        .filter(|cells| {
            !cells.last().is_some_and(|last| !proofs(last).is_empty() || last.contains(UNANSWERED))
        })
        .collect();
    assert_eq!(without, Vec::<&Vec<String>>::new());
    let of_kubernetes: Vec<_> =
        threats.iter().filter_map(|cells| cells.first()?.strip_prefix("T-")?.parse::<u8>().ok()).collect();
    assert_eq!(of_kubernetes, (1..=18).collect::<Vec<_>>());
}

#[test]
fn every_test_that_is_named_exists() {
    let threats = threats(&page());
    let proofs: Vec<_> = threats.iter().flatten().flat_map(|cell| proofs(cell)).collect();
    let missing: Vec<_> = proofs.iter().filter(|proof| !exists(proof)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
    assert!(proofs.len() > 50, "{}", proofs.len());
}
