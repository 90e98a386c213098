//! More places are inside, or more may leave.

use super::{Variable, added, added_networks, each, field, lost, together};

/// What an edit takes for inside that was not, or lets leave (`moreInside`).
pub(super) fn variables() -> Vec<Variable> {
    let trusted = |when| field(when, "trustedNodeLabel", "''");
    let more_inside = together(&[
        each(&added("countryCodes"), "takes ", "x", " for inside"),
        each(&other_providers(), "takes other places of ", "x.name", " for inside"),
        each(&untold_providers(), "no longer tells providerIDs of ", "x.name", ""),
        each(&added_networks("networks"), "takes ", "x", " for inside"),
        each(&added_suffixes(), "takes ", "x", " for inside"),
        lost(&format!("{} != {}", trusted("was"), trusted("now")), "trusts another node label"),
        each(&gone("excludedRecipients"), "no longer excludes the recipient ", "x.name", ""),
        each(&gone("excludedDataClasses"), "lets ", "x", " be exported"),
    ]);
    vec![
        ("wasProviders", field("was", "providers", "[]")),
        ("nowProviders", field("now", "providers", "[]")),
        ("moreInside", more_inside),
    ]
}

/// Providers that came with places of their own, or of which more is inside than was.
fn other_providers() -> String {
    let list = |provider: &str, member: &str| format!("{provider}.?{member}.orValue([])");
    let part = |member: &str, of: &str, whole: &str| {
        format!("{}.all(y, y in {})", list(of, member), list(whole, member))
    };
    let form = |provider: &str| format!("{provider}.?providerIdForm.orValue('NoRegion')");
    let no_wider = [
        part("regions", "x", "o"),
        part("nodeLabelCodes", "x", "o"),
        part("hostPatterns", "x", "o"),
        part("providerIdSchemes", "x", "o"),
        part("providerIdSchemes", "o", "x"),
        "x.zoneForm == o.zoneForm".to_owned(),
        format!("{} == {}", form("x"), form("o")),
    ]
    .join(" && ");
    let size = |member: &str| format!("size({})", list("x", member));
    let empty = format!("{} + {} + {} == 0", size("regions"), size("nodeLabelCodes"), size("hostPatterns"));
    // Most providers stay as they are; only the others are compared place by place.
    format!(
        "variables.nowProviders.filter(x, !(x in variables.wasProviders)).filter(x, \
         variables.wasProviders.exists(o, o.name == x.name) ? \
         !variables.wasProviders.exists(o, o.name == x.name && {no_wider}) : !({empty}))"
    )
}

/// Providers that went, with the schemes by which nodes of theirs contradicted.
fn untold_providers() -> String {
    "variables.wasProviders.filter(x, size(x.?providerIdSchemes.orValue([])) > 0 && \
     !variables.nowProviders.exists(p, p.name == x.name))"
        .to_owned()
}

/// Entries of a list that are there no more.
fn gone(list: &str) -> String {
    format!("{}.filter(x, !(x in {}))", field("was", list, "[]"), field("now", list, "[]"))
}

fn added_suffixes() -> String {
    let (was, now) = (field("was", "hostSuffixes", "[]"), field("now", "hostSuffixes", "[]"));
    format!("{now}.filter(x, !{was}.exists(o, o == x || x.endsWith('.' + o)))")
}
