//! The plan for a terminal: what would be cut first.

use std::fmt::Write;

use bund_crds::Mode;
use bund_engine::egress::{Allowed, LeftClosed, Peer, PlannedPolicy, Selected, Why};

use super::{Declared, EgressPlan, NamespaceEgress, Outcome, Widened};
use crate::{
    inventory::{Origin, told_not_known},
    report::visible,
};

/// The plan, as text.
pub fn text(plan: &EgressPlan, origin: &Origin) -> String {
    let mut page = Page(String::new());
    if plan.namespaces.is_empty() {
        page.line(0, "no guarded namespace holds anything that a policy keeps: nothing is to be closed");
    }
    for namespace in &plan.namespaces {
        page.namespace(namespace);
    }
    for unreadable in &plan.unreadable {
        page.line(0, &format!("unreadable: {unreadable}"));
    }
    if !plan.not_known.is_empty() {
        page.line(0, &format!("not known: {}", told_not_known(origin, &plan.not_known)));
    }
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a string cannot fail.
        writeln!(self.0, "{:width$}{}", "", visible(line), width = depth * 2).unwrap_or_default();
    }

    fn namespace(&mut self, NamespaceEgress { plan, declared, widened }: &NamespaceEgress) {
        let applied = match plan.mode {
            Mode::Deny => "closed",
            Mode::Warn | Mode::Audit => "only told: nothing is closed before a policy says `egress: Deny`",
        };
        self.line(0, &format!("namespace {}, {}: {applied}", plan.namespace, plan.mode));
        self.widened(widened);
        self.declared("would be cut", declared, Outcome::WouldBeCut);
        self.declared("stays open", declared, Outcome::StaysOpen);
        for policy in &plan.policies {
            self.policy(policy);
        }
        if !plan.left_closed.is_empty() {
            self.line(1, "asked for and left closed");
        }
        for left in &plan.left_closed {
            self.line(2, &left_closed(left));
        }
        self.0.push('\n');
    }

    fn widened(&mut self, widened: &[Widened]) {
        if !widened.is_empty() {
            self.line(1, "opened by policies of others, and open until these are taken away");
        }
        for Widened { policy, field, what } in widened {
            self.line(2, &format!("{policy}: {what} [{field}]"));
        }
    }

    fn declared(&mut self, head: &str, declared: &[Declared], outcome: Outcome) {
        let rows: Vec<_> = declared.iter().filter(|one| one.outcome == outcome).collect();
        if !rows.is_empty() {
            self.line(1, head);
        }
        for Declared { from, holds, to, declared_by, why, .. } in rows {
            self.line(2, &format!("{from} ({holds}) to {to}: {why} [{declared_by}]"));
        }
    }

    fn policy(&mut self, policy: &PlannedPolicy) {
        let whom = match &policy.selects {
            Selected::Every => "every pod".to_owned(),
            Selected::Holding(holds) => format!("pods that hold {holds}"),
            Selected::Sources(uid) => format!("sources of the transfer {uid}"),
        };
        self.line(1, &format!("open to {whom} (NetworkPolicy {})", policy.name));
        for allowed in &policy.allows {
            self.line(2, &open(allowed));
        }
    }
}

fn open(Allowed { to, ports, why }: &Allowed) -> String {
    let to: Vec<String> = to.iter().map(peer).collect();
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    let at = if ports.is_empty() { String::new() } else { format!(" at {}", ports.join(", ")) };
    format!("{}: {}{at}", asked_by(why), to.join(", "))
}

fn left_closed(LeftClosed { asked_by: whom, what, reason }: &LeftClosed) -> String {
    match whom {
        Why::Policy(_) | Why::Transfer(_) => format!("{what}, asked for by {}: {reason}", asked_by(whom)),
        Why::Dns | Why::ApiServer | Why::Peers => format!("{what}: {reason}"),
    }
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Network(network) => network.to_string(),
        Peer::Holding(sets) => {
            let sets: Vec<_> = sets.iter().map(|set| format!("pods that hold {set}")).collect();
            sets.join("; ")
        }
        Peer::Pods { namespace, labels } => {
            let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let which =
                if labels.is_empty() { "pods".to_owned() } else { format!("pods {}", labels.join(",")) };
            format!("{which} in {namespace}")
        }
    }
}

fn asked_by(why: &Why) -> String {
    match why {
        Why::Dns => "cluster DNS".to_owned(),
        Why::ApiServer => "the API server".to_owned(),
        Why::Peers => "peers".to_owned(),
        Why::Policy(name) => format!("ResidencyPolicy {name}"),
        Why::Transfer(name) => format!("CrossBorderTransfer {name}"),
    }
}
