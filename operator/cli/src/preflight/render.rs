//! Lines for people: grouped, short, with what to do next.

use std::fmt::Write;

use super::{Preflight, ledger::Standing};
use crate::{
    inventory::{Origin, told_not_known},
    report::visible,
};

mod forecast;
mod place;
mod power;

/// Names that a list shows before it refers to the JSON.
const SHOWN: usize = 20;

/// What a preflight found, as text.
pub fn text(report: &Preflight) -> String {
    let mut lines = vec![match &report.origin {
        Origin::Cluster { context } => format!("Preflight of cluster {context}; nothing was changed"),
        Origin::Files { paths } => format!("Preflight of files {}", paths.join(", ")),
    }];
    place::nodes(&report.nodes, &mut lines);
    place::location(&report.location, &mut lines);
    place::kubernetes(&report.kubernetes, &mut lines);
    place::network_policy(&report.network_policy, &mut lines);
    place::ledger(&report.ledger, &mut lines);
    place::exempt(&report.exempt, &mut lines);
    power::rights(&report.rights, &mut lines);
    forecast::forecast(&report.forecast, &mut lines);
    not_known(report, &mut lines);
    next(report, &mut lines);
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string cannot fail.
        writeln!(text, "{}", visible(line)).unwrap_or_default();
        text
    })
}

/// A heading with its answer.
fn heading(title: &str, answer: &str) -> [String; 2] {
    [String::new(), format!("{title}: {answer}")]
}

/// The first lines of many, and how many there are besides.
fn shown(all: Vec<String>, lines: &mut Vec<String>) {
    let more = all.len().saturating_sub(SHOWN);
    lines.extend(all.into_iter().take(SHOWN));
    if more > 0 {
        lines.push(format!("  … and {more} more; `--output json` lists all"));
    }
}

fn not_known(report: &Preflight, lines: &mut Vec<String>) {
    if report.not_known.is_empty() {
        return;
    }
    lines.extend(heading("Not known", &told_not_known(&report.origin, &report.not_known)));
}

/// What to do next, in order.
fn next(report: &Preflight, lines: &mut Vec<String>) {
    let mut steps: Vec<String> = Vec::new();
    if report.kubernetes.supported == Some(false) {
        steps.push("update Kubernetes to 1.31 or newer; Bund does not support this version".to_owned());
    }
    if report.location.judged_by != super::location::JudgedBy::Given {
        steps.push(match &report.location.proposal {
            Some(_) => "look through `bund preflight --propose`, correct it, and apply it".to_owned(),
            None => {
                "write a ClusterLocation named `cluster`; the notes above tell what is missing".to_owned()
            }
        });
    }
    if report.nodes.outside + report.nodes.unknown > 0 {
        steps.push("label the nodes whose place is not known; classified pods will not run there".to_owned());
    }
    steps.push("find data that nobody classified: `bund discover`".to_owned());
    if report.forecast.policies.iter().any(|policy| !policy.refusals.is_empty())
        || !report.forecast.always.is_empty()
    {
        steps.push("correct what would be refused, before any policy is raised to Deny".to_owned());
    }
    match report.ledger.state {
        Standing::Absent => steps.push(
            "decide where the ledger is kept (`ledger.store` of the chart) before the first transfer is approved".to_owned(),
        ),
        Standing::NotRecording => steps.push("see why the ledger takes no entries: `kubectl get ledger bund -o yaml`".to_owned()),
        Standing::Recording | Standing::Incomplete | Standing::Unknown => {}
    }
    if report.forecast.namespaces.is_empty() {
        steps.push("see what guarding a namespace would refuse: `--as-guarded NAMESPACE`".to_owned());
    }
    lines.extend([String::new(), "Next:".to_owned()]);
    lines.extend(steps.iter().enumerate().map(|(index, step)| format!("  {}. {step}", index + 1)));
}
