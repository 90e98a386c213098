//! Lines about what would be refused.

use super::{heading, shown};
use crate::{
    inventory::PolicyOrigin,
    preflight::{
        counted,
        forecast::{Because, Forecast, Refusal},
    },
};

pub(super) fn forecast(forecast: &Forecast, lines: &mut Vec<String>) {
    let from = match forecast.policies_from {
        PolicyOrigin::Inventory => "the policies that are there",
        PolicyOrigin::CommandLine => "the policies given",
        PolicyOrigin::BuiltIn => "the starter policy that ships, because none is there",
    };
    let answer = format!(
        "{} in {}, judged by {from}, every mode at Deny",
        counted(forecast.owners, "owner"),
        counted(forecast.namespaces.len(), "guarded namespace")
    );
    lines.extend(heading("What Deny would refuse", &answer));
    for (because, word) in [
        (Because::AsGuarded, "treated as guarded"),
        (Because::NotGiven, "Namespace not given, taken to be guarded"),
    ] {
        let names: Vec<_> = forecast
            .namespaces
            .iter()
            .filter(|one| one.because == because)
            .map(|one| one.name.as_str())
            .collect();
        if !names.is_empty() {
            lines.push(format!("  {word}: {}", names.join(", ")));
        }
    }
    for policy in &forecast.policies {
        lines.push(format!(
            "  policy {}: {} of {}",
            policy.name,
            policy.refusals.len(),
            counted(forecast.owners, "owner")
        ));
        by_namespace(&policy.refusals, lines);
    }
    if !forecast.always.is_empty() {
        lines.push(format!("  whatever policies say, once Bund is installed: {}", forecast.always.len()));
        by_namespace(&forecast.always, lines);
    }
    lines.extend(forecast.unreadable.iter().map(|one| format!("  unreadable {one}")));
    lines.extend(forecast.assumptions.iter().map(|one| format!("  assumed {one}")));
    lines.extend(forecast.not_known.iter().map(|one| format!("  incomplete: {one}")));
}

fn by_namespace(refusals: &[Refusal], lines: &mut Vec<String>) {
    for of in refusals.chunk_by(|a, b| a.namespace == b.namespace) {
        let name = of.first().map(|refusal| refusal.namespace.as_str()).filter(|name| !name.is_empty());
        lines.push(format!("    {}: {}", name.unwrap_or("cluster-scoped"), of.len()));
        let told = of.iter().flat_map(|refusal| &refusal.lines).map(|line| format!("      refused {line}"));
        shown(told.collect(), lines);
    }
}
