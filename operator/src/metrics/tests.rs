use std::fmt::Write as _;

use bund_engine::snapshot::Service;
use bund_engine::{Snapshot, Timestamp, decide};
use prometheus_client::encoding::text::encode;
use serde_json::{Value, json};

use super::*;
use crate::webhook::{Entrance, review};
use bund_engine::transfer::State;

fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    encode(&mut text, &metrics.registry()).unwrap();
    text
}

fn lines<'t>(text: &'t str, prefix: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.starts_with(prefix)).collect()
}

fn ask(resource: &str, object: &Value) -> Vec<u8> {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "shop", "object": object,
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": resource}
    }})
    .to_string()
    .into_bytes()
}

#[test]
fn a_request_is_counted_by_operation_resource_and_decision() {
    let metrics = Metrics::default();
    for resource in ["pods", "deployments", "a-name-that-a-user-chose"] {
        let question = review::read(&ask(resource, &json!({}))).unwrap();
        let decision = decide(&question.request, &Snapshot::default(), Timestamp::UNIX_EPOCH);
        metrics.admission().answered(Entrance::Validating, &question, &decision.findings, Outcome::Allowed);
    }
    metrics.admission().unanswered();
    let text = text(&metrics);
    let mut counted = lines(&text, "bund_admission_requests_total{");
    counted.sort_unstable();
    assert_eq!(
        counted,
        [
            r#"bund_admission_requests_total{operation="create",resource="deployments",decision="allowed"} 1"#,
            r#"bund_admission_requests_total{operation="create",resource="other",decision="allowed"} 1"#,
            r#"bund_admission_requests_total{operation="create",resource="pods",decision="allowed"} 1"#,
            r#"bund_admission_requests_total{operation="unknown",resource="unknown",decision="unanswered"} 1"#,
        ]
    );
}

