//! A policy keeps less, lets data be in more places, enforces less, or opens more.

use bund_crds::Aspect;
use serde_json::json;

use super::{Variable, added, cel, each, egress, field, lost, selector, together};

/// What an edit takes from all classes of a policy (`forAll`), and the classes that it keeps no more (`unkept`).
pub(super) fn variables() -> Vec<Variable> {
    let aspects: Vec<_> = Aspect::ALL.iter().map(|aspect| aspect.as_str()).collect();
    let named = "[variables.was.?enforcement.orValue({})] + variables.wasOverrides.map(o, o.enforcement)";
    let (was, now) =
        (selector("variables.was.namespaceSelector"), selector("variables.now.namespaceSelector"));
    let narrowed = format!(
        "has(variables.now.namespaceSelector) && !(has(variables.was.namespaceSelector) && {was} == {now})"
    );
    let strategy = |when| field(when, "placementStrategy", "'Inject'");
    let freed = format!("{} == 'Require' && {} == 'Inject'", strategy("was"), strategy("now"));
    let modes = "x + ' from ' + variables.wasModes[x] + ' to ' + variables.nowModes[x]";
    let for_all = together(&[
        each(&added("jurisdictions"), "lets data be in ", "x", " too"),
        lost(&narrowed, "selects other namespaces"),
        each("variables.lowered", "lowers ", modes, ""),
        each("variables.loweredIn", "lowers what is enforced in ", "x.join(', ')", ""),
        lost(&freed, "lowers placementStrategy from Require to Inject"),
        egress::opened(),
        lost(&without_approvers(), "no longer says who must approve transfers"),
        lost("variables.nowApprovers < variables.wasApprovers", "lowers the approvers of a transfer"),
        lost(&other_groups(), "lets other groups approve transfers"),
        each(&trusted(), "trusts ", "x.username", " with another right"),
    ]);
    vec![
        ("wasOverrides", field("was", "overrides", "[]")),
        ("nowOverrides", field("now", "overrides", "[]")),
        ("denies", format!("({named}).exists(e, e.exists(a, e[a] == 'Deny'))")),
        ("unkept", "variables.was.dataClasses.filter(c, !(c in variables.now.dataClasses))".to_owned()),
        ("rank", "{'Audit': 0, 'Warn': 1, 'Deny': 2}".to_owned()),
        ("aspects", cel(&json!(aspects))),
        ("wasModes", modes_of("was")),
        ("nowModes", modes_of("now")),
        (
            "lowered",
            "variables.aspects.filter(a, variables.rank[variables.nowModes[a]] < variables.rank[variables.wasModes[a]])"
                .to_owned(),
        ),
        ("upheld", "variables.aspects.filter(a, !(a in variables.lowered))".to_owned()),
        ("changedOverrides", changed_overrides()),
        ("loweredIn", lowered_in()),
        ("wasApprovers", approvers("was", "0")),
        // A rule that is gone is told of as such.
        ("nowApprovers", approvers("now", "variables.wasApprovers")),
        ("wasGroups", field("was", "approval.groups", "[]")),
        ("nowGroups", field("now", "approval.groups", "[]")),
        ("forAll", for_all),
    ]
}

fn approvers(when: &str, none: &str) -> String {
    field(when, "approval.approvers", none)
}

fn without_approvers() -> String {
    "has(variables.was.approval) && !has(variables.now.approval)".to_owned()
}

/// People may approve who are in none of the groups that there were. No group is every group.
fn other_groups() -> String {
    "size(variables.wasGroups) > 0 && has(variables.now.approval) && \
     (size(variables.nowGroups) == 0 || !variables.nowGroups.all(g, g in variables.wasGroups))"
        .to_owned()
}

/// Subjects that are trusted with a right with which they were not.
fn trusted() -> String {
    let (was, now) = (field("was", "trustedSubjects", "[]"), field("now", "trustedSubjects", "[]"));
    format!("{now}.filter(x, !{was}.exists(o, o.username == x.username && x.rights.all(r, r in o.rights)))")
}

/// The mode of every aspect where no override says otherwise.
fn modes_of(when: &str) -> String {
    let modes = Aspect::ALL.map(|aspect| {
        let mode = field(when, &format!("enforcement.{aspect}"), &format!("'{}'", aspect.default_mode()));
        format!("'{aspect}': {mode}")
    });
    format!("{{{}}}", modes.join(", "))
}

/// The overrides that are not the same on both sides; all of them where those that are the same changed places. Only the
/// namespaces that they name can lose where the modes of the policy itself stay.
fn changed_overrides() -> String {
    "variables.wasOverrides.filter(o, o in variables.nowOverrides) == \
     variables.nowOverrides.filter(o, o in variables.wasOverrides) ? \
     variables.wasOverrides.filter(o, !(o in variables.nowOverrides)) + \
     variables.nowOverrides.filter(o, !(o in variables.wasOverrides)) : \
     variables.wasOverrides + variables.nowOverrides"
        .to_owned()
}

/// The namespaces in which an override enforces less, entry by entry.
fn lowered_in() -> String {
    // The first entry that names the namespace and the aspect counts, then the policy itself.
    let mode = |entries: &str, modes: &str| {
        format!(
            "variables.rank[({entries}.filter(o, a in o.enforcement).map(o, o.enforcement[a]) + [variables.{modes}[a]])[0]]"
        )
    };
    let (was, now) = (mode("w", "wasModes"), mode("f", "nowModes"));
    format!(
        "variables.changedOverrides.map(e, e.namespaces.filter(n, \
         [variables.wasOverrides.filter(o, n in o.namespaces)].exists(w, \
         [variables.nowOverrides.filter(o, n in o.namespaces)].exists(f, \
         variables.upheld.exists(a, {now} < {was})))))\
         .filter(names, size(names) > 0)"
    )
}
