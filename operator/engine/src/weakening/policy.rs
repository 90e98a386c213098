//! A policy keeps less, lets data be in more places, or enforces less.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::{Aspect, Mode, ResidencyPolicySpec};

use super::{Loss, Protects, added, classes_of, denies, nothing};
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
        losses
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
