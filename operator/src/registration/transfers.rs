//! The policy that the API server evaluates by itself: who decides on transfers, and who writes their record. (pure)
//!
//! The mutating webhook writes who created a transfer and who makes a decision; this policy takes nothing from it on trust.
//! It holds in every namespace and needs no process of ours. Which decisions count besides (not the requester's, people of
//! some groups) the engine says: it knows the transfer.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{ClassName, labels};
use serde_json::{Value, json};

use super::{
    MADE_AND_CHANGED, NOBODY_GRANTS, match_constraints, policy,
    right::{IS_PERSON, Resource},
    rule,
};

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-transfers";

/// How many classes the right is asked for one by one: the API server lets a policy ask its authorizer no more than 28
/// times. For more classes at one time the right on all of them is needed.
const CLASSES: usize = 12;

/// By user name, the classes with which policies trust somebody.
pub type Trusted = BTreeMap<String, BTreeSet<ClassName>>;

/// Refuses stamps that are not those of the requester, decisions of whoever was not given the right `approve`, and
/// records that are not written by `writer`.
pub fn transfers_policy(trusted: &Trusted, writer: &str) -> Value {
    let variables: Vec<_> = variables(trusted)
        .into_iter()
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    let validations: Vec<_> = stamps()
        .into_iter()
        .chain(decisions())
        .chain(records(writer))
        .map(Refusal::into_validation)
        .collect();
    let rules = [
        rule(bund_crds::GROUP, &["crossbordertransfers"], &MADE_AND_CHANGED, "Namespaced"),
        rule(bund_crds::GROUP, &["transferapprovals"], &["CREATE"], "Namespaced"),
        rule(
            bund_crds::GROUP,
            &["ledgerevents", "ledgers", "ledgers/status"],
            &["CREATE", "UPDATE", "DELETE"],
            "Cluster",
        ),
    ];
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&json!({}), &rules),
            "variables": variables,
            "validations": validations,
        }),
    )
}

struct Refusal {
    expression: String,
    message: String,
}

impl Refusal {
    fn unless(expression: String, message: impl Into<String>) -> Self {
        Self { expression, message: message.into() }
    }

    fn into_validation(self) -> Value {
        let Self { expression, message } = self;
        json!({ "expression": expression, "message": message, "reason": "Forbidden" })
    }
}

