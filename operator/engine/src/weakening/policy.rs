//! A policy keeps less, lets data be in more places, enforces less, opens more, or asks fewer people about transfers.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::{ApprovalRule, Aspect, Mode, ResidencyPolicySpec, TrustedSubject};

use super::{Loss, Protects, added, classes_of, denies, egress, nothing};
use crate::{
    HeldClass,
    snapshot::{World, mode_in},
};

/// What no override names: it stands for every namespace that none names.
const NO_OVERRIDE: &str = "";

impl Protects for ResidencyPolicySpec {
    fn classes(&self, _: &str, _: &World) -> BTreeSet<HeldClass> {
        if denies(self) { classes_of(self).collect() } else { BTreeSet::new() }
    }

    fn losses(&self, new: &Self) -> Vec<Loss> {
        // What happens to pods that run already lets nothing in: whoever may write the policy may stop evictions at once.
        let mut losses = Vec::new();
        for class in added(&new.data_classes, &self.data_classes, nothing) {
            let class: HeldClass = class.as_str().into();
            let what = format!("no longer keeps {class}");
            losses.push(Loss { class: Some(class), ..Loss::at("spec.dataClasses", what) });
        }
        for place in added(&self.jurisdictions, &new.jurisdictions, nothing) {
            losses.push(Loss::at("spec.jurisdictions", format!("lets data be in {place} too")));
        }
        let selector = &new.namespace_selector;
        if selector.is_some() && *selector != self.namespace_selector {
            losses.push(Loss::at("spec.namespaceSelector", "selects other namespaces"));
        }
        lowered_modes(self, new, &mut losses);
        if new.placement_strategy < self.placement_strategy {
            let (from, to) = (self.placement_strategy, new.placement_strategy);
            losses.push(Loss::at(
                "spec.placementStrategy",
                format!("lowers placementStrategy from {from} to {to}"),
            ));
        }
        egress::opened(self.egress.as_ref(), new.egress.as_ref(), &mut losses);
        approval_losses(self.approval.as_ref(), new.approval.as_ref(), &mut losses);
        trust_losses(&self.trusted_subjects, &new.trusted_subjects, &mut losses);
        losses
    }
}

/// Fewer people must approve transfers, or others may.
fn approval_losses(old: Option<&ApprovalRule>, new: Option<&ApprovalRule>, losses: &mut Vec<Loss>) {
    let Some(old) = old else { return };
    let Some(new) = new else {
        losses.push(Loss::at("spec.approval", "no longer says who must approve transfers"));
        return;
    };
    if new.approvers < old.approvers {
        let (from, to) = (old.approvers, new.approvers);
        let what = format!("lowers the approvers of a transfer from {from} to {to}");
        losses.push(Loss::at("spec.approval.approvers", what));
    }
    // Without groups it is anybody who holds the right.
    if old.groups.is_empty() {
        return;
    }
    if new.groups.is_empty() {
        losses.push(Loss::at("spec.approval.groups", "lets people of any group approve transfers"));
    }
    for group in added(&old.groups, &new.groups, nothing) {
        losses.push(Loss::at("spec.approval.groups", format!("lets {group} approve transfers")));
    }
}

/// Somebody is trusted with a right who was not.
fn trust_losses(old: &[TrustedSubject], new: &[TrustedSubject], losses: &mut Vec<Loss>) {
    for TrustedSubject { username, rights } in new {
        let before = old.iter().find(|subject| subject.username == *username);
        let before = before.map(|subject| subject.rights.as_slice()).unwrap_or_default();
        for right in added(before, rights, nothing) {
            let what = format!("trusts {username} with the right {right}");
            losses.push(Loss::at("spec.trustedSubjects", what));
        }
    }
}

/// Aspects whose mode goes down: everywhere, or where overrides say otherwise.
fn lowered_modes(old: &ResidencyPolicySpec, new: &ResidencyPolicySpec, losses: &mut Vec<Loss>) {
    let entries = old.overrides.iter().chain(&new.overrides);
    let named: BTreeSet<&str> = entries.flat_map(|entry| &entry.namespaces).map(AsRef::as_ref).collect();
    for aspect in Aspect::ALL {
        let modes = |namespace| (mode_in(old, aspect, namespace), mode_in(new, aspect, namespace));
        let (from, to) = modes(NO_OVERRIDE);
        if to < from {
            let field = format!("spec.enforcement.{aspect}");
            losses.push(Loss::at(&field, format!("lowers {aspect} from {from} to {to}")));
            continue;
        }
        let lowered: Vec<_> =
            named.iter().map(|name| (*name, modes(name))).filter(|(_, (from, to))| to < from).collect();
        let pairs: BTreeSet<(Mode, Mode)> = lowered.iter().map(|(_, modes)| *modes).collect();
        for (from, to) in pairs {
            let here = lowered.iter().filter(|(_, modes)| *modes == (from, to)).map(|(name, _)| *name);
            let here: Vec<_> = here.collect();
            let what = format!("lowers {aspect} from {from} to {to} in {}", here.join(", "));
            losses.push(Loss::at("spec.overrides", what));
        }
    }
}
