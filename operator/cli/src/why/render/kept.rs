//! Lines about the classes that an object holds, and about the policies that keep them.

use std::collections::BTreeMap;

use bund_crds::{Aspect, Mode};

use crate::why::{Held, Keeper, Why};

/// Ways in which a class came that are told before the rest is counted.
const WAYS: usize = 4;

pub(super) fn classes(why: &Why) -> Vec<String> {
    let mut lines: Vec<String> = why.without_class.iter().map(|told| format!("none: {told}")).collect();
    for held in &why.classes {
        let undeclared =
            if held.declared { "" } else { " (no DataClass declares it, so every policy keeps it)" };
        let first = held.how.first().map(String::as_str).unwrap_or_default();
        lines.push(format!("{}{undeclared}: {first}", held.class));
        lines.extend(held.how.iter().skip(1).take(WAYS - 1).map(|way| format!("  and {way}")));
        let more = held.how.len().saturating_sub(WAYS);
        if more > 0 {
            lines.push(format!("  and in {more} more ways; `-o json` lists all"));
        }
    }
    lines
}

pub(super) fn policies(why: &Why) -> Vec<String> {
    let mut by_policy: BTreeMap<&str, (&Keeper, &Held, Vec<&str>)> = BTreeMap::new();
    let mut lines = Vec::new();
    for held in &why.classes {
        for keeper in &held.policies {
            let entry = by_policy.entry(keeper.policy.as_ref()).or_insert((keeper, held, Vec::new()));
            entry.2.push(held.class.as_str());
        }
    }
    for (name, (keeper, held, classes)) in &by_policy {
        let jurisdictions: Vec<&str> = keeper.jurisdictions.iter().map(AsRef::as_ref).collect();
        let modes = modes(&keeper.modes, &held.aspects);
        lines.push(format!("{name} keeps {} in {}; {modes}", classes.join(", "), jurisdictions.join(" or ")));
    }
    for held in &why.classes {
        match (held.policies.len(), held.jurisdictions.is_empty()) {
            (0, _) => lines.push(format!("none keeps {}", held.class)),
            (_, true) => lines.push(format!("they leave no jurisdiction in common for {}", held.class)),
            (1, false) => {}
            (_, false) => {
                lines.push(format!("together, for {}: {}", held.class, modes(&held.modes, &held.aspects)));
            }
        }
    }
    lines.extend(why.break_glass.as_ref().map(|glass| {
        let until = glass.until.map(|until| format!(" until {until}")).unwrap_or_default();
        format!(
            "BreakGlass {} of {}{until}: what Deny would refuse is let through with a warning ({})",
            glass.name, glass.requested_by, glass.reason
        )
    }));
    lines
}

fn modes(modes: &BTreeMap<&'static str, Mode>, aspects: &[Aspect]) -> String {
    let told = aspects.iter().filter_map(|aspect| Some(format!("{aspect} {}", modes.get(aspect.as_str())?)));
    told.collect::<Vec<_>>().join(", ")
}
