//! Which requests are worth a call: match conditions, which the API server evaluates by itself. (pure)
//!
//! Architecture Invariant: every expression is total. One that fails would refuse the request, and a condition
//! applies to all rules of its entry.

use serde_json::{Value, json};

/// Whether the labels stay as they are.
const SAME_LABELS: &str = "object.?metadata.?labels.orValue({}) == oldObject.?metadata.?labels.orValue({})";

/// Whether an annotation comes that says that a class no longer counts.
const DECLASSIFIES: &str = "object.?metadata.?annotations.orValue({}).exists(k, \
                            k.startsWith('declassified.bund.dev/') && \
                            !(k in oldObject.?metadata.?annotations.orValue({})))";

/// Whether one of the two objects is not there, so that they cannot be compared.
const NOT_BOTH: &str = "object == null || oldObject == null";

fn condition(name: &str, expression: &str) -> Value {
    json!({ "name": name, "expression": expression })
}

/// Where objects that are asked about say what they do, besides labels and annotations.
const CONTENTS: [&str; 5] = ["endpoints", "spec", "specs", "subsets", "template"];

/// Everything but what leaves an object that is already going as it is: finalizers are removed so, and nobody is to wait for
/// us to see something deleted. What is going still acts: a Service leads on, and a NetworkPolicy lets out.
pub(super) fn not_only_going() -> Value {
    let same = |member: &&str| format!("object.?{member}.orValue({{}}) == oldObject.?{member}.orValue({{}})");
    let same_contents = CONTENTS.iter().map(same).collect::<Vec<_>>().join(" && ");
    condition(
        "not-only-going",
        &format!(
            "request.operation != 'UPDATE' || has(request.subResource) || {NOT_BOTH} || \
             !oldObject.?metadata.?deletionTimestamp.hasValue() || !({SAME_LABELS}) || \
             !({SAME_ANNOTATIONS}) || !({same_contents})"
        ),
    )
}

/// Whether the addresses of a load balancer stay as they are.
const SAME_ADDRESSES: &str =
    "object.?status.?loadBalancer.orValue({}) == oldObject.?status.?loadBalancer.orValue({})";

/// Whether the annotations stay as they are.
const SAME_ANNOTATIONS: &str =
    "object.?metadata.?annotations.orValue({}) == oldObject.?metadata.?annotations.orValue({})";

/// Of writes through `status` and `finalize` only those that change labels too. The API server lets them (of all
/// built-in kinds only Deployments are spared), and what kubelets and controllers write there all the time does not. Of
/// Services also those that change the addresses at which a load balancer takes connections, and of Services and Ingresses
/// those that change annotations, by which controllers are told where to send requests.
pub(super) fn status_only_with_labels() -> Value {
    condition(
        "status-only-with-labels",
        &format!(
            "!has(request.subResource) || !(request.subResource in ['status', 'finalize']) || {NOT_BOTH} || \
             !({SAME_LABELS}) || {DECLASSIFIES} || \
             (request.resource.resource == 'services' && !({SAME_ADDRESSES})) || \
             (request.resource.resource in ['services', 'ingresses'] && !({SAME_ANNOTATIONS}))"
        ),
    )
}

/// Who writes endpoints of Services with a selector, and copies those that somebody else wrote: the controllers of Kubernetes
/// itself, each with its own account or all with that of their process. They write for each pod that comes and goes.
const ENDPOINT_CONTROLLERS: [&str; 4] = [
    "system:kube-controller-manager",
    "system:serviceaccount:kube-system:endpoint-controller",
    "system:serviceaccount:kube-system:endpointslice-controller",
    "system:serviceaccount:kube-system:endpointslicemirroring-controller",
];

/// Everything but the endpoints that the controllers of Kubernetes write. Who writes counts: the label that says who keeps
/// them is anybody's to write.
pub(super) fn not_by_endpoint_controllers() -> Value {
    let names = names(&ENDPOINT_CONTROLLERS);
    condition(
        "not-by-endpoint-controllers",
        &format!(
            "!(request.resource.resource in ['endpoints', 'endpointslices']) || \
             !(request.userInfo.username in [{names}])"
        ),
    )
}