fn variables(trusted: &Trusted) -> [(&'static str, String); 7] {
    let is = |resource: &str| format!("request.resource.resource == '{resource}'");
    let annotation =
        |object: &str, key: &str| format!("{object}.?metadata.?annotations[?'{key}'].orValue('')");
    let stamp = |object: &str| {
        format!(
            "[{}, {}]",
            annotation(object, labels::CREATED_BY),
            annotation(object, labels::CREATED_BY_UID)
        )
    };
    let requester = "[request.userInfo.username, request.userInfo.?uid.orValue('')]";
    [
        ("isTransfer", is("crossbordertransfers")),
        ("isDecision", is("transferapprovals")),
        ("isRecord", "request.resource.resource in ['ledgerevents', 'ledgers']".to_owned()),
        ("created", format!("!variables.isTransfer || {} == (request.operation == 'UPDATE' ? {} : {requester})",
            stamp("object"), stamp("oldObject"))),
        // The classes for which the right is asked. A revocation may need none: the webhook knows who asked for the
        // transfer.
        ("classes", "variables.isDecision && object.spec.decision != 'Revoked' ? dyn(object.spec.dataClasses) : dyn([])"
            .to_owned()),
        ("trustedWith", format!("dyn({})[?request.userInfo.username].orValue([])", json!(trusted))),
        ("untrusted", "variables.classes.filter(c, !(c in variables.trustedWith))".to_owned()),
    ]
}

/// Who created and who decides is who makes the request.
fn stamps() -> [Refusal; 2] {
    const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";
    let approver = |member: &str, none: &str| format!("object.spec.?approver.?{member}.orValue({none})");
    let same = |member: &str, none: &str| {
        format!("{} == request.userInfo.?{member}.orValue({none})", approver(member, none))
    };
    let credential = format!(
        "{} == request.userInfo.?extra[?'{CREDENTIAL}'][?0].orValue('')",
        approver("credential", "''")
    );
    let decided = [same("username", "''"), same("uid", "''"), same("groups", "[]"), credential].join(" && ");
    [
        Refusal::unless(
            "variables.created".to_owned(),
            "CrossBorderTransfer: its annotations bund.dev/created-by and bund.dev/created-by-uid name who created it, and do \
             not change; leave them out when you create it, and keep them when you replace it; Bund writes them where the \
             Namespace is guarded (label bund.dev/guarded: \"true\")",
        ),
        Refusal::unless(
            format!("!variables.isDecision || ({decided})"),
            "TransferApproval: spec.approver must be you, as `kubectl auth whoami` tells it; leave it out: Bund writes it \
             where the Namespace is guarded (label bund.dev/guarded: \"true\")",
        ),
    ]
}

/// Who decides was given the right for every class, by name. One validation per class, because an expression may ask the
/// authorizer twice.
fn decisions() -> Vec<Refusal> {
    const RESOURCE: &str = "transferauthorities";
    let given = "ask for a ClusterRoleBinding, by your name, to ClusterRole bund-approver or to one that names the classes";
    let may_not = format!(
        "TransferApproval: you were not given the verb approve on transferauthorities of group bund.dev for every class in \
         spec.dataClasses, or hold it by a wildcard, which nobody chose; {given}"
    );
    let all = Resource { plural: RESOURCE, name: None };
    let wildcards = format!(
        "size(variables.untrusted) == 0 || (!{} && !{})",
        all.held_by_wildcard(),
        any_resource().may("approve")
    );
    let many = format!("size(variables.classes) <= {CLASSES} || {}", all.may("approve"));
    let person = Refusal::unless(
        format!("size(variables.untrusted) == 0 || {IS_PERSON}"),
        "TransferApproval: a service account does not decide on transfers; a person does, or every ResidencyPolicy that \
         keeps the classes names it in spec.trustedSubjects with Approve",
    );
    let by_wildcard = format!(
        "TransferApproval: you hold the verb approve by a wildcard, which nobody chose; act as a person who was given it \
         and no wildcard, or {given}"
    );
    let too_many = format!(
        "TransferApproval: of more than {CLASSES} classes at one time you need the verb approve on all \
         transferauthorities; {given}"
    );
    let each = (0..CLASSES).map(|number| {
        let class = format!("variables.classes[{number}]");
        let of_class = Resource { plural: RESOURCE, name: Some(&class) };
        Refusal::unless(
            format!(
                "size(variables.classes) <= {number} || size(variables.classes) > {CLASSES} || \
                 ({} && ({class} in variables.trustedWith || !{}))",
                of_class.may("approve"),
                of_class.held_by_wildcard()
            ),
            may_not.clone(),
        )
    });
    [person, Refusal::unless(wildcards, by_wildcard), Refusal::unless(many, too_many)]
        .into_iter()
        .chain(each)
        .collect()
}

/// What happened is written by us, and so is what the ledger was last; a person who was given the right takes it away.
fn records(writer: &str) -> [Refusal; 3] {
    let records = Resource { plural: "transferrecords", name: None };
    let purged = "variables.isRecord && request.operation == 'DELETE'";
    let given = "LedgerEvent, Ledger: deleting what was recorded needs the verb purge on transferrecords of group bund.dev, given to \
                 a person by name and not by a wildcard (ClusterRole bund-purger)";
    [
        Refusal::unless(
            format!(
                "!variables.isRecord || request.operation == 'DELETE' || request.userInfo.username == {}",
                json!(writer)
            ),
            "LedgerEvent, Ledger: what happened is recorded by Bund alone",
        ),
        Refusal::unless(format!("!({purged}) || ({IS_PERSON} && {})", records.was_given("purge")), given),
        Refusal::unless(format!("!({purged}) || !{}", any_resource().may("purge")), given),
    ]
}

/// A resource that nobody grants: whoever has a verb here has it on every resource by a wildcard.
fn any_resource() -> Resource<'static> {
    Resource { plural: NOBODY_GRANTS, name: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Value {
        let trusted = BTreeMap::from([(
            "system:serviceaccount:ci:release".to_owned(),
            BTreeSet::from(["pi".parse().unwrap()]),
        )]);
        transfers_policy(&trusted, "leader")["spec"].clone()
    }

    #[test]
    fn it_is_asked_in_every_namespace_and_never_about_deletions_of_what_people_make() {
        let of_rule = |rule: &Value| {
            let text = |member: &str| rule[member].to_string();
            format!("{} {}", text("resources"), text("operations"))
        };
        let constraints = &spec()["matchConstraints"];
        let rules: Vec<_> = constraints["resourceRules"].as_array().unwrap().iter().map(of_rule).collect();
        assert_eq!(
            rules,
            [
                r#"["crossbordertransfers"] ["CREATE","UPDATE"]"#,
                r#"["transferapprovals"] ["CREATE"]"#,
                r#"["ledgerevents","ledgers","ledgers/status"] ["CREATE","UPDATE","DELETE"]"#,
            ]
        );
        assert_eq!(constraints["namespaceSelector"], json!({}));
    }

    #[test]
    fn the_authorizer_is_asked_no_more_than_the_api_server_lets_one() {
        let spec = spec();
        let checks =
            |validation: &Value| validation["expression"].as_str().unwrap().matches(".check(").count();
        let validations = spec["validations"].as_array().unwrap();
        assert!(validations.iter().map(checks).all(|checks| checks <= 2));
        // The record is asked about alone, and many classes are not asked one by one.
        let of_decisions = |validation: &&Value| {
            let expression = validation["expression"].as_str().unwrap();
            !expression.contains("isRecord") && !expression.contains(&format!("<= {CLASSES} ||"))
        };
        assert_eq!(validations.iter().filter(of_decisions).map(checks).sum::<usize>(), 2 * CLASSES + 2);
    }

    #[test]
    fn whom_policies_trust_stands_in_it() {
        let variable = spec()["variables"][5].clone();
        let expected = json!({
            "name": "trustedWith",
            "expression": "dyn({\"system:serviceaccount:ci:release\":[\"pi\"]})[?request.userInfo.username].orValue([])"
        });
        assert_eq!(variable, expected);
    }
}
