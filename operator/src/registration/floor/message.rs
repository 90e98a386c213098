//! What a refused user reads, in the words of the engine. (pure)

use bund_engine::Reason;
use serde_json::json;

use super::Variable;

/// What messages are made of.
pub(super) fn variables() -> Vec<Variable> {
    let how =
        "c in variables.ownClasses ? 'label in metadata.labels' : 'label on Namespace ' + request.namespace";
    let required = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
    vec![
        ("subject", "'Pod ' + request.namespace + '/' + object.metadata.?name.orValue('')".to_owned()),
        ("holds", format!("variables.kept.map(c, c + ' (' + ({how}) + ')').join(', ')")),
        (
            "policy",
            "variables.keeping[0].name + \
             (size(variables.keeping) == 1 ? '' : ' and ' + string(size(variables.keeping) - 1) + ' more')"
                .to_owned(),
        ),
        ("where", "params.spec.jurisdictions.join(' or ')".to_owned()),
        (
            "field",
            format!(
                "size(variables.required) == 0 ? (variables.contradicts ? 'spec.nodeSelector' : 'spec.affinity') : \
                 variables.contradicts ? '{required}' : \
                 '{required}.nodeSelectorTerms[' + string(variables.openTerms.indexOf(true)) + ']'"
            ),
        ),
    ]
}

/// A pod on a node that is not inside: one that comes to be, or one that runs and gets a container.
pub(super) fn node_outside() -> String {
    let comes = sentence(
        Reason::NodeOutside,
        "' is put on node ' + object.spec.nodeName + ', which is not known to be in ' + variables.where",
        "'spec.nodeName'",
        &text(Reason::NodeOutside.entry().remedy),
    );
    let runs = sentence(
        Reason::RunsOutside,
        "' would get a container while it runs on node ' + object.spec.nodeName + \
         ', which is not known to be in ' + variables.where",
        "'spec.nodeName'",
        &text(Reason::RunsOutside.entry().remedy),
    );
    format!("request.operation == 'CREATE' ? {comes} : {runs}")
}

/// A pod that a node outside could satisfy.
pub(super) fn unconfined() -> String {
    let contradicts = sentence(
        Reason::PlacementContradicts,
        "' asks for nodes of which none can be in ' + variables.where",
        "variables.field",
        &text(Reason::PlacementContradicts.entry().remedy),
    );
    let open = sentence(
        Reason::PlacementUnconfined,
        "' could be placed outside ' + variables.where",
        "variables.field",
        "params.spec.remedy",
    );
    format!("variables.contradicts ? {contradicts} : {open}")
}

/// Reason, subject, what is wrong, classes, field, control, law, policy, remedy, and who says it.
fn sentence(reason: Reason, what: &str, field: &str, remedy: &str) -> String {
    let entry = reason.entry();
    let (code, law) =
        (text(&format!("{reason}: ")), text(&format!("; {}, {}, policy ", entry.control, entry.citation)));
    let floor = text("; the API server says so by itself (in-tree policy bund-floor)");
    format!(
        "{code} + variables.subject + {what} + '; it holds ' + variables.holds + '; field ' + {field} + {law} + \
         variables.policy + '; ' + {remedy} + {floor}"
    )
}

/// A text as a CEL literal.
fn text(text: &str) -> String {
    json!(text).to_string()
}
