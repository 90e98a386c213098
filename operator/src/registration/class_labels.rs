//! The policy that the API server evaluates by itself: no class label, and no mark of ours, outside guarded namespaces. (pure)
//!
//! It holds while no process of ours runs, and stops nothing that carries neither.

use bund_crds::labels::{EGRESS_PREFIX, EGRESS_TRANSFER_PREFIX};
use bund_engine::Reason;
use serde_json::{Value, json};

use super::{MADE_AND_CHANGED, match_constraints, namespace_selector, policy, rule, workload_rules};

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-class-labels";

/// Every map of labels that an object of the matched kinds can carry: its own, those of its pod template, those of a
/// `CronJob`'s job template, and those of a `StatefulSet`'s claim templates.
fn label_maps(object: &str) -> String {
    let one_each = [
        "metadata",
        "?spec.?template.?metadata",
        "?template.?metadata",
        "?spec.?jobTemplate.?metadata",
        "?spec.?jobTemplate.?spec.?template.?metadata",
    ]
    .map(|place| format!("{object}.{place}.?labels.orValue({{}})"))
    .join(", ");
    let of_claims =
        format!("{object}.?spec.?volumeClaimTemplates.orValue([]).map(t, t.?metadata.?labels.orValue({{}}))");
    format!("[{one_each}] + {of_claims}")
}

/// Refuses a class label and a mark of ours on an object of an unguarded namespace, on updates only where it is new: a pod
/// that marked itself before its namespace is guarded would be a peer of others from then on.
pub fn class_label_policy(exempt: &[String]) -> Value {
    let mut rules = vec![rule(
        "",
        &[
            "pods",
            "replicationcontrollers",
            "podtemplates",
            "secrets",
            "configmaps",
            "serviceaccounts",
            "persistentvolumeclaims",
        ],
        &MADE_AND_CHANGED,
        "Namespaced",
    )];
    rules.push(rule("snapshot.storage.k8s.io", &["volumesnapshots"], &MADE_AND_CHANGED, "Namespaced"));
    rules.extend(workload_rules());
    // `request.operation` and not `oldObject != null`: the former is typed.
    let before = format!("request.operation == 'UPDATE' ? {} : []", label_maps("oldObject"));
    let added = "variables.now.map(labels, labels.filter(k, k.startsWith('data-class.bund.dev/') && \
                 !variables.before.exists(old, k in old)))";
    // What the mark says counts too.
    let marked = format!(
        "variables.now.map(labels, labels.filter(k, (k.startsWith('{EGRESS_PREFIX}') || \
         k.startsWith('{EGRESS_TRANSFER_PREFIX}')) && \
         !variables.before.exists(old, k in old && old[k] == labels[k])))"
    );
    let message = "'ClassOutsideGuarded: ' + object.kind + ' ' + request.namespace + '/' + request.name + \
                   ' holds a data class in a namespace that is not guarded; label ' + \
                   variables.added.filter(keys, size(keys) > 0)[0][0] + '; LOC-1; label the Namespace \
                   bund.dev/guarded: \"true\", or take the class label off'";
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&namespace_selector(Some("NotIn"), exempt), &rules),
            "variables": [
                { "name": "now", "expression": label_maps("object") },
                { "name": "before", "expression": before },
                { "name": "added", "expression": added },
                { "name": "marked", "expression": marked },
            ],
            "validations": [forged_mark(), {
                "expression": "variables.added.all(keys, size(keys) == 0)",
                "message": "ClassOutsideGuarded: a data class in a namespace that is not guarded; label the Namespace \
                            bund.dev/guarded: \"true\", or take the class label off",
                "messageExpression": message,
                "reason": "Forbidden",
            }],
        }),
    )
}

/// Refuses the marks.
fn forged_mark() -> Value {
    let remedy = Reason::MarkForged.entry().remedy;
    json!({
        "expression": "variables.marked.all(keys, size(keys) == 0)",
        "message": format!("MarkForged: a label that Bund alone writes; {remedy}"),
        "messageExpression": format!(
            "'MarkForged: ' + object.kind + ' ' + request.namespace + '/' + request.name + ' carries the mark ' + \
             variables.marked.filter(keys, size(keys) > 0)[0][0] + ', which Bund alone writes; {remedy}'"
        ),
        "reason": "Forbidden",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_spares_guarded_and_exempt_namespaces_and_what_was_there_before() {
        let policy = class_label_policy(&["kube-system".to_owned()]);
        let spec = &policy["spec"];
        assert_eq!(
            spec["matchConstraints"]["namespaceSelector"],
            json!({ "matchExpressions": [
                { "key": "bund.dev/guarded", "operator": "NotIn", "values": ["true"] },
                { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"] }
            ] })
        );
        let places = "[object.metadata.?labels.orValue({}), object.?spec.?template.?metadata.?labels.orValue({}), \
                      object.?template.?metadata.?labels.orValue({}), \
                      object.?spec.?jobTemplate.?metadata.?labels.orValue({}), \
                      object.?spec.?jobTemplate.?spec.?template.?metadata.?labels.orValue({})] + \
                      object.?spec.?volumeClaimTemplates.orValue([]).map(t, t.?metadata.?labels.orValue({}))";
        assert_eq!(spec["variables"][0], json!({ "name": "now", "expression": places }));
        let before =
            format!("request.operation == 'UPDATE' ? {} : []", places.replace("object.", "oldObject."));
        assert_eq!(spec["variables"][1], json!({ "name": "before", "expression": before }));
        assert_eq!(
            spec["variables"][3],
            json!({
                "name": "marked",
                "expression": "variables.now.map(labels, labels.filter(k, (k.startsWith('egress.bund.dev/') || \
                               k.startsWith('transfer.egress.bund.dev/')) && \
                               !variables.before.exists(old, k in old && old[k] == labels[k])))"
            })
        );
        assert_eq!(spec["failurePolicy"], "Fail");
    }

    #[test]
    fn the_binding_refuses() {
        assert_eq!(
            crate::registration::binding(NAME),
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": { "name": "bund-class-labels", "labels": { "app.kubernetes.io/part-of": "bund" } },
                "spec": { "policyName": "bund-class-labels", "validationActions": ["Deny"] }
            })
        );
    }
}
