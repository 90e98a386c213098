//! Who may do what in the trials of transfers.

use bund_e2e::{control_plane::OWN_NAMESPACE, person::user};
use serde_json::{Value, json};

use super::ground::TILL;

/// Who asks for transfers.
pub(super) const SHOP_TEAM: &str = "shop-team";
/// Who decides on them.
pub(super) const PRIVACY_OFFICE: &str = "privacy-office";
/// The service account of the operators.
pub(super) const OPERATOR: &str = "bund-operator";
/// A service account that the policy of the till trusts.
pub(super) const TRUSTED: &str = "system:serviceaccount:till:release";
/// What lets the operators write the record.
pub(crate) const RECORDER: &str = "e2e-recorder";

const RBAC: &str = "rbac.authorization.k8s.io";

/// What holds from the start.
pub(super) fn everybodys() -> Vec<Value> {
    let operator = json!({ "kind": "ServiceAccount", "name": OPERATOR, "namespace": OWN_NAMESPACE });
    let asking = json!([
        { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "delete", "get", "list"] },
        { "apiGroups": ["bund.dev"], "resources": ["crossbordertransfers", "transferapprovals"],
          "verbs": ["create", "delete", "get", "list", "patch", "update"] }
    ]);
    let mut objects =
        vec![account(OWN_NAMESPACE, OPERATOR), account(TILL, "release"), account(TILL, "untrusted")];
    objects.extend(granted("e2e-operator", &operating(), &operator));
    objects.extend(recording());
    objects.extend(granted("e2e-requester", &asking, &group(SHOP_TEAM)));
    objects.extend(granted("e2e-approver", &approving(&[]), &group(PRIVACY_OFFICE)));
    objects
}

/// What lets the operators write the record, and can be taken away from them.
pub(crate) fn recording() -> [Value; 2] {
    let rules = json!([{ "apiGroups": ["bund.dev"], "resources": ["ledgerevents"], "verbs": ["create"] }]);
    let operator = json!({ "kind": "ServiceAccount", "name": OPERATOR, "namespace": OWN_NAMESPACE });
    granted(RECORDER, &rules, &operator)
}

/// What the operators need besides: as the chart gives it, only less finely.
fn operating() -> Value {
    let all = ["create", "delete", "get", "list", "patch", "update", "watch"];
    let reading = ["get", "list", "watch"];
    json!([
        {
            "apiGroups": [
                "", "admissionregistration.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io", "batch",
                "cilium.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "networking.k8s.io",
                "policy.networking.k8s.io", "storage.k8s.io"
            ],
            "resources": ["*"], "verbs": all
        },
        { "apiGroups": ["bund.dev"], "resources": ["floorparameters", "ledgers", "*/status"], "verbs": all },
        { "apiGroups": ["bund.dev"], "resources": ["*"], "verbs": reading }
    ])
}

/// To decide on transfers of these classes, or of all.
pub(super) fn approving(classes: &[&str]) -> Value {
    let mut right =
        json!({ "apiGroups": ["bund.dev"], "resources": ["transferauthorities"], "verbs": ["approve"] });
    if !classes.is_empty() {
        right["resourceNames"] = json!(classes);
    }
    json!([
        right,
        { "apiGroups": ["bund.dev"], "resources": ["transferapprovals"], "verbs": ["create", "delete", "get", "list"] },
        { "apiGroups": ["bund.dev"], "resources": ["crossbordertransfers"], "verbs": ["create", "get", "list"] }
    ])
}

/// A ClusterRole `name`, and who has it.
pub(crate) fn granted(name: &str, rules: &Value, subject: &Value) -> [Value; 2] {
    let version = format!("{RBAC}/v1");
    [
        json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules }),
        json!({
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": name }, "subjects": [subject]
        }),
    ]
}

/// Gives somebody what may be everything, by wildcards.
pub(super) fn wildcards(name: &str, person: &str) -> [Value; 2] {
    granted(name, &json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]), &user(person))
}

/// Whom a group stands for in a binding.
fn group(name: &str) -> Value {
    json!({ "apiGroup": RBAC, "kind": "Group", "name": name })
}

fn account(namespace: &str, name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name, "namespace": namespace } })
}

/// An event that somebody would like to have been.
pub(crate) fn forged_event() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent", "metadata": { "name": "forged.0" },
        "spec": { "event": "Declassified", "observedAt": "2026-11-20T00:00:00Z", "why": "because I say so" }
    })
}
