//! How many people must approve, and out of which groups.

use alloc::{format, string::String, vec::Vec};

use bund_crds::{ApprovalRule, Approver, PolicyName};

use crate::{
    Snapshot,
    select::policies_in,
    snapshot::{ApprovalFacts, OwnKind, TransferFacts},
    trust::keeps,
};

/// What the policies that keep a class of the transfer ask for, each by itself.
pub(super) struct Quorum<'s> {
    rules: Vec<(&'s PolicyName, &'s ApprovalRule)>,
    /// Policies that cannot be read: any of them may ask for more.
    unreadable: Vec<&'s str>,
}

impl<'s> Quorum<'s> {
    pub(super) fn of(transfer: &TransferFacts, snapshot: &'s Snapshot) -> Self {
        let world = snapshot.world();
        let kept = policies_in(snapshot, &transfer.namespace).filter(|policy| {
            transfer.spec.data_classes.iter().any(|class| keeps(policy, class.as_str(), world))
        });
        let rules = kept.filter_map(|policy| Some((&policy.name, policy.spec.approval.as_ref()?)));
        let unreadable = world.unreadable().filter(|object| object.kind == OwnKind::ResidencyPolicy);
        Self { rules: rules.collect(), unreadable: unreadable.map(|object| object.name.as_ref()).collect() }
    }

    /// Whether some policy counts this person, or none asks for anything.
    pub(super) fn admits(&self, approver: &Approver) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|(_, rule)| is_in(rule, approver))
    }

    /// The groups that the policies name, with the policy that names them.
    pub(super) fn groups(&self) -> String {
        let named =
            self.rules.iter().map(|(policy, rule)| format!("{} ({policy})", rule.groups.join(" or ")));
        named.collect::<Vec<_>>().join(", ")
    }

    /// How many approvals are needed, given those that are there.
    pub(super) fn needed(&self, approvals: &[&ApprovalFacts]) -> usize {
        let most = self.rules.iter().map(|(_, rule)| usize::from(rule.approvers)).max().unwrap_or(1);
        // People of one group do not stand for those of another.
        let outstanding = self.rules.iter().map(|(_, rule)| outstanding(rule, approvals)).max().unwrap_or(0);
        if outstanding == 0 { most } else { most.max(approvals.len() + outstanding) }
    }

    /// What is still wanting, in a sentence; empty where nothing is.
    pub(super) fn wanting(&self, approvals: &[&ApprovalFacts]) -> String {
        let mut wanting: Vec<_> = self
            .unreadable
            .iter()
            .map(|name| {
                format!("ResidencyPolicy {name} cannot be read, and may ask for more approvers; repair it")
            })
            .collect();
        if self.rules.is_empty() && approvals.is_empty() {
            wanting.push("one person who holds the right must approve".into());
        }
        for (policy, rule) in &self.rules {
            let more = outstanding(rule, approvals);
            if more > 0 {
                let people = if more == 1 { "1 more person" } else { &format!("{more} more people") };
                let from = if rule.groups.is_empty() {
                    String::new()
                } else {
                    format!(" of group {}", rule.groups.join(" or "))
                };
                wanting.push(format!("{people}{from} must approve (ResidencyPolicy {policy})"));
            }
        }
        wanting.join("; ")
    }
}

/// How many people a rule still asks for.
fn outstanding(rule: &ApprovalRule, approvals: &[&ApprovalFacts]) -> usize {
    let approvers = approvals.iter().filter_map(|approval| approval.spec.approver.as_ref());
    usize::from(rule.approvers).saturating_sub(approvers.filter(|approver| is_in(rule, approver)).count())
}

fn is_in(rule: &ApprovalRule, approver: &Approver) -> bool {
    rule.groups.is_empty() || rule.groups.iter().any(|group| approver.groups.contains(group))
}
