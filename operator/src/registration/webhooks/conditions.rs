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

/// Everything but what leaves the labels of an object that is already going as they are: finalizers are removed so,
/// and nobody is to wait for us to see something deleted.
pub(super) fn not_only_going() -> Value {
    condition(
        "not-only-going",
        &format!(
            "request.operation != 'UPDATE' || has(request.subResource) || {NOT_BOTH} || \
             !oldObject.?metadata.?deletionTimestamp.hasValue() || !({SAME_LABELS}) || {DECLASSIFIES}"
        ),
    )
}

/// Of writes through `status` and `finalize` only those that change labels too. The API server lets them (of all
/// built-in kinds only Deployments are spared), and what kubelets and controllers write there all the time does not.
pub(super) fn status_only_with_labels() -> Value {
    condition(
        "status-only-with-labels",
        &format!(
            "!has(request.subResource) || !(request.subResource in ['status', 'finalize']) || {NOT_BOTH} || \
             !({SAME_LABELS}) || {DECLASSIFIES}"
        ),
    )
}

/// Of these resources of the core group only updates that change labels: nothing else of them can take a class away,
/// and what a Secret holds is not ours to see.
pub(super) fn only_with_labels(resources: &[&str]) -> Value {
    let names: Vec<_> = resources.iter().map(|name| format!("'{name}'")).collect();
    let names = names.join(", ");
    condition(
        "content-only-with-labels",
        &format!(
            "request.resource.group != '' || !(request.resource.resource in [{names}]) || {NOT_BOTH} || \
             !({SAME_LABELS})"
        ),
    )
}

/// Namespaces that hold, or held, a class or the enrolment.
pub(super) fn concerns_enrolment() -> Value {
    condition(
        "concerns-bund",
        "[object, oldObject].exists(o, o != null && has(o.metadata.labels) && \
         o.metadata.labels.exists(k, k == 'bund.dev/guarded' || k.startsWith('data-class.bund.dev/')))",
    )
}

/// Objects that hold, or held, a class, or of which somebody says that they do not.
pub(super) fn concerns_classes() -> Value {
    condition(
        "concerns-classes",
        "[object, oldObject].exists(o, o != null && \
         (o.?metadata.?labels.orValue({}).exists(k, k.startsWith('data-class.bund.dev/')) || \
         o.?metadata.?annotations.orValue({}).exists(k, k.startsWith('declassified.bund.dev/'))))",
    )
}