/// Of these resources of the core group only updates that change labels: nothing else of them can take a class away,
/// and what a Secret holds is not ours to see.
pub(super) fn only_with_labels(resources: &[&str]) -> Value {
    let names = names(resources);
    condition(
        "content-only-with-labels",
        &format!(
            "request.resource.group != '' || !(request.resource.resource in [{names}]) || {NOT_BOTH} || \
             !({SAME_LABELS})"
        ),
    )
}

/// Whether what a ConfigMap holds stays as it is.
const SAME_DATA: &str = "object.?data.orValue({}) == oldObject.?data.orValue({})";

/// Of ConfigMaps those that are made, and updates that change labels or data: locks that are written every few seconds
/// keep both. The one that the control plane writes into every namespace holds certificates, and pods wait for it.
pub(super) fn config_maps_only_with_data() -> Value {
    condition(
        "config-maps-only-with-data",
        &format!(
            "request.resource.group != '' || request.resource.resource != 'configmaps' || object == null || \
             (oldObject == null ? object.?metadata.?name.orValue('') != '{ROOT_CERTIFICATES}' : \
             !({SAME_LABELS}) || \
             (object.?metadata.?name.orValue('') != '{ROOT_CERTIFICATES}' && !({SAME_DATA})))"
        ),
    )
}

/// What pods know the API server by.
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";

/// Namespaces that hold, or held, a class or the enrolment.
pub(super) fn concerns_enrolment() -> Value {
    condition(
        "concerns-bund",
        "[object, oldObject].exists(o, o != null && has(o.metadata.labels) && \
         o.metadata.labels.exists(k, k == 'bund.dev/guarded' || k.startsWith('data-class.bund.dev/')))",
    )
}

/// Objects that hold, or held, a class, or of which somebody says that they do not; and those of `policies`, which hold none.
pub(super) fn concerns_classes(policies: &[&str]) -> Value {
    let policies = names(policies);
    condition(
        "concerns-classes",
        &format!(
            "request.resource.resource in [{policies}] || [object, oldObject].exists(o, o != null && \
             (o.?metadata.?labels.orValue({{}}).exists(k, k.startsWith('data-class.bund.dev/')) || \
             o.?metadata.?annotations.orValue({{}}).exists(k, k.startsWith('declassified.bund.dev/'))))"
        ),
    )
}

/// What leaves the rules of a network policy as they are if it is the action of all of them.
const TAKES_AWAY: &str =
    "(request.resource.group == 'policy.networking.k8s.io' ? ['Deny', 'Pass'] : ['Deny', 'Log'])";

/// Of `policies` those that may let pods of guarded namespaces out. Others are never called for, so that no fault of ours keeps
/// anybody from writing a policy that takes away, or that says by its selector that it leaves guarded namespaces alone.
pub(super) fn lets_out_where_guarded(policies: &[&str]) -> Value {
    let policies = names(policies);
    let leaves_alone = |selector: &str| {
        format!(
            "object.?spec.?subject.{selector}.?matchExpressions.orValue([]).exists(e, \
             e.?key.orValue('') == 'bund.dev/guarded' && e.?operator.orValue('') == 'DoesNotExist')"
        )
    };
    let [namespaces, pods] = ["?namespaces", "?pods.?namespaceSelector"].map(leaves_alone);
    condition(
        "lets-out-where-guarded",
        &format!(
            "!(request.resource.resource in [{policies}]) || object == null || ((object.?specs.hasValue() || \
             object.?spec.?egress.orValue([]).exists(r, !(r.?action.orValue('') in {TAKES_AWAY}))) && \
             !({namespaces}) && !({pods}))"
        ),
    )
}

fn names(resources: &[&str]) -> String {
    let names: Vec<_> = resources.iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}
