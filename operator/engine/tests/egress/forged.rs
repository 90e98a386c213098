//! Marks that say what is not so.

use bund_engine::{Finding, Reason, Request, Snapshot, decide};
use serde_json::{Value, json};

use crate::world::{deployment, namespace, noon, pod, policy, snapshot};

const HOLDS: &str = "egress.bund.dev/holds";

fn closed() -> Snapshot {
    snapshot([
        policy("strict", &["personal-information"], "Deny", &Value::Null),
        namespace("shop", true),
        namespace("open", false),
        namespace("ops", true),
    ])
}

fn forged(request: &Request, snapshot: &Snapshot) -> Vec<String> {
    let findings = decide(request, snapshot, noon()).findings;
    let of_marks = |finding: &&Finding| finding.reason == Reason::MarkForged;
    let told = |finding: &Finding| {
        format!("{} at {} {:?}", finding.offending, finding.field.as_str(), finding.consequence())
    };
    findings.iter().filter(of_marks).map(told).collect()
}

fn created(object: Value) -> Vec<String> {
    forged(&Request::of_object(object, None), &closed())
}

#[test]
fn a_mark_must_be_what_bund_would_write() {
    let classes = &["personal-information"][..];
    let refused = |label: &str| {
        vec![format!("{label} at metadata.labels['{}'] Deny", label.split('=').next().unwrap())]
    };
    for (labels, expected) in [
        ((HOLDS, "personal-information"), vec![]),
        (
            (HOLDS, "personal-information.payments"),
            refused("egress.bund.dev/holds=personal-information.payments"),
        ),
        ((HOLDS, ""), refused("egress.bund.dev/holds=")),
        (("transfer.egress.bund.dev/u", ""), refused("transfer.egress.bund.dev/u=")),
        (("egress.bund.dev/other", "x"), refused("egress.bund.dev/other=x")),
    ] {
        assert_eq!(created(pod("shop", "p", classes, &[labels])), expected, "{labels:?}");
    }
    assert_eq!(created(pod("shop", "p", &[], &[(HOLDS, "nothing")])), [""; 0]);
    assert_eq!(
        created(pod("shop", "p", &[], &[(HOLDS, "personal-information")])),
        refused("egress.bund.dev/holds=personal-information")
    );
}

#[test]
fn templates_carry_none_and_where_nobody_guards_nothing_does() {
    let of_template = "egress.bund.dev/holds=personal-information at spec.template.metadata.labels['egress.bund.dev/holds'] Deny";
    let honest = deployment("shop", "d", &["personal-information"], &[(HOLDS, "personal-information")]);
    assert_eq!(created(honest), [of_template]);
    assert_eq!(created(deployment("open", "d", &[], &[(HOLDS, "personal-information")])), [of_template]);
    let own = "egress.bund.dev/holds=nothing at metadata.labels['egress.bund.dev/holds'] Deny";
    assert_eq!(created(pod("open", "p", &[], &[(HOLDS, "nothing")])), [own]);
    let exempt = own.replace("Deny", "Audit");
    assert_eq!(created(pod("ops", "p", &[], &[(HOLDS, "nothing")])), [exempt]);
}

#[test]
fn an_update_is_refused_for_a_mark_that_is_new() {
    let stale = pod("shop", "p", &[], &[(HOLDS, "personal-information")]);
    let mut other = stale.clone();
    other["metadata"]["labels"]["app"] = json!("web");
    let kept = forged(&Request::of_object(other.clone(), Some(stale.clone())), &closed());
    assert_eq!(kept, [""; 0], "the leader puts it right");
    let mut changed = stale.clone();
    changed["metadata"]["labels"][HOLDS] = json!("payments");
    let new = forged(&Request::of_object(changed, Some(stale.clone())), &closed());
    assert_eq!(new, ["egress.bund.dev/holds=payments at metadata.labels['egress.bund.dev/holds'] Deny"]);
    let right = pod("shop", "p", &[], &[(HOLDS, "nothing")]);
    assert_eq!(forged(&Request::of_object(right, Some(stale.clone())), &closed()), [""; 0]);
    let less = pod("shop", "p", &["personal-information"], &[]);
    let mut lesser = less.clone();
    lesser["metadata"]["labels"][HOLDS] = json!("nothing");
    assert_eq!(
        forged(&Request::of_object(lesser, Some(less)), &closed()),
        ["egress.bund.dev/holds=nothing at metadata.labels['egress.bund.dev/holds'] Deny"],
        "only as it comes to be it is put right"
    );
}

#[test]
fn a_namespace_is_not_enrolled_with_pods_that_carry_forged_marks() {
    let mut snapshot = closed();
    snapshot.observe(&pod("open", "honest", &[], &[(HOLDS, "nothing")]));
    let enrol = || Request::of_object(namespace("open", true), Some(namespace("open", false)));
    assert_eq!(forged(&enrol(), &snapshot), [""; 0]);
    snapshot.observe(&pod("open", "liar", &[], &[(HOLDS, "personal-information")]));
    assert_eq!(forged(&enrol(), &snapshot), ["liar at metadata.labels['bund.dev/guarded'] Deny"]);
    let before = Request::of_object(namespace("open", true), Some(namespace("open", true)));
    assert_eq!(forged(&before, &snapshot), ["liar at metadata.labels['bund.dev/guarded'] Warn"]);
}

#[test]
fn where_no_policy_denies_egress_nothing_is_refused() {
    let audit = snapshot([
        policy("strict", &["personal-information"], "Audit", &Value::Null),
        namespace("shop", true),
    ]);
    let liar = pod("shop", "p", &[], &[(HOLDS, "personal-information")]);
    assert_eq!(
        forged(&Request::of_object(liar, None), &audit),
        ["egress.bund.dev/holds=personal-information at metadata.labels['egress.bund.dev/holds'] Audit"]
    );
}