#[test]
fn durations_fall_into_buckets_from_half_a_millisecond_to_ten_seconds() {
    let metrics = Metrics::default();
    metrics.admission().took(Entrance::Mutating, std::time::Duration::from_micros(400));
    let text = text(&metrics);
    let buckets = lines(&text, "bund_admission_duration_seconds_bucket");
    assert_eq!(buckets.len(), 15);
    assert!(buckets[0].contains(r#"le="0.0005""#) && buckets[0].ends_with(" 1"), "{}", buckets[0]);
    assert!(buckets[13].contains(r#"le="10.0""#), "{}", buckets[13]);
}

#[test]
fn a_broken_watch_is_stale_until_it_follows() {
    let metrics = Metrics::default();
    let kind = WatchedKind::of("", "Pod").unwrap();
    assert_eq!(metrics.stale_since(), None);
    metrics.watch_broke(kind);
    let since = metrics.stale_since();
    metrics.watch_broke(kind);
    assert!(since.is_some());
    assert_eq!(metrics.stale_since(), since, "the first break counts");
    metrics.watch_follows(kind);
    assert_eq!(metrics.stale_since(), None);
    let text = text(&metrics);
    assert_eq!(lines(&text, "bund_watch_errors_total"), [r#"bund_watch_errors_total{kind="Pod"} 2"#]);
}

#[test]
fn what_only_a_leader_knows_goes_with_the_lease() {
    let metrics = Metrics::default();
    metrics.leads(true);
    metrics.findings([(Reason::NodeOutside, 2)]);
    let totals = PolicyTotals { would_deny: 1, ..PolicyTotals::default() };
    let names: Vec<_> = (0..102).map(|n| format!("p{n}")).collect();
    metrics.policies(names.iter().map(|name| (name.as_str(), &totals)));
    let led = text(&metrics);
    assert_eq!(lines(&led, "bund_findings"), [r#"bund_findings{reason="NodeOutside"} 2"#]);
    let policies = lines(&led, "bund_policy_would_deny{");
    assert_eq!(policies.len(), 101, "names that users choose are bounded");
    assert!(policies.contains(&r#"bund_policy_would_deny{policy="other"} 2"#));
    metrics.leads(false);
    let follows = text(&metrics);
    assert!(lines(&follows, "bund_findings{").is_empty() && lines(&follows, "bund_policy").is_empty());
}

#[test]
fn the_process_is_told_under_the_usual_names() {
    let text = text(&Metrics::default());
    for name in
        ["process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_start_time_seconds "]
    {
        assert_eq!(lines(&text, name).len(), 1, "{name}");
    }
}

/// Every metric with one value of each label, so that every name, help and label is in the text.
fn everything() -> String {
    let metrics = Metrics::default();
    let question = review::read(&ask("pods", &json!({}))).unwrap();
    let unreadable = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p",
        "labels": {"data-class.bund.dev/pi": ""}}, "spec": 1});
    let request = bund_engine::Request::of_object(unreadable, None);
    let mut snapshot = Snapshot::default();
    snapshot.observe(
        &json!({"apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": {"name": "p"},
        "spec": {"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"]}}),
    );
    let decision = decide(&request, &snapshot, Timestamp::UNIX_EPOCH);
    assert!(!decision.findings.is_empty());
    metrics.admission().answered(Entrance::Validating, &question, &decision.findings, Outcome::Allowed);
    metrics.admission().took(Entrance::Validating, std::time::Duration::ZERO);
    metrics.watch_broke(WatchedKind::of("", "Pod").unwrap());
    let leaf = crate::certificates::issue(crate::certificates::Step::Everything, None, &[], Timestamp::now());
    metrics.serves(&Serving::from(&leaf.unwrap()));
    metrics.findings([(Reason::NodeOutside, 1)]);
    metrics.policies([("p", &PolicyTotals::default())]);
    metrics.audited(Pass::Full, std::time::Duration::ZERO);
    metrics.drifted("FloorParameters", crate::registration::Damage::Changed);
    metrics.egress().stands(&crate::egress::Figures::default());
    metrics.egress().repaired(crate::registration::Damage::Changed);
    metrics.stamped(Stamped::Written);
    metrics.declassified([("pi".to_owned(), 1)]);
    metrics.geography(&[DatabaseState {
        name: "a.mmdb".into(),
        built: Some(Timestamp::UNIX_EPOCH),
        good_until: Some(Timestamp::UNIX_EPOCH),
        service: Service::InUse,
    }]);
    metrics.reported_in(Some(crate::report::ReportApi::OpenReports));
    metrics.reports(1, crate::report::Overflow::default());
    metrics.report_written(crate::report::Written::Created);
    metrics.eviction(crate::response::Outcome::Evicted);
    let said = crate::response::Said::from([(crate::response::State::Grace, (1, Vec::new()))]);
    metrics.evictions_wait([&said].into_iter());
    let figures = Figures { states: [(State::Active, 1)].into(), ..Figures::default() };
    metrics.transfers(&figures, KeptWatch::Renewed(Timestamp::UNIX_EPOCH));
    metrics.recorded(EventType::Activated);
    metrics.ledger().configured(true);
    metrics.ledger().open(Some(1));
    metrics.ledger().published(Timestamp::UNIX_EPOCH);
    metrics.ledger().pending(Some(0));
    text(&metrics)
}

/// One row per metric: name, type, labels, meaning.
fn table(text: &str) -> String {
    let mut rows = String::from("| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n");
    let help: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' ')).collect();
    for (name, meaning) in help {
        let kind = text
            .lines()
            .find_map(|line| line.strip_prefix("# TYPE ")?.strip_prefix(name)?.strip_prefix(' '))
            .unwrap();
        let suffix = match kind {
            "counter" => "_total",
            "histogram" => "_bucket",
            _ => "",
        };
        let series = format!("{name}{suffix}");
        let sample = text
            .lines()
            .find(|line| line.strip_prefix(&series).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let labels: Vec<String> = sample
            .and_then(|line| Some(line.split_once('{')?.1.split_once('}')?.0))
            .map(|labels| labels.split("\",").filter_map(|pair| pair.split_once('=')))
            .into_iter()
            .flatten()
            .map(|(label, _)| format!("`{label}`"))
            .filter(|label| label != "`le`")
            .collect();
        let shown = if kind == "counter" { series } else { name.to_owned() };
        let meaning = meaning.trim_end_matches('.');
        writeln!(rows, "| `{shown}` | {kind} | {} | {meaning} |", labels.join(", ")).unwrap();
    }
    rows
}

const REFERENCE: &str = "docs/reference/metrics.md";
const INTRODUCTION: &str = "\
<!-- Generated from the registry by `make generate`. Do not edit. -->
# Metrics

Every process answers `/metrics` on `metrics.address` (port 9090 in the chart) in the OpenMetrics text format. Labels
have a bounded set of values; of what users name only policies become one, the first hundred by name, and data classes
that are declared; the others are `other`. What is marked \"from the leader\" is told by the controller that holds the
lease alone.

`decision` is `allowed`, `confined` (admitted with the node affinity that keeps it inside), `refused`, `undecided` (a fact
could not be read; the API server is told to try again) or `unanswered` (not ready, not a review, or too many at one
time). `mode` is what happened because of a finding: `deny`, `warn` or `audit`. `database` is the name of a configured file. `result` of stamps is `written`, `gone`
(what was to be stamped had been deleted) or `failed` (it is tried again); of reports it is `created`, `replaced`,
`deleted`, `conflict` (somebody was faster, it is looked at again) or `failed`; of evictions it is `evicted`, `gone`, `failed`, `right`
(by then nobody asked for it), `changed` (while it was looked at), `budget` (a PodDisruptionBudget) or `share` (too much of its owner is
unavailable). `state` is `grace`, `rate`, `trying`, `budget`, `share`, `failed`, `forbidden` (the right is missing) or `cannot`; of transfers it is `closed`,
`ready` (it waits for the record), `active`, `suspended`, `expired`, `revoked` or `superseded`;
of namespaces it is `closed` or `planned`. `event` is what was recorded, as `spec.event`
of a LedgerEvent. `api` is the group in which reports are written, or `none`. `what` of drift and of policies that were put back is `changed` or `deleted`; of what no report
tells it is `owners` or `findings`; of moments of transfers it is `end`, `deadline` or `watch`. The bounds of the duration buckets are 0.5 ms to 10 s.

";

#[test]
fn the_reference_of_metrics_is_what_the_registry_tells() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(REFERENCE);
    let generated = format!("{INTRODUCTION}{}", table(&everything()));
    if std::env::var_os("BUND_UPDATE").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(stored, generated, "{REFERENCE} differs from what is generated; run `make generate`");
}

#[test]
fn a_database_of_addresses_is_told_by_its_name() {
    let metrics = Metrics::default();
    let state = |name: &str, moment: Option<i64>, service| DatabaseState {
        name: name.into(),
        built: moment.map(|second| Timestamp::from_second(second).unwrap()),
        good_until: moment.map(|second| Timestamp::from_second(second + 5).unwrap()),
        service,
    };
    metrics.geography(&[
        state("a.mmdb", Some(10), Service::Kept("it broke".into())),
        state("b.mmdb", None, Service::Missing("it is gone".into())),
    ]);
    let text = text(&metrics);
    let mut told = lines(&text, "bund_geo_database");
    told.sort_unstable();
    assert_eq!(
        told,
        [
            r#"bund_geo_database_build_timestamp_seconds{database="a.mmdb"} 10"#,
            r#"bund_geo_database_current{database="a.mmdb"} 0"#,
            r#"bund_geo_database_current{database="b.mmdb"} 0"#,
            r#"bund_geo_database_expiry_timestamp_seconds{database="a.mmdb"} 15"#,
            r#"bund_geo_database_usable{database="a.mmdb"} 1"#,
            r#"bund_geo_database_usable{database="b.mmdb"} 0"#,
        ]
    );
}
