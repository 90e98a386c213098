use bund_crds::Mode;
use bund_engine::finding::Standing;
use bund_engine::{Finding, Reason};
use serde_json::{Value, json};

use super::*;
use crate::audit::FindingId;
use crate::report::testing::{finding, hint, owner, owners};

fn composed(api: ReportApi, owner: SubjectKey, findings: Vec<Finding>) -> Composed {
    let all = owners(&[(owner, findings)]);
    let (owner, audit) = all.iter().next().unwrap();
    compose(api, owner, audit)
}

fn results(findings: Vec<Finding>) -> Vec<(String, String, String)> {
    let body = composed(ReportApi::OpenReports, owner("a"), findings).body;
    let text = |result: &Value, member: &str| result[member].as_str().unwrap().to_owned();
    let results = body["results"].as_array().unwrap();
    results.iter().map(|r| (text(r, "rule"), text(r, "result"), text(r, "severity"))).collect()
}

#[test]
fn a_report_says_whose_it_is_and_what_is_wrong() {
    let Composed { body, omitted } =
        composed(ReportApi::OpenReports, owner("a"), vec![finding("frankfurt-1")]);
    let expected = json!({
        "apiVersion": "openreports.io/v1alpha1", "kind": "Report",
        "metadata": {
            "name": "bund-deployment-a", "namespace": "shop",
            "labels": {"app.kubernetes.io/managed-by": "bund"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "uid": "u-a"}]
        },
        "source": "bund",
        "scope": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "a", "uid": "u-a"},
        "summary": {"pass": 0, "fail": 1, "warn": 0, "error": 0, "skip": 0},
        "results": [{
            "source": "bund", "policy": "stay", "rule": "NodeOutside", "category": Reason::NodeOutside.entry().control,
            "severity": "high", "result": "fail", "scored": true,
            "message": body["results"][0]["message"],
            "timestamp": {"seconds": 1_790_000_000, "nanos": 123_456_789},
            "properties": {
                "finding": FindingId::of(&finding("frankfurt-1")).as_str(),
                "class": "pi", "field": "spec.nodeName", "offending": "frankfurt-1", "remedy": "remove `nodeName`",
                "requirement": "cn-mainland", "citation": Reason::NodeOutside.entry().citation, "mode": "Deny",
                "standing": "Stands", "subjects": "2", "firstSubjects": "Pod a-1, Pod a-2"
            }
        }]
    });
    assert_eq!((body, omitted), (expected, 0));
}

#[test]
fn a_volume_has_a_report_of_the_cluster() {
    let owner = SubjectKey { namespace: "".into(), kind: "PersistentVolume", name: "pv-1".into() };
    let body = composed(ReportApi::PolicyReports, owner, vec![finding("x")]).body;
    assert_eq!(body["kind"], "ClusterPolicyReport");
    assert_eq!(body["apiVersion"], "wgpolicyk8s.io/v1alpha2");
    assert_eq!(body["metadata"].get("namespace"), None);
    assert_eq!(
        body["scope"],
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "name": "pv-1", "uid": "u-pv-1"})
    );
    assert_eq!(body.get("source"), None, "this API has it in results alone");
}

#[test]
fn what_fails_comes_first_and_modes_and_effects_say_how_grave_it_is() {
    let audited = Finding { mode: Mode::Audit, ..finding("b") };
    let exempt = Finding { standing: Standing::Exempt, ..finding("c") };
    let unreadable = Finding { reason: Reason::FieldUnreadable, mode: Mode::Warn, ..finding("d") };
    let expected = [
        ("NodeOutside", "fail", "high"),
        ("NodeOutside", "fail", "low"),
        ("FieldUnreadable", "error", "medium"),
        ("UnknownField", "warn", "info"),
        ("NodeOutside", "warn", "info"),
    ];
    let expected =
        expected.map(|(rule, result, severity)| (rule.to_owned(), result.to_owned(), severity.to_owned()));
    assert_eq!(results(vec![hint(), exempt, finding("a"), unreadable, audited]), expected);
}

#[test]
fn a_report_is_bounded_whatever_users_write_and_counts_what_it_leaves_out() {
    for nasty in ["\u{0}", "\"", "境", "\\"] {
        let findings = (0..400).map(|n| Finding {
            remedy: nasty.repeat(100_000),
            what: nasty.repeat(100_000),
            ..finding(&format!("{n}{}", nasty.repeat(100_000)))
        });
        let Composed { body, omitted } = composed(ReportApi::OpenReports, owner("a"), findings.collect());
        let shown = body["results"].as_array().unwrap().len();
        assert!(shown > 20 && shown <= RESULTS, "{shown}");
        assert_eq!(omitted, 400 - shown);
        assert_eq!(body["metadata"]["annotations"][OMITTED], json!(omitted.to_string()));
        assert_eq!(body["summary"]["fail"], 400);
        assert!(body.to_string().len() < BYTES + 4096);
    }
}
