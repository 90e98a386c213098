//! Alerts and dashboard ask only for metrics that exist, by labels that exist.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{text, yaml};

/// Every name of a metric in a text: ours, and those of the process.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words =
        text.split(|c| !is_part(c)).filter(|word| word.starts_with("bund_") || word.starts_with("process_"));
    // A histogram is asked for by its buckets.
    words.map(|word| word.strip_suffix("_bucket").unwrap_or(word).to_owned()).collect()
}

/// The metrics that are documented, each in backticks at the beginning of a row.
fn documented() -> BTreeSet<String> {
    let page = text("docs/reference/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let names = rows.map(|(name, _)| name.split('{').next().unwrap_or(name).to_owned());
    names.filter(|name| name.starts_with("bund_") || name.starts_with("process_")).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_exist() {
    let asked = metrics(
        &(text("charts/bund/monitoring/alerts.yaml") + &text("charts/bund/monitoring/dashboard.json")),
    );
    let unknown: Vec<_> = asked.difference(&documented()).cloned().collect();
    assert_eq!(unknown, Vec::<String>::new(), "not in docs/reference/metrics.md");
    assert!(asked.len() > 12, "{asked:?}");
}

#[test]
fn every_alert_says_what_to_do() {
    let alerts = yaml("charts/bund/monitoring/alerts.yaml");
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    let mut names = BTreeSet::new();
    for rule in rules {
        assert!(names.insert(rule["alert"].as_str().unwrap()), "{} twice", rule["alert"]);
        for said in ["summary", "description"] {
            assert!(rule["annotations"][said].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        }
        let severity = rule["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("warning" | "critical")), "{rule}");
        assert_eq!(parentheses(&rule["expr"]), 0, "{rule}");
    }
}

#[test]
fn no_two_panels_lie_on_each_other() {
    let dashboard = yaml("charts/bund/monitoring/dashboard.json");
    let mut places = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            assert!(x < 24 && places.insert((x, place("y"))), "{}", panel["title"]);
        }
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(parentheses(&target["expr"]), 0, "{target}");
        }
    }
}

/// How many parentheses are open at the end of an expression.
fn parentheses(expression: &Value) -> i32 {
    let count = |c: char| i32::try_from(expression.as_str().unwrap().matches(c).count()).unwrap();
    count('(') - count(')')
}
